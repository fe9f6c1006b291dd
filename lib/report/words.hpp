/// @file The words of enumerators that only people and JSON see.
#pragma once
#include <string_view>

#include "crypto/signature.hpp"
#include "identity/correlation.hpp"

namespace imip::report {

[[nodiscard]] std::string_view protocol_word(crypto::Protocol protocol);      ///< "smime"
[[nodiscard]] std::string_view protocol_name(crypto::Protocol protocol);      ///< "S/MIME"
[[nodiscard]] std::string_view status_word(crypto::SignatureStatus status);   ///< "valid"
[[nodiscard]] std::string_view role_word(identity::Claimant::Role role);      ///< "organizer"

}  // namespace imip::report
