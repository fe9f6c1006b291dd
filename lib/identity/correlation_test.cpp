#include "identity/correlation.hpp"

#include <catch2/catch.hpp>

#include "identity/test_message.hpp"

using namespace imip::identity::testing;
using imip::identity::Backing;
using imip::identity::backing_word;
using imip::identity::Claimant;
using imip::identity::correlate;
using imip::identity::Correlation;
using imip::itip::Message;
using imip::itip::Method;

namespace {

constexpr const char* boss = "boss@example.com";
constexpr const char* pa = "pa@example.com";
constexpr const char* alice = "alice@example.com";
constexpr const char* bob = "bob@example.com";
constexpr const char* mallory = "mallory@evil.example";

const imip::itip::Owner owner = [] {
  imip::itip::Owner o;
  o.addresses = {user(alice)};
  return o;
}();

Correlation by(const Message& message, std::initializer_list<const char*> signer)
{
  return correlate(message, {signed_by(signer)}, owner);
}

bool is(const std::optional<imip::CalAddress>& address, const char* mailbox)
{
  return address && address->mailbox() == mailbox;
}

Message invitation()
{
  return message(Method::Request, {event(boss, pa, {attendee(alice), attendee(bob)})});
}

Message answer()
{
  return message(Method::Reply, {event(boss, "", {attendee(bob, pa)})});
}

}  // namespace

TEST_CASE("the organizer's own signature is direct, whatever SENT-BY says")
{
  const Correlation c = by(invitation(), {boss});
  CHECK(c.backing == Backing::SignedByClaimant);
  REQUIRE(c.claimant);
  CHECK(c.claimant->role == Claimant::Role::Organizer);
  CHECK(c.claimant->address.mailbox() == boss);
  CHECK(is(c.signer, boss));
  CHECK(c.signature == 0U);
}

TEST_CASE("the SENT-BY user's signature is sent-by")
{
  const Correlation c = by(invitation(), {pa});
  CHECK(c.backing == Backing::SignedBySentBy);
  REQUIRE(c.claimant);
  CHECK(c.claimant->address.mailbox() == boss);
  CHECK(is(c.claimant->sent_by, pa));
  CHECK(is(c.signer, pa));
}

TEST_CASE("a stranger's valid signature is of another")
{
  const Correlation c = by(invitation(), {mallory});
  CHECK(c.backing == Backing::SignedByOther);
  CHECK(is(c.signer, mallory));
  REQUIRE(c.claimant);
  CHECK(c.claimant->address.mailbox() == boss);
}

TEST_CASE("every method of the organizer wants the organizer")
{
  for (const Method method :
       {Method::Publish, Method::Request, Method::Add, Method::Cancel, Method::DeclineCounter}) {
    const Message m = message(method, {event(boss, "", {attendee(alice)})});
    CHECK(by(m, {boss}).backing == Backing::SignedByClaimant);
    CHECK(by(m, {mallory}).backing == Backing::SignedByOther);
  }
}

TEST_CASE("only a REQUEST can be passed on by an attendee")
{
  for (const Method method :
       {Method::Publish, Method::Add, Method::Cancel, Method::DeclineCounter}) {
    const Message m = message(method, {event(boss, "", {attendee(alice), attendee(bob)})});
    CHECK(by(m, {bob}).backing == Backing::SignedByOther);
  }
  Message busy = message(Method::Request, {event(boss, "", {attendee(alice), attendee(bob)})});
  busy.kind = imip::itip::Kind::FreeBusy;
  CHECK(by(busy, {bob}).backing == Backing::SignedByOther);
}

TEST_CASE("every method of an attendee wants the attendee and not the organizer")
{
  for (const Method method : {Method::Reply, Method::Refresh, Method::Counter}) {
    const Message m = message(method, {event(boss, "", {attendee(bob)})});
    CHECK(by(m, {bob}).backing == Backing::SignedByClaimant);
    CHECK(by(m, {boss}).backing == Backing::SignedByOther);
    CHECK(by(m, {mallory}).backing == Backing::SignedByOther);
  }
}

TEST_CASE("without a valid signature nobody backs the claim")
{
  using imip::crypto::SignatureStatus;
  CHECK(correlate(invitation(), {}, owner).backing == Backing::None);
  for (const auto status :
       {SignatureStatus::NotChecked, SignatureStatus::Invalid, SignatureStatus::Unproven}) {
    auto signature = signed_by({boss});
    signature.status = status;
    const Correlation c = correlate(invitation(), {signature}, owner);
    CHECK(c.backing == Backing::None);
    CHECK_FALSE(c.signer);
    CHECK_FALSE(c.signature);
    REQUIRE(c.claimant);
    CHECK(c.claimant->address.mailbox() == boss);
  }
}

TEST_CASE("a valid signature without identities backs nothing")
{
  const Correlation c = by(invitation(), {});
  CHECK(c.backing == Backing::None);
  CHECK_FALSE(c.signer);
}

TEST_CASE("of several signers the strongest counts, wherever it stands")
{
  const auto best = [](const imip::identity::Signatures& signatures) {
    return correlate(invitation(), signatures, owner);
  };
  const Correlation last =
      best({signed_by({mallory}), signed_by({bob}), signed_by({pa}), signed_by({boss})});
  CHECK(last.backing == Backing::SignedByClaimant);
  CHECK(last.signature == 3U);
  const Correlation first = best({signed_by({boss}), signed_by({pa}), signed_by({mallory})});
  CHECK(first.backing == Backing::SignedByClaimant);
  CHECK(first.signature == 0U);
}

TEST_CASE("an invalid signature of the organizer does not lift a valid one of a stranger")
{
  auto forged = signed_by({boss});
  forged.status = imip::crypto::SignatureStatus::Invalid;
  const Correlation c = correlate(invitation(), {forged, signed_by({mallory})}, owner);
  CHECK(c.backing == Backing::SignedByOther);
  CHECK(c.signature == 1U);
}

TEST_CASE("an identity further down in the certificate counts")
{
  const Correlation c = by(invitation(), {mallory, pa});
  CHECK(c.backing == Backing::SignedBySentBy);
  CHECK(is(c.signer, pa));
}

TEST_CASE("look-alike addresses do not match")
{
  CHECK(by(invitation(), {"boss@examp1e.com"}).backing == Backing::SignedByOther);
  CHECK(by(invitation(), {"boss@ex\u0430mple.com"}).backing == Backing::SignedByOther);
  CHECK(by(invitation(), {"boss+x@example.com"}).backing == Backing::SignedByOther);
  CHECK(by(invitation(), {"boss@example.com.evil.example"}).backing == Backing::SignedByOther);
}

TEST_CASE("local-part exact makes case count")
{
  CHECK(by(invitation(), {"BOSS@example.com"}).backing == Backing::SignedByClaimant);
  imip::itip::Owner exact = owner;
  exact.local_part = imip::LocalPart::Exact;
  CHECK(correlate(invitation(), {signed_by({"BOSS@example.com"})}, exact).backing ==
        Backing::SignedByOther);
}

TEST_CASE("the weakest component counts")
{
  SECTION("SENT-BY in one component only")
  {
    const Message m = message(Method::Request, {event(boss, pa), event(boss)});
    CHECK(by(m, {pa}).backing == Backing::SignedByOther);
    CHECK(by(m, {boss}).backing == Backing::SignedByClaimant);
  }
  SECTION("another organizer in the second component")
  {
    const Message m = message(Method::Request, {event(boss), event(mallory)});
    CHECK(by(m, {boss}).backing == Backing::SignedByOther);
    CHECK(by(m, {mallory}).backing == Backing::SignedByOther);
  }
  SECTION("an override without ORGANIZER inherits")
  {
    const Message m = message(Method::Request, {event(boss, pa), event("")});
    CHECK(by(m, {boss}).backing == Backing::SignedByClaimant);
    CHECK(by(m, {pa}).backing == Backing::SignedBySentBy);
  }
  SECTION("an attendee of one component only")
  {
    const Message m = message(Method::Request, {event(boss, "", {attendee(bob)}), event(boss)});
    CHECK(by(m, {bob}).backing == Backing::SignedByOther);
  }
}

TEST_CASE("one identity has to stand for all components")
{
  // pa stands for the first and pb for the second: neither stands for the message
  const Message m = message(Method::Cancel, {event(boss, pa), event(boss, "pb@example.com")});
  CHECK(by(m, {pa, "pb@example.com"}).backing == Backing::SignedByOther);
  const Correlation two = correlate(m, {signed_by({pa}), signed_by({"pb@example.com"})}, owner);
  CHECK(two.backing == Backing::SignedByOther);
}

TEST_CASE("a REPLY that lists everybody speaks for the one who signed")
{
  const Message m = message(Method::Reply,
                            {event(boss, "", {attendee(alice), attendee(bob), attendee(mallory)})});
  const Correlation c = by(m, {bob});
  CHECK(c.backing == Backing::SignedByClaimant);
  REQUIRE(c.claimant);
  CHECK(c.claimant->role == Claimant::Role::Attendee);
  CHECK(c.claimant->address.mailbox() == bob);
}

TEST_CASE("a REPLY that lists everybody and is unsigned claims to be from nobody")
{
  const Message m = message(Method::Reply, {event(boss, "", {attendee(alice), attendee(bob)})});
  CHECK_FALSE(correlate(m, {}, owner).claimant);
  const Correlation stranger = by(m, {mallory});
  CHECK(stranger.backing == Backing::SignedByOther);
  CHECK_FALSE(stranger.claimant);
}

TEST_CASE("an unsigned REPLY with one attendee claims to be his")
{
  const Correlation c = correlate(answer(), {}, owner);
  CHECK(c.backing == Backing::None);
  REQUIRE(c.claimant);
  CHECK(c.claimant->address.mailbox() == bob);
}

TEST_CASE("a REPLY by the attendee's assistant is sent-by")
{
  const Correlation c = by(answer(), {pa});
  CHECK(c.backing == Backing::SignedBySentBy);
  REQUIRE(c.claimant);
  CHECK(c.claimant->address.mailbox() == bob);
  CHECK(is(c.claimant->sent_by, pa));
}

TEST_CASE("the organizer's SENT-BY does not speak for an attendee")
{
  const Message m = message(Method::Reply, {event(boss, pa, {attendee(bob)})});
  CHECK(by(m, {pa}).backing == Backing::SignedByOther);
}

TEST_CASE("an assistant of two listed attendees speaks for neither")
{
  const Message m =
      message(Method::Reply, {event(boss, "", {attendee(alice, pa), attendee(bob, pa)})});
  const Correlation c = by(m, {pa});
  CHECK(c.backing == Backing::SignedByOther);
  CHECK_FALSE(c.claimant);
}

TEST_CASE("an attendee who is also an assistant speaks for himself")
{
  const Message m = message(Method::Reply, {event(boss, "", {attendee(alice, pa), attendee(pa)})});
  const Correlation c = by(m, {pa});
  CHECK(c.backing == Backing::SignedByClaimant);
  REQUIRE(c.claimant);
  CHECK(c.claimant->address.mailbox() == pa);
}

TEST_CASE("a REPLY must be the same attendee's in every component")
{
  const Message mixed = message(
      Method::Reply, {event(boss, "", {attendee(bob)}), event(boss, "", {attendee(alice)})});
  CHECK(by(mixed, {bob}).backing == Backing::SignedByOther);
  const Message same = message(Method::Reply, {event(boss, "", {attendee(bob)}),
                                               event(boss, "", {attendee(alice), attendee(bob)})});
  CHECK(by(same, {bob}).backing == Backing::SignedByClaimant);
}

TEST_CASE("a REQUEST signed by an attendee who delegates to the owner is a delegator's")
{
  const auto from = with(attendee(bob), "DELEGATED-TO", "mailto:alice@example.com");
  const auto to = with(attendee(alice), "DELEGATED-FROM", "mailto:bob@example.com");
  const Correlation c = by(message(Method::Request, {event(boss, "", {from, to})}), {bob});
  CHECK(c.backing == Backing::SignedByDelegator);
  REQUIRE(c.claimant);
  CHECK(c.claimant->role == Claimant::Role::Attendee);
  CHECK(c.claimant->address.mailbox() == bob);
}

TEST_CASE("a delegation that only one end states is a forward")
{
  const auto from = with(attendee(bob), "DELEGATED-TO", "mailto:alice@example.com");
  const auto to = with(attendee(alice), "DELEGATED-FROM", "mailto:bob@example.com");
  const auto backing = [](const imip::itip::Party& a, const imip::itip::Party& b) {
    return by(message(Method::Request, {event(boss, "", {a, b})}), {bob}).backing;
  };
  CHECK(backing(from, attendee(alice)) == Backing::SignedByForwarder);
  CHECK(backing(attendee(bob), to) == Backing::SignedByForwarder);
  CHECK(backing(with(attendee(bob), "DELEGATED-TO", "mailto:mallory@evil.example"), to) ==
        Backing::SignedByForwarder);
  CHECK(backing(from, with(attendee(alice), "DELEGATED-FROM", "mailto:mallory@evil.example")) ==
        Backing::SignedByForwarder);
  CHECK(backing(with(attendee(bob), "DELEGATED-TO", "mailto:alice%40example.com@evil.example"),
                to) == Backing::SignedByForwarder);
}

TEST_CASE("delegation to somebody else does not make the owner a delegate")
{
  const auto from = with(attendee(bob), "DELEGATED-TO", "mailto:carol@example.com");
  const auto to = with(attendee("carol@example.com"), "DELEGATED-FROM", "mailto:bob@example.com");
  const Correlation c =
      by(message(Method::Request, {event(boss, "", {from, to, attendee(alice)})}), {bob});
  CHECK(c.backing == Backing::SignedByForwarder);
}

TEST_CASE("a REQUEST signed by any other attendee is forwarded")
{
  const Correlation c = by(invitation(), {bob});
  CHECK(c.backing == Backing::SignedByForwarder);
  REQUIRE(c.claimant);
  CHECK(c.claimant->address.mailbox() == bob);
}

TEST_CASE("an assistant of an attendee neither delegates nor forwards")
{
  const Message m =
      message(Method::Request, {event(boss, "", {attendee(alice), attendee(bob, pa)})});
  CHECK(by(m, {pa}).backing == Backing::SignedByOther);
}

TEST_CASE("delegation in one component and none in another is a forward")
{
  const auto from = with(attendee(bob), "DELEGATED-TO", "mailto:alice@example.com");
  const auto to = with(attendee(alice), "DELEGATED-FROM", "mailto:bob@example.com");
  const Message m = message(Method::Request, {event(boss, "", {from, to}),
                                              event(boss, "", {attendee(bob), attendee(alice)})});
  CHECK(by(m, {bob}).backing == Backing::SignedByForwarder);
}

TEST_CASE("without organizer there is no claim and no match")
{
  const Message m = message(Method::Publish, {event("")});
  const Correlation c = by(m, {boss});
  CHECK_FALSE(c.claimant);
  CHECK(c.backing == Backing::SignedByOther);
}

TEST_CASE("a message without components or method matches nobody")
{
  Message empty = message(Method::Request, {});
  empty.organizer = party("ORGANIZER", boss);
  CHECK(by(empty, {boss}).backing == Backing::SignedByOther);
  CHECK(by(message(Method::Reply, {}), {bob}).backing == Backing::SignedByOther);
  CHECK(by(message(Method::None, {event(boss)}), {boss}).backing == Backing::None);
}

TEST_CASE("an alias is the same calendar user, both ways, and nobody else is")
{
  const std::vector<std::pair<imip::CalAddress, imip::CalAddress>> aliases = {
      {user(boss), user("the.boss@example.com")}, {user(boss), user("chief@example.com")}};
  const auto backing = [&](const char* organizer, const char* signer) {
    return correlate(message(Method::Request, {event(organizer)}), {signed_by({signer})}, owner,
                     aliases)
        .backing;
  };
  CHECK(backing(boss, "the.boss@example.com") == Backing::SignedByClaimant);
  CHECK(backing("the.boss@example.com", boss) == Backing::SignedByClaimant);
  CHECK(backing("chief@example.com", "the.boss@example.com") == Backing::SignedByClaimant);
  CHECK(backing(boss, mallory) == Backing::SignedByOther);
  CHECK(backing(boss, "the.boss+x@example.com") == Backing::SignedByOther);
}

TEST_CASE("very many attendees cost no more than their number")
{
  std::vector<imip::itip::Party> many;
  for (int i = 0; i < 20'000; ++i)
    many.push_back(attendee("a" + std::to_string(i) + "@example.com", pa));
  CHECK(by(message(Method::Reply, {event(boss, "", many)}), {pa}).backing ==
        Backing::SignedByOther);
  many.assign(20'000, attendee(bob, pa));
  CHECK(by(message(Method::Reply, {event(boss, "", many)}), {pa}).backing ==
        Backing::SignedBySentBy);
}

TEST_CASE("the cost of a correlation is signers' addresses times parties")
{
  const auto m = message(Method::Request, {event(boss, {}, {attendee(alice), attendee(bob)}), event(boss)});
  CHECK(imip::identity::cost_of_correlation(m, {}) == 0);
  CHECK(imip::identity::cost_of_correlation(m, {signed_by({boss, pa}), signed_by({mallory})}) == 3 * 4);
}

TEST_CASE("backings have their words")
{
  CHECK(backing_word(Backing::SignedByClaimant) == "direct");
  CHECK(backing_word(Backing::SignedBySentBy) == "sent-by");
  CHECK(backing_word(Backing::SignedByDelegator) == "delegator");
  CHECK(backing_word(Backing::SignedByForwarder) == "forwarder");
  CHECK(backing_word(Backing::SignedByOther) == "other");
  CHECK(backing_word(Backing::None) == "none");
}
