#include "crypto/detail/proof.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "crypto/detail/certificate.hpp"
#include "crypto/detail/name_constraints.hpp"

namespace imip::crypto {
namespace {

bool has(const std::vector<std::string>& list, std::string_view word)
{
  return std::find(list.begin(), list.end(), word) != list.end();
}

// What the certificate names, of every scheme. Name constraints on e-mail do not bind the names of
// other schemes, so below a constrained authority there are none.
std::vector<CalAddress> names_of(X509* signer, const Chain& chain)
{
  const auto above = chain.certificates.begin() + 1;
  const auto any_above = [&](const auto& test) {
    return std::any_of(above, chain.certificates.end(),
                       [&](const X509Ptr& x) { return test(x.get()); });
  };
  const bool constrained = any_above(has_name_constraints);
  std::vector<CalAddress> all = identities(signer, constrained);
  if (constrained)
    std::erase_if(all, [&](const CalAddress& a) {
      return any_above([&](X509* x) { return excluded_mailbox(x, a).has_value(); });
    });
  else
    other_identities(signer, all);
  return all;
}

// Why none of its names counts: what names_of() left out, or that there was nothing.
std::string why_nobody(X509* signer, const Chain& chain)
{
  const std::vector<CalAddress> mails = identities(signer, false);
  for (std::size_t i = 1; i < chain.certificates.size() && !mails.empty(); ++i) {
    X509* authority = chain.certificates[i].get();
    for (const CalAddress& a : mails)
      if (const auto excluded = excluded_mailbox(authority, a))
        return cat(" names 'email:", a.mailbox(), "', but ", *excluded);
    if (has_name_constraints(authority) && identities(signer, true).empty())
      return cat(
          " names 'email:", mails.front().mailbox(),
          "', whose internationalized domain imip does not compare with the nameConstraints of ",
          label(authority));
  }
  return " names no usable e-mail address in its subjectAltName (addresses elsewhere do not count)";
}

bool admitted(const CalAddress& a, const AnchorFile& anchor)
{
  const std::string scheme = a.scheme() == "sips" ? "sip" : a.scheme();
  return has(anchor.schemes, scheme) &&
         (anchor.domains.empty() || has(anchor.domains, domain_of(a)));
}

// Several entries may name one CA: what each of them demands holds.
void identify(X509* signer, const Chain& chain, const VerifyOptions& options, Proof& out)
{
  const std::vector<CalAddress> all = names_of(signer, chain);
  const CalAddress* outside = nullptr;
  const AnchorFile* limit = nullptr;
  for (const CalAddress& a : all) {
    bool taken = true;
    for (const std::size_t file : chain.anchor_files) {
      const AnchorFile& anchor = options.anchors[file];
      taken = taken && admitted(a, anchor);
      if (anchor.domains.empty() || has(anchor.domains, domain_of(a))) continue;
      outside = &a;
      limit = &anchor;
    }
    if (taken) out.identities.push_back(a);
  }
  if (!out.identities.empty())
    out.anchor = chain.anchor_files.front();
  else if (outside != nullptr)
    out.findings.push_back(
        {Code::OutsideAnchorDomains,
         cat(label(signer), " names ", outside->mailbox(), ", but the policy takes ", limit->path,
             " for other domains only")});
  else
    out.findings.push_back({Code::NoIdentity, cat(label(signer), why_nobody(signer, chain))});
}

void lay_down(const std::vector<Fault>& faults, X509* at, Certificate& out)
{
  for (const Fault& f : faults)
    if (f.at != nullptr && X509_cmp(f.at, at) == 0) out.faults.push_back(f.reason);
}

void take_chain(const Chain& chain, Proof& out)
{
  for (std::size_t i = 0; i < chain.certificates.size(); ++i) {
    X509* x = chain.certificates[i].get();
    Certificate& to = i == 0 ? out.signer : out.chain.emplace_back();
    to = describe(x);
    lay_down(chain.faults, x, to);
  }
  for (const Fault& f : chain.faults) out.findings.push_back(f.reason);
  if (!out.anchor && !chain.anchor_files.empty()) out.anchor = chain.anchor_files.front();
  if (!out.anchor) out.anchor = chain.reached;
  out.notices = chain.notices;
  out.by_signing_time = chain.by_signing_time;
}

}  // namespace

Proof prove(X509* signer, const Trust& trust, const Carried& carried)
{
  std::optional<Proof> accepted;
  const auto accept = [&](const Chain& chain) {
    if (!chain.faults.empty()) return false;
    Proof proof;
    identify(signer, chain, trust.options, proof);
    if (!accepted || !proof.identities.empty()) accepted = std::move(proof);
    return !accepted->identities.empty();
  };
  const Chain chain = build_chain(signer, trust, carried, accept);
  Proof out;
  if (chain.faults.empty() && accepted) out = *std::move(accepted);
  take_chain(chain, out);
  return out;
}

}  // namespace imip::crypto
