#include "crypto/openpgp.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "base/cat.hpp"
#include "crypto/detail/armour.hpp"
#include "crypto/detail/gpg_home.hpp"
#include "crypto/detail/gpg_key.hpp"
#include "crypto/detail/gpg_passphrase.hpp"
#include "crypto/detail/gpg_signature.hpp"

namespace imip::crypto {
namespace {

using gpg::Session;
using gpg::Watcher;

// Keys remembered in one run.
constexpr std::size_t most_keys = 1'000;
// Keys that one fingerprint or key ID finds.
constexpr std::size_t most_namesakes = 64;

void fail(SignatureReport& report, Code code, std::string text)
{
  report.signatures.clear();
  report.content.reset();
  report.wrapping = Wrapping::None;
  report.defects.push_back({code, std::move(text)});
}

void append(SignatureReport& report, SignatureReport one)
{
  std::move(one.signatures.begin(), one.signatures.end(), std::back_inserter(report.signatures));
  std::move(one.defects.begin(), one.defects.end(), std::back_inserter(report.defects));
}

void lock(SignatureReport& report, Error error)
{
  fail(report, Code::Encrypted,
       error.hint.empty() ? error.what : cat(error.what, "; ", error.hint));
  error.reason = Code::Encrypted;
  report.locked = std::move(error);
}

std::string with_hint(const Error& error)
{
  return error.hint.empty() ? error.what : cat(error.what, " (", error.hint, ')');
}

std::string recipients_text(const std::vector<std::string>& key_ids)
{
  constexpr std::size_t shown = 3;
  std::string list;
  for (std::size_t i = 0; i < std::min(key_ids.size(), shown); ++i)
    list += cat(i == 0 ? "" : ", ",
                key_ids[i] == "0000000000000000" ? "hidden recipients" : key_ids[i]);
  return key_ids.size() > shown ? cat(list, " and ", key_ids.size() - shown, " more") : list;
}

/// Takes the plaintext, up to a limit.
struct Sink {
  std::string octets;
  std::size_t most = 0;
  bool full = false;

  static ssize_t write(void* self, const void* data, std::size_t size)
  {
    auto& sink = *static_cast<Sink*>(self);
    sink.full = sink.full || size > sink.most - sink.octets.size();
    if (sink.full) {
      errno = EFBIG;
      return -1;
    }
    sink.octets.append(static_cast<const char*>(data), size);
    return static_cast<ssize_t>(size);
  }
};

}  // namespace

struct OpenPgp::Impl {
  OpenPgpOptions options;
  Limits limits;
  std::optional<gpg::PrivateHome> home;
  std::optional<Session> session;  // ends before the home does
  std::map<std::string, gpg::Key> keys;
  std::set<std::string> expected;  // issuers that were listed

  Result<void> start();
  void expect_issuers(const std::vector<std::string>& packets);
  gpgme_key_t claimed(const std::string& name);
  void take_expected();
  gpgme_key_t key(const std::string& fingerprint);
  void take_signatures(const Watcher& watcher, std::string_view octets, SignatureReport& report);
  [[nodiscard]] std::string too_many_signatures() const
  {
    return cat("more than ", limits.signer_infos,
               " signatures over one content (limit signer-infos)");
  }
  [[nodiscard]] std::string too_many_guesses() const
  {
    return cat("encrypted with OpenPGP to more than ", limits.hidden_recipients,
               " recipients who are hidden or named twice, for each of whom every key would have "
               "to be tried (limit hidden-recipients)");
  }
  SignatureReport verify(std::string_view octets, std::string_view signature);
  void verify_each(std::string_view octets, const std::vector<std::string>& packets,
                   SignatureReport& report);
  void decrypt(std::string_view ciphertext, SignatureReport& report);
  void take_content(const Watcher& watcher, std::string octets, SignatureReport& report);
  void explain_failure(const Watcher& watcher, gpgme_error_t error, const gpg::PassphraseAnswer& answer,
                       SignatureReport& report) const;
};

Result<void> OpenPgp::Impl::start()
{
  if (session && home->is_there()) return {};
  session.reset();
  home.reset();
  if (options.home.empty())
    return err(Errc::NotFound, "there is no OpenPGP key ring to check it with",
               "name one: [openpgp] in the policy, or --gpg-home");
  IMIP_TRY(home, gpg::PrivateHome::create(options.home, options.at));
  IMIP_TRY(session, Session::open(GPGME_PROTOCOL_OpenPGP,
                                  {home->path(), true, options.patience}));
  return {};
}

// gpg lists every key that has it for a subkey too: anybody may say of another's key that it is a subkey of theirs.
gpgme_key_t OpenPgp::Impl::key(const std::string& fingerprint)
{
  if (keys.find(fingerprint) == keys.end()) take_expected();
  if (const auto known = keys.find(fingerprint); known != keys.end()) return known->second.get();
  auto found = session->keys(fingerprint, false, most_namesakes);
  if (!found || fingerprint.empty()) return nullptr;
  const auto own = std::find_if(found->begin(), found->end(), [&](const gpg::Key& key) {
    return key->subkeys != nullptr && gpg::text_of(key->subkeys->fpr) == fingerprint;
  });
  if (own == found->end()) return nullptr;
  if (keys.size() >= most_keys) keys.clear();
  return keys.emplace(fingerprint, std::move(*own)).first->second.get();
}

// Of the issuers that were listed; two of one ID leave it open.
gpgme_key_t OpenPgp::Impl::claimed(const std::string& name)
{
  take_expected();
  gpgme_key_t only = nullptr;
  for (const auto& [fingerprint, key] : keys) {
    if (gpg::find_subkey(key.get(), name) == nullptr) continue;
    if (only != nullptr) return nullptr;
    only = key.get();
  }
  return only;
}

// What the packets say of their issuers is not proven: that only decides which keys are listed
// while gpg checks, each found again by the primary fingerprint that gpg then tells. A key that is
// not among them is looked up afterwards.
void OpenPgp::Impl::expect_issuers(const std::vector<std::string>& packets)
{
  std::vector<std::string> issuers;
  if (expected.size() >= most_keys) expected.clear();
  for (const std::string& packet : packets)
    if (std::string issuer = claimed_issuer(packet);
        !issuer.empty() && expected.insert(issuer).second)
      issuers.push_back(std::move(issuer));
  session->list_beside(std::move(issuers), most_namesakes);
}

void OpenPgp::Impl::take_expected()
{
  for (gpg::Key& key : session->listed_beside()) {
    if (key->subkeys == nullptr) continue;
    if (keys.size() >= most_keys) keys.clear();
    keys.emplace(gpg::text_of(key->subkeys->fpr), std::move(key));
  }
}

void OpenPgp::Impl::take_signatures(const Watcher& watcher, std::string_view octets,
                                    SignatureReport& report)
{
  const gpgme_verify_result_t result = gpgme_op_verify_result(session->context());
  // listing keys ends the life of the result
  gpgme_result_ref(result);
  const Handle<void, gpgme_result_unref> owner(result);
  std::size_t at = 0;
  for (gpgme_signature_t s = result == nullptr ? nullptr : result->signatures; s != nullptr;
       s = s->next, ++at) {
    if (at >= watcher.signatures.size()) break;
    report.signatures.push_back(gpg::judge_signature(
        s, watcher.signatures[at], octets, options,
        [&](const std::string& fingerprint) { return key(fingerprint); },
        [&](const std::string& name) { return claimed(name); }));
  }
  if (at != watcher.signatures.size())
    fail(report, Code::SignatureUnchecked, "gpg contradicts itself on how many signatures there are");
}

SignatureReport OpenPgp::Impl::verify(std::string_view octets, std::string_view signature)
{
  SignatureReport report;
  const gpg::Data sig = gpg::data_over(signature);
  const gpg::Data text = gpg::data_over(octets);
  Watcher watcher(*session, limits);
  const gpgme_error_t error = session->verify(sig.get(), text.get());
  if (watcher.foreign || watcher.plaintexts != 0 || watcher.decryptions != 0 ||
           (watcher.signatures.empty() && gpgme_err_code(error) == GPG_ERR_NO_DATA))
    fail(report, Code::SignatureMalformed,
         "the signature part holds something else than signatures over the message");
  else if (error != 0 || watcher.signatures.empty())
    fail(report, Code::SignatureUnchecked,
         cat("the OpenPGP signature was not checked: gpg ",
             error != 0 ? cat("failed: ", gpg::error_text(error)) : "says nothing of it"));
  else
    take_signatures(watcher, octets, report);
  return report;
}

void OpenPgp::Impl::verify_each(std::string_view octets, const std::vector<std::string>& packets,
                                SignatureReport& report)
{
  expect_issuers(packets);
  // each alone: at a bad one gpg stops, and the good ones behind it would not count
  for (const std::string& packet : packets) append(report, verify(octets, packet));
  take_expected();  // nothing may run on when the home goes
}

void OpenPgp::Impl::decrypt(std::string_view ciphertext, SignatureReport& report)
{
  const gpg::Data in = gpg::data_over(ciphertext);
  Sink sink;
  sink.most = limits.decoded_bytes;
  gpgme_data_cbs writing{nullptr, Sink::write, nullptr, nullptr};
  gpgme_data_t raw = nullptr;
  gpgme_data_new_from_cbs(&raw, &writing, &sink);
  const gpg::Data out(raw);
  Watcher watcher(*session, limits);
  const gpg::PassphraseAnswer answer(*session, options.passphrase, true);
  const gpgme_error_t error = session->run(
      [&](gpgme_ctx_t c) { return gpgme_op_decrypt_verify_start(c, in.get(), out.get()); });
  // gpg would go on until it has something to say
  if (sink.full || watcher.too_many || watcher.too_many_guesses) session->stop();
  if (sink.full)
    fail(report, Code::LimitExceeded,
         cat("more than ", sink.most, " octets when decrypted (limit decoded-bytes)"));
  else if (watcher.too_many)
    fail(report, Code::LimitExceeded, too_many_signatures());
  else if (watcher.too_many_guesses)
    fail(report, Code::LimitExceeded, too_many_guesses());
  else if (error != 0 || watcher.failed || !watcher.decrypted)
    explain_failure(watcher, error, answer, report);
  else if (watcher.plaintexts != 1 || watcher.decryptions != 1 || watcher.foreign)
    fail(report, Code::SignatureMalformed, "the encrypted part does not hold exactly one message");
  else if (watcher.integrity_held != 1)
    fail(report, Code::Encrypted,
         "the encryption does not protect what it holds against changes; nothing of it is read");
  else
    take_content(watcher, std::move(sink.octets), report);
}

void OpenPgp::Impl::take_content(const Watcher& watcher, std::string octets,
                                 SignatureReport& report)
{
  report.content = std::move(octets);
  report.wrapping = Wrapping::Encrypted;
  take_signatures(watcher, *report.content, report);
}

void OpenPgp::Impl::explain_failure(const Watcher& watcher, gpgme_error_t error,
                                    const gpg::PassphraseAnswer& answer, SignatureReport& report) const
{
  const auto code = gpgme_err_code(error);
  if (code == GPG_ERR_TIMEOUT)
    return fail(report, Code::Encrypted,
                "the part is encrypted with OpenPGP and gpg took too long to open it");
  if (watcher.key_fitted)
    return fail(
        report, Code::Encrypted,
        !watcher.ended
            ? "gpg was stopped while it opened the encrypted part: the part is damaged, or there "
              "was not enough memory; nothing of it is read"
        : watcher.integrity_protected
            ? "the encrypted part was damaged or changed on the way, or a signature in it does not "
              "hold; nothing of it is read"
            : "the encrypted part is not protected against changes; nothing of it is read");
  if (!watcher.ended && !watcher.wants_password)
    return lock(
        report,
        {Errc::Unavailable,
         cat("the part is encrypted with OpenPGP and was not opened: gpg could not be run, or "
             "was stopped: ",
             gpg::error_text(error)),
         "does gpg --version work, and is there memory for it?"});
  if (watcher.encrypted_to.empty())
    return fail(report, Code::Encrypted,
                watcher.wants_password
                    ? "the part is encrypted with a password alone; open it with gpg --decrypt"
                    : "the encrypted part is none that gpg can open");
  const std::string what =
      cat("the part is encrypted with OpenPGP to ", recipients_text(watcher.encrypted_to), "; ");
  if (code == GPG_ERR_NO_SECKEY)
    return fail(report, Code::Encrypted,
                cat(what, "no secret key of these is in the key ring in ", options.home));
  if (code == GPG_ERR_CHECKSUM || code == GPG_ERR_BAD_DATA)
    return fail(report, Code::Encrypted, cat(what, "it was damaged on the way"));
  if (answer.failed()) return lock(report, {answer.failed()->code, cat(what, answer.failed()->what), answer.failed()->hint});
  lock(report, {Errc::Permission,
                answer.was_wrong(error) ? cat(what, "the passphrase is wrong")
                                        : cat(what, "gpg cannot use the key: ", gpg::error_text(error)),
                "unlock it in gpg-agent, or name its passphrase in [[identity]]"});
}

OpenPgp::OpenPgp(OpenPgpOptions options, const Limits& limits)
    : impl_(std::make_unique<Impl>())
{
  impl_->options = std::move(options);
  impl_->limits = limits;
}
OpenPgp::OpenPgp(OpenPgp&&) noexcept = default;
OpenPgp& OpenPgp::operator=(OpenPgp&&) noexcept = default;
OpenPgp::~OpenPgp() = default;

void OpenPgp::begin_message() const
{
  if (impl_->session) impl_->session->renew();
}

SignatureReport OpenPgp::verify_detached(std::string_view octets, std::string_view signature) const
{
  SignatureReport report;
  if (signature.size() > impl_->limits.signature_bytes) {
    fail(report, Code::LimitExceeded,
         cat("the signature has more than ", impl_->limits.signature_bytes,
             " octets (limit signature-bytes)"));
    return report;
  }
  const auto held = dearmour(signature, "PGP SIGNATURE");
  const auto packets = held ? signature_packets(*held) : std::nullopt;
  if (!packets || packets->empty())
    fail(report, Code::SignatureMalformed,
         "the signature part is not exactly one armour with OpenPGP signatures and nothing else");
  else if (packets->size() > impl_->limits.signer_infos)
    fail(report, Code::LimitExceeded, impl_->too_many_signatures());
  else if (auto ready = impl_->start(); !ready)
    fail(report, Code::SignatureUnchecked,
         cat("the OpenPGP signature was not checked: ", with_hint(ready.error())));
  else
    impl_->verify_each(octets, *packets, report);
  return report;
}

SignatureReport OpenPgp::open(std::string_view armour) const
{
  SignatureReport report;
  const auto ciphertext = dearmour(armour, "PGP MESSAGE");
  // what is no packet (RFC 4880 section 4.2) gpg would take for another armour
  if (!ciphertext || ciphertext->empty() || (static_cast<unsigned char>(ciphertext->front()) & 0x80U) == 0) {
    fail(report, Code::SignatureMalformed,
         "the encrypted part is not exactly one armoured OpenPGP message");
    return report;
  }
  if (session_key_guesses(*ciphertext).count() > impl_->limits.hidden_recipients) {
    fail(report, Code::LimitExceeded, impl_->too_many_guesses());
    return report;
  }
  auto ready = impl_->start();
  if (ready) ready = impl_->home->connect_agent();
  if (!ready && ready.error().code == Errc::NotFound)
    fail(report, Code::Encrypted,
         cat("the part is encrypted with OpenPGP and was not opened: ", with_hint(ready.error())));
  else if (!ready)
    lock(report, {ready.error().code,
                  cat("the part is encrypted with OpenPGP and was not opened: ", ready.error().what),
                  ready.error().hint});
  else if (gpgme_data_identify(gpg::data_over(*ciphertext).get(), 0) !=
           GPGME_DATA_TYPE_PGP_ENCRYPTED)
    fail(report, Code::SignatureMalformed, "the encrypted part is not encrypted");
  else
    impl_->decrypt(*ciphertext, report);
  return report;
}

}  // namespace imip::crypto
