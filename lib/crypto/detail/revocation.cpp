#include <algorithm>

#include "base/cat.hpp"
#include "crypto/detail/candidates.hpp"
#include "crypto/detail/certificate.hpp"
#include "crypto/detail/chain.hpp"
#include "crypto/detail/revocation_list.hpp"

namespace imip::crypto {
namespace {

// The lists that concern a chain. Whatever one of them lists is revoked: also by one that came with
// the message, is weakly signed, out of date, says only a part (a delta, some reasons), does not
// say how long it holds, or is of several authorities. Only the policy's complete ones can say that
// something is not.
class Lists {
 public:
  Lists(const std::vector<X509Ptr>& chain, const Trust& trust, const Carried& carried)
      : good(sk_X509_CRL_new_null()), chain_(chain), trust_(trust), carried_(carried)
  {
    for (const RevocationList& list : trust.crls) {
      X509_CRL* crl = list.crl.get();
      all_.push_back(crl);
      if (by_name(crl) && incomplete(crl).empty() &&
          signature_digest(crl).allowed(trust.options.floor))
        complete = complete && good && sk_X509_CRL_push(good.get(), crl) > 0;
    }
    for (int i = 0; i < sk_X509_CRL_num(carried.crls); ++i)
      all_.push_back(sk_X509_CRL_value(carried.crls, i));
    drop_twins();
  }

  BorrowedCrls good;
  bool complete = true;  // false: out of memory

  [[nodiscard]] bool revoke(std::size_t i, const Standing& standing)
  {
    X509* x = chain_[i].get();
    return std::any_of(all_.begin(), all_.end(), [&](X509_CRL* crl) {
      const X509_REVOKED* entry = entry_for(crl, x);
      return entry != nullptr && vouched(crl, i) &&
             !(is_on_hold(entry) && standing.clears() && has_later(crl, x));
    });
  }

  // Why the policy's latest list about a certificate does not count, one that lists it first;
  // nothing where there is none. `cleared`: others count, so only one that lists it is worth a
  // word.
  [[nodiscard]] std::optional<std::string> why_unknown(std::size_t i, bool cleared)
  {
    X509* x = chain_[i].get();
    const RevocationList* told = nullptr;
    bool listed = false;
    for (const RevocationList& list : trust_.crls) {
      X509_CRL* crl = list.crl.get();
      const bool lists = entry_for(crl, x) != nullptr;
      if (lists ? vouched(crl, i) : cleared || !concerns(crl, i)) continue;
      if (told != nullptr &&
          (listed > lists || (listed == lists && !is_later(crl, told->crl.get()))))
        continue;
      told = &list;
      listed = lists;
    }
    if (told == nullptr) return {};
    return listed ? cat("the revocation list ", told->path, " lists ", label(x),
                        ", but cannot be believed: it ", why_not_vouched(told->crl.get(), i))
                  : cat("the revocation list ", told->path, " does not say that ", label(x),
                        " is not revoked: it ", why_silent(told->crl.get(), i));
  }

 private:
  [[nodiscard]] Upward from(std::size_t i) const { return Upward(chain_).subspan(i); }

  [[nodiscard]] bool by_name(const X509_CRL* crl) const
  {
    return std::any_of(chain_.begin() + 1, chain_.end(),
                       [&](const X509Ptr& x) { return issued(x.get(), crl); });
  }

  static bool is_later(const X509_CRL* crl, const X509_CRL* than)
  {
    return ASN1_TIME_compare(X509_CRL_get0_lastUpdate(crl), X509_CRL_get0_lastUpdate(than)) > 0;
  }

  // Does one of those in the name of a list's issuer please? The policy's are asked first and
  // without end; what a message brings, in any number, cannot keep them from being asked.
  template <typename Visit>
  [[nodiscard]] bool any_named(X509_CRL* crl, Visit visit)
  {
    for (CertificateIndex* index : {&trust_.anchors, &trust_.intermediates})
      for (CertificateIndex::Entry* e : index->find(X509_CRL_get_issuer(crl)))
        if (visit(e->certificate.get())) return true;
    for (int i = 0; i < sk_X509_num(carried_.certificates); ++i) {
      X509* x = sk_X509_value(carried_.certificates, i);
      if (!issued(x, crl)) continue;
      if (budget_ == 0) return false;
      --budget_;
      if (visit(x)) return true;
    }
    return false;
  }

  // By one whom the certificate's authority lets speak for it, which OpenSSL knows.
  [[nodiscard]] std::optional<Standing> said_by(X509* issuer, X509_CRL* crl, std::size_t i) const
  {
    const Candidates above(issuer, trust_, carried_);
    if (!above.complete || sk_X509_push(above.untrusted.get(), issuer) <= 0) return {};
    return ask_alone(from(i), crl, above.untrusted.get(), trust_.options.now);
  }

  // Is what the list says of a certificate the word of an authority above it, or of a CRL issuer?
  [[nodiscard]] bool vouched(X509_CRL* crl, std::size_t i)
  {
    if (std::any_of(chain_.begin() + static_cast<std::ptrdiff_t>(i) + 1, chain_.end(),
                    [&](const X509Ptr& x) { return is_by(x.get(), crl); }))
      return true;
    return any_named(crl, [&](X509* issuer) {
      if (!is_by(issuer, crl)) return false;
      const auto s = said_by(issuer, crl, i);
      return s && s->revoked;
    });
  }

  // Does a list say anything of this certificate, or should it?
  [[nodiscard]] bool concerns(X509_CRL* crl, std::size_t i)
  {
    if (issued(chain_[i + 1].get(), crl)) return true;
    if (!is_indirect(crl)) return false;
    return any_named(crl, [&](X509* issuer) {
      const auto s = said_by(issuer, crl, i);
      return s && s->speaks();
    });
  }

  [[nodiscard]] std::string why_not_vouched(X509_CRL* crl, std::size_t i)
  {
    X509* signer = nullptr;
    X509* namesake = nullptr;
    static_cast<void>(any_named(crl, [&](X509* x) {
      namesake = x;
      if (is_by(x, crl)) signer = x;
      return signer != nullptr;
    }));
    for (const X509Ptr& x : from(i + 1))
      if (namesake == nullptr && issued(x.get(), crl)) namesake = x.get();
    if (namesake == nullptr)
      return cat("is by '", subject_text(X509_CRL_get_issuer(crl)).substr(0, 160),
                 "', whose certificate is not known; name it in the policy's intermediates");
    const auto s = said_by(signer != nullptr ? signer : namesake, crl, i);
    if (s && s->flaw != X509_V_OK && s->flaw != X509_V_ERR_DIFFERENT_CRL_SCOPE)
      return why_not(crl, *s, chain_[i + 1].get());
    if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(chain_[i].get())) == 0)
      return "has the name of the certificate's issuer, but is by another key (authorityKeyIdentifier); put there what "
             "the issuer's own key signed";
    return "is by an issuer whom the certificate's cRLDistributionPoints do not name for it; ask the "
           "authority";
  }

  [[nodiscard]] std::string why_silent(X509_CRL* crl, std::size_t i) const
  {
    if (const auto part = incomplete(crl); !part.empty())
      return cat(part, " and can only revoke here; put the authority's complete one there");
    if (const SignatureDigest digest = signature_digest(crl); !digest.allowed(trust_.options.floor))
      return cat("is signed with ", digest.text(),
                 ", which the policy does not accept; ask the authority for a better one");
    const auto s = ask_alone(from(i), crl, nullptr, trust_.options.now);
    return s ? why_not(crl, *s, chain_[i + 1].get()) : "could not be checked";
  }

  // RFC 5280 section 5.3.1: a hold may be lifted, so a newer complete list that is silent counts.
  [[nodiscard]] bool has_later(const X509_CRL* than, X509* x) const
  {
    for (int i = 0; i < sk_X509_CRL_num(good.get()); ++i) {
      X509_CRL* crl = sk_X509_CRL_value(good.get(), i);
      if (X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_CRL_get_issuer(than)) == 0 &&
          entry_for(crl, x) == nullptr && is_later(crl, than))
        return true;
    }
    return false;
  }

  // Of several lists in one name OpenSSL takes one, and looks only then whether its signature
  // holds. A twin authority's list, or a forged one, must not hide the right one.
  void drop_twins() const
  {
    for (int i = sk_X509_CRL_num(good.get()) - 1; i >= 0 && sk_X509_CRL_num(good.get()) > 1; --i) {
      X509_CRL* crl = sk_X509_CRL_value(good.get(), i);
      const bool holds = std::any_of(chain_.begin() + 1, chain_.end(),
                                     [&](const X509Ptr& x) { return is_by(x.get(), crl); });
      if (!holds) sk_X509_CRL_delete(good.get(), i);
    }
  }

  const std::vector<X509Ptr>& chain_;
  const Trust& trust_;
  const Carried& carried_;
  std::vector<X509_CRL*> all_;
  int budget_ = 24;  // signatures of those beside the chain: a message brings what it likes
};

}  // namespace

void check_revocation(const std::vector<X509Ptr>& certificates, const Trust& trust,
                      const Carried& carried, Chain& out)
{
  const VerifyOptions& options = trust.options;
  if (options.revocation == Revocation::Off || certificates.size() < 2) return;
  Lists lists(certificates, trust, carried);
  const auto standings = ask(certificates, lists.good.get(), options.now);
  if (!lists.complete || !standings) {
    out.faults.push_back(
        {{Code::RevocationUnknown, "revocation could not be checked"}, certificates.front().get()});
    return;
  }
  for (std::size_t i = 0; i + 1 < certificates.size(); ++i) {
    X509* x = certificates[i].get();
    const Standing& s = (*standings)[i];
    if (s.revoked || lists.revoke(i, s)) {
      out.faults.push_back({{Code::Revoked, cat(label(x), " was revoked by its authority")}, x});
      continue;
    }
    const auto why = lists.why_unknown(i, s.clears());
    if (options.revocation == Revocation::Required && !s.clears())
      out.faults.push_back(
          {{Code::RevocationUnknown,
            why.value_or(cat("no certificate revocation list says whether ", label(x),
                             " is revoked; put its authority's where the policy's crls say"))},
           x});
    else if (why)
      out.notices.push_back({Code::RevocationUnknown, *why});
  }
}

}  // namespace imip::crypto
