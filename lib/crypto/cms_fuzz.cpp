// A CMS to the report about it, detached over the octets of testdata/fuzz/world and opaque.
#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/text.hpp"
#include "crypto/verifier.hpp"
#include "testing/der_mutator.hpp"
#include "testing/fuzz.hpp"

namespace {

using namespace imip;
using crypto::SignatureStatus;
using testing::hold;

const std::string world = cat(IMIP_SOURCE_DIR, "/testdata/fuzz/world/");

crypto::Verifier make_verifier(bool with_anchor)
{
  crypto::VerifyOptions options;
  if (with_anchor) options.anchors.push_back({.path = world + "anchor.pem", .domains = {}});
  options.at = options.now = UtcSeconds{std::chrono::sys_days{std::chrono::year{2027} / 1 / 4}};
  auto made = crypto::Verifier::create(options, Limits{});
  hold(made.has_value(), "testdata/fuzz/world/anchor.pem is there");
  return *std::move(made);
}

const crypto::Verifier& verifier()
{
  static const crypto::Verifier made = make_verifier(true);
  return made;
}

const std::string& signed_octets()
{
  static const auto octets = read_file(world + "content", 1U << 20U);
  hold(octets.has_value(), "testdata/fuzz/world/content is there");
  return *octets;
}

void check(const crypto::SignatureReport& report, bool detached)
{
  const Limits limits;
  hold(report.signatures.size() <= limits.signer_infos, "signerInfos within the limit");
  hold(report.content.has_value() == (report.wrapping != crypto::Wrapping::None),
       "what was opened says what it was wrapped in");
  hold(!detached || !report.content, "a detached signature brings no content");
  hold(!report.signatures.empty() || !report.defects.empty() || report.content,
       "where there is nothing there is a reason");
  for (const crypto::Signature& s : report.signatures) {
    const bool valid = s.status == SignatureStatus::Valid;
    hold(valid == !s.identities.empty(), "an identity if and only if it is valid");
    hold(valid || !s.findings.empty(), "what is not valid has a reason");
    hold(!valid || (s.signer && s.anchor), "what is valid has a signer and an anchor");
    // the only key below the anchor signed as the boss; nobody else can come out of any octets
    for (const CalAddress& a : s.identities)
      hold(text::ascii_lower(a.mailbox()) == "boss@example.com", "nobody but the boss");
  }
}

bool any_valid(const crypto::SignatureReport& report)
{
  return std::any_of(report.signatures.begin(), report.signatures.end(), [](const auto& s) {
    return s.status == SignatureStatus::Valid;
  });
}

bool same_reasons(const std::vector<Reason>& a, const std::vector<Reason>& b)
{
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Reason& x, const Reason& y) {
    return x.code == y.code && x.text == y.text;
  });
}

bool same_signature(const crypto::Signature& a, const crypto::Signature& b)
{
  return a.status == b.status && same_reasons(a.findings, b.findings) &&
         a.identities.size() == b.identities.size() && a.chain.size() == b.chain.size() &&
         a.digest == b.digest && a.signed_at == b.signed_at && a.anchor == b.anchor &&
         a.signer.has_value() == b.signer.has_value() &&
         (!a.signer || a.signer->sha256 == b.signer->sha256);
}

bool same(const crypto::SignatureReport& a, const crypto::SignatureReport& b)
{
  return std::equal(a.signatures.begin(), a.signatures.end(), b.signatures.begin(),
                    b.signatures.end(), same_signature) &&
         same_reasons(a.defects, b.defects) && a.content == b.content && a.wrapping == b.wrapping;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  constexpr std::size_t seldom = 16;
  static const crypto::Verifier trusts_nobody = make_verifier(false);
  const auto der = testing::view_of(data, size);
  const auto detached = verifier().verify_detached(signed_octets(), der);
  check(detached, true);
  if (any_valid(detached)) {
    std::string other = signed_octets();
    other[size % other.size()] ^= 1;
    hold(!any_valid(verifier().verify_detached(other, der)), "a signature is of these octets alone");
    hold(!any_valid(trusts_nobody.verify_detached(signed_octets(), der)), "no anchor, no signer");
  }
  const auto opaque = verifier().verify_opaque(der);
  check(opaque, false);
  hold(!any_valid(opaque) || *opaque.content == signed_octets(), "the boss signed one thing only");
  if (std::hash<std::string_view>{}(der) % seldom != 0) return 0;
  const crypto::Verifier forgetful = make_verifier(true);
  hold(same(detached, forgetful.verify_detached(signed_octets(), der)) &&
           same(opaque, forgetful.verify_opaque(der)),
       "what was seen before makes no difference");
  return 0;
}
