#include "crypto/openpgp_fixture.hpp"

namespace imip::crypto::fixture {
namespace {

std::string encrypted(const std::string& more = "", std::string_view content = octets)
{
  return people().owner.gpg("--trust-model always --armor --encrypt -r " + people().alice + " " +
                                more + " --output -",
                            content);
}

SignatureReport open_pgp(const std::string& armour, const Limits& limits = {})
{
  return OpenPgp(ring_of(people().owner), limits).open(armour);
}

std::string dearmoured(const std::string& armour)
{
  return people().owner.gpg("--dearmor --output -", armour);
}

/// Text that the sender signs and then puts into an encryption that gpg makes of ready packets.
std::string wrap_packets(std::string_view packets, const std::string& more = "")
{
  return encrypted("--no-literal --compress-algo none " + more, packets);
}

}  // namespace

TEST_CASE("an encrypted OpenPGP message opens, and speaks for nobody")
{
  const auto report = open_pgp(encrypted());
  INFO((report.defects.empty() ? std::string() : report.defects[0].text));
  REQUIRE(report.content);
  CHECK(*report.content == octets);
  CHECK(report.wrapping == Wrapping::Encrypted);
  CHECK(report.signatures.empty());
  CHECK(report.defects.empty());
}

TEST_CASE("an armour in an armour is no encrypted message")
{
  CHECK(open_pgp(encrypted()).content);
  check_defect(open_pgp(testing::armoured(encrypted(), "MESSAGE")), "signature-malformed");
}

TEST_CASE("an encryption in an armour without a checksum opens, whatever its length")
{
  for (const char* more : {"", "x", "xx"}) {
    const std::string content = octets + more;
    const std::string packets = dearmoured(encrypted("--compress-algo none", content));
    INFO(packets.size() % 3);
    CHECK(open_pgp(testing::armoured(packets, "MESSAGE")).content == content);
  }
}

TEST_CASE("a signature inside the encryption is judged over what was decrypted")
{
  const auto& all = people();
  const std::string sealed = [&] {
    all.senders.import_from(all.owner, all.alice);
    return all.senders.gpg("--trust-model always --armor --sign --encrypt -u " + all.boss + " -r " +
                               all.alice + " --output -",
                           octets);
  }();
  const auto report = open_pgp(sealed);
  check_valid(report, "boss@example.com");
  CHECK(report.content.value_or("") == octets);
  CHECK(report.wrapping == Wrapping::Encrypted);
}

TEST_CASE("a key that is not valid proves nobody inside an encryption either")
{
  const auto& all = people();
  all.senders.import_from(all.owner, all.alice);
  const std::string key = all.senders.make_key("Inside <inside@example.com>");
  const std::string sealed =
      all.senders.gpg("--trust-model always --armor --sign --encrypt -u " + key + " -r " +
                          all.alice + " --output -",
                      octets);
  check_unchecked(open_pgp(sealed), key);
  CHECK(open_pgp(sealed).content.value_or("") == octets);
  all.owner.import_from(all.senders, key);
  check_unproven(open_pgp(sealed), "key-not-valid");
}

TEST_CASE("an empty content is a content")
{
  const auto report = open_pgp(encrypted("", ""));
  REQUIRE(report.content);
  CHECK(report.content->empty());
}

TEST_CASE("hidden recipients are found")
{
  CHECK(open_pgp(encrypted("--throw-keyids")).content.value_or("") == octets);
}

TEST_CASE("session keys whose key gpg has to guess meet a limit, outside and inside an encryption")
{
  const auto session_key =
      [](const std::string& message) {  // the first packet, of a definite length
        const std::size_t size = static_cast<unsigned char>(message[1]);
        REQUIRE((message[0] == '\x84' || message[0] == '\xC1'));
        REQUIRE(size < 192);
        return message.substr(0, 2 + size);
      };
  const auto open_with = [&](const std::string& message, std::size_t more) {
    std::string many;
    for (std::size_t i = 0; i < more; ++i) many += session_key(message);
    return open_pgp(testing::armoured(many + message, "MESSAGE"));
  };
  const std::string hidden = dearmoured(encrypted("--throw-keyids"));
  CHECK(open_with(hidden, 15).content.value_or("") == octets);
  check_defect(open_with(hidden, 16), "limit-exceeded");
  const std::string named = dearmoured(encrypted());
  CHECK(open_with(named, 16).content.value_or("") == octets);
  check_defect(open_with(named, 17), "limit-exceeded");

  std::string many;
  for (int i = 0; i < 17; ++i) many += session_key(hidden);
  const auto inside = open_pgp(wrap_packets(many + hidden));
  check_defect(inside, "limit-exceeded");
  CHECK(inside.defects[0].text.find("hidden-recipients") != std::string::npos);
  std::string passwords;
  for (int i = 0; i < 17; ++i)
    passwords += testing::packet(3, std::string("\x04\x09\x03\x08saltsalt\xff", 13));
  check_defect(open_pgp(testing::armoured(passwords + hidden, "MESSAGE")), "limit-exceeded");
}

TEST_CASE("many recipients are counted, and the first are named")
{
  std::string many;
  const std::string head(
      "\x03"
      "ABCDEFG",
      8);
  for (char c = 'a'; c < 'z'; ++c)
    many += testing::packet(1, head + c + std::string("\x01\x00\x01\x01", 4));
  const std::string message = dearmoured(encrypted());
  const auto report = open_pgp(testing::armoured(
      many + message.substr(2 + static_cast<unsigned char>(message[1])), "MESSAGE"));
  check_defect(report, "encrypted");
  INFO(report.defects[0].text);
  CHECK(report.defects[0].text.find("4142434445464762, 4142434445464763 and 22 more;") !=
        std::string::npos);
}

TEST_CASE("a changed ciphertext gives nothing, wherever it was changed")
{
  const std::string good = dearmoured(encrypted("--compress-algo none"));
  // in the data, in the checksum at the end, and cut off
  for (const std::size_t from_end : {std::size_t{60}, std::size_t{25}, std::size_t{5}}) {
    std::string bad = good;
    bad[bad.size() - from_end] = static_cast<char>(bad[bad.size() - from_end] ^ 1);
    check_defect(open_pgp(testing::armoured(bad, "MESSAGE")), "encrypted");
    CHECK_FALSE(people().owner.accepts("--decrypt", testing::armoured(bad, "MESSAGE")));
  }
  check_defect(open_pgp(testing::armoured(good.substr(0, good.size() - 4), "MESSAGE")),
               "encrypted");
}

TEST_CASE("an encryption without integrity protection gives nothing")
{
  const auto report = open_pgp(encrypted("--rfc2440 --disable-mdc"));
  check_defect(report, "encrypted");
  CHECK(report.defects[0].text.find("not protected") != std::string::npos);
}

TEST_CASE("two plaintexts in one encryption are refused, as are two encryptions")
{
  const std::string literal =
      testing::packet(11, std::string("b\0\0\0\0\0", 6) + std::string(octets));
  CHECK(open_pgp(wrap_packets(literal)).content.value_or("") == octets);
  const auto two = open_pgp(wrap_packets(literal + literal));
  CHECK_FALSE(two.content);
  CHECK(two.signatures.empty());
  CHECK_FALSE(two.defects.empty());
  const std::string one = dearmoured(encrypted());
  const auto twice = open_pgp(testing::armoured(one + one, "MESSAGE"));
  CHECK_FALSE(twice.content);
  CHECK_FALSE(twice.defects.empty());
  const auto beside = open_pgp(testing::armoured(one + literal, "MESSAGE"));
  CHECK_FALSE(beside.content);
  const auto before = open_pgp(testing::armoured(literal + one, "MESSAGE"));
  CHECK_FALSE(before.content);
}

TEST_CASE("what is not encrypted does not pass for it")
{
  const auto& all = people();
  check_defect(open_pgp(all.senders.gpg("--armor --sign --output - -u " + all.boss, octets)),
               "signature-malformed");
  check_defect(open_pgp(all.senders.gpg("--armor --store --output -", octets)),
               "signature-malformed");
  check_defect(open_pgp(all.senders.gpg("--armor --export --output - " + all.boss)),
               "signature-malformed");
  check_defect(open_pgp("-----BEGIN PGP MESSAGE-----\n\n-----END PGP MESSAGE-----\n"),
               "signature-malformed");
  check_defect(open_pgp(encrypted() + encrypted()), "signature-malformed");
  check_defect(open_pgp("hello\n" + encrypted()), "signature-malformed");
  check_defect(open_pgp(""), "signature-malformed");
}

TEST_CASE("a message with a password alone asks nobody")
{
  const std::string locked = people().owner.gpg(
      "--armor --symmetric --s2k-count 65536 --passphrase secret --output -", octets);
  const auto report = open_pgp(locked);
  check_defect(report, "encrypted");
  CHECK(report.defects[0].text.find("password") != std::string::npos);
  CHECK_FALSE(report.locked);
}

TEST_CASE("without the key the defect names it")
{
  const TempGpgHome stranger;
  stranger.make_key("Else <else@example.com>");
  const auto report = OpenPgp(ring_of(stranger), Limits{}).open(encrypted());
  check_defect(report, "encrypted");
  const std::string id = people().owner.last_subkey(people().alice).substr(24);
  CHECK(report.defects[0].text.find(id) != std::string::npos);
}

TEST_CASE("a small message that decrypts to a lot stops at the limit")
{
  Limits limits;
  limits.decoded_bytes = 100'000;
  const std::string bomb = encrypted("--compress-algo zlib", std::string(5'000'000, 'a'));
  CHECK(bomb.size() < 20'000);
  check_defect(open_pgp(bomb, limits), "limit-exceeded");
  const std::string just = encrypted("", std::string(100'000, 'a'));
  CHECK(open_pgp(just, limits).content.value_or("").size() == 100'000);
  check_defect(open_pgp(encrypted("", std::string(100'001, 'a')), limits), "limit-exceeded");
}

TEST_CASE("a key with a passphrase opens by its source, by the agent's memory, or not at all")
{
  const TempGpgHome home;
  const std::string key = home.make_key("Locked <locked@example.com>", "ed25519", "never", "pw");
  home.gpg("--passphrase pw --quick-add-key " + key + " cv25519 encr never");
  const std::string message =
      home.gpg("--trust-model always --armor --encrypt -r " + key + " --output -", octets);
  const auto forget = [&] {
    testing::shell("gpgconf --homedir " + home.path() + " --kill gpg-agent");
  };
  forget();
  check_defect(OpenPgp(ring_of(home), Limits{}).open(message), "encrypted");
  OpenPgpOptions options = ring_of(home);
  options.passphrase = [](const std::string&) -> Result<std::string> { return "wrong"; };
  check_defect(OpenPgp(options, Limits{}).open(message), "encrypted");
  options.passphrase = [](const std::string&) -> Result<std::string> { return "pw"; };
  CHECK(OpenPgp(options, Limits{}).open(message).content.value_or("") == octets);
  CHECK(OpenPgp(ring_of(home), Limits{}).open(message).content.value_or("") == octets);
  forget();
  check_defect(OpenPgp(ring_of(home), Limits{}).open(message), "encrypted");
}

}  // namespace imip::crypto::fixture
