/// @file Reading one component of an iTIP message: what is tolerated, what is refused (itip.md).
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "itip/message.hpp"

namespace imip::itip::detail {

/// Findings while reading; a refusal does not stop the reading, so that all are told.
struct Findings {
  std::vector<Reason> refusals;
  std::vector<Reason> notices;
  void refuse(Code code, std::string text) { refusals.push_back({code, std::move(text)}); }
  void note(Code code, std::string text) { notices.push_back({code, std::move(text)}); }
};

/// What a component is read against.
struct ReadContext {
  Method method = Method::None;
  Kind kind = Kind::None;
  const ical::Zones& zones;
  UtcSeconds now{};
  Findings& findings;
};

/// Everything that the component says by itself; nothing is inherited yet.
MessageComponent read_component(const ical::Component& component, const ReadContext& context);

/// ORGANIZER and ATTENDEEs of overrides that have none, from the series; then what the method
/// needs.
void inherit_parties(std::vector<MessageComponent>& components, const ReadContext& context);

/// UID as we compare it: Exchange writes the same hexadecimal UID in either case.
[[nodiscard]] std::string canonical_uid(const std::string& uid);

}  // namespace imip::itip::detail
