#include "crypto/fixture.hpp"

using namespace imip;
using namespace imip::crypto;
using namespace imip::crypto::fixture;

namespace {

std::string who(const CertSpec& spec)
{
  const TestCa ca;
  return names(identities_of_certificate(ca.issue(spec).der()));
}

}  // namespace

TEST_CASE("every rfc822Name is an identity, once")
{
  CHECK(who({.mails = {"alice@example.com", "a.smith@Example.ORG", "alice@example.com"}}) ==
        "alice@example.com a.smith@example.org");
}

TEST_CASE("of many addresses the first count, and a notice says so")
{
  CertSpec spec;
  for (int i = 0; i < 256; ++i) spec.mails.push_back(cat("u", i, "@example.com"));
  const TestCa ca;
  const auto some = verify(ca, signed_by(ca.issue(spec)));
  CHECK(only(some).identities.size() == 256);
  spec.mails.push_back("boss@example.com");
  const auto more = verify(ca, signed_by(ca.issue(spec)));
  CHECK(only(more).identities.size() == 256);
  CHECK(only(some).findings.empty());
  CHECK(codes(only(more).findings) == "limit-exceeded");
}

TEST_CASE("an address in the subject DN counts for nothing")
{
  const TestCa ca;
  const Issued alice =
      ca.issue(CertSpec{.common_name = "alice@example.com", .dn_email = "alice@example.com"});
  CHECK(identities_of_certificate(alice.der()).empty());
  check_unproven(verify(ca, signed_by(alice)), "no-identity");
}

TEST_CASE("a name with NUL or control characters gives none")
{
  using namespace std::string_literals;
  CHECK(who({.mails = {"boss@example.com\0.evil.example"s}}).empty());
  CHECK(who({.mails = {"boss@example.com\0"s, "\0boss@example.com"s}}).empty());
  CHECK(who({.mails = {"boss@example.com\r\n", "bo\x01ss@example.com", "boss@exam\x7Fple.com"}})
            .empty());
}

TEST_CASE("a name that is not exactly one address gives none")
{
  CHECK(
      who({.mails = {"boss@example.com,mallory@example.net", "boss@example.com mallory@example.net",
                     "Boss <boss@example.com>", "boss@example.com@example.net", "boss",
                     "@example.com", "boss@", "", "mailto:boss@example.com", "boss(x)@example.com",
                     "\"boss\"@example.com", "boss@[192.0.2.1]"}})
          .empty());
}

TEST_CASE("an rfc822Name is ASCII")
{
  CHECK(
      who({.mails = {"j\xC3\xB6rg@example.com", "boss@ex\xC3\xA4mple.com", "b\xF6ss@example.com"}})
          .empty());
}

TEST_CASE("a SmtpUTF8Mailbox is an identity if its local part is not ASCII")
{
  CHECK(who({.utf8_mails = {"j\xC3\xB6rg@example.com"}}) == "j\xC3\xB6rg@example.com");
  CHECK(who({.utf8_mails = {"boss@example.com"}}).empty());
  CHECK(who({.utf8_mails = {"boss@b\xC3\xBC"
                            "cher.example"}})
            .empty());
  CHECK(who({.utf8_mails = {"j\xF6rg@example.com", std::string("j\xC3\xB6rg@example.com\0x", 19)}})
            .empty());
}

TEST_CASE("a URI name is no mail identity")
{
  CHECK(who({.uris = {"mailto:boss@example.com", "sip:boss@example.com"}}).empty());
}

TEST_CASE("two subjectAltName extensions give nobody")
{
  // one by OpenSSL's configuration language, one by name
  CHECK(who({.mails = {"alice@example.com"},
             .extensions = {{"subjectAltName", "email:boss@example.com"}}})
            .empty());
}

TEST_CASE("what is no certificate has no identities")
{
  const TestCa ca;
  const std::string der = ca.person("alice@example.com").der();
  CHECK(names(identities_of_certificate(der)) == "alice@example.com");
  CHECK(identities_of_certificate(der + "x").empty());
  CHECK(identities_of_certificate(der.substr(0, der.size() / 2)).empty());
  CHECK(identities_of_certificate("").empty());
  CHECK(identities_of_certificate("garbage").empty());
}
