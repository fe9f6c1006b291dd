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
  constexpr std::string_view shape = "yyyymmddThhmmss";
  std::string out(shape.substr(0, is_date ? 8 : shape.size()));
  const auto put = [&](std::size_t at, std::size_t digits, unsigned value) {
    for (; digits > 0; value /= 10) out[at + --digits] = static_cast<char>('0' + value % 10);
  };
  put(0, 4, static_cast<unsigned>(static_cast<int>(date.year())));
  put(4, 2, static_cast<unsigned>(date.month()));
  put(6, 2, static_cast<unsigned>(date.day()));
  if (is_date) return out;
  put(9, 2, static_cast<unsigned>(time.hours().count()));
  put(11, 2, static_cast<unsigned>(time.minutes().count()));
  put(13, 2, static_cast<unsigned>(time.seconds().count()));
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
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; };
  Duration out;
  if (!s.empty() && (s[0] == '+' || s[0] == '-')) {
    out.negative = s[0] == '-';
    s.remove_prefix(1);
  }
  if (s.empty() || upper(s[0]) != 'P') return {};
  s.remove_prefix(1);
  bool in_time = false;
  bool any = false;
  char last = 'P';
  std::size_t next_unit = 0;  // the units come in falling order, each once
  while (!s.empty()) {
    if (upper(s[0]) == 'T' && !in_time) {
      out.loose = out.loose || (any && last == 'W');
      last = 'T';
      in_time = true;
      any = false;  // at least one unit follows
      s.remove_prefix(1);
      continue;
    }
    const std::size_t letter = s.find_first_not_of("0123456789");
    if (letter == std::string_view::npos) return {};
    const auto n = parse_number(s.substr(0, letter));
    while (next_unit < units.size() &&
           (units[next_unit].letter != upper(s[letter]) || units[next_unit].of_time != in_time)) {
      ++next_unit;
    }
    if (!n || next_unit == units.size()) return {};
    out.days += *n * units[next_unit].days;
    out.seconds += *n * units[next_unit].seconds;
    out.loose = out.loose || (any && last == 'W') || (last == 'H' && units[next_unit].letter == 'S');
    last = units[next_unit].letter;
    ++next_unit;
    any = true;
    s.remove_prefix(letter + 1);
  }
  if (!any) return {};
  return out;
}

}  // namespace imip::ical::detail
