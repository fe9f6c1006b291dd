#include <algorithm>
#include <limits>

#include "base/cat.hpp"
#include "base/limits.hpp"
#include "base/text.hpp"
#include "ical/recurrence.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/read.hpp"
#include "itip/free_busy.hpp"

namespace imip::itip::detail {

namespace {

std::string name_of(const ical::Component& c)
{
  const std::string* id = c.value("RECURRENCE-ID");
  return id ? cat(c.name, " of ", *id) : c.name;
}

std::optional<Party> read_party(const ical::Property& property, const ReadContext& context)
{
  auto address = CalAddress::parse(property.value);
  if (!address) return std::nullopt;
  if (address->was_bare()) {
    context.findings.note(Code::Tolerated, cat(property.name, " ", property.value,
                                               " is not a URI; read as a mail address"));
  }
  Party out{*address, std::nullopt, Shared<ical::Property>::part_of(context.calendar, property)};
  if (const std::string* sent_by = property.parameter("SENT-BY")) {
    auto proxy = CalAddress::parse(*sent_by);
    if (!proxy) return std::nullopt;  // who speaks is unclear
    out.sent_by = *proxy;
  }
  const std::string* rsvp = property.parameter("RSVP");
  if (rsvp && text::ascii_iequal(*rsvp, "YES")) {
    context.findings.note(Code::Tolerated, "RSVP=YES read as RSVP=TRUE");
  }
  return out;
}

void read_duplicates(const ical::Component& c, const ReadContext& context)
{
  auto often = doubled(c);
  // RFC 5546 section 3.5 knows one, RFC 5545 section 3.6.3 any number
  if (context.kind == Kind::Journal && c.count("DESCRIPTION") > 1)
    often.emplace_back("DESCRIPTION");
  for (const std::string_view name : often)
    context.findings.refuse(Code::DuplicateProperty,
                            cat(name, " occurs ", c.count(name), " times in the ", name_of(c),
                                "; the sender has to say it once"));
}

std::optional<ical::Time> read_time(const ical::Component& c, std::string_view name,
                                    const ReadContext& context)
{
  const ical::Property* p = c.find(name);
  if (!p) return std::nullopt;
  auto time = context.zones.time_of(*p);
  if (time) return *time;
  context.findings.refuse(Code::BadCalendar,
                          cat(name, " of the ", c.name, ": ", time.error().what));
  return std::nullopt;
}

void read_revision(const ical::Component& c, const ReadContext& context, Revision& out)
{
  const bool counts = context.kind != Kind::FreeBusy;  // RFC 5546 section 3.3 has no SEQUENCE
  if (!counts && c.find("SEQUENCE"))
    context.findings.note(Code::Tolerated, "SEQUENCE in a VFREEBUSY means nothing");
  if (const std::string* sequence = counts ? c.value("SEQUENCE") : nullptr) {
    out.sequence = to_int(*sequence, -1);
    if (out.sequence < 0 || out.sequence > std::numeric_limits<std::int32_t>::max()) {
      context.findings.refuse(Code::BadCalendar,
                              cat("SEQUENCE ", *sequence, " is not a number from 0 to 2147483647"));
      out.sequence = 0;
    }
  }
  if (!c.find("DTSTAMP")) {
    context.findings.note(Code::Tolerated,
                          cat("the ", name_of(c), " has no DTSTAMP; it counts as the oldest"));
    return;
  }
  const auto stamp = read_time(c, "DTSTAMP", context);
  if (!stamp) return;
  out.dtstamp = stamp->instant;
  if (stamp->kind != ical::TimeKind::Utc) {
    context.findings.note(Code::Tolerated, "DTSTAMP is not in UTC; read as if it were");
  }
  const auto ahead = out.dtstamp - context.now;
  if (ahead > std::chrono::hours(24)) {
    context.findings.refuse(
        Code::DtstampInFuture,
        cat("DTSTAMP ", to_rfc3339(out.dtstamp), " is more than a day ahead of now, ",
            to_rfc3339(context.now), "; is this machine's clock right?"));
  } else if (ahead > std::chrono::minutes(5)) {
    context.findings.note(Code::Tolerated,
                          cat("DTSTAMP ", to_rfc3339(out.dtstamp), " is ahead of now"));
  }
}

/// RFC 5546 section 3.2.4: an ADD is one more instance, named by its own start, as if by RDATE.
void read_added_scope(const ical::Component& c, const ReadContext& context, Scope& out)
{
  out.type = Scope::Type::Instance;
  const bool todo = context.kind == Kind::Todo && !c.find("DTSTART");
  if (const auto at = read_time(c, todo ? "DUE" : "DTSTART", context)) out.at = *at;
  if (!c.find("RECURRENCE-ID")) return;
  context.findings.note(Code::Tolerated,
                        "RECURRENCE-ID in an ADD: what is added is named by its own start");
}

void read_scope(const ical::Component& c, const ReadContext& context, Scope& out)
{
  if (context.method == Method::Add) return read_added_scope(c, context, out);
  const ical::Property* id = c.find("RECURRENCE-ID");
  if (!id) return;
  out.type = Scope::Type::Instance;
  for (const ical::Parameter& p : id->parameters) {
    if (p.name == "THISANDFUTURE") {
      out.type = Scope::Type::Range;
      context.findings.note(Code::Tolerated, "RECURRENCE-ID;THISANDFUTURE read as RANGE");
    }
    if (p.name != "RANGE") continue;
    if (p.values.size() == 1 && text::ascii_iequal(p.values.front(), "THISANDFUTURE")) {
      out.type = Scope::Type::Range;
    } else {
      context.findings.refuse(Code::BadCalendar,
                              "RECURRENCE-ID with a RANGE other than THISANDFUTURE");
    }
  }
  if (auto at = read_time(c, "RECURRENCE-ID", context)) out.at = std::move(*at);
}

void read_recurrence(const ical::Component& c, const ical::Time& start, const ReadContext& context)
{
  for (const char* name : {"EXDATE", "RDATE"}) {
    for (const ical::Property* p : c.all(name)) {
      const auto times = context.zones.times_of(*p);
      if (!times) {
        context.findings.refuse(Code::BadCalendar, cat(name, ": ", times.error().what));
      }
    }
  }
  const std::string* rule = c.value("RRULE");
  if (!rule || c.count("RRULE") > 1) return;  // read_duplicates() refuses several
  if (const auto good = ical::check_rrule(*rule); !good) {
    context.findings.refuse(Code::BadCalendar, cat("RRULE ", *rule, ": ", good.error().what));
    return;
  }
  // One year tells how dense it is.
  const auto year = std::chrono::hours(24 * 366);
  const auto some = ical::expand(context.zones, c, start.instant, start.instant + year, Limits{});
  if (some) return;
  const bool large = some.error().code == Errc::TooLarge;
  context.findings.refuse(large ? Code::RecurrenceLimit : Code::BadCalendar,
                          cat("RRULE ", *rule, ": ", some.error().what));
}

/// Which methods describe something in full (RFC 5546 sections 3.2 to 3.5: DTSTART 1).
bool describes(Method m)
{
  return m == Method::Request || m == Method::Publish || m == Method::Add || m == Method::Counter;
}

void check_start(const ical::Component& c, const ReadContext& context)
{
  if (c.find("DTSTART") || !describes(context.method)) return;
  const bool named = context.method != Method::Add || c.find("DUE") != nullptr;
  if (context.kind == Kind::Event || !named) {
    context.findings.refuse(Code::NoStart, cat("the ", name_of(c), " of a ",
                                               method_word(context.method), " has no DTSTART"));
    return;
  }
  const bool demanded = context.kind == Kind::Journal || context.method == Method::Publish ||
                        context.method == Method::Request;
  if (demanded) {
    context.findings.note(Code::Tolerated, cat("the ", name_of(c), " has no DTSTART"));
  }
  if (c.find("RRULE")) {
    context.findings.note(Code::Tolerated, cat("the ", name_of(c),
                                               " repeats and has no DTSTART: no occurrence of it "
                                               "can be named"));
  }
}

/// From when to when the busy time is asked for or told, in UTC (RFC 5546 section 3.3).
void read_window(const ical::Component& c, const ReadContext& context)
{
  const bool needed = context.method != Method::Reply;
  const auto start = read_time(c, "DTSTART", context);
  const auto end = read_time(c, "DTEND", context);
  for (const char* name : {"DTSTART", "DTEND"}) {
    const bool by_length = name == std::string_view("DTEND") && c.find("DURATION");
    if (c.find(name)) continue;
    const std::string what =
        cat("the VFREEBUSY of a ", method_word(context.method), " has no ", name);
    if (needed && !by_length) {
      context.findings.refuse(Code::NoStart, cat(what, ": for which time?"));
    } else {
      context.findings.note(Code::Tolerated, by_length ? cat(what, "; its DURATION counts") : what);
    }
  }
  for (const auto& time : {start, end}) {
    if (!time || time->kind == ical::TimeKind::Utc) continue;
    const bool zoned = time->kind == ical::TimeKind::Zoned;
    context.findings.note(Code::Tolerated,
                          cat("the time ", time->local, " of a VFREEBUSY is not in UTC",
                              zoned ? "" : "; read as if it were"));
  }
  if (!start || (!end && !c.find("DURATION"))) return;
  if (const auto window = busy_window(c); !window)
    context.findings.refuse(Code::EndBeforeStart, window.error().what);
}

void read_busy(const ical::Component& c, const ReadContext& context)
{
  read_window(c, context);
  const auto periods = busy_periods(c);
  if (!periods) context.findings.refuse(Code::BadCalendar, periods.error().what);
}

void read_times(const ical::Component& c, const ReadContext& context)
{
  check_start(c, context);
  const auto start = read_time(c, "DTSTART", context);
  const char* const end_name = context.kind == Kind::Todo ? "DUE" : "DTEND";
  const auto end = read_time(c, end_name, context);
  if (end && c.find("DURATION")) {
    context.findings.note(Code::Tolerated,
                          cat(end_name, " beside DURATION: ", end_name, " counts"));
  }
  if (!start) return;
  if (end && (start->kind == ical::TimeKind::Date) != (end->kind == ical::TimeKind::Date)) {
    context.findings.refuse(Code::BadCalendar,
                            cat("DTSTART and ", end_name, ": one is a date, the other has a time"));
  } else if (end && end->instant < start->instant) {
    context.findings.refuse(Code::EndBeforeStart,
                            cat(end_name, ' ', end->local, " is before DTSTART ", start->local));
  }
  if (!end) {
    if (const std::string* duration = c.value("DURATION")) {
      const auto good = ical::check_duration(*duration);
      if (!good) context.findings.refuse(Code::EndBeforeStart, good.error().what);
    }
  }
  read_recurrence(c, *start, context);
}

void read_parties(const ical::Component& c, const ReadContext& context, MessageComponent& out)
{
  if (const ical::Property* organizer = c.find("ORGANIZER")) {
    out.organizer = read_party(*organizer, context);
    if (!out.organizer) {
      context.findings.refuse(Code::NoOrganizer,
                              cat("ORGANIZER ", organizer->value, " is not one valid address"));
    }
  }
  out.attendees.reserve(c.count("ATTENDEE"));
  for (const ical::Property* p : c.all("ATTENDEE")) {
    auto party = read_party(*p, context);
    if (party) {
      out.attendees.push_back(std::move(*party));
    } else {
      context.findings.note(Code::Tolerated,
                            cat("ATTENDEE ", p->value, " is not one valid address; nobody is it"));
    }
  }
}

void note_missing_summary(const ical::Component& c, const ReadContext& context)
{
  const bool shows = describes(context.method) && context.method != Method::Add;
  if (shows && !c.find("SUMMARY") && !c.find("RECURRENCE-ID")) {
    context.findings.note(Code::Tolerated, cat("the ", name_of(c), " has no SUMMARY"));
  }
  const bool alarm = std::any_of(c.components.begin(), c.components.end(),
                                 [](const ical::Component& s) { return s.name == "VALARM"; });
  if (alarm && context.method == Method::Reply) {
    context.findings.note(Code::Tolerated, "a VALARM in a reply is left out");
  }
}

// What an attendee says of a task, where RFC 5545 has bounds for it: the answer counts without what
// is beyond them.
void note_out_of_range(const ical::Component& c, const ReadContext& context)
{
  struct Range {
    const char* name;
    std::int64_t most;
    const char* section;
  };
  for (const Range& range :
       {Range{"PERCENT-COMPLETE", 100, "3.8.1.8"}, Range{"PRIORITY", 9, "3.8.1.9"}}) {
    const std::string* value = c.value(range.name);
    const std::int64_t n = value != nullptr ? to_int(*value, -1) : 0;
    if (n < 0 || n > range.most)
      context.findings.note(Code::Tolerated,
                            cat(range.name, ':', *value, " is not from 0 to ", range.most,
                                " (RFC 5545 section ", range.section, "); it is left out"));
  }
  const std::string* completed = c.value("COMPLETED");
  if (completed != nullptr && !parse_instant(*completed))
    context.findings.note(Code::Tolerated,
                          cat("COMPLETED:", *completed,
                              " is no UTC time (RFC 5545 section 3.8.2.1); it is left out"));
}

void check_parties(const MessageComponent& c, const ReadContext& context)
{
  const Method m = context.method;
  if (is_organizer_method(m) && !c.organizer && !c.component->find("ORGANIZER")) {
    context.findings.refuse(Code::NoOrganizer, cat("the ", name_of(c.component), " of a ",
                                                   method_word(m), " has no ORGANIZER"));
  }
  if (m == Method::Request && c.attendees.empty()) {
    context.findings.note(Code::Tolerated, "a REQUEST without ATTENDEE: nobody is asked by it");
  }
  if (is_organizer_method(m)) return;
  if (c.attendees.empty()) {
    context.findings.refuse(Code::NoSpeaker,
                            cat("a ", method_word(m), " without a valid ATTENDEE: nobody speaks"));
  } else if (m == Method::Reply && c.attendees.size() > 1) {
    context.findings.note(Code::Tolerated, cat("a REPLY that lists ", c.attendees.size(),
                                               " attendees: only the one who signed is believed"));
  }
}

constexpr std::size_t most_findings = 100;
constexpr std::size_t most_octets = 1'000;  // of what one finding says: it quotes the input

std::string cut(std::string text)
{
  if (text.size() <= most_octets) return text;
  std::size_t end = most_octets;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return cat(text.substr(0, end), "...");
}

}  // namespace

void Findings::refuse(Code code, std::string text)
{
  if (refusals.size() < most_findings) refusals.push_back({code, cut(std::move(text))});
}

void Findings::note(Code code, std::string text)
{
  if (notices.size() < most_findings) {
    notices.push_back({code, cut(std::move(text))});
  } else {
    ++notices_left_out;
  }
}

MessageComponent read_component(const ical::Component& component, const ReadContext& context)
{
  MessageComponent out;
  out.component = Shared<ical::Component>::part_of(context.calendar, component);
  read_duplicates(component, context);
  read_revision(component, context, out.revision);
  if (context.kind == Kind::FreeBusy) {
    read_busy(component, context);
    read_parties(component, context, out);
    return out;
  }
  read_scope(component, context, out.scope);
  read_times(component, context);
  read_parties(component, context, out);
  note_missing_summary(component, context);
  if (context.method == Method::Reply) note_out_of_range(component, context);
  return out;
}

void inherit_parties(std::vector<MessageComponent>& components, const ReadContext& context)
{
  const auto series =
      std::find_if(components.begin(), components.end(),
                   [](const MessageComponent& c) { return c.scope.type == Scope::Type::Series; });
  std::size_t count = 0;  // copies: a limit on what is read does not bound them
  for (const MessageComponent& c : components) count += c.attendees.size();
  for (MessageComponent& c : components) {
    if (series != components.end() && &c != &*series) {
      bool inherited = false;
      if (!c.component->find("ORGANIZER") && series->organizer) {
        c.organizer = series->organizer;
        inherited = true;
      }
      if (!c.component->find("ATTENDEE") && !series->attendees.empty()) {
        count += series->attendees.size();
        if (count > most_attendees) {
          return context.findings.refuse(
              Code::LimitExceeded,
              cat("with those that overrides inherit of the series there are more than ",
                  most_attendees, " attendees, which no policy changes"));
        }
        c.attendees = series->attendees;
        inherited = true;
      }
      if (inherited) {
        context.findings.note(Code::Tolerated, cat("the ", name_of(c.component),
                                                   " names no ORGANIZER or ATTENDEE; it has those "
                                                   "of the series"));
      }
    }
    check_parties(c, context);
  }
}

}  // namespace imip::itip::detail
