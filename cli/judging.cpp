#include "cli/judging.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/cat.hpp"
#include "ical/time.hpp"

namespace imip::cli {

namespace {

std::vector<std::string> inputs_of(const InputOptions& input)
{
  if (input.files.empty()) return {"-"};
  return input.files;
}

/// For a command that changes the calendar: with the state's folder even where --stateless leaves the database out,
/// because the lock is there.
Result<pipeline::Calendar> open_to_change(const CommonOptions& common, const policy::Policy& policy)
{
  CommonOptions named = common;
  if (named.state == "none") named.state.clear();
  pipeline::CalendarPlaces places;
  places.store = policy.store_path;
  places.use_state = !common.stateless;
  IMIP_TRY(places.state_dir, state_directory(named));
  places.owner = policy.owner.addresses.front().uri();
  return pipeline::Calendar::open(places, policy.limits);
}

/// For a command that only looks: what is not there yet is empty, and stays so.
Result<pipeline::Calendar> open_to_look(const CommonOptions& common, const policy::Policy& policy)
{
  pipeline::CalendarPlaces places;
  places.store = policy.store_path;
  places.use_state = false;
  if (common.state != "none" && !common.stateless) {
    IMIP_TRY(const std::string folder, state_directory(common));
    std::error_code failed;
    if (std::filesystem::exists(folder, failed)) places.state_dir = folder;
    places.use_state = state::State::exists(folder);
  }
  if (!policy.owner.addresses.empty()) places.owner = policy.owner.addresses.front().uri();
  return pipeline::Calendar::open(places, policy.limits);
}

Result<void> require_calendar(const policy::Policy& policy)
{
  if (policy.owner.addresses.empty())
    return err(Errc::Config, "whose calendar is it?",
               "say --me ADDRESS, or [me] addresses in the policy");
  if (policy.store_path.empty())
    return err(Errc::Config, "which calendar?",
               "say --store DIR (a vdir folder), or [store] path in the policy");
  return {};
}

}  // namespace

Result<Bench> set_up(const CommonOptions& common, Needs needs, Context& context)
{
  IMIP_TRY(auto policy, load_policy(common));
  std::optional<pipeline::Calendar> calendar;
  if (needs == Needs::Calendar) {
    IMIP_CHECK(require_calendar(policy));
    if (common.state == "none" && !common.stateless)
      return err(Errc::Usage, "without state an old message can undo a newer one",
                 "leave --state none out, or say --stateless too");
    if (common.stateless)
      print_error(context, Error{Errc::Usage,
                                 "notice: without state, an old message can undo a newer one, and an event "
                                 "that you deleted can come back",
                                 {}});
    IMIP_TRY(auto opened, open_to_change(common, policy));
    calendar.emplace(std::move(opened));
  } else if (!policy.store_path.empty()) {
    IMIP_TRY(auto opened, open_to_look(common, policy));
    calendar.emplace(std::move(opened));
  }
  const UtcSeconds at = common.verification_time.value_or(context.now);
  IMIP_TRY(auto judge, pipeline::Judge::create(std::move(policy), context.now, at));
  return Bench{std::move(judge), std::move(calendar)};
}

Result<void> decide_here(const Bench& bench, pipeline::JudgedPart& part)
{
  pipeline::Surroundings surroundings;
  if (bench.calendar && part.message() != nullptr) {
    IMIP_TRY(surroundings, bench.calendar->surroundings(*part.message()));
  }
  bench.judge.decide(part, std::move(surroundings));
  return {};
}

Result<ExitCode> for_each_part(const Bench& bench, const InputOptions& input, Context& context,
                               const std::function<Result<ExitCode>(pipeline::JudgedPart&)>& each,
                               const std::function<void(const std::string&, const Error&)>& failed,
                               bool stop_on_error,
                               const std::function<void(const pipeline::ProtectedEntities&)>& found)
{
  std::optional<ExitCode> overall;
  const auto add = [&](ExitCode code) { overall = overall ? worst(*overall, code) : code; };
  const auto fail = [&](const std::string& file, Error error) {
    if (file != "-" && error.what.rfind(file + ":", 0) != 0)
      error.what = cat(file, ": ", error.what);
    failed(file, error);
    add(exit_code_of(error.code));
  };
  for (const std::string& file : inputs_of(input)) {
    if (stop_on_error && overall && *overall != ExitCode::Ok) break;
    auto octets = read_input(file, bench.judge.policy().limits);
    if (!octets) {
      if (found) found({});
      fail(file, octets.error());
      continue;
    }
    pipeline::ProtectedEntities entities;
    auto parts = bench.judge.examine(std::move(*octets), file, &entities);
    if (found) found(entities);
    if (!parts) {
      fail(file, parts.error());
      continue;
    }
    bool any = false;
    for (auto& part : *parts) {
      if (!input.part.empty() && part.part != input.part) continue;
      if (stop_on_error && overall && *overall != ExitCode::Ok) break;
      any = true;
      auto code = each(part);
      if (code)
        add(*code);
      else
        fail(file, code.error());
    }
    if (!any && !input.part.empty())
      fail(file, Error{Errc::NothingToJudge, cat("no iMIP calendar part ", input.part),
                       cat("the first one is ", parts->front().part)});
  }
  static_cast<void>(context);
  return overall.value_or(ExitCode::NothingJudged);
}

void BriefLine::add(ExitCode code, std::string line)
{
  if (worst_ && worst(*worst_, code) == *worst_) return;
  worst_ = code;
  line_ = std::move(line);
}

void BriefLine::add(const Error& error)
{
  add(exit_code_of(error.code),
      error.code == Errc::NothingToJudge ? "none not-imip" : "error");
}

Result<void> check_brief(bool brief, const CommonOptions& common)
{
  if (brief && common.json)
    return err(Errc::Usage, "--brief and --json are two forms of the same answer", "choose one");
  return {};
}

ExitCode exit_code_of(policy::Verdict verdict)
{
  switch (verdict) {
    case policy::Verdict::Trusted:
      return ExitCode::Ok;
    case policy::Verdict::Ask:
      return ExitCode::Ask;
    case policy::Verdict::Untrusted:
      return ExitCode::Untrusted;
    case policy::Verdict::None:
      break;
  }
  return ExitCode::NothingJudged;
}

report::Style style_of(const Context& context)
{
  return {context.colour, ical::local_timezone()};
}

std::function<Result<bool>(const pipeline::JudgedPart&)> terminal_question(const Context& context)
{
  if (!context.err_is_terminal) return {};
  const report::Style style = style_of(context);
  return [style](const pipeline::JudgedPart& part) -> Result<bool> {
    std::fstream terminal("/dev/tty", std::ios::in | std::ios::out);
    if (!terminal) return false;
    terminal << report::show_text(part, style) << "Do it? [y/N] " << std::flush;
    std::string answer;
    std::getline(terminal, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
  };
}

}  // namespace imip::cli
