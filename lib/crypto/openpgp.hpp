/// @file Octets and an OpenPGP message -> who signed (RFC 3156, 4880), by GPGME; signing and encrypting.
/// No network and no key import, whatever gpg.conf says. Nothing is started before the first use.
#pragma once
#include <chrono>
#include <memory>
#include <optional>
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
  LocalPart local_part = LocalPart::Fold;  ///< how the addresses of pins compare
  Floor floor;        ///< of keys and digests, as for S/MIME
  UtcSeconds at{};    ///< moves expiry only (--verification-time)
  UtcSeconds now{};   ///< the limit of signing times
  std::int64_t clock_skew_seconds = 900;
  /// For keys to decrypt with whose passphrase gpg-agent does not know. Empty: nobody is asked.
  PassphraseSource passphrase{};
  std::chrono::milliseconds patience{20'000};  ///< how long gpg may take for all parts of one message
};

/// One gpg context for all messages, made at the first message that needs it. Not thread-safe.
class OpenPgp {
 public:
  explicit OpenPgp(OpenPgpOptions options, const Limits& limits);
  OpenPgp(OpenPgp&&) noexcept;
  OpenPgp& operator=(OpenPgp&&) noexcept;
  ~OpenPgp();

  /// A new message begins: the patience counts anew. Many slow parts in one message have it together.
  void begin_message() const;
  /// multipart/signed (RFC 3156 section 5): `octets` are already canonical (CRLF).
  [[nodiscard]] SignatureReport verify_detached(std::string_view octets,
                                                std::string_view signature) const;
  /// multipart/encrypted (RFC 3156 sections 4 and 6.2): decrypts with the owner's key ring; `content` only if
  /// the integrity check held and there is exactly one plaintext; the signatures inside are over `content`.
  [[nodiscard]] SignatureReport open(std::string_view armour) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Where the user's key rings are: GNUPGHOME, else ~/.gnupg with HOME, or without it the user database's
/// home. Absolute; it need not exist. @errors Errc::Config  there is no home to begin with
Result<std::string> default_gnupg_home();

struct OpenPgpSignature {
  std::string armour;  ///< the body of the application/pgp-signature part
  std::string micalg;  ///< RFC 3156 section 5: "pgp-sha256"
};

/// A detached signature over `octets` (already canonical, CRLF, 7 bit).
/// @param home  the key ring (GNUPGHOME); absolute
/// @param who  a primary fingerprint (40 hexadecimal digits), or an address that user IDs of exactly one usable
/// secret key hold
/// @param passphrase  may be empty: then gpg-agent must know the passphrase, or the key need none; nobody is
/// asked by a pinentry
/// @param at  the signature's time; without, it is the machine's
/// @errors Errc::Config (no such key, several, expired, revoked, disabled, cannot sign, weak), Errc::Permission
/// (passphrase wrong or missing), Errc::Unavailable (no gpg, no agent)
Result<OpenPgpSignature> openpgp_sign(const std::string& home, const std::string& who,
                                      std::string_view octets, const PassphraseSource& passphrase,
                                      std::optional<UtcSeconds> at = {});
/// The addresses of the user IDs of the key that openpgp_sign() would take for `who`, revoked ones left out.
/// @errors as openpgp_sign()
Result<std::vector<CalAddress>> openpgp_addresses(const std::string& home, const std::string& who,
                                                  std::optional<UtcSeconds> at = {});
/// For whom openpgp_encrypt() would encrypt to `who`: the address itself; of a fingerprint, which whoever named it
/// answers for, the addresses of all user IDs that are not revoked. @errors as openpgp_encrypt()
Result<std::vector<CalAddress>> openpgp_recipient_addresses(const std::string& home,
                                                            const std::string& who,
                                                            std::optional<UtcSeconds> at = {});
/// An armoured, unsigned OpenPGP message to all of `recipients`: what is signed is signed before, as PGP/MIME.
/// @param recipients  each a primary fingerprint, or an address that a user ID of full or ultimate validity of
/// exactly one usable key holds
/// @param at  when the keys must be usable; without, it is now
/// @errors Errc::Config, which names the recipient that no such key was found for; Errc::Unavailable (no gpg)
Result<std::string> openpgp_encrypt(const std::string& home,
                                    const std::vector<std::string>& recipients,
                                    std::string_view octets, std::optional<UtcSeconds> at = {});

}  // namespace imip::crypto
