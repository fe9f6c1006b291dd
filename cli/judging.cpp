#include "cli/judging.hpp"

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iostream>

#include "base/cat.hpp"
#include "cli/passphrase.hpp"
#include "pipeline/conflicts.hpp"

namespace imip::cli {

namespace {

/// --identity as an entry of the policy that has no address.
Result<void> take_keys(const KeyOptions& keys, policy::Policy& policy)
{
  take_passphrases(keys, policy);
  if (keys.identity.empty()) return {};
  policy.identities.clear();
  for (const std::string& word : keys.identity) {
    IMIP_TRY(policy::Identity identity, identity_of_flag(word, keys));
    IMIP_CHECK(crypto::SigningIdentity::inspect({.certificate = identity.certificate,
                                                 .key = identity.key,
                                                 .pkcs12 = identity.pkcs12,
                                                 .pkcs11 = identity.pkcs11}));
    policy.identities.push_back(std::move(identity));
  }
  return {};
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

/// The first look at a large calendar takes long.
void show_indexing(const pipeline::Calendar& calendar, const Context& context)
{
  const auto bar = std::make_shared<Progress>(context);
  calendar.on_indexing([bar](std::size_t done, std::size_t total) {
    bar->show(done, static_cast<double>(done) / static_cast<double>(total), "events read");
    if (done == total) bar->clear();
  });
}

Result<void> require_calendar(const policy::Policy& policy)
{
  if (policy.owner.addresses.empty())
    return err(Errc::Config, "whose calendar is it?",
               "say --me ADDRESS, or [me] addresses in the policy");
  if (policy.store_path.empty())
    return err(Errc::Config, "which calendar?",
               "say --store PATH (a vdir folder, or one .ics file), or [store] path in the policy");
  return {};
}

}  // namespace

Result<Bench> set_up(const CommonOptions& common, const KeyOptions& keys, Needs needs,
                     Context& context)
{
  if (needs == Needs::Nothing) {
    IMIP_TRY(auto benches, set_up_many(common, keys, 1, context));
    return std::move(benches.front());
  }
  IMIP_TRY(auto policy, load_policy(common));
  IMIP_CHECK(take_keys(keys, policy));
  IMIP_CHECK(require_calendar(policy));
  if (common.state == "none" && !common.stateless)
    return err(Errc::Usage, "without state an old message can undo a newer one",
               "leave --state none out, or say --stateless too");
  if (common.stateless)
    print_error(context, Error{Errc::Usage,
                               "notice: without state, an old message can undo a newer one, and an event "
                               "that you deleted can come back",
                               {}});
  IMIP_TRY(auto calendar, open_to_change(common, policy));
  show_indexing(calendar, context);
  const UtcSeconds at = common.verification_time.value_or(context.now);
  const auto passphrases = [&](const policy::Identity& identity) {
    return passphrase_source(keys, &identity);
  };
  IMIP_TRY(auto judge, pipeline::Judge::create(std::move(policy), context.now, at, passphrases));
  return Bench{std::move(judge), std::move(calendar)};
}

Result<OwnCalendar> open_own_calendar(const CommonOptions& common)
{
  if (common.state == "none")
    return err(Errc::Usage, "--state none: what a message changed is in the state", "leave it out");
  IMIP_TRY(auto policy, load_policy(common));
  IMIP_CHECK(require_calendar(policy));
  IMIP_TRY(auto calendar, open_to_change(common, policy));
  return OwnCalendar{std::move(policy), std::move(calendar)};
}

Result<std::vector<Bench>> set_up_many(const CommonOptions& common, const KeyOptions& keys,
                                       std::size_t how_many, Context& context)
{
  IMIP_TRY(auto policy, load_policy(common));
  IMIP_CHECK(take_keys(keys, policy));
  const UtcSeconds at = common.verification_time.value_or(context.now);
  // made once, so that all benches share what they remember
  std::vector<crypto::PassphraseSource> sources;
  for (const policy::Identity& identity : policy.identities)
    sources.push_back(passphrase_source(keys, &identity));
  std::vector<Bench> benches;
  for (std::size_t i = 0; i < how_many; ++i) {
    std::optional<pipeline::Calendar> calendar;
    if (!policy.store_path.empty()) {
      IMIP_TRY(auto opened, open_to_look(common, policy));
      show_indexing(opened, context);
      calendar.emplace(std::move(opened));
    }
    std::size_t next = 0;
    const auto same = [&](const policy::Identity&) { return sources[next++]; };
    IMIP_TRY(auto judge, pipeline::Judge::create(policy, context.now, at, same));
    benches.push_back(Bench{std::move(judge), std::move(calendar)});
  }
  return benches;
}

namespace {

Result<pipeline::Surroundings> surroundings_of(const Bench& bench, const pipeline::JudgedPart& part)
{
  if (!bench.calendar || part.message() == nullptr) return pipeline::Surroundings{};
  return bench.calendar->surroundings(*part.message());
}

}  // namespace

void tell_taken_up(const std::vector<pipeline::TakenUp>& waited, Context& context)
{
  for (const pipeline::TakenUp& one : waited)
    notice(context, cat("a ", itip::method_word(one.part.message()->method),
                        " that waited for this event: ", itip::outcome_word(one.applied.outcome)));
}

Result<void> decide_here(const Bench& bench, pipeline::JudgedPart& part)
{
  IMIP_TRY(auto surroundings, surroundings_of(bench, part));
  bench.judge.decide(part, std::move(surroundings));
  return {};
}

Result<void> decide_verdict(const Bench& bench, pipeline::JudgedPart& part)
{
  IMIP_TRY(auto surroundings, surroundings_of(bench, part));
  bench.judge.decide_only(part, std::move(surroundings));
  return {};
}

Result<std::vector<pipeline::JudgedPart>> examine(const Bench& bench, mime::StoredMail message,
                                                  const std::string& part,
                                                  pipeline::ProtectedEntities* entities)
{
  const auto named = [&](Error error) {
    if (message.name != "-" && error.what.rfind(message.name + ":", 0) != 0)
      error.what = cat(message.name, ": ", error.what);
    return tl::unexpected(std::move(error));
  };
  if (!message.octets) return named(message.octets.error());
  // what waits for something else is kept as it came
  const auto mail = bench.calendar ? std::make_shared<const std::string>(*message.octets) : nullptr;
  auto parts = bench.judge.examine(*std::move(message.octets), message.name, entities);
  if (!parts) return named(parts.error());
  for (pipeline::JudgedPart& found : *parts) found.mail = mail;
  if (part.empty()) return parts;
  const std::string first = parts->front().part;
  std::vector<pipeline::JudgedPart> wanted;
  for (pipeline::JudgedPart& found : *parts)
    if (found.part == part) wanted.push_back(std::move(found));
  if (wanted.empty())
    return named(Error{Errc::NothingToJudge, cat("no iMIP calendar part ", part),
                       cat("the first one is ", first)});
  return wanted;
}

std::string mbox_hint(const InputOptions& input, const mime::StoredMail& message)
{
  if (input.kind != InputKind::Auto || message.name == "-" || !message.octets ||
      !mime::holds_more_mails(*message.octets))
    return {};
  return cat(message.name, ": read as one mail, but it has more From_ lines: for each mail in it give "
                           "--input-kind mbox");
}

Result<ExitCode> for_each_part(const Bench& bench, const InputOptions& input, Context& context,
                               const std::function<Result<ExitCode>(pipeline::JudgedPart&)>& each,
                               const std::function<void(const std::string&, const Error&)>& failed,
                               bool stop_on_error,
                               const std::function<void(const pipeline::ProtectedEntities&)>& found)
{
  std::optional<ExitCode> overall;
  const auto add = [&](ExitCode code) { overall = overall ? worst(*overall, code) : code; };
  const auto fail = [&](const std::string& name, Error error) {
    if (name != "-" && error.what.rfind(name + ":", 0) != 0) error.what = cat(name, ": ", error.what);
    failed(name, error);
    add(exit_code_of(error.code));
  };
  const auto stopped = [&] { return stop_on_error && overall && *overall != ExitCode::Ok; };
  IMIP_TRY(auto messages, Messages::open(input, bench.judge.policy().limits));
  Progress progress(context);
  std::size_t count = 0;
  while (!stopped()) {
    auto message = messages.next();
    if (!message) break;
    const std::string name = message->name;
    const std::string hint = mbox_hint(input, *message);
    pipeline::ProtectedEntities entities;
    auto parts = examine(bench, *std::move(message), input.part, &entities);
    progress.clear();
    if (!hint.empty()) notice(context, hint);
    if (found) found(entities);
    if (!parts) {
      fail(name, parts.error());
    } else {
      for (auto& part : *parts) {
        if (stopped()) break;
        auto code = each(part);
        if (code)
          add(*code);
        else
          fail(name, code.error());
      }
    }
    progress.show(++count, messages.fraction());
  }
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
  const bool none = error.code == Errc::NothingToJudge;
  const Code reason = none && error.reason == Code::None ? Code::NotIMip : error.reason;
  add(exit_code_of(error.code),
      cat(none ? "none" : "error", reason == Code::None ? "" : " ", reason == Code::None ? "" : code_word(reason)));
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

report::Style style_of(const Context& context, const policy::Policy& policy)
{
  return {context.colour, context.out_is_terminal ? context.columns : 0, pipeline::zone_of(policy)};
}

pipeline::Consent consent_of(const std::optional<std::vector<std::string>>& yes, const Context& context,
                             const policy::Policy& policy)
{
  pipeline::Consent consent;
  if (yes) {
    consent.everything = yes->empty();
    consent.reasons = *yes;
  } else if (context.err_is_terminal) {
    consent.ask = [style = style_of(context, policy)](const pipeline::JudgedPart& part) -> Result<bool> {
      std::fstream terminal("/dev/tty", std::ios::in | std::ios::out);
      if (!terminal) return false;
      terminal << report::show_text(part, style) << "Do it? [y/N] " << std::flush;
      std::string answer;
      std::getline(terminal, answer);
      return answer == "y" || answer == "Y" || answer == "yes";
    };
  }
  return consent;
}

}  // namespace imip::cli
