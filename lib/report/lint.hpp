/// @file What `imip lint` found, as text and as JSON.
#pragma once
#include <string>

#include "base/result.hpp"
#include "pipeline/lint.hpp"
#include "report/text.hpp"

namespace imip::report {

/// Safe for a terminal.
[[nodiscard]] std::string lint_text(const pipeline::LintedPart& part, const Style& style);
/// "imip.lint/1", without a final newline.
[[nodiscard]] std::string lint_json(const pipeline::LintedPart& part);
/// The same with verdict "none" (no calendar part) or "error".
[[nodiscard]] std::string no_lint_json(const std::string& input, const Error& error);

}  // namespace imip::report
