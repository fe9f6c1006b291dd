#include "crypto/gpgsm.hpp"

#include <unistd.h>

#include <cstdlib>

#include "crypto/gpgsm_fixture.hpp"

namespace imip::crypto::fixture {
namespace {

/// GPGME looks for gpgsm only if it is told before its first use, and other tests use it: these run in processes
/// of their own.
template <typename Body>
void in_fresh_process(const std::string& name, Body body)
{
  if (std::getenv("IMIP_FRESH_PROCESS") != nullptr) {
    expect_gpgsm();
    return body();
  }
  const auto result = testing::shell(
      cat("IMIP_FRESH_PROCESS=1 /proc/", ::getpid(), "/exe \"", name, "\""));
  INFO(result.output);
  CHECK(result.status == 0);
}

// gpgsm 2.2 imports RSA keys only
Issued person(const TestCa& ca, const std::string& mail)
{
  return ca.issue({.common_name = "Somebody", .mails = {mail}, .key = "rsa-2048"});
}

std::string fingerprint_of(const Issued& who)
{
  const std::string text =
      testing::shell("openssl x509 -noout -fingerprint -sha1 -in " + who.certificate).output;
  return text.substr(text.find('=') + 1, 59);
}

/// Has the agent know the passphrase.
void unlock(const GpgsmHome& home)
{
  const TempDir dir;
  home.run("--sign --output /dev/null " + dir.write("x", "x"));
}

template <typename T>
std::string refusal(const Result<T>& result, Errc code)
{
  REQUIRE_FALSE(result);
  INFO(result.error().what);
  CHECK(result.error().code == code);
  return result.error().what;
}

void sign_and_check()
{
  const TestCa ca;
  const Issued boss = person(ca, "boss@example.com");
  const GpgsmHome home(ca, boss);
  unlock(home);
  for (const std::string& who : {fingerprint_of(boss), std::string("boss@example.com")}) {
    const auto made = gpgsm_sign(home.home(), who, octets, now, {});
    INFO((made ? "" : made.error().what));
    REQUIRE(made);
    CHECK(made->micalg == "sha-256");
    check_valid(verify(ca, made->der), "boss@example.com");
    const TempDir dir;
    const std::string openssl = "openssl cms -verify -inform DER -in " +
                                dir.write("sig", made->der) + " -content " +
                                dir.write("text", octets) + " -binary -CAfile " +
                                ca.root().certificate + " -purpose any -out /dev/null";
    CHECK(testing::shell(openssl).status == 0);
  }
  const auto opaque = gpgsm_sign_opaque(home.home(), "boss@example.com", octets, now, {});
  REQUIRE(opaque);
  const auto report = verifier(trusting({ca.root().certificate})).verify_opaque(*opaque);
  check_valid(report, "boss@example.com");
  CHECK(report.content.value_or("") == octets);
  const auto der = gpgsm_certificate(home.home(), "boss@example.com", now);
  REQUIRE(der);
  CHECK(*der == boss.der());
}

void refuse_unfit()
{
  const TestCa ca;
  const Issued boss = person(ca, "boss@example.com");
  const GpgsmHome home(ca, boss);
  const auto sign = [&](const std::string& who, UtcSeconds at = now) {
    return gpgsm_sign(home.home(), who, octets, at, {});
  };
  CHECK(refusal(sign("other@example.com"), Errc::Config).find("other@example.com") !=
        std::string::npos);
  refusal(sign("0123456789012345678901234567890123456789"), Errc::Config);
  refusal(sign("Boss"), Errc::Config);
  CHECK(refusal(sign("boss@example.com", day(2050, 1, 1)), Errc::Config).find("expired") !=
        std::string::npos);
  SECTION("a locked key asks nobody")
  {
    testing::shell("gpgconf --homedir " + home.home() + " --kill gpg-agent");
    refusal(sign("boss@example.com"), Errc::Permission);
  }
  SECTION("an authority that gpgsm does not trust")
  {
    unlock(home);
    testing::shell("rm " + home.home() + "/trustlist.txt; gpgconf --homedir " + home.home() +
                   " --reload gpg-agent");
    unlock(home);
    const auto made = sign("boss@example.com");
    CHECK_FALSE(made);
  }
}

void refuse_other_purposes()
{
  const TestCa ca;
  const Issued server =
      ca.issue({.common_name = "Server", .mails = {"server@example.com"}, .eku = "serverAuth", .key = "rsa-2048"});
  const GpgsmHome home(ca, server);
  const auto made = gpgsm_sign(home.home(), "server@example.com", octets, now, {});
  CHECK(refusal(made, Errc::Config).find("e-mail") != std::string::npos);
}

}  // namespace

TEST_CASE("what we sign with a key of gpgsm's ring is good for us and for openssl")
{
  in_fresh_process("what we sign with a key of gpgsm's ring is good for us and for openssl", sign_and_check);
}

TEST_CASE("gpgsm's certificates that are missing or not fit do not sign")
{
  in_fresh_process("gpgsm's certificates that are missing or not fit do not sign", refuse_unfit);
}

TEST_CASE("gpgsm's certificates for other purposes do not sign")
{
  in_fresh_process("gpgsm's certificates for other purposes do not sign", refuse_other_purposes);
}

}  // namespace imip::crypto::fixture
