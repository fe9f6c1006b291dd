// A key whose private half is elsewhere is an RSA_METHOD, which OpenSSL 3.0 deprecates for providers.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/detail/agent_key.hpp"

#include <assuan.h>
#include <openssl/rsa.h>

#include <algorithm>
#include <charconv>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "crypto/detail/apart.hpp"
#include "crypto/detail/certificate.hpp"
#include "crypto/detail/gpg.hpp"
#include "crypto/detail/gpg_home.hpp"

namespace imip::crypto {
namespace {

constexpr std::chrono::seconds time_limit{20};
constexpr std::size_t largest_answer = 65'536;

using Assuan = Handle<assuan_context_s, assuan_release>;
using Rsa = Handle<RSA, RSA_free>;

/// One conversation with the agent, in a process of its own.
class Agent {
 public:
  Agent(const std::string* passphrase) : passphrase_(passphrase) {}

  gpg_error_t connect(const std::string& socket, const std::string& keygrip)
  {
    assuan_set_gpg_err_source(GPG_ERR_SOURCE_USER_1);
    assuan_context_t context = nullptr;
    if (const gpg_error_t failed = assuan_new(&context)) return failed;
    context_.reset(context);
    if (const gpg_error_t failed = assuan_socket_connect(context, socket.c_str(), ASSUAN_INVALID_PID, 0))
      return failed;
    const char* mode =
        passphrase_ != nullptr ? "OPTION pinentry-mode=loopback" : "OPTION pinentry-mode=error";
    if (const gpg_error_t failed = say(mode)) return failed;
    return say(cat("SETKEY ", keygrip));
  }

  /// RSA's x^d. @return its octets, as few as they can be; nothing if it failed, for which see error()
  std::optional<std::string> decrypt(std::string_view cipher)
  {
    cipher_ = cat("(7:enc-val(3:rsa(1:a", cipher.size(), ":", cipher, ")))");
    answer_.clear();
    error_ = say("PKDECRYPT");
    std::string_view value = answer_;
    constexpr std::string_view head = "(5:value";
    std::size_t size = 0;
    const char* const end = value.data() + value.size();
    const auto [digits, bad] =
        value.starts_with(head) ? std::from_chars(value.data() + head.size(), end, size)
                                : std::from_chars_result{end, std::errc::invalid_argument};
    if (error_ == 0 && (bad != std::errc{} || digits == end || *digits != ':' ||
                        static_cast<std::size_t>(end - digits) < size + 1))
      error_ = gpg_error(GPG_ERR_INV_DATA);
    std::optional<std::string> out;
    if (error_ == 0) out.emplace(digits + 1, size);
    OPENSSL_cleanse(answer_.data(), answer_.size());
    return out;
  }
  [[nodiscard]] gpg_error_t error() const { return error_; }

 private:
  gpg_error_t say(const std::string& line)
  {
    return assuan_transact(context_.get(), line.c_str(), take, this, tell, this, nullptr, nullptr);
  }
  static gpg_error_t take(void* self, const void* data, std::size_t size)
  {
    auto& answer = static_cast<Agent*>(self)->answer_;
    if (size > largest_answer - std::min(answer.size(), largest_answer))
      return gpg_error(GPG_ERR_TOO_LARGE);
    answer.append(static_cast<const char*>(data), size);
    return 0;
  }
  static gpg_error_t tell(void* self, const char* question)
  {
    auto& me = *static_cast<Agent*>(self);
    const std::string_view words = question;
    const std::string_view word = words.substr(0, words.find(' '));
    if (word == "CIPHERTEXT")
      return assuan_send_data(me.context_.get(), me.cipher_.data(), me.cipher_.size());
    if (word == "PASSPHRASE" && me.passphrase_ != nullptr)
      return assuan_send_data(me.context_.get(), me.passphrase_->data(), me.passphrase_->size());
    return gpg_error(GPG_ERR_CANCELED);
  }

  Assuan context_;
  const std::string* passphrase_;
  std::string cipher_, answer_;
  gpg_error_t error_ = 0;
};

// What OpenSSL calls for a private RSA operation. Padding is removed as its own implementation does.
int decrypt_rsa(int size, const unsigned char* from, unsigned char* to, RSA* rsa, int padding)
{
  const auto agent = static_cast<Agent*>(RSA_get_app_data(rsa));
  auto plain = agent->decrypt({reinterpret_cast<const char*>(from), static_cast<std::size_t>(size)});
  const auto whole = static_cast<std::size_t>(RSA_size(rsa));
  if (!plain) return -1;
  plain->erase(0, std::min(plain->find_first_not_of('\0'), plain->size()));
  if (plain->size() > whole) return -1;
  plain->insert(0, whole - plain->size(), '\0');
  int n = -1;
  if (padding == RSA_NO_PADDING) {
    std::copy(plain->begin(), plain->end(), to);
    n = static_cast<int>(whole);
  } else if (padding == RSA_PKCS1_PADDING) {
    n = RSA_padding_check_PKCS1_type_2(to, static_cast<int>(whole), octets_of(*plain),
                                       static_cast<int>(whole), static_cast<int>(whole));
  }
  OPENSSL_cleanse(plain->data(), plain->size());
  return n;
}

const RSA_METHOD* agents_method()
{
  static RSA_METHOD* const method = [] {
    RSA_METHOD* m = RSA_meth_dup(RSA_PKCS1_OpenSSL());
    if (m != nullptr) RSA_meth_set_priv_dec(m, decrypt_rsa);
    return m;
  }();
  return method;
}

/// The public key with the agent for its private half.
KeyPtr foreign_key(EVP_PKEY* public_key, Agent& agent)
{
  const Rsa rsa(EVP_PKEY_get1_RSA(public_key));
  Rsa copy(rsa ? RSAPublicKey_dup(rsa.get()) : nullptr);
  KeyPtr key(EVP_PKEY_new());
  if (!copy || !key || agents_method() == nullptr ||
      RSA_set_method(copy.get(), agents_method()) != 1 ||
      RSA_set_app_data(copy.get(), &agent) != 1 || EVP_PKEY_assign_RSA(key.get(), copy.get()) != 1)
    return {};
  static_cast<void>(copy.release());
  return key;
}

tl::unexpected<Error> refused_by_agent(gpg_error_t error)
{
  switch (gpg_err_code(error)) {
    case GPG_ERR_NO_PIN_ENTRY:
    case GPG_ERR_BAD_PASSPHRASE:
    case GPG_ERR_NO_PASSPHRASE:
    case GPG_ERR_CANCELED:
    case GPG_ERR_FULLY_CANCELED:
      return err(Errc::Permission, "the passphrase is missing or wrong");
    case GPG_ERR_NO_SECKEY:
      return err(Errc::NoInput, "gpg-agent has no such key",
                 "gpgsm --list-secret-keys shows what there is");
    default:
      return err(Errc::Unavailable, cat("gpg-agent: ", gpg::error_text(error)));
  }
}

}  // namespace

AgentKey::AgentKey(KeyPtr key, Place place, PassphraseSource passphrase)
    : public_key_(std::move(key)), place_(std::move(place)), passphrase_(std::move(passphrase))
{
}

Result<std::unique_ptr<AgentKey>> AgentKey::create(X509* certificate, Place place,
                                                   PassphraseSource passphrase)
{
  KeyPtr key(X509_get_pubkey(certificate));
  if (!key || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA || place.keygrip.empty())
    return err(Errc::Config, cat(place.name, ": gpgsm's keys decrypt only where they are RSA"),
               "export the key (gpgsm --export-secret-key-p12) and name the file");
  return std::unique_ptr<AgentKey>(
      new AgentKey(std::move(key), std::move(place), std::move(passphrase)));
}

Result<std::string> AgentKey::attempt(const std::function<Result<std::string>(EVP_PKEY*)>& work,
                                      const std::string& socket, bool with_passphrase) const
{
  const auto in_child = [&]() -> Result<std::string> {
    Agent agent(with_passphrase ? &secret_.text() : nullptr);
    if (const gpg_error_t failed = agent.connect(socket, place_.keygrip))
      return refused_by_agent(failed);
    const KeyPtr key = foreign_key(public_key_.get(), agent);
    if (!key) return err(Errc::Internal, "no key can be made of the certificate's");
    auto done = work(key.get());
    // whatever OpenSSL made of a key that was not to be had (RFC 3218: it goes on with another)
    if (agent.error() != 0) return refused_by_agent(agent.error());
    return done;
  };
  return run_apart(in_child, time_limit).result;
}

Result<std::string> AgentKey::use(const std::function<Result<std::string>(EVP_PKEY*)>& work) const
{
  if (refused_) return tl::unexpected<Error>(*refused_);
  IMIP_TRY(const std::string socket, gpg::agent_socket(place_.home));
  auto done = attempt(work, socket, asked_);
  const auto locked = [&] { return !done && done.error().code == Errc::Permission; };
  if (locked() && !asked_ && passphrase_) {
    if (auto got = ask_passphrase(passphrase_, place_.name, secret_); !got) {
      refused_ = std::move(got).error();
      return tl::unexpected<Error>(*refused_);
    }
    asked_ = true;
    done = attempt(work, socket, true);
  }
  if (locked())
    refused_ = asked_ ? wrong_passphrase(place_.name).value()
                      : Error{Errc::Permission,
                              cat("gpg-agent does not know the passphrase of ", place_.name),
                              "give one (passphrase in [[identity]]), run imip on a terminal, or "
                              "unlock the key in gpg-agent first"};
  if (refused_) return tl::unexpected<Error>(*refused_);
  if (!done && done.error().code != Errc::Refused)
    return err(done.error().code, cat(place_.name, ": ", done.error().what), done.error().hint);
  return done;
}

}  // namespace imip::crypto
