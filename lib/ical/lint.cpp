// What a component holds (RFC 5545 section 3.6).
#include "ical/lint.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "ical/detail/grammar.hpp"
#include "ical/detail/line_form.hpp"
#include "ical/detail/linting.hpp"
#include "ical/detail/zone_rules.hpp"

namespace imip::ical {

using detail::component_rule;
using detail::excerpt;
using detail::has_word;

namespace {

constexpr std::size_t max_zones = 100;  // whose names are looked up

template <typename Visit>
void each_word(std::string_view list, Visit visit)
{
  while (!list.empty()) {
    const auto word = list.substr(0, list.find(' '));
    visit(word);
    list.remove_prefix(std::min(list.size(), word.size() + 1));
  }
}

class CalendarCheck {
 public:
  CalendarCheck(const SourceComponent& calendar, const CountedElsewhere& counted, Departures& out)
      : calendar_(calendar), counted_(counted), out_(out), zones_(without_lines(calendar))
  {
  }

  void run()
  {
    component(calendar_, nullptr);
    lint_missing_timezones(calendar_, out_);
    defined_zones();
    recurrence_ids();
  }

 private:
  void component(const SourceComponent& c, const SourceComponent* around)
  {
    detail::lint_properties(c, out_);
    if (const detail::ComponentRule* rule = component_rule(c.name)) {
      counts(c, *rule);
      for (const SourceComponent& inner : c.components) nesting(inner, *rule);
    }
    if (c.name == "VTIMEZONE")
      detail::lint_timezone(c, out_);
    else if (c.name == "VALARM" && around != nullptr)
      detail::lint_alarm(c, *around, out_);
    else if (around == &calendar_ && component_rule(c.name) != nullptr)
      detail::lint_times(c, zones_, out_);
    for (const SourceComponent& inner : c.components) component(inner, &c);
  }

  void nesting(const SourceComponent& inner, const detail::ComponentRule& rule)
  {
    if (has_word(rule.components, inner.name) || inner.name.starts_with("X-")) return;
    if (const auto* known = component_rule(inner.name))
      out_.add(Rule::Nesting, inner.place(), cat("a ", inner.name, " inside a ", rule.name),
               refused(Code::BadCalendar), {5545, known->section});
    else if (!detail::is_later_component(inner.name))
      out_.add(Rule::UnknownComponent, inner.place(),
               cat(excerpt(inner.name), " is in no standard, and does not begin with X-"));
  }

  void counts(const SourceComponent& c, const detail::ComponentRule& rule)
  {
    std::map<std::string_view, std::size_t> seen;
    for (const SourceProperty& p : c.properties) ++seen[p.property.name];
    const auto law = Law{5545, rule.section};
    each_word(rule.once, [&](std::string_view name) {
      if (counted_(c, name) || seen.count(name) != 0) return;
      out_.add(Rule::MissingProperty, c.place(name), cat("a ", c.name, " without ", name),
               effect_of_count(Rule::MissingProperty, name), law);
    });
    if (c.name == "VEVENT" && calendar_.find("METHOD") == nullptr && seen.count("DTSTART") == 0)
      out_.add(Rule::MissingProperty, c.place("DTSTART"), "a VEVENT without DTSTART", {}, law);
    for (const auto& [name, count] : seen) {
      if (counted_(c, name) || has_word(rule.any, name)) continue;
      if (name == "RRULE" && has_word(rule.at_most_once, name))
        continue;  // counted with the other rules
      const bool single = has_word(rule.once, name) || has_word(rule.at_most_once, name);
      if (single && count > 1)
        out_.add(Rule::RepeatedProperty, second(c, name), cat(name, " occurs ", count, " times"),
                 effect_of_count(Rule::RepeatedProperty, name), law);
      else if (!single && detail::property_rule(name) != nullptr)
        out_.add(Rule::ExcludedProperty, c.place(name), cat("a ", c.name, " has no ", name), {}, law);
    }
  }

  static Place second(const SourceComponent& c, std::string_view name)
  {
    return {c.all(name)[1]->line, c.name, std::string(name)};
  }

  void defined_zones()
  {
    std::set<std::string> seen;
    for (const SourceComponent& c : calendar_.components) {
      const SourceProperty* source = c.name == "VTIMEZONE" ? c.find("TZID") : nullptr;
      if (source == nullptr) continue;
      const std::string tzid = source->property.text();
      const Place place{source->line, c.name, "TZID"};
      if (!seen.insert(tzid).second)
        out_.add(Rule::RepeatedTimezone, place, cat(excerpt(tzid), " is defined twice"));
      if (seen.size() <= max_zones && !detail::is_olson_name(tzid) && windows_zone(tzid))
        out_.add(Rule::WindowsTimezone, place, cat(excerpt(tzid), " is a name of Windows, that few programs know"));
    }
  }

  /// Against the DTSTART of the series, if it is here.
  void recurrence_ids()
  {
    std::map<std::string, Time> series;
    for (const SourceComponent& c : calendar_.components) {
      const SourceProperty* uid = c.find("UID");
      const SourceProperty* start = c.find("DTSTART");
      if (uid == nullptr || start == nullptr || c.find("RECURRENCE-ID") != nullptr) continue;
      if (const auto time = zones_.time_of(start->property)) series.emplace(uid->property.value, *time);
    }
    for (const SourceComponent& c : calendar_.components) {
      const SourceProperty* id = c.find("RECURRENCE-ID");
      const SourceProperty* uid = c.find("UID");
      const auto found = uid != nullptr ? series.find(uid->property.value) : series.end();
      if (id != nullptr && found != series.end()) recurrence_id(c, *id, found->second);
    }
  }

  void recurrence_id(const SourceComponent& c, const SourceProperty& id, const Time& start)
  {
    const auto time = zones_.time_of(id.property);
    if (!time) return;
    const bool dates = (time->kind == TimeKind::Date) != (start.kind == TimeKind::Date);
    const bool floating = (time->kind == TimeKind::Floating) != (start.kind == TimeKind::Floating);
    if (dates || floating)
      out_.add(Rule::RecurrenceId, {id.line, c.name, "RECURRENCE-ID"},
               cat("RECURRENCE-ID and DTSTART of the series: one ",
                   dates ? "is a date, the other has a time" : "floats, the other does not"));
  }

  const SourceComponent& calendar_;
  const CountedElsewhere& counted_;
  Departures& out_;
  Zones zones_;
};

}  // namespace

Effect effect_of_count(Rule rule, std::string_view name)
{
  if (rule == Rule::RepeatedProperty) return refused(Code::DuplicateProperty);
  if (rule != Rule::MissingProperty) return {};
  if (name == "UID") return refused(Code::NoUid);
  if (name == "ORGANIZER") return refused(Code::NoOrganizer);
  if (name == "DTSTART") return refused(Code::NoStart);
  if (name == "METHOD") return refused(Code::MethodMissing);
  if (name == "PRODID" || name == "DTSTAMP" || name == "SUMMARY" || name == "ATTENDEE") return tolerated();
  return {};
}

void lint_calendar(const SourceComponent& calendar, const CountedElsewhere& counted, Departures& out)
{
  CalendarCheck(calendar, counted, out).run();
}

}  // namespace imip::ical
