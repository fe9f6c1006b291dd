/// @file Encrypting what was signed to everybody who gets the mail, and to who sends it.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "cli/command.hpp"
#include "cli/signer.hpp"
#include "crypto/verifier.hpp"
#include "mime/message.hpp"

namespace imip::cli {

/// The CRLs that the policy names: nobody signs with, or encrypts to, what they list.
class RevocationLists {
 public:
  /// @errors Errc::Config  one cannot be read
  static Result<RevocationLists> of(const policy::Policy& policy);
  /// @param certificate  DER
  /// @param name         of it, for the error
  /// @errors Errc::Config  it is revoked
  [[nodiscard]] Result<void> check(std::string_view certificate, const std::string& name,
                                   const std::string& hint) const;

 private:
  explicit RevocationLists(std::optional<crypto::Verifier> verifier)
      : verifier_(std::move(verifier))
  {
  }
  std::optional<crypto::Verifier> verifier_;  ///< none without lists
};

/// Who a mail is encrypted to; made, and everything checked, before anything is signed.
class Readers {
 public:
  /// @param envelope  To and Cc must each have a certificate or key in `protect.encrypt_to`; Bcc must have none,
  ///                  because each reader sees to whom else it is encrypted
  /// @param from      the sender's addresses
  /// @errors Errc::Refused (a recipient without one, or one for Bcc), Errc::Usage, Errc::Config, Errc::NoInput
  static Result<Readers> find(const ProtectOptions& protect, const Signer& signer,
                              const RevocationLists& lists, const mime::Envelope& envelope,
                              const std::vector<CalAddress>& from, Context& context);

  /// The entity, encrypted to them all and to the signer. Where the signer's own certificate or key cannot be
  /// encrypted to, a notice says so.
  /// @errors as crypto::encrypt_to, crypto::openpgp_encrypt
  Result<std::string> encrypt(const std::string& entity, const std::string& boundary_seed,
                              const crypto::Floor& floor, Context& context) const;

 private:
  struct Reader {
    std::string name;                   ///< as given: a file, a fingerprint or an address
    std::vector<CalAddress> addresses;  ///< that it is for
    std::string der;                    ///< S/MIME
  };
  Readers(const ProtectOptions& protect, const Signer& signer) : protect_(protect), signer_(signer)
  {
  }
  Result<void> read(const std::string& who, const RevocationLists& lists);
  [[nodiscard]] Result<void> check(const mime::Envelope& envelope,
                                   const std::vector<CalAddress>& from, Context& context) const;
  [[nodiscard]] bool covers(const CalAddress& address) const;
  Result<std::string> encrypt_to(const std::vector<Reader>& readers, const std::string& entity,
                                 const std::string& boundary_seed, const crypto::Floor& floor,
                                 UtcSeconds at) const;

  const ProtectOptions& protect_;
  const Signer& signer_;
  std::vector<Reader> readers_;
  bool sender_reads_ = false;  ///< one of them is the sender's own already
};

}  // namespace imip::cli
