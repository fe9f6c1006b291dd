/// @file A weekly meeting and what can happen to it. For tests.
#pragma once
#include <string>
#include <string_view>

#include "itip/detail/test_events.hpp"

namespace imip::itip::test {

inline Event rev(int sequence, int day)
{
  Event e;
  e.sequence = sequence;
  e.dtstamp = cat(20261100 + day, "T080000Z");
  return e;
}

/// Weekly at ten from 4 January 2027.
inline Event series(int sequence, int day, std::string_view summary = "Weekly")
{
  Event e = rev(sequence, day);
  e.summary = std::string(summary);
  e.extra = "RRULE:FREQ=WEEKLY;COUNT=4\r\n";
  return e;
}

/// The occurrence of 11 January, at noon.
inline Event second(int sequence, int day, std::string_view summary = "Moved")
{
  Event e = rev(sequence, day);
  e.recurrence_id = ":20270111T100000Z";
  e.start = ":20270111T120000Z";
  e.end = ":20270111T130000Z";
  e.summary = std::string(summary);
  return e;
}

inline const std::string id = "20270111T100000Z";

inline Event cancelled(Event e)
{
  e.extra = "STATUS:CANCELLED\r\n";
  return e;
}

inline Event reply(Event e, std::string_view who = "bob@example.com",
                   std::string_view how = "ACCEPTED")
{
  e.extra.clear();
  e.attendees = {cat("PARTSTAT=", how, ":mailto:", who)};
  return e;
}

inline Event range(Event e)
{
  e.recurrence_id = ";RANGE=THISANDFUTURE:20270118T100000Z";
  e.start = ":20270118T100000Z";
  e.end = ":20270118T110000Z";
  return e;
}

inline Book organizing()
{
  Book book;
  book.who = owner("boss@example.com");
  return book;
}

}  // namespace imip::itip::test
