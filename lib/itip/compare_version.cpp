// Versions that compare() looks at.
#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "ical/recurrence.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/scope.hpp"
#include "itip/detail/version.hpp"

namespace imip::itip::detail {

namespace {

constexpr std::array<std::string_view, 13> not_compared{
    "UID",    "DTSTAMP",  "SEQUENCE", "CREATED", "LAST-MODIFIED", "DTSTART",      "DTEND",
    "DUE",    "DURATION", "RRULE",    "RDATE",   "EXDATE",        "RECURRENCE-ID"};

// What an absent property or parameter means (RFC 5545).
struct Default {
  std::string_view name, value;
};
constexpr std::array<Default, 3> default_values{
    {{"PRIORITY", "0"}, {"TRANSP", "OPAQUE"}, {"CLASS", "PUBLIC"}}};
constexpr std::array<Default, 2> default_parameters{
    {{"ROLE", "REQ-PARTICIPANT"}, {"CUTYPE", "INDIVIDUAL"}}};
// These come from answers, or say how an answer is wanted.
constexpr std::array<std::string_view, 6> of_answers{"PARTSTAT",       "RSVP",    "DELEGATED-TO",
                                                     "DELEGATED-FROM", "SENT-BY", "SCHEDULE-STATUS"};

template <typename Table>
bool is_default(const Table& table, std::string_view name, std::string_view value)
{
  return std::any_of(table.begin(), table.end(), [&](const Default& d) {
    return d.name == name && text::ascii_iequal(d.value, value);
  });
}

std::string line_for(ical::Property p)
{
  if (p.name == "ATTENDEE" || p.name == "ORGANIZER") {
    if (const auto address = CalAddress::parse(p.value)) p.value = address_key(*address, LocalPart::Fold);
  }
  std::erase_if(p.parameters, [&](const ical::Parameter& q) {
    const bool answer = p.name == "ATTENDEE" &&
                        std::find(of_answers.begin(), of_answers.end(), q.name) != of_answers.end();
    return answer || (!q.values.empty() && is_default(default_parameters, q.name, q.values.front()));
  });
  std::sort(p.parameters.begin(), p.parameters.end(),
            [](const ical::Parameter& a, const ical::Parameter& b) { return a.name < b.name; });
  std::string out;
  for (const ical::Parameter& q : p.parameters) {
    out += cat(';', q.name, '=');
    for (const std::string& v : q.values) out += cat(v, ',');
  }
  return cat(p.text(), out);
}

// What a range says of one of its later occurrences: the same shift on the wall clock, the same length.
std::optional<ical::Component> within_range(const ical::Zones& zones, const Piece& range,
                                            const ical::Time& at)
{
  const ical::Property* start = range.component.find("DTSTART");
  if (start == nullptr) return std::nullopt;
  const auto first = zones.time_of(*start);
  if (!first) return std::nullopt;
  const ical::Time begin =
      moved_wall(zones, *first, wall_of(at) + (wall_of(*first) - wall_of(range.at)));
  auto out = made_from_master(zones, range.component, begin);
  if (!out) return std::nullopt;
  out->set(time_property("RECURRENCE-ID", at));
  return *std::move(out);
}

void add_due(const ical::Zones& zones, const ical::Component& component, Print& out)
{
  const ical::Property* due = component.find("DUE");
  if (component.find("DTSTART") != nullptr || due == nullptr) return;
  const auto at = zones.time_of(*due);
  out.shape.start = at ? time_text(*at) : due->value;
}

std::string was(const Print& before, const std::string& name)
{
  const auto found = before.values.find(name);
  if (found == before.values.end() || found->second.size() != 1) return {};
  return cat(" (was: ", *found->second.begin(), ')');
}

std::string name_for_people(const std::string& name)
{
  static constexpr std::array<Default, 6> words{{{"SUMMARY", "the title"},
                                                 {"LOCATION", "the place"},
                                                 {"DESCRIPTION", "the description"},
                                                 {"ATTENDEE", "who is invited"},
                                                 {"ORGANIZER", "the organizer"},
                                                 {"STATUS", "the status"}}};
  for (const Default& w : words)
    if (w.name == name) return std::string(w.value);
  return text::ascii_lower(name);
}

// When it was told, which only imip's own copy says: a program that edits has other reasons for a
// new DTSTAMP.
std::optional<UtcSeconds> stamp_of(const ical::Component& c)
{
  const auto at = parse_instant(c.text("X-IMIP-RECEIVED-DTSTAMP"));
  return at ? std::optional(*at) : std::nullopt;
}

/// A floating RECURRENCE-ID beside a zoned series is in its zone, as it is for who applies it.
Result<ical::Time> named_time(const ical::Zones& zones, const ical::Component* series,
                              const ical::Property& id)
{
  IMIP_TRY(const ical::Time at, zones.time_of(id));
  const ical::Property* start = series != nullptr ? series->find("DTSTART") : nullptr;
  if (start == nullptr) return at;
  IMIP_TRY(const ical::Time first, zones.time_of(*start));
  return ical::in_series(zones, first, at);
}

std::map<UtcSeconds, Version::Cancelled> cancelled_of(const ical::Zones& zones,
                                                      const ical::Component& calendar, Kind kind)
{
  std::map<UtcSeconds, Version::Cancelled> out;
  std::optional<UtcSeconds> series;
  const ical::Component* master = nullptr;
  for (const ical::Component& c : calendar.components)
    if (c.name == kind_word(kind) && c.find("RECURRENCE-ID") == nullptr) {
      series = stamp_of(c);
      master = &c;
    }
  for (const ical::Component& c : calendar.components) {
    const ical::Property* id = c.name == kind_word(kind) ? c.find("RECURRENCE-ID") : nullptr;
    if (id == nullptr || is_range(*id) || c.text("STATUS") != "CANCELLED") continue;
    const auto at = named_time(zones, master, *id);
    const auto stamp = stamp_of(c);
    if (at) out[at->instant] = {sequence_of(c), stamp && series && *stamp > *series};
  }
  return out;
}

void drop_exdates_of_nothing(const ical::Zones& zones, ical::Component& master,
                             const Limits& limits)
{
  ical::Component all = master;
  all.remove("EXDATE");
  std::vector<ical::Property> kept;
  for (ical::Property& p : master.properties) {
    const auto times = p.name == "EXDATE" ? ical::times_in_series(zones, all, p)
                                          : Result<std::vector<ical::Time>>({});
    if (!times || times->empty()) {
      kept.push_back(std::move(p));
      continue;
    }
    for (const ical::Time& t : *times) {
      const auto there = ical::has_instance(zones, all, t, limits);
      if (there && !*there) continue;
      ical::Property one = time_property("EXDATE", t);
      if (times->size() == 1) one = p;
      kept.push_back(std::move(one));
    }
  }
  master.properties = std::move(kept);
}

}  // namespace

Result<Version> Version::read(const ical::Component& calendar, Kind kind)
{
  Version out{kind, calendar, ical::Zones(calendar), {}, {}, {}, 0, {}, {}};
  IMIP_TRY(auto all, components_of(calendar, kind));
  out.cancelled_alone = cancelled_of(out.zones, calendar, kind);
  IMIP_CHECK(complete_overrides(out.zones, all));
  out.cancelled_at = cancelled_sequence(calendar);
  for (ical::Component& c : all) {
    if (c.find("DTEND") != nullptr) c.remove("DURATION");
    const ical::Property* id = c.find("RECURRENCE-ID");
    if (id == nullptr) {
      out.master = std::move(c);
      continue;
    }
    const auto at = named_time(out.zones, out.master ? &*out.master : nullptr, *id);
    if (!at) return err(Errc::BadCalendar, cat("RECURRENCE-ID: ", at.error().what), at.error().hint);
    const std::string* status = c.value("STATUS");
    if (status != nullptr && *status == "CANCELLED") continue;  // without a series
    Pieces& pieces = is_range(*id) ? out.ranges : out.instances;
    if (!pieces.emplace(at->instant, Piece{*at, std::move(c)}).second)
      return err(Errc::BadCalendar, cat("two components describe the repetition of ", at->local));
  }
  return out;
}

std::vector<ical::Time> Version::drop_overrides_of_nothing(const Limits& limits)
{
  std::vector<ical::Time> out;
  if (!master) return out;
  std::erase_if(instances, [&](const auto& piece) {
    const auto there = ical::has_instance(zones, *master, piece.second.at, limits);
    const bool nothing = there && !*there;
    if (nothing) out.push_back(piece.second.at);
    return nothing;
  });
  drop_exdates_of_nothing(zones, *master, limits);
  return out;
}

bool Version::cancelled() const
{
  const std::string* status = master ? master->value("STATUS") : nullptr;
  return status != nullptr && *status == "CANCELLED";
}

std::optional<ical::Component> Version::at(const ical::Time& when, const Limits& limits) const
{
  const auto own = instances.find(when.instant);
  if (own != instances.end()) return own->second.component;
  if (!master || off.contains(when.instant)) return std::nullopt;
  const auto there = ical::has_instance(zones, *master, when, limits);
  if (!there || !*there) return std::nullopt;
  auto range = ranges.upper_bound(when.instant);
  if (range != ranges.begin()) return within_range(zones, std::prev(range)->second, when);
  auto out = made_from_master(zones, *master, when);
  if (!out) return std::nullopt;
  out->set(time_property("RECURRENCE-ID", when));
  return *std::move(out);
}

std::optional<ical::Component> Version::from(const ical::Time& when, const Limits& limits) const
{
  const auto own = ranges.find(when.instant);
  if (own != ranges.end()) return own->second.component;
  Version without{kind, calendar, ical::Zones(calendar), master, {}, ranges, 0, {}, off};
  auto out = without.at(when, limits);
  if (out) out->find("RECURRENCE-ID")->set_parameter("RANGE", "THISANDFUTURE");
  return out;
}

Print print_of(const ical::Zones& zones, const ical::Component& component)
{
  Print out;
  if (auto shape = shape_of(zones, component)) {
    out.shape = *std::move(shape);
  } else {  // what does not parse is compared as it is written
    for (const char* name : {"DTSTART", "DTEND", "DUE", "DURATION"})
      if (const std::string* value = component.value(name)) out.shape.start += *value;
  }
  add_due(zones, component, out);
  for (const ical::Property& p : component.properties) {
    if (std::find(not_compared.begin(), not_compared.end(), p.name) != not_compared.end()) continue;
    if (p.value.empty() || is_default(default_values, p.name, p.value)) continue;
    out.values[p.name].insert(line_for(p));
  }
  for (const ical::Component& c : component.components) out.values[c.name].insert(canonical_digest(c));
  return out;
}

std::vector<std::string> differences(const Print& before, const Print& after)
{
  std::vector<std::string> out;
  const Shape& a = before.shape;
  const Shape& b = after.shape;
  if (a.start != b.start) out.emplace_back("the start");
  if (a.length != b.length) out.emplace_back("the length");
  if (a.rule != b.rule || a.bound != b.bound || (a.zone != b.zone && a.rule == b.rule && !a.rule.empty()))
    out.emplace_back("how it repeats");
  if (a.rdates != b.rdates || a.exdates != b.exdates) out.emplace_back("the dates");
  std::set<std::string> names;
  for (const auto* print : {&before, &after})
    for (const auto& [name, values] : print->values) names.insert(name);
  for (const std::string& name : names) {
    const auto old_value = before.values.find(name);
    const auto new_value = after.values.find(name);
    if (old_value != before.values.end() && new_value != after.values.end() &&
        old_value->second == new_value->second)
      continue;
    const bool quotes = name == "SUMMARY" || name == "LOCATION";
    out.push_back(cat(name_for_people(name), quotes ? was(before, name) : std::string()));
  }
  return out;
}

People people_of(const ical::Component& component)
{
  ical::Component calendar{"VCALENDAR", {make_property("METHOD", "REQUEST")}, {component}};
  People out;
  for (Party& p : recipients(calendar)) {
    const std::string key = address_key(p.address, LocalPart::Fold);
    out.emplace(key, std::move(p));
  }
  return out;
}

bool contains(const People& people, const std::string& key)
{
  return people.find(key) != people.end();
}

People without(const People& people, const People& others)
{
  People out;
  for (const auto& [key, party] : people)
    if (!contains(others, key)) out.emplace(key, party);
  return out;
}

People with(People people, const People& others)
{
  people.insert(others.begin(), others.end());
  return people;
}

std::int64_t sequence_of(const ical::Component& component)
{
  const std::string* value = component.value("SEQUENCE");
  return value != nullptr ? std::max<std::int64_t>(to_int(*value, 0), 0) : 0;
}

}  // namespace imip::itip::detail
