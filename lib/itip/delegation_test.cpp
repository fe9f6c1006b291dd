// Delegation chains, answers and what they carry (RFC 5546 sections 3.2.2.3, 3.2.3, 3.6), organizer
// change, un-inviting.
#include <algorithm>
#include <catch2/catch.hpp>

#include "itip/detail/test_series.hpp"

namespace imip::itip::test {

namespace {

Event delegates(std::string_view from, std::string_view to, int day)
{
  Event e = rev(0, day);
  e.attendees = {cat("PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:", to, "\":mailto:", from)};
  return e;
}

Event accepts(std::string_view who, std::string_view from, int day)
{
  Event e = rev(0, day);
  e.attendees = {cat("PARTSTAT=ACCEPTED;DELEGATED-FROM=\"mailto:", from, "\":mailto:", who)};
  return e;
}

struct Step {
  Message message;
  Speaker from;
};

std::string after(std::vector<Step> steps)
{
  Book book = organizing();
  book.apply(message("REQUEST", {rev(0, 1)}));
  for (const Step& s : steps) book.apply(s.message, s.from);
  std::string facts;
  for (const FactRow& r : book.facts.rows()) facts += cat(r.reg, r.attendee, r.content, '\n');
  return cat(book.stored->octets, facts);
}

std::string value(const Book& book, std::string_view who, std::string_view name)
{
  for (const ical::Property* p : book.component()->all("ATTENDEE")) {
    if (p->value != cat("mailto:", who)) continue;
    const std::string* v = p->parameter(name);
    return v ? *v : "";
  }
  return "-";
}

}  // namespace

TEST_CASE("a chain of delegation is the same in whatever order its REPLYs come")
{
  std::vector<Step> steps;
  steps.push_back({message("REPLY", {delegates("bob@example.com", "carol@example.com", 2)}),
                   attendee("bob@example.com")});
  steps.push_back({message("REPLY", {delegates("carol@example.com", "dave@example.com", 3)}),
                   attendee("carol@example.com")});
  steps.push_back({message("REPLY", {accepts("dave@example.com", "carol@example.com", 4)}),
                   attendee("dave@example.com")});
  const std::string first = after(steps);
  CHECK(first.find("mailto:dave@example.com") != std::string::npos);
  std::vector<int> order{0, 1, 2};
  do {
    std::vector<Step> other;
    for (const int i : order) other.push_back(steps[static_cast<std::size_t>(i)]);
    CHECK(after(other) == first);
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_CASE("a delegate's REPLY that comes first is held without a question, and shows nothing")
{
  Book book = organizing();
  book.apply(message("REQUEST", {rev(0, 1)}));
  const Message first = message("REPLY", {accepts("carol@example.com", "bob@example.com", 3)});
  CHECK(authorize(first, book.file(), book.facts, book.who, {}, now()).empty());
  const std::string before = book.stored->octets;
  CHECK(book.apply(first, attendee("carol@example.com")).outcome == Outcome::Held);
  CHECK(book.stored->octets == before);
  const Plan p =
      book.apply(message("REPLY", {delegates("bob@example.com", "carol@example.com", 2)}),
                 attendee("bob@example.com"));
  CHECK(p.outcome == Outcome::Answered);
  CHECK(book.partstat("bob@example.com") == "DELEGATED");
  CHECK(book.partstat("carol@example.com") == "ACCEPTED");
  CHECK(value(book, "carol@example.com", "DELEGATED-FROM") == "mailto:bob@example.com");
  const Message stranger = message("REPLY", {accepts("eve@example.com", "mallory@example.net", 3)});
  const auto asks = authorize(stranger, book.file(), book.facts, book.who, {}, now());
  REQUIRE(asks.size() == 1);
  CHECK(asks.front().reason.code == Code::PartyCrasher);
}

TEST_CASE("whom an attendee delegates to is offered the REQUEST, until there is an answer")
{
  Book book = organizing();
  book.apply(message("REQUEST", {rev(0, 1)}));
  const Message m = message("REPLY", {delegates("bob@example.com", "carol@example.com", 2)});
  const Plan p = book.apply(m, attendee("bob@example.com"));
  REQUIRE(p.offers.size() == 1);
  CHECK(p.offers.front().kind == Offer::Kind::Request);
  CHECK(p.offers.front().reason.code == Code::Delegated);
  REQUIRE(p.offers.front().to.size() == 1);
  CHECK(p.offers.front().to.front().mailbox() == "carol@example.com");
  const Reading r = reading(ical::serialise(*p.offers.front().object));
  REQUIRE(r.message);
  Book carols;
  carols.who = owner("carol@example.com");
  CHECK(authorize(*r.message, nullptr, {}, carols.who, {}, now()).empty());
  CHECK(carols.apply(*r.message).outcome == Outcome::Added);
  const Plan again = book.apply(m, attendee("bob@example.com"));
  CHECK(again.outcome == Outcome::Duplicate);
  CHECK(again.offers.size() == 1);
  // once it was mailed no copy of the delegation mails it again, but the next revision's may
  Plan mailed = again;
  note_mailed(mailed, again.offers.front(), book.who);
  CHECK(mailed.facts_changed);
  CHECK(mailed.found.rows().size() == 1);
  Book told = book;
  told.facts = mailed.facts;
  CHECK(told.apply(m, attendee("bob@example.com")).offers.empty());
  CHECK(told.file()->octets == book.file()->octets);
  told.apply(message("REQUEST", {rev(0, 4)}));
  CHECK(told.apply(m, attendee("bob@example.com")).offers.size() == 1);
  book.apply(message("REPLY", {accepts("carol@example.com", "bob@example.com", 3)}), attendee("carol@example.com"));
  CHECK(book.apply(m, attendee("bob@example.com")).offers.empty());
}

TEST_CASE("a delegate who declines gives the choice back to the delegator")
{
  Book book = organizing();
  book.apply(message("REQUEST", {rev(0, 1)}));
  book.apply(message("REPLY", {delegates("bob@example.com", "carol@example.com", 2)}),
             attendee("bob@example.com"));
  CHECK(book.apply(message("REPLY", {accepts("carol@example.com", "bob@example.com", 3)}),
                   attendee("carol@example.com"))
            .offers.empty());
  Event no = accepts("carol@example.com", "bob@example.com", 4);
  no.attendees = {"PARTSTAT=DECLINED;DELEGATED-FROM=\"mailto:bob@example.com\":mailto:carol@example.com"};
  const Plan p = book.apply(message("REPLY", {no}), attendee("carol@example.com"));
  REQUIRE(p.offers.size() == 1);
  REQUIRE(p.offers.front().to.size() == 1);
  CHECK(p.offers.front().to.front().mailbox() == "bob@example.com");
  const Reading r = reading(ical::serialise(*p.offers.front().object));
  REQUIRE(r.message);
  Book bobs;
  bobs.who = owner("bob@example.com");
  bobs.apply(*r.message);
  CHECK(bobs.partstat("carol@example.com") == "DECLINED");
  CHECK(book.apply(message("REPLY", {reply(rev(0, 5), "alice@example.com", "DECLINED")}),
                   attendee("alice@example.com"))
            .offers.empty());
}

TEST_CASE("a cycle of delegation is shown and adds nobody")
{
  Book book = organizing();
  book.apply(message("REQUEST", {rev(0, 1)}));
  book.apply(message("REPLY", {delegates("bob@example.com", "alice@example.com", 2)}),
             attendee("bob@example.com"));
  book.apply(message("REPLY", {delegates("alice@example.com", "bob@example.com", 3)}),
             attendee("alice@example.com"));
  CHECK(book.component()->count("ATTENDEE") == 2);
  CHECK(book.partstat("bob@example.com") == "DELEGATED");
  CHECK(book.partstat("alice@example.com") == "DELEGATED");
}

TEST_CASE("who takes the delegation back takes the delegate with it")
{
  Book book = organizing();
  book.apply(message("REQUEST", {rev(0, 1)}));
  book.apply(message("REPLY", {delegates("bob@example.com", "carol@example.com", 2)}),
             attendee("bob@example.com"));
  book.apply(message("REPLY", {reply(rev(0, 3))}), attendee("bob@example.com"));
  CHECK(book.partstat("bob@example.com") == "ACCEPTED");
  CHECK(book.partstat("carol@example.com") == "-");
}

TEST_CASE("what a delegator passes on yields to the organizer's word, whichever came first")
{
  Event passed = rev(0, 2);
  passed.summary = "Bob's words";
  passed.attendees = {
      "PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:alice@example.com\":mailto:bob@example.com",
      "DELEGATED-FROM=\"mailto:bob@example.com\":mailto:alice@example.com"};
  const Speaker bob = speaker("bob@example.com", Speaker::Class::Delegator);
  Book a;
  const Plan p = a.apply(message("REQUEST", {passed}), bob);
  CHECK(p.outcome == Outcome::Added);
  CHECK(p.offers.empty());
  a.apply(message("REQUEST", {rev(0, 1)}));
  CHECK(a.text("SUMMARY") == "Planning");
  Book b;
  b.apply(message("REQUEST", {rev(0, 1)}));
  b.apply(message("REQUEST", {passed}), bob);
  CHECK(a.stored->octets == b.stored->octets);
}

TEST_CASE("COMMENTs, a DESCRIPTION and failures in an answer are kept with it")
{
  Book book = organizing();
  book.apply(message("REQUEST", {rev(0, 1)}));
  Event e = reply(rev(0, 2), "bob@example.com", "DECLINED");
  e.extra =
      "COMMENT:Sorry\r\nCOMMENT:next time\r\nDESCRIPTION:I am ill\r\n"
      "REQUEST-STATUS:2.0;Success\r\nREQUEST-STATUS:3.1;Invalid property value;DTSTART\r\n";
  const Plan p = book.apply(message("REPLY", {e}), attendee("bob@example.com"));
  CHECK(value(book, "bob@example.com", "X-IMIP-COMMENT") == "Sorry\nnext time");
  CHECK(value(book, "bob@example.com", "X-IMIP-DESCRIPTION") == "I am ill");
  CHECK(value(book, "bob@example.com", "X-IMIP-REQUEST-STATUS") ==
        "3.1;Invalid property value;DTSTART");
  REQUIRE(has_code(p.reasons, Code::RequestStatus));
  Book partly = organizing();
  partly.apply(message("REQUEST", {rev(0, 1)}));
  Event accepted = reply(rev(0, 2));
  accepted.extra = "REQUEST-STATUS:2.8;Success\\, repeating event ignored;RRULE:FREQ=DAILY\r\n";
  CHECK(has_code(partly.apply(message("REPLY", {accepted}), attendee("bob@example.com")).reasons,
                 Code::RequestStatus));
  Book again = book;
  again.facts = {};
  CHECK(again.plan(message("REPLY", {e}), attendee("bob@example.com")).octets == std::nullopt);
}

TEST_CASE("ROLE, RSVP, CN and VALARM never come from an answer")
{
  Book book = organizing();
  Event e = rev(0, 1);
  e.attendees = {"CN=Bob;ROLE=REQ-PARTICIPANT:mailto:bob@example.com"};
  book.apply(message("REQUEST", {e}));
  Event answer = rev(0, 2);
  answer.attendees = {"CN=The King;ROLE=CHAIR;RSVP=TRUE;PARTSTAT=ACCEPTED:mailto:bob@example.com"};
  answer.extra =
      "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n";
  book.apply(message("REPLY", {answer}), attendee("bob@example.com"));
  CHECK(value(book, "bob@example.com", "CN") == "Bob");
  CHECK(value(book, "bob@example.com", "ROLE") == "REQ-PARTICIPANT");
  CHECK(value(book, "bob@example.com", "RSVP").empty());
  CHECK(book.component()->components.empty());
}

TEST_CASE("several answers in one REPLY are planned each alone")
{
  Book book = organizing();
  book.apply(message("REQUEST", {series(0, 1)}));
  Event one = reply(second(0, 2));
  Event other = one;
  other.recurrence_id = ":20270112T100000Z";  // the series has no such occurrence
  book.apply(message("REPLY", {other, one}), attendee("bob@example.com"));
  CHECK(book.partstat("bob@example.com", id) == "ACCEPTED");
  CHECK(book.component("20270112T100000Z") == nullptr);
}

TEST_CASE("a CANCEL with STATUS to some is told as cancelled for you; without STATUS it un-invites")
{
  Book book;
  book.apply(message("REQUEST", {rev(0, 1)}));
  Event me = rev(0, 2);
  me.attendees = {"mailto:alice@example.com"};
  Book exchange = book;
  const Plan for_me = exchange.apply(message("CANCEL", {cancelled(me)}));
  CHECK(for_me.outcome == Outcome::Cancelled);
  CHECK(has_code(for_me.reasons, Code::CancelledForYou));
  Book everybody = book;
  CHECK_FALSE(has_code(everybody.apply(message("CANCEL", {cancelled(rev(0, 2))})).reasons,
                       Code::CancelledForYou));
  const Plan uninvited = book.apply(message("CANCEL", {me}));
  CHECK(uninvited.outcome == Outcome::Uninvited);
  CHECK_FALSE(has_code(uninvited.reasons, Code::CancelledForYou));
}

TEST_CASE("a new organizer takes over with the owner's data and shuts the old one out")
{
  Book book;
  Event old = rev(0, 1);
  old.attendees.push_back("mailto:carol@example.com");
  book.apply(message("REQUEST", {old}));
  ical::Component mine = book.stored->calendar;
  for (ical::Component& c : mine.components) c.set({"CATEGORIES", {}, "Mine"});
  book.stored = stored_object(ical::serialise(mine));
  Event taken = rev(1, 2);
  taken.organizer = "mailto:carol@example.com";
  taken.summary = "Under new management";
  const Message change = message("REQUEST", {taken});
  const auto objections = authorize(change, book.file(), {}, book.who, {}, now());
  REQUIRE(objections.size() == 1);
  CHECK(objections.front().reason.code == Code::OrganizerChange);
  // The state keeps facts by organizer: the new one begins without any.
  book.facts = {};
  book.apply(change, speaker("carol@example.com"));
  CHECK(book.text("SUMMARY") == "Under new management");
  CHECK(book.text("CATEGORIES") == "Mine");
  CHECK(book.text("ORGANIZER") == "mailto:carol@example.com");
  const auto old_word = authorize(message("CANCEL", {cancelled(rev(5, 9))}), book.file(),
                                  book.facts, book.who, {}, now());
  REQUIRE_FALSE(old_word.empty());
  CHECK(old_word.front().refuses);
  CHECK(old_word.front().reason.code == Code::OrganizerMismatch);
}

TEST_CASE("the owner who is invited through a group and answers is listed as its member")
{
  Book book;
  book.who.groups.push_back(address("team@example.com"));
  Event e = rev(0, 1);
  e.attendees = {"CUTYPE=GROUP:mailto:team@example.com"};
  book.apply(message("REQUEST", {e}));
  Answer yes;
  yes.partstat = PartStat::Accepted;
  const auto p = plan_answer(nullptr, book.file(), book.facts, book.who, yes, {}, now());
  REQUIRE(p);
  book.carry_out(p->plan);
  CHECK(book.partstat("alice@example.com") == "ACCEPTED");
  CHECK(value(book, "alice@example.com", "MEMBER") == "mailto:team@example.com");
  e.sequence = 0;
  e.dtstamp = "20261103T080000Z";
  e.summary = "Renamed";
  book.apply(message("REQUEST", {e}));
  CHECK(book.partstat("alice@example.com") == "ACCEPTED");
}

}  // namespace imip::itip::test
