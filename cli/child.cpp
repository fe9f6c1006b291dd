#include "cli/child.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "base/cat.hpp"
#include "base/posix.hpp"

extern char** environ;

namespace imip::cli {

namespace {

class Actions {
 public:
  Actions() { ::posix_spawn_file_actions_init(&actions_); }
  Actions(const Actions&) = delete;
  Actions& operator=(const Actions&) = delete;
  ~Actions() { ::posix_spawn_file_actions_destroy(&actions_); }
  posix_spawn_file_actions_t* get() { return &actions_; }

 private:
  posix_spawn_file_actions_t actions_;
};

class Attributes {
 public:
  Attributes() { ::posix_spawnattr_init(&attributes_); }
  Attributes(const Attributes&) = delete;
  Attributes& operator=(const Attributes&) = delete;
  ~Attributes() { ::posix_spawnattr_destroy(&attributes_); }
  posix_spawnattr_t* get() { return &attributes_; }

 private:
  posix_spawnattr_t attributes_;
};

Result<pid_t> start(const std::vector<std::string>& words, int input)
{
  std::vector<std::string> copy = words;
  std::vector<char*> argv;
  for (std::string& word : copy) argv.push_back(word.data());
  argv.push_back(nullptr);
  Actions actions;
  ::posix_spawn_file_actions_adddup2(actions.get(), input, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(actions.get(), STDERR_FILENO, STDOUT_FILENO);
  Attributes attributes;
  sigset_t defaults;
  ::sigemptyset(&defaults);
  ::sigaddset(&defaults, SIGPIPE);  // which the caller ignores
  ::posix_spawnattr_setsigdefault(attributes.get(), &defaults);
  ::posix_spawnattr_setflags(attributes.get(), POSIX_SPAWN_SETSIGDEF);
  pid_t child = -1;
  const int failure = ::posix_spawnp(&child, argv.front(), actions.get(), attributes.get(),
                                     argv.data(), environ);
  if (failure != 0)
    return err(Errc::Unavailable, cat(words.front(), ": ", errno_text(failure)));
  return child;
}

// A reader that is satisfied early is no failure of ours: its exit status tells.
Result<void> feed(int fd, std::string_view input)
{
  while (!input.empty()) {
    const ssize_t n = ::write(fd, input.data(), input.size());
    if (n < 0 && errno == EPIPE) return {};
    if (n < 0 && errno != EINTR) return err(Errc::Io, cat("to the program: ", errno_text(errno)));
    if (n > 0) input.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

}  // namespace

Result<int> run_with_input(const std::vector<std::string>& words, std::string_view input)
{
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return err(Errc::Io, cat("pipe: ", errno_text(errno)));
  pid_t child = -1;
  Result<void> fed;
  {
    const Fd write_end(ends[1]);
    {
      const Fd read_end(ends[0]);
      IMIP_TRY(child, start(words, read_end.get()));
    }
    fed = feed(write_end.get(), input);
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) return err(Errc::Io, cat(words.front(), ": ", errno_text(errno)));
  IMIP_CHECK(fed);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace imip::cli
