// VTODO and VJOURNAL (RFC 5546 sections 3.4 and 3.5).
#include <catch2/catch.hpp>

#include "itip/detail/test_series.hpp"

namespace imip::itip::test {

namespace {

Event task(int sequence, int day)
{
  Event e = rev(sequence, day);
  e.kind = "VTODO";
  e.summary = "Write minutes";
  e.attendees = {"mailto:bob@example.com"};
  return e;
}

Event journal(int sequence, int day)
{
  Event e = rev(sequence, day);
  e.kind = "VJOURNAL";
  e.summary = "Log";
  e.end = "";
  e.attendees.clear();
  return e;
}

Event progress(Event e, std::string_view who, std::string_view lines)
{
  e = reply(e, who, "IN-PROCESS");
  e.extra = std::string(lines);
  return e;
}

std::string parameter(const Book& book, std::string_view who, std::string_view name)
{
  for (const ical::Property* p : book.component()->all("ATTENDEE")) {
    if (p->value != cat("mailto:", who)) continue;
    const std::string* v = p->parameter(name);
    return v ? *v : "";
  }
  return "-";
}

const Speaker& by(const char* who)
{
  static Speaker s;
  s = attendee(who);
  return s;
}

}  // namespace

TEST_CASE("a task is added, updated and cancelled as an event is")
{
  Book book;
  book.who = owner("bob@example.com");
  CHECK(book.apply(message("REQUEST", {task(0, 1)})).outcome == Outcome::Added);
  CHECK(book.component()->name == "VTODO");
  CHECK(book.text("DUE") == "20270104T110000Z");
  Event later = task(1, 2);
  later.end = ":20270105T110000Z";
  CHECK(book.apply(message("REQUEST", {later})).outcome == Outcome::Updated);
  CHECK(book.text("DUE") == "20270105T110000Z");
  CHECK(book.apply(message("CANCEL", {cancelled(task(2, 3))})).outcome == Outcome::Cancelled);
  CHECK(book.text("STATUS") == "CANCELLED");
}

TEST_CASE("the progress of a task's only attendee is the task's")
{
  Book book = organizing();
  book.apply(message("REQUEST", {task(0, 1)}));
  const Plan p =
      book.apply(message("REPLY", {progress(task(0, 2), "bob@example.com",
                                            "PERCENT-COMPLETE:40\r\nSTATUS:IN-PROCESS\r\n")}),
                 by("bob@example.com"));
  CHECK(p.outcome == Outcome::Answered);
  CHECK(book.partstat("bob@example.com") == "IN-PROCESS");
  CHECK(book.text("PERCENT-COMPLETE") == "40");
  CHECK(book.text("STATUS") == "IN-PROCESS");
  book.apply(message("REPLY", {progress(task(0, 3), "bob@example.com",
                                        "PERCENT-COMPLETE:100\r\nSTATUS:COMPLETED\r\n"
                                        "COMPLETED:20261103T070000Z\r\n")}),
             by("bob@example.com"));
  CHECK(book.text("PERCENT-COMPLETE") == "100");
  CHECK(book.text("COMPLETED") == "20261103T070000Z");
  CHECK(book.text("STATUS") == "COMPLETED");
}

TEST_CASE("with several attendees each has a progress of his own, the task none, but by policy")
{
  Event both = task(0, 1);
  both.attendees = {"mailto:bob@example.com", "mailto:carol@example.com"};
  for (const bool any : {false, true}) {
    Book book = organizing();
    book.options.any_task_progress = any;
    book.apply(message("REQUEST", {both}));
    book.apply(
        message("REPLY", {progress(task(0, 3), "carol@example.com", "PERCENT-COMPLETE:90\r\n")}),
        by("carol@example.com"));
    book.apply(
        message("REPLY", {progress(task(0, 2), "bob@example.com", "PERCENT-COMPLETE:40\r\n")}),
        by("bob@example.com"));
    CHECK(parameter(book, "bob@example.com", "X-IMIP-PERCENT-COMPLETE") == "40");
    CHECK(parameter(book, "carol@example.com", "X-IMIP-PERCENT-COMPLETE") == "90");
    CHECK(book.text("PERCENT-COMPLETE") == (any ? "90" : ""));
  }
}

TEST_CASE("who delegated a task is not one who does it")
{
  Book book = organizing();
  book.apply(message("REQUEST", {task(0, 1)}));
  Event delegates = reply(task(0, 2));
  delegates.attendees = {
      "PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:carol@example.com\":mailto:bob@example.com"};
  book.apply(message("REPLY", {delegates}), by("bob@example.com"));
  book.apply(
      message("REPLY", {progress(task(0, 3), "carol@example.com", "PERCENT-COMPLETE:70\r\n")}),
      by("carol@example.com"));
  CHECK(book.text("PERCENT-COMPLETE") == "70");
}

TEST_CASE("values of progress that are none are not taken")
{
  Book book = organizing();
  book.apply(message("REQUEST", {task(0, 1)}));
  book.apply(message("REPLY", {progress(task(0, 2), "bob@example.com",
                                        "PERCENT-COMPLETE:140\r\nSTATUS:CANCELLED\r\n")}),
             by("bob@example.com"));
  CHECK(book.text("PERCENT-COMPLETE").empty());
  CHECK(book.text("STATUS").empty());
}

TEST_CASE("what the owner did of another's task stays through updates")
{
  Book book;
  book.who = owner("bob@example.com");
  book.apply(message("REQUEST", {task(0, 1)}));
  ical::Component mine = book.stored->calendar;
  for (ical::Component& c : mine.components) {
    if (c.name != "VTODO") continue;
    c.set({"PERCENT-COMPLETE", {}, "30"});
    c.set({"STATUS", {}, "IN-PROCESS"});
  }
  book.stored = stored_object(ical::serialise(mine));
  Event renamed = task(0, 5);
  renamed.summary = "Write better minutes";
  book.apply(message("REQUEST", {renamed}));
  CHECK(book.text("SUMMARY") == "Write better minutes");
  CHECK(book.text("PERCENT-COMPLETE") == "30");
  CHECK(book.text("STATUS") == "IN-PROCESS");
}

TEST_CASE("a DUE that moves asks the attendees again, one that stays does not")
{
  for (const char* start : {"", ":20270104T100000Z"}) {
    Book book = organizing();
    Event e = task(0, 1);
    e.start = start;
    book.apply(message("REQUEST", {e}));
    book.apply(message("REPLY", {reply(e)}), by("bob@example.com"));
    Event same = e;
    same.sequence = 1;
    same.summary = "Other title";
    book.apply(message("REQUEST", {same}));
    CHECK(book.partstat("bob@example.com") == "ACCEPTED");
    Event moved = e;
    moved.sequence = 2;
    moved.end = ":20270107T110000Z";
    book.apply(message("REQUEST", {moved}));
    CHECK(book.partstat("bob@example.com") == "NEEDS-ACTION");
  }
}

TEST_CASE("an occurrence of a task with an answer of its own has its own DUE")
{
  Book book = organizing();
  Event weekly = task(0, 1);
  weekly.extra = "RRULE:FREQ=WEEKLY;COUNT=4\r\n";
  book.apply(message("REQUEST", {weekly}));
  Event answer = task(0, 2);
  answer.recurrence_id = ":20270111T100000Z";
  answer.start = ":20270111T100000Z";
  answer.end = ":20270111T110000Z";
  book.apply(message("REPLY", {progress(answer, "bob@example.com", "PERCENT-COMPLETE:20\r\n")}),
             by("bob@example.com"));
  CHECK(book.text("DUE", id) == "20270111T110000Z");
  CHECK(book.text("PERCENT-COMPLETE", id) == "20");
  CHECK(book.text("PERCENT-COMPLETE").empty());
}

TEST_CASE("a task may be added to a series of tasks, and countered")
{
  Book book = organizing();
  Event weekly = task(0, 1);
  weekly.extra = "RRULE:FREQ=WEEKLY;COUNT=4\r\n";
  book.apply(message("REQUEST", {weekly}));
  Event more = task(1, 2);
  more.start = ":20270113T090000Z";
  more.end = ":20270113T100000Z";
  book.apply(message("ADD", {more}));
  CHECK(book.text("RDATE") == "20270113T090000Z");
  Event counter = task(0, 3);
  counter.end = ":20270104T150000Z";
  const Plan p = book.plan(message("COUNTER", {counter}), by("bob@example.com"));
  REQUIRE(p.proposal.size() == 1);
  CHECK(p.proposal.front().property == "DUE");
  CHECK(p.offers.size() == 2);
}

TEST_CASE("an event and a task of one UID are not mixed, not even after the owner deleted it")
{
  Book book;
  book.who = owner("bob@example.com");
  book.apply(message("REQUEST", {task(0, 1)}));
  Event e = rev(1, 2);
  const auto refused = [&] {
    for (const Objection& o :
         authorize(message("REQUEST", {e}), book.file(), book.facts, book.who, {}, now())) {
      if (o.refuses && o.reason.code == Code::ComponentMismatch) return true;
    }
    return false;
  };
  CHECK(refused());
  book.stored.reset();
  CHECK(refused());
}

TEST_CASE("a journal is published, added to and cancelled by its organizer, without attendees")
{
  Book book;
  CHECK(book.apply(message("PUBLISH", {journal(0, 1)})).outcome == Outcome::Added);
  CHECK(book.component()->name == "VJOURNAL");
  Event more = journal(1, 2);
  more.start = ":20270105T100000Z";
  more.summary = "Second day";
  const Message add = message("ADD", {more});
  CHECK(authorize(add, book.file(), book.facts, book.who, {}, now()).empty());
  CHECK(book.apply(add).outcome == Outcome::Updated);
  CHECK(book.text("SUMMARY", "20270105T100000Z") == "Second day");
  const Message cancel = message("CANCEL", {journal(2, 3)});
  CHECK(authorize(cancel, book.file(), book.facts, book.who, {}, now()).empty());
  CHECK(book.apply(cancel).outcome == Outcome::Cancelled);
  CHECK(book.text("STATUS") == "CANCELLED");
}

TEST_CASE("the CANCEL of a journal that is not here waits; what is added to it is shown alone")
{
  Book book;
  const Message cancel = message("CANCEL", {journal(1, 2)});
  CHECK(authorize(cancel, book.file(), book.facts, book.who, {}, now()).empty());
  const Plan waits = plan_message(cancel, {Speaker::Class::Organizer, address("boss@example.com"), {}}, book.file(),
                                  book.facts, book.who, {}, now());
  CHECK(waits.outcome == Outcome::Held);
  CHECK(waits.offers.empty());
  const Plan p = book.apply(message("ADD", {journal(1, 2)}));
  CHECK(p.outcome == Outcome::Added);
  CHECK(p.offers.empty());
  CHECK(book.text("SUMMARY", "20270104T100000Z") == "Log");
}

TEST_CASE("what a reply says of a task beyond RFC 5545's bounds is left out, and told")
{
  Book book = organizing();
  book.apply(message("REQUEST", {task(0, 1)}));
  const auto told = [&](const char* line) {
    const Event e = progress(task(0, 2), "bob@example.com", cat(line, "\r\n"));
    const Reading r = reading(calendar_text("REPLY", {e}), "REPLY");
    REQUIRE(r.message);
    const Plan p = book.plan(*r.message, by("bob@example.com"));
    CHECK(p.outcome == Outcome::Answered);
    for (const Change& c : p.changes) CHECK(c.property == "ATTENDEE");
    std::string out;
    for (const Reason& n : r.notices) out += n.text;
    return out;
  };
  CHECK(told("PERCENT-COMPLETE:250") ==
        "PERCENT-COMPLETE:250 is not from 0 to 100 (RFC 5545 section 3.8.1.8); it is left out");
  CHECK(told("PERCENT-COMPLETE:-1").find("from 0 to 100") != std::string::npos);
  CHECK(told("PRIORITY:10").find("from 0 to 9") != std::string::npos);
  CHECK(told("COMPLETED:20270105T100000").find("no UTC time") != std::string::npos);
  CHECK(told("COMPLETED:soon").find("not valid") != std::string::npos);
  CHECK(told("PRIORITY:9").empty());
}

}  // namespace imip::itip::test
