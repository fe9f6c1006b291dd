#include <algorithm>
#include <utility>

#include "base/cat.hpp"
#include "ical/recurrence.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/scope.hpp"

namespace imip::itip::detail {

namespace {

using ical::TimeKind;

tl::unexpected<Error> bad_flag(std::string what, std::string hint = {})
{
  return err(Errc::BadValue, std::move(what), std::move(hint));
}

std::string_view kind_name(TimeKind kind)
{
  return kind == TimeKind::Date ? "a day" : "a time";
}

// --start alone moves the event: its length stays.
Result<void> move_end(const ical::Zones& zones, const ical::Span& before, const ical::Time& start,
                      std::string_view end_of, ical::Component& event)
{
  if (event.find(end_of) == nullptr) return {};
  const bool was_date = before.start.kind == TimeKind::Date;
  if (was_date != (start.kind == TimeKind::Date))
    return bad_flag(cat("--start is ", kind_name(start.kind), " but the event's own is ",
                        kind_name(before.start.kind)),
                    cat("give ", end_of == "DUE" ? "--due" : "--end", " or --duration too"));
  ical::Time end = start;
  end.instant += before.end.instant - before.start.instant;
  if (start.kind == TimeKind::Zoned || start.kind == TimeKind::Utc) {
    IMIP_TRY(end, zones.in_zone(end.instant, start.tzid));
  } else {
    end.local = to_ical_utc(end.instant).substr(0, was_date ? 8 : 15);
  }
  event.set(time_property(end_of, end));
  return {};
}

Result<void> set_start(const BuildSpec& spec, Kind kind, const ical::Zones& zones,
                       const std::string& zone, ical::Component& event)
{
  if (spec.start.empty()) return {};
  IMIP_TRY(const ical::Property start, when_flag("--start", "DTSTART", spec.start, zone, &zones));
  IMIP_TRY(const ical::Time at, zones.time_of(start));
  const bool end_given = !(spec.end.empty() && spec.due.empty() && spec.duration.empty());
  if (event.find("DTSTART") != nullptr && !end_given && !end_name(kind).empty()) {
    IMIP_TRY(const ical::Span before, ical::span_of(zones, event));
    IMIP_CHECK(move_end(zones, before, at, end_name(kind), event));
  }
  event.set(start);
  return {};
}

Result<void> set_end(const BuildSpec& spec, Kind kind, const ical::Zones& zones,
                     const std::string& zone, ical::Component& event)
{
  const bool todo = kind == Kind::Todo;
  const std::string& given = todo ? spec.due : spec.end;
  const std::string_view flag = todo ? "--due" : "--end";
  if (!given.empty() && !spec.duration.empty())
    return bad_flag(cat(flag, " and --duration exclude each other"));
  if (!given.empty()) {
    IMIP_TRY(ical::Property end, when_flag(flag, end_name(kind), given, zone, &zones));
    event.remove("DURATION");
    event.set(std::move(end));
  }
  if (!spec.duration.empty()) {
    auto duration = ical::check_duration(spec.duration);
    if (!duration)
      return bad_flag(cat("--duration: ", duration.error().what), duration.error().hint);
    event.remove(end_name(kind));
    event.set(make_property("DURATION", *duration));
  }
  return {};
}

// RFC 5545 section 3.3.10: UNTIL is a DATE if DTSTART is, else (but for floating times) UTC.
Result<void> check_until(const std::string& rule, TimeKind start)
{
  const std::size_t at = rule.find("UNTIL=");
  if (at == std::string::npos) return {};
  const std::string until = rule.substr(at + 6, rule.find(';', at) - at - 6);
  const bool date = until.find('T') == std::string::npos;
  const bool utc = !until.empty() && until.back() == 'Z';
  if (date != (start == TimeKind::Date))
    return bad_flag(
        cat("--rrule: UNTIL=", until, " does not go with --start"),
        start == TimeKind::Date ? "write UNTIL=20270630" : "write UNTIL=20270630T080000Z");
  if (!date && utc != (start != TimeKind::Floating))
    return bad_flag(cat("--rrule: UNTIL=", until, " is not in UTC"),
                    "write UNTIL=20270630T080000Z");
  return {};
}

Result<void> set_rule(const BuildSpec& spec, const ical::Zones& zones, ical::Component& event)
{
  if (spec.rrule.empty()) return {};
  if (!spec.recurrence_id.empty())
    return bad_flag("--rrule and --recurrence-id exclude each other");
  const auto checked = ical::check_rrule(spec.rrule);
  if (!checked) return bad_flag(cat("--rrule: ", checked.error().what), checked.error().hint);
  if (const ical::Property* start = event.find("DTSTART")) {
    IMIP_TRY(const ical::Time at, zones.time_of(*start));
    IMIP_CHECK(check_until(spec.rrule, at.kind));
  }
  event.set(make_property("RRULE", spec.rrule));
  return {};
}

Result<void> add_dates(std::string_view flag, std::string_view name,
                       const std::vector<std::string>& whens, const std::string& zone,
                       const ical::Zones& zones, ical::Component& event)
{
  const ical::Property* start = event.find("DTSTART");
  if (whens.empty() || start == nullptr) return {};
  IMIP_TRY(const ical::Time first, zones.time_of(*start));
  const ical::Component before = event;
  for (const std::string& when : whens) {
    IMIP_TRY(const ical::Property given, when_flag(flag, name, when, zone, &zones));
    IMIP_TRY(ical::Time at, zones.time_of(given));
    if ((at.kind == TimeKind::Date) != (first.kind == TimeKind::Date))
      return bad_flag(cat(flag, " '", when, "' is ", kind_name(at.kind), " but the start is ",
                          kind_name(first.kind)));
    if (first.kind == TimeKind::Zoned || first.kind == TimeKind::Utc) {
      IMIP_TRY(at, zones.in_zone(at.instant, first.tzid));
    }
    if (name == "EXDATE") {
      IMIP_TRY(const bool there, ical::has_instance(zones, before, at, Limits{}));
      if (!there) return bad_flag(cat(flag, ": nothing takes place at ", when));
    }
    event.properties.push_back(time_property(name, at));
  }
  return {};
}

/// In a zone that tzdata does not have under this name, or in none.
Result<ical::Property> when_in_own_zone(std::string_view flag, std::string_view name,
                                        const std::string& when, const std::string& timezone,
                                        const ical::Zones& zones)
{
  if (const auto instant = ical::when_property(name, when, {})) {  // a day, or with an offset
    IMIP_TRY(const ical::Time at, zones.time_of(*instant));
    if (at.kind == TimeKind::Date || timezone == floating) return *instant;
    IMIP_TRY(const ical::Time there, zones.in_zone(at.instant, timezone));
    return time_property(name, there);
  }
  IMIP_TRY(ical::Property local, when_flag(flag, name, when, "UTC"));
  local.value.pop_back();  // the Z
  if (timezone == floating) return local;
  local.set_parameter("TZID", timezone);
  const auto at = zones.time_of(local);
  if (!at) return bad_flag(cat(flag, ": ", at.error().what), at.error().hint);
  return local;
}

}  // namespace

std::string zone_of(const BuildSpec& spec, const ical::Component& component)
{
  if (!spec.timezone.empty()) return spec.timezone;
  for (const char* name : {"DTSTART", "DUE", "RECURRENCE-ID"}) {
    const ical::Property* p = component.find(name);
    const std::string* tzid = p != nullptr ? p->parameter("TZID") : nullptr;
    if (tzid != nullptr) return *tzid;
    if (p == nullptr || p->value.find('T') == std::string::npos) continue;
    return p->value.ends_with('Z') ? "UTC" : std::string(floating);
  }
  return {};
}

Result<ical::Property> when_flag(std::string_view flag, std::string_view name,
                                 const std::string& when, const std::string& timezone,
                                 const ical::Zones* zones)
{
  if (zones != nullptr && !timezone.empty() && timezone != "UTC" && !ical::vtimezone(timezone))
    return when_in_own_zone(flag, name, when, timezone, *zones);
  auto property = ical::when_property(name, when, timezone);
  if (!property) return bad_flag(cat(flag, ": ", property.error().what), property.error().hint);
  return property;
}

}  // namespace imip::itip::detail

namespace imip::itip {

Result<ical::Property> when_of(std::string_view flag, std::string_view name,
                               const std::string& when, const ical::Component& calendar,
                               const ical::Component& component)
{
  const ical::Zones zones(calendar);
  return detail::when_flag(flag, name, when, detail::zone_of({}, component), &zones);
}

}  // namespace imip::itip

namespace imip::itip::detail {

ical::Property time_property(std::string_view name, const ical::Time& time)
{
  ical::Property p = make_property(name, time.local);
  if (time.kind == TimeKind::Date) p.set_parameter("VALUE", "DATE");
  if (time.kind == TimeKind::Utc) p.value += 'Z';
  if (time.kind == TimeKind::Zoned) p.set_parameter("TZID", time.tzid);
  return p;
}

UtcSeconds wall_of(const ical::Time& time)
{
  return read_time_text(time.local).instant;
}

ical::Time moved_wall(const ical::Zones& zones, const ical::Time& like, UtcSeconds wall)
{
  ical::Time out = like;
  out.local = to_ical_utc(wall).substr(0, like.kind == TimeKind::Date ? 8 : 15);
  const auto read = zones.time_of(time_property("DTSTART", out));
  return read ? *read : out;
}

Result<void> set_times(const BuildSpec& spec, Kind kind, const ical::Component& calendar,
                       bool has_base, ical::Component& event)
{
  if (!spec.timezone.empty()) {
    const auto zone = ical::vtimezone(spec.timezone);
    if (!zone) return bad_flag(cat("--timezone: ", zone.error().what), zone.error().hint);
  }
  const std::string zone = zone_of(spec, event);
  const ical::Zones zones(calendar);
  IMIP_CHECK(set_start(spec, kind, zones, zone, event));
  IMIP_CHECK(set_end(spec, kind, zones, zone, event));
  IMIP_CHECK(set_rule(spec, zones, event));
  IMIP_CHECK(add_dates("--rdate", "RDATE", spec.rdates, zone, zones, event));
  IMIP_CHECK(add_dates("--exdate", "EXDATE", spec.exdates, zone, zones, event));
  if (!has_base && !spec.recurrence_id.empty()) {
    IMIP_TRY(ical::Property id,
             when_flag("--recurrence-id", "RECURRENCE-ID", spec.recurrence_id, zone, &zones));
    if (spec.this_and_future) id.set_parameter("RANGE", "THISANDFUTURE");
    event.set(std::move(id));
  }
  return {};
}

}  // namespace imip::itip::detail
