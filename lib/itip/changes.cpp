// What changed, property by property, for people.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "base/mail_address.hpp"
#include "base/text.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/merge.hpp"
#include "itip/detail/record.hpp"
#include "itip/detail/scope.hpp"

namespace imip::itip::detail {

namespace {

struct Found {
  std::string instance;
  const ical::Component* component = nullptr;
};

std::map<std::string, Found> components_of(const ical::Component* calendar)
{
  std::map<std::string, Found> out;
  if (!calendar) return out;
  std::optional<ical::Zones> zones;  // only RECURRENCE-IDs need them
  for (const ical::Component& c : calendar->components) {
    if (c.name == "VTIMEZONE") continue;
    if (!c.find("RECURRENCE-ID")) {
      out.emplace("series", Found{{}, &c});
      continue;
    }
    if (!zones) zones.emplace(*calendar);
    const auto scope = scope_of(*zones, c);
    if (!scope) continue;
    out.emplace(scope->key(), Found{split_key(scope->key()).text, &c});
  }
  return out;
}

bool is_silent(const std::string& name)
{
  return name.starts_with("X-IMIP-") || name == "DTSTAMP" || name == "SEQUENCE" || name == "UID" ||
         name == "LAST-MODIFIED" || name == "CREATED" || name == "RECURRENCE-ID";
}

std::string without_marks(ical::Property p)
{
  std::erase_if(p.parameters, [](const ical::Parameter& q) {
    return q.name == received_sequence || q.name == received_dtstamp;
  });
  return line_of(p);
}

/// Lines of one property name; attendees are told apart by who they are.
std::map<std::string, std::vector<std::string>> lines_of(const ical::Component* c)
{
  std::map<std::string, std::vector<std::string>> out;
  if (!c) return out;
  for (const ical::Property& p : c->properties) {
    if (is_silent(p.name)) continue;
    std::string key = p.name;
    if (p.name == "ATTENDEE") {
      const auto address = CalAddress::parse(p.value);
      key += ' ';
      key += address ? address_key(*address, LocalPart::Fold) : p.value;
    }
    out[key].push_back(without_marks(p));
  }
  for (auto& [key, lines] : out) std::sort(lines.begin(), lines.end());
  return out;
}

std::string joined(const std::vector<std::string>& lines)
{
  std::string out;
  for (const std::string& line : lines) {
    if (!out.empty()) out += '\n';
    out += line;
  }
  return out;
}

bool is_cancelled(const ical::Component* c)
{
  const std::string* status = c ? c->value("STATUS") : nullptr;
  return status && text::ascii_iequal(*status, "CANCELLED");
}

std::string action_for(const Found* before, const Found* after, const std::string& action)
{
  if (!after) return "remove";
  if (is_cancelled(after->component) && !is_cancelled(before ? before->component : nullptr)) {
    return after->component->find(uninvited_mark) ? "uninvite" : "cancel";
  }
  if (!before) return "add";
  return action;
}

/// What people look for first: when, where, what, who; then the rest.
std::size_t rank_of(const std::string& name)
{
  static constexpr std::string_view order[] = {
      "DTSTART", "DTEND",    "DUE",  "DURATION", "RRULE",   "RDATE",       "EXDATE",
      "STATUS",  "LOCATION", "GEO",  "SUMMARY",  "COMMENT", "DESCRIPTION", "ORGANIZER"};
  const std::string_view property = std::string_view(name).substr(0, name.find(' '));
  if (property == "ATTENDEE") return std::size(order);
  const auto* const at = std::find(std::begin(order), std::end(order), property);
  const auto rank = static_cast<std::size_t>(at - std::begin(order));
  return rank == std::size(order) ? rank + 1 : rank;
}

void compare(const Found* before, const Found* after, const std::string& action,
             std::vector<Change>& out)
{
  const auto old_lines = lines_of(before ? before->component : nullptr);
  const auto new_lines = lines_of(after ? after->component : nullptr);
  std::set<std::string> names;
  for (const auto& [name, lines] : old_lines) names.insert(name);
  for (const auto& [name, lines] : new_lines) names.insert(name);
  const std::string word = action_for(before, after, action);
  std::vector<std::string> in_order(names.begin(), names.end());
  std::stable_sort(in_order.begin(), in_order.end(),
                   [](const std::string& a, const std::string& b) { return rank_of(a) < rank_of(b); });
  for (const std::string& name : in_order) {
    const auto was = old_lines.find(name);
    const auto is = new_lines.find(name);
    Change change{word, (after ? after : before)->instance, name.substr(0, name.find(' ')), {}, {}};
    if (was != old_lines.end()) change.before = joined(was->second);
    if (is != new_lines.end()) change.after = joined(is->second);
    if (change.before != change.after) out.push_back(std::move(change));
  }
}

}  // namespace

std::vector<Change> changes_between(const ical::Component* before, const ical::Component& after,
                                    const std::string& action)
{
  const auto old_ones = components_of(before);
  const auto new_ones = components_of(&after);
  std::vector<Change> out;
  std::set<std::string> keys;
  for (const auto& [key, found] : old_ones) keys.insert(key);
  for (const auto& [key, found] : new_ones) keys.insert(key);
  // "series" sorts after "instance:": the whole first, then its parts.
  std::vector<std::string> order(keys.begin(), keys.end());
  std::stable_partition(order.begin(), order.end(),
                        [](const std::string& k) { return k == "series"; });
  for (const std::string& key : order) {
    const auto was = old_ones.find(key);
    const auto is = new_ones.find(key);
    compare(was == old_ones.end() ? nullptr : &was->second,
            is == new_ones.end() ? nullptr : &is->second, action, out);
  }
  return out;
}

}  // namespace imip::itip::detail
