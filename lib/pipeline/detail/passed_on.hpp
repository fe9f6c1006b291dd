/// @file A signature around a message may be the word of who passed it on. Private to lib/pipeline.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "base/reason.hpp"
#include "identity/correlation.hpp"
#include "mime/message.hpp"

namespace imip::pipeline::detail {

/// Why a signature of part `part` does not count for what a message inside it holds.
/// @param how  in brackets, with a blank before it; may be empty
[[nodiscard]] Reason word_of_forwarder(std::string_view part, std::string_view how = {});

/// Those of `signatures` over the entity `root` that count for it. Where it is a message/rfc822, the signer may protect
/// the header of a message of their own (RFC 8551 section 3.1), or send one on that came to them. It is their own if it
/// is from them and nobody has delivered it yet, or if they say so (forwarded=no, RFC 9788; with another value they say
/// that it is not). From is no evidence here: it only takes away. Needs the octets of `message`.
/// @param reasons  gets one if any does not count
[[nodiscard]] identity::Signatures over_own_message(identity::Signatures signatures,
                                                    const mime::Message& message, std::size_t root,
                                                    std::vector<Reason>& reasons);

}  // namespace imip::pipeline::detail
