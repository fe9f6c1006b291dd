#include "store/detail/folder.hpp"

#include <linux/magic.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <array>
#include <cerrno>
#include <cstring>
#include <ctime>

#include "base/digest.hpp"

namespace imip::store {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000;

std::int64_t nanoseconds(const timespec& t)
{
  return t.tv_sec * second_ns + t.tv_nsec;
}

Stamp stamp_of(const struct stat& info)
{
  return {static_cast<std::int64_t>(info.st_dev), static_cast<std::int64_t>(info.st_ino),
          nanoseconds(info.st_mtim),
          S_ISDIR(info.st_mode) ? 0 : static_cast<std::int64_t>(info.st_size)};
}

/// Local file systems that take their stamps from the kernel's coarse clock, in nanoseconds.
bool stamps_by_kernel_tick(const std::filesystem::path& folder, std::int64_t mtime_ns)
{
  // ext3 and ext4 with small inodes keep whole seconds: their stamps end in nine zeros
  if (mtime_ns % second_ns == 0) return false;
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) return false;
  switch (static_cast<unsigned long>(info.f_type)) {
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case BTRFS_SUPER_MAGIC:
    case TMPFS_MAGIC:
    case OVERLAYFS_SUPER_MAGIC:
      return true;
    default:
      return false;
  }
}

std::int64_t now_ns(clockid_t clock)
{
  timespec now{};
  ::clock_gettime(clock, &now);
  return nanoseconds(now);
}

std::optional<Stamp> folder_stamp(const std::filesystem::path& folder)
{
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) return std::nullopt;
  return stamp_of(info);
}

}  // namespace

std::optional<Stamp> stamp_of_file(const std::filesystem::path& path)
{
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return stamp_of(info);
}

std::optional<Stamp> stamp_of_file(int folder, const char* name)
{
  struct stat info {};
  if (::fstatat(folder, name, &info, 0) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  return stamp_of(info);
}

// A change carries the clock tick in which it was made. So two changes within one tick carry the
// same stamp, and a stamp of the present tick does not say that we saw them all; one of a past
// tick does. (git calls the others "racily clean".) Where stamps are coarser or made by another
// machine's clock, two seconds stand for the tick, as FAT keeps even seconds.
std::optional<Stamp> settled_stamp(const std::filesystem::path& folder)
{
  std::optional<Stamp> stamp = folder_stamp(folder);
  if (!stamp) return std::nullopt;
  if (!stamps_by_kernel_tick(folder, stamp->mtime_ns)) {
    if (now_ns(CLOCK_REALTIME) - stamp->mtime_ns <= 2 * second_ns) return std::nullopt;
    return folder_stamp(folder) == stamp ? stamp : std::nullopt;
  }
  constexpr int most_waits = 20;
  for (int waits = 0; now_ns(CLOCK_REALTIME_COARSE) <= stamp->mtime_ns; ++waits) {
    if (waits == most_waits) return std::nullopt;
    const timespec millisecond{0, second_ns / 1000};
    ::nanosleep(&millisecond, nullptr);
  }
  return folder_stamp(folder) == stamp ? stamp : std::nullopt;
}

bool is_object_name(std::string_view name)
{
  constexpr std::string_view suffix = ".ics";
  return name.size() > suffix.size() && name.front() != '.' && name.ends_with(suffix);
}

std::string store_key(const std::filesystem::path& canonical)
{
  constexpr std::size_t digits = 32;
  return sha256_hex(canonical.native()).substr(0, digits);
}

FolderWatch::FolderWatch(const std::filesystem::path& folder)
    : fd_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC))
{
  constexpr std::uint32_t events = IN_CREATE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE |
                                   IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR;
  if (fd_.ok() && ::inotify_add_watch(fd_.get(), folder.c_str(), events) < 0)
    ::close(fd_.release());
}

bool FolderWatch::saw_only(const std::string& name) const
{
  int ours = 0;
  bool just_came = false;
  alignas(inotify_event) std::array<char, 16384> buffer{};
  for (;;) {
    const ssize_t got = ::read(fd_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return ours == 1;
    if (got <= 0) return false;
    for (std::size_t at = 0; at < static_cast<std::size_t>(got);) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      if (event.len == 0) return false;  // overflow, or the folder itself went
      const std::string_view about(buffer.data() + at + sizeof event);
      at += sizeof event + event.len;
      if (!is_object_name(about)) continue;
      if (about != name) return false;
      // Of an exchange we see that the name came and that it went, in one.
      const bool other_half = just_came && (event.mask & IN_MOVED_FROM) != 0;
      if (!other_half) ++ours;
      just_came = (event.mask & IN_MOVED_TO) != 0;
    }
  }
}

}  // namespace imip::store
