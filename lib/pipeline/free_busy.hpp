/// @file The owner's busy time, for who asks for it (RFC 5546 section 3.3.2).
#pragma once
#include "pipeline/apply.hpp"
#include "pipeline/calendar.hpp"
#include "pipeline/judge.hpp"

namespace imip::pipeline {

/// Where a REQUEST for busy time may be answered: the REPLY becomes an offer of its plan; a reason, if no answer can be
/// made. Anything else is left as it is.
/// @param calendar  null: there is none
void offer_busy_time(const Judge& judge, const Calendar* calendar, JudgedPart& part);

/// `imip reply accept` and `decline` of such a REQUEST, once it may be answered.
/// @errors Errc::Refused (no other answer is one; no calendar), Errc::Conflict, Errc::TooLarge (the busy time cannot be
/// told), and as itip::plan_busy_answer
Result<PlannedAnswer> plan_busy_reply(const Judge& judge, const Calendar* calendar, const JudgedPart& part,
                                      const itip::Answer& answer);

}  // namespace imip::pipeline
