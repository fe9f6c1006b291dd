// How far a to-do is, and when somebody is busy.
#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/content.hpp"

namespace imip::itip::detail {

namespace {

tl::unexpected<Error> bad(std::string what, std::string hint = {})
{
  return err(Errc::BadValue, std::move(what), std::move(hint));
}

Result<void> set_number(std::string_view flag, std::string_view name,
                        const std::optional<std::int64_t>& n, std::int64_t most,
                        ical::Component& component)
{
  if (!n) return {};
  if (*n < 0 || *n > most) return bad(cat(flag, ": ", *n, " is not a number from 0 to ", most));
  component.set(make_property(name, std::to_string(*n)));
  return {};
}

// RFC 5545 section 3.8.8.3: "3.7;Invalid calendar user[;data]".
Result<void> add_request_status(const std::string& given, ical::Component& component)
{
  const std::size_t code_end = given.find(';');
  const std::string code = given.substr(0, code_end);
  const bool digits = !code.empty() && code.find_first_not_of("0123456789.") == std::string::npos &&
                      code.find('.') != std::string::npos && code.front() != '.' && code.back() != '.';
  if (!digits || code_end == std::string::npos || code_end + 1 == given.size())
    return bad(cat("--request-status: '", given, "' is no code and text"),
               "write '3.7;Invalid calendar user'");
  std::string value = code;
  std::size_t at = code_end;
  for (int part = 0; part < 2 && at != std::string::npos; ++part) {
    const std::size_t next = part == 0 ? given.find(';', at + 1) : std::string::npos;
    value += cat(';', ical::escape_text(given.substr(at + 1, next == std::string::npos
                                                                 ? std::string::npos
                                                                 : next - at - 1)));
    at = next;
  }
  component.properties.push_back(make_property("REQUEST-STATUS", std::move(value)));
  return {};
}

struct Period {
  UtcSeconds from, to;
  std::string type;
};

Result<Period> period_of(const std::string& given, const ical::Zones& zones, const std::string& zone)
{
  const std::size_t semicolon = given.find(';');
  const std::string times = given.substr(0, semicolon);
  const std::size_t slash = times.find('/');
  if (slash == std::string::npos)
    return bad(cat("--freebusy: '", given, "' is no period"),
               "write START/END or START/PT1H, then perhaps ;FBTYPE=BUSY-TENTATIVE");
  Period out;
  const std::string end = times.substr(slash + 1);
  IMIP_TRY(const auto start_flag, when_flag("--freebusy", "DTSTART", times.substr(0, slash), zone));
  IMIP_TRY(const ical::Time start, zones.time_of(start_flag));
  ical::Time stop;
  if (!end.empty() && end.front() == 'P') {
    const auto checked = ical::check_duration(end);
    if (!checked) return bad(cat("--freebusy: ", checked.error().what), checked.error().hint);
    IMIP_TRY(stop, ical::add_duration(zones, start, *checked));
  } else {
    IMIP_TRY(const auto end_flag, when_flag("--freebusy", "DTEND", end, zone));
    IMIP_TRY(stop, zones.time_of(end_flag));
  }
  if (start.kind == ical::TimeKind::Date || stop.kind == ical::TimeKind::Date)
    return bad(cat("--freebusy: '", given, "' has a day where a time should be"));
  out.from = start.instant;
  out.to = stop.instant;
  if (out.to <= out.from) return bad(cat("--freebusy: '", given, "' ends before it begins"));
  if (semicolon == std::string::npos) return out;
  const std::string parameter = text::ascii_upper(given.substr(semicolon + 1));
  static constexpr std::array<std::string_view, 3> types{"BUSY", "BUSY-TENTATIVE", "BUSY-UNAVAILABLE"};
  out.type = parameter.starts_with("FBTYPE=") ? parameter.substr(7) : std::string();
  if (std::find(types.begin(), types.end(), out.type) == types.end())
    return bad(cat("--freebusy: '", given.substr(semicolon + 1), "' is no type of busy time"),
               "FBTYPE=BUSY, BUSY-TENTATIVE or BUSY-UNAVAILABLE");
  if (out.type == "BUSY") out.type.clear();
  return out;
}

Result<UtcSeconds> to_utc(const ical::Zones& zones, std::string_view name, ical::Component& component)
{
  const ical::Property* p = component.find(name);
  if (p == nullptr) return UtcSeconds{};
  IMIP_TRY(const ical::Time at, zones.time_of(*p));
  if (at.kind == ical::TimeKind::Date || at.kind == ical::TimeKind::Floating)
    return bad(cat(name, " of busy time is a time in UTC, no day and no floating time"),
               "write 2027-01-04T08:00:00Z, or say --timezone");
  component.set(make_property(name, to_ical_utc(at.instant)));
  return at.instant;
}

}  // namespace

Result<void> set_state(const BuildSpec& s, ical::Component& component)
{
  if (!s.status.empty()) component.set(make_property("STATUS", text::ascii_upper(s.status)));
  IMIP_CHECK(set_number("--priority", "PRIORITY", s.priority, 9, component));
  IMIP_CHECK(set_number("--percent-complete", "PERCENT-COMPLETE", s.percent_complete, 100, component));
  for (const std::string& each : s.request_status)
    IMIP_CHECK(add_request_status(each, component));
  if (s.completed.empty()) return {};
  IMIP_TRY(const auto given, when_flag("--completed", "COMPLETED", s.completed, zone_of(s, component)));
  const ical::Zones zones(ical::Component{"VCALENDAR", {}, {}});
  IMIP_TRY(const ical::Time at, zones.time_of(given));
  if (at.kind == ical::TimeKind::Date)
    return bad("--completed: a time, not a day", "write 2027-01-04T10:00");
  component.set(make_property("COMPLETED", to_ical_utc(at.instant)));  // RFC 5545 section 3.8.2.1
  return {};
}

Result<void> set_free_busy(const BuildSpec& s, const ical::Zones& zones, ical::Component& component)
{
  const std::string zone = zone_of(s, component);
  std::vector<Period> periods;
  for (const std::string& each : s.freebusy) {
    IMIP_TRY(Period p, period_of(each, zones, zone));
    periods.push_back(std::move(p));
  }
  IMIP_TRY(const UtcSeconds from, to_utc(zones, "DTSTART", component));
  IMIP_TRY(const UtcSeconds to, to_utc(zones, "DTEND", component));
  std::sort(periods.begin(), periods.end(), [](const Period& a, const Period& b) {
    return a.from != b.from ? a.from < b.from : a.to < b.to;
  });
  if (!periods.empty()) component.remove("FREEBUSY");
  for (const Period& p : periods) {
    if (p.from < from || p.to > to)
      return bad(cat("--freebusy: ", to_ical_utc(p.from), '/', to_ical_utc(p.to),
                     " is not between the start and the end"));
    ical::Property property =
        make_property("FREEBUSY", cat(to_ical_utc(p.from), '/', to_ical_utc(p.to)));
    if (!p.type.empty()) property.set_parameter("FBTYPE", p.type);
    component.properties.push_back(std::move(property));
  }
  return {};
}

}  // namespace imip::itip::detail
