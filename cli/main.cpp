/// @file Parse, run, report, exit.
#include <exception>
#include <iostream>
#include <new>
#include <variant>

#include "cli/command.hpp"
#include "cli/options.hpp"

namespace {

using namespace imip::cli;

int run_program(int argc, const char* const* argv)
{
  const Parsed parsed = parse_command_line(argc, argv);
  if (!parsed.options) return print_text(parsed);
  Context context = make_context(*parsed.options, parsed.command);
  const auto code = std::visit([&](const auto& o) { return run(o, context); }, *parsed.options);
  if (!code) print_error(context, code.error());
  return finish(context, code ? *code : exit_code_of(code.error().code));
}

}  // namespace

int main(int argc, char** argv)
{
  try {
    guard_descriptors();
    return run_program(argc, argv);
  } catch (const std::bad_alloc&) {
    std::cerr << "imip: out of memory\n";
  } catch (const std::exception& e) {
    std::cerr << "imip: internal error: " << e.what() << '\n';
  }
  return static_cast<int>(ExitCode::Software);
}
