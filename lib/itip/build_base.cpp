#include <algorithm>
#include <array>
#include <utility>

#include "base/cat.hpp"
#include "ical/recurrence.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/content.hpp"

namespace imip::itip::detail {

namespace {

constexpr std::array<std::string_view, 20> singletons{
    "UID",      "RECURRENCE-ID", "DTSTART", "DTEND",  "DURATION", "SUMMARY", "DESCRIPTION",
    "LOCATION", "ORGANIZER",     "RRULE",   "STATUS", "SEQUENCE", "CLASS",   "CREATED",
    "GEO",      "LAST-MODIFIED", "TRANSP",  "URL",    "PRIORITY", "DTSTAMP"};

bool is_override(const ical::Component& event)
{
  return event.find("RECURRENCE-ID") != nullptr;
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
  std::erase_if(event.components, [](const ical::Component& c) { return c.name == "VALARM"; });
  return event;
}

Result<void> check_singletons(const ical::Component& event)
{
  for (const std::string_view name : singletons)
    if (event.count(name) > 1)
      return err(Errc::BadCalendar, cat("the event has ", name, " ", event.count(name), " times"));
  return {};
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
           when_flag("--recurrence-id", "RECURRENCE-ID", spec.recurrence_id, zone));
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

Result<ical::Component> made_from_master(const ical::Zones& zones, const ical::Component& master,
                                         const ical::Time& at)
{
  IMIP_TRY(const ical::Span span, ical::span_of(zones, master));
  ical::Component event = master;
  for (const char* name : {"RRULE", "RDATE", "EXDATE", "EXRULE"}) event.remove(name);
  event.set(time_property("DTSTART", at));
  if (event.find("DTEND") != nullptr) {
    const UtcSeconds end = at.instant + (span.end.instant - span.start.instant);
    ical::Time until = span.end;
    if (until.kind == ical::TimeKind::Zoned || until.kind == ical::TimeKind::Utc) {
      IMIP_TRY(until, zones.in_zone(end, until.tzid));
    } else {
      const std::string utc = to_ical_utc(end);
      until.local = utc.substr(0, until.kind == ical::TimeKind::Date ? 8 : 15);
    }
    event.set(time_property("DTEND", until));
  }
  return event;
}

}  // namespace

Result<std::vector<ical::Component>> events_of(const ical::Component& base)
{
  std::vector<ical::Component> events;
  for (const ical::Component& c : base.components) {
    if (c.name == "VTODO" || c.name == "VJOURNAL" || c.name == "VFREEBUSY")
      return err(Errc::BadCalendar, cat("the calendar holds a ", c.name),
                 "only events (VEVENT) can be built");
    if (c.name != "VEVENT") continue;
    if (!events.empty() && uid_of(c) != uid_of(events.front()))
      return err(Errc::BadCalendar, cat("two UIDs: ", uid_of(events.front()), " and ", uid_of(c)),
                 "one message is about one event: take one of them");
    IMIP_CHECK(check_singletons(c));
    const bool master = !is_override(c);
    if (master && master_of(events) != nullptr)
      return err(Errc::BadCalendar, "two components describe the whole series");
    events.insert(master ? events.begin() : events.end(), cleaned(c));
  }
  if (events.empty()) return err(Errc::BadCalendar, "the calendar holds no event");
  return events;
}

Result<std::vector<ical::Component>> only_instance(const BuildSpec& spec,
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
  IMIP_CHECK(complete_overrides(events));
  master = master_of(events);
  ical::Property id = time_property("RECURRENCE-ID", at);
  if (spec.this_and_future) id.set_parameter("RANGE", "THISANDFUTURE");
  for (ical::Component& e : events) {
    if (!is_override(e)) continue;
    IMIP_TRY(const ical::Time other, zones.time_of(*e.find("RECURRENCE-ID")));
    if (other.instant != at.instant) continue;
    e.set(id);
    return std::vector<ical::Component>{std::move(e)};
  }
  if (master == nullptr)
    return err(Errc::BadValue, cat("--recurrence-id: the calendar has no ", spec.recurrence_id));
  IMIP_TRY(ical::Component event, made_from_master(zones, *master, at));
  event.set(id);
  return std::vector<ical::Component>{std::move(event)};
}

Result<void> complete_overrides(std::vector<ical::Component>& events)
{
  if (master_of(events) == nullptr) return {};
  const auto cancelled = [](const ical::Component& e) {
    const std::string* status = e.value("STATUS");
    return is_override(e) && status != nullptr && *status == "CANCELLED";
  };
  for (const ical::Component& e : std::vector<ical::Component>(events)) {
    if (!cancelled(e)) continue;
    ical::Property exdate = *e.find("RECURRENCE-ID");
    exdate.name = "EXDATE";
    exdate.remove_parameter("RANGE");
    events.front().properties.push_back(std::move(exdate));
  }
  std::erase_if(events, cancelled);
  for (std::size_t i = 1; i < events.size(); ++i)
    for (const char* name : {"ORGANIZER", "ATTENDEE", "SUMMARY"}) {
      if (events[i].find(name) != nullptr) continue;
      for (const ical::Property* p : events.front().all(name)) events[i].properties.push_back(*p);
    }
  return {};
}

Result<std::vector<ical::Component>> zones_for(const std::vector<ical::Component>& events,
                                               const ical::Component* base)
{
  std::set<std::string> names;
  for (const ical::Component& e : events) names.merge(used_tzids(e));
  std::vector<ical::Component> out;
  for (const std::string& name : names) {
    const ical::Component* own = nullptr;
    if (base != nullptr)
      for (const ical::Component& c : base->components)
        if (c.name == "VTIMEZONE" && c.value("TZID") != nullptr && *c.value("TZID") == name)
          own = &c;
    if (own != nullptr) {
      out.push_back(*own);
      continue;
    }
    const auto olson = ical::windows_zone(name);
    IMIP_TRY(ical::Component zone, ical::vtimezone(olson ? *olson : name));
    zone.set(make_property("TZID", name));
    out.push_back(std::move(zone));
  }
  return out;
}

}  // namespace imip::itip::detail
