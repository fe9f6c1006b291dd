#include "ical/detail/occurrences.hpp"

#include <algorithm>

namespace imip::ical::detail {

using namespace std::chrono;

namespace {

constexpr std::int64_t max_steps = 150'000;  // of libical's inner loop: a tenth of a second or two

bool none(const short* list)
{
  return list[0] == ICAL_RECURRENCE_ARRAY_MAX;
}

/// Does the list hold `value`, or `value` counted from the end, where -1 is the last of `total`?
bool lists(const short* list, int value, int total)
{
  for (; *list != ICAL_RECURRENCE_ARRAY_MAX; ++list) {
    if (*list == value || (*list < 0 && *list + total + 1 == value)) return true;
  }
  return false;
}

bool weekday_allowed(const icalrecurrencetype& r, weekday day)
{
  if (none(r.by_day)) return true;
  for (const short* item = r.by_day; *item != ICAL_RECURRENCE_ARRAY_MAX; ++item) {
    if (static_cast<unsigned>(icalrecurrencetype_day_day_of_week(*item)) - 1 == day.c_encoding()) {
      return true;
    }
  }
  return false;
}

bool day_allowed(const icalrecurrencetype& r, sys_days day)
{
  const year_month_day date{day};
  const auto last_day = year_month_day_last{date.year(), month_day_last{date.month()}}.day();
  const int in_year = date.year().is_leap() ? 366 : 365;
  const int of_year = static_cast<int>((day - sys_days{date.year() / 1 / 1}).count()) + 1;
  return (none(r.by_month) || lists(r.by_month, static_cast<int>(unsigned{date.month()}), 0)) &&
         (none(r.by_month_day) || lists(r.by_month_day, static_cast<int>(unsigned{date.day()}),
                                        static_cast<int>(unsigned{last_day}))) &&
         (none(r.by_year_day) || lists(r.by_year_day, of_year, in_year)) &&
         weekday_allowed(r, weekday{day});
}

icaltimetype to_ical(UtcSeconds wall, bool is_date)
{
  const auto midnight = floor<days>(wall);
  const year_month_day date{midnight};
  const hh_mm_ss time{wall - midnight};
  icaltimetype t = icaltime_null_time();
  t.year = static_cast<int>(date.year());
  t.month = static_cast<int>(static_cast<unsigned>(date.month()));
  t.day = static_cast<int>(static_cast<unsigned>(date.day()));
  t.is_date = is_date ? 1 : 0;
  if (!is_date) {
    t.hour = static_cast<int>(time.hours().count());
    t.minute = static_cast<int>(time.minutes().count());
    t.second = static_cast<int>(time.seconds().count());
  }
  return t;
}

UtcSeconds from_ical(const icaltimetype& t)
{
  const auto date =
      year{t.year} / month{static_cast<unsigned>(t.month)} / day{static_cast<unsigned>(t.day)};
  return sys_days{date} + hours{t.hour} + minutes{t.minute} + seconds{t.second};
}

/// The length of one step of the rule where all steps are equally long.
std::optional<seconds> step_of(const icalrecurrencetype& r)
{
  switch (r.freq) {
    case ICAL_SECONDLY_RECURRENCE:
      return seconds{r.interval};
    case ICAL_MINUTELY_RECURRENCE:
      return minutes{r.interval};
    case ICAL_HOURLY_RECURRENCE:
      return hours{r.interval};
    case ICAL_DAILY_RECURRENCE:
      return days{r.interval};
    case ICAL_WEEKLY_RECURRENCE:
      return weeks{r.interval};
    default:
      return {};
  }
}

}  // namespace

bool can_match(const Rule& rule)
{
  const auto& r = rule.parts;
  if (none(r.by_month) && none(r.by_month_day) && none(r.by_year_day)) return true;
  const sys_days begin{year{2000} / 1 / 1};
  const sys_days end{year{2400} / 1 / 1};
  for (sys_days day = begin; day < end; day += days{1}) {
    if (day_allowed(r, day)) return true;
  }
  return false;
}

Result<Occurrences> Occurrences::open(const Rule& rule, UtcSeconds start, bool is_date,
                                      UtcSeconds not_before, UtcSeconds not_after)
{
  Occurrences out;
  out.is_date_ = is_date;
  out.left_ = rule.parts.count > 0 ? rule.parts.count : -1;
  out.end_ = not_after;
  if (not_after < start || !can_match(rule)) return out;
  icalrecurrencetype parts = rule.parts;
  if (const auto step = step_of(parts)) {
    if (parts.count == 0 && not_before > start) {
      const auto jumps = (not_before - start) / *step - 1;
      if (jumps > 0) start += jumps * *step;
    }
    const UtcSeconds cap = start + max_steps * *step;
    if (cap < out.end_) {
      out.capped_ = true;
      out.end_ = cap;
    }
  }
  parts.until = to_ical(out.end_, is_date);
  out.iterator_.reset(icalrecur_iterator_new(parts, to_ical(start, is_date)));
  if (!out.iterator_) {
    return err(Errc::BadValue, "this combination of rule parts is not supported");
  }
  return out;
}

std::optional<UtcSeconds> Occurrences::next()
{
  if (!iterator_ || left_ == 0) return {};
  const icaltimetype t = icalrecur_iterator_next(iterator_.get());
  if (icaltime_is_null_time(t)) {
    gave_up_ = capped_;
    iterator_.reset();
    return {};
  }
  if (left_ > 0) --left_;
  return from_ical(t);
}

}  // namespace imip::ical::detail
