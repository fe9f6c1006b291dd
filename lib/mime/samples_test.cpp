// The messages of testdata/mail, in LF and CRLF form, against testdata/mail/expected.txt.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include "base/text.hpp"
#include "mime/calendar_part.hpp"
#include "mime/compose.hpp"
#include "mime/message.hpp"
#include "mime/protect.hpp"
#include "mime/signed_entity.hpp"

using namespace imip;
using namespace imip::mime;

namespace {

const std::filesystem::path folder = std::filesystem::path(IMIP_SOURCE_DIR) / "testdata" / "mail";

std::string slurp(const std::filesystem::path& path)
{
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

struct Expected {
  std::string part, method, component, uid, organizer;
};

std::map<std::string, Expected> expectations()
{
  std::map<std::string, Expected> out;
  std::istringstream in(slurp(folder / "expected.txt"));
  for (std::string line; std::getline(in, line);) {
    if (line.empty() || line.front() == '#') continue;
    std::istringstream words(line);
    std::string file;
    Expected e;
    words >> file >> e.part >> e.method >> e.component >> e.uid >> e.organizer;
    REQUIRE(words);
    out[file] = e;
  }
  return out;
}

std::vector<std::string> sample_names()
{
  std::vector<std::string> out;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".eml") out.push_back(entry.path().filename());
  return out;
}

// The value of the first property of that name, unfolded: enough to see that the text is decoded.
std::string property(const std::string& calendar, const std::string& name)
{
  std::string flat;
  for (std::size_t i = 0; i < calendar.size(); ++i) {
    if (calendar[i] == '\r') continue;
    if (calendar[i] == '\n' && i + 1 < calendar.size() && calendar[i + 1] == ' ')
      ++i;
    else
      flat += calendar[i];
  }
  const auto at = flat.find("\n" + name);
  if (at == std::string::npos) return "-";
  const std::string line = flat.substr(at + 1, flat.find('\n', at + 1) - at - 1);
  const auto sent_by = line.find("SENT-BY=mailto:");
  if (sent_by != std::string::npos) return line.substr(line.rfind("mailto:"));
  const auto colon =
      line.rfind("\":") != std::string::npos ? line.rfind("\":") + 1 : line.find(':');
  return line.substr(colon + 1);
}

void check_sample(const std::string& octets, const Expected& expected)
{
  const auto message = parse_message(octets, {});
  REQUIRE(message);
  for (const Node& node : message->nodes()) {
    INFO("part " << node.part);
    CHECK(node.defects.empty());
  }
  const auto parts = calendar_parts(*message, {});
  REQUIRE(parts);
  REQUIRE(parts->size() == 1);
  const CalendarPart& part = parts->front();
  CHECK(part.part == expected.part);
  CHECK(part.method.value_or("-") == expected.method);
  CHECK(part.component.value_or("-") == expected.component);
  CHECK(part.defects.empty());
  CHECK(text::is_utf8(part.text));
  CHECK(property(part.text, "UID") == expected.uid);
  CHECK(property(part.text, "ORGANIZER") == expected.organizer);
  CHECK_FALSE(message->envelope().from.empty());
  CHECK_FALSE(message->envelope().message_id.empty());
}

}  // namespace

TEST_CASE("every sample has an expectation and every expectation a sample")
{
  const auto expected = expectations();
  const auto names = sample_names();
  CHECK(names.size() >= 20);
  CHECK(names.size() == expected.size());
  for (const auto& name : names) {
    INFO(name);
    CHECK(expected.count(name) == 1);
  }
}

TEST_CASE("samples are read as expected, in LF and in CRLF form")
{
  for (const auto& [name, expected] : expectations()) {
    INFO(name);
    const std::string octets = slurp(folder / name);
    CHECK(octets.find('\r') == std::string::npos);
    check_sample(octets, expected);
    check_sample(to_crlf(octets), expected);
  }
}

TEST_CASE("what stands around a sample's calendar part is seen")
{
  const auto part_of = [](const std::string& name) {
    const auto message = parse_message(slurp(folder / name), {});
    REQUIRE(message);
    auto parts = calendar_parts(*message, {});
    REQUIRE(parts);
    return parts->front();
  };
  CHECK(part_of("bounce-report.eml").place.in_report);
  CHECK(part_of("bounce-report.eml").place.in_forwarded);
  CHECK(part_of("forwarded-rfc822.eml").place.in_forwarded);
  CHECK_FALSE(part_of("forwarded-rfc822.eml").place.in_report);
  CHECK_FALSE(part_of("google-request.eml").place.in_forwarded);
  CHECK(part_of("google-request.eml").place.alternative == 1);
  CHECK(part_of("nextcloud-request-attachment.eml").attachment);
  CHECK(part_of("nextcloud-request-attachment.eml").place.alternative == no_node);
  CHECK_FALSE(part_of("outlook-request-base64.eml").attachment);
}

TEST_CASE("samples can be split for signing, and the entity holds the same calendar")
{
  for (const auto& [name, expected] : expectations()) {
    INFO(name);
    const std::string octets = slurp(folder / name);
    const auto before = parse_message(octets, {});
    const auto split = split_for_signing(octets);
    REQUIRE(split);
    const auto after = parse_message(split->entity, {});
    REQUIRE(after);
    const auto old_parts = calendar_parts(*before, {});
    const auto new_parts = calendar_parts(*after, {});
    REQUIRE(new_parts);
    REQUIRE(new_parts->size() == old_parts->size());
    CHECK(to_crlf(new_parts->front().text) == to_crlf(old_parts->front().text));
    CHECK(new_parts->front().method == old_parts->front().method);
    CHECK(new_parts->front().defects.empty());
    CHECK(std::all_of(split->entity.begin(), split->entity.end(),
                      [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
  }
}
