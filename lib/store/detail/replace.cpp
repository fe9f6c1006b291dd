#include "store/detail/replace.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>

#include "base/cat.hpp"
#include "base/handle.hpp"
#include "base/posix.hpp"

namespace imip::store::detail {
namespace {

Result<void> give(const AtomicFile& file, uid_t user, gid_t group, const std::filesystem::path& name)
{
  if (::fchown(file.descriptor(), user, group) == 0) return {};
  return err(Errc::Permission,
             cat(name.native(), ": cannot be given to its owner: ", errno_text(errno)));
}

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// The NAME of ".NAME.XXXXXX.tmp"; empty: it is none of ours.
std::string_view name_in(std::string_view temporary)
{
  constexpr std::string_view suffix = ".tmp";
  constexpr std::size_t random = 6;
  if (temporary.size() < random + suffix.size() + 3 || temporary.front() != '.' ||
      !temporary.ends_with(suffix))
    return {};
  const std::string_view rest = temporary.substr(1, temporary.size() - 1 - suffix.size());
  const std::string_view name = rest.substr(0, rest.size() - random - 1);
  const bool ours = rest[name.size()] == '.' &&
                    rest.substr(name.size() + 1).find_first_not_of(letters) == std::string_view::npos;
  return ours ? name : std::string_view();
}

bool is_old(const std::string& file)
{
  constexpr std::time_t hour = 3600;
  struct stat info {};
  return ::lstat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         (info.st_uid == ::geteuid() || ::geteuid() == 0) && ::time(nullptr) - info.st_mtime >= hour;
}

bool same_octets(const std::string& a, const std::string& b)
{
  std::ifstream first(a, std::ios::binary);
  std::ifstream second(b, std::ios::binary);
  return first && second &&
         std::equal(std::istreambuf_iterator<char>(first), {},
                    std::istreambuf_iterator<char>(second), {});
}

/// It may be what another program wrote while imip put its own text there and was killed: that goes
/// only where the calendar has it.
void put_away(const std::string& leftover, const std::string& object)
{
  struct stat info {};
  const bool empty = ::lstat(leftover.c_str(), &info) == 0 && info.st_size == 0;
  if (empty || same_octets(leftover, object)) {
    ::unlink(leftover.c_str());
  } else {
    const std::string kept = leftover.substr(0, leftover.size() - 3) + "kept";
    static_cast<void>(::rename(leftover.c_str(), kept.c_str()) == 0);
  }
}

}  // namespace

bool is_leftover_name(std::string_view entry)
{
  return is_object_name(name_in(entry));
}

void remove_leftovers(const std::filesystem::path& folder, const std::string& name)
{
  const Handle<DIR, ::closedir> open(::opendir(folder.c_str()));
  if (open == nullptr) return;
  while (const dirent* entry = ::readdir(open.get())) {
    const std::string_view of = name_in(entry->d_name);
    const bool wanted = name.empty() ? is_object_name(of) : !of.empty() && of == name;
    if (!wanted) continue;
    const std::string file = (folder / entry->d_name).native();
    if (is_old(file)) put_away(file, (folder / of).native());
  }
}

std::optional<bool> is_being_written(const std::filesystem::path& path)
{
  // A read lease is not given while anybody has the file open for writing (fcntl(2)).
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd.ok()) return std::nullopt;
  if (::fcntl(fd.get(), F_SETLEASE, F_RDLCK) == 0) {
    ::fcntl(fd.get(), F_SETLEASE, F_UNLCK);
    return false;
  }
  if (errno == EAGAIN) return true;
  return std::nullopt;
}

Result<bool> replace_file(const std::filesystem::path& path, const Stamp& read, std::string_view octets)
{
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return false;
  constexpr mode_t permissions = 07777;
  IMIP_TRY(AtomicFile file, AtomicFile::create(path, info.st_mode & permissions));
  const uid_t user = ::geteuid();
  if (user == 0 && info.st_uid != user) {
    IMIP_CHECK(give(file, info.st_uid, info.st_gid, path));
  } else if (info.st_gid != ::getegid()) {
    // the group of a shared calendar, where we may give it
    static_cast<void>(::fchown(file.descriptor(), static_cast<uid_t>(-1), info.st_gid) == 0);
  }
  if (::fchmod(file.descriptor(), info.st_mode & permissions) != 0)  // fchown takes bits away
    return err(Errc::Permission, cat(path.native(), ": cannot set its mode: ", errno_text(errno)));
  IMIP_CHECK(file.write(octets));
  if (stamp_of_file(path) != read || is_being_written(path).value_or(false)) return false;
  return file.commit_over([&](const std::filesystem::path& replaced) {
    return stamp_of_file(replaced) == read && !is_being_written(replaced).value_or(false);
  });
}

Result<bool> remove_file(const std::filesystem::path& path, const Stamp& read)
{
  const auto failure = [&] {
    const bool forbidden = errno == EACCES || errno == EPERM;
    return err(forbidden ? Errc::Permission : Errc::CannotCreate,
               cat(path.native(), ": cannot be removed: ", errno_text(errno)));
  };
  if (stamp_of_file(path) != read || is_being_written(path).value_or(false)) return false;
  // First to a name that only we know: between looking and unlinking another program may have replaced it.
  std::string aside = (path.parent_path() / cat('.', path.filename().native(), ".XXXXXX.tmp")).native();
  constexpr int suffix = 4;  // ".tmp"
  const Fd taken(::mkostemps(aside.data(), suffix, O_CLOEXEC));
  if (!taken.ok()) return failure();
  if (::rename(path.c_str(), aside.c_str()) != 0) {
    const int number = errno;
    ::unlink(aside.c_str());
    errno = number;
    if (errno == ENOENT) return false;
    return failure();
  }
  const auto put_back = [&] {
    static_cast<void>(::renameat2(AT_FDCWD, aside.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) == 0);
  };
  if (stamp_of_file(aside) != read) {
    put_back();
    return false;
  }
  if (::unlink(aside.c_str()) != 0) {
    const int number = errno;
    put_back();
    errno = number;
    return failure();
  }
  const Fd folder(::open(path.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!folder.ok() || (::fsync(folder.get()) != 0 && errno != EINVAL))
    return err(Errc::Io, cat(path.parent_path().native(), ": ", errno_text(errno)));
  return true;
}

Result<void> require_own(const std::filesystem::path& store)
{
  struct stat info {};
  if (::geteuid() == 0 && ::stat(store.c_str(), &info) == 0 && info.st_uid != 0)
    return err(Errc::Config, cat(store.native(), ": belongs to another user (uid ", info.st_uid, ")"),
               cat("run imip as that user: setpriv --reuid ", info.st_uid, " --regid ", info.st_gid,
                   " --init-groups imip ..."));
  return require_private(store);
}

}  // namespace imip::store::detail
