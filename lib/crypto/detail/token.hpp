/// @file Keys that stay in a token (PKCS#11), named by URIs (RFC 7512). Private to lib/crypto.
/// OpenSSL's engine "pkcs11" talks to the token, each time in a process of its own: modules crash
/// at exit, hang, and print.
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

/// RFC 7512 section 2.3, taken apart.
struct TokenUri {
  std::string object;  ///< "pkcs11:" with the path attributes, without the query; for messages too
  std::string module;  ///< module-path, decoded; "": the engine's own (p11-kit's proxy)
  std::string pin_source;  ///< a file; "": none
  std::string pin;         ///< pin-value, decoded
  bool has_pin = false;
};
/// @errors Errc::Config: not such a URI, or pin-source is no file
Result<TokenUri> parse_token_uri(const std::string& uri);

class TokenKey {
 public:
  /// The PIN is that of the URI (pin-value, pin-source), else the source's, asked for at the first
  /// use of the private key. @errors those of parse_token_uri
  static Result<std::unique_ptr<TokenKey>> open(const std::string& uri,
                                                PassphraseSource passphrase);

  /// The certificate of the same name. Needs no PIN.
  /// @errors Errc::NoInput (no such token or object), Errc::Unavailable (engine or module missing,
  /// crashed), Errc::TryAgain (no answer)
  Result<X509Ptr> certificate() const;
  /// Gives the private key to `work` where it can be used, and what `work` says back.
  /// @errors those of certificate(); Errc::Permission (PIN); those of `work`
  Result<std::string> use(const std::function<Result<std::string>(EVP_PKEY*)>& work) const;

 private:
  TokenKey(TokenUri uri, PassphraseSource passphrase);
  Result<void> have_pin() const;

  TokenUri uri_;
  PassphraseSource passphrase_;
  mutable Secret pin_;
  mutable bool asked_ = false;
  mutable std::optional<Error> refused_;  ///< the PIN was: another try could lock the token
};

}  // namespace imip::crypto
