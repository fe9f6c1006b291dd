/// @file How long what is known of an object must be kept.
#pragma once
#include <optional>

#include "base/clock.hpp"
#include "itip/plan.hpp"

namespace imip::itip {

/// When the facts of the plan's object may be forgotten: 400 days after its last instance ended or,
/// if that is later, after `now`. Nothing: not at all, because something of it is not cancelled. Of
/// busy time: 400 days after its last period.
[[nodiscard]] std::optional<UtcSeconds> forget_after(const Plan& plan, const Owner& owner,
                                                     const PlanOptions& options, UtcSeconds now);

/// May forget_after() say a time? Asked of each message, so it renders nothing.
[[nodiscard]] bool may_be_over(const Plan& plan);

}  // namespace imip::itip
