/// @file Octets -> a tree of MIME entities, each knowing the octets it came from.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.hpp"
#include "base/limits.hpp"
#include "base/reason.hpp"
#include "base/result.hpp"

namespace imip::mime {

inline constexpr std::size_t no_node = static_cast<std::size_t>(-1);

struct Parameter {
  std::string name;   ///< lower case; RFC 2231 continuations joined, charset decoded to UTF-8
  std::string value;  ///< as given
};

/// One MIME entity. Its defects take away every identity from it and all below it (trust.md
/// section 1: duplicate or contradictory Content-Type, method, transfer encoding; an encoding on a
/// composite; message/partial and external-body; NUL in a header; spans that disagree ...).
struct Node {
  std::size_t parent = no_node;
  std::vector<std::size_t> children;
  std::string part;        ///< IMAP numbering (RFC 9051 section 6.4.5.1): "1.2"; the root leaf is "1",
                           ///< a message's own multipart "TEXT", "2.TEXT"
  std::string media_type;  ///< "text/calendar", lower case; RFC 2045 section 5.2 defaults applied
  std::vector<Parameter> parameters;  ///< of Content-Type
  std::string encoding;    ///< lower case; "7bit" if absent
  std::string disposition; ///< lower case "inline", "attachment" or empty
  std::string file_name;
  Slice whole;             ///< header and body, as received
  Slice body;              ///< body, as received
  std::vector<Reason> defects;

  /// The Content-Type parameter of that (lower-case) name.
  [[nodiscard]] const std::string* parameter(std::string_view name) const;
};

/// The fields of a message's header that imip shows or answers to. Never evidence.
struct Envelope {
  std::vector<std::string> from, sender, reply_to, to, cc, bcc;  ///< addr-specs, as given
  std::vector<std::string> resent_to, resent_bcc;  ///< the same; Resent-Cc is in resent_to
  std::string subject;                  ///< decoded (RFC 2047)
  std::string message_id;               ///< without its "<>"
  std::string in_reply_to, references;  ///< ids with their "<>", unfolded
  std::string date;                     ///< as given
  std::string auto_submitted, precedence, list_id;
  bool delivered = false;  ///< has trace fields (RFC 5322 section 3.6.7)
};

/// A parsed message (or single MIME entity: the same with an envelope that is mostly empty).
class Message {
 public:
  [[nodiscard]] const std::string& octets() const { return octets_; }
  [[nodiscard]] const std::vector<Node>& nodes() const { return nodes_; }  ///< [0] is the root; parents first
  [[nodiscard]] const Envelope& envelope() const { return envelope_; }  ///< of the outermost header
  /// That of the message in `node`, which is message/rfc822; empty where there is none.
  [[nodiscard]] Envelope envelope_of(std::size_t node) const;
  /// The node's body with its transfer encoding undone; at most `limit` octets.
  /// @param key  what the policy's [limits] calls `limit`: an error names it
  [[nodiscard]] Result<std::string> decoded(std::size_t node, std::size_t limit,
                                            std::string_view key = "decoded-bytes") const;
  /// Frees the octets of one whose tree alone is wanted from now on: what is in its parts is then empty.
  void forget_octets() { std::string().swap(octets_); }

 private:
  friend Result<Message> parse_message(std::string octets, const Limits& limits);
  std::string octets_;
  std::vector<Node> nodes_;
  Envelope envelope_;
};

/// Guards first (header sizes, depth, parts: limits.hpp), then GMime, then each node's slices found
/// a second way; where the two disagree the node has the defect SpanDisagrees. A leading mbox
/// "From " line is skipped. @errors Errc::BadMime (no header at all, empty), Errc::TooLarge
Result<Message> parse_message(std::string octets, const Limits& limits);

/// Bare iCalendar, or something with a MIME header? Looks at the first non-blank octets only.
[[nodiscard]] bool looks_like_calendar(ByteView octets);

}  // namespace imip::mime
