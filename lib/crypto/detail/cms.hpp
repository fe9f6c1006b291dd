/// @file CMS signed-data, taken apart and judged signer by signer. Private to lib/crypto.
#pragma once
#include <optional>
#include <string_view>

#include "base/limits.hpp"
#include "crypto/detail/chain.hpp"
#include "crypto/detail/openssl.hpp"
#include "crypto/signature.hpp"

namespace imip::crypto {

/// Judges one CMS. Holds nothing between calls but references.
class SignedDataJudge {
 public:
  SignedDataJudge(const Trust& trust, const Limits& limits) : trust_(trust), limits_(limits) {}
  /// @param detached  the octets that were signed; nothing for opaque signed-data
  [[nodiscard]] SignatureReport judge(std::optional<std::string_view> detached,
                                      std::string_view der) const;

 private:
  void judge_signers(CMS_ContentInfo* cms, std::string_view octets, SignatureReport& report) const;
  const Trust& trust_;
  const Limits& limits_;
};

}  // namespace imip::crypto
