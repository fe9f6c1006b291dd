// Messages that wait, and what is forgotten when.
#include <catch2/catch.hpp>

#include "state/state.hpp"
#include "testing/temp_dir.hpp"

using namespace imip;
using namespace imip::state;
using imip::testing::TempDir;

namespace {

const ObjectKey key{"/cal", "mailto:alice@example.com", "uid-1", "mailto:boss@example.com"};
const UtcSeconds start{std::chrono::seconds{1'800'000'000}};
constexpr std::chrono::days held_days{60};

State open_state(const TempDir& dir)
{
  auto state = State::open(dir.path());
  if (!state) FAIL(state.error().what);
  return *std::move(state);
}

HeldMessage message(const std::string& part, UtcSeconds received = start)
{
  HeldMessage out;
  out.received = received;
  out.input = "a.eml";
  out.octets = std::string("From: x\r\n\0\xff", 11);
  out.part_sha256 = part;
  out.signer = "mailto:boss@example.com";
  out.consented = "stale,not-addressed";
  return out;
}

itip::Facts some_facts()
{
  itip::FactRow row;
  row.reg = "X";
  row.scope = "series";
  return itip::Facts::from_rows(std::vector<itip::FactRow>{row});
}

}  // namespace

TEST_CASE("what waits comes back as it was kept, for its object only, and each part once")
{
  const TempDir dir;
  State state = open_state(dir);
  REQUIRE(state.hold(key, message("p1")));
  REQUIRE(state.hold(key, message("p2")));
  REQUIRE(state.hold(key, message("p1", start + std::chrono::hours{1})));
  ObjectKey other = key;
  other.organizer = "mailto:mallory@example.com";
  CHECK(state.held(other)->empty());
  const auto waiting = state.held(key);
  REQUIRE(waiting);
  REQUIRE(waiting->size() == 2);
  const HeldMessage expected = message("p1");
  const HeldMessage& first = waiting->front();
  CHECK(first.received == start);
  CHECK(first.octets == expected.octets);
  CHECK(first.input == expected.input);
  CHECK(first.signer == expected.signer);
  CHECK(first.consented == expected.consented);
  CHECK(*state.count_held("mailto:boss@example.com") == 2);
  CHECK(*state.count_held("mailto:bob@example.com") == 0);
  REQUIRE(state.drop_held(first.id));
  CHECK(state.held(key)->size() == 1);
}

TEST_CASE("what waited for too long goes, once a day")
{
  const TempDir dir;
  State state = open_state(dir);
  REQUIRE(state.age(start, held_days));
  REQUIRE(state.hold(key, message("p1", start - std::chrono::days{61})));
  REQUIRE(state.hold(key, message("p2", start - std::chrono::days{59})));
  REQUIRE(state.age(start + std::chrono::hours{23}, held_days));
  CHECK(state.held(key)->size() == 2);
  REQUIRE(state.age(start + std::chrono::hours{24}, held_days));
  REQUIRE(state.held(key)->size() == 1);
  CHECK(state.held(key)->front().part_sha256 == "p2");
}

TEST_CASE("an object is forgotten after its time, unless it came back to life")
{
  const TempDir dir;
  State state = open_state(dir);
  ObjectKey other = key;
  other.uid = "uid-2";
  for (const ObjectKey& each : {key, other}) {
    REQUIRE(state.save(each, some_facts(), {}));
    REQUIRE(state.set_forget_after(each, start + std::chrono::days{400}));
  }
  REQUIRE(state.age(start + std::chrono::days{400}, held_days));
  CHECK_FALSE(state.load(key)->empty());
  REQUIRE(state.set_forget_after(other, std::nullopt));
  REQUIRE(state.age(start + std::chrono::days{401}, held_days));
  CHECK(state.load(key)->empty());
  CHECK_FALSE(state.load(other)->empty());
  // another of that UID is another object
  REQUIRE(state.save(key, some_facts(), {}));
  REQUIRE(state.age(start + std::chrono::days{800}, held_days));
  CHECK_FALSE(state.load(key)->empty());
}

TEST_CASE("what waits is found by a text in it and by the beginning of its digest, in its calendar only")
{
  const TempDir dir;
  State state = open_state(dir);
  REQUIRE(state.hold(key, message("p1")));
  REQUIRE(state.hold(key, message("p2")));
  const auto found = [&](const std::string& store, const std::string& text, const std::string& digest) {
    const auto all = state.waiting(store, key.owner, text, digest);
    REQUIRE(all);
    return all->size();
  };
  CHECK(found("/cal", "", "p2") == 1);
  CHECK(found("/cal", "From: x", "p") == 2);
  CHECK(found("/cal", std::string("\0\xff", 2), "") == 2);
  CHECK(found("/cal", "From: y", "") == 0);
  CHECK(found("/other", "", "p2") == 0);
  CHECK(state.waiting("/cal", key.owner, "", "p1")->front().key.uid == key.uid);
}
