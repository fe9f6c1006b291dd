#include "ical/detail/value_check.hpp"

#include <libical/ical.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>

#include "base/cat.hpp"
#include "base/handle.hpp"
#include "base/text.hpp"
#include "ical/detail/date_time.hpp"
#include "ical/detail/rrule.hpp"

namespace imip::ical::detail {

namespace {

using IcalValue = Handle<icalvalue, icalvalue_free>;

template <typename Check>
bool all_items(std::string_view list, Check check)
{
  while (true) {
    const auto comma = list.find(',');
    if (!check(list.substr(0, comma))) return false;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
}

bool is_date_time(std::string_view s)
{
  return parse_date_time(s).has_value();
}

bool is_period(std::string_view s)
{
  const auto slash = s.find('/');
  if (slash == std::string_view::npos) return false;
  const auto start = parse_date_time(s.substr(0, slash));
  if (!start || start->is_date) return false;
  const auto rest = s.substr(slash + 1);
  if (const auto duration = parse_duration(rest)) return !duration->negative;
  const auto end = parse_date_time(rest);
  return end && !end->is_date && end->is_utc == start->is_utc && end->wall >= start->wall;
}

bool is_integer(std::string_view s)
{
  if (!s.empty() && (s[0] == '-' || s[0] == '+')) s.remove_prefix(1);
  return s.size() <= 10 && !s.empty() && s.find_first_not_of("0123456789") == s.npos &&
         (s.size() < 10 || s <= "2147483647");
}

bool is_utc_offset(std::string_view s)
{
  if ((s.size() != 5 && s.size() != 7) || (s[0] != '+' && s[0] != '-')) return false;
  const auto h = parse_number(s.substr(1, 2));
  const auto m = parse_number(s.substr(3, 2));
  const auto sec = s.size() == 7 ? parse_number(s.substr(5, 2)) : std::optional<int>(0);
  return h && m && sec && *h <= 23 && *m <= 59 && *sec <= 59;
}

bool is_float(std::string_view s)
{
  return !s.empty() && s.find_first_not_of("+-.0123456789") == s.npos;
}

bool libical_takes(icalvalue_kind kind, const std::string& value)
{
  return IcalValue(icalvalue_new_from_string(kind, value.c_str())) != nullptr;
}

/// Types whose values are free text, or that are kept as given even where the word is unknown.
bool takes_anything(icalvalue_kind kind)
{
  static constexpr std::array kinds{
      ICAL_TEXT_VALUE,     ICAL_STRING_VALUE,    ICAL_X_VALUE,
      ICAL_NO_VALUE,       ICAL_QUERY_VALUE,     ICAL_URI_VALUE,
      ICAL_ATTACH_VALUE,   ICAL_BINARY_VALUE,    ICAL_STATUS_VALUE,
      ICAL_TRANSP_VALUE,   ICAL_CLASS_VALUE,     ICAL_ACTION_VALUE,
      ICAL_METHOD_VALUE,   ICAL_BUSYTYPE_VALUE,  ICAL_CARLEVEL_VALUE,
      ICAL_CMD_VALUE,      ICAL_POLLMODE_VALUE,  ICAL_POLLCOMPLETION_VALUE,
      ICAL_TASKMODE_VALUE, ICAL_XLICCLASS_VALUE, ICAL_QUERYLEVEL_VALUE};
  return std::find(kinds.begin(), kinds.end(), kind) != kinds.end();
}

bool value_is_valid(icalvalue_kind kind, const std::string& v)
{
  switch (kind) {
    case ICAL_DATE_VALUE: {
      const auto t = parse_date_time(v);
      return t && t->is_date;
    }
    case ICAL_DATETIME_VALUE: {
      const auto t = parse_date_time(v);
      return t && !t->is_date;
    }
    case ICAL_DATETIMEDATE_VALUE:
      return is_date_time(v);
    case ICAL_DATETIMEPERIOD_VALUE:
      return is_date_time(v) || is_period(v);
    case ICAL_PERIOD_VALUE:
      return is_period(v);
    case ICAL_DURATION_VALUE:
      return parse_duration(v).has_value();
    case ICAL_TRIGGER_VALUE:
      return parse_duration(v) || is_date_time(v);
    case ICAL_INTEGER_VALUE:
      return is_integer(v);
    case ICAL_BOOLEAN_VALUE:
      return text::ascii_iequal(v, "TRUE") || text::ascii_iequal(v, "FALSE");
    case ICAL_FLOAT_VALUE:
      return is_float(v);
    case ICAL_UTCOFFSET_VALUE:
      return is_utc_offset(v);
    case ICAL_CALADDRESS_VALUE:
      return !v.empty();
    default:
      return libical_takes(kind, v);
  }
}

bool is_list(std::string_view name)
{
  return name == "EXDATE" || name == "RDATE" || name == "FREEBUSY";
}

/// The type by libical's table, and the choice that RFC 5545 section 3.8 gives where the table
/// knows just the default.
icalvalue_kind normal_kind(std::string_view name, icalproperty_kind kind)
{
  static constexpr std::array<std::string_view, 5> date_or_time{"DTSTART", "DTEND", "DUE", "EXDATE",
                                                                "RECURRENCE-ID"};
  if (name == "RDATE") return ICAL_DATETIMEPERIOD_VALUE;
  if (name == "TRIGGER") return ICAL_TRIGGER_VALUE;
  if (name == "GEO") return ICAL_GEO_VALUE;  // two floats
  const bool choice =
      std::find(date_or_time.begin(), date_or_time.end(), name) != date_or_time.end();
  return choice ? ICAL_DATETIMEDATE_VALUE : icalproperty_kind_to_value_kind(kind);
}

/// VALUE= against the type that the property has by default (RFC 5545 section 3.8).
bool value_parameter_fits(icalvalue_kind normal, std::string_view wanted, icalvalue_kind& kind)
{
  if (wanted == "DATE" || wanted == "DATE-TIME") {
    kind = wanted == "DATE" ? ICAL_DATE_VALUE : ICAL_DATETIME_VALUE;
    return normal == ICAL_DATETIMEDATE_VALUE || normal == ICAL_DATETIMEPERIOD_VALUE ||
           normal == ICAL_TRIGGER_VALUE || normal == kind;
  }
  if (wanted == "PERIOD") {
    kind = ICAL_PERIOD_VALUE;
    return normal == ICAL_DATETIMEPERIOD_VALUE || normal == ICAL_PERIOD_VALUE;
  }
  if (wanted == "DURATION") {
    kind = ICAL_DURATION_VALUE;
    return normal == ICAL_TRIGGER_VALUE || normal == ICAL_DURATION_VALUE;
  }
  static constexpr std::array<std::pair<std::string_view, icalvalue_kind>, 5> exact{
      {{"RECUR", ICAL_RECUR_VALUE},
       {"INTEGER", ICAL_INTEGER_VALUE},
       {"CAL-ADDRESS", ICAL_CALADDRESS_VALUE},
       {"UTC-OFFSET", ICAL_UTCOFFSET_VALUE},
       {"BOOLEAN", ICAL_BOOLEAN_VALUE}}};
  for (const auto& [word, type] : exact) {
    if (wanted == word) return kind = type, normal == type;
  }
  kind = normal;
  return takes_anything(normal);  // TEXT, URI, BINARY and types of later standards
}

// libical walks its table from the start for each; there are few names, and of those that it does not know some are kept.
icalproperty_kind kind_of(const std::string& property)
{
  constexpr std::size_t most_known = 1'000;
  if (property.starts_with("X-") && !property.starts_with("X-LIC-")) return ICAL_X_PROPERTY;
  static thread_local std::map<std::string, icalproperty_kind, std::less<>> known;
  if (const auto found = known.find(property); found != known.end()) return found->second;
  const icalproperty_kind kind = icalproperty_string_to_kind(property.c_str());
  if (known.size() < most_known && property.size() < 100) known.emplace(property, kind);
  return kind;
}

}  // namespace

bool is_request_status(std::string_view value)
{
  const std::string_view code = value.substr(0, value.find(';'));
  std::size_t dots = 0;
  bool digit = false;
  bool good = true;
  for (const char c : code) {
    good = good && (c == '.' ? digit : c >= '0' && c <= '9');
    dots += c == '.' ? 1U : 0U;
    digit = c != '.';
  }
  return good && digit && dots >= 1 && dots <= 2 && code.size() < value.size();
}

bool matters(std::string_view property)
{
  static constexpr std::array<std::string_view, 18> names{
      "UID",      "DTSTART",       "DTEND",     "DUE",      "DURATION", "RRULE",
      "RDATE",    "EXDATE",        "STATUS",    "METHOD",   "SEQUENCE", "DTSTAMP",
      "ATTENDEE", "RECURRENCE-ID", "ORGANIZER", "FREEBUSY", "EXRULE",   "REQUEST-STATUS"};
  return std::find(names.begin(), names.end(), property) != names.end();
}

std::string why_invalid(Property& property, std::string& note)
{
  const icalproperty_kind name = kind_of(property.name);
  if (name == ICAL_NO_PROPERTY || name == ICAL_X_PROPERTY) return {};
  const icalvalue_kind normal = normal_kind(property.name, name);
  icalvalue_kind kind = normal;
  if (const std::string* wanted = property.parameter("VALUE")) {
    if (!value_parameter_fits(normal, text::ascii_upper(*wanted), kind)) {
      return cat("it cannot have VALUE=", *wanted);
    }
  }
  if (takes_anything(kind)) {
    return property.value.empty() && matters(property.name) ? "it has no value" : "";
  }
  if (const auto trimmed = text::trim(property.value); trimmed.size() != property.value.size()) {
    note = "blanks around the value";
    property.value = std::string(trimmed);
  }
  if (property.value.empty()) return "it has no value";
  if (kind == ICAL_RECUR_VALUE) {
    const auto rule = parse_rule(property.value);
    return rule ? std::string() : rule.error().what;
  }
  // libical knows some codes and no others
  if (property.name == "REQUEST-STATUS" && is_request_status(property.value)) return {};
  const bool valid = is_list(property.name)
                         ? all_items(property.value,
                                     [&](std::string_view item) {
                                       return value_is_valid(kind, std::string(item));
                                     })
                         : value_is_valid(kind, property.value);
  if (valid) return {};
  return cat("\"", property.value.substr(0, 100), "\" is not valid");
}

}  // namespace imip::ical::detail
