#include "itip/conflicts.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "itip/detail/content.hpp"
#include "itip/detail/read.hpp"
#include "itip/detail/record.hpp"

namespace imip::itip {

namespace {

Limits bounds()
{
  Limits out;
  out.recurrence_instances = conflict_occurrences;
  return out;
}

void add_zones(const ical::Component& from, ical::Component& to)
{
  for (const ical::Component& c : from.components) {
    const auto same = [&](const ical::Component& mine) { return mine.text("TZID") == c.text("TZID"); };
    if (c.name == "VTIMEZONE" && std::none_of(to.components.begin(), to.components.end(), same))
      to.components.push_back(c);
  }
}

/// Nobody's time depends on who else comes, nor on what programs add: there may be a hundred thousand of either.
MessageComponent without_people(const MessageComponent& c)
{
  ical::Component lean{c.component->name, {}, {}};
  for (const ical::Property& p : c.component->properties) {
    if (p.name != "ATTENDEE" && !p.name.starts_with("X-")) lean.properties.push_back(p);
  }
  return {std::move(lean), c.scope, c.revision, c.organizer, {}};
}

/// The message's event: by itself, or for a range within the series that the store has.
ical::Component object_of(const Message& message, const StoredObject* stored)
{
  ical::Component out{"VCALENDAR", {}, {message.timezones.begin(), message.timezones.end()}};
  std::set<std::string> told;
  bool series = false, range = false;
  for (const MessageComponent& c : message.components) {
    series = series || c.scope.type == Scope::Type::Series;
    range = range || c.scope.type == Scope::Type::Range;
    told.insert(c.scope.key());
    out.components.push_back(detail::normalised(without_people(c)));
  }
  if (series || !range || stored == nullptr) return out;
  add_zones(stored->calendar, out);
  const ical::Zones zones(stored->calendar);
  for (const ical::Component& c : stored->calendar.components) {
    const auto scope = detail::scope_of(zones, c);
    if (c.name == "VEVENT" && scope && !told.contains(scope->key())) out.components.push_back(c);
  }
  return out;
}

/// Without a series component the occurrences before the first that the message names are not its.
UtcSeconds begin_of(const Message& message, UtcSeconds now)
{
  std::optional<UtcSeconds> first;
  for (const MessageComponent& c : message.components) {
    if (c.scope.type == Scope::Type::Series) return now;
    if (c.scope.type == Scope::Type::Range)
      first = first ? std::min(*first, c.scope.at.instant) : c.scope.at.instant;
  }
  return first ? std::max(*first, now) : now;
}

}  // namespace

bool wants_time(const Message& message)
{
  const Method m = message.method;
  return message.kind == Kind::Event && (m == Method::Request || m == Method::Publish ||
                                         m == Method::Add || m == Method::Counter);
}

Result<std::vector<Occurrence>> wanted_time(const Message& message, const StoredObject* stored,
                                            const std::string& zone, UtcSeconds now)
{
  return wanted_time(object_of(message, stored), begin_of(message, now), zone);
}

Result<std::vector<Occurrence>> wanted_time(const ical::Component& object, UtcSeconds begin,
                                            const std::string& zone)
{
  IMIP_TRY(const auto hull, busy_hull(object));
  if (!hull || hull->to <= begin) return std::vector<Occurrence>{};
  const UtcSeconds from = std::max(begin, hull->from);
  const UtcSeconds to = from + std::chrono::days{conflict_days};
  return busy_occurrences(object, {from, to}, nullptr, zone, bounds());
}

ConflictSearch::ConflictSearch(std::vector<Occurrence> wanted, std::string zone)
    : wanted_(std::move(wanted))
{
  out_.checked = true;
  out_.zone = std::move(zone);
  for (const Occurrence& o : wanted_)
    ends_.push_back(ends_.empty() ? o.end : std::max(ends_.back(), o.end));
}

std::vector<Window> ConflictSearch::windows() const
{
  std::vector<Window> out;
  for (const Occurrence& o : wanted_) out.push_back({o.start, o.end});
  return out;
}

const Occurrence* ConflictSearch::wanted_during(const Occurrence& taken) const
{
  const auto after = std::lower_bound(
      wanted_.begin(), wanted_.end(), taken.end,
      [](const Occurrence& o, UtcSeconds end) { return o.start < end; });
  const Occurrence* found = nullptr;
  for (std::size_t i = static_cast<std::size_t>(after - wanted_.begin()); i-- > 0;) {
    if (ends_[i] <= taken.start) break;
    if (wanted_[i].end > taken.start) found = &wanted_[i];
  }
  return found;
}

Result<void> ConflictSearch::compare(const ical::Component& calendar, const std::string& uid,
                                     const Owner& owner)
{
  const auto is_own = [&](const ical::Component& c) {
    return c.name != "VEVENT" || canonical_uid(c.text("UID")) == uid;
  };
  const auto& parts = calendar.components;
  if (wanted_.empty() || std::all_of(parts.begin(), parts.end(), is_own)) return {};
  const Window all{wanted_.front().start, ends_.back()};
  IMIP_TRY(const auto taken, busy_occurrences(calendar, all, &owner, out_.zone, bounds()));
  std::map<std::string, Conflict> of_uid;
  for (const Occurrence& o : taken) {
    if (canonical_uid(o.uid) == uid) continue;
    const Occurrence* with = wanted_during(o);
    if (with == nullptr) continue;
    Conflict& conflict = of_uid[o.uid];
    if (conflict.times++ > 0) continue;
    conflict.first = o;
    conflict.with = with->start;
  }
  for (auto& [other, conflict] : of_uid) out_.found.push_back(std::move(conflict));
  return {};
}

Conflicts ConflictSearch::result()
{
  std::sort(out_.found.begin(), out_.found.end(), [](const Conflict& a, const Conflict& b) {
    return std::tie(a.first.start, a.first.uid) < std::tie(b.first.start, b.first.uid);
  });
  if (out_.found.size() > most_conflicts) {
    out_.more = out_.found.size() - most_conflicts;
    out_.found.resize(most_conflicts);
  }
  return std::move(out_);
}

}  // namespace imip::itip
