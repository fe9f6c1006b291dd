// Somebody else takes part instead (RFC 5546 sections 3.2.2.3 and 4.2.5).
#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "itip/detail/answering.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/render.hpp"

namespace imip::itip::detail {

namespace {

/// Says DELEGATED-FROM that the owner brought this attendee in?
bool brought_by_owner(const ical::Property& attendee, const Owner& owner)
{
  for (const ical::Parameter& p : attendee.parameters) {
    if (p.name != "DELEGATED-FROM") continue;
    for (const std::string& uri : p.values) {
      const auto from = CalAddress::parse(uri);
      if (from && owner.is(*from)) return true;
    }
  }
  return false;
}

/// The delegate as the owner names her, where it does not say otherwise with the delegator's ROLE.
void dress(ical::Component& c, const ical::Property& delegate, const CalAddress& who,
           const Owner& owner, const ical::Property& own)
{
  std::string role;
  if (const ical::Property* listed = attendee_in(c, *CalAddress::parse(own.value), owner.local_part)) {
    if (const std::string* r = listed->parameter("ROLE")) role = *r;
  }
  for (ical::Property& p : c.properties) {
    const auto address =
        p.name == "ATTENDEE" ? CalAddress::parse(p.value) : Result<CalAddress>(CalAddress{});
    if (p.name != "ATTENDEE" || !address || !same_user(*address, who, owner.local_part)) continue;
    if (!role.empty()) p.set_parameter("ROLE", role);
    p.set_parameter("PARTSTAT", "NEEDS-ACTION");
    p.set_parameter("RSVP", "TRUE");
    for (const ical::Parameter& q : delegate.parameters) p.set_parameter(q.name, q.values.front());
  }
}

/// One occurrence or range with the people that it will have.
std::optional<ical::Component> part_of(const AnswerItem& item, const View& after, const Answering& a)
{
  Scope scope;
  scope.type = item.slot.type;
  const ical::Property* id = item.content.find("RECURRENCE-ID");
  const auto at = id ? after.zones->time_of(*id) : Result<ical::Time>(ical::Time{});
  if (!at) return std::nullopt;
  scope.at = *at;
  const auto slot = find_slot(after, scope, a.options.limits);
  auto c = slot ? content_of(after, *slot) : std::nullopt;
  if (!c) return std::nullopt;
  std::vector<ical::Property> people = shown_attendees(after, *slot, *c, a.owner);
  c->remove("ATTENDEE");
  for (ical::Property& p : people) c->properties.push_back(std::move(p));
  strip_marks(*c);
  std::erase_if(c->components, [](const ical::Component& s) { return s.name == "VALARM"; });
  return c;
}

Result<ical::Component> parts_of(const std::vector<AnswerItem>& items, const Facts& facts,
                                 const Answering& a)
{
  const auto after = View::make(facts, a.owner, a.options.limits, {});
  ical::Component out{"VCALENDAR",
                      {make_property("VERSION", "2.0"), make_property("PRODID", std::string(prodid)),
                       make_property("METHOD", "REQUEST")},
                      {}};
  if (after) {
    for (const AnswerItem& item : items) {
      if (auto c = part_of(item, *after, a)) out.components.push_back(*std::move(c));
    }
    complete_timezones(out, {&after->calendar});
  }
  return out;
}

}  // namespace

Result<ical::Property> delegate_of(const std::vector<AnswerItem>& items, const Answering& a,
                                   const CalAddress& organizer)
{
  if (a.answer.delegate.empty())
    return err(Errc::BadValue, "to whom is it delegated?", "--to ADDRESS says so");
  IMIP_TRY(const ical::Property given, party_property("ATTENDEE", "--to", a.answer.delegate));
  constexpr std::array<std::string_view, 5> ours{"PARTSTAT", "DELEGATED-TO", "DELEGATED-FROM",
                                                 "SENT-BY", "MEMBER"};
  for (const std::string_view name : ours) {
    if (given.parameter(name))
      return err(Errc::BadValue, cat("--to: ", name, " is not for you to say"),
                 "CN, ROLE, CUTYPE, RSVP and the like are");
  }
  IMIP_TRY(const CalAddress who, CalAddress::parse(given.value));
  if (a.owner.is(who)) return err(Errc::BadValue, "you cannot delegate to yourself");
  if (same_user(who, organizer, a.owner.local_part))
    return err(Errc::Refused, cat(who.mailbox(), " organizes the event"),
               "delegate to somebody else, or decline");
  for (const AnswerItem& item : items) {
    const ical::Property* listed = attendee_in(item.content, who, a.owner.local_part);
    if (listed && !brought_by_owner(*listed, a.owner))
      return err(Errc::Refused, cat(who.mailbox(), " is invited already"),
                 "decline, and say so with --comment");
  }
  ical::Property out = given;
  out.value = who.uri();
  return out;
}

Result<ical::Component> forwarded(const std::vector<AnswerItem>& items, const ical::Property& delegate,
                                  const Facts& after, const std::string& uid, const Answering& a,
                                  UtcSeconds stamp)
{
  IMIP_TRY(const CalAddress who, CalAddress::parse(delegate.value));
  ical::Component out;
  if (items.front().slot.type == Scope::Type::Series) {
    auto all = current_object(after, uid, a.owner, a.options, stamp);
    if (all && !all->cancelled) out = std::move(all->calendar);
  } else {
    IMIP_TRY(out, parts_of(items, after, a));
  }
  if (!keep_for(out, who, a.owner.local_part))
    return err(Errc::Refused, "nothing of the event is left to delegate");
  for (ical::Component& c : out.components) {
    if (c.name == "VTIMEZONE") continue;
    dress(c, delegate, who, a.owner, items.front().attendee);
    if (!a.answer.comment.empty()) c.set(ical::text_property("COMMENT", a.answer.comment));
    c.set(make_property("DTSTAMP", to_ical_utc(stamp)));
    fill_and_trim(Method::Request, c.name == "VTODO" ? Kind::Todo : Kind::Event, c);
    c = ordered(std::move(c));
  }
  return out;
}

}  // namespace imip::itip::detail
