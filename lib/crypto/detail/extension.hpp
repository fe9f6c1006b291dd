/// @file Extensions of certificates, read as strictly as what relies on them needs. Private to
/// lib/crypto.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "crypto/detail/openssl.hpp"

namespace imip::crypto {

/// The value of the certificate's one extension of this kind, or null: also where octets follow the
/// value, which OpenSSL passes over and another reader may not (RFC 5280 section 4.2: the DER of
/// one structure).
template <typename T, void (*Free)(T*)>
Handle<T, Free> extension(X509* x, int nid, const ASN1_ITEM* item)
{
  const int at = X509_get_ext_by_NID(x, nid, -1);
  if (at < 0 || X509_get_ext_by_NID(x, nid, at) >= 0) return {};
  const ASN1_OCTET_STRING* value = X509_EXTENSION_get_data(X509_get_ext(x, at));
  const unsigned char* p = ASN1_STRING_get0_data(value);
  const unsigned char* end = p + ASN1_STRING_length(value);
  Handle<T, Free> out(
      static_cast<T*>(static_cast<void*>(ASN1_item_d2i(nullptr, &p, end - p, item))));
  if (p != end) out.reset();
  return out;
}

/// Is an extension there twice, or in another form than it must have, so that X509_verify_cert()
/// goes no further?
[[nodiscard]] bool has_broken_extension(X509* x);
/// Which, and why: "has the extension keyUsage twice (RFC 5280 section 4.2)".
[[nodiscard]] std::string broken_extension(X509* x);

using AltNames = Handle<GENERAL_NAMES, GENERAL_NAMES_free>;
[[nodiscard]] AltNames alternative_names(X509* x);

/// rfc822Name or SmtpUTF8Mailbox (RFC 9598); nothing for another kind of name.
struct MailName {
  std::string_view text;
  bool utf8 = false;
};
[[nodiscard]] std::optional<MailName> mail_name(const GENERAL_NAME* name);

}  // namespace imip::crypto
