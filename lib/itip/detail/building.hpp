/// @file The steps of build_object().
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/mail_address.hpp"
#include "base/result.hpp"
#include "ical/object.hpp"
#include "ical/time.hpp"
#include "itip/build.hpp"

namespace imip::itip::detail {

/// "ADDR[;PARAM=VALUE...]" as ORGANIZER or ATTENDEE. Values may be quoted. @errors Errc::BadValue
Result<ical::Property> party_property(std::string_view name, std::string_view flag,
                                      const std::string& given);
/// ATTENDEE, ORGANIZER: the address in the value. @errors Errc::BadCalendar
Result<CalAddress> address_of(const ical::Property& party);

/// The organizer that the flags or else the object names, SENT-BY included, in every component.
Result<void> set_organizer(const BuildSpec& spec, std::vector<ical::Component>& events);
/// ATTENDEEs of flags instead of the object's; PARTSTAT and RSVP as the method wants them.
/// @param asks_again  something moved: everybody answers anew
Result<void> set_attendees(const BuildSpec& spec, bool has_base, bool asks_again,
                           std::vector<ical::Component>& events);

/// What `base` says about one UID: the master first (if it has one), then overrides; without what
/// is private. @errors Errc::BadCalendar
Result<std::vector<ical::Component>> events_of(const ical::Component& base);
/// Only the repetition that --recurrence-id names: its override, or one made from the master.
Result<std::vector<ical::Component>> only_instance(const BuildSpec& spec,
                                                   const ical::Component& base,
                                                   std::vector<ical::Component> events);
/// Overrides that say STATUS:CANCELLED become EXDATEs of the master (RFC 5546 section 3.2.2 has no
/// such STATUS in a REQUEST); what overrides lack they get from the master.
Result<void> complete_overrides(std::vector<ical::Component>& events);

/// --start, --end, --duration, --rrule, --exdate, --rdate over the event.
Result<void> set_times(const BuildSpec& spec, const ical::Component& calendar, bool has_base,
                       ical::Component& event);
/// A --flag's WHEN. @errors Errc::BadValue, with the flag in its text
Result<ical::Property> when_flag(std::string_view flag, std::string_view name,
                                 const std::string& when, const std::string& timezone);
/// DTSTART and the like from a time.
[[nodiscard]] ical::Property time_property(std::string_view name, const ical::Time& time);

/// The VTIMEZONEs that `events` use: of `base`, else of tzdata. @errors Errc::BadValue
Result<std::vector<ical::Component>> zones_for(const std::vector<ical::Component>& events,
                                               const ical::Component* base);

/// The tables of RFC 5546 sections 3.2.1, 3.2.2 and 3.2.5, and times that make sense.
/// @errors Errc::BadCalendar, or Errc::BadValue where flags alone made the event
Result<void> check_event(const BuildSpec& spec, bool has_base, const ical::Zones& zones,
                         const ical::Component& event);

}  // namespace imip::itip::detail
