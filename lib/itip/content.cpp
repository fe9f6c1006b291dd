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

void sort_parameters(ical::Property& property)
{
  std::stable_sort(property.parameters.begin(), property.parameters.end(),
                   [](const ical::Parameter& a, const ical::Parameter& b) { return a.name < b.name; });
}

ical::Property by_parameter(ical::Property property)
{
  sort_parameters(property);
  return property;
}

/// As serialised: folded, and ended.
std::string folded_line(const ical::Property& property)
{
  constexpr std::string_view begin = "BEGIN:X\r\n";
  constexpr std::string_view end = "END:X\r\n";
  const std::string text = ical::serialise({"X", {property}, {}});  // the serialiser alone knows how to quote
  return text.substr(begin.size(), text.size() - begin.size() - end.size());
}

std::string unfolded(std::string_view folded)
{
  std::string line;
  line.reserve(folded.size());
  for (std::size_t i = 0; i + 2 < folded.size(); ++i) {
    if (folded.substr(i, 3) == "\r\n ") {
      i += 2;
    } else {
      line += folded[i];
    }
  }
  return line;
}

/// The component serialised with its properties sorted as lines, and their parameters by name.
void append_canonical(const ical::Component& component, std::string& out)
{
  std::vector<std::pair<std::string, std::string>> lines;
  lines.reserve(component.properties.size());
  for (const ical::Property& p : component.properties) {
    std::string folded = folded_line(by_parameter(p));
    std::string line = unfolded(folded);
    lines.emplace_back(std::move(line), std::move(folded));
  }
  std::sort(lines.begin(), lines.end());
  const std::string frame = ical::serialise({component.name, {}, {}});
  const std::size_t end = frame.find("\r\nEND:") + 2;
  out += frame.substr(0, end);
  for (const auto& [line, folded] : lines) out += folded;
  for (const ical::Component& c : component.components) append_canonical(c, out);
  out += frame.substr(end);
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
  return unfolded(folded_line(property));
}

ical::Component ordered(ical::Component component)
{
  const auto before = [](const ical::Property& a, const ical::Property& b) {
    const std::size_t left = order_of(a.name);
    const std::size_t right = order_of(b.name);
    return left != right ? left < right : a.name < b.name;
  };
  auto& properties = component.properties;  // mostly sorted already, and sorting takes memory
  if (!std::is_sorted(properties.begin(), properties.end(), before)) {
    std::stable_sort(properties.begin(), properties.end(), before);
  }
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

std::string pack(const ical::Component& event, const std::vector<Shared<ical::Component>>& timezones)
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
