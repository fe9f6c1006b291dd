/// @file What an OpenPGP armour (RFC 4880 section 6.2) must look like before gpg sees it. Private to lib/crypto.
#pragma once
#include <cstddef>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace imip::crypto {

/// What one armour of that kind ("PGP SIGNATURE") holds; nothing if there is anything beside it but blanks. Its
/// checksum is not looked at (RFC 9580 section 6.1): programs leave it out, and then gpg 2.2 takes the last line for
/// data.
std::optional<std::string> dearmour(std::string_view text, std::string_view kind);

/// The signature packets among `octets`; nothing if anything else is there. gpg would unpack what is
/// compressed, without limit, to look for signatures in it.
std::optional<std::vector<std::string>> signature_packets(std::string_view octets);

/// How many session keys of an encryption gpg has to try with whatever keys there are: those that
/// name none (hidden recipients, passwords; RFC 4880 sections 5.1, 5.3) or one that another names
/// too. Each costs a use of each secret key.
class Guesses {
 public:
  /// One more, for the key of that ID in hexadecimal digits; "" or zeros: for whomever it fits. Is
  /// it the first of that ID?
  bool add(std::string_view key_id);
  [[nodiscard]] std::size_t count() const { return count_; }

 private:
  std::set<std::string> named_;
  std::size_t count_ = 0;
};

/// Of those that stand before what is encrypted, as far as they can be read.
Guesses session_key_guesses(std::string_view octets);

/// Whose key a signature packet claims to be made with: a fingerprint or a key ID, in hexadecimal
/// digits; "" if it does not say. A hint for what to look up: anybody may write there what they
/// like.
std::string claimed_issuer(std::string_view signature_packet);

}  // namespace imip::crypto
