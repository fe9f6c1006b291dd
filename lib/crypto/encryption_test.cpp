#include "crypto/encryption.hpp"

#include "crypto/fixture.hpp"
#include "crypto/gpgsm_fixture.hpp"

using namespace imip;
using namespace imip::crypto;
using namespace imip::crypto::fixture;

namespace {

CertSpec mailbox(const std::string& mail, const std::string& key = "rsa-2048")
{
  return CertSpec{.mails = {mail},
                  .key_usage = "critical,digitalSignature,keyEncipherment,keyAgreement",
                  .key = key};
}

std::string refusal(const Issued& who, UtcSeconds at = now)
{
  const auto made = encrypt_to({who.certificate}, octets, Cipher::Aes256Cbc, at);
  if (made) return "encrypted";
  CHECK(made.error().code == Errc::Config);
  CHECK(made.error().what.starts_with(who.certificate));
  return made.error().what;
}

void check_refused(const std::string& text, const std::string& words)
{
  INFO(text);
  CHECK(text.find(words) != std::string::npos);
}

}  // namespace

TEST_CASE("what we encrypt each recipient opens, here and with openssl")
{
  const TestCa ca;
  const TempDir dir;
  const std::vector<Issued> people = {ca.issue(mailbox("alice@example.com")),
                                      ca.issue(mailbox("bob@example.com", "ec-p256")),
                                      ca.issue(mailbox("carol@example.com", "ec-p521"))};
  std::vector<std::string> files;
  for (const Issued& who : people) files.push_back(who.certificate);
  files.push_back(files.front());  // named twice: one recipient
  for (const Cipher cipher : {Cipher::Aes256Cbc, Cipher::Aes256Gcm}) {
    const auto der = encrypt_to(files, octets, cipher, now);
    REQUIRE(der);
    CHECK(der->find("BEGIN:VCALENDAR") == std::string::npos);
    const std::string file = dir.write("o", *der);
    for (const Issued& who : people) {
      auto options = trusting({});
      options.keys.push_back({{.certificate = who.certificate, .key = who.key}, {}});
      CHECK(verifier(options).verify_opaque(*der).content == octets);
      const auto opened = testing::shell(cat("openssl cms -decrypt -inform DER -binary -in ", file,
                                             " -recip ", who.certificate, " -inkey ", who.key));
      CHECK(opened.output == octets);
    }
    const auto shown = testing::shell("openssl cms -cmsout -print -inform DER -in " + file).output;
    INFO(shown);
    CHECK(shown.find(cipher == Cipher::Aes256Gcm ? "aes-256-gcm" : "aes-256-cbc") !=
          std::string::npos);
    CHECK(shown.find("dhSinglePass-stdDH-sha256kdf-scheme") != std::string::npos);
    CHECK(shown.find("sha1") == std::string::npos);
    std::size_t transports = 0;
    for (auto at = shown.find("d.ktri"); at != std::string::npos; at = shown.find("d.ktri", at + 1))
      ++transports;
    CHECK(transports == 1);
  }
}

TEST_CASE("gpgsm opens what we encrypt")
{
  const TestCa ca;
  const TempDir dir;
  const Issued alice = ca.issue(mailbox("alice@example.com"));  // gpgsm 2.2 imports no EC keys
  const GpgsmHome gpgsm(ca, alice);
  const auto der = encrypt_to({alice.certificate}, octets, Cipher::Aes256Cbc, now);
  REQUIRE(der);
  const auto opened =
      gpgsm.run(cat("--output ", (dir / "out").string(), " --decrypt ", dir.write("in", *der)));
  INFO(opened.output);
  CHECK(opened.status == 0);
  CHECK(dir.read("out") == octets);
}

TEST_CASE("a key that needed its passphrase first spoils no cipher")
{
  const TestCa ca;
  const TempDir dir;
  const Issued alice = ca.issue(mailbox("alice@example.com"));
  const std::string key = (dir / "k.pem").string();
  const auto locked = testing::shell(
      cat("openssl pkcs8 -topk8 -v2 aes-256-cbc -passout pass:x -in ", alice.key, " -out ", key));
  REQUIRE(locked.status == 0);
  const auto passphrase = [](const std::string&) -> Result<std::string> {
    return std::string("x");
  };
  REQUIRE(SigningIdentity::load({.certificate = alice.certificate, .key = key}, passphrase));
  const auto der = encrypt_to({alice.certificate}, octets, Cipher::Aes256Cbc, now);
  REQUIRE(der);
  auto options = trusting({});
  options.keys.push_back({{.certificate = alice.certificate, .key = key}, passphrase});
  CHECK(verifier(options).verify_opaque(*der).content == octets);
}

TEST_CASE("two encryptions of one message have nothing in common")
{
  const TestCa ca;
  const Issued alice = ca.issue(mailbox("alice@example.com"));
  CHECK(encrypt_to({alice.certificate}, octets, Cipher::Aes256Cbc, now).value() !=
        encrypt_to({alice.certificate}, octets, Cipher::Aes256Cbc, now).value());
}

TEST_CASE("nothing is encrypted to a certificate that is not for it")
{
  const TestCa ca;
  const auto person = [&](const CertSpec& spec) { return ca.issue(spec); };
  CertSpec spec = mailbox("a@example.com");
  CHECK(refusal(person(spec)) == "encrypted");
  check_refused(refusal(person(spec), day(2041, 1, 1)), "expired on 2040-01-01");
  check_refused(refusal(person(spec), day(2019, 1, 1)), "valid only from 2020-01-01");
  spec.key_usage = "critical,digitalSignature";
  check_refused(refusal(person(spec)), "keyEncipherment");
  spec.key_usage = "critical,keyAgreement";
  check_refused(refusal(person(spec)), "keyEncipherment");
  spec.key_usage = "";
  CHECK(refusal(person(spec)) == "encrypted");
  spec.eku = "serverAuth";
  check_refused(refusal(person(spec)), "emailProtection");
  spec = mailbox("a@example.com", "ec-p256");
  spec.key_usage = "critical,keyEncipherment";
  check_refused(refusal(person(spec)), "keyAgreement");
}

TEST_CASE("nothing is encrypted to a key that is weak or cannot be encrypted to")
{
  const TestCa ca;
  check_refused(refusal(ca.issue(mailbox("a@example.com", "rsa-1024"))), "1024 bits");
  check_refused(refusal(ca.issue(mailbox("a@example.com", "ec-p224"))), "P-256 or better");
  check_refused(refusal(ca.issue(mailbox("a@example.com", "ed25519"))), "cannot be encrypted to");
  const Issued alice = ca.issue(mailbox("a@example.com"));
  Floor floor;
  floor.rsa_bits_min = 3072;
  CHECK_FALSE(encrypt_to({alice.certificate}, octets, Cipher::Aes256Cbc, now, floor));
}

TEST_CASE("one bad recipient, no file, or nobody at all, and nothing is encrypted")
{
  const TestCa ca;
  const TempDir dir;
  const Issued alice = ca.issue(mailbox("a@example.com"));
  const auto to = [](const std::vector<std::string>& files) {
    const auto made = encrypt_to(files, octets, Cipher::Aes256Cbc, now);
    return made ? Errc::Internal : made.error().code;
  };
  CHECK(to({}) == Errc::Usage);
  CHECK(to({alice.certificate, (dir / "none.pem").string()}) == Errc::NoInput);
  CHECK(to({alice.certificate, dir.write("empty.pem", "nothing\n")}) == Errc::Config);
  CHECK(to({alice.certificate, dir.write("empty.der", "0nothing\n")}) == Errc::Config);
}

TEST_CASE("a recipient's certificate tells its addresses, in PEM and in DER")
{
  const TestCa ca;
  const TempDir dir;
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com", "al@example.org"}});
  for (const std::string& file : {alice.certificate, dir.write("a.der", alice.der())}) {
    const auto who = read_recipient(file);
    REQUIRE(who);
    CHECK(names(who->addresses) == "alice@example.com al@example.org");
    CHECK(who->certificate.serial == alice.serial_hex());
  }
  CHECK_FALSE(read_recipient((dir / "none").string()));
}

TEST_CASE("the ciphers go with their media type parameters")
{
  CHECK(smime_type(Cipher::Aes256Cbc) == "enveloped-data");
  CHECK(smime_type(Cipher::Aes256Gcm) == "authEnveloped-data");
}

TEST_CASE("a certificate that is in no file is encrypted to as well, and named as one likes")
{
  const TestCa ca;
  const Issued alice = ca.issue(mailbox("alice@example.com"));
  const auto identity =
      SigningIdentity::load({.certificate = alice.certificate, .key = alice.key}, {});
  REQUIRE(identity);
  const auto self = recipient_of(identity->certificate_der(), "my own");
  REQUIRE(self);
  CHECK(self->der == read_recipient(alice.certificate)->der);
  CHECK(names(self->addresses) == "alice@example.com");
  const auto der = encrypt_to(std::vector<Recipient>{*self}, octets, Cipher::Aes256Gcm, now);
  REQUIRE(der);
  auto options = trusting({});
  options.keys.push_back({{.certificate = alice.certificate, .key = alice.key}, {}});
  CHECK(verifier(options).verify_opaque(*der).content == octets);
  const auto expired =
      encrypt_to(std::vector<Recipient>{*self}, octets, Cipher::Aes256Gcm, day(2090, 1, 1));
  REQUIRE_FALSE(expired);
  check_refused(expired.error().what, "my own: ");
  CHECK_FALSE(recipient_of("", "my own"));
  CHECK_FALSE(recipient_of("not DER", "my own"));
}
