#include <algorithm>
#include <catch2/catch.hpp>

#include "itip/detail/test_events.hpp"

namespace imip::itip::test {

namespace {

struct Verdict {
  std::vector<Objection> all;
  bool has(Code code, bool refuses) const
  {
    return std::any_of(all.begin(), all.end(), [&](const Objection& o) {
      return o.reason.code == code && o.refuses == refuses && !o.reason.text.empty();
    });
  }
  bool asks(Code code) const { return has(code, false); }
  bool refuses(Code code) const { return has(code, true); }
};

Verdict judged(const Book& book, const Message& m, UtcSeconds when = now())
{
  return {authorize(m, book.file(), book.facts, book.who, book.options.limits, when)};
}

Book with_meeting()
{
  Book book;
  book.apply(message("REQUEST", {{}}));
  REQUIRE(book.stored);
  return book;
}

Book organizing()
{
  Book book;
  book.who = owner("boss@example.com");
  book.apply(message("REQUEST", {{}}));
  REQUIRE(book.stored);
  return book;
}

Event answer()
{
  Event e;
  e.attendees = {"PARTSTAT=ACCEPTED:mailto:bob@example.com"};
  return e;
}

}  // namespace

TEST_CASE("an invitation to the owner meets no objection")
{
  CHECK(judged({}, message("REQUEST", {{}})).all.empty());
  CHECK(judged(with_meeting(), message("CANCEL", {{}})).all.empty());
}

TEST_CASE("what was published invited nobody, and its CANCEL need address nobody")
{
  Event nobody;
  nobody.attendees.clear();
  Book book;
  CHECK(judged(book, message("CANCEL", {nobody})).all.empty());  // nothing known of it: it waits
  book.apply(message("PUBLISH", {nobody}));
  CHECK(judged(book, message("CANCEL", {nobody})).all.empty());
  CHECK(judged(book, message("ADD", {nobody})).all.empty());
  CHECK(judged(book, message("ADD", {{}})).all.empty());  // it lists the owner: for her
  Book stateless = book;
  stateless.facts = {};
  CHECK(judged(stateless, message("CANCEL", {nobody})).all.empty());
  Event others = nobody;
  others.attendees = {"mailto:bob@example.com"};
  CHECK(judged(book, message("CANCEL", {others})).asks(Code::NotAddressed));
  book.apply(message("REQUEST", {{}}));  // now she is invited: a CANCEL must say to whom it goes
  CHECK(judged(book, message("CANCEL", {nobody})).asks(Code::NotAddressed));
}

TEST_CASE("a message to somebody else asks: not-addressed")
{
  Event e;
  e.attendees = {"mailto:bob@example.com"};
  CHECK(judged({}, message("REQUEST", {e})).asks(Code::NotAddressed));
  CHECK(judged(with_meeting(), message("CANCEL", {e})).asks(Code::NotAddressed));
  e.attendees.clear();
  CHECK(judged(with_meeting(), message("CANCEL", {e})).asks(Code::NotAddressed));
}

TEST_CASE("a CANCEL must name the owner in each of its components")
{
  Event series;
  Event o;
  o.recurrence_id = ":20270104T100000Z";
  o.attendees = {"mailto:bob@example.com"};
  CHECK(judged(with_meeting(), message("CANCEL", {series, o})).asks(Code::NotAddressed));
  CHECK(judged(with_meeting(), message("REQUEST", {series, o})).all.empty());
}

TEST_CASE("a group of the owner is the owner")
{
  Book book;
  book.who.groups.push_back(address("team@example.com"));
  Event e;
  e.attendees = {"mailto:team@example.com"};
  CHECK(judged(book, message("REQUEST", {e})).all.empty());
}

TEST_CASE("another organizer is refused: organizer-mismatch")
{
  Event e;
  e.organizer = "mailto:mallory@example.net";
  e.sequence = 5;
  const Book book = with_meeting();
  for (const char* method : {"CANCEL", "PUBLISH", "REQUEST"}) {
    CHECK(judged(book, message(method, {e})).refuses(Code::OrganizerMismatch));
  }
}

TEST_CASE("an attendee with a higher SEQUENCE may ask to become the organizer")
{
  Event e;
  e.organizer = "mailto:bob@example.com";
  e.sequence = 1;
  const Book book = with_meeting();
  CHECK(judged(book, message("REQUEST", {e})).asks(Code::OrganizerChange));
  CHECK_FALSE(judged(book, message("REQUEST", {e})).refuses(Code::OrganizerMismatch));
  e.sequence = 0;
  CHECK(judged(book, message("REQUEST", {e})).refuses(Code::OrganizerMismatch));
}

TEST_CASE("an event without ORGANIZER is the owner's own: uid-taken")
{
  Event mine;
  mine.organizer = "";
  mine.attendees.clear();
  Book book;
  book.stored = stored_object(calendar_text("", {mine}));
  CHECK(judged(book, message("REQUEST", {{}})).refuses(Code::UidTaken));
  CHECK(judged(book, message("CANCEL", {{}})).refuses(Code::UidTaken));
}

TEST_CASE("a leap of SEQUENCE asks: sequence-jump")
{
  Event e;
  e.sequence = 1000;
  CHECK(judged(with_meeting(), message("REQUEST", {e})).all.empty());
  e.sequence = 1001;
  CHECK(judged(with_meeting(), message("REQUEST", {e})).asks(Code::SequenceJump));
  CHECK(judged(with_meeting(), message("CANCEL", {e})).asks(Code::SequenceJump));
}

TEST_CASE("an old first message asks: stale; an old one about a known event does not")
{
  Event e;
  e.dtstamp = "20261031T115959Z";
  CHECK(judged({}, message("REQUEST", {e})).asks(Code::Stale));
  e.dtstamp = "20261031T120001Z";
  CHECK(judged({}, message("REQUEST", {e})).all.empty());
  Event old;
  old.dtstamp = "20260101T080000Z";
  CHECK(judged(with_meeting(), message("REQUEST", {old})).all.empty());
}

TEST_CASE("another kind of component of the same UID is refused")
{
  Book book;
  book.stored = stored_object(
      "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTODO\r\nUID:meeting-1@example.com\r\n"
      "DTSTAMP:20261101T080000Z\r\nORGANIZER:mailto:boss@example.com\r\nEND:VTODO\r\n"
      "END:VCALENDAR\r\n");
  CHECK(judged(book, message("REQUEST", {{}})).refuses(Code::ComponentMismatch));
}

TEST_CASE("an answer to the owner's event meets no objection")
{
  CHECK(judged(organizing(), message("REPLY", {answer()})).all.empty());
}

TEST_CASE("an answer that names no organizer asks: reply-unbound")
{
  Event e = answer();
  e.organizer = "";
  CHECK(judged(organizing(), message("REPLY", {e})).asks(Code::ReplyUnbound));
}

TEST_CASE("an answer to another's event is refused: organizer-mismatch")
{
  Event e = answer();
  e.organizer = "mailto:mallory@example.net";
  CHECK(judged(organizing(), message("REPLY", {e})).refuses(Code::OrganizerMismatch));
  CHECK(judged({}, message("REPLY", {e})).refuses(Code::OrganizerMismatch));
  // The owner is an attendee of the stored event, not its organizer.
  Event to_alice = answer();
  to_alice.organizer = "mailto:alice@example.com";
  CHECK(judged(with_meeting(), message("REPLY", {to_alice})).refuses(Code::OrganizerMismatch));
}

TEST_CASE("an answer to nothing asks: reply-unbound")
{
  Book book;
  book.who = owner("boss@example.com");
  CHECK(judged(book, message("REPLY", {answer()})).asks(Code::ReplyUnbound));
}

TEST_CASE("an answer of somebody who is not invited asks: party-crasher")
{
  Event e = answer();
  e.attendees = {"PARTSTAT=ACCEPTED:mailto:carol@example.com"};
  CHECK(judged(organizing(), message("REPLY", {e})).asks(Code::PartyCrasher));
}

TEST_CASE("the owner's own message about her own event meets no objection")
{
  Event e;
  e.sequence = 1;
  CHECK(judged(organizing(), message("REQUEST", {e})).all.empty());
  CHECK(judged(organizing(), message("CANCEL", {e})).all.empty());
}

TEST_CASE("a VTIMEZONE that lies about a known zone asks: timezone-differs")
{
  const std::string zone =
      "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
      "TZOFFSETFROM:+0500\r\nTZOFFSETTO:+0500\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
  Event e;
  e.start = ";TZID=Europe/Berlin:20270104T100000";
  e.end = ";TZID=Europe/Berlin:20270104T110000";
  const Message m = message_of(calendar_text("REQUEST", {e}, zone), "REQUEST");
  CHECK(judged({}, m).asks(Code::TimezoneDiffers));
  CHECK(judged({}, message("REQUEST", {e})).all.empty());
}

TEST_CASE("timezone-differs looks at each date of the event, and says the first")
{
  const std::string fixed =
      "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
      "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
  Book book;
  const auto first = [&](const std::string& extra, const std::string& day = "20270201",
                         const std::string& end =
                             ";TZID=Europe/Berlin:20270201T110000") -> std::string {
    Event e;
    e.start = cat(";TZID=Europe/Berlin:", day, "T100000");
    e.end = end;
    e.extra = extra;
    for (const Objection& o :
         judged(book, message_of(calendar_text("REQUEST", {e}, fixed), "REQUEST")).all)
      if (o.reason.code == Code::TimezoneDiffers)
        return o.reason.text.substr(o.reason.text.size() - 15);
    return "none";
  };
  CHECK(first("") == "none");
  CHECK(first("RRULE:FREQ=WEEKLY;COUNT=8\r\n") == "none");
  CHECK(first("RRULE:FREQ=WEEKLY;COUNT=40\r\n") == "20270329T100000");
  CHECK(first("RRULE:FREQ=WEEKLY\r\n") == "20270329T100000");
  CHECK(first("RRULE:FREQ=WEEKLY;COUNT=40\r\nEXDATE;TZID=Europe/Berlin:20270329T100000\r\n") ==
        "20270405T100000");
  CHECK(first("RRULE:FREQ=YEARLY;BYMONTH=2;COUNT=40\r\n") == "none");
  CHECK(first("RDATE;TZID=Europe/Berlin:20270301T100000,20270801T100000,20270701T100000\r\n") ==
        "20270701T100000");
  CHECK(first("RRULE:FREQ=WEEKLY\r\nRDATE;TZID=Europe/Berlin:20270701T100000\r\n") ==
        "20270329T100000");
  // it ends when the clocks have changed
  CHECK(first("RRULE:FREQ=WEEKLY;COUNT=9\r\n", "20270130", ";TZID=Europe/Berlin:20270201T100000") ==
        "20270329T100000");
  // what was over when it was said misleads nobody
  CHECK(first("RRULE:FREQ=YEARLY;BYMONTH=7;UNTIL=20260901T000000Z\r\n", "20200101",
              ":20200101T110000Z") == "none");
  CHECK(first("RRULE:FREQ=MONTHLY\r\n", "20200101", ":20200101T110000Z") == "20270401T100000");
  // more work than an expansion may take is no reason to believe it
  book.options.limits.recurrence_instances = 3;
  CHECK(first("RRULE:FREQ=WEEKLY;COUNT=40\r\n") == "20270328T020000");
}

}  // namespace imip::itip::test
