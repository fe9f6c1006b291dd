#include "ical/object.hpp"

#include <catch2/catch.hpp>

using namespace imip::ical;

TEST_CASE("TEXT is escaped and unescaped")
{
  CHECK(escape_text("a,b;c\\d\ne\r\nf") == "a\\,b\\;c\\\\d\\ne\\nf");
  CHECK(Property{"SUMMARY", {}, "a\\,b\\;c\\\\d\\Ne"}.text() == "a,b;c\\d\ne");
  CHECK(Property{"SUMMARY", {}, "C:\\temp\\"}.text() == "C:\\temp\\");
}

TEST_CASE("a line break in plain text cannot begin another property")
{
  const auto p = text_property("SUMMARY", "x\r\nATTENDEE:mailto:a@example.com\rY\x01");
  CHECK(p.value == "x\\nATTENDEE:mailto:a@example.com\\nY");
}

TEST_CASE("set replaces the first and drops the others, in place")
{
  Component c{"VEVENT", {{"A", {}, "1"}, {"B", {}, "2"}, {"A", {}, "3"}, {"C", {}, "4"}}, {}};
  c.set({"A", {}, "5"});
  CHECK(c.properties == std::vector<Property>{{"A", {}, "5"}, {"B", {}, "2"}, {"C", {}, "4"}});
  c.set({"D", {}, "6"});
  CHECK(c.properties.back().name == "D");
}

TEST_CASE("remove takes all of a name, also when the name is the property's own")
{
  Component c{"VEVENT", {{"A", {}, "1"}, {"B", {}, "2"}, {"A", {}, "3"}}, {}};
  c.remove(c.properties[0].name);
  CHECK(c.count("A") == 0);
  CHECK(c.count("B") == 1);
}

TEST_CASE("parameters are set, read and removed")
{
  Property p{"ATTENDEE", {}, "mailto:a@example.com"};
  CHECK(p.parameter("CN") == nullptr);
  p.set_parameter("CN", "A");
  p.set_parameter("CN", "B");
  REQUIRE(p.parameter("CN"));
  CHECK(*p.parameter("CN") == "B");
  CHECK(p.parameters.size() == 1);
  p.remove_parameter("CN");
  CHECK(p.parameters.empty());
}
