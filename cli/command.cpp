#include "cli/command.hpp"

#include <fcntl.h>
#include <pwd.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <iostream>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/file_error.hpp"
#include "base/text.hpp"

namespace imip::cli {

namespace {

namespace fs = std::filesystem;

// A variable that is set and not empty.
std::optional<std::string> environment(const char* name)
{
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

// The XDG base directory specification ignores relative paths.
std::optional<std::string> absolute_environment(const char* name)
{
  auto value = environment(name);
  if (value && value->front() != '/') return std::nullopt;
  return value;
}

std::string absolute(const std::string& path)
{
  std::error_code ec;
  const fs::path p = fs::absolute(path, ec);
  return ec ? path : p.lexically_normal().string();
}

Result<std::vector<CalAddress>> flag_addresses(const std::vector<std::string>& words,
                                               std::string_view flag)
{
  std::vector<CalAddress> out;
  for (const std::string& word : words) {
    const auto address = CalAddress::parse(word);
    if (!address)
      return err(Errc::Usage, cat(flag, " '", word, "': ", address.error().what),
                 address.error().hint);
    out.push_back(*address);
  }
  return out;
}

// The chosen addresses and what the policy says is the same calendar user.
void choose_owner(policy::Policy& policy, std::vector<CalAddress> me)
{
  const LocalPart mode = policy.owner.local_part;
  const auto listed = [&](const CalAddress& a) {
    return std::any_of(me.begin(), me.end(),
                       [&](const CalAddress& b) { return same_user(a, b, mode); });
  };
  bool grown = true;
  while (grown) {
    grown = false;
    for (const auto& [one, other] : policy.aliases) {
      if (listed(one) == listed(other)) continue;
      me.push_back(listed(one) ? other : one);
      grown = true;
    }
  }
  policy.owner.addresses = std::move(me);
}

void lay_over(policy::Policy& policy, const CommonOptions& common)
{
  if (!common.store.empty()) policy.store_path = absolute(common.store);
  if (!common.anchors.empty()) policy.anchors.clear();
  for (const std::string& file : common.anchors) {
    policy::Anchor anchor;
    anchor.file.path = absolute(file);
    anchor.origin.entry = "--anchor";
    policy.anchors.push_back(std::move(anchor));
  }
  if (!common.gpg_home.empty())
    policy.key_ring = policy::KeyRing{absolute(common.gpg_home), false, {{}, 0, "--gpg-home"}};
  // Added, not instead: what the policy revokes stays revoked.
  for (const std::string& file : common.intermediates)
    policy.intermediates.push_back(absolute(file));
  for (const std::string& file : common.crls) policy.crls.push_back(absolute(file));
}

/// What stands in for a file of the policy that nobody else may write is held to the same. What is missing, whoever
/// reads it tells.
Result<void> check_files(const CommonOptions& common)
{
  for (const auto* files : {&common.anchors, &common.intermediates, &common.crls})
    for (const std::string& file : *files) IMIP_CHECK(require_private_flag(file));
  if (common.gpg_home.empty()) return {};
  std::error_code failed;
  if (!fs::is_directory(common.gpg_home, failed))
    return err(Errc::Config, cat(common.gpg_home, ": there is no such key ring"),
               "--gpg-home names the folder that GNUPGHOME would");
  return require_private_flag(common.gpg_home);
}

bool is_there(const std::string& path)
{
  struct stat info = {};
  return ::lstat(path.c_str(), &info) == 0 || errno != ENOENT;
}

// Devices, pipes: written to, never replaced.
Result<void> write_special(const std::string& path, std::string_view octets)
{
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY);
  if (fd < 0) return file_error(Errc::CannotCreate, path, errno, FileUse::Write);
  int failure = 0;
  while (!octets.empty() && failure == 0) {
    const ssize_t n = ::write(fd, octets.data(), octets.size());
    if (n < 0 && errno != EINTR) failure = errno;
    if (n > 0) octets.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::close(fd) != 0 && failure == 0) failure = errno;
  if (failure != 0) return file_error(Errc::Io, path, failure, FileUse::Write);
  return {};
}

unsigned terminal_columns()
{
  if (const auto columns = environment("COLUMNS")) {
    unsigned n = 0;
    const auto [end, ec] = std::from_chars(columns->data(), columns->data() + columns->size(), n);
    if (ec == std::errc{} && end == columns->data() + columns->size() && n >= 20 && n <= 1000)
      return n;
  }
  struct winsize size = {};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) return size.ws_col;
  return 80;
}

bool wants_colour(const std::string& when, bool out_is_terminal)
{
  if (when == "always") return true;
  if (when == "never" || environment("NO_COLOR")) return false;
  const auto terminal = environment("TERM");
  return out_is_terminal && terminal && *terminal != "dumb";
}

}  // namespace

ExitCode exit_code_of(Errc code)
{
  switch (code) {
    case Errc::Internal:
      return ExitCode::Software;
    case Errc::Usage:
    case Errc::BadValue:  // a value on the command line: those of messages are BadMime, BadCalendar
      return ExitCode::Usage;
    case Errc::NoInput:
      return ExitCode::NoInput;
    case Errc::Io:
      return ExitCode::IoErr;
    case Errc::CannotCreate:
      return ExitCode::CantCreate;
    case Errc::Permission:
      return ExitCode::NoPerm;
    case Errc::TooLarge:
    case Errc::BadMime:
    case Errc::BadCalendar:
      return ExitCode::DataErr;
    case Errc::Refused:
    case Errc::NotFound:
      return ExitCode::Untrusted;
    case Errc::NeedsPerson:
      return ExitCode::Ask;
    case Errc::NothingToJudge:
      return ExitCode::NothingJudged;
    case Errc::Conflict:
    case Errc::TryAgain:
      return ExitCode::TempFail;
    case Errc::Unavailable:
      return ExitCode::Unavailable;
    case Errc::Config:
      return ExitCode::Config;
  }
  return ExitCode::Software;
}

ExitCode worst(ExitCode a, ExitCode b)
{
  static constexpr std::array order = {
      ExitCode::NothingJudged, ExitCode::Ok,      ExitCode::Ask,         ExitCode::Untrusted,
      ExitCode::DataErr,       ExitCode::NoInput, ExitCode::Unavailable, ExitCode::IoErr,
      ExitCode::CantCreate,    ExitCode::NoPerm,  ExitCode::TempFail,    ExitCode::Config,
      ExitCode::Usage,         ExitCode::Software};
  const auto rank = [](ExitCode code) { return std::find(order.begin(), order.end(), code); };
  return rank(a) < rank(b) ? b : a;
}

Result<void> require_private_flag(const std::string& file)
{
  auto checked = require_private(absolute(file));
  if (!checked && checked.error().code == Errc::NoInput) return {};
  return checked;
}

Result<std::string> home_directory()
{
  if (auto home = absolute_environment("HOME")) return *home;
  std::vector<char> buffer(16384);
  struct passwd entry = {};
  struct passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr || found->pw_dir == nullptr || found->pw_dir[0] != '/')
    return err(Errc::Config, "no home directory: HOME is not set and the user database has none",
               "set HOME, or name the files with --policy and --state");
  return std::string(found->pw_dir);
}

Result<std::string> policy_path(const CommonOptions& common)
{
  if (!common.policy.empty()) return absolute(common.policy);
  if (const auto named = environment("IMIP_POLICY")) return absolute(*named);
  if (const auto config = absolute_environment("XDG_CONFIG_HOME"))
    return cat(*config, "/imip/policy.toml");
  IMIP_TRY(const std::string home, home_directory());
  return cat(home, "/.config/imip/policy.toml");
}

Result<std::string> state_directory(const CommonOptions& common)
{
  if (!common.state.empty()) return absolute(common.state);
  if (const auto state = absolute_environment("XDG_STATE_HOME")) return cat(*state, "/imip");
  IMIP_TRY(const std::string home, home_directory());
  return cat(home, "/.local/state/imip");
}

Result<policy::Policy> load_policy(const CommonOptions& common)
{
  IMIP_TRY(const std::vector<CalAddress> me, flag_addresses(common.me, "--me"));
  IMIP_TRY(const std::string path, policy_path(common));
  const bool named = !common.policy.empty() || environment("IMIP_POLICY");
  policy::Policy policy;
  if (named || is_there(path)) {
    const auto home = home_directory();
    auto loaded = policy::load_policy(path, home ? *home : std::string("/"));
    // Whoever means to judge by a policy must not judge without it: absent is wrong, not missing.
    if (!loaded && loaded.error().code == Errc::NoInput) loaded.error().code = Errc::Config;
    IMIP_TRY(policy, std::move(loaded));
  }
  if (!me.empty()) choose_owner(policy, me);
  IMIP_CHECK(check_files(common));
  lay_over(policy, common);
  return policy;
}

Result<std::string> read_input(const std::string& file, const Limits& limits)
{
  auto octets = read_file(file.empty() ? "-" : file, limits.message_bytes);
  if (!octets && octets.error().code == Errc::TooLarge && octets.error().hint.empty())
    octets.error().hint = "the policy's [limits] message-bytes says how much is read";
  return octets;
}

Result<void> write_output(Context& context, const std::string& output, std::string_view octets)
{
  if (output.empty() || output == "-") {
    errno = 0;
    context.out.write(octets.data(), static_cast<std::streamsize>(octets.size())).flush();
    if (context.out) return {};
    return err(Errc::Io, cat("standard output: ", std::strerror(errno != 0 ? errno : EIO)));
  }
  std::error_code ec;
  const fs::file_status status = fs::status(output, ec);
  if (fs::is_directory(status))
    return file_error(Errc::CannotCreate, output, EISDIR, FileUse::Write);
  if (fs::exists(status) && !fs::is_regular_file(status)) return write_special(output, octets);
  // Through a symbolic link: the link stays, what it points to is replaced.
  const fs::path target = fs::exists(status) ? fs::canonical(output, ec) : fs::path(output);
  auto written = write_file(target, octets);
  if (!written && written.error().code == Errc::Io) written.error().code = Errc::CannotCreate;
  return written;
}

void print_error(Context& context, const Error& error)
{
  std::string line = cat("imip ", context.command, ": ", error.what);
  if (!error.hint.empty()) line += cat(" (", error.hint, ')');
  context.err << text::for_terminal(line) << '\n';
}

void notice(Context& context, const std::string& what, const std::string& hint)
{
  print_error(context, Error{Errc::Refused, cat("notice: ", what), hint});
}

const CommonOptions& common_options(const AnyOptions& options)
{
  return std::visit([](const auto& o) -> const CommonOptions& { return o.common; }, options);
}

void guard_descriptors()
{
  std::signal(SIGPIPE, SIG_IGN);
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(fd, F_GETFD) != -1 || errno != EBADF) continue;
    // The wrong way round, so that using it fails as using a closed one does.
    const int opened = ::open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    if (opened >= 0 && opened != fd) ::close(opened);
  }
}

Context make_context(const AnyOptions& options, std::string command)
{
  const CommonOptions& common = common_options(options);
  Context context{std::cout, std::cerr, common.now ? *common.now : system_now()};
  context.out_is_terminal = ::isatty(STDOUT_FILENO) == 1;
  context.err_is_terminal = ::isatty(STDERR_FILENO) == 1;
  context.colour = wants_colour(common.color, context.out_is_terminal);
  context.columns = terminal_columns();
  context.command = std::move(command);
  return context;
}

namespace {

// What went to std::cout is in the file, or an error line is on standard error.
bool flushed(std::string_view program)
{
  errno = 0;
  std::cout.flush();
  int failure = std::cout ? 0 : (errno != 0 ? errno : EIO);
  if (failure == 0 && ::close(STDOUT_FILENO) != 0 && errno != EBADF) failure = errno;
  if (failure == 0) return true;
  std::cerr << program << ": standard output: " << std::strerror(failure) << '\n';
  return false;
}

}  // namespace

int print_text(const Parsed& parsed)
{
  (parsed.to_stderr ? std::cerr : std::cout) << parsed.text;
  return flushed("imip") ? parsed.exit_code : static_cast<int>(ExitCode::IoErr);
}

int finish(Context& context, ExitCode code)
{
  if (code == ExitCode::IoErr && !context.out) return static_cast<int>(code);  // it was told
  const bool whole = flushed(cat("imip ", context.command));
  return static_cast<int>(whole ? code : ExitCode::IoErr);
}

}  // namespace imip::cli
