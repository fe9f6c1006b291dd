#include "ical/detail/rrule.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/cat.hpp"
#include "base/text.hpp"

namespace imip::ical::detail {

namespace {

struct NumberList {
  std::string_view part;
  int low, high;
  bool may_be_negative;
};
constexpr std::array<NumberList, 8> number_lists{{{"BYSECOND", 0, 60, false},
                                                  {"BYMINUTE", 0, 59, false},
                                                  {"BYHOUR", 0, 23, false},
                                                  {"BYMONTHDAY", 1, 31, true},
                                                  {"BYYEARDAY", 1, 366, true},
                                                  {"BYWEEKNO", 1, 53, true},
                                                  {"BYMONTH", 1, 12, false},
                                                  {"BYSETPOS", 1, 366, true}}};
constexpr std::array<std::string_view, 7> weekdays{"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
/// RFC 5545 has no largest COUNT and INTERVAL; beyond these nobody repeats anything.
struct Largest {
  std::string_view part;
  int value;
};
constexpr std::array<Largest, 2> largest_numbers{
    {{"COUNT", 999'999'999}, {"INTERVAL", 32'767}}};  // libical keeps a short

bool is_number_in(std::string_view s, int low, int high, bool may_be_negative)
{
  if (!s.empty() && (s[0] == '+' || (s[0] == '-' && may_be_negative))) s.remove_prefix(1);
  const auto n = parse_number(s);
  return n && *n >= low && *n <= high;
}

bool is_weekday(std::string_view s)
{
  return std::find(weekdays.begin(), weekdays.end(), s) != weekdays.end();
}

bool is_weekday_num(std::string_view s)
{
  if (s.size() < 2) return false;
  const auto ordinal = s.substr(0, s.size() - 2);
  return is_weekday(s.substr(s.size() - 2)) &&
         (ordinal.empty() || is_number_in(ordinal, 1, 53, true));
}

template <typename Check>
bool all_items(std::string_view list, Check check)
{
  while (true) {
    const auto comma = list.find(',');
    if (!check(list.substr(0, comma))) return false;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

bool part_is_valid(std::string_view name, std::string_view value)
{
  for (const NumberList& list : number_lists) {
    if (name != list.part) continue;
    return all_items(value, [&](std::string_view item) {
      return is_number_in(item, list.low, list.high, list.may_be_negative);
    });
  }
  if (name == "BYDAY") return all_items(value, is_weekday_num);
  if (name == "WKST") return is_weekday(value);
  for (const Largest& largest : largest_numbers)
    if (name == largest.part) return is_number_in(value, 1, largest.value, false);
  if (name == "UNTIL") return parse_date_time(value).has_value();
  return name == "FREQ";  // whose value libical judges
}

std::string why_not_valid(std::string_view name, std::string_view value, std::string_view part)
{
  const auto largest = std::find_if(largest_numbers.begin(), largest_numbers.end(),
                                    [&](const Largest& l) { return l.part == name; });
  const bool number = value.find_first_not_of("0123456789") == std::string_view::npos &&
                      value.find_first_not_of('0') != std::string_view::npos;
  if (largest == largest_numbers.end() || !number)
    return cat("\"", part.substr(0, 100), "\" is not valid");
  return cat("more than ", largest->value, " is not supported as ", name);
}

Result<Rule> read_rule(std::string_view text)
{
  const auto bad = [&](std::string_view why) {
    return err(Errc::BadValue, cat("RRULE \"", text.substr(0, 100), "\": ", why));
  };
  Rule rule;
  std::set<std::string, std::less<>> seen;
  std::string for_libical;
  std::string rest = text::ascii_upper(text);
  std::erase(rest, ' ');  // Outlook writes "BYDAY=MO, FR"
  std::string_view left = rest;
  if (left.ends_with(';')) left.remove_suffix(1);
  while (!left.empty()) {
    const auto semicolon = left.find(';');
    const auto part = left.substr(0, semicolon);
    left.remove_prefix(semicolon == std::string_view::npos ? left.size() : semicolon + 1);
    const auto equals = part.find('=');
    if (equals == std::string_view::npos)
      return bad(cat("\"", part.substr(0, 100), "\" is no rule part"));
    const auto name = part.substr(0, equals);
    const auto value = part.substr(equals + 1);
    if (!seen.emplace(name).second) return bad(cat(name.substr(0, 100), " is there twice"));
    if (!part_is_valid(name, value)) return bad(why_not_valid(name, value, part));
    if (name == "UNTIL") {
      rule.until = parse_date_time(value);
    } else {
      for_libical += cat(for_libical.empty() ? "" : ";", part);
    }
  }
  if (seen.count("COUNT") && rule.until) return bad("COUNT and UNTIL exclude each other");
  if (!seen.count("FREQ")) return bad("no FREQ");
  rule.parts = icalrecurrencetype_from_string(for_libical.c_str());
  if (rule.parts.freq == ICAL_NO_RECURRENCE) return bad("it does not parse");
  return rule;
}

}  // namespace

// A calendar's rules are read when it is parsed, checked and expanded, and message after message has
// those of the same zones.
Result<Rule> parse_rule(std::string_view text)
{
  static thread_local std::vector<std::pair<std::string, Rule>> known;
  constexpr std::size_t most = 8;  // some 3 KB each
  constexpr std::size_t longest = 200;
  for (const auto& [words, rule] : known)
    if (words == text) return rule;
  IMIP_TRY(const Rule rule, read_rule(text));
  if (text.size() > longest) return rule;
  if (known.size() >= most) known.clear();
  known.emplace_back(text, rule);
  return rule;
}

}  // namespace imip::ical::detail
