#include "ical/detail/content_line.hpp"

#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "base/text.hpp"

namespace imip::ical::detail {

namespace {

constexpr std::size_t max_parameters = 100;  // as in libical; each is compared with those before

bool is_name_char(char c)
{
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '_';
}

std::size_t name_length(std::string_view s)
{
  return static_cast<std::size_t>(std::find_if_not(s.begin(), s.end(), is_name_char) - s.begin());
}

/// RFC 6868: ^n is a line feed, ^' a double quote, ^^ a circumflex; any other ^ stays.
std::string decode_parameter(std::string_view raw)
{
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char next = raw[i] == '^' && i + 1 < raw.size() ? raw[i + 1] : '\0';
    if (next == 'n' || next == '\'' || next == '^') {
      out += next == 'n' ? '\n' : next == '\'' ? '"' : '^';
      ++i;
    } else {
      out += raw[i];
    }
  }
  return out;
}

bool holds_uri(std::string_view parameter)
{
  static constexpr std::array<std::string_view, 6> names{
      "SENT-BY", "DELEGATED-TO", "DELEGATED-FROM", "MEMBER", "DIR", "ALTREP"};
  return std::find(names.begin(), names.end(), parameter) != names.end();
}

/// What decides something and has one value (RFC 5545 section 3.2): of two, programs would believe
/// different ones. CN=Doe, Jane without its quotes does no such harm.
bool has_one_value(std::string_view parameter)
{
  static constexpr std::array<std::string_view, 5> names{"SENT-BY", "PARTSTAT", "TZID", "VALUE",
                                                         "RANGE"};
  return std::find(names.begin(), names.end(), parameter) != names.end();
}

class LineReader {
 public:
  LineReader(std::string_view line, std::size_t most_values) : rest_(line), most_values_(most_values) {}

  Result<ContentLine> read()
  {
    const std::size_t length = name_length(rest_);
    if (length == 0) return bad("no property name");
    out_.property.name = text::ascii_upper(take(length));
    while (rest_.starts_with(';')) {
      rest_.remove_prefix(1);
      IMIP_CHECK(read_parameter());
    }
    if (!rest_.starts_with(':')) return bad("no \":\" after the name and its parameters");
    out_.property.value = std::string(rest_.substr(1));
    return std::move(out_);
  }

 private:
  static tl::unexpected<Error> bad(std::string why)
  {
    return err(Errc::BadCalendar, std::move(why));
  }

  std::string_view take(std::size_t n)
  {
    const auto taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }

  Result<void> read_parameter()
  {
    Parameter parameter;
    parameter.name = text::ascii_upper(take(name_length(rest_)));
    if (parameter.name.empty()) return bad("a parameter without a name");
    if (!rest_.starts_with('=')) {
      if (out_.property.name != "RECURRENCE-ID" || parameter.name != "THISANDFUTURE") {
        return bad(cat("parameter ", parameter.name, " has no value"));
      }
      out_.notes.emplace_back("THISANDFUTURE without RANGE=");
      out_.property.parameters.push_back(Parameter{"RANGE", {"THISANDFUTURE"}});
      return {};
    }
    do {
      if (++out_.parameter_values > most_values_) return err(Errc::TooLarge, "too many values of parameters");
      rest_.remove_prefix(1);  // '=' or ','
      IMIP_TRY(std::string value, read_value(parameter.name));
      parameter.values.push_back(std::move(value));
    } while (rest_.starts_with(','));
    if (parameter.values.size() > 1 && has_one_value(parameter.name)) {
      return bad(cat("parameter ", parameter.name, " has several values"));
    }
    if (out_.property.parameters.size() >= max_parameters) return bad("too many parameters");
    if (has(parameter.name)) return bad(cat("parameter ", parameter.name, " is there twice"));
    if (parameter.name == "RSVP") normalise_boolean(parameter.values.front());
    out_.property.parameters.push_back(std::move(parameter));
    return {};
  }

  [[nodiscard]] bool has(std::string_view name) const
  {
    const auto& all = out_.property.parameters;
    return std::any_of(all.begin(), all.end(), [&](const Parameter& p) { return p.name == name; });
  }

  Result<std::string> read_value(std::string_view parameter)
  {
    if (rest_.starts_with('"')) {
      rest_.remove_prefix(1);
      const auto end = rest_.find('"');
      if (end == std::string_view::npos) return bad(cat("parameter ", parameter, " lacks a quote"));
      auto value = decode_parameter(take(end));
      rest_.remove_prefix(1);
      if (rest_.empty() || std::string_view(":;,").find(rest_[0]) == std::string_view::npos) {
        return bad(cat("parameter ", parameter, " goes on after its closing quote"));
      }
      return value;
    }
    const auto raw = take(unquoted_length(parameter));
    if (raw.find('"') != std::string_view::npos) {
      return bad(cat("parameter ", parameter, " has a quote inside"));
    }
    return decode_parameter(raw);
  }

  /// Up to the next of ":;,"; but SENT-BY=mailto:b@example.com:mailto:a@example.com and
  /// TZID=GMT+05:30:20270104T100000 come without the quotes that they need.
  std::size_t unquoted_length(std::string_view parameter)
  {
    const std::size_t plain = std::min(rest_.find_first_of(":;,"), rest_.size());
    if (plain == rest_.size() || rest_[plain] == ';') return plain;
    std::size_t length = plain;
    if (parameter == "TZID") {
      length = zone_name_length(plain);
    } else if (holds_uri(parameter) && text::ascii_iequal(rest_.substr(0, plain), "mailto") &&
               rest_[plain] == ':') {
      const std::size_t end = rest_.find_first_of(":;,", plain + 1);
      // the value's own ':' must still follow, or this was the value
      if (end != std::string_view::npos && rest_.find(':', end) != std::string_view::npos) {
        length = end;
      }
    }
    if (length != plain) out_.notes.push_back(cat(parameter, " without its quotes"));
    return length;
  }

  [[nodiscard]] std::size_t zone_name_length(std::size_t plain) const
  {
    const std::size_t colon = rest_.rfind(':');
    if (colon == std::string_view::npos || rest_.find('"') != std::string_view::npos) return plain;
    const auto value = rest_.substr(colon + 1);
    if (value.find_first_not_of("0123456789TZP/,") != std::string_view::npos) return plain;
    const std::size_t semicolon = rest_.find(';');
    return std::min(semicolon, colon);
  }

  void normalise_boolean(std::string& value)
  {
    const bool yes = text::ascii_iequal(value, "YES");
    if (!yes && !text::ascii_iequal(value, "NO")) return;
    out_.notes.push_back(cat("RSVP=", value));
    value = yes ? "TRUE" : "FALSE";
  }

  std::string_view rest_;
  std::size_t most_values_;
  ContentLine out_;
};

}  // namespace

Result<ContentLine> parse_line(std::string_view line, std::size_t most_values)
{
  return LineReader(line, most_values).read();
}

std::string name_of_line(std::string_view line)
{
  return text::ascii_upper(line.substr(0, name_length(line)));
}

}  // namespace imip::ical::detail
