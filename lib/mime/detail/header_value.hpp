/// @file Values of header fields, decoded by GMime and checked for contradictions.
/// Private to lib/mime.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "mime/detail/gmime_ref.hpp"
#include "mime/message.hpp"

namespace imip::mime::detail {

/// A Content-Type or Content-Disposition field.
struct ContentType {
  std::string type;     ///< lower case: "text"; a disposition: "attachment"
  std::string subtype;  ///< lower case: "calendar"; a disposition: empty
  std::vector<Parameter> parameters;
  bool ambiguous = false;  ///< parameters twice, or read differently by two parsers
  bool unconfirmed = false;  ///< read by one parser so far, as it is so plain: see agrees()

  [[nodiscard]] std::string media_type() const { return type + "/" + subtype; }
  [[nodiscard]] const std::string* parameter(std::string_view name) const;
};

ContentType parse_content_type(ByteView raw);
ContentType parse_disposition(ByteView raw);
/// Did GMime, reading the whole message, see the same as is unconfirmed here?
bool agrees(const ContentType& unconfirmed, GMimeContentType* seen);

/// Line breaks of folding removed, blanks at both ends too.
std::string unfold(ByteView raw);
/// What stands before the first ";", lower case, without blanks and comments (RFC 2045 section 5.1).
std::string without_comments(std::string_view value);
/// Unfolded, encoded words (RFC 2047) decoded to UTF-8.
std::string decode_text(ByteView raw);
/// The addr-specs of an address list, groups flattened.
std::vector<std::string> decode_addresses(ByteView raw);

}  // namespace imip::mime::detail
