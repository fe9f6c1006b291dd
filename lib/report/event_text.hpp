/// @file One event in words: for the card on a terminal and for the text part of a mail.
#pragma once
#include <string>
#include <vector>

#include "ical/object.hpp"
#include "ical/time.hpp"

namespace imip::report {

/// Plain UTF-8 from the object, unchecked: a terminal needs text::for_terminal first.
struct EventText {
  std::string summary;
  std::vector<std::string> when;       ///< in the event's zone; then in `local_zone` if the clock differs there
  std::string due;                     ///< of a task: DUE, where it is not the end of `when`
  std::string progress;                ///< of a task: "40 %"
  std::string repeats;                 ///< the RRULE in words where it is simple, else as it is; "" if none
  std::string location;
  std::string organizer;               ///< "Boss <boss@example.com>, sent by pa@example.com"
  std::vector<std::string> attendees;  ///< "Alice <alice@example.com> (accepted)"
  std::string status;                  ///< "CANCELLED"
  std::vector<std::string> busy;       ///< of a VFREEBUSY: its periods, and how many more
  std::string description, comment;
};

/// @param zones       of the calendar around the event
/// @param local_zone  an Olson name, or "UTC"
[[nodiscard]] EventText describe(const ical::Zones& zones, const ical::Component& event,
                                 const std::string& local_zone);

/// "2027-01-04 10:00-11:00 Europe/Berlin (+01:00)", or "2027-01-04 (all day)": as the clocks of `zone` show it.
[[nodiscard]] std::string interval_text(UtcSeconds start, UtcSeconds end, bool all_day,
                                        const std::string& zone);

/// "Boss <boss@example.com>": CN (a claim, never identity) and address.
[[nodiscard]] std::string party_text(const ical::Property& property);

}  // namespace imip::report
