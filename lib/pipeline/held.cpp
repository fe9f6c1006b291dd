#include "pipeline/held.hpp"

#include <algorithm>
#include <chrono>

#include "base/cat.hpp"

namespace imip::pipeline {

namespace {

using itip::Outcome;
using state::HeldMessage;

std::string signer_of(const JudgedPart& part)
{
  const auto& signer = part.evidence.correlation.signer;
  return signer ? signer->uri() : std::string{};
}

Applied asked(Applied applied, Code code, std::string text)
{
  applied.outcome = Outcome::Ask;
  applied.reasons.insert(applied.reasons.begin(), {code, std::move(text)});
  return applied;
}

/// For which reasons a person was asked: the same are answered when it is judged again.
std::string consented(const JudgedPart& part)
{
  std::string out;
  for (const Reason& r : asking_reasons(part.decision)) out += cat(out.empty() ? "" : ",", code_word(r.code));
  return out;
}

std::vector<std::string> words(const std::string& list)
{
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin < list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    out.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

/// The part that waits, out of its mail as judged today; nothing: it is no iTIP message any more.
Result<std::optional<JudgedPart>> examine_again(const Judge& judge, const HeldMessage& held, const std::string& uid)
{
  auto parts = judge.examine(held.octets, held.input);
  if (!parts) return std::optional<JudgedPart>();
  for (JudgedPart& part : *parts) {
    if (part.part_sha256 != held.part_sha256 || part.message() == nullptr ||
        part.message()->uid != itip::canonical_uid(uid))
      continue;
    part.mail = std::make_shared<const std::string>(held.octets);
    return std::optional<JudgedPart>(std::move(part));
  }
  return std::optional<JudgedPart>();
}

/// Did it take effect, or is it of no use any more?
bool is_over(Outcome outcome)
{
  return outcome != Outcome::Held && outcome != Outcome::Ask;
}

/// One round over what waits; true if something took effect, for which others may have waited.
Result<bool> take_up_once(const Judge& judge, Calendar& calendar, const itip::Plan& plan, const Courier& courier,
                          std::vector<TakenUp>& out)
{
  IMIP_TRY(const auto waiting, calendar.held(plan));
  bool progress = false;
  for (const HeldMessage& held : waiting) {
    if (held.received + std::chrono::days{judge.policy().limits.held_days} < judge.now()) continue;  // aged out soon
    IMIP_TRY(const Judge then, judge.as_of(held.received));
    IMIP_TRY(auto part, examine_again(then, held, plan.uid));
    if (!part) {
      IMIP_CHECK(calendar.drop_held(held.id));
      continue;
    }
    Consent consent;
    consent.reasons = words(held.consented);
    IMIP_TRY(auto applied, apply_waiting(then, calendar, *part, consent, courier));
    if (!is_over(applied.outcome)) continue;
    IMIP_CHECK(calendar.drop_held(held.id));
    progress = true;
    out.push_back({*std::move(part), std::move(applied)});
  }
  return progress;
}

}  // namespace

Result<Applied> hold(const Judge& judge, Calendar& calendar, const JudgedPart& part, Applied applied)
{
  if (!calendar.has_state() || part.mail == nullptr) return applied;
  IMIP_TRY(const auto waiting, calendar.held(*part.plan));
  const auto same = [&](const HeldMessage& h) { return h.part_sha256 == part.part_sha256; };
  if (std::any_of(waiting.begin(), waiting.end(), same)) {
    applied.outcome = Outcome::Duplicate;
    return applied;
  }
  if (part.mail->size() > state::most_held_octets)
    return asked(std::move(applied), Code::LimitExceeded,
                 cat("the mail has ", part.mail->size(), " octets; one that waits for something may have ",
                     state::most_held_octets, ": apply it again when that has come"));
  IMIP_TRY(const auto count, calendar.count_held(signer_of(part)));
  if (count >= state::most_held_of_signer)
    return asked(std::move(applied), Code::Flood,
                 cat(count, " messages of ", signer_of(part), " wait for something already"));
  HeldMessage held;
  held.received = judge.now();
  held.input = part.input;
  held.octets = *part.mail;
  held.part_sha256 = part.part_sha256;
  held.signer = signer_of(part);
  if (applied.by_consent) held.consented = consented(part);
  IMIP_CHECK(calendar.hold(*part.plan, held));
  return applied;
}

Result<std::vector<TakenUp>> take_up_held(const Judge& judge, Calendar& calendar, const JudgedPart& part,
                                          const Courier& courier)
{
  if (!part.plan) return std::vector<TakenUp>();
  return take_up_held(judge, calendar, *part.plan, courier);
}

Result<std::vector<TakenUp>> take_up_held(const Judge& judge, Calendar& calendar,
                                          const itip::Plan& plan, const Courier& courier)
{
  std::vector<TakenUp> out;
  if (!calendar.has_state()) return out;
  for (bool progress = true; progress;) {
    IMIP_TRY(progress, take_up_once(judge, calendar, plan, courier, out));
  }
  return out;
}

}  // namespace imip::pipeline
