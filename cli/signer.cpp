#include "cli/signer.hpp"

#include "base/cat.hpp"
#include "crypto/encryption.hpp"
#include "mime/compose.hpp"
#include "mime/protect.hpp"

namespace imip::cli {

Result<Signer> Signer::open(const policy::Identity& identity, const SignerPlaces& places,
                            crypto::PassphraseSource passphrase)
{
  Signer signer;
  signer.places_ = places;
  signer.passphrase_ = std::move(passphrase);
  if (!identity.openpgp.empty() || !identity.gpgsm.empty())
    return err(Errc::Unavailable, "keys of gpg and gpgsm cannot sign yet");
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
  addresses_ = loaded.addresses();
  name_ = loaded.certificate().subject;
  own_recipient_ = loaded.certificate_der();
  files_.emplace(std::move(loaded));
  return {};
}

Result<std::string> Signer::sign(const std::string& entity, bool opaque,
                                 const std::string& boundary_seed, UtcSeconds at) const
{
  const std::string octets = mime::to_crlf(entity);
  if (opaque) {
    IMIP_TRY(const std::string der,
             crypto::sign_opaque(*files_, octets, at));
    return mime::pkcs7_mime(der, "signed-data");
  }
  IMIP_TRY(const auto signature,
           crypto::sign_detached(*files_, octets, at));
  return mime::smime_signed(entity, signature.der, signature.micalg, boundary_seed);
}

}  // namespace imip::cli
