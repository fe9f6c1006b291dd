#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "policy/detail/identity.hpp"

namespace imip::policy {

namespace {

using detail::Node;
using detail::NodeKind;
using detail::Reading;
using detail::Table;

bool is_hexadecimal(std::string_view s)
{
  return !s.empty() && s.find_first_not_of("0123456789ABCDEF") == std::string_view::npos;
}

void read_passphrase(Table table, Identity& identity)
{
  Reading& reading = table.reading();
  if (const Node* file = table.get("file", NodeKind::String))
    identity.passphrase_file = reading.deciding_file(*file);
  if (const Node* name = table.get("env", NodeKind::String)) {
    identity.passphrase_env = name->string;
    if (name->string.empty() ||
        name->string.find_first_of(std::string_view{"=\0", 2}) != std::string::npos)
      reading.problem(*name, "env does not name a variable");
  }
  if (const auto fd = table.integer("fd", 0, 1023)) identity.passphrase_fd = static_cast<int>(*fd);
  table.finish();
  if (table.node().entries.size() != 1)
    reading.problem(table.node(), "passphrase needs exactly one of file, fd, env");
}

/// A value that `check` takes or changes; what it says else becomes a problem.
bool checked(Table& table, std::string_view key, std::string& out,
             Result<std::string> (*check)(const std::string&))
{
  const Node* node = table.get(key, NodeKind::String);
  if (node == nullptr) return false;
  auto good = check(node->string);
  if (good)
    out = *std::move(good);
  else
    table.reading().problem(*node, cat(key, ": ", good.error().what), good.error().hint);
  return true;
}

/// Exactly one place that the key is in; `key` or pkcs11 beside the certificate that it belongs to.
void check_sources(const Table& table, Reading& reading)
{
  const auto has = [&](std::string_view key) { return table.node().find(key) != nullptr; };
  std::vector<std::string_view> given;
  for (const std::string_view key : {"certificate", "pkcs12", "pkcs11", "openpgp", "gpgsm"})
    if (has(key) && !(key == "pkcs11" && has("certificate"))) given.push_back(key);
  const auto both = [&](std::string_view a, std::string_view b, std::string hint) {
    reading.problem(table.node(), cat("[[identity]] has both ", a, " and ", b), std::move(hint));
  };
  if (given.empty())
    reading.problem(table.node(),
                    "[[identity]] has neither certificate, pkcs12, pkcs11, openpgp nor gpgsm",
                    "give one of them");
  else if (given.size() > 1)
    both(given[0], given[1], "give one of them; another key is another [[identity]]");
  else if (has("key") && has("pkcs12"))
    both("key", "pkcs12", "a PKCS#12 file has the key");
  else if (has("key") && has("pkcs11"))
    both("key", "pkcs11", "the key is in a file or in the token");
  else if (has("key") && !has("certificate"))
    both("key", given[0], "a key goes with a certificate");
}

}  // namespace

Result<std::string> check_token_uri(const std::string& uri)
{
  // What is wrong is never quoted: it may hold the PIN.
  if (!text::ascii_iequal(std::string_view(uri).substr(0, 7), "pkcs11:"))
    return err(Errc::BadValue, "not a pkcs11: URI", "write it as p11tool prints it (RFC 7512)");
  if (text::ascii_lower(uri).find("pin-value") != std::string::npos)
    return err(Errc::BadValue, "the URI holds a PIN, which others could read",
               "write pin-source=file:... instead of pin-value, or give a passphrase");
  const std::string_view path = std::string_view(uri).substr(7, uri.find('?') - 7);
  if (path.find_first_not_of(';') == std::string_view::npos)
    return err(Errc::BadValue, "the pkcs11: URI names no token and no object",
               "write it like pkcs11:token=NAME;object=NAME (RFC 7512)");
  return uri;
}

Result<std::string> check_key_name(const std::string& word)
{
  std::string digits = text::ascii_upper(word);
  digits.erase(std::remove_if(digits.begin(), digits.end(),
                              [](char c) { return c == ' ' || c == ':'; }),
               digits.end());
  if (digits.compare(0, 2, "0X") == 0) digits.erase(0, 2);
  if (is_hexadecimal(digits)) {
    if (digits.size() == 40 || digits.size() == 64) return digits;
    return err(Errc::BadValue, cat("'", word, "' is no whole fingerprint"),
               "write all of its hexadecimal digits: shorter ones can be forged");
  }
  const auto address = CalAddress::from_mailbox(word);
  if (!address)
    return err(Errc::BadValue, cat("'", word, "' is neither a fingerprint nor an address"));
  return address->mailbox();
}

Result<std::optional<Identity>> identity_in_key_store(const std::string& word)
{
  Identity identity;
  const std::size_t colon = word.find(':');
  const std::string scheme = colon == std::string::npos ? "" : text::ascii_lower(word.substr(0, colon));
  if (scheme == "pkcs11") {
    IMIP_TRY(identity.pkcs11, check_token_uri(word));
  } else if (scheme == "openpgp" || scheme == "gpgsm") {
    auto name = check_key_name(word.substr(colon + 1));
    if (!name) return err(Errc::BadValue, cat(scheme, ": ", name.error().what), name.error().hint);
    (scheme == "openpgp" ? identity.openpgp : identity.gpgsm) = *std::move(name);
  } else {
    return std::optional<Identity>{};
  }
  return std::optional<Identity>{std::move(identity)};
}

void detail::read_identity(Table table, Policy& policy)
{
  Reading& reading = table.reading();
  Identity identity;
  identity.origin = {reading.file, table.node().line, "identity"};
  const auto address = table.address("address", true);
  const std::array<std::pair<std::string_view, std::string*>, 3> files = {
      {{"certificate", &identity.certificate}, {"key", &identity.key}, {"pkcs12", &identity.pkcs12}}};
  for (const auto& [key, out] : files)
    if (const Node* name = table.get(key, NodeKind::String)) *out = reading.deciding_file(*name);
  checked(table, "pkcs11", identity.pkcs11, check_token_uri);
  checked(table, "openpgp", identity.openpgp, check_key_name);
  checked(table, "gpgsm", identity.gpgsm, check_key_name);
  check_sources(table, reading);
  if (const Node* passphrase =
          table.get("passphrase", NodeKind::Table, R"(write { file = "..." })"))
    read_passphrase(Table{reading, *passphrase, "passphrase of [[identity]]"}, identity);
  table.finish();
  if (!address) return;
  identity.address = *address;
  policy.identities.push_back(std::move(identity));
}

std::string key_place(const Identity& identity)
{
  if (!identity.openpgp.empty()) return cat("openpgp:", identity.openpgp);
  if (!identity.gpgsm.empty()) return cat("gpgsm:", identity.gpgsm);
  if (!identity.pkcs12.empty()) return identity.pkcs12;
  return identity.certificate.empty() ? identity.pkcs11 : identity.certificate;
}

}  // namespace imip::policy
