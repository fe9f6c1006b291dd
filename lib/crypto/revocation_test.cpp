#include "crypto/revocation_fixture.hpp"

using namespace imip;
using namespace imip::crypto;
using namespace imip::crypto::fixture;

TEST_CASE("a certificate on the policy's CRL is revoked")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const Issued bob = ca.person("bob@example.com");
  const std::string crl = ca.crl(ca.root(), {alice}, before, after);
  for (const Revocation mode : {Revocation::IfAvailable, Revocation::Required}) {
    check_unproven(with(ca, {crl}, mode, signed_by(alice)), "revoked");
    check_valid(with(ca, {crl}, mode, signed_by(bob)), "bob@example.com");
  }
  check_valid(with(ca, {crl}, Revocation::Off, signed_by(alice)), "alice@example.com");
}

TEST_CASE("required wants a CRL for every certificate below the anchor")
{
  const TestCa ca;
  const Issued sub = ca.issue(CertSpec{.common_name = "Sub", .ca = true});
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}}, sub);
  const std::string der = signed_by(alice, {sub});
  const std::string of_root = ca.crl(ca.root(), {}, before, after);
  const std::string of_sub = ca.crl(sub, {}, before, after);
  check_valid(with(ca, {}, Revocation::IfAvailable, der), "alice@example.com");
  check_unproven(with(ca, {}, Revocation::Required, der), "revocation-unknown revocation-unknown");
  check_unproven(with(ca, {of_root}, Revocation::Required, der), "revocation-unknown");
  check_unproven(with(ca, {of_sub}, Revocation::Required, der), "revocation-unknown");
  check_valid(with(ca, {of_sub, of_root}, Revocation::Required, der), "alice@example.com");
}

TEST_CASE("a revoked intermediate revokes all below it")
{
  const TestCa ca;
  const Issued sub = ca.issue(CertSpec{.common_name = "Sub", .ca = true});
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}}, sub);
  const std::string crl = ca.crl(ca.root(), {sub}, before, after);
  check_unproven(with(ca, {crl}, Revocation::IfAvailable, signed_by(alice, {sub})), "revoked");
}

TEST_CASE("a stale CRL still revokes what it lists and else counts as missing, with a notice")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const Issued bob = ca.person("bob@example.com");
  const std::string crl = ca.crl(ca.root(), {alice}, day(2026, 1, 1), day(2026, 2, 1));
  check_unproven(with(ca, {crl}, Revocation::IfAvailable, signed_by(alice)), "revoked");
  check_unproven(with(ca, {crl}, Revocation::Required, signed_by(bob)), "revocation-unknown");
  const auto report = with(ca, {crl}, Revocation::IfAvailable, signed_by(bob));
  CHECK(only(report).status == SignatureStatus::Valid);
  CHECK(codes(only(report).findings) == "revocation-unknown");
  CHECK(names(only(report).identities) == "bob@example.com");
}

TEST_CASE("a CRL that does not say how long it holds revokes what it lists and clears nobody")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const Issued bob = ca.person("bob@example.com");
  const std::string open = ca.crl(ca.root(), {alice}, before, std::nullopt);
  const std::string complete = ca.crl(ca.root(), {}, before, after);
  for (const Revocation mode : {Revocation::IfAvailable, Revocation::Required})
    for (const auto& files : {std::vector{open}, std::vector{complete, open}})
      check_unproven(with(ca, files, mode, signed_by(alice)), "revoked");
  const auto required = with(ca, {open}, Revocation::Required, signed_by(bob));
  check_unproven(required, "revocation-unknown");
  CHECK(only(required).findings.front().text.find("nextUpdate") != std::string::npos);
  CHECK(only(required).findings.front().text.find(open) != std::string::npos);
  const auto available = with(ca, {open}, Revocation::IfAvailable, signed_by(bob));
  CHECK(only(available).status == SignatureStatus::Valid);
  CHECK(codes(only(available).findings) == "revocation-unknown");
  check_valid(with(ca, {open, complete}, Revocation::Required, signed_by(bob)), "bob@example.com");
}

TEST_CASE("a hold does not end with a list that does not say how long it holds")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  constexpr int hold_reason = 6;  // certificateHold
  const std::string hold = ca.crl(ca.root(), {alice}, before, after, "sha256", {}, hold_reason);
  const std::string silent =
      ca.crl(ca.root(), {}, before + std::chrono::hours{1}, std::nullopt);
  for (const Revocation mode : {Revocation::IfAvailable, Revocation::Required})
    check_unproven(with(ca, {hold, silent}, mode, signed_by(alice)), "revoked");
}

TEST_CASE("the verification time does not move revocation")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const std::string crl = ca.crl(ca.root(), {alice}, before, after);
  check_unproven(with(ca, {crl}, Revocation::IfAvailable, signed_by(alice), day(2025, 1, 1)),
                 "revoked");
  const std::string fresh = ca.crl(ca.root(), {}, before, after);
  check_valid(with(ca, {fresh}, Revocation::Required, signed_by(alice), day(2025, 1, 1)),
              "alice@example.com");
}

TEST_CASE("a CRL inside the message may revoke and never satisfies required")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const auto carrying = [&](const std::string& crl) {
    return raw_cms({.signers = {{.who = alice, .signing_time = now}}, .crls = {crl}}, octets);
  };
  const std::string clears = carrying(ca.crl(ca.root(), {}, before, after));
  const std::string revokes = carrying(ca.crl(ca.root(), {alice}, before, after));
  check_valid(with(ca, {}, Revocation::IfAvailable, clears), "alice@example.com");
  check_unproven(with(ca, {}, Revocation::Required, clears), "revocation-unknown");
  check_unproven(with(ca, {}, Revocation::IfAvailable, revokes), "revoked");
  // nor does it hide what the policy's list says
  const std::string policy = ca.crl(ca.root(), {alice}, before, after);
  check_unproven(with(ca, {policy}, Revocation::IfAvailable, clears), "revoked");
}

TEST_CASE("a forged CRL neither revokes nor clears")
{
  const TestCa ca;
  const TestCa twin;  // same name, another key
  const Issued alice = ca.person("alice@example.com");
  const std::string forged = twin.crl(twin.root(), {alice}, before, after);
  const std::string cleared = twin.crl(twin.root(), {}, before, after);
  check_unproven(with(ca, {cleared}, Revocation::Required, signed_by(alice)), "revocation-unknown");
  const auto report =
      with(ca, {}, Revocation::IfAvailable,
           raw_cms({.signers = {{.who = alice, .signing_time = now}}, .crls = {forged}}, octets));
  check_valid(report, "alice@example.com");
}

TEST_CASE("a CRL with a weak signature may revoke and never satisfies required")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const std::string clears = ca.crl(ca.root(), {}, before, after, "sha1");
  const std::string revokes = ca.crl(ca.root(), {alice}, before, after, "sha1");
  check_unproven(with(ca, {clears}, Revocation::Required, signed_by(alice)), "revocation-unknown");
  check_unproven(with(ca, {revokes}, Revocation::IfAvailable, signed_by(alice)), "revoked");
}

TEST_CASE("a folder of CRLs stands for all files in it but hidden ones and folders")
{
  const TestCa ca;
  const TempDir dir;
  const Issued alice = ca.person("alice@example.com");
  const auto copy = [&](const std::string& from, const std::string& name) {
    std::filesystem::create_directories((dir / name).parent_path());
    std::filesystem::copy_file(from, dir / name);
  };
  std::filesystem::create_directory(dir / "crls");
  const std::string folder = (dir / "crls").string();
  check_valid(with(ca, {folder}, Revocation::IfAvailable, signed_by(alice)), "alice@example.com");
  check_unproven(with(ca, {folder}, Revocation::Required, signed_by(alice)), "revocation-unknown");
  const TestCa other(CertSpec{.common_name = "Other Root", .ca = true});
  copy(other.crl(other.root(), {}, before, after), "crls/other.pem");
  copy(ca.crl(ca.root(), {alice}, before, after), "crls/top.pem");
  dir.write("crls/.root.pem.tmp", "half a li");
  dir.write("crls/deeper/none", "no list");
  check_unproven(with(ca, {folder}, Revocation::Required, signed_by(alice)), "revoked");
  dir.write("crls/readme", "no list");
  auto options = trusting({ca.root().certificate});
  options.crls = {folder};
  const auto made = Verifier::create(options, {});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Errc::Config);
  CHECK(made.error().what.find("readme") != std::string::npos);
}

TEST_CASE("a folder of CRLs that others may write to is refused")
{
  const TestCa ca;
  const TempDir dir;
  std::filesystem::create_directory(dir / "crls");
  std::filesystem::copy_file(ca.crl(ca.root(), {}, before, after), dir / "crls/top.pem");
  std::filesystem::permissions(dir / "crls/top.pem", std::filesystem::perms{0666});
  auto options = trusting({ca.root().certificate});
  options.crls = {(dir / "crls").string()};
  const auto made = Verifier::create(options, {});
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Errc::Config);
}

TEST_CASE("lists that say only a part clear nobody, and say so; whom they list is revoked")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const Issued bob = ca.person("bob@example.com");
  const std::string complete = ca.crl(ca.root(), {}, before, after);
  const auto list = [&](const std::string& name, const std::string& value) {
    return ca.crl(ca.root(), {alice}, before, after, "sha256", {{name, value}});
  };
  const std::vector<std::pair<std::string, std::string>> lists = {
      {list("2.5.29.27", "critical,DER:02:01:01"), "delta"},
      {list("issuingDistributionPoint", "critical,indirectCRL:TRUE"), "indirect"},
      {list("issuingDistributionPoint", "critical,onlysomereasons:keyCompromise"), "reasons"}};
  for (const auto& [file, word] : lists) {
    INFO(word);
    const auto required = with(ca, {file}, Revocation::Required, signed_by(bob));
    check_unproven(required, "revocation-unknown");
    CHECK(only(required).findings.front().text.find(word) != std::string::npos);
    CHECK(only(required).findings.front().text.find(file) != std::string::npos);
    const auto available = with(ca, {file}, Revocation::IfAvailable, signed_by(bob));
    CHECK(only(available).status == SignatureStatus::Valid);
    CHECK(codes(only(available).findings) == "revocation-unknown");
    for (const Revocation mode : {Revocation::IfAvailable, Revocation::Required})
      for (const auto& files : {std::vector{complete, file}, std::vector{file, complete}}) {
        check_unproven(with(ca, files, mode, signed_by(alice)), "revoked");
        check_valid(with(ca, files, mode, signed_by(bob)), "bob@example.com");
      }
    check_unproven(with(ca, {file}, Revocation::IfAvailable, signed_by(alice)), "revoked");
    const auto carrying =
        raw_cms({.signers = {{.who = alice, .signing_time = now}}, .crls = {file}}, octets);
    check_unproven(with(ca, {complete}, Revocation::Required, carrying), "revoked");
  }
}

TEST_CASE("a list that nobody can use entirely still revokes whom it lists")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const std::string complete = ca.crl(ca.root(), {}, before, after);
  for (const auto& [name, value] : testing::CrlExtensions{
           {"1.2.3.4", "critical,DER:05:00"},
           {"issuingDistributionPoint", "critical,fullname:URI:http://example.com/other"},
           {"issuingDistributionPoint", "critical,onlyCA:TRUE"}}) {
    INFO(value);
    const std::string odd =
        ca.crl(ca.root(), {alice}, before, after, "sha256", {{name, value}});
    check_unproven(with(ca, {complete, odd}, Revocation::IfAvailable, signed_by(alice)), "revoked");
    check_unproven(with(ca, {odd}, Revocation::IfAvailable, signed_by(alice)), "revoked");
  }
}

TEST_CASE("the order of lists and their dates never hide a revocation")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  const std::string silent = ca.crl(ca.root(), {}, before, after);
  for (const UtcSeconds at : {before, before - std::chrono::hours{1}, before + std::chrono::hours{1}}) {
    const std::string lists = ca.crl(ca.root(), {alice}, at, after);
    const std::string stale = ca.crl(ca.root(), {alice}, at - std::chrono::hours{90}, at);
    for (const auto& files :
         {std::vector{silent, lists}, std::vector{lists, silent}, std::vector{stale, silent}})
      check_unproven(with(ca, files, Revocation::IfAvailable, signed_by(alice)), "revoked");
  }
}

TEST_CASE("a hold ends with a newer complete list of the policy's that is silent")
{
  const TestCa ca;
  const Issued alice = ca.person("alice@example.com");
  constexpr int hold_reason = 6;  // certificateHold
  const auto held = [&](UtcSeconds at) {
    return ca.crl(ca.root(), {alice}, at, after, "sha256", {}, hold_reason);
  };
  const UtcSeconds later = before + std::chrono::hours{1};
  const std::string hold = held(before);
  const std::string silent = ca.crl(ca.root(), {}, later, after);
  check_unproven(with(ca, {hold}, Revocation::IfAvailable, signed_by(alice)), "revoked");
  for (const auto& files : {std::vector{hold, silent}, std::vector{silent, hold}})
    check_valid(with(ca, files, Revocation::Required, signed_by(alice)), "alice@example.com");
  const std::string again = held(later + std::chrono::hours{1});
  check_unproven(with(ca, {silent, again}, Revocation::Required, signed_by(alice)), "revoked");
  const auto carrying =
      raw_cms({.signers = {{.who = alice, .signing_time = now}}, .crls = {silent}}, octets);
  check_unproven(with(ca, {hold}, Revocation::IfAvailable, carrying), "revoked");
}

TEST_CASE("a list for end entities alone counts for them and not for authorities")
{
  const TestCa ca;
  const Issued sub = ca.issue(CertSpec{.common_name = "Sub", .ca = true});
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}}, sub);
  const std::string users = ca.crl(ca.root(), {}, before, after, "sha256",
                                   {{"issuingDistributionPoint", "critical,onlyuser:TRUE"}});
  check_valid(with(ca, {users}, Revocation::Required, signed_by(ca.person("bob@example.com"))),
              "bob@example.com");
  const std::string of_sub = ca.crl(sub, {}, before, after);
  check_unproven(with(ca, {users, of_sub}, Revocation::Required, signed_by(alice, {sub})),
                 "revocation-unknown");
}

TEST_CASE("the list of a twin authority hides nobody's revocation, whatever its date")
{
  const CertSpec root{.common_name = "Test Root", .ca = true, .key_identifiers = false};
  const TestCa ca(root);
  const TestCa twin(root);
  const Issued alice = ca.issue(CertSpec{.mails = {"alice@example.com"}, .key_identifiers = false});
  const std::string revokes = ca.crl(ca.root(), {alice}, before, after);
  const std::string hides = twin.crl(twin.root(), {}, before + std::chrono::hours{1}, after);
  for (const auto& lists : {std::vector{revokes, hides}, std::vector{hides, revokes}})
    check_unproven(with(ca, lists, Revocation::IfAvailable, signed_by(alice)), "revoked");
  const std::string weak = ca.crl(ca.root(), {alice}, before, after, "sha1");
  const std::string carrying =
      raw_cms({.signers = {{.who = alice, .signing_time = now}}, .crls = {hides}}, octets);
  check_unproven(with(ca, {weak}, Revocation::IfAvailable, carrying), "revoked");
}

TEST_CASE("a list that does not count is named, with the reason why and what to do")
{
  const TestCa ca;
  const TestCa twin;
  const TestCa no_lists(
      CertSpec{.common_name = "No lists", .key_usage = "critical,keyCertSign", .ca = true});
  const auto list = [&](const testing::CrlExtensions& extensions) {
    return ca.crl(ca.root(), {}, before, after, "sha256", extensions);
  };
  const auto told = [](const TestCa& by, const std::string& word, const std::string& crl,
                       const testing::CrlExtensions& extensions = {}) {
    INFO(word);
    const std::string der =
        signed_by(by.issue(CertSpec{.mails = {"alice@example.com"}, .extensions = extensions}));
    check_noticed(with(by, {crl}, Revocation::IfAvailable, der), word, crl);
    const auto required = with(by, {crl}, Revocation::Required, der);
    check_unproven(required, "revocation-unknown");
    CHECK(only(required).findings.front().text.find(word) != std::string::npos);
  };
  told(ca, "has a signature that does not verify", twin.crl(twin.root(), {}, before, after));
  told(ca, "not understood (1.2.3.4); ", list({{"1.2.3.4", "critical,DER:05:00"}}));
  told(no_lists, "keyUsage lacks cRLSign", no_lists.crl(no_lists.root(), {}, before, after));
  told(ca, "is signed with sha1", ca.crl(ca.root(), {}, before, after, "sha1"));
  told(ca, "holds only from 2027-01-20T00:00:00Z; check this machine's clock",
       ca.crl(ca.root(), {}, day(2027, 1, 20), after));
  told(ca, "is out of date since 2026-02-01T00:00:00Z; fetch a new one",
       ca.crl(ca.root(), {}, day(2026, 1, 1), day(2026, 2, 1)));
  told(ca, "authorityKeyIdentifier", list({{"2.5.29.35", "DER:30:06:80:04:01:02:03:04"}}));
  told(ca, "issuingDistributionPoint says",
       list({{"issuingDistributionPoint", "critical,onlyCA:TRUE"}}));
  told(ca, "all reasons", list({}),  // a distribution point for keyCompromise alone
       {{"2.5.29.31",
         "DER:30:1B:30:19:A0:13:A0:11:86:0F:68:74:74:70:3A:2F:2F:78:2E:65:78:2F:63:72:6C:81:02:06:"
         "40"}});
}

TEST_CASE("of several lists that do not count the latest is told")
{
  const TestCa ca;
  const std::string der = signed_by(ca.person("alice@example.com"));
  const std::string old = ca.crl(ca.root(), {}, day(2025, 1, 1), day(2025, 2, 1));
  const std::string stale = ca.crl(ca.root(), {}, day(2026, 1, 1), day(2026, 2, 1));
  for (const auto& files : {std::vector{old, stale}, std::vector{stale, old}})
    check_noticed(with(ca, files, Revocation::IfAvailable, der), "since 2026-02-01", stale);
}
