/// @file When the files of a vdir take time: a part of the index, filled when it is asked for, and for the
/// files that who has asked then writes.
#pragma once
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
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

/// From when to when a file takes time at all: the columns of `file` of these names. Spans of about the same length are
/// kept by the place where they begin: `place` is the length's class and the number of the stretch of time, as long as
/// the longest of the class, in which the span begins. So what overlaps a moment begins in one of two stretches of each
/// class.
struct BusySpan {
  std::int64_t busy = 0;  ///< 0 not looked at, 1 there is a span, 2 takes no time, 3 unreadable
  std::optional<std::int64_t> place, first, last;  ///< if there is a span; seconds since 1970
};

inline constexpr const char* span_schema = R"(
CREATE INDEX file_place ON file (place, last, first) WHERE place IS NOT NULL;
CREATE INDEX file_unspanned ON file (id) WHERE busy = 0;
CREATE INDEX file_unreadable ON file (id) WHERE busy = 3;
)";

[[nodiscard]] BusySpan span_in(std::string_view octets, const Limits& limits);
/// Reads the files that were not looked at. Each few hundred are committed, so that who is stopped
/// has not begun in vain.
Result<void> complete_spans(sqlite::Database& db, const std::filesystem::path& folder,
                            const Limits& limits, const IndexProgress& progress);
Result<BusyFiles> files_during(sqlite::Database& db, const std::vector<itip::Window>& windows);

}  // namespace imip::store::detail
