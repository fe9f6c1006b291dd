/// @file RSA keys that gpg-agent keeps, to decrypt with. Private to lib/crypto. The agent does the one operation with
/// the private key; all else of CMS stays OpenSSL's, and so do our checks of it.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "crypto/detail/openssl.hpp"
#include "crypto/detail/secret.hpp"
#include "crypto/signing.hpp"

namespace imip::crypto {

class AgentKey {
 public:
  struct Place {
    std::string home;     ///< of the key ring; absolute
    std::string keygrip;  ///< how the agent calls the key: 40 hexadecimal digits
    std::string name;     ///< of the key, in messages
  };
  /// Asks for nothing yet. @errors Errc::Config: the key is not RSA
  static Result<std::unique_ptr<AgentKey>> create(X509* certificate, Place place,
                                                  PassphraseSource passphrase);
  /// Gives a key to `work` that decrypts (and does nothing else), and what `work` says back; in another process, with
  /// a time limit. No pinentry is started: what unlocks the key is asked of the source, once.
  /// @errors Errc::Permission (passphrase missing or wrong), Errc::NoInput (the agent has no such key),
  /// Errc::Unavailable (no agent), Errc::TryAgain (no answer); those of `work`
  Result<std::string> use(const std::function<Result<std::string>(EVP_PKEY*)>& work) const;

 private:
  AgentKey(KeyPtr key, Place place, PassphraseSource passphrase);
  Result<std::string> attempt(const std::function<Result<std::string>(EVP_PKEY*)>& work,
                              const std::string& socket, bool with_passphrase) const;

  KeyPtr public_key_;
  Place place_;
  PassphraseSource passphrase_;
  mutable Secret secret_;
  mutable bool asked_ = false;
  mutable std::optional<Error> refused_;  ///< nobody is asked again
};

}  // namespace imip::crypto
