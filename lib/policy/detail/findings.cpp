#include "policy/detail/findings.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "ical/recurrence.hpp"
#include "ical/time.hpp"

namespace imip::policy::detail {

using crypto::Signature;
using crypto::SignatureStatus;

namespace {

// A time that cannot be found out is no future one.
bool starts_later(const ical::Zones& zones, const itip::MessageComponent& component, UtcSeconds now,
                  const Limits& limits)
{
  if (component.scope.type == itip::Scope::Type::Instance) {
    const ical::Property* start = component.component->find("DTSTART");
    if (start == nullptr) return false;
    const auto time = zones.time_of(*start);
    return time && time->instant >= now;
  }
  const auto next = ical::next_instances(zones, component.component, now, 1, limits);
  return next && !next->empty();
}

}  // namespace

void add(std::vector<Reason>& to, const Reason& reason)
{
  const auto same = [&](const Reason& r) { return r.code == reason.code && r.text == reason.text; };
  if (std::none_of(to.begin(), to.end(), same)) to.push_back(reason);
}

void add(std::vector<Reason>& to, const std::vector<Reason>& reasons)
{
  for (const Reason& reason : reasons) add(to, reason);
}

bool has(const std::vector<Reason>& reasons, Code code)
{
  return std::any_of(reasons.begin(), reasons.end(),
                     [&](const Reason& r) { return r.code == code; });
}

bool proves(const Signature& s)
{
  return s.status == SignatureStatus::Valid && !s.identities.empty();
}

std::vector<Reason> findings_of(const Signature& s)
{
  std::vector<Reason> out = s.findings;
  switch (s.status) {
    case SignatureStatus::NotChecked:
      if (out.empty())
        out.push_back({Code::SignatureUnchecked, "the signature could not be checked"});
      break;
    case SignatureStatus::Invalid:
      if (out.empty())
        out.push_back({Code::SignatureInvalid,
                       "the signature does not fit the content: it was changed, "
                       "or never signed"});
      break;
    case SignatureStatus::Unproven:
      break;
    case SignatureStatus::Valid:
      if (s.identities.empty() && !has(out, Code::NoIdentity))
        out.push_back({Code::NoIdentity, "the signer's certificate names no usable mail address"});
      break;
  }
  return out;
}

std::string signer_name(const Signature& s)
{
  if (s.openpgp && !s.openpgp->user_ids.empty()) return s.openpgp->user_ids.front().text;
  if (s.openpgp) return cat("the OpenPGP key ", s.openpgp->fingerprint);
  if (!s.signer) return "somebody";
  if (!s.signer->mail_names.empty()) return s.signer->mail_names.front();
  return s.signer->subject.empty() ? "somebody" : s.signer->subject;
}

bool is_final(Code code, crypto::Revocation mode)
{
  if (code == Code::RevocationUnknown) return mode == crypto::Revocation::Required;
  return code == Code::Revoked || code == Code::WeakKey || code == Code::WeakDigest ||
         code == Code::SignedInFuture;
}

bool request_cancels(const itip::Message& message, UtcSeconds now, const Limits& limits)
{
  if (message.kind == itip::Kind::FreeBusy) return false;  // a question has nothing to cancel
  bool has_start = false;
  for (const itip::MessageComponent& c : message.components) {
    const std::string* status = c.component->value("STATUS");
    if (status != nullptr && text::ascii_iequal(*status, "CANCELLED")) return true;
    has_start = has_start || c.component->find("DTSTART") != nullptr;
  }
  if (!has_start) return false;  // a task without dates has no instance to leave
  const ical::Zones zones{message.calendar};
  return std::none_of(
      message.components.begin(), message.components.end(),
      [&](const itip::MessageComponent& c) { return starts_later(zones, c, now, limits); });
}

}  // namespace imip::policy::detail
