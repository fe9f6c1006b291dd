/// @file Has a folder changed since we looked? Stamps that can be relied on, and a watch.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

#include "base/posix.hpp"
#include "base/result.hpp"

namespace imip::store {

/// What tells one state of a file or folder from another.
struct Stamp {
  std::int64_t device = 0;
  std::int64_t inode = 0;
  std::int64_t mtime_ns = 0;
  std::int64_t size = 0;  ///< octets; 0 for a folder
  friend bool operator==(const Stamp&, const Stamp&) = default;
};

/// Empty: not there, or not a regular file.
[[nodiscard]] std::optional<Stamp> stamp_of_file(const std::filesystem::path& path);

/// The same for a name in an open folder, by its descriptor.
[[nodiscard]] std::optional<Stamp> stamp_of_file(int folder, const char* name);

/// The folder's stamp, once it can be relied on: every change after this call gives another one.
/// Waits for the kernel's next clock tick (at most 20 ms) if the folder changed within this one.
/// Empty: such a stamp cannot be had here (a network or FUSE file system less than 2 s after a
/// change, a clock that runs behind, or a folder that keeps changing).
[[nodiscard]] std::optional<Stamp> settled_stamp(const std::filesystem::path& folder);

/// Does a vdir program take this file name for a calendar object? Not "*.tmp", ".x.ics", "color".
[[nodiscard]] bool is_object_name(std::string_view name);

/// Lock and index are per store: named by what its path really is.
[[nodiscard]] std::string store_key(const std::filesystem::path& canonical);

/// Everything that happens to a folder's names from construction on (inotify(7)).
class FolderWatch {
 public:
  explicit FolderWatch(const std::filesystem::path& folder);
  /// Did object `name`, and no other object, come, change or go, and exactly once? An exchange of two names
  /// is once. False also if the watch could not be set up. Names that are no objects do not count. Call it once.
  [[nodiscard]] bool saw_only(const std::string& name) const;

 private:
  Fd fd_;
};

}  // namespace imip::store
