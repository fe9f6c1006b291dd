/// @file The shapes of DATE, DATE-TIME and DURATION (RFC 5545 sections 3.3.4 to 3.3.6), strictly.
/// std::chrono is the judge of dates: libical's icaltime_from_string() takes "20270230" and
/// "2027 1 4", reads zone.tab at the first "Z", and its duration parser takes "P" and "PT".
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace imip::ical::detail {

struct DateTime {
  bool is_date = false;
  bool is_utc = false;
  UtcSeconds wall{};  ///< what the clock on the wall shows, as if it hung in Greenwich
};

/// "20270104", "20270104T100000", "20270104T100000Z"; second 60 is read as 59.
[[nodiscard]] std::optional<DateTime> parse_date_time(std::string_view s);
/// "20270104T100000", or "20270104" for a date. `wall` is within the years 0 to 9999.
[[nodiscard]] std::string format_wall(UtcSeconds wall, bool is_date);
[[nodiscard]] bool in_range(UtcSeconds wall);  ///< years 0 to 9999

struct Duration {
  bool negative = false;
  std::int64_t days = 0;     ///< nominal; weeks are 7
  std::int64_t seconds = 0;  ///< exact
  bool loose = false;        ///< what section 3.3.6 does not let stand together: weeks and more, hours and seconds alone
};
/// In any case of letters (RFC 5545 section 3.3.6).
[[nodiscard]] std::optional<Duration> parse_duration(std::string_view s);

/// Digits only, at most 9 of them.
[[nodiscard]] std::optional<int> parse_number(std::string_view digits);

}  // namespace imip::ical::detail
