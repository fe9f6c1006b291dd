#include "report/chain_text.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "report/lines.hpp"
#include "report/words.hpp"

namespace imip::report {

namespace {

using pipeline::ProtectedEntity;

constexpr std::size_t line_width = 80;   // columns
constexpr std::size_t value_column = 14;  // a SHA-256 in hexadecimal just fits behind it

/// Lines of at most 80 columns; a label, then values below one another.
class Sheet {
 public:
  explicit Sheet(const Style& style)
      : columns_(style.columns == 0 ? line_width : std::min(line_width, style.columns))
  {
  }
  /// A line of its own.
  void head(const std::string& text) { wrap("", text, 4); }
  void field(std::string_view label, const std::string& value)
  {
    if (!value.empty()) wrap(cat("  ", label), value, value_column);
  }
  /// Of the certificate or key named above.
  void detail(std::string_view label, const std::string& value)
  {
    if (!value.empty()) wrap(cat("    ", label), value, value_column);
  }
  /// The first ones of many, a line each.
  template <typename Text>
  void details(std::string_view label, std::size_t count, Text text)
  {
    constexpr std::size_t most = 20;
    for (std::size_t i = 0; i < std::min(count, most); ++i) detail(i == 0 ? label : "", text(i));
    if (count > most) detail("", cat("and ", count - most, " more"));
  }
  std::string take() { return std::move(out_); }

 private:
  void wrap(std::string label, const std::string& value, std::size_t column)
  {
    out_ += wrapped(std::move(label), value, column, columns_);
  }

  std::size_t columns_;
  std::string out_;
};

std::string reason_text(const Reason& reason)
{
  return cat(code_word(reason.code), ": ", safe(reason.text));
}

bool contains(const std::vector<Reason>& reasons, const Reason& reason)
{
  return std::any_of(reasons.begin(), reasons.end(), [&](const Reason& r) {
    return r.code == reason.code && r.text == reason.text;
  });
}

/// Is it told at the certificate or key where it stands?
bool is_told_below(const crypto::Signature& signature, const Reason& reason)
{
  return (signature.signer && contains(signature.signer->faults, reason)) ||
         (signature.openpgp && contains(signature.openpgp->faults, reason)) ||
         std::any_of(signature.chain.begin(), signature.chain.end(),
                     [&](const crypto::Certificate& c) { return contains(c.faults, reason); });
}

void certificate(Sheet& sheet, std::string_view label, const crypto::Certificate& c)
{
  sheet.field(label, c.subject.empty() ? "(no name)" : safe(c.subject));
  sheet.details("names", c.mail_names.size(), [&](std::size_t i) { return safe(c.mail_names[i]); });
  if (c.mail_names.empty() && label == "signer") sheet.detail("names", "(no e-mail address)");
  sheet.detail("issuer", safe(c.issuer));
  sheet.detail("serial", safe(c.serial));
  sheet.detail("valid", cat(to_rfc3339(c.not_before), " to ", to_rfc3339(c.not_after)));
  sheet.detail("key", safe(c.key));
  sheet.detail("sha256", safe(c.sha256));
  for (const Reason& fault : c.faults) sheet.detail("breaks", reason_text(fault));
}

void certificates(Sheet& sheet, const crypto::Signature& signature)
{
  if (!signature.signer) {
    sheet.field("signer", "(its certificate is neither in the message nor in the policy)");
    return;
  }
  certificate(sheet, "signer", *signature.signer);
  for (const crypto::Certificate& issuer : signature.chain) certificate(sheet, "issued by", issuer);
  if (signature.anchor)
    sheet.field("anchor", cat("the last one is trusted by the policy: ", safe(signature.anchor_file)));
  else if (signature.status != crypto::SignatureStatus::Unproven)
    sheet.field("anchor", "counts for nothing: the signature itself is not good");
  else
    sheet.field("anchor", "none: the chain does not reach one that the policy trusts");
}

void key(Sheet& sheet, const crypto::Signature& signature)
{
  if (!signature.openpgp) {
    sheet.field("signer", "(no key in the key ring is known to be its)");
    return;
  }
  const crypto::OpenPgpKey& k = *signature.openpgp;
  sheet.field("signer", safe(k.fingerprint));
  if (!k.subkey.empty() && k.subkey != k.fingerprint) sheet.detail("subkey", safe(k.subkey));
  sheet.details("user ID", k.user_ids.size(), [&](std::size_t i) {
    const crypto::UserId& id = k.user_ids[i];
    return cat(safe(id.text), " (validity ", safe(id.validity), id.revoked ? ", revoked)" : ")");
  });
  sheet.detail("created", to_rfc3339(k.created));
  sheet.detail("expires", k.expires ? to_rfc3339(*k.expires) : "never");
  sheet.detail("key", safe(k.key));
  for (const Reason& fault : k.faults) sheet.detail("breaks", reason_text(fault));
}

std::string covered(const ProtectedEntity& entity)
{
  std::string parts;
  for (const std::string& part : entity.calendar_parts)
    parts += cat(parts.empty() ? "" : ", ", safe(part));
  if (parts.empty()) return "covers no calendar part";
  return cat("covers calendar part ", parts);
}

void signature(Sheet& sheet, const crypto::Signature& s, const ProtectedEntity& entity)
{
  sheet.head(cat("Signature at part ", safe(entity.part), ": ", protocol_name(s.protocol), ", ",
                 status_word(s.status), "; ", covered(entity)));
  for (const Reason& finding : s.findings)
    if (!is_told_below(s, finding)) sheet.field("finding", reason_text(finding));
  sheet.field("digest", safe(s.digest));
  if (s.signed_at) sheet.field("signed at", cat(to_rfc3339(*s.signed_at), " (says the signer)"));
  s.protocol == crypto::Protocol::OpenPgp ? key(sheet, s) : certificates(sheet, s);
}

void entity_lines(Sheet& sheet, const ProtectedEntity& entity)
{
  for (const crypto::Signature& s : entity.signatures) signature(sheet, s, entity);
  if (!entity.signatures.empty() || entity.defects.empty()) return;
  sheet.head(cat("Part ", safe(entity.part), " gives no signature"));
  for (const Reason& defect : entity.defects) sheet.field("finding", reason_text(defect));
}

}  // namespace

std::string chain_text(const pipeline::JudgedPart& part, const Style& style)
{
  Sheet sheet(style);
  bool any = false;
  for (const ProtectedEntity& entity : *part.entities) {
    const auto& covers = entity.calendar_parts;
    if (std::find(covers.begin(), covers.end(), part.part) == covers.end()) continue;
    entity_lines(sheet, entity);
    any = true;
  }
  if (!any) sheet.head("No signature covers this calendar part.");
  return sheet.take();
}

std::string other_chains_text(const std::vector<ProtectedEntity>& entities, const Style& style)
{
  Sheet sheet(style);
  for (const ProtectedEntity& entity : entities)
    if (entity.calendar_parts.empty()) entity_lines(sheet, entity);
  return sheet.take();
}

}  // namespace imip::report
