#include <algorithm>

#include "base/digest.hpp"
#include "crypto/detail/decryption.hpp"
#include "crypto/detail/identity.hpp"

namespace imip::crypto {
namespace {

bool shows_its_certificate(const IdentityFiles& files)
{
  return files.pkcs12.empty() && !files.certificate.empty();
}

Result<std::vector<SigningIdentity>> load(const DecryptionKey& key)
{
  if (!key.files.gpgsm.empty()) return load_gpgsm(key.files, key.passphrase);
  IMIP_TRY(SigningIdentity one, SigningIdentity::load(key.files, key.passphrase));
  std::vector<SigningIdentity> out;
  out.push_back(std::move(one));
  return out;
}

}  // namespace

KeyRing::KeyRing(std::vector<DecryptionKey> keys)
{
  for (DecryptionKey& key : keys) entries_.push_back(Entry{std::move(key), {}, {}});
}

// A file that cannot be read may well be the recipient's, and says so once nothing else helped.
bool KeyRing::may_match(Entry& entry, const IsRecipient& is_recipient, std::vector<Error>& failed)
{
  if (!shows_its_certificate(entry.key.files)) return true;
  if (!entry.certificates) entry.certificates = load_certificates(entry.key.files.certificate);
  const auto& found = *entry.certificates;
  if (!found) {
    failed.push_back(found.error());
    return false;
  }
  return std::any_of(found->begin(), found->end(),
                     [&](const X509Ptr& x) { return is_recipient(x.get()); });
}

std::vector<Error> KeyRing::each(const IsRecipient& is_recipient, const Use& use)
{
  start_libcrypto();
  std::vector<Error> failed;
  for (const bool shown : {true, false}) {
    for (Entry& entry : entries_) {
      if (shows_its_certificate(entry.key.files) != shown ||
          !may_match(entry, is_recipient, failed))
        continue;
      if (!entry.identities) entry.identities = load(entry.key);
      if (!*entry.identities) {
        failed.push_back(entry.identities->error());
        continue;
      }
      for (const SigningIdentity& identity : **entry.identities)
        if (is_recipient(SigningAccess::of(identity).certificate.get()) && use(identity)) return {};
    }
  }
  return failed;
}

}  // namespace imip::crypto
