/// @file Making iTIP objects to send (RFC 5546 section 3).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/mail_address.hpp"
#include "base/result.hpp"
#include "ical/object.hpp"
#include "ical/time.hpp"
#include "itip/message.hpp"

namespace imip::itip {

/// What the flags of `imip build` say. Empty members were not given.
struct BuildSpec {
  Method method = Method::None;
  Kind kind = Kind::None;  ///< None: that of the object, else VEVENT
  std::string organizer;   ///< address; ";CN=Name" and other parameters may follow
  std::string sent_by;     ///< who acts for the organizer; in REPLY, COUNTER, REFRESH for the attendee
  std::vector<std::string> attendees;  ///< "ADDR[;PARAM=VALUE...]", e.g.
                                       ///< "b@x.example;ROLE=OPT-PARTICIPANT;RSVP=TRUE;CN=Bob"; in REPLY,
                                       ///< COUNTER and REFRESH the first is the one who speaks
  std::string summary, location, description;
  std::string start, end, due, duration;  ///< WHEN (ical/time.hpp) and RFC 5545 DURATION
  std::string timezone;                   ///< Olson name for WHENs without offset
  std::string rrule;
  std::vector<std::string> exdates, rdates;
  std::string uid;
  std::optional<std::int64_t> sequence;
  std::string recurrence_id;
  bool this_and_future = false;
  std::string status, comment;
  std::optional<std::int64_t> priority, percent_complete;  ///< 0 to 9; 0 to 100
  std::string completed;                                   ///< WHEN
  std::vector<std::string> freebusy;        ///< "START/END[;FBTYPE=...]" or "START/DURATION[;FBTYPE=...]"
  std::vector<std::string> request_status;  ///< "3.7;Invalid calendar user" (RFC 5546 section 3.6)
  std::vector<std::pair<std::string, std::string>>
      attach_cids;  ///< (content-id, file name): ATTACH;...:CID:
  friend bool operator==(const BuildSpec&, const BuildSpec&) = default;
};

/// An object from flags alone, or flags over `base` (an .ics that was read; its METHOD is replaced). Adds what
/// RFC 5546 needs: METHOD, PRODID, VERSION, UID (if missing: random, or from `uid`), DTSTAMP = now, SEQUENCE,
/// what its table of section 3 requires, PARTSTAT=NEEDS-ACTION and RSVP=TRUE for attendees without (but not the
/// organizer's own), a VTIMEZONE for every TZID used; strips X-IMIP-*, VALARM, private data (itip.md "Building")
/// and what the table forbids.
/// @errors Errc::BadValue (names the flag: "--end is before --start"), Errc::BadCalendar (two UIDs,
/// no event)
Result<ical::Component> build_object(const BuildSpec& spec, const ical::Component* base,
                                     UtcSeconds now);

/// Who must get it: of what the organizer sends the attendees but not she and not who acts for her; of what an
/// attendee sends the organizer.
[[nodiscard]] std::vector<Party> recipients(const ical::Component& calendar);

/// The organizer that flags or else the object name.
/// @errors as build_object()
Result<ical::Property> organizer_of(const BuildSpec& spec, const ical::Component* base);

/// A WHEN of the command line about a component: in its own zone, which only its calendar may know,
/// or floating as it is, unless the WHEN says another. @errors Errc::BadValue, with the flag in its
/// text
Result<ical::Property> when_of(std::string_view flag, std::string_view name,
                               const std::string& when, const ical::Component& calendar,
                               const ical::Component& component);

/// For peers that do not know RANGE=THISANDFUTURE: the object with a component of its own for every occurrence that a
/// range speaks of. What is private is gone. @errors Errc::BadValue (endless, or too many), Errc::BadCalendar
Result<ical::Component> without_ranges(const ical::Component& calendar, const Limits& limits);
/// The object whose series ends before `at`. @errors Errc::BadCalendar
Result<ical::Component> ended_before(const ical::Component& calendar, const ical::Time& at);

}  // namespace imip::itip
