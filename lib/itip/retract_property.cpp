// Taking a message out again leaves what the others make, in whatever order all of them came.
#include "itip/retract.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <numeric>

#include "itip/detail/test_model.hpp"

namespace imip::itip::test {

namespace {

/// A calendar that keeps what each message said, as the state does.
struct Diary {
  struct Page {
    Facts said;
    std::string before, after;
  };
  Book book;
  Facts found;
  std::vector<Page> pages;

  Plan apply(const Message& m, const Speaker& s = speaker())
  {
    Page page{{}, book.stored ? book.stored->octets : "", {}};
    Plan p = book.apply(m, s);
    page.said = p.said;
    page.after = book.stored ? book.stored->octets : "";
    found.merge(p.found);
    pages.push_back(std::move(page));
    return p;
  }
  [[nodiscard]] RetractPlan retract(std::size_t which, bool is_last, bool has_octets = true) const
  {
    Undo undo;
    undo.without = found;
    for (std::size_t i = 0; i < pages.size(); ++i) {
      if (i == which) continue;
      undo.without.merge(pages[i].said);
      if (i > which) undo.later.push_back(pages[i].said);
    }
    undo.said = pages[which].said;
    undo.before = pages[which].before;
    undo.after = pages[which].after;
    undo.has_octets = has_octets;
    undo.is_last = is_last;
    return plan_retract(Event{}.uid, address("boss@example.com"), undo, book.file(),
                        book.facts, book.who, book.options, now());
  }
  void edit(const std::string& from, const std::string& to)
  {
    std::string octets = book.stored->octets;
    const std::size_t at = octets.find(from);
    REQUIRE(at != std::string::npos);
    book.stored = stored_object(octets.replace(at, from.size(), to));
  }
};

std::string octets_of(const Book& book)
{
  return book.stored ? book.stored->octets : "";
}

/// @param week  below 0: the series
Small small(What what, int week, Rev rev, int title, When when = {})
{
  Small out;
  out.what = what;
  out.week = week;
  out.rev = rev;
  out.title = title;
  out.when = when;
  return out;
}

Small answer(int week, Rev rev, bool accepts)
{
  Small out = small(What::Reply, week, rev, 0);
  out.person = 1;
  out.accepts = accepts;
  return out;
}

std::vector<Small> attendees_mail()
{
  Small moved = small(What::Request, -1, {1, 3}, 2, {12, 2});
  Small carried = small(What::Request, 1, {1, 3}, 3, {14, 1});
  carried.hour = 12;
  moved.carried.push_back(carried);
  Small cancelled = small(What::Cancel, 1, {2, 4}, 0);
  cancelled.hour = 12;
  return {small(What::Request, -1, {0, 1}, 1), moved, small(What::Request, 2, {0, 2}, 4, {16, 1}),
          cancelled, small(What::Add, added_week, {1, 5}, 5)};
}

std::vector<Small> organizers_mail()
{
  return {small(What::Request, -1, {0, 1}, 1), small(What::Request, -1, {1, 2}, 2),
          answer(-1, {0, 3}, true), answer(1, {1, 4}, false), small(What::Cancel, -1, {2, 6}, 0)};
}

/// All but `left_out`, in this order.
Book others(const Owner& who, const std::vector<Sent>& sent, const std::vector<std::size_t>& order,
            std::size_t left_out)
{
  Book book;
  book.who = who;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i != left_out) book.apply(sent[order[i]].message, sent[order[i]].from);
  }
  return book;
}

void hold_for_every_order(const std::vector<Small>& set, const Owner& who)
{
  std::vector<Sent> sent;
  for (const Small& m : set) sent.push_back(send(m));
  std::vector<std::size_t> order(set.size());
  std::iota(order.begin(), order.end(), 0U);
  int number = 0;
  do {
    if (number++ % share != 0) continue;
    Diary diary;
    diary.book.who = who;
    for (const std::size_t i : order) diary.apply(sent[i].message, sent[i].from);
    for (std::size_t i = 0; i < order.size(); ++i) {
      const Book expected = others(who, sent, order, i);
      Book undone = diary.book;
      undone.carry_out(diary.retract(i, false).plan);
      INFO("message " << order[i] << " of " << order[0] << order[1] << order[2] << order[3]
                      << order[4]);
      REQUIRE(undone.facts.rows() == expected.facts.rows());
      REQUIRE(octets_of(undone) == octets_of(expected));
      REQUIRE(undone.facts == expected.facts);  // what was rendered last, too
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

Event at_noon()
{
  Event e;
  e.sequence = 1;
  e.dtstamp = "20261109T080000Z";
  e.start = ":20270104T120000Z";
  e.end = ":20270104T130000Z";
  return e;
}

}  // namespace

TEST_CASE("what is left is what the other messages make, for every order: an attendee's calendar")
{
  hold_for_every_order(attendees_mail(), Book{}.who);
}

TEST_CASE("what is left is what the other messages make, for every order: an organizer's calendar")
{
  Owner boss;
  boss.addresses = {address("boss@example.com")};
  hold_for_every_order(organizers_mail(), boss);
}

TEST_CASE("a file that nothing touched since becomes what it was, octet for octet")
{
  Diary d;
  d.apply(message("REQUEST", {Event{}}));
  d.edit("END:VEVENT", "X-MINE:odd   spacing\r\nEND:VEVENT");
  const std::string before = octets_of(d.book);
  d.apply(message("REQUEST", {at_noon()}));
  const RetractPlan p = d.retract(1, true);
  CHECK(p.exact);
  REQUIRE(p.plan.octets);
  CHECK(*p.plan.octets == before);
  CHECK_FALSE(p.plan.changes.empty());
  CHECK(p.depends.empty());
  // and the next message finds her edit still to be an edit
  d.book.carry_out(p.plan);
  d.book.apply(message("REQUEST", {at_noon()}));
  CHECK(octets_of(d.book).find("X-MINE:odd   spacing") != std::string::npos);
}

TEST_CASE("what the owner changed since stays")
{
  Diary d;
  d.apply(message("REQUEST", {Event{}}));
  d.apply(message("REQUEST", {at_noon()}));
  d.edit("END:VEVENT", "CATEGORIES:mine\r\nEND:VEVENT");
  const RetractPlan p = d.retract(1, true);
  CHECK_FALSE(p.exact);
  d.book.carry_out(p.plan);
  CHECK(d.book.text("CATEGORIES") == "mine");
  CHECK(d.book.text("DTSTART") == "20270104T100000Z");
}

TEST_CASE("an event that goes with changes of its owner is told")
{
  Diary d;
  d.apply(message("REQUEST", {Event{}}));
  CHECK_FALSE(d.retract(0, false).loses_edits);
  d.edit("END:VEVENT", "CATEGORIES:mine\r\nEND:VEVENT");
  const RetractPlan p = d.retract(0, true);
  CHECK(p.plan.remove);
  CHECK(p.loses_edits);
}

TEST_CASE("an event that its owner deleted stays deleted")
{
  Diary d;
  d.apply(message("REQUEST", {Event{}}));
  d.apply(message("REQUEST", {at_noon()}));
  d.book.stored.reset();
  const RetractPlan p = d.retract(1, false);
  CHECK_FALSE(p.plan.octets);
  d.book.carry_out(p.plan);
  CHECK(d.book.apply(message("REQUEST", {Event{}})).outcome != Outcome::Added);
}

TEST_CASE("a file that was there before we knew of it comes back, and is no message's")
{
  Diary d;
  Book elsewhere;
  elsewhere.apply(message("REQUEST", {Event{}}));
  d.book.stored = elsewhere.stored;
  const std::string before = octets_of(d.book);
  d.apply(message("REQUEST", {at_noon()}));
  REQUIRE(octets_of(d.book) != before);
  d.edit("END:VEVENT", "CATEGORIES:mine\r\nEND:VEVENT");
  d.book.carry_out(d.retract(0, false).plan);
  CHECK(d.book.text("DTSTART") == "20270104T100000Z");
  CHECK(d.book.text("CATEGORIES") == "mine");
}

TEST_CASE("what depends on a message is what would have nothing to hold on to")
{
  Event series;
  series.extra = "RRULE:FREQ=WEEKLY;COUNT=3\r\n";
  Event one = at_noon();
  one.recurrence_id = ":20270111T100000Z";
  Diary d;
  d.apply(message("REQUEST", {series}));
  d.apply(message("REQUEST", {one}));
  CHECK(d.retract(0, false).depends == std::vector<std::size_t>{0});
  CHECK(d.retract(1, false).depends.empty());
  // Another word on the series holds the occurrence as well.
  series.sequence = 1;
  series.dtstamp = "20261110T080000Z";
  d.apply(message("REQUEST", {series}));
  CHECK(d.retract(0, false).depends.empty());
}

TEST_CASE("an answer depends on what made its sender a guest")
{
  Diary d;
  d.book.who.addresses = {address("boss@example.com")};
  const auto says = [&](const std::string& who, const std::string& attendee, int sequence,
                        const std::string& stamp) {
    Event e;
    e.sequence = sequence;
    e.dtstamp = stamp;
    e.attendees = {attendee};
    Speaker from;
    from.cls = Speaker::Class::Attendee;
    from.address = address(who);
    d.apply(message("REPLY", {e}), from);
  };
  d.apply(message("REQUEST", {Event{}}));
  says("bob@example.com",
       "PARTSTAT=DELEGATED;DELEGATED-TO=\"mailto:carol@example.com\":mailto:bob@example.com", 0,
       "20261109T080000Z");
  says("carol@example.com",
       "PARTSTAT=ACCEPTED;DELEGATED-FROM=\"mailto:bob@example.com\":mailto:carol@example.com", 0,
       "20261109T090000Z");
  says("alice@example.com", "PARTSTAT=ACCEPTED:mailto:alice@example.com", 0, "20261109T091000Z");
  REQUIRE(octets_of(d.book).find("carol") != std::string::npos);
  CHECK(d.retract(1, false).depends == std::vector<std::size_t>{0});
  CHECK(d.retract(2, false).depends.empty());
  Event more;
  more.sequence = 1;
  more.dtstamp = "20261110T080000Z";
  more.attendees.push_back("mailto:dan@example.com");
  d.apply(message("REQUEST", {more}));
  CHECK(d.retract(4, false).depends.empty());
  says("dan@example.com", "PARTSTAT=DECLINED:mailto:dan@example.com", 1, "20261110T090000Z");
  CHECK(d.retract(4, false).depends == std::vector<std::size_t>{0});
  // Another word that invites him holds his answer as well.
  more.sequence = 2;
  more.dtstamp = "20261111T080000Z";
  d.apply(message("REQUEST", {more}));
  CHECK(d.retract(4, false).depends.empty());
}

TEST_CASE("a message is the same in any mail, and another revision is not")
{
  CHECK(message_digest(message("REQUEST", {Event{}})) == message_digest(message("REQUEST", {Event{}})));
  CHECK(message_digest(message("REQUEST", {Event{}})) != message_digest(message("PUBLISH", {Event{}})));
  CHECK(message_digest(message("REQUEST", {Event{}})) != message_digest(message("REQUEST", {at_noon()})));
}

}  // namespace imip::itip::test
