/// @file Signing by S/MIME, and where keys come from.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "crypto/signature.hpp"

namespace imip::crypto {

/// A passphrase that is wiped when it goes. Asked for only when a key turns out to need one.
using PassphraseSource = std::function<Result<std::string>(const std::string& what)>;

struct IdentityFiles {
  std::string certificate{};  ///< PEM: the signer's certificate, then (optionally) intermediates
  std::string key{};  ///< PEM private key (PKCS#8, traditional, encrypted); empty: in `certificate`
  std::string pkcs12{};  ///< instead of both: PKCS#12, modern or legacy RC2-40 (OpenSSL legacy
                         ///< provider, loaded only then)
  std::vector<std::string> intermediates{};  ///< PEM files, added to the signature
  std::string pkcs11{};  ///< instead of `key`: "pkcs11:..." (RFC 7512); without `certificate`, that
                         ///< of the token
  std::string gpgsm{};  ///< instead of all: "FINGERPRINT" or "ADDRESS" in gpgsm's key ring; decrypts only
                        ///< (for signing see gpgsm.hpp)
  std::string key_ring{};  ///< where that is (GNUPGHOME, absolute); empty: default_gnupg_home()
};

/// A private key with its certificate and chain.
class SigningIdentity {
 public:
  /// @errors Errc::NoInput (file), Errc::Permission (wrong or missing passphrase), Errc::Config
  /// (key and certificate do not belong together; no certificate), Errc::Unavailable (legacy
  /// provider missing)
  static Result<SigningIdentity> load(const IdentityFiles& files,
                                      const PassphraseSource& passphrase);
  /// Can the files be read, and do they hold what they should? Asks for no passphrase, and looks at no token.
  /// @errors Errc::NoInput, Errc::Config
  static Result<void> inspect(const IdentityFiles& files);
  SigningIdentity(SigningIdentity&&) noexcept;
  SigningIdentity& operator=(SigningIdentity&&) noexcept;
  ~SigningIdentity();

  /// Adds what these files hold of the way up from the certificate (RFC 8551 section 2.3), roots
  /// left out, so that it is part of signatures. @return the name of the issuer that is nowhere; ""
  /// if the way ends at a root or an anchor
  /// @errors Errc::Config  a file cannot be read
  Result<std::string> complete_chain(const std::vector<std::string>& intermediates,
                                     const std::vector<std::string>& anchors, const Limits& limits);

  [[nodiscard]] const Certificate& certificate() const;
  [[nodiscard]] std::vector<CalAddress> addresses() const;  ///< of the certificate's subjectAltName
  [[nodiscard]] std::string certificate_der() const;

  struct Impl;  ///< lib/crypto's own

 private:
  friend struct SigningAccess;
  explicit SigningIdentity(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// What receivers who ask for no less than Floor hold against a certificate (DER) that may sign all the
/// same: the digest by which its authority signed it. Nothing: it will do.
[[nodiscard]] std::optional<std::string> weakness_of(std::string_view certificate_der);

struct DetachedSignature {
  std::string der;
  std::string micalg;  ///< RFC 8551 section 3.5.3.2: "sha-256"
};

/// Detached signed-data over `octets` (already canonical, CRLF), SHA-256 or what the curve wants,
/// with certificate chain, signing time, S/MIME capabilities and ESS signingCertificateV2.
/// @param at  the signing-time attribute
/// @errors Errc::Config if every receiver would refuse it: the certificate is not valid at `at`,
/// may not sign, is not for e-mail, or has a key that CMS cannot use. With a key in a token also
/// Errc::Permission (PIN), Errc::NoInput (token or key is not there), Errc::Unavailable (engine or
/// module is missing, or crashed), Errc::TryAgain (no answer)
Result<DetachedSignature> sign_detached(const SigningIdentity& identity, std::string_view octets,
                                        UtcSeconds at);
/// Opaque signed-data (for application/pkcs7-mime; smime-type=signed-data).
Result<std::string> sign_opaque(const SigningIdentity& identity, std::string_view octets,
                                UtcSeconds at);

}  // namespace imip::crypto
