// The property of itip.md: for every order and repetition of trusted messages of one UID and
// ORGANIZER, the same file bytes and the same facts; and they are what an oracle says that folds
// the sorted set.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <random>
#include <set>
#include <tuple>

#include "ical/recurrence.hpp"
#include "itip/detail/test_oracle.hpp"

namespace imip::itip::test {

namespace {

// ---- what the file shows, in the same words ----

int hour_in(const std::string& time)
{
  return std::stoi(time.substr(9, 2));
}

/// @param hour  when it takes place (a range moves all of its occurrences)
std::string told(const ical::Component& c, int hour)
{
  if (c.text("STATUS") == "CANCELLED") return "-";
  const int start = hour_in(c.text("DTSTART"));
  const int end = hour_in(c.text(c.name == "VTODO" ? "DUE" : "DTEND"));
  std::string out = cat(c.text("SUMMARY"), " at ", hour, "+", end - start);
  for (const std::string& person : people) {
    for (const ical::Property* p : c.all("ATTENDEE")) {
      if (p->value != cat("mailto:", person)) continue;
      const std::string* partstat = p->parameter("PARTSTAT");
      out += cat(' ', person, '=', partstat ? *partstat : "NEEDS-ACTION");
    }
  }
  return out;
}

/// Reads the file as RFC 5545 says: an override, else the latest range that reaches, else the
/// series.
class Reader {
 public:
  explicit Reader(const ical::Component& calendar) : zones_(calendar)
  {
    for (const ical::Component& c : calendar.components) {
      const ical::Property* id = c.find("RECURRENCE-ID");
      if (c.name == "VTIMEZONE") continue;
      if (!id) {
        series_ = &c;
      } else if (id->parameter("RANGE")) {
        ranges_[id->value] = &c;
      } else {
        overrides_[id->value] = &c;
      }
    }
  }

  [[nodiscard]] Shown shown() const
  {
    Shown out;
    if (!series_) {
      for (const auto& [id, c] : overrides_) out[week_of(id) * 100 + hour_in(id)] = alone(*c);
      return out;
    }
    const int hour = hour_in(series_->text("DTSTART"));
    for (int w = 0; w < weeks; ++w) out[w] = at(time_of(w, hour));
    const std::string added = time_of(added_week, added_hour);
    if (overrides_.contains(added) || has(added)) out[added_week] = at(added);
    for (const auto& [id, c] : overrides_) {
      const bool in_series = week_of(id) < weeks && hour_in(id) == hour;
      if (!in_series && id != added) out[week_of(id) * 100 + hour_in(id)] = alone(*c);
    }
    return out;
  }

 private:
  static int week_of(const std::string& id) { return (std::stoi(id.substr(0, 8)) - 20270104) / 7; }
  static std::string alone(const ical::Component& c) { return told(c, hour_in(c.text("DTSTART"))); }

  [[nodiscard]] bool has(const std::string& time) const
  {
    const auto t = zones_.time_of({"RECURRENCE-ID", {}, time});
    const auto found = ical::has_instance(zones_, *series_, *t, Limits{});
    return found && *found;
  }

  [[nodiscard]] std::string at(const std::string& time) const
  {
    const auto own = overrides_.find(time);
    if (own != overrides_.end()) return alone(*own->second);
    if (!has(time)) return "-";
    const ical::Component* from = nullptr;
    for (const auto& [id, c] : ranges_) {
      if (id <= time) from = c;
    }
    if (!from) return told(*series_, hour_in(time));
    const int shift = hour_in(from->text("DTSTART")) - hour_in(from->text("RECURRENCE-ID"));
    return told(*from, hour_in(time) + shift);
  }

  ical::Zones zones_;
  const ical::Component* series_ = nullptr;
  std::map<std::string, const ical::Component*> ranges_, overrides_;
};

Shown shown_by(const Book& book)
{
  return book.stored ? Reader(book.stored->calendar).shown() : Shown{};
}

// ---- the generator ----

class Generator {
 public:
  Generator(unsigned seed, bool organizer) : random_(seed), organizer_(organizer) {}

  std::vector<Small> set(std::size_t size)
  {
    used_.clear();
    task_ = chance(4);
    std::vector<Small> out;
    while (out.size() < size) {
      Small m = one();
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
    return w == What::Request || w == What::Vouched || w == What::Publish || w == What::Add;
  }
  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  bool chance(int n) { return below(n) == 0; }

  What pick()
  {
    const int n = below(22);
    if (n < 10) return What::Request;
    if (n < 13) return What::Cancel;
    if (n < 15) return What::Uninvite;
    if (n == 15) return What::Vouched;
    if (n == 16) return What::Publish;
    if (n < 19) return What::Add;
    return organizer_ ? What::Reply : What::Request;
  }

  Small one()
  {
    Small m;
    m.task = task_;
    m.what = pick();
    if (chance(2)) m.week = below(weeks);
    m.hour = chance(8) ? 11 : 10;
    if (m.what == What::Add || (m.week >= 0 && chance(6))) {
      m.week = added_week;
      m.hour = 10;
    }
    m.range = m.week >= 0 && m.week < weeks && m.what != What::Reply && chance(4);
    m.rev = {below(3), 1 + below(5)};
    m.person = below(m.what == What::Reply ? 3 : 2);
    m.accepts = chance(2);
    m.delegates = m.person == delegator && chance(2);
    return m;
  }

  void fill(Small& m)
  {
    m.title = ++title_;
    m.when.length = 1 + below(2);
    m.when.hour = m.week < 0 || m.what == What::Add ? m.hour : 10 + below(3);
  }

  /// Contents of one key and revision are one content: which of two would win is for digests to
  /// say.
  bool fresh(const Small& m)
  {
    const What what = m.what == What::Add ? What::Request : m.what;
    const int week = m.range ? m.week + 100 : m.week;
    return used_
        .insert({static_cast<int>(what), week, m.week < 0 ? 0 : m.hour, m.rev,
                 m.what == What::Reply ? m.person : 0})
        .second;
  }

  void carry(Small& m)
  {
    for (int w = 0; w < weeks; ++w) {
      if (!chance(3)) continue;
      Small c;
      c.task = m.task;
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
  bool task_ = false;
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
  for (const auto& [week, text] : shown) {
    if (text != "-") out += cat(week, ": ", text, "; ");
  }
  return out;
}

std::string octets_of(const Book& book)
{
  return book.stored ? book.stored->octets : std::string();
}

/// A set for a person who looks at a failure.
std::string told(const std::vector<Small>& set)
{
  std::string out;
  for (const Small& m : set) {
    out += cat(static_cast<int>(m.what), " week ", m.week, m.range ? "+" : "", " hour ", m.hour,
               " rev ", m.rev.first, '/', m.rev.second, " title ", m.title, " at ", m.when.hour,
               '+', m.when.length, " person ", m.person, m.accepts ? " yes" : " no",
               m.delegates ? " delegates" : "", " [", told(m.carried), "]\n");
  }
  return out;
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
  const Oracle oracle(set, organizer ? -1 : 0);
  return !oracle.can_tell() || told(shown_by(book)) == told(oracle.result());
}

void check_orders(const std::vector<Small>& set, bool organizer,
                  const std::vector<std::vector<std::size_t>>& orders, const Book& empty)
{
  const std::vector<Sent> messages = sent(set);
  const Book first = applied(messages, in_order(messages.size()), empty);
  const Oracle oracle(set, organizer ? -1 : 0);
  if (!empty.stored && oracle.can_tell()) CHECK(told(shown_by(first)) == told(oracle.result()));
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
    for (int i = 0; i < 250 / share; ++i) {
      const std::size_t size = 5 + random() % 4;
      std::vector<std::vector<std::size_t>> orders;
      for (int k = 0; k < 20; ++k) orders.push_back(shuffled(size, random));
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
      if (agrees(set, organizer, {})) continue;
      INFO(told(set));
      CHECK(agrees(set, organizer, {}));
    }
  }
}

#if !defined(__SANITIZE_ADDRESS__)  // it tells of the tests above, not of memory
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
      for (int i = 0; i < 3000 && caught == 0; ++i) {
        if (!agrees(generator.set(7), organizer, mutant)) ++caught;
      }
    }
    CHECK(caught > 0);
  }
}
#endif

}  // namespace imip::itip::test
