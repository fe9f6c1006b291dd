/// @file Whom a certificate proves, whatever was signed with it. Private to lib/crypto.
#pragma once
#include <optional>
#include <vector>

#include "crypto/detail/chain.hpp"
#include "crypto/signature.hpp"

namespace imip::crypto {

struct Proof {
  Certificate signer;              ///< with the faults that lie there
  std::vector<Certificate> chain;  ///< its issuer upward, as far as it could be built; with faults
  std::vector<CalAddress> identities;
  std::optional<std::size_t> anchor;
  std::vector<Reason> findings;  ///< any one: it proves nobody, and identities is empty
  std::vector<Reason> notices;   ///< change nothing
  bool by_signing_time = false;  ///< some finding depends on Carried::signed_at
};

[[nodiscard]] Proof prove(X509* signer, const Trust& trust, const Carried& carried);

}  // namespace imip::crypto
