#include "crypto/revocation_fixture.hpp"

using namespace imip;
using namespace imip::crypto;
using namespace imip::crypto::fixture;

namespace {

const testing::CrlExtensions indirect = {{"issuingDistributionPoint", "critical,indirectCRL:TRUE"}};

// An authority, somebody whom it lets issue its lists, and one who is on them.
struct Delegated {
  TestCa ca;
  CertSpec by{.common_name = "Lists", .eku = "", .key_usage = "critical,cRLSign"};
  Issued lists = ca.issue(by);
  Issued alice = named("alice"), bob = named("bob");
  std::string crl = ca.crl(lists, {alice}, before, after, "sha256", indirect);

  [[nodiscard]] Issued named(const std::string& who) const
  {
    return ca.issue(
        CertSpec{.mails = {who + "@example.com"}, .extensions = {testing::lists_by(lists)}});
  }
  // `known`: files of the policy's intermediates.
  [[nodiscard]] SignatureReport judge(const std::string& der, Revocation mode,
                                      const std::vector<std::string>& crls,
                                      const std::vector<std::string>& known = {}) const
  {
    auto options = trusting({ca.root().certificate});
    options.crls = crls;
    options.revocation = mode;
    options.intermediates = known;
    return verifier(options).verify_detached(octets, der);
  }
};

}  // namespace

TEST_CASE("whom the list of a CRL issuer names is revoked, if the certificate names that issuer")
{
  const Delegated d;
  for (const Revocation mode : {Revocation::IfAvailable, Revocation::Required}) {
    check_unproven(d.judge(signed_by(d.alice, {d.lists}), mode, {d.crl}), "revoked");
    check_unproven(d.judge(signed_by(d.alice), mode, {d.crl}, {d.lists.certificate}), "revoked");
  }
  const std::string carrying = raw_cms({.signers = {{.who = d.alice, .signing_time = now}},
                                        .more_certificates = {d.lists},
                                        .crls = {d.crl}},
                                       octets);
  check_unproven(d.judge(carrying, Revocation::IfAvailable, {}), "revoked");
  const std::string complete = d.ca.crl(d.ca.root(), {}, before, after);
  check_unproven(d.judge(carrying, Revocation::Required, {complete}), "revoked");
  const std::string stale =
      d.ca.crl(d.lists, {d.alice}, day(2026, 1, 1), day(2026, 2, 1), "sha256", indirect);
  check_unproven(d.judge(signed_by(d.alice, {d.lists}), Revocation::IfAvailable, {stale}),
                 "revoked");
  check_valid(d.judge(carrying, Revocation::Off, {d.crl}), "alice@example.com");
}

TEST_CASE(
    "an indirect list clears nobody, and who cannot vouch for it revokes nobody; both are told")
{
  const Delegated d;
  const auto noticed = [&](const Issued& who, const std::vector<Issued>& more,
                           const std::string& word, const std::string& crl,
                           const std::vector<std::string>& known = {}) {
    INFO(word);
    check_noticed(d.judge(signed_by(who, more), Revocation::IfAvailable, {crl}, known), word, crl);
    check_unproven(d.judge(signed_by(who, more), Revocation::Required, {crl}, known),
                   "revocation-unknown");
  };
  noticed(d.bob, {d.lists}, "(indirect)", d.crl);
  noticed(d.alice, {}, "intermediates", d.crl);
  const Issued carol = d.ca.person("carol@example.com");  // names no CRL issuer
  noticed(carol, {d.lists}, "do not name",
          d.ca.crl(d.lists, {carol}, before, after, "sha256", indirect));
  const Issued twin = d.ca.self_signed(d.by);
  noticed(d.alice, {d.lists}, "signature",
          d.ca.crl(twin, {d.alice}, before, after, "sha256", indirect));
  noticed(d.alice, {twin}, "does not lead",
          d.ca.crl(twin, {d.alice}, before, after, "sha256", indirect));
  CertSpec no_lists = d.by;
  no_lists.key_usage = "critical,digitalSignature";
  const Issued unfit = d.ca.issue(no_lists);
  noticed(d.alice, {unfit}, "cRLSign",
          d.ca.crl(unfit, {d.alice}, before, after, "sha256", indirect));
  // where another list clears, that this one names somebody is still worth a word
  const std::string complete = d.ca.crl(d.ca.root(), {}, before, after);
  check_noticed(d.judge(signed_by(d.alice), Revocation::Required, {complete, d.crl}),
                "intermediates", d.crl);
  check_valid(d.judge(signed_by(d.bob), Revocation::Required, {complete, d.crl}),
              "bob@example.com");
}

TEST_CASE("twins of a CRL issuer in the message do not hide his list, nor does his age")
{
  const Delegated d;
  std::vector<Issued> twins;
  for (int i = 0; i < 28; ++i) twins.push_back(d.ca.self_signed(d.by));
  check_unproven(
      d.judge(signed_by(d.alice, twins), Revocation::IfAvailable, {d.crl}, {d.lists.certificate}),
      "revoked");
  twins.resize(5);
  twins.push_back(d.lists);
  check_unproven(d.judge(signed_by(d.alice, twins), Revocation::IfAvailable, {d.crl}), "revoked");
  CertSpec aged = d.by;
  aged.not_after = day(2026, 12, 1);
  const Issued old = d.ca.issue(aged);
  const std::string crl = d.ca.crl(old, {d.alice}, before, after, "sha256", indirect);
  check_unproven(d.judge(signed_by(d.alice, {old}), Revocation::IfAvailable, {crl}), "revoked");
}

TEST_CASE("a CRL issuer of another anchor revokes nobody")
{
  const Delegated d;
  const TestCa other(CertSpec{.common_name = "Other Root", .ca = true});
  const Issued lists = other.issue(d.by);
  auto options = trusting({d.ca.root().certificate, other.root().certificate});
  options.crls = {other.crl(lists, {d.alice}, before, after, "sha256", indirect)};
  check_noticed(verifier(options).verify_detached(octets, signed_by(d.alice, {lists})), "anchor",
                options.crls.front());
}

TEST_CASE(
    "a CRL issuer whom the authority did not certify revokes nobody, whatever name stands there")
{
  const CertSpec root{.common_name = "Test Root", .ca = true, .key_identifiers = false};
  const TestCa ca(root);
  const TestCa twin(root);
  const CertSpec by{.common_name = "Lists", .key_usage = "cRLSign", .key_identifiers = false};
  const Issued lists = twin.issue(by);
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"},
                                         .extensions = {testing::lists_by(lists)},
                                         .key_identifiers = false});
  const std::string crl = twin.crl(lists, {alice}, before, after, "sha256", indirect);
  check_noticed(with(ca, {crl}, Revocation::IfAvailable, signed_by(alice, {lists})), "anchor", crl);
}

TEST_CASE("an authority may list whom those below it certified")
{
  const TestCa ca;
  const Issued sub = ca.issue(CertSpec{.common_name = "Sub", .ca = true});
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}}, sub);
  const Issued bob = ca.issue(CertSpec{.mails = {"bob@example.com"}}, sub);
  const std::string crl = ca.crl(ca.root(), {alice}, before, after, "sha256", indirect);
  const std::string complete = ca.crl(ca.root(), {}, before, after);
  const std::string of_sub = ca.crl(sub, {}, before, after);
  check_unproven(with(ca, {crl, complete}, Revocation::IfAvailable, signed_by(alice, {sub})),
                 "revoked");
  const std::vector<std::string> all = {complete, of_sub, crl};
  check_unproven(with(ca, all, Revocation::Required, signed_by(alice, {sub})), "revoked");
  check_valid(with(ca, all, Revocation::Required, signed_by(bob, {sub})), "bob@example.com");
}
