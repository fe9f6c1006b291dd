#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include "store/store_fixture.hpp"

using namespace imip;
using namespace imip::store;
namespace fs = std::filesystem;

namespace {

/// The octets found under the UID; "none", or the error's text in angle brackets.
std::string find(const VdirStore& store, const std::string& uid)
{
  const auto found = store.find(uid);
  if (!found) return cat('<', found.error().what, '>');
  return *found ? (*found)->octets : "none";
}

/// The calendar with these components behind its own.
std::string with(std::string calendar, std::string_view components)
{
  return calendar.insert(calendar.find("END:VCALENDAR"), components);
}

Errc code_of(const Result<void>& result)
{
  return result ? Errc{} : result.error().code;
}

std::vector<std::string> names(const fs::path& folder)
{
  std::vector<std::string> all;
  for (const auto& entry : fs::directory_iterator(folder)) all.push_back(entry.path().filename());
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("a missing folder and a file are no store")
{
  const Fixture f;
  const auto missing = VdirStore::open(f.dir / "none", f.state, Limits{});
  REQUIRE_FALSE(missing);
  CHECK(missing.error().code == Errc::NoInput);
  CHECK(missing.error().hint.find("mkdir") != std::string::npos);
  const auto file = VdirStore::open(f.dir.write("file", ""), f.state, Limits{});
  REQUIRE_FALSE(file);
  CHECK(file.error().code == Errc::NoInput);
}

TEST_CASE("nothing is found in an empty folder")
{
  const Fixture f;
  CHECK(find(f.open(), "u") == "none");
}

TEST_CASE("an object is found by its UID, whatever the file is called")
{
  const Fixture f;
  f.put("u1.ics", event("u1"));
  f.put("8d1c-something.ics", event("u2@example.com"));
  const VdirStore store = f.open();
  CHECK(find(store, "u1") == event("u1"));
  const auto found = store.find("u2@example.com");
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->sha256 == sha256_hex(event("u2@example.com")));
  CHECK((*found)->calendar.components.at(0).text("UID") == "u2@example.com");
}

TEST_CASE("a UID that is part of another, or differs in case, is not it")
{
  const Fixture f;
  f.put("a.ics", event("abc"));
  CHECK(find(f.open(), "ab") == "none");
  CHECK(find(f.open(), "abcd") == "none");
  CHECK(find(f.open(), "ABC") == "none");
}

TEST_CASE("only *.ics counts: no dot files, no temporary files, no folders")
{
  const Fixture f;
  f.put(".u.ics", event("u"));
  f.put("u.ics.tmp", event("u"));
  f.put("u", event("u"));
  f.put("color", "#ff0000");
  fs::create_directory(f.cal / "u.ics");
  ::mkfifo((f.cal / "pipe.ics").c_str(), 0600);
  CHECK(find(f.open(), "u") == "none");
}

TEST_CASE("two files with one UID are a conflict that names both")
{
  const Fixture f;
  f.put("a.ics", event("u", "one"));
  f.put("b.ics", event("u", "two"));
  const auto found = f.open().find("u");
  REQUIRE_FALSE(found);
  CHECK(found.error().code == Errc::Conflict);
  CHECK(found.error().what.find("a.ics and b.ics") != std::string::npos);
  CHECK_FALSE(found.error().hint.empty());
}

TEST_CASE("a file of two UIDs is not touched")
{
  const Fixture f;
  const std::string both = with(event("u1"), "BEGIN:VEVENT\r\nUID:u2\r\nDTSTAMP:20270101T000000Z\r\n"
                                             "DTSTART:20270105T090000Z\r\nEND:VEVENT\r\n");
  f.put("both.ics", both);
  const VdirStore store = f.open();
  CHECK(store.find("u1").error().code == Errc::Conflict);
  CHECK(store.find("u1").error().what.ends_with("both.ics: holds 2 objects: u1 and u2"));
  CHECK(store.find("u2").error().code == Errc::Conflict);
  CHECK(code_of(apply(store, plan_add("u2"))) == Errc::Conflict);
  CHECK(f.get("both.ics") == both);
}

TEST_CASE("what is no event, task or journal entry may lie beside one, with a UID or without")
{
  const Fixture f;
  const std::string file = with(event("u1"), "BEGIN:X-NOTE\r\nX-TEXT:1\r\nEND:X-NOTE\r\nBEGIN:VAVAILABILITY\r\nUID:free\r\n"
                                             "DTSTAMP:20270101T000000Z\r\nEND:VAVAILABILITY\r\n");
  f.put("u1.ics", file);
  CHECK(find(f.open(), "u1") == file);
  CHECK(find(f.open(), "free") == "none");
}

TEST_CASE("what lies beside an event stays when the event goes, with the event's UID too")
{
  const Fixture f;
  const std::string note = "BEGIN:X-NOTE\r\nUID:u1\r\nX-TEXT:1\r\nEND:X-NOTE\r\n";
  const std::string file = with(event("u1"), note);
  f.put("u1.ics", file);
  const VdirStore store = f.open();
  itip::Plan plan;
  plan.uid = "u1";
  plan.remove = true;
  plan.base_sha256 = sha256_hex(file);
  REQUIRE(apply(store, plan));
  CHECK(f.get("u1.ics") == cat("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//imip//test//EN\r\n",
                               note, "END:VCALENDAR\r\n"));
  CHECK(find(store, "u1") == "none");
  REQUIRE(apply(store, plan_add("u1")));
  CHECK(find(store, "u1") == event("u1"));
}

TEST_CASE("a file of the UID that does not parse is not touched")
{
  const Fixture f;
  f.put("bad.ics", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:u\r\nEND:VCALENDAR\r\n");
  const VdirStore store = f.open();
  const auto found = store.find("u");
  REQUIRE_FALSE(found);
  CHECK(found.error().code == Errc::Conflict);
  CHECK(found.error().what.find("bad.ics") != std::string::npos);
  CHECK(code_of(apply(store, plan_add("u"))) == Errc::Conflict);
}

TEST_CASE("broken files of other UIDs do not disturb")
{
  const Fixture f;
  f.put("rubbish.ics", std::string("\0\xff\xfe", 3));
  f.put("empty.ics", "");
  f.put("cut.ics", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:other");
  f.put("u.ics", event("u"));
  CHECK(find(f.open(), "u") == event("u"));
  CHECK(find(f.open(), "new") == "none");
}

TEST_CASE("an alarm's UID is not the object's")
{
  const Fixture f;
  std::string octets = event("u");
  octets.insert(octets.find("END:VEVENT"),
                "BEGIN:VALARM\r\nUID:alarm\r\nACTION:DISPLAY\r\n"
                "DESCRIPTION:x\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n");
  f.put("u.ics", octets);
  const VdirStore store = f.open();
  CHECK(find(store, "alarm") == "none");
  CHECK(apply(store, plan_add("alarm")));
  CHECK(f.get("alarm.ics") == event("alarm"));
}

TEST_CASE("a file that somebody copies in slowly is found when it is whole")
{
  const Fixture f;
  const std::string octets = event("slow");
  f.dir.write("cal/slow.ics", octets.substr(0, 20));
  const VdirStore store = f.open();
  CHECK(find(store, "slow") == "none");
  f.dir.write("cal/slow.ics", octets);  // in place: the folder's stamp stays
  CHECK(find(store, "slow") == octets);
}

TEST_CASE("what other programs add, change, rename and remove is seen at once")
{
  const Fixture f;
  const VdirStore store = f.open();
  for (int round = 0; round < 20; ++round) {
    f.put("a.ics", event("u", "one"));
    REQUIRE(find(store, "u") == event("u", "one"));
    f.put("a.ics", event("u", "two"));
    REQUIRE(find(store, "u") == event("u", "two"));
    f.put("a.ics", event("v"));
    REQUIRE(find(store, "u") == "none");
    REQUIRE(find(store, "v") == event("v"));
    fs::rename(f.cal / "a.ics", f.cal / "b.ics");
    REQUIRE(find(store, "v") == event("v"));
    fs::remove(f.cal / "b.ics");
    REQUIRE(find(store, "v") == "none");
  }
}

TEST_CASE("a file rewritten in place with another UID is noticed where it matters")
{
  const Fixture f;
  f.put("a.ics", event("u"));
  f.put("b.ics", event("w"));
  const VdirStore store = f.open();
  REQUIRE(find(store, "u") == event("u"));
  f.dir.write("cal/a.ics", event("v"));
  CHECK(find(store, "u") == "none");
  CHECK(find(store, "v") == event("v"));
}

TEST_CASE("a new object gets a file of its own, private, under its UID's name")
{
  const Fixture f;
  const VdirStore store = f.open();
  REQUIRE(apply(store, plan_add("u-1")));
  CHECK(names(f.cal) == std::vector<std::string>{"u-1.ics"});
  CHECK(f.get("u-1.ics") == event("u-1"));
  struct stat info {};
  REQUIRE(::stat((f.cal / "u-1.ics").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0600);
  CHECK(find(store, "u-1") == event("u-1"));
}

TEST_CASE("a UID that is no file name cannot leave the folder")
{
  const Fixture f;
  const VdirStore store = f.open();
  REQUIRE(apply(store, plan_add("../../evil")));
  REQUIRE(apply(store, plan_add("a@example.com")));
  CHECK(names(f.cal).size() == 2);
  for (const std::string& name : names(f.cal)) CHECK(name.size() == 44);
  CHECK(find(store, "../../evil") == event("../../evil"));
}

TEST_CASE("names that differ in letter case only are not made")
{
  const Fixture f;
  const VdirStore store = f.open();
  REQUIRE(apply(store, plan_add("ABC")));
  REQUIRE(apply(store, plan_add("abc")));
  CHECK(fs::exists(f.cal / "ABC.ics"));
  CHECK_FALSE(fs::exists(f.cal / "abc.ics"));
  CHECK(find(store, "abc") == event("abc"));
  CHECK(find(store, "ABC") == event("ABC"));
}

TEST_CASE("a name taken by another UID is left alone")
{
  const Fixture f;
  f.put("u.ics", event("other"));
  const VdirStore store = f.open();
  REQUIRE(apply(store, plan_add("u")));
  CHECK(f.get("u.ics") == event("other"));
  CHECK(find(store, "u") == event("u"));
}

TEST_CASE("an update keeps the file's name and mode")
{
  const Fixture f;
  f.put("foreign name.ics", event("u", "old"));
  ::chmod((f.cal / "foreign name.ics").c_str(), 0640);
  const VdirStore store = f.open();
  REQUIRE(apply(store, plan_change("u", event("u", "old"), "new")));
  CHECK(names(f.cal) == std::vector<std::string>{"foreign name.ics"});
  CHECK(find(store, "u") == event("u", "new"));
  struct stat info {};
  REQUIRE(::stat((f.cal / "foreign name.ics").c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0640);
}

TEST_CASE("a plan for other octets is a conflict and changes nothing")
{
  const Fixture f;
  f.put("u.ics", event("u", "theirs"));
  const VdirStore store = f.open();
  CHECK(code_of(apply(store, plan_change("u", event("u", "old"), "new"))) == Errc::Conflict);
  CHECK(code_of(apply(store, plan_add("u"))) == Errc::Conflict);
  CHECK(f.get("u.ics") == event("u", "theirs"));
}

TEST_CASE("a plan for an object that went is a conflict")
{
  const Fixture f;
  const VdirStore store = f.open();
  CHECK(code_of(apply(store, plan_change("u", event("u", "old"), "new"))) == Errc::Conflict);
  CHECK(names(f.cal).empty());
}

TEST_CASE("removal takes the file away; nothing there is no error")
{
  const Fixture f;
  f.put("x.ics", event("u"));
  f.put("y.ics", event("v"));
  const VdirStore store = f.open();
  itip::Plan plan;
  plan.uid = "u";
  plan.remove = true;
  CHECK(code_of(apply(store, plan)) == Errc::Conflict);  // planned against nothing, but it is there
  plan.base_sha256 = sha256_hex(event("u"));
  REQUIRE(apply(store, plan));
  CHECK(names(f.cal) == std::vector<std::string>{"y.ics"});
  CHECK(find(store, "u") == "none");
  CHECK(find(store, "v") == event("v"));
  plan.base_sha256.reset();
  CHECK(apply(store, plan));
}

TEST_CASE("a plan that changes no file leaves the folder untouched")
{
  const Fixture f;
  f.put("u.ics", event("u"));
  const auto before = fs::last_write_time(f.cal);
  itip::Plan plan;
  plan.uid = "u";
  CHECK(apply(f.open(), plan));
  CHECK(fs::last_write_time(f.cal) == before);
}

TEST_CASE("state lies outside the calendar")
{
  const Fixture f;
  REQUIRE(apply(f.open(), plan_add("u")));
  CHECK(names(f.cal) == std::vector<std::string>{"u.ics"});
  CHECK_FALSE(names(f.state).empty());
}

TEST_CASE("a store without state can be read but not changed")
{
  const Fixture f;
  f.put("x.ics", event("u"));
  const auto store = VdirStore::open(f.cal, {}, Limits{});
  REQUIRE(store);
  CHECK(find(*store, "u") == event("u"));
  CHECK(find(*store, "v") == "none");
  CHECK_FALSE(store->lock(0));
}

TEST_CASE("one calendar by two paths has one lock")
{
  const Fixture f;
  fs::create_directory_symlink(f.cal, f.dir / "link");
  const auto other = VdirStore::open(f.dir / "link", f.state, Limits{});
  REQUIRE(other);
  const auto held = f.open().lock(0);
  REQUIRE(held);
  const auto second = other->lock(50);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::TryAgain);
}

TEST_CASE("the lock ends with its holder, even a killed one, and is not inherited by exec")
{
  const Fixture f;
  const VdirStore store = f.open();
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = store.lock(0);
    if (!held) ::_exit(1);
    // a program started while we hold it must not keep it: its descriptors are closed on exec
    if (::fork() == 0) {
      ::execl("/bin/sleep", "sleep", "20", nullptr);
      ::_exit(1);
    }
    ::usleep(200'000);
    ::raise(SIGKILL);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFSIGNALED(status));
  CHECK(store.lock(2000));
}

TEST_CASE("a read-only folder is an error that says so, and the calendar stays")
{
  const Fixture f;
  f.put("u.ics", event("u", "old"));
  ::chmod(f.dir.path().c_str(), 0755);
  ::chmod(f.cal.c_str(), 0555);
  const VdirStore store = f.open();
  // root may write anyway; so the child gives root up
  const pid_t child = ::fork();
  if (child == 0) {
    const auto held = store.lock(0);
    if (!held || (::geteuid() == 0 && ::seteuid(65534) != 0)) ::_exit(2);
    ::_exit(code_of(store.apply(plan_add("new"), *held)) == Errc::Permission ? 0 : 1);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  ::chmod(f.cal.c_str(), 0755);
  CHECK(names(f.cal) == std::vector<std::string>{"u.ics"});
}

TEST_CASE("many writers at once lose nothing")
{
  const Fixture f;
  constexpr int writers = 4;
  constexpr int each = 8;
  for (int writer = 0; writer < writers; ++writer) {
    if (::fork() != 0) continue;
    const VdirStore store = f.open();
    bool good = true;
    for (int n = 0; n < each; ++n) {
      good = good && apply(store, plan_add(cat("own-", writer, '-', n)));
      // all count the same object up, each from what it finds under the lock
      const auto held = store.lock(10'000);
      const auto now = held ? store.find("shared") : Result<std::optional<itip::StoredObject>>();
      if (!held || !now) ::_exit(2);
      itip::Plan plan = plan_add("shared", "0");
      if (*now) {
        const int value = std::stoi((*now)->calendar.components.at(0).text("SUMMARY"));
        plan = plan_change("shared", (*now)->octets, std::to_string(value + 1));
      }
      good = good && store.apply(plan, *held);
    }
    ::_exit(good ? 0 : 1);
  }
  for (int writer = 0; writer < writers; ++writer) {
    int status = -1;
    REQUIRE(::wait(&status) > 0);
    CHECK(status == 0);
  }
  CHECK(names(f.cal).size() == writers * each + 1);
  CHECK(find(f.open(), "shared") == event("shared", std::to_string(writers * each - 1)));
}
