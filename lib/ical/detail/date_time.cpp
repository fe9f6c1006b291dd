#include "ical/detail/date_time.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace imip::ical::detail {

using namespace std::chrono;

std::optional<int> parse_number(std::string_view digits)
{
  if (digits.empty() || digits.size() > 9) return {};
  if (!std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; })) {
    return {};
  }
  int n = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), n);
  return n;
}

std::optional<DateTime> parse_date_time(std::string_view s)
{
  if (s.size() != 8 && s.size() != 15 && s.size() != 16) return {};
  const auto y = parse_number(s.substr(0, 4));
  const auto m = parse_number(s.substr(4, 2));
  const auto d = parse_number(s.substr(6, 2));
  if (!y || !m || !d) return {};
  const year_month_day date{year{*y}, month{static_cast<unsigned>(*m)},
                            day{static_cast<unsigned>(*d)}};
  if (!date.ok()) return {};
  DateTime out;
  out.wall = sys_days{date};
  out.is_date = s.size() == 8;
  if (out.is_date) return out;
  const auto h = parse_number(s.substr(9, 2));
  const auto min = parse_number(s.substr(11, 2));
  const auto sec = parse_number(s.substr(13, 2));
  if (s[8] != 'T' || !h || !min || !sec || *h > 23 || *min > 59 || *sec > 60) return {};
  if (s.size() == 16 && s[15] != 'Z') return {};
  out.is_utc = s.size() == 16;
  out.wall += hours{*h} + minutes{*min} + seconds{std::min(*sec, 59)};
  return out;
}

bool in_range(UtcSeconds wall)
{
  return wall >= sys_days{year{0} / 1 / 1} && wall < sys_days{year{10000} / 1 / 1};
}

std::string format_wall(UtcSeconds wall, bool is_date)
{
  const auto midnight = floor<days>(wall);
  const year_month_day date{midnight};
  const hh_mm_ss time{wall - midnight};
  const auto put = [](std::string& out, int value, int width) {
    const std::string digits = std::to_string(value);
    out.append(static_cast<std::size_t>(std::max(0, width - static_cast<int>(digits.size()))), '0');
    out += digits;
  };
  std::string out;
  put(out, static_cast<int>(date.year()), 4);
  put(out, static_cast<int>(static_cast<unsigned>(date.month())), 2);
  put(out, static_cast<int>(static_cast<unsigned>(date.day())), 2);
  if (is_date) return out;
  out += 'T';
  put(out, static_cast<int>(time.hours().count()), 2);
  put(out, static_cast<int>(time.minutes().count()), 2);
  put(out, static_cast<int>(time.seconds().count()), 2);
  return out;
}

namespace {

struct Unit {
  char letter;
  bool of_time;
  std::int64_t days, seconds;
};
constexpr std::array<Unit, 5> units{{{'W', false, 7, 0},
                                     {'D', false, 1, 0},
                                     {'H', true, 0, 3600},
                                     {'M', true, 0, 60},
                                     {'S', true, 0, 1}}};

}  // namespace

std::optional<Duration> parse_duration(std::string_view s)
{
  Duration out;
  if (!s.empty() && (s[0] == '+' || s[0] == '-')) {
    out.negative = s[0] == '-';
    s.remove_prefix(1);
  }
  if (s.empty() || s[0] != 'P') return {};
  s.remove_prefix(1);
  bool in_time = false;
  bool any = false;
  std::size_t next_unit = 0;  // the units come in falling order, each once
  while (!s.empty()) {
    if (s[0] == 'T' && !in_time) {
      in_time = true;
      any = false;  // at least one unit follows
      s.remove_prefix(1);
      continue;
    }
    const std::size_t letter = s.find_first_not_of("0123456789");
    if (letter == std::string_view::npos) return {};
    const auto n = parse_number(s.substr(0, letter));
    while (next_unit < units.size() &&
           (units[next_unit].letter != s[letter] || units[next_unit].of_time != in_time)) {
      ++next_unit;
    }
    if (!n || next_unit == units.size()) return {};
    out.days += *n * units[next_unit].days;
    out.seconds += *n * units[next_unit].seconds;
    ++next_unit;
    any = true;
    s.remove_prefix(letter + 1);
  }
  if (!any) return {};
  return out;
}

}  // namespace imip::ical::detail
