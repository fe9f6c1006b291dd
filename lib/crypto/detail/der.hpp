/// @file Just enough of BER to count and to look up, on top of ASN1_get_object, before anything is
/// decoded. OpenSSL's decoder remains the judge of what is well-formed. Private to lib/crypto.
#pragma once
#include <cstddef>
#include <optional>

#include "base/bytes.hpp"

namespace imip::crypto {

/// What a ContentInfo (RFC 5652 section 3) holds, by counting.
struct CmsShape {
  int content_type = 0;  ///< OpenSSL's NID; NID_undef for a type it does not know
  std::size_t octets =
      0;  ///< of the outermost element; less than what was given: something follows
  // signed-data only:
  std::size_t overhead = 0;  ///< octets of all but the encapContentInfo
  std::size_t digest_algorithms = 0, certificates = 0, crls = 0, signer_infos = 0;
};

/// Definite and indefinite lengths. Nothing if this is not a ContentInfo (or, for signed-data, not
/// a SignedData). Linear in the size.
[[nodiscard]] std::optional<CmsShape> cms_shape(ByteView der);

/// The subject Name (its DER, tag and all) of the certificate that `der` begins with; the
/// certificate may be cut off after it.
[[nodiscard]] std::optional<ByteView> subject_of_certificate(ByteView der);

}  // namespace imip::crypto
