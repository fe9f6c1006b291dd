/// @file Content-Transfer-Encoding (RFC 2045 section 6) by GMime. Private to lib/mime.
#pragma once
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/result.hpp"

namespace imip::mime::detail {

/// 7bit, 8bit, binary and unknown encodings come back as they are.
/// @param key  of `limit` in the policy's [limits]
/// @errors Errc::TooLarge
Result<std::string> decode_transfer(ByteView body, std::string_view encoding, std::size_t limit,
                                    std::string_view key);
/// Lines of 76 characters, LF after each.
std::string encode_base64(ByteView octets);
/// For text with LF line ends; no line begins with "From " or ends with a blank.
std::string encode_quoted_printable(ByteView text);
/// Is what stands in a base64 body one base64 text? (Padded, nothing after the padding, nothing
/// outside the alphabet but white space.)
bool is_clean_base64(ByteView body);
/// Does every "=" in a quoted-printable body stand before two hexadecimal digits or at a line's end (RFC 2045
/// section 6.7)? What else it may mean each program says otherwise.
bool is_clean_quoted_printable(ByteView body);

}  // namespace imip::mime::detail
