/// @file The owner's data and the rendering, merged three ways (itip.md "What each message
/// changes").
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "ical/object.hpp"
#include "itip/plan.hpp"

namespace imip::itip::detail {

/// @param rendered  what the facts say now
/// @param base      what they said last time: what differs from it in `stored` is the owner's
/// @param stored    the file as it is
/// @param owner     what she writes into an event of her own is a fact already, and no edit
ical::Component merge_owner_data(ical::Component rendered, const ical::Component& base,
                                 const ical::Component& stored, const Owner& owner, const Limits& limits);

/// What a person would call different. `before` null: there was nothing.
/// @param left_out  how many changes are not in the list (most_changes, most_change_octets)
std::vector<Change> changes_between(const ical::Component* before, const ical::Component& after,
                                    const std::string& action, std::size_t& left_out);

}  // namespace imip::itip::detail
