#include "cli/build_mail.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/limits.hpp"
#include "cli/build_text.hpp"

namespace imip::cli {

namespace {

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

itip::Method method_of(const ical::Component& calendar)
{
  const std::string* word = calendar.value("METHOD");
  return itip::method_from_word(word != nullptr ? *word : "");
}

// Who speaks: the organizer, or the attendee who answers.
Result<ical::Property> speaker_of(const Draft& draft)
{
  const ical::Component& object = first_object(draft.calendar);
  const bool organizer = itip::is_organizer_method(method_of(draft.calendar));
  const ical::Property* party = object.find(organizer ? "ORGANIZER" : "ATTENDEE");
  if (party == nullptr) return err(Errc::Internal, "a message that nobody sends");
  return *party;
}

// From is whoever sends: --from, else who acts for the calendar user, else she herself. Where the
// object names a proxy and the mail is from another, the proxy is the Sender (RFC 5322 section
// 3.6.2; RFC 6047 section 2.2.1 leaves From to the calendar user).
Result<void> set_senders(const BuildOptions& options, const ical::Property& party,
                         mime::OutgoingMail& mail)
{
  IMIP_TRY(const CalAddress user, mail_address(party.name, party.value));
  std::optional<CalAddress> proxy;
  if (const std::string* uri = party.parameter("SENT-BY")) {
    IMIP_TRY(proxy, mail_address("SENT-BY", *uri));
  }
  CalAddress from = proxy ? *proxy : user;
  if (!options.from.empty()) {
    IMIP_TRY(from, mail_address("--from", options.from));
  }
  mail.from = {same_user(from, user) ? common_name(party) : std::string(), from.mailbox()};
  if (proxy && !same_user(*proxy, from)) mail.sender = mime::Mailbox{{}, proxy->mailbox()};
  return {};
}

Result<void> set_recipients(const BuildOptions& options, const Draft& draft,
                            mime::OutgoingMail& mail, Context& context)
{
  // Of what changed the readers get only what is published: the rest is for whom it concerns.
  const bool readers = options.previous.empty() || draft.to.empty();
  for (const std::string& to : readers ? options.to : std::vector<std::string>{}) {
    IMIP_TRY(const CalAddress address, mail_address("--to", to));
    mail.to.push_back({{}, address.mailbox()});
  }
  if (!mail.to.empty()) return {};
  for (const itip::Party& party : draft.to) {
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

Result<std::string> message_id(const BuildOptions& options, std::size_t number,
                               const mime::Mailbox& from)
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
  if (number > 1) id.insert(id.find('@'), cat('.', number));
  return id;
}

}  // namespace

std::string_view calendar_file_name(itip::Method method, const ical::Component& object)
{
  switch (method) {
    case itip::Method::Request:
      return object.name == "VFREEBUSY" ? "freebusy.ics" : "invite.ics";
    case itip::Method::Reply:
      return "reply.ics";
    case itip::Method::Cancel:
      return "cancel.ics";
    case itip::Method::Add:
      return "add.ics";
    case itip::Method::Refresh:
      return "refresh.ics";
    case itip::Method::Counter:
    case itip::Method::DeclineCounter:
      return "counter.ics";
    case itip::Method::None:
    case itip::Method::Publish:
      break;
  }
  if (object.name == "VFREEBUSY") return "freebusy.ics";
  return object.name == "VEVENT" ? "event.ics" : object.name == "VTODO" ? "task.ics" : "journal.ics";
}

Result<MadeMail> make_mail(const BuildOptions& options, const Draft& draft,
                           const std::vector<mime::Attachment>& attachments, std::size_t number,
                           Context& context)
{
  const ical::Component& object = first_object(draft.calendar);
  const itip::Method method = method_of(draft.calendar);
  mime::OutgoingMail mail;
  IMIP_TRY(const ical::Property speaker, speaker_of(draft));
  IMIP_CHECK(set_senders(options, speaker, mail));
  IMIP_CHECK(set_recipients(options, draft, mail, context));
  mail.subject = build_subject(draft.calendar);
  mail.date = context.now;
  IMIP_TRY(mail.message_id, message_id(options, number, mail.from));
  mail.text = build_text(draft.calendar, draft.changes);
  mail.calendar = ical::serialise(draft.calendar);
  mail.method = itip::method_word(method);
  mail.component = object.name;
  mail.calendar_file_name = calendar_file_name(method, object);
  mail.attachments = attachments;
  mail.boundary_seed = options.boundary_seed.empty() ? mail.message_id : options.boundary_seed;
  if (options.common.verbose) {
    notice(context, cat("the object is ", object.text("UID")));
    for (const mime::Mailbox& to : mail.to) notice(context, cat("to ", to.address));
  }
  std::size_t octets = 0;
  for (const mime::Mailbox& to : mail.to) octets += to.name.size() + to.address.size() + 6;
  if (octets > Limits{}.header_field_bytes)
    notice(context,
           cat("the mail names ", mail.to.size(),
               " recipients: many programs refuse a header field of that size"),
           "--each, or --to a list");
  MadeMail out;
  IMIP_TRY(out.letter.octets, mime::compose(mail));
  out.letter.sender = mail.from.address;
  out.letter.date = mail.date;
  out.from = mail.from.address;
  for (const mime::Mailbox& to : mail.to) out.to.push_back(to.address);
  out.message_id = mail.message_id;
  return out;
}

}  // namespace imip::cli
