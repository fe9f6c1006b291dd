#include <algorithm>
#include <array>
#include <filesystem>
#include <ostream>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
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

const ical::Component& first_event(const ical::Component& calendar)
{
  return *std::find_if(calendar.components.begin(), calendar.components.end(),
                       [](const ical::Component& c) { return c.name == "VEVENT"; });
}

// ---- the mail's header ------------------------------------------------------------------------

std::string common_name(const ical::Property& party)
{
  const std::string* cn = party.parameter("CN");
  return cn != nullptr ? *cn : std::string();
}

Result<CalAddress> mail_address(std::string_view what, const std::string& given)
{
  auto address = given.find(':') == std::string::npos ? CalAddress::from_mailbox(given)
                                                      : CalAddress::parse(given);
  if (!address)
    return err(Errc::BadValue, cat(what, ": ", address.error().what), address.error().hint);
  if (address->scheme() != "mailto")
    return err(Errc::BadValue, cat(what, ": ", given, " is no mail address"));
  return address;
}

// From is whoever sends: --from, else who acts for the organizer, else the organizer. Where the
// object names a proxy and the mail is from another, the proxy is the Sender (RFC 5322 section
// 3.6.2; RFC 6047 section 2.2.1 leaves From to the calendar user).
Result<void> set_senders(const BuildOptions& options, const ical::Property& organizer,
                         mime::OutgoingMail& mail)
{
  IMIP_TRY(const CalAddress boss, mail_address("ORGANIZER", organizer.value));
  std::optional<CalAddress> proxy;
  if (const std::string* uri = organizer.parameter("SENT-BY")) {
    IMIP_TRY(proxy, mail_address("SENT-BY", *uri));
  }
  CalAddress from = proxy ? *proxy : boss;
  if (!options.from.empty()) {
    IMIP_TRY(from, mail_address("--from", options.from));
  }
  mail.from = {same_user(from, boss) ? common_name(organizer) : std::string(), from.mailbox()};
  if (proxy && !same_user(*proxy, from)) mail.sender = mime::Mailbox{{}, proxy->mailbox()};
  return {};
}

Result<void> set_recipients(const BuildOptions& options, const ical::Component& calendar,
                            mime::OutgoingMail& mail, Context& context)
{
  for (const std::string& to : options.to) {
    IMIP_TRY(const CalAddress address, mail_address("--to", to));
    mail.to.push_back({{}, address.mailbox()});
  }
  if (!options.to.empty()) return {};
  for (const itip::Party& party : itip::recipients(calendar)) {
    if (party.address.scheme() == "mailto") {
      mail.to.push_back({common_name(party.property), party.address.mailbox()});
    } else {
      notice(context, cat(party.address.uri(), " is no mail address: tell them in another way"));
    }
  }
  if (mail.to.empty())
    return err(Errc::Usage, "there is nobody to send this to",
               "name somebody: --to ADDRESS; or make no mail: --format ics");
  return {};
}

Result<std::string> message_id(const BuildOptions& options, const mime::Mailbox& from)
{
  std::string id = options.message_id;
  if (id.empty()) return cat(random_hex(16), from.address.substr(from.address.rfind('@')));
  if (id.size() > 2 && id.front() == '<' && id.back() == '>') id = id.substr(1, id.size() - 2);
  const auto odd = [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u <= 0x20 || u >= 0x7F || c == '<' || c == '>' || c == ',';
  };
  if (std::count(id.begin(), id.end(), '@') != 1 || id.front() == '@' || id.back() == '@' ||
      std::any_of(id.begin(), id.end(), odd))
    return err(Errc::Usage,
               cat("--message-id: '", options.message_id, "' is no message identifier"),
               "write something@example.com");
  return id;
}

std::string_view file_name_of(itip::Method method)
{
  if (method == itip::Method::Cancel) return "cancel.ics";
  return method == itip::Method::Publish ? "event.ics" : "invite.ics";
}

Result<Letter> mail_of(const BuildOptions& options, const ical::Component& calendar,
                            std::vector<mime::Attachment> attachments, Context& context)
{
  const ical::Component& event = first_event(calendar);
  const itip::Method method = itip::method_from_word(options.method);
  mime::OutgoingMail mail;
  IMIP_CHECK(set_senders(options, *event.find("ORGANIZER"), mail));
  IMIP_CHECK(set_recipients(options, calendar, mail, context));
  mail.subject = build_subject(method, event);
  mail.date = context.now;
  IMIP_TRY(mail.message_id, message_id(options, mail.from));
  mail.text = build_text(method, calendar);
  mail.calendar = ical::serialise(calendar);
  mail.method = itip::method_word(method);
  mail.component = event.name;
  mail.calendar_file_name = file_name_of(method);
  mail.attachments = std::move(attachments);
  mail.boundary_seed = options.boundary_seed.empty() ? mail.message_id : options.boundary_seed;
  if (options.common.verbose) {
    notice(context, cat("the event is ", event.text("UID")));
    for (const mime::Mailbox& to : mail.to) notice(context, cat("to ", to.address));
  }
  IMIP_TRY(std::string octets, mime::compose(mail));
  return Letter{std::move(octets), mail.from.address, mail.date};
}

Result<ical::Component> object_of(const BuildOptions& options, const itip::BuildSpec& spec,
                                  const Limits& limits, Context& context)
{
  if (options.file.empty()) {
    auto calendar = itip::build_object(spec, nullptr, context.now);
    if (calendar && spec.method == itip::Method::Cancel && !spec.sequence)
      notice(context, "the cancellation has SEQUENCE 1",
             "--sequence N, if the event's own is greater than 0");
    return calendar;
  }
  IMIP_TRY(const ical::Component base, read_base(options.file, limits));
  auto calendar = itip::build_object(spec, &base, context.now);
  if (!calendar && calendar.error().code == Errc::BadCalendar)
    calendar.error().what =
        cat(options.file == "-" ? "standard input" : options.file, ": ", calendar.error().what);
  return calendar;
}

}  // namespace

Result<ExitCode> run(const BuildOptions& options, Context& context)
{
  const bool as_mail = options.format == "mail";
  if (!as_mail && !options.attach.empty())
    return err(Errc::Usage, "--attach needs a mail: it does not go with --format ics");
  if (!as_mail && !(options.outbox.mbox.empty() && options.outbox.send.empty()))
    return err(Errc::Usage, "--mbox and --send need a mail: they do not go with --format ics");
  const Limits limits;
  itip::BuildSpec spec = options.spec;
  spec.method = itip::method_from_word(options.method);
  IMIP_TRY(std::vector<mime::Attachment> attachments, read_attachments(options, limits));
  for (const mime::Attachment& a : attachments)
    spec.attach_cids.emplace_back(a.content_id, a.file_name);
  IMIP_TRY(const ical::Component calendar, object_of(options, spec, limits, context));
  std::vector<Letter> letters;
  if (as_mail) {
    IMIP_TRY(Letter letter, mail_of(options, calendar, std::move(attachments), context));
    letters.push_back(std::move(letter));
  }
  IMIP_CHECK(check_outbox(options.outbox, letters.size()));
  // Stored first: a mail that went out without the organizer's copy would bring answers to nothing.
  if (!options.common.store.empty()) IMIP_CHECK(store_own(calendar, options.common, context));
  if (as_mail) return post(options.outbox, letters, context);
  IMIP_CHECK(write_output(context, options.outbox.output, ical::serialise(calendar)));
  return ExitCode::Ok;
}

}  // namespace imip::cli
