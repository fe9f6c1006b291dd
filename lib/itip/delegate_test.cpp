// What an attendee says besides yes and no: delegation, proposals, questions, and answers to a part of a series; and
// what the organizer's and the delegate's calendars make of it.
#include <catch2/catch.hpp>

#include "itip/detail/test_series.hpp"

namespace imip::itip::test {

namespace {

Answer saying(PartStat partstat)
{
  Answer a;
  a.partstat = partstat;
  return a;
}

Answer delegating(std::string to = "carol@example.com")
{
  Answer a = saying(PartStat::Delegated);
  a.delegate = std::move(to);
  return a;
}

Answer asking(Method method)
{
  Answer a;
  a.method = method;
  return a;
}

Answer proposing(std::string start)
{
  Answer a = asking(Method::Counter);
  a.proposal.start = std::move(start);
  return a;
}

ical::Time time_at(std::string_view text)
{
  return {ical::TimeKind::Utc, std::string(text.substr(0, 15)), "", at(text)};
}

Answer from(Answer a, std::string_view first)
{
  a.instance = time_at(first);
  a.this_and_future = true;
  return a;
}

Result<AnswerPlan> answered(const Book& book, const Answer& a, UtcSeconds when = now())
{
  return plan_answer(nullptr, book.file(), book.facts, book.who, a, book.options, when);
}

AnswerPlan good(const Book& book, const Answer& a, UtcSeconds when = now())
{
  auto p = answered(book, a, when);
  if (!p) FAIL(p.error().what);
  return *std::move(p);
}

Message sent(const ical::Component& calendar)
{
  return message_of(ical::serialise(calendar), calendar.text("METHOD"));
}

/// Bob's, who is invited; the organizer's has the same.
Book bobs(const Event& e)
{
  Book book;
  book.who = owner("bob@example.com");
  book.apply(message("REQUEST", {e}));
  REQUIRE(book.stored);
  return book;
}

Book bosses(const Event& e)
{
  Book book = organizing();
  book.apply(message("REQUEST", {e}));
  return book;
}

const ical::Property* attendee_of(const ical::Component& c, std::string_view who)
{
  for (const ical::Property* p : c.all("ATTENDEE"))
    if (p->value == cat("mailto:", who)) return p;
  return nullptr;
}

void check_error(const Result<AnswerPlan>& r, Errc code)
{
  REQUIRE_FALSE(r);
  CHECK(r.error().code == code);
  CHECK_FALSE(r.error().what.empty());
}

}  // namespace

TEST_CASE("delegating makes a REPLY and a REQUEST, and all three calendars agree")
{
  Event e = rev(2, 1);
  e.attendees = {"mailto:alice@example.com", "ROLE=CHAIR;CN=Bob:mailto:bob@example.com"};
  Book bob = bobs(e);
  const AnswerPlan p = good(bob, delegating("carol@example.com;CN=Carol"));
  CHECK(p.delegate.mailbox() == "carol@example.com");
  const ical::Component& reply = p.reply.components.back();
  CHECK(reply.count("ATTENDEE") == 2);
  REQUIRE(attendee_of(reply, "bob@example.com"));
  CHECK(*attendee_of(reply, "bob@example.com")->parameter("DELEGATED-TO") == "mailto:carol@example.com");
  CHECK(*attendee_of(reply, "carol@example.com")->parameter("DELEGATED-FROM") == "mailto:bob@example.com");
  REQUIRE(p.forward);
  const ical::Component& request = p.forward->components.back();
  CHECK(request.text("SEQUENCE") == "2");
  CHECK(request.count("ATTENDEE") == 3);
  const ical::Property* carol = attendee_of(request, "carol@example.com");
  REQUIRE(carol);
  CHECK(*carol->parameter("PARTSTAT") == "NEEDS-ACTION");
  CHECK(*carol->parameter("RSVP") == "TRUE");
  CHECK(*carol->parameter("ROLE") == "CHAIR");
  CHECK(*carol->parameter("CN") == "Carol");
  CHECK(*attendee_of(request, "bob@example.com")->parameter("PARTSTAT") == "DELEGATED");
  CHECK(ical::serialise(*p.forward).find("X-IMIP") == std::string::npos);
  bob.carry_out(p.plan);
  CHECK(bob.partstat("bob@example.com") == "DELEGATED");
  CHECK(bob.partstat("carol@example.com") == "NEEDS-ACTION");

  Book carols;
  carols.who = owner("carol@example.com");
  const Message forwarded = sent(*p.forward);
  CHECK(authorize(forwarded, nullptr, {}, carols.who, {}, now()).empty());
  CHECK(carols.apply(forwarded, speaker("bob@example.com", Speaker::Class::Delegator)).outcome ==
        Outcome::Added);
  const AnswerPlan yes = good(carols, saying(PartStat::Accepted), now() + std::chrono::hours(1));
  CHECK(yes.to.mailbox() == "boss@example.com");
  CHECK(*yes.reply.components.back().find("ATTENDEE")->parameter("DELEGATED-FROM") ==
        "mailto:bob@example.com");

  Book one = bosses(e);
  Book other = one;
  one.apply(sent(p.reply), attendee("bob@example.com"));
  one.apply(sent(yes.reply), attendee("carol@example.com"));
  other.apply(sent(yes.reply), attendee("carol@example.com"));
  other.apply(sent(p.reply), attendee("bob@example.com"));
  CHECK(one.stored->octets == other.stored->octets);
  CHECK(one.partstat("carol@example.com") == "ACCEPTED");
  CHECK(one.partstat("bob@example.com") == "DELEGATED");
}

TEST_CASE("the same delegation again is the same two messages; taking part oneself ends it")
{
  Book book = bobs(rev(0, 1));
  const AnswerPlan first = good(book, delegating());
  CHECK_FALSE(first.repeated);
  book.carry_out(first.plan);
  const AnswerPlan again = good(book, delegating(), now() + std::chrono::hours(3));
  CHECK(again.repeated);
  CHECK(again.reply == first.reply);
  CHECK(again.forward == first.forward);
  CHECK_FALSE(again.plan.octets);
  const AnswerPlan other = good(book, delegating("dave@example.com"));
  CHECK_FALSE(other.repeated);
  book.carry_out(other.plan);
  CHECK(book.partstat("carol@example.com") == "-");
  CHECK(book.partstat("dave@example.com") == "NEEDS-ACTION");
  book.carry_out(good(book, saying(PartStat::Accepted)).plan);
  CHECK(book.partstat("dave@example.com") == "-");
}

TEST_CASE("nobody who takes part already, and nobody who cannot, is a delegate")
{
  const Book book = bobs(rev(0, 1));
  check_error(answered(book, delegating("alice@example.com")), Errc::Refused);
  check_error(answered(book, delegating("boss@example.com")), Errc::Refused);
  check_error(answered(book, delegating("BOB@example.com")), Errc::BadValue);
  check_error(answered(book, delegating("")), Errc::BadValue);
  check_error(answered(book, delegating("nobody")), Errc::BadValue);
  for (const char* parameter : {"PARTSTAT=ACCEPTED", "DELEGATED-FROM=x@example.com", "SENT-BY=x@example.com"})
    check_error(answered(book, delegating(cat("carol@example.com;", parameter))), Errc::BadValue);
}

TEST_CASE("a delegate can delegate on, and not back")
{
  Book carols;
  carols.who = owner("carol@example.com");
  carols.apply(sent(*good(bobs(rev(0, 1)), delegating()).forward),
               speaker("bob@example.com", Speaker::Class::Delegator));
  check_error(answered(carols, delegating("bob@example.com")), Errc::Refused);
  const AnswerPlan p = good(carols, delegating("dave@example.com"));
  const ical::Property* own = attendee_of(p.reply.components.back(), "carol@example.com");
  REQUIRE(own);
  CHECK(*own->parameter("DELEGATED-FROM") == "mailto:bob@example.com");
  CHECK(*own->parameter("DELEGATED-TO") == "mailto:dave@example.com");
  CHECK(attendee_of(p.forward->components.back(), "bob@example.com"));
}

TEST_CASE("a delegate for one occurrence learns of that one alone")
{
  Book book = bobs(series(0, 1));
  Answer a = delegating();
  a.instance = time_at(id);
  const AnswerPlan p = good(book, a);
  REQUIRE(p.forward->components.size() == 1);
  CHECK(p.forward->components.front().text("RECURRENCE-ID") == id);
  CHECK_FALSE(p.forward->components.front().find("RRULE"));
  CHECK(attendee_of(p.forward->components.front(), "carol@example.com"));
  book.carry_out(p.plan);
  CHECK(book.partstat("bob@example.com") == "NEEDS-ACTION");
  CHECK(book.partstat("bob@example.com", id) == "DELEGATED");
  CHECK(book.partstat("carol@example.com", id) == "NEEDS-ACTION");
}

TEST_CASE("a delegate is not told of an occurrence from which the delegator is absent")
{
  Event e = series(1, 1);
  Event without = second(1, 1, "Without Bob");
  without.attendees = {"mailto:alice@example.com"};
  Book book;
  book.who = owner("bob@example.com");
  book.apply(message("REQUEST", {e, without}));
  const std::string text = ical::serialise(*good(book, delegating()).forward);
  CHECK(text.find("Without Bob") == std::string::npos);
  CHECK(text.find(cat("EXDATE:", id)) != std::string::npos);
}

TEST_CASE("an answer to one occurrence and all later ones")
{
  Book book = bobs(series(0, 1));
  const AnswerPlan p = good(book, from(saying(PartStat::Declined), id));
  const ical::Component& reply = p.reply.components.back();
  CHECK(reply.text("RECURRENCE-ID") == id);
  CHECK(*reply.find("RECURRENCE-ID")->parameter("RANGE") == "THISANDFUTURE");
  CHECK(reply.text("DTSTART") == id);
  book.carry_out(p.plan);
  CHECK(book.partstat("bob@example.com") == "NEEDS-ACTION");
  CHECK(book.partstat("bob@example.com", id) == "DECLINED");
  CHECK(good(book, from(saying(PartStat::Declined), id), now() + std::chrono::hours(1)).reply == p.reply);
  // A later word for one of them goes before it, whatever the organizer gets first.
  Answer one = saying(PartStat::Accepted);
  one.instance = time_at("20270118T100000Z");
  const AnswerPlan q = good(book, one);
  book.carry_out(q.plan);
  CHECK(book.partstat("bob@example.com", "20270118T100000Z") == "ACCEPTED");
  Book a = bosses(series(0, 1));
  Book b = a;
  a.apply(sent(p.reply), attendee("bob@example.com"));
  a.apply(sent(q.reply), attendee("bob@example.com"));
  b.apply(sent(q.reply), attendee("bob@example.com"));
  b.apply(sent(p.reply), attendee("bob@example.com"));
  CHECK(a.stored->octets == b.stored->octets);
  CHECK(a.partstat("bob@example.com", id) == "DECLINED");
  CHECK(a.partstat("bob@example.com", "20270118T100000Z") == "ACCEPTED");
  check_error(answered(book, from(saying(PartStat::Declined), "20270112T100000Z")), Errc::NotFound);
}

TEST_CASE("an answer to a series reaches a range that counts on its own")
{
  Book book = bobs(series(0, 1));
  Event later = range(rev(3, 2));
  later.start = ":20270118T150000Z";
  later.end = ":20270118T160000Z";
  const Message m = message("REQUEST", {later});
  book.apply(m);
  const AnswerPlan p = good(book, saying(PartStat::Accepted));
  REQUIRE(p.reply.components.size() == 2);
  CHECK(*p.reply.components.back().find("RECURRENCE-ID")->parameter("RANGE") == "THISANDFUTURE");
  CHECK(p.reply.components.back().text("SEQUENCE") == "3");
  book.carry_out(p.plan);
  CHECK(book.partstat("bob@example.com", "20270118T100000Z") == "ACCEPTED");
  // A message about a range alone is answered for that range.
  const auto just = plan_answer(&m, book.file(), book.facts, book.who, saying(PartStat::Declined),
                                book.options, now());
  REQUIRE(just);
  CHECK(just->reply.components.size() == 1);
  CHECK(just->reply.components.back().text("RECURRENCE-ID") == "20270118T100000Z");
}

TEST_CASE("an answer with --exact is one to the revision that the message has")
{
  Book book = bobs(rev(0, 1));
  const Message old = message("REQUEST", {rev(0, 1)});
  Event moved = rev(1, 2);
  moved.start = ":20270105T100000Z";
  moved.end = ":20270105T110000Z";
  book.apply(message("REQUEST", {moved}));
  Answer a = saying(PartStat::Accepted);
  a.exact = true;
  const auto exactly = [&](UtcSeconds when) {
    return plan_answer(&old, book.file(), book.facts, book.who, a, book.options, when);
  };
  const auto p = exactly(now());
  REQUIRE(p);
  CHECK(p->reply.components.back().text("SEQUENCE") == "0");
  CHECK(p->reply.components.back().text("DTSTART") == "20270104T100000Z");
  book.carry_out(p->plan);
  CHECK(book.partstat("bob@example.com") == "NEEDS-ACTION");  // another time, and not accepted
  const auto again = exactly(now() + std::chrono::hours(1));
  REQUIRE(again);
  CHECK(again->repeated);
  CHECK(again->reply == p->reply);
}

TEST_CASE("a COUNTER proposes, and leaves the event and the answer as they are")
{
  Event e = rev(3, 1);
  e.extra = "LOCATION:Room 1\r\nX-THEIRS:1\r\n";
  Book book = bobs(e);
  book.carry_out(good(book, saying(PartStat::Tentative)).plan);
  Answer a = proposing("2027-01-04T12:00:00Z");
  a.proposal.location = "Room 2";
  a.comment = "after lunch";
  const AnswerPlan p = good(book, a);
  const ical::Component& c = p.reply.components.back();
  CHECK(p.reply.text("METHOD") == "COUNTER");
  CHECK(c.text("SEQUENCE") == "3");
  CHECK(c.text("DTSTART") == "20270104T120000Z");
  CHECK(c.text("DTEND") == "20270104T130000Z");
  CHECK(c.text("LOCATION") == "Room 2");
  CHECK(c.text("X-THEIRS") == "1");
  CHECK(c.text("COMMENT") == "after lunch");
  CHECK(c.count("ATTENDEE") == 1);
  CHECK_FALSE(p.plan.octets);
  CHECK(p.plan.changes.empty());
  CHECK(p.plan.proposal.size() >= 2);
  book.carry_out(p.plan);
  CHECK(book.partstat("bob@example.com") == "TENTATIVE");
  const AnswerPlan again = good(book, a, now() + std::chrono::hours(2));
  CHECK(again.repeated);
  CHECK(again.reply == p.reply);
  Answer other = a;
  other.proposal.location = "Room 3";
  CHECK(good(book, other).reply.components.back().text("DTSTAMP") > c.text("DTSTAMP"));

  Book boss = bosses(e);
  const Plan there = boss.plan(sent(p.reply), attendee("bob@example.com"));
  CHECK(there.outcome == Outcome::Ask);
  CHECK(there.proposal.size() >= 2);
}

TEST_CASE("a COUNTER that is none, or that the organizer does not want, is refused")
{
  const Book book = bobs(rev(0, 1));
  check_error(answered(book, asking(Method::Counter)), Errc::BadValue);
  check_error(answered(book, proposing("2027-01-04T10:00:00Z")), Errc::BadValue);
  Answer wrong = asking(Method::Counter);
  wrong.proposal.end = "2027-01-04T09:00:00Z";
  check_error(answered(book, wrong), Errc::BadValue);
  Event closed = rev(0, 1);
  closed.extra = "X-MICROSOFT-DISALLOW-COUNTER:TRUE\r\n";
  check_error(answered(bobs(closed), proposing("2027-01-04T12:00:00Z")), Errc::Refused);
}

TEST_CASE("a COUNTER of a range is one at the organizer's too")
{
  const AnswerPlan p =
      good(bobs(series(0, 1)), from(proposing("2027-01-11T12:00:00Z"), id));
  const Plan there = bosses(series(0, 1)).plan(sent(p.reply), attendee("bob@example.com"));
  CHECK(there.outcome == Outcome::Ask);
  REQUIRE_FALSE(there.offers.empty());
  CHECK(there.offers.front().kind == Offer::Kind::Request);
  const ical::Component& offered = there.offers.front().object->components.back();
  REQUIRE(offered.find("RECURRENCE-ID"));
  REQUIRE(offered.find("RECURRENCE-ID")->parameter("RANGE"));
  CHECK(offered.text("DTSTART") == "20270111T120000Z");
}

TEST_CASE("a REFRESH asks and changes nothing")
{
  Book book = bobs(series(0, 1));
  Answer a = asking(Method::Refresh);
  const AnswerPlan p = good(book, a);
  const ical::Component& c = p.reply.components.back();
  CHECK(p.reply.text("METHOD") == "REFRESH");
  CHECK(c.text("ORGANIZER") == "mailto:boss@example.com");
  CHECK(c.text("ATTENDEE") == "mailto:bob@example.com");
  CHECK_FALSE(c.find("SUMMARY"));
  CHECK_FALSE(p.plan.octets);
  const Plan there = bosses(series(0, 1)).plan(sent(p.reply), attendee("bob@example.com"));
  REQUIRE(there.offers.size() == 1);
  CHECK(there.offers.front().kind == Offer::Kind::Request);
  // Asked again: at the same time it is the same, later it is not, so that no server takes it for a copy.
  book.carry_out(p.plan);
  const AnswerPlan at_once = good(book, a);
  CHECK(at_once.repeated);
  CHECK(at_once.reply == p.reply);
  const UtcSeconds then = now() + std::chrono::hours(1);
  const AnswerPlan later = good(book, a, then);
  CHECK(later.repeated);
  CHECK(later.reply.components.back().text("DTSTAMP") == to_ical_utc(then));
  a.instance = time_at(id);
  CHECK(good(book, a).reply.components.back().text("RECURRENCE-ID") == id);
  // Of an event that is not known, from a message about it.
  Book empty;
  empty.who = owner("bob@example.com");
  const Message cancel = message("CANCEL", {cancelled(rev(1, 2))});
  const auto q = plan_answer(&cancel, nullptr, {}, empty.who, asking(Method::Refresh), {}, now());
  REQUIRE(q);
  CHECK(q->to.mailbox() == "boss@example.com");
  CHECK_FALSE(q->plan.facts_changed);
  check_error(answered(bosses(rev(0, 1)), asking(Method::Refresh)), Errc::Refused);
}

TEST_CASE("a task that is delegated has the PRIORITY that RFC 5546 section 3.4.2 asks for")
{
  Event task = rev(0, 1);
  task.kind = "VTODO";
  Answer a = saying(PartStat::Delegated);
  a.delegate = "emil@example.com";
  const AnswerPlan p = good(bobs(task), a);
  REQUIRE(p.forward);
  CHECK(p.forward->components.back().text("PRIORITY") == "0");
}

TEST_CASE("how far a task is goes with its answer")
{
  Event task = rev(0, 1);
  task.kind = "VTODO";
  task.attendees = {"mailto:bob@example.com"};
  Book book = bobs(task);
  Answer a = saying(PartStat::Accepted);
  a.percent_complete = 40;
  AnswerPlan p = good(book, a);
  CHECK(*p.reply.components.back().find("ATTENDEE")->parameter("PARTSTAT") == "IN-PROCESS");
  CHECK(p.reply.components.back().text("PERCENT-COMPLETE") == "40");
  book.carry_out(p.plan);
  CHECK(book.text("PERCENT-COMPLETE") == "40");
  CHECK(book.text("STATUS") == "IN-PROCESS");
  a.percent_complete.reset();
  a.completed = at("20270107T163000Z");
  p = good(book, a);
  book.carry_out(p.plan);
  CHECK(book.text("STATUS") == "COMPLETED");
  Book boss = bosses(task);
  boss.apply(sent(p.reply), attendee("bob@example.com"));
  CHECK(boss.text("COMPLETED") == "20270107T163000Z");
  CHECK(boss.partstat("bob@example.com") == "COMPLETED");
  a.percent_complete = 40;
  check_error(answered(book, a), Errc::BadValue);
  a = saying(PartStat::Declined);
  a.percent_complete = 40;
  check_error(answered(book, a), Errc::BadValue);
  a = saying(PartStat::Accepted);
  a.percent_complete = 40;
  check_error(answered(bobs(rev(0, 1)), a), Errc::BadValue);
}

}  // namespace imip::itip::test
