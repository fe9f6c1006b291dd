#include "pipeline/detail/passed_on.hpp"

#include <algorithm>
#include <span>

#include "base/cat.hpp"
#include "base/text.hpp"

namespace imip::pipeline::detail {
namespace {

bool is_by(const crypto::Signature& s, std::span<const std::string> mailboxes)
{
  constexpr std::size_t most = 16;  // a message brings as many as it likes
  const auto first = mailboxes.first(std::min(mailboxes.size(), most));
  return std::any_of(first.begin(), first.end(), [&](const std::string& mailbox) {
    const auto address = CalAddress::from_mailbox(mailbox);
    return address &&
           std::any_of(s.identities.begin(), s.identities.end(),
                       [&](const CalAddress& identity) { return same_user(*address, identity); });
  });
}

}  // namespace

Reason word_of_forwarder(std::string_view part, std::string_view how)
{
  return {Code::Unsigned, cat("the signature at part ", part, " is around a message that its signer passed on", how,
                              ", and says nothing of who made it")};
}

identity::Signatures over_own_message(identity::Signatures signatures, const mime::Message& message,
                                      std::size_t root, std::vector<Reason>& reasons)
{
  const mime::Node& signed_part = message.nodes()[root];
  const std::string* forwarded = signed_part.parameter("forwarded");
  if (signatures.empty() || !signed_part.media_type.starts_with("message/") ||
      (forwarded != nullptr && text::ascii_iequal(*forwarded, "no")))
    return signatures;
  const std::string part = signatures.front()->entity;
  if (forwarded != nullptr) {
    reasons.push_back(word_of_forwarder(part, " (its Content-Type says so: forwarded)"));
    return {};
  }
  const mime::Envelope inner = message.envelope_of(root);
  if (signed_part.disposition == "attachment" || inner.delivered) {
    reasons.push_back(word_of_forwarder(
        part, inner.delivered ? " (it was delivered to somebody before)" : " (as an attachment)"));
    return {};
  }
  // a signature that names nobody has its own reasons
  const auto strangers =
      std::remove_if(signatures.begin(), signatures.end(), [&](const auto& s) {
        return !s->identities.empty() && !is_by(*s, inner.from) && !is_by(*s, inner.sender);
      });
  if (strangers != signatures.end())
    reasons.push_back(word_of_forwarder(part, " (neither its From nor its Sender is the signer)"));
  signatures.erase(strangers, signatures.end());
  return signatures;
}

}  // namespace imip::pipeline::detail
