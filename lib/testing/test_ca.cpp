#include "testing/test_ca.hpp"

#include <openssl/dsa.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <stdexcept>

#include "base/handle.hpp"
#include "testing/temp_dir.hpp"

namespace imip::testing {
namespace {

using X509Ptr = std::shared_ptr<X509>;
using KeyPtr = std::shared_ptr<EVP_PKEY>;
using BioPtr = Handle<BIO, BIO_free_all>;
using NamesPtr = Handle<GENERAL_NAMES, GENERAL_NAMES_free>;

void must(bool ok, const std::string& what)
{
  if (ok) return;
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_peek_last_error(), text.data(), text.size());
  throw std::runtime_error("test CA: " + what + ": " + text.data());
}

KeyPtr own(EVP_PKEY* key, const std::string& what)
{
  must(key != nullptr, what);
  return {key, EVP_PKEY_free};
}

KeyPtr make_dsa(unsigned bits)
{
  Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free> params(
      EVP_PKEY_CTX_new_from_name(nullptr, "DSA", nullptr));
  EVP_PKEY* domain = nullptr;
  must(EVP_PKEY_paramgen_init(params.get()) == 1 &&
           EVP_PKEY_CTX_set_dsa_paramgen_bits(params.get(), static_cast<int>(bits)) == 1 &&
           EVP_PKEY_paramgen(params.get(), &domain) == 1,
       "DSA parameters");
  const KeyPtr holder(domain, EVP_PKEY_free);
  Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free> ctx(EVP_PKEY_CTX_new(domain, nullptr));
  EVP_PKEY* key = nullptr;
  must(EVP_PKEY_keygen_init(ctx.get()) == 1 && EVP_PKEY_keygen(ctx.get(), &key) == 1, "DSA key");
  return own(key, "DSA key");
}

KeyPtr make_rsa_pss()
{
  Handle<EVP_PKEY_CTX, EVP_PKEY_CTX_free> ctx(EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr));
  EVP_PKEY* key = nullptr;
  must(EVP_PKEY_keygen_init(ctx.get()) == 1 && EVP_PKEY_CTX_set_rsa_keygen_bits(ctx.get(), 2048) == 1 &&
           EVP_PKEY_keygen(ctx.get(), &key) == 1,
       "RSA-PSS key");
  return own(key, "RSA-PSS key");
}

KeyPtr make_key(const std::string& kind)
{
  if (kind == "rsa-pss") return make_rsa_pss();
  if (kind.starts_with("rsa-")) return own(EVP_RSA_gen(std::stoul(kind.substr(4))), kind);
  if (kind.starts_with("dsa-")) return make_dsa(static_cast<unsigned>(std::stoul(kind.substr(4))));
  if (kind == "ed25519") return own(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"), kind);
  if (kind == "ec-p224") return own(EVP_EC_gen("P-224"), kind);
  if (kind == "ec-p256") return own(EVP_EC_gen("P-256"), kind);
  if (kind == "ec-p384") return own(EVP_EC_gen("P-384"), kind);
  if (kind == "ec-p521") return own(EVP_EC_gen("P-521"), kind);
  throw std::runtime_error("test CA: unknown key kind " + kind);
}

void set_time(ASN1_TIME* field, UtcSeconds t)
{
  must(field != nullptr && ASN1_TIME_set(field, t.time_since_epoch().count()) != nullptr, "time");
}

void add_dn(X509_NAME* name, const char* field, const std::string& value)
{
  if (value.empty()) return;
  must(X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                  reinterpret_cast<const unsigned char*>(value.data()),
                                  static_cast<int>(value.size()), -1, 0) == 1,
       "subject");
}

void add_name(GENERAL_NAMES* names, int type, const std::string& value)
{
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_IA5STRING* text = ASN1_IA5STRING_new();
  must(name != nullptr && text != nullptr &&
           ASN1_STRING_set(text, value.data(), static_cast<int>(value.size())) == 1,
       "general name");
  GENERAL_NAME_set0_value(name, type, text);
  must(sk_GENERAL_NAME_push(names, name) > 0, "general name");
}

// An otherName that is a UTF8String.
void add_other_name(GENERAL_NAMES* names, int nid, const std::string& value)
{
  GENERAL_NAME* name = GENERAL_NAME_new();
  ASN1_UTF8STRING* text = ASN1_UTF8STRING_new();
  ASN1_TYPE* any = ASN1_TYPE_new();
  must(name != nullptr && text != nullptr && any != nullptr &&
           ASN1_STRING_set(text, value.data(), static_cast<int>(value.size())) == 1,
       "otherName");
  ASN1_TYPE_set(any, V_ASN1_UTF8STRING, text);
  must(GENERAL_NAME_set0_othername(name, OBJ_nid2obj(nid), any) == 1 &&
           sk_GENERAL_NAME_push(names, name) > 0,
       "otherName");
}

void add_alternative_names(X509* cert, const CertSpec& spec)
{
  const NamesPtr names(sk_GENERAL_NAME_new_null());
  for (const std::string& m : spec.mails) add_name(names.get(), GEN_EMAIL, m);
  for (const std::string& m : spec.utf8_mails)
    add_other_name(names.get(), NID_id_on_SmtpUTF8Mailbox, m);
  for (const std::string& j : spec.jids) add_other_name(names.get(), NID_XmppAddr, j);
  for (const std::string& u : spec.uris) add_name(names.get(), GEN_URI, u);
  if (sk_GENERAL_NAME_num(names.get()) == 0) return;
  must(X509_add1_ext_i2d(cert, NID_subject_alt_name, names.get(), 0, X509V3_ADD_APPEND) == 1,
       "subjectAltName");
}

void add_extension(X509* cert, X509* issuer, const std::string& name, const std::string& value)
{
  if (value.empty()) return;
  X509V3_CTX ctx;
  X509V3_set_ctx_nodb(&ctx);
  X509V3_set_ctx(&ctx, issuer, cert, nullptr, nullptr, 0);
  const Handle<X509_EXTENSION, X509_EXTENSION_free> ext(
      X509V3_EXT_nconf(nullptr, &ctx, name.c_str(), value.c_str()));
  must(ext && X509_add_ext(cert, ext.get(), -1) == 1, name);
}

void add_extensions(X509* cert, X509* issuer, const CertSpec& spec)
{
  if (spec.ca) {
    std::string value = "critical,CA:TRUE";
    if (spec.path_length >= 0) value += ",pathlen:" + std::to_string(spec.path_length);
    if (spec.basic_constraints) add_extension(cert, issuer, "basicConstraints", value);
    const bool leaf_usage = spec.key_usage == CertSpec{}.key_usage;
    add_extension(cert, issuer, "keyUsage",
                  leaf_usage ? "critical,keyCertSign,cRLSign" : spec.key_usage);
  } else {
    if (spec.basic_constraints) add_extension(cert, issuer, "basicConstraints", "CA:FALSE");
    add_extension(cert, issuer, "keyUsage", spec.key_usage);
  }
  if (!spec.ca || spec.eku != CertSpec{}.eku)
    add_extension(cert, issuer, "extendedKeyUsage", spec.eku);
  add_extension(cert, issuer, "nameConstraints", spec.name_constraints);
  if (spec.key_identifiers) {
    add_extension(cert, issuer, "subjectKeyIdentifier", "hash");
    if (cert != issuer) add_extension(cert, issuer, "authorityKeyIdentifier", "keyid");
  }
  for (const auto& [name, value] : spec.extensions) add_extension(cert, issuer, name, value);
  add_alternative_names(cert, spec);
}

// Fetched, not looked up by name: imip leaves OpenSSL's table of names empty.
Handle<EVP_MD, EVP_MD_free> digest_for(EVP_PKEY* key, const std::string& name)
{
  if (EVP_PKEY_is_a(key, "ED25519") == 1) return nullptr;
  Handle<EVP_MD, EVP_MD_free> md(EVP_MD_fetch(nullptr, name.c_str(), nullptr));
  must(md != nullptr, "digest " + name);
  return md;
}

X509Ptr make_certificate(const CertSpec& spec, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key)
{
  X509Ptr cert(X509_new(), X509_free);
  must(cert != nullptr && X509_set_version(cert.get(), X509_VERSION_3) == 1, "X509_new");
  std::uint64_t serial = 0;
  must(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), 7) == 1, "random");
  if (spec.serial) serial = static_cast<std::uint64_t>(*spec.serial);
  must(ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert.get()), serial) == 1, "serial");
  set_time(X509_getm_notBefore(cert.get()), spec.not_before);
  set_time(X509_getm_notAfter(cert.get()), spec.not_after);
  X509_NAME* name = X509_get_subject_name(cert.get());
  add_dn(name, "O", "imip tests");
  add_dn(name, "CN", spec.common_name);
  add_dn(name, "emailAddress", spec.dn_email);
  X509* signer = issuer != nullptr ? issuer : cert.get();
  must(X509_set_issuer_name(cert.get(), X509_get_subject_name(signer)) == 1 &&
           X509_set_pubkey(cert.get(), key) == 1,
       "names and key");
  add_extensions(cert.get(), signer, spec);
  must(X509_sign(cert.get(), issuer_key, digest_for(issuer_key, spec.digest).get()) > 0,
       "X509_sign");
  return cert;
}

std::string take(BIO* bio)
{
  char* data = nullptr;
  const long n = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(n)};
}

std::string pem_of(X509* cert)
{
  const BioPtr bio(BIO_new(BIO_s_mem()));
  must(PEM_write_bio_X509(bio.get(), cert) == 1, "PEM");
  return take(bio.get());
}

std::string pem_of(EVP_PKEY* key)
{
  const BioPtr bio(BIO_new(BIO_s_mem()));
  must(PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "PEM");
  return take(bio.get());
}

using GeneralNames = Handle<GENERAL_NAMES, GENERAL_NAMES_free>;

GeneralNames directory_name(const X509_NAME* of)
{
  GeneralNames names(GENERAL_NAMES_new());
  Handle<GENERAL_NAME, GENERAL_NAME_free> name(GENERAL_NAME_new());
  must(names && name, "names");
  GENERAL_NAME_set0_value(name.get(), GEN_DIRNAME, X509_NAME_dup(of));
  must(sk_GENERAL_NAME_push(names.get(), name.get()) > 0, "name");
  static_cast<void>(name.release());
  return names;
}

// certificateIssuer (RFC 5280 section 5.3.3).
bool name_authority(X509_REVOKED* entry, X509* x)
{
  return X509_REVOKED_add1_ext_i2d(entry, NID_certificate_issuer,
                                   directory_name(X509_get_issuer_name(x)).get(), 1, 0) == 1;
}

}  // namespace

std::string Issued::der() const
{
  unsigned char* out = nullptr;
  const int n = i2d_X509(x509.get(), &out);
  must(n > 0, "i2d_X509");
  std::string der(reinterpret_cast<char*>(out), static_cast<std::size_t>(n));
  OPENSSL_free(out);
  return der;
}

std::string Issued::serial_hex() const
{
  const Handle<BIGNUM, BN_free> n(ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509.get()), nullptr));
  char* text = BN_bn2hex(n.get());
  must(text != nullptr, "serial");
  std::string hex(text);
  OPENSSL_free(text);
  return hex;
}

struct TestCa::Impl {
  TempDir dir;
  Issued root;
  int count = 0;

  Issued make(const CertSpec& spec, const Issued* issuer)
  {
    Issued made;
    made.pkey = spec.same_key ? spec.same_key : make_key(spec.key);
    made.x509 =
        make_certificate(spec, made.pkey.get(), issuer != nullptr ? issuer->x509.get() : nullptr,
                         issuer != nullptr ? issuer->pkey.get() : made.pkey.get());
    std::string chain = pem_of(made.x509.get());
    if (issuer != nullptr) {
      made.issuers.push_back(issuer->x509);
      made.issuers.insert(made.issuers.end(), issuer->issuers.begin(), issuer->issuers.end());
      for (const X509Ptr& above : made.issuers)
        if (above != made.issuers.back()) chain += pem_of(above.get());
    }
    const std::string stem = "c" + std::to_string(++count);
    made.certificate = dir.write(stem + ".pem", pem_of(made.x509.get()));
    made.key = dir.write(stem + ".key", pem_of(made.pkey.get()));
    made.chain = dir.write(stem + ".chain.pem", chain);
    std::filesystem::permissions(made.key, std::filesystem::perms{0600});
    return made;
  }
};

TestCa::TestCa() : TestCa(CertSpec{.common_name = "Test Root", .ca = true}) {}

TestCa::TestCa(CertSpec root) : impl_(std::make_unique<Impl>())
{
  impl_->root = impl_->make(root, nullptr);
}

TestCa::~TestCa() = default;

const Issued& TestCa::root() const
{
  return impl_->root;
}
std::filesystem::path TestCa::folder() const
{
  return impl_->dir.path();
}
Issued TestCa::issue(const CertSpec& spec) const
{
  return impl_->make(spec, &impl_->root);
}
Issued TestCa::issue(const CertSpec& spec, const Issued& issuer) const
{
  return impl_->make(spec, &issuer);
}
Issued TestCa::self_signed(const CertSpec& spec) const
{
  return impl_->make(spec, nullptr);
}
Issued TestCa::person(const std::string& mail) const
{
  return issue(CertSpec{.common_name = mail.substr(0, mail.find('@')), .mails = {mail}});
}

std::string TestCa::crl(const Issued& issuer, const std::vector<Issued>& revoked,
                        UtcSeconds this_update, std::optional<UtcSeconds> next_update, const std::string& digest,
                        const CrlExtensions& extensions, int reason) const
{
  const Handle<ASN1_ENUMERATED, ASN1_ENUMERATED_free> why(ASN1_ENUMERATED_new());
  must(why && ASN1_ENUMERATED_set(why.get(), reason) == 1, "reason");
  const Handle<X509_CRL, X509_CRL_free> crl(X509_CRL_new());
  const Handle<ASN1_TIME, ASN1_TIME_free> when(ASN1_TIME_new());
  must(crl && when && X509_CRL_set_version(crl.get(), X509_CRL_VERSION_2) == 1 &&
           X509_CRL_set_issuer_name(crl.get(), X509_get_subject_name(issuer.x509.get())) == 1,
       "CRL");
  set_time(when.get(), this_update);
  must(X509_CRL_set1_lastUpdate(crl.get(), when.get()) == 1, "lastUpdate");
  for (const Issued& one : revoked) {
    Handle<X509_REVOKED, X509_REVOKED_free> entry(X509_REVOKED_new());
    must(X509_REVOKED_set_serialNumber(entry.get(), X509_get_serialNumber(one.x509.get())) == 1 &&
             X509_REVOKED_set_revocationDate(entry.get(), when.get()) == 1 &&
             (reason < 0 ||
              X509_REVOKED_add1_ext_i2d(entry.get(), NID_crl_reason, why.get(), 0, 0) == 1) &&
             (X509_NAME_cmp(X509_get_issuer_name(one.x509.get()), X509_CRL_get_issuer(crl.get())) ==
                  0 ||
              name_authority(entry.get(), one.x509.get())) &&
             X509_CRL_add0_revoked(crl.get(), entry.get()) == 1,
         "revoked");
    static_cast<void>(entry.release());
  }
  for (const auto& [name, value] : extensions) {
    X509V3_CTX ctx;
    X509V3_set_ctx_nodb(&ctx);
    const Handle<X509_EXTENSION, X509_EXTENSION_free> extension(
        X509V3_EXT_nconf(nullptr, &ctx, name.c_str(), value.c_str()));
    must(extension && X509_CRL_add_ext(crl.get(), extension.get(), -1) == 1, name);
  }
  if (next_update) {
    set_time(when.get(), *next_update);
    must(X509_CRL_set1_nextUpdate(crl.get(), when.get()) == 1, "nextUpdate");
  }
  must(X509_CRL_sort(crl.get()) == 1 &&
           X509_CRL_sign(crl.get(), issuer.pkey.get(),
                         digest_for(issuer.pkey.get(), digest).get()) > 0,
       "X509_CRL_sign");
  const BioPtr bio(BIO_new(BIO_s_mem()));
  must(PEM_write_bio_X509_CRL(bio.get(), crl.get()) == 1, "PEM");
  return impl_->dir.write("r" + std::to_string(++impl_->count) + ".pem", take(bio.get()));
}

std::pair<std::string, std::string> lists_by(const Issued& issuer)
{
  const Handle<CRL_DIST_POINTS, CRL_DIST_POINTS_free> points(CRL_DIST_POINTS_new());
  Handle<DIST_POINT, DIST_POINT_free> point(DIST_POINT_new());
  must(points && point, "distribution points");
  point->CRLissuer = directory_name(X509_get_subject_name(issuer.x509.get())).release();
  must(sk_DIST_POINT_push(points.get(), point.get()) > 0, "distribution point");
  static_cast<void>(point.release());
  unsigned char* der = nullptr;
  const int n = i2d_CRL_DIST_POINTS(points.get(), &der);
  char* hex = n > 0 ? OPENSSL_buf2hexstr(der, n) : nullptr;
  must(hex != nullptr, "cRLDistributionPoints");
  std::pair<std::string, std::string> out{"2.5.29.31", std::string("DER:") + hex};
  OPENSSL_free(hex);
  OPENSSL_free(der);
  return out;
}

// OpenSSL's own program makes these files: what is read was then not written by the reader.
std::string TestCa::pkcs12(const Issued& who, const std::string& passphrase, bool legacy) const
{
  const std::string path =
      (impl_->dir.path() / ("p" + std::to_string(++impl_->count) + ".p12")).string();
  const ShellResult made =
      shell("openssl pkcs12 -export " + std::string(legacy ? "-legacy " : "") + "-in " + who.chain +
            " -inkey " + who.key + " -passout 'pass:" + passphrase + "' -out " + path);
  if (made.status != 0) throw std::runtime_error("openssl pkcs12: " + made.output);
  return path;
}

ShellResult shell(const std::string& command)
{
  ShellResult result;
  std::FILE* pipe = ::popen(("{ " + command + "\n} 2>&1").c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen failed");
  std::array<char, 4096> buffer;
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    result.output.append(buffer.data(), n);
  const int status = ::pclose(pipe);
  if (WIFEXITED(status)) result.status = WEXITSTATUS(status);
  return result;
}

}  // namespace imip::testing
