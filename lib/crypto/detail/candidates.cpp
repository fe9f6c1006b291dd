#include "crypto/detail/candidates.hpp"

#include <algorithm>

#include "crypto/detail/certificate.hpp"
#include "crypto/detail/extension.hpp"

namespace imip::crypto {
namespace {

class Climb {
 public:
  Climb(const Candidates& candidates, const Floor& floor,
        const std::function<bool(const Path&)>& visit, bool past_broken)
      : candidates_(candidates), floor_(floor), visit_(visit), past_broken_(past_broken)
  {
  }

  // true: enough
  bool from(X509* top)
  {
    path_.push_back(top);
    const bool enough = candidates_.is_anchor(top) ? --paths_ == 0 || visit_(path_) : further(top);
    path_.pop_back();
    return enough;
  }

 private:
  bool further(X509* top)
  {
    if (path_.size() > deepest) return false;
    for (STACK_OF(X509) * stack : {candidates_.trusted.get(), candidates_.untrusted.get()}) {
      for (int i = 0; i < sk_X509_num(stack); ++i) {
        X509* issuer = sk_X509_value(stack, i);
        if (X509_NAME_cmp(X509_get_subject_name(issuer), X509_get_issuer_name(top)) != 0) continue;
        if (steps_ == 0) return true;
        if (issued(issuer, top) && from(issuer)) return true;
      }
    }
    return false;
  }

  bool issued(X509* issuer, X509* top)
  {
    const bool known =
        std::any_of(path_.begin(), path_.end(), [&](X509* x) { return X509_cmp(x, issuer) == 0; });
    EVP_PKEY* key = X509_get0_pubkey(issuer);
    if (known || key == nullptr || !fits(issuer, top) || key_problem(key, floor_)) return false;
    --steps_;
    return X509_verify(top, key) == 1;
  }

  // The names fit already; what X509_check_issued() looks at beside them are extensions.
  bool fits(X509* issuer, X509* top) const
  {
    if (past_broken_ && (has_broken_extension(issuer) || has_broken_extension(top))) return true;
    return X509_check_issued(issuer, top) == X509_V_OK;
  }

  static constexpr std::size_t deepest = 8;
  const Candidates& candidates_;
  const Floor& floor_;
  const std::function<bool(const Path&)>& visit_;
  bool past_broken_;
  Path path_;
  int paths_ = 8;   // each is verified once more, by X509_verify_cert()
  int steps_ = 24;  // signatures checked
};

}  // namespace

Candidates::Candidates(X509* signer, const Trust& trust, const Carried& carried)
    : untrusted(sk_X509_new_null()), trusted(sk_X509_new_null())
{
  collect(signer, trust, carried.certificates);
}

void Candidates::collect(X509* signer, const Trust& trust, STACK_OF(X509) * carried)
{
  std::vector<X509*> todo = {signer};
  std::vector<X509*> seen = {signer};
  const auto climb = [&](X509* x) {
    if (std::find(seen.begin(), seen.end(), x) != seen.end()) return;
    seen.push_back(x);
    todo.push_back(x);
    complete = complete && sk_X509_push(untrusted.get(), x) > 0;
  };
  while (!todo.empty()) {
    X509_NAME* name = X509_get_issuer_name(todo.back());
    todo.pop_back();
    if (std::any_of(names_.begin(), names_.end(),
                    [&](X509_NAME* n) { return X509_NAME_cmp(n, name) == 0; }))
      continue;
    names_.push_back(name);
    for (CertificateIndex::Entry* e : trust.anchors.find(name)) add_anchor(*e);
    for (CertificateIndex::Entry* e : trust.intermediates.find(name)) climb(e->certificate.get());
    for (int i = 0; i < sk_X509_num(carried); ++i) {
      X509* x = sk_X509_value(carried, i);
      if (X509_NAME_cmp(X509_get_subject_name(x), name) == 0) climb(x);
    }
  }
}

// RFC 5280 wants CA certificates as anchors (1), and version 1 roots are of an age without
// extensions (3). An end entity's own certificate is none: trusting one person is the policy's pin.
void Candidates::add_anchor(const CertificateIndex::Entry& e)
{
  X509* x = e.certificate.get();
  const int ca = X509_check_ca(x);
  if (ca != 1 && ca != 3) {
    unfit_anchor = x;
    return;
  }
  const bool known = is_anchor(x);
  anchors.push_back({x, e.file});
  if (!known) complete = complete && sk_X509_push(trusted.get(), x) > 0;
}

bool Candidates::is_anchor(X509* x) const
{
  return std::any_of(anchors.begin(), anchors.end(),
                     [&](const Anchor& a) { return X509_cmp(a.certificate, x) == 0; });
}

bool Candidates::ambiguous() const
{
  std::vector<X509*> all;
  for (STACK_OF(X509) * stack : {trusted.get(), untrusted.get()})
    for (int i = 0; i < sk_X509_num(stack); ++i) {
      X509* x = sk_X509_value(stack, i);
      for (X509* y : all)
        if (X509_NAME_cmp(X509_get_subject_name(x), X509_get_subject_name(y)) == 0 &&
            X509_cmp(x, y) != 0)
          return true;
      all.push_back(x);
    }
  return false;
}

void Candidates::each_path(X509* signer, const Floor& floor,
                           const std::function<bool(const Path&)>& visit, bool past_broken) const
{
  Climb(*this, floor, visit, past_broken).from(signer);
}

bool Candidates::any_broken() const
{
  for (int i = 0; i < sk_X509_num(untrusted.get()); ++i)
    if (has_broken_extension(sk_X509_value(untrusted.get(), i))) return true;
  return false;
}

}  // namespace imip::crypto
