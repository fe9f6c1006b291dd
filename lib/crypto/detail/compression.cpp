#include "crypto/detail/compression.hpp"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "crypto/detail/cms.hpp"
#include "crypto/detail/openssl.hpp"

namespace imip::crypto {
namespace {

enum class Inflated : std::uint8_t { Damaged = 0, TooLarge, Whole };

// The stream must end where the octets do: what follows would be covered by nothing.
Inflated inflate_all(std::string_view packed, std::size_t most, std::string& out)
{
  z_stream stream{};
  if (inflateInit(&stream) != Z_OK) return Inflated::Damaged;
  const Handle<z_stream, inflateEnd> owner(&stream);
  stream.next_in = const_cast<Bytef*>(octets_of(packed));  // zlib's type; it does not write there
  stream.avail_in = static_cast<uInt>(packed.size());
  std::array<unsigned char, 65'536> piece{};
  for (;;) {
    stream.next_out = piece.data();
    stream.avail_out = static_cast<uInt>(piece.size());
    const int status = inflate(&stream, Z_NO_FLUSH);
    const std::size_t n = piece.size() - stream.avail_out;
    if (n > most - out.size()) return Inflated::TooLarge;
    out.append(reinterpret_cast<const char*>(piece.data()), n);
    if (status == Z_STREAM_END) return stream.avail_in == 0 ? Inflated::Whole : Inflated::Damaged;
    if (status != Z_OK) return Inflated::Damaged;
  }
}

}  // namespace

SignatureReport open_compressed(const CmsShape& shape, std::string_view der, const Limits& limits)
{
  const unsigned char* p = octets_of(der);
  const CmsPtr cms(d2i_CMS_ContentInfo(nullptr, &p, static_cast<long>(der.size())));
  ASN1_OCTET_STRING** slot = cms ? CMS_get0_content(cms.get()) : nullptr;
  if (slot == nullptr || *slot == nullptr)
    return defect(Code::SignatureMalformed,
                  "the message is compressed (CMS compressed-data), and does not parse");
  if (OBJ_obj2nid(CMS_get0_eContentType(cms.get())) != NID_pkcs7_data)
    return defect(Code::ContentTypeAttribute,
                  "what is compressed is not of the type id-data that e-mail uses");
  if (shape.algorithm != NID_zlib_compression)
    return defect(Code::SignatureUnchecked,
                  "the message is compressed in a way that imip does not know; only zlib is");
  SignatureReport report;
  switch (inflate_all(view_of(*slot), limits.decoded_bytes, report.content.emplace())) {
    case Inflated::Whole:
      report.wrapping = Wrapping::Compressed;
      return report;
    case Inflated::TooLarge:
      return defect(Code::LimitExceeded,
                    cat("the message inflates to more than ", limits.decoded_bytes,
                        " octets (limit decoded-bytes)"));
    case Inflated::Damaged:
      break;
  }
  return defect(Code::SignatureMalformed,
                "the message is compressed (CMS compressed-data), and does not inflate");
}

}  // namespace imip::crypto
