#include "report/event_text.hpp"

#include <catch2/catch.hpp>

using namespace imip;

namespace {

report::EventText of(const std::string& lines, const std::string& zone = "UTC")
{
  const auto parsed = ical::parse("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\n"
                                  "UID:u\r\nDTSTAMP:20261120T000000Z\r\n" +
                                      lines + "END:VEVENT\r\nEND:VCALENDAR\r\n",
                                  Limits{});
  REQUIRE(parsed);
  const ical::Zones zones(parsed->calendar);
  return report::describe(zones, parsed->calendar.components.front(), zone);
}

}  // namespace

TEST_CASE("an event is told in its own zone, and in the reader's if that differs")
{
  const std::string lines =
      "DTSTART;TZID=Europe/Berlin:20270104T100000\r\nDTEND;TZID=Europe/Berlin:20270104T113000\r\n";
  CHECK(of(lines, "Europe/Berlin").when ==
        std::vector<std::string>{"2027-01-04 10:00-11:30 Europe/Berlin (+01:00)"});
  CHECK(of(lines, "Asia/Kolkata").when ==
        std::vector<std::string>{"2027-01-04 10:00-11:30 Europe/Berlin (+01:00)",
                                 "2027-01-04 14:30-16:00 Asia/Kolkata (+05:30)"});
}

TEST_CASE("an end on another day is told whole")
{
  const auto text = of("DTSTART:20270104T230000Z\r\nDTEND:20270105T010000Z\r\n");
  REQUIRE(text.when.size() == 1);
  CHECK(text.when.front() == "2027-01-04 23:00 UTC (+00:00) to 2027-01-05 01:00 UTC (+00:00)");
}

TEST_CASE("days without a time are all-day, their end is the last day")
{
  CHECK(of("DTSTART;VALUE=DATE:20270104\r\n").when ==
        std::vector<std::string>{"2027-01-04 (all day)"});
  CHECK(of("DTSTART;VALUE=DATE:20270104\r\nDTEND;VALUE=DATE:20270107\r\n").when ==
        std::vector<std::string>{"2027-01-04 to 2027-01-06 (all day)"});
}

TEST_CASE("a rule is told in words only where nothing is left out")
{
  const std::string start = "DTSTART:20270104T100000Z\r\n";
  CHECK(of(start + "RRULE:FREQ=WEEKLY;COUNT=10\r\n").repeats == "weekly, 10 times");
  CHECK(of(start + "RRULE:FREQ=DAILY;INTERVAL=3;UNTIL=20270201T000000Z\r\n").repeats ==
        "every 3 days, until 2027-02-01");
  CHECK(of(start + "RRULE:FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1\r\n").repeats ==
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=-1");
}

TEST_CASE("people are told by address; a name is only an addition")
{
  const auto text = of(
      "DTSTART:20270104T100000Z\r\n"
      "ORGANIZER;CN=Boss;SENT-BY=\"mailto:pa@example.com\":mailto:boss@example.com\r\n"
      "ATTENDEE;CN=alice@example.com:mailto:alice@example.com\r\n"
      "ATTENDEE;PARTSTAT=ACCEPTED;CN=\"boss@example.com\":mailto:mallory@example.net\r\n");
  CHECK(text.organizer == "Boss <boss@example.com>, sent by pa@example.com");
  CHECK(text.attendees == std::vector<std::string>{
                              "alice@example.com (needs-action)",
                              "boss@example.com <mallory@example.net> (accepted)"});
}
