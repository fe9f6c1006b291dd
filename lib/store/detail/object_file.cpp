#include "store/detail/object_file.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "ical/object.hpp"
#include "itip/message.hpp"

namespace imip::store {
namespace {

/// Content lines with folding undone (RFC 5545 section 3.1); LF and CRLF.
std::string unfolded(std::string_view octets)
{
  std::string out;
  out.reserve(octets.size());
  while (!octets.empty()) {
    const std::size_t end = octets.find('\n');
    std::string_view line = octets.substr(0, end);
    octets.remove_prefix(end == std::string_view::npos ? octets.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    out += line;
    const bool folded = octets.starts_with(' ') || octets.starts_with('\t');
    if (folded)
      octets.remove_prefix(1);
    else
      out += '\n';
  }
  return out;
}

/// The value of a UID line; empty if the line is another property's.
std::string_view uid_value(std::string_view line)
{
  constexpr std::string_view name = "UID";
  if (line.size() <= name.size() || !text::ascii_iequal(line.substr(0, name.size()), name))
    return {};
  line.remove_prefix(name.size());
  if (line.front() != ':' && line.front() != ';') return {};
  bool quoted = false;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '"') quoted = !quoted;
    if (line[at] == ':' && !quoted) return line.substr(at + 1);
  }
  return {};
}

bool is_safe_name(std::string_view uid)
{
  constexpr std::size_t longest = 100;  // octets; leaves room for what other programs append
  constexpr std::string_view letters =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-+";
  return !uid.empty() && uid.size() <= longest && uid.front() != '.' && uid.front() != '-' &&
         uid.find_first_not_of(letters) == std::string_view::npos;
}

}  // namespace

std::string hint_key(std::string_view uid)
{
  return itip::canonical_uid(std::string(text::trim(uid)));
}

UidHints uid_hints(std::string_view octets)
{
  UidHints hints;
  const std::string lines = unfolded(octets);
  std::string_view rest = lines;
  std::string_view last;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(line.size() + 1);
    if (!text::trim(line).empty()) last = text::trim(line);
    const std::string_view value = uid_value(line);
    if (value.empty()) continue;
    const ical::Property property{"UID", {}, std::string(value)};
    hints.uids.push_back(hint_key(property.text()));
  }
  hints.whole = text::ascii_iequal(last, "END:VCALENDAR");
  std::ranges::sort(hints.uids);
  hints.uids.erase(std::unique(hints.uids.begin(), hints.uids.end()), hints.uids.end());
  return hints;
}

std::vector<std::string> names_for(std::string_view uid)
{
  std::vector<std::string> names;
  if (is_safe_name(uid)) names.push_back(cat(uid, ".ics"));
  constexpr std::size_t digits = 40;
  names.push_back(cat(sha256_hex(uid).substr(0, digits), ".ics"));
  return names;
}

}  // namespace imip::store
