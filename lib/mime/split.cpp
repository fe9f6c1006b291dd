// split_for_signing: what stays outside the signature, and an entity that no mail server changes.
#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "mime/compose.hpp"
#include "mime/detail/outgoing.hpp"
#include "mime/detail/scan.hpp"
#include "mime/detail/transfer.hpp"
#include "mime/message.hpp"
#include "mime/protect.hpp"

namespace imip::mime {

namespace {

using detail::Kind;
using detail::RawEntity;
using detail::RawField;

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
             detail::decode_transfer(body, entity.encoding, Limits{}.decoded_bytes, "decoded-bytes"));
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

/// Why nobody may sign this part alone; empty: one may.
std::string_view obstacle(const std::vector<RawEntity>& raw, std::size_t node)
{
  for (std::size_t at = raw[node].parent; at != no_node; at = raw[at].parent) {
    if (raw[at].kind == Kind::Message) return "is inside a forwarded message";
    if (raw[at].type.media_type() == "multipart/signed") return "is signed already";
  }
  return {};
}

/// @errors Errc::Refused
Result<std::size_t> calendar_node(const std::vector<RawEntity>& raw)
{
  std::size_t found = no_node;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i].type.media_type() != "text/calendar") continue;
    if (found != no_node)
      return err(Errc::Refused, "mail: has more than one text/calendar part",
                 "sign all of it: --layout outer");
    found = i;
  }
  if (found == no_node)
    return err(Errc::Refused, "mail: has no text/calendar part to sign",
               "sign all of it: --layout outer");
  if (const auto why = obstacle(raw, found); !why.empty())
    return err(Errc::Refused, cat("mail: its text/calendar part ", why),
               "sign all of it: --layout outer");
  return found;
}

SplitMail outer(const RawEntity& root)
{
  SplitMail out;
  for (const RawField& field : root.header.fields) {
    if (is_content_field(field.name)) continue;
    out.before += cat(field.name, ":", field.value);
    if (out.before.back() != '\n') out.before += '\n';
  }
  return out;
}

SplitMail inner(const std::string& octets, const RawEntity& root, const RawEntity& calendar)
{
  SplitMail out;
  const std::size_t header_end = root.whole.offset + root.header.size;
  out.before = octets.substr(0, header_end);
  if (!root.header.find("mime-version")) out.before += "MIME-Version: 1.0\n";
  out.before += octets.substr(header_end, calendar.whole.offset - header_end);
  out.after = octets.substr(calendar.whole.end());
  return out;
}

}  // namespace

Result<SplitMail> split_for_signing(const std::string& mail, Layout layout)
{
  std::string octets = detail::to_lf(mail);
  if (octets.compare(0, 5, "From ") == 0) octets.erase(0, octets.find('\n') + 1);
  const Limits limits;
  IMIP_TRY(const Message message, parse_message(octets, limits));  // all guards, all defects
  for (const Node& node : message.nodes())
    for (const Reason& reason : node.defects)
      if (reason.code == Code::SpanDisagrees || reason.code == Code::AmbiguousHeader)
        return err(Errc::BadMime, cat("mail: part ", node.part, ": ", reason.text),
                   "nobody could tell what a signature over it covers");
  IMIP_TRY(const auto raw, detail::scan_entities(octets, 0, limits));
  std::size_t node = 0;
  if (layout == Layout::Inner) {
    IMIP_TRY(node, calendar_node(raw));
  }
  if (node != 0) {
    SplitMail out = inner(octets, raw.front(), raw[node]);
    IMIP_TRY(out.entity, Rewriter(octets, raw).entity(node, [](ByteView) { return true; }));
    IMIP_CHECK(check_same_tree(join(out, out.entity), raw, limits));
    return out;
  }
  SplitMail out = outer(raw.front());
  const auto inside = [](ByteView name) {
    return is_content_field(name) && !text::ascii_iequal(name, "content-length");
  };
  IMIP_TRY(out.entity, Rewriter(octets, raw).entity(0, inside));
  IMIP_CHECK(check_same_tree(out.entity, raw, limits));
  return out;
}

}  // namespace imip::mime
