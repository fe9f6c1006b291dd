#include "state/state.hpp"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>
#include <fstream>

#include "testing/temp_dir.hpp"

using namespace imip;
using imip::state::JournalEntry;
using imip::state::ObjectKey;
using imip::state::State;
using imip::testing::TempDir;
namespace fs = std::filesystem;

namespace {

const ObjectKey key{"/cal", "mailto:alice@example.com", "uid-1", "mailto:boss@example.com"};

UtcSeconds at(std::int64_t seconds)
{
  return UtcSeconds(std::chrono::seconds(seconds));
}

itip::FactRow row(std::string reg, std::int64_t sequence, std::string content = "BEGIN:VEVENT")
{
  itip::FactRow fact;
  fact.reg = std::move(reg);
  fact.scope = "series";
  fact.sequence = sequence;
  fact.dtstamp = 1'800'000'000;
  fact.digest = "d";
  fact.content = std::move(content);
  return fact;
}

itip::Facts facts_of(std::vector<itip::FactRow> rows)
{
  return itip::Facts::from_rows(rows);
}

State open_state(const fs::path& dir)
{
  auto state = State::open(dir);
  if (!state) FAIL(state.error().what);
  return *std::move(state);
}

/// Runs SQL behind the program's back; the first column of the first row.
std::int64_t sql(const fs::path& file, const char* text)
{
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  sqlite3_busy_timeout(db, 5000);
  sqlite3_stmt* statement = nullptr;
  REQUIRE(sqlite3_prepare_v2(db, text, -1, &statement, nullptr) == SQLITE_OK);
  const std::int64_t value =
      sqlite3_step(statement) == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
  sqlite3_finalize(statement);
  sqlite3_close(db);
  return value;
}

}  // namespace

TEST_CASE("a write that was not confirmed counts only where the file is as it was to be")
{
  const TempDir dir;
  State state = open_state(dir / "imip");
  const auto save = [&](const std::string& rendered, const std::optional<state::Pending>& pending) {
    itip::Facts facts = facts_of({row("W", 1)});
    facts.last_rendered = rendered;
    REQUIRE(state.save(key, facts, JournalEntry{}, pending));
  };
  const auto rendered = [&](const std::string& stored) { return state.load(key, stored)->last_rendered; };
  save("one", state::Pending{"sha-1", {}});
  CHECK(rendered("sha-1") == "one");
  CHECK(state.load(key)->last_rendered.empty());
  save("one", state::Pending{"sha-1", "sha-0", "of the file"});  // nothing of ours was rendered before
  CHECK(rendered("sha-0") == "of the file");
  REQUIRE(state.confirm(key));
  CHECK(state.load(key)->last_rendered == "one");
  save("two", state::Pending{"sha-2", "sha-1"});
  CHECK(rendered("sha-1") == "one");
  CHECK(rendered("sha-2") == "two");
  save("three", state::Pending{"sha-3", "sha-1"});  // the second was never written
  CHECK(rendered("sha-1") == "one");
  CHECK(rendered("sha-3") == "three");
  save("four", state::Pending{"sha-4", "sha-3"});  // the third was, and the program stopped right then
  CHECK(rendered("sha-3") == "three");
  save("five", {});
  CHECK(rendered("sha-3") == "five");
}

TEST_CASE("a new state is empty, and private")
{
  const TempDir dir;
  const State state = open_state(dir / "new/imip");
  const auto facts = state.load(key);
  REQUIRE(facts);
  CHECK(facts->empty());
  CHECK(facts->last_rendered.empty());
  struct stat info {};
  REQUIRE(::stat((dir / "new/imip").c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0700);
  for (const auto& file : fs::directory_iterator(dir / "new/imip")) {
    REQUIRE(::stat(file.path().c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
  }
}

TEST_CASE("facts come back as they were saved, odd octets included")
{
  const TempDir dir;
  itip::Facts facts =
      facts_of({row("W:organizer", 3, std::string("a\0b\xff", 4)), row("X", 4, "")});
  facts.last_rendered = std::string("text\0more", 9);
  {
    State state = open_state(dir.path());
    REQUIRE(state.save(key, facts, {}));
  }
  const auto loaded = open_state(dir.path()).load(key);
  REQUIRE(loaded);
  CHECK(*loaded == facts);
  CHECK(loaded->last_rendered == facts.last_rendered);
}

TEST_CASE("save replaces the facts of its key and no other's")
{
  const TempDir dir;
  State state = open_state(dir.path());
  ObjectKey other = key;
  other.uid = "uid-2";
  REQUIRE(state.save(key, facts_of({row("A", 1), row("B", 1)}), {}));
  REQUIRE(state.save(other, facts_of({row("A", 7)}), {}));
  REQUIRE(state.save(key, facts_of({row("B", 2)}), {}));
  CHECK(*state.load(key) == facts_of({row("B", 2)}));
  CHECK(*state.load(other) == facts_of({row("A", 7)}));
}

TEST_CASE("every part of the key keeps objects apart")
{
  const TempDir dir;
  State state = open_state(dir.path());
  REQUIRE(state.save(key, facts_of({row("A", 1)}), {}));
  for (auto member :
       {&ObjectKey::store, &ObjectKey::owner, &ObjectKey::uid, &ObjectKey::organizer}) {
    ObjectKey other = key;
    other.*member = "another";
    CHECK(state.load(other)->empty());
  }
}

TEST_CASE("an object without facts keeps what was rendered last")
{
  const TempDir dir;
  State state = open_state(dir.path());
  itip::Facts none;
  none.last_rendered = "x";
  REQUIRE(state.save(key, none, {}));
  const auto loaded = state.load(key);
  CHECK(loaded->empty());
  CHECK(loaded->last_rendered == "x");
}

TEST_CASE("organizers_of names the others that claimed the UID")
{
  const TempDir dir;
  State state = open_state(dir.path());
  ObjectKey mallory = key;
  mallory.organizer = "mailto:mallory@example.net";
  ObjectKey elsewhere = mallory;
  elsewhere.store = "/other";
  elsewhere.organizer = "mailto:zoe@example.net";
  REQUIRE(state.save(key, facts_of({row("A", 1)}), {}));
  CHECK(state.organizers_of(key)->empty());
  REQUIRE(state.save(mallory, facts_of({row("A", 1)}), {}));
  REQUIRE(state.save(elsewhere, facts_of({row("A", 1)}), {}));
  CHECK(*state.organizers_of(key) == std::vector<std::string>{"mailto:mallory@example.net"});
}

TEST_CASE("each save leaves a journal entry")
{
  const TempDir dir;
  State state = open_state(dir.path());
  const JournalEntry entry{at(1'800'000'000), "hash",    "<id@x>", "REQUEST",
                           "added",           "trusted", "",       "new"};
  REQUIRE(state.save(key, {}, entry));
  REQUIRE(state.save(key, {}, entry));
  CHECK(sql(dir / "state.sqlite",
            "SELECT count(*) FROM journal WHERE message_id = '<id@x>' "
            "AND at = 1800000000 AND after = 'new'") == 2);
}

TEST_CASE("count_new counts one signer's objects since a moment")
{
  const TempDir dir;
  State state = open_state(dir.path());
  for (const std::int64_t when : {1'800'000'000, 1'800'000'100, 1'800'000'200})
    REQUIRE(state.note_new("a", at(when)));
  REQUIRE(state.note_new("b", at(1'800'000'200)));
  CHECK(*state.count_new("a", at(1'800'000'100)) == 2);
  CHECK(*state.count_new("a", at(1'800'000'101)) == 1);
  CHECK(*state.count_new("nobody", at(0)) == 0);
}

TEST_CASE("notes older than a month go")
{
  const TempDir dir;
  State state = open_state(dir.path());
  REQUIRE(state.note_new("a", at(1'800'000'000)));
  REQUIRE(state.note_new("a", at(1'800'000'000 + 40 * 86'400)));
  CHECK(*state.count_new("a", at(0)) == 1);
}

TEST_CASE("a damaged database is an error that says so, and stays")
{
  const TempDir dir;
  {
    const State state = open_state(dir.path());
  }
  const std::string rubbish(8192, 'x');
  dir.write("state.sqlite", rubbish);
  const auto state = State::open(dir.path());
  REQUIRE_FALSE(state);
  CHECK(state.error().code == Errc::TryAgain);
  CHECK(state.error().what.find("damaged") != std::string::npos);
  CHECK(dir.read("state.sqlite") == rubbish);
}

TEST_CASE("a truncated database is noticed when it is read or written")
{
  const TempDir dir;
  {
    State state = open_state(dir.path());
    REQUIRE(state.save(key, facts_of({row("A", 1, std::string(100'000, 'x'))}), {}));
  }
  fs::resize_file(dir / "state.sqlite", 4096);
  const auto state = State::open(dir.path());
  if (state) {
    const auto facts = state->load(key);
    REQUIRE_FALSE(facts);
    CHECK(facts.error().code == Errc::TryAgain);
  } else {
    CHECK(state.error().code == Errc::TryAgain);
  }
}

TEST_CASE("a newer schema is a configuration error")
{
  const TempDir dir;
  {
    const State state = open_state(dir.path());
  }
  sql(dir / "state.sqlite", "PRAGMA user_version = 99");
  const auto state = State::open(dir.path());
  REQUIRE_FALSE(state);
  CHECK(state.error().code == Errc::Config);
  CHECK(state.error().what.find("newer") != std::string::npos);
}

TEST_CASE("another program's database is not touched")
{
  const TempDir dir;
  dir.write("state.sqlite", "");
  sql(dir / "state.sqlite", "CREATE TABLE theirs (x)");
  const auto state = State::open(dir.path());
  REQUIRE_FALSE(state);
  CHECK(state.error().code == Errc::Config);
}

TEST_CASE("a state that others may write is refused")
{
  const TempDir dir;
  {
    const State state = open_state(dir / "s");
  }
  ::chmod((dir / "s/state.sqlite").c_str(), 0666);
  CHECK(State::open(dir / "s").error().code == Errc::Config);
  ::chmod((dir / "s/state.sqlite").c_str(), 0600);
  ::chmod((dir / "s").c_str(), 0777);
  CHECK(State::open(dir / "s").error().code == Errc::Config);
}

TEST_CASE("a state that cannot be made asks to try again, for the mail must stay queued")
{
  const auto state = State::open("/proc/nowhere/imip");
  REQUIRE_FALSE(state);
  CHECK(state.error().code == Errc::TryAgain);
}

TEST_CASE("a writer that does not finish makes the next one try again")
{
  const TempDir dir;
  State state = open_state(dir.path());
  sqlite3* other = nullptr;
  REQUIRE(sqlite3_open((dir / "state.sqlite").c_str(), &other) == SQLITE_OK);
  REQUIRE(sqlite3_exec(other, "BEGIN IMMEDIATE", nullptr, nullptr, nullptr) == SQLITE_OK);
  const auto saved = state.save(key, {}, {});  // waits 5 s
  sqlite3_close(other);
  REQUIRE_FALSE(saved);
  CHECK(saved.error().code == Errc::TryAgain);
  CHECK(saved.error().what.find("another process") != std::string::npos);
  CHECK(state.save(key, {}, {}));
}

TEST_CASE("many processes may write at once and nothing is lost")
{
  const TempDir dir;
  constexpr int writers = 4;
  constexpr int each = 10;
  for (int writer = 0; writer < writers; ++writer) {
    if (::fork() != 0) continue;
    bool good = true;
    for (int n = 0; n < each; ++n) {
      auto state = State::open(dir / "s");
      ObjectKey mine = key;
      mine.uid = "uid-" + std::to_string(writer) + "-" + std::to_string(n);
      good = good && state && state->save(mine, facts_of({row("A", n)}), {}) &&
             state->note_new("a", at(1'800'000'000));
    }
    ::_exit(good ? 0 : 1);
  }
  for (int writer = 0; writer < writers; ++writer) {
    int status = -1;
    REQUIRE(::wait(&status) > 0);
    CHECK(status == 0);
  }
  CHECK(*open_state(dir / "s").count_new("a", at(0)) == writers * each);
  CHECK(sql(dir / "s/state.sqlite", "SELECT count(*) FROM fact") == writers * each);
}

TEST_CASE("a process killed in the middle leaves the old facts")
{
  const TempDir dir;
  REQUIRE(open_state(dir.path()).save(key, facts_of({row("A", 1)}), {}));
  const pid_t child = ::fork();
  if (child == 0) {
    sqlite3* db = nullptr;
    sqlite3_open((dir / "state.sqlite").c_str(), &db);
    sqlite3_exec(db, "BEGIN IMMEDIATE; DELETE FROM fact", nullptr, nullptr, nullptr);
    ::_exit(0);
  }
  int status = -1;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(*open_state(dir.path()).load(key) == facts_of({row("A", 1)}));
}
