#include "itip/build.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace imip;
using namespace imip::itip;

namespace {

const UtcSeconds now = *parse_instant("2027-01-01T12:00:00Z");

BuildSpec meeting()
{
  BuildSpec s;
  s.method = Method::Request;
  s.organizer = "boss@example.com;CN=The Boss";
  s.attendees = {"alice@example.com"};
  s.summary = "Plans; and, more";
  s.start = "2027-01-04T10:00";
  s.end = "2027-01-04T11:00";
  s.timezone = "Europe/Berlin";
  s.uid = "u1";
  return s;
}

ical::Component build(const BuildSpec& s, const ical::Component* base = nullptr)
{
  const auto made = build_object(s, base, now);
  if (!made) FAIL(made.error().what << " (" << made.error().hint << ")");
  return *made;
}

Error failure(const BuildSpec& s, const ical::Component* base = nullptr)
{
  const auto made = build_object(s, base, now);
  REQUIRE_FALSE(made);
  return made.error();
}

std::vector<ical::Component> events(const ical::Component& calendar)
{
  std::vector<ical::Component> out;
  for (const auto& c : calendar.components)
    if (c.name == "VEVENT") out.push_back(c);
  return out;
}

ical::Component event(const ical::Component& calendar)
{
  const auto all = events(calendar);
  REQUIRE(all.size() == 1);
  return all.front();
}

std::string parameter(const ical::Property& p, std::string_view name)
{
  const std::string* v = p.parameter(name);
  return v ? *v : "(none)";
}

ical::Component read(std::string body)
{
  const std::string text = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n" + body + "END:VCALENDAR\n";
  auto parsed = ical::parse(text, Limits{});
  if (!parsed) FAIL(parsed.error().what);
  for (const auto& f : parsed->findings) CHECK_FALSE(f.fatal);
  return parsed->calendar;
}

const char* const weekly =
    "BEGIN:VEVENT\nUID:w1\nDTSTAMP:20260101T000000Z\nSEQUENCE:2\n"
    "DTSTART;TZID=Europe/Berlin:20270104T100000\nDTEND;TZID=Europe/Berlin:20270104T110000\n"
    "RRULE:FREQ=WEEKLY;COUNT=10\nSUMMARY:Weekly\nLOCATION:Room 1\n"
    "ORGANIZER:mailto:boss@example.com\n"
    "ATTENDEE;PARTSTAT=ACCEPTED:mailto:boss@example.com\n"
    "ATTENDEE;PARTSTAT=ACCEPTED;SCHEDULE-STATUS=1.1;X-IMIP-COMMENT=hi:mailto:alice@example.com\n"
    "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@example.com\n"
    "X-IMIP-RECEIVED-SEQUENCE:2\nX-MOZ-LASTACK:20260101T000000Z\nCATEGORIES:secret\n"
    "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT5M\nDESCRIPTION:x\nEND:VALARM\nEND:VEVENT\n";

}  // namespace

TEST_CASE("build: a request from flags has what RFC 5546 section 3.2.2 wants, and nothing twice")
{
  const ical::Component calendar = build(meeting());
  CHECK(*calendar.value("METHOD") == "REQUEST");
  CHECK(*calendar.value("VERSION") == "2.0");
  CHECK(calendar.count("PRODID") == 1);
  const ical::Component e = event(calendar);
  for (const char* name :
       {"UID", "DTSTAMP", "DTSTART", "DTEND", "ORGANIZER", "ATTENDEE", "SUMMARY", "SEQUENCE"})
    CHECK(e.count(name) == 1);
  CHECK(*e.value("DTSTAMP") == "20270101T120000Z");
  CHECK(*e.value("SEQUENCE") == "0");
  CHECK(e.text("SUMMARY") == "Plans; and, more");
  CHECK(parameter(*e.find("ORGANIZER"), "CN") == "The Boss");
  CHECK(*e.value("ORGANIZER") == "mailto:boss@example.com");
  CHECK(parameter(*e.find("ATTENDEE"), "PARTSTAT") == "NEEDS-ACTION");
  CHECK(parameter(*e.find("ATTENDEE"), "RSVP") == "TRUE");
  CHECK(parameter(*e.find("DTSTART"), "TZID") == "Europe/Berlin");
}

TEST_CASE("build: what is built is read again without a finding")
{
  BuildSpec s = meeting();
  s.rrule = "FREQ=WEEKLY;COUNT=3";
  s.exdates = {"2027-01-11T10:00"};
  s.rdates = {"2027-01-06T15:00"};
  s.location = "Über\nunten";
  const ical::Component calendar = build(s);
  const auto again = ical::parse(ical::serialise(calendar), Limits{});
  REQUIRE(again);
  CHECK(again->findings.empty());
  CHECK(again->calendar == calendar);
}

TEST_CASE("build: every zone comes with its VTIMEZONE, and no other does")
{
  const auto zones = [](const ical::Component& c) {
    return std::count_if(c.components.begin(), c.components.end(),
                         [](const auto& x) { return x.name == "VTIMEZONE"; });
  };
  CHECK(zones(build(meeting())) == 1);
  BuildSpec utc = meeting();
  utc.timezone.clear();
  utc.start = "2027-01-04T09:00:00Z";
  utc.end = "2027-01-04T10:00:00Z";
  CHECK(zones(build(utc)) == 0);
}

TEST_CASE("build: without --uid each event gets its own")
{
  BuildSpec s = meeting();
  s.uid.clear();
  const std::string one = *event(build(s)).value("UID");
  CHECK(one.size() == 36);
  CHECK(one[14] == '4');
  CHECK(one != *event(build(s)).value("UID"));
}

TEST_CASE("build: --sent-by goes into ORGANIZER")
{
  BuildSpec s = meeting();
  s.sent_by = "pa@example.com";
  CHECK(parameter(*event(build(s)).find("ORGANIZER"), "SENT-BY") == "mailto:pa@example.com");
  s.sent_by = "boss@example.com";
  CHECK(parameter(*event(build(s)).find("ORGANIZER"), "SENT-BY") == "(none)");
}

TEST_CASE("build: attendees carry their parameters")
{
  BuildSpec s = meeting();
  s.attendees = {"b@example.com;role=opt-participant;RSVP=FALSE;CN=\"Doe; Bob\"",
                 "mailto:boss@example.com"};
  const ical::Component e = event(build(s));
  const auto all = e.all("ATTENDEE");
  REQUIRE(all.size() == 2);
  CHECK(parameter(*all[0], "ROLE") == "OPT-PARTICIPANT");
  CHECK(parameter(*all[0], "RSVP") == "FALSE");
  CHECK(parameter(*all[0], "CN") == "Doe; Bob");
  // the organizer does not ask herself
  CHECK(parameter(*all[1], "PARTSTAT") == "ACCEPTED");
  CHECK(parameter(*all[1], "RSVP") == "(none)");
}

TEST_CASE("build: bad parameters and addresses name the flag")
{
  const auto with = [](const std::string& attendee) {
    BuildSpec s = meeting();
    s.attendees = {attendee};
    const Error e = failure(s);
    CHECK(e.code == Errc::BadValue);
    CHECK_THAT(e.what, Catch::StartsWith("--attendee"));
    return e.what;
  };
  CHECK_THAT(with("b@example.com;RSVP=MAYBE"), Catch::Contains("TRUE, FALSE"));
  CHECK_THAT(with("b@example.com;ROLE=BOSS"), Catch::Contains("OPT-PARTICIPANT"));
  CHECK_THAT(with("b@example.com;FOO=1"), Catch::Contains("FOO"));
  CHECK_THAT(with("b@example.com;X-IMIP-COMMENT=1"), Catch::Contains("X-IMIP-COMMENT"));
  CHECK_THAT(with("b@example.com;CN=a;CN=b"), Catch::Contains("twice"));
  CHECK_THAT(with("b@example.com;CN"), Catch::Contains("PARAM=VALUE"));
  CHECK_THAT(with("nobody"), Catch::Contains("nobody"));
  CHECK_THAT(with("b@example.com;CN=a\nATTENDEE:x"), Catch::Contains("CN"));
  BuildSpec twice = meeting();
  twice.attendees = {"b@example.com", "B@EXAMPLE.com"};
  CHECK_THAT(failure(twice).what, Catch::Contains("twice"));
  BuildSpec organizer = meeting();
  organizer.organizer = "boss@example.com;RSVP=TRUE";
  CHECK_THAT(failure(organizer).what, Catch::Contains("ORGANIZER has no parameter RSVP"));
}

TEST_CASE("build: what is missing or contradicts is refused with the flag to use")
{
  const auto without = [](auto change) {
    BuildSpec s = meeting();
    change(s);
    const Error e = failure(s);
    CHECK(e.code == Errc::BadValue);
    return e.what + " " + e.hint;
  };
  using S = BuildSpec;
  CHECK_THAT(without([](S& s) { s.organizer.clear(); }), Catch::Contains("--organizer"));
  CHECK_THAT(without([](S& s) { s.attendees.clear(); }), Catch::Contains("--attendee"));
  CHECK_THAT(without([](S& s) { s.start.clear(); }), Catch::Contains("--start"));
  CHECK_THAT(without([](S& s) { s.summary.clear(); }), Catch::Contains("--summary"));
  CHECK_THAT(without([](S& s) { s.end.clear(); }), Catch::Contains("--duration"));
  CHECK_THAT(without([](S& s) { s.duration = "PT1H"; }), Catch::Contains("exclude"));
  CHECK_THAT(without([](S& s) { s.end = "2027-01-04T09:00"; }), Catch::Contains("before"));
  CHECK_THAT(without([](S& s) { s.end = s.start; }), Catch::Contains("after"));
  CHECK_THAT(without([](S& s) { s.end = "2027-01-05"; }), Catch::Contains("both"));
  CHECK_THAT(without([](S& s) { s.end.clear(), s.duration = "1h"; }),
             Catch::Contains("--duration"));
  CHECK_THAT(without([](S& s) { s.timezone = "Europe/Atlantis"; }),
             Catch::Contains("--timezone") && Catch::Contains("Atlantis"));
  CHECK_THAT(without([](S& s) { s.timezone.clear(); }), Catch::Contains("--start"));
  CHECK_THAT(without([](S& s) { s.start = "soon"; }), Catch::Contains("--start"));
  CHECK_THAT(without([](S& s) { s.rrule = "FREQ=SOMETIMES"; }), Catch::Contains("--rrule"));
  CHECK_THAT(without([](S& s) { s.rrule = "FREQ=DAILY;UNTIL=20270301"; }),
             Catch::Contains("UNTIL"));
  CHECK_THAT(without([](S& s) { s.rrule = "FREQ=DAILY;UNTIL=20270301T100000"; }),
             Catch::Contains("UTC"));
  CHECK_THAT(without([](S& s) { s.exdates = {"2027-01-05T10:00"}; }), Catch::Contains("--exdate"));
  CHECK_THAT(without([](S& s) { s.this_and_future = true; }), Catch::Contains("--recurrence-id"));
  CHECK_THAT(without([](S& s) { s.summary = "\xff"; }), Catch::Contains("UTF-8"));
  CHECK_THAT(without([](S& s) { s.location = "\x01"; }), Catch::Contains("--location"));
  CHECK_THAT(without([](S& s) { s.uid = "a\nb"; }), Catch::Contains("--uid"));
  CHECK_THAT(without([](S& s) { s.sent_by = "pa"; }), Catch::Contains("--sent-by"));
}

TEST_CASE("build: whole days need no end")
{
  BuildSpec s = meeting();
  s.start = "2027-01-04";
  s.end.clear();
  const ical::Component e = event(build(s));
  CHECK(*e.value("DTSTART") == "20270104");
  CHECK(parameter(*e.find("DTSTART"), "VALUE") == "DATE");
  s.end = "2027-01-04";
  CHECK_THAT(failure(s).hint, Catch::Contains("day after"));
}

TEST_CASE("build: published events have no ATTENDEE")
{
  BuildSpec s = meeting();
  s.method = Method::Publish;
  CHECK_THAT(failure(s).hint, Catch::Contains("--to"));
  s.attendees.clear();
  CHECK(event(build(s)).find("ATTENDEE") == nullptr);
  const ical::Component base = read(weekly);
  BuildSpec from_file;
  from_file.method = Method::Publish;
  CHECK(event(build(from_file, &base)).find("ATTENDEE") == nullptr);
}

TEST_CASE("build: a request from a file leaves private things at home")
{
  const ical::Component base = read(weekly);
  BuildSpec s;
  s.method = Method::Request;
  const ical::Component calendar = build(s, &base);
  const std::string text = ical::serialise(calendar);
  for (const char* word : {"X-IMIP", "SCHEDULE-", "X-MOZ", "VALARM", "secret"})
    CHECK(text.find(word) == std::string::npos);
  const ical::Component e = event(calendar);
  CHECK(*e.value("UID") == "w1");
  CHECK(*e.value("SEQUENCE") == "2");
  CHECK(*e.value("DTSTAMP") == "20270101T120000Z");
  const auto attendees = e.all("ATTENDEE");
  REQUIRE(attendees.size() == 3);
  CHECK(parameter(*attendees[1], "PARTSTAT") == "ACCEPTED");
  CHECK(parameter(*attendees[1], "RSVP") == "(none)");
  CHECK(parameter(*attendees[2], "RSVP") == "TRUE");
}

TEST_CASE("build: moving an event raises SEQUENCE, keeps its length, and asks everybody again")
{
  const ical::Component base = read(weekly);
  BuildSpec s;
  s.method = Method::Request;
  s.start = "2027-01-04T14:30";
  const ical::Component e = event(build(s, &base));
  CHECK(*e.value("SEQUENCE") == "3");
  CHECK(*e.value("DTSTART") == "20270104T143000");
  CHECK(*e.value("DTEND") == "20270104T153000");
  CHECK(parameter(*e.find("DTEND"), "TZID") == "Europe/Berlin");
  CHECK(parameter(*e.all("ATTENDEE")[1], "PARTSTAT") == "NEEDS-ACTION");
  s.sequence = 7;
  CHECK(*event(build(s, &base)).value("SEQUENCE") == "7");
}

TEST_CASE("build: a new place does not raise SEQUENCE")
{
  const ical::Component base = read(weekly);
  BuildSpec s;
  s.method = Method::Request;
  s.location = "Room 2";
  const ical::Component e = event(build(s, &base));
  CHECK(*e.value("SEQUENCE") == "2");
  CHECK(e.text("LOCATION") == "Room 2");
  CHECK(parameter(*e.all("ATTENDEE")[1], "PARTSTAT") == "ACCEPTED");
}

TEST_CASE("build: one repetition is made from its series")
{
  const ical::Component base = read(weekly);
  BuildSpec s;
  s.method = Method::Request;
  s.recurrence_id = "2027-01-11T10:00";
  s.start = "2027-01-11T16:00";
  const ical::Component e = event(build(s, &base));
  CHECK(*e.value("RECURRENCE-ID") == "20270111T100000");
  CHECK(parameter(*e.find("RECURRENCE-ID"), "TZID") == "Europe/Berlin");
  CHECK(*e.value("DTSTART") == "20270111T160000");
  CHECK(*e.value("DTEND") == "20270111T170000");
  CHECK(e.find("RRULE") == nullptr);
  CHECK(e.count("ATTENDEE") == 3);
  CHECK(*e.value("SEQUENCE") == "3");
}

TEST_CASE("build: a repetition in UTC is named as the series names it")
{
  const ical::Component base = read(weekly);
  BuildSpec s;
  s.method = Method::Cancel;
  s.recurrence_id = "2027-01-11T09:00:00Z";
  CHECK(*event(build(s, &base)).value("RECURRENCE-ID") == "20270111T100000");
}

TEST_CASE("build: a repetition that does not exist is refused")
{
  const ical::Component base = read(weekly);
  BuildSpec s;
  s.method = Method::Cancel;
  s.recurrence_id = "2027-01-12T10:00";
  CHECK_THAT(failure(s, &base).what, Catch::Contains("--recurrence-id"));
  s.recurrence_id = "2027-01-11";
  CHECK_THAT(failure(s, &base).what, Catch::Contains("--recurrence-id"));
}

TEST_CASE("build: cancelling the whole event raises SEQUENCE and says STATUS:CANCELLED")
{
  const ical::Component base = read(weekly);
  BuildSpec s;
  s.method = Method::Cancel;
  s.comment = "sorry";
  const ical::Component calendar = build(s, &base);
  CHECK(*calendar.value("METHOD") == "CANCEL");
  const ical::Component e = event(calendar);
  CHECK(*e.value("SEQUENCE") == "3");
  CHECK(*e.value("STATUS") == "CANCELLED");
  CHECK(e.count("ATTENDEE") == 3);
  CHECK(e.text("COMMENT") == "sorry");
  CHECK(parameter(*e.all("ATTENDEE")[2], "RSVP") == "(none)");
  CHECK(e.components.empty());
}

TEST_CASE("build: cancelling one repetition, and it and all later ones")
{
  const ical::Component base = read(weekly);
  BuildSpec s;
  s.method = Method::Cancel;
  s.recurrence_id = "2027-01-18T10:00";
  ical::Component e = event(build(s, &base));
  CHECK(*e.value("STATUS") == "CANCELLED");
  CHECK(e.find("RRULE") == nullptr);
  CHECK(parameter(*e.find("RECURRENCE-ID"), "RANGE") == "(none)");
  s.this_and_future = true;
  e = event(build(s, &base));
  CHECK(parameter(*e.find("RECURRENCE-ID"), "RANGE") == "THISANDFUTURE");
}

TEST_CASE("build: cancelling for some attendees un-invites them, without STATUS")
{
  const ical::Component base = read(weekly);
  BuildSpec s;
  s.method = Method::Cancel;
  s.attendees = {"bob@example.com"};
  ical::Component calendar = build(s, &base);
  CHECK(event(calendar).find("STATUS") == nullptr);
  REQUIRE(event(calendar).count("ATTENDEE") == 1);
  CHECK(recipients(calendar).size() == 1);
  s.attendees = {"bob@example.com", "alice@example.com"};
  CHECK(*event(build(s, &base)).value("STATUS") == "CANCELLED");
  s.attendees = {"carol@example.com"};
  CHECK_THAT(failure(s, &base).what, Catch::Contains("carol@example.com"));
}

TEST_CASE("build: a cancellation from flags needs the UID")
{
  BuildSpec s;
  s.method = Method::Cancel;
  s.organizer = "boss@example.com";
  s.attendees = {"alice@example.com"};
  CHECK_THAT(failure(s).hint, Catch::Contains("--uid"));
  s.uid = "u1";
  const ical::Component e = event(build(s));
  CHECK(*e.value("SEQUENCE") == "1");
  CHECK(*e.value("STATUS") == "CANCELLED");
  s.recurrence_id = "2027-01-04T10:00";
  s.timezone = "Europe/Berlin";
  const ical::Component calendar = build(s);
  CHECK(*event(calendar).value("RECURRENCE-ID") == "20270104T100000");
  CHECK(calendar.components.front().name == "VTIMEZONE");
}

TEST_CASE("build: overrides inherit, and cancelled ones become EXDATEs")
{
  const ical::Component base =
      read(std::string(weekly) +
           "BEGIN:VEVENT\nUID:w1\nDTSTAMP:20260101T000000Z\n"
           "RECURRENCE-ID;TZID=Europe/Berlin:20270111T100000\n"
           "DTSTART;TZID=Europe/Berlin:20270111T120000\nDTEND;TZID=Europe/Berlin:20270111T130000\n"
           "END:VEVENT\n"
           "BEGIN:VEVENT\nUID:w1\nDTSTAMP:20260101T000000Z\nSTATUS:CANCELLED\n"
           "RECURRENCE-ID;TZID=Europe/Berlin:20270118T100000\n"
           "DTSTART;TZID=Europe/Berlin:20270118T100000\nEND:VEVENT\n");
  BuildSpec s;
  s.method = Method::Request;
  const auto all = events(build(s, &base));
  REQUIRE(all.size() == 2);
  CHECK(*all[0].value("EXDATE") == "20270118T100000");
  CHECK(all[1].count("ATTENDEE") == 3);
  CHECK(all[1].count("ORGANIZER") == 1);
  CHECK(all[1].text("SUMMARY") == "Weekly");
  s.method = Method::Cancel;
  CHECK(events(build(s, &base)).size() == 1);
}

TEST_CASE("build: bad objects are refused as such")
{
  const auto refused = [](const std::string& body) {
    const ical::Component base = read(body);
    BuildSpec s;
    s.method = Method::Request;
    const Error e = failure(s, &base);
    CHECK(e.code == Errc::BadCalendar);
    return e.what;
  };
  const std::string head = "BEGIN:VEVENT\nUID:a\nDTSTAMP:20260101T000000Z\n";
  const std::string when = "DTSTART:20270104T100000Z\n";
  const std::string who = "ORGANIZER:mailto:boss@example.com\nATTENDEE:mailto:a@example.com\n";
  const std::string tail = "END:VEVENT\n";
  CHECK_THAT(refused(head + when + who + tail + "BEGIN:VEVENT\nUID:b\nDTSTAMP:20260101T000000Z\n" +
                     when + who + tail),
             Catch::Contains("two UIDs: a and b"));
  CHECK_THAT(refused(""), Catch::Contains("no event"));
  CHECK_THAT(refused(head + when + "ATTENDEE:mailto:a@example.com\n" + tail),
             Catch::Contains("ORGANIZER"));
  CHECK_THAT(refused(head + when + "ORGANIZER:mailto:boss@example.com\n" + tail),
             Catch::Contains("nobody is invited"));
  CHECK_THAT(refused(head + who + tail), Catch::Contains("no start"));
  CHECK_THAT(refused(head + when + who + "DTEND:20270104T090000Z\n" + tail),
             Catch::Contains("before"));
  CHECK_THAT(refused(head + when + who + "DTEND:20270104T110000Z\nDURATION:PT1H\n" + tail),
             Catch::Contains("both DTEND and DURATION"));
  CHECK_THAT(refused(head + when + who + "STATUS:CANCELLED\n" + tail),
             Catch::Contains("cancelled"));
  CHECK_THAT(refused(head + when + who + tail + "BEGIN:VTODO\nUID:a\nEND:VTODO\n"),
             Catch::Contains("mixes VEVENT and VTODO"));
}

TEST_CASE("build: recipients are the attendees but the organizer and her proxy")
{
  BuildSpec s = meeting();
  s.sent_by = "pa@example.com";
  s.attendees = {"alice@example.com", "BOSS@example.com", "pa@example.com", "bob@example.com"};
  std::vector<std::string> to;
  for (const Party& p : recipients(build(s))) to.push_back(p.address.mailbox());
  CHECK(to == std::vector<std::string>{"alice@example.com", "bob@example.com"});
}

TEST_CASE("build: the same flags give the same object")
{
  BuildSpec s = meeting();
  s.attach_cids = {{"c1@x", "plan.pdf"}};
  CHECK(ical::serialise(build(s)) == ical::serialise(build(s)));
  const ical::Component e = event(build(s));
  CHECK(*e.value("ATTACH") == "CID:c1@x");
}
