// A series whose parts invite other people than the series: who is told what, by one message to all
// of it.
#include <catch2/catch.hpp>
#include <random>

#include "itip/detail/test_events.hpp"
#include "itip/detail/test_trip.hpp"

using namespace imip;
using namespace imip::itip;
using namespace imip::itip::test;

namespace {

std::string event(std::string_view head, std::string_view date, int hour, std::string_view who,
                  std::string_view title, int sequence)
{
  return cat("BEGIN:VEVENT\r\nUID:w1\r\nDTSTAMP:20260101T000000Z\r\nSEQUENCE:", sequence, "\r\n",
             head, "DTSTART:", date, "T", hour, "0000Z\r\nDURATION:PT1H\r\nSUMMARY:", title,
             "\r\nORGANIZER:mailto:boss@example.com\r\n", invited(who), "END:VEVENT\r\n");
}

std::string weekly(std::string_view who, int sequence = 0)
{
  return event("RRULE:FREQ=WEEKLY;COUNT=6\r\n", "20270104", 10, who, "Weekly", sequence);
}

// "0118 12 abc" is the occurrence of 18 January at twelve, with alice, bob and carol; "0118+" from
// then on.
std::string piece(std::string_view day, int hour, std::string_view who,
                  std::string_view title = "Other", int sequence = 0)
{
  const std::string date = cat("2027", day.substr(0, 4));
  return event(cat("RECURRENCE-ID", day.ends_with('+') ? ";RANGE=THISANDFUTURE" : "", ":", date,
                   "T100000Z\r\n"),
               date, hour, who, title, sequence);
}

ical::Component calendar(std::string_view components)
{
  return parsed(
             cat("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n", components, "END:VCALENDAR\r\n"))
      .calendar;
}

// "CANCEL bob: 0111/1; REQUEST alice: series/0 0111/0"
std::string words(const std::vector<ChangeMessage>& messages)
{
  std::string out;
  for (const ChangeMessage& m : messages) {
    std::string to;
    for (const Party& p : m.to) to += cat(to.empty() ? "" : ",", p.address.local());
    out += cat(out.empty() ? "" : "; ", method_word(m.method), ' ', to, ':');
    for (const ical::Component& c : m.calendar.components) {
      const ical::Property* id = c.find("RECURRENCE-ID");
      out += id == nullptr ? " series" : cat(' ', id->value.substr(4, 4));
      if (id != nullptr && id->parameter("RANGE") != nullptr) out += '+';
      out += cat('/', c.text("SEQUENCE"));
      if (c.value("STATUS") != nullptr) out += cat('/', c.text("STATUS"));
    }
  }
  return out;
}

std::vector<ChangeMessage> invite(const ical::Component& base,
                                  UtcSeconds when = at("20261101T080000Z"))
{
  BuildSpec spec;
  spec.method = Method::Request;
  const auto request = build_object(spec, &base, when);
  if (!request) FAIL(request.error().what);
  const auto made = invitations(*request, {}, when, Limits{});
  if (!made) FAIL(made.error().what);
  return *made;
}

std::string invited_by(const std::string& components)
{
  return words(invite(calendar(components)));
}

// What `imip build cancel` sends.
std::vector<ChangeMessage> cancelled(const BuildSpec& given, const ical::Component& base,
                                     UtcSeconds when = at("20261102T080000Z"))
{
  BuildSpec spec = given;
  spec.method = Method::Cancel;
  auto guests = cancel_guests(spec, base, when, Limits{});
  if (!guests) FAIL(guests.error().what);
  std::vector<ChangeMessage> out;
  if (guests->rest) {
    const auto all = build_object(*guests->rest, &base, when);
    if (!all) FAIL(all.error().what);
    out.push_back({Method::Cancel, *all, recipients(*all), {}});
  }
  for (ChangeMessage& m : guests->messages) out.push_back(std::move(m));
  return out;
}

std::string cancelled_by(const BuildSpec& spec, const std::string& components)
{
  return words(cancelled(spec, calendar(components)));
}

}  // namespace

TEST_CASE("guests: each is invited to what she is in, and to nothing else")
{
  CHECK(invited_by(weekly("ab")) == "REQUEST alice,bob: series/0");
  CHECK(invited_by(weekly("ab") + piece("0111", 12, "ab")) == "REQUEST alice,bob: series/0 0111/0");
  CHECK(invited_by(weekly("ab") + piece("0111", 12, "ac")) ==
        "REQUEST bob: series/0; REQUEST alice: series/0 0111/0; REQUEST carol: 0111/0; CANCEL bob: "
        "0111/1");
  CHECK(invited_by(weekly("ab", 3) + piece("0111", 12, "ac", "Other", 5)) ==
        "REQUEST bob: series/3; REQUEST alice: series/3 0111/5; REQUEST carol: 0111/5; CANCEL bob: "
        "0111/6");
  CHECK(invited_by(weekly("a") + piece("0201+", 12, "ac")) ==
        "REQUEST alice: series/0 0201+/0; REQUEST carol: 0201/0 0208/0");
  CHECK(invited_by(piece("0111", 12, "ac") + piece("0118", 12, "a")) ==
        "REQUEST carol: 0111/0; REQUEST alice: 0111/0 0118/0");
  // nobody is asked again whom build_object() does not ask
  for (const ChangeMessage& m : invite(calendar(weekly("ab") + piece("0111", 12, "ac")))) {
    const std::string octets = ical::serialise(m.calendar);
    CHECK(octets.find("NEEDS-ACTION") == std::string::npos);
    if (m.method == Method::Request && m.to.front().address.local() == "bob")
      CHECK(octets.find("Other") == std::string::npos);
    if (m.to.front().address.local() == "carol") CHECK(octets.find("bob") == std::string::npos);
  }
}

TEST_CASE(
    "guests: who applies an invitation sees what she is in, and after the cancellation nothing")
{
  std::mt19937 random(1);
  const auto any = [&](const std::vector<std::string>& from) {
    return from[random() % from.size()];
  };
  for (int i = 0; i < 200; ++i) {
    const std::string components =
        weekly(any({"ab", "abc", "a"}), static_cast<int>(random() % 3)) +
        any({"", piece("0111", 12, "ac"), piece("0111", 10, "cd", "Other", 2),
             piece("0111", 12, "b")}) +
        any({"", piece("0125+", 12, "ac"), piece("0125+", 10, "bd", "Other", 1)}) +
        any({"", piece("0201", 16, "ab"), piece("0201", 16, "acd", "Other", 3)});
    const ical::Component base = calendar(components);
    const auto told = invite(base);
    BuildSpec spec;
    const bool tail = random() % 2 == 0;
    if (tail) {
      spec.recurrence_id =
          any({"2027-01-11T10:00:00Z", "2027-01-25T10:00:00Z", "2027-02-01T10:00:00Z"});
      spec.this_and_future = true;
    }
    const auto off = cancelled(spec, base);
    for (const std::string& who : everybody) {
      Seat seat{owner(cat(who, "@example.com"))};
      seat.receive(told, now());
      const std::string key = cat("mailto:", who, "@example.com");
      const std::string all = *seen(base, key);
      INFO(components << who << " got\n"
                      << seat.log << "and has\n"
                      << (seat.stored ? seat.stored->octets : ""));
      CHECK(seat.sees().value_or("?") == all);
      seat.log = "then\n";
      seat.receive(off, now());
      INFO(seat.log << spec.recurrence_id << "\nand has\n"
                    << (seat.stored ? seat.stored->octets : ""));
      std::string left;
      const std::string until = tail ? spec.recurrence_id.substr(0, 4) +
                                           spec.recurrence_id.substr(5, 2) +
                                           spec.recurrence_id.substr(8, 2)
                                     : "0";
      for (std::size_t from = 0; from < all.size(); from = all.find('\n', from) + 1)
        if (all.substr(from, 8) < until) left += all.substr(from, all.find('\n', from) + 1 - from);
      CHECK(seat.sees().value_or("?") == left);
    }
  }
}

TEST_CASE("guests: a cancellation reaches everybody who is invited to any of it")
{
  const std::string all =
      weekly("ab", 2) + piece("0111", 12, "ac", "Other", 4) + piece("0118", 12, "cd");
  BuildSpec s;
  CHECK(cancelled_by(s, all) ==
        "CANCEL alice,bob: series/3/CANCELLED; CANCEL carol: 0111/5/CANCELLED 0118/3/CANCELLED; "
        "CANCEL dave: "
        "0118/3/CANCELLED");
  s.recurrence_id = "2027-01-18T10:00:00Z";
  s.this_and_future = true;
  CHECK(cancelled_by(s, all) ==
        "CANCEL alice,bob: 0118+/3/CANCELLED; CANCEL carol,dave: 0118/3/CANCELLED");
  s.this_and_future = false;
  CHECK(cancelled_by(s, all) == "CANCEL carol,dave: 0118/3/CANCELLED");
  s.recurrence_id.clear();
  s.attendees = {"carol@example.com"};
  CHECK(cancelled_by(s, all) == "CANCEL carol: 0111/5 0118/3");
  s.attendees = {"bob@example.com", "carol@example.com"};
  CHECK(cancelled_by(s, all) == "CANCEL bob: series/3; CANCEL carol: 0111/5 0118/3");
  s.attendees = {"bob@example.com"};
  CHECK(cancelled_by(s, all) == "CANCEL bob: series/3");
  s.attendees = {"dave@example.com", "carol@example.com"};
  CHECK(cancelled_by(s, piece("0111", 12, "cd")) == "CANCEL carol,dave: 0111/1/CANCELLED");
  s.attendees.clear();
  s.sequence = 9;
  CHECK(cancelled_by(s, weekly("a") + piece("0111", 12, "ac")) ==
        "CANCEL alice: series/9/CANCELLED; CANCEL carol: 0111/9/CANCELLED");
  s.method = Method::Cancel;
  s.attendees = {"nobody@example.com"};
  const ical::Component base = calendar(all);
  const auto guests = cancel_guests(s, base, at("20261102T080000Z"), Limits{});
  REQUIRE(guests);
  REQUIRE(guests->rest);
  CHECK_FALSE(build_object(*guests->rest, &base, now()));
}

TEST_CASE(
    "guests: a CANCEL of an occurrence comes after the series that it is of, one of the series "
    "before")
{
  const auto told = [](const std::string& before, const std::string& after) {
    const auto made =
        compare(calendar(before), calendar(after), {}, at("20261102T080000Z"), Limits{});
    REQUIRE(made);
    return words(*made);
  };
  // who joins knew nothing
  CHECK(told(weekly("a") + piece("0111", 12, "a"), weekly("ab") + piece("0111", 12, "a")) ==
        "REQUEST bob: series/0; REQUEST alice: series/0 0111/0; CANCEL bob: 0111/1");
  CHECK(told(weekly("a") + piece("0125+", 12, "a"), weekly("ab") + piece("0125+", 12, "a")) ==
        "REQUEST bob: series/0; REQUEST alice: series/0 0125+/0; CANCEL bob: 0125+/1");
  // who stays would have it again
  CHECK(told(weekly("ab"), weekly("ab") + piece("0111", 12, "a")) ==
        "CANCEL bob: 0111/1; REQUEST alice: 0111/1");
  CHECK(told(weekly("abc"), weekly("ac") + piece("0111", 12, "abc"))
            .starts_with("CANCEL bob: series/1; REQUEST "));
}

TEST_CASE("guests: when all leave, and the organizer stays, nothing is cancelled")
{
  const std::string boss = "ATTENDEE:mailto:boss@example.com\r\nEND:VEVENT";
  const auto with_boss = [&](std::string text) {
    for (std::size_t i = 0; (i = text.find("END:VEVENT", i)) != std::string::npos; i += boss.size())
      text.replace(i, 10, boss);
    return calendar(text);
  };
  const auto told = [&](const std::string& before, const std::string& after) {
    const auto made =
        compare(with_boss(before), with_boss(after), {}, at("20261102T080000Z"), Limits{});
    REQUIRE(made);
    return words(*made);
  };
  CHECK(told(weekly("ab"), weekly("")) == "CANCEL alice,bob: series/1");
  CHECK(told(weekly("ab"), weekly("ab") + piece("0111", 12, "")) == "CANCEL alice,bob: 0111/1");
}

TEST_CASE("guests: who sees no other attendee is told nothing of them")
{
  const auto changes = [](const std::string& who, const std::string& before,
                          const std::string& after) {
    Party party;
    party.address = address(cat(who, "@example.com"));
    const auto made =
        changes_for(party, calendar(before), calendar(after), {}, at("20261102T080000Z"), Limits{});
    REQUIRE(made);
    std::string out = *made ? "told" : "nothing";
    if (*made)
      for (const std::string& change : **made) out += cat(' ', change);
    return out;
  };
  CHECK(changes("alice", weekly("ab"), weekly("abc")) == "nothing");
  CHECK(changes("carol", weekly("ab"), weekly("abc")) == "told");
  CHECK(changes("alice", weekly("ab") + piece("0111", 12, "b"),
                weekly("ab") + piece("0111", 12, "bc")) == "nothing");
  CHECK(changes("bob", weekly("ab") + piece("0111", 12, "b"),
                weekly("ab") + piece("0111", 14, "bc")) == "told the start");
  CHECK(changes("alice", weekly("ab"), weekly("ab", 1) + piece("0111", 10, "abc", "Weekly")) ==
        "nothing");
}

TEST_CASE(
    "guests: what is said of no occurrence of the series is not told; who was invited to it only "
    "hears that it is off")
{
  const auto told = [](const std::string& before, const std::string& after) {
    const auto made =
        compare(calendar(before), calendar(after), {}, at("20261102T080000Z"), Limits{});
    REQUIRE(made);
    return words(*made);
  };
  CHECK(told(weekly("ab"), weekly("ab") + piece("0112", 12, "ab")).empty());
  std::string excluded = weekly("ab");
  excluded.replace(excluded.find("RRULE"), 0, "EXDATE:20270111T100000Z\r\n");
  CHECK(told(excluded, excluded + piece("0111", 12, "ab")).empty());
  CHECK(told(weekly("ab") + piece("0111", 12, "abc"), excluded + piece("0111", 12, "abc")) ==
        "CANCEL alice,bob,carol: 0111/1/CANCELLED");
  const auto left =
      left_out(calendar(weekly("ab") + piece("0111", 12, "abc") + piece("0118", 12, "ac")),
               calendar(excluded + piece("0118", 12, "ac")), {}, at("20261102T080000Z"), Limits{});
  REQUIRE(left);
  CHECK(left->which == std::vector<std::string>{"20270111T100000Z"});
  CHECK(words(left->messages) == "CANCEL carol: 0111/1/CANCELLED");
}

TEST_CASE("guests: of whom an answer is wanted now, is asked for it, and nobody else")
{
  const auto rsvp = [](std::string text, const std::string& word) {
    const std::string bob = "ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob";
    for (std::size_t i = 0; (i = text.find(bob, i)) != std::string::npos; i += bob.size())
      text.replace(i, bob.size(), cat("ATTENDEE;PARTSTAT=NEEDS-ACTION", word, ":mailto:bob"));
    return text;
  };
  const auto told = [](const std::string& before, const std::string& after) {
    const auto made =
        compare(calendar(before), calendar(after), {}, at("20261102T080000Z"), Limits{});
    REQUIRE(made);
    for (const ChangeMessage& m : *made)
      CHECK(ical::serialise(m.calendar).find("RSVP=TRUE") != std::string::npos);
    return words(*made);
  };
  const std::string no = ";RSVP=FALSE";
  const std::string yes = ";RSVP=TRUE";
  const std::string all = weekly("ab", 2) + piece("0111", 12, "ab");
  CHECK(told(rsvp(all, no), rsvp(all, yes)) == "REQUEST bob: series/2 0111/0");
  CHECK(told(rsvp(all, yes), rsvp(all, no)).empty());
  CHECK(told(rsvp(all, ""), rsvp(all, yes)).empty());  // who is asked already
  CHECK(told(rsvp(weekly("ab"), no) + rsvp(piece("0111", 12, "ab"), no),
             rsvp(weekly("ab"), no) + rsvp(piece("0111", 12, "ab"), yes)) == "REQUEST bob: 0111/0");
  CHECK(told(rsvp(weekly("ab"), no), rsvp(weekly("abc"), yes)) ==
        "REQUEST alice,bob,carol: series/0");
}

TEST_CASE("guests: who leaves an endless series that changes its rule cannot stay in a range of it")
{
  const auto series = [](const std::string& rule, const std::string& who) {
    return calendar(event(cat("RRULE:", rule, "\r\n"), "20270104", 10, who, "Weekly", 0) +
                    piece("0125+", 12, "ab"));
  };
  const auto made = [&](const std::string& before, const std::string& after) {
    return compare(series(before, "ab"), series(after, "b"), {}, at("20261102T080000Z"), Limits{});
  };
  const auto endless = made("FREQ=WEEKLY", "FREQ=DAILY");
  REQUIRE_FALSE(endless);
  CHECK(endless.error().what.starts_with("alice@example.com comes into all repetitions from"));
  CHECK(made("FREQ=WEEKLY", "FREQ=WEEKLY"));
  CHECK(made("FREQ=WEEKLY;COUNT=9", "FREQ=DAILY;COUNT=40"));
}

TEST_CASE("guests: nobody is taken off an occurrence that she never heard of")
{
  const auto told = [](const std::string& before, const std::string& after) {
    const auto made =
        compare(calendar(before), calendar(after), {}, at("20261102T080000Z"), Limits{});
    REQUIRE(made);
    return words(*made);
  };
  const std::string off = piece("0201", 14, "a");
  CHECK(told(weekly("a") + off, weekly("a") + piece("0125+", 10, "ac", "Weekly") + off) ==
        "REQUEST alice: 0125+/0; REQUEST carol: 0125/0 0208/0");
  CHECK(invited_by(weekly("a") + piece("0125+", 12, "ac") + off) ==
        "REQUEST alice: series/0 0125+/0 0201/0; REQUEST carol: 0125/0 0208/0");
}

TEST_CASE("guests: who is in a range only hears what comes into it with the series, and what goes")
{
  const auto series = [](const std::string& rule, const std::string& title = "Weekly") {
    return event(cat("RRULE:FREQ=WEEKLY;", rule, "\r\n"), "20270104", 10, "ab", title, 0);
  };
  const std::string range = piece("0125+", 12, "ac");
  const std::vector<std::string> versions{
      series("COUNT=6") + range,
      series("COUNT=8") + range,
      series("COUNT=8", "New") + range,
      series("COUNT=7\r\nRDATE:20270301T100000Z") + range,
      series("COUNT=7\r\nEXDATE:20270201T100000Z") + range,
      series("COUNT=7") + range,
      series("COUNT=5", "Newer") + range,
      series("COUNT=8", "Newer") + piece("0125+", 14, "ac"),
      series("COUNT=6", "Newest") + piece("0125+", 14, "ac") + piece("0201", 11, "c"),
      series("COUNT=9", "Newest") + piece("0125+", 14, "acd") + piece("0201", 11, "c")};
  for (const std::string& who : everybody) {
    Seat seat{owner(cat(who, "@example.com"))};
    UtcSeconds today = at("20261101T080000Z");
    ical::Component before = without_people(calendar(versions.front()));
    for (const std::string& version : versions) {
      today += std::chrono::hours(24);
      ical::Component after = calendar(version);
      const auto told = compare(before, after, {}, today, Limits{});
      if (!told) FAIL(told.error().what << " in\n" << version);
      take_sequences(*told, after);
      seat.receive(*told, now());
      INFO(who << " got\n"
               << seat.log << "and has\n"
               << (seat.stored ? seat.stored->octets : "") << "of\n"
               << version);
      CHECK(seat.sees().value_or("?") == seen(after, cat("mailto:", who, "@example.com")));
      before = std::move(after);
    }
  }
}
