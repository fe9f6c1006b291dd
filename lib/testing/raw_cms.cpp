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

void add_claim(CMS_SignerInfo* info, const Issued& claimed)
{
  const Handle<ESS_SIGNING_CERT_V2, ESS_SIGNING_CERT_V2_free> ess(
      OSSL_ESS_signing_cert_v2_new_init(EVP_sha256(), claimed.x509.get(), nullptr, 0));
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
  if (signer.claims) add_claim(info, *signer.claims);
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
  if (form.content_type_after) set_type(cms.get(), *form.content_type_after);
  unsigned char* der = nullptr;
  const int n = i2d_CMS_ContentInfo(cms.get(), &der);
  must(n > 0, "encoding");
  std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(n));
  OPENSSL_free(der);
  return out;
}

}  // namespace imip::testing
