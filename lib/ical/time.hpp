/// @file Dates, times, zones, durations (RFC 5545 sections 3.3.4 to 3.3.10, 3.6.5), by std::chrono and tzdata.
#pragma once
#include <chrono>
#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "ical/object.hpp"

namespace imip::ical {

enum class TimeKind : std::uint8_t { None = 0, Date, Floating, Utc, Zoned };

/// A DATE or DATE-TIME as written, and the instant it stands for. DATE and Floating have the instant
/// that they would have in UTC (so they still sort).
struct Time {
  TimeKind kind = TimeKind::None;
  std::string local;   ///< "20270104" or "20270104T100000", without Z
  std::string tzid;    ///< Zoned: as in the object
  UtcSeconds instant{};
  friend bool operator==(const Time&, const Time&) = default;
};

/// From a time on, the local time is so much ahead of UTC.
struct OffsetChange {
  UtcSeconds at{};
  std::chrono::seconds offset{};
  friend bool operator==(const OffsetChange&, const OffsetChange&) = default;
};

/// From `from` until before `to`.
struct Stretch {
  UtcSeconds from{}, to{};
};

/// The zones that a calendar object brings (VTIMEZONE), completed by tzdata: a TZID that is an Olson
/// name, that a VTIMEZONE defines, or that is a Windows name in CLDR's table (ICU).
class Zones {
 public:
  explicit Zones(const Component& calendar);
  Zones(Zones&&) noexcept;
  ~Zones();
  /// DTSTART, DTEND, DUE, RECURRENCE-ID, ... with one value. An unknown TZID is Errc::BadValue.
  [[nodiscard]] Result<Time> time_of(const Property& property) const;
  /// EXDATE, RDATE (a PERIOD gives its start): all values.
  [[nodiscard]] Result<std::vector<Time>> times_of(const Property& property) const;
  /// Wall-clock in `tzid` (an Olson name or one that the calendar defines) of an instant:
  /// "2027-01-04 10:00 Europe/Berlin (+01:00)". For people.
  [[nodiscard]] std::string show_in(UtcSeconds instant, const std::string& tzid) const;
  /// The same instant as a Zoned (or Utc, if tzid is empty) Time.
  [[nodiscard]] Result<Time> in_zone(UtcSeconds instant, const std::string& tzid) const;
  /// Does this calendar's VTIMEZONE for tzid give another offset than tzdata at `instant`?
  [[nodiscard]] bool differs_from_tzdata(const std::string& tzid, UtcSeconds instant) const;
  /// When it does, between two times; sorted.
  [[nodiscard]] std::vector<Stretch> differing_from_tzdata(const std::string& tzid, UtcSeconds from,
                                                           UtcSeconds to) const;
  /// The offset at `from`, and all later ones before `to`. @errors Errc::BadValue, an unknown zone
  [[nodiscard]] Result<std::vector<OffsetChange>> offsets(const std::string& tzid, UtcSeconds from,
                                                          UtcSeconds to) const;

 private:
  friend struct ZonesAccess;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Adds a DURATION value ("PT1H", "P1D": nominal days, RFC 5545 section 3.3.6) to a time.
Result<Time> add_duration(const Zones& zones, const Time& start, std::string_view duration);
/// The same, written as RFC 5545 section 3.3.6 lets it be: P1W2D is P9D, PT1H30S is PT1H0M30S, pt1h is PT1H.
/// @errors Errc::BadValue; a negative or malformed DURATION
Result<std::string> check_duration(std::string_view duration);

/// What EXDATE, RDATE or RECURRENCE-ID means in a series that begins at `start`. They should have
/// DTSTART's form (RFC 5545 section 3.8.5.2); a floating one beside a zoned DTSTART is in DTSTART's
/// zone.
Result<Time> in_series(const Zones& zones, const Time& start, const Time& time);
/// So all values of an EXDATE or RDATE of `master`.
Result<std::vector<Time>> times_in_series(const Zones& zones, const Component& master,
                                          const Property& property);

/// Start and end of an event: DTEND, else DTSTART+DURATION, else one day for DATE, else no length.
struct Span {
  Time start, end;
};
Result<Span> span_of(const Zones& zones, const Component& event);

/// The end of each period that RDATE gives, by its start.
using Periods = std::map<UtcSeconds, UtcSeconds>;
/// @errors Errc::BadValue  a value that does not parse
Result<Periods> periods_of(const Zones& zones, const Component& master);

/// WHEN of the command line: RFC 3339, RFC 5545, "2027-01-04T10:00[:00]" or "2027-01-04" (a DATE), in
/// `timezone` (Olson name; empty: floating is refused with a hint unless a date). @errors Errc::BadValue
Result<Property> when_property(std::string_view name, std::string_view when, const std::string& timezone);

/// The VTIMEZONE for an Olson name, RRULE-based, from 1970 on: the rule of today stands for all years if it
/// has been in force since 2016, else the changes since then are listed before it.
/// @errors Errc::BadValue, unknown zone
Result<Component> vtimezone(const std::string& tzid);
/// The system's own zone (TZ, /etc/localtime): an Olson name, or "UTC".
[[nodiscard]] std::string local_timezone();
/// A Windows zone name -> Olson (ICU's CLDR table); nothing if unknown.
[[nodiscard]] std::optional<std::string> windows_zone(std::string_view name);

}  // namespace imip::ical
