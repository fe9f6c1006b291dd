/// @file What strangers wrote, on lines of ours.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace imip::report {

/// Text from a message, a certificate or a key as a value on one screen: safe for a terminal
/// (text::for_terminal), and no more of it than somebody reads; how many octets are left out is told.
[[nodiscard]] std::string safe(std::string_view untrusted);

/// `label`, then `value` from `column` on, in lines of at most `columns` columns (0: as long as it is). What
/// goes on below stays at `column`: a terminal that breaks lines by itself would let a long value begin a line,
/// where it could pass for one of ours.
/// @param value  what for_terminal() or safe() gave, colours of ours among it
[[nodiscard]] std::string wrapped(std::string label, std::string_view value, std::size_t column,
                                  std::size_t columns);

}  // namespace imip::report
