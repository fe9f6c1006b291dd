#include "itip/detail/shape.hpp"

#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "ical/recurrence.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/scope.hpp"

namespace imip::itip::detail {

namespace {

constexpr std::chrono::days two_years{730};
constexpr const char* many_starts = "~";  // behind every time

std::vector<std::string> split(std::string_view text, char separator)
{
  std::vector<std::string> out;
  while (true) {
    const std::size_t at = text.find(separator);
    out.emplace_back(text.substr(0, at));
    if (at == std::string_view::npos) return out;
    text.remove_prefix(at + 1);
  }
}

std::string join(const std::vector<std::string>& parts, char separator)
{
  std::string out;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i) out += separator;
    out += parts[i];
  }
  return out;
}

std::vector<std::string> split_list(const std::string& text)
{
  return text.empty() ? std::vector<std::string>{} : split(text, ',');
}

void sort_unique(std::vector<std::string>& v)
{
  std::sort(v.begin(), v.end());
  v.erase(std::unique(v.begin(), v.end()), v.end());
}

/// EXDATE or RDATE values; a PERIOD has its own length (itip.md "Sameness"), so its raw text
/// counts.
Result<std::vector<std::string>> dates_of(const ical::Zones& zones,
                                          const ical::Component& component, std::string_view name)
{
  std::vector<std::string> out;
  for (const ical::Property* p : component.all(name)) {
    IMIP_TRY(const std::vector<ical::Time> times, zones.times_of(*p));
    const std::vector<std::string> raw = split(p->value, ',');
    const std::string* kind = p->parameter("VALUE");
    const bool periods = kind && text::ascii_iequal(*kind, "PERIOD") && raw.size() == times.size();
    for (std::size_t i = 0; i < times.size(); ++i) {
      std::string text = time_text(times[i]);
      const std::size_t slash = periods ? raw[i].find('/') : std::string::npos;
      if (slash != std::string::npos) text += raw[i].substr(slash);
      out.push_back(std::move(text));
    }
  }
  sort_unique(out);
  return out;
}

/// A weekly rule without BYDAY repeats on the weekday on which it starts: said, so that it equals
/// one that says so.
void add_weekday(const ical::Time& start, std::vector<std::string>& parts)
{
  static constexpr std::array<const char*, 7> words{"SU", "MO", "TU", "WE", "TH", "FR", "SA"};
  const bool weekly = std::find(parts.begin(), parts.end(), "FREQ=WEEKLY") != parts.end();
  const bool says = std::any_of(parts.begin(), parts.end(),
                                [](const std::string& p) { return p.starts_with("BY"); });
  if (!weekly || says) return;
  const std::chrono::weekday day{
      std::chrono::floor<std::chrono::days>(read_time_text(start.local).instant)};
  parts.push_back(cat("BYDAY=", words[day.c_encoding()]));
}

/// The RRULE's parts, sorted; its bound apart. UNTIL as an instant where it is a local time.
void read_rule(const ical::Zones& zones, const ical::Component& component, const ical::Time& start,
               Shape& shape)
{
  std::vector<std::string> rules;
  for (const ical::Property* p : component.all("RRULE")) {
    std::vector<std::string> parts;
    for (std::string& part : split(text::ascii_upper(p->value), ';')) {
      if (part.starts_with("COUNT=")) {
        shape.bound = cat('C', part.substr(6));
      } else if (part.starts_with("UNTIL=")) {
        ical::Property until = make_property("DTSTART", part.substr(6));
        if (start.kind == ical::TimeKind::Zoned && until.value.size() == 15) {
          until.set_parameter("TZID", start.tzid);
        }
        if (until.value.size() == 8) until.set_parameter("VALUE", "DATE");
        const auto at = zones.time_of(until);
        shape.bound = cat('U', at ? time_text(*at) : until.value);
      } else if (part != "INTERVAL=1" && part != "WKST=MO" && !part.empty()) {
        parts.push_back(std::move(part));
      }
    }
    add_weekday(start, parts);
    sort_unique(parts);
    rules.push_back(join(parts, ';'));
  }
  sort_unique(rules);
  shape.rule = join(rules, ' ');
}

/// With which start the series' rule ends, whether COUNT or UNTIL says so. "": not known;
/// many_starts: after all that are counted. Only for what is cheap: this is done for each message.
std::string last_start(const ical::Zones& zones, const ical::Component& component,
                       const ical::Time& start, const Shape& shape)
{
  if (shape.bound.empty() || component.count("RRULE") != 1 || component.find("RECURRENCE-ID"))
    return {};
  const UtcSeconds end = start.instant + std::chrono::days{3653};
  const std::string_view bound = std::string_view(shape.bound).substr(1);
  if (shape.bound[0] == 'U' && read_time_text(bound).instant > end) return {};
  const ical::Component rule{
      component.name, {*component.find("DTSTART"), *component.find("RRULE")}, {}};
  const Limits few{.recurrence_instances = 100};
  const auto starts = ical::expand(zones, rule, UtcSeconds::min(), end, few);
  if (!starts) return starts.error().code == Errc::TooLarge ? many_starts : "";
  const bool whole =
      shape.bound[0] == 'U' || to_int(bound, 0) == static_cast<std::int64_t>(starts->size());
  return whole && !starts->empty() ? time_text(starts->back()) : std::string();
}

/// Is the bound `now` no later than `then`?
bool ends_no_later(const std::string& then, const std::string& now)
{
  if (then.empty() || then == now) return true;
  if (now.empty() || then[0] != now[0]) return false;
  const std::string_view a = std::string_view(then).substr(1);
  const std::string_view b = std::string_view(now).substr(1);
  if (then[0] == 'C') return to_int(b, 0) <= to_int(a, 0);
  return a.size() == b.size() && b <= a;
}

}  // namespace

std::string zone_print(const ical::Zones& zones, const std::string& tzid, UtcSeconds from)
{
  constexpr std::size_t most_spelled =
      16;  // no zone that people live in changes so often in two years
  const auto offsets = zones.offsets(tzid, from, from + two_years);
  if (!offsets) return tzid;
  std::string out;
  for (const ical::OffsetChange& o : *offsets)
    out += cat((o.at - from).count(), ' ', o.offset.count(), ' ');
  return offsets->size() > most_spelled ? sha256_hex(out) : out;
}

Result<Shape> shape_of(const ical::Zones& zones, const ical::Component& component)
{
  Shape shape;
  if (!component.find("DTSTART")) {
    // A task may have nothing but its DUE.
    const ical::Property* due = component.name == "VTODO" ? component.find("DUE") : nullptr;
    if (!due) return shape;
    IMIP_TRY(const ical::Time time, zones.time_of(*due));
    shape.start = cat("due ", time_text(time));
    return shape;
  }
  IMIP_TRY(const ical::Span span, ical::span_of(zones, component));
  shape.start = time_text(span.start);
  shape.length = (span.end.instant - span.start.instant).count();
  read_rule(zones, component, span.start, shape);
  if (!shape.rule.empty() && span.start.kind == ical::TimeKind::Zoned) {
    shape.zone = zone_print(zones, span.start.tzid, span.start.instant);
  }
  IMIP_TRY(shape.rdates, dates_of(zones, component, "RDATE"));
  IMIP_TRY(shape.exdates, dates_of(zones, component, "EXDATE"));
  shape.last = last_start(zones, component, span.start, shape);
  return shape;
}

std::string encode(const Shape& s)
{
  return cat(s.start, '|', s.length, '|', s.zone, '|', s.rule, '|', s.bound, '|',
             join(s.rdates, ','), '|', join(s.exdates, ','), '|', s.last);
}

std::optional<Shape> decode(std::string_view text)
{
  const std::vector<std::string> parts = split(text, '|');
  constexpr std::size_t first_form = 7;  // without the last start
  if (parts.size() != first_form && parts.size() != first_form + 1) return std::nullopt;
  return Shape{parts[0],
               to_int(parts[1], 0),
               parts[2],
               parts[3],
               parts[4],
               split_list(parts[5]),
               split_list(parts[6]),
               parts.size() > first_form ? parts[first_form] : std::string()};
}

bool keeps_answers(const Shape& then, const Shape& now)
{
  if (then.start != now.start || then.length != now.length || then.rule != now.rule) return false;
  if (!now.rule.empty() && then.zone != now.zone) return false;
  const bool known = !then.last.empty() && !now.last.empty() &&
                     !(then.last == many_starts && now.last == many_starts);
  if (known ? now.last > then.last : !ends_no_later(then.bound, now.bound)) return false;
  // Sorted: what is in `now` must have been there, what was excluded must still be.
  return std::includes(then.rdates.begin(), then.rdates.end(), now.rdates.begin(),
                       now.rdates.end()) &&
         std::includes(now.exdates.begin(), now.exdates.end(), then.exdates.begin(),
                       then.exdates.end());
}

}  // namespace imip::itip::detail
