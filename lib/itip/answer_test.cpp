// The owner's answer: a fact, and a REPLY.
#include <catch2/catch.hpp>

#include "itip/detail/test_events.hpp"

namespace imip::itip::test {

namespace {

Event meeting(int sequence = 0, int day = 1)
{
  Event e;
  e.sequence = sequence;
  e.dtstamp = cat(20261100 + day, "T080000Z");
  e.attendees = {"CN=Alice;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:alice@example.com",
                 "mailto:bob@example.com"};
  e.extra = "LOCATION:Room 1\r\n";
  return e;
}

Event weekly(int sequence = 0, int day = 1)
{
  Event e = meeting(sequence, day);
  e.extra = "RRULE:FREQ=WEEKLY;COUNT=4\r\n";
  return e;
}

Book invited(const Event& e)
{
  Book book;
  book.apply(message("REQUEST", {e}));
  REQUIRE(book.stored);
  return book;
}

Answer yes(PartStat partstat = PartStat::Accepted)
{
  Answer a;
  a.partstat = partstat;
  return a;
}

Result<AnswerPlan> answered(const Book& book, const Answer& a, const Message* m = nullptr,
                            UtcSeconds when = now())
{
  return plan_answer(m, book.file(), book.facts, book.who, a, book.options, when);
}

AnswerPlan good(const Book& book, const Answer& a, const Message* m = nullptr,
                UtcSeconds when = now())
{
  auto p = answered(book, a, m, when);
  if (!p) FAIL(p.error().what);
  return *std::move(p);
}

void check_error(const Result<AnswerPlan>& r, Errc code)
{
  REQUIRE_FALSE(r);
  CHECK(r.error().code == code);
  CHECK_FALSE(r.error().what.empty());
}

const ical::Component& event_in(const AnswerPlan& p)
{
  return p.reply.components.back();
}

Answer for_second()
{
  Answer a = yes(PartStat::Declined);
  a.instance = ical::Time{ical::TimeKind::Utc, "20270111T100000", "", at("20270111T100000Z")};
  return a;
}

}  // namespace

TEST_CASE("an event whose own zone is broken cannot be answered, and why is said")
{
  Book book = invited(meeting());
  std::string edited = book.stored->octets;
  const auto replace = [&edited](const std::string& old, const std::string& by) {
    const std::size_t at = edited.find(old);
    REQUIRE(at != std::string::npos);
    edited.replace(at, old.size(), by);
  };
  replace("DTSTART:20270104T100000Z", "DTSTART;TZID=Here:20270104T100000");
  replace("BEGIN:VEVENT",
          "BEGIN:VTIMEZONE\r\nTZID:Here\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\n"
          "TZOFFSETFROM:+0200\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT");
  book.stored = stored_object(edited);
  book.facts = {};  // as another machine finds it
  const auto answer = answered(book, yes());
  check_error(answer, Errc::BadCalendar);
  CHECK_THAT(answer.error().what, Catch::Matchers::Contains("TZOFFSETTO"));
}

TEST_CASE("an answer is stored and told the organizer")
{
  Book book = invited(meeting(2));
  Answer a = yes();
  a.comment = "See you; there";
  const AnswerPlan p = good(book, a);
  CHECK(p.from.mailbox() == "alice@example.com");
  CHECK(p.to.mailbox() == "boss@example.com");
  CHECK(p.plan.outcome == Outcome::Answered);
  CHECK(p.reply.text("METHOD") == "REPLY");
  const ical::Component& e = event_in(p);
  CHECK(e.text("UID") == "meeting-1@example.com");
  CHECK(e.text("SEQUENCE") == "2");
  CHECK(e.text("DTSTAMP") == "20261130T120000Z");
  CHECK(e.text("DTSTART") == "20270104T100000Z");
  CHECK(e.text("DTEND") == "20270104T110000Z");
  CHECK(e.text("SUMMARY") == "Planning");
  CHECK(e.text("ORGANIZER") == "mailto:boss@example.com");
  CHECK(e.text("COMMENT") == "See you; there");
  CHECK(e.count("ATTENDEE") == 1);
  CHECK(*e.find("ATTENDEE")->parameter("PARTSTAT") == "ACCEPTED");
  CHECK(e.find("LOCATION") == nullptr);
  CHECK(ical::serialise(p.reply).find("X-IMIP") == std::string::npos);
  REQUIRE(p.plan.octets);
  book.carry_out(p.plan);
  CHECK(book.partstat("alice@example.com") == "ACCEPTED");
  CHECK(book.partstat("bob@example.com") == "NEEDS-ACTION");
}

TEST_CASE("our reply is one that we would read")
{
  const AnswerPlan p = good(invited(meeting()), yes());
  const Reading r = reading(ical::serialise(p.reply), "REPLY");
  REQUIRE(r.message);
  CHECK(r.notices.empty());
  Book boss;
  boss.who = owner("boss@example.com");
  boss.apply(message("REQUEST", {meeting()}));
  CHECK(authorize(*r.message, boss.file(), boss.facts, boss.who, Limits{}, now()).empty());
  CHECK(boss.apply(*r.message, attendee("alice@example.com")).outcome == Outcome::Answered);
  CHECK(boss.partstat("alice@example.com") == "ACCEPTED");
}

TEST_CASE("the same answer again is the same octets, another one is later")
{
  Book book = invited(meeting());
  const AnswerPlan first = good(book, yes());
  book.carry_out(first.plan);
  const auto later = now() + std::chrono::hours(5);
  const AnswerPlan again = good(book, yes(), nullptr, later);
  CHECK(ical::serialise(again.reply) == ical::serialise(first.reply));
  CHECK_FALSE(again.plan.octets);
  CHECK_FALSE(again.plan.facts_changed);
  // Within the same second: one second later, or the organizer could not tell which is the last.
  const AnswerPlan other = good(book, yes(PartStat::Declined));
  CHECK(event_in(other).text("DTSTAMP") == "20261130T120001Z");
  book.carry_out(other.plan);
  CHECK(book.partstat("alice@example.com") == "DECLINED");
}

TEST_CASE("the same answer to a newer revision is a new reply")
{
  Book book = invited(meeting());
  book.carry_out(good(book, yes()).plan);
  book.apply(message("REQUEST", {meeting(1, 2)}));
  CHECK(book.partstat("alice@example.com") == "NEEDS-ACTION");  // it asks again, and says so
  const AnswerPlan p = good(book, yes());
  CHECK(event_in(p).text("SEQUENCE") == "1");
  CHECK(event_in(p).text("DTSTAMP") == "20261130T120001Z");
}

TEST_CASE("the owner's answer stays while the time does, unless the message asks again")
{
  Book book = invited(meeting());
  book.carry_out(good(book, yes()).plan);
  Event silent = meeting(1, 2);
  silent.attendees = {"mailto:alice@example.com", "mailto:bob@example.com"};
  Book same = book;
  same.apply(message("REQUEST", {silent}));
  CHECK(same.partstat("alice@example.com") == "ACCEPTED");
  Event moved = silent;
  moved.start = ":20270105T100000Z";
  moved.end = ":20270105T110000Z";
  Book other = book;
  other.apply(message("REQUEST", {moved}));
  CHECK(other.partstat("alice@example.com") == "NEEDS-ACTION");
  Book re_sent = book;
  re_sent.apply(message("REQUEST", {meeting(0, 2)}));
  CHECK(re_sent.partstat("alice@example.com") == "ACCEPTED");
}

TEST_CASE("one occurrence can be answered by itself")
{
  Book book = invited(weekly());
  const AnswerPlan p = good(book, for_second());
  CHECK(event_in(p).text("RECURRENCE-ID") == "20270111T100000Z");
  CHECK(event_in(p).text("DTSTART") == "20270111T100000Z");
  CHECK(event_in(p).find("RRULE") == nullptr);
  book.carry_out(p.plan);
  CHECK(book.partstat("alice@example.com", "20270111T100000Z") == "DECLINED");
  CHECK(book.partstat("alice@example.com") == "NEEDS-ACTION");
  Answer nowhere = for_second();
  nowhere.instance->instant = at("20270112T100000Z");
  check_error(answered(book, nowhere), Errc::NotFound);
}

TEST_CASE("an answer to all reaches a moved occurrence that counts on its own")
{
  Book book = invited(weekly());
  Event moved = meeting(3, 2);
  moved.recurrence_id = ":20270111T100000Z";
  moved.start = ":20270111T120000Z";
  moved.end = ":20270111T130000Z";
  book.apply(message("REQUEST", {moved}));
  const AnswerPlan p = good(book, yes());
  CHECK(p.reply.components.size() == 2);
  book.carry_out(p.plan);
  CHECK(book.partstat("alice@example.com") == "ACCEPTED");
  CHECK(book.partstat("alice@example.com", "20270111T100000Z") == "ACCEPTED");
}

TEST_CASE("an invitation that is not stored can be answered; the answer waits for it")
{
  Book book;
  const Message m = message("REQUEST", {meeting()});
  const AnswerPlan p = good(book, yes(), &m);
  CHECK_FALSE(p.plan.octets);
  CHECK(p.plan.facts_changed);
  book.carry_out(p.plan);
  book.apply(m);
  CHECK(book.partstat("alice@example.com") == "ACCEPTED");
}

TEST_CASE("a message about one occurrence is answered for that occurrence")
{
  Book book = invited(weekly());
  Event one = meeting(1, 2);
  one.recurrence_id = ":20270111T100000Z";
  one.start = ":20270111T120000Z";
  one.end = ":20270111T130000Z";
  const Message m = message("REQUEST", {one});
  check_error(answered(book, yes(), &m), Errc::Refused);  // newer than the calendar
  book.apply(m);
  const AnswerPlan p = good(book, yes(), &m);
  CHECK(p.reply.components.size() == 1);
  CHECK(event_in(p).text("RECURRENCE-ID") == "20270111T100000Z");
}

TEST_CASE("no answer where none makes sense")
{
  Event e = meeting();
  e.attendees = {"mailto:bob@example.com"};
  check_error(answered(invited(e), yes()), Errc::Refused);
  Book cancelled = invited(meeting());
  Event x = meeting(1, 2);
  x.extra = "STATUS:CANCELLED\r\n";
  cancelled.apply(message("CANCEL", {x}));
  check_error(answered(cancelled, yes()), Errc::Refused);
  Book own;
  own.who = owner("boss@example.com");
  own.apply(message("REQUEST", {meeting()}));
  check_error(answered(own, yes()), Errc::Refused);
  check_error(answered(invited(meeting()), yes(PartStat::NeedsAction)), Errc::Refused);
  check_error(answered(invited(meeting()), yes(PartStat::Delegated)), Errc::BadValue);  // to whom?
  check_error(answered(Book{}, yes()), Errc::Refused);
}

TEST_CASE("a message from another organizer is not answered with this calendar's event")
{
  const Book book = invited(meeting());
  Event theirs = meeting();
  theirs.organizer = "mailto:mallory@example.net";
  const Message m = message("REQUEST", {theirs});
  check_error(answered(book, yes(), &m), Errc::Refused);
}

TEST_CASE("a person goes before a group, and --as before both")
{
  Book book;
  book.who.addresses.push_back(address("al@example.org"));
  book.who.groups.push_back(address("team@example.com"));
  Event e = meeting();
  e.attendees = {"CUTYPE=GROUP:mailto:team@example.com", "mailto:al@example.org",
                 "mailto:alice@example.com"};
  book.apply(message("REQUEST", {e}));
  CHECK(good(book, yes()).from.mailbox() == "al@example.org");
  Answer as = yes();
  as.as = address("alice@example.com");
  CHECK(good(book, as).from.mailbox() == "alice@example.com");
}

TEST_CASE("invited through a group the owner answers for herself, as its member")
{
  Book book;
  book.who.groups.push_back(address("team@example.com"));
  Event e = meeting();
  e.attendees = {"CUTYPE=GROUP:mailto:team@example.com"};
  book.apply(message("REQUEST", {e}));
  const AnswerPlan p = good(book, yes());
  CHECK(p.from.mailbox() == "alice@example.com");
  CHECK(*event_in(p).find("ATTENDEE")->parameter("MEMBER") == "mailto:team@example.com");
  book.carry_out(p.plan);
  CHECK(book.partstat("alice@example.com") == "ACCEPTED");
}

TEST_CASE("the zone of the event goes with the reply")
{
  Event e = meeting();
  e.start = ";TZID=Europe/Berlin:20270104T100000";
  e.end = ";TZID=Europe/Berlin:20270104T110000";
  const AnswerPlan p = good(invited(e), yes());
  REQUIRE(p.reply.components.size() == 2);
  CHECK(p.reply.components[0].name == "VTIMEZONE");
}

}  // namespace imip::itip::test
