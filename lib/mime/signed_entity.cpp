#include "mime/signed_entity.hpp"

#include "base/cat.hpp"
#include "base/text.hpp"
#include "mime/compose.hpp"
#include "mime/detail/defects.hpp"

namespace imip::mime {

namespace {

using detail::add_defect;

bool is_pkcs7_signature(std::string_view type)
{
  return type == "application/pkcs7-signature" || type == "application/x-pkcs7-signature";
}

/// RFC 8551 section 3.10: gateways that know no S/MIME type leave only the file's name.
bool is_pkcs7_mime(const Node& node)
{
  if (node.media_type == "application/pkcs7-mime" || node.media_type == "application/x-pkcs7-mime")
    return true;
  if (node.media_type != "application/octet-stream") return false;
  const std::string name = text::ascii_lower(node.file_name);
  return name.ends_with(".p7m") || name.ends_with(".p7z");
}

Protection protection_of(const Node& node)
{
  const std::string* given = node.parameter("protocol");
  const std::string protocol = given ? text::ascii_lower(*given) : "";
  if (is_pkcs7_mime(node)) return Protection::SmimeOpaque;
  if (node.media_type == "multipart/signed") {
    if (is_pkcs7_signature(protocol)) return Protection::SmimeDetached;
    return protocol == "application/pgp-signature" ? Protection::OpenPgpDetached
                                                   : Protection::Unknown;
  }
  if (node.media_type == "multipart/encrypted")
    return protocol == "application/pgp-encrypted" ? Protection::OpenPgpEncrypted
                                                   : Protection::Unknown;
  return Protection::None;
}

bool second_part_fits(Protection protection, const std::string& type)
{
  switch (protection) {
    case Protection::SmimeDetached:
      return is_pkcs7_signature(type);
    case Protection::OpenPgpDetached:
      return type == "application/pgp-signature";
    case Protection::OpenPgpEncrypted:
      return type == "application/octet-stream";
    case Protection::None:
    case Protection::SmimeOpaque:
    case Protection::Unknown:
      break;
  }
  return false;
}

Result<SignedEntity> opaque(const Message& message, std::size_t index, const Limits& limits)
{
  SignedEntity out;
  out.node = index;
  out.protection = Protection::SmimeOpaque;
  out.defects = detail::inherited_defects(message, index);
  IMIP_TRY(out.signature, message.decoded(index, limits.decoded_bytes));
  return out;
}

Result<SignedEntity> two_parts(const Message& message, std::size_t index, Protection protection,
                               const Limits& limits)
{
  const Node& node = message.nodes()[index];
  SignedEntity out;
  out.node = index;
  out.protection = protection;
  out.defects = detail::inherited_defects(message, index);
  if (protection == Protection::Unknown)
    add_defect(out.defects, Code::ProtocolMismatch,
               cat("part ", node.part, ": its protocol is missing or none that is checked"));
  if (node.children.size() != 2) {
    add_defect(out.defects, Code::NotTwoParts,
               cat("part ", node.part, ": has ", node.children.size(), " parts, not two"));
    return out;
  }
  const Node& content = message.nodes()[node.children[0]];
  const Node& signature = message.nodes()[node.children[1]];
  for (const Node* child : {&content, &signature})
    for (const Reason& reason : child->defects) add_defect(out.defects, reason.code, reason.text);
  if (protection == Protection::OpenPgpEncrypted && content.media_type != "application/pgp-encrypted")
    add_defect(out.defects, Code::ProtocolMismatch,
               cat("part ", node.part, ": its first part is ", content.media_type,
                   " and not application/pgp-encrypted"));
  if (!second_part_fits(protection, signature.media_type))
    add_defect(out.defects, Code::ProtocolMismatch,
               cat("part ", node.part, ": its second part is ", signature.media_type,
                   ", which its protocol does not allow"));
  if (protection != Protection::OpenPgpEncrypted)
    out.content = content.whole;
  IMIP_TRY(out.signature, message.decoded(node.children[1], limits.decoded_bytes));
  return out;
}

}  // namespace

std::string signed_octets(const Message& message, const SignedEntity& entity)
{
  return to_crlf(entity.content.of(message.octets()));
}

Result<std::vector<SignedEntity>> signed_entities(const Message& message, const Limits& limits)
{
  std::vector<SignedEntity> out;
  for (std::size_t i = 0; i < message.nodes().size(); ++i) {
    const Protection protection = protection_of(message.nodes()[i]);
    if (protection == Protection::None) continue;
    if (out.size() >= limits.signatures)
      return err(Errc::TooLarge, cat("message: more than ", limits.signatures,
                                     " signed or encrypted parts (limit signatures)"));
    if (protection == Protection::SmimeOpaque) {
      IMIP_TRY(auto entity, opaque(message, i, limits));
      out.push_back(std::move(entity));
    } else {
      IMIP_TRY(auto entity, two_parts(message, i, protection, limits));
      out.push_back(std::move(entity));
    }
  }
  return out;
}

bool covers(const Message& message, const SignedEntity& entity, std::size_t node)
{
  const bool detached = entity.protection == Protection::SmimeDetached ||
                        entity.protection == Protection::OpenPgpDetached;
  if (!detached || node >= message.nodes().size() || entity.node >= message.nodes().size())
    return false;
  const auto& children = message.nodes()[entity.node].children;
  if (children.size() != 2) return false;
  for (; node != no_node; node = message.nodes()[node].parent)
    if (node == children.front()) return true;
  return false;
}

bool is_passed_on(const Message& message, std::size_t root, std::size_t node)
{
  const auto& nodes = message.nodes();
  for (std::size_t at = node; at != no_node && at != root; at = nodes[at].parent)
    if (nodes[at].media_type.starts_with("message/")) return true;
  return false;
}

}  // namespace imip::mime
