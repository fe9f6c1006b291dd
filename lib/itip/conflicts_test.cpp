// Which events are at the time of a message's event.
#include "itip/conflicts.hpp"

#include <catch2/catch.hpp>

#include "itip/detail/test_events.hpp"

namespace imip::itip::test {

namespace {

Event other(std::string uid, std::string start, std::string end, std::string extra = {})
{
  Event e;
  e.uid = std::move(uid);
  e.start = std::move(start);
  e.end = std::move(end);
  e.extra = std::move(extra);
  e.attendees.clear();
  return e;
}

Conflicts conflicts(const Message& m, const std::vector<std::vector<Event>>& objects,
                    const StoredObject* stored = nullptr)
{
  auto wanted = wanted_time(m, stored, "UTC", now());
  REQUIRE(wanted);
  ConflictSearch search(*std::move(wanted), "UTC");
  for (const auto& events : objects)
    CHECK(search.compare(parsed(calendar_text("", events)).calendar, m.uid, owner()));
  return search.result();
}

}  // namespace

TEST_CASE("the event itself and what only touches it are no conflicts")
{
  const Message m = message("REQUEST", {Event{}});
  const Conflicts c = conflicts(
      m, {{Event{}},
          {other("before", ":20270104T090000Z", ":20270104T100000Z")},
          {other("after", ":20270104T110000Z", ":20270104T120000Z")},
          {other("inside", ":20270104T101500Z", ":20270104T103000Z", "STATUS:TENTATIVE\r\n")},
          {other("around", ":20270103T000000Z", ":20270106T000000Z")}});
  CHECK(c.checked);
  REQUIRE(c.found.size() == 2);
  CHECK(c.found[0].first.uid == "around");
  CHECK(c.found[1].first.uid == "inside");
  CHECK(c.found[1].first.tentative);
  CHECK(c.found[1].with == at("20270104T100000Z"));
  CHECK(c.found[1].times == 1);
}

TEST_CASE("of two series the occurrences that overlap are counted")
{
  Event weekly;
  weekly.extra = "RRULE:FREQ=WEEKLY;COUNT=5\r\n";
  const Conflicts c =
      conflicts(message("REQUEST", {weekly}),
                {{other("daily", ":20270101T103000Z", ":20270101T104500Z", "RRULE:FREQ=DAILY\r\n")}});
  REQUIRE(c.found.size() == 1);
  CHECK(c.found[0].times == 5);
  CHECK(c.found[0].first.start == at("20270104T103000Z"));
}

TEST_CASE("what is over is not looked at; an old series from now on")
{
  Event past;
  past.start = ":20260104T100000Z";
  past.end = ":20260104T110000Z";
  const auto none = wanted_time(message("REQUEST", {past}), nullptr, "UTC", now());
  REQUIRE(none);
  CHECK(none->empty());
  past.extra = "RRULE:FREQ=DAILY\r\n";
  const auto wanted = wanted_time(message("REQUEST", {past}), nullptr, "UTC", now());
  REQUIRE(wanted);
  REQUIRE(wanted->size() == 366);
  CHECK(wanted->front().start == at("20261201T100000Z"));
}

TEST_CASE("a message about one occurrence wants only its time")
{
  Event one;
  one.recurrence_id = ":20270111T100000Z";
  one.start = ":20270111T150000Z";
  one.end = ":20270111T160000Z";
  const auto wanted = wanted_time(message("REQUEST", {one}), nullptr, "UTC", now());
  REQUIRE(wanted);
  REQUIRE(wanted->size() == 1);
  CHECK(wanted->front().start == at("20270111T150000Z"));
}

TEST_CASE("a range wants the occurrences that the stored series has from there on")
{
  Event series;
  series.extra = "RRULE:FREQ=WEEKLY;COUNT=4\r\n";
  Event own;  // an occurrence that has its own component is not moved by a range
  own.recurrence_id = ":20270118T100000Z";
  own.start = ":20270119T080000Z";
  own.end = ":20270119T090000Z";
  const StoredObject stored = stored_object(calendar_text("", {series, own}));
  Event range;
  range.recurrence_id = ";RANGE=THISANDFUTURE:20270111T100000Z";
  range.start = ":20270111T150000Z";
  range.end = ":20270111T160000Z";
  const auto wanted = wanted_time(message("REQUEST", {range}), &stored, "UTC", now());
  REQUIRE(wanted);
  REQUIRE(wanted->size() == 3);
  CHECK((*wanted)[0].start == at("20270111T150000Z"));
  CHECK((*wanted)[1].start == at("20270119T080000Z"));
  CHECK((*wanted)[2].start == at("20270125T150000Z"));
}

TEST_CASE("too many occurrences are said to be unchecked")
{
  Event e;
  e.extra = "RRULE:FREQ=HOURLY\r\n";
  e.end = ":20270104T100030Z";
  const auto wanted = wanted_time(message("REQUEST", {e}), nullptr, "UTC", now());
  REQUIRE_FALSE(wanted);
  CHECK(wanted.error().code == Errc::TooLarge);
}

TEST_CASE("only what wants time of an event is looked at")
{
  CHECK(wants_time(message("REQUEST", {Event{}})));
  CHECK(wants_time(message("PUBLISH", {Event{}})));
  CHECK_FALSE(wants_time(message("CANCEL", {Event{}})));
  Event free;
  free.extra = "TRANSP:TRANSPARENT\r\n";
  const auto wanted = wanted_time(message("PUBLISH", {free}), nullptr, "UTC", now());
  REQUIRE(wanted);
  CHECK(wanted->empty());
}

TEST_CASE("more conflicts than are listed are counted")
{
  std::vector<std::vector<Event>> objects;
  for (int i = 0; i < 130; ++i)
    objects.push_back({other(cat("u", i), ":20270104T100000Z", ":20270104T103000Z")});
  const Conflicts c = conflicts(message("REQUEST", {Event{}}), objects);
  CHECK(c.found.size() == most_conflicts);
  CHECK(c.more == 30);
}

}  // namespace imip::itip::test
