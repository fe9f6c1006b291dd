#include "cli/build_text.hpp"

#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "ical/time.hpp"
#include "report/event_text.hpp"

namespace imip::cli {

namespace {

std::string one_line(std::string text)
{
  for (char& c : text)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return text;
}

itip::Method method_of(const ical::Component& calendar)
{
  const std::string* word = calendar.value("METHOD");
  return itip::method_from_word(word != nullptr ? *word : "");
}

std::vector<const ical::Component*> objects_of(const ical::Component& calendar)
{
  std::vector<const ical::Component*> out;
  for (const ical::Component& c : calendar.components)
    if (c.name != "VTIMEZONE") out.push_back(&c);
  return out;
}

std::string who_speaks(itip::Method method, const ical::Component& object)
{
  const ical::Property* party =
      object.find(itip::is_organizer_method(method) ? "ORGANIZER" : "ATTENDEE");
  if (party == nullptr) return "Somebody";
  const std::string name = report::party_text(*party);
  const std::string* proxy = party->parameter("SENT-BY");
  if (proxy == nullptr) return name;
  return cat(report::party_text(ical::Property{"SENT-BY", {}, *proxy}), ", for ", name, ",");
}

struct AnswerWords {
  std::string_view partstat, subject, sentence;
};
constexpr std::array<AnswerWords, 7> answers{{
    {"ACCEPTED", "Accepted", "accepts:"},
    {"DECLINED", "Declined", "declines:"},
    {"TENTATIVE", "Tentative", "accepts tentatively:"},
    {"DELEGATED", "Delegated", "has delegated:"},
    {"COMPLETED", "Completed", "has done:"},
    {"IN-PROCESS", "In process", "is working on:"},
    {"NEEDS-ACTION", "Not yet answered", "has not decided yet about:"},
}};

const AnswerWords& answer_of(const ical::Component& object)
{
  static constexpr AnswerWords failed{"", "Not possible", "could not use what was sent about:"};
  const ical::Property* p = object.find("ATTENDEE");
  const std::string* partstat = p != nullptr ? p->parameter("PARTSTAT") : nullptr;
  if (partstat == nullptr) return failed;
  const auto found = std::find_if(answers.begin(), answers.end(),
                                  [&](const AnswerWords& a) { return a.partstat == *partstat; });
  return found == answers.end() ? failed : *found;
}

std::string what_is_requested(const ical::Component& object)
{
  const std::string* sequence = object.value("SEQUENCE");
  const bool first = sequence == nullptr || *sequence == "0";
  if (object.name == "VFREEBUSY") return "asks when you are busy:";
  if (object.name == "VTODO") return first ? "asks you to do:" : "has changed a task:";
  return first ? "invites you to:" : "has changed an invitation:";
}

std::string what_happened(itip::Method method, const ical::Component& object)
{
  const bool whole = object.find("STATUS") != nullptr && *object.value("STATUS") == "CANCELLED";
  switch (method) {
    case itip::Method::Publish:
      return object.name == "VFREEBUSY" ? "is busy:" : "announces:";
    case itip::Method::Request:
      return what_is_requested(object);
    case itip::Method::Reply:
      return object.name == "VFREEBUSY" ? "is busy:" : std::string(answer_of(object).sentence);
    case itip::Method::Add:
      return "adds a repetition:";
    case itip::Method::Cancel:
      if (whole) return "has cancelled:";
      return object.name == "VTODO" ? "needs you no longer for:"
                                    : "has taken you off the list of guests of:";
    case itip::Method::Refresh:
      return "asks for the latest version of:";
    case itip::Method::Counter:
      return "proposes instead:";
    case itip::Method::DeclineCounter:
      return "does not take up what was proposed for:";
    case itip::Method::None:
      break;
  }
  return "writes about:";
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

// A time that has a line of its own: DUE, COMPLETED.
std::string moment(const ical::Zones& zones, const ical::Component& object, std::string_view name,
                   std::string_view label)
{
  const ical::Property* p = object.find(name);
  const auto at = p != nullptr ? zones.time_of(*p) : Result<ical::Time>(err(Errc::BadValue, ""));
  if (!at) return {};
  if (at->kind == ical::TimeKind::Date || at->kind == ical::TimeKind::Floating)
    return cat(label, to_rfc3339(at->instant).substr(0, at->local.size() > 8 ? 16 : 10), '\n');
  return cat(label, zones.show_in(at->instant, at->tzid.empty() ? "UTC" : at->tzid), '\n');
}

std::string busy_times(const ical::Component& object)
{
  constexpr std::size_t most = 100;
  std::string out;
  const auto all = object.all("FREEBUSY");
  for (std::size_t i = 0; i < std::min(all.size(), most); ++i) {
    const std::string* type = all[i]->parameter("FBTYPE");
    out += cat(i == 0 ? "Busy:    " : "         ", one_line(all[i]->value),
               type != nullptr ? cat(" (", one_line(*type), ")") : std::string(), '\n');
  }
  if (all.size() > most) out += cat("         and ", all.size() - most, " more\n");
  return out;
}

std::string attendee_lines(itip::Method method, const ical::Component& object)
{
  if (!itip::is_organizer_method(method) && method != itip::Method::Counter) return {};
  std::string out;
  for (const ical::Property* p : object.all("ATTENDEE"))
    out += line(out.empty() ? "Who:     " : "         ", report::party_text(*p));
  return out;
}

// Who takes part instead.
std::string delegate_line(const ical::Component& object)
{
  const auto all = object.all("ATTENDEE");
  if (all.size() < 2 || all.front()->parameter("DELEGATED-TO") == nullptr) return {};
  return line("To:      ", report::party_text(*all.back()));
}

// One component: what, which occurrence, when, where.
std::string object_text(itip::Method method, const ical::Zones& zones, const ical::Component& object,
                        bool is_override)
{
  const report::EventText words = report::describe(zones, object, "UTC");
  std::string out = line("What:    ", words.summary);
  if (method == itip::Method::Reply) out += delegate_line(object);
  if (words.summary.empty() && object.name != "VFREEBUSY") out += line("Event:   ", object.text("UID"));
  out += which_one(zones, object);
  for (std::size_t i = 0; i < words.when.size(); ++i)
    out += line(i == 0 ? "When:    " : "         ", words.when[i]);
  if (object.name == "VTODO") {
    if (words.when.empty() || object.find("DTSTART") == nullptr)
      out += moment(zones, object, "DUE", "Due:     ");
    if (const std::string* percent = object.value("PERCENT-COMPLETE"))
      out += line("Done:    ", cat(*percent, " %"));
    out += moment(zones, object, "COMPLETED", "Done at: ");
  }
  out += line("Repeats: ", words.repeats);
  out += dates(zones, object, "RDATE", "Also:    ");
  out += dates(zones, object, "EXDATE", "Not on:  ");
  out += line("Where:   ", words.location);
  out += busy_times(object);
  for (const ical::Property* p : object.all("REQUEST-STATUS")) out += line("Status:  ", p->text());
  if (!is_override) out += attendee_lines(method, object);
  return out;
}

// "What changed: the start, the place (was: Room 7)."
std::string changes_text(const std::vector<std::string>& changes)
{
  if (changes.empty()) return {};
  std::string out = "Changed: ";
  for (std::size_t i = 0; i < changes.size(); ++i) out += cat(i ? ", " : "", one_line(changes[i]));
  return out + '\n';
}

}  // namespace

const ical::Component& first_object(const ical::Component& calendar)
{
  const auto all = objects_of(calendar);
  return all.empty() ? calendar : *all.front();
}

namespace {

// What kind of message it is; "" where the title says enough.
std::string kind_of_message(itip::Method method, const ical::Component& object)
{
  switch (method) {
    case itip::Method::Cancel:
      return "Cancelled";
    case itip::Method::Reply:
      return std::string(answer_of(object).subject);
    case itip::Method::Counter:
      return "Proposal";
    case itip::Method::DeclineCounter:
      return "Proposal declined";
    case itip::Method::Refresh:
      return "Please send the latest version";
    case itip::Method::Add:
    case itip::Method::None:
    case itip::Method::Publish:
    case itip::Method::Request:
      break;
  }
  return {};
}

}  // namespace

std::string build_subject(const ical::Component& calendar)
{
  const ical::Component& object = first_object(calendar);
  const itip::Method method = method_of(calendar);
  std::string title = one_line(object.text("SUMMARY"));
  if (object.name == "VFREEBUSY")
    return method == itip::Method::Request ? "When are you busy?" : "Busy times";
  const std::string kind = kind_of_message(method, object);
  if (method == itip::Method::Refresh) return kind;
  if (title.find_first_not_of(' ') == std::string::npos) title = "(no title)";
  return kind.empty() ? title : cat(kind, ": ", title);
}

std::string subject_without_title(const ical::Component& calendar)
{
  std::string kind = kind_of_message(method_of(calendar), first_object(calendar));
  return kind.empty() ? "Invitation" : kind;
}

std::string build_text(const ical::Component& calendar, const std::vector<std::string>& changes)
{
  constexpr std::size_t most = 50;
  const itip::Method method = method_of(calendar);
  const auto objects = objects_of(calendar);
  const ical::Component& first = first_object(calendar);
  const ical::Zones zones(calendar);
  std::string out =
      cat(one_line(who_speaks(method, first)), ' ', what_happened(method, first), "\n\n");
  for (std::size_t i = 0; i < std::min(objects.size(), most); ++i)
    out += cat(i == 0 ? "" : "\n", object_text(method, zones, *objects[i], i > 0));
  if (objects.size() > most)
    out += cat("\nand ", objects.size() - most, " more repetitions: see the calendar file.\n");
  out += changes_text(changes);
  const std::string comment = first.text("COMMENT");
  const std::string description = first.text("DESCRIPTION");
  if (!comment.empty()) out += cat('\n', comment, '\n');
  if (!description.empty()) out += cat('\n', description, '\n');
  return out;
}

}  // namespace imip::cli
