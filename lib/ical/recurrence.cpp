#include "ical/recurrence.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/cat.hpp"
#include "ical/detail/occurrences.hpp"
#include "ical/detail/zones_impl.hpp"

namespace imip::ical {

using namespace std::chrono;
using detail::Occurrences;
using detail::Rule;

namespace {

/// What the clocks of the world differ at most, twice, so that nothing at the edge is lost.
constexpr days slack{2};
/// Instances that may be computed for each that may be given: what EXDATE and the window take away.
constexpr std::size_t work_factor = 10;

bool earlier(const Time& a, const Time& b)
{
  return a.instant < b.instant;
}

/// The instances that EXDATE takes out.
class Excluded {
 public:
  static Result<Excluded> read(const Zones& zones, const Component& master)
  {
    Excluded out;
    for (const Property* property : master.all("EXDATE")) {
      IMIP_TRY(const auto times, times_in_series(zones, master, *property));
      for (const Time& time : times) out.add(time);
    }
    return out;
  }

  [[nodiscard]] bool has(const Time& time) const
  {
    return instants_.count(time.instant) != 0 || dates_.count(time.local.substr(0, 8)) != 0;
  }

 private:
  void add(const Time& time)
  {
    if (time.kind == TimeKind::Date)
      dates_.insert(time.local);  // of a timed series: whatever begins on that day
    else
      instants_.insert(time.instant);
  }

  std::set<UtcSeconds> instants_;
  std::set<std::string, std::less<>> dates_;
};

class Expansion {
 public:
  Expansion(const Zones& zones, const Component& master, const Limits& limits)
      : zones_(zones), master_(master), limits_(limits)
  {
  }

  /// What cannot be right in any window.
  Result<void> prepare()
  {
    const Property* start = master_.find("DTSTART");
    if (!start) return err(Errc::BadValue, cat(master_.name, " has no DTSTART"));
    IMIP_TRY(start_, zones_.time_of(*start));
    if (master_.count("EXRULE") != 0) {
      return err(Errc::BadValue, "EXRULE is not supported (RFC 5545 has dropped it)");
    }
    IMIP_TRY(excluded_, Excluded::read(zones_, master_));
    for (const Property* property : master_.all("RRULE")) {
      IMIP_TRY(Rule rule, detail::parse_rule(property->value));
      rules_.push_back(std::move(rule));
    }
    for (const Property* property : master_.all("RDATE")) {
      IMIP_TRY(const auto times, times_in_series(zones_, master_, *property));
      dates_.insert(dates_.end(), times.begin(), times.end());
    }
    return {};
  }

  Result<std::vector<Time>> between(UtcSeconds from, UtcSeconds to)
  {
    given_ = 0;
    work_ = 0;
    std::vector<Time> out;
    if (inside(start_, from, to)) out.push_back(start_);
    for (const Time& time : dates_) {
      if (inside(time, from, to)) out.push_back(time);
    }
    for (const Rule& rule : rules_) IMIP_CHECK(add_rule(rule, from, to, out));
    std::stable_sort(out.begin(), out.end(), earlier);
    const auto twice = [](const Time& a, const Time& b) { return a.instant == b.instant; };
    out.erase(std::unique(out.begin(), out.end(), twice), out.end());
    if (out.size() > limits_.recurrence_instances) return too_many();
    return out;
  }

  [[nodiscard]] const Time& start() const { return start_; }
  /// Of the last window, as a share of what one may cost.
  [[nodiscard]] double cost() const
  {
    return static_cast<double>(given_) /
               static_cast<double>(work_factor * limits_.recurrence_instances + 1) +
           static_cast<double>(work_) / static_cast<double>(Occurrences::max_work);
  }

 private:
  [[nodiscard]] tl::unexpected<Error> too_many() const
  {
    return err(Errc::TooLarge, cat("the recurrence has more than ", limits_.recurrence_instances,
                                   " instances (limit recurrence-instances), or is too much work to compute"));
  }

  [[nodiscard]] bool inside(const Time& time, UtcSeconds from, UtcSeconds to) const
  {
    return time.instant >= from && time.instant <= to && !excluded_.has(time);
  }

  /// UNTIL as an instant. A date ends with its last second.
  Result<UtcSeconds> until_of(const Rule& rule) const
  {
    if (!rule.until) return UtcSeconds::max();
    if (rule.until->is_utc) return rule.until->wall;
    const UtcSeconds wall =
        rule.until->is_date ? rule.until->wall + days{1} - seconds{1} : rule.until->wall;
    IMIP_TRY(const Time time, detail::time_like(zones_, start_, wall));
    return time.instant;
  }

  Result<void> add_rule(const Rule& rule, UtcSeconds from, UtcSeconds to, std::vector<Time>& out)
  {
    IMIP_TRY(const UtcSeconds until, until_of(rule));
    const UtcSeconds end = std::min(to, until);
    const UtcSeconds wall = detail::wall_of(start_);
    // far from the ends of the type, where the slack would overflow
    const UtcSeconds low = std::max(from, UtcSeconds{sys_days{year{0} / 1 / 1}}) - slack;
    const UtcSeconds high = std::min(end, UtcSeconds{sys_days{year{9999} / 1 / 1}}) + slack;
    Occurrences walls(rule, wall, start_.kind == TimeKind::Date, low, high);
    while (const auto next = walls.next()) {
      if (++given_ > work_factor * limits_.recurrence_instances) return too_many();
      IMIP_TRY(Time time, detail::time_like(zones_, start_, *next));
      if (time.instant > end) {
        if (*next > high) break;
        continue;
      }
      if (time.instant == start_.instant || !inside(time, from, to)) continue;
      out.push_back(std::move(time));
      if (out.size() > limits_.recurrence_instances) return too_many();
    }
    work_ += walls.work();
    if (walls.gave_up()) return too_many();
    return {};
  }

  const Zones& zones_;
  const Component& master_;
  const Limits& limits_;
  Time start_;
  Excluded excluded_;
  std::vector<Rule> rules_;
  std::vector<Time> dates_;
  std::size_t given_ = 0;
  std::int64_t work_ = 0;
};

}  // namespace

Result<std::vector<Time>> expand(const Zones& zones, const Component& master, UtcSeconds from,
                                 UtcSeconds to, const Limits& limits)
{
  Expansion expansion(zones, master, limits);
  IMIP_CHECK(expansion.prepare());
  return expansion.between(from, to);
}

Result<std::vector<Time>> expand_windows(const Zones& zones, const Component& master,
                                         const std::vector<Window>& windows, const Limits& limits)
{
  Expansion expansion(zones, master, limits);
  IMIP_CHECK(expansion.prepare());
  std::vector<Time> out;
  double cost = 0;
  for (const Window& window : windows) {
    auto some = expansion.between(window.from, window.to);
    cost += expansion.cost();
    if (!some || cost > 1 || out.size() + some->size() > limits.recurrence_instances) break;
    out.insert(out.end(), std::make_move_iterator(some->begin()),
               std::make_move_iterator(some->end()));
  }
  return out;
}

Result<bool> has_instance(const Zones& zones, const Component& master, const Time& recurrence_id,
                          const Limits& limits)
{
  Expansion expansion(zones, master, limits);
  IMIP_CHECK(expansion.prepare());
  const Time& start = expansion.start();
  if (recurrence_id.kind == TimeKind::Date && start.kind != TimeKind::Date) {
    IMIP_TRY(const auto near,
             expansion.between(recurrence_id.instant - slack, recurrence_id.instant + slack));
    return std::any_of(near.begin(), near.end(), [&](const Time& time) {
      return time.local.substr(0, 8) == recurrence_id.local;
    });
  }
  IMIP_TRY(const Time at, in_series(zones, start, recurrence_id));
  IMIP_TRY(const auto found, expansion.between(at.instant, at.instant));
  return !found.empty();
}

Result<std::vector<Time>> next_instances(const Zones& zones, const Component& master,
                                         UtcSeconds from, std::size_t n, const Limits& limits)
{
  Expansion expansion(zones, master, limits);
  IMIP_CHECK(expansion.prepare());
  // far from the ends of the type, where the windows would overflow
  from = std::clamp(from, UtcSeconds{sys_days{year{0} / 1 / 1}},
                    UtcSeconds{sys_days{year{9999} / 1 / 1}});
  // the calendar repeats after 400 years: what has not matched by then will not
  const UtcSeconds last = std::max(from, expansion.start().instant) + days{146'097};
  UtcSeconds begin = from;
  std::vector<Time> out;
  // windows that grow: most series need only the first, and no endless one is expanded to its end
  for (days width{32}; out.size() < n && begin <= last; width *= 4) {
    const UtcSeconds end = std::min(begin + width, last);
    auto more = expansion.between(begin, end);
    if (!more && !out.empty()) break;
    if (!more) return tl::unexpected<Error>(more.error());
    for (Time& time : *more) {
      if (out.size() < n) out.push_back(std::move(time));
    }
    begin = end + seconds{1};
  }
  return out;
}

Result<void> check_rrule(std::string_view rrule)
{
  IMIP_CHECK(detail::parse_rule(rrule));
  return {};
}

}  // namespace imip::ical
