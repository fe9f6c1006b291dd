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
#include "cli/build_drafts.hpp"
#include "cli/build_mail.hpp"
#include "cli/build_text.hpp"
#include "cli/command.hpp"
#include "cli/outbox.hpp"
#include "itip/build.hpp"
#include "mime/compose.hpp"
#include "report/build_json.hpp"

namespace imip::cli {

namespace {

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
    const auto posted = post(options.outbox, letters, context);
    const bool stored = !options.common.store.empty() && !message_ids.empty();
    if (stored && (!posted || *posted != ExitCode::Ok))
      notice(context, "the calendar has the change, and not everybody was told of it",
             cat("'imip retract ", message_ids.front(),
                 message_ids.size() > 1 ? "' and so on for each mail takes it back"
                                        : "' takes it back",
                 "; or build it again from what was there before"));
    IMIP_TRY(code, posted);
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
