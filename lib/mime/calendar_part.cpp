#include "mime/calendar_part.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "mime/detail/defects.hpp"
#include "mime/detail/gmime_ref.hpp"
#include "mime/detail/transfer.hpp"

namespace imip::mime {

namespace {

using detail::add_defect;

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names)
{
  return std::find(names.begin(), names.end(), name) != names.end();
}

bool is_ascii(std::string_view s)
{
  return std::all_of(s.begin(), s.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Octets that are no UTF-8, made into something that can be shown: each bad one becomes U+FFFD.
std::string shown_utf8(const std::string& octets)
{
  const detail::GText text(g_utf8_make_valid(octets.data(), static_cast<gssize>(octets.size())));
  return detail::text_of(text);
}

std::string latin1_to_utf8(const std::string& octets)
{
  gsize written = 0;
  const detail::GText text(g_convert(octets.data(), static_cast<gssize>(octets.size()), "UTF-8",
                                     "ISO-8859-1", nullptr, &written, nullptr));
  return text ? std::string(text.get(), written) : shown_utf8(octets);
}

/// RFC 6047 section 2.4: UTF-8. US-ASCII is part of it, ISO-8859-1 is tolerated (itip.md).
void decode_charset(const Node& node, std::string octets, CalendarPart& part)
{
  const std::string* given = node.parameter("charset");
  const std::string charset = given ? text::ascii_lower(text::trim(*given)) : "utf-8";
  if (is_one_of(charset, {"iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "l1"})) {
    part.text = latin1_to_utf8(octets);
    return;
  }
  const bool ascii_only = is_one_of(charset, {"us-ascii", "ascii", "ansi_x3.4-1968"});
  const bool known = ascii_only || is_one_of(charset, {"utf-8", "utf8"});
  if (octets.compare(0, 3, "\xEF\xBB\xBF") == 0) octets.erase(0, 3);
  const bool utf8 = text::is_utf8(octets);
  if (!known)
    add_defect(part.defects, Code::BadCharset,
               cat("part ", node.part, ": charset ", charset, " is not allowed for a calendar"));
  else if (!utf8 || (ascii_only && !is_ascii(octets)))
    add_defect(part.defects, Code::BadCharset,
               cat("part ", node.part, ": its octets are not ", charset));
  part.text = utf8 ? std::move(octets) : shown_utf8(octets);
}

std::optional<std::string> upper_parameter(const Node& node, std::string_view name)
{
  const std::string* value = node.parameter(name);
  if (value == nullptr) return std::nullopt;
  const auto trimmed = text::trim(*value);
  if (trimmed.empty()) return std::nullopt;
  return text::ascii_upper(trimmed);
}

Result<CalendarPart> read_part(const Message& message, std::size_t index, const Limits& limits)
{
  const Node& node = message.nodes()[index];
  CalendarPart part;
  part.node = index;
  part.part = node.part;
  part.method = upper_parameter(node, "method");
  part.component = upper_parameter(node, "component");
  part.attachment = node.disposition == "attachment";
  part.defects = detail::inherited_defects(message, index);
  part.place = place_of(message, index);
  if (node.encoding == "base64" && !detail::is_clean_base64(node.body.of(message.octets())))
    add_defect(part.defects, Code::BadTransferEncoding,
               cat("part ", node.part, ": its base64 lacks its end (=), or other text is in or behind it"));
  if (node.encoding == "quoted-printable" &&
      !detail::is_clean_quoted_printable(node.body.of(message.octets())))
    add_defect(part.defects, Code::BadTransferEncoding,
               cat("part ", node.part, ": its quoted-printable has a \"=\" that stands for nothing"));
  IMIP_TRY(auto octets, message.decoded(index, limits.calendar_bytes, "calendar-bytes"));
  decode_charset(node, std::move(octets), part);
  return part;
}

}  // namespace

Place place_of(const Message& message, std::size_t node)
{
  Place out;
  for (std::size_t i = message.nodes()[node].parent; i != no_node; i = message.nodes()[i].parent) {
    const std::string& type = message.nodes()[i].media_type;
    if (type == "multipart/alternative") out.alternative = i;
    if (type == "multipart/report") out.in_report = true;
    if (type.compare(0, 8, "message/") == 0) out.in_forwarded = true;
  }
  return out;
}

Result<std::vector<CalendarPart>> calendar_parts(const Message& message, const Limits& limits)
{
  std::vector<CalendarPart> out;
  for (std::size_t i = 0; i < message.nodes().size(); ++i) {
    if (message.nodes()[i].media_type != "text/calendar") continue;
    IMIP_TRY(auto part, read_part(message, i, limits));
    out.push_back(std::move(part));
  }
  return out;
}

}  // namespace imip::mime
