// Which objects may take time: the index against reading everything.
#include <catch2/catch.hpp>

#include <random>
#include <set>

#include "base/clock.hpp"
#include "store/store_fixture.hpp"

using namespace imip;
using namespace imip::store;

namespace {

std::string timed(const std::string& uid, const std::string& start, const std::string& end,
                  const std::string& extra = {})
{
  return cat("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//imip//test//EN\r\nBEGIN:VEVENT\r\nUID:",
             uid, "\r\nDTSTAMP:20270101T000000Z\r\nDTSTART", start, "\r\nDTEND", end, "\r\n", extra,
             "END:VEVENT\r\nEND:VCALENDAR\r\n");
}

itip::Window window(std::string_view from, std::string_view to)
{
  return {*parse_instant(from), *parse_instant(to)};
}

std::set<std::string> found(const VdirStore& store, const std::vector<itip::Window>& windows,
                            SearchGaps* gaps = nullptr)
{
  std::set<std::string> uids;
  const auto all = store.search(
      windows, [&](const ical::Component& c) { uids.insert(c.components.front().text("UID")); });
  REQUIRE(all);
  if (gaps != nullptr) *gaps = *all;
  return uids;
}

using Uids = std::set<std::string>;
const itip::Window meeting = window("20270104T090000Z", "20270104T100000Z");

}  // namespace

TEST_CASE("search: by time, with rules, days and floating times")
{
  const Fixture f;
  f.put("a.ics", event("a"));
  f.put("b.ics", timed("b", ":20270105T090000Z", ":20270105T100000Z"));
  f.put("c.ics", timed("c", ":20200101T090000Z", ":20200101T100000Z", "RRULE:FREQ=DAILY\r\n"));
  f.put("d.ics", timed("d", ":20200101T090000Z", ":20200101T100000Z", "RRULE:FREQ=DAILY;COUNT=5\r\n"));
  f.put("e.ics", timed("e", ";VALUE=DATE:20270104", ";VALUE=DATE:20270105"));
  f.put("f.ics", timed("f", ":20270104T090000", ":20270104T100000"));
  f.put("g.ics", timed("g", ":20270104T090000Z", ":20270104T100000Z", "TRANSP:TRANSPARENT\r\n"));
  const VdirStore store = f.open();
  const Uids all = found(store, {meeting});
  for (const char* uid : {"a", "c", "e", "f"}) CHECK(all.contains(uid));
  for (const char* uid : {"d", "g"}) CHECK_FALSE(all.contains(uid));
  CHECK(found(store, {}).empty());
}

TEST_CASE("search: a changed, a new and a removed file are seen")
{
  const Fixture f;
  f.put("a.ics", event("a"));
  const VdirStore store = f.open();
  CHECK(found(store, {meeting}) == Uids{"a"});
  f.put("a.ics", timed("a", ":20280104T090000Z", ":20280104T100000Z"));
  CHECK(found(store, {meeting}).empty());
  f.put("b.ics", event("b"));
  CHECK(found(store, {meeting}) == Uids{"b"});
  std::filesystem::remove(f.cal / "b.ics");
  CHECK(found(store, {meeting}).empty());
  REQUIRE(apply(store, plan_add("own")));
  CHECK(found(store, {meeting}) == Uids{"own"});
  CHECK(found(f.open(), {meeting}) == Uids{"own"});
}

TEST_CASE("search: who changes the calendar knows when its own file takes time, and the next need not look")
{
  const Fixture f;
  f.put("a.ics", event("a"));
  const VdirStore store = f.open();
  CHECK(found(store, {meeting}) == Uids{"a"});
  REQUIRE(apply(store, plan_add("own")));
  bool looked = false;
  const VdirStore next = f.open();
  next.on_indexing([&](std::size_t, std::size_t) { looked = true; });
  CHECK(found(next, {meeting}) == Uids{"a", "own"});
  CHECK_FALSE(looked);
  const auto stored = next.find("own");
  REQUIRE((stored && *stored));
  itip::Plan later = plan_add("own");
  later.base_sha256 = (*stored)->sha256;
  later.octets = timed("own", ":20280104T090000Z", ":20280104T100000Z");
  REQUIRE(apply(next, later));
  CHECK(found(f.open(), {meeting}) == Uids{"a"});
  CHECK(found(f.open(), {window("20280104T090000Z", "20280104T100000Z")}) == Uids{"own"});
  CHECK_FALSE(looked);
}

TEST_CASE("search: a file that does not parse is counted, with and without state")
{
  const Fixture f;
  f.put("a.ics", event("a"));
  f.put("bad.ics", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n");
  f.put("worse.ics", timed("w", ":20270104T090000Z", ";TZID=Nowhere/Land:20270104T100000"));
  SearchGaps gaps;
  CHECK(found(f.open(), {meeting}, &gaps) == Uids{"a"});
  CHECK(gaps.unreadable == 2);
  const auto without = VdirStore::open(f.cal, {}, Limits{});
  REQUIRE(without);
  CHECK(found(*without, {meeting}, &gaps) == Uids{"a"});
  CHECK(gaps.unreadable == 2);
}

TEST_CASE("search: no more candidates than the limit, and the rest is told")
{
  const Fixture f;
  for (std::size_t i = 0; i < VdirStore::most_candidates + 10; ++i)
    f.dir.write(cat("cal/", i, ".ics"), event(cat("u", i)));
  SearchGaps gaps;
  CHECK(found(f.open(), {meeting}, &gaps).size() == VdirStore::most_candidates);
  CHECK(gaps.left_out == 10);
}

TEST_CASE("search: indexing tells how far it is, and what was indexed stays")
{
  const Fixture f;
  for (int i = 0; i < 1200; ++i) f.dir.write(cat("cal/", i, ".ics"), event(cat("u", i)));
  const VdirStore store = f.open();
  std::vector<std::size_t> told;
  store.on_indexing([&](std::size_t done, std::size_t total) {
    CHECK(total == 1200);
    told.push_back(done);
  });
  CHECK(found(store, {meeting}).size() == 1200);
  CHECK(told == std::vector<std::size_t>{500, 1000, 1200});
  CHECK(found(f.open(), {meeting}).size() == 1200);
  CHECK(told.size() == 3);
}

TEST_CASE("search: finds spans of all lengths in windows of all lengths")
{
  const Fixture f;
  std::mt19937 random(7);
  const auto pick = [&](unsigned n) { return static_cast<unsigned>(random()) % n; };
  const auto some_time = [&] { return *parse_instant("19500101T000000Z") + std::chrono::hours(pick(1'300'000)); };
  const auto some_hours = [&](unsigned most) { return std::chrono::hours(1 + pick(1U << (1 + pick(most)))); };
  std::vector<std::pair<std::string, itip::Window>> hulls;
  for (int i = 0; i < 200; ++i) {
    const std::string uid = cat("u", i);
    const UtcSeconds start = some_time();
    const std::string octets =
        timed(uid, cat(":", to_ical_utc(start)), cat(":", to_ical_utc(start + some_hours(20))),
              pick(10) == 0 ? "RRULE:FREQ=YEARLY\r\n" : "");
    f.dir.write(cat("cal/", uid, ".ics"), octets);
    hulls.emplace_back(uid, **itip::busy_hull(ical::parse(octets, Limits{})->calendar));
  }
  const VdirStore store = f.open();
  for (int round = 0; round < 60; ++round) {
    std::vector<itip::Window> windows;
    for (unsigned n = 1 + pick(4); n > 0; --n) {
      const UtcSeconds from = some_time();
      windows.push_back({from, from + some_hours(22)});
    }
    Uids overlapping;
    for (const auto& [uid, hull] : hulls)
      for (const itip::Window& w : windows)
        if (hull.from < w.to && hull.to > w.from) overlapping.insert(uid);
    CHECK(found(store, windows) == overlapping);
  }
  CHECK(found(store, {window("00010101T000000Z", "99990101T000000Z")}).size() == hulls.size());
}

TEST_CASE("search: never misses what reading everything finds")
{
  const Fixture f;
  std::mt19937 random(4);
  const auto pick = [&](unsigned n) { return static_cast<unsigned>(random()) % n; };
  std::vector<std::pair<std::string, std::string>> objects;
  const char* zones[] = {"Europe/Berlin", "America/New_York", "Asia/Tokyo"};
  const char* rules[] = {"", "", "RRULE:FREQ=WEEKLY;COUNT=8\r\n", "RRULE:FREQ=MONTHLY\r\n",
                         "RRULE:FREQ=DAILY;UNTIL=20270210T000000Z\r\n",
                         "RDATE:20270301T080000Z\r\n"};
  for (int i = 0; i < 300; ++i) {
    const std::string uid = cat("u", i);
    const std::string day = cat("2027", pick(2) == 0 ? "01" : "02", 10 + pick(18), "T");
    const unsigned hour = 10 + pick(12);
    const std::string zone = cat(";TZID=", zones[pick(3)], ":");
    objects.emplace_back(uid, timed(uid, cat(zone, day, hour, "0000"),
                                    cat(zone, day, hour + 1, "3000"), rules[pick(6)]));
    f.dir.write(cat("cal/", uid, ".ics"), objects.back().second);
  }
  const VdirStore store = f.open();
  for (int round = 0; round < 40; ++round) {
    const UtcSeconds from = *parse_instant("20270101T000000Z") + std::chrono::hours(pick(2500));
    const itip::Window w{from, from + std::chrono::hours(1 + pick(5))};
    const Uids by_index = found(store, {w});
    for (const auto& [uid, octets] : objects) {
      const auto parsed = ical::parse(octets, Limits{});
      REQUIRE(parsed);
      const auto naive = itip::busy_occurrences(parsed->calendar, w, nullptr, "UTC", Limits{});
      REQUIRE(naive);
      if (!naive->empty()) CHECK(by_index.contains(uid));
    }
  }
}
