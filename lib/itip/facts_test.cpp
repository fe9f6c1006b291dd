#include "itip/facts.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

#include "itip/detail/record.hpp"
#include "itip/detail/shape.hpp"
#include "itip/detail/test_events.hpp"

namespace imip::itip::test {

namespace {

std::vector<FactRow> some_rows(unsigned seed)
{
  std::mt19937 random(seed);
  const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
  std::vector<FactRow> out;
  for (int i = 0; i < 30; ++i) {
    FactRow row;
    row.reg = below(2) ? "W:organizer" : "A";
    row.scope = below(2) ? "series" : "instance:20270104T090000Z";
    row.attendee = below(2) ? "" : "mailto:bob@example.com";
    row.number = below(2);
    row.sequence = below(3);
    row.dtstamp = below(3);
    row.digest = std::string(1, static_cast<char>('a' + below(3)));
    row.content = std::string(1, static_cast<char>('x' + below(2)));
    out.push_back(row);
  }
  return out;
}

Facts merged(Facts a, const Facts& b)
{
  a.merge(b);
  return a;
}

}  // namespace

TEST_CASE("merging facts is commutative, associative and idempotent")
{
  for (unsigned seed = 1; seed < 40; ++seed) {
    const Facts a = Facts::from_rows(some_rows(seed));
    const Facts b = Facts::from_rows(some_rows(seed + 100));
    const Facts c = Facts::from_rows(some_rows(seed + 200));
    CHECK(merged(a, b) == merged(b, a));
    CHECK(merged(merged(a, b), c) == merged(a, merged(b, c)));
    CHECK(merged(a, a) == a);
    CHECK(merged(merged(a, b), b) == merged(a, b));
  }
}

TEST_CASE("rows in any order make the same facts, and come back sorted")
{
  std::vector<FactRow> rows = some_rows(5);
  const Facts facts = Facts::from_rows(rows);
  std::mt19937 random(1);
  for (int i = 0; i < 20; ++i) {
    std::shuffle(rows.begin(), rows.end(), random);
    CHECK(Facts::from_rows(rows) == facts);
  }
  CHECK(Facts::from_rows(facts.rows()) == facts);
}

TEST_CASE("a register says whether it was raised")
{
  Facts facts;
  FactRow row{"X", "series", "", 0, 1, 5, "", ""};
  CHECK(facts.raise(row));
  CHECK_FALSE(facts.raise(row));
  row.dtstamp = 4;
  CHECK_FALSE(facts.raise(row));
  row.dtstamp = 1;
  row.sequence = 2;
  CHECK(facts.raise(row));
  CHECK(facts.find("X", "series")->sequence == 2);
  CHECK(facts.find("X", "instance:20270104") == nullptr);
}

TEST_CASE("an answer's fact is read as it was written")
{
  detail::AnswerFact a;
  a.revision = {3, at("20261101T080000Z")};
  a.partstat = "DELEGATED";
  a.delegated_to = {"mailto:x@example.com", "mailto:y@example.com"};
  a.delegated_from = {"mailto:z@example.com"};
  a.sent_by = "mailto:proxy@example.com";
  a.comment = "two\nlines; and, more\\ partstat=ACCEPTED";
  a.address = "mailto:bob@example.com";
  FactRow row;
  row.sequence = 3;
  row.dtstamp = a.revision.dtstamp.time_since_epoch().count();
  row.content = detail::encode(a);
  const detail::AnswerFact b = detail::decode_answer(row);
  CHECK(b.revision == a.revision);
  CHECK(b.partstat == a.partstat);
  CHECK(b.delegated_to == a.delegated_to);
  CHECK(b.delegated_from == a.delegated_from);
  CHECK(b.sent_by == a.sent_by);
  CHECK(b.comment == a.comment);
  CHECK(b.address == a.address);
}

namespace {

detail::Shape shape(const std::string& start, const std::string& rest, const char* zones = "")
{
  const auto calendar = parsed(cat("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n", zones,
                                   "BEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20261101T080000Z\r\nDTSTART",
                                   start, "\r\n", rest, "END:VEVENT\r\nEND:VCALENDAR\r\n"))
                            .calendar;
  const ical::Zones z(calendar);
  const auto out = detail::shape_of(z, calendar.components.back());
  REQUIRE(out);
  return *out;
}

bool keeps(const std::string& then, const std::string& now)
{
  const std::string start = ":20270104T100000Z";
  return detail::keeps_answers(shape(start, then), shape(start, now));
}

}  // namespace

TEST_CASE("the same time said differently is the same time")
{
  CHECK(shape(":20270104T100000Z", "DTEND:20270104T110000Z\r\n") ==
        shape(":20270104T100000Z", "DURATION:PT60M\r\n"));
  CHECK(shape(":20270104T100000Z", "RRULE:FREQ=WEEKLY;BYDAY=MO;INTERVAL=1\r\n") ==
        shape(":20270104T100000Z", "RRULE:BYDAY=MO;FREQ=WEEKLY\r\n"));
  CHECK(shape(":20270104T100000Z",
              "RRULE:FREQ=DAILY\r\nEXDATE:20270105T100000Z,20270106T100000Z\r\n") ==
        shape(":20270104T100000Z",
              "RRULE:FREQ=DAILY\r\nEXDATE:20270106T100000Z\r\nEXDATE:20270105T100000Z\r\n"));
  CHECK(shape(";TZID=Europe/Berlin:20270104T100000", "RRULE:FREQ=WEEKLY\r\n") ==
        shape(";TZID=Europe/Paris:20270104T100000", "RRULE:FREQ=WEEKLY\r\n"));
}

TEST_CASE("an end of the rule that takes nothing in keeps the answers, however it is said")
{
  const auto rule = [](const char* end) { return cat("RRULE:FREQ=WEEKLY;", end, "\r\n"); };
  CHECK(keeps(rule("COUNT=5"), rule("UNTIL=20270118T100000Z")));
  CHECK(keeps(rule("UNTIL=20270301T100000Z"), rule("COUNT=3")));
  CHECK(keeps(rule("UNTIL=20270201T100000Z"), rule("UNTIL=20270201T235959Z")));
  CHECK(keeps(rule("COUNT=5"), rule("UNTIL=20270201T100000Z")));
  CHECK_FALSE(keeps(rule("COUNT=5"), rule("UNTIL=20270208T100000Z")));
  CHECK_FALSE(keeps(rule("UNTIL=20270201T100000Z"), rule("COUNT=6")));
  CHECK_FALSE(keeps(rule("COUNT=5"), "RRULE:FREQ=WEEKLY\r\n"));
  CHECK(keeps("RRULE:FREQ=WEEKLY\r\n", "RRULE:FREQ=WEEKLY;BYDAY=MO\r\n"));
  CHECK_FALSE(keeps("RRULE:FREQ=WEEKLY\r\n", "RRULE:FREQ=WEEKLY;BYDAY=TU\r\n"));
  // on the clock of its zone: local Monday is Sunday in UTC
  CHECK(detail::keeps_answers(
      shape(";TZID=Europe/Berlin:20270104T003000", rule("COUNT=20")),
      shape(";TZID=Europe/Berlin:20270104T003000", rule("BYDAY=MO;UNTIL=20270516T223000Z"))));
  // and as facts keep it, also those from before
  const auto five = shape(":20270104T100000Z", rule("COUNT=5"));
  CHECK(detail::decode(detail::encode(five)) == five);
  const std::string form = detail::encode(five);
  const auto older = detail::decode(form.substr(0, form.rfind('|')));
  REQUIRE(older);
  CHECK(detail::keeps_answers(*older, five));
  CHECK_FALSE(detail::keeps_answers(*older, shape(":20270104T100000Z", rule("COUNT=6"))));
}

TEST_CASE("kinds of time are different, and a zone is not UTC where there is a rule")
{
  CHECK_FALSE(shape(";VALUE=DATE:20270104", "") == shape(":20270104T000000", ""));
  CHECK_FALSE(shape(":20270104T000000", "") == shape(":20270104T000000Z", ""));
  CHECK(shape(";TZID=Europe/Berlin:20270104T100000", "") == shape(":20270104T090000Z", ""));
  const std::string rule = "RRULE:FREQ=WEEKLY\r\n";
  CHECK_FALSE(detail::keeps_answers(shape(";TZID=Europe/Berlin:20270104T100000", rule),
                                    shape(":20270104T090000Z", rule)));
}

TEST_CASE("zones that differ for two weeks of the year are two zones, where there is a rule")
{
  const auto office = [](const char* begin, const char* end) {
    return cat(
        "BEGIN:VTIMEZONE\r\nTZID:Office\r\nBEGIN:STANDARD\r\nDTSTART:"
        "19701025T030000\r\nTZOFFSETFROM:+0200\r\n"
        "TZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYDAY=",
        end,
        "\r\nEND:STANDARD\r\nBEGIN:DAYLIGHT\r\n"
        "DTSTART:19700329T020000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;"
        "BYDAY=",
        begin, "\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE\r\n");
  };
  const std::string europe = office("-1SU;BYMONTH=3", "-1SU;BYMONTH=10");
  const std::string america = office("2SU;BYMONTH=3", "1SU;BYMONTH=11");
  const auto weekly = [](const std::string& zone) {
    return shape(";TZID=Office:20270301T100000", "RRULE:FREQ=WEEKLY;COUNT=20\r\n", zone.c_str());
  };
  CHECK_FALSE(detail::keeps_answers(weekly(europe), weekly(america)));
  CHECK(detail::keeps_answers(weekly(europe), weekly(europe)));
  CHECK(shape(";TZID=Europe/Berlin:20270301T100000", "RRULE:FREQ=WEEKLY\r\n").zone ==
        shape(";TZID=Office:20270301T100000", "RRULE:FREQ=WEEKLY\r\n", europe.c_str()).zone);
  CHECK(shape(";TZID=Office:20270301T100000", "", europe.c_str()) ==
        shape(";TZID=Office:20270301T100000", "", america.c_str()));
  // nobody's clock changes so often: what is kept of it stays short
  std::string mad = "BEGIN:VTIMEZONE\r\nTZID:Office\r\n";
  for (int day = 1; day < 28; ++day)
    mad += cat("BEGIN:STANDARD\r\nDTSTART:202705", day < 10 ? "0" : "", day,
               "T030000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0", day % 2, "00\r\nEND:STANDARD\r\n");
  CHECK(weekly(mad + "END:VTIMEZONE\r\n").zone.size() == 64);
}

TEST_CASE("answers stay where instances only go, and not where one moves, grows or comes in")
{
  const std::string weekly = "RRULE:FREQ=WEEKLY\r\n";
  CHECK(keeps(weekly, weekly + "EXDATE:20270111T100000Z\r\n"));
  CHECK(keeps(weekly, "RRULE:FREQ=WEEKLY;COUNT=5\r\n"));
  CHECK(keeps("RRULE:FREQ=WEEKLY;COUNT=5\r\n", "RRULE:FREQ=WEEKLY;COUNT=4\r\n"));
  CHECK(keeps("RRULE:FREQ=WEEKLY;UNTIL=20270501T100000Z\r\n",
              "RRULE:FREQ=WEEKLY;UNTIL=20270401T100000Z\r\n"));
  CHECK_FALSE(keeps("RRULE:FREQ=WEEKLY;COUNT=4\r\n", "RRULE:FREQ=WEEKLY;COUNT=5\r\n"));
  CHECK_FALSE(keeps("RRULE:FREQ=WEEKLY;COUNT=4\r\n", weekly));
  CHECK_FALSE(keeps(weekly + "EXDATE:20270111T100000Z\r\n", weekly));
  CHECK_FALSE(keeps(weekly, weekly + "RDATE:20270112T100000Z\r\n"));
  CHECK(keeps(weekly + "RDATE:20270112T100000Z\r\n", weekly));
  CHECK_FALSE(keeps(weekly, "RRULE:FREQ=DAILY\r\n"));
  CHECK_FALSE(keeps("DTEND:20270104T110000Z\r\n", "DTEND:20270104T120000Z\r\n"));
}

TEST_CASE("a shape is read as it was written")
{
  const detail::Shape s = shape(
      ";TZID=Europe/Berlin:20270104T100000",
      "DURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=9\r\nRDATE;VALUE=PERIOD:20270105T090000Z/PT2H\r\n"
      "EXDATE;TZID=Europe/Berlin:20270111T100000\r\n");
  const auto again = detail::decode(detail::encode(s));
  REQUIRE(again);
  CHECK(*again == s);
  CHECK(s.rdates == std::vector<std::string>{"20270105T090000Z/PT2H"});
  CHECK_FALSE(detail::decode("nonsense"));
}

}  // namespace imip::itip::test
