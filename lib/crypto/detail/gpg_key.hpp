/// @file What the owner's key ring says of an OpenPGP key. Private to lib/crypto.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/mail_address.hpp"
#include "crypto/detail/gpg.hpp"
#include "crypto/openpgp.hpp"

namespace imip::crypto::gpg {

/// The subkey (or primary key) of that fingerprint, or of that key ID, which is its end (RFC 4880 section 12.2); null
/// without.
gpgme_subkey_t find_subkey(gpgme_key_t key, std::string_view name);
OpenPgpKey describe(gpgme_key_t key, gpgme_subkey_t signer);
/// "ed25519", "rsa-3072", "ec-p256"
std::string key_text(gpgme_subkey_t key);

/// The address of a user ID that holds exactly one valid one, and no control characters.
std::optional<CalAddress> address_of(gpgme_user_id_t id);
/// Is it the owner's word, or that of those he relies on, that this user ID belongs to the key? Its own validity
/// counts, never that of a sibling.
bool is_vouched_for(gpgme_user_id_t id, bool ultimate_only);
bool is_usable(gpgme_user_id_t id);

/// Why a (sub)key may not have made a signature that counts: revoked, expired, weak, not for signing.
void check_signing_key(gpgme_key_t key, gpgme_subkey_t signer, std::optional<UtcSeconds> signed_at,
                       const OpenPgpOptions& options, std::vector<Reason>& faults);
/// "0123 ABCD..." -> 40 upper-case hexadecimal digits; nothing if it is no fingerprint.
std::optional<std::string> fingerprint_from(std::string_view text);
/// Does a usable user ID of the key hold that address?
bool has_address(gpgme_key_t key, const CalAddress& address, bool must_be_vouched_for);
/// Why a key cannot be used, whoever vouches for it, and what to do about that.
struct Unfit {
  std::string why, remedy;
};
/// Nothing if it is fine. @param own  the remedy is for whoever has the secret key
std::optional<Unfit> unfitness(gpgme_key_t key, bool own);
/// "expired on ...".
std::string expired_text(gpgme_subkey_t key);

/// For a key of that kind and size, against the policy's floor; nothing if it passes.
std::optional<std::string> weakness(gpgme_subkey_t key, const Floor& floor);

}  // namespace imip::crypto::gpg
