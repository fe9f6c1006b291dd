#include "report/chain_text.hpp"

#include <catch2/catch.hpp>
#include <sstream>

#include "base/text.hpp"
#include "report/json.hpp"

using namespace imip;

namespace {

crypto::Certificate certificate(const std::string& subject, const std::string& issuer)
{
  crypto::Certificate c;
  c.subject = subject;
  c.issuer = issuer;
  c.serial = "0A";
  c.sha256 = std::string(64, 'a');
  c.key = "rsa-2048";
  return c;
}

crypto::Signature smime(crypto::SignatureStatus status)
{
  crypto::Signature s;
  s.protocol = crypto::Protocol::Smime;
  s.status = status;
  s.digest = "sha256";
  s.entity = "TEXT";
  s.signer = certificate("CN=boss", "CN=Sub");
  s.signer->mail_names = {"boss@example.com", "chief@example.com"};
  s.chain = {certificate("CN=Sub", "CN=Root")};
  return s;
}

crypto::Signature openpgp()
{
  crypto::Signature s;
  s.protocol = crypto::Protocol::OpenPgp;
  s.status = crypto::SignatureStatus::Valid;
  s.entity = "1";
  s.openpgp = crypto::OpenPgpKey{};
  s.openpgp->fingerprint = std::string(40, 'A');
  s.openpgp->subkey = std::string(40, 'B');
  s.openpgp->user_ids = {{"Boss <boss@example.com>", "full", false},
                         {"Mallory <mallory@example.net>", "never", true}};
  s.openpgp->key = "ed25519";
  return s;
}

pipeline::ProtectedEntity entity(const crypto::Signature& s, std::vector<std::string> parts)
{
  pipeline::ProtectedEntity e;
  e.part = s.entity;
  e.signatures = {s};
  e.calendar_parts = std::move(parts);
  return e;
}

pipeline::JudgedPart part(const std::vector<pipeline::ProtectedEntity>& entities)
{
  pipeline::JudgedPart p;
  p.part = "1.2";
  p.entities = std::make_shared<std::vector<pipeline::ProtectedEntity>>(entities);
  return p;
}

std::size_t longest_line(const std::string& text)
{
  std::istringstream lines(text);
  std::size_t longest = 0;
  for (std::string line; std::getline(lines, line);)
    longest = std::max(longest, text::display_width(line));
  return longest;
}

bool says(const std::string& text, const std::string& words)
{
  INFO(text);
  const bool found = text.find(words) != std::string::npos;
  CHECK(found);
  return found;
}

}  // namespace

TEST_CASE("a chain is told to its anchor, each certificate with its fingerprint")
{
  auto s = smime(crypto::SignatureStatus::Valid);
  s.anchor = 0;
  s.anchor_file = "/ca/anchor.pem";
  const std::string text = report::chain_text(part({entity(s, {"1.2"})}), {});
  says(text, "Signature at part TEXT: S/MIME, valid; covers calendar part 1.2\n");
  says(text, "  signer      CN=boss\n    names     boss@example.com\n              chief@example.com\n");
  says(text, "  issued by   CN=Sub\n    issuer    CN=Root\n    serial    0A\n");
  says(text, "    sha256    " + std::string(64, 'a') + "\n");
  says(text, "/ca/anchor.pem");
  CHECK(longest_line(text) <= 80);
}

TEST_CASE("a chain that breaks says so at the certificate, and once")
{
  auto s = smime(crypto::SignatureStatus::Unproven);
  const Reason fault{Code::Expired, "CN=Sub expired on 2020-01-01, which is long ago, long ago, long ago"};
  s.findings = {fault, {Code::NoIdentity, "no address"}};
  s.chain.front().faults = {fault};
  const std::string text = report::chain_text(part({entity(s, {"1.2"})}), {});
  const auto at = text.find("CN=Sub\n    issuer");
  REQUIRE(at != std::string::npos);
  says(text.substr(at), "    breaks    expired: CN=Sub expired on 2020-01-01, which is");
  CHECK(text.find("  finding     expired") == std::string::npos);
  says(text, "  finding     no-identity: no address\n");
  says(text, "  anchor      none");
  CHECK(longest_line(text) <= 80);
}

TEST_CASE("a signature that does not verify shows its chain, and no anchor makes it good")
{
  const std::string text =
      report::chain_text(part({entity(smime(crypto::SignatureStatus::Invalid), {"1.2"})}), {});
  says(text, "S/MIME, invalid; covers calendar part 1.2");
  says(text, "  issued by   CN=Sub");
  says(text, "the signature itself is not good");
}

TEST_CASE("an OpenPGP key is told with the validity of each of its user IDs")
{
  const std::string text = report::chain_text(part({entity(openpgp(), {"1.2"})}), {});
  says(text, "Signature at part 1: OpenPGP, valid; covers calendar part 1.2\n");
  says(text, "  signer      " + std::string(40, 'A') + "\n    subkey    " + std::string(40, 'B') + "\n");
  says(text, "    user ID   Boss <boss@example.com> (validity full)\n");
  says(text, "              Mallory <mallory@example.net> (validity never, revoked)\n");
  CHECK(text.find("anchor") == std::string::npos);
}

TEST_CASE("a signature on something else is not said to cover the calendar")
{
  const auto p = part({entity(smime(crypto::SignatureStatus::Valid), {})});
  CHECK(report::chain_text(p, {}) == "No signature covers this calendar part.\n");
  says(report::other_chains_text(*p.entities, {}), "S/MIME, valid; covers no calendar part\n");
  pipeline::ProtectedEntity broken;
  broken.part = "TEXT";
  broken.defects = {{Code::NotTwoParts, "three parts"}};
  says(report::other_chains_text({broken}, {}),
       "Part TEXT gives no signature\n  finding     not-two-parts: three parts\n");
  CHECK(report::other_chains_text({entity(smime(crypto::SignatureStatus::Valid), {"1"})}, {}).empty());
}

TEST_CASE("what a certificate says reaches no terminal raw, and long words are cut")
{
  auto s = smime(crypto::SignatureStatus::Unproven);
  s.signer->subject = "CN=\x1b[31mred\u202e" + std::string(300, 'x');
  s.signer->mail_names = {std::string(80, 'm') + "\n@example.com"};
  for (int i = 0; i < 60; ++i) s.signer->issuer += "\u5927";  // two columns each
  s.openpgp = crypto::OpenPgpKey{};
  const std::string text = report::chain_text(part({entity(s, {"1.2"})}), {});
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find("\u202e") == std::string::npos);
  says(text, "CN=\\x1B[31mred\\u{202E}xxx");
  CHECK(longest_line(text) <= 80);
}

TEST_CASE("JSON has the signer's key, the faults, and the signatures on other parts")
{
  auto other = smime(crypto::SignatureStatus::Unproven);
  other.chain.front().faults = {{Code::Revoked, "revoked"}};
  auto p = part({entity(openpgp(), {"1.2"}), entity(other, {})});
  p.evidence.signatures = {openpgp()};
  const std::string json = report::verdict_json(p);
  says(json, R"("protocol":"openpgp","status":"valid")");
  says(json, R"("user_ids":[{"text":"Boss <boss@example.com>","validity":"full","revoked":false})");
  says(json, R"("other_signatures":[{"part":"TEXT","covers":[],"signatures":[{"part":"TEXT","protocol":"smime")");
  says(json, R"("faults":[{"code":"revoked","text":"revoked"}])");
}
