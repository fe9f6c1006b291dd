#include "itip/detail/lint_predicate.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <utility>

#include "base/cat.hpp"
#include "base/text.hpp"

namespace imip::itip::detail {

namespace {

bool has_word(std::string_view list, std::string_view word)
{
  while (true) {
    const auto slash = list.find('/');
    if (list.substr(0, slash) == word) return true;
    if (slash == std::string_view::npos) return false;
    list.remove_prefix(slash + 1);
  }
}

/// Asks about what the message was made of, who signed it, or whom it goes to: that is for `apply` to know.
void not_in_the_message(const Asked&) {}

/// Asks for nothing that could be missing: an absent SEQUENCE is 0, SUMMARY may be empty.
void always_holds(const Asked&) {}

void not_with(const Asked& a)
{
  if (a.property() == nullptr || a.within.find(a.words) == nullptr) return;
  const bool rdate = a.words == "RDATE" || a.words == "RRULE";
  if (rdate) return;  // section 3.1.2; RFC 5545 section 3.6.5 lets a STANDARD have both
  const std::string_view end = a.words == "DURATION" ? a.row.name : a.words;
  a.out.add(Rule::ExclusiveProperties, a.within.place("DURATION"), cat("DURATION beside ", end), tolerated(), a.law());
}

void with(const Asked& a)
{
  if (a.property() != nullptr && a.within.find(a.words) == nullptr)
    a.out.add(Rule::ExclusiveProperties, a.within.place(a.row.name), "of DURATION and REPEAT there is only one", {},
              a.law());
}

void one_of_these(const Asked& a)
{
  const auto& inner = a.within.components;
  if (std::none_of(inner.begin(), inner.end(), [&](const auto& c) { return has_word(a.words, c.name); }))
    a.out.add(Rule::Timezone, a.within.place(), "a VTIMEZONE with neither STANDARD nor DAYLIGHT", {}, a.law());
}

void local(const Asked& a)
{
  const auto* p = a.property();
  if (p != nullptr && (p->property.value.ends_with('Z') || p->property.parameter("TZID") != nullptr))
    a.out.add(Rule::Timezone, a.within.place(a.row.name), cat(p->property.value.substr(0, 20), " is not a local time"),
              {}, a.law());
}

void utc(const Asked& a)
{
  const auto* p = a.property();
  if (p != nullptr && !p->property.value.ends_with('Z'))
    a.out.add(Rule::NotUtc, a.within.place(a.row.name), cat(a.row.name, " is not in UTC"), {}, a.law());
}

void if_referred(const Asked& a)
{
  lint_missing_timezones(a.calendar, a.out, a.law());
}

/// RECURRENCE-ID only for an instance of something that recurs; seen where the series is in the message too.
void instance_only(const Asked& a)
{
  const auto* uid = a.within.find("UID");
  if (a.property() == nullptr || uid == nullptr) return;
  const auto found = a.series.find(uid->property.value);
  // elsewhere a series need not say that it is one
  const bool whole = a.row.method == Method::Request || a.row.method == Method::Publish;
  if (found == a.series.end() || !whole) return;
  if (found->second->find("RRULE") == nullptr && found->second->find("RDATE") == nullptr)
    a.out.add(Rule::RecurrenceId, a.within.place(a.row.name), "RECURRENCE-ID of something that does not recur", {},
              a.law());
}

void same_uid(const Asked& a)
{
  std::set<std::string> uids;
  for (const ical::SourceComponent& c : a.calendar.components) {
    const auto* uid = c.name == a.row.name ? c.find("UID") : nullptr;
    if (uid == nullptr || !uids.insert(uid->property.value).second || uids.size() < 2) continue;
    a.out.add(Rule::DifferentUids, c.place("UID"), cat("a ", c.name, " with another UID in the same message"),
              refused(Code::MixedComponents), a.law());
  }
}

void positive(const Asked& a)
{
  const auto* p = a.property();
  if (p != nullptr && p->property.value.find_first_not_of('0') == std::string::npos)
    a.out.add(Rule::Sequence, a.within.place(a.row.name), "SEQUENCE is not greater than 0", {}, a.law());
}

void status(const Asked& a)
{
  const auto* p = a.property();
  if (p != nullptr && !has_word(a.words, text::ascii_upper(p->property.value)))
    a.out.add(Rule::WordNotAllowed, a.within.place(a.row.name),
              cat("STATUS ", p->property.value.substr(0, 40), " is not one of ", a.words), {}, a.law());
}

/// METHOD is what the table was chosen by.
void word(const Asked& a)
{
  const auto* p = a.property();
  if (p != nullptr && !text::ascii_iequal(p->property.value, a.words))
    a.out.add(Rule::WordNotAllowed, a.within.place(a.row.name),
              cat(a.row.name, ' ', p->property.value.substr(0, 40), " is not ", a.words), {}, a.law());
}

void sorted(const Asked& a)
{
  std::string last;
  for (const auto* p : a.within.all(a.row.name)) {
    for (std::string_view rest = p->property.value; !rest.empty();) {
      const std::string start(rest.substr(0, rest.find_first_of("/,")));
      if (start < last) {
        a.out.add(Rule::UnsortedFreeBusy, {p->line, a.within.name, p->property.name},
                  cat(start.substr(0, 20), " comes after ", last.substr(0, 20)), {}, a.law());
        return;
      }
      last = start;
      rest.remove_prefix(std::min(rest.find(','), rest.size() - 1) + 1);
    }
  }
}

constexpr std::array<std::pair<std::string_view, Predicate>, 20> predicates{
    {{"not-with", not_with},
     {"with", with},
     {"one-of-these", one_of_these},
     {"local", local},
     {"utc", utc},
     {"if-referred", if_referred},
     {"instance-only", instance_only},
     {"same-uid", same_uid},
     {"positive", positive},
     {"status", status},
     {"word", word},
     {"sorted", sorted},
     {"if-not-zero", always_holds},
     {"may-be-empty", always_holds},
     {"original", not_in_the_message},
     {"originator", not_in_the_message},
     {"speaker", not_in_the_message},
     {"all-attendees", not_in_the_message},
     // section 4.1.3 cancels for nobody in particular
     {"removed-attendees", not_in_the_message},
     {"", nullptr}}};

}  // namespace

Predicate predicate(std::string_view name)
{
  const auto found = std::find_if(predicates.begin(), predicates.end(), [&](const auto& p) { return p.first == name; });
  return found != predicates.end() ? found->second : nullptr;
}

SeriesByUid series_of(const ical::SourceComponent& calendar)
{
  SeriesByUid out;
  for (const ical::SourceComponent& c : calendar.components) {
    const auto* uid = c.name != "VTIMEZONE" && c.find("RECURRENCE-ID") == nullptr ? c.find("UID") : nullptr;
    if (uid != nullptr) out.emplace(uid->property.value, &c);
  }
  return out;
}

void ask(const ical::SourceComponent& calendar, const SeriesByUid& series, const ical::SourceComponent& within, const Restriction& row,
         Departures& out)
{
  for (std::string_view rest = row.predicate; !rest.empty();) {
    const auto one = rest.substr(0, rest.find('+'));
    rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    const auto name = one.substr(0, one.find(':'));
    const auto words = name.size() < one.size() ? one.substr(name.size() + 1) : std::string_view{};
    if (const Predicate p = predicate(name)) p({calendar, series, within, row, words, out});
  }
}

}  // namespace imip::itip::detail
