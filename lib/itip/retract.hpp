/// @file Taking one message out again: the facts are what all others said, and the object is rendered
/// from them. Pure: no clock, file, network.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "itip/plan.hpp"

namespace imip::itip {

/// What the state knows about a message and about what came after it.
struct Undo {
  Facts without;             ///< what is known but for what the message said
  Facts said;                ///< what it said
  std::vector<Facts> later;  ///< what each later message about the object said
  std::string before, after; ///< the object's octets around it; empty: no file
  bool has_octets = false;   ///< `before` and `after` were kept
  bool is_last = false;      ///< the object has seen nothing else since: no message, answer, retraction
};

struct RetractPlan {
  Plan plan;                         ///< facts, octets, remove, changes; as for a message
  std::vector<std::size_t> depends;  ///< of Undo::later: it would have nothing to hold on to
  bool exact = false;                ///< the object becomes, octet for octet, what it was before the message
  bool loses_edits = false;          ///< the file goes, and its owner has changed it since
};

/// Never fails. Whoever carries the plan out looks at `depends` and `loses_edits` first.
/// @param given  the facts as they are  @param stored  the object as it is; null: no file
RetractPlan plan_retract(const std::string& uid, const CalAddress& organizer, const Undo& undo,
                         const StoredObject* stored, const Facts& given, const Owner& owner,
                         const PlanOptions& options, UtcSeconds now);

}  // namespace imip::itip
