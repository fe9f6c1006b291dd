#include "policy/detail/document.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace imip::policy::detail {
namespace {
struct TomlFault : std::logic_error {
  using std::logic_error::logic_error;
};
// Of "[=" or "2027-06-30Tx" toml++ 3.3 asserts that nobody writes it, and without assertions tells
// the compiler so, before its next lines would have called it a mistake. So: what fails an
// assertion is never taken. It is read once more without those about the current character (which
// guard no memory) for the place and the words.
thread_local bool only_for_words = false;

void toml_fault(std::string_view what)
{
  if (only_for_words && what.find("*cp") != std::string_view::npos) return;
  throw TomlFault{std::string{what}};
}

constexpr void toml_check(bool holds, std::string_view what)
{
  if (!holds) toml_fault(what);
}
}  // namespace
}  // namespace imip::policy::detail

#define TOML_EXCEPTIONS 0
#define TOML_ENABLE_FORMATTERS 0
#define TOML_HEADER_ONLY 1  // this is its only user: no shared library to load at every start
#include <toml++/impl/preprocessor.h>
#undef TOML_ASSERT
#undef TOML_ASSERT_ASSUME
#define TOML_ASSERT(expr) ::imip::policy::detail::toml_check(static_cast<bool>(expr), #expr)
#define TOML_ASSERT_ASSUME(expr) TOML_ASSERT(expr)
#include <toml++/toml.h>

namespace imip::policy::detail {
namespace {

std::chrono::sys_days days_of(const toml::date& d)
{
  return std::chrono::year_month_day{std::chrono::year{d.year}, std::chrono::month{d.month},
                                     std::chrono::day{d.day}};
}

UtcSeconds instant_of(const toml::date_time& t)
{
  return days_of(t.date) + std::chrono::hours{t.time.hour} + std::chrono::minutes{t.time.minute} +
         std::chrono::seconds{t.time.second} - std::chrono::minutes{t.offset->minutes};
}

void set_scalar(Node& out, const toml::node& node)
{
  if (const auto* s = node.as_string()) {
    out.kind = NodeKind::String;
    out.string = s->get();
  } else if (const auto* i = node.as_integer()) {
    out.kind = NodeKind::Integer;
    out.integer = i->get();
  } else if (node.is_floating_point()) {
    out.kind = NodeKind::Float;
  } else if (const auto* b = node.as_boolean()) {
    out.kind = NodeKind::Boolean;
    out.boolean = b->get();
  } else if (const auto* d = node.as_date()) {
    out.kind = NodeKind::Date;
    out.instant = days_of(d->get());
  } else if (const auto* t = node.as_date_time(); t != nullptr && t->get().offset) {
    out.kind = NodeKind::Instant;
    out.instant = instant_of(t->get());
  } else {
    out.kind = NodeKind::FloatingTime;
  }
}

// toml++ bounds the depth (TOML_MAX_NESTED_VALUES), so recursion is bounded too.
Node convert(const toml::node& node)
{
  Node out;
  out.line = node.source().begin.line;
  out.column = node.source().begin.column;
  out.last_line = std::max(out.line, static_cast<std::size_t>(node.source().end.line));
  if (const auto* array = node.as_array()) {
    out.kind = NodeKind::Array;
    for (const toml::node& item : *array) out.items.push_back(convert(item));
    for (const Node& item : out.items) out.last_line = std::max(out.last_line, item.last_line);
  } else if (const auto* table = node.as_table()) {
    out.kind = NodeKind::Table;
    out.is_inline = table->is_inline();
    for (const auto& [key, value] : *table) {
      out.entries.push_back({std::string{key.str()}, key.source().begin.line,
                             key.source().begin.column, convert(value)});
      out.last_line = std::max(out.last_line, out.entries.back().value.last_line);
    }
  } else {
    set_scalar(out, node);
  }
  return out;
}

Document parse_toml(std::string_view text)
{
  Document out;
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    const auto& place = parsed.error().source().begin;
    out.problem = Problem{"", place.line, place.column,
                          "not TOML: " + std::string{parsed.error().description()}, ""};
    return out;
  }
  out.root = convert(parsed.table());
  return out;
}

}  // namespace

std::string_view kind_phrase(NodeKind kind)
{
  switch (kind) {
    case NodeKind::None:
      return "nothing";
    case NodeKind::String:
      return "a string";
    case NodeKind::Integer:
      return "a whole number";
    case NodeKind::Float:
      return "a fraction";
    case NodeKind::Boolean:
      return "true or false";
    case NodeKind::Date:
      return "a date";
    case NodeKind::Instant:
      return "a date with time and offset";
    case NodeKind::FloatingTime:
      return "a time without offset";
    case NodeKind::Array:
      return "a list";
    case NodeKind::Table:
      return "a table";
  }
  return "nothing";
}

const Node* Node::find(std::string_view key) const
{
  for (const Entry& entry : entries)
    if (entry.key == key) return &entry.value;
  return nullptr;
}

Document parse_document(std::string_view text)
{
  try {
    return parse_toml(text);
  } catch (const TomlFault&) {
    Document out;
    only_for_words = true;
    try {
      out = parse_toml(text);
    } catch (const TomlFault&) {
      out = {};
    }
    only_for_words = false;
    if (!out.problem) out = {{}, Problem{"", 1, 1, "not TOML: the parser cannot say why", ""}};
    return out;
  }
}

}  // namespace imip::policy::detail
