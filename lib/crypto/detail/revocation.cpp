#include <openssl/x509_vfy.h>

#include <algorithm>
#include <ctime>

#include "base/cat.hpp"
#include "crypto/detail/certificate.hpp"
#include "crypto/detail/chain.hpp"

namespace imip::crypto {
namespace {

using StorePtr = Handle<X509_STORE, X509_STORE_free>;
using StoreContext = Handle<X509_STORE_CTX, X509_STORE_CTX_free>;

// What one set of CRLs says about one certificate.
struct Standing {
  bool revoked = false;
  bool forged = false;  // no good CRL: nothing in it counts
  bool stale = false;   // out of date: says nothing of what it does not list
  bool missing = false;

  [[nodiscard]] bool clears() const { return !revoked && !forged && !stale && !missing; }
};

bool is_crl_time(int error)
{
  return error == X509_V_ERR_CRL_HAS_EXPIRED || error == X509_V_ERR_CRL_NOT_YET_VALID;
}

bool is_bad_crl(int error)
{
  switch (error) {
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
    case X509_V_ERR_INVALID_EXTENSION:
    case X509_V_ERR_ERROR_IN_CRL_LAST_UPDATE_FIELD:
    case X509_V_ERR_ERROR_IN_CRL_NEXT_UPDATE_FIELD:
      return true;
    default:
      return false;
  }
}

// Goes on whatever is wrong: the chain itself was judged before, at another time.
int collect_crl_errors(int ok, X509_STORE_CTX* ctx)
{
  if (ok == 1) return 1;
  auto& standings = *static_cast<std::vector<Standing>*>(X509_STORE_CTX_get_app_data(ctx));
  const int error = X509_STORE_CTX_get_error(ctx);
  const auto depth = static_cast<std::size_t>(X509_STORE_CTX_get_error_depth(ctx));
  if (depth >= standings.size()) return 1;
  Standing& s = standings[depth];
  s.revoked = s.revoked || (error == X509_V_ERR_CERT_REVOKED && !s.forged);
  s.missing = s.missing || error == X509_V_ERR_UNABLE_TO_GET_CRL;
  s.stale = s.stale || is_crl_time(error);
  s.forged = s.forged || is_bad_crl(error);
  return 1;
}

// One more X509_verify_cert over the chain that stands, at `now`, with these CRLs alone.
// Nothing: it could not be carried out.
std::optional<std::vector<Standing>> ask(const std::vector<X509Ptr>& chain,
                                         STACK_OF(X509_CRL) * crls, UtcSeconds now)
{
  std::vector<Standing> standings(chain.size());
  if (sk_X509_CRL_num(crls) <= 0) {
    for (Standing& s : standings) s.missing = true;
    return standings;
  }
  const BorrowedCertificates untrusted(sk_X509_new_null());
  const BorrowedCertificates trusted(sk_X509_new_null());
  const StorePtr store(X509_STORE_new());
  const StoreContext ctx(X509_STORE_CTX_new());
  if (!untrusted || !trusted || !store || !ctx ||
      sk_X509_push(trusted.get(), chain.back().get()) <= 0)
    return {};
  for (std::size_t i = 1; i + 1 < chain.size(); ++i)
    if (sk_X509_push(untrusted.get(), chain[i].get()) <= 0) return {};
  if (X509_STORE_CTX_init(ctx.get(), store.get(), chain.front().get(), untrusted.get()) != 1 ||
      X509_STORE_CTX_set_app_data(ctx.get(), &standings) != 1)
    return {};
  X509_STORE_CTX_set0_trusted_stack(ctx.get(), trusted.get());
  X509_STORE_CTX_set0_crls(ctx.get(), crls);
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(ctx.get());
  X509_VERIFY_PARAM_set_flags(
      param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  X509_VERIFY_PARAM_set_time(param, static_cast<std::time_t>(now.time_since_epoch().count()));
  X509_STORE_CTX_set_verify_cb(ctx.get(), collect_crl_errors);
  if (X509_verify_cert(ctx.get()) != 1 ||
      sk_X509_num(X509_STORE_CTX_get0_chain(ctx.get())) != static_cast<int>(chain.size()))
    return {};
  return standings;
}

bool issued(X509* authority, const X509_CRL* crl)
{
  return X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(authority)) == 0;
}

// Why a list does not say what a complete one says; "" if it does.
std::string_view incomplete(X509_CRL* crl)
{
  if (X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0) return "only says what changed (delta)";
  // RFC 5280 section 5.1.2.5 demands it; without it a list of any age would be current
  if (X509_CRL_get0_nextUpdate(crl) == nullptr)
    return "does not say how long it holds (it has no nextUpdate)";
  const Handle<ISSUING_DIST_POINT, ISSUING_DIST_POINT_free> point(static_cast<ISSUING_DIST_POINT*>(
      X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, nullptr, nullptr)));
  if (!point) return {};
  if (point->indirectCRL > 0) return "is of several authorities (indirect)";
  return point->onlysomereasons != nullptr ? "lists only some reasons" : "";
}

// Does the list say that it is over with the certificate? removeFromCRL says the contrary.
X509_REVOKED* entry_for(X509_CRL* crl, X509* x)
{
  X509_REVOKED* entry = nullptr;
  return X509_CRL_get0_by_cert(crl, &entry, x) == 1 ? entry : nullptr;
}

bool is_on_hold(const X509_REVOKED* entry)
{
  const Handle<ASN1_ENUMERATED, ASN1_ENUMERATED_free> reason(static_cast<ASN1_ENUMERATED*>(
      X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nullptr, nullptr)));
  return reason && ASN1_ENUMERATED_get(reason.get()) == CRL_REASON_CERTIFICATE_HOLD;
}

bool is_by(X509* authority, X509_CRL* crl)
{
  EVP_PKEY* key = X509_get0_pubkey(authority);
  return issued(authority, crl) && key != nullptr &&
         (X509_get_key_usage(authority) & KU_CRL_SIGN) != 0 && X509_CRL_verify(crl, key) == 1;
}

// The lists of a chain's authorities. Whatever one of them lists is revoked: also by one that came
// with the message, is weakly signed, out of date, says only a part (a delta, some reasons), or does
// not say how long it holds.
// Only the policy's complete ones can say that something is not.
class Lists {
 public:
  Lists(const std::vector<X509Ptr>& chain, const Trust& trust, STACK_OF(X509_CRL) * carried)
      : good(sk_X509_CRL_new_null())
  {
    for (const RevocationList& list : trust.crls) {
      if (!concerns(chain, list.crl.get())) continue;
      all_.push_back(list.crl.get());
      if (!incomplete(list.crl.get()).empty())
        unused_.push_back(&list);
      else if (signature_digest(list.crl.get()).allowed(trust.options.floor))
        complete = complete && good && sk_X509_CRL_push(good.get(), list.crl.get()) > 0;
    }
    for (int i = 0; i < sk_X509_CRL_num(carried); ++i)
      if (X509_CRL* crl = sk_X509_CRL_value(carried, i); concerns(chain, crl)) all_.push_back(crl);
    drop_twins(chain);
  }

  BorrowedCrls good;
  bool complete = true;  // false: out of memory

  [[nodiscard]] bool revoke(X509* x, X509* authority, const Standing& standing) const
  {
    return std::any_of(all_.begin(), all_.end(), [&](X509_CRL* crl) {
      const X509_REVOKED* entry = issued(authority, crl) ? entry_for(crl, x) : nullptr;
      return entry != nullptr && is_by(authority, crl) &&
             !(is_on_hold(entry) && standing.clears() && has_later(authority, crl, x));
    });
  }

  [[nodiscard]] const RevocationList* unused(X509* authority) const
  {
    for (const RevocationList* list : unused_)
      if (issued(authority, list->crl.get())) return list;
    return nullptr;
  }

 private:
  static bool concerns(const std::vector<X509Ptr>& chain, const X509_CRL* crl)
  {
    return std::any_of(chain.begin() + 1, chain.end(),
                       [&](const X509Ptr& x) { return issued(x.get(), crl); });
  }

  // RFC 5280 section 5.3.1: a hold may be lifted, so a newer complete list that is silent counts.
  [[nodiscard]] bool has_later(X509* authority, const X509_CRL* than, X509* x) const
  {
    for (int i = 0; i < sk_X509_CRL_num(good.get()); ++i) {
      X509_CRL* crl = sk_X509_CRL_value(good.get(), i);
      if (issued(authority, crl) && entry_for(crl, x) == nullptr &&
          ASN1_TIME_compare(X509_CRL_get0_lastUpdate(crl), X509_CRL_get0_lastUpdate(than)) > 0)
        return true;
    }
    return false;
  }

  // Of several lists in one name OpenSSL takes one, and looks only then whether its signature
  // holds. A twin authority's list, or a forged one, must not hide the right one.
  void drop_twins(const std::vector<X509Ptr>& chain) const
  {
    for (int i = sk_X509_CRL_num(good.get()) - 1; i >= 0 && sk_X509_CRL_num(good.get()) > 1; --i) {
      X509_CRL* crl = sk_X509_CRL_value(good.get(), i);
      const bool holds = std::any_of(chain.begin() + 1, chain.end(),
                                     [&](const X509Ptr& x) { return is_by(x.get(), crl); });
      if (!holds) sk_X509_CRL_delete(good.get(), i);
    }
  }

  std::vector<X509_CRL*> all_;
  std::vector<const RevocationList*> unused_;
};

std::string unknown_text(X509* x, const Standing& s, const RevocationList* unused)
{
  if (s.stale)
    return cat("the certificate revocation list for ", label(x),
               " is out of date; fetch a new one and put it where the policy's crls say");
  if (s.missing && unused != nullptr)
    return cat("the certificate revocation list ", unused->path, " for ", label(x), " ",
               incomplete(unused->crl.get()),
               ", which imip does not use; put the authority's "
               "complete one there");
  if (s.missing)
    return cat("no certificate revocation list says whether ", label(x),
               " is revoked; put its authority's where the policy's crls say");
  return cat("the certificate revocation list for ", label(x), " cannot be used");
}

}  // namespace

void check_revocation(const std::vector<X509Ptr>& certificates, const Trust& trust,
                      STACK_OF(X509_CRL) * carried, Chain& out)
{
  const VerifyOptions& options = trust.options;
  if (options.revocation == Revocation::Off || certificates.size() < 2) return;
  const Lists lists(certificates, trust, carried);
  const auto standings = ask(certificates, lists.good.get(), options.now);
  if (!lists.complete || !standings) {
    out.faults.push_back(
        {{Code::RevocationUnknown, "revocation could not be checked"}, certificates.front().get()});
    return;
  }
  for (std::size_t i = 0; i + 1 < certificates.size(); ++i) {
    X509* x = certificates[i].get();
    X509* authority = certificates[i + 1].get();
    const Standing& s = (*standings)[i];
    const RevocationList* unused = lists.unused(authority);
    const auto unknown = [&] {
      return Reason{Code::RevocationUnknown, unknown_text(x, s, unused)};
    };
    if (s.revoked || lists.revoke(x, authority, s)) {
      out.faults.push_back({{Code::Revoked, cat(label(x), " was revoked by its authority")}, x});
    } else if (s.missing || s.stale || s.forged) {
      if (options.revocation == Revocation::Required)
        out.faults.push_back({unknown(), x});
      else if (s.stale || s.forged || unused != nullptr)
        out.notices.push_back(unknown());
    }
  }
}

}  // namespace imip::crypto
