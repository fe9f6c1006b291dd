#include "mime/compose.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "mime/detail/outgoing.hpp"
#include "mime/detail/transfer.hpp"

namespace imip::mime {

namespace {

constexpr std::size_t max_composed_line = 77;

bool is_printable(std::string_view s)
{
  return std::all_of(s.begin(), s.end(), [](char c) { return c > ' ' && c <= '~'; });
}

/// A message or content id without its "<>".
Result<std::string> check_id(std::string_view what, const std::string& id)
{
  if (id.empty() || !is_printable(id) || id.find_first_of("<>") != std::string::npos)
    return err(Errc::BadValue, cat(what, ": not an id"));
  return id;
}

/// Ids as in another message's header, one a line.
Result<std::string> id_list(std::string_view name, std::string_view ids)
{
  std::string out;
  while (!(ids = text::trim(ids)).empty()) {
    const std::string_view id = ids.substr(0, ids.find_first_of(" \t\r\n"));
    if (!is_printable(id)) return err(Errc::BadValue, cat(name, ": not a list of ids"));
    out += out.empty() ? cat(name, ": ", id, "\n") : cat(" ", id, "\n");
    ids.remove_prefix(id.size());
  }
  return out;
}

Result<std::string> file_name(std::string_view name)
{
  if (!text::is_utf8(name) || std::any_of(name.begin(), name.end(), [](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
      }))
    return err(Errc::BadValue, "attachment: file name with a control character or not UTF-8");
  return std::string(name);
}

bool lines_are_short(std::string_view s)
{
  while (s.size() > max_composed_line) {
    const auto lf = s.find('\n');
    if (lf == std::string_view::npos || lf > max_composed_line) return false;
    s.remove_prefix(lf + 1);
  }
  return true;
}

std::string text_part(const OutgoingMail& mail)
{
  std::string body = detail::to_lf(mail.text);
  if (body.empty() || body.back() != '\n') body += '\n';
  std::string out = "Content-Type: text/plain; charset=UTF-8\n";
  if (detail::is_transport_safe(body) && lines_are_short(body))
    return cat(out, "Content-Transfer-Encoding: 7bit\n\n", body);
  return cat(out, "Content-Transfer-Encoding: base64\n\n", detail::encode_base64(to_crlf(body)));
}

Result<std::string> calendar_part(const OutgoingMail& mail)
{
  if (!detail::is_token(mail.method)) return err(Errc::BadValue, "calendar: no method");
  std::string out = cat("Content-Type: text/calendar; method=", mail.method, "; charset=UTF-8");
  if (!mail.component.empty()) {
    if (!detail::is_token(mail.component)) return err(Errc::BadValue, "calendar: bad component name");
    out += cat(";\n component=", mail.component);
  }
  return cat(out, "\nContent-Transfer-Encoding: base64\n\n", detail::encode_base64(mail.calendar));
}

Result<std::string> file_part(const std::string& media_type, const std::string& name,
                              const std::string& content_id, std::string_view octets)
{
  const auto slash = media_type.find('/');
  const std::string type = media_type.substr(0, slash);
  const std::string subtype = slash == std::string::npos ? "" : media_type.substr(slash + 1);
  const bool usable = detail::is_token(type) && detail::is_token(subtype) &&
                      !text::ascii_iequal(type, "multipart") &&
                      !text::ascii_iequal(type, "message");
  IMIP_TRY(const std::string shown, file_name(name));
  std::string out = "Content-Type: ";
  out += usable ? detail::encode_content_type(type, subtype, shown)
                : detail::encode_content_type("application", "octet-stream", shown);
  out += "Content-Transfer-Encoding: base64\n";
  if (!content_id.empty()) {
    IMIP_TRY(const std::string id, check_id("content-id", content_id));
    out += cat("Content-ID: <", id, ">\n");
  }
  out += cat("Content-Disposition: ", detail::encode_attachment(shown), "\n");
  return out + detail::encode_base64(octets);
}

Result<std::string> header_fields(const OutgoingMail& mail)
{
  IMIP_TRY(std::string out, detail::address_and_subject_fields(mail));
  out += cat("Date: ", to_rfc5322(mail.date), "\n");
  IMIP_TRY(const std::string id, check_id("message-id", mail.message_id));
  out += cat("Message-ID: <", id, ">\n");
  IMIP_TRY(const std::string in_reply_to, id_list("In-Reply-To", mail.in_reply_to));
  IMIP_TRY(const std::string references, id_list("References", mail.references));
  out += in_reply_to + references;
  if (mail.auto_submitted) out += "Auto-Submitted: auto-replied\n";
  return out + "MIME-Version: 1.0\n";
}

}  // namespace

Result<std::string> compose(const OutgoingMail& mail)
{
  IMIP_TRY(const std::string header, header_fields(mail));
  IMIP_TRY(std::string calendar, calendar_part(mail));
  std::vector<std::string> related;
  std::vector<std::string> mixed;
  related.push_back(
      detail::multipart("alternative", "", {text_part(mail), std::move(calendar)}, mail.boundary_seed));
  IMIP_TRY(std::string ics,
           file_part("application/ics", mail.calendar_file_name, "", mail.calendar));
  mixed.push_back(std::move(ics));
  for (const Attachment& file : mail.attachments) {
    IMIP_TRY(std::string part,
             file_part(file.media_type, file.file_name, file.content_id, file.octets));
    (file.content_id.empty() ? mixed : related).push_back(std::move(part));
  }
  std::string body =
      related.size() == 1
          ? std::move(related.front())
          : detail::multipart("related", "\n type=\"multipart/alternative\";", related, mail.boundary_seed);
  mixed.insert(mixed.begin(), std::move(body));
  return header + detail::multipart("mixed", "", mixed, mail.boundary_seed);
}

std::string to_crlf(std::string_view octets)
{
  std::string out;
  out.reserve(octets.size() + octets.size() / 32);
  std::size_t at = 0;
  for (auto lf = octets.find('\n'); lf != std::string_view::npos; lf = octets.find('\n', at)) {
    out += octets.substr(at, lf - at);
    if (lf == 0 || octets[lf - 1] != '\r') out += '\r';
    out += '\n';
    at = lf + 1;
  }
  out += octets.substr(at);
  return out;
}

}  // namespace imip::mime
