/// @file Short messages for tests of lib/mime.
#pragma once
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "mime/detail/outgoing.hpp"
#include "mime/message.hpp"

namespace imip::mime::test {

inline Message parsed(const std::string& octets)
{
  auto message = parse_message(octets, {});
  INFO((message ? std::string("parsed") : message.error().what));
  REQUIRE(message);
  return std::move(*message);
}

inline std::string crlf(std::string_view lf)
{
  std::string out;
  for (const char c : lf) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

/// A multipart of that type and boundary "b" with this body.
inline std::string multipart(std::string_view type, std::string_view body)
{
  return "From: a@example.com\nMIME-Version: 1.0\nContent-Type: " + std::string(type) +
         "; boundary=b\n\n" + std::string(body);
}

inline std::string body_of(const Message& m, std::size_t node)
{
  return std::string(m.nodes().at(node).body.of(m.octets()));
}
inline std::string whole_of(const Message& m, std::size_t node)
{
  return std::string(m.nodes().at(node).whole.of(m.octets()));
}

inline bool has(const std::vector<Reason>& reasons, Code code)
{
  return std::any_of(reasons.begin(), reasons.end(),
                     [&](const Reason& r) { return r.code == code; });
}

inline std::vector<std::string> types(const Message& m)
{
  std::vector<std::string> out;
  for (const Node& node : m.nodes()) out.push_back(node.media_type);
  return out;
}

/// What survives every mail server: 7-bit octets, short lines, no "From " line, no blank at a line's end.
inline void check_transport_form(const std::string& mail)
{
  CHECK(detail::is_transport_safe(mail));
  for (std::size_t at = 0; at < mail.size();) {
    const auto lf = std::min(mail.find('\n', at), mail.size());
    INFO(mail.substr(at, lf - at));
    CHECK(lf - at <= 78);
    at = lf + 1;
  }
}

}  // namespace imip::mime::test
