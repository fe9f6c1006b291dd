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
      if (!entry.identity)
        entry.identity = SigningIdentity::load(entry.key.files, entry.key.passphrase);
      if (!*entry.identity) {
        failed.push_back(entry.identity->error());
        continue;
      }
      const SigningIdentity& identity = **entry.identity;
      if (is_recipient(SigningAccess::of(identity).certificate.get()) && use(identity)) return {};
    }
  }
  return failed;
}

}  // namespace imip::crypto
