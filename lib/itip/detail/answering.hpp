/// @file The steps of plan_answer().
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "itip/detail/offering.hpp"
#include "itip/detail/view.hpp"
#include "itip/plan.hpp"

namespace imip::itip::detail {

/// What an answer is planned from.
struct Answering {
  const Message* message;       ///< null: none
  const StoredObject* stored;   ///< null: none
  const Facts& given;           ///< as they were loaded
  const Facts& before;          ///< facts_before() of them
  const Facts& seen;            ///< `before`, or what the message says if that is what is answered
  const Owner& owner;
  const Answer& answer;
  const PlanOptions& options;
  UtcSeconds now;
};

/// One component that is answered.
struct AnswerItem {
  Slot slot;
  ical::Component content;  ///< what takes place there
  ical::Property attendee;  ///< ours, as listed
  std::int64_t sequence = 0;
  std::string key;  ///< Scope::key()
};

/// The occurrence (or that and all later ones) that the answer names; without, all of the event or just what the
/// message is about. @errors Errc::NotFound, Errc::Refused (cancelled; the owner is no attendee)
Result<std::vector<AnswerItem>> items_of(const View& view, const Answering& a);

/// An own ATTENDEE: `as` if it is given, else a person before others, else through a group.
/// @errors Errc::Refused
Result<ical::Property> own_attendee(const ical::Component& content, const Owner& owner,
                                    const CalAddress& as);

/// Now, or a second after what the owner said last if that is later.
[[nodiscard]] UtcSeconds next_stamp(const Facts& facts, const std::string& owner_key, UtcSeconds now);

/// What was sent and changes nothing is remembered in register Q, so that the same again is the same octets.
/// Gives `object` its DTSTAMP: that of the same object sent before, else next_stamp(); a REFRESH that is sent again
/// has the present.
/// @returns was it sent before?
bool stamp_and_note(ical::Component& object, const std::string& key, const std::string& owner_key,
                    std::int64_t sequence, const Facts& known, UtcSeconds now, Facts& next);

/// Who takes part instead, as ATTENDEE. @errors Errc::BadValue, Errc::Refused (invited already; organizes it)
Result<ical::Property> delegate_of(const std::vector<AnswerItem>& items, const Answering& a,
                                   const CalAddress& organizer);
/// The REQUEST to the delegate (RFC 5546 section 3.2.2.3).
/// @param after  the facts with the owner's answer in them
/// @errors Errc::Refused (nothing is left that could be passed on)
Result<ical::Component> forwarded(const std::vector<AnswerItem>& items, const ical::Property& delegate,
                                  const Facts& after, const std::string& uid, const Answering& a,
                                  UtcSeconds stamp);

/// Fills `out.reply` (section 3.2.7) and the plan. @errors Errc::Refused, Errc::BadValue
Result<void> plan_proposal(const View& view, const std::vector<AnswerItem>& items, const Answering& a,
                           AnswerPlan& out);
/// Fills `out.reply` (section 3.2.6) and the plan. @errors Errc::Refused, Errc::NotFound
Result<void> plan_question(const Answering& a, AnswerPlan& out);

}  // namespace imip::itip::detail
