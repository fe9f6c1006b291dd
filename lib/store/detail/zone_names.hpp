/// @file TZIDs in a file that holds many objects: two that mean different times by one name must not meet.
#pragma once
#include <map>
#include <set>
#include <string>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "ical/object.hpp"

namespace imip::store::detail {

/// The TZIDs that properties of the calendar name.
[[nodiscard]] std::set<std::string> tzids_in(const ical::Component& calendar);

/// "Europe/Berlin-imip-0a1b2c3d": made of what the VTIMEZONE says, so that the same one gets the same name.
[[nodiscard]] std::string fresh_zone_name(const std::string& tzid, const std::string& vtimezone);
/// Takes that back where it can be; true: something was renamed.
bool restore_zone_names(ical::Component& calendar);
/// The VCALENDAR with TZIDs, and the VTIMEZONEs of that name, renamed.
Result<std::string> with_zone_names(const std::string& calendar,
                                    const std::map<std::string, std::string>& names,
                                    const Limits& limits);

/// Do both VTIMEZONEs have the same offsets, from the first DTSTART of the calendar until 12 years after the
/// last one?
[[nodiscard]] bool same_zone(const std::string& a, const std::string& b, const ical::Component& calendar,
                             const Limits& limits);

}  // namespace imip::store::detail
