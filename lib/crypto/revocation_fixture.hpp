/// @file What the tests of revocation share.
#pragma once
#include "crypto/fixture.hpp"

namespace imip::crypto::fixture {

inline const UtcSeconds before = day(2027, 1, 1);
inline const UtcSeconds after = day(2027, 2, 1);

inline SignatureReport with(const TestCa& ca, const std::vector<std::string>& crls, Revocation mode,
                            const std::string& der, UtcSeconds at = now)
{
  auto options = trusting({ca.root().certificate});
  options.crls = crls;
  options.revocation = mode;
  options.at = at;
  return verifier(options).verify_detached(octets, der);
}

/// Neither revoked nor cleared, with these words and this file.
inline void check_noticed(const SignatureReport& report, const std::string& word,
                          const std::string& file)
{
  const Signature& s = only(report);
  CHECK(s.status == SignatureStatus::Valid);
  CHECK(codes(s.findings) == "revocation-unknown");
  INFO((s.findings.empty() ? std::string() : s.findings.front().text));
  CHECK((!s.findings.empty() && s.findings.front().text.find(word) != std::string::npos));
  CHECK((!s.findings.empty() && s.findings.front().text.find(file) != std::string::npos));
}

}  // namespace imip::crypto::fixture
