/// @file Owning handles over C objects.
#pragma once
#include <memory>

namespace imip {

template <auto Free>
struct FreeWith {
  template <typename T>
  void operator()(T* p) const noexcept
  {
    static_cast<void>(Free(p));
  }
};

/// A C object freed by the function Free. Null is legal and frees nothing.
template <typename T, auto Free>
using Handle = std::unique_ptr<T, FreeWith<Free>>;

}  // namespace imip
