/// @file RFC 5545 as tables: what a component holds (section 3.6), what a property's value and parameters are (3.7, 3.8),
/// and the names that RFC 7986, 9073, 9074 and others added.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

namespace imip::ical::detail {

/// RFC 5545 section 3.3. A list of a type is the type.
enum class Type : std::uint8_t {
  Text, TextList, Date, DateTime, Period, Duration, Integer, Float, Boolean, Uri, CalAddress, Recur, UtcOffset,
  Binary, Geo, RequestStatus
};
[[nodiscard]] std::string_view type_word(Type t);     ///< of VALUE=: "DATE-TIME"
[[nodiscard]] std::string_view type_section(Type t);  ///< "3.3.5"

/// Words are separated by blanks.
struct PropertyRule {
  std::string_view name;
  std::string_view section;     ///< of RFC 5545
  Type type;                    ///< by default
  std::string_view other;       ///< what VALUE= may be beside it: "DATE PERIOD"
  std::string_view parameters;  ///< beside those that any property may have
  std::string_view words;       ///< the values that it may have, whatever the component; empty: any
};

struct ComponentRule {
  std::string_view name;
  std::string_view section;
  std::string_view once, at_most_once, any;  ///< properties
  std::string_view components;
};

/// Null: not of RFC 5545.
[[nodiscard]] const PropertyRule* property_rule(std::string_view name);
[[nodiscard]] const ComponentRule* component_rule(std::string_view name);
/// Of another standard.
[[nodiscard]] bool is_later_property(std::string_view name);
[[nodiscard]] bool is_later_component(std::string_view name);
[[nodiscard]] bool is_later_parameter(std::string_view name);
/// Of RFC 5545 section 3.2.
[[nodiscard]] bool is_parameter(std::string_view name);

[[nodiscard]] bool has_word(std::string_view list, std::string_view word);
/// STATUS of that component (RFC 5545 section 3.8.1.11), PARTSTAT (section 3.2.12); empty: any.
[[nodiscard]] std::string_view status_words(std::string_view component);
[[nodiscard]] std::string_view partstat_words(std::string_view component);

}  // namespace imip::ical::detail
