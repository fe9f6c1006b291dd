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
    return !spec_.start.empty() || !spec_.end.empty() || !spec_.duration.empty();
  }

  [[nodiscard]] bool needs_end() const { return !has_base_ && spec_.method != Method::Cancel; }

 private:
  bool has_base_;
  const BuildSpec& spec_;
};

Result<void> check_times(const Complaint& bad, const ical::Zones& zones,
                         const ical::Component& event)
{
  const ical::Property* start = event.find("DTSTART");
  const ical::Property* end = event.find("DTEND");
  if (end != nullptr && event.find("DURATION") != nullptr)
    return bad(false, "the event has both DTEND and DURATION", "give --end or --duration");
  if (start == nullptr) {
    if (end != nullptr) return bad(true, "--end without a start", "give --start");
    return {};
  }
  const auto from = zones.time_of(*start);
  if (!from) return bad(bad.time_flags(), cat("DTSTART: ", from.error().what), from.error().hint);
  if (end == nullptr) {
    if (bad.needs_end() && from->kind != ical::TimeKind::Date && event.find("DURATION") == nullptr)
      return bad(true, "the end is missing", "give --end WHEN or --duration PT1H");
    if (event.find("DURATION") == nullptr) return {};
    const auto span = ical::span_of(zones, event);
    if (!span) return bad(bad.time_flags(), span.error().what, span.error().hint);
    if (span->end.instant <= span->start.instant)
      return bad(bad.time_flags(), "the duration is nothing: --duration must be more than zero");
    return {};
  }
  const auto to = zones.time_of(*end);
  if (!to) return bad(bad.time_flags(), cat("DTEND: ", to.error().what), to.error().hint);
  if ((from->kind == ical::TimeKind::Date) != (to->kind == ical::TimeKind::Date))
    return bad(bad.time_flags(), "start and end must both be days or both have times",
               "for whole days write --start 2027-01-04 --end 2027-01-05");
  if (to->instant < from->instant)
    return bad(bad.time_flags(), "the end is before the start: --end must be after --start");
  if (to->instant == from->instant)
    return bad(bad.time_flags(), "the end is the start: --end must be after --start",
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

Result<void> check_table(const BuildSpec& spec, const Complaint& bad, const ical::Component& event)
{
  const bool cancel = spec.method == Method::Cancel;
  if (event.count("RRULE") > 1) return bad(false, "the event has several RRULEs");
  if (!cancel && event.find("DTSTART") == nullptr)
    return bad(false, "the event has no start", "give --start WHEN");
  if (spec.method == Method::Request && event.find("ATTENDEE") == nullptr)
    return bad(false, "nobody is invited", "name somebody: --attendee ADDRESS");
  const std::string* status = event.value("STATUS");
  if (!cancel && status != nullptr) {
    const std::string word = text::ascii_upper(*status);
    if (word == "CANCELLED" && spec.method == Method::Request)
      return bad(false, "the event is cancelled", "'imip build cancel' says so to its attendees");
    if (word != "CANCELLED" && word != "TENTATIVE" && word != "CONFIRMED")
      return bad(false, cat("no event has the status ", word), "TENTATIVE or CONFIRMED");
  }
  if (spec.method == Method::Publish && event.count("CONTACT") > 1)
    return bad(false, "what is published has one CONTACT at most");
  return {};
}

}  // namespace

Result<void> check_event(const BuildSpec& spec, bool has_base, const ical::Zones& zones,
                         const ical::Component& event)
{
  const Complaint bad(has_base, spec);
  IMIP_CHECK(check_table(spec, bad, event));
  IMIP_CHECK(check_times(bad, zones, event));
  IMIP_CHECK(check_rules(bad, event));
  for (const ical::Property* p : event.all("ATTENDEE")) IMIP_CHECK(address_of(*p));
  return {};
}

}  // namespace imip::itip::detail
