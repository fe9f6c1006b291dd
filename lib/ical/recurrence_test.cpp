#include "ical/recurrence.hpp"

#include <catch2/catch.hpp>

#include "base/cat.hpp"

using namespace imip;
using namespace imip::ical;

namespace {

UtcSeconds at(const char* text)
{
  return *parse_instant(text);
}
const UtcSeconds long_ago = at("1900-01-01T00:00:00Z");
const UtcSeconds far = at("2100-01-01T00:00:00Z");

Component event(const std::string& start, const std::string& rule, const std::string& more = {})
{
  const auto p = parse(cat("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART", start, "\r\n",
                           rule.empty() ? "" : "RRULE:", rule, rule.empty() ? "" : "\r\n", more,
                           "END:VEVENT\r\nEND:VCALENDAR\r\n"),
                       Limits{});
  REQUIRE(p);
  REQUIRE(p->findings.empty());
  return p->calendar.components.front();
}

std::string shown(const Result<std::vector<Time>>& times)
{
  if (!times) return times.error().code == Errc::TooLarge ? "too large" : "bad value";
  std::string out;
  for (const Time& t : *times) out += cat(out.empty() ? "" : " ", t.local);
  return out;
}

std::string expanded(const Component& e, UtcSeconds from = long_ago, UtcSeconds to = far)
{
  return shown(expand(Zones{Component{}}, e, from, to, Limits{}));
}

/// Days only, of a series at 09:00 in New York: RFC 5545 section 3.8.5.3 has its examples there.
std::string days(const std::string& start, const std::string& rule, std::size_t n)
{
  const Component e = event(cat(";TZID=America/New_York:", start, "T090000"), rule);
  const auto times = next_instances(Zones{Component{}}, e, long_ago, n, Limits{});
  if (!times) return times.error().what;
  std::string out;
  for (const Time& t : *times) out += cat(out.empty() ? "" : " ", t.local.substr(0, 8));
  return out;
}

}  // namespace

TEST_CASE("the examples of RFC 5545 section 3.8.5.3")
{
  CHECK(days("19970902", "FREQ=DAILY;INTERVAL=10;COUNT=5", 9) ==
        "19970902 19970912 19970922 19971002 19971012");
  CHECK(days("19970902", "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", 9) ==
        "19970902 19970904 19970916 19970918 19970930 19971002 19971014 19971016");
  CHECK(days("19970805", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", 9) ==
        "19970805 19970810 19970819 19970824");
  CHECK(days("19970805", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", 9) ==
        "19970805 19970817 19970819 19970831");
  CHECK(days("19970905", "FREQ=MONTHLY;COUNT=4;BYDAY=1FR", 9) ==
        "19970905 19971003 19971107 19971205");
  CHECK(days("19970922", "FREQ=MONTHLY;COUNT=3;BYDAY=-2MO", 9) == "19970922 19971020 19971117");
  CHECK(days("19970928", "FREQ=MONTHLY;BYMONTHDAY=-3", 3) == "19970928 19971029 19971128");
  CHECK(days("19970930", "FREQ=MONTHLY;COUNT=4;BYMONTHDAY=1,-1", 9) ==
        "19970930 19971001 19971031 19971101");
  CHECK(days("19970101", "FREQ=YEARLY;INTERVAL=3;COUNT=4;BYYEARDAY=1,100,200", 9) ==
        "19970101 19970410 19970719 20000101");
  CHECK(days("19970519", "FREQ=YEARLY;BYDAY=20MO", 3) == "19970519 19980518 19990517");
  CHECK(days("19970512", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", 3) == "19970512 19980511 19990517");
  CHECK(days("19970313", "FREQ=YEARLY;BYMONTH=3;BYDAY=TH", 4) ==
        "19970313 19970320 19970327 19980305");
  CHECK(days("19980213", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", 4) ==
        "19980213 19980313 19981113 19990813");
  CHECK(days("19961105", "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
             3) == "19961105 20001107 20041102");
  CHECK(days("19970904", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", 9) ==
        "19970904 19971007 19971106");
  CHECK(days("19970929", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", 3) ==
        "19970929 19971030 19971127");
  CHECK(days("20070115", "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", 9) ==
        "20070115 20070130 20070215 20070315 20070330");
}

TEST_CASE("rules that libical's iterator gets wrong")
{
  CHECK(expanded(event(":20220314T124500", "FREQ=DAILY;BYMONTHDAY=-1,10;COUNT=4")) ==
        "20220314T124500 20220331T124500 20220410T124500 20220430T124500 20220510T124500");
  CHECK(expanded(event(":20260105T100000", "FREQ=WEEKLY;BYDAY=MO,FR;BYSETPOS=-1;COUNT=2")) ==
        "20260105T100000 20260109T100000 20260116T100000");
  CHECK(expanded(event(":20260115T100000", "FREQ=YEARLY;BYMONTHDAY=15;COUNT=3")) ==
        "20260115T100000 20260215T100000 20260315T100000");
  CHECK(expanded(event(":20231114T210000",
                       "FREQ=MONTHLY;BYMONTH=1,2,4;BYMONTHDAY=28,-1;BYSETPOS=-1;COUNT=3")) ==
        "20231114T210000 20240131T210000 20240229T210000 20240430T210000");
}

TEST_CASE("HOURLY and finer rules, with and without limits")
{
  CHECK(expanded(event(":20270104T230000Z", "FREQ=HOURLY;INTERVAL=6;COUNT=3")) ==
        "20270104T230000 20270105T050000 20270105T110000");
  CHECK(expanded(event(":20270104T090000Z", "FREQ=MINUTELY;INTERVAL=90;BYHOUR=9,10;COUNT=4")) ==
        "20270104T090000 20270104T103000 20270105T090000 20270105T103000");
  CHECK(expanded(event(":20270104T090000Z", "FREQ=SECONDLY;BYMINUTE=30;BYSECOND=0;COUNT=2")) ==
        "20270104T090000 20270104T093000 20270104T103000");
}

TEST_CASE("a rule that can never match gives DTSTART and RDATE, at once")
{
  const auto rule =
      GENERATE(as<std::string>{}, "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30",
               "FREQ=MINUTELY;BYMONTH=4,6;BYMONTHDAY=31", "FREQ=HOURLY;BYMONTH=2;BYYEARDAY=300",
               "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=-30", "FREQ=MONTHLY;BYMONTH=11;BYMONTHDAY=31",
               "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "FREQ=YEARLY;BYDAY=53MO;BYMONTH=2",
               "FREQ=YEARLY;BYWEEKNO=20;BYMONTH=1;BYDAY=MO", "FREQ=DAILY;BYSETPOS=366",
               "FREQ=WEEKLY;BYMONTH=2;BYDAY=MO;BYSETPOS=2");
  const Component e = event(":20270104T100000Z", rule, "RDATE:20270105T100000Z\r\n");
  CHECK(expanded(e) == "20270104T100000 20270105T100000");
  CHECK(shown(next_instances(Zones{Component{}}, e, long_ago, 5, Limits{})) != "bad value");
}

TEST_CASE("more instances than the limit are an error, not a long wait")
{
  CHECK(expanded(event(":20270104T100000Z", "FREQ=SECONDLY")) == "too large");
  CHECK(expanded(event(":20270104T100000Z", "FREQ=SECONDLY;INTERVAL=60;BYSECOND=5")) ==
        "too large");
  CHECK(expanded(event(":19000104T100000Z", "FREQ=DAILY;COUNT=999999999"),
                 at("2027-01-01T00:00:00Z"), at("2027-01-02T00:00:00Z")) == "20270101T100000");
  Limits limits;
  limits.recurrence_instances = 10;
  const Component e = event(":20270104T100000Z", "FREQ=DAILY");
  CHECK(shown(expand(Zones{Component{}}, e, long_ago, far, limits)) == "too large");
  CHECK(shown(expand(Zones{Component{}}, event(":20270104T100000Z", "FREQ=DAILY;COUNT=10"),
                     long_ago, far, limits))
            .size() > 20);
}

TEST_CASE("the wall clock stays when the offset changes")
{
  const Component e = event(";TZID=Europe/Berlin:20270327T100000", "FREQ=DAILY;COUNT=3");
  const auto times = expand(Zones{Component{}}, e, long_ago, far, Limits{});
  REQUIRE(times);
  CHECK(shown(times) == "20270327T100000 20270328T100000 20270329T100000");
  CHECK(to_ical_utc(times->at(0).instant) == "20270327T090000Z");
  CHECK(to_ical_utc(times->at(1).instant) == "20270328T080000Z");
}

TEST_CASE("UNTIL is inclusive: in UTC, as a date, and as local time")
{
  const std::string start = ";TZID=Europe/Berlin:20270104T003000";
  const std::string two = "20270104T003000 20270105T003000";
  CHECK(expanded(event(start, "FREQ=DAILY;UNTIL=20270104T233000Z")) == two);
  CHECK(expanded(event(start, "FREQ=DAILY;UNTIL=20270104T232959Z")) == "20270104T003000");
  CHECK(expanded(event(start, "FREQ=DAILY;UNTIL=20270105")) == two);
  CHECK(expanded(event(start, "FREQ=DAILY;UNTIL=20270105T003000")) == two);
  CHECK(expanded(event(";VALUE=DATE:20270104", "FREQ=DAILY;UNTIL=20270105")) ==
        "20270104 20270105");
}

TEST_CASE("EXDATE takes instances out: by instant, by date, in UTC, floating; COUNT counts them")
{
  const auto exdate =
      GENERATE(as<std::string>{}, "EXDATE;TZID=Europe/Berlin:20270105T100000",
               "EXDATE:20270105T090000Z", "EXDATE;VALUE=DATE:20270105", "EXDATE:20270105T100000",
               "EXDATE;TZID=America/New_York:20270105T040000");
  CHECK(expanded(event(";TZID=Europe/Berlin:20270104T100000", "FREQ=DAILY;COUNT=3",
                       exdate + "\r\n")) == "20270104T100000 20270106T100000");
}

TEST_CASE("EXDATE takes DTSTART out too")
{
  CHECK(expanded(event(":20270104T100000Z", "FREQ=DAILY;COUNT=2", "EXDATE:20270104T100000Z\r\n")) ==
        "20270105T100000");
  CHECK(expanded(event(":20270104T100000Z", "", "EXDATE:20270104T100000Z\r\n")).empty());
}

TEST_CASE("RDATE adds instances, sorted, each once")
{
  CHECK(expanded(event(":20270104T100000Z", "FREQ=DAILY;COUNT=2",
                       "RDATE:20270110T100000Z,20270105T100000Z\r\n"
                       "RDATE;VALUE=PERIOD:20270103T080000Z/PT1H\r\n")) ==
        "20270103T080000 20270104T100000 20270105T100000 20270110T100000");
}

TEST_CASE("the window is inclusive at both ends")
{
  const Component e = event(":20270104T100000Z", "FREQ=DAILY");
  CHECK(expanded(e, at("2027-01-05T10:00:00Z"), at("2027-01-06T10:00:00Z")) ==
        "20270105T100000 20270106T100000");
  CHECK(expanded(e, at("2027-01-05T10:00:01Z"), at("2027-01-06T09:59:59Z")).empty());
}

TEST_CASE("the next instances of an old endless series")
{
  const Zones zones{Component{}};
  const UtcSeconds from = at("2027-01-04T00:00:00Z");
  const auto next = [&](const char* start, const char* rule) {
    return shown(next_instances(zones, event(start, rule), from, 2, Limits{}));
  };
  CHECK(next(":19700101T100000Z", "FREQ=DAILY;INTERVAL=3") == "20270105T100000 20270108T100000");
  CHECK(next(":19700105T100000Z", "FREQ=WEEKLY;INTERVAL=2") == "20270104T100000 20270118T100000");
  CHECK(next(":19700131T100000Z", "FREQ=MONTHLY;INTERVAL=5") == "20270731T100000 20271231T100000");
  CHECK(next(":19720229T100000Z", "FREQ=YEARLY") == "20280229T100000 20320229T100000");
  CHECK(next(":19700101T000000Z", "FREQ=MINUTELY;INTERVAL=7") == "20270104T000100 20270104T000800");
  CHECK(next(":19700101T100000Z", "FREQ=DAILY;COUNT=10").empty());
}

TEST_CASE("the next instances from the ends of time")
{
  const Zones zones{Component{}};
  const Component series = event(":20270104T100000Z", "FREQ=WEEKLY;COUNT=3");
  CHECK(shown(next_instances(zones, series, UtcSeconds::min(), 2, Limits{})) ==
        "20270104T100000 20270111T100000");
  CHECK(shown(next_instances(zones, series, UtcSeconds::max(), 2, Limits{})).empty());
}

TEST_CASE("is there an instance")
{
  const Zones zones{Component{}};
  const Component e = event(";TZID=Europe/Berlin:20270104T100000", "FREQ=WEEKLY",
                            "EXDATE;TZID=Europe/Berlin:20270118T100000\r\n");
  const auto has = [&](const Property& id) {
    return *has_instance(zones, e, *zones.time_of(id), Limits{});
  };
  CHECK(has({"RECURRENCE-ID", {{"TZID", {"Europe/Berlin"}}}, "20270111T100000"}));
  CHECK(has({"RECURRENCE-ID", {}, "20270111T090000Z"}));
  CHECK(has({"RECURRENCE-ID", {}, "20270111T100000"}));
  CHECK(has({"RECURRENCE-ID", {{"VALUE", {"DATE"}}}, "20270111"}));
  CHECK_FALSE(has({"RECURRENCE-ID", {{"VALUE", {"DATE"}}}, "20270118"}));
  CHECK_FALSE(has({"RECURRENCE-ID", {}, "20270118T090000Z"}));
  CHECK_FALSE(has({"RECURRENCE-ID", {}, "20270111T090001Z"}));
  CHECK_FALSE(has({"RECURRENCE-ID", {}, "20261228T090000Z"}));
}

TEST_CASE("a floating RDATE or EXDATE beside a zoned DTSTART is in its zone")
{
  const Zones zones{Component{}};
  const Component e =
      event(";TZID=Europe/Berlin:20270104T100000", "FREQ=WEEKLY;COUNT=2",
            "RDATE:20270106T230000,20270107T120000\r\nEXDATE:20270111T100000,20270107T120000\r\n");
  const auto times = expand(zones, e, long_ago, far, Limits{});
  REQUIRE(shown(times) == "20270104T100000 20270106T230000");
  CHECK(times->back().instant == at("2027-01-06T22:00:00Z"));
  CHECK(*has_instance(zones, e, times->back(), Limits{}));
  CHECK(
      *has_instance(zones, e, *zones.time_of({"RECURRENCE-ID", {}, "20270106T230000"}), Limits{}));
  CHECK_FALSE(
      *has_instance(zones, e, *zones.time_of({"RECURRENCE-ID", {}, "20270106T230000Z"}), Limits{}));
}

TEST_CASE("no DTSTART, EXRULE and what is no rule are errors")
{
  const Zones zones{Component{}};
  CHECK(expanded(Component{"VEVENT", {}, {}}) == "bad value");
  CHECK(expanded(event(":20270104T100000Z", "FREQ=DAILY", "EXRULE:FREQ=WEEKLY\r\n")) ==
        "bad value");
  for (const char* bad : {"", "FREQ=", "FREQ=DAILY;BYDAY=", "FREQ=DAILY;BYMONTH=13", "DAILY",
                          "FREQ=DAILY;BYMONTHDAY=0", "FREQ=DAILY;COUNT=0", "FREQ=DAILY;;COUNT=1",
                          "FREQ=DAILY;BYHOUR=24", "FREQ=DAILY;UNTIL=20270230"}) {
    INFO(bad);
    CHECK_FALSE(check_rrule(bad));
  }
  const auto why = [](const char* rule) { return check_rrule(rule).error().what; };
  CHECK(why("FREQ=DAILY;COUNT=1000000000").find("more than 999999999 is not supported") !=
        std::string::npos);
  CHECK(why("FREQ=DAILY;COUNT=99999999999999999999").find("999999999 is") != std::string::npos);
  CHECK(why("FREQ=DAILY;INTERVAL=32768").find("more than 32767 is not supported") !=
        std::string::npos);
  for (const char* bad : {"FREQ=DAILY;COUNT=000", "FREQ=DAILY;COUNT=", "FREQ=DAILY;INTERVAL=1x"})
    CHECK(why(bad).find("not valid") != std::string::npos);
  CHECK(check_rrule("FREQ=DAILY;COUNT=999999999;INTERVAL=32767"));
  CHECK(check_rrule("FREQ=WEEKLY;BYDAY=MO, FR;"));
  CHECK(check_rrule("freq=weekly;byday=mo"));
}
