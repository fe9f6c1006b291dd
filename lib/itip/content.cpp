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
  const auto at = std::find(property_order.begin(), property_order.end(), name);
  const auto known = static_cast<std::size_t>(at - property_order.begin());
  return name.starts_with("X-") ? property_order.size() + 1 : known;
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

void sort_fully(ical::Component& component)
{
  component = ordered(std::move(component));
  std::vector<std::pair<std::string, ical::Property>> lines;
  lines.reserve(component.properties.size());
  for (ical::Property& p : component.properties) {
    std::string line = line_of(p);
    lines.emplace_back(std::move(line), std::move(p));
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  component.properties.clear();
  for (auto& [line, p] : lines) component.properties.push_back(std::move(p));
  for (ical::Component& c : component.components) sort_fully(c);
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
  // The serialiser alone knows how to quote; its folding is undone here.
  const std::string text = ical::serialise({"X", {property}, {}});
  std::string line;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.compare(i, 3, "\r\n ") == 0) {
      i += 2;
    } else {
      line += text[i];
    }
  }
  const std::size_t begin = line.find("\r\n");
  const std::size_t end = line.rfind("\r\nEND:X");
  if (begin == std::string::npos || end == std::string::npos || end <= begin) return {};
  return line.substr(begin + 2, end - begin - 2);
}

ical::Component ordered(ical::Component component)
{
  std::stable_sort(component.properties.begin(), component.properties.end(),
                   [](const ical::Property& a, const ical::Property& b) {
                     const std::size_t left = order_of(a.name);
                     const std::size_t right = order_of(b.name);
                     return left != right ? left < right : a.name < b.name;
                   });
  for (ical::Property& p : component.properties) {
    std::stable_sort(
        p.parameters.begin(), p.parameters.end(),
        [](const ical::Parameter& a, const ical::Parameter& b) { return a.name < b.name; });
  }
  if (component.name == "VTIMEZONE") return component;
  for (ical::Component& c : component.components) c = ordered(std::move(c));
  return component;
}

std::string canonical_digest(const ical::Component& component)
{
  ical::Component copy = component;
  sort_fully(copy);
  return sha256_hex(ical::serialise(copy));
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

std::string pack(const ical::Component& event, const std::vector<ical::Component>& timezones)
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
  calendar.components.push_back(event);
  return ical::serialise(calendar);
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
