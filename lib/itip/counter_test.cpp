// The methods that change nothing: COUNTER, DECLINECOUNTER, REFRESH (RFC 5546 sections 3.2.6 to
// 3.2.8). What they give rise to are offers.
#include <catch2/catch.hpp>

#include "itip/detail/test_series.hpp"

namespace imip::itip::test {

namespace {

const Offer* offer(const Plan& p, Offer::Kind kind)
{
  for (const Offer& o : p.offers) {
    if (o.kind != kind) continue;
    CHECK_FALSE(o.reason.text.empty());
    return &o;
  }
  return nullptr;
}

/// The offered object must be a message that imip itself reads without a word.
Message offered(const Offer& o, std::string_view method)
{
  REQUIRE(o.object);
  const std::string text = ical::serialise(*o.object);
  INFO(text);
  const Reading r = reading(text, method);
  for (const Reason& x : r.refusals) UNSCOPED_INFO(x.text);
  for (const Reason& x : r.notices) UNSCOPED_INFO(x.text);
  REQUIRE(r.message);
  CHECK(r.notices.empty());
  CHECK(text.find("X-IMIP") == std::string::npos);
  CHECK(r.message->components.front().revision.dtstamp == now());
  return *r.message;
}

const Change* proposed(const Plan& p, std::string_view property)
{
  for (const Change& c : p.proposal) {
    if (c.property == property) return &c;
  }
  return nullptr;
}

Event noon(Event e)
{
  e.start = ":20270104T120000Z";
  e.end = ":20270104T130000Z";
  return e;
}

Book with_meeting(Event e = rev(0, 1))
{
  Book book = organizing();
  e.extra +=
      "X-SECRET:mine\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT5M\r\n"
      "END:VALARM\r\n";
  book.stored = stored_object(calendar_text("", {e}));
  return book;
}

void check_untouched(const Plan& p)
{
  CHECK_FALSE(p.octets);
  CHECK_FALSE(p.remove);
  CHECK_FALSE(p.facts_changed);
  CHECK(p.changes.empty());
}

Speaker bob()
{
  return attendee("bob@example.com");
}

}  // namespace

TEST_CASE("a COUNTER changes nothing and shows what it would change")
{
  const Book book = with_meeting();
  Event e = noon(rev(0, 2));
  e.extra = "COMMENT:after lunch\\, please\r\nLOCATION:Canteen\r\n";
  const Plan p = book.plan(message("COUNTER", {e}), bob());
  check_untouched(p);
  CHECK(p.outcome == Outcome::Ask);
  REQUIRE(proposed(p, "DTSTART"));
  CHECK(proposed(p, "DTSTART")->action == "propose");
  CHECK(proposed(p, "DTSTART")->before == "DTSTART:20270104T100000Z");
  CHECK(proposed(p, "DTSTART")->after == "DTSTART:20270104T120000Z");
  CHECK(proposed(p, "LOCATION"));
  CHECK_FALSE(proposed(p, "ATTENDEE"));
  CHECK_FALSE(proposed(p, "X-SECRET"));
  REQUIRE(has_code(p.reasons, Code::Counter));
  CHECK(p.reasons.front().text.find("after lunch, please") != std::string::npos);
}

TEST_CASE("accepting a COUNTER is a REQUEST to everybody with the next SEQUENCE")
{
  const Book book = with_meeting(rev(4, 1));
  const Plan p = book.plan(message("COUNTER", {noon(rev(4, 2))}), bob());
  const Offer* accept = offer(p, Offer::Kind::Request);
  REQUIRE(accept);
  CHECK(accept->to.size() == 2);
  const Message m = offered(*accept, "REQUEST");
  CHECK(m.components.front().revision.sequence == 5);
  CHECK(m.components.front().component->text("DTSTART") == "20270104T120000Z");
  CHECK(m.components.front().component->text("SUMMARY") == "Planning");
  CHECK(ical::serialise(*accept->object).find("SECRET") == std::string::npos);
  CHECK(ical::serialise(*accept->object).find("VALARM") == std::string::npos);
  Book mine = book;
  CHECK(mine.apply(m).outcome == Outcome::Own);
  CHECK(mine.text("DTSTART") == "20270104T120000Z");
  CHECK(mine.text("X-SECRET") == "mine");
}

TEST_CASE("a COUNTER to an event that nobody else is invited to offers no REQUEST")
{
  Book book = with_meeting(rev(0, 1));
  Event alone = rev(1, 2);
  alone.attendees = {"mailto:boss@example.com"};
  book.apply(message("REQUEST", {alone}));
  const Plan p = book.plan(message("COUNTER", {noon(rev(1, 3))}), bob());
  CHECK(p.outcome == Outcome::Ask);
  CHECK_FALSE(offer(p, Offer::Kind::Request));
  CHECK(offer(p, Offer::Kind::DeclineCounter));
}

TEST_CASE("declining a COUNTER tells the one who proposed")
{
  const Book book = with_meeting();
  const Plan p = book.plan(message("COUNTER", {noon(rev(0, 2))}), bob());
  const Offer* decline = offer(p, Offer::Kind::DeclineCounter);
  REQUIRE(decline);
  REQUIRE(decline->to.size() == 1);
  CHECK(decline->to.front().mailbox() == "bob@example.com");
  const Message m = offered(*decline, "DECLINECOUNTER");
  CHECK(m.components.front().revision.sequence == 0);
  Book bobs;
  bobs.who = owner("bob@example.com");
  bobs.apply(message("REQUEST", {rev(0, 1)}));
  const Plan told = bobs.plan(m, speaker());
  check_untouched(told);
  CHECK(told.outcome == Outcome::Ignored);
  CHECK(has_code(told.reasons, Code::CounterDeclined));
  CHECK(authorize(m, bobs.file(), bobs.facts, bobs.who, {}, now()).empty());
}

TEST_CASE("a COUNTER about another revision than the current one is stale")
{
  const Book book = with_meeting(rev(2, 1));
  for (const int sequence : {0, 1, 3}) {
    const Plan p = book.plan(message("COUNTER", {noon(rev(sequence, 2))}), bob());
    check_untouched(p);
    CHECK(p.outcome == Outcome::Obsolete);
    CHECK(has_code(p.reasons, Code::CounterOutdated));
    CHECK_FALSE(offer(p, Offer::Kind::Request));
    CHECK(offer(p, Offer::Kind::DeclineCounter));
  }
}

TEST_CASE("an organizer who wants no proposals can only decline them")
{
  Event e = rev(0, 1);
  e.extra = "X-MICROSOFT-DISALLOW-COUNTER:TRUE\r\n";
  const Plan p = with_meeting(e).plan(message("COUNTER", {noon(rev(0, 2))}), bob());
  CHECK(p.outcome == Outcome::Ignored);
  CHECK(has_code(p.reasons, Code::CounterDisallowed));
  CHECK_FALSE(offer(p, Offer::Kind::Request));
  CHECK(offer(p, Offer::Kind::DeclineCounter));
}

TEST_CASE("people whom a COUNTER names besides are shown and not invited")
{
  Event e = noon(rev(0, 2));
  e.attendees.push_back("mailto:mallory@example.net");
  const Plan p = with_meeting().plan(message("COUNTER", {e}), bob());
  REQUIRE(proposed(p, "ATTENDEE"));
  CHECK(proposed(p, "ATTENDEE")->after == "ATTENDEE:mailto:mallory@example.net");
  const Offer* accept = offer(p, Offer::Kind::Request);
  REQUIRE(accept);
  CHECK(ical::serialise(*accept->object).find("mallory") == std::string::npos);
  for (const CalAddress& a : accept->to) CHECK(a.mailbox() != "mallory@example.net");
}

TEST_CASE("a COUNTER of one occurrence is about that one")
{
  const Book book = with_meeting(series(0, 1));
  Event e = second(0, 2);
  const Plan p = book.plan(message("COUNTER", {e}), bob());
  CHECK(p.outcome == Outcome::Ask);
  REQUIRE(proposed(p, "DTSTART"));
  CHECK(proposed(p, "DTSTART")->before == "DTSTART:20270111T100000Z");
  const Offer* accept = offer(p, Offer::Kind::Request);
  REQUIRE(accept);
  const Message m = offered(*accept, "REQUEST");
  CHECK(m.components.front().scope.key() == "instance:20270111T100000Z");
  CHECK(m.components.front().revision.sequence == 1);
  e.recurrence_id = ":20270112T100000Z";
  CHECK(book.plan(message("COUNTER", {e}), bob()).outcome == Outcome::Obsolete);
}

TEST_CASE("a COUNTER of a series keeps the rule that it does not repeat")
{
  const Plan p = with_meeting(series(0, 1)).plan(message("COUNTER", {noon(rev(0, 2))}), bob());
  CHECK_FALSE(proposed(p, "RRULE"));
  const Offer* accept = offer(p, Offer::Kind::Request);
  REQUIRE(accept);
  CHECK(offered(*accept, "REQUEST").components.front().component->find("RRULE"));
}

TEST_CASE("a REFRESH is answered with the current state")
{
  Book book = with_meeting(series(3, 1));
  book.apply(message("REQUEST", {second(4, 2)}));
  Event ask;
  ask.sequence = -1;
  ask.start = ask.end = ask.summary = "";
  ask.attendees = {"mailto:bob@example.com"};
  const Message refresh = message("REFRESH", {ask});
  CHECK(authorize(refresh, book.file(), book.facts, book.who, {}, now()).empty());
  const Plan p = book.plan(refresh, bob());
  check_untouched(p);
  CHECK(p.outcome == Outcome::Ignored);
  CHECK(has_code(p.reasons, Code::RefreshRequested));
  const Offer* answer = offer(p, Offer::Kind::Request);
  REQUIRE(answer);
  REQUIRE(answer->to.size() == 1);
  CHECK(answer->to.front().mailbox() == "bob@example.com");
  const Message m = offered(*answer, "REQUEST");
  REQUIRE(m.components.size() == 2);
  CHECK(m.components.front().revision.sequence == 3);
  CHECK(ical::serialise(*answer->object).find("SECRET") == std::string::npos);
  Book bobs;
  bobs.who = owner("bob@example.com");
  bobs.apply(m);
  CHECK(bobs.text("SUMMARY", id) == "Moved");
}

TEST_CASE("a REFRESH after the event was cancelled is answered with the CANCEL")
{
  Book book = with_meeting();
  book.apply(message("CANCEL", {cancelled(rev(1, 2))}));
  Event ask;
  ask.attendees = {"mailto:bob@example.com"};
  const Plan p = book.plan(message("REFRESH", {ask}), bob());
  const Offer* answer = offer(p, Offer::Kind::Cancel);
  REQUIRE(answer);
  CHECK(offered(*answer, "CANCEL").components.front().revision.sequence == 1);
}

TEST_CASE("a REFRESH tells each what that one is invited to, and strangers nothing")
{
  Event with_carol = second(1, 2, "With Carol");
  with_carol.attendees.push_back("mailto:carol@example.com");
  Event without_bob = second(1, 2, "Without Bob");
  without_bob.recurrence_id = ":20270118T100000Z";
  without_bob.start = ":20270118T100000Z";
  without_bob.end = ":20270118T110000Z";
  without_bob.attendees = {"mailto:alice@example.com"};
  Book book = organizing();
  book.apply(message("REQUEST", {series(1, 2), with_carol, without_bob}));
  const auto ask = [&](const std::string& who) {
    Event e;
    e.attendees = {cat("mailto:", who)};
    return book.plan(message("REFRESH", {e}), attendee(who));
  };
  const Plan carols = ask("carol@example.com");
  REQUIRE(offer(carols, Offer::Kind::Request));
  const Message one = offered(*offer(carols, Offer::Kind::Request), "REQUEST");
  REQUIRE(one.components.size() == 1);
  CHECK(one.components.front().component->text("SUMMARY") == "With Carol");
  const Plan bobs = ask("bob@example.com");
  REQUIRE(offer(bobs, Offer::Kind::Request));
  const std::string text = ical::serialise(*offer(bobs, Offer::Kind::Request)->object);
  CHECK(text.find("Without Bob") == std::string::npos);
  CHECK(text.find("EXDATE:20270118T100000Z") != std::string::npos);
  const Plan nobody = ask("mallory@example.net");
  CHECK(nobody.offers.empty());
  Event e;
  e.attendees = {"mailto:mallory@example.net"};
  const auto objections =
      authorize(message("REFRESH", {e}), book.file(), book.facts, book.who, {}, now());
  REQUIRE(objections.size() == 1);
  CHECK(objections.front().refuses);
  CHECK(objections.front().reason.code == Code::PartyCrasher);
}

TEST_CASE("a REFRESH does not bring anybody back into what that one was taken off")
{
  const auto told = [](const Message& off) {
    Book book = organizing();
    book.apply(message("REQUEST", {series(0, 1)}));
    book.apply(off);
    Event ask;
    ask.attendees = {"mailto:bob@example.com"};
    const Plan p = book.plan(message("REFRESH", {ask}), bob());
    REQUIRE(offer(p, Offer::Kind::Request));
    return ical::serialise(*offer(p, Offer::Kind::Request)->object);
  };
  Event one = second(1, 2);
  one.attendees = {"mailto:bob@example.com"};
  CHECK(told(message("CANCEL", {one})).find("EXDATE:20270111T100000Z") != std::string::npos);
  Event rest = range(rev(1, 2));
  rest.attendees = {"mailto:bob@example.com"};
  CHECK(told(message("CANCEL", {rest})).find("UNTIL=20270118T095959Z") != std::string::npos);
  Event others = range(rev(1, 2));
  others.attendees = {"mailto:alice@example.com"};
  CHECK(told(message("REQUEST", {others})).find("UNTIL=20270118T095959Z") != std::string::npos);
}

TEST_CASE("COUNTER and REFRESH to somebody who does not organize the event are refused")
{
  Book book;
  book.apply(message("REQUEST", {{}}));
  for (const char* method : {"COUNTER", "REFRESH"}) {
    CHECK(book.plan(message(method, {{}}), bob()).outcome == Outcome::Refused);
    CHECK(organizing().plan(message(method, {{}}), bob()).outcome == Outcome::Ignored);
  }
}

TEST_CASE("an invitation that wants an answer offers one, until it is given")
{
  Event e = rev(0, 1);
  e.attendees = {"RSVP=TRUE:mailto:alice@example.com", "mailto:bob@example.com"};
  Book book;
  const Plan p = book.apply(message("REQUEST", {e}));
  const Offer* answer = offer(p, Offer::Kind::Reply);
  REQUIRE(answer);
  CHECK(answer->to.front().mailbox() == "boss@example.com");
  CHECK_FALSE(answer->object);
  Book bobs;
  bobs.who = owner("bob@example.com");
  CHECK(bobs.apply(message("REQUEST", {e})).offers.empty());
}

}  // namespace imip::itip::test
