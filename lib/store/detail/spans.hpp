/// @file When the files of a vdir take time: a part of the index, filled when it is asked for, and for the
/// files that who has asked then writes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "base/sqlite.hpp"
#include "itip/busy.hpp"
#include "store/calendar_store.hpp"

namespace imip::store::detail {

struct BusyFiles {
  std::vector<std::string> names;  ///< sorted
  std::size_t unreadable = 0;      ///< files that say nothing: they do not parse
  bool by_time = true;             ///< false: all files, because nobody knows when they take time
};

/// When a file takes time, as the index keeps it.
struct BusySpan {
  std::int64_t state = 0;  ///< file.busy
  itip::Window window;     ///< if state is 1
};

/// From when to when a file takes time at all; SQLite keeps the bounds as 32-bit floating point
/// numbers, the lower one rounded down and the upper one up.
inline constexpr const char* span_table = "CREATE VIRTUAL TABLE span USING rtree (id, first, last)";
/// file.busy: 0 not looked at, 1 there is a span, 2 takes no time, 3 unreadable.
inline constexpr const char* span_schema = R"(
CREATE VIRTUAL TABLE span USING rtree (id, first, last);
CREATE INDEX file_unspanned ON file (id) WHERE busy = 0;
CREATE INDEX file_unreadable ON file (id) WHERE busy = 3;
)";

[[nodiscard]] BusySpan span_in(std::string_view octets, const Limits& limits);
/// For a row of `file` that has the span's state already.
Result<void> put_span(sqlite::Database& db, std::int64_t file, const BusySpan& span);
/// Reads the files that were not looked at. Each few hundred are committed, so that who is stopped
/// has not begun in vain.
Result<void> complete_spans(sqlite::Database& db, const std::filesystem::path& folder,
                            const Limits& limits, const IndexProgress& progress);
Result<BusyFiles> files_during(sqlite::Database& db, const std::vector<itip::Window>& windows);

}  // namespace imip::store::detail
