#include "itip/detail/merge.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <set>
#include <string_view>

#include "ical/recurrence.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/record.hpp"
#include "itip/detail/render.hpp"

namespace imip::itip::detail {

namespace {

using ByScope = std::map<std::string, const ical::Component*>;

ByScope by_scope(const ical::Component& calendar)
{
  ByScope out;
  std::optional<ical::Zones> zones;
  for (const ical::Component& c : calendar.components) {
    if (!is_scheduled(c)) continue;
    if (!c.find("RECURRENCE-ID")) {
      out.emplace("series", &c);
      continue;
    }
    if (!zones) zones.emplace(calendar);
    const auto scope = scope_of(*zones, c);
    if (scope) out.emplace(scope->key(), &c);
  }
  return out;
}

const ical::Component* find(const ByScope& all, const std::string& key)
{
  const auto at = all.find(key);
  return at == all.end() ? nullptr : at->second;
}

std::vector<ical::Property> named(const ical::Component* c, const std::string& name)
{
  std::vector<ical::Property> out;
  if (!c) return out;
  for (const ical::Property* p : c->all(name)) out.push_back(*p);
  return out;
}

using Parts = std::vector<ical::Component>;

bool holds(const Parts& all, const ical::Component& one)
{
  return std::find(all.begin(), all.end(), one) != all.end();
}

Parts alarms(const ical::Component* c)
{
  Parts out;
  if (!c) return out;
  for (const ical::Component& s : c->components) {
    if (s.name == "VALARM") out.push_back(s);
  }
  return out;
}

void take_property(ical::Component& into, const std::string& name, const ical::Component& from)
{
  into.remove(name);
  for (const ical::Property* p : from.all(name)) into.properties.push_back(*p);
}

void take_alarms(ical::Component& into, const ical::Component& from)
{
  std::erase_if(into.components, [](const ical::Component& c) { return c.name == "VALARM"; });
  for (ical::Component& a : alarms(&from)) into.components.push_back(std::move(a));
}

/// Other components inside (VLOCATION, PARTICIPANT, unknown ones) may be the organizer's and the
/// owner's: hers are those that she added, and those that she took away stay away.
void take_parts(ical::Component& into, const ical::Component* base, const ical::Component& stored)
{
  const Parts known = base ? base->components : Parts{};
  std::erase_if(into.components, [&](const ical::Component& c) {
    return c.name != "VALARM" && holds(known, c) && !holds(stored.components, c);
  });
  for (const ical::Component& c : stored.components) {
    if (c.name == "VALARM" || holds(known, c) || holds(into.components, c)) continue;
    into.components.push_back(c);
  }
}

/// When, who, whether: only messages and answers say so.
bool is_schedule(const std::string& name)
{
  static constexpr std::array<std::string_view, 20> schedule{"ATTENDEE",      "COMPLETED",
                                                             "DTEND",         "DTSTAMP",
                                                             "DTSTART",       "DUE",
                                                             "DURATION",      "EXDATE",
                                                             "EXRULE",        "FREEBUSY",
                                                             "ORGANIZER",     "RDATE",
                                                             "RRULE",         "PERCENT-COMPLETE",
                                                             "SEQUENCE",      "STATUS",
                                                             "RECURRENCE-ID", "REQUEST-STATUS",
                                                             "TZID",          "UID"};
  return std::find(schedule.begin(), schedule.end(), name) != schedule.end();
}

/// Did the organizer change another wording of the same thing? Hers would contradict him.
bool is_contradicted(const std::string& name, const ical::Component& now,
                     const ical::Component& base)
{
  static constexpr std::array<std::array<std::string_view, 2>, 2> pairs{
      {{"LOCATION", "GEO"}, {"DESCRIPTION", "STYLED-DESCRIPTION"}}};
  return std::any_of(pairs.begin(), pairs.end(), [&](const auto& pair) {
    if (name != pair[0] && name != pair[1]) return false;
    const std::string other(pair[name == pair[0] ? 1 : 0]);
    return named(&now, other) != named(&base, other);
  });
}

/// What the owner added to `stored` that messages may say, and neither the last rendering nor this
/// one has.
std::set<std::string> additions(const ical::Component& now, const ical::Component& base,
                                const ical::Component& stored, bool hers)
{
  std::set<std::string> out;
  for (const ical::Property& p : stored.properties) {
    if (is_owner_property(p.name) || is_schedule(p.name) || p.name.starts_with("X-IMIP-")) continue;
    if (hers && p.name != "CREATED" && p.name != "LAST-MODIFIED") continue;
    if (now.find(p.name) || base.find(p.name) || is_contradicted(p.name, now, base)) continue;
    out.insert(p.name);
  }
  return out;
}

std::set<std::string> owner_names(const ical::Component& a)
{
  std::set<std::string> out;
  for (const ical::Property& p : a.properties) {
    if (is_owner_property(p.name)) out.insert(p.name);
  }
  return out;
}

/// What a new override gets from the owner's series.
bool is_inherited(const std::string& name)
{
  return name == "TRANSP" || name == "CATEGORIES" || name == "COLOR";
}

bool is_owners_parameter(const ical::Parameter& p)
{
  return p.name.starts_with("X-") && !p.name.starts_with("X-IMIP-");
}

/// Properties that are the same thing in two versions: attendees by who they are, else what there
/// is one of, or says the same.
class SameProperty {
 public:
  explicit SameProperty(const ical::Component& in)
  {
    for (const ical::Property& p : in.properties) {
      ++count_[p.name];
      only_[p.name] = &p;
      exact_.emplace(std::pair<std::string_view, std::string_view>(p.name, p.value), &p);
    }
  }
  [[nodiscard]] const ical::Property* find(const ical::Property& p) const
  {
    const auto count = count_.find(p.name);
    if (count == count_.end()) return nullptr;
    if (count->second == 1 && p.name != "ATTENDEE") return only_.at(p.name);
    const auto at = exact_.find({p.name, p.value});
    return at == exact_.end() ? nullptr : at->second;
  }

 private:
  std::map<std::string_view, std::size_t> count_;
  std::map<std::string_view, const ical::Property*> only_;
  std::map<std::pair<std::string_view, std::string_view>, const ical::Property*> exact_;
};

/// Parameters that the owner, or a program of hers, put on what a message says, and that nobody
/// else knows.
void take_parameters(ical::Component& into, const ical::Component& base,
                     const ical::Component& stored)
{
  const bool any =
      std::any_of(stored.properties.begin(), stored.properties.end(), [](const ical::Property& p) {
        return std::any_of(p.parameters.begin(), p.parameters.end(), is_owners_parameter);
      });
  if (!any) return;
  const SameProperty in_stored(stored);
  const SameProperty in_base(base);
  for (ical::Property& p : into.properties) {
    const ical::Property* mine = p.name.starts_with("X-IMIP-") ? nullptr : in_stored.find(p);
    const ical::Property* was = mine ? in_base.find(p) : nullptr;
    if (!was) continue;
    for (const ical::Parameter& q : mine->parameters)
      if (is_owners_parameter(q) && !was->parameter(q.name) && !p.parameter(q.name))
        p.parameters.push_back(q);
  }
}

/// What the owner changed from `base` to `stored` goes into `into`. A new override takes only some.
/// @param hers  she organizes it: what she wrote is a fact already
void take_edits(ical::Component& into, const ical::Component* base, const ical::Component& stored,
                bool new_override, bool hers)
{
  if (base && !new_override) {
    for (const std::string& name : additions(into, *base, stored, hers))
      take_property(into, name, stored);
  }
  std::set<std::string> names = owner_names(stored);
  if (base) names.merge(owner_names(*base));
  for (const std::string& name : names) {
    if (new_override && !is_inherited(name)) continue;
    if (named(&stored, name) != named(base, name)) take_property(into, name, stored);
  }
  if (base && !new_override) take_parameters(into, *base, stored);
  if (alarms(&stored) != alarms(base)) take_alarms(into, stored);
  if (!new_override) take_parts(into, base, stored);
}

bool is_private(const std::string& name)
{
  return is_owner_property(name) || name.starts_with("X-IMIP-");
}

/// Did the owner put something of hers into an override that messages had made, other than what it
/// got from the series?
bool has_owners_word(const ical::Component& stored, const ical::Component& base,
                     const ical::Component* series)
{
  std::set<std::string> names = owner_names(stored);
  names.merge(owner_names(base));
  const bool own_alarms = alarms(&stored) != alarms(&base) && alarms(&stored) != alarms(series);
  const auto changed = [&](const std::string& name) {
    const bool from_series = is_inherited(name) && named(&stored, name) == named(series, name);
    return !name.starts_with("X-IMIP-") && !from_series &&
           named(&stored, name) != named(&base, name);
  };
  const auto added = [&](const ical::Property& p) {
    return !is_schedule(p.name) && !is_private(p.name) && p.name != "CREATED" &&
           p.name != "LAST-MODIFIED" && !base.find(p.name);
  };
  const auto new_part = [&](const ical::Component& c) {
    return c.name != "VALARM" && !holds(base.components, c);
  };
  return own_alarms || std::any_of(names.begin(), names.end(), changed) ||
         std::any_of(stored.properties.begin(), stored.properties.end(), added) ||
         std::any_of(stored.components.begin(), stored.components.end(), new_part);
}

/// The series' word about one occurrence: `series`, moved there.
std::optional<ical::Component> occurrence_of(const ical::Component& calendar,
                                             const ical::Component* series,
                                             const ical::Component& like)
{
  if (!series) return std::nullopt;
  const ical::Zones zones(calendar);
  const auto at = zones.time_of(*like.find("RECURRENCE-ID"));
  if (!at) return std::nullopt;
  auto out = made_from_master(zones, *series, *at);
  if (!out) return std::nullopt;
  out->set(*like.find("RECURRENCE-ID"));
  return *std::move(out);
}

/// An override of hers says what messages say now wherever she had left what they said before.
ical::Component brought_up_to_date(const ical::Component& stored, const ical::Component& base,
                                   const ical::Component& now)
{
  ical::Component out = stored;
  std::set<std::string> names;
  for (const auto* c : {&stored, &base, &now})
    for (const ical::Property& p : c->properties)
      if (!is_private(p.name) && p.name != "RECURRENCE-ID") names.insert(p.name);
  for (const std::string& name : names)
    if (named(&stored, name) == named(&base, name)) take_property(out, name, now);
  std::erase_if(out.properties,
                [](const ical::Property& p) { return p.name.starts_with("X-IMIP-"); });
  return out;
}

/// What of the stored file messages no longer render, and the owner would miss.
struct Files {
  const ical::Component& rendered;
  const ical::Component& base;
  const ical::Component& stored;
};

/// Overrides that another program made for the owner, and those of messages that she put something
/// of hers into, as long as the series has the instance.
void keep_owner_overrides(ical::Component& rendered, const Files& files, const Limits& limits)
{
  const ByScope ours = by_scope(files.rendered);
  const ByScope base = by_scope(files.base);
  const ical::Component* series = find(ours, "series");
  if (!series) return;
  const ByScope stored = by_scope(files.stored);
  std::optional<ical::Zones> zones;
  for (const auto& [key, component] : stored) {
    if (key == "series" || find(ours, key)) continue;
    const ical::Component* known = find(base, key);
    if (known && !has_owners_word(*component, *known, find(stored, "series"))) continue;
    if (!zones) zones.emplace(files.stored);
    const auto scope = scope_of(*zones, *component);
    if (!scope || scope->type != Scope::Type::Instance) continue;
    const auto has = ical::has_instance(*zones, *series, scope->at, limits);
    if (!has || !*has) continue;
    const auto now = occurrence_of(files.rendered, series, *component);
    const auto before =
        known ? std::optional(*known) : occurrence_of(files.base, find(base, "series"), *component);
    rendered.components.push_back(now && before ? brought_up_to_date(*component, *before, *now)
                                                : *component);
  }
}

/// What stands beside the components (RFC 7986: NAME, COLOR, SOURCE, ...) never came by a message:
/// messages are taken in by component.
void take_calendar_properties(ical::Component& rendered, const ical::Component& stored)
{
  for (const ical::Property& p : stored.properties) {
    const bool ours = p.name == "METHOD" || p.name == "VERSION" || p.name == "PRODID" ||
                      p.name.starts_with("X-IMIP-");
    if (!ours) rendered.properties.push_back(p);
  }
}

/// Components that no message brings, before or behind the event as they stood.
void take_other_components(ical::Component& rendered, const ical::Component& stored)
{
  std::vector<ical::Component> first;
  bool before = true;
  for (const ical::Component& c : stored.components) {
    if (is_scheduled(c)) before = false;
    if (!is_scheduled(c) && c.name != "VTIMEZONE")
      (before ? first : rendered.components).push_back(c);
  }
  rendered.components.insert(rendered.components.begin(), std::make_move_iterator(first.begin()),
                             std::make_move_iterator(first.end()));
}

const ical::Component* zone_named(const ical::Component& calendar, const std::string& tzid)
{
  for (const ical::Component& c : calendar.components) {
    const std::string* id = c.name == "VTIMEZONE" ? c.value("TZID") : nullptr;
    if (id && *id == tzid) return &c;
  }
  return nullptr;
}

/// How a VTIMEZONE changes its offsets, without what it says besides (names, X-LIC-LOCATION, TZURL)
/// and in one order.
Parts offsets_of(const ical::Component& zone)
{
  Parts out = ordered(zone).components;
  for (ical::Component& c : out) {
    std::erase_if(c.properties, [](const ical::Property& p) {
      return p.name != "DTSTART" && p.name != "RRULE" && p.name != "RDATE" &&
             !p.name.starts_with("TZOFFSET");
    });
    std::sort(
        c.properties.begin(), c.properties.end(),
        [](const ical::Property& a, const ical::Property& b) { return line_of(a) < line_of(b); });
  }
  std::sort(out.begin(), out.end(), [](const ical::Component& a, const ical::Component& b) {
    return ical::serialise(a) < ical::serialise(b);
  });
  return out;
}

/// The owner's own wording of a zone stays where it means the same.
void take_zone_edits(ical::Component& rendered, const ical::Component& base,
                     const ical::Component& stored)
{
  for (ical::Component& c : rendered.components) {
    const std::string* id = c.name == "VTIMEZONE" ? c.value("TZID") : nullptr;
    const ical::Component* mine = id ? zone_named(stored, *id) : nullptr;
    if (!mine || *mine == c) continue;
    const ical::Component* was = zone_named(base, *id);
    if (was && *was == *mine) continue;
    if (offsets_of(*mine) == offsets_of(c)) c = *mine;
  }
}

}  // namespace

ical::Component merge_owner_data(ical::Component rendered, const ical::Component& base,
                                 const ical::Component& stored, const Owner& owner,
                                 const Limits& limits)
{
  const bool hers = organizes(stored, owner);
  const ByScope before = by_scope(base);
  const ByScope mine = by_scope(stored);
  const ical::Component clean = rendered;
  keep_owner_overrides(rendered, {clean, base, stored}, limits);
  std::map<const ical::Component*, std::string> keys;
  for (const auto& [key, component] : by_scope(rendered)) keys.emplace(component, key);
  for (ical::Component& c : rendered.components) {
    const auto key = keys.find(&c);
    if (key == keys.end()) continue;
    if (const ical::Component* same = find(mine, key->second)) {
      take_edits(c, find(before, key->second), *same, false, hers);
    } else if (const ical::Component* series = find(mine, "series")) {
      take_edits(c, find(before, "series"), *series, true, false);
    }
    c = ordered(std::move(c));
  }
  take_calendar_properties(rendered, stored);
  take_other_components(rendered, stored);
  const ical::Component ours = rendered;
  complete_timezones(rendered, {&ours, &stored});
  take_zone_edits(rendered, base, stored);
  return rendered;
}

}  // namespace imip::itip::detail
