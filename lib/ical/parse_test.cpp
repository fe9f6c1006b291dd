#include <catch2/catch.hpp>

#include "base/cat.hpp"
#include "ical/object.hpp"

using namespace imip;
using namespace imip::ical;

namespace {

std::string calendar(const std::string& lines)
{
  return cat("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\n", lines,
             "END:VEVENT\r\nEND:VCALENDAR\r\n");
}

Parsed parsed(const std::string& text)
{
  auto result = parse(text, Limits{});
  INFO(text.substr(0, 2000));
  if (!result) FAIL(result.error().what);
  return *std::move(result);
}

const Component& event(const Parsed& p)
{
  REQUIRE(p.calendar.components.size() == 1);
  return p.calendar.components.front();
}

Error failure(const std::string& text, const Limits& limits = {})
{
  auto result = parse(text, limits);
  REQUIRE_FALSE(result);
  return result.error();
}

const ParseFinding& only_finding(const Parsed& p)
{
  REQUIRE(p.findings.size() == 1);
  return p.findings.front();
}

/// What other programs would write otherwise than they read it.
const std::string rich =
    "UID:a@example.com\r\n"
    "DTSTAMP:20270101T000000Z\r\n"
    "DTSTART;TZID=Europe/Berlin;X-ODD=1,\"2:3\",4:20270104T100000\r\n"
    "DURATION:PT60M\r\n"
    "RRULE:BYDAY=MO,WE;WKST=SU;INTERVAL=1;FREQ=WEEKLY;UNTIL=20280101T000000Z\r\n"
    "EXDATE;TZID=Europe/Berlin:20270106T100000,20270111T100000\r\n"
    "ORGANIZER;CN=\"Doe, Jane; Dr.\";SENT-BY=\"mailto:b@example.com\":mailto:A@Example.com\r\n"
    "ATTENDEE;CN=Say ^'Hi^' ^^ ^n;RSVP=TRUE;PARTSTAT=X-MAYBE;MEMBER=\"mailto:g@example.com\",\"m"
    "ailto:h@example.com\":mailto:c@example.com\r\n"
    "SUMMARY;LANGUAGE=de:Gr\xC3\xBC\xC3\x9F\x65\\, \\n und \\; Zeichen \xF0\x9F\x93\x85\r\n"
    "DESCRIPTION:\r\n"
    "GEO:48.850;2.350\r\n"
    "CATEGORIES:A\\,B,C,\r\n"
    "STATUS:X-UNHEARD-OF\r\n"
    "TRANSP:transparent\r\n"
    "ATTACH;FMTTYPE=text/plain;ENCODING=BASE64;VALUE=BINARY:SGVsbG8=\r\n"
    "REQUEST-STATUS:2.0;Success\r\n"
    "REQUEST-STATUS:6.0.12;What others say\r\n"
    "IMAGE;VALUE=URI;DISPLAY=BADGE:https://example.com/a;b,c\r\n"
    "COLOR:turquoise\r\n"
    "UNHEARD-OF;P=v:a,b;c\\,d:e\r\n"
    "X-EMPTY:\r\n"
    "X-MANY:1,2,3,,4\r\n"
    "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER;RELATED=START:-PT0S\r\nEND:VALARM\r\n"
    "BEGIN:X-PART\r\nX-A:1\r\nBEGIN:X-INNER\r\nX-B:2\r\nEND:X-INNER\r\nEND:X-PART\r\n";

std::string unfolded(std::string s)
{
  for (auto at = s.find("\r\n "); at != std::string::npos; at = s.find("\r\n ")) s.erase(at, 3);
  return s;
}

}  // namespace

TEST_CASE("what is read is what is written, line by line")
{
  const auto p = parsed(calendar(rich));
  CHECK(p.findings.empty());
  CHECK(unfolded(serialise(p.calendar)) == calendar(rich));
}

TEST_CASE("parsing what was written gives the same values")
{
  const auto p = parsed(calendar(rich));
  CHECK(parsed(serialise(p.calendar)).calendar == p.calendar);
}

TEST_CASE("parameter values are decoded and encoded as RFC 6868 says")
{
  const auto p = parsed(calendar(rich));
  const Property* attendee = event(p).find("ATTENDEE");
  REQUIRE(attendee);
  CHECK(*attendee->parameter("CN") == "Say \"Hi\" ^ \n");
  CHECK(attendee->parameters[3].values ==
        std::vector<std::string>{"mailto:g@example.com", "mailto:h@example.com"});
}

TEST_CASE("lines are folded at 75 octets and never inside a character")
{
  Component c{"VCALENDAR", {}, {}};
  for (int i = 0; i < 8; ++i) {
    std::string text(static_cast<std::size_t>(i), 'x');
    for (int n = 0; n < 60; ++n) text += n % 2 ? "\xF0\x9F\x93\x85" : "\xC3\xBC";
    c.properties.push_back({"X-T", {}, text});
  }
  const std::string out = serialise(c);
  for (std::size_t at = 0; at < out.size();) {
    const auto end = out.find("\r\n", at);
    REQUIRE(end != std::string::npos);
    CHECK(end - at <= 75);
    const auto first = static_cast<unsigned char>(out[at] == ' ' ? out[at + 1] : out[at]);
    CHECK((first & 0xC0U) != 0x80U);
    at = end + 2;
  }
  CHECK(parsed(out).calendar == c);
}

TEST_CASE("no value can begin a line of its own")
{
  const Component c{"VCALENDAR",
                    {{"SUMMARY", {{"CN", {"a\r\nEVIL:1"}}}, "x\r\nATTENDEE:mailto:e@example.com"}},
                    {}};
  CHECK(serialise(c).find("\nATTENDEE") == std::string::npos);
  CHECK(serialise(c).find("\nEVIL") == std::string::npos);
}

TEST_CASE("LF, CRLF, BOM, blank lines and a fold by tab are all read")
{
  const std::string expected = serialise(parsed(calendar("UID:a\r\nSUMMARY:ab\r\n")).calendar);
  std::string lf = calendar("UID:a\r\nSUMMARY:a\r\n\tb\r\n\r\n \t\r\n");
  CHECK(serialise(parsed(lf).calendar) == expected);
  std::erase(lf, '\r');
  CHECK(serialise(parsed(cat("\xEF\xBB\xBF\n\n", lf, "\n\n\n")).calendar) == expected);
}

TEST_CASE("a fold may split a character")
{
  const auto p = parsed(calendar("SUMMARY:\xC3\r\n \xBC\r\n"));
  CHECK(event(p).text("SUMMARY") == "\xC3\xBC");
}

TEST_CASE("a last line without a line break counts")
{
  std::string text = calendar("UID:a\r\n");
  text.resize(text.size() - 2);
  CHECK(parse(text, Limits{}));
}

TEST_CASE("what is not one VCALENDAR is refused and named")
{
  const std::string one = calendar("UID:a\r\n");
  CHECK(failure("").code == Errc::BadCalendar);
  CHECK(failure("hello\n").what.find("\"hello\"") != std::string::npos);
  CHECK(failure(one + one).what.find("several VCALENDARs") != std::string::npos);
  CHECK(failure(one + "X-A:1\r\n").code == Errc::BadCalendar);
  CHECK(failure("BEGIN:VEVENT\r\nEND:VEVENT\r\n").what.find("VEVENT") != std::string::npos);
  CHECK(failure("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VCALENDAR\r\n").code == Errc::BadCalendar);
  CHECK(failure("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nEND:VEVENT\r\n").what.find("not closed") !=
        std::string::npos);
  CHECK(failure("BEGIN:VCALENDAR\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\nEND:VCALENDAR\r\n").code ==
        Errc::BadCalendar);
  CHECK(failure("END:VCALENDAR\r\n").code == Errc::BadCalendar);
  CHECK(failure("BEGIN:VCALENDAR\r\nBEGIN:\r\nEND:\r\nEND:VCALENDAR\r\n").code ==
        Errc::BadCalendar);
}

TEST_CASE("NUL and what is not UTF-8 are refused")
{
  CHECK(failure(calendar(std::string("SUMMARY:a\0b\r\n", 13))).what.find("NUL") !=
        std::string::npos);
  CHECK(failure(calendar("SUMMARY:\xFC\r\n")).what.find("UTF-8") != std::string::npos);
}

TEST_CASE("a property that matters and does not parse is fatal, and gone")
{
  const auto line = GENERATE(
      as<std::string>{}, "DTSTART:2027\r\n", "DTSTART:20270230T100000Z\r\n", "DTSTART:\r\n",
      "DTSTART;VALUE=DATE:20270104T100000\r\n", "DTSTART;VALUE=TEXT:x\r\n",
      "DTEND:20270104T250000\r\n", "DURATION:P\r\n", "DURATION:PT\r\n", "DURATION:P1H\r\n",
      "RRULE:FREQ=SOMETIMES\r\n", "RRULE:FREQ=DAILY;COUNT=5x\r\n",
      "RRULE:FREQ=DAILY;COUNT=2;UNTIL=20270101\r\n", "RRULE:FREQ=DAILY;FREQ=DAILY\r\n",
      "RRULE:FREQ=DAILY;X-FOO=1\r\n", "RRULE:FREQ=DAILY;INTERVAL=65537\r\n",
      "EXDATE:20270104T100000Z,nonsense\r\n", "RDATE;VALUE=PERIOD:20270104T100000Z\r\n",
      "SEQUENCE:two\r\n", "SEQUENCE:99999999999\r\n", "DTSTAMP:20270104\r\n", "UID:\r\n",
      "ORGANIZER:\r\n", "ATTENDEE;CN=\"x:mailto:a@example.com\r\n",
      "ATTENDEE;CN=a\"b:c\":mailto:a@example.com\r\n",
      "ATTENDEE;CN=\"a\"b:mailto:a@example.com\r\n", "ATTENDEE;=x:mailto:a@example.com\r\n",
      "ATTENDEE;CN:mailto:a@example.com\r\n", "ATTENDEE;CN=a;CN=b:mailto:a@example.com\r\n",
      "ATTENDEE\r\n", "RECURRENCE-ID:yesterday\r\n", "REQUEST-STATUS:fine\r\n", "UID:a\x01z\r\n",
      "UID:a\rATTENDEE:mailto:x@example.com\r\n");
  INFO(line);
  const auto p = parsed(calendar(line));
  CHECK(only_finding(p).fatal);
  CHECK(only_finding(p).component == "VEVENT");
  CHECK(event(p).properties.empty());
}

TEST_CASE("a rule that does not parse is told with what is wrong in it")
{
  const auto p = parsed(calendar("RRULE:FREQ=DAILY;COUNT=1000000000\r\n"));
  CHECK(only_finding(p).text.find("more than 999999999 is not supported as COUNT") !=
        std::string::npos);
}

TEST_CASE("what libical could not read is fatal where the property matters")
{
  const auto p = parsed(calendar(
      "X-LIC-ERROR;X-LIC-ERRORTYPE=VALUE-PARSE-ERROR:No value for RRULE property. Removing it\r\n"));
  CHECK(only_finding(p).fatal);
  CHECK(only_finding(p).property == "RRULE");
}

TEST_CASE("another property that does not parse is found, and gone, and not fatal")
{
  const auto line =
      GENERATE(as<std::string>{}, "GEO:here\r\n", "PRIORITY:high\r\n", "X-LIC-ERROR:whatever\r\n",
               "CREATED:long ago\r\n", "SUMMARY;LANGUAGE=\"x:y\r\n", "QUJD\r\n");
  INFO(line);
  const auto p = parsed(calendar(line));
  CHECK_FALSE(only_finding(p).fatal);
  CHECK(event(p).properties.empty());
}

TEST_CASE("control characters are taken out of what does not matter, with a notice")
{
  const auto p = parsed(calendar("DESCRIPTION:a\x0B\x7F\x62\r\n"));
  CHECK_FALSE(only_finding(p).fatal);
  CHECK(event(p).text("DESCRIPTION") == "ab");
}

TEST_CASE("a line that would become BEGIN, END or another property when it is written is refused")
{
  for (const char* line : {"\rEND:VEVENT\r\n", "E\x01ND:VEVENT\r\n", "\x0B" "BEGIN:VALARM\r\n", "END;X-A=1:VEVENT\r\n",
                           "BEGIN;X-A=1:VALARM\r\n", "ORG\x01" "ANIZER:mailto:mallory@example.com\r\n"}) {
    INFO(line);
    const auto p = parse(calendar(line), Limits{});
    REQUIRE_FALSE(p);
    CHECK(p.error().what.find("programs do not agree") != std::string::npos);
  }
}

TEST_CASE("what other programs write wrongly is tolerated with a notice")
{
  struct Case {
    std::string line, property, value, parameter, parameter_value;
  };
  const auto c = GENERATE(
      values<Case>({{"ATTENDEE;RSVP=YES:mailto:a@example.com", "ATTENDEE", "mailto:a@example.com",
                     "RSVP", "TRUE"},
                    {"ORGANIZER;SENT-BY=mailto:b@example.com;CN=X:mailto:a@example.com",
                     "ORGANIZER", "mailto:a@example.com", "SENT-BY", "mailto:b@example.com"},
                    {"ORGANIZER;SENT-BY=MAILTO:b@example.com:MAILTO:a@example.com", "ORGANIZER",
                     "MAILTO:a@example.com", "SENT-BY", "MAILTO:b@example.com"},
                    {"ORGANIZER;CN=A:a@example.com", "ORGANIZER", "a@example.com", "CN", "A"},
                    {"RECURRENCE-ID;THISANDFUTURE:20270104T100000Z", "RECURRENCE-ID",
                     "20270104T100000Z", "RANGE", "THISANDFUTURE"},
                    {"DTSTART;TZID=GMT+05:30:20270104T100000", "DTSTART", "20270104T100000", "TZID",
                     "GMT+05:30"},
                    {"DTSTART;TZID=(UTC+01:00) Amsterdam, Berlin:20270104T100000", "DTSTART",
                     "20270104T100000", "TZID", "(UTC+01:00) Amsterdam, Berlin"},
                    {"DTSTAMP;X-A=1:20270104T100000", "DTSTAMP", "20270104T100000", "X-A", "1"},
                    {"DTSTART;VALUE=DATE-TIME:20270104T100000Z ", "DTSTART", "20270104T100000Z",
                     "VALUE", "DATE-TIME"}}));
  INFO(c.line);
  const auto p = parsed(calendar(c.line + "\r\n"));
  CHECK_FALSE(p.findings.empty());
  for (const auto& finding : p.findings) CHECK_FALSE(finding.fatal);
  const Property* property = event(p).find(c.property);
  REQUIRE(property);
  CHECK(property->value == c.value);
  REQUIRE(property->parameter(c.parameter));
  CHECK(*property->parameter(c.parameter) == c.parameter_value);
}

TEST_CASE("RANGE=THISANDFUTURE needs no notice")
{
  const auto p = parsed(calendar("RECURRENCE-ID;RANGE=THISANDFUTURE:20270104T100000Z\r\n"));
  CHECK(p.findings.empty());
}

TEST_CASE("an unquoted SENT-BY that leaves no value is an error, not an organizer")
{
  const auto p = parsed(calendar("ORGANIZER;SENT-BY=mailto:a@example.com\r\n"));
  const Property* organizer = event(p).find("ORGANIZER");
  CHECK((organizer == nullptr || organizer->value != "mailto:a@example.com"));
}

TEST_CASE("METHOD in lower case is read in upper case, with a notice")
{
  const auto p = parsed("BEGIN:VCALENDAR\r\nMETHOD:request\r\nEND:VCALENDAR\r\n");
  CHECK(*p.calendar.value("METHOD") == "REQUEST");
  CHECK_FALSE(only_finding(p).fatal);
}

TEST_CASE("a Windows zone without VTIMEZONE gets a notice, one with it does not")
{
  const std::string start = "DTSTART;TZID=W. Europe Standard Time:20270104T100000\r\n";
  CHECK(only_finding(parsed(calendar(start))).text.find("Europe/Berlin") != std::string::npos);
  const auto with = parsed(
      cat("BEGIN:VCALENDAR\r\nBEGIN:VTIMEZONE\r\nTZID:W. Europe Standard Time\r\n"
          "BEGIN:STANDARD\r\nDTSTART:20000101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\n"
          "END:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\n",
          start, "END:VEVENT\r\nEND:VCALENDAR\r\n"));
  CHECK(with.findings.empty());
}

TEST_CASE("nothing of a list over 500 values is lost")
{
  const auto name = GENERATE(as<std::string>{}, "EXDATE", "CATEGORIES", "FREEBUSY", "RESOURCES");
  const auto count = GENERATE(500, 501, 1000, 1737);
  std::string value;
  for (int i = 0; i < count; ++i) {
    const std::string second = std::to_string(100000 + i).substr(1);
    if (i) value += ',';
    if (name == "EXDATE") value += cat("203", std::to_string(i % 10), "0101T0000", i % 6, "0Z");
    if (name == "CATEGORIES" || name == "RESOURCES") value += cat("c\\,", second);
    if (name == "FREEBUSY") value += "20270101T000000Z/PT1H";
  }
  const auto p = parsed(calendar(cat(name, ";X-A=1:", value, "\r\n")));
  std::string joined;
  for (const Property* property : event(p).all(name)) {
    CHECK(property->parameter("X-A"));
    joined += cat(joined.empty() ? "" : ",", property->value);
  }
  CHECK(joined == value);
  CHECK(event(p).count(name) == (static_cast<std::size_t>(count) + 499) / 500);
}

TEST_CASE("limits are met before anything grows")
{
  Limits limits;
  limits.calendar_bytes = 1000;
  CHECK(failure(calendar(cat("X-A:", std::string(2000, 'x'), "\r\n")), limits).code ==
        Errc::TooLarge);
  limits = {};
  limits.line_bytes = 500;
  std::string folded = "X-A:";
  for (int i = 0; i < 10; ++i) folded += cat(std::string(70, 'x'), "\r\n ");
  CHECK(failure(calendar(folded + "\r\n"), limits).code == Errc::TooLarge);
  CHECK(failure(calendar(cat("X-A:", std::string(600, 'x'), "\r\n")), limits).code ==
        Errc::TooLarge);
  limits = {};
  limits.list_values = 3;
  CHECK(failure(calendar("CATEGORIES:a,b,c,d\r\n"), limits).code == Errc::TooLarge);
  CHECK(parse(calendar("CATEGORIES:a,b,c\r\n"), limits));
  limits = {};
  limits.properties = 4;
  CHECK(failure(calendar("X-A:1\r\nX-A:1\r\nX-A:1\r\n"), limits).code == Errc::TooLarge);
  limits = {};
  limits.components = 2;
  CHECK(failure(calendar("BEGIN:VALARM\r\nEND:VALARM\r\n"), limits).code == Errc::TooLarge);
}

TEST_CASE("values of parameters are counted, also those that a split list repeats")
{
  const auto many = [](std::string line, int count) {
    for (int i = 0; i < count; ++i) line += "a,";
    return line + "a:";
  };
  std::string lines;
  for (int i = 0; i < 4; ++i) lines += cat(many("X-A;X-B=", 99'999), "v\r\n");
  CHECK(parse(calendar(lines), Limits{}));
  const auto over = failure(calendar(lines + "X-A;X-B=a:v\r\n"));
  CHECK(over.code == Errc::TooLarge);
  CHECK(over.what.find("400000 values of parameters") != std::string::npos);
  std::string categories = many("CATEGORIES;X-B=", 9'999);
  for (int i = 0; i < 50'000; ++i) categories += "v,";
  CHECK(failure(calendar(categories + "v\r\n")).code == Errc::TooLarge);
}

TEST_CASE("100,000 nested components are refused, not recursed into")
{
  std::string deep = "BEGIN:VCALENDAR\r\n";
  for (int i = 0; i < 100'000; ++i) deep += "BEGIN:X\r\n";
  CHECK(failure(deep).code == Errc::TooLarge);
}

TEST_CASE("after 100 bad lines the rest is not looked at")
{
  std::string lines;
  for (int i = 0; i < 100; ++i) lines += "SEQUENCE:x\r\n";
  CHECK(parsed(calendar(lines)).findings.size() == 100);
  CHECK(failure(calendar(lines + "SEQUENCE:x\r\n")).code == Errc::TooLarge);
}

TEST_CASE("a megabyte in one line, folded or not, is read")
{
  const std::string data(1'000'000, 'A');
  const auto p = parsed(calendar(cat("ATTACH;ENCODING=BASE64;VALUE=BINARY:", data, "\r\n")));
  REQUIRE(event(p).find("ATTACH"));
  CHECK(event(p).find("ATTACH")->value == data);
  CHECK(parsed(serialise(p.calendar)).calendar == p.calendar);
}

TEST_CASE("work is not quadratic in parameters or in backslashes")
{
  std::string many = "X-A";
  for (int i = 0; i < 50'000; ++i) many += cat(";P", i, "=1");
  CHECK(parsed(calendar(many + ":1\r\n")).findings.size() == 1);
  const std::string backslashes(400'000, '\\');
  const std::string commas(90'000, ',');
  const auto p = parsed(calendar(cat("CATEGORIES:", backslashes, commas, "\r\n")));
  CHECK(event(p).count("CATEGORIES") == 181);
}

TEST_CASE("a component that stands alone is not read inside another one")
{
  for (const char* name : {"VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE", "VCALENDAR"}) {
    INFO(name);
    CHECK(failure(calendar(cat("BEGIN:", name, "\r\nEND:", name, "\r\n"))).code ==
          Errc::BadCalendar);
  }
  CHECK(parse(calendar("BEGIN:X-OTHER\r\nEND:X-OTHER\r\n"), Limits{}));
}

TEST_CASE("two values of a parameter that has one make the property unreadable")
{
  for (const char* line : {"ORGANIZER;SENT-BY=\"mailto:b@example.com\",\"mailto:c@example.com\"",
                           "ATTENDEE;PARTSTAT=ACCEPTED,DECLINED"}) {
    INFO(line);
    const auto p = parsed(calendar(cat(line, ":mailto:a@example.com\r\n")));
    CHECK(only_finding(p).fatal);
    CHECK(event(p).find("ORGANIZER") == nullptr);
  }
  const auto p = parsed(calendar("ORGANIZER;CN=Doe, Jane:mailto:a@example.com\r\n"));
  CHECK(event(p).find("ORGANIZER") != nullptr);
}
