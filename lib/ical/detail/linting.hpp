/// @file The pieces of lint_calendar(). Private to lib/ical.
#pragma once
#include "ical/lint.hpp"
#include "ical/time.hpp"

namespace imip::ical::detail {

struct PropertyRule;

/// Name, parameters and value of each property.
void lint_properties(const SourceComponent& component, Departures& out);
void lint_parameters(const SourceComponent& component, const SourceProperty& source, const PropertyRule& rule,
                     Departures& out);
/// How start, end, duration, repetitions and RECURRENCE-IDs go together, in one VEVENT, VTODO, VJOURNAL, VFREEBUSY.
void lint_times(const SourceComponent& component, const Zones& zones, Departures& out);
/// RRULE, RDATE, EXDATE beside a start. `zoned`: in a VTIMEZONE, whose UNTIL is in UTC though its start is local.
void lint_recurrence(const SourceComponent& component, bool in_timezone, Departures& out);
void lint_timezone(const SourceComponent& timezone, Departures& out);
void lint_alarm(const SourceComponent& alarm, const SourceComponent& around, Departures& out);

}  // namespace imip::ical::detail
