/// @file Two versions of what an organizer keeps -> the messages that tell it to whom it concerns (itip.md
/// "Building"). Pure: no clock, file, network.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/result.hpp"
#include "ical/object.hpp"
#include "itip/build.hpp"
#include "itip/message.hpp"

namespace imip::itip {

struct CompareOptions {
  bool use_range = true;  ///< RANGE=THISANDFUTURE where that is smaller; false: peers do not know it
  std::string comment;    ///< a word to all, UTF-8; may be empty
  std::string before_name, after_name;  ///< for errors that are about one version; may be empty
};

/// One message of the set.
struct ChangeMessage {
  Method method = Method::None;
  ical::Component calendar;          ///< complete, as build_object() makes it
  std::vector<Party> to;             ///< who must get it; nobody is named for a PUBLISH
  std::vector<std::string> changes;  ///< for people: "the start", "the place (was: Room 7)"
};

/// The fewest messages from which everybody learns what others may see of the change: REQUEST to
/// those who stay or join, CANCEL to those who left, only instances where only they changed,
/// THISANDFUTURE where it is smaller, SEQUENCE raised as RFC 5546 section 2.1.4 says; nothing if
/// nothing changed that others may see (itip.md "Sameness"). Answers (PARTSTAT, RSVP, DELEGATED-*)
/// are no change: they come from the attendees; but whose RSVP was FALSE and is TRUE, is asked. An
/// object without attendees is published.
/// @errors Errc::BadCalendar (two objects, no series any more, a time that does not parse, somebody
/// who comes into more of a series than can be listed, without being in the series)
Result<std::vector<ChangeMessage>> compare(const ical::Component& before,
                                           const ical::Component& after,
                                           const CompareOptions& options, UtcSeconds now,
                                           const Limits& limits);

/// What the REQUEST of compare() tells one attendee who is shown no other (imip build --each), for
/// people; nothing: there is nothing in it that she did not know. @errors as compare()
Result<std::optional<std::vector<std::string>>> changes_for(const Party& who,
                                                            const ical::Component& before,
                                                            const ical::Component& after,
                                                            const CompareOptions& options,
                                                            UtcSeconds now, const Limits& limits);

/// A REQUEST that build_object() made, as it goes out: as it is where all its components invite the
/// same people; else one for all who are invited to the same ones, and CANCELs for what members of
/// the series are left out of.
/// @errors as compare()
Result<std::vector<ChangeMessage>> invitations(const ical::Component& request,
                                               const std::string& comment, UtcSeconds now,
                                               const Limits& limits);

/// Overrides and ranges of `base` that are of nothing in `made` (a REQUEST or PUBLISH that
/// build_object() made of it, or `base` itself): which, and CANCELs to who was invited to them
/// only. @errors as compare()
struct LeftOut {
  std::vector<std::string> which;  ///< RECURRENCE-ID
  std::vector<ChangeMessage> messages;
};
Result<LeftOut> left_out(const ical::Component& base, const ical::Component& made,
                         const std::string& comment, UtcSeconds now, const Limits& limits);

struct GuestCancels {
  std::vector<ChangeMessage> messages;
  std::optional<BuildSpec> rest;  ///< what is left to build_object(); nothing: these are all
};
/// Who is invited to an override or a range only, and not to all that a CANCEL (of all, or of all
/// from one repetition on) is about, gets a CANCEL of what she is invited to. @errors as
/// build_object()
Result<GuestCancels> cancel_guests(const BuildSpec& spec, const ical::Component& base,
                                   UtcSeconds now, const Limits& limits);

}  // namespace imip::itip
