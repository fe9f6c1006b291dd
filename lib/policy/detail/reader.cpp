#include "policy/detail/reader.hpp"

#include <glob.h>

#include <algorithm>
#include <system_error>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"

namespace imip::policy::detail {
namespace fs = std::filesystem;

namespace {

struct GlobResult {
  glob_t found{};
  GlobResult() = default;
  GlobResult(const GlobResult&) = delete;
  GlobResult& operator=(const GlobResult&) = delete;
  ~GlobResult() { ::globfree(&found); }
};

bool is_pattern(std::string_view s)
{
  return s.find_first_of("*?[") != std::string_view::npos;
}

// The folder is a name and not a pattern, whatever characters it has.
std::string escape_pattern(std::string_view s)
{
  std::string out;
  for (const char c : s) {
    if (std::string_view{"*?[\\"}.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string list_words(const std::vector<std::string_view>& words, std::string_view last)
{
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? last : std::string_view{", "};
    out += words[i];
  }
  return out;
}

void Reading::problem(std::size_t line, std::size_t column, std::string text, std::string hint)
{
  problems.push_back({file, line, column, std::move(text), std::move(hint)});
}

void Reading::problem(const Node& at, std::string text, std::string hint)
{
  problem(at.line, at.column, std::move(text), std::move(hint));
}

std::string Reading::path_of(const Node& at)
{
  const std::string& text = at.string;
  if (text.empty() || text.find('\0') != std::string::npos) {
    problem(at, "not a path", "write the name of a file or folder");
    return {};
  }
  if (text.front() != '~') return (folder / text).lexically_normal().string();
  if (text.size() > 1 && text[1] != '/') {
    problem(at, cat("'", text, "': the home of another user is not looked up"),
            "write the whole path");
    return {};
  }
  if (home.empty()) {
    problem(at, cat("'", text, "': the home folder is not known"),
            "set HOME, or write the whole path");
    return {};
  }
  return (home / text.substr(text.size() > 1 ? 2 : 1)).lexically_normal().string();
}

bool Reading::check_private(const Node& at, const std::string& path)
{
  std::error_code failed;
  if (fs::is_directory(path, failed)) {
    problem(at, cat(path, " is a folder"), "name a file");
    return false;
  }
  const auto ok = require_private(path);
  if (!ok) problem(at, ok.error().what, ok.error().hint);
  return ok.has_value();
}

std::string Reading::deciding_file(const Node& at)
{
  std::string path = path_of(at);
  if (path.empty()) return {};
  std::error_code failed;
  if (!fs::exists(path, failed)) {
    problem(at, cat("'", at.string, "' names no file"), cat("there is no ", path));
    return {};
  }
  return check_private(at, path) ? path : std::string{};
}

std::string Reading::deciding_folder(const Node& at)
{
  std::string path = path_of(at);
  if (path.empty()) return {};
  std::error_code failed;
  if (!fs::is_directory(path, failed)) {
    problem(at, cat("'", at.string, "' is no folder"), cat("there is no folder ", path));
    return {};
  }
  const auto ok = require_private(path);
  if (!ok) problem(at, ok.error().what, ok.error().hint);
  return ok ? path : std::string{};
}

std::vector<std::string> Reading::deciding_files(const Node& at)
{
  if (!is_pattern(at.string)) {
    std::string path = deciding_file(at);
    return path.empty() ? std::vector<std::string>{} : std::vector<std::string>{std::move(path)};
  }
  if (path_of(at).empty()) return {};
  const bool in_home = at.string.front() == '~';
  const fs::path base = in_home ? home : folder;
  const std::string tail = in_home ? at.string.substr(1) : at.string;
  const std::string pattern = fs::path{tail}.is_absolute() && !in_home
                                  ? tail
                                  : cat(escape_pattern(base.string()), '/', tail);
  GlobResult result;
  const int rc = ::glob(pattern.c_str(), 0, nullptr, &result.found);
  std::vector<std::string> out;
  for (std::size_t i = 0; rc == 0 && i < result.found.gl_pathc; ++i) {
    const std::string path = fs::path{result.found.gl_pathv[i]}.lexically_normal().string();
    if (check_private(at, path)) out.push_back(path);
  }
  if (rc != 0)
    problem(at, cat("'", at.string, "' names no file"), cat("no file matches in ", base.string()));
  return out;
}

Table::Table(Reading& reading, const Node& node, std::string name)
    : reading_(reading), node_(node), name_(std::move(name))
{
}

const Node* Table::get_any(std::string_view key)
{
  known_.push_back(key);
  return node_.find(key);
}

const Node* Table::get(std::string_view key, NodeKind kind, std::string_view hint)
{
  const Node* found = get_any(key);
  if (found == nullptr || found->kind == kind) return found;
  reading_.problem(
      *found,
      cat(key, " in ", name_, " is ", kind_phrase(found->kind), ", not ", kind_phrase(kind)),
      std::string{hint});
  return nullptr;
}

const Node* Table::need(std::string_view key, NodeKind kind, std::string_view hint)
{
  if (node_.find(key) == nullptr) {
    known_.push_back(key);
    reading_.problem(node_, cat(name_, " has no ", key), std::string{hint});
    return nullptr;
  }
  return get(key, kind, hint);
}

std::optional<bool> Table::boolean(std::string_view key)
{
  const Node* found = get(key, NodeKind::Boolean);
  return found == nullptr ? std::nullopt : std::optional{found->boolean};
}

std::optional<std::int64_t> Table::integer(std::string_view key, std::int64_t min, std::int64_t max)
{
  const Node* found = get(key, NodeKind::Integer);
  if (found == nullptr) return std::nullopt;
  if (found->integer >= min && found->integer <= max) return found->integer;
  reading_.problem(*found, cat(key, " is out of range: ", found->integer),
                   cat("write a number from ", min, " to ", max));
  return std::nullopt;
}

std::optional<std::size_t> Table::choice(std::string_view key,
                                         const std::vector<std::string_view>& words,
                                         std::string_view hint)
{
  const std::string choices = cat("write ", list_words(words));
  const Node* found = get(key, NodeKind::String, choices);
  if (found == nullptr) return std::nullopt;
  const auto at = std::find(words.begin(), words.end(), found->string);
  if (at != words.end()) return static_cast<std::size_t>(at - words.begin());
  reading_.problem(*found, cat("'", found->string, "' is not a choice for ", key),
                   hint.empty() ? choices : cat(choices, "; ", hint));
  return std::nullopt;
}

std::vector<const Node*> Table::strings(std::string_view key)
{
  std::vector<const Node*> out;
  const Node* list = get(key, NodeKind::Array, R"(write ["..."])");
  if (list == nullptr) return out;
  if (list->items.empty())
    reading_.problem(*list, cat(key, " in ", name_, " is empty"),
                     "name something, or leave the key out");
  for (const Node& item : list->items) {
    if (item.kind == NodeKind::String)
      out.push_back(&item);
    else
      reading_.problem(item, cat(key, " in ", name_, " has ", kind_phrase(item.kind),
                                 " where a string should be"));
  }
  return out;
}

Result<CalAddress> one_address(const std::string& text)
{
  if (text.starts_with("*@"))
    return err(Errc::BadValue, cat("'", text, "': there is no wildcard"), "name each address in an entry of its own");
  return CalAddress::from_mailbox(text);
}

std::optional<CalAddress> Table::address_of(const Node& node)
{
  auto address = one_address(node.string);
  if (address) return *std::move(address);
  reading_.problem(node, address.error().what, address.error().hint);
  return std::nullopt;
}

std::optional<CalAddress> Table::address(std::string_view key, bool needed)
{
  constexpr std::string_view hint = R"(write "name@example.com")";
  const Node* found = needed ? need(key, NodeKind::String, hint) : get(key, NodeKind::String, hint);
  return found == nullptr ? std::nullopt : address_of(*found);
}

std::vector<CalAddress> Table::addresses(std::string_view key)
{
  std::vector<CalAddress> out;
  for (const Node* item : strings(key))
    if (auto address = address_of(*item)) out.push_back(*std::move(address));
  return out;
}

void Table::finish(const std::vector<std::string_view>& later)
{
  for (const Entry& entry : node_.entries) {
    if (std::find(known_.begin(), known_.end(), entry.key) != known_.end()) continue;
    const bool is_later = std::find(later.begin(), later.end(), entry.key) != later.end();
    reading_.problem(entry.line, entry.column,
                     is_later ? cat("this version of imip has no ", entry.key, " in ", name_)
                              : cat("unknown key ", entry.key, " in ", name_),
                     is_later ? "take it out" : cat("known here: ", list_words(known_, " and ")));
  }
}

}  // namespace imip::policy::detail
