/// @file Who is speaking? RFC 6047 section 3, steps 1 and 2, as one pure function: no I/O, no
/// clock, no third-party header. This file can be read on its own.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/mail_address.hpp"
#include "base/shared.hpp"
#include "crypto/signature.hpp"
#include "itip/message.hpp"
#include "itip/plan.hpp"

namespace imip::identity {

/// Those that cover one part of a mail; other parts may have the same.
using Signatures = std::vector<Shared<crypto::Signature>>;

/// The calendar user a message speaks for: the ORGANIZER for PUBLISH, REQUEST, ADD, CANCEL and
/// DECLINECOUNTER; one ATTENDEE for REPLY, REFRESH, COUNTER and for the REQUEST of a delegator or a
/// forwarder (RFC 5546 sections 1.4, 3.2.2.3). A claim, until `Backing`.
struct Claimant {
  enum class Role : std::uint8_t { None = 0, Organizer, Attendee };
  Role role = Role::None;
  CalAddress address;
  std::optional<CalAddress> sent_by;  ///< RFC 5545 section 3.2.18
};

/// What ties the claimant to the octets. Kinds, not degrees: never compare with `<`. Zero trusts
/// nothing.
enum class Backing : std::uint8_t {
  None = 0,           ///< no valid signature covers the whole calendar part
  SignedByOther,      ///< one does, but its signer is neither of those below
  SignedByDelegator,  ///< REQUEST: the signer's ATTENDEE delegates to the owner (both ends say so)
  SignedByForwarder,  ///< REQUEST: the signer is some other ATTENDEE
  SignedBySentBy,  ///< the signer is the SENT-BY user only: policy must decide (RFC 6047 section 3)
  SignedByClaimant,  ///< an identity of the signer is the claimant's address
};
[[nodiscard]] std::string_view backing_word(
    Backing b);  ///< "direct", "sent-by", "delegator", "forwarder", "other", "none"

struct Correlation {
  std::optional<Claimant> claimant;  ///< empty: no usable ORGANIZER or ATTENDEE
  Backing backing = Backing::None;
  std::optional<std::size_t> signature;  ///< index into `signatures` of the one relied upon
  std::optional<CalAddress>
      signer;  ///< the identity that matched (or, for SignedByOther, the first one)
};

/// Which addresses are one calendar user: [[alias]] of the policy, and how local parts compare.
struct SameUser {
  std::vector<std::pair<CalAddress, CalAddress>> aliases;  ///< (address, same-as)
  LocalPart local_part = LocalPart::Fold;
  [[nodiscard]] bool operator()(const CalAddress& a, const CalAddress& b) const;
};

/// How many addresses correlate() may have to compare, at most: to be bounded before it is called.
[[nodiscard]] std::size_t cost_of_correlation(const itip::Message& message,
                                              const Signatures& signatures);

/// Cannot fail: whatever is missing is Backing::None. From and Sender are no evidence. One identity
/// of one signer must stand for the whole message: with several components its weakest backing
/// counts; of several identities and signers the strongest.
/// @param signatures  those that cover exactly this calendar part; only status Valid gives
/// identities
/// @param aliases     Policy::aliases
Correlation correlate(const itip::Message& message,
                      const Signatures& signatures, const itip::Owner& owner,
                      const std::vector<std::pair<CalAddress, CalAddress>>& aliases = {});

}  // namespace imip::identity
