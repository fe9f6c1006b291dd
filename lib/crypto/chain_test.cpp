#include "crypto/fixture.hpp"

using namespace imip;
using namespace imip::crypto;
using namespace imip::crypto::fixture;

namespace {

SignatureReport with(const VerifyOptions& options, const std::string& der)
{
  return verifier(options).verify_detached(octets, der);
}

// Verifies what a person says whose certificate is `spec`, issued by the root.
SignatureReport verify_spec(const TestCa& ca, const CertSpec& spec)
{
  return verify(ca, signed_by(ca.issue(spec)));
}

}  // namespace

TEST_CASE("without an anchor nobody is proven")
{
  const TestCa ca;
  check_unproven(with(trusting({}), signed_by(ca.person("alice@example.com"))), "no-anchor");
}

TEST_CASE("a certificate of another authority is without anchor and names its issuer")
{
  const TestCa ca;
  const TestCa other(CertSpec{.common_name = "Other Root", .ca = true});
  const auto report = verify(ca, signed_by(other.person("alice@example.com")));
  check_unproven(report, "no-anchor");
  CHECK(only(report).findings.front().text.find("Other Root") != std::string::npos);
}

TEST_CASE("an authority's root that comes with the message is not believed")
{
  const TestCa ca;
  const TestCa other(CertSpec{.common_name = "Other Root", .ca = true});
  check_unproven(verify(ca, signed_by(other.person("alice@example.com"), {other.root()})),
                 "no-anchor");
}

TEST_CASE("a twin of the anchor with the same name and another key proves nobody")
{
  const bool identifiers = GENERATE(true, false);
  const CertSpec root{.common_name = "Test Root", .ca = true, .key_identifiers = identifiers};
  const TestCa ca(root);
  const TestCa twin(root);
  const Issued alice =
      twin.issue(CertSpec{.mails = {"alice@example.com"}, .key_identifiers = identifiers});
  const auto report = verify(ca, signed_by(alice, {twin.root()}));
  CHECK(only(report).status == SignatureStatus::Unproven);
  CHECK(only(report).identities.empty());
  // and the twin as the signer himself
  const auto self = verify(ca, signed_by(twin.root()));
  CHECK(only(self).status == SignatureStatus::Unproven);
  CHECK_FALSE(only(self).anchor);
}

TEST_CASE("a self-signed certificate that is no CA is no anchor, not even for itself")
{
  const TestCa ca;
  const Issued alice =
      ca.self_signed(CertSpec{.common_name = "Alice", .mails = {"alice@example.com"}});
  check_unproven(verify(ca, signed_by(alice)), "no-anchor");
  const auto pinned = with(trusting({alice.certificate}), signed_by(alice));
  check_unproven(pinned, "no-anchor");
  CHECK(only(pinned).findings.front().text.find("not a CA certificate; it issued itself") !=
        std::string::npos);
}

TEST_CASE("a CA certificate may sign for itself if its purposes allow it")
{
  const TestCa ca;
  const auto own = [&](const std::string& usage) {
    return ca.self_signed(CertSpec{
        .common_name = "Own", .mails = {"alice@example.com"}, .key_usage = usage, .ca = true});
  };
  const Issued fit = own("critical,digitalSignature,keyCertSign");
  check_valid(with(trusting({fit.certificate}), signed_by(fit)), "alice@example.com");
  const Issued unfit = own("critical,keyCertSign");
  check_unproven(with(trusting({unfit.certificate}), signed_by(unfit)), "wrong-purpose");
}

TEST_CASE("an intermediate is found in the message or in the policy's files")
{
  const TestCa ca;
  const Issued sub = ca.issue(CertSpec{.common_name = "Sub CA", .ca = true});
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}}, sub);
  const auto report = verify(ca, signed_by(alice, {sub}));
  check_valid(report, "alice@example.com");
  CHECK(only(report).chain.size() == 2);
  check_unproven(verify(ca, signed_by(alice)), "no-anchor");
  auto options = trusting({ca.root().certificate});
  options.intermediates = {sub.certificate};
  check_valid(with(options, signed_by(alice)), "alice@example.com");
}

TEST_CASE("a chain ends at an anchor that is not a root")
{
  const TestCa ca;
  const Issued sub = ca.issue(CertSpec{.common_name = "Sub CA", .ca = true});
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}}, sub);
  const auto report = with(trusting({sub.certificate}), signed_by(alice));
  check_valid(report, "alice@example.com");
  CHECK(only(report).chain.size() == 1);
  check_unproven(with(trusting({sub.certificate}), signed_by(ca.person("bob@example.com"))),
                 "no-anchor");
}

TEST_CASE("an expired certificate is told from one that expired since")
{
  const TestCa ca;
  const Issued alice =
      ca.issue(CertSpec{.mails = {"alice@example.com"}, .not_after = day(2026, 6, 1)});
  const auto at = [&](UtcSeconds t) {
    return raw_cms({.signers = {{.who = alice, .signing_time = t}}}, octets);
  };
  check_unproven(verify(ca, at(now)), "expired");
  check_unproven(verify(ca, at(day(2026, 5, 1))), "expired-since");
  auto options = trusting({ca.root().certificate});
  options.at = day(2026, 5, 2);
  check_valid(with(options, at(day(2026, 5, 1))), "alice@example.com");
}

TEST_CASE("a certificate that is not valid yet, and an expired authority, prove nobody")
{
  const TestCa ca;
  check_unproven(verify_spec(ca, {.mails = {"a@example.com"}, .not_before = day(2028, 1, 1)}),
                 "not-yet-valid");
  const TestCa old(CertSpec{.common_name = "Old Root", .ca = true, .not_after = day(2026, 1, 1)});
  check_unproven(verify(old, signed_by(old.person("a@example.com"))), "expired");
}

TEST_CASE("expiry hides nothing else that is wrong")
{
  const TestCa ca;
  check_unproven(verify_spec(ca, {.mails = {"a@example.com"},
                                  .eku = "serverAuth",
                                  .digest = "sha1",
                                  .not_after = day(2026, 1, 1)}),
                 "weak-digest wrong-purpose expired");
}

TEST_CASE("extended key usage: emailProtection or any, where it is present")
{
  const TestCa ca;
  const auto eku = [&](const std::string& value) {
    return verify_spec(ca, {.mails = {"a@example.com"}, .eku = value});
  };
  check_valid(eku(""), "a@example.com");
  check_valid(eku("anyExtendedKeyUsage"), "a@example.com");
  check_valid(eku("clientAuth,emailProtection"), "a@example.com");
  check_unproven(eku("clientAuth,serverAuth"), "wrong-purpose");
}

TEST_CASE("extended key usage binds intermediates too")
{
  const TestCa ca;
  const Issued sub = ca.issue(CertSpec{.common_name = "Web CA", .eku = "serverAuth", .ca = true});
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}}, sub);
  check_unproven(verify(ca, signed_by(alice, {sub})), "wrong-purpose");
}

TEST_CASE("a critical nsCertType is obeyed, by people and authorities")
{
  const TestCa ca;
  const auto person = [&](const std::string& type, const std::string& eku = "") {
    return verify_spec(
        ca, {.mails = {"a@example.com"}, .eku = eku, .extensions = {{"nsCertType", type}}});
  };
  check_valid(person("critical,client,email"), "a@example.com");
  check_valid(person("server"), "a@example.com");
  for (const char* type : {"critical,server", "critical,client", "critical,emailCA"}) {
    check_unproven(person(type), "wrong-purpose");
    check_unproven(person(type, "emailProtection"), "wrong-purpose");
  }
  const auto below = [&](const std::string& type) {
    const Issued sub = ca.issue(CertSpec{
        .common_name = "Sub", .eku = "", .ca = true, .extensions = {{"nsCertType", type}}});
    return verify(ca, signed_by(ca.issue(CertSpec{.mails = {"a@example.com"}}, sub), {sub}));
  };
  check_valid(below("critical,sslCA,emailCA"), "a@example.com");
  check_valid(below("sslCA"), "a@example.com");
  check_unproven(below("critical,sslCA"), "wrong-purpose");
  check_unproven(below("critical,email"), "wrong-purpose");
}

TEST_CASE("key usage: digitalSignature or nonRepudiation, where it is present")
{
  const TestCa ca;
  const auto usage = [&](const std::string& value) {
    return verify_spec(ca, {.mails = {"a@example.com"}, .key_usage = value});
  };
  check_valid(usage(""), "a@example.com");
  check_valid(usage("nonRepudiation"), "a@example.com");
  check_unproven(usage("critical,keyEncipherment"), "wrong-purpose");
}

TEST_CASE("an end entity's certificate issues nothing")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const Issued boss = ca.issue(CertSpec{.mails = {"boss@example.com"}}, alice);
  check_unproven(verify(ca, signed_by(boss, {alice})), "chain-invalid");
  // not even with the words of a CA but without basicConstraints
  const Issued half = ca.issue(CertSpec{.common_name = "Half",
                                        .key_usage = "critical,keyCertSign,digitalSignature",
                                        .basic_constraints = false});
  const auto report =
      verify(ca, signed_by(ca.issue(CertSpec{.mails = {"boss@example.com"}}, half), {half}));
  CHECK(only(report).status == SignatureStatus::Unproven);
  CHECK(only(report).findings.front().code == Code::ChainInvalid);
}

TEST_CASE("a CA without keyCertSign issues nothing")
{
  const TestCa ca;
  const Issued mute =
      ca.issue(CertSpec{.common_name = "Mute", .key_usage = "critical,cRLSign", .ca = true});
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}}, mute);
  const auto report = verify(ca, signed_by(alice, {mute}));
  CHECK(only(report).status == SignatureStatus::Unproven);
  CHECK(only(report).findings.front().code == Code::ChainInvalid);
}

TEST_CASE("path length is kept")
{
  const TestCa ca(CertSpec{.common_name = "Short Root", .ca = true, .path_length = 0});
  const Issued sub = ca.issue(CertSpec{.common_name = "Sub CA", .ca = true});
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}}, sub);
  check_valid(verify(ca, signed_by(ca.person("bob@example.com"))), "bob@example.com");
  check_unproven(verify(ca, signed_by(alice, {sub})), "chain-invalid");
}

TEST_CASE("name constraints on mail bind rfc822Name")
{
  const TestCa ca;
  const Issued sub = ca.issue(CertSpec{.common_name = "Partner CA",
                                       .ca = true,
                                       .name_constraints = "permitted;email:partner.example"});
  const auto says = [&](const std::string& mail) {
    return verify(ca, signed_by(ca.issue(CertSpec{.mails = {mail}}, sub), {sub}));
  };
  check_valid(says("a@partner.example"), "a@partner.example");
  check_unproven(says("a@example.com"), "chain-invalid");
  check_unproven(says("a@sub.partner.example"), "chain-invalid");
}

TEST_CASE("name constraints of the anchor itself hold")
{
  const TestCa ca(CertSpec{
      .common_name = "Root", .ca = true, .name_constraints = "excluded;email:example.com"});
  check_unproven(verify(ca, signed_by(ca.person("a@example.com"))), "chain-invalid");
  check_valid(verify(ca, signed_by(ca.person("a@example.org"))), "a@example.org");
}

TEST_CASE("a constraint on SmtpUTF8Mailbox names, which OpenSSL passes over, lets none of them by")
{
  const std::string boss = "b\xC3\xB6ss@other.example";
  const auto says = [&](const std::string& constraints, const CertSpec& person, bool anchor) {
    const TestCa ca(
        CertSpec{.common_name = "Root", .ca = true, .name_constraints = anchor ? constraints : ""});
    if (anchor) return verify(ca, signed_by(ca.issue(person)));
    const Issued sub =
        ca.issue(CertSpec{.common_name = "Sub", .ca = true, .name_constraints = constraints});
    return verify(ca, signed_by(ca.issue(person, sub), {sub}));
  };
  for (const bool anchor : {false, true}) {
    for (const char* constraints :
         {"critical,permitted;otherName:id-on-SmtpUTF8Mailbox;UTF8:example.com",
          "permitted;otherName:id-on-SmtpUTF8Mailbox;UTF8:other.example",
          "critical,excluded;otherName:id-on-SmtpUTF8Mailbox;UTF8:example.com"}) {
      check_unproven(says(constraints, {.utf8_mails = {boss}}, anchor), "chain-invalid");
      check_valid(says(constraints, {.mails = {"boss@other.example"}}, anchor),
                  "boss@other.example");
    }
    check_valid(says("critical,permitted;email:other.example", {.utf8_mails = {boss}}, anchor),
                boss);
  }
}

TEST_CASE("a mailbox that an authority may not name stays out in every spelling")
{
  const TestCa ca(CertSpec{
      .common_name = "Root", .ca = true, .name_constraints = "excluded;email:boss@example.com"});
  check_unproven(verify(ca, signed_by(ca.person("boss@example.com"))), "chain-invalid");
  check_unproven(verify(ca, signed_by(ca.person("BOSS@example.com"))), "no-identity");
  check_unproven(verify(ca, signed_by(ca.person("boss+x@example.com"))), "no-identity");
  check_valid(verify(ca, signed_by(ca.person("pa@example.com"))), "pa@example.com");
}

TEST_CASE("what an authority means to exclude stays out, however it writes that")
{
  // excludedSubtrees of one rfc822Name
  const auto extension = [](std::string_view name) {
    std::string der{'\x81', static_cast<char>(name.size())};
    der += name;
    for (const char tag : {'\x30', '\xA1', '\x30'})
      der = std::string{tag, static_cast<char>(der.size())} + der;
    std::string text = "critical,DER";
    for (const char c : der) text += cat(":", "0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4U],
                                         "0123456789ABCDEF"[static_cast<unsigned char>(c) & 15U]);
    return text;
  };
  const TestCa ca;
  const auto below = [&](std::string_view name, const std::string& mail) {
    const Issued sub =
        ca.issue(CertSpec{.common_name = "Sub", .ca = true, .extensions = {{"2.5.29.30", extension(name)}}});
    return verify(ca, signed_by(ca.issue(CertSpec{.mails = {mail}}, sub), {sub}));
  };
  using namespace std::string_view_literals;
  for (const std::string_view name : {""sv, "."sv, "example.com."sv, ".com."sv, "\"boss\"@example.com"sv, "example.com "sv, "example.com\0x"sv, "@"sv, "*"sv}) {
    INFO(name);
    check_unproven(below(name, "boss@example.com"), "no-identity");
  }
  for (const std::string_view name : {".example.com."sv, "other.example."sv})
    check_valid(below(name, "boss@example.com"), "boss@example.com");
}

TEST_CASE("name constraints on mail bind SmtpUTF8Mailbox")
{
  const TestCa ca;
  const auto says = [&](const std::string& constraints, const std::string& mail) {
    const Issued sub =
        ca.issue(CertSpec{.common_name = "Sub", .ca = true, .name_constraints = constraints});
    return verify(ca, signed_by(ca.issue(CertSpec{.utf8_mails = {mail}}, sub), {sub}));
  };
  const std::string user = "j\xC3\xB6rg@";
  check_valid(says("permitted;email:partner.example", user + "partner.example"),
              user + "partner.example");
  check_unproven(says("permitted;email:partner.example", user + "example.com"), "chain-invalid");
  check_unproven(says("excluded;email:example.com", user + "example.com"), "chain-invalid");
  // Where OpenSSL compares another form than the certificate has, the identity is dropped.
  for (const std::string domain : {"xn--bcher-kva.example",
                                   "b\xC3\xBC"
                                   "cher.example"}) {
    const auto report = says("excluded;email:xn--bcher-kva.example", user + domain);
    CHECK(only(report).status == SignatureStatus::Unproven);
    CHECK(only(report).identities.empty());
  }
}

TEST_CASE("a critical extension that nobody knows stops the chain")
{
  const TestCa ca;
  const auto extension = [&](const std::string& value) {
    return verify_spec(ca, {.mails = {"a@example.com"}, .extensions = {{"1.2.3.4.5", value}}});
  };
  check_valid(extension("DER:05:00"), "a@example.com");
  check_unproven(extension("critical,DER:05:00"), "chain-invalid");
}

TEST_CASE("an extension that does not parse stops the chain")
{
  const TestCa ca;
  check_unproven(verify_spec(ca, {.mails = {"a@example.com"},
                                  .key_usage = "",
                                  .extensions = {{"2.5.29.15", "DER:30:00"}}}),
                 "chain-invalid");
}

TEST_CASE("keys below the floor prove nobody, wherever in the chain")
{
  const TestCa ca;
  const auto key = [&](const std::string& kind) {
    return verify_spec(ca, {.mails = {"a@example.com"}, .key = kind});
  };
  check_valid(key("rsa-2048"), "a@example.com");
  check_unproven(key("rsa-1024"), "weak-key");
  check_unproven(key("ec-p224"), "weak-key");
  check_unproven(key("dsa-2048"), "weak-key");
  const TestCa weak(CertSpec{.common_name = "Weak Root", .key = "rsa-1024", .ca = true});
  check_unproven(verify(weak, signed_by(weak.person("a@example.com"))), "weak-key");
}

TEST_CASE("the policy's own bounds of RSA keys count")
{
  const TestCa ca;
  const Issued alice = ca.issue(CertSpec{.mails = {"a@example.com"}, .key = "rsa-2048"});
  auto options = trusting({ca.root().certificate});
  options.floor.rsa_bits_min = 3072;
  check_unproven(with(options, signed_by(alice)), "weak-key");
  options.floor.rsa_bits_min = 1024;
  options.floor.rsa_bits_max = 1536;
  check_unproven(with(options, signed_by(alice)), "weak-key");
}

TEST_CASE("weak digests prove nobody, in the signature and in the chain")
{
  const TestCa ca;
  const Issued alice = ca.issue(CertSpec{.mails = {"a@example.com"}, .key = "rsa-2048"});
  const auto digest = [&](const std::string& name) {
    return verify(
        ca, raw_cms({.signers = {{.who = alice, .digest = name, .signing_time = now}}}, octets));
  };
  check_unproven(digest("sha1"), "weak-digest");
  check_unproven(digest("md5"), "weak-digest");
  check_unproven(digest("sha224"), "weak-digest");
  check_valid(digest("sha512"), "a@example.com");
  check_unproven(verify_spec(ca, {.mails = {"a@example.com"}, .digest = "sha1"}), "weak-digest");
  const TestCa rsa(CertSpec{.common_name = "RSA Root", .key = "rsa-2048", .ca = true});
  check_unproven(verify_spec(rsa, {.mails = {"a@example.com"}, .digest = "md5"}), "weak-digest");
  const Issued sub = ca.issue(CertSpec{.common_name = "Sub", .digest = "sha1", .ca = true});
  check_unproven(verify(ca, signed_by(ca.issue(CertSpec{.mails = {"a@example.com"}}, sub), {sub})),
                 "weak-digest");
}

TEST_CASE("no policy brings SHA-1 or MD5 back")
{
  const TestCa ca;
  auto options = trusting({ca.root().certificate});
  options.floor.digests = {"md5", "sha1", "sha256"};
  const auto der = raw_cms(
      {.signers = {{.who = ca.person("a@example.com"), .digest = "sha1", .signing_time = now}}},
      octets);
  check_unproven(with(options, der), "weak-digest");
}

TEST_CASE("the digest of an anchor's own signature does not matter")
{
  const TestCa ca(CertSpec{.common_name = "Old Root", .digest = "sha1", .ca = true});
  check_valid(verify(ca, signed_by(ca.person("a@example.com"))), "a@example.com");
}

TEST_CASE("an Ed25519 authority is good enough")
{
  const TestCa ca(CertSpec{.common_name = "Root", .key = "ed25519", .ca = true});
  check_valid(verify(ca, signed_by(ca.person("a@example.com"))), "a@example.com");
}

TEST_CASE("an anchor's domains limit whom it proves")
{
  const TestCa ca;
  auto options = trusting({ca.root().certificate});
  options.anchors[0].domains = {"Partner.Example"};
  check_valid(with(options, signed_by(ca.person("a@partner.example"))), "a@partner.example");
  check_unproven(with(options, signed_by(ca.person("a@example.com"))), "outside-anchor-domains");
  check_unproven(with(options, signed_by(ca.person("a@sub.partner.example"))),
                 "outside-anchor-domains");
  const Issued both = ca.issue(CertSpec{.mails = {"a@example.com", "a@partner.example"}});
  const auto report = with(options, signed_by(both));
  CHECK(only(report).status == SignatureStatus::Valid);
  CHECK(names(only(report).identities) == "a@partner.example");
  CHECK(codes(only(report).findings) == "outside-anchor-domains");
  CHECK(only(report).findings.front().text.find("names a@example.com") != std::string::npos);
}

TEST_CASE("what each of several entries for one CA demands holds, in every order")
{
  const TestCa ca;
  const TestCa other(CertSpec{.common_name = "Other", .ca = true});
  const std::string root = ca.root().certificate;
  const auto judged = [&](std::size_t limited, const std::vector<std::string>& others) {
    auto options = trusting({other.root().certificate, root, root});
    for (const std::size_t i : {1U, 2U}) options.anchors[i].conditional = true;
    options.anchors[limited].domains = {"partner.example"};
    options.anchors[3 - limited].domains = others;
    return std::pair{with(options, signed_by(ca.person("a@example.com"))),
                     with(options, signed_by(ca.person("a@partner.example")))};
  };
  for (const std::size_t limited : {1U, 2U}) {
    const auto [outside, inside] = judged(limited, {});
    check_unproven(outside, "outside-anchor-domains");
    check_valid(inside, "a@partner.example");
    CHECK(only(inside).anchor == 1U);
    const auto [nobody, nobody_else] = judged(limited, {"example.com"});
    check_unproven(nobody, "outside-anchor-domains");
    check_unproven(nobody_else, "outside-anchor-domains");
  }
}

TEST_CASE("the conditions of an anchor hold although another entry names the same CA without any")
{
  const TestCa ca;
  auto options = trusting({ca.root().certificate, ca.root().certificate});
  options.anchors[1].domains = {"partner.example"};
  options.anchors[1].conditional = true;
  check_unproven(with(options, signed_by(ca.person("a@example.com"))), "outside-anchor-domains");
  CHECK(only(with(options, signed_by(ca.person("a@partner.example")))).anchor == 1U);
}

TEST_CASE("the conditions of an anchor hold however the chain gets past its CA")
{
  const TestCa ca;
  const TestCa other(CertSpec{.common_name = "Other", .ca = true});
  CertSpec spec{.common_name = "Test Root", .ca = true};
  spec.same_key = ca.root().pkey;
  const Issued cross = other.issue(spec);
  auto options = trusting({ca.root().certificate, other.root().certificate});
  options.anchors[0].domains = {"partner.example"};
  options.anchors[0].conditional = true;
  const auto mail_by = [&](const std::string& address) {
    return with(options, signed_by(ca.person(address), {cross}));
  };
  check_unproven(mail_by("a@example.com"), "outside-anchor-domains");
  check_valid(mail_by("a@partner.example"), "a@partner.example");
  CHECK(only(mail_by("a@partner.example")).anchor == 0U);
  options.anchors.erase(options.anchors.begin());
  check_valid(with(options, signed_by(ca.person("a@example.com"), {cross})), "a@example.com");
}

TEST_CASE("an authority's certificate signs no mail, whatever its keyUsage says")
{
  const TestCa ca;
  const auto options = trusting({ca.root().certificate});
  for (const char* usage : {"", "critical,keyCertSign,digitalSignature"}) {
    CertSpec spec{.common_name = "Sub", .mails = {"a@example.com"}, .ca = true};
    spec.key_usage = usage;
    check_unproven(with(options, signed_by(ca.issue(spec))), "wrong-purpose");
  }
}
