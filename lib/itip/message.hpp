/// @file An iTIP message (RFC 5546): a calendar object read as a scheduling message.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/mail_address.hpp"
#include "base/reason.hpp"
#include "base/shared.hpp"
#include "ical/object.hpp"
#include "ical/time.hpp"

namespace imip::itip {

/// RFC 5546 section 1.4. Zero is no method.
enum class Method : std::uint8_t {
  None = 0,
  Publish,
  Request,
  Reply,
  Add,
  Cancel,
  Refresh,
  Counter,
  DeclineCounter
};
[[nodiscard]] std::string_view method_word(Method m);          ///< "REQUEST"
[[nodiscard]] Method method_from_word(std::string_view word);  ///< ASCII case ignored
/// Does this method speak for the ORGANIZER (else for an ATTENDEE)?
[[nodiscard]] bool is_organizer_method(Method m);

enum class Kind : std::uint8_t { None = 0, Event, Todo, Journal, FreeBusy };
[[nodiscard]] std::string_view kind_word(Kind k);  ///< "VEVENT"

/// Revision of one component: SEQUENCE, then DTSTAMP to break a tie (RFC 5546 section 2.1.5).
struct Revision {
  std::int64_t sequence = 0;  ///< 0 if absent
  UtcSeconds dtstamp{};       ///< the earliest time if absent
  friend auto operator<=>(const Revision&, const Revision&) = default;
};

/// What a component is about: the whole recurrence set, an instance, or an instance and all later.
struct Scope {
  enum class Type : std::uint8_t { Series = 0, Range, Instance };
  Type type = Type::Series;
  ical::Time at;  ///< RECURRENCE-ID as received; none for Series
  /// Canonical text, the same for RECURRENCE-IDs that name the same instant: "series",
  /// "range:20270104T090000Z", "instance:20270104T090000Z", "instance:20270104" for a DATE.
  [[nodiscard]] std::string key() const;
};

/// One ATTENDEE or ORGANIZER property, read.
struct Party {
  CalAddress address;
  std::optional<CalAddress> sent_by;
  Shared<ical::Property> property;
};

struct MessageComponent {
  Shared<ical::Component> component;  ///< as received
  Scope scope;
  Revision revision;
  std::optional<Party> organizer;  ///< its own, or inherited from the master
  std::vector<Party> attendees;    ///< its own; an override without any inherits the master's
};

struct Message {
  Method method = Method::None;
  Kind kind = Kind::None;
  std::string uid;                 ///< canonical_uid(), or as the calendar spells it
  std::optional<Party> organizer;  ///< the same in all components (or inherited)
  std::vector<MessageComponent> components;
  std::vector<Shared<ical::Component>> timezones;  ///< the VTIMEZONEs
  Shared<ical::Component> calendar;  ///< the whole VCALENDAR as received; the others are parts of it
};

/// A UID as it is compared: Exchange writes the same hexadecimal UID in either case.
[[nodiscard]] std::string canonical_uid(const std::string& uid);

/// A message, or why it is refused (itip.md "Refused"); never both. Notices: what was tolerated.
struct Reading {
  std::optional<Message> message;
  std::vector<Reason> refusals;
  std::vector<Reason> notices;
};

/// @param method_parameter     of the Content-Type (RFC 6047 section 2.4); for bare iCalendar the
/// METHOD property
/// @param component_parameter  of the Content-Type, if given
Reading read_message(ical::Parsed parsed, std::string_view method_parameter,
                     const std::optional<std::string>& component_parameter, UtcSeconds now);

/// The same, for what may hold several messages: a PUBLISH of several UIDs is one for each (RFC
/// 5546 section 3.2.1), so that each is judged and planned alone. Never empty.
std::vector<Reading> read_messages(ical::Parsed parsed, std::string_view method_parameter,
                                   const std::optional<std::string>& component_parameter,
                                   UtcSeconds now);

}  // namespace imip::itip
