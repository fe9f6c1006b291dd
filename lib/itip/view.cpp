// Facts sorted into slots. The rules themselves are in rules.cpp.
#include "itip/detail/view.hpp"

#include <algorithm>
#include <array>
#include <tuple>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "itip/detail/instances.hpp"
#include "itip/detail/scope.hpp"

namespace imip::itip::detail {

namespace {

Revision revision_of(const FactRow& row)
{
  return {row.sequence, UtcSeconds(std::chrono::seconds(row.dtstamp))};
}

/// All classes thrown together: what a mutant does.
Facts without_classes(const Facts& facts)
{
  Facts out;
  for (FactRow row : facts.rows()) {
    if (row.reg.size() > 2 && row.reg[1] == ':') {
      row.reg = class_register(row.reg[0], class_organizer);
    }
    out.raise(std::move(row));
  }
  return out;
}

/// Renames a TZID wherever the component uses it.
void rename_tzid(ical::Component& component, const std::string& from, const std::string& to)
{
  for (ical::Property& p : component.properties) {
    const std::string* tzid = p.parameter("TZID");
    if (tzid && *tzid == from) p.set_parameter("TZID", to);
  }
  for (ical::Component& c : component.components) rename_tzid(c, from, to);
}

ical::Component calendar_of(const std::vector<ical::Component>& timezones)
{
  return {"VCALENDAR", {}, timezones};
}

bool same_zone(const ical::Component& a, const ical::Component& b, const std::string& tzid,
               UtcSeconds from)
{
  if (a == b) return true;
  return zone_print(ical::Zones(calendar_of({a})), tzid, from) ==
         zone_print(ical::Zones(calendar_of({b})), tzid, from);
}

const ical::Component* zone_named(const ical::Component& calendar, const std::string& tzid)
{
  for (const ical::Component& c : calendar.components) {
    const std::string* id = c.value("TZID");
    if (id && *id == tzid) return &c;
  }
  return nullptr;
}

}  // namespace

struct ViewMaker {
  View& view;
  const Limits& limits;

  std::set<std::string> stray;  ///< scopes that the series by itself does not have

  /// Rows under the names of the instances that they mean.
  Facts canonical(const Facts& facts);
  void fill(Slot& slot, const FactRow& row);
  void fill_times(Slot& slot, const FactRow& row);
  void fill_added(Slot& slot, const FactRow& row);
  std::optional<Write> write_of(const Slot& slot, const FactRow& row);
  Slot& slot_for(const std::string& key);
  void add_zones(UtcSeconds from, ical::Component& event, std::vector<ical::Component> timezones);
};

Facts ViewMaker::canonical(const Facts& facts)
{
  const FactRow* series = facts.find(class_register('W', view.cls), "series");
  std::vector<std::string> texts;
  std::vector<std::string> answered;  // what an attendee names comes after what the organizer does
  std::vector<std::string> added_texts;
  for (const FactRow& row : facts.rows()) {
    const KeyParts key = split_key(row.scope);
    if (key.type != Scope::Type::Series) (row.reg == "A" ? answered : texts).push_back(key.text);
    if (row.reg == "N") added_texts.push_back(key.text);
  }
  texts.insert(texts.end(), answered.begin(), answered.end());
  if (!series || texts.empty()) return facts;
  const auto content = unpack(series->content, limits);
  if (!content) return facts;
  const ical::Zones zones(calendar_of(content->timezones));
  const Instances instances(zones, content->event, texts, limits, added_texts);
  Facts out;
  for (Shared<FactRow> row : facts.rows()) {
    const KeyParts key = split_key(row->scope);
    if (key.type != Scope::Type::Series) {
      const auto match = instances.match(key.text);
      std::string scope = match ? scope_key(key.type, *match) : row->scope;
      if (!match || !instances.yields(*match)) stray.insert(scope);
      if (scope != row->scope) row.edit().scope = std::move(scope);
    }
    out.raise(std::move(row));
  }
  return out;
}

Slot& ViewMaker::slot_for(const std::string& key)
{
  const KeyParts parts = split_key(key);
  if (parts.type == Scope::Type::Series) return view.series;
  Slot& slot = (parts.type == Scope::Type::Range ? view.ranges : view.instances)[parts.text];
  slot.type = parts.type;
  slot.text = parts.text;
  slot.at = read_time_text(parts.text).instant;
  return slot;
}

void ViewMaker::add_zones(UtcSeconds from, ical::Component& event,
                          std::vector<ical::Component> timezones)
{
  for (ical::Component& tz : timezones) {
    const std::string* id = tz.value("TZID");
    if (!id || id->empty()) continue;
    const std::string tzid = *id;
    const ical::Component* known = zone_named(view.calendar, tzid);
    if (!known && !misleading_time(ical::Zones(calendar_of({tz})), event, tzid, limits)) {
      view.calendar.components.push_back(std::move(tz));
      continue;
    }
    if (known && same_zone(*known, tz, tzid, from)) continue;
    // One name, two rules: the later comer gets a name of its own.
    const std::string fresh = cat(tzid, '-', sha256_hex(ical::serialise(tz)).substr(0, 8));
    rename_tzid(event, tzid, fresh);
    if (zone_named(view.calendar, fresh)) continue;
    tz.set(make_property("TZID", fresh));
    view.calendar.components.push_back(std::move(tz));
  }
}

std::optional<Write> ViewMaker::write_of(const Slot& slot, const FactRow& row)
{
  auto content = unpack(row.content, limits);
  if (!content) return std::nullopt;
  Write out{revision_of(row), std::move(content->event)};
  add_zones(slot.at, out.event, std::move(content->timezones));
  return out;
}

void ViewMaker::fill_times(Slot& slot, const FactRow& row)
{
  auto shape = decode(row.content);
  if (!shape) return;
  TimedShape& at = slot.shapes[row.number];
  if (std::tie(at.dtstamp, at.digest) > std::tie(row.dtstamp, row.digest)) return;
  at = {*std::move(shape), row.dtstamp, row.digest};
}

/// An ADD in force makes the instance exist, and is its content unless something newer is.
void ViewMaker::fill_added(Slot& slot, const FactRow& row)
{
  auto content = write_of(slot, row);
  if (!content) return;
  slot.added = !slot.yielded && !view.ended(slot, content->revision, true);
  slot.yielded = slot.yielded || slot.added;
  if (view.series.write && !content->event.find("ATTENDEE")) {
    for (const ical::Property* p : view.series.write->event.all("ATTENDEE")) {
      content->event.properties.push_back(*p);
    }
  }
  if (!slot.write || slot.write->revision < content->revision) slot.write = std::move(content);
}

void ViewMaker::fill(Slot& slot, const FactRow& row)
{
  if (row.reg == class_register('W', view.cls)) {
    slot.write = write_of(slot, row);
  } else if (row.reg == class_register('B', view.cls)) {
    slot.carried = row.sequence;
  } else if (row.reg == class_register('D', view.cls) || row.reg == "DN") {
    fill_times(slot, row);
  } else if (row.reg == "X") {
    slot.cancel = revision_of(row);
  } else if (row.reg == "U") {
    slot.uninvited[row.attendee] = revision_of(row);
  } else if (row.reg == "A") {
    slot.answers[row.attendee] = decode_answer(row);
  } else if (row.reg == "P") {
    slot.admitted.insert(row.attendee);
  }
}

std::optional<View> View::make(const Facts& facts, const Owner& owner, const Limits& limits,
                               const Rules& rules)
{
  View view;
  view.rules_ = rules;
  view.owner_ = &owner;
  if (!owner.addresses.empty()) view.owner_key_ = attendee_key(owner.addresses.front(), owner);
  for (const CalAddress& group : owner.groups) view.group_keys_.insert(attendee_key(group, owner));
  const Facts given = rules.classes ? facts : without_classes(facts);
  view.cls = class_with_content(given);
  if (view.cls.empty()) return std::nullopt;
  view.calendar.name = "VCALENDAR";
  ViewMaker maker{view, limits, {}};
  const auto rows = maker.canonical(given).rows();
  // The series first: its zones keep their names.
  for (const FactRow& row : rows) {
    if (row.scope == "series") maker.fill(view.series, row);
  }
  for (const FactRow& row : rows) {
    if (row.scope == "series") continue;
    Slot& slot = maker.slot_for(row.scope);
    slot.yielded = !maker.stray.contains(row.scope);
    maker.fill(slot, row);
  }
  for (const FactRow& row : rows) {
    if (row.reg == "N") maker.fill_added(maker.slot_for(row.scope), row);
  }
  for (auto& [text, slot] : view.instances) {
    if (slot.yielded || !view.outlives_series(slot)) continue;
    slot.added = slot.yielded = true;
  }
  view.index_ranges();
  view.zones = std::make_unique<ical::Zones>(view.calendar);
  return view;
}

}  // namespace imip::itip::detail
