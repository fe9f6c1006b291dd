#include "base/text.hpp"

#include <catch2/catch.hpp>

using namespace imip::text;

TEST_CASE("UTF-8 is checked strictly")
{
  CHECK(is_utf8(""));
  CHECK(
      is_utf8("Gr\xC3\xBC\xC3\x9F"
              "e"));
  CHECK(is_utf8("\xF0\x9F\x98\x80"));
  CHECK_FALSE(is_utf8("\xC3"));
  CHECK_FALSE(is_utf8("\xC0\xAF"));          // overlong
  CHECK_FALSE(is_utf8("\xED\xA0\x80"));      // surrogate
  CHECK_FALSE(is_utf8("\xF4\x90\x80\x80"));  // above U+10FFFF
  CHECK_FALSE(is_utf8("\xFC"));
}

TEST_CASE("case folding touches ASCII letters only")
{
  CHECK(ascii_lower("AZ\xC3\x84@[") == "az\xC3\x84@[");
  CHECK(ascii_upper("az\xC3\xA4`{") == "AZ\xC3\xA4`{");
  CHECK(ascii_iequal("ReQuest", "REQUEST"));
  CHECK_FALSE(ascii_iequal("REQUEST", "REQUESTS"));
  CHECK_FALSE(ascii_iequal("K", "\xE2\x84\xAA"));  // the Kelvin sign folds to k elsewhere
}

TEST_CASE("trim takes blanks and line ends from both ends")
{
  CHECK(trim(" \t\r\na b\n ") == "a b");
  CHECK(trim(" \n").empty());
  CHECK(trim("").empty());
}

TEST_CASE("controls and escape sequences become visible")
{
  CHECK(for_terminal("a\x1B[31mred\x07") == "a\\x1B[31mred\\x07");
  CHECK(for_terminal(std::string_view("a\0b\x7F", 4)) == "a\\x00b\\x7F");
  CHECK(for_terminal("a\rb\tc") == "a\\x0Db\\x09c");
  CHECK(for_terminal("\xC2\x9B"
                     "31m") == "\\u{009B}31m");
}

TEST_CASE("bidirectional and invisible characters become visible")
{
  CHECK(for_terminal("a\xE2\x80\xAE"
                     "b") == "a\\u{202E}b");
  CHECK(for_terminal("\xE2\x81\xA6x\xE2\x81\xA9") == "\\u{2066}x\\u{2069}");
  CHECK(for_terminal("zero\xE2\x80\x8Bwidth") == "zero\\u{200B}width");
  CHECK(for_terminal("\xEF\xBB\xBFtext") == "\\u{FEFF}text");
  CHECK(for_terminal("\xE2\x80\xA8\xE2\x80\xA9") == "\\u{2028}\\u{2029}");
  CHECK(for_terminal("\xE3\x85\xA4") == "\\u{3164}");
  CHECK(for_terminal("\xF3\xA0\x81\x81") == "\\u{E0041}");
}

TEST_CASE("invalid UTF-8 is shown octet by octet and swallows nothing")
{
  CHECK(for_terminal("a\xFF"
                     "b") == "a\\xFFb");
  CHECK(for_terminal("\xE2\x80") == "\\xE2\\x80");
  CHECK(for_terminal("\xE2\x1B[0m") == "\\xE2\\x1B[0m");
  CHECK(for_terminal("\xC0\xAF") == "\\xC0\\xAF");
}

TEST_CASE("ordinary text stays as it is")
{
  const std::string text =
      "Gr\xC3\xBC\xC3\x9F"
      "e \xE2\x98\x95 \xE6\x97\xA5\xE6\x9C\xAC \xF0\x9F\x98\x80";
  CHECK(for_terminal(text) == text);
}

TEST_CASE("a line stays one line")
{
  CHECK(for_terminal("a\nb") == "a\\nb");
  CHECK(for_terminal("a\r\nb") == "a\\x0D\\nb");
}

TEST_CASE("of blanks in a row one is shown, whatever their width")
{
  CHECK(for_terminal("Boss" + std::string(80, ' ') + "verdict" + std::string(5, ' ') + "trusted") ==
        "Boss verdict trusted");
  CHECK(for_terminal("a \xC2\xA0\xE3\x80\x80\xE2\x80\x83 b") == "a b");
  CHECK(for_terminal("a \xFF b c ") == "a \\xFF b c ");
}

TEST_CASE("shell words are quoted unless they are harmless")
{
  CHECK(shell_quote("alice@example.com") == "alice@example.com");
  CHECK(shell_quote("/a-b_c.d+e=f:1") == "/a-b_c.d+e=f:1");
  CHECK(shell_quote("") == "''");
  CHECK(shell_quote("a b") == "'a b'");
  CHECK(shell_quote("$(id)") == "'$(id)'");
  CHECK(shell_quote("it's") == "'it'\\''s'");
  CHECK(shell_quote("a\nb") == "'a\nb'");
  CHECK(shell_quote("~") == "'~'");
}

TEST_CASE("the width of shown text counts columns, not octets")
{
  CHECK(display_width("") == 0);
  CHECK(display_width("abc") == 3);
  CHECK(display_width("Pl\u00e4n") == 4);
  CHECK(display_width("\u5927\u5b57") == 4);
  CHECK(display_width(for_terminal("\x1b")) == 4);
}
