#include <unistd.h>

#include <csignal>
#include <cstdlib>

#include "crypto/detail/apart.hpp"
#include "crypto/encryption.hpp"
#include "crypto/fixture.hpp"

using namespace imip;
using namespace imip::crypto;
using namespace imip::crypto::fixture;

namespace {

const std::string module = "/usr/lib/softhsm/libsofthsm2.so";

// A SoftHSM token of its own, named "imip", whose PIN is 1234.
class Token {
 public:
  Token()
  {
    dir_.write("softhsm2.conf", cat("directories.tokendir = ", (dir_ / "tokens").string(),
                                    "\nobjectstore.backend = file\nlog.level = ERROR\n"));
    std::filesystem::create_directory(dir_ / "tokens");
    ::setenv("SOFTHSM2_CONF", (dir_ / "softhsm2.conf").c_str(), 1);
    run("softhsm2-util --init-token --free --label imip --pin 1234 --so-pin 4321");
  }
  ~Token() { ::unsetenv("SOFTHSM2_CONF"); }
  Token(const Token&) = delete;
  Token& operator=(const Token&) = delete;

  // Puts key and certificate there, under one name.
  void add(const Issued& who, const std::string& name)
  {
    const std::string tool =
        cat("pkcs11-tool --module ", module, " --token-label imip --login --pin 1234 --label ",
            name, " --id 0", ++count_, " --write-object ");
    const std::string der = (dir_ / "k.der").string();
    run(cat("openssl pkey -in ", who.key, " -outform DER -out ", der));
    run(cat(tool, der, " --type privkey --usage-sign --usage-decrypt --usage-derive"));
    run(cat("openssl pkey -in ", who.key, " -pubout -outform DER -out ", der));
    run(cat(tool, der, " --type pubkey"));
    run(cat(tool, dir_.write("c.der", who.der()), " --type cert"));
  }

 private:
  static void run(const std::string& command)
  {
    const auto done = testing::shell(command);
    if (done.status != 0) throw std::runtime_error(done.output);
  }
  TempDir dir_;
  int count_ = 0;
};

std::string uri_of(const std::string& name, const std::string& more = "")
{
  return cat("pkcs11:token=imip;object=", name, "?module-path=", module, more);
}

PassphraseSource pin(const std::string& digits)
{
  return [digits](const std::string&) -> Result<std::string> { return digits; };
}

CertSpec mailbox(const std::string& mail, const std::string& key)
{
  return CertSpec{.mails = {mail},
                  .key_usage = "critical,digitalSignature,keyEncipherment,keyAgreement",
                  .key = key};
}

// How signing with this key fails.
Error failure(const IdentityFiles& files, const PassphraseSource& passphrase)
{
  const auto who = SigningIdentity::load(files, passphrase);
  if (!who) return who.error();
  const auto made = sign_detached(*who, octets, now);
  return made ? Error{Errc::Internal, "it was signed", ""} : made.error();
}

void check_failure(const Error& e, Errc code, const std::string& words)
{
  INFO(e.what << "; " << e.hint);
  CHECK(e.code == code);
  CHECK(e.what.find(words) != std::string::npos);
  CHECK(e.what.find("1234") == std::string::npos);
}

}  // namespace

TEST_CASE("a key in a token signs, with its certificate from the token or from a file")
{
  const TestCa ca;
  Token token;
  for (const auto* kind : {"rsa-2048", "ec-p256", "ec-p384"}) {
    const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}, .key = kind});
    token.add(alice, kind);
    for (const std::string& certificate : {std::string(), alice.certificate}) {
      INFO(kind << " " << certificate);
      const auto who =
          SigningIdentity::load({.certificate = certificate, .pkcs11 = uri_of(kind)}, pin("1234"));
      REQUIRE(who);
      CHECK(names(who->addresses()) == "alice@example.com");
      CHECK(who->certificate().serial == alice.serial_hex());
      const auto made = sign_detached(*who, octets, now);
      REQUIRE(made);
      check_valid(verify(ca, made->der), "alice@example.com");
      const auto opaque = sign_opaque(*who, octets, now);
      REQUIRE(opaque);
      check_valid(verifier(trusting({ca.root().certificate})).verify_opaque(*opaque),
                  "alice@example.com");
    }
  }
}

TEST_CASE("a key in a token decrypts")
{
  const TestCa ca;
  Token token;
  for (const auto* kind : {"rsa-2048", "ec-p256"}) {
    const Issued alice = ca.issue(mailbox("alice@example.com", kind));
    token.add(alice, kind);
    for (const Cipher cipher : {Cipher::Aes256Cbc, Cipher::Aes256Gcm}) {
      INFO(kind << " " << smime_type(cipher));
      auto options = trusting({});
      options.keys.push_back({{.pkcs11 = uri_of(kind)}, pin("1234")});
      const auto der = encrypt_to({alice.certificate}, octets, cipher, now);
      REQUIRE(der);
      const auto report = verifier(options).verify_opaque(*der);
      INFO((report.defects.empty() ? std::string() : report.defects.front().text));
      CHECK(report.content == octets);
    }
  }
}

TEST_CASE("a key in a token decrypts RSA-OAEP")
{
  const TestCa ca;
  const TempDir dir;
  Token token;
  const Issued alice = ca.issue(mailbox("alice@example.com", "rsa-2048"));
  token.add(alice, "key");
  const auto made = testing::shell(
      cat("openssl cms -encrypt -binary -outform DER -in ", dir.write("m", octets), " -out ",
          (dir / "o").string(), " -recip ", alice.certificate, " -keyopt rsa_padding_mode:oaep"));
  REQUIRE(made.status == 0);
  auto options = trusting({});
  options.keys.push_back(
      {{.certificate = alice.certificate, .pkcs11 = uri_of("key")}, pin("1234")});
  CHECK(verifier(options).verify_opaque(dir.read("o")).content == octets);
}

TEST_CASE("the PIN comes from the URI or its file, and is asked for once otherwise")
{
  const TestCa ca;
  const TempDir dir;
  Token token;
  const Issued alice = ca.person("alice@example.com");
  token.add(alice, "key");
  const std::string file = dir.write("pin", "1234\n");
  for (const std::string& more :
       {std::string("&pin-value=1234"), std::string("&pin-value=%31%32%33%34"),
        cat("&pin-source=file:", file), cat("&pin-source=file://", file),
        cat("&pin-source=", file)}) {
    const auto who = SigningIdentity::load({.pkcs11 = uri_of("key", more)}, {});
    REQUIRE(who);
    CHECK(sign_detached(*who, octets, now));
  }
  int asked = 0;
  const auto who = SigningIdentity::load({.pkcs11 = uri_of("key")},
                                         [&](const std::string& what) -> Result<std::string> {
                                           CHECK(what == "pkcs11:token=imip;object=key");
                                           ++asked;
                                           return std::string("1234");
                                         });
  REQUIRE(who);
  CHECK(asked == 0);  // a certificate is no secret
  CHECK(sign_detached(*who, octets, now));
  CHECK(sign_detached(*who, octets, now));
  CHECK(asked == 1);
  check_failure(failure({.pkcs11 = uri_of("key")}, {}), Errc::Permission, "needs a passphrase");
}

TEST_CASE("a wrong PIN, a missing token, key, or module, and another's key are told apart")
{
  const TestCa ca;
  Token token;
  const Issued alice = ca.person("alice@example.com");
  token.add(alice, "key");
  check_failure(failure({.pkcs11 = uri_of("key")}, pin("9999")), Errc::Permission,
                "does not accept the PIN");
  check_failure(
      failure({.pkcs11 = "pkcs11:token=other;object=key?module-path=" + module}, pin("1234")),
      Errc::NoInput, "there is no such token");
  check_failure(failure({.pkcs11 = uri_of("other")}, pin("1234")), Errc::NoInput,
                "there is no such certificate");
  check_failure(failure({.certificate = alice.certificate, .pkcs11 = uri_of("other")}, pin("1234")),
                Errc::NoInput, "there is no such private key");
  check_failure(
      failure({.pkcs11 = "pkcs11:object=key?module-path=/nowhere/none.so&pin-value=1234"}, {}),
      Errc::Unavailable, "/nowhere/none.so cannot be loaded");
  check_failure(
      failure({.certificate = ca.person("bob@example.com").certificate, .pkcs11 = uri_of("key")},
              pin("1234")),
      Errc::Config, "the key does not belong to");
}

TEST_CASE("without a module path p11-kit finds the token")
{
  const TestCa ca;
  Token token;
  const Issued alice = ca.person("alice@example.com");
  token.add(alice, "key");
  const auto who = SigningIdentity::load({.pkcs11 = "pkcs11:token=imip;object=key"}, pin("1234"));
  REQUIRE(who);
  const auto made = sign_detached(*who, octets, now);
  REQUIRE(made);
  check_valid(verify(ca, made->der), "alice@example.com");
}

TEST_CASE("a PIN that the token refused is not tried again: it would lock itself")
{
  const TestCa ca;
  Token token;
  token.add(ca.person("alice@example.com"), "key");
  int asked = 0;
  const auto who = SigningIdentity::load({.pkcs11 = uri_of("key")},
                                         [&](const std::string&) -> Result<std::string> {
                                           return std::string(++asked == 1 ? "9999" : "1234");
                                         });
  REQUIRE(who);
  for (int i = 0; i < 2; ++i) {
    const auto made = sign_detached(*who, octets, now);
    REQUIRE_FALSE(made);
    check_failure(made.error(), Errc::Permission, "does not accept the PIN");
  }
  CHECK(asked == 1);
}

TEST_CASE("what is no pkcs11 URI says so, without its PIN")
{
  for (const auto* uri :
       {"file:/etc/hostname", "pkcs11", "pkcs11:token=a%2", "pkcs11:token=a?pin-value=1234%",
        "pkcs11:token=a?pin-value=1234%00", "pkcs11:token=a?pin-source=|cat%20pin",
        "pkcs11:token=a?pin-source=pin", "pkcs11:garbage"}) {
    INFO(uri);
    check_failure(failure({.pkcs11 = uri}, {}), Errc::Config, "the pkcs11 URI ");
  }
}

TEST_CASE("work apart gives its answer, its error, and what it said")
{
  using std::chrono::seconds;
  const auto good = run_apart(
      []() -> Result<std::string> {
        static_cast<void>(::write(2, "one\ntwo\n", 8));
        return std::string("answer\0with NUL", 15);
      },
      seconds{60});
  REQUIRE(good.result);
  CHECK(*good.result == std::string("answer\0with NUL", 15));
  CHECK(good.said == "one; two");
  const std::string big(5'000'000, 'x');
  CHECK(run_apart([&]() -> Result<std::string> { return big; }, seconds{60}).result.value() == big);
  const auto bad = run_apart(
      []() -> Result<std::string> { return err(Errc::Permission, "no", "try"); }, seconds{60});
  REQUIRE_FALSE(bad.result);
  CHECK(bad.result.error().code == Errc::Permission);
  CHECK(bad.result.error().what == "no");
  CHECK(bad.result.error().hint == "try");
}

TEST_CASE("work apart that crashes, throws, ends, or hangs is a clear error")
{
  using std::chrono::milliseconds;
  const auto fails = [](const std::function<void()>& how, milliseconds limit) {
    auto done = run_apart(
        [&]() -> Result<std::string> {
          how();
          return std::string("it went on");
        },
        limit);
    return done.result ? Error{Errc::Internal, *done.result, ""} : done.result.error();
  };
  check_failure(fails(
                    [] {
                      ::signal(SIGABRT, SIG_DFL);
                      std::abort();
                    },
                    milliseconds{60'000}),
                Errc::Unavailable, "crashed (signal 6)");
  check_failure(fails([] { throw 1; }, milliseconds{60'000}), Errc::Unavailable,
                "ended without an answer");
  check_failure(fails([] { ::_exit(0); }, milliseconds{60'000}), Errc::Unavailable,
                "ended without an answer");
  check_failure(fails([] { ::pause(); }, milliseconds{200}), Errc::TryAgain, "no answer within");
  // nor does a daemon that holds the descriptors keep us
  const auto daemon = run_apart(
      []() -> Result<std::string> {
        if (::fork() == 0) {
          ::sleep(5);
          ::_exit(0);
        }
        return std::string("answer");
      },
      milliseconds{60'000});
  CHECK(daemon.result.value() == "answer");
}
