#include "mime/detail/transfer.hpp"

#include <algorithm>
#include <cctype>

#include "base/cat.hpp"
#include "mime/detail/gmime_ref.hpp"

namespace imip::mime::detail {

namespace {

constexpr std::size_t chunk_size = 65'536;

tl::unexpected<Error> too_large(std::size_t limit, std::string_view key)
{
  return err(Errc::TooLarge, cat("MIME part: decodes to more than ", limit, " octets (limit ", key, ")"));
}

std::string encode(ByteView octets, GMimeContentEncoding encoding)
{
  use_gmime();
  GMimeEncoding state{};
  g_mime_encoding_init_encode(&state, encoding);
  std::string out(g_mime_encoding_outlen(&state, octets.size()) + 64, '\0');
  out.resize(g_mime_encoding_flush(&state, octets.data(), octets.size(), out.data()));
  return out;
}

}  // namespace

Result<std::string> decode_transfer(ByteView body, std::string_view encoding, std::size_t limit,
                                    std::string_view key)
{
  if (encoding != "base64" && encoding != "quoted-printable") {
    if (body.size() > limit) return too_large(limit, key);
    return std::string(body);
  }
  use_gmime();
  GMimeEncoding state{};
  g_mime_encoding_init_decode(&state, encoding == "base64"
                                          ? GMIME_CONTENT_ENCODING_BASE64
                                          : GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
  std::string out;
  while (!body.empty()) {
    const ByteView piece = body.substr(0, chunk_size);
    body.remove_prefix(piece.size());
    const std::size_t before = out.size();
    out.resize(before + g_mime_encoding_outlen(&state, piece.size()) + 64);
    char* to = out.data() + before;
    const std::size_t n = body.empty()
                              ? g_mime_encoding_flush(&state, piece.data(), piece.size(), to)
                              : g_mime_encoding_step(&state, piece.data(), piece.size(), to);
    out.resize(before + n);
    if (out.size() > limit) return too_large(limit, key);
  }
  return out;
}

std::string encode_base64(ByteView octets)
{
  std::string out = encode(octets, GMIME_CONTENT_ENCODING_BASE64);
  if (!out.empty() && out.back() != '\n') out += '\n';
  return out;
}

std::string encode_quoted_printable(ByteView text)
{
  const std::string encoded = encode(text, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
  std::string out;
  out.reserve(encoded.size() + encoded.size() / 64);
  for (std::size_t at = 0; at < encoded.size();) {
    const auto lf = encoded.find('\n', at);
    const auto next = lf == std::string::npos ? encoded.size() : lf + 1;
    const ByteView line = ByteView(encoded).substr(at, next - at);
    if (line.substr(0, 5) == "From ")
      out += cat("=46", line.substr(1));
    else
      out += line;
    at = next;
  }
  return out;
}

bool is_clean_base64(ByteView body)
{
  bool padded = false;
  std::size_t characters = 0;
  for (const char c : body) {
    if (c == ' ' || c == '\t' || c == '\r' || c == '\n') continue;
    ++characters;
    if (c == '=') {
      padded = true;
      continue;
    }
    const bool digit = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                       c == '+' || c == '/';
    if (!digit || padded) return false;
  }
  return characters % 4 == 0;  // GMime drops an unpadded end
}

bool is_clean_quoted_printable(ByteView body)
{
  const auto is_hex = [&](std::size_t at) {
    return at < body.size() && std::isxdigit(static_cast<unsigned char>(body[at])) != 0;
  };
  for (auto at = body.find('='); at != ByteView::npos; at = body.find('=', at + 1)) {
    if (is_hex(at + 1) && is_hex(at + 2)) continue;
    auto end = body.find_first_not_of(" \t", at + 1);
    if (end == ByteView::npos || body[end] == '\n') continue;
    if (body[end] != '\r' || body.substr(end, 2) != "\r\n") return false;
  }
  return true;
}

}  // namespace imip::mime::detail
