#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "policy/decision.hpp"

namespace imip::policy {
namespace {

using identity::Backing;
using identity::Claimant;

// What a stranger chose must not become part of a command line that a person pastes.
bool is_plain(const CalAddress& address)
{
  const std::string mailbox = address.mailbox();
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view{"._+=@-"}.find(c) != std::string_view::npos;
  };
  return address.scheme() == "mailto" && !mailbox.empty() && mailbox.front() != '-' &&
         std::all_of(mailbox.begin(), mailbox.end(), plain);
}

// A policy that says for this pair which methods it means gets the one that was lacking, no more.
std::vector<itip::Method> methods_for(const Policy& policy, const Evidence& evidence,
                                      const Delegate& pair)
{
  const identity::SameUser same{policy.aliases, policy.owner.local_part};
  const bool limited =
      std::any_of(policy.delegates.begin(), policy.delegates.end(), [&](const Delegate& d) {
        return same(d.principal, pair.principal) && same(d.sent_by, pair.sent_by) &&
               !d.methods.empty();
      });
  if (!limited) return {};
  return {evidence.message->method};
}

bool helps(const Policy& policy, const Evidence& evidence, const Decision& decision)
{
  const Verdict then = decide(policy, evidence).verdict;
  return then == Verdict::Trusted || (then == Verdict::Ask && decision.verdict != Verdict::Ask);
}

std::string suggest_allow(const Policy& policy, const Evidence& evidence, const Decision& decision)
{
  const CalAddress& address = evidence.correlation.claimant->address;
  if (!is_plain(address)) return {};
  Policy changed = policy;
  changed.allows.push_back({address, {}, false});
  const std::string command = cat("imip policy allow ", text::shell_quote(address.mailbox()));
  if (helps(changed, evidence, decision)) return command;
  changed.allows.back().free_busy = true;
  return helps(changed, evidence, decision) ? cat(command, " --free-busy") : std::string();
}

std::string suggest_delegate(const Policy& policy, const Evidence& evidence,
                             const Decision& decision)
{
  Delegate entry;
  entry.principal = evidence.correlation.claimant->address;
  entry.sent_by = *evidence.correlation.signer;
  if (!is_plain(entry.principal) || !is_plain(entry.sent_by)) return {};
  const bool attendee = evidence.correlation.claimant->role == Claimant::Role::Attendee;
  entry.role = attendee ? Delegate::Role::Attendee : Delegate::Role::Organizer;
  entry.methods = methods_for(policy, evidence, entry);
  Policy changed = policy;
  changed.delegates.push_back(entry);
  if (!helps(changed, evidence, decision)) {
    if (entry.methods.empty()) return {};
    changed.delegates.back().methods.push_back(itip::Method::Cancel);
    if (!helps(changed, evidence, decision)) return {};
    entry.methods.push_back(itip::Method::Cancel);
  }
  std::string out = cat("imip policy allow ", text::shell_quote(entry.principal.mailbox()),
                        " --sent-by ", text::shell_quote(entry.sent_by.mailbox()));
  for (const itip::Method method : entry.methods)
    out += cat(" --method ", itip::method_word(method));
  if (attendee) out += " --role attendee";
  return out;
}

}  // namespace

std::string suggestion(const Policy& policy, const Evidence& evidence, const Decision& decision)
{
  if (decision.verdict == Verdict::Trusted || evidence.message == nullptr ||
      !evidence.correlation.claimant || !evidence.correlation.signer)
    return {};
  if (evidence.correlation.backing == Backing::SignedByClaimant)
    return suggest_allow(policy, evidence, decision);
  if (evidence.correlation.backing == Backing::SignedBySentBy)
    return suggest_delegate(policy, evidence, decision);
  return {};
}

}  // namespace imip::policy
