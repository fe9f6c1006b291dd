/// @file When the events of a calendar object take their owner's time: occurrences with overrides
/// and ranges, in the right zones, in bounds. Pure.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "ical/object.hpp"
#include "itip/plan.hpp"

namespace imip::itip {

/// from <= t < to
struct Window {
  UtcSeconds from{}, to{};
  friend bool operator==(const Window&, const Window&) = default;
};

/// One occurrence that takes time. `end` is after `start`.
struct Occurrence {
  UtcSeconds start{}, end{};
  bool all_day = false;
  bool tentative = false;   ///< STATUS:TENTATIVE, or the owner's own answer
  bool unanswered = false;  ///< the owner is asked and has not answered
  std::string uid, summary;
};

/// The occurrences of all VEVENTs of a calendar object that overlap the window, by start. Left out
/// is what takes no time: TRANSP:TRANSPARENT, STATUS:CANCELLED, what the owner declined or
/// delegated, and what has no length. Overrides and RANGE=THISANDFUTURE count as RFC 5545 section
/// 3.8.4.4 says, of an RDATE PERIOD its own length.
/// @param owner  whose answers count; null: nobody's, the event as it is
/// @param zone   Olson name: where the owner is; days and floating times are there
/// @errors Errc::BadValue (a time that does not parse), Errc::TooLarge
/// (limits.recurrence_instances)
Result<std::vector<Occurrence>> busy_occurrences(const ical::Component& calendar,
                                                 const Window& window, const Owner* owner,
                                                 const std::string& zone, const Limits& limits);

/// From when to when the object may take anybody's time at all, wherever he is; `to` is far_future
/// if there is no end. Nothing: never. A superset of what busy_occurrences() finds.
/// @errors Errc::BadValue
Result<std::optional<Window>> busy_hull(const ical::Component& calendar);

/// Later than any time that iCalendar can write.
inline constexpr UtcSeconds far_future{
    std::chrono::sys_days{std::chrono::year{10'000} / 1 / 1}};

}  // namespace imip::itip
