/// @file Small messages and signatures, made by hand. For tests of identity and policy.
#pragma once
#include <initializer_list>
#include <string>
#include <vector>

#include "crypto/signature.hpp"
#include "itip/message.hpp"

namespace imip::identity::testing {

inline CalAddress user(const std::string& mailbox)
{
  const auto address = CalAddress::from_mailbox(mailbox);
  return address ? *address : CalAddress{};
}

/// An ORGANIZER or ATTENDEE; `sent_by` "" is none.
inline itip::Party party(const std::string& name, const std::string& mailbox,
                         const std::string& sent_by = {})
{
  itip::Party out;
  out.address = user(mailbox);
  ical::Property property{name, {}, "mailto:" + mailbox};
  if (!sent_by.empty()) {
    out.sent_by = user(sent_by);
    property.parameters.push_back({"SENT-BY", {"mailto:" + sent_by}});
  }
  out.property = std::move(property);
  return out;
}
inline itip::Party attendee(const std::string& mailbox, const std::string& sent_by = {})
{
  return party("ATTENDEE", mailbox, sent_by);
}
inline itip::Party with(itip::Party p, const std::string& parameter, const std::string& value)
{
  p.property.edit().parameters.push_back({parameter, {value}});
  return p;
}

/// A VEVENT on 2027-01-04, one hour, UTC.
inline itip::MessageComponent event(const std::string& organizer, const std::string& sent_by = {},
                                    std::vector<itip::Party> attendees = {})
{
  itip::MessageComponent out;
  out.component = ical::Component{"VEVENT",
                                  {{"UID", {}, "uid-1"},
                                   {"DTSTART", {}, "20270104T100000Z"},
                                   {"DTEND", {}, "20270104T110000Z"}},
                                  {}};
  if (!organizer.empty()) out.organizer = party("ORGANIZER", organizer, sent_by);
  out.attendees = std::move(attendees);
  return out;
}

inline itip::Message message(itip::Method method, std::vector<itip::MessageComponent> components)
{
  itip::Message out;
  out.method = method;
  out.kind = itip::Kind::Event;
  out.uid = "uid-1";
  if (!components.empty()) out.organizer = components.front().organizer;
  ical::Component calendar{"VCALENDAR", {}, {}};
  for (const auto& c : components) calendar.components.push_back(c.component);
  out.calendar = std::move(calendar);
  out.components = std::move(components);
  return out;
}

inline crypto::Signature signed_by(std::initializer_list<const char*> mailboxes)
{
  crypto::Signature out;
  out.protocol = crypto::Protocol::Smime;
  out.status = crypto::SignatureStatus::Valid;
  for (const char* mailbox : mailboxes) out.identities.push_back(user(mailbox));
  return out;
}

}  // namespace imip::identity::testing
