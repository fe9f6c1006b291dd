#include "ical/detail/zone_rules.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "ical/detail/date_time.hpp"
#include "ical/detail/occurrences.hpp"
#include "ical/detail/rrule.hpp"

namespace imip::ical::detail {

using namespace std::chrono;

namespace {

constexpr std::size_t max_observances = 1000;
constexpr std::size_t max_onsets = 5000;  // of one VTIMEZONE, where they have to be listed
constexpr year last_listed_year{2200};

year year_of(UtcSeconds t)
{
  return year_month_day{floor<days>(t)}.year();
}

/// The yearly day of an RRULE in one of the forms that zone definitions use, or nothing.
std::optional<YearDay> yearly_day(const Rule& rule, UtcSeconds start)
{
  const auto& r = rule.parts;
  const auto none = [](const short* list) { return list[0] == ICAL_RECURRENCE_ARRAY_MAX; };
  const auto one = [&](const short* list) {
    return !none(list) && list[1] == ICAL_RECURRENCE_ARRAY_MAX;
  };
  if (r.freq != ICAL_YEARLY_RECURRENCE || r.interval != 1 || r.count != 0 || !none(r.by_hour) ||
      !none(r.by_minute) || !none(r.by_second) || !none(r.by_year_day) || !none(r.by_week_no) ||
      !none(r.by_set_pos) || (!none(r.by_month) && !one(r.by_month)) ||
      (!none(r.by_day) && !one(r.by_day))) {
    return {};
  }
  const year_month_day date{floor<days>(start)};
  YearDay out;
  out.month =
      none(r.by_month) ? static_cast<unsigned>(date.month()) : static_cast<unsigned>(r.by_month[0]);
  if (!none(r.by_day)) {
    if (none(r.by_month)) return {};  // the nth weekday of the year
    out.weekday = static_cast<unsigned>(icalrecurrencetype_day_day_of_week(r.by_day[0])) - 1;
    out.nth = icalrecurrencetype_day_position(r.by_day[0]);
    if (out.nth < -1 || out.nth > 5) return {};
    if (out.nth != 0) return none(r.by_month_day) ? std::optional(out) : std::nullopt;
    if (none(r.by_month_day)) return {};
  }
  for (std::size_t i = 0; i < 8 && r.by_month_day[i] != ICAL_RECURRENCE_ARRAY_MAX; ++i) {
    if (r.by_month_day[i] < 1 || i == 7) return {};
    out.days.push_back(static_cast<unsigned>(r.by_month_day[i]));
  }
  if (!out.weekday && out.days.size() > 1) return {};
  if (out.days.empty()) out.days.push_back(static_cast<unsigned>(date.day()));
  return out;
}

std::optional<UtcSeconds> until_of(const Rule& rule, Offset from)
{
  if (!rule.until) return {};
  if (rule.until->is_date) return rule.until->wall + days{1} - seconds{1} - from;
  return rule.until->is_utc ? rule.until->wall : rule.until->wall - from;
}

}  // namespace

std::optional<sys_days> YearDay::in(year y) const
{
  if (month == 0) {
    int n = day_of_year;
    if (without_leap_day && y.is_leap() && n >= 59) ++n;
    return sys_days{y / January / 1} + std::chrono::days{n};
  }
  const auto m = y / std::chrono::month{month};
  if (nth != 0) {
    if (nth < 0) return sys_days{m / std::chrono::weekday{*weekday}[last]};
    const auto found = m / std::chrono::weekday{*weekday}[static_cast<unsigned>(nth)];
    return found.ok() ? std::optional(sys_days{found}) : std::nullopt;
  }
  for (const unsigned d : days) {
    const auto date = m / std::chrono::day{d};
    if (date.ok() &&
        (!weekday || std::chrono::weekday{sys_days{date}} == std::chrono::weekday{*weekday})) {
      return sys_days{date};
    }
  }
  return {};
}

std::optional<UtcSeconds> YearlyOnset::in(year y) const
{
  const auto date = day.in(y);
  if (!date) return {};
  const UtcSeconds at = UtcSeconds{*date} + time - from;
  if (at < first || at > until) return {};
  return at;
}

Offset ZoneRules::offset_at(UtcSeconds t) const
{
  UtcSeconds best = UtcSeconds::min();
  Offset offset = initial_.to;
  const auto after =
      std::upper_bound(onsets_.begin(), onsets_.end(), t,
                       [](UtcSeconds value, const Onset& onset) { return value < onset.at; });
  if (after != onsets_.begin()) {
    best = std::prev(after)->at;
    offset = std::prev(after)->to;
  }
  for (const YearlyOnset& rule : yearly_) {
    if (t < rule.first) continue;
    // two years back: 29 February, or the fifth Sunday, is not in every year. What comes in a year may come some
    // days before it (POSIX: 167 hours before midnight, and then there is the offset).
    const year from = year_of(std::min(t, rule.until) + days{9});
    for (int back = 0; back < 10; ++back) {
      const auto at = rule.in(from - years{back});
      if (!at || *at > t) continue;
      if (*at > best) {
        best = *at;
        offset = rule.to;
      }
      break;
    }
  }
  return offset;
}

std::vector<OffsetChange> ZoneRules::offsets(UtcSeconds from, UtcSeconds to) const
{
  std::vector<OffsetChange> all;
  // as in offset_at(): of several at one time the last that is listed, else the first that is
  // yearly
  for (auto onset = onsets_.rbegin(); onset != onsets_.rend(); ++onset)
    if (onset->at > from && onset->at < to) all.push_back({onset->at, onset->to});
  const year last = year_of(to) + years{1};
  for (const YearlyOnset& rule : yearly_) {
    for (year y = year_of(from) - years{1}; y <= last; ++y) {
      const auto at = rule.in(y);
      if (at && *at > from && *at < to) all.push_back({*at, rule.to});
    }
  }
  std::stable_sort(all.begin(), all.end(),
                   [](const OffsetChange& a, const OffsetChange& b) { return a.at < b.at; });
  std::vector<OffsetChange> out{{from, offset_at(from)}};
  UtcSeconds settled = from;
  for (const OffsetChange& change : all) {
    if (change.at == settled) continue;
    settled = change.at;
    if (change.offset != out.back().offset) out.push_back(change);
  }
  return out;
}

UtcSeconds ZoneRules::instant_of(UtcSeconds wall) const
{
  const Offset before = offset_at(wall - days{1});
  const Offset after = offset_at(wall + days{1});
  if (before == after || offset_at(wall - before) == before) return wall - before;
  if (offset_at(wall - after) == after) return wall - after;
  return wall - before;
}

bool ZoneRules::exists(UtcSeconds wall) const
{
  const UtcSeconds t = instant_of(wall);
  return t + offset_at(t) == wall;
}

Result<void> ZoneRules::add_observance(const Component& observance)
{
  const std::string* start = observance.value("DTSTART");
  const std::string* to = observance.value("TZOFFSETTO");
  const std::string* from = observance.value("TZOFFSETFROM");
  const auto start_time = start ? parse_date_time(*start) : std::nullopt;
  Onset onset;
  const auto to_offset = to ? parse_offset(*to) : std::nullopt;
  // Outlook for Mac leaves TZOFFSETFROM out where the clocks never change
  const auto from_offset = from ? parse_offset(*from) : to_offset;
  if (!start_time || start_time->is_date || !to_offset || !from_offset) {
    return err(Errc::BadValue, "an observance lacks DTSTART, TZOFFSETFROM or TZOFFSETTO");
  }
  onset.from = *from_offset;
  onset.to = *to_offset;
  onset.at = start_time->wall - (start_time->is_utc ? Offset{0} : onset.from);
  onset.daylight = observance.name == "DAYLIGHT";
  onset.name = observance.text("TZNAME");
  onsets_.push_back(onset);
  for (const Property* rdate : observance.all("RDATE")) {
    std::string_view rest = rdate->value;
    while (!rest.empty() && onsets_.size() <= max_onsets) {
      const auto item = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(rest.size(), item.size() + 1));
      const auto t = parse_date_time(item.substr(0, item.find('/')));
      if (!t) return err(Errc::BadValue, cat("RDATE ", item, " is not valid"));
      const auto time_of_day = start_time->wall - floor<days>(start_time->wall);
      onset.at = t->is_date  ? t->wall + time_of_day - onset.from
                 : t->is_utc ? t->wall
                             : t->wall - onset.from;
      onsets_.push_back(onset);
    }
  }
  for (const Property* property : observance.all("RRULE")) {
    IMIP_TRY(const Rule rule, parse_rule(property->value));
    const UtcSeconds until = until_of(rule, onset.from).value_or(UtcSeconds::max());
    const UtcSeconds first = start_time->wall - onset.from;
    if (auto day = yearly_day(rule, start_time->wall)) {
      yearly_.push_back(YearlyOnset{std::move(*day),
                                    start_time->wall - floor<days>(start_time->wall), onset.from,
                                    onset.to, first, until, onset.name, onset.daylight});
      continue;
    }
    const UtcSeconds end = std::min(until, UtcSeconds{sys_days{last_listed_year / 1 / 1}});
    Occurrences walls(rule, start_time->wall, false, start_time->wall, end + days{1});
    while (const auto wall = walls.next()) {
      onset.at = *wall - onset.from;
      if (onset.at > end || onsets_.size() > max_onsets) break;
      onsets_.push_back(onset);
    }
    if (walls.gave_up()) return err(Errc::BadValue, "an observance changes the clocks too often");
  }
  if (onsets_.size() > max_onsets) {
    return err(Errc::BadValue, cat("it changes the clocks more than ", max_onsets, " times"));
  }
  return {};
}

void ZoneRules::settle()
{
  std::stable_sort(onsets_.begin(), onsets_.end(),
                   [](const Onset& a, const Onset& b) { return a.at < b.at; });
}

Result<ZoneRules> ZoneRules::from_vtimezone(const Component& vtimezone)
{
  ZoneRules out;
  if (vtimezone.components.size() > max_observances) {
    return err(Errc::BadValue, cat("it has more than ", max_observances, " observances"));
  }
  for (const Component& observance : vtimezone.components) {
    if (observance.name != "STANDARD" && observance.name != "DAYLIGHT") continue;
    IMIP_CHECK(out.add_observance(observance));
  }
  if (out.onsets_.empty()) return err(Errc::BadValue, "it has no STANDARD or DAYLIGHT");
  out.settle();
  out.initial_.from = out.initial_.to = out.onsets_.front().from;
  return out;
}

std::string format_offset(Offset offset)
{
  const auto put = [](long long n) { return cat(n < 10 ? "0" : "", n); };
  const auto size = std::abs(static_cast<long long>(offset.count()));
  std::string out = offset.count() < 0 ? "-" : "+";
  out += put(size / 3600) + put(size / 60 % 60);
  if (size % 60 != 0) out += put(size % 60);
  return out;
}

std::optional<Offset> parse_offset(std::string_view text)
{
  if ((text.size() != 5 && text.size() != 7) || (text[0] != '+' && text[0] != '-')) return {};
  const auto h = parse_number(text.substr(1, 2));
  const auto m = parse_number(text.substr(3, 2));
  const auto s = text.size() == 7 ? parse_number(text.substr(5, 2)) : std::optional<int>(0);
  if (!h || !m || !s || *h > 23 || *m > 59 || *s > 59) return {};
  const Offset out = hours{*h} + minutes{*m} + seconds{*s};
  return text[0] == '-' ? -out : out;
}

}  // namespace imip::ical::detail
