/// @file One revocation list: what its octets say, what OpenSSL makes of it, and in words why it
/// does not count. Private to lib/crypto.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/detail/chain.hpp"
#include "crypto/detail/openssl.hpp"

namespace imip::crypto {

/// What a set of CRLs says about one certificate.
struct Standing {
  bool revoked = false;
  bool missing = false;  ///< none says anything of it
  bool stale = false;    ///< out of date: says nothing of what it does not list
  bool early = false;    ///< not yet valid: likewise
  int flaw = X509_V_OK;  ///< no good CRL (the first X509_V_ERR_...): nothing in it counts
  [[nodiscard]] bool speaks() const { return !missing && flaw == X509_V_OK; }
  [[nodiscard]] bool clears() const { return speaks() && !revoked && !stale && !early; }
};

/// A certificate, those above it, and the anchor at the end.
using Upward = std::span<const X509Ptr>;

/// What X509_verify_cert says at `now` of all below the anchor, by these CRLs of the chain's own
/// authorities. Nothing: it could not be carried out.
[[nodiscard]] std::optional<std::vector<Standing>> ask(Upward chain, STACK_OF(X509_CRL) * crls,
                                                       UtcSeconds now);
/// What it says of the chain's first certificate by this CRL alone, which may also be that of a CRL
/// issuer beside the chain (RFC 5280 section 6.3.3): `beside` holds his certificate and those above
/// him.
[[nodiscard]] std::optional<Standing> ask_alone(Upward chain, X509_CRL* crl,
                                                STACK_OF(X509) * beside, UtcSeconds now);

/// By name alone.
[[nodiscard]] bool issued(X509* authority, const X509_CRL* crl);
/// By name, signature, and keyUsage.
[[nodiscard]] bool is_by(X509* authority, X509_CRL* crl);
[[nodiscard]] bool is_indirect(const X509_CRL* crl);
/// Why a list does not say what a complete one says; "" if it does.
[[nodiscard]] std::string_view incomplete(const X509_CRL* crl);
/// Where the list says that it is over with the certificate; null where it does not, or says the
/// contrary (removeFromCRL). Heeds certificateIssuer (RFC 5280 section 5.3.3).
[[nodiscard]] X509_REVOKED* entry_for(X509_CRL* crl, X509* x);
[[nodiscard]] bool is_on_hold(const X509_REVOKED* entry);

/// Why a list does not count for a certificate ("ran out on ..."), and what to do about it.
/// @param s  what ask_alone() says of both
[[nodiscard]] std::string why_not(X509_CRL* crl, const Standing& s, X509* authority);

}  // namespace imip::crypto
