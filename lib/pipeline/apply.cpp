#include "pipeline/apply.hpp"

#include <algorithm>
#include <chrono>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "itip/ageing.hpp"
#include "pipeline/conflicts.hpp"
#include "pipeline/free_busy.hpp"
#include "pipeline/held.hpp"
#include "pipeline/offers.hpp"

namespace imip::pipeline {

namespace {

bool is_notice(Code code)
{
  switch (code) {
    case Code::DirectMatch:
    case Code::AnchorAdmits:
    case Code::Allowed:
    case Code::SentByAuthorized:
    case Code::SignerIsNotSender:
    case Code::OwnMessage:
    case Code::Tolerated:
    case Code::OwnerNotListed:
      return true;
    default:
      return false;
  }
}

bool named(const std::vector<std::string>& words, Code code)
{
  return std::find(words.begin(), words.end(), code_word(code)) != words.end();
}

/// Yes without a person at hand?
bool consented(const Consent& consent, const policy::Decision& decision)
{
  if (consent.everything) return true;
  if (consent.reasons.empty()) return false;
  const auto asking = asking_reasons(decision);
  return !asking.empty() && std::all_of(asking.begin(), asking.end(), [&](const Reason& r) {
           return named(consent.reasons, r.code);
         });
}

bool same_effect(const itip::Plan& a, const itip::Plan& b)
{
  return a.base_sha256 == b.base_sha256 && a.octets == b.octets && a.remove == b.remove &&
         a.facts == b.facts;
}

std::string signer_of(const JudgedPart& part)
{
  const auto& signer = part.evidence.correlation.signer;
  return signer ? signer->uri() : std::string{};
}

bool is_new(itip::Outcome outcome)
{
  return outcome == itip::Outcome::Added || outcome == itip::Outcome::Held;
}

/// RFC 5546 section 6.1.5: more new objects than one signer may make in a day must be asked about.
Result<void> limit_flood(const Judge& judge, const Calendar& calendar, JudgedPart& part)
{
  if (!part.plan || !is_new(part.plan->outcome)) return {};
  IMIP_TRY(const auto today, calendar.new_objects_today(signer_of(part), judge.now()));
  const auto limit = judge.policy().limits.new_objects_per_sender_per_day;
  if (today < limit) return {};
  if (part.decision.verdict == policy::Verdict::Trusted)
    part.decision.verdict = policy::Verdict::Ask;
  part.decision.reasons.insert(
      part.decision.reasons.begin(),
      {Code::Flood, cat(signer_of(part), " made ", today, " new events in 24 hours (limit ", limit,
                        ", [limits] new-objects-per-sender-per-day)")});
  return {};
}

/// For whoever answers, asks or only looks; of what is refused nobody wants to know.
void look_around(const Judge& judge, const Calendar& calendar, JudgedPart& part)
{
  if (!part.plan || part.decision.verdict == policy::Verdict::Untrusted) return;
  find_conflicts(judge, &calendar, part);
  offer_busy_time(judge, &calendar, part);
}

Result<void> judge_here(const Judge& judge, const Calendar& calendar, JudgedPart& part,
                        bool admit = false)
{
  Surroundings surroundings;
  if (part.message() != nullptr) {
    IMIP_TRY(surroundings, calendar.surroundings(*part.message()));
  }
  judge.decide(part, std::move(surroundings), admit);
  return limit_flood(judge, calendar, part);
}

Applied stopped(itip::Outcome outcome, const JudgedPart& part)
{
  Applied applied;
  applied.outcome = outcome;
  applied.reasons = part.decision.reasons;
  return applied;
}

itip::Outcome stopping_outcome(const JudgedPart& part)
{
  return part.decision.verdict == policy::Verdict::Ask ? itip::Outcome::Ask : itip::Outcome::Refused;
}

/// May the decided part be carried out, and was it a person's word that let it?
struct Permission {
  bool granted = false;
  bool by_consent = false;
};

/// What can be said without asking anybody.
Permission permission(const JudgedPart& part, const Consent& consent)
{
  if (!part.plan) return {};
  if (part.decision.verdict == policy::Verdict::Trusted) return {true, false};
  const bool yes =
      part.decision.verdict == policy::Verdict::Ask && consented(consent, part.decision);
  return {yes, yes};
}

bool can_be_asked(const JudgedPart& part, const Consent& consent)
{
  return part.plan && part.decision.verdict == policy::Verdict::Ask && consent.ask;
}

/// Asks with the lock let go, and judges again under it: what is done must be what was shown.
Result<Permission> ask_person(const Judge& judge, const Calendar& calendar, JudgedPart& part,
                              const Consent& consent, std::optional<store::Lock>& lock)
{
  const itip::Plan shown = *part.plan;
  lock.reset();
  IMIP_TRY(const bool yes, consent.ask(part));
  if (!yes) return Permission{};
  IMIP_TRY(auto again, calendar.lock());
  lock.emplace(std::move(again));
  IMIP_CHECK(judge_here(judge, calendar, part));
  if (!can_be_asked(part, consent) || !same_effect(shown, *part.plan))
    return err(Errc::TryAgain, "the calendar changed while the question was open",
               "look again and answer again");
  return Permission{true, true};
}

/// When the object's facts may go, and once a day those whose time is over.
Result<void> age(const Judge& judge, Calendar& calendar, const itip::Plan& plan)
{
  if (!plan.facts_changed) return {};
  const policy::Policy& policy = judge.policy();
  std::optional<UtcSeconds> forget_after;
  if (itip::may_be_over(plan)) {
    itip::PlanOptions options;
    options.limits = policy.limits;
    forget_after = itip::forget_after(plan, policy.owner, options, judge.now());
  }
  return calendar.age(plan, forget_after, judge.now(), std::chrono::days{policy.limits.held_days});
}

/// A COUNTER changes nothing unless the organizer chose; then it is settled.
void choose(const Judge& judge, JudgedPart& part, CounterChoice choice)
{
  if (part.message()->method != itip::Method::Counter) return;
  // taken up by a run that could not write the calendar any more?
  if (part.plan->outcome == itip::Outcome::Obsolete && choice == CounterChoice::Accept)
    return render_again(judge, part);
  if (part.plan->outcome != itip::Outcome::Ask) return;
  if (choice == CounterChoice::Accept) take_proposal_up(judge, part);
  if (choice == CounterChoice::Decline) part.plan->outcome = itip::Outcome::Ignored;
}

/// What is known of a part before it is tried, and who is to be told.
struct Trial {
  const Consent& consent;
  bool waited = false;  ///< it was kept before
  CounterChoice choice = CounterChoice::None;
  const Courier& courier;
};

/// What went out by mail in an attempt that could not change the calendar.
struct Posted {
  bool any = false;
  std::optional<itip::Plan> accepted;  ///< of the COUNTER that was taken up
  Applied applied;                     ///< with that
};

void note_posted(const Judge& judge, JudgedPart& part, const Applied& applied, Posted& posted)
{
  for (std::size_t i = 0; i < applied.offers.size() && i < part.plan->offers.size(); ++i)
    if (applied.offers[i].mailed)
      itip::note_mailed(*part.plan, part.plan->offers[i], judge.policy().owner);
  posted.any = posted.any || std::any_of(applied.offers.begin(), applied.offers.end(),
                                         [](const OfferFate& fate) { return fate.mailed; });
  const bool takes_up = part.message()->method == itip::Method::Counter &&
                        applied.outcome == itip::Outcome::Updated && posted.any;
  if (!takes_up) return;
  posted.accepted = *part.plan;
  posted.applied = applied;
}

/// Everybody was told that the proposal is taken up: the calendar as it is now is made to say so too.
Result<Applied> keep_word(const Judge& judge, Calendar& calendar, JudgedPart& part, const store::Lock& lock,
                          const Posted& posted)
{
  const bool planned = part.plan && take_up(judge, part, posted.accepted->offers.front());
  if (!planned || (!part.stored && !part.plan->octets))
    return err(Errc::NotFound, "the event was taken out of the calendar meanwhile",
               "put it back with what the mail says, or cancel it (imip build cancel)");
  part.plan->proposal = posted.accepted->proposal;
  part.plan->reasons = posted.accepted->reasons;
  IMIP_CHECK(carry_out(judge, calendar, part, *part.plan, lock));
  return posted.applied;
}

/// One attempt, under the lock from reading the object to replacing it.
Result<Applied> attempt(const Judge& judge, Calendar& calendar, JudgedPart& part, const Trial& trial,
                        Posted& posted)
{
  std::optional<store::Lock> lock;
  IMIP_TRY(auto taken, calendar.lock());
  lock.emplace(std::move(taken));
  IMIP_CHECK(judge_here(judge, calendar, part));
  if (posted.accepted) return keep_word(judge, calendar, part, *lock, posted);
  look_around(judge, calendar, part);
  Permission may = permission(part, trial.consent);
  if (!may.granted && can_be_asked(part, trial.consent)) {
    IMIP_TRY(may, ask_person(judge, calendar, part, trial.consent, lock));
  }
  if (!may.granted) return stopped(stopping_outcome(part), part);
  if (may.by_consent) {
    const auto asked = asking_reasons(part.decision);
    const bool crasher = std::any_of(asked.begin(), asked.end(),
                                     [](const Reason& r) { return r.code == Code::PartyCrasher; });
    IMIP_CHECK(judge_here(judge, calendar, part, crasher));
    offer_busy_time(judge, &calendar, part);  // of the new plan
  }
  choose(judge, part, trial.choice);
  Applied applied;
  applied.outcome = part.plan->outcome;
  applied.reasons = part.plan->reasons;
  applied.by_consent = may.by_consent;
  if (applied.outcome == itip::Outcome::Refused) return applied;
  const bool waits = applied.outcome == itip::Outcome::Held;
  if (waits && trial.waited) return applied;
  if (waits) {
    IMIP_TRY(applied, hold(judge, calendar, part, std::move(applied)));
  }
  // What is one too many to be kept is not answered either.
  const bool kept = !waits || applied.outcome == itip::Outcome::Held;
  if (!trial.courier) applied.offers = unmailed(part);
  if (trial.courier && kept) IMIP_CHECK(trial.courier(part, applied, trial.consent));
  note_posted(judge, part, applied, posted);
  if (!waits) IMIP_CHECK(carry_out(judge, calendar, part, *part.plan, *lock));
  if (is_new(applied.outcome) && !trial.waited) {
    IMIP_CHECK(calendar.note_new_object(signer_of(part), judge.now()));
  }
  return applied;
}

bool is_done(const Result<Applied>& applied)
{
  return applied && applied->outcome != itip::Outcome::Ask && applied->outcome != itip::Outcome::Refused;
}

/// Mail went out, and the calendar does not say what it says: never a success.
Result<Applied> unkept(const Result<Applied>& applied)
{
  std::string why = "it may not be changed any more";
  std::string hint = "apply it again";
  if (!applied) {
    why = applied.error().what;
    if (applied.error().code == Errc::NotFound) hint = applied.error().hint;
  } else if (!applied->reasons.empty()) {
    why = applied->reasons.front().text;
  }
  return err(Errc::TryAgain, cat("mail went out, but the calendar is not changed: ", why), std::move(hint));
}

Result<Applied> try_out(const Judge& judge, Calendar& calendar, JudgedPart& part,
                        const Trial& trial)
{
  Posted posted;
  auto applied = insist([&] { return attempt(judge, calendar, part, trial, posted); });
  if (!posted.any || is_done(applied)) return applied;
  return unkept(applied);
}

/// What would be done, written nowhere: no lock, so that it works on what may only be read.
Result<Applied> rehearse(const Judge& judge, const Calendar& calendar, JudgedPart& part)
{
  IMIP_CHECK(judge_here(judge, calendar, part));
  look_around(judge, calendar, part);
  if (!permission(part, Consent{}).granted) return stopped(stopping_outcome(part), part);
  Applied applied;
  applied.outcome = part.plan->outcome;
  applied.reasons = part.plan->reasons;
  applied.offers = unmailed(part);
  return applied;
}

itip::StoredObject stored_from(const std::string& octets, ical::Component calendar)
{
  return {octets, sha256_hex(octets), std::move(calendar)};
}

}  // namespace

std::vector<Reason> asking_reasons(const policy::Decision& decision)
{
  std::vector<Reason> asking;
  std::copy_if(decision.reasons.begin(), decision.reasons.end(), std::back_inserter(asking),
               [](const Reason& r) { return !is_notice(r.code); });
  return asking;
}

state::JournalEntry journal_entry(const JudgedPart& part, const itip::Plan& plan, UtcSeconds now)
{
  state::JournalEntry entry;
  entry.at = now;
  entry.part_sha256 = part.part_sha256;
  entry.message_id = part.envelope->message_id;
  if (part.message() != nullptr) entry.method = itip::method_word(part.message()->method);
  entry.outcome = itip::outcome_word(plan.outcome);
  entry.verdict = policy::verdict_word(part.decision.verdict);
  if (part.stored) entry.before = part.stored->octets;
  if (plan.remove && part.stored) entry.removed = part.stored->file;
  entry.after = plan.octets ? *plan.octets : (plan.remove ? std::string{} : entry.before);
  return entry;
}

Result<void> carry_out(const Judge& judge, Calendar& calendar, const JudgedPart& part,
                       const itip::Plan& plan, const store::Lock& lock)
{
  IMIP_CHECK(calendar.carry_out(plan, lock, journal_entry(part, plan, judge.now())));
  return age(judge, calendar, plan);
}

Result<Applied> apply_part(const Judge& judge, Calendar& calendar, JudgedPart& part,
                           const Consent& consent, bool dry_run, CounterChoice choice,
                           const Courier& courier)
{
  if (dry_run) return rehearse(judge, calendar, part);
  return try_out(judge, calendar, part, {consent, false, choice, courier});
}

Result<Applied> apply_waiting(const Judge& judge, Calendar& calendar, JudgedPart& part,
                              const Consent& consent, const Courier& courier)
{
  return try_out(judge, calendar, part, {consent, true, CounterChoice::None, courier});
}

namespace {

/// May this message be answered so?
Result<void> check_answerable(const JudgedPart& part, const itip::Answer& answer)
{
  const itip::Method method = part.message()->method;
  if (answer.method == itip::Method::Refresh) {
    if (itip::is_organizer_method(method)) return {};
    return err(Errc::Refused, cat("a ", itip::method_word(method), " comes from an attendee: "
                                  "only the organizer is asked for the current state"));
  }
  if (method == itip::Method::Request || method == itip::Method::Add) return {};
  return err(Errc::Refused,
             cat("a ", itip::method_word(method), " asks for no answer: only a REQUEST and an ADD do"));
}

/// Judges, asks where a person must decide, and says no where the answer is no.
Result<void> require_permission(const Judge& judge, const Calendar* calendar, JudgedPart& part,
                                const Consent& consent)
{
  if (calendar != nullptr) {
    IMIP_CHECK(judge_here(judge, *calendar, part));
  } else {
    judge.decide(part, Surroundings{});
  }
  bool granted = permission(part, consent).granted;
  if (!granted && can_be_asked(part, consent)) {
    find_conflicts(judge, calendar, part);
    IMIP_TRY(granted, consent.ask(part));
  }
  if (granted) return {};
  const std::string why =
      part.decision.reasons.empty() ? std::string{} : part.decision.reasons.front().text;
  const bool ask = part.decision.verdict == policy::Verdict::Ask;
  return err(ask ? Errc::NeedsPerson : Errc::Refused,
             cat(policy::verdict_word(part.decision.verdict), ": ", why),
             ask ? (part.suggestion.empty() ? std::string{"--yes answers all the same"}
                                            : cat(part.suggestion, "; or --yes"))
                 : part.suggestion);
}

/// What the calendar held before the message, and what it will hold.
struct AnswerBase {
  std::optional<itip::StoredObject> object;
  itip::Facts facts;
};

Result<AnswerBase> base_of(const Judge& judge, const Calendar* calendar, const JudgedPart& part,
                           const itip::Answer& answer)
{
  AnswerBase base{part.stored, {}};
  if (answer.method == itip::Method::Refresh) {
    if (calendar == nullptr) return base;
    IMIP_TRY(auto surroundings, calendar->surroundings(*part.message()));
    base.facts = std::move(surroundings.facts);
    return base;
  }
  const itip::Plan& plan = *part.plan;
  if (plan.outcome == itip::Outcome::Refused)
    return err(Errc::Refused, plan.reasons.empty() ? std::string{"refused"}
                                                   : plan.reasons.front().text);
  base.facts = plan.facts;
  if (!plan.octets) return base;
  IMIP_TRY(auto parsed, ical::parse(*plan.octets, judge.policy().limits));
  base.object = stored_from(*plan.octets, std::move(parsed.calendar));
  return base;
}

}  // namespace

Result<PlannedAnswer> plan_reply(const Judge& judge, const Calendar* calendar, JudgedPart& part,
                                 const Consent& consent, const itip::Answer& answer)
{
  if (part.message() == nullptr)
    return err(Errc::Refused, part.evidence.refusals.empty() ? std::string{"not an iTIP message"}
                                                             : part.evidence.refusals.front().text);
  IMIP_CHECK(check_answerable(part, answer));
  IMIP_CHECK(require_permission(judge, calendar, part, consent));
  if (part.message()->kind == itip::Kind::FreeBusy)
    return plan_busy_reply(judge, calendar, part, answer);
  IMIP_TRY(const AnswerBase base, base_of(judge, calendar, part, answer));
  const itip::PlanOptions options = policy::plan_options(judge.policy());
  IMIP_TRY(auto planned,
           itip::plan_answer(part.message(), base.object ? &*base.object : nullptr, base.facts,
                             judge.policy().owner, answer, options, judge.now()));
  const itip::Plan& plan = *part.plan;
  if (answer.method == itip::Method::Refresh) return PlannedAnswer{std::move(planned), plan.outcome};
  planned.plan.digest = plan.digest;
  planned.plan.said = plan.said;
  planned.plan.found.merge(plan.found);
  if (!planned.plan.octets) planned.plan.octets = plan.octets;
  planned.plan.base_sha256 = plan.base_sha256;
  planned.plan.rendered_before = plan.rendered_before;
  planned.plan.facts_changed = planned.plan.facts_changed || plan.facts_changed;
  return PlannedAnswer{std::move(planned), plan.outcome};
}

}  // namespace imip::pipeline
