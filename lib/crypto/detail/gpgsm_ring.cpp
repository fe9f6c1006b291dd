#include "crypto/detail/gpgsm_ring.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/mail_address.hpp"
#include "crypto/detail/certificate.hpp"
#include "crypto/detail/gpg_key.hpp"

namespace imip::crypto::gpg {
namespace {

// Whoever has more certificates for one address has to name a fingerprint.
constexpr std::size_t most_candidates = 100;

Result<RingCertificate> fetch(Session& session, Key key)
{
  Data out = empty_data();
  gpgme_set_armor(session.context(), 0);
  gpgme_key_t only[] = {key.get(), nullptr};
  const gpgme_error_t error = session.run(
      [&](gpgme_ctx_t c) { return gpgme_op_export_keys_start(c, only, 0, out.get()); });
  std::string der = take(std::move(out));
  const unsigned char* p = octets_of(der);
  X509Ptr x(error != 0 ? nullptr : d2i_X509(nullptr, &p, static_cast<long>(der.size())));
  if (!x || p != octets_of(der) + der.size())
    return err(Errc::Unavailable, "gpgsm does not give the certificate of a key it lists");
  return RingCertificate{std::move(key), std::move(x), std::move(der)};
}

}  // namespace

Result<Session> open_gpgsm(const std::string& home, std::chrono::milliseconds patience)
{
  return Session::open(GPGME_PROTOCOL_CMS, {home, false, patience});
}

Result<std::vector<RingCertificate>> certificates_of(Session& session, const std::string& who)
{
  const auto fingerprint = fingerprint_from(who);
  const auto address = CalAddress::from_mailbox(who);
  if (!fingerprint && !address)
    return err(Errc::Config, cat("'", who, "' is neither a fingerprint nor an address"),
               "a fingerprint has 40 hexadecimal digits: gpgsm --list-secret-keys shows it");
  IMIP_TRY(auto keys,
           session.keys(fingerprint ? *fingerprint : cat('<', who, '>'), true, most_candidates));
  std::vector<RingCertificate> found;
  for (Key& key : keys) {
    IMIP_TRY(RingCertificate one, fetch(session, std::move(key)));
    const auto names = identities(one.certificate.get(), false);
    if (fingerprint || std::any_of(names.begin(), names.end(),
                                   [&](const CalAddress& a) { return same_user(a, *address); }))
      found.push_back(std::move(one));
  }
  return found;
}

}  // namespace imip::crypto::gpg
