/// @file What a built mail says to people.
#pragma once
#include <string>

#include "ical/object.hpp"
#include "itip/message.hpp"

namespace imip::cli {

/// One line without control characters.
[[nodiscard]] std::string build_subject(itip::Method method, const ical::Component& event);

/// The text part (RFC 6047 section 2.4.1): what happened, which occurrence, when (in the event's
/// zone, and in UTC if that differs), where, who, how often, the description. UTF-8, LF.
/// @param calendar  with one VEVENT at least
[[nodiscard]] std::string build_text(itip::Method method, const ical::Component& calendar);

}  // namespace imip::cli
