// What a VFREEBUSY message comes to: facts, and for a REQUEST the question to its reader.
#include <algorithm>

#include "base/cat.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/free_busy.hpp"
#include "itip/detail/record.hpp"
#include "itip/free_busy.hpp"

namespace imip::itip::detail {

namespace {

FactRow row_for(std::string_view reg, std::string scope, std::string attendee,
                const ical::Component& component, UtcSeconds dtstamp)
{
  FactRow row;
  row.reg = reg;
  row.scope = std::move(scope);
  row.attendee = std::move(attendee);
  row.dtstamp = dtstamp.time_since_epoch().count();
  row.digest = canonical_digest(component);
  row.content = pack(component, {});
  return row;
}

std::string period_scope(const ical::Component& component)
{
  const auto window = busy_window(component);
  if (!window) return "period:";
  return cat("period:", to_ical_utc(window->from), '/', to_ical_utc(window->to));
}

/// Raises all, and says how they met what was known.
struct Met {
  std::size_t news = 0, known = 0, rows = 0;
  bool first = true;  ///< nothing was known of any of them
};

void raise(Plan& plan, const FactRow& row, Met& met)
{
  const FactRow* before = plan.facts.find(row.reg, row.scope, row.attendee);
  met.first = met.first && before == nullptr;
  met.known += before != nullptr && before->digest == row.digest && before->dtstamp == row.dtstamp;
  met.news += plan.facts.raise(row);
  plan.said.raise(row);
  ++met.rows;
}

void conclude(const Message& message, const Met& met, bool own, Plan& plan)
{
  if (met.news == 0) {
    plan.outcome = met.known == met.rows ? Outcome::Duplicate : Outcome::Obsolete;
    if (plan.outcome == Outcome::Obsolete)
      plan.reasons.push_back({message.method == Method::Reply ? Code::ReplyOutdated : Code::Obsolete,
                              "later busy time is known already"});
    return;
  }
  plan.facts_changed = true;
  if (message.method == Method::Reply) {
    plan.outcome = Outcome::Answered;
  } else if (own) {
    plan.outcome = Outcome::Own;
  } else {
    plan.outcome = met.first ? Outcome::Added : Outcome::Updated;
  }
}

}  // namespace

Plan plan_free_busy(const Message& message, const Speaker& speaker, const Facts& facts,
                    const Owner& owner)
{
  Plan plan;
  plan.uid = message.uid;
  if (message.organizer) plan.organizer = message.organizer->address;
  plan.facts = facts;
  const bool own = is_organizer_method(message.method) && owner.is(speaker.address);
  if (message.method == Method::Request && !own) {
    plan.outcome = Outcome::Ignored;  // a question; the answer is made of the calendar
    return plan;
  }
  plan.digest = message_digest(message);
  Met met;
  for (const MessageComponent& c : message.components) {
    ical::Component told = normalised(c);
    const UtcSeconds stamp = c.revision.dtstamp;
    if (message.method == Method::Reply) {
      raise(plan, row_for(busy_reply, "series", attendee_key(speaker.address, owner), told, stamp),
            met);
      if (const std::string* status = c.component->value("REQUEST-STATUS"); status && !status->starts_with('2'))
        plan.reasons.push_back({Code::RequestStatus, cat(speaker.address.mailbox(), " answers: ", *status)});
    } else if (message.method == Method::Publish) {
      std::string scope = period_scope(told);
      raise(plan, row_for(busy_publish, std::move(scope), {}, told, stamp), met);
    } else {
      raise(plan, row_for(busy_request, "series", {}, told, stamp), met);
    }
  }
  conclude(message, met, own, plan);
  return plan;
}

bool is_busy_time(const Facts& facts)
{
  const auto rows = facts.rows();
  return !rows.empty() &&
         rows.front()->reg.starts_with("F:");  // busy time and an event never share a UID
}

std::optional<UtcSeconds> last_busy_time(const Facts& facts, const Limits& limits)
{
  std::optional<UtcSeconds> last;
  for (const Shared<FactRow>& row : facts.rows()) {
    const auto content = unpack(row->content, limits);
    const auto window =
        content ? busy_window(content->event) : Result<Window>(err(Errc::BadValue, ""));
    if (window) last = std::max(last.value_or(window->to), window->to);
  }
  return last;
}

bool record_busy_answer(Facts& facts, const ical::Component& reply, const CalAddress& from,
                        const Owner& owner, UtcSeconds asked, UtcSeconds now)
{
  FactRow row = row_for(busy_reply, "series", attendee_key(from, owner), reply, now);
  row.number = asked.time_since_epoch().count();
  const bool before = facts.find(row.reg, row.scope, row.attendee, row.number) != nullptr;
  facts.raise(row);
  return before;
}

std::optional<bool> asked_for_busy(const Facts& facts, const CalAddress& attendee,
                                   const Limits& limits, LocalPart mode)
{
  const FactRow* row = facts.find(std::string(busy_request), "series");
  if (row == nullptr) return std::nullopt;
  const auto content = unpack(row->content, limits);
  if (!content) return false;
  const auto all = content->event.all("ATTENDEE");
  return std::any_of(all.begin(), all.end(), [&](const ical::Property* p) {
    const auto address = CalAddress::parse(p->value);
    return address && same_user(*address, attendee, mode);
  });
}

}  // namespace imip::itip::detail
