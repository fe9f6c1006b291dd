// Octets to components that know their lines, and what is wrong with the octets.
#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "ical/detail/content_line.hpp"
#include "ical/detail/line_form.hpp"
#include "ical/detail/value_check.hpp"
#include "ical/lint.hpp"

namespace imip::ical {

using detail::excerpt;

namespace {

constexpr std::size_t most_parameters = 200'000;  // their values, as for a mail
constexpr std::size_t longest_line = 75;  // octets, RFC 5545 section 3.1

bool is_control(char c)
{
  const auto octet = static_cast<unsigned char>(c);
  return (octet < 0x20 && c != '\t') || octet == 0x7F;
}

/// Physical lines joined to content lines, with what is told of each.
class Lines {
 public:
  Lines(std::string_view text, Departures& out) : rest_(text), out_(out) {}

  /// False at the end. A line of more than `max` octets is given cut to max + 1.
  bool next(std::string_view& line, std::size_t& number, std::size_t max)
  {
    do {
      if (rest_.empty()) return false;
      line = physical(number);
      if (line.find_first_not_of(" \t") != std::string_view::npos) break;
      out_.add(Rule::BlankLine, {number, {}, {}}, "a line without anything in it");
    } while (true);
    if (!continues()) return true;
    buffer_ = line.substr(0, max + 1);
    bool told = false;
    while (continues()) {
      std::size_t at = 0;
      const auto more = physical(at).substr(1);
      const bool splits = !more.empty() && (static_cast<unsigned char>(more[0]) & 0xC0U) == 0x80U;
      if (splits && !told)
        out_.add(Rule::FoldInCharacter, {at, {}, {}}, "the line is folded in the midst of a character");
      told = told || splits;
      buffer_ += more.substr(0, max + 1 - std::min(max + 1, buffer_.size()));
    }
    line = buffer_;
    return true;
  }

  void tell_line_ends() const
  {
    if (bare_ > 0)
      out_.add(Rule::LineEnd, {first_bare_, {}, {}},
               cat(bare_, bare_ == 1 ? " line ends" : " lines end", " with LF alone, not with CRLF"));
    if (open_end_)
      out_.add(Rule::LineEnd, {number_, {}, {}}, "the last line does not end with CRLF");
  }

 private:
  [[nodiscard]] bool continues() const
  {
    return !rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t');
  }

  std::string_view physical(std::size_t& number)
  {
    number = ++number_;
    const auto end = rest_.find('\n');
    auto line = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    const bool crlf = line.ends_with('\r');
    if (crlf) line.remove_suffix(1);
    open_end_ = end == std::string_view::npos;
    if (!crlf && !open_end_ && ++bare_ == 1) first_bare_ = number_;
    if (line.size() > longest_line)
      out_.add(Rule::LineLength, {number_, {}, std::string(detail::name_of_line(line.substr(0, 40)))},
               cat("the line has ", line.size(), " octets; ", longest_line, " are the most"));
    return line;
  }

  std::string_view rest_;
  std::string buffer_;
  Departures& out_;
  std::size_t number_ = 0, bare_ = 0, first_bare_ = 0;
  bool open_end_ = false;
};

class Reader {
 public:
  Reader(const Limits& limits, Departures& out) : limits_(limits), out_(out) {}

  Result<std::vector<SourceComponent>> run(std::string_view octets, bool line_ends)
  {
    if (octets.starts_with("\xEF\xBB\xBF")) {
      out_.add(Rule::ByteOrderMark, {1, {}, {}}, "a byte order mark stands before BEGIN:VCALENDAR");
      octets.remove_prefix(3);
    }
    Lines lines(octets, out_);
    std::string_view line;
    while (lines.next(line, number_, limits_.line_bytes)) {
      if (line.size() > limits_.line_bytes)
        return err(Errc::TooLarge, cat("line ", number_, ": a content line has more than ",
                                       limits_.line_bytes, " octets"));
      if (!text::is_utf8(line))
        out_.add(Rule::NotUtf8, here(detail::name_of_line(line)), "octets that are not UTF-8",
                 refused(Code::BadCalendar));
      IMIP_CHECK(take(line));
    }
    if (line_ends) lines.tell_line_ends();
    while (!open_.empty()) close_unclosed();
    if (calendars_.empty())
      out_.add(Rule::CalendarObject, {}, "there is no VCALENDAR in it", refused(Code::BadCalendar));
    if (calendars_.size() > 1)
      out_.add(Rule::SeveralCalendars, {calendars_[1].line, "VCALENDAR", {}},
               cat(calendars_.size(), " VCALENDARs in one part"), refused(Code::BadCalendar));
    return std::move(calendars_);
  }

 private:
  [[nodiscard]] Place here(std::string property = {}) const
  {
    return {number_, open_.empty() ? std::string() : open_.back().name, std::move(property)};
  }

  void close_unclosed()
  {
    out_.add(Rule::UnclosedComponent, {open_.back().line, open_.back().name, {}},
             cat(open_.back().name, " is not closed by its END"), refused(Code::BadCalendar));
    close();
  }

  void close()
  {
    SourceComponent closed = std::move(open_.back());
    open_.pop_back();
    if (!open_.empty())
      open_.back().components.push_back(std::move(closed));
    else if (closed.name == "VCALENDAR")
      calendars_.push_back(std::move(closed));
  }

  Result<void> take(std::string_view line)
  {
    const std::string name = detail::name_of_line(line);
    const bool plain = line.size() > name.size() && line[name.size()] == ':';
    if (plain && name == "BEGIN") return begin(line.substr(6));
    if (plain && name == "END") {
      end(line.substr(4));
      return {};
    }
    if (open_.empty()) {
      out_.add(Rule::CalendarObject, {number_, {}, {}},
               cat(excerpt(line), " stands outside any VCALENDAR"), refused(Code::BadCalendar));
      return {};
    }
    return property(line, name);
  }

  Result<void> begin(std::string_view raw)
  {
    const std::string name = text::ascii_upper(text::trim(raw));
    if (text::trim(raw) != raw || name.empty() || name != detail::name_of_line(name))
      out_.add(Rule::ContentLine, here("BEGIN"), cat("no component can be called ", excerpt(raw)),
               refused(Code::BadCalendar), {5545, "3.6"});
    if (open_.empty() && name != "VCALENDAR")
      out_.add(Rule::CalendarObject, {number_, {}, {}},
               cat("it begins with ", excerpt(name), ", not with VCALENDAR"), refused(Code::BadCalendar));
    if (open_.size() >= limits_.component_depth)
      return err(Errc::TooLarge, cat("line ", number_, ": components are nested more than ",
                                     limits_.component_depth, " deep"));
    if (++components_ > limits_.components)
      return err(Errc::TooLarge, cat("there are more than ", limits_.components, " components"));
    open_.push_back(SourceComponent{name, number_, {}, {}});
    return {};
  }

  void end(std::string_view raw)
  {
    const std::string name = text::ascii_upper(text::trim(raw));
    const bool somewhere = std::any_of(open_.begin(), open_.end(), [&](const SourceComponent& c) {
      return c.name == name;
    });
    if (!somewhere) {
      out_.add(Rule::UnclosedComponent, here("END"), cat("END:", excerpt(raw), " closes nothing"),
               refused(Code::BadCalendar));
      return;
    }
    while (open_.back().name != name) close_unclosed();
    close();
  }

  Result<void> property(std::string_view line, const std::string& name)
  {
    if (++properties_ > limits_.properties)
      return err(Errc::TooLarge, cat("there are more than ", limits_.properties, " properties"));
    const Effect unread = name.empty() || detail::matters(name) ? refused(Code::BadCalendar) : tolerated();
    std::string cleaned;
    if (std::any_of(line.begin(), line.end(), is_control)) {
      std::string without(line);
      std::erase_if(without, is_control);
      const bool nul = line.find('\0') != std::string_view::npos;
      out_.add(Rule::ControlCharacter, here(name), cat("a control character in ", excerpt(line)),
               nul || detail::name_of_line(without) != name ? refused(Code::BadCalendar) : unread);
      cleaned = std::move(without);
      line = cleaned;
    }
    auto parsed = detail::parse_line(line, most_parameters - parameters_);
    if (!parsed && parsed.error().code == Errc::TooLarge)
      return err(Errc::TooLarge, cat("line ", number_, ": more than ", most_parameters,
                                     " values of parameters, which no policy changes"));
    if (parsed) parameters_ += parsed->parameter_values;
    if (!parsed) {
      out_.add(Rule::ContentLine, here(name), cat(parsed.error().what, ": ", excerpt(line)), unread);
      return {};
    }
    if (parsed->property.name == "BEGIN" || parsed->property.name == "END") {
      out_.add(Rule::ContentLine, here(name), cat("programs do not agree on what this line is: ", excerpt(line)),
               refused(Code::BadCalendar));
      return {};
    }
    for (const std::string& note : parsed->notes) tell(note, name);
    const auto report = [&](Rule rule, std::string text) {
      out_.add(rule, here(name), std::move(text), tolerated());
    };
    detail::check_line_form(line, report);
    const SourceComponent& within = open_.back();
    const bool first_after = !within.components.empty() && (within.properties.empty() ||
                             within.properties.back().line < within.components.back().line);
    if (first_after)
      out_.add(Rule::Nesting, here(name), cat(name, " stands behind a component that is in ", within.name));
    open_.back().properties.push_back(SourceProperty{std::move(parsed->property), number_});
    return {};
  }

  /// What parse_line() mended; a value without its quotes is told by check_line_form().
  void tell(const std::string& note, const std::string& name)
  {
    if (note.starts_with("THISANDFUTURE"))
      out_.add(Rule::ThisAndFuture, here(name), "RECURRENCE-ID;THISANDFUTURE instead of RANGE=THISANDFUTURE",
               tolerated());
    else if (note.starts_with("RSVP"))
      out_.add(Rule::ParameterValue, here(name), cat(note, " is neither TRUE nor FALSE"), tolerated(),
               {5545, "3.2.17"});
    else if (note.starts_with("TZID"))
      out_.add(Rule::ParameterForm, here(name), note, tolerated());
  }

  const Limits& limits_;
  Departures& out_;
  std::vector<SourceComponent> open_, calendars_;
  std::size_t number_ = 0, components_ = 0, properties_ = 0, parameters_ = 0;
};

}  // namespace

const SourceProperty* SourceComponent::find(std::string_view wanted) const
{
  const auto found = std::find_if(properties.begin(), properties.end(),
                                  [&](const SourceProperty& p) { return p.property.name == wanted; });
  return found == properties.end() ? nullptr : &*found;
}

std::vector<const SourceProperty*> SourceComponent::all(std::string_view wanted) const
{
  std::vector<const SourceProperty*> out;
  for (const SourceProperty& p : properties)
    if (p.property.name == wanted) out.push_back(&p);
  return out;
}

std::size_t SourceComponent::count(std::string_view wanted) const
{
  return static_cast<std::size_t>(
      std::count_if(properties.begin(), properties.end(),
                    [&](const SourceProperty& p) { return p.property.name == wanted; }));
}

Place SourceComponent::place(std::string_view wanted) const
{
  const SourceProperty* found = wanted.empty() ? nullptr : find(wanted);
  return {found != nullptr ? found->line : line, name, std::string(wanted)};
}

Component without_lines(const SourceComponent& component)
{
  Component out{component.name, {}, {}};
  for (const SourceProperty& p : component.properties) out.properties.push_back(p.property);
  for (const SourceComponent& c : component.components) out.components.push_back(without_lines(c));
  return out;
}

Result<std::vector<SourceComponent>> read_source(std::string_view octets, bool line_ends,
                                                 const Limits& limits, Departures& out)
{
  if (octets.size() > limits.calendar_bytes)
    return err(Errc::TooLarge, cat("the calendar has more than ", limits.calendar_bytes, " octets"));
  return Reader(limits, out).run(octets, line_ends);
}

}  // namespace imip::ical
