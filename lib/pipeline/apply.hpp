/// @file Carrying a judged part out: under the store's lock, against the object that the plan was made for.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "pipeline/calendar.hpp"
#include "pipeline/judge.hpp"

namespace imip::pipeline {

/// How an `ask` is answered. It never covers `untrusted`.
struct Consent {
  bool everything = false;           ///< a bare --yes
  std::vector<std::string> reasons;  ///< --yes=REASON,...: only if every asking reason is named
  /// Asks a person at a terminal; empty: nobody to ask. Shown the part as decided.
  std::function<Result<bool>(const JudgedPart&)> ask;
};

struct Applied {
  itip::Outcome outcome = itip::Outcome::None;
  std::vector<Reason> reasons;
  bool by_consent = false;  ///< an `ask` that was answered yes
};

/// The reasons for which a person must decide (notices and what proves the speaker left out).
[[nodiscard]] std::vector<Reason> asking_reasons(const policy::Decision& decision);

/// Judges the part against the calendar and, if it may, changes the calendar. With `dry_run` nothing is written.
/// A store that another program changed meanwhile is read and planned again, three times at most.
/// @errors Errc::Conflict, Errc::TryAgain, Errc::Permission, Errc::Io: nothing was changed
Result<Applied> apply_part(const Judge& judge, Calendar& calendar, JudgedPart& part,
                           const Consent& consent, bool dry_run);

/// As apply_part, for what waited already (held.hpp): it is neither kept nor counted again.
Result<Applied> apply_waiting(const Judge& judge, Calendar& calendar, JudgedPart& part, const Consent& consent);

/// The owner's answer to a judged message, planned on top of what the message itself changes.
struct PlannedAnswer {
  itip::AnswerPlan answer;
  itip::Outcome message_outcome = itip::Outcome::None;  ///< what the message itself came to
};
/// A REPLY or a COUNTER is to a REQUEST, and takes what it changes along. A REFRESH may be about any message of
/// the organizer's, and changes nothing at all.
/// @errors Errc::Refused (untrusted), Errc::NeedsPerson (asked and no), and as itip::plan_answer
Result<PlannedAnswer> plan_reply(const Judge& judge, const Calendar* calendar, JudgedPart& part,
                                 const Consent& consent, const itip::Answer& answer);

/// The journal's line about a part.
[[nodiscard]] state::JournalEntry journal_entry(const JudgedPart& part, const itip::Plan& plan,
                                                UtcSeconds now);

}  // namespace imip::pipeline
