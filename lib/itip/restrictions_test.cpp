// The tables in the program, in restrictions.csv and in RFC 5546 are the same.
#include "itip/restrictions.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/cat.hpp"

using namespace imip;
using namespace imip::itip;

namespace {

using Rows = std::vector<std::string>;  // as in the CSV

Rows lines_of(std::ifstream in)
{
  Rows out;
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

Rows csv()
{
  Rows rows = lines_of(std::ifstream(IMIP_SOURCE_DIR "/lib/itip/restrictions.csv"));
  REQUIRE(!rows.empty());
  rows.erase(rows.begin());
  return rows;
}

std::string word_or_star(std::string_view word)
{
  return word.empty() ? "*" : std::string(word);
}

Rows compiled()
{
  Rows out;
  for (const Restriction& r : restrictions())
    out.push_back(cat(r.section, ',', word_or_star(method_word(r.method)), ',',
                      word_or_star(kind_word(r.kind)), ',', r.within, ',', r.name, ',',
                      presence_word(r.presence), ',', r.predicate));
  return out;
}

// ---- the RFC's text -------------------------------------------------------------------------

std::string trimmed(const std::string& s)
{
  const auto first = s.find_first_not_of(' ');
  return first == std::string::npos ? "" : s.substr(first, s.find_last_not_of(' ') - first + 1);
}

struct Table {
  std::string section, method, kind;
  struct Row {
    std::size_t indent;
    std::string name, presence, comment;
  };
  std::vector<Row> rows;
};

// "   |   DTSTART         | 1        | comment |"
std::optional<Table::Row> row_of(const std::string& line)
{
  if (line.rfind("   |", 0) != 0 && line.rfind("          |", 0) != 0) return std::nullopt;
  std::vector<std::string> cells;
  std::size_t at = line.find('|') + 1;
  for (auto bar = line.find('|', at); bar != std::string::npos; bar = line.find('|', at)) {
    cells.push_back(line.substr(at, bar - at));
    at = bar + 1;
  }
  if (cells.size() != 3) return std::nullopt;
  return Table::Row{cells[0].find_first_not_of(' '), trimmed(cells[0]), trimmed(cells[1]),
                    trimmed(cells[2])};
}

// Every table of sections 3.1 to 3.5; page breaks are lines that are no rows.
std::vector<Table> tables_of(const Rows& lines)
{
  std::vector<Table> out;
  std::string section;
  bool inside = false;
  for (const std::string& line : lines) {
    if (line.rfind("3.", 0) == 0) section = line.substr(0, line.find(' '));
    if (line.rfind("4.  ", 0) == 0) inside = false;
    if (const auto title = line.find("| Constraints for "); title != std::string::npos) {
      Table table;
      table.section = section.substr(0, section.size() - 1);
      table.method = table.kind = "*";
      if (const auto m = line.find("METHOD:"); m != std::string::npos) {
        const auto of = line.find(" of a ");
        table.method = trimmed(line.substr(m + 7, of - m - 7));
        table.kind = trimmed(line.substr(of + 6, line.find('|', of) - of - 6));
      }
      out.push_back(table);
      inside = true;
      continue;
    }
    const auto row = inside ? row_of(line) : std::nullopt;
    if (!row || row->name == "Component/Property") continue;
    if (row->name == "Action") inside = false;  // section 4 has other tables
    if (!row->name.empty() && inside)
      out.back().rows.push_back(*row);
    else if (inside && !row->comment.empty())
      out.back().rows.back().comment += ' ' + row->comment;
  }
  return out;
}

// Words of the comment, and the predicate that it is; the first that fits counts.
constexpr std::array<std::pair<const char*, const char*>, 20> comments{
    {{"DURATION MUST NOT", "not-with:DURATION"},
     {"DTEND MUST NOT", "not-with:DTEND"},
     {"DUE MUST NOT", "not-with:DUE"},
     {"RRULE MUST NOT", "not-with:RRULE"},
     {"RDATE MUST NOT", "not-with:RDATE"},
     {"REPEAT MUST be", "with:REPEAT"},
     {"DURATION MUST be", "with:DURATION"},
     {"STANDARD or DAYLIGHT", "one-of-these:STANDARD/DAYLIGHT"},
     {"local time", "local"},
     {"in UTC", "utc"},
     {"refers to", "if-referred"},
     {"Only if referring", "instance-only"},
     {"same UID", "same-uid"},
     {"an be null", "may-be-empty"},
     {"BUSYTIME", "sorted"},
     {"Organizer of the original", "original"},
     {"originator", "originator"},
     {"address of", "speaker"},
     {"some or all", "removed-attendees"},
     {"MUST for all", "all-attendees"}}};
// Comments that ask for nothing.
constexpr std::array remarks{"propose other", "is being requested", "busy time URL"};

std::string status_set(const std::string& comment)
{
  if (comment.find("MUST NOT be included") != std::string::npos) return "status:CANCELLED";
  std::set<std::string> seen;
  std::string out, word;
  for (const char c : comment + ' ') {
    if ((c >= 'A' && c <= 'Z') || c == '-') {
      word += c;
      continue;
    }
    if (word == "TENATIVE") word = "TENTATIVE";  // section 3.2.7
    if (word.size() > 4) out += (out.empty() ? "status:" : "/") + word;
    word.clear();
  }
  return out;
}

std::string predicate_of(const Table& table, const Table::Row& row)
{
  const std::string& c = row.comment;
  const auto has = [&](const char* words) { return c.find(words) != std::string::npos; };
  if (c.empty()) return "";
  if (row.name == "METHOD") return has(table.method.c_str()) ? "word:" + table.method : "?";
  if (row.name == "VERSION") return has("2.0") ? "word:2.0" : "?";
  if (row.name == "STATUS") return status_set(c);
  if (row.name == "UID") return has("original") || has("associated") ? "original" : "?";
  if (row.name == "SEQUENCE") {
    if (has("MUST be greater")) return "positive";
    const std::string original = has("original") ? "original" : "";
    const std::string zero = has("MAY be present if") ? "if-not-zero" : "";
    return original + (original.empty() || zero.empty() ? "" : "+") + zero;
  }
  for (const auto& [words, predicate] : comments)
    if (has(words)) return predicate;
  for (const char* words : remarks)
    if (has(words)) return "";
  return "?";
}

Rows rows_of(const std::vector<Table>& tables)
{
  Rows out;
  for (const Table& table : tables) {
    std::map<std::size_t, std::string> around{{1, "VCALENDAR"}};
    for (const Table::Row& row : table.rows) {
      around[row.indent + 2] = row.name;
      std::string within = around[row.indent];
      // a VALARM is listed after what stands at the top, and means the component
      const bool top = within.rfind("IANA", 0) == 0 || within.rfind("X-", 0) == 0;
      if (top) within = table.kind;
      const std::string presence = row.presence == "0 or 1" ? "0-1" : row.presence;
      out.push_back(cat(table.section, ',', table.method, ',', table.kind, ',', within, ',', row.name,
                        ',', presence, ',', predicate_of(table, row)));
    }
  }
  return out;
}

}  // namespace

TEST_CASE("the tables in the program are those of restrictions.csv")
{
  CHECK(compiled() == csv());
  std::set<std::pair<Method, Kind>> tables;
  for (const Restriction& r : restrictions()) tables.insert({r.method, r.kind});
  CHECK(tables.size() == 22 + 1);
  for (const auto& [method, kind] : tables) {
    std::size_t all = 0;
    for (const Restriction& r : restrictions()) all += r.method == method && r.kind == kind ? 1U : 0U;
    CHECK(restrictions(method, kind).size() == all);
  }
  CHECK(restrictions(Method::Request, Kind::Journal).empty());
}

TEST_CASE("restrictions.csv is what RFC 5546 says")
{
  for (const char* folder : {"/../shared/rfc", "/../../shared/rfc"}) {
    std::ifstream in(std::string(IMIP_SOURCE_DIR) + folder + "/rfc5546.txt");
    if (!in) continue;
    WARN("compared with the text of RFC 5546 in ../shared/rfc");
    const auto tables = tables_of(lines_of(std::move(in)));
    CHECK(tables.size() == 25);
    CHECK(rows_of(tables) == csv());
    return;
  }
  WARN("the text of RFC 5546 is not in ../shared/rfc: compared with nothing but the counts of its tables");
  CHECK(csv().size() == 870);
}
