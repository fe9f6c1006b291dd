/// @file Which name of a certificate the nameConstraints of an authority above it forbid (RFC 5280
/// section 4.2.1.10), in words. OpenSSL compares: it is asked once more about one name and one
/// subtree at a time. Private to lib/crypto.
#pragma once
#include <optional>
#include <string>

#include "base/mail_address.hpp"
#include "crypto/detail/openssl.hpp"

namespace imip::crypto {

[[nodiscard]] bool has_name_constraints(X509* x);
/// Does a subtree of this authority's name constraints name SmtpUTF8Mailbox names by their own
/// kind? (RFC 9598 section 6 has rfc822Name for both; X509_verify_cert passes over such a subtree.)
/// True where they cannot be read.
[[nodiscard]] bool constrains_utf8_mailboxes(X509* authority);

/// "names 'email:a@example.org', but the nameConstraints of certificate 'CN=Sub' permit only
/// 'email:example.com'"; nothing if this authority forbids none of its first 256 names.
/// @param leaf  the signer's: its common name counts as a host name, as for X509_verify_cert()
[[nodiscard]] std::optional<std::string> forbidden_name(X509* x, X509* authority, bool leaf);

/// Does this authority exclude this mailbox, in whatever spelling? (X509_verify_cert compares
/// octets, and takes what is no rfc822Name for one that excludes nobody.) Also where the constraints
/// cannot be read. As "the nameConstraints of certificate 'CN=Sub' exclude
/// 'email:BOSS@example.com'"; nothing: no.
[[nodiscard]] std::optional<std::string> excluded_mailbox(X509* authority,
                                                          const CalAddress& address);

}  // namespace imip::crypto
