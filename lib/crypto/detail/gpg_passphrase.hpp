/// @file Passphrases for gpg and gpgsm. Private to lib/crypto.
#pragma once
#include <optional>

#include "crypto/detail/gpg.hpp"
#include "crypto/signing.hpp"

namespace imip::crypto::gpg {

/// While it lives, a session asks `source` for passphrases that the agent does not know, each once. Without a
/// source nobody is asked, neither here nor by a pinentry.
class PassphraseAnswer {
 public:
  /// @param keys_only  that of a key alone is told: not what a message was encrypted with instead of to a key
  PassphraseAnswer(Session& session, const PassphraseSource& source, bool keys_only = false);
  ~PassphraseAnswer();
  PassphraseAnswer(const PassphraseAnswer&) = delete;
  PassphraseAnswer& operator=(const PassphraseAnswer&) = delete;

  /// Did the operation fail with that error because of what the source said? An agent asks again,
  /// or gives up at once.
  [[nodiscard]] bool was_wrong(gpgme_error_t error) const
  {
    return wrong_ || (given_ && gpgme_err_code(error) == GPG_ERR_BAD_PASSPHRASE);
  }
  /// What the source said instead of a passphrase.
  [[nodiscard]] const std::optional<Error>& failed() const { return failed_; }

 private:
  static gpgme_error_t answer(void* self, const char* user_id, const char* info, int again, int fd);
  Session& session_;
  const PassphraseSource& source_;
  bool keys_only_;
  bool given_ = false, wrong_ = false;
  std::optional<Error> failed_;
};

}  // namespace imip::crypto::gpg
