/// @file A cache that stays small. Private to lib/crypto.
#pragma once
#include <cstddef>
#include <functional>
#include <unordered_map>
#include <utility>

namespace imip::crypto {

/// Keeps what was put in or found again lately: once the young generation weighs `most` it becomes
/// the old one, and what the old one held by then is forgotten. So it never weighs more than twice
/// `most` and one entry. `Hash` and `Equal` may take other types for looking up.
template <typename Key, typename Value, typename Hash, typename Equal = std::equal_to<>>
class Generations {
 public:
  explicit Generations(std::size_t most) : most_(most) {}

  /// Null: not there. Good until the next call.
  template <typename Lookup>
  const Value* find(const Lookup& key)
  {
    if (const auto at = young_.find(key); at != young_.end()) return &at->second.value;
    const auto at = old_.find(key);
    if (at == old_.end()) return nullptr;
    auto node = old_.extract(at);
    make_room(node.mapped().weight);
    return &young_.insert(std::move(node)).position->second.value;
  }

  void put(Key key, Value value, std::size_t weight)
  {
    make_room(weight);
    young_.insert_or_assign(std::move(key), Entry{std::move(value), weight});
  }

 private:
  struct Entry {
    Value value;
    std::size_t weight = 0;
  };

  void make_room(std::size_t weight)
  {
    if (weight_ + weight > most_) {
      old_ = std::exchange(young_, {});
      weight_ = 0;
    }
    weight_ += weight;
  }

  using Map = std::unordered_map<Key, Entry, Hash, Equal>;
  Map young_, old_;
  std::size_t most_;
  std::size_t weight_ = 0;
};

}  // namespace imip::crypto
