#include <algorithm>
#include <cstring>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/digest.hpp"
#include "crypto/detail/certificate.hpp"
#include "crypto/detail/decryption.hpp"
#include "crypto/detail/identity.hpp"

namespace imip::crypto {
namespace {

constexpr std::size_t largest_key_file = 1U << 20U;

struct Asking {
  const PassphraseSource& source;
  const std::string& path;
  std::optional<Error> failed;
  bool asked = false;
};

// PEM's callback: writes the passphrase, gives its length, or -1.
int answer(char* buffer, int size, int /*writing*/, void* user)
{
  auto& asking = *static_cast<Asking*>(user);
  asking.asked = true;
  Secret secret;
  if (auto got = ask_passphrase(asking.source, asking.path, secret); !got) {
    asking.failed = std::move(got).error();
    return -1;
  }
  const std::size_t n = secret.text().size();
  if (n > static_cast<std::size_t>(size)) return -1;
  std::memcpy(buffer, secret.text().data(), n);
  return static_cast<int>(n);
}

tl::unexpected<Error> no_private_key(const std::string& path)
{
  return err(Errc::Config, cat(path, ": holds no private key that can be read"),
             "it must be PEM (-----BEGIN PRIVATE KEY-----); a .p12 or .pfx file holds both: --identity FILE, or pkcs12 "
             "in [[identity]]");
}

Result<KeyPtr> load_pem_key(const std::string& path, const PassphraseSource& passphrase)
{
  Secret pem;
  IMIP_CHECK(read_key_file(path, pem));
  const BioPtr in = bio_over(pem.text());
  Asking asking{passphrase, path, {}, false};
  KeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, answer, &asking));
  if (key) return key;
  if (asking.failed) return tl::unexpected<Error>(*std::move(asking.failed));
  if (asking.asked) return wrong_passphrase(path);
  return no_private_key(path);
}

Result<KeyMaterial> load_pem(const IdentityFiles& files, const PassphraseSource& passphrase)
{
  if (files.certificate.empty())
    return err(Errc::Config, "the identity names no certificate", "give certificate, or pkcs12");
  KeyMaterial material;
  IMIP_TRY(material.certificates, load_certificates(files.certificate));
  IMIP_TRY(material.key,
           load_pem_key(files.key.empty() ? files.certificate : files.key, passphrase));
  return material;
}

// Only the public halves are compared, so a key in a token could do as well.
bool belongs(X509* x, EVP_PKEY* key)
{
  const EVP_PKEY* mine = X509_get0_pubkey(x);
  return mine != nullptr && EVP_PKEY_eq(mine, key) == 1;
}

/// @param place  of the key: "file: "; empty if whoever calls says it
tl::unexpected<Error> not_together(const std::string& place, X509* x)
{
  return err(Errc::Config, cat(place, "the key does not belong to ", label(x)),
             "name the key that the certificate was made for");
}

// Fills in key and certificate; gives the other certificates.
Result<std::vector<X509Ptr>> take_files(const IdentityFiles& files,
                                        const PassphraseSource& passphrase,
                                        SigningIdentity::Impl& impl)
{
  const bool packed = !files.pkcs12.empty();
  const std::string& path = packed ? files.pkcs12 : files.certificate;
  IMIP_TRY(KeyMaterial material,
           packed ? load_pkcs12(files.pkcs12, passphrase) : load_pem(files, passphrase));
  if (!material.key) return err(Errc::Config, cat(path, ": holds no private key"));
  if (material.certificates.empty()) return err(Errc::Config, cat(path, ": holds no certificate"));
  const auto own =
      std::find_if(material.certificates.begin(), material.certificates.end(),
                   [&](const X509Ptr& x) { return belongs(x.get(), material.key.get()); });
  if (own == material.certificates.end())
    return not_together(cat(files.key.empty() || packed ? path : files.key, ": "),
                        material.certificates.front().get());
  impl.key = std::move(material.key);
  impl.certificate = std::move(*own);
  material.certificates.erase(own);
  return std::move(material.certificates);
}

// Whether key and certificate belong together shows when the key is used, which takes the PIN.
Result<std::vector<X509Ptr>> take_token(const IdentityFiles& files,
                                        const PassphraseSource& passphrase,
                                        SigningIdentity::Impl& impl)
{
  IMIP_TRY(impl.token, TokenKey::open(files.pkcs11, passphrase));
  if (files.certificate.empty()) {
    IMIP_TRY(impl.certificate, impl.token->certificate());
    return std::vector<X509Ptr>();
  }
  IMIP_TRY(std::vector<X509Ptr> certificates, load_certificates(files.certificate));
  impl.certificate = std::move(certificates.front());
  certificates.erase(certificates.begin());
  return certificates;
}

}  // namespace

bool is_root(X509* x)
{
  return X509_NAME_cmp(X509_get_subject_name(x), X509_get_issuer_name(x)) == 0;
}

Result<std::vector<X509Ptr>> load_certificates(const std::string& path)
{
  Secret pem;  // a combined file has the key in it
  IMIP_CHECK(read_key_file(path, pem));
  const BioPtr in = bio_over(pem.text());
  std::vector<X509Ptr> found;
  while (X509* x = PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)) found.emplace_back(x);
  if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    return err(Errc::Config, cat(path, ": a certificate in it cannot be read: ", error_text()));
  if (found.empty())
    return err(
        Errc::Config, cat(path, ": holds no certificate"),
        "it must be PEM (-----BEGIN CERTIFICATE-----), and the key may be in another file: --key, or key in "
        "[[identity]]; a .p12 or .pfx file holds both: --identity FILE, or pkcs12 in [[identity]]");
  return found;
}

Result<void> ask_passphrase(const PassphraseSource& passphrase, const std::string& path,
                            Secret& out)
{
  if (!passphrase)
    return err(Errc::Permission, cat(path, ": needs a passphrase"),
               "give one (passphrase in [[identity]]), or run imip on a terminal");
  auto got = passphrase(path);
  if (!got) return tl::unexpected<Error>(std::move(got).error());
  out.take(*got);
  return {};
}

Result<void> read_key_file(const std::string& path, Secret& out)
{
  IMIP_TRY(std::string text, read_file(path, largest_key_file));
  out.take(text);
  return {};
}

tl::unexpected<Error> wrong_passphrase(const std::string& path)
{
  return err(Errc::Permission, cat(path, ": the passphrase is wrong"),
             "try again; of a file its first line counts, blanks at its end too");
}

Result<std::string> SigningIdentity::Impl::use(
    const std::function<Result<std::string>(EVP_PKEY*)>& work) const
{
  if (agent) return agent->use(work);
  if (!token) return work(key.get());
  return token->use([&](EVP_PKEY* in_token) -> Result<std::string> {
    if (belongs(certificate.get(), in_token)) return work(in_token);
    return not_together({}, certificate.get());
  });
}

SigningIdentity::SigningIdentity(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SigningIdentity::SigningIdentity(SigningIdentity&&) noexcept = default;
SigningIdentity& SigningIdentity::operator=(SigningIdentity&&) noexcept = default;
SigningIdentity::~SigningIdentity() = default;

const Certificate& SigningIdentity::certificate() const
{
  return impl_->description;
}

std::string SigningIdentity::certificate_der() const
{
  return der_of(impl_->certificate.get());
}

std::vector<CalAddress> SigningIdentity::addresses() const
{
  const ErrorScope errors;
  return identities(impl_->certificate.get(), false);
}

Result<SigningIdentity> SigningIdentity::load(const IdentityFiles& files,
                                              const PassphraseSource& passphrase)
{
  start_libcrypto();
  know_ciphers();
  const ErrorScope errors;
  auto impl = std::make_unique<Impl>();
  IMIP_TRY(std::vector<X509Ptr> others, files.pkcs11.empty()
                                            ? take_files(files, passphrase, *impl)
                                            : take_token(files, passphrase, *impl));
  for (const std::string& file : files.intermediates) {
    IMIP_TRY(std::vector<X509Ptr> more, load_certificates(file));
    std::move(more.begin(), more.end(), std::back_inserter(others));
  }
  for (X509Ptr& x : others) {
    const bool known = X509_cmp(x.get(), impl->certificate.get()) == 0 ||
                       std::any_of(impl->chain.begin(), impl->chain.end(), [&](const X509Ptr& y) {
                         return X509_cmp(x.get(), y.get()) == 0;
                       });
    if (!known) (is_root(x.get()) ? impl->roots : impl->chain).push_back(std::move(x));
  }
  impl->description = describe(impl->certificate.get());
  return SigningIdentity(std::move(impl));
}

Result<void> SigningIdentity::inspect(const IdentityFiles& files)
{
  start_libcrypto();
  const ErrorScope errors;
  if (!files.pkcs12.empty()) return inspect_pkcs12(files.pkcs12);
  if (files.certificate.empty()) return {};
  IMIP_CHECK(load_certificates(files.certificate));
  if (!files.pkcs11.empty()) return {};
  const std::string& path = files.key.empty() ? files.certificate : files.key;
  Secret pem;
  IMIP_CHECK(read_key_file(path, pem));
  if (pem.text().find("PRIVATE KEY-----") == std::string::npos) return no_private_key(path);
  return {};
}

}  // namespace imip::crypto
