/// @file The certificates of gpgsm's key ring that have secret keys. Private to lib/crypto.
#pragma once
#include <string>
#include <vector>

#include "base/result.hpp"
#include "crypto/detail/gpg.hpp"
#include "crypto/detail/openssl.hpp"

namespace imip::crypto::gpg {

struct RingCertificate {
  Key key;
  X509Ptr certificate;
  std::string der;
};

/// A session with gpgsm. @errors Errc::Unavailable
Result<Session> open_gpgsm(const std::string& home, std::chrono::milliseconds patience);

/// Those of `who`, fit or not: a SHA-1 fingerprint (40 hexadecimal digits, colons allowed), or an address that the
/// subjectAltName holds. May be none.
/// @errors Errc::Config (neither a fingerprint nor an address), Errc::Unavailable
Result<std::vector<RingCertificate>> certificates_of(Session& session, const std::string& who);

}  // namespace imip::crypto::gpg
