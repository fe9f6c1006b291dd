// A whole message to its verdict, under one policy that trusts the anchor of testdata/fuzz/world.
#include <algorithm>
#include <string>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "pipeline/judge.hpp"
#include "testing/fuzz.hpp"

namespace {

using namespace imip;
using testing::hold;

const std::string world = cat(IMIP_SOURCE_DIR, "/testdata/fuzz/world/");

const pipeline::Judge& judge()
{
  static const auto made = [] {
    policy::Policy policy;
    policy.owner.addresses.push_back(*CalAddress::from_mailbox("alice@example.com"));
    policy.anchors.push_back({{.path = world + "anchor.pem", .domains = {}}, true, {}});
    policy::Delegate delegate;
    delegate.principal = *CalAddress::from_mailbox("chief@example.com");
    delegate.sent_by = *CalAddress::from_mailbox("boss@example.com");
    policy.delegates.push_back(delegate);
    const UtcSeconds now{std::chrono::sys_days{std::chrono::year{2027} / 1 / 4}};
    return pipeline::Judge::create(std::move(policy), now, now, {});
  }();
  hold(made.has_value(), "testdata/fuzz/world/anchor.pem is there");
  return *made;
}

void check(const pipeline::JudgedPart& part)
{
  const policy::Decision& decision = part.decision;
  hold(!decision.reasons.empty(), "every verdict has a reason");
  hold(decision.verdict != policy::Verdict::None, "every part has a verdict");
  bool boss = false;
  for (const crypto::Signature& s : part.evidence.signatures) {
    hold((s.status == crypto::SignatureStatus::Valid) == !s.identities.empty(),
         "an identity if and only if it is valid");
    for (const CalAddress& a : s.identities) {
      hold(a.mailbox() == "boss@example.com", "nobody but the boss");
      boss = true;
    }
  }
  if (decision.verdict != policy::Verdict::Trusted) return;
  hold(boss && !part.bare && part.message() != nullptr, "trusted only by a signature");
  hold(part.evidence.defects.empty() && part.evidence.refusals.empty(), "trusted only without a defect");
  const std::string speaker = decision.speaker.address.mailbox();
  const std::string folded = text::ascii_lower(speaker);
  hold(folded == "boss@example.com" || folded == "chief@example.com",
       "trusted only for whom he may speak");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  auto parts = judge().examine(std::string(testing::view_of(data, size)), "-");
  if (!parts) {
    hold(!parts.error().what.empty(), "every error has a sentence");
    return 0;
  }
  hold(!parts->empty(), "without parts it is an error");
  for (pipeline::JudgedPart& part : *parts) {
    judge().decide(part, {});
    check(part);
  }
  return 0;
}
