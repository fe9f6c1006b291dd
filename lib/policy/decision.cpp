#include "policy/decision.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "policy/detail/findings.hpp"

namespace imip::policy {
namespace {

using crypto::Signature;
using crypto::SignatureStatus;
using detail::add;
using detail::findings_of;
using detail::proves;
using identity::Backing;
using identity::Claimant;
using identity::SameUser;
using itip::Method;
using itip::Speaker;

// The only place that orders verdicts.
int reach(Verdict v)
{
  switch (v) {
    case Verdict::None:
    case Verdict::Untrusted:
      return 0;
    case Verdict::Ask:
      return 1;
    case Verdict::Trusted:
      return 2;
  }
  return 0;
}

Verdict verdict_of(Default d)
{
  return d == Default::Ask ? Verdict::Ask : Verdict::Untrusted;
}

Origin default_origin(const Policy& policy, std::string_view key)
{
  const auto line = policy.defaults.lines.find(std::string{key});
  Origin out;
  out.entry = cat("defaults.", key);
  if (line == policy.defaults.lines.end()) return out;
  out.file = policy.path.string();
  out.line = line->second;
  return out;
}

std::string_view role_word(Claimant::Role role)
{
  return role == Claimant::Role::Organizer ? "ORGANIZER" : "ATTENDEE";
}

Decision untrusted(std::vector<Reason> reasons)
{
  Decision out;
  out.verdict = Verdict::Untrusted;
  out.reasons = std::move(reasons);
  return out;
}

/// The claim as it stands, for a person to confirm; nobody proved it.
Speaker claimed_speaker(const identity::Correlation& correlation)
{
  Speaker out;
  if (!correlation.claimant) return out;
  out.cls = correlation.claimant->role == Claimant::Role::Organizer ? Speaker::Class::Organizer
                                                                    : Speaker::Class::Attendee;
  out.address = correlation.claimant->address;
  return out;
}

/// One decision in the making.
class Judgement {
 public:
  Judgement(const Policy& policy, const Evidence& evidence)
      : policy_(policy), evidence_(evidence), same_{policy.aliases, policy.owner.local_part}
  {
  }

  Decision decide();

 private:
  [[nodiscard]] Decision by_signatures() const;
  [[nodiscard]] Decision without_signature(std::vector<Reason> reasons) const;
  [[nodiscard]] Decision unknown_signer() const;
  [[nodiscard]] Decision proven() const;
  [[nodiscard]] Decision no_correlation() const;
  [[nodiscard]] Decision direct() const;
  [[nodiscard]] Decision sent_by() const;
  [[nodiscard]] Decision passed_on() const;
  [[nodiscard]] bool role_fits(const Delegate& d) const;
  [[nodiscard]] Reason why_not_authorized() const;
  [[nodiscard]] const Anchor* admitting_anchor(const Signature& s) const;
  [[nodiscard]] const Allow* allow_for(const CalAddress& address) const;
  [[nodiscard]] const Pin* pin_met_by(const Signature& s) const;
  [[nodiscard]] std::vector<const Pin*> restricting_pins() const;
  [[nodiscard]] int standing(const Signature& s) const;
  [[nodiscard]] const Signature& relied() const;
  [[nodiscard]] std::optional<Reason> pin_broken(Origin& origin) const;
  [[nodiscard]] bool admitted(Decision& out) const;
  void first_contact(Decision& out) const;
  [[nodiscard]] bool is_pair(const Delegate& d) const;
  [[nodiscard]] std::optional<Method> lacking_method(const Delegate& d) const;
  void weigh_objections(Decision& out) const;
  [[nodiscard]] bool may_know_busy_time() const;
  [[nodiscard]] Verdict most_under(itip::Objection& objection, Origin& origin) const;

  [[nodiscard]] const Claimant& claimant() const { return *evidence_.correlation.claimant; }
  [[nodiscard]] const CalAddress& signer() const { return *evidence_.correlation.signer; }
  [[nodiscard]] std::string_view method() const
  {
    return itip::method_word(evidence_.message->method);
  }

  const Policy& policy_;
  const Evidence& evidence_;
  SameUser same_;
};

Decision Judgement::decide()
{
  if (!evidence_.refusals.empty()) return untrusted(evidence_.refusals);
  if (evidence_.message == nullptr)
    return untrusted({{Code::BadCalendar, "there is no iTIP message to judge"}});
  if (!evidence_.defects.empty()) return untrusted(evidence_.defects);
  Decision out = by_signatures();
  weigh_objections(out);
  for (const Signature& s : evidence_.signatures)
    for (const Reason& finding : findings_of(s))
      // that a name which nobody needs is left out is nothing to tell
      if (out.verdict != Verdict::Trusted || finding.code != Code::OutsideAnchorDomains)
        add(out.reasons, finding);
  add(out.reasons, evidence_.signature_defects);
  // nobody plans with what nobody may do
  if (out.verdict == Verdict::Untrusted) out.speaker = {};
  return out;
}

Decision Judgement::by_signatures() const
{
  const auto& signatures = evidence_.signatures;
  if (std::any_of(signatures.begin(), signatures.end(), proves)) return proven();
  std::vector<Reason> broken;
  for (const Signature& s : signatures)
    if (s.status == SignatureStatus::Invalid || s.status == SignatureStatus::NotChecked)
      add(broken, findings_of(s));
  std::vector<Reason> none;
  for (const Reason& defect : evidence_.signature_defects)
    add(defect.code == Code::NoSignerInfo || defect.code == Code::Unsigned ? none : broken, defect);
  if (!broken.empty()) return untrusted(std::move(broken));
  if (!signatures.empty()) return unknown_signer();
  return without_signature(std::move(none));
}

Decision Judgement::without_signature(std::vector<Reason> reasons) const
{
  Decision out;
  out.verdict = verdict_of(policy_.defaults.unsigned_);
  out.decided_by = default_origin(policy_, "unsigned");
  const auto& claim = evidence_.correlation.claimant;
  out.reasons.push_back(
      {Code::Unsigned,
       claim ? cat("nobody signed this; that it comes from ", claim->address.mailbox(),
                   " is only a claim: ask for a signed message")
             : std::string{"nobody signed this: ask for a signed message"}});
  add(out.reasons, reasons);
  out.speaker = claimed_speaker(evidence_.correlation);
  return out;
}

Decision Judgement::unknown_signer() const
{
  std::vector<Reason> findings;
  std::vector<Reason> final;
  for (const Signature& s : evidence_.signatures) {
    add(findings, findings_of(s));
    for (const Reason& r : findings_of(s))
      if (detail::is_final(r.code, policy_.revocation)) add(final, r);
  }
  if (!final.empty()) return untrusted(std::move(final));
  Decision out;
  out.verdict = verdict_of(policy_.defaults.unknown_signer);
  out.decided_by = default_origin(policy_, "unknown-signer");
  const Signature& first = evidence_.signatures.front();
  const Reason unknown{Code::UnknownSigner,
                       cat("signed by ", detail::signer_name(first), ", whose ",
                           first.protocol == crypto::Protocol::OpenPgp ? "key" : "certificate",
                           " proves nobody here: it counts as unsigned")};
  // "no anchor" is what makes a signer unknown; anything else says more than that
  if (findings.empty() || detail::has(findings, Code::NoAnchor)) out.reasons.push_back(unknown);
  add(out.reasons, findings);
  add(out.reasons, unknown);
  out.speaker = claimed_speaker(evidence_.correlation);
  return out;
}

Decision Judgement::proven() const
{
  const identity::Correlation& correlation = evidence_.correlation;
  const bool complete = correlation.claimant && correlation.signer && correlation.signature &&
                        *correlation.signature < evidence_.signatures.size() &&
                        proves(evidence_.signatures[*correlation.signature]);
  if (!complete) return no_correlation();
  Origin origin;
  if (auto broken = pin_broken(origin)) {
    Decision out = untrusted({*std::move(broken)});
    out.decided_by = std::move(origin);
    return out;
  }
  switch (correlation.backing) {
    case Backing::SignedByClaimant:
      return direct();
    case Backing::SignedBySentBy:
      return sent_by();
    case Backing::SignedByDelegator:
    case Backing::SignedByForwarder:
      return passed_on();
    case Backing::None:
    case Backing::SignedByOther:
      break;
  }
  return no_correlation();
}

Decision Judgement::no_correlation() const
{
  std::string who;
  for (const Signature& s : evidence_.signatures)
    if (proves(s)) who += cat(who.empty() ? "" : ", ", s.identities.front().mailbox());
  const auto& claim = evidence_.correlation.claimant;
  const std::string_view party =
      itip::is_organizer_method(evidence_.message->method) ? "ORGANIZER" : "ATTENDEE";
  return untrusted(
      {{Code::NoCorrelation,
        claim ? cat("signed by ", who, ", but a ", method(), " must be signed by its ", party, ' ',
                    claim->address.mailbox(), " or by the SENT-BY that it names")
              : cat("signed by ", who, ", but a ", method(), " must be signed by its ", party,
                    ", and it names none that the signer could be")}});
}

const Anchor* Judgement::admitting_anchor(const Signature& s) const
{
  const auto& anchor = s.anchor;
  if (!anchor || *anchor >= policy_.anchors.size()) return nullptr;
  const Anchor& found = policy_.anchors[*anchor];
  return found.admits ? &found : nullptr;
}

const Allow* Judgement::allow_for(const CalAddress& address) const
{
  for (const Allow& allow : policy_.allows)
    if (same_(allow.address, address)) return &allow;
  return nullptr;
}

bool names_key(const Pin& pin, const Signature& s)
{
  const auto has = [](const std::vector<std::string>& list, const std::string& key) {
    return std::find(list.begin(), list.end(), key) != list.end();
  };
  if (s.openpgp) return has(pin.openpgp, s.openpgp->fingerprint);
  return s.signer && has(pin.spki_sha256, s.signer->spki_sha256);
}

const Pin* Judgement::pin_met_by(const Signature& s) const
{
  for (const Pin& pin : policy_.pins)
    if (same_(pin.address, signer()) && names_key(pin, s)) return &pin;
  return nullptr;
}

/// What restricts is compared loosely: a pin of boss@ holds for boss+x@ and for aliases too. But where the very
/// address has pins, no key that another's pin names will do.
std::vector<const Pin*> Judgement::restricting_pins() const
{
  std::vector<const Pin*> own;
  std::vector<const Pin*> similar;
  for (const Pin& pin : policy_.pins)
    if (same_(pin.address, signer()))
      own.push_back(&pin);
    else if (maybe_same_user(pin.address, signer()))
      similar.push_back(&pin);
  return own.empty() ? similar : own;
}

int Judgement::standing(const Signature& s) const
{
  const auto pins = restricting_pins();
  if (std::any_of(pins.begin(), pins.end(), [&](const Pin* pin) { return names_key(*pin, s); }))
    return 2;
  const bool in_key_ring = s.protocol == crypto::Protocol::OpenPgp && policy_.key_ring;
  return in_key_ring || admitting_anchor(s) != nullptr ? 1 : 0;
}

/// Each signature is judged alone: of those that prove the signer, the one that the policy thinks most of counts.
const Signature& Judgement::relied() const
{
  const Signature* best = &*evidence_.signatures[*evidence_.correlation.signature];
  for (const Signature& s : evidence_.signatures) {
    const bool proves_signer =
        proves(s) && std::any_of(s.identities.begin(), s.identities.end(), [&](const CalAddress& a) {
          return same_user(a, signer(), policy_.owner.local_part);
        });
    if (proves_signer && standing(s) > standing(*best)) best = &s;
  }
  return *best;
}

std::optional<Reason> Judgement::pin_broken(Origin& origin) const
{
  const auto pins = restricting_pins();
  const Signature& signature = relied();
  if (pins.empty() || std::any_of(pins.begin(), pins.end(),
                                  [&](const Pin* pin) { return names_key(*pin, signature); }))
    return std::nullopt;
  const Pin* broken = pins.back();
  origin = broken->origin;
  return Reason{Code::PinMismatch,
                cat("signed by ", signer().mailbox(),
                    " with a key that the [[pin]] of ", broken->address.mailbox(),
                    " does not name: ask that person, by another way than mail, whether the key changed")};
}

// Known by an entry of the policy or by the anchor of the certificate?
bool Judgement::admitted(Decision& out) const
{
  const CalAddress& address = claimant().address;
  if (const Allow* allow = allow_for(address)) {
    out.reasons.push_back({Code::Allowed, cat(address.mailbox(), " is in an [[allow]] entry")});
    out.decided_by = allow->origin;
    return true;
  }
  const Signature& signature = relied();
  if (const Pin* pin = pin_met_by(signature)) {
    out.reasons.push_back({Code::Pinned, cat("a [[pin]] names the key of ", signer().mailbox())});
    out.decided_by = pin->origin;
    return true;
  }
  if (signature.protocol == crypto::Protocol::OpenPgp && policy_.key_ring) {
    out.reasons.push_back({Code::KeyRingAdmits, cat("the key ring ", policy_.key_ring->home,
                                                    " says that the key belongs to ",
                                                    signer().mailbox())});
    out.decided_by = policy_.key_ring->origin;
    return true;
  }
  const Anchor* anchor = admitting_anchor(signature);
  if (anchor == nullptr) return false;
  out.reasons.push_back(
      {Code::AnchorAdmits, cat("the certificate of ", signer().mailbox(), " comes from ",
                               anchor->file.path, ", which the policy lists")});
  out.decided_by = anchor->origin;
  return true;
}

void Judgement::first_contact(Decision& out) const
{
  const Verdict most = verdict_of(policy_.defaults.first_contact);
  if (reach(most) < reach(out.verdict)) {
    out.verdict = most;
    out.decided_by = default_origin(policy_, "first-contact");
  }
  add(out.reasons,
      Reason{Code::FirstContact, cat(signer().mailbox(),
                                     " is proven but new here: no [[allow]] entry has that address, "
                                     "and the anchor of the certificate admits nobody")});
}

Decision Judgement::direct() const
{
  Decision out;
  out.assurance = Assurance::Signed;
  out.speaker = claimed_speaker(evidence_.correlation);
  out.verdict = Verdict::Trusted;
  if (!admitted(out)) first_contact(out);
  out.reasons.push_back({Code::DirectMatch, cat("signed by the ", role_word(claimant().role), ' ',
                                                claimant().address.mailbox())});
  if (policy_.owner.is(claimant().address))
    out.reasons.push_back({Code::OwnMessage, "this is your own message"});
  return out;
}

bool Judgement::role_fits(const Delegate& d) const
{
  if (d.role == Delegate::Role::Both) return claimant().role != Claimant::Role::None;
  return claimant().role == Claimant::Role::Organizer ? d.role == Delegate::Role::Organizer
                                                      : d.role == Delegate::Role::Attendee;
}

bool Judgement::is_pair(const Delegate& d) const
{
  return same_(d.principal, claimant().address) && same_(d.sent_by, signer());
}

/// The method that this entry does not allow and the message needs.
std::optional<Method> Judgement::lacking_method(const Delegate& d) const
{
  if (d.methods.empty()) return std::nullopt;
  const auto allows = [&](Method m) {
    return std::find(d.methods.begin(), d.methods.end(), m) != d.methods.end();
  };
  const itip::Message& message = *evidence_.message;
  if (!allows(message.method)) return message.method;
  if (message.method == Method::Request && !allows(Method::Cancel) &&
      detail::request_cancels(message, evidence_.now, policy_.limits))
    return Method::Cancel;
  return std::nullopt;
}

Reason Judgement::why_not_authorized() const
{
  const std::string pair = cat(signer().mailbox(), " for ", claimant().address.mailbox());
  Reason best{Code::SentByNotAuthorized,
              cat("signed by ", signer().mailbox(), " on behalf of ", claimant().address.mailbox(),
                  ": no [[delegate]] entry says so")};
  for (const Delegate& d : policy_.delegates) {
    if (!is_pair(d)) continue;
    if (d.until && evidence_.now > *d.until)
      return {Code::SentByExpired, cat("the [[delegate]] entry of ", pair, " ended at ",
                                       to_rfc3339(*d.until), ": renew it if it still holds")};
    if (d.from && evidence_.now < *d.from)
      best.text = cat("the [[delegate]] entry of ", pair, " begins only at ", to_rfc3339(*d.from));
    else if (!role_fits(d))
      best.text = cat("the [[delegate]] entry of ", pair, " is not for the role ",
                      claimant().role == Claimant::Role::Organizer ? "organizer" : "attendee");
    else if (const auto method = lacking_method(d))
      best.text =
          cat("the [[delegate]] entry of ", pair, " does not include ", itip::method_word(*method),
              *method == evidence_.message->method ? "" : ", which is what this REQUEST comes to");
  }
  return best;
}

Decision Judgement::sent_by() const
{
  Decision out;
  out.speaker = claimed_speaker(evidence_.correlation);
  out.speaker.sent_by = signer();
  for (const Delegate& d : policy_.delegates) {
    const bool in_time =
        (!d.from || evidence_.now >= *d.from) && (!d.until || evidence_.now <= *d.until);
    if (!is_pair(d) || !in_time || !role_fits(d) || lacking_method(d)) continue;
    out.verdict = Verdict::Trusted;
    out.assurance = Assurance::Signed;
    out.decided_by = d.origin;
    out.reasons.push_back(
        {Code::SentByAuthorized, cat("signed by ", signer().mailbox(), ", who may speak for ",
                                     claimant().address.mailbox())});
    if (policy_.owner.is(claimant().address))
      out.reasons.push_back({Code::OwnMessage, "this is a message of your own, by your assistant"});
    return out;
  }
  out.verdict = verdict_of(policy_.defaults.sent_by);
  out.decided_by = default_origin(policy_, "sent-by");
  out.reasons.push_back(why_not_authorized());
  return out;
}

Decision Judgement::passed_on() const
{
  const bool delegator = evidence_.correlation.backing == Backing::SignedByDelegator;
  Decision out;
  out.assurance = Assurance::Signed;
  out.speaker.cls = delegator ? Speaker::Class::Delegator : Speaker::Class::Forwarder;
  out.speaker.address = claimant().address;
  const std::string_view key = delegator ? "delegator" : "forwarder";
  out.verdict = verdict_of(delegator ? policy_.defaults.delegator : policy_.defaults.forwarder);
  out.decided_by = default_origin(policy_, key);
  const std::string who = signer().mailbox();
  out.reasons.push_back(
      delegator
          ? Reason{Code::Delegator, cat(who,
                                        " delegates to you what came from the organizer; the "
                                        "organizer has not signed this")}
          : Reason{Code::Forwarder, cat(who,
                                        ", an attendee, passes this on; the organizer has not "
                                        "signed it")});
  Decision admission;
  if (!admitted(admission)) first_contact(out);
  return out;
}

// The best verdict that an objection leaves, and what decided that.
Verdict Judgement::most_under(itip::Objection& objection, Origin& origin) const
{
  const auto by_default = [&](Default choice, std::string_view key) {
    origin = default_origin(policy_, key);
    return verdict_of(choice);
  };
  if (objection.refuses) return Verdict::Untrusted;
  if (objection.reason.code == Code::OrganizerChange) {
    if (evidence_.correlation.backing == Backing::SignedByClaimant)
      return by_default(policy_.defaults.organizer_change, "organizer-change");
    // RFC 5546 section 3.2.2.4 by the word of the new organizer alone, not of who says to act for
    // him
    objection.reason = {Code::OrganizerMismatch,
                        cat("a new ORGANIZER must sign in person: ", objection.reason.text)};
    return Verdict::Untrusted;
  }
  if (objection.reason.code == Code::AnswerWanted)
    return by_default(policy_.defaults.free_busy, "free-busy");
  if (objection.reason.code == Code::PartyCrasher)
    return by_default(policy_.defaults.party_crasher, "party-crasher");
  return Verdict::Ask;
}

/// An [[allow]] entry says so, of whom the signer proves to be or may speak for.
bool Judgement::may_know_busy_time() const
{
  return evidence_.correlation.claimant &&
         std::any_of(policy_.allows.begin(), policy_.allows.end(), [&](const Allow& allow) {
           return allow.free_busy && same_(allow.address, claimant().address);
         });
}

void Judgement::weigh_objections(Decision& out) const
{
  std::vector<Reason> deciding;
  std::vector<Reason> others;
  Verdict verdict = out.verdict;
  for (itip::Objection objection : evidence_.objections) {
    if (objection.reason.code == Code::AnswerWanted && may_know_busy_time()) continue;
    Origin origin;
    const Verdict most = most_under(objection, origin);
    if (reach(most) < reach(verdict)) {
      others.insert(others.begin(), deciding.begin(), deciding.end());
      deciding = {objection.reason};
      verdict = most;
      out.decided_by = std::move(origin);
    } else if (most == Verdict::Untrusted && !deciding.empty()) {
      deciding.push_back(objection.reason);
    } else {
      others.push_back(objection.reason);
    }
  }
  out.verdict = verdict;
  // what lowered the verdict decides; what did not comes after what was decided before
  std::vector<Reason> reasons = std::move(deciding);
  if (reasons.empty()) {
    add(out.reasons, others);
    return;
  }
  add(reasons, others);
  add(reasons, out.reasons);
  out.reasons = std::move(reasons);
}

}  // namespace

std::string_view verdict_word(Verdict v)
{
  switch (v) {
    case Verdict::None:
      return "none";
    case Verdict::Untrusted:
      return "untrusted";
    case Verdict::Ask:
      return "ask";
    case Verdict::Trusted:
      return "trusted";
  }
  return "none";
}

std::string_view assurance_word(Assurance a)
{
  return a == Assurance::Signed ? "signed" : "none";
}

Decision decide(const Policy& policy, const Evidence& evidence)
{
  return Judgement{policy, evidence}.decide();
}

}  // namespace imip::policy
