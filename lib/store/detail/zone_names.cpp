#include "store/detail/zone_names.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "ical/time.hpp"

namespace imip::store::detail {
namespace {

constexpr std::string_view mark = "-imip-";
constexpr std::size_t mark_digits = 8;

void collect(const ical::Component& component, std::set<std::string>& into)
{
  for (const ical::Property& property : component.properties)
    if (const std::string* tzid = property.parameter("TZID")) into.insert(*tzid);
  for (const ical::Component& inner : component.components) collect(inner, into);
}

void rename(ical::Component& component, const std::map<std::string, std::string>& names)
{
  for (ical::Property& property : component.properties) {
    const std::string* tzid = property.parameter("TZID");
    const auto name = tzid != nullptr ? names.find(*tzid) : names.end();
    if (name != names.end()) property.set_parameter("TZID", name->second);
  }
  if (component.name == "VTIMEZONE") {
    const auto name = names.find(component.text("TZID"));
    if (name != names.end()) component.set(ical::text_property("TZID", name->second));
  }
  for (ical::Component& inner : component.components) rename(inner, names);
}

/// The name before it was made fresh.
std::optional<std::string> original_name(const std::string& tzid)
{
  if (tzid.size() <= mark.size() + mark_digits) return std::nullopt;
  const std::size_t at = tzid.size() - mark.size() - mark_digits;
  const bool marked = tzid.compare(at, mark.size(), mark) == 0 &&
                      tzid.find_first_not_of("0123456789abcdef", at + mark.size()) == std::string::npos;
  if (!marked) return std::nullopt;
  return tzid.substr(0, at);
}

/// The VTIMEZONE alone, under a name that no tzdata knows: else that would be asked and not the VTIMEZONE.
constexpr const char* neutral_name = "imip-compared";
std::optional<ical::Component> alone(const std::string& vtimezone, const Limits& limits)
{
  auto parsed = ical::parse(cat("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//imip//imip//EN\r\n", vtimezone,
                                "END:VCALENDAR\r\n"),
                            limits);
  if (!parsed || parsed->calendar.components.empty()) return std::nullopt;
  parsed->calendar.components.front().set(ical::text_property("TZID", neutral_name));
  return std::move(parsed->calendar);
}

struct Span {
  UtcSeconds first, last;
};

Span dates_of(const ical::Component& calendar)
{
  const ical::Zones zones(calendar);
  std::optional<Span> out;
  for (const ical::Component& component : calendar.components) {
    const ical::Property* start = component.name == "VTIMEZONE" ? nullptr : component.find("DTSTART");
    const auto time = start != nullptr ? zones.time_of(*start) : Result<ical::Time>(ical::Time{});
    if (start == nullptr || !time) continue;
    if (!out) out = Span{time->instant, time->instant};
    out->first = std::min(out->first, time->instant);
    out->last = std::max(out->last, time->instant);
  }
  return out.value_or(Span{});
}

bool same_offset(const ical::Zones& a, const ical::Zones& b, UtcSeconds at)
{
  const auto one = a.in_zone(at, neutral_name);
  const auto other = b.in_zone(at, neutral_name);
  return one && other && one->local == other->local;
}

}  // namespace

std::set<std::string> tzids_in(const ical::Component& calendar)
{
  std::set<std::string> out;
  collect(calendar, out);
  return out;
}

std::string fresh_zone_name(const std::string& tzid, const std::string& vtimezone)
{
  std::string plain = vtimezone;
  std::erase(plain, '\r');
  return cat(tzid, mark, sha256_hex(plain).substr(0, mark_digits));
}

bool restore_zone_names(ical::Component& calendar)
{
  const std::set<std::string> used = tzids_in(calendar);
  std::map<std::string, std::string> names;
  std::set<std::string> taken = used;
  for (const std::string& tzid : used)
    if (const auto before = original_name(tzid); before && taken.insert(*before).second)
      names.emplace(tzid, *before);
  if (!names.empty()) rename(calendar, names);
  return !names.empty();
}

Result<std::string> with_zone_names(const std::string& calendar,
                                    const std::map<std::string, std::string>& names,
                                    const Limits& limits)
{
  IMIP_TRY(ical::Parsed parsed, ical::parse(calendar, limits));
  rename(parsed.calendar, names);
  return ical::serialise(parsed.calendar);
}

bool same_zone(const std::string& a, const std::string& b, const ical::Component& calendar,
               const Limits& limits)
{
  if (a == b) return true;
  const auto one = alone(a, limits);
  const auto other = alone(b, limits);
  if (!one || !other) return false;
  const ical::Zones first(*one);
  const ical::Zones second(*other);
  const Span span = dates_of(calendar);
  constexpr std::chrono::days further{12 * 366};
  constexpr std::chrono::hours step{6};
  constexpr std::chrono::days most{60 * 366};
  const UtcSeconds end = std::min(span.last, span.first + most) + further;
  for (UtcSeconds at = span.first - std::chrono::days{1}; at < end; at += step)
    if (!same_offset(first, second, at)) return false;
  return true;
}

}  // namespace imip::store::detail
