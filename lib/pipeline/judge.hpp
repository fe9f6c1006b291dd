/// @file Calls the steps in order, from octets to a decision and a plan; holds no rule of its own.
#pragma once
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/shared.hpp"
#include "crypto/verifier.hpp"
#include "identity/correlation.hpp"
#include "itip/conflicts.hpp"
#include "itip/message.hpp"
#include "itip/plan.hpp"
#include "mime/message.hpp"
#include "mime/signed_entity.hpp"
#include "policy/decision.hpp"
#include "policy/policy.hpp"

namespace imip::pipeline {

/// One signed, compressed or encrypted entity of a mail, whatever it covers: to be shown. Judging looks at
/// policy::Evidence, where each calendar part has the signatures that cover it.
struct ProtectedEntity {
  std::string part;  ///< numbered as JudgedPart::part
  mime::Protection protection = mime::Protection::None;
  crypto::Wrapping wrapping = crypto::Wrapping::None;
  identity::Signatures signatures;
  std::vector<Reason> defects;              ///< why it gives no signature, or cannot be opened
  std::vector<std::string> calendar_parts;  ///< those that its signatures cover
};
using ProtectedEntities = std::shared_ptr<const std::vector<ProtectedEntity>>;

/// The mail itself, or what one of its opaque signatures, compressions or encryptions holds.
struct OpenedMessage {
  std::string prefix;  ///< of the part numbers in it: "2/"
  mime::Message message;
};

/// One message of a calendar part (a PUBLISH may hold several): what was found about it (steps 1 to
/// 6 of lib/README.md), then, once it was held
/// against a calendar, the decision and the plan (7 to 9).
struct JudgedPart {
  std::string input;       ///< the file's name, or "-"
  std::string part;        ///< MIME part number; "2/1.1" is inside the opaque signature at "2"; "" bare iCalendar
  std::string part_sha256; ///< of the decoded calendar
  std::string method;      ///< the Content-Type's parameter, upper case; "" bare iCalendar
  std::shared_ptr<const std::string> mail;  ///< all octets, where whoever examined it kept them
  Shared<mime::Envelope> envelope; ///< of the outermost header; never evidence
  bool bare = false;       ///< bare iCalendar: unsigned by nature
  bool in_forwarded = false;
  bool encrypted = false;  ///< it was decrypted: an answer in clear would tell what it says
  std::string group;       ///< the outermost multipart/alternative around it; "" none
  itip::Reading reading;          ///< the message, or why it is refused
  policy::Evidence evidence;      ///< message points into `reading`
  std::vector<Reason> notices;    ///< change no verdict
  ProtectedEntities entities;     ///< all of the mail, in tree order; never null once examined

  std::optional<itip::StoredObject> stored;  ///< what it was held against
  policy::Decision decision;
  std::optional<itip::Plan> plan;            ///< nothing if no message or nobody proven
  itip::Conflicts conflicts;                 ///< find_conflicts(): other events at that time
  std::string suggestion;                    ///< the command that would change the decision

  JudgedPart() = default;
  JudgedPart(JudgedPart&&) = default;
  JudgedPart& operator=(JudgedPart&&) = default;
  [[nodiscard]] const itip::Message* message() const
  {
    return reading.message ? &*reading.message : nullptr;
  }
};

/// The calendar that messages are held against. Null and empty: none (then nothing is stored).
struct Surroundings {
  std::optional<itip::StoredObject> stored;
  itip::Facts facts;
  std::optional<UtcSeconds> retracted;  ///< a person took this very message out again
};

/// Where the passphrase of one [[identity]] comes from.
using PassphrasesOf = std::function<crypto::PassphraseSource(const policy::Identity&)>;

class Judge {
 public:
  /// @errors Errc::Config (an anchor file that holds no certificate)
  /// @param passphrases  what unlocks the key of an [[identity]], asked only when a message is
  ///                     encrypted to it
  static Result<Judge> create(policy::Policy policy, UtcSeconds now, UtcSeconds verification_time,
                              const PassphrasesOf& passphrases);
  Judge(Judge&&) noexcept;
  ~Judge();

  /// Steps 1 to 6: every text/calendar part with a method, who signed it, whom it speaks for. Calendar parts
  /// that contradict each other are told so here (trust.md section 4).
  /// @param entities  gets what the parts have as `entities`, also where there is no part
  /// @param opened    gets all messages that were read, unless it is a bare calendar
  /// @errors Errc::NothingToJudge (no iMIP part), Errc::BadMime, Errc::TooLarge
  Result<std::vector<JudgedPart>> examine(std::string octets, const std::string& input,
                                          ProtectedEntities* entities = nullptr,
                                          std::vector<OpenedMessage>* opened = nullptr) const;

  /// Steps 7 to 9 against what the calendar holds. May be called again when that changed.
  /// @param admit  a person said yes: an uninvited attendee's answer is let in
  void decide(JudgedPart& part, Surroundings surroundings, bool admit = false) const;
  /// Steps 7 and 8 alone, for whoever does not want to know what would change.
  void decide_only(JudgedPart& part, Surroundings surroundings) const;

  /// The same judge with another verification time. @errors as create()
  [[nodiscard]] Result<Judge> as_of(UtcSeconds verification_time) const;

  [[nodiscard]] const policy::Policy& policy() const;
  [[nodiscard]] UtcSeconds now() const;

 private:
  struct Impl;
  explicit Judge(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace imip::pipeline
