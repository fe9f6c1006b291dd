/// @file A signature around a message may be the word of who passed it on. Private to lib/pipeline.
#pragma once
#include <cstddef>
#include <vector>

#include "base/reason.hpp"
#include "identity/correlation.hpp"
#include "mime/message.hpp"

namespace imip::pipeline::detail {

/// Those of `signatures` over the entity `root` whose signers made `node`, which lies in it. Where `root` is itself a
/// message/rfc822, the signer may protect the header of a message of their own (RFC 8551 section 3.1), or send one on
/// that came to them. It is their own if it is from them and nobody has delivered it yet, or if they say so
/// (forwarded=no, RFC 9788). From is no evidence here: it only takes away.
/// @param reasons  gets one if any does not count
[[nodiscard]] identity::Signatures of_who_made_it(identity::Signatures signatures,
                                                  const mime::Message& message, std::size_t root,
                                                  std::size_t node, std::vector<Reason>& reasons);

}  // namespace imip::pipeline::detail
