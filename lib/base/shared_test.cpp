#include "base/shared.hpp"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace imip;

namespace {

struct Whole {
  std::vector<std::string> parts;
  friend bool operator==(const Whole&, const Whole&) = default;
};

}  // namespace

TEST_CASE("copies of a shared value are one value until one is edited")
{
  Shared<Whole> first(Whole{{"a", "b"}});
  Shared<Whole> second = first;
  CHECK(&*first == &*second);
  second.edit().parts.push_back("c");
  CHECK(first->parts == std::vector<std::string>{"a", "b"});
  CHECK(second->parts == std::vector<std::string>{"a", "b", "c"});
  CHECK_FALSE(first == second);
  CHECK(first == Shared<Whole>(Whole{{"a", "b"}}));
}

TEST_CASE("a shared part keeps the whole alive, and is no copy of it")
{
  Shared<std::string> part;
  CHECK(part->empty());
  const std::string* in_whole = nullptr;
  {
    const Shared<Whole> whole(Whole{{"a", "b"}});
    part = Shared<std::string>::part_of(whole, whole->parts[1]);
    in_whole = &whole->parts[1];
  }
  CHECK(&*part == in_whole);
  CHECK(*part == "b");
}

TEST_CASE("what is moved from is still a value")
{
  Shared<std::string> from(std::string("x"));
  const Shared<std::string> to = std::move(from);
  CHECK(*to == "x");
  CHECK(*from == "x");
}
