/// @file Messages that another one gives rise to: what an organizer or an attendee may send now.
#pragma once
#include <optional>
#include <string>

#include "itip/detail/view.hpp"
#include "itip/facts.hpp"
#include "itip/plan.hpp"

namespace imip::itip::detail {

/// What the methods that change nothing are planned against.
struct Offering {
  const Message& message;
  const Speaker& speaker;
  const Facts& facts;  ///< facts_before() the message, or as they will be after it
  const Owner& owner;
  const PlanOptions& options;
  UtcSeconds now;
};

/// RFC 5546 section 3.2.6: the current state goes to an attendee who asks for it.
void plan_refresh(const Offering& o, Plan& plan);
/// Section 3.2.7: the proposal, and what may be sent about it.
void plan_counter(const Offering& o, const StoredObject& stored, Plan& plan);
/// Section 3.2.8.
void plan_decline_counter(const Offering& o, Plan& plan);

/// The object as its organizer would send it now (or a delegator would pass it on): no marks, no
/// owner's data, nothing that exists only to carry an answer.
struct Current {
  ical::Component calendar;
  bool cancelled = false;  ///< METHOD is CANCEL and not REQUEST
};
[[nodiscard]] std::optional<Current> current_object(const Facts& facts, const std::string& uid,
                                                    const Owner& owner, PlanOptions options,
                                                    UtcSeconds now);
/// Takes away what does not list that attendee: nobody learns of what he is not invited to. False:
/// nothing is left. The zones that are needed stay.
[[nodiscard]] bool keep_for(ical::Component& calendar, const CalAddress& who, LocalPart mode);
[[nodiscard]] const ical::Property* attendee_in(const ical::Component& c, const CalAddress& who,
                                                LocalPart mode);

/// A REFRESH (RFC 5546 section 3.2.6).
/// @param id  RECURRENCE-ID of the one occurrence that is asked about; may be empty
[[nodiscard]] ical::Component refresh_object(Kind kind, const std::string& uid,
                                             const CalAddress& organizer, ical::Property attendee,
                                             const std::optional<ical::Property>& id,
                                             UtcSeconds dtstamp);
/// A REFRESH to the organizer: the owner asks for the current state.
[[nodiscard]] Offer offer_refresh(const Offering& o, Reason why);
/// REQUESTs to those to whom a REPLY delegates, if they were not invited before.
void offer_to_delegates(const Offering& o, const StoredObject& stored, Plan& plan);
/// A REQUEST to whom a REPLY that declines was delegated by: RFC 5546 section 4.2.5 lets that one
/// choose again.
void offer_to_delegators(const Offering& o, Plan& plan);
/// Does a REQUEST want an answer that the owner has not given?
/// @param shown  the calendar object as it will be
void offer_reply(const Message& message, const Owner& owner, const ical::Component& shown,
                 Plan& plan);

/// The slot that a scope names, if the series has it (or if no series is known).
[[nodiscard]] std::optional<Slot> find_slot(const View& view, const Scope& scope,
                                            const Limits& limits);
/// What takes place there now.
[[nodiscard]] std::optional<ical::Component> content_of(const View& view, const Slot& slot);

}  // namespace imip::itip::detail
