/// @file Work that may crash, hang, or print, done where it hurts nobody. Private to lib/crypto.
#pragma once
#include <chrono>
#include <functional>
#include <string>

#include "base/result.hpp"

namespace imip::crypto {

struct Apart {
  Result<std::string> result;
  std::string said;  ///< on its standard output and error: the beginning, lines made one
};

/// Runs `work` in a forked child without a terminal, which ends with _exit: no destructor, no
/// atexit handler, of ours or of a library, is run there.
/// @errors those of `work`; Errc::Unavailable if the child crashed or could not be started;
/// Errc::TryAgain if it had not answered after `limit` (it is killed then)
Apart run_apart(const std::function<Result<std::string>()>& work, std::chrono::milliseconds limit);

}  // namespace imip::crypto
