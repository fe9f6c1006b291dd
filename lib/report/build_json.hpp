/// @file JSON of `imip build`: what goes in ("imip.build-input/1", imip-build(1)) and what it tells about the mails
/// that it made ("imip.build/1", imip-json(5)).
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "ical/object.hpp"
#include "itip/build.hpp"

namespace imip::report {

/// One object whose keys are named as the flags are. Unknown keys, wrong types and repeated keys are errors that name
/// the path: "attendees[1].rol".
/// @errors Errc::BadCalendar
Result<itip::BuildSpec> read_build_json(std::string_view text);

struct BuiltMail {
  const ical::Component& calendar;
  std::string from;
  std::vector<std::string> to;  ///< addr-specs
  std::string message_id;
  std::vector<std::string> changes;
  bool stored = false;
};
/// "imip.build/1", without a final newline.
[[nodiscard]] std::string build_json(const BuiltMail& mail);

}  // namespace imip::report
