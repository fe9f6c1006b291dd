#include <ostream>

#include "cli/in_order.hpp"
#include "cli/judging.hpp"
#include "cli/passphrase.hpp"
#include "report/json.hpp"

namespace imip::cli {

namespace {

// What is to be said of one calendar part, or of a message that has none that can be judged.
struct Finding {
  ExitCode code = ExitCode::NothingJudged;
  std::string text;            // for standard output, or the one line of --brief
  std::optional<Error> error;  // for standard error
  std::string notice{};        // the same
};
using Findings = std::vector<Finding>;

Finding failed(const VerifyOptions& options, const std::string& name, Error error)
{
  Finding out;
  out.code = exit_code_of(error.code);
  if (options.common.json) out.text = report::no_verdict_json(name, error) + '\n';
  out.error = std::move(error);
  return out;
}

Finding judged(const VerifyOptions& options, const Bench& bench, pipeline::JudgedPart& part,
               const report::Style& style)
{
  if (auto decided = decide_verdict(bench, part); !decided)
    return failed(options, part.input, decided.error());
  Finding out;
  out.code = exit_code_of(part.decision.verdict);
  if (options.brief)
    out.text = report::brief_verdict(part);
  else if (options.common.json)
    out.text = report::verdict_json(part) + '\n';
  else
    out.text = report::verdict_text(part, style);
  return out;
}

Findings judge_message(const VerifyOptions& options, const Bench& bench,
                       mime::StoredMail message, const report::Style& style)
{
  const std::string name = message.name;
  std::string hint = mbox_hint(options.input, message);
  auto parts = examine(bench, std::move(message), options.input.part);
  Findings out;
  if (!parts)
    out.push_back(failed(options, name, parts.error()));
  else
    for (pipeline::JudgedPart& part : *parts) out.push_back(judged(options, bench, part, style));
  out.front().notice = std::move(hint);  // examine() gives at least one part
  return out;
}

// Prints in the order in which the messages came, and keeps the worst.
class Printer {
 public:
  Printer(const VerifyOptions& options, Context& context, const Messages& messages)
      : options_(options), context_(context), messages_(messages), progress_(context)
  {
  }

  void add(const Findings& findings)
  {
    progress_.clear();
    for (const Finding& finding : findings) {
      if (!finding.notice.empty()) notice(context_, finding.notice);
      worst_ = worst_ ? worst(*worst_, finding.code) : finding.code;
      if (!options_.brief)
        context_.out << finding.text;
      else if (finding.error)
        brief_.add(*finding.error);
      else
        brief_.add(finding.code, finding.text);
      if (finding.error) print_error(context_, *finding.error);
    }
    progress_.show(++count_, messages_.fraction());
  }

  ExitCode finish()
  {
    progress_.clear();
    if (!options_.brief) return worst_.value_or(ExitCode::NothingJudged);
    context_.out << brief_.line() << '\n';
    return ExitCode::Ok;
  }

 private:
  const VerifyOptions& options_;
  Context& context_;
  const Messages& messages_;
  Progress progress_;
  BriefLine brief_;
  std::optional<ExitCode> worst_;
  std::size_t count_ = 0;
};

}  // namespace

Result<ExitCode> run(const VerifyOptions& options, Context& context)
{
  IMIP_CHECK(check_brief(options.brief, options.common));
  IMIP_CHECK(check_passphrase(options.keys, options.input.files));
  IMIP_TRY(const auto benches, set_up_many(options.common, options.keys, options.jobs, context));
  IMIP_TRY(auto messages, Messages::open(options.input, benches.front().judge.policy().limits));
  const report::Style style = style_of(context, benches.front().judge.policy());
  Printer printer(options, context, messages);
  if (benches.size() == 1) {
    while (auto message = messages.next())
      printer.add(judge_message(options, benches.front(), *std::move(message), style));
    return printer.finish();
  }
  using Workers = InOrder<mime::StoredMail, Findings>;
  std::vector<Workers::Worker> workers;
  for (const Bench& bench : benches)
    workers.emplace_back([&](mime::StoredMail message) {
      return judge_message(options, bench, std::move(message), style);
    });
  Workers(std::move(workers))
      .run([&] { return messages.next(); }, [&](const Findings& findings) { printer.add(findings); });
  return printer.finish();
}

}  // namespace imip::cli
