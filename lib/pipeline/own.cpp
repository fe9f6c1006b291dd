#include "pipeline/own.hpp"

#include "pipeline/apply.hpp"

namespace imip::pipeline {

namespace {

Result<void> attempt(const Judge& judge, Calendar& calendar, JudgedPart& part, const store::Lock& lock)
{
  itip::Message& message = *part.reading.message;
  const policy::Policy& policy = judge.policy();
  IMIP_TRY(Surroundings here, calendar.surroundings(message));
  if (here.stored) message.uid = itip::uid_as_stored(message.uid, *here.stored);
  const itip::Speaker speaker{itip::Speaker::Class::Organizer, message.organizer->address, {}};
  part.stored = std::move(here.stored);
  part.plan =
      itip::plan_message(message, speaker, part.stored ? &*part.stored : nullptr, here.facts,
                         policy.owner, policy::plan_options(policy), judge.now());
  const itip::Plan& plan = *part.plan;
  if (plan.outcome == itip::Outcome::Refused)
    return err(Errc::Refused,
               plan.reasons.empty() ? std::string{"refused"} : plan.reasons.front().text);
  return carry_out(judge, calendar, part, plan, lock);
}

}  // namespace

Result<void> put_own(const Judge& judge, Calendar& calendar, JudgedPart& part, const store::Lock& lock)
{
  return insist([&] { return attempt(judge, calendar, part, lock); });
}

}  // namespace imip::pipeline
