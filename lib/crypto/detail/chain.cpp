#include "crypto/detail/chain.hpp"

#include <openssl/x509_vfy.h>

#include <algorithm>
#include <ctime>

#include "base/cat.hpp"
#include "crypto/detail/certificate.hpp"

namespace imip::crypto {
namespace {

using StorePtr = Handle<X509_STORE, X509_STORE_free>;
using StoreContext = Handle<X509_STORE_CTX, X509_STORE_CTX_free>;

struct Candidate {
  X509* certificate = nullptr;
  std::size_t file = 0;
};

// The certificates that a chain from `signer` can be made of, found by name upwards.
class Candidates {
 public:
  Candidates(X509* signer, const Trust& trust, const Carried& carried)
      : untrusted(sk_X509_new_null()), trusted(sk_X509_new_null())
  {
    collect(signer, trust, carried.certificates);
  }

  BorrowedCertificates untrusted, trusted;
  std::vector<Candidate> anchors;
  bool complete = true;          // false: out of memory
  X509* unfit_anchor = nullptr;  // named by the policy, but no CA certificate

 private:
  void collect(X509* signer, const Trust& trust, STACK_OF(X509) * carried)
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
  // extensions (3). An end entity's own certificate is none: trusting one person is the policy's
  // pin.
  void add_anchor(const CertificateIndex::Entry& e)
  {
    X509* x = e.certificate.get();
    const int ca = X509_check_ca(x);
    if (ca != 1 && ca != 3) {
      unfit_anchor = x;
      return;
    }
    const bool known = std::any_of(anchors.begin(), anchors.end(), [&](const Candidate& c) {
      return X509_cmp(c.certificate, x) == 0;
    });
    anchors.push_back({x, e.file});
    if (!known) complete = complete && sk_X509_push(trusted.get(), x) > 0;
  }

  std::vector<X509_NAME*> names_;
};

struct ChainError {
  int error = X509_V_OK;
  int depth = 0;
  X509* certificate = nullptr;
};

bool is_expiry(int error)
{
  return error == X509_V_ERR_CERT_HAS_EXPIRED || error == X509_V_ERR_CERT_NOT_YET_VALID;
}

// Times do not stop the check: what else is wrong decides whether a clock could help.
int collect_errors(int ok, X509_STORE_CTX* ctx)
{
  if (ok == 1) return 1;
  auto* errors = static_cast<std::vector<ChainError>*>(X509_STORE_CTX_get_app_data(ctx));
  const int error = X509_STORE_CTX_get_error(ctx);
  errors->push_back(
      {error, X509_STORE_CTX_get_error_depth(ctx), X509_STORE_CTX_get_current_cert(ctx)});
  return is_expiry(error) ? 1 : 0;
}

bool already(const std::vector<Reason>& faults, Code code)
{
  return std::any_of(faults.begin(), faults.end(), [&](const Reason& r) { return r.code == code; });
}

bool broken(X509* x)
{
  return (X509_get_extension_flags(x) & EXFLAG_INVALID) != 0;
}

Reason broken_extension(X509* x)
{
  return {Code::ChainInvalid, cat(label(x), " has an extension that does not parse")};
}

Reason no_anchor(int error, X509* top, const Candidates& candidates, bool any_anchor)
{
  if (candidates.unfit_anchor != nullptr)
    return {Code::NoAnchor,
            cat(label(candidates.unfit_anchor),
                " is named as an anchor but is not a CA certificate; name the CA that issued it")};
  if (!any_anchor)
    return {Code::NoAnchor,
            "the policy names no anchor, so no certificate can be believed; add the "
            "CA that you trust (anchors, --anchor)"};
  if (error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)
    return {Code::NoAnchor,
            cat(label(top), " is signed by its own key and is no anchor of the policy")};
  if (error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN)
    return {Code::NoAnchor,
            cat("the chain ends at ", label(top), ", which is no anchor of the policy")};
  return {Code::NoAnchor, cat(label(top), " was issued by '",
                              subject_text(X509_get_issuer_name(top)).substr(0, 160),
                              "', which is neither an anchor nor known as an intermediate")};
}

Reason explain(const ChainError& e, X509* top, const Candidates& candidates, bool any_anchor)
{
  X509* x = e.certificate != nullptr ? e.certificate : top;
  const auto invalid = [&](std::string_view why) {
    return Reason{Code::ChainInvalid, cat(label(x), " ", why)};
  };
  switch (e.error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
      return broken(x) ? broken_extension(x) : no_anchor(e.error, x, candidates, any_anchor);
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return invalid("is not signed by the authority that it names");
    case X509_V_ERR_INVALID_CA:
      return invalid("issued another certificate but is no authority (basicConstraints, keyUsage)");
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
      return invalid("issued another certificate, which its keyUsage does not allow");
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
      return invalid("stands above more authorities than its path length allows");
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
      return invalid(
          "names an address or subject that the name constraints of its authority forbid");
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
      return invalid("has a critical extension that is not understood");
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
      return invalid("has too many authorities above it");
    default:
      return invalid(cat("does not stand: ", X509_verify_cert_error_string(e.error)));
  }
}

bool valid_at(const std::vector<X509Ptr>& chain, UtcSeconds t)
{
  return std::all_of(chain.begin(), chain.end(), [&](const X509Ptr& x) {
    return time_of(X509_get0_notBefore(x.get())) <= t && t <= time_of(X509_get0_notAfter(x.get()));
  });
}

void explain_expiry(const std::vector<ChainError>& errors, const Carried& carried, Chain& out)
{
  const bool since =
      out.faults.empty() && carried.signed_at && valid_at(out.certificates, *carried.signed_at);
  std::vector<X509*> named;
  for (const ChainError& e : errors) {
    X509* x = e.certificate;
    if (!is_expiry(e.error) || x == nullptr ||
        std::find(named.begin(), named.end(), x) != named.end())
      continue;
    named.push_back(x);
    if (e.error == X509_V_ERR_CERT_NOT_YET_VALID) {
      out.faults.push_back({Code::NotYetValid, cat(label(x), " is valid only from ",
                                                   to_rfc3339(time_of(X509_get0_notBefore(x))))});
    } else if (since) {
      out.faults.push_back(
          {Code::ExpiredSince,
           cat(label(x), " expired on ", to_rfc3339(time_of(X509_get0_notAfter(x))),
               ", after the signing time that the message claims (", to_rfc3339(*carried.signed_at),
               "); to judge it as of then, give --verification-time")});
    } else {
      out.faults.push_back({Code::Expired, cat(label(x), " expired on ",
                                               to_rfc3339(time_of(X509_get0_notAfter(x))))});
    }
  }
}

// Keys of all; signatures of all but an anchor, whose own nobody relies on.
void check_floor(const Chain& chain, const Floor& floor, std::vector<Reason>& faults)
{
  for (std::size_t i = 0; i < chain.certificates.size(); ++i) {
    X509* x = chain.certificates[i].get();
    if (const auto problem = key_problem(X509_get0_pubkey(x), floor))
      faults.push_back({Code::WeakKey, cat(label(x), " ", *problem)});
    const bool anchor = !chain.anchor_files.empty() && i + 1 == chain.certificates.size();
    if (anchor) continue;
    const SignatureDigest digest = signature_digest(x);
    if (!digest.built_in && !digest_allowed(digest.nid, floor))
      faults.push_back(
          {Code::WeakDigest,
           cat(label(x), " was signed by its authority with ",
               digest.nid == NID_undef ? std::string("an unknown digest") : digest_text(digest.nid),
               ", which the policy does not accept")});
  }
}

// RFC 8550 sections 4.4.2 and 4.4.4. The anchor is the policy's word, unless it signs itself.
void check_purposes(const Chain& chain, std::vector<Reason>& faults)
{
  for (std::size_t i = 0; i < chain.certificates.size(); ++i) {
    X509* x = chain.certificates[i].get();
    if (broken(x)) {
      if (!already(faults, Code::ChainInvalid)) faults.push_back(broken_extension(x));
      continue;  // what it says of its purposes cannot be read
    }
    if (i == 0 && !allows_signing(x))
      faults.push_back({Code::WrongPurpose, cat(label(x),
                                                " may not sign (its keyUsage has neither "
                                                "digitalSignature nor nonRepudiation)")});
    const bool anchor = !chain.anchor_files.empty() && i + 1 == chain.certificates.size();
    if (anchor && i > 0) continue;
    if (!allows_mail(x))
      faults.push_back({Code::WrongPurpose, cat(label(x),
                                                " is not for e-mail (its extendedKeyUsage "
                                                "lacks emailProtection)")});
    if (i > 0 && X509_check_ca(x) != 1 && !already(faults, Code::ChainInvalid))
      faults.push_back({Code::ChainInvalid, cat(label(x),
                                                " issued another certificate but does not "
                                                "say that it is an authority")});
  }
}

void take_built_chain(X509_STORE_CTX* ctx, const Candidates& candidates, bool stands, Chain& out)
{
  STACK_OF(X509)* built = X509_STORE_CTX_get0_chain(ctx);
  for (int i = 0; i < sk_X509_num(built); ++i)
    out.certificates.push_back(share(sk_X509_value(built, i)));
  if (!stands || out.certificates.empty()) return;
  X509* top = out.certificates.back().get();
  for (const Candidate& c : candidates.anchors)
    if (X509_cmp(c.certificate, top) == 0) out.anchor_files.push_back(c.file);
}

}  // namespace

Chain build_chain(X509* signer, const Trust& trust, const Carried& carried)
{
  Chain out;
  const Candidates candidates(signer, trust, carried);
  const StorePtr store(X509_STORE_new());  // empty: nothing is trusted by itself
  const StoreContext ctx(X509_STORE_CTX_new());
  std::vector<ChainError> errors;
  if (!candidates.complete || !store || !ctx ||
      X509_STORE_CTX_init(ctx.get(), store.get(), signer, candidates.untrusted.get()) != 1 ||
      X509_STORE_CTX_set_app_data(ctx.get(), &errors) != 1) {
    out.faults.push_back({Code::SignatureUnchecked,
                          "the certificate chain could not be checked: "
                          "out of memory"});
    out.certificates.push_back(share(signer));
    return out;
  }
  X509_STORE_CTX_set0_trusted_stack(ctx.get(), candidates.trusted.get());
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(ctx.get());
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  X509_VERIFY_PARAM_set_time(param,
                             static_cast<std::time_t>(trust.options.at.time_since_epoch().count()));
  X509_STORE_CTX_set_verify_cb(ctx.get(), collect_errors);

  const bool stands = X509_verify_cert(ctx.get()) == 1;
  take_built_chain(ctx.get(), candidates, stands, out);
  if (out.certificates.empty()) out.certificates.push_back(share(signer));
  for (const ChainError& e : errors)
    if (!is_expiry(e.error))
      out.faults.push_back(
          explain(e, out.certificates.back().get(), candidates, !trust.anchors.empty()));
  if (out.anchor_files.empty() && out.faults.empty())
    out.faults.push_back({Code::NoAnchor, cat(label(signer), " leads to no anchor of the policy")});
  check_floor(out, trust.options.floor, out.faults);
  check_purposes(out, out.faults);
  if (!out.anchor_files.empty()) check_revocation(out.certificates, trust, carried.crls, out);
  explain_expiry(errors, carried, out);
  return out;
}

}  // namespace imip::crypto
