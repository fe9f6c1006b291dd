/// @file Octets and places in them.
#pragma once
#include <cstddef>
#include <string_view>

namespace imip {

/// Octets that somebody else owns. No encoding is implied.
using ByteView = std::string_view;

/// A place in a buffer; both members in octets.
struct Slice {
  std::size_t offset = 0;
  std::size_t size = 0;
  [[nodiscard]] std::size_t end() const { return offset + size; }
  [[nodiscard]] ByteView of(ByteView buffer) const { return buffer.substr(offset, size); }
  friend bool operator==(const Slice&, const Slice&) = default;
};

}  // namespace imip
