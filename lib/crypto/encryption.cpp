#include "crypto/encryption.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "crypto/detail/certificate.hpp"
#include "crypto/detail/decryption.hpp"
#include "crypto/detail/identity.hpp"

namespace imip::crypto {
namespace {

Result<X509Ptr> load_recipient(const std::string& path)
{
  Secret content;  // a combined file has the key in it
  IMIP_CHECK(read_key_file(path, content));
  const BioPtr in = bio_over(content.text());
  X509Ptr x(content.text().starts_with('\x30')
                ? d2i_X509_bio(in.get(), nullptr)
                : PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr));
  if (x) return x;
  return err(Errc::Config, cat(path, ": holds no certificate"),
             "it must be PEM (-----BEGIN CERTIFICATE-----) or one certificate in DER");
}

bool is_rsa(EVP_PKEY* key)
{
  return key != nullptr && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
}

// Why nobody should encrypt to it, or whoever it belongs to could not read it.
std::optional<std::string> unfit(X509* x, UtcSeconds at, const Floor& floor)
{
  EVP_PKEY* key = X509_get0_pubkey(x);
  const UtcSeconds from = time_of(X509_get0_notBefore(x));
  const UtcSeconds until = time_of(X509_get0_notAfter(x));
  if (at > until) return cat("expired on ", to_rfc3339(until));
  if (at < from) return cat("is valid only from ", to_rfc3339(from));
  if (key == nullptr || (!is_rsa(key) && EVP_PKEY_get_base_id(key) != EVP_PKEY_EC))
    return cat("has a key of kind ", key_text(key), ", which cannot be encrypted to");
  if (const auto problem = key_problem(key, floor)) return problem;
  const std::uint32_t usage = X509_get_key_usage(x);  // all bits where there is no keyUsage
  if ((usage & (is_rsa(key) ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT)) == 0)
    return cat("is not for encryption (its keyUsage lacks ",
               is_rsa(key) ? "keyEncipherment)" : "keyAgreement)");
  if (const auto problem = mail_problem(x)) return std::string(*problem);
  return {};
}

// RSA by PKCS#1 v1.5, because gpgsm 2.2 and most mail programs open nothing else; OAEP would guard
// only receivers that tell padding errors apart. ECDH with SHA-256 (RFC 8551 section 2.3 wants it):
// OpenSSL's own choice would be SHA-1.
bool add_recipient(CMS_ContentInfo* cms, X509* x)
{
  CMS_RecipientInfo* info = CMS_add1_recipient_cert(cms, x, 0);
  if (info == nullptr) return false;
  if (CMS_RecipientInfo_type(info) != CMS_RECIPINFO_AGREE) return true;
  EVP_PKEY_CTX* agreement = CMS_RecipientInfo_get0_pkey_ctx(info);
  return agreement != nullptr && EVP_PKEY_CTX_set_ecdh_kdf_md(agreement, EVP_sha256()) == 1;
}

Result<X509Ptr> parse_recipient(std::string_view der, const std::string& source)
{
  const BioPtr in = bio_over(der);
  X509Ptr x(d2i_X509_bio(in.get(), nullptr));
  if (!x) return err(Errc::Config, cat(source, ": holds no certificate"));
  return x;
}

Result<std::vector<X509Ptr>> load_recipients(const std::vector<Recipient>& recipients,
                                             UtcSeconds at, const Floor& floor)
{
  std::vector<X509Ptr> found;
  for (const Recipient& recipient : recipients) {
    IMIP_TRY(X509Ptr x, parse_recipient(recipient.der, recipient.source));
    if (const auto problem = unfit(x.get(), at, floor))
      return err(Errc::Config, cat(recipient.source, ": ", label(x.get()), " ", *problem),
                 "ask its owner for a certificate to encrypt to");
    const bool known = std::any_of(found.begin(), found.end(), [&](const X509Ptr& y) {
      return X509_cmp(x.get(), y.get()) == 0;
    });
    if (!known) found.push_back(std::move(x));
  }
  if (found.empty()) return err(Errc::Usage, "there is nobody to encrypt to");
  return found;
}

}  // namespace

std::string_view smime_type(Cipher cipher)
{
  return cipher == Cipher::Aes256Gcm ? "authEnveloped-data" : "enveloped-data";
}

Result<Recipient> read_recipient(const std::string& certificate_file)
{
  start_libcrypto();
  const ErrorScope errors;
  IMIP_TRY(const X509Ptr x, load_recipient(certificate_file));
  return Recipient{certificate_file, der_of(x.get()), describe(x.get()), identities(x.get(), false)};
}

Result<Recipient> recipient_of(std::string_view der, const std::string& source)
{
  start_libcrypto();
  const ErrorScope errors;
  IMIP_TRY(const X509Ptr x, parse_recipient(der, source));
  return Recipient{source, std::string(der), describe(x.get()), identities(x.get(), false)};
}

Result<std::string> encrypt_to(const std::vector<std::string>& certificate_files,
                               std::string_view octets, Cipher cipher, UtcSeconds at,
                               const Floor& floor)
{
  std::vector<Recipient> recipients;
  for (const std::string& file : certificate_files) {
    IMIP_TRY(Recipient recipient, read_recipient(file));
    recipients.push_back(std::move(recipient));
  }
  return encrypt_to(recipients, octets, cipher, at, floor);
}

Result<std::string> encrypt_to(const std::vector<Recipient>& who, std::string_view octets,
                               Cipher cipher, UtcSeconds at, const Floor& floor)
{
  start_libcrypto();
  const ErrorScope errors;
  know_ciphers();
  IMIP_TRY(const std::vector<X509Ptr> recipients, load_recipients(who, at, floor));
  const unsigned flags = CMS_BINARY | CMS_PARTIAL;
  const CmsPtr cms(CMS_encrypt(nullptr, nullptr,
                               cipher == Cipher::Aes256Gcm ? EVP_aes_256_gcm() : EVP_aes_256_cbc(),
                               flags));
  for (const X509Ptr& x : recipients)
    if (!cms || !add_recipient(cms.get(), x.get()))
      return err(Errc::Internal, cat("encrypting to ", label(x.get()), " failed: ", error_text()));
  const BioPtr in = bio_over(octets);
  if (!in || CMS_final(cms.get(), in.get(), nullptr, flags) != 1)
    return err(Errc::Internal, cat("the encryption failed: ", error_text()));
  return encode_cms(cms.get());
}

}  // namespace imip::crypto
