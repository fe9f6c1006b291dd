#include "crypto/gpgsm.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "crypto/detail/certificate.hpp"
#include "crypto/detail/gpg.hpp"
#include "crypto/detail/gpg_key.hpp"
#include "crypto/detail/identity.hpp"

namespace imip::crypto {
namespace {

using gpg::Session;

// Whoever has more certificates for one address has to name a fingerprint.
constexpr std::size_t most_candidates = 100;

struct Chosen {
  gpg::Key key;
  X509Ptr certificate;
  std::string der;
};

Result<Session> open_ring(const std::string& home, bool may_ask)
{
  const auto patience = may_ask ? std::chrono::minutes{5} : std::chrono::seconds{20};
  return Session::open(GPGME_PROTOCOL_CMS, {home, false, patience});
}

Result<Chosen> fetch(Session& session, gpg::Key key)
{
  gpg::Data out = gpg::empty_data();
  gpgme_set_armor(session.context(), 0);
  gpgme_key_t only[] = {key.get(), nullptr};
  const gpgme_error_t error = session.run(
      [&](gpgme_ctx_t c) { return gpgme_op_export_keys_start(c, only, 0, out.get()); });
  std::string der = gpg::take(std::move(out));
  const unsigned char* p = octets_of(der);
  X509Ptr x(error != 0 ? nullptr : d2i_X509(nullptr, &p, static_cast<long>(der.size())));
  if (!x || p != octets_of(der) + der.size())
    return err(Errc::Unavailable, "gpgsm does not give the certificate of a key it lists");
  return Chosen{std::move(key), std::move(x), std::move(der)};
}

// Exactly one, so that nobody signs as somebody else by accident.
Result<Chosen> choose(Session& session, const std::string& home, const std::string& who,
                      UtcSeconds at)
{
  const auto fingerprint = gpg::fingerprint_from(who);
  const auto address = CalAddress::from_mailbox(who);
  if (!fingerprint && !address)
    return err(Errc::Config, cat("'", who, "' is neither a fingerprint nor an address"),
               "a fingerprint has 40 hexadecimal digits: gpgsm --list-secret-keys shows it");
  IMIP_TRY(auto keys,
           session.keys(fingerprint ? *fingerprint : cat('<', who, '>'), true, most_candidates));
  std::vector<Chosen> fit;
  std::optional<Error> unfit;
  for (gpg::Key& key : keys) {
    IMIP_TRY(Chosen one, fetch(session, std::move(key)));
    const auto names = identities(one.certificate.get(), false);
    if (!fingerprint && std::none_of(names.begin(), names.end(),
                                     [&](const CalAddress& a) { return same_user(a, *address); }))
      continue;
    if (auto fitness = check_fitness(one.certificate.get(), at); !fitness)
      unfit = std::move(fitness).error();
    else
      fit.push_back(std::move(one));
  }
  if (fit.empty() && unfit) return tl::unexpected<Error>(*std::move(unfit));
  if (fit.empty())
    return err(Errc::Config,
               cat("gpgsm has no secret key with a certificate for ", who, " in ", home),
               "gpgsm --list-secret-keys shows what there is");
  if (fit.size() > 1)
    return err(Errc::Config, cat("gpgsm has several certificates for ", who, " in ", home),
               cat("name one by its fingerprint, for example ",
                   gpg::text_of(fit[0].key->subkeys->fpr)));
  return std::move(fit.front());
}

// RFC 8551 section 3.5.3.2
Result<std::string> micalg_of(gpgme_sign_result_t result)
{
  const gpgme_new_signature_t made = result == nullptr ? nullptr : result->signatures;
  const std::string digest =
      made == nullptr ? std::string()
                      : text::ascii_lower(gpg::text_of(gpgme_hash_algo_name(made->hash_algo)));
  if (digest != "sha256" && digest != "sha384" && digest != "sha512")
    return err(Errc::Config,
               cat("gpgsm signs with ", digest.empty() ? "an unknown digest" : digest,
                   ", which receivers refuse"),
               "gpgsm.conf may say so: digest-algo");
  return cat("sha-", digest.substr(3));
}

tl::unexpected<Error> signing_failed(const std::string& who, gpgme_error_t error)
{
  switch (gpgme_err_code(error)) {
    case GPG_ERR_BAD_PASSPHRASE:
    case GPG_ERR_NO_PASSPHRASE:
    case GPG_ERR_CANCELED:
    case GPG_ERR_NO_PIN_ENTRY:
    case GPG_ERR_PIN_ENTRY:
    case GPG_ERR_ENOTTY:  // a pinentry without a terminal
    case GPG_ERR_TIMEOUT:
      return err(Errc::Permission,
                 cat("the key of ", who, " needs a passphrase that gpg-agent does not know"),
                 "unlock it in gpg-agent first: sign something with gpgsm");
    case GPG_ERR_NOT_TRUSTED:
      return err(Errc::Config, cat("gpgsm does not trust the authority of ", who),
                 "name its root in trustlist.txt of the key ring");
    default:
      return err(Errc::Config, cat("gpgsm cannot sign as ", who, ": ", gpg::error_text(error)));
  }
}

Result<DetachedSignature> sign(const std::string& home, const std::string& who,
                               std::string_view octets, UtcSeconds at, bool may_ask,
                               gpgme_sig_mode_t mode)
{
  constexpr int all_but_the_root = -2;
  start_libcrypto();
  const ErrorScope errors;
  IMIP_TRY(Session session, open_ring(home, may_ask));
  IMIP_TRY(const Chosen chosen, choose(session, home, who, at));
  const gpgme_ctx_t context = session.context();
  gpgme_set_include_certs(context, all_but_the_root);
  const gpg::Data in = gpg::data_over(octets);
  gpg::Data out = gpg::empty_data();
  if (!in || !out || gpgme_signers_add(context, chosen.key.get()) != 0)
    return err(Errc::Unavailable, "no memory for GPGME");
  session.renew();
  const gpgme_error_t error = session.run(
      [&](gpgme_ctx_t c) { return gpgme_op_sign_start(c, in.get(), out.get(), mode); });
  if (error != 0) return signing_failed(who, error);
  IMIP_TRY(std::string micalg, micalg_of(gpgme_op_sign_result(context)));
  return DetachedSignature{gpg::take(std::move(out)), std::move(micalg)};
}

}  // namespace

void expect_gpgsm()
{
  gpg::want_all_engines();
}

Result<DetachedSignature> gpgsm_sign(const std::string& home, const std::string& who,
                                     std::string_view octets, UtcSeconds at,
                                     const PassphraseSource& passphrase)
{
  return sign(home, who, octets, at, static_cast<bool>(passphrase), GPGME_SIG_MODE_DETACH);
}

Result<std::string> gpgsm_sign_opaque(const std::string& home, const std::string& who,
                                      std::string_view octets, UtcSeconds at,
                                      const PassphraseSource& passphrase)
{
  IMIP_TRY(DetachedSignature made, sign(home, who, octets, at, static_cast<bool>(passphrase),
                                        GPGME_SIG_MODE_NORMAL));
  return std::move(made.der);
}

Result<std::string> gpgsm_certificate(const std::string& home, const std::string& who,
                                      UtcSeconds at)
{
  start_libcrypto();
  const ErrorScope errors;
  IMIP_TRY(Session session, open_ring(home, false));
  IMIP_TRY(Chosen chosen, choose(session, home, who, at));
  return std::move(chosen.der);
}

}  // namespace imip::crypto
