#include "crypto/detail/signer.hpp"

#include <openssl/ess.h>

#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "crypto/detail/cache.hpp"
#include "crypto/detail/candidates.hpp"
#include "crypto/detail/certificate.hpp"

namespace imip::crypto {
namespace {

using EssV1 = Handle<ESS_SIGNING_CERT, ESS_SIGNING_CERT_free>;
using EssV2 = Handle<ESS_SIGNING_CERT_V2, ESS_SIGNING_CERT_V2_free>;

void free_members(ASN1_SEQUENCE_ANY* members)
{
  sk_ASN1_TYPE_pop_free(members, ASN1_TYPE_free);
}

struct Algorithms {
  X509* certificate = nullptr;
  X509_ALGOR* digest = nullptr;
  X509_ALGOR* signature = nullptr;
};

Algorithms algorithms_of(CMS_SignerInfo* info)
{
  Algorithms a;
  CMS_SignerInfo_get0_algs(info, nullptr, &a.certificate, &a.digest, &a.signature);
  return a;
}

int digest_nid(CMS_SignerInfo* info)
{
  const ASN1_OBJECT* oid = nullptr;
  X509_ALGOR_get0(&oid, nullptr, nullptr, algorithms_of(info).digest);
  return oid == nullptr ? NID_undef : OBJ_obj2nid(oid);
}

void add(Signature& s, Code code, std::string text)
{
  s.findings.push_back({code, std::move(text)});
}

bool has_attributes(CMS_SignerInfo* info)
{
  return CMS_signed_get_attr_count(info) >= 0;
}

// The value of a signed attribute that must be there at most once, with one value of one type.
struct AttributeValue {
  bool present = false;
  void* value = nullptr;  // null: present, and not of this type, or more than one
};
AttributeValue attribute(CMS_SignerInfo* info, const ASN1_OBJECT* kind, int type)
{
  if (CMS_signed_get_attr_by_OBJ(info, kind, -1) < 0) return {};
  constexpr int exactly_one_value = -3;
  return {true, CMS_signed_get0_data_by_OBJ(info, kind, exactly_one_value, type)};
}
AttributeValue attribute(CMS_SignerInfo* info, int nid, int type)
{
  return attribute(info, OBJ_nid2obj(nid), type);
}

// How often an attribute is there that must be there once, with one value; empty: so it is.
std::string miscount(CMS_SignerInfo* info, int nid)
{
  const int at = CMS_signed_get_attr_by_NID(info, nid, -1);
  if (at < 0) return "is missing";
  if (CMS_signed_get_attr_by_NID(info, nid, at) >= 0) return "is there twice";
  const int values = X509_ATTRIBUTE_count(CMS_signed_get_attr(info, at));
  return values == 1 ? std::string() : cat("has ", values, " values");
}

// RFC 5652 section 11.1: signed, and equal to what is signed. OpenSSL does not compare.
bool content_type_agrees(CMS_SignerInfo* info, CMS_ContentInfo* cms, Signature& s)
{
  std::string problem = miscount(info, NID_pkcs9_contentType);
  const auto type = attribute(info, NID_pkcs9_contentType, V_ASN1_OBJECT);
  if (problem.empty() && (type.value == nullptr || OBJ_cmp(static_cast<ASN1_OBJECT*>(type.value),
                                                           CMS_get0_eContentType(cms)) != 0))
    problem = "differs from the type of the content";
  if (!problem.empty())
    add(s, Code::ContentTypeAttribute,
        cat("the signed content-type attribute ", problem, " (RFC 5652 section 11.1)"));
  return problem.empty();
}

// Which attribute OpenSSL means by "attribute error": it keeps to RFC 5652 sections 5.3 and 11, RFC
// 2634 and RFC 5035.
std::string attribute_error(CMS_SignerInfo* info)
{
  struct Rule {
    int nid;
    std::string_view name, section;
  };
  static constexpr std::array<Rule, 6> once = {
      {{NID_pkcs9_messageDigest, "message-digest", "RFC 5652 section 11.2"},
       {NID_pkcs9_signingTime, "signing-time", "RFC 5652 section 11.3"},
       {NID_pkcs9_contentType, "content-type", "RFC 5652 section 11.1"},
       {NID_id_smime_aa_signingCertificateV2, "signingCertificateV2", "RFC 5035 section 3"},
       {NID_id_smime_aa_signingCertificate, "signingCertificate", "RFC 2634 section 5.4"},
       {NID_id_smime_aa_receiptRequest, "receiptRequest", "RFC 2634 section 2.7"}}};
  for (const Rule& rule : once) {
    if (CMS_unsigned_get_attr_by_NID(info, rule.nid, -1) >= 0)
      return cat("the ", rule.name, " attribute is among the unsigned ones (", rule.section, ")");
    const bool absent = CMS_signed_get_attr_by_NID(info, rule.nid, -1) < 0;
    if (absent && rule.nid != NID_pkcs9_messageDigest) continue;
    if (const std::string problem = miscount(info, rule.nid); !problem.empty())
      return cat("the signed ", rule.name, " attribute ", problem, " (", rule.section, ")");
  }
  return CMS_signed_get_attr_by_NID(info, NID_pkcs9_countersignature, -1) >= 0
             ? "the countersignature attribute is among the signed ones (RFC 5652 section 11.4)"
             : "its attributes are not as RFC 5652 section 11 wants them";
}

bool failed_by(int reason)
{
  const unsigned long code = ERR_peek_last_error();
  return ERR_GET_LIB(code) == ERR_LIB_CMS && ERR_GET_REASON(code) == reason;
}

// Without signed attributes the signature is over the content alone, so a signature over somebody's
// attributes (a SET) would pass for one over that SET as the content.
bool is_one_set(std::string_view octets)
{
  const unsigned char* p = octets_of(octets);
  long length = 0;
  int tag = 0;
  int tag_class = 0;
  if (octets.size() < 2) return false;
  const int flags =
      ASN1_get_object(&p, &length, &tag, &tag_class, static_cast<long>(octets.size()));
  return (flags & 0x80) == 0 && tag == V_ASN1_SET && tag_class == V_ASN1_UNIVERSAL &&
         p + length == octets_of(octets) + octets.size();
}

bool read_signing_time(CMS_SignerInfo* info, Signature& s)
{
  auto time = attribute(info, NID_pkcs9_signingTime, V_ASN1_UTCTIME);
  if (!time.present) return true;
  if (time.value == nullptr) time = attribute(info, NID_pkcs9_signingTime, V_ASN1_GENERALIZEDTIME);
  const auto* value = static_cast<const ASN1_TIME*>(time.value);
  if (value == nullptr || ASN1_TIME_check(value) != 1) return false;
  s.signed_at = time_of(value);
  return true;
}

template <typename T, auto Decode, typename Owner>
bool decode_attribute(CMS_SignerInfo* info, int nid, Owner& out)
{
  const auto found = attribute(info, nid, V_ASN1_SEQUENCE);
  if (!found.present) return true;
  const std::string_view der = view_of(static_cast<const ASN1_STRING*>(found.value));
  const unsigned char* p = octets_of(der);
  constexpr std::size_t longest = 8192;  // some fifty certificates: each is held against all that are known
  if (!der.empty() && der.size() <= longest) out.reset(Decode(nullptr, &p, static_cast<long>(der.size())));
  return out != nullptr;
}

bool push_others(STACK_OF(X509) * to, X509* signer, STACK_OF(X509) * from)
{
  for (int i = 0; i < sk_X509_num(from); ++i)
    if (X509* x = sk_X509_value(from, i);
        X509_cmp(x, signer) != 0 && sk_X509_find(to, x) < 0 && sk_X509_push(to, x) <= 0)
      return false;
  return true;
}

// RFC 2634 section 5.4, RFC 5035: the first certificate named must be the signer's.
bool signing_certificate_agrees(CMS_SignerInfo* info, X509* signer, const SignedContent& content,
                                const Trust& trust)
{
  EssV1 v1;
  EssV2 v2;
  if (!decode_attribute<ESS_SIGNING_CERT, d2i_ESS_SIGNING_CERT>(
          info, NID_id_smime_aa_signingCertificate, v1) ||
      !decode_attribute<ESS_SIGNING_CERT_V2, d2i_ESS_SIGNING_CERT_V2>(
          info, NID_id_smime_aa_signingCertificateV2, v2))
    return false;
  if (!v1 && !v2) return true;
  // Further ones name issuers: whichever certificates of the message they mean, or of the policy, since the root does
  // not come along.
  const BorrowedCertificates known(sk_X509_new_null());
  const Candidates above(signer, trust, {content.certificates, content.crls, {}});
  return known && sk_X509_push(known.get(), signer) > 0 &&
         push_others(known.get(), signer, content.certificates) &&
         push_others(known.get(), signer, above.untrusted.get()) &&
         push_others(known.get(), signer, above.trusted.get()) &&
         OSSL_ESS_check_signing_certs(v1.get(), v2.get(), known.get(), 1) > 0;
}

// No parameters and NULL are the same (RFC 5754 section 2).
bool same_algorithm(const X509_ALGOR* a, const X509_ALGOR* b)
{
  const auto bare = [](const X509_ALGOR* x) {
    int type = V_ASN1_UNDEF;
    X509_ALGOR_get0(nullptr, &type, nullptr, x);
    return type == V_ASN1_UNDEF || type == V_ASN1_NULL;
  };
  return bare(a) && bare(b) ? OBJ_cmp(a->algorithm, b->algorithm) == 0 : X509_ALGOR_cmp(a, b) == 0;
}

// RFC 6211 section 2, which OpenSSL 3.0 does not know: CMSAlgorithmProtection ::= SEQUENCE {
// digestAlgorithm, signatureAlgorithm [1] }. Its [2] is for authenticated-data.
bool protected_algorithms_agree(CMS_SignerInfo* info)
{
  using Object = Handle<ASN1_OBJECT, ASN1_OBJECT_free>;
  using Algorithm = Handle<X509_ALGOR, X509_ALGOR_free>;
  using Members = Handle<ASN1_SEQUENCE_ANY, free_members>;
  const Object kind(OBJ_txt2obj("1.2.840.113549.1.9.52", 1));
  const auto found = attribute(info, kind.get(), V_ASN1_SEQUENCE);
  if (!found.present) return true;
  const std::string_view der = view_of(static_cast<const ASN1_STRING*>(found.value));
  const unsigned char* p = octets_of(der);
  const Members members(
      der.empty() ? nullptr : d2i_ASN1_SEQUENCE_ANY(nullptr, &p, static_cast<long>(der.size())));
  if (sk_ASN1_TYPE_num(members.get()) != 2) return false;
  const auto algorithm = [&](int at, int type, std::string_view tag) {
    const ASN1_TYPE* member = sk_ASN1_TYPE_value(members.get(), at);
    std::string one(member->type == type ? view_of(member->value.asn1_string) : std::string_view{});
    if (!one.starts_with(tag)) return Algorithm();
    one.front() = '\x30';
    const unsigned char* begin = octets_of(one);
    return Algorithm(d2i_X509_ALGOR(nullptr, &begin, static_cast<long>(one.size())));
  };
  const Algorithm digest = algorithm(0, V_ASN1_SEQUENCE, "\x30");
  const Algorithm signature = algorithm(1, V_ASN1_OTHER, "\xA1");
  const Algorithms used = algorithms_of(info);
  return digest && signature && same_algorithm(digest.get(), used.digest) &&
         same_algorithm(signature.get(), used.signature);
}

// What a signatureAlgorithm says of digest and key; no digest: digestAlgorithm's.
struct NamedAlgorithm {
  int digest = NID_undef;
  int key = NID_undef;
};

std::optional<NamedAlgorithm> named_algorithm(CMS_SignerInfo* info)
{
  const int nid = OBJ_obj2nid(algorithms_of(info).signature->algorithm);
  NamedAlgorithm named;
  if (nid == NID_undef) return {};
  if (OBJ_find_sigid_algs(nid, &named.digest, &named.key) == 1) return named;
  if (nid == NID_rsaEncryption || nid == NID_X9_62_id_ecPublicKey || nid == NID_dsa)
    return NamedAlgorithm{NID_undef, nid};
  return {};
}

// OpenSSL takes the digest from digestAlgorithm and the kind of key from the certificate.
bool named_algorithm_agrees(CMS_SignerInfo* info, X509* signer)
{
  const auto named = named_algorithm(info);
  const int kind = EVP_PKEY_get_base_id(X509_get0_pubkey(signer));
  const bool key =
      named && (named->key == kind || (named->key == EVP_PKEY_RSA_PSS && kind == EVP_PKEY_RSA));
  return key && (named->digest == NID_undef || named->digest == digest_nid(info));
}

bool checkable_key(EVP_PKEY* key)
{
  if (key == nullptr) return false;
  const int kind = EVP_PKEY_get_base_id(key);
  return kind == EVP_PKEY_RSA || kind == EVP_PKEY_RSA_PSS || kind == EVP_PKEY_EC ||
         kind == EVP_PKEY_DSA;
}

// Why nobody can say whether it verifies.
bool find_obstacle(CMS_SignerInfo* info, X509* signer, Signature& s)
{
  if (signer == nullptr) {
    ASN1_OCTET_STRING* key_id = nullptr;
    X509_NAME* issuer = nullptr;
    ASN1_INTEGER* serial = nullptr;
    CMS_SignerInfo_get0_signer_id(info, &key_id, &issuer, &serial);
    add(s, Code::SignatureUnchecked,
        cat("neither the message nor the policy has its signer's certificate (",
            identifier_text(key_id, issuer, serial),
            "), so the signature cannot be checked; ask for a mail that carries it, or put it "
            "among the policy's [smime] intermediates"));
    return true;
  }
  if (digest_of(info) == nullptr) {
    add(s, Code::AlgorithmUnsupported,
        cat("the signature uses a digest that OpenSSL does not know (",
            s.digest.empty() ? std::string("no name") : s.digest, ")"));
    return true;
  }
  if (!named_algorithm(info)) {
    add(s, Code::AlgorithmUnsupported,
        cat("the signature is of a kind that OpenSSL does not know (",
            oid_text(algorithms_of(info).signature->algorithm), ")"));
    return true;
  }
  EVP_PKEY* key = X509_get0_pubkey(signer);
  if (!checkable_key(key)) {
    const int kind = key == nullptr ? EVP_PKEY_NONE : EVP_PKEY_get_base_id(key);
    const bool edwards = kind == EVP_PKEY_ED25519 || kind == EVP_PKEY_ED448;
    add(s, Code::AlgorithmUnsupported,
        cat("the signature is by a key of kind ", key_text(key), edwards ? " (RFC 8419)" : "",
            ", which OpenSSL 3.0 cannot check in CMS; ask for one by an RSA or ECDSA key"));
    return true;
  }
  return false;
}

// Everything that makes it a signature over these octets, or not.
bool verifies(CMS_SignerInfo* info, X509* signer, const SignedContent& content, const Trust& trust,
              Signature& s)
{
  if (has_attributes(info)) {
    if (!content_type_agrees(info, content.cms, s)) return false;
    if (CMS_SignerInfo_verify(info) != 1) {
      if (failed_by(CMS_R_ATTRIBUTE_ERROR))
        add(s, Code::SignatureMalformed, attribute_error(info));
      else
        add(s, Code::SignatureInvalid,
            cat("the signature does not verify with the key of ", label(signer)));
      return false;
    }
    if (attribute(info, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING).value == nullptr) {
      add(s, Code::SignatureMalformed,
          "the signed message-digest attribute is not an octet string (RFC 5652 section 11.2)");
      return false;
    }
  } else if (is_one_set(content.octets)) {
    add(s, Code::SignatureMalformed, "what is signed is a set of attributes and not a message");
    return false;
  }
  if (CMS_SignerInfo_verify_content(info, content.digests) != 1) {
    add(s, Code::SignatureInvalid,
        "the message was changed after it was signed, or its signature "
        "belongs to another message");
    return false;
  }
  if (!signing_certificate_agrees(info, signer, content, trust)) {
    add(s, Code::SignatureInvalid,
        cat("the signature says that it was made with another certificate, or below others, than ",
            label(signer), " (RFC 5035)"));
    return false;
  }
  if (!protected_algorithms_agree(info)) {
    add(s, Code::SignatureMalformed,
        "the signature was made with other algorithms than its CMSAlgorithmProtection attribute "
        "says (RFC 6211)");
    return false;
  }
  if (!named_algorithm_agrees(info, signer)) {
    add(s, Code::SignatureMalformed,
        cat("the signature contradicts itself: its signatureAlgorithm is ",
            oid_text(algorithms_of(info).signature->algorithm), ", its digestAlgorithm ", s.digest,
            ", and the key ", key_text(X509_get0_pubkey(signer)), " (RFC 8933 section 3)"));
    return false;
  }
  if (!read_signing_time(info, s)) {
    add(s, Code::SignatureMalformed,
        "the signed signing-time attribute is not a valid time (RFC 5652 section 11.3)");
    return false;
  }
  return true;
}

// What is wrong with the signature itself, though it verifies.
void check_claims(CMS_SignerInfo* info, const VerifyOptions& options, Signature& s)
{
  const SignatureDigest digest{digest_nid(info), false, mask_digest(algorithms_of(info).signature)};
  if (!digest.allowed(options.floor))
    add(s, Code::WeakDigest,
        cat("the signature uses ", digest.text(), ", which the policy does not accept"));
  if (s.signed_at && *s.signed_at > options.now + std::chrono::seconds{options.clock_skew_seconds})
    add(s, Code::SignedInFuture,
        cat("the message claims to have been signed at ", to_rfc3339(*s.signed_at),
            ", which is in the future; is this machine's clock right"));
}

void take_proof(Proof proof, const Trust& trust, CMS_SignerInfo* info, Signature& s)
{
  s.signer = std::move(proof.signer);
  s.chain = std::move(proof.chain);
  if (s.status != SignatureStatus::Valid) return;  // to be looked at, no more
  check_claims(info, trust.options, s);
  s.findings.insert(s.findings.end(), proof.findings.begin(), proof.findings.end());
  s.anchor = proof.anchor;
  if (s.findings.empty())
    s.identities = std::move(proof.identities);
  else
    s.status = SignatureStatus::Unproven;
  s.findings.insert(s.findings.end(), proof.notices.begin(), proof.notices.end());
}

// All that the signer identifier fits (RFC 5652 section 5.3): a key identifier those of a renewed
// key, and both kinds whatever a stranger put in. A message need not carry it (RFC 8550
// section 2.3): then the policy may. The order says nothing; the one that is valid longest comes
// first.
std::vector<X509*> certificates_for(CMS_SignerInfo* info, const SignedContent& content,
                                    const Trust& trust)
{
  constexpr std::size_t most = 4;  // each is verified with
  std::vector<X509*> found;
  const auto add = [&](X509* x) {
    if (CMS_SignerInfo_cert_cmp(info, x) == 0) found.push_back(x);
  };
  for (int i = 0; i < sk_X509_num(content.certificates); ++i)
    add(sk_X509_value(content.certificates, i));
  if (found.empty())
    for (X509* x : trust.intermediates.all()) add(x);
  std::sort(found.begin(), found.end(), [](X509* a, X509* b) {
    const UtcSeconds end_of_a = time_of(X509_get0_notAfter(a));
    const UtcSeconds end_of_b = time_of(X509_get0_notAfter(b));
    return end_of_a != end_of_b ? end_of_a > end_of_b : X509_cmp(a, b) < 0;
  });
  found.erase(
      std::unique(found.begin(), found.end(), [](X509* a, X509* b) { return X509_cmp(a, b) == 0; }),
      found.end());
  found.resize(std::min(found.size(), most));
  return found;
}

Signature judge_as(CMS_SignerInfo* info, X509* signer, const SignedContent& content,
                   const Trust& trust)
{
  const ErrorScope errors;
  Signature s;
  s.protocol = Protocol::Smime;
  s.digest = digest_text(digest_nid(info));
  CMS_SignerInfo_set1_signer_cert(info, signer);
  if (!find_obstacle(info, signer, s))
    s.status =
        verifies(info, signer, content, trust, s) ? SignatureStatus::Valid : SignatureStatus::Invalid;
  if (signer != nullptr)
    take_proof(trust.proofs.prove(signer, trust, {content.certificates, content.crls, s.signed_at}),
               trust, info, s);
  return s;
}

// Another certificate of the same key counts if it names somebody whom the first do not.
void add_proven(Signature s, std::vector<Signature>& proven)
{
  const auto known = [&](const CalAddress& identity) {
    return std::any_of(proven.begin(), proven.end(), [&](const Signature& other) {
      return std::any_of(
          other.identities.begin(), other.identities.end(),
          [&](const CalAddress& a) { return same_user(a, identity, LocalPart::Exact); });
    });
  };
  if (proven.empty() || !std::all_of(s.identities.begin(), s.identities.end(), known))
    proven.push_back(std::move(s));
}

}  // namespace

const EVP_MD* digest_of(CMS_SignerInfo* info)
{
  const int nid = digest_nid(info);
  return nid == NID_undef ? nullptr : EVP_get_digestbynid(nid);
}

std::vector<Signature> judge_signer(CMS_SignerInfo* info, const SignedContent& content,
                                    const Trust& trust)
{
  std::vector<Signature> proven;
  std::optional<Signature> most_telling;
  for (X509* signer : certificates_for(info, content, trust)) {
    Signature s = judge_as(info, signer, content, trust);
    if (s.status == SignatureStatus::Valid)
      add_proven(std::move(s), proven);
    else if (!most_telling || s.status > most_telling->status)
      most_telling = std::move(s);
  }
  if (!proven.empty()) return proven;
  return {most_telling ? *std::move(most_telling) : judge_as(info, nullptr, content, trust)};
}

}  // namespace imip::crypto
