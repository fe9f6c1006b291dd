#include "ical/time.hpp"

#include <catch2/catch.hpp>

using namespace imip;
using namespace imip::ical;

TEST_CASE("a zoned time is an instant by tzdata")
{
  const Zones zones{Component{}};
  const auto t = zones.time_of({"DTSTART", {{"TZID", {"Europe/Berlin"}}}, "20270704T100000"});
  REQUIRE(t);
  CHECK(to_ical_utc(t->instant) == "20270704T080000Z");
}
