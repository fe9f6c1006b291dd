/// @file Where octets that should be iCalendar depart from RFC 5545 (and from RFC 6868, 7986, 9073, 9074, whose names
/// are no departures). Reads on where ical::parse stops, and knows the lines.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/departure.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "ical/object.hpp"

namespace imip::ical {

struct SourceProperty {
  Property property;
  std::size_t line = 0;  ///< where it begins; the first of the text is 1
};

struct SourceComponent {
  std::string name;  ///< upper case
  std::size_t line = 0;
  std::vector<SourceProperty> properties;
  std::vector<SourceComponent> components;

  [[nodiscard]] const SourceProperty* find(std::string_view name) const;  ///< the first
  [[nodiscard]] std::vector<const SourceProperty*> all(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;  ///< of properties
  [[nodiscard]] Place place(std::string_view property = {}) const;  ///< of its first property of that name, else its own
};

/// The same without lines.
[[nodiscard]] Component without_lines(const SourceComponent& component);

/// Octets of a calendar -> every VCALENDAR in them, as well as they can be read, and what is wrong with their form.
/// @param line_ends  do the octets have the line ends that their sender wrote? A mail that was stored has others.
/// @errors Errc::TooLarge
Result<std::vector<SourceComponent>> read_source(std::string_view octets, bool line_ends,
                                                 const Limits& limits, Departures& out);

/// Who else has tables of what a component holds. True: leave the count of that property or component to them.
using CountedElsewhere = std::function<bool(const SourceComponent& within, std::string_view name)>;

/// Names, values, parameters, counts, times, repetitions, zones, alarms of one VCALENDAR.
void lint_calendar(const SourceComponent& calendar, const CountedElsewhere& counted, Departures& out);

/// What apply does where a property is missing or there too often; it may depend on the method.
[[nodiscard]] Effect effect_of_count(Rule rule, std::string_view property);

/// TZIDs that are used and that no VTIMEZONE defines (RFC 5545 section 3.2.19).
void lint_missing_timezones(const SourceComponent& calendar, Departures& out, Law law = {});

}  // namespace imip::ical
