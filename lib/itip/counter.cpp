// An attendee proposes other times (RFC 5546 section 3.2.7). Nothing changes: the organizer sees
// the proposal beside what is, and may send it as a REQUEST to all, or decline it.
#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/merge.hpp"
#include "itip/detail/offering.hpp"
#include "itip/detail/render.hpp"
#include "itip/detail/scope.hpp"
#include "itip/detail/shape.hpp"

namespace imip::itip::detail {

namespace {

constexpr std::array<std::string_view, 6> time_names{"DTSTART",  "DTEND", "DUE",
                                                     "DURATION", "RDATE", "EXDATE"};
constexpr std::array<std::string_view, 6> other_names{"SUMMARY", "LOCATION",  "DESCRIPTION",
                                                      "GEO",     "RESOURCES", "PRIORITY"};

template <typename Names>
bool among(const Names& names, std::string_view name)
{
  return std::find(names.begin(), names.end(), name) != names.end();
}

void replace(ical::Component& into, std::string_view name, const ical::Component& from)
{
  into.remove(name);
  for (const ical::Property* p : from.all(name)) into.properties.push_back(*p);
}

bool same_times(const ical::Zones& a, const ical::Component& left, const ical::Zones& b,
                const ical::Component& right)
{
  const auto l = shape_of(a, left);
  const auto r = shape_of(b, right);
  return l && r && *l == *r;
}

/// One component of a COUNTER against what is.
struct Proposal {
  const Offering& o;
  const View& view;
  const MessageComponent& said;
  Slot slot;
  ical::Component now;   ///< what takes place
  ical::Component then;  ///< what would
  std::int64_t sequence = 0;
  bool moves = false;
};

/// A rule that the proposal does not repeat stays; all other times are replaced as a whole.
void overlay(Proposal& p)
{
  const ical::Component wanted = normalised(p.said);
  const ical::Zones theirs(p.o.message.calendar);
  ical::Component trial = p.now;
  for (const std::string_view name : time_names) replace(trial, name, wanted);
  const ical::Property* rule = wanted.find("RRULE");
  if (rule) trial.set(*rule);
  p.moves = wanted.find("DTSTART") && !same_times(*p.view.zones, p.now, theirs, trial);
  p.then = p.moves ? std::move(trial) : p.now;
  for (const std::string_view name : other_names) {
    if (wanted.find(name)) replace(p.then, name, wanted);
  }
}

/// People whom the proposal would have besides: shown, never invited on an attendee's word.
void add_people(const Proposal& p, ical::Component& shown)
{
  std::set<std::string> there;
  for (const ical::Property* q : shown.all("ATTENDEE")) {
    if (const auto address = CalAddress::parse(q->value)) {
      there.insert(address_key(*address, p.o.owner.local_part));
    }
  }
  for (const Party& a : p.said.attendees) {
    if (there.insert(address_key(a.address, p.o.owner.local_part)).second) {
      shown.properties.push_back(a.property);
    }
  }
}

void tell_changes(const Proposal& p, Plan& plan)
{
  ical::Component before{"VCALENDAR", {}, {p.now}};
  ical::Component shown = p.then;
  add_people(p, shown);
  ical::Component after{"VCALENDAR", {}, {std::move(shown)}};
  complete_timezones(before, {&p.view.calendar});
  complete_timezones(after, {&p.view.calendar, &*p.o.message.calendar});
  for (Change& change : changes_between(&before, after, "propose", plan.proposal_left_out)) {
    change.action = "propose";
    plan.proposal.push_back(std::move(change));
  }
}

void ask_again(ical::Component& c, const Owner& owner)
{
  for (ical::Property& p : c.properties) {
    const auto address =
        p.name == "ATTENDEE" ? CalAddress::parse(p.value) : Result<CalAddress>(CalAddress{});
    if (p.name != "ATTENDEE" || !address || owner.is(*address)) continue;
    p.set_parameter("PARTSTAT", "NEEDS-ACTION");
    p.set_parameter("RSVP", "TRUE");
  }
}

std::vector<CalAddress> invited(const ical::Component& c, const Owner& owner)
{
  std::vector<CalAddress> out;
  for (const ical::Property* p : c.all("ATTENDEE")) {
    const auto address = CalAddress::parse(p->value);
    if (address && !owner.is(*address)) out.push_back(*address);
  }
  return out;
}

ical::Component object_of(const Proposal& p, std::string_view method, ical::Component c)
{
  strip_marks(c);
  std::erase_if(c.components, [](const ical::Component& s) { return s.name == "VALARM"; });
  c.set(make_property("UID", p.o.message.uid));
  c.set(make_property("DTSTAMP", to_ical_utc(p.o.now)));
  ical::Component out{
      "VCALENDAR",
      {make_property("VERSION", "2.0"), make_property("PRODID", std::string(prodid)),
       make_property("METHOD", std::string(method))},
      {ordered(std::move(c))}};
  complete_timezones(out, {&p.view.calendar, &*p.o.message.calendar});
  return out;
}

/// Overrides that the new revision of the series keeps: those whose times it does not touch.
void carry_overrides(const Proposal& p, ical::Component& calendar)
{
  if (p.moves || p.slot.type != Scope::Type::Series) return;
  for (const auto* slots : {&p.view.ranges, &p.view.instances}) {
    for (const auto& [text, slot] : *slots) {
      if (!slot.yielded || !p.view.live(slot) || p.view.cancelled(slot)) continue;
      ical::Component c = slot.write->event;
      c.properties.erase(
          std::remove_if(c.properties.begin(), c.properties.end(),
                         [](const ical::Property& q) { return q.name == "ATTENDEE"; }),
          c.properties.end());
      for (ical::Property& a : shown_attendees(p.view, slot, slot.write->event, p.o.owner)) {
        c.properties.push_back(std::move(a));
      }
      ical::Component one = object_of(p, "REQUEST", std::move(c));
      calendar.components.push_back(std::move(one.components.back()));
    }
  }
  const ical::Component source = calendar;
  complete_timezones(calendar, {&source, &p.view.calendar});
}

void offer_request(const Proposal& p, Plan& plan)
{
  ical::Component c = p.then;
  c.remove("ATTENDEE");
  for (ical::Property& a : shown_attendees(p.view, p.slot, p.now, p.o.owner)) {
    c.properties.push_back(std::move(a));
  }
  if (p.moves) ask_again(c, p.o.owner);
  c.set(make_property("SEQUENCE", cat(p.sequence + 1)));
  Offer offer;
  offer.kind = Offer::Kind::Request;
  offer.scope = scope_key(p.slot.type, p.slot.text);
  offer.to = invited(c, p.o.owner);
  if (offer.to.empty()) return;
  // who is not invited, and was let in, is told too what becomes of the proposal
  const CalAddress& proposer = p.o.speaker.address;
  const bool listed = std::any_of(offer.to.begin(), offer.to.end(), [&](const CalAddress& to) {
    return same_user(to, proposer, p.o.owner.local_part);
  });
  if (!listed && !p.o.owner.is(proposer)) offer.to.push_back(proposer);
  offer.reason = {Code::Counter,
                  cat("accepts what ", p.o.speaker.address.mailbox(), " proposes, for everybody")};
  offer.object = object_of(p, "REQUEST", std::move(c));
  carry_overrides(p, *offer.object);
  plan.offers.push_back(std::move(offer));
}

void offer_decline(const Offering& o, const View& view, const MessageComponent& said, Reason why,
                   Plan& plan)
{
  ical::Component c{said.component->name, {}, {}};
  for (const char* name :
       {"UID", "RECURRENCE-ID", "DTSTART", "DTEND", "DUE", "DURATION", "SUMMARY"}) {
    if (const ical::Property* p = said.component->find(name)) c.properties.push_back(*p);
  }
  c.properties.push_back(make_property("SEQUENCE", cat(said.revision.sequence)));
  c.properties.push_back(make_property("ORGANIZER", plan.organizer.uri()));
  c.properties.push_back(make_property("ATTENDEE", o.speaker.address.uri()));
  const Proposal p{o, view, said, {}, {}, {}, 0, false};
  Offer offer;
  offer.kind = Offer::Kind::DeclineCounter;
  offer.scope = said.scope.key();
  offer.to = {o.speaker.address};
  offer.reason = std::move(why);
  offer.object = object_of(p, "DECLINECOUNTER", std::move(c));
  plan.offers.push_back(std::move(offer));
}

/// Exchange: the organizer wants no proposals.
bool disallowed(const StoredObject& stored)
{
  return std::any_of(stored.calendar.components.begin(), stored.calendar.components.end(),
                     [](const ical::Component& c) {
                       const std::string* v = c.value("X-MICROSOFT-DISALLOW-COUNTER");
                       return v && text::ascii_iequal(*v, "TRUE");
                     });
}

/// Why the proposal is about nothing that is; empty if it is about what is.
std::string outdated(const View& view, const std::optional<Slot>& slot, const MessageComponent& c)
{
  if (!slot || !view.source(*slot)) {
    return cat("the event has no occurrence ", c.scope.key(), ", which the proposal is about");
  }
  if (view.cancelled(*slot)) return cat("what the proposal is about is cancelled");
  const std::int64_t sequence = view.source(*slot)->write->revision.sequence;
  if (c.revision.sequence == sequence) return {};
  return cat("the proposal is about revision ", c.revision.sequence, ", the event is at ",
             sequence);
}

void plan_component(const Offering& o, const View& view, const MessageComponent& c, bool allowed,
                    Plan& plan)
{
  const std::string who = o.speaker.address.mailbox();
  const auto slot = find_slot(view, c.scope, o.options.limits);
  const std::string stale = outdated(view, slot, c);
  if (!stale.empty()) {
    plan.reasons.push_back({Code::CounterOutdated, stale});
    return offer_decline(o, view, c, {Code::CounterOutdated, stale}, plan);
  }
  Proposal p{o, view, c, *slot, *content_of(view, *slot), {}, 0, false};
  p.sequence = view.source(p.slot)->write->revision.sequence;
  overlay(p);
  tell_changes(p, plan);
  const std::string comment = c.component->text("COMMENT");
  plan.reasons.push_back(
      {Code::Counter, cat(who, " proposes another ", p.moves ? "time" : "form", " of the event",
                          comment.empty() ? "" : ": ", comment)});
  plan.outcome = Outcome::Ask;
  if (allowed) offer_request(p, plan);
  offer_decline(o, view, c, {Code::Counter, cat("declines what ", who, " proposes")}, plan);
}

}  // namespace

void plan_counter(const Offering& o, const StoredObject& stored, Plan& plan)
{
  plan.outcome = Outcome::Obsolete;
  const auto view = View::make(o.facts, o.owner, o.options.limits, {});
  if (!view) {
    plan.outcome = Outcome::Ignored;
    plan.reasons.push_back({Code::CounterOutdated, "there is no event that this could be about"});
    return;
  }
  const bool allowed = !disallowed(stored);
  for (const MessageComponent& c : o.message.components) {
    plan_component(o, *view, c, allowed, plan);
  }
  if (allowed || plan.outcome != Outcome::Ask) return;
  plan.outcome = Outcome::Ignored;
  plan.reasons.push_back(
      {Code::CounterDisallowed, "you wanted no proposals (X-MICROSOFT-DISALLOW-COUNTER)"});
}

}  // namespace imip::itip::detail
