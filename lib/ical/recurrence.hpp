/// @file Bounded expansion of recurrence sets (RFC 5545 section 3.8.5).
#pragma once
#include <optional>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "ical/time.hpp"

namespace imip::ical {

/// The starts of DTSTART + RRULE + RDATE - EXDATE between `from` and `to` (both inclusive, instants),
/// sorted, each once; DTSTART always is one. A rule that can never match gives just what else there is; what
/// is too much work (a fraction of a second) is refused. UNTIL or EXDATE as a DATE means that whole day.
/// @errors Errc::TooLarge (limits.recurrence_instances), Errc::BadValue (RRULE does not parse, EXRULE)
Result<std::vector<Time>> expand(const Zones& zones, const Component& master, UtcSeconds from,
                                 UtcSeconds to, const Limits& limits);

/// Both ends are inside.
struct Window {
  UtcSeconds from{}, to{};
};
/// As expand(), for windows that may lie far apart, as many of them, in the order given, as are not
/// too much work together. @errors Errc::BadValue, as expand()
Result<std::vector<Time>> expand_windows(const Zones& zones, const Component& master,
                                         const std::vector<Window>& windows, const Limits& limits);

/// Is there an instance that starts at this very instant (or on this date)?
Result<bool> has_instance(const Zones& zones, const Component& master, const Time& recurrence_id,
                          const Limits& limits);

/// The next `n` instances from `from` on.
Result<std::vector<Time>> next_instances(const Zones& zones, const Component& master, UtcSeconds from,
                                         std::size_t n, const Limits& limits);

/// Does the RRULE parse? (COUNT and UNTIL not both, known parts, UNTIL of DTSTART's kind.)
Result<void> check_rrule(std::string_view rrule);

}  // namespace imip::ical
