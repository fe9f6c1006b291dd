#include "ical/detail/occurrences.hpp"

#include <algorithm>

namespace imip::ical::detail {

using namespace std::chrono;

namespace {

/// Days looked at and times given, before a rule counts as too much work: some tenths of a second,
/// and enough to walk through all years that there are.
constexpr std::int64_t short_period_work = 20;  // what an hour, minute or second costs of it

template <std::size_t N>
std::vector<int> to_vector(const short (&list)[N])
{
  std::vector<int> out;
  for (std::size_t i = 0; i < N && list[i] != ICAL_RECURRENCE_ARRAY_MAX; ++i) {
    out.push_back(list[i]);
  }
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

bool holds(const std::vector<int>& list, int value)
{
  return std::find(list.begin(), list.end(), value) != list.end();
}

/// Is `value` of 1 to `total` in the list, from either end, or is there no list?
bool passes(const std::vector<int>& list, int value, int total)
{
  return list.empty() || holds(list, value) || holds(list, value - total - 1);
}

int day_number(year_month_day date)
{
  return static_cast<int>(static_cast<unsigned>(date.day()));
}
int month_number(year_month_day date)
{
  return static_cast<int>(static_cast<unsigned>(date.month()));
}
int days_in_month(year_month_day date)
{
  const year_month_day_last end{date.year(), month_day_last{date.month()}};
  return static_cast<int>(static_cast<unsigned>(end.day()));
}
int days_in_year(year y)
{
  return y.is_leap() ? 366 : 365;
}

/// The first day of week 1: the first week with at least four days in the year.
sys_days first_week(year y, weekday week_start)
{
  const sys_days fourth{y / January / 4};
  return fourth - (weekday{fourth} - week_start);
}

}  // namespace

Occurrences::Occurrences(const Rule& rule, UtcSeconds start, bool is_date, UtcSeconds not_before,
                         UtcSeconds not_after)
    : start_(start), end_(not_after)
{
  read_parts(rule.parts);
  fill_in(start, is_date);
  if (left_ < 0) jump_to(not_before);
}

void Occurrences::read_parts(const icalrecurrencetype& r)
{
  switch (r.freq) {
    case ICAL_SECONDLY_RECURRENCE:
      unit_ = Unit::Second;
      break;
    case ICAL_MINUTELY_RECURRENCE:
      unit_ = Unit::Minute;
      break;
    case ICAL_HOURLY_RECURRENCE:
      unit_ = Unit::Hour;
      break;
    case ICAL_WEEKLY_RECURRENCE:
      unit_ = Unit::Week;
      break;
    case ICAL_MONTHLY_RECURRENCE:
      unit_ = Unit::Month;
      break;
    case ICAL_YEARLY_RECURRENCE:
      unit_ = Unit::Year;
      break;
    default:
      unit_ = Unit::Day;
  }
  interval_ = std::max<std::int64_t>(1, r.interval);
  week_start_ = weekday{static_cast<unsigned>(r.week_start) - 1};
  left_ = r.count > 0 ? r.count : -1;
  months_ = to_vector(r.by_month);
  month_days_ = to_vector(r.by_month_day);
  year_days_ = to_vector(r.by_year_day);
  weeks_ = to_vector(r.by_week_no);
  positions_ = to_vector(r.by_set_pos);
  hours_ = to_vector(r.by_hour);
  minutes_ = to_vector(r.by_minute);
  seconds_ = to_vector(r.by_second);
  for (const int item : to_vector(r.by_day)) {
    const auto value = static_cast<short>(item);
    const auto day = static_cast<unsigned>(icalrecurrencetype_day_day_of_week(value)) - 1;
    // only months and years have an nth weekday
    const int nth = unit_ >= Unit::Month ? icalrecurrencetype_day_position(value) : 0;
    weekdays_.push_back(WeekdayNum{weekday{day}, nth});
  }
  nth_in_month_ = unit_ == Unit::Month || !months_.empty();
}

/// What the rule leaves open is as in DTSTART.
void Occurrences::fill_in(UtcSeconds start, bool is_date)
{
  const auto midnight = floor<days>(start);
  const year_month_day date{midnight};
  const bool any_day =
      !month_days_.empty() || !year_days_.empty() || !weeks_.empty() || !weekdays_.empty();
  if (!weeks_.empty() && weekdays_.empty() && month_days_.empty() && year_days_.empty()) {
    weekdays_.push_back(WeekdayNum{weekday{midnight}, 0});
  }
  if (unit_ == Unit::Week && weekdays_.empty()) {
    weekdays_.push_back(WeekdayNum{weekday{midnight}, 0});
  } else if (unit_ >= Unit::Month && !any_day) {
    month_days_ = {day_number(date)};
    if (unit_ == Unit::Year && months_.empty()) months_ = {month_number(date)};
  }
  const hh_mm_ss time{start - midnight};
  if (is_date) {
    hours_ = minutes_ = seconds_ = {0};
  } else {
    if (unit_ > Unit::Hour && hours_.empty()) hours_ = {static_cast<int>(time.hours().count())};
    if (unit_ > Unit::Minute && minutes_.empty()) {
      minutes_ = {static_cast<int>(time.minutes().count())};
    }
    if (unit_ > Unit::Second && seconds_.empty()) {
      seconds_ = {static_cast<int>(time.seconds().count())};
    }
  }
  switch (unit_) {
    case Unit::Second:
      base_ = start;
      break;
    case Unit::Minute:
      base_ = floor<minutes>(start);
      break;
    case Unit::Hour:
      base_ = floor<hours>(start);
      break;
    case Unit::Day:
      base_ = midnight;
      break;
    case Unit::Week:
      base_ = midnight - (weekday{midnight} - week_start_);
      break;
    case Unit::Month:
      base_ = sys_days{date.year() / date.month() / 1};
      break;
    case Unit::Year:
      base_ = sys_days{date.year() / January / 1};
      break;
  }
  if (unit_ < Unit::Day) return;
  for (const int h : hours_) {
    for (const int m : minutes_) {
      for (const int s : seconds_)
        times_.push_back(hours{h} + minutes{m} + seconds{std::min(s, 59)});
    }
  }
  times_.erase(std::unique(times_.begin(), times_.end()), times_.end());
}

std::optional<UtcSeconds> Occurrences::begin_of(std::int64_t period) const
{
  const year_month_day date{floor<days>(base_)};
  switch (unit_) {
    case Unit::Second:
      return base_ + seconds{period};
    case Unit::Minute:
      return base_ + minutes{period};
    case Unit::Hour:
      return base_ + hours{period};
    case Unit::Day:
      return base_ + days{period};
    case Unit::Week:
      return base_ + weeks{period};
    default:
      break;
  }
  const std::int64_t months_on = unit_ == Unit::Year ? period * 12 : period;
  if (months_on > 12 * 20'000) return {};  // std::chrono's years end at 32767
  return sys_days{date + months{months_on}};
}

/// Leaves periods out that end before it.
void Occurrences::jump_to(UtcSeconds not_before)
{
  if (not_before <= start_) return;
  const auto ahead = not_before - base_;
  std::int64_t periods = 0;
  switch (unit_) {
    case Unit::Second:
      periods = ahead / seconds{1};
      break;
    case Unit::Minute:
      periods = ahead / minutes{1};
      break;
    case Unit::Hour:
      periods = ahead / hours{1};
      break;
    case Unit::Day:
      periods = ahead / days{1};
      break;
    case Unit::Week:
      periods = ahead / weeks{1};
      break;
    case Unit::Month:
      periods = ahead / days{31};
      break;
    case Unit::Year:
      periods = ahead / days{366};
      break;
  }
  period_ = std::max<std::int64_t>(0, periods / interval_ - 1) * interval_;
}

bool Occurrences::allows_weekday(sys_days day) const
{
  if (weekdays_.empty()) return true;
  const year_month_day date{day};
  const int of_year = static_cast<int>((day - sys_days{date.year() / January / 1}).count()) + 1;
  const int place = nth_in_month_ ? day_number(date) : of_year;
  const int total = nth_in_month_ ? days_in_month(date) : days_in_year(date.year());
  return std::any_of(weekdays_.begin(), weekdays_.end(), [&](const WeekdayNum& w) {
    if (w.day != weekday{day}) return false;
    return w.nth == 0 || w.nth == (place - 1) / 7 + 1 || w.nth == -((total - place) / 7 + 1);
  });
}

bool Occurrences::allows(sys_days day) const
{
  const year_month_day date{day};
  if (!months_.empty() && !holds(months_, month_number(date))) return false;
  if (!passes(month_days_, day_number(date), days_in_month(date))) return false;
  if (!year_days_.empty()) {
    const int of_year = static_cast<int>((day - sys_days{date.year() / January / 1}).count()) + 1;
    if (!passes(year_days_, of_year, days_in_year(date.year()))) return false;
  }
  if (!allows_weekday(day)) return false;
  if (weeks_.empty()) return true;
  year y = date.year() + years{1};
  while (first_week(y, week_start_) > day) --y;
  const auto first = first_week(y, week_start_);
  const auto total = (first_week(y + years{1}, week_start_) - first) / weeks{1};
  return passes(weeks_, static_cast<int>((day - first) / weeks{1}) + 1, static_cast<int>(total));
}

void Occurrences::load_days(UtcSeconds begin)
{
  const auto first = floor<days>(begin);
  sys_days end = first + days{1};
  if (unit_ == Unit::Week) end = first + days{7};
  if (unit_ == Unit::Month) end = sys_days{year_month_day{first} + months{1}};
  if (unit_ == Unit::Year) end = sys_days{year_month_day{first} + years{1}};
  for (sys_days day = first; day < end; day += days{1}) {
    ++work_;
    if (allows(day)) days_.emplace_back(day);
  }
}

/// On to the first period that begins at `target` or later.
void Occurrences::skip_to(UtcSeconds begin, UtcSeconds target)
{
  const seconds unit = unit_ == Unit::Hour     ? seconds{3600}
                       : unit_ == Unit::Minute ? seconds{60}
                                               : seconds{1};
  const seconds step = unit * interval_;
  const std::int64_t steps = std::max<std::int64_t>(1, (target - begin + step - seconds{1}) / step);
  period_ += steps * interval_;
}

/// An hour, a minute or a second; false if the rule does not allow it.
bool Occurrences::load_short_period(UtcSeconds begin)
{
  ++work_;
  const auto day = floor<days>(begin);
  if (!allows(day)) return skip_to(begin, day + days{1}), false;
  work_ += short_period_work;
  const hh_mm_ss time{begin - day};
  if (!hours_.empty() && !holds(hours_, static_cast<int>(time.hours().count()))) {
    return skip_to(begin, floor<hours>(begin) + hours{1}), false;
  }
  const bool has_minute = unit_ < Unit::Hour;
  if (has_minute && !minutes_.empty() &&
      !holds(minutes_, static_cast<int>(time.minutes().count()))) {
    return skip_to(begin, floor<minutes>(begin) + minutes{1}), false;
  }
  period_ += interval_;
  if (unit_ == Unit::Second && !seconds_.empty() &&
      !holds(seconds_, static_cast<int>(time.seconds().count()))) {
    return false;
  }
  days_ = {begin};
  times_.clear();
  const std::vector<int> zero{0};
  for (const int m : has_minute ? zero : minutes_) {
    for (const int s : unit_ == Unit::Second ? zero : seconds_) {
      times_.push_back(minutes{m} + seconds{std::min(s, 59)});
    }
  }
  return true;
}

void Occurrences::pick_positions()
{
  picks_.clear();
  const auto total = static_cast<std::int64_t>(days_.size() * times_.size());
  for (const int position : positions_) {
    const std::int64_t index = position > 0 ? position - 1 : total + position;
    if (index >= 0 && index < total) picks_.push_back(static_cast<std::size_t>(index));
  }
  std::sort(picks_.begin(), picks_.end());
  picks_.erase(std::unique(picks_.begin(), picks_.end()), picks_.end());
}

/// The next period that has occurrences; false if there is none.
bool Occurrences::load_period()
{
  at_ = 0;
  days_.clear();
  while (days_.empty()) {
    const auto begin = begin_of(period_);
    if (!begin || *begin > end_) return false;
    if (work_ > max_work) {
      gave_up_ = true;
      return false;
    }
    if (unit_ < Unit::Day) {
      load_short_period(*begin);
    } else {
      period_ += interval_;
      load_days(*begin);
    }
  }
  if (!positions_.empty()) pick_positions();
  return true;
}

std::optional<UtcSeconds> Occurrences::next()
{
  while (!done_ && left_ != 0) {
    const std::size_t total = positions_.empty() ? days_.size() * times_.size() : picks_.size();
    if (at_ >= total) {
      if (!load_period()) done_ = true;
      continue;
    }
    const std::size_t index = positions_.empty() ? at_ : picks_[at_];
    ++at_;
    ++work_;
    const UtcSeconds t = days_[index / times_.size()] + times_[index % times_.size()];
    if (t < start_) continue;
    if (t > end_) break;
    if (left_ > 0) --left_;
    return t;
  }
  done_ = true;
  return {};
}

}  // namespace imip::ical::detail
