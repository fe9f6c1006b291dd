/// @file Certificates, keys and chains for a person (RFC 6047 section 3 step 2 (a)): what is needed to decide whether
/// a signer may be trusted, and where exactly a chain breaks. Everything is made safe for a terminal.
#pragma once
#include <string>
#include <vector>

#include "pipeline/judge.hpp"
#include "report/text.hpp"

namespace imip::report {

/// The signatures that cover this calendar part, and, if none does, what stands around it instead.
[[nodiscard]] std::string chain_text(const pipeline::JudgedPart& part, const Style& style);

/// The signatures of the mail that cover no calendar part at all; "" if there is none.
[[nodiscard]] std::string other_chains_text(const std::vector<pipeline::ProtectedEntity>& entities,
                                            const Style& style);

}  // namespace imip::report
