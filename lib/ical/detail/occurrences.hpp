/// @file The wall-clock times of one RRULE, by libical's iterator, in bounds.
#pragma once
#include <libical/ical.h>

#include <cstdint>
#include <optional>

#include "base/clock.hpp"
#include "base/handle.hpp"
#include "base/result.hpp"
#include "ical/detail/rrule.hpp"

namespace imip::ical::detail {

using IcalIterator = Handle<icalrecur_iterator, icalrecur_iterator_free>;

/// Is there any day in the calendar (it repeats after 400 years) that BYMONTH, BYMONTHDAY,
/// BYYEARDAY, BYWEEKNO and BYDAY of the rule all allow? Asked before libical's iterator, which
/// otherwise looks for 30 February second by second.
[[nodiscard]] bool can_match(const Rule& rule);

/// UNTIL is the caller's: it may be in UTC, and this knows no zones.
class Occurrences {
 public:
  /// @param start       DTSTART as a wall-clock time
  /// @param not_before  a hint: what is earlier may be left out (not if the rule has COUNT)
  /// @param not_after   what is later is not looked for
  /// @errors Errc::BadValue: libical cannot do this rule
  static Result<Occurrences> open(const Rule& rule, UtcSeconds start, bool is_date,
                                  UtcSeconds not_before, UtcSeconds not_after);
  /// In rising order.
  std::optional<UtcSeconds> next();
  /// Did it end because the rule is too much work, not because there are no more?
  [[nodiscard]] bool gave_up() const { return gave_up_; }

 private:
  IcalIterator iterator_;
  UtcSeconds end_{};
  bool capped_ = false;
  bool gave_up_ = false;
  bool is_date_ = false;
  int left_ = 0;  // of COUNT; negative: no COUNT
};

}  // namespace imip::ical::detail
