#include "cli/judging.hpp"
#include "cli/passphrase.hpp"
#include "report/json.hpp"

#include <ostream>

namespace imip::cli {

Result<ExitCode> explain(const PolicyOptions& options, Context& context)
{
  IMIP_CHECK(check_passphrase(options.keys, options.input.files));
  IMIP_TRY(const auto bench, set_up(options.common, options.keys, Needs::Nothing, context));
  const report::Style style = style_of(context, bench.judge.policy());
  const auto each = [&](pipeline::JudgedPart& part) -> Result<ExitCode> {
    IMIP_CHECK(decide_here(bench, part));
    context.out << (options.common.json ? report::verdict_json(part) + "\n"
                                        : report::explain_text(part, style));
    return exit_code_of(part.decision.verdict);
  };
  const auto failed = [&](const std::string& input, const Error& error) {
    if (options.common.json) context.out << report::no_verdict_json(input, error) << '\n';
    print_error(context, error);
  };
  return for_each_part(bench, options.input, context, each, failed);
}

}  // namespace imip::cli
