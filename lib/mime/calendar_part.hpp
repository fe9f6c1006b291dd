/// @file The text/calendar parts (RFC 6047 section 2.4).
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "base/reason.hpp"
#include "mime/message.hpp"

namespace imip::mime {

/// Where a node stands.
struct Place {
  std::size_t alternative = no_node;  ///< the outermost multipart/alternative around it
  bool in_report = false;             ///< inside multipart/report
  bool in_forwarded = false;          ///< inside message/rfc822
};
[[nodiscard]] Place place_of(const Message& message, std::size_t node);

struct CalendarPart {
  std::size_t node = no_node;
  std::string part;                      ///< Node::part
  std::optional<std::string> method;     ///< upper case; empty: not an iMIP part
  std::optional<std::string> component;  ///< upper case
  std::string text;                      ///< decoded, UTF-8
  Place place;                           ///< in a report it is refused
  bool attachment = false;               ///< Content-Disposition: attachment (judged all the same)
  std::vector<Reason> defects;           ///< its own and its ancestors': no identity
};

/// Every text/calendar leaf, in tree order; application/ics never acts and is not listed.
/// UTF-8 and US-ASCII; ISO-8859-1 is converted; another charset is the defect BadCharset.
/// @errors Errc::TooLarge, Errc::BadMime
Result<std::vector<CalendarPart>> calendar_parts(const Message& message, const Limits& limits);

}  // namespace imip::mime
