#include "base/reason.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace imip;

TEST_CASE("every reason code has one word, and every word leads back to it")
{
  std::set<std::string_view> seen;
  for (const auto word : all_code_words()) {
    INFO(word);
    CHECK(seen.insert(word).second);
    const auto code = code_from_word(word);
    REQUIRE(code);
    CHECK(code_word(*code) == word);
    CHECK(word.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string_view::npos);
  }
}

TEST_CASE("no word stands for no reason")
{
  CHECK(code_word(Code::None) == "none");
  CHECK_FALSE(code_from_word("none"));
  CHECK_FALSE(code_from_word(""));
  CHECK_FALSE(code_from_word("trusted"));
}
