#include "cli/judging.hpp"
#include "cli/passphrase.hpp"
#include "pipeline/conflicts.hpp"
#include "pipeline/free_busy.hpp"
#include "report/chain_text.hpp"
#include "report/json.hpp"

#include <ostream>

namespace imip::cli {

namespace {

class Show {
 public:
  Show(const ShowOptions& options, const Bench& bench, Context& context)
      : options_(options), context_(context), style_(style_of(context, bench.judge.policy()))
  {
  }

  void part(const pipeline::JudgedPart& part)
  {
    if (options_.common.json) {
      pipeline::Applied none;
      if (part.plan) none.outcome = part.plan->outcome;
      context_.out << report::apply_json(part, none, true) << '\n';
      return;
    }
    paragraph(report::show_text(part, style_));
    if (options_.chain) paragraph(report::chain_text(part, style_));
  }

  /// The next input begins; what is left to say of the one before is said now.
  void next(const pipeline::ProtectedEntities& entities)
  {
    if (entities_ && options_.chain && !options_.common.json)
      paragraph(report::other_chains_text(*entities_, style_));
    entities_ = entities;
  }

  void failed(const std::string& input, const Error& error)
  {
    if (options_.common.json)
      context_.out << report::no_verdict_json(input, error, entities_) << '\n';
    print_error(context_, error);
  }

 private:
  void paragraph(const std::string& text)
  {
    if (text.empty()) return;
    context_.out << (first_ ? "" : "\n") << text;
    first_ = false;
  }

  const ShowOptions& options_;
  Context& context_;
  report::Style style_;
  pipeline::ProtectedEntities entities_;  // of the present input
  bool first_ = true;
};

}  // namespace

Result<ExitCode> run(const ShowOptions& options, Context& context)
{
  IMIP_CHECK(check_passphrase(options.keys, options.input.files));
  IMIP_TRY(const auto bench, set_up(options.common, options.keys, Needs::Nothing, context));
  Show show(options, bench, context);
  const auto each = [&](pipeline::JudgedPart& part) -> Result<ExitCode> {
    IMIP_CHECK(decide_here(bench, part));
    const auto* calendar = bench.calendar ? &*bench.calendar : nullptr;
    pipeline::find_conflicts(bench.judge, calendar, part);
    pipeline::offer_busy_time(bench.judge, calendar, part);
    show.part(part);
    return ExitCode::Ok;
  };
  const auto failed = [&](const std::string& input, const Error& error) { show.failed(input, error); };
  const auto found = [&](const pipeline::ProtectedEntities& entities) { show.next(entities); };
  IMIP_TRY(const auto code, for_each_part(bench, options.input, context, each, failed, false, found));
  show.next({});
  // Viewers read 62 to 80 as commands of their own: 0 and 1 only.
  return code == ExitCode::Ok ? ExitCode::Ok : ExitCode::Untrusted;
}

}  // namespace imip::cli
