#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <chrono>
#include <thread>

#include "base/cat.hpp"
#include "base/file_error.hpp"
#include "base/posix.hpp"
#include "store/calendar_store.hpp"
#include "store/detail/folder.hpp"

namespace imip::store {

Lock::Lock(int fd) : fd_(fd) {}
Lock::Lock(Lock&& other) noexcept : fd_(other.fd_)
{
  other.fd_ = -1;
}
Lock::~Lock()
{
  if (fd_ >= 0) ::close(fd_);
}

Result<Lock> Lock::take(const std::filesystem::path& store, const std::filesystem::path& state_dir,
                        int timeout_ms)
{
  if (state_dir.empty())
    return err(Errc::Internal, cat(store.native(), ": a store without state cannot be locked"));
  const std::filesystem::path file = state_dir / cat("lock-", store_key(store));
  const int fd = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
  if (fd < 0) return file_error(Errc::TryAgain, file.native(), errno, FileUse::Write);
  Lock held(fd);
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  constexpr std::chrono::milliseconds pause{10};
  while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR)
      return err(Errc::TryAgain, cat(file.native(), ": cannot be locked: ", errno_text(errno)));
    if (std::chrono::steady_clock::now() >= end)
      return err(Errc::TryAgain, cat(store.native(), ": another imip is changing this calendar"),
                 "try again");
    std::this_thread::sleep_for(pause);
  }
  return held;
}

}  // namespace imip::store
