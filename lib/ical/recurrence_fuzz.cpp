// A calendar object to the instances of its first component that has a DTSTART, within small limits.
#include <algorithm>
#include <string>

#include "ical/object.hpp"
#include "ical/recurrence.hpp"
#include "testing/fuzz.hpp"

namespace {

using namespace imip;
using namespace std::chrono;
using testing::hold;

// A rule alone is an input too: the lines of a VEVENT.
std::string calendar_of(std::string_view input)
{
  if (input.starts_with("BEGIN:VCALENDAR")) return std::string(input);
  return std::string("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n") + std::string(input) +
         "\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
}

void check(const ical::Zones& zones, const ical::Component& c, const Limits& limits)
{
  const UtcSeconds from = sys_days{2027y / 1 / 1};
  const UtcSeconds to = sys_days{2029y / 1 / 1};
  const auto all = ical::expand(zones, c, from, to, limits);
  const auto next = ical::next_instances(zones, c, from, 5, limits);
  if (next) hold(next->size() <= 5, "no more than were asked for");
  if (!all) {
    hold(!all.error().what.empty(), "every error has a sentence");
    return;
  }
  hold(all->size() <= limits.recurrence_instances, "no more than the limit");
  for (std::size_t i = 0; i < all->size(); ++i) {
    const ical::Time& t = (*all)[i];
    hold(t.instant >= from && t.instant <= to, "within the window");
    hold(i == 0 || (*all)[i - 1].instant < t.instant, "sorted, each once");
  }
  if (all->empty()) return;
  const auto first = ical::has_instance(zones, c, all->front(), limits);
  hold(!first || *first, "what is given exists");
  if (next && !next->empty()) hold(next->front().instant == all->front().instant, "the next is the first");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  Limits limits;
  limits.recurrence_instances = 1000;
  const auto parsed = ical::parse(calendar_of(testing::view_of(data, size)), limits);
  if (!parsed) return 0;
  const ical::Zones zones(parsed->calendar);
  for (const ical::Component& c : parsed->calendar.components) {
    if (c.find("DTSTART") == nullptr) continue;
    check(zones, c, limits);
    return 0;
  }
  return 0;
}
