// Two calendars, parted by a line "=": what compare() makes of them.
#include <set>
#include <string>

#include "base/text.hpp"
#include "itip/compare.hpp"
#include "testing/fuzz.hpp"

namespace {

using namespace imip;
using imip::testing::hold;

const UtcSeconds now{std::chrono::seconds(1'798'761'600)};  // 2027-01-01

std::set<std::string> attendees(const ical::Component& calendar)
{
  std::set<std::string> out;
  for (const ical::Component& c : calendar.components)
    for (const ical::Property* p : c.all("ATTENDEE"))
      if (const auto a = CalAddress::parse(p->value)) out.insert(text::ascii_lower(a->uri()));
  return out;
}

void check(const itip::ChangeMessage& m, const std::set<std::string>& known)
{
  hold(m.method == itip::Method::Request || m.method == itip::Method::Cancel ||
           m.method == itip::Method::Publish,
       "an organizer's method");
  for (const itip::Party& p : m.to)
    hold(known.contains(text::ascii_lower(p.address.uri())), "goes to nobody else");
  const std::string octets = ical::serialise(m.calendar);
  hold(octets.find("\nX-IMIP-") == std::string::npos, "no marks of ours go out");
  hold(octets.find("BEGIN:VALARM") == std::string::npos, "no alarm goes out");
  const auto again = ical::parse(octets, Limits{});
  hold(again.has_value(), "what is told can be read");
  const auto reading =
      itip::read_message(*again, itip::method_word(m.method), std::nullopt, now + std::chrono::hours(1));
  for (const Reason& r : reading.refusals)
    hold(r.code != Code::NoUid && r.code != Code::NoOrganizer && r.code != Code::DuplicateProperty &&
             r.code != Code::MethodMissing,
         "what is told is a message");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  Limits limits;
  limits.recurrence_instances = 2000;
  const std::string_view octets = imip::testing::view_of(data, size);
  const std::size_t at = octets.find("\n=\n");
  if (at == std::string_view::npos) return 0;
  const auto before = ical::parse(octets.substr(0, at + 1), limits);
  const auto after = ical::parse(octets.substr(at + 3), limits);
  if (!before || !after) return 0;
  std::set<std::string> known = attendees(before->calendar);
  known.merge(attendees(after->calendar));
  for (const bool use_range : {true, false}) {
    itip::CompareOptions options;
    options.use_range = use_range;
    const auto made = itip::compare(before->calendar, after->calendar, options, now, limits);
    if (made)
      for (const auto& m : *made) check(m, known);
    const auto same = itip::compare(after->calendar, after->calendar, options, now, limits);
    if (same) hold(same->empty(), "what did not change is not told");
  }
  return 0;
}
