// Times of instances, and what a CANCEL of a range leaves of a series.
#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "ical/recurrence.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/render.hpp"
#include "itip/detail/scope.hpp"

namespace imip::itip::detail {

namespace {

/// `instant`, written as `like` is.
ical::Property property_at(const View& view, std::string_view name, UtcSeconds instant,
                           const ical::Property& like)
{
  ical::Property out = make_property(name, {});
  const auto model = view.zones->time_of(like);
  const ical::TimeKind kind = model ? model->kind : ical::TimeKind::Utc;
  if (kind == ical::TimeKind::Date) out.set_parameter("VALUE", "DATE");
  out.value = text_at(kind, instant);
  if (kind != ical::TimeKind::Zoned) return out;
  const auto wall = view.zones->in_zone(instant, model->tzid);
  if (!wall) return out;
  out.value = wall->local.substr(0, 15);
  out.set_parameter("TZID", model->tzid);
  return out;
}

/// RFC 5545 section 3.3.6, in the largest unit that says it; no days, which are nominal.
std::string exact_duration(std::int64_t seconds)
{
  if (seconds % 3600 == 0) return cat("PT", seconds / 3600, "H");
  if (seconds % 60 == 0) return cat("PT", seconds / 60, "M");
  return cat("PT", seconds, "S");
}

std::vector<std::string> list_values(const std::string& value)
{
  std::vector<std::string> out;
  std::size_t begin = 0;
  while (begin <= value.size()) {
    const std::size_t end = std::min(value.find(',', begin), value.size());
    out.push_back(value.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

/// Keeps the values before `end`.
void cut_dates(const View& view, ical::Component& master, std::string_view name, UtcSeconds end)
{
  for (ical::Property& p : master.properties) {
    if (p.name != name) continue;
    const auto times = ical::times_in_series(*view.zones, master, p);
    const std::vector<std::string> raw = list_values(p.value);
    if (!times || times->size() != raw.size()) continue;
    p.value.clear();
    for (std::size_t i = 0; i < raw.size(); ++i) {
      if ((*times)[i].instant >= end) continue;
      if (!p.value.empty()) p.value += ',';
      p.value += raw[i];
    }
  }
  std::erase_if(master.properties,
                [&](const ical::Property& p) { return p.name == name && p.value.empty(); });
}

/// Would the rule by itself still give something at or after `end`? Only then may UNTIL change: an
/// UNTIL later than the rule's own end would add instances.
bool rule_reaches(const View& view, const ical::Component& master, UtcSeconds end,
                  const Limits& limits)
{
  ical::Component bare = master;
  bare.remove("RDATE");
  bare.remove("EXDATE");
  const auto next = ical::next_instances(*view.zones, bare, end, 1, limits);
  return !next || !next->empty();
}

}  // namespace

ical::Property time_like(const View& view, std::string_view name, const std::string& text,
                         const ical::Property& like)
{
  return property_at(view, name, read_time_text(text).instant, like);
}

ical::Component derived_instance(const View& view, const Slot& slot, const Slot& from)
{
  ical::Component out = from.write->event;
  const ical::Component& named = view.series.write ? view.series.write->event : from.write->event;
  const ical::Property* like = named.find(view.series.write ? "DTSTART" : "RECURRENCE-ID");
  for (const char* name : {"RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID"}) out.remove(name);
  if (like) out.properties.push_back(time_like(view, "RECURRENCE-ID", slot.text, *like));
  const auto span = ical::span_of(*view.zones, from.write->event);
  const ical::Property* start = from.write->event.find("DTSTART");
  if (!span || !start) return out;
  const auto shift =
      from.type == Scope::Type::Range ? span->start.instant - from.at : std::chrono::seconds(0);
  const UtcSeconds begin = slot.at + shift;
  out.set(property_at(view, "DTSTART", begin, *start));
  const char* const end_name = out.name == "VTODO" ? "DUE" : "DTEND";
  const ical::Periods none;
  const ical::Periods& periods = from.type == Scope::Type::Series ? view.periods() : none;
  if (const auto period = periods.find(slot.at);
      period != periods.end()) {  // it has its own length
    out.remove(end_name);
    out.remove("DURATION");
    out.properties.push_back(property_at(view, end_name, period->second, *start));
  } else if (const ical::Property* end = from.write->event.find(end_name)) {
    const auto length = span->end.instant - span->start.instant;
    ical::Property then = property_at(view, end_name, begin + length, *end);
    const auto read = view.zones->time_of(then);
    if (read && read->instant == begin + length) {
      out.set(std::move(then));
    } else {  // the second of two same hours, when clocks go back: no wall clock can say it
      out.remove(end_name);
      out.set(make_property("DURATION", exact_duration(length.count())));
    }
  }
  out.set(make_property(derived_mark, "TRUE"));
  return out;
}

void truncate(const View& view, UtcSeconds end, ical::Component& master, const Limits& limits)
{
  if (rule_reaches(view, master, end, limits)) {
    const ical::Property* start = master.find("DTSTART");
    const auto first = start ? view.zones->time_of(*start) : Result<ical::Time>(ical::Time{});
    const bool date = first && first->kind == ical::TimeKind::Date;
    const bool floating = first && first->kind == ical::TimeKind::Floating;
    const auto step = date ? std::chrono::seconds(86400) : std::chrono::seconds(1);
    const ical::TimeKind kind = date       ? ical::TimeKind::Date
                                : floating ? ical::TimeKind::Floating
                                           : ical::TimeKind::Utc;
    for (ical::Property& p : master.properties) {
      if (p.name != "RRULE") continue;
      std::string rule;
      std::string_view rest = p.value;
      while (!rest.empty()) {
        const std::size_t semicolon = std::min(rest.find(';'), rest.size());
        const std::string_view part = rest.substr(0, semicolon);
        rest.remove_prefix(std::min(semicolon + 1, rest.size()));
        const std::string upper = text::ascii_upper(part.substr(0, 6));
        if (upper != "COUNT=" && upper != "UNTIL=") rule += cat(part, ';');
      }
      p.value = cat(rule, "UNTIL=", text_at(kind, end - step));
    }
  }
  cut_dates(view, master, "RDATE", end);
  cut_dates(view, master, "EXDATE", end);
}

}  // namespace imip::itip::detail
