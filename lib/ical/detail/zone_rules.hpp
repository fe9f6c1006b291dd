/// @file Offsets of a time zone, from a VTIMEZONE (RFC 5545 section 3.6.5) or from tzdata.
///
/// Not libical's icaltimezone: it reads a wall-clock time that a clock change skips or repeats
/// otherwise than RFC 5545 section 3.3.5 says (standard time, and the offset after the gap), takes
/// the minutes of America/St_Johns with the wrong sign after 2037, costs 11 million instructions
/// for the first conversion, and expands whatever RRULE a stranger's VTIMEZONE has.
#pragma once
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "ical/object.hpp"
#include "ical/time.hpp"

namespace imip::ical::detail {

using Offset = std::chrono::seconds;  ///< local time minus UTC

/// A day of every year: the nth weekday of a month, the weekday among some days of a month, a
/// fixed date, or (POSIX) a day of the year.
struct YearDay {
  unsigned month = 0;               ///< 1 to 12; 0: `day_of_year` counts
  std::optional<unsigned> weekday;  ///< 0 is Sunday
  int nth = 0;                      ///< 1 to 5, -1 is the last; 0: one of `days`
  std::vector<unsigned> days;       ///< days of the month that come into question
  int day_of_year = 0;              ///< 0 to 365
  bool without_leap_day = false;    ///< POSIX "Jn": 29 February is never counted
  [[nodiscard]] std::optional<std::chrono::sys_days> in(std::chrono::year y) const;
};

/// A change of the clocks that happens every year.
struct YearlyOnset {
  YearDay day;
  std::chrono::seconds time{};  ///< wall-clock before the change; may be negative or over 24 h
  Offset from{}, to{};
  UtcSeconds first{UtcSeconds::min()};
  UtcSeconds until{UtcSeconds::max()};
  std::string name;  ///< TZNAME
  bool daylight = false;
  [[nodiscard]] std::optional<UtcSeconds> in(std::chrono::year y) const;
};

struct Onset {
  UtcSeconds at{};
  Offset from{}, to{};
  std::string name;
  bool daylight = false;
};

/// Immutable once made.
class ZoneRules {
 public:
  /// @errors Errc::BadValue: no usable STANDARD or DAYLIGHT, or one that no clock could follow
  static Result<ZoneRules> from_vtimezone(const Component& vtimezone);
  /// @param olson e.g. "Europe/Berlin". @errors Errc::BadValue: unknown
  static Result<ZoneRules> from_tzdata(const std::string& olson);

  [[nodiscard]] Offset offset_at(UtcSeconds t) const;
  /// The offset at `from`, and each other one with the time from which on it holds, before `to`.
  [[nodiscard]] std::vector<OffsetChange> offsets(UtcSeconds from, UtcSeconds to) const;
  /// RFC 5545 section 3.3.5: of a time that comes twice the first; a time that is skipped is read
  /// with the offset before the gap.
  [[nodiscard]] UtcSeconds instant_of(UtcSeconds wall) const;
  [[nodiscard]] bool exists(UtcSeconds wall) const;  ///< is it on the clock at all?

  [[nodiscard]] const std::vector<Onset>& onsets() const { return onsets_; }
  [[nodiscard]] const std::vector<YearlyOnset>& yearly() const { return yearly_; }
  /// Offset, and name, before all onsets.
  [[nodiscard]] const Onset& initial() const { return initial_; }

 private:
  friend class TzFileReader;
  Result<void> add_observance(const Component& observance);
  void settle();
  std::vector<Onset> onsets_;  // sorted by `at`
  std::vector<YearlyOnset> yearly_;
  Onset initial_;
};

/// Is it the name of a zone of tzdata (and a safe path)?
[[nodiscard]] bool is_olson_name(std::string_view name);
/// "+0100" or "+013015".
[[nodiscard]] std::string format_offset(Offset offset);
[[nodiscard]] std::optional<Offset> parse_offset(std::string_view text);

}  // namespace imip::ical::detail
