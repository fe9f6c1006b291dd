#include "pipeline/detail/passed_on.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "mime/signed_entity.hpp"

namespace imip::pipeline::detail {
namespace {

bool is_by(const crypto::Signature& s, const std::vector<std::string>& mailboxes)
{
  return std::any_of(mailboxes.begin(), mailboxes.end(), [&](const std::string& mailbox) {
    const auto address = CalAddress::from_mailbox(mailbox);
    return address &&
           std::any_of(s.identities.begin(), s.identities.end(),
                       [&](const CalAddress& identity) { return same_user(*address, identity); });
  });
}

}  // namespace

identity::Signatures of_who_made_it(identity::Signatures signatures, const mime::Message& message,
                                    std::size_t root, std::size_t node,
                                    std::vector<Reason>& reasons)
{
  if (signatures.empty()) return signatures;
  const std::string place = signatures.front()->entity;
  const auto not_theirs = [&](std::string_view why) {
    reasons.push_back({Code::Unsigned,
                       cat("the signature at part ", place, " is around a message that its signer passed on",
                           why, ", and says nothing of who made it")});
  };
  if (mime::is_passed_on(message, root, node)) {
    not_theirs("");
    return {};
  }
  const mime::Node& signed_part = message.nodes()[root];
  const std::string* forwarded = signed_part.parameter("forwarded");
  if (!signed_part.media_type.starts_with("message/") ||
      (forwarded != nullptr && text::ascii_iequal(*forwarded, "no")))
    return signatures;
  const mime::Envelope inner = message.envelope_of(root);
  if (signed_part.disposition == "attachment" || inner.delivered) {
    not_theirs(inner.delivered ? " (it was delivered to somebody before)" : " (as an attachment)");
    return {};
  }
  // a signature that names nobody has its own reasons
  const auto strangers =
      std::remove_if(signatures.begin(), signatures.end(), [&](const auto& s) {
        return !s->identities.empty() && !is_by(*s, inner.from) && !is_by(*s, inner.sender);
      });
  if (strangers != signatures.end()) not_theirs(" (neither its From nor its Sender is the signer)");
  signatures.erase(strangers, signatures.end());
  return signatures;
}

}  // namespace imip::pipeline::detail
