#include "crypto/verifier.hpp"

#include <algorithm>
#include <filesystem>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/digest.hpp"
#include "crypto/detail/cache.hpp"
#include "crypto/detail/certificate.hpp"
#include "crypto/detail/certificate_index.hpp"
#include "crypto/detail/cms.hpp"
#include "crypto/detail/revocation_list.hpp"

namespace imip::crypto {
namespace {

Result<void> add_crl_file(const std::string& path, const Limits& limits,
                          std::vector<RevocationList>& crls)
{
  const ErrorScope errors;
  auto content = read_file(path, limits.decoded_bytes);
  if (!content)
    return err(Errc::Config, content.error().what,
               "name a PEM or DER file, or remove the entry from crls");
  const BioPtr in = bio_over(*content);
  const std::size_t before = crls.size();
  if (content->starts_with('\x30')) {
    if (X509_CRL* crl = d2i_X509_CRL_bio(in.get(), nullptr)) crls.push_back({CrlPtr(crl), path});
  } else {
    while (X509_CRL* crl = PEM_read_bio_X509_CRL(in.get(), nullptr, nullptr, nullptr))
      crls.push_back({CrlPtr(crl), path});
    // anything but the end of the file means that a list would be missed
    if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) crls.resize(before);
  }
  if (crls.size() == before)
    return err(Errc::Config, cat(path, ": holds no certificate revocation list that can be read"),
               "it must be PEM (-----BEGIN X509 CRL-----) or one list in DER");
  return {};
}

// A folder stands for all files in it but hidden ones, such as those that are being written.
Result<void> add_crls(const std::string& path, const Limits& limits,
                      std::vector<RevocationList>& crls)
{
  namespace fs = std::filesystem;
  std::error_code failed;
  if (!fs::is_directory(path, failed)) return add_crl_file(path, limits, crls);
  std::vector<std::string> files;
  for (fs::directory_iterator at(path, failed), end; !failed && at != end; at.increment(failed))
    if (!at->path().filename().native().starts_with('.') && !at->is_directory())
      files.push_back(at->path().native());
  if (failed) return err(Errc::Config, cat(path, ": ", failed.message()));
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    IMIP_CHECK(require_private(file));
    IMIP_CHECK(add_crl_file(file, limits, crls));
  }
  return {};
}

// Domains as CalAddress keeps them.
Result<void> normalize(AnchorFile& anchor)
{
  for (std::string& domain : anchor.domains) {
    auto probe = CalAddress::from_mailbox(cat("x@", domain));
    if (!probe)
      return err(Errc::Config, cat("'", domain, "' is not a domain"),
                 cat("write the domains of ", anchor.path, " like example.com"));
    domain = probe->domain();
  }
  return {};
}

}  // namespace

struct Verifier::Impl {
  VerifyOptions options;
  Limits limits;
  CertificatePool pool;
  ProofCache proofs;
  CertificateIndex anchors, intermediates;
  std::vector<RevocationList> crls;
  KeyRing keys;

  Impl(VerifyOptions o, const Limits& l)
      : options(std::move(o)),
        limits(l),
        pool(options.caches),
        proofs(options.caches),
        anchors(pool),
        intermediates(pool),
        keys(std::move(options.keys))
  {
  }
  [[nodiscard]] SignatureReport judge(std::optional<std::string_view> detached,
                                      std::string_view der)
  {
    const Trust trust{options, anchors, intermediates, crls, pool, proofs};
    return CmsJudge(trust, keys, limits).judge(detached, der);
  }
};

Verifier::Verifier(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Verifier::Verifier(Verifier&&) noexcept = default;
Verifier& Verifier::operator=(Verifier&&) noexcept = default;
Verifier::~Verifier() = default;

Result<Verifier> Verifier::create(VerifyOptions options, const Limits& limits)
{
  start_libcrypto();
  auto impl = std::make_unique<Impl>(std::move(options), limits);
  for (AnchorFile& anchor : impl->options.anchors) {
    IMIP_CHECK(impl->anchors.add_file(anchor.path, limits));
    IMIP_CHECK(normalize(anchor));
  }
  for (const std::string& path : impl->options.intermediates)
    IMIP_CHECK(impl->intermediates.add_file(path, limits));
  if (impl->options.revocation != Revocation::Off)
    for (const std::string& path : impl->options.crls)
      IMIP_CHECK(add_crls(path, limits, impl->crls));
  return Verifier(std::move(impl));
}

SignatureReport Verifier::verify_detached(std::string_view octets, std::string_view der) const
{
  return impl_->judge(octets, der);
}

SignatureReport Verifier::verify_opaque(std::string_view der) const
{
  return impl_->judge(std::nullopt, der);
}

std::optional<std::string> Verifier::revoked_by(std::string_view certificate_der) const
{
  const ErrorScope errors;
  const X509Ptr x = impl_->pool.decode(certificate_der);
  // a hold may be lifted (RFC 5280 section 5.3.1), all else is for ever
  const RevocationList* last = nullptr;
  for (const RevocationList& list : impl_->crls) {
    X509_CRL* crl = list.crl.get();
    if (!x || X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_issuer_name(x.get())) != 0) continue;
    const X509_REVOKED* entry = entry_for(crl, x.get());
    if (entry != nullptr && !is_on_hold(entry)) return list.path;
    if ((entry != nullptr || incomplete(crl).empty()) &&
        (last == nullptr || ASN1_TIME_compare(X509_CRL_get0_lastUpdate(crl),
                                              X509_CRL_get0_lastUpdate(last->crl.get())) >= 0))
      last = &list;
  }
  if (last == nullptr || entry_for(last->crl.get(), x.get()) == nullptr) return {};
  return last->path;
}

std::vector<CalAddress> identities_of_certificate(std::string_view der)
{
  start_libcrypto();
  const ErrorScope errors;
  const unsigned char* p = octets_of(der);
  const X509Ptr x(d2i_X509(nullptr, &p, static_cast<long>(der.size())));
  if (!x || p != octets_of(der) + der.size()) return {};
  return identities(x.get(), false);
}

}  // namespace imip::crypto
