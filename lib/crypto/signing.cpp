#include "crypto/signing.hpp"

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "crypto/detail/certificate.hpp"
#include "crypto/detail/identity.hpp"

namespace imip::crypto {
namespace {

struct SigningDigest {
  const EVP_MD* md = nullptr;
  std::string micalg;
};

// RFC 5753 section 2.1.1 and RFC 8551 section 2.1: a digest as strong as the curve.
Result<SigningDigest> digest_for(const SigningIdentity::Impl& identity)
{
  EVP_PKEY* key = X509_get0_pubkey(identity.certificate.get());
  if (key == nullptr)
    return err(Errc::Config,
               cat("the key of ", label(identity.certificate.get()), " cannot be read"));
  const int bits = EVP_PKEY_get_bits(key);
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      return SigningDigest{EVP_sha256(), "sha-256"};
    case EVP_PKEY_EC:
      if (bits > 384) return SigningDigest{EVP_sha512(), "sha-512"};
      if (bits > 256) return SigningDigest{EVP_sha384(), "sha-384"};
      return SigningDigest{EVP_sha256(), "sha-256"};
    default:
      return err(Errc::Config,
                 cat("the key of ", label(identity.certificate.get()), " is of kind ",
                     key_text(key), ", which cannot sign S/MIME here"),
                 "use a certificate with an RSA or P-256 key");
  }
}

using Capabilities = STACK_OF(X509_ALGOR);
void free_capabilities(Capabilities* all)
{
  sk_X509_ALGOR_pop_free(all, X509_ALGOR_free);
}

// RFC 8551 section 2.5.2: what may be used to encrypt to this signer.
bool add_capabilities(CMS_SignerInfo* info)
{
  Capabilities* list = nullptr;
  bool ok = true;
  for (const int nid : {NID_aes_256_cbc, NID_aes_128_cbc})
    ok = ok && CMS_add_simple_smimecap(&list, nid, -1) == 1;
  const Handle<Capabilities, free_capabilities> owner(list);
  return ok && CMS_add_smimecap(info, list) == 1;
}

// RFC 5652 section 11.3: UTCTime through 2049, ASN1_TIME_set chooses.
bool add_signing_time(CMS_SignerInfo* info, UtcSeconds at)
{
  const Handle<ASN1_TIME, ASN1_TIME_free> time(
      ASN1_TIME_set(nullptr, static_cast<std::time_t>(at.time_since_epoch().count())));
  return time && CMS_signed_add1_attr_by_NID(info, NID_pkcs9_signingTime,
                                             ASN1_STRING_type(time.get()), time.get(), -1) == 1;
}

bool add_certificates(CMS_ContentInfo* cms, const SigningIdentity::Impl& identity)
{
  for (const X509Ptr& x : identity.chain)
    if (CMS_add1_cert(cms, x.get()) != 1) return false;
  return true;  // CMS_add1_signer adds the signer's own
}

/// A key that is for RSASSA-PSS alone (RFC 4055 section 1.2) signs by nothing else, but OpenSSL 3.0 begins with PKCS #1.
bool choose_padding(CMS_SignerInfo* info, EVP_PKEY* key)
{
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA_PSS) return true;
  EVP_PKEY_CTX* context = CMS_SignerInfo_get0_pkey_ctx(info);
  return context != nullptr && EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) > 0 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) > 0;
}

/// What we say of ourselves others must be able to check.
bool verifies(CMS_ContentInfo* cms, std::string_view octets, unsigned form)
{
  const BioPtr content = (form & CMS_DETACHED) != 0 ? bio_over(octets) : nullptr;
  return CMS_verify(cms, nullptr, nullptr, content.get(), nullptr,
                    CMS_BINARY | CMS_NO_SIGNER_CERT_VERIFY) == 1;
}

Result<std::string> sign(const SigningIdentity::Impl& identity, std::string_view octets,
                         const EVP_MD* md, UtcSeconds at, unsigned form)
{
  const ErrorScope errors;
  IMIP_CHECK(check_fitness(identity.certificate.get(), at));
  return identity.use([&](EVP_PKEY* key) -> Result<std::string> {
    const unsigned flags = form | CMS_BINARY | CMS_PARTIAL;
    const CmsPtr cms(CMS_sign(nullptr, nullptr, nullptr, nullptr, flags));
    CMS_SignerInfo* info = cms ? CMS_add1_signer(cms.get(), identity.certificate.get(), key, md,
                                                 CMS_PARTIAL | CMS_NOSMIMECAP | CMS_CADES | CMS_KEY_PARAM)
                               : nullptr;
    const BioPtr in = bio_over(octets);
    if (info == nullptr || !in || !choose_padding(info, X509_get0_pubkey(identity.certificate.get())) ||
        !add_certificates(cms.get(), identity) || !add_capabilities(info) || !add_signing_time(info, at) ||
        CMS_final(cms.get(), in.get(), nullptr, flags) != 1 || !verifies(cms.get(), octets, form))
      return err(Errc::Internal,
                 cat("signing as ", label(identity.certificate.get()), " failed: ", error_text()));
    return encode_cms(cms.get());
  });
}

}  // namespace

Result<void> check_fitness(X509* x, UtcSeconds at)
{
  const UtcSeconds from = time_of(X509_get0_notBefore(x));
  const UtcSeconds until = time_of(X509_get0_notAfter(x));
  if (at > until)
    return err(Errc::Config, cat(label(x), " expired on ", to_rfc3339(until)),
               "get a new certificate from your authority and name it in [[identity]]");
  if (at < from)
    return err(Errc::Config, cat(label(x), " is valid only from ", to_rfc3339(from)),
               "is this machine's clock right?");
  if (!allows_signing(x))
    return err(Errc::Config,
               cat(label(x),
                   " may not sign: its keyUsage has neither digitalSignature "
                   "nor nonRepudiation"),
               "name the signing certificate; this one may be for encryption only");
  if (const auto problem = mail_problem(x))
    return err(Errc::Config, cat(label(x), " ", *problem),
               "name a certificate that was made for S/MIME");
  if (const auto problem = key_problem(X509_get0_pubkey(x), Floor{}))
    return err(Errc::Config, cat(label(x), " ", *problem),
               "receivers refuse so weak a key: get a certificate for a better one");
  return {};
}

std::optional<std::string> weakness_of(std::string_view certificate_der)
{
  start_libcrypto();
  const ErrorScope errors;
  const unsigned char* p = octets_of(certificate_der);
  const X509Ptr x(d2i_X509(nullptr, &p, static_cast<long>(certificate_der.size())));
  if (!x) return "the certificate cannot be read";
  const SignatureDigest digest = signature_digest(x.get());
  if (digest.built_in || digest_allowed(digest.nid, Floor{})) return {};
  return cat(label(x.get()), " was signed by its authority with ",
             digest.nid == NID_undef ? "an unknown digest" : digest_text(digest.nid));
}

Result<std::string> encode_cms(CMS_ContentInfo* cms)
{
  unsigned char* der = nullptr;
  const int n = i2d_CMS_ContentInfo(cms, &der);
  if (n <= 0) return err(Errc::Internal, cat("the CMS cannot be encoded: ", error_text()));
  std::string out(reinterpret_cast<char*>(der), static_cast<std::size_t>(n));
  OPENSSL_free(der);
  return out;
}

Result<DetachedSignature> sign_detached(const SigningIdentity& identity, std::string_view octets,
                                        UtcSeconds at)
{
  const SigningIdentity::Impl& impl = SigningAccess::of(identity);
  IMIP_TRY(SigningDigest digest, digest_for(impl));
  IMIP_TRY(std::string der, sign(impl, octets, digest.md, at, CMS_DETACHED));
  return DetachedSignature{std::move(der), std::move(digest.micalg)};
}

Result<std::string> sign_opaque(const SigningIdentity& identity, std::string_view octets,
                                UtcSeconds at)
{
  const SigningIdentity::Impl& impl = SigningAccess::of(identity);
  IMIP_TRY(const SigningDigest digest, digest_for(impl));
  return sign(impl, octets, digest.md, at, 0);
}

}  // namespace imip::crypto
