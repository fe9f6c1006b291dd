#include "crypto/detail/gpg_key.hpp"

#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "base/text.hpp"

namespace imip::crypto::gpg {
namespace {

UtcSeconds time_of(long seconds)
{
  return UtcSeconds{std::chrono::seconds{seconds}};
}

std::optional<UtcSeconds> expiry_of(gpgme_subkey_t key)
{
  if (key->expires <= 0) return {};
  return time_of(key->expires);
}

bool has_control(std::string_view s)
{
  return std::any_of(s.begin(), s.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return u < 0x20 || u == 0x7f;
  });
}

// "boss@example.com <mallory@example.org>" names two.
bool names_another(std::string_view text, const CalAddress& address)
{
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \t<>(),;\"'"), text.size());
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(std::min(text.size(), end + 1));
    if (word.find('@') == std::string_view::npos) continue;
    if (const auto other = CalAddress::from_mailbox(word); other && !same_user(*other, address))
      return true;
  }
  return false;
}

std::string validity_word(gpgme_validity_t validity)
{
  switch (validity) {
    case GPGME_VALIDITY_ULTIMATE:
      return "ultimate";
    case GPGME_VALIDITY_FULL:
      return "full";
    case GPGME_VALIDITY_MARGINAL:
      return "marginal";
    case GPGME_VALIDITY_NEVER:
      return "never";
    case GPGME_VALIDITY_UNKNOWN:
    case GPGME_VALIDITY_UNDEFINED:
      break;
  }
  return "unknown";
}

bool is_rsa(gpgme_subkey_t key)
{
  return key->pubkey_algo == GPGME_PK_RSA || key->pubkey_algo == GPGME_PK_RSA_S ||
         key->pubkey_algo == GPGME_PK_RSA_E;
}

void check_expiry(gpgme_subkey_t key, const std::string& label,
                  std::optional<UtcSeconds> signed_at, UtcSeconds at, std::vector<Reason>& faults)
{
  const auto expiry = expiry_of(key);
  if (!key->expired && (!expiry || *expiry > at)) return;
  const std::string expired = cat(label, ' ', expired_text(key));
  if (expiry && signed_at && *signed_at < *expiry)
    faults.push_back({Code::ExpiredSince,
                      cat(expired, ", after the signing time that the message claims (",
                          to_rfc3339(*signed_at),
                          "); to judge it as of then, give --verification-time")});
  else
    faults.push_back({Code::Expired, expired});
}

void check_one(gpgme_subkey_t key, const std::string& label, std::optional<UtcSeconds> signed_at,
               const OpenPgpOptions& options, std::vector<Reason>& faults)
{
  if (key->revoked) faults.push_back({Code::Revoked, cat(label, " was revoked")});
  check_expiry(key, label, signed_at, options.at, faults);
  if (key->invalid && !key->revoked && !key->expired)
    faults.push_back({Code::KeyNotValid, cat(label, " has no valid signature of its own")});
  if (const auto weak = weakness(key, options.floor))
    faults.push_back({Code::WeakKey, cat(label, ' ', *weak)});
}

}  // namespace

std::string expired_text(gpgme_subkey_t key)
{
  const auto expiry = expiry_of(key);
  return cat("expired", expiry ? cat(" on ", to_rfc3339(*expiry)) : std::string());
}

gpgme_subkey_t find_subkey(gpgme_key_t key, std::string_view name)
{
  constexpr std::size_t key_id_digits = 16;
  const bool is_key_id = name.size() == key_id_digits;
  for (gpgme_subkey_t s = key->subkeys; s != nullptr; s = s->next)
    if (is_key_id ? text_of(s->fpr).ends_with(name) : text_of(s->fpr) == name) return s;
  return nullptr;
}

std::string key_text(gpgme_subkey_t key)
{
  const std::string curve = text::ascii_lower(text_of(key->curve));
  if (is_rsa(key)) return cat("rsa-", key->length);
  if (key->pubkey_algo == GPGME_PK_DSA) return cat("dsa-", key->length);
  if (key->pubkey_algo == GPGME_PK_EDDSA) return curve.empty() ? "eddsa" : curve;
  if (curve.substr(0, 5) == "nistp") return cat("ec-p", curve.substr(5));
  if (!curve.empty()) return cat("ec-", curve);
  return text::ascii_lower(text_of(gpgme_pubkey_algo_name(key->pubkey_algo)));
}

std::optional<std::string> weakness(gpgme_subkey_t key, const Floor& floor)
{
  static constexpr std::array<std::string_view, 8> curves = {
      "ed25519",         "ed448",           "nistp256",        "nistp384",
      "nistp521",        "brainpoolp256r1", "brainpoolp384r1", "brainpoolp512r1"};
  const auto bits = static_cast<int>(key->length);
  if (is_rsa(key)) {
    if (bits < floor.rsa_bits_min)
      return cat("is an RSA key of ", bits, " bits; the policy wants at least ",
                 floor.rsa_bits_min);
    if (bits > floor.rsa_bits_max)
      return cat("is an RSA key of ", bits, " bits; the policy allows at most ",
                 floor.rsa_bits_max);
    return {};
  }
  const bool curve_kind =
      key->pubkey_algo == GPGME_PK_ECDSA || key->pubkey_algo == GPGME_PK_EDDSA;
  const std::string curve = text::ascii_lower(text_of(key->curve));
  if (curve_kind && std::find(curves.begin(), curves.end(), curve) != curves.end()) return {};
  return cat("is of kind ", key_text(key), "; wanted is Ed25519, P-256 or better, or RSA");
}

OpenPgpKey describe(gpgme_key_t key, gpgme_subkey_t signer)
{
  OpenPgpKey out;
  if (key->subkeys != nullptr) {
    out.fingerprint = text_of(key->subkeys->fpr);
    out.created = time_of(key->subkeys->timestamp);
    out.expires = expiry_of(key->subkeys);
  }
  out.subkey = text_of(signer->fpr);
  out.key = key_text(signer);
  for (gpgme_user_id_t id = key->uids; id != nullptr; id = id->next)
    out.user_ids.push_back(
        {std::string(text_of(id->uid)), validity_word(id->validity), id->revoked != 0});
  return out;
}

std::optional<CalAddress> address_of(gpgme_user_id_t id)
{
  const std::string_view whole = text_of(id->uid);
  const std::string_view address = text_of(id->address);
  // RFC 4880 section 5.11: an RFC 5322 name-addr, behind which nothing stands
  const auto open = std::count(whole.begin(), whole.end(), '<');
  const auto close = std::count(whole.begin(), whole.end(), '>');
  const bool one_bracket = open == close && (open == 0 || (open == 1 && whole.ends_with('>')));
  if (address.empty() || !one_bracket || has_control(whole) || !text::is_utf8(whole)) return {};
  // the user ID is the bare address, or holds it in brackets; GPGME's `address` is in lower case
  const std::string_view email = text_of(id->email);
  const std::string_view given = email.empty() ? whole : email;
  if (!text::ascii_iequal(given, address)) return {};
  const auto parsed = CalAddress::from_mailbox(given);
  if (!parsed || names_another(whole, *parsed)) return {};
  return *parsed;
}

bool is_usable(gpgme_user_id_t id)
{
  return !id->revoked && !id->invalid;
}

bool is_vouched_for(gpgme_user_id_t id, bool ultimate_only)
{
  return id->validity == GPGME_VALIDITY_ULTIMATE ||
         (id->validity == GPGME_VALIDITY_FULL && !ultimate_only);
}

void check_signing_key(gpgme_key_t key, gpgme_subkey_t signer, std::optional<UtcSeconds> signed_at,
                       const OpenPgpOptions& options, std::vector<Reason>& faults)
{
  gpgme_subkey_t primary = key->subkeys;
  check_one(primary, cat("the OpenPGP key ", text_of(primary->fpr)), signed_at, options, faults);
  if (key->invalid && faults.empty())
    faults.push_back({Code::KeyNotValid, cat("the OpenPGP key ", text_of(primary->fpr),
                                             " has no user ID that it signed itself")});
  if (key->disabled)
    faults.push_back({Code::KeyNotValid,
                      cat("the OpenPGP key ", text_of(primary->fpr), " is disabled in the key ring")});
  const std::string label = cat("the OpenPGP subkey ", text_of(signer->fpr));
  if (signer != primary) check_one(signer, label, signed_at, options, faults);
  if (!signer->can_sign)
    faults.push_back({Code::WrongPurpose, cat(label, " is not for signing")});
}

std::optional<std::string> fingerprint_from(std::string_view text)
{
  constexpr std::size_t digits = 40;
  std::string out;
  for (const char c : text)
    if (c != ' ' && c != ':') out += c;
  out = text::ascii_upper(out);
  if (out.substr(0, 2) == "0X") out.erase(0, 2);
  if (out.size() != digits || out.find_first_not_of("0123456789ABCDEF") != std::string::npos)
    return {};
  return out;
}

bool has_address(gpgme_key_t key, const CalAddress& address, bool must_be_vouched_for)
{
  for (gpgme_user_id_t id = key->uids; id != nullptr; id = id->next) {
    if (!is_usable(id) || (must_be_vouched_for && !is_vouched_for(id, false))) continue;
    if (const auto found = address_of(id); found && same_user(*found, address)) return true;
  }
  return false;
}

std::optional<Unfit> unfitness(gpgme_key_t key, bool own)
{
  const std::string_view fingerprint = text_of(key->subkeys->fpr);
  const std::string_view another =
      own ? "make a new key, or name another" : "ask its owner for a new key, and import that";
  if (key->revoked) return Unfit{"was revoked", std::string(another)};
  if (key->expired)
    return Unfit{
        expired_text(key->subkeys),
        own ? cat("extend it (gpg --quick-set-expire ", fingerprint, " 1y), or name another")
            : std::string("ask its owner to extend it, and import it again")};
  if (key->disabled)
    return Unfit{"is disabled in the key ring",
                 cat("enable it: gpg --edit-key ", fingerprint, " enable save")};
  if (key->invalid) return Unfit{"is not valid", std::string(another)};
  return {};
}

}  // namespace imip::crypto::gpg
