#include "itip/busy.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "base/text.hpp"
#include "ical/recurrence.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/instances.hpp"
#include "itip/detail/record.hpp"
#include "itip/detail/scope.hpp"

namespace imip::itip {

namespace {

using ical::TimeKind;
using std::chrono::seconds;

constexpr std::chrono::days day{1};

bool says(const ical::Component& c, std::string_view name, std::string_view word)
{
  const std::string* value = c.value(name);
  return value != nullptr && text::ascii_iequal(text::trim(*value), word);
}

bool takes_time(const ical::Component& c)
{
  return !says(c, "STATUS", "CANCELLED") && !says(c, "TRANSP", "TRANSPARENT");
}

/// Days and floating times as instants: those of the owner's clock.
class LocalClock {
 public:
  explicit LocalClock(std::string zone) : zone_(std::move(zone)) {}

  [[nodiscard]] UtcSeconds instant(const ical::Time& t) const
  {
    if (t.kind != TimeKind::Date && t.kind != TimeKind::Floating) return t.instant;
    ical::Property p = detail::make_property("DTSTART", t.local.substr(0, 15));
    if (t.kind == TimeKind::Date) p.value += "T000000";
    p.set_parameter("TZID", zone_);
    const auto there = zones_.time_of(p);
    return there ? there->instant : t.instant;
  }

 private:
  std::string zone_;
  ical::Zones zones_{ical::Component{"VCALENDAR", {}, {}}};  // tzdata's: a file may define others
};

/// How long a component lasts, whenever it begins (RFC 5545 section 3.8.5.3: DTEND gives an exact
/// length, DURATION a nominal one).
class Length {
 public:
  static Result<Length> of(const ical::Zones& zones, const ical::Component& component)
  {
    Length out(zones);
    IMIP_TRY(const ical::Span span, ical::span_of(zones, component));
    out.start_ = span.start;
    out.exact_ = span.end.instant - span.start.instant;
    if (component.find("DTEND") == nullptr)
      if (const std::string* duration = component.value("DURATION")) out.nominal_ = *duration;
    return out;
  }

  Result<UtcSeconds> end(const ical::Time& begin, const LocalClock& clock) const
  {
    if (!nominal_.empty()) {
      IMIP_TRY(const ical::Time end, ical::add_duration(*zones_, begin, nominal_));
      return clock.instant(end);
    }
    if (begin.kind != TimeKind::Date && begin.kind != TimeKind::Floating)
      return begin.instant + exact_;
    return clock.instant(detail::moved_wall(*zones_, begin, detail::wall_of(begin) + exact_));
  }

  [[nodiscard]] const ical::Time& start() const { return start_; }
  /// At most, clock changes included.
  [[nodiscard]] seconds at_most() const { return std::max(exact_, seconds{0}) + day; }

 private:
  explicit Length(const ical::Zones& zones) : zones_(&zones) {}
  const ical::Zones* zones_;
  ical::Time start_;
  seconds exact_{0};
  std::string nominal_;
};

/// A component with the RECURRENCE-ID that it has.
struct Piece {
  const ical::Component* component;
  ical::Time at;
  Length length;
};

/// All that a calendar object says of one UID.
struct Series {
  const ical::Component* master = nullptr;
  std::optional<Length> length;  ///< of the master
  ical::Periods periods;
  std::map<UtcSeconds, Piece> ranges;
  std::vector<Piece> instances;

  /// How far from its place in the series an occurrence may reach.
  [[nodiscard]] seconds reach() const
  {
    seconds most = length ? length->at_most() : seconds{0};
    for (const auto& [start, end] : periods) most = std::max(most, end - start);
    for (const auto& [at, piece] : ranges) {
      const seconds shift = piece.length.start().instant - piece.at.instant;
      most = std::max(most, piece.length.at_most() + std::max(shift, -shift));
    }
    return most + day;
  }
};

using AllSeries = std::map<std::string, Series>;

Result<AllSeries> series_of(const ical::Zones& zones, const ical::Component& calendar)
{
  AllSeries out;
  for (const ical::Component& c : calendar.components) {
    // without a DTSTART it is at no time (RFC 5545 section 3.6.1: only in an iTIP message)
    if (c.name != "VEVENT" || c.find("DTSTART") == nullptr) continue;
    IMIP_TRY(const Length length, Length::of(zones, c));
    IMIP_TRY(const Scope scope, detail::scope_of(zones, c));
    Series& series = out[c.text("UID")];
    if (scope.type == Scope::Type::Instance) {
      series.instances.push_back({&c, scope.at, length});
    } else if (scope.type == Scope::Type::Range) {
      series.ranges.emplace(scope.at.instant, Piece{&c, scope.at, length});
    } else {
      series.master = &c;
      series.length = length;
      IMIP_TRY(series.periods, ical::periods_of(zones, c));
    }
  }
  return out;
}

/// What a component takes of the owner's time.
struct Taken {
  bool any = false, tentative = false, unanswered = false;
};

/// The property of the component, or of the series if it has none.
const ical::Component& speaker_for(std::string_view name, const ical::Component& c,
                                   const ical::Component* master)
{
  return c.find(name) == nullptr && master != nullptr ? *master : c;
}

bool organizes(const ical::Component& c, const Owner& owner)
{
  const std::string* organizer = c.value("ORGANIZER");
  const auto address = CalAddress::parse(organizer ? *organizer : std::string());
  return address && owner.is(*address);
}

Taken taken_by(const ical::Component& c, const ical::Component* master, const Owner* owner)
{
  Taken out;
  if (!takes_time(c)) return out;
  out.any = true;
  out.tentative = says(c, "STATUS", "TENTATIVE");
  if (owner == nullptr) return out;
  // who organizes a meeting has not to answer herself
  const bool asked = !organizes(speaker_for("ORGANIZER", c, master), *owner);
  bool by_group = false;
  for (const ical::Property* p : speaker_for("ATTENDEE", c, master).all("ATTENDEE")) {
    const auto address = CalAddress::parse(p->value);
    by_group = by_group || (address && owner->is_group(*address));
    if (!address || !owner->is(*address)) continue;
    const std::string* partstat = p->parameter("PARTSTAT");
    const std::string word = partstat ? text::ascii_upper(*partstat) : "NEEDS-ACTION";
    out.any = word != "DECLINED" && word != "DELEGATED";
    out.tentative = out.tentative || word == "TENTATIVE";
    out.unanswered = word == "NEEDS-ACTION" && asked;
    return out;
  }
  out.unanswered = by_group && asked;  // an answer would have brought her own ATTENDEE
  return out;
}

class Expansion {
 public:
  Expansion(const ical::Zones& zones, const Window& window, const Owner* owner,
            const std::string& zone, const Limits& limits)
      : zones_(zones), window_(window), owner_(owner), clock_(zone), limits_(limits)
  {
  }

  Result<void> add(const std::string& uid, const Series& series)
  {
    uid_ = uid;
    for (const Piece& piece : series.instances)
      IMIP_CHECK(take(*piece.component, series, piece.length.start(), piece.length));
    if (series.master == nullptr) {
      for (const auto& [at, piece] : series.ranges)
        IMIP_CHECK(take(*piece.component, series, piece.length.start(), piece.length));
      return {};
    }
    const seconds reach = series.reach();
    const UtcSeconds from = window_.from - reach, to = window_.to + reach;
    IMIP_TRY(const auto times, ical::expand(zones_, *series.master, from, to, limits_));
    const std::set<std::string> replaced = replaced_in(series, from, to);
    for (const ical::Time& time : times)
      if (!replaced.contains(detail::time_text(time))) IMIP_CHECK(take_member(series, time));
    return {};
  }

  std::vector<Occurrence> result()
  {
    std::sort(out_.begin(), out_.end(), [](const Occurrence& a, const Occurrence& b) {
      return std::tie(a.start, a.end, a.uid) < std::tie(b.start, b.end, b.uid);
    });
    return std::move(out_);
  }

 private:
  /// The members of the series that have a component of their own.
  std::set<std::string> replaced_in(const Series& series, UtcSeconds from, UtcSeconds to) const
  {
    std::set<std::string> out;
    std::vector<std::string> odd;  // of another kind than the series: to be matched
    const auto is_instant = [](TimeKind k) { return k == TimeKind::Utc || k == TimeKind::Zoned; };
    const TimeKind kind = series.length->start().kind;
    for (const Piece& piece : series.instances) {
      if (piece.at.instant < from - day || piece.at.instant > to + day) continue;
      const bool same = piece.at.kind == kind || (is_instant(piece.at.kind) && is_instant(kind));
      if (same) {
        out.insert(detail::time_text(piece.at));
      } else {
        odd.push_back(detail::time_text(piece.at));
      }
    }
    if (odd.empty()) return out;
    const detail::Instances instances(zones_, *series.master, odd, limits_);
    for (const std::string& text : odd)
      if (const auto match = instances.match(text)) out.insert(*match);
    return out;
  }

  /// What a component says of each of its occurrences, looked up in it once.
  struct Said {
    Taken taken;
    std::string summary;
  };
  const Said& said_by(const ical::Component& c, const Series& series)
  {
    const auto [at, fresh] = said_.try_emplace(&c);
    if (!fresh) return at->second;
    at->second.taken = taken_by(c, series.master, owner_);
    const bool named = c.find("SUMMARY") != nullptr || series.master == nullptr;
    at->second.summary = (named ? c : *series.master).text("SUMMARY");
    return at->second;
  }

  Result<void> take_member(const Series& series, const ical::Time& time)
  {
    auto range = series.ranges.upper_bound(time.instant);
    if (range != series.ranges.begin()) {
      const Piece& piece = std::prev(range)->second;
      const ical::Time& start = piece.length.start();
      const seconds shift = detail::wall_of(start) - detail::wall_of(piece.at);
      return take(*piece.component, series,
                  detail::moved_wall(zones_, start, detail::wall_of(time) + shift), piece.length);
    }
    const auto period = series.periods.find(time.instant);
    if (period == series.periods.end())
      return take(*series.master, series, time, *series.length);
    const UtcSeconds start = clock_.instant(time);
    push(said_by(*series.master, series), time.kind, {start, start + (period->second - time.instant)});
    return {};
  }

  Result<void> take(const ical::Component& c, const Series& series, const ical::Time& begin,
                    const Length& length)
  {
    const Said& said = said_by(c, series);
    if (!said.taken.any) return {};
    IMIP_TRY(const UtcSeconds end, length.end(begin, clock_));
    push(said, begin.kind, {clock_.instant(begin), end});
    return {};
  }

  void push(const Said& said, TimeKind kind, const Window& when)
  {
    const Taken& taken = said.taken;
    if (!taken.any || when.to <= when.from) return;
    if (when.to <= window_.from || when.from >= window_.to) return;
    out_.push_back({when.from, when.to, kind == TimeKind::Date, taken.tentative, taken.unanswered,
                    uid_, said.summary});
  }

  const ical::Zones& zones_;
  Window window_;
  const Owner* owner_;
  LocalClock clock_;
  const Limits& limits_;
  std::string uid_;
  std::map<const ical::Component*, Said> said_;
  std::vector<Occurrence> out_;
};

/// The last start that DTSTART, RRULE and RDATE give, or a later time; far_future: it is much work
/// to say, or there is none.
UtcSeconds last_start(const ical::Zones& zones, const ical::Component& master,
                      const ical::Time& start)
{
  UtcSeconds last = start.instant;
  for (const ical::Property* p : master.all("RRULE")) {
    const std::string rule = text::ascii_upper(p->value);
    const std::size_t until = rule.find("UNTIL=");
    if (until == std::string::npos && rule.find("COUNT=") == std::string::npos) return far_future;
    if (until == std::string::npos) continue;
    const std::string value = rule.substr(until + 6, rule.find(';', until) - until - 6);
    const auto end = zones.time_of(detail::make_property("DTSTART", value));
    if (!end) return far_future;
    last = std::max(last, end->instant + day);
  }
  if (master.find("RDATE") == nullptr && master.find("RRULE") == nullptr) return last;
  Limits few;
  few.recurrence_instances = 1'000;
  const auto later = ical::expand(zones, master, last, far_future, few);
  if (!later) return far_future;
  return later->empty() ? last : std::max(last, later->back().instant);
}

UtcSeconds first_start(const ical::Zones& zones, const ical::Component& master,
                       const ical::Time& start)
{
  UtcSeconds first = start.instant;
  for (const ical::Property* rdate : master.all("RDATE"))
    if (const auto times = zones.times_of(*rdate))
      for (const ical::Time& time : *times) first = std::min(first, time.instant);
  return first;
}

void widen(std::optional<Window>& hull, UtcSeconds from, UtcSeconds to)
{
  hull = {std::min(from, hull ? hull->from : from), std::max(to, hull ? hull->to : to)};
}

/// Days and floating times are within a day of what they are in UTC.
std::optional<Window> hull_of(const ical::Zones& zones, const Series& series)
{
  std::optional<Window> hull;
  for (const Piece& piece : series.instances) {
    const UtcSeconds start = piece.length.start().instant;
    if (takes_time(*piece.component)) widen(hull, start - day, start + piece.length.at_most());
  }
  bool any = series.master != nullptr && takes_time(*series.master);
  for (const auto& [at, piece] : series.ranges) any = any || takes_time(*piece.component);
  if (!any) return hull;
  std::optional<Window> starts;
  if (series.master != nullptr) {
    const ical::Time& start = series.length->start();
    widen(starts, first_start(zones, *series.master, start),
          last_start(zones, *series.master, start));
  }
  for (const auto& [at, piece] : series.ranges)
    widen(starts, piece.length.start().instant, piece.length.start().instant);
  const seconds reach = series.reach() + day;
  widen(hull, starts->from - reach,
        starts->to == far_future ? far_future : std::min(far_future, starts->to + reach));
  return hull;
}

}  // namespace

Result<std::vector<Occurrence>> busy_occurrences(const ical::Component& calendar,
                                                 const Window& window, const Owner* owner,
                                                 const std::string& zone, const Limits& limits)
{
  const ical::Zones zones(calendar);
  IMIP_TRY(const AllSeries all, series_of(zones, calendar));
  Expansion expansion(zones, window, owner, zone, limits);
  for (const auto& [uid, series] : all) IMIP_CHECK(expansion.add(uid, series));
  return expansion.result();
}

Result<std::optional<Window>> busy_hull(const ical::Component& calendar)
{
  const ical::Zones zones(calendar);
  IMIP_TRY(const AllSeries all, series_of(zones, calendar));
  std::optional<Window> hull;
  for (const auto& [uid, series] : all)
    if (const auto one = hull_of(zones, series)) widen(hull, one->from, one->to);
  return hull;
}

}  // namespace imip::itip
