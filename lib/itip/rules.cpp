// The numbered rules of itip.md, "Order: facts, then a rendering", one function each.
#include <algorithm>
#include <set>

#include "base/text.hpp"
#include "itip/detail/scope.hpp"
#include "itip/detail/view.hpp"

namespace imip::itip::detail {

std::string View::key_of(const ical::Property& attendee) const
{
  const auto address = CalAddress::parse(attendee.value);
  return address ? attendee_key(*address, *owner_) : std::string();
}

// Rule 2. SEQUENCE alone would drop live updates of senders that count exceptions on their own.
bool View::ended(const Slot& slot, const Revision& narrow, bool with_carried) const
{
  if (slot.type == Scope::Type::Series || !series.write) return false;
  const Revision& wide = series.write->revision;
  std::int64_t sequence = narrow.sequence;
  if (with_carried && rules_.carried_overrides) sequence = std::max(sequence, slot.carried);
  if (sequence >= wide.sequence) return false;
  return !rules_.later_dtstamp || narrow.dtstamp <= wide.dtstamp;
}

bool View::live(const Slot& slot) const
{
  return slot.write && !ended(slot, slot.write->revision, true);
}

// For the owner, un-inviting counts as cancelling (rule 6).
std::optional<Revision> View::strongest_cancel(const Slot& slot, bool with_owner) const
{
  std::optional<Revision> out;
  if (slot.cancel && !ended(slot, *slot.cancel, false)) out = slot.cancel;
  if (!with_owner) return out;
  const auto mine = owner_uninvited(slot);
  if (!mine || ended(slot, *mine, false)) return out;
  return out ? std::max(*out, *mine) : mine;
}

// She herself; or, where she is not listed herself, every group of hers that is.
std::optional<Revision> View::owner_uninvited(const Slot& slot) const
{
  const auto own = slot.uninvited.find(owner_key_);
  if (own != slot.uninvited.end()) return own->second;
  if (group_keys_.empty() || slot.uninvited.empty()) return std::nullopt;
  const Slot* listing = slot.type == Scope::Type::Instance ? source(slot)
                        : live(slot)                       ? &slot
                                                           : &series;
  std::optional<Revision> out;
  if (!listing || !listing->write) return out;
  for (const ical::Property* p : listing->write->event.all("ATTENDEE")) {
    const std::string key = key_of(*p);
    if (key == owner_key_) return std::nullopt;
    if (!group_keys_.contains(key)) continue;
    const auto group = slot.uninvited.find(key);
    if (group == slot.uninvited.end()) return std::nullopt;
    out = out ? std::min(*out, group->second) : group->second;
  }
  return out;
}

// Rule 1: a tie cancels.
bool View::cancel_holds(const Slot& slot, bool with_owner) const
{
  const auto cancel = strongest_cancel(slot, with_owner);
  return cancel && (!slot.write || *cancel >= slot.write->revision);
}

// Rule 3: only a narrower REQUEST that is newer in both ways escapes a wider CANCEL: the
// occurrence's own, or that of the range that shows there.
bool View::escapes(const Slot& slot, const Slot& from, const Revision& wider) const
{
  const Slot* shield = source(slot);
  if (!shield || shield->type == Scope::Type::Series) return false;
  const bool narrower = shield->type == Scope::Type::Instance || from.type == Scope::Type::Series ||
                        shield->at > from.at;
  return narrower && shield->write->revision.sequence > wider.sequence &&
         shield->write->revision.dtstamp > wider.dtstamp;
}

// Rule 5 asks the series that shows. One that is cancelled has no occurrences any more: who was un-invited from it and
// is asked to one afterwards, has that one, also where the series never did.
bool View::outlives_series(const Slot& slot) const
{
  return live(slot) && cancel_holds(series, true) && escapes(slot, series, *strongest_cancel(series, true));
}

void View::index_ranges()
{
  for (auto& [text, range] : ranges) {
    if (!range.yielded) continue;
    reach_.push_back({&range, {}, {}, nullptr});
    std::set<std::string> people;
    for (const auto& [who, revision] : range.uninvited) people.insert(who);
    for (const auto& [who, answer] : range.answers) people.insert(who);
    for (const std::string& who : people) people_[who].push_back(&range);
  }
  std::stable_sort(reach_.begin(), reach_.end(),
                   [](const Reach& a, const Reach& b) { return a.range->at < b.range->at; });
  const auto add = [&](Cancels& to, const Slot& range, bool with_owner) {
    if (!cancel_holds(range, with_owner)) return;
    const Revision cancel = *strongest_cancel(range, with_owner);
    to.sequence = to.count == 0 ? cancel.sequence : std::max(to.sequence, cancel.sequence);
    to.dtstamp = to.count == 0 ? cancel.dtstamp : std::max(to.dtstamp, cancel.dtstamp);
    ++to.count;
  };
  for (std::size_t i = 0; i < reach_.size(); ++i) {
    if (i > 0) {
      reach_[i].cancels = reach_[i - 1].cancels;
      reach_[i].cancels_but_owners = reach_[i - 1].cancels_but_owners;
    }
    add(reach_[i].cancels, *reach_[i].range, true);
    add(reach_[i].cancels_but_owners, *reach_[i].range, false);
  }
  // A range shows unless one before it is cancelled and it does not escape: in order of time.
  for (std::size_t i = 0; i < reach_.size(); ++i) {
    Slot& range = *reach_[i].range;
    range.over = cancelled(range);
    const Slot* before = i > 0 ? reach_[i - 1].shows : nullptr;
    reach_[i].shows = live(range) && !range.over ? &range : before;
  }
  for (auto& [text, range] : ranges) {
    if (!range.yielded) range.over = cancelled(range);
  }
}

std::size_t View::ranges_until(UtcSeconds at, bool strictly) const
{
  const auto end = std::partition_point(reach_.begin(), reach_.end(), [&](const Reach& r) {
    return strictly ? r.range->at < at : r.range->at <= at;
  });
  return static_cast<std::size_t>(end - reach_.begin());
}

View::Cancels View::cancels_until(std::size_t count, bool with_owner) const
{
  if (count == 0) return {};
  const Reach& last = reach_[count - 1];
  return with_owner ? last.cancels : last.cancels_but_owners;
}

/// Rule 3 for all ranges that reach the slot. Its own CANCEL does not hold, so it need not be left out.
bool View::range_cancels(const Slot& slot, bool with_owner) const
{
  const std::size_t count = ranges_until(slot.at, false);
  const Cancels all = cancels_until(count, with_owner);
  if (all.count == 0) return false;
  const Slot* shield = source(slot);
  if (!shield || shield->type == Scope::Type::Series) return true;
  const std::size_t wider =
      shield->type == Scope::Type::Range ? ranges_until(shield->at, true) : count;
  const Cancels wide = cancels_until(wider, with_owner);
  if (all.count > wide.count) return true;
  const Revision& revision = shield->write->revision;
  return wide.sequence >= revision.sequence || wide.dtstamp >= revision.dtstamp;
}

bool View::is_cancelled(const Slot& slot, bool with_owner) const
{
  if (cancel_holds(slot, with_owner)) return true;
  if (slot.type == Scope::Type::Series) return false;
  if (cancel_holds(series, with_owner) &&
      !escapes(slot, series, *strongest_cancel(series, with_owner))) {
    return true;
  }
  return range_cancels(slot, with_owner);
}

bool View::cancelled(const Slot& slot) const
{
  return is_cancelled(slot, true);
}

bool View::only_uninvited(const Slot& slot) const
{
  return is_cancelled(slot, true) && !is_cancelled(slot, false);
}

// Rule 6.
bool View::left_out(const Slot& slot, const std::string& attendee) const
{
  const auto own = slot.uninvited.find(attendee);
  if (own != slot.uninvited.end() && !ended(slot, own->second, false) &&
      (!slot.write || own->second > slot.write->revision)) {
    return true;
  }
  const auto wider = [&](const Slot& wide) {
    const auto at = wide.uninvited.find(attendee);
    return at != wide.uninvited.end() && !ended(wide, at->second, false) &&
           (!wide.write || at->second > wide.write->revision) && !escapes(slot, wide, at->second);
  };
  if (slot.type == Scope::Type::Series) return false;
  if (wider(series)) return true;
  const auto spoken = people_.find(attendee);
  if (spoken == people_.end()) return false;
  return std::any_of(spoken->second.begin(), spoken->second.end(), [&](const Slot* range) {
    return range->at <= slot.at && range != &slot && wider(*range);
  });
}

// Rule 4: an instance's own content, else that of the latest range that reaches it, else the
// series'.
const Slot* View::source(const Slot& slot) const
{
  if (live(slot)) return &slot;
  const Slot* found = series.write ? &series : nullptr;
  if (slot.type == Scope::Type::Series) return found;
  const std::size_t reaching = ranges_until(slot.at, slot.type == Scope::Type::Range);
  const Slot* range = reaching > 0 ? reach_[reaching - 1].shows : nullptr;
  return range ? range : found;
}

// Between the starts of two ranges all occurrences without facts of their own fare alike. Where the
// series is cancelled itself, its STATUS says so for what comes before the first range that is not.
std::vector<View::Gap> View::gaps() const
{
  std::vector<Gap> out;
  if (!series.write) return out;
  bool gone = false;
  bool shown = !cancelled(series);
  for (const auto& [text, range] : ranges) {
    if (!range.yielded) continue;
    const bool now = cancelled(blank_instance(text, range.at));
    if (now && !gone && shown) out.push_back({range.at, std::nullopt});
    if (!now && gone && !out.empty() && !out.back().to) out.back().to = range.at;
    gone = now;
    shown = shown || !now;
  }
  return out;
}

const ical::Periods& View::periods() const
{
  if (!periods_) {
    auto read =
        series.write ? ical::periods_of(*zones, series.write->event) : Result<ical::Periods>({});
    periods_ = read ? *std::move(read) : ical::Periods{};
  }
  return *periods_;
}

Slot View::blank_instance(const std::string& text, UtcSeconds at) const
{
  Slot slot;
  slot.type = Scope::Type::Instance;
  slot.text = text;
  slot.at = at;
  return slot;
}

namespace {

/// What a slot that has nothing of its own inherits from a wider one: the same length, and the time
/// that its RECURRENCE-ID says, moved as the range moves its first instance.
Shape inherited(const Slot& slot, const Slot& from, const Shape& shape)
{
  Shape out;
  out.start = slot.text;
  out.length = shape.length;
  if (from.type == Scope::Type::Range) {
    const TextTime start = read_time_text(shape.start);
    out.start = text_at(start.kind, slot.at + (start.instant - from.at));
  }
  return out;
}

const Shape* shape_in(const Slot& slot, std::int64_t sequence)
{
  const auto at = slot.shapes.find(sequence);
  return at == slot.shapes.end() ? nullptr : &at->second.shape;
}

}  // namespace

std::optional<Shape> View::shape_now(const Slot& slot) const
{
  const Slot* from = source(slot);
  if (!from) return std::nullopt;
  const Shape* shape = shape_in(*from, from->write->revision.sequence);
  if (!shape) return std::nullopt;
  return from == &slot || slot.type == Scope::Type::Series ? *shape
                                                           : inherited(slot, *from, *shape);
}

std::optional<Shape> View::shape_at(const Slot& slot, std::int64_t sequence) const
{
  if (const Shape* own = shape_in(slot, sequence)) return *own;
  // What was added was not there before.
  if (slot.type == Scope::Type::Series || slot.added) return std::nullopt;
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    if (range->second.at > slot.at || !range->second.yielded) continue;
    if (const Shape* shape = shape_in(range->second, sequence)) {
      return inherited(slot, range->second, *shape);
    }
  }
  const Shape* shape = shape_in(series, sequence);
  return shape ? std::optional(inherited(slot, series, *shape)) : std::nullopt;
}

/// Does the content itself say that the owner has yet to answer?
bool View::asks_again(const Slot& from) const
{
  for (const ical::Property* p : from.write->event.all("ATTENDEE")) {
    if (key_of(*p) != owner_key_) continue;
    const std::string* partstat = p->parameter("PARTSTAT");
    return partstat && text::ascii_iequal(*partstat, "NEEDS-ACTION");
  }
  return false;
}

// Rule 7. The event's own DTSTAMP never decides about a reply: clocks differ.
bool View::counts(const AnswerFact& answer, const Slot& slot, const std::string& attendee) const
{
  const Slot* from = source(slot);
  if (!from || answer.revision.sequence >= from->write->revision.sequence) return true;
  if (!rules_.time_digests) return false;
  if (attendee == owner_key_ && asks_again(*from)) return false;
  const auto then = shape_at(slot, answer.revision.sequence);
  const auto now = shape_now(slot);
  return then && now && keeps_answers(*then, *now);
}

const AnswerFact* View::answer(const Slot& slot, const std::string& attendee) const
{
  const AnswerFact* best = nullptr;
  const auto consider = [&](const Slot& from) {
    const auto at = from.answers.find(attendee);
    if (at == from.answers.end()) return;
    // An answer for more must count there, and for what shows here too.
    if (!counts(at->second, from, attendee)) return;
    if (&from != &slot && source(slot) != source(from) && !counts(at->second, slot, attendee)) {
      return;
    }
    if (!best || at->second.revision.dtstamp >= best->revision.dtstamp) best = &at->second;
  };
  if (slot.type == Scope::Type::Series) {
    consider(slot);
    return best;
  }
  consider(series);
  if (const auto spoken = people_.find(attendee); spoken != people_.end()) {
    for (const Slot* range : spoken->second) {
      if (range->at <= slot.at && range != &slot) consider(*range);
    }
  }
  consider(slot);
  return best;
}

}  // namespace imip::itip::detail
