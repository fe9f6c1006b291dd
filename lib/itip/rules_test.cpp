// The numbered rules of itip.md, "Order: facts, then a rendering", one by one.
#include <algorithm>
#include <catch2/catch.hpp>

#include "itip/detail/test_series.hpp"

namespace imip::itip::test {

namespace {

std::size_t alarms(const ical::Component& c)
{
  return static_cast<std::size_t>(
      std::count_if(c.components.begin(), c.components.end(),
                    [](const ical::Component& s) { return s.name == "VALARM"; }));
}

}  // namespace

TEST_CASE("rule 1: a CANCEL cancels what is no newer, and a tie cancels")
{
  Book book;
  book.apply(message("REQUEST", {rev(1, 2)}));
  Book tie = book;
  CHECK(tie.apply(message("CANCEL", {cancelled(rev(1, 2))})).outcome == Outcome::Cancelled);
  CHECK(tie.text("STATUS") == "CANCELLED");
  CHECK(tie.text("SUMMARY") == "Planning");
  Book older = book;
  CHECK(older.apply(message("CANCEL", {cancelled(rev(1, 1))})).outcome == Outcome::Obsolete);
  CHECK(older.text("STATUS").empty());
}

TEST_CASE("rule 1: content never comes from a CANCEL, so one alone is held")
{
  Book book;
  const Plan p = book.apply(message("CANCEL", {cancelled(rev(1, 2))}));
  CHECK(p.outcome == Outcome::Held);
  CHECK(has_code(p.reasons, Code::Held));
  CHECK_FALSE(p.octets);
  CHECK(p.facts_changed);
  book.apply(message("REQUEST", {rev(1, 1)}));
  CHECK(book.text("STATUS") == "CANCELLED");
}

TEST_CASE("rule 2: a series REQUEST ends an override that is older in both ways only")
{
  Book book;
  book.apply(message("REQUEST", {series(1, 1)}));
  book.apply(message("REQUEST", {second(0, 5)}));
  Book later = book;
  later.apply(message("REQUEST", {series(2, 6)}));
  CHECK(later.component(id) == nullptr);
  // Google counts exceptions on their own: a lower SEQUENCE alone ends nothing.
  Book earlier = book;
  earlier.apply(message("REQUEST", {series(2, 4)}));
  CHECK(earlier.text("SUMMARY", id) == "Moved");
}

TEST_CASE("rule 2: an override that the series REQUEST carries lives on (register B)")
{
  Book book;
  book.apply(message("REQUEST", {series(3, 6), second(0, 2)}));
  CHECK(book.text("SUMMARY", id) == "Moved");
  book.apply(message("REQUEST", {series(4, 7)}));
  CHECK(book.component(id) == nullptr);
}

TEST_CASE("rule 2: a series REQUEST also ends the CANCEL of an occurrence")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  book.apply(message("CANCEL", {cancelled(second(1, 2))}));
  CHECK(book.text("STATUS", id) == "CANCELLED");
  book.apply(message("REQUEST", {series(2, 3)}));
  CHECK(book.component(id) == nullptr);
}

TEST_CASE("rule 3: a series CANCEL cancels an override unless it is newer in both ways")
{
  Book book;
  book.apply(message("REQUEST", {series(1, 1)}));
  book.apply(message("REQUEST", {second(3, 3)}));
  Book all = book;
  CHECK(all.apply(message("CANCEL", {cancelled(rev(2, 4))})).outcome == Outcome::Cancelled);
  CHECK(all.text("STATUS", id) == "CANCELLED");
  Book rest = book;
  rest.apply(message("CANCEL", {cancelled(rev(2, 2))}));
  CHECK(rest.text("STATUS") == "CANCELLED");
  CHECK(rest.text("STATUS", id).empty());
}

TEST_CASE("rule 4: of content, range goes before series, and a later range before an earlier one")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  Event r = range(series(1, 2, "From the third on"));
  r.extra.clear();
  book.apply(message("REQUEST", {r}));
  const ical::Component* c = book.component("20270118T100000Z");
  REQUIRE(c);
  REQUIRE(c->find("RECURRENCE-ID")->parameter("RANGE"));
  CHECK(*c->find("RECURRENCE-ID")->parameter("RANGE") == "THISANDFUTURE");
  // An occurrence of its own in the range derives from it.
  Event x = rev(2, 3);
  x.recurrence_id = ":20270125T100000Z";
  book.apply(message("CANCEL", {cancelled(x)}));
  CHECK(book.text("SUMMARY", "20270125T100000Z") == "From the third on");
  CHECK(book.text("STATUS", "20270125T100000Z") == "CANCELLED");
}

TEST_CASE("a CANCEL of a range ends the rule before it")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  Event r = cancelled(range(rev(1, 2)));
  book.apply(message("CANCEL", {r}));
  CHECK(book.text("RRULE") == "FREQ=WEEKLY;UNTIL=20270118T095959Z");
  CHECK(book.text("STATUS").empty());
  book.apply(message("REQUEST", {series(2, 3)}));
  CHECK(book.text("RRULE") == "FREQ=WEEKLY;COUNT=4");
}

TEST_CASE("a CANCEL of a range that begins at an RDATE does not lengthen the rule")
{
  Book book;
  Event s = series(0, 1);
  s.extra = "RRULE:FREQ=WEEKLY;COUNT=2\r\nRDATE:20270301T100000Z,20270308T100000Z\r\n";
  book.apply(message("REQUEST", {s}));
  Event r = cancelled(rev(1, 2));
  r.recurrence_id = ";RANGE=THISANDFUTURE:20270308T100000Z";
  book.apply(message("CANCEL", {r}));
  CHECK(book.text("RRULE") == "FREQ=WEEKLY;COUNT=2");
  CHECK(book.text("RDATE") == "20270301T100000Z");
}

TEST_CASE(
    "a range that escapes a CANCEL shows, and what the CANCEL leaves out before it is excluded")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  Event gone = cancelled(rev(1, 2));
  gone.recurrence_id = ";RANGE=THISANDFUTURE:20270111T100000Z";
  book.apply(message("CANCEL", {gone}));
  CHECK(book.text("RRULE") == "FREQ=WEEKLY;UNTIL=20270111T095959Z");
  Event back = range(rev(2, 3));
  back.summary = "Again";
  book.apply(message("REQUEST", {back}));
  CHECK(book.text("RRULE") == "FREQ=WEEKLY;COUNT=4");
  CHECK(book.text("EXDATE") == "20270111T100000Z");
  CHECK(book.text("SUMMARY", "20270118T100000Z") == "Again");
}

TEST_CASE("a series answer does not count for the occurrences that a range moved")
{
  Book book = organizing();
  book.apply(message("REQUEST", {series(0, 1)}));
  book.apply(message("REPLY", {reply(series(0, 2))}), attendee("bob@example.com"));
  Event moved = range(rev(1, 3));
  moved.start = ":20270118T140000Z";
  moved.end = ":20270118T150000Z";
  book.apply(message("REQUEST", {moved}));
  CHECK(book.partstat("bob@example.com") == "ACCEPTED");
  CHECK(book.partstat("bob@example.com", "20270118T100000Z") == "NEEDS-ACTION");
  Event mine = reply(rev(1, 4), "alice@example.com");
  mine.recurrence_id = ":20270125T100000Z";
  book.apply(message("REPLY", {mine}), attendee("alice@example.com"));
  CHECK(book.text("DTSTART", "20270125T100000Z") == "20270125T140000Z");
  CHECK(book.partstat("alice@example.com", "20270125T100000Z") == "ACCEPTED");
  CHECK(book.partstat("bob@example.com", "20270125T100000Z") == "NEEDS-ACTION");
}

TEST_CASE("who is un-invited from an occurrence on is left out from there on")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  Event without = range(rev(1, 2));
  without.attendees = {"mailto:bob@example.com"};
  book.apply(message("CANCEL", {without}));
  CHECK(book.partstat("bob@example.com") == "NEEDS-ACTION");
  CHECK(book.partstat("bob@example.com", "20270118T100000Z") == "-");
  REQUIRE(book.component("20270118T100000Z"));
  CHECK(*book.component("20270118T100000Z")->find("RECURRENCE-ID")->parameter("RANGE") ==
        "THISANDFUTURE");
}

TEST_CASE("a CANCEL of a range from the first occurrence on cancels everything")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  Event r = cancelled(rev(1, 2));
  r.recurrence_id = ";RANGE=THISANDFUTURE:20270104T100000Z";
  CHECK(book.apply(message("CANCEL", {r})).outcome == Outcome::Cancelled);
  CHECK(book.text("STATUS") == "CANCELLED");
}

TEST_CASE("rule 5: an occurrence that the series does not have waits")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  Event stray = second(0, 2);
  stray.recurrence_id = ":20270112T100000Z";
  const Plan p = book.apply(message("REQUEST", {stray}));
  CHECK(p.outcome == Outcome::Held);
  CHECK(has_code(p.reasons, Code::Held));
  CHECK_FALSE(p.octets);
  Event wider = series(1, 3);
  wider.extra = "RRULE:FREQ=DAILY;COUNT=20\r\n";
  book.apply(message("REQUEST", {wider}));
  CHECK(book.component("20270112T100000Z") == nullptr);  // older than the series: ended
  stray.sequence = 1;
  stray.dtstamp = "20261105T080000Z";
  book.apply(message("REQUEST", {stray}));
  CHECK(book.text("SUMMARY", "20270112T100000Z") == "Moved");
}

TEST_CASE("rule 5: RECURRENCE-IDs of other kinds name the only occurrence of the day")
{
  for (const char* other : {";VALUE=DATE:20270111", ":20270111T000000Z", ":20270111T100000",
                            ";TZID=Europe/Berlin:20270111T110000"}) {
    Book book;
    book.apply(message("REQUEST", {series(0, 1)}));
    Event o = second(0, 2);
    o.recurrence_id = other;
    INFO(other);
    CHECK(book.apply(message("REQUEST", {o})).outcome == Outcome::Updated);
    REQUIRE(book.stored->calendar.components.back().find("RECURRENCE-ID"));
    CHECK(book.stored->calendar.components.size() >= 2);
    // Both ways of naming it are one key.
    book.apply(message("CANCEL", {cancelled(second(1, 3))}));
    CHECK(book.stored->calendar.components.back().text("STATUS") == "CANCELLED");
  }
}

TEST_CASE("an invitation to a single occurrence needs no series")
{
  Book book;
  CHECK(book.apply(message("REQUEST", {second(0, 1)})).outcome == Outcome::Added);
  CHECK(book.text("SUMMARY", id) == "Moved");
  CHECK(book.component() == nullptr);
}

TEST_CASE("rule 6: an un-invited attendee is left out; the owner sees it cancelled")
{
  Book book;
  book.apply(message("REQUEST", {rev(0, 1)}));
  Event bob = rev(1, 2);
  bob.attendees = {"mailto:bob@example.com"};
  CHECK(book.apply(message("CANCEL", {bob})).outcome == Outcome::Updated);
  CHECK(book.partstat("bob@example.com") == "-");
  CHECK(book.text("STATUS").empty());
  Event alice = rev(2, 3);
  alice.attendees = {"mailto:alice@example.com"};
  const Plan p = book.apply(message("CANCEL", {alice}));
  CHECK(p.outcome == Outcome::Uninvited);
  CHECK(book.text("STATUS") == "CANCELLED");
  CHECK(std::any_of(p.changes.begin(), p.changes.end(),
                    [](const Change& c) { return c.action == "uninvite"; }));
}

TEST_CASE("un-inviting from one occurrence is told as such, and only to whom it concerns")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  Event e = second(1, 2);
  e.attendees = {"mailto:alice@example.com"};
  CHECK(book.apply(message("CANCEL", {e})).outcome == Outcome::Uninvited);
  CHECK(book.text("STATUS", id) == "CANCELLED");
  CHECK(book.text("STATUS").empty());
  Event other = second(1, 3);
  other.attendees = {"mailto:bob@example.com"};
  Book bystander;
  bystander.apply(message("REQUEST", {series(0, 1)}));
  CHECK(bystander.apply(message("CANCEL", {other})).outcome == Outcome::Updated);
}

TEST_CASE("rule 7: an answer is shown, and only of the one who speaks")
{
  Book book = organizing();
  CHECK(book.apply(message("REQUEST", {rev(0, 1)})).outcome == Outcome::Own);
  Event r = reply(rev(0, 2));
  r.attendees.push_back("PARTSTAT=DECLINED:mailto:alice@example.com");
  r.extra = "COMMENT:With pleasure\r\n";
  const Plan p = book.apply(message("REPLY", {r}), attendee("bob@example.com"));
  CHECK(p.outcome == Outcome::Answered);
  CHECK(book.partstat("bob@example.com") == "ACCEPTED");
  CHECK(book.partstat("alice@example.com") == "NEEDS-ACTION");
  REQUIRE(p.changes.size() == 1);
  CHECK(p.changes[0].action == "answer");
  CHECK(p.changes[0].property == "ATTENDEE");
  CHECK(book.stored->octets.find("With pleasure") != std::string::npos);
}

TEST_CASE("a reply sets no ROLE, RSVP, CN, and no alarm")
{
  Book book = organizing();
  Event e = rev(0, 1);
  e.attendees = {"CN=Bob;ROLE=OPT-PARTICIPANT;RSVP=TRUE:mailto:bob@example.com"};
  book.apply(message("REQUEST", {e}));
  Event r = reply(rev(0, 2));
  r.attendees = {
      "CN=Boss;ROLE=CHAIR;RSVP=FALSE;PARTSTAT=ACCEPTED;SENT-BY=\"mailto:p@example.com\":"
      "mailto:bob@example.com"};
  r.extra = "BEGIN:VALARM\r\nACTION:AUDIO\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n";
  book.apply(message("REPLY", {r}), attendee("bob@example.com"));
  const ical::Property* bob = book.component()->find("ATTENDEE");
  CHECK(*bob->parameter("CN") == "Bob");
  CHECK(*bob->parameter("ROLE") == "OPT-PARTICIPANT");
  CHECK(*bob->parameter("RSVP") == "TRUE");
  CHECK(*bob->parameter("PARTSTAT") == "ACCEPTED");
  CHECK(*bob->parameter("SENT-BY") == "mailto:p@example.com");
  CHECK(alarms(*book.component()) == 0);
}

TEST_CASE("rule 7: an answer to an older revision counts while the time is the same (register D)")
{
  Book book = organizing();
  book.apply(message("REQUEST", {rev(0, 1)}));
  book.apply(message("REPLY", {reply(rev(0, 2))}), attendee("bob@example.com"));
  Event retitled = rev(1, 3);
  retitled.summary = "Other title";
  book.apply(message("REQUEST", {retitled}));
  CHECK(book.partstat("bob@example.com") == "ACCEPTED");
  Event moved = rev(2, 4);
  moved.start = ":20270105T100000Z";
  moved.end = ":20270105T110000Z";
  book.apply(message("REQUEST", {moved}));
  CHECK(book.partstat("bob@example.com") == "NEEDS-ACTION");
  const Plan late = book.apply(message("REPLY", {reply(rev(1, 5))}), attendee("bob@example.com"));
  CHECK(late.outcome == Outcome::Obsolete);
  CHECK(has_code(late.reasons, Code::ReplyOutdated));
  // Back to where it was: the answer given to that time counts again.
  Event back = rev(3, 6);
  book.apply(message("REQUEST", {back}));
  CHECK(book.partstat("bob@example.com") == "ACCEPTED");
}

TEST_CASE("rule 7: an older answer does not undo a newer one")
{
  Book book = organizing();
  book.apply(message("REQUEST", {rev(0, 1)}));
  book.apply(message("REPLY", {reply(rev(0, 5))}), attendee("bob@example.com"));
  const Plan p = book.apply(message("REPLY", {reply(rev(0, 4), "bob@example.com", "DECLINED")}),
                            attendee("bob@example.com"));
  CHECK(p.outcome == Outcome::Obsolete);
  CHECK(has_code(p.reasons, Code::ReplyOutdated));
  CHECK(book.partstat("bob@example.com") == "ACCEPTED");
}

TEST_CASE("rules 7 and 9: an answer to one occurrence is an override that only carries it")
{
  Book book = organizing();
  book.apply(message("REQUEST", {series(0, 1)}));
  Event r = reply(rev(0, 3), "bob@example.com", "DECLINED");
  r.recurrence_id = cat(':', id);
  book.apply(message("REPLY", {r}), attendee("bob@example.com"));
  CHECK(book.partstat("bob@example.com", id) == "DECLINED");
  CHECK(book.partstat("bob@example.com") == "NEEDS-ACTION");
  CHECK(book.text("X-IMIP-DERIVED", id) == "TRUE");
  CHECK(book.text("DTSTART", id) == id);
  CHECK(book.text("DTEND", id) == "20270111T110000Z");
  CHECK(book.text("RRULE", id).empty());
  // It has no content of its own: a new title of the series is its title.
  book.apply(message("REQUEST", {series(0, 4, "Renamed")}));
  CHECK(book.text("SUMMARY", id) == "Renamed");
  // A later answer to the whole goes before it; then the override has nothing to say.
  book.apply(message("REPLY", {reply(rev(0, 5))}), attendee("bob@example.com"));
  CHECK(book.component(id) == nullptr);
  CHECK(book.partstat("bob@example.com") == "ACCEPTED");
}

TEST_CASE("rule 7: a series answer reaches an override only if it would count there")
{
  Book book = organizing();
  book.apply(message("REQUEST", {series(0, 1)}));
  book.apply(message("REPLY", {reply(rev(0, 2))}), attendee("bob@example.com"));
  Event same_time = second(1, 3, "Other title");
  same_time.start = cat(':', id);
  same_time.end = ":20270111T110000Z";
  Book kept = book;
  kept.apply(message("REQUEST", {same_time}));
  CHECK(kept.partstat("bob@example.com", id) == "ACCEPTED");
  Book moved = book;
  moved.apply(message("REQUEST", {second(1, 3)}));
  CHECK(moved.partstat("bob@example.com", id) == "NEEDS-ACTION");
  CHECK(moved.partstat("bob@example.com") == "ACCEPTED");
}

TEST_CASE("rule 8: delegates are shown as far as counted answers lead; a cycle adds nobody")
{
  Book book = organizing();
  book.apply(message("REQUEST", {rev(0, 1)}));
  Event r = reply(rev(0, 2));
  r.attendees = {
      "PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:carol@example.com\":mailto:bob@example.com"};
  book.apply(message("REPLY", {r}), attendee("bob@example.com"));
  CHECK(book.partstat("bob@example.com") == "DELEGATED");
  CHECK(book.partstat("carol@example.com") == "NEEDS-ACTION");
  Event c = reply(rev(0, 3), "carol@example.com");
  c.attendees = {
      "PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:bob@example.com\":mailto:carol@example.com"};
  book.apply(message("REPLY", {c}), attendee("carol@example.com"));
  CHECK(book.partstat("carol@example.com") == "DELEGATED");
  CHECK(book.component()->count("ATTENDEE") == 3);
  // Bob comes himself after all: nobody leads to Carol any more.
  book.apply(message("REPLY", {reply(rev(0, 4))}), attendee("bob@example.com"));
  CHECK(book.partstat("carol@example.com") == "-");
}

TEST_CASE("rule 8: a party crasher is kept but not shown, until somebody lets her in")
{
  Book book = organizing();
  book.apply(message("REQUEST", {rev(0, 1)}));
  const Message m = message("REPLY", {reply(rev(0, 2), "carol@example.com")});
  const Plan p = book.apply(m, attendee("carol@example.com"));
  CHECK(p.outcome == Outcome::Held);
  CHECK(has_code(p.reasons, Code::PartyCrasher));
  CHECK(book.partstat("carol@example.com") == "-");
  book.options.admit_party_crashers = true;
  CHECK(book.apply(m, attendee("carol@example.com")).outcome == Outcome::Answered);
  CHECK(book.partstat("carol@example.com") == "ACCEPTED");
}

TEST_CASE("the organizer's word goes before a forwarder's, and that before what was published")
{
  Book book;
  Event p = rev(9, 9);
  p.summary = "Published";
  CHECK(book.apply(message("PUBLISH", {p})).outcome == Outcome::Added);
  Event f = rev(5, 5);
  f.summary = "Forwarded";
  book.apply(message("REQUEST", {f}), speaker("bob@example.com", Speaker::Class::Forwarder));
  CHECK(book.text("SUMMARY") == "Forwarded");
  Event o = rev(0, 1);
  o.summary = "Organized";
  book.apply(message("REQUEST", {o}));
  CHECK(book.text("SUMMARY") == "Organized");
  CHECK(book.apply(message("PUBLISH", {rev(12, 12)})).outcome == Outcome::Obsolete);
  CHECK(book.text("SUMMARY") == "Organized");
}

}  // namespace imip::itip::test
