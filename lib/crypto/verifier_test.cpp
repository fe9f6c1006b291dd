#include "crypto/verifier.hpp"

#include <set>

#include "crypto/fixture.hpp"

using namespace imip;
using namespace imip::crypto;
using namespace imip::crypto::fixture;

TEST_CASE("a detached signature of a person of the anchor's is valid and names him")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const auto report = verify(ca, signed_by(alice));
  check_valid(report, "alice@example.com");
  const Signature& s = only(report);
  CHECK(report.defects.empty());
  CHECK_FALSE(report.content);
  CHECK(s.protocol == Protocol::Smime);
  CHECK(s.digest == "sha256");
  CHECK(s.signed_at == now);
  CHECK(s.anchor == 0U);
  REQUIRE(s.signer);
  CHECK(s.signer->subject == "CN=alice,O=imip tests");
  CHECK(s.signer->issuer == "CN=Test Root,O=imip tests");
  CHECK(s.signer->serial == alice.serial_hex());
  CHECK(s.signer->key == "ec-p256");
  CHECK(s.signer->sha256 == sha256_hex(alice.der()));
  CHECK(s.signer->spki_sha256.size() == 64);
  CHECK(s.signer->mail_names == std::vector<std::string>{"alice@example.com"});
  CHECK(s.signer->not_before == day(2020, 1, 1));
  CHECK(s.signer->not_after == day(2040, 1, 1));
  REQUIRE(s.chain.size() == 1);
  CHECK(s.chain[0].subject == "CN=Test Root,O=imip tests");
}

TEST_CASE("spki_sha256 is that of openssl's public key")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const auto shown = testing::shell("openssl pkey -in " + alice.key +
                                    " -pubout -outform DER | sha256sum | cut -d' ' -f1");
  CHECK(only(verify(ca, signed_by(alice))).signer->spki_sha256 + "\n" == shown.output);
}

TEST_CASE("one octet changed makes it invalid, without identity")
{
  const TestCa ca;
  const std::string der = signed_by(ca.person("alice@example.com"));
  std::string changed = octets;
  changed[50] = 'b';
  const auto report = verifier(trusting({ca.root().certificate})).verify_detached(changed, der);
  CHECK(only(report).status == SignatureStatus::Invalid);
  CHECK(codes(only(report).findings) == "signature-invalid");
  CHECK(only(report).identities.empty());
}

TEST_CASE("a signature value that was made by another key is invalid")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  Issued mallory = ca.issue(CertSpec{.mails = {"mallory@example.net"}});
  mallory.x509 = alice.x509;  // her certificate, his key: OpenSSL refuses unless the keys match
  CHECK_THROWS(signed_by(mallory));
  std::string der = signed_by(alice);
  der.back() = static_cast<char>(der.back() ^ 1);
  const auto report = verify(ca, der);
  if (!report.signatures.empty()) {
    CHECK(only(report).status == SignatureStatus::Invalid);
    CHECK(codes(only(report).findings) == "signature-invalid");
  } else {
    CHECK(codes(report.defects) == "signature-malformed");
  }
}

TEST_CASE("a signature without signed attributes is judged over the content itself")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const std::string der = raw_cms({.signers = {{.who = alice, .attributes = false}}}, octets);
  check_valid(verify(ca, der), "alice@example.com");
  const auto v = verifier(trusting({ca.root().certificate}));
  CHECK(only(v.verify_detached(octets + " ", der)).status == SignatureStatus::Invalid);
}

TEST_CASE("a set of attributes does not pass for a message signed without attributes")
{
  const TestCa ca;
  const std::string set("\x31\x03\x02\x01\x05", 5);
  const std::string der =
      raw_cms({.signers = {{.who = ca.person("a@example.com"), .attributes = false}}}, set);
  const auto report = verifier(trusting({ca.root().certificate})).verify_detached(set, der);
  CHECK(only(report).status == SignatureStatus::Invalid);
  CHECK(codes(only(report).findings) == "signature-malformed");
}

TEST_CASE("a signer named by key identifier is found")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  check_valid(
      verify(ca, raw_cms({.signers = {{.who = alice, .signing_time = now, .by_key_id = true}}},
                         octets)),
      "alice@example.com");
}

TEST_CASE("each signerInfo is judged alone: a bad one neither helps nor harms")
{
  const TestCa ca;
  const TestCa other(CertSpec{.common_name = "Other Root", .ca = true});
  const Issued alice = ca.person("alice@example.com");
  const Issued mallory = other.person("boss@example.com");
  const std::string der =
      raw_cms({.signers = {{.who = mallory, .digest = "sha512", .signing_time = now},
                           {.who = alice, .signing_time = now},
                           {.who = mallory, .signing_time = now, .claims = {alice}}}},
              octets);
  const auto report = verify(ca, der);
  REQUIRE(report.signatures.size() == 3);
  std::size_t valid = 0;
  for (const Signature& s : report.signatures) {
    if (s.status != SignatureStatus::Valid) {
      CHECK(s.identities.empty());
      continue;
    }
    ++valid;
    CHECK(names(s.identities) == "alice@example.com");
  }
  CHECK(valid == 1);
}

TEST_CASE("a certificate that the CMS does not carry is the policy's, or the signature unchecked")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const std::string der =
      raw_cms({.signers = {{.who = alice, .signing_time = now, .certificate = false}}}, octets);
  const auto report = verify(ca, der);
  CHECK(only(report).status == SignatureStatus::NotChecked);
  CHECK(codes(only(report).findings) == "signature-unchecked");
  // which one is wanted
  const std::string& why = only(report).findings.front().text;
  CHECK(why.find("(serial number ") != std::string::npos);
  CHECK(why.find(" of 'CN=Test Root,O=imip tests')") != std::string::npos);

  auto options = trusting({ca.root().certificate});
  options.intermediates = {ca.person("bob@example.com").certificate, alice.certificate};
  const auto known = verifier(options).verify_detached(octets, der);
  CHECK(names(only(known).identities) == "alice@example.com");
  // it is evidence like one that came with the mail, no more
  const TestCa other;
  options.anchors = {{other.root().certificate, {}}};
  CHECK(only(verifier(options).verify_detached(octets, der)).status == SignatureStatus::Unproven);
}

TEST_CASE("a signature of a kind that OpenSSL cannot check in CMS says so")
{
  const TestCa ca;
  // OpenSSL cannot make one either: the signerInfo names a certificate of the same number and another key
  const Issued named = ca.issue({.mails = {"alice@example.com"}, .key = "ed25519", .serial = 7});
  const Issued signer = ca.issue({.mails = {"alice@example.com"}, .serial = 7});
  const auto report = verify(
      ca, raw_cms({.signers = {{.who = signer, .signing_time = now, .certificate = false}}, .more_certificates = {named}},
                  octets));
  CHECK(only(report).status == SignatureStatus::NotChecked);
  CHECK(codes(only(report).findings) == "algorithm-unsupported");
  CHECK(only(report).findings.front().text.find("ed25519 (RFC 8419)") != std::string::npos);
  CHECK(only(report).identities.empty());
}

TEST_CASE("a detached signature that carries content is a defect, even the same content")
{
  const TestCa ca;
  const std::string der =
      raw_cms({.signers = {{.who = ca.person("alice@example.com"), .signing_time = now}},
               .detached = false},
              octets);
  const auto report = verify(ca, der);
  CHECK(report.signatures.empty());
  CHECK(codes(report.defects) == "detached-with-content");
}

TEST_CASE("octets after the signature are a defect")
{
  const TestCa ca;
  const auto report = verify(ca, signed_by(ca.person("alice@example.com")) + std::string(1, '\0'));
  CHECK(report.signatures.empty());
  CHECK(codes(report.defects) == "trailing-der");
}

TEST_CASE("no signerInfo is no signature")
{
  const TestCa ca;
  const TempDir dir;
  const auto made = testing::shell("openssl crl2pkcs7 -nocrl -outform DER -certfile " +
                                   ca.root().certificate + " -out " + (dir / "o").string());
  REQUIRE(made.status == 0);
  const auto report = verify(ca, dir.read("o"));
  CHECK(report.signatures.empty());
  CHECK(codes(report.defects) == "no-signer-info");
}

TEST_CASE("content of another type than id-data is a defect")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const auto report = verify(ca, raw_cms({.signers = {{.who = alice, .signing_time = now}},
                                          .content_type = "id-smime-ct-TSTInfo"},
                                         octets));
  CHECK(report.signatures.empty());
  CHECK(codes(report.defects) == "content-type-attribute");
}

TEST_CASE("a signed content-type that differs from the content's is invalid")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const auto report = verify(ca, raw_cms({.signers = {{.who = alice, .signing_time = now}},
                                          .content_type = "id-smime-ct-TSTInfo",
                                          .content_type_after = "pkcs7-data"},
                                         octets));
  CHECK(only(report).status == SignatureStatus::Invalid);
  CHECK(codes(only(report).findings) == "content-type-attribute");
}

TEST_CASE("ESS signingCertificateV2 that names another certificate is invalid")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const Issued bob = ca.person("bob@example.com");
  const auto sign_as = [&](const std::vector<Issued>& claimed) {
    return raw_cms({.signers = {{.who = alice, .signing_time = now, .claims = claimed}},
                    .more_certificates = {bob}},
                   octets);
  };
  check_valid(verify(ca, sign_as({alice})), "alice@example.com");
  // the root does not come along
  check_valid(verify(ca, sign_as({alice, ca.root()})), "alice@example.com");
  // each is held against all certificates that are known, so there may not be hundreds
  std::vector<Issued> many(20, ca.root());
  many.front() = alice;
  check_valid(verify(ca, sign_as(many)), "alice@example.com");
  many.resize(400, ca.root());
  CHECK(only(verify(ca, sign_as(many))).status == SignatureStatus::Invalid);
  const TestCa other;
  for (const auto& claimed : std::vector<std::vector<Issued>>{{bob}, {bob, alice}, {alice, other.root()}}) {
    const auto report = verify(ca, sign_as(claimed));
    CHECK(only(report).status == SignatureStatus::Invalid);
    CHECK(codes(only(report).findings) == "signature-invalid");
  }
}

TEST_CASE("a signing time beyond the skew proves nobody")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const auto at = [&](UtcSeconds t) {
    return raw_cms({.signers = {{.who = alice, .signing_time = t}}}, octets);
  };
  check_valid(verify(ca, at(now + std::chrono::seconds{900})), "alice@example.com");
  check_unproven(verify(ca, at(now + std::chrono::seconds{901})), "signed-in-future");
}

TEST_CASE("the verification time does not move the limit of signing times")
{
  const TestCa ca;
  auto options = trusting({ca.root().certificate});
  options.at = day(2035, 1, 1);
  const auto der = raw_cms(
      {.signers = {{.who = ca.person("a@example.com"), .signing_time = day(2034, 1, 1)}}}, octets);
  check_unproven(verifier(options).verify_detached(octets, der), "signed-in-future");
}

TEST_CASE("opaque signed-data gives its content, whatever the verdict")
{
  const TestCa ca;
  const TestCa other;
  const std::string der =
      raw_cms({.signers = {{.who = ca.person("alice@example.com"), .signing_time = now}},
               .detached = false},
              octets);
  const auto good = verifier(trusting({ca.root().certificate})).verify_opaque(der);
  check_valid(good, "alice@example.com");
  CHECK(good.content == octets);
  const auto bad = verifier(trusting({other.root().certificate})).verify_opaque(der);
  CHECK(only(bad).status == SignatureStatus::Unproven);
  CHECK(bad.content == octets);
}

TEST_CASE("opaque signed-data without content is a defect")
{
  const TestCa ca;
  const auto report = verifier(trusting({ca.root().certificate}))
                          .verify_opaque(signed_by(ca.person("a@example.com")));
  CHECK(report.signatures.empty());
  CHECK(codes(report.defects) == "signature-malformed");
  CHECK_FALSE(report.content);
}

TEST_CASE("counts above the limits are refused by name before anything is decoded")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const RawSigner signer{.who = alice, .signing_time = now};
  const std::string der = raw_cms(
      {.signers = {signer, signer}, .more_certificates = {ca.person("b@example.com")}}, octets);
  const auto with = [&](std::size_t signers, std::size_t certificates) {
    Limits limits;
    limits.signer_infos = signers;
    limits.certificates = certificates;
    return verifier(trusting({ca.root().certificate}), limits).verify_detached(octets, der);
  };
  CHECK(codes(with(1, 32).defects) == "limit-exceeded");
  CHECK(with(1, 32).defects.front().text.find("signer-infos") != std::string::npos);
  CHECK(codes(with(8, 1).defects) == "limit-exceeded");
  CHECK(with(2, 2).signatures.size() == 2);
}

TEST_CASE("an indefinite-length CMS as NSS and openssl -stream write it is understood")
{
  const TestCa ca;
  const TempDir dir;
  const Issued alice = ca.person("alice@example.com");
  const std::string in = dir.write("m", octets);
  const auto made = testing::shell("openssl cms -sign -stream -nodetach -binary -outform DER -in " +
                                   in + " -signer " + alice.certificate + " -inkey " + alice.key +
                                   " -out " + (dir / "o").string());
  INFO(made.output);
  REQUIRE(made.status == 0);
  const std::string der = dir.read("o");
  REQUIRE(der.substr(0, 2) == "\x30\x80");
  const auto v = verifier(trusting({ca.root().certificate}));
  check_valid(v.verify_opaque(der), "alice@example.com");
  CHECK(v.verify_opaque(der).content == octets);
  CHECK(codes(v.verify_opaque(der + "x").defects) == "trailing-der");
}

TEST_CASE("RSA-PSS and the larger curves verify")
{
  const TestCa ca;
  const TempDir dir;
  const std::string in = dir.write("m", octets);
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}, .key = "rsa-2048"});
  const auto made = testing::shell("openssl cms -sign -binary -outform DER -in " + in +
                                   " -signer " + alice.certificate + " -inkey " + alice.key +
                                   " -keyopt rsa_padding_mode:pss -out " + (dir / "o").string());
  INFO(made.output);
  REQUIRE(made.status == 0);
  check_valid(verify(ca, dir.read("o")), "alice@example.com");
  for (const auto* curve : {"ec-p384", "ec-p521"})
    check_valid(verify(ca, signed_by(ca.issue(CertSpec{.mails = {"a@example.com"}, .key = curve}))),
                "a@example.com");
}

TEST_CASE("SHA-1 counts for nothing as the mask of RSA-PSS either")
{
  const TestCa ca(CertSpec{.common_name = "Test Root", .key = "rsa-2048", .ca = true});
  const TempDir dir;
  const std::string in = dir.write("m", octets);
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}, .key = "rsa-2048"});
  const auto openssl = [&](const std::string& what) {
    const auto made = testing::shell("cd " + dir.path().string() + " && openssl " + what);
    INFO(made.output);
    REQUIRE(made.status == 0);
    return dir.read("o");
  };
  const std::string sign = "cms -sign -binary -outform DER -in m -out o -inkey " + alice.key;
  const std::string mask = "opt rsa_padding_mode:pss -";
  check_unproven(verify(ca, openssl(sign + " -signer " + alice.certificate + " -key" + mask +
                                    "keyopt rsa_mgf1_md:sha1")),
                 "weak-digest");
  openssl("req -new -key " + alice.key + " -subj /CN=alice -out o -addext " +
          "subjectAltName=email:alice@example.com");
  std::filesystem::rename(dir / "o", dir / "request");
  openssl("x509 -req -in request -copy_extensions copy -CA " + ca.root().certificate + " -CAkey " +
          ca.root().key + " -days 3650 -set_serial 7 -sha256 -out o -sig" + mask + "sigopt rsa_mgf1_md:sha1");
  std::filesystem::rename(dir / "o", dir / "pss.crt");
  check_unproven(verify(ca, openssl(sign + " -signer pss.crt")), "weak-digest");
}

TEST_CASE("a signer named by his key: every certificate that fits is tried, in every order")
{
  const std::string mail = "alice@example.com";
  const TestCa ca(CertSpec{.common_name = "Root", .key = "rsa-2048", .ca = true});
  const auto certificate = [&](CertSpec spec, long serial) {  // which decides its place in the set
    spec.serial = serial;
    spec.key_identifiers = false;
    spec.extensions = {{"subjectKeyIdentifier", "01020304"}};
    return ca.issue(spec);
  };
  const auto verified = [&](const Issued& signer, const std::vector<Issued>& others) {
    return verify(ca, raw_cms({.signers = {{.who = signer, .signing_time = now, .by_key_id = true}},
                               .more_certificates = others},
                              octets));
  };
  for (const long beside : {1L, 9L}) {
    const Issued alice = certificate({.mails = {mail}}, 5);
    check_valid(
        verified(alice, {certificate(
                            {.mails = {mail}, .not_after = day(2025, 1, 1), .same_key = alice.pkey},
                            beside)}),
        mail);
    const Issued liar = certificate({.mails = {mail}, .not_after = day(2039, 1, 1)}, beside);
    check_valid(verified(alice, {liar}), mail);
    check_valid(verified(alice, {liar, certificate({.mails = {mail}, .same_key = alice.pkey}, 7)}),
                mail);
    // one key, two names: whatever the order, both are proven
    const auto both = verified(
        alice, {certificate({.mails = {"alias@example.com"}, .same_key = alice.pkey}, beside)});
    REQUIRE(both.signatures.size() == 2);
    std::set<std::string> proven;
    for (const Signature& s : both.signatures) proven.insert(names(s.identities));
    CHECK(proven == std::set<std::string>{mail, "alias@example.com"});
    const Issued stranger = certificate({.mails = {mail}, .eku = "serverAuth"}, 5);
    check_unproven(verified(stranger, {certificate({.mails = {mail}}, beside)}), "wrong-purpose");
  }
}

TEST_CASE("a policy file that is missing or holds nothing is a configuration error that names it")
{
  const TempDir dir;
  const std::string empty = dir.write("empty.pem", "no certificate here\n");
  for (const std::string& path : {empty, (dir / "none.pem").string(), dir.path().string()}) {
    const auto anchors = Verifier::create(trusting({path}), {});
    REQUIRE_FALSE(anchors);
    CHECK(anchors.error().code == Errc::Config);
    CHECK(anchors.error().what.find(path) != std::string::npos);
    if (path == dir.path().string()) continue;  // a folder of lists may be empty
    auto options = trusting({});
    options.crls = {path};
    const auto crls = Verifier::create(options, {});
    REQUIRE_FALSE(crls);
    CHECK(crls.error().code == Errc::Config);
  }
}
