/// @file Errors about files: the system's words, and what a person may do about it. In one place, so that all commands
/// say the same.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/result.hpp"

namespace imip {

/// What the file was wanted for.
enum class FileUse : std::uint8_t { Read, Write };

/// "NAME: no such file or directory", with a hint for what is common.
/// @param number  an errno value; EISDIR, ENOENT, ... may be given for what was found out in another way
[[nodiscard]] tl::unexpected<Error> file_error(Errc code, std::string_view name, int number,
                                               FileUse use = FileUse::Read);
/// That hint alone, for errors with words of their own; "" where there is nothing to advise.
[[nodiscard]] std::string file_hint(std::string_view name, int number, FileUse use);

}  // namespace imip
