#include "base/clock.hpp"

#include <array>
#include <charconv>

#include "base/cat.hpp"

namespace imip {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

struct Civil {
  int year;
  unsigned month, day, weekday;
  long hour, minute, second;
};

Civil civil_of(UtcSeconds t)
{
  const auto day = floor<days>(t);
  const std::chrono::year_month_day ymd{day};
  const std::chrono::hh_mm_ss<seconds> hms{t - day};
  return {int{ymd.year()},
          unsigned{ymd.month()},
          unsigned{ymd.day()},
          std::chrono::weekday{day}.c_encoding(),
          hms.hours().count(),
          hms.minutes().count(),
          hms.seconds().count()};
}

std::string padded(long long n, int width)
{
  std::string digits = std::to_string(n);
  if (static_cast<int>(digits.size()) < width)
    digits.insert(0, static_cast<std::size_t>(width) - digits.size(), '0');
  return digits;
}

// Reads exactly `n` digits at the front of `s` and drops them.
bool take_digits(std::string_view& s, std::size_t n, int& out)
{
  if (s.size() < n) return false;
  const auto [end, ec] = std::from_chars(s.data(), s.data() + n, out);
  if (ec != std::errc{} || end != s.data() + n || s.front() == '-') return false;
  s.remove_prefix(n);
  return true;
}

bool take(std::string_view& s, char c)
{
  if (s.empty() || s.front() != c) return false;
  s.remove_prefix(1);
  return true;
}

bool take_offset(std::string_view& s, seconds& offset)
{
  if (take(s, 'Z') || take(s, 'z')) return true;
  const bool negative = !s.empty() && s.front() == '-';
  int h = 0;
  int m = 0;
  if (!take(s, '+') && !take(s, '-')) return false;
  if (!take_digits(s, 2, h) || !take(s, ':') || !take_digits(s, 2, m) || h > 23 || m > 59)
    return false;
  offset = hours{h} + minutes{m};
  if (negative) offset = -offset;
  return true;
}

tl::unexpected<Error> bad_instant(std::string_view text)
{
  return err(Errc::BadValue, cat("'", text, "' is not a time"),
             "write 2027-01-04T10:00:00Z, with an offset such as +01:00, or 20270104T100000Z");
}

}  // namespace

UtcSeconds system_now() { return floor<seconds>(std::chrono::system_clock::now()); }

std::string to_rfc3339(UtcSeconds t)
{
  const Civil c = civil_of(t);
  return cat(padded(c.year, 4), '-', padded(c.month, 2), '-', padded(c.day, 2), 'T',
             padded(c.hour, 2), ':', padded(c.minute, 2), ':', padded(c.second, 2), 'Z');
}

std::string to_ical_utc(UtcSeconds t)
{
  const Civil c = civil_of(t);
  return cat(padded(c.year, 4), padded(c.month, 2), padded(c.day, 2), 'T', padded(c.hour, 2),
             padded(c.minute, 2), padded(c.second, 2), 'Z');
}

std::string to_rfc5322(UtcSeconds t)
{
  static constexpr std::array<std::string_view, 7> weekdays = {"Sun", "Mon", "Tue", "Wed",
                                                               "Thu", "Fri", "Sat"};
  static constexpr std::array<std::string_view, 12> months = {
      "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const Civil c = civil_of(t);
  return cat(weekdays[c.weekday], ", ", padded(c.day, 2), ' ', months[c.month - 1], ' ',
             padded(c.year, 4), ' ', padded(c.hour, 2), ':', padded(c.minute, 2), ':',
             padded(c.second, 2), " +0000");
}

Result<UtcSeconds> parse_instant(std::string_view text)
{
  std::string_view s = text;
  if (take(s, '@')) {
    long long n = 0;
    const auto [end, ec] = std::from_chars(s.data(), s.data() + s.size(), n);
    if (ec != std::errc{} || end != s.data() + s.size() || s.empty() || n > 253402300799LL ||
        n < -62135596800LL)
      return bad_instant(text);
    return UtcSeconds{seconds{n}};
  }
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  seconds offset{0};
  if (!take_digits(s, 4, year)) return bad_instant(text);
  const bool extended = take(s, '-');
  const auto separated = [&](char c) { return !extended || take(s, c); };
  if (!take_digits(s, 2, month) || !separated('-') || !take_digits(s, 2, day) ||
      !(take(s, 'T') || take(s, 't')) || !take_digits(s, 2, hour) || !separated(':') ||
      !take_digits(s, 2, minute) || !separated(':') || !take_digits(s, 2, second))
    return bad_instant(text);
  if (extended && take(s, '.')) {
    while (!s.empty() && s.front() >= '0' && s.front() <= '9') s.remove_prefix(1);
  }
  if (!take_offset(s, offset) || !s.empty()) return bad_instant(text);
  const std::chrono::year_month_day ymd{std::chrono::year{year},
                                        std::chrono::month{static_cast<unsigned>(month)},
                                        std::chrono::day{static_cast<unsigned>(day)}};
  if (!ymd.ok() || hour > 23 || minute > 59 || second > 60) return bad_instant(text);
  return UtcSeconds{std::chrono::sys_days{ymd}} + hours{hour} + minutes{minute} +
         seconds{second == 60 ? 59 : second} - offset;
}

}  // namespace imip
