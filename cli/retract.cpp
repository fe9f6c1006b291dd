#include <algorithm>
#include <ostream>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "cli/judging.hpp"
#include "pipeline/retract.hpp"
#include "report/json.hpp"
#include "report/text.hpp"

namespace imip::cli {

namespace {

constexpr std::size_t fewest_digits = 8;
constexpr std::size_t sha256_digits = 64;

/// As in a header field, or bare.
std::string without_brackets(const std::string& id)
{
  const bool bracketed = id.size() > 2 && id.front() == '<' && id.back() == '>';
  return bracketed ? id.substr(1, id.size() - 2) : id;
}

Result<pipeline::RetractRequest> request_of(const RetractOptions& options)
{
  pipeline::RetractRequest request;
  request.message_id = without_brackets(options.message_id);
  request.digest = text::ascii_lower(options.digest);
  request.yes = options.yes;
  request.dry_run = options.dry_run;
  if (request.message_id.empty() && request.digest.empty())
    return err(Errc::Usage, "which message?", "give its Message-ID, or --digest");
  const bool hex = request.digest.find_first_not_of("0123456789abcdef") == std::string::npos;
  if (!options.digest.empty() && (!hex || request.digest.size() < fewest_digits ||
                                  request.digest.size() > sha256_digits))
    return err(Errc::Usage, cat("--digest ", options.digest, ": not 8 to 64 hexadecimal digits"),
               "imip verify --json says the part_sha256 of a mail");
  return request;
}

ExitCode exit_code_of(pipeline::RetractOutcome outcome)
{
  switch (outcome) {
    case pipeline::RetractOutcome::Retracted:
    case pipeline::RetractOutcome::Unseen:
    case pipeline::RetractOutcome::Dropped:
    case pipeline::RetractOutcome::Already:
      return ExitCode::Ok;
    case pipeline::RetractOutcome::Ask:
      return ExitCode::Ask;
    case pipeline::RetractOutcome::Refused:
    case pipeline::RetractOutcome::None:
      break;
  }
  return ExitCode::Untrusted;
}

/// What waits may find its place in what the event is now.
Result<void> take_up_held(const RetractOptions& options, const pipeline::Calendar& calendar,
                          const std::vector<pipeline::Retracted>& all, Context& context)
{
  std::optional<Bench> bench;  // only where something waits is there anything to judge
  for (const pipeline::Retracted& one : all) {
    const itip::Plan& plan = one.plan.plan;
    if (one.outcome != pipeline::RetractOutcome::Retracted &&
        one.outcome != pipeline::RetractOutcome::Unseen)
      continue;
    IMIP_TRY(const auto held, calendar.held(plan));
    if (held.empty()) continue;
    if (!bench) {
      IMIP_TRY(auto made, set_up(options.common, {}, Needs::Calendar, context));
      bench.emplace(std::move(made));
    }
    IMIP_TRY(const auto waited, pipeline::take_up_held(bench->judge, *bench->calendar, plan));
    tell_taken_up(waited, context);
  }
  return {};
}

}  // namespace

Result<ExitCode> run(const RetractOptions& options, Context& context)
{
  IMIP_TRY(const auto request, request_of(options));
  IMIP_TRY(auto own, open_own_calendar(options.common));
  IMIP_TRY(const auto all, pipeline::retract(own.calendar, own.policy, request, context.now));
  ExitCode overall = ExitCode::Ok;
  for (const pipeline::Retracted& one : all) overall = worst(overall, exit_code_of(one.outcome));
  // where one object is not undone none is
  const bool only_said = request.dry_run || overall != ExitCode::Ok;
  for (const pipeline::Retracted& one : all) {
    if (options.common.json)
      context.out << report::retract_json(one, only_said) << '\n';
    else
      context.out << report::retract_text(one, only_said);
  }
  if (!only_said) IMIP_CHECK(take_up_held(options, own.calendar, all, context));
  return overall;
}

}  // namespace imip::cli
