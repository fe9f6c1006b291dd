/// @file What is known about who signed: data, never a bool.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/mail_address.hpp"
#include "base/reason.hpp"
#include "base/result.hpp"

namespace imip::crypto {

enum class Protocol : std::uint8_t { None = 0, Smime, OpenPgp };

/// Kinds, not degrees. Zero trusts nothing.
enum class SignatureStatus : std::uint8_t {
  NotChecked = 0,  ///< could not be found out; never good
  Invalid,         ///< does not verify over these octets, or its form is not allowed
  Unproven,        ///< verifies over these octets, but the certificate proves nobody (see findings)
  Valid,           ///< verifies, and the certificate chain stands
};

struct Certificate {
  std::string subject, issuer;  ///< RFC 4514 (one line, UTF-8); untrusted text
  std::string serial;           ///< hexadecimal
  std::string sha256;           ///< of the DER, lower-case hexadecimal
  std::string spki_sha256;      ///< of the SubjectPublicKeyInfo DER, lower-case hexadecimal
  std::vector<std::string>
      mail_names;  ///< rfc822Name and SmtpUTF8Mailbox, as given; untrusted text
  UtcSeconds not_before{}, not_after{};
  std::string key;             ///< "rsa-3072", "ec-p256", "ed25519"
  std::vector<Reason> faults;  ///< why the chain breaks at this certificate; empty: not here
};

/// One user ID of an OpenPGP key (RFC 4880 section 5.11).
struct UserId {
  std::string text;      ///< "Boss <boss@example.com>"; untrusted
  std::string validity;  ///< of this user ID in the owner's key ring: "full", "ultimate",
                         ///< "marginal", "never", "unknown"
  bool revoked = false;
};

/// An OpenPGP key that signed, or was asked to.
struct OpenPgpKey {
  std::string fingerprint;  ///< of the primary key, upper-case hexadecimal
  std::string subkey;       ///< fingerprint of the key that made the signature
  std::vector<UserId> user_ids;
  UtcSeconds created{};
  std::optional<UtcSeconds> expires;
  std::string key;  ///< "rsa-3072", "ed25519"
  std::vector<Reason> faults;
};

/// One signer of one signed entity.
struct Signature {
  Protocol protocol = Protocol::None;
  SignatureStatus status = SignatureStatus::NotChecked;
  std::vector<Reason> findings;        ///< why it is not Valid; or notices
  std::vector<CalAddress> identities;  ///< empty unless status is Valid
  std::optional<Certificate> signer;   ///< S/MIME
  std::optional<OpenPgpKey> openpgp;   ///< OpenPGP, if the key is in the key ring
  std::vector<Certificate> chain;  ///< signer's issuer upward to the anchor, as far as it was built
  std::string digest;              ///< "sha256"
  std::optional<UtcSeconds> signed_at;  ///< the signing-time attribute: a claim
  std::optional<std::size_t>
      anchor;  ///< index into VerifyOptions::anchors of the one the chain ends at
  // Set by lib/pipeline, which knows them:
  std::string entity;       ///< number of the part that this is the signature of: "TEXT", "2/1"
  std::string anchor_file;  ///< path of `anchor`
};

/// What an opaque entity turned out to be, once opened.
enum class Wrapping : std::uint8_t {
  None = 0,
  Signed,      ///< opaque signed-data
  Compressed,  ///< CMS compressed-data (RFC 3274): neither signs nor hides
  Encrypted,   ///< what stands outside says nothing about who wrote the content
};

/// Everybody who signed one entity. An empty list is unsigned, not success.
struct SignatureReport {
  std::vector<Signature> signatures;
  std::vector<Reason> defects;  ///< why there is no signature to speak of
  /// Encrypted, and a key of the owner's that might open it could not be used: a passphrase is wrong or missing, a
  /// file cannot be read. Nobody knows then what the message asks.
  std::optional<Error> locked;
  std::optional<std::string>
      content;  ///< opaque: what was signed, compressed or encrypted, whatever the verdict
  Wrapping wrapping = Wrapping::None;  ///< of `content`
};

}  // namespace imip::crypto
