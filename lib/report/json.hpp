/// @file Results as JSON Lines; the schemas are imip-json(5).
#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"
#include "itip/plan.hpp"
#include "pipeline/apply.hpp"
#include "pipeline/judge.hpp"
#include "pipeline/retract.hpp"

namespace imip::report {

/// "imip.verdict/1": one calendar part, without a final newline. All strings are as received, invalid UTF-8
/// replaced by U+FFFD; whoever prints them to a terminal escapes them.
[[nodiscard]] std::string verdict_json(const pipeline::JudgedPart& part);
/// "imip.verdict/1" with verdict "none" (nothing to judge) or "error".
/// @param entities  of the mail, if it could be read
[[nodiscard]] std::string no_verdict_json(const std::string& input, const Error& error,
                                          const pipeline::ProtectedEntities& entities = {});
/// "imip.apply/1": what was done (or, with `dry_run`, "imip.plan/1": what would be).
[[nodiscard]] std::string apply_json(const pipeline::JudgedPart& part, const pipeline::Applied& applied,
                                     bool dry_run);
[[nodiscard]] std::string no_apply_json(const std::string& input, const Error& error);
/// One mail that answers a message.
struct AnswerMail {
  std::string method, from, message_id;
  std::vector<std::string> to;  ///< addr-specs, as `from`
};
/// "imip.reply/1".
/// @param mails  in the order of sending; none if nothing was said
[[nodiscard]] std::string reply_json(const pipeline::JudgedPart& part, const itip::AnswerPlan& answer,
                                     const std::vector<AnswerMail>& mails, bool stored);

/// "imip.retract/1": one object that the message had changed.
[[nodiscard]] std::string retract_json(const pipeline::Retracted& one, bool dry_run);

}  // namespace imip::report
