#include "ical/time.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "ical/detail/date_time.hpp"
#include "ical/detail/zones_impl.hpp"

namespace imip::ical {

using detail::DateTime;
using detail::ZoneRules;

namespace {

// The system's zones outlive a calendar: one message after another names the same few.
Result<std::shared_ptr<const ZoneRules>> tzdata_rules(const std::string& olson)
{
  static thread_local std::map<std::string, std::shared_ptr<const ZoneRules>> read;
  constexpr std::size_t most = 32;  // a few kilobytes each
  if (const auto known = read.find(olson); known != read.end()) return known->second;
  IMIP_TRY(ZoneRules made, ZoneRules::from_tzdata(olson));
  if (read.size() >= most) read.clear();
  return read[olson] = std::make_shared<const ZoneRules>(std::move(made));
}

bool is_short(const Component& c)
{
  return c.properties.size() <= 8 && std::all_of(c.properties.begin(), c.properties.end(), [](const Property& p) {
           return p.parameters.empty() && p.name.size() + p.value.size() <= 200;
         });
}

/// As those that programs write, and not somebody's idea of filling the memory.
bool worth_keeping(const Component& vtimezone)
{
  const auto& observances = vtimezone.components;
  return is_short(vtimezone) && observances.size() <= 8 &&
         std::all_of(observances.begin(), observances.end(),
                     [](const Component& c) { return is_short(c) && c.components.empty(); });
}

// A program writes the same VTIMEZONE into message after message.
Result<std::shared_ptr<const ZoneRules>> vtimezone_rules(const Component& vtimezone)
{
  static thread_local std::vector<std::pair<Component, std::shared_ptr<const ZoneRules>>> made;
  constexpr std::size_t most = 8;
  for (const auto& [known, rules] : made)
    if (known == vtimezone) return rules;
  IMIP_TRY(ZoneRules fresh, ZoneRules::from_vtimezone(vtimezone));
  auto rules = std::make_shared<const ZoneRules>(std::move(fresh));
  if (!worth_keeping(vtimezone)) return rules;
  if (made.size() >= most) made.clear();
  made.emplace_back(vtimezone, rules);
  return rules;
}

}  // namespace

Result<std::shared_ptr<const ZoneRules>> Zones::Impl::rules(const std::string& tzid)
{
  const std::lock_guard lock(mutex);
  if (const auto known = resolved.find(tzid); known != resolved.end()) return known->second;
  if (const auto own = defined.find(tzid); own != defined.end()) {
    auto made = vtimezone_rules(own->second);
    if (!made) {
      return err(Errc::BadValue, cat("the VTIMEZONE \"", tzid, "\": ", made.error().what));
    }
    return resolved[tzid] = *std::move(made);
  }
  const auto olson = detail::olson_name_for(tzid);
  if (!olson) {
    return err(Errc::BadValue, cat("unknown time zone \"", tzid, "\""),
               "it has no VTIMEZONE and is no name of the time zone database");
  }
  IMIP_TRY(auto shared, tzdata_rules(*olson));
  return resolved[tzid] = std::move(shared);
}

Zones::Zones(const Component& calendar) : impl_(std::make_unique<Impl>())
{
  for (const Component& child : calendar.components) {
    if (child.name != "VTIMEZONE") continue;
    const std::string* tzid = child.value("TZID");
    if (tzid) impl_->defined.emplace(child.text("TZID"), child);
  }
}

Zones::Zones(Zones&&) noexcept = default;
Zones::~Zones() = default;

namespace detail {

UtcSeconds wall_of(const Time& time)
{
  const auto parsed = parse_date_time(time.local);
  return parsed ? parsed->wall : time.instant;
}

Result<Time> time_like(const Zones& zones, const Time& like, UtcSeconds wall)
{
  if (!in_range(wall)) return err(Errc::BadValue, "a time after the year 9999 or before 0");
  Time out;
  out.kind = like.kind;
  out.local = format_wall(wall, like.kind == TimeKind::Date);
  out.instant = wall;
  if (like.kind == TimeKind::Zoned) {
    out.tzid = like.tzid;
    IMIP_TRY(const auto rules, ZonesAccess::impl(zones).rules(like.tzid));
    out.instant = rules->instant_of(wall);
  }
  return out;
}

}  // namespace detail

namespace {

Result<Time> read_value(const Zones& zones, const Property& property, std::string_view value)
{
  const auto parsed = detail::parse_date_time(value);
  if (!parsed) {
    return err(Errc::BadValue, cat(property.name, " \"", value, "\" is no date or time"));
  }
  Time kind;
  const std::string* tzid = property.parameter("TZID");
  if (parsed->is_date) {
    kind.kind = TimeKind::Date;
  } else if (parsed->is_utc) {  // a TZID beside the Z means nothing
    kind.kind = TimeKind::Utc;
  } else if (tzid) {
    kind.kind = TimeKind::Zoned;
    kind.tzid = *tzid;
  } else {
    kind.kind = TimeKind::Floating;
  }
  auto out = detail::time_like(zones, kind, parsed->wall);
  if (!out)
    return err(Errc::BadValue, cat(property.name, ": ", out.error().what), out.error().hint);
  return out;
}

}  // namespace

Result<Time> Zones::time_of(const Property& property) const
{
  return read_value(*this, property, property.value);
}

Result<std::vector<Time>> Zones::times_of(const Property& property) const
{
  std::vector<Time> out;
  std::string_view rest = property.value;
  while (true) {
    const auto comma = rest.find(',');
    const auto item = rest.substr(0, comma);
    IMIP_TRY(Time time, read_value(*this, property, item.substr(0, item.find('/'))));
    out.push_back(std::move(time));
    if (comma == std::string_view::npos) return out;
    rest.remove_prefix(comma + 1);
  }
}

Result<Time> Zones::in_zone(UtcSeconds instant, const std::string& tzid) const
{
  Time out;
  out.kind = tzid.empty() ? TimeKind::Utc : TimeKind::Zoned;
  out.tzid = tzid;
  out.instant = instant;
  UtcSeconds wall = instant;
  if (!tzid.empty()) {
    IMIP_TRY(const auto rules, impl_->rules(tzid));
    wall += rules->offset_at(instant);
  }
  if (!detail::in_range(wall)) return err(Errc::BadValue, "a time after the year 9999 or before 0");
  out.local = detail::format_wall(wall, false);
  return out;
}

std::string Zones::show_in(UtcSeconds instant, const std::string& tzid) const
{
  const auto local = in_zone(instant, tzid);
  if (!local) {
    if (tzid.empty()) return to_rfc3339(instant);
    return show_in(instant, {});
  }
  const std::string& l = local->local;
  const auto offset = detail::wall_of(*local) - instant;
  std::string sign = detail::format_offset(offset);
  sign.insert(3, ":");
  return cat(l.substr(0, 4), "-", l.substr(4, 2), "-", l.substr(6, 2), " ", l.substr(9, 2), ":",
             l.substr(11, 2), " ", tzid.empty() ? "UTC" : tzid, " (", sign, ")");
}

bool Zones::differs_from_tzdata(const std::string& tzid, UtcSeconds instant) const
{
  if (impl_->defined.find(tzid) == impl_->defined.end()) return false;
  const auto olson = detail::olson_name_for(tzid);
  if (!olson) return false;
  const auto own = impl_->rules(tzid);
  const auto tzdata = tzdata_rules(*olson);
  if (!own || !tzdata) return true;
  return (*own)->offset_at(instant) != (*tzdata)->offset_at(instant);
}

std::vector<Stretch> Zones::differing_from_tzdata(const std::string& tzid, UtcSeconds from,
                                                  UtcSeconds to) const
{
  if (impl_->defined.find(tzid) == impl_->defined.end() || from >= to) return {};
  const auto olson = detail::olson_name_for(tzid);
  if (!olson) return {};
  const auto own = impl_->rules(tzid);
  const auto tzdata = tzdata_rules(*olson);
  if (!own || !tzdata) return {{from, to}};
  const auto ours = (*own)->offsets(from, to);
  const auto theirs = (*tzdata)->offsets(from, to);
  std::vector<Stretch> out;
  auto a = ours.begin();
  auto b = theirs.begin();
  for (UtcSeconds at = from; at < to;) {
    const UtcSeconds next =
        std::min(a + 1 == ours.end() ? to : (a + 1)->at, b + 1 == theirs.end() ? to : (b + 1)->at);
    if (a->offset != b->offset) {
      if (!out.empty() && out.back().to == at) {
        out.back().to = next;
      } else {
        out.push_back({at, next});
      }
    }
    if (a + 1 != ours.end() && (a + 1)->at == next) ++a;
    if (b + 1 != theirs.end() && (b + 1)->at == next) ++b;
    at = next;
  }
  return out;
}

Result<std::vector<OffsetChange>> Zones::offsets(const std::string& tzid, UtcSeconds from,
                                                 UtcSeconds to) const
{
  IMIP_TRY(const auto rules, impl_->rules(tzid));
  return rules->offsets(from, to);
}

Result<std::string> check_duration(std::string_view duration)
{
  const auto parsed = detail::parse_duration(duration);
  if (!parsed) {
    return err(Errc::BadValue, cat("\"", duration, "\" is no duration"),
               "write it as RFC 5545 does: PT1H30M, P1D, P2W");
  }
  if (parsed->negative && parsed->days + parsed->seconds > 0) {
    return err(Errc::BadValue, cat("the duration \"", duration, "\" is negative"));
  }
  if (!parsed->loose) return text::ascii_upper(duration);
  const std::string days = cat('P', parsed->days, 'D');
  if (parsed->seconds == 0) return days;
  return (parsed->days > 0 ? days : "P") + cat('T', parsed->seconds / 3600, 'H', parsed->seconds / 60 % 60, 'M', parsed->seconds % 60, 'S');
}

Result<Time> in_series(const Zones& zones, const Time& start, const Time& time)
{
  if (time.kind != TimeKind::Floating || start.kind != TimeKind::Zoned) return time;
  return detail::time_like(zones, start, detail::wall_of(time));
}

Result<std::vector<Time>> times_in_series(const Zones& zones, const Component& master,
                                          const Property& property)
{
  IMIP_TRY(std::vector<Time> times, zones.times_of(property));
  const Property* dtstart = master.find("DTSTART");
  if (dtstart == nullptr) return times;
  IMIP_TRY(const Time start, zones.time_of(*dtstart));
  for (Time& time : times) {
    IMIP_TRY(time, in_series(zones, start, time));
  }
  return times;
}

Result<Time> add_duration(const Zones& zones, const Time& start, std::string_view duration)
{
  const auto parsed = detail::parse_duration(duration);
  if (!parsed) return err(Errc::BadValue, cat("\"", duration, "\" is no duration"));
  const int sign = parsed->negative ? -1 : 1;
  const auto nominal = std::chrono::seconds{86'400 * parsed->days * sign};
  const auto exact = std::chrono::seconds{parsed->seconds * sign};
  if (start.kind == TimeKind::Date && parsed->seconds % 86'400 != 0) {
    return err(Errc::BadValue, cat("the duration \"", duration, "\" does not fit a date"));
  }
  const UtcSeconds wall = detail::wall_of(start) + nominal;
  if (start.kind != TimeKind::Zoned) return detail::time_like(zones, start, wall + exact);
  IMIP_TRY(const Time moved, detail::time_like(zones, start, wall));
  if (exact.count() == 0) return moved;
  return zones.in_zone(moved.instant + exact, start.tzid);
}

Result<Span> span_of(const Zones& zones, const Component& event)
{
  const Property* start = event.find("DTSTART");
  if (!start) return err(Errc::BadValue, cat(event.name, " has no DTSTART"));
  Span out;
  IMIP_TRY(out.start, zones.time_of(*start));
  const Property* end = event.find(event.name == "VTODO" ? "DUE" : "DTEND");
  if (end) {
    IMIP_TRY(out.end, zones.time_of(*end));
  } else if (const std::string* duration = event.value("DURATION")) {
    IMIP_CHECK(check_duration(*duration));
    IMIP_TRY(out.end, add_duration(zones, out.start, *duration));
  } else if (out.start.kind == TimeKind::Date && event.name == "VEVENT") {
    IMIP_TRY(out.end, add_duration(zones, out.start, "P1D"));
  } else {
    out.end = out.start;
  }
  return out;
}

}  // namespace imip::ical
