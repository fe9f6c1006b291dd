#include "ical/detail/line_form.hpp"

#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "base/text.hpp"

namespace imip::ical::detail {

namespace {

constexpr std::size_t excerpt_octets = 100;

template <std::size_t N>
bool is_in(std::string_view word, const std::array<std::string_view, N>& words)
{
  return std::find(words.begin(), words.end(), word) != words.end();
}

/// Their values are quoted always (RFC 5545 section 3.2).
constexpr std::array<std::string_view, 6> quoted_parameters{
    "ALTREP", "DELEGATED-FROM", "DELEGATED-TO", "DIR", "MEMBER", "SENT-BY"};
/// RFC 5545 section 3.2; RFC 7986 section 6.
constexpr std::array<std::string_view, 5> list_parameters{"DELEGATED-FROM", "DELEGATED-TO", "MEMBER",
                                                          "DISPLAY", "FEATURE"};
constexpr std::array<std::string_view, 28> single_parameters{
    "ALTREP",   "CN",       "CUTYPE", "DIR",     "ENCODING", "FMTTYPE", "FBTYPE", "LANGUAGE", "PARTSTAT", "RANGE",
    "RELATED",  "RELTYPE",  "ROLE",   "RSVP",    "SENT-BY",  "TZID",    "VALUE",  "EMAIL",    "LABEL",    "ORDER",
    "SCHEMA",   "DERIVED",  "GAP",    "LINKREL", "SIZE",     "FILENAME", "MANAGED-ID", "SCHEDULE-AGENT"};

class Form {
 public:
  Form(std::string_view line, const std::function<void(Rule, std::string)>& report)
      : rest_(line), report_(report)
  {
  }

  void run()
  {
    name_form("property", take(rest_.find_first_of(";:")));
    while (rest_.starts_with(';')) {
      rest_.remove_prefix(1);
      const auto name = take(rest_.find_first_of("=;:"));
      name_form("parameter", name);
      if (!rest_.starts_with('=') || !values(text::ascii_upper(name))) return;
    }
  }

 private:
  std::string_view take(std::size_t n)
  {
    const auto taken = rest_.substr(0, n);
    rest_.remove_prefix(taken.size());
    return taken;
  }

  void name_form(std::string_view what, std::string_view name) const
  {
    if (name.find('_') != std::string_view::npos)
      report_(Rule::NameForm, cat("an underscore in the ", what, " name ", excerpt(name)));
    if (text::ascii_iequal(name, "X-")) report_(Rule::NameForm, cat("a ", what, " that is called X-"));
  }

  /// False: what follows is not what it looks like.
  bool values(const std::string& name)
  {
    std::size_t count = 0;
    do {
      rest_.remove_prefix(1);  // '=' or ','
      ++count;
      if (rest_.starts_with('"')) {
        rest_.remove_prefix(1);
        take(rest_.find('"'));
        if (!rest_.empty()) rest_.remove_prefix(1);
      } else if (is_in(name, quoted_parameters)) {
        report_(Rule::ParameterForm, cat("the value of ", name, " is not in quotes"));
        return false;
      } else {
        take(rest_.find_first_of(",;:"));
      }
    } while (rest_.starts_with(','));
    if (count > 1 && is_in(name, single_parameters) && !is_in(name, list_parameters))
      report_(Rule::ParameterForm, cat(name, " has ", count, " values; it takes one"));
    return true;
  }

  std::string_view rest_;
  const std::function<void(Rule, std::string)>& report_;
};

}  // namespace

void check_line_form(std::string_view line, const std::function<void(Rule, std::string)>& report)
{
  Form(line, report).run();
}

std::string excerpt(std::string_view text)
{
  std::size_t n = std::min(text.size(), excerpt_octets);
  while (n > 0 && n < text.size() && (static_cast<unsigned char>(text[n]) & 0xC0U) == 0x80U) --n;
  return cat('"', text.substr(0, n), n < text.size() ? "...\"" : "\"");
}

}  // namespace imip::ical::detail
