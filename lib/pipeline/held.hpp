/// @file Messages that refer to what is not there yet: they wait as they came, and are judged again when it comes.
#pragma once
#include <vector>

#include "base/result.hpp"
#include "pipeline/apply.hpp"

namespace imip::pipeline {

/// Keeps the mail of a part whose plan is Outcome::Held. What says more than the limits let it, or is there already, is
/// told by the outcome: Ask, Duplicate. Without state nothing is kept.
Result<Applied> hold(const Judge& judge, Calendar& calendar, const JudgedPart& part, Applied applied);

struct TakenUp {
  JudgedPart part;
  Applied applied;
};

/// After `part` was carried out: what waited for the same object is judged again, its certificates as of when it came,
/// revocation and policy as of now, and carried out. What still lacks something waits on; what is refused now is
/// dropped, and told.
Result<std::vector<TakenUp>> take_up_held(const Judge& judge, Calendar& calendar, const JudgedPart& part,
                                          const Courier& courier = {});
/// The same after the object of that plan changed otherwise.
Result<std::vector<TakenUp>> take_up_held(const Judge& judge, Calendar& calendar,
                                          const itip::Plan& plan, const Courier& courier = {});

}  // namespace imip::pipeline
