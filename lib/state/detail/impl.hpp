/// @file What State's files share. Private to lib/state.
#pragma once
#include "base/sqlite.hpp"
#include "state/state.hpp"

namespace imip::state {

struct State::Impl {
  /// Reading is const to callers, but SQLite's handle changes with every statement.
  mutable sqlite::Database db;
  JournalLimits limits;
};

}  // namespace imip::state
