#include "crypto/detail/cms.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "crypto/detail/cache.hpp"
#include "crypto/detail/compression.hpp"
#include "crypto/detail/der.hpp"
#include "crypto/detail/signer.hpp"

namespace imip::crypto {
namespace {

SignatureReport open_other(const CmsShape& shape, std::string_view der, KeyRing& keys,
                           const Limits& limits)
{
  switch (shape.content_type) {
    case NID_pkcs7_enveloped:
    case NID_id_smime_ct_authEnvelopedData:
      return open_enveloped(shape, der, keys, limits);
    case NID_id_smime_ct_compressedData:
      return open_compressed(shape, der, limits);
    case NID_pkcs7_encrypted:
      return defect(Code::SignatureUnchecked,
                    "the message is encrypted with a key that both sides share (CMS "
                    "encrypted-data), which e-mail does not use and imip does not open");
    case NID_pkcs7_digest:
      return defect(Code::SignatureUnchecked,
                    "the message has a digest and no signature (CMS digested-data): anybody can "
                    "make one");
    case NID_id_smime_ct_authData:
      return defect(Code::SignatureUnchecked,
                    "the message has an authentication code and no signature (CMS "
                    "authenticated-data): everybody who can check it could have made it");
    default:
      return defect(Code::SignatureUnchecked,
                    "the CMS is neither signed, encrypted, nor compressed; imip does not open it");
  }
}

std::string_view noun(const CmsShape& shape)
{
  return shape.content_type == NID_pkcs7_signed ? "signature" : "CMS";
}

// A content may be cut into any number of pieces, also empty ones, and each is looked at several
// times. Streams are cut into thousands of octets; certificates have one element in ten of them.
std::optional<SignatureReport> too_many_elements(std::string_view der, const Limits& limits)
{
  constexpr std::size_t octets_each = 4;
  const std::size_t most = limits.signature_bytes / octets_each;
  if (!has_more_elements(der, most)) return {};
  return defect(
      Code::LimitExceeded,
      cat("the CMS consists of more than ", most, " elements; the limit signature-bytes, ",
          limits.signature_bytes, ", allows one for each ", octets_each));
}

std::optional<SignatureReport> over_limit(const CmsShape& shape, const Limits& limits)
{
  const auto exceeded = [&](std::string_view what, std::size_t n, std::size_t most,
                            std::string_view key) {
    return defect(Code::LimitExceeded, cat("the ", noun(shape), " holds ", n, " ", what,
                                           "; the limit ", key, " is ", most));
  };
  // Decoding multiplies: ten megabytes of names or revoked numbers become a gigabyte of objects.
  if (shape.overhead > limits.signature_bytes)
    return exceeded("octets beside the content", shape.overhead, limits.signature_bytes,
                    "signature-bytes");
  if (shape.signer_infos > limits.signer_infos)
    return exceeded("signerInfos", shape.signer_infos, limits.signer_infos, "signer-infos");
  if (shape.certificates > limits.certificates)
    return exceeded("certificates", shape.certificates, limits.certificates, "certificates");
  if (shape.crls > limits.certificates)
    return exceeded("revocation lists", shape.crls, limits.certificates, "certificates");
  if (shape.digest_algorithms > limits.certificates)
    return exceeded("digest algorithms", shape.digest_algorithms, limits.certificates,
                    "certificates");
  return {};
}

// One filter per digest that a signerInfo uses, whatever digestAlgorithms says: a bogus entry there
// must not spoil another's signature, and a thousand must not cost a thousand passes.
BioPtr digest_filters(STACK_OF(CMS_SignerInfo) * infos, std::string_view octets)
{
  BioPtr chain(BIO_new(BIO_s_null()));
  std::vector<const EVP_MD*> used;
  for (int i = 0; chain && i < sk_CMS_SignerInfo_num(infos); ++i) {
    const EVP_MD* md = digest_of(sk_CMS_SignerInfo_value(infos, i));
    if (md == nullptr || std::find(used.begin(), used.end(), md) != used.end()) continue;
    used.push_back(md);
    BioPtr filter(BIO_new(BIO_f_md()));
    if (!filter || BIO_set_md(filter.get(), md) != 1) return {};
    chain.reset(BIO_push(filter.release(), chain.release()));
  }
  constexpr std::size_t piece = 1U << 20U;
  while (chain && !octets.empty()) {
    const std::size_t n = std::min(octets.size(), piece);
    if (BIO_write(chain.get(), octets.data(), static_cast<int>(n)) != static_cast<int>(n))
      return {};
    octets.remove_prefix(n);
  }
  return chain;
}

}  // namespace

SignatureReport defect(Code code, std::string text)
{
  SignatureReport report;
  report.defects.push_back({code, std::move(text)});
  return report;
}

// The certificates are not signed: out of their structure they can be decoded once for all
// messages. What has other things among them is decoded as it is, and so is what would take long
// to copy.
std::optional<CmsJudge::Parsed> CmsJudge::parse(std::string_view der) const
{
  Parsed out;
  const bool small = der.size() <= limits_.signature_bytes;
  const auto lean = trust_.options.caches && small ? without_certificates(der) : std::nullopt;
  const std::string_view rest = lean ? std::string_view(lean->der) : der;
  const unsigned char* p = octets_of(rest);
  out.cms.reset(d2i_CMS_ContentInfo(nullptr, &p, static_cast<long>(rest.size())));
  if (!out.cms || OBJ_obj2nid(CMS_get0_type(out.cms.get())) != NID_pkcs7_signed) return {};
  out.trailing = p != octets_of(rest) + rest.size();
  out.certificates.reset(lean ? sk_X509_new_null() : CMS_get1_certs(out.cms.get()));
  if (!lean) return out;
  for (const ByteView one : lean->certificates) {
    X509Ptr x = trust_.pool.decode(one);
    if (!x || sk_X509_push(out.certificates.get(), x.get()) <= 0) return {};
    static_cast<void>(x.release());  // the stack's now
  }
  return out;
}

void CmsJudge::judge_signers(const Parsed& parsed, std::string_view octets,
                             SignatureReport& report) const
{
  CMS_ContentInfo* cms = parsed.cms.get();
  STACK_OF(CMS_SignerInfo)* infos = CMS_get0_SignerInfos(cms);
  const OwnedCrls crls(CMS_get1_crls(cms));
  const BioPtr digests = digest_filters(infos, octets);
  if (!digests) {
    report.defects.push_back({Code::SignatureUnchecked, "the message could not be hashed"});
    return;
  }
  const SignedContent content{cms, octets, digests.get(), parsed.certificates.get(), crls.get()};
  for (int i = 0; i < sk_CMS_SignerInfo_num(infos); ++i)
    for (Signature& s : judge_signer(sk_CMS_SignerInfo_value(infos, i), content, trust_))
      report.signatures.push_back(std::move(s));
}

SignatureReport CmsJudge::judge(std::optional<std::string_view> detached,
                                std::string_view der) const
{
  const ErrorScope errors;
  if (auto report = too_many_elements(der, limits_)) return *std::move(report);
  const auto shape = cms_shape(der);
  if (!shape)
    return defect(Code::SignatureMalformed, "the signature is not a CMS structure (RFC 5652)");
  if (shape->content_type != NID_pkcs7_signed && detached)
    return defect(Code::SignatureMalformed,
                  "the signature part holds a CMS that is not signed-data");
  if (shape->octets != der.size())
    return defect(Code::TrailingDer, cat("octets follow the end of the ", noun(*shape), " (",
                                         der.size() - shape->octets, " of them)"));
  if (auto report = over_limit(*shape, limits_)) return *std::move(report);
  if (shape->content_type != NID_pkcs7_signed) return open_other(*shape, der, keys_, limits_);
  return judge_signed_data(detached, der);
}

SignatureReport CmsJudge::judge_signed_data(std::optional<std::string_view> detached,
                                            std::string_view der) const
{
  const auto parsed = parse(der);
  if (!parsed)
    return defect(Code::SignatureMalformed, cat("the signature does not parse: ", error_text()));
  if (parsed->trailing) return defect(Code::TrailingDer, "octets follow the end of the signature");
  CMS_ContentInfo* cms = parsed->cms.get();
  ASN1_OCTET_STRING** slot = CMS_get0_content(cms);
  const ASN1_OCTET_STRING* inside = slot == nullptr ? nullptr : *slot;
  if (detached && inside != nullptr)
    return defect(Code::DetachedWithContent,
                  "the detached signature carries a content of its own beside the message");
  SignatureReport report;
  if (inside != nullptr) {
    report.content = std::string(view_of(inside));
    report.wrapping = Wrapping::Signed;
  }
  if (OBJ_obj2nid(CMS_get0_eContentType(cms)) != NID_pkcs7_data) {
    report.defects.push_back(
        {Code::ContentTypeAttribute, "what is signed is not of the type id-data that e-mail uses"});
  } else if (sk_CMS_SignerInfo_num(CMS_get0_SignerInfos(cms)) <= 0) {
    report.defects.push_back(
        {Code::NoSignerInfo, "the CMS holds no signature (it may carry certificates only)"});
  } else if (!detached && inside == nullptr) {
    report.defects.push_back({Code::SignatureMalformed, "the signed-data carries no content"});
  } else {
    judge_signers(*parsed, detached ? *detached : view_of(inside), report);
  }
  return report;
}

}  // namespace imip::crypto
