// What is read of OpenPGP before and beside gpg: the armour, its packets, and user IDs of keys. Each input is
// taken for all three.
#include <openssl/evp.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "crypto/detail/armour.hpp"
#include "crypto/detail/gpg_key.hpp"
#include "testing/fuzz.hpp"

namespace {

using namespace imip;
using testing::hold;

// RFC 4880 section 6.2, in lines of 64.
std::string armoured(std::string_view octets)
{
  std::string base64(4 * (octets.size() / 3 + 1) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()),
                                   reinterpret_cast<const unsigned char*>(octets.data()),
                                   static_cast<int>(octets.size()));
  base64.resize(static_cast<std::size_t>(size));
  std::string out = "-----BEGIN PGP SIGNATURE-----\n\n";
  for (std::size_t at = 0; at < base64.size(); at += 64) out += base64.substr(at, 64) + '\n';
  return out + "-----END PGP SIGNATURE-----\n";
}

// Signature packets of definite length one after another (RFC 4880 section 4.2), counted by octets.
std::optional<std::size_t> count(const std::vector<unsigned char>& octets)
{
  std::size_t found = 0;
  std::size_t at = 0;
  const auto number = [&](std::size_t n) -> std::optional<std::size_t> {
    if (octets.size() - at < n) return {};
    std::size_t value = 0;
    while (n-- > 0) value = value * 256 + octets[at++];
    return value;
  };
  for (; at < octets.size(); ++found) {
    const unsigned tag = octets[at++];
    std::optional<std::size_t> length;
    if (tag == 0x88 || tag == 0x89 || tag == 0x8A) {
      length = number(tag == 0x88 ? 1 : tag == 0x89 ? 2 : 4);
    } else if (tag == 0xC2) {
      length = number(1);
      if (length && *length >= 192 && *length < 224) {
        const auto low = number(1);
        length = low ? std::optional((*length - 192) * 256 + *low + 192) : std::nullopt;
      } else if (length && *length == 255) {
        length = number(4);
      } else if (length && *length >= 224) {
        length.reset();
      }
    }
    if (!length || octets.size() - at < *length) return {};
    at += *length;
  }
  return found;
}

void check_packets(std::string_view octets)
{
  hold(crypto::dearmour(armoured(octets), "PGP SIGNATURE") == octets, "an armour is read");
  const auto packets = crypto::signature_packets(octets);
  hold((packets ? std::optional(packets->size()) : std::nullopt) == count({octets.begin(), octets.end()}),
       "two ways of counting packets agree");
  if (!packets) return;
  std::string all;
  for (const std::string& packet : *packets) {
    all += packet;
    const std::string issuer = crypto::claimed_issuer(packet);
    hold(issuer.empty() || issuer.size() == 16 || issuer.size() == 40, "a key ID or a fingerprint");
    hold(issuer.find_first_not_of("0123456789ABCDEF") == std::string::npos,
         "nothing but digits goes to gpg");
  }
  hold(all == octets, "the packets are the whole");
}

void check_armour(std::string_view text)
{
  const bool one = crypto::dearmour(text, "PGP SIGNATURE").has_value();
  hold(!one || !crypto::dearmour(text, "PGP MESSAGE"), "of one kind");
  if (one) {
    std::size_t begins = 0;
    for (auto at = text.find("-----BEGIN"); at != std::string_view::npos; at = text.find("-----BEGIN", at + 1))
      ++begins;
    hold(begins == 1, "it begins once");
  }
}

// As GPGME splits a user ID up: "name (comment) <email>"; `address` is in lower case.
void check_user_id(std::string text)
{
  text = text.substr(0, text.find('\0'));
  const auto open = text.find('<');
  const auto close = text.find('>', open == std::string::npos ? 0 : open);
  std::string email;
  if (open != std::string::npos && close != std::string::npos)
    email = text.substr(open + 1, close - open - 1);
  char* address = gpgme_addrspec_from_uid(text.c_str());
  _gpgme_user_id id{};
  id.uid = text.data();
  id.email = email.data();
  id.address = address;
  const auto found = crypto::gpg::address_of(&id);
  gpgme_free(address);
  if (!found) return;
  hold(found->scheme() == "mailto", "a mail address");
  const std::string lower = text::ascii_lower(text);
  hold(lower.find(text::ascii_lower(found->local()) + '@') != std::string::npos,
       "it stands in the user ID");
  hold(text::is_utf8(text), "in UTF-8");
  hold(std::none_of(text.begin(), text.end(),
                    [](char c) { return (static_cast<unsigned char>(c) < ' ') || c == 0x7F; }),
       "without control characters");
  hold(std::count(text.begin(), text.end(), '<') <= 1, "one pair of brackets");
  // whatever else looks like an address there is the same one
  for (std::size_t at = lower.find('@'); at != std::string::npos; at = lower.find('@', at + 1)) {
    const auto first = lower.find_last_of(" \t<>(),;\"'", at);
    const auto begin = first == std::string::npos ? 0 : first + 1;
    const auto end = std::min(lower.find_first_of(" \t<>(),;\"'", at), lower.size());
    const auto other = CalAddress::from_mailbox(lower.substr(begin, end - begin));
    hold(!other || same_user(*other, *found), "it names nobody else");
  }
}

void check_fingerprint(std::string_view text)
{
  const auto found = crypto::gpg::fingerprint_from(text);
  if (!found) return;
  hold(found->size() == 40 && found->find_first_not_of("0123456789ABCDEF") == std::string::npos,
       "forty digits in upper case");
  hold(crypto::gpg::fingerprint_from(*found) == found, "which are read as themselves");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  const auto text = testing::view_of(data, size);
  check_armour(text);
  check_packets(text);
  check_user_id(std::string(text));
  check_fingerprint(text);
  return 0;
}
