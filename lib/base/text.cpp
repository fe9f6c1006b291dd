#include "base/text.hpp"

#include <unictype.h>
#include <unistr.h>
#include <uniwidth.h>

#include <algorithm>
#include <cstdint>

namespace imip::text {

namespace {

constexpr std::string_view hex_digits = "0123456789ABCDEF";

const std::uint8_t* as_u8(std::string_view s)
{
  return reinterpret_cast<const std::uint8_t*>(s.data());
}

char lower(char c)
{
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
char upper(char c)
{
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

void append_octet_escape(std::string& out, unsigned char octet)
{
  out += "\\x";
  out += hex_digits[octet >> 4U];
  out += hex_digits[octet & 15U];
}

void append_code_point_escape(std::string& out, ucs4_t c)
{
  std::string digits;
  for (; c != 0 || digits.size() < 4; c >>= 4U) digits.insert(digits.begin(), hex_digits[c & 15U]);
  out += "\\u{" + digits + "}";
}

// Drawn as nothing (or as a blank of any width) although no control or format character: what
// could hide text or end a line in somebody's terminal.
bool is_invisible(ucs4_t c)
{
  return c == 0x115F || c == 0x1160 || c == 0x3164 || c == 0xFFA0 ||  // Hangul fillers
         c == 0x034F || c == 0x2800 ||      // grapheme joiner, empty braille
         (c >= 0xE0000 && c <= 0xE0FFF) ||  // tags
         (c >= 0x17B4 && c <= 0x17B5);
}

bool must_escape(ucs4_t c)
{
  if (c < 0x80) return c < 0x20 || c == 0x7F;  // nearly all text: a tenth of a verification otherwise
  static const uc_general_category_t bad = uc_general_category_or(
      uc_general_category_or(UC_CATEGORY_Cc, UC_CATEGORY_Cf),
      uc_general_category_or(
          uc_general_category_or(UC_CATEGORY_Zl, UC_CATEGORY_Zp),
          uc_general_category_or(UC_CATEGORY_Cs,
                                 uc_general_category_or(UC_CATEGORY_Co, UC_CATEGORY_Cn))));
  return uc_is_general_category(c, bad) || is_invisible(c);
}

bool is_blank(ucs4_t c) { return c < 0x80 ? c == ' ' : uc_is_general_category(c, UC_CATEGORY_Zs); }

void append_shown(std::string& out, std::string_view octets, ucs4_t c)
{
  if (c == '\n') {
    out += "\\n";
  } else if (c < 0x80 && must_escape(c)) {
    append_octet_escape(out, static_cast<unsigned char>(c));
  } else if (must_escape(c)) {
    append_code_point_escape(out, c);
  } else {
    out += octets;
  }
}

bool is_shell_safe(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("._+=@:/-").find(c) != std::string_view::npos;
}

}  // namespace

bool is_utf8(std::string_view s)
{
  return s.empty() || u8_check(as_u8(s), s.size()) == nullptr;
}

std::string ascii_lower(std::string_view s)
{
  std::string out(s);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

std::string ascii_upper(std::string_view s)
{
  std::string out(s);
  std::transform(out.begin(), out.end(), out.begin(), upper);
  return out;
}

bool ascii_iequal(std::string_view a, std::string_view b)
{
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view s)
{
  constexpr std::string_view blanks = " \t\r\n\v\f";
  const auto first = s.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return s.substr(first, s.find_last_not_of(blanks) - first + 1);
}

std::string for_terminal(std::string_view untrusted)
{
  std::string out;
  bool after_blank = false;
  out.reserve(untrusted.size());
  while (!untrusted.empty()) {
    ucs4_t c = 0;
    const int length = u8_mbtoucr(&c, as_u8(untrusted), untrusted.size());
    if (length <= 0) {  // invalid or cut off: octet by octet, so that nothing is swallowed
      append_octet_escape(out, static_cast<unsigned char>(untrusted.front()));
      untrusted.remove_prefix(1);
      after_blank = false;
      continue;
    }
    const auto size = static_cast<std::size_t>(length);
    const bool blank = is_blank(c);
    if (!blank || !after_blank) append_shown(out, untrusted.substr(0, size), c);
    after_blank = blank;
    untrusted.remove_prefix(size);
  }
  return out;
}

std::size_t display_width(std::string_view shown)
{
  return static_cast<std::size_t>(std::max(u8_width(as_u8(shown), shown.size(), "UTF-8"), 0));
}

std::string shell_quote(std::string_view word)
{
  if (!word.empty() && std::all_of(word.begin(), word.end(), is_shell_safe))
    return std::string(word);
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out + "'";
}

}  // namespace imip::text
