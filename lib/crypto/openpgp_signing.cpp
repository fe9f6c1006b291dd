#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "crypto/detail/gpg_home.hpp"
#include "crypto/detail/gpg_key.hpp"
#include "crypto/detail/gpg_passphrase.hpp"
#include "crypto/openpgp.hpp"

namespace imip::crypto {
namespace {

// Whoever has more keys for one address has to name a fingerprint.
constexpr std::size_t most_candidates = 100;

/// gpg on a private home with the keys of `home`.
struct Ring {
  gpg::PrivateHome home;
  gpg::Session session;

  static Result<Ring> open(const std::string& home, std::optional<UtcSeconds> at)
  {
    IMIP_TRY(gpg::PrivateHome made, gpg::PrivateHome::create(home, at));
    IMIP_TRY(gpg::Session session,
             gpg::Session::open(GPGME_PROTOCOL_OpenPGP,
                                {made.path(), true, std::chrono::minutes{1}}));
    return Ring{std::move(made), std::move(session)};
  }
};

/// What a person named: a fingerprint, or an address.
struct Wanted {
  std::string text;
  std::optional<std::string> fingerprint;
  CalAddress address;

  static Result<Wanted> parse(const std::string& who)
  {
    Wanted wanted{who, gpg::fingerprint_from(who), {}};
    if (wanted.fingerprint) return wanted;
    auto address = CalAddress::from_mailbox(who);
    if (!address)
      return err(Errc::Config, cat("'", who, "' is neither a fingerprint nor an address"),
                 "a fingerprint has 40 hexadecimal digits: gpg --fingerprint shows it");
    wanted.address = *std::move(address);
    return wanted;
  }
  [[nodiscard]] std::string pattern() const
  {
    return fingerprint ? *fingerprint : cat('<', address.mailbox(), '>');
  }
};

std::string_view fingerprint_of(gpgme_key_t key)
{
  return gpg::text_of(key->subkeys->fpr);
}

bool can_sign(gpgme_key_t key)
{
  return key->can_sign != 0;
}

bool is_fit_for_encryption(gpgme_subkey_t key)
{
  constexpr unsigned enough_bits = 2048;
  if (key->pubkey_algo == GPGME_PK_ECDH) return text::ascii_lower(gpg::text_of(key->curve)) != "secp256k1";
  return key->length >= enough_bits;
}

// gpg chooses among them, so each has to do.
bool can_encrypt(gpgme_key_t key)
{
  if (!key->can_encrypt) return false;
  for (gpgme_subkey_t s = key->subkeys; s != nullptr; s = s->next)
    if (s->can_encrypt && !s->revoked && !s->expired && !s->invalid && !is_fit_for_encryption(s))
      return false;
  return true;
}

struct Need {
  std::string_view verb;     ///< "sign", for sentences
  bool secret = false;       ///< a key of our own, to sign with
  bool vouched_for = false;  ///< an address must be that of a valid user ID
  bool (*able)(gpgme_key_t) = nullptr;
};

// Why a key is not able, which is one of its subkeys' doing, or the lack of one.
gpg::Unfit inability(gpgme_key_t key, const Need& need)
{
  std::string why = need.secret ? "it has no key for signing" : "it has no subkey for encryption";
  bool expired = false;
  for (gpgme_subkey_t s = key->subkeys; s != nullptr; s = s->next) {
    if (need.secret ? !s->can_sign : !s->can_encrypt) continue;
    const bool weak = !need.secret && !s->revoked && !s->expired && !is_fit_for_encryption(s);
    expired = s->expired && !s->revoked;
    if (s->revoked || s->expired || weak)
      why = cat("its subkey ", gpg::text_of(s->fpr), ' ',
                s->revoked   ? "was revoked"
                : s->expired ? gpg::expired_text(s)
                             : cat("is too weak (", gpg::key_text(s), ')'));
    if (weak) break;  // the others do not help: gpg chooses
  }
  why = cat("cannot ", need.verb, ": ", why);
  if (!need.secret)
    return {why, expired
                     ? "ask its owner to extend that, and import the key again"
                     : "ask its owner for a new subkey for encryption, and import the key again"};
  return {why, expired
                   ? cat("extend it: gpg --quick-set-expire ", fingerprint_of(key), " 1y '*'")
                   : cat("add one: gpg --quick-add-key ", fingerprint_of(key), " default sign")};
}

// Exactly one, so that nobody signs or reads as somebody else by accident.
Result<gpg::Key> choose(Ring& ring, const std::string& home, const std::string& who,
                        const Need& need)
{
  IMIP_TRY(const Wanted wanted, Wanted::parse(who));
  IMIP_TRY(auto keys, ring.session.keys(wanted.pattern(), need.secret, most_candidates));
  gpg::Unfit unfit{cat("no ", need.secret ? "secret " : "", "OpenPGP key for ", who, " in ", home),
                   need.secret ? "gpg --list-secret-keys shows what there is"
                               : "import it (gpg --import FILE), compare its fingerprint with the "
                                 "key's owner, then sign it with gpg"};
  std::vector<gpg::Key> fit;
  for (gpg::Key& key : keys) {
    if (key->subkeys == nullptr) continue;
    const std::string label = cat("the OpenPGP key ", fingerprint_of(key.get()), " for ", who, ' ');
    if (wanted.fingerprint && fingerprint_of(key.get()) != *wanted.fingerprint) {
      unfit = {cat(who, " is the fingerprint of a subkey"),
               cat("name that of its primary key, ", fingerprint_of(key.get()))};
    } else if (auto faulty = gpg::unfitness(key.get(), need.secret)) {
      unfit = {label + faulty->why, std::move(faulty->remedy)};
    } else if (!need.able(key.get())) {
      faulty = inability(key.get(), need);
      unfit = {label + faulty->why, std::move(faulty->remedy)};
    } else if (!wanted.fingerprint &&
               !gpg::has_address(key.get(), wanted.address, need.vouched_for)) {
      if (need.vouched_for && gpg::has_address(key.get(), wanted.address, false))
        unfit = {label + "is not vouched for: no user ID with that address is fully valid",
                 "compare the fingerprint with the key's owner, then sign the key with gpg, or name "
                 "the fingerprint instead of the address"};
      else
        unfit = {label + "has no usable user ID that is this one address",
                 cat("receivers would not know it by that address: the key's owner may add a user ID (gpg --quick-add-uid ",
                     fingerprint_of(key.get()), " 'Name <", who, ">'), or name the key by its fingerprint")};
    } else {
      fit.push_back(std::move(key));
    }
  }
  if (fit.empty()) return err(Errc::Config, std::move(unfit.why), std::move(unfit.remedy));
  if (fit.size() > 1)
    return err(Errc::Config, cat("several OpenPGP keys in ", home, " are for ", who),
               cat("name one by its fingerprint, for example ", fingerprint_of(fit[0].get())));
  return std::move(fit.front());
}

std::vector<CalAddress> addresses_of(gpgme_key_t key)
{
  std::vector<CalAddress> addresses;
  for (gpgme_user_id_t id = key->uids; id != nullptr; id = id->next)
    if (const auto address = gpg::is_usable(id) ? gpg::address_of(id) : std::nullopt)
      addresses.push_back(*address);
  return addresses;
}

constexpr Need to_sign{"sign", true, false, can_sign};
constexpr Need to_encrypt{"be encrypted to", false, true, can_encrypt};

tl::unexpected<Error> signing_failed(const std::string& who, gpgme_error_t error,
                                     const gpg::PassphraseAnswer& answer)
{
  if (answer.failed()) return tl::unexpected<Error>(*answer.failed());
  if (answer.was_wrong(error))
    return err(Errc::Permission, cat("the passphrase for the OpenPGP key of ", who, " is wrong"),
               "try again");
  switch (gpgme_err_code(error)) {
    case GPG_ERR_BAD_PASSPHRASE:
    case GPG_ERR_NO_PASSPHRASE:
    case GPG_ERR_CANCELED:
    case GPG_ERR_NO_PIN_ENTRY:
    case GPG_ERR_PIN_ENTRY:
      return err(Errc::Permission,
                 cat("the OpenPGP key of ", who, " needs a passphrase that gpg-agent does not know"),
                 "give one (passphrase in [[identity]]), or unlock the key in gpg-agent first");
    default:
      return err(Errc::Config,
                 cat("gpg cannot sign as ", who, ": ", gpg::error_text(error)));
  }
}

// What every receiver would refuse is not sent.
Result<std::string> micalg_of(gpgme_key_t key, gpgme_sign_result_t result)
{
  const gpgme_new_signature_t made = result == nullptr ? nullptr : result->signatures;
  if (made == nullptr || made->next != nullptr || result->invalid_signers != nullptr)
    return err(Errc::Config, "gpg did not make exactly one signature");
  const std::string digest =
      text::ascii_lower(gpg::text_of(gpgme_hash_algo_name(made->hash_algo)));
  const Floor floor;
  if (std::find(floor.digests.begin(), floor.digests.end(), digest) == floor.digests.end())
    return err(Errc::Config, cat("the OpenPGP key ", fingerprint_of(key), " signs with ", digest,
                                 ", which receivers refuse"));
  const gpgme_subkey_t subkey = gpg::find_subkey(key, gpg::text_of(made->fpr));
  if (const auto weak = subkey == nullptr ? std::nullopt : gpg::weakness(subkey, floor))
    return err(Errc::Config, cat("the OpenPGP key ", fingerprint_of(key), ' ', *weak),
               "make a new key");
  return cat("pgp-", digest);
}

}  // namespace

Result<std::string> default_gnupg_home()
{
  namespace fs = std::filesystem;
  std::error_code failed;
  if (const char* named = std::getenv("GNUPGHOME"); named != nullptr && *named != '\0') {
    const fs::path home = fs::absolute(named, failed);
    if (!failed) return home.string();
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return cat(home, "/.gnupg");
  std::array<char, 4096> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) != 0 ||
      found == nullptr || found->pw_dir == nullptr || *found->pw_dir != '/')
    return err(Errc::Config, "there is no home directory to look for an OpenPGP key ring in",
               "set HOME or GNUPGHOME, or home of [openpgp] in the policy");
  return cat(found->pw_dir, "/.gnupg");
}

Result<OpenPgpSignature> openpgp_sign(const std::string& home, const std::string& who,
                                      std::string_view octets, const PassphraseSource& passphrase,
                                      std::optional<UtcSeconds> at)
{
  IMIP_TRY(Ring ring, Ring::open(home, at));
  IMIP_CHECK(ring.home.connect_agent());
  IMIP_TRY(const gpg::Key key, choose(ring, home, who, to_sign));
  const gpgme_ctx_t context = ring.session.context();
  gpgme_set_armor(context, 1);
  gpgme_signers_clear(context);
  const gpg::Data in = gpg::data_over(octets);
  gpg::Data signature = gpg::empty_data();
  if (gpgme_signers_add(context, key.get()) != 0 || !in || !signature)
    return err(Errc::Unavailable, "no memory for GPGME");
  const gpg::PassphraseAnswer answer(ring.session, passphrase);
  const gpgme_error_t error = ring.session.run([&](gpgme_ctx_t c) {
    return gpgme_op_sign_start(c, in.get(), signature.get(), GPGME_SIG_MODE_DETACH);
  });
  if (error != 0) return signing_failed(who, error, answer);
  IMIP_TRY(std::string micalg, micalg_of(key.get(), gpgme_op_sign_result(context)));
  return OpenPgpSignature{gpg::take(std::move(signature)), std::move(micalg)};
}

Result<std::vector<CalAddress>> openpgp_addresses(const std::string& home, const std::string& who,
                                                  std::optional<UtcSeconds> at)
{
  IMIP_TRY(Ring ring, Ring::open(home, at));
  IMIP_CHECK(ring.home.connect_agent());
  IMIP_TRY(const gpg::Key key, choose(ring, home, who, to_sign));
  return addresses_of(key.get());
}

Result<std::vector<CalAddress>> openpgp_recipient_addresses(const std::string& home,
                                                            const std::string& who,
                                                            std::optional<UtcSeconds> at)
{
  IMIP_TRY(Ring ring, Ring::open(home, at));
  IMIP_TRY(const gpg::Key key, choose(ring, home, who, to_encrypt));
  IMIP_TRY(const Wanted wanted, Wanted::parse(who));
  if (!wanted.fingerprint) return std::vector<CalAddress>{wanted.address};
  return addresses_of(key.get());
}

Result<std::string> openpgp_encrypt(const std::string& home,
                                    const std::vector<std::string>& recipients,
                                    std::string_view octets, std::optional<UtcSeconds> at)
{
  if (recipients.empty()) return err(Errc::Config, "nobody is named to encrypt to");
  IMIP_TRY(Ring ring, Ring::open(home, at));
  std::vector<gpg::Key> keys;
  for (const std::string& who : recipients) {
    IMIP_TRY(gpg::Key key, choose(ring, home, who, to_encrypt));
    keys.push_back(std::move(key));
  }
  std::vector<gpgme_key_t> list;
  for (const gpg::Key& key : keys) list.push_back(key.get());
  list.push_back(nullptr);
  gpgme_set_armor(ring.session.context(), 1);
  const gpg::Data in = gpg::data_over(octets);
  gpg::Data message = gpg::empty_data();
  if (!in || !message) return err(Errc::Unavailable, "no memory for GPGME");
  // whom to trust was decided above, one user ID at a time
  const gpgme_error_t error = ring.session.run([&](gpgme_ctx_t c) {
    return gpgme_op_encrypt_start(c, list.data(), GPGME_ENCRYPT_ALWAYS_TRUST, in.get(), message.get());
  });
  const gpgme_encrypt_result_t result = gpgme_op_encrypt_result(ring.session.context());
  if (error != 0 || result == nullptr || result->invalid_recipients != nullptr)
    return err(Errc::Config, cat("gpg cannot encrypt: ", gpg::error_text(error)));
  return gpg::take(std::move(message));
}

}  // namespace imip::crypto
