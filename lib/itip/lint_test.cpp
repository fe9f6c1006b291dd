// Every row of every restriction table: what it lets pass, and what it does not.
#include "itip/lint.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/cat.hpp"
#include "itip/detail/lint_predicate.hpp"
#include "itip/detail/lint_rules.hpp"
#include "itip/restrictions.hpp"

using namespace imip;
using namespace imip::itip;

namespace {

const UtcSeconds now = std::chrono::sys_days{std::chrono::year{2027} / 1 / 2};

// A value that each property may have, whatever the component.
std::string sample(std::string_view name)
{
  static const std::map<std::string_view, std::string> values{
      {"ATTACH", "https://example.com/plan"},
      {"ATTENDEE", "mailto:alice@example.com"},
      {"COMPLETED", "20270104T120000Z"},
      {"CREATED", "20270101T000000Z"},
      {"DTEND", "20270104T110000Z"},
      {"DTSTAMP", "20270101T000000Z"},
      {"DTSTART", "20270104T100000Z"},
      {"DUE", "20270105T100000Z"},
      {"DURATION", "PT1H"},
      {"EXDATE", "20270105T100000Z"},
      {"FREEBUSY", "20270104T100000Z/PT1H"},
      {"GEO", "52.5;13.4"},
      {"LAST-MODIFIED", "20270101T000000Z"},
      {"ORGANIZER", "mailto:boss@example.com"},
      {"PERCENT-COMPLETE", "50"},
      {"PRIORITY", "5"},
      {"RDATE", "20270106T100000Z"},
      {"RECURRENCE-ID", "20270104T100000Z"},
      {"REQUEST-STATUS", "2.0;Success"},
      {"RRULE", "FREQ=DAILY;COUNT=5"},
      {"SEQUENCE", "1"},
      {"TRANSP", "OPAQUE"},
      {"UID", "one@example.com"},
      {"URL", "https://example.com/"},
  };
  const auto found = values.find(name);
  return found != values.end() ? found->second : "words";
}

using Counts = std::map<std::string, std::size_t>;  // property -> how often

struct Table {
  Method method;
  Kind kind;
  [[nodiscard]] std::span<const Restriction> rows() const { return restrictions(method, kind); }
  [[nodiscard]] std::string name() const { return cat(method_word(method), " of ", kind_word(kind)); }
};

std::vector<Table> tables()
{
  std::vector<Table> out;
  for (const Restriction& r : restrictions())
    if (r.method != Method::None && (out.empty() || out.back().method != r.method || out.back().kind != r.kind))
      out.push_back({r.method, r.kind});
  return out;
}

bool is_property(const Table& table, const Restriction& row)
{
  return row.within == kind_word(table.kind) && row.name != "VALARM" && row.name != "IANA-PROPERTY" &&
         row.name != "X-PROPERTY";
}

Counts least(const Table& table)
{
  Counts out;
  for (const Restriction& row : table.rows())
    if (is_property(table, row) && (row.presence == Presence::One || row.presence == Presence::Some))
      out[std::string(row.name)] = 1;
  return out;
}

std::string status_of(const Table& table)
{
  if (table.method == Method::Cancel) return "CANCELLED";
  return table.kind == Kind::Todo ? "COMPLETED" : table.kind == Kind::Journal ? "FINAL" : "CONFIRMED";
}

std::string text_of(const Table& table, const Counts& counts, const std::string& inside = "",
                    const std::string& beside = "")
{
  std::string out = cat("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Example//Test//EN\r\nMETHOD:",
                        method_word(table.method), "\r\nBEGIN:", kind_word(table.kind), "\r\n");
  for (const auto& [name, count] : counts)
    for (std::size_t i = 0; i < count; ++i)
      out += cat(name, ':', name == "STATUS" ? status_of(table) : sample(name), "\r\n");
  return cat(out, inside, "END:", kind_word(table.kind), "\r\n", beside, "END:VCALENDAR\r\n");
}

// "must rule rfc/section property", sorted; what answers do not say is no departure here.
std::vector<std::string> departures_of(const std::string& text)
{
  Departures found;
  const auto calendars = ical::read_source(text, true, Limits{}, found);
  REQUIRE(calendars.has_value());
  REQUIRE(calendars->size() == 1);
  lint_message(calendars->front(), Wrapping{true, {}, {}}, now, found);
  std::vector<std::string> out;
  for (const Departure& d : found.all()) {
    if (d.rule == Rule::NoAnswer) continue;
    out.push_back(cat(severity_word(d.severity), ' ', rule_word(d.rule), ' ', d.rfc, '/', d.section, ' ',
                      d.place.property.empty() ? d.place.component : d.place.property));
  }
  std::sort(out.begin(), out.end());
  return out;
}

using Words = std::vector<std::string>;

std::string expected(const char* rule, const Restriction& row)
{
  return cat("must ", rule, " 5546/", row.section, ' ', row.name);
}

// Where the RFC contradicts itself (lib/README.md), told here again on purpose.
bool either_way(const Table& table, const Restriction& row, std::size_t count)
{
  if (table.method == Method::Refresh && row.name == "ATTENDEE") return count > 1;
  if (table.method == Method::Refresh && row.name == "ORGANIZER") return table.kind == Kind::Todo;
  return table.method == Method::Counter && row.name == "SEQUENCE" && count == 0;
}

}  // namespace

TEST_CASE("what a table asks for, and no more, is no departure")
{
  CHECK(tables().size() == 22);
  for (const Table& table : tables()) {
    INFO(table.name());
    CHECK(departures_of(text_of(table, least(table))) == Words{});
  }
}

TEST_CASE("each property that a table demands is missed")
{
  for (const Table& table : tables()) {
    for (const Restriction& row : table.rows()) {
      if (!is_property(table, row) || (row.presence != Presence::One && row.presence != Presence::Some)) continue;
      Counts counts = least(table);
      counts.erase(std::string(row.name));
      INFO(table.name() << " without " << row.name);
      const auto found = departures_of(text_of(table, counts));
      if (either_way(table, row, 0))
        CHECK(found == Words{});
      else
        CHECK(found == Words{expected("missing-property", row)});
    }
  }
}

TEST_CASE("each property that a table has once is not there twice, and each that it excludes is not there")
{
  for (const Table& table : tables()) {
    for (const Restriction& row : table.rows()) {
      if (!is_property(table, row)) continue;
      const std::size_t count = row.presence == Presence::Never ? 1 : 2;
      Counts counts = least(table);
      counts[std::string(row.name)] = count;
      if (row.name == "DURATION" || row.name == "DTEND" || row.name == "DUE") counts.erase(row.name == "DURATION" ? "DTEND" : "DURATION");
      if (row.name == "DURATION") counts.erase("DUE");
      INFO(table.name() << " with " << count << ' ' << row.name);
      Words found = departures_of(text_of(table, counts));
      // of two RRULEs RFC 5545 speaks too; DTEND may be what the table demands
      std::erase_if(found, [](const std::string& w) { return w.find("recurrence-dates") != std::string::npos; });
      std::erase_if(found, [&](const std::string& w) { return row.name == "DURATION" && w.ends_with(" DTEND"); });
      // a VTODO with DURATION has a DTSTART
      std::erase_if(found, [](const std::string& w) { return w == "must missing-property 5545/3.6.2 DTSTART"; });
      std::erase_if(found, [](const std::string& w) { return w.find("recurrence-rule 5545/3.8.2.4") != std::string::npos; });
      const bool many = row.presence == Presence::Any || row.presence == Presence::Some;
      if (many || either_way(table, row, count))
        CHECK(found == Words{});
      else
        CHECK(found == Words{expected(row.presence == Presence::Never ? "excluded-property" : "repeated-property", row)});
    }
  }
}

TEST_CASE("components that a table excludes, and alarms")
{
  const std::string alarm =
      "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Go\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n";
  for (const Table& table : tables()) {
    INFO(table.name());
    for (const Restriction& row : table.rows()) {
      if (row.name != "VALARM") continue;
      const Words found = departures_of(text_of(table, least(table), alarm));
      if (row.presence != Presence::Never)
        CHECK(found == Words{});
      else if (table.kind == Kind::FreeBusy)  // RFC 5545 has it in no VFREEBUSY either
        CHECK(found == Words{"must excluded-component 5546/" + std::string(row.section) + " VALARM",
                             "must nesting 5545/3.6.6 VALARM"});
      else
        CHECK(found == Words{expected("excluded-component", row)});
    }
    const char* other = table.kind == Kind::Event ? "VTODO" : "VEVENT";
    const std::string beside = cat("BEGIN:", other, "\r\nUID:one@example.com\r\nDTSTAMP:20270101T000000Z\r\nEND:", other, "\r\n");
    CHECK(departures_of(text_of(table, least(table), "", beside)) ==
          Words{cat("must mixed-components 5546/3 ", other)});
  }
}

TEST_CASE("a table that has one component has not two; others have one UID, but for PUBLISH")
{
  for (const Table& table : tables()) {
    const auto row = std::find_if(table.rows().begin(), table.rows().end(), [&](const Restriction& r) {
      return r.name == kind_word(table.kind);
    });
    REQUIRE(row != table.rows().end());
    INFO(table.name());
    const std::string one = text_of(table, least(table));
    const auto from = one.find(cat("BEGIN:", kind_word(table.kind)));
    std::string second = one.substr(from, one.find("END:VCALENDAR") - from);
    second.replace(second.find("one@example.com"), 3, "two");
    const Words found = departures_of(text_of(table, least(table), "", second));
    Words wanted;
    if (table.method != Method::Publish)
      wanted.push_back(cat("must different-uids 5546/", row->predicate == "same-uid" ? row->section : "3", " UID"));
    if (row->presence == Presence::One)
      wanted.push_back(cat("must repeated-component 5546/", row->section, ' ', row->name));
    CHECK(found == wanted);
  }
}

TEST_CASE("every predicate of restrictions.csv is one that is known")
{
  std::set<std::string> names;
  for (const Restriction& r : restrictions()) {
    for (std::string_view rest = r.predicate; !rest.empty();) {
      const auto one = rest.substr(0, rest.find('+'));
      rest.remove_prefix(std::min(rest.size(), one.size() + 1));
      names.insert(std::string(one.substr(0, one.find(':'))));
    }
  }
  CHECK(names.size() == 19);
  for (const std::string& name : names) {
    INFO(name);
    CHECK(itip::detail::predicate(name) != nullptr);
  }
  CHECK(itip::detail::predicate("no-such") == nullptr);
}

TEST_CASE("methods that RFC 5546 does not have for a component")
{
  CHECK(departures_of(text_of({Method::Request, Kind::Journal}, {{"UID", 1}, {"DTSTAMP", 1}})) ==
        Words{"must method-component 5546/3 METHOD"});
  CHECK(departures_of(text_of({Method::Counter, Kind::FreeBusy}, {{"UID", 1}, {"DTSTAMP", 1}})) ==
        Words{"must method-component 5546/3 METHOD"});
}
