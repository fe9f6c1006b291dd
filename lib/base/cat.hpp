/// @file cat(a, b, ...): strings and integers joined into one string.
#pragma once
#include <concepts>
#include <string>
#include <string_view>

namespace imip {

namespace detail {
inline void append(std::string& out, std::string_view s) { out += s; }
inline void append(std::string& out, char c) { out += c; }
template <std::integral N>
void append(std::string& out, N n)
{
  out += std::to_string(n);
}
}  // namespace detail

template <typename... Parts>
[[nodiscard]] std::string cat(const Parts&... parts)
{
  std::string out;
  (detail::append(out, parts), ...);
  return out;
}

}  // namespace imip
