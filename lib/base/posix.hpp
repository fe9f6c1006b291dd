/// @file Small things about POSIX calls that more than one room needs.
#pragma once
#include <unistd.h>
#include <cctype>
#include <string>
#include <system_error>

namespace imip {

/// The system's words for an errno value, as they fit inside our own: "no such file or directory".
[[nodiscard]] inline std::string errno_text(int number)
{
  std::string text = std::generic_category().message(number);
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

/// A file descriptor that closes itself; -1 is none.
class Fd {
 public:
  explicit Fd(int fd = -1) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(other.release()) {}
  Fd& operator=(Fd&&) = delete;
  ~Fd()
  {
    if (fd_ >= 0) ::close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool ok() const { return fd_ >= 0; }
  int release()
  {
    const int fd = fd_;
    fd_ = -1;
    return fd;
  }

 private:
  int fd_;
};

}  // namespace imip
