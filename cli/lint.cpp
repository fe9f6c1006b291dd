#include "pipeline/lint.hpp"

#include <ostream>

#include "base/cat.hpp"
#include "cli/judging.hpp"
#include "cli/passphrase.hpp"
#include "report/lint.hpp"

namespace imip::cli {

namespace {

class Lint {
 public:
  Lint(const LintOptions& options, const Bench& bench, Context& context)
      : options_(options), bench_(bench), context_(context), style_(style_of(context, bench.judge.policy()))
  {
  }

  ExitCode message(mime::StoredMail message)
  {
    const std::string name = message.name;
    if (!message.octets) return failed(name, message.octets.error());
    auto parts = pipeline::lint(bench_.judge, *std::move(message.octets), name);
    if (!parts) return failed(name, parts.error());
    if (!options_.input.part.empty())
      std::erase_if(*parts, [&](const auto& part) { return part.part != options_.input.part; });
    if (parts->empty())
      return failed(name, Error{Errc::NothingToJudge, cat("no calendar part ", options_.input.part), {}});
    ExitCode code = ExitCode::Ok;
    for (pipeline::LintedPart& part : *parts) code = worst(code, tell(part));
    return code;
  }

 private:
  ExitCode tell(pipeline::LintedPart& part)
  {
    if (options_.strict) part.departures.raise();
    context_.out << (options_.common.json ? report::lint_json(part) + '\n' : report::lint_text(part, style_));
    return part.departures.count(Severity::Must) > 0 ? ExitCode::Untrusted : ExitCode::Ok;
  }

  ExitCode failed(const std::string& name, Error error)
  {
    if (name != "-" && error.what.rfind(name + ":", 0) != 0) error.what = cat(name, ": ", error.what);
    if (options_.common.json) context_.out << report::no_lint_json(name, error) << '\n';
    print_error(context_, error);
    return exit_code_of(error.code);
  }

  const LintOptions& options_;
  const Bench& bench_;
  Context& context_;
  report::Style style_;
};

}  // namespace

Result<ExitCode> run(const LintOptions& options, Context& context)
{
  IMIP_CHECK(check_passphrase(options.keys, options.input.files));
  IMIP_TRY(const auto bench, set_up(options.common, options.keys, Needs::Nothing, context));
  IMIP_TRY(auto messages, Messages::open(options.input, bench.judge.policy().limits));
  Lint lint(options, bench, context);
  Progress progress(context);
  std::optional<ExitCode> overall;
  std::size_t count = 0;
  while (auto message = messages.next()) {
    progress.clear();
    const ExitCode code = lint.message(*std::move(message));
    overall = overall ? worst(*overall, code) : code;
    progress.show(++count, messages.fraction());
  }
  return overall.value_or(ExitCode::NothingJudged);
}

}  // namespace imip::cli
