#define OPENSSL_SUPPRESS_DEPRECATED  // the only way to add texts that start_libcrypto() left out
#include <openssl/cryptoerr_legacy.h>

#include <array>

#include "crypto/detail/openssl.hpp"

namespace imip::crypto {
namespace {

/// Some 1 M instructions: not for each process, which as a rule shows none.
void load_texts()
{
  static const bool loaded = [] {
    for (int (*load)() : {ERR_load_ERR_strings, ERR_load_ASN1_strings, ERR_load_BIO_strings,
                          ERR_load_CMS_strings, ERR_load_EC_strings, ERR_load_EVP_strings,
                          ERR_load_PEM_strings, ERR_load_PKCS12_strings, ERR_load_RSA_strings,
                          ERR_load_X509_strings, ERR_load_X509V3_strings})
      load();
    return true;
  }();
  static_cast<void>(loaded);
}

}  // namespace

std::string error_text()
{
  const unsigned long code = ERR_peek_error();
  if (code == 0) return "unknown error";
  load_texts();
  if (const char* reason = ERR_reason_error_string(code)) return reason;
  std::array<char, 256> text{};
  ERR_error_string_n(code, text.data(), text.size());
  return text.data();
}

}  // namespace imip::crypto
