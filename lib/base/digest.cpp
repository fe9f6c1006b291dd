#include "base/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <vector>

namespace imip {
namespace {

std::string hex(const unsigned char* octets, std::size_t n)
{
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(2 * n);
  for (std::size_t i = 0; i < n; ++i) {
    out += digits[octets[i] >> 4U];
    out += digits[octets[i] & 15U];
  }
  return out;
}

// A hash that cannot be had (no memory, no provider) must not become an empty name for a content.
[[noreturn]] void no_digest()
{
  std::abort();
}

}  // namespace

void start_libcrypto()
{
  static const bool started = [] {
    // Tables that nobody looks into (crypto/detail/error_text.cpp adds the error texts when one is
    // shown), and taking everything apart when the process ends anyway: a third of our start-up.
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
                                OPENSSL_INIT_NO_ADD_ALL_DIGESTS |
                                OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ATEXIT,
                            nullptr) != 1)
      return false;
    // What certificates and CMS name by number. The weak ones too: to be told apart from garbage.
    for (const EVP_MD* md : {EVP_sha256(), EVP_sha384(), EVP_sha512(), EVP_sha224(), EVP_sha1(),
                             EVP_md5(), EVP_sha3_256(), EVP_sha3_384(), EVP_sha3_512()})
      if (EVP_add_digest(md) != 1) return false;
    return true;
  }();
  if (!started) no_digest();
}

std::string sha256_hex(std::string_view octets)
{
  start_libcrypto();
  // Fetched once: looking it up by its name costs more than a short text. Never freed, as nothing of libcrypto is.
  static const EVP_MD* const sha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  std::array<unsigned char, 32> out{};
  unsigned n = 0;
  if (sha256 == nullptr ||
      EVP_Digest(octets.data(), octets.size(), out.data(), &n, sha256, nullptr) != 1 || n != out.size())
    no_digest();
  return hex(out.data(), out.size());
}

std::string hmac_sha256_hex(std::string_view key, std::string_view octets)
{
  start_libcrypto();
  std::array<unsigned char, 32> out{};
  unsigned n = 0;
  // HMAC() takes a null key for "the one of the last call": an empty key must not be null.
  const char* k = key.empty() ? "" : key.data();
  if (HMAC(EVP_sha256(), k, static_cast<int>(key.size()),
           reinterpret_cast<const unsigned char*>(octets.data()), octets.size(), out.data(),
           &n) == nullptr ||
      n != out.size())
    no_digest();
  return hex(out.data(), out.size());
}

// getrandom(2) and not RAND_bytes: the same generator, without starting OpenSSL's.
std::string random_hex(std::size_t n)
{
  std::vector<unsigned char> out(n);
  for (std::size_t got = 0; got < n;) {
    const ssize_t k = ::getrandom(out.data() + got, n - got, 0);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) no_digest();
    got += static_cast<std::size_t>(k);
  }
  return hex(out.data(), n);
}

}  // namespace imip
