// What each message said is kept beside the facts, for as long as the journal says.
#include <sqlite3.h>
#include <catch2/catch.hpp>

#include "state/state.hpp"
#include "testing/temp_dir.hpp"

using namespace imip;
using imip::state::JournalEntry;
using imip::state::ObjectKey;
using imip::state::State;
using imip::testing::TempDir;

namespace {

const ObjectKey key{"/cal", "mailto:alice@example.com", "uid-1", "mailto:boss@example.com"};
const UtcSeconds start{std::chrono::seconds{1'800'000'000}};

itip::FactRow row(std::string scope, std::int64_t sequence)
{
  itip::FactRow fact;
  fact.reg = "W:organizer";
  fact.scope = std::move(scope);
  fact.sequence = sequence;
  fact.digest = "d";
  fact.content = std::string("a\0b\xff", 4);
  return fact;
}

itip::Facts facts_of(std::vector<itip::FactRow> rows)
{
  return itip::Facts::from_rows(rows);
}

State open_state(const TempDir& dir, const state::JournalLimits& limits = {})
{
  auto state = State::open(dir / "state", limits);
  if (!state) FAIL(state.error().what);
  return *std::move(state);
}

/// A message as carry_out() saves it: the facts grow by what it says.
struct Writer {
  State& state;
  itip::Facts facts = {};
  UtcSeconds now = start;

  void message(const std::string& id, const std::vector<itip::FactRow>& said,
               const itip::Facts& found = {}, const ObjectKey& object = key)
  {
    JournalEntry entry;
    entry.at = now += std::chrono::seconds{1};
    entry.message_id = id;
    entry.part_sha256 = id + "-sha";
    entry.method = "REQUEST";
    entry.outcome = "updated";
    entry.digest = id + "-digest";
    entry.said = facts_of(said);
    entry.found = found;
    entry.before = "before " + id;
    entry.after = "after " + id;
    facts.merge(found);
    facts.merge(entry.said);
    REQUIRE(state.save(object, facts, entry));
  }
  void retract(const state::Journaled& message, const itip::Facts& left)
  {
    JournalEntry entry;
    entry.at = now += std::chrono::seconds{1};
    entry.outcome = "retracted";
    facts = left;
    REQUIRE(state.save_retraction(message, facts, entry));
  }
};

state::Journaled only(const State& state, const std::string& id)
{
  const auto found = state.journal(id, "");
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  return found->front();
}

void sql(const std::filesystem::path& file, const char* text)
{
  sqlite3* db = nullptr;
  REQUIRE(sqlite3_open(file.c_str(), &db) == SQLITE_OK);
  char* message = nullptr;
  INFO(text);
  const int code = sqlite3_exec(db, text, nullptr, nullptr, &message);
  INFO((message != nullptr ? message : ""));
  CHECK(code == SQLITE_OK);
  sqlite3_free(message);
  sqlite3_close(db);
}

}  // namespace

TEST_CASE("a message can be told from all others")
{
  const TempDir dir;
  State state = open_state(dir);
  Writer w{state};
  w.message("one", {row("series", 0)}, facts_of({row("file", 7)}));
  w.message("two", {row("series", 2), row("instance", 1)});
  w.message("three", {row("series", 1)});

  const state::Journaled two = only(state, "two");
  CHECK(two.key.uid == key.uid);
  CHECK(two.entry.before == "before two");
  CHECK(two.entry.method == "REQUEST");
  CHECK(two.has_octets);
  CHECK_FALSE(two.retracted);
  const auto besides = state.besides(two);
  REQUIRE(besides);
  CHECK(besides->said == facts_of({row("series", 2), row("instance", 1)}));
  CHECK(besides->without == facts_of({row("series", 1), row("file", 7)}));
  REQUIRE(besides->later.size() == 1);
  CHECK(besides->later.front().entry.message_id == "three");
  CHECK(besides->later_said == std::vector<itip::Facts>{facts_of({row("series", 1)})});
  CHECK_FALSE(besides->is_last);
  CHECK_FALSE(besides->answered);
  CHECK(state.besides(only(state, "three"))->is_last);

  CHECK(*state.knows(key, "two-digest"));
  CHECK_FALSE(*state.knows(key, "four-digest"));
  w.retract(two, besides->without);
  CHECK_FALSE(*state.knows(key, "two-digest"));
  CHECK(*state.load(key) == facts_of({row("series", 1), row("file", 7)}));
  CHECK(only(state, "two").retracted);
  CHECK(state.retracted(key)->count("two-digest") == 1);
  CHECK(state.besides(only(state, "one"))->without == facts_of({row("series", 1), row("file", 7)}));
  CHECK(state.besides(only(state, "three"))->without == facts_of({row("series", 0), row("file", 7)}));
  CHECK_FALSE(state.besides(only(state, "three"))->is_last);

  // Said again, it is the newest, and no longer retracted.
  w.message("two", {row("series", 2), row("instance", 1)});
  CHECK_FALSE(only(state, "two").retracted);
  CHECK(state.retracted(key)->empty());
  CHECK(state.besides(only(state, "two"))->is_last);
  CHECK(state.besides(only(state, "three"))->later.size() == 1);
}

TEST_CASE("messages are found by ID, by digest, and by both")
{
  const TempDir dir;
  State state = open_state(dir);
  Writer w{state};
  w.message("one", {row("series", 0)});
  ObjectKey other = key;
  other.uid = "uid-2";
  w.message("one", {row("series", 0)}, {}, other);
  w.message("o%e", {row("series", 3)});
  CHECK(state.journal("one", "")->size() == 2);
  CHECK(state.journal("", "one-s")->size() == 2);
  CHECK(state.journal("one", "o%e")->empty());
  CHECK(state.journal("o%e", "o%e-sha")->size() == 1);
  CHECK(state.journal("nobody", "")->empty());
  CHECK(state.journal("", "o_e")->empty());
}

TEST_CASE("what falls out of the journal stays among the facts, and a retraction is not forgotten")
{
  const TempDir dir;
  const auto by_age = state::JournalLimits{std::chrono::days{90}, 1000, 1000, 1000};
  const auto by_count = state::JournalLimits{std::chrono::days{9000}, 2, 1000, 1000};
  const auto by_object = state::JournalLimits{std::chrono::days{9000}, 1000, 2, 1000};
  const state::JournalLimits limits = GENERATE_COPY(by_age, by_count, by_object);
  State state = open_state(dir, limits);
  Writer w{state};
  w.message("gone", {row("series", 9)});
  w.retract(only(state, "gone"), {});
  w.message("old", {row("series", 0), row("instance", 1)});
  w.now += std::chrono::days{100};
  w.message("new", {row("series", 2)});
  w.message("newer", {row("series", 3)});
  CHECK(state.journal("old", "")->empty());
  CHECK(state.journal("gone", "")->empty());
  CHECK(state.retracted(key)->count("gone-digest") == 1);
  CHECK(state.besides(only(state, "newer"))->without ==
        facts_of({row("series", 2), row("instance", 1)}));
  CHECK(*state.load(key) == facts_of({row("series", 3), row("instance", 1)}));
}

TEST_CASE("an object is forgotten whole, unless a retraction brought it back")
{
  const TempDir dir;
  State state = open_state(dir);
  Writer w{state};
  const auto end = start + std::chrono::days{400};
  w.message("one", {row("series", 0)});
  REQUIRE(state.set_forget_after(key, end));
  w.retract(only(state, "one"), {});
  REQUIRE(state.age(end + std::chrono::days{1}, std::chrono::days{60}));
  CHECK(only(state, "one").retracted);
  w.message("two", {row("series", 1)});
  REQUIRE(state.set_forget_after(key, end));
  REQUIRE(state.age(end + std::chrono::days{2}, std::chrono::days{60}));
  CHECK(state.journal("two", "")->empty());
  CHECK(state.retracted(key)->empty());
  CHECK_FALSE(*state.knows(key, "two-digest"));
  w.facts = {};
  w.message("three", {row("series", 2)});
  CHECK(state.besides(only(state, "three"))->without.empty());
}

TEST_CASE("what was mailed for an offer is known, until its message is retracted or the journal forgets")
{
  const TempDir dir;
  State state = open_state(dir);
  Writer w{state};
  w.message("one", {row("series", 0)});
  const state::MailedOffer offer{"one-sha", "request series mailto:carla@example.com"};
  CHECK(*state.mailed(key, offer) == std::nullopt);
  const state::Mailed going{"m0@example.com", "20270104T100000Z", false};
  REQUIRE(state.note_mailed(key, offer, going, w.now));
  CHECK(*state.mailed(key, offer) == going);
  const state::Mailed went{"m1@example.com", "20270104T100005Z", true};
  REQUIRE(state.note_mailed(key, offer, went, w.now));
  REQUIRE(state.note_mailed(key, offer, going, w.now));
  REQUIRE(state.note_mailed(key, offer, {"m2@example.com", going.dtstamp, true}, w.now));
  CHECK(*state.mailed(key, offer) == went);
  CHECK(*state.mailed(key, {"one-sha", "cancel series mailto:carla@example.com"}) == std::nullopt);
  CHECK(*state.mailed(key, {"two-sha", offer.offer}) == std::nullopt);
  ObjectKey other = key;
  other.owner = "mailto:other@example.com";
  CHECK(*state.mailed(other, offer) == std::nullopt);
  w.retract(only(state, "one"), {});
  CHECK(*state.mailed(key, offer) == std::nullopt);

  REQUIRE(state.note_mailed(key, offer, went, w.now));
  REQUIRE(state.age(w.now + std::chrono::days{89}, std::chrono::days{60}));
  CHECK(*state.mailed(key, offer) == went);
  REQUIRE(state.age(w.now + std::chrono::days{91}, std::chrono::days{60}));
  CHECK(*state.mailed(key, offer) == std::nullopt);
}

TEST_CASE("large objects are not kept twice more")
{
  const TempDir dir;
  State state = open_state(dir, {std::chrono::days{90}, 1000, 1000, 9});
  Writer w{state};
  w.message("one", {row("series", 0)});
  CHECK_FALSE(only(state, "one").has_octets);
  CHECK(only(state, "one").entry.before.empty());
}

TEST_CASE("a state of the version before is taken over with what it knows")
{
  const TempDir dir;
  {
    State state = open_state(dir);
    Writer w{state};
    w.message("one", {row("series", 0)});
  }
  // as version 1 left it
  sql(dir / "state/state.sqlite",
      "DROP TABLE said_fact; DROP TABLE said; DROP INDEX journal_object; DROP INDEX journal_at;"
      "DROP INDEX journal_part; ALTER TABLE journal DROP COLUMN said;"
      "ALTER TABLE journal DROP COLUMN has_octets; PRAGMA user_version = 1;");
  State state = open_state(dir);
  CHECK(*state.load(key) == facts_of({row("series", 0)}));
  CHECK(state.journal("one", "")->empty());
  Writer w{state, *state.load(key)};
  w.message("two", {row("series", 1)});
  CHECK(state.besides(only(state, "two"))->without == facts_of({row("series", 0)}));
}
