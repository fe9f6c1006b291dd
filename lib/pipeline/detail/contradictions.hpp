/// @file Calendar parts of one mail against each other. Private to lib/pipeline.
#pragma once
#include <vector>

#include "pipeline/judge.hpp"

namespace imip::pipeline::detail {

/// trust.md section 4: parts are judged alone, but calendar parts of one multipart/alternative that differ, or two
/// different contents for one UID, refuse each other; the same content counts once, the signed one. One reason
/// tells of all the parts that a part is at odds with, and the work is linear in the parts.
void resolve_contradictions(std::vector<JudgedPart>& parts);

}  // namespace imip::pipeline::detail
