/// @file What messages have said, kept as registers that only grow, so that the order of arrival
/// cannot matter (a join semilattice: merging is commutative, associative and idempotent).
#pragma once
#include <compare>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/shared.hpp"
#include "itip/message.hpp"

namespace imip::itip {

/// One register as a row, for the state database and for comparing. (register, scope, attendee,
/// number) is the key; the rest is its maximum so far.
struct FactRow {
  std::string reg;       ///< "W:organizer", "W:vouched", "W:publish", "B", "X", "U", "A", "D", "N" ...
  std::string scope;     ///< Scope::key()
  std::string attendee;  ///< normalised address, or empty
  std::int64_t number = 0;  ///< SEQUENCE where the register is kept per SEQUENCE
  std::int64_t sequence = 0;
  std::int64_t dtstamp = 0;  ///< seconds since 1970
  std::string digest;        ///< of the canonical content: breaks the last tie
  std::string content;       ///< serialised component (with what zones it needs), or a value
  friend auto operator<=>(const FactRow&, const FactRow&) = default;
};

/// All facts about one (store, owner, UID, ORGANIZER).
class Facts {
 public:
  /// Raises the row's register to the greater of what it holds and `row`; true if it changed.
  bool raise(Shared<FactRow> row);
  void merge(const Facts& other);
  [[nodiscard]] const FactRow* find(const std::string& reg, const std::string& scope,
                                    const std::string& attendee = {},
                                    std::int64_t number = 0) const;
  [[nodiscard]] std::vector<Shared<FactRow>> rows() const;  ///< sorted by key
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  template <typename Rows>  // of FactRow, shared or not
  static Facts from_rows(const Rows& rows)
  {
    Facts out;
    for (const auto& row : rows) out.raise(row);
    return out;
  }
  friend bool operator==(const Facts&, const Facts&) = default;

  /// Not a fact but kept with them: the text that was rendered last (for the three-way merge).
  std::string last_rendered;

 private:
  struct Key {
    std::string reg, scope, attendee;
    std::int64_t number;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  std::map<Key, Shared<FactRow>> rows_;  // contents are large, and facts are copied to be raised
};

}  // namespace imip::itip
