/// @file Octets and an OpenPGP message -> who signed (RFC 3156, 4880), by GPGME; signing and encrypting.
/// No network and no key import, whatever gpg.conf says. Nothing is started before the first use.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/mail_address.hpp"
#include "base/result.hpp"
#include "crypto/signature.hpp"
#include "crypto/signing.hpp"
#include "crypto/verifier.hpp"

namespace imip::crypto {

struct OpenPgpOptions {
  std::string home;            ///< the owner's key ring (GNUPGHOME); absolute; "" there is none
  bool ultimate_only = false;  ///< [openpgp] validity = "ultimate": full is not enough
  /// (address, primary fingerprint): a user ID of that key with that address counts whatever its validity.
  std::vector<std::pair<CalAddress, std::string>> pins;
  Floor floor;        ///< of keys and digests, as for S/MIME
  UtcSeconds at{};    ///< moves expiry only (--verification-time)
  UtcSeconds now{};   ///< the limit of signing times
  std::int64_t clock_skew_seconds = 900;
};

/// One gpg context for all messages, made at the first message that needs it. Not thread-safe.
class OpenPgp {
 public:
  explicit OpenPgp(OpenPgpOptions options, const Limits& limits);
  OpenPgp(OpenPgp&&) noexcept;
  OpenPgp& operator=(OpenPgp&&) noexcept;
  ~OpenPgp();

  /// multipart/signed (RFC 3156 section 5): `octets` are already canonical (CRLF).
  [[nodiscard]] SignatureReport verify_detached(std::string_view octets,
                                                std::string_view signature) const;
  /// multipart/encrypted (RFC 3156 sections 4 and 6.2): decrypts with the owner's key ring; `content` only if
  /// the integrity check held and there is exactly one plaintext; the signatures inside are over `content`.
  [[nodiscard]] SignatureReport open(std::string_view ciphertext) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace imip::crypto
