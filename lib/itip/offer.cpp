#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "ical/recurrence.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/instances.hpp"
#include "itip/detail/offering.hpp"
#include "itip/detail/render.hpp"
#include "itip/detail/scope.hpp"

namespace imip::itip {

std::string_view offer_word(Offer::Kind k)
{
  switch (k) {
    case Offer::Kind::Request:
      return "request";
    case Offer::Kind::Cancel:
      return "cancel";
    case Offer::Kind::DeclineCounter:
      return "declinecounter";
    case Offer::Kind::Refresh:
      return "refresh";
    case Offer::Kind::Reply:
      return "reply";
    case Offer::Kind::None:
      break;
  }
  return "none";
}

namespace detail {

const ical::Property* attendee_in(const ical::Component& c, const CalAddress& who, LocalPart mode)
{
  for (const ical::Property* p : c.all("ATTENDEE")) {
    const auto address = CalAddress::parse(p->value);
    if (address && same_user(*address, who, mode)) return p;
  }
  return nullptr;
}

std::optional<Current> current_object(const Facts& facts, const std::string& uid,
                                      const Owner& owner, PlanOptions options, UtcSeconds now)
{
  options.take_display_alarms = false;
  options.remove_cancelled = true;  // what is cancelled is an EXDATE
  Rendering r = render(facts, uid, owner, options);
  if (r.empty) return std::nullopt;
  const bool cancelled = r.cancelled;
  if (cancelled) {
    options.remove_cancelled = false;
    r = render(facts, uid, owner, options);
  }
  for (ical::Component& c : r.calendar.components) {
    if (c.name == "VTIMEZONE") continue;
    const bool derived = c.find(derived_mark) != nullptr;
    strip_marks(c);
    if (derived) c.properties.push_back(make_property(derived_mark, "TRUE"));  // for keep_for()
    c.set(make_property("DTSTAMP", to_ical_utc(now)));
    c = ordered(std::move(c));
  }
  const char* const method = cancelled ? "CANCEL" : "REQUEST";
  r.calendar.properties.push_back(make_property("METHOD", method));
  return Current{std::move(r.calendar), cancelled};
}

namespace {

bool has_content(const ical::Component& calendar)
{
  return std::any_of(calendar.components.begin(), calendar.components.end(),
                     [](const ical::Component& c) { return c.name != "VTIMEZONE"; });
}

/// From then on (to then, or for ever) a range leaves somebody out of the series.
struct LeftOut {
  ical::Time from;
  std::optional<UtcSeconds> to;
};

std::vector<LeftOut> left_out_by_ranges(const ical::Zones& zones, const ical::Component& calendar,
                                        const CalAddress& who, LocalPart mode)
{
  std::map<UtcSeconds, std::pair<ical::Time, bool>> ranges;
  for (const ical::Component& c : calendar.components) {
    const ical::Property* id = c.find("RECURRENCE-ID");
    const auto at =
        id && is_range(*id) ? zones.time_of(*id) : Result<ical::Time>(err(Errc::NotFound, {}));
    if (at) ranges.emplace(at->instant, std::pair(*at, attendee_in(c, who, mode) != nullptr));
  }
  std::vector<LeftOut> out;
  for (const auto& [instant, range] : ranges) {
    const bool open = !out.empty() && !out.back().to;
    if (range.second && open) out.back().to = instant;
    if (!range.second && !open) out.push_back({range.first, std::nullopt});
  }
  return out;
}

}  // namespace

bool keep_for(ical::Component& calendar, const CalAddress& who, LocalPart mode)
{
  const ical::Zones zones(calendar);
  const auto is_series = [&](const ical::Component& c) {
    return c.name != "VTIMEZONE" && !c.find("RECURRENCE-ID") && attendee_in(c, who, mode);
  };
  const auto series =
      std::find_if(calendar.components.begin(), calendar.components.end(), is_series);
  const bool has_series = series != calendar.components.end();
  const auto gaps =
      has_series ? left_out_by_ranges(zones, calendar, who, mode) : std::vector<LeftOut>{};
  const auto gap_at = [&](UtcSeconds at) {
    return std::find_if(gaps.begin(), gaps.end(), [&](const LeftOut& gap) {
      return at >= gap.from.instant && (!gap.to || at < *gap.to);
    });
  };
  std::vector<ical::Property> exdates;
  std::vector<ical::Property> rdates;
  std::set<UtcSeconds> told;  // occurrences that have a component of their own
  std::erase_if(calendar.components, [&](const ical::Component& c) {
    const ical::Property* id = c.name == "VTIMEZONE" ? nullptr : c.find("RECURRENCE-ID");
    if (!id) return c.name != "VTIMEZONE" && !attendee_in(c, who, mode);
    const bool range = is_range(*id);
    const auto at = zones.time_of(*id);
    const auto gap = at ? gap_at(at->instant) : gaps.end();
    if (!attendee_in(c, who, mode)) {
      if (!range && gap == gaps.end()) exdates.push_back(*id);
      return true;
    }
    // what carries answers alone says nothing that the series does not
    if (has_series && c.find(derived_mark) && gap == gaps.end()) return true;
    if (!range && gap != gaps.end()) {
      told.insert(at->instant);
      if (!gap->to) rdates.push_back(*id);
    }
    return false;
  });
  const Limits few{.recurrence_instances = 1000};
  for (ical::Component& c : calendar.components) {
    c.remove(derived_mark);
    if (!is_series(c)) continue;
    for (const LeftOut& gap : gaps) {
      const auto times =
          gap.to ? ical::expand(zones, c, gap.from.instant, *gap.to - std::chrono::seconds(1), few)
                 : Result<std::vector<ical::Time>>(err(Errc::TooLarge, {}));
      if (!times) {  // for ever, or too much to be listed: then rather too little
        end_series(zones, c, gap.from);
        break;
      }
      for (const ical::Time& t : *times)
        if (!told.contains(t.instant)) exdates.push_back(time_property("EXDATE", t));
    }
    for (ical::Property& p : exdates) {
      p.name = "EXDATE";
      c.properties.push_back(std::move(p));
    }
    for (ical::Property& p : rdates) {
      p.name = "RDATE";
      c.properties.push_back(std::move(p));
    }
    c = ordered(std::move(c));
  }
  const ical::Component source = calendar;
  complete_timezones(calendar, {&source});
  return has_content(calendar);
}

namespace {

/// "series", unless only one part of it is told.
std::string scope_told(const ical::Component& calendar)
{
  const ical::Zones zones(calendar);
  std::string out;
  for (const ical::Component& c : calendar.components) {
    if (c.name == "VTIMEZONE") continue;
    const auto scope = scope_of(zones, c);
    if (!scope || !out.empty()) return Scope{}.key();
    out = scope->key();
  }
  return out;
}

std::optional<Offer> offer_current(const Offering& o, const CalAddress& to, Reason why)
{
  auto now = current_object(o.facts, o.message.uid, o.owner, o.options, o.now);
  if (!now || !keep_for(now->calendar, to, o.owner.local_part)) return std::nullopt;
  Offer out;
  out.kind = now->cancelled ? Offer::Kind::Cancel : Offer::Kind::Request;
  out.scope = scope_told(now->calendar);
  out.to = {to};
  out.reason = std::move(why);
  out.object = std::move(now->calendar);
  return out;
}

/// Our own ATTENDEE, as the message or the facts list it.
std::string own_attendee_uri(const Offering& o)
{
  for (const MessageComponent& c : o.message.components) {
    for (const Party& p : c.attendees) {
      if (o.owner.is(p.address)) return p.address.uri();
    }
  }
  const auto view = View::make(o.facts, o.owner, o.options.limits, {});
  if (view && view->series.write) {
    for (const ical::Property* p : view->series.write->event.all("ATTENDEE")) {
      const auto address = CalAddress::parse(p->value);
      if (address && o.owner.is(*address)) return address->uri();
    }
  }
  return o.owner.addresses.empty() ? std::string() : o.owner.addresses.front().uri();
}

}  // namespace

std::optional<Slot> find_slot(const View& view, const Scope& scope, const Limits& limits)
{
  if (scope.type == Scope::Type::Series) {
    return view.series.write ? std::optional(view.series) : std::nullopt;
  }
  const std::string text = time_text(scope.at);
  const auto& known = scope.type == Scope::Type::Range ? view.ranges : view.instances;
  if (const auto at = known.find(text); at != known.end()) {
    return at->second.yielded ? std::optional(at->second) : std::nullopt;
  }
  if (!view.series.write) return std::nullopt;
  const Instances instances(*view.zones, view.series.write->event, {text}, limits);
  const auto match = instances.match(text);
  if (!match) return std::nullopt;
  if (const auto at = known.find(*match); at != known.end()) return at->second;
  Slot out = view.blank_instance(*match, read_time_text(*match).instant);
  out.type = scope.type;
  return out;
}

std::optional<ical::Component> content_of(const View& view, const Slot& slot)
{
  const Slot* from = view.source(slot);
  if (!from) return std::nullopt;
  if (view.live(slot) || slot.type == Scope::Type::Series) return from->write->event;
  ical::Component out = derived_instance(view, slot, *from);
  out.remove(derived_mark);
  if (slot.type == Scope::Type::Range) {
    if (ical::Property* id = out.find("RECURRENCE-ID")) id->set_parameter("RANGE", "THISANDFUTURE");
  }
  return out;
}

ical::Component refresh_object(Kind kind, const std::string& uid, const CalAddress& organizer,
                               ical::Property attendee, const std::optional<ical::Property>& id,
                               UtcSeconds dtstamp)
{
  ical::Component c{std::string(kind_word(kind)), {}, {}};
  c.properties.push_back(make_property("UID", uid));
  c.properties.push_back(make_property("DTSTAMP", to_ical_utc(dtstamp)));
  if (!organizer.empty()) c.properties.push_back(make_property("ORGANIZER", organizer.uri()));
  if (id) c.properties.push_back(*id);
  c.properties.push_back(std::move(attendee));
  return {"VCALENDAR",
          {make_property("VERSION", "2.0"), make_property("PRODID", std::string(prodid)),
           make_property("METHOD", "REFRESH")},
          {ordered(std::move(c))}};
}

Offer offer_refresh(const Offering& o, Reason why)
{
  Offer out;
  out.kind = Offer::Kind::Refresh;
  out.scope = "series";
  if (o.message.organizer) out.to = {o.message.organizer->address};
  out.reason = std::move(why);
  out.object = refresh_object(o.message.kind, o.message.uid,
                              out.to.empty() ? CalAddress{} : out.to.front(),
                              make_property("ATTENDEE", own_attendee_uri(o)), {}, o.now);
  return out;
}

void plan_refresh(const Offering& o, Plan& plan)
{
  plan.outcome = Outcome::Ignored;
  const Reason why{Code::RefreshRequested,
                   cat(o.speaker.address.mailbox(), " asks for the current state")};
  auto offer = offer_current(o, o.speaker.address, why);
  plan.reasons.push_back(why);
  if (!offer) {
    plan.reasons.push_back({Code::PartyCrasher, cat(o.speaker.address.mailbox(),
                                                    " is not invited and is told nothing")});
    return;
  }
  plan.offers.push_back(*std::move(offer));
}

void plan_decline_counter(const Offering& o, Plan& plan)
{
  plan.outcome = Outcome::Ignored;
  for (const MessageComponent& c : o.message.components) {
    const std::string comment = c.component->text("COMMENT");
    plan.reasons.push_back({Code::CounterDeclined, cat("the organizer declines your proposal (",
                                                       c.scope.key(), "); the event stays as it is",
                                                       comment.empty() ? "" : ": ", comment)});
  }
}

namespace {

/// In the calendar because of that delegation, and silent: perhaps nobody wrote to that one yet.
bool is_silent_delegate(const ical::Property& attendee)
{
  const std::string* said = attendee.parameter("PARTSTAT");
  return attendee.parameter("DELEGATED-FROM") && (!said || text::ascii_iequal(*said, "NEEDS-ACTION"));
}

/// That the REQUEST with the latest content was mailed to a delegate. It never shows.
FactRow mailed_row(const Facts& facts, const CalAddress& to, const Owner& owner)
{
  FactRow out;
  for (const Shared<FactRow>& row : facts.rows()) {
    if (!row->reg.starts_with("W:")) continue;
    const std::pair revision(row->sequence, row->dtstamp);
    if (revision > std::pair(out.sequence, out.dtstamp))
      std::tie(out.sequence, out.dtstamp) = revision;
  }
  out.reg = "M";
  out.scope = "series";
  out.attendee = attendee_key(to, owner);
  return out;
}

bool was_mailed(const Facts& facts, const CalAddress& to, const Owner& owner)
{
  Facts again = facts;
  return !again.raise(mailed_row(facts, to, owner));
}

}  // namespace

void offer_to_delegates(const Offering& o, const StoredObject& stored, Plan& plan)
{
  for (const FactRow& row : o.facts.rows()) {
    if (row.reg != "A" || row.attendee != attendee_key(o.speaker.address, o.owner)) continue;
    const AnswerFact answer = decode_answer(row);
    if (answer.partstat != "DELEGATED") continue;
    for (const std::string& uri : answer.delegated_to) {
      const auto to = CalAddress::parse(uri);
      const bool told = std::any_of(plan.offers.begin(), plan.offers.end(), [&](const Offer& x) {
        return to && same_user(x.to.front(), *to, o.owner.local_part);
      });
      const bool invited =
          to && std::any_of(stored.calendar.components.begin(), stored.calendar.components.end(),
                            [&](const ical::Component& c) {
                              const auto* known = attendee_in(c, *to, o.owner.local_part);
                              const bool again = plan.outcome == Outcome::Duplicate;
                              return known && !(again && is_silent_delegate(*known) &&
                                                !was_mailed(o.facts, *to, o.owner));
                            });
      if (!to || told || invited || o.owner.is(*to)) continue;
      auto offer = offer_current(
          o, *to,
          {Code::Delegated, cat(o.speaker.address.mailbox(), " delegates to ", to->mailbox())});
      if (offer) plan.offers.push_back(*std::move(offer));
    }
  }
}

void offer_to_delegators(const Offering& o, Plan& plan)
{
  const std::string speaker = attendee_key(o.speaker.address, o.owner);
  const auto rows = o.facts.rows();
  const bool declines = std::any_of(rows.begin(), rows.end(), [&](const FactRow& row) {
    return row.reg == "A" && row.attendee == speaker && decode_answer(row).partstat == "DECLINED";
  });
  if (!declines) return;
  for (const FactRow& row : rows) {
    if (row.reg != "A" || row.attendee == speaker) continue;
    const AnswerFact answer = decode_answer(row);
    const auto to = CalAddress::parse(answer.address);
    const bool named = std::any_of(
        answer.delegated_to.begin(), answer.delegated_to.end(), [&](const std::string& uri) {
          const auto delegate = CalAddress::parse(uri);
          return delegate && attendee_key(*delegate, o.owner) == speaker;
        });
    if (answer.partstat != "DELEGATED" || !named || !to || o.owner.is(*to)) continue;
    auto offer = offer_current(o, *to,
                               {Code::Delegated, cat(o.speaker.address.mailbox(), " declines what ",
                                                     to->mailbox(), " delegated")});
    if (offer) plan.offers.push_back(*std::move(offer));
  }
}

namespace {

/// Is the owner, or a group of hers, asked for an answer that the component does not show?
bool wants_answer(const ical::Component& c, const Owner& owner)
{
  const std::string* status = c.value("STATUS");
  if (status && text::ascii_iequal(*status, "CANCELLED")) return false;
  bool asked = false;
  for (const ical::Property* p : c.all("ATTENDEE")) {
    const auto address = CalAddress::parse(p->value);
    if (!address || !(owner.is(*address) || owner.is_group(*address))) continue;
    const std::string* rsvp = p->parameter("RSVP");
    const std::string* partstat = p->parameter("PARTSTAT");
    const bool open = !partstat || text::ascii_iequal(*partstat, "NEEDS-ACTION");
    if (!open && owner.is(*address)) return false;
    asked = asked || (rsvp && text::ascii_iequal(*rsvp, "TRUE"));
  }
  return asked;
}

}  // namespace

void offer_reply(const Message& message, const Owner& owner, const ical::Component& shown,
                 Plan& plan)
{
  std::set<std::string> about;
  for (const MessageComponent& c : message.components) about.insert(c.scope.key());
  std::size_t wanted = 0;
  std::optional<ical::Zones> zones;  // only RECURRENCE-IDs need them
  for (const ical::Component& c : shown.components) {
    if (c.name == "VTIMEZONE" || !wants_answer(c, owner)) continue;
    std::string key = "series";
    if (c.find("RECURRENCE-ID")) {
      if (!zones) zones.emplace(shown);
      const auto scope = scope_of(*zones, c);
      if (scope) key = scope->key();
    }
    if (!about.contains(key)) continue;
    if (++wanted > most_reply_offers) {
      ++plan.offers_left_out;
      continue;
    }
    Offer offer;
    offer.kind = Offer::Kind::Reply;
    offer.scope = std::move(key);
    offer.to = {plan.organizer};
    offer.reason = {Code::AnswerWanted, "the organizer asks for an answer"};
    plan.offers.push_back(std::move(offer));
  }
}

}  // namespace detail

std::string offer_key(const Offer& offer)
{
  std::string out = cat(offer_word(offer.kind), ' ', offer.scope);
  for (const CalAddress& to : offer.to) out += cat(' ', text::ascii_lower(to.uri()));
  if (!offer.object) return out;
  ical::Component said = *offer.object;
  for (ical::Component& c : said.components) c.remove("DTSTAMP");  // of when it was planned
  return cat(out, ' ', sha256_hex(ical::serialise(said)));
}

void note_mailed(Plan& plan, const Offer& offer, const Owner& owner)
{
  if (offer.kind != Offer::Kind::Request || offer.reason.code != Code::Delegated) return;
  for (const CalAddress& to : offer.to) {
    const Shared<FactRow> row = detail::mailed_row(plan.facts, to, owner);
    plan.found.raise(row);
    plan.facts_changed = plan.facts.raise(row) || plan.facts_changed;
  }
}

}  // namespace imip::itip
