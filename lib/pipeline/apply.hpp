/// @file Carrying a judged part out: under the store's lock, against the object that the plan was made for.
#pragma once
#include <cstdint>
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

/// What the organizer does about a COUNTER.
enum class CounterChoice : std::uint8_t { None = 0, Accept, Decline };

/// What became of one offer of the plan.
struct OfferFate {
  bool mailed = false;
  std::string why;         ///< why not
  std::string message_id = {};  ///< of the mail
  bool before = false;          ///< it was mailed by an earlier run
};

struct Applied {
  itip::Outcome outcome = itip::Outcome::None;
  std::vector<Reason> reasons;
  bool by_consent = false;  ///< an `ask` that was answered yes
  std::vector<OfferFate> offers;  ///< one for each of the plan's; empty: nobody was to mail any
};

/// Mails of what a plan offers what may be mailed, and says so in `offers`. Called under the lock, before anything
/// is stored: where it fails nothing changes (what was to wait waits). Called again after a conflict. The consent is what
/// was said about this very message.
using Courier = std::function<Result<void>(const JudgedPart&, Applied&, const Consent&)>;

/// The reasons for which a person must decide (notices and what proves the speaker left out).
[[nodiscard]] std::vector<Reason> asking_reasons(const policy::Decision& decision);

/// Judges the part against the calendar and, if it may, changes the calendar. With `dry_run` nothing is written.
/// A store that another program changed meanwhile is read and planned again, three times at most.
/// @errors Errc::Conflict, Errc::TryAgain, Errc::Permission, Errc::Io: nothing was changed
/// @param choice   with a `courier`: what becomes of a COUNTER; None: it is asked about
Result<Applied> apply_part(const Judge& judge, Calendar& calendar, JudgedPart& part,
                           const Consent& consent, bool dry_run,
                           CounterChoice choice = CounterChoice::None, const Courier& courier = {});

/// As apply_part, for what waited already (held.hpp): it is neither kept nor counted again.
Result<Applied> apply_waiting(const Judge& judge, Calendar& calendar, JudgedPart& part,
                              const Consent& consent, const Courier& courier = {});

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

/// What another program changed while it was planned is planned again: three attempts at most.
template <class Attempt>
auto insist(const Attempt& attempt)
{
  constexpr int attempts = 3;
  for (int tries = 1;; ++tries) {
    auto done = attempt();
    if (done || done.error().code != Errc::Conflict || tries == attempts) return done;
  }
}

/// Carries out what was planned because of the part, and lets go what is over (itip/ageing.hpp).
/// @errors as apply_part
Result<void> carry_out(const Judge& judge, Calendar& calendar, const JudgedPart& part,
                       const itip::Plan& plan, const store::Lock& lock);

}  // namespace imip::pipeline
