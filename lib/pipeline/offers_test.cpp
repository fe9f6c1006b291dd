// Which offers are mailed without a person at each, and why the others are not.
#include "pipeline/offers.hpp"

#include <catch2/catch.hpp>
#include <string>

#include "base/digest.hpp"

using namespace imip;
using pipeline::CounterChoice;

namespace {

CalAddress address(std::string_view mailbox)
{
  return *CalAddress::from_mailbox(mailbox);
}

policy::Policy bosses()
{
  policy::Policy out;
  out.owner.addresses = {address("boss@example.com")};
  return out;
}

/// A message of Carla's, who is invited to the stored event.
pipeline::JudgedPart from_carla(itip::Method method)
{
  const std::string text =
      "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//test//EN\r\nBEGIN:VEVENT\r\nUID:1\r\n"
      "DTSTART:20270104T100000Z\r\nORGANIZER:mailto:boss@example.com\r\n"
      "ATTENDEE:mailto:carla@example.com\r\nATTENDEE:mailto:bob@example.com\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
  pipeline::JudgedPart part;
  part.reading.message.emplace();
  part.reading.message->method = method;
  part.decision.verdict = policy::Verdict::Trusted;
  part.decision.speaker = {itip::Speaker::Class::Attendee, address("carla@example.com"), {}};
  part.stored = itip::StoredObject{text, sha256_hex(text), ical::parse(text, Limits{})->calendar};
  return part;
}

itip::Offer offer(itip::Offer::Kind kind, std::string_view to, Code why = Code::RefreshRequested)
{
  itip::Offer out;
  out.kind = kind;
  out.to = {address(to)};
  out.reason = {why, "because"};
  out.object = ical::Component{"VCALENDAR", {}, {}};
  return out;
}

std::string why(const pipeline::JudgedPart& part, const itip::Offer& o, const policy::Policy& policy,
                const pipeline::Consent& consent = {}, CounterChoice choice = CounterChoice::None,
                bool encrypts = false)
{
  return pipeline::why_not_mailed(part, o, {consent, choice, encrypts, policy});
}

using Kind = itip::Offer::Kind;

}  // namespace

TEST_CASE("who is proven to have asked, or was invited by the owner, is answered")
{
  const auto part = from_carla(itip::Method::Refresh);
  CHECK(why(part, offer(Kind::Request, "carla@example.com"), bosses()).empty());
  CHECK(why(part, offer(Kind::Cancel, "bob@example.com"), bosses()).empty());
  CHECK_FALSE(why(part, offer(Kind::Request, "mallory@example.net"), bosses()).empty());
  CHECK_FALSE(why(part, offer(Kind::Request, "boss@example.com"), bosses()).empty());
  itip::Offer nothing = offer(Kind::Reply, "carla@example.com");
  nothing.object.reset();
  CHECK_FALSE(why(part, nothing, bosses()).empty());
}

TEST_CASE("a delegate is written to if a person says so and the policy does not forbid it")
{
  const auto part = from_carla(itip::Method::Reply);
  const auto to_emil = offer(Kind::Request, "emil@example.com", Code::Delegated);
  pipeline::Consent named;
  named.reasons = {"delegated"};
  pipeline::Consent all;
  all.everything = true;
  CHECK(why(part, to_emil, bosses()).find("--yes=delegated") != std::string::npos);
  CHECK(why(part, to_emil, bosses(), named).empty());
  CHECK(why(part, to_emil, bosses(), all).empty());
  policy::Policy never = bosses();
  never.defaults.delegation = policy::Default::Untrusted;
  CHECK_FALSE(why(part, to_emil, never, all).empty());
  // For another reason nobody new is written to, whatever a person says.
  CHECK_FALSE(why(part, offer(Kind::Request, "emil@example.com"), bosses(), all).empty());
  CHECK_FALSE(why(part, offer(Kind::Cancel, "emil@example.com", Code::Delegated), bosses(), all).empty());
}

TEST_CASE("a proposal that is taken up is told to everybody in the event, delegates too")
{
  auto part = from_carla(itip::Method::Counter);
  ical::Component& event = part.stored->calendar.components.front();
  ical::Property emil{"ATTENDEE", {}, "mailto:emil@example.com"};
  emil.set_parameter("DELEGATED-FROM", "mailto:bob@example.com");
  event.properties.push_back(emil);
  auto to_all = offer(Kind::Request, "carla@example.com");
  to_all.to.push_back(address("emil@example.com"));
  CHECK(why(part, to_all, bosses(), {}, CounterChoice::Accept).empty());
  to_all.to.push_back(address("mallory@example.net"));
  CHECK_FALSE(why(part, to_all, bosses(), {}, CounterChoice::Accept).empty());
}

TEST_CASE("programs and lists are not answered unasked, nor what was encrypted in clear")
{
  const auto to_carla = offer(Kind::Request, "carla@example.com");
  pipeline::Consent all;
  all.everything = true;
  for (const int which : {0, 1, 2, 3}) {
    auto part = from_carla(itip::Method::Refresh);
    if (which == 0) part.envelope.edit().auto_submitted = "auto-generated";
    if (which == 1) part.envelope.edit().precedence = "Bulk";
    if (which == 2) part.envelope.edit().list_id = "<all.example.com>";
    if (which == 3) part.envelope.edit().precedence = "junk";
    CHECK_FALSE(why(part, to_carla, bosses()).empty());
    CHECK(why(part, to_carla, bosses(), all).empty());
  }
  auto person = from_carla(itip::Method::Refresh);
  person.envelope.edit().auto_submitted = "No";
  CHECK(why(person, to_carla, bosses()).empty());
  auto secret = from_carla(itip::Method::Refresh);
  secret.encrypted = true;
  CHECK_FALSE(why(secret, to_carla, bosses(), all).empty());
  CHECK(why(secret, to_carla, bosses(), {}, CounterChoice::None, true).empty());
}

TEST_CASE("of a proposal only what the organizer chose is sent")
{
  const auto part = from_carla(itip::Method::Counter);
  const auto accept = offer(Kind::Request, "carla@example.com", Code::Counter);
  const auto decline = offer(Kind::DeclineCounter, "carla@example.com", Code::Counter);
  CHECK_FALSE(why(part, accept, bosses()).empty());
  CHECK_FALSE(why(part, decline, bosses()).empty());
  CHECK(why(part, accept, bosses(), {}, CounterChoice::Accept).empty());
  CHECK_FALSE(why(part, decline, bosses(), {}, CounterChoice::Accept).empty());
  CHECK(why(part, decline, bosses(), {}, CounterChoice::Decline).empty());
  CHECK_FALSE(why(part, accept, bosses(), {}, CounterChoice::Decline).empty());
}
