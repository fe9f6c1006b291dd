#include "mime/calendar_part.hpp"

#include <catch2/catch.hpp>

#include "mime/detail/test_mail.hpp"

using namespace imip;
using namespace imip::mime;
using namespace imip::mime::test;

namespace {

CalendarPart only_part(const std::string& octets)
{
  auto parts = calendar_parts(parsed(octets), {});
  REQUIRE(parts);
  REQUIRE(parts->size() == 1);
  return parts->front();
}

CalendarPart with_type(const std::string& type, const std::string& body)
{
  return only_part("Content-Type: " + type + "\n\n" + body);
}

}  // namespace

TEST_CASE("method and component are taken from Content-Type, upper case")
{
  const CalendarPart part = with_type("text/calendar; method=request; component=vEvent", "x");
  CHECK(part.method == "REQUEST");
  CHECK(part.component == "VEVENT");
  CHECK(part.part == "1");
  CHECK(part.place.alternative == no_node);
  CHECK(part.defects.empty());
}

TEST_CASE("a calendar part without method is listed without one")
{
  CHECK_FALSE(with_type("text/calendar", "METHOD:REQUEST").method);
  CHECK_FALSE(with_type("text/calendar; method=\"\"", "METHOD:REQUEST").method);
}

TEST_CASE("application/ics and calendar-like names are no calendar parts")
{
  const auto none = [](const std::string& type) {
    const auto parts =
        calendar_parts(parsed("Content-Type: " + type + "\n\nBEGIN:VCALENDAR\n"), {});
    REQUIRE(parts);
    return parts->empty();
  };
  CHECK(none("application/ics; method=REQUEST; name=invite.ics"));
  CHECK(none("text/plain; name=invite.ics"));
  CHECK(none("text/calendar-x; method=REQUEST"));
  CHECK(none("application/octet-stream; name=invite.ics"));
}

TEST_CASE("UTF-8 and US-ASCII calendars are taken as they are, without a byte order mark")
{
  CHECK(with_type("text/calendar; charset=UTF-8", "f\xC3\xBCr").text == "f\xC3\xBCr");
  CHECK(with_type("text/calendar", "f\xC3\xBCr").text == "f\xC3\xBCr");
  CHECK(with_type("text/calendar", "f\xC3\xBCr").defects.empty());
  CHECK(with_type("text/calendar; charset=us-ascii", "fur").defects.empty());
  CHECK(with_type("text/calendar; charset=\"utf-8\"",
                  "\xEF\xBB\xBF"
                  "BEGIN")
            .text == "BEGIN");
}

TEST_CASE("ISO-8859-1 declared as such is converted")
{
  const CalendarPart part = with_type("text/calendar; charset=ISO-8859-1", "f\xFCr");
  CHECK(part.text == "f\xC3\xBCr");
  CHECK(part.defects.empty());
}

TEST_CASE("another charset, or octets that are not what is declared, are a defect")
{
  for (const auto& [type, body] : std::vector<std::pair<std::string, std::string>>{
           {"text/calendar; charset=utf-16", "a"},
           {"text/calendar; charset=windows-1252", "a"},
           {"text/calendar; charset=utf-7", "+ACI-"},
           {"text/calendar; charset=unheard-of", "a"},
           {"text/calendar; charset=utf-8", "f\xFCr"},
           {"text/calendar", "f\xFCr"},
           {"text/calendar; charset=us-ascii", "f\xC3\xBCr"}}) {
    INFO(type);
    const CalendarPart part = with_type(type, body);
    CHECK(has(part.defects, Code::BadCharset));
  }
  CHECK(with_type("text/calendar", "f\xFCr").text == "f\xEF\xBF\xBDr");
}

TEST_CASE("base64 that other decoders would read differently is a defect")
{
  const auto bad = [](const std::string& body) {
    return has(
        only_part("Content-Type: text/calendar\nContent-Transfer-Encoding: base64\n\n" + body)
            .defects,
        Code::BadTransferEncoding);
  };
  CHECK_FALSE(bad("QkVH\r\nSU4=\r\n"));
  CHECK_FALSE(bad("QkVH SU4=\n\n"));
  CHECK(bad("QkVHSU4=\nQkVHSU4=\n"));
  CHECK(bad("QkVHSU4\n"));
  CHECK(bad("QkVHSU4=\n____________\nmailing list footer\n"));
}

TEST_CASE("the decoded calendar may have calendar_bytes")
{
  Limits limits;
  limits.calendar_bytes = 5;
  const auto parts = calendar_parts(
      parsed("Content-Type: text/calendar\nContent-Transfer-Encoding: base64\n\nQkVHSU4h\n"),
      limits);
  REQUIRE_FALSE(parts);
  CHECK(parts.error().code == Errc::TooLarge);
}

TEST_CASE("where a part stands is told: alternative, report, forwarded, attachment")
{
  const std::string calendar = "Content-Type: text/calendar; method=REQUEST\n\nx\n";
  const CalendarPart alternative = only_part(multipart(
      "multipart/alternative",
      "--b\nContent-Type: multipart/related; boundary=c\n\n--c\n" + calendar + "--c--\n--b--\n"));
  CHECK(alternative.place.alternative == 0);
  CHECK(alternative.part == "1.1");
  CHECK_FALSE(alternative.place.in_forwarded);

  const CalendarPart report =
      only_part(multipart("multipart/report", "--b\n" + calendar + "--b--\n"));
  CHECK(report.place.in_report);

  const CalendarPart forwarded = only_part(multipart(
      "multipart/mixed", "--b\nContent-Type: message/rfc822\n\nA: b\n" + calendar + "--b--\n"));
  CHECK(forwarded.place.in_forwarded);
  CHECK_FALSE(forwarded.place.in_report);

  const CalendarPart attached =
      only_part("Content-Disposition: attachment; filename=a.ics\n" + calendar);
  CHECK(attached.attachment);
  CHECK(attached.method == "REQUEST");
}

TEST_CASE("calendar parts come in tree order")
{
  const auto parts = calendar_parts(
      parsed(multipart("multipart/mixed",
                       "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n"
                       "Content-Type: text/calendar\n\nfirst\n--c--\n"
                       "--b\nContent-Type: text/calendar\n\nsecond\n--b--\n")),
      {});
  REQUIRE(parts);
  REQUIRE(parts->size() == 2);
  CHECK(parts->at(0).text == "first");
  CHECK(parts->at(0).part == "1.1");
  CHECK(parts->at(1).text == "second");
}
