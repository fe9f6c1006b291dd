/// @file What an OpenPGP armour (RFC 4880 section 6.2) must look like before gpg sees it. Private to lib/crypto.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imip::crypto {

/// One armour of that kind ("PGP SIGNATURE") and nothing beside it but blanks.
bool is_one_armour(std::string_view text, std::string_view kind);

/// The signature packets that an armour holds; nothing if it holds anything else. gpg would unpack what is
/// compressed, without limit, to look for signatures in it.
std::optional<std::vector<std::string>> signature_packets(std::string_view armour);

/// Whose key a signature packet claims to be made with: a fingerprint or a key ID, in hexadecimal
/// digits; "" if it does not say. A hint for what to look up: anybody may write there what they
/// like.
std::string claimed_issuer(std::string_view signature_packet);

}  // namespace imip::crypto
