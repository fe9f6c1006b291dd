// For peers that do not know RANGE=THISANDFUTURE: the same, said by the series.
#include <algorithm>

#include "base/cat.hpp"
#include "ical/recurrence.hpp"
#include "itip/build.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/version.hpp"

namespace imip::itip {

namespace {

/// Occurrences that one mail lists.
constexpr std::size_t most_listed = 500;

std::string joined(const std::vector<std::string>& words)
{
  std::string out;
  for (const std::string& w : words) out += cat(out.empty() ? "" : ",", w);
  return out;
}

std::vector<std::string> split(const std::string& text, char separator)
{
  std::vector<std::string> out(1);
  for (const char c : text) {
    if (c == separator) {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

std::string until_before(const ical::Time& at)
{
  using std::chrono::days;
  using std::chrono::seconds;
  if (at.kind == ical::TimeKind::Date) return to_ical_utc(at.instant - days{1}).substr(0, 8);
  const std::string utc = to_ical_utc(at.instant - seconds{1});
  return at.kind == ical::TimeKind::Floating ? utc.substr(0, 15) : utc;
}

void end_rules(ical::Component& master, const ical::Time& at)
{
  for (ical::Property& p : master.properties) {
    if (p.name != "RRULE") continue;
    std::string rule;
    for (const std::string& part : split(p.value, ';'))
      if (!part.starts_with("COUNT=") && !part.starts_with("UNTIL=") && !part.empty())
        rule += cat(part, ';');
    p.value = cat(rule, "UNTIL=", until_before(at));
  }
}

void drop_later_dates(const ical::Zones& zones, ical::Component& master, const ical::Time& at)
{
  for (ical::Property& p : master.properties) {
    if (p.name != "RDATE" && p.name != "EXDATE") continue;
    const auto times = ical::times_in_series(zones, master, p);
    const std::vector<std::string> raw = split(p.value, ',');
    if (!times || times->size() != raw.size()) continue;
    std::vector<std::string> kept;
    for (std::size_t i = 0; i < raw.size(); ++i)
      if ((*times)[i].instant < at.instant) kept.push_back(raw[i]);
    p.value = joined(kept);
  }
  std::erase_if(master.properties, [](const ical::Property& p) {
    return (p.name == "RDATE" || p.name == "EXDATE") && p.value.empty();
  });
}

ical::Component calendar_of(const detail::Version& v)
{
  ical::Component out = v.calendar;
  std::erase_if(out.components, [](const ical::Component& c) { return c.name != "VTIMEZONE"; });
  if (v.master) out.components.push_back(*v.master);
  for (const auto& [instant, piece] : v.instances) out.components.push_back(piece.component);
  return out;
}

Result<detail::Version> version_of(const ical::Component& calendar)
{
  BuildSpec any;
  any.method = Method::Publish;
  IMIP_TRY(const Kind kind, detail::kind_of(any, &calendar));
  return detail::Version::read(calendar, kind);
}

}  // namespace

namespace detail {

void end_series(const ical::Zones& zones, ical::Component& master, const ical::Time& at)
{
  end_rules(master, at);
  drop_later_dates(zones, master, at);
}

}  // namespace detail

Result<ical::Component> without_ranges(const ical::Component& calendar, const Limits& limits)
{
  IMIP_TRY(detail::Version v, version_of(calendar));
  if (v.ranges.empty()) return calendar;
  if (!v.master)
    return err(Errc::BadCalendar, "the calendar does not hold the series, only repetitions of it");
  Limits few = limits;
  few.recurrence_instances = most_listed;
  const UtcSeconds end{std::chrono::sys_days{std::chrono::year{9000} / 1 / 1}};
  const auto times = ical::expand(v.zones, *v.master, v.ranges.begin()->first, end, few);
  if (!times)
    return err(Errc::BadValue,
               cat("--expand-range: more than ", most_listed, " repetitions follow"),
               "give the series an end (UNTIL, COUNT)");
  for (const ical::Time& t : *times) {
    if (v.instances.contains(t.instant)) continue;
    if (auto one = v.at(t, limits)) v.instances.emplace(t.instant, detail::Piece{t, *std::move(one)});
  }
  return calendar_of(v);
}

Result<ical::Component> ended_before(const ical::Component& calendar, const ical::Time& at)
{
  IMIP_TRY(detail::Version v, version_of(calendar));
  if (!v.master)
    return err(Errc::BadCalendar, "the calendar does not hold the series, only repetitions of it");
  detail::end_series(v.zones, *v.master, at);
  std::erase_if(v.instances, [&](const auto& piece) { return piece.first >= at.instant; });
  return calendar_of(v);
}

}  // namespace imip::itip
