#include <algorithm>
#include <array>
#include <set>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "ical/detail/content_line.hpp"
#include "ical/detail/value_check.hpp"
#include "ical/detail/zone_rules.hpp"
#include "ical/object.hpp"
#include "ical/time.hpp"

namespace imip::ical {

namespace {

constexpr std::size_t list_chunk = 500;  // programs on libical silently drop what is beyond
constexpr std::size_t quoted_octets = 100;
// Values of parameters: each takes a hundred octets of memory, of the two that it is written in. Twice what a
// mail may have, because in what we store of it overrides repeat what they inherited.
constexpr std::size_t most_parameters = 400'000;
constexpr std::size_t max_zones = 100;  // whose names are looked at, for a notice

std::string quote(std::string_view line)
{
  std::size_t n = std::min(line.size(), quoted_octets);
  while (n > 0 && n < line.size() && (static_cast<unsigned char>(line[n]) & 0xC0U) == 0x80U) --n;
  return cat('"', line.substr(0, n), n < line.size() ? "...\"" : "\"");
}

/// Gives unfolded lines, one at a time, without copying those that are not folded.
class Unfolder {
 public:
  explicit Unfolder(std::string_view text) : rest_(text)
  {
    if (rest_.starts_with("\xEF\xBB\xBF")) rest_.remove_prefix(3);
  }

  /// False at the end. A line of more than `max` octets is given cut to max + 1.
  bool next(std::string_view& line, std::size_t max)
  {
    do {
      if (rest_.empty()) return false;
      line = physical_line();
    } while (line.find_first_not_of(" \t") == std::string_view::npos);
    if (!continues()) return true;
    buffer_ = line.substr(0, max + 1);
    while (continues()) {
      const auto more = physical_line().substr(1);
      buffer_ += more.substr(0, max + 1 - std::min(max + 1, buffer_.size()));
    }
    line = buffer_;
    return true;
  }

 private:
  [[nodiscard]] bool continues() const
  {
    return !rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t');
  }

  std::string_view physical_line()
  {
    const auto end = rest_.find('\n');
    auto line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  std::string_view rest_;
  std::string buffer_;
};

bool is_control(char c)
{
  const auto octet = static_cast<unsigned char>(c);
  return (octet < 0x20 && c != '\t') || octet == 0x7F;
}

/// Where the commas are that separate values, not the escaped ones.
std::vector<std::size_t> separators(std::string_view s)
{
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '\\') {
      ++i;  // and what it escapes
    } else if (s[i] == ',') {
      out.push_back(i);
    }
  }
  return out;
}

bool is_long_list(std::string_view name)
{
  static constexpr std::array<std::string_view, 5> names{"EXDATE", "RDATE", "FREEBUSY",
                                                         "CATEGORIES", "RESOURCES"};
  return std::find(names.begin(), names.end(), name) != names.end();
}

/// What RFC 5545 section 3.6 has at the top, and in no other component.
bool stands_alone(std::string_view component)
{
  static constexpr std::array<std::string_view, 6> names{"VCALENDAR", "VEVENT",    "VTODO",
                                                         "VJOURNAL",  "VFREEBUSY", "VTIMEZONE"};
  return std::find(names.begin(), names.end(), component) != names.end();
}

class Parser {
 public:
  explicit Parser(const Limits& limits) : limits_(limits) {}

  Result<Parsed> run(std::string_view text)
  {
    Unfolder lines(text);
    std::string_view line;
    while (lines.next(line, limits_.line_bytes)) {
      if (line.size() > limits_.line_bytes) {
        return err(Errc::TooLarge, cat("a content line has more than ", limits_.line_bytes,
                                       " octets (limit line-bytes): ", quote(line.substr(0, quoted_octets))));
      }
      // only now: a fold may split a character
      if (!text::is_utf8(line)) {
        return err(Errc::BadCalendar, "the calendar is not UTF-8",
                   "convert it first, for example with iconv");
      }
      IMIP_CHECK(take(line));
    }
    if (!open_.empty()) {
      return err(Errc::BadCalendar, cat(open_.back().name, " is not closed by END"));
    }
    if (!done_) return err(Errc::BadCalendar, "there is no VCALENDAR in it");
    note_windows_zones();
    return std::move(result_);
  }

 private:
  /// Exchange names zones as Windows does, and sometimes leaves their VTIMEZONE out.
  void note_windows_zones()
  {
    for (const Component& child : result_.calendar.components) {
      if (child.name == "VTIMEZONE") zones_.erase(child.text("TZID"));
    }
    for (const std::string& tzid : zones_) {
      if (detail::is_olson_name(tzid)) continue;
      if (const auto olson = windows_zone(tzid)) {
        result_.findings.push_back(ParseFinding{
            false, "VCALENDAR", "TZID", cat("\"", tzid, "\" is a Windows name; read as ", *olson)});
      }
    }
  }

  Result<void> take(std::string_view line)
  {
    const std::string name = detail::name_of_line(line);
    const bool plain = line.size() > name.size() && line[name.size()] == ':';
    if (plain && name == "BEGIN") return begin(line.substr(6));
    if (plain && name == "END") return end(line.substr(4));
    if (open_.empty()) {
      return err(Errc::BadCalendar,
                 done_ ? cat("there is text after END:VCALENDAR: ", quote(line))
                       : cat("it does not begin with BEGIN:VCALENDAR but with ", quote(line)));
    }
    return property(line, name);
  }

  static tl::unexpected<Error> too_many(std::size_t limit, std::string_view what)
  {
    return err(Errc::TooLarge, cat("there are more than ", limit, ' ', what, " (limit ", what, ')'));
  }

  static tl::unexpected<Error> beyond(std::size_t most, std::string_view what)
  {
    return err(Errc::TooLarge, cat("there are more than ", most, ' ', what, ", which no policy changes"));
  }

  Result<void> begin(std::string_view raw)
  {
    const std::string name = text::ascii_upper(text::trim(raw));
    if (name.empty() || name != detail::name_of_line(name)) {
      return err(Errc::BadCalendar, cat("no component can be called ", quote(raw)));
    }
    if (open_.empty() && name != "VCALENDAR") {
      return err(Errc::BadCalendar, cat("it begins with ", name, ", not with VCALENDAR"));
    }
    if (open_.empty() && done_) {
      return err(Errc::BadCalendar, "there are several VCALENDARs in it", "split it into files");
    }
    if (stands_alone(name) && open_.size() > (name == "VCALENDAR" ? 0U : 1U)) {
      return err(Errc::BadCalendar,
                 cat("there is a ", name, " inside a ", open_.back().name,
                     "; programs do not agree whether it counts"));
    }
    if (open_.size() >= limits_.component_depth) {
      return err(Errc::TooLarge,
                 cat("components are nested more than ", limits_.component_depth, " deep (limit component-depth)"));
    }
    if (++components_ > limits_.components) {
      return too_many(limits_.components, "components");
    }
    open_.push_back(Component{name, {}, {}});
    return {};
  }

  Result<void> end(std::string_view raw)
  {
    const std::string name = text::ascii_upper(text::trim(raw));
    if (open_.empty() || open_.back().name != name) {
      return err(Errc::BadCalendar,
                 cat("END:", quote(name), " does not close ",
                     open_.empty() ? std::string("anything") : open_.back().name));
    }
    Component closed = std::move(open_.back());
    open_.pop_back();
    if (open_.empty()) {
      result_.calendar = std::move(closed);
      done_ = true;
    } else {
      open_.back().components.push_back(std::move(closed));
    }
    return {};
  }

  static tl::unexpected<Error> ambiguous(std::string_view line)
  {
    return err(Errc::BadCalendar, cat("programs do not agree on what this line is: ", quote(line)));
  }

  Result<void> property(std::string_view line, const std::string& name)
  {
    if (++properties_ > limits_.properties) {
      return too_many(limits_.properties, "properties");
    }
    std::string cleaned;
    if (std::any_of(line.begin(), line.end(), is_control)) {
      if (detail::matters(name)) return drop(name, "control characters in it");
      cleaned = line;
      std::erase_if(cleaned, is_control);
      // "E\1ND:VEVENT", or END behind a bare CR: without it another line than programs saw
      if (detail::name_of_line(cleaned) != name) return ambiguous(line);
      note(name, "control characters were taken out");
      line = cleaned;
    }
    auto parsed = detail::parse_line(line, most_parameters - parameters_);
    if (!parsed && parsed.error().code == Errc::TooLarge) return beyond(most_parameters, "values of parameters");
    if (!parsed) return drop(name, cat(parsed.error().what, ": ", quote(line)));
    for (const std::string& text : parsed->notes) note(name, text);
    Property& p = parsed->property;
    if (p.name == "BEGIN" || p.name == "END") return ambiguous(line);  // with parameters
    parameters_ += parsed->parameter_values;
    if (p.name == "X-LIC-ERROR") return drop(lost_property(p.value), unread);
    std::string trimmed;
    if (const std::string why = detail::why_invalid(p, trimmed); !why.empty()) {
      return drop(name, why);
    }
    if (!trimmed.empty()) note(name, trimmed);
    tolerate(p);
    if (const std::string* tzid = p.parameter("TZID"); tzid && zones_.size() < max_zones) {
      zones_.insert(*tzid);
    }
    return keep(std::move(p));
  }

  /// What other programs write and RFC 5545 forbids (design: "Tolerated, with a notice").
  void tolerate(Property& p)
  {
    if (p.name == "METHOD" && p.value != text::ascii_upper(p.value)) {
      note(p.name, cat("METHOD:", p.value.substr(0, quoted_octets), " is not in upper case"));
      p.value = text::ascii_upper(p.value);
    } else if (p.name == "ORGANIZER" || p.name == "ATTENDEE") {
      if (p.value.starts_with("MAILTO:")) {
        note(p.name, "MAILTO: in upper case");
      } else if (p.value.find(':') == std::string::npos) {
        note(p.name, cat("\"", p.value.substr(0, quoted_octets), "\" is no URI"));
      }
    } else if (p.name == "DTSTAMP" && !p.value.ends_with('Z')) {
      note(p.name, cat(p.value.substr(0, quoted_octets), " is not in UTC"));
    } else if (p.name == "DTSTART" && p.value.starts_with("1601") &&
               (open_.back().name == "STANDARD" || open_.back().name == "DAYLIGHT")) {
      note(p.name, "the VTIMEZONE begins in 1601");
    }
  }

  Result<void> keep(Property p)
  {
    auto& out = open_.back().properties;
    if (!is_long_list(p.name)) {
      out.push_back(std::move(p));
      return {};
    }
    const std::vector<std::size_t> commas = separators(p.value);
    if (commas.size() >= limits_.list_values) {
      return err(Errc::TooLarge, cat(p.name, " has more than ", limits_.list_values,
                                     " values (limit list-values)"));
    }
    IMIP_CHECK(count_chunks(p, commas.size() / list_chunk));
    std::size_t begin = 0;
    for (std::size_t n = list_chunk; n <= commas.size(); n += list_chunk) {
      const std::size_t comma = commas[n - 1];
      out.push_back(Property{p.name, p.parameters, p.value.substr(begin, comma - begin)});
      begin = comma + 1;
    }
    if (begin > 0) p.value.erase(0, begin);
    out.push_back(std::move(p));
    return {};
  }

  /// Each part of a list that is split has the parameters again.
  Result<void> count_chunks(const Property& p, std::size_t more)
  {
    constexpr std::size_t octets_a_value = 100;
    std::size_t values = 0;
    for (const Parameter& parameter : p.parameters) {
      for (const std::string& value : parameter.values) values += 1 + value.size() / octets_a_value;
    }
    properties_ += more;
    if (properties_ > limits_.properties) return too_many(limits_.properties, "properties");
    parameters_ += values * more;
    if (parameters_ > most_parameters) return beyond(most_parameters, "values of parameters");
    return {};
  }

  void note(const std::string& property, std::string text)
  {
    // a note a line would be no help to anybody
    if (result_.findings.size() < limits_.parse_errors) {
      result_.findings.push_back(ParseFinding{false, open_.back().name, property, std::move(text)});
    }
  }

  static constexpr const char* unread = "what another program could not read";

  /// X-LIC-ERROR tells what libical left out: it matters as that property does.
  static std::string lost_property(const std::string& told)
  {
    std::string word;
    for (const char c : told + ' ') {
      if ((c >= 'A' && c <= 'Z') || c == '-') {
        word += c;
      } else {
        if (detail::matters(word)) return word;
        word.clear();
      }
    }
    return "X-LIC-ERROR";
  }

  Result<void> drop(const std::string& property, std::string text)
  {
    const bool fatal = property.empty() || detail::matters(property);
    result_.findings.push_back(ParseFinding{fatal, open_.back().name, property, std::move(text)});
    if (++errors_ > limits_.parse_errors) {
      return err(Errc::TooLarge,
                 cat("more than ", limits_.parse_errors, " content lines do not parse (limit parse-errors)"));
    }
    return {};
  }

  const Limits& limits_;
  std::vector<Component> open_;
  std::set<std::string> zones_;  // TZIDs in use
  Parsed result_;
  bool done_ = false;
  std::size_t components_ = 0;
  std::size_t properties_ = 0;
  std::size_t parameters_ = 0;  // their values
  std::size_t errors_ = 0;
};

}  // namespace

Result<Parsed> parse(std::string_view text, const Limits& limits)
{
  if (text.size() > limits.calendar_bytes) {
    return err(Errc::TooLarge,
               cat("the calendar has more than ", limits.calendar_bytes,
                   " octets (limit calendar-bytes)"));
  }
  if (text.find('\0') != std::string_view::npos) {
    return err(Errc::BadCalendar, "there is a NUL in the calendar");
  }
  return Parser(limits).run(text);
}

}  // namespace imip::ical
