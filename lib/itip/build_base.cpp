#include <algorithm>
#include <optional>
#include <utility>

#include "base/cat.hpp"
#include "ical/recurrence.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/shape.hpp"
#include "itip/detail/version.hpp"

namespace imip::itip::detail {

namespace {

bool is_override(const ical::Component& event)
{
  return event.find("RECURRENCE-ID") != nullptr;
}

bool is_cancelled_override(const ical::Component& event)
{
  const std::string* status = event.value("STATUS");
  return is_override(event) && status != nullptr && *status == "CANCELLED";
}

// What the organizer keeps for herself (CATEGORIES, COLOR, X-, ...) stays at home; what others need
// to see the event as it is goes out.
bool goes_out(const ical::Property& p)
{
  if (p.name == "TRANSP" || p.name == "X-ALT-DESC" || p.name.starts_with("X-MICROSOFT-"))
    return true;
  if (p.name == "ATTACH" && p.value.starts_with("file:")) return false;
  return !is_owner_property(p.name);
}

ical::Component cleaned(ical::Component event)
{
  strip_marks(event);
  std::erase_if(event.properties, [](const ical::Property& p) { return !goes_out(p); });
  std::erase_if(event.components, [](const ical::Component& c) {
    return c.name == "VALARM" || c.name.starts_with("X-");
  });
  for (ical::Property& p : event.properties)
    if (p.name == "ATTENDEE" || p.name == "ORGANIZER")
      std::erase_if(p.parameters,
                    [](const ical::Parameter& q) { return q.name.starts_with("X-"); });
  return event;
}

Result<void> check_singletons(const ical::Component& event)
{
  const auto often = doubled(event);
  if (often.empty()) return {};
  return err(Errc::BadCalendar,
             cat("the event has ", often.front(), " ", event.count(often.front()), " times"),
             "say it once");
}

std::string uid_of(const ical::Component& event)
{
  const std::string* uid = event.value("UID");
  return uid != nullptr ? *uid : std::string();
}

const ical::Component* master_of(const std::vector<ical::Component>& events)
{
  return !events.empty() && !is_override(events.front()) ? &events.front() : nullptr;
}

// The time that --recurrence-id names, in the form of the series' DTSTART.
Result<ical::Time> repetition_time(const BuildSpec& spec, const ical::Zones& zones,
                                   const ical::Time& start)
{
  const std::string zone = !spec.timezone.empty() ? spec.timezone : start.tzid;
  IMIP_TRY(const ical::Property given,
           when_flag("--recurrence-id", "RECURRENCE-ID", spec.recurrence_id, zone, &zones));
  IMIP_TRY(const ical::Time at, zones.time_of(given));
  if ((at.kind == ical::TimeKind::Date) != (start.kind == ical::TimeKind::Date))
    return err(Errc::BadValue,
               start.kind == ical::TimeKind::Date
                   ? "--recurrence-id: the repetitions are whole days: write 2027-01-04"
                   : "--recurrence-id: the repetitions have times: write 2027-01-04T10:00");
  if (start.kind == ical::TimeKind::Zoned) return zones.in_zone(at.instant, start.tzid);
  if (start.kind == ical::TimeKind::Utc) return zones.in_zone(at.instant, "");
  return at;
}

}  // namespace

Result<ical::Component> made_from_master(const ical::Zones& zones, const ical::Component& master,
                                         const ical::Time& at)
{
  IMIP_TRY(const ical::Span span, ical::span_of(zones, master));
  ical::Component event = master;
  for (const char* name : {"RRULE", "RDATE", "EXDATE", "EXRULE"}) event.remove(name);
  event.set(time_property("DTSTART", at));
  const std::string_view end_of = event.name == "VTODO" ? "DUE" : "DTEND";
  IMIP_TRY(const auto periods, ical::periods_of(zones, master));
  const auto period = periods.find(at.instant);
  if (period != periods.end()) event.remove("DURATION");  // it has its own length
  if (event.find(end_of) != nullptr || period != periods.end()) {
    const UtcSeconds end = period != periods.end()
                               ? period->second
                               : at.instant + (span.end.instant - span.start.instant);
    ical::Time until = span.end;
    if (until.kind == ical::TimeKind::Zoned || until.kind == ical::TimeKind::Utc) {
      IMIP_TRY(until, zones.in_zone(end, until.tzid));
    } else {
      const std::string utc = to_ical_utc(end);
      until.local = utc.substr(0, until.kind == ical::TimeKind::Date ? 8 : 15);
    }
    event.set(time_property(end_of, until));
  }
  return event;
}

Result<std::vector<ical::Component>> components_of(const ical::Component& base, Kind kind)
{
  std::vector<ical::Component> out;
  for (const ical::Component& c : base.components) {
    if (c.name != kind_word(kind)) continue;
    if (!out.empty() && uid_of(c) != uid_of(out.front()))
      return err(Errc::BadCalendar, cat("two UIDs: ", uid_of(out.front()), " and ", uid_of(c)),
                 "one message is about one event: take one of them");
    IMIP_CHECK(check_singletons(c));
    const bool master = !is_override(c);
    if (master && master_of(out) != nullptr)
      return err(Errc::BadCalendar, "two components describe the whole series");
    out.insert(master ? out.begin() : out.end(), cleaned(c));
  }
  if (out.empty()) return err(Errc::BadCalendar, "the calendar holds no event");
  return out;
}

Result<std::vector<ical::Component>> new_instance(const BuildSpec& spec,
                                                  const ical::Component& base,
                                                  std::vector<ical::Component> components)
{
  const ical::Component* master = master_of(components);
  if (master == nullptr)
    return err(Errc::BadCalendar, "the calendar does not hold the series, only repetitions of it");
  ical::Component event = *master;
  for (const char* name : {"RRULE", "RDATE", "EXDATE", "EXRULE"}) event.remove(name);
  if (spec.start.empty()) event.remove("DTSTART");  // a to-do's, which --due alone names
  const ical::Zones zones(base);
  const std::string zone = zone_of(spec, *master);
  if (!spec.start.empty() && master->find("DTSTART") != nullptr) {
    IMIP_TRY(const ical::Property given, when_flag("--start", "DTSTART", spec.start, zone, &zones));
    IMIP_TRY(const ical::Time at, zones.time_of(given));
    auto there = ical::has_instance(zones, *master, at, Limits{});
    if (there && *there)
      return err(Errc::BadValue,
                 cat("--start: a repetition takes place at ", spec.start, " already"),
                 "'imip build request --recurrence-id' changes it");
  }
  return std::vector<ical::Component>{std::move(event)};
}

namespace {

// What is said of the repetition: by its own override, else by the range, else by the series; of it
// and all later ones never by the override, which is about itself alone. One that is cancelled
// comes back as the series has it.
Result<ical::Component> told_of(const BuildSpec& spec, const ical::Component& base, Kind kind,
                                const ical::Component& master, const ical::Time& at)
{
  ical::Component calendar = base;
  const ical::Zones zones(base);
  std::int64_t cancelled = -1;
  std::erase_if(calendar.components, [&](const ical::Component& c) {
    if (c.name != kind_word(kind) || !is_cancelled_override(c)) return false;
    const ical::Property& id = *c.find("RECURRENCE-ID");
    const auto other = zones.time_of(id);
    if (!other || other->instant > at.instant) return false;
    if (other->instant < at.instant && !is_range(id)) return false;
    cancelled = std::max(cancelled, sequence_of(c));
    return true;
  });
  IMIP_TRY(const Version version, Version::read(calendar, kind));
  auto event = spec.this_and_future ? version.from(at, Limits{}) : version.at(at, Limits{});
  if (!event) {
    IMIP_TRY(event, made_from_master(zones, master, at));
  }
  std::int64_t sequence = sequence_of(*event);
  if (cancelled >= sequence) sequence = cancelled + 1;  // so that it takes place again
  // A series that went out later has ended what a range, or its CANCEL, said with a lower one.
  if (spec.this_and_future || spec.method == Method::Cancel)
    sequence = std::max(sequence, sequence_of(master));
  if (sequence > sequence_of(*event)) event->set(make_property("SEQUENCE", cat(sequence)));
  return *std::move(event);
}

}  // namespace

Result<std::vector<ical::Component>> only_instance(const BuildSpec& spec, Kind kind,
                                                   const ical::Component& base,
                                                   std::vector<ical::Component> events)
{
  const ical::Zones zones(base);
  const ical::Component* master = master_of(events);
  const ical::Property* start =
      master != nullptr ? master->find("DTSTART") : events.front().find("RECURRENCE-ID");
  if (start == nullptr) return err(Errc::BadCalendar, "the event has no DTSTART");
  IMIP_TRY(const ical::Time first, zones.time_of(*start));
  IMIP_TRY(const ical::Time at, repetition_time(spec, zones, first));
  if (master != nullptr) {
    IMIP_TRY(const bool there, ical::has_instance(zones, *master, at, Limits{}));
    if (!there)
      return err(Errc::BadValue,
                 cat("--recurrence-id: nothing takes place at ", spec.recurrence_id));
  }
  ical::Property id = time_property("RECURRENCE-ID", at);
  if (spec.this_and_future) id.set_parameter("RANGE", "THISANDFUTURE");
  if (master == nullptr) {
    for (ical::Component& e : events) {
      IMIP_TRY(const ical::Time other, zones.time_of(*e.find("RECURRENCE-ID")));
      if (other.instant != at.instant) continue;
      e.set(id);
      return std::vector<ical::Component>{std::move(e)};
    }
    return err(Errc::BadValue, cat("--recurrence-id: the calendar has no ", spec.recurrence_id));
  }
  IMIP_TRY(ical::Component event, told_of(spec, base, kind, *master, at));
  event.set(id);
  return std::vector<ical::Component>{std::move(event)};
}

std::int64_t cancelled_sequence(const ical::Component& calendar)
{
  std::int64_t out = 0;
  for (const ical::Component& c : calendar.components)
    if (is_cancelled_override(c)) out = std::max(out, to_int(c.text("SEQUENCE"), 0));
  return out;
}

void drop_overrides_of_nothing(const ical::Zones& zones, std::vector<ical::Component>& events)
{
  if (master_of(events) == nullptr) return;
  const ical::Component master = events.front();
  std::erase_if(events, [&](const ical::Component& e) {
    const ical::Property* id = e.find("RECURRENCE-ID");
    const auto at = id != nullptr ? zones.time_of(*id) : Result<ical::Time>(ical::Time{});
    if (id == nullptr || !at) return false;
    const auto there = ical::has_instance(zones, master, *at, Limits{});
    return there && !*there;
  });
}

Result<void> complete_overrides(const ical::Zones& zones, std::vector<ical::Component>& events)
{
  if (master_of(events) == nullptr) return {};
  std::optional<ical::Time> end;  // of all that is not cancelled
  for (const ical::Component& e : std::vector<ical::Component>(events)) {
    if (!is_cancelled_override(e)) continue;
    ical::Property exdate = *e.find("RECURRENCE-ID");
    if (is_range(exdate)) {
      IMIP_TRY(const ical::Time at, zones.time_of(exdate));
      if (!end || at.instant < end->instant) end = at;
      continue;
    }
    exdate.name = "EXDATE";
    events.front().properties.push_back(std::move(exdate));
  }
  if (end) end_series(zones, events.front(), *end);
  std::erase_if(events, [&](const ical::Component& e) {
    if (is_cancelled_override(e)) return true;
    const ical::Property* id = end ? e.find("RECURRENCE-ID") : nullptr;
    const auto at = id != nullptr ? zones.time_of(*id) : Result<ical::Time>(ical::Time{});
    return id != nullptr && at && at->instant >= end->instant;
  });
  for (std::size_t i = 1; i < events.size(); ++i)
    for (const char* name : {"ORGANIZER", "ATTENDEE", "SUMMARY"}) {
      if (events[i].find(name) != nullptr) continue;
      for (const ical::Property* p : events.front().all(name)) events[i].properties.push_back(*p);
    }
  return {};
}

namespace {

const ical::Component* zone_named(const ical::Component* base, const std::string& tzid)
{
  if (base == nullptr) return nullptr;
  for (const ical::Component& c : base->components)
    if (c.name == "VTIMEZONE" && c.value("TZID") != nullptr && *c.value("TZID") == tzid) return &c;
  return nullptr;
}

// Does tzdata keep the same time as the object's own definition, when the event takes place?
bool agrees(const ical::Component& own, const ical::Component& ours, const std::string& tzid,
            const std::vector<ical::Component>& components)
{
  const ical::Zones theirs(ical::Component{"VCALENDAR", {}, {own}});
  const ical::Zones mine(ical::Component{"VCALENDAR", {}, {ours}});
  for (const ical::Component& c : components) {
    const ical::Property* start = c.find("DTSTART");
    if (start == nullptr) continue;
    const std::string* used = start->parameter("TZID");
    if (used == nullptr || *used != tzid) continue;
    const auto at = theirs.time_of(*start);
    if (!at || zone_print(theirs, tzid, at->instant) != zone_print(mine, tzid, at->instant))
      return false;
  }
  return true;
}

}  // namespace

Result<std::vector<ical::Component>> zones_for(const std::vector<ical::Component>& components,
                                               const ical::Component* base)
{
  std::set<std::string> names;
  for (const ical::Component& e : components) names.merge(used_tzids(e));
  std::vector<ical::Component> out;
  for (const std::string& name : names) {
    const ical::Component* own = zone_named(base, name);
    const auto olson = ical::windows_zone(name);
    auto ours = ical::vtimezone(olson ? *olson : name);
    if (ours) ours->set(make_property("TZID", name));
    if (own != nullptr && (!ours || !agrees(*own, *ours, name, components))) {
      out.push_back(*own);
      continue;
    }
    if (!ours) return tl::unexpected<Error>(ours.error());
    out.push_back(*std::move(ours));
  }
  return out;
}

}  // namespace imip::itip::detail
