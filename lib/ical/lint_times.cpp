// Start, end, duration (RFC 5545 sections 3.6, 3.8.2); VTIMEZONE (3.6.5); VALARM (3.6.6).
#include <algorithm>
#include <map>
#include <set>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "ical/detail/date_time.hpp"
#include "ical/detail/grammar.hpp"
#include "ical/detail/line_form.hpp"
#include "ical/detail/linting.hpp"
#include "ical/detail/zone_rules.hpp"

namespace imip::ical {

namespace detail {

namespace {

void lint_end(const SourceComponent& component, const SourceProperty& end, const Zones& zones, const Time& start,
              Departures& out)
{
  const std::string& name = end.property.name;
  const std::string_view section = name == "DUE" ? "3.8.2.3" : "3.8.2.2";
  const Place place{end.line, component.name, name};
  const auto time = zones.time_of(end.property);
  if (!time) return;
  if ((time->kind == TimeKind::Date) != (start.kind == TimeKind::Date)) {
    out.add(Rule::KindsDiffer, place, cat(name, " and DTSTART: one is a date, the other has a time"),
            refused(Code::BadCalendar), {5545, section});
    return;
  }
  if ((time->kind == TimeKind::Floating) != (start.kind == TimeKind::Floating))
    out.add(Rule::KindsDiffer, place, cat(name, " and DTSTART: one floats, the other does not"), {}, {5545, section});
  if (time->instant > start.instant) return;
  const bool before = time->instant < start.instant;
  out.add(Rule::EndNotAfterStart, place, cat(name, ' ', time->local, before ? " is before DTSTART " : " is no later than DTSTART ", start.local),
          before ? refused(Code::EndBeforeStart) : Effect{}, {5545, section});
}

void lint_duration(const SourceComponent& component, const Time* start, Departures& out)
{
  const SourceProperty* source = component.find("DURATION");
  if (source == nullptr) return;
  const Place place{source->line, component.name, "DURATION"};
  const std::string& value = source->property.value;
  const auto duration = parse_duration(value);
  if (!duration) return;
  if (duration->negative || (duration->days == 0 && duration->seconds == 0))
    out.add(Rule::DurationForm, place, cat(value, duration->negative ? " is negative" : " is nothing"),
            duration->negative ? refused(Code::EndBeforeStart) : Effect{});
  if (duration->loose)
    out.add(Rule::DurationForm, place, cat(value, " has weeks beside other units, or hours and seconds without minutes"), {},
            {5545, "3.3.6"});
  if (start != nullptr && start->kind == TimeKind::Date && value.find_first_of("Tt") != std::string::npos)
    out.add(Rule::DurationForm, place, cat(value, " is not in days or weeks, beside a DTSTART that is a date"));
  if (component.name == "VTODO" && component.find("DTSTART") == nullptr)
    out.add(Rule::MissingProperty, component.place("DTSTART"), "DURATION without DTSTART", {}, {5545, "3.6.2"});
}

void lint_exclusive(const SourceComponent& component, Departures& out)
{
  for (const char* name : {"DTEND", "DUE"})
    if (component.find(name) != nullptr && component.find("DURATION") != nullptr)
      out.add(Rule::ExclusiveProperties, component.place("DURATION"), cat("DURATION beside ", name), tolerated(),
              {5545, component.name == "VTODO" ? "3.6.2" : "3.6.1"});
}

}  // namespace

void lint_times(const SourceComponent& component, const Zones& zones, Departures& out)
{
  lint_exclusive(component, out);
  const SourceProperty* source = component.find("DTSTART");
  const auto read = source != nullptr ? zones.time_of(source->property) : Result<Time>{};
  const Time* start = source != nullptr && read ? &*read : nullptr;
  lint_duration(component, start, out);
  if (start != nullptr)
    for (const char* name : {"DTEND", "DUE"})
      if (const SourceProperty* end = component.find(name)) lint_end(component, *end, zones, *start, out);
  lint_recurrence(component, false, out);
}

void lint_timezone(const SourceComponent& timezone, Departures& out)
{
  if (timezone.components.empty())
    out.add(Rule::Timezone, timezone.place(), "a VTIMEZONE with neither STANDARD nor DAYLIGHT");
  for (const SourceComponent& observance : timezone.components) {
    if (observance.name != "STANDARD" && observance.name != "DAYLIGHT") continue;
    lint_recurrence(observance, true, out);
    const SourceProperty* start = observance.find("DTSTART");
    const auto time = start != nullptr ? parse_date_time(start->property.value) : std::nullopt;
    if (!time) continue;
    const Place place{start->line, observance.name, "DTSTART"};
    if (time->is_date || time->is_utc || start->property.parameter("TZID") != nullptr)
      out.add(Rule::Timezone, place, cat(start->property.value, " is not a local time"));
    if (start->property.value.starts_with("1601"))
      out.add(Rule::OldTimezone, place, "it begins in 1601, before what many programs can reckon with", tolerated());
  }
}

void lint_alarm(const SourceComponent& alarm, const SourceComponent& around, Departures& out)
{
  const auto tell = [&](std::string_view property, std::string words, std::string_view section = "3.6.6") {
    out.add(Rule::Alarm, alarm.place(property), std::move(words), {}, {5545, section});
  };
  const auto has = [&](std::string_view name) { return alarm.find(name) != nullptr; };
  const SourceProperty* source = alarm.find("ACTION");
  const std::string action = source != nullptr ? text::ascii_upper(source->property.value) : std::string();
  if (action == "AUDIO" && alarm.count("ATTACH") > 1) tell("ATTACH", "an AUDIO alarm with several ATTACH");
  if ((action == "DISPLAY" || action == "EMAIL") && !has("DESCRIPTION"))
    tell("DESCRIPTION", cat("an alarm that is ", action, " without DESCRIPTION"));
  if (action == "EMAIL" && !has("SUMMARY")) tell("SUMMARY", "an EMAIL alarm without SUMMARY");
  if (action == "EMAIL" && !has("ATTENDEE")) tell("ATTENDEE", "an EMAIL alarm without ATTENDEE");
  if (action == "PROCEDURE") tell("ACTION", "PROCEDURE: RFC 5545 has dropped it (appendix A)", "3.8.6.1");
  if (has("DURATION") != has("REPEAT"))
    out.add(Rule::ExclusiveProperties, alarm.place(has("REPEAT") ? "REPEAT" : "DURATION"),
            "of DURATION and REPEAT there is only one", {}, {5545, "3.6.6"});
  const SourceProperty* trigger = alarm.find("TRIGGER");
  const std::string* related = trigger != nullptr ? trigger->property.parameter("RELATED") : nullptr;
  if (related == nullptr || !text::ascii_iequal(*related, "END")) return;
  const char* end = around.name == "VTODO" ? "DUE" : "DTEND";
  if (around.find(end) == nullptr && (around.find("DURATION") == nullptr || around.find("DTSTART") == nullptr))
    tell("TRIGGER", cat("RELATED=END, and the ", around.name, " has no end"), "3.8.6.3");
}

}  // namespace detail

namespace {

constexpr std::size_t max_zones = 100;  // whose names are looked up

/// TZIDs in use, each with where it is first.
void collect_zones(const SourceComponent& component, std::map<std::string, Place>& used)
{
  for (const SourceProperty& p : component.properties)
    if (const std::string* tzid = p.property.parameter("TZID"))
      used.emplace(*tzid, Place{p.line, component.name, p.property.name});
  for (const SourceComponent& c : component.components) collect_zones(c, used);
}

}  // namespace

void lint_missing_timezones(const SourceComponent& calendar, Departures& out, Law law)
{
  std::map<std::string, Place> used;
  for (const SourceComponent& c : calendar.components)
    if (c.name != "VTIMEZONE") collect_zones(c, used);
  for (const SourceComponent& c : calendar.components)
    if (c.name == "VTIMEZONE")
      if (const SourceProperty* tzid = c.find("TZID")) used.erase(tzid->property.text());
  std::size_t looked_up = 0;
  for (const auto& [tzid, place] : used) {
    if (++looked_up > max_zones) return;
    if (tzid.starts_with('/')) continue;  // a registry's name needs none
    const bool olson = detail::is_olson_name(tzid);
    const auto windows = olson ? std::nullopt : windows_zone(tzid);
    std::string words = cat("no VTIMEZONE defines ", detail::excerpt(tzid));
    if (windows) words += cat("; it is a Windows name, read as ", *windows);
    out.add(Rule::MissingTimezone, place, std::move(words),
            olson ? Effect{} : windows ? tolerated() : refused(Code::BadCalendar), law);
  }
}

}  // namespace imip::ical
