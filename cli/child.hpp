/// @file Running another program.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace imip::cli {

/// Runs words[0] (found by PATH, no shell) with `input` on its standard input; its standard output goes to our
/// standard error, so that ours stays our own. A program that reads less than all of it may still succeed: SIGPIPE
/// must be ignored.
/// @returns its exit status, or minus the number of the signal that ended it
/// @errors Errc::Unavailable (it cannot be run), Errc::Io
Result<int> run_with_input(const std::vector<std::string>& words, std::string_view input);

}  // namespace imip::cli
