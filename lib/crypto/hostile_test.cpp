#include <chrono>

#include "crypto/detail/cache.hpp"
#include "crypto/detail/certificate_index.hpp"
#include "crypto/detail/der.hpp"
#include "crypto/fixture.hpp"

using namespace imip;
using namespace imip::crypto;
using namespace imip::crypto::fixture;

namespace {

// A small generator of our own: the same damage on every run.
struct Dice {
  std::uint64_t state = 0x9E3779B97F4A7C15U;
  std::uint64_t roll(std::uint64_t sides)
  {
    state ^= state << 13U;
    state ^= state >> 7U;
    state ^= state << 17U;
    return state % sides;
  }
};

bool harmless(const SignatureReport& report)
{
  for (const Signature& s : report.signatures)
    if (s.status == SignatureStatus::Valid) return false;
  return !report.defects.empty() || !report.signatures.empty();
}

std::string element(char tag, const std::string& body)
{
  std::string out(1, tag);
  if (body.size() < 128) {
    out += static_cast<char>(body.size());
  } else {
    out += static_cast<char>(0x84);
    for (int shift = 24; shift >= 0; shift -= 8)
      out += static_cast<char>((body.size() >> static_cast<unsigned>(shift)) & 0xFFU);
  }
  return out + body;
}

}  // namespace

TEST_CASE("every truncation of a signature is a defect and not a crash")
{
  const TestCa ca;
  const std::string der = signed_by(ca.person("alice@example.com"));
  const auto v = verifier(trusting({ca.root().certificate}));
  for (std::size_t n = 0; n < der.size(); n += 7) {
    const auto report = v.verify_detached(octets, der.substr(0, n));
    CHECK(report.signatures.empty());
    CHECK(codes(report.defects) == "signature-malformed");
  }
}

TEST_CASE("what does not parse is explained in words, though OpenSSL's are loaded only then")
{
  const TestCa ca;
  const std::string der = signed_by(ca.person("alice@example.com"));
  const auto v = verifier(trusting({ca.root().certificate}));
  std::size_t seen = 0;
  for (std::size_t n = 0; n < der.size(); ++n) {
    std::string damaged = der;
    damaged[n] = '\x7F';
    for (const Reason& reason : v.verify_detached(octets, damaged).defects) {
      if (!reason.text.starts_with("the signature does not parse: ")) continue;
      ++seen;
      CHECK(reason.text.find("error:") == std::string::npos);
    }
  }
  CHECK(seen > 0);
}

TEST_CASE("a damaged signature names nobody but its signer")
{
  const TestCa ca;
  const std::string der = signed_by(ca.person("alice@example.com"));
  const auto v = verifier(trusting({ca.root().certificate}));
  Dice dice;
  for (int i = 0; i < 600; ++i) {
    std::string damaged = der;
    const auto hits = 1 + dice.roll(3);
    for (std::uint64_t k = 0; k < hits; ++k)
      damaged[dice.roll(damaged.size())] = static_cast<char>(dice.roll(256));
    const auto report = v.verify_detached(octets, damaged);
    for (const Signature& s : report.signatures)
      if (s.status == SignatureStatus::Valid) CHECK(names(s.identities) == "alice@example.com");
    static_cast<void>(v.verify_opaque(damaged));
  }
}

TEST_CASE("what is no CMS at all is a defect")
{
  const TestCa ca;
  const auto v = verifier(trusting({ca.root().certificate}));
  const std::vector<std::string> junk = {"",
                                         std::string(1, '\0'),
                                         "x",
                                         "\x30",
                                         "\x30\x80",
                                         std::string("\x30\x80\0\0", 4),
                                         std::string("\x30\0", 2),
                                         std::string(1000, '\x30'),
                                         std::string(100000, '\xFF'),
                                         "-----BEGIN PKCS7-----\n",
                                         std::string("\x30\x84\x7F\xFF\xFF\xFF", 6),
                                         octets};
  for (const std::string& der : junk) {
    CHECK(harmless(v.verify_detached(octets, der)));
    CHECK(harmless(v.verify_opaque(der)));
    CHECK(v.verify_detached(octets, der).signatures.empty());
  }
}

TEST_CASE("a million nested indefinite lengths cost no stack and little time")
{
  const TestCa ca;
  const auto v = verifier(trusting({ca.root().certificate}));
  std::string deep;
  for (int i = 0; i < 1'000'000; ++i) deep += "\x30\x80";
  const auto start = std::chrono::steady_clock::now();
  CHECK(harmless(v.verify_detached(octets, deep)));
  CHECK(harmless(v.verify_opaque(
      element('\x30', "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02" + element('\xA0', deep)))));
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{10});
}

TEST_CASE("a CMS of very many certificates is refused before they are decoded")
{
  const TestCa ca;
  const auto v = verifier(trusting({ca.root().certificate}));
  const std::string one = ca.person("alice@example.com").der();
  std::string all;
  for (int i = 0; i < 20000; ++i) all += one;
  const std::string data_type = "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x01";
  const std::string signed_type = "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02";
  const std::string data =
      element('\x30', std::string("\x02\x01\x01\x31\x00", 5) + element('\x30', data_type) +
                          element('\xA0', all) + std::string("\x31\x00", 2));
  const auto start = std::chrono::steady_clock::now();
  const auto report =
      v.verify_detached(octets, element('\x30', signed_type + element('\xA0', data)));
  CHECK(codes(report.defects) == "limit-exceeded");
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds{5});
}

TEST_CASE("a signature may be large only by its content")
{
  const TestCa ca;
  const auto v = verifier(trusting({ca.root().certificate}));
  const std::string big(3'000'000, 'x');
  const Issued alice = ca.person("alice@example.com");
  const auto opaque =
      raw_cms({.signers = {{.who = alice, .signing_time = now}}, .detached = false}, big);
  check_valid(v.verify_opaque(opaque), "alice@example.com");
  const Issued many =
      ca.issue(CertSpec{.mails = std::vector<std::string>(100'000, "alice@example.com")});
  const auto report = v.verify_detached(octets, signed_by(many));
  CHECK(codes(report.defects) == "limit-exceeded");
  CHECK(report.defects.front().text.find("signature-bytes") != std::string::npos);
}

TEST_CASE("a bogus digest among the digestAlgorithms spoils nobody's signature")
{
  const TestCa ca;
  std::string der = signed_by(ca.person("alice@example.com"));
  // the first SHA-256 OID after the version is that of digestAlgorithms: make it an unknown one
  const std::string oid = "\x60\x86\x48\x01\x65\x03\x04\x02\x01";
  const auto at = der.find(oid);
  REQUIRE(at != std::string::npos);
  der[at + oid.size() - 1] = '\x7E';
  check_valid(verify(ca, der), "alice@example.com");
}

TEST_CASE("a bundle is not decoded but for the certificates that a chain needs")
{
  const TempDir dir;
  std::string bundle = "# a bundle with words between\n";
  const TestCa ca;
  for (int i = 0; i < 20; ++i)
    bundle += cat(
        "\nRoot ", i, "\n",
        TempDir().read(ca.self_signed({.common_name = cat("Root ", i), .ca = true}).certificate));
  bundle += TempDir().read(ca.root().certificate);
  const std::string path = dir.write("bundle.pem", bundle);
  start_libcrypto();
  CertificatePool pool(true);
  CertificateIndex index(pool);
  REQUIRE(index.add_file(path, {}));
  CHECK(index.decoded() == 0);
  CHECK(index.find(X509_get_subject_name(ca.root().x509.get())).size() == 1);
  CHECK(index.decoded() == 1);
  CHECK(index.find(X509_get_subject_name(ca.person("x@example.com").x509.get())).empty());
  CHECK(index.decoded() == 1);
  check_valid(
      verifier(trusting({path})).verify_detached(octets, signed_by(ca.person("alice@example.com"))),
      "alice@example.com");
}

TEST_CASE("an authority is found although its name is written in another case or string type")
{
  const TestCa ca(CertSpec{.common_name = "Test Root", .ca = true, .key_identifiers = false});
  const TestCa shouted(CertSpec{.common_name = "TEST  root", .ca = true, .key_identifiers = false});
  start_libcrypto();
  CertificatePool pool(true);
  CertificateIndex index(pool);
  REQUIRE(index.add_file(ca.root().certificate, {}));
  CHECK(index.find(X509_get_subject_name(shouted.root().x509.get())).size() == 1);
}

TEST_CASE(
    "an anchor may be one certificate in DER, or have CRLF line ends, or follow a broken block")
{
  const TestCa ca;
  const TempDir dir;
  const std::string der = signed_by(ca.person("alice@example.com"));
  const std::string pem = TempDir().read(ca.root().certificate);
  std::string crlf;
  for (const char c : pem) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  const std::vector<std::string> files = {
      dir.write("a.der", ca.root().der()), dir.write("b.pem", crlf),
      dir.write("c.pem", "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n" + pem),
      dir.write("d.pem", "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n" + pem),
      dir.write("e.pem", pem.substr(0, pem.size() - 1))};
  for (const std::string& path : files) {
    INFO(path);
    check_valid(verifier(trusting({path})).verify_detached(octets, der), "alice@example.com");
  }
}

TEST_CASE("the subject of a certificate is found in a prefix of it, and never beyond its end")
{
  const TestCa ca;
  const std::string der = ca.person("alice@example.com").der();
  const auto whole = subject_of_certificate(der);
  REQUIRE(whole);
  std::size_t shortest = der.size();
  for (std::size_t n = 0; n <= der.size(); ++n) {
    const std::string cut = der.substr(0, n);
    const auto subject = subject_of_certificate(cut);
    if (!subject) continue;
    CHECK(*subject == *whole);
    shortest = std::min(shortest, n);
  }
  CHECK(shortest < der.size() / 2 + 50);
}
