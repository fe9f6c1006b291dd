#include "report/lines.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"

namespace imip::report {

namespace {

constexpr std::size_t most_octets = 4000;  // of one value: two screens
constexpr std::size_t least_room = 16;     // columns for a value, however narrow the terminal

bool continues(char octet) { return (static_cast<unsigned char>(octet) & 0xC0U) == 0x80U; }

/// Behind the character, or the colour, that begins at `at`.
std::size_t next_of(std::string_view text, std::size_t at)
{
  if (text[at] == '\x1b') return std::min(text.find('m', at), text.size() - 1) + 1;
  std::size_t next = at + 1;
  while (next < text.size() && continues(text[next])) ++next;
  return next;
}

/// The first octets of `text` that fit into `room` columns, at least one character; cut behind a blank if there is one.
std::size_t fitting(std::string_view text, std::size_t room)
{
  std::size_t width = 0;
  std::size_t blank = 0;
  for (std::size_t end = 0; end < text.size();) {
    const std::size_t next = next_of(text, end);
    if (text[end] != '\x1b') width += text::display_width(text.substr(end, next - end));
    if (end > 0 && width > room) return blank > 0 ? blank : end;
    if (text[end] == ' ') blank = next;
    end = next;
  }
  return text.size();
}

}  // namespace

std::string safe(std::string_view untrusted)
{
  if (untrusted.size() <= most_octets) return text::for_terminal(untrusted);
  std::size_t end = most_octets;
  while (end > most_octets - 4 && continues(untrusted[end])) --end;
  return cat(text::for_terminal(untrusted.substr(0, end)), "... (", untrusted.size() - end, " octets more)");
}

std::string wrapped(std::string label, std::string_view value, std::size_t column, std::size_t columns)
{
  if (!label.empty()) label.resize(std::max(column, label.size() + 1), ' ');
  std::string out = std::move(label);
  if (columns == 0) return cat(out, value, '\n');
  for (std::size_t used = out.size();; used = column) {
    const std::size_t n = fitting(value, std::max(columns, used + least_room) - used);
    const std::string_view line = value.substr(0, n);
    out += cat(line.substr(0, line.find_last_not_of(' ') + 1), '\n');
    value.remove_prefix(n);
    if (value.empty()) return out;
    out.append(column, ' ');
  }
}

}  // namespace imip::report
