#include <algorithm>
#include <array>
#include <filesystem>
#include <ostream>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "cli/build_mail.hpp"
#include "cli/build_text.hpp"
#include "cli/command.hpp"
#include "cli/outbox.hpp"
#include "itip/build.hpp"
#include "mime/compose.hpp"

namespace imip::cli {

namespace {

// ---- what goes in -----------------------------------------------------------------------------

Result<ical::Component> read_base(const std::string& file, const Limits& limits)
{
  const std::string name = file == "-" ? "standard input" : file;
  IMIP_TRY(const std::string octets, read_input(file, limits));
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

// An error about the file's content says which file.
tl::unexpected<Error> about_file(const std::string& file, Error error)
{
  if (error.code == Errc::BadCalendar)
    error.what = cat(file == "-" ? "standard input" : file, ": ", error.what);
  return tl::unexpected<Error>(std::move(error));
}

Result<Draft> draft_of(const BuildOptions& options, const itip::BuildSpec& spec,
                       const Limits& limits, Context& context)
{
  std::optional<ical::Component> base;
  if (!options.file.empty()) {
    IMIP_TRY(base, read_base(options.file, limits));
  }
  const ical::Component* given = base ? &*base : nullptr;
  auto calendar = itip::build_object(spec, given, context.now);
  if (!calendar) return about_file(options.file, calendar.error());
  const bool raises = spec.method == itip::Method::Cancel || spec.method == itip::Method::Add;
  if (given == nullptr && raises && !spec.sequence)
    notice(context, cat("the ", options.method, " has SEQUENCE 1"),
           "--sequence N, if the event's own is greater than 0");
  Draft out;
  IMIP_TRY(out.organizer, itip::organizer_of(spec, given));
  out.to = itip::recipients(*calendar);
  if (out.to.empty() && !itip::is_organizer_method(spec.method)) {
    IMIP_TRY(const CalAddress address, CalAddress::parse(out.organizer.value));
    out.to.push_back(itip::Party{address, {}, out.organizer});
  }
  out.calendar = *std::move(calendar);
  return out;
}

Result<void> check_store(const BuildOptions& options, const Draft& draft)
{
  if (options.common.store.empty()) return {};
  const itip::Method method = itip::method_from_word(options.method);
  const bool kept = itip::is_organizer_method(method) && method != itip::Method::DeclineCounter;
  if (kept && first_object(draft.calendar).name != "VFREEBUSY") return {};
  return err(Errc::Usage, cat("--store keeps the organizer's own copy: a ",
                              itip::method_word(method), " of a ", first_object(draft.calendar).name,
                              " makes none"));
}

Result<void> check_format(const BuildOptions& options)
{
  if (options.format == "mail") return {};
  if (!options.attach.empty())
    return err(Errc::Usage, "--attach needs a mail: it does not go with --format ics");
  if (!options.outbox.mbox.empty() || !options.outbox.send.empty())
    return err(Errc::Usage, "--mbox and --send need a mail: they do not go with --format ics");
  return {};
}

}  // namespace

Result<ExitCode> run(const BuildOptions& options, Context& context)
{
  IMIP_CHECK(check_format(options));
  const Limits limits;
  itip::BuildSpec spec = options.spec;
  spec.method = itip::method_from_word(options.method);
  IMIP_TRY(const std::vector<mime::Attachment> attachments, read_attachments(options, limits));
  for (const mime::Attachment& a : attachments)
    spec.attach_cids.emplace_back(a.content_id, a.file_name);
  IMIP_TRY(const Draft draft, draft_of(options, spec, limits, context));
  IMIP_CHECK(check_store(options, draft));
  std::vector<Letter> letters;
  if (options.format == "mail") {
    IMIP_TRY(MadeMail made, make_mail(options, draft, attachments, letters.size() + 1, context));
    letters.push_back(std::move(made.letter));
  }
  IMIP_CHECK(check_outbox(options.outbox, letters.size()));
  // Stored first: a mail that went out without the organizer's copy would bring answers to nothing.
  if (!options.common.store.empty())
    IMIP_CHECK(store_own(draft.calendar, options.common, context));
  if (options.format == "mail") return post(options.outbox, letters, context);
  IMIP_CHECK(write_output(context, options.outbox.output, ical::serialise(draft.calendar)));
  return ExitCode::Ok;
}

}  // namespace imip::cli
