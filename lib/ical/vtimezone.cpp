// The VTIMEZONE that imip sends.
#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "ical/detail/date_time.hpp"
#include "ical/detail/zone_rules.hpp"
#include "ical/time.hpp"

namespace imip::ical {

using namespace std::chrono;
using detail::Onset;
using detail::YearDay;
using detail::YearlyOnset;
using detail::ZoneRules;

namespace {

/// Outlook and others want each VTIMEZONE to begin here.
constexpr year first_year{1970};
/// The rule of today stands for all years where it has been in force since this one; else what
/// was before it is listed, back to here.
constexpr year history_year{2016};

constexpr std::array<std::string_view, 7> weekday_words{"SU", "MO", "TU", "WE", "TH", "FR", "SA"};

std::string recurrence_rule(const YearDay& day)
{
  if (day.month == 0) {  // counted from the end of the year, where leap days do not matter
    std::string out = "FREQ=YEARLY;BYYEARDAY=";
    for (int i = 0; i < 7; ++i) out += cat(i ? "," : "", day.day_of_year + i);
    return cat(out, ";BYDAY=", weekday_words[*day.weekday]);
  }
  std::string out = cat("FREQ=YEARLY;BYMONTH=", day.month);
  if (day.nth != 0) return cat(out, ";BYDAY=", day.nth, weekday_words[*day.weekday]);
  out += ";BYMONTHDAY=";
  for (std::size_t i = 0; i < day.days.size(); ++i) out += cat(i ? "," : "", day.days[i]);
  return day.weekday ? cat(out, ";BYDAY=", weekday_words[*day.weekday]) : out;
}

Component observance(const Onset& onset, UtcSeconds wall)
{
  Component out;
  // not by tzdata's flag: in Europe/Dublin that calls the winter daylight time
  out.name = onset.to > onset.from ? "DAYLIGHT" : "STANDARD";
  out.properties.push_back(Property{"DTSTART", {}, detail::format_wall(wall, false)});
  out.properties.push_back(Property{"TZOFFSETFROM", {}, detail::format_offset(onset.from)});
  out.properties.push_back(Property{"TZOFFSETTO", {}, detail::format_offset(onset.to)});
  if (!onset.name.empty()) out.properties.push_back(text_property("TZNAME", onset.name));
  return out;
}

/// A yearly change whose time is within the day, as an RRULE must have it: "one hour before the
/// last Sunday" and "24:00 on the last Thursday" become one of seven days before or after. If
/// these lie in two months (Africa/Cairo), they are counted back from the end of the year: then
/// `month` is 0 and `day_of_year` the first of them, negative.
bool normalise(YearlyOnset& rule)
{
  const auto shift = floor<days>(rule.time);
  if (shift.count() == 0) return rule.day.month != 0;
  if (rule.day.month == 0 || !rule.day.weekday || rule.day.nth == 0) return false;
  if (rule.day.nth < 0 && rule.day.month == 2) return false;  // its last week moves
  const year common{2001};
  const auto length = static_cast<int>(static_cast<unsigned>(
      year_month_day_last{common, month_day_last{month{rule.day.month}}}.day()));
  const int first = (rule.day.nth > 0 ? (rule.day.nth - 1) * 7 + 1 : length - 6) +
                    static_cast<int>(shift.count());
  rule.day.weekday = (weekday{*rule.day.weekday} + shift).c_encoding();
  rule.time -= shift;
  rule.day.nth = 0;
  if (first >= 1 && first + 6 <= length) {
    for (int d = first; d < first + 7; ++d) rule.day.days.push_back(static_cast<unsigned>(d));
    return true;
  }
  if (rule.day.month < 3) return false;
  const sys_days first_day = sys_days{common / month{rule.day.month} / 1} + days{first - 1};
  const sys_days next_year{(common + years{1}) / January / 1};
  rule.day.day_of_year = static_cast<int>((first_day - next_year).count());
  rule.day.month = 0;
  return rule.day.day_of_year + 6 < 0;
}

/// The day on which the normalised change happens first, in or after that year.
std::optional<sys_days> first_day_of(const YearDay& day, year y)
{
  if (day.month != 0) return day.in(y);
  const sys_days next_year{(y + years{1}) / January / 1};
  for (int i = 0; i < 7; ++i) {
    const sys_days candidate = next_year + days{day.day_of_year + i};
    if (weekday{candidate} == weekday{*day.weekday}) return candidate;
  }
  return {};
}

year year_of(UtcSeconds t)
{
  return year_month_day{floor<days>(t)}.year();
}

/// Do the yearly rules say of this year just what the list says?
bool foreseen(const ZoneRules& zone, year y)
{
  std::vector<Onset> predicted;
  for (YearlyOnset rule : zone.yearly()) {
    rule.first = UtcSeconds::min();
    if (const auto at = rule.in(y)) predicted.push_back(Onset{*at, rule.from, rule.to, {}, false});
  }
  std::size_t found = 0;
  for (const Onset& onset : zone.onsets()) {
    if (year_of(onset.at) != y) continue;
    const bool known = std::any_of(predicted.begin(), predicted.end(), [&](const Onset& p) {
      return p.at == onset.at && p.from == onset.from && p.to == onset.to;
    });
    if (!known) return false;
    ++found;
  }
  return found == predicted.size();
}

/// The first year, not before 1970, from which on the yearly rules are right.
year in_force_since(const ZoneRules& zone)
{
  if (zone.onsets().empty()) return first_year;
  year y = year_of(zone.onsets().back().at);
  // the rules may begin in the middle of the last year of the list
  if (!zone.yearly().empty() && !foreseen(zone, y)) return y + years{1};
  while (y >= first_year && foreseen(zone, y)) --y;
  return std::max(first_year, y + years{1});
}

/// Onsets of the same kind become one observance with RDATEs.
void add_listed(Component& out, const std::vector<Onset>& listed)
{
  std::vector<Onset> done;
  for (const Onset& onset : listed) {
    const UtcSeconds wall = onset.at + onset.from;
    const auto same = std::find_if(done.begin(), done.end(), [&](const Onset& o) {
      return o.from == onset.from && o.to == onset.to && o.name == onset.name &&
             o.daylight == onset.daylight;
    });
    if (same == done.end()) {
      done.push_back(onset);
      out.components.push_back(observance(onset, wall));
    } else {
      Component& earlier = out.components[out.components.size() - done.size() +
                                          static_cast<std::size_t>(same - done.begin())];
      earlier.properties.push_back(Property{"RDATE", {}, detail::format_wall(wall, false)});
    }
  }
}

}  // namespace

Result<Component> vtimezone(const std::string& tzid)
{
  IMIP_TRY(const ZoneRules zone, ZoneRules::from_tzdata(tzid));
  Component out{"VTIMEZONE", {text_property("TZID", tzid)}, {}};
  std::vector<YearlyOnset> yearly = zone.yearly();
  if (!std::all_of(yearly.begin(), yearly.end(), normalise)) {
    return err(Errc::BadValue, cat("the clock changes of ", tzid, " have no form in iCalendar"));
  }
  const year since = in_force_since(zone);
  const bool history = since > history_year;
  const UtcSeconds begin{sys_days{first_year / 1 / 1}};
  Onset base = zone.initial();
  std::vector<Onset> listed;
  for (const Onset& onset : zone.onsets()) {
    if (history && year_of(onset.at) >= history_year && year_of(onset.at) < since) {
      listed.push_back(onset);
    } else if (!history || year_of(onset.at) < history_year) {
      base = onset;
    }
  }
  base.from = base.to;
  base.daylight = false;
  if (history || yearly.empty()) out.components.push_back(observance(base, begin));
  add_listed(out, listed);
  for (YearlyOnset& rule : yearly) {
    const auto day = first_day_of(rule.day, history ? since : first_year);
    if (!day) return err(Errc::BadValue, cat("the clock changes of ", tzid, " are not yearly"));
    Onset onset{{}, rule.from, rule.to, rule.name, rule.daylight};
    out.components.push_back(observance(onset, UtcSeconds{*day} + rule.time));
    out.components.back().properties.insert(out.components.back().properties.begin() + 1,
                                            Property{"RRULE", {}, recurrence_rule(rule.day)});
  }
  return out;
}

}  // namespace imip::ical
