/// @file Busy time by VFREEBUSY (RFC 5546 section 3.3): what others tell of theirs, what the owner tells of hers. Pure.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "ical/object.hpp"
#include "itip/busy.hpp"
#include "itip/message.hpp"
#include "itip/plan.hpp"

namespace imip::itip {

/// One FREEBUSY value (RFC 5545 section 3.8.2.6).
struct BusyPeriod {
  Window when;
  std::string type = "BUSY";  ///< FBTYPE (section 3.2.9), in upper case
  friend bool operator==(const BusyPeriod&, const BusyPeriod&) = default;
};

/// What a VFREEBUSY tells, by start and end, as far as it lies between DTSTART and DTEND.
/// @errors Errc::BadValue: a period that does not parse, or ends before it starts
Result<std::vector<BusyPeriod>> busy_periods(const ical::Component& free_busy);

/// What a VFREEBUSY is about. @errors Errc::BadValue: no DTSTART, no DTEND, or DTEND not after DTSTART
Result<Window> busy_window(const ical::Component& free_busy);

/// How an event that the owner has not answered shows to others.
enum class Unanswered : std::uint8_t { Tentative = 0, Busy, Free };

/// An answer covers this many days at most: of a longer window those from now on, or its last ones.
inline constexpr int answered_days = 366;
/// An answer with more periods is not given.
inline constexpr std::size_t most_busy_periods = 10'000;
[[nodiscard]] Window answered_window(const Window& asked, UtcSeconds now);

/// Occurrences as others may see them: within the window, those that overlap or touch made one, no
/// time both BUSY and BUSY-TENTATIVE, no titles.
[[nodiscard]] std::vector<BusyPeriod> merged_busy(const std::vector<Occurrence>& taken,
                                                  const Window& window, Unanswered unanswered);

/// The owner's answer to a REQUEST for her busy time.
struct BusyAnswer {
  bool refuse = false;              ///< REQUEST-STATUS 3.8 (section 3.6), and no busy time
  std::vector<BusyPeriod> periods;  ///< merged_busy() over answered_window()
  std::string comment;              ///< UTF-8; may be empty
  CalAddress as;                    ///< which own ATTENDEE answers; empty: the one that is listed
};
/// @errors Errc::Refused: not a VFREEBUSY REQUEST, the owner is not asked, or asks herself; Errc::TooLarge
Result<AnswerPlan> plan_busy_answer(const Message& request, const Facts& facts, const Owner& owner,
                                    const BusyAnswer& answer, UtcSeconds now);

}  // namespace imip::itip
