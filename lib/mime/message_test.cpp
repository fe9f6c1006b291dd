#include "mime/message.hpp"

#include <catch2/catch.hpp>

#include "mime/detail/test_mail.hpp"

using namespace imip;
using namespace imip::mime;
using namespace imip::mime::test;

TEST_CASE("an empty message and one without a header are no messages")
{
  for (const std::string octets :
       {"", "\n", "\nFrom: a@example.com\n\nx\n", "hello\n", "hello there: x\n\ny\n",
        " From: a\n\n", "\x89PNG\r\n\x1a\n", ": x\n\n", "From nobody\n"}) {
    INFO(octets);
    const auto message = parse_message(octets, {});
    REQUIRE_FALSE(message);
    CHECK(message.error().code == Errc::BadMime);
  }
}

TEST_CASE("a message of one part has the number 1 and the default type")
{
  const Message m = parsed("From: a@example.com\nSubject: x\n\nhello\n");
  REQUIRE(m.nodes().size() == 1);
  const Node& node = m.nodes().front();
  CHECK(node.part == "1");
  CHECK(node.media_type == "text/plain");
  CHECK(node.encoding == "7bit");
  CHECK(node.disposition.empty());
  CHECK(node.parent == no_node);
  CHECK(body_of(m, 0) == "hello\n");
  CHECK(node.defects.empty());
}

TEST_CASE("parts are numbered as IMAP numbers them, in tree order")
{
  const Message m = parsed(multipart(
      "multipart/mixed",
      "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nx\n--c\n\ny\n--c--\n"
      "--b\nContent-Type: message/rfc822\n\nFrom: q@example.com\n\nin\n"
      "--b\nContent-Type: message/rfc822\n\nFrom: q@example.com\n"
      "Content-Type: multipart/mixed; boundary=d\n\n--d\n\nz\n--d--\n--b--\n"));
  std::string numbers;
  for (const Node& node : m.nodes()) numbers += node.part + " ";
  CHECK(numbers == "TEXT 1 1.1 1.2 2 2.1 3 3.TEXT 3.1 ");
  CHECK(m.nodes()[0].children == std::vector<std::size_t>{1, 4, 6});
  CHECK(m.nodes()[3].parent == 1);
  CHECK(m.nodes()[5].parent == 4);
}

TEST_CASE("types, parameters and encodings are lower case, parameter values as given")
{
  const Message m = parsed(
      "Content-Type: TEXT/Calendar; METHOD=Request;\n\tCharset=\"UTF-8\"; name=\"a "
      "\\\"b.ics\"\n"
      "Content-Transfer-Encoding: BASE64\nContent-Disposition: ATTACHMENT; filename=x.ics\n\n");
  const Node& node = m.nodes().front();
  CHECK(node.media_type == "text/calendar");
  REQUIRE(node.parameter("method") != nullptr);
  CHECK(*node.parameter("method") == "Request");
  CHECK(*node.parameter("charset") == "UTF-8");
  CHECK(*node.parameter("name") == "a \"b.ics");
  CHECK(node.parameter("protocol") == nullptr);
  CHECK(node.encoding == "base64");
  CHECK(node.disposition == "attachment");
  CHECK(node.file_name == "x.ics");
  CHECK(node.defects.empty());
}

TEST_CASE("RFC 2231 parameters are joined and decoded")
{
  const Message m = parsed(
      "Content-Type: text/calendar; name*0*=utf-8''Einladung%20f; name*1*=%C3%BCr; "
      "name*2=\".ics\"\n\n");
  REQUIRE(m.nodes()[0].parameter("name") != nullptr);
  CHECK(*m.nodes()[0].parameter("name") == "Einladung f\xC3\xBCr.ics");
  CHECK(m.nodes()[0].defects.empty());
}

TEST_CASE("children of multipart/digest are messages by default")
{
  const Message m = parsed(
      multipart("multipart/digest", "--b\n\nFrom: c@example.com\nSubject: in\n\nx\n--b--\n"));
  REQUIRE(m.nodes().size() == 3);
  CHECK(m.nodes()[1].media_type == "message/rfc822");
  CHECK(m.nodes()[2].media_type == "text/plain");
  CHECK(body_of(m, 2) == "x");
}

TEST_CASE("a leading mbox line is skipped and body lines that begin with From are body")
{
  const Message m = parsed(
      "From a@example.com Sat Jan  2\nFrom: a@example.com\n\nx\nFrom b Sat\nFrom: c@d\n\ny\n");
  REQUIRE(m.nodes().size() == 1);
  CHECK(body_of(m, 0) == "x\nFrom b Sat\nFrom: c@d\n\ny\n");
  CHECK(m.envelope().from == std::vector<std::string>{"a@example.com"});
  CHECK(m.nodes()[0].defects.empty());
}

TEST_CASE("the envelope is decoded and unfolded")
{
  const Message m = parsed(
      "From: =?utf-8?q?Zo=C3=AB?= <zoe@example.com>\nSender: \"x, y\" <desk@example.com>\n"
      "Reply-To: r@example.org\nTo: team: a@example.com, \"B (x)\" <b@example.com>;,\n "
      "c@example.com\n"
      "Cc: undisclosed-recipients:;\nSubject: =?utf-8?q?Caf=C3=A9?=\n =?utf-8?q?_Z?=\n"
      "Message-ID: <1@example.com>\nIn-Reply-To: <0@example.com>\n"
      "References: <9@example.com>\n\t<0@example.com>\nDate: Mon, 04 Jan 2027 10:00:00 +0000\n"
      "Auto-Submitted: auto-generated\nPrecedence: bulk\nList-Id: Devel <devel.example.org>\n\n");
  const Envelope& e = m.envelope();
  CHECK(e.from == std::vector<std::string>{"zoe@example.com"});
  CHECK(e.sender == std::vector<std::string>{"desk@example.com"});
  CHECK(e.reply_to == std::vector<std::string>{"r@example.org"});
  CHECK(e.to == std::vector<std::string>{"a@example.com", "b@example.com", "c@example.com"});
  CHECK(e.cc.empty());
  CHECK(e.subject == "Caf\xC3\xA9 Z");
  CHECK(e.message_id == "1@example.com");
  CHECK(e.in_reply_to == "<0@example.com>");
  CHECK(e.references == "<9@example.com>\t<0@example.com>");
  CHECK(e.date == "Mon, 04 Jan 2027 10:00:00 +0000");
  CHECK(e.auto_submitted == "auto-generated");
  CHECK(e.precedence == "bulk");
  CHECK(e.list_id == "Devel <devel.example.org>");
}

TEST_CASE("every From field counts, and those of nested messages do not")
{
  const Message m = parsed(
      "From: a@example.com\nFrom: b@example.com\nContent-Type: message/rfc822\n\nFrom: "
      "c@example.com\n\nx\n");
  CHECK(m.envelope().from == std::vector<std::string>{"a@example.com", "b@example.com"});
}

TEST_CASE("transfer encodings are undone")
{
  const auto decoded = [](const std::string& encoding, const std::string& body) {
    const auto out =
        parsed("Content-Type: text/plain\nContent-Transfer-Encoding: " + encoding + "\n\n" + body)
            .decoded(0, 1000);
    REQUIRE(out);
    return *out;
  };
  CHECK(decoded("base64", "SGFs\nbG8=\n") == "Hallo");
  CHECK(decoded("base64", "SGFs\r\nbG8=\r\n") == "Hallo");
  CHECK(decoded("base64", "") == "");
  CHECK(decoded("quoted-printable", "a=C3=BC =\nb=20\n") == "a\xC3\xBC b \n");
  CHECK(decoded("quoted-printable", "a=\r\nb\r\n") == "ab\r\n");
  CHECK(decoded("8bit", "\xC3\xBC\r\n") == "\xC3\xBC\r\n");
  CHECK(decoded("binary", "a\rb") == "a\rb");
}

TEST_CASE("decoding stops at the limit")
{
  const Message m = parsed("Content-Transfer-Encoding: base64\n\nSGFsbG8gV2VsdA==\n");
  CHECK(m.decoded(0, 10));
  const auto out = m.decoded(0, 9);
  REQUIRE_FALSE(out);
  CHECK(out.error().code == Errc::TooLarge);
  CHECK_FALSE(parsed("A: b\n\n12345").decoded(0, 4));
  CHECK_FALSE(m.decoded(7, 10));
}

TEST_CASE("bare iCalendar is told from mail by its first octets")
{
  CHECK(looks_like_calendar("BEGIN:VCALENDAR\r\nVERSION:2.0"));
  CHECK(looks_like_calendar("\xEF\xBB\xBF\r\n begin:vcalendar\n"));
  CHECK(looks_like_calendar("BEGIN:VCALENDAR"));
  CHECK_FALSE(looks_like_calendar("BEGIN:VCALENDARS\n"));
  CHECK_FALSE(looks_like_calendar("From: a\n\nBEGIN:VCALENDAR\n"));
  CHECK_FALSE(looks_like_calendar(""));
  CHECK_FALSE(looks_like_calendar(" \r\n"));
}
