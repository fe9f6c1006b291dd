// What changed of a series, and where one range says as much as many occurrences.
#include <algorithm>
#include <set>

#include "ical/recurrence.hpp"
#include "itip/detail/comparing.hpp"
#include "itip/detail/scope.hpp"

namespace imip::itip::detail {

namespace {

/// Gone occurrences that are listed one by one.
constexpr std::size_t most_gone = 200;
const UtcSeconds end_of_time{std::chrono::sys_days{std::chrono::year{9000} / 1 / 1}};

std::set<UtcSeconds> instants(const std::vector<ical::Time>& times)
{
  std::set<UtcSeconds> out;
  for (const ical::Time& t : times) out.insert(t.instant);
  return out;
}

std::vector<ical::Time> dates(const Version& v, std::string_view name)
{
  std::vector<ical::Time> out;
  for (const ical::Property* p : v.master->all(name))
    if (auto times = ical::times_in_series(v.zones, *v.master, *p))
      out.insert(out.end(), times->begin(), times->end());
  return out;
}

// The rule's end is the same: only EXDATEs that came and RDATEs that went can have taken something away.
void gone_dates(const Version& before, const Version& after, const Limits& limits, SeriesChange& out)
{
  std::vector<ical::Time> candidates = dates(after, "EXDATE");
  for (ical::Time& t : dates(before, "RDATE")) candidates.push_back(std::move(t));
  for (ical::Time& t : candidates) {
    const auto was = ical::has_instance(before.zones, *before.master, t, limits);
    const auto is = ical::has_instance(after.zones, *after.master, t, limits);
    if (!was || !is) out.whole = true;
    if (was && is && *was && !*is) out.gone.push_back(std::move(t));
  }
}

// In the form that the series has: EXDATE may be a UTC time of a zoned series.
void as_series_has_them(const Version& v, std::vector<ical::Time>& times)
{
  const auto start = v.zones.time_of(*v.master->find("DTSTART"));
  if (!start || start->kind != ical::TimeKind::Zoned) return;
  for (ical::Time& t : times) {
    if (t.kind == ical::TimeKind::Date) continue;
    if (auto zoned = v.zones.in_zone(t.instant, start->tzid)) t = *std::move(zoned);
  }
}

void gone_at_the_end(const Version& before, const Version& after, const Limits& limits,
                     SeriesChange& out)
{
  const auto now = occurrences(after, UtcSeconds::min(), limits);
  if (!now) {
    out.whole = true;
    return;
  }
  const std::size_t n = now->size() + dates(after, "EXDATE").size() + most_gone + 1;
  const auto then = ical::next_instances(before.zones, *before.master, UtcSeconds::min(), n, limits);
  if (!then) {
    out.whole = true;
    return;
  }
  const std::set<UtcSeconds> kept = instants(*now);
  for (const ical::Time& t : *then)
    if (!kept.contains(t.instant)) out.gone.push_back(t);
  if (then->size() < n) return;
  // Endless, or nearly so. All that follows is gone, from the first one after what is kept on.
  out.endless = true;
  std::erase_if(out.gone, [&](const ical::Time& t) {
    return !kept.empty() && t.instant > *kept.rbegin();
  });
  const auto first = std::find_if(then->begin(), then->end(), [&](const ical::Time& t) {
    return kept.empty() || t.instant > *kept.rbegin();
  });
  if (first == then->end()) {
    out.whole = true;
  } else {
    out.gone.push_back(*first);
  }
}

}  // namespace

std::optional<std::vector<ical::Time>> occurrences(const Version& v, UtcSeconds from,
                                                   const Limits& limits)
{
  Limits few = limits;
  few.recurrence_instances = std::min<std::size_t>(few.recurrence_instances, 5000);
  if (!v.master) return std::nullopt;
  auto times = ical::expand(v.zones, *v.master, from, end_of_time, few);
  if (!times) return std::nullopt;
  return *std::move(times);
}

void put_back_cancelled(Version& before, const Version& after, const Limits& limits)
{
  if (!before.master || !after.master) return;
  for (const auto& [instant, cancelled] : before.cancelled_alone) {
    const auto own = after.instances.find(instant);
    if (!cancelled.since || own == after.instances.end()) continue;
    const auto there = ical::has_instance(after.zones, *after.master, own->second.at, limits);
    if (there && *there) before.off.insert(instant);
  }
  std::erase_if(before.master->properties, [&](const ical::Property& p) {
    if (p.name != "EXDATE") return false;
    const auto times = ical::times_in_series(before.zones, *before.master, p);
    return times && times->size() == 1 && before.off.contains(times->front().instant);
  });
}

SeriesChange series_change(const Version& before, const Version& after, const Limits& limits)
{
  SeriesChange out;
  if (!before.master && !after.master) return out;
  if (!before.master) {
    out.whole = true;
    return out;
  }
  const Print old_print = print_of(before.zones, *before.master);
  const Print new_print = print_of(after.zones, *after.master);
  if (old_print == new_print) return out;
  Shape a = old_print.shape;
  Shape b = new_print.shape;
  // Does anything but its end and its dates differ, or does something come in?
  if (old_print.values != new_print.values || !keeps_answers(a, b) ||
      !before.master->find("DTSTART") || before.cancelled()) {
    out.whole = true;
    return out;
  }
  out.bound = a.bound != b.bound;
  if (out.bound) {
    gone_at_the_end(before, after, limits, out);
  } else {
    gone_dates(before, after, limits, out);
  }
  std::sort(out.gone.begin(), out.gone.end(),
            [](const ical::Time& x, const ical::Time& y) { return x.instant < y.instant; });
  out.gone.erase(std::unique(out.gone.begin(), out.gone.end(),
                             [](const auto& x, const auto& y) { return x.instant == y.instant; }),
                 out.gone.end());
  as_series_has_them(before, out.gone);
  // It is told by cancelling occurrences; if none is gone, only the series can tell it.
  if (out.gone.empty()) out.whole = true;
  return out;
}

void Comparison::join_cancels(bool endless)
{
  std::vector<std::size_t> off;
  for (std::size_t i = 0; i < cancels_.size(); ++i)
    if (cancels_[i].off && cancels_[i].type == Scope::Type::Instance) off.push_back(i);
  if (off.empty() || (off.size() < 2 && !endless) || !old_.master) return;
  std::sort(off.begin(), off.end(), [&](std::size_t x, std::size_t y) {
    return cancels_[x].at.instant < cancels_[y].at.instant;
  });
  // The tail: from which one on is nothing left?
  std::size_t first = endless ? off.size() - 1 : off.size();
  while (first > 0) {
    const UtcSeconds from = cancels_[off[first - 1]].at.instant;
    if (!endless) {
      const auto then = occurrences(old_, from, limits_);
      if (!then || then->size() != off.size() - first + 1) break;
    } else {
      const auto left = occurrences(new_, from, limits_);
      if (!left || !left->empty()) break;
    }
    const bool same_people = cancels_[off[first - 1]].people.size() ==
                             people_of(*old_.master).size();
    if (!same_people) break;
    --first;
  }
  const bool kept_later = first < off.size() && [&] {
    const UtcSeconds from = cancels_[off[first]].at.instant;
    return new_.instances.lower_bound(from) != new_.instances.end() ||
           new_.ranges.lower_bound(from) != new_.ranges.end();
  }();
  if (kept_later || first >= off.size() || (off.size() - first < 2 && !endless)) return;
  Item range = cancels_[off[first]];
  range.type = Scope::Type::Range;
  std::set<std::size_t> joined(off.begin() + static_cast<std::ptrdiff_t>(first), off.end());
  for (const std::size_t i : joined) range.sequence = std::max(range.sequence, cancels_[i].sequence);
  std::vector<Item> rest;
  for (std::size_t i = 0; i < cancels_.size(); ++i)
    if (!joined.contains(i)) rest.push_back(std::move(cancels_[i]));
  rest.push_back(std::move(range));
  cancels_ = std::move(rest);
}

namespace {

// The same change to each, as a range makes it?
bool same_shift(const Version& v, const Item& a, const Item& b)
{
  Print x = print_of(v.zones, a.component);
  Print y = print_of(v.zones, b.component);
  const ical::Property* start_a = a.component.find("DTSTART");
  const ical::Property* start_b = b.component.find("DTSTART");
  if (start_a == nullptr || start_b == nullptr) return false;
  const auto from_a = v.zones.time_of(*start_a);
  const auto from_b = v.zones.time_of(*start_b);
  if (!from_a || !from_b || from_a->kind != from_b->kind || from_a->tzid != from_b->tzid) return false;
  const auto wall = [](const ical::Time& t) { return read_time_text(t.local).instant; };
  if (wall(*from_a) - wall(a.at) != wall(*from_b) - wall(b.at)) return false;
  x.shape.start.clear();
  y.shape.start.clear();
  return x == y;
}

}  // namespace

void Comparison::join_requests()
{
  if (!new_.master || !new_.ranges.empty() || !cancels_.empty() || requests_.size() < 2) return;
  std::vector<Item> items = requests_;
  std::sort(items.begin(), items.end(),
            [](const Item& x, const Item& y) { return x.at.instant < y.at.instant; });
  for (const Item& item : items) {
    if (item.type != Scope::Type::Instance || !same_shift(new_, items.front(), item)) return;
    if (old_.instances.contains(item.at.instant) || old_.off.contains(item.at.instant))
      return;  // a range does not reach it
  }
  const auto all = occurrences(new_, items.front().at.instant, limits_);
  if (!all || all->size() != items.size()) return;
  for (std::size_t i = 0; i < items.size(); ++i)
    if ((*all)[i].instant != items[i].at.instant) return;
  if (old_.instances.lower_bound(items.front().at.instant) != old_.instances.end()) return;
  Item range = items.front();
  range.type = Scope::Type::Range;
  for (const Item& item : items) {
    range.sequence = std::max(range.sequence, item.sequence);
    range.asks_again = range.asks_again || item.asks_again;
  }
  requests_ = {std::move(range)};
}

}  // namespace imip::itip::detail
