/// @file One version of an organizer's object, by occurrence.
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "ical/object.hpp"
#include "ical/time.hpp"
#include "itip/detail/shape.hpp"
#include "itip/message.hpp"

namespace imip::itip::detail {

/// Attendees by address_key().
using People = std::map<std::string, Party>;

/// A component that speaks of some occurrences, and from when on.
struct Piece {
  ical::Time at;  ///< its RECURRENCE-ID
  ical::Component component;
};
using Pieces = std::map<UtcSeconds, Piece>;

struct Version {
  Kind kind = Kind::None;
  ical::Component calendar;
  ical::Zones zones;
  std::optional<ical::Component> master;
  Pieces instances, ranges;
  std::int64_t cancelled_at = 0;  ///< the greatest SEQUENCE of what is cancelled of it
  struct Cancelled {
    std::int64_t sequence = 0;
    /// After the series went out last, as imip's own copy tells: who got that has the occurrence in
    /// it.
    bool since = false;
  };
  std::map<UtcSeconds, Cancelled> cancelled_alone;  ///< occurrences
  /// Those of them that the series has, and that do not take place nonetheless.
  std::set<UtcSeconds> off;

  /// Without what is private; cancelled overrides are EXDATEs. @errors Errc::BadCalendar
  static Result<Version> read(const ical::Component& calendar, Kind kind);
  [[nodiscard]] bool cancelled() const;  ///< as a whole
  /// Nobody can use what is said of an occurrence that the series does not have, or excludes; an
  /// EXDATE of nothing goes too. Returned are the overrides.
  std::vector<ical::Time> drop_overrides_of_nothing(const Limits& limits);
  /// What takes place at `at`, as a component with that RECURRENCE-ID: its own, else of the range that it is in,
  /// else of the series; nothing if there is no such occurrence.
  [[nodiscard]] std::optional<ical::Component> at(const ical::Time& at, const Limits& limits) const;
  /// From `at` on, as a range; nothing without a series.
  [[nodiscard]] std::optional<ical::Component> from(const ical::Time& at, const Limits& limits) const;
};

/// What others may see, property by property; equal where itip.md "Sameness" says equal.
struct Print {
  Shape shape;
  std::map<std::string, std::set<std::string>> values;
  friend bool operator==(const Print&, const Print&) = default;
};
[[nodiscard]] Print print_of(const ical::Zones& zones, const ical::Component& component);
/// "the start", "the place (was: Room 7)".
[[nodiscard]] std::vector<std::string> differences(const Print& before, const Print& after);

/// The attendees but the organizer and who acts for her.
[[nodiscard]] People people_of(const ical::Component& component);

[[nodiscard]] bool contains(const People& people, const std::string& key);
[[nodiscard]] People without(const People& people, const People& others);
[[nodiscard]] People with(People people, const People& others);

[[nodiscard]] std::int64_t sequence_of(const ical::Component& component);

}  // namespace imip::itip::detail
