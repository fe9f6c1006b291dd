/// @file One signerInfo: does it verify, and whom does its certificate prove? Private to
/// lib/crypto.
#pragma once
#include <string_view>
#include <vector>

#include "crypto/detail/chain.hpp"
#include "crypto/detail/openssl.hpp"
#include "crypto/signature.hpp"

namespace imip::crypto {

/// What the signers of one CMS share.
struct SignedContent {
  CMS_ContentInfo* cms = nullptr;
  std::string_view octets;
  BIO* digests = nullptr;  ///< a chain of digest filters that `octets` went through
  STACK_OF(X509) * certificates = nullptr;
  STACK_OF(X509_CRL) * crls = nullptr;
};

/// The digest that a signerInfo names; null for one that OpenSSL does not have.
[[nodiscard]] const EVP_MD* digest_of(CMS_SignerInfo* info);
/// With each certificate that its signer identifier fits, whatever their order (RFC 5652
/// section 5.3): one signature for each that proves somebody whom the others do not; without such a
/// one, the most telling.
[[nodiscard]] std::vector<Signature> judge_signer(CMS_SignerInfo* info,
                                                  const SignedContent& content, const Trust& trust);

}  // namespace imip::crypto
