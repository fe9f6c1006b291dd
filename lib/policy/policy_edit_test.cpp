#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <thread>

#include "policy/policy.hpp"
#include "testing/temp_dir.hpp"

namespace fs = std::filesystem;
using imip::Errc;
using imip::policy::add_entry;
using imip::policy::AllowEdit;
using imip::policy::load_policy;
using imip::policy::remove_entry;
using imip::testing::TempDir;

namespace {

constexpr const char* home = "/nonexistent";

AllowEdit allow(const std::string& address)
{
  return {address, "", {}, "", ""};
}
AllowEdit delegate(const std::string& principal, const std::string& sent_by)
{
  return {principal, sent_by, {}, "", ""};
}

bool contains(const std::string& text, std::string_view part)
{
  return text.find(part) != std::string::npos;
}

unsigned mode_of(const fs::path& path)
{
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777U;
}

// A file as people write it: comments everywhere, odd spacing, no order.
constexpr const char* lived_in = R"(# my policy
version = 1   # do not touch

  [me]   # it is me
addresses = [ "alice@example.com",   # work
              "alice@home.example" ]

# the boss and her assistant
[[delegate]]
principal = "boss@example.com"  # boss
sent-by   = "pa@example.com"
methods = [
  "REQUEST",
  "CANCEL", # also this
]
# trailing thought

[[allow]]
address = "carol@elsewhere.example"
# last words
)";

}  // namespace

TEST_CASE("free-busy: an entry of its own beside the one without")
{
  const TempDir dir;
  const fs::path path = dir / "policy.toml";
  AllowEdit edit = allow("boss@example.com");
  REQUIRE(add_entry(path, home, edit));
  edit.free_busy = true;
  const auto added = add_entry(path, home, edit);
  CHECK((added && *added));
  const auto again = add_entry(path, home, edit);
  CHECK((again && !*again));
  CHECK(dir.read("policy.toml").ends_with(
      "\n[[allow]]\naddress = \"boss@example.com\"\nfree-busy = true\n"));
  edit.sent_by = "pa@example.com";
  CHECK_FALSE(add_entry(path, home, edit));
}

TEST_CASE("the first entry makes the file, its folder, and their modes")
{
  const TempDir dir;
  const fs::path path = dir / "config/imip/policy.toml";
  const auto added = add_entry(path, home, allow("boss@example.com"));
  REQUIRE(added);
  CHECK(*added);
  CHECK(dir.read("config/imip/policy.toml") ==
        "version = 1\n\n[[allow]]\naddress = \"boss@example.com\"\n");
  CHECK(mode_of(path) == 0600);
  CHECK(mode_of(path.parent_path()) == 0700);
  const auto policy = load_policy(path, home);
  REQUIRE(policy);
  REQUIRE(policy->allows.size() == 1);
  CHECK(policy->allows[0].origin.line == 3);
}

TEST_CASE("an entry is appended and every other octet stays")
{
  const TempDir dir;
  dir.write("policy.toml", lived_in);
  const AllowEdit edit{
      "chief@example.com", "helper@example.com", {"request", "CANCEL"}, "both", "2027-06-30"};
  const auto added = add_entry(dir / "policy.toml", home, edit);
  REQUIRE(added);
  CHECK(*added);
  CHECK(dir.read("policy.toml") == std::string{lived_in} + R"(
[[delegate]]
principal = "chief@example.com"
sent-by = "helper@example.com"
methods = ["REQUEST", "CANCEL"]
role = "both"
until = 2027-06-30
)");
  const auto policy = load_policy(dir / "policy.toml", home);
  REQUIRE(policy);
  REQUIRE(policy->delegates.size() == 2);
  CHECK(policy->delegates[1].role == imip::policy::Delegate::Role::Both);
  REQUIRE(policy->delegates[1].until);
  CHECK(imip::to_rfc3339(*policy->delegates[1].until) == "2027-06-30T23:59:59Z");
}

TEST_CASE("adding twice writes once")
{
  const TempDir dir;
  dir.write("policy.toml", lived_in);
  const AllowEdit edit{
      "chief@example.com", "helper@example.com", {"REQUEST", "CANCEL"}, "", "2027-06-30"};
  REQUIRE(add_entry(dir / "policy.toml", home, edit) == true);
  const std::string once = dir.read("policy.toml");
  AllowEdit again = edit;
  again.methods = {"cancel", "request"};
  again.address = "CHIEF@EXAMPLE.com";
  const auto added = add_entry(dir / "policy.toml", home, again);
  REQUIRE(added);
  CHECK_FALSE(*added);
  CHECK(dir.read("policy.toml") == once);
  CHECK(add_entry(dir / "policy.toml", home, allow("Carol@elsewhere.example")) == false);
  CHECK(dir.read("policy.toml") == once);
}

TEST_CASE("an entry that says something else is not the same")
{
  const TempDir dir;
  dir.write("policy.toml", lived_in);
  const auto added = [&](const AllowEdit& edit) {
    const auto result = add_entry(dir / "policy.toml", home, edit);
    REQUIRE(result);
    return *result;
  };
  AllowEdit edit = delegate("boss@example.com", "pa@example.com");
  CHECK(added(edit));  // all methods
  edit.role = "attendee";
  CHECK(added(edit));
  edit.until = "2027-06-30";
  CHECK(added(edit));
  CHECK_FALSE(added(edit));
}

TEST_CASE("what was added and is removed leaves the file as it was")
{
  for (const auto& before : std::vector<std::string>{
           std::string{lived_in}, std::string{"version = 1\n"},
           std::string{"version = 1\n[me]\naddresses = [\"a@b.example\"]\n\n"},
           std::string{"version = 1\r\n[me]\r\naddresses = [\"a@b.example\"]\r\n"}}) {
    const TempDir dir;
    dir.write("policy.toml", before);
    const fs::path path = dir / "policy.toml";
    REQUIRE(add_entry(path, home, allow("x@example.com")) == true);
    REQUIRE(add_entry(path, home, delegate("x@example.com", "y@example.com")) == true);
    REQUIRE(remove_entry(path, home, "x@example.com", "") == std::size_t{1});
    REQUIRE(remove_entry(path, home, "x@example.com", "y@example.com") == std::size_t{1});
    CHECK(dir.read("policy.toml") == before);
  }
}

TEST_CASE("a table is removed and its surroundings stay")
{
  const TempDir dir;
  dir.write("policy.toml", lived_in);
  REQUIRE(remove_entry(dir / "policy.toml", home, "boss@example.com", "pa@example.com") ==
          std::size_t{1});
  std::string expected = lived_in;
  const auto begin = expected.find("[[delegate]]");
  const auto end = expected.find("# trailing thought");
  expected.erase(begin, end - begin);
  CHECK(dir.read("policy.toml") == expected);
  CHECK(load_policy(dir / "policy.toml", home));
}

TEST_CASE("every entry of the pair goes, and no other")
{
  const TempDir dir;
  dir.write("policy.toml", R"(version = 1
[[delegate]]
principal = "boss@example.com"
sent-by = "pa@example.com"
methods = ["REQUEST"]
[[delegate]]
principal = "boss@example.com"
sent-by = "pb@example.com"
[[delegate]]
principal = "Boss@example.com"
sent-by = "PA@example.com"
until = 2020-01-01
[[allow]]
address = "boss@example.com"
)");
  REQUIRE(remove_entry(dir / "policy.toml", home, "boss@example.com", "pa@example.com") ==
          std::size_t{2});
  CHECK(dir.read("policy.toml") == R"(version = 1
[[delegate]]
principal = "boss@example.com"
sent-by = "pb@example.com"
[[allow]]
address = "boss@example.com"
)");
}

TEST_CASE("text that looks like a table inside a string is no table")
{
  const TempDir dir;
  const std::string text = R"(version = 1
[store]
path = """
[[allow]]
address = "x@example.com"
"""
[[allow]]
address = "y@example.com" # [[allow]]
)";
  dir.write("policy.toml", text);
  CHECK(remove_entry(dir / "policy.toml", home, "x@example.com", "") == std::size_t{0});
  CHECK(dir.read("policy.toml") == text);
  CHECK(remove_entry(dir / "policy.toml", home, "y@example.com", "") == std::size_t{1});
  CHECK(dir.read("policy.toml") == text.substr(0, text.find("[[allow]]\naddress = \"y")));
}

TEST_CASE("entries out of order and with dotted and quoted keys are found")
{
  const TempDir dir;
  dir.write("policy.toml",
            "version = 1\n[[ \"allow\" ]]\n\"address\" = 'x@example.com'\n[me]\naddresses = "
            "[\"a@b.example\"]\n"
            "[[allow]]\naddress = \"\"\"y@example.com\"\"\"\n[store]\npath = \"/x\"\n");
  CHECK(remove_entry(dir / "policy.toml", home, "x@example.com", "") == std::size_t{1});
  CHECK(remove_entry(dir / "policy.toml", home, "y@example.com", "") == std::size_t{1});
  CHECK(dir.read("policy.toml") ==
        "version = 1\n[me]\naddresses = [\"a@b.example\"]\n[store]\npath = \"/x\"\n");
}

TEST_CASE("an entry written inside a list is left to the owner")
{
  const TempDir dir;
  const std::string text = "version = 1\nallow = [ { address = \"x@example.com\" } ]\n";
  dir.write("policy.toml", text);
  const auto removed = remove_entry(dir / "policy.toml", home, "x@example.com", "");
  REQUIRE_FALSE(removed);
  CHECK(removed.error().code == Errc::Config);
  CHECK(contains(removed.error().hint, "by hand"));
  // nor can a table be appended to such a list
  const auto added = add_entry(dir / "policy.toml", home, allow("y@example.com"));
  REQUIRE_FALSE(added);
  CHECK(added.error().code == Errc::Config);
  CHECK(dir.read("policy.toml") == text);
}

TEST_CASE("a file without a last line end gets one before the entry")
{
  const TempDir dir;
  dir.write("policy.toml", "version = 1");
  REQUIRE(add_entry(dir / "policy.toml", home, allow("x@example.com")) == true);
  CHECK(dir.read("policy.toml") == "version = 1\n\n[[allow]]\naddress = \"x@example.com\"\n");
}

TEST_CASE("a file with CRLF goes on with CRLF")
{
  const TempDir dir;
  dir.write("policy.toml", "version = 1\r\n");
  REQUIRE(add_entry(dir / "policy.toml", home, allow("x@example.com")) == true);
  CHECK(dir.read("policy.toml") ==
        "version = 1\r\n\r\n[[allow]]\r\naddress = \"x@example.com\"\r\n");
}

TEST_CASE("a file that does not check is not edited")
{
  const TempDir dir;
  for (const char* text : {"version = 1\nwhat = 1\n", "version = 1\n[me\n", "",
                           "version = 1\n[smime]\nanchors = [\"no.pem\"]\n"}) {
    dir.write("policy.toml", text);
    const auto added = add_entry(dir / "policy.toml", home, allow("x@example.com"));
    REQUIRE_FALSE(added);
    CHECK(added.error().code == Errc::Config);
    CHECK(contains(added.error().what, "policy.toml:"));
    CHECK(contains(added.error().hint, "nothing was changed"));
    CHECK_FALSE(remove_entry(dir / "policy.toml", home, "x@example.com", ""));
    CHECK(dir.read("policy.toml") == text);
  }
}

TEST_CASE("a file that others may write is not edited")
{
  const TempDir dir;
  const std::string path = dir.write("policy.toml", "version = 1\n");
  REQUIRE(::chmod(path.c_str(), 0666) == 0);
  const auto added = add_entry(path, home, allow("x@example.com"));
  REQUIRE_FALSE(added);
  CHECK(added.error().code == Errc::Config);
  CHECK(dir.read("policy.toml") == "version = 1\n");
}

TEST_CASE("an edit keeps the mode of the file and the link that leads to it")
{
  const TempDir dir;
  fs::create_directories(dir / "dotfiles");
  const std::string real = dir.write("dotfiles/policy.toml", "version = 1\n");
  REQUIRE(::chmod(real.c_str(), 0644) == 0);
  fs::create_symlink(real, dir / "policy.toml");
  REQUIRE(add_entry(dir / "policy.toml", home, allow("x@example.com")) == true);
  CHECK(fs::is_symlink(dir / "policy.toml"));
  CHECK(contains(dir.read("dotfiles/policy.toml"), "x@example.com"));
  CHECK(mode_of(real) == 0644);
}

TEST_CASE("words that mean nothing are refused before the file is touched")
{
  const TempDir dir;
  const fs::path path = dir / "policy.toml";
  struct Case {
    AllowEdit edit;
    Errc code;
    const char* what;
  };
  const std::vector<Case> cases = {
      {allow("nobody"), Errc::BadValue, "it has no @"},
      {allow("a@example.com\"\n[[allow]]\naddress = \"b@example.com"), Errc::BadValue,
       "control character"},
      {allow("\"a\"@example.com"), Errc::BadValue, "quoted"},
      {allow(""), Errc::BadValue, "empty"},
      {delegate("boss@example.com", "pa"), Errc::BadValue, "it has no @"},
      {delegate("boss@example.com", "*@example.com"), Errc::BadValue, "no wildcard"},
      {delegate("boss@example.com", "Boss@example.com"), Errc::Usage, "leave to speak in person"},
      {{"a@b.example", "c@b.example", {"INVITE"}, "", ""}, Errc::Usage, "'INVITE' is not a method"},
      {{"a@b.example", "c@b.example", {"REQUEST\"]"}, "", ""}, Errc::Usage, "is not a method"},
      {{"a@b.example", "c@b.example", {}, "chair", ""}, Errc::Usage, "'chair' is not a role"},
      {{"a@b.example", "c@b.example", {}, "", "soon"}, Errc::BadValue, "'soon' is not a date"},
      {{"a@b.example", "c@b.example", {}, "", "2027-02-30"}, Errc::BadValue, "is not a date"},
      {{"a@b.example", "c@b.example", {}, "", "2027"}, Errc::BadValue, "is not a date"},
      {{"a@b.example", "c@b.example", {}, "", "2027-06-30T10:00:00"},
       Errc::BadValue,
       "is not a date"},
      {{"a@b.example", "c@b.example", {}, "", "2027-06-30\n[me]"}, Errc::BadValue, "is not a date"},
      {{"a@b.example", "", {"REQUEST"}, "", ""}, Errc::Usage, "needs --sent-by"},
      {{"a@b.example", "", {}, "both", ""}, Errc::Usage, "needs --sent-by"},
      {{"a@b.example", "", {}, "", "2027-06-30"}, Errc::Usage, "needs --sent-by"},
  };
  for (const Case& c : cases) {
    INFO(c.edit.address << ' ' << c.edit.sent_by << ' ' << c.edit.until);
    const auto added = add_entry(path, home, c.edit);
    REQUIRE_FALSE(added);
    CHECK(added.error().code == c.code);
    CHECK(contains(added.error().what, c.what));
    CHECK_FALSE(fs::exists(path));
  }
}

TEST_CASE("addresses beyond ASCII are written as they were given and found again")
{
  const TempDir dir;
  const fs::path path = dir / "policy.toml";
  REQUIRE(add_entry(path, home, allow("j\u00fcrgen@b\u00fccher.example")) == true);
  CHECK(contains(dir.read("policy.toml"), "j\u00fcrgen@b\u00fccher.example"));
  CHECK(add_entry(path, home, allow("j\u00fcrgen@xn--bcher-kva.example")) == false);
  CHECK(remove_entry(path, home, "j\u00fcrgen@xn--bcher-kva.example", "") == std::size_t{1});
}

TEST_CASE("removing what is not there changes nothing")
{
  const TempDir dir;
  dir.write("policy.toml", lived_in);
  CHECK(remove_entry(dir / "policy.toml", home, "boss@example.com", "") == std::size_t{0});
  CHECK(remove_entry(dir / "policy.toml", home, "carol@elsewhere.example", "pa@example.com") ==
        std::size_t{0});
  CHECK(remove_entry(dir / "policy.toml", home, "pa@example.com", "boss@example.com") ==
        std::size_t{0});
  CHECK(dir.read("policy.toml") == lived_in);
  CHECK(remove_entry(dir / "none.toml", home, "a@b.example", "") == std::size_t{0});
  CHECK_FALSE(fs::exists(dir / "none.toml"));
}

TEST_CASE("edits at the same time are all kept")
{
  const TempDir dir;
  const fs::path path = dir / "policy.toml";
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      const auto added = add_entry(path, home, allow("a" + std::to_string(i) + "@example.com"));
      static_cast<void>(added);
    });
  for (std::thread& thread : threads) thread.join();
  const auto policy = load_policy(path, home);
  REQUIRE(policy);
  CHECK(policy->allows.size() == 8);
}
