/// @file OpenSSL's objects with owners. Private to lib/crypto.
#pragma once
#include <openssl/pem.h>  // before cms.h
//
#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/handle.hpp"

namespace imip::crypto {

using X509Ptr = Handle<X509, X509_free>;
using CrlPtr = Handle<X509_CRL, X509_CRL_free>;
using NamePtr = Handle<X509_NAME, X509_NAME_free>;
using KeyPtr = Handle<EVP_PKEY, EVP_PKEY_free>;
using BioPtr = Handle<BIO, BIO_free_all>;
using CmsPtr = Handle<CMS_ContentInfo, CMS_ContentInfo_free>;
using MdPtr = Handle<EVP_MD, EVP_MD_free>;

/// A stack that borrows its members, and one that owns them.
inline void free_stack_only(STACK_OF(X509) * stack)
{
  sk_X509_free(stack);
}
inline void free_certificates(STACK_OF(X509) * stack)
{
  sk_X509_pop_free(stack, X509_free);
}
inline void free_crl_stack_only(STACK_OF(X509_CRL) * stack)
{
  sk_X509_CRL_free(stack);
}
inline void free_crls(STACK_OF(X509_CRL) * stack)
{
  sk_X509_CRL_pop_free(stack, X509_CRL_free);
}
using BorrowedCertificates = Handle<STACK_OF(X509), free_stack_only>;
using OwnedCertificates = Handle<STACK_OF(X509), free_certificates>;
using BorrowedCrls = Handle<STACK_OF(X509_CRL), free_crl_stack_only>;
using OwnedCrls = Handle<STACK_OF(X509_CRL), free_crls>;

/// Another owner of the same object.
inline X509Ptr share(X509* x)
{
  if (x != nullptr) X509_up_ref(x);
  return X509Ptr(x);
}

inline const unsigned char* octets_of(std::string_view s)
{
  return reinterpret_cast<const unsigned char*>(s.data());
}
inline std::string_view view_of(const ASN1_STRING* s)
{
  if (s == nullptr || ASN1_STRING_get0_data(s) == nullptr) return {};
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(s)),
          static_cast<std::size_t>(ASN1_STRING_length(s))};
}
/// A BIO that reads `octets` where they are.
inline BioPtr bio_over(std::string_view octets)
{
  return BioPtr(BIO_new_mem_buf(octets.data(), static_cast<int>(octets.size())));
}
inline std::string_view view_of(BIO* memory)
{
  char* data = nullptr;
  const long n = BIO_get_mem_data(memory, &data);
  return data == nullptr ? std::string_view{} : std::string_view{data, static_cast<std::size_t>(n)};
}

/// Leaves the thread's error queue as empty as it was found.
class ErrorScope {
 public:
  ErrorScope() { ERR_clear_error(); }
  ~ErrorScope() { ERR_clear_error(); }
  ErrorScope(const ErrorScope&) = delete;
  ErrorScope& operator=(const ErrorScope&) = delete;
};
/// OpenSSL's words for the oldest error in the queue; "unknown error" without one.
std::string error_text();

}  // namespace imip::crypto
