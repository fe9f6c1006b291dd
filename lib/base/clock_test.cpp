#include "base/clock.hpp"

#include <catch2/catch.hpp>

using namespace imip;
using std::chrono::seconds;

TEST_CASE("an instant is written in the three forms that mail and calendars use")
{
  const UtcSeconds t{seconds{1'799'056'800}};  // date -u -d @1799056800
  CHECK(to_rfc3339(t) == "2027-01-04T10:00:00Z");
  CHECK(to_ical_utc(t) == "20270104T100000Z");
  CHECK(to_rfc5322(t) == "Mon, 04 Jan 2027 10:00:00 +0000");
}

TEST_CASE("RFC 3339, RFC 5545 and @SECONDS name the same instant")
{
  const UtcSeconds t{seconds{1'799'056'800}};
  for (const char* text : {"2027-01-04T10:00:00Z", "2027-01-04t10:00:00z", "20270104T100000Z",
                           "2027-01-04T11:00:00+01:00", "2027-01-04T04:30:00-05:30",
                           "2027-01-04T10:00:00.75Z", "@1799056800"}) {
    INFO(text);
    const auto parsed = parse_instant(text);
    REQUIRE(parsed);
    CHECK(*parsed == t);
  }
}

TEST_CASE("what is not quite a time is refused, with a hint")
{
  for (const char* text :
       {"", "now", "2027-01-04", "2027-01-04T10:00:00", "2027-13-04T10:00:00Z",
        "2027-02-29T10:00:00Z", "2027-01-04T24:00:00Z", "2027-01-04T10:00:00Zx",
        "20270104T100000", "2027-01-04T10:00:00+24:00", "@", "@1x", "-027-01-04T10:00:00Z",
        "2027-0104T10:00:00Z", "@99999999999999999999"}) {
    INFO(text);
    const auto parsed = parse_instant(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == Errc::BadValue);
    CHECK_FALSE(parsed.error().hint.empty());
  }
}
