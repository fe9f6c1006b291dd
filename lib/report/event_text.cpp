#include "report/event_text.hpp"

#include <array>
#include <map>
#include <utility>

#include "base/cat.hpp"
#include "base/mail_address.hpp"
#include "base/text.hpp"
#include "itip/free_busy.hpp"

namespace imip::report {

namespace {

std::string address_text(const std::string& value)
{
  const auto address = CalAddress::parse(value);
  return address ? address->mailbox() : cat("(not an address: ", value, ")");
}

std::string date_text(const std::string& local)
{
  return local.size() < 8 ? local
                          : cat(local.substr(0, 4), '-', local.substr(4, 2), '-', local.substr(6, 2));
}

std::string clock_text(const std::string& local)
{
  return local.size() < 13 ? std::string{} : cat(local.substr(9, 2), ':', local.substr(11, 2));
}

bool is_last_of(const std::string& text, const std::string& prefix)
{
  return text.size() >= prefix.size() && text.compare(0, prefix.size(), prefix) == 0;
}

std::string interval_text(const std::string& first, const std::string& last)
{
  // "2027-01-04 10:00 Europe/Berlin (+01:00)": the end repeats only what differs.
  const std::size_t day = 10;
  if (first.size() > day && is_last_of(last, first.substr(0, day)) && last.size() >= 16)
    return cat(first.substr(0, 16), '-', last.substr(11, 5), first.substr(16));
  return cat(first, " to ", last);
}

std::string all_day_text(const ical::Span& span)
{
  using std::chrono::days;
  const UtcSeconds last = span.end.instant - days{1};
  if (last <= span.start.instant) return cat(date_text(span.start.local), " (all day)");
  return cat(date_text(span.start.local), " to ", to_rfc3339(last).substr(0, 10), " (all day)");
}

std::vector<std::string> when_text(const ical::Zones& zones, const ical::Span& span,
                                   const std::string& local_zone)
{
  switch (span.start.kind) {
    case ical::TimeKind::Date:
      return {all_day_text(span)};
    case ical::TimeKind::Floating:
      return {cat(date_text(span.start.local), ' ', clock_text(span.start.local),
                  " wherever you are (floating)")};
    case ical::TimeKind::None:
      return {};
    case ical::TimeKind::Utc:
    case ical::TimeKind::Zoned:
      break;
  }
  const auto in = [&](const std::string& zone) {
    return interval_text(zones.show_in(span.start.instant, zone),
                         zones.show_in(span.end.instant, zone));
  };
  const std::string zone = span.start.tzid.empty() ? std::string{"UTC"} : span.start.tzid;
  std::vector<std::string> lines = {in(zone)};
  const auto same_clock = [&](UtcSeconds t) {
    constexpr std::size_t minute = 16;
    return zones.show_in(t, zone).substr(0, minute) == zones.show_in(t, local_zone).substr(0, minute);
  };
  if (!same_clock(span.start.instant) || !same_clock(span.end.instant)) lines.push_back(in(local_zone));
  return lines;
}

std::string time_text(const ical::Zones& zones, const ical::Time& time)
{
  switch (time.kind) {
    case ical::TimeKind::Date:
      return date_text(time.local);
    case ical::TimeKind::Floating:
      return cat(date_text(time.local), ' ', clock_text(time.local));
    case ical::TimeKind::Utc:
    case ical::TimeKind::Zoned:
      return zones.show_in(time.instant, time.tzid.empty() ? std::string{"UTC"} : time.tzid);
    case ical::TimeKind::None:
      break;
  }
  return {};
}

std::map<std::string, std::string> rule_parts(const std::string& rrule)
{
  std::map<std::string, std::string> parts;
  std::size_t at = 0;
  while (at < rrule.size()) {
    const std::size_t end = std::min(rrule.find(';', at), rrule.size());
    const std::string part = rrule.substr(at, end - at);
    const std::size_t equals = part.find('=');
    if (equals != std::string::npos)
      parts[text::ascii_upper(part.substr(0, equals))] = text::ascii_upper(part.substr(equals + 1));
    at = end + 1;
  }
  return parts;
}

std::string unit_text(const std::string& frequency, const std::string& interval)
{
  static const std::map<std::string, std::pair<std::string, std::string>> units = {
      {"DAILY", {"daily", "days"}},
      {"WEEKLY", {"weekly", "weeks"}},
      {"MONTHLY", {"monthly", "months"}},
      {"YEARLY", {"yearly", "years"}}};
  const auto unit = units.find(frequency);
  if (unit == units.end()) return {};
  if (interval.empty() || interval == "1") return unit->second.first;
  return cat("every ", interval, ' ', unit->second.second);
}

/// In words where nothing is left out; otherwise the rule itself.
std::string repeats_text(const std::string& rrule)
{
  auto parts = rule_parts(rrule);
  std::string words = unit_text(parts["FREQ"], parts["INTERVAL"]);
  if (words.empty()) return rrule;
  parts.erase("FREQ");
  parts.erase("INTERVAL");
  parts.erase("WKST");
  if (const auto by_day = parts.find("BYDAY"); by_day != parts.end()) {
    words += cat(" on ", by_day->second);
    parts.erase(by_day);
  }
  if (const auto count = parts.find("COUNT"); count != parts.end()) {
    words += cat(", ", count->second, " times");
    parts.erase(count);
  }
  if (const auto until = parts.find("UNTIL"); until != parts.end()) {
    words += cat(", until ", date_text(until->second));
    parts.erase(until);
  }
  return parts.empty() ? words : rrule;
}

}  // namespace

std::string interval_text(UtcSeconds start, UtcSeconds end, bool all_day, const std::string& zone)
{
  const ical::Zones zones(ical::Component{"VCALENDAR", {}, {}});
  const std::string first = zones.show_in(start, zone);
  if (!all_day) return interval_text(first, zones.show_in(end, zone));
  const std::string from = first.substr(0, 10);
  const std::string to = zones.show_in(end - std::chrono::seconds{1}, zone).substr(0, 10);
  return from == to ? cat(from, " (all day)") : cat(from, " to ", to, " (all day)");
}

namespace {

std::vector<std::string> busy_text(const ical::Component& free_busy, const std::string& zone)
{
  constexpr std::size_t shown = 20;
  std::vector<std::string> lines;
  const auto periods = itip::busy_periods(free_busy);
  if (!periods) return {periods.error().what};
  for (const itip::BusyPeriod& p : *periods) {
    if (lines.size() == shown) {
      lines.push_back(cat("and ", periods->size() - shown, " more"));
      break;
    }
    const bool plain = p.type == "BUSY";
    const std::string type = text::ascii_lower(p.type.starts_with("BUSY-") ? p.type.substr(5) : p.type);
    lines.push_back(cat(report::interval_text(p.when.from, p.when.to, false, zone),
                        plain ? "" : cat(" (", type, ")")));
  }
  return lines;
}

}  // namespace

std::string party_text(const ical::Property& property)
{
  const std::string address = address_text(property.value);
  const std::string* name = property.parameter("CN");
  if (name == nullptr || name->empty() || *name == address) return address;
  return cat(*name, " <", address, ">");
}

EventText describe(const ical::Zones& zones, const ical::Component& event,
                   const std::string& local_zone)
{
  EventText text;
  text.summary = event.text("SUMMARY");
  text.location = event.text("LOCATION");
  text.description = event.text("DESCRIPTION");
  text.comment = event.text("COMMENT");
  if (const auto* status = event.value("STATUS")) text.status = *status;
  if (const auto span = ical::span_of(zones, event)) {
    text.when = when_text(zones, *span, local_zone);
  } else if (event.find("DTSTART") != nullptr) {
    text.when = {cat(*event.value("DTSTART"), " (", span.error().what, ")")};
  }
  if (event.name == "VTODO" && event.find("DTSTART") == nullptr) {
    const ical::Property* due = event.find("DUE");
    const auto time = due ? zones.time_of(*due) : Result<ical::Time>(ical::Time{});
    if (due && time) text.due = time_text(zones, *time);
  }
  if (event.name == "VFREEBUSY") text.busy = busy_text(event, local_zone);
  if (const auto* percent = event.value("PERCENT-COMPLETE")) text.progress = cat(*percent, " %");
  if (const auto* rule = event.value("RRULE")) text.repeats = repeats_text(*rule);
  if (const auto* organizer = event.find("ORGANIZER")) {
    text.organizer = party_text(*organizer);
    if (const auto* proxy = organizer->parameter("SENT-BY"))
      text.organizer += cat(", sent by ", address_text(*proxy));
  }
  for (const auto* attendee : event.all("ATTENDEE")) {
    const auto* partstat = attendee->parameter("PARTSTAT");
    text.attendees.push_back(
        cat(party_text(*attendee), " (",
            partstat != nullptr ? text::ascii_lower(*partstat) : std::string{"needs-action"}, ")"));
  }
  return text;
}

}  // namespace imip::report
