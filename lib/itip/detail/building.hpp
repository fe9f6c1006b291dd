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

/// What is built: --component, else what the object holds, else a VEVENT; RFC 5546 has a table for it.
/// @errors Errc::BadValue, Errc::BadCalendar (no such component in the object, or mixed)
Result<Kind> kind_of(const BuildSpec& spec, const ical::Component* base);
/// Do the flags go together, with the method and with the component, and is nothing missing?
/// @errors Errc::BadValue
Result<void> check_flags(const BuildSpec& spec, Kind kind, bool has_base);

/// Does the table allow only one component (ADD, REFRESH, COUNTER)?
[[nodiscard]] bool takes_one(Method method, Kind kind);
/// DTEND, DUE; nothing for what has no end.
[[nodiscard]] std::string_view end_name(Kind kind);
/// What CANCEL, REPLY, REFRESH and DECLINECOUNTER do not repeat goes.
void reduce(Method method, std::vector<ical::Component>& components);
/// What the table requires and may be empty comes in; what it forbids, and what such a component never has, goes.
void fill_and_trim(Method method, Kind kind, ical::Component& component);
/// The rows of the table for one component. @errors Errc::BadValue, without a hint
Result<void> check_restrictions(Method method, Kind kind, const ical::Component& component);
/// May a component of this kind have the property in some method?
[[nodiscard]] bool may_have(Kind kind, std::string_view property);
/// Does the table of this method forbid it?
[[nodiscard]] bool forbids(Method method, Kind kind, std::string_view property);

/// "ADDR[;PARAM=VALUE...]" as ORGANIZER or ATTENDEE. Values may be quoted. @errors Errc::BadValue
Result<ical::Property> party_property(std::string_view name, std::string_view flag,
                                      const std::string& given);
/// ATTENDEE, ORGANIZER: the address in the value. @errors Errc::BadCalendar
Result<CalAddress> address_of(const ical::Property& party);
/// PARTSTAT and RSVP as a REQUEST has them: who has not answered is asked; the organizer need not answer herself.
/// @param asks_again  something moved: everybody answers anew
Result<void> dress_request(ical::Component& event, bool asks_again);
/// Nobody is asked anything any more.
void dress_cancel(ical::Component& event);

/// --sent-by into ORGANIZER or ATTENDEE, but not who acts for herself.
Result<void> set_proxy(const BuildSpec& spec, const CalAddress& address, ical::Property& party);

/// The organizer that the flags or else the object names, SENT-BY included, in every component.
Result<void> set_organizer(const BuildSpec& spec, std::vector<ical::Component>& components);
/// ATTENDEEs of flags instead of the object's; PARTSTAT and RSVP as the method wants them; who speaks in REPLY,
/// COUNTER and REFRESH. CANCEL gets its STATUS here: it depends on who stays.
Result<void> set_attendees(const BuildSpec& spec, Kind kind, bool has_base, bool asks_again,
                           const ical::Component* base, std::vector<ical::Component>& components);
/// The one ATTENDEE of a REPLY or REFRESH; in a COUNTER also those who are proposed.
Result<std::vector<ical::Property>> speakers(const BuildSpec& spec, Kind kind,
                                             const std::vector<ical::Property>& given,
                                             const ical::Component* base);

/// What `base` says about one UID: the master first (if it has one), then overrides; without what
/// is private. @errors Errc::BadCalendar
Result<std::vector<ical::Component>> components_of(const ical::Component& base, Kind kind);
/// Only the repetition that --recurrence-id names: its override, or one made from its range or the
/// master; with
/// --this-and-future never from an override.
Result<std::vector<ical::Component>> only_instance(const BuildSpec& spec, Kind kind,
                                                   const ical::Component& base,
                                                   std::vector<ical::Component> components);
/// The repetition that a range or instance component stands for, made from the master.
Result<ical::Component> made_from_master(const ical::Zones& zones, const ical::Component& master,
                                         const ical::Time& at);
/// ADD: one more like the series, when --start says.
Result<std::vector<ical::Component>> new_instance(const BuildSpec& spec, const ical::Component& base,
                                                  std::vector<ical::Component> components);
/// Overrides that say STATUS:CANCELLED become EXDATEs of the master, a range that does its end (RFC
/// 5546 section 3.2.2 has no such STATUS in a REQUEST); what overrides lack they get from the
/// master.
Result<void> complete_overrides(const ical::Zones& zones, std::vector<ical::Component>& components);
/// Overrides and ranges of occurrences that the master does not have go: nobody can use them.
void drop_overrides_of_nothing(const ical::Zones& zones, std::vector<ical::Component>& components);
/// The greatest SEQUENCE of overrides and ranges that say STATUS:CANCELLED: only with a higher one
/// the series ends that.
[[nodiscard]] std::int64_t cancelled_sequence(const ical::Component& calendar);
/// The rules, RDATEs and EXDATEs of the master end before `at`.
void end_series(const ical::Zones& zones, ical::Component& master, const ical::Time& at);

/// --start, --end, --due, --duration, --rrule, --exdate, --rdate over the component.
Result<void> set_times(const BuildSpec& spec, Kind kind, const ical::Component& calendar,
                       bool has_base, ical::Component& component);
/// --status, --priority, --percent-complete, --completed, --request-status.
Result<void> set_state(const BuildSpec& spec, ical::Component& component);
/// --freebusy, sorted; the window in UTC (RFC 5546 section 3.3).
Result<void> set_free_busy(const BuildSpec& spec, const ical::Zones& zones,
                           ical::Component& component);
/// Instead of a zone: times are on whatever clock (RFC 5545 section 3.3.5, form 1).
inline constexpr std::string_view floating = "(floating)";
/// The zone of WHENs without an offset: --timezone, else the component's own; `floating` if that
/// has none.
[[nodiscard]] std::string zone_of(const BuildSpec& spec, const ical::Component& component);
/// A --flag's WHEN. @errors Errc::BadValue, with the flag in its text
/// @param zones  those of the calendar that it is about: it may name a zone as Windows or only it itself does
Result<ical::Property> when_flag(std::string_view flag, std::string_view name,
                                 const std::string& when, const std::string& timezone,
                                 const ical::Zones* zones = nullptr);
/// DTSTART and the like from a time.
[[nodiscard]] ical::Property time_property(std::string_view name, const ical::Time& time);
/// What the clock of its own zone shows, as if it were UTC.
[[nodiscard]] UtcSeconds wall_of(const ical::Time& time);
/// The time of the same kind and zone as `like` at which its clock shows `wall`.
[[nodiscard]] ical::Time moved_wall(const ical::Zones& zones, const ical::Time& like,
                                    UtcSeconds wall);

/// The VTIMEZONEs that `components` use: ours from tzdata; the object's own where tzdata has no such zone or other
/// rules at the time. @errors Errc::BadValue
Result<std::vector<ical::Component>> zones_for(const std::vector<ical::Component>& components,
                                               const ical::Component* base);

/// The table of RFC 5546 section 3, and times that make sense.
/// @errors Errc::BadCalendar, or Errc::BadValue where flags alone made the component
Result<void> check_component(const BuildSpec& spec, Kind kind, bool has_base,
                             const ical::Zones& zones, const ical::Component& component);

}  // namespace imip::itip::detail
