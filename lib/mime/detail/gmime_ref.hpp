/// @file Owning handles over GMime's objects. Private to lib/mime.
#pragma once
#include <gmime/gmime.h>

#include <memory>
#include <string>

#include "base/handle.hpp"

namespace imip::mime::detail {

struct GUnref {
  template <typename T>
  void operator()(T* object) const noexcept
  {
    g_object_unref(object);
  }
};

/// Owns one reference. GRef<T>(p) adopts a (transfer full) pointer; GMime's (transfer none) ones
/// are borrowed and never wrapped.
template <typename T>
using GRef = std::unique_ptr<T, GUnref>;

using GText = Handle<char, g_free>;
using ParserOptions = Handle<GMimeParserOptions, g_mime_parser_options_free>;
using FormatOptions = Handle<GMimeFormatOptions, g_mime_format_options_free>;

/// Initialises GMime once per process.
inline void use_gmime()
{
  static const bool done = [] {
    g_mime_init();
    return true;
  }();
  static_cast<void>(done);
}

[[nodiscard]] inline std::string text_of(const GText& s)
{
  return s ? std::string(s.get()) : "";
}

}  // namespace imip::mime::detail
