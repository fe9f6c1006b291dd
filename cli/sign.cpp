#include <algorithm>
#include <ostream>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/encrypt.hpp"
#include "cli/passphrase.hpp"
#include "cli/signer.hpp"
#include "crypto/gpgsm.hpp"
#include "crypto/openpgp.hpp"
#include "mime/message.hpp"
#include "mime/protect.hpp"

namespace imip::cli {

namespace {

using Addresses = std::vector<CalAddress>;

// Who the mail says it is from: --as alone, else From, then Sender.
Result<Addresses> wanted_addresses(const SignRequest& request, const mime::Envelope& envelope)
{
  Addresses out;
  if (!request.keys.as.empty()) {
    auto as = CalAddress::from_mailbox(request.keys.as);
    if (!as) return err(Errc::Usage, cat("--as: ", as.error().what), as.error().hint);
    return Addresses{*as};
  }
  for (const auto* field : {&envelope.from, &envelope.sender})
    for (const std::string& mailbox : *field)
      if (auto address = CalAddress::from_mailbox(mailbox)) out.push_back(*address);
  return out;
}

std::string words(const Addresses& list)
{
  std::string out;
  for (const CalAddress& a : list) out += cat(out.empty() ? "" : ", ", a.mailbox());
  return out.empty() ? "nobody" : out;
}

std::string_view noun(const Signer& signer)
{
  return signer.protocol() == crypto::Protocol::OpenPgp ? "key" : "certificate";
}

// @param entry  of the policy, whose passphrase unlocks the key; may be null
Result<Signer> signer_of(const policy::Identity& identity, const SignRequest& request,
                         const policy::Identity* entry, UtcSeconds now)
{
  SignerPlaces places{request.common.intermediates, request.policy, {}, request.common.now};
  if (request.policy.key_ring) {
    places.key_ring = request.policy.key_ring->home;
  } else if (!identity.openpgp.empty() || !identity.gpgsm.empty()) {
    IMIP_TRY(places.key_ring, crypto::default_gnupg_home());
  }
  return Signer::open(identity, places, passphrase_source(request.keys, entry), now);
}

// --identity KEY...: the first that fits; a single one is taken whatever it says.
Result<Signer> from_flags(const SignRequest& request, const Addresses& wanted, Context& context)
{
  const auto& given = request.keys.identity;
  for (const std::string& word : given) {
    IMIP_TRY(const policy::Identity identity, identity_of_flag(word, request.keys));
    IMIP_TRY(Signer signer, signer_of(identity, request, nullptr, context.now));
    const bool fits = share_one(signer.addresses(), wanted);
    if (!fits && given.size() == 1)
      notice(context, cat("the ", noun(signer), " is for ", words(signer.addresses()),
                          request.keys.as.empty() ? " but the mail is from " : " but --as says ", words(wanted)));
    if (fits || given.size() == 1) return signer;
  }
  return err(Errc::Refused, cat("no --identity has a certificate or key for ", words(wanted)),
             "give just the one to use");
}

Result<Signer> from_policy(const SignRequest& request, const Addresses& wanted, UtcSeconds now)
{
  const auto& entries = request.policy.identities;
  if (wanted.empty())
    return err(Errc::Refused, "the mail says neither From nor Sender, so no identity fits it",
               "choose one: --as ADDRESS or --identity KEY");
  for (const CalAddress& who : wanted) {
    const auto entry = std::find_if(entries.begin(), entries.end(), [&](const policy::Identity& i) {
      return same_user(i.address, who, request.policy.owner.local_part);
    });
    if (entry == entries.end()) continue;
    IMIP_TRY(Signer signer, signer_of(*entry, request, &*entry, now));
    if (!share_one(signer.addresses(), wanted))
      return err(Errc::Refused,
                 cat("the [[identity]] of ", who.mailbox(), " has a ", noun(signer), " for ",
                     words(signer.addresses())),
                 "receivers would find no tie to the mail: use --identity KEY to sign all the same");
    return signer;
  }
  return err(Errc::Refused, cat("there is no identity for ", words(wanted)),
             "give --identity KEY, or add an [[identity]] to the policy");
}

/// What cannot go together, before any key is asked for. @errors Errc::Usage
Result<void> check_usage(const SignRequest& request)
{
  const ProtectOptions& protect = request.protect;
  if (!request.keys.key.empty() && request.keys.identity.size() != 1)
    return err(Errc::Usage, request.keys.identity.empty()
                                ? "--key needs --identity FILE with the certificate"
                                : "--key goes with one --identity only");
  if (!protect.cipher.empty() && protect.encrypt_to.empty())
    return err(Errc::Usage, "--cipher is for --encrypt-to, without which nothing is encrypted",
               "say for whom, or leave it out");
  if (protect.layout == "inner" && protect.opaque)
    return err(Errc::Usage, "--opaque hides the calendar from those whom --layout inner is for",
               "leave one of them out");
  if (protect.layout == "inner" && !protect.encrypt_to.empty())
    return err(Errc::Usage, "--layout inner would leave most of the mail unencrypted",
               "leave it out: --encrypt-to encrypts the whole mail");
  return {};
}

// GPGME looks for gpgsm at its first use or never.
void announce_gpgsm(const SignRequest& request)
{
  const auto& flags = request.keys.identity;
  const auto& entries = request.policy.identities;
  const bool used =
      std::any_of(flags.begin(), flags.end(),
                  [](const std::string& word) {
                    return text::ascii_iequal(std::string_view(word).substr(0, 6), "gpgsm:");
                  }) ||
      std::any_of(entries.begin(), entries.end(),
                  [](const policy::Identity& i) { return !i.gpgsm.empty(); });
  if (used) crypto::expect_gpgsm();
}

// A signature that most receivers refuse is made all the same: theirs is the floor.
void warn_of_weakness(const Signer& signer, Context& context)
{
  if (signer.protocol() != crypto::Protocol::Smime) return;
  if (!signer.missing_issuer().empty())
    notice(
        context,
        cat("the certificate of the issuer '", signer.missing_issuer(),
            "' is not at hand, so the signature goes without it, and who lacks it cannot check it"),
        "name it: --intermediate FILE, or [smime] intermediates in the policy");
  if (const auto why = crypto::weakness_of(signer.own_recipient()))
    notice(context, cat(*why, ", which most receivers refuse"),
           "get a certificate that is signed with SHA-256 or better");
}

std::string seed_of(const SignRequest& request, const std::string& entity)
{
  return request.boundary_seed.empty() ? sha256_hex(entity) : request.boundary_seed;
}

}  // namespace

Result<policy::Identity> identity_of_flag(const std::string& word, const KeyOptions& keys)
{
  auto in_store = policy::identity_in_key_store(word);
  if (!in_store)
    return err(Errc::Usage, cat("--identity: ", in_store.error().what), in_store.error().hint);
  if (*in_store) {
    if (!keys.key.empty())
      return err(Errc::Usage, "--key goes with a certificate file only",
                 "--identity FILE --key pkcs11:... takes the certificate from a file");
    return **std::move(in_store);
  }
  for (const std::string* file : {&word, &keys.key})
    if (!file->empty() && !text::ascii_iequal(std::string_view(*file).substr(0, 7), "pkcs11:"))
      IMIP_CHECK(require_private_flag(*file));
  IMIP_TRY(const std::string octets, read_file(word, largest_key_file));
  policy::Identity identity;
  if (octets.find("-----BEGIN ") == std::string::npos) {
    if (!keys.key.empty())
      return err(Errc::Config, cat(word, ": is not PEM, so --key cannot go with it"),
                 "a PKCS#12 file holds its own key");
    identity.pkcs12 = word;
    return identity;
  }
  identity.certificate = word;
  if (!text::ascii_iequal(std::string_view(keys.key).substr(0, 7), "pkcs11:")) {
    identity.key = keys.key;
    return identity;
  }
  auto uri = policy::check_token_uri(keys.key);
  if (!uri) return err(Errc::Usage, cat("--key: ", uri.error().what), uri.error().hint);
  identity.pkcs11 = *std::move(uri);
  return identity;
}

Result<std::string> sign_mail(const SignRequest& request, Context& context)
{
  IMIP_CHECK(check_usage(request));
  take_passphrases(request.keys, request.policy);
  announce_gpgsm(request);
  IMIP_TRY(const mime::SplitMail split,
           mime::split_for_signing(request.mail, request.protect.layout == "inner"
                                                     ? mime::Layout::Inner
                                                     : mime::Layout::Outer));
  IMIP_TRY(const mime::Message message, mime::parse_message(request.mail, request.policy.limits));
  IMIP_TRY(const Addresses wanted, wanted_addresses(request, message.envelope()));
  IMIP_TRY(const Signer signer, request.keys.identity.empty()
                                    ? from_policy(request, wanted, context.now)
                                    : from_flags(request, wanted, context));
  IMIP_TRY(const RevocationLists lists, RevocationLists::of(request.policy));
  if (signer.protocol() == crypto::Protocol::Smime)
    IMIP_CHECK(
        lists.check(signer.own_recipient(), signer.name(),
                    "get a new certificate from your authority and name it in [[identity]]"));
  warn_of_weakness(signer, context);
  std::optional<Readers> readers;
  if (!request.protect.encrypt_to.empty()) {
    IMIP_TRY(auto found,
             Readers::find(request.protect, signer, lists, message.envelope(), wanted, context));
    readers.emplace(std::move(found));
  }
  if (request.common.verbose)
    notice(context, cat("signed by ", signer.name(), " for ", words(signer.addresses())));
  IMIP_TRY(std::string entity,
           signer.sign(split.entity, request.protect.opaque, seed_of(request, split.entity), context.now));
  if (readers) {
    IMIP_TRY(entity, readers->encrypt(entity, seed_of(request, entity), request.policy.floor, context));
  }
  return mime::join(split, entity);
}

Result<ExitCode> run(const SignOptions& options, Context& context)
{
  IMIP_CHECK(check_passphrase(options.keys, {options.file}));
  IMIP_TRY(const policy::Policy policy, load_policy(options.common));
  IMIP_TRY(std::string mail, read_input(options.file, policy.limits));
  const std::string name = options.file.empty() ? "-" : options.file;
  if (mime::looks_like_calendar(mail))
    return err(Errc::BadMime, cat(name, ": is a calendar and no mail"), "imip build makes a mail of it");
  const auto signed_mail = sign_mail(SignRequest{std::move(mail), options.keys, options.common, policy,
                                                 options.protect, options.boundary_seed},
                                     context);
  if (!signed_mail && signed_mail.error().code == Errc::BadMime)
    return err(Errc::BadMime, cat(name, ": ", signed_mail.error().what), signed_mail.error().hint);
  if (!signed_mail) return tl::unexpected<Error>(signed_mail.error());
  IMIP_CHECK(write_output(context, options.output, *signed_mail));
  return ExitCode::Ok;
}

}  // namespace imip::cli
