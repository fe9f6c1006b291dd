// The owner answers: a fact like any other, and the REPLY that tells the organizer (RFC 5546
// section 3.2.3).
#include <algorithm>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "itip/detail/answering.hpp"
#include "itip/detail/content.hpp"
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
    case PartStat::InProcess:
      return "IN-PROCESS";
    case PartStat::Completed:
      return "COMPLETED";
  }
  return "NEEDS-ACTION";
}

namespace detail {

UtcSeconds next_stamp(const Facts& facts, const std::string& owner_key, UtcSeconds now)
{
  UtcSeconds out = now;
  for (const FactRow& row : facts.rows()) {
    if ((row.reg != "A" && row.reg != "Q") || row.attendee != owner_key) continue;
    out = std::max(out, UtcSeconds(std::chrono::seconds(row.dtstamp + 1)));
  }
  return out;
}

bool stamp_and_note(ical::Component& object, const std::string& key, const std::string& owner_key,
                    std::int64_t sequence, const Facts& known, UtcSeconds now, Facts& next)
{
  FactRow row;
  row.reg = "Q";
  row.scope = key;
  row.attendee = owner_key;
  row.number = static_cast<std::int64_t>(method_from_word(object.text("METHOD")));
  row.sequence = sequence;
  row.digest = canonical_digest(object);  // before it has a DTSTAMP
  const FactRow* said = known.find(row.reg, row.scope, row.attendee, row.number);
  const bool again = said && said->sequence == sequence && said->digest == row.digest;
  // Who asks again later waits for what the first question did not bring: as the same mail it could be dropped.
  const bool asks = row.number == static_cast<std::int64_t>(Method::Refresh);
  row.dtstamp = !again ? next_stamp(known, owner_key, now).time_since_epoch().count()
                : asks ? std::max<std::int64_t>(said->dtstamp, now.time_since_epoch().count())
                       : said->dtstamp;
  const UtcSeconds stamp{std::chrono::seconds(row.dtstamp)};
  for (ical::Component& c : object.components) {
    if (c.name == "VTIMEZONE") continue;
    c.set(make_property("DTSTAMP", to_ical_utc(stamp)));
    c = ordered(std::move(c));
  }
  next.raise(row);
  return again;
}

namespace {

/// What the owner says of a task: raw values as RFC 5545 has them, empty where she says nothing.
struct Progress {
  std::string percent, completed, status;
};

Progress progress_of(const Answer& answer)
{
  Progress out;
  if (answer.percent_complete) out.percent = cat(*answer.percent_complete);
  if (answer.completed) {
    out.completed = to_ical_utc(*answer.completed);
    out.percent = "100";
  }
  if (!out.percent.empty())
    out.status = out.percent == "100" ? "COMPLETED" : out.percent == "0" ? "NEEDS-ACTION" : "IN-PROCESS";
  return out;
}

/// RFC 5545 section 3.2.12: who has begun or done a task says so instead of "accepted".
PartStat partstat_of(const Answer& answer)
{
  if (answer.partstat != PartStat::Accepted) return answer.partstat;
  const Progress progress = progress_of(answer);
  if (progress.status == "COMPLETED") return PartStat::Completed;
  return progress.status == "IN-PROCESS" ? PartStat::InProcess : answer.partstat;
}

/// Everything that one answer says, worked out once.
struct Said {
  const Answer& answer;
  PartStat partstat;
  Progress progress;
  std::optional<ical::Property> delegate;
};

AnswerFact fact_of(const AnswerItem& item, const Said& said, UtcSeconds dtstamp)
{
  AnswerFact out;
  out.revision = {item.sequence, dtstamp};
  out.partstat = std::string(partstat_word(said.partstat));
  out.comment = said.answer.comment;
  if (const auto address = CalAddress::parse(item.attendee.value)) out.address = address->uri();
  if (said.delegate) out.delegated_to = {said.delegate->value};
  for (const ical::Parameter& p : item.attendee.parameters) {
    if (p.name != "DELEGATED-FROM") continue;
    for (const std::string& uri : p.values) {
      if (const auto from = CalAddress::parse(uri)) out.delegated_from.push_back(from->uri());
    }
  }
  out.percent = said.progress.percent;
  out.completed = said.progress.completed;
  out.status = said.progress.status;
  return out;
}

/// The very answer that was given already? Then its DTSTAMP serves again, and the reply is the same
/// octets. Of the newest revision it must be the one that shows.
std::optional<UtcSeconds> given_before(const View& view, const std::vector<AnswerItem>& items,
                                       const Said& said, const Facts& known)
{
  std::optional<UtcSeconds> stamp;
  for (const AnswerItem& item : items) {
    const auto mine = item.slot.answers.find(view.owner_key());
    AnswerFact before;
    if (said.answer.exact) {
      const FactRow* row = known.find("A", item.key, view.owner_key());
      if (!row) return std::nullopt;
      before = decode_answer(*row);
    } else {
      if (mine == item.slot.answers.end()) return std::nullopt;
      const AnswerFact* shown = view.answer(item.slot, view.owner_key());
      if (!shown || shown->revision != mine->second.revision) return std::nullopt;
      before = mine->second;
    }
    const AnswerFact now = fact_of(item, said, before.revision.dtstamp);
    if (before.revision != now.revision || encode(before) != encode(now)) return std::nullopt;
    if (stamp && *stamp != before.revision.dtstamp) return std::nullopt;
    stamp = before.revision.dtstamp;
  }
  return stamp;
}

void add_attendees(const AnswerItem& item, const Said& said, ical::Component& into)
{
  ical::Property attendee = item.attendee;
  attendee.set_parameter("PARTSTAT", std::string(partstat_word(said.partstat)));
  if (said.delegate) {
    attendee.set_parameter("DELEGATED-TO", said.delegate->value);
    attendee.set_parameter("RSVP", "TRUE");  // RFC 5546 section 4.2.5 (C): updates are wanted
  }
  into.properties.push_back(attendee);
  if (!said.delegate) return;
  ical::Property delegate = *said.delegate;
  delegate.set_parameter("DELEGATED-FROM", item.attendee.value);
  into.properties.push_back(std::move(delegate));
}

ical::Component reply_component(const AnswerItem& item, const Said& said, UtcSeconds dtstamp)
{
  ical::Component out{item.content.name, {}, {}};
  for (const char* name :
       {"UID", "RECURRENCE-ID", "DTSTART", "DTEND", "DUE", "DURATION", "SUMMARY", "ORGANIZER"}) {
    if (const ical::Property* p = item.content.find(name)) out.properties.push_back(*p);
  }
  out.properties.push_back(make_property("SEQUENCE", cat(item.sequence)));
  out.properties.push_back(make_property("DTSTAMP", to_ical_utc(dtstamp)));
  add_attendees(item, said, out);
  if (!said.answer.comment.empty()) {
    out.properties.push_back(ical::text_property("COMMENT", said.answer.comment));
  }
  const std::pair<const char*, const std::string*> progress[] = {
      {"PERCENT-COMPLETE", &said.progress.percent},
      {"COMPLETED", &said.progress.completed},
      {"STATUS", &said.progress.status}};
  for (const auto& [name, value] : progress) {
    if (!value->empty()) out.properties.push_back(make_property(name, *value));
  }
  return ordered(std::move(out));
}

ical::Component reply_object(const View& view, const std::vector<AnswerItem>& items, const Said& said,
                             UtcSeconds dtstamp)
{
  ical::Component out{"VCALENDAR", {}, {}};
  out.properties.push_back(make_property("VERSION", "2.0"));
  out.properties.push_back(make_property("PRODID", std::string(prodid)));
  out.properties.push_back(make_property("METHOD", "REPLY"));
  for (const AnswerItem& item : items) out.components.push_back(reply_component(item, said, dtstamp));
  complete_timezones(out, {&view.calendar});
  return out;
}

Result<void> check_answer(const Answer& answer)
{
  if (answer.method == Method::Reply && answer.partstat == PartStat::NeedsAction)
    return err(Errc::Refused, "no answer was given");
  if (answer.percent_complete && (*answer.percent_complete < 0 || *answer.percent_complete > 100))
    return err(Errc::BadValue, "a task is done to between 0 and 100 percent");
  if (answer.completed && answer.percent_complete.value_or(100) != 100)
    return err(Errc::BadValue, "what is completed is done to 100 percent");
  return {};
}

/// Is the message about something newer than what the calendar has?
bool is_newer(const Message& message, const View& view)
{
  for (const MessageComponent& c : message.components) {
    const Slot* slot = &view.series;
    const std::string text = time_text(c.scope.at);
    const auto& narrower = c.scope.type == Scope::Type::Range ? view.ranges : view.instances;
    if (c.scope.type != Scope::Type::Series) {
      const auto at = narrower.find(text);
      slot = at == narrower.end() ? nullptr : &at->second;
    }
    if (!slot || !slot->write || c.revision > slot->write->revision) return true;
  }
  return false;
}

/// The facts that are looked at: the message's, if the calendar has nothing or if just it is answered.
Result<Facts> facts_to_answer(const Message* message, const StoredObject* stored,
                              const Facts& before, const Owner& owner, const Answer& answer,
                              const PlanOptions& options)
{
  if (!message || message->method != Method::Request) {
    if (!stored) return err(Errc::NotFound, "there is no event to answer");
    return before;
  }
  if (stored && !answer.exact) {
    const auto view = View::make(before, owner, options.limits, {});
    if (view && is_newer(*message, *view)) {
      return err(Errc::Refused, "the message is newer than the event in the calendar",
                 "apply it first, then answer");
    }
    return before;
  }
  Facts out = answer.exact ? Facts{} : before;
  Speaker organizer;
  organizer.cls = Speaker::Class::Organizer;
  record_message(out, *message, organizer, owner, options);
  return out;
}

std::string uid_of(const Message* message, const StoredObject* stored)
{
  if (!stored) return message ? message->uid : std::string();
  for (const ical::Component& c : stored->calendar.components) {
    if (is_scheduled(c) && c.find("UID")) return c.text("UID");
  }
  return {};
}

Result<void> check_task(const std::vector<AnswerItem>& items, const Said& said)
{
  if (said.progress.percent.empty()) return {};
  if (items.front().content.name != "VTODO")
    return err(Errc::BadValue, "only a task is done to some part; this is an event");
  if (said.answer.partstat != PartStat::Accepted)
    return err(Errc::BadValue, "how far a task is goes with accepting it");
  return {};
}

Result<void> plan_reply(const View& view, const std::vector<AnswerItem>& items, const Answering& a,
                        AnswerPlan& out)
{
  Said said{a.answer, partstat_of(a.answer), progress_of(a.answer), {}};
  IMIP_CHECK(check_task(items, said));
  if (a.answer.partstat == PartStat::Delegated) {
    IMIP_TRY(ical::Property delegate, delegate_of(items, a, out.to));
    IMIP_TRY(out.delegate, CalAddress::parse(delegate.value));
    said.delegate = std::move(delegate);
  }
  const auto again = given_before(view, items, said, a.before);
  out.repeated = again.has_value();
  const UtcSeconds stamp = again ? *again : next_stamp(a.before, view.owner_key(), a.now);
  Facts next = a.before;
  Facts heard = a.seen;
  for (const AnswerItem& item : items) {
    for (Facts* facts : {&next, &heard}) {
      record_answer(*facts, item.key, view.owner_key(), fact_of(item, said, stamp), nullptr);
    }
  }
  out.reply = reply_object(view, items, said, stamp);
  if (said.delegate) {
    IMIP_TRY(out.forward, forwarded(items, *said.delegate, heard, out.plan.uid, a, stamp));
  }
  out.plan.outcome = Outcome::Answered;
  out.plan.found = news(next, a.given);
  settle(out.plan, a.given, a.before, std::move(next), a.stored, a.owner, a.options, false);
  for (Change& change : out.plan.changes) change.action = "answer";
  return {};
}

/// To whom it goes, and whether the owner may say anything there.
Result<void> address_it(const Message* message, const StoredObject* stored, const Owner& owner,
                        AnswerPlan& out)
{
  out.plan.uid = uid_of(message, stored);
  if (stored) {
    out.plan.base_sha256 = stored->sha256;
    out.plan.organizer = organizer_of(*stored);
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
  return {};
}

/// What the calendar holds goes out again, and other programs write there too: nothing is sent that the
/// one who gets it would have to refuse.
Result<void> check_sendable(const ical::Component& out, UtcSeconds now)
{
  const Reading reading = read_message({out, {}}, out.text("METHOD"), std::nullopt, now);
  if (reading.message) return {};
  return err(Errc::BadCalendar,
             cat("the event as the calendar has it cannot be answered: ",
                 reading.refusals.empty() ? "it makes no message" : reading.refusals.front().text),
             "imip lint says what is wrong with its file; mend it there");
}

}  // namespace

}  // namespace detail

Result<AnswerPlan> plan_answer(const Message* message, const StoredObject* stored,
                               const Facts& facts, const Owner& owner, const Answer& answer,
                               const PlanOptions& options, UtcSeconds now)
{
  IMIP_CHECK(detail::check_answer(answer));
  AnswerPlan out;
  IMIP_CHECK(detail::address_it(message, stored, owner, out));
  const Facts before = detail::facts_before(facts, stored, owner, options.limits, now);
  if (answer.method == Method::Refresh) {
    IMIP_CHECK(detail::plan_question(
        {message, stored, facts, before, before, owner, answer, options, now}, out));
    return out;
  }
  IMIP_TRY(const Facts seen,
           detail::facts_to_answer(message, stored, before, owner, answer, options));
  const detail::Answering a{message, stored, facts, before, seen, owner, answer, options, now};
  const auto view = detail::View::make(seen, owner, options.limits, {});
  if (!view) return err(Errc::NotFound, "there is no event to answer");
  IMIP_TRY(const std::vector<detail::AnswerItem> items, detail::items_of(*view, a));
  IMIP_TRY(out.from, CalAddress::parse(items.front().attendee.value));
  if (answer.method == Method::Counter) {
    IMIP_CHECK(detail::plan_proposal(*view, items, a, out));
  } else {
    IMIP_CHECK(detail::plan_reply(*view, items, a, out));
  }
  IMIP_CHECK(detail::check_sendable(out.reply, now));
  if (out.forward) IMIP_CHECK(detail::check_sendable(*out.forward, now));
  return out;
}

}  // namespace imip::itip
