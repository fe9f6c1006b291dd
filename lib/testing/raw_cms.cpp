#include "testing/raw_cms.hpp"

#include <openssl/pem.h>  // before cms.h
//
#include <openssl/cms.h>
#include <openssl/ess.h>

#include <ctime>
#include <set>
#include <stdexcept>

#include "base/handle.hpp"

namespace imip::testing {
namespace {

using CmsPtr = Handle<CMS_ContentInfo, CMS_ContentInfo_free>;
using BioPtr = Handle<BIO, BIO_free_all>;
using MdPtr = Handle<EVP_MD, EVP_MD_free>;

void must(bool ok, const char* what)
{
  if (!ok) throw std::runtime_error(std::string("raw CMS: ") + what);
}

void set_type(CMS_ContentInfo* cms, const std::string& name)
{
  const Handle<ASN1_OBJECT, ASN1_OBJECT_free> oid(OBJ_txt2obj(name.c_str(), 0));
  must(oid && CMS_set1_eContentType(cms, oid.get()) == 1, "content type");
}

void free_stack(STACK_OF(X509) * stack) { sk_X509_free(stack); }

void add_claim(CMS_SignerInfo* info, const std::vector<Issued>& claimed)
{
  const Handle<STACK_OF(X509), free_stack> above(sk_X509_new_null());
  for (std::size_t i = 1; i < claimed.size(); ++i)
    must(sk_X509_push(above.get(), claimed[i].x509.get()) > 0, "certificates above");
  const Handle<ESS_SIGNING_CERT_V2, ESS_SIGNING_CERT_V2_free> ess(OSSL_ESS_signing_cert_v2_new_init(
      EVP_sha256(), claimed.front().x509.get(), above.get(), 0));
  unsigned char* der = nullptr;
  const int n = i2d_ESS_SIGNING_CERT_V2(ess.get(), &der);
  must(n > 0 && CMS_signed_add1_attr_by_NID(info, NID_id_smime_aa_signingCertificateV2,
                                            V_ASN1_SEQUENCE, der, n) == 1,
       "signingCertificateV2");
  OPENSSL_free(der);
}

void add_signer(CMS_ContentInfo* cms, const RawSigner& signer, const EVP_MD* md, bool first)
{
  unsigned flags = CMS_PARTIAL | CMS_NOSMIMECAP;
  if (!signer.attributes) flags |= CMS_NOATTR;
  if (!signer.certificate || !first) flags |= CMS_NOCERTS;
  if (signer.by_key_id) flags |= CMS_USE_KEYID;
  CMS_SignerInfo* info =
      CMS_add1_signer(cms, signer.who.x509.get(), signer.who.pkey.get(), md, flags);
  must(info != nullptr, "signer");
  if (signer.signing_time) {
    const Handle<ASN1_TIME, ASN1_TIME_free> time(ASN1_TIME_set(
        nullptr, static_cast<std::time_t>(signer.signing_time->time_since_epoch().count())));
    must(CMS_signed_add1_attr_by_NID(info, NID_pkcs9_signingTime, ASN1_STRING_type(time.get()),
                                     time.get(), -1) == 1,
         "signing time");
  }
  if (!signer.claims.empty()) add_claim(info, signer.claims);
}

using AttributePtr = Handle<X509_ATTRIBUTE, X509_ATTRIBUTE_free>;

AttributePtr make_attribute(const RawAttribute& from)
{
  AttributePtr made(X509_ATTRIBUTE_new());
  must(made &&
           X509_ATTRIBUTE_set1_object(made.get(), OBJ_nid2obj(OBJ_txt2nid(from.name.c_str()))) == 1,
       "attribute");
  for (const std::string& value : from.values) {
    const auto* p = reinterpret_cast<const unsigned char*>(value.data());
    const Handle<ASN1_TYPE, ASN1_TYPE_free> any(
        d2i_ASN1_TYPE(nullptr, &p, static_cast<long>(value.size())));
    must(any && X509_ATTRIBUTE_set1_data(made.get(), any->type, any->value.ptr, -1) == 1,
         "attribute value");
  }
  return made;
}

// SET OF, in the order of DER: what is signed (RFC 5652 section 5.4).
std::string signed_attributes(CMS_SignerInfo* info)
{
  std::multiset<std::string> all;
  for (int i = 0; i < CMS_signed_get_attr_count(info); ++i) {
    unsigned char* der = nullptr;
    const int n = i2d_X509_ATTRIBUTE(CMS_signed_get_attr(info, i), &der);
    must(n > 0, "attribute");
    all.emplace(reinterpret_cast<char*>(der), static_cast<std::size_t>(n));
    OPENSSL_free(der);
  }
  std::string body;
  for (const std::string& one : all) body += one;
  std::string head(
      static_cast<std::size_t>(ASN1_object_size(1, static_cast<int>(body.size()), V_ASN1_SET)) -
          body.size(),
      '\0');
  auto* p = reinterpret_cast<unsigned char*>(head.data());
  ASN1_put_object(&p, 1, static_cast<int>(body.size()), V_ASN1_SET, V_ASN1_UNIVERSAL);
  return head + body;
}

// OpenSSL signs no such attributes: they are changed, and signed once more without it.
void change_attributes(CMS_SignerInfo* info, const RawSigner& signer, const EVP_MD* md)
{
  for (const std::string& name : signer.without) {
    const int at = CMS_signed_get_attr_by_NID(info, OBJ_txt2nid(name.c_str()), -1);
    must(at >= 0, "no such attribute");
    X509_ATTRIBUTE_free(CMS_signed_delete_attr(info, at));
  }
  for (const RawAttribute& one : signer.more)
    must(CMS_signed_add1_attr(info, make_attribute(one).get()) == 1, "attribute");
  for (const RawAttribute& one : signer.unsigned_more)
    must(CMS_unsigned_add1_attr(info, make_attribute(one).get()) == 1, "unsigned attribute");
  const std::string over = signed_attributes(info);
  const Handle<EVP_MD_CTX, EVP_MD_CTX_free> ctx(EVP_MD_CTX_new());
  std::string value(static_cast<std::size_t>(EVP_PKEY_get_size(signer.who.pkey.get())), '\0');
  std::size_t n = value.size();
  must(ctx && EVP_DigestSignInit(ctx.get(), nullptr, md, nullptr, signer.who.pkey.get()) == 1 &&
           EVP_DigestSign(ctx.get(), reinterpret_cast<unsigned char*>(value.data()), &n,
                          reinterpret_cast<const unsigned char*>(over.data()), over.size()) == 1 &&
           ASN1_STRING_set(CMS_SignerInfo_get0_signature(info), value.data(),
                           static_cast<int>(n)) == 1,
       "signature");
}

void add_crl(CMS_ContentInfo* cms, const std::string& path)
{
  const BioPtr in(BIO_new_file(path.c_str(), "r"));
  const Handle<X509_CRL, X509_CRL_free> crl(
      in ? PEM_read_bio_X509_CRL(in.get(), nullptr, nullptr, nullptr) : nullptr);
  must(crl && CMS_add1_crl(cms, crl.get()) == 1, "CRL");
}

}  // namespace

std::string raw_cms(const RawCms& form, std::string_view octets)
{
  const unsigned flags = CMS_BINARY | CMS_PARTIAL | (form.detached ? CMS_DETACHED : 0U);
  const CmsPtr cms(CMS_sign(nullptr, nullptr, nullptr, nullptr, flags));
  must(cms != nullptr, "CMS_sign");
  set_type(cms.get(), form.content_type);
  std::vector<MdPtr> digests;
  std::set<X509*> seen;
  for (const RawSigner& signer : form.signers) {
    digests.emplace_back(EVP_MD_fetch(nullptr, signer.digest.c_str(), nullptr));
    // CMS_add1_signer wants to add a certificate of its own, and none twice
    add_signer(cms.get(), signer, digests.back().get(), seen.insert(signer.who.x509.get()).second);
  }
  for (const Issued& more : form.more_certificates)
    must(CMS_add1_cert(cms.get(), more.x509.get()) == 1, "certificate");
  for (const std::string& path : form.crls) add_crl(cms.get(), path);
  const BioPtr in(BIO_new_mem_buf(octets.data(), static_cast<int>(octets.size())));
  must(CMS_final(cms.get(), in.get(), nullptr, flags) == 1, "CMS_final");
  for (std::size_t i = 0; i < form.signers.size(); ++i) {
    const RawSigner& signer = form.signers[i];
    if (signer.without.empty() && signer.more.empty() && signer.unsigned_more.empty()) continue;
    change_attributes(sk_CMS_SignerInfo_value(CMS_get0_SignerInfos(cms.get()), static_cast<int>(i)),
                      signer, digests[i].get());
  }
  if (form.content_type_after) set_type(cms.get(), *form.content_type_after);
  unsigned char* der = nullptr;
  const int n = i2d_CMS_ContentInfo(cms.get(), &der);
  must(n > 0, "encoding");
  std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(n));
  OPENSSL_free(der);
  return out;
}

}  // namespace imip::testing
