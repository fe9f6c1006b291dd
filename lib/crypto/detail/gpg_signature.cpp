#include "crypto/detail/gpg_signature.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "crypto/detail/gpg_key.hpp"

namespace imip::crypto::gpg {
namespace {

constexpr std::size_t fingerprint_digits = 40;

void add(Signature& s, Code code, std::string text)
{
  s.findings.push_back({code, std::move(text)});
}

std::string_view word(std::string_view& rest)
{
  const std::string_view first = rest.substr(0, rest.find(' '));
  rest.remove_prefix(std::min(rest.size(), first.size() + 1));
  return first;
}

// Text mode hashes lines without their ends, so a CR more or less makes no difference to it.
bool has_bare_cr(std::string_view octets)
{
  for (std::size_t at = octets.find('\r'); at != std::string_view::npos;
       at = octets.find('\r', at + 1))
    if (octets.substr(at, 2) != "\r\n") return true;
  return false;
}

// gpg cuts lines at some 19,990 octets before it hashes them in text mode: what stands behind is not covered.
bool has_long_line(std::string_view octets)
{
  constexpr std::size_t longest = 16'384;
  for (std::size_t at = 0; at < octets.size();) {
    const std::size_t end = std::min(octets.find('\n', at), octets.size());
    if (end - at > longest) return true;
    at = end + 1;
  }
  return false;
}

// Is it a good signature over these octets, by whomever? If not, why: then `s` says it.
bool verifies(gpgme_signature_t found, const Watcher::SeenSignature& seen, std::string_view octets,
              const OpenPgpOptions& options, Signature& s)
{
  const std::string key = cat("the OpenPGP key ", text_of(found->fpr));
  switch (gpgme_err_code(found->status)) {
    case GPG_ERR_NO_ERROR:
    case GPG_ERR_SIG_EXPIRED:
    case GPG_ERR_KEY_EXPIRED:
    case GPG_ERR_CERT_REVOKED:
      break;
    case GPG_ERR_NO_PUBKEY:
      add(s, Code::SignatureUnchecked,
          cat(key, " that signed is not in the key ring in ", options.home,
              "; get it from its owner, compare the fingerprint, import and sign it with gpg"));
      return false;
    case GPG_ERR_BAD_SIGNATURE:
      s.status = SignatureStatus::Invalid;
      add(s, Code::SignatureInvalid,
          cat("the message was changed after it was signed, or its signature belongs to another "
              "message, or says something critical that gpg does not know (",
              key, ')'));
      return false;
    case GPG_ERR_DIGEST_ALGO:
      s.status = SignatureStatus::Unproven;
      add(s, Code::WeakDigest,
          cat("the signature uses ", s.digest, ", which the policy does not accept"));
      return false;
    case GPG_ERR_PUBKEY_ALGO:
    case GPG_ERR_UNSUPPORTED_ALGORITHM:
      add(s, Code::AlgorithmUnsupported,
          cat("gpg cannot check signatures of the kind that ", key, " made: ", error_text(found->status)));
      return false;
    default:
      add(s, Code::SignatureUnchecked,
          cat("gpg could not check the signature by ", key, ": ", error_text(found->status)));
      return false;
  }
  if (!seen.valid || text_of(found->fpr).size() != fingerprint_digits) {
    add(s, Code::SignatureUnchecked, cat("gpg did not say that the signature by ", key, " holds"));
    return false;
  }
  s.status = SignatureStatus::Invalid;
  if (seen.type != 0 && seen.type != 1) {
    add(s, Code::SignatureMalformed, "the signature is of a type that does not sign messages");
    return false;
  }
  if (seen.type == 1 && has_bare_cr(octets)) {
    add(s, Code::SignatureInvalid,
        "the signature is one over text, which does not protect the lone CR in the message");
    return false;
  }
  if (seen.type == 1 && has_long_line(octets)) {
    add(s, Code::SignatureInvalid,
        "the signature is one over text, which does not protect the end of the long line in the message");
    return false;
  }
  s.status = SignatureStatus::Unproven;
  return true;
}

void check_times(gpgme_signature_t found, const OpenPgpOptions& options, Signature& s)
{
  if (s.signed_at && *s.signed_at > options.now + std::chrono::seconds{options.clock_skew_seconds})
    add(s, Code::SignedInFuture,
        cat("the message claims to have been signed at ", to_rfc3339(*s.signed_at),
            ", which is in the future; is this machine's clock right"));
  const UtcSeconds until{std::chrono::seconds{static_cast<std::int64_t>(found->exp_timestamp)}};
  if (found->exp_timestamp != 0 && until <= options.at)
    add(s, Code::Expired, cat("the signature expired on ", to_rfc3339(until)));
}

bool is_pinned(const CalAddress& address, const std::string& fingerprint,
               const OpenPgpOptions& options)
{
  return std::any_of(options.pins.begin(), options.pins.end(), [&](const auto& pin) {
    return same_user(pin.first, address, options.local_part) && text::ascii_iequal(pin.second, fingerprint);
  });
}

void take_identities(gpgme_key_t key, const OpenPgpOptions& options, Signature& s)
{
  const std::string fingerprint(text_of(key->subkeys->fpr));
  bool vouched = false;
  for (gpgme_user_id_t id = key->uids; id != nullptr; id = id->next) {
    if (!is_usable(id)) continue;
    const bool valid = is_vouched_for(id, options.ultimate_only);
    vouched = vouched || valid;
    const auto address = address_of(id);
    if (!address || !(valid || is_pinned(*address, fingerprint, options))) continue;
    if (std::none_of(s.identities.begin(), s.identities.end(),
                     [&](const CalAddress& a) { return same_user(a, *address, LocalPart::Exact); }))
      s.identities.push_back(*address);
  }
  if (!s.identities.empty()) return;
  const auto pin =
      std::find_if(options.pins.begin(), options.pins.end(), [&](const auto& one) {
        return text::ascii_iequal(one.second, fingerprint);
      });
  if (vouched)
    add(s, Code::NoIdentity,
        cat("no valid user ID of the OpenPGP key ", fingerprint, " is one usable e-mail address"));
  else if (pin != options.pins.end())
    add(s, Code::KeyNotValid,
        cat("the OpenPGP key ", fingerprint, " is pinned for ", pin->first.mailbox(),
            ", an address that none of its usable user IDs has; get the key anew from its owner, with a user ID for it"));
  else
    add(s, Code::KeyNotValid,
        cat("no user ID of the OpenPGP key ", fingerprint, " is ",
            options.ultimate_only ? "ultimately" : "fully", " valid in the key ring in ",
            options.home,
            "; compare the fingerprint with the key's owner, then sign it (gpg --homedir ", options.home,
            " --quick-lsign-key ", fingerprint, ')'));
}

}  // namespace

Watcher::Watcher(Session& session, const Limits& limits) : session_(session), limits_(limits)
{
  gpgme_set_ctx_flag(session.context(), "full-status", "1");
  gpgme_set_status_cb(session.context(), on_status, this);
}

Watcher::~Watcher()
{
  gpgme_set_status_cb(session_.context(), nullptr, nullptr);
}

gpgme_error_t Watcher::on_status(void* self, const char* keyword, const char* arguments)
{
  auto& watcher = *static_cast<Watcher*>(self);
  watcher.note(text_of(keyword), text_of(arguments));
  return watcher.too_many || watcher.too_many_guesses ? gpgme_error(GPG_ERR_TOO_LARGE) : 0;
}

void Watcher::note(std::string_view keyword, std::string_view arguments)
{
  static constexpr std::array<std::string_view, 4> strangers = {"UNEXPECTED", "BADARMOR",
                                                                "IMPORTED", "IMPORT_OK"};
  if (keyword == "NEWSIG") {
    too_many = signatures.size() >= limits_.signer_infos;
    signatures.emplace_back();
  } else if (keyword == "VALIDSIG") {
    note_valid(arguments);
  } else if (keyword == "PLAINTEXT") {
    ++plaintexts;
  } else if (keyword == "BEGIN_DECRYPTION") {
    ++decryptions;
  } else if (keyword == "GOODMDC") {
    ++integrity_held;
  } else if (keyword == "DECRYPTION_OKAY") {
    decrypted = true;
  } else if (keyword == "END_DECRYPTION" || keyword == "NODATA" || keyword == "FAILURE") {
    ended = true;
  } else if (keyword == "NEED_PASSPHRASE_SYM") {
    wants_password = true;
    note_recipient("");
  } else if (keyword == "DECRYPTION_FAILED" || keyword == "BADMDC") {
    failed = true;
  } else if (keyword == "DECRYPTION_INFO") {
    key_fitted = true;
    const bool with_digest = word(arguments) != "0";  // then the cipher, then that of AEAD
    word(arguments);
    const std::string_view aead = word(arguments);
    integrity_protected = with_digest || (!aead.empty() && aead != "0");
  } else if (keyword == "ENC_TO") {
    note_recipient(word(arguments));
  } else if (std::find(strangers.begin(), strangers.end(), keyword) != strangers.end()) {
    foreign = true;
  }
}

void Watcher::note_recipient(std::string_view key_id)
{
  if (guesses_.add(key_id) && !key_id.empty()) encrypted_to.emplace_back(key_id);
  too_many_guesses = guesses_.count() > limits_.hidden_recipients;
}

// FINGERPRINT DATE TIMESTAMP EXPIRY VERSION - KEY-ALGORITHM DIGEST TYPE (hexadecimal) PRIMARY
// PRIMARY is the fingerprint of the primary key.
void Watcher::note_valid(std::string_view arguments)
{
  if (signatures.empty()) return;
  constexpr int before_type = 8;
  for (int i = 0; i < before_type; ++i) word(arguments);
  const std::string_view type = word(arguments);
  int value = -1;
  const auto [end, failed_parse] =
      std::from_chars(type.data(), type.data() + type.size(), value, 16);
  SeenSignature& last = signatures.back();
  last.type = failed_parse == std::errc{} && end == type.data() + type.size() ? value : -1;
  last.primary = std::string(word(arguments));
  last.valid = true;
}

Signature judge_signature(gpgme_signature_t found, const Watcher::SeenSignature& seen,
                          std::string_view octets, const OpenPgpOptions& options,
                          const KeyLookup& lookup, const KeyLookup& claimed)
{
  Signature s;
  s.protocol = Protocol::OpenPgp;
  s.digest = text::ascii_lower(text_of(gpgme_hash_algo_name(found->hash_algo)));
  if (found->timestamp != 0)
    s.signed_at = UtcSeconds{std::chrono::seconds{static_cast<std::int64_t>(found->timestamp)}};
  if (!verifies(found, seen, octets, options, s)) {
    const std::string name(text_of(found->fpr));
    if (gpgme_key_t key = claimed(name)) s.openpgp = describe(key, find_subkey(key, name));
    return s;
  }
  gpgme_key_t key = lookup(seen.primary);
  gpgme_subkey_t signer = key == nullptr ? nullptr : find_subkey(key, text_of(found->fpr));
  if (signer == nullptr) {
    s.status = SignatureStatus::NotChecked;
    add(s, Code::SignatureUnchecked,
        cat("gpg does not show the OpenPGP key ", text_of(found->fpr), " that signed"));
    return s;
  }
  s.openpgp = describe(key, signer);
  if (std::find(options.floor.digests.begin(), options.floor.digests.end(), s.digest) ==
      options.floor.digests.end())
    add(s, Code::WeakDigest,
        cat("the signature uses ", s.digest, ", which the policy does not accept"));
  check_times(found, options, s);
  check_signing_key(key, signer, s.signed_at, options, s.openpgp->faults);
  s.findings.insert(s.findings.end(), s.openpgp->faults.begin(), s.openpgp->faults.end());
  if (s.findings.empty()) take_identities(key, options, s);
  if (s.findings.empty()) s.status = SignatureStatus::Valid;
  return s;
}

}  // namespace imip::crypto::gpg
