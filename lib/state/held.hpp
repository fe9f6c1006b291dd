/// @file Messages that wait for what they refer to: kept as they arrived, so that they can be judged again when it is there.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/clock.hpp"

namespace imip::state {

struct HeldMessage {
  std::int64_t id = 0;
  UtcSeconds received{};    ///< certificates are judged as of then; revocation and policy as of now
  std::string input;        ///< what the mail was called
  std::string octets;       ///< of the whole mail
  std::string part_sha256;  ///< which part of it waits
  std::string signer;
  std::string consented;    ///< reason codes, comma between, that a person said yes to; empty: nobody was asked
};

/// What one message that waits may take, and how many of one signer may wait at a time.
inline constexpr std::size_t most_held_octets = 1'048'576;
inline constexpr std::int64_t most_held_of_signer = 200;

}  // namespace imip::state
