/// @file The time properties of a component in a form that can be compared: register D of itip.md.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "ical/object.hpp"
#include "ical/time.hpp"

namespace imip::itip::detail {

/// When something takes place. DURATION and DTEND, the order of RRULE parts, split EXDATEs, and
/// zones with other names and equal offsets make no difference (itip.md "Sameness").
struct Shape {
  std::string start;                         ///< time_text()
  std::int64_t length = 0;                   ///< seconds
  std::string zone;                          ///< UTC offsets over the year, where there is an RRULE
  std::string rule;                          ///< RRULE parts, sorted, without COUNT and UNTIL
  std::string bound;                         ///< "", "C10", "U20270104T090000Z"
  std::vector<std::string> rdates, exdates;  ///< sorted
  std::string last;  ///< the rule's last start, if it has an end that is near
  friend bool operator==(const Shape&, const Shape&) = default;
};

/// @errors Errc::BadValue (a time that does not parse)
Result<Shape> shape_of(const ical::Zones& zones, const ical::Component& component);

[[nodiscard]] std::string encode(const Shape& shape);
[[nodiscard]] std::optional<Shape> decode(std::string_view text);

/// Does nothing move, change its length, or come in from `then` to `now`? What only goes (EXDATE,
/// an earlier end of the rule) leaves the answers for the rest in force (itip.md "Answers return to
/// NEEDS-ACTION").
[[nodiscard]] bool keeps_answers(const Shape& then, const Shape& now);

/// The offsets of a zone over two years from `from` on, and when they change, as text: equal for
/// zones that keep the same time there.
[[nodiscard]] std::string zone_print(const ical::Zones& zones, const std::string& tzid,
                                     UtcSeconds from);

/// The first time of an event at which a VTIMEZONE of `zones` says something else than tzdata of
/// that name. Of a rule, what comes within two years of its beginning, or of the event's DTSTAMP if
/// that is later.
/// @param only  this TZID; empty: any
[[nodiscard]] std::optional<ical::Time> misleading_time(const ical::Zones& zones,
                                                        const ical::Component& event,
                                                        const std::string& only,
                                                        const Limits& limits);

}  // namespace imip::itip::detail
