/// @file SHA-256 (by OpenSSL): names for contents. Signatures are lib/crypto's business.
#pragma once
#include <string>
#include <string_view>

namespace imip {

/// Lower-case hexadecimal, 64 characters.
[[nodiscard]] std::string sha256_hex(std::string_view octets);
/// HMAC-SHA-256 (RFC 2104), lower-case hexadecimal.
[[nodiscard]] std::string hmac_sha256_hex(std::string_view key, std::string_view octets);
/// `n` octets from the system's random generator, lower-case hexadecimal.
[[nodiscard]] std::string random_hex(std::size_t n);

/// Starts libcrypto as imip wants it: no configuration file (an attacker's or a distribution's
/// openssl.cnf changes nothing), no table of all names (3 M instructions). Whoever calls OpenSSL
/// calls this first; it is cheap from the second time on.
void start_libcrypto();

}  // namespace imip
