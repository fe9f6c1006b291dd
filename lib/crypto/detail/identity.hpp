/// @file What a SigningIdentity holds, for those who sign with it. Private to lib/crypto.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "crypto/detail/openssl.hpp"
#include "crypto/signing.hpp"

namespace imip::crypto {

struct SigningIdentity::Impl {
  KeyPtr key;
  X509Ptr certificate;
  std::vector<X509Ptr> chain;  ///< intermediates, in the order of the files, none twice, no root
  Certificate description;
};

struct SigningAccess {
  static const SigningIdentity::Impl& of(const SigningIdentity& identity)
  {
    return *identity.impl_;
  }
};

/// A key and certificates as a file had them, before anybody checked that they belong together.
struct KeyMaterial {
  KeyPtr key;
  std::vector<X509Ptr> certificates;  ///< the signer's first, if the file says which it is
};

/// @errors those of SigningIdentity::load
Result<KeyMaterial> load_pkcs12(const std::string& path, const PassphraseSource& passphrase);

/// The certificates of a PEM file, in its order. @errors Errc::NoInput, Errc::TooLarge,
/// Errc::Config
Result<std::vector<X509Ptr>> load_certificates(const std::string& path);

/// What an enveloped-data or authEnveloped-data CMS holds. Nothing of it if its tag does not hold.
/// @errors Errc::Refused: it does not decrypt; one sentence, whatever the reason
Result<std::string> decrypt(const SigningIdentity::Impl& identity, std::string_view der);

/// As DER.
Result<std::string> encode_cms(CMS_ContentInfo* cms);

/// A passphrase or a key file; wiped however its scope is left.
class Secret {
 public:
  Secret() = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(text_); }
  /// Takes a copy and wipes the original.
  void take(std::string& text)
  {
    text_ = text;
    wipe(text);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  static void wipe(std::string& text)
  {
    text.resize(text.capacity());
    OPENSSL_cleanse(text.data(), text.size());
    text.clear();
  }
  std::string text_;
};

/// Asks the source, and wipes what it answered with. @errors Errc::Permission if there is none, and
/// whatever the source says
Result<void> ask_passphrase(const PassphraseSource& passphrase, const std::string& path,
                            Secret& out);
/// @errors Errc::NoInput, Errc::TooLarge
Result<void> read_key_file(const std::string& path, Secret& out);
tl::unexpected<Error> wrong_passphrase(const std::string& path);

}  // namespace imip::crypto
