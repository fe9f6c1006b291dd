/// @file The calendar: one object per UID.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "itip/plan.hpp"

namespace imip::store {

namespace detail {
class Index;
}

/// Holds the store for one process until it goes. flock(2) on a file in the state folder, keyed by
/// the store's canonical path: no file of ours in the vdir.
class Lock {
 public:
  Lock(Lock&&) noexcept;
  Lock& operator=(Lock&&) = delete;
  ~Lock();

 private:
  friend class VdirStore;
  explicit Lock(int fd);
  int fd_ = -1;
};

/// A folder with one .ics per UID (vdir). Names that other programs chose are found by content.
class VdirStore {
 public:
  /// @param path       an existing folder @errors Errc::NoInput (missing: hint to mkdir),
  /// Errc::Config
  /// @param state_dir  where the lock file and the index of UIDs go (made if missing, 0700); empty:
  /// no index (slow
  ///                   with many files), and no lock(), so nothing can be applied
  static Result<VdirStore> open(const std::filesystem::path& path,
                                const std::filesystem::path& state_dir, const Limits& limits);
  /// Waits at most `timeout_ms`. @errors Errc::TryAgain
  [[nodiscard]] Result<Lock> lock(int timeout_ms) const;
  /// The object with this UID, whatever its file is called. Two files with one UID, a file with
  /// that UID that does not parse or holds other UIDs as well: Errc::Conflict with a hint; nothing
  /// is guessed.
  [[nodiscard]] Result<std::optional<itip::StoredObject>> find(const std::string& uid) const;
  /// Carries the plan out: re-reads the object, compares with plan.base_sha256 (Errc::Conflict if
  /// another program changed it), writes atomically (mode 0600, or the file's own) or removes. Call
  /// under lock().
  /// @errors Errc::Conflict, Errc::Permission, Errc::CannotCreate, Errc::Io (disk full)
  Result<void> apply(const itip::Plan& plan, const Lock& lock) const;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  VdirStore(std::filesystem::path path, std::filesystem::path state_dir, const Limits& limits);
  std::filesystem::path path_, state_dir_;
  Limits limits_;
  std::shared_ptr<detail::Index> index_;  ///< a cache, so finding is const
};

}  // namespace imip::store
