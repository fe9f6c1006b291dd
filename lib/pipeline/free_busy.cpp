#include "pipeline/free_busy.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "itip/free_busy.hpp"
#include "pipeline/conflicts.hpp"

namespace imip::pipeline {

namespace {

constexpr std::size_t most_files = 20'000;
constexpr std::size_t most_occurrences = 200'000;

/// Of part of a calendar nobody may say that there is no more.
tl::unexpected<Error> incomplete(std::size_t files, std::string_view why)
{
  return err(Errc::Conflict, cat("the busy time cannot be told: ", files,
                                 files == 1 ? " file" : " files", " of the calendar ", why),
             "repair the calendar, or decline");
}

Result<std::vector<itip::BusyPeriod>> busy_time(const Judge& judge, const Calendar* calendar,
                                                const itip::Window& window)
{
  if (calendar == nullptr || !calendar->has_store())
    return err(Errc::Refused, "busy time is told from the calendar, and there is none here",
               "say --store DIR, and not --no-store");
  const policy::Policy& policy = judge.policy();
  const std::string zone = zone_of(policy);
  std::vector<itip::Occurrence> taken;
  std::size_t odd = 0, beyond = 0;
  const auto look = [&](const ical::Component& object) {
    auto some = itip::busy_occurrences(object, window, &policy.owner, zone, policy.limits);
    if (!some) {
      ++odd;
    } else if (taken.size() + some->size() > most_occurrences) {
      ++beyond;
    } else {
      for (const itip::Occurrence& o : *some) {
        taken.push_back({.start = o.start, .end = o.end, .tentative = o.tentative,
                         .unanswered = o.unanswered, .uid = {}, .summary = {}});
      }
    }
  };
  IMIP_TRY(const store::SearchGaps gaps, calendar->search({window}, look, most_files));
  if (gaps.unreadable > 0) return incomplete(gaps.unreadable, "cannot be read");
  if (odd > 0) return incomplete(odd, "have more occurrences than can be computed");
  if (gaps.left_out + beyond > 0)
    return err(Errc::TooLarge, "there are too many events in the time asked for",
               "ask for a shorter time");
  return itip::merged_busy(taken, window, policy.unanswered);
}

Result<itip::AnswerPlan> answer_to(const Judge& judge, const Calendar* calendar,
                                   const itip::Message& request, itip::BusyAnswer answer)
{
  itip::Facts facts;
  IMIP_TRY(const itip::Window asked, itip::busy_window(request.components.front().component));
  if (!answer.refuse) {
    IMIP_TRY(answer.periods,
             busy_time(judge, calendar, itip::answered_window(asked, judge.now())));
  }
  if (calendar != nullptr) {
    IMIP_TRY(auto surroundings, calendar->surroundings(request));
    facts = std::move(surroundings.facts);
  }
  return itip::plan_busy_answer(request, facts, judge.policy().owner, answer, judge.now());
}

bool asks_for_busy_time(const JudgedPart& part)
{
  const itip::Message* message = part.message();
  return message != nullptr && message->kind == itip::Kind::FreeBusy &&
         message->method == itip::Method::Request;
}

}  // namespace

void offer_busy_time(const Judge& judge, const Calendar* calendar, JudgedPart& part)
{
  const bool asked = asks_for_busy_time(part) && part.plan && part.plan->outcome == itip::Outcome::Ignored;
  if (!asked || part.decision.verdict == policy::Verdict::Untrusted) return;
  auto planned = answer_to(judge, calendar, *part.message(), {});
  if (!planned) {
    part.plan->reasons.push_back({Code::AnswerWanted, cat("no answer can be made: ", planned.error().what)});
    return;
  }
  itip::Offer offer;
  offer.kind = itip::Offer::Kind::Reply;
  offer.scope = "series";
  offer.to = {planned->to};
  offer.reason = {Code::AnswerWanted, cat(planned->to.mailbox(), " asks when you are busy")};
  offer.object = std::move(planned->reply);
  part.plan->offers.push_back(std::move(offer));
}

Result<PlannedAnswer> plan_busy_reply(const Judge& judge, const Calendar* calendar,
                                      const JudgedPart& part, const itip::Answer& answer)
{
  const bool accepts = answer.partstat == itip::PartStat::Accepted;
  const bool answers = answer.method == itip::Method::Reply && !answer.instance;
  if (!answers || (!accepts && answer.partstat != itip::PartStat::Declined))
    return err(Errc::Refused, "a question for busy time is answered as a whole",
               "accept tells when you are busy, decline tells nothing");
  IMIP_TRY(auto planned, answer_to(judge, calendar, *part.message(),
                                   {!accepts, {}, answer.comment, answer.as}));
  return PlannedAnswer{std::move(planned), part.plan ? part.plan->outcome : itip::Outcome::None};
}

}  // namespace imip::pipeline
