/// @file Messages and calendars written in a line or two. For tests.
#pragma once
#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "itip/detail/planning.hpp"
#include "itip/plan.hpp"

namespace imip::itip::test {

inline UtcSeconds at(std::string_view text)
{
  const auto t = parse_instant(text);
  REQUIRE(t);
  return *t;
}

/// The clock of all tests.
inline UtcSeconds now()
{
  return at("20261130T120000Z");
}

inline CalAddress address(std::string_view mailbox)
{
  const auto a = CalAddress::from_mailbox(mailbox);
  REQUIRE(a);
  return *a;
}

/// One VEVENT (or `kind`). Empty members are not written; `sequence` below 0 neither.
struct Event {
  std::string uid = "meeting-1@example.com";
  int sequence = 0;
  std::string dtstamp = "20261101T080000Z";
  std::string recurrence_id =
      {};  ///< with its parameters: ";VALUE=DATE:20270104", ":20270104T100000Z"
  std::string start = ":20270104T100000Z";
  std::string end = ":20270104T110000Z";
  std::string summary = "Planning";
  std::string organizer = "mailto:boss@example.com";
  std::vector<std::string> attendees = {"mailto:alice@example.com", "mailto:bob@example.com"};
  std::string extra = {};  ///< further lines, each ended by CRLF
  std::string kind = "VEVENT";
};

/// A VFREEBUSY; January 4, 2027 by default.
inline Event busy(std::string extra = {})
{
  Event e;
  e.kind = "VFREEBUSY";
  e.sequence = -1;
  e.summary.clear();
  e.start = ":20270104T000000Z";
  e.end = ":20270105T000000Z";
  e.extra = std::move(extra);
  return e;
}

inline std::string lines(const Event& e)
{
  std::string out = cat("BEGIN:", e.kind, "\r\n");
  if (!e.uid.empty()) out += cat("UID:", e.uid, "\r\n");
  if (!e.dtstamp.empty()) out += cat("DTSTAMP:", e.dtstamp, "\r\n");
  if (e.sequence >= 0) out += cat("SEQUENCE:", e.sequence, "\r\n");
  if (!e.recurrence_id.empty()) out += cat("RECURRENCE-ID", e.recurrence_id, "\r\n");
  if (!e.start.empty()) out += cat("DTSTART", e.start, "\r\n");
  if (!e.end.empty()) out += cat(e.kind == "VTODO" ? "DUE" : "DTEND", e.end, "\r\n");
  if (!e.summary.empty()) out += cat("SUMMARY:", e.summary, "\r\n");
  if (!e.organizer.empty()) out += cat("ORGANIZER:", e.organizer, "\r\n");
  for (const std::string& a : e.attendees) {
    // "PARAM=V:mailto:x" or just the address
    out += a.starts_with("mailto:") ? cat("ATTENDEE:", a, "\r\n") : cat("ATTENDEE;", a, "\r\n");
  }
  return cat(out, e.extra, "END:", e.kind, "\r\n");
}

inline std::string calendar_text(std::string_view method, const std::vector<Event>& events,
                                 std::string_view zones = {})
{
  std::string out = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//test//EN\r\n";
  if (!method.empty()) out += cat("METHOD:", method, "\r\n");
  out += zones;
  for (const Event& e : events) out += lines(e);
  return cat(out, "END:VCALENDAR\r\n");
}

inline ical::Parsed parsed(const std::string& text)
{
  auto out = ical::parse(text, Limits{});
  INFO(text);
  REQUIRE(out);
  return *out;
}

inline Reading reading(const std::string& text, std::string_view method = "REQUEST",
                       const std::optional<std::string>& component = {})
{
  return read_message(parsed(text), method, component, now());
}

inline Message message_of(const std::string& text, std::string_view method)
{
  Reading r = reading(text, method);
  INFO(text);
  for (const Reason& reason : r.refusals) UNSCOPED_INFO(reason.text);
  REQUIRE(r.message);
  return *r.message;
}

inline Message message(std::string_view method, const std::vector<Event>& events)
{
  return message_of(calendar_text(method, events), method);
}

inline StoredObject stored_object(const std::string& octets)
{
  return {octets, sha256_hex(octets), parsed(octets).calendar};
}

inline Owner owner(std::string_view mailbox = "alice@example.com")
{
  Owner out;
  out.addresses.push_back(address(mailbox));
  return out;
}

inline Speaker speaker(std::string_view mailbox = "boss@example.com",
                       Speaker::Class cls = Speaker::Class::Organizer)
{
  return {cls, address(mailbox), std::nullopt};
}

inline Speaker attendee(std::string_view mailbox)
{
  return speaker(mailbox, Speaker::Class::Attendee);
}

/// A calendar with one object, and the state beside it: plans are carried out at once.
struct Book {
  Owner who = owner();
  PlanOptions options = {};
  detail::Rules rules = {};
  std::optional<StoredObject> stored = {};
  Facts facts = {};

  const StoredObject* file() const { return stored ? &*stored : nullptr; }

  Plan plan(const Message& m, const Speaker& s) const
  {
    return detail::plan_message(m, s, file(), facts, who, options, now(), rules);
  }
  void carry_out(const Plan& p)
  {
    facts = p.facts;
    if (p.octets) stored = stored_object(*p.octets);
    if (p.remove) stored.reset();
  }
  Plan apply(const Message& m, const Speaker& s = speaker())
  {
    Plan p = plan(m, s);
    carry_out(p);
    return p;
  }
  /// The component of the file for that RECURRENCE-ID value ("" for the series); null if there is
  /// none.
  const ical::Component* component(std::string_view recurrence_id = {}) const
  {
    if (!stored) return nullptr;
    for (const ical::Component& c : stored->calendar.components) {
      if (c.name == "VTIMEZONE") continue;
      const std::string* id = c.value("RECURRENCE-ID");
      if ((id ? std::string_view(*id) : std::string_view()) == recurrence_id) return &c;
    }
    return nullptr;
  }
  std::string text(std::string_view property, std::string_view recurrence_id = {}) const
  {
    const ical::Component* c = component(recurrence_id);
    return c ? c->text(property) : std::string("(no such component)");
  }
  /// "ACCEPTED"; "NEEDS-ACTION" where there is no PARTSTAT; "-" where the attendee is not listed.
  std::string partstat(std::string_view mailbox, std::string_view recurrence_id = {}) const
  {
    const ical::Component* c = component(recurrence_id);
    if (!c) return "(no such component)";
    for (const ical::Property* p : c->all("ATTENDEE")) {
      const auto a = CalAddress::parse(p->value);
      if (!a || !same_user(*a, address(mailbox))) continue;
      const std::string* word = p->parameter("PARTSTAT");
      return word ? *word : "NEEDS-ACTION";
    }
    return "-";
  }
};

inline bool has_code(const std::vector<Reason>& reasons, Code code)
{
  for (const Reason& r : reasons) {
    if (r.code == code) {
      CHECK_FALSE(r.text.empty());
      return true;
    }
  }
  return false;
}

}  // namespace imip::itip::test
