/// @file What a content line may not look like, though it can be read (RFC 5545 section 3.1).
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "base/departure.hpp"

namespace imip::ical::detail {

/// @param line  unfolded, and one that parse_line() takes
void check_line_form(std::string_view line, const std::function<void(Rule, std::string)>& report);

/// At most 100 octets of it, in quotes, not cut within a character.
[[nodiscard]] std::string excerpt(std::string_view text);

}  // namespace imip::ical::detail
