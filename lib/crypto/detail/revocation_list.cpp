#include "crypto/detail/revocation_list.hpp"

#include <openssl/x509_vfy.h>

#include <ctime>

#include "base/cat.hpp"
#include "crypto/detail/certificate.hpp"

namespace imip::crypto {
namespace {

using StorePtr = Handle<X509_STORE, X509_STORE_free>;
using StoreContext = Handle<X509_STORE_CTX, X509_STORE_CTX_free>;
using DistributionPoint = Handle<ISSUING_DIST_POINT, ISSUING_DIST_POINT_free>;
using KeyIdentifier = Handle<AUTHORITY_KEYID, AUTHORITY_KEYID_free>;

bool is_flaw(int error)
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

// Goes on whatever is wrong: the chain itself was judged before, at another time. Not so on the way
// up from a CRL issuer beside it, which nobody else judges; only that he may have expired, as a
// list may.
int collect_crl_errors(int ok, X509_STORE_CTX* ctx)
{
  if (ok == 1) return 1;
  const int error = X509_STORE_CTX_get_error(ctx);
  if (X509_STORE_CTX_get0_parent_ctx(ctx) != nullptr)
    return error == X509_V_ERR_CERT_HAS_EXPIRED ? 1 : 0;
  auto& standings = *static_cast<std::vector<Standing>*>(X509_STORE_CTX_get_app_data(ctx));
  const auto depth = static_cast<std::size_t>(X509_STORE_CTX_get_error_depth(ctx));
  if (depth >= standings.size()) return 1;
  Standing& s = standings[depth];
  // what is listed is revoked, whatever else the list wants to say by an extension
  s.revoked =
      s.revoked || (error == X509_V_ERR_CERT_REVOKED &&
                    (s.flaw == X509_V_OK || s.flaw == X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION));
  s.missing = s.missing || error == X509_V_ERR_UNABLE_TO_GET_CRL;
  s.stale = s.stale || error == X509_V_ERR_CRL_HAS_EXPIRED;
  s.early = s.early || error == X509_V_ERR_CRL_NOT_YET_VALID;
  if (s.flaw == X509_V_OK && is_flaw(error)) s.flaw = error;
  return 1;
}

bool is_chain(const STACK_OF(X509) * built, Upward chain)
{
  bool same = sk_X509_num(built) == static_cast<int>(chain.size());
  for (std::size_t i = 0; same && i < chain.size(); ++i)
    same = X509_cmp(sk_X509_value(built, static_cast<int>(i)), chain[i].get()) == 0;
  return same;
}

// One more X509_verify_cert over the chain that stands, with these CRLs alone. The anchor lies in
// the store and not in a trusted stack, which the way up from a CRL issuer would not look at.
std::optional<std::vector<Standing>> ask(Upward chain, STACK_OF(X509_CRL) * crls,
                                         STACK_OF(X509) * beside, unsigned long flags,
                                         UtcSeconds now)
{
  std::vector<Standing> standings(chain.size());
  const BorrowedCertificates untrusted(sk_X509_new_null());
  const StorePtr store(X509_STORE_new());
  const StoreContext ctx(X509_STORE_CTX_new());
  if (!untrusted || !store || !ctx || X509_STORE_add_cert(store.get(), chain.back().get()) != 1)
    return {};
  for (std::size_t i = 1; i + 1 < chain.size(); ++i)
    if (sk_X509_push(untrusted.get(), chain[i].get()) <= 0) return {};
  for (int i = 0; i < sk_X509_num(beside); ++i)
    if (sk_X509_push(untrusted.get(), sk_X509_value(beside, i)) <= 0) return {};
  if (X509_STORE_CTX_init(ctx.get(), store.get(), chain.front().get(), untrusted.get()) != 1 ||
      X509_STORE_CTX_set_app_data(ctx.get(), &standings) != 1)
    return {};
  X509_STORE_CTX_set0_crls(ctx.get(), crls);
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(ctx.get());
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_CRL_CHECK | flags);
  X509_VERIFY_PARAM_set_time(param, static_cast<std::time_t>(now.time_since_epoch().count()));
  X509_STORE_CTX_set_verify_cb(ctx.get(), collect_crl_errors);
  if (X509_verify_cert(ctx.get()) != 1 || !is_chain(X509_STORE_CTX_get0_chain(ctx.get()), chain))
    return {};
  return standings;
}

// " (1.2.3.4)" of what made OpenSSL stop; it knows these three.
std::string unknown_critical_extension(const X509_CRL* crl)
{
  for (int i = 0; i < X509_CRL_get_ext_count(crl); ++i) {
    X509_EXTENSION* extension = X509_CRL_get_ext(crl, i);
    const int nid = OBJ_obj2nid(X509_EXTENSION_get_object(extension));
    if (X509_EXTENSION_get_critical(extension) != 0 && nid != NID_issuing_distribution_point &&
        nid != NID_authority_key_identifier && nid != NID_delta_crl)
      return cat(" (", oid_text(X509_EXTENSION_get_object(extension)), ")");
  }
  return " (in an entry)";
}

bool is_by_another_key(const X509_CRL* crl, X509* authority)
{
  const KeyIdentifier of(static_cast<AUTHORITY_KEYID*>(
      X509_CRL_get_ext_d2i(crl, NID_authority_key_identifier, nullptr, nullptr)));
  const ASN1_OCTET_STRING* key = X509_get0_subject_key_id(authority);
  return of && of->keyid != nullptr && key != nullptr && view_of(of->keyid) != view_of(key);
}

std::string_view why_missing(const X509_CRL* crl, X509* authority)
{
  if (is_by_another_key(crl, authority))
    return "names another key (authorityKeyIdentifier) than that of the certificate's authority; "
           "put that of the right key there";
  int found = -1;
  const DistributionPoint point(static_cast<ISSUING_DIST_POINT*>(
      X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, &found, nullptr)));
  if (!point && found != -1)
    return "has an issuingDistributionPoint that does not parse; ask the authority";
  return "does not cover all reasons for which the certificate's cRLDistributionPoints name it; "
         "put one of the authority's that does there";
}

}  // namespace

std::optional<std::vector<Standing>> ask(Upward chain, STACK_OF(X509_CRL) * crls, UtcSeconds now)
{
  if (sk_X509_CRL_num(crls) <= 0)
    return std::vector<Standing>(chain.size(), Standing{.missing = true});
  return ask(chain, crls, nullptr, X509_V_FLAG_CRL_CHECK_ALL, now);
}

std::optional<Standing> ask_alone(Upward chain, X509_CRL* crl, STACK_OF(X509) * beside,
                                  UtcSeconds now)
{
  const BorrowedCrls alone(sk_X509_CRL_new_null());
  if (!alone || sk_X509_CRL_push(alone.get(), crl) <= 0) return {};
  const auto standings = ask(chain, alone.get(), beside, X509_V_FLAG_EXTENDED_CRL_SUPPORT, now);
  if (!standings) return {};
  return standings->front();
}

bool issued(X509* authority, const X509_CRL* crl)
{
  return X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(authority)) == 0;
}

bool is_by(X509* authority, X509_CRL* crl)
{
  EVP_PKEY* key = X509_get0_pubkey(authority);
  return issued(authority, crl) && key != nullptr &&
         (X509_get_key_usage(authority) & KU_CRL_SIGN) != 0 && X509_CRL_verify(crl, key) == 1;
}

bool is_indirect(const X509_CRL* crl)
{
  const DistributionPoint point(static_cast<ISSUING_DIST_POINT*>(
      X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, nullptr, nullptr)));
  return point && point->indirectCRL > 0;
}

std::string_view incomplete(const X509_CRL* crl)
{
  if (X509_CRL_get_ext_by_NID(crl, NID_delta_crl, -1) >= 0) return "only says what changed (delta)";
  // RFC 5280 section 5.1.2.5 demands it; without it a list of any age would be current
  if (X509_CRL_get0_nextUpdate(crl) == nullptr)
    return "does not say how long it holds (it has no nextUpdate)";
  if (is_indirect(crl)) return "is of several authorities (indirect)";
  const DistributionPoint point(static_cast<ISSUING_DIST_POINT*>(
      X509_CRL_get_ext_d2i(crl, NID_issuing_distribution_point, nullptr, nullptr)));
  return point && point->onlysomereasons != nullptr ? "lists only some reasons" : "";
}

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

std::string why_not(X509_CRL* crl, const Standing& s, X509* authority)
{
  switch (s.flaw) {
    case X509_V_OK:
      break;
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_UNABLE_TO_DECRYPT_CRL_SIGNATURE:
    case X509_V_ERR_UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY:
      return "has a signature that does not verify with the key of the authority that it names "
             "(damaged, forged, or by another of that name); fetch it again";
    case X509_V_ERR_KEYUSAGE_NO_CRL_SIGN:
      return "is by an authority whose certificate is not for signing lists (its keyUsage lacks "
             "cRLSign); ask the authority";
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
      return "is for other certificates (its issuingDistributionPoint says for which); put the one "
             "for this certificate there";
    case X509_V_ERR_CRL_PATH_VALIDATION_ERROR:
      return "is by an issuer whose certificate does not lead to the same anchor; name the "
             "certificates between them in the policy's intermediates";
    case X509_V_ERR_UNHANDLED_CRITICAL_CRL_EXTENSION:
      return cat("has a critical extension that is not understood", unknown_critical_extension(crl),
                 "; put one without it there");
    default:
      return cat("cannot be used: ", X509_verify_cert_error_string(s.flaw), "; ask the authority");
  }
  if (s.missing) return std::string(why_missing(crl, authority));
  if (s.early)
    return cat("holds only from ", to_rfc3339(time_of(X509_CRL_get0_lastUpdate(crl))),
               "; check this machine's clock");
  return cat("is out of date since ", to_rfc3339(time_of(X509_CRL_get0_nextUpdate(crl))),
             "; fetch a new one");
}

}  // namespace imip::crypto
