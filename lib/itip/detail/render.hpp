/// @file render(facts): the calendar object that all messages together make. It never looks at the
/// order in which they came, nor at anything else but its arguments.
#pragma once
#include <string>
#include <vector>

#include "ical/object.hpp"
#include "itip/detail/view.hpp"
#include "itip/facts.hpp"
#include "itip/plan.hpp"

namespace imip::itip::detail {

struct Rendering {
  ical::Component calendar;         ///< VCALENDAR, one UID; without components if nothing shows
  bool empty = true;                ///< nothing shows: held
  bool cancelled = false;           ///< everything that shows is cancelled
  bool uninvited = false;           ///< ... but only for the owner
  std::vector<std::string> strays;  ///< keys that the series does not have
};

Rendering render(const Facts& facts, const std::string& uid, const Owner& owner,
                 const PlanOptions& options, const Rules& rules = {});

/// The ATTENDEEs that show in the slot (rules 6, 7, 8).
std::vector<ical::Property> shown_attendees(const View& view, const Slot& slot,
                                            const ical::Component& event, const Owner& owner);

/// What the attendees shown have done of a task (PERCENT-COMPLETE, COMPLETED, STATUS).
void show_progress(const View& view, const Slot& slot, ical::Component& event,
                   const PlanOptions& options);

/// The content for an instance that has none of its own, from a range or the series.
ical::Component derived_instance(const View& view, const Slot& slot, const Slot& from);

/// A property of the same kind and zone as `like`, for the instance with that text.
ical::Property time_like(const View& view, std::string_view name, const std::string& text,
                         const ical::Property& like);

/// The series without what lies at or after `end`.
void truncate(const View& view, UtcSeconds end, ical::Component& master, const Limits& limits);

/// Adds a VTIMEZONE for every TZID in use: from the calendars given (the first that has it), else
/// from tzdata. Sorted by TZID; others are dropped.
void complete_timezones(ical::Component& calendar, const std::vector<const ical::Component*>& from);

}  // namespace imip::itip::detail
