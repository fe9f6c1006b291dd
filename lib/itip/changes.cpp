// What changed, property by property, for people.
#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>

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
    if (!is_scheduled(c)) continue;
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

std::string without_marks(const ical::Property& p)
{
  const auto is_mark = [](const ical::Parameter& q) {
    return q.name == received_sequence || q.name == received_dtstamp;
  };
  if (std::none_of(p.parameters.begin(), p.parameters.end(), is_mark)) return line_of(p);
  ical::Property plain = p;
  std::erase_if(plain.parameters, is_mark);
  return line_of(plain);
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

struct Named {
  std::size_t rank;
  std::string key;
  const ical::Property* property;
};

bool comes_before(const Named& a, const Named& b)
{
  return a.rank != b.rank ? a.rank < b.rank : a.key < b.key;
}

/// Properties by importance and name; attendees are told apart by who they are.
std::vector<Named> properties_of(const ical::Component* c)
{
  std::vector<Named> out;
  if (!c) return out;
  out.reserve(c->properties.size());
  for (const ical::Property& p : c->properties) {
    if (is_silent(p.name)) continue;
    std::string key = p.name;
    if (p.name == "ATTENDEE") {
      const auto address = CalAddress::parse(p.value);
      key += ' ';
      key += address ? address_key(*address, LocalPart::Fold) : p.value;
    }
    const std::size_t rank = rank_of(key);
    out.push_back({rank, std::move(key), &p});
  }
  std::sort(out.begin(), out.end(), comes_before);
  return out;
}

/// Takes the properties of that key off the front.
std::span<const Named> take_named(std::span<const Named>& rest, const std::string& key)
{
  const auto end = std::find_if(rest.begin(), rest.end(), [&](const Named& n) { return n.key != key; });
  const auto taken = rest.first(static_cast<std::size_t>(end - rest.begin()));
  rest = rest.subspan(taken.size());
  return taken;
}

/// Their content lines, sorted.
std::string lines_of(std::span<const Named> properties)
{
  std::vector<std::string> lines;
  lines.reserve(properties.size());
  for (const Named& n : properties) lines.push_back(without_marks(*n.property));
  std::sort(lines.begin(), lines.end());
  std::string out;
  for (const std::string& line : lines) {
    if (!out.empty()) out += '\n';
    out += line;
  }
  return out;
}

/// Keeps what the bounds let it keep, and counts the rest.
class Changes {
 public:
  void add(Change change)
  {
    const std::size_t octets = change.before.size() + change.after.size();
    if (list_.size() >= most_changes || octets > most_change_octets - octets_) {
      ++left_out_;
      return;
    }
    octets_ += octets;
    list_.push_back(std::move(change));
  }
  /// No other one will be kept.
  [[nodiscard]] bool full() const { return list_.size() >= most_changes; }
  void leave_out() { ++left_out_; }
  std::vector<Change> take(std::size_t& left_out)
  {
    left_out = left_out_;
    return std::move(list_);
  }

 private:
  std::vector<Change> list_;
  std::size_t octets_ = 0;
  std::size_t left_out_ = 0;
};

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

void compare(const Found* before, const Found* after, const std::string& action, Changes& out)
{
  const auto old_ones = properties_of(before ? before->component : nullptr);
  const auto new_ones = properties_of(after ? after->component : nullptr);
  const std::string word = action_for(before, after, action);
  std::span<const Named> was(old_ones);
  std::span<const Named> is(new_ones);
  while (!was.empty() || !is.empty()) {
    const bool old_first = is.empty() || (!was.empty() && comes_before(was.front(), is.front()));
    const std::string key = (old_first ? was : is).front().key;
    const auto old_lines = take_named(was, key);
    const auto new_lines = take_named(is, key);
    if (out.full() && (old_lines.empty() || new_lines.empty())) {
      out.leave_out();  // a change, whatever it says
      continue;
    }
    Change change{word, (after ? after : before)->instance, key.substr(0, key.find(' ')),
                  lines_of(old_lines), lines_of(new_lines)};
    if (change.before != change.after) out.add(std::move(change));
  }
}

}  // namespace

std::vector<Change> changes_between(const ical::Component* before, const ical::Component& after,
                                    const std::string& action, std::size_t& left_out)
{
  const auto old_ones = components_of(before);
  const auto new_ones = components_of(&after);
  Changes out;
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
  return out.take(left_out);
}

}  // namespace imip::itip::detail
