/// @file From new facts to a plan. Here and not in plan.hpp: only tests may pass Rules.
#pragma once
#include "itip/detail/record.hpp"
#include "itip/detail/render.hpp"
#include "itip/plan.hpp"

namespace imip::itip::detail {

/// The facts as they are before a message: those given, and what the file adds to them.
Facts facts_before(const Facts& facts, const StoredObject* stored, const Owner& owner,
                   const Limits& limits, UtcSeconds now);

/// The rows of `now` that `before` does not have.
[[nodiscard]] Facts news(const Facts& now, const Facts& before);

/// How a plan was settled.
struct Settled {
  Rendering rendering;
  bool deleted_by_owner = false;  ///< nothing is written: the owner took the file away
  bool revived = false;           ///< she had, and a newer invitation brings it back
};

/// Renders `next` and fills plan.facts, facts_changed, octets, remove, changes.
/// @param given  as they were loaded  @param before  facts_before() of them
Settled settle(Plan& plan, const Facts& given, const Facts& before, Facts next,
               const StoredObject* stored, const Owner& owner, const PlanOptions& options,
               bool newer_series, const Rules& rules = {});

Plan plan_message(const Message& message, const Speaker& speaker, const StoredObject* stored,
                  const Facts& facts, const Owner& owner, const PlanOptions& options,
                  UtcSeconds now, const Rules& rules);

/// The ORGANIZER of a stored object; empty if it has none.
[[nodiscard]] CalAddress organizer_of(const StoredObject& stored);

}  // namespace imip::itip::detail
