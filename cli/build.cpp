#include <algorithm>
#include <array>
#include <filesystem>
#include <optional>
#include <ostream>
#include <utility>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "cli/build_mail.hpp"
#include "cli/build_text.hpp"
#include "cli/command.hpp"
#include "cli/outbox.hpp"
#include "itip/build.hpp"
#include "itip/compare.hpp"
#include "mime/compose.hpp"
#include "report/build_json.hpp"

namespace imip::cli {

namespace {

// ---- what goes in -----------------------------------------------------------------------------

std::string input_name(const std::string& file)
{
  return file == "-" ? "standard input" : file;
}

// An error about the file's content says which file.
tl::unexpected<Error> about_file(const std::string& file, Error error)
{
  if (error.code == Errc::BadCalendar) error.what = cat(input_name(file), ": ", error.what);
  return tl::unexpected<Error>(std::move(error));
}

Result<ical::Component> calendar_in(const std::string& file, const std::string& octets,
                                    const Limits& limits)
{
  const std::string name = input_name(file);
  auto parsed = ical::parse(octets, limits);
  if (!parsed) {
    Error e = parsed.error();
    return err(e.code, cat(name, ": ", e.what), e.hint);
  }
  for (const ical::ParseFinding& f : parsed->findings)
    if (f.fatal)
      return err(Errc::BadCalendar, cat(name, ": ", f.component, f.component.empty() ? "" : " ",
                                        f.property, f.property.empty() ? "" : ": ", f.text));
  return std::move(parsed->calendar);
}

Result<ical::Component> read_base(const std::string& file, const Limits& limits)
{
  IMIP_TRY(const std::string octets, read_input(file, limits));
  return calendar_in(file, octets, limits);
}

// ---- which command ----------------------------------------------------------------------------

constexpr std::array<std::string_view, 8> methods{"request", "publish", "reply",   "add",
                                                  "cancel",  "refresh", "counter", "declinecounter"};

bool is_method(const std::string& word)
{
  return std::find(methods.begin(), methods.end(), word) != methods.end();
}

// METHOD may be left out where --previous or the JSON says it: then the first word is the FILE.
Result<BuildOptions> sorted_out(BuildOptions o)
{
  const bool optional = !o.previous.empty() || o.common.json;
  if (o.method.empty() && !optional) return err(Errc::Usage, "METHOD is missing", "try 'imip build --help'");
  if (!o.method.empty() && !is_method(o.method)) {
    if (!optional || !o.file.empty()) {
      std::string list;
      for (const std::string_view m : methods)
        list += cat(list.empty() ? "" : m == methods.back() ? " or " : ", ", m);
      return err(Errc::Usage, cat("METHOD: '", o.method, "' is not one of the choices: ", list));
    }
    o.file = std::exchange(o.method, std::string());
  }
  if (o.previous.empty()) return o;
  if (!o.method.empty())
    return err(Errc::Usage, "--previous finds the methods itself",
               "imip build --previous OLD.ics NEW.ics");
  if (o.file.empty()) return err(Errc::Usage, "the new version is missing", "--previous OLD.ics NEW.ics");
  if (o.file == "-" && o.previous == "-")
    return err(Errc::Usage, "only one of the two versions can be standard input");
  itip::BuildSpec allowed;
  allowed.comment = o.spec.comment;
  if (!(allowed == o.spec) || !o.attach.empty())
    return err(Errc::Usage, "--previous compares two files: only --comment can be added",
               "change NEW.ics");
  return o;
}

std::string media_type_of(const std::string& file_name)
{
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> types{{
      {".pdf", "application/pdf"},
      {".txt", "text/plain"},
      {".html", "text/html"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},
      {".svg", "image/svg+xml"},
      {".zip", "application/zip"},
      {".odt", "application/vnd.oasis.opendocument.text"},
      {".csv", "text/csv"},
  }};
  const std::string lower = text::ascii_lower(file_name);
  for (const auto& [ending, type] : types)
    if (lower.ends_with(ending)) return std::string(type);
  return "application/octet-stream";
}

// The Content-ID follows from name and content: no clock, no chance.
Result<std::vector<mime::Attachment>> read_attachments(const BuildOptions& options,
                                                       const Limits& limits)
{
  std::vector<mime::Attachment> out;
  std::size_t room = limits.message_bytes;
  for (const std::string& file : options.attach) {
    if (file == "-") return err(Errc::Usage, "--attach: name a file");
    mime::Attachment a;
    IMIP_TRY(a.octets, read_file(file, room));
    room -= a.octets.size();
    a.file_name = std::filesystem::path(file).filename().string();
    if (!text::is_utf8(a.file_name))
      return err(Errc::Usage, cat("--attach: the name of ", file, " is not UTF-8"));
    a.media_type = media_type_of(a.file_name);
    a.content_id = cat(sha256_hex(cat(a.file_name, '\0', a.octets)).substr(0, 32), "@imip.invalid");
    const auto same = [&](const mime::Attachment& b) { return b.content_id == a.content_id; };
    if (std::none_of(out.begin(), out.end(), same)) out.push_back(std::move(a));
  }
  return out;
}

// ---- JSON -------------------------------------------------------------------------------------

// What the flags say goes before what the JSON says.
void lay_flags_over(const itip::BuildSpec& flags, itip::BuildSpec& spec)
{
  using S = itip::BuildSpec;
  for (const auto member :
       {&S::organizer, &S::sent_by, &S::summary, &S::location, &S::description, &S::start, &S::end,
        &S::due, &S::duration, &S::timezone, &S::rrule, &S::uid, &S::recurrence_id, &S::status,
        &S::comment, &S::completed})
    if (!(flags.*member).empty()) spec.*member = flags.*member;
  for (const auto member :
       {&S::attendees, &S::exdates, &S::rdates, &S::freebusy, &S::request_status})
    if (!(flags.*member).empty()) spec.*member = flags.*member;
  for (const auto member : {&S::sequence, &S::priority, &S::percent_complete})
    if (flags.*member) spec.*member = flags.*member;
  if (flags.method != itip::Method::None) spec.method = flags.method;
  if (flags.kind != itip::Kind::None) spec.kind = flags.kind;
  spec.this_and_future = spec.this_and_future || flags.this_and_future;
  spec.attach_cids = flags.attach_cids;
}

struct Input {
  itip::BuildSpec spec;
  std::optional<ical::Component> base;
  bool json = false;
};

Result<Input> read_object(const BuildOptions& options, const itip::BuildSpec& flags,
                          const Limits& limits)
{
  Input out{flags, {}, false};
  if (!options.file.empty()) {
    IMIP_TRY(const std::string octets, read_input(options.file, limits));
    const std::size_t first = octets.find_first_not_of(" \t\r\n");
    out.json = first != std::string::npos && octets[first] == '{';
    if (out.json) {
      auto spec = report::read_build_json(octets);
      if (!spec) return about_file(options.file, spec.error());
      lay_flags_over(flags, *spec);
      out.spec = *std::move(spec);
    } else {
      IMIP_TRY(out.base, calendar_in(options.file, octets, limits));
    }
  }
  if (out.spec.method == itip::Method::None)
    return err(out.json ? Errc::BadCalendar : Errc::Usage,
               out.json ? cat(input_name(options.file), ": method: is missing") : "METHOD is missing",
               "request, publish, reply, ...");
  return out;
}

// ---- what is told -----------------------------------------------------------------------------

// A range as peers without RANGE understand it: the whole series.
Result<ical::Component> expanded(const itip::BuildSpec& spec, const ical::Component& base,
                                 const ical::Component& message, const Limits& limits,
                                 UtcSeconds now)
{
  const ical::Component& object = first_object(message);
  itip::BuildSpec series;
  series.method = itip::Method::Request;
  series.comment = spec.comment;
  const ical::Property* id = object.find("RECURRENCE-ID");
  if (spec.method == itip::Method::Cancel) {
    const ical::Zones zones(message);
    IMIP_TRY(const ical::Time at, zones.time_of(*id));
    IMIP_TRY(const ical::Component shorter, itip::ended_before(base, at));
    series.sequence = std::stoll(*object.value("SEQUENCE"));
    return itip::build_object(series, &shorter, now);
  }
  const bool ranged = id != nullptr && id->parameter("RANGE") != nullptr;
  if (id != nullptr && !ranged) return message;
  ical::Component with = ranged ? base : message;
  if (ranged) {
    std::erase_if(with.components, [&](const ical::Component& c) {
      const ical::Property* other = c.find("RECURRENCE-ID");
      return other != nullptr && other->parameter("RANGE") != nullptr && other->value == id->value;
    });
    with.components.push_back(object);
  }
  IMIP_TRY(const ical::Component listed, itip::without_ranges(with, limits));
  return itip::build_object(series, &listed, now);
}

// What is told, and what the organizer's own copy keeps of it.
struct Telling {
  std::vector<Draft> drafts;
  std::optional<ical::Component> own;  // instead of the first drafts
  std::size_t told_by_own = 0;         // so many
};

Draft draft_of(itip::ChangeMessage message)
{
  return {std::move(message.calendar), {}, std::move(message.to), std::move(message.changes)};
}

// Where a part was told with a higher SEQUENCE than it had, so that it outlives a CANCEL around it.
void take_sequences(const ical::Component& told, ical::Component& own)
{
  const auto same = [](const ical::Component& a, const ical::Component& b) {
    const ical::Property* x = a.find("RECURRENCE-ID");
    const ical::Property* y = b.find("RECURRENCE-ID");
    return a.name == b.name && (x == nullptr) == (y == nullptr) && (x == nullptr || *x == *y);
  };
  if (*told.value("METHOD") != "REQUEST") return;
  for (ical::Component& c : own.components)
    for (const ical::Component& said : told.components)
      if (const ical::Property* sequence = said.find("SEQUENCE");
          sequence != nullptr && same(c, said))
        c.set(*sequence);
}

Result<Draft> draft_of_answer(const itip::BuildSpec& spec, const ical::Component* base,
                              ical::Component calendar)
{
  Draft out;
  IMIP_TRY(out.organizer, itip::organizer_of(spec, base));
  out.to = itip::recipients(calendar);
  if (out.to.empty() && !itip::is_organizer_method(spec.method)) {
    IMIP_TRY(const CalAddress address, CalAddress::parse(out.organizer.value));
    out.to.push_back(itip::Party{address, {}, out.organizer});
  }
  out.calendar = std::move(calendar);
  return out;
}

// One message; of what people are invited to parts of, one for all who are invited to the same
// ones.
Result<Telling> told_of_object(const BuildOptions& options, const itip::BuildSpec& spec,
                               const ical::Component* base, const Limits& limits, UtcSeconds now)
{
  Telling out;
  IMIP_TRY(ical::Component calendar, itip::build_object(spec, base, now));
  const bool ranged = spec.method == itip::Method::Request ||
                      (spec.method == itip::Method::Cancel && spec.this_and_future);
  if (options.expand_range && ranged) {
    if (base == nullptr)
      return err(Errc::Usage, "--expand-range needs the series", "give its .ics");
    IMIP_TRY(calendar, expanded(spec, *base, calendar, limits, now));
  }
  if (*calendar.value("METHOD") == "REQUEST" && options.to.empty()) {
    IMIP_TRY(auto messages, itip::invitations(calendar, spec.comment, now, limits));
    for (itip::ChangeMessage& m : messages) out.drafts.push_back(draft_of(std::move(m)));
    out.told_by_own = out.drafts.size();
    if (out.drafts.size() > 1) {
      for (const Draft& draft : out.drafts) take_sequences(draft.calendar, calendar);
      out.own = std::move(calendar);
    }
    return out;
  }
  IMIP_TRY(Draft draft, draft_of_answer(spec, base, std::move(calendar)));
  out.drafts.push_back(std::move(draft));
  return out;
}

Result<Telling> drafts_of_object(const BuildOptions& options, const itip::BuildSpec& flags,
                                 const Limits& limits, Context& context)
{
  IMIP_TRY(const Input input, read_object(options, flags, limits));
  const ical::Component* base = input.base ? &*input.base : nullptr;
  itip::GuestCancels guests{{}, input.spec};
  if (base != nullptr && options.to.empty()) {
    auto found = itip::cancel_guests(input.spec, *base, context.now, limits);
    if (!found) return about_file(options.file, found.error());
    guests = *std::move(found);
  }
  Telling out;
  if (guests.rest) {
    auto made = told_of_object(options, *guests.rest, base, limits, context.now);
    if (!made && input.json && made.error().code == Errc::BadValue)
      made.error().code = Errc::BadCalendar;
    if (!made) return about_file(options.file, made.error());
    out = *std::move(made);
  }
  for (itip::ChangeMessage& m : guests.messages) out.drafts.push_back(draft_of(std::move(m)));
  const itip::Method method = input.spec.method;
  const bool raises = method == itip::Method::Cancel || method == itip::Method::Add;
  if (base == nullptr && raises && !input.spec.sequence)
    notice(context, cat("the ", itip::method_word(method), " has SEQUENCE 1"),
           "--sequence N, if the event's own is greater than 0");
  return out;
}

Result<ical::Component> listed_in(const ical::Component& calendar, const std::string& file,
                                  const Limits& limits)
{
  auto listed = itip::without_ranges(calendar, limits);
  if (!listed) return about_file(file, listed.error());
  return listed;
}

Result<Telling> drafts_of_change(const BuildOptions& options, const Limits& limits,
                                 Context& context)
{
  IMIP_TRY(ical::Component before, read_base(options.previous, limits));
  IMIP_TRY(ical::Component after, read_base(options.file, limits));
  itip::CompareOptions compare;
  compare.use_range = !options.expand_range;
  compare.comment = options.spec.comment;
  compare.before_name = input_name(options.previous);
  compare.after_name = input_name(options.file);
  if (options.expand_range) {
    IMIP_TRY(before, listed_in(before, options.previous, limits));
    IMIP_TRY(after, listed_in(after, options.file, limits));
  }
  IMIP_TRY(auto messages, itip::compare(before, after, compare, context.now, limits));
  Telling out;
  for (itip::ChangeMessage& m : messages) out.drafts.push_back(draft_of(std::move(m)));
  if (out.drafts.empty())
    notice(context, "nothing changed that others may see: there is nothing to send");
  return out;
}

// The same for one of those who get it, without the other attendees.
Draft only_for(const itip::Party& one, const Draft& draft)
{
  Draft out = draft;
  out.to = {one};
  std::erase_if(out.calendar.components, [&](ical::Component& c) {
    if (c.name == "VTIMEZONE") return false;
    const ical::Property* organizer = c.find("ORGANIZER");
    const auto boss = CalAddress::parse(organizer != nullptr ? organizer->value : "");
    bool listed = false;
    std::erase_if(c.properties, [&](const ical::Property& p) {
      if (p.name != "ATTENDEE") return false;
      const auto address = CalAddress::parse(p.value);
      const bool is_one = address && same_user(*address, one.address);
      listed = listed || is_one;
      return !is_one && !(address && boss && same_user(*address, *boss));
    });
    return !listed;
  });
  return out;
}

Result<std::vector<Draft>> one_each(const BuildOptions& options, const std::vector<Draft>& drafts)
{
  if (!options.to.empty())
    return err(Errc::Usage, "--each writes to the attendees: it does not go with --to");
  std::vector<Draft> out;
  for (const Draft& draft : drafts) {
    const std::string* method = draft.calendar.value("METHOD");
    if (method == nullptr || !itip::is_organizer_method(itip::method_from_word(*method)))
      return err(Errc::Usage, "--each is for what goes to attendees");
    for (const itip::Party& one : draft.to) out.push_back(only_for(one, draft));
  }
  return out;
}

// ---- what comes out ---------------------------------------------------------------------------

Result<void> check_store(const BuildOptions& options, const std::vector<Draft>& drafts)
{
  if (options.common.store.empty()) return {};
  for (const Draft& draft : drafts) {
    const itip::Method method = itip::method_from_word(*draft.calendar.value("METHOD"));
    const std::string& name = first_object(draft.calendar).name;
    if (!itip::is_organizer_method(method) || method == itip::Method::DeclineCounter ||
        (name == "VFREEBUSY" && method != itip::Method::Request))
      return err(Errc::Usage, cat("--store keeps the organizer's own copy: a ",
                                  itip::method_word(method), " of a ", name, " makes none"));
  }
  return {};
}

/// @param message_ids  of the mails, in order; of several with the same message the first one's is remembered
std::vector<OwnMessage> own_messages(const BuildOptions& options, const Telling& told,
                                     const std::vector<std::string>& message_ids)
{
  std::vector<OwnMessage> out;
  std::size_t mail = 0;
  if (told.own)
    out.push_back({*told.own, message_ids.empty() ? std::string() : message_ids.front()});
  for (std::size_t i = 0; i < told.drafts.size(); ++i) {
    const Draft& draft = told.drafts[i];
    if (!told.own || i >= told.told_by_own)
      out.push_back(
          {draft.calendar, mail < message_ids.size() ? message_ids[mail] : std::string()});
    mail += options.each ? draft.to.size() : 1;
  }
  return out;
}

Result<void> check_format(const BuildOptions& options)
{
  if (options.format == "mail") return {};
  if (!options.attach.empty())
    return err(Errc::Usage, "--attach needs a mail: it does not go with --format ics");
  if (!options.outbox.mbox.empty() || !options.outbox.send.empty())
    return err(Errc::Usage, "--mbox and --send need a mail: they do not go with --format ics");
  if (!options.previous.empty() || options.each)
    return err(Errc::Usage, "--previous and --each make mails: they do not go with --format ics");
  return {};
}

}  // namespace

Result<ExitCode> run(const BuildOptions& given, Context& context)
{
  IMIP_TRY(const BuildOptions options, sorted_out(given));
  IMIP_CHECK(check_format(options));
  const Limits limits;
  itip::BuildSpec flags = options.spec;
  flags.method = itip::method_from_word(options.method);
  IMIP_TRY(const std::vector<mime::Attachment> attachments, read_attachments(options, limits));
  for (const mime::Attachment& a : attachments)
    flags.attach_cids.emplace_back(a.content_id, a.file_name);
  IMIP_TRY(const Telling whole, options.previous.empty()
                                    ? drafts_of_object(options, flags, limits, context)
                                    : drafts_of_change(options, limits, context));
  IMIP_CHECK(check_store(options, whole.drafts));
  std::vector<Draft> drafts = whole.drafts;
  if (options.each) {
    IMIP_TRY(drafts, one_each(options, whole.drafts));
  }
  std::vector<Letter> letters;
  std::vector<std::string> message_ids;
  std::string told;
  if (options.format == "mail") {
    for (const Draft& draft : drafts) {
      IMIP_TRY(MadeMail made, make_mail(options, draft, attachments, letters.size() + 1, context));
      told += report::build_json({draft.calendar, made.from, made.to, made.message_id, draft.changes,
                                  !options.common.store.empty()}) +
              '\n';
      message_ids.push_back(std::move(made.message_id));
      letters.push_back(std::move(made.letter));
    }
  }
  IMIP_CHECK(check_outbox(options.outbox, letters.size()));
  // Stored first: a mail that went out without the organizer's copy would bring answers to nothing.
  if (!options.common.store.empty() && !whole.drafts.empty())
    IMIP_CHECK(store_own(own_messages(options, whole, message_ids), options.common, context));
  ExitCode code = ExitCode::Ok;
  if (options.format == "mail") {
    IMIP_TRY(code, post(options.outbox, letters, context));
  } else {
    if (drafts.size() > 1)
      notice(context,
             cat("not everybody is invited to all of it: ", drafts.size(), " mails would say it"),
             "without --format ics");
    const ical::Component& calendar = whole.own ? *whole.own : drafts.front().calendar;
    IMIP_CHECK(write_output(context, options.outbox.output, ical::serialise(calendar)));
  }
  if (options.common.json && code == ExitCode::Ok) context.err << told;
  return code;
}

}  // namespace imip::cli
