#include "pipeline/offers.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"

namespace imip::pipeline {

namespace {

using Kind = itip::Offer::Kind;

/// A robot, a list or a bounce gets no answer that nobody asked for (RFC 3834 section 2).
std::string sent_by_no_person(const mime::Envelope& envelope)
{
  const auto is = [](const std::string& given, std::string_view word) {
    return text::ascii_iequal(text::trim(given), word);
  };
  if (!envelope.auto_submitted.empty() && !is(envelope.auto_submitted, "no"))
    return "the message was sent by a program";
  if (is(envelope.precedence, "bulk") || is(envelope.precedence, "list") ||
      is(envelope.precedence, "junk") || !envelope.list_id.empty())
    return "the message came by a list";
  return {};
}

/// Invited by the owner herself, or `by_delegation`: whom somebody delegated to is listed too.
bool is_invited(const itip::StoredObject& stored, const CalAddress& who, LocalPart mode,
                bool by_delegation)
{
  for (const ical::Component& c : stored.calendar.components) {
    for (const ical::Property* p : c.all("ATTENDEE")) {
      const auto address = CalAddress::parse(p->value);
      if (address && same_user(*address, who, mode) &&
          (by_delegation || !p->parameter("DELEGATED-FROM")))
        return true;
    }
  }
  return false;
}

/// Neither the one who is proven to have spoken nor anybody whom the owner invited.
bool is_somebody_else(const JudgedPart& part, const CalAddress& to, const OfferRules& rules)
{
  const LocalPart mode = rules.policy.owner.local_part;
  if (same_user(to, part.decision.speaker.address, mode)) return false;
  // A person moves the event: everybody who is in it hears of that.
  return !part.stored ||
         !is_invited(*part.stored, to, mode, rules.counter == CounterChoice::Accept);
}

std::string about_delegate(const CalAddress& to, const OfferRules& rules)
{
  if (rules.policy.defaults.delegation == policy::Default::Untrusted)
    return cat("the policy sends nothing to delegates (defaults.delegation)");
  const auto& named = rules.consent.reasons;
  const bool yes = rules.consent.everything ||
                   std::find(named.begin(), named.end(), code_word(Code::Delegated)) != named.end();
  if (yes) return {};
  return cat("you did not invite ", to.mailbox(), " yourself; --yes=delegated sends it");
}

std::string about_counter(const itip::Offer& offer, CounterChoice choice)
{
  const bool takes_up = offer.kind == Kind::Request;
  if (choice == (takes_up ? CounterChoice::Accept : CounterChoice::Decline)) return {};
  return takes_up ? "--accept-counter sends it" : "--decline-counter sends it";
}

}  // namespace

std::string why_not_mailed(const JudgedPart& part, const itip::Offer& offer, const OfferRules& rules)
{
  if (!offer.object || part.message() == nullptr) return "'imip reply' says how";
  if (part.message()->method == itip::Method::Counter) {
    auto why = about_counter(offer, rules.counter);
    if (!why.empty()) return why;
  }
  if (part.encrypted && !rules.encrypts)
    return "the message was encrypted, and this would not be; --sign --encrypt-to does it";
  if (!rules.consent.everything && rules.counter == CounterChoice::None) {
    auto why = sent_by_no_person(part.envelope);
    if (!why.empty()) return why + "; --yes sends it all the same";
  }
  for (const CalAddress& to : offer.to) {
    if (rules.policy.owner.is(to)) return "it would go to yourself";
    if (!is_somebody_else(part, to, rules)) continue;
    if (offer.kind != Kind::Request || offer.reason.code != Code::Delegated)
      return cat("nothing proves that ", to.mailbox(), " has to do with it");
    auto why = about_delegate(to, rules);
    if (!why.empty()) return why;
  }
  return {};
}

std::vector<OfferFate> unmailed(const JudgedPart& part)
{
  std::vector<OfferFate> out;
  if (part.message() == nullptr || part.message()->method != itip::Method::Counter) return out;
  for (const itip::Offer& offer : part.plan->offers)
    out.push_back({false, cat(about_counter(offer, CounterChoice::None), ", with --replies or --send"), {}});
  return out;
}

bool take_up(const Judge& judge, JudgedPart& part, const itip::Offer& request)
{
  const policy::Policy& policy = judge.policy();
  const auto reading =
      itip::read_message(ical::Parsed{*request.object, {}}, "REQUEST", std::nullopt, judge.now());
  if (!reading.message || !reading.message->organizer) return false;
  const itip::Speaker owner{itip::Speaker::Class::Organizer, reading.message->organizer->address, {}};
  itip::Plan own =
      itip::plan_message(*reading.message, owner, part.stored ? &*part.stored : nullptr, part.plan->facts,
                         policy.owner, policy::plan_options(policy), judge.now());
  if (own.outcome == itip::Outcome::Refused) return false;
  own.outcome = itip::Outcome::Updated;
  own.proposal = std::move(part.plan->proposal);
  own.offers = {request};
  own.reasons = std::move(part.plan->reasons);
  part.plan = std::move(own);
  return true;
}

void take_proposal_up(const Judge& judge, JudgedPart& part)
{
  const auto& offers = part.plan->offers;
  const auto request = std::find_if(offers.begin(), offers.end(), [](const itip::Offer& o) {
    return o.kind == Kind::Request && o.object;
  });
  if (request == offers.end()) return;
  const itip::Offer offer = *request;
  static_cast<void>(take_up(judge, part, offer));
}

void render_again(const Judge& judge, JudgedPart& part)
{
  if (!part.stored) return;
  itip::Plan again = itip::plan_again(*part.plan, *part.stored, judge.policy().owner,
                                      policy::plan_options(judge.policy()), judge.now());
  if (!again.octets) return;
  again.outcome = itip::Outcome::Updated;
  again.offers.clear();  // everybody was told
  part.plan = std::move(again);
}

}  // namespace imip::pipeline
