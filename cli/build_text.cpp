#include "cli/build_text.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "ical/time.hpp"
#include "itip/build.hpp"
#include "report/event_text.hpp"

namespace imip::cli {

namespace {

std::string one_line(std::string text)
{
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return text;
}

std::string who_speaks(const ical::Component& event)
{
  const ical::Property* organizer = event.find("ORGANIZER");
  if (organizer == nullptr) return "Somebody";
  const std::string name = report::party_text(*organizer);
  const std::string* proxy = organizer->parameter("SENT-BY");
  if (proxy == nullptr) return name;
  return cat(report::party_text(ical::Property{"SENT-BY", {}, *proxy}), ", for ", name, ",");
}

std::string what_happened(itip::Method method, const ical::Component& event)
{
  const bool whole = event.find("STATUS") != nullptr && *event.value("STATUS") == "CANCELLED";
  if (method == itip::Method::Publish) return "announces:";
  if (method == itip::Method::Cancel)
    return whole ? "has cancelled:" : "has taken you off the list of guests of:";
  const std::string* sequence = event.value("SEQUENCE");
  const bool first = sequence == nullptr || *sequence == "0";
  return first ? "invites you to:" : "has changed an invitation:";
}

// "Only: 2027-01-11 10:00 Europe/Berlin (+01:00)".
std::string which_one(const ical::Zones& zones, const ical::Component& event)
{
  const ical::Property* id = event.find("RECURRENCE-ID");
  if (id == nullptr) return {};
  const std::string* range = id->parameter("RANGE");
  const std::string_view label =
      range != nullptr ? "From this repetition on:" : "Only the repetition of:";
  const auto at = zones.time_of(*id);
  if (!at) return cat(label, ' ', id->value, '\n');
  if (at->kind == ical::TimeKind::Date || at->kind == ical::TimeKind::Floating)
    return cat(label, ' ', to_rfc3339(at->instant).substr(0, at->local.size() > 8 ? 16 : 10), '\n');
  return cat(label, ' ', zones.show_in(at->instant, at->tzid.empty() ? "UTC" : at->tzid), '\n');
}

std::string line(std::string_view label, const std::string& value)
{
  return value.empty() ? std::string() : cat(label, one_line(value), '\n');
}

std::string dates(const ical::Zones& zones, const ical::Component& event, std::string_view name,
                  std::string_view label)
{
  std::string out;
  for (const ical::Property* p : event.all(name)) {
    const auto times = zones.times_of(*p);
    if (!times) continue;
    for (const ical::Time& t : *times) {
      const bool zoned = t.kind == ical::TimeKind::Zoned;
      const std::string shown =
          zoned ? zones.show_in(t.instant, t.tzid)
                : to_rfc3339(t.instant).substr(0, t.kind == ical::TimeKind::Date ? 10 : 16);
      out += cat(label, shown, t.kind == ical::TimeKind::Utc ? " UTC\n" : "\n");
    }
  }
  return out;
}

}  // namespace

std::string build_subject(itip::Method method, const ical::Component& event)
{
  std::string title = one_line(event.text("SUMMARY"));
  if (title.find_first_not_of(' ') == std::string::npos) title = "(no title)";
  return method == itip::Method::Cancel ? cat("Cancelled: ", title) : title;
}

std::string build_text(itip::Method method, const ical::Component& calendar)
{
  const auto is_event = [](const ical::Component& c) { return c.name == "VEVENT"; };
  const ical::Component& event =
      *std::find_if(calendar.components.begin(), calendar.components.end(), is_event);
  const auto count =
      std::count_if(calendar.components.begin(), calendar.components.end(), is_event);
  const ical::Zones zones(calendar);
  const report::EventText words = report::describe(zones, event, "UTC");
  std::string out = cat(one_line(who_speaks(event)), ' ', what_happened(method, event), "\n\n");
  out += line("What:    ", words.summary);
  out += which_one(zones, event);
  for (std::size_t i = 0; i < words.when.size(); ++i)
    out += line(i == 0 ? "When:    " : "         ", words.when[i]);
  out += line("Repeats: ", words.repeats);
  out += dates(zones, event, "RDATE", "Also:    ");
  out += dates(zones, event, "EXDATE", "Not on:  ");
  out += line("Where:   ", words.location);
  for (std::size_t i = 0; i < words.attendees.size(); ++i) {
    const ical::Property& p = *event.all("ATTENDEE")[i];
    out += line(i == 0 ? "Who:     " : "         ", report::party_text(p));
  }
  if (count > 1)
    out += cat("Some repetitions (", static_cast<long>(count - 1),
               ") differ: the calendar file says how.\n");
  if (!words.comment.empty()) out += cat('\n', words.comment, '\n');
  if (!words.description.empty()) out += cat('\n', words.description, '\n');
  return out;
}

}  // namespace imip::cli
