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

namespace {

// What is told of a certificate below authorities with these constraints, one below the other.
struct Below {
  TestCa ca;
  std::vector<Issued> above;

  explicit Below(const std::vector<std::string>& constraints)
  {
    for (std::size_t i = 0; i < constraints.size(); ++i)
      above.insert(above.begin(), ca.issue(CertSpec{.common_name = cat("Sub ", i + 1),
                                                    .ca = true,
                                                    .name_constraints = constraints[i]},
                                           above.empty() ? ca.root() : above.front()));
  }
  [[nodiscard]] SignatureReport judge(CertSpec spec) const
  {
    spec.common_name = "Ann";
    return verify(ca, signed_by(ca.issue(spec, above.front()), above));
  }
};

const std::string ann = "certificate 'CN=Ann,O=imip tests' names ";
const std::string sub_1 = "the nameConstraints of certificate 'CN=Sub 1,O=imip tests' ";
const std::string sub_2 = "the nameConstraints of certificate 'CN=Sub 2,O=imip tests' ";

}  // namespace

TEST_CASE("of name constraints are told the name, the authority and the subtree")
{
  const Below two({"permitted;email:example.com,permitted;email:.example.com",
                   "excluded;email:evil.example.com,excluded;email:b@example.com"});
  const auto told = [&](const CertSpec& spec, const std::string& words) {
    check_break(two.ca, two.judge(spec), words);
  };
  told({.mails = {"a@example.com", "x@example.org"}},
       cat(ann, "'email:x@example.org', but ", sub_1,
           "permit only 'email:example.com', 'email:.example.com'"));
  told({.mails = {"a@evil.example.com", "b@example.com"}},
       cat(ann, "'email:a@evil.example.com', but ", sub_2, "exclude 'email:evil.example.com'"));
  told({.mails = {"a@example.com", "b@example.com"}},
       cat(ann, "'email:b@example.com', but ", sub_2, "exclude 'email:b@example.com'"));
  told({.utf8_mails = {"j\xC3\xB6rg@example.org"}},
       cat(ann, "'SmtpUTF8Mailbox:j\xC3\xB6rg@example.org', but ", sub_1, "permit only"));
  check_break(
      two.ca, two.judge({.dn_email = "x@example.org", .mails = {"a@example.com"}}),
      cat("names an emailAddress in its subject, but ", sub_1, "permit only 'email:example.com'"));
}

TEST_CASE("name constraints on other names than mail are told too")
{
  const auto told = [&](const std::string& constraints, const CertSpec& spec,
                        const std::string& words) {
    const Below one({constraints});
    check_break(one.ca, one.judge(spec), cat(ann, words));
  };
  told("excluded;URI:.example.com",
       {.mails = {"a@example.com"}, .uris = {"https://h.example.com/"}},
       cat("'URI:https://h.example.com/', but ", sub_1, "exclude 'URI:.example.com'"));
  told(
      "permitted;email:a0.org,permitted;email:a1.org,permitted;email:a2.org,permitted;email:a3.org,"
      "permitted;email:a4.org,permitted;email:a5.org",
      {.mails = {"a@example.com"}},
      cat("'email:a@example.com', but ", sub_1,
          "permit only 'email:a0.org', 'email:a1.org', 'email:a2.org', 'email:a3.org' and 2 more"));
}

TEST_CASE("a host name in the common name of the signer is named where it breaks constraints")
{
  const TestCa ca;
  const Issued sub = ca.issue(CertSpec{
      .common_name = "Sub 1", .ca = true, .name_constraints = "permitted;DNS:example.com"});
  const Issued host =
      ca.issue(CertSpec{.common_name = "h.example.org", .mails = {"a@example.com"}}, sub);
  check_break(ca, verify(ca, signed_by(host, {sub})),
              cat("names its common name, which may be a host's, but ", sub_1,
                  "permit only 'DNS:example.com'"));
}

TEST_CASE("a constraint that OpenSSL cannot compare is told, and a name of any length is cut")
{
  const TestCa ca;
  // minimum 1, which RFC 5280 section 4.2.1.10 does not allow: permitted { email "a.org", [0] 1 }
  const Issued sub = ca.issue(CertSpec{
      .common_name = "Sub 1",
      .ca = true,
      .extensions = {{"nameConstraints", "DER:30:0E:A0:0C:30:0A:81:05:61:2E:6F:72:67:80:01:01"}}});
  const std::string longest(300, 'a');
  const Issued who = ca.issue(CertSpec{.common_name = "Ann", .mails = {longest + "@a.org"}}, sub);
  check_break(ca, verify(ca, signed_by(who, {sub})),
              cat(ann, "'email:", longest.substr(0, 154),
                  "...', which cannot be compared with 'email:a.org' in the nameConstraints of"));
}

TEST_CASE("a mailbox that does not count because of name constraints is told with them")
{
  const auto told = [&](const std::string& constraints, const CertSpec& spec,
                        const std::string& words) {
    const Below one({constraints});
    const auto report = one.judge(spec);
    check_unproven(report, "no-identity");
    CHECK(only(report).findings.front().text == cat(ann, words));
  };
  told("excluded;email:BOSS@example.com", {.mails = {"boss@example.com"}},
       "'email:boss@example.com', but the nameConstraints of certificate 'CN=Sub 1,O=imip tests' "
       "exclude 'email:BOSS@example.com'");
  told("permitted;email:xn--bcher-kva.example",
       {.utf8_mails = {"j\xC3\xB6rg@b\xC3\xBC"
                       "cher.example"}},
       "'email:j\xC3\xB6rg@xn--bcher-kva.example', whose internationalized domain imip does not "
       "compare "
       "with the nameConstraints of certificate 'CN=Sub 1,O=imip tests'");
  told("permitted;email:example.com", {.uris = {"https://example.com"}},
       "no usable e-mail address in its subjectAltName (addresses elsewhere do not count)");
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

TEST_CASE("an extension that is there twice is named, and the anchor that the chain would reach")
{
  const TestCa ca;
  const auto person = [&](const CertSpec& spec) { return verify(ca, signed_by(ca.issue(spec))); };
  const auto twice = [](const std::string& name) {
    return cat("has the extension ", name, " twice (RFC 5280 section 4.2)");
  };
  check_break(
      ca,
      person({.mails = {"a@example.com"}, .extensions = {{"extendedKeyUsage", "emailProtection"}}}),
      twice("extendedKeyUsage"));
  check_break(ca,
              person({.mails = {"a@example.com"},
                      .extensions = {{"subjectAltName", "email:b@example.com"}}}),
              twice("subjectAltName"));
  check_break(
      ca,
      person(
          {.mails = {"a@example.com"}, .key_usage = "", .extensions = {{"keyUsage", "DER:30:00"}}}),
      "has an extension that does not parse: keyUsage");
  check_break(ca,
              person({.mails = {"a@example.com"},
                      .key_usage = "",
                      .extensions = {{"keyUsage", "DER:03:02:00:00"}}}),
              "has a keyUsage that allows nothing (RFC 5280 section 4.2.1.3)");
}

TEST_CASE("a broken extension of an authority is told of it, with the chain up to the anchor")
{
  const TestCa ca(CertSpec{.common_name = "Old Root", .digest = "sha1", .ca = true});
  const CertSpec twice{
      .common_name = "Sub", .ca = true, .extensions = {{"basicConstraints", "CA:TRUE"}}};
  const Issued sub = ca.issue(twice);
  const Issued ann = ca.issue(CertSpec{.common_name = "Ann", .mails = {"a@example.com"}}, sub);
  const auto report = verify(ca, signed_by(ann, {sub}));
  check_break(ca, report,
              "certificate 'CN=Sub,O=imip tests' has the extension basicConstraints twice");
  check_unproven(
      report,
      "chain-invalid");  // the digest of the anchor's own signature does not matter here either
  REQUIRE(only(report).chain.size() == 2);
  CHECK(only(report).signer->faults.empty());
  CHECK(codes(only(report).chain[0].faults) == "chain-invalid");
  // an anchor is told to be broken where it is needed
  const auto anchored =
      verifier(trusting({sub.certificate})).verify_detached(octets, signed_by(ann));
  check_unproven(anchored, "no-anchor");
  CHECK(only(anchored).findings.front().text ==
        "certificate 'CN=Sub,O=imip tests' is named as an anchor but has the extension "
        "basicConstraints twice "
        "(RFC 5280 section 4.2)");
}

TEST_CASE("past a broken extension the chain is shown only as far as its signatures hold")
{
  const TestCa ca;
  const TestCa twin;  // of the same name
  const Issued ann = twin.issue(CertSpec{.mails = {"a@example.com"},
                                         .extensions = {{"extendedKeyUsage", "emailProtection"}}});
  const auto report = verify(ca, signed_by(ann));
  check_unproven(report, "chain-invalid");
  CHECK_FALSE(only(report).anchor);
  CHECK(only(report).chain.empty());
}

TEST_CASE(
    "a certificate that only its names call self-signed is not said to be signed by its own key")
{
  const TestCa ca;
  const CertSpec spec{
      .common_name = "Boss", .mails = {"boss@example.com"}, .key_identifiers = false};
  const Issued own = ca.self_signed(spec);
  const Issued other = ca.issue(spec, own);
  const auto told = [&](const Issued& who) {
    const auto report = verify(ca, signed_by(who));
    check_unproven(report, "no-anchor");
    return only(report).findings.front().text;
  };
  const std::string boss = "certificate 'CN=Boss,O=imip tests' ";
  CHECK(told(own) == boss + "is signed by its own key and is no anchor of the policy");
  CHECK(told(other) == boss +
                           "names itself as its issuer, but is not signed by its own key; it is no "
                           "anchor of the policy");
}

TEST_CASE("an authorityKeyIdentifier that does not fit its authority is named")
{
  const TestCa ca;
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"},
                                         .extensions = {{"2.5.29.35", "DER:30:06:80:04:01:02:03:04"}},
                                         .key_identifiers = false});
  const auto report = verify(ca, signed_by(alice, {}));
  check_unproven(report, "no-anchor");
  CHECK(only(report).findings.front().text.find("authorityKeyIdentifier names another") != std::string::npos);
}

TEST_CASE("authorities that issue each other are said to do so")
{
  const TestCa ca;
  const TestCa one(CertSpec{.common_name = "One", .ca = true, .key_identifiers = false});
  const TestCa two(CertSpec{.common_name = "Two", .ca = true, .key_identifiers = false});
  const auto cross = [](const TestCa& issuer, const TestCa& of, const std::string& name) {
    return issuer.issue(
        {.common_name = name, .ca = true, .key_identifiers = false, .same_key = of.root().pkey});
  };
  const Issued one_by_two = cross(two, one, "One");
  const Issued two_by_one = cross(one, two, "Two");
  const Issued ann = one.issue(CertSpec{.mails = {"a@example.com"}, .key_identifiers = false});
  const auto ring = verify(ca, signed_by(ann, {one_by_two, two_by_one}));
  check_unproven(ring, "no-anchor");
  CHECK(only(ring).findings.front().text ==
        "certificate 'CN=Two,O=imip tests' was issued by 'CN=One,O=imip tests', which stands below "
        "it in the chain: "
        "they issue each other, and none of them is an anchor of the policy");
  // a name alone is no ring
  const TestCa stranger(CertSpec{.common_name = "One", .ca = true, .key_identifiers = false});
  const auto open = verify(ca, signed_by(ann, {one_by_two, cross(stranger, two, "Two")}));
  check_unproven(open, "no-anchor");
  CHECK(only(open).findings.front().text.find("neither an anchor nor known") != std::string::npos);
}
