/// @file A key ring of gpg's for one test. Everything throws std::runtime_error when gpg refuses.
#pragma once
#include <filesystem>
#include <string>
#include <string_view>

#include "testing/temp_dir.hpp"

namespace imip::testing {

/// A home with keys made on the spot, without passphrases unless one is given. Its agent ends with it.
/// gpg's clock is at 2027-01-01T00:00:00Z; a later --faked-system-time in the arguments wins.
class TempGpgHome {
 public:
  TempGpgHome();
  ~TempGpgHome();
  TempGpgHome(const TempGpgHome&) = delete;
  TempGpgHome& operator=(const TempGpgHome&) = delete;

  [[nodiscard]] std::string path() const { return dir_.path().string(); }
  [[nodiscard]] const TempDir& dir() const { return dir_; }

  /// Runs `gpg --homedir ... --batch ARGUMENTS`, a shell's words; `input` on its standard input.
  std::string gpg(const std::string& arguments, std::string_view input = {}) const;
  /// As gpg(), and says whether it succeeded instead of throwing.
  [[nodiscard]] bool accepts(const std::string& arguments, std::string_view input = {}) const;

  /// Makes a key for "NAME <mail>", which is then ultimately valid here; gives its fingerprint.
  /// @param kind  "ed25519", "nistp256", "rsa1024", "dsa2048", ...
  std::string make_key(const std::string& user_id, const std::string& kind = "ed25519",
                       const std::string& expire = "never",
                       const std::string& passphrase = "") const;
  /// The fingerprint of the last subkey of `key`.
  [[nodiscard]] std::string last_subkey(const std::string& key) const;
  /// Takes the public keys of `from`. They are valid here only if somebody signs them.
  void import_from(const TempGpgHome& from, const std::string& key = "") const;
  /// An armoured detached signature.
  [[nodiscard]] std::string sign(std::string_view octets, const std::string& key,
                                 const std::string& more = "") const;

 private:
  TempDir dir_;
};

/// `packets` as "-----BEGIN PGP KIND-----", made without gpg.
std::string armoured(std::string_view packets, const std::string& kind);
/// An OpenPGP packet (RFC 4880 section 4.2.2, five-octet length).
std::string packet(unsigned char tag, std::string_view body);

}  // namespace imip::testing
