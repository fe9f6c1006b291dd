/// @file Which entities are protected, and by what octets (RFC 1847, 8551 section 3.5, 3156).
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "base/reason.hpp"
#include "mime/message.hpp"

namespace imip::mime {

enum class Protection : unsigned char {
  None = 0,
  SmimeDetached,    ///< multipart/signed, application/(x-)pkcs7-signature; covers its first child
  SmimeOpaque,      ///< application/(x-)pkcs7-mime; the CMS itself says which kind; leaf of the tree
  OpenPgpDetached,  ///< multipart/signed, application/pgp-signature; covers its first child
  OpenPgpEncrypted, ///< multipart/encrypted, application/pgp-encrypted
  Unknown,          ///< multipart/signed of another or a missing protocol
};

struct SignedEntity {
  std::size_t node = no_node;      ///< the multipart/signed, or the pkcs7-mime leaf
  Protection protection = Protection::None;
  Slice content;          ///< detached: the first child, header included, without the line end before the
                          ///< delimiter; empty where there are not two parts
  std::string signature;  ///< detached: the second child decoded; opaque: the body decoded (DER or armour)
  std::vector<Reason> defects;  ///< any one means: no signer at all (not two parts, protocol and type
                                ///< disagree, spans disagree, defects of the nodes themselves)
};

/// Detached: what was signed, the first child exactly as received but for line ends made CRLF (a bare CR stays).
/// A copy, not kept: sixteen signatures around ten megabytes would be as many copies.
[[nodiscard]] std::string signed_octets(const Message& message, const SignedEntity& entity);

/// In tree order. An entity with defects is listed, so that it can be explained.
/// @errors Errc::TooLarge (limits.signatures)
Result<std::vector<SignedEntity>> signed_entities(const Message& message, const Limits& limits);

/// Is `node` inside what `entity` covers? Detached: the first child or below it. Opaque: no (its
/// content is a message of its own).
[[nodiscard]] bool covers(const Message& message, const SignedEntity& entity, std::size_t node);

/// Does a message lie between `root`, what was signed, and `node` in it? Then somebody passed it on, and the signature
/// is theirs. What `root` itself holds, if it is message/rfc822, is another question.
[[nodiscard]] bool is_passed_on(const Message& message, std::size_t root, std::size_t node);

}  // namespace imip::mime
