// System calls that fail, and processes that die, at chosen points: strace(1) injects both.
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "store/store_fixture.hpp"

using namespace imip;
using namespace imip::store;
namespace fs = std::filesystem;

namespace {

constexpr const char* folder_variable = "IMIP_FAULTS_TEST";

struct Outcome {
  int exit_code = -1;  ///< of the process; -1: it was killed
  std::string text;    ///< its error
};

/// Applies "old" -> "new" to UID u in another process, under `inject`; with `uid`, adds that one.
Outcome apply_under(const Fixture& f, const std::string& inject, const std::string& test)
{
  const std::string self = fs::read_symlink("/proc/self/exe");
  const std::string out = f.dir / "out";
  const std::string command =
      cat("exec env ", folder_variable, '=', f.dir.path().native(),
          " ASAN_OPTIONS=detect_leaks=0 strace -qqq -f -o ", (f.dir / "trace").native(),
          " -e trace=fsync,rename,renameat2,unlink -e inject=", inject, ' ', self, " '", test,
          "' >", out, " 2>&1");
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, f.dir.read("out")};
}

/// What the calendar holds, by names that programs read.
std::vector<std::string> objects(const fs::path& folder)
{
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(".")) all.push_back(name);
  }
  return all;
}

Fixture inside()
{
  const char* folder = std::getenv(folder_variable);
  if (folder == nullptr) throw std::runtime_error("to be run by the other tests of this file");
  Fixture f;
  f.cal = fs::path(folder) / "cal";
  f.state = fs::path(folder) / "state";
  return f;
}

void finish(const Result<void>& done)
{
  if (!done) ::write(STDOUT_FILENO, done.error().what.data(), done.error().what.size());
  ::_exit(done ? 0 : 1 + static_cast<int>(done.error().code));
}

int exit_of(Errc code)
{
  return 1 + static_cast<int>(code);
}

}  // namespace

TEST_CASE("faults: change u", "[.]")
{
  const Fixture f = inside();
  finish(apply(f.open(), plan_change("u", event("u", "old"), "new")));
}

TEST_CASE("faults: add u", "[.]")
{
  const Fixture f = inside();
  finish(apply(f.open(), plan_add("u", "new")));
}

TEST_CASE("faults: remove u", "[.]")
{
  const Fixture f = inside();
  itip::Plan plan;
  plan.uid = "u";
  plan.remove = true;
  plan.base_sha256 = sha256_hex(event("u", "old"));
  finish(apply(f.open(), plan));
}

TEST_CASE("a disk that fills up at fsync leaves the old object, and says so")
{
  const Fixture f;
  f.put("u.ics", event("u", "old"));
  const Outcome outcome = apply_under(f, "fsync:error=ENOSPC:when=1", "faults: change u");
  CHECK(outcome.exit_code == exit_of(Errc::Io));
  CHECK(outcome.text.find("no space left on device") != std::string::npos);
  CHECK(f.get("u.ics") == event("u", "old"));
  CHECK(objects(f.cal).size() == 1);
  CHECK(std::distance(fs::directory_iterator(f.cal), fs::directory_iterator()) == 1);
}

TEST_CASE("a rename that fails leaves the old object and no litter")
{
  const Fixture f;
  f.put("u.ics", event("u", "old"));
  const Outcome outcome = apply_under(f, "renameat2:error=ENOSPC:when=1", "faults: change u");
  CHECK(outcome.exit_code == exit_of(Errc::Io));
  CHECK(f.get("u.ics") == event("u", "old"));
  CHECK(std::distance(fs::directory_iterator(f.cal), fs::directory_iterator()) == 1);
}

TEST_CASE("a new object on a full disk leaves nothing")
{
  const Fixture f;
  for (const char* inject : {"fsync:error=EDQUOT:when=1", "renameat2:error=ENOSPC:when=1"}) {
    CHECK(apply_under(f, inject, "faults: add u").exit_code == exit_of(Errc::Io));
    CHECK(fs::is_empty(f.cal));
  }
}

TEST_CASE("a file system without renameat2 still replaces nothing")
{
  const Fixture f;
  CHECK(apply_under(f, "renameat2:error=EINVAL:when=1", "faults: add u").exit_code == 0);
  CHECK(f.get("u.ics") == event("u", "new"));
  CHECK(apply_under(f, "renameat2:error=EINVAL", "faults: add u").exit_code ==
        exit_of(Errc::Conflict));
}

TEST_CASE("a file system that cannot exchange two names still replaces one")
{
  const Fixture f;
  f.put("u.ics", event("u", "old"));
  CHECK(apply_under(f, "renameat2:error=EINVAL", "faults: change u").exit_code == 0);
  CHECK(f.get("u.ics") == event("u", "new"));
  CHECK(std::distance(fs::directory_iterator(f.cal), fs::directory_iterator()) == 1);
}

TEST_CASE("a folder that cannot be synced after the rename is an error, not a success")
{
  const Fixture f;
  f.put("u.ics", event("u", "old"));
  const Outcome outcome = apply_under(f, "fsync:error=EIO:when=2", "faults: change u");
  CHECK(outcome.exit_code == exit_of(Errc::Io));
}

TEST_CASE("a removal that is not allowed is an error, and the object stays")
{
  const Fixture f;
  f.put("u.ics", event("u", "old"));
  REQUIRE(f.open().find("u"));  // makes the index, so that the first unlink is the object's
  const Outcome outcome = apply_under(f, "unlink:error=EACCES:when=1", "faults: remove u");
  CHECK(outcome.exit_code == exit_of(Errc::Permission));
  CHECK(f.get("u.ics") == event("u", "old"));
}

TEST_CASE("killed before the rename: the old object is whole, and the next one succeeds")
{
  for (const char* inject : {"fsync:signal=SIGKILL:when=1", "renameat2:signal=SIGKILL:when=1"}) {
    const Fixture f;
    f.put("u.ics", event("u", "old"));
    CHECK(apply_under(f, inject, "faults: change u").exit_code != 0);
    CHECK(f.get("u.ics") == event("u", "old"));
    CHECK(objects(f.cal) == std::vector<std::string>{"u.ics"});
    CHECK(apply(f.open(), plan_change("u", event("u", "old"), "new")));
    CHECK(f.get("u.ics") == event("u", "new"));
  }
}

TEST_CASE("killed after the rename: the new object is whole, and is found")
{
  const Fixture f;
  f.put("u.ics", event("u", "old"));
  f.put("v.ics", event("v"));
  REQUIRE(f.open().find("u"));
  CHECK(apply_under(f, "fsync:signal=SIGKILL:when=2", "faults: change u").exit_code != 0);
  const auto found = f.open().find("u");
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->octets == event("u", "new"));
}
