#include "itip/detail/content.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"

namespace imip::itip::detail {

namespace {

constexpr std::array<std::string_view, 19> property_order{
    "UID",      "DTSTAMP", "SEQUENCE", "RECURRENCE-ID", "DTSTART", "DTEND",    "DUE",
    "DURATION", "RRULE",   "RDATE",    "EXDATE",        "SUMMARY", "LOCATION", "DESCRIPTION",
    "STATUS",   "TRANSP",  "CLASS",    "ORGANIZER",     "ATTENDEE"};

/// What messages own: RFC 5545, 7986, 9073, 9074, but for what an owner sets for herself.
constexpr std::array<std::string_view, 47> message_properties{"ACKNOWLEDGED",
                                                              "ATTACH",
                                                              "ATTENDEE",
                                                              "CLASS",
                                                              "COMMENT",
                                                              "COMPLETED",
                                                              "CONFERENCE",
                                                              "CONTACT",
                                                              "CREATED",
                                                              "DESCRIPTION",
                                                              "DTEND",
                                                              "DTSTAMP",
                                                              "DTSTART",
                                                              "DUE",
                                                              "DURATION",
                                                              "EXDATE",
                                                              "EXRULE",
                                                              "GEO",
                                                              "IMAGE",
                                                              "LAST-MODIFIED",
                                                              "LOCATION",
                                                              "LOCATION-TYPE",
                                                              "NAME",
                                                              "ORGANIZER",
                                                              "PARTICIPANT-TYPE",
                                                              "PERCENT-COMPLETE",
                                                              "PRIORITY",
                                                              "PROXIMITY",
                                                              "RDATE",
                                                              "RECURRENCE-ID",
                                                              "REFRESH-INTERVAL",
                                                              "RELATED-TO",
                                                              "REQUEST-STATUS",
                                                              "RESOURCE-TYPE",
                                                              "RESOURCES",
                                                              "RRULE",
                                                              "SEQUENCE",
                                                              "SOURCE",
                                                              "STATUS",
                                                              "STRUCTURED-DATA",
                                                              "STYLED-DESCRIPTION",
                                                              "SUMMARY",
                                                              "UID",
                                                              "URL",
                                                              "FREEBUSY",
                                                              "TZID",
                                                              "CALENDAR-ADDRESS"};

std::size_t order_of(const std::string& name)
{
  if (name.starts_with("X-")) return property_order.size() + 1;
  const auto at = std::find(property_order.begin(), property_order.end(), name);
  return static_cast<std::size_t>(at - property_order.begin());
}

bool is_ours(const std::string& name)
{
  return name.starts_with("X-IMIP-");
}

bool is_ours_parameter(const ical::Parameter& p)
{
  return is_ours(p.name) || p.name == "SCHEDULE-AGENT" || p.name == "SCHEDULE-STATUS" ||
         p.name == "SCHEDULE-FORCE-SEND";
}

void add_tzids(const ical::Component& component, std::set<std::string>& out)
{
  for (const ical::Property& p : component.properties) {
    if (const std::string* tzid = p.parameter("TZID")) out.insert(*tzid);
  }
  for (const ical::Component& c : component.components) add_tzids(c, out);
}

/// What read_message() tolerates, written as the RFC has it.
void mend(ical::Property& p)
{
  if (p.name == "ORGANIZER" || p.name == "ATTENDEE") {
    const auto address = CalAddress::parse(p.value);
    if (address && address->was_bare()) p.value = address->uri();
    const std::string* rsvp = p.parameter("RSVP");
    if (rsvp && text::ascii_iequal(*rsvp, "YES")) p.set_parameter("RSVP", "TRUE");
  }
  if (p.name == "RECURRENCE-ID" && std::erase_if(p.parameters, [](const ical::Parameter& q) {
                                     return q.name == "THISANDFUTURE";
                                   }) > 0) {
    p.set_parameter("RANGE", "THISANDFUTURE");
  }
}

bool parameter_before(const ical::Parameter& a, const ical::Parameter& b)
{
  return a.name < b.name;
}

bool has_sorted_parameters(const ical::Property& p)
{
  return std::is_sorted(p.parameters.begin(), p.parameters.end(), parameter_before);
}

void sort_parameters(ical::Property& property)
{
  if (has_sorted_parameters(property)) return;  // sorting allocates
  std::stable_sort(property.parameters.begin(), property.parameters.end(), parameter_before);
}

ical::Property by_parameter(ical::Property property)
{
  sort_parameters(property);
  return property;
}

/// The component serialised with its properties sorted as lines, and their parameters by name.
void append_canonical(const ical::Component& component, std::string& out)
{
  std::vector<std::string> lines;
  lines.reserve(component.properties.size());
  for (const ical::Property& p : component.properties) {
    lines.push_back(ical::content_line(has_sorted_parameters(p) ? p : by_parameter(p)));
  }
  std::sort(lines.begin(), lines.end());
  const std::string frame = ical::serialise({component.name, {}, {}});
  const std::size_t end = frame.find("\r\nEND:") + 2;
  out += frame.substr(0, end);
  for (const std::string& line : lines) ical::append_folded(out, line);
  for (const ical::Component& c : component.components) append_canonical(c, out);
  out += frame.substr(end);
}

struct Place {
  std::size_t order, from;
};

/// The properties at those places, in their order, without room for a second list of them.
void permute(std::vector<ical::Property>& properties, std::vector<Place>& places)
{
  for (std::size_t i = 0; i < places.size(); ++i) {
    if (places[i].from == i) continue;
    ical::Property held = std::move(properties[i]);
    std::size_t hole = i;
    while (places[hole].from != i) {
      const std::size_t from = std::exchange(places[hole].from, hole);
      properties[hole] = std::move(properties[from]);
      hole = from;
    }
    places[hole].from = hole;
    properties[hole] = std::move(held);
  }
}

/// Their places are sorted: to sort properties is to move them about many times.
void sort_properties(std::vector<ical::Property>& properties)
{
  std::vector<Place> places;
  places.reserve(properties.size());
  for (const ical::Property& p : properties) places.push_back({order_of(p.name), places.size()});
  const auto before = [&](const Place& a, const Place& b) {
    if (a.order != b.order) return a.order < b.order;
    // a name of that list is alone in its place
    return a.order >= property_order.size() && properties[a.from].name < properties[b.from].name;
  };
  if (std::is_sorted(places.begin(), places.end(), before)) return;
  std::stable_sort(places.begin(), places.end(), before);
  permute(properties, places);
}

}  // namespace

std::string address_key(const CalAddress& address, LocalPart mode)
{
  if (address.empty()) return {};
  const std::string uri = address.uri();
  return mode == LocalPart::Fold ? text::ascii_lower(uri) : uri;
}

std::string line_of(const ical::Property& property)
{
  return ical::content_line(property);
}

ical::Component ordered(ical::Component component)
{
  sort_properties(component.properties);
  for (ical::Property& p : component.properties) sort_parameters(p);
  if (component.name == "VTIMEZONE") return component;
  for (ical::Component& c : component.components) c = ordered(std::move(c));
  return component;
}

std::string canonical_digest(const ical::Component& component)
{
  std::string text;
  append_canonical(component, text);
  return sha256_hex(text);
}

std::vector<std::string_view> doubled(const ical::Component& component)
{
  static constexpr std::array<std::string_view, 24> singletons{
      "UID",           "DTSTAMP",       "DTSTART",          "DTEND",
      "DUE",           "DURATION",      "SEQUENCE",         "SUMMARY",
      "STATUS",        "RECURRENCE-ID", "ORGANIZER",        "RRULE",
      "CLASS",         "CREATED",       "DESCRIPTION",      "GEO",
      "LAST-MODIFIED", "LOCATION",      "PRIORITY",         "TRANSP",
      "URL",           "COMPLETED",     "PERCENT-COMPLETE", "COLOR"};
  std::vector<std::string_view> out;
  for (const std::string_view name : singletons) {
    if (name == "DESCRIPTION" && component.name == "VJOURNAL") continue;  // any number of them
    if (component.count(name) > 1) out.push_back(name);
  }
  return out;
}

ical::Component single(ical::Component component)
{
  for (const std::string_view name : doubled(component)) {
    bool first = true;
    std::erase_if(component.properties, [&](const ical::Property& p) {
      return p.name == name && !std::exchange(first, false);
    });
  }
  return component;
}

bool is_range(const ical::Property& recurrence_id)
{
  const std::string* range = recurrence_id.parameter("RANGE");
  return range && text::ascii_iequal(*range, "THISANDFUTURE");
}

void strip_marks(ical::Component& component)
{
  std::erase_if(component.properties, [](const ical::Property& p) {
    return is_ours(p.name) || p.name == "REQUEST-STATUS" || p.name == "X-LIC-ERROR";
  });
  for (ical::Property& p : component.properties) std::erase_if(p.parameters, is_ours_parameter);
  for (ical::Component& c : component.components) strip_marks(c);
}

ical::Component normalised(const MessageComponent& component)
{
  ical::Component out = component.component;
  if (!out.find("ORGANIZER") && component.organizer) {
    out.properties.push_back(component.organizer->property);
  }
  if (!out.find("ATTENDEE")) {
    for (const Party& a : component.attendees) out.properties.push_back(a.property);
  }
  const char* const end = out.name == "VTODO" ? "DUE" : "DTEND";
  if (out.find(end) && out.find("DURATION")) out.remove("DURATION");
  strip_marks(out);
  for (ical::Property& p : out.properties) mend(p);
  return ordered(std::move(out));
}

std::set<std::string> used_tzids(const ical::Component& component)
{
  std::set<std::string> out;
  add_tzids(component, out);
  return out;
}

std::string pack(const ical::Component& event,
                 const std::vector<Shared<ical::Component>>& timezones)
{
  ical::Component calendar{"VCALENDAR", {}, {}};
  calendar.properties.push_back(make_property("VERSION", "2.0"));
  calendar.properties.push_back(make_property("PRODID", std::string(prodid)));
  const std::set<std::string> used = used_tzids(event);
  for (const std::string& tzid : used) {
    for (const ical::Component& tz : timezones) {
      const std::string* id = tz.value("TZID");
      if (!id || *id != tzid) continue;
      calendar.components.push_back(tz);
      break;
    }
  }
  // the event is large: written into the calendar's text, not copied into the calendar
  constexpr std::string_view end = "END:VCALENDAR\r\n";
  std::string out = ical::serialise(calendar);
  out.insert(out.size() - end.size(), ical::serialise(event));
  return out;
}

std::optional<Content> unpack(const std::string& text, const Limits& limits)
{
  auto parsed = ical::parse(text, limits);
  if (!parsed) return std::nullopt;
  Content out;
  bool found = false;
  for (ical::Component& c : parsed->calendar.components) {
    if (c.name == "VTIMEZONE") {
      out.timezones.push_back(std::move(c));
    } else {
      out.event = std::move(c);
      found = true;
    }
  }
  if (!found) return std::nullopt;
  return out;
}

bool is_owner_property(std::string_view name)
{
  if (name.starts_with("X-IMIP-")) return false;
  return std::find(message_properties.begin(), message_properties.end(), name) ==
         message_properties.end();
}

std::int64_t to_int(std::string_view digits, std::int64_t otherwise)
{
  std::int64_t value = 0;
  const char* end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  return error == std::errc{} && stop == end && !digits.empty() ? value : otherwise;
}

Revision revision_in_file(const ical::Component& component)
{
  const std::string* sequence = component.value(received_sequence);
  const std::string* dtstamp = component.value(received_dtstamp);
  if (!sequence && !dtstamp) {
    sequence = component.value("SEQUENCE");
    dtstamp = component.value("DTSTAMP");
  }
  Revision out;
  if (sequence) out.sequence = std::max<std::int64_t>(0, to_int(*sequence, 0));
  if (dtstamp) {
    if (const auto at = parse_instant(*dtstamp)) out.dtstamp = *at;
  }
  return out;
}

ical::Property make_property(std::string_view name, std::string value)
{
  return {std::string(name), {}, std::move(value)};
}

}  // namespace imip::itip::detail
