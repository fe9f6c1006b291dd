/// @file What need not be done again for the next message. Private to lib/crypto.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/detail/generations.hpp"
#include "crypto/detail/openssl.hpp"
#include "crypto/detail/proof.hpp"

namespace imip::crypto {

/// Decoded certificates by their exact octets: decoding one costs OpenSSL more than all the rest of
/// a verification. The same octets give the same object while it is remembered.
class CertificatePool {
 public:
  explicit CertificatePool(bool remember) : remember_(remember) {}
  /// Null: does not decode, or has octets to spare.
  X509Ptr decode(std::string_view der);
  /// How many were decoded, and not found; for tests.
  [[nodiscard]] std::size_t decoded() const { return decoded_; }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>{}(s); }
  };
  static constexpr std::size_t most = 512;  // some 8 KB each
  Generations<std::string, X509Ptr, Hash> known_{most};
  bool remember_;
  std::size_t decoded_ = 0;
};

/// Proofs by what they depend on: the signer's certificate and those that the message carried,
/// which are told by their addresses in the pool (and kept alive, so that no other gets one). All
/// else that a proof depends on (anchors, intermediates, CRLs, floor, times) is the same for one
/// Verifier, so a remembered proof holds as long as it. Proofs that depend on CRLs or a time in the
/// message are not remembered.
class ProofCache {
 public:
  explicit ProofCache(bool remember) : remember_(remember) {}
  [[nodiscard]] Proof prove(X509* signer, const Trust& trust, const Carried& carried);

 private:
  using Key = std::vector<X509*>;
  struct Hash {
    std::size_t operator()(const Key& key) const;
  };
  struct Remembered {
    Proof proof;
    std::vector<X509Ptr> alive;
  };
  static constexpr std::size_t most = 512;  // certificates
  Generations<Key, Remembered, Hash> known_{most};
  bool remember_;
};

}  // namespace imip::crypto
