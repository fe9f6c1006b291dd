// Names and values of properties (RFC 5545 sections 3.3, 3.7, 3.8).
#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/cat.hpp"
#include "base/mail_address.hpp"
#include "base/text.hpp"
#include "ical/detail/date_time.hpp"
#include "ical/detail/grammar.hpp"
#include "ical/detail/line_form.hpp"
#include "ical/detail/linting.hpp"
#include "ical/detail/value_check.hpp"

namespace imip::ical::detail {

namespace {

constexpr std::size_t longest_uid = 255;   // octets that everybody keeps, RFC 5545 section 3.8.4.7
constexpr std::size_t long_list = 500;     // values; libical drops what is beyond without a word

/// What apply does where a value is not one that the property can have.
Effect unread(std::string_view property)
{
  return matters(property) ? refused(Code::BadCalendar) : tolerated();
}

class Values {
 public:
  Values(const SourceComponent& component, const SourceProperty& source, const PropertyRule& rule, Departures& out)
      : component_(component), property_(source.property), line_(source.line), rule_(rule), out_(out)
  {
  }

  void run()
  {
    const std::string* wanted = property_.parameter("VALUE");
    const std::string given = wanted != nullptr ? text::ascii_upper(*wanted) : std::string();
    if (!given.empty() && given != type_word(rule_.type) && !has_word(rule_.other, given)) {
      tell(Rule::ValueType, cat("VALUE=", excerpt(given), " is no type that it can have"), unread(rule_.name));
      return;
    }
    Property copy = property_;
    std::string note;
    const std::string why = why_invalid(copy, note);
    if (!note.empty()) tell(Rule::Value, note, tolerated(), type_section(rule_.type));
    if (!why.empty()) {
      tell(Rule::Value, value_words(why), unread(rule_.name), section_of(given));
      return;
    }
    if (given.empty()) undeclared(copy.value);
    by_type(copy.value, given);
    by_name(copy.value);
  }

 private:
  void tell(Rule rule, std::string text, Effect effect = {}, std::string_view section = {}) const
  {
    out_.add(rule, {line_, component_.name, std::string(rule_.name)}, std::move(text), effect,
             {section.empty() ? 0 : 5545, section});
  }

  [[nodiscard]] std::string value_words(const std::string& why) const
  {
    return cat(why, ": it takes ", type_word(rule_.type), rule_.other.empty() ? "" : " or ", rule_.other);
  }

  [[nodiscard]] std::string_view section_of(const std::string& given) const
  {
    for (const Type t : {Type::Date, Type::Period, Type::DateTime, Type::Binary})
      if (given == type_word(t)) return type_section(t);
    return type_section(rule_.type);
  }

  /// A value of another type than the property's own, without VALUE to say so.
  void undeclared(const std::string& value) const
  {
    const auto first = value.substr(0, value.find(','));
    const auto time = parse_date_time(first);
    std::string_view type;
    if (rule_.type == Type::DateTime && time && time->is_date) type = "DATE";
    if (rule_.type == Type::DateTime && first.find('/') != std::string::npos) type = "PERIOD";
    if (rule_.name == "TRIGGER" && time) type = "DATE-TIME";
    if (!type.empty()) tell(Rule::ValueType, cat(excerpt(first), " without VALUE=", type));
  }

  void by_type(const std::string& value, const std::string& given) const
  {
    switch (rule_.type) {
      case Type::Text:
        return text(value, false);
      case Type::TextList:
        return text(value, true);
      case Type::Uri:
        return given == "BINARY" ? binary(value) : uri(value);
      case Type::CalAddress:
        return address(value);
      case Type::UtcOffset:
        if (value == "-0000" || value == "-000000") tell(Rule::Value, cat(value, " is no offset"), {}, "3.3.14");
        return;
      case Type::Geo:
        return geo(value);
      case Type::RequestStatus:
        return request_status(value);
      case Type::DateTime:
        return utc(value);
      default:
        return;
    }
  }

  void by_name(const std::string& value) const
  {
    if (!rule_.words.empty() && !has_word(rule_.words, text::ascii_upper(value)))
      tell(Rule::WordNotAllowed, cat(excerpt(value), " is not one of ", rule_.words), {}, rule_.section);
    if (rule_.name == "STATUS") status(value);
    if (rule_.name == "PRIORITY") number(value, 9);
    if (rule_.name == "PERCENT-COMPLETE") number(value, 100);
    if (rule_.name == "SEQUENCE" || rule_.name == "REPEAT") number(value, 2147483647);
    if (rule_.name == "FREEBUSY" && !all_utc(value)) tell(Rule::NotUtc, "a period is not in UTC", {}, "3.8.2.6");
    if (rule_.name == "TRIGGER" && parse_date_time(value) && !value.ends_with('Z'))
      tell(Rule::NotUtc, cat(value, " is not in UTC"), {}, "3.8.6.3");
    if (rule_.name == "UID" && value.size() > longest_uid)
      tell(Rule::UidLength, cat("a UID of ", value.size(), " octets; ", longest_uid, " are kept everywhere"));
    if (rule_.name == "EXDATE" || rule_.name == "RDATE" || rule_.name == "FREEBUSY") list(value);
  }

  void text(const std::string& value, bool is_list) const
  {
    for (std::size_t i = 0; i < value.size(); ++i) {
      const char c = value[i];
      if (c == '\\') {
        const char next = i + 1 < value.size() ? value[i + 1] : '\0';
        if (next == '\0' || std::string_view("\\;,Nn").find(next) == std::string_view::npos)
          return tell(Rule::TextEscape, cat("a backslash before ", next == '\0' ? "nothing" : excerpt(value.substr(i + 1)),
                                            ": only \\\\ \\; \\, \\n are escapes"));
        ++i;
      } else if (c == ';' || (c == ',' && !is_list)) {
        return tell(Rule::TextEscape, cat("a ", c == ';' ? "semicolon" : "comma", " without its backslash: ", excerpt(value.substr(i))));
      }
    }
  }

  void uri(const std::string& value) const
  {
    const std::size_t colon = value.find(':');
    const bool scheme = colon != std::string::npos && colon > 0 &&
                        std::all_of(value.begin(), value.begin() + static_cast<std::ptrdiff_t>(colon), [](char c) {
                          return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                 c == '+' || c == '-' || c == '.';
                        });
    if (!scheme || value.find(' ') != std::string::npos)
      tell(Rule::Value, cat(excerpt(value), " is no URI"), {}, "3.3.13");
  }

  void binary(const std::string& value) const
  {
    const std::string_view digits = std::string_view(value).substr(0, value.find_last_not_of('=') + 1);
    const bool good = value.size() % 4 == 0 && value.size() - digits.size() <= 2 &&
                      std::all_of(digits.begin(), digits.end(), [](char c) {
                        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                               c == '+' || c == '/';
                      });
    if (!good) tell(Rule::Value, "its value is not base64", {}, "3.3.1");
  }

  void address(const std::string& value) const
  {
    const auto address = CalAddress::parse(value);
    if (!address) {
      tell(Rule::CalendarAddress, cat(excerpt(value), ": ", address.error().what),
           rule_.name == "ORGANIZER" ? refused(Code::NoOrganizer) : tolerated());
    } else if (address->was_bare()) {
      tell(Rule::CalendarAddress, cat(excerpt(value), " is an address but no URI; mailto: is missing"), tolerated());
    } else if (address->scheme() == "mailto" && !value.starts_with("mailto:")) {
      tell(Rule::MailtoCase, cat(excerpt(value.substr(0, 7)), " is not in lower case"), tolerated());
    }
  }

  void geo(const std::string& value) const
  {
    const std::size_t semicolon = value.find(';');
    const auto within = [](std::string_view s, double most) {
      if (s.starts_with('+')) s.remove_prefix(1);
      double n = 0;
      const auto [end, failed] = std::from_chars(s.data(), s.data() + s.size(), n, std::chars_format::fixed);
      return failed == std::errc{} && end == s.data() + s.size() && n >= -most && n <= most;
    };
    if (semicolon == std::string::npos || !within(std::string_view(value).substr(0, semicolon), 90) ||
        !within(std::string_view(value).substr(semicolon + 1), 180))
      tell(Rule::Value, cat(excerpt(value), " is no latitude;longitude"), {}, "3.8.1.6");
  }

  void request_status(const std::string& value) const
  {
    if (!is_request_status(value))
      tell(Rule::RequestStatus, cat(excerpt(value), " is not code;words, such as 2.0;Success"), {}, "3.8.8.3");
  }

  void utc(const std::string& value) const
  {
    if (rule_.parameters.find("TZID") != std::string_view::npos) return;  // may be local
    if (value.ends_with('Z')) return;
    if (rule_.name == "DTSTAMP")  // RFC 5546 section 4.7 has examples without
      tell(Rule::FloatingDtstamp, cat(value, " is not in UTC"), tolerated());
    else
      tell(Rule::NotUtc, cat(value, " is not in UTC"), {}, rule_.section);
  }

  static bool all_utc(std::string_view periods)
  {
    for (; !periods.empty(); periods.remove_prefix(std::min(periods.find(','), periods.size() - 1) + 1)) {
      const auto period = periods.substr(0, periods.find(','));
      const auto end = period.substr(period.find('/') + 1);
      if (!period.substr(0, period.find('/')).ends_with('Z') || (end.find('T') == 8 && !end.ends_with('Z')))
        return false;
    }
    return true;
  }

  void status(const std::string& value) const
  {
    const std::string_view words = status_words(component_.name);
    if (!words.empty() && !has_word(words, text::ascii_upper(value)))
      tell(Rule::WordNotAllowed, cat(excerpt(value), " is no status of a ", component_.name, ": ", words), {},
           "3.8.1.11");
  }

  void number(const std::string& value, std::int64_t most) const
  {
    if (value.starts_with('-') || value.size() > 10 || std::stoll(value) > most)
      tell(Rule::NumberOutOfRange, cat(excerpt(value), " is not from 0 to ", most),
           rule_.name == "SEQUENCE" ? refused(Code::BadCalendar) : Effect{}, rule_.section);
  }

  void list(const std::string& value) const
  {
    const auto values = static_cast<std::size_t>(std::count(value.begin(), value.end(), ',')) + 1;
    if (values > long_list)
      tell(Rule::LongList, cat(values, " values in one property; libical keeps ", long_list, " and drops the rest"));
  }

  const SourceComponent& component_;
  const Property& property_;
  std::size_t line_;
  const PropertyRule& rule_;
  Departures& out_;
};

}  // namespace

void lint_properties(const SourceComponent& component, Departures& out)
{
  for (const SourceProperty& source : component.properties) {
    const std::string& name = source.property.name;
    const Place place{source.line, component.name, name};
    if (const PropertyRule* rule = property_rule(name)) {
      Values(component, source, *rule, out).run();
      lint_parameters(component, source, *rule, out);
    } else if (name == "X-LIC-ERROR") {
      out.add(Rule::ForeignError, place, "another program could not read something, and said so here", tolerated());
    } else if (name == "EXRULE") {
      out.add(Rule::UnknownProperty, place, "EXRULE: RFC 5545 has dropped it (appendix A)",
              refused(Code::BadCalendar));
    } else if (!name.starts_with("X-") && !is_later_property(name)) {
      out.add(Rule::UnknownProperty, place, cat(excerpt(name), " is in no standard, and does not begin with X-"));
    }
  }
}

}  // namespace imip::ical::detail
