#include <algorithm>
#include <ostream>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "cli/answer_mail.hpp"
#include "cli/judging.hpp"
#include "cli/passphrase.hpp"
#include "crypto/gpgsm.hpp"
#include "ical/time.hpp"
#include "itip/build.hpp"
#include "pipeline/conflicts.hpp"
#include "pipeline/held.hpp"
#include "report/text.hpp"

namespace imip::cli {

namespace {

// ---- the flags ----------------------------------------------------------------------------------

Result<void> check_flags(const ReplyOptions& o)
{
  const itip::Proposal& p = o.proposal;
  const bool proposes = !(p.start.empty() && p.end.empty() && p.due.empty() && p.duration.empty() &&
                          p.location.empty() && p.summary.empty());
  if (o.answer == "counter" && !proposes)
    return err(Errc::Usage, "what do you propose?",
               "say it with --start, --end, --due, --duration, --location or --summary");
  if (o.answer != "counter" && (proposes || !p.timezone.empty()))
    return err(Errc::Usage, cat("times, places and titles are for 'imip reply counter', not for ", o.answer));
  if ((o.answer == "delegate") != !o.to.empty())
    return o.to.empty() ? err(Errc::Usage, "to whom is it delegated?", "--to ADDRESS says so")
                        : err(Errc::Usage, cat("--to is for 'imip reply delegate', not for ", o.answer));
  if (o.answer != "accept" && (o.percent_complete || !o.completed.empty()))
    return err(Errc::Usage, cat("--percent-complete and --completed go with accept, not with ", o.answer));
  if (o.this_and_future && o.instance.empty())
    return err(Errc::Usage, "--this-and-future needs the first one", "--instance WHEN says which it is");
  if (o.this_and_future && o.answer == "refresh")
    return err(Errc::Usage, "a REFRESH is about one repetition, or about all",
               "leave --this-and-future out");
  return {};
}

itip::PartStat partstat_of(const std::string& answer)
{
  if (answer == "accept") return itip::PartStat::Accepted;
  if (answer == "tentative") return itip::PartStat::Tentative;
  if (answer == "delegate") return itip::PartStat::Delegated;
  return answer == "decline" ? itip::PartStat::Declined : itip::PartStat::NeedsAction;
}

itip::Method method_of(const std::string& answer)
{
  if (answer == "counter") return itip::Method::Counter;
  return answer == "refresh" ? itip::Method::Refresh : itip::Method::Reply;
}

/// A WHEN in the event's own zone unless it names another.
Result<std::optional<ical::Time>> time_of(std::string_view flag, std::string_view name,
                                          const std::string& when, const itip::Message& message)
{
  if (when.empty()) return std::optional<ical::Time>{};
  const ical::Zones zones(message.calendar);
  const auto property =
      itip::when_of(flag, name, when, message.calendar, message.components.front().component);
  if (!property) return err(Errc::Usage, property.error().what, property.error().hint);
  IMIP_TRY(auto time, zones.time_of(*property));
  return std::optional<ical::Time>{std::move(time)};
}

Result<std::optional<ical::Time>> instance_of(const std::string& when, const itip::Message& message)
{
  const bool adds = message.method == itip::Method::Add && when.empty();
  if (adds && message.components.size() > 1)
    return err(Errc::Usage, cat("the message adds ", message.components.size(), " repetitions"),
               "--instance WHEN says which one is answered");
  if (adds) return std::optional<ical::Time>{message.components.front().scope.at};
  const ical::Zones zones(message.calendar);
  if (const auto* start = message.components.front().component->find("DTSTART")) {
    const auto time = zones.time_of(*start);
    if (time && time->kind == ical::TimeKind::Date && when.find('T') != std::string::npos)
      return err(Errc::Usage, cat("--instance ", when, ": the event has days, not times"),
                 cat("write ", when.substr(0, when.find('T'))));
    IMIP_TRY(const auto at, time_of("--instance", "RECURRENCE-ID", when, message));
    if (time && at && time->kind == ical::TimeKind::Floating && at->kind == ical::TimeKind::Utc)
      return err(Errc::Usage, cat("--instance ", when, ": the event has no time zone"),
                 "write 2027-01-04T10:00");
    return at;
  }
  return time_of("--instance", "RECURRENCE-ID", when, message);
}

Result<std::optional<UtcSeconds>> completed_of(const std::string& when, const itip::Message& message)
{
  IMIP_TRY(const auto time, time_of("--completed", "COMPLETED", when, message));
  if (!time) return std::optional<UtcSeconds>{};
  if (time->kind != ical::TimeKind::Utc && time->kind != ical::TimeKind::Zoned)
    return err(Errc::Usage, cat("--completed ", when, ": in which zone, and at which time?"),
               "write 2027-01-04T10:00:00Z");
  return std::optional<UtcSeconds>{time->instant};
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
  answer.method = method_of(options.answer);
  answer.partstat = partstat_of(options.answer);
  answer.comment = options.comment;
  answer.this_and_future = options.this_and_future;
  answer.exact = options.exact;
  answer.delegate = options.to;
  answer.percent_complete = options.percent_complete;
  answer.proposal = options.proposal;
  IMIP_TRY(answer.completed, completed_of(options.completed, message));
  const bool all = answer.method == itip::Method::Refresh && options.instance.empty();
  if (!all) {  // an ADD is answered for what it adds; what is asked for is the event
    IMIP_TRY(answer.instance, instance_of(options.instance, message));
  }
  IMIP_TRY(answer.as, own_address(options, part, owner));
  return answer;
}

// ---- the mails ----------------------------------------------------------------------------------

/// With --message-id m@x the second is m.2@x.
std::string numbered(std::string id, std::size_t number)
{
  const std::size_t at = id.rfind('@');
  if (number > 1 && at != std::string::npos) id.insert(at, cat('.', number));
  return id;
}

struct Mails {
  std::vector<Letter> letters;
  std::vector<report::AnswerMail> told;
};

/// To the organizer first; then, of a delegation, to the delegate.
Result<Mails> mails_of(const ReplyOptions& options, const Bench& bench,
                       const itip::AnswerPlan& planned, const pipeline::JudgedPart& part,
                       Context& context)
{
  std::vector<AnswerDraft> drafts(1);
  drafts.front().calendar = planned.reply;
  drafts.front().to = {planned.to};
  if (planned.forward) {
    AnswerDraft forward;
    forward.calendar = *planned.forward;
    forward.to = {planned.delegate};
    forward.lead = cat(planned.from.mailbox(), " asks you to take part instead.\n\n");
    drafts.push_back(std::move(forward));
  }
  const AnswerProtection how{options.sign, options.keys, options.common, options.protect,
                             bench.judge.policy()};
  Mails out;
  for (AnswerDraft& draft : drafts) {
    draft.from = planned.from;
    draft.message_id = numbered(options.message_id, out.letters.size() + 1);
    draft.boundary_seed = options.boundary_seed;
    IMIP_TRY(const auto mail, answer_mail(draft, part));
    IMIP_TRY(auto letter, letter_of(mail, how, context));
    out.letters.push_back(std::move(letter));
    out.told.push_back(told_mail(mail));
  }
  return out;
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

void tell_what_is_answered(const ReplyOptions& options, const pipeline::PlannedAnswer& planned,
                           const pipeline::JudgedPart& part, Context& context)
{
  const bool refresh = options.answer == "refresh";
  const bool of_event = !refresh && part.message()->kind != itip::Kind::FreeBusy;
  if (of_event && !options.no_store && !part.stored && !planned.answer.plan.octets)
    print_error(context, Error{Errc::Refused,
                               "notice: you deleted this event; the answer goes out, and the event stays deleted",
                               {}});
  if (!refresh && planned.message_outcome == itip::Outcome::Obsolete && !options.exact)
    print_error(context,
                Error{Errc::Refused,
                      "notice: the calendar holds a newer revision, and that is what is answered",
                      "--exact answers the message as it is"});
  if (part.encrypted && options.protect.encrypt_to.empty())
    print_error(context, Error{Errc::Refused,
                               "notice: the invitation was encrypted, and this answer is not",
                               "--sign --encrypt-to encrypts it"});
}

/// What else the calendar has at that time: the answer goes out all the same.
void tell_conflicts(const pipeline::JudgedPart& part, Context& context)
{
  constexpr std::size_t shown = 3;
  std::string all;
  for (const std::string& one : report::conflict_texts(part.conflicts, shown))
    all += cat(all.empty() ? "" : "; ", one);
  if (!all.empty()) notice(context, cat("at the same time: ", all));
}

/// Sends, then stores, under the lock: if anything moved since the answer was planned, neither is
/// done. What another program, which does not know the lock, changes while it is sent is planned
/// again with the answer that went out.
Result<ExitCode> send_and_store(const ReplyOptions& options, Bench& bench, pipeline::JudgedPart& part,
                                const itip::Answer& answer, const itip::AnswerPlan& planned,
                                const std::vector<Letter>& letters, Context& context)
{
  const policy::Verdict verdict = part.decision.verdict;
  IMIP_TRY(const auto lock, bench.calendar->lock());
  pipeline::Consent agreed;
  agreed.everything = true;
  bool went_out = false;
  const auto attempt = [&]() -> Result<ExitCode> {
    IMIP_TRY(auto again, pipeline::plan_reply(bench.judge, &*bench.calendar, part, agreed, answer));
    if (!went_out) {
      if (again.answer.reply != planned.reply || again.answer.forward != planned.forward ||
          part.decision.verdict != verdict)
        return err(Errc::TryAgain, "the calendar changed while the answer was made",
                   "run it again");
      IMIP_TRY(const ExitCode sent, post(options.outbox, letters, context));
      if (sent != ExitCode::Ok) return ExitCode::TempFail;  // nothing is stored: try again
      went_out = !letters.empty();
    }
    IMIP_CHECK(pipeline::carry_out(bench.judge, *bench.calendar, part, again.answer.plan, lock));
    return ExitCode::Ok;
  };
  auto done = pipeline::insist(attempt);
  if (done || !went_out) return done;
  return err(done.error().code,
             cat("the answer went out, but the calendar is not changed: ", done.error().what),
             "run it again, with --once it is not mailed again");
}

/// Messages that came before the event that is answered now.
Result<void> tell_what_waited(Bench& bench, const pipeline::JudgedPart& part, Context& context)
{
  IMIP_TRY(const auto waited, pipeline::take_up_held(bench.judge, *bench.calendar, part));
  tell_taken_up(waited, context);
  return {};
}

}  // namespace

Result<ExitCode> run(const ReplyOptions& options, Context& context)
{
  IMIP_CHECK(check_flags(options));
  IMIP_CHECK(check_outbox(options.outbox, options.answer == "delegate" && !options.once ? 2 : 1));
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
  const auto consent = consent_of(options.yes, context, bench.judge.policy());
  IMIP_TRY(auto planned, pipeline::plan_reply(bench.judge, calendar, part, consent, answer));
  const bool silent = options.once && planned.answer.repeated;
  Mails mails;
  if (!silent) {
    IMIP_TRY(mails, mails_of(options, bench, planned.answer, part, context));
  }
  IMIP_CHECK(check_outbox(options.outbox, mails.letters.size()));
  tell_what_is_answered(options, planned, part, context);
  pipeline::find_conflicts(bench.judge, bench.calendar ? &*bench.calendar : nullptr, part, answer, planned.answer);
  const bool has_calendar = bench.calendar && bench.calendar->has_store();
  if (has_calendar && !options.common.json) tell_conflicts(part, context);
  if (calendar != nullptr) {
    IMIP_TRY(const ExitCode done, send_and_store(options, bench, part, answer, planned.answer,
                                                 mails.letters, context));
    if (done != ExitCode::Ok) return done;
    IMIP_CHECK(tell_what_waited(bench, part, context));
  } else {
    IMIP_TRY(const ExitCode sent, post(options.outbox, mails.letters, context));
    if (sent != ExitCode::Ok) return ExitCode::TempFail;
  }
  if (options.common.json)
    context.err << report::reply_json(part, planned.answer, mails.told, calendar != nullptr) << '\n';
  return ExitCode::Ok;
}

}  // namespace imip::cli
