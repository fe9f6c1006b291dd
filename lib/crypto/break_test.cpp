// A chain that breaks below an anchor: which certificate, which of its extensions, and which anchor it would end at.
#include "crypto/fixture.hpp"

using namespace imip;
using namespace imip::crypto;
using namespace imip::crypto::fixture;

namespace {

void check_break(const TestCa& ca, const SignatureReport& report, const std::string& words)
{
  const Signature& signature = only(report);
  INFO(signature.findings.front().text);
  CHECK(signature.status == SignatureStatus::Unproven);
  CHECK(signature.identities.empty());
  CHECK(signature.findings.front().code == Code::ChainInvalid);
  CHECK(signature.findings.front().text.find(words) != std::string::npos);
  REQUIRE(signature.anchor);
  CHECK(*signature.anchor == 0);
  REQUIRE_FALSE(signature.chain.empty());
  CHECK(signature.chain.back().sha256 == sha256_hex(ca.root().der()));
}

}  // namespace

TEST_CASE("an issuer that is no authority: the extension that says so is named, and the anchor above it")
{
  const TestCa ca;
  const auto below = [&](const CertSpec& spec) {
    const Issued middle = ca.issue(spec);
    return verify(ca, signed_by(ca.issue(CertSpec{.mails = {"a@example.com"}}, middle), {middle}));
  };
  check_break(ca, below({.common_name = "No CA", .key_usage = "critical,keyCertSign"}),
              "its basicConstraints say CA:FALSE");
  check_break(ca, below({.common_name = "Mute", .key_usage = "critical,cRLSign", .ca = true}),
              "its keyUsage lacks keyCertSign");
}

TEST_CASE("path length and name constraints are named by their extension")
{
  const TestCa ca(CertSpec{.common_name = "Root", .ca = true, .path_length = 0,
                           .name_constraints = "excluded;email:example.com"});
  const Issued sub = ca.issue(CertSpec{.common_name = "Sub CA", .ca = true});
  const Issued far = ca.issue(CertSpec{.mails = {"a@example.org"}}, sub);
  check_break(ca, verify(ca, signed_by(far, {sub})), "the path length in its basicConstraints");
  check_break(ca, verify(ca, signed_by(ca.person("a@example.com"))), "the nameConstraints");
}

TEST_CASE("a critical extension that nobody knows is named")
{
  const TestCa ca;
  const Issued odd = ca.issue(CertSpec{
      .mails = {"a@example.com"}, .extensions = {{"1.2.3.4.5", "critical,DER:05:00"}}});
  check_break(ca, verify(ca, signed_by(odd)), "not understood (1.2.3.4.5)");
}

TEST_CASE("a chain that reaches no anchor names none")
{
  const TestCa ca;
  const TestCa other(CertSpec{.common_name = "Other", .ca = true});
  CHECK_FALSE(only(verify(ca, signed_by(other.person("a@example.com")))).anchor);
}
