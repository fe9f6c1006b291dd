#include "crypto/detail/der.hpp"

#include <openssl/asn1.h>
#include <openssl/objects.h>

#include <array>

#include "base/handle.hpp"

namespace imip::crypto {
namespace {

struct Element {
  int tag = 0, tag_class = 0;
  bool constructed = false;
  ByteView body;   // without an end-of-contents mark
  ByteView whole;  // with header and mark
};

struct Header {
  int tag = 0, tag_class = 0;
  bool constructed = false, indefinite = false;
  std::size_t header = 0, length = 0;
};

// `claimed` may be more than there is: a certificate that is cut off. Its headers are still there.
std::optional<Header> read_header(ByteView in, long claimed)
{
  // ASN1_get_object reads no further than a tag of 6 and a length of 9 octets
  if (in.size() < 2 || (claimed > static_cast<long>(in.size()) && in.size() < 16)) return {};
  const auto* start = reinterpret_cast<const unsigned char*>(in.data());
  const unsigned char* p = start;
  long length = 0;
  Header h;
  const int flags = ASN1_get_object(&p, &length, &h.tag, &h.tag_class, claimed);
  if ((flags & 0x80) != 0 || length < 0) return {};
  h.constructed = (flags & V_ASN1_CONSTRUCTED) != 0;
  h.indefinite = (flags & 1) != 0;
  h.header = static_cast<std::size_t>(p - start);
  h.length = static_cast<std::size_t>(length);
  return h;
}

bool at_end_of_contents(ByteView in)
{
  return in.size() >= 2 && in[0] == 0 && in[1] == 0;
}

// Octets up to and with the mark that ends an indefinite length, whose content `in` begins with.
// A counter instead of recursion: the depth is the sender's choice.
std::optional<std::size_t> indefinite_size(ByteView in)
{
  std::size_t open = 1;
  std::size_t at = 0;
  while (open > 0) {
    const ByteView rest = in.substr(at);
    if (at_end_of_contents(rest)) {
      at += 2;
      --open;
      continue;
    }
    const auto h = read_header(rest, static_cast<long>(rest.size()));
    if (!h) return {};
    at += h->header;
    if (h->indefinite)
      ++open;
    else
      at += h->length;
  }
  return at;
}

std::optional<Element> take(ByteView& in)
{
  const auto h = read_header(in, static_cast<long>(in.size()));
  if (!h) return {};
  Element e;
  e.tag = h->tag;
  e.tag_class = h->tag_class;
  e.constructed = h->constructed;
  std::size_t end = h->header + h->length;
  if (h->indefinite) {
    const auto n = indefinite_size(in.substr(h->header));
    if (!n) return {};
    end = h->header + *n;
    e.body = in.substr(h->header, *n - 2);
  } else {
    e.body = in.substr(h->header, h->length);
  }
  e.whole = in.substr(0, end);
  in.remove_prefix(end);
  return e;
}

std::optional<Element> take(ByteView& in, int tag, int tag_class = V_ASN1_UNIVERSAL)
{
  ByteView rest = in;
  auto e = take(rest);
  if (!e || e->tag != tag || e->tag_class != tag_class) return {};
  in = rest;
  return e;
}

std::optional<std::size_t> count(ByteView in)
{
  std::size_t n = 0;
  for (; !in.empty(); ++n)
    if (!take(in)) return {};
  return n;
}

int nid_of(const Element& oid)
{
  const auto* p = reinterpret_cast<const unsigned char*>(oid.whole.data());
  const Handle<ASN1_OBJECT, ASN1_OBJECT_free> object(
      d2i_ASN1_OBJECT(nullptr, &p, static_cast<long>(oid.whole.size())));
  return object ? OBJ_obj2nid(object.get()) : NID_undef;
}

// SignedData (RFC 5652 section 5.1).
bool count_signed_data(ByteView content, CmsShape& shape)
{
  const auto data = take(content, V_ASN1_SEQUENCE);
  if (!data) return false;
  ByteView in = data->body;
  if (!take(in, V_ASN1_INTEGER)) return false;
  const auto digests = take(in, V_ASN1_SET);
  const auto content_info = take(in, V_ASN1_SEQUENCE);
  if (!digests || !content_info) return false;
  shape.overhead = shape.octets - content_info->whole.size();
  const auto certificates = take(in, 0, V_ASN1_CONTEXT_SPECIFIC);
  const auto crls = take(in, 1, V_ASN1_CONTEXT_SPECIFIC);
  const auto signers = take(in, V_ASN1_SET);
  if (!signers) return false;
  const auto into = [](const std::optional<Element>& set, std::size_t& n) {
    const auto found = set ? count(set->body) : std::optional<std::size_t>{0};
    n = found.value_or(0);
    return found.has_value();
  };
  return into(digests, shape.digest_algorithms) && into(certificates, shape.certificates) &&
         into(crls, shape.crls) && into(signers, shape.signer_infos);
}

// The OID that an AlgorithmIdentifier begins with.
bool read_algorithm(ByteView& in, CmsShape& shape)
{
  const auto algorithm = take(in, V_ASN1_SEQUENCE);
  if (!algorithm) return false;
  ByteView inside = algorithm->body;
  const auto oid = take(inside, V_ASN1_OBJECT);
  if (oid) shape.algorithm = nid_of(*oid);
  return oid.has_value();
}

// EnvelopedData and AuthEnvelopedData (RFC 5652 section 6.1, RFC 5083 section 2.1).
bool count_enveloped_data(ByteView content, CmsShape& shape, bool authenticated)
{
  const auto data = take(content, V_ASN1_SEQUENCE);
  if (!data) return false;
  ByteView in = data->body;
  if (!take(in, V_ASN1_INTEGER)) return false;
  static_cast<void>(take(in, 0, V_ASN1_CONTEXT_SPECIFIC));  // originatorInfo
  const auto recipients = take(in, V_ASN1_SET);
  const auto encrypted = take(in, V_ASN1_SEQUENCE);
  if (!recipients || !encrypted) return false;
  const auto n = count(recipients->body);
  if (!n) return false;
  shape.recipients = *n;
  shape.overhead = shape.octets - encrypted->whole.size();
  ByteView info = encrypted->body;
  if (!take(info, V_ASN1_OBJECT) || !read_algorithm(info, shape)) return false;
  if (!authenticated) return true;
  shape.authenticated_attributes = take(in, 1, V_ASN1_CONTEXT_SPECIFIC).has_value();
  const auto mac = take(in, V_ASN1_OCTET_STRING);
  if (mac && !mac->constructed) shape.tag_octets = mac->body.size();
  return mac.has_value();
}

// CompressedData (RFC 3274 section 1.1).
bool read_compressed_data(ByteView content, CmsShape& shape)
{
  const auto data = take(content, V_ASN1_SEQUENCE);
  if (!data) return false;
  ByteView in = data->body;
  if (!take(in, V_ASN1_INTEGER) || !read_algorithm(in, shape)) return false;
  const auto content_info = take(in, V_ASN1_SEQUENCE);
  if (!content_info) return false;
  shape.overhead = shape.octets - content_info->whole.size();
  return true;
}

bool read_content(ByteView content, CmsShape& shape)
{
  switch (shape.content_type) {
    case NID_pkcs7_signed:
      return count_signed_data(content, shape);
    case NID_pkcs7_enveloped:
      return count_enveloped_data(content, shape, false);
    case NID_id_smime_ct_authEnvelopedData:
      return count_enveloped_data(content, shape, true);
    case NID_id_smime_ct_compressedData:
      return read_compressed_data(content, shape);
    default:
      return true;
  }
}

// Of a constructed element with that many octets of content.
std::size_t sequence_size(std::size_t content)
{
  return static_cast<std::size_t>(ASN1_object_size(1, static_cast<int>(content), V_ASN1_SEQUENCE));
}

void append_header(std::string& out, int tag, int tag_class, std::size_t content)
{
  std::array<unsigned char, 16> header{};
  unsigned char* p = header.data();
  ASN1_put_object(&p, 1, static_cast<int>(content), tag, tag_class);
  out.append(reinterpret_cast<const char*>(header.data()),
             static_cast<std::size_t>(p - header.data()));
}

}  // namespace

bool has_more_elements(ByteView der, std::size_t most)
{
  for (std::size_t n = 0; !der.empty(); ++n) {
    if (n == most) return true;
    const auto h = read_header(der, static_cast<long>(der.size()));
    if (!h) return false;
    der.remove_prefix(h->header + (h->constructed ? 0 : h->length));
  }
  return false;
}

std::optional<CmsShape> cms_shape(ByteView der)
{
  CmsShape shape;
  ByteView rest = der;
  const auto info = take(rest, V_ASN1_SEQUENCE);
  if (!info) return {};
  shape.octets = info->whole.size();
  ByteView in = info->body;
  const auto type = take(in, V_ASN1_OBJECT);
  if (!type) return {};
  shape.content_type = nid_of(*type);
  const auto content = take(in, 0, V_ASN1_CONTEXT_SPECIFIC);
  if (!read_content(content ? content->body : ByteView{}, shape)) return {};
  return shape;
}

std::optional<LeanSignedData> without_certificates(ByteView der)
{
  const auto info = take(der, V_ASN1_SEQUENCE);
  if (!info || !der.empty()) return {};
  ByteView in = info->body;
  const auto type = take(in, V_ASN1_OBJECT);
  const auto content = take(in, 0, V_ASN1_CONTEXT_SPECIFIC);
  if (!type || !content || !in.empty() || nid_of(*type) != NID_pkcs7_signed) return {};
  in = content->body;
  const auto data = take(in, V_ASN1_SEQUENCE);
  if (!data || !in.empty()) return {};
  in = data->body;
  if (!take(in, V_ASN1_INTEGER) || !take(in, V_ASN1_SET) || !take(in, V_ASN1_SEQUENCE)) return {};
  const ByteView before = data->body.substr(0, data->body.size() - in.size());
  const auto set = take(in, 0, V_ASN1_CONTEXT_SPECIFIC);
  if (!set || !set->constructed) return {};
  LeanSignedData out;
  for (ByteView rest = set->body; !rest.empty();) {
    const auto one = take(rest, V_ASN1_SEQUENCE);
    if (!one) return {};
    out.certificates.push_back(one->whole);
  }
  const std::size_t data_size = before.size() + in.size();
  const std::size_t content_size = sequence_size(data_size);
  append_header(out.der, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL,
                type->whole.size() + sequence_size(content_size));
  out.der += type->whole;
  append_header(out.der, 0, V_ASN1_CONTEXT_SPECIFIC, content_size);
  append_header(out.der, V_ASN1_SEQUENCE, V_ASN1_UNIVERSAL, data_size);
  out.der.append(before).append(in);
  return out;
}

std::optional<ByteView> first_element(ByteView der)
{
  const auto element = take(der);
  if (!element) return {};
  return element->whole;
}

std::optional<ByteView> subject_of_certificate(ByteView der)
{
  for (int level = 0; level < 2; ++level) {  // Certificate, TBSCertificate
    const auto h = read_header(der, 1L << 30);
    if (!h || h->tag != V_ASN1_SEQUENCE || h->indefinite) return {};
    der.remove_prefix(h->header);
  }
  static_cast<void>(take(der, 0, V_ASN1_CONTEXT_SPECIFIC));  // version
  if (!take(der, V_ASN1_INTEGER)) return {};                 // serialNumber
  for (int i = 0; i < 3; ++i)                                // signature, issuer, validity
    if (!take(der, V_ASN1_SEQUENCE)) return {};
  const auto subject = take(der, V_ASN1_SEQUENCE);
  if (!subject) return {};
  return subject->whole;
}

}  // namespace imip::crypto
