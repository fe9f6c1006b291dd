// What messages do to a calendar, and what is said about it.
#include "itip/plan.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

#include "itip/detail/test_series.hpp"

namespace imip::itip::test {

TEST_CASE("an invitation is added, once")
{
  Book book;
  const Plan added = book.apply(message("REQUEST", {{}}));
  CHECK(added.outcome == Outcome::Added);
  CHECK(added.uid == "meeting-1@example.com");
  CHECK(added.organizer.mailbox() == "boss@example.com");
  CHECK(added.facts_changed);
  CHECK_FALSE(added.changes.empty());
  REQUIRE(book.stored);
  CHECK(book.stored->calendar.find("METHOD") == nullptr);
  CHECK(book.text("SUMMARY") == "Planning");
  CHECK(book.text("X-IMIP-RECEIVED-SEQUENCE") == "0");
  CHECK(book.text("X-IMIP-RECEIVED-DTSTAMP") == "20261101T080000Z");
  const Plan again = book.plan(message("REQUEST", {{}}), speaker());
  CHECK(again.outcome == Outcome::Duplicate);
  CHECK_FALSE(again.octets);
  CHECK_FALSE(again.facts_changed);
}

TEST_CASE("an update changes, an older message does nothing")
{
  Book book;
  book.apply(message("REQUEST", {rev(1, 2)}));
  Event newer = rev(2, 3);
  newer.summary = "New title";
  newer.end = ":20270104T123000Z";
  const Plan p = book.apply(message("REQUEST", {newer}));
  CHECK(p.outcome == Outcome::Updated);
  CHECK(book.text("SUMMARY") == "New title");
  const auto change = [&](std::string_view property) {
    return std::find_if(p.changes.begin(), p.changes.end(),
                        [&](const Change& c) { return c.property == property; });
  };
  REQUIRE(change("SUMMARY") != p.changes.end());
  CHECK(change("SUMMARY")->before == "SUMMARY:Planning");
  CHECK(change("SUMMARY")->after == "SUMMARY:New title");
  CHECK(change("SUMMARY")->action == "change");
  CHECK(change("DTEND") != p.changes.end());
  CHECK(change("LOCATION") == p.changes.end());
  const Plan old = book.plan(message("REQUEST", {rev(0, 9)}), speaker());
  CHECK(old.outcome == Outcome::Obsolete);
  CHECK(has_code(old.reasons, Code::Obsolete));
  CHECK_FALSE(old.octets);
}

TEST_CASE("changes are told by importance: when, where, what, who")
{
  Book book;
  book.apply(message("REQUEST", {rev(0, 1)}));
  Event e = rev(1, 2);
  e.start = ":20270105T100000Z";
  e.end = ":20270105T113000Z";
  e.summary = "New title";
  e.extra = "CLASS:PRIVATE\r\nLOCATION:Room 7\r\nRRULE:FREQ=DAILY;COUNT=2\r\n";
  e.attendees.push_back("mailto:dora@example.com");
  std::string told;
  for (const Change& c : book.apply(message("REQUEST", {e})).changes) told += cat(c.property, ' ');
  CHECK(told == "DTSTART DTEND RRULE LOCATION SUMMARY ATTENDEE CLASS ");
}

TEST_CASE("of a hundred thousand changes some are listed, and the others counted")
{
  Book book;
  Event e;
  for (int i = 0; i < 1'500; ++i) e.extra += cat("X-A", i, ":b\r\n");
  const Plan many = book.plan(message("REQUEST", {e}), speaker());
  CHECK(many.changes.size() == most_changes);
  CHECK(many.changes_left_out > 500);
  CHECK(many.changes_left_out < 520);
  e.extra = cat("X-B:", std::string(most_change_octets - 20, 'x'), "\r\nX-C:c\r\n");
  const Plan large = book.plan(message("REQUEST", {e}), speaker());
  CHECK(large.changes_left_out == 1);
  CHECK(large.changes.back().after == "X-C:c");
}

TEST_CASE("nobody proven to speak changes nothing")
{
  const Book book;
  const Plan p = book.plan(message("REQUEST", {{}}), Speaker{});
  CHECK(p.outcome == Outcome::Refused);
  CHECK(has_code(p.reasons, Code::NoSpeaker));
  CHECK_FALSE(p.octets);
  CHECK_FALSE(p.facts_changed);
  CHECK(book.plan(message("CANCEL", {{}}), speaker("bob@example.com", Speaker::Class::Forwarder))
            .outcome == Outcome::Refused);
  CHECK(book.plan(message("REQUEST", {{}}), attendee("bob@example.com")).outcome ==
        Outcome::Refused);
  CHECK(book.plan(message("REPLY", {reply(rev(0, 1))}), speaker()).outcome == Outcome::Refused);
}

TEST_CASE("a cancelled event is revived by a newer REQUEST")
{
  Book book;
  book.apply(message("REQUEST", {rev(0, 1)}));
  book.apply(message("CANCEL", {cancelled(rev(1, 2))}));
  CHECK(book.apply(message("REQUEST", {rev(2, 3)})).outcome == Outcome::Updated);
  CHECK(book.text("STATUS").empty());
}

TEST_CASE("cancelled events go where the policy says remove")
{
  Book book;
  book.options.remove_cancelled = true;
  book.apply(message("REQUEST", {series(0, 1)}));
  book.apply(message("CANCEL", {cancelled(second(1, 2))}));
  CHECK(book.component(id) == nullptr);
  CHECK(book.text("EXDATE") == "20270111T100000Z");
  Event whole = cancelled(rev(2, 3));
  const Plan p = book.apply(message("CANCEL", {whole}));
  CHECK(p.outcome == Outcome::Cancelled);
  CHECK(p.remove);
  CHECK_FALSE(p.octets);
  CHECK_FALSE(book.stored);
  // The file went by our hand, so this is no deletion by the owner.
  CHECK(book.apply(message("REQUEST", {series(3, 4)})).outcome == Outcome::Added);
}

TEST_CASE("an occurrence or a range that one is invited to alone can be cancelled, and goes")
{
  for (const Event& e : {second(0, 1), range(rev(0, 1))}) {
    Event gone = cancelled(e);
    gone.sequence = 1;
    gone.dtstamp = "20261109T080000Z";
    Book keeps;
    keeps.apply(message("REQUEST", {e}));
    CHECK(keeps.apply(message("CANCEL", {gone})).outcome == Outcome::Cancelled);
    CHECK(keeps.stored->calendar.components.front().text("STATUS") == "CANCELLED");
    Book removes;
    removes.options.remove_cancelled = true;
    removes.apply(message("REQUEST", {e}));
    CHECK(removes.apply(message("CANCEL", {gone})).outcome == Outcome::Cancelled);
    CHECK_FALSE(removes.stored);
  }
}

TEST_CASE("an occurrence moves, and is cancelled by an override")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  book.apply(message("REQUEST", {second(0, 2)}));
  CHECK(book.text("DTSTART", id) == "20270111T120000Z");
  book.apply(message("CANCEL", {cancelled(second(1, 3))}));
  CHECK(book.text("STATUS", id) == "CANCELLED");
  CHECK(book.text("STATUS").empty());
}

TEST_CASE("of many parts that ask for an answer the first are offered one, and the rest is counted")
{
  Event whole = rev(0, 1);
  whole.extra = "RRULE:FREQ=HOURLY;COUNT=200\r\n";
  std::vector<Event> events{whole};
  const std::size_t n = most_reply_offers + 30;
  for (std::size_t i = 1; i <= n; ++i) {
    Event part = rev(0, 1);
    const std::string start = to_ical_utc(at("20270104T100000Z") + std::chrono::hours(i));
    part.recurrence_id = cat(";RANGE=THISANDFUTURE:", start);
    part.start = cat(':', start);
    part.end = cat(':', to_ical_utc(at("20270104T103000Z") + std::chrono::hours(i)));
    part.attendees = {"RSVP=TRUE:mailto:alice@example.com", "mailto:bob@example.com"};
    events.push_back(part);
  }
  Book book;
  const Plan plan = book.apply(message("REQUEST", events));
  CHECK(plan.offers.size() == most_reply_offers);
  CHECK(plan.offers_left_out == n - most_reply_offers);
}

TEST_CASE("a CANCEL with STATUS:CANCELLED is for everybody, whoever is listed")
{
  Book book;
  book.apply(message("REQUEST", {rev(0, 1)}));
  Event e = cancelled(rev(1, 2));
  e.attendees = {"mailto:bob@example.com"};
  CHECK(book.apply(message("CANCEL", {e})).outcome == Outcome::Cancelled);
}

TEST_CASE("a CANCEL without STATUS and without ATTENDEE is for everybody")
{
  Book book;
  book.apply(message("REQUEST", {rev(0, 1)}));
  Event e = rev(1, 2);
  e.attendees.clear();
  CHECK(book.apply(message("CANCEL", {e})).outcome == Outcome::Cancelled);
}

TEST_CASE("one bad component of a reply does not sink the others")
{
  Book book = organizing();
  book.apply(message("REQUEST", {series(0, 1)}));
  Event good = reply(rev(0, 2));
  Event bad = reply(rev(0, 2), "carol@example.com");
  bad.recurrence_id = cat(':', id);
  const Plan p = book.apply(message("REPLY", {good, bad}), attendee("bob@example.com"));
  CHECK(p.outcome == Outcome::Answered);
  CHECK(has_code(p.reasons, Code::NoSpeaker));
  CHECK(book.partstat("bob@example.com") == "ACCEPTED");
}

TEST_CASE("an answer to an event that the owner does not organize is refused")
{
  Book book;
  book.apply(message("REQUEST", {rev(0, 1)}));
  const Plan p = book.apply(message("REPLY", {reply(rev(0, 2))}), attendee("bob@example.com"));
  CHECK(p.outcome == Outcome::Refused);
  CHECK(has_code(p.reasons, Code::OrganizerMismatch));
}

TEST_CASE("an update that does not list the owner any more is applied, with a notice")
{
  Book book;
  book.apply(message("REQUEST", {rev(0, 1)}));
  Event e = rev(1, 2);
  e.attendees = {"mailto:bob@example.com"};
  const Plan p = book.apply(message("REQUEST", {e}));
  CHECK(p.outcome == Outcome::Updated);
  CHECK(has_code(p.reasons, Code::OwnerNotListed));
  CHECK(book.text("STATUS").empty());
}

TEST_CASE("outcome words")
{
  CHECK(outcome_word(Outcome::Held) == "held");
  CHECK(outcome_word(Outcome::None) == "none");
}

}  // namespace imip::itip::test
