#include "crypto/detail/chain.hpp"

#include <openssl/x509_vfy.h>

#include <algorithm>
#include <ctime>

#include "base/cat.hpp"
#include "crypto/detail/candidates.hpp"
#include "crypto/detail/certificate.hpp"
#include "crypto/detail/certificate_policies.hpp"
#include "crypto/detail/extension.hpp"
#include "crypto/detail/name_constraints.hpp"

namespace imip::crypto {
namespace {

using StorePtr = Handle<X509_STORE, X509_STORE_free>;
using StoreContext = Handle<X509_STORE_CTX, X509_STORE_CTX_free>;

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

bool already(const std::vector<Fault>& faults, Code code)
{
  return std::any_of(faults.begin(), faults.end(),
                     [&](const Fault& f) { return f.reason.code == code; });
}

Fault broken_fault(X509* x)
{
  return {{Code::ChainInvalid, cat(label(x), " ", broken_extension(x))}, x};
}

// Did a certificate of the chain issue its last one? Then there is no way out.
bool is_ring(const std::vector<X509Ptr>& chain, X509* top)
{
  return std::any_of(chain.begin(), chain.end(), [&](const X509Ptr& x) {
    EVP_PKEY* key = X509_get0_pubkey(x.get());
    return x.get() != top && X509_check_issued(x.get(), top) == X509_V_OK && key != nullptr &&
           X509_verify(top, key) == 1;
  });
}

// Whose key signed the certificate, but whom its authorityKeyIdentifier does not fit: another key, or another serial
// number, as of a root that was issued again (RFC 5280 section 4.2.1.1).
X509* misnamed_issuer(X509* top, const Candidates& candidates)
{
  const auto is_it = [&](X509* x) {
    const int why = X509_check_issued(x, top);
    EVP_PKEY* key = X509_get0_pubkey(x);
    return (why == X509_V_ERR_AKID_SKID_MISMATCH || why == X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH) &&
           key != nullptr && X509_verify(top, key) == 1;
  };
  for (const Candidates::Anchor& anchor : candidates.anchors)
    if (is_it(anchor.certificate)) return anchor.certificate;
  constexpr int most = 8;  // a message brings what it likes
  for (int i = 0; i < sk_X509_num(candidates.untrusted.get()) && i < most; ++i)
    if (X509* x = sk_X509_value(candidates.untrusted.get(), i); is_it(x)) return x;
  return nullptr;
}

std::string no_anchor(int error, X509* top, const std::vector<X509Ptr>& chain,
                      const Candidates& candidates, bool any_anchor)
{
  if (candidates.unfit_anchor != nullptr && has_broken_extension(candidates.unfit_anchor))
    return cat(label(candidates.unfit_anchor), " is named as an anchor but ",
               broken_extension(candidates.unfit_anchor));
  if (candidates.unfit_anchor != nullptr)
    return cat(label(candidates.unfit_anchor),
               " is named as an anchor but is not a CA certificate; ",
               X509_NAME_cmp(X509_get_subject_name(candidates.unfit_anchor),
                             X509_get_issuer_name(candidates.unfit_anchor)) == 0
                   ? "it issued itself: ask its owner for one that a CA issued"
                   : "name the CA that issued it");
  if (!any_anchor)
    return "the policy names no anchor, so no certificate can be believed; add the CA that you "
           "trust (anchors, --anchor)";
  if (error == X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)  // by its names: OpenSSL checks no signature
    return cat(label(top), X509_self_signed(top, 1) == 1
                               ? " is signed by its own key and is no anchor of the policy"
                               : " names itself as its issuer, but is not signed by its own key; "
                                 "it is no anchor of the policy");
  if (error == X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN)
    return cat("the chain ends at ", label(top), ", which is no anchor of the policy");
  if (X509* issuer = misnamed_issuer(top, candidates))
    return cat(label(top), " is signed with the key of ", label(issuer),
               ", but its authorityKeyIdentifier names another (RFC 5280 section 4.2.1.1)");
  return cat(label(top), " was issued by '", subject_text(X509_get_issuer_name(top)).substr(0, 160),
             is_ring(chain, top)
                 ? "', which stands below it in the chain: they issue each other, and "
                   "none of them is an anchor of the policy"
                 : "', which is neither an anchor nor known as an intermediate");
}

// Which of the two extensions that an authority must have (RFC 5280 section 4.2.1.3 and 4.2.1.9).
std::string_view why_no_authority(X509* x)
{
  const std::uint32_t flags = X509_get_extension_flags(x);
  if ((flags & EXFLAG_BCONS) == 0) return "has no basicConstraints that say it is an authority";
  if ((flags & EXFLAG_CA) == 0) return "is no authority: its basicConstraints say CA:FALSE";
  return "is no authority: its keyUsage lacks keyCertSign";
}

std::string unknown_critical_extension(X509* x)
{
  for (int i = 0; i < X509_get_ext_count(x); ++i) {
    X509_EXTENSION* extension = X509_get_ext(x, i);
    if (X509_EXTENSION_get_critical(extension) == 0 || X509_supported_extension(extension) == 1)
      continue;
    return cat(" (", oid_text(X509_EXTENSION_get_object(extension)), ")");
  }
  return {};
}

// X509_verify_cert() tells the certificate that says the name, and goes down from the anchor's
// constraints.
std::string why_forbidden(const ChainError& e, X509* x, const std::vector<X509Ptr>& chain)
{
  for (std::size_t i = chain.size(); i-- > 1 && static_cast<int>(i) > e.depth;)
    if (auto found = forbidden_name(x, chain[i].get(), e.depth == 0)) return *std::move(found);
  return cat("does not stand: ", X509_verify_cert_error_string(e.error));
}

Fault explain(const ChainError& e, const std::vector<X509Ptr>& chain, const Candidates& candidates,
              bool any_anchor)
{
  X509* x = e.certificate != nullptr ? e.certificate : chain.back().get();
  const auto invalid = [&](std::string_view why) {
    return Fault{{Code::ChainInvalid, cat(label(x), " ", why)}, x};
  };
  switch (e.error) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
      for (const X509Ptr& one : chain)
        if (has_broken_extension(one.get())) return broken_fault(one.get());
      return {{Code::NoAnchor, no_anchor(e.error, x, chain, candidates, any_anchor)}, x};
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
      return invalid("is not signed by the authority that it names");
    case X509_V_ERR_INVALID_CA:
      return invalid(cat("issued another certificate but ", why_no_authority(x)));
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
      return invalid("issued another certificate, but its keyUsage lacks keyCertSign");
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
      return invalid("stands above more authorities than the path length in its basicConstraints "
                     "allows");
    case X509_V_ERR_PERMITTED_VIOLATION:
    case X509_V_ERR_EXCLUDED_VIOLATION:
    case X509_V_ERR_SUBTREE_MINMAX:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_TYPE:
    case X509_V_ERR_UNSUPPORTED_CONSTRAINT_SYNTAX:
    case X509_V_ERR_UNSUPPORTED_NAME_SYNTAX:
    case X509_V_ERR_UNSPECIFIED:
      return invalid(why_forbidden(e, x, chain));
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
      return invalid(cat("has a critical extension that is not understood",
                         unknown_critical_extension(x)));
    case X509_V_ERR_NO_EXPLICIT_POLICY:
      return invalid(
          "requires a certificate policy (policyConstraints), and there is none that all "
          "certificates below the anchor share");
    case X509_V_ERR_INVALID_POLICY_EXTENSION:
      return invalid("has an extension about certificate policies that is not valid");
    case X509_V_ERR_OUT_OF_MEM:
      return invalid("has more certificate policies above it than can be checked");
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
    out.by_signing_time = true;
    const std::string until = to_rfc3339(time_of(X509_get0_notAfter(x)));
    const auto fault = [&](Code code, std::string text) {
      out.faults.push_back({{code, cat(label(x), std::move(text))}, x});
    };
    if (e.error == X509_V_ERR_CERT_NOT_YET_VALID)
      fault(Code::NotYetValid,
            cat(" is valid only from ", to_rfc3339(time_of(X509_get0_notBefore(x)))));
    else if (since)
      fault(Code::ExpiredSince,
            cat(" expired on ", until, ", after the signing time that the message claims (",
                to_rfc3339(*carried.signed_at),
                "); to judge it as of then, give --verification-time"));
    else
      fault(Code::Expired, cat(" expired on ", until));
  }
}

// Is it the last one, and the policy's?
bool is_anchor(const Chain& chain, std::size_t i)
{
  return (!chain.anchor_files.empty() || chain.reached) && i + 1 == chain.certificates.size();
}

// Keys of all; signatures of all but an anchor, whose own nobody relies on.
void check_floor(const Floor& floor, Chain& chain)
{
  for (std::size_t i = 0; i < chain.certificates.size(); ++i) {
    X509* x = chain.certificates[i].get();
    if (const auto problem = key_problem(X509_get0_pubkey(x), floor))
      chain.faults.push_back({{Code::WeakKey, cat(label(x), " ", *problem)}, x});
    if (is_anchor(chain, i)) continue;
    if (const SignatureDigest digest = signature_digest(x); !digest.allowed(floor))
      chain.faults.push_back(
          {{Code::WeakDigest, cat(label(x), " was signed by its authority with ", digest.text(),
                                  ", which the policy does not accept")},
           x});
  }
}

// RFC 8550 sections 4.4.2 and 4.4.4. The anchor is the policy's word, unless it signs itself.
void check_purposes(Chain& chain)
{
  for (std::size_t i = 0; i < chain.certificates.size(); ++i) {
    X509* x = chain.certificates[i].get();
    const auto fault = [&](Code code, std::string_view why) {
      chain.faults.push_back({{code, cat(label(x), why)}, x});
    };
    if (has_broken_extension(x)) {
      if (!already(chain.faults, Code::ChainInvalid)) chain.faults.push_back(broken_fault(x));
      continue;  // what it says of its purposes cannot be read
    }
    const bool anchor = is_anchor(chain, i);
    if (i == 0 && !allows_signing(x))
      fault(Code::WrongPurpose,
            " may not sign (its keyUsage has neither digitalSignature nor nonRepudiation)");
    else if (i == 0 && !anchor && X509_check_ca(x) == 1)
      fault(Code::WrongPurpose, " is a certificate authority's (basicConstraints), not a person's");
    if (anchor && i > 0) continue;
    if (const auto problem = mail_problem(x, i > 0)) fault(Code::WrongPurpose, cat(" ", *problem));
    if (i > 0 && X509_check_ca(x) != 1 && !already(chain.faults, Code::ChainInvalid))
      fault(Code::ChainInvalid,
            " issued another certificate but does not say that it is an authority");
  }
}

// A constraint on a kind of name that a certificate below has is applied, or the chain refused (RFC
// 5280 section 4.2.1.10).
void check_utf8_mailboxes(Chain& chain)
{
  for (std::size_t i = 0; i + 1 < chain.certificates.size(); ++i) {
    X509* x = chain.certificates[i].get();
    if (!names_utf8_mailbox(x)) continue;
    const auto above = std::find_if(
        chain.certificates.begin() + static_cast<std::ptrdiff_t>(i) + 1, chain.certificates.end(),
        [](const X509Ptr& authority) { return constrains_utf8_mailboxes(authority.get()); });
    if (above != chain.certificates.end())
      chain.faults.push_back(
          {{Code::ChainInvalid,
            cat(label(x), " names an SmtpUTF8Mailbox, and the nameConstraints of ",
                label(above->get()),
                " limit names of that kind in a form that imip does not "
                "compare; RFC 9598 section 6 wants rfc822Name there")},
           x});
  }
}

// The same CA, whatever certificate it goes by: renewed, or cross-signed by another.
bool same_authority(X509* a, X509* b)
{
  return X509_NAME_cmp(X509_get_subject_name(a), X509_get_subject_name(b)) == 0 &&
         EVP_PKEY_eq(X509_get0_pubkey(a), X509_get0_pubkey(b)) == 1;
}

// What somebody wrote about one CA goes before a pattern that names it among others, and before
// what another anchor says that vouches for it: the sender chooses which way up there is.
void find_anchor(const Candidates& candidates, const std::vector<AnchorFile>& files, Chain& out)
{
  for (const X509Ptr& x : out.certificates) {
    for (const Candidates::Anchor& a : candidates.anchors)
      if (files[a.file].conditional && same_authority(a.certificate, x.get()))
        out.anchor_files.push_back(a.file);
    if (!out.anchor_files.empty()) return;
  }
  for (const Candidates::Anchor& a : candidates.anchors)
    if (X509_cmp(a.certificate, out.certificates.back().get()) == 0)
      out.anchor_files.push_back(a.file);
}

void take_built_chain(X509_STORE_CTX* ctx, const Candidates& candidates, bool stands,
                      const std::vector<AnchorFile>& files, Chain& out)
{
  STACK_OF(X509)* built = X509_STORE_CTX_get0_chain(ctx);
  for (int i = 0; i < sk_X509_num(built); ++i)
    out.certificates.push_back(share(sk_X509_value(built, i)));
  if (stands && !out.certificates.empty()) find_anchor(candidates, files, out);
}

// One X509_verify_cert() with these certificates and no other.
bool verify_with(STACK_OF(X509) * untrusted, STACK_OF(X509) * trusted, X509* signer,
                 const Candidates& candidates, const VerifyOptions& options,
                 std::vector<ChainError>& errors, Chain& out)
{
  const StorePtr store(X509_STORE_new());  // empty: nothing is trusted by itself
  const StoreContext ctx(X509_STORE_CTX_new());
  if (!candidates.complete || !store || !ctx ||
      X509_STORE_CTX_init(ctx.get(), store.get(), signer, untrusted) != 1 ||
      X509_STORE_CTX_set_app_data(ctx.get(), &errors) != 1)
    return false;
  X509_STORE_CTX_set0_trusted_stack(ctx.get(), trusted);
  X509_VERIFY_PARAM* param = X509_STORE_CTX_get0_param(ctx.get());
  X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN | X509_V_FLAG_TRUSTED_FIRST);
  if (!check_policies(param, signer, untrusted)) return false;
  X509_VERIFY_PARAM_set_time(param,
                             static_cast<std::time_t>(options.at.time_since_epoch().count()));
  X509_STORE_CTX_set_verify_cb(ctx.get(), collect_errors);
  const bool stands = verify_chain(ctx.get());
  take_built_chain(ctx.get(), candidates, stands, options.anchors, out);
  // a tree of policies that grows too large is not told to the callback
  const bool told = std::any_of(errors.begin(), errors.end(),
                                [](const ChainError& e) { return !is_expiry(e.error); });
  if (!stands && !told) errors.push_back({X509_STORE_CTX_get_error(ctx.get()), 0, signer});
  for (ChainError& e : errors)
    if (e.error == X509_V_ERR_NO_EXPLICIT_POLICY && !out.certificates.empty())
      e.certificate = who_requires_policy(out.certificates);
  return true;
}

std::optional<std::size_t> anchor_at(X509* x, const Candidates& candidates)
{
  for (const Candidates::Anchor& a : candidates.anchors)
    if (X509_cmp(a.certificate, x) == 0) return a.file;
  return std::nullopt;
}

// X509_verify_cert() goes no further where an extension is broken. Where the signatures lead from
// there is shown all the same; explain() finds the broken one, so nobody is proven by it.
void look_past_broken(const Candidates& candidates, const Floor& floor, Chain& out)
{
  if (!out.anchor_files.empty() || out.reached) return;
  const auto show = [&](const Path& path) {
    if (std::none_of(path.begin(), path.end(), has_broken_extension)) return false;
    out.certificates.clear();
    for (X509* x : path) out.certificates.push_back(share(x));
    out.reached = anchor_at(path.back(), candidates);
    return true;
  };
  X509* signer = out.certificates.front().get();
  if (has_broken_extension(signer) || candidates.any_broken())
    candidates.each_path(signer, floor, show, true);
}

Chain try_chain(STACK_OF(X509) * untrusted, STACK_OF(X509) * trusted, X509* signer,
                const Candidates& candidates, const Trust& trust, const Carried& carried)
{
  Chain out;
  std::vector<ChainError> errors;
  const bool tried =
      verify_with(untrusted, trusted, signer, candidates, trust.options, errors, out);
  if (out.certificates.empty()) out.certificates.push_back(share(signer));
  if (out.anchor_files.empty()) out.reached = anchor_at(out.certificates.back().get(), candidates);
  if (tried) look_past_broken(candidates, trust.options.floor, out);
  if (!tried) {
    out.faults.push_back(
        {{Code::SignatureUnchecked, "the certificate chain could not be checked: out of memory"},
         signer});
    return out;
  }
  for (const ChainError& e : errors)
    if (!is_expiry(e.error))
      out.faults.push_back(explain(e, out.certificates, candidates, !trust.anchors.empty()));
  if (out.anchor_files.empty() && out.faults.empty())
    out.faults.push_back(
        {{Code::NoAnchor, cat(label(signer), " leads to no anchor of the policy")}, signer});
  check_floor(trust.options.floor, out);
  check_purposes(out);
  check_utf8_mailboxes(out);
  if (!out.anchor_files.empty()) check_revocation(out.certificates, trust, carried, out);
  explain_expiry(errors, carried, out);
  return out;
}

Chain try_path(const Path& path, const Candidates& candidates, const Trust& trust,
               const Carried& carried)
{
  const BorrowedCertificates untrusted(sk_X509_new_null());
  const BorrowedCertificates trusted(sk_X509_new_null());
  bool ok = untrusted && trusted && sk_X509_push(trusted.get(), path.back()) > 0;
  for (std::size_t i = 1; i + 1 < path.size(); ++i)
    ok = ok && sk_X509_push(untrusted.get(), path[i]) > 0;
  if (!ok) return {};
  return try_chain(untrusted.get(), trusted.get(), path.front(), candidates, trust, carried);
}

}  // namespace

Chain build_chain(X509* signer, const Trust& trust, const Carried& carried,
                  const std::function<bool(const Chain&)>& accept)
{
  const Candidates candidates(signer, trust, carried);
  Chain best = try_chain(candidates.untrusted.get(), candidates.trusted.get(), signer, candidates,
                         trust, carried);
  if (accept(best) || !candidates.complete || !candidates.ambiguous()) return best;
  candidates.each_path(signer, trust.options.floor, [&](const Path& path) {
    Chain other = try_path(path, candidates, trust, carried);
    const bool good = accept(other);
    if (good || (best.anchor_files.empty() && !other.anchor_files.empty())) best = std::move(other);
    return good;
  });
  return best;
}

}  // namespace imip::crypto
