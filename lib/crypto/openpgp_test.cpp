#include "crypto/detail/armour.hpp"
#include "crypto/openpgp_fixture.hpp"

namespace imip::crypto::fixture {
namespace {

std::string signed_by_boss(const std::string& more = "")
{
  return people().senders.sign(octets, people().boss, more);
}

/// A key of the senders that the owner vouches for.
std::string trusted_key(const std::string& user_id, const std::string& kind = "ed25519",
                        const std::string& expire = "never")
{
  const std::string key = people().senders.make_key(user_id, kind, expire);
  people().trust(key, "");
  return key;
}

}  // namespace

TEST_CASE("a good OpenPGP signature speaks for the user IDs that are valid themselves")
{
  const auto report = verify_pgp(signed_by_boss());
  check_valid(report, "boss@example.com");
  const Signature& s = only(report);
  CHECK(s.protocol == Protocol::OpenPgp);
  CHECK(s.digest == "sha256");
  REQUIRE(s.signed_at);
  CHECK(*s.signed_at == day(2027, 1, 1));
  REQUIRE(s.openpgp);
  CHECK(s.openpgp->fingerprint == people().boss);
  CHECK(s.openpgp->subkey == people().boss);
  CHECK(s.openpgp->key == "ed25519");
  CHECK(s.openpgp->created == day(2027, 1, 1));
  CHECK_FALSE(s.openpgp->expires);
  REQUIRE(s.openpgp->user_ids.size() == 2);
  CHECK_FALSE(s.signer);
}

TEST_CASE("gpg agrees about a good and a changed message")
{
  const TempDir dir;
  const std::string sig = dir.write("sig", signed_by_boss());
  const std::string good = dir.write("good", octets);
  const std::string bad = dir.write("bad", octets + "x");
  CHECK(people().owner.accepts("--verify " + sig + " " + good));
  CHECK_FALSE(people().owner.accepts("--verify " + sig + " " + bad));
}

TEST_CASE("changed octets make an OpenPGP signature invalid")
{
  const auto report =
      verify_pgp(signed_by_boss(), ring_of(people().owner), std::string(octets) + " ");
  const Signature& s = only(report);
  CHECK(s.status == SignatureStatus::Invalid);
  CHECK(codes(s.findings) == "signature-invalid");
  CHECK(s.identities.empty());
}

TEST_CASE("one verifier serves a batch, and knows a key that it saw")
{
  const OpenPgp pgp(ring_of(people().owner), Limits{});
  for (int i = 0; i < 3; ++i) check_valid(pgp.verify_detached(octets, signed_by_boss()), "boss@example.com");
  CHECK(only(pgp.verify_detached("other", signed_by_boss())).status == SignatureStatus::Invalid);
  check_valid(pgp.verify_detached(octets, signed_by_boss()), "boss@example.com");
}

TEST_CASE("the owner's own key is ultimately valid")
{
  const std::string sig = people().owner.sign(octets, people().alice);
  check_valid(verify_pgp(sig), "alice@example.com");
  OpenPgpOptions strict = ring_of(people().owner);
  strict.ultimate_only = true;
  check_valid(verify_pgp(sig, strict), "alice@example.com");
  check_unproven(verify_pgp(signed_by_boss(), strict), "key-not-valid");
}

TEST_CASE("a key that nobody vouches for proves nobody, and says what to do")
{
  const std::string key = people().senders.make_key("Stranger <stranger@example.com>");
  people().owner.import_from(people().senders, key);
  const auto report = verify_pgp(people().senders.sign(octets, key));
  check_unproven(report, "key-not-valid");
  const OpenPgpOptions owners = ring_of(people().owner);
  CHECK(only(report).findings[0].text.find("gpg --homedir " + owners.home + " --quick-lsign-key " + key) !=
        std::string::npos);
  REQUIRE(only(report).openpgp);
  CHECK(only(report).openpgp->user_ids.at(0).validity == "unknown");

  // vouching for it would not help one who pinned it for another address
  OpenPgpOptions pinned = owners;
  pinned.pins.emplace_back(*CalAddress::from_mailbox("friend@example.com"), key);
  const auto other = verify_pgp(people().senders.sign(octets, key), pinned);
  check_unproven(other, "key-not-valid");
  CHECK(only(other).findings[0].text.find("is pinned for friend@example.com, an address that none") !=
        std::string::npos);
}

TEST_CASE("marginal validity is not enough")
{
  const auto& all = people();
  const std::string introducer = trusted_key("Introducer <introducer@example.com>");
  const std::string key = all.senders.make_key("Marginal <marginal@example.com>");
  all.senders.gpg("-u " + introducer + " --quick-sign-key " + key);
  all.owner.gpg("--import-ownertrust", introducer + ":4:\n");
  all.owner.import_from(all.senders, key);
  const auto report = verify_pgp(all.senders.sign(octets, key));
  check_unproven(report, "key-not-valid");
  CHECK(only(report).openpgp->user_ids.at(0).validity == "marginal");
}

TEST_CASE("an owner who wants two introducers gets two, by a gpg.conf that is otherwise not read")
{
  const TempGpgHome home, introducers;
  const std::string own = home.make_key("Own <own@example.com>");
  const std::string introducer = introducers.make_key("Introducer <introducer@example.com>");
  const std::string key = introducers.make_key("Known <known@example.com>");
  introducers.gpg("-u " + introducer + " --quick-sign-key " + key);
  home.import_from(introducers);
  home.gpg("--quick-lsign-key " + introducer);
  home.gpg("--import-ownertrust", introducer + ":5:\n");
  const std::string sig = introducers.sign(octets, key);
  check_valid(verify_pgp(sig, ring_of(home)), "known@example.com");
  home.dir().write("gpg.conf", "no-such-option\n  completes-needed 2\n");
  check_unproven(verify_pgp(sig, ring_of(home)), "key-not-valid");
  home.dir().write("gpg.conf", "--trust-model=direct\n");
  check_unproven(verify_pgp(sig, ring_of(home)), "key-not-valid");
}

TEST_CASE("a pin makes one user ID count whatever its validity")
{
  OpenPgpOptions options = ring_of(people().owner);
  options.pins.emplace_back(*CalAddress::from_mailbox("other@example.com"), people().boss);
  check_valid(verify_pgp(signed_by_boss(), options), "other@example.com boss@example.com");
  SECTION("of that key only")
  {
    options.pins[0].second[0] = options.pins[0].second[0] == 'A' ? 'B' : 'A';
    check_valid(verify_pgp(signed_by_boss(), options), "boss@example.com");
  }
  SECTION("and none that the key does not have")
  {
    options.pins[0].first = *CalAddress::from_mailbox("third@example.com");
    check_valid(verify_pgp(signed_by_boss(), options), "boss@example.com");
  }
  SECTION("with regard to case where the policy wants that")
  {
    options.pins[0].first = *CalAddress::from_mailbox("OTHER@example.com");
    check_valid(verify_pgp(signed_by_boss(), options), "other@example.com boss@example.com");
    options.local_part = LocalPart::Exact;
    check_valid(verify_pgp(signed_by_boss(), options), "boss@example.com");
  }
}

TEST_CASE("a revoked key gives nobody, pinned or not")
{
  const std::string key = trusted_key("Revoked <revoked@example.com>");
  const std::string sig = people().senders.sign(octets, key);
  check_valid(verify_pgp(sig), "revoked@example.com");
  const std::string file =
      people().senders.path() + "/openpgp-revocs.d/" + key + ".rev";
  people().owner.gpg("--import", [&] {
    std::string text = people().senders.dir().read(file);
    text.erase(text.find(":-----BEGIN"), 1);
    return text;
  }());
  OpenPgpOptions pinned = ring_of(people().owner);
  pinned.pins.emplace_back(*CalAddress::from_mailbox("revoked@example.com"), key);
  check_unproven(verify_pgp(sig, pinned), "revoked");
}

TEST_CASE("a revoked user ID gives no identity, pinned or not")
{
  const auto& all = people();
  const std::string key = all.senders.make_key("Left <left@example.com>");
  all.senders.gpg("--quick-add-uid " + key + " 'Stays <stays@example.com>'");
  all.senders.gpg("--faked-system-time 20270102T000000! --quick-revoke-uid " + key +
                  " 'Left <left@example.com>'");
  all.trust(key, "");
  OpenPgpOptions pinned = ring_of(all.owner);
  pinned.pins.emplace_back(*CalAddress::from_mailbox("left@example.com"), key);
  check_valid(verify_pgp(all.senders.sign(octets, key), pinned), "stays@example.com");
}

TEST_CASE("an expired key, and one that expired since")
{
  const auto& all = people();
  const std::string key = trusted_key("Old <old@example.com>", "ed25519", "20270103T000000");
  const std::string sig = all.senders.sign(octets, key);
  check_unproven(verify_pgp(sig), "expired-since");
  SECTION("judged as of then")
  {
    OpenPgpOptions then = ring_of(all.owner);
    then.at = day(2027, 1, 2);
    check_valid(verify_pgp(sig, then), "old@example.com");
    // gpg itself keeps the validities as of the day on which it last looked
    all.owner.gpg("--faked-system-time 20270201T000000! --yes --check-trustdb");
    check_valid(verify_pgp(sig, then), "old@example.com");
  }
  SECTION("no pin helps")
  {
    OpenPgpOptions pinned = ring_of(all.owner);
    pinned.pins.emplace_back(*CalAddress::from_mailbox("old@example.com"), key);
    check_unproven(verify_pgp(sig, pinned), "expired-since");
  }
}

TEST_CASE("an expired signature does not count")
{
  const std::string sig = signed_by_boss("--default-sig-expire 1d");
  check_unproven(verify_pgp(sig), "expired");
  OpenPgpOptions then = ring_of(people().owner);
  then.at = UtcSeconds{day(2027, 1, 1)} + std::chrono::hours{12};
  check_valid(verify_pgp(sig, then), "boss@example.com");
}

TEST_CASE("a signature from the future does not count, but clocks differ a little")
{
  const std::string sig = signed_by_boss("--faked-system-time 20270104T001000!");
  check_valid(verify_pgp(sig), "boss@example.com");
  OpenPgpOptions options = ring_of(people().owner);
  options.clock_skew_seconds = 599;
  check_unproven(verify_pgp(sig, options), "signed-in-future");
  check_unproven(verify_pgp(signed_by_boss("--faked-system-time 20270201T000000")),
                 "signed-in-future");
}

TEST_CASE("a signing subkey speaks for its key, until it is revoked")
{
  const auto& all = people();
  const std::string key = all.senders.make_key("Sub <sub@example.com>");
  all.senders.gpg("--quick-add-key " + key + " ed25519 sign never");
  const std::string subkey = all.senders.last_subkey(key);
  all.trust(key, "");
  const std::string sig = all.senders.sign(octets, subkey + "!");
  const auto report = verify_pgp(sig);
  check_valid(report, "sub@example.com");
  CHECK(only(report).openpgp->fingerprint == key);
  CHECK(only(report).openpgp->subkey == subkey);

  all.senders.gpg("--command-fd 0 --no-batch --faked-system-time 20270102T000000! --edit-key " + key,
                  "key 1\nrevkey\ny\n0\n\ny\nsave\n");
  all.owner.import_from(all.senders, key);
  check_unproven(verify_pgp(sig), "revoked");
  check_valid(verify_pgp(all.senders.sign(octets, key + "!")), "sub@example.com");
}

TEST_CASE("a signature that does not hold tells whose it claims to be, and proves nobody")
{
  const auto& all = people();
  const auto report = verify_pgp(signed_by_boss(), ring_of(all.owner), "Content-Type: text/plain\r\n\r\nanother\r\n");
  CHECK(only(report).status == SignatureStatus::Invalid);
  CHECK(only(report).identities.empty());
  REQUIRE(only(report).openpgp);
  CHECK(only(report).openpgp->fingerprint == all.boss);
  CHECK_FALSE(only(report).openpgp->user_ids.empty());
}

TEST_CASE("a disabled key counts for nothing")
{
  const auto& all = people();
  const std::string key = trusted_key("Off <off@example.com>");
  all.owner.gpg("--command-fd 0 --no-batch --edit-key " + key, "disable\nquit\n");
  check_unproven(verify_pgp(all.senders.sign(octets, key)), "key-not-valid");
}

TEST_CASE("weak digests and keys do not count")
{
  const auto& all = people();
  SECTION("SHA-1") { check_unproven(verify_pgp(signed_by_boss("--digest-algo SHA1")), "weak-digest"); }
  SECTION("MD5")
  {
    const std::string key = trusted_key("Md5 <md5@example.com>", "rsa2048");
    check_unproven(verify_pgp(all.senders.sign(octets, key, "--allow-weak-digest-algos --digest-algo MD5")),
                   "weak-digest");
  }
  SECTION("RIPEMD-160")
  {
    check_unproven(verify_pgp(signed_by_boss("--digest-algo RIPEMD160")), "weak-digest");
  }
  SECTION("a digest that the policy does not list")
  {
    OpenPgpOptions options = ring_of(all.owner);
    options.floor.digests = {"sha512"};
    check_unproven(verify_pgp(signed_by_boss(), options), "weak-digest");
    check_valid(verify_pgp(signed_by_boss("--digest-algo SHA512"), options), "boss@example.com");
  }
  SECTION("RSA-1024")
  {
    const std::string key = trusted_key("Weak <weak@example.com>", "rsa1024");
    const auto report = verify_pgp(all.senders.sign(octets, key));
    check_unproven(report, "weak-key");
    CHECK(only(report).openpgp->key == "rsa-1024");
  }
  SECTION("RSA-2048 will do, and the policy may want more")
  {
    const std::string key = trusted_key("Rsa <rsa@example.com>", "rsa2048");
    const std::string sig = all.senders.sign(octets, key);
    check_valid(verify_pgp(sig), "rsa@example.com");
    OpenPgpOptions options = ring_of(all.owner);
    options.floor.rsa_bits_min = 3072;
    check_unproven(verify_pgp(sig, options), "weak-key");
  }
  SECTION("P-256 will do, secp256k1 will not")
  {
    const std::string good = trusted_key("P256 <p256@example.com>", "nistp256");
    const auto report = verify_pgp(all.senders.sign(octets, good));
    check_valid(report, "p256@example.com");
    CHECK(only(report).openpgp->key == "ec-p256");
    const std::string bad = trusted_key("K1 <k1@example.com>", "secp256k1");
    check_unproven(verify_pgp(all.senders.sign(octets, bad)), "weak-key");
  }
}

TEST_CASE("without the key nobody knows, and the finding names it")
{
  const std::string key = people().senders.make_key("Nobody <nobody@example.com>");
  check_unchecked(verify_pgp(people().senders.sign(octets, key)), key);
}

TEST_CASE("several signatures are judged alone")
{
  const auto& all = people();
  const std::string second = trusted_key("Second <second@example.com>");
  const std::string both = all.senders.sign(octets, all.boss, "-u " + second);
  const auto report = verify_pgp(both);
  REQUIRE(report.signatures.size() == 2);
  CHECK(names(report.signatures[0].identities) + " " + names(report.signatures[1].identities) ==
        "boss@example.com second@example.com");
  SECTION("a missing key takes nothing from the other")
  {
    const std::string missing = all.senders.make_key("Missing <missing@example.com>");
    const auto mixed = verify_pgp(all.senders.sign(octets, missing, "-u " + all.boss));
    REQUIRE(mixed.signatures.size() == 2);
    CHECK(mixed.signatures[0].status == SignatureStatus::NotChecked);
    CHECK(mixed.signatures[0].identities.empty());
    CHECK(mixed.signatures[1].status == SignatureStatus::Valid);
    CHECK(names(mixed.signatures[1].identities) == "boss@example.com");
  }
  SECTION("a bad one neither")
  {
    const TempDir dir;
    const auto binary = [&](const std::string& armour) {
      return all.senders.gpg("--dearmor --output -", armour);
    };
    const std::string mix =
        binary(signed_by_boss()) + binary(all.senders.sign("something else", second));
    const auto mixed = verify_pgp(testing::armoured(mix, "SIGNATURE"));
    REQUIRE(mixed.signatures.size() == 2);
    CHECK(mixed.signatures[0].status == SignatureStatus::Valid);
    CHECK(mixed.signatures[1].status == SignatureStatus::Invalid);
    CHECK(mixed.signatures[1].identities.empty());

    const auto turned = verify_pgp(testing::armoured(
        binary(all.senders.sign("something else", second)) + binary(signed_by_boss()), "SIGNATURE"));
    REQUIRE(turned.signatures.size() == 2);
    CHECK(turned.signatures[0].status == SignatureStatus::Invalid);
    CHECK(names(turned.signatures[1].identities) == "boss@example.com");
  }
  SECTION("up to a limit")
  {
    Limits limits;
    limits.signer_infos = 1;
    const OpenPgp pgp(ring_of(all.owner), limits);
    check_defect(pgp.verify_detached(octets, both), "limit-exceeded");
    check_valid(pgp.verify_detached(octets, signed_by_boss()), "boss@example.com");
  }
}

TEST_CASE("user IDs that are not exactly one address give no identity")
{
  const auto& all = people();
  const std::string key = all.senders.make_key("Plain <plain@example.com>");
  for (const char* id :
       {"boss@example.com <x1@example.com>", "Boss <boss@example.com> <x2@example.com>",
        "No address", "Boss (boss@example.com) <x3@example.com>",
        "Boss <x4@example.com> is not me"})
    all.senders.gpg("--allow-freeform-uid --quick-add-uid " + key + " '" + id + "'");
  all.senders.gpg("--allow-freeform-uid --quick-add-uid " + key + " 'bare@example.com'");
  all.senders.gpg("--allow-freeform-uid --quick-add-uid " + key +
                  " 'same@example.com <same@example.com>'");
  all.senders.gpg("--quick-add-uid " + key + " 'Upper <UPPER@Example.COM>'");
  all.trust(key, "");
  const auto report = verify_pgp(all.senders.sign(octets, key));
  const Signature& s = only(report);
  CHECK(s.status == SignatureStatus::Valid);
  std::vector<std::string> got;
  for (const CalAddress& a : s.identities) got.push_back(a.mailbox());
  std::sort(got.begin(), got.end());
  CHECK(got == std::vector<std::string>{"UPPER@example.com", "bare@example.com",
                                        "plain@example.com", "same@example.com"});
}

TEST_CASE("a key whose valid user IDs are no address has no identity")
{
  const auto& all = people();
  const std::string key = all.senders.make_key("The Boss");
  all.trust(key, "");
  check_unproven(verify_pgp(all.senders.sign(octets, key)), "no-identity");
}

TEST_CASE("a text signature does not protect a lone CR, a binary one does")
{
  const auto& all = people();
  const std::string sig = all.senders.sign(octets, all.boss, "--textmode");
  check_valid(verify_pgp(sig), "boss@example.com");
  std::string with_cr(octets);
  with_cr.insert(with_cr.find("\r\n"), "\r");
  const auto report = verify_pgp(sig, ring_of(all.owner), with_cr);
  CHECK(only(report).status == SignatureStatus::Invalid);
  CHECK(only(report).identities.empty());
  check_valid(verify_pgp(all.senders.sign(with_cr, all.boss), ring_of(all.owner), with_cr),
              "boss@example.com");
}

TEST_CASE("a text signature does not protect the end of a long line, a binary one does")
{
  const auto& all = people();
  const auto long_line = [](std::size_t length) { return cat(octets, std::string(length, 'x'), "\r\n"); };
  const std::string good = long_line(16'000);
  check_valid(verify_pgp(all.senders.sign(good, all.boss, "--textmode"), ring_of(all.owner), good), "boss@example.com");
  const std::string most = long_line(19'992);  // what gpg signs without a word
  const std::string sig = all.senders.sign(most, all.boss, "--textmode");
  for (const std::string& text : {most, long_line(30'000)})
    CHECK(only(verify_pgp(sig, ring_of(all.owner), text)).status == SignatureStatus::Invalid);
  check_valid(verify_pgp(all.senders.sign(most, all.boss), ring_of(all.owner), most), "boss@example.com");
}

TEST_CASE("what a signature packet says of its issuer is read, or left")
{
  using namespace std::string_literals;
  const std::string id = "\x09\x10"s + "\x01\x23\x45\x67\x89\xab\xcd\xef";
  const std::string fingerprint = "\x16\x21\x04"s + std::string(19, '\0') + "\xfe";
  const std::string other = "\xc0\x00\x14"s + std::string(191, 'x');  // a length of two octets
  const auto area = [](const std::string& subpackets) {
    return std::string{static_cast<char>(subpackets.size() >> 8U), static_cast<char>(subpackets.size())} + subpackets;
  };
  const auto issuer = [&](const std::string& areas, char version = 4) {
    return claimed_issuer(testing::packet(2, std::string{version} + "\0\x16\x08"s + areas + "end"));
  };
  CHECK(issuer(area("") + area(id)) == "0123456789ABCDEF");
  CHECK(issuer(area(other + id) + area("")) == "0123456789ABCDEF");
  CHECK(issuer(area(id) + area(fingerprint)) == std::string(38, '0') + "FE");
  CHECK(issuer(area("") + area("")).empty());
  CHECK(issuer(area(id) + area(""), 3).empty());
  CHECK(issuer(area("") + area(id.substr(0, 9))).empty());
  CHECK(issuer(area("") + area("\x08\x10" "1234567"s)).empty());
  CHECK(issuer(area("") + area("\x0a\x10" "123456789"s)).empty());
  CHECK(issuer(area("") + area("\x15\x21\x04"s + std::string(19, 'x'))).empty());
  CHECK(issuer("\xff\xff"s + id).empty());
  CHECK(issuer("").empty());
  CHECK(claimed_issuer("").empty());
  CHECK(claimed_issuer(people().senders.gpg("--dearmor --output -", signed_by_boss())) == people().boss);
}

}  // namespace imip::crypto::fixture
