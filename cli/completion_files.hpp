/// @file The files of completions/, embedded at build time.
#pragma once
#include <string_view>

namespace imip::cli {

extern const std::string_view completion_bash;
extern const std::string_view completion_zsh;
extern const std::string_view completion_fish;

}  // namespace imip::cli
