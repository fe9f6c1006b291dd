#include "itip/retract.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "ical/time.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/merge.hpp"
#include "itip/detail/planning.hpp"
#include "itip/detail/record.hpp"

namespace imip::itip {

namespace {

using detail::Rendering;

bool has_content(const Facts& facts, const std::string& scope)
{
  const auto rows = facts.rows();
  return std::any_of(rows.begin(), rows.end(), [&](const FactRow& row) {
    return row.scope == scope && (row.reg.starts_with("W:") || row.reg == "N");
  });
}

bool speaks_of(const Facts& said, const std::set<std::string>& scopes)
{
  const auto rows = said.rows();
  return std::any_of(rows.begin(), rows.end(),
                     [&](const FactRow& row) { return scopes.contains(row.scope); });
}

/// Who is in which component.
using People = std::map<std::string, std::set<std::string>>;

People people_in(const ical::Component& calendar, const Owner& owner)
{
  People out;
  const ical::Zones zones(calendar);
  for (const ical::Component& c : calendar.components) {
    const auto scope = is_scheduled(c) ? detail::scope_of(zones, c) : Result<Scope>(Scope{});
    if (!is_scheduled(c) || !scope) continue;
    out[scope->key()].merge(detail::attendee_keys(c, owner));
  }
  return out;
}

bool is_in(const People& people, const FactRow& answer)
{
  const auto own = people.find(answer.scope);
  const auto at = own == people.end() ? people.find("series") : own;
  return at != people.end() && at->second.contains(answer.attendee);
}

/// Is it the answer of somebody who is there because of what goes?
bool loses_speaker(const Facts& said, const People& with, const People& without)
{
  const auto rows = said.rows();
  return std::any_of(rows.begin(), rows.end(), [&](const FactRow& row) {
    return row.reg == "A" && is_in(with, row) && !is_in(without, row);
  });
}

/// Later messages that change, cancel or answer what is known from this one alone: the series,
/// occurrences that the series would not have without it, or who is there.
std::vector<std::size_t> depending(const Undo& undo, const Rendering& with,
                                   const Rendering& without, const Owner& owner)
{
  const People here = people_in(with.calendar, owner);
  const People there = people_in(without.calendar, owner);
  const bool loses_series = has_content(undo.said, "series") && !has_content(undo.without, "series");
  const std::set<std::string> strays_before(with.strays.begin(), with.strays.end());
  std::set<std::string> lost;
  for (const std::string& scope : without.strays) {
    if (!strays_before.contains(scope)) lost.insert(scope);
  }
  if (without.empty && !with.empty) {
    for (const FactRow& row : undo.said.rows()) lost.insert(row.scope);
  }
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < undo.later.size(); ++i) {
    const Facts& later = undo.later[i];
    if (loses_series || speaks_of(later, lost) || loses_speaker(later, here, there))
      out.push_back(i);
  }
  return out;
}

std::set<std::string> scopes_in(const ical::Component& calendar)
{
  std::set<std::string> out;
  const ical::Zones zones(calendar);
  for (const ical::Component& c : calendar.components) {
    if (!is_scheduled(c)) continue;
    const auto scope = detail::scope_of(zones, c);
    if (scope) out.insert(scope->key());
  }
  return out;
}

/// What programs touch whenever they write, and our marks, are no change of the owner's.
ical::Component essence(ical::Component c)
{
  std::erase_if(c.properties, [](const ical::Property& p) {
    return p.name.starts_with("X-IMIP-") || p.name == "DTSTAMP" || p.name == "LAST-MODIFIED" ||
           p.name == "CREATED";
  });
  for (ical::Property& p : c.properties) {
    std::erase_if(p.parameters,
                  [](const ical::Parameter& q) { return q.name.starts_with("X-IMIP-"); });
  }
  return c;
}

bool same_meaning(const ical::Component& a, const ical::Component& b)
{
  const auto digests = [](const ical::Component& calendar) {
    std::vector<std::string> out;
    for (const ical::Component& c : calendar.components) {
      if (c.name != "VTIMEZONE") out.push_back(detail::canonical_digest(essence(c)));
    }
    std::sort(out.begin(), out.end());
    return out;
  };
  return digests(a) == digests(b);
}

/// The owner's file, and what the message took out of it: her alarms on an occurrence that was
/// cancelled, or on an event that the policy had removed, come back with it.
ical::Component owners_file(const StoredObject* stored, const Undo& undo,
                            const ical::Component& rendered, const Limits& limits)
{
  ical::Component out = stored ? stored->calendar : ical::Component{"VCALENDAR", {}, {}};
  if (undo.before.empty()) return out;
  const auto before = ical::parse(undo.before, limits);
  if (!before) return out;
  const std::set<std::string> there = scopes_in(out);
  const std::set<std::string> shown = scopes_in(rendered);
  const ical::Zones zones(before->calendar);
  for (const ical::Component& c : before->calendar.components) {
    if (!is_scheduled(c)) continue;
    const auto scope = detail::scope_of(zones, c);
    if (!scope || there.contains(scope->key()) || !shown.contains(scope->key())) continue;
    out.components.push_back(c);
  }
  return out;
}

class Retracting {
 public:
  Retracting(const Undo& undo, const StoredObject* stored, const Facts& given, const Owner& owner,
             const PlanOptions& options)
      : undo_(undo), stored_(stored), given_(given), owner_(owner), options_(options)
  {
  }

  RetractPlan run(const std::string& uid, const CalAddress& organizer, UtcSeconds now);

 private:
  void restore(RetractPlan& out, const Rendering& rendering) const;
  void render_again(RetractPlan& out, const Rendering& rendering) const;
  void take_away(RetractPlan& out) const;
  void write(RetractPlan& out, const ical::Component& calendar, std::string text) const;
  [[nodiscard]] bool others_file(const CalAddress& organizer) const
  {
    return stored_ && !same_user(detail::organizer_of(*stored_), organizer, owner_.local_part);
  }
  [[nodiscard]] bool file_untouched() const
  {
    return undo_.has_octets && undo_.is_last && (stored_ ? stored_->octets : "") == undo_.after;
  }
  [[nodiscard]] bool is_gone(const Rendering& rendering) const
  {
    return rendering.empty || (rendering.cancelled && options_.remove_cancelled);
  }

  const Undo& undo_;
  const StoredObject* stored_;
  const Facts& given_;
  const Owner& owner_;
  const PlanOptions& options_;
};

void Retracting::take_away(RetractPlan& out) const
{
  if (!stored_) return;
  out.plan.remove = true;
  out.plan.changes = detail::changes_between(&stored_->calendar, {"VCALENDAR", {}, {}}, "remove",
                                             out.plan.changes_left_out);
}

void Retracting::write(RetractPlan& out, const ical::Component& calendar, std::string text) const
{
  out.plan.octets = std::move(text);
  out.plan.changes =
      detail::changes_between(stored_ ? &stored_->calendar : nullptr, calendar, "change",
                              out.plan.changes_left_out);
}

/// Nobody has touched the file since: it becomes what it was.
void Retracting::restore(RetractPlan& out, const Rendering& rendering) const
{
  out.exact = true;
  if (undo_.before.empty()) {
    // there was no file although there was an event: its owner had deleted it, and it stays so
    if (!is_gone(rendering)) out.plan.facts.last_rendered = ical::serialise(rendering.calendar);
    return take_away(out);
  }
  if (!is_gone(rendering)) out.plan.facts.last_rendered = ical::serialise(rendering.calendar);
  if (stored_ && stored_->octets == undo_.before) return;
  const auto parsed = ical::parse(undo_.before, options_.limits);
  write(out, parsed ? parsed->calendar : rendering.calendar, undo_.before);
}

void Retracting::render_again(RetractPlan& out, const Rendering& rendering) const
{
  if (is_gone(rendering)) {
    const auto base = ical::parse(given_.last_rendered, options_.limits);
    out.loses_edits =
        stored_ && (!base || !same_meaning(base->calendar, stored_->calendar));
    return take_away(out);
  }
  const std::string clean = ical::serialise(rendering.calendar);
  if (!stored_ && !given_.last_rendered.empty()) {  // her own deletion stays
    out.plan.facts.last_rendered = given_.last_rendered;
    return;
  }
  out.plan.facts.last_rendered = clean;
  const std::string& was = given_.last_rendered.empty() ? clean : given_.last_rendered;
  const auto base = ical::parse(was, options_.limits);
  const ical::Component merged =
      detail::merge_owner_data(rendering.calendar, base ? base->calendar : ical::Component{},
                               owners_file(stored_, undo_, rendering.calendar, options_.limits),
                               owner_, options_.limits);
  std::string text = ical::serialise(merged);
  // Where nothing else is said the file stays, whatever its owner made of it since.
  if (!stored_ || (text != stored_->octets && clean != was)) write(out, merged, std::move(text));
}

RetractPlan Retracting::run(const std::string& uid, const CalAddress& organizer, UtcSeconds now)
{
  RetractPlan out;
  Plan& plan = out.plan;
  plan.uid = uid;
  plan.organizer = organizer;
  plan.outcome = Outcome::Updated;
  if (stored_) plan.base_sha256 = stored_->sha256;
  // Without facts there is nothing that the owner could have edited since it was rendered.
  const bool others = others_file(organizer);
  const Facts before = given_.empty() || others
                           ? given_
                           : detail::facts_before(given_, stored_, owner_, options_.limits, now);
  plan.found = detail::news(before, given_);
  plan.facts = undo_.without;
  plan.facts.merge(plan.found);
  plan.facts_changed = true;
  const Rendering with = detail::render(before, uid, owner_, options_);
  const Rendering without = detail::render(plan.facts, uid, owner_, options_);
  out.depends = depending(undo_, with, without, owner_);
  if (file_untouched()) {
    restore(out, without);
  } else if (others) {
    plan.facts.last_rendered = given_.last_rendered;  // the event is another organizer's now
  } else {
    render_again(out, without);
  }
  return out;
}

}  // namespace

RetractPlan plan_retract(const std::string& uid, const CalAddress& organizer, const Undo& undo,
                         const StoredObject* stored, const Facts& given, const Owner& owner,
                         const PlanOptions& options, UtcSeconds now)
{
  return Retracting(undo, stored, given, owner, options).run(uid, organizer, now);
}

}  // namespace imip::itip
