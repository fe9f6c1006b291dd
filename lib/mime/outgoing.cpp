#include "mime/detail/outgoing.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/mail_address.hpp"
#include "base/text.hpp"
#include "mime/detail/gmime_ref.hpp"
#include "mime/detail/header_value.hpp"
#include "mime/detail/transfer.hpp"

namespace imip::mime::detail {

namespace {

constexpr std::size_t max_line = 998;

Result<std::string> clean_text(std::string_view what, std::string_view value)
{
  if (!text::is_utf8(value)) return err(Errc::BadValue, cat(what, ": not UTF-8"));
  std::string out(value);
  std::replace(out.begin(), out.end(), '\t', ' ');
  const bool control = std::any_of(out.begin(), out.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  if (control)
    return err(Errc::BadValue, cat(what, ": contains a line break or control character"));
  return std::string(text::trim(out));
}

// What looks like an encoded word is one to who reads it: so it is encoded itself (RFC 2047 section
// 5), which GMime does only with what is not ASCII.
std::string as_words(const std::string& value)
{
  constexpr std::size_t most = 39;  // octets: a word of 64, which has room beside the name of the field
  if (value.find("=?") == std::string::npos) return value;
  std::string out;
  for (std::size_t from = 0; from < value.size();) {
    std::size_t to = std::min(from + most, value.size());
    while (to < value.size() && (static_cast<unsigned char>(value[to]) & 0xC0U) == 0x80U) --to;
    const std::string base64 = encode_base64(value.substr(from, to - from));
    out += cat(out.empty() ? "" : " ", "=?utf-8?B?", text::trim(base64), "?=");
    from = to;
  }
  return out;
}

Result<void> add_mailbox(GMimeMessage* message, GMimeAddressType type, std::string_view what,
                         const Mailbox& mailbox)
{
  IMIP_TRY(const std::string name, clean_text(cat(what, " name"), mailbox.name));
  IMIP_TRY(const CalAddress address, CalAddress::from_mailbox(mailbox.address));
  const std::string spec = address.mailbox();
  if (!std::all_of(spec.begin(), spec.end(), [](char c) { return c > ' ' && c <= '~'; }))
    return err(Errc::BadValue, cat(what, " ", spec, ": not an ASCII address"),
               "mail to an internationalised local part cannot be sent as 7-bit");
  const std::string words = as_words(name);
  g_mime_message_add_mailbox(message, type, words.empty() ? nullptr : words.c_str(), spec.c_str());
  return {};
}

std::string raw_field(GMimeMessage* message, const char* name)
{
  GMimeHeaderList* list = g_mime_object_get_header_list(GMIME_OBJECT(message));
  GMimeHeader* header = g_mime_header_list_get_header(list, name);
  const char* value = header ? g_mime_header_get_raw_value(header) : nullptr;
  if (value == nullptr) return {};
  std::string out = cat(name, ":", value);
  if (out.back() != '\n') out += '\n';
  return out;
}

std::string from_gmime(char* encoded)
{
  const GText owned(encoded);
  std::string out(text::trim(text_of(owned)));
  return out + "\n";
}

}  // namespace

bool is_transport_safe(ByteView lines)
{
  while (!lines.empty()) {
    const auto lf = lines.find('\n');
    const ByteView line = lines.substr(0, lf);
    lines = lf == ByteView::npos ? ByteView() : lines.substr(lf + 1);
    if (line.size() > max_line || line.substr(0, 5) == "From ") return false;
    if (!line.empty() && (line.back() == ' ' || line.back() == '\t')) return false;
    const bool plain = std::all_of(line.begin(), line.end(), [](char c) {
      return static_cast<unsigned char>(c) < 0x80 && c != '\0' && c != '\r';
    });
    if (!plain) return false;
  }
  return true;
}

std::string boundary_for(std::string_view seed, std::string_view label, ByteView content)
{
  for (int round = 0;; ++round) {
    const std::string hash = sha256_hex(cat(seed, '\n', label, '\n', round)).substr(0, 32);
    std::string boundary = cat("=_", hash, "_=");
    if (content.find(boundary) == ByteView::npos) return boundary;
  }
}

bool is_token(std::string_view s)
{
  constexpr std::string_view specials = "()<>@,;:\\\"/[]?=";
  return !s.empty() && std::all_of(s.begin(), s.end(), [&](char c) {
    return c > ' ' && c <= '~' && specials.find(c) == std::string_view::npos;
  });
}

std::string to_lf(std::string_view s)
{
  std::string out;
  out.reserve(s.size());
  for (std::size_t i = 0; i < s.size(); ++i)
    if (s[i] != '\r' || i + 1 >= s.size() || s[i + 1] != '\n') out += s[i];
  return out;
}

std::string multipart(std::string_view subtype, std::string_view parameters,
                      const std::vector<std::string>& parts, std::string_view seed,
                      std::string_view preamble)
{
  std::string all;
  for (const std::string& part : parts) all += part;
  const std::string boundary = boundary_for(seed, subtype, all);
  std::string out = cat("Content-Type: multipart/", subtype, ";", parameters, "\n boundary=\"",
                        boundary, "\"\n\n", preamble);
  for (const std::string& part : parts) out += cat("--", boundary, "\n", part, "\n");
  return cat(out, "--", boundary, "--\n");
}

std::string encode_content_type(const std::string& type, const std::string& subtype,
                                const std::string& name)
{
  use_gmime();
  const GRef<GMimeContentType> value(g_mime_content_type_new(type.c_str(), subtype.c_str()));
  if (!name.empty()) g_mime_content_type_set_parameter(value.get(), "name", name.c_str());
  return from_gmime(g_mime_content_type_encode(value.get(), nullptr));
}

std::string encode_attachment(const std::string& file_name)
{
  use_gmime();
  const GRef<GMimeContentDisposition> value(g_mime_content_disposition_new());
  g_mime_content_disposition_set_disposition(value.get(), "attachment");
  if (!file_name.empty())
    g_mime_content_disposition_set_parameter(value.get(), "filename", file_name.c_str());
  return from_gmime(g_mime_content_disposition_encode(value.get(), nullptr));
}

std::string reencode_parameters(std::string_view field_name, ByteView raw)
{
  use_gmime();
  const std::string value = unfold(raw);
  if (text::ascii_iequal(field_name, "content-type")) {
    const GRef<GMimeContentType> parsed(g_mime_content_type_parse(nullptr, value.c_str()));
    return from_gmime(g_mime_content_type_encode(parsed.get(), nullptr));
  }
  const GRef<GMimeContentDisposition> parsed(
      g_mime_content_disposition_parse(nullptr, value.c_str()));
  return from_gmime(g_mime_content_disposition_encode(parsed.get(), nullptr));
}

std::string encode_unstructured(std::string_view name, ByteView raw)
{
  use_gmime();
  const GText encoded(g_mime_utils_header_encode_text(nullptr, unfold(raw).c_str(), nullptr));
  const GText folded(g_mime_utils_unstructured_header_fold(
      nullptr, nullptr, cat(name, ": ", text_of(encoded), "\n").c_str()));
  return text_of(folded).substr(name.size() + 1);
}

Result<std::string> address_and_subject_fields(const OutgoingMail& mail)
{
  use_gmime();
  const GRef<GMimeMessage> message(g_mime_message_new(FALSE));
  IMIP_CHECK(add_mailbox(message.get(), GMIME_ADDRESS_TYPE_FROM, "from", mail.from));
  if (mail.sender)
    IMIP_CHECK(add_mailbox(message.get(), GMIME_ADDRESS_TYPE_SENDER, "sender", *mail.sender));
  if (mail.to.empty()) return err(Errc::BadValue, "mail: nobody to send it to");
  for (const Mailbox& to : mail.to)
    IMIP_CHECK(add_mailbox(message.get(), GMIME_ADDRESS_TYPE_TO, "to", to));
  IMIP_TRY(const std::string subject, clean_text("subject", mail.subject));
  if (!subject.empty())
    g_mime_message_set_subject(message.get(), as_words(subject).c_str(), "utf-8");
  std::string out;
  for (const char* name : {"From", "Sender", "To", "Subject"})
    out += raw_field(message.get(), name);
  return out;
}

}  // namespace imip::mime::detail
