/// @file The one list of reason codes. Each is documented in imip-verdict(7); a test compares.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imip {

/// X(enumerator, "code"). Codes are part of the JSON contract: never renamed.
#define IMIP_REASONS(X)                                                                         \
  /* who signed: structure (RFC 1847, 8551, 3156) */                                            \
  X(Unsigned, "unsigned")                                                                       \
  X(SignatureInvalid, "signature-invalid")                                                      \
  X(SignatureMalformed, "signature-malformed")                                                  \
  X(SignatureUnchecked, "signature-unchecked")                                                  \
  X(AlgorithmUnsupported, "algorithm-unsupported")                                              \
  X(NotTwoParts, "not-two-parts")                                                               \
  X(ProtocolMismatch, "protocol-mismatch")                                                      \
  X(DetachedWithContent, "detached-with-content")                                               \
  X(NoSignerInfo, "no-signer-info")                                                             \
  X(ContentTypeAttribute, "content-type-attribute")                                             \
  X(TrailingDer, "trailing-der")                                                                \
  X(SpanDisagrees, "span-disagrees")                                                            \
  X(AmbiguousHeader, "ambiguous-header")                                                        \
  X(BadTransferEncoding, "bad-transfer-encoding")                                               \
  X(BadCharset, "bad-charset")                                                                  \
  X(PartialOrExternal, "partial-or-external")                                                   \
  X(Encrypted, "encrypted")                                                                     \
  X(LimitExceeded, "limit-exceeded")                                                            \
  /* who signed: certificates (RFC 5280, 8550) */                                               \
  X(NoAnchor, "no-anchor")                                                                      \
  X(ChainInvalid, "chain-invalid")                                                              \
  X(Expired, "expired")                                                                         \
  X(ExpiredSince, "expired-since")                                                              \
  X(NotYetValid, "not-yet-valid")                                                               \
  X(Revoked, "revoked")                                                                         \
  X(RevocationUnknown, "revocation-unknown")                                                    \
  X(WrongPurpose, "wrong-purpose")                                                              \
  X(WeakKey, "weak-key")                                                                        \
  X(WeakDigest, "weak-digest")                                                                  \
  X(SignedInFuture, "signed-in-future")                                                         \
  X(KeyNotValid, "key-not-valid")                                                               \
  X(NoIdentity, "no-identity")                                                                  \
  X(OutsideAnchorDomains, "outside-anchor-domains")                                             \
  /* correlation (RFC 6047 section 3 step 2) */                                                 \
  X(DirectMatch, "direct-match")                                                                \
  X(NoCorrelation, "no-correlation")                                                            \
  X(SentByAuthorized, "sent-by-authorized")                                                     \
  X(SentByNotAuthorized, "sent-by-not-authorized")                                              \
  X(SentByExpired, "sent-by-expired")                                                           \
  X(Delegator, "delegator")                                                                     \
  X(Forwarder, "forwarder")                                                                     \
  X(SignerIsNotSender, "signer-is-not-sender")                                                  \
  /* bound to this calendar (RFC 6047 section 3 step 3, RFC 5546 section 6) */                  \
  X(NotAddressed, "not-addressed")                                                              \
  X(ReplyUnbound, "reply-unbound")                                                              \
  X(OrganizerMismatch, "organizer-mismatch")                                                    \
  X(OrganizerChange, "organizer-change")                                                        \
  X(UidTaken, "uid-taken")                                                                      \
  X(SequenceJump, "sequence-jump")                                                              \
  X(Stale, "stale")                                                                             \
  X(PartyCrasher, "party-crasher")                                                              \
  X(Flood, "flood")                                                                             \
  /* policy */                                                                                  \
  X(Allowed, "allowed")                                                                         \
  X(AnchorAdmits, "anchor-admits")                                                              \
  X(KeyRingAdmits, "key-ring-admits")                                                           \
  X(Pinned, "pinned")                                                                           \
  X(PinMismatch, "pin-mismatch")                                                                \
  X(FirstContact, "first-contact")                                                              \
  X(UnknownSigner, "unknown-signer")                                                            \
  X(OwnMessage, "own-message")                                                                  \
  X(AlternativesDiffer, "alternatives-differ")                                                  \
  X(DuplicateUid, "duplicate-uid")                                                              \
  /* iTIP (RFC 5546 section 3): refused */                                                      \
  X(MethodMissing, "method-missing")                                                            \
  X(MethodMismatch, "method-mismatch")                                                          \
  X(MethodUnsupported, "method-unsupported")                                                    \
  X(ComponentMismatch, "component-mismatch")                                                    \
  X(NoUid, "no-uid")                                                                            \
  X(NoOrganizer, "no-organizer")                                                                \
  X(NoStart, "no-start")                                                                        \
  X(NoSpeaker, "no-speaker")                                                                    \
  X(DuplicateProperty, "duplicate-property")                                                    \
  X(MixedComponents, "mixed-components")                                                        \
  X(DtstampInFuture, "dtstamp-in-future")                                                       \
  X(InsideReport, "inside-report")                                                              \
  X(BadCalendar, "bad-calendar")                                                                \
  X(EndBeforeStart, "end-before-start")                                                         \
  X(RecurrenceLimit, "recurrence-limit")                                                        \
  /* notices */                                                                                 \
  X(Tolerated, "tolerated")                                                                     \
  X(TimezoneDiffers, "timezone-differs")                                                        \
  X(OwnerNotListed, "owner-not-listed")                                                         \
  X(Obsolete, "obsolete")                                                                       \
  X(Held, "held")                                                                               \
  X(DeletedByOwner, "deleted-by-owner")                                                         \
  X(ReplyOutdated, "reply-outdated")                                                            \
  X(SequenceGap, "sequence-gap")                                                                \
  X(CancelledForYou, "cancelled-for-you")                                                       \
  X(RequestStatus, "request-status")                                                            \
  X(Delegated, "delegated")                                                                     \
  X(Counter, "counter")                                                                         \
  X(CounterOutdated, "counter-outdated")                                                        \
  X(CounterDisallowed, "counter-disallowed")                                                    \
  X(CounterDeclined, "counter-declined")                                                        \
  X(RefreshRequested, "refresh-requested")                                                      \
  X(AnswerWanted, "answer-wanted")                                                              \
  X(NotIMip, "not-imip")

enum class Code : std::uint16_t {
  None = 0,
#define IMIP_X(name, code) name,
  IMIP_REASONS(IMIP_X)
#undef IMIP_X
};

/// The code's word, as in JSON and imip-verdict(7); "none" for Code::None.
[[nodiscard]] std::string_view code_word(Code code);
[[nodiscard]] std::optional<Code> code_from_word(std::string_view word);
/// Every word, in the order of the list.
[[nodiscard]] const std::vector<std::string_view>& all_code_words();

/// Why: a code for programs and a sentence to act on for people. The sentence may quote a message:
/// whoever shows it passes it through text::for_terminal.
struct Reason {
  Code code = Code::None;
  std::string text;
};

}  // namespace imip
