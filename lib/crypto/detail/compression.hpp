/// @file compressed-data (RFC 3274), by zlib: Debian's OpenSSL is built without. Private to
/// lib/crypto.
#pragma once
#include <string_view>

#include "base/limits.hpp"
#include "crypto/detail/der.hpp"
#include "crypto/signature.hpp"

namespace imip::crypto {

/// Inflates at most limits.decoded_bytes. Compression hides nothing and signs nothing.
[[nodiscard]] SignatureReport open_compressed(const CmsShape& shape, std::string_view der,
                                              const Limits& limits);

}  // namespace imip::crypto
