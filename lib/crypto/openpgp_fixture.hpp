/// @file People with OpenPGP keys, for tests: made once in a run.
#pragma once
#include <string>

#include "crypto/fixture.hpp"
#include "crypto/openpgp.hpp"
#include "testing/gpg_home.hpp"

namespace imip::crypto::fixture {

using testing::TempGpgHome;

/// The owner's ring: the boss's key is fully valid for boss@example.com and unknown for
/// other@example.com.
struct People {
  TempGpgHome senders, owner;
  std::string boss, alice;

  People()
  {
    boss = senders.make_key("Boss <boss@example.com>");
    senders.gpg("--quick-add-uid " + boss + " 'Boss <other@example.com>'");
    alice = owner.make_key("Alice <alice@example.com>");
    owner.gpg("--quick-add-key " + alice + " cv25519 encr never");
    trust(boss, "'Boss <boss@example.com>'");
  }
  /// Brings a sender's key into the owner's ring and, if `user_ids` says so, has the owner vouch for some.
  void trust(const std::string& key, const std::string& user_ids) const
  {
    owner.import_from(senders, key);
    owner.gpg("--quick-lsign-key " + key + " " + user_ids);
  }
};

inline const People& people()
{
  static const People all;
  return all;
}

inline OpenPgpOptions ring_of(const TempGpgHome& home)
{
  OpenPgpOptions options;
  options.home = home.path();
  options.at = options.now = now;
  return options;
}

inline SignatureReport verify_pgp(const std::string& armour, OpenPgpOptions options,
                                  std::string_view content = octets)
{
  return OpenPgp(std::move(options), Limits{}).verify_detached(content, armour);
}
inline SignatureReport verify_pgp(const std::string& armour)
{
  return verify_pgp(armour, ring_of(people().owner));
}

inline void check_defect(const SignatureReport& report, const std::string& code)
{
  INFO((report.defects.empty() ? std::string("no defect") : report.defects.front().text));
  CHECK(report.signatures.empty());
  CHECK_FALSE(report.content.has_value());
  CHECK(codes(report.defects) == code);
}

inline void check_unchecked(const SignatureReport& report, const std::string& mentions)
{
  const Signature& s = only(report);
  CHECK(s.status == SignatureStatus::NotChecked);
  CHECK(codes(s.findings) == "signature-unchecked");
  CHECK(s.identities.empty());
  INFO(s.findings.front().text);
  CHECK(s.findings.front().text.find(mentions) != std::string::npos);
}

}  // namespace imip::crypto::fixture
