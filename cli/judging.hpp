/// @file What verify, apply, show, reply and explain have in common.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/messages.hpp"
#include "pipeline/apply.hpp"
#include "pipeline/calendar.hpp"
#include "pipeline/held.hpp"
#include "pipeline/judge.hpp"
#include "report/text.hpp"

namespace imip::cli {

/// The policy, the engine and (if there is one) the calendar that a command judges with.
struct Bench {
  pipeline::Judge judge;
  std::optional<pipeline::Calendar> calendar;
};

enum class Needs : std::uint8_t { Nothing = 0, Calendar };

/// Loads the policy and opens what is named. Needs::Nothing: a store that is not configured is none, and state is
/// read only if it is there. Needs::Calendar: an owner and a store must be there, and state unless --stateless.
/// @param keys  --identity: what to decrypt with, instead of every [[identity]]; --passphrase-*
Result<Bench> set_up(const CommonOptions& common, const KeyOptions& keys, Needs needs,
                     Context& context);
/// Several of the same, each for a thread of its own, that ask for a passphrase once. Only to look.
Result<std::vector<Bench>> set_up_many(const CommonOptions& common, const KeyOptions& keys,
                                       std::size_t how_many, Context& context);

/// The owner's calendar, to change it without judging mail.
struct OwnCalendar {
  policy::Policy policy;
  pipeline::Calendar calendar;
};
/// @errors Errc::Config (no owner, no store), Errc::Usage (--state none)
Result<OwnCalendar> open_own_calendar(const CommonOptions& common);

/// Judges every input in order; `each` is called once per calendar part (already decided against the calendar), and
/// `failed` once per input that could not be judged. Gives the worst code. An exit code from `each` other than Ok,
/// Ask, Untrusted, NothingJudged with `stop_on_error` ends the loop. `found` is called once for each input, before
/// anything else about it; null where it could not be read.
Result<ExitCode> for_each_part(const Bench& bench, const InputOptions& input, Context& context,
                               const std::function<Result<ExitCode>(pipeline::JudgedPart&)>& each,
                               const std::function<void(const std::string&, const Error&)>& failed,
                               bool stop_on_error = false,
                               const std::function<void(const pipeline::ProtectedEntities&)>& found = {});

/// The iMIP parts of one message that are wanted. Its name is in the error, where one is due.
/// @errors as Judge::examine; Errc::NothingToJudge also where there is no part of that number
Result<std::vector<pipeline::JudgedPart>> examine(const Bench& bench, mime::StoredMail message,
                                                  const std::string& part,
                                                  pipeline::ProtectedEntities* entities = nullptr);

/// A notice where one file, read as one mail, looks like an mbox with several; else "".
[[nodiscard]] std::string mbox_hint(const InputOptions& input, const mime::StoredMail& message);

/// Notices about messages that had waited for what changed.
void tell_taken_up(const std::vector<pipeline::TakenUp>& waited, Context& context);

/// Decides the part against the calendar, if there is one.
Result<void> decide_here(const Bench& bench, pipeline::JudgedPart& part);
/// The verdict only, without the plan.
Result<void> decide_verdict(const Bench& bench, pipeline::JudgedPart& part);

/// `--brief`: one line in all, whatever was judged: the worst. A program that reads the first line must not take a
/// half-forged mail for a trusted one.
class BriefLine {
 public:
  void add(ExitCode code, std::string line);
  void add(const Error& error);
  [[nodiscard]] const std::string& line() const { return line_; }

 private:
  std::optional<ExitCode> worst_;
  std::string line_ = "none not-imip";
};
/// @errors Errc::Usage  --brief and --json exclude each other
Result<void> check_brief(bool brief, const CommonOptions& common);

[[nodiscard]] ExitCode exit_code_of(policy::Verdict verdict);
/// Times are told where the owner is: [me] timezone, else the system's zone.
[[nodiscard]] report::Style style_of(const Context& context, const policy::Policy& policy);

/// What --yes says; without it a question on the terminal (/dev/tty) where there is one, which shows what would change.
[[nodiscard]] pipeline::Consent consent_of(const std::optional<std::vector<std::string>>& yes, const Context& context,
                                           const policy::Policy& policy);

}  // namespace imip::cli
