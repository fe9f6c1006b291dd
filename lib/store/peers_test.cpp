// The programs that read the same folders: khal and vdirsyncer must agree with what we write.
#include <sys/wait.h>
#include <catch2/catch.hpp>
#include <cstdlib>

#include "store/store_fixture.hpp"

using namespace imip;
using namespace imip::store;
namespace fs = std::filesystem;

namespace {

/// Runs a command with HOME and the XDG folders inside `f`; its output, both streams.
std::string run(const Fixture& f, const std::string& command, int expected = 0)
{
  const std::string home = f.dir.path();
  const std::string line = cat(
      "cd ", home, " && exec env -u XDG_CONFIG_HOME -u XDG_DATA_HOME -u XDG_CACHE_HOME HOME=", home,
      " LC_ALL=C.UTF-8 TZ=UTC ", command, " >", home, "/out 2>&1");
  const int status = std::system(line.c_str());
  const std::string out = f.dir.read("out");
  INFO(out);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == expected);
  return out;
}

std::string khal_config(const Fixture& f)
{
  return f.dir.write("khal.conf",
                     cat("[calendars]\n[[cal]]\npath = ", f.cal.native(),
                         "\n[sqlite]\npath = ", (f.dir / "khal.db").native(),
                         "\n[locale]\nlocal_timezone = UTC\ndefault_timezone = UTC\n"
                         "timeformat = %H:%M\ndateformat = %Y-%m-%d\nlongdateformat = %Y-%m-%d\n"
                         "datetimeformat = %Y-%m-%d %H:%M\nlongdatetimeformat = %Y-%m-%d %H:%M\n"));
}

std::string khal_list(const Fixture& f)
{
  return run(f, cat("khal -c ", khal_config(f),
                    " list --format '{start-time} {title} <{uid}>' 2027-01-04 2027-01-05"));
}

}  // namespace

TEST_CASE("khal lists what we wrote, updated and removed")
{
  const Fixture f;
  const VdirStore store = f.open();
  REQUIRE(apply(store, plan_add("plain-uid", "One")));
  REQUIRE(apply(store, plan_add("odd uid@example.com", "Two")));
  std::string listed = khal_list(f);
  CHECK(listed.find("09:00 One <plain-uid>") != std::string::npos);
  CHECK(listed.find("09:00 Two <odd uid@example.com>") != std::string::npos);

  REQUIRE(apply(store, plan_change("plain-uid", event("plain-uid", "One"), "Three")));
  itip::Plan plan;
  plan.uid = "odd uid@example.com";
  plan.remove = true;
  plan.base_sha256 = sha256_hex(event(plan.uid, "Two"));
  REQUIRE(apply(store, plan));
  listed = khal_list(f);
  CHECK(listed.find("09:00 Three <plain-uid>") != std::string::npos);
  CHECK(listed.find("One") == std::string::npos);
  CHECK(listed.find("Two") == std::string::npos);
}

TEST_CASE("we find, change and keep the name of what khal wrote")
{
  const Fixture f;
  run(f, cat("khal -c ", khal_config(f), " new -a cal 2027-01-04 12:00 13:00 Lunch"));
  REQUIRE(std::distance(fs::directory_iterator(f.cal), fs::directory_iterator()) == 1);
  const fs::path file = fs::directory_iterator(f.cal)->path();
  const std::string before = f.dir.read(file.native());
  const std::string uid = file.stem();
  const VdirStore store = f.open();
  const auto found = store.find(uid);
  REQUIRE(found);
  REQUIRE(*found);
  CHECK((*found)->octets == before);
  REQUIRE(apply(store, plan_change(uid, before, "Dinner")));
  CHECK(f.dir.read(file.native()) == event(uid, "Dinner"));
  CHECK(khal_list(f).find("09:00 Dinner") != std::string::npos);
}

TEST_CASE("vdirsyncer carries our files to another folder, and updates and removals too")
{
  const Fixture f;
  fs::create_directory(f.dir / "copy");
  const std::string config = f.dir.write(
      "vdirsyncer.conf",
      cat("[general]\nstatus_path = \"", (f.dir / "status").native(),
          "\"\n[pair p]\na = \"a\"\nb = \"b\"\ncollections = null\n"
          "[storage a]\ntype = \"filesystem\"\nfileext = \".ics\"\npath = \"",
          f.cal.native(), "\"\n[storage b]\ntype = \"filesystem\"\nfileext = \".ics\"\npath = \"",
          (f.dir / "copy").native(), "\"\n"));
  const auto sync = [&] { return run(f, cat("vdirsyncer -c ", config, " sync")); };
  const auto copies = [&] {
    std::vector<std::string> all;
    for (const auto& entry : fs::directory_iterator(f.dir / "copy"))
      all.push_back(f.dir.read(entry.path().native()));
    std::sort(all.begin(), all.end());
    return all;
  };
  const VdirStore store = f.open();
  REQUIRE(apply(store, plan_add("a-uid", "One")));
  REQUIRE(apply(store, plan_add("b uid@example.com", "Two")));
  run(f, cat("sh -c 'yes | vdirsyncer -c ", config, " discover'"));
  sync();
  CHECK(copies() ==
        std::vector<std::string>{event("a-uid", "One"), event("b uid@example.com", "Two")});

  REQUIRE(apply(store, plan_change("a-uid", event("a-uid", "One"), "Three")));
  itip::Plan plan;
  plan.uid = "b uid@example.com";
  plan.remove = true;
  plan.base_sha256 = sha256_hex(event(plan.uid, "Two"));
  REQUIRE(apply(store, plan));
  const std::string said = sync();
  CHECK(said.find("onflict") == std::string::npos);
  CHECK(copies() == std::vector<std::string>{event("a-uid", "Three")});
}

TEST_CASE("we find what vdirsyncer brought under a name of its own")
{
  const Fixture f;
  f.put("8a1f0d3c-0000-4000-8000-000000000001.ics", event("x@example.com", "Old"));
  const VdirStore store = f.open();
  REQUIRE(apply(store, plan_change("x@example.com", event("x@example.com", "Old"), "New")));
  CHECK(f.get("8a1f0d3c-0000-4000-8000-000000000001.ics") == event("x@example.com", "New"));
}
