// Parts of a series that did not change, beside wider changes that would take them along.
#include <algorithm>
#include <set>

#include "base/cat.hpp"
#include "itip/detail/comparing.hpp"

namespace imip::itip::detail {

bool covers(const Item& wide, Scope::Type type, const ical::Time& at)
{
  if (wide.type == Scope::Type::Series) return type != Scope::Type::Series;
  if (wide.type != Scope::Type::Range || type == Scope::Type::Series) return false;
  return type == Scope::Type::Range ? wide.at.instant < at.instant : wide.at.instant <= at.instant;
}

namespace {

/// Occurrences of a range that who is not in the series is told one by one.
constexpr std::size_t most_spelled_out = 200;

People common(const People& a, const People& b)
{
  return without(a, without(a, b));
}

}  // namespace

// A part that did not change is told where a change of a range around it would change it: to who
// leaves the range and stays in the part, and to all if it had no component of its own; who comes
// into the range is not in the part.
void Comparison::retell_kept()
{
  const std::size_t told = requests_.size();
  const std::size_t gone_before = cancels_.size();
  for (const auto* pieces : {&new_.ranges, &new_.instances})
    for (const auto& [instant, piece] : *pieces) {
      const auto type = pieces == &new_.ranges ? Scope::Type::Range : Scope::Type::Instance;
      const People here = people_of(piece.component);
      const bool is_new =
          !(pieces == &new_.ranges ? old_.ranges : old_.instances).contains(instant);
      People hear;
      for (std::size_t i = 0; i < gone_before; ++i)
        if (cancels_[i].type == Scope::Type::Range && covers(cancels_[i], type, piece.at))
          hear = with(std::move(hear), common(here, cancels_[i].people));
      bool reached = false;
      for (std::size_t i = 0; i < told; ++i)
        reached = reached ||
                  (requests_[i].type == Scope::Type::Range && covers(requests_[i], type, piece.at));
      if (reached && is_new) hear = here;
      for (std::size_t i = 0; i < told; ++i)
        if (requests_[i].type == type && requests_[i].at.instant == instant)
          hear = without(hear, requests_[i].people);
      if (!hear.empty()) {
        Item item{type, piece.at, piece.component, std::move(hear), false};
        item.sequence = std::max(sequence_of(piece.component), series_base());
        requests_.push_back(std::move(item));
      }
      if (!reached) continue;
      People out = without(invited_without(new_, type, piece.at), here);
      out = without(out, invited_without(old_, type, piece.at));
      Item left_out{type, piece.at, piece.component, who_knows(std::move(out), piece.at), false};
      cancel(std::move(left_out),
             type == Scope::Type::Instance ? base_at(piece.at) : series_base());
    }
}

namespace {

// Of whom an answer is wanted now, and was not before (RFC 5546 section 3.2.2.7).
People asked(const ical::Component& before, const ical::Component& after)
{
  const People were = people_of(before);
  People out;
  for (const auto& [key, party] : people_of(after)) {
    const auto old = were.find(key);
    const std::string* was = old != were.end() ? old->second.property->parameter("RSVP") : nullptr;
    const std::string* is = party.property->parameter("RSVP");
    if (was != nullptr && is != nullptr && *was == "FALSE" && *is == "TRUE")
      out.emplace(key, party);
  }
  return out;
}

}  // namespace

// They get what they are asked about, the series with the parts of it that they are in; as it is,
// but for who gets it anyway.
void Comparison::ask_for_answers()
{
  const std::vector<Item> told = requests_;
  const auto ask = [&](Scope::Type type, const ical::Time& at, const ical::Component& component,
                       People people) {
    for (const Item& item : told)
      if (item.type == type && item.at.instant == at.instant) people = without(people, item.people);
    if (people.empty()) return;
    Item item{type, at, component, std::move(people), false};
    item.sequence =
        std::max(sequence_of(component), type == Scope::Type::Series ? series_base() : base_at(at));
    item.changes = {"an answer is asked for"};
    requests_.push_back(std::move(item));
  };
  const People of_series =
      old_.master && new_.master ? asked(*old_.master, *new_.master) : People{};
  if (!of_series.empty()) ask(Scope::Type::Series, {}, *new_.master, of_series);
  for (const auto* pieces : {&new_.ranges, &new_.instances})
    for (const auto& [instant, piece] : *pieces) {
      const Pieces& before = pieces == &new_.ranges ? old_.ranges : old_.instances;
      const auto old = before.find(instant);
      People people = common(people_of(piece.component), of_series);
      if (old != before.end())
        people = with(std::move(people), asked(old->second.component, piece.component));
      ask(pieces == &new_.ranges ? Scope::Type::Range : Scope::Type::Instance, piece.at,
          piece.component, std::move(people));
    }
}

// Who leaves the series, or a range, but stays in a part of it: that part has to be newer than the
// CANCEL.
void Comparison::outlive_cancels()
{
  for (Item& item : requests_)
    for (const Item& gone : cancels_) {
      if (!covers(gone, item.type, item.at) || common(item.people, gone.people).empty()) continue;
      item.sequence = std::max(item.sequence, gone.sequence + 1);
      item.later = true;
    }
}

// Who is in a range and not in the series knows its occurrences one by one: what comes into the
// range, or goes, with the rule and the dates of the series, has to be told so too.
void Comparison::tell_guests_of_ranges(const People& before, const People& after)
{
  const bool has_series = !requests_.empty() && requests_.front().type == Scope::Type::Series;
  const std::int64_t sequence = has_series ? requests_.front().sequence : 0;
  for (const auto& [instant, range] : new_.ranges) {
    const auto old_range = old_.from(range.at, limits_);
    if (!old_range) continue;
    const People guests =
        common(without(people_of(range.component), after), without(people_of(*old_range), before));
    const auto now = guests.empty() ? std::nullopt : occurrences(new_, instant, limits_);
    const auto then = guests.empty() ? std::nullopt : occurrences(old_, instant, limits_);
    if (!now || !then) continue;
    People hear = guests;  // who gets the range gets all that is in it
    for (const Item& item : requests_)
      if (item.type == Scope::Type::Range && item.at.instant == instant)
        hear = without(hear, item.people);
    const auto next = new_.ranges.upper_bound(instant);
    const auto only_in = [&](const std::vector<ical::Time>& these,
                             const std::vector<ical::Time>& those) {
      std::set<UtcSeconds> others;
      for (const ical::Time& t : those) others.insert(t.instant);
      std::vector<ical::Time> out;
      for (const ical::Time& t : these)
        if (!others.contains(t.instant) && (next == new_.ranges.end() || t.instant < next->first) &&
            !old_.instances.contains(t.instant) && !new_.instances.contains(t.instant))
          out.push_back(t);
      return out;
    };
    for (const ical::Time& t : only_in(*now, *then)) {
      const auto there = new_.at(t, limits_);
      if (!there) continue;
      request({Scope::Type::Instance, t, *there, hear, false}, std::nullopt,
              std::max(base_at(t), sequence));
    }
    for (const ical::Time& t : only_in(*then, *now)) {
      const auto there = old_.at(t, limits_);
      if (!there) continue;
      cancel({Scope::Type::Instance, t, *there, common(guests, people_of(*there)), true},
             std::max(base_at(t), sequence_of(range.component)));
    }
  }
}

// Without who is in no series, gets the range one by one, and so never heard of an occurrence that
// she is not in.
People Comparison::who_knows(People people, const ical::Time& at) const
{
  const auto then = old_.at(at, limits_);
  const People told = then ? people_of(*then) : People{};
  People series = old_.master ? people_of(*old_.master) : People{};
  if (new_.master) series = with(std::move(series), people_of(*new_.master));
  if (without(without(people, series), told).empty()) return people;
  const auto range = new_.ranges.upper_bound(at.instant);
  if (range == new_.ranges.begin()) return people;
  const auto times = occurrences(new_, std::prev(range)->first, limits_);
  if (!times || times->size() > most_spelled_out) return people;
  std::erase_if(people, [&](const auto& p) {
    return !contains(series, p.first) && !contains(told, p.first);
  });
  return people;
}

// A range says nothing to who has no series: these are told each occurrence of it. Where those are too many to be
// listed nobody can come in: who is in already was told in another way.
Result<void> Comparison::spell_out_ranges(std::vector<Item>& items, const Version& version) const
{
  if (!version.master) return {};
  People series = people_of(*version.master);
  if (new_.master) series = with(std::move(series), people_of(*new_.master));
  std::map<UtcSeconds, People> told;  // of an occurrence as such
  for (const Item& item : items)
    if (item.type == Scope::Type::Instance)
      told[item.at.instant] = with(std::move(told[item.at.instant]), item.people);
  std::vector<Item> out;
  for (Item& item : items) {
    const People guests = item.type == Scope::Type::Range ? without(item.people, series) : People{};
    const auto times =
        guests.empty() ? std::nullopt : occurrences(version, item.at.instant, limits_);
    if (!times || times->empty() || times->size() > most_spelled_out) {
      const auto was = old_.from(item.at, limits_);
      People joins = without(guests, was ? people_of(*was) : People{});
      // Who leaves a series that takes place at other times has only the old one to lay a range
      // over.
      if (old_.master && new_.master &&
          print_of(old_.zones, *old_.master).shape != print_of(new_.zones, *new_.master).shape)
        joins = with(std::move(joins), common(guests, people_of(*old_.master)));
      if (&items == &requests_ && !joins.empty())
        return err(Errc::BadCalendar,
                   cat(joins.begin()->second.address.mailbox(), " comes into all repetitions from ",
                       item.at.local, " on, more than ", most_spelled_out,
                       ", and is not in the series: that cannot be told"),
                   "invite to the series whoever is in so much of it, or end the series (UNTIL)");
      out.push_back(std::move(item));
      continue;
    }
    const auto next = version.ranges.upper_bound(item.at.instant);
    Item one = item;
    one.type = Scope::Type::Instance;
    item.people = common(item.people, series);
    if (!item.people.empty()) out.push_back(std::move(item));
    for (const ical::Time& t : *times) {
      if (next != version.ranges.end() && t.instant >= next->first) break;
      if (version.instances.contains(t.instant)) continue;
      auto there = version.at(t, limits_);
      one.people = without(guests, told[t.instant]);
      if (!there || one.people.empty()) continue;
      told[t.instant] = with(std::move(told[t.instant]), one.people);
      one.at = t;
      one.component = *std::move(there);
      out.push_back(one);
    }
  }
  items = std::move(out);
  return {};
}

// Of the components that one person gets, the most.
std::size_t Comparison::most_told() const
{
  std::map<std::string, std::size_t> told;
  for (const auto* items : {&requests_, &cancels_})
    for (const Item& item : *items)
      for (const auto& [key, party] : item.people) ++told[key];
  std::size_t out = 0;
  for (const auto& [key, count] : told) out = std::max(out, count);
  return out;
}

// A range of OLD whose first occurrence is gone, and others are not: there is nothing to name it
// by.
bool Comparison::loses_a_start() const
{
  return std::any_of(old_.ranges.begin(), old_.ranges.end(), [&](const auto& range) {
    if (new_.from(range.second.at, limits_)) return false;
    const auto left = occurrences(new_, range.first, limits_);
    return !left || !left->empty();
  });
}

People invited_without(const Version& v, Scope::Type type, const ical::Time& at)
{
  auto range = type == Scope::Type::Range ? v.ranges.lower_bound(at.instant)
                                          : v.ranges.upper_bound(at.instant);
  if (range != v.ranges.begin()) return people_of(std::prev(range)->second.component);
  return v.master ? people_of(*v.master) : People{};
}

}  // namespace imip::itip::detail
