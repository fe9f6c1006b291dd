// What compare() makes, applied by each attendee: in the end everybody sees the new version.
#include <map>
#include <random>

#include "ical/recurrence.hpp"
#include "itip/compare.hpp"
#include "itip/detail/test_events.hpp"
#include "itip/detail/version.hpp"

using namespace imip;
using namespace imip::itip;
using namespace imip::itip::test;

namespace {

const std::vector<std::string> everybody{"alice", "bob", "carol", "dave"};

std::string invited(std::string_view who)
{
  std::string out;
  for (const std::string& name : everybody)
    if (who.find(name.front()) != std::string_view::npos)
      out += cat("ATTENDEE;PARTSTAT=ACCEPTED:mailto:", name, "@example.com\r\n");
  return out;
}

// "0118 12 abc" is the occurrence of 18 January at twelve, with alice, bob and carol; "0118+" from
// then on.
std::string piece(std::string_view day, int hour, std::string_view who,
                  std::string_view title = "Weekly", int sequence = 0)
{
  const std::string date = cat("2027", day.substr(0, 4));
  return cat("BEGIN:VEVENT\r\nUID:w1\r\nDTSTAMP:20260101T000000Z\r\nSEQUENCE:", sequence,
             "\r\nRECURRENCE-ID", day.ends_with('+') ? ";RANGE=THISANDFUTURE" : "", ":", date,
             "T100000Z\r\nDTSTART:", date, "T", hour, "0000Z\r\nDURATION:PT1H\r\nSUMMARY:", title,
             "\r\nORGANIZER:mailto:boss@example.com\r\n", invited(who), "END:VEVENT\r\n");
}

std::string weekly(std::string_view who, std::string_view title = "Weekly",
                   std::string_view extra = {}, int hour = 10)
{
  return cat(
      "BEGIN:VEVENT\r\nUID:w1\r\nDTSTAMP:20260101T000000Z\r\nSEQUENCE:0\r\nDTSTART:20270104T", hour,
      "0000Z\r\nDURATION:PT1H\r\nRRULE:FREQ=WEEKLY;COUNT=6\r\nSUMMARY:", title,
      "\r\nORGANIZER:mailto:boss@example.com\r\n", extra, invited(who), "END:VEVENT\r\n");
}

ical::Component calendar(std::string_view components)
{
  return parsed(
             cat("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\n", components, "END:VCALENDAR\r\n"))
      .calendar;
}

ical::Component without_people(ical::Component out)
{
  for (ical::Component& c : out.components) c.remove("ATTENDEE");
  return out;
}

// Where and what is it for that attendee? "20270104T100000Z Weekly", a line each.
std::string seen(const ical::Component& calendar, const std::string& who)
{
  const auto version = itip::detail::Version::read(calendar, Kind::Event);
  REQUIRE(version);
  std::map<UtcSeconds, ical::Time> when;
  if (version->master && !version->cancelled()) {
    const auto all =
        ical::next_instances(version->zones, *version->master, UtcSeconds::min(), 100, Limits{});
    REQUIRE(all);
    for (const ical::Time& t : *all) when.emplace(t.instant, t);
  }
  for (const auto& [instant, own] : version->instances) when.emplace(instant, own.at);
  std::string out;
  for (const auto& [instant, t] : when) {
    const auto there = version->at(t, Limits{});
    if (there && itip::detail::people_of(*there).contains(cat("mailto:", who, "@example.com")))
      out += cat(there->text("DTSTART"), ' ', there->text("SUMMARY"), '\n');
  }
  return out;
}

void receive(const std::vector<ChangeMessage>& messages, const std::string& who, Book& book,
             std::string& log)
{
  for (const ChangeMessage& m : messages)
    for (const Party& p : m.to) {
      if (p.address.local() != who) continue;
      const std::string text = ical::serialise(m.calendar);
      log += cat(text, '\n');
      const auto method = method_word(m.method);
      log += cat("-> ", outcome_word(book.apply(message_of(text, method)).outcome), '\n');
    }
}

// The organizer's copy takes the SEQUENCE that people were told (imip build --store).
void take_sequences(const std::vector<ChangeMessage>& told, ical::Component& calendar)
{
  const auto key = [](const ical::Component& c) {
    const ical::Property* id = c.find("RECURRENCE-ID");
    return id != nullptr ? ical::content_line(*id) : std::string();
  };
  for (const ChangeMessage& m : told)
    for (const ical::Component& said : m.calendar.components)
      for (ical::Component& c : calendar.components)
        if (said.name == c.name && key(said) == key(c) &&
            itip::detail::sequence_of(c) < itip::detail::sequence_of(said))
          c.set(*said.find("SEQUENCE"));
}

void round_trip(const std::string& before, const std::string& after, bool stored = true)
{
  ical::Component old_one = calendar(before);
  const ical::Component new_one = calendar(after);
  const auto first =
      compare(without_people(old_one), old_one, {}, at("20261101T080000Z"), Limits{});
  REQUIRE(first);
  if (stored) take_sequences(*first, old_one);
  const auto then = compare(old_one, new_one, {}, at("20261110T080000Z"), Limits{});
  REQUIRE(then);
  REQUIRE_FALSE(seen(new_one, "alice").empty());
  for (const std::string& who : everybody) {
    Book book;
    book.who = owner(cat(who, "@example.com"));
    std::string log;
    receive(*first, who, book, log);
    if (const std::string start = book.stored ? seen(book.stored->calendar, who) : std::string();
        start != seen(old_one, who))
      continue;  // who never saw the old version proves nothing of the new one
    log += "==== and then\n";
    receive(*then, who, book, log);
    INFO(before << "=\n"
                << after << "\n"
                << who << " got\n"
                << log << "\nand has\n"
                << (book.stored ? book.stored->octets : ""));
    CHECK((book.stored ? seen(book.stored->calendar, who) : std::string()) == seen(new_one, who));
  }
}

void both_trips(const std::string& before, const std::string& after)
{
  round_trip(before, after, true);
  round_trip(before, after, false);
}

}  // namespace

TEST_CASE(
    "compare: who applies what is told of a range or override that was taken back sees the new "
    "version")
{
  const std::string old = weekly("abc");
  const std::string renamed = weekly("abc", "New");
  const std::string moved = piece("0118", 14, "abc", "Weekly", 1);
  const std::string later = piece("0125+", 14, "abc", "Weekly", 1);
  both_trips(old + moved, old);
  both_trips(old + moved, renamed);
  both_trips(old + piece("0118", 10, "abc", "Special"), renamed);
  both_trips(old + piece("0118", 10, "abc"), renamed);
  both_trips(old + moved, old + piece("0201+", 10, "abc", "From here on"));
  both_trips(old + later, old);
  both_trips(old + later, renamed);
  both_trips(old + later + moved, renamed + moved);
  both_trips(old + later + piece("0201", 16, "abc", "Weekly", 3), old);
  both_trips(old + later + piece("0201", 16, "abc", "Weekly", 3),
             renamed + piece("0201", 16, "abc", "Weekly", 3));
  both_trips(old + later, renamed + piece("0201+", 12, "abc"));
  both_trips(old + later + piece("0201+", 12, "abc", "Weekly", 4), renamed + later);
  both_trips(old + piece("0118", 10, "ac"), old);
  both_trips(old + piece("0118", 10, "ac"), renamed);
  both_trips(old + piece("0125+", 10, "ac"), renamed);
  both_trips(old + piece("0118", 10, "abcd"), renamed);
}

TEST_CASE("compare: a range whose first occurrence goes, and others do not, is not cancelled")
{
  const std::string kept = piece("0118", 14, "abc") + piece("0111", 10, "abc", "Special");
  both_trips(weekly("abc") + piece("0125+", 14, "abc") + kept,
             weekly("abc", "Weekly", "EXDATE:20270125T100000Z\r\n") + kept);
}

TEST_CASE("compare: who is left out of a part stays out of it, and who stays in it stays")
{
  const std::string old = weekly("abc");
  // The series moves, and its part has another name.
  std::string renamed = piece("0118", 14, "ab");
  renamed.replace(renamed.find("T100000Z"), 8, "T110000Z");
  both_trips(old + piece("0118", 14, "ab"), weekly("abc", "Weekly", {}, 11) + renamed);
  both_trips(old + piece("0118", 14, "ab"),
             weekly("abc", "Weekly", "RDATE:20270301T100000Z\r\n") + piece("0118", 14, "ab"));
  // A range leaves bob out, and a part of it does not.
  const std::string range = piece("0125+", 10, "ac");
  const std::string kept = piece("0201", 16, "abc");
  both_trips(old, old + range + kept);
  both_trips(old + kept, old + kept + range);
  both_trips(old + kept, weekly("abc", "New") + kept + range);
  both_trips(old + kept + piece("0201+", 12, "abc"),
             old + kept + range + piece("0201+", 12, "abc"));
  // The range changes around an occurrence that stays as it was, and bob comes into the range only.
  const std::string same = piece("0201", 10, "ac");
  both_trips(old + range, old + piece("0125+", 14, "abc") + same);
  both_trips(old + range, weekly("abc", "New") + piece("0125+", 14, "abc") + same);
  both_trips(old + range, old + piece("0125+", 14, "abc") + piece("0201+", 10, "ac"));
  // He is back in one occurrence of a range that he was left out of.
  both_trips(old + range, old + range + kept);
}

TEST_CASE("compare: who is only in a range is told its occurrences")
{
  const std::string old = weekly("abc");
  const std::string range = piece("0125+", 12, "abcd");
  both_trips(old, old + range);
  both_trips(old, old + range + piece("0201", 16, "abcd"));
  both_trips(old, old + range + piece("0201", 16, "abc"));
  both_trips(old, old + range + piece("0201+", 10, "abc"));
  both_trips(old + range, old);
  both_trips(old + range, old + piece("0125+", 12, "abc"));
  both_trips(old + range, old + piece("0125+", 14, "abcd"));
  both_trips(old + range, weekly("abc", "New") + range);
  both_trips(old, weekly("ac") + piece("0125+", 12, "abc"));
}

TEST_CASE(
    "compare: from any version to any other, everybody who applies what is told sees the new one")
{
  const std::vector<std::string> series{weekly("abc"),
                                        weekly("abc", "New"),
                                        weekly("ac"),
                                        weekly("abc", "Weekly", "EXDATE:20270111T100000Z\r\n"),
                                        weekly("abc", "Weekly", "EXDATE:20270125T100000Z\r\n"),
                                        weekly("abc", "Weekly", {}, 11)};
  const std::vector<std::string> instance{"", piece("0118", 14, "abc", "Weekly", 1),
                                          piece("0118", 10, "abc", "Special"),
                                          piece("0118", 10, "ac"), piece("0118", 10, "abcd")};
  const std::vector<std::string> range{"",
                                       piece("0125+", 14, "abc", "Weekly", 1),
                                       piece("0125+", 10, "abc", "Later"),
                                       piece("0125+", 10, "ac"),
                                       piece("0201+", 12, "abc"),
                                       piece("0125+", 12, "abcd")};
  const std::vector<std::string> inner{"", piece("0201", 16, "abc"),
                                       piece("0201", 10, "ac", "Weekly", 2)};
  std::mt19937 random(1);
  const auto any = [&](const std::vector<std::string>& from) {
    return from[random() % from.size()];
  };
  const auto version = [&] {
    std::string out = any(series);
    // One that moved by an hour has other occurrences.
    if (out.find("T110000Z") != std::string::npos) return out;
    out += any(instance) + any(inner);
    // A range begins with an occurrence.
    if (out.find("EXDATE:20270125") != std::string::npos) return out;
    return out + any(range);
  };
  for (int i = 0; i < 400; ++i) {
    const std::string before = version();
    const std::string after = version();
    // Who left a series that had no such occurrence is not shown it.
    const bool other = (before + after).find("T110000Z") != std::string::npos ||
                       before.find("EXDATE:20270125") != std::string::npos;
    if (other && after.starts_with(series[2])) continue;
    round_trip(before, after, i % 2 == 0);
  }
}
