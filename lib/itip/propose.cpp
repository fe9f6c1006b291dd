// What an attendee may say to the organizer besides an answer: a proposal (RFC 5546 section 3.2.7), and a question
// for the current state (section 3.2.6). Neither changes the event.
#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "itip/detail/answering.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/merge.hpp"
#include "itip/detail/render.hpp"
#include "itip/detail/scope.hpp"

namespace imip::itip::detail {

namespace {

/// Exchange: the organizer wants no proposals.
bool disallows(const ical::Component& event)
{
  const std::string* v = event.value("X-MICROSOFT-DISALLOW-COUNTER");
  return v && text::ascii_iequal(*v, "TRUE");
}

BuildSpec spec_of(const Answer& answer, Kind kind)
{
  BuildSpec out;
  out.method = Method::Counter;
  out.kind = kind;
  out.start = answer.proposal.start;
  out.end = answer.proposal.end;
  out.due = answer.proposal.due;
  out.duration = answer.proposal.duration;
  out.timezone = answer.proposal.timezone;
  return out;
}

Result<void> check_proposal(const Proposal& p, Kind kind)
{
  const bool task = kind == Kind::Todo;
  if (!(task ? p.end : p.due).empty())
    return err(Errc::BadValue, task ? "a task has no end: say --due" : "an event is not due: say --end");
  return {};
}

/// The event as it would be.
Result<ical::Component> proposed(const View& view, const AnswerItem& item, const Answer& answer, Kind kind)
{
  const BuildSpec spec = spec_of(answer, kind);
  ical::Component out = item.content;
  strip_marks(out);
  std::erase_if(out.components, [](const ical::Component& s) { return s.name == "VALARM"; });
  out.remove("COMMENT");
  const ical::Component before = out;
  IMIP_CHECK(set_times(spec, kind, view.calendar, true, out));
  if (!answer.proposal.summary.empty())
    out.set(ical::text_property("SUMMARY", answer.proposal.summary));
  if (!answer.proposal.location.empty())
    out.set(ical::text_property("LOCATION", answer.proposal.location));
  if (canonical_digest(out) == canonical_digest(before))
    return err(Errc::BadValue, "the event is already as you propose",
               "propose another time or place, or accept");
  out.set(make_property("SEQUENCE", cat(item.sequence)));
  ical::Property own = item.attendee;
  out.remove("ATTENDEE");
  out.properties.push_back(std::move(own));
  if (!answer.comment.empty()) out.set(ical::text_property("COMMENT", answer.comment));
  fill_and_trim(Method::Counter, kind, out);
  return out;
}

Result<void> check_counter(const Answer& answer, Kind kind, const ical::Component& object)
{
  const ical::Zones zones(object);
  for (const ical::Component& c : object.components) {
    if (c.name == "VTIMEZONE") continue;
    IMIP_CHECK(check_component(spec_of(answer, kind), kind, true, zones, c));
  }
  return {};
}

/// What is noted beside the facts; the event stays as it is.
void keep_event(const Answering& a, Facts next, AnswerPlan& out)
{
  out.plan.outcome = Outcome::Ignored;
  out.plan.facts_changed = !(next == a.given);
  out.plan.facts = std::move(next);
}

Kind kind_of_component(const std::string& name)
{
  return name == "VTODO" ? Kind::Todo : name == "VJOURNAL" ? Kind::Journal : Kind::Event;
}

/// The first component of the stored object or, without, of the message; null: none.
const ical::Component* first_component(const Answering& a)
{
  if (a.stored) {
    for (const ical::Component& c : a.stored->calendar.components) {
      if (is_scheduled(c)) return &c;
    }
  }
  return a.message ? &*a.message->components.front().component : nullptr;
}

/// Under which address the owner asks: as listed in what shows, in the message, else her own.
ical::Property asking_attendee(const std::optional<View>& view, const Answering& a)
{
  const auto among = [&](const ical::Component& c) -> std::optional<ical::Property> {
    auto own = own_attendee(c, a.owner, a.answer.as);
    if (!own) return std::nullopt;
    std::erase_if(own->parameters, [](const ical::Parameter& p) { return p.name != "CN"; });
    return *std::move(own);
  };
  if (view && view->series.write) {
    if (auto own = among(view->series.write->event)) return *std::move(own);
  }
  if (a.message) {
    for (const MessageComponent& c : a.message->components) {
      if (auto own = among(c.component)) return *std::move(own);
    }
  }
  return make_property("ATTENDEE",
                       (a.answer.as.empty() ? a.owner.addresses.front() : a.answer.as).uri());
}

}  // namespace

Result<void> plan_proposal(const View& view, const std::vector<AnswerItem>& items, const Answering& a,
                           AnswerPlan& out)
{
  if (items.size() > 1)
    return err(Errc::Refused, cat("the message is about ", items.size(), " occurrences"),
               "say which one the proposal is about: --instance WHEN");
  const AnswerItem& item = items.front();
  const Kind kind = kind_of_component(item.content.name);
  if (disallows(item.content) || (view.series.write && disallows(view.series.write->event)))
    return err(Errc::Refused,
               "the organizer wants no proposals (X-MICROSOFT-DISALLOW-COUNTER)",
               "answer, and say it with --comment");
  IMIP_CHECK(check_proposal(a.answer.proposal, kind));
  IMIP_TRY(ical::Component c, proposed(view, item, a.answer, kind));
  c.remove("DTSTAMP");
  ical::Component object{"VCALENDAR",
                         {make_property("VERSION", "2.0"),
                          make_property("PRODID", std::string(prodid)),
                          make_property("METHOD", "COUNTER")},
                         {std::move(c)}};
  complete_timezones(object, {&view.calendar});
  Facts next = a.before;
  out.repeated = stamp_and_note(object, item.key, view.owner_key(), item.sequence, a.before, a.now,
                                next);
  IMIP_CHECK(check_counter(a.answer, kind, object));
  ical::Component before{"VCALENDAR", {}, {item.content}};
  for (Change& change : changes_between(&before, object, "propose", out.plan.proposal_left_out)) {
    change.action = "propose";
    if (change.property != "ATTENDEE") out.plan.proposal.push_back(std::move(change));
  }
  out.reply = std::move(object);
  keep_event(a, std::move(next), out);
  return {};
}

Result<void> plan_question(const Answering& a, AnswerPlan& out)
{
  const ical::Component* first = first_component(a);
  if (!first) return err(Errc::NotFound, "there is no event to ask about");
  const Kind kind = kind_of_component(first->name);
  if (kind == Kind::Journal)
    return err(Errc::Refused, "nobody is asked about journal entries",
               "RFC 5546 has no REFRESH for them");
  if (first->name == "VFREEBUSY") return err(Errc::Refused, "nobody is asked again for busy time");
  if (a.owner.addresses.empty()) return err(Errc::Refused, "you are no attendee of this event");
  const auto view = View::make(a.before, a.owner, a.options.limits, {});
  const ical::Property own = asking_attendee(view, a);
  IMIP_TRY(out.from, CalAddress::parse(own.value));
  std::optional<ical::Property> id;
  std::string key = "series";
  if (a.answer.instance) {
    id = time_property("RECURRENCE-ID", *a.answer.instance);
    key = scope_key(Scope::Type::Instance, time_text(*a.answer.instance));
  }
  out.reply = refresh_object(kind, out.plan.uid, out.to, own, id, a.now);
  for (ical::Component& c : out.reply.components) {
    c.remove("DTSTAMP");
    if (!a.answer.comment.empty()) c.set(ical::text_property("COMMENT", a.answer.comment));
  }
  const ical::Component empty{"VCALENDAR", {}, {}};
  complete_timezones(out.reply, {view ? &view->calendar : &empty,
                                 a.message ? &*a.message->calendar : &empty});
  // Asked again about the same state it is the same question.
  const std::int64_t sequence =
      view && view->series.write ? view->series.write->revision.sequence : 0;
  Facts next = a.before;
  const std::string owner_key = attendee_key(a.owner.addresses.front(), a.owner);
  out.repeated = stamp_and_note(out.reply, key, owner_key, sequence, a.before, a.now, next);
  keep_event(a, view ? std::move(next) : Facts(a.given), out);
  return {};
}

}  // namespace imip::itip::detail
