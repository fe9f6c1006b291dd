// Which command is meant, help, completions, and what to say about words that are none.
#include "cli/command_line.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "cli/completion_files.hpp"

namespace imip::cli {

namespace {

constexpr std::array shells = {"bash", "zsh", "fish"};

constexpr std::string_view overview = R"(Usage: imip COMMAND [OPTION...] [ARGUMENT...]

  build METHOD      make an iTIP message, as mail or as bare iCalendar
  sign              sign the calendar mail on standard input, and encrypt it
  verify            who signed each text/calendar part, and may they do what it asks
  apply             verify, then change the calendar
  show              the message for a person
  lint              departures from RFC 5545, 5546 and 6047, each with its section
  reply ANSWER      answer a received message: accept, tentative, decline, delegate, counter, refresh
  policy ACTION     the local trust policy: check, allow, revoke, list, explain
  completion SHELL  print completions for bash, zsh, fish
  help [COMMAND]    this text, or the options of a command

'imip COMMAND --help' shows the options of a command; imip(1) tells the rest.
)";

std::size_t distance(std::string_view a, std::string_view b)
{
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t above = row[j + 1];
      row[j + 1] = std::min({above + 1, row[j] + 1, diagonal + (a[i] == b[j] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row.back();
}

std::string nearest(const std::string& word, const std::vector<std::string>& known)
{
  std::string best;
  std::size_t least = 1 + std::max<std::size_t>(1, word.size() / 3);
  for (const std::string& candidate : known) {
    const bool beginning = word.size() > 2 && candidate.starts_with(word);
    const std::size_t d = beginning ? 0 : distance(word, candidate);
    if (d < least) {
      least = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace

Parsed usage_error(std::string_view command, std::string_view what)
{
  const std::string program = command.empty() ? "imip" : cat("imip ", command);
  Parsed parsed;
  parsed.text =
      text::for_terminal(cat(program, ": ", what, " (try '", program, " --help')")) + "\n";
  parsed.to_stderr = true;
  parsed.exit_code = 64;
  parsed.command = command;
  return parsed;
}

Parsed print(std::string_view what)
{
  Parsed parsed;
  parsed.text = what;
  return parsed;
}

std::string unknown(std::string_view kind, const std::string& word,
                    const std::vector<std::string>& known)
{
  const std::string best = nearest(word, known);
  std::string what = cat("unknown ", kind, " '", word, '\'');
  if (!best.empty()) what += cat(", did you mean '", best, "'?");
  return what;
}

namespace {

std::vector<std::string> known_words(std::string_view prefix)
{
  std::set<std::string> words;
  for (const CommandInfo& c : command_infos())
    if (c.name.starts_with(prefix)) {
      const std::string rest(c.name.substr(prefix.size()));
      words.insert(rest.substr(0, rest.find(' ')));
    }
  if (prefix.empty()) words.insert({"completion", "help"});
  return {words.begin(), words.end()};
}

Parsed policy_overview()
{
  std::string out = "Usage: imip policy ACTION [OPTION...] [ARGUMENT...]\n\n";
  for (const CommandInfo& c : command_infos())
    if (c.name.starts_with("policy ")) {
      std::string name(c.name.substr(7));
      name.resize(10, ' ');
      out += cat("  ", name, c.summary, '\n');
    }
  return print(out);
}

Parsed completion(const std::vector<std::string>& words)
{
  if (words.empty()) return usage_error("completion", "SHELL is missing: bash, zsh or fish");
  const std::string& shell = words.front();
  if (shell == "-h" || shell == "--help")
    return print("Usage: imip completion bash|zsh|fish\n\nPrints the completions of that shell.\n");
  if (words.size() > 1)
    return usage_error("completion", cat("unexpected argument '", words[1], '\''));
  if (shell == shells[0]) return print(completion_bash);
  if (shell == shells[1]) return print(completion_zsh);
  if (shell == shells[2]) return print(completion_fish);
  return usage_error("completion",
                     cat('\'', shell, "' is not one of the choices: bash, zsh or fish"));
}

Parsed dispatch(std::vector<std::string> words);

Parsed help(std::vector<std::string> words)
{
  if (words.empty()) return print(overview);
  words.emplace_back("--help");
  return dispatch(std::move(words));
}

Parsed dispatch(std::vector<std::string> words)
{
  const auto shift = [&words] {
    std::string first = std::move(words.front());
    words.erase(words.begin());
    return first;
  };
  std::string name = shift();
  if (name == "help") return help(std::move(words));
  if (name == "completion") return completion(words);
  if (name == "policy") {
    if (words.empty())
      return usage_error("policy", "ACTION is missing: check, allow, revoke, list or explain");
    if (words.front() == "--help" || words.front() == "-h") return policy_overview();
    name += cat(' ', shift());
  }
  const auto infos = command_infos();
  if (std::any_of(infos.begin(), infos.end(), [&](const CommandInfo& c) { return c.name == name; }))
    return parse_command(name, words);
  if (name.starts_with("policy "))
    return usage_error("policy", unknown("action", name.substr(7), known_words("policy ")));
  if (name.starts_with("-"))
    return usage_error({}, cat("unknown option '", name, "' before the command"));
  return usage_error({}, unknown("command", name, known_words("")));
}

}  // namespace

Parsed parse_command_line(int argc, const char* const* argv)
{
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  if (words.empty()) {
    Parsed parsed = usage_error({}, "a command is missing");
    return parsed;
  }
  if (words.front() == "--version") return print("imip " IMIP_VERSION "\n");
  if (words.front() == "--help" || words.front() == "-h") return print(overview);
  return dispatch(words);
}

}  // namespace imip::cli
