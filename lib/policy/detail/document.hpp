/// @file A TOML document as plain values with their places. document.cpp is the only user of
/// toml++.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "policy/policy.hpp"

namespace imip::policy::detail {

enum class NodeKind : std::uint8_t {
  None = 0,
  String,
  Integer,
  Float,
  Boolean,
  Date,          ///< without time: `instant` is its midnight, UTC
  Instant,       ///< date, time and offset
  FloatingTime,  ///< a time, or a date and time, without offset
  Array,
  Table
};
/// "a string", for "expected a string".
[[nodiscard]] std::string_view kind_phrase(NodeKind kind);

struct Entry;

struct Node {
  NodeKind kind = NodeKind::None;
  std::string string;
  std::int64_t integer = 0;
  bool boolean = false;
  UtcSeconds instant{};
  std::vector<Node> items;           ///< Array
  std::vector<Entry> entries;        ///< Table, sorted by key
  bool is_inline = false;            ///< Table: { ... } and not [name]
  std::size_t line = 0, column = 0;  ///< from 1; of a [table] its header
  std::size_t last_line = 0;         ///< of the whole value, contained ones included

  [[nodiscard]] const Node* find(std::string_view key) const;
};

struct Entry {
  std::string key;
  std::size_t line = 0, column = 0;  ///< of the key
  Node value;
};

struct Document {
  Node root;
  std::optional<Problem> problem;  ///< not TOML (Problem::file is left empty)
};
Document parse_document(std::string_view text);

}  // namespace imip::policy::detail
