/// @file The restriction tables of RFC 5546 sections 3.1 to 3.5. They are kept in restrictions.csv, from which the
/// build makes the table in the program.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "itip/message.hpp"

namespace imip::itip {

/// The "Presence" column (RFC 5546 section 3).
enum class Presence : std::uint8_t { Never = 0, Any, AtMostOne, One, Some };
[[nodiscard]] std::string_view presence_word(Presence p);  ///< "0", "0+", "0-1", "1", "1+"

/// One row. A row for IANA-PROPERTY stands for every property that the tables do not name.
struct Restriction {
  std::string_view section;  ///< "3.2.2"
  Method method;             ///< None: for every method (section 3.1)
  Kind kind;
  std::string_view within;   ///< the component around it: "VEVENT"; "VCALENDAR" for what stands at the top
  std::string_view name;     ///< property or component
  Presence presence;
  /// What its comment asks: a name of lint_predicates.cpp and, after ':', its words; several are joined by '+';
  /// empty: nothing.
  std::string_view predicate;
};

/// All rows, those of one table together, in the order of the RFC.
[[nodiscard]] std::span<const Restriction> restrictions();
/// The rows of one table; empty where the RFC has none (REQUEST of a VJOURNAL). (None, None): section 3.1.
[[nodiscard]] std::span<const Restriction> restrictions(Method method, Kind kind);

}  // namespace imip::itip
