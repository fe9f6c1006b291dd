/// @file Planning VFREEBUSY messages: facts that show in no calendar object. They have no SEQUENCE:
/// the latest DTSTAMP counts (RFC 5546 section 3.3).
#pragma once
#include <string>
#include <string_view>

#include "itip/facts.hpp"
#include "itip/plan.hpp"

namespace imip::itip::detail {

/// Registers: what the owner asked, by UID; what was answered, by attendee (the owner's answers
/// too); what was published, by period.
inline constexpr std::string_view busy_request = "F:request", busy_reply = "F:reply",
                                  busy_publish = "F:publish";

Plan plan_free_busy(const Message& message, const Speaker& speaker, const Facts& facts,
                    const Owner& owner);

/// Are these facts of busy time, and of no event?
[[nodiscard]] bool is_busy_time(const Facts& facts);
/// When the last period ends that anybody asked for, told or published.
[[nodiscard]] std::optional<UtcSeconds> last_busy_time(const Facts& facts, const Limits& limits);

/// The owner has answered a question of that DTSTAMP. @return had she before?
bool record_busy_answer(Facts& facts, const ical::Component& reply, const CalAddress& from,
                        const Owner& owner, UtcSeconds asked, UtcSeconds now);

/// Does the request that the facts remember ask this attendee? Nothing: they remember none.
[[nodiscard]] std::optional<bool> asked_for_busy(const Facts& facts, const CalAddress& attendee,
                                                 const Limits& limits, LocalPart mode);

}  // namespace imip::itip::detail
