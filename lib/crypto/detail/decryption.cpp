#include "crypto/detail/decryption.hpp"

#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "crypto/detail/certificate.hpp"
#include "crypto/detail/cms.hpp"
#include "crypto/detail/identity.hpp"

namespace imip::crypto {
namespace {

// A cipher that is not listed would be used without its tag (GCM in enveloped-data), or a tag that
// means nothing would pass for one (CBC in authEnveloped-data).
bool cipher_fits(const CmsShape& shape)
{
  static constexpr std::array plain = {NID_aes_128_cbc, NID_aes_192_cbc, NID_aes_256_cbc,
                                       NID_des_ede3_cbc};
  static constexpr std::array authenticated = {NID_aes_128_gcm, NID_aes_192_gcm, NID_aes_256_gcm};
  const auto among = [&](const auto& list) {
    return std::find(list.begin(), list.end(), shape.algorithm) != list.end();
  };
  return shape.content_type == NID_pkcs7_enveloped ? among(plain) : among(authenticated);
}

std::string cipher_name(const CmsShape& shape)
{
  return shape.algorithm == NID_undef ? "of no name that is known here"
                                      : std::string(OBJ_nid2ln(shape.algorithm));
}

std::optional<SignatureReport> refuse_form(const CmsShape& shape)
{
  constexpr std::size_t shortest_tag = 12;  // RFC 5084 section 3.2; shorter ones can be guessed
  constexpr std::size_t longest_tag = 16;
  if (!cipher_fits(shape))
    return defect(Code::Encrypted,
                  cat("the message is encrypted with a cipher that imip does not open (",
                      cipher_name(shape), "); ask for AES"));
  if (shape.content_type == NID_pkcs7_enveloped) return {};
  if (shape.tag_octets < shortest_tag || shape.tag_octets > longest_tag)
    return defect(Code::Encrypted,
                  cat("the encrypted message is protected by a tag of ", shape.tag_octets,
                      " octets, which is too short or too long to show that nobody changed it"));
  if (shape.authenticated_attributes)
    return defect(Code::Encrypted,
                  "the encrypted message has authenticated attributes (RFC 5083), which OpenSSL "
                  "does not check; ask for one without them, or decrypt it with another program");
  return {};
}

using BioMethod = Handle<BIO_METHOD, BIO_meth_free>;

int append(BIO* to, const char* octets, int n)
{
  if (n > 0)
    static_cast<std::string*>(BIO_get_data(to))->append(octets, static_cast<std::size_t>(n));
  return n;
}

long only_flush(BIO* /*to*/, int command, long /*number*/, void* /*pointer*/)
{
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

// OpenSSL's own would be there twice while it grows, and once more as a string.
BioPtr bio_into(std::string& out)
{
  static const BioMethod method = [] {
    BioMethod m(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "string"));
    if (m &&
        (BIO_meth_set_write(m.get(), append) != 1 || BIO_meth_set_ctrl(m.get(), only_flush) != 1))
      m.reset();
    return m;
  }();
  BioPtr bio(method ? BIO_new(method.get()) : nullptr);
  if (!bio) return bio;
  BIO_set_data(bio.get(), &out);
  BIO_set_init(bio.get(), 1);
  return bio;
}

CmsPtr parse(std::string_view der)
{
  const unsigned char* p = octets_of(der);
  return CmsPtr(d2i_CMS_ContentInfo(nullptr, &p, static_cast<long>(der.size())));
}

// Calls `visit` with each recipientInfo, and for key agreement with each of its encrypted keys.
template <typename Visit>
void each_recipient(CMS_ContentInfo* cms, Visit visit)
{
  STACK_OF(CMS_RecipientInfo)* infos = CMS_get0_RecipientInfos(cms);
  for (int i = 0; i < sk_CMS_RecipientInfo_num(infos); ++i) {
    CMS_RecipientInfo* info = sk_CMS_RecipientInfo_value(infos, i);
    STACK_OF(CMS_RecipientEncryptedKey)* keys = nullptr;
    if (CMS_RecipientInfo_type(info) == CMS_RECIPINFO_AGREE)
      keys = CMS_RecipientInfo_kari_get0_reks(info);
    if (keys == nullptr) visit(info, nullptr);
    for (int j = 0; j < sk_CMS_RecipientEncryptedKey_num(keys); ++j)
      visit(info, sk_CMS_RecipientEncryptedKey_value(keys, j));
  }
}

bool is_recipient(CMS_ContentInfo* cms, X509* x)
{
  bool found = false;
  each_recipient(cms, [&](CMS_RecipientInfo* info, CMS_RecipientEncryptedKey* key) {
    if (key != nullptr)
      found = found || CMS_RecipientEncryptedKey_cert_cmp(key, x) == 0;
    else if (CMS_RecipientInfo_type(info) == CMS_RECIPINFO_TRANS)
      found = found || CMS_RecipientInfo_ktri_cert_cmp(info, x) == 0;
  });
  return found;
}

std::string recipient_text(CMS_RecipientInfo* info, CMS_RecipientEncryptedKey* key)
{
  ASN1_OCTET_STRING* key_id = nullptr;
  X509_NAME* issuer = nullptr;
  ASN1_INTEGER* serial = nullptr;
  const bool known =
      key != nullptr
          ? CMS_RecipientEncryptedKey_get0_id(key, &key_id, nullptr, nullptr, &issuer, &serial) == 1
          : CMS_RecipientInfo_type(info) == CMS_RECIPINFO_TRANS &&
                CMS_RecipientInfo_ktri_get0_signer_id(info, &key_id, &issuer, &serial) == 1;
  if (std::string name = identifier_text(key_id, issuer, serial); known && !name.empty()) return name;
  switch (CMS_RecipientInfo_type(info)) {
    case CMS_RECIPINFO_PASS:
      return "a password";
    case CMS_RECIPINFO_KEK:
      return "a key that sender and recipient share";
    default:
      return "somebody without a certificate";
  }
}

bool has_certificate(CMS_RecipientInfo* info)
{
  const int type = CMS_RecipientInfo_type(info);
  return type == CMS_RECIPINFO_TRANS || type == CMS_RECIPINFO_AGREE;
}

SignatureReport no_recipient(CMS_ContentInfo* cms, bool any_key)
{
  constexpr std::size_t shown = 3;
  std::size_t all = 0;
  std::size_t n = 0;
  std::string list;
  each_recipient(cms, [&](CMS_RecipientInfo* info, CMS_RecipientEncryptedKey* key) {
    if (has_certificate(info)) ++n;
    if (all++ < shown) list += cat(list.empty() ? "" : ", ", recipient_text(info, key));
  });
  if (all > shown) list += cat(", and ", all - shown, " more");
  if (n == 0 && all > 0)
    return defect(Code::Encrypted, cat("the message is encrypted to ", list,
                                       ", and to no certificate; ask for one that is encrypted to "
                                       "yours"));
  return defect(
      Code::Encrypted,
      cat("the message is encrypted to ", n, n == 1 ? " certificate" : " certificates", ", ",
          any_key ? "none of which is that of a key that imip knows" : "and imip knows no key",
          n == 0 ? "" : cat(" (", list, ")"),
          "; name the key and its certificate in [[identity]] or with --identity"));
}

// A message that does not fit the key is a finding; a key that cannot be used is an error.
void shut(SignatureReport& report, const Error& e)
{
  const std::string what = cat("the message is encrypted, and ", e.what);
  report.defects.push_back(
      {Code::Encrypted, e.hint.empty() ? what : cat(what, "; ", e.hint)});
  if (e.code != Errc::Refused && !report.locked)
    report.locked = Error{e.code, what, e.hint, Code::Encrypted};
}

}  // namespace

void know_ciphers()
{
  static const bool added = [] {
    for (const EVP_CIPHER* cipher :
         {EVP_aes_128_cbc(), EVP_aes_192_cbc(), EVP_aes_256_cbc(), EVP_des_ede3_cbc(),
          EVP_aes_128_gcm(), EVP_aes_192_gcm(), EVP_aes_256_gcm(), EVP_aes_128_wrap(),
          EVP_aes_192_wrap(), EVP_aes_256_wrap(), EVP_des_ede3_wrap()})
      EVP_add_cipher(cipher);
    return true;
  }();
  static_cast<void>(added);
}

Result<std::string> decrypt(const SigningIdentity::Impl& identity, std::string_view der)
{
  const ErrorScope errors;
  know_ciphers();
  const CmsPtr cms = parse(der);
  if (!cms) return err(Errc::Internal, "the message cannot be read again");
  // With the certificate OpenSSL goes on with a random key where the wrapped one cannot be read, so
  // that nobody learns from the error whether its padding was right (RFC 3218). Ours has one
  // sentence.
  return identity.use([&](EVP_PKEY* key) -> Result<std::string> {
    std::string content;
    content.reserve(der.size());
    const BioPtr out = bio_into(content);
    if (out && CMS_decrypt(cms.get(), key, identity.certificate.get(), nullptr, out.get(),
                           CMS_BINARY) == 1)
      return content;
    return err(Errc::Refused,
               cat("it does not decrypt with the key of ", label(identity.certificate.get()),
                   ": it was changed on its way, or is not for this key"));
  });
}

SignatureReport open_enveloped(const CmsShape& shape, std::string_view der, KeyRing& keys,
                               const Limits& limits)
{
  if (auto refused = refuse_form(shape)) return *std::move(refused);
  const CmsPtr cms = parse(der);
  if (!cms || OBJ_obj2nid(CMS_get0_type(cms.get())) != shape.content_type)
    return defect(Code::SignatureMalformed, cat("the encryption does not parse: ", error_text()));
  if (OBJ_obj2nid(CMS_get0_eContentType(cms.get())) != NID_pkcs7_data)
    return defect(Code::ContentTypeAttribute,
                  "what is encrypted is not of the type id-data that e-mail uses");
  // decrypt() reads it again: here only the recipients are wanted
  if (ASN1_OCTET_STRING** hidden = CMS_get0_content(cms.get());
      hidden != nullptr && *hidden != nullptr)
    ASN1_STRING_set0(*hidden, nullptr, 0);
  SignatureReport report;
  std::vector<Error> failed = keys.each([&](X509* x) { return is_recipient(cms.get(), x); },
                                        [&](const SigningIdentity& identity) {
                                          auto content = decrypt(SigningAccess::of(identity), der);
                                          if (!content) {
                                            shut(report, content.error());
                                            return false;
                                          }
                                          report.content = *std::move(content);
                                          return true;
                                        });
  if (report.content && report.content->size() > limits.decoded_bytes)
    return defect(Code::LimitExceeded,
                  cat("the message decrypts to more than ", limits.decoded_bytes,
                      " octets (limit decoded-bytes)"));
  if (report.content) {
    report.defects.clear();  // of a key that did not fit
    report.locked.reset();
    report.wrapping = Wrapping::Encrypted;
    return report;
  }
  for (const Error& e : failed) shut(report, e);
  return report.defects.empty() ? no_recipient(cms.get(), !keys.empty()) : report;
}

}  // namespace imip::crypto
