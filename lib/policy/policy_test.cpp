#include "policy/policy.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "testing/temp_dir.hpp"

namespace fs = std::filesystem;
using imip::policy::Default;
using imip::policy::Delegate;
using imip::policy::Loaded;
using imip::policy::parse_policy;
using imip::policy::Policy;
using imip::policy::Problem;
using imip::testing::TempDir;

namespace {

Loaded parse(const TempDir& dir, const std::string& text)
{
  return parse_policy(text, dir / "policy.toml", dir / "home");
}

Policy good(const TempDir& dir, const std::string& text)
{
  Loaded loaded = parse(dir, "version = 1\n" + text);
  for (const Problem& p : loaded.problems) UNSCOPED_INFO(p.line << ": " << p.text);
  REQUIRE(loaded.problems.empty());
  return std::move(loaded.policy);
}

bool contains(const std::string& text, std::string_view part)
{
  return text.find(part) != std::string::npos;
}

// Exactly one problem, at this place; `text` begins in line 2.
void check_problem(const std::string& text, std::size_t line, std::size_t column,
                   std::string_view what, std::string_view hint = {})
{
  const TempDir dir;
  const Loaded loaded = parse(dir, "version = 1\n" + text);
  INFO(text);
  for (const Problem& p : loaded.problems)
    UNSCOPED_INFO(p.line << ':' << p.column << ": " << p.text << " (" << p.hint << ')');
  REQUIRE(loaded.problems.size() == 1);
  const Problem& problem = loaded.problems.front();
  CHECK(problem.file == (dir / "policy.toml").string());
  CHECK(problem.line == line);
  CHECK(problem.column == column);
  CHECK(contains(problem.text, what));
  CHECK(contains(problem.hint, hint));
}

}  // namespace

TEST_CASE("pins, the key ring and the schemes of an anchor are read")
{
  const TempDir dir;
  dir.write("gnupg/pubring.kbx", "");
  dir.write("ca.pem", "");
  const std::string spki(64, 'A');
  const Loaded loaded = parse(dir, "version = 1\n[openpgp]\nhome = \"gnupg\"\nvalidity = \"ultimate\"\n"
                                   "[[pin]]\naddress = \"boss@example.com\"\nspki-sha256 = [\"" +
                                       spki +
                                       "\"]\n"
                                       "openpgp = [\"0123 4567 89ab cdef 0123  4567 89ab cdef 0123 4567\"]\n"
                                       "[[anchor]]\nfile = \"ca.pem\"\nschemes = [\"mailto\", \"xmpp\"]\n");
  for (const Problem& p : loaded.problems) UNSCOPED_INFO(p.line << ": " << p.text);
  REQUIRE(loaded.problems.empty());
  const Policy& policy = loaded.policy;
  REQUIRE(policy.key_ring);
  CHECK(policy.key_ring->home == (dir / "gnupg").string());
  CHECK(policy.key_ring->ultimate_only);
  CHECK(policy.key_ring->origin.line == 2);
  REQUIRE(policy.pins.size() == 1);
  CHECK(policy.pins[0].address.mailbox() == "boss@example.com");
  CHECK(policy.pins[0].spki_sha256 == std::vector<std::string>{std::string(64, 'a')});
  CHECK(policy.pins[0].openpgp ==
        std::vector<std::string>{"0123456789ABCDEF0123456789ABCDEF01234567"});
  CHECK(policy.anchors.at(0).file.schemes == std::vector<std::string>{"mailto", "xmpp"});
}

TEST_CASE("a pin without a whole key and a key ring that is none are problems")
{
  check_problem("[[pin]]\naddress = \"a@b.example\"\n", 2, 1, "[[pin]] names no key", "spki-sha256");
  check_problem("[[pin]]\naddress = \"a@b.example\"\nopenpgp = [\"DEADBEEF\"]\n", 4, 12,
                "'DEADBEEF' is no whole fingerprint", "all its hexadecimal digits");
  check_problem("[openpgp]\nhome = \"nowhere\"\n", 3, 8, "'nowhere' is no folder");
  check_problem("[openpgp]\nvalidity = \"never\"\nhome = \".\"\n", 3, 12, "'never' is not a choice",
                "full or ultimate");
}

TEST_CASE("a folder of revocation lists is taken whole, if nobody else may write in it")
{
  const TempDir dir;
  dir.write("crl/a.pem", "");
  const std::string text = "version = 1\n[smime]\ncrls = [\"crl\"]\n";
  const Loaded loaded = parse(dir, text);
  REQUIRE(loaded.problems.empty());
  CHECK(loaded.policy.crls == std::vector<std::string>{(dir / "crl").string()});
  std::filesystem::permissions(dir / "crl" / "a.pem", std::filesystem::perms::all);
  REQUIRE(parse(dir, text).problems.size() == 1);
  CHECK(contains(parse(dir, text).problems[0].text, "a.pem"));
}

TEST_CASE("a key ring that others may write is refused")
{
  const TempDir dir;
  dir.write("gnupg/pubring.kbx", "");
  std::filesystem::permissions(dir / "gnupg", std::filesystem::perms::all);
  const Loaded loaded = parse(dir, "version = 1\n[openpgp]\nhome = \"gnupg\"\n");
  REQUIRE(loaded.problems.size() == 1);
  CHECK(contains(loaded.problems[0].text, "gnupg"));
}

TEST_CASE("a whole policy file is read")
{
  const TempDir dir;
  dir.write("ca/one.pem", "x");
  dir.write("ca/two.pem", "x");
  dir.write("ca/sub/sub.pem", "x");
  dir.write("crl/a.pem", "x");
  dir.write("ca/partner.pem.txt", "x");
  dir.write("keys/alice.pem", "x");
  dir.write("keys/alice.key", "x");
  dir.write("keys/alice.pass", "x");
  const Policy p = good(dir, R"(
[me]
addresses = ["alice@example.com"]
groups = ["all-staff@example.com"]
local-part = "exact"

[[alias]]
address = "alice@example.com"
same-as = ["alice.smith@example.com"]

[store]
path = "~/.calendars/work"
cancelled = "remove"
alarms = "display"
task-progress = "any"

[smime]
anchors = ["ca/*.pem"]
intermediates = ["ca/sub/*.pem"]
crls = ["crl/*.pem"]
revocation = "required"
floor = { rsa-bits = 3072, digests = ["sha384", "sha512"] }

[[anchor]]
file = "ca/partner.pem.txt"
domains = ["Partner.example", "bücher.example"]
admits = false
schemes = ["mailto"]

[[identity]]
address = "alice@example.com"
certificate = "keys/alice.pem"
key = "keys/alice.key"
passphrase = { file = "keys/alice.pass" }

[[delegate]]
principal = "boss@example.com"
sent-by = "pa@example.com"
methods = ["REQUEST", "cancel"]
role = "both"
from = 2027-01-01
until = 2027-06-30

[[allow]]
address = "carol@elsewhere.example"

[defaults]
unsigned = "ask"
unknown-signer = "ask"
sent-by = "untrusted"
organizer-change = "untrusted"
party-crasher = "untrusted"
first-contact = "untrusted"
delegator = "untrusted"
forwarder = "untrusted"
delegation = "untrusted"

[limits]
message-bytes = 1000
mime-depth = 3
clock-skew-minutes = 0
)");
  REQUIRE(p.owner.addresses.size() == 2);
  CHECK(p.owner.addresses[1].mailbox() == "alice.smith@example.com");
  REQUIRE(p.owner.groups.size() == 1);
  CHECK(p.owner.local_part == imip::LocalPart::Exact);
  REQUIRE(p.aliases.size() == 1);
  REQUIRE(p.alias_origins.size() == 1);
  CHECK(p.alias_origins[0].line == 8);
  CHECK(p.store_path == (dir / "home/.calendars/work").string());
  CHECK(p.remove_cancelled);
  CHECK(p.display_alarms);
  CHECK(p.any_task_progress);
  REQUIRE(p.anchors.size() == 3);
  CHECK(p.anchors[0].file.path == (dir / "ca/one.pem").string());
  CHECK(p.anchors[1].file.path == (dir / "ca/two.pem").string());
  CHECK(p.anchors[0].admits);
  CHECK(p.anchors[0].origin.line == 19);
  CHECK(p.anchors[2].file.domains ==
        std::vector<std::string>{"partner.example", "xn--bcher-kva.example"});
  CHECK_FALSE(p.anchors[2].admits);
  CHECK(p.anchors[2].origin.entry == "anchor");
  CHECK(p.anchors[2].origin.line == 25);
  CHECK(p.intermediates == std::vector<std::string>{(dir / "ca/sub/sub.pem").string()});
  CHECK(p.crls == std::vector<std::string>{(dir / "crl/a.pem").string()});
  CHECK(p.revocation == imip::crypto::Revocation::Required);
  CHECK(p.floor.rsa_bits_min == 3072);
  CHECK(p.floor.digests == std::vector<std::string>{"sha384", "sha512"});
  REQUIRE(p.identities.size() == 1);
  CHECK(p.identities[0].key == (dir / "keys/alice.key").string());
  CHECK(p.identities[0].passphrase_file == (dir / "keys/alice.pass").string());
  REQUIRE(p.delegates.size() == 1);
  CHECK(p.delegates[0].principal.mailbox() == "boss@example.com");
  CHECK(p.delegates[0].sent_by.mailbox() == "pa@example.com");
  CHECK(p.delegates[0].methods ==
        std::vector{imip::itip::Method::Request, imip::itip::Method::Cancel});
  CHECK(p.delegates[0].role == Delegate::Role::Both);
  REQUIRE(p.delegates[0].from);
  REQUIRE(p.delegates[0].until);
  CHECK(imip::to_rfc3339(*p.delegates[0].from) == "2027-01-01T00:00:00Z");
  CHECK(imip::to_rfc3339(*p.delegates[0].until) == "2027-06-30T23:59:59Z");
  CHECK(p.delegates[0].origin.entry == "delegate");
  CHECK(p.delegates[0].origin.line == 37);
  REQUIRE(p.allows.size() == 1);
  CHECK(p.allows[0].origin.line == 45);
  CHECK(p.allows[0].origin.file == (dir / "policy.toml").string());
  CHECK(p.defaults.unsigned_ == Default::Ask);
  CHECK(p.defaults.unknown_signer == Default::Ask);
  for (const Default d : {p.defaults.sent_by, p.defaults.organizer_change, p.defaults.party_crasher,
                          p.defaults.first_contact, p.defaults.delegator, p.defaults.forwarder,
                          p.defaults.delegation})
    CHECK(d == Default::Untrusted);
  CHECK(p.defaults.lines.at("first-contact") == 54);
  CHECK(p.limits.message_bytes == 1000);
  CHECK(p.limits.mime_depth == 3);
  CHECK(p.limits.clock_skew_minutes == 0);
  CHECK(p.limits.mime_parts == imip::Limits{}.mime_parts);
}

TEST_CASE("what the file does not say is safe")
{
  const TempDir dir;
  const Policy p = good(dir, "");
  CHECK(p.defaults.unsigned_ == Default::Untrusted);
  CHECK(p.defaults.unknown_signer == Default::Untrusted);
  CHECK(p.anchors.empty());
  CHECK(p.revocation == imip::crypto::Revocation::IfAvailable);
  CHECK(p.floor.rsa_bits_min == 2048);
  CHECK(p.defaults.lines.empty());
}

TEST_CASE("a role that is not said is the organizer's")
{
  const TempDir dir;
  const Policy p =
      good(dir, "[[delegate]]\nprincipal = \"a@b.example\"\nsent-by = \"c@b.example\"\n");
  REQUIRE(p.delegates.size() == 1);
  CHECK(p.delegates[0].role == Delegate::Role::Organizer);
  CHECK(p.delegates[0].methods.empty());
  CHECK_FALSE(p.delegates[0].until);
}

TEST_CASE("until may be an instant with its offset")
{
  const TempDir dir;
  const Policy p = good(dir,
                        "[[delegate]]\nprincipal = \"a@b.example\"\nsent-by = \"c@b.example\"\n"
                        "until = 2027-06-30T12:00:00+02:00\n");
  REQUIRE(p.delegates[0].until);
  CHECK(imip::to_rfc3339(*p.delegates[0].until) == "2027-06-30T10:00:00Z");
}

TEST_CASE("the last day of a month and of a leap year end where they do")
{
  const TempDir dir;
  const auto until = [&](const char* date) {
    const Policy p =
        good(dir,
             std::string{
                 "[[delegate]]\nprincipal = \"a@b.example\"\nsent-by = \"c@b.example\"\nuntil = "} +
                 date + "\n");
    return imip::to_rfc3339(p.delegates.at(0).until.value());
  };
  CHECK(until("2028-02-29") == "2028-02-29T23:59:59Z");
  CHECK(until("2027-12-31") == "2027-12-31T23:59:59Z");
}

TEST_CASE("the system's anchors never admit")
{
  const TempDir dir;
  const Loaded loaded = parse(dir, "version = 1\n[smime]\nanchors = [\"system\"]\n");
  if (fs::exists("/etc/ssl/certs/ca-certificates.crt")) {
    REQUIRE(loaded.problems.empty());
    REQUIRE(loaded.policy.anchors.size() == 1);
    CHECK(loaded.policy.anchors[0].file.path == "/etc/ssl/certs/ca-certificates.crt");
    CHECK_FALSE(loaded.policy.anchors[0].admits);
  } else {
    REQUIRE(loaded.problems.size() == 1);
    CHECK(contains(loaded.problems[0].hint, "install ca-certificates"));
  }
}

TEST_CASE("busy time: who may ask, and how what is not answered shows")
{
  const TempDir dir;
  const Policy p = good(dir,
                        "[me]\naddresses = [\"a@b.example\"]\ntimezone = \"Europe/Berlin\"\n"
                        "[store]\nunanswered = \"busy\"\n"
                        "[[allow]]\naddress = \"c@b.example\"\nfree-busy = true\n"
                        "[[allow]]\naddress = \"d@b.example\"\n"
                        "[defaults]\nfree-busy = \"untrusted\"\n");
  CHECK(p.timezone == "Europe/Berlin");
  CHECK(p.unanswered == imip::itip::Unanswered::Busy);
  REQUIRE(p.allows.size() == 2);
  CHECK(p.allows[0].free_busy);
  CHECK_FALSE(p.allows[1].free_busy);
  CHECK(p.defaults.free_busy == Default::Untrusted);
  const Policy none = good(dir, "[me]\naddresses = [\"a@b.example\"]\n");
  CHECK(none.unanswered == imip::itip::Unanswered::Tentative);
  CHECK(none.defaults.free_busy == Default::Ask);
}

TEST_CASE("aliases of the owner's aliases are hers too")
{
  const TempDir dir;
  const Policy p = good(dir,
                        "[me]\naddresses = [\"a@b.example\"]\n"
                        "[[alias]]\naddress = \"c@b.example\"\nsame-as = [\"d@b.example\"]\n"
                        "[[alias]]\naddress = \"c@b.example\"\nsame-as = [\"a@b.example\"]\n"
                        "[[alias]]\naddress = \"x@b.example\"\nsame-as = [\"y@b.example\"]\n");
  CHECK(p.owner.addresses.size() == 3);
}

TEST_CASE("each mistake is found at its place")
{
  struct Case {
    const char* text;
    std::size_t line, column;
    const char* what;
    const char* hint;
  };
  const std::vector<Case> cases = {
      // unknown keys and tables
      {"colour = 1\n", 2, 1, "unknown key colour in the policy", "known here: version, me"},
      {"[me]\naddreses = []\n", 3, 1, "unknown key addreses in [me]",
       "addresses, groups, local-part and timezone"},
      {"[me]\ntimezone = \"Mars/Olympus\"\n", 3, 12, "unknown time zone 'Mars/Olympus'",
       "Europe/Berlin"},
      {"[mee]\n", 2, 2, "unknown key mee", ""},
      {"[[delegates]]\n", 2, 3, "unknown key delegates", ""},
      {"[smime]\nfloor = { rsabits = 2048 }\n", 3, 11, "unknown key rsabits in floor of [smime]",
       "rsa-bits"},
      {"[limits]\nmessage_bytes = 5\n", 3, 1, "unknown key message_bytes in [limits]",
       "message-bytes"},
      // of another version
      {"[authentication-results]\n", 2, 2, "this version of imip has no authentication-results",
       ""},
      {"[[rule]]\nname = \"x\"\n", 2, 3, "this version of imip has no rule", ""},
      {"[defaults]\nold-reply = \"keep\"\n", 3, 1,
       "this version of imip has no old-reply in [defaults]", ""},
      {"[store]\nunanswered = \"sometimes\"\n", 3, 14, "sometimes", "tentative, busy or free"},
      {"[[delegate]]\nprincipal = \"a@b.example\"\nsent-by = \"*@b.example\"\n", 4, 11,
       "no wildcard", "each address"},
      {"[[delegate]]\nprincipal = \"*@b.example\"\nsent-by = \"a@b.example\"\n", 3, 13,
       "no wildcard", "each address"},
      // types
      {"me = 1\n", 2, 6, "me is a whole number, not a table", "write [me]"},
      {"[[me]]\n", 2, 1, "me is a list of tables", "write [me]"},
      {"[delegate]\n", 2, 1, "delegate is a table, not a list of tables", "write [[delegate]]"},
      {"allow = [1]\n", 2, 10, "allow is a whole number", "write [[allow]]"},
      {"[me]\naddresses = \"a@b.example\"\n", 3, 13, "addresses in [me] is a string, not a list",
       "[\"...\"]"},
      {"[me]\naddresses = [1]\n", 3, 14, "addresses in [me] has a whole number where a string", ""},
      {"[me]\ngroups = []\n", 3, 10, "groups in [me] is empty", ""},
      {"[[allow]]\naddress = true\n", 3, 11, "address in [[allow]] is true or false, not a string",
       ""},
      {"[[allow]]\n", 2, 1, "[[allow]] has no address", "name@example.com"},
      {"[store]\npath = 5\n", 3, 8, "path in [store] is a whole number", ""},
      {"[store]\npath = \"\"\n", 3, 8, "not a path", ""},
      {"[store]\npath = \"~bob/x\"\n", 3, 8, "the home of another user", "whole path"},
      // addresses
      {"[me]\naddresses = [\"alice\"]\n", 3, 14, "'alice' is not a calendar user: it has no @",
       "a@example.com"},
      {"[me]\naddresses = [\"mailto:a@b.example\"]\n", 3, 14, "it is a URI", "leave mailto: out"},
      {"[[allow]]\naddress = \"A Person <a@b.example>\"\n", 3, 11, "it has a space", ""},
      {"[[alias]]\naddress = \"a@b.example\"\nsame-as = [\"x\"]\n", 4, 12,
       "'x' is not a calendar user", ""},
      {"[[alias]]\naddress = \"a@b.example\"\n", 2, 1, "[[alias]] has no same-as", ""},
      {"[[delegate]]\nprincipal = \"a@b.example\"\n", 2, 1, "[[delegate]] has no sent-by", ""},
      {"[[delegate]]\nsent-by = \"a@b.example\"\n", 2, 1, "[[delegate]] has no principal", ""},
      // words
      {"[me]\nlocal-part = \"loose\"\n", 3, 14, "'loose' is not a choice for local-part",
       "write fold or exact"},
      {"[store]\ncancelled = \"drop\"\n", 3, 13, "'drop' is not a choice", "keep or remove"},
      {"[store]\nalarms = \"all\"\n", 3, 10, "'all' is not a choice", "mine or display"},
      {"[smime]\nrevocation = \"on\"\n", 3, 14, "'on' is not a choice",
       "if-available, required or off"},
      {"[defaults]\nunsigned = \"trusted\"\n", 3, 12, "'trusted' is not a choice for unsigned",
       "no default trusts"},
      {"[defaults]\nsent-by = true\n", 3, 11, "sent-by in [defaults] is true or false",
       "untrusted or ask"},
      {"[smime]\nfloor = { digests = [\"sha1\"] }\n", 3, 22, "'sha1' is not a digest",
       "sha256, sha384 or sha512"},
      {"[smime]\nfloor = { digests = [\"md5\"] }\n", 3, 22, "'md5' is not a digest", ""},
      // numbers
      {"[smime]\nfloor = { rsa-bits = 1024 }\n", 3, 22, "rsa-bits is out of range: 1024",
       "2048 to 8192"},
      {"[limits]\nmime-depth = 0\n", 3, 14, "mime-depth is out of range: 0", "from 1 to"},
      {"[limits]\nmime-depth = 1000000\n", 3, 14, "out of range", ""},
      {"[limits]\nmessage-bytes = -1\n", 3, 17, "out of range: -1", ""},
      {"[limits]\nmessage-bytes = 1.5\n", 3, 17, "is a fraction, not a whole number", ""},
      {"[limits]\nstale-days = -3\n", 3, 14, "out of range", ""},
      // dates and methods
      {"[[delegate]]\nprincipal = \"a@b.example\"\nsent-by = \"c@b.example\"\nuntil = "
       "\"2027-06-30\"\n",
       5, 9, "until is a string, not a date", "without quotes"},
      {"[[delegate]]\nprincipal = \"a@b.example\"\nsent-by = \"c@b.example\"\nuntil = "
       "2027-06-30T12:00:00\n",
       5, 9, "until is a time without offset", "2027-06-30T12:00:00Z"},
      {"[[delegate]]\nprincipal = \"a@b.example\"\nsent-by = \"c@b.example\"\nfrom = "
       "2027-06-30\nuntil = 2027-06-29\n",
       6, 9, "until is before from", ""},
      {"[[delegate]]\nprincipal = \"a@b.example\"\nsent-by = \"c@b.example\"\nmethods = "
       "[\"REQUEST\", \"INVITE\"]\n",
       5, 23, "'INVITE' is not a method", "PUBLISH, REQUEST, REPLY"},
      {"[[delegate]]\nprincipal = \"a@b.example\"\nsent-by = \"c@b.example\"\nmethods = []\n", 5,
       11, "methods in [[delegate]] is empty", ""},
      {"[[delegate]]\nprincipal = \"a@b.example\"\nsent-by = \"c@b.example\"\nrole = \"chair\"\n",
       5, 8, "'chair' is not a choice for role", "organizer, attendee or both"},
      // files
      {"[smime]\nanchors = [\"ca/none.pem\"]\n", 3, 12, "'ca/none.pem' names no file",
       "there is no"},
      {"[smime]\nanchors = [\"ca/*.pem\"]\n", 3, 12, "'ca/*.pem' names no file",
       "no file matches in"},
      {"[smime]\ncrls = [\"~/crl/*.pem\"]\n", 3, 9, "'~/crl/*.pem' names no file", ""},
      {"[smime]\nanchors = [\".\"]\n", 3, 12, "is a folder", "name a file"},
      {"[[anchor]]\nfile = \"x.pem\"\n", 3, 8, "'x.pem' names no file", ""},
      {"[[anchor]]\n", 2, 1, "[[anchor]] has no file", ""},
      // identities
      {"[[identity]]\naddress = \"a@b.example\"\n", 2, 1, "neither certificate, pkcs12, pkcs11, openpgp nor gpgsm",
       "give one"},
      {"[[identity]]\naddress = \"a@b.example\"\npkcs12 = \"/etc/passwd\"\npkcs11 = \"pkcs11:token=x\"\n",
       2, 1, "has both pkcs12 and pkcs11", "another [[identity]]"},
      {"[[identity]]\naddress = \"a@b.example\"\nopenpgp = \"a@b.example\"\ngpgsm = \"a@b.example\"\n",
       2, 1, "has both openpgp and gpgsm", ""},
      {"[[identity]]\naddress = \"a@b.example\"\ncertificate = \"/etc/passwd\"\nkey = \"/etc/passwd\"\n"
       "pkcs11 = \"pkcs11:token=x\"\n", 2, 1, "has both key and pkcs11", "in the token"},
      {"[[identity]]\naddress = \"a@b.example\"\nopenpgp = \"a@b.example\"\nkey = \"/etc/passwd\"\n",
       2, 1, "has both key and openpgp", ""},
      {"[[identity]]\naddress = \"a@b.example\"\npkcs11 = \"x\"\n", 4, 10, "not a pkcs11: URI", "RFC 7512"},
      {"[[identity]]\naddress = \"a@b.example\"\npkcs11 = \"pkcs11:token=x?pin-value=1234\"\n", 4, 10,
       "holds a PIN", "pin-source"},
      {"[[identity]]\naddress = \"a@b.example\"\nopenpgp = \"0123456789ABCDEF\"\n", 4, 11,
       "no whole fingerprint", "forged"},
      {"[[identity]]\naddress = \"a@b.example\"\ngpgsm = \"Boss\"\n", 4, 9,
       "neither a fingerprint nor an address", ""},
      {"[[identity]]\naddress = \"a@b.example\"\npkcs12 = \"/etc/passwd\"\npassphrase = "
       "\"secret\"\n",
       5, 14, "passphrase in [[identity]] is a string, not a table", "file"},
      {"[[identity]]\naddress = \"a@b.example\"\npkcs12 = \"/etc/passwd\"\npassphrase = { env = "
       "\"A\", fd = 3 }\n",
       5, 14, "exactly one of file, fd, env", ""},
      {"[[identity]]\naddress = \"a@b.example\"\npkcs12 = \"/etc/passwd\"\npassphrase = { }\n", 5,
       14, "exactly one of file, fd, env", ""},
      {"[[identity]]\naddress = \"a@b.example\"\npkcs12 = \"/etc/passwd\"\npassphrase = { env = "
       "\"A=B\" }\n",
       5, 22, "does not name a variable", ""},
      {"[[identity]]\naddress = \"a@b.example\"\npkcs12 = \"/etc/passwd\"\npassphrase = { fd = -1 "
       "}\n",
       5, 21, "fd is out of range", ""},
      {"[[identity]]\naddress = \"a@b.example\"\npkcs12 = \"/etc/passwd\"\nkey = \"/etc/passwd\"\n",
       2, 1, "both key and pkcs12", ""},
      // not TOML at all
      {"[me\n", 2, 4, "not TOML", ""},
      {"[me]\naddresses = [\"a@b.example\"\n[store]\n", 4, 1, "not TOML", ""},
      {"[=\n", 2, 2, "not TOML", ""},
      {"[.x]\n", 2, 2, "not TOML", ""},
      {"x = [ }1 ]\n", 2, 7, "not TOML", ""},
      {"x = 2027-06-30Tsoon\n", 2, 5, "not TOML", ""},
      {"[me]\n[me]\n", 3, 1, "not TOML", ""},
      {"[[delegate]]\nuntil = 2027-02-30\n", 3, 19, "not TOML", ""},
  };
  for (const Case& c : cases) check_problem(c.text, c.line, c.column, c.what, c.hint);
}

TEST_CASE("anchors limited to what is no domain, or to nothing, are mistakes")
{
  const TempDir dir;
  dir.write("x.pem", "x");
  const auto problem = [&](const std::string& domains) {
    const Loaded loaded =
        parse(dir, "version = 1\n[[anchor]]\nfile = \"x.pem\"\ndomains = " + domains + "\n");
    REQUIRE(loaded.problems.size() == 1);
    return loaded.problems[0];
  };
  CHECK(contains(problem("[\"a b\"]").text, "'a b' is not a domain"));
  CHECK(contains(problem("[\"x@example.com\"]").text, "is not a domain"));
  CHECK(contains(problem("[\"*.example.com\"]").text, "is not a domain"));
  CHECK(contains(problem("[\"\"]").text, "is not a domain"));
  CHECK(contains(problem("[]").text, "domains in [[anchor]] is empty"));
  CHECK(problem("[\"a.example\", \"-\"]").column == 25);
}

TEST_CASE(
    "two anchors of one file are a mistake; of several entries those that do not admit come first")
{
  const TempDir dir;
  for (const char* name : {"x.pem", "y.pem", "z.pem"}) dir.write(name, "x");
  const std::string x = "version = 1\n[[anchor]]\nfile = \"x.pem\"\n";
  const Loaded twice =
      parse(dir, x + "domains = [\"a.example\"]\n[[anchor]]\nfile = \"./x.pem\"\n");
  REQUIRE(twice.problems.size() == 1);
  CHECK(contains(twice.problems[0].text, "the [[anchor]] of line 2 names the same file"));
  CHECK(twice.problems[0].line == 5);
  const Loaded three = parse(dir, x + "[[anchor]]\nfile = \"y.pem\"\nadmits = false\n"
                                      "[smime]\nanchors = [\"z.pem\"]\n");
  CHECK(three.problems.empty());
  std::string order;
  for (const auto& anchor : three.policy.anchors)
    order += anchor.file.path.substr(anchor.file.path.size() - 5, 1);
  CHECK(order == "zyx");
}

TEST_CASE("a version is needed and must be known")
{
  const TempDir dir;
  const auto problems = [&](const std::string& text) { return parse(dir, text).problems; };
  REQUIRE(problems("").size() == 1);
  CHECK(problems("")[0].line == 1);
  CHECK(contains(problems("")[0].hint, "version = 1"));
  REQUIRE(problems("version = 2\n").size() == 1);
  CHECK(contains(problems("version = 2\n")[0].text, "version 2 is not known"));
  REQUIRE(problems("version = \"1\"\n").size() == 1);
  CHECK(problems("version = \"1\"\n")[0].column == 11);
}

TEST_CASE("all problems are listed, in the order of the file")
{
  const TempDir dir;
  const Loaded loaded = parse(dir, R"([me]
addresses = ["nobody"]
color = "red"

[[delegate]]
principal = "x"
sent-by = 5
until = "soon"
what = 1

[smime]
anchors = ["no.pem"]
)");
  std::vector<std::size_t> lines;
  for (const Problem& p : loaded.problems) lines.push_back(p.line);
  CHECK(lines == std::vector<std::size_t>{1, 2, 3, 6, 7, 8, 9, 12});
}

TEST_CASE("a relative path starts at the policy file, whatever characters its folder has")
{
  const TempDir dir;
  fs::create_directories(dir / "odd[a]*?name");
  dir.write("odd[a]*?name/ca.pem", "x");
  const Loaded loaded = parse_policy("version = 1\n[smime]\nanchors = [\"*.pem\"]\n",
                                     dir / "odd[a]*?name" / "policy.toml", "/");
  REQUIRE(loaded.problems.empty());
  REQUIRE(loaded.policy.anchors.size() == 1);
  CHECK(loaded.policy.anchors[0].file.path == (dir / "odd[a]*?name/ca.pem").string());
}

TEST_CASE("a home that is not known is a problem only where it is used")
{
  const TempDir dir;
  const Loaded loaded =
      parse_policy("version = 1\n[store]\npath = \"~/x\"\n", dir / "policy.toml", fs::path{});
  REQUIRE(loaded.problems.size() == 1);
  CHECK(contains(loaded.problems[0].hint, "set HOME"));
  CHECK(parse_policy("version = 1\n", dir / "policy.toml", fs::path{}).problems.empty());
}

TEST_CASE("files that decide and that others may write are problems")
{
  const TempDir dir;
  const std::string ca = dir.write("ca.pem", "x");
  REQUIRE(::chmod(ca.c_str(), 0666) == 0);
  for (const char* text :
       {"[smime]\nanchors = [\"ca.pem\"]\n", "[smime]\nanchors = [\"*.pem\"]\n",
        "[smime]\ncrls = [\"ca.pem\"]\n", "[smime]\nintermediates = [\"ca.pem\"]\n",
        "[[anchor]]\nfile = \"ca.pem\"\n",
        "[[identity]]\naddress = \"a@b.example\"\ncertificate = \"ca.pem\"\n"}) {
    const Loaded loaded = parse(dir, std::string{"version = 1\n"} + text);
    INFO(text);
    REQUIRE_FALSE(loaded.problems.empty());
    CHECK(contains(loaded.problems[0].text, "other users may write"));
  }
}

TEST_CASE("a policy file that others may write is refused")
{
  const TempDir dir;
  const std::string path = dir.write("policy.toml", "version = 1\n");
  REQUIRE(imip::policy::load_policy(path, "/"));
  REQUIRE(::chmod(path.c_str(), 0620) == 0);
  const auto loaded = imip::policy::load_policy(path, "/");
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == imip::Errc::Config);
  CHECK(contains(loaded.error().what, "other users may write"));
}

TEST_CASE("a policy in a folder that others may write is refused")
{
  const TempDir dir;
  fs::create_directories(dir / "open");
  const std::string path = dir.write("open/policy.toml", "version = 1\n");
  REQUIRE(::chmod((dir / "open").c_str(), 0777) == 0);
  const auto loaded = imip::policy::load_policy(path, "/");
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == imip::Errc::Config);
}

TEST_CASE("load_policy gives the first problem with its place and hint")
{
  const TempDir dir;
  const std::string path =
      dir.write("policy.toml", "version = 1\n[me]\nlocal-part = \"x\"\ny = 1\n");
  const auto loaded = imip::policy::load_policy(path, "/");
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == imip::Errc::Config);
  CHECK(contains(loaded.error().what, "policy.toml:3:14: 'x' is not a choice"));
  CHECK(loaded.error().hint == "write fold or exact");
}

TEST_CASE("what is no policy file gives an error and no policy")
{
  const TempDir dir;
  CHECK_FALSE(imip::policy::load_policy(dir / "none.toml", "/"));
  CHECK_FALSE(imip::policy::load_policy(dir.path(), "/"));
  using namespace std::string_literals;
  for (const std::string& junk :
       {"\0\1\2\3"s, "\xff\xfe"s, "version = 1\n\0[me]"s, std::string(100'000, '['),
        "a = " + std::string(100'000, '['), std::string(10'000, 'a') + " = ", "\"\"\""s}) {
    const Loaded loaded = parse(dir, junk);
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].line >= 1);
  }
  dir.write("big.toml", "version = 1\n" + std::string(2'000'000, '#'));
  const auto big = imip::policy::load_policy(dir / "big.toml", "/");
  REQUIRE_FALSE(big);
  CHECK(big.error().code == imip::Errc::TooLarge);
}

TEST_CASE("no slip of the pen brings the reader down")
{
  const TempDir dir;
  const std::string text = R"(version = 1
me = { addresses = ["alice@example.com", 'b@example.com'], "local-part" = """fold""" }
[[delegate]] # x
principal = "boss@example.com"
until = 2027-06-30T10:00:00.5+01:00
[smime]
floor.rsa-bits = 0x1000
[[ "allow" ]]
address = "x\u0040y"
[limits]
mime-depth = 1_0
a.b.'c' = [ 1e5, inf, -nan, 07:32:00, true ]
)";
  constexpr std::string_view alphabet = "=[]{}\"'.,#\\\n\r -_+0:TZaeinx\0\x80\xc3\xff";
  std::uint32_t random = 1;
  const auto next = [&](std::size_t n) {
    random = random * 1664525U + 1013904223U;
    return (random >> 8U) % n;
  };
  for (int round = 0; round < 3000; ++round) {
    std::string broken = text;
    for (std::size_t edits = 1 + next(3); edits > 0; --edits) {
      const std::size_t at = next(broken.size());
      const char c = alphabet[next(alphabet.size())];
      if (next(3) == 0)
        broken.erase(at, 1 + next(8));
      else if (next(2) == 0)
        broken.insert(at, 1, c);
      else
        broken[at] = c;
    }
    const Loaded loaded = parse(dir, broken);
    for (const Problem& p : loaded.problems)
      if (p.line == 0 || p.text.empty() || contains(p.text, "cannot say why"))
        FAIL(broken << p.text);
  }
}

TEST_CASE("line ends and a byte order mark do not move problems")
{
  const TempDir dir;
  const Loaded loaded = parse(dir, "\xEF\xBB\xBFversion = 1\r\n[me]\r\nx = 1\r\n");
  REQUIRE(loaded.problems.size() == 1);
  CHECK(loaded.problems[0].line == 3);
  CHECK(loaded.problems[0].column == 1);
}

TEST_CASE("an identity may be in a token or in a key ring")
{
  const TempDir dir;
  dir.write("a.pem", "x");
  const Loaded loaded = parse(dir,
                              "version = 1\n"
                              "[[identity]]\naddress = \"a@b.example\"\npkcs11 = \"pkcs11:token=t;object=a\"\n"
                              "[[identity]]\naddress = \"a@b.example\"\ncertificate = \"a.pem\"\n"
                              "pkcs11 = \"pkcs11:token=t?pin-source=file:/x\"\npassphrase = { fd = 3 }\n"
                              "[[identity]]\naddress = \"a@b.example\"\n"
                              "openpgp = \"0123 4567 89ab cdef 0123  4567 89ab cdef 0123 4567\"\n"
                              "[[identity]]\naddress = \"a@b.example\"\ngpgsm = \"a@b.example\"\n");
  REQUIRE(loaded.problems.empty());
  const auto& identities = loaded.policy.identities;
  REQUIRE(identities.size() == 4);
  CHECK(key_place(identities[0]) == "pkcs11:token=t;object=a");
  CHECK(key_place(identities[1]) == (dir / "a.pem").string());
  CHECK(identities[1].pkcs11 == "pkcs11:token=t?pin-source=file:/x");
  CHECK(key_place(identities[2]) == "openpgp:0123456789ABCDEF0123456789ABCDEF01234567");
  CHECK(key_place(identities[3]) == "gpgsm:a@b.example");
}

TEST_CASE("words of the command line name keys in stores, and everything else is a file")
{
  for (const char* file : {"boss.pem", "./openpgp:x", "C:x", "https:x", ""}) {
    const auto none = imip::policy::identity_in_key_store(file);
    REQUIRE(none);
    CHECK_FALSE(*none);
  }
  const auto key = imip::policy::identity_in_key_store("OpenPGP:" + std::string(20, 'a') + ":" + std::string(20, 'B'));
  REQUIRE(key);
  REQUIRE(*key);
  CHECK((*key)->openpgp == std::string(20, 'A') + std::string(20, 'B'));
  for (const char* bad : {"openpgp:", "gpgsm:DEADBEEF", "openpgp:Boss <boss@example.com>", "pkcs11:x;pin-value=1"})
    CHECK_FALSE(imip::policy::identity_in_key_store(bad));
  const auto secret = imip::policy::identity_in_key_store("pkcs11:token=x?Pin-Value=1234");
  REQUIRE_FALSE(secret);
  CHECK_FALSE(contains(secret.error().what + secret.error().hint, "1234"));
}
