#include "base/reason.hpp"

namespace imip {

std::string_view code_word(Code code)
{
  switch (code) {
    case Code::None:
      return "none";
#define IMIP_X(name, word) \
  case Code::name:         \
    return word;
      IMIP_REASONS(IMIP_X)
#undef IMIP_X
  }
  return "none";
}

const std::vector<std::string_view>& all_code_words()
{
  static const std::vector<std::string_view> words = {
#define IMIP_X(name, word) word,
      IMIP_REASONS(IMIP_X)
#undef IMIP_X
  };
  return words;
}

std::optional<Code> code_from_word(std::string_view word)
{
#define IMIP_X(name, code) \
  if (word == code) return Code::name;
  IMIP_REASONS(IMIP_X)
#undef IMIP_X
  return std::nullopt;
}

}  // namespace imip
