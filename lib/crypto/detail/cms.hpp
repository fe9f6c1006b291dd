/// @file One CMS: signed-data is taken apart and judged signer by signer, the other types are
/// opened. Private to lib/crypto.
#pragma once
#include <optional>
#include <string_view>

#include "base/limits.hpp"
#include "crypto/detail/chain.hpp"
#include "crypto/detail/decryption.hpp"
#include "crypto/detail/openssl.hpp"
#include "crypto/signature.hpp"

namespace imip::crypto {

/// A report that says only why there is nothing to report.
[[nodiscard]] SignatureReport defect(Code code, std::string text);

/// Judges one CMS. Holds nothing between calls but references.
class CmsJudge {
 public:
  CmsJudge(const Trust& trust, KeyRing& keys, const Limits& limits)
      : trust_(trust), keys_(keys), limits_(limits)
  {
  }
  /// @param detached  the octets that were signed; nothing for application/pkcs7-mime
  [[nodiscard]] SignatureReport judge(std::optional<std::string_view> detached,
                                      std::string_view der) const;

 private:
  struct Parsed {
    CmsPtr cms;
    OwnedCertificates certificates;
    bool trailing = false;
  };
  [[nodiscard]] std::optional<Parsed> parse(std::string_view der) const;
  [[nodiscard]] SignatureReport judge_signed_data(std::optional<std::string_view> detached,
                                                  std::string_view der) const;
  void judge_signers(const Parsed& parsed, std::string_view octets, SignatureReport& report) const;
  const Trust& trust_;
  KeyRing& keys_;
  const Limits& limits_;
};

}  // namespace imip::crypto
