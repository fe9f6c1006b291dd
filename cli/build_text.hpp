/// @file What a built message says to people: the subject and the text part (RFC 6047 section 2.1).
#pragma once
#include <string>
#include <vector>

#include "ical/object.hpp"
#include "itip/message.hpp"

namespace imip::cli {

/// The first VEVENT, VTODO, VJOURNAL or VFREEBUSY.
[[nodiscard]] const ical::Component& first_object(const ical::Component& calendar);

[[nodiscard]] std::string build_subject(const ical::Component& calendar);

/// The same for what was encrypted: a Subject never is.
[[nodiscard]] std::string subject_without_title(const ical::Component& calendar);

/// What happened, to which occurrence, when (in the event's zone, and in UTC if that differs), where, what changed.
/// UTF-8, LF.
/// @param changes  "the start", "the place (was: Room 7)"; may be empty
[[nodiscard]] std::string build_text(const ical::Component& calendar,
                                     const std::vector<std::string>& changes);

}  // namespace imip::cli
