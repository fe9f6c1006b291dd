// When events take their owner's time: busy_occurrences() and busy_hull().
#include "itip/busy.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "itip/detail/test_events.hpp"

namespace imip::itip::test {

namespace {

constexpr std::string_view berlin = "Europe/Berlin";

ical::Component calendar(const std::vector<Event>& events)
{
  return parsed(calendar_text("", events)).calendar;
}

Window window(std::string_view from, std::string_view to)
{
  return {at(from), at(to)};
}

/// "0104T1000-1100 ?!": month, day, start and end in UTC; "?" tentative, "!" not answered.
std::vector<std::string> found(const ical::Component& c, const Window& w,
                               const std::string& zone = std::string(berlin))
{
  Owner alice = owner();
  alice.groups = {address("staff@example.com")};
  const auto all = busy_occurrences(c, w, &alice, zone, Limits{});
  if (!all) return {all.error().what};
  std::vector<std::string> out;
  for (const Occurrence& o : *all) {
    out.push_back(cat(to_ical_utc(o.start).substr(4, 9), "-", to_ical_utc(o.end).substr(9, 4),
                      o.all_day ? " day" : "", o.tentative ? "?" : "", o.unanswered ? "!" : ""));
  }
  return out;
}

using Texts = std::vector<std::string>;

Event mine(std::string partstat, std::string extra = {})
{
  Event e;
  e.attendees = {cat("PARTSTAT=", partstat, ":mailto:alice@example.com")};
  e.extra = std::move(extra);
  return e;
}

}  // namespace

TEST_CASE("opaque events take time, transparent, cancelled and declined ones do not")
{
  const Window january = window("20270101T000000Z", "20270201T000000Z");
  const auto times = [&](const Event& e) { return found(calendar({e}), january); };
  CHECK(times(mine("ACCEPTED")) == Texts{"0104T1000-1100"});
  CHECK(times(mine("ACCEPTED", "TRANSP:OPAQUE\r\n")) == Texts{"0104T1000-1100"});
  CHECK(times(mine("ACCEPTED", "TRANSP:TRANSPARENT\r\n")).empty());
  CHECK(times(mine("ACCEPTED", "STATUS:CANCELLED\r\n")).empty());
  CHECK(times(mine("ACCEPTED", "STATUS:TENTATIVE\r\n")) == Texts{"0104T1000-1100?"});
  CHECK(times(mine("TENTATIVE")) == Texts{"0104T1000-1100?"});
  CHECK(times(mine("NEEDS-ACTION")) == Texts{"0104T1000-1100!"});
  // invited by a group: her answer brings an ATTENDEE of her own
  Event all = mine("NEEDS-ACTION");
  all.attendees = {"CUTYPE=GROUP;PARTSTAT=ACCEPTED:mailto:staff@example.com"};
  CHECK(times(all) == Texts{"0104T1000-1100!"});
  all.attendees.push_back(
      "PARTSTAT=ACCEPTED;MEMBER=\"mailto:staff@example.com\":mailto:alice@example.com");
  CHECK(times(all) == Texts{"0104T1000-1100"});
  all.attendees.back() =
      "PARTSTAT=DECLINED;MEMBER=\"mailto:staff@example.com\":mailto:alice@example.com";
  CHECK(times(all).empty());
  all.attendees = {"CUTYPE=GROUP:mailto:others@example.com"};
  CHECK(times(all) == Texts{"0104T1000-1100"});
  CHECK(times(mine("DECLINED")).empty());
  CHECK(times(mine("DELEGATED")).empty());
  Event own = mine("NEEDS-ACTION");
  own.organizer = "mailto:alice@example.com";
  CHECK(times(own) == Texts{"0104T1000-1100"});
  Event others;
  others.attendees = {"PARTSTAT=DECLINED:mailto:bob@example.com"};
  CHECK(times(others) == Texts{"0104T1000-1100"});
}

TEST_CASE("an event without a length takes no time, and what only touches does not overlap")
{
  Event e = mine("ACCEPTED");
  e.end.clear();
  CHECK(found(calendar({e}), window("20270101T000000Z", "20270201T000000Z")).empty());
  const auto c = calendar({mine("ACCEPTED")});
  CHECK(found(c, window("20270104T110000Z", "20270104T120000Z")).empty());
  CHECK(found(c, window("20270104T090000Z", "20270104T100000Z")).empty());
  CHECK(found(c, window("20270104T105959Z", "20270104T120000Z")).size() == 1);
}

TEST_CASE("days and floating times are where the owner is")
{
  Event day = mine("ACCEPTED");
  day.start = ";VALUE=DATE:20270704";
  day.end.clear();
  const Window july = window("20270701T000000Z", "20270801T000000Z");
  CHECK(found(calendar({day}), july) == Texts{"0703T2200-2200 day"});
  CHECK(found(calendar({day}), july, "America/New_York") == Texts{"0704T0400-0400 day"});
  Event floating = mine("ACCEPTED");
  floating.start = ":20270704T090000";
  floating.end = ":20270704T100000";
  CHECK(found(calendar({floating}), july) == Texts{"0704T0700-0800"});
  CHECK(found(calendar({floating}), july, "Asia/Kolkata") == Texts{"0704T0330-0430"});
}

TEST_CASE("a series keeps its wall clock over a change of the clocks")
{
  Event e = mine("ACCEPTED", "RRULE:FREQ=WEEKLY;COUNT=3\r\n");
  e.start = ";TZID=Europe/Berlin:20270321T090000";
  e.end = ";TZID=Europe/Berlin:20270321T100000";
  CHECK(found(calendar({e}), window("20270301T000000Z", "20270501T000000Z")) ==
        Texts{"0321T0800-0900", "0328T0700-0800", "0404T0700-0800"});
}

TEST_CASE("DTEND is an exact length, DURATION in days a nominal one")
{
  Event e = mine("ACCEPTED", "RRULE:FREQ=DAILY;COUNT=2\r\n");
  e.start = ";TZID=Europe/Berlin:20270326T120000";
  e.end = ";TZID=Europe/Berlin:20270327T120000";
  const Window march = window("20270301T000000Z", "20270501T000000Z");
  CHECK(found(calendar({e}), march) == Texts{"0326T1100-1100", "0327T1100-1100"});
  e.end.clear();
  e.extra += "DURATION:P1D\r\n";
  CHECK(found(calendar({e}), march) == Texts{"0326T1100-1100", "0327T1100-1000"});
}

TEST_CASE("overrides replace their occurrence, ranges all that follow")
{
  Event series = mine("ACCEPTED", "RRULE:FREQ=DAILY;COUNT=6\r\nEXDATE:20270105T100000Z\r\n");
  Event moved = mine("ACCEPTED");
  moved.recurrence_id = ":20270106T100000Z";
  moved.start = ":20270120T150000Z";
  moved.end = ":20270120T160000Z";
  Event cancelled = mine("ACCEPTED", "STATUS:CANCELLED\r\n");
  cancelled.recurrence_id = ":20270107T100000Z";
  Event later = mine("TENTATIVE");
  later.recurrence_id = ";RANGE=THISANDFUTURE:20270108T100000Z";
  later.start = ":20270108T143000Z";
  later.end = ":20270108T170000Z";
  const auto c = calendar({series, moved, cancelled, later});
  CHECK(found(c, window("20270101T000000Z", "20270201T000000Z")) ==
        Texts{"0104T1000-1100", "0108T1430-1700?", "0109T1430-1700?", "0120T1500-1600"});
  CHECK(found(c, window("20270109T160000Z", "20270109T163000Z")) == Texts{"0109T1430-1700?"});
}

TEST_CASE("an override that names its day by date or midnight is matched")
{
  Event series = mine("ACCEPTED", "RRULE:FREQ=DAILY;COUNT=2\r\n");
  Event moved = mine("ACCEPTED");
  moved.recurrence_id = ";VALUE=DATE:20270105";
  moved.start = ":20270105T180000Z";
  moved.end = ":20270105T190000Z";
  CHECK(found(calendar({series, moved}), window("20270101T000000Z", "20270201T000000Z")) ==
        Texts{"0104T1000-1100", "0105T1800-1900"});
}

TEST_CASE("an override without ATTENDEE has the answers of its series")
{
  Event series = mine("DECLINED", "RRULE:FREQ=DAILY;COUNT=2\r\n");
  Event moved = mine("ACCEPTED");
  moved.attendees.clear();
  moved.recurrence_id = ":20270105T100000Z";
  moved.start = ":20270105T100000Z";
  moved.end = ":20270105T110000Z";
  const Window january = window("20270101T000000Z", "20270201T000000Z");
  CHECK(found(calendar({series, moved}), january).empty());
  moved.attendees = {"PARTSTAT=ACCEPTED:mailto:alice@example.com"};
  CHECK(found(calendar({series, moved}), january) == Texts{"0105T1000-1100"});
}

TEST_CASE("an RDATE PERIOD has its own length")
{
  const Event e = mine("ACCEPTED",
                       "RDATE;VALUE=PERIOD:20270110T080000Z/PT3H,20270111T080000Z/"
                       "20270111T083000Z\r\nRDATE:20270112T080000Z\r\n");
  CHECK(found(calendar({e}), window("20270101T000000Z", "20270201T000000Z")) ==
        Texts{"0104T1000-1100", "0110T0800-1100", "0111T0800-0830", "0112T0800-0900"});
  Event zoned = mine("ACCEPTED",
                     "RDATE;VALUE=PERIOD:20270110T080000/PT3H,20270111T080000/20270111T083000\r\n");
  zoned.start = ";TZID=Europe/Berlin:20270104T100000";
  CHECK(found(calendar({zoned}), window("20270101T000000Z", "20270201T000000Z")) ==
        Texts{"0104T0900-1100", "0110T0700-1000", "0111T0700-0730"});
}

TEST_CASE("a rule that gives too much is an error, not an empty calendar")
{
  const auto c = calendar({mine("ACCEPTED", "RRULE:FREQ=SECONDLY\r\n")});
  Limits few;
  few.recurrence_instances = 1000;
  const auto all =
      busy_occurrences(c, window("20270101T000000Z", "20280201T000000Z"), nullptr, "UTC", few);
  REQUIRE_FALSE(all);
  CHECK(all.error().code == Errc::TooLarge);
}

TEST_CASE("the hull of an object: open without an end, nothing without time")
{
  const auto hull = [](const std::vector<Event>& events) {
    const auto out = busy_hull(calendar(events));
    REQUIRE(out);
    return *out;
  };
  CHECK_FALSE(hull({mine("ACCEPTED", "TRANSP:TRANSPARENT\r\n")}));
  Event todo;
  todo.kind = "VTODO";
  CHECK_FALSE(hull({todo}));
  const auto endless = hull({mine("ACCEPTED", "RRULE:FREQ=DAILY\r\n")});
  REQUIRE(endless);
  CHECK(endless->to == far_future);
  const auto until = hull({mine("ACCEPTED", "RRULE:FREQ=DAILY;UNTIL=20270110T100000Z\r\n")});
  REQUIRE(until);
  CHECK(until->to < at("20270120T000000Z"));
  CHECK(until->to > at("20270110T110000Z"));
}

namespace {

/// One of many kinds of events, around January 2027.
std::vector<Event> random_object(std::mt19937& random)
{
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const auto two = [](int n) { return cat(n < 10 ? "0" : "", n); };
  Event e = mine(pick(5) == 0 ? "DECLINED" : "ACCEPTED");
  e.uid = cat("u", random());
  const std::string date = cat("202701", two(1 + pick(28)));
  const int hour = pick(22);
  const std::vector<std::string> zones = {"", "Z", "Europe/Berlin", "America/St_Johns", "Asia/Kolkata"};
  const std::string& zone = zones[static_cast<std::size_t>(pick(5))];
  const auto time = [&](int h) {
    const std::string value = cat(date, "T", two(h), "0000", zone == "Z" ? "Z" : "");
    return zone.size() < 2 ? cat(":", value) : cat(";TZID=", zone, ":", value);
  };
  e.start = time(hour);
  e.end = time(hour + 1 + pick(2));
  if (pick(6) == 0) {
    e.start = cat(";VALUE=DATE:", date);
    e.end.clear();
  }
  const std::vector<std::string> rules = {
      "", "", "FREQ=DAILY;COUNT=7", "FREQ=WEEKLY;BYDAY=MO,WE", "FREQ=MONTHLY;BYDAY=-1FR",
      "FREQ=DAILY;INTERVAL=3;UNTIL=20270301T000000Z"};
  std::string rule = rules[static_cast<std::size_t>(pick(6))];
  const bool wall = zone.empty() || e.end.empty();
  if (wall && rule.ends_with('Z')) rule = "FREQ=DAILY;INTERVAL=5;COUNT=9";
  if (!rule.empty()) e.extra = cat("RRULE:", rule, "\r\n");
  if (pick(4) == 0) e.extra += "DURATION:PT90M\r\n";
  if (e.extra.ends_with("PT90M\r\n")) e.end.clear();
  if (e.start.starts_with(";VALUE") && e.extra.ends_with("PT90M\r\n")) e.start = time(hour);
  std::vector<Event> out = {e};
  if (!rule.empty() && pick(3) == 0 && !e.start.starts_with(";VALUE")) {
    Event moved = e;
    moved.recurrence_id = e.start;
    moved.start = ":20270315T120000Z";
    moved.end = ":20270315T130000Z";
    moved.extra.clear();
    out.push_back(moved);
  }
  return out;
}

}  // namespace

TEST_CASE("a small window finds what the large one finds there, and the hull covers it")
{
  std::mt19937 random(20270104);
  const Owner alice = owner();
  const Window year = window("20261001T000000Z", "20271001T000000Z");
  for (int round = 0; round < 400; ++round) {
    const auto c = calendar(random_object(random));
    const auto all = busy_occurrences(c, year, &alice, std::string(berlin), Limits{});
    REQUIRE(all);
    const auto hull = busy_hull(c);
    REQUIRE(hull);
    const Window small{year.from + std::chrono::hours(random() % 8000),
                       year.from + std::chrono::hours(8000 + random() % 700)};
    const auto some = busy_occurrences(c, small, &alice, std::string(berlin), Limits{});
    REQUIRE(some);
    std::vector<UtcSeconds> expected, given;
    for (const Occurrence& o : *all) {
      if (o.start < small.to && o.end > small.from) expected.push_back(o.start);
      REQUIRE(*hull);
      CHECK((*hull)->from <= o.start);
      CHECK((*hull)->to >= o.end);
    }
    for (const Occurrence& o : *some) given.push_back(o.start);
    CHECK(given == expected);
  }
}

}  // namespace imip::itip::test
