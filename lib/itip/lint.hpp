/// @file Where a calendar departs from RFC 5546, as a message; and from RFC 6047 in what it says of itself.
#pragma once
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/departure.hpp"
#include "ical/lint.hpp"

namespace imip::itip {

/// What stood around the calendar.
struct Wrapping {
  bool bare = false;                     ///< an .ics: there are no parameters
  std::optional<std::string> method;     ///< parameters of its Content-Type, upper case
  std::optional<std::string> component;
};

/// RFC 5545, and RFC 5546 if the calendar has a METHOD or its Content-Type a method.
void lint_message(const ical::SourceComponent& calendar, const Wrapping& wrapping, UtcSeconds now, Departures& out);

/// What `apply` does about each, now that it is known how it reads the message: what is claimed to be refused, and is
/// not, is not claimed.
struct Reading;
void settle(Departures& departures, const Reading& reading);

}  // namespace imip::itip
