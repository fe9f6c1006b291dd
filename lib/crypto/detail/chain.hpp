/// @file From a signer's certificate to an anchor, with every reason why not. Private to
/// lib/crypto.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "crypto/detail/certificate_index.hpp"
#include "crypto/detail/openssl.hpp"
#include "crypto/verifier.hpp"

namespace imip::crypto {

/// A CRL of the policy's.
struct RevocationList {
  CrlPtr crl;
  std::string path;
};

class CertificatePool;
class ProofCache;

/// What one chain is judged by. The indexes decode what is asked for: not const.
struct Trust {
  const VerifyOptions& options;
  CertificateIndex& anchors;
  CertificateIndex& intermediates;
  const std::vector<RevocationList>& crls;
  CertificatePool& pool;
  ProofCache& proofs;
};

/// What came with the message: helps to build a chain and may revoke, never more.
struct Carried {
  STACK_OF(X509) * certificates = nullptr;
  STACK_OF(X509_CRL) * crls = nullptr;
  std::optional<UtcSeconds> signed_at;
};

/// What is wrong, and with which certificate of the chain.
struct Fault {
  Reason reason;
  X509* at = nullptr;  ///< null: with none of them
};

struct Chain {
  std::vector<X509Ptr> certificates;      ///< signer's first, as far as it could be built
  std::vector<Fault> faults;              ///< any one: the chain proves nobody
  std::vector<Reason> notices;            ///< change nothing
  std::vector<std::size_t> anchor_files;  ///< all that hold the anchor; empty: none was reached
  /// A file that holds the last certificate of a chain that does not stand: to be shown, never to be believed.
  std::optional<std::size_t> reached;
  bool by_signing_time = false;           ///< a fault depends on Carried::signed_at
};

/// RFC 5280 section 6 by X509_verify_cert, and what it leaves to the caller: floor, purposes for
/// e-mail (RFC 8550 section 4.4), CA certificates that say that they are, revocation. Where there
/// are several ways up, the first that `accept` takes; without such a one, the most telling.
[[nodiscard]] Chain build_chain(X509* signer, const Trust& trust, const Carried& carried,
                                const std::function<bool(const Chain&)>& accept);

/// Revocation of all but the anchor, at options.now. `certificates` must end with the anchor.
void check_revocation(const std::vector<X509Ptr>& certificates, const Trust& trust,
                      const Carried& carried, Chain& out);

}  // namespace imip::crypto
