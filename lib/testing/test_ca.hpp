/// @file Throwaway certification authorities and certificates, good ones and bad ones, for tests.
/// Everything throws std::runtime_error when OpenSSL refuses: a test has nothing better to do.
#pragma once
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"

struct x509_st;
struct evp_pkey_st;

namespace imip::testing {

/// What a certificate shall say. Values of `eku`, `key_usage`, `name_constraints` and `extensions`
/// are those of x509v3_config(5) without sections: "critical,digitalSignature",
/// "permitted;email:example.com", {"1.2.3.4", "critical,DER:05:00"}.
struct CertSpec {
  std::string common_name = "Test";
  std::string dn_email = {};                 ///< emailAddress in the subject DN; "" for none
  std::vector<std::string> mails = {};       ///< rfc822Name, raw octets (NUL and all)
  std::vector<std::string> utf8_mails = {};  ///< otherName SmtpUTF8Mailbox (RFC 9598)
  std::vector<std::string> uris = {};        ///< uniformResourceIdentifier
  std::vector<std::string> jids = {};        ///< otherName id-on-xmppAddr (RFC 6120)
  std::string eku = "emailProtection";       ///< "" for none
  std::string key_usage = "critical,digitalSignature";  ///< "" for none
  std::string key = "ec-p256";        ///< rsa-N, ec-p256, ec-p384, ec-p521, ed25519, dsa-N
  std::string digest = "sha256";      ///< of the issuer's signature
  bool ca = false;                    ///< basicConstraints CA:TRUE, and keyUsage keyCertSign
  bool basic_constraints = true;      ///< leave the extension out with false
  int path_length = -1;               ///< with `ca`; -1 for none
  std::string name_constraints = {};  ///< "" for none
  std::vector<std::pair<std::string, std::string>> extensions = {};
  bool key_identifiers = true;  ///< subject and authority key identifier
  UtcSeconds not_before{std::chrono::sys_days{std::chrono::year{2020} / 1 / 1}};
  UtcSeconds not_after{std::chrono::sys_days{std::chrono::year{2040} / 1 / 1}};
  std::optional<long> serial = {};             ///< random without
  std::shared_ptr<evp_pkey_st> same_key = {};  ///< instead of a new one: renewals, cross-signing
};

using CrlExtensions = std::vector<std::pair<std::string, std::string>>;

/// A certificate with its key and files. Copies share.
struct Issued {
  std::string certificate;  ///< path, PEM
  std::string key;          ///< path, PEM (PKCS#8, not encrypted)
  std::string chain;        ///< path, PEM: the certificate, then the issuers that are not roots
  std::shared_ptr<x509_st> x509;
  std::shared_ptr<evp_pkey_st> pkey;
  std::vector<std::shared_ptr<x509_st>> issuers;  ///< from the nearest to the root

  [[nodiscard]] std::string der() const;
  [[nodiscard]] std::string serial_hex() const;
};

/// Makes certificates, with files in one folder that lives as long as the factory.
class TestCa {
 public:
  /// Makes a root: CertSpec{.common_name = "Test Root", .ca = true} if nothing else is said.
  TestCa();
  explicit TestCa(CertSpec root);
  ~TestCa();
  TestCa(const TestCa&) = delete;
  TestCa& operator=(const TestCa&) = delete;

  [[nodiscard]] const Issued& root() const;
  [[nodiscard]] std::filesystem::path folder() const;
  /// Issued by the root.
  [[nodiscard]] Issued issue(const CertSpec& spec) const;
  /// Issued by `issuer`, which need not be fit for it.
  [[nodiscard]] Issued issue(const CertSpec& spec, const Issued& issuer) const;
  /// Signed with its own key.
  [[nodiscard]] Issued self_signed(const CertSpec& spec) const;
  /// The common case: a person with one address.
  [[nodiscard]] Issued person(const std::string& mail) const;
  /// Makes `issuer`'s CRL (PEM) that lists `revoked`; gives the path. `extensions` as in
  /// CertSpec; `reason` of all (RFC 5280 section 5.3.1), if not negative; nextUpdate may be absent.
  /// Who was issued by another authority is listed with it (certificateIssuer).
  [[nodiscard]] std::string crl(const Issued& issuer, const std::vector<Issued>& revoked,
                                UtcSeconds this_update, std::optional<UtcSeconds> next_update,
                                const std::string& digest = "sha256",
                                const CrlExtensions& extensions = {}, int reason = -1) const;
  /// Writes a PKCS#12 file of `who`, with AES-256 or, `legacy`, with RC2-40 and 3DES as old
  /// exporters do; gives the path.
  [[nodiscard]] std::string pkcs12(const Issued& who, const std::string& passphrase,
                                   bool legacy = false) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The extension (CertSpec::extensions) that names somebody else as the issuer of a certificate's
/// lists: cRLIssuer in cRLDistributionPoints (RFC 5280 section 4.2.1.13).
[[nodiscard]] std::pair<std::string, std::string> lists_by(const Issued& issuer);

/// Runs a shell command, gives its exit status and what it wrote to stdout and stderr together.
struct ShellResult {
  int status = -1;
  std::string output;
};
ShellResult shell(const std::string& command);

}  // namespace imip::testing
