#include <utility>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "ical/recurrence.hpp"
#include "itip/detail/building.hpp"

namespace imip::itip::detail {

namespace {

// Says the same thing about flags or about a file.
class Complaint {
 public:
  Complaint(bool has_base, const BuildSpec& spec) : has_base_(has_base), spec_(spec) {}
  [[nodiscard]] tl::unexpected<Error> operator()(bool flags, std::string what,
                                                 std::string hint = {}) const
  {
    return err(flags || !has_base_ ? Errc::BadValue : Errc::BadCalendar, std::move(what),
               std::move(hint));
  }
  [[nodiscard]] bool time_flags() const
  {
    return !spec_.start.empty() || !spec_.end.empty() || !spec_.due.empty() || !spec_.duration.empty();
  }

 private:
  bool has_base_;
  const BuildSpec& spec_;
};

Result<void> check_times(const Complaint& bad, bool needs_end, const ical::Zones& zones,
                         const ical::Component& event)
{
  const bool todo = event.name == "VTODO";
  const std::string end_of = todo ? "DUE" : "DTEND";
  const std::string flag = todo ? "--due" : "--end";
  const ical::Property* start = event.find("DTSTART");
  const ical::Property* end = event.find(end_of);
  if (end != nullptr && event.find("DURATION") != nullptr)
    return bad(false, cat("the event has both ", end_of, " and DURATION"),
               cat("give ", flag, " or --duration"));
  if (start == nullptr) {
    if (event.find("DURATION") != nullptr || event.find("RRULE") != nullptr)
      return bad(true, "a duration or a rule without a start", "give --start");
    if (end == nullptr) return {};
    if (!todo) return bad(true, "--end without a start", "give --start");
    const auto due = zones.time_of(*end);
    return due ? Result<void>{} : bad(bad.time_flags(), cat("DUE: ", due.error().what), due.error().hint);
  }
  const auto from = zones.time_of(*start);
  if (!from) return bad(bad.time_flags(), cat("DTSTART: ", from.error().what), from.error().hint);
  if (end == nullptr) {
    if (needs_end && from->kind != ical::TimeKind::Date && event.find("DURATION") == nullptr)
      return bad(true, "the end is missing", "give --end WHEN or --duration PT1H");
    if (event.find("DURATION") == nullptr) return {};
    const auto span = ical::span_of(zones, event);
    if (!span) return bad(bad.time_flags(), span.error().what, span.error().hint);
    if (span->end.instant <= span->start.instant)
      return bad(bad.time_flags(), "the duration is nothing: --duration must be more than zero");
    return {};
  }
  const auto to = zones.time_of(*end);
  if (!to) return bad(bad.time_flags(), cat(end_of, ": ", to.error().what), to.error().hint);
  if ((from->kind == ical::TimeKind::Date) != (to->kind == ical::TimeKind::Date))
    return bad(bad.time_flags(), "start and end must both be days or both have times",
               "for whole days write --start 2027-01-04 --end 2027-01-05");
  if (to->instant < from->instant)
    return bad(bad.time_flags(), cat("the end is before the start: ", flag, " must be after --start"));
  if (to->instant == from->instant)
    return bad(bad.time_flags(), cat("the end is the start: ", flag, " must be after --start"),
               from->kind == ical::TimeKind::Date ? "--end is the day after the last" : "");
  return {};
}

Result<void> check_rules(const Complaint& bad, const ical::Component& event)
{
  for (const ical::Property* rule : event.all("RRULE"))
    if (const auto checked = ical::check_rrule(rule->value); !checked)
      return bad(false, cat("RRULE: ", checked.error().what), checked.error().hint);
  return {};
}

// What the tables ask, said so that the flag is clear.
Result<void> check_table(const BuildSpec& spec, Kind kind, const Complaint& bad,
                         const ical::Component& component)
{
  const bool whole = spec.method == Method::Request || spec.method == Method::Publish ||
                     spec.method == Method::Add || spec.method == Method::Counter;
  if (component.count("RRULE") > 1) return bad(false, "the event has several RRULEs");
  const bool optional = kind == Kind::Todo && !forbids(spec.method, kind, "DUE") &&
                        (spec.method == Method::Add || spec.method == Method::Counter);
  if (whole && !optional && component.find("DTSTART") == nullptr)
    return bad(false, "the event has no start", "give --start WHEN");
  if (spec.method == Method::Request && component.find("ATTENDEE") == nullptr)
    return bad(false, "nobody is invited", "name somebody: --attendee ADDRESS");
  const std::string* status = component.value("STATUS");
  if (status != nullptr && *status == "CANCELLED" && spec.method == Method::Request)
    return bad(!spec.status.empty(), "the event is cancelled",
               "'imip build cancel' says so to its attendees");
  const auto rows = check_restrictions(spec.method, kind, component);
  if (!rows) return bad(false, rows.error().what, rows.error().hint);
  return {};
}

}  // namespace

Result<void> check_component(const BuildSpec& spec, Kind kind, bool has_base,
                             const ical::Zones& zones, const ical::Component& component)
{
  const Complaint bad(has_base, spec);
  const bool needs_end = kind == Kind::Event && !has_base &&
                         (spec.method == Method::Request || spec.method == Method::Publish ||
                          spec.method == Method::Add || spec.method == Method::Counter);
  IMIP_CHECK(check_table(spec, kind, bad, component));
  IMIP_CHECK(check_times(bad, needs_end, zones, component));
  IMIP_CHECK(check_rules(bad, component));
  for (const ical::Property* p : component.all("ATTENDEE")) IMIP_CHECK(address_of(*p));
  return {};
}

}  // namespace imip::itip::detail
