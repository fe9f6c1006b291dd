// Do the flags of `imip build` go together?
#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "itip/detail/building.hpp"
#include "itip/restrictions.hpp"

namespace imip::itip::detail {

namespace {

using Text = std::string BuildSpec::*;
using Texts = std::vector<std::string> BuildSpec::*;

struct TextFlag {
  std::string_view flag, property;
  Text value;
};
constexpr std::array text_flags{
    TextFlag{"--summary", "SUMMARY", &BuildSpec::summary},
    TextFlag{"--location", "LOCATION", &BuildSpec::location},
    TextFlag{"--description", "DESCRIPTION", &BuildSpec::description},
    TextFlag{"--start", "DTSTART", &BuildSpec::start},
    TextFlag{"--end", "DTEND", &BuildSpec::end},
    TextFlag{"--due", "DUE", &BuildSpec::due},
    TextFlag{"--duration", "DURATION", &BuildSpec::duration},
    TextFlag{"--rrule", "RRULE", &BuildSpec::rrule},
    TextFlag{"--recurrence-id", "RECURRENCE-ID", &BuildSpec::recurrence_id},
    TextFlag{"--status", "STATUS", &BuildSpec::status},
    TextFlag{"--comment", "COMMENT", &BuildSpec::comment},
    TextFlag{"--completed", "COMPLETED", &BuildSpec::completed},
};
struct ListFlag {
  std::string_view flag, property;
  Texts value;
};
constexpr std::array list_flags{
    ListFlag{"--exdate", "EXDATE", &BuildSpec::exdates},
    ListFlag{"--rdate", "RDATE", &BuildSpec::rdates},
    ListFlag{"--freebusy", "FREEBUSY", &BuildSpec::freebusy},
    ListFlag{"--request-status", "REQUEST-STATUS", &BuildSpec::request_status},
};

tl::unexpected<Error> bad(std::string what, std::string hint = {})
{
  return err(Errc::BadValue, std::move(what), std::move(hint));
}

std::string_view name_of(Kind kind)
{
  switch (kind) {
    case Kind::Todo:
      return "to-do";
    case Kind::Journal:
      return "journal entry";
    case Kind::FreeBusy:
      return "busy time";
    case Kind::None:
    case Kind::Event:
      break;
  }
  return "event";
}

Result<void> check_text(std::string_view flag, const std::string& value)
{
  const auto control = [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n') || c == 0x7F;
  };
  if (!text::is_utf8(value)) return bad(cat(flag, " is not UTF-8"));
  if (std::any_of(value.begin(), value.end(), control))
    return bad(cat(flag, " has control characters"));
  return {};
}

std::string instead_of(std::string_view property, Kind kind)
{
  if (property == "DTEND" && kind == Kind::Todo) return "a to-do has --due";
  if (property == "DUE" && kind != Kind::Journal) return "say --end";
  if (property == "ATTENDEE") return "name the readers by --to";
  return {};
}

Result<void> check_place(const BuildSpec& s, Kind kind, std::string_view flag,
                         std::string_view property)
{
  if (!may_have(kind, property))
    return bad(cat(flag, ": a ", kind_word(kind), " has no ", property), instead_of(property, kind));
  if (forbids(s.method, kind, property))
    return bad(cat(flag, s.method == Method::Add ? ": an " : ": a ", method_word(s.method),
                   " has no ", property),
               property == "ATTENDEE" ? "name the readers by --to" : "leave it out");
  return {};
}

Result<void> check_places(const BuildSpec& s, Kind kind)
{
  for (const TextFlag& f : text_flags) {
    if ((s.*f.value).empty()) continue;
    IMIP_CHECK(check_text(f.flag, s.*f.value));
    IMIP_CHECK(check_place(s, kind, f.flag, f.property));
  }
  for (const ListFlag& f : list_flags) {
    if ((s.*f.value).empty()) continue;
    for (const std::string& each : s.*f.value) IMIP_CHECK(check_text(f.flag, each));
    IMIP_CHECK(check_place(s, kind, f.flag, f.property));
  }
  if (s.sequence) IMIP_CHECK(check_place(s, kind, "--sequence", "SEQUENCE"));
  if (s.priority) IMIP_CHECK(check_place(s, kind, "--priority", "PRIORITY"));
  if (s.percent_complete)
    IMIP_CHECK(check_place(s, kind, "--percent-complete", "PERCENT-COMPLETE"));
  if (!s.attach_cids.empty()) IMIP_CHECK(check_place(s, kind, "--attach", "ATTACH"));
  return {};
}

// RFC 5546 section 3.2.3: what a REPLY repeats is as it was.
Result<void> check_reply(const BuildSpec& s, Kind kind)
{
  for (const TextFlag& f : text_flags) {
    const bool own = f.property == "COMMENT" || f.property == "RECURRENCE-ID" ||
                     (kind == Kind::Todo && (f.property == "STATUS" || f.property == "COMPLETED"));
    if (!own && !(s.*f.value).empty())
      return bad(cat(f.flag, ": a REPLY changes nothing of the ", name_of(kind)),
                 "'imip build counter' proposes changes");
  }
  return {};
}

Result<void> check_missing(const BuildSpec& s, Kind kind)
{
  const bool whole = s.method == Method::Publish || s.method == Method::Request ||
                     s.method == Method::Add || s.method == Method::Counter;
  const std::string thing(name_of(kind));
  if (s.organizer.empty())
    return bad(cat("nobody organizes this ", thing), "name the organizer: --organizer ADDRESS");
  if (s.uid.empty() && s.method != Method::Publish && s.method != Method::Request)
    return bad(cat("which ", thing, " is it?"), "give its --uid, or its .ics");
  if (kind == Kind::FreeBusy) {
    if (s.start.empty() || s.end.empty())
      return bad("from when to when is not said", "give --start WHEN and --end WHEN");
    return {};
  }
  if (!whole) return {};
  const bool optional = kind == Kind::Todo && (s.method == Method::Add || s.method == Method::Counter);
  if (s.start.empty() && !(optional && !s.due.empty()))
    return bad("the start is missing", "give --start WHEN, or an .ics");
  if (kind == Kind::Journal) {
    if (s.summary.empty() && s.description.empty())
      return bad("the text is missing", "give --summary TEXT or --description TEXT");
  } else if (s.summary.empty()) {
    return bad("the title is missing", "give --summary TEXT");
  }
  return {};
}

}  // namespace

Result<Kind> kind_of(const BuildSpec& spec, const ical::Component* base)
{
  Kind found = Kind::None;
  if (base != nullptr) {
    for (const ical::Component& c : base->components)
      for (const Kind k : {Kind::Event, Kind::Todo, Kind::Journal, Kind::FreeBusy}) {
        if (c.name != kind_word(k)) continue;
        if (found != Kind::None && found != k)
          return err(Errc::BadCalendar, cat("the calendar mixes ", kind_word(found), " and ", c.name),
                     "one message is about one object: take one of them");
        found = k;
      }
    if (found == Kind::None) return err(Errc::BadCalendar, "the calendar holds no event");
    if (spec.kind != Kind::None && spec.kind != found)
      return bad(cat("--component: the calendar holds a ", kind_word(found)),
                 cat("leave it out, or say ", text::ascii_lower(kind_word(found))));
  } else {
    found = spec.kind == Kind::None ? Kind::Event : spec.kind;
  }
  if (restrictions(spec.method, found).empty())
    return bad(cat("there is no ", method_word(spec.method), " of a ", kind_word(found)),
               found == Kind::Journal ? "publish, add or cancel" : "publish, request or reply");
  return found;
}

Result<void> check_flags(const BuildSpec& s, Kind kind, bool has_base)
{
  IMIP_CHECK(check_text("--uid", s.uid));
  if (s.uid.find('\n') != std::string::npos) return bad("--uid has control characters");
  if (s.this_and_future && s.recurrence_id.empty())
    return bad("--this-and-future needs --recurrence-id");
  if (!s.recurrence_id.empty() && (!s.exdates.empty() || !s.rdates.empty()))
    return bad(
        cat(s.exdates.empty() ? "--rdate" : "--exdate", " and --recurrence-id exclude each other"));
  if (s.this_and_future && (s.method == Method::Counter || s.method == Method::Refresh))
    return bad(cat("--this-and-future does not go with ", text::ascii_lower(method_word(s.method))),
               "--recurrence-id alone names one repetition");
  if (!s.attendees.empty()) IMIP_CHECK(check_place(s, kind, "--attendee", "ATTENDEE"));
  if (s.method == Method::Cancel && !s.status.empty())
    return bad("--status does not go with cancel: who is named decides it");
  IMIP_CHECK(check_places(s, kind));
  if (has_base && s.method == Method::Reply) return check_reply(s, kind);
  if (has_base && s.method == Method::Add && s.start.empty() && s.due.empty())
    return bad("when is the new repetition?", "give --start WHEN");
  return has_base ? Result<void>{} : check_missing(s, kind);
}

}  // namespace imip::itip::detail
