/// @file The organizer's own copy of what she sends.
#pragma once
#include "base/result.hpp"
#include "pipeline/calendar.hpp"
#include "pipeline/judge.hpp"

namespace imip::pipeline {

/// Puts what the organizer says into her calendar, as her own message; of a store that another
/// program changed meanwhile as apply_part().
/// @param part  with a message whose ORGANIZER is the owner; not decided, for she asked for it
/// herself; gets the plan
/// @errors Errc::Refused (by the rules), and as apply_part
Result<void> put_own(const Judge& judge, Calendar& calendar, JudgedPart& part, const store::Lock& lock);

}  // namespace imip::pipeline
