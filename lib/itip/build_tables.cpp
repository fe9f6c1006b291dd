// What the restriction tables of RFC 5546 section 3 mean for what is built.
#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/content.hpp"
#include "itip/restrictions.hpp"

namespace imip::itip::detail {

namespace {

const Restriction* row_of(Method method, Kind kind, std::string_view name)
{
  for (const Restriction& r : restrictions(method, kind))
    if (r.within == kind_word(kind) && r.name == name) return &r;
  return nullptr;
}

// The properties that some table names: those of RFC 5545.
bool is_named(std::string_view name)
{
  const auto rows = restrictions();
  return std::any_of(rows.begin(), rows.end(), [&](const Restriction& r) { return r.name == name; });
}

bool stays(Method method, std::string_view name)
{
  static constexpr std::array<std::string_view, 16> of_cancel{
      "UID",    "RECURRENCE-ID", "DTSTART",  "DTEND",     "DUE",      "DURATION", "RRULE",   "RDATE",
      "EXDATE", "SUMMARY",       "LOCATION", "ORGANIZER", "ATTENDEE", "COMMENT",  "SEQUENCE", "PRIORITY"};
  static constexpr std::array<std::string_view, 10> of_answer{
      "UID",      "RECURRENCE-ID", "DTSTART",   "DTEND",    "DUE",
      "DURATION", "SUMMARY",       "ORGANIZER", "SEQUENCE", "FREEBUSY"};
  static constexpr std::array<std::string_view, 3> of_refresh{"UID", "RECURRENCE-ID", "ORGANIZER"};
  const auto in = [&](const auto& names) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  switch (method) {
    case Method::Cancel:
      return in(of_cancel);
    case Method::Reply:
      return in(of_answer);
    case Method::DeclineCounter:
      return in(of_answer) || name == "ATTENDEE";
    case Method::Refresh:
      return in(of_refresh);
    case Method::None:
    case Method::Publish:
    case Method::Request:
    case Method::Add:
    case Method::Counter:
      break;
  }
  return name != "REQUEST-STATUS";
}

}  // namespace

bool may_have(Kind kind, std::string_view property)
{
  const auto rows = restrictions();
  return std::any_of(rows.begin(), rows.end(), [&](const Restriction& r) {
    return r.kind == kind && r.within == kind_word(kind) && r.name == property &&
           r.presence != Presence::Never;
  });
}

bool forbids(Method method, Kind kind, std::string_view property)
{
  // Section 3.4.6 leaves ORGANIZER out, RFC 5545 section 3.8.4.3 demands it: without it nobody knows whose task is meant.
  if (method == Method::Refresh && property == "ORGANIZER") return false;
  const Restriction* row = row_of(method, kind, property);
  return row != nullptr ? row->presence == Presence::Never
                        : is_named(property) && !may_have(kind, property);
}

bool takes_one(Method method, Kind kind)
{
  for (const Restriction& r : restrictions(method, kind))
    if (r.within == "VCALENDAR" && r.name == kind_word(kind)) return r.presence == Presence::One;
  return false;
}

std::string_view end_name(Kind kind)
{
  switch (kind) {
    case Kind::Todo:
      return "DUE";
    case Kind::Event:
    case Kind::FreeBusy:
      return "DTEND";
    case Kind::Journal:
    case Kind::None:
      break;
  }
  return {};
}

void reduce(Method method, std::vector<ical::Component>& components)
{
  const bool whole = method == Method::Publish || method == Method::Request ||
                     method == Method::Add || method == Method::Counter;
  for (ical::Component& c : components) {
    std::erase_if(c.properties, [&](const ical::Property& p) { return !stays(method, p.name); });
    if (!whole) c.components.clear();
  }
}

void fill_and_trim(Method method, Kind kind, ical::Component& component)
{
  std::erase_if(component.properties,
                [&](const ical::Property& p) { return forbids(method, kind, p.name); });
  for (const Restriction& r : restrictions(method, kind)) {
    if (r.within != component.name || component.find(r.name) != nullptr) continue;
    if (r.presence != Presence::One) continue;
    if (r.predicate == "may-be-empty") component.set(make_property(r.name, ""));
    if (r.name == "PRIORITY") component.set(make_property(r.name, "0"));  // undefined
  }
}

Result<void> check_restrictions(Method method, Kind kind, const ical::Component& component)
{
  const std::string what = cat(method_word(method), " of a ", kind_word(kind));
  for (const Restriction& r : restrictions(method, kind)) {
    if (r.within != component.name) continue;
    const std::size_t n = component.count(r.name);
    const bool one = r.presence == Presence::One || r.presence == Presence::AtMostOne;
    if (n == 0 && (r.presence == Presence::One || r.presence == Presence::Some))
      return err(Errc::BadValue, cat("a ", what, " has to have ", r.name));
    if (n > 1 && one) return err(Errc::BadValue, cat("a ", what, " cannot have several ", r.name));
    const std::string* value = component.value(r.name);
    if (n == 0 || !r.predicate.starts_with("status:")) continue;
    const std::string words = cat('/', r.predicate.substr(7), '/');
    if (words.find(cat('/', *value, '/')) == std::string::npos)
      return err(Errc::BadValue, cat("a ", what, " cannot have the STATUS ", *value),
                 cat("one of ", r.predicate.substr(7)));
  }
  return {};
}

}  // namespace imip::itip::detail
