/// @file What RFC 5546 asks beside its tables, and where it contradicts itself. Private to lib/itip.
#pragma once
#include "base/clock.hpp"
#include "ical/lint.hpp"
#include "itip/restrictions.hpp"

namespace imip::itip::detail {

/// Does the RFC say elsewhere that this row does not mean it? Then both readings are right.
[[nodiscard]] bool has_other_reading(Method method, Kind kind, const ical::SourceComponent& component,
                                     const Restriction& row);

struct RuleContext {
  const ical::SourceComponent& calendar;
  Method method = Method::None;  ///< None: one that is not known
  Kind kind = Kind::None;
  UtcSeconds now{};
};
void lint_rules(const RuleContext& context, Departures& out);

}  // namespace imip::itip::detail
