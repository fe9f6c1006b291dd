// Two calendars, parted by a line "=": what compare() makes of them, and what those who get it make of that.
#include <algorithm>
#include <set>
#include <string>

#include "base/text.hpp"
#include "itip/compare.hpp"
#include "itip/detail/test_trip.hpp"
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

// ---- round trip: old and new, each applied by every attendee -------------------------------------------------------

constexpr std::size_t most_components = 6, most_people = 4;

/// One organizer who is no attendee, all of it on, and not more than is quick.
bool is_plain(const ical::Component& calendar, std::set<std::string>& organizers)
{
  if (calendar.components.size() > most_components) return false;
  return std::all_of(calendar.components.begin(), calendar.components.end(), [&](const ical::Component& c) {
    const ical::Property* organizer = c.find("ORGANIZER");
    if (c.name == "VTIMEZONE") return true;
    if (c.name != "VEVENT" || c.find("DTSTART") == nullptr) return false;
    if (c.count("ORGANIZER") != 1 || c.find("STATUS") != nullptr) return false;
    const auto boss = CalAddress::parse(organizer->value);
    if (boss) organizers.insert(text::ascii_lower(boss->uri()));
    return boss.has_value();
  });
}

/// Is each part one of its series? And not before 1970, where the VTIMEZONEs that go out begin.
bool is_sound(const ical::Component& calendar, const Limits& limits)
{
  const auto version = itip::detail::Version::read(calendar, itip::Kind::Event);
  if (!version || !version->master) return false;
  const ical::Property* start = version->master->find("DTSTART");
  const auto begin = start != nullptr ? version->zones.time_of(*start) : Result<ical::Time>(ical::Time{});
  if (!begin || begin->instant < UtcSeconds{}) return false;
  for (const auto* pieces : {&version->instances, &version->ranges})
    for (const auto& [instant, piece] : *pieces) {
      const auto there = ical::has_instance(version->zones, *version->master, piece.at, limits);
      if (!there || !*there) return false;
    }
  return true;
}

void round_trip(const ical::Component& before, const ical::Component& after, const std::set<std::string>& people,
                const Limits& limits)
{
  std::set<std::string> organizers;
  if (!is_plain(before, organizers) || !is_plain(after, organizers)) return;
  if (people.size() > most_people || organizers.size() != 1 || people.contains(*organizers.begin())) return;
  if (!is_sound(before, limits) || !is_sound(after, limits)) return;
  const auto first = itip::compare(itip::test::without_people(before), before, {}, now, limits);
  if (!first) return;
  ical::Component old_one = before;
  itip::test::take_sequences(*first, old_one);
  const auto later = now + std::chrono::hours(1);
  const auto then = itip::compare(old_one, after, {}, later, limits);
  if (!then) return;
  itip::PlanOptions options;
  options.limits = limits;
  for (const std::string& who : people) {
    const auto address = CalAddress::parse(who);
    if (!address) continue;
    const std::string key = itip::detail::address_key(*address, LocalPart::Fold);
    itip::test::Seat seat;
    seat.owner.addresses = {*address};
    seat.receive(*first, later, options);
    const auto saw = seat.sees(limits);
    if (!seat.understood || !saw || saw != itip::test::seen(old_one, key, limits)) continue;
    seat.receive(*then, later, options);
    const auto sees = seat.sees(limits);
    const auto expected = itip::test::seen(after, key, limits);
    if (!seat.understood || !sees || !expected) continue;
    hold(sees == expected, "who applies what is told sees the new version");
  }
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
  round_trip(before->calendar, after->calendar, known, limits);
  return 0;
}
