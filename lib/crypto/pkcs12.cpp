#include <openssl/pkcs12.h>
#include <openssl/provider.h>

#include <cstring>

#include "base/cat.hpp"
#include "crypto/detail/identity.hpp"

namespace imip::crypto {
namespace {

using Pkcs12Ptr = Handle<PKCS12, PKCS12_free>;
using Library = Handle<OSSL_LIB_CTX, OSSL_LIB_CTX_free>;
using Provider = Handle<OSSL_PROVIDER, OSSL_PROVIDER_unload>;

Pkcs12Ptr parse(std::string_view octets, OSSL_LIB_CTX* library)
{
  Pkcs12Ptr p12(PKCS12_init_ex(NID_pkcs7_data, library, nullptr));
  const BioPtr in = bio_over(octets);
  if (!p12 || !in) return {};
  // d2i frees what it was given if it does not parse, and leaves it if it cannot be read at all;
  // the pointer tells which.
  PKCS12* filled = p12.release();
  const bool ok = d2i_PKCS12_bio(in.get(), &filled) != nullptr;
  p12.reset(filled);
  return ok ? std::move(p12) : Pkcs12Ptr();
}

Result<KeyMaterial> unpack(const Pkcs12Ptr& p12, const char* passphrase)
{
  EVP_PKEY* key = nullptr;
  X509* certificate = nullptr;
  STACK_OF(X509)* others = nullptr;
  const bool ok = PKCS12_parse(p12.get(), passphrase, &key, &certificate, &others) == 1;
  KeyMaterial out;
  out.key.reset(key);
  X509Ptr own(certificate);
  const OwnedCertificates rest(others);
  if (!ok) return err(Errc::Internal, error_text());
  if (own) out.certificates.push_back(std::move(own));
  for (int i = 0; i < sk_X509_num(rest.get()); ++i)
    out.certificates.push_back(share(sk_X509_value(rest.get(), i)));
  return out;
}

// The same objects, free of the library context that they were read in.
Result<KeyMaterial> move_to_default(const KeyMaterial& from)
{
  KeyMaterial out;
  if (from.key) {
    unsigned char* der = nullptr;
    const int n = i2d_PrivateKey(from.key.get(), &der);
    const unsigned char* p = der;
    if (n > 0) out.key.reset(d2i_AutoPrivateKey(nullptr, &p, n));
    OPENSSL_clear_free(der, n > 0 ? static_cast<std::size_t>(n) : 0);
    if (!out.key) return err(Errc::Internal, "the key cannot be copied");
  }
  for (const X509Ptr& x : from.certificates) {
    unsigned char* der = nullptr;
    const int n = i2d_X509(x.get(), &der);
    const unsigned char* p = der;
    X509Ptr copy(n > 0 ? d2i_X509(nullptr, &p, n) : nullptr);
    OPENSSL_free(der);
    if (!copy) return err(Errc::Internal, "a certificate cannot be copied");
    out.certificates.push_back(std::move(copy));
  }
  return out;
}

// Old exporters use RC2-40: only OpenSSL's legacy provider has it, and only this file gets it.
Result<KeyMaterial> unpack_legacy(const std::string& path, std::string_view octets,
                                  const char* passphrase)
{
  const Library library(OSSL_LIB_CTX_new());
  const Provider basic(library ? OSSL_PROVIDER_load(library.get(), "default") : nullptr);
  const Provider legacy(library ? OSSL_PROVIDER_load(library.get(), "legacy") : nullptr);
  if (!basic || !legacy)
    return err(
        Errc::Unavailable,
        cat(path,
            ": is encrypted with an old algorithm, and OpenSSL's legacy provider is not there"),
        "install it (legacy.so of OpenSSL 3), or export the file again with a current program");
  const Pkcs12Ptr p12 = parse(octets, library.get());
  if (!p12) return err(Errc::Config, cat(path, ": is not a PKCS#12 file"));
  auto old = unpack(p12, passphrase);
  if (!old)
    return err(Errc::Config, cat(path, ": cannot be decrypted: ", old.error().what),
               "export it again with a current program");
  return move_to_default(*old);
}

// Some writers use no passphrase, some an empty one; they are not the same key.
bool opens(const Pkcs12Ptr& p12, const char* passphrase)
{
  const int n = passphrase == nullptr ? 0 : static_cast<int>(std::strlen(passphrase));
  return PKCS12_verify_mac(p12.get(), passphrase, n) == 1;
}

tl::unexpected<Error> no_pkcs12(const std::string& path)
{
  return err(Errc::Config, cat(path, ": is not a PKCS#12 file"),
             "is it PEM? then it needs its -----BEGIN lines, and [[identity]] has it as certificate and key");
}

}  // namespace

Result<void> inspect_pkcs12(const std::string& path)
{
  Secret octets;
  IMIP_CHECK(read_key_file(path, octets));
  if (!parse(octets.text(), nullptr)) return no_pkcs12(path);
  return {};
}

Result<KeyMaterial> load_pkcs12(const std::string& path, const PassphraseSource& passphrase)
{
  const ErrorScope errors;
  Secret octets;
  IMIP_CHECK(read_key_file(path, octets));
  const Pkcs12Ptr p12 = parse(octets.text(), nullptr);
  if (!p12) return no_pkcs12(path);
  Secret secret;
  const char* open_with = nullptr;
  const bool sealed = PKCS12_mac_present(p12.get()) == 1;
  if (!sealed || (!opens(p12, nullptr) && !opens(p12, ""))) {
    IMIP_CHECK(ask_passphrase(passphrase, path, secret));
    open_with = secret.text().c_str();
    if (sealed && !opens(p12, open_with)) return wrong_passphrase(path);
  } else if (!opens(p12, nullptr)) {
    open_with = "";
  }
  if (auto material = unpack(p12, open_with)) return material;
  if (!sealed) return wrong_passphrase(path);
  return unpack_legacy(path, octets.text(), open_with);
}

}  // namespace imip::crypto
