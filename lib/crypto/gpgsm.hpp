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

/// To be called before the first OpenPgp of the process checks anything, if the functions below may follow:
/// GPGME looks for its programs once, and for gpgsm only if told (it costs several programs' starts).
void expect_gpgsm();

/// Detached signed-data (DER) over `octets` (already canonical, CRLF), with the certificate chain that gpgsm
/// knows. Its signing time is that of gpgsm's own clock. gpgsm itself must accept the chain.
/// @param home  the key ring (GNUPGHOME); absolute
/// @param who  a SHA-1 fingerprint as gpgsm prints it (40 hexadecimal digits, colons allowed), or an address
/// that exactly one certificate with a secret key holds in its subjectAltName
/// @param at  the certificate must be fit to sign mail then
/// @param passphrase  GPGME gives gpgsm none, and cannot forbid gpg-agent to ask by its own pinentry; a source
/// means that a person is there, who is given five minutes for it, and not 20 seconds
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
Result<std::string> gpgsm_certificate(const std::string& home, const std::string& who,
                                      UtcSeconds at);

}  // namespace imip::crypto
