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

// The base64 between the header, which ends at a blank line, and the checksum.
std::optional<std::string> dearmour(std::string_view armour)
{
  std::string_view rest = text::trim(armour);
  while (!take_line(rest).empty())
    if (rest.empty()) return {};
  std::string base64;
  for (std::string_view line = take_line(rest); line.substr(0, dashes.size()) != dashes;
       line = take_line(rest)) {
    if (rest.empty()) return {};
    if (line.size() == 5 && line.front() == '=') continue;  // the checksum, which gpg looks at
    base64 += line;
  }
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

}  // namespace

bool is_one_armour(std::string_view text, std::string_view kind)
{
  std::string_view whole = text::trim(text);
  const std::string head = cat("-----BEGIN ", kind, dashes);
  const std::string tail = cat("\n-----END ", kind, dashes);
  if (whole.substr(0, head.size()) != head || whole.size() < head.size() + tail.size() ||
      whole.substr(whole.size() - tail.size()) != tail)
    return false;
  whole = whole.substr(head.size(), whole.size() - head.size() - tail.size());
  return whole.find(dashes) == std::string_view::npos &&
         text::trim(whole.substr(0, whole.find('\n'))).empty();
}

std::optional<std::vector<std::string>> signature_packets(std::string_view armour)
{
  constexpr unsigned signature_tag = 2;
  const auto packets = dearmour(armour);
  if (!packets) return {};
  std::vector<std::string> found;
  for (std::string_view rest = *packets; !rest.empty();) {
    const std::string_view whole = rest;
    const auto octet = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    const unsigned tag = (octet & 0x40U) != 0 ? octet & 0x3FU : octet >> 2U & 0xFU;
    const auto length = body_length(octet, rest);
    if ((octet & 0x80U) == 0 || tag != signature_tag || !length || *length > rest.size())
      return {};
    rest.remove_prefix(*length);
    found.emplace_back(whole.substr(0, whole.size() - rest.size()));
  }
  return found;
}

}  // namespace imip::crypto
