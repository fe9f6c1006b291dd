// What would break or stall GMime is refused before it sees the octets.
#include <catch2/catch.hpp>

#include "mime/detail/test_mail.hpp"
#include "mime/message.hpp"

using namespace imip;
using namespace imip::mime;
using namespace imip::mime::test;

namespace {

std::string repeated(const std::string& s, std::size_t n)
{
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += s;
  return out;
}

bool too_large(const std::string& octets, const Limits& limits = {})
{
  const auto message = parse_message(octets, limits);
  return !message && message.error().code == Errc::TooLarge;
}

std::string nested(std::size_t levels)
{
  std::string out = "From: a@example.com\n";
  for (std::size_t i = 0; i < levels; ++i) {
    const std::string n = std::to_string(i);
    out += "Content-Type: multipart/mixed; boundary=n" + n + "x\n\n--n" + n + "x\n";
  }
  return out + "\ntext\n";
}

}  // namespace

TEST_CASE("address fields are counted over the message and those inside it")
{
  const std::string field = "To: " + repeated("a@example.com, ", 4'000) + "b@example.com\n";
  const auto level = [&](int fields) {
    return repeated(field, static_cast<std::size_t>(fields)) + "Content-Type: message/rfc822\n\n";
  };
  CHECK(parse_message(level(8) + level(9) + "Subject: x\n\ntext\n", {}));
  const auto over = parse_message(level(8) + level(10) + "Subject: x\n\ntext\n", {});
  REQUIRE_FALSE(over);
  CHECK(over.error().code == Errc::TooLarge);
  CHECK(over.error().what.find("address fields of more than 1048576 octets") != std::string::npos);
}

TEST_CASE("each limit is named with its key and its value")
{
  const auto says = [](const std::string& octets, const Limits& limits) {
    const auto message = parse_message(octets, limits);
    REQUIRE_FALSE(message);
    CHECK(message.error().code == Errc::TooLarge);
    return message.error().what;
  };
  const auto ends = [](const std::string& text, const std::string& end) {
    INFO(text);
    CHECK(text.find(end) != std::string::npos);
  };
  Limits limits;
  limits.message_bytes = 20;
  ends(says(repeated("x", 21), limits), "20 octets (limit message-bytes)");
  limits = {};
  limits.header_bytes = 30;
  ends(says(repeated("A: b\n", 9) + "\n", limits), "30 octets (limit header-bytes)");
  limits = {};
  limits.header_field_bytes = 30;
  ends(says("A: " + repeated("x", 30) + "\n\n", limits), "30 octets (limit header-field-bytes)");
  limits = {};
  limits.mime_depth = 3;
  ends(says(nested(3), limits), "3 deep (limit mime-depth)");
  limits = {};
  limits.mime_parts = 2;
  ends(says(nested(2), limits), "2 MIME parts (limit mime-parts)");
  const auto decoded = parsed("A: b\n\n0123456789").decoded(0, 4, "calendar-bytes");
  REQUIRE_FALSE(decoded);
  ends(decoded.error().what, "4 octets (limit calendar-bytes)");
}

TEST_CASE("a message above message_bytes is refused")
{
  Limits limits;
  limits.message_bytes = 20;
  CHECK(too_large("From: a\n\n12345678901", limits) == false);
  CHECK(too_large("From: a\n\n123456789012", limits));
}

TEST_CASE("a header field may have 64 KB, folded or not")
{
  CHECK_FALSE(too_large("Subject: " + std::string(65'000, 'x') + "\n\n"));
  CHECK(too_large("Subject: " + std::string(66'000, 'x') + "\n\n"));
  CHECK(too_large("Subject: x\n" + repeated(" yyyyyyyyyyyyyyy\n", 4'200) + "\n"));
  CHECK(too_large("Subject: x\nno field " + std::string(66'000, 'x') + "\n\n"));
  CHECK(too_large(multipart("multipart/mixed",
                            "--b\nContent-Type: " + std::string(66'000, 'x') + "\n\n--b--\n")));
}

TEST_CASE("a header block may have 1 MB")
{
  const std::string field = "X-A: " + std::string(994, 'x') + "\n";
  CHECK_FALSE(too_large(repeated(field, 1'000) + "\n"));
  CHECK(too_large(repeated(field, 1'100) + "\n"));
  CHECK(too_large(repeated(field, 1'100)));
}

TEST_CASE("a message may have 20,000 header fields")
{
  CHECK_FALSE(too_large(repeated("X: y\n", 19'000) + "\n"));
  CHECK(too_large(repeated("X: y\n", 21'000) + "\n"));
}

TEST_CASE("a message may have 50,000 parameters of types and dispositions")
{
  const auto parts = [](std::string_view field, std::size_t count) {
    const std::string one = "--b\n" + std::string(field) + repeated("; a=b", count / 50) + "\n\nx\n";
    return multipart("multipart/mixed", repeated(one, 50));
  };
  for (const std::string_view field : {"Content-Type: text/plain", "CONTENT-DISPOSITION: attachment"}) {
    CHECK_FALSE(too_large(parts(field, 49'900)));
    CHECK(too_large(parts(field, 50'100)));
  }
  CHECK_FALSE(too_large(parts("Subject: text", 50'100)));
}

TEST_CASE("parts may be nested 32 deep")
{
  CHECK_FALSE(too_large(nested(31)));
  CHECK(too_large(nested(32)));
  CHECK(too_large(nested(20'000)));
  CHECK(too_large("A: b\n" + repeated("Content-Type: message/rfc822\n\n", 40) + "x"));
  Limits limits;
  limits.mime_depth = 3;
  CHECK_FALSE(too_large(nested(2), limits));
  CHECK(too_large(nested(3), limits));
}

TEST_CASE("a message may have 1,000 parts")
{
  CHECK_FALSE(too_large(multipart("multipart/mixed", repeated("--b\n\nx\n", 999))));
  CHECK(too_large(multipart("multipart/mixed", repeated("--b\n\nx\n", 1'000))));
}

TEST_CASE("nested address groups are refused, wherever the header may be")
{
  const std::string groups = "To: " + repeated("g:", 30'000) + "\n\nx\n";
  CHECK(too_large("From: a@example.com\n" + groups));
  CHECK(too_large("From: a@example.com\nresent-cc : " + repeated("g:\n ", 10'000) + "\n\nx\n"));
  CHECK(too_large("A: b\nContent-Type: message/rfc822\n\n" + groups));
  // GMime may take the second type
  CHECK(too_large("A: b\nContent-Type: text/plain\nContent-Type: message/rfc822\n\n" + groups));
  CHECK_FALSE(too_large("To: a: b@example.com;, c: d@example.com;\n\nx\n"));
}

TEST_CASE("lines that look like delimiters times levels are bounded")
{
  CHECK(too_large(nested(31) + repeated("a boundary here\n", 1'000) + repeated("--\n", 250'000)));
  CHECK_FALSE(too_large("From: a@example.com\n\n" + repeated("--- a/b\n", 400'000)));
}

TEST_CASE("what can be read in two ways and is large is not read by GMime, and has a defect")
{
  const std::string mail =
      "A: b\nContent-Type: text/plain\nContent-Type: multipart/mixed; "
      "boundary=b\n\n--b\n\n" +
      repeated("text\n", 300'000) + "--b--\n";
  const Message m = parsed(mail);
  CHECK(has(m.nodes()[0].defects, Code::SpanDisagrees));
  CHECK(has(m.nodes()[0].defects, Code::AmbiguousHeader));
}

TEST_CASE("long comments, quotes and parameter lists are survived")
{
  for (const std::string& value :
       {repeated("(", 60'000), repeated("\"a", 30'000), repeated("<", 60'000),
        repeated("\\", 60'000), repeated("=?utf-8?q?=E2=80=AE?= ", 2'500),
        repeated("a@b,", 15'000)}) {
    CHECK(parse_message("From: a@example.com\nTo: " + value + "\nSubject: " + value +
                            "\nContent-Type: text/plain; a=" + value + "\n\nx\n",
                        {}));
  }
  CHECK(parse_message("Content-Type: text/plain" + repeated("; a=b", 10'000) + "\n\nx\n", {}));
}
