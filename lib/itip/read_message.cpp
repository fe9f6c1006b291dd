#include <algorithm>
#include <map>
#include <set>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/read.hpp"
#include "itip/message.hpp"

namespace imip::itip {

namespace {

using detail::Findings;

Kind kind_of(const std::string& component_name)
{
  for (const Kind k : {Kind::Event, Kind::Todo, Kind::Journal, Kind::FreeBusy}) {
    if (kind_word(k) == component_name) return k;
  }
  return Kind::None;
}

Method read_method(const ical::Component& calendar, std::string_view parameter, Findings& findings)
{
  const auto all = calendar.all("METHOD");
  if (all.empty() || all.front()->value.empty()) {
    findings.refuse(Code::MethodMissing, "the calendar has no METHOD; it is no iTIP message");
    return Method::None;
  }
  if (all.size() > 1) {
    findings.refuse(Code::DuplicateProperty, "METHOD occurs more than once");
    return Method::None;
  }
  const std::string& word = all.front()->value;
  if (parameter.empty()) {
    findings.refuse(Code::MethodMissing, "the Content-Type has no method parameter");
    return Method::None;
  }
  if (!text::ascii_iequal(word, parameter)) {
    findings.refuse(Code::MethodMismatch, cat("METHOD is ", word, " but the Content-Type says ",
                                              parameter, "; the sender contradicts himself"));
    return Method::None;
  }
  if (word != text::ascii_upper(word)) {
    findings.note(Code::Tolerated, cat("METHOD is written ", word));
  }
  const Method method = method_from_word(word);
  if (method == Method::None) {
    findings.refuse(Code::MethodUnsupported, cat("METHOD ", word, " is none of RFC 5546"));
  }
  return method;
}

/// RFC 5546 sections 3.2 to 3.5: which components a method speaks of.
bool is_pair(Method m, Kind k)
{
  switch (k) {
    case Kind::Event:
    case Kind::Todo:
      return true;
    case Kind::Journal:
      return m == Method::Publish || m == Method::Add || m == Method::Cancel;
    case Kind::FreeBusy:
      return m == Method::Publish || m == Method::Request || m == Method::Reply;
    case Kind::None:
      break;
  }
  return false;
}

void check_pair(Method m, Kind k, Findings& findings)
{
  if (m == Method::None || k == Kind::None) return;
  if (!is_pair(m, k)) {
    findings.refuse(Code::MethodUnsupported,
                    cat("RFC 5546 has no ", method_word(m), " of a ", kind_word(k)));
  }
}

Kind read_kind(const ical::Component& calendar, const std::optional<std::string>& parameter,
               Findings& findings)
{
  std::set<Kind> kinds;
  for (const ical::Component& c : calendar.components) {
    if (const Kind k = kind_of(c.name); k != Kind::None) kinds.insert(k);
  }
  if (kinds.empty()) {
    findings.refuse(Code::BadCalendar, "the calendar has no VEVENT, VTODO, VJOURNAL or VFREEBUSY");
    return Kind::None;
  }
  if (kinds.size() > 1) {
    findings.refuse(Code::MixedComponents, "the calendar mixes kinds of components");
    return Kind::None;
  }
  const Kind kind = *kinds.begin();
  if (parameter && !parameter->empty() && !text::ascii_iequal(*parameter, kind_word(kind))) {
    findings.refuse(Code::ComponentMismatch, cat("the Content-Type says component=", *parameter,
                                                 " but the calendar has a ", kind_word(kind)));
    return Kind::None;
  }
  return kind;
}

/// C0 and C1 controls, in UTF-8.
bool has_control(std::string_view text)
{
  unsigned char before = 0;
  return std::any_of(text.begin(), text.end(), [&](char ch) {
    const auto u = static_cast<unsigned char>(ch);
    const bool c1 = before == 0xc2 && u >= 0x80 && u <= 0x9f;
    before = u;
    return u < 0x20 || u == 0x7f || c1;
  });
}

std::string read_uid(const std::vector<const ical::Component*>& components, Findings& findings)
{
  std::set<std::string> uids;
  for (const ical::Component* c : components) {
    const std::string uid = text::trim(c->text("UID")).empty() ? std::string() : c->text("UID");
    const bool control = has_control(uid);
    if (uid.empty() || control) {
      findings.refuse(Code::NoUid, uid.empty() ? cat("the ", c->name, " has no UID")
                                               : "the UID has control characters");
      return {};
    }
    const std::string canonical = canonical_uid(uid);
    if (canonical != uid) {
      findings.note(Code::Tolerated, "an Exchange UID in lower case; compared in upper case");
    }
    uids.insert(canonical);
  }
  if (uids.size() > 1) {
    findings.refuse(Code::MixedComponents,
                    cat("the calendar has ", uids.size(), " different UIDs; only a PUBLISH may"));
  }
  return uids.empty() ? std::string() : *uids.begin();
}

/// RFC 5546 section 3.3: one VFREEBUSY, or as many as a PUBLISH has periods.
void check_free_busy(const Message& message, Findings& findings)
{
  constexpr std::size_t most_published = 100;
  const std::size_t count = message.components.size();
  if (message.method != Method::Publish && count > 1) {
    findings.refuse(Code::MixedComponents, cat("a ", method_word(message.method), " has one VFREEBUSY, not ",
                                               count));
  } else if (count > most_published) {
    findings.refuse(Code::LimitExceeded, cat("busy time in ", count, " periods is more than the ",
                                             most_published, " that imip reads at once"));
  }
}

void check_scopes(const std::vector<MessageComponent>& components, Findings& findings)
{
  std::set<std::string> keys;
  for (const MessageComponent& c : components) {
    if (keys.insert(c.scope.key()).second) continue;
    findings.refuse(Code::MixedComponents,
                    cat("two components speak of the same occurrence, ", c.scope.key()));
  }
}

std::optional<Party> read_organizer(const std::vector<MessageComponent>& components,
                                    Findings& findings)
{
  const Party* found = nullptr;
  for (const MessageComponent& c : components) {
    if (!c.organizer) continue;
    if (found && !same_user(found->address, c.organizer->address, LocalPart::Exact)) {
      findings.refuse(Code::MixedComponents,
                      cat("the calendar names two organizers, ", found->address.mailbox(), " and ",
                          c.organizer->address.mailbox()));
    }
    if (!found) found = &*c.organizer;
  }
  return found ? std::optional(*found) : std::nullopt;
}

void read_parser_findings(const ical::Parsed& parsed, Findings& findings)
{
  for (const ical::ParseFinding& f : parsed.findings) {
    std::string text = f.component;
    for (const std::string* part : {&f.property, &f.text}) {
      if (!part->empty()) text += cat(text.empty() ? "" : ": ", *part);
    }
    if (f.fatal) {
      findings.refuse(Code::BadCalendar, std::move(text));
    } else {
      findings.note(Code::Tolerated, std::move(text));
    }
  }
}

void check_calendar_properties(const ical::Component& calendar, Findings& findings)
{
  if (!calendar.find("PRODID")) findings.note(Code::Tolerated, "the calendar has no PRODID");
  for (const char* name : {"PRODID", "VERSION", "CALSCALE"}) {
    if (calendar.count(name) > 1) {
      findings.refuse(Code::DuplicateProperty, cat(name, " occurs more than once"));
    }
  }
}

std::vector<MessageComponent> read_all(const std::vector<const ical::Component*>& components,
                                       const detail::ReadContext& context)
{
  std::vector<MessageComponent> out;
  for (const ical::Component* c : components) {
    out.push_back(detail::read_component(*c, context));
  }
  detail::inherit_parties(out, context);
  return out;
}

/// A REPLY may answer several instances: what is wrong with one answer does not sink the others.
/// Empty if nothing is wrong, or everything.
std::vector<const ical::Component*> good_answers(const std::vector<const ical::Component*>& all,
                                                 const detail::ReadContext& context)
{
  std::vector<const ical::Component*> good;
  std::vector<Reason> bad;
  for (const ical::Component* c : all) {
    Findings findings;
    const detail::ReadContext alone{context.method, context.kind, context.calendar,
                                    context.zones,  context.now,  findings};
    (void)read_all({c}, alone);
    if (findings.refusals.empty()) {
      good.push_back(c);
    } else {
      bad.push_back(findings.refusals.front());
    }
  }
  if (good.empty() || bad.empty()) return {};
  for (Reason& reason : bad) {
    context.findings.note(reason.code, cat("one of the answers is left out: ", reason.text));
  }
  return good;
}

std::vector<MessageComponent> read_answers(const std::vector<const ical::Component*>& components,
                                           const detail::ReadContext& context)
{
  Findings findings;
  const detail::ReadContext trial{context.method, context.kind, context.calendar,
                                  context.zones,  context.now,  findings};
  std::vector<MessageComponent> out = read_all(components, trial);
  const auto good = findings.refusals.empty() ? std::vector<const ical::Component*>{}
                                              : good_answers(components, context);
  if (!good.empty()) return read_all(good, context);
  for (Reason& r : findings.refusals) context.findings.refusals.push_back(std::move(r));
  for (Reason& r : findings.notices) context.findings.note(r.code, std::move(r.text));
  context.findings.notices_left_out += findings.notices_left_out;
  return out;
}

/// What one PUBLISH may hold. Each message carries the calendar's properties and its zones with it, and each
/// component that is kept its zones: so much of copies, whatever the limits on what is read.
constexpr std::size_t most_messages = 500;
constexpr std::size_t most_copied_octets = 8'388'608;
constexpr std::size_t property_octets = 100;  // that one takes beside its text

std::size_t line_octets(const ical::Property& p)
{
  std::size_t out = p.value.size() + p.name.size();
  for (const ical::Parameter& parameter : p.parameters) {
    for (const std::string& value : parameter.values) out += value.size() + property_octets;
  }
  return out;
}

std::size_t octets_of(const ical::Component& c)
{
  std::size_t out = 0;
  for (const ical::Property& p : c.properties) out += line_octets(p) + property_octets;
  for (const ical::Component& sub : c.components) out += octets_of(sub);
  return out;
}

std::map<std::string, std::size_t> octets_of_zones(const ical::Component& calendar)
{
  std::map<std::string, std::size_t> out;
  for (const ical::Component& c : calendar.components) {
    if (c.name == "VTIMEZONE") out.emplace(c.text("TZID"), octets_of(c));
  }
  return out;
}

void check_zone_copies(const std::vector<const ical::Component*>& components, const ical::Component& calendar,
                       Findings& findings)
{
  if (components.size() < 2) return;
  const auto zones = octets_of_zones(calendar);
  std::size_t octets = 0;
  for (const ical::Component* c : components) {
    for (const std::string& tzid : detail::used_tzids(*c)) {
      const auto zone = zones.find(tzid);
      if (zone != zones.end()) octets += zone->second;
    }
    if (octets > most_copied_octets) {
      return findings.refuse(Code::LimitExceeded,
                             cat("its components use VTIMEZONEs of more than ", most_copied_octets,
                                 " octets, each counted as often as it is used, which no policy changes"));
    }
  }
}

/// False: too many to be read at all.
bool check_attendees(const std::vector<const ical::Component*>& components, Findings& findings)
{
  std::size_t count = 0;
  for (const ical::Component* c : components) count += c->count("ATTENDEE");
  if (count <= detail::most_attendees) return true;
  findings.refuse(Code::LimitExceeded, cat("there are more than ", detail::most_attendees,
                                           " attendees, which no policy changes"));
  return false;
}

void read_components(UtcSeconds now, Findings& findings, Message& out)
{
  std::vector<const ical::Component*> components;
  for (const ical::Component& c : out.calendar->components) {
    if (c.name == kind_word(out.kind)) components.push_back(&c);
    if (c.name == "VTIMEZONE") {
      out.timezones.push_back(Shared<ical::Component>::part_of(out.calendar, c));
    }
  }
  out.uid = read_uid(components, findings);
  check_zone_copies(components, *out.calendar, findings);
  if (!check_attendees(components, findings)) return;
  const ical::Zones zones(out.calendar);
  const detail::ReadContext context{out.method, out.kind, out.calendar, zones, now, findings};
  out.components = out.method == Method::Reply ? read_answers(components, context)
                                               : read_all(components, context);
  if (out.kind == Kind::FreeBusy) {
    check_free_busy(out, findings);
  } else {
    check_scopes(out.components, findings);
  }
  out.organizer = read_organizer(out.components, findings);
}

Reading too_much(std::string what)
{
  Reading out;
  out.refusals.push_back({Code::LimitExceeded, std::move(what)});
  return out;
}

/// One calendar for each UID, in the order in which they first occur, with the zones that it uses.
/// Empty if what they share would take too much room.
std::vector<ical::Parsed> split(ical::Parsed parsed, std::size_t uids)
{
  const std::size_t shared = uids * octets_of({{}, parsed.calendar.properties, {}});
  if (shared > most_copied_octets) return {};
  std::vector<ical::Parsed> out;
  std::map<std::string, std::size_t> places;
  std::vector<std::set<std::string>> zones;
  for (ical::Component& c : parsed.calendar.components) {
    if (kind_of(c.name) == Kind::None) continue;
    const auto [at, is_new] = places.emplace(canonical_uid(c.text("UID")), out.size());
    if (is_new) {
      out.push_back({{parsed.calendar.name, parsed.calendar.properties, {}}, parsed.findings});
      zones.emplace_back();
    }
    zones[at->second].merge(detail::used_tzids(c));
    out[at->second].calendar.components.push_back(std::move(c));
  }
  std::map<std::string, const ical::Component*> known;
  for (const ical::Component& c : parsed.calendar.components) {
    if (c.name == "VTIMEZONE") known.emplace(c.text("TZID"), &c);
  }
  std::size_t octets = shared;
  for (std::size_t i = 0; i < out.size(); ++i) {
    for (const std::string& tzid : zones[i]) {
      const auto zone = known.find(tzid);
      if (zone == known.end()) continue;
      octets += octets_of(*zone->second);
      if (octets > most_copied_octets) return {};
      out[i].calendar.components.push_back(*zone->second);
    }
  }
  return out;
}

std::size_t count_uids(const ical::Component& calendar)
{
  std::set<std::string> uids;
  for (const ical::Component& c : calendar.components) {
    if (kind_of(c.name) != Kind::None) uids.insert(canonical_uid(c.text("UID")));
  }
  return uids.size();
}

}  // namespace

Reading read_message(ical::Parsed parsed, std::string_view method_parameter,
                     const std::optional<std::string>& component_parameter, UtcSeconds now)
{
  Findings findings;
  Message message;
  read_parser_findings(parsed, findings);
  message.method = read_method(parsed.calendar, method_parameter, findings);
  check_calendar_properties(parsed.calendar, findings);
  message.kind = read_kind(parsed.calendar, component_parameter, findings);
  check_pair(message.method, message.kind, findings);
  message.calendar = std::move(parsed.calendar);
  if (message.method != Method::None && message.kind != Kind::None) {
    read_components(now, findings, message);
  }
  if (findings.notices_left_out > 0) {
    findings.notices.push_back({Code::Tolerated, cat("and ", findings.notices_left_out, " more oddities")});
  }
  Reading out;
  out.notices = std::move(findings.notices);
  out.refusals = std::move(findings.refusals);
  if (out.refusals.empty()) out.message = std::move(message);
  return out;
}

std::vector<Reading> read_messages(ical::Parsed parsed, std::string_view method_parameter,
                                   const std::optional<std::string>& component_parameter,
                                   UtcSeconds now)
{
  const std::string* method = parsed.calendar.value("METHOD");
  std::set<Kind> kinds;
  for (const ical::Component& c : parsed.calendar.components) kinds.insert(kind_of(c.name));
  kinds.erase(Kind::None);
  const bool publish = method && method_from_word(*method) == Method::Publish;
  const std::size_t count =
      publish && kinds.size() == 1 ? count_uids(parsed.calendar) : std::size_t{1};
  std::vector<Reading> out;
  if (count < 2) {
    out.push_back(read_message(std::move(parsed), method_parameter, component_parameter, now));
    return out;
  }
  auto parts = count > most_messages ? std::vector<ical::Parsed>{} : split(std::move(parsed), count);
  if (parts.empty()) {
    out.push_back(too_much(cat("a PUBLISH of ", count,
                               " different UIDs is more than imip reads at "
                               "once; publish them in several mails")));
  }
  for (ical::Parsed& part : parts) {
    out.push_back(read_message(std::move(part), method_parameter, component_parameter, now));
  }
  return out;
}

}  // namespace imip::itip
