/// @file Making iTIP objects to send (RFC 5546 section 3).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/mail_address.hpp"
#include "base/result.hpp"
#include "ical/object.hpp"
#include "itip/message.hpp"

namespace imip::itip {

/// What the flags of `imip build` say. Empty members were not given.
struct BuildSpec {
  Method method = Method::None;  ///< Publish, Request, Cancel
  std::string organizer;         ///< address; ";CN=Name" and other parameters may follow
  std::string sent_by;
  std::vector<std::string> attendees;  ///< "ADDR[;PARAM=VALUE...]", e.g.
                                       ///< "b@x.example;ROLE=OPT-PARTICIPANT;RSVP=TRUE;CN=Bob"
  std::string summary, location, description;
  std::string start, end, duration;  ///< WHEN (ical/time.hpp) and RFC 5545 DURATION
  std::string timezone;              ///< Olson name for WHENs without offset
  std::string rrule;
  std::vector<std::string> exdates, rdates;
  std::string uid;
  std::optional<std::int64_t> sequence;
  std::string recurrence_id;
  bool this_and_future = false;
  std::string status, comment;
  std::vector<std::pair<std::string, std::string>>
      attach_cids;  ///< (content-id, file name): ATTACH;...:CID:
};

/// An object from flags alone, or flags over `base` (an .ics that was read; its METHOD is
/// replaced). Adds what RFC 5546 needs: METHOD, PRODID, VERSION, UID (if missing: random, or from
/// `uid`), DTSTAMP = now, SEQUENCE, PARTSTAT=NEEDS-ACTION and RSVP=TRUE for attendees without (but
/// not the organizer's own), a VTIMEZONE for every TZID used; strips X-IMIP-*, VALARM, and private
/// data (itip.md "Building").
/// @errors Errc::BadValue (names the flag: "--end is before --start"), Errc::BadCalendar (two UIDs,
/// no event)
Result<ical::Component> build_object(const BuildSpec& spec, const ical::Component* base,
                                     UtcSeconds now);

/// Who must get it: the attendees but not the organizer and not the one who sends (SENT-BY).
[[nodiscard]] std::vector<Party> recipients(const ical::Component& calendar);

}  // namespace imip::itip
