// Recurrence rules and dates beside their start (RFC 5545 sections 3.3.10, 3.8.5).
#include <algorithm>
#include <map>
#include <optional>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "ical/detail/date_time.hpp"
#include "ical/detail/grammar.hpp"
#include "ical/detail/line_form.hpp"
#include "ical/detail/linting.hpp"
#include "ical/detail/rrule.hpp"

namespace imip::ical::detail {

using namespace std::chrono;

namespace {

using Parts = std::map<std::string, std::string, std::less<>>;

Parts parts_of(std::string_view rule)
{
  Parts out;
  std::string upper = text::ascii_upper(rule);
  std::erase(upper, ' ');
  for (std::string_view rest = upper; !rest.empty();) {
    const auto part = rest.substr(0, rest.find(';'));
    rest.remove_prefix(std::min(rest.size(), part.size() + 1));
    const auto equals = part.find('=');
    if (equals != std::string_view::npos) out.emplace(part.substr(0, equals), part.substr(equals + 1));
  }
  return out;
}

template <typename Check>
bool any_item(std::string_view list, Check check)
{
  while (true) {
    const auto comma = list.find(',');
    if (check(list.substr(0, comma))) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

/// "-1" as -1; the item was checked by parse_rule().
int number_of(std::string_view item)
{
  const bool negative = item.starts_with('-');
  if (negative || item.starts_with('+')) item.remove_prefix(1);
  const int n = parse_number(item).value_or(0);
  return negative ? -n : n;
}

bool has_ordinal(std::string_view byday)
{
  return any_item(byday, [](std::string_view item) { return item.size() > 2; });
}

/// The kinds that DATE-TIME and DATE have, by the form alone.
enum class Form { Date, Floating, Utc, Zoned };
std::optional<Form> form_of(const Property& p, std::string_view value)
{
  const auto time = parse_date_time(value);
  if (!time) return std::nullopt;
  if (time->is_date) return Form::Date;
  if (time->is_utc) return Form::Utc;
  return p.parameter("TZID") != nullptr ? Form::Zoned : Form::Floating;
}

/// Could this start be one that the rule gives? Looks at each part alone, so a "yes" may be wrong.
class StartFits {
 public:
  StartFits(const Parts& parts, const DateTime& start)
      : parts_(parts), date_(floor<days>(start.wall)), time_(start.wall - floor<days>(start.wall))
  {
  }

  [[nodiscard]] bool all() const
  {
    if (parts_.count("BYSETPOS") != 0 || parts_.count("BYWEEKNO") != 0 || parts_.count("BYYEARDAY") != 0) return true;
    return month() && month_day() && weekday_fits() && clock("BYHOUR", time_.hours().count()) &&
           clock("BYMINUTE", time_.minutes().count());
  }

 private:
  [[nodiscard]] bool clock(const char* name, std::int64_t value) const
  {
    const auto part = parts_.find(name);
    return part == parts_.end() ||
           any_item(part->second, [&](std::string_view item) { return number_of(item) == value; });
  }

  [[nodiscard]] bool month() const
  {
    const auto part = parts_.find("BYMONTH");
    return part == parts_.end() || any_item(part->second, [&](std::string_view item) {
             return number_of(item) == static_cast<int>(static_cast<unsigned>(date_.month()));
           });
  }

  [[nodiscard]] int days_in_month() const
  {
    return static_cast<int>(static_cast<unsigned>((date_.year() / date_.month() / last).day()));
  }
  [[nodiscard]] int day() const { return static_cast<int>(static_cast<unsigned>(date_.day())); }

  [[nodiscard]] bool month_day() const
  {
    const auto part = parts_.find("BYMONTHDAY");
    return part == parts_.end() || any_item(part->second, [&](std::string_view item) {
             const int n = number_of(item);
             return n > 0 ? n == day() : days_in_month() + n + 1 == day();
           });
  }

  [[nodiscard]] bool weekday_fits() const
  {
    const auto part = parts_.find("BYDAY");
    if (part == parts_.end()) return true;
    static constexpr std::string_view names = "SUMOTUWETHFRSA";
    const std::string_view today = names.substr(2 * weekday(sys_days(date_)).c_encoding(), 2);
    const auto freq = parts_.find("FREQ");
    const bool in_month = freq != parts_.end() &&
                          (freq->second == "MONTHLY" || (freq->second == "YEARLY" && parts_.count("BYMONTH") != 0));
    return any_item(part->second, [&](std::string_view item) {
      if (!item.ends_with(today)) return false;
      item.remove_suffix(2);
      if (item.empty() || !in_month) return true;
      const int n = number_of(item);
      return n > 0 ? (day() - 1) / 7 + 1 == n : (days_in_month() - day()) / 7 + 1 == -n;
    });
  }

  const Parts& parts_;
  year_month_day date_;
  hh_mm_ss<seconds> time_;
};

class RuleCheck {
 public:
  RuleCheck(const SourceComponent& component, const SourceProperty& source, bool in_timezone, Departures& out)
      : component_(component), source_(source), in_timezone_(in_timezone), out_(out)
  {
  }

  void run()
  {
    const std::string& value = source_.property.value;
    const auto rule = parse_rule(value);
    if (!rule) return;  // told with its value
    parts_ = parts_of(value);
    form(value);
    by_parts();
    const SourceProperty* start = component_.find("DTSTART");
    if (start == nullptr) return tell("RRULE without DTSTART", {}, "3.8.2.4");
    const auto kind = form_of(start->property, start->property.value);
    if (!kind) return;
    if (rule->until) until(*kind, *rule->until);
    if (*kind == Form::Date)
      for (const char* name : {"BYHOUR", "BYMINUTE", "BYSECOND"})
        if (has(name)) tell(cat(name, " beside a DTSTART that is a date"));
    if (!in_timezone_ && !StartFits(parts_, *parse_date_time(start->property.value)).all())
      out_.add(imip::Rule::RecurrenceStart, place(),
               cat("DTSTART ", start->property.value, " is not one of the days or times that the rule gives"));
  }

 private:
  [[nodiscard]] bool has(std::string_view name) const { return parts_.find(name) != parts_.end(); }
  [[nodiscard]] Place place() const { return {source_.line, component_.name, "RRULE"}; }
  void tell(std::string text, Effect effect = {}, std::string_view section = {}) const
  {
    out_.add(imip::Rule::RecurrenceRule, place(), std::move(text), effect, {section.empty() ? 0 : 5545, section});
  }

  void form(const std::string& value) const
  {
    if (!text::ascii_iequal(value.substr(0, 5), "FREQ=")) tell("FREQ is not the first part of the rule");
    if (value.find(' ') != std::string::npos) tell("a blank in the rule");
    if (value.ends_with(';')) tell("a semicolon at the end of the rule");
  }

  void by_parts() const
  {
    const std::string& freq = parts_.at("FREQ");
    const bool yearly = freq == "YEARLY", monthly = freq == "MONTHLY", weekly = freq == "WEEKLY";
    const auto byday = parts_.find("BYDAY");
    if (byday != parts_.end() && has_ordinal(byday->second)) {
      if (!yearly && !monthly) tell(cat("BYDAY with a number in a rule that is ", freq));
      if (yearly && has("BYWEEKNO")) tell("BYDAY with a number beside BYWEEKNO");
    }
    if (weekly && has("BYMONTHDAY")) tell("BYMONTHDAY in a WEEKLY rule");
    if ((weekly || monthly || freq == "DAILY") && has("BYYEARDAY")) tell(cat("BYYEARDAY in a rule that is ", freq));
    if (!yearly && has("BYWEEKNO")) tell(cat("BYWEEKNO in a rule that is ", freq));
    const bool other = std::any_of(parts_.begin(), parts_.end(), [](const auto& part) {
      return part.first.starts_with("BY") && part.first != "BYSETPOS";
    });
    if (has("BYSETPOS") && !other) tell("BYSETPOS without another BY part");
  }

  void until(Form start, const DateTime& until) const
  {
    if (until.is_date != (start == Form::Date))
      tell("UNTIL and DTSTART: one is a date, the other has a time");
    else if (!until.is_date && until.is_utc != (in_timezone_ || start != Form::Floating))
      tell(until.is_utc ? "UNTIL is in UTC beside a floating DTSTART" : "UNTIL is not in UTC");
  }

  const SourceComponent& component_;
  const SourceProperty& source_;
  bool in_timezone_;
  Departures& out_;
  Parts parts_;
};

/// Of RDATE, EXDATE: what excludes or adds nothing.
void lint_dates(const SourceComponent& component, std::string_view name, Departures& out)
{
  const SourceProperty* start = component.find("DTSTART");
  const auto of_start = start != nullptr ? form_of(start->property, start->property.value) : std::nullopt;
  for (const SourceProperty* source : component.all(name)) {
    const auto& value = source->property.value;
    const auto form = form_of(source->property, value.substr(0, value.find_first_of(",/")));
    if (!form || !of_start) continue;
    const bool dates = (*form == Form::Date) != (*of_start == Form::Date);
    const bool floating = (*form == Form::Floating) != (*of_start == Form::Floating);
    if (dates || floating)
      out.add(imip::Rule::RecurrenceDates, {source->line, component.name, std::string(name)},
              cat(name, " and DTSTART: one ", dates ? "is a date, the other has a time" : "floats, the other does not"),
              {}, {5545, name == "EXDATE" ? "3.8.5.1" : "3.8.5.2"});
  }
}

}  // namespace

void lint_recurrence(const SourceComponent& component, bool in_timezone, Departures& out)
{
  const auto rules = component.all("RRULE");
  for (const SourceProperty* rule : rules) RuleCheck(component, *rule, in_timezone, out).run();
  if (rules.size() > 1)
    out.add(imip::Rule::RecurrenceDates, {rules[1]->line, component.name, "RRULE"},
            cat("RRULE occurs ", rules.size(), " times; programs do not agree what that means"),
            refused(Code::DuplicateProperty), {5545, "3.8.5.3"});
  lint_dates(component, "RDATE", out);
  lint_dates(component, "EXDATE", out);
}

}  // namespace imip::ical::detail
