/// @file The received octets cut into MIME entities without GMime's parser: header blocks by line,
/// body parts by delimiter line (RFC 2046 section 5.1.1). GMime's tree is compared with this one.
/// Private to lib/mime.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "mime/detail/header_value.hpp"

namespace imip::mime::detail {

/// One header field; views into the scanned octets.
struct RawField {
  std::size_t offset = 0;
  ByteView name;   ///< as received, without the colon
  ByteView value;  ///< after the colon, folding and final line end included
};

struct RawHeader {
  std::vector<RawField> fields;  ///< the well-formed ones
  bool junk =
      false;  ///< a line that is no field: no colon, blank before the colon, blank first line, only blanks
  bool control = false;  ///< NUL, bare CR or another control character
  std::size_t size = 0;  ///< octets of the block, without the empty line
  std::size_t body = 0;  ///< where the body begins

  /// The first field of that name, or null.
  [[nodiscard]] const RawField* find(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
};

enum class Kind : unsigned char { Leaf = 0, Multipart, Message };

struct RawEntity {
  std::size_t parent = static_cast<std::size_t>(-1);
  std::vector<std::size_t> children;
  std::size_t depth = 0;
  Kind kind = Kind::Leaf;
  Slice whole, body;
  std::size_t limit =
      0;  ///< where the delimiter line that ends it begins, or the end of the octets
  RawHeader header;
  ContentType type;
  std::string encoding;    ///< lower case; "7bit" if absent
  bool commented_encoding = false;  ///< a comment was taken out of it, which GMime does not do
  bool ambiguous = false;  ///< the two readings of RFC 2046 differ: a line that only begins with a
                           ///< delimiter, a boundary that is an ancestor's too, no boundary ...
};

/// Reads one header block that begins at `begin` and ends before `end`.
/// @errors Errc::TooLarge
Result<RawHeader> scan_header(ByteView octets, std::size_t begin, std::size_t end,
                              const Limits& limits);

/// Cuts octets[begin, end) up. [0] is the root; parents come first. @errors Errc::TooLarge
Result<std::vector<RawEntity>> scan_entities(ByteView octets, std::size_t begin,
                                             const Limits& limits);

/// What GMime cannot bear, wherever it might take octets for a header: deeply nested address
/// groups, lines times levels. @errors Errc::TooLarge
Result<void> guard_parser(ByteView octets);

}  // namespace imip::mime::detail
