#include "itip/compare.hpp"

#include <algorithm>
#include <utility>

#include "base/cat.hpp"
#include "ical/recurrence.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/comparing.hpp"
#include "itip/detail/content.hpp"

namespace imip::itip {

namespace detail {

namespace {

std::string status_of(const ical::Component& c)
{
  const std::string* s = c.value("STATUS");
  return s != nullptr ? *s : std::string();
}

// RFC 5546 section 2.1.4.
bool raises(const ical::Zones& old_zones, const ical::Component& before,
            const ical::Zones& new_zones, const ical::Component& after)
{
  return print_of(old_zones, before).shape != print_of(new_zones, after).shape ||
         status_of(before) != status_of(after);
}

}  // namespace

void Comparison::request(Item item, const std::optional<ical::Component>& before, std::int64_t base)
{
  const std::int64_t own = sequence_of(item.component);
  item.sequence = std::max(own, base);
  if (before) {
    const Print old_print = print_of(old_.zones, *before);
    const Print new_print = print_of(new_.zones, item.component);
    item.changes = differences(old_print, new_print);
    item.asks_again = !keeps_answers(old_print.shape, new_print.shape);
    const bool back = returns(item, *before);
    if (raises(old_.zones, *before, new_.zones, item.component) || back) {
      const std::int64_t cancelled = item.type == Scope::Type::Series ? old_.cancelled_at : 0;
      item.sequence = std::max(own, std::max({base, series_base(), cancelled}) + 1);
    }
    if (back) item.sequence = std::max(item.sequence, after_ranges(item));
  } else {
    item.asks_again = true;
    item.sequence = std::max(own, std::max(base, series_base()) + (old_.master ? 1 : 0));
  }
  if (!item.people.empty()) requests_.push_back(std::move(item));
}

// Is somebody of the series back in a part that he was left out of, by a CANCEL with a higher
// SEQUENCE?
bool Comparison::returns(const Item& item, const ical::Component& before) const
{
  if (item.type == Scope::Type::Series || !old_.master) return false;
  const People were_in = people_of(before);
  const People series = with(people_of(*old_.master), invited_without(old_, item.type, item.at));
  return std::any_of(item.people.begin(), item.people.end(), [&](const auto& p) {
    return contains(series, p.first) && !contains(were_in, p.first);
  });
}

// What a CANCEL of a range around it, which had one more than the range, does not take along.
std::int64_t Comparison::after_ranges(const Item& item) const
{
  std::int64_t out = 0;
  for (const auto& [instant, range] : old_.ranges)
    if (instant < item.at.instant ||
        (instant == item.at.instant && item.type == Scope::Type::Instance))
      out = std::max(out, sequence_of(range.component) + 2);
  return out;
}

void Comparison::cancel(Item item, std::int64_t base)
{
  item.sequence = std::max(base, series_base()) + 1;
  if (item.people.empty()) return;
  for (const Item& known : cancels_)  // once is enough
    if (known.type == item.type && known.at.instant == item.at.instant)
      item.people = without(item.people, known.people);
  if (!item.people.empty()) cancels_.push_back(std::move(item));
}

std::int64_t Comparison::series_base() const
{
  return old_.master ? sequence_of(*old_.master) : 0;
}

// Of what people were told last. Who is in an occurrence of a range that leaves him out got it
// above the CANCEL, whether or not the organizer's copy took that SEQUENCE.
std::int64_t Comparison::base_at(const ical::Time& at) const
{
  const auto cancelled = old_.cancelled_alone.find(at.instant);
  if (cancelled != old_.cancelled_alone.end())
    return std::max(cancelled->second.sequence, series_base());
  const auto own = old_.instances.find(at.instant);
  if (own == old_.instances.end()) return series_base();
  std::int64_t out = sequence_of(own->second.component);
  const People here = people_of(own->second.component);
  for (const auto& [key, party] : here) {
    const auto& cancels = left_out_of_ranges(key);
    const auto after = cancels.upper_bound(at.instant);
    if (after != cancels.begin()) out = std::max(out, std::prev(after)->second + 1);
  }
  return out;
}

const std::map<UtcSeconds, std::int64_t>& Comparison::left_out_of_ranges(
    const std::string& key) const
{
  if (range_people_.empty())
    for (const auto& [instant, range] : old_.ranges)
      range_people_.push_back(people_of(range.component));
  const auto [known, fresh] = left_out_.try_emplace(key);
  if (!fresh) return known->second;
  std::int64_t most = 0;
  auto people = range_people_.begin();
  for (const auto& [instant, range] : old_.ranges) {
    if (contains(*people++, key)) continue;
    most = std::max(most, sequence_of(range.component) + 1);
    known->second.emplace(instant, most);
  }
  return known->second;
}

// All of it is off.
void Comparison::cancel_all()
{
  if (!old_.master) return;
  People all = people_of(*old_.master);
  Item item{Scope::Type::Series, {}, *old_.master, all, true};
  cancel(std::move(item), series_base());
  for (const auto* pieces : {&old_.instances, &old_.ranges})
    for (const auto& [instant, piece] : *pieces) {
      People others = without(people_of(piece.component), all);
      Item only{pieces == &old_.ranges ? Scope::Type::Range : Scope::Type::Instance, piece.at,
                piece.component, std::move(others), true};
      cancel(std::move(only), sequence_of(piece.component));
    }
}

// Everybody who is in it gets the series with all that differs from it.
void Comparison::whole_series()
{
  const People before = old_.master ? people_of(*old_.master) : People{};
  const People after = people_of(*new_.master);
  const People left = without(before, after);
  Item series{Scope::Type::Series, {}, *new_.master, after, false};
  request(std::move(series), old_.master, series_base());
  if (!left.empty()) {
    Item gone{Scope::Type::Series, {}, *old_.master, left, false};
    cancel(std::move(gone), series_base());
    for (Item& item : requests_)  // one revision for all who are told now
      item.sequence = std::max(item.sequence, series_base() + 1);
  }
  if (!requests_.empty()) take_back(requests_.front());
  const bool asks_all = !requests_.empty() && requests_.front().asks_again;
  const std::size_t first = cancels_.size();
  for (const auto& [instant, piece] : new_.ranges)
    with_series(piece, Scope::Type::Range, before, after);
  for (const auto& [instant, piece] : new_.instances)
    with_series(piece, Scope::Type::Instance, before, after);
  for (const Piece& piece : taken_back(Scope::Type::Instance)) {
    if (!asks_all) {
      with_series(piece, Scope::Type::Instance, before, after);
    } else {  // the series tells it to all but guests
      Item item{Scope::Type::Instance, piece.at, piece.component,
                without(people_of(piece.component), after), false};
      request(std::move(item), old_.at(piece.at, limits_), base_at(piece.at));
    }
  }
  for (const auto* pieces : {&old_.instances, &old_.ranges})
    for (const auto& [instant, piece] : *pieces) {
      const bool range = pieces == &old_.ranges;
      const auto now = range ? new_.from(piece.at, limits_) : new_.at(piece.at, limits_);
      const People stays = with(after, now ? people_of(*now) : People{});
      Item gone{range ? Scope::Type::Range : Scope::Type::Instance, piece.at, piece.component,
                without(without(people_of(piece.component), stays), left), !now};
      cancel(std::move(gone), range ? sequence_of(piece.component) : base_at(piece.at));
    }
  tell_guests_of_ranges(before, after);
  // A series of a higher SEQUENCE would end them as they arrive.
  if (requests_.empty() || requests_.front().type != Scope::Type::Series) return;
  const std::int64_t sequence = requests_.front().sequence;
  for (Item& item : requests_)
    if (item.type == Scope::Type::Range) item.sequence = std::max(item.sequence, sequence);
  for (std::size_t i = first; i < cancels_.size(); ++i)
    cancels_[i].sequence = std::max(cancels_[i].sequence, sequence);
}

std::vector<Piece> Comparison::taken_back(Scope::Type type) const
{
  const bool range = type == Scope::Type::Range;
  const Pieces& now = range ? new_.ranges : new_.instances;
  std::vector<Piece> out;
  for (const auto& [instant, piece] : range ? old_.ranges : old_.instances) {
    if (now.contains(instant)) continue;
    auto instead = range ? new_.from(piece.at, limits_) : new_.at(piece.at, limits_);
    if (instead && print_of(old_.zones, piece.component) != print_of(new_.zones, *instead))
      out.push_back({piece.at, *std::move(instead)});
  }
  return out;
}

// A series ends what was told of parts of it only with a higher SEQUENCE (itip.md, rule 2).
void Comparison::take_back(Item& series) const
{
  const auto end = [&](const Piece& instead, const Piece& old, std::int64_t old_base) {
    const Print was = print_of(old_.zones, old.component);
    const Print is = print_of(new_.zones, instead.component);
    const People people = people_of(old.component);
    // Who was left out of it got a CANCEL with one more.
    const bool returns = std::any_of(series.people.begin(), series.people.end(),
                                     [&](const auto& p) { return !contains(people, p.first); });
    series.sequence =
        std::max(series.sequence, std::max(old_base, series_base()) + (returns ? 2 : 1));
    series.asks_again = series.asks_again || !keeps_answers(was.shape, is.shape);
    for (std::string& change : differences(was, is))
      if (std::find(series.changes.begin(), series.changes.end(), change) == series.changes.end())
        series.changes.push_back(std::move(change));
  };
  for (const Piece& instead : taken_back(Scope::Type::Range)) {
    const Piece& old = old_.ranges.at(instead.at.instant);
    end(instead, old, sequence_of(old.component));
  }
  // Who comes into the series and knew a range only by its occurrences, keeps none of them.
  const People members = old_.master ? people_of(*old_.master) : People{};
  for (const auto& [instant, range] : old_.ranges) {
    const People guests = without(people_of(range.component), members);
    if (without(series.people, without(series.people, guests)).empty()) continue;
    series.sequence =
        std::max(series.sequence, std::max(sequence_of(range.component), series_base()) + 3);
  }
  // One occurrence is told as such, but where all are asked again.
  if (!series.asks_again) return;
  for (const Piece& instead : taken_back(Scope::Type::Instance))
    end(instead, old_.instances.at(instead.at.instant), base_at(instead.at));
}

void Comparison::with_series(const Piece& piece, Scope::Type type, const People& before,
                             const People& after)
{
  const bool range = type == Scope::Type::Range;
  const auto old_piece = range ? old_.from(piece.at, limits_) : old_.at(piece.at, limits_);
  const People told_before = old_piece ? people_of(*old_piece) : People{};
  const People here = people_of(piece.component);
  People guests = without(here, after);  // who are only in this one
  const bool same =
      old_piece && print_of(old_.zones, *old_piece) == print_of(new_.zones, piece.component);
  // Whose CANCEL of the series would take this one too has to hear of it.
  if (same) guests = without(guests, without(told_before, before));
  People members;
  for (const auto& [key, party] : here)
    if (contains(after, key)) members.emplace(key, party);
  Item item{type, piece.at, piece.component, with(std::move(members), guests), false};
  request(std::move(item), old_piece, range ? series_base() : base_at(piece.at));
  // The series would invite them to this one too; a higher SEQUENCE ends what they were told
  // before.
  const Item* series = requests_.empty() ? nullptr : &requests_.front();
  const bool raised = old_.master && series != nullptr && series->type == Scope::Type::Series &&
                      series->sequence > series_base();
  People left_out;
  const People invited = invited_without(new_, type, piece.at);
  const People were = invited_without(old_, type, piece.at);
  for (const auto& [key, party] : without(with(after, invited), here))
    if (raised || contains(told_before, key) || (contains(invited, key) && !contains(were, key)))
      left_out.emplace(key, party);
  Item gone{type, piece.at, piece.component, who_knows(std::move(left_out), piece.at), false};
  cancel(std::move(gone), base_at(piece.at));
}

// Only what changed.
void Comparison::pieces_only(const std::vector<ical::Time>& gone)
{
  std::map<UtcSeconds, ical::Time> keys;
  for (const ical::Time& t : gone) keys.emplace(t.instant, t);
  for (const Version* v : {&old_, &new_})
    for (const auto& [instant, piece] : v->instances) keys.emplace(instant, piece.at);
  for (const auto& [instant, at] : keys) compare_at(at);
  std::map<UtcSeconds, ical::Time> ranges;
  for (const Version* v : {&old_, &new_})
    for (const auto& [instant, piece] : v->ranges) ranges.emplace(instant, piece.at);
  for (const auto& [instant, at] : ranges) compare_from(at);
}

void Comparison::compare_at(const ical::Time& at)
{
  const auto before = old_.at(at, limits_);
  const auto after = new_.at(at, limits_);
  if (before && !after) {
    Item item{Scope::Type::Instance, at, *before, people_of(*before), true};
    return cancel(std::move(item), base_at(at));
  }
  // What a range says of it, the range tells.
  const bool own = old_.instances.contains(at.instant) || new_.instances.contains(at.instant);
  if (!after || !own) return;
  tell(Scope::Type::Instance, at, before, *after, base_at(at));
}

void Comparison::compare_from(const ical::Time& at)
{
  const auto before = old_.from(at, limits_);
  const auto after = new_.from(at, limits_);
  if (before && !after) {
    Item item{Scope::Type::Range, at, *before, people_of(*before), true};
    return cancel(std::move(item), series_base());
  }
  if (!after) return;
  const auto own = old_.ranges.find(at.instant);
  tell(Scope::Type::Range, at, before, *after,
       own != old_.ranges.end() ? sequence_of(own->second.component) : series_base());
}

void Comparison::tell(Scope::Type type, const ical::Time& at,
                      const std::optional<ical::Component>& before, const ical::Component& after,
                      std::int64_t base)
{
  if (before && print_of(old_.zones, *before) == print_of(new_.zones, after)) return;
  const People here = people_of(after);
  Item item{type, at, after, here, false};
  request(std::move(item), before, base);
  if (!before) return;
  Item gone{type, at, *before, without(people_of(*before), here), false};
  const bool leaves = !gone.people.empty();
  cancel(std::move(gone), base);
  if (leaves && !requests_.empty() && requests_.back().at.instant == at.instant)
    requests_.back().sequence =
        std::max(requests_.back().sequence, std::max(base, series_base()) + 1);
}

Result<std::vector<ChangeMessage>> Comparison::run()
{
  if (old_.master && !new_.master)
    return err(Errc::BadCalendar, "the new version has no series any more",
               "'imip build cancel' cancels it");
  if (new_.cancelled()) {
    if (!old_.cancelled()) cancel_all();
    IMIP_CHECK(spell_out_ranges(cancels_, old_));
    return messages();
  }
  const SeriesChange change = series_change(old_, new_, limits_);
  if (change.whole || (new_.master && loses_a_start())) {
    whole_series();
  } else {
    pieces_only(change.gone);
    retell_kept();
    if (options_.use_range) {
      join_cancels(change.endless);
      join_requests();
    }
    const bool tail = change.bound || !new_.ranges.empty() || !old_.ranges.empty();
    const std::size_t pieces = most_told();
    const std::size_t series =
        1 + new_.instances.size() + new_.ranges.size() + taken_back(Scope::Type::Instance).size();
    const bool fits = options_.use_range || (!change.endless && !change.bound);
    if (new_.master && pieces != 0 && (!fits || (tail && pieces >= series))) {
      requests_.clear();
      cancels_.clear();
      whole_series();
    }
  }
  ask_for_answers();
  outlive_cancels();
  IMIP_CHECK(spell_out_ranges(requests_, new_));
  IMIP_CHECK(spell_out_ranges(cancels_, old_));
  return messages();
}

}  // namespace detail

namespace {

bool invites_nobody(const detail::Version& v)
{
  if (v.master && !detail::people_of(*v.master).empty()) return false;
  for (const auto* pieces : {&v.instances, &v.ranges})
    for (const auto& [instant, piece] : *pieces)
      if (!detail::people_of(piece.component).empty()) return false;
  return true;
}

Result<std::vector<ChangeMessage>> published(const detail::Version& before,
                                             const detail::Version& after,
                                             const CompareOptions& options, UtcSeconds now)
{
  std::vector<ChangeMessage> out;
  if (!after.master) return err(Errc::BadCalendar, "the new version has no series");
  const auto all = [](const detail::Version& v) {
    std::vector<detail::Print> prints;
    if (v.master) prints.push_back(detail::print_of(v.zones, *v.master));
    for (const auto* pieces : {&v.ranges, &v.instances})
      for (const auto& [instant, piece] : *pieces)
        prints.push_back(detail::print_of(v.zones, piece.component));
    return prints;
  };
  const auto old_prints = all(before);
  const auto new_prints = all(after);
  if (old_prints == new_prints) return out;
  ChangeMessage message;
  message.method = after.cancelled() ? Method::Cancel : Method::Publish;
  BuildSpec spec;
  spec.method = message.method;
  spec.kind = after.kind;
  spec.comment = options.comment;
  const std::int64_t old_sequence = before.master ? detail::sequence_of(*before.master) : 0;
  const std::int64_t own = detail::sequence_of(*after.master);
  const bool raise =
      message.method == Method::Cancel || old_prints.empty() ||
      old_prints.front().shape != new_prints.front().shape ||
      (before.master && before.master->text("STATUS") != after.master->text("STATUS"));
  spec.sequence = std::max(own, old_sequence + (raise ? 1 : 0));
  if (!old_prints.empty()) message.changes = differences(old_prints.front(), new_prints.front());
  IMIP_TRY(message.calendar, build_object(spec, &after.calendar, now));
  out.push_back(std::move(message));
  return out;
}

struct Side {
  Kind kind = Kind::None;
  std::string uid;
  detail::Version version;
};

Result<Side> read_side(const ical::Component& calendar)
{
  BuildSpec any;
  any.method = Method::Publish;  // which every component has
  IMIP_TRY(const Kind kind, detail::kind_of(any, &calendar));
  if (kind == Kind::FreeBusy)
    return err(Errc::BadCalendar, "busy time has no versions",
               "'imip build publish' tells it anew");
  IMIP_TRY(const auto all, detail::components_of(calendar, kind));
  IMIP_TRY(auto version, detail::Version::read(calendar, kind));
  return Side{kind, all.front().text("UID"), std::move(version)};
}

/// Which of the two versions an error is about.
template <typename T>
Result<T> about(const std::string& name, Result<T> result)
{
  if (!result && !name.empty() && result.error().code == Errc::BadCalendar)
    result.error().what = cat(name, ": ", result.error().what);
  return result;
}

Result<std::vector<ChangeMessage>> changes(Side before, const Side& after,
                                           const CompareOptions& options, UtcSeconds now,
                                           const Limits& limits)
{
  if (after.kind != before.kind)
    return err(Errc::BadCalendar, cat("a ", kind_word(before.kind), " became a ", kind_word(after.kind)),
               "cancel the old one, and send the new one under another UID");
  if (before.uid != after.uid)
    return err(Errc::BadCalendar, cat("these are two objects: ", before.uid, " and ", after.uid),
               "compare two versions of one, with the same UID");
  if (after.kind == Kind::Journal ||
      (invites_nobody(before.version) && invites_nobody(after.version)))
    return published(before.version, after.version, options, now);
  detail::put_back_cancelled(before.version, after.version, limits);
  return detail::Comparison(before.version, after.version, options, now, limits).run();
}

}  // namespace

Result<std::vector<ChangeMessage>> compare(const ical::Component& before,
                                           const ical::Component& after,
                                           const CompareOptions& options, UtcSeconds now,
                                           const Limits& limits)
{
  IMIP_TRY(Side old_one, about(options.before_name, read_side(before)));
  IMIP_TRY(Side new_one, about(options.after_name, read_side(after)));
  if (old_one.kind == new_one.kind) {
    old_one.version.drop_overrides_of_nothing(limits);
    new_one.version.drop_overrides_of_nothing(limits);
  }
  return about(options.after_name, changes(std::move(old_one), new_one, options, now, limits));
}

}  // namespace imip::itip
