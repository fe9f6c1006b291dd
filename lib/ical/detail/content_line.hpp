/// @file Content lines (RFC 5545 section 3.1) and their parameters (section 3.2, RFC 6868).
/// libical's own reader is not used: it cuts lists at 500 values and properties at 100 parameters,
/// drops empty values and RRULE parts, is quadratic in long lines, recurses without bound, and
/// writes values back in other words than it read. Here every octet of a value is kept.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "ical/object.hpp"

namespace imip::ical::detail {

struct ContentLine {
  Property property;
  std::vector<std::string> notes;  ///< what was tolerated
  std::size_t parameter_values = 0;
};

/// One unfolded line. @errors Errc::BadCalendar; Errc::TooLarge: more values of parameters than `most_values`
Result<ContentLine> parse_line(std::string_view line,
                               std::size_t most_values = static_cast<std::size_t>(-1));

/// The name that a line begins with, upper case, even if the rest does not parse; may be empty.
[[nodiscard]] std::string name_of_line(std::string_view line);

}  // namespace imip::ical::detail
