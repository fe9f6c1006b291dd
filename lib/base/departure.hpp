/// @file What a message does that the RFCs do not let it: one list of rules, and what was found.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/reason.hpp"

namespace imip {

/// Must: a MUST of the RFC is broken. Should: a SHOULD. Interop: no rule is, but programs in the field stumble.
enum class Severity : std::uint8_t { Interop = 0, Should, Must };
[[nodiscard]] std::string_view severity_word(Severity s);  ///< "must"
[[nodiscard]] Severity raised(Severity s);                 ///< one step up; Must stays

/// X(enumerator, "word", severity, RFC, "section"): the section that a finding has unless it names its own. Words are
/// part of the JSON contract and explained in imip-lint(1); a test compares.
#define IMIP_RULES(X)                                                                    \
  /* the octets (RFC 5545 section 3.1) */                                                \
  X(LineEnd, "line-end", Must, 5545, "3.1")                                              \
  X(LineLength, "line-length", Should, 5545, "3.1")                                      \
  X(FoldInCharacter, "fold-in-character", Should, 5545, "3.1")                           \
  X(BlankLine, "blank-line", Must, 5545, "3.1")                                          \
  X(ByteOrderMark, "byte-order-mark", Must, 5545, "3.4")                                 \
  X(NotUtf8, "not-utf-8", Must, 5545, "3.1.4")                                           \
  X(ControlCharacter, "control-character", Must, 5545, "3.1")                            \
  X(ContentLine, "content-line", Must, 5545, "3.1")                                      \
  X(NameForm, "name-form", Must, 5545, "3.1")                                            \
  /* components (sections 3.4, 3.6; RFC 5546 section 3) */                               \
  X(CalendarObject, "calendar-object", Must, 5545, "3.4")                                \
  X(SeveralCalendars, "several-calendars", Interop, 5545, "3.4")                         \
  X(UnclosedComponent, "unclosed-component", Must, 5545, "3.4")                          \
  X(Nesting, "nesting", Must, 5545, "3.6")                                               \
  X(UnknownComponent, "unknown-component", Should, 5545, "3.6")                          \
  X(MissingComponent, "missing-component", Must, 5545, "3.6")                            \
  X(RepeatedComponent, "repeated-component", Must, 5546, "3")                            \
  X(ExcludedComponent, "excluded-component", Must, 5546, "3")                            \
  /* properties and parameters */                                                        \
  X(MissingProperty, "missing-property", Must, 5545, "3.6")                              \
  X(RepeatedProperty, "repeated-property", Must, 5545, "3.6")                            \
  X(ExcludedProperty, "excluded-property", Must, 5545, "3.6")                            \
  X(ExclusiveProperties, "exclusive-properties", Must, 5545, "3.6.1")                    \
  X(UnknownProperty, "unknown-property", Should, 5545, "3.8.8.1")                        \
  X(UnknownParameter, "unknown-parameter", Should, 5545, "3.2")                          \
  X(ExcludedParameter, "excluded-parameter", Should, 5545, "3.2")                        \
  X(ParameterForm, "parameter-form", Must, 5545, "3.2")                                  \
  X(ParameterValue, "parameter-value", Must, 5545, "3.2")                                \
  X(ForeignError, "foreign-error", Interop, 5545, "3.8.8.2")                             \
  /* values (section 3.3, 3.8) */                                                        \
  X(ValueType, "value-type", Must, 5545, "3.2.20")                                       \
  X(Value, "value", Must, 5545, "3.3")                                                   \
  X(WordNotAllowed, "word-not-allowed", Must, 5545, "3.8")                               \
  X(NumberOutOfRange, "number-out-of-range", Must, 5545, "3.8")                          \
  X(TextEscape, "text-escape", Must, 5545, "3.3.11")                                     \
  X(CalendarAddress, "calendar-address", Must, 5545, "3.3.3")                            \
  X(UidLength, "uid-length", Should, 5545, "3.8.4.7")                                    \
  /* times */                                                                            \
  X(NotUtc, "not-utc", Must, 5545, "3.3.5")                                              \
  X(FloatingDtstamp, "floating-dtstamp", Interop, 5545, "3.8.7.2")                       \
  X(FutureDtstamp, "future-dtstamp", Interop, 5545, "3.8.7.2")                           \
  X(TimezoneReference, "timezone-reference", Must, 5545, "3.2.19")                       \
  X(MissingTimezone, "missing-timezone", Must, 5545, "3.2.19")                           \
  X(RepeatedTimezone, "repeated-timezone", Must, 5545, "3.8.3.1")                        \
  X(Timezone, "timezone", Must, 5545, "3.6.5")                                           \
  X(OldTimezone, "old-timezone", Interop, 5545, "3.6.5")                                 \
  X(WindowsTimezone, "windows-timezone", Interop, 5545, "3.8.3.1")                       \
  X(EndNotAfterStart, "end-not-after-start", Must, 5545, "3.8.2.2")                      \
  X(KindsDiffer, "kinds-differ", Must, 5545, "3.8.2.2")                                  \
  X(DurationForm, "duration-form", Must, 5545, "3.8.2.5")                                \
  /* repetitions */                                                                      \
  X(RecurrenceRule, "recurrence-rule", Must, 5545, "3.3.10")                             \
  X(RecurrenceStart, "recurrence-start", Should, 5545, "3.8.5.3")                        \
  X(RecurrenceDates, "recurrence-dates", Should, 5545, "3.8.5.1")                        \
  X(RecurrenceId, "recurrence-id", Must, 5545, "3.8.4.4")                                \
  X(ThisAndFuture, "this-and-future", Interop, 5545, "3.2.13")                           \
  X(LongList, "long-list", Interop, 5545, "3.8.5.1")                                     \
  X(Alarm, "alarm", Must, 5545, "3.6.6")                                                 \
  /* the message (RFC 5546) */                                                           \
  X(Method, "method", Must, 5546, "1.4")                                                 \
  X(MethodCase, "method-case", Interop, 5546, "1.4")                                     \
  X(MethodComponent, "method-component", Must, 5546, "3")                                \
  X(MixedComponents, "mixed-components", Must, 5546, "3")                                \
  X(DifferentUids, "different-uids", Must, 5546, "3")                                    \
  X(DifferentOrganizers, "different-organizers", Must, 5546, "2.1.1")                    \
  X(SameInstance, "same-instance", Must, 5546, "2.1.5")                                  \
  X(Sequence, "sequence", Must, 5546, "2.1.4")                                           \
  X(RequestStatus, "request-status", Must, 5546, "3.6")                                  \
  X(Delegation, "delegation", Must, 5546, "3.2.2.3")                                     \
  X(NoAnswer, "no-answer", Interop, 5546, "3.2.3")                                       \
  X(UnsortedFreeBusy, "unsorted-free-busy", Should, 5546, "3.3")                         \
  X(ExchangeUid, "exchange-uid", Interop, 5545, "3.8.4.7")                               \
  X(ScheduleParameter, "schedule-parameter", Interop, 6638, "7")                         \
  /* the mail (RFC 6047) */                                                              \
  X(MethodParameter, "method-parameter", Must, 6047, "2.4")                              \
  X(ComponentParameter, "component-parameter", Must, 6047, "2.4")                        \
  X(Charset, "charset", Must, 6047, "2.4")                                               \
  X(TransferEncoding, "transfer-encoding", Must, 6047, "2.5")                            \
  X(EightBit, "eight-bit", Interop, 6047, "2.5")                                         \
  X(NotMailto, "not-mailto", Must, 6047, "2.3")                                          \
  X(MailtoCase, "mailto-case", Interop, 6047, "2.3")                                     \
  X(NoAlternative, "no-alternative", Should, 6047, "2.4")                                \
  X(AlternativesDiffer, "alternatives-differ", Must, 6047, "2.4")                        \
  X(AmbiguousPart, "ambiguous-part", Must, 6047, "2.4")                                  \
  X(Placement, "placement", Interop, 6047, "2.4")                                        \
  X(Disposition, "disposition", Interop, 6047, "2.6")                                    \
  X(InsideReport, "inside-report", Interop, 6047, "2.4")                                 \
  X(AttachedCopy, "attached-copy", Interop, 6047, "2.4")                                 \
  X(ContentIdReference, "content-id-reference", Should, 6047, "4.3")

enum class Rule : std::uint8_t {
#define IMIP_X(name, word, severity, rfc, section) name,
  IMIP_RULES(IMIP_X)
#undef IMIP_X
};
[[nodiscard]] std::string_view rule_word(Rule rule);
[[nodiscard]] const std::vector<std::string_view>& all_rule_words();

/// What `apply` does about it.
struct Effect {
  enum class Kind : std::uint8_t { Ignored = 0, Tolerated, Refused } kind = Kind::Ignored;
  Code code = Code::None;  ///< Refused: why; Tolerated: of the notice
};
[[nodiscard]] std::string_view effect_word(Effect::Kind kind);  ///< "refused"
[[nodiscard]] inline Effect ignored() { return {}; }
[[nodiscard]] inline Effect tolerated() { return {Effect::Kind::Tolerated, Code::Tolerated}; }
[[nodiscard]] inline Effect refused(Code code) { return {Effect::Kind::Refused, code}; }

/// Where in a calendar.
struct Place {
  std::size_t line = 0;  ///< of its text, the first is 1; 0: the whole, or the mail around it
  std::string component, property;  ///< "VEVENT", "DTSTART"; may be empty
};

/// Where a finding is not about the rule's own section.
struct Law {
  int rfc = 0;
  std::string_view section{};
};

struct Departure {
  Rule rule{};
  Severity severity{};
  int rfc = 0;
  std::string section;
  Place place;
  std::string text;  ///< quotes the message: whoever shows it passes it through text::for_terminal
  Effect effect;
};

/// Everything found about one calendar part. A message can break a rule as often as it likes: `most` findings of each
/// rule are kept, all are counted.
class Departures {
 public:
  static constexpr std::size_t most = 20;
  /// Octets that a finding quotes: the names in a message, and what is wrong with them, may be a megabyte long.
  static constexpr std::size_t most_name = 80, most_text = 400;

  /// What another RFC has said of the same rule at the same place is not said again.
  void add(Rule rule, Place place, std::string text, Effect effect = {}, Law law = {});

  [[nodiscard]] const std::vector<Departure>& all() const { return all_; }
  [[nodiscard]] std::vector<Departure>& all() { return all_; }
  [[nodiscard]] std::size_t omitted() const { return omitted_; }
  [[nodiscard]] std::size_t count(Severity severity) const;  ///< of those kept
  void raise();  ///< each one step up (--strict)

 private:
  std::vector<Departure> all_;
  std::vector<std::size_t> counts_;
  std::size_t omitted_ = 0;
};

}  // namespace imip
