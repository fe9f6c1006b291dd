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

bool of_its_schemes(const CalAddress& a, const AnchorFile& anchor)
{
  return has(anchor.schemes, a.scheme() == "sips" ? "sip" : a.scheme());
}

bool admitted(const CalAddress& a, const AnchorFile& anchor)
{
  return of_its_schemes(a, anchor) && (anchor.domains.empty() || has(anchor.domains, domain_of(a)));
}

// A name that an entry for an anchor leaves out.
Reason left_out(X509* signer, const CalAddress& a, const AnchorFile& anchor)
{
  const bool outside = of_its_schemes(a, anchor);
  std::string only = "other domains";
  if (!outside) {
    only.clear();
    for (const std::string& scheme : anchor.schemes) only += cat(only.empty() ? "" : ", ", scheme);
    only += " addresses";
  }
  return {outside ? Code::OutsideAnchorDomains : Code::NoIdentity,
          cat(label(signer), " names ", a.mailbox(), ", but the policy takes ", anchor.path,
              " for ", only, " only", anchor.place.empty() ? "" : cat(" (", anchor.place, ")"))};
}

// Several entries may name one CA: what each of them demands holds.
void identify(X509* signer, const Chain& chain, const VerifyOptions& options, Proof& out)
{
  const std::vector<CalAddress> all = names_of(signer, chain);
  if (names_too_many(signer))
    out.notices.push_back({Code::LimitExceeded,
                           cat(label(signer), " names many addresses, of which the first ", most_identities,
                               " count, which no policy changes")});
  std::optional<Reason> first;
  std::optional<Reason> outside;
  for (const CalAddress& a : all) {
    const auto& files = chain.anchor_files;
    const auto limit = std::find_if(files.begin(), files.end(),
                                    [&](std::size_t file) { return !admitted(a, options.anchors[file]); });
    if (limit == files.end()) {
      out.identities.push_back(a);
      continue;
    }
    const Reason why = left_out(signer, a, options.anchors[*limit]);
    const bool domain = why.code == Code::OutsideAnchorDomains;
    if (domain && !outside) outside = why;
    if (!first || (domain && first->code != why.code)) first = why;
  }
  if (!out.identities.empty()) {
    out.anchor = chain.anchor_files.front();
    if (outside) out.notices.push_back(*std::move(outside));
    return;
  }
  if (!first) first = {Code::NoIdentity, cat(label(signer), why_nobody(signer, chain))};
  out.findings.push_back(*std::move(first));
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
  out.notices.insert(out.notices.end(), chain.notices.begin(), chain.notices.end());
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
