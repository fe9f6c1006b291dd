/// @file A key of our own, wherever it is kept: in files, in a token, in gpg's or gpgsm's key ring.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/mail_address.hpp"
#include "base/result.hpp"
#include "cli/options.hpp"
#include "crypto/signing.hpp"
#include "policy/policy.hpp"

namespace imip::cli {

/// Where a signer looks for what its identity does not say.
struct SignerPlaces {
  std::vector<std::string> intermediates;  ///< PEM files, added to the signature
  const policy::Policy&
      policy;            ///< its intermediates are added too, as far as they are the certificate's
  std::string key_ring;  ///< GNUPGHOME, absolute; "" there is none
  std::optional<UtcSeconds> at;  ///< the time for gpg; without, it asks the machine's clock
};

/// Is one of these people among those?
[[nodiscard]] bool share_one(const std::vector<CalAddress>& a, const std::vector<CalAddress>& b);

class Signer {
 public:
  /// Opens what `identity` names; a passphrase is asked for at once only if a file wants it.
  /// @errors as crypto::SigningIdentity::load, openpgp_addresses, gpgsm_certificate; Errc::Config (no key ring)
  static Result<Signer> open(const policy::Identity& identity, const SignerPlaces& places,
                             crypto::PassphraseSource passphrase, UtcSeconds now);

  [[nodiscard]] crypto::Protocol protocol() const { return protocol_; }
  [[nodiscard]] const std::vector<CalAddress>& addresses() const { return addresses_; }
  [[nodiscard]] const std::string& name() const { return name_; }  ///< certificate or key; untrusted text
  [[nodiscard]] const SignerPlaces& places() const { return places_; }
  /// The issuer that receivers will miss, because it is neither in the signature nor an anchor of
  /// ours; "" where there is none, or no anchor to go by. Untrusted text.
  [[nodiscard]] const std::string& missing_issuer() const { return missing_issuer_; }
  /// Of S/MIME: the certificate, DER. Of OpenPGP: what names the key in the key ring.
  [[nodiscard]] const std::string& own_recipient() const { return own_recipient_; }

  /// The entity with its signature: multipart/signed, or (`opaque`) application/pkcs7-mime.
  /// @param entity  LF, as mime::split_for_signing gives it
  /// @errors Errc::Usage (opaque OpenPGP), and those of the engine
  Result<std::string> sign(const std::string& entity, bool opaque, const std::string& boundary_seed,
                           UtcSeconds at) const;

 private:
  explicit Signer(const SignerPlaces& places) : places_(places) {}
  Result<void> open_files(const policy::Identity& identity);
  Result<void> open_gpgsm(const std::string& who, UtcSeconds now);
  Result<void> open_openpgp(const std::string& who);

  crypto::Protocol protocol_ = crypto::Protocol::None;
  SignerPlaces places_;
  crypto::PassphraseSource passphrase_;
  std::vector<CalAddress> addresses_;
  std::string name_;
  std::string own_recipient_;
  std::string missing_issuer_;
  std::optional<crypto::SigningIdentity> files_;  ///< empty: `who_` in the key ring
  std::string who_;
};

}  // namespace imip::cli
