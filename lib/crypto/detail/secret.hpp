/// @file Passphrases and key files in memory. Private to lib/crypto.
#pragma once
#include <openssl/crypto.h>

#include <string>

#include "base/result.hpp"
#include "crypto/signing.hpp"

namespace imip::crypto {

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
