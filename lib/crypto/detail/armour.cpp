#include "crypto/detail/armour.hpp"

#include <openssl/evp.h>

#include <algorithm>

#include "base/cat.hpp"
#include "base/handle.hpp"
#include "base/text.hpp"

namespace imip::crypto {
namespace {

constexpr std::string_view dashes = "-----";

std::string_view take_line(std::string_view& rest)
{
  const std::string_view line = rest.substr(0, rest.find('\n'));
  rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  return text::trim(line);
}

std::optional<std::string> decode_base64(const std::string& base64)
{
  const Handle<EVP_ENCODE_CTX, EVP_ENCODE_CTX_free> context(EVP_ENCODE_CTX_new());
  std::string octets(base64.size() + 3, '\0');
  int n = 0;
  int more = 0;
  auto* out = reinterpret_cast<unsigned char*>(octets.data());
  EVP_DecodeInit(context.get());
  if (EVP_DecodeUpdate(context.get(), out, &n,
                       reinterpret_cast<const unsigned char*>(base64.data()),
                       static_cast<int>(base64.size())) < 0 ||
      EVP_DecodeFinal(context.get(), out + n, &more) < 0)
    return {};
  octets.resize(static_cast<std::size_t>(n + more));
  return octets;
}

std::optional<std::size_t> big_endian(std::string_view& rest, std::size_t octets)
{
  if (rest.size() < octets) return {};
  std::size_t value = 0;
  for (std::size_t i = 0; i < octets; ++i)
    value = value << 8U | static_cast<unsigned char>(rest[i]);
  rest.remove_prefix(octets);
  return value;
}

// RFC 4880 section 4.2; lengths that are not definite are no signature's.
std::optional<std::size_t> body_length(unsigned char tag_octet, std::string_view& rest)
{
  constexpr std::size_t unknown_length = 3;
  if ((tag_octet & 0x40U) == 0) {
    const std::size_t kind = tag_octet & 3U;
    if (kind == unknown_length) return {};
    return big_endian(rest, std::size_t{1} << kind);
  }
  const auto first = big_endian(rest, 1);
  if (!first || *first < 192) return first;
  if (*first == 255) return big_endian(rest, 4);
  if (*first >= 224) return {};
  const auto second = big_endian(rest, 1);
  if (!second) return {};
  return ((*first - 192) << 8U) + *second + 192;
}

// RFC 4880 section 4.3
constexpr unsigned session_key_tag = 1;
constexpr unsigned signature_tag = 2;
constexpr unsigned password_tag = 3;
bool is_encrypted_data(unsigned tag)
{
  constexpr unsigned plain = 9;
  constexpr unsigned integrity_protected = 18;
  constexpr unsigned authenticated = 20;
  return tag == plain || tag == integrity_protected || tag == authenticated;
}

struct Packet {
  unsigned tag = 0;
  std::string_view body, whole;
};
// The first one; nothing if there is none of a definite length.
std::optional<Packet> take_packet(std::string_view& rest)
{
  if (rest.empty()) return {};
  const std::string_view all = rest;
  const auto octet = static_cast<unsigned char>(rest.front());
  rest.remove_prefix(1);
  const auto length = body_length(octet, rest);
  if ((octet & 0x80U) == 0 || !length || *length > rest.size()) return {};
  const std::string_view body = rest.substr(0, *length);
  rest.remove_prefix(*length);
  return Packet{(octet & 0x40U) != 0 ? octet & 0x3FU : octet >> 2U & 0xFU, body,
                all.substr(0, all.size() - rest.size())};
}

std::string hexadecimal(std::string_view octets)
{
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string out;
  for (const char c : octets) {
    const auto u = static_cast<unsigned char>(c);
    out += digits[u >> 4U];
    out += digits[u & 0xFU];
  }
  return out;
}

// RFC 4880 section 5.2.3.1: takes the first subpacket of an area, its type before its content.
std::string_view take_subpacket(std::string_view& area)
{
  auto length = big_endian(area, 1);
  if (length == 255) {
    length = big_endian(area, 4);
  } else if (length >= 192) {
    const auto second = big_endian(area, 1);
    length = second ? std::optional(((*length - 192) << 8U) + *second + 192) : std::nullopt;
  }
  if (!length || *length > area.size()) return area = {};
  const std::string_view found = area.substr(0, *length);
  area.remove_prefix(*length);
  return found;
}

}  // namespace

std::optional<std::string> dearmour(std::string_view text, std::string_view kind)
{
  std::string_view whole = text::trim(text);
  const std::string head = cat("-----BEGIN ", kind, dashes);
  const std::string tail = cat("\n-----END ", kind, dashes);
  if (whole.substr(0, head.size()) != head || whole.size() < head.size() + tail.size() ||
      whole.substr(whole.size() - tail.size()) != tail)
    return {};
  whole = whole.substr(head.size(), whole.size() - head.size() - tail.size());
  if (whole.find(dashes) != std::string_view::npos || !take_line(whole).empty()) return {};
  while (!take_line(whole).empty())  // the armour's own header, up to a blank line
    if (whole.empty()) return {};
  std::string base64;
  bool ended = false;
  while (!whole.empty()) {
    const std::string_view line = take_line(whole);
    if (ended && !line.empty()) return {};
    ended = ended || (line.size() == 5 && line.front() == '=');  // the checksum
    if (!ended) base64 += line;
  }
  if (base64.find('-') != std::string::npos) return {};  // for OpenSSL the end of all
  return decode_base64(base64);
}

std::optional<std::vector<std::string>> signature_packets(std::string_view octets)
{
  std::vector<std::string> found;
  for (std::string_view rest = octets; !rest.empty();) {
    const auto packet = take_packet(rest);
    if (!packet || packet->tag != signature_tag) return {};
    found.emplace_back(packet->whole);
  }
  return found;
}

bool Guesses::add(std::string_view key_id)
{
  const bool nobody = key_id.find_first_not_of('0') == std::string_view::npos;
  const bool first = named_.emplace(key_id).second;
  if (nobody || !first) ++count_;
  return first;
}

Guesses session_key_guesses(std::string_view octets)
{
  constexpr std::size_t key_id_octets = 8;
  Guesses guesses;
  std::string_view rest = octets;
  for (auto packet = take_packet(rest); packet && !is_encrypted_data(packet->tag);
       packet = take_packet(rest)) {
    if (packet->tag == password_tag)
      guesses.add("");
    else if (packet->tag == session_key_tag && !packet->body.empty())
      guesses.add(hexadecimal(packet->body.substr(1, key_id_octets)));
  }
  return guesses;
}

std::string claimed_issuer(std::string_view signature_packet)
{
  constexpr std::size_t before_areas = 4;  // version, type, algorithms
  constexpr std::string_view fingerprint_type = "\x21\x04";  // of a version 4 key
  constexpr std::string_view key_id_type = "\x10";
  std::string_view rest = signature_packet;
  if (rest.empty()) return {};
  rest.remove_prefix(1);
  if (!body_length(static_cast<unsigned char>(signature_packet.front()), rest) ||
      rest.size() < before_areas || rest.front() != 4)
    return {};
  rest.remove_prefix(before_areas);
  std::string key_id;
  for (int areas = 0; areas < 2; ++areas) {  // what is signed, and what is not
    const auto length = big_endian(rest, 2);
    if (!length || *length > rest.size()) return {};
    for (std::string_view area = rest.substr(0, *length); !area.empty();) {
      const std::string_view one = take_subpacket(area);
      if (one.starts_with(fingerprint_type) && one.size() == 22) return hexadecimal(one.substr(2));
      if (one.starts_with(key_id_type) && one.size() == 9) key_id = hexadecimal(one.substr(1));
    }
    rest.remove_prefix(*length);
  }
  return key_id;
}

}  // namespace imip::crypto
