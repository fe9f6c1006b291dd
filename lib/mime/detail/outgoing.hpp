/// @file Header fields and lines of outgoing mail. Private to lib/mime.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "mime/compose.hpp"

namespace imip::mime::detail {

/// What a mail server changes or may refuse (RFC 5322 section 2.3, RFC 2049 section 3): an octet
/// above 127, NUL, a bare CR, a line of more than 998 octets, one that begins with "From ", one
/// that ends with a blank. Lines end with LF.
[[nodiscard]] bool is_transport_safe(ByteView lines);

/// A boundary that `seed` and `label` decide, and that no line of `content` begins with.
[[nodiscard]] std::string boundary_for(std::string_view seed, std::string_view label,
                                       ByteView content);

/// "application/ics; name=..." folded, encoded by RFC 2231; the field's value with a final LF.
[[nodiscard]] std::string encode_content_type(const std::string& type, const std::string& subtype,
                                              const std::string& name);
/// "attachment; filename=..." likewise.
[[nodiscard]] std::string encode_attachment(const std::string& file_name);
/// A Content-Type or Content-Disposition value that has octets above 127, made ASCII.
[[nodiscard]] std::string reencode_parameters(std::string_view field_name, ByteView raw);
/// An unstructured value made ASCII by RFC 2047 and folded: " value\n".
[[nodiscard]] std::string encode_unstructured(std::string_view name, ByteView raw);

/// RFC 2045 section 5.1.
[[nodiscard]] bool is_token(std::string_view s);

/// CRLF becomes LF; a bare CR stays.
[[nodiscard]] std::string to_lf(std::string_view s);

/// Joins parts to a multipart entity: its Content-Type field, an empty line, and the body (LF).
/// @param parameters  of Content-Type besides the boundary: " name=value;", folded with "\n "
[[nodiscard]] std::string multipart(std::string_view subtype, std::string_view parameters,
                                    const std::vector<std::string>& parts, std::string_view seed,
                                    std::string_view preamble = {});

/// From, Sender, To, Subject with their names, each line ending with LF. @errors Errc::BadValue
Result<std::string> address_and_subject_fields(const OutgoingMail& mail);

}  // namespace imip::mime::detail
