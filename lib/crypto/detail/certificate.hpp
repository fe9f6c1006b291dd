/// @file What a certificate says, and whether its key and digests are good enough. Private to
/// lib/crypto.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "crypto/detail/openssl.hpp"
#include "crypto/signature.hpp"
#include "crypto/verifier.hpp"

namespace imip::crypto {

[[nodiscard]] Certificate describe(X509* x);
[[nodiscard]] std::string der_of(X509* x);
/// How a sentence names a certificate: "certificate 'CN=...'"; cut where a stranger made it long.
[[nodiscard]] std::string label(X509* x);
[[nodiscard]] std::string subject_text(const X509_NAME* name);
/// In hexadecimal, upper case.
[[nodiscard]] std::string number_text(const ASN1_INTEGER* number);
[[nodiscard]] std::string hex_text(std::string_view octets);
/// How CMS names somebody's certificate (RFC 5652 sections 5.3 and 6.2.1), each null where it is the other:
/// "serial number 0A of 'CN=...'" or "key identifier 0A"; "" where all are null.
[[nodiscard]] std::string identifier_text(const ASN1_OCTET_STRING* key_id, const X509_NAME* issuer,
                                          const ASN1_INTEGER* serial);
/// A name that OpenSSL knows, or "1.2.3.4".
[[nodiscard]] std::string oid_text(const ASN1_OBJECT* oid);
[[nodiscard]] UtcSeconds time_of(const ASN1_TIME* t);

/// "rsa-3072", "ec-p256", "ed25519"; otherwise OpenSSL's name with the bits.
[[nodiscard]] std::string key_text(EVP_PKEY* key);
/// Why a key is below the floor ("has an RSA key of 1024 bits; the policy wants 2048"), or nothing.
[[nodiscard]] std::optional<std::string> key_problem(EVP_PKEY* key, const Floor& floor);
/// "sha256" for NID_sha256.
[[nodiscard]] std::string digest_text(int nid);
[[nodiscard]] bool digest_allowed(int nid, const Floor& floor);
/// The digest of an X.509 or CRL signature; NID_undef where there is none or it is not known.
/// `built_in` tells the algorithms that bring their own (Ed25519, Ed448).
struct SignatureDigest {
  int nid = NID_undef;
  bool built_in = false;
  std::optional<int> mask = {};  ///< RSASSA-PSS: the digest of its MGF1
  [[nodiscard]] bool allowed(const Floor& floor) const;
  [[nodiscard]] std::string text() const;  ///< "sha256", or "sha256 with a mask of sha1"
};
/// The digest of MGF1 where the algorithm is RSASSA-PSS (RFC 4055 section 3.1: SHA-1 if none is
/// named); nothing elsewhere.
[[nodiscard]] std::optional<int> mask_digest(const X509_ALGOR* algorithm);
[[nodiscard]] SignatureDigest signature_digest(const X509* x);
[[nodiscard]] SignatureDigest signature_digest(const X509_CRL* crl);

/// Why it may not be used for e-mail at all ("is not for e-mail (...)"), or nothing:
/// extendedKeyUsage is absent, or has emailProtection or any; Netscape's nsCertType, if it is
/// critical and so must be obeyed (RFC 5280 section 4.2), has S/MIME, or that of an authority.
[[nodiscard]] std::optional<std::string_view> mail_problem(X509* x, bool authority = false);
/// May a signer have it (keyUsage absent, digitalSignature, or nonRepudiation)?
[[nodiscard]] bool allows_signing(X509* x);

/// So many calendar users of one certificate count: each is compared with all before it.
inline constexpr std::size_t most_identities = 256;
/// Has it more names that are mail addresses than that?
[[nodiscard]] bool names_too_many(X509* x);
/// The calendar users that the subjectAltName names.
/// @param constrained  an authority above has nameConstraints: SmtpUTF8Mailbox names whose domain
/// is
///                     not plain ASCII are left out, because OpenSSL compares them in another form
[[nodiscard]] std::vector<CalAddress> identities(X509* x, bool constrained);
/// Adds those of other schemes: URI names "sip:" and "sips:" of one user at one domain, and
/// id-on-xmppAddr (RFC 6120 section 13.7.1.4).
void other_identities(X509* x, std::vector<CalAddress>& out);
/// The domain of an identity of any scheme; as CalAddress::domain().
[[nodiscard]] std::string domain_of(const CalAddress& identity);
[[nodiscard]] bool names_utf8_mailbox(X509* x);

}  // namespace imip::crypto
