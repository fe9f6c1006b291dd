#include "crypto/signing.hpp"

#include "crypto/fixture.hpp"
#include "crypto/gpgsm_fixture.hpp"

using namespace imip;
using namespace imip::crypto;
using namespace imip::crypto::fixture;

namespace {

PassphraseSource says(const std::string& passphrase)
{
  return [passphrase](const std::string&) { return Result<std::string>(passphrase); };
}
const PassphraseSource nobody = {};

SigningIdentity identity(const Issued& who)
{
  auto loaded = SigningIdentity::load(
      {.certificate = who.chain, .key = who.key, .pkcs12 = {}, .intermediates = {}}, nobody);
  if (!loaded) throw std::runtime_error(loaded.error().what);
  return *std::move(loaded);
}

std::string detached(const Issued& who)
{
  auto made = sign_detached(identity(who), octets, now);
  if (!made) throw std::runtime_error(made.error().what);
  return made->der;
}

Errc failure(const IdentityFiles& files, const PassphraseSource& source)
{
  const auto loaded = SigningIdentity::load(files, source);
  return loaded ? Errc{} : loaded.error().code;
}

}  // namespace

TEST_CASE("what we sign we verify, with every kind of key and the digest that suits it")
{
  const TestCa ca;
  const std::vector<std::array<std::string, 3>> kinds = {{"rsa-2048", "sha-256", "sha256"},
                                                         {"rsa-pss", "sha-256", "sha256"},
                                                         {"ec-p256", "sha-256", "sha256"},
                                                         {"ec-p384", "sha-384", "sha384"},
                                                         {"ec-p521", "sha-512", "sha512"}};
  for (const auto& [key, micalg, digest] : kinds) {
    INFO(key);
    const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}, .key = key});
    const auto made = sign_detached(identity(alice), octets, now);
    REQUIRE(made);
    CHECK(made->micalg == micalg);
    const auto report = verify(ca, made->der);
    check_valid(report, "alice@example.com");
    CHECK(only(report).digest == digest);
    CHECK(only(report).signed_at == now);
  }
}

TEST_CASE("the signature carries intermediates, no root, and the attributes that RFC 8551 wants")
{
  const TestCa ca;
  const TempDir dir;
  const Issued sub = ca.issue(CertSpec{.common_name = "Sub CA", .ca = true});
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}}, sub);
  const std::string der = detached(alice);
  check_valid(verify(ca, der), "alice@example.com");
  const std::string path = dir.write("s.der", der);
  const auto shown = testing::shell("openssl cms -cmsout -print -inform DER -in " + path);
  REQUIRE(shown.status == 0);
  for (const auto* part : {"signingTime", "S/MIME Capabilities", "id-smime-aa-signingCertificateV2",
                           "contentType", "messageDigest"}) {
    INFO(part);
    CHECK(shown.output.find(part) != std::string::npos);
  }
  const auto listed = testing::shell("openssl pkcs7 -print_certs -noout -inform DER -in " + path);
  CHECK(listed.output.find("subject=O = imip tests, CN = Sub CA") != std::string::npos);
  CHECK(listed.output.find("subject=O = imip tests, CN = Test Root") == std::string::npos);
}

TEST_CASE("intermediates may come from files of their own")
{
  const TestCa ca;
  const Issued sub = ca.issue(CertSpec{.common_name = "Sub CA", .ca = true});
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}}, sub);
  const auto sign_with = [&](const std::vector<std::string>& more) {
    auto loaded = SigningIdentity::load(
        {.certificate = alice.certificate, .key = alice.key, .pkcs12 = {}, .intermediates = more},
        nobody);
    REQUIRE(loaded);
    return sign_detached(*loaded, octets, now).value().der;
  };
  check_unproven(verify(ca, sign_with({})), "no-anchor");
  check_valid(verify(ca, sign_with({sub.certificate, ca.root().certificate, sub.certificate})),
              "alice@example.com");
}

TEST_CASE("openssl accepts our signatures, in LF and in CRLF form")
{
  const TestCa ca;
  const TempDir dir;
  for (const auto* key : {"rsa-2048", "ec-p256", "ec-p384"}) {
    const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}, .key = key});
    const std::string signature = dir.write("s.der", detached(alice));
    const std::string crlf = dir.write("crlf", octets);
    std::string text = octets;
    text.erase(std::remove(text.begin(), text.end(), '\r'), text.end());
    const std::string lf = dir.write("lf", text);
    const std::string command = "openssl cms -verify -inform DER -in " + signature + " -CAfile " +
                                ca.root().certificate + " -out /dev/null -content ";
    const auto as_is = testing::shell(command + crlf + " -binary");
    INFO(as_is.output);
    CHECK(as_is.status == 0);
    // as `openssl cms` reads a mail with LF line ends: canonicalised first
    const auto made_crlf =
        testing::shell("sed 's/$/\\r/' " + lf + " > " + lf + ".c; " + command + lf + ".c -binary");
    CHECK(made_crlf.status == 0);
    CHECK(testing::shell(command + lf + " -binary").status != 0);
    CHECK(testing::shell(command + dir.write("other", octets + "x") + " -binary").status != 0);
  }
}

TEST_CASE("openssl accepts a multipart/signed message around our signature in both line forms")
{
  const TestCa ca;
  const TempDir dir;
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}, .key = "rsa-2048"});
  const std::string signature = dir.write("s.der", detached(alice));
  const std::string base64 = testing::shell("openssl base64 -in " + signature).output;
  std::string mail =
      "MIME-Version: 1.0\nContent-Type: multipart/signed; micalg=sha-256; boundary=b;\n"
      " protocol=\"application/pkcs7-signature\"\n\n--b\n";
  for (const char c : octets)
    if (c != '\r') mail += c;
  mail +=
      "\n--b\nContent-Type: application/pkcs7-signature\nContent-Transfer-Encoding: base64\n\n" +
      base64 + "\n--b--\n";
  std::string crlf;
  for (const char c : mail) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  for (const std::string& form : {mail, crlf}) {
    const auto checked = testing::shell("openssl cms -verify -in " + dir.write("m", form) +
                                        " -CAfile " + ca.root().certificate + " -out /dev/null");
    INFO(checked.output);
    CHECK(checked.status == 0);
  }
}

TEST_CASE("we accept what openssl cms -sign makes")
{
  const TestCa ca;
  const TempDir dir;
  const std::string in = dir.write("m", octets);
  for (const auto* key : {"rsa-2048", "ec-p256"}) {
    const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}, .key = key});
    for (const auto* how : {"", "-noattr", "-cades", "-keyid", "-md sha512"}) {
      INFO(key << " " << how);
      const auto made = testing::shell(cat("openssl cms -sign -binary -outform DER -in ", in,
                                           " -signer ", alice.certificate, " -inkey ", alice.key,
                                           " ", how, " -out ", (dir / "o").string()));
      INFO(made.output);
      REQUIRE(made.status == 0);
      check_valid(verify(ca, dir.read("o")), "alice@example.com");
    }
  }
}

TEST_CASE("we accept what gpgsm signs, and gpgsm accepts what we sign")
{
  const TestCa ca;
  const TempDir dir;
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"},
                                         .key_usage = "critical,digitalSignature,nonRepudiation",
                                         .key = "rsa-2048"});
  const GpgsmHome gpgsm(ca, alice);
  const std::string in = dir.write("m", octets);
  const auto made =
      gpgsm.run(cat("-u alice@example.com --output ", (dir / "o").string(), " --detach-sign ", in));
  INFO(made.output);
  REQUIRE(made.status == 0);
  auto options = trusting({ca.root().certificate});
  options.now = options.at = system_now();
  check_valid(verifier(options).verify_detached(octets, dir.read("o")), "alice@example.com");
  const auto checked = gpgsm.run("--verify " + dir.write("s.der", detached(alice)) + " " + in);
  INFO(checked.output);
  CHECK(checked.output.find("Good signature") != std::string::npos);
}

TEST_CASE("an opaque signature gives back what was signed")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const auto der = sign_opaque(identity(alice), octets, now);
  REQUIRE(der);
  const auto report = verifier(trusting({ca.root().certificate})).verify_opaque(*der);
  check_valid(report, "alice@example.com");
  CHECK(report.content == octets);
}

TEST_CASE("an empty content can be signed")
{
  const TestCa ca;
  const auto made = sign_detached(identity(ca.person("alice@example.com")), "", now);
  REQUIRE(made);
  check_valid(verifier(trusting({ca.root().certificate})).verify_detached("", made->der),
              "alice@example.com");
}

TEST_CASE("RSA signatures are the same on every run")
{
  const TestCa ca;
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}, .key = "rsa-2048"});
  CHECK(detached(alice) == detached(alice));
}

TEST_CASE("an identity tells its certificate and addresses")
{
  const TestCa ca;
  const auto alice = identity(
      ca.issue(CertSpec{.common_name = "Alice", .mails = {"alice@example.com", "a@example.org"}}));
  CHECK(names(alice.addresses()) == "alice@example.com a@example.org");
  CHECK(alice.certificate().subject == "CN=Alice,O=imip tests");
}

TEST_CASE("what every receiver would refuse is not signed")
{
  const TestCa ca;
  const auto refused = [&](const CertSpec& spec) {
    const auto made = sign_detached(identity(ca.issue(spec)), octets, now);
    return made ? Errc{} : made.error().code;
  };
  CHECK(refused({.mails = {"a@example.com"}, .not_after = day(2026, 1, 1)}) == Errc::Config);
  CHECK(refused({.mails = {"a@example.com"}, .not_before = day(2028, 1, 1)}) == Errc::Config);
  CHECK(refused({.mails = {"a@example.com"}, .eku = "serverAuth"}) == Errc::Config);
  CHECK(refused({.mails = {"a@example.com"}, .key_usage = "critical,keyAgreement"}) ==
        Errc::Config);
  CHECK(refused({.mails = {"a@example.com"}, .key = "ed25519"}) == Errc::Config);
}

TEST_CASE("a key that does not belong to the certificate is a configuration error")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const Issued bob = ca.person("bob@example.com");
  CHECK(
      failure({.certificate = alice.certificate, .key = bob.key, .pkcs12 = {}, .intermediates = {}},
              nobody) == Errc::Config);
}

TEST_CASE("the signer's certificate is found wherever it stands in the file")
{
  const TestCa ca;
  const TempDir dir;
  const Issued alice = ca.person("alice@example.com");
  const std::string both =
      dir.write("both.pem", TempDir().read(ca.root().certificate) +
                                TempDir().read(alice.certificate) + TempDir().read(alice.key));
  auto loaded = SigningIdentity::load(
      {.certificate = both, .key = {}, .pkcs12 = {}, .intermediates = {}}, nobody);
  REQUIRE(loaded);
  CHECK(names(loaded->addresses()) == "alice@example.com");
}

TEST_CASE("encrypted PEM keys of every make open with their passphrase and with no other")
{
  const TestCa ca;
  const TempDir dir;
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}, .key = "rsa-2048"});
  const std::string key = (dir / "k.pem").string();
  const std::vector<std::string> ways = {
      "openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:secret -in " + alice.key + " -out " + key,
      "openssl pkcs8 -topk8 -v2 des3 -passout pass:secret -in " + alice.key + " -out " + key,
      "openssl pkcs8 -topk8 -scrypt -passout pass:secret -in " + alice.key + " -out " + key,
      "openssl rsa -traditional -aes128 -passout pass:secret -in " + alice.key + " -out " + key,
      "openssl rsa -traditional -des3 -passout pass:secret -in " + alice.key + " -out " + key};
  for (const std::string& way : ways) {
    INFO(way);
    REQUIRE(testing::shell(way).status == 0);
    const IdentityFiles files{
        .certificate = alice.certificate, .key = key, .pkcs12 = {}, .intermediates = {}};
    const auto opened = SigningIdentity::load(files, says("secret"));
    if (!opened) INFO(opened.error().what);
    CHECK(opened);
    CHECK(failure(files, says("wrong")) == Errc::Permission);
    CHECK(failure(files, says("")) == Errc::Permission);
    CHECK(failure(files, says(std::string(5000, 'x'))) == Errc::Permission);
    CHECK(failure(files, nobody) == Errc::Permission);
  }
}

TEST_CASE("key files are looked at without their passphrase")
{
  const TestCa ca;
  const TempDir dir;
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}, .key = "rsa-2048"});
  const std::string key = (dir / "k.pem").string();
  REQUIRE(testing::shell("openssl pkcs8 -topk8 -passout pass:secret -in " + alice.key + " -out " + key)
              .status == 0);
  const std::string garbage = dir.write("garbage", "garbage");
  const auto looked = [](const IdentityFiles& files) {
    const auto result = SigningIdentity::inspect(files);
    return result ? std::optional<Errc>{} : result.error().code;
  };
  CHECK_FALSE(looked({.certificate = alice.certificate, .key = key}));
  CHECK_FALSE(looked({.pkcs12 = ca.pkcs12(alice, "secret")}));
  CHECK_FALSE(looked({.certificate = alice.certificate, .pkcs11 = "pkcs11:token=none"}));
  CHECK_FALSE(looked({.pkcs11 = "pkcs11:token=none"}));
  CHECK(looked({.certificate = alice.certificate}) == Errc::Config);
  CHECK(looked({.certificate = alice.certificate, .key = garbage}) == Errc::Config);
  CHECK(looked({.certificate = garbage, .key = key}) == Errc::Config);
  CHECK(looked({.pkcs12 = garbage}) == Errc::Config);
  CHECK(looked({.pkcs12 = alice.certificate}) == Errc::Config);
  CHECK(looked({.pkcs12 = (dir / "none").string()}) == Errc::NoInput);
  CHECK(looked({.certificate = alice.certificate, .key = (dir / "none").string()}) == Errc::NoInput);
}

TEST_CASE("an unencrypted key asks for no passphrase; what the source says is handed on")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const PassphraseSource fails = [](const std::string&) -> Result<std::string> {
    return err(Errc::NoInput, "no terminal");
  };
  CHECK(SigningIdentity::load(
      {.certificate = alice.certificate, .key = alice.key, .pkcs12 = {}, .intermediates = {}},
      fails));
  const std::string p12 = ca.pkcs12(alice, "secret");
  CHECK(failure({.certificate = {}, .key = {}, .pkcs12 = p12, .intermediates = {}}, fails) ==
        Errc::NoInput);
}

TEST_CASE("PKCS#12 opens, modern and legacy, and the key outlives the legacy provider")
{
  const TestCa ca;
  const Issued sub = ca.issue(CertSpec{.common_name = "Sub CA", .ca = true});
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}, .key = "rsa-2048"}, sub);
  for (const bool legacy : {false, true}) {
    INFO(legacy);
    const IdentityFiles files{.certificate = {},
                              .key = {},
                              .pkcs12 = ca.pkcs12(alice, "secret", legacy),
                              .intermediates = {}};
    auto loaded = SigningIdentity::load(files, says("secret"));
    if (!loaded) FAIL(loaded.error().what);
    const auto made = sign_detached(*loaded, octets, now);
    REQUIRE(made);
    check_valid(verify(ca, made->der), "alice@example.com");
    const auto wrong = SigningIdentity::load(files, says("wrong"));
    REQUIRE_FALSE(wrong);
    CHECK(wrong.error().code == Errc::Permission);
    CHECK_FALSE(wrong.error().hint.empty());
    CHECK(failure(files, nobody) == Errc::Permission);
  }
}

TEST_CASE("PKCS#12 with an empty passphrase opens without asking")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  for (const bool legacy : {false, true}) {
    const IdentityFiles files{
        .certificate = {}, .key = {}, .pkcs12 = ca.pkcs12(alice, "", legacy), .intermediates = {}};
    CHECK(SigningIdentity::load(files, nobody));
  }
}

TEST_CASE("without the legacy provider a legacy file says what is missing")
{
  const TestCa ca;
  const TempDir empty;
  const Issued alice = ca.person("alice@example.com");
  const IdentityFiles files{.certificate = {},
                            .key = {},
                            .pkcs12 = ca.pkcs12(alice, "secret", true),
                            .intermediates = {}};
  REQUIRE(::setenv("OPENSSL_MODULES", empty.path().c_str(), 1) == 0);
  const auto loaded = SigningIdentity::load(files, says("secret"));
  ::unsetenv("OPENSSL_MODULES");
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == Errc::Unavailable);
  CHECK_FALSE(loaded.error().hint.empty());
}

TEST_CASE("files that are not what they should be are named")
{
  const TestCa ca;
  const TempDir dir;
  const Issued alice = ca.person("alice@example.com");
  const std::string junk = dir.write("junk", "junk\n");
  const std::string der = dir.write("der", alice.der());
  const std::string none = (dir / "none").string();
  CHECK(failure({.certificate = none, .key = {}, .pkcs12 = {}, .intermediates = {}}, nobody) ==
        Errc::NoInput);
  CHECK(failure({.certificate = {}, .key = {}, .pkcs12 = none, .intermediates = {}}, nobody) ==
        Errc::NoInput);
  CHECK(failure({.certificate = junk, .key = {}, .pkcs12 = {}, .intermediates = {}}, nobody) ==
        Errc::Config);
  CHECK(failure({.certificate = {}, .key = {}, .pkcs12 = junk, .intermediates = {}}, nobody) ==
        Errc::Config);
  CHECK(failure({.certificate = {}, .key = {}, .pkcs12 = der, .intermediates = {}}, nobody) ==
        Errc::Config);
  CHECK(failure({.certificate = alice.certificate, .key = junk, .pkcs12 = {}, .intermediates = {}},
                nobody) == Errc::Config);
  CHECK(failure({.certificate = alice.certificate, .key = {}, .pkcs12 = {}, .intermediates = {}},
                nobody) == Errc::Config);
  CHECK(failure({.certificate = {}, .key = {}, .pkcs12 = {}, .intermediates = {}}, nobody) ==
        Errc::Config);
}
