/// @file Calendar parts of one mail against each other. Private to lib/pipeline.
#pragma once
#include <string>
#include <vector>

#include "pipeline/judge.hpp"

namespace imip::pipeline::detail {

/// A text/calendar part without method parameter in a multipart/alternative: it is no iMIP message, but programs that
/// look into it show it in the place of those beside it.
struct OtherAlternative {
  std::string part;         ///< its number
  std::string part_sha256;  ///< as JudgedPart's
  std::string group;
};

/// trust.md section 4: parts are judged alone, but calendar parts of one multipart/alternative that differ, or two
/// different contents for one UID, refuse each other; the same content counts once, the signed one. One reason
/// tells of all the parts that a part is at odds with, and the work is linear in the parts.
void resolve_contradictions(std::vector<JudgedPart>& parts, const std::vector<OtherAlternative>& others);

}  // namespace imip::pipeline::detail
