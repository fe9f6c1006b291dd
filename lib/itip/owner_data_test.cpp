// What is the owner's stays the owner's; what other programs and machines did to the file is
// honoured.
#include <algorithm>
#include <catch2/catch.hpp>

#include "itip/detail/test_series.hpp"

namespace imip::itip::test {

namespace {

std::string with_alarm(const Book& book, std::string_view more = "")
{
  std::string text = book.stored->octets;
  const std::size_t end = text.find("END:VEVENT");
  return text.insert(end, cat(more,
                              "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Go\r\n"
                              "TRIGGER:-PT5M\r\nEND:VALARM\r\n"));
}

std::size_t alarms(const ical::Component& c)
{
  return static_cast<std::size_t>(
      std::count_if(c.components.begin(), c.components.end(),
                    [](const ical::Component& s) { return s.name == "VALARM"; }));
}

/// Alice's own program says that she may come.
void answer_elsewhere(Book& book)
{
  Event mine = rev(0, 1);
  mine.attendees = {"PARTSTAT=TENTATIVE:mailto:alice@example.com", "mailto:bob@example.com"};
  book.stored = stored_object(calendar_text("", {mine}));
}

}  // namespace

TEST_CASE("what the owner set stays, what messages set is replaced as a whole")
{
  Book book;
  Event e = rev(0, 1);
  e.extra = "LOCATION:Room 1\r\nTRANSP:OPAQUE\r\nX-THEIRS:1\r\n";
  book.apply(message("REQUEST", {e}));
  std::string mine = with_alarm(book, "CATEGORIES:Work\r\nCOLOR:red\r\nX-MINE:2\r\n");
  const std::size_t transp = mine.find("TRANSP:OPAQUE");
  REQUIRE(transp != std::string::npos);
  mine.replace(transp, 13, "TRANSP:TRANSPARENT");
  book.stored = stored_object(mine);
  const Plan p = book.apply(message("REQUEST", {rev(1, 2)}));
  CHECK(p.outcome == Outcome::Updated);
  CHECK(book.component()->find("LOCATION") == nullptr);
  CHECK(book.component()->find("X-THEIRS") == nullptr);
  CHECK(book.text("CATEGORIES") == "Work");
  CHECK(book.text("COLOR") == "red");
  CHECK(book.text("X-MINE") == "2");
  CHECK(book.text("TRANSP") == "TRANSPARENT");
  CHECK(alarms(*book.component()) == 1);
}

TEST_CASE(
    "what is no event beside the event is taken for none: its UID, organizer and kind are its own")
{
  const std::string beside =
      "BEGIN:VAVAILABILITY\r\nUID:free\r\nORGANIZER:mailto:carol@example.com\r\n"
      "DTSTAMP:20270101T000000Z\r\nSEQUENCE:9\r\nEND:VAVAILABILITY\r\n";
  Book book;
  book.apply(message("REQUEST", {rev(0, 1)}));
  std::string mine = book.stored->octets;
  mine.insert(mine.find("BEGIN:VEVENT"), beside);
  book.stored = stored_object(mine);
  CHECK(detail::organizer_of(*book.stored).mailbox() == "boss@example.com");
  Event e = rev(1, 2);
  e.summary = "New title";
  for (const Objection& o :
       authorize(message("REQUEST", {e}), book.file(), book.facts, book.who, Limits{}, now()))
    CHECK(o.reason.code != Code::ComponentMismatch);
  const Plan p = book.apply(message("REQUEST", {e}));
  CHECK(p.outcome == Outcome::Updated);
  REQUIRE(p.changes.size() == 1);
  CHECK(p.changes.front().property == "SUMMARY");
  CHECK(book.stored->octets.find(cat(beside, "BEGIN:VEVENT")) != std::string::npos);
}

TEST_CASE("what the owner added and no message says stays until one says it")
{
  const std::string added =
      "CLASS:PRIVATE\r\nDESCRIPTION:mine\r\nGEO:1.0;2.0\r\nLOCATION:my desk\r\nPRIORITY:3\r\n"
      "LAST-MODIFIED:20261121T000000Z\r\nURL:https://mine.example\r\n";
  const std::string_view when = "STATUS:TENTATIVE\r\nEXDATE:20270104T100000Z\r\n";
  const auto edited = [&] {
    Book book;
    book.apply(message("REQUEST", {rev(0, 1)}));
    book.stored = stored_object(with_alarm(book, cat(added, when)));
    return book;
  };
  const auto shown = [](const Book& book) {
    std::string out;
    for (const char* name :
         {"CLASS", "DESCRIPTION", "GEO", "LOCATION", "PRIORITY", "URL", "STATUS", "EXDATE"})
      out += cat(book.text(name), '|');
    return out;
  };
  Book book = edited();
  book.apply(message("REQUEST", {rev(1, 2)}));
  CHECK(shown(book) == "PRIVATE|mine|1.0;2.0|my desk|3|https://mine.example|||");
  book.apply(message("REQUEST", {rev(2, 3)}));
  CHECK(shown(book) == "PRIVATE|mine|1.0;2.0|my desk|3|https://mine.example|||");
  // He says where: her place goes, and so does her position, which would contradict him.
  Event e = rev(3, 4);
  e.extra = "LOCATION:Room 9\r\n";
  book.apply(message("REQUEST", {e}));
  CHECK(shown(book) == "PRIVATE|mine||Room 9|3|https://mine.example|||");
  // What she writes over his is replaced, and what he takes back is gone.
  std::string mine = book.stored->octets;
  mine.replace(mine.find("Room 9"), 6, "Room X");
  book.stored = stored_object(mine);
  e = rev(4, 5);
  book.apply(message("REQUEST", {e}));
  CHECK(shown(book) == "PRIVATE|mine|||3|https://mine.example|||");
  // The order of two updates makes no difference.
  Book other = edited();
  other.apply(message("REQUEST", {rev(2, 3)}));
  other.apply(message("REQUEST", {rev(1, 2)}));
  CHECK(shown(other) == "PRIVATE|mine|1.0;2.0|my desk|3|https://mine.example|||");
  // In an event of her own it is her word, until she says otherwise.
  Book own = organizing();
  own.apply(message("REQUEST", {rev(0, 1)}));
  own.stored = stored_object(with_alarm(own, "LOCATION:my desk\r\nCREATED:20261121T000000Z\r\n"));
  Book answered = own;
  answered.apply(message("REPLY", {reply(rev(0, 2))}), attendee("bob@example.com"));
  CHECK(answered.text("LOCATION") == "my desk");
  CHECK(answered.text("CREATED") == "20261121T000000Z");
  own.apply(message("REQUEST", {rev(1, 3)}));
  CHECK(own.component()->find("LOCATION") == nullptr);
}

TEST_CASE("components inside that nobody knows are kept, the owner's and the organizer's each")
{
  const std::string theirs = "BEGIN:VLOCATION\r\nUID:theirs\r\nEND:VLOCATION\r\n";
  const std::string hers = "BEGIN:X-NOTE\r\nX-TEXT:mine\r\nEND:X-NOTE\r\n";
  Book book;
  Event e = rev(0, 1);
  e.extra = theirs;
  book.apply(message("REQUEST", {e}));
  std::string mine = with_alarm(book, hers);
  mine.insert(mine.find("END:VCALENDAR"), "BEGIN:X-TOP\r\nX-TEXT:on top\r\nEND:X-TOP\r\n");
  book.stored = stored_object(mine);
  const auto parts = [&] {
    std::string out;
    for (const ical::Component& c : book.component()->components) out += cat(c.name, ' ');
    return out;
  };
  e.sequence = 1;
  e.dtstamp = "20261102T080000Z";
  e.summary = "New title";
  book.apply(message("REQUEST", {e}));
  CHECK(book.text("SUMMARY") == "New title");
  CHECK(parts() == "VLOCATION VALARM X-NOTE ");
  CHECK(book.stored->octets.find("X-TEXT:on top") != std::string::npos);
  Event bare = rev(2, 3);  // the organizer takes his away, and hers stay
  book.apply(message("REQUEST", {bare}));
  CHECK(parts() == "VALARM X-NOTE ");
}

TEST_CASE("what stands beside the event in the owner's file stays, and so do her words in a zone")
{
  const std::string zone =
      "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
      "TZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
  const std::string hers =
      "METHOD:PUBLISH\r\nCALSCALE:GREGORIAN\r\nNAME:Mine\r\nNAME;LANGUAGE=de:Meins\r\nCOLOR:red\r\n"
      "REFRESH-INTERVAL;VALUE=DURATION:P1W\r\nX-WR-CALNAME:x\r\nX-WR-CALNAME:y\r\nIANA-CAL:1\r\n";
  const std::string before = "BEGIN:X-FIRST\r\nX-TEXT:1\r\nEND:X-FIRST\r\n";
  Event e = rev(0, 1);
  e.start = ";TZID=Europe/Berlin:20270104T100000";
  e.end = ";TZID=Europe/Berlin:20270104T110000";
  Book book;
  book.apply(message_of(calendar_text("REQUEST", {e}, zone), "REQUEST"));
  std::string mine = book.stored->octets;
  mine.insert(mine.find("BEGIN:VEVENT"), before);
  mine.insert(mine.find("BEGIN:STANDARD"), "X-LIC-LOCATION:Europe/Berlin\r\n");
  mine.insert(mine.find("BEGIN:VTIMEZONE"), hers);
  book.stored = stored_object(mine);
  e.sequence = 1;
  e.summary = "New title";
  book.apply(message_of(calendar_text("REQUEST", {e}, zone), "REQUEST"));
  const std::string head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//imip//imip//EN\r\n";
  const std::string& now = book.stored->octets;
  CHECK(now.starts_with(cat(head, hers.substr(hers.find("CALSCALE")), "BEGIN:VTIMEZONE\r\n")));
  CHECK(now.find("X-LIC-LOCATION:Europe/Berlin") != std::string::npos);
  CHECK(now.find(cat(before, "BEGIN:VEVENT")) != std::string::npos);
  CHECK(now.find("SUMMARY:New title") != std::string::npos);
  // Another program's file, to which somebody answers: nothing was rendered before.
  Book own = organizing();
  own.stored = stored_object(cat("BEGIN:VCALENDAR\r\nPRODID:-//test//test//EN\r\nVERSION:2.0\r\n",
                                 hers, lines(e), "END:VCALENDAR\r\n"));
  own.apply(message("REPLY", {reply(rev(1, 2))}), attendee("bob@example.com"));
  CHECK(own.partstat("bob@example.com") == "ACCEPTED");
  CHECK(own.stored->octets.starts_with(cat(head, hers.substr(hers.find("CALSCALE")))));
}

TEST_CASE("what says nothing new leaves the file alone, whatever its owner wrote into it")
{
  Book book;
  book.apply(message("REQUEST", {rev(1, 2)}));
  std::string mine = with_alarm(book, "COLOR:red\r\n");
  const std::string_view title = "SUMMARY:Planning";
  mine.replace(mine.find(title), title.size(), "SUMMARY:Planning (mine)");
  book.stored = stored_object(mine);
  const Plan again = book.plan(message("REQUEST", {rev(1, 2)}), speaker());
  CHECK(again.outcome == Outcome::Duplicate);
  CHECK_FALSE(again.octets);
  CHECK_FALSE(book.plan(message("REQUEST", {rev(0, 1)}), speaker()).octets);
  book.apply(message("REQUEST", {rev(2, 3)}));  // news: the organizer's word as a whole
  CHECK(book.text("SUMMARY") == "Planning");
  CHECK(book.text("COLOR") == "red");
}

TEST_CASE("a new override takes the owner's alarm and colour from the series")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  book.stored = stored_object(with_alarm(book, "COLOR:red\r\nX-MINE:2\r\n"));
  book.apply(message("REQUEST", {second(0, 2)}));
  REQUIRE(book.component(id));
  CHECK(alarms(*book.component(id)) == 1);
  CHECK(book.text("COLOR", id) == "red");
  CHECK(book.component(id)->find("X-MINE") == nullptr);
}

TEST_CASE("alarms in messages are not taken; display alarms are where the policy allows")
{
  Event e = rev(0, 1);
  e.extra =
      "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n"
      "BEGIN:VALARM\r\nACTION:AUDIO\r\nATTACH:http://example.com/x.wav\r\nTRIGGER:-PT5M\r\n"
      "END:VALARM\r\n";
  Book book;
  book.apply(message("REQUEST", {e}));
  CHECK(alarms(*book.component()) == 0);
  Book permissive;
  permissive.options.take_display_alarms = true;
  permissive.apply(message("REQUEST", {e}));
  CHECK(alarms(*permissive.component()) == 1);
}

TEST_CASE("a file that another program rewrote in its own way is left alone")
{
  Book book;
  book.apply(message("REQUEST", {rev(0, 1)}));
  Event theirs = rev(0, 1);
  theirs.extra = "LAST-MODIFIED:20261201T000000Z\r\n";
  book.stored = stored_object(calendar_text("", {theirs}));
  const Plan p = book.plan(message("REQUEST", {rev(0, 1)}), speaker());
  CHECK(p.outcome == Outcome::Duplicate);
  CHECK_FALSE(p.octets);
}

TEST_CASE("marks in messages are not believed")
{
  Event e = rev(0, 1);
  e.extra = "X-IMIP-RECEIVED-SEQUENCE:99\r\nX-IMIP-DERIVED:TRUE\r\n";
  e.attendees = {"SCHEDULE-AGENT=CLIENT;X-IMIP-RECEIVED-SEQUENCE=99:mailto:alice@example.com"};
  Book book;
  book.apply(message("REQUEST", {e}));
  CHECK(book.text("X-IMIP-RECEIVED-SEQUENCE") == "0");
  CHECK(book.component()->find("X-IMIP-DERIVED") == nullptr);
  const ical::Property* alice = book.component()->find("ATTENDEE");
  CHECK(alice->parameter("SCHEDULE-AGENT") == nullptr);
  CHECK(alice->parameter("X-IMIP-RECEIVED-SEQUENCE") == nullptr);
}

TEST_CASE("a deleted event stays deleted until a newer invitation to all of it")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  book.stored.reset();
  CHECK(book.apply(message("REQUEST", {series(0, 1)})).outcome == Outcome::Duplicate);
  const Plan narrow = book.apply(message("REQUEST", {second(0, 2)}));
  CHECK(narrow.outcome == Outcome::Ignored);
  CHECK(has_code(narrow.reasons, Code::DeletedByOwner));
  CHECK_FALSE(book.stored);
  const Plan p = book.apply(message("REQUEST", {series(1, 3)}));
  CHECK(p.outcome == Outcome::Added);
  CHECK(has_code(p.reasons, Code::DeletedByOwner));
  CHECK(book.stored);
}

TEST_CASE("without a state the file's own revision decides, and the received one before it")
{
  Event e = rev(3, 9);
  Book book;
  book.stored = stored_object(calendar_text("", {e}));
  CHECK(book.plan(message("REQUEST", {rev(2, 10)}), speaker()).outcome == Outcome::Obsolete);
  e.extra = "X-IMIP-RECEIVED-SEQUENCE:1\r\nX-IMIP-RECEIVED-DTSTAMP:20261103T080000Z\r\n";
  book.stored = stored_object(calendar_text("", {e}));
  CHECK(book.plan(message("REQUEST", {rev(2, 10)}), speaker()).outcome == Outcome::Updated);
}

TEST_CASE("an answer that only the file remembers stays")
{
  Event e = rev(0, 1);
  e.attendees = {"PARTSTAT=ACCEPTED:mailto:alice@example.com"};
  Book book;
  book.stored = stored_object(calendar_text("", {e}));
  Event update = rev(1, 2);
  update.summary = "Other title";
  book.apply(message("REQUEST", {update}));
  CHECK(book.partstat("alice@example.com") == "ACCEPTED");
}

TEST_CASE("what the organizer edits in her own file by another program is her word")
{
  Book book = organizing();
  book.apply(message("REQUEST", {rev(0, 1)}));
  std::string edited = book.stored->octets;
  const std::size_t at = edited.find("SUMMARY:Planning");
  edited.replace(at, 16, "SUMMARY:Edited  ");
  book.stored = stored_object(edited);
  book.apply(message("REPLY", {reply(rev(0, 2))}), attendee("bob@example.com"));
  CHECK(book.text("SUMMARY") == "Edited  ");
  CHECK(book.partstat("bob@example.com") == "ACCEPTED");
}

TEST_CASE("what the organizer took out of her own file does not come back")
{
  Book book = organizing();
  book.apply(message("REQUEST", {series(0, 1), second(0, 1)}));
  REQUIRE(book.component(id));
  std::string edited = book.stored->octets;
  const std::size_t at = edited.rfind("BEGIN:VEVENT");
  edited.erase(at, edited.rfind("END:VCALENDAR") - at);
  book.stored = stored_object(edited);
  book.apply(message("REPLY", {reply(rev(0, 2))}), attendee("bob@example.com"));
  CHECK(book.partstat("bob@example.com") == "ACCEPTED");
  CHECK_FALSE(book.component(id));
  // and what she puts back is not cancelled any more
  book.apply(message("CANCEL", {cancelled(second(1, 3))}));
  REQUIRE(book.component(id));
  edited = book.stored->octets;
  const std::size_t status = edited.find("STATUS:CANCELLED\r\n");
  REQUIRE(status != std::string::npos);
  edited.erase(status, 18);
  book.stored = stored_object(edited);
  book.apply(message("REPLY", {reply(rev(0, 4), "carol@example.com")}),
             attendee("carol@example.com"));
  book.apply(message("REPLY", {reply(rev(0, 5), "bob@example.com", "DECLINED")}),
             attendee("bob@example.com"));
  CHECK(book.partstat("bob@example.com") == "DECLINED");
  CHECK(book.stored->octets.find("CANCELLED") == std::string::npos);
  CHECK(book.stored->octets.find("EXDATE") == std::string::npos);
}

TEST_CASE(
    "components that the organizer's program put into her event stay, whatever she sends next")
{
  Book book = organizing();
  book.apply(message("REQUEST", {rev(0, 1)}));
  std::string edited = book.stored->octets;
  edited.insert(edited.find("END:VEVENT"),
                "BEGIN:VLOCATION\r\nUID:hall\r\nNAME:Hall\r\nEND:VLOCATION\r\n");
  book.stored = stored_object(edited);
  book.apply(message("REPLY", {reply(rev(0, 2))}), attendee("bob@example.com"));
  CHECK(book.component()->components.size() == 1);
  book.apply(message("REQUEST", {rev(1, 3)}));
  CHECK(book.text("SEQUENCE") == "1");
  CHECK(book.component()->components.size() == 1);
}

TEST_CASE("a message of the same second goes before what the organizer edited till then")
{
  for (int i = 0; i < 8; ++i) {  // whichever digest is the greater
    Book book = organizing();
    book.apply(message("REQUEST", {rev(0, 1)}));
    std::string edited = book.stored->octets;
    const std::size_t at = edited.find("SUMMARY:") + 8;
    edited.replace(at, edited.find('\r', at) - at, cat("Edit ", i));
    book.stored = stored_object(edited);
    Event told = rev(0, 1);
    told.dtstamp = to_ical_utc(now());
    told.summary = cat("Told ", i);
    book.apply(message("REQUEST", {told}));
    CHECK(book.text("SUMMARY") == told.summary);
  }
}

TEST_CASE("an override of the owner's follows the series: what she had left as it was, and its end")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1)}));
  Event mine = second(0, 1, "Weekly");
  mine.start = ":20270111T100000Z";
  mine.end = ":20270111T110000Z";
  mine.extra = "X-NOTE:mine\r\n";
  std::string edited = book.stored->octets;
  const std::string own = calendar_text("", {mine});
  edited.insert(
      edited.rfind("END:VCALENDAR"),
      own.substr(own.find("BEGIN:VEVENT"), own.rfind("END:VCALENDAR") - own.find("BEGIN:VEVENT")));
  book.stored = stored_object(edited);
  book.apply(message("REQUEST", {series(0, 2, "Renamed")}));
  REQUIRE(book.component(id));
  CHECK(book.component(id)->text("SUMMARY") == "Renamed");
  CHECK(book.component(id)->text("X-NOTE") == "mine");
  book.apply(message("CANCEL", {cancelled(series(1, 3))}));
  REQUIRE(book.component(id));
  CHECK(book.component(id)->text("STATUS") == "CANCELLED");
  CHECK(book.component(id)->text("X-NOTE") == "mine");
}

TEST_CASE("an alarm on an override outlives the override")
{
  Book book;
  book.apply(message("REQUEST", {series(0, 1), second(0, 1)}));
  std::string text = book.stored->octets;
  text.insert(
      text.rfind("END:VEVENT"),
      "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Go\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n");
  book.stored = stored_object(text);
  book.apply(message("REQUEST", {series(1, 2)}));
  REQUIRE(book.component(id));
  CHECK(alarms(*book.component(id)) == 1);
  CHECK(book.component(id)->text("SUMMARY") == "Weekly");
  CHECK(book.component(id)->text("DTSTART") == "20270111T100000Z");
}

TEST_CASE("a parameter that the owner put on what messages say stays on it")
{
  Book book;
  book.apply(message("REQUEST", {rev(0, 1)}));
  std::string text = book.stored->octets;
  for (const auto& [from, to] :
       {std::pair<std::string, std::string>{"SUMMARY:", "SUMMARY;X-MY=2:"},
        {":mailto:bob@example.com", ";X-NOTE=friend:mailto:bob@example.com"}}) {
    const std::size_t at = text.find(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, from.size(), to);
  }
  book.stored = stored_object(text);
  Event update = rev(1, 2);
  update.extra = "LOCATION:Room 9\r\n";
  book.apply(message("REQUEST", {update}));
  CHECK(book.text("LOCATION") == "Room 9");
  CHECK(book.stored->octets.find("SUMMARY;X-MY=2:") != std::string::npos);
  CHECK(book.stored->octets.find("X-NOTE=friend:mailto:bob@example.com") != std::string::npos);
}

TEST_CASE("a message that says nothing new leaves the owner's edit to the next one")
{
  Book book;
  book.apply(message("REQUEST", {rev(0, 1)}));
  answer_elsewhere(book);
  const Plan again = book.plan(message("REQUEST", {rev(0, 1)}), speaker());
  CHECK(again.outcome == Outcome::Duplicate);
  CHECK_FALSE(again.octets);
  CHECK_FALSE(again.facts_changed);
  // but what a run could not write, the same message writes
  Book stopped;
  stopped.apply(message("REQUEST", {rev(0, 1)}));
  const auto before = stopped.stored;
  stopped.apply(message("REQUEST", {rev(1, 2)}));
  stopped.stored = before;
  stopped.facts.last_rendered = before->octets;
  const Plan repair = stopped.plan(message("REQUEST", {rev(1, 2)}), speaker());
  CHECK(repair.outcome == Outcome::Updated);
  CHECK(repair.octets);
}

TEST_CASE("an answer that the owner gave by another program stays")
{
  Book book;
  book.apply(message("REQUEST", {rev(0, 1)}));
  answer_elsewhere(book);
  Event update = rev(1, 2);
  update.summary = "Other title";
  book.apply(message("REQUEST", {update}));
  CHECK(book.partstat("alice@example.com") == "TENTATIVE");
  CHECK(book.text("SUMMARY") == "Other title");
}

TEST_CASE(
    "after an edit the order of what comes next counts for what the owner added and messages bring "
    "and drop, only")
{
  const auto edited = [](const std::string& more) {
    Book book;
    book.apply(message("REQUEST", {rev(0, 1)}));
    Event mine = rev(0, 1);
    mine.attendees = {"PARTSTAT=TENTATIVE:mailto:alice@example.com", "mailto:bob@example.com"};
    mine.extra = cat("CATEGORIES:Mine\r\n", more);
    book.stored = stored_object(calendar_text("", {mine}));
    return book;
  };
  Event later = rev(1, 2);
  later.extra = "LOCATION:Theirs\r\n";
  Event last = rev(2, 3);
  last.summary = "Last";
  const auto in_order = [](Book book, const Event& one, const Event& two) {
    book.apply(message("REQUEST", {one}));
    book.apply(message("REQUEST", {two}));
    return book;
  };
  const Book one = in_order(edited(""), later, last);
  const Book two = in_order(edited(""), last, later);
  CHECK(one.facts == two.facts);
  CHECK(one.stored->octets == two.stored->octets);
  CHECK(one.partstat("alice@example.com") == "TENTATIVE");
  CHECK(one.text("CATEGORIES") == "Mine");
  // the known exception: hers gives way to what shows at the time, and does not come back
  const std::string hers = "LOCATION:Hers\r\n";
  CHECK(in_order(edited(hers), later, last).text("LOCATION").empty());
  CHECK(in_order(edited(hers), last, later).text("LOCATION") == "Hers");
}

TEST_CASE("zones come along, each once, and only those in use")
{
  const std::string zone =
      "BEGIN:VTIMEZONE\r\nTZID:Office\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
      "TZOFFSETFROM:+0200\r\nTZOFFSETTO:+0200\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
  Event e = series(0, 1);
  e.start = ";TZID=Office:20270104T100000";
  e.end = ";TZID=Office:20270104T110000";
  Book book;
  book.apply(message_of(calendar_text("REQUEST", {e}, zone), "REQUEST"));
  REQUIRE(book.stored->calendar.components.size() == 2);
  CHECK(book.stored->calendar.components[0].name == "VTIMEZONE");
  CHECK(book.text("DTSTART") == "20270104T100000");
  // The same name with other rules gets a name of its own, so that each keeps its time.
  std::string other = zone;
  for (std::size_t p = other.find("+0200"); p != std::string::npos; p = other.find("+0200")) {
    other.replace(p, 5, "+0500");
  }
  Event o = rev(0, 2);
  o.recurrence_id = ":20270111T080000Z";
  o.start = ";TZID=Office:20270111T150000";
  o.end = ";TZID=Office:20270111T160000";
  book.apply(message_of(calendar_text("REQUEST", {o}, other), "REQUEST"));
  CHECK(book.stored->calendar.components.size() == 4);
  const ical::Zones zones(book.stored->calendar);
  const auto start = zones.time_of(*book.component("20270111T080000Z")->find("DTSTART"));
  REQUIRE(start);
  CHECK(start->instant == at("20270111T100000Z"));
}

TEST_CASE("a sender's own rules for a known zone are stored under another name")
{
  const std::string zone =
      "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\n"
      "TZOFFSETFROM:+0500\r\nTZOFFSETTO:+0500\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n";
  Event e = rev(0, 1);
  e.start = ";TZID=Europe/Berlin:20270104T100000";
  e.end = ";TZID=Europe/Berlin:20270104T110000";
  Book book;
  book.apply(message_of(calendar_text("REQUEST", {e}, zone), "REQUEST"));
  const ical::Property* start = book.component()->find("DTSTART");
  CHECK(*start->parameter("TZID") != "Europe/Berlin");
  const ical::Zones zones(book.stored->calendar);
  const auto time = zones.time_of(*start);
  REQUIRE(time);
  CHECK(time->instant == at("20270104T050000Z"));
}

TEST_CASE("all-day series work by dates")
{
  Event e = series(0, 1);
  e.start = ";VALUE=DATE:20270104";
  e.end = ";VALUE=DATE:20270105";
  Book book = organizing();
  book.apply(message("REQUEST", {e}));
  Event r = reply(rev(0, 2), "bob@example.com", "DECLINED");
  r.recurrence_id = ";VALUE=DATE:20270111";
  r.start = ";VALUE=DATE:20270111";
  r.end = "";
  book.apply(message("REPLY", {r}), attendee("bob@example.com"));
  CHECK(book.text("DTSTART", "20270111") == "20270111");
  CHECK(book.text("DTEND", "20270111") == "20270112");
  CHECK(book.partstat("bob@example.com", "20270111") == "DECLINED");
}

TEST_CASE("a zoned series derives overrides at its wall-clock time, summer or winter")
{
  Event e = rev(0, 1);
  e.start = ";TZID=Europe/Berlin:20270301T100000";
  e.end = ";TZID=Europe/Berlin:20270301T110000";
  e.extra = "RRULE:FREQ=WEEKLY;COUNT=10\r\n";
  Book book = organizing();
  book.apply(message("REQUEST", {e}));
  Event r = reply(rev(0, 2), "bob@example.com", "DECLINED");
  r.recurrence_id = ":20270405T080000Z";
  book.apply(message("REPLY", {r}), attendee("bob@example.com"));
  const ical::Component* o = book.component("20270405T100000");
  REQUIRE(o);
  CHECK(o->text("DTSTART") == "20270405T100000");
  CHECK(*o->find("DTSTART")->parameter("TZID") == "Europe/Berlin");
  CHECK(o->text("DTEND") == "20270405T110000");
}

}  // namespace imip::itip::test
