#include <algorithm>
#include <ostream>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "cli/passphrase.hpp"
#include "crypto/signing.hpp"
#include "mime/compose.hpp"
#include "mime/message.hpp"
#include "mime/protect.hpp"

namespace imip::cli {

namespace {

using Addresses = std::vector<CalAddress>;



// Who the mail says it is from: --as alone, else From, then Sender.
Result<Addresses> wanted_addresses(const SignRequest& request)
{
  Addresses out;
  if (!request.keys.as.empty()) {
    auto as = CalAddress::from_mailbox(request.keys.as);
    if (!as) return err(Errc::Usage, cat("--as: ", as.error().what), as.error().hint);
    return Addresses{*as};
  }
  IMIP_TRY(const mime::Message message, mime::parse_message(request.mail, request.policy.limits));
  for (const auto* field : {&message.envelope().from, &message.envelope().sender})
    for (const std::string& mailbox : *field)
      if (auto address = CalAddress::from_mailbox(mailbox)) out.push_back(*address);
  return out;
}

bool is_one_of(const CalAddress& who, const Addresses& list)
{
  return std::any_of(list.begin(), list.end(),
                     [&](const CalAddress& a) { return same_user(a, who); });
}

bool share_one(const Addresses& a, const Addresses& b)
{
  return std::any_of(a.begin(), a.end(), [&](const CalAddress& x) { return is_one_of(x, b); });
}

std::string words(const Addresses& list)
{
  std::string out;
  for (const CalAddress& a : list) out += cat(out.empty() ? "" : ", ", a.mailbox());
  return out.empty() ? "nobody" : out;
}

void notice(Context& context, const std::string& what)
{
  print_error(context, Error{Errc::Refused, cat("notice: ", what), {}});
}

// PEM or PKCS#12, by what is in the file.
Result<crypto::IdentityFiles> files_of(const std::string& path, const SignRequest& request)
{
  IMIP_TRY(const std::string octets, read_file(path, largest_key_file));
  crypto::IdentityFiles files;
  files.intermediates = request.common.intermediates;
  if (octets.find("-----BEGIN ") != std::string::npos) {
    files.certificate = path;
    files.key = request.keys.key;
  } else if (request.keys.key.empty()) {
    files.pkcs12 = path;
  } else {
    return err(Errc::Config, cat(path, ": is not PEM, so --key cannot go with it"),
               "a PKCS#12 file holds its own key");
  }
  return files;
}

// --identity FILE...: the first that fits; a single one is taken whatever it says.
Result<crypto::SigningIdentity> from_flags(const SignRequest& request, const Addresses& wanted,
                                           Context& context)
{
  const auto& given = request.keys.identity;
  if (given.size() > 1 && !request.keys.key.empty())
    return err(Errc::Usage, "--key goes with one --identity only");
  for (const std::string& path : given) {
    IMIP_TRY(const crypto::IdentityFiles files, files_of(path, request));
    IMIP_TRY(crypto::SigningIdentity identity,
             crypto::SigningIdentity::load(files, passphrase_source(request.keys, nullptr)));
    const bool fits = share_one(identity.addresses(), wanted);
    if (!fits && given.size() == 1)
      notice(context, cat("the certificate is for ", words(identity.addresses()),
                          " but the mail is from ", words(wanted)));
    if (fits || given.size() == 1) return identity;
  }
  return err(Errc::Refused, cat("no --identity has a certificate for ", words(wanted)),
             "give just the one to use");
}

Result<crypto::SigningIdentity> from_policy(const SignRequest& request, const Addresses& wanted)
{
  const auto& entries = request.policy.identities;
  if (wanted.empty())
    return err(Errc::Refused, "the mail says neither From nor Sender, so no identity fits it",
               "choose one: --as ADDRESS or --identity FILE");
  for (const CalAddress& who : wanted) {
    const auto entry = std::find_if(entries.begin(), entries.end(), [&](const policy::Identity& i) {
      return same_user(i.address, who, request.policy.owner.local_part);
    });
    if (entry == entries.end()) continue;
    const crypto::IdentityFiles files{entry->certificate, entry->key, entry->pkcs12,
                                      request.common.intermediates};
    IMIP_TRY(crypto::SigningIdentity identity,
             crypto::SigningIdentity::load(files, passphrase_source(request.keys, &*entry)));
    if (!share_one(identity.addresses(), wanted))
      return err(
          Errc::Refused,
          cat("the [[identity]] of ", who.mailbox(), " has a certificate for ",
              words(identity.addresses())),
          "receivers would find no tie to the mail: use --identity FILE to sign all the same");
    return identity;
  }
  return err(Errc::Refused, cat("there is no identity for ", words(wanted)),
             "give --identity FILE, or add an [[identity]] to the policy");
}

}  // namespace

Result<std::string> sign_mail(const SignRequest& request, Context& context)
{
  IMIP_TRY(const mime::SplitMail split, mime::split_for_signing(request.mail));
  IMIP_TRY(const Addresses wanted, wanted_addresses(request));
  if (request.keys.identity.empty() && !request.keys.key.empty())
    return err(Errc::Usage, "--key needs --identity FILE with the certificate");
  IMIP_TRY(const crypto::SigningIdentity identity, request.keys.identity.empty()
                                                       ? from_policy(request, wanted)
                                                       : from_flags(request, wanted, context));
  if (request.common.verbose)
    notice(context,
           cat("signed by ", identity.certificate().subject, " for ", words(identity.addresses())));
  const UtcSeconds at = context.now;
  const std::string octets = mime::to_crlf(split.entity);
  if (request.opaque) {
    IMIP_TRY(const std::string der, crypto::sign_opaque(identity, octets, at));
    IMIP_TRY(const std::string entity, mime::pkcs7_mime(der, "signed-data"));
    return mime::join(split, entity);
  }
  IMIP_TRY(const crypto::DetachedSignature signature, crypto::sign_detached(identity, octets, at));
  const std::string seed =
      request.boundary_seed.empty() ? sha256_hex(split.entity) : request.boundary_seed;
  IMIP_TRY(const std::string entity,
           mime::smime_signed(split.entity, signature.der, signature.micalg, seed));
  return mime::join(split, entity);
}

Result<ExitCode> run(const SignOptions& options, Context& context)
{
  IMIP_TRY(const policy::Policy policy, load_policy(options.common));
  IMIP_TRY(std::string mail, read_input(options.file, policy.limits));
  IMIP_TRY(const std::string signed_mail,
           sign_mail(SignRequest{std::move(mail), options.keys, options.common, policy,
                                 options.opaque, options.boundary_seed},
                     context));
  IMIP_CHECK(write_output(context, options.output, signed_mail));
  return ExitCode::Ok;
}

}  // namespace imip::cli
