/// @file JSON as it is written: RFC 8259, one object on a line.
#pragma once
#include <nlohmann/json.hpp>
#include <string>

namespace imip::report {

/// In ASCII: C1 controls, bidirectional characters and U+2028 are \u escapes, so that neither a terminal nor
/// a reader that ends lines at them sees them. What is no UTF-8 becomes U+FFFD.
[[nodiscard]] inline std::string json_line(const nlohmann::ordered_json& json)
{
  return json.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

}  // namespace imip::report
