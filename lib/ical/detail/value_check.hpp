/// @file Is this a value that the property may have? libical's tables say which type a property
/// has; where its scanners are lax (numbers by atoi, dates that no calendar has) ours are strict.
#pragma once
#include <string>
#include <string_view>

#include "ical/object.hpp"

namespace imip::ical::detail {

/// "" if the value is valid for the property, else what is wrong. Unknown properties are valid.
/// May trim blanks around the value, and then says so in `note`.
[[nodiscard]] std::string why_invalid(Property& property, std::string& note);

/// A property that decides about the meaning of a message: if it does not parse, that is fatal.
[[nodiscard]] bool matters(std::string_view property);

/// statcode ";" statdesc [";" extdata] (RFC 5545 section 3.8.8.3): any numbers.
[[nodiscard]] bool is_request_status(std::string_view value);

}  // namespace imip::ical::detail
