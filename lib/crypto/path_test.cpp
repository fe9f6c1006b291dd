#include "crypto/fixture.hpp"

using namespace imip;
using namespace imip::crypto;
using namespace imip::crypto::fixture;

namespace {

const std::string alice_mail = "alice@example.com";

SignatureReport with(const std::vector<std::string>& anchors, const std::string& der)
{
  return verifier(trusting(anchors)).verify_detached(octets, der);
}

CertSpec authority(const std::string& name)
{
  return CertSpec{.common_name = name, .ca = true, .key_identifiers = false};
}

CertSpec person()
{
  return CertSpec{.mails = {alice_mail}, .key_identifiers = false};
}

std::string faults(const Certificate& c)
{
  return codes(c.faults);
}

}  // namespace

TEST_CASE("among anchors of one name the one that issued is found, in every order")
{
  std::vector<std::unique_ptr<TestCa>> twins;
  std::vector<std::string> files;
  for (int i = 0; i < 4; ++i) {
    twins.push_back(std::make_unique<TestCa>(authority("Test Root")));
    files.push_back(twins.back()->root().certificate);
  }
  for (std::size_t i = 0; i < twins.size(); ++i) {
    const auto report = with(files, signed_by(twins[i]->issue(person())));
    check_valid(report, alice_mail);
    CHECK(only(report).anchor == i);
  }
  const TestCa fifth(authority("Test Root"));
  check_unproven(with(files, signed_by(fifth.issue(person()))), "chain-invalid");
}

TEST_CASE("among intermediates of one name the one that issued is found")
{
  const TestCa ca;
  std::vector<Issued> subs;
  for (int i = 0; i < 3; ++i) subs.push_back(ca.issue(authority("Sub")));
  for (const Issued& sub : subs)
    check_valid(verify(ca, signed_by(ca.issue(person(), sub), subs)), alice_mail);
}

TEST_CASE("a cross-signed authority leads to either root")
{
  const TestCa old(authority("Old Root"));
  const TestCa young(authority("Young Root"));
  const Issued& root = young.root();
  CertSpec spec = authority("Young Root");
  spec.same_key = root.pkey;
  const Issued cross = old.issue(spec);
  const Issued alice = young.issue(person());
  for (const auto& carried :
       {std::vector{cross}, std::vector{cross, root}, std::vector{root, cross}}) {
    const std::string der = signed_by(alice, carried);
    const auto to_old = with({old.root().certificate}, der);
    check_valid(to_old, alice_mail);
    CHECK(only(to_old).chain.size() == 2);
    check_valid(with({root.certificate}, der), alice_mail);
    check_valid(with({old.root().certificate, root.certificate}, der), alice_mail);
  }
}

TEST_CASE("a chain that stands wins over one that does not")
{
  const TestCa ca(authority("Root"));
  CertSpec good = authority("Sub");
  const Issued sub = ca.issue(good);
  good.same_key = sub.pkey;
  const auto twin = [&](CertSpec spec) {
    spec.common_name = "Sub";
    spec.ca = true;
    spec.key_identifiers = false;
    spec.same_key = sub.pkey;
    return ca.issue(spec);
  };
  const Issued alice = ca.issue(person(), sub);
  for (const Issued& bad :
       {twin({.not_after = day(2025, 1, 1)}), twin({.digest = "sha1"}), twin({.eku = "serverAuth"}),
        twin({.name_constraints = "permitted;email:example.org"})}) {
    const auto alone = verify(ca, signed_by(alice, {bad}));
    CHECK(only(alone).status == SignatureStatus::Unproven);
    for (const auto& carried : {std::vector{bad, sub}, std::vector{sub, bad}})
      check_valid(verify(ca, signed_by(alice, carried)), alice_mail);
  }
}

TEST_CASE("a chain to an anchor whose domains fit wins over one whose do not")
{
  const TestCa one(authority("One"));
  const TestCa two(authority("Two"));
  CertSpec spec = authority("Sub");
  const Issued sub = one.issue(spec);
  spec.same_key = sub.pkey;
  const Issued cross = two.issue(spec);
  const std::string der = signed_by(one.issue(person(), sub), {sub, cross});
  auto options = trusting({one.root().certificate, two.root().certificate});
  options.anchors[0].domains = {"example.org"};
  const auto report = verifier(options).verify_detached(octets, der);
  check_valid(report, alice_mail);
  CHECK(only(report).anchor == 1U);
  options.anchors[1].domains = {"example.net"};
  check_unproven(verifier(options).verify_detached(octets, der), "outside-anchor-domains");
}

TEST_CASE("a crowd of twins neither proves anybody nor hides the right one from the nearest places")
{
  const TestCa ca(authority("Root"));
  const TestCa stranger(authority("Root"));
  std::vector<Issued> crowd;
  for (int i = 0; i < 14; ++i) {
    CertSpec spec = authority("Sub");
    crowd.push_back(stranger.issue(spec));
  }
  const Issued mallory = stranger.issue(person(), crowd.front());
  const auto report = verify(ca, signed_by(mallory, crowd));
  CHECK(only(report).status == SignatureStatus::Unproven);
  const Issued sub = ca.issue(authority("Sub"));
  crowd.push_back(sub);
  check_valid(verify(ca, signed_by(ca.issue(person(), sub), crowd)), alice_mail);
}

TEST_CASE("authorities that issue each other lead nowhere, and end")
{
  const TestCa one(authority("One"));
  const TestCa two(authority("Two"));
  CertSpec spec = authority("One");
  spec.same_key = one.root().pkey;
  const Issued one_by_two = two.issue(spec);
  spec.common_name = "Two";
  spec.same_key = two.root().pkey;
  const Issued two_by_one = one.issue(spec);
  const TestCa ca;
  const auto report =
      verify(ca, signed_by(one.issue(person()), {one.root(), two.root(), one_by_two, two_by_one}));
  CHECK(only(report).status == SignatureStatus::Unproven);
  check_valid(with({two.root().certificate},
                   signed_by(one.issue(person()), {one.root(), one_by_two, two_by_one})),
              alice_mail);
}

TEST_CASE("a fault lies at the certificate where the chain breaks")
{
  const TestCa ca;
  const Issued old =
      ca.issue(CertSpec{.common_name = "Sub", .ca = true, .not_after = day(2025, 1, 1)});
  const auto expired = verify(ca, signed_by(ca.issue(person(), old), {old}));
  check_unproven(expired, "expired");
  REQUIRE(only(expired).chain.size() == 2);
  CHECK(faults(*only(expired).signer).empty());
  CHECK(faults(only(expired).chain[0]) == "expired");
  CHECK(faults(only(expired).chain[1]).empty());

  const auto weak =
      verify(ca, signed_by(ca.issue(CertSpec{.mails = {alice_mail}, .digest = "sha1"})));
  CHECK(faults(*only(weak).signer) == "weak-digest");

  const TestCa other(CertSpec{.common_name = "Other", .ca = true});
  const Issued sub = other.issue(CertSpec{.common_name = "Sub", .ca = true});
  const auto no_anchor = verify(ca, signed_by(other.issue(person(), sub), {sub}));
  REQUIRE(only(no_anchor).chain.size() == 1);
  CHECK(faults(*only(no_anchor).signer).empty());
  CHECK(faults(only(no_anchor).chain[0]) == "no-anchor");
  const auto with_root = verify(ca, signed_by(other.issue(person(), sub), {sub, other.root()}));
  REQUIRE(only(with_root).chain.size() == 2);
  CHECK(faults(only(with_root).chain[1]) == "no-anchor");
  const auto good = verify(ca, signed_by(ca.person(alice_mail)));
  CHECK(faults(*only(good).signer).empty());
  CHECK(faults(only(good).chain[0]).empty());
}

TEST_CASE("an invalid signature shows its chain, and names nobody")
{
  const TestCa ca;
  const Issued sub = ca.issue(CertSpec{.common_name = "Sub", .ca = true});
  const std::string der = signed_by(ca.issue(person(), sub), {sub});
  const auto report =
      verifier(trusting({ca.root().certificate})).verify_detached(octets + "x", der);
  const Signature& s = only(report);
  CHECK(s.status == SignatureStatus::Invalid);
  CHECK(codes(s.findings) == "signature-invalid");
  CHECK(s.identities.empty());
  CHECK_FALSE(s.anchor);
  REQUIRE(s.signer);
  CHECK(s.signer->mail_names == std::vector{alice_mail});
  CHECK(s.chain.size() == 2);
}

TEST_CASE("sip and xmpp names count below an anchor that is marked for them, and only there")
{
  const TestCa ca;
  const CertSpec spec{
      .mails = {alice_mail},
      .uris = {"sip:alice@example.com", "https://example.com/", "sips:alice@example.com"},
      .jids = {"alice@chat.example.com"}};
  const std::string der = signed_by(ca.issue(spec));
  const auto says = [&](const std::vector<std::string>& schemes,
                        const std::vector<std::string>& domains = {}) {
    auto options = trusting({ca.root().certificate});
    options.anchors[0].schemes = schemes;
    options.anchors[0].domains = domains;
    options.anchors[0].place = "policy.toml line 3";
    return verifier(options).verify_detached(octets, der);
  };
  check_valid(says({"mailto"}), alice_mail);
  check_valid(says({"mailto", "sip"}),
              "alice@example.com sip:alice@example.com sips:alice@example.com");
  check_valid(says({"xmpp"}), "xmpp:alice@chat.example.com");
  const auto xmpp_only = says({"sip", "xmpp"}, {"chat.example.com"});
  CHECK(names(only(xmpp_only).identities) == "xmpp:alice@chat.example.com");
  CHECK(codes(only(xmpp_only).findings) == "outside-anchor-domains");
  check_unproven(says({"sip"}, {"example.org"}), "outside-anchor-domains");
  const auto left_out = says({"im"});
  check_unproven(left_out, "no-identity");
  const std::string& why = only(left_out).findings.front().text;
  CHECK(why.starts_with("certificate 'CN=Test,O=imip tests' names alice@example.com, but"));
  CHECK(why.ends_with(" for im addresses only (policy.toml line 3)"));
}

TEST_CASE("a sip or xmpp name that is not one user at one domain names nobody")
{
  const TestCa ca;
  auto options = trusting({ca.root().certificate});
  options.anchors[0].schemes = {"sip", "xmpp"};
  const auto says = [&](const CertSpec& spec) {
    return verifier(options).verify_detached(octets, signed_by(ca.issue(spec)));
  };
  for (const auto* uri :
       {"sip:example.com", "sip:a@example.com;user=phone", "sip:a@example.com?to=b", "sip:", "sip",
        "xmpp:a@example.com", "mailto:a@example.com", "sip:a@b@example.com",
        "sip:a@example.com:5060", "sip:a%40b@example.com,b@example.com"})
    check_unproven(says({.uris = {uri}}), "no-identity");
  for (const std::string& jid :
       {std::string("a@example.com/home"), std::string("example.com"),
        std::string("a@example.com\0", 14), std::string("a@exa mple.com"), std::string()})
    check_unproven(says({.jids = {jid}}), "no-identity");
}

TEST_CASE("below an authority with name constraints no sip or xmpp name counts")
{
  const TestCa ca;
  const Issued sub = ca.issue(CertSpec{
      .common_name = "Sub", .ca = true, .name_constraints = "permitted;email:example.com"});
  auto options = trusting({ca.root().certificate});
  options.anchors[0].schemes = {"mailto", "sip", "xmpp"};
  const CertSpec spec{
      .mails = {alice_mail}, .uris = {"sip:boss@example.net"}, .jids = {"boss@example.net"}};
  check_valid(verifier(options).verify_detached(octets, signed_by(ca.issue(spec, sub), {sub})),
              alice_mail);
}
