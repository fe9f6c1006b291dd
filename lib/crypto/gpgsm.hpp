/// @file Signing by S/MIME with a key that gpgsm keeps, by GPGME. Identities "gpgsm:FINGERPRINT" and
/// "gpgsm:ADDRESS" mean these functions.
#pragma once
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "crypto/signature.hpp"
#include "crypto/signing.hpp"

namespace imip::crypto {

/// Detached signed-data (DER) over `octets` (already canonical, CRLF), with the certificate chain that gpgsm
/// knows. Its signing time is that of gpgsm's own clock.
/// @param home  the key ring (GNUPGHOME); absolute
/// @param who  a SHA-1 fingerprint as gpgsm prints it (40 hexadecimal digits, colons allowed), or an address
/// that exactly one certificate with a secret key holds in its subjectAltName
/// @param at  the certificate must be fit to sign mail then
/// @param passphrase  as openpgp_sign()
/// @errors Errc::Config (no such certificate, several, not fit as sign_detached() says), Errc::Permission
/// (passphrase wrong or missing), Errc::Unavailable (no gpgsm)
Result<DetachedSignature> gpgsm_sign(const std::string& home, const std::string& who,
                                     std::string_view octets, UtcSeconds at,
                                     const PassphraseSource& passphrase);
/// Opaque signed-data, otherwise as gpgsm_sign().
Result<std::string> gpgsm_sign_opaque(const std::string& home, const std::string& who,
                                      std::string_view octets, UtcSeconds at,
                                      const PassphraseSource& passphrase);
/// The certificate that gpgsm_sign() would take for `who`, as DER. Its addresses: identities_of_certificate().
/// @errors as gpgsm_sign()
Result<std::string> gpgsm_certificate(const std::string& home, const std::string& who);

}  // namespace imip::crypto
