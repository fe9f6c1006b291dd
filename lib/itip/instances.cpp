#include "itip/detail/instances.hpp"

#include <algorithm>
#include <set>

#include "base/cat.hpp"
#include "ical/recurrence.hpp"

namespace imip::itip::detail {

namespace {

/// A wall-clock day is anywhere within two days.
constexpr auto margin = std::chrono::hours(48);
/// Times that are looked for one by one.
constexpr std::size_t most_apart = 1000;

/// What the series has around those times. Where they lie too far apart for all between the first
/// and the last, the first ones in the list: one name out of a far future must not hide what is
/// near.
Result<std::vector<ical::Time>> expanded(const ical::Zones& zones, const ical::Component& series,
                                         const std::vector<std::string>& texts,
                                         const Limits& limits)
{
  std::vector<UtcSeconds> times;
  for (const std::string& text : texts) {
    const TextTime t = read_time_text(text);
    if (t.kind != ical::TimeKind::None) times.push_back(t.instant);
  }
  if (times.empty()) return std::vector<ical::Time>();
  const auto [first, last] = std::minmax_element(times.begin(), times.end());
  auto all = ical::expand(zones, series, *first - margin, *last + margin, limits);
  if (all || all.error().code != Errc::TooLarge) return all;
  std::vector<ical::Window> windows;
  std::set<UtcSeconds> seen;
  for (const UtcSeconds at : times)
    if (windows.size() < most_apart && seen.insert(at).second)
      windows.push_back({at - margin, at + margin});
  return ical::expand_windows(zones, series, windows, limits);
}

}  // namespace

Instances::Instances(const ical::Zones& zones, const ical::Component& series,
                     const std::vector<std::string>& texts, const Limits& limits,
                     const std::vector<std::string>& added)
    : zones_(zones)
{
  const ical::Property* start = series.find("DTSTART");
  if (!start) return;
  const auto begin = zones.time_of(*start);
  if (!begin) return;
  start_ = *begin;
  const auto times = expanded(zones, series, texts, limits);
  if (times) {
    for (const ical::Time& t : *times) {
      texts_.push_back(time_text(t));
      locals_.emplace_back(t.local, texts_.back());
    }
  }
  std::sort(texts_.begin(), texts_.end());
  texts_.erase(std::unique(texts_.begin(), texts_.end()), texts_.end());
  own_ = texts_;
  for (const std::string& text : added) add(text);
  std::sort(texts_.begin(), texts_.end());
  std::sort(locals_.begin(), locals_.end());
  locals_.erase(std::unique(locals_.begin(), locals_.end()), locals_.end());
}

void Instances::add(const std::string& text)
{
  if (yields(text)) return;
  texts_.push_back(text);
  std::string local = text.substr(0, 15);
  const TextTime t = read_time_text(text);
  if (t.kind == ical::TimeKind::Utc && start_.kind == ical::TimeKind::Zoned) {
    const auto wall = zones_.in_zone(t.instant, start_.tzid);
    if (wall) local = wall->local.substr(0, 15);
  }
  locals_.emplace_back(std::move(local), text);
}

bool Instances::yields(const std::string& text) const
{
  return std::binary_search(own_.begin(), own_.end(), text);
}

bool Instances::has(const std::string& text) const
{
  return std::binary_search(texts_.begin(), texts_.end(), text);
}

std::optional<std::string> Instances::only_one_on(const std::string& date) const
{
  std::optional<std::string> found;
  for (auto at = std::lower_bound(locals_.begin(), locals_.end(), std::pair(date, std::string()));
       at != locals_.end() && at->first.starts_with(date); ++at) {
    if (found) return std::nullopt;
    found = at->second;
  }
  return found;
}

std::optional<std::string> Instances::match_timed(const std::string& text, const TextTime& t) const
{
  if (t.kind == ical::TimeKind::Date) return only_one_on(text);
  std::string local = text.substr(0, 15);
  if (t.kind == ical::TimeKind::Utc && start_.kind == ical::TimeKind::Zoned) {
    const auto wall = zones_.in_zone(t.instant, start_.tzid);
    if (!wall) return std::nullopt;
    local = wall->local.substr(0, 15);
  }
  if (t.kind == ical::TimeKind::Floating) {
    const auto at =
        std::lower_bound(locals_.begin(), locals_.end(), std::pair(local, std::string()));
    if (at != locals_.end() && at->first == local) return at->second;
  }
  if (local.ends_with("T000000")) return only_one_on(local.substr(0, 8));
  return std::nullopt;
}

std::optional<std::string> Instances::match(const std::string& text) const
{
  if (has(text)) return text;
  const TextTime t = read_time_text(text);
  switch (start_.kind) {
    case ical::TimeKind::Zoned:
    case ical::TimeKind::Utc:
    case ical::TimeKind::Floating:
      return match_timed(text, t);
    case ical::TimeKind::Date: {
      const std::string date = text.substr(0, 8);
      if (t.kind == ical::TimeKind::Date || text.substr(8, 7) != "T000000") return std::nullopt;
      return has(date) ? std::optional(date) : std::nullopt;
    }
    case ical::TimeKind::None:
      break;
  }
  return std::nullopt;
}

}  // namespace imip::itip::detail
