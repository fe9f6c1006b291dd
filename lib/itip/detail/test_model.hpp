/// @file Messages in miniature, for generating many of them. For tests.
#pragma once
#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "itip/detail/test_events.hpp"

namespace imip::itip::test {

inline constexpr int weeks = 3;
inline constexpr int added_week = 3;  ///< exists only where an ADD says so
inline constexpr int added_hour = 10;
/// The first two are invited; the second may delegate to the third.
inline const std::array<std::string, 3> people{"alice@example.com", "bob@example.com",
                                               "carol@example.com"};
inline constexpr int delegator = 1;
inline constexpr int delegate = 2;

/// Sanitized builds are fifty times slower: of so many random sets and orders they take one.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr int share = 20;
#else
inline constexpr int share = 1;
#endif

enum class What { Request, Vouched, Publish, Cancel, Uninvite, Reply, Add };

/// When something takes place: an hour of the day, and how long.
struct When {
  int hour = 10;
  int length = 1;
  friend bool operator==(const When&, const When&) = default;
};

using Rev = std::pair<int, int>;  // SEQUENCE, day of DTSTAMP

/// A message, small. `week` below 0: the whole series. An occurrence is named by its week and by
/// the hour that the series has for the sender; with `range` all later ones are meant too.
struct Small {
  What what = What::Request;
  int week = -1;
  int hour = 10;
  bool range = false;
  Rev rev;
  int title = 0;
  When when;
  std::vector<Small> carried;  ///< overrides in a series REQUEST
  int person = 0;
  bool accepts = true;
  bool delegates = false;  ///< a REPLY of the delegator
  bool task = false;       ///< a VTODO
};

inline std::string day(int week)
{
  return std::to_string(20270104 + 7 * week);
}

inline std::string time_of(int week, int hour)
{
  return cat(day(week), 'T', hour, "0000Z");
}

inline std::string stamp_of(int stamp)
{
  return cat(20261100 + stamp, "T080000Z");
}

inline Event event_of(const Small& m)
{
  Event e;
  e.sequence = m.rev.first;
  e.dtstamp = stamp_of(m.rev.second);
  const int week = std::max(m.week, 0);
  e.start = cat(':', time_of(week, m.when.hour));
  e.end = cat(':', time_of(week, m.when.hour + m.when.length));
  e.summary = cat("title ", m.title);
  for (std::string& a : e.attendees) a = cat("PARTSTAT=NEEDS-ACTION:", a);
  if (m.week >= 0 && m.what != What::Add) {
    e.recurrence_id = cat(m.range ? ";RANGE=THISANDFUTURE:" : ":", time_of(m.week, m.hour));
  }
  if (m.task) e.kind = "VTODO";
  if (m.week < 0) e.extra = cat("RRULE:FREQ=WEEKLY;COUNT=", weeks, "\r\n");
  return e;
}

struct Sent {
  Message message;
  Speaker from;
};

inline Sent send(const Small& m)
{
  std::vector<Event> events{event_of(m)};
  for (const Small& c : m.carried) events.push_back(event_of(c));
  const std::string person = people[static_cast<std::size_t>(m.person)];
  switch (m.what) {
    case What::Request:
      return {message("REQUEST", events), speaker()};
    case What::Vouched:
      return {message("REQUEST", events), speaker("bob@example.com", Speaker::Class::Forwarder)};
    case What::Publish:
      return {message("PUBLISH", events), speaker()};
    case What::Cancel:
      events.front().extra = "STATUS:CANCELLED\r\n";
      return {message("CANCEL", events), speaker()};
    case What::Uninvite:
      events.front().extra.clear();
      events.front().attendees = {cat("mailto:", person)};
      return {message("CANCEL", events), speaker()};
    case What::Add:
      return {message("ADD", events), speaker()};
    case What::Reply:
      break;
  }
  events.front().extra = m.task ? cat("PERCENT-COMPLETE:", 10 * m.rev.second, "\r\n") : "";
  std::string answer = m.accepts ? "PARTSTAT=ACCEPTED" : "PARTSTAT=DECLINED";
  if (m.delegates) {
    answer = cat("PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:", people[delegate], "\"");
  }
  if (m.person == delegate) {
    answer += cat(";DELEGATED-FROM=\"mailto:", people[delegator], "\"");
  }
  events.front().attendees = {cat(answer, ":mailto:", person)};
  return {message("REPLY", events), attendee(person)};
}

}  // namespace imip::itip::test
