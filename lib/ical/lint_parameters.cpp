// Parameters (RFC 5545 section 3.2).
#include <algorithm>

#include "base/cat.hpp"
#include "base/mail_address.hpp"
#include "base/text.hpp"
#include "ical/detail/date_time.hpp"
#include "ical/detail/grammar.hpp"
#include "ical/detail/line_form.hpp"
#include "ical/detail/linting.hpp"

namespace imip::ical::detail {

namespace {

class Parameters {
 public:
  Parameters(const SourceComponent& component, const SourceProperty& source, const PropertyRule& rule,
             Departures& out)
      : component_(component), property_(source.property), line_(source.line), rule_(rule), out_(out)
  {
  }

  void run() const
  {
    for (const Parameter& p : property_.parameters) {
      name(p);
      value(p);
    }
    binary();
  }

 private:
  void tell(Rule rule, std::string text, std::string_view section = {}, Effect effect = {}) const
  {
    out_.add(rule, {line_, component_.name, property_.name}, std::move(text), effect,
             {section.empty() ? 0 : 5545, section});
  }

  void name(const Parameter& p) const
  {
    if (p.name == "VALUE" || p.name.starts_with("X-") || is_later_parameter(p.name)) return;
    if (!is_parameter(p.name))
      tell(Rule::UnknownParameter, cat(excerpt(p.name), " is in no standard, and does not begin with X-"));
    else if (!has_word(rule_.parameters, p.name))
      tell(Rule::ExcludedParameter, cat(p.name, " is none of its parameters"), rule_.section);
  }

  void value(const Parameter& p) const
  {
    const std::string given = text::ascii_upper(p.values.front());
    const auto one_of = [&](std::string_view words, std::string_view section, Effect effect = {}) {
      if (!has_word(words, given))
        tell(Rule::ParameterValue, cat(p.name, "=", excerpt(given), " is not one of ", words), section, effect);
    };
    if (p.name == "RSVP") one_of("TRUE FALSE", "3.2.17");
    if (p.name == "ENCODING") one_of("8BIT BASE64", "3.2.7");
    if (p.name == "RELATED") one_of("START END", "3.2.14");
    if (p.name == "RANGE") one_of("THISANDFUTURE", "3.2.13", refused(Code::BadCalendar));
    if (p.name == "PARTSTAT") partstat(given);
    if (p.name == "TZID") tzid();
    if (p.name == "RELATED" && parse_date_time(property_.value))
      tell(Rule::ParameterValue, "RELATED beside an absolute time", "3.8.6.3");
    if (p.name == "SENT-BY" || p.name == "DELEGATED-TO" || p.name == "DELEGATED-FROM" || p.name == "MEMBER")
      for (const std::string& address : p.values) party(p.name, address);
  }

  void partstat(const std::string& given) const
  {
    const std::string_view words = partstat_words(component_.name);
    const bool of_another = has_word(partstat_words("VTODO"), given);
    if (words.empty() || has_word(words, given) || given.starts_with("X-")) return;
    if (of_another)
      tell(Rule::ParameterValue, cat("PARTSTAT=", given, " is not one of a ", component_.name, ": ", words), "3.2.12");
    else
      tell(Rule::UnknownParameter, cat("PARTSTAT=", excerpt(given), " is in no standard"), "3.2.12");
  }

  void tzid() const
  {
    const auto first = property_.value.substr(0, property_.value.find_first_of(",/"));
    const auto time = parse_date_time(first);
    if (time && (time->is_date || time->is_utc))
      tell(Rule::TimezoneReference, cat("TZID beside ", time->is_date ? "a date" : "a time in UTC"));
  }

  void party(const std::string& parameter, const std::string& value) const
  {
    const auto address = CalAddress::parse(value);
    if (!address)
      tell(Rule::CalendarAddress, cat(parameter, " ", excerpt(value), ": ", address.error().what), {},
           parameter == "SENT-BY" && property_.name == "ORGANIZER" ? refused(Code::NoOrganizer) : Effect{});
    else if (address->was_bare())
      tell(Rule::CalendarAddress, cat(parameter, " ", excerpt(value), " is an address but no URI"), {}, tolerated());
  }

  void binary() const
  {
    const std::string* encoding = property_.parameter("ENCODING");
    const std::string* type = property_.parameter("VALUE");
    const bool base64 = encoding != nullptr && text::ascii_iequal(*encoding, "BASE64");
    const bool is_binary = type != nullptr && text::ascii_iequal(*type, "BINARY");
    if (base64 != is_binary)
      tell(Rule::ParameterValue, base64 ? "ENCODING=BASE64 without VALUE=BINARY" : "VALUE=BINARY without ENCODING=BASE64",
           "3.2.7");
  }

  const SourceComponent& component_;
  const Property& property_;
  std::size_t line_;
  const PropertyRule& rule_;
  Departures& out_;
};

}  // namespace

void lint_parameters(const SourceComponent& component, const SourceProperty& source, const PropertyRule& rule,
                     Departures& out)
{
  Parameters(component, source, rule, out).run();
}

}  // namespace imip::ical::detail
