/// @file From messages, files and answers to facts.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "ical/time.hpp"
#include "itip/facts.hpp"
#include "itip/plan.hpp"

namespace imip::itip::detail {

inline constexpr std::string_view class_organizer = "organizer";
inline constexpr std::string_view class_vouched = "vouched";
inline constexpr std::string_view class_publish = "publish";

/// "W:organizer" and so on: W, B and D are kept per class, so that hearsay cannot touch what the
/// organizer said.
[[nodiscard]] std::string class_register(char reg, std::string_view cls);

/// The highest class that has content: only that shows. "": none has (held).
[[nodiscard]] std::string class_with_content(const Facts& facts);

/// What one attendee answered: a register A's content.
struct AnswerFact {
  Revision revision;
  std::string partstat = "NEEDS-ACTION";
  std::vector<std::string> delegated_to, delegated_from;  ///< URIs
  std::string sent_by;                                    ///< URI
  std::string comment;                                    ///< UTF-8, unescaped
  std::string description;                                ///< likewise: some say it there
  std::string address;                                    ///< URI, as the attendee wrote it
  std::string request_status;  ///< raw values, joined by spaces: what failed (section 3.6)
  // Of a task, as this attendee sees it: raw values, each empty if not said.
  std::string percent, completed, status;
  [[nodiscard]] bool tells_progress() const
  {
    return !percent.empty() || !completed.empty() || !status.empty();
  }
};
/// PERCENT-COMPLETE, COMPLETED and STATUS of a component, as far as they are valid.
void read_progress(const ical::Component& c, AnswerFact& into);
[[nodiscard]] std::string encode(const AnswerFact& answer);
[[nodiscard]] AnswerFact decode_answer(const FactRow& row);

/// The owner's addresses are one attendee.
[[nodiscard]] std::string attendee_key(const CalAddress& address, const Owner& owner);

/// Those of the component's attendees.
[[nodiscard]] std::set<std::string> attendee_keys(const ical::Component& component,
                                                  const Owner& owner);

/// How a message met the facts.
struct Recorded {
  std::size_t rows = 0;             ///< said
  std::size_t raised = 0;           ///< of them news
  std::size_t equal = 0;            ///< of them known word for word
  bool newer_series = false;        ///< a series' content was raised
  bool cancels = false;             ///< cancels for everybody, not just for some
  bool uninvites_owner = false;     ///< takes the owner off the list of what it speaks of
  std::vector<std::string> scopes;  ///< keys that it speaks of
  std::vector<Reason> reasons;
  Facts said;  ///< the message's rows by themselves, news or not
  std::map<const MessageComponent*, std::string> digests;  ///< canonical_digest(normalised()), where it was needed
};

/// Adds what the message says. `speaker.cls` decides under which class.
Recorded record_message(Facts& facts, const Message& message, const Speaker& speaker,
                        const Owner& owner, const PlanOptions& options);

/// Content that no message brings: a file's. One that imip wrote holds more than the message of the
/// same revision (what a CANCEL cut off, an ADD added); of another program's that message is
/// better.
enum class Seed : std::uint8_t { None, Foreign, Rendered };

/// Raises W and D for one component as if a message had brought it. Returns the content's digest.
std::string record_content(Facts& facts, std::string_view cls, const Scope& scope,
                           const Revision& revision, const ical::Component& event,
                           const std::vector<Shared<ical::Component>>& timezones,
                           const ical::Zones& zones, Recorded* into, Seed seed = Seed::None);
void record_answer(Facts& facts, const std::string& scope_key, const std::string& attendee,
                   const AnswerFact& answer, Recorded* into);

/// Does the owner organize what is in the calendar? The first ORGANIZER says.
[[nodiscard]] bool organizes(const ical::Component& calendar, const Owner& owner);

/// Facts for an object that the store had before we knew of it (or that another machine wrote).
void seed_from_file(Facts& facts, const StoredObject& stored, const Owner& owner);

/// What the owner did to the file since we rendered it: her own answer; and, where she organizes,
/// anything that messages would otherwise own. Her word counts as of `now`.
void absorb_owner_edits(Facts& facts, const StoredObject& stored, const Owner& owner,
                        const Limits& limits, UtcSeconds now);

/// The scope of a component in a file.
[[nodiscard]] Result<Scope> scope_of(const ical::Zones& zones, const ical::Component& component);

}  // namespace imip::itip::detail
