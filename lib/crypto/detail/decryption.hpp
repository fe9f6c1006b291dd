/// @file enveloped-data and authEnveloped-data, opened with the owner's keys. Private to
/// lib/crypto.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "crypto/detail/der.hpp"
#include "crypto/detail/openssl.hpp"
#include "crypto/signature.hpp"
#include "crypto/verifier.hpp"

namespace imip::crypto {

/// The owner's keys. A certificate file is read at the first encrypted message, a key when a
/// message is encrypted to it; what fails once is not tried again (nor is anybody asked again).
class KeyRing {
 public:
  explicit KeyRing(std::vector<DecryptionKey> keys);

  using IsRecipient = std::function<bool(X509*)>;
  using Use = std::function<bool(const SigningIdentity&)>;
  /// Gives `use` each key of a recipient until it says true; keys whose certificates can be seen
  /// without a passphrase first.
  /// @return why keys that may be a recipient's could not be used
  std::vector<Error> each(const IsRecipient& is_recipient, const Use& use);
  [[nodiscard]] bool empty() const { return entries_.empty(); }

 private:
  struct Entry {
    DecryptionKey key;
    std::optional<Result<std::vector<X509Ptr>>> certificates;
    std::optional<Result<std::vector<SigningIdentity>>> identities;  ///< several of gpgsm's
  };
  static bool may_match(Entry& entry, const IsRecipient& is_recipient, std::vector<Error>& failed);

  std::vector<Entry> entries_;
};

/// Opens one CMS of these two types. `content` only where the decryption succeeded and, for
/// authEnveloped-data, its tag held.
[[nodiscard]] SignatureReport open_enveloped(const CmsShape& shape, std::string_view der,
                                             KeyRing& keys, const Limits& limits);

}  // namespace imip::crypto
