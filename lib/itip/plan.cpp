#include "itip/plan.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/free_busy.hpp"
#include "itip/detail/merge.hpp"
#include "itip/detail/offering.hpp"
#include "itip/detail/planning.hpp"

namespace imip::itip {

bool Owner::is(const CalAddress& a) const
{
  return std::any_of(addresses.begin(), addresses.end(),
                     [&](const CalAddress& mine) { return same_user(mine, a, local_part); });
}

bool Owner::is_group(const CalAddress& a) const
{
  return std::any_of(groups.begin(), groups.end(),
                     [&](const CalAddress& group) { return same_user(group, a, local_part); });
}

bool is_scheduled(const ical::Component& c)
{
  return c.name == "VEVENT" || c.name == "VTODO" || c.name == "VJOURNAL" || c.name == "VFREEBUSY";
}

std::string_view outcome_word(Outcome o)
{
  switch (o) {
    case Outcome::Added:
      return "added";
    case Outcome::Updated:
      return "updated";
    case Outcome::Cancelled:
      return "cancelled";
    case Outcome::Uninvited:
      return "uninvited";
    case Outcome::Answered:
      return "answered";
    case Outcome::Held:
      return "held";
    case Outcome::Obsolete:
      return "obsolete";
    case Outcome::Duplicate:
      return "duplicate";
    case Outcome::Own:
      return "own";
    case Outcome::Ignored:
      return "ignored";
    case Outcome::Ask:
      return "ask";
    case Outcome::Refused:
      return "refused";
    case Outcome::None:
      break;
  }
  return "none";
}

Plan plan_message(const Message& message, const Speaker& speaker, const StoredObject* stored,
                  const Facts& facts, const Owner& owner, const PlanOptions& options,
                  UtcSeconds now)
{
  return detail::plan_message(message, speaker, stored, facts, owner, options, now, {});
}

namespace detail {

namespace {

bool is_own(const Message& message, const Speaker& speaker, const Owner& owner)
{
  return is_organizer_method(message.method) && speaker.cls == Speaker::Class::Organizer &&
         owner.is(speaker.address);
}

/// Must the engine say no, whoever asks? (authorize() and policy have more to say.)
std::optional<Reason> refusal(const Message& message, const Speaker& speaker,
                              const StoredObject* stored, const Owner& owner)
{
  using Class = Speaker::Class;
  if (speaker.cls == Class::None || speaker.address.empty()) {
    return Reason{Code::NoSpeaker, "nobody is proven to speak in this message"};
  }
  const bool organizer = is_organizer_method(message.method);
  if (!organizer && speaker.cls != Class::Attendee) {
    return Reason{Code::NoSpeaker, cat(method_word(message.method),
                                       " must come from an attendee, and the speaker is none")};
  }
  if (organizer && message.method != Method::Request && speaker.cls != Class::Organizer) {
    return Reason{Code::NoSpeaker, cat(method_word(message.method),
                                       " must come from the organizer, and the speaker is "
                                       "another")};
  }
  if (organizer && speaker.cls == Class::Attendee) {
    return Reason{Code::NoSpeaker, "an attendee cannot speak for the organizer"};
  }
  if (organizer || !stored) return std::nullopt;
  const CalAddress keeper = organizer_of(*stored);
  if (!owner.is(keeper)) {
    return Reason{Code::OrganizerMismatch,
                  "an answer to an event that the owner does not organize"};
  }
  return std::nullopt;
}

/// The REPLY changed nothing that shows: why?
Reason unseen_answer(const Message& message, const Speaker& speaker, const StoredObject* stored)
{
  bool listed = stored == nullptr;
  for (const ical::Component& c :
       stored ? stored->calendar.components : std::vector<ical::Component>{}) {
    for (const ical::Property* p : c.all("ATTENDEE")) {
      const auto address = CalAddress::parse(p->value);
      listed = listed || (address && same_user(*address, speaker.address));
    }
  }
  if (!listed) {
    return {Code::PartyCrasher,
            cat(speaker.address.mailbox(), " is not invited; the answer is kept but not shown")};
  }
  return {Code::ReplyOutdated,
          cat("the answer is to revision ", message.components.front().revision.sequence,
              "; the event has changed since, so it is kept but not shown")};
}

void note_strays(const Recorded& recorded, const Rendering& rendering, Plan& plan)
{
  for (const std::string& scope : recorded.scopes) {
    if (std::find(rendering.strays.begin(), rendering.strays.end(), scope) ==
        rendering.strays.end()) {
      continue;
    }
    plan.reasons.push_back(
        {Code::Held,
         cat("the series as we know it has no occurrence ", scope.substr(scope.find(':') + 1),
             "; the message is kept; ask the organizer for the current state (REFRESH)")});
  }
}

/// Exchange un-invites by a CANCEL with STATUS:CANCELLED to some: it cannot be told from
/// cancelling.
/// The stored components, by what they speak of.
struct InFile {
  std::map<std::string, const ical::Component*> instances;
  std::vector<const ical::Component*> wide;  ///< the series and its ranges

  explicit InFile(const ical::Component& calendar)
  {
    const ical::Zones zones(calendar);
    for (const ical::Component& c : calendar.components) {
      const auto scope =
          is_scheduled(c) ? scope_of(zones, c) : Result<Scope>(err(Errc::NotFound, {}));
      if (!scope) continue;
      if (scope->type == Scope::Type::Instance) {
        instances.emplace(scope->key(), &c);
      } else {
        wide.push_back(&c);
      }
    }
  }
  /// Who is in what a CANCEL speaks of: of an occurrence, those of its own component, else of all
  /// that it may be part of.
  [[nodiscard]] std::vector<const ical::Component*> concerned(const Scope& scope) const
  {
    if (scope.type == Scope::Type::Instance) {
      const auto own = instances.find(scope.key());
      return own == instances.end() ? wide : std::vector<const ical::Component*>{own->second};
    }
    std::vector<const ical::Component*> all = wide;
    for (const auto& [key, component] : instances) all.push_back(component);
    return all;
  }
};

void note_for_you(const Message& message, const StoredObject* stored, const Owner& owner,
                  Plan& plan)
{
  if (message.method != Method::Cancel || !stored) return;
  std::optional<InFile> file;
  for (const MessageComponent& c : message.components) {
    const auto listed = [&](const CalAddress& who) {
      return std::any_of(c.attendees.begin(), c.attendees.end(), [&](const Party& p) {
        return same_user(p.address, who, owner.local_part);
      });
    };
    if (!c.component->find("STATUS") || !c.component->find("ATTENDEE")) continue;
    if (!file) file.emplace(stored->calendar);
    for (const ical::Component* known : file->concerned(c.scope)) {
      for (const ical::Property* p : known->all("ATTENDEE")) {
        const auto who = CalAddress::parse(p->value);
        const bool organizes = who && message.organizer && same_user(*who, message.organizer->address, owner.local_part);
        if (!who || listed(*who) || owner.is(*who) || organizes) continue;
        plan.reasons.push_back(
            {Code::CancelledForYou, cat("cancelled for you: the organizer does not write to ",
                                        who->mailbox(), ", who may still meet")});
        return;
      }
    }
  }
}

/// SEQUENCEs that the organizer has used, as far as we know.
std::int64_t greatest_sequence(const Facts& facts)
{
  std::int64_t out = -1;
  for (const FactRow& row : facts.rows()) {
    const bool organizer =
        row.reg == "X" || row.reg == "U" || row.reg == "N" || row.reg.starts_with("W:");
    if (organizer) out = std::max(out, row.sequence);
  }
  return out;
}

/// RFC 5546 section 3.2.4: an ADD continues what is known, or the rest must be asked for.
void note_gap(const Message& message, const Facts& before, Plan& plan)
{
  if (message.method != Method::Add) return;
  const std::int64_t known = greatest_sequence(before);
  if (known < 0) return;  // held, which says as much
  for (const MessageComponent& c : message.components) {
    if (c.revision.sequence <= known + 1) continue;
    plan.reasons.push_back(
        {Code::SequenceGap,
         cat("the event was at revision ", known, " and this is ", c.revision.sequence,
             ": something between was not received; ask "
             "the organizer for the current state (REFRESH)")});
    return;
  }
}

bool lists_anybody(const Message& message)
{
  return std::any_of(message.components.begin(), message.components.end(),
                     [](const MessageComponent& c) { return !c.attendees.empty(); });
}

/// Only who was invited can ask, and nobody answers for journals or for what was published.
bool can_refresh(const Message& message, const StoredObject* stored, const Speaker& speaker, const Owner& owner)
{
  // a CANCEL that waits and lists nobody may be of what was published
  const bool invited = stored || message.method != Method::Cancel || lists_anybody(message);
  return invited && (message.kind == Kind::Event || message.kind == Kind::Todo) &&
         message.method != Method::Publish && is_organizer_method(message.method) &&
         speaker.cls == Speaker::Class::Organizer && !owner.is(speaker.address);
}

void make_offers(const Offering& o, const StoredObject* stored, const ical::Component& shown,
                 Plan& plan)
{
  if (o.message.method == Method::Reply) {
    const bool again = plan.outcome == Outcome::Duplicate;
    if (!stored || (!plan.octets && !again)) return;
    offer_to_delegates(o, *stored, plan);
    if (!again) offer_to_delegators(o, plan);
    return;
  }
  if (can_refresh(o.message, stored, o.speaker, o.owner)) {
    for (const Reason& r : plan.reasons) {
      if (r.code != Code::Held && r.code != Code::SequenceGap) continue;
      plan.offers.push_back(offer_refresh(o, r));
      break;
    }
  }
  const bool shows = plan.outcome == Outcome::Added || plan.outcome == Outcome::Updated;
  const bool invites = (o.message.method == Method::Request || o.message.method == Method::Add) &&
                       o.speaker.cls == Speaker::Class::Organizer;
  if (shows && invites && !o.owner.is(o.speaker.address)) {
    offer_reply(o.message, o.owner, shown, plan);
  }
}

/// REFRESH, COUNTER, DECLINECOUNTER: nothing becomes a fact.
bool changes_nothing(Method m)
{
  return m == Method::Refresh || m == Method::Counter || m == Method::DeclineCounter;
}

void plan_talk(const Offering& o, const StoredObject* stored, Plan& plan)
{
  if (!stored) {
    plan.outcome = Outcome::Ignored;
    plan.reasons.push_back({Code::ReplyUnbound, "there is no event with this UID in the calendar"});
  } else if (o.message.method == Method::Refresh) {
    plan_refresh(o, plan);
  } else if (o.message.method == Method::Counter) {
    plan_counter(o, *stored, plan);
  } else {
    plan_decline_counter(o, plan);
  }
}

void note_owner_not_listed(const Message& message, const Owner& owner, Plan& plan)
{
  if (message.method != Method::Request) return;
  for (const MessageComponent& c : message.components) {
    for (const Party& p : c.attendees) {
      if (owner.is(p.address) || owner.is_group(p.address)) return;
    }
  }
  plan.reasons.push_back(
      {Code::OwnerNotListed, "the update does not list you any more; it is applied all the same"});
}

Outcome outcome_of(const Message& message, const Recorded& recorded, const Settled& settled,
                   const StoredObject* stored)
{
  if (message.method == Method::Reply) return Outcome::Answered;
  if (settled.rendering.uninvited || recorded.uninvites_owner) return Outcome::Uninvited;
  if (recorded.cancels || settled.rendering.cancelled) return Outcome::Cancelled;
  return stored ? Outcome::Updated : Outcome::Added;
}

void leave_alone(Plan& plan, const Facts& facts)
{
  plan.octets.reset();
  plan.remove = false;
  plan.changes.clear();
  plan.changes_left_out = 0;
  plan.found = {};
  plan.facts = facts;
  plan.facts_changed = false;
}

void conclude(Plan& plan, const Message& message, const Speaker& speaker,
              const StoredObject* stored, const Owner& owner, const Recorded& recorded,
              const Settled& settled)
{
  const bool own = is_own(message, speaker, owner);
  const bool writes = plan.octets || plan.remove;
  // What an earlier run could not write is written now, or what only helps to judge (B) shows: that
  // is no duplicate.
  if (recorded.raised == 0 && !writes) {
    plan.outcome = recorded.rows == recorded.equal ? Outcome::Duplicate : Outcome::Obsolete;
    if (recorded.rows == 0) plan.outcome = Outcome::Ignored;
    const Code code = message.method == Method::Reply ? Code::ReplyOutdated : Code::Obsolete;
    if (plan.outcome == Outcome::Obsolete) {
      plan.reasons.push_back({code, "a newer revision is known already"});
    }
    return;
  }
  if (settled.deleted_by_owner) {
    plan.outcome = Outcome::Ignored;
    plan.reasons.push_back({Code::DeletedByOwner,
                            "you deleted this event; only a newer invitation to all of it brings "
                            "it back"});
    return;
  }
  if (settled.revived) {
    plan.reasons.push_back(
        {Code::DeletedByOwner, "you had deleted this event; a newer invitation brings it back"});
  }
  note_strays(recorded, settled.rendering, plan);
  const bool stray = !plan.reasons.empty() && plan.reasons.back().code == Code::Held;
  if (settled.rendering.empty || (stray && !writes)) {
    plan.outcome = Outcome::Held;
    if (settled.rendering.empty) {
      plan.reasons.push_back({Code::Held,
                              "nothing is known of the event itself yet; the message "
                              "is kept until it is"});
    }
    return;
  }
  if (!own) note_owner_not_listed(message, owner, plan);
  if (!writes) {
    plan.outcome = own ? Outcome::Own : Outcome::Obsolete;
    if (message.method == Method::Reply) {
      plan.reasons.push_back(unseen_answer(message, speaker, stored));
      if (plan.reasons.back().code == Code::PartyCrasher) plan.outcome = Outcome::Held;
    } else if (!own) {
      plan.reasons.push_back({Code::Obsolete, "what is known already goes before this message"});
    }
    return;
  }
  plan.outcome = own ? Outcome::Own : outcome_of(message, recorded, settled, stored);
}

/// message_digest(), with what is known of its components.
std::string digest_of(const Message& message, const std::map<const MessageComponent*, std::string>& known)
{
  std::vector<std::string> said;
  for (const MessageComponent& c : message.components) {
    const auto digest = known.find(&c);
    said.push_back(cat(c.scope.key(), ' ',
                       digest == known.end() ? canonical_digest(normalised(c)) : digest->second, '\n'));
  }
  std::sort(said.begin(), said.end());
  std::string all = cat(method_word(message.method), '\n');
  for (const std::string& line : said) all += line;
  return sha256_hex(all);
}

std::string action_for(Method method)
{
  return method == Method::Reply ? "answer" : "change";
}

}  // namespace

CalAddress organizer_of(const StoredObject& stored)
{
  for (const ical::Component& c : stored.calendar.components) {
    const std::string* value = is_scheduled(c) ? c.value("ORGANIZER") : nullptr;
    if (!value) continue;
    if (auto address = CalAddress::parse(*value)) return *address;
  }
  return {};
}

Facts facts_before(const Facts& facts, const StoredObject* stored, const Owner& owner,
                   const Limits& limits, UtcSeconds now)
{
  Facts out = facts;
  if (!stored) return out;
  seed_from_file(out, *stored, owner);
  absorb_owner_edits(out, *stored, owner, limits, now);
  return out;
}

Facts news(const Facts& now, const Facts& before)
{
  Facts out;
  for (const Shared<FactRow>& row : now.rows()) {
    const FactRow* known = before.find(row->reg, row->scope, row->attendee, row->number);
    if (!known || *known != *row) out.raise(row);
  }
  return out;
}

Settled settle(Plan& plan, const Facts& given, const Facts& before, Facts next,
               const StoredObject* stored, const Owner& owner, const PlanOptions& options,
               bool newer_series, const Rules& rules)
{
  Settled out;
  out.rendering = render(next, plan.uid, owner, options, rules);
  Rendering& rendering = out.rendering;
  if (!stored && !given.last_rendered.empty()) {
    out.deleted_by_owner = !newer_series || rendering.cancelled;
    out.revived = !out.deleted_by_owner;
  }
  std::string base = before.last_rendered;
  if (stored && base.empty()) {
    base = ical::serialise(render(before, plan.uid, owner, options, rules).calendar);
  }
  plan.rendered_before = base;
  std::string clean = rendering.empty ? std::string() : ical::serialise(rendering.calendar);
  const bool gone = rendering.empty || (rendering.cancelled && options.remove_cancelled);
  if (!out.deleted_by_owner) next.last_rendered = gone ? std::string() : clean;
  if (gone && !rendering.empty && stored) {
    plan.remove = true;
    plan.changes = changes_between(&stored->calendar, {"VCALENDAR", {}, {}}, "remove", plan.changes_left_out);
  }
  if (!gone && !out.deleted_by_owner) {
    std::optional<ical::Component> merged;
    if (stored && stored->octets != base) {
      const auto parsed = ical::parse(base, options.limits);
      merged = merge_owner_data(rendering.calendar, parsed ? parsed->calendar : ical::Component{},
                                stored->calendar, owner, options.limits);
    }
    const ical::Component& result = merged ? *merged : rendering.calendar;
    const bool news = clean != base;
    std::string text = merged ? ical::serialise(*merged) : std::move(clean);
    // Where nothing new is said the file stays, whatever its owner made of it since.
    const bool same = stored && (text == stored->octets || !news);
    if (!same) {
      plan.octets = std::move(text);
      plan.changes = changes_between(stored ? &stored->calendar : nullptr, result, "change",
                                     plan.changes_left_out);
    }
  }
  plan.facts_changed = !(next == given);
  plan.facts = std::move(next);
  return out;
}

Plan plan_message(const Message& message, const Speaker& speaker, const StoredObject* stored,
                  const Facts& facts, const Owner& owner, const PlanOptions& options,
                  UtcSeconds now, const Rules& rules)
{
  Plan plan;
  plan.uid = message.uid;
  if (message.organizer) plan.organizer = message.organizer->address;
  if (stored) plan.base_sha256 = stored->sha256;
  plan.facts = facts;
  if (!is_organizer_method(message.method) && stored) plan.organizer = organizer_of(*stored);
  if (auto reason = refusal(message, speaker, stored, owner)) {
    plan.outcome = Outcome::Refused;
    plan.reasons.push_back(std::move(*reason));
    return plan;
  }
  if (message.kind == Kind::FreeBusy) return plan_free_busy(message, speaker, facts, owner);
  // A new organizer starts with facts of her own: what the old one said is no seed for them.
  const bool same_organizer =
      !stored || same_user(organizer_of(*stored), plan.organizer, owner.local_part);
  const Facts before =
      same_organizer ? facts_before(facts, stored, owner, options.limits, now) : facts;
  if (changes_nothing(message.method)) {
    plan_talk({message, speaker, before, owner, options, now}, stored, plan);
    return plan;
  }
  Facts next = before;
  Recorded recorded = record_message(next, message, speaker, owner, options);
  plan.reasons = recorded.reasons;
  plan.digest = digest_of(message, recorded.digests);
  plan.said = std::move(recorded.said);
  plan.found = news(before, facts);
  note_gap(message, before, plan);
  note_for_you(message, stored, owner, plan);
  const bool edited = !(before == facts);
  const bool news = !(next == before);
  // Rendered even if nothing is new: an earlier run may have been stopped before it wrote the file.
  const Settled settled = settle(plan, facts, before, std::move(next), stored, owner, options,
                                 recorded.newer_series, rules);
  // Nor is the owner's edit news of this message: the next one that says something finds it again.
  if (edited && !news && stored) leave_alone(plan, facts);
  for (Change& change : plan.changes) {
    if (change.action == "change") change.action = action_for(message.method);
  }
  conclude(plan, message, speaker, stored, owner, recorded, settled);
  make_offers({message, speaker, plan.facts, owner, options, now}, stored,
              settled.rendering.calendar, plan);
  return plan;
}

}  // namespace detail

Plan plan_again(Plan plan, const StoredObject& stored, const Owner& owner, const PlanOptions& options,
                UtcSeconds now)
{
  const Facts given = plan.facts;
  const Facts before = detail::facts_before(given, &stored, owner, options.limits, now);
  plan.found = detail::news(before, given);
  detail::settle(plan, given, before, before, &stored, owner, options, false, {});
  return plan;
}

std::string message_digest(const Message& message)
{
  return detail::digest_of(message, {});
}

}  // namespace imip::itip
