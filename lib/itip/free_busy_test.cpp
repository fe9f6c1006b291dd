// VFREEBUSY: what is read, what is kept, who may ask, and what is answered (RFC 5546 section 3.3).
#include "itip/free_busy.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "itip/detail/test_events.hpp"

namespace imip::itip::test {

namespace {

Event told_by(std::string mailbox, std::string extra, std::string dtstamp = "20261101T080000Z")
{
  Event e = busy(std::move(extra));
  e.organizer = "mailto:alice@example.com";
  e.attendees = {cat("mailto:", mailbox)};
  e.dtstamp = std::move(dtstamp);
  return e;
}

Event published(std::string extra, std::string dtstamp = "20261101T080000Z")
{
  Event e = busy(std::move(extra));
  e.attendees.clear();
  e.dtstamp = std::move(dtstamp);
  return e;
}

std::string text(const std::vector<BusyPeriod>& periods)
{
  std::string out;
  for (const BusyPeriod& p : periods)
    out += cat(out.empty() ? "" : " ", to_ical_utc(p.when.from).substr(6, 7), "-",
               to_ical_utc(p.when.to).substr(6, 7), p.type == "BUSY" ? "" : cat("/", p.type));
  return out;
}

std::string periods(const std::string& lines)
{
  const auto found = busy_periods(parsed(calendar_text("", {busy(lines)})).calendar.components[0]);
  return found ? text(*found) : found.error().what;
}

Reading read(std::string_view method, const Event& e)
{
  return reading(calendar_text(method, {e}), method);
}

bool refused(std::string_view method, const Event& e, Code code)
{
  const Reading r = read(method, e);
  return !r.message && has_code(r.refusals, code);
}

std::vector<Objection> objections(const Message& m, const Book& book)
{
  return authorize(m, book.file(), book.facts, book.who, Limits{}, now());
}

bool objects(const std::vector<Objection>& all, Code code, bool refuses)
{
  return std::any_of(all.begin(), all.end(), [&](const Objection& o) {
    return o.reason.code == code && o.refuses == refuses;
  });
}

Occurrence taken(int from, int to, bool tentative = false, bool unanswered = false)
{
  Occurrence o;
  o.start = at("20270104T000000Z") + std::chrono::hours(from);
  o.end = at("20270104T000000Z") + std::chrono::hours(to);
  o.tentative = tentative;
  o.unanswered = unanswered;
  o.summary = "secret";
  return o;
}

const Window the_day{UtcSeconds(std::chrono::sys_days{std::chrono::year{2027} / 1 / 4}),
                     UtcSeconds(std::chrono::sys_days{std::chrono::year{2027} / 1 / 5})};

/// Alice, who was asked by boss.
Result<AnswerPlan> answer(const Message& m, BusyAnswer a = {}, const Owner& who = owner())
{
  return plan_busy_answer(m, Facts{}, who, a, now());
}

}  // namespace

TEST_CASE("periods are read in any order and form, sorted, and cut to the window")
{
  CHECK(periods("FREEBUSY:20270104T100000Z/PT1H\r\n") == "04T1000-04T1100");
  CHECK(periods("FREEBUSY;FBTYPE=busy-tentative:20270104T150000Z/20270104T160000Z,20270104T080000Z/PT30M\r\n"
                "FREEBUSY:20270104T090000Z/PT1H\r\n") ==
        "04T0800-04T0830/BUSY-TENTATIVE 04T0900-04T1000 04T1500-04T1600/BUSY-TENTATIVE");
  CHECK(periods("FREEBUSY:20270103T230000Z/PT2H,20270104T230000Z/PT2H,20280101T000000Z/PT1H\r\n") ==
        "04T0000-04T0100 04T2300-05T0000");
  CHECK(periods("FREEBUSY:20270104T100000Z/PT1H,20270104T100000Z/PT1H\r\n") == "04T1000-04T1100");
}

TEST_CASE("what is no period is an error, also where no parser looked before")
{
  const auto error = [](std::string value) {
    const auto found = busy_periods({"VFREEBUSY", {{"FREEBUSY", {}, std::move(value)}}, {}});
    return found ? std::string() : found.error().what;
  };
  CHECK(error("20270104T100000Z/20270104T090000Z").find("ends before") != std::string::npos);
  CHECK(error("20270104T100000Z").find("is no period") != std::string::npos);
  CHECK_FALSE(error("20270104T100000Z/tomorrow").empty());
  CHECK(error("20270104T100000Z/PT1H").empty());
}

TEST_CASE("a window is needed, and has a length")
{
  Event e = busy();
  e.start.clear();
  CHECK(refused("REQUEST", e, Code::NoStart));
  e = busy();
  e.end.clear();
  CHECK(refused("REQUEST", e, Code::NoStart));
  e.extra = "DURATION:P1D\r\n";
  CHECK(read("REQUEST", e).message);
  e = busy();
  e.end = ":20270103T000000Z";
  CHECK(refused("REQUEST", e, Code::EndBeforeStart));
  e.end = e.start;
  CHECK(refused("REQUEST", e, Code::EndBeforeStart));
  CHECK(refused("PUBLISH", published("FREEBUSY:tomorrow/PT1H\r\n"), Code::BadCalendar));
}

TEST_CASE("one VFREEBUSY in a REQUEST; several periods in a PUBLISH")
{
  const Reading two = reading(calendar_text("REQUEST", {busy(), busy()}), "REQUEST");
  CHECK(has_code(two.refusals, Code::MixedComponents));
  Event next = published("");
  next.start = ":20270105T000000Z";
  next.end = ":20270106T000000Z";
  CHECK(reading(calendar_text("PUBLISH", {published(""), next}), "PUBLISH").message);
  const std::vector<Event> many(101, published(""));
  CHECK(has_code(reading(calendar_text("PUBLISH", many), "PUBLISH").refusals, Code::LimitExceeded));
}

TEST_CASE("SEQUENCE means nothing in busy time, whatever it says")
{
  Event e = busy();
  e.sequence = 7;
  const Reading r = read("REQUEST", e);
  REQUIRE(r.message);
  CHECK(r.message->components[0].revision.sequence == 0);
  CHECK(has_code(r.notices, Code::Tolerated));
}

TEST_CASE("a hundred thousand periods are read in time that grows with their number")
{
  std::string lines;
  const UtcSeconds start = at("20270104T000000Z");
  for (int i = 0; i < 100'000; ++i) {
    if (i % 400 == 0) lines += i == 0 ? "FREEBUSY:" : "\r\nFREEBUSY:";
    lines += cat(i % 400 == 0 ? "" : ",", to_ical_utc(start + std::chrono::seconds((i * 7919) % 86'000)), "/PT1S");
  }
  const Reading r = read("PUBLISH", published(lines + "\r\n"));
  REQUIRE(r.message);
  const auto all = busy_periods(r.message->components[0].component);
  REQUIRE(all);
  CHECK(all->size() == 86'000);
}

TEST_CASE("who asks, and who publishes, is a question for the policy")
{
  const Book book;
  CHECK(objects(objections(message("REQUEST", {busy()}), book), Code::AnswerWanted, false));
  CHECK(objects(objections(message("PUBLISH", {published("")}), book), Code::AnswerWanted, false));
  Event others = busy();
  others.attendees = {"mailto:bob@example.com"};
  CHECK(objects(objections(message("REQUEST", {others}), book), Code::NotAddressed, false));
  Event old = busy();
  old.dtstamp = "20260101T000000Z";
  CHECK(objects(objections(message("REQUEST", {old}), book), Code::Stale, false));
  Event own = busy();
  own.organizer = "mailto:alice@example.com";
  CHECK(objections(message("REQUEST", {own}), book).empty());
}

TEST_CASE("an answer counts only to a question that is remembered, from whom it asked")
{
  Book book;
  const Message reply = message("REPLY", {told_by("bob@example.com", "")});
  CHECK(objects(objections(reply, book), Code::ReplyUnbound, false));
  Event question = busy();
  question.organizer = "mailto:alice@example.com";
  question.attendees = {"mailto:bob@example.com"};
  const Plan asked = book.apply(message("REQUEST", {question}), speaker("alice@example.com"));
  CHECK(asked.outcome == Outcome::Own);
  CHECK_FALSE(asked.octets);
  CHECK(objections(reply, book).empty());
  CHECK(objects(objections(message("REPLY", {told_by("eve@example.com", "")}), book),
                Code::PartyCrasher, false));
  Event strange = told_by("bob@example.com", "");
  strange.organizer = "mailto:boss@example.com";
  CHECK(objects(objections(message("REPLY", {strange}), book), Code::OrganizerMismatch, true));
}

TEST_CASE("a UID of an event is none of busy time, nor the other way round")
{
  Book book;
  book.apply(message("REQUEST", {Event{}}));
  CHECK(objects(objections(message("REQUEST", {busy()}), book), Code::ComponentMismatch, true));
  Book other;
  other.apply(message("PUBLISH", {published("")}));
  CHECK(objects(objections(message("REQUEST", {Event{}}), other), Code::ComponentMismatch, true));
}

TEST_CASE("of what one attendee answers the latest counts, in any order")
{
  const auto reply = [](std::string stamp, std::string lines) {
    return message("REPLY", {told_by("bob@example.com", std::move(lines), std::move(stamp))});
  };
  const Message early = reply("20261101T080000Z", "FREEBUSY:20270104T100000Z/PT1H\r\n");
  const Message late = reply("20261102T080000Z", "FREEBUSY:20270104T120000Z/PT1H\r\n");
  Book one, two;
  CHECK(one.apply(early, attendee("bob@example.com")).outcome == Outcome::Answered);
  CHECK(one.apply(early, attendee("bob@example.com")).outcome == Outcome::Duplicate);
  CHECK(one.apply(late, attendee("bob@example.com")).outcome == Outcome::Answered);
  CHECK(two.apply(late, attendee("bob@example.com")).outcome == Outcome::Answered);
  const Plan outdated = two.apply(early, attendee("bob@example.com"));
  CHECK(outdated.outcome == Outcome::Obsolete);
  CHECK(has_code(outdated.reasons, Code::ReplyOutdated));
  CHECK(one.facts == two.facts);
  CHECK_FALSE(one.stored);
}

TEST_CASE("published periods are kept apart, the latest of each")
{
  Event week = published("FREEBUSY:20270104T100000Z/PT1H\r\n");
  Event next = published("", "20261102T080000Z");
  next.start = ":20270105T000000Z";
  next.end = ":20270106T000000Z";
  Book book;
  CHECK(book.apply(message("PUBLISH", {week})).outcome == Outcome::Added);
  CHECK(book.apply(message("PUBLISH", {next})).outcome == Outcome::Added);
  CHECK(book.facts.rows().size() == 2);
  week.dtstamp = "20261103T080000Z";
  CHECK(book.apply(message("PUBLISH", {week})).outcome == Outcome::Updated);
  CHECK(book.facts.rows().size() == 2);
}

TEST_CASE("what each busy time said is kept apart, so that it can be taken out again")
{
  const Message week = message("PUBLISH", {published("FREEBUSY:20270104T100000Z/PT1H\r\n")});
  Book book;
  const Plan plan = book.apply(week);
  CHECK(plan.digest == message_digest(week));
  CHECK(plan.said == book.facts);
  CHECK(book.apply(week).said == plan.said);
  const auto told = answer(message("REQUEST", {busy()}));
  REQUIRE(told);
  CHECK(told->plan.found == told->plan.facts);
}

TEST_CASE("a failed answer is told")
{
  Book book;
  const Plan p = book.apply(
      message("REPLY", {told_by("bob@example.com", "REQUEST-STATUS:3.8;No authority\r\n")}),
      attendee("bob@example.com"));
  CHECK(has_code(p.reasons, Code::RequestStatus));
}

TEST_CASE("merged: what overlaps or touches is one, BUSY goes before tentative, in the window")
{
  const auto merged = [](std::vector<Occurrence> all, Unanswered u = Unanswered::Tentative) {
    return text(merged_busy(all, the_day, u));
  };
  CHECK(merged({taken(9, 10), taken(10, 11), taken(12, 14), taken(13, 15)}) ==
        "04T0900-04T1100 04T1200-04T1500");
  CHECK(merged({taken(-5, 2), taken(23, 30)}) == "04T0000-04T0200 04T2300-05T0000");
  CHECK(merged({taken(9, 12, true), taken(10, 11)}) ==
        "04T0900-04T1000/BUSY-TENTATIVE 04T1000-04T1100 04T1100-04T1200/BUSY-TENTATIVE");
  CHECK(merged({taken(9, 10, true), taken(8, 12)}) == "04T0800-04T1200");
  CHECK(merged({taken(9, 10, false, true)}) == "04T0900-04T1000/BUSY-TENTATIVE");
  CHECK(merged({taken(9, 10, false, true)}, Unanswered::Busy) == "04T0900-04T1000");
  CHECK(merged({taken(9, 10, true, true)}, Unanswered::Busy) == "04T0900-04T1000/BUSY-TENTATIVE");
  CHECK(merged({taken(9, 10, false, true)}, Unanswered::Free).empty());
}

TEST_CASE("merged: minute by minute the same as all events one by one")
{
  std::mt19937 random(33);
  for (int round = 0; round < 200; ++round) {
    std::vector<Occurrence> all;
    for (unsigned i = 0; i < random() % 30; ++i) {
      const int from = static_cast<int>(random() % 30) - 3;
      all.push_back(taken(from, from + 1 + static_cast<int>(random() % 5), random() % 2 == 0));
    }
    const auto merged = merged_busy(all, the_day, Unanswered::Tentative);
    for (std::size_t i = 1; i < merged.size(); ++i)
      REQUIRE(merged[i - 1].when.to <= merged[i].when.from);
    for (int hour = 0; hour < 24; ++hour) {
      const UtcSeconds t = the_day.from + std::chrono::hours(hour) + std::chrono::minutes(30);
      const auto covers = [&](UtcSeconds from, UtcSeconds to) { return from <= t && t < to; };
      std::string naive, given;
      for (const Occurrence& o : all)
        if (covers(o.start, o.end) && naive != "BUSY") naive = o.tentative ? "BUSY-TENTATIVE" : "BUSY";
      for (const BusyPeriod& p : merged)
        if (covers(p.when.from, p.when.to)) given = p.type;
      REQUIRE(given == naive);
    }
  }
}

TEST_CASE("a long window is answered from now on, and never for more than it asks")
{
  const Window ages{at("10000101T000000Z"), at("20000101T000000Z")};
  const Window last = answered_window(ages, now());
  CHECK(last.to == ages.to);
  const Window from_now = answered_window({at("10000101T000000Z"), at("30000101T000000Z")}, now());
  CHECK(from_now.from == now());
  CHECK(from_now.to - from_now.from == std::chrono::days(answered_days));
  CHECK(answered_window(the_day, now()).from == the_day.from);
}

TEST_CASE("the answer: UTC, one ATTENDEE, no SEQUENCE, no title; imip itself reads it")
{
  Event question = busy("X-SECRET:1\r\nCOMMENT:why\r\n");
  question.organizer = "mailto:boss@example.com";
  const Message m = message("REQUEST", {question});
  BusyAnswer a;
  a.periods = merged_busy({taken(9, 10), taken(11, 12, true)}, the_day, Unanswered::Tentative);
  const auto planned = answer(m, a);
  REQUIRE(planned);
  const std::string out = ical::serialise(planned->reply);
  INFO(out);
  CHECK(out.find("FREEBUSY;FBTYPE=BUSY:20270104T090000Z/20270104T100000Z") != std::string::npos);
  CHECK(out.find("FREEBUSY;FBTYPE=BUSY-TENTATIVE:20270104T110000Z/20270104T120000Z") !=
        std::string::npos);
  for (const char* none : {"SEQUENCE", "secret", "SUMMARY", "X-SECRET", "COMMENT", "bob@"})
    CHECK(out.find(none) == std::string::npos);
  const Reading r = reading(out, "REPLY");
  REQUIRE(r.message);
  CHECK(r.notices.empty());
  CHECK(planned->to.mailbox() == "boss@example.com");
  CHECK(planned->from.mailbox() == "alice@example.com");
  CHECK(planned->plan.facts_changed);
}

TEST_CASE("no answer for somebody else, to oneself, or where there is too much")
{
  const Message m = message("REQUEST", {busy()});
  CHECK(answer(m, {}, owner("carol@example.com")).error().code == Errc::Refused);
  Event own = busy();
  own.organizer = "mailto:alice@example.com";
  CHECK(answer(message("REQUEST", {own})).error().code == Errc::Refused);
  BusyAnswer a;
  a.periods.resize(most_busy_periods + 1);
  CHECK(answer(m, a).error().code == Errc::TooLarge);
  Owner by_group = owner("carol@example.com");
  by_group.groups.push_back(address("alice@example.com"));
  const auto grouped = answer(m, {}, by_group);
  REQUIRE(grouped);
  CHECK(ical::serialise(grouped->reply).find("MEMBER") != std::string::npos);
}

TEST_CASE("declined: no authority, and no busy time")
{
  BusyAnswer a;
  a.refuse = true;
  a.comment = "ask my assistant";
  const auto planned = answer(message("REQUEST", {busy()}), a);
  REQUIRE(planned);
  const std::string out = ical::serialise(planned->reply);
  CHECK(out.find("REQUEST-STATUS:3.8;No authority") != std::string::npos);
  CHECK(out.find("COMMENT:ask my assistant") != std::string::npos);
  CHECK(out.find("FREEBUSY:") == std::string::npos);
}

}  // namespace imip::itip::test
