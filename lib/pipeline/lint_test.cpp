// Each rule of lint, broken once: what is found, where, and what apply does about it.
#include "pipeline/lint.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/cat.hpp"

using namespace imip;

namespace {

const UtcSeconds now = std::chrono::sys_days{std::chrono::year{2027} / 1 / 2};

const pipeline::Judge& judge()
{
  static const auto made = pipeline::Judge::create(policy::Policy{}, now, now, {});
  REQUIRE(made.has_value());
  return *made;
}

std::string crlf(std::string text)
{
  std::erase(text, '\r');
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.replace(at, 1, "\r\n");
  return text;
}

const std::string request = crlf(
    "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Example//Test//EN\nMETHOD:REQUEST\nBEGIN:VEVENT\nUID:one\n"
    "DTSTAMP:20270101T000000Z\nSEQUENCE:1\nDTSTART:20270104T100000Z\nDTEND:20270104T110000Z\nSUMMARY:Plan\n"
    "ORGANIZER:mailto:boss@example.com\nATTENDEE;PARTSTAT=ACCEPTED:mailto:alice@example.com\nEND:VEVENT\n"
    "END:VCALENDAR\n");
const std::string end = "END:VEVENT";
const std::string berlin = crlf(
    "BEGIN:VTIMEZONE\nTZID:Europe/Berlin\nBEGIN:STANDARD\nDTSTART:19961027T030000\nTZOFFSETFROM:+0200\n"
    "TZOFFSETTO:+0100\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\nEND:STANDARD\nEND:VTIMEZONE\n");

using Edits = std::vector<std::pair<std::string, std::string>>;

std::string edited(std::string text, const Edits& edits)
{
  for (const auto& [from, to] : edits) {
    const auto at = text.find(crlf(from));
    INFO(from);
    REQUIRE(at != std::string::npos);
    text.replace(at, crlf(from).size(), crlf(to));
  }
  return text;
}

std::string add(const std::string& lines) { return lines + "\n" + end; }

std::set<std::string> seen_rules;

/// "severity rule section line effect[:code]", joined by "; ", of the only part.
std::string found_in(const std::string& octets)
{
  const auto parts = pipeline::lint(judge(), octets, "-");
  if (!parts) return cat("error: ", parts.error().what);
  std::string out;
  for (const Departure& d : parts->front().departures.all()) {
    seen_rules.insert(std::string(rule_word(d.rule)));
    out += cat(out.empty() ? "" : "; ", severity_word(d.severity), ' ', rule_word(d.rule), ' ', d.rfc, '/', d.section,
               ' ', d.place.line, ' ', effect_word(d.effect.kind));
    if (d.effect.kind == Effect::Kind::Refused) {
      out += cat(':', code_word(d.effect.code));
      const auto& refusals = parts->front().refusals;
      CHECK(std::any_of(refusals.begin(), refusals.end(), [&](const Reason& r) { return r.code == d.effect.code; }));
    }
  }
  return out;
}

struct Sample {
  const char* name;
  Edits edits;
  std::string expected;
};

void check(const std::string& base, const std::vector<Sample>& samples)
{
  for (const Sample& sample : samples) {
    INFO(sample.name);
    CHECK(found_in(edited(base, sample.edits)) == sample.expected);
  }
}

}  // namespace

// A test by itself, and one of those that together break every rule.
#define BREAKING(function, name) \
  static void function();        \
  TEST_CASE(name)                \
  {                              \
    function();                  \
  }                              \
  static void function()

BREAKING(break_octets, "the octets")
{
  CHECK(found_in(request) == "");
  std::string lf = request;
  std::erase(lf, '\r');
  CHECK(found_in(lf) == "must line-end 5545/3.1 1 ignored");
  CHECK(found_in(request.substr(0, request.size() - 2)) == "must line-end 5545/3.1 15 ignored");
  CHECK(found_in("\xEF\xBB\xBF" + request) == "must byte-order-mark 5545/3.4 1 ignored");
  check(request,
        {{"long", {{"SUMMARY:Plan", "SUMMARY:" + std::string(68, 'x')}}, "should line-length 5545/3.1 11 ignored"},
         {"folded", {{"SUMMARY:Plan", "SUMMARY:Pl\n an"}}, ""},
         {"in a character", {{"SUMMARY:Plan", "SUMMARY:Pl\xC3\n \xA4n"}}, "should fold-in-character 5545/3.1 12 ignored"},
         {"blank", {{"SUMMARY:Plan", "SUMMARY:Plan\n"}}, "must blank-line 5545/3.1 12 ignored"},
         {"latin 1", {{"SUMMARY:Plan", "SUMMARY:Pl\xE4n"}}, "must not-utf-8 5545/3.1.4 11 refused:bad-calendar"},
         {"control", {{"SUMMARY:Plan", "SUMMARY:Pl\x07n"}}, "must control-character 5545/3.1 11 tolerated"},
         {"control in UID", {{"UID:one", "UID:o\x07ne"}},
          "must control-character 5545/3.1 6 refused:bad-calendar"},
         {"no colon", {{"SUMMARY:Plan", "SUMMARY:Plan\nUID"}}, "must content-line 5545/3.1 12 refused:bad-calendar"},
         {"no colon either", {{"SUMMARY:Plan", "SUMMARY:Plan\nPLAN"}}, "must content-line 5545/3.1 12 tolerated"},
         {"no name", {{"SUMMARY:Plan", "SUMMARY:Plan\n:x"}}, "must content-line 5545/3.1 12 refused:bad-calendar"},
         {"parameter twice", {{"SUMMARY:Plan", "SUMMARY;LANGUAGE=en;LANGUAGE=de:Plan"}},
          "must content-line 5545/3.1 11 tolerated; must missing-property 5546/3.2.2 5 tolerated"},
         {"underscore", {{"SUMMARY:Plan", "SUMMARY;X_Y=1:Plan"}},
          "must name-form 5545/3.1 11 ignored; should unknown-parameter 5545/3.2 11 ignored"}});
  std::string nul = request;
  nul[nul.find("Plan")] = '\0';
  CHECK(found_in(nul) == "must control-character 5545/3.1 11 refused:bad-calendar");
}

BREAKING(break_components, "components")
{
  check(request,
        {{"after", {{"END:VCALENDAR", "END:VCALENDAR\nX:1"}}, "must calendar-object 5545/3.4 16 refused:bad-calendar"},
         {"two", {{"END:VCALENDAR", "END:VCALENDAR\nBEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nBEGIN:VEVENT\nUID:1\n"
                                    "DTSTAMP:20270101T000000Z\nDTSTART:20270101T000000Z\nEND:VEVENT\nEND:VCALENDAR"}},
          "interop several-calendars 5545/3.4 16 refused:bad-calendar"},
         {"unclosed", {{"END:VCALENDAR\n", ""}}, "must unclosed-component 5545/3.4 1 refused:bad-calendar"},
         {"closed twice", {{"END:VEVENT", "END:VEVENT\nEND:VEVENT"}}, "must unclosed-component 5545/3.4 15 refused:bad-calendar"},
         {"nested", {{end, add("BEGIN:VTODO\nUID:2\nDTSTAMP:20270101T000000Z\nEND:VTODO")}},
          "must nesting 5545/3.6.2 14 refused:bad-calendar"},
         {"behind an alarm", {{end, add("BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:x\nTRIGGER:-PT5M\nEND:VALARM\nURL:http://x/\nGEO:1;2")}},
          "must nesting 5545/3.6 19 ignored"},
         {"unknown", {{end, add("BEGIN:VTHING\nEND:VTHING")}}, "should unknown-component 5545/3.6 14 ignored"},
         {"of another standard", {{end, add("BEGIN:PARTICIPANT\nUID:p\nPARTICIPANT-TYPE:SPEAKER\nEND:PARTICIPANT\n"
                                            "BEGIN:X-MINE\nEND:X-MINE")}}, ""},
         {"none", {{request.substr(request.find("BEGIN:VEVENT"), request.find("END:VCALENDAR") - request.find("BEGIN:VEVENT")), ""}},
          "must missing-component 5545/3.6 1 refused:bad-calendar"},
         {"mixed", {{"END:VCALENDAR", "BEGIN:VJOURNAL\nUID:one\nDTSTAMP:20270101T000000Z\nEND:VJOURNAL\nEND:VCALENDAR"}},
          "must mixed-components 5546/3 15 refused:mixed-components"}});
  CHECK(found_in("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTAMP:20270101T000000Z\r\n"
                 "END:VEVENT\r\nEND:VCALENDAR\r\n") == "must missing-property 5545/3.6.1 4 ignored");
  CHECK(found_in("BEGIN:VEVENT\r\nEND:VEVENT\r\n").rfind("error", 0) == 0);
}

BREAKING(break_names, "names")
{
  check(request,
        {{"no PRODID", {{"PRODID:-//Example//Test//EN\n", ""}}, "must missing-property 5546/3.1.1 1 tolerated"},
         {"no VERSION", {{"VERSION:2.0\n", ""}}, "must missing-property 5546/3.1.1 1 ignored"},
         {"no UID", {{"UID:one\n", ""}}, "must missing-property 5546/3.2.2 5 refused:no-uid"},
         {"no ORGANIZER", {{"ORGANIZER:mailto:boss@example.com\n", ""}}, "must missing-property 5546/3.2.2 5 refused:no-organizer"},
         {"no DTSTART", {{"DTSTART:20270104T100000Z\n", ""}}, "must missing-property 5546/3.2.2 5 refused:no-start"},
         {"no DTSTAMP", {{"DTSTAMP:20270101T000000Z\n", ""}}, "must missing-property 5546/3.2.2 5 tolerated"},
         {"no ATTENDEE", {{"ATTENDEE;PARTSTAT=ACCEPTED:mailto:alice@example.com\n", ""}},
          "must missing-property 5546/3.2.2 5 tolerated"},
         {"twice", {{"SUMMARY:Plan", "SUMMARY:Plan\nSUMMARY:Plan"}}, "must repeated-property 5546/3.2.2 12 refused:duplicate-property"},
         {"METHOD twice", {{"METHOD:REQUEST", "METHOD:REQUEST\nMETHOD:REQUEST"}},
          "must repeated-property 5546/3.2.2 5 refused:duplicate-property"},
         {"COLOR twice", {{end, add("COLOR:red\nCOLOR:blue")}}, "must repeated-property 5545/3.6.1 15 refused:duplicate-property"},
         {"DUE", {{end, add("DUE:20270105T100000Z")}}, "must excluded-property 5545/3.6.1 14 ignored"},
         {"unknown", {{end, add("PLAN:x")}}, "should unknown-property 5545/3.8.8.1 14 ignored"},
         {"EXRULE", {{end, add("EXRULE:FREQ=DAILY")}}, "should unknown-property 5545/3.8.8.1 14 ignored"},
         {"of later standards", {{end, add("COLOR:red\nCONFERENCE;VALUE=URI;FEATURE=AUDIO,VIDEO:https://example.com/\n"
                                           "IMAGE;VALUE=URI;DISPLAY=BADGE:https://example.com/x.png\nX-MINE;X-P=1:a,b;c\n"
                                           "STYLED-DESCRIPTION;VALUE=TEXT:<b>x</b>")}}, ""},
         {"X-LIC-ERROR", {{end, add("X-LIC-ERROR;X-LIC-ERRORTYPE=VALUE-PARSE-ERROR:No value")}},
          "interop foreign-error 5545/3.8.8.2 14 tolerated"},
         {"parameter of another", {{"SUMMARY:", "SUMMARY;CN=x:"}}, "should excluded-parameter 5545/3.8.1.12 11 ignored"},
         {"unknown parameter", {{"SUMMARY:", "SUMMARY;PLAN=x:"}}, "should unknown-parameter 5545/3.2 11 ignored"},
         {"unquoted", {{"ORGANIZER:", "ORGANIZER;SENT-BY=mailto:pa@example.com:"}}, "must parameter-form 5545/3.2 12 tolerated"},
         {"two values", {{"ORGANIZER:", "ORGANIZER;CN=Doe,Jane:"}}, "must parameter-form 5545/3.2 12 ignored"},
         {"RSVP=YES", {{"ATTENDEE;", "ATTENDEE;RSVP=YES;"}}, "must parameter-value 5545/3.2.17 13 tolerated"},
         {"RSVP=1", {{"ATTENDEE;", "ATTENDEE;RSVP=1;"}}, "must parameter-value 5545/3.2.17 13 ignored"},
         {"PARTSTAT of a VTODO", {{"PARTSTAT=ACCEPTED", "PARTSTAT=COMPLETED"}}, "must parameter-value 5545/3.2.12 13 ignored"},
         {"PARTSTAT of nobody", {{"PARTSTAT=ACCEPTED", "PARTSTAT=PERHAPS"}}, "should unknown-parameter 5545/3.2.12 13 ignored"},
         {"base64", {{end, add("ATTACH;ENCODING=BASE64:https://example.com/")}}, "must parameter-value 5545/3.2.7 14 ignored"},
         {"both", {{end, add("DURATION:PT1H")}}, "must exclusive-properties 5545/3.6.1 14 tolerated"}});
}

BREAKING(break_values, "values")
{
  check(request,
        {{"30 February", {{"DTSTART:20270104T100000Z", "DTSTART:20270230T100000Z"}}, "must value 5545/3.3.5 9 refused:bad-calendar"},
         {"a date", {{"DTSTART:20270104T100000Z", "DTSTART:20270104"}},
          "must value-type 5545/3.2.20 9 ignored; must kinds-differ 5545/3.8.2.2 10 refused:bad-calendar"},
         {"a period", {{end, add("RDATE:20270105T100000Z/PT1H")}}, "must value-type 5545/3.2.20 14 ignored"},
         {"VALUE", {{"DTSTART:", "DTSTART;VALUE=PERIOD:"}}, "must value-type 5545/3.2.20 9 refused:bad-calendar"},
         {"blanks", {{"SEQUENCE:1", "SEQUENCE: 1"}}, "must value 5545/3.3.8 8 tolerated"},
         {"VERSION", {{"VERSION:2.0", "VERSION:1.0"}}, "must word-not-allowed 5545/3.7.4 2 ignored"},
         {"STATUS", {{end, add("STATUS:DRAFT")}}, "must word-not-allowed 5545/3.8.1.11 14 ignored"},
         {"STATUS of a REQUEST", {{end, add("STATUS:CANCELLED")}}, "must word-not-allowed 5546/3.2.2 14 ignored"},
         {"TRANSP", {{end, add("TRANSP:MAYBE")}}, "must word-not-allowed 5545/3.8.2.7 14 ignored"},
         {"PRIORITY", {{end, add("PRIORITY:10")}}, "must number-out-of-range 5545/3.8.1.9 14 ignored"},
         {"SEQUENCE", {{"SEQUENCE:1", "SEQUENCE:-1"}}, "must number-out-of-range 5545/3.8.7.4 8 refused:bad-calendar"},
         {"GEO", {{end, add("GEO:91;10")}}, "must value 5545/3.8.1.6 14 ignored"},
         {"URL", {{end, add("URL:www.example.com")}}, "must value 5545/3.3.13 14 ignored"},
         {"comma", {{"SUMMARY:Plan", "SUMMARY:Plan, and more"}}, "must text-escape 5545/3.3.11 11 ignored"},
         {"semicolon", {{"SUMMARY:Plan", "SUMMARY:Plan; and more"}}, "must text-escape 5545/3.3.11 11 ignored"},
         {"backslash", {{"SUMMARY:Plan", "SUMMARY:C:\\Plan"}}, "must text-escape 5545/3.3.11 11 ignored"},
         {"good escapes", {{"SUMMARY:Plan", "SUMMARY:\\\\ \\; \\, \\n \\N"}}, ""},
         {"a list", {{end, add("CATEGORIES:A,B\\,C")}}, ""},
         {"bare address", {{"ORGANIZER:mailto:", "ORGANIZER:"}}, "must calendar-address 5545/3.3.3 12 tolerated"},
         {"two addresses", {{"ORGANIZER:mailto:", "ORGANIZER:mailto:a@example.com,"}},
          "must calendar-address 5545/3.3.3 12 refused:no-organizer"},
         {"long UID", {{"UID:one", "UID:" + std::string(60, 'x') + "\n " + std::string(70, 'x') + "\n " + std::string(70, 'x') + "\n " + std::string(70, 'x')}},
          "should uid-length 5545/3.8.4.7 6 ignored"},
         {"empty UID", {{"UID:one", "UID:"}}, "must value 5545/3.3.11 6 refused:bad-calendar; must value 5545/3.8.4.7 6 refused:no-uid"},
         {"not base64", {{end, add("ATTACH;VALUE=BINARY;ENCODING=BASE64:abc")}}, "must value 5545/3.3.1 14 ignored"}});
}

BREAKING(break_times, "times")
{
  const std::string zoned = edited(request, {{"BEGIN:VEVENT", berlin + "BEGIN:VEVENT"},
                                             {"DTSTART:20270104T100000Z", "DTSTART;TZID=Europe/Berlin:20270104T100000"},
                                             {"DTEND:20270104T110000Z", "DTEND;TZID=Europe/Berlin:20270104T110000"}});
  CHECK(found_in(zoned) == "");
  check(request,
        {{"CREATED", {{end, add("CREATED:20270101T000000")}}, "must not-utc 5545/3.8.7.1 14 ignored"},
         {"DTSTAMP", {{"DTSTAMP:20270101T000000Z", "DTSTAMP:20270101T000000"}}, "interop floating-dtstamp 5545/3.8.7.2 7 tolerated"},
         {"soon", {{"DTSTAMP:20270101", "DTSTAMP:20270102T010000Z\nX-D:20270101"}}, "interop future-dtstamp 5545/3.8.7.2 7 tolerated"},
         {"far ahead", {{"DTSTAMP:20270101", "DTSTAMP:20270201T010000Z\nX-D:20270101"}},
          "interop future-dtstamp 5545/3.8.7.2 7 refused:dtstamp-in-future"},
         {"no end", {{"DTEND:20270104T110000Z", "DTEND:20270104T100000Z"}}, "must end-not-after-start 5545/3.8.2.2 10 ignored"},
         {"before", {{"DTEND:20270104T110000Z", "DTEND:20270104T090000Z"}},
          "must end-not-after-start 5545/3.8.2.2 10 refused:end-before-start"},
         {"one floats", {{"DTEND:20270104T110000Z", "DTEND:20270104T120000"}}, "must kinds-differ 5545/3.8.2.2 10 ignored"},
         {"negative", {{"DTEND:20270104T110000Z", "DURATION:-PT1H"}}, "must duration-form 5545/3.8.2.5 10 refused:end-before-start"},
         {"nothing", {{"DTEND:20270104T110000Z", "DURATION:PT0S"}}, "must duration-form 5545/3.8.2.5 10 ignored"},
         {"hours of days", {{"DTSTART:20270104T100000Z\nDTEND:20270104T110000Z", "DTSTART;VALUE=DATE:20270104\nDURATION:PT24H"}},
          "must duration-form 5545/3.8.2.5 10 ignored"},
         {"weeks and days", {{"DTEND:20270104T110000Z", "DURATION:P1W2D"}}, "must duration-form 5545/3.3.6 10 ignored"},
         {"no minutes", {{"DTEND:20270104T110000Z", "DURATION:P1DT1H1S"}}, "must duration-form 5545/3.3.6 10 ignored"},
         {"small letters", {{"DTEND:20270104T110000Z", "DURATION:p1dt1h1m"}}, ""},
         {"no form", {{"DTEND:20270104T110000Z", "DURATION:1H"}}, "must value 5545/3.3.6 10 refused:bad-calendar"},
         {"unknown zone", {{"DTSTART:20270104T100000Z", "DTSTART;TZID=Nowhere:20270104T100000"}},
          "must missing-timezone 5545/3.2.19 9 refused:bad-calendar"},
         {"of tzdata", {{"DTSTART:20270104T100000Z", "DTSTART;TZID=Europe/Berlin:20270104T100000"}},
          "must missing-timezone 5545/3.2.19 9 ignored"},
         {"of Windows", {{"DTSTART:20270104T100000Z", "DTSTART;TZID=W. Europe Standard Time:20270104T100000"}},
          "must missing-timezone 5545/3.2.19 9 tolerated"}});
  check(zoned,
        {{"beside UTC", {{"20270104T110000", "20270104T110000Z"}}, "must timezone-reference 5545/3.2.19 19 ignored"},
         {"defined twice", {{"BEGIN:VEVENT", berlin + "BEGIN:VEVENT"}}, "must repeated-timezone 5545/3.8.3.1 15 ignored"},
         {"1601", {{"19961027", "16010101"}}, "interop old-timezone 5545/3.6.5 8 tolerated"},
         {"empty", {{"BEGIN:VEVENT", "BEGIN:VTIMEZONE\nTZID:X\nEND:VTIMEZONE\nBEGIN:VEVENT"}}, "must timezone 5545/3.6.5 14 ignored"},
         {"in UTC", {{"DTSTART:19961027T030000", "DTSTART:19961027T030000Z"}}, "must timezone 5545/3.6.5 8 ignored"},
         {"-0000", {{"TZOFFSETTO:+0100", "TZOFFSETTO:-0000"}}, "must value 5545/3.3.14 10 ignored"},
         {"no offset", {{"TZOFFSETTO:+0100\n", ""}}, "must missing-property 5546/3.1.2 7 ignored"},
         {"of Windows", {{"TZID:Europe/Berlin", "TZID:W. Europe Standard Time"},
                         {"TZID=Europe/Berlin", "TZID=W. Europe Standard Time"},
                         {"TZID=Europe/Berlin", "TZID=W. Europe Standard Time"}},
          "interop windows-timezone 5545/3.8.3.1 6 ignored"}});
}

BREAKING(break_repetitions, "repetitions")
{
  const auto rule = [](const char* text) { return Edits{{end, add(std::string("RRULE:") + text)}}; };
  check(request,
        {{"good", rule("FREQ=MONTHLY;BYDAY=1MO;UNTIL=20270404T100000Z"), ""},
         {"order", rule("COUNT=3;FREQ=WEEKLY"), "must recurrence-rule 5545/3.3.10 14 ignored"},
         {"COUNT and UNTIL", rule("FREQ=WEEKLY;COUNT=3;UNTIL=20270404T100000Z"), "must value 5545/3.3.10 14 refused:bad-calendar"},
         {"UNTIL a date", rule("FREQ=WEEKLY;UNTIL=20270404"), "must recurrence-rule 5545/3.3.10 14 ignored"},
         {"UNTIL floats", rule("FREQ=WEEKLY;UNTIL=20270404T100000"), "must recurrence-rule 5545/3.3.10 14 ignored"},
         {"1MO", rule("FREQ=WEEKLY;BYDAY=1MO"), "must recurrence-rule 5545/3.3.10 14 ignored"},
         {"BYMONTHDAY", rule("FREQ=WEEKLY;BYMONTHDAY=4"), "must recurrence-rule 5545/3.3.10 14 ignored"},
         {"BYWEEKNO", rule("FREQ=MONTHLY;BYWEEKNO=1"), "must recurrence-rule 5545/3.3.10 14 ignored"},
         {"BYYEARDAY", rule("FREQ=DAILY;BYYEARDAY=4"), "must recurrence-rule 5545/3.3.10 14 ignored"},
         {"BYSETPOS", rule("FREQ=MONTHLY;BYSETPOS=1"), "must recurrence-rule 5545/3.3.10 14 ignored"},
         {"not a Monday", rule("FREQ=WEEKLY;BYDAY=TU,WE"), "should recurrence-start 5545/3.8.5.3 14 ignored"},
         {"not the last Monday", rule("FREQ=MONTHLY;BYDAY=-1MO"), "should recurrence-start 5545/3.8.5.3 14 ignored"},
         {"from the end", rule("FREQ=MONTHLY;BYMONTHDAY=-28"), ""},
         {"two rules", rule("FREQ=DAILY;COUNT=2\nRRULE:FREQ=WEEKLY;COUNT=2"),
          "should recurrence-dates 5545/3.8.5.3 15 refused:duplicate-property; "
          "must repeated-property 5546/3.2.2 15 refused:duplicate-property"},
         {"EXDATE", rule("FREQ=DAILY;COUNT=3\nEXDATE;VALUE=DATE:20270105"), "should recurrence-dates 5545/3.8.5.1 15 ignored"},
         {"RDATE", rule("FREQ=DAILY;COUNT=3\nRDATE:20270110T100000"), "should recurrence-dates 5545/3.8.5.2 15 ignored"},
         {"an instance of a date", {{"END:VCALENDAR\n", request.substr(request.find("BEGIN:VEVENT"))},
                                    {"UID:one\n", "UID:one\nRRULE:FREQ=DAILY;COUNT=3\n"},
                                    {"END:VEVENT\nBEGIN:VEVENT\n", "END:VEVENT\nBEGIN:VEVENT\nRECURRENCE-ID;VALUE=DATE:20270105\n"}},
          "must recurrence-id 5545/3.8.4.4 17 ignored"},
         {"an instance of nothing", {{"END:VCALENDAR\n", request.substr(request.find("BEGIN:VEVENT"))},
                                     {"END:VEVENT\nBEGIN:VEVENT\nUID:one\n", "END:VEVENT\nBEGIN:VEVENT\nUID:one\nRECURRENCE-ID:20270104T100000Z\n"}},
          "must recurrence-id 5546/3.2.2 17 ignored"},
         {"RANGE", {{end, add("RECURRENCE-ID;RANGE=THISANDPRIOR:20270104T100000Z")}}, "must parameter-value 5545/3.2.13 14 refused:bad-calendar"},
         {"without RANGE=", {{end, add("RECURRENCE-ID;THISANDFUTURE:20270104T100000Z")}}, "interop this-and-future 5545/3.2.13 14 tolerated"}});
  std::string many = "EXDATE:20270105T100000Z";
  for (int i = 0; i < 500; ++i) many += ",\n 20270105T100000Z";
  CHECK(found_in(edited(request, {{end, add("RRULE:FREQ=DAILY;COUNT=3\n" + many)}})) == "interop long-list 5545/3.8.5.1 15 ignored");
}

BREAKING(break_alarms, "alarms")
{
  const auto alarm = [](const std::string& lines) {
    return Edits{{end, add("BEGIN:VALARM\n" + lines + "\nEND:VALARM")}};
  };
  check(request,
        {{"good", alarm("ACTION:DISPLAY\nTRIGGER:-PT5M\nDESCRIPTION:Go\nREPEAT:2\nDURATION:PT1M\nUID:a"), ""},
         {"no words", alarm("ACTION:DISPLAY\nTRIGGER:-PT5M"), "must alarm 5545/3.6.6 14 ignored"},
         {"no addressee", alarm("ACTION:EMAIL\nTRIGGER:-PT5M\nDESCRIPTION:Go\nSUMMARY:Go"), "must alarm 5545/3.6.6 14 ignored"},
         {"PROCEDURE", alarm("ACTION:PROCEDURE\nTRIGGER:-PT5M\nATTACH:https://example.com/"), "must alarm 5545/3.8.6.1 15 ignored"},
         {"no TRIGGER", alarm("ACTION:AUDIO"), "must missing-property 5546/3.1.3 14 ignored"},
         {"REPEAT alone", alarm("ACTION:AUDIO\nTRIGGER:-PT5M\nREPEAT:2"), "must exclusive-properties 5545/3.6.6 17 ignored"},
         {"local TRIGGER", alarm("ACTION:AUDIO\nTRIGGER;VALUE=DATE-TIME:20270104T090000"), "must not-utc 5545/3.8.6.3 16 ignored"}});
  CHECK(found_in(edited(request, {{"METHOD:REQUEST", "METHOD:REPLY"},
                                  {end, add("BEGIN:VALARM\nACTION:AUDIO\nTRIGGER:-PT5M\nEND:VALARM")}})) ==
        "must excluded-component 5546/3.2.3 14 tolerated");
}

BREAKING(break_message, "the message")
{
  const std::pair<std::string, std::string> series{"UID:one\n",
                                                   "UID:one\nRRULE:FREQ=DAILY;COUNT=3\n"};
  const auto at_the_second = [](const std::string& id) {
    return edited(request.substr(request.find("BEGIN:VEVENT")),
                  {{"UID:one\n", "UID:one\nRECURRENCE-ID" + id + ":20270105T100000Z\n"}});
  };
  const std::string first = at_the_second("");
  const std::string range = at_the_second(";RANGE=THISANDFUTURE");
  check(
      request,
      {{"unknown",
        {{"METHOD:REQUEST", "METHOD:INVITE"}},
        "must method 5546/1.4 4 refused:method-unsupported"},
       {"lower case",
        {{"METHOD:REQUEST", "METHOD:request"}},
        "interop method-case 5546/1.4 4 tolerated"},
       {"two UIDs",
        {{"END:VCALENDAR\n",
          edited(request.substr(request.find("BEGIN:VEVENT")), {{"UID:one", "UID:two"}})}},
        "must different-uids 5546/3.2.2 16 refused:mixed-components"},
       {"two organizers",
        {{"END:VCALENDAR\n", edited(request.substr(request.find("BEGIN:VEVENT")),
                                    {{"boss@", "chief@"},
                                     {"UID:one\n", "UID:one\nRECURRENCE-ID:20270104T100000Z\n"}})},
         {"UID:one\n", "UID:one\nRRULE:FREQ=DAILY;COUNT=3\n"}},
        "must different-organizers 5546/2.1.1 24 refused:mixed-components"},
       {"one instance twice",
        {{"END:VCALENDAR\n", request.substr(request.find("BEGIN:VEVENT"))}},
        "must same-instance 5546/2.1.5 16 refused:mixed-components"},
       {"a range and its first occurrence",
        {series, {"END:VCALENDAR\n", range}, {"END:VCALENDAR\n", first}},
        ""},
       {"one range twice",
        {series, {"END:VCALENDAR\n", range}, {"END:VCALENDAR\n", range}},
        "must same-instance 5546/2.1.5 29 refused:mixed-components"},
       {"Exchange",
        {{"UID:one", "UID:040000008200e00074c5b7101a82e008"}},
        "interop exchange-uid 5545/3.8.4.7 6 tolerated"},
       {"CalDAV",
        {{"ATTENDEE;", "ATTENDEE;SCHEDULE-AGENT=CLIENT;"}},
        "interop schedule-parameter 6638/7 13 ignored"},
       {"no mail address",
        {{"mailto:alice@example.com", "urn:uuid:1"}},
        "must not-mailto 6047/2.3 13 ignored"},
       {"MAILTO:",
        {{"ORGANIZER:mailto:", "ORGANIZER:MAILTO:"}},
        "interop mailto-case 6047/2.3 12 tolerated"}});
  const std::string reply = edited(request, {{"METHOD:REQUEST", "METHOD:REPLY"}});
  CHECK(found_in(reply) == "");
  check(reply,
        {{"nobody",
          {{"ATTENDEE;PARTSTAT=ACCEPTED:mailto:alice@example.com\n", ""}},
          "must missing-property 5546/3.2.3 5 refused:no-speaker"},
         {"no answer", {{";PARTSTAT=ACCEPTED", ""}}, "interop no-answer 5546/3.2.3 13 ignored"},
         {"to nobody",
          {{"PARTSTAT=ACCEPTED", "PARTSTAT=DELEGATED"}},
          "must delegation 5546/3.2.2.3 13 ignored"},
         {"all of them",
          {{end, add("ATTENDEE;PARTSTAT=ACCEPTED:mailto:bob@example.com")}},
          "must repeated-property 5546/3.2.3 14 tolerated"},
         {"the delegate too",
          {{"PARTSTAT=ACCEPTED", "PARTSTAT=DELEGATED;\n DELEGATED-TO=\"mailto:bob@example.com\""},
           {end,
            add("ATTENDEE;\n DELEGATED-FROM=\"mailto:alice@example.com\":mailto:bob@example.com")}},
          ""},
         {"status",
          {{end, add("REQUEST-STATUS:2.0\\;Success")}},
          "must request-status 5545/3.8.8.3 14 ignored"},
         {"any code", {{end, add("REQUEST-STATUS:3.99;What others say")}}, ""},
         {"two classes",
          {{end,
            add("REQUEST-STATUS:2.0;Success\nREQUEST-STATUS:3.1;Invalid property value;DTSTART")}},
          "must request-status 5546/3.6 15 ignored"}});
  CHECK(found_in(edited(request, {{"METHOD:REQUEST", "METHOD:CANCEL"}, {"SEQUENCE:1", "SEQUENCE:0"}})) ==
        "must sequence 5546/2.1.4 8 ignored");
}

BREAKING(break_pairs, "what another method or component makes of it")
{
  const std::string journal = crlf("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nMETHOD:REQUEST\nBEGIN:VJOURNAL\nUID:one\n"
                                   "DTSTAMP:20270101T000000Z\nEND:VJOURNAL\nEND:VCALENDAR\n");
  CHECK(found_in(journal) == "must method-component 5546/3 4 refused:method-unsupported");
  const std::string busy = crlf("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\nMETHOD:PUBLISH\nBEGIN:VFREEBUSY\nUID:one\n"
                                "DTSTAMP:20270101T000000Z\nDTSTART:20270104T000000Z\nDTEND:20270105T000000Z\n"
                                "ORGANIZER:mailto:boss@example.com\nFREEBUSY:20270104T100000Z/PT1H\nEND:VFREEBUSY\n"
                                "END:VCALENDAR\n");
  CHECK(found_in(busy) == "");
  check(busy, {{"unsorted",
                {{"20270104T100000Z/PT1H", "20270104T100000Z/PT1H,20270104T090000Z/PT1H"}},
                "should unsorted-free-busy 5546/3.3.1 11 ignored"},
               {"local",
                {{"FREEBUSY:20270104T100000Z", "FREEBUSY:20270104T100000"}},
                "must not-utc 5545/3.8.2.6 11 ignored"},
               {"local start",
                {{"DTSTART:20270104T000000Z", "DTSTART:20270104T000000"}},
                "must kinds-differ 5545/3.8.2.2 9 ignored; must not-utc 5546/3.3.1 8 ignored"},
               {"repeats",
                {{"DTSTART:", "RRULE:FREQ=DAILY\nDTSTART:"}},
                "must excluded-property 5545/3.6.4 8 ignored"}});
  CHECK(found_in(edited(request, {{"METHOD:REQUEST", "METHOD:REFRESH"},
                                  {"END:VCALENDAR", "BEGIN:VEVENT\nUID:one\nDTSTAMP:20270101T000000Z\nORGANIZER:mailto:boss@example.com\n"
                                                    "ATTENDEE:mailto:alice@example.com\nEND:VEVENT\nEND:VCALENDAR"}}))
            .find("must repeated-component 5546/3.2.6") != std::string::npos);
}

namespace {

std::string mail(const std::string& type, const std::string& encoding, const std::string& body)
{
  return cat("From: boss@example.com\r\nTo: alice@example.com\r\nMIME-Version: 1.0\r\nContent-Type: "
             "multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nCome!\r\n--b\r\n"
             "Content-Type: text/calendar; ", type, "\r\nContent-Transfer-Encoding: ", encoding, "\r\n\r\n", body,
             "\r\n--b--\r\n");
}

}  // namespace

BREAKING(break_mail, "the mail")
{
  const std::string good = "method=REQUEST; component=VEVENT; charset=UTF-8";
  const std::string umlaut = edited(request, {{"SUMMARY:Plan", "SUMMARY:Pl\xC3\xA4n"}});
  CHECK(found_in(mail(good, "7bit", request)) == "");
  CHECK(found_in(mail(good, "7bit", "X:1\r\n" + request)) == "must calendar-object 5545/3.4 1 refused:bad-calendar");
  CHECK(found_in(mail("charset=UTF-8", "7bit", request)) == "must method-parameter 6047/2.4 4 ignored");
  CHECK(found_in(mail("method=CANCEL", "7bit", request)) == "must method-parameter 6047/2.4 4 refused:method-mismatch");
  CHECK(found_in(mail("method=REQUEST; component=VTODO", "7bit", request)) ==
        "must component-parameter 6047/2.4 5 refused:component-mismatch");
  CHECK(found_in(mail("method=REQUEST", "7bit", edited(request, {{"METHOD:REQUEST\n", ""}}))) ==
        "must method 6047/2.4 1 refused:method-missing; must missing-property 5546/3.2.2 1 refused:method-missing");
  CHECK(found_in(mail("method=REQUEST", "8bit", umlaut)) == "must charset 6047/2.4 0 ignored; interop eight-bit 6047/2.5 0 ignored");
  CHECK(found_in(mail("method=REQUEST; charset=koi8-r", "7bit", request)) == "must charset 6047/2.4 0 refused:bad-charset");
  CHECK(found_in(mail(good, "7bit", umlaut)) == "must transfer-encoding 6047/2.5 0 ignored");
  CHECK(found_in(mail(good, "8bit", umlaut)) == "interop eight-bit 6047/2.5 0 ignored");
  // LF in base64 is the sender's own
  CHECK(found_in(mail(good, "base64", "QkVHSU46VkNBTEVOREFSCkVORDpWQ0FMRU5EQVIK")).find("must line-end 5545/3.1 1 ignored") !=
        std::string::npos);
  CHECK(found_in(mail(good, "base64", "QkVHSU46VkNBTEVOREFS\r\nnot base64!")).find("must transfer-encoding 6047/2.5 0 refused:bad-transfer-encoding") !=
        std::string::npos);
  CHECK(found_in(mail(good + "; method=CANCEL", "7bit", request)).find("must ambiguous-part 6047/2.4 0 refused:ambiguous-header") !=
        std::string::npos);
}

BREAKING(break_placement, "where in the mail")
{
  const std::string part = cat("Content-Type: text/calendar; method=REQUEST\r\n\r\n", request);
  const std::string head = "From: boss@example.com\r\nTo: alice@example.com\r\nMIME-Version: 1.0\r\n";
  const std::string text = "Content-Type: text/plain\r\n\r\nCome!\r\n";
  const auto multipart = [&](const char* type, const std::vector<std::string>& parts) {
    std::string out = cat(head, "Content-Type: multipart/", type, "; boundary=b\r\n\r\n");
    for (const std::string& p : parts) out += cat("--b\r\n", p, "\r\n");
    return out + "--b--\r\n";
  };
  CHECK(found_in(head + part) == "should no-alternative 6047/2.4 0 ignored");
  CHECK(found_in("MIME-Version: 1.0\r\n" + part) == "");  // an entity, no mail
  CHECK(found_in(multipart("alternative", {text, part})) == "");
  CHECK(found_in(multipart("alternative", {part, text})) == "interop placement 6047/2.4 0 ignored");
  CHECK(found_in(multipart("mixed", {text, part})) ==
        "interop placement 6047/2.4 0 ignored; should no-alternative 6047/2.4 0 ignored");
  CHECK(found_in(multipart("alternative", {text, "Content-Disposition: attachment; filename=invite.ics\r\n" + part})) ==
        "interop disposition 6047/2.6 0 ignored");
  CHECK(found_in(multipart("alternative", {text, edited(part, {{"Plan", "Other"}}), part})) ==
        "interop placement 6047/2.4 0 ignored; must alternatives-differ 6047/2.4 0 refused:alternatives-differ");
  CHECK(found_in(multipart("report; report-type=delivery-status", {text, part})).find("interop inside-report 6047/2.4 0 refused:inside-report") !=
        std::string::npos);
  const std::string ics = cat("Content-Type: application/ics\r\n\r\n", request);
  const std::string both = cat("Content-Type: multipart/alternative; boundary=c\r\n\r\n--c\r\n", text, "--c\r\n", part, "\r\n--c--\r\n");
  CHECK(found_in(multipart("mixed", {both, ics})) == "");
  CHECK(found_in(multipart("mixed", {both, edited(ics, {{"Plan", "Other"}})})) == "interop attached-copy 6047/2.4 0 ignored");
  const std::string with_cid = edited(both, {{end, add("ATTACH:cid:one@example.com")}});
  CHECK(found_in(multipart("related", {with_cid})) == "should content-id-reference 6047/4.3 14 ignored");
  CHECK(found_in(multipart("related", {with_cid, "Content-Type: text/plain\r\nContent-ID: <one@example.com>\r\n\r\nx"})) == "");
  const auto none = pipeline::lint(judge(), head + "Content-Type: text/plain\r\n\r\nx\r\n", "-");
  REQUIRE(!none);
  CHECK(none.error().code == Errc::NothingToJudge);
}

TEST_CASE("a PUBLISH of several UIDs is one message for each, as apply reads it")
{
  const std::string publish = edited(request, {{"METHOD:REQUEST", "METHOD:PUBLISH"},
                                               {"ATTENDEE;PARTSTAT=ACCEPTED:mailto:alice@example.com\n", ""}});
  const std::string event = publish.substr(publish.find("BEGIN:VEVENT"), publish.find("END:VCALENDAR") - publish.find("BEGIN:VEVENT"));
  const std::string two = edited(publish, {{"END:VCALENDAR", event + "END:VCALENDAR"}});
  const std::string other = edited(two, {{"UID:one", "UID:two"}});
  for (const auto& [octets, refusals] : {std::pair{publish, 0U}, {two, 1U}, {other, 0U}}) {
    const auto parts = pipeline::lint(judge(), octets, "-");
    REQUIRE(parts);
    CHECK(parts->front().refusals.size() == refusals);
  }
  const auto bad = pipeline::lint(judge(), edited(other, {{"DTSTART:20270104T100000Z\n", ""}}), "-");
  REQUIRE(bad);
  REQUIRE(bad->front().refusals.size() == 1);
  CHECK(bad->front().refusals.front().code == Code::NoStart);
}

TEST_CASE("of each rule twenty are kept and all are counted; what is beyond a limit is an error")
{
  std::string lines;
  for (int i = 0; i < 1000; ++i) lines += "PLAN:x\n";
  const auto parts = pipeline::lint(judge(), edited(request, {{end, add(lines)}}), "-");
  REQUIRE(parts);
  CHECK(parts->front().departures.all().size() == 21);  // and the blank line
  CHECK(parts->front().departures.omitted() == 980);
  std::string deep = "BEGIN:VCALENDAR\r\n";
  for (int i = 0; i < 100; ++i) deep += "BEGIN:X-A\r\n";
  const auto nested = pipeline::lint(judge(), deep, "-");
  REQUIRE(!nested);
  CHECK(nested.error().code == Errc::TooLarge);
  const auto long_line = pipeline::lint(judge(), "BEGIN:VCALENDAR\r\nX-A:" + std::string(2'000'000, 'x'), "-");
  REQUIRE(!long_line);
  CHECK(long_line.error().code == Errc::TooLarge);
}

TEST_CASE("every rule is broken somewhere above")
{
  for (const auto break_some :
       {break_octets, break_components, break_names, break_values, break_times, break_repetitions,
        break_alarms, break_message, break_pairs, break_mail, break_placement})
    break_some();
  for (const std::string_view word : all_rule_words()) {
    INFO(word);
    CHECK(seen_rules.count(std::string(word)) == 1);
  }
}
