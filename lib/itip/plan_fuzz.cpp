// Messages about one object, planned one after the other, with a stored object or without. The
// input is calendars between lines of "===": those with a METHOD are messages, one without is what
// is stored. If the input begins with "boss", the owner organizes.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.hpp"
#include "itip/plan.hpp"
#include "testing/fuzz.hpp"

namespace {

using namespace imip;
using namespace imip::itip;
using testing::hold;

struct Input {
  Owner owner;
  std::optional<StoredObject> stored;
  std::vector<Message> messages;
};

Limits limits()
{
  Limits out;
  out.recurrence_instances = 1'000;
  out.components = 50;
  return out;
}

const UtcSeconds now{std::chrono::sys_days{std::chrono::year{2026} / 12 / 1}};

std::vector<std::string_view> split(std::string_view text)
{
  std::vector<std::string_view> out;
  constexpr std::string_view mark = "\n===";
  while (true) {
    const std::size_t at = text.find(mark);
    out.push_back(text.substr(0, at));
    if (at == std::string_view::npos || out.size() == 6) return out;
    const std::size_t end = text.find('\n', at + mark.size());
    if (end == std::string_view::npos) return out;
    text.remove_prefix(end + 1);
  }
}

StoredObject object(const std::string& octets, ical::Component calendar)
{
  return {octets, sha256_hex(octets), std::move(calendar)};
}

void read(std::string_view text, Input& into)
{
  auto parsed = ical::parse(text, limits());
  if (!parsed) return;
  const std::string* method = parsed->calendar.value("METHOD");
  if (!method) {
    const bool named = !parsed->calendar.components.empty() &&
                       !parsed->calendar.components.back().text("UID").empty();
    if (named) into.stored = object(ical::serialise(parsed->calendar), parsed->calendar);
    return;
  }
  for (Reading& r : read_messages(*parsed, *method, {}, now)) {
    hold(r.message.has_value() == r.refusals.empty(), "a message, or why not");
    if (r.message) into.messages.push_back(*std::move(r.message));
  }
}

/// Whoever the message says: what is proven is for others to know.
Speaker speaker_of(const Message& m)
{
  if (is_organizer_method(m.method)) return {Speaker::Class::Organizer, m.organizer->address, {}};
  return {Speaker::Class::Attendee, m.components.front().attendees.front().address, {}};
}

struct Book {
  std::optional<StoredObject> stored;
  Facts facts;
};

void check(const Plan& plan, const Message& m, const Owner& owner)
{
  hold(plan.outcome != Outcome::None, "every plan has an outcome");
  hold(!(plan.octets && plan.remove), "written or removed");
  for (const Reason& r : plan.reasons) hold(!r.text.empty(), "every reason has a sentence");
  for (const Offer& o : plan.offers) {
    hold(!o.to.empty() && !o.reason.text.empty(), "an offer says to whom and why");
    for (const CalAddress& a : o.to) hold(!owner.is(a), "nothing is offered to the owner");
    if (!o.object) continue;
    const std::string text = ical::serialise(*o.object);
    hold(ical::parse(text, Limits{}).has_value(), "what is offered is a calendar");
    hold(text.find("X-IMIP-") == std::string::npos, "marks do not leave");
  }
  const bool talk = m.method == Method::Counter || m.method == Method::Refresh ||
                    m.method == Method::DeclineCounter;
  hold(!talk || (!plan.octets && !plan.remove && !plan.facts_changed), "talk changes nothing");
}

bool apply(Book& book, const Message& m, const Owner& owner)
{
  const StoredObject* stored = book.stored ? &*book.stored : nullptr;
  PlanOptions options;
  options.limits = limits();
  (void)authorize(m, stored, book.facts, owner, options.limits, now);
  const Plan plan = plan_message(m, speaker_of(m), stored, book.facts, owner, options, now);
  check(plan, m, owner);
  if (plan.outcome == Outcome::Refused) return false;
  book.facts = plan.facts;
  if (plan.remove) book.stored.reset();
  if (plan.octets) {
    const auto parsed = ical::parse(*plan.octets, Limits{});
    hold(parsed.has_value(), "what is written is a calendar");
    book.stored = object(*plan.octets, parsed->calendar);
  }
  return true;
}

void check_again(const Book& book, const Message& m, const Owner& owner)
{
  Book again = book;
  if (!apply(again, m, owner)) return;
  hold(again.facts == book.facts, "a message that is known adds no fact");
  hold(again.stored.has_value() == book.stored.has_value() &&
           (!book.stored || again.stored->octets == book.stored->octets),
       "a message that is known changes no octet");
}

/// Only an object of the message's UID is ever found for it.
bool belongs(const Input& input)
{
  return !input.stored || std::all_of(input.messages.begin(), input.messages.end(), [&](const Message& m) {
    const auto& all = input.stored->calendar.components;
    return std::any_of(all.begin(), all.end(), [&](const ical::Component& c) { return c.text("UID") == m.uid; });
  });
}

/// The property of lib/README.md "Order", where its conditions hold.
bool comparable(const Input& input)
{
  for (const Message& m : input.messages) {
    if (m.uid != input.messages.front().uid || m.kind != input.messages.front().kind) return false;
    if (!m.organizer || !input.messages.front().organizer) return false;
    if (!same_user(m.organizer->address, input.messages.front().organizer->address)) return false;
  }
  return !input.stored && input.messages.size() > 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  std::string_view text = testing::view_of(data, size);
  Input input;
  const bool boss = text.starts_with("boss");
  input.owner.addresses.push_back(
      *CalAddress::from_mailbox(boss ? "boss@example.com" : "alice@example.com"));
  if (boss) text.remove_prefix(text.find('\n') == std::string_view::npos ? 4 : text.find('\n') + 1);
  for (const std::string_view part : split(text)) read(part, input);
  if (!belongs(input)) return 0;
  Book book{input.stored, {}};
  bool all = true;
  for (const Message& m : input.messages) {
    if (apply(book, m, input.owner)) {
      check_again(book, m, input.owner);
    } else {
      all = false;
    }
  }
  if (!all || !comparable(input)) return 0;
  Book other;
  for (auto m = input.messages.rbegin(); m != input.messages.rend(); ++m) {
    if (!apply(other, *m, input.owner)) return 0;
  }
  hold(other.facts == book.facts, "the same facts in every order");
  hold(other.stored.has_value() == book.stored.has_value() &&
           (!book.stored || other.stored->octets == book.stored->octets),
       "the same octets in every order");
  return 0;
}
