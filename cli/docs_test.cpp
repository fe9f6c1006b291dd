// The parser, the manual pages and the completions say the same; the list of reason codes and
// imip-verdict(7) do; the exit codes and imip(1) do.
#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <string>

#include "base/departure.hpp"
#include "base/limits.hpp"
#include "base/reason.hpp"
#include "cli/options.hpp"

using namespace imip;
using namespace imip::cli;

namespace {

using Names = std::set<std::string>;

std::string read(const std::string& path)
{
  std::ifstream in(IMIP_SOURCE_DIR "/" + path);
  INFO(path);
  REQUIRE(in.good());
  return {std::istreambuf_iterator<char>(in), {}};
}

// Every match's first group.
Names matches(const std::string& text, const std::string& pattern)
{
  Names out;
  const std::regex regex(pattern);
  for (std::sregex_iterator it(text.begin(), text.end(), regex), end; it != end; ++it)
    out.insert((*it)[1].str());
  return out;
}

// Page, and all options that the parser has for it. "policy allow" and the like share one.
std::map<std::string, Names> options_by_page()
{
  std::map<std::string, Names> out;
  for (const auto& [command, names] : all_options())
    out["man/imip-" + command.substr(0, command.find(' ')) + ".1"].insert(names.begin(),
                                                                          names.end());
  return out;
}

// ".It Fl -uid Ar UID", ".It Fl v , Fl -verbose"
Names documented_options(const std::string& page)
{
  Names out;
  const std::regex item("\\n\\.It Fl ([^\\n]*)");
  for (std::sregex_iterator it(page.begin(), page.end(), item), end; it != end; ++it) {
    const std::string line = "Fl " + (*it)[1].str();
    for (const std::string& name : matches(line, "Fl (-?[a-z-]+)")) out.insert("-" + name);
  }
  return out;
}

// The options a shell's completion file offers for a command.
Names bash_options(const std::string& file, const std::string& command)
{
  const std::smatch none;
  std::smatch found;
  REQUIRE(
      std::regex_search(file, found, std::regex("\"" + command + "\"\\)\\s+options=\"([^\"]*)\"")));
  return matches(found[1].str(), "(--?[a-z-]+)");
}

Names zsh_options(const std::string& file, const std::string& command)
{
  const std::size_t from = file.find("(\"" + command + "\")");
  REQUIRE(from != std::string::npos);
  const std::string part = file.substr(from, file.find(";;", from) - from);
  Names out = matches(part, "\\n\\s+'\\*?(--[a-z-]+)");
  for (const std::string& both : matches(part, "'\\{([^}]*)\\}'"))
    for (const std::string& name : matches(both, "(--?[a-z-]+)")) out.insert(name);
  return out;
}

Names fish_options(const std::string& file, const std::string& command)
{
  Names out;
  const std::regex line("'__imip_is " + command + "'([^\\n]*)");
  for (std::sregex_iterator it(file.begin(), file.end(), line), end; it != end; ++it) {
    for (const std::string& name : matches((*it)[1].str(), " -l ([a-z-]+)"))
      out.insert("--" + name);
    for (const std::string& name : matches((*it)[1].str(), " -s ([a-z])")) out.insert("-" + name);
  }
  return out;
}

}  // namespace

TEST_CASE("every option of the parser is in its manual page, and no other is")
{
  for (const auto& [page, names] : options_by_page()) {
    INFO(page);
    CHECK(documented_options(read(page)) == names);
  }
}

TEST_CASE("every option of the parser is in the completions, and no other is")
{
  const std::string bash = read("completions/imip.bash");
  const std::string zsh = read("completions/_imip");
  const std::string fish = read("completions/imip.fish");
  for (const auto& [command, list] : all_options()) {
    INFO(command);
    const Names names(list.begin(), list.end());
    CHECK(bash_options(bash, command) == names);
    CHECK(zsh_options(zsh, command) == names);
    CHECK(fish_options(fish, command) == names);
  }
}

TEST_CASE("every command is in imip(1) and in the completions")
{
  const std::string page = read("man/imip.1");
  for (const auto& [command, list] : all_options()) {
    const std::string first = command.substr(0, command.find(' '));
    INFO(first);
    CHECK(page.find("Cm " + first) != std::string::npos);
    CHECK(page.find("imip-" + first + " 1") != std::string::npos);
    for (const char* file : {"imip.bash", "_imip", "imip.fish"})
      CHECK(read(std::string("completions/") + file).find(first) != std::string::npos);
  }
}

TEST_CASE("every reason code is explained in imip-verdict(7), and no other is")
{
  const std::string page = read("man/imip-verdict.7");
  const Names codes(all_code_words().begin(), all_code_words().end());
  Names documented = matches(page.substr(page.find(".Ss ")), "\\n\\.It Cm ([a-z-]+)");
  CHECK(documented == codes);
}

TEST_CASE("every rule of lint is explained in imip-lint(1), and no other is")
{
  const std::string page = read("man/imip-lint.1");
  const std::string rules = page.substr(page.find(".Sh RULES"), page.find(".Sh FILES") - page.find(".Sh RULES"));
  CHECK(matches(rules, "\\n\\.It Cm ([a-z0-9-]+)") == Names(all_rule_words().begin(), all_rule_words().end()));
}

TEST_CASE("each page's exit codes are among those of imip(1), and mean the same")
{
  const auto table = [](const std::string& page) {
    std::map<std::string, std::string> out;
    const std::size_t from = page.find(".Sh EXIT STATUS");
    const std::string part = page.substr(from, page.find(".El", from) - from);
    const std::regex row("\\.It (\\d+)\\n([^.]*)\\.");
    for (std::sregex_iterator it(part.begin(), part.end(), row), end; it != end; ++it)
      out[(*it)[1].str()] = (*it)[2].str();
    return out;
  };
  const auto all = table(read("man/imip.1"));
  Names codes;
  for (const auto& [code, meaning] : all) codes.insert(code);
  CHECK(codes ==
        Names{"0", "1", "2", "3", "64", "65", "66", "69", "70", "73", "74", "75", "77", "78"});
  for (const auto& [page, names] : options_by_page()) {
    const auto own = table(read(page));
    INFO(page);
    CHECK(own.size() >= 2);
    for (const auto& [code, meaning] : own) CHECK(all.count(code) == 1);
  }
}

TEST_CASE("every key of [limits] is in imip-policy(5)")
{
  const std::string header = read("lib/base/limits.hpp");
  const std::string page = read("man/imip-policy.5");
  for (std::string key : matches(header, "\\n  std::[a-z0-9_]+ ([a-z_]+) =")) {
    std::replace(key.begin(), key.end(), '_', '-');
    INFO(key);
    CHECK(page.find(key) != std::string::npos);
  }
}
