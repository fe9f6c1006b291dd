#include "crypto/detail/gpg_home.hpp"

#include <fcntl.h>
#include <stdlib.h>  // mkdtemp
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/posix.hpp"
#include "base/text.hpp"
#include "crypto/detail/gpg.hpp"

namespace imip::crypto::gpg {
namespace {

namespace fs = std::filesystem;

// The agent's socket lies in the home, and the path of a socket has room for 107 octets.
constexpr std::size_t longest_parent = 60;
constexpr std::string_view name_of_home = "imip-gpg.";
constexpr std::size_t random_letters = 6;

/// Where the home may lie. /dev/shm is in memory: on a disk, making and removing a few files takes longer than gpg does,
/// where many are made and removed.
std::vector<std::string> parent_folders()
{
  const char* named = std::getenv("TMPDIR");
  const std::string_view folder = named == nullptr ? std::string_view{} : named;
  if (folder.empty() || folder.front() != '/' || folder.size() > longest_parent)
    return {"/dev/shm", "/tmp"};
  return {std::string(folder)};
}

constexpr std::string_view own_options =
    "no-auto-key-retrieve\n"
    "no-auto-key-import\n"
    "no-auto-key-locate\n"
    "disable-dirmngr\n"
    "no-autostart\n"
    "no-symkey-cache\n"
    "no-random-seed-file\n";

bool all_digits(std::string_view s)
{
  return !s.empty() && s.size() < 4 && s.find_first_not_of("0123456789") == std::string_view::npos;
}

// How many introducers the owner wants, and of what kind. Any other trust model than these counts as "pgp", which
// is what the trust file says; "always" would be nobody's word.
std::string trust_options(const fs::path& owners_conf)
{
  std::string model = "pgp";
  std::string numbers;
  std::ifstream in(owners_conf);
  for (std::string line; std::getline(in, line);) {
    std::string_view rest = text::trim(line);
    if (rest.substr(0, 2) == "--") rest.remove_prefix(2);
    const std::string_view name = rest.substr(0, rest.find_first_of(" \t="));
    rest.remove_prefix(std::min(rest.size(), name.size() + 1));
    const std::string_view value = text::trim(rest);
    if (name == "trust-model") {
      model = value == "direct" || value == "classic" ? value : "pgp";
    } else if ((name == "marginals-needed" || name == "completes-needed" ||
                name == "max-cert-depth" || name == "min-cert-level") &&
               all_digits(value)) {
      numbers += cat(name, ' ', value, '\n');
    }
  }
  return cat("trust-model ", model, '\n', numbers);
}

std::string conf_text(const std::string& home, std::optional<UtcSeconds> at)
{
  std::string conf = cat(own_options, trust_options(fs::path(home) / "gpg.conf"));
  if (at) {
    std::string time = to_ical_utc(*at);
    time.back() = '!';  // instead of the Z: the clock stands still
    conf += cat("faked-system-time ", time, '\n');
  }
  return conf;
}

Result<void> check(const fs::path& file)
{
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return {};
  return require_private(file);
}

Result<bool> link_key_rings(const std::string& from, const std::string& to)
{
  bool any = false;
  for (const char* name : {"pubring.kbx", "pubring.gpg"}) {
    const fs::path ring = fs::path(from) / name;
    std::error_code failed;
    if (!fs::exists(ring, failed)) continue;
    IMIP_CHECK(require_private(ring));
    fs::create_symlink(ring, fs::path(to) / name, failed);
    if (failed) return err(Errc::CannotCreate, cat(to, ": ", failed.message()));
    any = true;
  }
  return any;
}

/// Ours, and nobody else's: no link, the mode that mkdtemp gives.
Fd open_home(const std::string& path)
{
  Fd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  struct stat info {};
  if (fd.ok() && ::fstat(fd.get(), &info) == 0 && info.st_uid == ::geteuid() &&
      (info.st_mode & 07777U) == 0700U && info.st_nlink > 0)
    return fd;
  return Fd();
}

/// A lock that the system drops with the process that holds it; -1 if another one has it.
Fd lock_home(const std::string& path)
{
  Fd fd = open_home(path);
  if (!fd.ok() || ::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return Fd();
  // what was locked may have been removed before it was
  return open_home(path).ok() ? std::move(fd) : Fd();
}

// Those whose process was killed: nobody holds their lock any more.
void remove_left_behind(const std::string& parent)
{
  std::error_code failed;
  for (fs::directory_iterator at(parent, failed), end; !failed && at != end; at.increment(failed)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(name_of_home) || name.size() != name_of_home.size() + random_letters)
      continue;
    std::error_code ignored;
    if (const Fd lock = lock_home(at->path().string()); lock.ok())
      fs::remove_all(at->path(), ignored);
  }
}

/// A new folder and its lock. Until it is locked, another process may take it for left behind.
Result<std::pair<std::string, Fd>> make_home(const std::string& parent)
{
  constexpr int tries = 10;
  for (int i = 0; i < tries; ++i) {
    std::string path = cat(parent, '/', name_of_home, std::string(random_letters, 'X'));
    if (::mkdtemp(path.data()) == nullptr)
      return err(Errc::CannotCreate, cat(parent, ": ", errno_text(errno)),
                 "gpg needs a folder for temporary files; TMPDIR names another one");
    if (Fd lock = lock_home(path); lock.ok()) return std::pair(std::move(path), std::move(lock));
  }
  return err(Errc::CannotCreate, cat(parent, ": a new folder cannot be locked"),
             "gpg needs a folder for temporary files; TMPDIR names another one");
}

/// Is another time than now asked about? The owner's trust file then tells the wrong validities: of a key that has
/// expired since, none.
bool another_time(std::optional<UtcSeconds> at)
{
  constexpr auto about_now = std::chrono::minutes{10};
  return at && std::chrono::abs(*at - std::chrono::system_clock::now()) > about_now;
}

/// What gpg does by itself when a key expires, here as of the clock in gpg.conf.
Result<void> compute_validities(const std::string& home)
{
  IMIP_TRY(const std::string gpg, find_program("gpg"));
  IMIP_CHECK(Session::output_of(gpg, {"--homedir", home, "--batch", "--quiet", "--yes", "--check-trustdb"}));
  return {};
}

bool answers(const std::string& socket_path)
{
  sockaddr_un address{};
  if (socket_path.size() >= sizeof address.sun_path) return false;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_path.c_str(), socket_path.size());
  const Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return fd.ok() &&
         ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

PrivateHome::PrivateHome(PrivateHome&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      lock_(std::move(other.lock_)),
      owners_(std::move(other.owners_)),
      agent_(other.agent_)
{
}

PrivateHome& PrivateHome::operator=(PrivateHome&& other) noexcept
{
  if (this != &other) {
    remove();
    path_ = std::exchange(other.path_, {});
    lock_ = std::move(other.lock_);
    owners_ = std::move(other.owners_);
    agent_ = other.agent_;
  }
  return *this;
}

PrivateHome::~PrivateHome()
{
  remove();
}

void PrivateHome::remove()
{
  std::error_code ignored;
  if (!path_.empty()) fs::remove_all(path_, ignored);
}

Result<PrivateHome> PrivateHome::create(const std::string& home, std::optional<UtcSeconds> at)
{
  IMIP_CHECK(check(home));
  const std::vector<std::string> parents = parent_folders();
  for (const std::string& parent : parents) {
    auto made = create_in(parent, home, at);
    if (made || made.error().code != Errc::CannotCreate || &parent == &parents.back()) return made;
  }
  return err(Errc::CannotCreate, "there is no folder for temporary files");
}

Result<PrivateHome> PrivateHome::create_in(const std::string& parent, const std::string& home,
                                           std::optional<UtcSeconds> at)
{
  PrivateHome made;
  made.owners_ = home;
  remove_left_behind(parent);
  IMIP_TRY(auto home_and_lock, make_home(parent));
  made.path_ = std::move(home_and_lock.first);
  made.lock_ = std::make_unique<Fd>(std::move(home_and_lock.second));
  IMIP_TRY(const bool any, link_key_rings(home, made.path_));
  if (!any)
    return err(Errc::NotFound, cat("there is no OpenPGP key ring in ", home),
               "home of [openpgp] in the policy, or --gpg-home, names the folder of the key ring");
  const fs::path trust = fs::path(home) / "trustdb.gpg";
  IMIP_CHECK(check(trust));
  std::error_code failed;
  const bool trusts = fs::exists(trust, failed);
  if (trusts) fs::copy_file(trust, fs::path(made.path_) / "trustdb.gpg", failed);
  std::ofstream conf(fs::path(made.path_) / "gpg.conf", std::ios::binary);
  if (failed || !(conf << conf_text(home, at)).flush())
    return err(Errc::CannotCreate, cat(made.path_, ": cannot be written"));
  if (trusts && another_time(at)) IMIP_CHECK(compute_validities(made.path_));
  return made;
}

// Whoever tidies up folders for temporary files, or what a user who logs out leaves in memory, may have removed it.
bool PrivateHome::is_there() const
{
  struct stat info {};
  return lock_ && ::fstat(lock_->get(), &info) == 0 && info.st_nlink > 0;
}

Result<std::string> agent_socket(const std::string& home)
{
  IMIP_TRY(const std::string gpgconf, find_program("gpgconf"));
  IMIP_TRY(std::string socket,
           Session::output_of(gpgconf, {"--homedir", home, "--list-dirs", "agent-socket"}));
  while (!socket.empty() && socket.back() == '\n') socket.pop_back();
  if (!answers(socket)) {
    IMIP_CHECK(Session::output_of(gpgconf, {"--homedir", home, "--launch", "gpg-agent"}));
    if (!answers(socket))
      return err(Errc::Unavailable, cat("no gpg-agent answers for the key ring in ", home),
                 "install gpg-agent; the path of a key ring may have 86 characters at most");
  }
  return socket;
}

Result<void> PrivateHome::connect_agent()
{
  if (agent_) return {};
  IMIP_TRY(const std::string socket, agent_socket(owners_));
  // what libassuan follows instead of a socket
  std::ofstream file(fs::path(path_) / "S.gpg-agent", std::ios::binary);
  if (!(file << "%Assuan%\nsocket=" << socket << '\n').flush())
    return err(Errc::CannotCreate, cat(path_, ": cannot be written"));
  agent_ = true;
  return {};
}

}  // namespace imip::crypto::gpg
