/// @file Components as facts keep them: normalised, packed with the zones that they need, digested.
#pragma once
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/mail_address.hpp"
#include "ical/object.hpp"
#include "itip/message.hpp"

namespace imip::itip::detail {

inline constexpr std::string_view prodid = "-//imip//imip//EN";
inline constexpr std::string_view received_sequence = "X-IMIP-RECEIVED-SEQUENCE";
inline constexpr std::string_view received_dtstamp = "X-IMIP-RECEIVED-DTSTAMP";
inline constexpr std::string_view derived_mark = "X-IMIP-DERIVED";
inline constexpr std::string_view vouched_mark = "X-IMIP-VOUCHED";  ///< no organizer said it
inline constexpr std::string_view uninvited_mark = "X-IMIP-UNINVITED";
inline constexpr std::string_view comment_parameter = "X-IMIP-COMMENT";
inline constexpr std::string_view description_parameter = "X-IMIP-DESCRIPTION";
inline constexpr std::string_view request_status_parameter = "X-IMIP-REQUEST-STATUS";
inline constexpr std::string_view percent_parameter = "X-IMIP-PERCENT-COMPLETE";
inline constexpr std::string_view completed_parameter = "X-IMIP-COMPLETED";
inline constexpr std::string_view status_parameter = "X-IMIP-STATUS";

/// The name of a calendar user in facts: equal for addresses that same_user() calls equal.
[[nodiscard]] std::string address_key(const CalAddress& address, LocalPart mode);

/// The content line, unfolded.
[[nodiscard]] std::string line_of(const ical::Property& property);

/// Properties in our order (repeated ones keep theirs), parameters by name.
[[nodiscard]] ical::Component ordered(ical::Component component);

/// What it has more than once and may have once (RFC 5545 sections 3.6.1 to 3.6.3; of RRULE section 3.8.5.3 says SHOULD:
/// two of them mean different things to different programs).
[[nodiscard]] std::vector<std::string_view> doubled(const ical::Component& component);
/// Without all but the first of those.
[[nodiscard]] ical::Component single(ical::Component component);

/// SHA-256 of the component, whatever the order of its properties and parameters.
[[nodiscard]] std::string canonical_digest(const ical::Component& component);

/// What a message says about one component: inherited ORGANIZER and ATTENDEEs written out; our own
/// marks (X-IMIP-*), SCHEDULE-* and REQUEST-STATUS gone (nobody else may set them); DURATION beside
/// DTEND gone.
[[nodiscard]] ical::Component normalised(const MessageComponent& component);

/// Drops X-IMIP-* properties and parameters, SCHEDULE-* parameters and REQUEST-STATUS.
void strip_marks(ical::Component& component);

[[nodiscard]] std::set<std::string> used_tzids(const ical::Component& component);

struct Content {
  ical::Component event;
  std::vector<ical::Component> timezones;
};
[[nodiscard]] std::string pack(const ical::Component& event,
                               const std::vector<Shared<ical::Component>>& timezones);
/// Empty if the text is not one that pack() made.
[[nodiscard]] std::optional<Content> unpack(const std::string& text, const Limits& limits);

/// Does the property belong to the owner if she changed it (itip.md "Owner's data")?
[[nodiscard]] bool is_owner_property(std::string_view name);

/// X-IMIP-RECEIVED-* if the component has them, else its own SEQUENCE and DTSTAMP.
[[nodiscard]] Revision revision_in_file(const ical::Component& component);
[[nodiscard]] std::int64_t to_int(std::string_view digits, std::int64_t otherwise);

/// A RECURRENCE-ID of all from there on: RANGE=THISANDFUTURE; no other is known (RFC 5545
/// section 3.2.13).
[[nodiscard]] bool is_range(const ical::Property& recurrence_id);

[[nodiscard]] ical::Property make_property(std::string_view name, std::string value);

}  // namespace imip::itip::detail
