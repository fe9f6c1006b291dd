#include "cli/encrypt.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "crypto/encryption.hpp"
#include "crypto/openpgp.hpp"
#include "mime/compose.hpp"
#include "mime/protect.hpp"

namespace imip::cli {

namespace {

using Addresses = std::vector<CalAddress>;

/// The addresses of some header fields. @errors Errc::Refused  one that is none
Result<Addresses> addresses_of(std::initializer_list<const std::vector<std::string>*> fields)
{
  Addresses out;
  for (const auto* field : fields)
    for (const std::string& mailbox : *field) {
      auto address = CalAddress::from_mailbox(mailbox);
      if (!address)
        return err(Errc::Refused, cat("the mail goes to '", mailbox, "', which is no address"),
                   "who cannot be told cannot be encrypted to");
      out.push_back(*std::move(address));
    }
  return out;
}

}  // namespace

Result<RevocationLists> RevocationLists::of(const policy::Policy& policy)
{
  if (policy.crls.empty()) return RevocationLists(std::nullopt);
  crypto::VerifyOptions options;
  options.crls = policy.crls;
  options.revocation = policy.revocation;
  IMIP_TRY(auto verifier, crypto::Verifier::create(std::move(options), policy.limits));
  return RevocationLists(std::move(verifier));
}

Result<void> RevocationLists::check(std::string_view certificate, const std::string& name,
                                    const std::string& hint) const
{
  const auto list = verifier_ ? verifier_->revoked_by(certificate) : std::nullopt;
  if (!list) return {};
  return err(Errc::Config,
             cat(name, ": the certificate was revoked by its authority (", *list, " lists it)"),
             hint);
}

Result<Readers> Readers::find(const ProtectOptions& protect, const Signer& signer,
                              const RevocationLists& lists, const mime::Envelope& envelope,
                              const Addresses& from, Context& context)
{
  Readers readers(protect, signer);
  for (const std::string& who : protect.encrypt_to) IMIP_CHECK(readers.read(who, lists));
  IMIP_CHECK(readers.check(envelope, from, context));
  readers.sender_reads_ =
      std::any_of(readers.readers_.begin(), readers.readers_.end(), [&](const Reader& reader) {
        return share_one(reader.addresses, from) ||
               share_one(reader.addresses, signer.addresses());
      });
  return readers;
}

Result<void> Readers::read(const std::string& who, const RevocationLists& lists)
{
  IMIP_TRY(const auto in_store, policy::identity_in_key_store(who));
  if (signer_.protocol() == crypto::Protocol::Smime) {
    if (in_store)
      return err(Errc::Usage, cat("--encrypt-to ", who, ": the mail is signed by S/MIME"),
                 "name a certificate file; the two do not mix");
    auto found = crypto::read_recipient(who);
    if (!found && found.error().code == Errc::NoInput && policy::check_key_name(who))
      found.error().hint = "the mail is signed by S/MIME: name a certificate file";
    if (!found) return tl::unexpected(found.error());
    IMIP_CHECK(lists.check(found->der, who, "ask its owner for a new one"));
    IMIP_CHECK(require_private_flag(who));  // it decides who can read the mail
    readers_.push_back({who, std::move(found->addresses), std::move(found->der)});
    return {};
  }
  if (in_store && in_store->openpgp.empty())
    return err(Errc::Usage, cat("--encrypt-to ", who, ": the mail is signed by OpenPGP"),
               "name a fingerprint or an address; the two do not mix");
  auto name = in_store ? Result<std::string>(in_store->openpgp) : policy::check_key_name(who);
  if (!name)
    return err(Errc::Usage, cat("--encrypt-to: ", name.error().what),
               "the mail is signed by OpenPGP: name a fingerprint or an address out of the key ring");
  IMIP_TRY(auto addresses, crypto::openpgp_recipient_addresses(signer_.places().key_ring, *name,
                                                                    signer_.places().at));
  readers_.push_back({*name, std::move(addresses), {}});
  return {};
}

bool Readers::covers(const CalAddress& address) const
{
  return std::any_of(readers_.begin(), readers_.end(),
                     [&](const Reader& r) { return share_one(r.addresses, {address}); });
}

Result<void> Readers::check(const mime::Envelope& envelope, const Addresses& from,
                            Context& context) const
{
  IMIP_TRY(const Addresses open, addresses_of({&envelope.to, &envelope.cc, &envelope.resent_to}));
  IMIP_TRY(const Addresses blind, addresses_of({&envelope.bcc, &envelope.resent_bcc}));
  if (open.empty())
    return err(Errc::Refused, "there is nobody to encrypt to: the mail names nobody in To or Cc",
               "name them: who cannot be told (undisclosed-recipients) cannot be encrypted to");
  std::string missing;
  for (const CalAddress& address : open)
    if (!covers(address) && !share_one({address}, from))
      missing += cat(missing.empty() ? "" : ", ", address.mailbox());
  if (!missing.empty())
    return err(Errc::Refused, cat("no --encrypt-to is for ", missing),
               "who gets the mail must be able to read it: give a certificate or key for each");
  for (const Reader& reader : readers_) {
    if (share_one(reader.addresses, open) || share_one(reader.addresses, from)) continue;
    if (share_one(reader.addresses, blind))
      return err(Errc::Refused,
                 cat("--encrypt-to ", reader.name, " is for somebody in Bcc, and would tell everybody so"),
                 "send a mail of its own to each");
    notice(context, cat("--encrypt-to ", reader.name, " is for nobody in To and Cc, but can read the mail"));
  }
  return {};
}

Result<std::string> Readers::encrypt_to(const std::vector<Reader>& readers,
                                        const std::string& entity, const std::string& boundary_seed,
                                        const crypto::Floor& floor, UtcSeconds at) const
{
  const std::string octets = mime::to_crlf(entity);
  if (signer_.protocol() == crypto::Protocol::OpenPgp) {
    std::vector<std::string> keys;
    for (const Reader& reader : readers) keys.push_back(reader.name);
    IMIP_TRY(const std::string armour,
             crypto::openpgp_encrypt(signer_.places().key_ring, keys, octets, signer_.places().at));
    return mime::openpgp_encrypted(armour, boundary_seed);
  }
  const crypto::Cipher cipher =
      protect_.cipher == "aes256-gcm" ? crypto::Cipher::Aes256Gcm : crypto::Cipher::Aes256Cbc;
  std::vector<crypto::Recipient> recipients;
  for (const Reader& reader : readers) {
    IMIP_TRY(auto recipient, crypto::recipient_of(reader.der, reader.name));
    recipients.push_back(std::move(recipient));
  }
  IMIP_TRY(const std::string der, crypto::encrypt_to(recipients, octets, cipher, at, floor));
  return mime::pkcs7_mime(der, crypto::smime_type(cipher));
}

Result<std::string> Readers::encrypt(const std::string& entity, const std::string& boundary_seed,
                                     const crypto::Floor& floor, Context& context) const
{
  if (sender_reads_) return encrypt_to(readers_, entity, boundary_seed, floor, context.now);
  std::vector<Reader> all = readers_;
  all.push_back({"your own certificate", signer_.addresses(), signer_.own_recipient()});
  if (signer_.protocol() == crypto::Protocol::OpenPgp) all.back().name = signer_.own_recipient();
  const auto with_own = encrypt_to(all, entity, boundary_seed, floor, context.now);
  if (with_own) return with_own;
  IMIP_TRY(auto without, encrypt_to(readers_, entity, boundary_seed, floor, context.now));
  notice(context, cat("you will not be able to read this mail: ", with_own.error().what),
         "--encrypt-to a certificate or key of yours that can");
  return without;
}

}  // namespace imip::cli
