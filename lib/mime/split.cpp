// split_for_signing: what stays outside the signature, and an entity that no mail server changes.
#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "mime/compose.hpp"
#include "mime/detail/outgoing.hpp"
#include "mime/detail/scan.hpp"
#include "mime/detail/transfer.hpp"
#include "mime/message.hpp"

namespace imip::mime {

namespace {

using detail::Kind;
using detail::RawEntity;
using detail::RawField;

std::string to_lf(std::string_view s)
{
  std::string out;
  out.reserve(s.size());
  for (std::size_t i = 0; i < s.size(); ++i)
    if (s[i] != '\r' || i + 1 >= s.size() || s[i + 1] != '\n') out += s[i];
  return out;
}

bool is_content_field(ByteView name)
{
  return text::ascii_iequal(name.substr(0, 8), "content-");
}

bool is_ascii(ByteView s)
{
  return std::all_of(s.begin(), s.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Copies entities out, re-encoding those that are not safe to transport.
class Rewriter {
 public:
  Rewriter(ByteView octets, const std::vector<RawEntity>& raw) : octets_(octets), raw_(raw) {}

  /// Fields that `keep` says, empty line, body. @errors Errc::BadMime
  template <typename Keep>
  Result<std::string> entity(std::size_t index, Keep keep)
  {
    const RawEntity& entity = raw_[index];
    IMIP_TRY(const Body body, body_of(index));
    std::string out;
    bool encoded = false;
    for (const RawField& field : entity.header.fields) {
      if (!keep(field.name)) continue;
      const bool is_encoding = text::ascii_iequal(field.name, "content-transfer-encoding");
      if (is_encoding && !body.encoding.empty()) {
        if (!encoded) out += cat(field.name, ": ", body.encoding, "\n");
        encoded = true;
      } else {
        out += field_text(field);
      }
    }
    if (!entity.header.find("content-type") && raw_[index].parent == no_node)
      out += "Content-Type: text/plain; charset=US-ASCII\n";
    if (!encoded && !body.encoding.empty() && body.encoding != "7bit")
      out += cat("Content-Transfer-Encoding: ", body.encoding, "\n");
    return cat(out, "\n", body.octets);
  }

 private:
  struct Body {
    std::string octets;
    std::string encoding;  ///< new one; empty: the old one stands
  };

  [[nodiscard]] static std::string field_text(const RawField& field)
  {
    std::string raw = cat(field.name, ":", field.value);
    if (raw.back() != '\n') raw += '\n';
    if (detail::is_transport_safe(raw)) return raw;
    if (!is_ascii(raw) && (text::ascii_iequal(field.name, "content-type") ||
                           text::ascii_iequal(field.name, "content-disposition")))
      return cat(field.name, ": ", detail::reencode_parameters(field.name, field.value));
    return cat(field.name, ":", detail::encode_unstructured(field.name, field.value));
  }

  Result<Body> body_of(std::size_t index)
  {
    const RawEntity& entity = raw_[index];
    const ByteView body = entity.body.of(octets_);
    if (detail::is_transport_safe(body)) return Body{std::string(body), ""};
    if (entity.kind == Kind::Leaf) return leaf(entity, body);
    if (entity.type.media_type() == "multipart/signed") {
      // what is signed inside must not be touched; a blank at a line's end is the smaller risk
      if (is_ascii(body)) return Body{std::string(body), ""};
      return err(Errc::BadMime,
                 "mail: a signed part inside is not 7-bit, a signature around it would break",
                 "sign the mail before it is signed otherwise, or send the part as base64");
    }
    Body out;
    if (entity.header.find("content-transfer-encoding")) out.encoding = "7bit";
    if (entity.kind == Kind::Message) {
      IMIP_TRY(out.octets, this->entity(entity.children.front(), [](ByteView) { return true; }));
      return out;
    }
    IMIP_CHECK(multipart(entity, out.octets));
    return out;
  }

  static Result<Body> leaf(const RawEntity& entity, ByteView body)
  {
    Body out;
    const bool encoded = entity.encoding == "base64" || entity.encoding == "quoted-printable";
    IMIP_TRY(const std::string plain,
             detail::decode_transfer(body, entity.encoding, Limits{}.decoded_bytes));
    const bool text = entity.type.type == "text" && entity.type.subtype != "calendar";
    if (text && !encoded && plain.find_first_of(std::string_view("\r\0", 2)) == std::string::npos) {
      out.octets = detail::encode_quoted_printable(plain);
      out.encoding = "quoted-printable";
    } else {  // the octets of an unencoded part in a mail have CRLF line ends
      out.octets = detail::encode_base64(encoded ? plain : to_crlf(plain));
      out.encoding = "base64";
    }
    return out;
  }

  /// Delimiter lines stay (without blanks at their ends), preamble and epilogue only if they are
  /// safe.
  Result<void> multipart(const RawEntity& entity, std::string& out)
  {
    const std::string* boundary = entity.type.parameter("boundary");
    const std::string delimiter = cat("--", boundary ? *boundary : "");
    for (const std::size_t child : entity.children) {
      out += cat(delimiter, "\n");
      IMIP_TRY(const std::string part, this->entity(child, [](ByteView) { return true; }));
      out += cat(part, "\n");
    }
    out += cat(delimiter, "--\n");
    return {};
  }

  ByteView octets_;
  const std::vector<RawEntity>& raw_;
};

/// Is the rewritten entity the same tree as before?
Result<void> check_same_tree(const std::string& entity, const std::vector<RawEntity>& before,
                             const Limits& limits)
{
  IMIP_TRY(const auto after, detail::scan_entities(entity, 0, limits));
  const bool same = std::equal(after.begin(), after.end(), before.begin(), before.end(),
                               [](const RawEntity& a, const RawEntity& b) {
                                 return a.type.media_type() == b.type.media_type() &&
                                        a.children == b.children && a.ambiguous == b.ambiguous;
                               });
  if (!same) return err(Errc::BadMime, "mail: cannot be made 7-bit without changing its structure");
  return {};
}

}  // namespace

Result<SplitMail> split_for_signing(const std::string& mail)
{
  std::string octets = to_lf(mail);
  if (octets.compare(0, 5, "From ") == 0) octets.erase(0, octets.find('\n') + 1);
  const Limits limits;
  IMIP_TRY(const Message message, parse_message(octets, limits));  // all guards, all defects
  for (const Node& node : message.nodes())
    for (const Reason& reason : node.defects)
      if (reason.code == Code::SpanDisagrees || reason.code == Code::AmbiguousHeader)
        return err(Errc::BadMime, cat("mail: part ", node.part, ": ", reason.text),
                   "nobody could tell what a signature over it covers");
  IMIP_TRY(const auto raw, detail::scan_entities(octets, 0, limits));
  SplitMail out;
  for (const RawField& field : raw.front().header.fields) {
    if (is_content_field(field.name)) continue;
    out.headers += cat(field.name, ":", field.value);
    if (out.headers.back() != '\n') out.headers += '\n';
  }
  const auto inside = [](ByteView name) {
    return is_content_field(name) && !text::ascii_iequal(name, "content-length");
  };
  IMIP_TRY(out.entity, Rewriter(octets, raw).entity(0, inside));
  IMIP_CHECK(check_same_tree(out.entity, raw, limits));
  return out;
}

}  // namespace imip::mime
