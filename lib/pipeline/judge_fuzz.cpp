// A whole message to its verdict, under one policy that trusts the anchor of testdata/fuzz/world. Bare
// calendars, one or several with a form feed between them, are planned too, as if who they speak for had
// signed: whoever is trusted may be hostile. One without METHOD is what the owner made of her file.
#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "pipeline/judge.hpp"
#include "testing/fuzz.hpp"

namespace {

using namespace imip;
using testing::hold;

const std::string world = cat(IMIP_SOURCE_DIR, "/testdata/fuzz/world/");
const std::string seeds = cat(IMIP_SOURCE_DIR, "/testdata/fuzz/judge/seed");

pipeline::Judge make_judge()
{
  policy::Policy policy;
  policy.owner.addresses.push_back(*CalAddress::from_mailbox("alice@example.com"));
  policy.anchors.push_back({{.path = world + "anchor.pem", .domains = {}}, true, {}});
  policy::Delegate delegate;
  delegate.principal = *CalAddress::from_mailbox("chief@example.com");
  delegate.sent_by = *CalAddress::from_mailbox("boss@example.com");
  policy.delegates.push_back(delegate);
  const UtcSeconds now{std::chrono::sys_days{std::chrono::year{2027} / 1 / 4}};
  auto made = pipeline::Judge::create(std::move(policy), now, now, {});
  hold(made.has_value(), "testdata/fuzz/world/anchor.pem is there");
  return *std::move(made);
}

const pipeline::Judge& judge()
{
  static const pipeline::Judge made = make_judge();
  return made;
}

bool signed_by_boss(const pipeline::JudgedPart& part)
{
  bool boss = false;
  for (const crypto::Signature& s : part.evidence.signatures) {
    hold((s.status == crypto::SignatureStatus::Valid) == !s.identities.empty(),
         "an identity if and only if it is valid");
    for (const CalAddress& a : s.identities) {
      hold(a.mailbox() == "boss@example.com", "nobody but the boss");
      boss = true;
    }
  }
  return boss;
}

// SHA-256 of every calendar that the boss ever signed. The key is gone: nothing else can come.
const std::set<std::string>& calendars_of_boss()
{
  static const auto all = [] {
    std::set<std::string> found;
    for (const auto& file : std::filesystem::directory_iterator(seeds)) {
      const auto octets = read_file(file.path().string(), 1U << 20U);
      hold(octets.has_value(), "the seeds can be read");
      const auto parts = judge().examine(*octets, "-");
      if (!parts) continue;
      for (const pipeline::JudgedPart& part : *parts)
        if (signed_by_boss(part)) found.insert(part.part_sha256);
    }
    hold(!found.empty(), "the boss signed some of the seeds");
    return found;
  }();
  return all;
}

void check_reasons(const std::vector<Reason>& reasons)
{
  for (const Reason& reason : reasons) hold(!reason.text.empty(), "every reason has a sentence");
}

void check(const pipeline::JudgedPart& part)
{
  const policy::Decision& decision = part.decision;
  hold(!decision.reasons.empty(), "every verdict has a reason");
  check_reasons(decision.reasons);
  check_reasons(part.notices);
  hold(decision.verdict != policy::Verdict::None, "every part has a verdict");
  const bool boss = signed_by_boss(part);
  hold(!boss || calendars_of_boss().count(part.part_sha256) == 1, "the boss signed this very calendar");
  hold(!boss || !part.bare, "a bare calendar has no signature");
  if (!boss)
    hold(decision.speaker.cls == itip::Speaker::Class::None &&
             decision.assurance == policy::Assurance::None && !part.plan,
         "without a signature nobody speaks");
  if (!part.message() || !part.evidence.refusals.empty() || !part.evidence.defects.empty())
    hold(decision.verdict == policy::Verdict::Untrusted, "what is refused or defective is untrusted");
  if (decision.verdict != policy::Verdict::Trusted) return;
  hold(boss && !part.bare && part.message() != nullptr, "trusted only by a signature");
  const std::string speaker = text::ascii_lower(decision.speaker.address.mailbox());
  hold(speaker == "boss@example.com" || speaker == "chief@example.com",
       "trusted only for whom he may speak");
}

bool same_reasons(const std::vector<Reason>& a, const std::vector<Reason>& b)
{
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Reason& x, const Reason& y) {
    return x.code == y.code && x.text == y.text;
  });
}

// What was seen before must make no difference: a judge who knows nothing says the same.
void check_memory(const std::string& octets, const std::vector<pipeline::JudgedPart>& parts)
{
  const pipeline::Judge other = make_judge();
  auto again = other.examine(octets, "-");
  hold(again && again->size() == parts.size(), "the same parts without a memory");
  for (std::size_t i = 0; i < parts.size(); ++i) {
    other.decide((*again)[i], {});
    hold((*again)[i].decision.verdict == parts[i].decision.verdict &&
             same_reasons((*again)[i].decision.reasons, parts[i].decision.reasons),
         "the same verdict without a memory");
  }
}

std::optional<itip::Speaker> claimed_speaker(const itip::Message& message)
{
  itip::Speaker speaker;
  if (itip::is_organizer_method(message.method)) {
    if (!message.organizer) return {};
    speaker.cls = itip::Speaker::Class::Organizer;
    speaker.address = message.organizer->address;
  } else {
    if (message.components.empty() || message.components[0].attendees.empty()) return {};
    speaker.cls = itip::Speaker::Class::Attendee;
    speaker.address = message.components[0].attendees[0].address;
  }
  return speaker;
}

itip::StoredObject stored(const std::string& octets)
{
  const auto parsed = ical::parse(octets, Limits{});
  hold(parsed.has_value(), "what is to be stored can be read");
  hold(ical::serialise(parsed->calendar) == octets, "and written as it was");
  return {octets, sha256_hex(octets), parsed->calendar};
}

// A calendar, and what messages made of it: facts are kept for each organizer, as in the state.
struct Calendar {
  std::optional<itip::StoredObject> object;
  std::map<std::string, itip::Facts> facts;

  [[nodiscard]] std::string organizer() const
  {
    if (!object) return {};
    for (const ical::Component& component : object->calendar.components)
      if (const auto* value = component.value("ORGANIZER"))
        if (const auto address = CalAddress::parse(*value)) return text::ascii_lower(address->uri());
    return {};
  }
  itip::Facts& facts_for(const itip::Message& message)
  {
    const bool in_file = object && (message.method == itip::Method::Reply || !message.organizer);
    if (in_file) return facts[organizer()];
    return facts[message.organizer ? text::ascii_lower(message.organizer->address.uri()) : ""];
  }
};

void take(const itip::Message& message, Calendar& calendar)
{
  const UtcSeconds now = judge().now();
  const itip::Owner& owner = judge().policy().owner;
  const auto speaker = claimed_speaker(message);
  if (!speaker) return;
  itip::Facts& facts = calendar.facts_for(message);
  const auto plan = [&] {
    return itip::plan_message(message, *speaker, calendar.object ? &*calendar.object : nullptr,
                              facts, owner, {}, now);
  };
  const itip::Plan first = plan();
  hold(first.outcome != itip::Outcome::None, "every plan has an outcome");
  if (first.outcome == itip::Outcome::Refused) {
    hold(!first.facts_changed && !first.octets && !first.remove, "what is refused changes nothing");
    return;
  }
  facts = first.facts;
  if (first.octets) calendar.object = stored(*first.octets);
  if (first.remove) calendar.object.reset();
  const itip::Plan second = plan();
  hold(!second.facts_changed, "the same message again tells nothing new");
  hold(!second.octets || (calendar.object && *second.octets == calendar.object->octets),
       "the same message again changes nothing");
}

void answer(Calendar& calendar)
{
  if (!calendar.object) return;
  itip::Answer yes;
  yes.partstat = itip::PartStat::Accepted;
  yes.comment = "yes";
  const auto plan =
      itip::plan_answer(nullptr, &*calendar.object, calendar.facts[calendar.organizer()],
                        judge().policy().owner, yes, {}, judge().now());
  if (!plan) return;
  const auto parsed = ical::parse(ical::serialise(plan->reply), Limits{});
  // findings may be of spellings that we repeat as the organizer has them
  hold(parsed && parsed->calendar == plan->reply, "our answer is read as it was written");
  const auto reading = itip::read_message(*parsed, "REPLY", std::nullopt, judge().now());
  hold(reading.message && reading.message->method == itip::Method::Reply, "it is a reply");
}

void edit(const ical::Component& edited, Calendar& calendar)
{
  if (!calendar.object || edited.value("METHOD") != nullptr || edited.components.empty()) return;
  const auto uid = [](const ical::Component& c) { return c.components.back().text("UID"); };
  if (uid(edited) != uid(calendar.object->calendar)) return;
  calendar.object = stored(ical::serialise(edited));
}

void bare_calendars(std::string_view octets)
{
  constexpr int most = 4;
  Calendar calendar;
  for (int i = 0; i < most && !octets.empty(); ++i) {
    const auto one = octets.substr(0, octets.find('\f'));
    octets.remove_prefix(std::min(octets.size(), one.size() + 1));
    const auto parts = judge().examine(std::string(one), "-");
    if (!parts || !parts->front().bare) return;
    if (const auto read = ical::parse(one, Limits{})) edit(read->calendar, calendar);
    const itip::Message* message = parts->front().message();
    if (message == nullptr) continue;
    const auto parsed = ical::parse(ical::serialise(message->calendar), Limits{});
    hold(parsed && parsed->calendar == *message->calendar, "what is written is read again");
    static_cast<void>(itip::authorize(*message, calendar.object ? &*calendar.object : nullptr,
                                      calendar.facts_for(*message), judge().policy().owner, {}, judge().now()));
    take(*message, calendar);
  }
  answer(calendar);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  const std::string octets(testing::view_of(data, size));
  auto parts = judge().examine(octets, "-");
  if (!parts) {
    hold(!parts.error().what.empty(), "every error has a sentence");
    return 0;
  }
  hold(!parts->empty(), "without parts it is an error");
  for (pipeline::JudgedPart& part : *parts) {
    judge().decide(part, {});
    check(part);
  }
  if (std::hash<std::string>{}(octets) % 16 == 0) check_memory(octets, *parts);
  if (parts->front().bare) bare_calendars(octets);
  return 0;
}
