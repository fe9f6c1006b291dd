/// @file iCalendar objects (RFC 5545) as plain values. libical knows which type a property has; what
/// comes out knows nothing of libical, can be compared, edited and serialised, and keeps every octet of
/// names (but their case), parameters and values, known or not.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"

namespace imip::ical {

struct Parameter {
  std::string name;                 ///< upper case
  std::vector<std::string> values;  ///< decoded (RFC 6868), without quotes
  friend bool operator==(const Parameter&, const Parameter&) = default;
};

struct Property {
  std::string name;  ///< upper case
  std::vector<Parameter> parameters;
  std::string value;  ///< as in the content line after unfolding: TEXT is still escaped

  [[nodiscard]] const std::string* parameter(std::string_view upper_name) const;  ///< its first value
  void set_parameter(std::string_view upper_name, std::string v);
  void remove_parameter(std::string_view upper_name);
  [[nodiscard]] std::string text() const;  ///< TEXT unescaped (RFC 5545 section 3.3.11)
  friend bool operator==(const Property&, const Property&) = default;
};

struct Component {
  std::string name;  ///< "VCALENDAR", "VEVENT": upper case
  std::vector<Property> properties;
  std::vector<Component> components;

  [[nodiscard]] const Property* find(std::string_view name) const;  ///< the first
  [[nodiscard]] Property* find(std::string_view name);
  [[nodiscard]] std::vector<const Property*> all(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
  [[nodiscard]] const std::string* value(std::string_view name) const;  ///< raw value of the first
  [[nodiscard]] std::string text(std::string_view name) const;          ///< unescaped; "" if absent
  void set(Property property);  ///< replaces the first of that name and drops the others, or appends
  void remove(std::string_view name);
  friend bool operator==(const Component&, const Component&) = default;
};

/// TEXT escaping (RFC 5545 section 3.3.11).
[[nodiscard]] std::string escape_text(std::string_view plain);
[[nodiscard]] Property text_property(std::string_view name, std::string_view plain);

/// What the parser tolerated or dropped.
struct ParseFinding {
  bool fatal = false;      ///< a property that matters did not parse (X-LIC-ERROR is never ignored)
  std::string component;   ///< "VEVENT"
  std::string property;    ///< "DTSTART"; may be empty
  std::string text;        ///< what is wrong; quotes the input
};

struct Parsed {
  Component calendar;  ///< one VCALENDAR
  std::vector<ParseFinding> findings;
};

/// One VCALENDAR. Guards first (size, line length, depth, counts, errors: limits.hpp). Lists over 500 values
/// are split into several properties, because programs on libical silently cut them. LF and CRLF, with or
/// without BOM, blank lines. A property that does not parse is left out and found, fatal or not.
/// @errors Errc::BadCalendar (no VCALENDAR, several, an unclosed component, NUL, not UTF-8), Errc::TooLarge
Result<Parsed> parse(std::string_view text, const Limits& limits);

/// Content lines folded at 75 octets without splitting a character, CRLF, parameters quoted and encoded
/// (RFC 5545 section 3.1, RFC 6868). parse(serialise(c)) gives c again.
[[nodiscard]] std::string serialise(const Component& calendar);
/// One of its lines, neither folded nor ended.
[[nodiscard]] std::string content_line(const Property& property);
/// Folds and ends it.
void append_folded(std::string& out, std::string_view line);

}  // namespace imip::ical
