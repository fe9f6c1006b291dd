#include <algorithm>

#include "crypto/openpgp_fixture.hpp"

namespace imip::crypto::fixture {
namespace {

/// The owner writes to the boss; the boss's ring can open and check it.
struct Writers {
  TempGpgHome owner, boss;
  std::string alice, chief;

  Writers()
  {
    alice = owner.make_key("Alice <alice@example.com>");
    chief = boss.make_key("Boss <boss@example.com>");
    boss.gpg("--quick-add-key " + chief + " cv25519 encr never");
    owner.import_from(boss);
    boss.import_from(owner);
    boss.gpg("--quick-lsign-key " + alice);
    owner.gpg("--quick-lsign-key " + chief);
  }
};

const Writers& writers()
{
  static const Writers all;
  return all;
}

template <typename T>
std::string refusal(const Result<T>& result, Errc code = Errc::Config)
{
  REQUIRE_FALSE(result);
  INFO(result.error().what);
  CHECK(result.error().code == code);
  return result.error().what;
}

Result<OpenPgpSignature> sign_as(const TempGpgHome& home, const std::string& who,
                                 const PassphraseSource& passphrase = {})
{
  return openpgp_sign(home.path(), who, octets, passphrase, now);
}

}  // namespace

TEST_CASE("an OpenPGP signature that we make is good for us and for gpg")
{
  const auto& all = writers();
  for (const std::string& who : {all.alice, std::string("alice@example.com")}) {
    const auto made = sign_as(all.owner, who);
    REQUIRE(made);
    CHECK(made->micalg == "pgp-sha256");
    CHECK(made->armour.substr(0, 29) == "-----BEGIN PGP SIGNATURE-----");
    const auto report = verify_pgp(made->armour, ring_of(all.boss));
    check_valid(report, "alice@example.com");
    CHECK(only(report).signed_at == now);
    const TempDir dir;
    CHECK(all.boss.accepts("--faked-system-time 20270105T000000 --verify " +
                           dir.write("sig", made->armour) + " " + dir.write("text", octets)));
  }
  const auto addresses = openpgp_addresses(all.owner.path(), all.alice, now);
  REQUIRE(addresses);
  CHECK(names(*addresses) == "alice@example.com");
}

TEST_CASE("a signature without a given time has the machine's")
{
  const TempGpgHome home;
  home.gpg("--faked-system-time 20260101T000000 --quick-gen-key 'Now <now@example.com>' ed25519 sign");
  const auto made = openpgp_sign(home.path(), "now@example.com", octets, {});
  REQUIRE(made);
  OpenPgpOptions options = ring_of(home);
  options.at = options.now = system_now() + std::chrono::minutes{10};
  const auto report = verify_pgp(made->armour, options);
  check_valid(report, "now@example.com");
  CHECK(*only(report).signed_at > system_now() - std::chrono::minutes{10});
}

TEST_CASE("signing refuses keys that it cannot tell apart, or that nobody would accept")
{
  const auto& all = writers();
  CHECK(refusal(sign_as(all.owner, "nobody@example.com")).find("nobody@example.com") !=
        std::string::npos);
  CHECK(refusal(sign_as(all.owner, "not an address")).find("neither") != std::string::npos);
  CHECK(refusal(sign_as(all.owner, all.chief)).find("no secret") != std::string::npos);
  const TempGpgHome home;
  home.make_key("Twin <twin@example.com>");
  home.make_key("Twin Two <twin@example.com>");
  CHECK(refusal(sign_as(home, "twin@example.com")).find("several") != std::string::npos);
  home.make_key("Old <old@example.com>", "ed25519", "20270102T000000");
  CHECK(refusal(sign_as(home, "old@example.com")).find("expired") != std::string::npos);
  home.make_key("Weak <weak@example.com>", "rsa1024");
  CHECK(refusal(sign_as(home, "weak@example.com")).find("1024") != std::string::npos);
  const TempDir empty;
  refusal(openpgp_sign(empty.path().string(), "a@example.com", octets, {}), Errc::NotFound);
}

TEST_CASE("a passphrase comes from its source, and only then")
{
  const TempGpgHome home;
  const std::string key =
      home.make_key("Locked <locked@example.com>", "ed25519", "never", "correct horse");
  const auto forget = [&] { testing::shell("gpgconf --homedir " + home.path() + " --kill gpg-agent"); };
  std::string asked;
  const auto says = [&](std::string word) {
    return [&asked, word](const std::string& what) -> Result<std::string> {
      asked = what;
      return word;
    };
  };
  forget();
  refusal(sign_as(home, key), Errc::Permission);
  CHECK(refusal(sign_as(home, key, says("wrong")), Errc::Permission).find("is wrong") !=
        std::string::npos);
  CHECK(asked.find("locked@example.com") != std::string::npos);
  const auto cannot = [](const std::string&) -> Result<std::string> {
    return err(Errc::NoInput, "no passphrase file");
  };
  CHECK(refusal(sign_as(home, key, cannot), Errc::NoInput) == "no passphrase file");
  const auto made = sign_as(home, key, says("correct horse"));
  REQUIRE(made);
  check_valid(verify_pgp(made->armour, ring_of(home)), "locked@example.com");
  // the agent remembers
  CHECK(sign_as(home, key));
  forget();
  refusal(sign_as(home, key), Errc::Permission);
}

TEST_CASE("what we encrypt opens for all recipients and nobody else")
{
  const auto& all = writers();
  const auto message = openpgp_encrypt(all.owner.path(), {"boss@example.com"}, octets, now);
  REQUIRE(message);
  const auto report = OpenPgp(ring_of(all.boss), Limits{}).open(*message);
  REQUIRE(report.content);
  CHECK(*report.content == octets);
  CHECK(report.wrapping == Wrapping::Encrypted);
  CHECK(report.signatures.empty());
  CHECK(all.boss.gpg("--decrypt", *message) == octets);
  check_defect(OpenPgp(ring_of(all.owner), Limits{}).open(*message), "encrypted");
}

TEST_CASE("nothing is encrypted to somebody whom nobody vouches for, unless by fingerprint")
{
  const auto& all = writers();
  TempGpgHome others;
  const std::string key = others.make_key("Eve <eve@example.com>");
  others.gpg("--quick-add-uid " + key + " 'Known <known@example.com>'");
  others.gpg("--quick-add-key " + key + " cv25519 encr never");
  all.owner.import_from(others);
  const auto to = [&](const std::string& who) {
    return openpgp_encrypt(all.owner.path(), {"boss@example.com", who}, octets, now);
  };
  CHECK(refusal(to("eve@example.com")).find("eve@example.com") != std::string::npos);
  CHECK(to(key));
  all.owner.gpg("--quick-lsign-key " + key + " 'Known <known@example.com>'");
  CHECK(to("known@example.com"));
  CHECK(refusal(to("eve@example.com")).find("not vouched for") != std::string::npos);
  SECTION("whatever gpg.conf says")
  {
    all.owner.dir().write("gpg.conf", "trust-model always\n");
    refusal(to("eve@example.com"));
    std::filesystem::remove(all.owner.dir() / "gpg.conf");
  }
  CHECK(refusal(to("alice@example.com")).find("cannot be encrypted to") != std::string::npos);
  CHECK(refusal(to("missing@example.com")).find("missing@example.com") != std::string::npos);
  refusal(openpgp_encrypt(all.owner.path(), {}, octets, now));
}

TEST_CASE("of a key that cannot be encrypted to it is said why, and what helps")
{
  const TempGpgHome& owner = writers().owner;
  TempGpgHome others;
  const auto make = [&](const std::string& name, const std::string& expire = "never") {
    return others.make_key(name + " <" + name + "@example.com>", "ed25519", expire);
  };
  const auto check = [&](const std::string& who, const std::string& why,
                         const std::string& remedy) {
    const auto made = openpgp_encrypt(owner.path(), {who}, octets, now);
    REQUIRE_FALSE(made);
    INFO(made.error().what << " (" << made.error().hint << ')');
    CHECK(made.error().what.find(why) != std::string::npos);
    CHECK(made.error().hint.find(remedy) != std::string::npos);
  };
  const std::string revoked = make("rv");
  const std::string expired = make("ex", "20270102T000000");
  const std::string bare = make("bare");
  const std::string old = make("old");
  others.gpg("--quick-add-key " + old + " cv25519 encr 1d");
  const std::string weak = make("weak");
  others.gpg("--quick-add-key " + weak + " rsa1024 encr never");
  owner.import_from(others);
  std::string text = others.dir().read(others.path() + "/openpgp-revocs.d/" + revoked + ".rev");
  owner.gpg("--import", text.erase(text.find(":-----BEGIN"), 1));
  check(revoked, "was revoked", "ask its owner for a new key");
  check(expired, "expired on 2027-01-02T00:00:00Z", "ask its owner to extend it");
  check(bare, "it has no subkey for encryption", "ask its owner for a new subkey");
  check(old, "its subkey " + others.last_subkey(old) + " expired on 2027-01-02T00:00:00Z",
        "ask its owner to extend that");
  check(weak, "its subkey " + others.last_subkey(weak) + " is too weak (rsa-1024)",
        "ask its owner for a new subkey");
  check(others.last_subkey(old), "is the fingerprint of a subkey", old);
  check("nobody@example.com", "no OpenPGP key for nobody@example.com", "import it");
  owner.gpg("--command-fd 0 --no-batch --edit-key " + bare, "disable\nquit\n");
  check(bare, "is disabled", "gpg --edit-key " + bare + " enable");
}

TEST_CASE("the home is GNUPGHOME, or that of the user")
{
  const char* old = std::getenv("GNUPGHOME");
  const std::string kept = old == nullptr ? "" : old;
  ::setenv("GNUPGHOME", "/somewhere/gnupg", 1);
  CHECK(default_gnupg_home().value_or("") == "/somewhere/gnupg");
  ::unsetenv("GNUPGHOME");
  const char* user = std::getenv("HOME");
  const std::string home = user == nullptr ? "" : user;
  ::setenv("HOME", "/home/somebody", 1);
  CHECK(default_gnupg_home().value_or("") == "/home/somebody/.gnupg");
  ::unsetenv("HOME");
  CHECK(default_gnupg_home().value_or("").find("/.gnupg") != std::string::npos);
  if (old != nullptr) ::setenv("GNUPGHOME", kept.c_str(), 1);
  if (user != nullptr) ::setenv("HOME", home.c_str(), 1);
}

TEST_CASE("for whom a key is encrypted to: an address for itself, a fingerprint for all its user IDs")
{
  const auto& all = writers();
  TempGpgHome others;
  const std::string key = others.make_key("Two <two@example.com>");
  others.gpg("--quick-add-uid " + key + " 'Other <other@example.com>'");
  others.gpg("--quick-add-uid " + key + " 'Gone <gone@example.com>'");
  others.gpg("--quick-revoke-uid " + key + " 'Gone <gone@example.com>'");
  others.gpg("--quick-add-key " + key + " cv25519 encr never");
  all.owner.import_from(others);
  const auto for_whom = [&](const std::string& who) {
    return openpgp_recipient_addresses(all.owner.path(), who, now);
  };
  const auto by_fingerprint = for_whom(key);
  REQUIRE(by_fingerprint);
  CHECK(by_fingerprint->size() == 2);
  for (const CalAddress& address : *by_fingerprint) CHECK(address.mailbox() != "gone@example.com");
  refusal(for_whom("two@example.com"));
  all.owner.gpg("--quick-lsign-key " + key + " 'Two <two@example.com>'");
  const auto by_address = for_whom("two@example.com");
  REQUIRE(by_address);
  CHECK(names(*by_address) == "two@example.com");
}

}  // namespace imip::crypto::fixture
