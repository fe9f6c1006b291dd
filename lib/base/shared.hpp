/// @file A value that several owners hold without copying it.
#pragma once
#include <memory>
#include <utility>

namespace imip {

/// An immutable T, shared: copies are two pointers, and many may point into one larger value that stays alive
/// as long as any of them. Never null. Equal when the values are.
template <typename T>
class Shared {
 public:
  Shared() : value_(nothing()) {}
  Shared(const Shared&) = default;  // and no move: what is moved from would be null
  Shared& operator=(const Shared&) = default;
  ~Shared() = default;
  Shared(T value) : value_(std::make_shared<const T>(std::move(value))) {}  // NOLINT(google-explicit-constructor): a T is one
  /// `part` lies in `whole`, which it keeps alive.
  template <typename Whole>
  static Shared part_of(const Shared<Whole>& whole, const T& part)
  {
    return Shared(std::shared_ptr<const T>(whole.value_, &part));
  }

  const T& operator*() const { return *value_; }
  const T* operator->() const { return value_.get(); }
  operator const T&() const { return *value_; }  // NOLINT(google-explicit-constructor): it reads as a T

  /// A copy of its own, to be changed; other owners keep what they have.
  T& edit()
  {
    auto own = std::make_shared<T>(*value_);
    T& out = *own;
    value_ = std::move(own);
    return out;
  }

  friend bool operator==(const Shared& a, const Shared& b)
  {
    return a.value_ == b.value_ || *a.value_ == *b.value_;
  }

 private:
  template <typename>
  friend class Shared;
  explicit Shared(std::shared_ptr<const T> value) : value_(std::move(value)) {}
  static const std::shared_ptr<const T>& nothing()
  {
    static const auto empty = std::make_shared<const T>();
    return empty;
  }
  std::shared_ptr<const T> value_;
};

}  // namespace imip
