/// @file Where passphrases come from.
#pragma once
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "crypto/signing.hpp"
#include "policy/policy.hpp"

namespace imip::cli {

/// The --passphrase-* flags, else the policy's entry, else a question on the terminal (/dev/tty,
/// never standard input unasked). Not asked before a key turns out to need it, and not twice.
/// @param entry  may be null
[[nodiscard]] crypto::PassphraseSource passphrase_source(const KeyOptions& keys,
                                                         const policy::Identity* entry);

/// Takes the environment variables that the flags and the policy name out of the environment and
/// keeps their values for passphrase_source(). Before any program is started: each inherits the
/// environment, and gpg-agent stays. For one thread.
void take_passphrases(const KeyOptions& keys, const policy::Policy& policy);

/// The --passphrase-* flags, before work begins: what they name must be there, nobody else may
/// write it, and it is not where the mail comes from.
/// @param inputs  the files of mail; "" and "-", and none, mean standard input
/// @errors Errc::Usage, Errc::NoInput (file), Errc::Permission (descriptor, variable), Errc::Config
Result<void> check_passphrase(const KeyOptions& keys, const std::vector<std::string>& inputs);

}  // namespace imip::cli
