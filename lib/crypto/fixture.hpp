/// @file What lib/crypto's tests share.
#pragma once
#include <catch2/catch.hpp>
#include <functional>
#include <string>
#include <vector>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "crypto/signing.hpp"
#include "crypto/verifier.hpp"
#include "testing/raw_cms.hpp"
#include "testing/temp_dir.hpp"
#include "testing/test_ca.hpp"

namespace imip::crypto::fixture {

using testing::CertSpec;
using testing::Issued;
using testing::raw_cms;
using testing::RawCms;
using testing::RawSigner;
using testing::TempDir;
using testing::TestCa;

inline UtcSeconds day(int year, unsigned month, unsigned d)
{
  return std::chrono::sys_days{std::chrono::year{year} / std::chrono::month{month} /
                               std::chrono::day{d}};
}

/// The time of all tests; later than that of the machine would be a signing time in the future.
inline const UtcSeconds now = day(2027, 1, 4);
inline const std::string octets =
    "Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n";

inline VerifyOptions trusting(const std::vector<std::string>& anchors)
{
  VerifyOptions o;
  for (const std::string& path : anchors) o.anchors.push_back({path, {}});
  o.at = o.now = now;
  return o;
}

inline Verifier verifier(const VerifyOptions& options, const Limits& limits = {})
{
  auto made = Verifier::create(options, limits);
  if (!made) throw std::runtime_error(made.error().what);
  return *std::move(made);
}

inline SignatureReport verify(const TestCa& ca, const std::string& der)
{
  return verifier(trusting({ca.root().certificate})).verify_detached(octets, der);
}

/// Signs `octets` as `who` at `now`.
inline std::string signed_by(const Issued& who, std::vector<Issued> more = {})
{
  return raw_cms({.signers = {{.who = who, .signing_time = now}}, .more_certificates = more},
                 octets);
}

/// The only signature of a report.
inline const Signature& only(const SignatureReport& report)
{
  if (report.signatures.size() != 1)
    throw std::runtime_error(cat("signatures: ", report.signatures.size(), ", first defect: ",
                                 report.defects.empty() ? "none" : report.defects[0].text));
  return report.signatures.front();
}

inline std::string codes(const std::vector<Reason>& reasons)
{
  std::string out;
  for (const Reason& r : reasons) out += cat(out.empty() ? "" : " ", code_word(r.code));
  return out;
}

inline std::string names(const std::vector<CalAddress>& addresses)
{
  std::string out;
  for (const CalAddress& a : addresses) out += cat(out.empty() ? "" : " ", a.mailbox());
  return out;
}

/// That the signature verifies and yet proves nobody, for exactly these reasons.
inline void check_unproven(const SignatureReport& report, const std::string& reasons)
{
  const Signature& s = only(report);
  INFO((s.findings.empty() ? std::string("no findings") : s.findings.front().text));
  CHECK(s.status == SignatureStatus::Unproven);
  CHECK(codes(s.findings) == reasons);
  CHECK(s.identities.empty());
}

inline void check_valid(const SignatureReport& report, const std::string& who)
{
  const Signature& s = only(report);
  INFO((s.findings.empty() ? std::string("no findings") : s.findings.front().text));
  CHECK(s.status == SignatureStatus::Valid);
  CHECK(codes(s.findings).empty());
  CHECK(names(s.identities) == who);
}

}  // namespace imip::crypto::fixture
