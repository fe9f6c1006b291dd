#include "itip/free_busy.hpp"

#include <algorithm>
#include <tuple>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/free_busy.hpp"
#include "itip/detail/planning.hpp"

namespace imip::itip {

namespace {

constexpr std::string_view busy = "BUSY", tentative = "BUSY-TENTATIVE";

bool earlier(const BusyPeriod& a, const BusyPeriod& b)
{
  return std::tie(a.when.from, a.when.to, a.type) < std::tie(b.when.from, b.when.to, b.type);
}

Result<BusyPeriod> period_of(const ical::Zones& zones, const ical::Property& property,
                             std::string_view value)
{
  const std::size_t slash = value.find('/');
  if (slash == std::string_view::npos)
    return err(Errc::BadValue, cat("FREEBUSY \"", value, "\" is no period"));
  BusyPeriod out;
  if (const std::string* type = property.parameter("FBTYPE")) out.type = text::ascii_upper(*type);
  const auto time = [&](std::string_view word) {
    return zones.time_of(detail::make_property("FREEBUSY", std::string(word)));
  };
  IMIP_TRY(const ical::Time from, time(value.substr(0, slash)));
  const std::string_view rest = value.substr(slash + 1);
  const bool by_length = rest.starts_with('P') || rest.starts_with("+P");
  IMIP_TRY(const ical::Time to, by_length ? ical::add_duration(zones, from, rest) : time(rest));
  out.when = {from.instant, to.instant};
  if (out.when.to < out.when.from)
    return err(Errc::BadValue, cat("FREEBUSY \"", value, "\" ends before it starts"));
  return out;
}

/// Joins what overlaps or touches; all of one type.
std::vector<Window> joined(std::vector<Window> all)
{
  std::sort(all.begin(), all.end(),
            [](const Window& a, const Window& b) { return a.from < b.from; });
  std::vector<Window> out;
  for (const Window& w : all) {
    if (!out.empty() && w.from <= out.back().to) {
      out.back().to = std::max(out.back().to, w.to);
    } else {
      out.push_back(w);
    }
  }
  return out;
}

/// What of `all` none of `taken` covers; both joined().
std::vector<Window> without(const std::vector<Window>& all, const std::vector<Window>& taken)
{
  std::vector<Window> out;
  auto at = taken.begin();
  for (Window w : all) {
    while (at != taken.end() && at->to <= w.from) ++at;
    for (auto next = at; next != taken.end() && next->from < w.to; ++next) {
      if (next->from > w.from) out.push_back({w.from, next->from});
      w.from = next->to;
    }
    if (w.from < w.to) out.push_back(w);
  }
  return out;
}

/// Ours, as the request lists it, or through a group.
std::optional<ical::Property> asked_as(const MessageComponent& request, const Owner& owner,
                                       const CalAddress& as)
{
  std::optional<ical::Property> group;
  for (const Party& p : request.attendees) {
    const bool mine =
        as.empty() ? owner.is(p.address) : same_user(as, p.address, owner.local_part);
    if (mine) return detail::make_property("ATTENDEE", p.property->value);
    if (owner.is_group(p.address) && !group) group = p.property;
  }
  if (!group || owner.addresses.empty()) return std::nullopt;
  ical::Property out = detail::make_property(
      "ATTENDEE", (as.empty() ? owner.addresses.front() : as).uri());
  out.set_parameter("MEMBER", group->value);
  return out;
}

ical::Component answer_component(const Message& request, const ical::Property& attendee,
                                 const Window& window, const BusyAnswer& answer, UtcSeconds now)
{
  const auto property = [](std::string_view name, std::string value) {
    return detail::make_property(name, std::move(value));
  };
  ical::Component out{"VFREEBUSY", {}, {}};
  out.properties = {*request.components.front().component->find("UID"),
                    property("DTSTAMP", to_ical_utc(now)),
                    property("DTSTART", to_ical_utc(window.from)),
                    property("DTEND", to_ical_utc(window.to)), request.organizer->property, attendee};
  out.properties.push_back(
      property("REQUEST-STATUS", answer.refuse ? "3.8;No authority" : "2.0;Success"));
  if (!answer.comment.empty())
    out.properties.push_back(ical::text_property("COMMENT", answer.comment));
  out = detail::ordered(std::move(out));
  if (answer.refuse) return out;
  for (const BusyPeriod& p : answer.periods) {
    ical::Property one =
        property("FREEBUSY", cat(to_ical_utc(p.when.from), '/', to_ical_utc(p.when.to)));
    one.set_parameter("FBTYPE", p.type);
    out.properties.push_back(std::move(one));
  }
  return out;
}

}  // namespace

Result<Window> busy_window(const ical::Component& free_busy)
{
  IMIP_TRY(const ical::Span span,
           ical::span_of(ical::Zones(ical::Component{"VCALENDAR", {}, {}}), free_busy));
  if (free_busy.find("DTEND") == nullptr && free_busy.find("DURATION") == nullptr)
    return err(Errc::BadValue, "VFREEBUSY has no DTEND");
  if (span.end.instant <= span.start.instant)
    return err(Errc::BadValue, "DTEND is not after DTSTART");
  return Window{span.start.instant, span.end.instant};
}

Result<std::vector<BusyPeriod>> busy_periods(const ical::Component& free_busy)
{
  const ical::Zones zones(ical::Component{"VCALENDAR", {}, {}});
  const auto window = busy_window(free_busy);
  std::vector<BusyPeriod> out;
  for (const ical::Property* p : free_busy.all("FREEBUSY")) {
    std::string_view rest = p->value;
    while (!rest.empty()) {
      const std::string_view item = rest.substr(0, rest.find(','));
      rest.remove_prefix(std::min(item.size() + 1, rest.size()));
      IMIP_TRY(BusyPeriod period, period_of(zones, *p, item));
      if (window) {
        period.when.from = std::max(period.when.from, window->from);
        period.when.to = std::min(period.when.to, window->to);
      }
      if (period.when.from < period.when.to) out.push_back(std::move(period));
    }
  }
  std::sort(out.begin(), out.end(), earlier);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

Window answered_window(const Window& asked, UtcSeconds now)
{
  const std::chrono::days most{answered_days};
  if (asked.to - asked.from <= most) return asked;
  const UtcSeconds from = std::clamp(now, asked.from, asked.to - most);
  return {from, from + most};
}

std::vector<BusyPeriod> merged_busy(const std::vector<Occurrence>& taken, const Window& window,
                                    Unanswered unanswered)
{
  std::vector<Window> hard, soft;
  for (const Occurrence& o : taken) {
    const Window w{std::max(o.start, window.from), std::min(o.end, window.to)};
    if (w.from >= w.to || (o.unanswered && unanswered == Unanswered::Free)) continue;
    const bool maybe = o.tentative || (o.unanswered && unanswered == Unanswered::Tentative);
    (maybe ? soft : hard).push_back(w);
  }
  hard = joined(std::move(hard));
  std::vector<BusyPeriod> out;
  for (const Window& w : hard) out.push_back({w, std::string(busy)});
  for (const Window& w : without(joined(std::move(soft)), hard))
    out.push_back({w, std::string(tentative)});
  std::sort(out.begin(), out.end(), earlier);
  return out;
}

Result<AnswerPlan> plan_busy_answer(const Message& request, const Facts& facts, const Owner& owner,
                                    const BusyAnswer& answer, UtcSeconds now)
{
  if (request.kind != Kind::FreeBusy || request.method != Method::Request || !request.organizer)
    return err(Errc::Refused, "only a REQUEST asks for busy time");
  if (owner.is(request.organizer->address))
    return err(Errc::Refused, "you ask for busy time yourself here");
  const auto attendee = asked_as(request.components.front(), owner, answer.as);
  if (!attendee)
    return err(Errc::Refused, "it is not your busy time that is asked for",
               "name the address under which you are asked in [me] of the policy, or use --as");
  if (answer.periods.size() > most_busy_periods)
    return err(Errc::TooLarge,
               cat("more than ", most_busy_periods, " busy periods in the time asked for"));
  IMIP_TRY(const Window asked, busy_window(request.components.front().component));
  AnswerPlan out;
  out.plan.uid = request.uid;
  out.plan.organizer = request.organizer->address;
  out.plan.outcome = Outcome::Answered;
  out.to = request.organizer->address;
  IMIP_TRY(out.from, CalAddress::parse(attendee->value));
  out.reply = ical::Component{
      "VCALENDAR",
      {detail::make_property("VERSION", "2.0"),
       detail::make_property("PRODID", std::string(detail::prodid)),
       detail::make_property("METHOD", "REPLY")},
      {answer_component(request, *attendee, answered_window(asked, now), answer, now)}};
  out.plan.facts = facts;
  out.repeated =
      detail::record_busy_answer(out.plan.facts, out.reply.components.front(), out.from, owner,
                                 request.components.front().revision.dtstamp, now);
  out.plan.facts_changed = out.plan.facts != facts;
  out.plan.found = detail::news(out.plan.facts, facts);
  return out;
}

}  // namespace imip::itip
