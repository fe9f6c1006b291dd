// A series whose parts have other people, another title, another fate than the series.
#include <catch2/catch.hpp>

#include "base/cat.hpp"
#include "itip/build.hpp"

using namespace imip;
using namespace imip::itip;

namespace {

const UtcSeconds now = *parse_instant("2027-01-01T12:00:00Z");

ical::Component read(const std::string& body)
{
  const auto parsed = ical::parse(
      cat("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n", body, "END:VCALENDAR\n"), Limits{});
  if (!parsed) FAIL(parsed.error().what);
  return parsed->calendar;
}

ical::Component build(const BuildSpec& s, const ical::Component& base)
{
  const auto made = build_object(s, &base, now);
  if (!made) FAIL(made.error().what << " (" << made.error().hint << ")");
  return *made;
}

const ical::Component& event(const ical::Component& calendar)
{
  REQUIRE(calendar.components.back().name == "VEVENT");
  return calendar.components.back();
}

const char* const weekly =
    "BEGIN:VEVENT\nUID:w1\nDTSTAMP:20260101T000000Z\nSEQUENCE:2\n"
    "DTSTART;TZID=Europe/Berlin:20270104T100000\nDTEND;TZID=Europe/Berlin:20270104T110000\n"
    "RRULE:FREQ=WEEKLY;COUNT=10\nSUMMARY:Weekly\nORGANIZER:mailto:boss@example.com\n"
    "ATTENDEE;PARTSTAT=ACCEPTED:mailto:boss@example.com\n"
    "ATTENDEE;PARTSTAT=ACCEPTED:mailto:alice@example.com\n"
    "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@example.com\nEND:VEVENT\n";

// The weekly meeting, its repetition of 18 January with other people and another title.
std::string with_override(std::string_view id = ";TZID=Europe/Berlin:20270118T100000",
                          std::string_view extra = {})
{
  return cat(weekly, "BEGIN:VEVENT\nUID:w1\nDTSTAMP:20260101T000000Z\nSEQUENCE:4\nRECURRENCE-ID",
             id, "\nDTSTART;TZID=Europe/Berlin:20270118T120000\nDURATION:PT1H\nSUMMARY:About Bob\n",
             extra,
             "ORGANIZER:mailto:boss@example.com\nATTENDEE:mailto:alice@example.com\n"
             "ATTENDEE:mailto:carol@example.com\nEND:VEVENT\n");
}

std::string names_in(const ical::Component& calendar)
{
  std::string out;
  for (const Party& p : recipients(calendar)) out += cat(p.address.local(), ' ');
  return out;
}

}  // namespace

TEST_CASE(
    "build: what is said of a repetition and all later ones is the series', not its override's")
{
  const ical::Component base = read(with_override());
  BuildSpec s;
  s.recurrence_id = "2027-01-18T10:00";
  for (const Method method : {Method::Request, Method::Cancel}) {
    s.method = method;
    s.this_and_future = true;
    const ical::Component later = build(s, base);
    CHECK(names_in(later) == "alice bob ");
    CHECK(event(later).text("SUMMARY") == "Weekly");
    CHECK(event(later).text("DTSTART").find("20270118T100000") == 0);
    s.this_and_future = false;
    const ical::Component one = build(s, base);
    CHECK(names_in(one) == "alice carol ");
    CHECK(event(one).text("SUMMARY") == "About Bob");
  }
  s.method = Method::Request;
  // Of a range it is the range's.
  const ical::Component range =
      read(with_override(";RANGE=THISANDFUTURE;TZID=Europe/Berlin:20270118T100000"));
  s.recurrence_id = "2027-01-25T10:00";
  for (const bool later : {false, true}) {
    s.this_and_future = later;
    const ical::Component e = build(s, range);
    CHECK(names_in(e) == "alice carol ");
    CHECK(event(e).text("SUMMARY") == "About Bob");
    CHECK(event(e).text("DTSTART") == "20270125T120000");
  }
}

TEST_CASE(
    "build: a repetition that was cancelled takes place again with a higher SEQUENCE, as the "
    "series has it")
{
  BuildSpec s;
  s.method = Method::Request;
  s.recurrence_id = "2027-01-18T10:00";
  const ical::Component base =
      read(with_override(";TZID=Europe/Berlin:20270118T100000", "STATUS:CANCELLED\n"));
  const ical::Component e = event(build(s, base));
  CHECK(e.text("SEQUENCE") == "5");
  CHECK(e.text("SUMMARY") == "Weekly");
}

TEST_CASE("build: private extensions stay at home, in components and beside attendees too")
{
  std::string text = weekly;
  text.replace(text.find("ATTENDEE;"), 9, "ATTENDEE;X-NOTE=late;");
  text.replace(text.find("END:VEVENT"), 0, "BEGIN:X-PRIVATE\nX-A:secret\nEND:X-PRIVATE\n");
  BuildSpec s;
  s.method = Method::Request;
  const std::string out = ical::serialise(build(s, read(text)));
  CHECK(out.find("X-") == std::string::npos);
  s.attendees = {"alice@example.com;X-NOTE=early"};  // said here, it is meant to
  CHECK(ical::serialise(build(s, read(text))).find("X-NOTE=early") != std::string::npos);
}

TEST_CASE("build: one repetition has no dates of its own")
{
  const ical::Component base = read(with_override());
  BuildSpec s;
  s.method = Method::Request;
  s.recurrence_id = "2027-01-11T10:00";
  s.exdates = {"2027-01-18T10:00"};
  const auto made = build_object(s, &base, now);
  REQUIRE_FALSE(made);
  CHECK(made.error().what == "--exdate and --recurrence-id exclude each other");
}

TEST_CASE("build: an override of what the series does not have any more does not go along")
{
  const ical::Component base = read(with_override());
  const auto sent = [&](const auto& change) {
    BuildSpec s;
    s.method = Method::Request;
    change(s);
    std::size_t n = 0;
    for (const ical::Component& c : build(s, base).components) n += c.name == "VEVENT" ? 1U : 0U;
    return n;
  };
  using S = BuildSpec;
  CHECK(sent([](S&) {}) == 2);
  CHECK(sent([](S& s) { s.summary = "x"; }) == 2);
  CHECK(sent([](S& s) { s.exdates = {"2027-01-11T10:00"}; }) == 2);
  CHECK(sent([](S& s) { s.exdates = {"2027-01-18T10:00"}; }) == 1);
  CHECK(sent([](S& s) { s.start = "2027-01-04T12:00"; }) == 1);
  CHECK(sent([](S& s) { s.rrule = "FREQ=WEEKLY;COUNT=2"; }) == 1);
  CHECK(sent([](S& s) { s.rrule = "FREQ=WEEKLY;COUNT=3"; }) == 2);
}
