/// @file Files that are whole or not there.
#pragma once
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace imip {

/// Reads a whole file, or standard input for "-". A directory, a missing or an unreadable file is
/// Errc::NoInput; more than `max` octets is Errc::TooLarge and names the limit.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max);

/// A new content for `target`: written to ".NAME.XXXXXX.tmp" in the same folder (vdir programs
/// ignore such names), fsynced, renamed over the target, and the folder fsynced, all in commit(). A
/// symbolic link is followed; a device or pipe is written in place.
/// Without commit() the target stays what it was and the temporary file goes.
class AtomicFile {
 public:
  static Result<AtomicFile> create(const std::filesystem::path& target, unsigned mode = 0600);
  AtomicFile(AtomicFile&&) noexcept;
  AtomicFile& operator=(AtomicFile&&) = delete;
  ~AtomicFile();
  Result<void> write(std::string_view octets);
  Result<void> commit();
  /// commit() that replaces nothing. @errors Errc::Conflict, the target exists by now
  Result<void> commit_new();
  /// commit() that replaces a certain file only: `is_expected` is shown, under another name, what was replaced
  /// (on file systems that cannot exchange two names: the target, just before), and if it says no everything is
  /// as it was. So what another program wrote a moment ago is never lost. @return what it said
  /// @errors Errc::TryAgain  it wrote twice within that moment: the first is kept as ".NAME.XXXXXX.kept"
  Result<bool> commit_over(const std::function<bool(const std::filesystem::path&)>& is_expected);
  /// Open for writing, until one of the commits.
  [[nodiscard]] int descriptor() const { return fd_; }

 private:
  Result<void> finish(bool replace);
  Result<bool> close_synced();
  AtomicFile(std::filesystem::path target, std::filesystem::path temp, int fd);
  std::filesystem::path target_;
  std::filesystem::path temp_;
  int fd_ = -1;
};

/// create, write, commit.
Result<void> write_file(const std::filesystem::path& target, std::string_view octets,
                        unsigned mode = 0600);

/// Nobody else may write the file or the folder it lies in: owner is this user or root, no group
/// or world write bit (a sticky world-writable folder such as /tmp is refused as a *folder of the
/// file* unless the file's owner is this user). A symbolic link and what it leads to must both
/// pass. Of a descriptor (/dev/stdin, /dev/fd/N) only a regular file is looked at, and no folder.
/// @errors Errc::Config, which says which and why; Errc::NoInput, nothing is there
Result<void> require_private(const std::filesystem::path& path);

/// Makes the folder and its parents (0700) where they are missing, then require_private().
/// @errors Errc::CannotCreate, Errc::Permission, Errc::Config
Result<void> make_private_folder(const std::filesystem::path& path);

}  // namespace imip
