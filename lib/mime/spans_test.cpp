// Where parts begin and end (RFC 2046 section 5.1.1), in the shapes where libraries differ.
#include <catch2/catch.hpp>

#include "mime/detail/test_mail.hpp"
#include "mime/message.hpp"

using namespace imip;
using namespace imip::mime;
using namespace imip::mime::test;

namespace {

// The octets of all leaves, in order; no part may have a defect.
std::vector<std::string> leaves(const std::string& octets)
{
  const Message m = parsed(octets);
  std::vector<std::string> out;
  for (std::size_t i = 0; i < m.nodes().size(); ++i) {
    INFO("part " << m.nodes()[i].part);
    for (const Reason& reason : m.nodes()[i].defects) FAIL_CHECK(reason.text);
    if (m.nodes()[i].children.empty()) out.push_back(whole_of(m, i));
  }
  return out;
}

using Strings = std::vector<std::string>;

bool root_has(const std::string& octets, Code code)
{
  return has(parsed(octets).nodes().front().defects, code);
}

}  // namespace

TEST_CASE("the line end before a delimiter belongs to the delimiter")
{
  const std::string mail =
      multipart("multipart/mixed", "--b\nContent-Type: text/plain\n\nx\n\n--b\n\ny\n--b--\n");
  CHECK(leaves(mail) == Strings{"Content-Type: text/plain\n\nx\n", "\ny"});
  CHECK(leaves(crlf(mail)) == Strings{"Content-Type: text/plain\r\n\r\nx\r\n", "\r\ny"});
}

TEST_CASE("blanks after a delimiter are padding")
{
  const std::string mail = multipart("multipart/mixed", "--b \t\n\nx\n--b  \n\ny\n--b-- \n");
  CHECK(leaves(mail) == Strings{"\nx", "\ny"});
  CHECK(leaves(crlf(mail)) == Strings{"\r\nx", "\r\ny"});
}

TEST_CASE("preamble and epilogue are no parts")
{
  const std::string mail =
      multipart("multipart/mixed", "before\n--b\n\nx\n--b--\nafter\n\nFrom: q\n--c\n");
  CHECK(leaves(mail) == Strings{"\nx"});
  CHECK(leaves(crlf(mail)) == Strings{"\r\nx"});
}

TEST_CASE("a missing close ends the last part at the end of the multipart")
{
  CHECK(leaves(multipart("multipart/mixed", "--b\n\nx\n--b\n\ny\n")) == Strings{"\nx", "\ny\n"});
  CHECK(leaves(multipart("multipart/mixed", "--b\n\nx\n--b\n\ny")) == Strings{"\nx", "\ny"});
  const std::string nested = multipart(
      "multipart/mixed",
      "--b\nContent-Type: multipart/alternative; boundary=c\n\n--c\n\nx\n--b\n\ny\n--b--\n");
  CHECK(leaves(nested) == Strings{"\nx", "\ny"});
  CHECK(leaves(crlf(nested)) == Strings{"\r\nx", "\r\ny"});
}

TEST_CASE("a close without a line end is a close")
{
  const std::string mail = multipart("multipart/mixed", "--b\n\nx\n--b--");
  CHECK(leaves(mail) == Strings{"\nx"});
  CHECK(leaves(crlf(mail)) == Strings{"\r\nx"});
}

TEST_CASE("parts without a header, without a body, and without either line")
{
  CHECK(leaves(multipart("multipart/mixed", "--b\n\n--b\n\ny\n--b--\n")) == Strings{"", "\ny"});
  CHECK(leaves(multipart("multipart/mixed", "--b\nContent-Type: text/plain\n--b\n\ny\n--b--\n")) ==
        Strings{"Content-Type: text/plain", "\ny"});
}

TEST_CASE("line ends may be mixed: a delimiter line takes exactly the one before it")
{
  const std::string head = multipart("multipart/mixed", "");
  CHECK(leaves(head + "--b\r\n\r\nx\n--b\r\n\r\ny\r\n--b--\r\n") == Strings{"\r\nx", "\r\ny"});
  CHECK(leaves(head + "--b\n\nx\r\n--b\n\ny\r\n--b--\n") == Strings{"\nx", "\ny"});
  CHECK(leaves(head + "--b\n\nx\r\r\n--b--\n") == Strings{"\nx\r"});
}

TEST_CASE("a bare CR ends no line, and may hide no delimiter from those for whom it does")
{
  CHECK(leaves(multipart("multipart/mixed", "--b\n\nx\r--\ry\r-\n--b--\n")) == Strings{"\nx\r--\ry\r-"});
  for (const char* body : {"--b\n\nx\r--b\rz\r--b--\ry\n--b--\n", "\r--b\n\ny\n--b\n\nx\n--b--\n",
                           "--b\n\nx\n--b--\n\r--b\n\ny\n--b--\r"})
    CHECK(root_has(multipart("multipart/mixed", body), Code::SpanDisagrees));
}

TEST_CASE("a boundary that begins with another one is told apart")
{
  CHECK(leaves(
            multipart("multipart/mixed",
                      "--b\nContent-Type: multipart/alternative; boundary=bb\n\n--bb\n\nx\n--bb--\n"
                      "--b\n\ny\n--b--\n")) == Strings{"\nx", "\ny"});
  CHECK(
      leaves("A: b\nContent-Type: multipart/mixed; boundary=bb\n\n--bb\n"
             "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n--bb\n\ny\n--bb--\n") ==
      Strings{"\nx", "\ny"});
}

TEST_CASE("a line that only begins with a delimiter can be read in two ways")
{
  CHECK(root_has(multipart("multipart/mixed", "--b\n\nx\n--bogus\n\nz\n--b--\n"),
                 Code::SpanDisagrees));
  CHECK(
      root_has(multipart("multipart/mixed", "--b\n\nx\n--b--bogus\n--b--\n"), Code::SpanDisagrees));
}

TEST_CASE("delimiters after the close, and a close before any part, can be read in two ways")
{
  CHECK(root_has(multipart("multipart/mixed", "--b\n\nx\n--b--\n--b\n\ny\n--b--\n"),
                 Code::SpanDisagrees));
  CHECK(root_has(multipart("multipart/mixed", "--b--\n--b\n\ny\n--b--\n"), Code::SpanDisagrees));
}

TEST_CASE("a multipart inside another one of the same boundary can be read in two ways")
{
  CHECK(root_has(
      multipart("multipart/mixed",
                "--b\nContent-Type: multipart/alternative; boundary=b\n\n--b\n\nx\n--b--\n--b--\n"),
      Code::SpanDisagrees));
}

TEST_CASE("a multipart without boundary, or without any delimiter, has no parts and a defect")
{
  const std::string no_boundary = "A: b\nContent-Type: multipart/mixed\n\n--b\n\nx\n--b--\n";
  CHECK(root_has(no_boundary, Code::SpanDisagrees));
  CHECK(parsed(no_boundary).nodes().size() == 1);
  CHECK(root_has(multipart("multipart/mixed", "text\n"), Code::SpanDisagrees));
  CHECK(root_has("A: b\nContent-Type: multipart/mixed; boundary=\"\"\n\n--\n\nx\n----\n",
                 Code::SpanDisagrees));
}

TEST_CASE("where GMime sees other parts than the scan, the multipart has a defect")
{
  // two delimiter lines in a row: nothing between them, or a part whose header is the second one
  CHECK(root_has(multipart("multipart/mixed", "--b\n--b\n\ny\n--b--\n"), Code::SpanDisagrees));
}

TEST_CASE("an mbox line shifts no span")
{
  CHECK(leaves("From a Sat\n" + multipart("multipart/mixed", "--b\n\nx\n--b\n\ny\n--b--\n")) ==
        Strings{"\nx", "\ny"});
}

TEST_CASE("a message inside a message ends where its part ends")
{
  const std::string mail = multipart(
      "multipart/mixed", "--b\nContent-Type: message/rfc822\n\nFrom: c@example.com\n\nin\n--b--\n");
  const Message m = parsed(mail);
  REQUIRE(m.nodes().size() == 3);
  CHECK(whole_of(m, 2) == "From: c@example.com\n\nin");
  CHECK(body_of(m, 2) == "in");
  CHECK(body_of(m, 1) == whole_of(m, 2));
  CHECK(leaves(crlf(mail)) == Strings{"From: c@example.com\r\n\r\nin"});
}
