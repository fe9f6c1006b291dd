// ADD (RFC 5546 section 3.2.4): instances more, as if by RDATE, whatever the order of arrival.
#include <catch2/catch.hpp>

#include "itip/detail/test_series.hpp"

namespace imip::itip::test {

namespace {

/// One more on Wednesday, 13 January, at nine.
Event extra(int sequence, int day, std::string_view summary = "One more")
{
  Event e = rev(sequence, day);
  e.start = ":20270113T090000Z";
  e.end = ":20270113T100000Z";
  e.summary = std::string(summary);
  return e;
}

const std::string added = "20270113T090000Z";

bool offers(const Plan& p, Offer::Kind kind)
{
  for (const Offer& o : p.offers) {
    if (o.kind != kind) continue;
    CHECK_FALSE(o.reason.text.empty());
    return true;
  }
  return false;
}

}  // namespace

TEST_CASE("an ADD adds an occurrence beside the rule")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  const Plan p = book.apply(message("ADD", {extra(1, 2)}));
  CHECK(p.outcome == Outcome::Updated);
  CHECK(book.text("RDATE") == added);
  CHECK(book.text("SUMMARY", added) == "One more");
  CHECK(book.text("SUMMARY") == "Weekly");
  CHECK(p.offers.empty());
  CHECK(book.plan(message("ADD", {extra(1, 2)}), speaker()).outcome == Outcome::Duplicate);
}

TEST_CASE("an ADD asks for an answer to what it adds, where answers are wanted")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  Event e = extra(1, 2);
  e.attendees = {"RSVP=TRUE:mailto:alice@example.com"};
  const Plan p = book.apply(message("ADD", {e}));
  REQUIRE(offers(p, Offer::Kind::Reply));
  CHECK(p.offers.front().scope == cat("instance:", added));
}

TEST_CASE(
    "an ADD that comes before its event is held, asks for the rest, and shows when that comes")
{
  Book late;
  const Plan held = late.apply(message("ADD", {extra(1, 2)}));
  CHECK(held.outcome == Outcome::Held);
  CHECK_FALSE(late.stored);
  REQUIRE(offers(held, Offer::Kind::Refresh));
  const Offer& refresh = held.offers.front();
  CHECK(refresh.to.front().mailbox() == "boss@example.com");
  REQUIRE(refresh.object);
  const Reading r = reading(ical::serialise(*refresh.object), "REFRESH");
  REQUIRE(r.message);
  CHECK(r.notices.empty());
  CHECK(r.message->components.front().attendees.front().address.mailbox() == "alice@example.com");
  late.apply(message("REQUEST", {series(0, 1)}));
  Book early;
  early.apply(message("REQUEST", {series(0, 1)}));
  early.apply(message("ADD", {extra(1, 2)}));
  REQUIRE(late.stored);
  CHECK(late.stored->octets == early.stored->octets);
  CHECK(late.facts == early.facts);
}

TEST_CASE("an ADD with a gap before it is shown and asks for the rest")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  const Plan p = book.apply(message("ADD", {extra(3, 2)}));
  CHECK(p.outcome == Outcome::Updated);
  CHECK(has_code(p.reasons, Code::SequenceGap));
  CHECK(offers(p, Offer::Kind::Refresh));
  CHECK(book.text("SUMMARY", added) == "One more");
}

TEST_CASE("what was added can be changed and cancelled by its RECURRENCE-ID, in any order")
{
  Event changed = extra(1, 3, "Changed");
  changed.recurrence_id = cat(":", added);
  Book a;
  a.apply(message("REQUEST", {series(0, 1)}));
  a.apply(message("ADD", {extra(1, 2)}));
  a.apply(message("REQUEST", {changed}));
  CHECK(a.text("SUMMARY", added) == "Changed");
  CHECK(a.text("RDATE") == added);
  Book b;
  b.apply(message("REQUEST", {series(0, 1)}));
  const Plan early = b.apply(message("REQUEST", {changed}));
  CHECK(early.outcome == Outcome::Held);
  CHECK(offers(early, Offer::Kind::Refresh));
  b.apply(message("ADD", {extra(1, 2)}));
  CHECK(a.stored->octets == b.stored->octets);
  Event gone = cancelled(extra(2, 4));
  gone.recurrence_id = cat(":", added);
  CHECK(a.apply(message("CANCEL", {gone})).outcome == Outcome::Cancelled);
  CHECK(a.text("STATUS", added) == "CANCELLED");
}

TEST_CASE("what was added and cancelled leaves no trace where cancelled ones are removed")
{
  Book book;
  book.options.remove_cancelled = true;
  book.apply(message("REQUEST", {series(0, 1)}));
  book.apply(message("ADD", {extra(1, 2)}));
  Event gone = cancelled(extra(2, 4));
  gone.recurrence_id = cat(":", added);
  book.apply(message("CANCEL", {gone}));
  CHECK(book.component(added) == nullptr);
  CHECK(book.text("RDATE").empty());
  CHECK(book.text("EXDATE").empty());
}

TEST_CASE("a later REQUEST for the series ends what was added, unless it has it too")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  book.apply(message("ADD", {extra(1, 2)}));
  book.apply(message("REQUEST", {series(2, 3)}));
  CHECK(book.component(added) == nullptr);
  CHECK(book.text("RDATE").empty());
  Event with = series(3, 4);
  with.extra += cat("RDATE:", added, "\r\n");
  book.apply(message("REQUEST", {with}));
  CHECK(book.text("RDATE") == added);
}

TEST_CASE("an ADD without attendees has those of the series; its own list counts")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  Event e = extra(1, 2);
  e.attendees.clear();
  book.apply(message("ADD", {e}));
  CHECK(book.partstat("bob@example.com", added) == "NEEDS-ACTION");
  Event own = extra(2, 3);
  own.start = ":20270114T090000Z";
  own.end = ":20270114T100000Z";
  own.attendees = {"mailto:alice@example.com"};
  book.apply(message("ADD", {own}));
  CHECK(book.partstat("bob@example.com", "20270114T090000Z") == "-");
}

TEST_CASE("an answer to the series is none to what is added later")
{
  Book book = organizing();
  book.apply(message("REQUEST", {series(0, 1)}));
  book.apply(message("REPLY", {reply(series(0, 2))}), attendee("bob@example.com"));
  CHECK(book.apply(message("ADD", {extra(1, 3)})).outcome == Outcome::Own);
  CHECK(book.partstat("bob@example.com") == "ACCEPTED");
  CHECK(book.partstat("bob@example.com", added) == "NEEDS-ACTION");
  Event answer = reply(extra(1, 4));
  answer.recurrence_id = cat(":", added);
  book.apply(message("REPLY", {answer}), attendee("bob@example.com"));
  CHECK(book.partstat("bob@example.com", added) == "ACCEPTED");
}

TEST_CASE("an ADD is named by its own start, whatever RECURRENCE-ID says")
{
  Event e = extra(1, 2);
  e.recurrence_id = ":20270111T100000Z";
  const Reading r = reading(calendar_text("ADD", {e}), "ADD");
  REQUIRE(r.message);
  CHECK(has_code(r.notices, Code::Tolerated));
  CHECK(r.message->components.front().scope.key() == cat("instance:", added));
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  book.apply(*r.message);
  CHECK(book.component("20270111T100000Z") == nullptr);
  CHECK(book.text("SUMMARY", added) == "One more");
}

TEST_CASE("an ADD in another zone than its series is one of its occurrences")
{
  Book book;
  Event weekly = series(0, 1);
  weekly.start = ";TZID=Europe/Berlin:20270104T110000";
  weekly.end = ";TZID=Europe/Berlin:20270104T120000";
  book.apply(message("REQUEST", {weekly}));
  book.apply(message("ADD", {extra(1, 2)}));
  CHECK(book.text("RDATE") == "20270113T100000");
  CHECK(book.text("SUMMARY", added) == "One more");
}

TEST_CASE("an ADD may hold several, and two of one start are refused")
{
  Event other = extra(1, 2, "Another");
  other.start = ":20270114T090000Z";
  other.end = ":20270114T100000Z";
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  book.apply(message("ADD", {extra(1, 2), other}));
  CHECK(book.text("SUMMARY", added) == "One more");
  CHECK(book.text("SUMMARY", "20270114T090000Z") == "Another");
  const Reading twice = reading(calendar_text("ADD", {extra(1, 2), extra(1, 3)}), "ADD");
  CHECK(has_code(twice.refusals, Code::MixedComponents));
}

TEST_CASE("an ADD speaks to the owner if the stored event lists her")
{
  const auto asks = [](const Book& book, const Message& m) {
    for (const Objection& o : authorize(m, book.file(), book.facts, book.who, {}, now())) {
      if (o.reason.code == Code::NotAddressed) return true;
    }
    return false;
  };
  Event e = extra(1, 2);
  e.attendees.clear();
  Book book;
  CHECK_FALSE(asks(book, message("ADD", {e})));  // it waits for what tells
  book.apply(message("REQUEST", {series(0, 1)}));
  CHECK_FALSE(asks(book, message("ADD", {e})));
  book.who = owner("carol@example.com");
  CHECK(asks(book, message("ADD", {e})));
  CHECK(asks(book, message("ADD", {extra(1, 2)})));
}

}  // namespace imip::itip::test
