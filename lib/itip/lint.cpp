#include "itip/lint.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "base/cat.hpp"
#include "base/mail_address.hpp"
#include "base/text.hpp"
#include "ical/time.hpp"
#include "itip/detail/lint_predicate.hpp"
#include "itip/detail/lint_rules.hpp"
#include "itip/restrictions.hpp"

namespace imip::itip {

using ical::SourceComponent;
using ical::SourceProperty;

namespace {

Kind kind_from_word(std::string_view word)
{
  for (const Kind k : {Kind::Event, Kind::Todo, Kind::Journal, Kind::FreeBusy})
    if (kind_word(k) == word) return k;
  return Kind::None;
}

bool is_component(std::string_view name)
{
  return name == "VALARM" || name == "VTIMEZONE" || name == "STANDARD" || name == "DAYLIGHT" ||
         kind_from_word(name) != Kind::None;
}

bool is_placeholder(std::string_view name)
{
  return name == "IANA-PROPERTY" || name == "X-PROPERTY" || name == "IANA-COMPONENT" || name == "X-COMPONENT";
}

class MessageCheck {
 public:
  MessageCheck(const SourceComponent& calendar, const Wrapping& wrapping, UtcSeconds now, Departures& out)
      : calendar_(calendar), wrapping_(wrapping), now_(now), out_(out)
  {
  }

  void run()
  {
    const bool is_message = calendar_.find("METHOD") != nullptr || wrapping_.method;
    if (is_message) read_method();
    read_kind();
    if (method_ != Method::None) table_ = restrictions(method_, kind_);
    const auto counted = [&](const SourceComponent& within, std::string_view name) { return in_tables(within, name); };
    ical::lint_calendar(calendar_, counted, out_);
    if (!is_message) return;
    if (method_ != Method::None && kind_ != Kind::None && table_.empty())
      out_.add(Rule::MethodComponent, calendar_.place("METHOD"),
               cat(method_word(method_), " of a ", kind_word(kind_), ": RFC 5546 has no such message"),
               refused(Code::MethodUnsupported));
    if (!table_.empty()) check_tables(calendar_);
    detail::lint_rules({calendar_, method_, kind_, now_}, out_);
  }

 private:
  void read_method()
  {
    const SourceProperty* source = calendar_.find("METHOD");
    const Place place = calendar_.place("METHOD");
    if (source == nullptr) {
      out_.add(Rule::Method, calendar_.place(), "the Content-Type has a method, and the calendar no METHOD",
               refused(Code::MethodMissing), {6047, "2.4"});
      method_ = method_from_word(*wrapping_.method);
      return;
    }
    const std::string& word = source->property.value;
    method_ = method_from_word(word);
    if (method_ == Method::None)
      out_.add(Rule::Method, place, cat("RFC 5546 has no METHOD ", word.substr(0, 40)), refused(Code::MethodUnsupported));
    else if (word != text::ascii_upper(word))
      out_.add(Rule::MethodCase, place, cat("METHOD:", word, " is not in upper case"), tolerated());
    if (wrapping_.bare) return;
    if (!wrapping_.method)
      out_.add(Rule::MethodParameter, place,
               "METHOD, and no method parameter in the Content-Type: to others this is no iMIP part");
    else if (!text::ascii_iequal(*wrapping_.method, word))
      out_.add(Rule::MethodParameter, place,
               cat("METHOD is ", word.substr(0, 40), ", the Content-Type says ", wrapping_.method->substr(0, 40)),
               refused(Code::MethodMismatch));
  }

  void read_kind()
  {
    const SourceComponent* first = nullptr;
    for (const SourceComponent& c : calendar_.components) {
      const Kind kind = kind_from_word(c.name);
      if (kind == Kind::None) continue;
      if (first == nullptr) {
        first = &c;
        kind_ = kind;
      } else if (kind != kind_ && !mixed_) {
        mixed_ = true;
        out_.add(Rule::MixedComponents, c.place(), cat("a ", c.name, " beside a ", first->name),
                 refused(Code::MixedComponents));
      }
    }
    if (first == nullptr) {
      if (method_ != Method::None || calendar_.components.empty())
        out_.add(Rule::MissingComponent, calendar_.place(), "no VEVENT, VTODO, VJOURNAL or VFREEBUSY",
                 refused(Code::BadCalendar));
      return;
    }
    const auto& parameter = wrapping_.component;
    if (parameter && !text::ascii_iequal(*parameter, kind_word(kind_)))
      out_.add(Rule::ComponentParameter, first->place(),
               cat("it has a ", kind_word(kind_), ", the Content-Type says ", parameter->substr(0, 40)),
               refused(Code::ComponentMismatch));
  }

  /// Do the tables count it?
  [[nodiscard]] bool in_tables(const SourceComponent& within, std::string_view name) const
  {
    const auto counts = [&](const Restriction& r) { return r.within == within.name && r.name == name; };
    if (table_.empty()) return false;
    const auto common = restrictions(Method::None, Kind::None);
    return std::any_of(table_.begin(), table_.end(), counts) || std::any_of(common.begin(), common.end(), counts);
  }

  void check_tables(const SourceComponent& component)
  {
    const std::map<std::string_view, std::size_t> counts = count(component);
    for (const auto rows : {restrictions(Method::None, Kind::None), table_}) {
      for (const Restriction& row : rows) {
        if (row.within != component.name || is_placeholder(row.name)) continue;
        const auto found = counts.find(row.name);
        check_presence(component, row, found == counts.end() ? 0 : found->second);
        detail::ask(calendar_, series_, component, row, out_);
      }
    }
    for (const SourceComponent& inner : component.components) check_tables(inner);
  }

  static std::map<std::string_view, std::size_t> count(const SourceComponent& component)
  {
    std::map<std::string_view, std::size_t> out;
    for (const SourceProperty& p : component.properties)
      if (!is_component(p.property.name)) ++out[p.property.name];  // "VALARM:x" is none
    for (const SourceComponent& c : component.components)
      if (is_component(c.name)) ++out[c.name];
    return out;
  }

  void check_presence(const SourceComponent& component, const Restriction& row, std::size_t count)
  {
    if (detail::has_other_reading(method_, kind_, component, row)) return;
    const bool missing = count == 0 && (row.presence == Presence::One || row.presence == Presence::Some);
    const bool repeated = count > 1 && (row.presence == Presence::One || row.presence == Presence::AtMostOne);
    const bool excluded = count > 0 && row.presence == Presence::Never;
    if (!missing && !repeated && !excluded) return;
    if (is_component(row.name)) return tell_component(component, row, missing, excluded);
    const Rule rule = missing ? Rule::MissingProperty : repeated ? Rule::RepeatedProperty : Rule::ExcludedProperty;
    const auto all = component.all(row.name);
    const Place place{missing ? component.line : all[repeated ? 1 : 0]->line, component.name, std::string(row.name)};
    out_.add(rule, place,
             missing    ? cat(what(component), " without ", row.name)
             : repeated ? cat(row.name, " occurs ", count, " times in ", what(component))
                        : cat(what(component), " has no ", row.name),
             effect(rule, row), {5546, row.section});
  }

  [[nodiscard]] std::string what(const SourceComponent& component) const
  {
    return kind_from_word(component.name) == Kind::None ? cat("a ", component.name)
                                                        : cat("the ", component.name, " of a ", method_word(method_));
  }

  [[nodiscard]] Effect effect(Rule rule, const Restriction& row) const
  {
    if (row.name == "ATTENDEE" && rule == Rule::MissingProperty && !is_organizer_method(method_))
      return refused(Code::NoSpeaker);
    if (row.name == "ATTENDEE" && rule == Rule::RepeatedProperty) return tolerated();
    if (row.name == "ORGANIZER" && rule == Rule::MissingProperty && method_ == Method::Reply)
      return {Effect::Kind::Tolerated, Code::ReplyUnbound};  // a person is asked
    return ical::effect_of_count(rule, row.name);
  }

  void tell_component(const SourceComponent& component, const Restriction& row, bool missing, bool excluded)
  {
    if (missing) return;  // told in read_kind()
    const auto first = std::find_if(component.components.begin(), component.components.end(),
                                    [&](const SourceComponent& c) { return c.name == row.name; });
    const Law law{5546, row.section};
    if (excluded && kind_from_word(row.name) != Kind::None && mixed_) return;  // told in read_kind()
    if (excluded)
      out_.add(Rule::ExcludedComponent, first->place(), cat(what(component), " has no ", row.name), tolerated(), law);
    else
      out_.add(Rule::RepeatedComponent, first->place(), cat("a ", method_word(method_), " has one ", row.name), {}, law);
  }

  const SourceComponent& calendar_;
  const Wrapping& wrapping_;
  UtcSeconds now_;
  Departures& out_;
  detail::SeriesByUid series_ = detail::series_of(calendar_);
  Method method_ = Method::None;
  Kind kind_ = Kind::None;
  bool mixed_ = false;
  std::span<const Restriction> table_;
};

}  // namespace

void lint_message(const SourceComponent& calendar, const Wrapping& wrapping, UtcSeconds now, Departures& out)
{
  MessageCheck(calendar, wrapping, now, out).run();
}

void settle(Departures& departures, const Reading& reading)
{
  // a notice is about a property, or a component that it names
  const auto notes = [&](const std::string& name) {
    return std::any_of(reading.notices.begin(), reading.notices.end(),
                       [&](const Reason& r) {
                         return text::ascii_upper(r.text).find(name) != std::string::npos;
                       });
  };
  for (Departure& d : departures.all()) {
    const auto refuses = [&](const Reason& r) { return r.code == d.effect.code; };
    const bool is_refused = std::any_of(reading.refusals.begin(), reading.refusals.end(), refuses);
    if (d.effect.kind == Effect::Kind::Refused && !is_refused) d.effect = tolerated();
    const std::string about = d.rule == Rule::MissingTimezone ? "TZID"
                              : d.place.property.empty()      ? d.place.component
                                                              : d.place.property;
    if (d.effect.code == Code::Tolerated && !notes(about)) d.effect = ignored();
  }
}

}  // namespace imip::itip
