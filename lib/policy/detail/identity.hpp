/// @file The [[identity]] table. Private to lib/policy.
#pragma once
#include "policy/detail/reader.hpp"
#include "policy/policy.hpp"

namespace imip::policy::detail {

/// Where our own key is kept, and what unlocks it.
void read_identity(Table table, Policy& policy);

}  // namespace imip::policy::detail
