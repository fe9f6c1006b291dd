#include "itip/compare.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "base/cat.hpp"
#include "itip/restrictions.hpp"

using namespace imip;
using namespace imip::itip;

namespace {

const UtcSeconds now = *parse_instant("2027-01-01T12:00:00Z");
const std::string berlin = ";TZID=Europe/Berlin:";

ical::Component read(const std::string& components)
{
  const auto parsed = ical::parse(
      cat("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n", components, "END:VCALENDAR\n"), Limits{});
  REQUIRE(parsed);
  for (const auto& f : parsed->findings) CHECK_FALSE(f.fatal);
  return parsed->calendar;
}

// Lines of a VEVENT that a test replaces, adds or drops.
struct Event {
  std::vector<std::pair<std::string, std::string>> lines;  // name, rest

  Event& set(const std::string& name, const std::string& rest)
  {
    remove(name);
    lines.emplace_back(name, rest);
    return *this;
  }
  Event& add(const std::string& name, const std::string& rest)
  {
    lines.emplace_back(name, rest);
    return *this;
  }
  Event& remove(const std::string& name)
  {
    std::erase_if(lines, [&](const auto& l) { return l.first == name; });
    return *this;
  }
  Event& drop(const std::string& rest)
  {
    std::erase_if(lines, [&](const auto& l) { return l.second == rest; });
    return *this;
  }
  [[nodiscard]] std::string text() const
  {
    std::string out = "BEGIN:VEVENT\n";
    for (const auto& [name, rest] : lines) out += cat(name, rest, "\n");
    return out + "END:VEVENT\n";
  }
};

const std::string alice = ":mailto:alice@example.com";
const std::string bob = ":mailto:bob@example.com";
const std::string carol = ":mailto:carol@example.com";

Event weekly()
{
  return {{{"UID", ":w1"},
           {"DTSTAMP", ":20260101T000000Z"},
           {"SEQUENCE", ":2"},
           {"DTSTART", berlin + "20270104T100000"},
           {"DTEND", berlin + "20270104T110000"},
           {"RRULE", ":FREQ=WEEKLY;COUNT=6"},
           {"SUMMARY", ":Weekly"},
           {"LOCATION", ":Room 1"},
           {"ORGANIZER", ":mailto:boss@example.com"},
           {"ATTENDEE", alice},
           {"ATTENDEE", bob}}};
}

Event at(const std::string& id, const std::string& start)
{
  Event e = weekly();
  e.remove("RRULE").set("RECURRENCE-ID", berlin + id).set("DTSTART", berlin + start);
  return e.remove("DTEND").set("DURATION", ":PT1H");
}

std::vector<ChangeMessage> changes(const std::string& before, const std::string& after,
                                   const CompareOptions& options = {})
{
  const auto made = compare(read(before), read(after), options, now, Limits{});
  if (!made) FAIL(made.error().what);
  for (const ChangeMessage& m : *made) {  // what goes out is what the tables allow
    for (const ical::Component& c : m.calendar.components) {
      if (c.name == "VTIMEZONE") continue;
      for (const Restriction& r : restrictions(m.method, Kind::Event)) {
        if (r.within != "VEVENT") continue;
        INFO(method_word(m.method) << ' ' << r.name);
        const std::size_t n = c.count(r.name);
        if (r.presence == Presence::One) CHECK(n == 1);
        if (r.presence == Presence::Never) CHECK(n == 0);
        if (r.presence == Presence::Some) CHECK(n >= 1);
      }
    }
  }
  return *made;
}

// "CANCEL 3 bob: series; REQUEST 3 alice,carol: series 20270111T100000"
std::string told(const std::string& before, const std::string& after,
                 const CompareOptions& options = {})
{
  std::string out;
  for (const ChangeMessage& m : changes(before, after, options)) {
    std::string to;
    for (const Party& p : m.to) to += cat(to.empty() ? "" : ",", p.address.local());
    out += cat(out.empty() ? "" : "; ", method_word(m.method), ' ', to, ':');
    for (const ical::Component& c : m.calendar.components) {
      if (c.name == "VTIMEZONE") continue;
      const ical::Property* id = c.find("RECURRENCE-ID");
      out += id == nullptr ? " series" : cat(' ', id->value.substr(4, 4));
      if (id != nullptr && id->parameter("RANGE") != nullptr) out += '+';
      out += cat('/', *c.value("SEQUENCE"));
      if (c.value("STATUS") != nullptr) out += cat('/', *c.value("STATUS"));
    }
  }
  return out;
}

}  // namespace

TEST_CASE("compare: nothing is told where nothing changed that others may see")
{
  const std::string old = weekly().text();
  CHECK(told(old, old).empty());
  Event e = weekly();
  e.set("DTSTAMP", ":20270101T000000Z")
      .set("SEQUENCE", ":5")
      .set("LAST-MODIFIED", ":20270101T000000Z");
  e.set("CATEGORIES", ":private").set("X-MINE", ":1").set("COLOR", ":red");
  CHECK(told(old, e.text()).empty());
  e = weekly();
  e.drop(alice).add("ATTENDEE",
                    ";PARTSTAT=ACCEPTED;RSVP=TRUE;ROLE=REQ-PARTICIPANT:MAILTO:ALICE@example.com");
  CHECK(told(old, e.text()).empty());
  e = weekly();
  e.remove("DTEND").set("DURATION", ":PT60M");
  CHECK(told(old, e.text()).empty());
  e.set("PRIORITY", ":0").set("TRANSP", ":OPAQUE").set("RRULE", ":COUNT=6;INTERVAL=1;FREQ=WEEKLY");
  CHECK(told(old, e.text()).empty());
}

TEST_CASE("compare: split EXDATEs and zones of another name are the same")
{
  Event one = weekly();
  one.set("EXDATE", berlin + "20270111T100000,20270118T100000");
  Event two = weekly();
  two.set("EXDATE", berlin + "20270118T100000").add("EXDATE", ":20270111T090000Z");
  CHECK(told(one.text(), two.text()).empty());
  std::string text = weekly().text();
  for (std::size_t i = text.find("Europe/Berlin"); i != std::string::npos;
       i = text.find("Europe/Berlin"))
    text.replace(i, 13, "Europe/Vienna");
  CHECK(told(weekly().text(), text).empty());
  for (std::size_t i = text.find("Europe/Vienna"); i != std::string::npos;
       i = text.find("Europe/Vienna"))
    text.replace(i, 13, "Europe/Athens");
  CHECK(told(weekly().text(), text) == "REQUEST alice,bob: series/3");
}

TEST_CASE("compare: a redundant override says nothing new")
{
  CHECK(told(weekly().text(), weekly().text() + at("20270111T100000", "20270111T100000").text())
            .empty());
  CHECK(told(weekly().text() + at("20270111T100000", "20270111T100000").text(), weekly().text())
            .empty());
}

TEST_CASE(
    "compare: SEQUENCE is raised by what RFC 5546 section 2.1.4 lists, and not by a new place")
{
  const std::string old = weekly().text();
  CHECK(told(old, weekly().set("LOCATION", ":Room 2").text()) == "REQUEST alice,bob: series/2");
  CHECK(told(old, weekly().set("SUMMARY", ":New").text()) == "REQUEST alice,bob: series/2");
  CHECK(told(old, weekly().set("DTSTART", berlin + "20270104T090000").text()) ==
        "REQUEST alice,bob: series/3");
  CHECK(told(old, weekly().set("DTEND", berlin + "20270104T120000").text()) ==
        "REQUEST alice,bob: series/3");
  CHECK(told(old, weekly().set("RRULE", ":FREQ=WEEKLY;COUNT=8").text()) ==
        "REQUEST alice,bob: series/3");
  CHECK(told(old, weekly().set("RDATE", berlin + "20270106T100000").text()) ==
        "REQUEST alice,bob: series/3");
  CHECK(told(old, weekly().set("STATUS", ":TENTATIVE").text()) ==
        "REQUEST alice,bob: series/3/TENTATIVE");
  // the organizer's program has raised it already
  CHECK(told(old, weekly().set("SEQUENCE", ":7").set("RRULE", ":FREQ=WEEKLY;COUNT=8").text()) ==
        "REQUEST alice,bob: series/7");
}

TEST_CASE("compare: who moves asks again; who does not keeps the answers")
{
  Event old = weekly();
  old.drop(alice).add("ATTENDEE", ";PARTSTAT=ACCEPTED" + alice);
  Event moved = old;
  moved.set("DTSTART", berlin + "20270104T090000");
  const auto partstat = [](const ChangeMessage& m) {
    for (const auto& c : m.calendar.components)
      for (const ical::Property* p : c.all("ATTENDEE"))
        if (p->value == "mailto:alice@example.com") return *p->parameter("PARTSTAT");
    return std::string("none");
  };
  CHECK(partstat(changes(old.text(), moved.text()).front()) == "NEEDS-ACTION");
  Event renamed = old;
  renamed.set("SUMMARY", ":New");
  const auto message = changes(old.text(), renamed.text()).front();
  CHECK(partstat(message) == "ACCEPTED");
  CHECK(message.changes == std::vector<std::string>{"the title (was: Weekly)"});
}

TEST_CASE("compare: who joins is invited, who leaves is told so without STATUS")
{
  const std::string old = weekly().text();
  CHECK(told(old, weekly().add("ATTENDEE", carol).text()) == "REQUEST alice,bob,carol: series/2");
  CHECK(told(old, weekly().drop(bob).text()) == "CANCEL bob: series/3; REQUEST alice: series/3");
  CHECK(told(old, weekly().drop(bob).add("ATTENDEE", carol).text()) ==
        "CANCEL bob: series/3; REQUEST alice,carol: series/3");
  const auto cancel = changes(old, weekly().drop(bob).text()).front();
  CHECK(ical::serialise(cancel.calendar).find("alice") == std::string::npos);
}

TEST_CASE("compare: the end of all is one CANCEL")
{
  CHECK(told(weekly().text(), weekly().set("STATUS", ":CANCELLED").text()) ==
        "CANCEL alice,bob: series/3/CANCELLED");
  const std::string off = weekly().set("STATUS", ":CANCELLED").text();
  CHECK(told(off, off).empty());
  CHECK(told(off, weekly().text()) == "REQUEST alice,bob: series/3");
}

TEST_CASE("compare: where one occurrence changed, only it is told")
{
  const std::string old = weekly().text();
  const std::string moved = at("20270111T100000", "20270111T140000").text();
  CHECK(told(old, old + moved) == "REQUEST alice,bob: 0111/3");
  CHECK(told(old + moved, old) == "REQUEST alice,bob: 0111/3");
  CHECK(
      told(old, old + at("20270111T100000", "20270111T100000").set("LOCATION", ":Room 9").text()) ==
      "REQUEST alice,bob: 0111/2");
  CHECK(told(old, old + moved + at("20270125T100000", "20270125T150000").text()) ==
        "REQUEST alice,bob: 0111/3 0125/3");
}

TEST_CASE("compare: an occurrence that goes is cancelled alone")
{
  const std::string old = weekly().text();
  CHECK(told(old, weekly().set("EXDATE", berlin + "20270111T100000").text()) ==
        "CANCEL alice,bob: 0111/3/CANCELLED");
  CHECK(told(old,
             old + at("20270111T100000", "20270111T100000").set("STATUS", ":CANCELLED").text()) ==
        "CANCEL alice,bob: 0111/3/CANCELLED");
  Event extra = weekly();
  extra.set("RDATE", berlin + "20270106T100000");
  CHECK(told(extra.text(), old) == "CANCEL alice,bob: 0106/3/CANCELLED");
  // and with something else at once, the series says it
  CHECK(told(old, weekly().set("EXDATE", berlin + "20270111T100000").set("SUMMARY", ":x").text()) ==
        "REQUEST alice,bob: series/3");
  // one that comes back needs the series
  CHECK(told(weekly().set("EXDATE", berlin + "20270111T100000").text(), old) ==
        "REQUEST alice,bob: series/3");
}

TEST_CASE(
    "compare: what was cancelled alone comes back alone, with a component of its own and a higher "
    "SEQUENCE")
{
  const std::string received = "X-IMIP-RECEIVED-DTSTAMP";
  Event off = at("20270111T100000", "20270111T140000");
  off.set("STATUS", ":CANCELLED").set("SEQUENCE", ":3").set(received, ":20260102T000000Z");
  const Event back = at("20270111T100000", "20270111T140000");
  const std::string stored = weekly().set(received, ":20260101T000000Z").text();
  const std::string old = stored + off.text();
  CHECK(told(old, stored + back.text()) == "REQUEST alice,bob: 0111/4");
  const auto messages = changes(old, stored + back.text());
  CHECK(ical::serialise(messages.front().calendar).find("PARTSTAT=NEEDS-ACTION") !=
        std::string::npos);
  CHECK(told(old, weekly().set("SUMMARY", ":New").text() + back.text()) ==
        "REQUEST alice,bob: series/2 0111/4");
  CHECK(told(old, weekly().set("EXDATE", berlin + "20270118T100000").text() + back.text()) ==
        "CANCEL alice,bob: 0118/3/CANCELLED; REQUEST alice,bob: 0111/4");
  // as the series has it only the series can say it; and it has to where it may have gone out
  // without the occurrence
  CHECK(told(old, stored) == "REQUEST alice,bob: series/4");
  CHECK(told(weekly().text() + off.text(), stored + back.text()) ==
        "REQUEST alice,bob: series/4 0111/4");
  off.set(received, ":20260101T000000Z");
  CHECK(told(stored + off.text(), stored + back.text()) == "REQUEST alice,bob: series/4 0111/4");
}

TEST_CASE("compare: a cancelled range ends the series")
{
  Event off = at("20270125T100000", "20270125T100000");
  off.set("STATUS", ":CANCELLED")
      .set("RECURRENCE-ID", ";RANGE=THISANDFUTURE" + berlin + "20270125T100000");
  CHECK(told(weekly().text(), weekly().text() + off.text()) == "REQUEST alice,bob: series/3");
  CHECK(ical::serialise(changes(weekly().text(), weekly().text() + off.text()).front().calendar)
            .find("UNTIL=20270125T085959Z") != std::string::npos);
}

TEST_CASE("compare: a tail that goes is one range, if that is smaller")
{
  const std::string old = weekly().text();
  const std::string tail =
      weekly().set("EXDATE", berlin + "20270125T100000,20270201T100000,20270208T100000").text();
  CHECK(told(old, tail) == "CANCEL alice,bob: 0125+/3/CANCELLED");
  CompareOptions plain;
  plain.use_range = false;
  CHECK(told(old, tail, plain) ==
        "CANCEL alice,bob: 0125/3/CANCELLED 0201/3/CANCELLED 0208/3/CANCELLED");
  // the series without overrides is as small, and everybody reads it
  CHECK(told(old, weekly().set("RRULE", ":FREQ=WEEKLY;COUNT=3").text()) ==
        "REQUEST alice,bob: series/3");
  const std::string moved = at("20270111T100000", "20270111T140000").text();
  CHECK(told(old + moved, weekly().set("RRULE", ":FREQ=WEEKLY;COUNT=3").text() + moved) ==
        "CANCEL alice,bob: 0125+/3/CANCELLED");
  CHECK(told(old + moved, weekly().set("RRULE", ":FREQ=WEEKLY;COUNT=3").text() + moved, plain) ==
        "REQUEST alice,bob: series/3 0111/2");
  const std::string endless = weekly().set("RRULE", ":FREQ=WEEKLY").text();
  CHECK(told(endless + moved, weekly().set("RRULE", ":FREQ=WEEKLY;UNTIL=20270119T000000Z").text() +
                                  moved) == "CANCEL alice,bob: 0125+/3/CANCELLED");
  CHECK(told(endless, weekly().set("RRULE", ":FREQ=WEEKLY;UNTIL=20270119T000000Z").text()) ==
        "REQUEST alice,bob: series/3");
}

TEST_CASE("compare: all later ones changed alike are one range")
{
  const std::string old = weekly().text();
  std::string after = old;
  for (const char* day : {"20270125", "20270201", "20270208"})
    after += at(cat(day, "T100000"), cat(day, "T113000")).text();
  CHECK(told(old, after) == "REQUEST alice,bob: 0125+/3");
  CompareOptions plain;
  plain.use_range = false;
  CHECK(told(old, after, plain) == "REQUEST alice,bob: 0125/3 0201/3 0208/3");
  // not alike
  after = old;
  for (const char* day : {"20270125", "20270201", "20270208"})
    after += at(cat(day, "T100000"), cat(day, day[5] == '1' ? "T113000" : "T120000")).text();
  CHECK(told(old, after) == "REQUEST alice,bob: 0125/3 0201/3 0208/3");
}

TEST_CASE("compare: a range that the organizer's program wrote is told as one")
{
  const std::string old = weekly().text();
  Event range = at("20270125T100000", "20270125T120000");
  range.set("RECURRENCE-ID", ";RANGE=THISANDFUTURE" + berlin + "20270125T100000");
  CHECK(told(old, old + range.text()) == "REQUEST alice,bob: 0125+/3");
  CHECK(told(old + range.text(), old + range.text()).empty());
  // who leaves gets nothing but that
  range.drop(bob);
  CHECK(told(old, old + range.text()) == "CANCEL bob: 0125+/3; REQUEST alice: 0125+/3");
}

TEST_CASE("compare: nobody comes into an endless range without the series: the range alone says nothing")
{
  const std::string old = weekly().set("RRULE", ":FREQ=WEEKLY").text();
  Event range = at("20270125T100000", "20270125T120000");
  range.set("RECURRENCE-ID", ";RANGE=THISANDFUTURE" + berlin + "20270125T100000");
  const std::string without = old + range.text();
  range.add("ATTENDEE", carol);
  for (const std::string& before : {old, without}) {
    const auto made = compare(read(before), read(old + range.text()), {}, now, Limits{});
    REQUIRE_FALSE(made);
    CHECK(made.error().code == Errc::BadCalendar);
    CHECK(made.error().what.find("carol@example.com comes into all repetitions from") == 0);
  }
  // Of 200 that is told one by one; who is in already, and who leaves, has got the series in another way.
  CHECK(told(weekly().set("RRULE", ":FREQ=WEEKLY;COUNT=203").text(),
             weekly().set("RRULE", ":FREQ=WEEKLY;COUNT=203").text() + range.text())
            .find("REQUEST carol: 0125/") != std::string::npos);
  const std::string carol_is_in = old + range.text();
  CHECK(told(carol_is_in, old + range.set("SUMMARY", ":Late").text()) == "REQUEST alice,bob,carol: 0125+/2");
  CHECK(told(carol_is_in, without) == "CANCEL carol: 0125+/3; REQUEST alice,bob: 0125+/3");
}

TEST_CASE(
    "compare: a range or an override that is taken back is told with a higher SEQUENCE, and asks "
    "again")
{
  const std::string old = weekly().text();
  const std::string renamed = weekly().set("SUMMARY", ":New").text();
  Event range = at("20270125T100000", "20270125T120000");
  range.set("RECURRENCE-ID", ";RANGE=THISANDFUTURE" + berlin + "20270125T100000")
      .set("SEQUENCE", ":5");
  Event moved = at("20270111T100000", "20270111T140000");
  moved.set("SEQUENCE", ":5");
  CHECK(told(old + range.text(), old) == "REQUEST alice,bob: series/6");
  CHECK(told(old + range.text() + moved.text(), renamed + moved.text()) ==
        "REQUEST alice,bob: series/6 0111/5");
  CHECK(told(old + moved.text(), renamed) == "REQUEST alice,bob: series/2 0111/6");
  const auto messages = changes(old + range.text(), old);
  REQUIRE(messages.size() == 1);
  CHECK(messages.front().changes == std::vector<std::string>{"the start"});
  CHECK(ical::serialise(messages.front().calendar).find("PARTSTAT=NEEDS-ACTION") !=
        std::string::npos);
  const auto both = changes(old + moved.text(), renamed);
  REQUIRE(both.size() == 1);
  CHECK(both.front().changes == std::vector<std::string>{"the title (was: Weekly)", "the start"});
}

TEST_CASE("compare: an occurrence with guests of its own")
{
  const std::string old = weekly().text();
  Event guest = at("20270111T100000", "20270111T100000");
  guest.add("ATTENDEE", carol);
  CHECK(told(old, old + guest.text()) == "REQUEST alice,bob,carol: 0111/2");
  CHECK(told(old + guest.text(), old) == "CANCEL carol: 0111/3; REQUEST alice,bob: 0111/3");
  // the series changes: carol sees nothing of it
  const auto messages =
      changes(old + guest.text(), weekly().set("SUMMARY", ":New").text() + guest.text());
  REQUIRE(messages.size() == 1);
  CHECK(messages.front().to.size() == 2);
  Event without = at("20270111T100000", "20270111T100000");
  without.drop(bob);
  CHECK(told(old, old + without.text()) == "CANCEL bob: 0111/3; REQUEST alice: 0111/3");
}

TEST_CASE(
    "compare: who leaves the series and stays in one occurrence gets a newer invitation to it")
{
  Event here = at("20270111T100000", "20270111T100000");
  const auto messages = changes(weekly().text(), weekly().drop(bob).text() + here.text());
  std::string to_bob;
  std::int64_t sequence = 0;
  for (const ChangeMessage& m : messages)
    for (const Party& p : m.to)
      if (p.address.local() == "bob") {
        to_bob += method_word(m.method).substr(0, 1);
        const auto& c = m.calendar.components.back();
        const std::int64_t n = std::stoll(*c.value("SEQUENCE"));
        CHECK(n > sequence);
        sequence = n;
      }
  CHECK(to_bob == "CR");
}

TEST_CASE("compare: what nobody is invited to is published")
{
  Event old = weekly();
  old.remove("ATTENDEE");
  Event after = old;
  after.set("DTEND", berlin + "20270104T120000");
  CHECK(told(old.text(), after.text()) == "PUBLISH : series/3");
  CHECK(told(old.text(), old.text()).empty());
}

TEST_CASE("compare: private data does not leave")
{
  Event after = weekly();
  after.set("SUMMARY", ":New").set("CATEGORIES", ":secret").set("X-MINE", ":secret");
  std::string text = after.text();
  text.insert(text.find("END:VEVENT"),
              "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:secret\nTRIGGER:-PT5M\nEND:VALARM\n");
  const auto messages = changes(weekly().text(), text);
  CHECK(ical::serialise(messages.front().calendar).find("secret") == std::string::npos);
}

TEST_CASE("compare: what cannot be compared is refused")
{
  const auto refused = [](const std::string& a, const std::string& b) {
    const auto made = compare(read(a), read(b), {}, now, Limits{});
    REQUIRE_FALSE(made);
    CHECK(made.error().code == Errc::BadCalendar);
    return made.error().what;
  };
  CHECK_THAT(refused(weekly().text(), weekly().set("UID", ":w2").text()),
             Catch::Contains("w1 and w2"));
  CHECK_THAT(refused(weekly().text(), at("20270111T100000", "20270111T100000").text()),
             Catch::Contains("no series"));
  CHECK_THAT(refused("", weekly().text()), Catch::Contains("no event"));
  CHECK_THAT(
      refused("BEGIN:VFREEBUSY\nUID:a\nEND:VFREEBUSY\n", "BEGIN:VFREEBUSY\nUID:a\nEND:VFREEBUSY\n"),
      Catch::Contains("busy time"));
}
