#include "cli/judging.hpp"
#include "report/json.hpp"

#include <ostream>

namespace imip::cli {

Result<ExitCode> run(const VerifyOptions& options, Context& context)
{
  IMIP_CHECK(check_brief(options.brief, options.common));
  IMIP_TRY(const auto bench, set_up(options.common, Needs::Nothing, context));
  const report::Style style = style_of(context);
  BriefLine brief;
  const auto each = [&](pipeline::JudgedPart& part) -> Result<ExitCode> {
    IMIP_CHECK(decide_here(bench, part));
    if (options.brief)
      brief.add(exit_code_of(part.decision.verdict), report::brief_verdict(part));
    else if (options.common.json)
      context.out << report::verdict_json(part) << '\n';
    else
      context.out << report::verdict_text(part, style);
    return exit_code_of(part.decision.verdict);
  };
  const auto failed = [&](const std::string& input, const Error& error) {
    if (options.brief)
      brief.add(error);
    else if (options.common.json)
      context.out << report::no_verdict_json(input, error) << '\n';
    print_error(context, error);
  };
  IMIP_TRY(const auto code, for_each_part(bench, options.input, context, each, failed));
  if (!options.brief) return code;
  context.out << brief.line() << '\n';
  return ExitCode::Ok;
}

}  // namespace imip::cli
