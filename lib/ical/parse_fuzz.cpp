// Octets to a calendar object, and back.
#include <string>

#include "ical/object.hpp"
#include "ical/time.hpp"
#include "testing/fuzz.hpp"

namespace {

using namespace imip;
using testing::hold;

void check_component(const ical::Component& c, std::size_t depth)
{
  hold(depth <= Limits{}.component_depth, "no deeper than the limit");
  hold(!c.name.empty(), "a component has a name");
  for (const ical::Property& p : c.properties) hold(!p.name.empty(), "a property has a name");
  for (const ical::Component& inner : c.components) check_component(inner, depth + 1);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  const Limits limits;
  const auto parsed = ical::parse(testing::view_of(data, size), limits);
  if (!parsed) {
    hold(!parsed.error().what.empty(), "every error has a sentence");
    return 0;
  }
  hold(parsed->calendar.name == "VCALENDAR", "one VCALENDAR");
  check_component(parsed->calendar, 1);
  const std::string text = ical::serialise(parsed->calendar);
  for (std::size_t at = 0; at < text.size();) {
    const auto end = text.find("\r\n", at);
    hold(end != std::string::npos && end - at <= 75, "lines of at most 75 octets end with CRLF");
    at = end + 2;
  }
  const auto again = ical::parse(text, limits);
  hold(again.has_value(), "what is written can be read");
  hold(again->calendar == parsed->calendar, "what is written is what was read");
  // Zones of a stranger
  const ical::Zones zones(parsed->calendar);
  for (const ical::Component& c : parsed->calendar.components)
    for (const ical::Property& p : c.properties) {
      static_cast<void>(zones.time_of(p));
      static_cast<void>(zones.times_of(p));
    }
  return 0;
}
