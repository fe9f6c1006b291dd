#include "cli/answer_mail.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "cli/build_mail.hpp"
#include "cli/build_text.hpp"

namespace imip::cli {

namespace {

/// The name under which the object lists somebody.
std::string name_in(const ical::Component& calendar, const CalAddress& who)
{
  for (const ical::Component& c : calendar.components) {
    for (const ical::Property& p : c.properties) {
      if (p.name != "ORGANIZER" && p.name != "ATTENDEE") continue;
      const auto address = CalAddress::parse(p.value);
      const std::string* name = p.parameter("CN");
      if (name != nullptr && address && same_user(*address, who)) return *name;
    }
  }
  return {};
}

/// A stranger's Message-ID goes into our header only if it can be nothing else (RFC 5322 section 3.6.4).
bool is_usable_id(const std::string& id)
{
  constexpr std::size_t longest = 900;  // a line may have 998 octets
  return !id.empty() && id.size() <= longest &&
         std::all_of(id.begin(), id.end(),
                     [](char c) { return c > ' ' && c < 0x7f && c != '<' && c != '>'; });
}

}  // namespace

Result<mime::OutgoingMail> answer_mail(const AnswerDraft& draft, const pipeline::JudgedPart& answered)
{
  mime::OutgoingMail mail;
  const ical::Component& object = first_object(draft.calendar);
  const itip::Method method = itip::method_from_word(draft.calendar.text("METHOD"));
  mail.from = {name_in(draft.calendar, draft.from), draft.from.mailbox()};
  for (const CalAddress& to : draft.to) {
    if (to.scheme() == "mailto") mail.to.push_back({name_in(draft.calendar, to), to.mailbox()});
  }
  if (mail.to.empty())
    return err(Errc::Refused, "there is no mail address that this could go to",
               draft.to.empty() ? std::string{} : cat("tell ", draft.to.front().uri(), " in another way"));
  mail.subject =
      answered.encrypted ? subject_without_title(draft.calendar) : build_subject(draft.calendar);
  mail.calendar = ical::serialise(draft.calendar);
  const std::string seed = sha256_hex(mail.calendar);
  const std::string* stamp = object.value("DTSTAMP");
  IMIP_TRY(mail.date, parse_instant(stamp != nullptr ? *stamp : std::string{}));
  mail.message_id = draft.message_id.empty() ? cat(seed.substr(0, 32), "@", draft.from.domain())
                                             : draft.message_id;
  if (is_usable_id(answered.envelope->message_id)) {
    mail.in_reply_to = cat('<', answered.envelope->message_id, '>');
    mail.references = mail.in_reply_to;
  }
  mail.auto_submitted = draft.unasked;
  mail.text = draft.lead + build_text(draft.calendar, {});
  mail.method = itip::method_word(method);
  mail.component = object.name;
  mail.calendar_file_name = calendar_file_name(method, object);
  mail.boundary_seed = draft.boundary_seed.empty() ? seed : draft.boundary_seed;
  return mail;
}

Result<Letter> letter_of(const mime::OutgoingMail& mail, const AnswerProtection& how, Context& context)
{
  IMIP_TRY(auto octets, mime::compose(mail));
  if (how.sign) {
    IMIP_TRY(octets, sign_mail(SignRequest{std::move(octets), how.keys, how.common, how.policy,
                                           how.protect, mail.boundary_seed},
                               context));
  } else if (!how.protect.encrypt_to.empty()) {
    return err(Errc::Usage, "--encrypt-to goes with --sign: what is encrypted is signed first");
  }
  return Letter{std::move(octets), mail.from.address, mail.date};
}

report::AnswerMail told_mail(const mime::OutgoingMail& mail)
{
  report::AnswerMail out{mail.method, mail.from.address, mail.message_id, {}};
  for (const mime::Mailbox& to : mail.to) out.to.push_back(to.address);
  return out;
}

}  // namespace imip::cli
