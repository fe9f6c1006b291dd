#include "itip/ageing.hpp"

#include <algorithm>
#include <chrono>

#include "ical/recurrence.hpp"
#include "itip/detail/free_busy.hpp"
#include "itip/detail/render.hpp"

namespace imip::itip {

namespace {

constexpr std::chrono::days keep_cancelled{400};
constexpr UtcSeconds end_of_time = std::chrono::sys_days{std::chrono::year{9999} / 12 / 31};

/// Of the last instance; nothing for a rule that does not end, or whose end is too far to be worked out.
std::optional<UtcSeconds> last_end(const ical::Zones& zones, const ical::Component& c, const Limits& limits)
{
  const auto span = ical::span_of(zones, c);
  if (!span) return std::nullopt;
  const std::string* rule = c.value("RRULE");
  const bool endless = rule != nullptr && rule->find("COUNT=") == std::string::npos &&
                       rule->find("UNTIL=") == std::string::npos;
  if (endless) return std::nullopt;
  const auto instances = ical::expand(zones, c, span->start.instant, end_of_time, limits);
  if (!instances || instances->empty()) return std::nullopt;
  return instances->back().instant + (span->end.instant - span->start.instant);
}

}  // namespace

bool may_be_over(const Plan& plan)
{
  return plan.outcome == Outcome::Cancelled || plan.outcome == Outcome::Uninvited ||
         plan.outcome == Outcome::Own || plan.outcome == Outcome::Ignored ||
         detail::is_busy_time(plan.facts);
}

std::optional<UtcSeconds> forget_after(const Plan& plan, const Owner& owner, const PlanOptions& options,
                                       UtcSeconds now)
{
  if (detail::is_busy_time(plan.facts))
    return std::max(now, detail::last_busy_time(plan.facts, options.limits).value_or(now)) +
           keep_cancelled;
  PlanOptions all = options;
  all.remove_cancelled = false;  // else nothing would tell when it was
  const detail::Rendering rendering = detail::render(plan.facts, plan.uid, owner, all);
  if (rendering.empty || !rendering.cancelled) return std::nullopt;
  const ical::Zones zones(rendering.calendar);
  UtcSeconds last = now;
  for (const ical::Component& c : rendering.calendar.components) {
    if (c.name == "VTIMEZONE" || !c.find("DTSTART")) continue;
    last = std::max(last, last_end(zones, c, options.limits).value_or(now));
  }
  return last + keep_cancelled;
}

}  // namespace imip::itip
