// WHEN of the command line, and when the periods of RDATE end.
#include <algorithm>

#include "base/cat.hpp"
#include "ical/detail/date_time.hpp"
#include "ical/detail/zone_rules.hpp"
#include "ical/time.hpp"

namespace imip::ical {

namespace {

/// "2027-01-04T10:00", "2027-01-04 10:00:00", "2027-01-04": what a DATE or DATE-TIME would be.
std::string without_separators(std::string_view when)
{
  const auto at = [&](std::size_t i, char c) { return when.size() > i && when[i] == c; };
  if (!at(4, '-') || !at(7, '-')) return std::string(when);
  std::string out = cat(when.substr(0, 4), when.substr(5, 2), when.substr(8, 2));
  if (when.size() == 10) return out;
  const bool has_seconds = when.size() == 19 && at(16, ':');
  if ((!at(10, 'T') && !at(10, ' ')) || !at(13, ':') || (when.size() != 16 && !has_seconds)) {
    return {};
  }
  return cat(out, "T", when.substr(11, 2), when.substr(14, 2),
             has_seconds ? when.substr(17, 2) : std::string_view("00"));
}

Result<Property> zoned(std::string_view name, std::string_view when, UtcSeconds wall,
                       const std::string& timezone)
{
  if (timezone.empty()) {
    return err(Errc::BadValue, cat("\"", when, "\" has no time zone"),
               "add one (for example --timezone Europe/Berlin), or end it with Z for UTC");
  }
  IMIP_TRY(const auto rules, detail::ZoneRules::from_tzdata(timezone));
  if (!rules.exists(wall)) {
    const UtcSeconds at = rules.instant_of(wall);  // as RFC 5545 section 3.3.5 reads it
    const std::string there = to_rfc3339(at + rules.offset_at(at));
    return err(Errc::BadValue, cat("\"", when, "\" does not exist in ", timezone),
               cat("the clocks are set forward over it: what repeats at that time takes place at ",
                   there.substr(0, there.find('Z'))));
  }
  const std::string local = detail::format_wall(wall, false);
  if (timezone == "UTC") return Property{std::string(name), {}, local + "Z"};
  return Property{std::string(name), {Parameter{"TZID", {timezone}}}, local};
}

}  // namespace

Result<Periods> periods_of(const Zones& zones, const Component& master)
{
  Periods out;
  IMIP_TRY(const Time first, zones.time_of(*master.find("DTSTART")));
  for (const Property* rdate : master.all("RDATE")) {
    std::string_view rest = rdate->value;
    while (!rest.empty()) {
      const std::string_view item = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(item.size() + 1, rest.size()));
      const std::size_t slash = item.find('/');
      if (slash == std::string_view::npos) continue;
      Property time = *rdate;
      time.value = item.substr(0, slash);
      IMIP_TRY(Time start, zones.time_of(time));
      IMIP_TRY(start, in_series(zones, first, start));
      Time end;
      if (item.find('P', slash) != std::string_view::npos) {
        IMIP_TRY(end, add_duration(zones, start, item.substr(slash + 1)));
      } else {
        time.value = item.substr(slash + 1);
        IMIP_TRY(end, zones.time_of(time));
        IMIP_TRY(end, in_series(zones, first, end));
      }
      out[start.instant] = end.instant;
    }
  }
  return out;
}

Result<Property> when_property(std::string_view name, std::string_view when,
                               const std::string& timezone)
{
  if (const auto parsed = detail::parse_date_time(without_separators(when))) {
    if (parsed->is_date) {
      return Property{std::string(name),
                      {Parameter{"VALUE", {"DATE"}}},
                      detail::format_wall(parsed->wall, true)};
    }
    if (parsed->is_utc && timezone.empty()) {
      return Property{std::string(name), {}, to_ical_utc(parsed->wall)};
    }
    if (!parsed->is_utc) return zoned(name, when, parsed->wall, timezone);
  }
  const auto instant = parse_instant(when);
  if (!instant) {
    return err(Errc::BadValue, cat("\"", when, "\" is no date or time"),
               "write it as 2027-01-04T10:00, 2027-01-04T10:00:00+01:00, 20270104T090000Z, or "
               "2027-01-04 for a whole day");
  }
  if (timezone.empty() || timezone == "UTC") {
    return Property{std::string(name), {}, to_ical_utc(*instant)};
  }
  IMIP_TRY(const auto rules, detail::ZoneRules::from_tzdata(timezone));
  const UtcSeconds wall = *instant + rules.offset_at(*instant);
  if (!detail::in_range(wall)) return err(Errc::BadValue, cat("\"", when, "\" is after the year 9999 there"));
  if (rules.instant_of(wall) != *instant)  // RFC 5545 section 3.3.5: the first of the two
    return err(
        Errc::BadValue,
        cat("\"", when, "\" cannot be said in ", timezone, ": the clock shows that hour twice"),
        "say it in UTC: --timezone UTC");
  return Property{std::string(name), {Parameter{"TZID", {timezone}}}, detail::format_wall(wall, false)};
}

}  // namespace imip::ical
