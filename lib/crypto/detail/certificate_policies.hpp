/// @file What authorities require of certificate policies (RFC 5280 section 6.1). OpenSSL judges it, if
/// it is told to. Private to lib/crypto.
#pragma once
#include <vector>

#include "crypto/detail/openssl.hpp"

namespace imip::crypto {

/// Has OpenSSL look at them, if one of these certificates wants that. False: out of memory.
[[nodiscard]] bool check_policies(X509_VERIFY_PARAM* param, X509* signer,
                                  STACK_OF(X509) * untrusted);

/// X509_verify_cert(). OpenSSL 3.0 loses the policyConstraints of a certificate that has no certificatePolicies: some
/// 40 octets, once for each such certificate, which are not held against us by what looks for leaks.
[[nodiscard]] bool verify_chain(X509_STORE_CTX* ctx);

/// Who of a chain to an anchor, which fails for want of a policy, requires one (policyConstraints);
/// of several the one nearest to the anchor, which itself does not count.
[[nodiscard]] X509* who_requires_policy(const std::vector<X509Ptr>& chain);

}  // namespace imip::crypto
