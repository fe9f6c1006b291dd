#include "itip/build.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "ical/recurrence.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/shape.hpp"

namespace imip::itip {

namespace {

using detail::make_property;
using Events = std::vector<ical::Component>;

// RFC 9562: a random (version 4) UUID.
std::string made_up_uid()
{
  std::string hex = random_hex(16);
  hex[12] = '4';
  hex[16] = "89ab"[(hex[16] >= 'a' ? hex[16] - 'a' + 10 : hex[16] - '0') % 4];
  for (const std::size_t at : {8U, 13U, 18U, 23U}) hex.insert(at, 1, '-');
  return hex;
}

Result<void> check_text(std::string_view flag, const std::string& value)
{
  const auto control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') || c == 0x7F;
  };
  if (!text::is_utf8(value)) return err(Errc::BadValue, cat(flag, " is not UTF-8"));
  if (std::any_of(value.begin(), value.end(), control))
    return err(Errc::BadValue, cat(flag, " has control characters"));
  return {};
}

Result<void> check_flags(const BuildSpec& s, bool has_base)
{
  if (s.method != Method::Request && s.method != Method::Publish && s.method != Method::Cancel)
    return err(Errc::Internal, "build_object: no such method");
  IMIP_CHECK(check_text("--summary", s.summary));
  IMIP_CHECK(check_text("--location", s.location));
  IMIP_CHECK(check_text("--description", s.description));
  IMIP_CHECK(check_text("--comment", s.comment));
  IMIP_CHECK(check_text("--uid", s.uid));
  if (s.uid.find('\n') != std::string::npos)
    return err(Errc::BadValue, "--uid has control characters");
  if (s.this_and_future && s.recurrence_id.empty())
    return err(Errc::BadValue, "--this-and-future needs --recurrence-id");
  if (s.method == Method::Publish && !s.attendees.empty())
    return err(Errc::BadValue, "what is published has no attendees",
               "name the readers by --to, or use 'imip build request'");
  if (has_base) return {};
  if (s.organizer.empty())
    return err(Errc::BadValue, "nobody organizes this event",
               "name the organizer: --organizer ADDRESS");
  if (s.method == Method::Cancel) {
    if (s.uid.empty())
      return err(Errc::BadValue, "which event is cancelled?", "give its --uid, or its .ics");
    return {};
  }
  if (s.start.empty())
    return err(Errc::BadValue, "the start is missing", "give --start WHEN, or an .ics");
  if (s.summary.empty()) return err(Errc::BadValue, "the title is missing", "give --summary TEXT");
  return {};
}

void set_texts(const BuildSpec& s, ical::Component& event)
{
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) event.set(ical::text_property(name, value));
  };
  set("SUMMARY", s.summary);
  set("LOCATION", s.location);
  set("DESCRIPTION", s.description);
  set("COMMENT", s.comment);
  if (!s.description.empty()) {  // other forms of the old text
    event.remove("X-ALT-DESC");
    event.remove("STYLED-DESCRIPTION");
  }
  if (!s.status.empty()) event.set(make_property("STATUS", text::ascii_upper(s.status)));
  for (const auto& [content_id, file_name] : s.attach_cids) {
    ical::Property attach = make_property("ATTACH", cat("CID:", content_id));
    if (!file_name.empty()) attach.set_parameter("FILENAME", file_name);  // RFC 8607 section 4.2
    event.properties.push_back(std::move(attach));
  }
}

// Do the properties of RFC 5546 section 2.1.4 differ?
bool moved(const ical::Zones& zones, const ical::Component& before, const ical::Component& after)
{
  const auto old_shape = detail::shape_of(zones, before);
  const auto new_shape = detail::shape_of(zones, after);
  return !old_shape || !new_shape || !(*old_shape == *new_shape);
}

Result<void> set_sequence(const BuildSpec& s, bool raise, bool has_base, ical::Component& event)
{
  constexpr std::int64_t most = 2147483647;  // RFC 5545 section 3.3.8
  const std::string* stored = event.value("SEQUENCE");
  std::int64_t n = stored != nullptr ? std::max<std::int64_t>(detail::to_int(*stored, 0), 0) : 0;
  if (raise || s.method == Method::Cancel) ++n;
  if (s.sequence) n = *s.sequence;
  if (n > most || n < 0)
    return err(has_base ? Errc::BadCalendar : Errc::BadValue, cat("SEQUENCE cannot be ", n),
               "give --sequence N");
  event.set(make_property("SEQUENCE", std::to_string(n)));
  return {};
}

// RFC 5546 section 3.2.5: what a CANCEL is about; the tables allow no more of use.
void reduce_to_cancel(Events& events)
{
  static constexpr std::array<std::string_view, 14> kept{
      "UID",    "RECURRENCE-ID", "DTSTART",  "DTEND",     "DURATION", "RRULE",   "RDATE",
      "EXDATE", "SUMMARY",       "LOCATION", "ORGANIZER", "ATTENDEE", "COMMENT", "SEQUENCE"};
  if (events.front().find("RECURRENCE-ID") == nullptr) events.resize(1);
  for (ical::Component& e : events) {
    std::erase_if(e.properties, [&](const ical::Property& p) {
      return std::find(kept.begin(), kept.end(), p.name) == kept.end();
    });
    e.components.clear();
  }
}

// The object's events, with the flags laid over the series (or the one repetition meant).
Result<Events> laid_over(const BuildSpec& s, const ical::Component* base, bool& raised)
{
  const bool has_base = base != nullptr;
  Events events{ical::Component{"VEVENT", {}, {}}};
  if (has_base) {
    IMIP_TRY(events, detail::events_of(*base));
    if (!s.recurrence_id.empty()) {
      IMIP_TRY(events, detail::only_instance(s, *base, std::move(events)));
    } else if (s.method != Method::Cancel) {
      IMIP_CHECK(detail::complete_overrides(events));
    }
  }
  if (s.method == Method::Cancel) reduce_to_cancel(events);
  const ical::Component calendar = has_base ? *base : ical::Component{"VCALENDAR", {}, {}};
  const ical::Component before = events.front();
  IMIP_CHECK(detail::set_times(s, calendar, has_base, events.front()));
  set_texts(s, events.front());
  raised = has_base && s.method != Method::Cancel &&
           moved(ical::Zones(calendar), before, events.front());
  return events;
}

Result<void> stamp(const BuildSpec& s, bool has_base, bool raised, UtcSeconds now, Events& events)
{
  const std::string* own = events.front().value("UID");
  const std::string uid = !s.uid.empty()                    ? ical::escape_text(s.uid)
                          : own != nullptr && !own->empty() ? *own
                                                            : made_up_uid();
  for (std::size_t i = 0; i < events.size(); ++i) {
    ical::Component& e = events[i];
    e.set(make_property("UID", uid));
    e.set(make_property("DTSTAMP", to_ical_utc(now)));
    IMIP_CHECK(set_sequence(s, raised && i == 0, has_base, e));
    if (s.method != Method::Cancel && e.find("SUMMARY") == nullptr)
      e.set(make_property("SUMMARY", ""));
    // A zero-length event says so by having no end (RFC 5545 section 3.8.2.2).
    if (has_base && s.end.empty() && e.find("DTEND") != nullptr && e.find("DTSTART") != nullptr &&
        e.find("DTEND")->value == e.find("DTSTART")->value &&
        e.find("DTEND")->parameters == e.find("DTSTART")->parameters)
      e.remove("DTEND");
  }
  return {};
}

}  // namespace

Result<ical::Component> build_object(const BuildSpec& spec, const ical::Component* base,
                                     UtcSeconds now)
{
  const bool has_base = base != nullptr;
  bool raised = false;
  IMIP_CHECK(check_flags(spec, has_base));
  IMIP_TRY(Events events, laid_over(spec, base, raised));
  IMIP_CHECK(detail::set_organizer(spec, events));
  IMIP_CHECK(detail::set_attendees(spec, has_base, raised, events));
  IMIP_CHECK(stamp(spec, has_base, raised, now, events));
  ical::Component calendar{"VCALENDAR", {}, {}};
  calendar.properties = {make_property("PRODID", std::string(detail::prodid)),
                         make_property("VERSION", "2.0"),
                         make_property("METHOD", std::string(method_word(spec.method)))};
  IMIP_TRY(calendar.components, detail::zones_for(events, base));
  for (const ical::Component& e : events) calendar.components.push_back(detail::ordered(e));
  const ical::Zones zones(calendar);
  for (const ical::Component& e : events) IMIP_CHECK(detail::check_event(spec, has_base, zones, e));
  // What imip itself would refuse to read, it does not make.
  const Reading reading =
      read_message(ical::Parsed{calendar, {}}, method_word(spec.method), std::nullopt, now);
  if (!reading.refusals.empty())
    return err(has_base ? Errc::BadCalendar : Errc::BadValue, reading.refusals.front().text);
  return calendar;
}

std::vector<Party> recipients(const ical::Component& calendar)
{
  std::vector<Party> out;
  for (const ical::Component& event : calendar.components) {
    std::vector<CalAddress> not_to;
    const ical::Property* organizer = event.find("ORGANIZER");
    if (organizer != nullptr) {
      if (auto a = CalAddress::parse(organizer->value)) not_to.push_back(*a);
      const std::string* proxy = organizer->parameter("SENT-BY");
      if (proxy != nullptr)
        if (auto a = CalAddress::parse(*proxy)) not_to.push_back(*a);
    }
    for (const ical::Property* p : event.all("ATTENDEE")) {
      auto address = CalAddress::parse(p->value);
      if (!address) continue;
      const auto same = [&](const CalAddress& a) { return same_user(a, *address); };
      const auto known = [&](const Party& party) { return same(party.address); };
      if (std::any_of(not_to.begin(), not_to.end(), same) ||
          std::any_of(out.begin(), out.end(), known))
        continue;
      Party party;
      party.address = *address;
      party.property = *p;
      out.push_back(std::move(party));
    }
  }
  return out;
}

}  // namespace imip::itip
