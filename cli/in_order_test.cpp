#include "cli/in_order.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <stdexcept>

namespace imip::cli {
namespace {

using Doubler = InOrder<int, int>;

std::vector<Doubler::Worker> workers(std::size_t n, const Doubler::Worker& work)
{
  return std::vector<Doubler::Worker>(n, work);
}

}  // namespace

TEST_CASE("results come in the order of the items, whichever is done first")
{
  int at = 0;
  std::vector<int> got;
  Doubler(workers(4, [](int i) {
    if (i % 7 == 0) std::this_thread::sleep_for(std::chrono::milliseconds{2});
    return 2 * i;
  })).run([&] { return at < 500 ? std::optional{at++} : std::nullopt; },
          [&](int i) { got.push_back(i); });
  REQUIRE(got.size() == 500);
  for (int i = 0; i < 500; ++i) CHECK(got[static_cast<std::size_t>(i)] == 2 * i);
}

TEST_CASE("only so many items are under way that memory stays flat")
{
  int at = 0;
  int printed = 0;
  int ahead = 0;
  Doubler(workers(2, [](int i) { return i; })).run(
      [&] {
        ahead = std::max(ahead, at - printed);
        return at < 2000 ? std::optional{at++} : std::nullopt;
      },
      [&](int) { ++printed; });
  CHECK(printed == 2000);
  CHECK(ahead <= 32);
}

TEST_CASE("what a worker throws arrives, and no thread is left")
{
  int at = 0;
  Doubler order(workers(3, [](int i) {
    if (i == 20) throw std::runtime_error("twenty");
    return i;
  }));
  CHECK_THROWS_WITH(
      order.run([&] { return at < 1000 ? std::optional{at++} : std::nullopt; }, [](int) {}), "twenty");
}

TEST_CASE("nothing to do is done at once")
{
  int sunk = 0;
  Doubler(workers(2, [](int i) { return i; })).run([] { return std::optional<int>{}; },
                                                   [&](int) { ++sunk; });
  CHECK(sunk == 0);
}

}  // namespace imip::cli
