// The property of itip.md: for every order and repetition of trusted messages of one UID and
// ORGANIZER, the same file bytes and the same facts; and they are what an oracle says that folds
// the sorted set.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "itip/detail/test_oracle.hpp"

namespace imip::itip::test {

namespace {

// ---- what the file shows, in the same words ----

int hour_in(const std::string& time)
{
  return std::stoi(time.substr(9, 2));
}

std::string told(const ical::Component& c)
{
  if (c.text("STATUS") == "CANCELLED") return "cancelled";
  const int start = hour_in(c.text("DTSTART"));
  std::string out = cat(c.text("SUMMARY"), " at ", start, "+", hour_in(c.text("DTEND")) - start);
  for (const std::string& person : people) {
    for (const ical::Property* p : c.all("ATTENDEE")) {
      if (p->value != cat("mailto:", person)) continue;
      out += cat(' ', person, '=', *p->parameter("PARTSTAT"));
    }
  }
  return out;
}

Shown shown_by(const Book& book)
{
  Shown out;
  if (!book.stored) return out;
  const ical::Component* series = book.component();
  if (series) {
    for (int w = 0; w < weeks; ++w) {
      const ical::Component* o = book.component(time_of(w, hour_in(series->text("DTSTART"))));
      out[w] = told(o ? *o : *series);
    }
    return out;
  }
  for (const ical::Component& c : book.stored->calendar.components) {
    const std::string id = c.text("RECURRENCE-ID");
    const int week = (std::stoi(id.substr(0, 8)) - 20270104) / 7;
    out[week * 100 + hour_in(id)] = told(c);
  }
  return out;
}

// ---- the generator ----

class Generator {
 public:
  Generator(unsigned seed, bool organizer) : random_(seed), organizer_(organizer) {}

  std::vector<Small> set(std::size_t size)
  {
    used_.clear();
    std::vector<Small> out;
    while (out.size() < size) {
      Small m;
      m.what = pick();
      if (chance(2)) m.week = below(weeks);
      m.hour = chance(8) ? 11 : 10;
      m.rev = {below(3), 1 + below(5)};
      m.person = below(2);
      m.accepts = chance(2);
      if (!is_content(m.what)) {
        if (m.what != What::Reply || fresh(m)) out.push_back(m);
        continue;
      }
      fill(m);
      if (!fresh(m)) continue;
      if (m.week < 0 && m.what != What::Vouched) carry(m);
      out.push_back(m);
    }
    return out;
  }

 private:
  static bool is_content(What w)
  {
    return w == What::Request || w == What::Vouched || w == What::Publish;
  }
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  bool chance(int n) { return below(n) == 0; }

  What pick()
  {
    const int n = below(20);
    if (n < 10) return What::Request;
    if (n < 13) return What::Cancel;
    if (n < 15) return What::Uninvite;
    if (n == 15) return What::Vouched;
    if (n == 16) return What::Publish;
    return organizer_ ? What::Reply : What::Request;
  }

  void fill(Small& m)
  {
    m.title = ++title_;
    m.when.length = 1 + below(2);
    m.when.hour = m.week < 0 ? m.hour : 10 + below(3);
  }

  /// Contents of one key and revision are one content: which of two would win is for digests to
  /// say.
  bool fresh(const Small& m)
  {
    return used_
        .insert({static_cast<int>(m.what), m.week, m.week < 0 ? 0 : m.hour, m.rev,
                 m.what == What::Reply ? m.person : 0})
        .second;
  }

  void carry(Small& m)
  {
    for (int w = 0; w < weeks; ++w) {
      if (!chance(3)) continue;
      Small c;
      c.what = m.what;
      c.week = w;
      c.hour = m.hour;
      c.rev = {below(m.rev.first + 1), 1 + below(m.rev.second)};
      fill(c);
      if (fresh(c)) m.carried.push_back(c);
    }
  }

  std::mt19937 random_;
  bool organizer_;
  int title_ = 0;
  std::set<std::tuple<int, int, int, Rev, int>> used_;
};

Book book_for(bool organizer, const detail::Rules& rules = {})
{
  Book book;
  book.who = owner(organizer ? "boss@example.com" : "alice@example.com");
  book.rules = rules;
  return book;
}

Book applied(const std::vector<Sent>& messages, const std::vector<std::size_t>& order, Book book)
{
  for (const std::size_t i : order) book.apply(messages[i].message, messages[i].from);
  return book;
}

std::vector<Sent> sent(const std::vector<Small>& set)
{
  std::vector<Sent> out;
  for (const Small& m : set) out.push_back(send(m));
  return out;
}

std::vector<std::size_t> in_order(std::size_t n)
{
  std::vector<std::size_t> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = i;
  return out;
}

std::string told(const Shown& shown)
{
  std::string out;
  for (const auto& [week, text] : shown) out += cat(week, ": ", text, "; ");
  return out;
}

std::string octets_of(const Book& book)
{
  return book.stored ? book.stored->octets : std::string();
}

/// Does the object that the facts render agree with the oracle?
bool agrees(const std::vector<Small>& set, bool organizer, const detail::Rules& rules)
{
  const std::vector<Sent> messages = sent(set);
  Book book = book_for(organizer, rules);
  // One merge of all facts and one rendering is what any order comes to, and much faster.
  Facts all;
  for (const Sent& s : messages) {
    detail::record_message(all, s.message, s.from, book.who, book.options);
  }
  const auto r = detail::render(all, "meeting-1@example.com", book.who, book.options, rules);
  if (!r.empty) book.stored = stored_object(ical::serialise(r.calendar));
  return told(shown_by(book)) == told(Oracle(set, organizer ? -1 : 0).result());
}

void check_orders(const std::vector<Small>& set, bool organizer,
                  const std::vector<std::vector<std::size_t>>& orders, const Book& empty)
{
  const std::vector<Sent> messages = sent(set);
  const Book first = applied(messages, in_order(messages.size()), empty);
  if (!empty.stored) {
    CHECK(told(shown_by(first)) == told(Oracle(set, organizer ? -1 : 0).result()));
  }
  for (const auto& order : orders) {
    const Book other = applied(messages, order, empty);
    if (octets_of(other) == octets_of(first) && other.facts == first.facts) continue;
    std::string names;
    for (const std::size_t i : order) names += cat(i, ' ');
    INFO("order " << names);
    CHECK(octets_of(other) == octets_of(first));
    CHECK(other.facts == first.facts);
  }
}

std::vector<std::vector<std::size_t>> all_orders(std::size_t n)
{
  std::vector<std::vector<std::size_t>> out;
  std::vector<std::size_t> order = in_order(n);
  do {
    out.push_back(order);
  } while (std::next_permutation(order.begin(), order.end()));
  return out;
}

/// Shuffled, and some messages twice or three times.
std::vector<std::size_t> shuffled(std::size_t n, std::mt19937& random)
{
  std::vector<std::size_t> out = in_order(n);
  for (std::size_t i = 0; i < n / 2; ++i) out.push_back(random() % n);
  std::shuffle(out.begin(), out.end(), random);
  return out;
}

}  // namespace

// Sanitized builds are twenty times slower: they take a share of the same sets.
#if defined(__SANITIZE_ADDRESS__)
constexpr int share = 10;
#else
constexpr int share = 1;
#endif

TEST_CASE("every order of a few messages gives the same file and the same facts")
{
  for (const bool organizer : {false, true}) {
    Generator generator(organizer ? 11U : 7U, organizer);
    for (std::size_t size = 2; size <= 4; ++size) {
      for (int i = 0; i < 20 / share; ++i) {
        check_orders(generator.set(size), organizer, all_orders(size), book_for(organizer));
      }
    }
    check_orders(generator.set(5), organizer, all_orders(5), book_for(organizer));
  }
}

TEST_CASE("random orders with repetitions of many messages give the same file and the same facts")
{
  std::mt19937 random(20270104);
  for (const bool organizer : {false, true}) {
    Generator generator(organizer ? 1234U : 4321U, organizer);
    for (int i = 0; i < 100 / share; ++i) {
      const std::size_t size = 5 + random() % 4;
      std::vector<std::vector<std::size_t>> orders;
      for (int k = 0; k < 10; ++k) orders.push_back(shuffled(size, random));
      check_orders(generator.set(size), organizer, orders, book_for(organizer));
    }
  }
}

TEST_CASE("the order does not matter either for a file that another program made")
{
  std::mt19937 random(99);
  Generator generator(5, false);
  Event mine;
  mine.dtstamp = "20261102T080000Z";
  mine.sequence = 1;
  mine.extra =
      "RRULE:FREQ=WEEKLY;COUNT=3\r\nCATEGORIES:Mine\r\n"
      "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT5M\r\nEND:VALARM\r\n";
  Book book = book_for(false);
  book.stored = stored_object(calendar_text("", {mine}));
  for (int i = 0; i < 60 / share; ++i) {
    const std::vector<Small> set = generator.set(4);
    std::vector<std::vector<std::size_t>> orders;
    for (int k = 0; k < 6; ++k) orders.push_back(shuffled(set.size(), random));
    check_orders(set, false, orders, book);
  }
}

TEST_CASE("the oracle agrees with many more sets")
{
  for (const bool organizer : {false, true}) {
    Generator generator(organizer ? 77U : 78U, organizer);
    for (int i = 0; i < 2000 / share; ++i) {
      const std::vector<Small> set = generator.set(3 + static_cast<std::size_t>(i % 7));
      CHECK(agrees(set, organizer, {}));
    }
  }
}

TEST_CASE("without any one of its rules the engine no longer agrees with the oracle")
{
  detail::Rules b;
  b.carried_overrides = false;
  detail::Rules classes;
  classes.classes = false;
  detail::Rules d;
  d.time_digests = false;
  detail::Rules half;
  half.later_dtstamp = false;
  for (const detail::Rules& mutant : {b, classes, d, half}) {
    int caught = 0;
    for (const bool organizer : {false, true}) {
      Generator generator(organizer ? 3U : 2U, organizer);
      for (int i = 0; i < 150 && caught == 0; ++i) {
        if (!agrees(generator.set(7), organizer, mutant)) ++caught;
      }
    }
    CHECK(caught > 0);
  }
}

}  // namespace imip::itip::test
