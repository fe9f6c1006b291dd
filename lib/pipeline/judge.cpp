#include "pipeline/judge.hpp"

#include <algorithm>
#include <utility>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "crypto/gpgsm.hpp"
#include "crypto/openpgp.hpp"
#include "mime/calendar_part.hpp"
#include "mime/compose.hpp"
#include "mime/signed_entity.hpp"
#include "pipeline/detail/contradictions.hpp"
#include "pipeline/detail/passed_on.hpp"

namespace imip::pipeline {

namespace {

/// What is already known about everything inside one layer: the signatures whose content it is, and
/// the defects of the nodes around it.
struct Layer {
  std::string prefix;  ///< "2/" for the content of the opaque signature at part 2
  std::size_t depth = 0;
  identity::Signatures signatures;
  std::vector<Reason> signature_defects;
  std::vector<Reason> passed_on;  ///< of signatures that are the word of who passed a message on
  std::vector<Reason> defects;
  bool in_forwarded = false, in_report = false;
  bool encrypted = false;  ///< inside a decryption
  std::string group;  ///< the outermost multipart/alternative around it

  /// What the place of a node of this layer's message adds to it.
  void descend(const mime::Message& message, const mime::Place& place)
  {
    in_forwarded = in_forwarded || place.in_forwarded;
    in_report = in_report || place.in_report;
    // whatever lies in one alternative, however deep, stands for the same thing
    if (place.alternative == mime::no_node || !group.empty()) return;
    group = cat(prefix, message.nodes()[place.alternative].part, "@", place.alternative);
  }
  /// The signatures around this layer, as they count for one of its nodes.
  void narrow(const mime::Message& message, std::size_t node);
};

void Layer::narrow(const mime::Message& message, std::size_t node)
{
  if (signatures.empty() || !mime::is_passed_on(message, 0, node)) return;
  passed_on.push_back(detail::word_of_forwarder(signatures.front()->entity));
  signatures.clear();
}

/// A signed entity with what the signature engine says of it.
struct CheckedEntity {
  mime::SignedEntity entity;
  crypto::SignatureReport report;  ///< its signatures are in `signatures`
  identity::Signatures signatures{};
  identity::Signatures own{};        ///< of these, those that count for what is signed as a whole
  std::vector<Reason> passed_on{};  ///< why others do not
};

void append(std::vector<Reason>& to, const std::vector<Reason>& from)
{
  to.insert(to.end(), from.begin(), from.end());
}

crypto::SignatureReport unchecked(std::string text)
{
  crypto::SignatureReport report;
  report.defects.push_back({Code::SignatureUnchecked, std::move(text)});
  return report;
}

std::string digest_of(const std::string& calendar) { return sha256_hex(mime::to_crlf(calendar)); }

crypto::SignatureReport check(const mime::Message& message, const mime::SignedEntity& entity,
                              const crypto::Verifier& verifier, const crypto::OpenPgp& openpgp)
{
  switch (entity.protection) {
    case mime::Protection::SmimeDetached:
      return verifier.verify_detached(mime::signed_octets(message, entity), entity.signature);
    case mime::Protection::SmimeOpaque:
      return verifier.verify_opaque(entity.signature);
    case mime::Protection::OpenPgpDetached:
      return openpgp.verify_detached(mime::signed_octets(message, entity), entity.signature);
    case mime::Protection::OpenPgpEncrypted:
      return openpgp.open(entity.signature);
    case mime::Protection::Unknown:
    case mime::Protection::None:
      break;
  }
  return unchecked("the signature is of a kind that imip does not know");
}

/// Why what was opened was not looked into. A document that was signed as it is (contract.pdf.p7m) comes like that:
/// it holds no calendar part, and says nothing of those beside it.
Reason not_mail(const std::string& part, const Error& error)
{
  if (error.code == Errc::TooLarge)
    return {Code::LimitExceeded, cat("the content of part ", part, ": ", error.what)};
  return {Code::SignatureMalformed,
          cat("the content of part ", part, " is no MIME entity, so no mail program shows a calendar in it")};
}

/// Is it a multipart or a message that nobody can look into as it is: encoded, or not all here?
bool may_hide_parts(const mime::Node& node)
{
  return (node.media_type.starts_with("multipart/") || node.media_type.starts_with("message/")) &&
         std::any_of(node.defects.begin(), node.defects.end(), [](const Reason& reason) {
           return reason.code == Code::PartialOrExternal || reason.code == Code::BadTransferEncoding;
         });
}

bool is_ancestor(const mime::Message& message, std::size_t ancestor, std::size_t node)
{
  for (std::size_t at = node; at != mime::no_node; at = message.nodes()[at].parent)
    if (at == ancestor) return true;
  return false;
}

/// What the entities around `node` say: signatures of those that cover it, defects of those that
/// stand around it and give none.
void collect(const mime::Message& message, const std::vector<CheckedEntity>& entities,
             std::size_t node, Layer& into)
{
  for (const CheckedEntity& checked : entities) {
    const bool around =
        checked.entity.node != node && is_ancestor(message, checked.entity.node, node);
    if (!around) continue;
    append(into.signature_defects, checked.entity.defects);  // of one that is no multipart/signed nobody is covered
    if (!mime::covers(message, checked.entity, node)) continue;
    append(into.signature_defects, checked.report.defects);
    if (!checked.entity.defects.empty()) continue;
    const mime::Node& entity = message.nodes()[checked.entity.node];
    if (mime::is_passed_on(message, entity.children.front(), node)) {
      into.passed_on.push_back(detail::word_of_forwarder(entity.part));
      continue;
    }
    into.signatures.insert(into.signatures.end(), checked.own.begin(), checked.own.end());
    append(into.passed_on, checked.passed_on);
  }
}

std::vector<Reason> node_defects(const mime::Message& message, std::size_t node)
{
  std::vector<Reason> defects;
  for (std::size_t at = node; at != mime::no_node; at = message.nodes()[at].parent)
    append(defects, message.nodes()[at].defects);
  return defects;
}

class Examination {
 public:
  Examination(const policy::Policy& policy, const crypto::Verifier& verifier,
              const crypto::OpenPgp& openpgp, UtcSeconds now, const std::string& input)
      : policy_(policy), verifier_(verifier), openpgp_(openpgp), now_(now), input_(input)
  {
  }

  void keep_opened() { keep_opened_ = true; }
  Result<void> message(mime::Message message, Layer layer);
  void bare_calendar(std::string octets);
  std::vector<JudgedPart> take() { return std::move(parts_); }
  std::vector<ProtectedEntity> take_entities() { return std::move(entities_); }
  std::vector<OpenedMessage> take_opened() { return std::move(opened_); }
  std::vector<detail::OtherAlternative> take_alternatives() { return std::move(alternatives_); }
  [[nodiscard]] bool saw_calendar_without_method() const { return saw_calendar_without_method_; }
  /// Why there may be a calendar part in it that nobody saw; nothing: there is none.
  [[nodiscard]] std::optional<Error> obstacle() const;

 private:
  Result<void> count_inflated(const crypto::SignatureReport& report);
  Result<void> opaque(const mime::Message& message, const std::vector<CheckedEntity>& entities,
                      CheckedEntity& inner, const Layer& layer);
  void calendar_part(const mime::Message& message, const std::vector<CheckedEntity>& entities,
                     mime::CalendarPart part, const Layer& layer);
  void record(CheckedEntity& checked, const std::string& part);
  std::optional<Reason> count(const ical::Component& calendar);
  void read(JudgedPart& judged, const std::string& text, const std::string& method,
            const std::optional<std::string>& component);

  const policy::Policy& policy_;
  const crypto::Verifier& verifier_;
  const crypto::OpenPgp& openpgp_;
  UtcSeconds now_;
  std::string input_;
  std::optional<Shared<mime::Envelope>> envelope_;
  std::vector<JudgedPart> parts_;
  std::vector<ProtectedEntity> entities_;
  std::vector<OpenedMessage> opened_;
  std::vector<Reason> unopened_;
  std::optional<Error> locked_;  ///< of `unopened_`, the first that is an error
  bool saw_calendar_without_method_ = false;
  std::vector<detail::OtherAlternative> alternatives_;
  bool keep_opened_ = false;
  std::size_t inflated_ = 0;  ///< octets, in all layers
  struct Sizes {
    std::size_t properties = 0, parameters = 0, attendees = 0;
    void add(const ical::Component& component);
  };
  Sizes sizes_;                  ///< of all calendars
  std::optional<Reason> over_;  ///< they are too large together: no other is read
};

Result<void> Examination::message(mime::Message message, Layer layer)
{
  if (layer.depth > policy_.limits.crypto_layers)
    return err(Errc::TooLarge, cat("more than ", policy_.limits.crypto_layers,
                                   " signatures and encryptions around one another (limit crypto-layers)"));
  if (!envelope_) envelope_ = message.envelope();
  layer.signatures =
      detail::over_own_message(std::move(layer.signatures), message, 0, layer.passed_on);
  const std::size_t slot = opened_.size();  // before those inside it
  if (keep_opened_) opened_.push_back({layer.prefix, {}});
  IMIP_TRY(auto entities, mime::signed_entities(message, policy_.limits));
  // in all layers together: sixteen in each of eight would be four thousand million
  if (entities_.size() + entities.size() > policy_.limits.signatures)
    return err(Errc::TooLarge, cat("more than ", policy_.limits.signatures,
                                   " signed or encrypted parts (limit signatures)"));
  std::vector<CheckedEntity> checked;
  checked.reserve(entities.size());
  for (auto& entity : entities) {
    crypto::SignatureReport report;
    if (entity.defects.empty()) report = check(message, entity, verifier_, openpgp_);
    std::string().swap(entity.signature);  // there may be eight layers of ten megabytes
    IMIP_CHECK(count_inflated(report));
    checked.push_back({std::move(entity), std::move(report)});
    CheckedEntity& one = checked.back();
    const mime::Node& node = message.nodes()[one.entity.node];
    record(one, cat(layer.prefix, node.part));
    if (!node.children.empty())
      one.own = detail::over_own_message(one.signatures, message, node.children.front(), one.passed_on);
  }
  for (const mime::Node& node : message.nodes())
    if (may_hide_parts(node)) append(unopened_, node.defects);
  IMIP_TRY(auto calendars, mime::calendar_parts(message, policy_.limits));
  for (auto& part : calendars) calendar_part(message, checked, std::move(part), layer);
  if (!keep_opened_) message.forget_octets();  // likewise
  for (CheckedEntity& entity : checked)
    if (entity.entity.protection == mime::Protection::SmimeOpaque ||
        entity.entity.protection == mime::Protection::OpenPgpEncrypted) {
      IMIP_CHECK(opaque(message, checked, entity, layer));
    } else if (message.nodes()[entity.entity.node].media_type == "multipart/encrypted") {
      append(unopened_, entity.entity.defects);
    }
  if (keep_opened_) opened_[slot].message = std::move(message);
  return {};
}

void Examination::record(CheckedEntity& checked, const std::string& part)
{
  for (crypto::Signature& signature : checked.report.signatures) {
    signature.entity = part;
    if (signature.anchor && *signature.anchor < policy_.anchors.size())
      signature.anchor_file = policy_.anchors[*signature.anchor].file.path;
    checked.signatures.emplace_back(std::move(signature));
  }
  checked.report.signatures.clear();
  ProtectedEntity entity;
  entity.part = part;
  entity.protection = checked.entity.protection;
  entity.wrapping = checked.report.wrapping;
  entity.signatures = checked.signatures;
  entity.defects = checked.entity.defects;
  append(entity.defects, checked.report.defects);
  entities_.push_back(std::move(entity));
}

// A filter takes "nothing to judge" for "no invitation in it": said only where no key of ours and no limit is in the way.
std::optional<Error> Examination::obstacle() const
{
  if (locked_) return locked_;
  const auto over =
      std::find_if(unopened_.begin(), unopened_.end(),
                   [](const Reason& reason) { return reason.code == Code::LimitExceeded; });
  if (over != unopened_.end()) return Error{Errc::TooLarge, over->text, {}, over->code};
  if (unopened_.empty()) return std::nullopt;
  const Reason& first = unopened_.front();
  return Error{Errc::NothingToJudge, first.text, {}, first.code};
}

// Signing adds octets; compressed-data inflates, and so does what OpenPGP encrypted.
Result<void> Examination::count_inflated(const crypto::SignatureReport& report)
{
  if (report.content && report.wrapping != crypto::Wrapping::Signed)
    inflated_ += report.content->size();
  if (inflated_ <= policy_.limits.decoded_bytes) return {};
  return err(Errc::TooLarge, cat("the message inflates to more than ", policy_.limits.decoded_bytes,
                                 " octets (limit decoded-bytes)"));
}

Result<void> Examination::opaque(const mime::Message& message,
                                 const std::vector<CheckedEntity>& entities, CheckedEntity& inner,
                                 const Layer& layer)
{
  const std::size_t node = inner.entity.node;
  const std::string& part = message.nodes()[node].part;
  if (!inner.report.content) {
    append(unopened_, inner.entity.defects);
    append(unopened_, inner.report.defects);
    if (!locked_) locked_ = inner.report.locked;
    return {};
  }
  Layer content = layer;
  content.descend(message, mime::place_of(message, node));
  content.prefix = cat(layer.prefix, part, "/");
  content.depth = layer.depth + 1;
  content.narrow(message, node);
  collect(message, entities, node, content);
  append(content.defects, node_defects(message, node));
  // A signature outside an encryption signs ciphertext: whoever made it need not know what it says.
  if (inner.report.wrapping == crypto::Wrapping::Encrypted) {
    content.signatures.clear();
    content.signature_defects.clear();
    content.passed_on.clear();
    content.encrypted = true;
  }
  append(content.signature_defects, inner.report.defects);
  if (inner.entity.defects.empty())
    content.signatures.insert(content.signatures.end(), inner.signatures.begin(),
                              inner.signatures.end());
  else
    append(content.signature_defects, inner.entity.defects);
  if (inner.report.content->empty()) return {};
  auto opened = mime::parse_message(std::move(*inner.report.content), policy_.limits);
  if (!opened) {
    append(unopened_, inner.report.defects);
    unopened_.push_back(not_mail(cat(layer.prefix, part), opened.error()));
    return {};
  }
  return this->message(*std::move(opened), std::move(content));
}

void Examination::calendar_part(const mime::Message& message,
                                const std::vector<CheckedEntity>& entities,
                                mime::CalendarPart part, const Layer& layer)
{
  Layer here = layer;
  here.descend(message, part.place);
  if (!part.method) {
    saw_calendar_without_method_ = true;
    if (!here.group.empty())
      alternatives_.push_back({cat(layer.prefix, part.part), digest_of(part.text), here.group});
    return;
  }
  JudgedPart judged;
  judged.part = cat(layer.prefix, part.part);
  judged.method = *part.method;
  judged.in_forwarded = here.in_forwarded;
  judged.encrypted = here.encrypted;
  judged.group = here.group;
  here.narrow(message, part.node);
  collect(message, entities, part.node, here);
  judged.evidence.signatures = std::move(here.signatures);
  judged.evidence.signature_defects = std::move(here.signature_defects);
  if (judged.evidence.signatures.empty()) append(judged.evidence.signature_defects, here.passed_on);
  judged.evidence.defects = std::move(here.defects);
  append(judged.evidence.defects, part.defects);
  if (here.in_report)
    judged.reading.refusals.push_back(
        {Code::InsideReport, "the calendar lies inside a delivery report: it was returned, not sent"});
  read(judged, part.text, *part.method, part.component);
}

void Examination::bare_calendar(std::string octets)
{
  JudgedPart judged;
  judged.bare = true;
  judged.notices.push_back(
      {Code::Unsigned, "signature not checked: this is a calendar without its mail"});
  read(judged, octets, {}, std::nullopt);
}

/// Another message of the same part (a PUBLISH of several UIDs): the same signatures cover it.
JudgedPart like(const JudgedPart& part)
{
  JudgedPart out;
  out.input = part.input;
  out.part = part.part;
  out.part_sha256 = part.part_sha256;
  out.method = part.method;
  out.envelope = part.envelope;
  out.bare = part.bare;
  out.in_forwarded = part.in_forwarded;
  out.encrypted = part.encrypted;
  out.group = part.group;
  out.evidence.signatures = part.evidence.signatures;
  out.evidence.signature_defects = part.evidence.signature_defects;
  out.evidence.defects = part.evidence.defects;
  out.notices = part.notices;
  return out;
}

void Examination::Sizes::add(const ical::Component& component)
{
  properties += component.properties.size();
  attendees += component.count("ATTENDEE");
  for (const ical::Property& property : component.properties)
    for (const ical::Parameter& parameter : property.parameters) parameters += parameter.values.size();
  for (const ical::Component& inner : component.components) add(inner);
}

constexpr std::size_t most_parameters = 200'000;
constexpr std::size_t most_attendees = 40'000;  // as in one calendar: each is looked at in each step

/// What a mail's calendars may hold together is what one may: all of them stay in memory.
std::optional<Reason> Examination::count(const ical::Component& calendar)
{
  sizes_.add(calendar);
  if (sizes_.properties > policy_.limits.properties)
    return Reason{Code::LimitExceeded, cat("the calendars of this mail have more than ", policy_.limits.properties,
                                           " properties (limit properties)")};
  if (sizes_.parameters > most_parameters)
    return Reason{Code::LimitExceeded, cat("the calendars of this mail have more than ", most_parameters,
                                           " values of parameters, which no policy changes")};
  if (sizes_.attendees > most_attendees)
    return Reason{Code::LimitExceeded, cat("the calendars of this mail have more than ", most_attendees,
                                           " attendees, which no policy changes")};
  return std::nullopt;
}

void Examination::read(JudgedPart& judged, const std::string& text, const std::string& method,
                       const std::optional<std::string>& component)
{
  judged.input = input_;
  if (envelope_) judged.envelope = *envelope_;
  // a mailbox with LF line ends has them in the text, and CRLF in what was base64
  judged.part_sha256 = digest_of(text);
  auto parsed = over_ ? Result<ical::Parsed>(ical::Parsed{}) : ical::parse(text, policy_.limits);
  if (parsed && !over_) over_ = count(parsed->calendar);
  if (!parsed) {
    append(judged.reading.refusals, judged.evidence.defects);  // rather the cause than what came of it
    judged.reading.refusals.push_back({Code::BadCalendar, parsed.error().what});
  } else if (over_) {
    judged.reading.refusals.push_back(*over_);
  } else if (judged.reading.refusals.empty()) {
    std::string method_parameter = method;
    if (judged.bare)
      if (const auto* value = parsed->calendar.value("METHOD")) method_parameter = *value;
    auto readings = itip::read_messages(*std::move(parsed), method_parameter, component, now_);
    for (std::size_t i = 0; i + 1 < readings.size(); ++i) {
      JudgedPart one = like(judged);
      one.reading = std::move(readings[i]);
      append(one.notices, one.reading.notices);
      parts_.push_back(std::move(one));
    }
    judged.reading = std::move(readings.back());
  }
  append(judged.notices, judged.reading.notices);
  parts_.push_back(std::move(judged));
}

/// Before any part is dropped as a copy of another: its signature covers a calendar all the same.
void note_coverage(std::vector<ProtectedEntity>& entities, const std::vector<JudgedPart>& parts)
{
  for (ProtectedEntity& entity : entities)
    for (const JudgedPart& part : parts)
      if (std::any_of(part.evidence.signatures.begin(), part.evidence.signatures.end(),
                      [&](const crypto::Signature& s) { return s.entity == entity.part; }))
        entity.calendar_parts.push_back(part.part);
}

/// Addresses of signers held against those of a mail's calendars. Honest mail has a few times its attendees.
constexpr std::size_t most_comparisons = 2'000'000;

void refuse_costly(JudgedPart& part)
{
  part.evidence.refusals.push_back(
      {Code::LimitExceeded, cat("more than ", most_comparisons,
                                " comparisons of signers with attendees would be needed, which no policy changes")});
}

void note_sender(JudgedPart& part)
{
  if (!part.evidence.correlation.signer || part.bare) return;
  const CalAddress& signer = *part.evidence.correlation.signer;
  const auto is_signer = [&](const std::string& mailbox) {
    const auto address = CalAddress::from_mailbox(mailbox);
    return address && same_user(*address, signer);
  };
  const auto& from = part.envelope->from;
  const auto& sender = part.envelope->sender;
  if (from.empty() && sender.empty()) return;
  if (std::any_of(from.begin(), from.end(), is_signer) ||
      std::any_of(sender.begin(), sender.end(), is_signer))
    return;
  part.notices.push_back({Code::SignerIsNotSender,
                          cat("signed by ", signer.mailbox(), ", sent as ",
                              from.empty() ? sender.front() : from.front())});
}

crypto::OpenPgpOptions openpgp_options(const policy::Policy& policy, UtcSeconds now, UtcSeconds at)
{
  crypto::OpenPgpOptions options;
  if (policy.key_ring) {
    options.home = policy.key_ring->home;
    options.ultimate_only = policy.key_ring->ultimate_only;
  }
  for (const auto& pin : policy.pins)
    for (const auto& fingerprint : pin.openpgp) options.pins.emplace_back(pin.address, fingerprint);
  options.local_part = policy.owner.local_part;
  options.floor = policy.floor;
  options.at = at;
  options.now = now;
  options.clock_skew_seconds = policy.limits.clock_skew_minutes * 60;
  return options;
}

/// @param key_ring  set to what unlocks the keys of the OpenPGP key ring: of the first [[identity]] there
crypto::VerifyOptions verify_options(const policy::Policy& policy, UtcSeconds now, UtcSeconds at,
                                     const PassphrasesOf& passphrases, crypto::PassphraseSource& key_ring)
{
  crypto::VerifyOptions options;
  for (const auto& anchor : policy.anchors) {
    options.anchors.push_back(anchor.file);
    if (!anchor.origin.file.empty())
      options.anchors.back().place = cat(anchor.origin.file, " line ", anchor.origin.line);
  }
  options.intermediates = policy.intermediates;
  options.crls = policy.crls;
  for (const policy::Identity& i : policy.identities) {
    crypto::PassphraseSource passphrase = passphrases(i);  // for each, in order
    if (!i.gpgsm.empty()) crypto::expect_gpgsm();
    if (!i.openpgp.empty()) {  // the key ring opens its own
      if (!key_ring) key_ring = std::move(passphrase);
      continue;
    }
    options.keys.push_back({{.certificate = i.certificate,
                             .key = i.key,
                             .pkcs12 = i.pkcs12,
                             .pkcs11 = i.pkcs11,
                             .gpgsm = i.gpgsm,
                             .key_ring = policy.key_ring ? policy.key_ring->home : ""},
                            std::move(passphrase)});
  }
  options.revocation = policy.revocation;
  options.floor = policy.floor;
  options.at = at;
  options.now = now;
  options.clock_skew_seconds = policy.limits.clock_skew_minutes * 60;
  return options;
}

}  // namespace

// The evidence points at the message beside it: moving a part moves the pointer along.
struct Judge::Impl {
  policy::Policy policy;
  UtcSeconds now{};
  PassphrasesOf passphrases;
  std::optional<crypto::Verifier> verifier;
  std::optional<crypto::OpenPgp> openpgp;
};

Judge::Judge(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Judge::Judge(Judge&&) noexcept = default;
Judge::~Judge() = default;

Result<Judge> Judge::create(policy::Policy policy, UtcSeconds now, UtcSeconds verification_time,
                            const PassphrasesOf& passphrases)
{
  auto impl = std::make_unique<Impl>();
  crypto::OpenPgpOptions openpgp = openpgp_options(policy, now, verification_time);
  IMIP_TRY(auto verifier, crypto::Verifier::create(verify_options(policy, now, verification_time, passphrases,
                                                                  openpgp.passphrase),
                                                   policy.limits));
  impl->verifier.emplace(std::move(verifier));
  impl->openpgp.emplace(std::move(openpgp), policy.limits);
  impl->policy = std::move(policy);
  impl->now = now;
  impl->passphrases = passphrases;
  return Judge{std::move(impl)};
}

Result<Judge> Judge::as_of(UtcSeconds verification_time) const
{
  return create(impl_->policy, impl_->now, verification_time, impl_->passphrases);
}

const policy::Policy& Judge::policy() const { return impl_->policy; }
UtcSeconds Judge::now() const { return impl_->now; }

Result<std::vector<JudgedPart>> Judge::examine(std::string octets, const std::string& input,
                                               ProtectedEntities* entities,
                                               std::vector<OpenedMessage>* opened) const
{
  impl_->openpgp->begin_message();
  Examination examination(impl_->policy, *impl_->verifier, *impl_->openpgp, impl_->now, input);
  if (opened != nullptr) examination.keep_opened();
  if (octets.empty())
    return err(Errc::BadMime, "the input is empty", "give a mail, or an iCalendar object");
  if (mime::looks_like_calendar(octets)) {
    examination.bare_calendar(std::move(octets));
  } else {
    IMIP_TRY(auto message, mime::parse_message(std::move(octets), impl_->policy.limits));
    IMIP_CHECK(examination.message(std::move(message), Layer{}));
  }
  std::vector<JudgedPart> parts = examination.take();
  if (opened != nullptr) *opened = examination.take_opened();
  auto found = std::make_shared<std::vector<ProtectedEntity>>(examination.take_entities());
  note_coverage(*found, parts);
  for (JudgedPart& part : parts) part.entities = found;
  if (entities != nullptr) *entities = found;
  if (parts.empty()) {
    if (auto obstacle = examination.obstacle()) return tl::unexpected(*std::move(obstacle));
    return err(Errc::NothingToJudge,
               examination.saw_calendar_without_method()
                   ? "the text/calendar part has no method parameter, so it is no iMIP message"
                   : "no text/calendar part in the message");
  }
  std::size_t compared = 0;
  for (JudgedPart& part : parts) {
    append(part.evidence.refusals, part.reading.refusals);
    part.evidence.now = impl_->now;
    if (part.message() == nullptr) continue;
    if (const std::size_t cost = identity::cost_of_correlation(*part.message(), part.evidence.signatures);
        cost > most_comparisons - std::min(compared, most_comparisons)) {
      refuse_costly(part);
    } else {
      compared += cost;
      part.evidence.correlation =
          identity::correlate(*part.message(), part.evidence.signatures, impl_->policy.owner,
                              impl_->policy.aliases);
    }
  }
  detail::resolve_contradictions(parts, examination.take_alternatives());
  for (JudgedPart& part : parts) note_sender(part);
  return parts;
}

void Judge::decide(JudgedPart& part, Surroundings surroundings, bool admit) const
{
  const itip::Facts facts = surroundings.facts;
  decide_only(part, std::move(surroundings));
  if (part.message() == nullptr || part.decision.speaker.cls == itip::Speaker::Class::None) return;
  itip::PlanOptions options = policy::plan_options(impl_->policy);
  options.admit_party_crashers = admit;
  part.plan = itip::plan_message(*part.message(), part.decision.speaker,
                                 part.stored ? &*part.stored : nullptr, facts,
                                 impl_->policy.owner, options, impl_->now);
}

void Judge::decide_only(JudgedPart& part, Surroundings surroundings) const
{
  part.stored = std::move(surroundings.stored);
  part.evidence.objections.clear();
  if (part.stored && part.reading.message)
    part.reading.message->uid = itip::uid_as_stored(part.reading.message->uid, *part.stored);
  if (part.message() != nullptr)
    part.evidence.objections =
        itip::authorize(*part.message(), part.stored ? &*part.stored : nullptr, surroundings.facts,
                        impl_->policy.owner, impl_->policy.limits, impl_->now);
  if (surroundings.retracted)
    part.evidence.objections.push_back(
        {false, {Code::DeletedByOwner, cat("you retracted this message at ",
                                           to_rfc3339(*surroundings.retracted))}});
  part.evidence.message = part.message();  // only now: parts are moved until then
  part.decision = policy::decide(impl_->policy, part.evidence);
  part.suggestion = policy::suggestion(impl_->policy, part.evidence, part.decision);
  part.plan.reset();
}

}  // namespace imip::pipeline
