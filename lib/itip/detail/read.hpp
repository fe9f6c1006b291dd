/// @file Reading one component of an iTIP message: what is tolerated, what is refused (itip.md).
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "itip/message.hpp"

namespace imip::itip::detail {

/// Findings while reading; a refusal does not stop the reading, so that all are told.
/// Bounded: whoever writes a hundred thousand odd lines is told of a hundred.
struct Findings {
  std::vector<Reason> refusals;
  std::vector<Reason> notices;
  std::size_t notices_left_out = 0;
  void refuse(Code code, std::string text);
  void note(Code code, std::string text);
};

/// In all components of a message together.
inline constexpr std::size_t most_attendees = 40'000;

/// What a component is read against.
struct ReadContext {
  Method method = Method::None;
  Kind kind = Kind::None;
  const Shared<ical::Component>& calendar;  ///< that the components are parts of
  const ical::Zones& zones;
  UtcSeconds now{};
  Findings& findings;
};

/// Everything that the component says by itself; nothing is inherited yet.
MessageComponent read_component(const ical::Component& component, const ReadContext& context);

/// ORGANIZER and ATTENDEEs of overrides that have none, from the series; then what the method
/// needs.
void inherit_parties(std::vector<MessageComponent>& components, const ReadContext& context);

}  // namespace imip::itip::detail
