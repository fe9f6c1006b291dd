#include "crypto/detail/cache.hpp"

#include <algorithm>
#include <random>

#include "crypto/fixture.hpp"

using namespace imip;
using namespace imip::crypto;
using namespace imip::crypto::fixture;

namespace {

std::string print(const std::vector<Reason>& reasons)
{
  std::string out;
  for (const Reason& r : reasons) out += cat(" ", code_word(r.code), ":", r.text);
  return out;
}

std::string print(const Certificate& c)
{
  std::string out =
      cat(c.subject, "|", c.issuer, "|", c.serial, "|", c.sha256, "|", c.spki_sha256, "|",
          to_rfc3339(c.not_before), "|", to_rfc3339(c.not_after), "|", c.key, "|", print(c.faults));
  for (const std::string& name : c.mail_names) out += cat("|", name);
  return out;
}

// All that a report says.
std::string print(const SignatureReport& report)
{
  std::string out = cat(print(report.defects), "\n", static_cast<int>(report.wrapping), "\n",
                        report.content.value_or("no content"), "\n");
  for (const Signature& s : report.signatures) {
    out += cat(static_cast<int>(s.status), print(s.findings), "\n", names(s.identities), "\n",
               s.digest, " ", s.anchor ? cat(*s.anchor) : "-", " ",
               s.signed_at ? to_rfc3339(*s.signed_at) : "-", "\n");
    if (s.signer) out += cat(print(*s.signer), "\n");
    for (const Certificate& c : s.chain) out += cat(print(c), "\n");
  }
  return out;
}

// Every way a chain can end, and some that make a cache stumble: other intermediates with the same
// signer, CRLs in the message, times that the message claims.
std::vector<std::string> messages(const TestCa& ca, const Issued& lists, const Issued& listed)
{
  const TestCa other(CertSpec{.common_name = "Other Root", .ca = true});
  const Issued sub = ca.issue(CertSpec{.common_name = "Sub", .ca = true});
  CertSpec twin{.common_name = "Sub", .eku = "serverAuth", .ca = true};
  twin.same_key = sub.pkey;
  const Issued web = ca.issue(twin);
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}}, sub);
  const Issued bob = ca.person("bob@example.com");
  const Issued old = ca.issue(CertSpec{.mails = {"c@example.com"}, .not_after = day(2026, 6, 1)});
  const std::string crl = ca.crl(ca.root(), {bob}, day(2027, 1, 1), day(2027, 2, 1));
  const auto at = [&](const Issued& who, UtcSeconds t) {
    return raw_cms({.signers = {{.who = who, .signing_time = t}}}, octets);
  };
  return {
      signed_by(listed, {lists}),
      signed_by(listed),
      signed_by(alice, {sub}),
      signed_by(alice),
      signed_by(alice, {web}),
      signed_by(alice, {web, sub}),
      signed_by(alice, {sub, web}),
      signed_by(bob),
      signed_by(bob, {ca.root()}),
      raw_cms({.signers = {{.who = bob, .signing_time = now}}, .crls = {crl}}, octets),
      at(old, now),
      at(old, day(2026, 5, 1)),
      at(old, day(2026, 4, 1)),
      at(bob, day(2026, 4, 1)),
      at(bob, day(2029, 4, 1)),
      signed_by(other.person("boss@example.com"), {other.root()}),
      signed_by(ca.issue(CertSpec{.mails = {"d@example.com"}, .digest = "sha1"})),
      raw_cms({.signers = {{.who = bob, .signing_time = now}, {.who = alice, .signing_time = now}},
               .more_certificates = {sub}},
              octets),
      raw_cms({.signers = {{.who = bob, .signing_time = now, .certificate = false}}}, octets),
      raw_cms({.signers = {{.who = bob, .signing_time = now, .claims = {alice}}}}, octets),
      raw_cms({.signers = {{.who = alice, .digest = "sha1", .signing_time = now}},
               .more_certificates = {sub}},
              octets)};
}

}  // namespace

TEST_CASE("caches change no word of any report, in any order")
{
  const TestCa ca;
  // revoked by a list of the policy's whose issuer's certificate only the message may bring
  const Issued lists = ca.issue({.common_name = "Lists", .eku = "", .key_usage = "cRLSign"});
  const Issued listed =
      ca.issue(CertSpec{.mails = {"l@example.com"}, .extensions = {testing::lists_by(lists)}});
  std::vector<std::string> all = messages(ca, lists, listed);
  const std::size_t whole = all.size();
  for (std::size_t i = 0; i < whole; ++i)  // and damaged ones
    for (std::size_t at = 7 + i; at < all[i].size(); at += 131) {
      std::string changed = all[i];
      changed[at] = static_cast<char>(changed[at] ^ 0x11);
      all.push_back(std::move(changed));
    }
  auto options = trusting({ca.root().certificate});
  options.crls = {ca.crl(lists, {listed}, day(2027, 1, 1), day(2027, 2, 1), "sha256",
                         {{"issuingDistributionPoint", "critical,indirectCRL:TRUE"}})};
  options.caches = true;
  const auto fast = verifier(options);
  options.caches = false;
  std::vector<std::string> expected;
  for (const std::string& der : all)
    expected.push_back(print(verifier(options).verify_detached(octets, der)));
  CHECK(expected[0].find("revoked:") != std::string::npos);
  CHECK(expected[1].find("revocation-unknown:") != std::string::npos);
  std::mt19937 dice(1);
  std::vector<std::size_t> order(all.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  for (int round = 0; round < 4; ++round) {
    for (const std::size_t i : order) {
      INFO("message " << i << " in round " << round);
      CHECK(print(fast.verify_detached(octets, all[i])) == expected[i]);
    }
    std::shuffle(order.begin(), order.end(), dice);
  }
}

TEST_CASE(
    "opaque signatures are the same with and without caches, whatever their lengths look like")
{
  const TestCa ca;
  const TempDir dir;
  const Issued alice = ca.person("alice@example.com");
  std::string big = octets;
  while (big.size() < 70'000) big += big;
  auto options = trusting({ca.root().certificate});
  for (const std::string& content : {octets, std::string(), std::string(200, 'x'), big}) {
    const std::string in = dir.write("m", content);
    for (const std::string how : {"", "-stream", "-nocerts", "-noattr"}) {
      if (how == "-stream" && content.empty()) continue;  // openssl cannot
      const auto made = testing::shell(cat("openssl cms -sign -nodetach -binary -outform DER ", how,
                                           " -in ", in, " -signer ", alice.certificate, " -inkey ",
                                           alice.key, " -out ", (dir / "o").string()));
      REQUIRE(made.status == 0);
      options.caches = false;
      const std::string expected = print(verifier(options).verify_opaque(dir.read("o")));
      CHECK(expected.find("no content") == std::string::npos);
      options.caches = true;
      const auto fast = verifier(options);
      CHECK(print(fast.verify_opaque(dir.read("o"))) == expected);
      CHECK(print(fast.verify_opaque(dir.read("o"))) == expected);
    }
  }
}

TEST_CASE("a certificate is decoded once, and forgotten when there are too many")
{
  const TestCa ca;
  start_libcrypto();
  CertificatePool pool(true);
  const std::string alice = ca.person("alice@example.com").der();
  const X509Ptr first = pool.decode(alice);
  CHECK(first);
  CHECK(pool.decode(alice) == first);
  CHECK(pool.decoded() == 1);
  CHECK_FALSE(pool.decode(alice + "x"));
  CHECK_FALSE(pool.decode("0"));
  CertificatePool forgetful(false);
  CHECK(forgetful.decode(alice) != forgetful.decode(alice));
}

TEST_CASE("a cache by generations keeps what is used and forgets the rest")
{
  Generations<int, int, std::hash<int>> cache(10);
  for (int i = 0; i < 100; ++i) {
    cache.put(i, 2 * i, 1);
    CHECK(cache.find(0) != nullptr);  // used all the time
  }
  CHECK(*cache.find(99) == 198);
  CHECK(*cache.find(0) == 0);
  int kept = 0;
  for (int i = 0; i < 100; ++i) kept += cache.find(i) != nullptr ? 1 : 0;
  CHECK(kept <= 20);
  cache.put(99, 1, 1);
  CHECK(*cache.find(99) == 1);
  CHECK(cache.find(1000) == nullptr);
}
