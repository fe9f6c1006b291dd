#include "mime/detail/defects.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "mime/detail/gmime_ref.hpp"

namespace imip::mime::detail {

namespace {

bool is_identity_encoding(std::string_view encoding)
{
  return encoding == "7bit" || encoding == "8bit" || encoding == "binary";
}

bool header_is_ambiguous(const RawEntity& entity)
{
  return entity.header.junk || entity.header.control || entity.type.ambiguous ||
         entity.header.count("content-type") > 1 ||
         entity.header.count("content-transfer-encoding") > 1;
}

constexpr std::string_view two_readings =
    "content-type has a parameter twice, or can be read in two ways";

/// What GMime saw at one place, compared with the scan: offsets, kinds, and the values that were
/// not compared when they were read.
class Comparison {
 public:
  Comparison(const std::vector<RawEntity>& raw, std::vector<Node>& nodes, std::size_t begin)
      : raw_(raw), nodes_(nodes), begin_(static_cast<std::int64_t>(begin))
  {
  }

  void whole(GMimeObject* root) { entity(root, offsets(root), 0); }

 private:
  void message(GMimeMessage* message, std::size_t index)
  {
    GMimeObject* part = g_mime_message_get_mime_part(message);
    if (part == nullptr) return differ(index, "no body");
    std::vector<std::int64_t> fields = offsets(GMIME_OBJECT(message));
    for (const auto offset : offsets(part)) fields.push_back(offset);
    entity(part, std::move(fields), index);
  }

  void differ(std::size_t index, std::string_view what)
  {
    add_defect(nodes_[index].defects, Code::SpanDisagrees,
               cat("part ", nodes_[index].part, ": two ways to read its structure disagree (", what,
                   "), so nobody is taken to have signed it"));
  }

  std::vector<std::int64_t> offsets(GMimeObject* object) const
  {
    std::vector<std::int64_t> out;
    GMimeHeaderList* list = g_mime_object_get_header_list(object);
    for (int i = 0; i < g_mime_header_list_get_count(list); ++i)
      out.push_back(g_mime_header_get_offset(g_mime_header_list_get_header_at(list, i)) + begin_);
    return out;
  }

  void entity(GMimeObject* object, std::vector<std::int64_t> fields, std::size_t index)
  {
    const RawEntity& raw = raw_[index];
    std::sort(fields.begin(), fields.end());
    const auto same = [](std::int64_t offset, const RawField& field) {
      return offset == static_cast<std::int64_t>(field.offset);
    };
    if (!std::equal(fields.begin(), fields.end(), raw.header.fields.begin(),
                    raw.header.fields.end(), same))
      differ(index, "header fields");
    if (raw.type.unconfirmed && !agrees(raw.type, g_mime_object_get_content_type(object)))
      add_defect(nodes_[index].defects, Code::AmbiguousHeader, std::string(two_readings));
    if (GMIME_IS_MULTIPART(object))
      multipart(GMIME_MULTIPART(object), index);
    else if (GMIME_IS_MESSAGE_PART(object))
      forwarded(g_mime_message_part_get_message(GMIME_MESSAGE_PART(object)), index);
    else if (raw.kind != Kind::Leaf)
      differ(index, "its kind");
    else
      leaf(object, index);
  }

  void multipart(GMimeMultipart* multipart, std::size_t index)
  {
    if (raw_[index].kind != Kind::Multipart) return differ(index, "its kind");
    const auto& children = raw_[index].children;
    const auto count = static_cast<std::size_t>(std::max(0, g_mime_multipart_get_count(multipart)));
    if (count != children.size()) return differ(index, "number of parts");
    for (std::size_t i = 0; i < count; ++i) {
      GMimeObject* child = g_mime_multipart_get_part(multipart, static_cast<int>(i));
      entity(child, offsets(child), children[i]);
    }
  }

  void forwarded(GMimeMessage* inner, std::size_t index)
  {
    if (raw_[index].kind != Kind::Message) return differ(index, "its kind");
    const auto& children = raw_[index].children;
    if ((inner == nullptr) != children.empty()) return differ(index, "number of parts");
    if (inner != nullptr) message(inner, children.front());
  }

  void leaf(GMimeObject* object, std::size_t index)
  {
    const Slice body = raw_[index].body;
    GMimeDataWrapper* content =
        GMIME_IS_PART(object) ? g_mime_part_get_content(GMIME_PART(object)) : nullptr;
    GMimeStream* stream = content ? g_mime_data_wrapper_get_stream(content) : nullptr;
    if (stream == nullptr) {
      if (body.size > 0) differ(index, "body");
      return;
    }
    // a part that is cut off before its body has no first octet: GMime then gives any place
    if (body.size == 0 && stream->bound_end <= stream->bound_start) return;
    if (stream->bound_start + begin_ != static_cast<std::int64_t>(body.offset) ||
        !same_end(stream->bound_end + begin_, raw_[index]))
      differ(index, "body");
  }

  /// GMime takes the line end before a delimiter to be as long as the delimiter's own (mixed line
  /// ends), so what must agree is where the delimiter is.
  static bool same_end(std::int64_t end, const RawEntity& raw)
  {
    if (end == static_cast<std::int64_t>(raw.body.end())) return true;
    const std::int64_t before = static_cast<std::int64_t>(raw.limit) - end;
    return raw.limit > raw.body.end() && (before == 1 || before == 2);
  }

  const std::vector<RawEntity>& raw_;
  std::vector<Node>& nodes_;
  std::int64_t begin_;
};

}  // namespace

void add_defect(std::vector<Reason>& defects, Code code, std::string text)
{
  const bool there =
      std::any_of(defects.begin(), defects.end(), [&](const Reason& r) { return r.code == code; });
  if (!there) defects.push_back({code, std::move(text)});
}

std::vector<Reason> header_defects(const RawEntity& entity)
{
  std::vector<Reason> out;
  const auto ambiguous = [&](std::string text) {
    add_defect(out, Code::AmbiguousHeader, std::move(text));
  };
  constexpr std::array<std::string_view, 3> single = {"content-type", "content-transfer-encoding",
                                                      "content-disposition"};
  for (const auto name : single)
    if (entity.header.count(name) > 1) ambiguous(cat("the header has ", name, " more than once"));
  if (entity.type.ambiguous)
    ambiguous(std::string(two_readings));
  if (entity.header.control) ambiguous("the header contains NUL or another control character");
  if (entity.header.junk) ambiguous("the header has a line that is no header field");
  if (entity.ambiguous)
    add_defect(out, Code::SpanDisagrees,
               "the multipart can be cut into parts in more than one way");
  const bool composite = entity.type.type == "multipart" || entity.type.type == "message";
  const std::string& encoding = entity.encoding;
  const bool known =
      is_identity_encoding(encoding) || encoding == "base64" || encoding == "quoted-printable";
  if (!known || (composite && !is_identity_encoding(encoding)))
    add_defect(out, Code::BadTransferEncoding,
               cat("the transfer encoding ", encoding, " is unknown or not allowed for ",
                   entity.type.media_type()));
  else if (entity.commented_encoding)
    add_defect(out, Code::BadTransferEncoding,
               cat("the transfer encoding ", encoding,
                   " has a comment, which not every program passes over"));
  if (entity.type.type == "message" &&
      (entity.type.subtype == "partial" || entity.type.subtype == "external-body"))
    add_defect(out, Code::PartialOrExternal,
               cat(entity.type.media_type(), ": the content is not in this message"));
  return out;
}

void compare_with_gmime(ByteView octets, std::size_t begin, const Limits& limits,
                        const std::vector<RawEntity>& raw, std::vector<Node>& nodes)
{
  const bool ambiguous = std::any_of(raw.begin(), raw.end(), [](const RawEntity& e) {
    return e.ambiguous || header_is_ambiguous(e);
  });
  // GMime may then see headers or parts that the guards did not see
  if (ambiguous && octets.size() > limits.header_bytes) {
    add_defect(nodes.front().defects, Code::SpanDisagrees,
               "the message has a header that can be read in two ways and is too large to read it "
               "in both");
    return;
  }
  use_gmime();
  const ByteView rest = octets.substr(begin);
  const GRef<GMimeStream> stream(g_mime_stream_mem_new_with_buffer(rest.data(), rest.size()));
  const GRef<GMimeParser> parser(g_mime_parser_new_with_stream(stream.get()));
  g_mime_parser_set_format(parser.get(), GMIME_FORMAT_MESSAGE);
  g_mime_parser_set_persist_stream(parser.get(), TRUE);
  g_mime_parser_set_respect_content_length(parser.get(), FALSE);
  // as one more entity and not as a message: nobody asks for its addresses and its date
  const GRef<GMimeObject> root(g_mime_parser_construct_part(parser.get(), nullptr));
  if (!root) {
    add_defect(nodes.front().defects, Code::SpanDisagrees,
               "the message cannot be read a second way");
    return;
  }
  Comparison(raw, nodes, begin).whole(root.get());
}

std::vector<Reason> inherited_defects(const Message& message, std::size_t node)
{
  std::vector<Reason> out;
  for (; node != no_node; node = message.nodes()[node].parent)
    for (const Reason& reason : message.nodes()[node].defects)
      add_defect(out, reason.code, reason.text);
  return out;
}

}  // namespace imip::mime::detail
