#include "base/departure.hpp"

#include <catch2/catch.hpp>

using namespace imip;

TEST_CASE("a finding quotes little of what a message made long")
{
  Departures found;
  const std::string megabyte(1'000'000, 'N');
  found.add(Rule::UnknownComponent, {7, megabyte, megabyte}, "no such component: " + megabyte);
  const Departure& d = found.all().front();
  CHECK(d.place.component.size() == Departures::most_name);
  CHECK(d.place.property.ends_with("N..."));
  CHECK(d.text.size() == Departures::most_text);
  CHECK(d.text.starts_with("no such component: NNN"));
}

TEST_CASE("a finding is cut between characters, and what is short stays")
{
  Departures found;
  std::string umlauts;
  for (int i = 0; i < 300; ++i) umlauts += "\xC3\xA4";
  found.add(Rule::Value, {}, umlauts);
  const std::string text = found.all().front().text;
  CHECK(text.size() == Departures::most_text - 1);
  CHECK(text.ends_with("\xC3\xA4..."));
  found.add(Rule::Method, {}, std::string(Departures::most_text, 'a'));
  CHECK(found.all().back().text == std::string(Departures::most_text, 'a'));
}
