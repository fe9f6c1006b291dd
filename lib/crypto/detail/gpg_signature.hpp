/// @file What gpg says of a signature, judged by our own rules. Private to lib/crypto.
#pragma once
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/detail/armour.hpp"
#include "crypto/detail/gpg.hpp"
#include "crypto/openpgp.hpp"

namespace imip::crypto::gpg {

/// What gpg's status lines tell beyond what GPGME makes of them.
class Watcher {
 public:
  struct SeenSignature {
    bool valid = false;  ///< VALIDSIG: it verifies over the octets
    int type = -1;       ///< RFC 4880 section 5.2.1: 0 binary, 1 text
    std::string primary;  ///< fingerprint of the primary key that gpg took the signing key for one of
  };
  /// Listens to `session` until it goes. More signatures or hidden recipients than `limits` allow
  /// stop the operation.
  Watcher(Session& session, const Limits& limits);
  ~Watcher();
  Watcher(const Watcher&) = delete;
  Watcher& operator=(const Watcher&) = delete;

  std::vector<SeenSignature> signatures;
  std::vector<std::string> encrypted_to;  ///< key IDs, each once
  std::size_t plaintexts = 0, decryptions = 0, integrity_held = 0;
  bool decrypted = false, failed = false;
  bool key_fitted = false, integrity_protected = false;
  bool wants_password = false;  ///< one that no key stands for
  bool ended = false;     ///< gpg came to the end of decrypting; else it was stopped, or never ran
  bool foreign = false;   ///< packets that have no place there: keys, a second message
  bool too_many = false;
  bool too_many_guesses = false;

 private:
  static gpgme_error_t on_status(void* self, const char* keyword, const char* arguments);
  void note(std::string_view keyword, std::string_view arguments);
  void note_valid(std::string_view arguments);
  void note_recipient(std::string_view key_id);
  Session& session_;
  const Limits& limits_;
  Guesses guesses_;
};

/// The key with the primary key of that fingerprint; null if it cannot be had.
using KeyLookup = std::function<gpgme_key_t(const std::string& fingerprint)>;

/// @param claimed  the one key that a signature names, by a key ID or a fingerprint; null without. Of a signature that
///                 is not good that proves nothing, but a person is told who it claims to be by (RFC 6047 section 3
///                 step 2 (a)).
Signature judge_signature(gpgme_signature_t found, const Watcher::SeenSignature& seen,
                          std::string_view octets, const OpenPgpOptions& options,
                          const KeyLookup& lookup, const KeyLookup& claimed);

}  // namespace imip::crypto::gpg
