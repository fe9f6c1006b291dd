#include "crypto/gpgsm.hpp"

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "crypto/detail/certificate.hpp"
#include "crypto/detail/gpgsm_ring.hpp"
#include "crypto/detail/identity.hpp"
#include "crypto/openpgp.hpp"

namespace imip::crypto {
namespace {

using gpg::RingCertificate;
using gpg::Session;

Result<Session> open_ring(const std::string& home, bool may_ask)
{
  return gpg::open_gpgsm(home, may_ask ? std::chrono::minutes{5} : std::chrono::seconds{20});
}

tl::unexpected<Error> no_key(const std::string& home, const std::string& who)
{
  return err(Errc::Config,
             cat("gpgsm has no secret key with a certificate for ", who, " in ", home),
             "gpgsm --list-secret-keys shows what there is");
}

// Exactly one, so that nobody signs as somebody else by accident.
Result<RingCertificate> choose(Session& session, const std::string& home, const std::string& who,
                               UtcSeconds at)
{
  IMIP_TRY(auto candidates, gpg::certificates_of(session, who));
  std::vector<RingCertificate> fit;
  std::optional<Error> unfit;
  for (RingCertificate& one : candidates) {
    if (auto fitness = check_fitness(one.certificate.get(), at); !fitness)
      unfit = std::move(fitness).error();
    else
      fit.push_back(std::move(one));
  }
  if (fit.empty() && unfit) return tl::unexpected<Error>(*std::move(unfit));
  if (fit.empty())
    return no_key(home, who);
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
                 "unlock it in gpg-agent first: sign something with gpgsm (no --passphrase option goes to gpgsm)");
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
  IMIP_TRY(const RingCertificate chosen, choose(session, home, who, at));
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

Result<std::vector<SigningIdentity>> load_gpgsm(const IdentityFiles& files,
                                                const PassphraseSource& passphrase)
{
  std::string home = files.key_ring;
  if (home.empty()) {
    IMIP_TRY(home, default_gnupg_home());
  }
  IMIP_TRY(Session session, open_ring(home, false));
  IMIP_TRY(auto found, gpg::certificates_of(session, files.gpgsm));
  if (found.empty()) return no_key(home, files.gpgsm);
  std::vector<SigningIdentity> out;
  std::optional<Error> unfit;
  for (RingCertificate& one : found) {
    auto impl = std::make_unique<SigningIdentity::Impl>();
    auto key = AgentKey::create(one.certificate.get(),
                                {home, std::string(gpg::text_of(one.key->subkeys->keygrip)),
                                 cat("gpgsm:", gpg::text_of(one.key->subkeys->fpr))},
                                passphrase);
    if (!key) {
      unfit = std::move(key).error();
      continue;
    }
    impl->agent = *std::move(key);
    impl->certificate = std::move(one.certificate);
    impl->description = describe(impl->certificate.get());
    out.push_back(SigningAccess::make(std::move(impl)));
  }
  if (out.empty()) return tl::unexpected<Error>(*std::move(unfit));
  return out;
}

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
  IMIP_TRY(RingCertificate chosen, choose(session, home, who, at));
  return std::move(chosen.der);
}

}  // namespace imip::crypto
