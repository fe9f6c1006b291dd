/// @file Where the mail around a calendar departs from RFC 6047.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/departure.hpp"
#include "base/limits.hpp"
#include "mime/calendar_part.hpp"
#include "mime/message.hpp"

namespace imip::mime {

/// A calendar part with its octets.
struct LintPart {
  CalendarPart part;
  std::string octets;  ///< transfer encoding undone, charset as it came
  std::string sha256;  ///< of them with CRLF: parts are compared with one another
};

/// Every text/calendar leaf. @errors as calendar_parts()
Result<std::vector<LintPart>> lint_parts(const Message& message, const Limits& limits);

/// One of them: charset, transfer encoding, placement, disposition, what stands beside it.
void lint_part(const Message& message, const std::vector<LintPart>& all, std::size_t which, const Limits& limits,
               Departures& out);

/// The Content-IDs of all parts, without "<>".
[[nodiscard]] std::vector<std::string> content_ids(const Message& message, const Limits& limits);

}  // namespace imip::mime
