#include "cli/replies.hpp"

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
                           const pipeline::Consent& consent, const policy::Policy& policy,
                           Context& context)
{
  const pipeline::OfferRules rules{consent, choice(), !options_->protect.encrypt_to.empty(), policy};
  const AnswerProtection how{options_->sign, options_->keys, options_->common, options_->protect, policy};
  std::vector<pipeline::OfferFate> fates;
  std::vector<Letter> letters;
  for (const itip::Offer& offer : part.plan->offers) {
    pipeline::OfferFate& fate = fates.emplace_back();
    fate.why = pipeline::why_not_mailed(part, offer, rules);
    if (!fate.why.empty()) continue;
    AnswerDraft draft;
    draft.calendar = *offer.object;
    draft.to = offer.to;
    draft.unasked = !consent.everything && choice() == pipeline::CounterChoice::None;
    IMIP_TRY(draft.from, sender_of(draft.calendar));
    IMIP_TRY(const auto mail, answer_mail(draft, part));
    fate.mailed = true;
    fate.message_id = mail.message_id;
    if (!sent_.insert(mail.message_id).second) continue;
    IMIP_TRY(auto letter, letter_of(mail, how, context));
    letters.push_back(std::move(letter));
  }
  if (!letters.empty()) {
    auto posted = post(outbox_, letters, context, posted_ + 1);
    if (posted && *posted != ExitCode::Ok)
      posted = err(Errc::TryAgain, "mail could not be sent, so nothing was changed", "try again");
    if (!posted) {
      for (const pipeline::OfferFate& fate : fates) sent_.erase(fate.message_id);
      return tl::unexpected<Error>(posted.error());
    }
    posted_ += letters.size();
  }
  applied.offers = std::move(fates);
  return {};
}

}  // namespace imip::cli
