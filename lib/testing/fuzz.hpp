/// @file What fuzz targets share. A target is one x_fuzz.cpp with an LLVMFuzzerTestOneInput: linked with libFuzzer
/// under IMIP_FUZZ, and always with replay_main.cpp, so that ctest runs it over testdata/fuzz.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace imip::testing {

inline std::string_view view_of(const std::uint8_t* data, std::size_t size)
{
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the program where something does not hold: that is what the fuzzer looks for.
inline void hold(bool condition, const char* what)
{
  if (condition) return;
  std::fprintf(stderr, "does not hold: %s\n", what);
  std::abort();
}

}  // namespace imip::testing

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
