/// @file Outgoing mail: an iMIP message (RFC 6047 section 2).
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"

namespace imip::mime {

struct Mailbox {
  std::string name;     ///< display name, UTF-8; may be empty
  std::string address;  ///< addr-spec
};

struct Attachment {
  std::string file_name;
  std::string media_type;  ///< "application/octet-stream" if unknown
  std::string content_id;  ///< without "<>"; what ATTACH;VALUE=URI:cid:... refers to; may be empty
  std::string octets;
};

struct OutgoingMail {
  Mailbox from;
  std::optional<Mailbox> sender;  ///< RFC 5322 section 3.6.2, when somebody else submits it
  std::vector<Mailbox> to;
  std::string subject;
  UtcSeconds date{};
  std::string message_id;         ///< without "<>"
  std::string in_reply_to, references;  ///< as in the answered message, with "<>"; may be empty
  bool auto_submitted = false;    ///< RFC 3834: no person triggered it
  std::string text;               ///< UTF-8, LF
  std::string calendar;           ///< iCalendar, CRLF
  std::string method, component;  ///< "REQUEST", "VEVENT"
  std::string calendar_file_name = "invite.ics";
  std::vector<Attachment> attachments;
  std::string boundary_seed;      ///< the same seed, the same boundaries
};

/// multipart/mixed{ multipart/alternative{ text/plain; text/calendar }, application/ics }, with
/// multipart/related around the alternative if there are attachments with Content-IDs. Everything base64
/// or 7-bit clean, LF line ends, no line begins with "From ", none has trailing blanks, none is longer
/// than 78 octets (but for an id that is). The text/calendar part has no Content-Disposition.
/// @errors Errc::BadValue (a header value with a line break, an address that is none)
Result<std::string> compose(const OutgoingMail& mail);

/// The mail as an mbox holds it (RFC 4155; "mboxrd": a line "^>*From " gets one more ">"), with the
/// empty line that ends it. @param sender  an addr-spec; empty: none
[[nodiscard]] std::string mbox_entry(std::string_view mail, std::string_view sender, UtcSeconds date);

/// "a\nb" -> "a\r\nb"; existing CRLF and a bare CR stay as they are.
[[nodiscard]] std::string to_crlf(std::string_view octets);

}  // namespace imip::mime
