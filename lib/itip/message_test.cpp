// What is tolerated and what is refused (itip.md): one test per line of the two lists.
#include "itip/message.hpp"

#include <catch2/catch.hpp>

#include "itip/detail/test_events.hpp"

namespace imip::itip::test {

namespace {

/// Exactly this one refusal.
void check_refused(const std::string& text, Code code, std::string_view method = "REQUEST",
                   const std::optional<std::string>& component = {})
{
  const Reading r = reading(text, method, component);
  INFO(text);
  CHECK_FALSE(r.message);
  REQUIRE_FALSE(r.refusals.empty());
  CHECK(code_word(r.refusals.front().code) == code_word(code));
  for (const Reason& reason : r.refusals) {
    CHECK_FALSE(reason.text.empty());
    CHECK_FALSE(reason.text.ends_with('.'));
  }
}

void check_tolerated(const std::string& text, std::string_view method = "REQUEST")
{
  const Reading r = reading(text, method);
  INFO(text);
  for (const Reason& reason : r.refusals) UNSCOPED_INFO(reason.text);
  REQUIRE(r.message);
  CHECK(has_code(r.notices, Code::Tolerated));
}

std::string request(const Event& e)
{
  return calendar_text("REQUEST", {e});
}

std::string with(std::string text, std::string_view from, std::string_view to)
{
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a plain REQUEST is read without a notice")
{
  const Reading r = reading(request({}));
  REQUIRE(r.message);
  CHECK(r.notices.empty());
  CHECK(r.refusals.empty());
  const Message& m = *r.message;
  CHECK(m.method == Method::Request);
  CHECK(m.kind == Kind::Event);
  CHECK(m.uid == "meeting-1@example.com");
  REQUIRE(m.organizer);
  CHECK(m.organizer->address.mailbox() == "boss@example.com");
  REQUIRE(m.components.size() == 1);
  CHECK(m.components[0].scope.key() == "series");
  CHECK(m.components[0].revision == Revision{0, at("20261101T080000Z")});
  CHECK(m.components[0].attendees.size() == 2);
}

TEST_CASE("method and kind words")
{
  CHECK(method_word(Method::DeclineCounter) == "DECLINECOUNTER");
  CHECK(method_from_word("declinecounter") == Method::DeclineCounter);
  CHECK(method_from_word("") == Method::None);
  CHECK(method_from_word("REQUESTS") == Method::None);
  CHECK(is_organizer_method(Method::Cancel));
  CHECK_FALSE(is_organizer_method(Method::Reply));
  CHECK_FALSE(is_organizer_method(Method::None));
  CHECK(kind_word(Kind::FreeBusy) == "VFREEBUSY");
}

TEST_CASE("RECURRENCE-IDs that name one instant have one key")
{
  Event zoned;
  zoned.recurrence_id = ";TZID=Europe/Berlin:20270104T110000";
  Event utc;
  utc.recurrence_id = ":20270104T100000Z";
  CHECK(message("REQUEST", {zoned}).components[0].scope.key() == "instance:20270104T100000Z");
  CHECK(message("REQUEST", {utc}).components[0].scope.key() == "instance:20270104T100000Z");
  Event date;
  date.start = ";VALUE=DATE:20270104";
  date.end = ";VALUE=DATE:20270105";
  date.recurrence_id = ";VALUE=DATE:20270104";
  CHECK(message("REQUEST", {date}).components[0].scope.key() == "instance:20270104");
  Event range;
  range.recurrence_id = ";RANGE=THISANDFUTURE:20270104T100000Z";
  CHECK(message("REQUEST", {range}).components[0].scope.key() == "range:20270104T100000Z");
}

TEST_CASE("METHOD absent, twice, other than the parameter, or unknown is refused")
{
  check_refused(calendar_text("", {{}}), Code::MethodMissing);
  check_refused(with(request({}), "METHOD:REQUEST\r\n", "METHOD:REQUEST\r\nMETHOD:CANCEL\r\n"),
                Code::DuplicateProperty);
  check_refused(request({}), Code::MethodMismatch, "CANCEL");
  check_refused(request({}), Code::MethodMissing, "");
  check_refused(calendar_text("FROBNICATE", {{}}), Code::MethodUnsupported, "FROBNICATE");
}

TEST_CASE("each pair of RFC 5546 sections 3.2, 3.4 and 3.5 is read, and no other")
{
  for (const char* kind : {"VEVENT", "VTODO", "VJOURNAL"}) {
    for (const char* method :
         {"PUBLISH", "REQUEST", "REPLY", "ADD", "CANCEL", "REFRESH", "COUNTER", "DECLINECOUNTER"}) {
      const std::string m = method;
      const bool journal = std::string_view(kind) == "VJOURNAL";
      const bool exists = !journal || m == "PUBLISH" || m == "ADD" || m == "CANCEL";
      Event e;
      e.kind = kind;
      if (journal) e.end = "";
      const Reading r = reading(calendar_text(method, {e}), method);
      INFO(method << " of " << kind);
      CHECK(r.message.has_value() == exists);
      if (!exists) CHECK(has_code(r.refusals, Code::MethodUnsupported));
    }
  }
}

TEST_CASE("a VFREEBUSY is published, asked for, and told")
{
  Event e;
  e.kind = "VFREEBUSY";
  for (const char* method : {"PUBLISH", "REQUEST", "REPLY"}) {
    INFO(method);
    CHECK(reading(calendar_text(method, {e}), method).message);
  }
  for (const char* method : {"ADD", "CANCEL", "REFRESH", "COUNTER", "DECLINECOUNTER"}) {
    check_refused(calendar_text(method, {e}), Code::MethodUnsupported, method);
  }
}

TEST_CASE("other kinds than announced and mixed ones are refused")
{
  check_refused(request({}), Code::ComponentMismatch, "REQUEST", "VTODO");
  CHECK(reading(request({}), "REQUEST", "vevent").message);
  const std::string both =
      with(request({}), "BEGIN:VEVENT",
           "BEGIN:VTODO\r\nUID:meeting-1@example.com\r\nDTSTAMP:20261101T080000Z\r\nEND:VTODO\r\n"
           "BEGIN:VEVENT");
  check_refused(both, Code::MixedComponents);
  check_refused("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n",
                Code::BadCalendar);
}

TEST_CASE("no UID, a UID with control characters, and several UIDs are refused")
{
  Event e;
  e.uid = "";
  check_refused(request(e), Code::NoUid);
  for (const char* uid : {"a\\nb",
                          "a\xc2\x9b"
                          "31mb"}) {
    e.uid = uid;
    check_refused(request(e), Code::NoUid);
  }
  Event other;
  other.uid = "meeting-2@example.com";
  check_refused(calendar_text("REQUEST", {{}, other}), Code::MixedComponents);
}

TEST_CASE("an organizer's method without a valid ORGANIZER is refused")
{
  Event e;
  e.organizer = "";
  for (const char* method : {"REQUEST", "CANCEL", "PUBLISH"}) {
    check_refused(calendar_text(method, {e}), Code::NoOrganizer, method);
  }
  e.organizer = "mailto:a@example.com?subject=x";
  check_refused(request(e), Code::NoOrganizer);
  e.organizer = "mailto:a@example.com,b@example.com";
  check_refused(request(e), Code::NoOrganizer);
}

TEST_CASE("two organizers are refused")
{
  check_refused(with(request({}), "ORGANIZER:", "ORGANIZER:mailto:eve@example.com\r\nORGANIZER:"),
                Code::DuplicateProperty);
  Event other;
  other.recurrence_id = ":20270104T100000Z";
  other.organizer = "mailto:eve@example.com";
  check_refused(calendar_text("REQUEST", {{}, other}), Code::MixedComponents);
}

TEST_CASE("a REQUEST without DTSTART is refused, a CANCEL without it is not")
{
  Event e;
  e.start = "";
  e.end = "";
  check_refused(request(e), Code::NoStart);
  CHECK(reading(calendar_text("CANCEL", {e}), "CANCEL").message);
}

TEST_CASE("a REPLY, REFRESH or COUNTER in which nobody speaks is refused")
{
  for (const char* method : {"REPLY", "REFRESH", "COUNTER"}) {
    Event e;
    e.attendees.clear();
    check_refused(calendar_text(method, {e}), Code::NoSpeaker, method);
    e.attendees = {"mailto:not an address"};
    check_refused(calendar_text(method, {e}), Code::NoSpeaker, method);
  }
}

TEST_CASE("of several answers in one REPLY a bad one is left out, not all of them")
{
  Event good;
  good.recurrence_id = ":20270104T100000Z";
  Event bad = good;
  bad.recurrence_id = ":20270111T100000Z";
  bad.dtstamp = "20270111T100000Z";
  const Reading r = reading(calendar_text("REPLY", {bad, good}), "REPLY");
  REQUIRE(r.message);
  REQUIRE(r.message->components.size() == 1);
  CHECK(r.message->components.front().scope.key() == "instance:20270104T100000Z");
  CHECK(has_code(r.notices, Code::DtstampInFuture));
  CHECK_FALSE(reading(calendar_text("REPLY", {bad}), "REPLY").message);
}

TEST_CASE("a task or a journal without DTSTART is tolerated, but for an ADD without any time")
{
  Event task;
  task.kind = "VTODO";
  task.start = "";
  check_tolerated(calendar_text("REQUEST", {task}));
  CHECK(reading(calendar_text("COUNTER", {task}), "COUNTER").message);
  const Reading added = reading(calendar_text("ADD", {task}), "ADD");
  REQUIRE(added.message);
  CHECK(added.message->components.front().scope.key() == "instance:20270104T110000Z");
  task.end = "";
  check_refused(calendar_text("ADD", {task}), Code::NoStart, "ADD");
  Event entry;
  entry.kind = "VJOURNAL";
  entry.start = entry.end = "";
  check_tolerated(calendar_text("PUBLISH", {entry}), "PUBLISH");
  check_refused(calendar_text("ADD", {entry}), Code::NoStart, "ADD");
  Event event;
  event.start = event.end = "";
  for (const char* method : {"REQUEST", "ADD", "COUNTER", "PUBLISH"}) {
    check_refused(calendar_text(method, {event}), Code::NoStart, method);
  }
}

TEST_CASE("DUE of a task is its end")
{
  Event task;
  task.kind = "VTODO";
  task.end = ":20270104T093000Z";
  check_refused(calendar_text("REQUEST", {task}), Code::EndBeforeStart);
  task.end = ":20270104T110000Z";
  task.extra = "DURATION:PT3H\r\n";
  check_tolerated(calendar_text("REQUEST", {task}));
}

TEST_CASE("a PUBLISH of several UIDs and organizers is as many messages, each with its zones")
{
  Event one;
  one.start = ";TZID=Europe/Berlin:20270104T100000";
  one.end = ";TZID=Europe/Berlin:20270104T110000";
  Event two;
  two.uid = "meeting-2@example.com";
  two.organizer = "mailto:eve@example.com";
  Event bad = two;
  bad.uid = "meeting-3@example.com";
  bad.start = "";
  const std::string zone = ical::serialise(*ical::vtimezone("Europe/Berlin"));
  const auto parsed_text = parsed(calendar_text("PUBLISH", {one, two, bad}, zone));
  const auto all = read_messages(parsed_text, "PUBLISH", {}, now());
  REQUIRE(all.size() == 3);
  REQUIRE(all[0].message);
  REQUIRE(all[1].message);
  CHECK(all[0].message->uid == "meeting-1@example.com");
  CHECK(all[0].message->timezones.size() == 1);
  CHECK(all[1].message->organizer->address.mailbox() == "eve@example.com");
  CHECK(all[1].message->timezones.empty());
  CHECK(has_code(all[2].refusals, Code::NoStart));
  const auto request_text = parsed(calendar_text("REQUEST", {one, two}));
  const auto refused = read_messages(request_text, "REQUEST", {}, now());
  REQUIRE(refused.size() == 1);
  CHECK(has_code(refused.front().refusals, Code::MixedComponents));
}

TEST_CASE("a PUBLISH of more UIDs than can be judged at once is refused")
{
  std::vector<Event> many(501);
  for (std::size_t i = 0; i < many.size(); ++i) many[i].uid = cat("m-", i, "@example.com");
  const auto all = read_messages(parsed(calendar_text("PUBLISH", many)), "PUBLISH", {}, now());
  REQUIRE(all.size() == 1);
  CHECK(has_code(all.front().refusals, Code::LimitExceeded));
}

TEST_CASE("properties that may occur once are refused twice")
{
  for (const char* line : {"UID:other@example.com", "DTSTAMP:20261102T080000Z", "SEQUENCE:3",
                           "DTSTART:20270105T100000Z", "DTEND:20270106T100000Z", "SUMMARY:Other"}) {
    Event e;
    e.extra = cat(line, "\r\n");
    check_refused(request(e), Code::DuplicateProperty);
  }
}

TEST_CASE("two components for one occurrence are refused")
{
  check_refused(calendar_text("REQUEST", {{}, {}}), Code::MixedComponents);
  Event a;
  a.recurrence_id = ":20270104T100000Z";
  Event b;
  b.recurrence_id = ";TZID=Europe/Berlin:20270104T110000";
  check_refused(calendar_text("REQUEST", {a, b}), Code::MixedComponents);
}

TEST_CASE("DTSTAMP more than a day ahead is refused, more than five minutes is told")
{
  Event e;
  e.dtstamp = "20261201T120001Z";
  check_refused(request(e), Code::DtstampInFuture);
  e.dtstamp = "20261201T115959Z";
  check_tolerated(request(e));
  e.dtstamp = "20261130T120400Z";
  CHECK(reading(request(e)).notices.empty());
}

TEST_CASE("an end before the start is refused")
{
  Event e;
  e.end = ":20270104T093000Z";
  check_refused(request(e), Code::EndBeforeStart);
  e.end = ";VALUE=DATE:20270105";
  check_refused(request(e), Code::BadCalendar);
}

TEST_CASE("a SEQUENCE that is no number in range is refused")
{
  for (const char* value : {"-1", "99999999999", "2147483648"}) {
    const std::string text = with(request({}), "SEQUENCE:0", cat("SEQUENCE:", value));
    const auto p = ical::parse(text, Limits{});
    if (!p) continue;  // the parser may say no first
    const Reading r = read_message(*p, "REQUEST", {}, now());
    CHECK_FALSE(r.message);
    CHECK(has_code(r.refusals, Code::BadCalendar));
  }
}

TEST_CASE("an unknown zone, a bad rule, and one beyond the limit are refused")
{
  Event e;
  e.start = ";TZID=Atlantis/Capital:20270104T100000";
  e.end = "";
  check_refused(request(e), Code::BadCalendar);
  Event rule;
  rule.extra = "RRULE:FREQ=WEEKLY;COUNT=3;UNTIL=20270201T000000Z\r\n";
  check_refused(request(rule), Code::BadCalendar);
  rule.extra = "RRULE:FREQ=SECONDLY\r\n";
  check_refused(request(rule), Code::RecurrenceLimit);
}

TEST_CASE("what the parser calls fatal is refused")
{
  ical::Parsed p = parsed(request({}));
  p.findings.push_back({true, "VEVENT", "DTSTART", "does not parse"});
  const Reading r = read_message(p, "REQUEST", {}, now());
  CHECK_FALSE(r.message);
  CHECK(has_code(r.refusals, Code::BadCalendar));
}

TEST_CASE("missing PRODID, SUMMARY, DTSTAMP, and a lower-case METHOD are tolerated")
{
  check_tolerated(with(request({}), "PRODID:-//test//test//EN\r\n", ""));
  Event e;
  e.summary = "";
  check_tolerated(request(e));
  Event stamp;
  stamp.dtstamp = "";
  check_tolerated(request(stamp));
  CHECK(reading(request(stamp)).message->components[0].revision.dtstamp == UtcSeconds{});
  check_tolerated(with(request({}), "METHOD:REQUEST", "METHOD:request"));
}

TEST_CASE("a REQUEST without ATTENDEE is tolerated")
{
  Event e;
  e.attendees.clear();
  check_tolerated(request(e));
}

TEST_CASE("addresses without mailto: or with MAILTO: are tolerated")
{
  Event e;
  e.organizer = "boss@example.com";
  check_tolerated(request(e));
  CHECK(reading(request(e)).message->organizer->address.mailbox() == "boss@example.com");
  e.organizer = "MAILTO:boss@example.com";
  check_tolerated(request(e));
}

TEST_CASE("overrides without ORGANIZER and ATTENDEE have those of the series")
{
  Event series;
  series.extra = "RRULE:FREQ=WEEKLY\r\n";
  Event o;
  o.recurrence_id = ":20270111T100000Z";
  o.start = ":20270111T120000Z";
  o.end = ":20270111T130000Z";
  o.organizer = "";
  o.attendees.clear();
  const Reading r = reading(calendar_text("REQUEST", {series, o}));
  REQUIRE(r.message);
  CHECK(has_code(r.notices, Code::Tolerated));
  CHECK(r.message->components[1].organizer->address.mailbox() == "boss@example.com");
  CHECK(r.message->components[1].attendees.size() == 2);
}

TEST_CASE("DTEND beside DURATION, floating DTSTAMP, RSVP=YES are tolerated")
{
  Event e;
  e.extra = "DURATION:PT3H\r\n";
  check_tolerated(request(e));
  Event stamp;
  stamp.dtstamp = "20261101T080000";
  check_tolerated(request(stamp));
  CHECK(reading(request(stamp)).message->components[0].revision.dtstamp == at("20261101T080000Z"));
  Event rsvp;
  rsvp.attendees = {"RSVP=YES:mailto:alice@example.com"};
  check_tolerated(request(rsvp));
}

TEST_CASE("THISANDFUTURE without RANGE, and a VALARM in a reply, are tolerated")
{
  Event e;
  e.recurrence_id = ";THISANDFUTURE=:20270104T100000Z";
  check_tolerated(request(e));
  CHECK(reading(request(e)).message->components[0].scope.key() == "range:20270104T100000Z");
  Event answer;
  answer.attendees = {"PARTSTAT=ACCEPTED:mailto:bob@example.com"};
  answer.extra =
      "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n";
  check_tolerated(calendar_text("REPLY", {answer}), "REPLY");
}

TEST_CASE("what another program could not read (X-LIC-ERROR) is refused")
{
  Event e;
  e.extra = "X-LIC-ERROR;X-LIC-ERRORTYPE=VALUE-PARSE-ERROR:No value for RRULE property\r\n";
  check_refused(request(e), Code::BadCalendar);
}

TEST_CASE("a REPLY that lists all attendees is tolerated")
{
  check_tolerated(calendar_text("REPLY", {{}}), "REPLY");
}

TEST_CASE("Exchange UIDs are one in either case; others are not")
{
  const std::string hex = "040000008200E00074C5B7101A82E00800000000abcdef";
  Event e;
  e.uid = hex;
  const Reading r = reading(request(e));
  REQUIRE(r.message);
  CHECK(r.message->uid == "040000008200E00074C5B7101A82E00800000000ABCDEF");
  Event other;
  other.uid = "AbC@example.com";
  CHECK(reading(request(other)).message->uid == "AbC@example.com");
}

TEST_CASE("Windows names of zones are known")
{
  Event e;
  e.start = ";TZID=W. Europe Standard Time:20270104T100000";
  e.end = ";TZID=W. Europe Standard Time:20270104T110000";
  CHECK(reading(request(e)).message);
}

TEST_CASE("attendees that overrides inherit are counted, however small the mail is")
{
  const auto calendar = [](int guests, int overrides) {
    const std::string common = "UID:m\r\nDTSTAMP:20261201T080000Z\r\nSUMMARY:x\r\n";
    std::string out = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nMETHOD:REQUEST\r\n"
                      "BEGIN:VEVENT\r\n" +
                      common +
                      "DTSTART:20270101T100000Z\r\nRRULE:FREQ=DAILY\r\n"
                      "ORGANIZER:mailto:boss@example.com\r\n";
    for (int i = 0; i < guests; ++i) out += cat("ATTENDEE:mailto:g", i, "@example.com\r\n");
    out += "END:VEVENT\r\n";
    for (int i = 0; i < overrides; ++i) {
      const std::string at = cat("20270", 1 + i / 25, 10 + i % 25 / 3, "T1", i % 3, "0000Z");
      out += cat("BEGIN:VEVENT\r\n", common, "RECURRENCE-ID:", at, "\r\nDTSTART:", at,
                 "\r\nEND:VEVENT\r\n");
    }
    return out + "END:VCALENDAR\r\n";
  };
  CHECK(reading(calendar(400, 99)).message);
  CHECK(has_code(reading(calendar(401, 99)).refusals, Code::LimitExceeded));
  CHECK(reading(calendar(40'000, 0)).message);
  CHECK(has_code(reading(calendar(40'001, 0)).refusals, Code::LimitExceeded));
}

TEST_CASE("a hundred oddities are told, and how many more there are; each is cut where it quotes too much")
{
  Event e;
  for (int i = 0; i < 150; ++i) e.extra += cat("ATTENDEE:", std::string(2'000, 'x'), "\r\n");
  const Reading r = reading(request(e));
  REQUIRE(r.message);
  REQUIRE(r.notices.size() > 100);
  CHECK(r.notices.size() < 110);
  CHECK(r.notices.back().text.ends_with(" more oddities"));
  for (const Reason& reason : r.notices) CHECK(reason.text.size() < 1'100);
}

TEST_CASE("what the messages of a PUBLISH share, and the zones of overrides, are counted as often as they are used")
{
  std::vector<Event> many(400);
  for (std::size_t i = 0; i < many.size(); ++i) many[i].uid = cat("m-", i, "@example.com");
  std::string shared;
  for (int i = 0; i < 300; ++i) shared += "X-A:b\r\n";
  const auto all = read_messages(parsed(calendar_text("PUBLISH", many, shared)), "PUBLISH", {}, now());
  REQUIRE(all.size() == 1);
  CHECK(has_code(all.front().refusals, Code::LimitExceeded));

  std::string zone = ical::serialise(*ical::vtimezone("Europe/Berlin"));
  zone.insert(zone.find("BEGIN:STANDARD"), cat("X-NOTE:", std::string(100'000, 'x'), "\r\n"));
  std::vector<Event> overrides(100);
  for (std::size_t i = 0; i < overrides.size(); ++i) {
    const std::string at = cat(";TZID=Europe/Berlin:2027", 1 + i / 27 < 10 ? "0" : "", 1 + i / 27, 1 + i % 27 < 10 ? "0" : "",
                               1 + i % 27, "T100000");
    overrides[i].start = at;
    overrides[i].end = "";
    overrides[i].extra = cat("RECURRENCE-ID", at, "\r\n");
  }
  CHECK(has_code(reading(calendar_text("REQUEST", overrides, zone)).refusals, Code::LimitExceeded));
  overrides.resize(50);
  CHECK(reading(calendar_text("REQUEST", overrides, zone)).message);
}

}  // namespace imip::itip::test
