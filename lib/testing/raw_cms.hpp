/// @file CMS signed-data that our own signer would refuse to make, for tests.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "testing/test_ca.hpp"

namespace imip::testing {

/// An Attribute (RFC 5652 section 5.3), by OpenSSL's name, with its values in DER.
struct RawAttribute {
  std::string name;
  std::vector<std::string> values;
};

struct RawSigner {
  Issued who;
  std::string digest = "sha256";
  std::optional<UtcSeconds> signing_time = {};  ///< without: OpenSSL takes the system's time
  bool attributes = true;                       ///< signed attributes at all
  bool certificate = true;                      ///< put into the CMS
  bool by_key_id = false;                       ///< signer named by subjectKeyIdentifier
  std::vector<Issued> claims = {};  ///< ESS signingCertificateV2 of these: the signer, those above
  std::vector<std::string> without = {};  ///< signed attributes (OpenSSL's names) that are left out
  std::vector<RawAttribute> more = {};    ///< signed attributes beside the others, allowed or not
  std::vector<RawAttribute> unsigned_more = {};
};

struct RawCms {
  std::vector<RawSigner> signers;
  bool detached = true;
  std::string content_type = "pkcs7-data";             ///< eContentType, when it is signed
  std::optional<std::string> content_type_after = {};  ///< eContentType, put there afterwards
  std::vector<Issued> more_certificates = {};
  std::vector<std::string> crls = {};  ///< PEM files
};

/// DER of the CMS over `octets`.
std::string raw_cms(const RawCms& form, std::string_view octets);

}  // namespace imip::testing
