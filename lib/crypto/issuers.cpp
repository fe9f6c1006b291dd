// What leads up from a certificate of one's own, for receivers who have only the root.
#include <algorithm>

#include "crypto/detail/cache.hpp"
#include "crypto/detail/certificate.hpp"
#include "crypto/detail/certificate_index.hpp"
#include "crypto/detail/identity.hpp"

namespace imip::crypto {
namespace {

class Issuers {
 public:
  Issuers(SigningIdentity::Impl& identity, CertificateIndex& intermediates,
          CertificateIndex& anchors)
      : identity_(identity), intermediates_(intermediates), anchors_(anchors)
  {
  }

  // Every way up: receivers may have only one of the roots.
  void climb()
  {
    std::vector<X509*> todo = {identity_.certificate.get()};
    for (int steps = most; !todo.empty() && steps > 0; --steps) {
      X509* x = todo.back();
      todo.pop_back();
      const std::vector<X509Ptr> above = issuers_of(x);
      reached_ = reached_ || is_root(x);
      if (above.empty() && !is_root(x)) end_ = x;
      for (const X509Ptr& issuer : above)
        if (!is_root(issuer.get()) && add(issuer)) todo.push_back(issuer.get());
    }
  }

  /// Whose issuer is nowhere; null if a root or an anchor was reached.
  [[nodiscard]] X509* end() const { return reached_ ? nullptr : end_; }

 private:
  std::vector<X509Ptr> issuers_of(X509* x)
  {
    X509_NAME* name = X509_get_issuer_name(x);
    std::vector<X509Ptr> found;
    for (const auto* own : {&identity_.chain, &identity_.roots})
      for (const X509Ptr& y : *own) take(y.get(), x, found);
    for (const auto* e : intermediates_.find(name)) take(e->certificate.get(), x, found);
    const std::size_t before = found.size();
    for (const auto* e : anchors_.find(name)) take(e->certificate.get(), x, found);
    reached_ = reached_ || found.size() > before;
    return found;
  }

  void take(X509* issuer, X509* x, std::vector<X509Ptr>& found)
  {
    EVP_PKEY* key = X509_get0_pubkey(issuer);
    if (X509_check_issued(issuer, x) != X509_V_OK || key == nullptr || X509_verify(x, key) != 1)
      return;
    reached_ = reached_ || is_root(issuer);
    X509_up_ref(issuer);
    found.emplace_back(issuer);
  }

  // Is it one that was not looked at yet? What a file brought along is part of the signature
  // anyway.
  bool add(const X509Ptr& issuer)
  {
    const auto is_it = [&](const X509Ptr& x) { return X509_cmp(x.get(), issuer.get()) == 0; };
    if (std::any_of(seen_.begin(), seen_.end(), is_it)) return false;
    X509_up_ref(issuer.get());
    seen_.emplace_back(issuer.get());
    if (std::none_of(identity_.chain.begin(), identity_.chain.end(), is_it)) {
      X509_up_ref(issuer.get());
      identity_.chain.emplace_back(issuer.get());
    }
    return true;
  }

  static constexpr int most = 16;
  SigningIdentity::Impl& identity_;
  CertificateIndex& intermediates_;
  CertificateIndex& anchors_;
  std::vector<X509Ptr> seen_;
  X509* end_ = nullptr;
  bool reached_ = false;
};

}  // namespace

Result<std::string> SigningIdentity::complete_chain(const std::vector<std::string>& intermediates,
                                                    const std::vector<std::string>& anchors,
                                                    const Limits& limits)
{
  const ErrorScope errors;
  CertificatePool pool(true);
  CertificateIndex between(pool);
  CertificateIndex above(pool);
  for (const std::string& file : intermediates) IMIP_CHECK(between.add_file(file, limits));
  for (const std::string& file : anchors) IMIP_CHECK(above.add_file(file, limits));
  Issuers issuers(*impl_, between, above);
  issuers.climb();
  X509* end = issuers.end();
  return end == nullptr ? std::string() : subject_text(X509_get_issuer_name(end));
}

}  // namespace imip::crypto
