#include "report/json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

#include "base/clock.hpp"
#include "report/json_line.hpp"
#include "report/words.hpp"

namespace imip::report {

namespace {

using Json = nlohmann::ordered_json;

Json reasons_json(const std::vector<Reason>& reasons)
{
  Json list = Json::array();
  for (const Reason& reason : reasons)
    list.push_back({{"code", code_word(reason.code)}, {"text", reason.text}});
  return list;
}

Json words_json(const std::vector<std::string>& words)
{
  Json list = Json::array();
  for (const std::string& word : words) list.push_back(word);
  return list;
}

/// A certificate can have ten thousands of names, and is told with each part that it signed.
constexpr std::size_t most_names = 100;

std::size_t beyond(std::size_t names)
{
  return names - std::min(names, most_names);
}

Json certificate_json(const crypto::Certificate& certificate)
{
  const auto& names = certificate.mail_names;
  return {{"subject", certificate.subject},
          {"issuer", certificate.issuer},
          {"serial", certificate.serial},
          {"sha256", certificate.sha256},
          {"spki_sha256", certificate.spki_sha256},
          {"mail_names", std::vector<std::string>(names.begin(), names.begin() + std::ptrdiff_t(std::min(names.size(), most_names)))},
          {"mail_names_more", beyond(names.size())},
          {"not_before", to_rfc3339(certificate.not_before)},
          {"not_after", to_rfc3339(certificate.not_after)},
          {"key", certificate.key},
          {"faults", reasons_json(certificate.faults)}};
}

Json key_json(const crypto::OpenPgpKey& key)
{
  Json user_ids = Json::array();
  for (const crypto::UserId& id : key.user_ids)
    user_ids.push_back({{"text", id.text}, {"validity", id.validity}, {"revoked", id.revoked}});
  return {{"fingerprint", key.fingerprint},
          {"subkey", key.subkey},
          {"user_ids", std::move(user_ids)},
          {"created", to_rfc3339(key.created)},
          {"expires", key.expires ? Json(to_rfc3339(*key.expires)) : Json{}},
          {"key", key.key},
          {"faults", reasons_json(key.faults)}};
}

/// The certificate or the key; null where the message or the key ring has none.
Json signer_json(const crypto::Signature& signature)
{
  if (signature.signer) return certificate_json(*signature.signer);
  if (signature.openpgp) return key_json(*signature.openpgp);
  return {};
}

Json signature_json(const crypto::Signature& signature)
{
  Json json = {{"part", signature.entity},
               {"protocol", protocol_word(signature.protocol)},
               {"status", status_word(signature.status)}};
  Json identities = Json::array();
  for (const auto& identity : signature.identities) {
    if (identities.size() == most_names) break;
    identities.push_back(identity.uri());
  }
  json["identities"] = std::move(identities);
  json["identities_more"] = beyond(signature.identities.size());
  json["signer"] = signer_json(signature);
  Json chain = Json::array();
  for (const auto& certificate : signature.chain) chain.push_back(certificate_json(certificate));
  json["chain"] = std::move(chain);
  json["anchor"] = signature.anchor ? Json(signature.anchor_file) : Json{};
  json["digest"] = signature.digest.empty() ? Json{} : Json(signature.digest);
  json["key"] = json["signer"].is_null() ? Json{} : json["signer"]["key"];
  json["signed_at"] = signature.signed_at ? Json(to_rfc3339(*signature.signed_at)) : Json{};
  json["findings"] = reasons_json(signature.findings);
  return json;
}

/// What is protected in the mail and covers other things than `calendar_part`.
Json others_json(const std::vector<pipeline::ProtectedEntity>& entities,
                 const std::string& calendar_part)
{
  Json list = Json::array();
  for (const auto& entity : entities) {
    const auto& covers = entity.calendar_parts;
    if (std::find(covers.begin(), covers.end(), calendar_part) != covers.end()) continue;
    Json signatures = Json::array();
    for (const crypto::Signature& signature : entity.signatures) signatures.push_back(signature_json(signature));
    list.push_back({{"part", entity.part},
                    {"covers", words_json(covers)},
                    {"signatures", std::move(signatures)},
                    {"findings", reasons_json(entity.defects)}});
  }
  return list;
}

void add_message(Json& json, const pipeline::JudgedPart& part)
{
  const itip::Message* message = part.message();
  if (message == nullptr) {
    for (const char* key : {"method", "component", "uid", "sequence", "dtstamp", "organizer",
                            "summary"})
      json[key] = nullptr;
    return;
  }
  const itip::MessageComponent& first = message->components.front();
  json["method"] = itip::method_word(message->method);
  json["component"] = itip::kind_word(message->kind);
  json["uid"] = message->uid;
  json["sequence"] = first.revision.sequence;
  json["dtstamp"] =
      first.revision.dtstamp == UtcSeconds{} ? Json{} : Json(to_rfc3339(first.revision.dtstamp));
  json["organizer"] = message->organizer ? Json(message->organizer->address.uri()) : Json{};
  json["summary"] = first.component->text("SUMMARY");
}

void add_correlation(Json& json, const identity::Correlation& correlation)
{
  json["required_party"] = correlation.claimant ? Json(role_word(correlation.claimant->role)) : Json{};
  json["claimant"] = correlation.claimant ? Json(correlation.claimant->address.uri()) : Json{};
  json["sent_by"] = correlation.claimant && correlation.claimant->sent_by
                        ? Json(correlation.claimant->sent_by->uri())
                        : Json{};
  json["correlation"] = identity::backing_word(correlation.backing);
  json["signer"] = correlation.signer ? Json(correlation.signer->uri()) : Json{};
}

Json origin_json(const policy::Origin& origin)
{
  if (origin.entry.empty()) return {};
  Json json = {{"rule", origin.entry}};
  json["file"] = origin.file.empty() ? Json{} : Json(origin.file);
  json["line"] = origin.line == 0 ? Json{} : Json(origin.line);
  return json;
}

Json verdict(const pipeline::JudgedPart& part, const char* schema)
{
  Json json = {{"schema", schema},
               {"input", part.input},
               {"part", part.part},
               {"part_sha256", part.part_sha256},
               {"verdict", policy::verdict_word(part.decision.verdict)}};
  add_message(json, part);
  add_correlation(json, part.evidence.correlation);
  json["encrypted"] = part.encrypted;
  json["assurance"] = policy::assurance_word(part.decision.assurance);
  Json signatures = Json::array();
  for (const crypto::Signature& signature : part.evidence.signatures)
    signatures.push_back(signature_json(signature));
  json["signatures"] = std::move(signatures);
  json["other_signatures"] = others_json(*part.entities, part.part);
  json["decided_by"] = origin_json(part.decision.decided_by);
  json["reasons"] = reasons_json(part.decision.reasons);
  json["notices"] = reasons_json(part.notices);
  json["suggestion"] = part.suggestion.empty() ? Json{} : Json(part.suggestion);
  return json;
}

/// By hand: a mail may have a hundred thousand, and an initializer list copies what is in it.
Json changes_json(const std::vector<itip::Change>& changes)
{
  Json::array_t list;
  list.reserve(changes.size());
  for (const itip::Change& change : changes) {
    Json::object_t one;
    one.reserve(5);
    one.emplace_back("action", change.action);
    one.emplace_back("instance", change.instance);
    one.emplace_back("property", change.property);
    one.emplace_back("before", change.before);
    one.emplace_back("after", change.after);
    list.emplace_back(std::move(one));
  }
  return list;
}

Json offers_json(const std::vector<itip::Offer>& offers,
                 const std::vector<pipeline::OfferFate>& fates)
{
  Json list = Json::array();
  for (std::size_t i = 0; i < offers.size(); ++i) {
    const itip::Offer& offer = offers[i];
    const pipeline::OfferFate fate = i < fates.size() ? fates[i] : pipeline::OfferFate{};
    Json to = Json::array();
    for (const CalAddress& address : offer.to) to.push_back(address.uri());
    list.push_back({{"kind", itip::offer_word(offer.kind)},
                    {"scope", offer.scope},
                    {"to", std::move(to)},
                    {"reason", code_word(offer.reason.code)},
                    {"text", offer.reason.text},
                    {"mailed", fate.mailed},
                    {"mailed_before", fate.before},
                    {"why", fate.why.empty() ? Json{} : Json(fate.why)},
                    {"message_id", fate.mailed ? Json(fate.message_id) : Json{}},
                    {"calendar", offer.object ? Json(ical::serialise(*offer.object)) : Json{}}});
  }
  return list;
}

void add_conflicts(Json& json, const itip::Conflicts& conflicts)
{
  Json list = Json::array();
  for (const itip::Conflict& conflict : conflicts.found)
    list.push_back({{"uid", conflict.first.uid},
                    {"summary", conflict.first.summary},
                    {"start", to_rfc3339(conflict.first.start)},
                    {"end", to_rfc3339(conflict.first.end)},
                    {"all_day", conflict.first.all_day},
                    {"tentative", conflict.first.tentative},
                    {"unanswered", conflict.first.unanswered},
                    {"times", conflict.times},
                    {"with", to_rfc3339(conflict.with)}});
  json["conflicts"] = conflicts.checked ? std::move(list) : Json{};
  json["conflicts_more"] = conflicts.more;
  json["conflicts_unchecked"] = words_json(conflicts.gaps);
}

Json error_json(const char* schema, const std::string& input, const Error& error)
{
  const bool none = error.code == Errc::NothingToJudge;
  return {{"schema", schema},
          {"input", input},
          {"verdict", none ? "none" : "error"},
          {"error", error.what},
          {"hint", error.hint.empty() ? Json{} : Json(error.hint)}};
}

}  // namespace

std::string verdict_json(const pipeline::JudgedPart& part)
{
  return json_line(verdict(part, "imip.verdict/1"));
}

std::string no_verdict_json(const std::string& input, const Error& error,
                            const pipeline::ProtectedEntities& entities)
{
  Json json = error_json("imip.verdict/1", input, error);
  json["reasons"] = Json::array();
  if (error.code == Errc::NothingToJudge)
    json["reasons"] = reasons_json(
        {{error.reason == Code::None ? Code::NotIMip : error.reason, error.what}});
  else if (error.reason != Code::None)
    json["reasons"] = reasons_json({{error.reason, error.what}});
  if (entities) json["other_signatures"] = others_json(*entities, {});
  return json_line(json);
}

std::string apply_json(const pipeline::JudgedPart& part, const pipeline::Applied& applied,
                       bool dry_run)
{
  Json json = verdict(part, dry_run ? "imip.plan/1" : "imip.apply/1");
  json["outcome"] = itip::outcome_word(applied.outcome);
  json["by_consent"] = applied.by_consent;
  json["outcome_reasons"] = reasons_json(applied.reasons);
  json["base_sha256"] =
      part.plan && part.plan->base_sha256 ? Json(*part.plan->base_sha256) : Json{};
  json["changes"] = part.plan ? changes_json(part.plan->changes) : Json::array();
  json["changes_more"] = part.plan ? part.plan->changes_left_out : 0;
  json["proposal"] = part.plan ? changes_json(part.plan->proposal) : Json::array();
  json["proposal_more"] = part.plan ? part.plan->proposal_left_out : 0;
  json["offers"] = part.plan ? offers_json(part.plan->offers, applied.offers) : Json::array();
  json["offers_more"] = part.plan ? part.plan->offers_left_out : 0;
  add_conflicts(json, part.conflicts);
  return json_line(json);
}

std::string no_apply_json(const std::string& input, const Error& error)
{
  Json json = error_json("imip.apply/1", input, error);
  json["outcome"] = nullptr;
  return json_line(json);
}

namespace {

Json mails_json(const std::vector<AnswerMail>& mails)
{
  Json list = Json::array();
  for (const AnswerMail& mail : mails)
    list.push_back({{"method", mail.method},
                    {"from", mail.from},
                    {"to", mail.to},
                    {"message_id", mail.message_id}});
  return list;
}

}  // namespace

std::string reply_json(const pipeline::JudgedPart& part, const itip::AnswerPlan& answer,
                       const std::vector<AnswerMail>& mails, bool stored)
{
  Json json = {{"schema", "imip.reply/1"}, {"input", part.input}, {"part", part.part}};
  json["uid"] = answer.plan.uid;
  json["from"] = answer.from.uri();
  json["to"] = answer.to.uri();
  json["message_id"] = mails.empty() ? Json{} : Json(mails.front().message_id);
  json["stored"] = stored;
  json["repeated"] = answer.repeated;
  json["changes"] = changes_json(answer.plan.changes);
  json["changes_more"] = answer.plan.changes_left_out;
  json["proposal"] = changes_json(answer.plan.proposal);
  json["proposal_more"] = answer.plan.proposal_left_out;
  json["mails"] = mails_json(mails);
  add_conflicts(json, part.conflicts);
  return json_line(json);
}

std::string retract_json(const pipeline::Retracted& one, bool dry_run)
{
  const auto source = [](const state::Journaled& message) {
    return Json{{"message_id", message.entry.message_id.empty() ? Json{} : Json(message.entry.message_id)},
                {"part_sha256", message.entry.part_sha256},
                {"method", message.entry.method.empty() ? Json{} : Json(message.entry.method)},
                {"applied_at", to_rfc3339(message.entry.at)}};
  };
  Json json = {{"schema", "imip.retract/1"}};
  json.update(source(one.message));
  json["uid"] = one.message.key.uid;
  json["organizer"] = one.message.key.organizer;
  json["summary"] = one.title;
  json["outcome"] = pipeline::outcome_word(one.outcome);
  json["dry_run"] = dry_run;
  json["exact"] = one.plan.exact;
  json["retracted_at"] =
      one.message.retracted ? Json(to_rfc3339(*one.message.retracted)) : Json{};
  json["changes"] = changes_json(one.plan.plan.changes);
  json["changes_more"] = one.plan.plan.changes_left_out;
  json["answered"] = one.answered;
  Json depends = Json::array();
  for (const state::Journaled& later : one.depends) depends.push_back(source(later));
  json["depends"] = std::move(depends);
  return json_line(json);
}

}  // namespace imip::report
