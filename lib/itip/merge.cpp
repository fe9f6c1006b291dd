#include "itip/detail/merge.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "ical/recurrence.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/record.hpp"
#include "itip/detail/render.hpp"

namespace imip::itip::detail {

namespace {

bool is_scheduled(const ical::Component& c)
{
  return c.name == "VEVENT" || c.name == "VTODO" || c.name == "VJOURNAL" || c.name == "VFREEBUSY";
}

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

/// Other components inside (VLOCATION, PARTICIPANT, unknown ones) may be the organizer's and the owner's: hers are those
/// that she added, and those that she took away stay away.
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

std::set<std::string> owner_names(const ical::Component& a)
{
  std::set<std::string> out;
  for (const ical::Property& p : a.properties) {
    if (is_owner_property(p.name)) out.insert(p.name);
  }
  return out;
}

/// What the owner changed from `base` to `stored` goes into `into`. A new override takes only some.
void take_edits(ical::Component& into, const ical::Component* base, const ical::Component& stored,
                bool new_override)
{
  std::set<std::string> names = owner_names(stored);
  if (base) names.merge(owner_names(*base));
  for (const std::string& name : names) {
    if (new_override && name != "TRANSP" && name != "CATEGORIES" && name != "COLOR") continue;
    if (named(&stored, name) != named(base, name)) take_property(into, name, stored);
  }
  if (alarms(&stored) != alarms(base)) take_alarms(into, stored);
  if (!new_override) take_parts(into, base, stored);
}

/// Overrides that another program made for the owner, as long as the series has the instance.
void keep_owner_overrides(ical::Component& rendered, const ByScope& ours, const ByScope& base,
                          const ByScope& stored, const ical::Component& stored_calendar,
                          const Limits& limits)
{
  const ical::Component* series = find(ours, "series");
  if (!series) return;
  std::vector<ical::Component> kept;
  for (const auto& [key, component] : stored) {
    if (key == "series" || find(ours, key) || find(base, key)) continue;
    const ical::Zones zones(stored_calendar);
    const auto scope = scope_of(zones, *component);
    if (!scope) continue;
    const auto has = ical::has_instance(zones, *series, scope->at, limits);
    if (has && *has) kept.push_back(*component);
  }
  for (ical::Component& c : kept) rendered.components.push_back(std::move(c));
}

}  // namespace

ical::Component merge_owner_data(ical::Component rendered, const ical::Component& base,
                                 const ical::Component& stored, const Limits& limits)
{
  const ByScope before = by_scope(base);
  const ByScope mine = by_scope(stored);
  const ical::Component clean = rendered;
  keep_owner_overrides(rendered, by_scope(clean), before, mine, stored, limits);
  std::map<const ical::Component*, std::string> keys;
  for (const auto& [key, component] : by_scope(rendered)) keys.emplace(component, key);
  for (ical::Component& c : rendered.components) {
    const auto key = keys.find(&c);
    if (key == keys.end()) continue;
    if (const ical::Component* same = find(mine, key->second)) {
      take_edits(c, find(before, key->second), *same, false);
    } else if (const ical::Component* series = find(mine, "series")) {
      take_edits(c, find(before, "series"), *series, true);
    }
    c = ordered(std::move(c));
  }
  for (const ical::Property& p : stored.properties) {
    const bool known = p.name.starts_with("X-IMIP-") || rendered.find(p.name) != nullptr;
    if (p.name.starts_with("X-") && !known) rendered.properties.push_back(p);
  }
  for (const ical::Component& c : stored.components) {
    if (!is_scheduled(c) && c.name != "VTIMEZONE") rendered.components.push_back(c);
  }
  const ical::Component ours = rendered;
  complete_timezones(rendered, {&ours, &stored});
  return rendered;
}

}  // namespace imip::itip::detail
