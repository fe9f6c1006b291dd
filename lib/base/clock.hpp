/// @file The only place that reads the time, and the forms that times take.
#pragma once
#include <chrono>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace imip {

/// Whole seconds since 1970-01-01T00:00:00Z, without leap seconds.
using UtcSeconds = std::chrono::sys_seconds;

/// Reads the system clock.
[[nodiscard]] UtcSeconds system_now();

/// RFC 3339: "2027-01-04T10:00:00Z".
[[nodiscard]] std::string to_rfc3339(UtcSeconds t);
/// RFC 5545 section 3.3.5 form 2: "20270104T100000Z".
[[nodiscard]] std::string to_ical_utc(UtcSeconds t);
/// RFC 5322 section 3.3: "Mon, 04 Jan 2027 10:00:00 +0000".
[[nodiscard]] std::string to_rfc5322(UtcSeconds t);

/// RFC 3339 with offset or Z ("2027-01-04T10:00:00+01:00"), RFC 5545 UTC ("20270104T100000Z"),
/// or "@SECONDS". @errors Errc::BadValue
Result<UtcSeconds> parse_instant(std::string_view text);

}  // namespace imip
