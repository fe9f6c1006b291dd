#include <zlib.h>

#include <algorithm>

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

Verifier with_keys(const std::vector<Issued>& people, const Limits& limits = {})
{
  auto options = trusting({});
  for (const Issued& who : people)
    options.keys.push_back({{.certificate = who.certificate, .key = who.key}, {}});
  return verifier(options, limits);
}

// What `openssl cms` makes of `octets`.
std::string openssl(const std::string& how, const std::string& input = octets)
{
  const TempDir dir;
  const auto made =
      testing::shell(cat("openssl cms -binary -outform DER -in ", dir.write("m", input), " -out ",
                         (dir / "o").string(), " ", how));
  if (made.status != 0) throw std::runtime_error(made.output);
  return dir.read("o");
}

std::string element(char tag, const std::string& body)
{
  std::string length;
  for (std::size_t n = body.size(); n > 0; n >>= 8U)
    length.insert(length.begin(), static_cast<char>(n & 0xFFU));
  if (body.size() < 0x80)
    return cat(std::string(1, tag), std::string(1, static_cast<char>(body.size())), body);
  return cat(std::string(1, tag), std::string(1, static_cast<char>(0x80U | length.size())), length,
             body);
}

std::string zlib(const std::string& input)
{
  std::string out(::compressBound(input.size()), '\0');
  uLongf n = out.size();
  ::compress(reinterpret_cast<Bytef*>(out.data()), &n, reinterpret_cast<const Bytef*>(input.data()),
             input.size());
  out.resize(n);
  return out;
}

const std::string id_data("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01", 11);
const std::string id_signed_data("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02", 11);
const std::string id_compressed_data("\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x09", 13);
const std::string alg_zlib("\x06\x0b\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x03\x08", 13);

// CompressedData (RFC 3274 section 1.1) around `packed`.
std::string compressed(const std::string& packed, const std::string& type = id_data,
                       const std::string& algorithm = alg_zlib)
{
  const std::string version("\x02\x01\x00", 3);
  return element(
      0x30,
      id_compressed_data +
          element('\xa0',
                  element(0x30, version + element(0x30, algorithm) +
                                    element(0x30, type + element('\xa0', element(4, packed))))));
}

void check_opened(const SignatureReport& report, const std::string& content = octets)
{
  INFO((report.defects.empty() ? std::string("no defects") : report.defects.front().text));
  CHECK(report.content == content);
  CHECK(report.wrapping == Wrapping::Encrypted);
  CHECK(report.signatures.empty());
  CHECK(report.defects.empty());
}

// That it was not opened, for one reason whose sentence has these words.
void check_shut(const SignatureReport& report, const std::string& code, const std::string& words)
{
  CHECK_FALSE(report.content);
  CHECK(report.wrapping == Wrapping::None);
  CHECK(report.signatures.empty());
  CHECK(codes(report.defects) == code);
  INFO((report.defects.empty() ? std::string() : report.defects.front().text));
  CHECK((!report.defects.empty() && report.defects.front().text.find(words) != std::string::npos));
}

}  // namespace

TEST_CASE("enveloped-data opens with the recipient's key, by RSA, RSA-OAEP and ECDH")
{
  const TestCa ca;
  const Issued rsa = ca.issue(mailbox("alice@example.com"));
  const Issued p256 = ca.issue(mailbox("bob@example.com", "ec-p256"));
  const Issued p384 = ca.issue(mailbox("carol@example.com", "ec-p384"));
  const std::string file = rsa.certificate;
  for (const std::string& how :
       {"-aes-128-cbc " + file, "-aes-256-cbc " + file, "-des3 " + file, "-keyid " + file,
        "-recip " + file + " -keyopt rsa_padding_mode:oaep",
        "-recip " + file + " -keyopt rsa_padding_mode:oaep -keyopt rsa_oaep_md:sha256"})
    check_opened(with_keys({rsa}).verify_opaque(openssl("-encrypt " + how)));
  for (const Issued& who : {p256, p384})
    for (const auto* how : {"", " -keyopt ecdh_kdf_md:sha256", " -keyid", " -aes-128-cbc"})
      check_opened(
          with_keys({who}).verify_opaque(openssl(cat("-encrypt -recip ", who.certificate, how))));
}

TEST_CASE("authEnveloped-data opens, and not after any octet of it was changed")
{
  const TestCa ca;
  const Issued alice = ca.issue(mailbox("alice@example.com", "ec-p256"));
  const auto v = with_keys({alice});
  for (const auto* cipher : {"-aes-128-gcm ", "-aes-192-gcm ", "-aes-256-gcm "})
    check_opened(v.verify_opaque(openssl(cat("-encrypt ", cipher, alice.certificate))));
  const std::string der = openssl("-encrypt -aes-256-gcm " + alice.certificate);
  for (std::size_t i = 1; i < der.size(); i += 7) {
    std::string changed = der;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto report = v.verify_opaque(changed);
    INFO(i);
    CHECK((!report.content || report.content == octets));  // the version, say, matters to nobody
    CHECK(report.content.has_value() != !report.defects.empty());
  }
  std::string last = der;
  last.back() = static_cast<char>(last.back() ^ 1);
  check_shut(v.verify_opaque(last), "encrypted", "it was changed on its way");
}

TEST_CASE("the key is chosen by the recipientInfo among several recipients and several keys")
{
  const TestCa ca;
  const Issued alice = ca.issue(mailbox("alice@example.com"));
  const Issued bob = ca.issue(mailbox("bob@example.com", "ec-p256"));
  const Issued carol = ca.issue(mailbox("carol@example.com"));
  for (const auto* cipher : {"-aes-256-cbc ", "-aes-256-gcm "}) {
    const std::string der =
        openssl(cat("-encrypt ", cipher, alice.certificate, " ", bob.certificate));
    check_opened(with_keys({alice}).verify_opaque(der));
    check_opened(with_keys({bob}).verify_opaque(der));
    check_opened(with_keys({carol, bob}).verify_opaque(der));
    check_shut(with_keys({carol}).verify_opaque(der), "encrypted",
               "encrypted to 2 certificates, none of which is that of a key that imip knows");
  }
}

TEST_CASE("who is no recipient is told who would be, and what to do")
{
  const TestCa ca;
  const Issued alice = ca.issue(mailbox("alice@example.com"));
  const std::string der = openssl("-encrypt " + alice.certificate);
  const auto report = with_keys({}).verify_opaque(der);
  check_shut(report, "encrypted", "encrypted to 1 certificate, and imip knows no key");
  const std::string& text = report.defects.front().text;
  CHECK(text.find(alice.serial_hex()) != std::string::npos);
  CHECK(text.find("CN=Test Root,O=imip tests") != std::string::npos);
  CHECK(text.find("[[identity]]") != std::string::npos);
  check_shut(with_keys({}).verify_opaque(openssl("-encrypt -keyid " + alice.certificate)),
             "encrypted", "key identifier ");
}

TEST_CASE("a key is loaded for a message that is encrypted to it, and once")
{
  const TestCa ca;
  const Issued alice = ca.issue(mailbox("alice@example.com"));
  const Issued bob = ca.issue(mailbox("bob@example.com"));
  const std::string der = openssl("-encrypt " + bob.certificate);
  int asked = 0;
  auto options = trusting({});
  const PassphraseSource count = [&](const std::string&) -> Result<std::string> {
    ++asked;
    return std::string("secret");
  };
  options.keys.push_back({{.pkcs12 = ca.pkcs12(alice, "secret")}, count});
  options.keys.push_back({{.certificate = bob.certificate, .key = bob.key}, count});
  check_opened(verifier(options).verify_opaque(der));
  CHECK(asked == 0);
  const auto v = verifier(options);
  const std::string to_alice = openssl("-encrypt " + alice.certificate);
  check_opened(v.verify_opaque(to_alice));
  check_opened(v.verify_opaque(to_alice));
  CHECK(asked == 1);
}

TEST_CASE("a key that cannot be used says why, and hinders no other")
{
  const TestCa ca;
  const TempDir dir;
  const Issued alice = ca.issue(mailbox("alice@example.com"));
  const std::string der = openssl("-encrypt " + alice.certificate);
  int asked = 0;
  auto options = trusting({});
  options.keys.push_back(
      {{.pkcs12 = ca.pkcs12(alice, "secret")}, [&](const std::string&) -> Result<std::string> {
         ++asked;
         return err(Errc::Permission, "the keyring is locked", "unlock it");
       }});
  const auto v = verifier(options);
  check_shut(v.verify_opaque(der), "encrypted",
             "the message is encrypted, and the keyring is locked; unlock it");
  check_shut(v.verify_opaque(der), "encrypted", "the keyring is locked");
  CHECK(asked == 1);
  const auto locked = v.verify_opaque(der).locked;
  REQUIRE(locked);
  CHECK(locked->code == Errc::Permission);
  CHECK(locked->hint == "unlock it");
  const Issued bob = ca.issue(mailbox("bob@example.com"));
  CHECK_FALSE(with_keys({bob}).verify_opaque(der).locked);
  options.keys.push_back({{.certificate = (dir / "none.pem").string()}, {}});
  CHECK(codes(verifier(options).verify_opaque(der).defects) == "encrypted encrypted");
  options.keys.push_back({{.certificate = alice.certificate, .key = alice.key}, {}});
  check_opened(verifier(options).verify_opaque(der));
  CHECK_FALSE(verifier(options).verify_opaque(der).locked);
}

TEST_CASE("nobody learns from the words whether a wrapped key had the right padding")
{
  const TestCa ca;
  const Issued alice = ca.issue(mailbox("alice@example.com"));
  const auto v = with_keys({alice});
  const std::string der = openssl("-encrypt -aes-256-gcm " + alice.certificate);
  // the wrapped key is the octet string of 256 octets, the content what follows
  const auto wrapped = der.find(std::string("\x04\x82\x01\x00", 4));
  REQUIRE(wrapped != std::string::npos);
  std::string bad_key = der;
  bad_key[wrapped + 100] = static_cast<char>(bad_key[wrapped + 100] ^ 1);
  std::string bad_content = der;
  bad_content[der.size() - 30] = static_cast<char>(bad_content[der.size() - 30] ^ 1);
  const auto first = v.verify_opaque(bad_key);
  const auto second = v.verify_opaque(bad_content);
  check_shut(first, "encrypted", "does not decrypt");
  check_shut(second, "encrypted", "does not decrypt");
  CHECK(first.defects.front().text == second.defects.front().text);
}

TEST_CASE("a cipher that would go without its tag, or a tag without its cipher, is not used")
{
  const TestCa ca;
  const Issued alice = ca.issue(mailbox("alice@example.com", "ec-p256"));
  const auto v = with_keys({alice});
  const auto swap = [](std::string der, const std::string& from, const std::string& to) {
    const auto at = der.find(from);
    if (at == std::string::npos) throw std::runtime_error("not found");
    return der.replace(at, from.size(), to);
  };
  const std::string gcm("\x60\x86\x48\x01\x65\x03\x04\x01\x2e", 9);
  const std::string cbc("\x60\x86\x48\x01\x65\x03\x04\x01\x2a", 9);
  const std::string auth("\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17", 11);
  const std::string authenticated = openssl("-encrypt -aes-256-gcm " + alice.certificate);
  const std::string plain = openssl("-encrypt -aes-256-cbc " + alice.certificate);
  CHECK(authenticated.find(auth) != std::string::npos);
  check_shut(v.verify_opaque(swap(authenticated, gcm, cbc)), "encrypted", "aes-256-cbc");
  check_shut(v.verify_opaque(swap(plain, cbc, gcm)), "encrypted", "aes-256-gcm");
  check_shut(v.verify_opaque(openssl("-encrypt -camellia128 " + alice.certificate)), "encrypted",
             "camellia-128-cbc");
}

TEST_CASE("a tag that could be guessed is refused")
{
  const TestCa ca;
  const Issued alice = ca.issue(mailbox("alice@example.com", "ec-p256"));
  std::string der = openssl("-encrypt -aes-256-gcm " + alice.certificate);
  REQUIRE(der[der.size() - 18] == 4);  // the mac: OCTET STRING of 16
  REQUIRE(der[der.size() - 17] == 16);
  // 11 octets of tag, and 3 of an attribute that nobody reads
  der[der.size() - 17] = 11;
  der.replace(der.size() - 5, 5, std::string("\xa2\x03\x04\x01x", 5));
  check_shut(with_keys({alice}).verify_opaque(der), "encrypted", "a tag of 11 octets");
}

TEST_CASE("an indefinite-length encryption as openssl -stream writes it opens")
{
  const TestCa ca;
  const Issued alice = ca.issue(mailbox("alice@example.com"));
  std::string big = octets;
  while (big.size() < 100'000) big += octets;
  const std::string der = openssl("-encrypt -stream " + alice.certificate, big);
  REQUIRE(der.substr(0, 2) == "\x30\x80");
  check_opened(with_keys({alice}).verify_opaque(der), big);
}

TEST_CASE("octets after an encryption are a defect, and so is a size above the limits")
{
  const TestCa ca;
  const Issued alice = ca.issue(mailbox("alice@example.com"));
  const std::string der = openssl("-encrypt " + alice.certificate);
  check_shut(with_keys({alice}).verify_opaque(der + "x"), "trailing-der", "1 of them");
  Limits limits;
  limits.decoded_bytes = octets.size() - 1;
  check_shut(with_keys({alice}, limits).verify_opaque(der), "limit-exceeded", "decoded-bytes");
  limits.decoded_bytes = octets.size();
  check_opened(with_keys({alice}, limits).verify_opaque(der));
  limits.signature_bytes = 300;  // the recipientInfo has more
  check_shut(with_keys({alice}, limits).verify_opaque(der), "limit-exceeded", "signature-bytes");
}

TEST_CASE("every truncation and every damaged octet of an encryption is a defect and not a crash")
{
  const TestCa ca;
  const Issued alice = ca.issue(mailbox("alice@example.com", "ec-p256"));
  const auto v = with_keys({alice});
  const std::string der = openssl("-encrypt " + alice.certificate);
  for (std::size_t n = 0; n < der.size(); ++n)
    CHECK_FALSE(v.verify_opaque(std::string_view(der).substr(0, n)).content);
  for (std::size_t i = 0; i < der.size(); ++i) {
    std::string changed = der;
    changed[i] = static_cast<char>(changed[i] ^ 0x21);
    CHECK(v.verify_opaque(changed).signatures.empty());
  }
}

TEST_CASE("what was encrypted may be signed inside, and is judged then")
{
  const TestCa ca;
  const Issued alice = ca.issue(mailbox("alice@example.com"));
  const std::string inner =
      openssl("-sign -nodetach -signer " + alice.certificate + " -inkey " + alice.key);
  const auto v = with_keys({alice});
  const auto outer = v.verify_opaque(openssl("-encrypt " + alice.certificate, inner));
  check_opened(outer, inner);
  CHECK(v.verify_opaque(*outer.content).content == octets);
}

TEST_CASE("compressed-data is inflated, whatever its lengths look like")
{
  const auto v = verifier(trusting({}));
  const auto report = v.verify_opaque(compressed(zlib(octets)));
  CHECK(report.content == octets);
  CHECK(report.wrapping == Wrapping::Compressed);
  CHECK(report.defects.empty());
  CHECK(report.signatures.empty());
  CHECK(v.verify_opaque(compressed(zlib(""))).content == "");
  std::string big = octets;
  while (big.size() < 1'000'000) big += octets;
  CHECK(v.verify_opaque(compressed(zlib(big))).content == big);
  // the same with indefinite lengths: each constructed header becomes 80, and two zeros end it
  const std::string packed = zlib(octets);
  const std::string end(2, '\0');
  const std::string open("\x80", 1);
  const std::string half = element(4, packed.substr(0, 20)) + element(4, packed.substr(20));
  CHECK(
      v.verify_opaque(cat("\x30", open, id_compressed_data, "\xa0", open, "\x30", open,
                          std::string("\x02\x01\x00", 3), element(0x30, alg_zlib), "\x30", open,
                          id_data, "\xa0", open, "\x24", open, half, end, end, end, end, end, end))
          .content == octets);
}

TEST_CASE("compressed-data that is odd is not opened")
{
  const auto v = verifier(trusting({}));
  const std::string packed = zlib(octets);
  check_shut(v.verify_opaque(compressed(packed) + "x"), "trailing-der", "CMS");
  check_shut(v.verify_opaque(compressed(packed + "x")), "signature-malformed", "does not inflate");
  check_shut(v.verify_opaque(compressed(packed.substr(0, packed.size() - 1))),
             "signature-malformed", "does not inflate");
  check_shut(v.verify_opaque(compressed("")), "signature-malformed", "does not inflate");
  std::string damaged = packed;
  damaged.back() = static_cast<char>(damaged.back() ^ 1);
  check_shut(v.verify_opaque(compressed(damaged)), "signature-malformed", "does not inflate");
  check_shut(v.verify_opaque(compressed(packed, id_signed_data)), "content-type-attribute",
             "id-data");
  check_shut(v.verify_opaque(compressed(packed, id_data, id_data)), "signature-unchecked",
             "only zlib is");
  CHECK(codes(v.verify_detached(octets, compressed(packed)).defects) == "signature-malformed");
}

TEST_CASE("a bomb of compressed zeros stops at the limit")
{
  Limits limits;
  limits.decoded_bytes = 1'000'000;
  const auto v = verifier(trusting({}), limits);
  check_shut(v.verify_opaque(compressed(zlib(std::string(50'000'000, '\0')))), "limit-exceeded",
             "decoded-bytes");
  CHECK(v.verify_opaque(compressed(zlib(std::string(1'000'000, '\0')))).content);
  check_shut(v.verify_opaque(compressed(zlib(std::string(1'000'001, '\0')))), "limit-exceeded",
             "decoded-bytes");
}

TEST_CASE("the types of CMS that prove nobody and open for nobody say what they are")
{
  const TestCa ca;
  const auto v = verifier(trusting({ca.root().certificate}));
  const std::string key = "-secretkey 000102030405060708090A0B0C0D0E0F";
  check_shut(v.verify_opaque(openssl("-EncryptedData_encrypt -aes128 " + key)),
             "signature-unchecked", "encrypted-data");
  check_shut(v.verify_opaque(openssl("-digest_create -md sha256")), "signature-unchecked",
             "digested-data");
  check_shut(v.verify_opaque(openssl("-data_create")), "signature-unchecked", "neither signed");
  check_shut(v.verify_opaque(openssl("-encrypt -pwri_password hello -aes128")), "encrypted",
             "encrypted to a password, and to no certificate");
  check_shut(v.verify_opaque(openssl("-encrypt -aes128 -secretkeyid 0001 " + key)), "encrypted",
             "encrypted to a key that sender and recipient share, and to no certificate");
  CHECK(codes(v.verify_detached(octets, openssl("-data_create")).defects) == "signature-malformed");
  const TempDir dir;
  const auto made = testing::shell("openssl crl2pkcs7 -nocrl -outform DER -certfile " +
                                   ca.root().certificate + " -out " + (dir / "o").string());
  REQUIRE(made.status == 0);
  check_shut(v.verify_opaque(dir.read("o")), "no-signer-info", "certificates only");
}

TEST_CASE("what gpgsm encrypts opens")
{
  const TestCa ca;
  const TempDir dir;
  const Issued alice = ca.issue(mailbox("alice@example.com"));  // gpgsm 2.2: RSA only
  const GpgsmHome gpgsm(ca, alice);
  const auto made = gpgsm.run(cat("-r alice@example.com --output ", (dir / "o").string(),
                                  " --encrypt ", dir.write("m", octets)));
  INFO(made.output);
  REQUIRE(made.status == 0);
  check_opened(with_keys({alice}).verify_opaque(dir.read("o")));
}
