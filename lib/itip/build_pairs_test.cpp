// Every method with every component (itip.md "Scope"), from flags and from an object, against the restriction tables.
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "base/cat.hpp"
#include "itip/build.hpp"
#include "itip/restrictions.hpp"

using namespace imip;
using namespace imip::itip;

namespace {

const UtcSeconds now = *parse_instant("2027-01-01T12:00:00Z");

struct Pair {
  Method method;
  Kind kind;
};

std::vector<Pair> all_pairs()
{
  std::vector<Pair> out;
  for (const Method m : {Method::Publish, Method::Request, Method::Reply, Method::Add, Method::Cancel,
                         Method::Refresh, Method::Counter, Method::DeclineCounter})
    for (const Kind k : {Kind::Event, Kind::Todo, Kind::Journal, Kind::FreeBusy})
      if (!restrictions(m, k).empty()) out.push_back({m, k});
  return out;
}

BuildSpec spec_of(const Pair& p)
{
  BuildSpec s;
  s.method = p.method;
  s.kind = p.kind;
  if (p.kind != Kind::Journal && p.method != Method::Publish) s.attendees = {"alice@example.com"};
  if (p.method == Method::Reply && p.kind != Kind::FreeBusy)
    s.attendees = {"alice@example.com;PARTSTAT=ACCEPTED"};
  return s;
}

BuildSpec from_flags(const Pair& p)
{
  BuildSpec s = spec_of(p);
  s.organizer = "boss@example.com";
  s.uid = "u1";
  s.timezone = "Europe/Berlin";
  const bool whole = p.method == Method::Publish || p.method == Method::Request ||
                     p.method == Method::Add || p.method == Method::Counter;
  if (whole || p.kind == Kind::FreeBusy) s.start = "2027-01-04T10:00";
  if (whole && p.kind != Kind::FreeBusy) s.summary = "Plan";
  if ((whole && p.kind == Kind::Event) || p.kind == Kind::FreeBusy) s.end = "2027-01-04T11:00";
  if (whole && p.kind == Kind::Todo) s.due = "2027-01-04T18:00";
  if (p.kind == Kind::FreeBusy && p.method != Method::Request)
    s.freebusy = {"2027-01-04T10:30/PT10M;FBTYPE=BUSY-TENTATIVE", "2027-01-04T10:00/2027-01-04T10:20"};
  return s;
}

// A series as its organizer keeps it, with everything that some table forbids.
ical::Component object_of(Kind kind)
{
  const std::string name(kind_word(kind));
  std::string text = cat("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nMETHOD:REQUEST\nBEGIN:", name,
                         "\nUID:w1\nDTSTAMP:20260101T000000Z\nORGANIZER:mailto:boss@example.com\n");
  if (kind == Kind::FreeBusy) {
    text += "DTSTART:20270104T080000Z\nDTEND:20270105T080000Z\nATTENDEE:mailto:alice@example.com\n"
            "URL:http://example.com/\n";
  } else {
    text += "DTSTART;TZID=Europe/Berlin:20270104T100000\nSEQUENCE:2\nRRULE:FREQ=WEEKLY;COUNT=4\n"
            "EXDATE;TZID=Europe/Berlin:20270111T100000\nSUMMARY:Weekly\nDESCRIPTION:long\n"
            "CLASS:PRIVATE\nCREATED:20260101T000000Z\nURL:http://example.com/\nCONTACT:me\n"
            "REQUEST-STATUS:2.0;Success\nRELATED-TO:other\nX-MINE:1\n"
            "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT5M\nDESCRIPTION:x\nEND:VALARM\n";
    if (kind != Kind::Journal)
      text += "ATTENDEE;CN=Alice:mailto:alice@example.com\nATTENDEE:mailto:bob@example.com\n"
              "LOCATION:Room 1\nGEO:1.0;2.0\nRESOURCES:beamer\nPRIORITY:3\n";
    if (kind == Kind::Event) text += "DTEND;TZID=Europe/Berlin:20270104T110000\nTRANSP:OPAQUE\n";
    if (kind == Kind::Todo)
      text += "DUE;TZID=Europe/Berlin:20270104T180000\nPERCENT-COMPLETE:20\nSTATUS:IN-PROCESS\n";
  }
  text += cat("END:", name, "\nEND:VCALENDAR\n");
  const auto parsed = ical::parse(text, Limits{});
  REQUIRE(parsed);
  return parsed->calendar;
}

bool may_come(Presence p, std::size_t n)
{
  switch (p) {
    case Presence::Never:
      return n == 0;
    case Presence::AtMostOne:
      return n <= 1;
    case Presence::One:
      return n == 1;
    case Presence::Some:
      return n >= 1;
    case Presence::Any:
      return true;
  }
  return false;
}

void check_tables(const Pair& p, const ical::Component& calendar)
{
  CHECK(*calendar.value("METHOD") == method_word(p.method));
  for (const Restriction& r : restrictions(p.method, p.kind)) {
    INFO(r.section << " " << r.name);
    if (r.within == "VCALENDAR") {
      const auto n = static_cast<std::size_t>(
          std::count_if(calendar.components.begin(), calendar.components.end(),
                        [&](const ical::Component& c) { return c.name == r.name; }));
      CHECK(may_come(r.presence, n + calendar.count(r.name)));
      continue;
    }
    for (const ical::Component& c : calendar.components) {
      if (c.name != r.within) continue;
      // both readings pass, and ours say whose task is meant
      const bool refresh_names_organizer = p.method == Method::Refresh && r.name == "ORGANIZER";
      CHECK((refresh_names_organizer ? c.count(r.name) == 1 : may_come(r.presence, c.count(r.name))));
      const bool in_utc = r.predicate != "utc" || c.value(r.name)->ends_with("Z");
      CHECK(in_utc);
    }
  }
  std::set<std::string> used;
  for (const ical::Component& c : calendar.components)
    for (const ical::Property& q : c.properties)
      if (const std::string* tzid = q.parameter("TZID")) used.insert(*tzid);
  for (const ical::Component& c : calendar.components)
    if (c.name == "VTIMEZONE") CHECK(used.erase(*c.value("TZID")) == 1);
  CHECK(used.empty());
}

const ical::Component& object_in(const ical::Component& calendar)
{
  return *std::find_if(calendar.components.begin(), calendar.components.end(),
                       [](const ical::Component& c) { return c.name != "VTIMEZONE"; });
}

ical::Component build(const BuildSpec& s, const ical::Component* base = nullptr)
{
  const auto made = build_object(s, base, now);
  if (!made) FAIL(made.error().what << " (" << made.error().hint << ")");
  return *made;
}

std::string complaint(const BuildSpec& s, const ical::Component* base = nullptr)
{
  const auto made = build_object(s, base, now);
  REQUIRE_FALSE(made);
  return made.error().what + " | " + made.error().hint;
}

}  // namespace

TEST_CASE("pairs: all 22 of RFC 5546 are built from flags as their tables want")
{
  CHECK(all_pairs().size() == 22);
  for (const Pair& p : all_pairs()) {
    INFO(method_word(p.method) << " " << kind_word(p.kind));
    check_tables(p, build(from_flags(p)));
  }
}

TEST_CASE("pairs: all are built from an object, and nothing that the table forbids goes out")
{
  for (const Pair& p : all_pairs()) {
    INFO(method_word(p.method) << " " << kind_word(p.kind));
    const ical::Component base = object_of(p.kind);
    BuildSpec s = spec_of(p);
    if (p.method == Method::Add) s.start = "2027-01-06T10:00";
    const ical::Component calendar = build(s, &base);
    check_tables(p, calendar);
    CHECK(*object_in(calendar).value("UID") == "w1");
    CHECK(ical::serialise(calendar).find("X-MINE") == std::string::npos);
  }
}

TEST_CASE("pairs: what RFC 5546 does not have is refused with what there is")
{
  for (const Method m : {Method::Request, Method::Reply, Method::Refresh, Method::Counter,
                         Method::DeclineCounter})
    CHECK_THAT(complaint(from_flags({m, Kind::Journal})), Catch::Contains("publish, add or cancel"));
  for (const Method m : {Method::Add, Method::Cancel, Method::Refresh, Method::Counter})
    CHECK_THAT(complaint(from_flags({m, Kind::FreeBusy})),
               Catch::Contains("publish, request or reply"));
}

TEST_CASE("pairs: SEQUENCE is raised by ADD and CANCEL, repeated by answers, and not there elsewhere")
{
  const auto sequence = [](Method m, Kind k) {
    const ical::Component base = object_of(k);
    BuildSpec s = spec_of({m, k});
    if (m == Method::Add) s.start = "2027-01-06T10:00";
    const ical::Component calendar = build(s, &base);
    const std::string* value = object_in(calendar).value("SEQUENCE");
    return value ? *value : std::string("none");
  };
  for (const Kind k : {Kind::Event, Kind::Todo}) {
    CHECK(sequence(Method::Request, k) == "2");
    CHECK(sequence(Method::Publish, k) == "2");
    CHECK(sequence(Method::Add, k) == "3");
    CHECK(sequence(Method::Cancel, k) == "3");
    CHECK(sequence(Method::Reply, k) == "2");
    CHECK(sequence(Method::Counter, k) == "2");
    CHECK(sequence(Method::DeclineCounter, k) == "2");
    CHECK(sequence(Method::Refresh, k) == "none");
  }
  CHECK(sequence(Method::Reply, Kind::FreeBusy) == "none");
  BuildSpec add = from_flags({Method::Add, Kind::Event});
  add.sequence = 0;
  CHECK_THAT(complaint(add), Catch::Contains("greater than 0"));
  BuildSpec cancel = from_flags({Method::Cancel, Kind::Event});
  cancel.sequence = 0;
  CHECK_THAT(complaint(cancel), Catch::Contains("greater than 0"));
}

TEST_CASE("pairs: an ADD is one instance with the length of the series")
{
  const ical::Component base = object_of(Kind::Event);
  BuildSpec s = spec_of({Method::Add, Kind::Event});
  s.attendees.clear();
  CHECK_THAT(complaint(s, &base), Catch::Contains("--start"));
  s.start = "2027-01-18T10:00";
  CHECK_THAT(complaint(s, &base), Catch::Contains("already"));
  s.start = "2027-01-06T15:00";
  const ical::Component e = object_in(build(s, &base));
  CHECK(*e.value("DTEND") == "20270106T160000");
  CHECK(e.find("RRULE") == nullptr);
  CHECK(e.count("ATTENDEE") == 2);
}

TEST_CASE("pairs: who answers is exactly one attendee, with the name from the invitation")
{
  const ical::Component base = object_of(Kind::Event);
  BuildSpec s = spec_of({Method::Reply, Kind::Event});
  s.comment = "late";
  s.sent_by = "pa@example.com";
  const ical::Component e = object_in(build(s, &base));
  const ical::Property* alice = e.find("ATTENDEE");
  CHECK(alice->value == "mailto:alice@example.com");
  CHECK(*alice->parameter("CN") == "Alice");
  CHECK(*alice->parameter("PARTSTAT") == "ACCEPTED");
  CHECK(*alice->parameter("SENT-BY") == "mailto:pa@example.com");
  CHECK(e.find("ORGANIZER")->parameter("SENT-BY") == nullptr);
  CHECK(e.text("COMMENT") == "late");
  CHECK(e.find("DESCRIPTION") == nullptr);
  CHECK(recipients(build(s, &base)).front().address.mailbox() == "boss@example.com");
  s.attendees = {"alice@example.com"};
  CHECK_THAT(complaint(s, &base), Catch::Contains("PARTSTAT=ACCEPTED"));
  s.attendees = {"alice@example.com;PARTSTAT=ACCEPTED", "bob@example.com;PARTSTAT=DECLINED"};
  CHECK_THAT(complaint(s, &base), Catch::Contains("once"));
  s.attendees = {"alice@example.com;PARTSTAT=COMPLETED"};
  CHECK_THAT(complaint(s, &base), Catch::Contains("to-dos"));
  s.attendees = {"alice@example.com;PARTSTAT=DELEGATED"};
  CHECK_THAT(complaint(s, &base), Catch::Contains("to whom"));
  s.attendees = {"alice@example.com;PARTSTAT=DELEGATED;DELEGATED-TO=carol@example.com"};
  CHECK(*object_in(build(s, &base)).find("ATTENDEE")->parameter("DELEGATED-TO") ==
        "mailto:carol@example.com");
  s = spec_of({Method::Reply, Kind::Event});
  s.location = "elsewhere";
  CHECK_THAT(complaint(s, &base), Catch::Contains("imip build counter"));
}

TEST_CASE("pairs: a to-do's answer tells how far it is")
{
  const ical::Component base = object_of(Kind::Todo);
  BuildSpec s = spec_of({Method::Reply, Kind::Todo});
  s.attendees = {"alice@example.com"};
  s.percent_complete = 60;
  ical::Component e = object_in(build(s, &base));
  CHECK(*e.value("PERCENT-COMPLETE") == "60");
  CHECK(*e.find("ATTENDEE")->parameter("PARTSTAT") == "IN-PROCESS");
  s.percent_complete = 100;
  s.completed = "2027-01-04T15:00";
  e = object_in(build(s, &base));
  CHECK(*e.value("COMPLETED") == "20270104T140000Z");
  CHECK(*e.find("ATTENDEE")->parameter("PARTSTAT") == "COMPLETED");
}

TEST_CASE("pairs: a counter proposal keeps the length and may propose others")
{
  const ical::Component base = object_of(Kind::Event);
  BuildSpec s = spec_of({Method::Counter, Kind::Event});
  s.recurrence_id = "2027-01-18T10:00";
  s.start = "2027-01-18T14:00";
  s.attendees = {"alice@example.com", "carol@example.com"};
  const ical::Component e = object_in(build(s, &base));
  CHECK(*e.value("DTEND") == "20270118T150000");
  CHECK(*e.value("RECURRENCE-ID") == "20270118T100000");
  CHECK(e.all("ATTENDEE").at(1)->value == "mailto:carol@example.com");
}

TEST_CASE("pairs: a declined proposal goes to who made it")
{
  const ical::Component base = object_of(Kind::Event);
  const ical::Component calendar = build(spec_of({Method::DeclineCounter, Kind::Event}), &base);
  CHECK(object_in(calendar).count("ATTENDEE") == 1);
  CHECK(recipients(calendar).front().address.mailbox() == "alice@example.com");
}

TEST_CASE("pairs: busy time is in UTC, sorted, and within its window")
{
  BuildSpec s = from_flags({Method::Reply, Kind::FreeBusy});
  const ical::Component e = object_in(build(s));
  CHECK(*e.value("DTSTART") == "20270104T090000Z");
  const auto busy = e.all("FREEBUSY");
  REQUIRE(busy.size() == 2);
  CHECK(busy[0]->value == "20270104T090000Z/20270104T092000Z");
  CHECK(busy[1]->value == "20270104T093000Z/20270104T094000Z");
  CHECK(*busy[1]->parameter("FBTYPE") == "BUSY-TENTATIVE");
  for (const char* bad : {"2027-01-04T09:00/PT2H", "2027-01-04T10:00", "2027-01-04T10:30/2027-01-04T10:00",
                          "2027-01-04T10:00/PT10M;FBTYPE=FREE", "2027-01-04/P1D", "a/b"}) {
    s.freebusy = {bad};
    CHECK_THAT(complaint(s), Catch::Contains("--freebusy"));
  }
}

TEST_CASE("pairs: flags that the component does not have name what it has")
{
  const auto with = [](Pair p, auto change) {
    BuildSpec s = from_flags(p);
    change(s);
    return complaint(s);
  };
  using S = BuildSpec;
  CHECK_THAT(with({Method::Request, Kind::Todo}, [](S& s) { s.end = s.due; }),
             Catch::Contains("--due"));
  CHECK_THAT(with({Method::Request, Kind::Event}, [](S& s) { s.due = s.end; }),
             Catch::Contains("--end"));
  CHECK_THAT(with({Method::Publish, Kind::Journal}, [](S& s) { s.location = "x"; }),
             Catch::Contains("--location"));
  CHECK_THAT(with({Method::Publish, Kind::Journal}, [](S& s) { s.attendees = {"a@example.com"}; }),
             Catch::Contains("--to"));
  CHECK_THAT(with({Method::Request, Kind::FreeBusy}, [](S& s) { s.summary = "x"; }),
             Catch::Contains("--summary"));
  CHECK_THAT(with({Method::Request, Kind::FreeBusy}, [](S& s) { s.freebusy = {"x"}; }),
             Catch::Contains("--freebusy"));
  CHECK_THAT(with({Method::Add, Kind::Event}, [](S& s) { s.rrule = "FREQ=DAILY"; }),
             Catch::Contains("--rrule"));
  CHECK_THAT(with({Method::Refresh, Kind::Todo}, [](S& s) { s.comment = "x"; }),
             Catch::Contains("--comment"));
  CHECK_THAT(with({Method::Request, Kind::Event}, [](S& s) { s.status = "DRAFT"; }),
             Catch::Contains("TENTATIVE/CONFIRMED"));
  CHECK_THAT(with({Method::Request, Kind::Event}, [](S& s) { s.percent_complete = 3; }),
             Catch::Contains("--percent-complete"));
  CHECK_THAT(with({Method::Reply, Kind::Event}, [](S& s) { s.request_status = {"no"}; }),
             Catch::Contains("--request-status"));
}

TEST_CASE("pairs: a request that failed is answered by its REQUEST-STATUS")
{
  BuildSpec s = from_flags({Method::Reply, Kind::Event});
  s.attendees = {"alice@example.com"};
  s.request_status = {"3.7;Invalid, calendar user;ATTENDEE:mailto:x"};
  CHECK(*object_in(build(s)).value("REQUEST-STATUS") ==
        "3.7;Invalid\\, calendar user;ATTENDEE:mailto:x");
}

TEST_CASE("build: times go into the zone that the object names, be it Windows' or its own")
{
  const auto object = [](const std::string& tzid, const std::string& rules) {
    const auto parsed = ical::parse(
        cat("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REQUEST\r\n", rules,
            "BEGIN:VEVENT\r\nUID:w1\r\nDTSTAMP:20270101T000000Z\r\nSUMMARY:x\r\nORGANIZER:mailto:boss@example.com\r\n",
            "ATTENDEE:mailto:alice@example.com\r\nDTSTART;TZID=", tzid, ":20270104T100000\r\nDTEND;TZID=", tzid,
            ":20270104T110000\r\nRRULE:FREQ=WEEKLY;COUNT=4\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"),
        Limits{});
    REQUIRE(parsed);
    return parsed->calendar;
  };
  const std::string own =
      "BEGIN:VTIMEZONE\r\nTZID:Our office\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
      "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
  for (const auto& [tzid, rules] :
       {std::pair<std::string, std::string>{"W. Europe Standard Time", ""}, {"Our office", own}}) {
    for (const char* start : {"2027-01-04T15:00", "2027-01-04T14:00:00Z", "2027-01-04T16:00:00+02:00"}) {
      BuildSpec s;
      s.method = Method::Counter;
      s.kind = Kind::Event;
      s.attendees = {"alice@example.com"};
      s.start = start;
      const ical::Component base = object(tzid, rules);
      INFO(tzid << ' ' << start);
      const ical::Component calendar = build(s, &base);
      const ical::Component& event = object_in(calendar);
      CHECK(*event.value("DTSTART") == "20270104T150000");
      CHECK(*event.find("DTSTART")->parameter("TZID") == tzid);
      CHECK(*event.value("DTEND") == "20270104T160000");
    }
  }
}
