/// @file What an iTIP message would do, as data, before anything is done. Pure: no clock, file,
/// network.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/mail_address.hpp"
#include "base/reason.hpp"
#include "base/result.hpp"
#include "ical/object.hpp"
#include "itip/facts.hpp"
#include "itip/message.hpp"

namespace imip::itip {

/// Whose calendar it is.
struct Owner {
  std::vector<CalAddress> addresses;  ///< own addresses; aliases of them included
  std::vector<CalAddress> groups;     ///< lists and rooms through which the owner is invited
  LocalPart local_part = LocalPart::Fold;
  [[nodiscard]] bool is(const CalAddress& a) const;  ///< strict: one of `addresses`
  [[nodiscard]] bool is_group(const CalAddress& a) const;
};

/// An object as it lies in the store.
struct StoredObject {
  std::string octets;
  std::string sha256;
  ical::Component calendar;
  std::string file = {};  ///< its name in a folder of files
};

/// The UID in the object's own spelling, so that no message rewrites it.
[[nodiscard]] std::string uid_as_stored(const std::string& uid, const StoredObject& stored);

/// Is it what messages are about (VEVENT, VTODO, VJOURNAL, VFREEBUSY)? VTIMEZONE, VAVAILABILITY and what nobody knows may
/// lie beside it.
[[nodiscard]] bool is_scheduled(const ical::Component& component);

/// Why a message may not act here, or not without a person (trust.md section 3 "Bound to this
/// calendar").
struct Objection {
  bool refuses = false;  ///< true: untrusted; false: at best `ask`
  Reason reason;
};

/// RFC 6047 section 3 step 3. Says nothing about who signed: only what the object, the stored
/// object, and the owner demand. `is_own`: the speaker is the owner (or her proxy).
std::vector<Objection> authorize(const Message& message, const StoredObject* stored,
                                 const Facts& facts, const Owner& owner, const Limits& limits,
                                 UtcSeconds now);

/// Who speaks, as found by identity::correlate and policy (never read out of the object alone).
struct Speaker {
  enum class Class : std::uint8_t { None = 0, Organizer, Attendee, Delegator, Forwarder };
  Class cls = Class::None;
  CalAddress address;                 ///< the ORGANIZER or ATTENDEE spoken for
  std::optional<CalAddress> sent_by;  ///< the proxy who signed, if one did
};

enum class Outcome : std::uint8_t {
  None = 0,
  Added,
  Updated,
  Cancelled,
  Uninvited,
  Answered,
  Held,
  Obsolete,
  Duplicate,
  Own,
  Ignored,
  Ask,
  Refused
};
[[nodiscard]] std::string_view outcome_word(Outcome o);

/// One thing that changes, for people and JSON. All text is untrusted.
struct Change {
  std::string action;    ///< "add", "change", "cancel", "uninvite", "answer", "remove"
  std::string instance;  ///< "" for the series, else as Scope::key() without its prefix
  std::string property;  ///< "DTSTART", "ATTENDEE", ... or empty
  std::string before,
      after;  ///< raw property values with parameters as in a content line; may be empty
};

/// Of a list of changes, and octets of their text: a message can hold a hundred thousand.
inline constexpr std::size_t most_changes = 1'000;
inline constexpr std::size_t most_change_octets = 1'048'576;

/// Answers that a plan offers: a message can ask for one to each of thousands of ranges.
inline constexpr std::size_t most_reply_offers = 100;

/// A message that the owner may want to send because of this one. Nothing is sent by itself:
/// whoever mails it asks the policy, or a person.
struct Offer {
  enum class Kind : std::uint8_t { None = 0, Request, Cancel, DeclineCounter, Refresh, Reply };
  Kind kind = Kind::None;
  std::string scope;           ///< Scope::key() of what it is about
  std::vector<CalAddress> to;  ///< never the owner
  Reason reason;
  /// The VCALENDAR with its METHOD, ready to be mailed; for a Reply none: a person must say how.
  std::optional<ical::Component> object;
};
/// "request", "cancel", "declinecounter", "refresh", "reply"
[[nodiscard]] std::string_view offer_word(Offer::Kind k);
/// What tells an offer from others: "request series mailto:carla@example.com", and a digest of what it says but for
/// its DTSTAMP.
[[nodiscard]] std::string offer_key(const Offer& offer);

struct PlanOptions {
  bool remove_cancelled = false;  ///< [store] cancelled = "remove"
  bool take_display_alarms = false;
  /// [store] task-progress = "any": a task with several attendees shows what the last one said.
  bool any_task_progress = false;
  bool admit_party_crashers =
      false;  ///< a person (or policy) let the uninvited speaker of this REPLY in
  Limits limits;
};

/// Good for one state of one object: the store compares base_sha256 under its lock.
struct Plan {
  Outcome outcome = Outcome::None;
  std::string uid;
  CalAddress organizer;                    ///< the facts' key
  std::optional<std::string> base_sha256;  ///< of the object planned against; empty: none is stored
  Facts facts;                             ///< as they will be
  bool facts_changed = false;
  std::optional<std::string> octets;  ///< the object's new text; empty: leave the file alone
  std::string rendered_before;        ///< what was rendered last, or what the facts of the file render
  bool remove = false;                ///< take the file away ([store] cancelled = "remove")
  std::vector<Change> changes;        ///< at most `most_changes`
  std::size_t changes_left_out = 0;   ///< how many more there are
  std::vector<Reason> reasons;   ///< notices; for Refused why
  std::vector<Change> proposal;  ///< COUNTER: what it would change; action "propose"; bounded likewise
  std::size_t proposal_left_out = 0;
  // What the new facts are made of, so that one message can be taken out again (itip/retract.hpp).
  std::string digest;  ///< message_digest(); empty: no message adds anything
  Facts said;          ///< what the message says, news or not
  Facts found;         ///< what the owner's file, or her answer, added to the facts
  std::vector<Offer> offers;        ///< at most `most_reply_offers` of Kind::Reply
  std::size_t offers_left_out = 0;  ///< how many more of these there are
};

/// Adds the message to the facts and renders. Never fails: what cannot be is Outcome::Refused with
/// reasons.
Plan plan_message(const Message& message, const Speaker& speaker, const StoredObject* stored,
                  const Facts& facts, const Owner& owner, const PlanOptions& options,
                  UtcSeconds now);

/// The plan of a message that adds nothing, with what the facts render and the file does not say yet (an earlier run
/// was stopped before it wrote the file). `octets` is empty where the file says it all.
Plan plan_again(Plan plan, const StoredObject& stored, const Owner& owner, const PlanOptions& options,
                UtcSeconds now);

/// The offer was mailed: a delegate who says nothing is not written to again for each copy of the
/// delegation, but once for each revision of the event.
void note_mailed(Plan& plan, const Offer& offer, const Owner& owner);

/// Of what the message says, whatever mail carries it and whoever signed it.
[[nodiscard]] std::string message_digest(const Message& message);

enum class PartStat : std::uint8_t {
  NeedsAction = 0,
  Accepted,
  Declined,
  Tentative,
  Delegated,
  InProcess,  ///< of a task, as Completed
  Completed
};
[[nodiscard]] std::string_view partstat_word(PartStat p);  ///< "ACCEPTED"

/// What a COUNTER proposes instead; an empty member stays as it is. WHENs are in the event's own zone.
struct Proposal {
  std::string start, end, due, duration;  ///< WHEN (ical/time.hpp) and RFC 5545 DURATION
  std::string timezone;                   ///< of these WHENs, instead of the event's own
  std::string summary, location;          ///< UTF-8
};

/// What the owner says to an organizer: her answer, a proposal, or a question.
struct Answer {
  Method method = Method::Reply;              ///< Reply, Counter or Refresh
  PartStat partstat = PartStat::NeedsAction;  ///< Reply
  std::string comment;                        ///< UTF-8; may be empty
  std::optional<ical::Time> instance;         ///< empty: the whole set
  bool this_and_future = false;               ///< `instance` and all later ones
  CalAddress as;       ///< which own ATTENDEE answers; empty: the one that is listed
  bool exact = false;  ///< to the revision that the message has, though a newer one is known
  std::string delegate;  ///< Delegated: "ADDR[;PARAM=VALUE...]", who takes part instead
  std::optional<std::int64_t> percent_complete;  ///< Reply to a task: 0 to 100
  std::optional<UtcSeconds> completed;           ///< Reply to a task
  Proposal proposal;                             ///< Counter
};

/// An answer, ready to be stored and to be mailed.
struct AnswerPlan {
  Plan plan;
  /// VCALENDAR with its METHOD: REPLY, COUNTER or REFRESH (RFC 5546 section 3.2.3; what itip.md
  /// "Replies" says), to the organizer.
  ical::Component reply;
  CalAddress from, to;
  /// Delegated: the REQUEST to the delegate (section 3.2.2.3).
  std::optional<ical::Component> forward;
  CalAddress delegate;
  bool repeated = false;  ///< the very same was said before about the same revision
};

/// The owner answers the event `stored` (or, if nothing is stored, `message`). DTSTAMP of what is sent
/// is `now` or a second after the owner's last word. The same answer to the same revision gives
/// the same object. A COUNTER and a REFRESH leave the event as it is; that they were sent is remembered.
/// @errors Errc::Refused (owner is no attendee; event cancelled; owner organizes it; the organizer
/// wants no proposals), Errc::NotFound (instance), Errc::BadValue (a delegate or a proposal that cannot be)
Result<AnswerPlan> plan_answer(const Message* message, const StoredObject* stored,
                               const Facts& facts, const Owner& owner, const Answer& answer,
                               const PlanOptions& options, UtcSeconds now);

}  // namespace imip::itip
