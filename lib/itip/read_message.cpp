#include <algorithm>
#include <set>

#include "base/cat.hpp"
#include "base/text.hpp"
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
  switch (method) {
    case Method::Publish:
    case Method::Request:
    case Method::Reply:
    case Method::Cancel:
      return method;
    case Method::None:
      findings.refuse(Code::MethodUnsupported, cat("METHOD ", word, " is none of RFC 5546"));
      return Method::None;
    case Method::Add:
    case Method::Refresh:
    case Method::Counter:
    case Method::DeclineCounter:
      break;
  }
  findings.refuse(Code::MethodUnsupported, cat("imip cannot act on ", text::ascii_upper(word),
                                               " yet; read it with imip show"));
  return Method::None;
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
  if (kind != Kind::Event) {
    findings.refuse(Code::MethodUnsupported,
                    cat("imip cannot act on a ", kind_word(kind), " yet, only on a VEVENT"));
    return Kind::None;
  }
  return kind;
}

std::string read_uid(const std::vector<const ical::Component*>& components, Findings& findings)
{
  std::set<std::string> uids;
  for (const ical::Component* c : components) {
    const std::string uid = text::trim(c->text("UID")).empty() ? std::string() : c->text("UID");
    const bool control = std::any_of(uid.begin(), uid.end(), [](char ch) {
      const auto u = static_cast<unsigned char>(ch);
      return u < 0x20 || u == 0x7f;
    });
    if (uid.empty() || control) {
      findings.refuse(Code::NoUid, uid.empty() ? cat("the ", c->name, " has no UID")
                                               : "the UID has control characters");
      return {};
    }
    const std::string canonical = detail::canonical_uid(uid);
    if (canonical != uid) {
      findings.note(Code::Tolerated, "an Exchange UID in lower case; compared in upper case");
    }
    uids.insert(canonical);
  }
  if (uids.size() > 1) {
    findings.refuse(Code::MixedComponents, cat("the calendar has ", uids.size(),
                                               " different UIDs; imip reads one at a time"));
  }
  return uids.empty() ? std::string() : *uids.begin();
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

void read_components(const ical::Parsed& parsed, UtcSeconds now, Findings& findings, Message& out)
{
  std::vector<const ical::Component*> components;
  for (const ical::Component& c : parsed.calendar.components) {
    if (c.name == kind_word(out.kind)) components.push_back(&c);
    if (c.name == "VTIMEZONE") out.timezones.push_back(c);
  }
  out.uid = read_uid(components, findings);
  const ical::Zones zones(parsed.calendar);
  const detail::ReadContext context{out.method, out.kind, zones, now, findings};
  for (const ical::Component* c : components) {
    out.components.push_back(detail::read_component(*c, context));
  }
  detail::inherit_parties(out.components, context);
  check_scopes(out.components, findings);
  out.organizer = read_organizer(out.components, findings);
}

}  // namespace

Reading read_message(const ical::Parsed& parsed, std::string_view method_parameter,
                     const std::optional<std::string>& component_parameter, UtcSeconds now)
{
  Findings findings;
  Message message;
  read_parser_findings(parsed, findings);
  message.method = read_method(parsed.calendar, method_parameter, findings);
  check_calendar_properties(parsed.calendar, findings);
  message.kind = read_kind(parsed.calendar, component_parameter, findings);
  message.calendar = parsed.calendar;
  if (message.method != Method::None && message.kind != Kind::None) {
    read_components(parsed, now, findings, message);
  }
  Reading out;
  out.notices = std::move(findings.notices);
  out.refusals = std::move(findings.refusals);
  if (out.refusals.empty()) out.message = std::move(message);
  return out;
}

}  // namespace imip::itip
