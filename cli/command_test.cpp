#include "cli/command.hpp"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace imip;
using namespace imip::cli;
namespace fs = std::filesystem;

namespace {

// A folder of its own as HOME, and none of the variables that point elsewhere.
class Home {
 public:
  Home()
  {
    std::string name = (fs::temp_directory_path() / "imip-home.XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    path_ = name;
    for (const char* v : {"XDG_CONFIG_HOME", "XDG_STATE_HOME", "IMIP_POLICY", "NO_COLOR"})
      ::unsetenv(v);
    ::setenv("HOME", path_.c_str(), 1);
  }
  Home(const Home&) = delete;
  Home& operator=(const Home&) = delete;
  ~Home() { fs::remove_all(path_); }
  [[nodiscard]] std::string operator/(const std::string& name) const
  {
    return (path_ / name).string();
  }
  std::string write(const std::string& name, const std::string& text) const
  {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name) << text;
    fs::permissions(path_ / name, fs::perms::owner_read | fs::perms::owner_write);
    return *this / name;
  }

 private:
  fs::path path_;
};

struct Streams {
  std::ostringstream out, err;
  Context context{out, err, UtcSeconds{}};
};

std::string content(const std::string& path)
{
  std::ifstream in(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

const char* const policy_text =
    "version = 1\n[me]\naddresses = [\"alice@example.com\", \"a@other.example\"]\n"
    "[[alias]]\naddress = \"alice@example.com\"\nsame-as = [\"alice.smith@example.com\"]\n"
    "[store]\npath = \"/nowhere\"\n";

}  // namespace

TEST_CASE("each kind of error has its exit code")
{
  CHECK(exit_code_of(Errc::Internal) == ExitCode::Software);
  CHECK(exit_code_of(Errc::Usage) == ExitCode::Usage);
  CHECK(exit_code_of(Errc::BadValue) == ExitCode::Usage);
  CHECK(exit_code_of(Errc::NoInput) == ExitCode::NoInput);
  CHECK(exit_code_of(Errc::Io) == ExitCode::IoErr);
  CHECK(exit_code_of(Errc::CannotCreate) == ExitCode::CantCreate);
  CHECK(exit_code_of(Errc::Permission) == ExitCode::NoPerm);
  CHECK(exit_code_of(Errc::TooLarge) == ExitCode::DataErr);
  CHECK(exit_code_of(Errc::BadMime) == ExitCode::DataErr);
  CHECK(exit_code_of(Errc::BadCalendar) == ExitCode::DataErr);
  CHECK(exit_code_of(Errc::Refused) == ExitCode::Untrusted);
  CHECK(exit_code_of(Errc::NothingToJudge) == ExitCode::NothingJudged);
  CHECK(exit_code_of(Errc::Conflict) == ExitCode::TempFail);
  CHECK(exit_code_of(Errc::TryAgain) == ExitCode::TempFail);
  CHECK(exit_code_of(Errc::Unavailable) == ExitCode::Unavailable);
  CHECK(exit_code_of(Errc::Config) == ExitCode::Config);
}

TEST_CASE("of several exit codes the worst stands, and 3 only if nothing was judged")
{
  // 0 < 2 < 1 < 65 < 66 < 69 < 74 < 73 < 77 < 75 < 70
  const int order[] = {3, 0, 2, 1, 65, 66, 69, 74, 73, 77, 75, 70};
  for (std::size_t i = 0; i < std::size(order); ++i)
    for (std::size_t j = i; j < std::size(order); ++j) {
      const auto a = static_cast<ExitCode>(order[i]);
      const auto b = static_cast<ExitCode>(order[j]);
      CHECK(worst(a, b) == b);
      CHECK(worst(b, a) == b);
    }
}

TEST_CASE("the policy is where the flag, the variable, or XDG says")
{
  const Home home;
  CommonOptions common;
  CHECK(*policy_path(common) == home / ".config/imip/policy.toml");
  ::setenv("XDG_CONFIG_HOME", "relative", 1);
  CHECK(*policy_path(common) == home / ".config/imip/policy.toml");
  ::setenv("XDG_CONFIG_HOME", "/xdg", 1);
  CHECK(*policy_path(common) == "/xdg/imip/policy.toml");
  ::setenv("IMIP_POLICY", "/by/variable.toml", 1);
  CHECK(*policy_path(common) == "/by/variable.toml");
  common.policy = "/by/flag.toml";
  CHECK(*policy_path(common) == "/by/flag.toml");
}

TEST_CASE("the state is where the flag or XDG says")
{
  const Home home;
  CommonOptions common;
  CHECK(*state_directory(common) == home / ".local/state/imip");
  ::setenv("XDG_STATE_HOME", "/xdg", 1);
  CHECK(*state_directory(common) == "/xdg/imip");
  common.state = "/by/flag";
  CHECK(*state_directory(common) == "/by/flag");
}

TEST_CASE("without HOME the user database says where the home is")
{
  const Home home;
  ::unsetenv("HOME");
  const auto found = home_directory();
  REQUIRE(found);
  CHECK(found->front() == '/');
  ::setenv("HOME", "relative", 1);
  CHECK(*home_directory() == *found);
}

TEST_CASE("an absent default policy is an empty one, an absent named one is an error")
{
  const Home home;
  CommonOptions common;
  const auto empty = load_policy(common);
  REQUIRE(empty);
  CHECK(empty->owner.addresses.empty());
  CHECK(empty->anchors.empty());
  common.policy = home / "nothing.toml";
  const auto named = load_policy(common);
  REQUIRE_FALSE(named);
  CHECK(named.error().code == Errc::Config);
  common.policy.clear();
  ::setenv("IMIP_POLICY", (home / "nothing.toml").c_str(), 1);
  CHECK_FALSE(load_policy(common));
}

TEST_CASE("a default policy that cannot be read is no empty policy")
{
  const Home home;
  fs::create_directories(home / ".config/imip");
  fs::create_symlink("nowhere", home / ".config/imip/policy.toml");
  const auto policy = load_policy(CommonOptions{});
  REQUIRE_FALSE(policy);
  CHECK(policy.error().code == Errc::Config);
}

TEST_CASE("the flag --me chooses the owner, with the aliases of the policy")
{
  const Home home;
  CommonOptions common;
  common.policy = home.write("policy.toml", policy_text);
  common.me = {"alice@example.com"};
  const auto policy = load_policy(common);
  REQUIRE(policy);
  CHECK(policy->owner.is(*CalAddress::from_mailbox("alice.smith@example.com")));
  CHECK_FALSE(policy->owner.is(*CalAddress::from_mailbox("a@other.example")));
  common.me = {"no address"};
  CHECK(load_policy(common).error().code == Errc::Usage);
}

TEST_CASE("the flag --store and --anchor stand in for the policy's, --crl is added")
{
  const Home home;
  CommonOptions common;
  common.policy = home.write("policy.toml", policy_text);
  common.store = home / "calendar";
  common.anchors = {"ca.pem"};
  common.crls = {"/a.crl"};
  const auto policy = load_policy(common);
  REQUIRE(policy);
  CHECK(policy->store_path == home / "calendar");
  REQUIRE(policy->anchors.size() == 1);
  CHECK(policy->anchors[0].file.path.front() == '/');
  CHECK(policy->anchors[0].origin.entry == "--anchor");
  CHECK(policy->crls == std::vector<std::string>{"/a.crl"});
}

TEST_CASE("input: a file, and what is none")
{
  const Home home;
  Limits limits;
  CHECK(*read_input(home.write("a", "octets"), limits) == "octets");
  CHECK(read_input(home / "nothing", limits).error().code == Errc::NoInput);
  CHECK(read_input(home / "", limits).error().code == Errc::NoInput);
  limits.message_bytes = 3;
  CHECK(read_input(home / "a", limits).error().code == Errc::TooLarge);
}

TEST_CASE("output: a file is replaced as a whole, a link stays, a device is written to")
{
  const Home home;
  Streams s;
  REQUIRE(write_output(s.context, home / "new", "1"));
  CHECK(content(home / "new") == "1");
  fs::create_symlink("new", home / "link");
  REQUIRE(write_output(s.context, home / "link", "2"));
  CHECK(fs::is_symlink(home / "link"));
  CHECK(content(home / "new") == "2");
  REQUIRE(write_output(s.context, "/dev/null", "3"));
  CHECK(fs::is_character_file("/dev/null"));
  CHECK(write_output(s.context, "/dev/full", "4").error().code == Errc::Io);
  CHECK(write_output(s.context, home / "no/folder", "5").error().code == Errc::CannotCreate);
  CHECK(write_output(s.context, home / "", "6").error().code == Errc::CannotCreate);
  CHECK(s.out.str().empty());
  REQUIRE(write_output(s.context, "", "7"));
  REQUIRE(write_output(s.context, "-", "8"));
  CHECK(s.out.str() == "78");
}

TEST_CASE("an error is one line, and nothing in it reaches the terminal raw")
{
  Streams s;
  s.context.command = "verify";
  print_error(s.context, Error{Errc::NoInput, "a\x1b[2J\nb.eml: no such file", "name a file"});
  CHECK(s.err.str() == "imip verify: a\\x1B[2J\\nb.eml: no such file (name a file)\n");
}
