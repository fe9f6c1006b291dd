#include "store/detail/index.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <catch2/catch.hpp>

#include "base/atomic_file.hpp"
#include "store/store_fixture.hpp"

using namespace imip;
using namespace imip::store;
using imip::store::detail::Index;
namespace fs = std::filesystem;
using Names = std::vector<std::string>;

namespace {

/// A file that may be read exactly as often as the index reads it: through its access time.
void age_access_time(const fs::path& path)
{
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  const timespec times[2] = {{1'000'000'000, 0}, info.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, path.c_str(), times, 0) == 0);
}

struct Harness : Fixture {
  fs::path cache = dir / "index.sqlite";
  [[nodiscard]] Index open() const { return {cal, cache, Limits{}}; }
};

}  // namespace

TEST_CASE("the index gives the files of a UID, and survives the process")
{
  const Harness h;
  h.put("a.ics", event("u"));
  h.put("b.ics", event("u"));
  h.put("c.ics", event("v"));
  CHECK(*h.open().files_with("u") == Names{"a.ics", "b.ics"});
  CHECK(*h.open().files_with("v") == Names{"c.ics"});
  CHECK(h.open().files_with("w")->empty());
}

TEST_CASE("an unchanged folder is not listed again")
{
  const Harness h;
  h.put("a.ics", event("u"));
  REQUIRE(*h.open().files_with("u") == Names{"a.ics"});
  // what the folder's stamp cannot show: a test of the shortcut, not a promise
  struct stat info {};
  REQUIRE(::stat(h.cal.c_str(), &info) == 0);
  h.put("b.ics", event("u"));
  const timespec times[2] = {info.st_atim, info.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, h.cal.c_str(), times, 0) == 0);
  CHECK(*h.open().files_with("u") == Names{"a.ics"});
}

TEST_CASE("our own change keeps the index fresh")
{
  const Harness h;
  Index index = h.open();
  REQUIRE(index.files_with("u")->empty());
  {
    const FolderWatch watch(h.cal);
    REQUIRE(index.files_with("u")->empty());
    REQUIRE(write_file(h.cal / "u.ics", event("u")));
    index.note_own_change("u.ics", watch);
  }
  // were it not fresh, this one would be found by listing: see the test before
  struct stat info {};
  REQUIRE(::stat(h.cal.c_str(), &info) == 0);
  h.put("hidden.ics", event("u"));
  const timespec times[2] = {info.st_atim, info.st_mtim};
  REQUIRE(::utimensat(AT_FDCWD, h.cal.c_str(), times, 0) == 0);
  CHECK(*h.open().files_with("u") == Names{"u.ics"});
}

TEST_CASE("a stranger's change beside our own makes the index list again")
{
  const Harness h;
  Index index = h.open();
  for (int round = 0; round < 50; ++round) {
    const std::string uid = std::to_string(round);
    const FolderWatch watch(h.cal);
    REQUIRE(index.files_with(uid)->empty());
    if (round % 2 == 0) h.put(cat("theirs-", round, ".ics"), event(uid));
    REQUIRE(write_file(h.cal / cat(uid, ".ics"), event(uid)));
    if (round % 2 == 1) h.put(cat("theirs-", round, ".ics"), event(uid));
    index.note_own_change(cat(uid, ".ics"), watch);
    REQUIRE(index.files_with(uid)->size() == 2);
  }
}

TEST_CASE("a stranger's change right after our own, in the same clock tick, is seen")
{
  const Harness h;
  Index index = h.open();
  for (int round = 0; round < 50; ++round) {
    const std::string uid = std::to_string(round);
    const FolderWatch watch(h.cal);
    REQUIRE(index.files_with(uid)->empty());
    REQUIRE(write_file(h.cal / cat(uid, ".ics"), event(uid)));
    index.note_own_change(cat(uid, ".ics"), watch);
    h.put(cat("theirs-", round, ".ics"), event(uid));
    REQUIRE(index.files_with(uid)->size() == 2);
  }
}

TEST_CASE("only changed files are read again")
{
  const Harness h;
  h.put("a.ics", event("u"));
  REQUIRE(h.open().files_with("u"));
  age_access_time(h.cal / "a.ics");
  h.put("b.ics", event("v"));
  REQUIRE(*h.open().files_with("v") == Names{"b.ics"});
  struct stat info {};
  REQUIRE(::stat((h.cal / "a.ics").c_str(), &info) == 0);
  CHECK(info.st_atim.tv_sec == 1'000'000'000);
}

TEST_CASE("a damaged or foreign cache is made anew")
{
  const Harness h;
  h.put("a.ics", event("u"));
  h.dir.write("index.sqlite", std::string(5000, 'x'));
  CHECK(*h.open().files_with("u") == Names{"a.ics"});
  CHECK(*h.open().files_with("u") == Names{"a.ics"});
  CHECK(h.dir.read("index.sqlite").starts_with("SQLite format 3"));
}

TEST_CASE("a cache from before the last boot is not believed")
{
  const Harness h;
  h.put("a.ics", event("u"));
  REQUIRE(h.open().files_with("u"));
  {
    auto db = sqlite::Database::open(h.cache, 1000);
    REQUIRE(db);
    REQUIRE(db->run("UPDATE folder SET boot = 'another'; DELETE FROM uid"));
  }
  CHECK(*h.open().files_with("u") == Names{"a.ics"});
}

TEST_CASE("without a cache every file is read")
{
  const Harness h;
  h.put("a.ics", event("u"));
  Index none(h.cal, {}, Limits{});
  CHECK(*none.files_with("u") == Names{"a.ics"});
  CHECK(none.has_name("A.ICS"));
  CHECK_FALSE(none.has_name("b.ics"));
  Index unusable(h.cal, "/proc/nowhere/index.sqlite", Limits{});
  CHECK(*unusable.files_with("u") == Names{"a.ics"});
}

TEST_CASE("a folder that went is an error")
{
  const Harness h;
  Index index = h.open();
  fs::remove_all(h.cal);
  const auto found = index.files_with("u");
  REQUIRE_FALSE(found);
  CHECK(found.error().code == Errc::NoInput);
}

TEST_CASE("a file too large for a calendar does not stop the others")
{
  const Harness h;
  Limits limits;
  limits.calendar_bytes = 1000;
  h.put("big.ics", event("big", std::string(2000, 'x')));
  h.put("a.ics", event("u"));
  Index index(h.cal, h.cache, limits);
  CHECK(*index.files_with("u") == Names{"a.ics"});
}

TEST_CASE("a settled stamp changes with every later change")
{
  const Harness h;
  auto last = settled_stamp(h.cal);
  REQUIRE(last);
  for (int round = 0; round < 100; ++round) {
    h.put("a.ics", std::to_string(round));
    const auto next = settled_stamp(h.cal);
    REQUIRE(next);
    REQUIRE(next != last);
    last = next;
  }
}

TEST_CASE("a folder whose stamp lies ahead of the clock is not trusted")
{
  const Harness h;
  const timespec ahead[2] = {{4'000'000'000, 1}, {4'000'000'000, 1}};
  REQUIRE(::utimensat(AT_FDCWD, h.cal.c_str(), ahead, 0) == 0);
  CHECK_FALSE(settled_stamp(h.cal));
  h.put("a.ics", event("u"));
  REQUIRE(::utimensat(AT_FDCWD, h.cal.c_str(), ahead, 0) == 0);
  CHECK(*h.open().files_with("u") == Names{"a.ics"});
}
