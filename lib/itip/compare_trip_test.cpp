// What compare() makes, applied by each attendee: in the end everybody sees the new version.
#include <random>

#include "itip/detail/test_events.hpp"
#include "itip/detail/test_trip.hpp"

using namespace imip;
using namespace imip::itip;
using namespace imip::itip::test;

namespace {

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

std::string key_of(const std::string& who)
{
  return cat("mailto:", who, "@example.com");
}

/// Round by round, from nobody invited on.
/// @param stored  the organizer's copy takes the SEQUENCEs that went out
void rounds(const std::vector<std::string>& versions, bool stored = true)
{
  std::vector<ical::Component> copies;
  std::vector<std::vector<ChangeMessage>> told;
  std::vector<UtcSeconds> when;
  for (std::size_t i = 0; i < versions.size(); ++i) {
    copies.push_back(calendar(versions[i]));
    REQUIRE_FALSE(seen(copies[i], key_of("alice"))->empty());
    when.push_back(at("20261101T080000Z") + std::chrono::hours(24 * i));
    auto made = compare(i == 0 ? without_people(copies[0]) : copies[i - 1], copies[i], {}, when[i], Limits{});
    REQUIRE(made);
    // What was told last is the base of what is told next.
    if (stored) take_sequences(*made, copies[i]);
    told.push_back(*std::move(made));
  }
  for (const std::string& who : everybody) {
    Seat seat{owner(cat(who, "@example.com"))};
    for (std::size_t i = 0; i < versions.size(); ++i) {
      seat.receive(told[i], now());
      INFO(versions[i > 0 ? i - 1 : 0] << "=\n"
                                       << versions[i] << "\nround " << i << ": " << who << " got\n"
                                       << seat.log << "\nand has\n"
                                       << (seat.stored ? seat.stored->octets : ""));
      const bool same = seat.sees() == seen(copies[i], key_of(who));
      if (i > 0) CHECK(seat.sees().value_or("?") == *seen(copies[i], key_of(who)));
      if (!same) break;  // who never saw the old version proves nothing of the new one
      seat.log += "==== and then\n";
    }
  }
}

void round_trip(const std::string& before, const std::string& after, bool stored = true)
{
  rounds({before, after}, stored);
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

TEST_CASE("compare: who left in an earlier round is asked back, as long as the part is kept")
{
  const std::string old = weekly("abc");
  const std::string with_guest = old + piece("0118", 10, "abcd");
  const std::string guest_left = old + piece("0118", 10, "abc");
  rounds({with_guest, guest_left, with_guest});
  rounds({with_guest, guest_left, old + piece("0118", 14, "abcd")});
  rounds({with_guest, guest_left, with_guest, guest_left, with_guest});
  rounds({with_guest, guest_left, weekly("abc", "New")});
  rounds({with_guest, guest_left, weekly("abc", "New") + piece("0118", 10, "abcd")});
  // A member leaves the series but stays in one that it did not have, and then leaves that, or is back in all.
  const std::string moved = weekly("abc", "Weekly", {}, 11);
  const std::string stays = weekly("ac") + piece("0118", 10, "abc");
  rounds({moved, stays});
  rounds({moved, stays, weekly("ac")});
  rounds({moved, stays, old});
  rounds({moved, stays, weekly("ac") + piece("0118", 14, "abc")});
  rounds({moved, stays, moved});
}

TEST_CASE("compare: what --store keeps is what the next comparison needs")
{
  Seat boss{owner("boss@example.com")};
  Seat dave{owner("dave@example.com")};
  UtcSeconds today = at("20261101T080000Z");
  const auto tell = [&](const ical::Component& before, const ical::Component& after) {
    today += std::chrono::hours(24);
    const auto told = compare(before, after, {}, today, Limits{});
    REQUIRE(told);
    boss.keep(*told, now());
    dave.receive(*told, now());
    INFO(dave.log << boss.stored->octets);
    CHECK(dave.sees().value_or("?") == *seen(after, key_of("dave")));
  };
  const ical::Component first = calendar(weekly("abc") + piece("0118", 10, "abcd"));
  tell(without_people(first), first);
  for (int i = 0; i < 3; ++i) {  // he leaves, and is asked back
    ical::Component without = boss.stored->calendar;
    for (ical::Component& c : without.components)
      std::erase_if(c.properties, [](const ical::Property& p) { return p.value == "mailto:dave@example.com"; });
    tell(ical::Component(boss.stored->calendar), without);
    ical::Component again = boss.stored->calendar;
    REQUIRE(again.components.back().find("RECURRENCE-ID"));
    again.components.back().properties.push_back({"ATTENDEE", {}, "mailto:dave@example.com"});
    tell(ical::Component(boss.stored->calendar), again);
  }
}

TEST_CASE(
    "compare: what was cancelled in the stored copy, and is not any more, takes place for who is "
    "told that alone")
{
  Seat boss{owner("boss@example.com")};
  Seat carol{owner("carol@example.com")};
  UtcSeconds today = at("20261101T080000Z");
  std::size_t told_of = 0;
  const auto tell = [&](const ical::Component& before, const ical::Component& after) {
    today += std::chrono::hours(24);
    const auto told = compare(before, after, {}, today, Limits{});
    REQUIRE(told);
    REQUIRE(told->size() == 1);
    told_of = told->front().calendar.components.size();
    boss.keep(*told, now());
    carol.receive(*told, now());
    INFO(carol.log << boss.stored->octets);
    CHECK(carol.sees().value_or("?") == *seen(after, key_of("carol")));
  };
  const ical::Component first = calendar(weekly("abc"));
  tell(without_people(first), first);
  for (const bool renamed : {false, true, false}) {
    ical::Component off = boss.stored->calendar;
    for (ical::Component& c : off.components)
      if (c.find("RECURRENCE-ID") == nullptr)
        c.properties.push_back({"EXDATE", {}, "20270118T100000Z"});
    std::erase_if(off.components,
                  [](const ical::Component& c) { return c.find("RECURRENCE-ID") != nullptr; });
    if (renamed)
      off.components.front().set({"SUMMARY", {}, "Renamed"});  // the series goes out without it
    tell(ical::Component(boss.stored->calendar), off);
    ical::Component again = boss.stored->calendar;
    for (ical::Component& c : again.components) c.remove("EXDATE");
    std::erase_if(again.components,
                  [](const ical::Component& c) { return c.find("RECURRENCE-ID") != nullptr; });
    again.components.push_back(calendar(piece("0118", 12, "abc")).components.front());
    const bool alone = boss.stored->octets.find("STATUS:CANCELLED") != std::string::npos;
    tell(ical::Component(boss.stored->calendar), again);
    CHECK(alone == (!renamed && told_of == 1));
  }
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
    round_trip(before, after, i % 2 == 0);
  }
}
