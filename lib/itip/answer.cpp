// The owner answers: a fact like any other, and the REPLY that tells the organizer (RFC 5546
// section 3.2.3).
#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/offering.hpp"
#include "itip/detail/planning.hpp"
#include "itip/detail/scope.hpp"

namespace imip::itip {

std::string_view partstat_word(PartStat p)
{
  switch (p) {
    case PartStat::NeedsAction:
      return "NEEDS-ACTION";
    case PartStat::Accepted:
      return "ACCEPTED";
    case PartStat::Declined:
      return "DECLINED";
    case PartStat::Tentative:
      return "TENTATIVE";
    case PartStat::Delegated:
      return "DELEGATED";
  }
  return "NEEDS-ACTION";
}

namespace {

using detail::AnswerFact;
using detail::Slot;
using detail::View;

/// One component of the reply.
struct Item {
  Slot slot;
  ical::Component content;  ///< what is answered
  ical::Property attendee;  ///< ours, as listed
  std::int64_t sequence = 0;
  std::string key;  ///< Scope::key()
};

std::vector<Slot> overrides_apart(const View& view)
{
  std::vector<Slot> out;
  for (const auto& [text, slot] : view.instances) {
    if (slot.yielded && view.live(slot) && !view.cancelled(slot)) out.push_back(slot);
  }
  return out;
}

/// An own ATTENDEE: `as` if it is given, else a person before others, else through a group.
Result<ical::Property> own_attendee(const ical::Component& content, const Owner& owner,
                                    const CalAddress& as)
{
  const ical::Property* found = nullptr;
  std::string group;
  for (const ical::Property* p : content.all("ATTENDEE")) {
    const auto address = CalAddress::parse(p->value);
    if (!address) continue;
    if (owner.is_group(*address) && group.empty()) group = p->value;
    if (as.empty() ? !owner.is(*address) : !same_user(as, *address, owner.local_part)) continue;
    const std::string* type = p->parameter("CUTYPE");
    const bool person = !type || text::ascii_iequal(*type, "INDIVIDUAL");
    if (!found || person) found = p;
    if (person) break;
  }
  ical::Property out;
  if (found) {
    out = detail::make_property("ATTENDEE", found->value);
    if (const std::string* cn = found->parameter("CN")) out.set_parameter("CN", *cn);
  } else if (!group.empty() && !owner.addresses.empty()) {
    out = detail::make_property("ATTENDEE", (as.empty() ? owner.addresses.front() : as).uri());
    out.set_parameter("MEMBER", group);
  } else {
    return err(Errc::Refused, "you are no attendee of this event",
               "name the address under which you are invited in [me] of the policy, or use --as");
  }
  return out;
}

Result<Item> item_for(const View& view, Slot slot, const Owner& owner, const CalAddress& as)
{
  const Slot* from = view.source(slot);
  if (!from) return err(Errc::NotFound, "there is no event to answer");
  Item out;
  out.sequence = from->write->revision.sequence;
  out.key = detail::scope_key(slot.type, slot.text);
  if (view.cancelled(slot)) {
    return err(Errc::Refused, cat("the event is cancelled (", out.key, ")"),
               "there is nothing to answer");
  }
  const bool same = view.live(slot) || slot.type == Scope::Type::Series;
  out.content = same ? from->write->event : detail::derived_instance(view, slot, *from);
  IMIP_TRY(out.attendee, own_attendee(out.content, owner, as));
  out.slot = std::move(slot);
  return out;
}

/// The slot of the instance that is asked for.
Result<Slot> instance_slot(const View& view, const ical::Time& at, const Limits& limits)
{
  Scope scope;
  scope.type = Scope::Type::Instance;
  scope.at = at;
  auto slot = detail::find_slot(view, scope, limits);
  if (slot) return *std::move(slot);
  return err(Errc::NotFound, cat("the event has no occurrence ", detail::time_text(at)),
             "name one by its start, such as 2027-01-04T10:00");
}

bool instances_only(const Message& message)
{
  return std::none_of(
      message.components.begin(), message.components.end(),
      [](const MessageComponent& c) { return c.scope.type != Scope::Type::Instance; });
}

/// What an answer without --instance is to: all of it, or just the occurrences that the message is
/// about.
Result<std::vector<Item>> choose(const View& view, const Message* message, const Owner& owner,
                                 const Answer& answer, const PlanOptions& options)
{
  std::vector<Item> out;
  std::vector<Slot> slots;
  if (answer.instance) {
    IMIP_TRY(Slot slot, instance_slot(view, *answer.instance, options.limits));
    slots.push_back(std::move(slot));
  } else if (message && instances_only(*message)) {
    for (const MessageComponent& c : message->components) {
      IMIP_TRY(Slot slot, instance_slot(view, c.scope.at, options.limits));
      slots.push_back(std::move(slot));
    }
  } else if (!view.series.write) {
    slots = overrides_apart(view);
    if (slots.empty()) return err(Errc::Refused, "the event is cancelled");
  } else {
    slots.push_back(view.series);
  }
  for (Slot& slot : slots) {
    IMIP_TRY(Item item, item_for(view, std::move(slot), owner, answer.as));
    out.push_back(std::move(item));
  }
  if (out.size() != 1 || out.front().slot.type != Scope::Type::Series) return out;
  // An answer to the whole set reaches an occurrence only if it would count there (itip.md rule 7):
  // those with a higher SEQUENCE and another time get the same answer in components of their own.
  const std::int64_t sequence = out.front().sequence;
  for (Slot& slot : overrides_apart(view)) {
    if (slot.write->revision.sequence <= sequence) continue;
    const auto then = view.shape_at(slot, sequence);
    const auto now = view.shape_now(slot);
    if (then && now && detail::keeps_answers(*then, *now)) continue;
    auto item = item_for(view, std::move(slot), owner, answer.as);
    if (item) out.push_back(*std::move(item));
  }
  return out;
}

AnswerFact fact_of(const Item& item, const Answer& answer, UtcSeconds dtstamp)
{
  AnswerFact out;
  out.revision = {item.sequence, dtstamp};
  out.partstat = std::string(partstat_word(answer.partstat));
  out.comment = answer.comment;
  if (const auto address = CalAddress::parse(item.attendee.value)) out.address = address->uri();
  return out;
}

/// The very answer that shows already? Then its DTSTAMP serves again, and the reply is the same
/// octets.
std::optional<UtcSeconds> given_before(const View& view, const std::vector<Item>& items,
                                       const Answer& answer)
{
  std::optional<UtcSeconds> stamp;
  for (const Item& item : items) {
    const auto mine = item.slot.answers.find(view.owner_key());
    if (mine == item.slot.answers.end()) return std::nullopt;
    if (view.answer(item.slot, view.owner_key()) == nullptr) return std::nullopt;
    const AnswerFact& known = mine->second;
    const AnswerFact& shown = *view.answer(item.slot, view.owner_key());
    const AnswerFact now = fact_of(item, answer, known.revision.dtstamp);
    if (shown.revision != known.revision || known.revision != now.revision) return std::nullopt;
    if (detail::encode(known) != detail::encode(now)) return std::nullopt;
    if (stamp && *stamp != known.revision.dtstamp) return std::nullopt;
    stamp = known.revision.dtstamp;
  }
  return stamp;
}

/// Now, or a second after our last answer if that is later.
UtcSeconds next_stamp(const Facts& facts, const std::string& owner_key, UtcSeconds now)
{
  UtcSeconds out = now;
  for (const FactRow& row : facts.rows()) {
    if (row.reg != "A" || row.attendee != owner_key) continue;
    out = std::max(out, UtcSeconds(std::chrono::seconds(row.dtstamp + 1)));
  }
  return out;
}

ical::Component reply_component(const Item& item, const Answer& answer, UtcSeconds dtstamp)
{
  ical::Component out{item.content.name, {}, {}};
  for (const char* name :
       {"UID", "RECURRENCE-ID", "DTSTART", "DTEND", "DUE", "DURATION", "SUMMARY", "ORGANIZER"}) {
    if (const ical::Property* p = item.content.find(name)) out.properties.push_back(*p);
  }
  out.properties.push_back(detail::make_property("SEQUENCE", cat(item.sequence)));
  out.properties.push_back(detail::make_property("DTSTAMP", to_ical_utc(dtstamp)));
  ical::Property attendee = item.attendee;
  attendee.set_parameter("PARTSTAT", std::string(partstat_word(answer.partstat)));
  out.properties.push_back(std::move(attendee));
  if (!answer.comment.empty()) {
    out.properties.push_back(ical::text_property("COMMENT", answer.comment));
  }
  return detail::ordered(std::move(out));
}

ical::Component reply_object(const View& view, const std::vector<Item>& items, const Answer& answer,
                             UtcSeconds dtstamp)
{
  ical::Component out{"VCALENDAR", {}, {}};
  out.properties.push_back(detail::make_property("VERSION", "2.0"));
  out.properties.push_back(detail::make_property("PRODID", std::string(detail::prodid)));
  out.properties.push_back(detail::make_property("METHOD", "REPLY"));
  for (const Item& item : items) {
    out.components.push_back(reply_component(item, answer, dtstamp));
  }
  detail::complete_timezones(out, {&view.calendar});
  return out;
}

Result<void> check_answer(const Answer& answer)
{
  switch (answer.partstat) {
    case PartStat::Accepted:
    case PartStat::Declined:
    case PartStat::Tentative:
      return {};
    case PartStat::Delegated:
      return err(Errc::Refused, "delegating is not possible yet",
                 "decline, and tell the organizer whom to invite");
    case PartStat::NeedsAction:
      break;
  }
  return err(Errc::Refused, "no answer was given");
}

/// Is the message about something newer than what the calendar has?
bool is_newer(const Message& message, const View& view)
{
  for (const MessageComponent& c : message.components) {
    const Slot* slot = &view.series;
    const std::string text = detail::time_text(c.scope.at);
    const auto& narrower = c.scope.type == Scope::Type::Range ? view.ranges : view.instances;
    if (c.scope.type != Scope::Type::Series) {
      const auto at = narrower.find(text);
      slot = at == narrower.end() ? nullptr : &at->second;
    }
    if (!slot || !slot->write || c.revision > slot->write->revision) return true;
  }
  return false;
}

/// The facts that are looked at: with the message's, if the calendar has nothing.
Result<Facts> facts_to_answer(const Message* message, const StoredObject* stored,
                              const Facts& before, const Owner& owner, const PlanOptions& options)
{
  Facts out = before;
  if (!message || message->method != Method::Request) {
    if (!stored) return err(Errc::NotFound, "there is no event to answer");
    return out;
  }
  if (stored) {
    const auto view = View::make(before, owner, options.limits, {});
    if (view && is_newer(*message, *view)) {
      return err(Errc::Refused, "the message is newer than the event in the calendar",
                 "apply it first, then answer");
    }
    return out;
  }
  Speaker organizer;
  organizer.cls = Speaker::Class::Organizer;
  detail::record_message(out, *message, organizer, owner, options);
  return out;
}

std::string uid_of(const Message* message, const StoredObject* stored)
{
  if (!stored) return message ? message->uid : std::string();
  for (const ical::Component& c : stored->calendar.components) {
    if (c.name != "VTIMEZONE" && c.find("UID")) return c.text("UID");
  }
  return {};
}

}  // namespace

Result<AnswerPlan> plan_answer(const Message* message, const StoredObject* stored,
                               const Facts& facts, const Owner& owner, const Answer& answer,
                               const PlanOptions& options, UtcSeconds now)
{
  IMIP_CHECK(check_answer(answer));
  AnswerPlan out;
  out.plan.uid = uid_of(message, stored);
  if (stored) {
    out.plan.base_sha256 = stored->sha256;
    out.plan.organizer = detail::organizer_of(*stored);
  } else if (message && message->organizer) {
    out.plan.organizer = message->organizer->address;
  }
  out.to = out.plan.organizer;
  if (out.to.empty()) return err(Errc::Refused, "the event has no organizer to answer to");
  if (owner.is(out.to)) return err(Errc::Refused, "you organize this event yourself");
  if (stored && message && message->organizer &&
      !same_user(message->organizer->address, out.to, owner.local_part)) {
    return err(Errc::Refused,
               cat("the message is from ", message->organizer->address.mailbox(),
                   ", the event in the calendar is organized by ", out.to.mailbox()));
  }
  const Facts before = detail::facts_before(facts, stored, owner, options.limits, now);
  IMIP_TRY(const Facts seen, facts_to_answer(message, stored, before, owner, options));
  const auto view = View::make(seen, owner, options.limits, {});
  if (!view) return err(Errc::NotFound, "there is no event to answer");
  IMIP_TRY(const std::vector<Item> items, choose(*view, message, owner, answer, options));

  const auto again = given_before(*view, items, answer);
  const UtcSeconds stamp = again ? *again : next_stamp(seen, view->owner_key(), now);
  Facts next = before;
  for (const Item& item : items) {
    detail::record_answer(next, item.key, view->owner_key(), fact_of(item, answer, stamp), nullptr);
  }
  out.reply = reply_object(*view, items, answer, stamp);
  IMIP_TRY(out.from, CalAddress::parse(items.front().attendee.value));
  out.plan.outcome = Outcome::Answered;
  detail::settle(out.plan, facts, before, std::move(next), stored, owner, options, false);
  for (Change& change : out.plan.changes) change.action = "answer";
  return out;
}

}  // namespace imip::itip
