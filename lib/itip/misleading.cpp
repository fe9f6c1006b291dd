// Do a message's own rules for a zone say something else than everybody else's, when the event takes place? Programs
// that look the name up themselves would show another time.
#include <algorithm>

#include "ical/recurrence.hpp"
#include "itip/detail/shape.hpp"

namespace imip::itip::detail {

namespace {

constexpr std::chrono::days two_years{730};
/// Of RDATE: whoever lists more would make a search of it.
constexpr std::size_t most_dates = 1'000;

constexpr std::size_t most_stretches = 50;  // of two years, in which a zone differs from tzdata

class Search {
 public:
  Search(const ical::Zones& zones, const ical::Component& event, const std::string& only, const Limits& limits)
      : zones_(zones), event_(event), only_(only), limits_(limits)
  {
  }

  std::optional<ical::Time> run()
  {
    for (const char* name : {"DTSTART", "DTEND", "DUE"}) {
      const ical::Property* p = event_.find(name);
      const auto time = p && matters(*p) ? zones_.time_of(*p) : Result<ical::Time>(ical::Time{});
      if (time && differs(*time)) return *time;
    }
    look_at_dates();
    if (event_.find("RRULE") != nullptr) look_at_rule();
    return found_;
  }

 private:
  [[nodiscard]] bool matters(const ical::Property& p) const
  {
    const std::string* tzid = p.parameter("TZID");
    return tzid != nullptr && (only_.empty() || *tzid == only_);
  }
  [[nodiscard]] bool differs(const ical::Time& time) const
  {
    return time.kind == ical::TimeKind::Zoned && zones_.differs_from_tzdata(time.tzid, time.instant);
  }
  void consider(const ical::Time& time)
  {
    if (!found_ || time.instant < found_->instant) found_ = time;
  }

  void look_at_dates()
  {
    std::size_t seen = 0;
    for (const ical::Property* p : event_.all("RDATE")) {
      if (!matters(*p) || seen >= most_dates) continue;
      const auto times = zones_.times_of(*p);
      if (!times) continue;
      for (const ical::Time& time : *times) {
        if (++seen > most_dates) break;
        if (differs(time)) consider(time);
      }
    }
  }

  void look_at_rule()
  {
    const auto span = ical::span_of(zones_, event_);
    if (!span) return;
    const std::chrono::seconds length = span->end.instant - span->start.instant;
    look_at_instances(span->start, std::chrono::seconds{0});
    look_at_instances(span->end, length);
  }

  /// @param like  in whose zone they begin, or end `length` later
  void look_at_instances(const ical::Time& like, std::chrono::seconds length)
  {
    if (like.kind != ical::TimeKind::Zoned || (!only_.empty() && like.tzid != only_)) return;
    const ical::Property* stamp = event_.find("DTSTAMP");
    const auto said = stamp != nullptr ? zones_.time_of(*stamp) : Result<ical::Time>(like);
    const UtcSeconds from = std::max(like.instant, said ? said->instant : like.instant);
    std::size_t looked_at = 0;
    for (const ical::Stretch& s : zones_.differing_from_tzdata(like.tzid, from, from + two_years)) {
      if (found_ && found_->instant <= s.from) return;
      // no zone is like that, and each look reads all dates of the event anew
      if (++looked_at > most_stretches) {
        if (const auto odd = zones_.in_zone(s.from, like.tzid)) consider(*odd);
        return;
      }
      const auto next = ical::next_instances(zones_, event_, s.from - length, 1, limits_);
      if (!next && next.error().code != Errc::TooLarge) return;
      if (next && (next->empty() || next->front().instant + length >= s.to)) continue;
      const auto time = zones_.in_zone(next ? next->front().instant + length : s.from, like.tzid);
      if (time) return consider(*time);
    }
  }

  const ical::Zones& zones_;
  const ical::Component& event_;
  const std::string& only_;
  const Limits& limits_;
  std::optional<ical::Time> found_;
};

}  // namespace

std::optional<ical::Time> misleading_time(const ical::Zones& zones, const ical::Component& event,
                                          const std::string& only, const Limits& limits)
{
  return Search(zones, event, only, limits).run();
}

}  // namespace imip::itip::detail
