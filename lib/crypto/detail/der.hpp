/// @file Just enough of BER to count and to look up, on top of ASN1_get_object, before anything is
/// decoded. OpenSSL's decoder remains the judge of what is well-formed. Private to lib/crypto.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"

namespace imip::crypto {

/// What a ContentInfo (RFC 5652 section 3) holds, by counting.
struct CmsShape {
  int content_type = 0;  ///< OpenSSL's NID; NID_undef for a type it does not know
  std::size_t octets =
      0;  ///< of the outermost element; less than what was given: something follows
  std::size_t overhead = 0;  ///< octets of all but the encapContentInfo or encryptedContentInfo
  // signed-data only:
  std::size_t digest_algorithms = 0, certificates = 0, crls = 0, signer_infos = 0;
  // enveloped-data and authEnveloped-data only:
  std::size_t recipients = 0;
  std::size_t tag_octets = 0;  ///< of authEnveloped-data's mac
  bool authenticated_attributes = false;
  int algorithm =
      0;  ///< OpenSSL's NID: of the content's encryption, or of compressed-data's compression
};

/// Whether it has more than `most` elements at all depths, ends of contents included. One pass, which
/// ends there or at what is not well-formed; whoever decodes it comes no further than that.
[[nodiscard]] bool has_more_elements(ByteView der, std::size_t most);

/// Definite and indefinite lengths. Nothing if this is not a ContentInfo (or, for the types that
/// have counts, not what the type says). Linear in the size.
[[nodiscard]] std::optional<CmsShape> cms_shape(ByteView der);

/// A signed-data without its certificates, which are not signed, and they beside it.
struct LeanSignedData {
  std::string der;
  std::vector<ByteView> certificates;  ///< in the order of the set
};
/// Nothing if it holds other things than X.509 certificates among them, or is no signed-data.
[[nodiscard]] std::optional<LeanSignedData> without_certificates(ByteView der);

/// The element that `der` begins with, and nothing after it.
[[nodiscard]] std::optional<ByteView> first_element(ByteView der);

/// The subject Name (its DER, tag and all) of the certificate that `der` begins with; the
/// certificate may be cut off after it.
[[nodiscard]] std::optional<ByteView> subject_of_certificate(ByteView der);

}  // namespace imip::crypto
