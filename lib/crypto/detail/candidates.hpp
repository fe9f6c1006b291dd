/// @file The certificates that a chain can be made of, and every way up through them. Private to
/// lib/crypto.
#pragma once
#include <cstddef>
#include <functional>
#include <vector>

#include "crypto/detail/chain.hpp"
#include "crypto/detail/openssl.hpp"

namespace imip::crypto {

/// The signer's certificate, then the issuer of each; the last is an anchor.
using Path = std::vector<X509*>;

/// Found by name, upwards from the signer's certificate: nothing else is decoded.
class Candidates {
 public:
  struct Anchor {
    X509* certificate = nullptr;
    std::size_t file = 0;
  };

  Candidates(X509* signer, const Trust& trust, const Carried& carried);

  BorrowedCertificates untrusted, trusted;
  std::vector<Anchor> anchors;
  bool complete = true;          ///< false: out of memory
  X509* unfit_anchor = nullptr;  ///< named by the policy, but no CA certificate

  [[nodiscard]] bool is_anchor(X509* x) const;
  /// Some authority's name stands for more than one certificate (twins, renewals, cross-signing):
  /// X509_verify_cert() tries one of them.
  [[nodiscard]] bool ambiguous() const;
  /// Gives `visit` each path whose signatures hold and whose keys meet the floor, until it says
  /// true or the work gets out of proportion (a message brings the certificates that it likes).
  /// @param past_broken  also through certificates with broken extensions, which prove nobody
  void each_path(X509* signer, const Floor& floor, const std::function<bool(const Path&)>& visit,
                 bool past_broken = false) const;
  /// Has one that is no anchor a broken extension?
  [[nodiscard]] bool any_broken() const;

 private:
  void collect(X509* signer, const Trust& trust, STACK_OF(X509) * carried);
  void add_anchor(const CertificateIndex::Entry& e);

  std::vector<X509_NAME*> names_;
};

}  // namespace imip::crypto
