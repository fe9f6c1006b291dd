/// @file Where passphrases come from.
#pragma once
#include "cli/options.hpp"
#include "crypto/signing.hpp"
#include "policy/policy.hpp"

namespace imip::cli {

/// The --passphrase-* flags, else the policy's entry, else a question on the terminal (/dev/tty,
/// never standard input). Not asked before a key turns out to need it, and not twice.
/// @param entry  may be null
[[nodiscard]] crypto::PassphraseSource passphrase_source(const KeyOptions& keys,
                                                         const policy::Identity* entry);

}  // namespace imip::cli
