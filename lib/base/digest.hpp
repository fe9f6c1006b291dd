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

}  // namespace imip
