#include "base/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <optional>

#include "base/cat.hpp"
#include "base/file_error.hpp"
#include "base/posix.hpp"

namespace imip {
namespace {

namespace fs = std::filesystem;

Errc create_code(int number)
{
  return number == EACCES || number == EPERM ? Errc::Permission : Errc::CannotCreate;
}

std::string write_hint(int number)
{
  return file_hint({}, number, FileUse::Write);
}

/// Reads until the end or until more than `max` octets are there, whichever is first.
Result<void> read_rest(int fd, const std::string& name, std::size_t max, std::string& out)
{
  std::array<char, 65536> chunk;  // not cleared: it is most of what a small file costs
  for (;;) {
    const std::size_t want = std::min(chunk.size() - 1, max - out.size()) + 1;
    const ssize_t got = ::read(fd, chunk.data(), want);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const Errc code = errno == EBADF || errno == EISDIR ? Errc::NoInput : Errc::Io;
      return file_error(code, name, errno);
    }
    if (got == 0) return {};
    out.append(chunk.data(), static_cast<std::size_t>(got));
    if (out.size() > max)
      return err(Errc::TooLarge, cat(name, ": more than the limit of ", max, " octets"));
  }
}

/// Where a symbolic link leads, so that renaming over it does not put a file in its place.
fs::path behind_links(const fs::path& path)
{
  std::error_code failed;
  fs::path real = fs::weakly_canonical(path, failed);
  return failed || !fs::is_symlink(path, failed) ? path : real;
}

Result<void> sync_folder(const fs::path& file)
{
  const fs::path parent = file.parent_path();
  const fs::path folder = parent.empty() ? fs::path(".") : parent;
  const Fd fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd.ok()) return err(Errc::Io, cat(folder.native(), ": ", errno_text(errno)));
  // some file systems cannot fsync a folder and say so by EINVAL: there is nothing more to do then
  if (::fsync(fd.get()) != 0 && errno != EINVAL)
    return err(Errc::Io,
               cat(folder.native(), ": cannot make the change durable: ", errno_text(errno)));
  return {};
}

/// rename(2), or one that fails with EEXIST.
int move_into_place(const fs::path& from, const fs::path& to, bool replace)
{
  if (replace) return ::rename(from.c_str(), to.c_str());
  const int moved = ::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE);
  if (moved == 0 || (errno != EINVAL && errno != ENOSYS)) return moved;
  // a file system without that call: link(2) refuses just as well, and the temporary name goes
  if (::link(from.c_str(), to.c_str()) != 0) return -1;
  return ::unlink(from.c_str());
}

/// ".NAME.XXXXXX.tmp", shortened where NAME is near the file system's 255 octets.
fs::path temp_pattern(const fs::path& target)
{
  constexpr std::size_t longest_name = 200;
  const std::string name = target.filename().native().substr(0, longest_name);
  return target.parent_path() / cat('.', name, ".XXXXXX.tmp");
}

}  // namespace

Result<std::string> read_file(const fs::path& path, std::size_t max)
{
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "standard input" : path.native();
  const Fd opened(standard_input ? -1 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!standard_input && !opened.ok())
    return file_error(Errc::NoInput, name, errno);
  const int fd = standard_input ? STDIN_FILENO : opened.get();

  struct stat info {};
  if (::fstat(fd, &info) != 0) return file_error(Errc::NoInput, name, errno);
  if (S_ISDIR(info.st_mode)) return file_error(Errc::NoInput, name, EISDIR);
  std::string out;
  if (S_ISREG(info.st_mode)) {
    const auto size = static_cast<std::size_t>(info.st_size);
    if (!standard_input && size > max)
      return err(Errc::TooLarge, cat(name, ": ", size, " octets are more than the limit of ", max));
    out.reserve(std::min(size, max) + 1);
  }
  IMIP_CHECK(read_rest(fd, name, max, out));
  return out;
}

AtomicFile::AtomicFile(fs::path target, fs::path temp, int fd)
    : target_(std::move(target)), temp_(std::move(temp)), fd_(fd)
{
}

AtomicFile::AtomicFile(AtomicFile&& other) noexcept
    : target_(std::move(other.target_)), temp_(std::move(other.temp_)), fd_(other.fd_)
{
  other.fd_ = -1;
  other.temp_.clear();
}

AtomicFile::~AtomicFile()
{
  if (fd_ >= 0) ::close(fd_);
  if (!temp_.empty()) ::unlink(temp_.c_str());
}

Result<AtomicFile> AtomicFile::create(const fs::path& target, unsigned mode)
{
  const fs::path real = behind_links(target);
  const std::string& name = target.native();
  struct stat info {};
  const bool exists = ::stat(real.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode))
    return file_error(Errc::CannotCreate, name, EISDIR, FileUse::Write);
  if (exists && !S_ISREG(info.st_mode)) {
    // a device or a pipe is written into: a rename would put a plain file in its place
    const int fd = ::open(real.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return file_error(create_code(errno), name, errno, FileUse::Write);
    return AtomicFile(real, {}, fd);
  }
  std::string temp = temp_pattern(real).native();
  constexpr int suffix = 4;  // ".tmp"
  const int fd = ::mkostemps(temp.data(), suffix, O_CLOEXEC);
  if (fd < 0)
    return err(create_code(errno), cat(name, ": cannot write here: ", errno_text(errno)),
               write_hint(errno));
  AtomicFile file(real, temp, fd);
  if (::fchmod(fd, static_cast<mode_t>(mode & 07777)) != 0)
    return err(create_code(errno), cat(name, ": cannot set its mode: ", errno_text(errno)));
  return file;
}

Result<void> AtomicFile::write(std::string_view octets)
{
  while (!octets.empty()) {
    const ssize_t put = ::write(fd_, octets.data(), octets.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0)
      return file_error(Errc::Io, target_.native(), errno, FileUse::Write);
    octets.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

Result<void> AtomicFile::commit()
{
  return finish(true);
}
Result<void> AtomicFile::commit_new()
{
  return finish(false);
}

/// @return true: a name is still to be given; false: it was written in place
Result<bool> AtomicFile::close_synced()
{
  if (fd_ < 0) return err(Errc::Internal, cat(target_.native(), ": committed twice"));
  const bool in_place = temp_.empty();
  // EINVAL, EROFS: a device or pipe has nothing to sync
  if (::fsync(fd_) != 0 && !(in_place && (errno == EINVAL || errno == EROFS)))
    return file_error(Errc::Io, target_.native(), errno, FileUse::Write);
  const int fd = fd_;
  fd_ = -1;
  if (::close(fd) != 0 && errno != EINTR)
    return file_error(Errc::Io, target_.native(), errno, FileUse::Write);
  return !in_place;
}

Result<void> AtomicFile::finish(bool replace)
{
  IMIP_TRY(const bool named_later, close_synced());
  if (!named_later) return {};
  if (move_into_place(temp_, target_, replace) != 0)
    return err(!replace && errno == EEXIST ? Errc::Conflict : Errc::Io,
               cat(target_.native(), ": cannot be replaced: ", errno_text(errno)),
               write_hint(errno));
  temp_.clear();
  return sync_folder(target_);
}

Result<bool> AtomicFile::commit_over(const std::function<bool(const fs::path&)>& is_expected)
{
  struct stat ours {};
  if (fd_ >= 0 && ::fstat(fd_, &ours) != 0)
    return err(Errc::Io, cat(target_.native(), ": ", errno_text(errno)));
  IMIP_TRY(const bool named_later, close_synced());
  if (!named_later) return true;
  const auto exchange = [&] {
    return ::renameat2(AT_FDCWD, temp_.c_str(), AT_FDCWD, target_.c_str(), RENAME_EXCHANGE);
  };
  if (exchange() != 0) {
    if (errno != EINVAL && errno != ENOSYS && errno != ENOENT)
      return err(Errc::Io, cat(target_.native(), ": cannot be replaced: ", errno_text(errno)),
                 write_hint(errno));
    if (errno == ENOENT || !is_expected(target_)) return false;
    if (::rename(temp_.c_str(), target_.c_str()) != 0)
      return err(Errc::Io, cat(target_.native(), ": cannot be replaced: ", errno_text(errno)),
                 write_hint(errno));
    temp_.clear();
    IMIP_CHECK(sync_folder(target_));
    return true;
  }
  if (!is_expected(temp_)) {
    struct stat back {};
    if (exchange() != 0)
      return err(Errc::Io, cat(target_.native(), ": is now ", temp_.native(), ": ", errno_text(errno)),
                 "rename it back");
    if (::stat(temp_.c_str(), &back) != 0 || back.st_ino == ours.st_ino) return false;
    // Within this moment somebody replaced ours, perhaps made of ours: that is the newest and stays, but what
    // they had written just before must not go with it.
    static_cast<void>(exchange());
    const std::string kept = temp_.native().substr(0, temp_.native().size() - 3) + "kept";
    if (::rename(temp_.c_str(), kept.c_str()) == 0) temp_.clear();
    return err(Errc::TryAgain,
               cat(target_.native(), ": another program wrote it twice within a moment; what it wrote first is ",
                   kept),
               "compare the two, then remove that one");
  }
  // the destructor takes what was replaced away
  IMIP_CHECK(sync_folder(target_));
  return true;
}

Result<void> write_file(const fs::path& target, std::string_view octets, unsigned mode)
{
  IMIP_TRY(AtomicFile file, AtomicFile::create(target, mode));
  IMIP_CHECK(file.write(octets));
  return file.commit();
}

namespace {

Result<void> owned_by_us(const std::string& name, const struct stat& info)
{
  if (info.st_uid == ::geteuid() || info.st_uid == 0) return {};
  return err(Errc::Config, cat(name, ": belongs to another user (uid ", info.st_uid, ")"),
             "it must be yours or root's");
}

/// `path` itself and the folder that its last component lies in; links are judged where they lie.
Result<void> private_here(const fs::path& path, int (*examine)(const char*, struct stat*))
{
  struct stat file {};
  if (examine(path.c_str(), &file) != 0)
    return err(errno == ENOENT ? Errc::NoInput : Errc::Config,
               cat(path.native(), ": ", errno_text(errno)));
  IMIP_CHECK(owned_by_us(path.native(), file));
  constexpr mode_t others_write = S_IWGRP | S_IWOTH;
  if (!S_ISLNK(file.st_mode) && (file.st_mode & others_write) != 0)
    return err(Errc::Config, cat(path.native(), ": other users may write it"),
               cat("chmod go-w ", path.native()));

  fs::path folder = path.parent_path();
  if (folder.empty()) folder = ".";
  struct stat around {};
  if (::stat(folder.c_str(), &around) != 0)
    return err(Errc::Config, cat(folder.native(), ": ", errno_text(errno)));
  IMIP_CHECK(owned_by_us(folder.native(), around));
  const bool kept_by_sticky = (around.st_mode & S_ISVTX) != 0 && file.st_uid == ::geteuid();
  if ((around.st_mode & others_write) != 0 && !kept_by_sticky)
    return err(Errc::Config,
               cat(folder.native(), ": other users may write this folder, in which ",
                   path.filename().native(), " lies"),
               cat("chmod go-w ", folder.native()));
  return {};
}

/// Of /dev/stdin, /dev/fd/N and /proc/self/fd/N: N.
std::optional<int> descriptor_in(const fs::path& path)
{
  if (path == "/dev/stdin") return STDIN_FILENO;
  const std::string name = path.filename().native();
  int number = 0;
  const auto [end, failed] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (name.empty() || failed != std::errc{} || end != name.data() + name.size()) return {};
  std::error_code unknown;
  if (fs::canonical(path.parent_path(), unknown) != fs::path(cat("/proc/", ::getpid(), "/fd")))
    return {};
  return number;
}

/// Open already: no folder leads to it any more, and a pipe or a socket is whoever's who gave it to us.
Result<void> private_descriptor(const std::string& name, int fd)
{
  struct stat info {};
  if (::fstat(fd, &info) != 0) return file_error(Errc::NoInput, name, errno);
  if (!S_ISREG(info.st_mode)) return {};
  IMIP_CHECK(owned_by_us(name, info));
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) == 0) return {};
  return err(Errc::Config, cat(name, ": other users may write the file that it is"),
             "take their right to write it (chmod go-w)");
}

}  // namespace

Result<void> require_private(const fs::path& path)
{
  if (const auto fd = descriptor_in(path)) return private_descriptor(path.native(), *fd);
  fs::path named = path;
  if (!named.has_filename() && named.has_relative_path()) named = named.parent_path();  // "a/b/"
  IMIP_CHECK(private_here(named, ::lstat));
  std::error_code failed;
  const fs::path real = fs::canonical(named, failed);
  if (failed)
    return err(failed == std::errc::no_such_file_or_directory ? Errc::NoInput : Errc::Config,
               cat(path.native(), ": ", errno_text(failed.value())));
  return private_here(real, ::stat);
}

namespace {

Result<void> make_folder(const fs::path& path)
{
  if (::mkdir(path.c_str(), S_IRWXU) == 0 || errno == EEXIST) return {};
  const fs::path parent = path.parent_path();
  if (errno == ENOENT && !parent.empty() && parent != path) {
    IMIP_CHECK(make_folder(parent));
    if (::mkdir(path.c_str(), S_IRWXU) == 0 || errno == EEXIST) return {};
  }
  return err(create_code(errno), cat(path.native(), ": cannot be made: ", errno_text(errno)),
             write_hint(errno));
}

}  // namespace

Result<void> make_private_folder(const fs::path& path)
{
  const fs::path named = path.has_filename() ? path : path.parent_path();
  IMIP_CHECK(make_folder(named));
  struct stat info {};
  if (::stat(named.c_str(), &info) == 0 && !S_ISDIR(info.st_mode))
    return err(Errc::Config, cat(path.native(), ": is not a folder"));
  return require_private(named);
}

}  // namespace imip
