#include "cli/passphrase.hpp"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/cat.hpp"
#include "base/file_error.hpp"
#include "base/posix.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"

namespace imip::cli {

namespace {

constexpr std::size_t longest = 1024;  // octets of a passphrase; OpenSSL takes no more

// What is read is wiped from here; whoever gets the string wipes that.
class Line {
 public:
  ~Line() { ::explicit_bzero(octets_.data(), octets_.size()); }
  /// Up to a newline or the end. @errors Errc::Permission
  Result<std::string> read(int fd, const std::string& name)
  {
    std::size_t n = 0;
    while (n < octets_.size()) {
      const ssize_t got = ::read(fd, octets_.data() + n, 1);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return err(Errc::Permission, cat(name, ": ", errno_text(errno)));
      if (got == 0 || octets_[n] == '\n') break;
      ++n;
    }
    if (n == octets_.size())
      return err(Errc::Permission, cat(name, ": its first line is too long for a passphrase"));
    if (n > 0 && octets_[n - 1] == '\r') --n;
    return std::string(octets_.data(), n);
  }

 private:
  std::array<char, longest> octets_{};
};

Result<std::string> from_file(const std::string& path)
{
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!fd.ok()) return file_error(Errc::NoInput, path, errno);
  return Line().read(fd.get(), path);
}

/// What was taken out of the environment, which every program that we start would inherit, and
/// gpg-agent keep.
class Taken {
 public:
  static Taken& all()
  {
    static Taken taken;
    return taken;
  }
  Taken(const Taken&) = delete;
  Taken& operator=(const Taken&) = delete;
  ~Taken()
  {
    for (auto& [name, value] : values_) ::explicit_bzero(value.data(), value.size());
  }
  /// @errors Errc::Permission
  Result<std::string> get(const std::string& name)
  {
    const std::lock_guard lock(mutex_);
    if (char* value = std::getenv(name.c_str()); value != nullptr) {
      values_.emplace(name, value);
      ::explicit_bzero(value, ::strlen(value));
      ::unsetenv(name.c_str());
    }
    const auto found = values_.find(name);
    if (found == values_.end())
      return err(Errc::Permission, cat("the environment has no ", name), "set it, or name another");
    return found->second;
  }

 private:
  Taken() = default;
  std::mutex mutex_;
  std::map<std::string, std::string> values_;
};

Result<std::string> from_environment(const std::string& name)
{
  return Taken::all().get(name);
}

void take(const std::string& name)
{
  if (auto value = from_environment(name)) ::explicit_bzero(value->data(), value->size());
}

// What a signal gives back before it ends us: a terminal that stays without echo is of no use to anybody.
int quiet_tty = -1;
struct termios quiet_before = {};

extern "C" void give_terminal_back(int signal)
{
  static_cast<void>(::tcsetattr(quiet_tty, TCSANOW, &quiet_before));
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

/// One at a time.
class EchoOff {
 public:
  explicit EchoOff(int tty)
  {
    if (::tcgetattr(tty, &quiet_before) != 0) return;
    quiet_tty = tty;
    struct sigaction ours = {};
    ours.sa_handler = give_terminal_back;
    for (std::size_t i = 0; i < signals.size(); ++i) {
      static_cast<void>(::sigaction(signals[i], nullptr, &before_[i]));
      if (before_[i].sa_handler == SIG_DFL) static_cast<void>(::sigaction(signals[i], &ours, nullptr));
    }
    struct termios quiet = quiet_before;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(tty, TCSAFLUSH, &quiet) == 0;
  }
  EchoOff(const EchoOff&) = delete;
  EchoOff& operator=(const EchoOff&) = delete;
  ~EchoOff()
  {
    if (quiet_tty < 0) return;
    if (changed_) static_cast<void>(::tcsetattr(quiet_tty, TCSAFLUSH, &quiet_before));
    for (std::size_t i = 0; i < signals.size(); ++i)
      static_cast<void>(::sigaction(signals[i], &before_[i], nullptr));
    quiet_tty = -1;
  }
  [[nodiscard]] bool ok() const { return changed_; }

 private:
  static constexpr std::array<int, 4> signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
  std::array<struct sigaction, signals.size()> before_ = {};
  bool changed_ = false;
};

Result<std::string> from_terminal(const std::string& what)
{
  const Fd tty(::open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (!tty.ok())
    return err(Errc::Permission,
               cat(what, ": needs a passphrase, and there is no terminal to ask on"),
               "give --passphrase-file, --passphrase-fd or --passphrase-env, or passphrase in "
               "[[identity]]");
  const EchoOff echo(tty.get());
  if (!echo.ok())
    return err(Errc::Permission, cat(what, ": the terminal would show the passphrase"));
  const auto say = [&](const std::string& words) {
    static_cast<void>(!::write(tty.get(), words.data(), words.size()));
  };
  say(cat("Passphrase for ", text::for_terminal(what), ": "));
  auto line = Line().read(tty.get(), "terminal");
  say("\n");
  return line;
}

Result<std::string> find(const KeyOptions& keys, const policy::Identity* entry,
                         const std::string& what)
{
  if (!keys.passphrase_file.empty()) return from_file(keys.passphrase_file);
  if (keys.passphrase_fd)
    return Line().read(*keys.passphrase_fd, cat("descriptor ", *keys.passphrase_fd));
  if (!keys.passphrase_env.empty()) return from_environment(keys.passphrase_env);
  if (entry != nullptr && entry->passphrase_file) return from_file(*entry->passphrase_file);
  if (entry != nullptr && entry->passphrase_fd)
    return Line().read(*entry->passphrase_fd, cat("descriptor ", *entry->passphrase_fd));
  if (entry != nullptr && entry->passphrase_env) return from_environment(*entry->passphrase_env);
  return from_terminal(what);
}

bool is_standard_input(const std::string& file)
{
  return file == "/dev/stdin" || file == "/dev/fd/0" || file == "/proc/self/fd/0";
}

// Opening it could wait for whoever writes to a pipe.
Result<void> check_file(const std::string& path)
{
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0 || ::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0)
    return file_error(Errc::NoInput, path, errno);
  if (S_ISDIR(info.st_mode)) return file_error(Errc::NoInput, path, EISDIR);
  return require_private_flag(path);
}

// A descriptor gives its line once, but an identity with a key in two forms may ask again.
class Remembered {
 public:
  ~Remembered() { ::explicit_bzero(text_.data(), text_.size()); }
  std::mutex mutex_;  // several threads may need the same key
  std::string text_;
  bool known_ = false;
};

}  // namespace

crypto::PassphraseSource passphrase_source(const KeyOptions& keys, const policy::Identity* entry)
{
  auto memory = std::make_shared<Remembered>();
  return [keys, memory, entry = entry != nullptr ? std::optional(*entry) : std::nullopt](
             const std::string& what) -> Result<std::string> {
    const std::lock_guard lock(memory->mutex_);
    if (!memory->known_) {
      IMIP_TRY(memory->text_, find(keys, entry ? &*entry : nullptr, what));
      memory->known_ = true;
    }
    return memory->text_;
  };
}

void take_passphrases(const KeyOptions& keys, const policy::Policy& policy)
{
  if (!keys.passphrase_env.empty()) take(keys.passphrase_env);
  for (const policy::Identity& identity : policy.identities)
    if (identity.passphrase_env) take(*identity.passphrase_env);
}

Result<void> check_passphrase(const KeyOptions& keys, const std::vector<std::string>& inputs)
{
  const std::string& file = keys.passphrase_file;
  const bool mail_on_standard_input =
      inputs.empty() || std::any_of(inputs.begin(), inputs.end(), [](const std::string& name) {
        return name.empty() || name == "-" || is_standard_input(name);
      });
  if (mail_on_standard_input && (keys.passphrase_fd == STDIN_FILENO || is_standard_input(file)))
    return err(Errc::Usage, "standard input is the mail, and holds no passphrase",
               "name the mail as FILE, or take the passphrase from elsewhere");
  if (!file.empty()) return check_file(file);
  if (keys.passphrase_fd && ::fcntl(*keys.passphrase_fd, F_GETFD) == -1)
    return err(Errc::Permission, cat("descriptor ", *keys.passphrase_fd, ": ", errno_text(errno)));
  if (!keys.passphrase_fd && !keys.passphrase_env.empty()) {
    auto value = from_environment(keys.passphrase_env);
    if (!value) return tl::unexpected<Error>(std::move(value).error());
    ::explicit_bzero(value->data(), value->size());
  }
  return {};
}

}  // namespace imip::cli
