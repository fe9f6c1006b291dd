// Calendar parts of one mail against each other (trust.md section 4).
#include <catch2/catch.hpp>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/cat.hpp"
#include "pipeline/detail/contradictions.hpp"

using namespace imip;
using pipeline::JudgedPart;

namespace {

JudgedPart part(std::string number, std::string content, std::string uid, std::string group = {})
{
  JudgedPart out;
  out.part = std::move(number);
  out.part_sha256 = std::move(content);
  out.group = std::move(group);
  out.reading.message.emplace().uid = std::move(uid);
  return out;
}

JudgedPart with_method(JudgedPart part, std::string method)
{
  part.method = std::move(method);
  return part;
}

JudgedPart signed_part(std::string number, std::string content)
{
  JudgedPart out = part(std::move(number), std::move(content), "u");
  crypto::Signature valid;
  valid.status = crypto::SignatureStatus::Valid;
  out.evidence.signatures.emplace_back(std::move(valid));
  return out;
}

std::vector<JudgedPart> resolved(std::vector<JudgedPart> parts)
{
  pipeline::detail::resolve_contradictions(parts, {});
  return parts;
}

template <typename... Parts>
std::vector<JudgedPart> mail(Parts... parts)
{
  std::vector<JudgedPart> out;
  (out.push_back(std::move(parts)), ...);
  return resolved(std::move(out));
}

std::string said(const JudgedPart& p)
{
  std::string out;
  for (const Reason& r : p.evidence.refusals) out += cat(code_word(r.code), ": ", r.text, '\n');
  return out;
}

}  // namespace

TEST_CASE("an alternative without method is shown by other programs: it must say the same")
{
  for (const auto& [content, group, refused] : {std::tuple("b", "1@0", true), {"a", "1@0", false}, {"b", "2@4", false}}) {
    std::vector<JudgedPart> parts;
    parts.push_back(part("1.1", "a", "u", "1@0"));
    pipeline::detail::resolve_contradictions(parts, {{"1.2", content, group}});
    CHECK(said(parts.front()) ==
          (refused ? "alternatives-differ: parts 1.1 and 1.2 are alternatives of one another and hold different "
                     "calendars\n"
                   : ""));
  }
}

TEST_CASE("the same content counts once, the first that is signed")
{
  auto parts = mail(part("1", "a", "u"), part("2", "a", "u"));
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].part == "1");
  CHECK(said(parts[0]).empty());
  parts = mail(part("1", "a", "u"), signed_part("2", "a"), signed_part("3", "a"));
  REQUIRE(parts.size() == 1);
  CHECK(parts[0].part == "2");
}

TEST_CASE("alternatives that differ refuse each other, whatever their UIDs")
{
  const auto parts = mail(part("1.1", "a", "u", "1@0"), part("1.2", "b", "v", "1@0"), part("2", "c", "w"));
  REQUIRE(parts.size() == 3);
  const std::string differ =
      "alternatives-differ: parts 1.1 and 1.2 are alternatives of one another and hold different calendars\n";
  CHECK(said(parts[0]) == differ);
  CHECK(said(parts[1]) == differ);
  CHECK(said(parts[2]).empty());
}

TEST_CASE("alternatives that hold one calendar with different methods refuse each other")
{
  const auto one = [](const char* number, const char* method) {
    return with_method(part(number, "a", "u", "g"), method);
  };
  const auto parts = mail(one("1", "REQUEST"), one("2", "CANCEL"));
  REQUIRE(parts.size() == 2);
  for (const JudgedPart& each : parts)
    CHECK(said(each) == "alternatives-differ: parts 1 and 2 are alternatives of one another and hold one calendar with "
                        "different methods in their Content-Type\n");
  REQUIRE(mail(one("1", "REQUEST"), one("2", "REQUEST")).size() == 1);
  CHECK(said(mail(one("1", "REQUEST"), one("2", "REQUEST"))[0]).empty());
}

TEST_CASE("two contents for one UID refuse each other, but not the messages of one part")
{
  auto parts = mail(part("1", "a", "u"), part("1", "a", "v"), part("2", "b", "u"));
  REQUIRE(parts.size() == 3);
  const std::string twice = "duplicate-uid: parts 1 and 2 say different things about one event\n";
  CHECK(said(parts[0]) == twice);
  CHECK(said(parts[1]).empty());
  CHECK(said(parts[2]) == twice);
  // alternatives are told as such, and only as such
  parts = mail(part("1.1", "a", "u", "g"), part("1.2", "b", "u", "g"));
  CHECK(said(parts[0]).find("duplicate-uid") == std::string::npos);
}

TEST_CASE("a copy that is dropped still contradicts others")
{
  const auto parts = mail(part("1", "a", "u"), part("2.1", "a", "u", "2@1"), part("2.2", "b", "v", "2@1"));
  REQUIRE(parts.size() == 2);
  CHECK(said(parts[0]).empty());
  CHECK(said(parts[1]) ==
        "alternatives-differ: parts 2.1 and 2.2 are alternatives of one another and hold different calendars\n");
}

TEST_CASE("a thousand parts that contradict one another get one reason each, which names a few")
{
  std::vector<JudgedPart> many;
  for (int i = 1; i <= 1'000; ++i) many.push_back(part(cat(i), cat("content ", i), "u"));
  const auto parts = resolved(std::move(many));
  REQUIRE(parts.size() == 1'000);
  for (const JudgedPart& p : parts) {
    REQUIRE(p.evidence.refusals.size() == 1);
    REQUIRE(said(p) == "duplicate-uid: parts 1, 2, 3, 4, 5 and 995 more say different things about one event\n");
  }
}
