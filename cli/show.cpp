#include "cli/judging.hpp"
#include "report/json.hpp"

#include <ostream>

namespace imip::cli {

Result<ExitCode> run(const ShowOptions& options, Context& context)
{
  IMIP_TRY(const auto bench, set_up(options.common, Needs::Nothing, context));
  const report::Style style = style_of(context);
  bool first = true;
  const auto each = [&](pipeline::JudgedPart& part) -> Result<ExitCode> {
    IMIP_CHECK(decide_here(bench, part));
    if (options.common.json) {
      pipeline::Applied none;
      if (part.plan) none.outcome = part.plan->outcome;
      context.out << report::apply_json(part, none, true) << '\n';
      return ExitCode::Ok;
    }
    if (!first) context.out << '\n';
    first = false;
    context.out << report::show_text(part, style);
    return ExitCode::Ok;
  };
  const auto failed = [&](const std::string&, const Error& error) { print_error(context, error); };
  IMIP_TRY(const auto code, for_each_part(bench, options.input, context, each, failed));
  // Viewers read 62 to 80 as commands of their own: 0 and 1 only.
  return code == ExitCode::Ok ? ExitCode::Ok : ExitCode::Untrusted;
}

}  // namespace imip::cli
