#include "crypto/detail/apart.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/cat.hpp"

namespace imip::crypto {
namespace {

using Clock = std::chrono::steady_clock;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  void close()
  {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void reset(int fd)
  {
    close();
    fd_ = fd;
  }
  [[nodiscard]] int get() const { return fd_; }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor in, out;  // to read from, to write to
  bool open()
  {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC) != 0) return false;
    in.reset(fds[0]);
    out.reset(fds[1]);
    return true;
  }
};

// What the child answers with: the sizes of three texts, then the texts. A value is the third.
struct Frame {
  std::uint64_t failed = 0;  // the Errc, or 0
  std::array<std::uint64_t, 3> sizes{};
};

bool write_all(int fd, const char* p, std::size_t n)
{
  while (n > 0) {
    const ssize_t k = ::write(fd, p, n);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) return false;
    p += k;
    n -= static_cast<std::size_t>(k);
  }
  return true;
}

void answer(int fd, const Result<std::string>& result)
{
  Frame frame;
  std::array<std::string_view, 3> texts{};
  if (result) {
    texts[2] = *result;
  } else {
    frame.failed = static_cast<std::uint64_t>(result.error().code);
    texts[0] = result.error().what;
    texts[1] = result.error().hint;
  }
  for (std::size_t i = 0; i < texts.size(); ++i) frame.sizes[i] = texts[i].size();
  bool ok = write_all(fd, reinterpret_cast<const char*>(&frame), sizeof frame);
  for (const std::string_view t : texts) ok = ok && write_all(fd, t.data(), t.size());
}

[[noreturn]] void be_the_child(const std::function<Result<std::string>()>& work, int result,
                               int output, std::chrono::milliseconds limit)
{
  ::setsid();  // no terminal: a library that asks for a PIN gets none
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (null < 0 || ::dup2(null, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) ::_exit(1);
  // should the parent be gone by then
  ::alarm(static_cast<unsigned>(std::chrono::ceil<std::chrono::seconds>(limit).count()) + 5);
  ::signal(SIGALRM, SIG_DFL);
  try {
    answer(result, work());
  } catch (...) {
    ::_exit(1);
  }
  ::_exit(0);
}

std::optional<Result<std::string>> complete(const std::string& got)
{
  Frame frame;
  if (got.size() < sizeof frame) return {};
  std::memcpy(&frame, got.data(), sizeof frame);
  std::array<std::string, 3> texts;
  std::size_t at = sizeof frame;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (got.size() - at < frame.sizes[i]) return {};
    texts[i] = got.substr(at, frame.sizes[i]);
    at += frame.sizes[i];
  }
  if (frame.failed == 0) return std::move(texts[2]);
  return Result<std::string>(
      err(static_cast<Errc>(frame.failed), std::move(texts[0]), std::move(texts[1])));
}

// false: nothing more will come
bool read_some(int fd, std::string& to, std::size_t most)
{
  std::array<char, 65'536> piece{};
  const ssize_t n = ::read(fd, piece.data(), piece.size());
  if (n < 0) return errno == EINTR || errno == EAGAIN;
  const auto room = most - std::min(to.size(), most);
  to.append(piece.data(), std::min(static_cast<std::size_t>(n), room));
  return n > 0;
}

// Until the answer is there, or cannot come any more. Not until the output ends: a daemon that a
// library started may hold it for ever.
bool listen(int result, int output, Clock::time_point until, std::string& got, std::string& said)
{
  constexpr std::size_t most_said = 4096;
  std::array<pollfd, 2> fds = {{{result, POLLIN, 0}, {output, POLLIN, 0}}};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    const int n = ::poll(fds.data(), fds.size(), static_cast<int>(std::min<long>(left, 60'000)));
    if (n < 0 && errno != EINTR) return true;
    if (n <= 0) continue;
    if (fds[1].revents != 0 && !read_some(output, said, most_said)) fds[1].fd = -1;
    if (fds[0].revents == 0) continue;
    if (!read_some(result, got, got.max_size()) || complete(got)) return true;
  }
}

std::string one_line(std::string said)
{
  while (!said.empty() && said.back() == '\n') said.pop_back();
  for (auto at = said.find('\n'); at != std::string::npos; at = said.find('\n', at))
    said.replace(at, 1, "; ");
  return said;
}

}  // namespace

Apart run_apart(const std::function<Result<std::string>()>& work, std::chrono::milliseconds limit)
{
  Pipe result;
  Pipe output;
  const bool piped = result.open() && output.open();
  const pid_t child = piped ? ::fork() : -1;
  if (child < 0)
    return {err(Errc::Unavailable, cat("cannot start a process: ", std::strerror(errno))), {}};
  if (child == 0) be_the_child(work, result.out.get(), output.out.get(), limit);
  result.out.close();
  output.out.close();
  std::string got;
  std::string said;
  const bool in_time = listen(result.in.get(), output.in.get(), Clock::now() + limit, got, said);
  if (!in_time) ::kill(child, SIGKILL);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  ::fcntl(output.in.get(), F_SETFL, O_NONBLOCK);
  static_cast<void>(read_some(output.in.get(), said, 4096));
  said = one_line(std::move(said));
  if (!in_time)
    return {err(Errc::TryAgain, cat("no answer within ", limit.count() / 1000, " seconds")), said};
  if (auto whole = complete(got)) return {*std::move(whole), said};
  return {
      err(Errc::Unavailable, WIFSIGNALED(status) ? cat("it crashed (signal ", WTERMSIG(status), ")")
                                                 : std::string("it ended without an answer")),
      said};
}

}  // namespace imip::crypto
