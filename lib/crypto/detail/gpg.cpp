#include "crypto/detail/gpg.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <utility>

#include "base/cat.hpp"

namespace imip::crypto::gpg {
namespace {

using Clock = std::chrono::steady_clock;

struct Start {
  std::mutex mutex;
  bool all_wanted = false;
  std::optional<Engines> done;
};
Start& the_start()
{
  static Start start;
  return start;
}

/// What gpg may take, so that a few octets that unpack to gigabytes stop it and not the machine. It leaves room above
/// what we use, which the child has until it is gpg. Set in the child: other threads of ours need memory meanwhile.
class ChildMemoryLimit {
 public:
  ChildMemoryLimit()
  {
    constexpr rlim_t enough = 384U << 20U;
    constexpr rlim_t room = 128U << 20U;
    static const int registered = ::pthread_atfork(nullptr, nullptr, set);
    rlim_t pages = 0;
    if (registered != 0 || !(std::ifstream("/proc/self/statm") >> pages)) return;
    most = std::max(enough, pages * static_cast<rlim_t>(::sysconf(_SC_PAGESIZE)) + room);
  }
  ~ChildMemoryLimit() { most = 0; }
  ChildMemoryLimit(const ChildMemoryLimit&) = delete;
  ChildMemoryLimit& operator=(const ChildMemoryLimit&) = delete;

 private:
  static void set()
  {
    rlimit limit{};
    if (most == 0 || ::getrlimit(RLIMIT_AS, &limit) != 0) return;
    limit.rlim_cur = std::min(limit.rlim_cur, most);  // RLIM_INFINITY is the largest
    ::setrlimit(RLIMIT_AS, &limit);
  }
  static thread_local rlim_t most;  // of the thread that forks; 0: any
};
thread_local rlim_t ChildMemoryLimit::most = 0;

gpgme_engine_info_t find_engine(gpgme_engine_info_t list, gpgme_protocol_t protocol)
{
  while (list != nullptr && list->protocol != protocol) list = list->next;
  return list;
}

// What GPGME may ask of gpg. An older one does not know what our gpg.conf says, and refuses.
constexpr const char* oldest_gpg = "2.2.0";

/// An engine that GPGME did not look for; gpgme_release() frees it with the others. Null without memory.
gpgme_engine_info_t add_engine(gpgme_engine_info_t list, gpgme_protocol_t protocol)
{
  auto* engine = static_cast<gpgme_engine_info_t>(std::calloc(1, sizeof(_gpgme_engine_info)));
  if (engine == nullptr) return nullptr;
  engine->protocol = protocol;
  engine->req_version = oldest_gpg;
  while (list->next != nullptr) list = list->next;
  list->next = engine;
  return engine;
}

bool replace(char*& text, const std::string& by)
{
  char* copy = ::strdup(by.c_str());
  if (copy == nullptr) return false;
  std::free(std::exchange(text, copy));
  return true;
}

/// Names the program and its home. gpgme_ctx_set_engine_info() would ask for the program's version each time, by running
/// it, and take any for good that does not run.
gpgme_error_t name_engine(gpgme_ctx_t context, gpgme_protocol_t protocol, const std::string& program,
                          const std::string& home)
{
  const gpgme_engine_info_t list = gpgme_ctx_get_engine_info(context);
  if (list == nullptr) return gpgme_error(GPG_ERR_INV_ENGINE);
  gpgme_engine_info_t engine = find_engine(list, protocol);
  if (engine == nullptr) engine = add_engine(list, protocol);
  if (engine == nullptr || !replace(engine->home_dir, home) ||
      (text_of(engine->file_name) != program &&
       !(replace(engine->file_name, program) && replace(engine->version, oldest_gpg))))
    return gpgme_error(GPG_ERR_ENOMEM);
  return 0;
}

// GPGME tells nobody the process it started; only those that we start know the name of a private home.
void kill_those_on(const std::string& home)
{
  const std::string argument = cat('\0', home, '\0');
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename().string();
    if (!std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isdigit(c) != 0; }))
      continue;
    std::ifstream in(entry.path() / "cmdline", std::ios::binary);
    std::string line;
    std::getline(in, line, '\xff');  // of a process that ends meanwhile nothing: an iterator would throw
    if (line.find(argument) != std::string::npos)
      ::kill(static_cast<pid_t>(std::atol(name.c_str())), SIGKILL);
  }
}

}  // namespace

void want_all_engines()
{
  const std::lock_guard lock(the_start().mutex);
  the_start().all_wanted = true;
}

Result<void> start_gpgme(Engines engines)
{
  Start& start = the_start();
  const std::lock_guard lock(start.mutex);
  if (start.all_wanted) engines = Engines::All;
  if (!start.done) {
    // GPGME asks gpgconf three times and gpgsm once where all that is wanted is gpg, and runs any gpg that it finds along
    // the PATH, the folder we are in included
    if (engines == Engines::Gpg && (gpgme_set_global_flag("disable-gpgconf", "1") != 0 ||
                                    gpgme_set_global_flag("gpg-name", "none-but-ours") != 0))
      return err(Errc::Unavailable, "GPGME does not start");
    if (gpgme_check_version("1.16.0") == nullptr)
      return err(Errc::Unavailable, "the GPGME library is older than 1.16");
    start.done = engines;
  }
  if (engines == Engines::All && *start.done == Engines::Gpg)
    return err(Errc::Unavailable, "GPGME was started for gpg alone");
  return {};
}

Result<std::string> find_program(std::string_view name)
{
  const char* path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "/usr/bin:/bin" : path;
  while (!rest.empty()) {
    const std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    if (folder.empty() || folder.front() != '/') continue;
    std::string file = cat(folder, '/', name);
    if (::access(file.c_str(), X_OK) == 0) return file;
  }
  return err(Errc::Unavailable, cat("there is no program ", name, " on the PATH"),
             "install GnuPG (Debian: gpg, gpg-agent; for gpgsm: key rings also gpgsm)");
}

Data data_over(std::string_view octets)
{
  gpgme_data_t data = nullptr;
  if (gpgme_data_new_from_mem(&data, octets.data(), octets.size(), 0) != 0) return nullptr;
  return Data(data);
}

Data empty_data()
{
  gpgme_data_t data = nullptr;
  return gpgme_data_new(&data) == 0 ? Data(data) : nullptr;
}

std::string take(Data data)
{
  std::size_t size = 0;
  char* octets = gpgme_data_release_and_get_mem(data.release(), &size);
  if (octets == nullptr) return {};
  std::string text(octets, size);
  gpgme_free(octets);
  return text;
}

std::string error_text(gpgme_error_t error)
{
  std::array<char, 200> buffer{};
  gpgme_strerror_r(error, buffer.data(), buffer.size());
  std::string text(buffer.data());
  if (!text.empty()) text[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(text[0])));
  return text;
}

namespace {

/// A GPGME context, and the file descriptors of what runs in it, which are waited for with poll().
struct Operation {
  struct Watch {
    int fd;
    bool input;
    gpgme_io_cb_t call;
    void* argument;
    Operation* owner;
  };

  std::vector<std::unique_ptr<Watch>> watches;
  bool done = true;
  gpgme_error_t error = 0;
  std::vector<Key> keys;
  std::size_t most_keys = 0;
  Context context;  // the last: to release one in which something still runs removes its watches

  static gpgme_error_t add(void* self, int fd, int input, gpgme_io_cb_t call, void* argument,
                           void** tag)
  {
    auto& operation = *static_cast<Operation*>(self);
    operation.watches.push_back(
        std::make_unique<Watch>(Watch{fd, input != 0, call, argument, &operation}));
    *tag = operation.watches.back().get();
    return 0;
  }
  static void remove(void* tag)
  {
    auto& all = static_cast<Watch*>(tag)->owner->watches;
    std::erase_if(all, [&](const auto& w) { return w.get() == tag; });
  }
  static void event(void* self, gpgme_event_io_t type, void* data)
  {
    auto& operation = *static_cast<Operation*>(self);
    if (type == GPGME_EVENT_NEXT_KEY) {
      Key key(static_cast<gpgme_key_t>(data));
      if (operation.keys.size() < operation.most_keys) operation.keys.push_back(std::move(key));
    } else if (type == GPGME_EVENT_DONE) {
      const auto& result = *static_cast<gpgme_io_event_done_data_t>(data);
      operation.done = true;
      operation.error = result.err != 0 ? result.err : result.op_err;
    }
  }

  [[nodiscard]] bool runs() const { return !done && !watches.empty(); }

  void start(const std::function<gpgme_error_t(gpgme_ctx_t)>& start)
  {
    done = false;
    const ChildMemoryLimit limit;
    error = start(context.get());
    done = error != 0;
  }

  void serve(int fd)
  {
    const auto found = std::find_if(watches.begin(), watches.end(),
                                    [&](const auto& w) { return w->fd == fd; });
    if (found == watches.end()) return;  // an earlier one's doing, or another operation's
    const Watch watch = **found;         // the call may remove it
    if (const gpgme_error_t failed = watch.call(watch.argument, fd); failed != 0 && !done) {
      done = true;
      error = failed;
    }
  }

  void give_up(gpg_err_code_t code)
  {
    if (done) return;
    gpgme_cancel(context.get());
    done = true;
    error = gpgme_error(code);
  }
};

}  // namespace

struct Session::Impl {
  gpgme_protocol_t protocol = GPGME_PROTOCOL_UNKNOWN;
  std::string program;
  Options options;
  Clock::duration left{};  // of the patience
  Operation main, listing;
  std::vector<std::string> patterns;  // of the listing that the next run starts

  gpgme_error_t open(Operation& operation) const
  {
    gpgme_ctx_t context = nullptr;
    gpgme_error_t error = gpgme_new(&context);
    operation.context.reset(context);
    if (error == 0) error = gpgme_set_protocol(context, protocol);
    if (error == 0 && !program.empty()) error = name_engine(context, protocol, program, options.home);
    if (error != 0) return error;
    gpgme_set_offline(context, 1);
    gpgme_io_cbs callbacks{Operation::add, &operation, Operation::remove, Operation::event,
                           &operation};
    gpgme_set_io_cbs(context, &callbacks);
    return 0;
  }

  void start_listing()
  {
    if (patterns.empty() || (!listing.context && open(listing) != 0)) return;
    std::vector<const char*> all;
    for (const std::string& pattern : patterns) all.push_back(pattern.c_str());
    all.push_back(nullptr);
    listing.start([&](gpgme_ctx_t c) { return gpgme_op_keylist_ext_start(c, all.data(), 0, 0); });
    patterns.clear();
  }

  // The limit is on the time that we wait for gpg, so that a person may take theirs to type a passphrase.
  void wait(const Operation& for_it)
  {
    std::vector<pollfd> fds;
    while (for_it.runs()) {
      fds.clear();
      for (const Operation* each : {&main, &listing})
        for (const auto& w : each->watches)
          if (!each->done)
            fds.push_back({w->fd, static_cast<short>(w->input ? POLLIN : POLLOUT), 0});
      const auto before = Clock::now();
      const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left);
      const int n = left <= Clock::duration::zero()
                        ? 0
                        : ::poll(fds.data(), fds.size(), static_cast<int>(ms.count()));
      left -= Clock::now() - before;
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return give_up(n == 0 ? GPG_ERR_TIMEOUT : GPG_ERR_GENERAL);
      for (const pollfd& p : fds)
        for (Operation* each : {&main, &listing})
          if (p.revents != 0 && !each->done) each->serve(p.fd);
    }
  }

  void give_up(gpg_err_code_t code)
  {
    if (options.private_home) kill_those_on(options.home);
    main.give_up(code);
    listing.give_up(code);
  }
};

Session::Session(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Session::Session(Session&&) noexcept = default;
Session& Session::operator=(Session&&) noexcept = default;
Session::~Session() = default;

void Session::renew()
{
  impl_->left = impl_->options.patience;
}

gpgme_ctx_t Session::context() const
{
  return impl_->main.context.get();
}

Result<Session> Session::open(gpgme_protocol_t protocol, Options options)
{
  const bool cms = protocol == GPGME_PROTOCOL_CMS;
  std::string program;
  if (protocol != GPGME_PROTOCOL_SPAWN) {
    IMIP_TRY(program, find_program(cms ? "gpgsm" : "gpg"));
  }
  IMIP_CHECK(start_gpgme(cms ? Engines::All : Engines::Gpg));
  auto impl = std::make_unique<Impl>();
  impl->protocol = protocol;
  impl->program = std::move(program);
  impl->options = std::move(options);
  impl->left = impl->options.patience;
  if (const gpgme_error_t error = impl->open(impl->main); error != 0)
    return err(Errc::Unavailable, cat(impl->program.empty() ? "GnuPG" : impl->program,
                                      " cannot be used: ", error_text(error)));
  return Session(std::move(impl));
}

gpgme_error_t Session::run(const std::function<gpgme_error_t(gpgme_ctx_t)>& start)
{
  Operation& operation = impl_->main;
  operation.start(start);
  impl_->start_listing();
  impl_->wait(operation);
  return operation.error;
}

void Session::stop()
{
  if (impl_->options.private_home) kill_those_on(impl_->options.home);
}

// Trust in a key is nothing to a signature's arithmetic, and whoever lists the key tells it for
// each user ID. gpg would work it out here too, and write it into the trust file that the listing
// reads at the same time.
gpgme_error_t Session::verify(gpgme_data_t signature, gpgme_data_t octets)
{
  gpgme_set_ctx_flag(context(), "trust-model", "always");
  const gpgme_error_t error =
      run([&](gpgme_ctx_t c) { return gpgme_op_verify_start(c, signature, octets, nullptr); });
  gpgme_set_ctx_flag(context(), "trust-model", "");  // back to what the home's gpg.conf says
  return error;
}

Result<std::vector<Key>> Session::keys(const std::string& pattern, bool secret, std::size_t most)
{
  Operation& operation = impl_->main;
  operation.keys.clear();
  operation.most_keys = most;
  const gpgme_error_t error = run([&](gpgme_ctx_t c) {
    return gpgme_op_keylist_start(c, pattern.empty() ? nullptr : pattern.c_str(), secret ? 1 : 0);
  });
  if (error != 0)
    return err(Errc::Unavailable,
               cat("the keys of ", impl_->options.home, " cannot be listed: ", error_text(error)));
  return std::exchange(operation.keys, {});
}

void Session::list_beside(std::vector<std::string> patterns, std::size_t most)
{
  impl_->patterns = std::move(patterns);
  impl_->listing.keys.clear();
  impl_->listing.most_keys = most;
}

std::vector<Key> Session::listed_beside()
{
  impl_->patterns.clear();
  impl_->wait(impl_->listing);
  if (impl_->listing.error != 0) impl_->listing.keys.clear();
  return std::exchange(impl_->listing.keys, {});
}

Result<std::string> Session::output_of(const std::string& program,
                                       const std::vector<std::string>& arguments)
{
  IMIP_TRY(Session session, open(GPGME_PROTOCOL_SPAWN, {}));
  std::vector<const char*> argv{program.c_str()};
  for (const std::string& a : arguments) argv.push_back(a.c_str());
  argv.push_back(nullptr);
  Data output = empty_data();
  if (!output) return err(Errc::Unavailable, "no memory for GPGME");
  const gpgme_error_t error = session.run([&](gpgme_ctx_t c) {
    return gpgme_op_spawn_start(c, program.c_str(), argv.data(), nullptr, output.get(), nullptr, 0);
  });
  if (error != 0) return err(Errc::Unavailable, cat(program, ": ", error_text(error)));
  return take(std::move(output));
}

}  // namespace imip::crypto::gpg
