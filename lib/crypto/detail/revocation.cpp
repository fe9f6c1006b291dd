#include <openssl/x509_vfy.h>

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

std::string unknown_text(X509* x, const Standing& s)
{
  if (s.stale)
    return cat("the certificate revocation list for ", label(x),
               " is out of date; fetch a new one and put it where the policy's crls say");
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
  const BorrowedCrls good(sk_X509_CRL_new_null());
  // Those that may revoke and never clear: what came with the message, what is signed weakly.
  const BorrowedCrls revoking(sk_X509_CRL_new_null());
  bool ok = good && revoking;
  for (const CrlPtr& crl : trust.crls)
    ok = ok && sk_X509_CRL_push(weak(crl.get(), options.floor) ? revoking.get() : good.get(),
                                crl.get()) > 0;
  for (int i = 0; i < sk_X509_CRL_num(carried); ++i)
    ok = ok && sk_X509_CRL_push(revoking.get(), sk_X509_CRL_value(carried, i)) > 0;

  const auto by_policy = ask(certificates, good.get(), options.now);
  const auto by_others = ask(certificates, revoking.get(), options.now);
  if (!ok || !by_policy || !by_others) {
    out.faults.push_back({Code::RevocationUnknown, "revocation could not be checked"});
    return;
  }
  for (std::size_t i = 0; i + 1 < certificates.size(); ++i) {
    X509* x = certificates[i].get();
    const Standing& s = (*by_policy)[i];
    if (s.revoked || (*by_others)[i].revoked) {
      out.faults.push_back({Code::Revoked, cat(label(x), " was revoked by its authority")});
    } else if (s.missing || s.stale || s.forged) {
      if (options.revocation == Revocation::Required)
        out.faults.push_back({Code::RevocationUnknown, unknown_text(x, s)});
      else if (s.stale || s.forged)
        out.notices.push_back({Code::RevocationUnknown, unknown_text(x, s)});
    }
  }
}

}  // namespace imip::crypto
