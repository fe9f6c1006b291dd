/// @file A recurrence rule (RFC 5545 section 3.3.10) as libical reads it, behind a strict check of
/// its grammar: libical itself takes INTERVAL=65537 for 1, COUNT=5x for 5, and reads zone.tab for
/// an UNTIL in UTC.
#pragma once
#include <libical/ical.h>

#include <optional>
#include <string_view>

#include "base/result.hpp"
#include "ical/detail/date_time.hpp"

namespace imip::ical::detail {

struct Rule {
  icalrecurrencetype parts{};     ///< without UNTIL
  std::optional<DateTime> until;  ///< as written: UTC, floating or a date
};

/// @errors Errc::BadValue
Result<Rule> parse_rule(std::string_view text);

}  // namespace imip::ical::detail
