#include "ical/time.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <sstream>

#include "base/cat.hpp"
#include "ical/detail/zone_rules.hpp"

using namespace imip;
using namespace imip::ical;

namespace {

Property zoned(const std::string& tzid, const std::string& value)
{
  return {"DTSTART", {{"TZID", {tzid}}}, value};
}

std::string utc(const Zones& zones, const Property& p)
{
  const auto t = zones.time_of(p);
  if (!t) return "error: " + t.error().what;
  return to_ical_utc(t->instant);
}

UtcSeconds at(const char* text)
{
  return *parse_instant(text);
}

Component with_zone(const std::string& lines)
{
  const auto p = parse(
      cat("BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\n", lines, "END:VTIMEZONE\r\nEND:VCALENDAR\r\n"),
      Limits{});
  REQUIRE(p);
  return p->calendar;
}

std::string observance(const std::string& name, const std::string& start, const std::string& from,
                       const std::string& to, const std::string& more = {})
{
  return cat("BEGIN:", name, "\r\nDTSTART:", start, "\r\nTZOFFSETFROM:", from,
             "\r\nTZOFFSETTO:", to, "\r\n", more, "END:", name, "\r\n");
}

std::vector<std::string> all_zones()
{
  std::vector<std::string> out{"UTC", "Etc/GMT+5", "EST5EDT"};
  std::ifstream file("/usr/share/zoneinfo/zone1970.tab");
  for (std::string line; std::getline(file, line);) {
    if (line.empty() || line[0] == '#') continue;
    std::istringstream fields(line);
    std::string countries, place, zone;
    fields >> countries >> place >> zone;
    out.push_back(zone);
  }
  REQUIRE(out.size() > 200);
  return out;
}

/// Parameters and value as one would write them.
std::string unfolded_line(const Property& p)
{
  std::string out;
  for (const Parameter& parameter : p.parameters) {
    out += cat(parameter.name, "=", parameter.values.front(), ":");
  }
  return out + p.value;
}

/// The C library's opinion.
class SystemZone {
 public:
  explicit SystemZone(const std::string& name)
  {
    ::setenv("TZ", name.c_str(), 1);
    ::tzset();
  }
  ~SystemZone()
  {
    ::unsetenv("TZ");
    ::tzset();
  }
  SystemZone(const SystemZone&) = delete;
  SystemZone& operator=(const SystemZone&) = delete;
  [[nodiscard]] long offset(UtcSeconds t) const
  {
    const std::time_t seconds = t.time_since_epoch().count();
    std::tm tm{};
    ::localtime_r(&seconds, &tm);
    return tm.tm_gmtoff;
  }
};

}  // namespace

TEST_CASE("dates and times have the kind that they are written in")
{
  const Zones zones{Component{}};
  CHECK(zones.time_of({"DTSTART", {}, "20270104"})->kind == TimeKind::Date);
  CHECK(zones.time_of({"DTSTART", {}, "20270104T100000"})->kind == TimeKind::Floating);
  CHECK(zones.time_of({"DTSTART", {}, "20270104T100000Z"})->kind == TimeKind::Utc);
  CHECK(zones.time_of({"DTSTART", {}, "20270104T100000Z"})->local == "20270104T100000");
  CHECK(zones.time_of(zoned("Europe/Berlin", "20270104T100000"))->kind == TimeKind::Zoned);
  CHECK(zones.time_of(zoned("Europe/Berlin", "20270104T100000Z"))->kind == TimeKind::Utc);
}

TEST_CASE("dates that no calendar has are no dates")
{
  const Zones zones{Component{}};
  for (const char* value : {"20270230", "20270001", "2027011", "20270104T240000", "20270104T106000",
                            "20270104t100000", "20270104T100000z", " 20270104", "2027-1-4", ""}) {
    CHECK_FALSE(zones.time_of({"DTSTART", {}, value}));
  }
}

TEST_CASE("an unknown zone is an error")
{
  const Zones zones{Component{}};
  for (const char* name :
       {"Europe/Nowhere", "", "../../etc/passwd", "/etc/passwd", "Europe", "zone.tab"}) {
    const auto t = zones.time_of(zoned(name, "20270104T100000"));
    REQUIRE_FALSE(t);
    CHECK(t.error().code == Errc::BadValue);
  }
}

TEST_CASE("a time that comes twice is the first, one that is skipped has the offset before")
{
  const Zones zones{Component{}};  // RFC 5545 section 3.3.5
  CHECK(utc(zones, zoned("America/New_York", "20071104T013000")) == "20071104T053000Z");
  CHECK(utc(zones, zoned("America/New_York", "20070311T023000")) == "20070311T073000Z");
  CHECK(utc(zones, zoned("Europe/Berlin", "20271031T023000")) == "20271031T003000Z");
  CHECK(utc(zones, zoned("Europe/Berlin", "20271031T030000")) == "20271031T020000Z");
  CHECK(utc(zones, zoned("Europe/Berlin", "20270328T015959")) == "20270328T005959Z");
  CHECK(utc(zones, zoned("Europe/Berlin", "20270328T020000")) == "20270328T010000Z");
  CHECK(utc(zones, zoned("Europe/Berlin", "20270328T030000")) == "20270328T010000Z");
  CHECK(utc(zones, zoned("Australia/Lord_Howe", "20270404T014500")) == "20270403T144500Z");
}

TEST_CASE("the calendar's own VTIMEZONE wins, also under an odd name")
{
  const Component calendar =
      with_zone(cat("TZID:My Zone\r\n",
                    observance("STANDARD", "16010101T030000", "+0300", "+0200",
                               "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\n"),
                    observance("DAYLIGHT", "16010101T020000", "+0200", "+0300",
                               "RRULE:FREQ=YEARLY;INTERVAL=1;BYDAY=-1SU;BYMONTH=3\r\n")));
  const Zones zones{calendar};
  CHECK(utc(zones, zoned("My Zone", "20270104T100000")) == "20270104T080000Z");
  CHECK(utc(zones, zoned("My Zone", "20270704T100000")) == "20270704T070000Z");
  CHECK(zones.show_in(at("2027-07-04T07:00:00Z"), "My Zone") ==
        "2027-07-04 10:00 My Zone (+03:00)");
}

TEST_CASE("a VTIMEZONE under a well-known name with other offsets is noticed")
{
  const std::string lie = observance("STANDARD", "19700101T000000", "+0500", "+0500");
  const Component calendar = with_zone("TZID:Europe/Berlin\r\n" + lie);
  const Zones zones{calendar};
  CHECK(utc(zones, zoned("Europe/Berlin", "20270104T100000")) == "20270104T050000Z");
  CHECK(zones.differs_from_tzdata("Europe/Berlin", at("2027-01-04T05:00:00Z")));
  const Zones good{Component{"VCALENDAR", {}, {*vtimezone("Europe/Berlin")}}};
  CHECK_FALSE(good.differs_from_tzdata("Europe/Berlin", at("2027-01-04T05:00:00Z")));
  CHECK_FALSE(good.differs_from_tzdata("Asia/Tokyo", at("2027-01-04T05:00:00Z")));
}

TEST_CASE("RDATE, UNTIL and a missing TZOFFSETFROM are understood in a VTIMEZONE")
{
  const Component calendar = with_zone(
      cat("TZID:Z\r\n", observance("STANDARD", "20200101T000000", "+0100", "+0100"),
          observance("DAYLIGHT", "20210401T020000", "+0100", "+0200",
                     "RDATE:20220401T020000,20230401T020000\r\n"),
          observance("STANDARD", "20201001T030000", "+0200", "+0100",
                     "RRULE:FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=1;UNTIL=20221001T010000Z\r\n")));
  const Zones zones{calendar};
  CHECK(utc(zones, zoned("Z", "20210701T120000")) == "20210701T100000Z");
  CHECK(utc(zones, zoned("Z", "20221201T120000")) == "20221201T110000Z");
  CHECK(utc(zones, zoned("Z", "20240101T120000")) == "20240101T100000Z");  // never set back
}

TEST_CASE("a VTIMEZONE that no clock could follow is an error, and quickly")
{
  for (const char* rule : {"FREQ=SECONDLY", "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
                           "FREQ=MINUTELY;COUNT=999999999"}) {
    const Component calendar =
        with_zone(cat("TZID:Z\r\n", observance("STANDARD", "19700101T000000", "+0100", "+0100",
                                               cat("RRULE:", rule, "\r\n"))));
    const Zones zones{calendar};
    const std::string got = utc(zones, zoned("Z", "20270104T100000"));
    CHECK((got.starts_with("error") || got == "20270104T090000Z"));
  }
  CHECK(utc(Zones{with_zone("TZID:Z\r\n")}, zoned("Z", "20270104T100000")).starts_with("error"));
}

TEST_CASE("Windows names and vendor prefixes stand for tzdata's zones")
{
  const Zones zones{Component{}};
  CHECK(windows_zone("W. Europe Standard Time") == "Europe/Berlin");
  CHECK_FALSE(windows_zone("Europe/Berlin"));
  CHECK_FALSE(windows_zone("No Such Standard Time"));
  CHECK(utc(zones, zoned("Eastern Standard Time", "20270704T100000")) == "20270704T140000Z");
  CHECK(utc(zones, zoned("/freeassociation.sourceforge.net/Europe/Berlin", "20270104T100000")) ==
        "20270104T090000Z");
}

TEST_CASE("offsets are those of the C library, for every zone of tzdata")
{
  for (const std::string& name : all_zones()) {
    const auto rules = ical::detail::ZoneRules::from_tzdata(name);
    REQUIRE(rules);
    const SystemZone system(name);
    for (std::int64_t t = -1'500'000'000; t < 3'900'000'000; t += 26'543'211) {
      const UtcSeconds instant{std::chrono::seconds{t}};
      if (rules->offset_at(instant).count() != system.offset(instant)) FAIL(cat(name, " at ", t));
    }
  }
  SUCCEED();
}

TEST_CASE("the VTIMEZONE that is sent says from 2020 on what tzdata says, for every zone")
{
  for (const std::string& name : all_zones()) {
    const auto component = vtimezone(name);
    if (!component) FAIL(cat(name, ": ", component.error().what));
    const Component calendar{"VCALENDAR", {}, {*component}};
    const auto again = parse(serialise(calendar), Limits{});
    REQUIRE(again);
    CHECK(again->findings.empty());
    const Zones zones{again->calendar};
    for (UtcSeconds t = at("2020-01-01T00:30:00Z"); t < at("2041-01-01T00:00:00Z");
         t += std::chrono::hours{11 * 24 + 7}) {
      if (zones.differs_from_tzdata(name, t)) FAIL(cat(name, " at ", to_ical_utc(t)));
    }
  }
  SUCCEED();
}

TEST_CASE("a VTIMEZONE is two rules from 1970 under the plain name")
{
  CHECK(serialise(*vtimezone("Europe/Berlin")) ==
        "BEGIN:VTIMEZONE\r\nTZID:Europe/Berlin\r\nBEGIN:DAYLIGHT\r\nDTSTART:19700329T020000\r\n"
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0200\r\n"
        "TZNAME:CEST\r\nEND:DAYLIGHT\r\nBEGIN:STANDARD\r\nDTSTART:19701025T030000\r\n"
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
        "TZNAME:CET\r\nEND:STANDARD\r\nEND:VTIMEZONE\r\n");
  CHECK(vtimezone("Asia/Kolkata")->components.size() == 1);
  CHECK(vtimezone("UTC")->components.size() == 1);
  CHECK(vtimezone("Nowhere/Land").error().code == Errc::BadValue);
}

TEST_CASE("durations: days are nominal, hours are exact")
{
  const Zones zones{Component{}};
  const Time start = *zones.time_of(zoned("Europe/Berlin", "20270327T120000"));
  CHECK(add_duration(zones, start, "P1D")->local == "20270328T120000");
  CHECK(add_duration(zones, start, "PT24H")->local == "20270328T130000");
  CHECK(add_duration(zones, start, "-P1DT1H")->local == "20270326T110000");
  CHECK(add_duration(zones, start, "P2W")->local == "20270410T120000");
  const Time date = *zones.time_of({"DTSTART", {}, "20270228"});
  CHECK(add_duration(zones, date, "P1D")->local == "20270301");
  CHECK_FALSE(add_duration(zones, date, "PT1H"));
  CHECK_FALSE(add_duration(zones, start, "P999999999W"));
}

TEST_CASE("the offsets of two years are those of each hour, and nothing else")
{
  const Zones none{Component{}};
  const Zones odd(with_zone(
      cat("TZID:Odd\r\n",
          observance("STANDARD", "19701025T030000", "+0200", "+0100",
                     "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU;UNTIL=20281001T000000Z\r\n"),
          observance("DAYLIGHT", "19700329T020000", "+0100", "+0200",
                     "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU\r\nRDATE:20281101T020000\r\n"),
          observance("STANDARD", "20280601T000000", "+0200", "+0300"),
          observance("STANDARD", "20280601T000000", "+0200", "+0400"))));
  const UtcSeconds from = at("2027-02-01T00:00:00Z");
  const UtcSeconds to = from + std::chrono::days{730};
  for (const char* tzid :
       {"Odd", "Europe/Berlin", "America/New_York", "Africa/Casablanca", "Australia/Lord_Howe",
        "Africa/Cairo", "America/Nuuk", "Asia/Kolkata", "Europe/Dublin"}) {
    INFO(tzid);
    const Zones& zones = std::string(tzid) == "Odd" ? odd : none;
    const auto offset = [&](UtcSeconds t) {
      const auto local = zones.in_zone(t, tzid);
      REQUIRE(local);
      return *parse_instant(cat(local->local, "Z")) - t;
    };
    const auto changes = zones.offsets(tzid, from, to);
    REQUIRE(changes);
    std::vector<OffsetChange> sampled;
    for (UtcSeconds t = from; t < to; t += std::chrono::minutes{30})
      if (sampled.empty() || sampled.back().offset != offset(t)) sampled.push_back({t, offset(t)});
    CHECK(*changes == sampled);
  }
  CHECK_FALSE(none.offsets("Nowhere/At_All", from, to));
}

TEST_CASE("when a VTIMEZONE differs from tzdata: to the second, and not where it is the same")
{
  const auto differing = [](const Zones& zones, const char* tzid) {
    std::string out;
    for (const Stretch& s :
         zones.differing_from_tzdata(tzid, at("2027-01-01T00:00:00Z"), at("2028-04-01T00:00:00Z")))
      out += cat(to_ical_utc(s.from), '-', to_ical_utc(s.to), ' ');
    return out;
  };
  const auto berlin = [](const char* begin, const char* end) {
    return with_zone(cat("TZID:Europe/Berlin\r\n",
                         observance("STANDARD", "19701025T030000", "+0200", "+0100",
                                    cat("RRULE:FREQ=YEARLY;BYMONTH=", end, "\r\n")),
                         observance("DAYLIGHT", "19700329T020000", "+0100", "+0200",
                                    cat("RRULE:FREQ=YEARLY;BYMONTH=", begin, "\r\n"))));
  };
  CHECK(differing(Zones(berlin("3;BYDAY=-1SU", "10;BYDAY=-1SU")), "Europe/Berlin").empty());
  CHECK(differing(Zones(berlin("3;BYDAY=2SU", "11;BYDAY=1SU")), "Europe/Berlin") ==
        "20270314T010000Z-20270328T010000Z 20271031T010000Z-20271107T010000Z "
        "20280312T010000Z-20280326T010000Z ");
  const Zones fixed(with_zone(
      cat("TZID:Europe/Berlin\r\n", observance("STANDARD", "19700101T000000", "+0100", "+0100"))));
  CHECK(differing(fixed, "Europe/Berlin") ==
        "20270328T010000Z-20271031T010000Z 20280326T010000Z-20280401T000000Z ");
  CHECK(differing(fixed, "Europe/Paris").empty());  // not the calendar's own
}

TEST_CASE("what is no duration, or a negative one, is refused")
{
  for (const char* good : {"PT0S", "P1D", "P1DT2H3M4S", "+PT5M", "P7W", "-PT0S"}) {
    CHECK(check_duration(good));
  }
  for (const char* bad : {"", "P", "PT", "P1", "1D", "PT1D", "P1H", "P1DT", "PT1H1H", "PT1M1H",
                          "-PT1H", "P1.5D", "PT1H ", "P9999999999D", "--P1D"}) {
    CHECK_FALSE(check_duration(bad));
  }
  for (const auto& [loose, strict] : {std::pair{"P1W2D", "P9D"}, {"PT1H30S", "PT1H0M30S"}, {"P1DT1H1S", "P1DT1H0M1S"},
                                      {"P1WT1H", "P7DT1H0M0S"}, {"P0W0D", "P0D"}, {"pt1h", "PT1H"}, {"P7W", "P7W"}})
    CHECK(*check_duration(loose) == strict);
}

TEST_CASE("the span of an event: DTEND, else DURATION, else a day, else nothing")
{
  const Zones zones{Component{}};
  const auto end = [&](std::vector<Property> properties, const char* name = "VEVENT") {
    const auto span = span_of(zones, Component{name, std::move(properties), {}});
    return span ? span->end.local : "error";
  };
  const Property start{"DTSTART", {}, "20270104T100000Z"};
  CHECK(end({start, {"DURATION", {}, "PT1H"}, {"DTEND", {}, "20270104T120000Z"}}) ==
        "20270104T120000");
  CHECK(end({start, {"DURATION", {}, "PT1H"}}) == "20270104T110000");
  CHECK(end({start}) == "20270104T100000");
  CHECK(end({{"DTSTART", {}, "20270104"}}) == "20270105");
  CHECK(end({start, {"DUE", {}, "20270105T000000Z"}}, "VTODO") == "20270105T000000");
  CHECK(end({}) == "error");
  CHECK(end({start, {"DURATION", {}, "-PT1H"}}) == "error");
}

TEST_CASE("WHEN takes RFC 3339, RFC 5545 and what people write")
{
  const auto when = [](const char* text, const char* zone) {
    const auto p = when_property("DTSTART", text, zone);
    return p ? unfolded_line(*p) : "error";
  };
  CHECK(when("2027-01-04T10:00", "Europe/Berlin") == "TZID=Europe/Berlin:20270104T100000");
  CHECK(when("2027-01-04 10:00:30", "Europe/Berlin") == "TZID=Europe/Berlin:20270104T100030");
  CHECK(when("20270104T100000", "UTC") == "20270104T100000Z");
  CHECK(when("2027-01-04T10:00:00+01:00", "") == "20270104T090000Z");
  CHECK(when("2027-01-04T10:00:00+01:00", "America/New_York") ==
        "TZID=America/New_York:20270104T040000");
  CHECK(when("20270104T100000Z", "") == "20270104T100000Z");
  CHECK(when("20270704T100000Z", "Europe/Berlin") == "TZID=Europe/Berlin:20270704T120000");
  CHECK(when("2027-01-04", "") == "VALUE=DATE:20270104");
  for (const char* bad : {"2027-01-04T10:00", "2027-02-30", "tomorrow", "", "2027-01-04T25:00"}) {
    CHECK(when(bad, "") == "error");
  }
  const auto skipped = when_property("DTSTART", "2027-03-28T02:30", "Europe/Berlin");
  REQUIRE_FALSE(skipped);
  CHECK(skipped.error().hint.ends_with(" at 2027-03-28T03:30:00"));
  CHECK(when("2027-01-04T10:00", "Europe/Nowhere") == "error");
  // of the hour that the clock shows twice only the first can be said
  CHECK(when("2027-10-31T00:30:00Z", "Europe/Berlin") == "TZID=Europe/Berlin:20271031T023000");
  const auto second = when_property("DTSTART", "2027-10-31T01:30:00Z", "Europe/Berlin");
  REQUIRE_FALSE(second);
  CHECK(second.error().what.ends_with("the clock shows that hour twice"));
  CHECK(when("2027-10-31T02:00:00Z", "Europe/Berlin") == "TZID=Europe/Berlin:20271031T030000");
}

TEST_CASE("EXDATE and RDATE give all their values, a period its start")
{
  const Zones zones{Component{}};
  const auto times = zones.times_of({"RDATE",
                                     {{"VALUE", {"PERIOD"}}},
                                     "20270104T100000Z/PT1H,20270105T100000Z/20270105T110000Z"});
  REQUIRE(times);
  REQUIRE(times->size() == 2);
  CHECK(times->at(1).local == "20270105T100000");
  CHECK_FALSE(zones.times_of({"EXDATE", {}, "20270104T100000Z,"}));
}

TEST_CASE("the local zone is that of TZ, if it is one")
{
  ::setenv("TZ", ":Asia/Tokyo", 1);
  CHECK(local_timezone() == "Asia/Tokyo");
  ::setenv("TZ", "nonsense", 1);
  CHECK(ical::detail::is_olson_name(local_timezone()));
  ::unsetenv("TZ");
}
