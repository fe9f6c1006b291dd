// Engines are deprecated in OpenSSL 3.0, and Debian ships no PKCS#11 provider for it.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/detail/token.hpp"

#include <dlfcn.h>
#include <openssl/engine.h>

#include <algorithm>
#include <array>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/text.hpp"
#include "crypto/detail/apart.hpp"

namespace imip::crypto {
namespace {

constexpr std::chrono::seconds time_limit{60};  // somebody may have to type on a reader's pad
constexpr std::string_view scheme = "pkcs11:";

tl::unexpected<Error> bad_uri(std::string why)
{
  return err(Errc::Config, cat("the pkcs11 URI ", why),
             "write it like pkcs11:token=NAME;object=NAME (RFC 7512)");
}

Result<std::string> decode_percent(std::string_view in)
{
  std::string out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    if (in[i] != '%') {
      out += in[i];
      continue;
    }
    const auto digit = [&](std::size_t at) {
      return at < in.size() ? OPENSSL_hexchar2int(static_cast<unsigned char>(in[at])) : -1;
    };
    const int high = digit(i + 1);
    const int low = digit(i + 2);
    if (high < 0 || low < 0) return bad_uri("has a % that two hexadecimal digits do not follow");
    if (high == 0 && low == 0) return bad_uri("has a NUL");
    out += static_cast<char>(16 * high + low);
    i += 2;
  }
  return out;
}

Result<void> read_query(std::string_view query, TokenUri& out)
{
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view attribute = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    const auto equals = std::min(attribute.find('='), attribute.size());
    const std::string_view name = attribute.substr(0, equals);
    IMIP_TRY(std::string value,
             decode_percent(attribute.substr(std::min(equals + 1, attribute.size()))));
    if (name == "module-path") {
      out.module = std::move(value);
    } else if (name == "pin-value") {
      out.pin = std::move(value);
      out.has_pin = true;
    } else if (name == "pin-source") {
      if (value.starts_with("file:")) value.erase(0, 5);
      if (value.starts_with("//")) value.erase(0, 2);
      if (!value.starts_with('/')) return bad_uri("has a pin-source that is not an absolute file");
      out.pin_source = std::move(value);
    }
  }
  return {};
}

// libcrypto's engines lie in a folder that only this text names: ENGINESDIR: "/usr/lib/..."
std::string engine_file()
{
  const std::string text = OpenSSL_version(OPENSSL_ENGINES_DIR);
  const auto first = text.find('"');
  const auto last = text.rfind('"');
  if (first == std::string::npos || last <= first) return {};
  return cat(text.substr(first + 1, last - first - 1), "/pkcs11.so");
}

bool command(ENGINE* engine, const char* name, const char* value)
{
  return ENGINE_ctrl_cmd_string(engine, name, value, 0) == 1;
}

// Only ever in a child, and never undone: modules crash when they are.
Result<ENGINE*> start_engine(const TokenUri& uri, const std::string& pin)
{
  ENGINE_load_dynamic();
  ENGINE* engine = ENGINE_by_id("dynamic");
  const std::string file = engine_file();
  if (engine == nullptr || !command(engine, "SO_PATH", file.c_str()) ||
      !command(engine, "ID", "pkcs11") || !command(engine, "LOAD", nullptr))
    return err(Errc::Unavailable, cat("OpenSSL's engine for PKCS#11 cannot be loaded from ", file),
               "install it (Debian: libengine-pkcs11-openssl)");
  if ((!uri.module.empty() && !command(engine, "MODULE_PATH", uri.module.c_str())) ||
      (!pin.empty() && !command(engine, "PIN", pin.c_str())) || ENGINE_init(engine) != 1)
    return err(Errc::Unavailable, "the PKCS#11 module cannot be started");
  return engine;
}

/// What libp11 left in the error queue of the libcrypto that it is linked to, which is another than ours where ours is
/// linked in. Only what concerns the key, the token and the person: words about the octets would tell whoever sends
/// them whether their padding was right (RFC 3218).
std::string token_error()
{
  constexpr std::array<std::string_view, 6> tellable = {"Key ", "Mechanism", "Device",
                                                        "Token", "User", "PIN "};
  void* library = ::dlopen("libcrypto.so.3", RTLD_LAZY | RTLD_NOLOAD);
  if (library == nullptr) return {};
  const auto next = reinterpret_cast<unsigned long (*)()>(::dlsym(library, "ERR_get_error"));
  using Words = const char* (*)(unsigned long);
  const auto origin = reinterpret_cast<Words>(::dlsym(library, "ERR_lib_error_string"));
  const auto reason = reinterpret_cast<Words>(::dlsym(library, "ERR_reason_error_string"));
  if (next == nullptr || origin == nullptr || reason == nullptr) return {};
  while (const unsigned long code = next()) {
    const char* where = origin(code);
    const char* what = reason(code);
    if (where == nullptr || what == nullptr || std::string_view(where) != "PKCS#11 module") continue;
    const std::string_view words(what);
    if (std::any_of(tellable.begin(), tellable.end(),
                    [&](std::string_view begin) { return words.starts_with(begin); }))
      return std::string(words);
  }
  return {};
}

Result<std::string> fetch_certificate(const TokenUri& uri)
{
  IMIP_TRY(ENGINE * engine, start_engine(uri, {}));
  struct {
    const char* object;
    X509* certificate;
  } wanted{uri.object.c_str(), nullptr};
  if (ENGINE_ctrl_cmd(engine, "LOAD_CERT_CTRL", 0, &wanted, nullptr, 1) != 1 ||
      wanted.certificate == nullptr)
    return err(Errc::NoInput, "there is no such certificate",
               "see what there is: p11tool --list-all, or pkcs11-tool --list-objects; or name a "
               "file as certificate");
  unsigned char* der = nullptr;
  const int n = i2d_X509(wanted.certificate, &der);
  if (n <= 0) return err(Errc::Unavailable, "its certificate cannot be read");
  return std::string(reinterpret_cast<char*>(der), static_cast<std::size_t>(n));
}

// libp11 tells one failure at every level that it passes through: the line that has the token's own code is enough.
std::string quote(std::string_view said)
{
  constexpr std::size_t longest = 120;
  if (said.empty()) return {};
  std::string_view line = said.substr(0, said.find("; "));
  if (line.starts_with("Enter ")) return {};  // it asks for a PIN where a certificate is not found
  for (std::string_view rest = said; !rest.empty();) {
    const std::string_view next = rest.substr(0, rest.find("; "));
    if (next.find("CKR_") != std::string_view::npos) {
      line = next;
      break;
    }
    rest.remove_prefix(std::min(next.size() + 2, rest.size()));
  }
  return cat(" (it said: ", line.substr(0, longest), ")");
}

// The engine says in words on stderr, and for a linked-in libcrypto only there, what went wrong.
Result<std::string> explain(Apart done, const TokenUri& uri)
{
  if (done.result) return std::move(done.result);
  Error e = std::move(done.result).error();
  if (done.said.find("not a valid PKCS#11 URI") != std::string::npos)
    return bad_uri(cat("'", uri.object, "' is not valid"));
  const auto said = [&](std::string_view words) {
    return done.said.find(words) != std::string::npos;
  };
  if (said("Unable to load module")) {
    e = {Errc::Unavailable,
         cat("the PKCS#11 module ", uri.module.empty() ? "of p11-kit" : uri.module,
             " cannot be loaded"),
         "give another as module-path in the URI, or install it (Debian: p11-kit-modules)"};
  } else if (said("Login failed") || (said("Login to token failed") && !said("No PIN code"))) {
    e = {Errc::Permission, "the token does not accept the PIN",
         "check it: after a few wrong ones a token locks itself"};
  } else if (said("No matching initialized token")) {
    e = {Errc::NoInput, "there is no such token",
         "is it plugged in? p11tool --list-tokens, or pkcs11-tool --list-token-slots, shows what "
         "is"};
  } else if (said("Multiple matching slots")) {
    e = {Errc::Config, "more than one token fits", "say which is meant: pkcs11:token=NAME;object=NAME"};
  }
  return err(e.code, cat(uri.object, ": ", e.what, quote(done.said)), e.hint);
}

}  // namespace

Result<TokenUri> parse_token_uri(const std::string& uri)
{
  if (!text::ascii_iequal(std::string_view(uri).substr(0, scheme.size()), scheme))
    return bad_uri("does not begin with pkcs11:");
  TokenUri out;
  const auto query = std::min(uri.find('?'), uri.size());
  out.object = uri.substr(0, query);
  IMIP_CHECK(decode_percent(out.object));
  if (query < uri.size()) IMIP_CHECK(read_query(std::string_view(uri).substr(query + 1), out));
  return out;
}

TokenKey::TokenKey(TokenUri uri, PassphraseSource passphrase)
    : uri_(std::move(uri)), passphrase_(std::move(passphrase))
{
  pin_.take(uri_.pin);
  asked_ = uri_.has_pin;
}

Result<std::unique_ptr<TokenKey>> TokenKey::open(const std::string& uri,
                                                 PassphraseSource passphrase)
{
  IMIP_TRY(TokenUri parsed, parse_token_uri(uri));
  return std::unique_ptr<TokenKey>(new TokenKey(std::move(parsed), std::move(passphrase)));
}

Result<void> TokenKey::have_pin() const
{
  if (asked_) return {};
  if (!uri_.pin_source.empty()) {
    constexpr std::size_t longest = 4096;
    IMIP_TRY(std::string line, read_file(uri_.pin_source, longest));
    Secret all;
    all.take(line);
    line = all.text().substr(0, all.text().find_first_of("\r\n"));
    pin_.take(line);
  } else {
    IMIP_CHECK(ask_passphrase(passphrase_, uri_.object, pin_));
  }
  asked_ = true;
  return {};
}

Result<X509Ptr> TokenKey::certificate() const
{
  IMIP_TRY(const std::string der,
           explain(run_apart([&] { return fetch_certificate(uri_); }, time_limit), uri_));
  const unsigned char* p = octets_of(der);
  X509Ptr x(d2i_X509(nullptr, &p, static_cast<long>(der.size())));
  if (!x) return err(Errc::Config, cat(uri_.object, ": its certificate cannot be read"));
  return x;
}

Result<std::string> TokenKey::use(const std::function<Result<std::string>(EVP_PKEY*)>& work) const
{
  if (refused_) return tl::unexpected<Error>(*refused_);
  IMIP_CHECK(have_pin());
  const auto in_child = [&]() -> Result<std::string> {
    IMIP_TRY(ENGINE * engine, start_engine(uri_, pin_.text()));
    EVP_PKEY* key = ENGINE_load_private_key(engine, uri_.object.c_str(), nullptr, nullptr);
    if (key == nullptr)
      return err(Errc::NoInput, "there is no such private key",
                 "see what there is: p11tool --login --list-all, or pkcs11-tool --login "
                 "--list-objects");
    auto done = work(key);
    if (done) return done;
    const std::string why = token_error();
    if (why.empty()) return done;
    return err(Errc::Permission, cat("the token does not do it: ", why),
               "see what the key may be used for: pkcs11-tool --login --list-objects");
  };
  auto result = explain(run_apart(in_child, time_limit), uri_);
  if (!result && result.error().code == Errc::Permission) refused_ = result.error();
  return result;
}

}  // namespace imip::crypto
