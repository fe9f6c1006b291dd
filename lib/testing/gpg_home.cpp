#include "testing/gpg_home.hpp"

#include <openssl/evp.h>

#include <stdexcept>

#include "base/cat.hpp"
#include "testing/test_ca.hpp"

namespace imip::testing {
namespace {

// Everything is made then, whatever the machine's clock says.
constexpr std::string_view made_at = "20270101T000000!";

ShellResult run(const TempDir& dir, const std::string& arguments, std::string_view input)
{
  const std::string in = dir.write("in.tmp", input);
  return shell(cat("gpg --homedir ", dir.path().string(), " --batch --quiet --no-tty --yes ",
                   "--pinentry-mode loopback --passphrase '' --faked-system-time ", made_at, ' ', arguments, " <", in, " 2>", dir.path().string(),
                   "/err.tmp"));
}

}  // namespace

TempGpgHome::TempGpgHome()
{
  dir_.write("gpg-agent.conf", "s2k-count 65536\n");  // else each passphrase takes a second
}

TempGpgHome::~TempGpgHome()
{
  shell(cat("gpgconf --homedir ", path(), " --kill all"));
}

bool TempGpgHome::accepts(const std::string& arguments, std::string_view input) const
{
  return run(dir_, arguments, input).status == 0;
}

std::string TempGpgHome::gpg(const std::string& arguments, std::string_view input) const
{
  ShellResult result = run(dir_, arguments, input);
  if (result.status != 0)
    throw std::runtime_error(cat("gpg ", arguments, ": ", dir_.read("err.tmp")));
  return std::move(result.output);
}

std::string TempGpgHome::make_key(const std::string& user_id, const std::string& kind,
                                  const std::string& expire, const std::string& passphrase) const
{
  const std::string status = gpg(cat("--status-fd 1 --passphrase '", passphrase,
                                     "' --quick-gen-key '", user_id, "' ", kind, " sign,cert ",
                                     expire));
  const std::string before = "KEY_CREATED P ";
  const auto at = status.find(before);
  if (at == std::string::npos) throw std::runtime_error(cat("no key was made: ", status));
  return status.substr(at + before.size(), 40);
}

std::string TempGpgHome::last_subkey(const std::string& key) const
{
  const std::string list = gpg(cat("--with-colons --list-keys ", key));
  const auto at = list.find("\nfpr:", list.rfind("\nsub:"));
  if (at == std::string::npos) throw std::runtime_error("no subkey");
  return list.substr(at + 13, 40);
}

void TempGpgHome::import_from(const TempGpgHome& from, const std::string& key) const
{
  gpg("--import", from.gpg(cat("--export ", key)));
}

std::string TempGpgHome::sign(std::string_view octets, const std::string& key,
                              const std::string& more) const
{
  return gpg(cat("--armor --detach-sign -u ", key, ' ', more, " --output -"), octets);
}

std::string armoured(std::string_view packets, const std::string& kind)
{
  std::string base64(4 * ((packets.size() + 2) / 3) + 1, '\0');
  base64.resize(static_cast<std::size_t>(EVP_EncodeBlock(
      reinterpret_cast<unsigned char*>(base64.data()),
      reinterpret_cast<const unsigned char*>(packets.data()), static_cast<int>(packets.size()))));
  std::string out = cat("-----BEGIN PGP ", kind, "-----\n\n");
  for (std::size_t at = 0; at < base64.size(); at += 64) out += cat(base64.substr(at, 64), '\n');
  return cat(out, "-----END PGP ", kind, "-----\n");
}

std::string packet(unsigned char tag, std::string_view body)
{
  std::string out{static_cast<char>(0xC0U | tag), '\xFF'};
  for (unsigned shift = 32; shift > 0; shift -= 8)
    out += static_cast<char>(body.size() >> (shift - 8) & 0xFFU);
  return out += body;
}

}  // namespace imip::testing
