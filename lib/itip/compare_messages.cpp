// Items -> messages: one for all who are told the same.
#include <algorithm>

#include "base/cat.hpp"
#include "itip/build.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/comparing.hpp"
#include "itip/detail/content.hpp"

namespace imip::itip::detail {

namespace {

struct Group {
  std::vector<std::size_t> items;
  People people;
};

std::vector<Group> groups_of(const std::vector<Item>& items)
{
  std::vector<Group> out;
  People all;
  for (const Item& item : items) all.insert(item.people.begin(), item.people.end());
  for (const auto& [key, party] : all) {
    std::vector<std::size_t> theirs;
    for (std::size_t i = 0; i < items.size(); ++i)
      if (items[i].people.find(key) != items[i].people.end()) theirs.push_back(i);
    auto known = std::find_if(out.begin(), out.end(),
                              [&](const Group& g) { return g.items == theirs; });
    if (known == out.end()) known = out.insert(out.end(), Group{std::move(theirs), {}});
    known->people.emplace(key, party);
  }
  std::stable_sort(out.begin(), out.end(),
                   [](const Group& a, const Group& b) { return a.items < b.items; });
  return out;
}

void set_scope(const Item& item, ical::Component& component)
{
  if (item.type == Scope::Type::Series) return;
  ical::Property id = time_property("RECURRENCE-ID", item.at);
  if (item.type == Scope::Type::Range) id.set_parameter("RANGE", "THISANDFUTURE");
  component.set(std::move(id));
  for (const char* name : {"RRULE", "RDATE", "EXDATE", "EXRULE"}) component.remove(name);
}

}  // namespace

Result<ical::Component> Comparison::finished(Method method, const Item& item,
                                             const People& people) const
{
  std::vector<ical::Component> one{item.component};
  BuildSpec spec;
  spec.method = method;
  set_scope(item, one.front());
  reduce(method, one);
  IMIP_CHECK(set_organizer(spec, one));
  ical::Component& c = one.front();
  if (!options_.comment.empty()) c.set(ical::text_property("COMMENT", options_.comment));
  if (method == Method::Cancel) {
    dress_cancel(c);
    if (item.off) {
      c.set(make_property("STATUS", "CANCELLED"));
    } else {
      c.remove("STATUS");
      c.remove("ATTENDEE");
      for (const auto& [key, party] : people) {
        c.properties.push_back(party.property);
        c.properties.back().name = "ATTENDEE";
      }
      dress_cancel(c);
    }
  } else {
    IMIP_CHECK(dress_request(c, item.asks_again));
  }
  c.set(make_property("SEQUENCE", cat(item.sequence)));
  c.set(make_property("DTSTAMP", to_ical_utc(now_ + std::chrono::seconds(item.later ? 1 : 0))));
  fill_and_trim(method, new_.kind, c);
  return ordered(std::move(c));
}

Result<ChangeMessage> Comparison::message(Method method, const std::vector<const Item*>& items,
                                          const People& people) const
{
  ChangeMessage out;
  out.method = method;
  std::vector<ical::Component> components;
  for (const Item* item : items) {
    IMIP_TRY(ical::Component c, finished(method, *item, people));
    components.push_back(std::move(c));
    for (const std::string& change : item->changes)
      if (std::find(out.changes.begin(), out.changes.end(), change) == out.changes.end())
        out.changes.push_back(change);
  }
  out.calendar = {"VCALENDAR",
                  {make_property("PRODID", std::string(prodid)), make_property("VERSION", "2.0"),
                   make_property("METHOD", std::string(method_word(method)))},
                  {}};
  const bool from_old = method == Method::Cancel;
  const ical::Component* base = from_old ? &old_.calendar : &new_.calendar;
  IMIP_TRY(out.calendar.components, zones_for(components, base));
  const ical::Component with_zones = out.calendar;
  BuildSpec spec;
  spec.method = method;
  for (ical::Component& c : components) {
    IMIP_CHECK(check_component(spec, new_.kind, true, ical::Zones(with_zones), c));
    out.calendar.components.push_back(std::move(c));
  }
  for (const auto& [key, party] : people) out.to.push_back(party);
  return out;
}

// Who gets the series anew would have again what a CANCEL of a part of it took before; who never
// had it knows nothing that it could take. But what is renewed within that part is renewed after
// the CANCEL.
bool Comparison::comes_after(const Item& gone, const std::string& who) const
{
  if (gone.type == Scope::Type::Series) return false;
  const bool joins = !old_.master || !contains(people_of(*old_.master), who);
  bool gets_series = false;
  for (const Item& item : requests_) {
    if (!contains(item.people, who)) continue;
    gets_series = gets_series || item.type == Scope::Type::Series;
    if (!joins && covers(gone, item.type, item.at)) return false;
  }
  return gets_series;
}

// Off and un-invited are two things to say (RFC 5546 section 3.2.5).
Result<void> Comparison::add_cancels(bool after, std::vector<ChangeMessage>& out) const
{
  std::vector<Item> items = cancels_;
  for (Item& item : items)
    std::erase_if(item.people, [&](const auto& p) { return comes_after(item, p.first) != after; });
  for (const Group& group : groups_of(items))
    for (const bool off : {true, false}) {
      std::vector<const Item*> alike;
      for (const std::size_t i : group.items)
        if (items[i].off == off) alike.push_back(&items[i]);
      if (alike.empty()) continue;
      IMIP_TRY(ChangeMessage m, message(Method::Cancel, alike, group.people));
      out.push_back(std::move(m));
    }
  return {};
}

Result<std::vector<ChangeMessage>> Comparison::messages() const
{
  std::vector<ChangeMessage> out;
  IMIP_CHECK(add_cancels(false, out));
  for (const Group& group : groups_of(requests_)) {
    std::vector<const Item*> theirs;
    for (const std::size_t i : group.items) theirs.push_back(&requests_[i]);
    IMIP_TRY(ChangeMessage m, message(Method::Request, theirs, group.people));
    out.push_back(std::move(m));
  }
  IMIP_CHECK(add_cancels(true, out));
  return out;
}

}  // namespace imip::itip::detail
