/// @file Certificates in files, by subject, decoded only when somebody asks for them: decoding one
/// costs more than a whole verification needs otherwise. Private to lib/crypto.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "crypto/detail/openssl.hpp"

namespace imip::crypto {

class CertificatePool;

class CertificateIndex {
 public:
  explicit CertificateIndex(CertificatePool& pool) : pool_(pool) {}

  struct Entry {
    std::size_t file = 0;  ///< in the order of add_file()
    Slice place;           ///< of the PEM block, or the whole DER, in that file
    bool pem = true;
    std::string subject;  ///< DER; empty: cannot be read
    X509Ptr certificate;  ///< once it was asked for
    NamePtr name;         ///< once it was compared in canonical form
    bool broken = false;
  };

  /// Reads the file and finds its blocks; decodes nothing. @errors Errc::Config (missing,
  /// unreadable, too large, no certificate)
  Result<void> add_file(const std::string& path, const Limits& limits);

  /// All certificates with this subject. Names that are the same octets are found first; only where
  /// there are none are names compared as RFC 5280 section 7.1 wants.
  std::vector<Entry*> find(X509_NAME* subject);
  /// All that can be read. Decodes each.
  std::vector<X509*> all();

  [[nodiscard]] bool empty() const { return entries_.empty(); }
  /// How many certificates were decoded so far; for tests of the promise above.
  [[nodiscard]] std::size_t decoded() const { return decoded_; }

 private:
  void read_subjects();
  bool load(Entry& entry);

  CertificatePool& pool_;
  std::vector<std::string> files_;
  std::vector<Entry> entries_;
  std::size_t subjects_read_ = 0;
  std::size_t decoded_ = 0;
};

}  // namespace imip::crypto
