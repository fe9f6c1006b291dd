/// @file Results for a person. Everything that comes from a message is made safe for a terminal here.
#pragma once
#include <string>
#include <vector>

#include "pipeline/apply.hpp"
#include "pipeline/judge.hpp"
#include "pipeline/retract.hpp"

namespace imip::report {

struct Style {
  bool colour = false;
  std::size_t columns = 0;  ///< of the terminal; 0: lines are not broken
  std::string local_zone = "UTC";  ///< Olson name
};

/// `verify`: verdict, who signed, by what right, why.
[[nodiscard]] std::string verdict_text(const pipeline::JudgedPart& part, const Style& style);
/// `show`: the event, what would change, who signed, the verdict and why.
[[nodiscard]] std::string show_text(const pipeline::JudgedPart& part, const Style& style);
/// `apply`: what was done (or would be), and why not.
[[nodiscard]] std::string apply_text(const pipeline::JudgedPart& part, const pipeline::Applied& applied,
                                     bool dry_run, const Style& style);
/// "change  LOCATION:Room 7 -> Room 8"; the name and parameters are told once where they stay the same.
[[nodiscard]] std::string change_line(const itip::Change& change);
/// Events at the same time and what was not looked at, a line each; of many the first `shown`.
[[nodiscard]] std::vector<std::string> conflict_texts(const itip::Conflicts& conflicts, std::size_t shown);
/// `retract`: what was undone (or would be), what was not, and what cannot be.
[[nodiscard]] std::string retract_text(const pipeline::Retracted& one, bool dry_run);
/// `policy explain`: each step of RFC 6047 section 3, what was found, and what decided.
[[nodiscard]] std::string explain_text(const pipeline::JudgedPart& part, const Style& style);
/// `--brief`: the verdict or outcome word and the first reason code.
[[nodiscard]] std::string brief_verdict(const pipeline::JudgedPart& part);
[[nodiscard]] std::string brief_outcome(const pipeline::JudgedPart& part,
                                        const pipeline::Applied& applied);

}  // namespace imip::report
