/// @file Calendar-user addresses (RFC 5545 section 3.3.3) and how they compare. Display names,
/// CN= and EMAIL= are never identity, so they have no place here.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace imip {

/// How local parts compare: "fold" ignores ASCII case, "exact" does not (RFC 5321 section 2.4).
enum class LocalPart : unsigned char { Fold = 0, Exact };

/// A calendar user: a mailto: URI (also sip:, xmpp:, other URIs, which compare by scheme and rest;
/// the domains of sip: and xmpp: ignore case).
/// Once it exists it is valid: for mailto exactly one dot-atom address in NFC whose domain is kept
/// as lower-case A-labels that round-trip (IDNA 2008 by libidn2), percent-encoding decoded once.
class CalAddress {
 public:
  CalAddress() = default;  ///< empty: equal to nobody, not even to another empty one

  /// From a property value: "mailto:a@example.com", "MAILTO:...", or a bare "a@example.com"
  /// (tolerated, `was_bare()` tells). Header fields ("?subject="), several addresses, comments,
  /// literals, quoted local parts, NUL and control characters are invalid. @errors Errc::BadValue
  static Result<CalAddress> parse(std::string_view uri);
  /// From an address outside a URI, such as an rfc822Name, a policy entry or a flag: no percent
  /// decoding. A leading "mailto:" is accepted only by parse(). @errors Errc::BadValue
  static Result<CalAddress> from_mailbox(std::string_view addr_spec);

  [[nodiscard]] bool empty() const { return scheme_.empty(); }
  [[nodiscard]] const std::string& scheme() const { return scheme_; }  ///< lower case
  [[nodiscard]] const std::string& local() const { return local_; }    ///< as given, decoded
  [[nodiscard]] const std::string& domain() const { return domain_; }  ///< A-labels, lower case
  /// "mailto:a@example.com" with what RFC 6068 wants percent-encoded again.
  [[nodiscard]] std::string uri() const;
  /// "a@example.com"; for other schemes the URI.
  [[nodiscard]] std::string mailbox() const;
  [[nodiscard]] bool was_bare() const { return was_bare_; }

 private:
  std::string scheme_;
  std::string local_;   // the rest of the URI where there is no domain
  std::string domain_;
  bool was_bare_ = false;
};

/// Are they the same calendar user? For what *grants*. Empty ones never are.
[[nodiscard]] bool same_user(const CalAddress& a, const CalAddress& b,
                             LocalPart mode = LocalPart::Fold);
/// Might they be? For what *restricts*: folds case and drops a "+tag" of the local part.
[[nodiscard]] bool maybe_same_user(const CalAddress& a, const CalAddress& b);

}  // namespace imip
