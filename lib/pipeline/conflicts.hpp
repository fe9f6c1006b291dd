/// @file Other events of the calendar at the time of a message's event.
#pragma once
#include "pipeline/calendar.hpp"
#include "pipeline/judge.hpp"

namespace imip::pipeline {

/// Fills part.conflicts. Whatever cannot be looked at is a gap there, and never an error: a message is
/// not refused because the calendar is full or cannot be read.
/// @param calendar  null: there is none
void find_conflicts(const Judge& judge, const Calendar* calendar, JudgedPart& part);

/// The same at the time that an answer is about: what is proposed, the repetitions that are accepted; a decline, a
/// delegation and a question take none.
/// @param planned  that answer, planned
void find_conflicts(const Judge& judge, const Calendar* calendar, JudgedPart& part,
                    const itip::Answer& answer, const itip::AnswerPlan& planned);

/// Where the owner is: [me] timezone, else the system's zone.
[[nodiscard]] std::string zone_of(const policy::Policy& policy);

}  // namespace imip::pipeline
