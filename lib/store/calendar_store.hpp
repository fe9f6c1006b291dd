/// @file The calendar: one object per UID.
#pragma once
#include <filesystem>
#include <memory>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "itip/busy.hpp"
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
  friend class FileStore;
  static Result<Lock> take(const std::filesystem::path& store, const std::filesystem::path& state_dir,
                           int timeout_ms);
  explicit Lock(int fd);
  [[nodiscard]] bool held() const { return fd_ >= 0; }
  int fd_ = -1;
};

/// Told while the store finds out when files take time: files done, of how many.
using IndexProgress = std::function<void(std::size_t done, std::size_t total)>;

/// What a search by time could not look at.
struct SearchGaps {
  std::size_t unreadable = 0;  ///< files that do not parse
  std::size_t left_out = 0;    ///< files beyond the most that were wanted
};

/// A folder with one .ics per UID (vdir). Names that other programs chose are found by content.
class VdirStore {
 public:
  static constexpr std::size_t most_candidates = 2'000;  ///< files that a search reads
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
  /// Gives every object that may take time in one of the windows, and perhaps others; at most
  /// `most`. A file that another program rewrote in place, and not by renaming, counts as
  /// it was until the folder changes again.
  /// @errors Errc::Io, Errc::NoInput; Errc::TooLarge: no state, and too many files to read them all
  Result<SearchGaps> search(const std::vector<itip::Window>& windows,
                            const std::function<void(const ical::Component&)>& each,
                            std::size_t most = most_candidates) const;
  void on_indexing(IndexProgress progress) const;
  /// Carries the plan out: re-reads the object, compares with plan.base_sha256 (Errc::Conflict if
  /// another program changed it), writes atomically (mode 0600, or the file's own) or removes. Call
  /// under lock().
  /// @param wish  what a new file is called if nothing is called so
  /// @errors Errc::Conflict, Errc::Permission, Errc::CannotCreate, Errc::Io (disk full)
  Result<void> apply(const itip::Plan& plan, const Lock& lock, const std::string& wish = {}) const;
  /// The sha256 that find() gives after `octets` were written.
  [[nodiscard]] static std::string digest_of(const std::string& octets);
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  VdirStore(std::filesystem::path path, std::filesystem::path state_dir, const Limits& limits);
  std::filesystem::path path_, state_dir_;
  Limits limits_;
  std::shared_ptr<detail::Index> index_;  ///< a cache, so finding is const
};

/// One .ics file with many UIDs. An object is its components and the VTIMEZONEs that they use; all other octets of
/// the file stay as they are.
class FileStore {
 public:
  /// @param path  an existing file, which may be empty @errors Errc::NoInput (missing: hint to touch), Errc::Config
  static Result<FileStore> open(const std::filesystem::path& path, const std::filesystem::path& state_dir,
                                const Limits& limits);
  [[nodiscard]] Result<Lock> lock(int timeout_ms) const;
  /// Its sha256 is of the components alone, without zones and line ends.
  /// @errors Errc::Conflict  the file is no calendar, or is being written
  [[nodiscard]] Result<std::optional<itip::StoredObject>> find(const std::string& uid) const;
  /// As VdirStore::search, over all of the file. @errors Errc::Conflict; Errc::TooLarge: more than most_searched
  Result<SearchGaps> search(const std::vector<itip::Window>& windows,
                            const std::function<void(const ical::Component&)>& each,
                            std::size_t most = VdirStore::most_candidates) const;
  static constexpr std::size_t most_searched = 20'000;  ///< components; each is parsed
  void on_indexing(const IndexProgress&) const {}       ///< there is no index
  /// As VdirStore::apply. What another program did to other objects meanwhile is read again and kept.
  Result<void> apply(const itip::Plan& plan, const Lock& lock, const std::string& wish = {}) const;
  /// The sha256 that find() gives after `octets` were written.
  [[nodiscard]] static std::string digest_of(const std::string& octets);
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  FileStore(std::filesystem::path path, std::filesystem::path state_dir, const Limits& limits);
  std::filesystem::path path_, state_dir_;
  Limits limits_;
};

/// The calendar, whatever it is kept in: a folder is a vdir, anything else a file.
class CalendarStore {
 public:
  static Result<CalendarStore> open(const std::filesystem::path& path, const std::filesystem::path& state_dir,
                                    const Limits& limits);
  [[nodiscard]] Result<Lock> lock(int timeout_ms) const;
  [[nodiscard]] Result<std::optional<itip::StoredObject>> find(const std::string& uid) const;
  Result<void> apply(const itip::Plan& plan, const Lock& lock, const std::string& wish = {}) const;
  Result<SearchGaps> search(const std::vector<itip::Window>& windows,
                            const std::function<void(const ical::Component&)>& each,
                            std::size_t most = VdirStore::most_candidates) const;
  void on_indexing(IndexProgress progress) const;
  [[nodiscard]] std::string digest_of(const std::string& octets) const;
  [[nodiscard]] const std::filesystem::path& path() const;

 private:
  using Any = std::variant<VdirStore, FileStore>;
  explicit CalendarStore(Any any) : any_(std::move(any)) {}
  Any any_;
};

}  // namespace imip::store
