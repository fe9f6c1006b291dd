#include "itip/ageing.hpp"

#include <catch2/catch.hpp>

#include "itip/detail/test_series.hpp"

namespace imip::itip::test {

namespace {

std::string forgotten(const Book& book, const Plan& plan, UtcSeconds when = now())
{
  const auto at = forget_after(plan, book.who, book.options, when);
  return at ? to_rfc3339(*at) : "never";
}

}  // namespace

TEST_CASE("what is cancelled may be forgotten 400 days after its last instance")
{
  Book book;
  CHECK(forgotten(book, book.apply(message("REQUEST", {series(0, 1)}))) == "never");
  // one of four is off: the others are not
  CHECK(forgotten(book, book.apply(message("CANCEL", {cancelled(second(1, 2))}))) == "never");
  // the last of four ends on 25 January 2027 at eleven
  CHECK(forgotten(book, book.apply(message("CANCEL", {cancelled(rev(2, 3))}))) == "2028-02-29T11:00:00Z");
  CHECK(forgotten(book, book.apply(message("REQUEST", {series(3, 4)}))) == "never");
}

TEST_CASE("what is cancelled for the owner alone, and what the policy takes away, is forgotten too")
{
  Book book;
  book.options.remove_cancelled = true;
  book.apply(message("REQUEST", {rev(0, 1)}));  // 4 January 2027
  Event e = rev(1, 2);
  e.attendees = {"mailto:alice@example.com"};
  CHECK(forgotten(book, book.apply(message("CANCEL", {e}))) == "2028-02-08T11:00:00Z");
}

TEST_CASE("busy time may be forgotten 400 days after its last period, whoever told it")
{
  Event week = busy();
  week.end = ":20270111T000000Z";
  week.attendees.clear();
  Book book;
  const Plan p = book.apply(message("PUBLISH", {week}));
  CHECK(may_be_over(p));
  CHECK(forgotten(book, p) == "2028-02-15T00:00:00Z");
  CHECK(forgotten(book, p, at("2030-01-01T00:00:00Z")) == "2031-02-05T00:00:00Z");
}

TEST_CASE("an endless series, and one that is over, count from the day of its cancellation")
{
  Book book;
  Event endless = series(0, 1);
  endless.extra = "RRULE:FREQ=WEEKLY\r\n";
  book.apply(message("REQUEST", {endless}));
  const Plan p = book.apply(message("CANCEL", {cancelled(rev(1, 2))}));
  CHECK(forgotten(book, p) == to_rfc3339(now() + std::chrono::days{400}));
  const UtcSeconds later = now() + std::chrono::days{4000};
  CHECK(forgotten(book, p, later) == to_rfc3339(later + std::chrono::days{400}));
}

}  // namespace imip::itip::test
