/// @file What makes an entity unfit to carry an identity. Private to lib/mime.
#pragma once
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "base/reason.hpp"
#include "mime/detail/scan.hpp"
#include "mime/message.hpp"

namespace imip::mime::detail {

/// Adds the reason unless one of the same code is there.
void add_defect(std::vector<Reason>& defects, Code code, std::string text);

/// Contradictions in the entity's own header (trust.md section 1, last point).
std::vector<Reason> header_defects(const RawEntity& entity);

/// Parses the octets with GMime and gives SpanDisagrees to each node where its tree, header fields
/// or spans differ from the scan. Where GMime may not be run (ambiguous and large), to the root.
void compare_with_gmime(ByteView octets, std::size_t begin, const Limits& limits,
                        const std::vector<RawEntity>& raw, std::vector<Node>& nodes);

/// The node's own defects and those of all above it.
std::vector<Reason> inherited_defects(const Message& message, std::size_t node);

}  // namespace imip::mime::detail
