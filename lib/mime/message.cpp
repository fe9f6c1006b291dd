#include "mime/message.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "mime/detail/defects.hpp"
#include "mime/detail/gmime_ref.hpp"
#include "mime/detail/scan.hpp"
#include "mime/detail/transfer.hpp"

namespace imip::mime {

namespace {

using detail::Kind;
using detail::RawEntity;
using detail::RawHeader;

// Length of a leading mbox From_ line.
std::size_t mbox_line(ByteView octets)
{
  if (octets.substr(0, 5) != "From ") return 0;
  const auto lf = octets.find('\n');
  return lf == ByteView::npos ? octets.size() : lf + 1;
}

/// RFC 9051 section 6.4.5.1. A multipart that is a message's whole body has no number of its own:
/// there it is called "TEXT", as IMAP calls its octets.
std::string part_number(const std::vector<RawEntity>& raw, const std::vector<Node>& nodes,
                        std::size_t index)
{
  const bool multipart = raw[index].kind == Kind::Multipart;
  const std::size_t parent = raw[index].parent;
  if (parent == no_node) return multipart ? "TEXT" : "1";
  const std::string& above = nodes[parent].part;
  const bool counted =
      above != "TEXT" && (above.size() < 5 || above.substr(above.size() - 5) != ".TEXT");
  const std::string prefix =
      counted ? above + "." : above.substr(0, above.size() - std::string_view("TEXT").size());
  if (raw[parent].kind == Kind::Message) return prefix + (multipart ? "TEXT" : "1");
  const auto& siblings = raw[parent].children;
  const auto place = std::find(siblings.begin(), siblings.end(), index) - siblings.begin();
  return cat(prefix, place + 1);
}

Node make_node(const std::vector<RawEntity>& raw, const std::vector<Node>& nodes, std::size_t index)
{
  const RawEntity& entity = raw[index];
  Node node;
  node.parent = entity.parent;
  node.children = entity.children;
  node.part = part_number(raw, nodes, index);
  node.media_type = entity.type.media_type();
  node.parameters = entity.type.parameters;
  node.encoding = entity.encoding;
  node.whole = entity.whole;
  node.body = entity.body;
  if (const auto* field = entity.header.find("content-disposition")) {
    const auto disposition = detail::parse_disposition(field->value);
    node.disposition = disposition.type;
    if (const auto* name = disposition.parameter("filename")) node.file_name = *name;
  }
  if (node.file_name.empty() && node.parameter("name") != nullptr)
    node.file_name = *node.parameter("name");
  node.defects = detail::header_defects(entity);
  return node;
}

std::vector<std::string> addresses(const RawHeader& header, std::string_view name)
{
  std::vector<std::string> out;
  for (const auto& field : header.fields) {
    if (!text::ascii_iequal(field.name, name)) continue;
    auto some = detail::decode_addresses(field.value);
    std::move(some.begin(), some.end(), std::back_inserter(out));
  }
  return out;
}

Envelope make_envelope(const RawHeader& header)
{
  const auto decoded = [&](std::string_view name) {
    const auto* field = header.find(name);
    return field ? detail::decode_text(field->value) : std::string();
  };
  const auto plain = [&](std::string_view name) {
    const auto* field = header.find(name);
    return field ? detail::unfold(field->value) : std::string();
  };
  Envelope out;
  out.from = addresses(header, "from");
  out.sender = addresses(header, "sender");
  out.reply_to = addresses(header, "reply-to");
  out.to = addresses(header, "to");
  out.cc = addresses(header, "cc");
  out.bcc = addresses(header, "bcc");
  out.resent_to = addresses(header, "resent-to");
  for (std::string& copy : addresses(header, "resent-cc")) out.resent_to.push_back(std::move(copy));
  out.resent_bcc = addresses(header, "resent-bcc");
  out.subject = decoded("subject");
  out.message_id = plain("message-id");
  if (out.message_id.size() > 2 && out.message_id.front() == '<' && out.message_id.back() == '>')
    out.message_id = out.message_id.substr(1, out.message_id.size() - 2);
  out.in_reply_to = plain("in-reply-to");
  out.references = plain("references");
  out.date = plain("date");
  out.auto_submitted = plain("auto-submitted");
  out.precedence = plain("precedence");
  out.list_id = plain("list-id");
  for (const char* trace : {"received", "return-path", "delivered-to"})
    out.delivered = out.delivered || header.find(trace) != nullptr;
  return out;
}

}  // namespace

const std::string* Node::parameter(std::string_view name) const
{
  const auto it = std::find_if(parameters.begin(), parameters.end(),
                               [&](const Parameter& p) { return p.name == name; });
  return it == parameters.end() ? nullptr : &it->value;
}

Envelope Message::envelope_of(std::size_t node) const
{
  if (node >= nodes_.size() || nodes_[node].children.empty()) return {};
  const Slice inner = nodes_[nodes_[node].children.front()].whole;
  if (inner.end() > octets_.size()) return {};  // they were forgotten
  Limits limits;  // it was within the policy's when the message was parsed
  limits.header_bytes = limits.header_field_bytes = octets_.size();
  const auto header = detail::scan_header(octets_, inner.offset, inner.end(), limits);
  return header ? make_envelope(*header) : Envelope{};
}

Result<std::string> Message::decoded(std::size_t node, std::size_t limit,
                                     std::string_view key) const
{
  if (node >= nodes_.size()) return err(Errc::Internal, cat("no MIME part number ", node));
  return detail::decode_transfer(nodes_[node].body.of(octets_), nodes_[node].encoding, limit, key);
}

Result<Message> parse_message(std::string octets, const Limits& limits)
{
  if (octets.empty()) return err(Errc::BadMime, "message: empty", "give the whole mail, header and all");
  if (octets.size() > limits.message_bytes)
    return err(Errc::TooLarge, cat("message: more than ", limits.message_bytes, " octets (limit message-bytes)"));
  Message message;
  message.octets_ = std::move(octets);
  const ByteView view = message.octets_;
  const std::size_t begin = mbox_line(view);
  IMIP_TRY(const RawHeader first, detail::scan_header(view, begin, view.size(), limits));
  if (first.fields.empty() || first.fields.front().offset != begin)
    return err(Errc::BadMime, "message: does not begin with a header",
               "an e-mail message as received is needed, not its text");
  IMIP_CHECK(detail::guard_parser(view));
  IMIP_TRY(const auto raw, detail::scan_entities(view, begin, limits));
  message.nodes_.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i)
    message.nodes_.push_back(make_node(raw, message.nodes_, i));
  detail::compare_with_gmime(view, begin, limits, raw, message.nodes_);
  message.envelope_ = make_envelope(raw.front().header);
  return message;
}

bool looks_like_calendar(ByteView octets)
{
  if (octets.substr(0, 3) == "\xEF\xBB\xBF") octets.remove_prefix(3);
  octets = octets.substr(0, 4096);
  const auto first = octets.find_first_not_of(" \t\r\n");
  if (first == ByteView::npos) return false;
  constexpr std::string_view begin = "BEGIN:VCALENDAR";
  const ByteView rest = octets.substr(first);
  return text::ascii_iequal(rest.substr(0, begin.size()), begin) &&
         (rest.size() == begin.size() || text::trim(rest.substr(begin.size(), 1)).empty());
}

}  // namespace imip::mime
