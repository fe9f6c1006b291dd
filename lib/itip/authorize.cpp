// trust.md section 3, "Bound to this calendar": a valid signature replayed to the wrong person, or
// about another object of the same name, must do nothing.
#include <algorithm>

#include "base/cat.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/free_busy.hpp"
#include "itip/detail/planning.hpp"
#include "itip/detail/shape.hpp"
#include "itip/plan.hpp"

namespace imip::itip {

namespace {

/// What is looked at, and what was found.
struct Case {
  const Message& message;
  const StoredObject* stored;
  const Facts& facts;
  const Owner& owner;
  const Limits& limits;
  UtcSeconds now;
  std::vector<Objection> found;

  void refuse(Code code, std::string text) { found.push_back({true, {code, std::move(text)}}); }
  void ask(Code code, std::string text) { found.push_back({false, {code, std::move(text)}}); }
};

bool lists_owner(const MessageComponent& c, const Owner& owner)
{
  return std::any_of(c.attendees.begin(), c.attendees.end(), [&](const Party& p) {
    return owner.is(p.address) || owner.is_group(p.address);
  });
}

/// A REQUEST for the series may leave the owner out of an occurrence. A CANCEL reaches only whom it
/// names, component by component.
bool addressed(const Message& message, const Owner& owner)
{
  const auto& all = message.components;
  const auto lists = [&](const MessageComponent& c) { return lists_owner(c, owner); };
  if (message.method == Method::Cancel) return std::all_of(all.begin(), all.end(), lists);
  const auto series = std::find_if(all.begin(), all.end(), [](const MessageComponent& c) {
    return c.scope.type == Scope::Type::Series;
  });
  if (series != all.end()) return lists(*series);
  return std::all_of(all.begin(), all.end(), lists);
}

/// The greatest revision known of what the organizer said, in the state or in the file.
std::optional<Revision> known_revision(const Case& c)
{
  std::optional<Revision> out;
  const auto raise = [&](const Revision& r) { out = out ? std::max(*out, r) : r; };
  for (const FactRow& row : c.facts.rows()) {
    if (row.reg != "X" && row.reg != "N" && !row.reg.starts_with("W:")) continue;
    raise({row.sequence, UtcSeconds(std::chrono::seconds(row.dtstamp))});
  }
  if (!c.stored) return out;
  for (const ical::Component& component : c.stored->calendar.components) {
    if (is_scheduled(component)) raise(detail::revision_in_file(component));
  }
  return out;
}

bool lists_owner(const ical::Component& calendar, const Owner& owner)
{
  for (const ical::Component& c : calendar.components) {
    for (const ical::Property* p : c.all("ATTENDEE")) {
      const auto address = CalAddress::parse(p->value);
      if (address && (owner.is(*address) || owner.is_group(*address))) return true;
    }
  }
  return false;
}

bool is_attendee(const ical::Component& calendar, const CalAddress& who, LocalPart mode)
{
  for (const ical::Component& c : calendar.components) {
    for (const ical::Property* p : c.all("ATTENDEE")) {
      const auto address = CalAddress::parse(p->value);
      if (address && same_user(*address, who, mode)) return true;
    }
  }
  return false;
}

void check_kind(Case& c)
{
  for (const ical::Component& component : c.stored->calendar.components) {
    if (!is_scheduled(component) || component.name == kind_word(c.message.kind)) continue;
    return c.refuse(Code::ComponentMismatch,
                    cat("the calendar has a ", component.name, " of this UID, the message a ",
                        kind_word(c.message.kind)));
  }
}

/// The owner deleted the file; what was known of the UID is of one kind all the same.
void check_known_kind(Case& c)
{
  const std::string begin = cat("BEGIN:", kind_word(c.message.kind), "\r\n");
  for (const FactRow& row : c.facts.rows()) {
    const bool tells = row.reg.starts_with("W:") || row.reg.starts_with("F:");
    if (!tells || row.content.find(begin) != std::string::npos) continue;
    return c.refuse(Code::ComponentMismatch,
                    cat("this UID was of something else than a ", kind_word(c.message.kind)));
  }
}

/// Nothing in the calendar is busy time: a stored object of this UID is something else.
void check_free_busy_reply(Case& c)
{
  if (!c.message.organizer) {
    c.ask(Code::ReplyUnbound, "the busy time does not name who asked for it");
  } else if (!c.owner.is(c.message.organizer->address)) {
    return c.refuse(Code::OrganizerMismatch,
                    cat("the busy time is for ", c.message.organizer->address.mailbox(), ", who is not you"));
  }
  const std::vector<Party>& speakers = c.message.components.front().attendees;
  bool any = false;
  for (const Party& p : speakers) {
    const auto asked = detail::asked_for_busy(c.facts, p.address, c.limits, c.owner.local_part);
    if (!asked) return c.ask(Code::ReplyUnbound, "you are not known to have asked for this busy time");
    any = any || *asked;
  }
  if (!any && !speakers.empty())
    c.ask(Code::PartyCrasher, cat(speakers.front().address.mailbox(), " was not asked for busy time"));
}

void check_free_busy(Case& c)
{
  if (c.stored) check_kind(c);
  check_known_kind(c);
  if (c.message.method == Method::Reply) return check_free_busy_reply(c);
  if (!c.message.organizer) return c.refuse(Code::NoOrganizer, "the message names no organizer");
  const CalAddress& speaker = c.message.organizer->address;
  if (c.owner.is(speaker)) return;
  for (const MessageComponent& m : c.message.components) {
    if (c.now - m.revision.dtstamp <= std::chrono::hours(24) * c.limits.stale_days) continue;
    c.ask(Code::Stale, cat("made more than ", c.limits.stale_days, " days ago"));
    break;
  }
  if (c.message.method == Method::Publish)
    return c.ask(Code::AnswerWanted, cat(speaker.mailbox(), " publishes busy time: keep it?"));
  if (!addressed(c.message, c.owner))
    c.ask(Code::NotAddressed, "none of your addresses is asked: the message was sent to somebody else");
  c.ask(Code::AnswerWanted, cat(speaker.mailbox(), " asks when you are busy"));
}

bool is_series(const ical::Component& c)
{
  return is_scheduled(c) && c.find("RECURRENCE-ID") == nullptr;
}

/// Of an object that has one.
bool leaves_out_series(const Message& message, const ical::Component& stored)
{
  return std::any_of(stored.components.begin(), stored.components.end(), is_series) &&
         std::none_of(
             message.components.begin(), message.components.end(),
             [](const MessageComponent& m) { return m.scope.type == Scope::Type::Series; });
}

/// An organizer's method meets a stored object.
void check_organizer(Case& c)
{
  const CalAddress keeper = detail::organizer_of(*c.stored);
  const CalAddress& speaker = c.message.organizer->address;
  if (keeper.empty()) {
    if (c.owner.is(speaker)) return;
    return c.refuse(Code::UidTaken,
                    "the calendar has an event of your own with this UID; no message changes it");
  }
  if (same_user(keeper, speaker, c.owner.local_part)) return;
  const std::string both = cat("the event in the calendar is organized by ", keeper.mailbox(),
                               ", the message names ", speaker.mailbox());
  if (c.message.method != Method::Request) return c.refuse(Code::OrganizerMismatch, both);
  const auto known = known_revision(c);
  const bool newer = std::all_of(
      c.message.components.begin(), c.message.components.end(),
      [&](const MessageComponent& m) { return !known || m.revision.sequence > known->sequence; });
  if (!newer || !is_attendee(c.stored->calendar, speaker, c.owner.local_part)) {
    return c.refuse(Code::OrganizerMismatch, both);
  }
  // What the old one said goes: a part alone would take the rest of the series with it.
  if (leaves_out_series(c.message, c.stored->calendar))
    return c.refuse(Code::OrganizerMismatch,
                    cat(both, "; who takes it over has to send all of it, not one part"));
  c.ask(Code::OrganizerChange, cat(both, ", who was invited to it: a change of organizer"));
}

void check_revision(Case& c)
{
  const auto known = known_revision(c);
  for (const MessageComponent& m : c.message.components) {
    if (known && m.revision.sequence - known->sequence > c.limits.sequence_jump) {
      return c.ask(Code::SequenceJump,
                   cat("SEQUENCE goes from ", known->sequence, " to ", m.revision.sequence,
                       "; after that nothing older would count any more"));
    }
    const auto age = c.now - m.revision.dtstamp;
    // without a DTSTAMP nobody knows
    if (!known && m.component->find("DTSTAMP") &&
        age > std::chrono::hours(24) * c.limits.stale_days) {
      return c.ask(Code::Stale, cat("a first message about this event, made more than ",
                                    c.limits.stale_days, " days ago"));
    }
  }
}

void check_zones(Case& c)
{
  if (c.message.timezones.empty()) return;
  const ical::Zones zones(c.message.calendar);
  for (const MessageComponent& m : c.message.components) {
    const auto time = detail::misleading_time(zones, m.component, {}, c.limits);
    if (!time) continue;
    return c.ask(Code::TimezoneDiffers, cat("the message's own rules for ", time->tzid,
                                            " differ from this system's at ", time->local));
  }
}

/// Did it come by PUBLISH only? Then it invited nobody, and what changes it can address nobody (RFC 5546 section 4.1.3).
/// An ADD to it invites nobody to the rest. Without facts the file tells: it lists nobody.
bool was_published(const Case& c)
{
  bool published = false;
  for (const FactRow& row : c.facts.rows()) {
    if (row.reg == "W:organizer" || row.reg == "W:vouched") return false;
    published = published || row.reg == "W:publish";
  }
  if (published || !c.stored) return published;
  return std::none_of(c.stored->calendar.components.begin(), c.stored->calendar.components.end(),
                      [](const ical::Component& e) { return e.find("ATTENDEE") != nullptr; });
}

bool lists_nobody(const Message& message)
{
  return std::all_of(message.components.begin(), message.components.end(),
                     [](const MessageComponent& m) { return !m.component->find("ATTENDEE"); });
}

/// An ADD and a DECLINECOUNTER need not list anybody: what they speak of must, or be published. A journal lists
/// nobody: it must be the same ORGANIZER's (check_organizer). While what it is about is not here, nobody can say whom
/// a message reaches that lists nobody: it waits, and is judged with that.
bool reaches_owner(const Case& c)
{
  if (c.message.kind == Kind::Journal) return true;
  const Method method = c.message.method;
  const bool by_object = method == Method::Add || method == Method::DeclineCounter;
  if (by_object && c.stored && lists_owner(c.stored->calendar, c.owner)) return true;
  const bool changes = method == Method::Add || method == Method::Cancel;
  if (!changes || !lists_nobody(c.message)) return addressed(c.message, c.owner);
  const bool unknown = c.stored == nullptr && c.facts.empty();
  return unknown || was_published(c);
}

void check_organizer_method(Case& c)
{
  const bool own = c.owner.is(c.message.organizer->address);
  if (c.stored) {
    check_kind(c);
    check_organizer(c);
  } else {
    check_known_kind(c);
  }
  if (c.message.method == Method::DeclineCounter && !c.stored) {
    return c.ask(Code::NotAddressed, "there is no event with this UID in the calendar");
  }
  if (!own && c.message.method != Method::Publish && !reaches_owner(c)) {
    c.ask(Code::NotAddressed, lists_nobody(c.message)
                                  ? "the message lists nobody, and you are not known to be invited"
                                  : "none of your addresses is an attendee in the message: it was sent "
                                    "to somebody else");
  }
  check_revision(c);
  if (c.message.method != Method::Cancel) check_zones(c);
}

/// RFC 5546 section 3.2.2.3: a delegate's REPLY may come before the delegator's. It is kept, and
/// shows nothing until a known attendee says the same.
bool claims_delegation(const Case& c, const Party& p)
{
  if (c.message.method != Method::Reply) return false;
  for (const ical::Parameter& q : p.property->parameters) {
    if (q.name != "DELEGATED-FROM") continue;
    for (const std::string& uri : q.values) {
      const auto from = CalAddress::parse(uri);
      if (from && is_attendee(c.stored->calendar, *from, c.owner.local_part)) return true;
    }
  }
  return false;
}

void check_crasher(Case& c)
{
  for (const MessageComponent& m : c.message.components) {
    const bool known = std::any_of(m.attendees.begin(), m.attendees.end(), [&](const Party& p) {
      return is_attendee(c.stored->calendar, p.address, c.owner.local_part) ||
             claims_delegation(c, p);
    });
    if (known || m.attendees.empty()) continue;
    const std::string who = m.attendees.front().address.mailbox();
    if (c.message.method == Method::Refresh) {
      return c.refuse(Code::PartyCrasher, cat(who, " asks for the event but is not invited"));
    }
    return c.ask(Code::PartyCrasher, cat(who, " answers but is not invited"));
  }
}

void check_attendee_method(Case& c)
{
  if (!c.message.organizer) {
    c.ask(Code::ReplyUnbound,
          "the answer does not name the organizer: it may be to another event of the same UID");
  } else if (!c.owner.is(c.message.organizer->address)) {
    return c.refuse(
        Code::OrganizerMismatch,
        cat("the answer is to ", c.message.organizer->address.mailbox(), ", who is not you"));
  }
  if (!c.stored) {
    return c.ask(Code::ReplyUnbound, "there is no event with this UID in the calendar");
  }
  check_kind(c);
  const CalAddress keeper = detail::organizer_of(*c.stored);
  if (keeper.empty()) {
    return c.refuse(Code::UidTaken,
                    "the calendar has an event of your own with this UID that invites nobody");
  }
  if (!c.owner.is(keeper)) {
    return c.refuse(Code::OrganizerMismatch, cat("the event in the calendar is organized by ",
                                                 keeper.mailbox(), ", not by you"));
  }
  check_crasher(c);
  if (c.message.method == Method::Counter) check_zones(c);
  if (c.message.method == Method::Refresh) return;
  const auto known = known_revision(c);
  for (const MessageComponent& m : c.message.components) {
    if (known && m.revision.sequence - known->sequence > c.limits.sequence_jump) {
      return c.ask(Code::SequenceJump, cat("the answer is to SEQUENCE ", m.revision.sequence,
                                           ", the event is at ", known->sequence));
    }
  }
}

}  // namespace

std::vector<Objection> authorize(const Message& message, const StoredObject* stored,
                                 const Facts& facts, const Owner& owner, const Limits& limits,
                                 UtcSeconds now)
{
  Case c{message, stored, facts, owner, limits, now, {}};
  if (message.kind == Kind::FreeBusy) {
    check_free_busy(c);
  } else if (!is_organizer_method(message.method)) {
    check_attendee_method(c);
  } else if (message.organizer) {
    check_organizer_method(c);
  } else {
    c.refuse(Code::NoOrganizer, "the message names no organizer");
  }
  return std::move(c.found);
}

}  // namespace imip::itip
