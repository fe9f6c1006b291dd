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
  bool forged = false;  // no good CRL: nothing in it counts, not even a revocation
  bool stale = false;   // out of date: revokes, and else says nothing
  bool missing = false;
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

bool weak(const X509_CRL* crl, const Floor& floor)
{
  const SignatureDigest digest = signature_digest(crl);
  return !digest.built_in && !digest_allowed(digest.nid, floor);
}

bool issued(X509* authority, const X509_CRL* crl)
{
  return X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(authority)) == 0;
}

// Why a list does not say what a complete one says; "" if it does.
std::string_view incomplete(X509_CRL* crl)
{
  if (X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0) return "only says what changed (delta)";
  const Handle<ISSUING_DIST_POINT, ISSUING_DIST_POINT_free> point(static_cast<ISSUING_DIST_POINT*>(
      X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, nullptr, nullptr)));
  if (!point) return {};
  if (point->indirectCRL > 0) return "is of several authorities (indirect)";
  return point->onlysomereasons != nullptr ? "lists only some reasons" : "";
}

// The lists of a chain's authorities, apart: those that count, and those that may revoke and never
// clear: what came with the message, what is signed weakly.
class Lists {
 public:
  Lists(const std::vector<X509Ptr>& chain, const Trust& trust, STACK_OF(X509_CRL) * carried)
      : good(sk_X509_CRL_new_null()), revoking(sk_X509_CRL_new_null())
  {
    for (const RevocationList& list : trust.crls)
      if (concerns(chain, list.crl.get())) {
        if (!incomplete(list.crl.get()).empty())
          unused_.push_back(&list);
        else
          push(weak(list.crl.get(), trust.options.floor) ? revoking : good, list.crl.get());
      }
    for (int i = 0; i < sk_X509_CRL_num(carried); ++i)
      if (X509_CRL* crl = sk_X509_CRL_value(carried, i);
          concerns(chain, crl) && incomplete(crl).empty())
        push(revoking, crl);
    drop_twins(chain, good);
    drop_twins(chain, revoking);
  }

  BorrowedCrls good, revoking;
  bool complete = true;  // false: out of memory

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

  void push(const BorrowedCrls& to, X509_CRL* crl)
  {
    complete = complete && to && sk_X509_CRL_push(to.get(), crl) > 0;
  }

  // Of several lists in one name OpenSSL takes one, and looks only then whether its signature
  // holds. A twin authority's list, or a forged one, must not hide the right one.
  static void drop_twins(const std::vector<X509Ptr>& chain, const BorrowedCrls& lists)
  {
    if (sk_X509_CRL_num(lists.get()) < 2) return;
    for (int i = sk_X509_CRL_num(lists.get()) - 1; i >= 0; --i) {
      X509_CRL* crl = sk_X509_CRL_value(lists.get(), i);
      const bool holds = std::any_of(chain.begin() + 1, chain.end(), [&](const X509Ptr& x) {
        EVP_PKEY* key = X509_get0_pubkey(x.get());
        return issued(x.get(), crl) && key != nullptr && X509_CRL_verify(crl, key) == 1;
      });
      if (!holds && sk_X509_CRL_num(lists.get()) > 1) sk_X509_CRL_delete(lists.get(), i);
    }
  }

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
  const auto by_policy = ask(certificates, lists.good.get(), options.now);
  const auto by_others = ask(certificates, lists.revoking.get(), options.now);
  if (!lists.complete || !by_policy || !by_others) {
    out.faults.push_back(
        {{Code::RevocationUnknown, "revocation could not be checked"}, certificates.front().get()});
    return;
  }
  for (std::size_t i = 0; i + 1 < certificates.size(); ++i) {
    X509* x = certificates[i].get();
    const Standing& s = (*by_policy)[i];
    const RevocationList* unused = lists.unused(certificates[i + 1].get());
    const auto unknown = [&] {
      return Reason{Code::RevocationUnknown, unknown_text(x, s, unused)};
    };
    if (s.revoked || (*by_others)[i].revoked) {
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
