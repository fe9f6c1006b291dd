/// @file Undoing what one message changed: from the journal, against the calendar as it is now.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "itip/retract.hpp"
#include "pipeline/calendar.hpp"
#include "policy/policy.hpp"

namespace imip::pipeline {

struct RetractRequest {
  std::string message_id;  ///< without angle brackets; may be empty if `digest` is not
  std::string digest;      ///< the beginning of the part's SHA-256; may be empty
  bool yes = false;        ///< a person agrees that her own changes of an event go with it
  bool dry_run = false;
};

enum class RetractOutcome : std::uint8_t {
  None = 0,
  Retracted,  ///< the calendar changed
  Unseen,     ///< what the message said is forgotten; the calendar shows something newer, or never showed it
  Dropped,    ///< it waited, had changed nothing, and waits no more
  Already,    ///< it was retracted before
  Ask,        ///< the event goes, with changes that its owner made: only with RetractRequest::yes
  Refused     ///< something newer depends on it
};
[[nodiscard]] std::string_view outcome_word(RetractOutcome outcome);

/// One object that the message changed, or was to change.
struct Retracted {
  state::Journaled message;
  RetractOutcome outcome = RetractOutcome::None;
  std::int64_t waiting = 0;               ///< for Dropped: HeldMessage::id
  itip::RetractPlan plan;
  std::vector<state::Journaled> depends;  ///< for Refused: later messages
  std::string title;                      ///< SUMMARY of the event, untrusted
  bool answered = false;                  ///< the owner answered it: that cannot be undone
};

/// Plans everything first, and does nothing if one object is Ask or Refused. A store that another program
/// changed meanwhile is read and planned again, three times at most.
/// @errors Errc::NoInput (no such message in the journal, nor waiting), Errc::Refused (several messages: the text lists
/// their digests; another calendar), Errc::Conflict, Errc::TryAgain, Errc::Permission, Errc::Io
Result<std::vector<Retracted>> retract(Calendar& calendar, const policy::Policy& policy,
                                       const RetractRequest& request, UtcSeconds now);

}  // namespace imip::pipeline
