/// @file Between the words of the command line and CLI11. Private to cli/.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cli/options.hpp"

namespace imip::cli {

struct CommandInfo {
  std::string_view name;  ///< "policy allow"
  std::string_view summary;
};
[[nodiscard]] std::vector<CommandInfo> command_infos();

/// The one place that builds a CLI11 parser: that of the command `name`.
Parsed parse_command(std::string_view name, const std::vector<std::string>& words);

/// "imip build: WHAT (try 'imip build --help')" and exit 64.
Parsed usage_error(std::string_view command, std::string_view what);
/// Text for standard output, exit 0.
Parsed print(std::string_view what);
/// "unknown option '--sumary', did you mean '--summary'?"
[[nodiscard]] std::string unknown(std::string_view kind, const std::string& word,
                                  const std::vector<std::string>& known);

}  // namespace imip::cli
