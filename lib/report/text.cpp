#include "report/text.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "report/event_text.hpp"
#include "report/lines.hpp"
#include "report/words.hpp"

namespace imip::report {

namespace {

constexpr std::size_t value_column = 14;

class Lines {
 public:
  explicit Lines(const Style& style) : style_(style) {}

  void plain(std::string_view text) { out_ += wrapped("", text, 4, style_.columns); }
  /// "  label       value": nothing for an empty value.
  void field(std::string_view label, std::string_view value)
  {
    if (!value.empty()) out_ += wrapped(cat("  ", label), value, value_column, style_.columns);
  }
  void fields(std::string_view label, const std::vector<std::string>& values)
  {
    for (std::size_t i = 0; i < values.size(); ++i) field(i == 0 ? label : " ", values[i]);
  }
  [[nodiscard]] std::string coloured(std::string_view word, const char* sgr) const
  {
    return style_.colour ? cat("\x1b[", sgr, "m", word, "\x1b[0m") : std::string{word};
  }
  [[nodiscard]] const Style& style() const { return style_; }
  std::string take() { return std::move(out_); }

 private:
  const Style& style_;
  std::string out_;
};

const char* verdict_colour(policy::Verdict verdict)
{
  switch (verdict) {
    case policy::Verdict::Trusted:
      return "1;32";
    case policy::Verdict::Ask:
      return "1;33";
    case policy::Verdict::Untrusted:
    case policy::Verdict::None:
      break;
  }
  return "1;31";
}

std::string where_of(const pipeline::JudgedPart& part)
{
  const std::string input = part.input == "-" ? std::string{"(standard input)"} : safe(part.input);
  return part.part.empty() ? input : cat(input, " part ", safe(part.part));
}

void headline(Lines& lines, const pipeline::JudgedPart& part)
{
  lines.plain(cat(where_of(part), ": ",
                  lines.coloured(policy::verdict_word(part.decision.verdict),
                                 verdict_colour(part.decision.verdict))));
}

const ical::Component* first_component(const pipeline::JudgedPart& part)
{
  const itip::Message* message = part.message();
  return message != nullptr && !message->components.empty() ? &*message->components.front().component
                                                            : nullptr;
}

/// An answer is about the event that is stored, whatever it calls it.
std::string title_of(const pipeline::JudgedPart& part)
{
  const ical::Component* component = first_component(part);
  if (component == nullptr) return {};
  if (!itip::is_organizer_method(part.message()->method) && part.stored)
    for (const auto& stored : part.stored->calendar.components)
      if (stored.find("SUMMARY") != nullptr) return stored.text("SUMMARY");
  return component->text("SUMMARY");
}

void message_line(Lines& lines, const pipeline::JudgedPart& part)
{
  const itip::Message* message = part.message();
  if (message == nullptr) return;
  const std::string summary = first_component(part)->text("SUMMARY");
  lines.field("message", cat(itip::method_word(message->method), ' ', itip::kind_word(message->kind),
                             summary.empty() ? "" : cat(" \"", safe(summary), '"')));
  lines.field("uid", cat(safe(message->uid), ", sequence ",
                         message->components.front().revision.sequence));
  if (message->organizer) lines.field("organizer", safe(party_text(message->organizer->property)));
}

/// What the certificate or the key says, which proves nothing.
std::string unproven_name(const crypto::Signature& signature)
{
  if (signature.signer && !signature.signer->mail_names.empty())
    return cat(" (the certificate says ", safe(signature.signer->mail_names.front()), ")");
  if (signature.openpgp && !signature.openpgp->user_ids.empty())
    return cat(" (the key says ", safe(signature.openpgp->user_ids.front().text), ")");
  return {};
}

std::string signature_line(const crypto::Signature& signature)
{
  std::string line;
  if (!signature.identities.empty()) {
    constexpr std::size_t shown = 10;
    for (std::size_t i = 0; i < std::min(signature.identities.size(), shown); ++i)
      line += cat(i == 0 ? "" : ", ", safe(signature.identities[i].mailbox()));
    if (signature.identities.size() > shown)
      line += cat(" and ", signature.identities.size() - shown, " more");
  } else {
    line = cat("nobody proven", unproven_name(signature));
  }
  line += cat(" (", protocol_name(signature.protocol), ' ', status_word(signature.status));
  if (!signature.digest.empty()) line += cat(", ", safe(signature.digest));
  if (signature.signer) line += cat(", ", safe(signature.signer->key));
  if (signature.openpgp) line += cat(", ", safe(signature.openpgp->key));
  return line + ")";
}

void signature_lines(Lines& lines, const pipeline::JudgedPart& part)
{
  if (part.encrypted)
    lines.field("encrypted", "yes, to a key of yours; who signed around that says nothing");
  if (part.evidence.signatures.empty()) {
    lines.field("signed by", part.bare ? "nobody: signature not checked, this is no mail"
                                       : "nobody: no signature that counts covers this part");
    return;
  }
  for (const crypto::Signature& signature : part.evidence.signatures) {
    lines.field("signed by", signature_line(signature));
    if (signature.signer) {
      lines.field("certificate", safe(signature.signer->subject));
      std::string chain;
      for (const auto& certificate : signature.chain)
        chain += cat(chain.empty() ? "" : " < ", safe(certificate.subject));
      lines.field("issued by", chain.empty() ? safe(signature.signer->issuer) : chain);
    }
    if (signature.openpgp) lines.field("key", safe(signature.openpgp->fingerprint));
    if (signature.signed_at) lines.field("signed at", to_rfc3339(*signature.signed_at));
  }
}

void right_line(Lines& lines, const pipeline::JudgedPart& part)
{
  const auto& correlation = part.evidence.correlation;
  if (!correlation.claimant) return;
  const std::string party = cat(safe(correlation.claimant->address.mailbox()), " (",
                                role_word(correlation.claimant->role), ")");
  switch (correlation.backing) {
    case identity::Backing::SignedByClaimant:
      lines.field("speaks for", cat(party, ": its own signature"));
      break;
    case identity::Backing::SignedBySentBy:
      lines.field("speaks for", cat(party, ": as its SENT-BY"));
      break;
    case identity::Backing::SignedByDelegator:
      lines.field("speaks for", cat(party, ": as a delegating attendee"));
      break;
    case identity::Backing::SignedByForwarder:
      lines.field("speaks for", cat(party, ": no, an attendee passed it on"));
      break;
    case identity::Backing::SignedByOther:
      lines.field("speaks for", cat(party, ": no, the signer is somebody else"));
      break;
    case identity::Backing::None:
      lines.field("speaks for", cat(party, ": unproven"));
      break;
  }
}

void reason_lines(Lines& lines, std::string_view label, const std::vector<Reason>& reasons)
{
  std::vector<std::string> texts;
  for (const Reason& reason : reasons)
    texts.push_back(cat(code_word(reason.code), ": ", safe(reason.text)));
  lines.fields(label, texts);
}

void decision_lines(Lines& lines, const pipeline::JudgedPart& part)
{
  reason_lines(lines, "why", part.decision.reasons);
  const policy::Origin& origin = part.decision.decided_by;
  if (!origin.entry.empty()) {
    std::string place = origin.entry;
    if (!origin.file.empty()) place += cat(" (", safe(origin.file), " line ", origin.line, ")");
    lines.field("decided by", place);
  }
  reason_lines(lines, "notice", part.notices);
  if (!part.suggestion.empty()) lines.field("to change", part.suggestion);
}

void event_lines(Lines& lines, const ical::Zones& zones, const ical::Component& component)
{
  const EventText event = describe(zones, component, lines.style().local_zone);
  std::vector<std::string> when;
  for (const auto& line : event.when) when.push_back(safe(line));
  lines.fields("when", when);
  lines.field("due", safe(event.due));
  lines.field("done", safe(event.progress));
  lines.field("repeats", safe(event.repeats));
  std::vector<std::string> busy;
  for (const auto& line : event.busy) busy.push_back(safe(line));
  lines.fields("busy", busy);
  lines.field("where", safe(event.location));
  lines.field("status", safe(event.status));
  lines.field("organizer", safe(event.organizer));
  std::vector<std::string> attendees;
  for (const auto& attendee : event.attendees) attendees.push_back(safe(attendee));
  constexpr std::size_t shown = 20;
  if (attendees.size() > shown) {
    const std::size_t more = attendees.size() - shown;
    attendees.resize(shown);
    attendees.push_back(cat("and ", more, " more"));
  }
  lines.fields("attendees", attendees);
  lines.field("comment", safe(event.comment));
  lines.field("about", safe(event.description));
}

/// Of many the first ones: a person reads no more.
std::vector<std::string> change_lines(const std::vector<itip::Change>& changes, std::size_t left_out)
{
  constexpr std::size_t shown = 100;
  std::vector<std::string> out;
  for (const auto& change : changes) {
    if (out.size() == shown) break;
    out.push_back(change_line(change));
  }
  const std::size_t more = changes.size() - out.size() + left_out;
  if (more > 0) out.push_back(cat("and ", more, " more"));
  return out;
}

void plan_lines(Lines& lines, const pipeline::JudgedPart& part, std::string_view label)
{
  if (!part.plan) return;
  std::vector<std::string> texts = change_lines(part.plan->changes, part.plan->changes_left_out);
  if (texts.empty())
    texts.push_back(cat("nothing (", itip::outcome_word(part.plan->outcome), ")"));
  lines.fields(label, texts);
}

/// What an attendee proposes, and what may be sent: nothing of it happens by itself.
void offer_lines(Lines& lines, const pipeline::JudgedPart& part,
                 const std::vector<pipeline::OfferFate>& fates = {})
{
  if (!part.plan) return;
  lines.fields("proposal", change_lines(part.plan->proposal, part.plan->proposal_left_out));
  std::vector<std::string> offers;
  std::vector<std::string> mailed;
  for (std::size_t i = 0; i < part.plan->offers.size(); ++i) {
    const itip::Offer& offer = part.plan->offers[i];
    const pipeline::OfferFate fate = i < fates.size() ? fates[i] : pipeline::OfferFate{};
    std::string to;
    for (const CalAddress& address : offer.to)
      to += cat(to.empty() ? "" : ", ", safe(address.mailbox()));
    (fate.mailed ? mailed : offers)
        .push_back(cat(itip::offer_word(offer.kind), " to ", to, " (", safe(offer.reason.text), ')',
                       fate.before ? ", by an earlier run" : fate.why.empty() ? "" : cat(": ", safe(fate.why))));
  }
  if (const std::size_t more = part.plan->offers_left_out; more > 0)
    offers.push_back(cat("and ", more, " replies more"));
  lines.fields("mailed", mailed);
  lines.fields("may send", offers);
}

std::string conflict_line(const itip::Conflict& conflict, const std::string& zone)
{
  const itip::Occurrence& event = conflict.first;
  std::string line = cat(interval_text(event.start, event.end, event.all_day, zone), "  ",
                         event.summary.empty() ? "(no title)" : cat('"', safe(event.summary), '"'));
  if (event.tentative) line += " (tentative)";
  if (event.unanswered) line += " (not answered)";
  if (conflict.times > 1) line += cat(", ", conflict.times, " times");
  return line;
}

/// Events of the calendar at the same time; and what nobody can say of them.
void conflict_lines(Lines& lines, const pipeline::JudgedPart& part)
{
  constexpr std::size_t shown = 10;
  lines.fields("conflicts", conflict_texts(part.conflicts, shown));
}

std::string_view method_sentence(itip::Method method, itip::Kind kind)
{
  if (kind == itip::Kind::Todo && method == itip::Method::Request) return "Task";
  if (kind == itip::Kind::FreeBusy)
    return method == itip::Method::Request ? "Question for busy time" : "Busy time";
  switch (method) {
    case itip::Method::Request:
      return "Invitation";
    case itip::Method::Cancel:
      return "Cancellation";
    case itip::Method::Reply:
      return "Answer";
    case itip::Method::Publish:
      return kind == itip::Kind::Todo      ? "Published task"
             : kind == itip::Kind::Journal ? "Published entry"
                                           : "Published event";
    case itip::Method::Add:
      return "Further occurrence";
    case itip::Method::Refresh:
      return "Question for the current state";
    case itip::Method::Counter:
      return "Counter-proposal";
    case itip::Method::DeclineCounter:
      return "Declined proposal";
    case itip::Method::None:
      break;
  }
  return itip::method_word(method);
}

std::string first_code(const std::vector<Reason>& reasons)
{
  return reasons.empty() ? std::string{} : cat(' ', code_word(reasons.front().code));
}

}  // namespace

std::vector<std::string> conflict_texts(const itip::Conflicts& conflicts, std::size_t shown)
{
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < std::min(shown, conflicts.found.size()); ++i)
    texts.push_back(conflict_line(conflicts.found[i], conflicts.zone));
  const std::size_t more = conflicts.found.size() - texts.size() + conflicts.more;
  if (more > 0) texts.push_back(cat("and ", more, " more"));
  for (const std::string& gap : conflicts.gaps) texts.push_back(cat("not checked: ", safe(gap)));
  return texts;
}

std::string change_line(const itip::Change& change)
{
  std::string line = change.action;
  if (!change.instance.empty()) line += cat(' ', safe(change.instance));
  const std::string& before = change.before;
  const std::string& after = change.after;
  if (before.empty() && after.empty())
    return change.property.empty() ? line : cat(line, "  ", safe(change.property));
  if (before.empty() || after.empty())
    return cat(line, "  ", before.empty() ? "" : "was ", safe(before.empty() ? after : before));
  const std::size_t colon = before.find(':');
  const bool same_name = colon != std::string::npos &&
                         after.compare(0, colon + 1, before, 0, colon + 1) == 0;
  return cat(line, "  ", safe(before), " -> ", safe(same_name ? after.substr(colon + 1) : after));
}

std::string verdict_text(const pipeline::JudgedPart& part, const Style& style)
{
  Lines lines(style);
  headline(lines, part);
  message_line(lines, part);
  signature_lines(lines, part);
  right_line(lines, part);
  decision_lines(lines, part);
  return lines.take();
}

std::string show_text(const pipeline::JudgedPart& part, const Style& style)
{
  Lines lines(style);
  const itip::Message* message = part.message();
  if (message == nullptr) {
    lines.plain(cat("Calendar part that imip cannot use, in ", where_of(part)));
  } else {
    constexpr std::size_t shown = 100;
    const ical::Zones zones(message->calendar);
    const std::size_t count = std::min(message->components.size(), shown);
    for (std::size_t i = 0; i < count; ++i) {
      const auto& component = message->components[i];
      const std::string summary = component.component->text("SUMMARY");
      std::string title = cat(method_sentence(message->method, message->kind), ": ",
                              summary.empty() ? std::string{"(no title)"} : safe(summary));
      if (component.scope.type != itip::Scope::Type::Series)
        title += cat("  [", safe(component.scope.key()), "]");
      lines.plain(lines.coloured(title, "1"));
      event_lines(lines, zones, component.component);
    }
    if (message->components.size() > count)
      lines.plain(cat("and ", message->components.size() - count, " more occurrences"));
    conflict_lines(lines, part);
    plan_lines(lines, part, "would do");
    offer_lines(lines, part);
  }
  signature_lines(lines, part);
  right_line(lines, part);
  lines.field("verdict", lines.coloured(policy::verdict_word(part.decision.verdict),
                                        verdict_colour(part.decision.verdict)));
  decision_lines(lines, part);
  return lines.take();
}

std::string apply_text(const pipeline::JudgedPart& part, const pipeline::Applied& applied,
                       bool dry_run, const Style& style)
{
  Lines lines(style);
  const bool stopped =
      applied.outcome == itip::Outcome::Refused || applied.outcome == itip::Outcome::Ask;
  std::string head = cat(where_of(part), ": ", dry_run && !stopped ? "would be " : "",
                         lines.coloured(itip::outcome_word(applied.outcome), stopped ? "1;31" : "1;32"));
  const std::string title = title_of(part);
  if (!title.empty()) head += cat("  \"", safe(title), '"');
  lines.plain(head);
  if (stopped) {
    signature_lines(lines, part);
    right_line(lines, part);
    if (applied.outcome == itip::Outcome::Refused &&
        part.decision.verdict != policy::Verdict::Untrusted)
      reason_lines(lines, "refused", applied.reasons);
    const bool let_through = part.decision.verdict == policy::Verdict::Trusted || applied.by_consent;
    if (applied.outcome == itip::Outcome::Ask && let_through)
      reason_lines(lines, "asks", applied.reasons);
    decision_lines(lines, part);
    conflict_lines(lines, part);
    if (dry_run) plan_lines(lines, part, "would do");
    offer_lines(lines, part, applied.offers);
    return lines.take();
  }
  conflict_lines(lines, part);
  plan_lines(lines, part, dry_run ? "would do" : "changed");
  offer_lines(lines, part, applied.offers);
  reason_lines(lines, "notice", applied.reasons);
  decision_lines(lines, part);
  return lines.take();
}

std::string explain_text(const pipeline::JudgedPart& part, const Style& style)
{
  Lines lines(style);
  headline(lines, part);
  lines.plain("1. who signed this calendar part (RFC 6047 section 3, step 1)");
  signature_lines(lines, part);
  for (const crypto::Signature& signature : part.evidence.signatures)
    reason_lines(lines, "finding", signature.findings);
  reason_lines(lines, "finding", part.evidence.signature_defects);
  reason_lines(lines, "finding", part.evidence.defects);
  lines.plain("2. whom the message must come from, and whether the signer is that (step 2)");
  message_line(lines, part);
  right_line(lines, part);
  reason_lines(lines, "refused", part.evidence.refusals);
  lines.plain("3. whether it may do this to this calendar (step 3)");
  if (part.evidence.objections.empty())
    lines.field("objections", part.message() != nullptr ? "none" : "not looked at");
  for (const auto& objection : part.evidence.objections)
    reason_lines(lines, objection.refuses ? "refuses" : "asks", {objection.reason});
  lines.plain("4. the decision");
  decision_lines(lines, part);
  plan_lines(lines, part, "would do");
  return lines.take();
}

std::string brief_verdict(const pipeline::JudgedPart& part)
{
  return cat(policy::verdict_word(part.decision.verdict), first_code(part.decision.reasons));
}

std::string brief_outcome(const pipeline::JudgedPart& part, const pipeline::Applied& applied)
{
  const bool stopped =
      applied.outcome == itip::Outcome::Refused || applied.outcome == itip::Outcome::Ask;
  if (!stopped) return cat(itip::outcome_word(applied.outcome), first_code(applied.reasons));
  return cat(itip::outcome_word(applied.outcome),
             first_code(part.decision.verdict == policy::Verdict::Trusted ? applied.reasons
                                                                          : part.decision.reasons));
}

}  // namespace imip::report
