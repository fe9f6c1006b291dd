#include "crypto/detail/gpg_passphrase.hpp"

#include "base/cat.hpp"
#include "crypto/detail/identity.hpp"

namespace imip::crypto::gpg {

PassphraseAnswer::PassphraseAnswer(Session& session, const PassphraseSource& source, bool keys_only)
    : session_(session), source_(source), keys_only_(keys_only)
{
  gpgme_ctx_t c = session.context();
  gpgme_set_pinentry_mode(c, source ? GPGME_PINENTRY_MODE_LOOPBACK : GPGME_PINENTRY_MODE_ERROR);
  gpgme_set_passphrase_cb(c, source ? answer : nullptr, this);
}

PassphraseAnswer::~PassphraseAnswer()
{
  gpgme_set_passphrase_cb(session_.context(), nullptr, nullptr);
}

gpgme_error_t PassphraseAnswer::answer(void* self, const char* user_id, const char*, int again,
                                       int fd)
{
  auto& me = *static_cast<PassphraseAnswer*>(self);
  if (again != 0) {
    me.wrong_ = true;
    return gpgme_error(GPG_ERR_BAD_PASSPHRASE);
  }
  const std::string_view who = text_of(user_id);
  if (who.empty() && me.keys_only_) return gpgme_error(GPG_ERR_CANCELED);
  Secret secret;
  if (auto got = ask_passphrase(
          me.source_, who.empty() ? std::string("OpenPGP message") : cat("OpenPGP key ", who),
          secret);
      !got) {
    me.failed_ = std::move(got).error();
    return gpgme_error(GPG_ERR_CANCELED);
  }
  const std::string& text = secret.text();
  if (gpgme_io_writen(fd, text.data(), text.size()) != 0 || gpgme_io_writen(fd, "\n", 1) != 0)
    return gpgme_error_from_syserror();
  me.given_ = true;
  return 0;
}

}  // namespace imip::crypto::gpg
