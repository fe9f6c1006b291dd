/// @file Signed and encrypted entities (RFC 1847, RFC 8551 section 3, RFC 3156), and the mails around them.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace imip::mime {

/// What of a mail a signature covers.
enum class Layout : unsigned char {
  Outer = 0,  ///< all that is not a header field of the mail
  Inner,      ///< the one text/calendar part; programs that do not know the signature still find the calendar
};

/// A mail, and the entity in it that is to be protected.
struct SplitMail {
  std::string before;  ///< header fields that stay outside; with Layout::Inner all up to the entity (LF)
  std::string entity;  ///< Content-* fields, blank line, body (LF)
  std::string after{};   ///< Layout::Inner: the rest of the mail (LF)
};

/// Splits a mail for signing; CRLF input is taken too. What of the entity is not 7-bit clean, or has "From "
/// lines or trailing blanks (which mail servers change), is re-encoded first (base64 or quoted-printable).
/// @errors Errc::BadMime (empty input, no header); Layout::Inner: Errc::Refused (not exactly one calendar part,
/// or it is signed, encrypted or forwarded already)
Result<SplitMail> split_for_signing(const std::string& mail, Layout layout = Layout::Outer);

/// The mail with `entity` in the place of its own, LF line ends; a missing MIME-Version is added.
[[nodiscard]] std::string join(const SplitMail& mail, std::string_view entity);

/// multipart/signed by S/MIME (RFC 8551 section 3.5.3.2). Each of these gives an entity with LF line ends.
/// @param der     the detached CMS over `entity` with CRLF line ends
/// @param micalg  "sha-256"
Result<std::string> smime_signed(const std::string& entity, std::string_view der,
                                 std::string_view micalg, const std::string& boundary_seed);

/// application/pkcs7-mime (RFC 8551 sections 3.3, 3.4, 3.5.2).
/// @param smime_type  "signed-data", "enveloped-data", "authEnveloped-data"
Result<std::string> pkcs7_mime(std::string_view der, std::string_view smime_type);

/// multipart/signed by OpenPGP (RFC 3156 section 5).
/// @param armour  the detached signature over `entity` with CRLF line ends
/// @param micalg  "pgp-sha256"
Result<std::string> openpgp_signed(const std::string& entity, std::string_view armour,
                                   std::string_view micalg, const std::string& boundary_seed);

/// multipart/encrypted (RFC 3156 section 4).
Result<std::string> openpgp_encrypted(std::string_view armour, const std::string& boundary_seed);

}  // namespace imip::mime
