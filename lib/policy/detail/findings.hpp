/// @file What signatures and messages amount to, before it is asked who may what.
#pragma once
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/reason.hpp"
#include "crypto/signature.hpp"
#include "crypto/verifier.hpp"
#include "itip/message.hpp"

namespace imip::policy::detail {

/// Appends what is not yet there.
void add(std::vector<Reason>& to, const Reason& reason);
void add(std::vector<Reason>& to, const std::vector<Reason>& reasons);
[[nodiscard]] bool has(const std::vector<Reason>& reasons, Code code);

/// Does the signature give at least one calendar user?
[[nodiscard]] bool proves(const crypto::Signature& s);
/// Why a signature gives nobody, or what else is to be said of it; never nothing if it is broken or
/// nameless.
[[nodiscard]] std::vector<Reason> findings_of(const crypto::Signature& s);
/// What the certificate calls the signer: untrusted text.
[[nodiscard]] std::string signer_name(const crypto::Signature& s);
/// What no default lifts: the floor, revocation, a time that cannot be (trust.md section 4).
[[nodiscard]] bool is_final(Code code, crypto::Revocation mode);

/// Does this REQUEST cancel in all but name: STATUS:CANCELLED, or no instance that is still to
/// come?
[[nodiscard]] bool request_cancels(const itip::Message& message, UtcSeconds now,
                                   const Limits& limits);

}  // namespace imip::policy::detail
