/// @file What Zones keeps; for time.cpp and recurrence.cpp.
#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "ical/detail/zone_rules.hpp"
#include "ical/time.hpp"

namespace imip::ical {

struct Zones::Impl {
  std::map<std::string, Component, std::less<>> defined;  ///< VTIMEZONE by TZID, the first of each
  /// Made when first asked for: a calendar may define thousands.
  std::map<std::string, std::shared_ptr<const detail::ZoneRules>, std::less<>> resolved;
  std::mutex mutex;  ///< of `resolved`

  /// @errors Errc::BadValue
  Result<std::shared_ptr<const detail::ZoneRules>> rules(const std::string& tzid);
};

struct ZonesAccess {
  static Zones::Impl& impl(const Zones& zones) { return *zones.impl_; }
};

namespace detail {

/// The time that shows `wall` in the zone of `like`, of the same kind as it.
Result<Time> time_like(const Zones& zones, const Time& like, UtcSeconds wall);
/// What the clock of its own zone shows.
[[nodiscard]] UtcSeconds wall_of(const Time& time);
/// tzdata's name for a TZID: itself, what follows a "/vendor/" prefix, or a Windows name's.
[[nodiscard]] std::optional<std::string> olson_name_for(std::string_view tzid);

}  // namespace detail

}  // namespace imip::ical
