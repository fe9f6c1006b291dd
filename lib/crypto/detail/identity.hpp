/// @file What a SigningIdentity holds, for those who sign with it. Private to lib/crypto.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "crypto/detail/agent_key.hpp"
#include "crypto/detail/openssl.hpp"
#include "crypto/detail/token.hpp"
#include "crypto/signing.hpp"

namespace imip::crypto {

struct SigningIdentity::Impl {
  KeyPtr key;  ///< empty: in the token, or the agent's
  std::unique_ptr<TokenKey> token;
  std::unique_ptr<AgentKey> agent;  ///< gpg-agent has it
  X509Ptr certificate;
  std::vector<X509Ptr> chain;  ///< intermediates, in the order of the files, none twice, no root
  std::vector<X509Ptr> roots;  ///< that the files hold: receivers have their own
  Certificate description;

  /// What `work` makes of the private key; in another process if the key is in a token or the agent's.
  /// @errors those of `work`; TokenKey::use, AgentKey::use; Errc::Config: the token's key is another
  [[nodiscard]] Result<std::string> use(
      const std::function<Result<std::string>(EVP_PKEY*)>& work) const;
};

struct SigningAccess {
  static const SigningIdentity::Impl& of(const SigningIdentity& identity)
  {
    return *identity.impl_;
  }
  static SigningIdentity make(std::unique_ptr<SigningIdentity::Impl> impl)
  {
    return SigningIdentity(std::move(impl));
  }
};

/// A key and certificates as a file had them, before anybody checked that they belong together.
struct KeyMaterial {
  KeyPtr key;
  std::vector<X509Ptr> certificates;  ///< the signer's first, if the file says which it is
};

/// @errors those of SigningIdentity::load
Result<KeyMaterial> load_pkcs12(const std::string& path, const PassphraseSource& passphrase);

/// All keys of gpgsm's key ring that `files.gpgsm` names, fit to sign or not, to decrypt with.
/// @errors Errc::Config (none of them, or none that is RSA), Errc::Unavailable (no gpgsm)
Result<std::vector<SigningIdentity>> load_gpgsm(const IdentityFiles& files,
                                                const PassphraseSource& passphrase);

/// Is it one? No passphrase is needed for that. @errors Errc::NoInput, Errc::TooLarge, Errc::Config
Result<void> inspect_pkcs12(const std::string& path);

/// A root is the recipient's to have; sending it proves nothing.
bool is_root(X509* x);

/// The certificates of a PEM file, in its order. @errors Errc::NoInput, Errc::TooLarge,
/// Errc::Config
Result<std::vector<X509Ptr>> load_certificates(const std::string& path);

/// Adds the names of the ciphers that CMS is read and written with, which start_libcrypto() leaves
/// out. Before any cipher is used: one that was fetched without its name stays without its number.
void know_ciphers();

/// What an enveloped-data or authEnveloped-data CMS holds. Nothing of it if its tag does not hold.
/// @errors Errc::Refused: it does not decrypt; one sentence, whatever the reason
Result<std::string> decrypt(const SigningIdentity::Impl& identity, std::string_view der);

/// What every receiver would refuse is not sent. @errors Errc::Config: not valid at `at`, may not
/// sign, is not for e-mail
Result<void> check_fitness(X509* x, UtcSeconds at);

/// As DER.
Result<std::string> encode_cms(CMS_ContentInfo* cms);

}  // namespace imip::crypto
