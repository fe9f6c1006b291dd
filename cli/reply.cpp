#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ostream>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "cli/judging.hpp"
#include "cli/passphrase.hpp"
#include "crypto/gpgsm.hpp"
#include "ical/time.hpp"
#include "mime/compose.hpp"
#include "report/event_text.hpp"
#include "report/json.hpp"

namespace imip::cli {

namespace {

itip::PartStat partstat_of(const std::string& answer)
{
  if (answer == "accept") return itip::PartStat::Accepted;
  if (answer == "tentative") return itip::PartStat::Tentative;
  return itip::PartStat::Declined;
}

std::string_view answer_word(itip::PartStat partstat)
{
  switch (partstat) {
    case itip::PartStat::Accepted:
      return "Accepted";
    case itip::PartStat::Tentative:
      return "Tentative";
    default:
      return "Declined";
  }
}

/// --instance: a WHEN in the event's own zone unless it names another.
Result<std::optional<ical::Time>> instance_of(const std::string& when, const itip::Message& message)
{
  if (when.empty()) return std::optional<ical::Time>{};
  const ical::Zones zones(message.calendar);
  std::string zone;
  if (const auto* start = message.components.front().component.find("DTSTART")) {
    if (const auto* tzid = start->parameter("TZID")) zone = *tzid;
    const auto time = zones.time_of(*start);
    if (time && time->kind == ical::TimeKind::Date && when.find('T') != std::string::npos)
      return err(Errc::Usage, cat("--instance ", when, ": the event has days, not times"),
                 cat("write ", when.substr(0, when.find('T'))));
  }
  IMIP_TRY(const auto property, ical::when_property("RECURRENCE-ID", when, zone));
  IMIP_TRY(auto time, zones.time_of(property));
  return std::optional<ical::Time>{std::move(time)};
}

bool is_recipient(const mime::Envelope& envelope, const CalAddress& own)
{
  const auto names = [&](const std::vector<std::string>& field) {
    return std::any_of(field.begin(), field.end(), [&](const std::string& mailbox) {
      const auto address = CalAddress::from_mailbox(mailbox);
      return address && same_user(*address, own);
    });
  };
  return names(envelope.to) || names(envelope.cc);
}

/// Which own address answers: --as, else the one that is invited, else of several that are invited the one that the
/// mail went to; empty: none is invited under its own name.
Result<CalAddress> own_address(const ReplyOptions& options, const pipeline::JudgedPart& part,
                               const itip::Owner& owner)
{
  if (!options.as.empty()) {
    IMIP_TRY(auto as, CalAddress::from_mailbox(options.as));
    if (!owner.is(as))
      return err(Errc::Usage, cat("--as ", options.as, ": not one of your addresses"),
                 "[me] addresses, [[alias]] or --me name them");
    return as;
  }
  std::vector<CalAddress> invited;
  for (const auto& attendee : part.message()->components.front().attendees)
    if (owner.is(attendee.address)) invited.push_back(attendee.address);
  if (invited.size() > 1) {
    std::vector<CalAddress> addressed;
    for (const auto& own : invited)
      if (is_recipient(part.envelope, own)) addressed.push_back(own);
    if (addressed.size() != 1)
      return err(Errc::Usage, cat(invited.size(), " of your addresses are invited"),
                 cat("say which one answers: --as ", text::shell_quote(invited.front().mailbox())));
    return addressed.front();
  }
  return invited.empty() ? CalAddress{} : invited.front();
}

Result<itip::Answer> answer_of(const ReplyOptions& options, const pipeline::JudgedPart& part,
                               const itip::Owner& owner)
{
  const itip::Message& message = *part.message();
  itip::Answer answer;
  answer.partstat = partstat_of(options.answer);
  answer.comment = options.comment;
  IMIP_TRY(answer.instance, instance_of(options.instance, message));
  IMIP_TRY(answer.as, own_address(options, part, owner));
  return answer;
}

std::string name_of(const ical::Property* party)
{
  const std::string* name = party != nullptr ? party->parameter("CN") : nullptr;
  return name != nullptr ? *name : std::string{};
}

std::string text_of(const ical::Component& calendar, const ical::Component& event,
                    const itip::Answer& answer, const std::string& from)
{
  const report::EventText words = report::describe(ical::Zones(calendar), event, "UTC");
  std::string text =
      cat(from, " answers: ", answer_word(answer.partstat), "\n\n", words.summary, '\n');
  for (const auto& line : words.when) text += cat(line, '\n');
  if (answer.instance) text += cat("Only the occurrence at ", answer.instance->local, ".\n");
  if (!answer.comment.empty()) text += cat('\n', answer.comment, '\n');
  return text;
}

/// A stranger's Message-ID goes into our header only if it can be nothing else (RFC 5322 section 3.6.4).
bool is_usable_id(const std::string& id)
{
  constexpr std::size_t longest = 900;  // a line may have 998 octets
  return !id.empty() && id.size() <= longest &&
         std::all_of(id.begin(), id.end(),
                     [](char c) { return c > ' ' && c < 0x7f && c != '<' && c != '>'; });
}

/// The same answer makes the same mail: the identifier and the date come from the reply itself.
Result<mime::OutgoingMail> mail_of(const ReplyOptions& options, const itip::AnswerPlan& planned,
                                   const pipeline::JudgedPart& part, const itip::Answer& answer)
{
  mime::OutgoingMail mail;
  const ical::Component& event = [&]() -> const ical::Component& {
    for (const auto& component : planned.reply.components)
      if (component.name != "VTIMEZONE") return component;
    return planned.reply;
  }();
  mail.from = {name_of(event.find("ATTENDEE")), planned.from.mailbox()};
  mail.to = {{name_of(event.find("ORGANIZER")), planned.to.mailbox()}};
  mail.subject = answer_word(answer.partstat);
  if (!part.encrypted) mail.subject += cat(": ", event.text("SUMMARY"));  // it is never encrypted
  for (char& c : mail.subject)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  mail.calendar = ical::serialise(planned.reply);
  const std::string seed = sha256_hex(mail.calendar);
  const std::string* stamp = event.value("DTSTAMP");
  IMIP_TRY(mail.date, parse_instant(stamp != nullptr ? *stamp : std::string{}));
  mail.message_id = options.message_id.empty() ? cat(seed.substr(0, 32), "@", planned.from.domain())
                                               : options.message_id;
  if (is_usable_id(part.envelope.message_id)) {
    mail.in_reply_to = cat('<', part.envelope.message_id, '>');
    mail.references = mail.in_reply_to;
  }
  mail.text = text_of(planned.reply, event, answer, planned.from.mailbox());
  mail.method = "REPLY";
  mail.component = event.name;
  mail.calendar_file_name = "reply.ics";
  mail.boundary_seed = options.boundary_seed.empty() ? seed : options.boundary_seed;
  return mail;
}

Result<std::string> octets_of(const ReplyOptions& options, const Bench& bench,
                              const mime::OutgoingMail& mail, Context& context)
{
  IMIP_TRY(auto octets, mime::compose(mail));
  if (!options.sign) {
    if (!options.protect.encrypt_to.empty())
      return err(Errc::Usage, "--encrypt-to goes with --sign: what is encrypted is signed first");
    return octets;
  }
  return sign_mail(SignRequest{std::move(octets), options.keys, options.common,
                               bench.judge.policy(), options.protect, mail.boundary_seed},
                   context);
}

Result<pipeline::JudgedPart> the_part(const ReplyOptions& options, const Bench& bench)
{
  if (options.input.files.size() > 1)
    return err(Errc::Usage, "one message at a time: an answer is one mail",
               "call imip reply once for each");
  const std::string file = options.input.files.empty() ? "-" : options.input.files.front();
  IMIP_TRY(auto octets, read_input(file, bench.judge.policy().limits));
  IMIP_TRY(auto parts, bench.judge.examine(std::move(octets), file));
  std::vector<pipeline::JudgedPart> chosen;
  for (auto& part : parts)
    if (options.input.part.empty() || part.part == options.input.part)
      chosen.push_back(std::move(part));
  if (chosen.size() == 1) return std::move(chosen.front());
  if (chosen.empty())
    return err(Errc::NothingToJudge, cat("no iMIP calendar part ", options.input.part));
  return err(Errc::Usage, cat("the message has ", chosen.size(), " calendar parts"),
             cat("choose one: --part ", chosen.front().part));
}

pipeline::Consent reply_consent(const ReplyOptions& options, const Context& context)
{
  pipeline::Consent consent;
  if (options.yes) {
    consent.everything = options.yes->empty();
    consent.reasons = *options.yes;
  } else {
    consent.ask = terminal_question(context);
  }
  return consent;
}

void tell_what_is_answered(const ReplyOptions& options, const pipeline::PlannedAnswer& planned,
                           const pipeline::JudgedPart& part, Context& context)
{
  if (!options.no_store && !part.stored && !planned.answer.plan.octets)
    print_error(context, Error{Errc::Refused,
                               "notice: you deleted this event; the answer goes out, and the event stays deleted",
                               {}});
  if (planned.message_outcome == itip::Outcome::Obsolete && !options.exact)
    print_error(context,
                Error{Errc::Refused,
                      "notice: the calendar holds a newer revision, and that is what is answered",
                      "--exact answers the message as it is"});
  if (part.encrypted && options.protect.encrypt_to.empty())
    print_error(context, Error{Errc::Refused,
                               "notice: the invitation was encrypted, and this answer is not",
                               "--sign --encrypt-to encrypts it"});
}

}  // namespace

Result<ExitCode> run(const ReplyOptions& options, Context& context)
{
  if (options.sign) crypto::expect_gpgsm();  // before gpg looks at the message
  IMIP_CHECK(check_passphrase(options.keys, options.input.files));
  IMIP_TRY(auto bench,
           set_up(options.common, options.keys, options.no_store ? Needs::Nothing : Needs::Calendar, context));
  if (bench.judge.policy().owner.addresses.empty())
    return err(Errc::Config, "who answers?", "say --me ADDRESS, or [me] addresses in the policy");
  IMIP_TRY(auto part, the_part(options, bench));
  if (part.message() == nullptr)
    return err(Errc::Refused, part.evidence.refusals.empty() ? std::string{"not an iTIP message"}
                                                             : part.evidence.refusals.front().text);
  IMIP_TRY(const auto answer, answer_of(options, part, bench.judge.policy().owner));
  const pipeline::Calendar* calendar =
      bench.calendar && !options.no_store ? &*bench.calendar : nullptr;
  const auto consent = reply_consent(options, context);
  IMIP_TRY(auto planned,
           pipeline::plan_reply(bench.judge, calendar, part, consent, answer, options.exact));
  const policy::Verdict verdict = part.decision.verdict;
  IMIP_TRY(const auto mail, mail_of(options, planned.answer, part, answer));
  IMIP_TRY(const auto octets, octets_of(options, bench, mail, context));
  tell_what_is_answered(options, planned, part, context);
  // Planned again under the lock: if anything moved meanwhile, nothing is sent and nothing stored.
  if (calendar != nullptr) {
    IMIP_TRY(const auto lock, bench.calendar->lock());
    pipeline::Consent agreed;
    agreed.everything = true;
    IMIP_TRY(auto now_planned,
             pipeline::plan_reply(bench.judge, calendar, part, agreed, answer, options.exact));
    if (now_planned.answer.reply != planned.answer.reply || part.decision.verdict != verdict)
      return err(Errc::TryAgain, "the calendar changed while the answer was made", "run it again");
    IMIP_CHECK(write_output(context, options.output, octets));
    errno = 0;
    context.out.flush();
    if (!context.out)
      return err(Errc::Io, cat("standard output: ", std::strerror(errno != 0 ? errno : EIO),
                               "; nothing was stored"));
    const auto& plan = now_planned.answer.plan;
    IMIP_CHECK(bench.calendar->carry_out(plan, lock,
                                         pipeline::journal_entry(part, plan, bench.judge.now())));
  } else {
    IMIP_CHECK(write_output(context, options.output, octets));
  }
  if (options.common.json)
    context.err << report::reply_json(part, planned.answer, mail.message_id, calendar != nullptr)
                << '\n';
  return ExitCode::Ok;
}

}  // namespace imip::cli
