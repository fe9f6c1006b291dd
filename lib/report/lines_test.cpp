// What strangers wrote must not pass for a line of ours.
#include "report/lines.hpp"

#include <catch2/catch.hpp>

#include "base/text.hpp"

namespace imip {

using report::safe;
using report::wrapped;

namespace {

std::vector<std::string> lines_of(const std::string& text)
{
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size(); at = text.find('\n', at) + 1)
    lines.push_back(text.substr(at, text.find('\n', at) - at));
  return lines;
}

}  // namespace

TEST_CASE("a value goes on below itself, never at the left edge")
{
  const std::string filler(66, 'x');
  const auto lines = lines_of(wrapped("  certificate", "CN=" + filler + "  verdict     trusted", 14, 80));
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] == "  certificate CN=" + filler.substr(0, 63));
  CHECK(lines[1] == std::string(14, ' ') + "xxx  verdict     trusted");
  for (const std::string& word : {std::string(1000, 'y'), std::string("\xE6\x97\xA5") + std::string(500, 'z')})
    for (const std::string& line : lines_of(wrapped("  uid", word, 14, 40)))
      CHECK((line.substr(0, 5) == "  uid" || line.substr(0, 14) == std::string(14, ' ')));
}

TEST_CASE("lines are as long as the terminal is wide, wide characters counted")
{
  std::string wide;
  for (int i = 0; i < 60; ++i) wide += "\xE6\x97\xA5";
  for (const std::size_t columns : {31U, 40U, 80U})
    for (const std::string& line : lines_of(wrapped("  where", wide, 14, columns)))
      CHECK(text::display_width(line) <= columns);
  CHECK(lines_of(wrapped("  where", wide, 14, 0)).size() == 1);
  CHECK(wrapped("  where", "here", 14, 5) == "  where       here\n");  // narrower than a value needs
}

TEST_CASE("a colour takes no room and is never cut")
{
  const std::string red = "\x1b[1;31muntrusted\x1b[0m";
  CHECK(wrapped("", "new/1234.a.eml: " + red, 4, 25) == "new/1234.a.eml: " + red + "\n");
  CHECK(wrapped("", "new/1234.a.eml: " + red, 4, 24) == "new/1234.a.eml:\n    " + red + "\n");
}

TEST_CASE("of a long value the beginning is shown, whole characters, and the rest counted")
{
  CHECK(safe(std::string(4000, 'a')) == std::string(4000, 'a'));
  CHECK(safe(std::string(60000, 'a')) == std::string(4000, 'a') + "... (56000 octets more)");
  const std::string cut = "\xE6\x97\xA5";
  CHECK(safe(std::string(3999, 'a') + cut) == std::string(3999, 'a') + "... (3 octets more)");
  CHECK(safe("a\x1b[2K") == "a\\x1B[2K");
}

}  // namespace imip
