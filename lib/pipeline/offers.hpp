/// @file Which of the messages that a plan offers may go out by mail without a person at each (trust.md section 4,
/// "Replies leak").
#pragma once
#include <string>
#include <vector>

#include "itip/plan.hpp"
#include "pipeline/apply.hpp"
#include "pipeline/judge.hpp"
#include "policy/policy.hpp"

namespace imip::pipeline {

/// What is known besides the message.
struct OfferRules {
  const Consent& consent;
  CounterChoice counter = CounterChoice::None;
  bool encrypts = false;  ///< what goes out is encrypted
  const policy::Policy& policy;
};

/// Why this offer is not mailed, as a sentence that says what would change it; "" if it is. The message was let
/// through already: it is trusted, or a person said yes to it.
[[nodiscard]] std::string why_not_mailed(const JudgedPart& part, const itip::Offer& offer,
                                         const OfferRules& rules);

/// What to say of the offers where nobody asked for mail: of a COUNTER, how the organizer chooses.
[[nodiscard]] std::vector<OfferFate> unmailed(const JudgedPart& part);

/// The organizer takes a proposal up: what the plan changes is then what her REQUEST with the next SEQUENCE says, and
/// that REQUEST is all that is offered. Nothing where the plan offers none.
void take_proposal_up(const Judge& judge, JudgedPart& part);

/// The same with the REQUEST that went out already, against the object and the facts as they are now. False: the
/// plan is as it was, for no such REQUEST can change the object.
[[nodiscard]] bool take_up(const Judge& judge, JudgedPart& part, const itip::Offer& request);

/// An outdated COUNTER's plan becomes the writing of what the facts say and the file does not, if there is such a
/// thing: a run that took it up may have been stopped before it wrote the file.
void render_again(const Judge& judge, JudgedPart& part);

}  // namespace imip::pipeline
