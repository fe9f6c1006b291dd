/// @file Encrypting to people by S/MIME (RFC 8551 sections 3.3 and 3.4; RFC 5652 section 6, RFC
/// 5083). What is encrypted is a whole MIME entity, as a rule one that was signed before.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/mail_address.hpp"
#include "base/result.hpp"
#include "crypto/signature.hpp"
#include "crypto/verifier.hpp"

namespace imip::crypto {

/// Which cipher, and with it which CMS structure. Aes256Cbc is what every reader opens; Aes256Gcm
/// also notices changes (RFC 8551 section 2.7.1 wants it, gpgsm 2.2 and older programs lack it).
enum class Cipher : std::uint8_t {
  Aes256Cbc = 0,  ///< enveloped-data
  Aes256Gcm,      ///< authEnveloped-data (RFC 5083, RFC 5084)
};

/// The smime-type parameter that goes with it (RFC 8551 section 3.2.2).
[[nodiscard]] std::string_view smime_type(Cipher cipher);

/// Somebody to encrypt to.
struct Recipient {
  std::string source;  ///< the file, or whatever names the certificate in errors
  std::string der;
  Certificate certificate;
  std::vector<CalAddress> addresses;  ///< of the subjectAltName; may be empty
};

/// The first certificate of a PEM file, or the one of a DER file.
/// @errors Errc::NoInput, Errc::TooLarge (file); Errc::Config (holds no certificate)
Result<Recipient> read_recipient(const std::string& certificate_file);
/// @errors Errc::Config  no certificate
Result<Recipient> recipient_of(std::string_view der, const std::string& source);

/// CMS for application/pkcs7-mime, in DER, to each of the certificates.
/// @param octets  a MIME entity in canonical form (CRLF)
/// @param at      the certificates must be valid then
/// @errors Errc::Config, which names the source, if a certificate is not valid at `at`, is not for
/// e-mail or not for encryption (keyUsage), or has a key below the floor or of a kind that cannot
/// encrypt; Errc::Usage without any recipient
Result<std::string> encrypt_to(const std::vector<Recipient>& recipients, std::string_view octets,
                               Cipher cipher, UtcSeconds at, const Floor& floor = {});
/// The same to certificates in files. @errors those of read_recipient, too
Result<std::string> encrypt_to(const std::vector<std::string>& certificate_files,
                               std::string_view octets, Cipher cipher, UtcSeconds at,
                               const Floor& floor = {});

}  // namespace imip::crypto
