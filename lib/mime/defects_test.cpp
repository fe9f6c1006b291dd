// Contradictions that take an entity's identity away (trust.md section 1).
#include <catch2/catch.hpp>

#include "mime/calendar_part.hpp"
#include "mime/detail/test_mail.hpp"
#include "mime/message.hpp"

using namespace imip;
using namespace imip::mime;
using namespace imip::mime::test;

namespace {

// The defects of the root of a message with these header fields.
std::vector<Reason> defects(const std::string& fields)
{
  return parsed(fields + "\n\nx\n").nodes().front().defects;
}

bool ambiguous(const std::string& fields)
{
  return has(defects(fields), Code::AmbiguousHeader);
}

}  // namespace

TEST_CASE("a field that decides may not be there twice, not even with the same value")
{
  CHECK(ambiguous("Content-Type: text/plain\nContent-Type: text/calendar"));
  CHECK(ambiguous("Content-Type: text/plain\ncontent-type: text/plain"));
  CHECK(ambiguous("Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: base64"));
  CHECK(ambiguous("Content-Disposition: inline\nContent-Disposition: attachment"));
  CHECK_FALSE(ambiguous("Received: a\nReceived: b\nContent-Type: text/plain"));
}

TEST_CASE("a parameter may not be there twice, in whatever form")
{
  CHECK(ambiguous("Content-Type: text/calendar; method=REQUEST; method=CANCEL"));
  CHECK(ambiguous("Content-Type: text/calendar; method=REQUEST; METHOD=REQUEST"));
  CHECK(ambiguous("Content-Type: text/calendar; method=REQUEST; method*=us-ascii''CANCEL"));
  CHECK(ambiguous("Content-Type: text/calendar; method=REQUEST; method*0=CAN; method*1=CEL"));
  CHECK(ambiguous("Content-Type: text/calendar; method*0=CAN; method*0=REQ"));
  CHECK(ambiguous("Content-Type: text/calendar; method*0=CAN; method*0*=us-ascii''REQ"));
  CHECK_FALSE(ambiguous("Content-Type: text/calendar; method*0=RE; method*1=QUEST"));
}

TEST_CASE("segments of a parameter are counted from 0 without a gap")
{
  CHECK(ambiguous("Content-Type: text/calendar; method*0=REQ; method*2=UEST"));
  CHECK(ambiguous("Content-Type: text/calendar; method*0=REQ; method*01=UEST"));
  CHECK(ambiguous("Content-Type: text/calendar; method*00=REQ; method*1=UEST"));
  CHECK(ambiguous("Content-Type: text/calendar; method*1=REQ; method*2=UEST"));
  CHECK(ambiguous("Content-Type: text/calendar; method*0=REQ; method*x=UEST"));
  CHECK(ambiguous("Content-Type: text/calendar; method*0*=utf-8''REQ; method*2*=UEST"));
  CHECK_FALSE(ambiguous("Content-Type: text/calendar; method*0*=utf-8''REQ; method*1=UEST"));
  CHECK_FALSE(ambiguous("Content-Type: text/calendar; method*1=UEST; method*0=REQ"));
  CHECK_FALSE(ambiguous("Content-Type: text/calendar; method*=utf-8''REQUEST"));
}

TEST_CASE("where a comment makes two readers differ, parts are cut as the grammar says, and prove nobody")
{
  const auto typed = [](const std::string& type) {
    const Message m = parsed("A: b\nContent-Type: " + type +
                             "\n\n--b\nContent-Type: text/calendar; method=REQUEST\n\nx\n--b--\n");
    REQUIRE(m.nodes().size() == 2);
    CHECK(m.nodes()[1].media_type == "text/calendar");
    return m.nodes()[0].defects;
  };
  CHECK(has(typed("multipart/mixed; boundary=b (comment)"), Code::AmbiguousHeader));
  CHECK(has(typed("multipart/mixed; boundary=b(comment)"), Code::AmbiguousHeader));
  CHECK(typed("multipart/mixed (x); boundary=b").empty());
  CHECK(typed("multipart/mixed; (comment) boundary=b").empty());
  CHECK(typed("multipart/mixed; boundary=(comment) b").empty());
}

TEST_CASE("a transfer encoding with a comment is undone, and is a defect")
{
  const Message m = parsed("A: b\nContent-Transfer-Encoding: (c) base64 (d)\n\neA==\n");
  CHECK(m.nodes()[0].encoding == "base64");
  CHECK(*m.decoded(0, 100) == "x");
  CHECK(has(m.nodes()[0].defects, Code::BadTransferEncoding));
}

TEST_CASE("more parameters than anybody writes are ambiguous, and are not compared with one another")
{
  std::string type = "Content-Type: text/calendar; method=REQUEST";
  for (int i = 0; i < 99; ++i) type += "; p" + std::to_string(i) + "=v";
  CHECK_FALSE(ambiguous(type));
  CHECK(ambiguous(type + "; last=v"));
}

TEST_CASE("a value that two parsers read differently is ambiguous")
{
  CHECK_FALSE(ambiguous("Content-Type: text/calendar; method=\"REQUEST\";charset=UTF-8 ; a=b"));
  CHECK_FALSE(ambiguous("Content-Type: Multipart/Mixed; boundary=\"=_a b'c\""));
  CHECK(ambiguous("Content-Type: text/calendar; method=\"REQUEST"));
  CHECK(ambiguous("Content-Type: text/calendar; method=\"REQUEST\"CANCEL"));
  CHECK(ambiguous("Content-Type: text/calendar; method=REQUEST (x)"));
  CHECK(ambiguous("Content-Type: text/calendar; method"));
  CHECK(ambiguous("Content-Type: text/calendar (x; method=REQUEST"));
  CHECK(ambiguous("Content-Type: text/calendar; x=\"; method=REQUEST\"; y=\""));
  CHECK(ambiguous("Content-Type: text"));
  CHECK_FALSE(ambiguous("Content-Type: text/calendar; x=\"; method=REQUEST\"; method=CANCEL"));
  CHECK_FALSE(ambiguous("Content-Type: text/calendar;; method=REQUEST;"));
  CHECK_FALSE(ambiguous("Content-Type: text/calendar; method=REQUEST; name=my file.ics"));
  CHECK_FALSE(ambiguous("Content-Type: text/calendar; name=\"=?utf-8?q?f=C3=BCr?=.ics\""));
}

TEST_CASE("control characters in a header make it ambiguous")
{
  CHECK(ambiguous(std::string("Subject: a\0b", 12)));
  CHECK(ambiguous("Subject: a\rContent-Type: text/calendar"));
  CHECK(ambiguous("Subject: a\x7F"));
  CHECK(ambiguous("Subject: a\x1B[0m"));
  CHECK_FALSE(ambiguous("Subject: a\tb\n\tc\xC3\xBC"));
}

TEST_CASE("lines that are no header field make it ambiguous")
{
  CHECK(ambiguous("A: b\nthis line was not signed"));
  CHECK(ambiguous("A: b\nContent-Type : text/calendar"));
  CHECK(ambiguous("A: b\nContent-Type\t: text/calendar"));
  CHECK(ambiguous("A: b\n: x"));
  CHECK(ambiguous("A: b\n>From a"));
  CHECK(has(parsed(multipart("multipart/mixed", "--b\n Content-Type: text/calendar\n\nx\n--b--\n"))
                .nodes()[1]
                .defects,
            Code::AmbiguousHeader));
}

TEST_CASE("a line of blanks in a header, where many take the header to end, makes it ambiguous")
{
  CHECK(ambiguous("A: b\n \nContent-Type: text/plain"));
  CHECK(ambiguous("A: b\n\t \n c\nContent-Type: text/plain"));
  CHECK(has(parsed("A: b\r\n \r\nC: d\r\n\r\nx\r\n").nodes().front().defects, Code::AmbiguousHeader));
  CHECK_FALSE(ambiguous("A: b\n c\nContent-Type: text/plain"));
}

TEST_CASE("quoted-printable with a = that stands for nothing gives a calendar no identity")
{
  const auto bad = [](const std::string& body) {
    const Message m = parsed("A: b\nContent-Type: text/calendar; method=REQUEST\n"
                             "Content-Transfer-Encoding: quoted-printable\n\n" + body);
    const auto parts = calendar_parts(m, {});
    REQUIRE(parts);
    return has(parts->front().defects, Code::BadTransferEncoding);
  };
  CHECK(bad("SUMMARY:Pl=ZZan\n"));
  CHECK(bad("SUMMARY:Pl=3\n"));
  CHECK(bad("SUMMARY:Pl=x\n"));
  CHECK(bad("a= b\n"));
  CHECK(bad("a=\rb\n"));
  CHECK_FALSE(bad("SUMMARY:Pl=C3=a4n\n"));
  CHECK_FALSE(bad("SUMMARY:Pl=\nan = \t\n=\r\nx\n="));
  CHECK_FALSE(bad("SUMMARY:Plan\n"));
}

TEST_CASE("an unknown encoding, or one on a composite, is a defect")
{
  const auto bad = [](const std::string& fields) {
    return has(defects(fields), Code::BadTransferEncoding);
  };
  CHECK(bad("Content-Transfer-Encoding: x-uuencode"));
  CHECK(bad("Content-Transfer-Encoding: base64 7bit"));
  CHECK(bad("Content-Transfer-Encoding:"));
  CHECK(bad("Content-Type: message/rfc822\nContent-Transfer-Encoding: base64"));
  CHECK(bad("Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable"));
  CHECK(bad("Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64"));
  CHECK(bad(
      "Content-Type: multipart/signed; boundary=b\nContent-Transfer-Encoding: Quoted-Printable"));
  CHECK_FALSE(bad("Content-Transfer-Encoding: Base64"));
  CHECK_FALSE(bad("Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: 8BIT"));
}

TEST_CASE("message/partial and message/external-body hold nothing that could be signed")
{
  CHECK(has(defects("Content-Type: message/partial; id=a; number=1"), Code::PartialOrExternal));
  CHECK(has(defects("Content-Type: message/external-body; access-type=URL"),
            Code::PartialOrExternal));
  CHECK_FALSE(has(defects("Content-Type: message/rfc822"), Code::PartialOrExternal));
}

TEST_CASE("a defect of an ancestor is a defect of the calendar part below it")
{
  const Message m = parsed(
      "A: b\nContent-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\n"
      "--b\nContent-Type: text/calendar; method=REQUEST\n\nx\n--b--\n");
  const auto parts = calendar_parts(m, {});
  REQUIRE(parts);
  CHECK(has(parts->at(0).defects, Code::BadTransferEncoding));
}
