#include "cli/signer.hpp"

#include <algorithm>
#include <filesystem>

#include "base/cat.hpp"
#include "crypto/encryption.hpp"
#include "crypto/gpgsm.hpp"
#include "crypto/openpgp.hpp"
#include "mime/compose.hpp"
#include "mime/protect.hpp"

namespace imip::cli {

namespace {

Result<void> require_key_ring(const std::string& home)
{
  const std::string hint = "name it: --gpg-home FOLDER, or [openpgp] home in the policy";
  if (home.empty()) return err(Errc::Config, "there is no key ring", hint);
  std::error_code failed;
  if (!std::filesystem::is_directory(home, failed))
    return err(Errc::Config, cat(home, ": there is no such key ring"), hint);
  return {};
}

}  // namespace

bool share_one(const std::vector<CalAddress>& a, const std::vector<CalAddress>& b)
{
  return std::any_of(a.begin(), a.end(), [&](const CalAddress& x) {
    return std::any_of(b.begin(), b.end(), [&](const CalAddress& y) { return same_user(x, y); });
  });
}

Result<Signer> Signer::open(const policy::Identity& identity, const SignerPlaces& places,
                            crypto::PassphraseSource passphrase, UtcSeconds now)
{
  Signer signer(places);
  signer.passphrase_ = std::move(passphrase);
  if (!identity.openpgp.empty())
    IMIP_CHECK(signer.open_openpgp(identity.openpgp));
  else if (!identity.gpgsm.empty())
    IMIP_CHECK(signer.open_gpgsm(identity.gpgsm, now));
  else
    IMIP_CHECK(signer.open_files(identity));
  return signer;
}

Result<void> Signer::open_files(const policy::Identity& identity)
{
  protocol_ = crypto::Protocol::Smime;
  IMIP_TRY(auto loaded, crypto::SigningIdentity::load({.certificate = identity.certificate,
                                                       .key = identity.key,
                                                       .pkcs12 = identity.pkcs12,
                                                       .intermediates = places_.intermediates,
                                                       .pkcs11 = identity.pkcs11},
                                                      passphrase_));
  std::vector<std::string> anchors;
  for (const auto& anchor : places_.policy.anchors) anchors.push_back(anchor.file.path);
  IMIP_TRY(missing_issuer_,
           loaded.complete_chain(places_.policy.intermediates, anchors, places_.policy.limits));
  if (anchors.empty()) missing_issuer_.clear();
  addresses_ = loaded.addresses();
  name_ = loaded.certificate().subject;
  own_recipient_ = loaded.certificate_der();
  files_.emplace(std::move(loaded));
  return {};
}

Result<void> Signer::open_gpgsm(const std::string& who, UtcSeconds now)
{
  protocol_ = crypto::Protocol::Smime;
  who_ = who;
  IMIP_CHECK(require_key_ring(places_.key_ring));
  IMIP_TRY(own_recipient_, crypto::gpgsm_certificate(places_.key_ring, who, now));
  IMIP_TRY(const auto certificate, crypto::recipient_of(own_recipient_, cat("gpgsm:", who)));
  addresses_ = certificate.addresses;
  name_ = certificate.certificate.subject;
  return {};
}

Result<void> Signer::open_openpgp(const std::string& who)
{
  protocol_ = crypto::Protocol::OpenPgp;
  own_recipient_ = name_ = who_ = who;
  IMIP_CHECK(require_key_ring(places_.key_ring));
  IMIP_TRY(addresses_, crypto::openpgp_addresses(places_.key_ring, who, places_.at));
  return {};
}

Result<std::string> Signer::sign(const std::string& entity, bool opaque,
                                 const std::string& boundary_seed, UtcSeconds at) const
{
  const std::string octets = mime::to_crlf(entity);
  if (protocol_ == crypto::Protocol::OpenPgp) {
    if (opaque)
      return err(Errc::Usage, "--opaque is a form of S/MIME; the key is an OpenPGP key",
                 "leave --opaque out");
    IMIP_TRY(const auto signature,
             crypto::openpgp_sign(places_.key_ring, who_, octets, passphrase_, places_.at));
    return mime::openpgp_signed(entity, signature.armour, signature.micalg, boundary_seed);
  }
  if (opaque) {
    IMIP_TRY(const std::string der,
             files_ ? crypto::sign_opaque(*files_, octets, at)
                    : crypto::gpgsm_sign_opaque(places_.key_ring, who_, octets, at, passphrase_));
    return mime::pkcs7_mime(der, "signed-data");
  }
  IMIP_TRY(const auto signature,
           files_ ? crypto::sign_detached(*files_, octets, at)
                  : crypto::gpgsm_sign(places_.key_ring, who_, octets, at, passphrase_));
  return mime::smime_signed(entity, signature.der, signature.micalg, boundary_seed);
}

}  // namespace imip::cli
