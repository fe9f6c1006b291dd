#include "crypto/detail/certificate.hpp"

#include <openssl/core_names.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "crypto/detail/extension.hpp"

namespace imip::crypto {
namespace {

// "sip:..." or "xmpp:..." of a name that is one, else "".
std::string other_name(const GENERAL_NAME* name)
{
  if (name->type == GEN_URI) {
    std::string uri(view_of(name->d.uniformResourceIdentifier));
    const std::string scheme = text::ascii_lower(uri.substr(0, uri.find(':')));
    return scheme == "sip" || scheme == "sips" ? uri : std::string();
  }
  if (name->type != GEN_OTHERNAME || name->d.otherName == nullptr) return {};
  const OTHERNAME* other = name->d.otherName;
  if (OBJ_obj2nid(other->type_id) != NID_XmppAddr || other->value == nullptr ||
      other->value->type != V_ASN1_UTF8STRING)
    return {};
  return cat("xmpp:", view_of(other->value->value.utf8string));
}

template <typename Visit>
void each_mail_name(X509* x, Visit visit)
{
  const AltNames names = alternative_names(x);
  const int n = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < n; ++i)
    if (const auto found = mail_name(sk_GENERAL_NAME_value(names.get(), i))) visit(*found);
}

bool is_ascii(std::string_view s)
{
  return std::all_of(s.begin(), s.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80U; });
}

// OpenSSL turns the constraint into U-labels and compares: right only where both forms are one.
bool plain_domain(std::string_view mailbox)
{
  const auto at = mailbox.rfind('@');
  if (at == std::string_view::npos) return false;
  const std::string domain = text::ascii_lower(mailbox.substr(at + 1));
  return is_ascii(domain) && domain.find("xn--") == std::string::npos;
}

template <typename T, int (*Encode)(const T*, unsigned char**)>
std::string encoded(const T* object)
{
  unsigned char* out = nullptr;
  const int n = Encode(object, &out);
  if (n <= 0) return {};
  std::string der(reinterpret_cast<char*>(out), static_cast<std::size_t>(n));
  OPENSSL_free(out);
  return der;
}

std::string serial_text(X509* x)
{
  return number_text(X509_get0_serialNumber(x));
}

std::string group_of(EVP_PKEY* key)
{
  std::array<char, 64> name{};
  std::size_t n = 0;
  if (EVP_PKEY_get_utf8_string_param(key, OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size(),
                                     &n) != 1)
    return {};
  return std::string(name.data(), n);
}

std::string curve_text(EVP_PKEY* key)
{
  const std::string group = group_of(key);
  const int nid = OBJ_sn2nid(group.c_str());
  const char* nist = nid == NID_undef ? nullptr : EC_curve_nid2nist(nid);
  std::string name = text::ascii_lower(nist != nullptr ? nist : group);
  name.erase(std::remove(name.begin(), name.end(), '-'), name.end());
  return cat("ec-", name.empty() ? std::string("unnamed") : name);
}

// e = 1 makes every message its own signature; even ones are no RSA.
bool sound_exponent(EVP_PKEY* key)
{
  BIGNUM* e = nullptr;
  if (EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) != 1) return false;
  const bool sound = BN_is_odd(e) == 1 && BN_is_one(e) == 0;
  BN_free(e);
  return sound;
}

std::optional<std::string> rsa_problem(EVP_PKEY* key, const Floor& floor)
{
  const int bits = EVP_PKEY_get_bits(key);
  if (bits < floor.rsa_bits_min)
    return cat("has an RSA key of ", bits, " bits; the policy wants at least ", floor.rsa_bits_min);
  if (bits > floor.rsa_bits_max)
    return cat("has an RSA key of ", bits, " bits; the policy allows at most ", floor.rsa_bits_max);
  if (!sound_exponent(key)) return std::string("has an RSA key whose exponent is unsound");
  return {};
}

// Named curves only: parameters of the sender's choice can make any signature verify.
std::optional<std::string> ec_problem(EVP_PKEY* key)
{
  static constexpr std::array<std::string_view, 6> curves = {"prime256v1",      "secp384r1",
                                                             "secp521r1",       "brainpoolP256r1",
                                                             "brainpoolP384r1", "brainpoolP512r1"};
  int explicit_parameters = 0;
  static_cast<void>(EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS,
                                           &explicit_parameters));
  if (explicit_parameters != 0) return std::string("has an EC key with explicit parameters");
  if (std::find(curves.begin(), curves.end(), group_of(key)) == curves.end())
    return cat("has a key of kind ", key_text(key), "; wanted is P-256 or better");
  return {};
}

}  // namespace

std::string number_text(const ASN1_INTEGER* number)
{
  const Handle<BIGNUM, BN_free> n(ASN1_INTEGER_to_BN(number, nullptr));
  char* hex = n ? BN_bn2hex(n.get()) : nullptr;
  if (hex == nullptr) return {};
  std::string text(hex);
  OPENSSL_free(hex);
  return text;
}

std::string hex_text(std::string_view octets)
{
  char* hex = OPENSSL_buf2hexstr(octets_of(octets), static_cast<long>(octets.size()));
  if (hex == nullptr) return {};
  std::string text(hex);
  OPENSSL_free(hex);
  return text;
}

std::string identifier_text(const ASN1_OCTET_STRING* key_id, const X509_NAME* issuer, const ASN1_INTEGER* serial)
{
  constexpr std::size_t longest = 100;
  if (issuer != nullptr && serial != nullptr)
    return cat("serial number ", number_text(serial).substr(0, longest), " of '",
               subject_text(issuer).substr(0, longest), "'");
  if (key_id != nullptr) return cat("key identifier ", hex_text(view_of(key_id)).substr(0, longest));
  return {};
}

std::string oid_text(const ASN1_OBJECT* oid)
{
  std::array<char, 80> name{};
  OBJ_obj2txt(name.data(), name.size(), oid, 0);
  return name.data();
}

UtcSeconds time_of(const ASN1_TIME* t)
{
  std::tm tm{};
  if (t == nullptr || ASN1_TIME_to_tm(t, &tm) != 1) return {};
  return UtcSeconds{std::chrono::seconds{::timegm(&tm)}};
}

std::string subject_text(const X509_NAME* name)
{
  const BioPtr out(BIO_new(BIO_s_mem()));
  if (!out ||
      X509_NAME_print_ex(out.get(), name, 0,
                         XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB)) < 0)
    return {};
  return std::string(view_of(out.get()));
}

std::string label(X509* x)
{
  constexpr std::size_t longest = 160;
  std::string name = subject_text(X509_get_subject_name(x));
  if (name.empty())
    return cat("certificate with serial number ", serial_text(x).substr(0, longest));
  if (name.size() > longest) name = cat(name.substr(0, longest), "...");
  return cat("certificate '", name, "'");
}

std::string key_text(EVP_PKEY* key)
{
  if (key == nullptr) return "unknown";
  const int bits = EVP_PKEY_get_bits(key);
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
      return cat("rsa-", bits);
    case EVP_PKEY_RSA_PSS:
      return cat("rsa-pss-", bits);
    case EVP_PKEY_EC:
      return curve_text(key);
    case EVP_PKEY_ED25519:
      return "ed25519";
    case EVP_PKEY_ED448:
      return "ed448";
    default:
      break;
  }
  const char* name = EVP_PKEY_get0_type_name(key);
  return cat(name != nullptr ? text::ascii_lower(name) : std::string("unknown"), "-", bits);
}

std::optional<std::string> key_problem(EVP_PKEY* key, const Floor& floor)
{
  if (key == nullptr) return std::string("has a key of a kind that cannot be read");
  switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
    case EVP_PKEY_RSA_PSS:
      return rsa_problem(key, floor);
    case EVP_PKEY_EC:
      return ec_problem(key);
    case EVP_PKEY_ED25519:
    case EVP_PKEY_ED448:
      return {};
    default:
      return cat("has a key of kind ", key_text(key), "; wanted is RSA, or EC of P-256 or better");
  }
}

std::string digest_text(int nid)
{
  const char* name = nid == NID_undef ? nullptr : OBJ_nid2sn(nid);
  return name == nullptr ? std::string() : text::ascii_lower(name);
}

bool digest_allowed(int nid, const Floor& floor)
{
  if (nid == NID_undef || nid == NID_md5 || nid == NID_sha1 || nid == NID_md4 || nid == NID_md2 ||
      nid == NID_md5_sha1)
    return false;
  return std::find(floor.digests.begin(), floor.digests.end(), digest_text(nid)) !=
         floor.digests.end();
}

bool SignatureDigest::allowed(const Floor& floor) const
{
  return built_in || (digest_allowed(nid, floor) && (!mask || digest_allowed(*mask, floor)));
}

std::string SignatureDigest::text() const
{
  const auto name = [](int of) {
    return of == NID_undef ? std::string("an unknown digest") : digest_text(of);
  };
  return !mask || *mask == nid ? name(nid) : cat(name(nid), " with a mask of ", name(*mask));
}

std::optional<int> mask_digest(const X509_ALGOR* algorithm)
{
  const ASN1_OBJECT* oid = nullptr;
  int type = V_ASN1_UNDEF;
  const void* value = nullptr;
  X509_ALGOR_get0(&oid, &type, &value, algorithm);
  if (oid == nullptr || OBJ_obj2nid(oid) != NID_rsassaPss) return {};
  const auto sequence = [](const ASN1_STRING* der, const ASN1_ITEM* item) {
    return der == nullptr ? nullptr : ASN1_item_unpack(der, item);
  };
  const Handle<RSA_PSS_PARAMS, RSA_PSS_PARAMS_free> pss(static_cast<RSA_PSS_PARAMS*>(
      sequence(type == V_ASN1_SEQUENCE ? static_cast<const ASN1_STRING*>(value) : nullptr,
               ASN1_ITEM_rptr(RSA_PSS_PARAMS))));
  if (!pss) return NID_undef;
  if (pss->maskGenAlgorithm == nullptr) return NID_sha1;
  X509_ALGOR_get0(nullptr, &type, &value, pss->maskGenAlgorithm);
  const Handle<X509_ALGOR, X509_ALGOR_free> hash(static_cast<X509_ALGOR*>(
      sequence(type == V_ASN1_SEQUENCE ? static_cast<const ASN1_STRING*>(value) : nullptr,
               ASN1_ITEM_rptr(X509_ALGOR))));
  if (!hash) return NID_undef;
  X509_ALGOR_get0(&oid, nullptr, nullptr, hash.get());
  return OBJ_obj2nid(oid);
}

SignatureDigest signature_digest(const X509* x)
{
  // X509_get_signature_info caches extensions; the object is ours, only the type says const
  int md = NID_undef;
  int pk = NID_undef;
  if (X509_get_signature_info(const_cast<X509*>(x), &md, &pk, nullptr, nullptr) != 1) return {};
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(nullptr, &algorithm, x);
  return {md, md == NID_undef && (pk == NID_ED25519 || pk == NID_ED448), mask_digest(algorithm)};
}

SignatureDigest signature_digest(const X509_CRL* crl)
{
  int md = NID_undef;
  int pk = NID_undef;
  const int nid = X509_CRL_get_signature_nid(crl);
  if (OBJ_find_sigid_algs(nid, &md, &pk) != 1) return {};
  const X509_ALGOR* algorithm = nullptr;
  X509_CRL_get0_signature(crl, nullptr, &algorithm);
  return {md, nid == NID_ED25519 || nid == NID_ED448, mask_digest(algorithm)};
}

std::optional<std::string_view> mail_problem(X509* x, bool authority)
{
  const std::uint32_t usage = X509_get_extended_key_usage(x);
  if (usage != UINT32_MAX && (usage & (XKU_SMIME | XKU_ANYEKU)) == 0)
    return "is not for e-mail (its extendedKeyUsage lacks emailProtection)";
  // OpenSSL takes it for understood, but only the purpose check looks at it that ours stands in for
  const int at = X509_get_ext_by_NID(x, NID_netscape_cert_type, -1);
  if (at < 0 || X509_EXTENSION_get_critical(X509_get_ext(x, at)) == 0) return {};
  const auto type = extension<ASN1_BIT_STRING, ASN1_BIT_STRING_free>(
      x, NID_netscape_cert_type, ASN1_ITEM_rptr(ASN1_BIT_STRING));
  constexpr int smime = 2;
  constexpr int smime_authority = 6;
  if (ASN1_BIT_STRING_get_bit(type.get(), authority ? smime_authority : smime) == 1) return {};
  return "is not for e-mail (its nsCertType, which is critical, lacks S/MIME)";
}

bool allows_signing(X509* x)
{
  const std::uint32_t usage = X509_get_key_usage(x);
  return usage == UINT32_MAX || (usage & (KU_DIGITAL_SIGNATURE | KU_NON_REPUDIATION)) != 0;
}

bool names_utf8_mailbox(X509* x)
{
  bool found = false;
  each_mail_name(x, [&](const MailName& name) { found = found || name.utf8; });
  return found;
}

bool names_too_many(X509* x)
{
  std::size_t n = 0;
  each_mail_name(x, [&](const MailName&) { ++n; });
  return n > most_identities;
}

std::vector<CalAddress> identities(X509* x, bool constrained)
{
  std::vector<CalAddress> found;
  each_mail_name(x, [&](const MailName& name) {
    if (found.size() >= most_identities) return;
    const auto at = name.text.rfind('@');
    if (at == std::string_view::npos) return;
    // RFC 9598 section 3: rfc822Name is ASCII, SmtpUTF8Mailbox is for local parts that are not.
    if (name.utf8 ? is_ascii(name.text.substr(0, at)) : !is_ascii(name.text)) return;
    if (name.utf8 && constrained && !plain_domain(name.text)) return;
    auto address = CalAddress::from_mailbox(name.text);
    if (!address) return;
    for (const CalAddress& known : found)
      if (same_user(known, *address, LocalPart::Exact)) return;
    found.push_back(*std::move(address));
  });
  return found;
}

std::string der_of(X509* x)
{
  return encoded<X509, i2d_X509>(x);
}

void other_identities(X509* x, std::vector<CalAddress>& out)
{
  const AltNames names = alternative_names(x);
  const int n = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < n && out.size() < most_identities; ++i) {
    const std::string uri = other_name(sk_GENERAL_NAME_value(names.get(), i));
    auto address = CalAddress::parse(uri);
    // "sip:a@example.com;user=phone" and "xmpp:a@example.com/home" are not a user but a way there
    if (!address || uri.empty() || domain_of(*address).empty()) continue;
    const bool known = std::any_of(out.begin(), out.end(), [&](const CalAddress& a) {
      return same_user(a, *address, LocalPart::Exact);
    });
    if (!known) out.push_back(*std::move(address));
  }
}

std::string domain_of(const CalAddress& identity)
{
  if (identity.scheme() == "mailto") return identity.domain();
  const auto as_mailbox = CalAddress::from_mailbox(identity.local());
  return as_mailbox ? as_mailbox->domain() : std::string();
}

Certificate describe(X509* x)
{
  Certificate c;
  c.subject = subject_text(X509_get_subject_name(x));
  c.issuer = subject_text(X509_get_issuer_name(x));
  c.serial = serial_text(x);
  c.sha256 = sha256_hex(der_of(x));
  c.spki_sha256 = sha256_hex(encoded<X509_PUBKEY, i2d_X509_PUBKEY>(X509_get_X509_PUBKEY(x)));
  each_mail_name(x, [&](const MailName& name) { c.mail_names.emplace_back(name.text); });
  c.not_before = time_of(X509_get0_notBefore(x));
  c.not_after = time_of(X509_get0_notAfter(x));
  c.key = key_text(X509_get0_pubkey(x));
  return c;
}

}  // namespace imip::crypto
