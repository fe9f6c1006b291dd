/// @file Every departure of a message from RFC 5545, 5546 and 6047, whoever signed it.
#pragma once
#include <string>
#include <vector>

#include "base/departure.hpp"
#include "base/result.hpp"
#include "pipeline/judge.hpp"

namespace imip::pipeline {

/// One text/calendar part, with a method or without.
struct LintedPart {
  std::string input, part;               ///< as in JudgedPart
  std::string method, component, uid;    ///< as the calendar has them; may be empty
  Departures departures;
  std::vector<Reason> refusals;          ///< why `apply` refuses it, whatever the signature; empty: it reads it
};

/// @errors Errc::NothingToJudge (no text/calendar part), Errc::BadMime, Errc::BadCalendar, Errc::TooLarge
Result<std::vector<LintedPart>> lint(const Judge& judge, std::string octets, const std::string& input);

}  // namespace imip::pipeline
