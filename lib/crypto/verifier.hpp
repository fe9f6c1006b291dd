/// @file Octets and a CMS -> who signed (RFC 8551, 8550, 5652, 5280), by OpenSSL's CMS and X.509.
/// No network, no engine, no configuration file, no default trust store.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "crypto/signature.hpp"
#include "crypto/signing.hpp"

namespace imip::crypto {

/// A file of one or more PEM (or one DER) CA certificates that the policy trusts. A chain ends at
/// the first of them, root or not. A certificate in it that is no CA is no anchor, not even for
/// itself.
struct AnchorFile {
  std::string path;
  std::vector<std::string>
      domains;  ///< if not empty: identities of other domains (subdomains too) count for nothing
  /// An [[anchor]] entry: for the CAs in it, entries without conditions do not count. Of several
  /// for one CA all conditions hold, and Signature::anchor is the first.
  bool conditional = false;
  std::vector<std::string> schemes = {
      "mailto"};  ///< of identities; "sip" and "xmpp" take URI and
                  ///< id-on-xmppAddr names of the subjectAltName too
  std::string place = {};  ///< where the policy says so, for people: "policy.toml line 12"
};

/// A key to decrypt with. Loaded at the first message that is encrypted to it.
struct DecryptionKey {
  IdentityFiles files;
  PassphraseSource passphrase;
};

enum class Revocation : std::uint8_t { IfAvailable = 0, Required, Off };

struct Floor {
  int rsa_bits_min = 2048, rsa_bits_max = 8192;
  std::vector<std::string> digests = {"sha256", "sha384", "sha512"};
};

struct VerifyOptions {
  std::vector<AnchorFile> anchors;
  std::vector<std::string> intermediates;  ///< PEM files
  std::vector<std::string> crls;           ///< PEM or DER files, and folders of them
  std::vector<DecryptionKey> keys;         ///< enveloped-data and authEnveloped-data
  Revocation revocation = Revocation::IfAvailable;
  Floor floor;
  UtcSeconds at{};   ///< moves validity only (--verification-time)
  UtcSeconds now{};  ///< revocation, and the limit of signing times
  std::int64_t clock_skew_seconds = 900;
  bool caches = true;  ///< changes no verdict; for tests that show it
};

/// Keeps what can be shared between messages: anchors by subject, CRLs, decoded certificates, what
/// the last chains were found to prove. Anchors are looked up when a chain needs them: a bundle is
/// never decoded whole. Memory is bounded, however many messages there are. Not thread-safe.
class Verifier {
 public:
  /// @errors Errc::Config  a file is missing or holds no certificate
  static Result<Verifier> create(VerifyOptions options, const Limits& limits);
  Verifier(Verifier&&) noexcept;
  Verifier& operator=(Verifier&&) noexcept;
  ~Verifier();

  /// multipart/signed: `octets` are already canonical (CRLF).
  [[nodiscard]] SignatureReport verify_detached(std::string_view octets,
                                                std::string_view der) const;
  /// application/pkcs7-mime: signed-data, compressed-data, enveloped-data and authEnveloped-data
  /// give `content` and what it was wrapped in; what cannot be opened gives the defect Encrypted or
  /// SignatureUnchecked with a sentence that says what it is and what to do.
  [[nodiscard]] SignatureReport verify_opaque(std::string_view der) const;
  /// Which of the CRLs lists a certificate (DER) as revoked: the file. They are the owner's, so
  /// their own signatures do not matter to that. Nothing: none, or a later one does not list it any
  /// more.
  [[nodiscard]] std::optional<std::string> revoked_by(std::string_view certificate_der) const;

 private:
  struct Impl;
  explicit Verifier(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Every rfc822Name and SmtpUTF8Mailbox (RFC 9598) of the subjectAltName of a DER certificate that
/// is exactly one valid address; nothing from the subject DN. For tests, fuzzing, `sign`.
[[nodiscard]] std::vector<CalAddress> identities_of_certificate(std::string_view der);

}  // namespace imip::crypto
