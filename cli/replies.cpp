#include "cli/replies.hpp"

#include <algorithm>
#include <utility>

#include "base/cat.hpp"
#include "cli/build_text.hpp"
#include "pipeline/offers.hpp"

namespace imip::cli {

namespace {

/// Whose message an offer is: the organizer's, or of what attendees send the owner's own attendee.
Result<CalAddress> sender_of(const ical::Component& calendar)
{
  const itip::Method method = itip::method_from_word(calendar.text("METHOD"));
  const ical::Property* party =
      first_object(calendar).find(itip::is_organizer_method(method) ? "ORGANIZER" : "ATTENDEE");
  if (party == nullptr) return err(Errc::Internal, "a message that nobody sends");
  return CalAddress::parse(party->value);
}

std::string dtstamp_of(const ical::Component& calendar)
{
  return first_object(calendar).text("DTSTAMP");
}

/// The same mail once more: all else of it comes from its calendar.
void date_back(ical::Component& calendar, const std::string& dtstamp)
{
  for (ical::Component& c : calendar.components)
    for (ical::Property& p : c.properties)
      if (p.name == "DTSTAMP") p.value = dtstamp;
}

}  // namespace

Result<Replies> Replies::open(const ApplyOptions& o)
{
  Replies out(o);
  out.wanted_ = !o.replies.empty() || !o.send.empty();
  if (!o.replies.empty() && !o.send.empty())
    return err(Errc::Usage, "--replies and --send exclude each other", "choose one");
  if (o.accept_counter && o.decline_counter)
    return err(Errc::Usage, "--accept-counter and --decline-counter exclude each other", "choose one");
  if (!out.wanted_ && (o.accept_counter || o.decline_counter))
    return err(Errc::Usage, "whoever proposed is told what becomes of it",
               "say how: --replies FOLDER, --replies - or --send 'sendmail -t -i'");
  if (!out.wanted_ && o.sign)
    return err(Errc::Usage, "--sign is for the mails that go out, and none does",
               "say how: --replies FOLDER, --replies - or --send 'sendmail -t -i'");
  if (!o.sign && !o.protect.encrypt_to.empty())
    return err(Errc::Usage, "--encrypt-to goes with --sign: what is encrypted is signed first");
  if (o.replies == "-" && o.report == "-")
    return err(Errc::Usage, "standard output is either for mail or for the report");
  out.outbox_.send = o.send;
  out.outbox_.output = o.replies;
  if (!o.replies.empty() && o.replies != "-" && o.replies.back() != '/') out.outbox_.output += '/';
  IMIP_CHECK(check_outbox(out.outbox_, 0));
  return out;
}

pipeline::CounterChoice Replies::choice() const
{
  if (options_->accept_counter) return pipeline::CounterChoice::Accept;
  return options_->decline_counter ? pipeline::CounterChoice::Decline : pipeline::CounterChoice::None;
}

Result<void> Replies::send(const pipeline::JudgedPart& part, pipeline::Applied& applied,
                           const pipeline::Consent& consent, Bench& bench, Context& context)
{
  const policy::Policy& policy = bench.judge.policy();
  const pipeline::OfferRules rules{consent, choice(), !options_->protect.encrypt_to.empty(), policy};
  const AnswerProtection how{options_->sign, options_->keys, options_->common, options_->protect, policy};
  std::vector<pipeline::OfferFate> fates;
  struct Ready {
    std::vector<const itip::Offer*> offers;
    state::Mailed mail;
    Letter letter;
  };
  const auto note = [&](const itip::Offer& offer, state::Mailed mail, bool sent) -> Result<void> {
    if (outbox_.send.empty()) return {};
    mail.sent = sent;
    const auto noted = bench.calendar->note_mailed(part, offer, mail, bench.judge.now());
    if (noted || !sent) return noted;
    return err(Errc::TryAgain, cat("mail went out, but nothing could be written of it: ", noted.error().what),
               "the next run sends it again");
  };
  std::vector<Ready> ready;
  for (const itip::Offer& offer : part.plan->offers) {
    pipeline::OfferFate& fate = fates.emplace_back();
    fate.why = pipeline::why_not_mailed(part, offer, rules);
    if (!fate.why.empty()) continue;
    std::optional<state::Mailed> known;
    if (!outbox_.send.empty()) {  // of a file nobody knows what became of it
      IMIP_TRY(known, bench.calendar->mailed(part, offer));
    }
    if (known && known->sent) {
      fate.mailed = true;
      fate.message_id = known->message_id;
      fate.before = sent_.count(known->message_id) == 0;
      continue;
    }
    AnswerDraft draft;
    draft.calendar = *offer.object;
    if (known) date_back(draft.calendar, known->dtstamp);
    draft.to = offer.to;
    draft.unasked = !consent.everything && choice() == pipeline::CounterChoice::None;
    IMIP_TRY(draft.from, sender_of(draft.calendar));
    IMIP_TRY(const auto mail, answer_mail(draft, part));
    fate.mailed = true;
    fate.message_id = mail.message_id;
    const state::Mailed told{mail.message_id, dtstamp_of(draft.calendar)};
    if (sent_.count(mail.message_id) != 0) {
      IMIP_CHECK(note(offer, told, true));
      continue;
    }
    const auto same = std::find_if(ready.begin(), ready.end(), [&](const Ready& one) {
      return one.mail.message_id == mail.message_id;
    });
    if (same != ready.end()) {
      same->offers.push_back(&offer);
      continue;
    }
    IMIP_TRY(auto letter, letter_of(mail, how, context));
    ready.push_back({{&offer}, told, std::move(letter)});
  }
  const std::size_t at_once = outbox_.send.empty() ? ready.size() : 1;  // files: all or none
  for (std::size_t at = 0; at < ready.size(); at += at_once) {
    std::vector<Letter> letters;
    for (std::size_t i = at; i < at + at_once; ++i) letters.push_back(std::move(ready[i].letter));
    for (const itip::Offer* offer : ready[at].offers)
      IMIP_CHECK(note(*offer, ready[at].mail, false));
    IMIP_TRY(const ExitCode code, post(outbox_, letters, context, posted_ + 1));
    if (code != ExitCode::Ok)
      return err(Errc::TryAgain,
                 at == 0 ? std::string("mail could not be sent, so nothing was changed")
                         : cat("mail could not be sent, so nothing was changed; of ", ready.size(), " mails ", at,
                               " went out, and will not again"),
                 "try again");
    posted_ += letters.size();
    for (std::size_t i = at; i < at + at_once; ++i) sent_.insert(ready[i].mail.message_id);
    for (const itip::Offer* offer : ready[at].offers)
      IMIP_CHECK(note(*offer, ready[at].mail, true));
  }
  applied.offers = std::move(fates);
  return {};
}

}  // namespace imip::cli
