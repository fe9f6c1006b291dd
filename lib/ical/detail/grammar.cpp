#include "ical/detail/grammar.hpp"

#include <algorithm>
#include <array>

namespace imip::ical::detail {

namespace {

struct TypeInfo {
  std::string_view word, section;
};
constexpr TypeInfo types[] = {
    {"TEXT", "3.3.11"},    {"TEXT", "3.3.11"},   {"DATE", "3.3.4"},        {"DATE-TIME", "3.3.5"},
    {"PERIOD", "3.3.9"},   {"DURATION", "3.3.6"}, {"INTEGER", "3.3.8"},    {"FLOAT", "3.3.7"},
    {"BOOLEAN", "3.3.2"},  {"URI", "3.3.13"},    {"CAL-ADDRESS", "3.3.3"}, {"RECUR", "3.3.10"},
    {"UTC-OFFSET", "3.3.14"}, {"BINARY", "3.3.1"}, {"FLOAT", "3.8.1.6"},   {"TEXT", "3.8.8.3"}};

constexpr std::string_view prose = "ALTREP LANGUAGE";

// By name, for the search.
constexpr PropertyRule properties[] = {
    {"ACTION", "3.8.6.1", Type::Text, "", "", ""},
    {"ATTACH", "3.8.1.1", Type::Uri, "BINARY", "ENCODING FMTTYPE", ""},
    {"ATTENDEE", "3.8.4.1", Type::CalAddress, "",
     "LANGUAGE CUTYPE MEMBER ROLE PARTSTAT RSVP DELEGATED-TO DELEGATED-FROM SENT-BY CN DIR", ""},
    {"CALSCALE", "3.7.1", Type::Text, "", "", "GREGORIAN"},
    {"CATEGORIES", "3.8.1.2", Type::TextList, "", "LANGUAGE", ""},
    {"CLASS", "3.8.1.3", Type::Text, "", "", ""},
    {"COMMENT", "3.8.1.4", Type::Text, "", prose, ""},
    {"COMPLETED", "3.8.2.1", Type::DateTime, "", "", ""},
    {"CONTACT", "3.8.4.2", Type::Text, "", prose, ""},
    {"CREATED", "3.8.7.1", Type::DateTime, "", "", ""},
    {"DESCRIPTION", "3.8.1.5", Type::Text, "", prose, ""},
    {"DTEND", "3.8.2.2", Type::DateTime, "DATE", "TZID", ""},
    {"DTSTAMP", "3.8.7.2", Type::DateTime, "", "", ""},
    {"DTSTART", "3.8.2.4", Type::DateTime, "DATE", "TZID", ""},
    {"DUE", "3.8.2.3", Type::DateTime, "DATE", "TZID", ""},
    {"DURATION", "3.8.2.5", Type::Duration, "", "", ""},
    {"EXDATE", "3.8.5.1", Type::DateTime, "DATE", "TZID", ""},
    {"FREEBUSY", "3.8.2.6", Type::Period, "", "FBTYPE", ""},
    {"GEO", "3.8.1.6", Type::Geo, "", "", ""},
    {"LAST-MODIFIED", "3.8.7.3", Type::DateTime, "", "", ""},
    {"LOCATION", "3.8.1.7", Type::Text, "", prose, ""},
    {"METHOD", "3.7.2", Type::Text, "", "", ""},
    {"ORGANIZER", "3.8.4.3", Type::CalAddress, "", "LANGUAGE CN DIR SENT-BY", ""},
    {"PERCENT-COMPLETE", "3.8.1.8", Type::Integer, "", "", ""},
    {"PRIORITY", "3.8.1.9", Type::Integer, "", "", ""},
    {"PRODID", "3.7.3", Type::Text, "", "", ""},
    {"RDATE", "3.8.5.2", Type::DateTime, "DATE PERIOD", "TZID", ""},
    {"RECURRENCE-ID", "3.8.4.4", Type::DateTime, "DATE", "TZID RANGE", ""},
    {"RELATED-TO", "3.8.4.5", Type::Text, "URI UID", "RELTYPE", ""},  // RFC 9253 section 8.2
    {"REPEAT", "3.8.6.2", Type::Integer, "", "", ""},
    {"REQUEST-STATUS", "3.8.8.3", Type::RequestStatus, "", "LANGUAGE", ""},
    {"RESOURCES", "3.8.1.10", Type::TextList, "", prose, ""},
    {"RRULE", "3.8.5.3", Type::Recur, "", "", ""},
    {"SEQUENCE", "3.8.7.4", Type::Integer, "", "", ""},
    {"STATUS", "3.8.1.11", Type::Text, "", "", ""},
    {"SUMMARY", "3.8.1.12", Type::Text, "", prose, ""},
    {"TRANSP", "3.8.2.7", Type::Text, "", "", "OPAQUE TRANSPARENT"},
    {"TRIGGER", "3.8.6.3", Type::Duration, "DATE-TIME", "TZID RELATED", ""},
    {"TZID", "3.8.3.1", Type::Text, "", "", ""},
    {"TZNAME", "3.8.3.2", Type::Text, "", "LANGUAGE", ""},
    {"TZOFFSETFROM", "3.8.3.3", Type::UtcOffset, "", "", ""},
    {"TZOFFSETTO", "3.8.3.4", Type::UtcOffset, "", "", ""},
    {"TZURL", "3.8.3.5", Type::Uri, "", "", ""},
    {"UID", "3.8.4.7", Type::Text, "", "", ""},
    {"URL", "3.8.4.6", Type::Uri, "", "", ""},
    {"VERSION", "3.7.4", Type::Text, "", "", "2.0"},
};

constexpr std::string_view inner = "VALARM PARTICIPANT VLOCATION VRESOURCE";
// RFC 7986, 9073, 9253: in any number.
#define IMIP_ANY "ATTACH ATTENDEE CATEGORIES COMMENT CONTACT EXDATE REQUEST-STATUS RELATED-TO RDATE "
constexpr ComponentRule components[] = {
    {"VCALENDAR", "3.6", "PRODID VERSION", "CALSCALE METHOD UID LAST-MODIFIED URL REFRESH-INTERVAL SOURCE COLOR",
     "NAME DESCRIPTION CATEGORIES IMAGE", "VEVENT VTODO VJOURNAL VFREEBUSY VTIMEZONE"},
    {"VEVENT", "3.6.1", "DTSTAMP UID",
     "DTSTART CLASS CREATED DESCRIPTION GEO LAST-MODIFIED LOCATION ORGANIZER PRIORITY SEQUENCE STATUS SUMMARY TRANSP "
     "URL RECURRENCE-ID DTEND DURATION COLOR RRULE",
     IMIP_ANY "RESOURCES", inner},
    {"VTODO", "3.6.2", "DTSTAMP UID",
     "CLASS COMPLETED CREATED DESCRIPTION DTSTART GEO LAST-MODIFIED LOCATION ORGANIZER PERCENT-COMPLETE PRIORITY "
     "RECURRENCE-ID SEQUENCE STATUS SUMMARY URL DUE DURATION COLOR RRULE",
     IMIP_ANY "RESOURCES", inner},
    // A VALARM: RFC 5546 section 3.5 lets a VJOURNAL have one, RFC 5545 section 3.6.6 does not.
    {"VJOURNAL", "3.6.3", "DTSTAMP UID",
     "CLASS CREATED DTSTART LAST-MODIFIED ORGANIZER RECURRENCE-ID SEQUENCE STATUS SUMMARY URL COLOR RRULE",
     IMIP_ANY "DESCRIPTION", inner},
    {"VFREEBUSY", "3.6.4", "DTSTAMP UID", "CONTACT DTSTART DTEND ORGANIZER URL",
     "ATTENDEE COMMENT FREEBUSY REQUEST-STATUS", "PARTICIPANT VLOCATION VRESOURCE"},
    {"VTIMEZONE", "3.6.5", "TZID", "LAST-MODIFIED TZURL TZUNTIL", "TZID-ALIAS-OF", "STANDARD DAYLIGHT"},
    {"STANDARD", "3.6.5", "DTSTART TZOFFSETTO TZOFFSETFROM", "RRULE", "COMMENT RDATE TZNAME", ""},
    {"DAYLIGHT", "3.6.5", "DTSTART TZOFFSETTO TZOFFSETFROM", "RRULE", "COMMENT RDATE TZNAME", ""},
    {"VALARM", "3.6.6", "ACTION TRIGGER", "DURATION REPEAT DESCRIPTION SUMMARY UID ACKNOWLEDGED PROXIMITY",
     "ATTACH ATTENDEE RELATED-TO", "VLOCATION"},
};
#undef IMIP_ANY

// RFC 7986, 9073, 9074, 9253, 7953, 7808, 6321.
constexpr std::string_view later_properties =
    "NAME REFRESH-INTERVAL SOURCE COLOR IMAGE CONFERENCE LOCATION-TYPE PARTICIPANT-TYPE "
    "RESOURCE-TYPE "
    "CALENDAR-ADDRESS STYLED-DESCRIPTION STRUCTURED-DATA ACKNOWLEDGED PROXIMITY CONCEPT LINK REFID "
    "BUSYTYPE "
    "TZID-ALIAS-OF TZUNTIL XML";
constexpr std::string_view later_components = "PARTICIPANT VLOCATION VRESOURCE VAVAILABILITY AVAILABLE";
// RFC 7986, 9073, 9253, 8607, 6638.
constexpr std::string_view later_parameters =
    "DISPLAY EMAIL FEATURE LABEL ORDER SCHEMA DERIVED GAP LINKREL FILENAME MANAGED-ID SIZE SCHEDULE-AGENT "
    "SCHEDULE-FORCE-SEND SCHEDULE-STATUS";
constexpr std::string_view parameters =
    "ALTREP CN CUTYPE DELEGATED-FROM DELEGATED-TO DIR ENCODING FMTTYPE FBTYPE LANGUAGE MEMBER PARTSTAT RANGE RELATED "
    "RELTYPE ROLE RSVP SENT-BY TZID VALUE";

}  // namespace

std::string_view type_word(Type t) { return types[static_cast<std::size_t>(t)].word; }
std::string_view type_section(Type t) { return types[static_cast<std::size_t>(t)].section; }

const PropertyRule* property_rule(std::string_view name)
{
  const auto found = std::lower_bound(std::begin(properties), std::end(properties), name,
                                      [](const PropertyRule& r, std::string_view n) { return r.name < n; });
  return found != std::end(properties) && found->name == name ? found : nullptr;
}

const ComponentRule* component_rule(std::string_view name)
{
  const auto found = std::find_if(std::begin(components), std::end(components),
                                  [&](const ComponentRule& r) { return r.name == name; });
  return found != std::end(components) ? found : nullptr;
}

bool is_later_property(std::string_view name) { return has_word(later_properties, name); }
bool is_later_component(std::string_view name) { return has_word(later_components, name); }
bool is_later_parameter(std::string_view name) { return has_word(later_parameters, name); }
bool is_parameter(std::string_view name) { return has_word(parameters, name); }

bool has_word(std::string_view list, std::string_view word)
{
  while (!list.empty()) {
    const std::size_t blank = list.find(' ');
    if (list.substr(0, blank) == word) return true;
    if (blank == std::string_view::npos) return false;
    list.remove_prefix(blank + 1);
  }
  return false;
}

std::string_view status_words(std::string_view component)
{
  if (component == "VEVENT") return "TENTATIVE CONFIRMED CANCELLED";
  if (component == "VTODO") return "NEEDS-ACTION COMPLETED IN-PROCESS CANCELLED";
  if (component == "VJOURNAL") return "DRAFT FINAL CANCELLED";
  return {};
}

std::string_view partstat_words(std::string_view component)
{
  if (component == "VEVENT") return "NEEDS-ACTION ACCEPTED DECLINED TENTATIVE DELEGATED";
  if (component == "VTODO")
    return "NEEDS-ACTION ACCEPTED DECLINED TENTATIVE DELEGATED COMPLETED IN-PROCESS";
  if (component == "VJOURNAL") return "NEEDS-ACTION ACCEPTED DECLINED";
  return {};
}

}  // namespace imip::ical::detail
