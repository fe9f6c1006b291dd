#include "policy/decision.hpp"

#include <catch2/catch.hpp>

#include "identity/test_message.hpp"

using namespace imip::identity::testing;
using namespace imip::policy;
using imip::Code;
using imip::Reason;
using imip::crypto::Signature;
using imip::crypto::SignatureStatus;
using imip::itip::Message;
using imip::itip::Method;
using imip::itip::Speaker;

namespace {

constexpr const char* boss = "boss@example.com";
constexpr const char* pa = "pa@example.com";
constexpr const char* alice = "alice@example.com";
constexpr const char* bob = "bob@example.com";
constexpr const char* mallory = "mallory@evil.example";

imip::UtcSeconds at(const char* text)
{
  const auto t = imip::parse_instant(text);
  return t ? *t : imip::UtcSeconds{};
}

// Alice's policy: anchor 0 admits, anchor 1 (the system's) does not.
Policy base_policy()
{
  Policy p;
  p.path = "policy.toml";
  p.owner.addresses = {user(alice)};
  p.anchors.push_back({{"ca.pem", {}}, true, {"policy.toml", 5, "smime.anchors"}});
  p.anchors.push_back({{"system.pem", {}}, false, {"policy.toml", 5, "smime.anchors"}});
  return p;
}

Policy with_delegate(std::vector<Method> methods = {},
                     Delegate::Role role = Delegate::Role::Organizer)
{
  Policy p = base_policy();
  Delegate d;
  d.principal = user(boss);
  d.sent_by = user(pa);
  d.methods = std::move(methods);
  d.role = role;
  d.origin = {"policy.toml", 12, "delegate"};
  p.delegates.push_back(d);
  return p;
}

Policy with_allow(const char* mailbox)
{
  Policy p = base_policy();
  p.allows.push_back({user(mailbox), {"policy.toml", 20, "allow"}});
  return p;
}

Signature by(const char* mailbox, std::size_t anchor = 0)
{
  Signature s = signed_by({mailbox});
  s.anchor = anchor;
  return s;
}

Signature with_status(Signature s, SignatureStatus status, std::vector<Reason> findings = {})
{
  s.status = status;
  if (status != SignatureStatus::Valid) s.identities.clear();
  s.findings = std::move(findings);
  return s;
}

Evidence evidence_of(const Policy& policy, const Message& m, std::vector<Signature> signatures)
{
  Evidence e;
  e.message = &m;
  e.signatures.assign(signatures.begin(), signatures.end());
  e.correlation = imip::identity::correlate(m, e.signatures, policy.owner, policy.aliases);
  e.now = at("2027-01-01T00:00:00Z");
  return e;
}

Decision judge(const Policy& policy, const Message& m, std::vector<Signature> signatures)
{
  return decide(policy, evidence_of(policy, m, std::move(signatures)));
}

std::string suggest(const Policy& policy, const Evidence& e)
{
  return suggestion(policy, e, decide(policy, e));
}

Message request(const char* organizer = boss, const char* sent_by = "")
{
  return message(Method::Request, {event(organizer, sent_by, {attendee(alice), attendee(bob)})});
}

Message reply(const char* sent_by = "")
{
  return message(Method::Reply, {event(alice, "", {attendee(bob, sent_by)})});
}

bool has(const Decision& d, Code code)
{
  return std::any_of(d.reasons.begin(), d.reasons.end(),
                     [&](const Reason& r) { return r.code == code; });
}

void expect(const Decision& d, Verdict verdict, Code first)
{
  REQUIRE_FALSE(d.reasons.empty());
  for (const Reason& r : d.reasons) {
    UNSCOPED_INFO(code_word(r.code) << ": " << r.text);
    CHECK_FALSE(r.text.empty());
  }
  CHECK(verdict_word(d.verdict) == verdict_word(verdict));
  CHECK(code_word(d.reasons.front().code) == code_word(first));
  if (d.verdict == Verdict::Untrusted) CHECK(d.speaker.cls == Speaker::Class::None);
}

bool contains(const std::string& text, std::string_view part)
{
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("nothing at all is untrusted")
{
  expect(decide(Policy{}, Evidence{}), Verdict::Untrusted, Code::BadCalendar);
}

TEST_CASE("an iTIP refusal stands above every signature and entry")
{
  const Policy p = with_allow(boss);
  const Message m = request();
  Evidence e = evidence_of(p, m, {by(boss)});
  e.refusals = {{Code::AlternativesDiffer, "parts differ"}};
  expect(decide(p, e), Verdict::Untrusted, Code::AlternativesDiffer);
  CHECK(suggest(p, e).empty());
  e.message = nullptr;
  e.refusals = {{Code::NoUid, "no UID"}};
  expect(decide(p, e), Verdict::Untrusted, Code::NoUid);
}

TEST_CASE("a defect of the mail gives no identity")
{
  const Policy p = with_allow(boss);
  const Message m = request();
  Evidence e = evidence_of(p, m, {by(boss)});
  e.defects = {{Code::AmbiguousHeader, "two Content-Types"}};
  expect(decide(p, e), Verdict::Untrusted, Code::AmbiguousHeader);
  CHECK(suggest(p, e).empty());
}

TEST_CASE("an unsigned message follows its default and is never trusted")
{
  Policy p = with_allow(boss);
  const Message m = request();
  Decision d = judge(p, m, {});
  expect(d, Verdict::Untrusted, Code::Unsigned);
  CHECK(d.decided_by.entry == "defaults.unsigned");
  CHECK(d.decided_by.file.empty());
  CHECK(d.assurance == Assurance::None);
  p.defaults.unsigned_ = Default::Ask;
  p.defaults.lines["unsigned"] = 33;
  d = judge(p, m, {});
  expect(d, Verdict::Ask, Code::Unsigned);
  CHECK(d.decided_by.file == "policy.toml");
  CHECK(d.decided_by.line == 33);
  CHECK(d.assurance == Assurance::None);
  CHECK(d.speaker.cls == Speaker::Class::Organizer);
  CHECK(suggest(p, evidence_of(p, m, {})).empty());
}

TEST_CASE("a CMS without signerInfo is unsigned")
{
  Policy p = base_policy();
  p.defaults.unsigned_ = Default::Ask;
  const Message m = request();
  Evidence e = evidence_of(p, m, {});
  e.signature_defects = {{Code::NoSignerInfo, "nobody signed it"}};
  const Decision d = decide(p, e);
  expect(d, Verdict::Ask, Code::Unsigned);
  CHECK(has(d, Code::NoSignerInfo));
}

TEST_CASE("no default lifts an invalid, unchecked or malformed signature")
{
  Policy p = with_allow(boss);
  p.defaults.unsigned_ = p.defaults.unknown_signer = Default::Ask;
  const Message m = request();
  expect(judge(p, m, {with_status(by(boss), SignatureStatus::Invalid)}), Verdict::Untrusted,
         Code::SignatureInvalid);
  expect(judge(p, m, {with_status(by(boss), SignatureStatus::Invalid, {{Code::TrailingDer, "x"}})}),
         Verdict::Untrusted, Code::TrailingDer);
  expect(judge(p, m, {with_status(by(boss), SignatureStatus::NotChecked)}), Verdict::Untrusted,
         Code::SignatureUnchecked);
  Evidence e = evidence_of(p, m, {});
  e.signature_defects = {{Code::NotTwoParts, "three parts"}};
  expect(decide(p, e), Verdict::Untrusted, Code::NotTwoParts);
  e = evidence_of(p, m,
                  {with_status(by(boss), SignatureStatus::Unproven, {{Code::NoAnchor, "x"}}),
                   with_status(by(boss), SignatureStatus::Invalid)});
  expect(decide(p, e), Verdict::Untrusted, Code::SignatureInvalid);
}

TEST_CASE("a broken signature around a good one does not spoil it, but is told")
{
  const Policy p = base_policy();
  const Message m = request();
  const Decision d =
      judge(p, m, {with_status(by("list@example.com"), SignatureStatus::Invalid), by(boss)});
  expect(d, Verdict::Trusted, Code::AnchorAdmits);
  CHECK(has(d, Code::SignatureInvalid));
}

TEST_CASE("an unknown signer follows his default and says why he is unknown")
{
  Policy p = with_allow(boss);
  const Message m = request();
  const auto unknown = [&](std::vector<Reason> findings) {
    return judge(p, m, {with_status(by(boss), SignatureStatus::Unproven, std::move(findings))});
  };
  Decision d = unknown({{Code::NoAnchor, "no anchor"}});
  expect(d, Verdict::Untrusted, Code::UnknownSigner);
  CHECK(has(d, Code::NoAnchor));
  CHECK(d.decided_by.entry == "defaults.unknown-signer");
  expect(unknown({}), Verdict::Untrusted, Code::UnknownSigner);
  for (const Code code : {Code::Expired, Code::ExpiredSince, Code::NotYetValid, Code::WrongPurpose,
                          Code::ChainInvalid, Code::NoIdentity, Code::OutsideAnchorDomains}) {
    d = unknown({{code, "x"}});
    expect(d, Verdict::Untrusted, code);
    CHECK(has(d, Code::UnknownSigner));
  }
  p.defaults.unknown_signer = Default::Ask;
  d = unknown({{Code::NoAnchor, "no anchor"}});
  expect(d, Verdict::Ask, Code::UnknownSigner);
  CHECK(d.assurance == Assurance::None);
}

TEST_CASE("the default for unknown signers lifts neither floor nor revocation")
{
  Policy p = base_policy();
  p.defaults.unknown_signer = Default::Ask;
  const Message m = request();
  const auto unproven = [&](Code code) {
    return judge(
        p, m,
        {with_status(by(boss), SignatureStatus::Unproven, {{Code::NoAnchor, "x"}, {code, "x"}})});
  };
  for (const Code code : {Code::Revoked, Code::WeakKey, Code::WeakDigest, Code::SignedInFuture})
    expect(unproven(code), Verdict::Untrusted, code);
  expect(unproven(Code::RevocationUnknown), Verdict::Ask, Code::UnknownSigner);
  p.revocation = imip::crypto::Revocation::Required;
  expect(unproven(Code::RevocationUnknown), Verdict::Untrusted, Code::RevocationUnknown);
}

TEST_CASE("a chain that stands for a certificate without address proves nobody")
{
  const Policy p = with_allow(boss);
  const Message m = request();
  Signature nameless = by(boss);
  nameless.identities.clear();
  const Decision d = judge(p, m, {nameless});
  expect(d, Verdict::Untrusted, Code::NoIdentity);
  CHECK(d.decided_by.entry == "defaults.unknown-signer");
}

TEST_CASE("a direct match from an anchor that admits is trusted")
{
  const Policy p = base_policy();
  const Message m = request();
  const Decision d = judge(p, m, {by(boss)});
  expect(d, Verdict::Trusted, Code::AnchorAdmits);
  CHECK(has(d, Code::DirectMatch));
  CHECK(d.assurance == Assurance::Signed);
  CHECK(d.decided_by.entry == "smime.anchors");
  CHECK(d.decided_by.line == 5);
  CHECK(d.speaker.cls == Speaker::Class::Organizer);
  CHECK(d.speaker.address.mailbox() == boss);
  CHECK_FALSE(d.speaker.sent_by);
}

TEST_CASE("a direct match from an anchor that does not admit is first contact")
{
  Policy p = base_policy();
  const Message m = request();
  Decision d = judge(p, m, {by(boss, 1)});
  expect(d, Verdict::Ask, Code::FirstContact);
  CHECK(d.decided_by.entry == "defaults.first-contact");
  CHECK(d.speaker.cls == Speaker::Class::Organizer);
  p.defaults.first_contact = Default::Untrusted;
  expect(judge(p, m, {by(boss, 1)}), Verdict::Untrusted, Code::FirstContact);
}

TEST_CASE("an anchor that nobody knows admits nobody")
{
  const Policy p = base_policy();
  const Message m = request();
  expect(judge(p, m, {by(boss, 7)}), Verdict::Ask, Code::FirstContact);
  Signature none = by(boss);
  none.anchor.reset();
  expect(judge(p, m, {none}), Verdict::Ask, Code::FirstContact);
}

TEST_CASE("an [[allow]] entry makes a direct match trusted, whatever the anchor")
{
  const Policy p = with_allow(boss);
  const Message m = request();
  const Decision d = judge(p, m, {by(boss, 1)});
  expect(d, Verdict::Trusted, Code::Allowed);
  CHECK(d.decided_by.entry == "allow");
  CHECK(d.decided_by.line == 20);
}

TEST_CASE("an [[allow]] entry grants strictly")
{
  const Message m = request("boss+x@example.com");
  expect(judge(with_allow(boss), m, {by("boss+x@example.com", 1)}), Verdict::Ask,
         Code::FirstContact);
}

TEST_CASE("a stranger with a good certificate is untrusted, allowed or not")
{
  for (const Policy& p : {base_policy(), with_allow(mallory), with_allow(boss), with_delegate()}) {
    for (const Method method : {Method::Request, Method::Cancel, Method::Publish, Method::Add}) {
      const Message m = message(method, {event(boss, pa, {attendee(alice)})});
      const Decision d = judge(p, m, {by(mallory)});
      expect(d, Verdict::Untrusted, Code::NoCorrelation);
      CHECK(d.assurance == Assurance::None);
      CHECK(contains(d.reasons.front().text, mallory));
      CHECK(contains(d.reasons.front().text, boss));
      CHECK(suggest(p, evidence_of(p, m, {by(mallory)})).empty());
    }
  }
}

TEST_CASE("a message that names no speaker is untrusted")
{
  const Policy p = base_policy();
  const Message m = message(Method::Publish, {event("")});
  expect(judge(p, m, {by(boss)}), Verdict::Untrusted, Code::NoCorrelation);
}

TEST_CASE("evidence that contradicts itself is untrusted")
{
  const Policy p = base_policy();
  const Message m = request();
  Evidence e = evidence_of(p, m, {by(boss)});
  SECTION("the signature index leads nowhere")
  {
    e.correlation.signature = 9;
  }
  SECTION("no signature is named")
  {
    e.correlation.signature.reset();
  }
  SECTION("no signer is named")
  {
    e.correlation.signer.reset();
  }
  SECTION("nobody is claimed")
  {
    e.correlation.claimant.reset();
  }
  SECTION("the one named is not valid")
  {
    e.signatures.push_back(with_status(by(boss), SignatureStatus::Invalid));
    e.correlation.signature = 1;
  }
  expect(decide(p, e), Verdict::Untrusted, Code::NoCorrelation);
}

TEST_CASE("a SENT-BY that no entry names asks and tells the command")
{
  Policy p = base_policy();
  const Message m = request(boss, pa);
  const Decision d = judge(p, m, {by(pa)});
  expect(d, Verdict::Ask, Code::SentByNotAuthorized);
  CHECK(d.decided_by.entry == "defaults.sent-by");
  CHECK(d.assurance == Assurance::None);
  CHECK(d.speaker.cls == Speaker::Class::Organizer);
  REQUIRE(d.speaker.sent_by);
  CHECK(d.speaker.sent_by->mailbox() == pa);
  CHECK(suggest(p, evidence_of(p, m, {by(pa)})) ==
        "imip policy allow boss@example.com --sent-by pa@example.com");
  p.defaults.sent_by = Default::Untrusted;
  expect(judge(p, m, {by(pa)}), Verdict::Untrusted, Code::SentByNotAuthorized);
}

TEST_CASE("a [[delegate]] entry makes the proxy trusted")
{
  const Policy p = with_delegate();
  const Message m = request(boss, pa);
  for (const std::size_t anchor : {0U, 1U}) {
    const Decision d = judge(p, m, {by(pa, anchor)});
    expect(d, Verdict::Trusted, Code::SentByAuthorized);
    CHECK(d.decided_by.entry == "delegate");
    CHECK(d.decided_by.line == 12);
    CHECK(d.assurance == Assurance::Signed);
    CHECK(d.speaker.address.mailbox() == boss);
    REQUIRE(d.speaker.sent_by);
    CHECK(d.speaker.sent_by->mailbox() == pa);
  }
}

TEST_CASE("the proxy may not drop the SENT-BY and speak as the principal")
{
  const Message m = request(boss);
  expect(judge(with_delegate(), m, {by(pa)}), Verdict::Untrusted, Code::NoCorrelation);
}

TEST_CASE("an [[allow]] for the principal or the proxy authorises no SENT-BY")
{
  const Message m = request(boss, pa);
  expect(judge(with_allow(boss), m, {by(pa)}), Verdict::Ask, Code::SentByNotAuthorized);
  expect(judge(with_allow(pa), m, {by(pa)}), Verdict::Ask, Code::SentByNotAuthorized);
}

TEST_CASE("the entry is for this pair and no other")
{
  const Policy p = with_delegate();
  expect(judge(p, request("chief@example.com", pa), {by(pa)}), Verdict::Ask,
         Code::SentByNotAuthorized);
  expect(judge(p, request(boss, "pb@example.com"), {by("pb@example.com")}), Verdict::Ask,
         Code::SentByNotAuthorized);
  expect(judge(p, request(pa, boss), {by(boss)}), Verdict::Ask, Code::SentByNotAuthorized);
  expect(judge(p, request(boss, "pa+x@example.com"), {by("pa+x@example.com")}), Verdict::Ask,
         Code::SentByNotAuthorized);
}

TEST_CASE("there are no chains of proxies")
{
  Policy p = with_delegate();
  Delegate second;
  second.principal = user(pa);
  second.sent_by = user("intern@example.com");
  p.delegates.push_back(second);
  expect(judge(p, request(boss, "intern@example.com"), {by("intern@example.com")}), Verdict::Ask,
         Code::SentByNotAuthorized);
}

TEST_CASE("an entry limited to methods allows those")
{
  const Policy p = with_delegate({Method::Request});
  expect(judge(p, request(boss, pa), {by(pa)}), Verdict::Trusted, Code::SentByAuthorized);
  const Message cancel = message(Method::Cancel, {event(boss, pa, {attendee(alice)})});
  const Decision d = judge(p, cancel, {by(pa)});
  expect(d, Verdict::Ask, Code::SentByNotAuthorized);
  CHECK(contains(d.reasons.front().text, "CANCEL"));
  CHECK(suggest(p, evidence_of(p, cancel, {by(pa)})) ==
        "imip policy allow boss@example.com --sent-by pa@example.com --method CANCEL");
}

TEST_CASE("a REQUEST that cancels in all but name needs the permission to cancel")
{
  const Policy limited = with_delegate({Method::Request});
  const Policy both = with_delegate({Method::Request, Method::Cancel});
  Message m = request(boss, pa);
  SECTION("STATUS:CANCELLED")
  {
    m.components[0].component.edit().properties.push_back({"STATUS", {}, "cancelled"});
  }
  SECTION("everything has been before now")
  {
    m.components[0].component.edit().find("DTSTART")->value = "20200104T100000Z";
    m.components[0].component.edit().find("DTEND")->value = "20200104T110000Z";
  }
  SECTION("a series that ended")
  {
    m.components[0].component.edit().find("DTSTART")->value = "20200104T100000Z";
    m.components[0].component.edit().find("DTEND")->value = "20200104T110000Z";
    m.components[0].component.edit().properties.push_back(
        {"RRULE", {}, "FREQ=WEEKLY;UNTIL=20201231T000000Z"});
  }
  SECTION("a start that cannot be read")
  {
    m.components[0].component.edit().find("DTSTART")->value = "whenever";
  }
  m.calendar.edit().components = {m.components[0].component};
  expect(judge(limited, m, {by(pa)}), Verdict::Ask, Code::SentByNotAuthorized);
  expect(judge(both, m, {by(pa)}), Verdict::Trusted, Code::SentByAuthorized);
  expect(judge(with_delegate(), m, {by(pa)}), Verdict::Trusted, Code::SentByAuthorized);
  CHECK(suggest(limited, evidence_of(limited, m, {by(pa)})) ==
        "imip policy allow boss@example.com --sent-by pa@example.com --method REQUEST --method "
        "CANCEL");
}

TEST_CASE("a series that goes on is no cancellation")
{
  Message m = request(boss, pa);
  m.components[0].component.edit().find("DTSTART")->value = "20200104T100000Z";
  m.components[0].component.edit().find("DTEND")->value = "20200104T110000Z";
  m.components[0].component.edit().properties.push_back({"RRULE", {}, "FREQ=WEEKLY"});
  m.calendar.edit().components = {m.components[0].component};
  expect(judge(with_delegate({Method::Request}), m, {by(pa)}), Verdict::Trusted,
         Code::SentByAuthorized);
}

TEST_CASE("an entry is good from its first to its last second")
{
  Policy p = with_delegate();
  p.delegates[0].from = at("2027-01-01T00:00:00Z");
  p.delegates[0].until = at("2027-06-30T23:59:59Z");
  const Message m = request(boss, pa);
  const auto on = [&](const char* now) {
    Evidence e = evidence_of(p, m, {by(pa)});
    e.now = at(now);
    return decide(p, e);
  };
  expect(on("2026-12-31T23:59:59Z"), Verdict::Ask, Code::SentByNotAuthorized);
  expect(on("2027-01-01T00:00:00Z"), Verdict::Trusted, Code::SentByAuthorized);
  expect(on("2027-06-30T23:59:59Z"), Verdict::Trusted, Code::SentByAuthorized);
  const Decision late = on("2027-07-01T00:00:00Z");
  expect(late, Verdict::Ask, Code::SentByExpired);
  CHECK(contains(late.reasons.front().text, "2027-06-30T23:59:59Z"));
}

TEST_CASE("an expired entry does not stand in the way of one that holds")
{
  Policy p = with_delegate();
  Delegate expired = p.delegates[0];
  expired.until = at("2020-01-01T00:00:00Z");
  p.delegates.insert(p.delegates.begin(), expired);
  const Message m = request(boss, pa);
  expect(judge(p, m, {by(pa)}), Verdict::Trusted, Code::SentByAuthorized);
}

TEST_CASE("a role is for that role")
{
  const Message to_alice = message(Method::Reply, {event(alice, "", {attendee(boss, pa)})});
  const Message from_boss = request(boss, pa);
  using Role = Delegate::Role;
  const auto verdict = [&](Role role, const Message& m) {
    const Policy p = with_delegate({}, role);
    return judge(p, m, {by(pa)}).verdict;
  };
  CHECK(verdict(Role::Organizer, from_boss) == Verdict::Trusted);
  CHECK(verdict(Role::Organizer, to_alice) == Verdict::Ask);
  CHECK(verdict(Role::Attendee, from_boss) == Verdict::Ask);
  CHECK(verdict(Role::Attendee, to_alice) == Verdict::Trusted);
  CHECK(verdict(Role::Both, from_boss) == Verdict::Trusted);
  CHECK(verdict(Role::Both, to_alice) == Verdict::Trusted);
  const Policy p = base_policy();
  CHECK(suggest(p, evidence_of(p, to_alice, {by(pa)})) ==
        "imip policy allow boss@example.com --sent-by pa@example.com --role attendee");
}

TEST_CASE("different SENT-BYs in one message are nobody's proxy")
{
  Policy p = with_delegate();
  const Message m = message(
      Method::Request, {event(boss, pa, {attendee(alice)}), event(boss, "", {attendee(alice)})});
  expect(judge(p, m, {by(pa)}), Verdict::Untrusted, Code::NoCorrelation);
}

TEST_CASE("a REPLY is the attendee's word")
{
  const Policy p = base_policy();
  const Message m = reply();
  const Decision d = judge(p, m, {by(bob)});
  expect(d, Verdict::Trusted, Code::AnchorAdmits);
  CHECK(d.speaker.cls == Speaker::Class::Attendee);
  CHECK(d.speaker.address.mailbox() == bob);
  expect(judge(p, m, {by(mallory)}), Verdict::Untrusted, Code::NoCorrelation);
}

TEST_CASE("whoever delegates or forwards is never better than ask")
{
  const Message forwarded = request();
  Policy p = with_allow(bob);
  Decision d = judge(p, forwarded, {by(bob)});
  expect(d, Verdict::Ask, Code::Forwarder);
  CHECK(d.speaker.cls == Speaker::Class::Forwarder);
  CHECK(d.speaker.address.mailbox() == bob);
  CHECK(d.decided_by.entry == "defaults.forwarder");
  CHECK(suggest(p, evidence_of(p, forwarded, {by(bob)})).empty());
  const Message delegated =
      message(Method::Request,
              {event(boss, "",
                     {with(attendee(bob), "DELEGATED-TO", "mailto:alice@example.com"),
                      with(attendee(alice), "DELEGATED-FROM", "mailto:bob@example.com")})});
  d = judge(p, delegated, {by(bob)});
  expect(d, Verdict::Ask, Code::Delegator);
  CHECK(d.speaker.cls == Speaker::Class::Delegator);
  p.defaults.delegator = p.defaults.forwarder = Default::Untrusted;
  expect(judge(p, forwarded, {by(bob)}), Verdict::Untrusted, Code::Forwarder);
  expect(judge(p, delegated, {by(bob)}), Verdict::Untrusted, Code::Delegator);
}

TEST_CASE("a forwarder who is new here is no better than any new one")
{
  Policy p = base_policy();
  const Message m = request();
  Decision d = judge(p, m, {by(bob, 1)});
  expect(d, Verdict::Ask, Code::Forwarder);
  CHECK(has(d, Code::FirstContact));
  p.defaults.first_contact = Default::Untrusted;
  d = judge(p, m, {by(bob, 1)});
  CHECK(d.verdict == Verdict::Untrusted);
  CHECK(d.decided_by.entry == "defaults.first-contact");
}

TEST_CASE("objections lower a verdict and never raise it")
{
  const Policy p = base_policy();
  const Message m = request();
  const auto objected = [&](std::vector<Signature> signatures,
                            std::vector<imip::itip::Objection> objections) {
    Evidence e = evidence_of(p, m, std::move(signatures));
    e.objections = std::move(objections);
    return decide(p, e);
  };
  const imip::itip::Objection asks{false, {Code::NotAddressed, "not for you"}};
  const imip::itip::Objection refuses{true, {Code::UidTaken, "taken"}};
  Decision d = objected({by(boss)}, {asks});
  expect(d, Verdict::Ask, Code::NotAddressed);
  CHECK(has(d, Code::DirectMatch));
  CHECK(d.decided_by.entry.empty());
  d = objected({by(boss)}, {asks, refuses});
  expect(d, Verdict::Untrusted, Code::UidTaken);
  CHECK(has(d, Code::NotAddressed));
  d = objected({by(boss)}, {refuses, asks});
  expect(d, Verdict::Untrusted, Code::UidTaken);
  d = objected({by(boss, 1)}, {asks});
  expect(d, Verdict::Ask, Code::FirstContact);
  CHECK(has(d, Code::NotAddressed));
  d = objected({by(mallory)}, {asks});
  expect(d, Verdict::Untrusted, Code::NoCorrelation);
  d = objected({by(mallory)}, {refuses});
  expect(d, Verdict::Untrusted, Code::NoCorrelation);
  CHECK(has(d, Code::UidTaken));
}

TEST_CASE("no command is suggested that would change nothing")
{
  Policy p = base_policy();
  const Message m = request();
  Evidence e = evidence_of(p, m, {by(boss, 1)});
  CHECK(suggest(p, e) == "imip policy allow boss@example.com");
  e.objections = {{false, {Code::NotAddressed, "not for you"}}};
  CHECK(suggest(p, e).empty());
  e.objections = {{true, {Code::UidTaken, "taken"}}};
  CHECK(suggest(p, e).empty());
  CHECK(suggest(with_allow(boss), evidence_of(p, m, {by(boss, 1)})).empty());
}

TEST_CASE("an organizer change follows its default")
{
  Policy p = base_policy();
  const Message m = request();
  Evidence e = evidence_of(p, m, {by(boss)});
  e.objections = {{false, {Code::OrganizerChange, "from a to b"}}};
  Decision d = decide(p, e);
  expect(d, Verdict::Ask, Code::OrganizerChange);
  CHECK(d.decided_by.entry == "defaults.organizer-change");
  p.defaults.organizer_change = Default::Untrusted;
  expect(decide(p, e), Verdict::Untrusted, Code::OrganizerChange);
}

TEST_CASE("only the new organizer's own signature changes the organizer")
{
  Policy p = with_delegate();
  p.defaults.unsigned_ = Default::Ask;
  const Message m = request(boss, pa);
  Evidence e = evidence_of(p, m, {by(pa)});
  e.objections = {{false, {Code::OrganizerChange, "from a to b"}}};
  expect(decide(p, e), Verdict::Untrusted, Code::OrganizerMismatch);
  e = evidence_of(p, m, {});
  e.objections = {{false, {Code::OrganizerChange, "from a to b"}}};
  expect(decide(p, e), Verdict::Untrusted, Code::OrganizerMismatch);
  e = evidence_of(p, m, {by(bob)});
  e.objections = {{false, {Code::OrganizerChange, "from a to b"}}};
  expect(decide(p, e), Verdict::Untrusted, Code::OrganizerMismatch);
}

TEST_CASE("a party crasher follows its default")
{
  Policy p = base_policy();
  const Message m = reply();
  Evidence e = evidence_of(p, m, {by(bob)});
  e.objections = {{false, {Code::PartyCrasher, "bob was not invited"}}};
  expect(decide(p, e), Verdict::Ask, Code::PartyCrasher);
  p.defaults.party_crasher = Default::Untrusted;
  const Decision d = decide(p, e);
  expect(d, Verdict::Untrusted, Code::PartyCrasher);
  CHECK(d.decided_by.entry == "defaults.party-crasher");
}

TEST_CASE("the owner's own message says so, and her proxy needs his entry")
{
  Policy p = base_policy();
  const Message m = message(Method::Request, {event(alice, pa, {attendee(bob)})});
  Decision d = judge(p, m, {by(alice)});
  expect(d, Verdict::Trusted, Code::AnchorAdmits);
  CHECK(has(d, Code::OwnMessage));
  expect(judge(p, m, {by(pa)}), Verdict::Ask, Code::SentByNotAuthorized);
  Delegate entry;
  entry.principal = user(alice);
  entry.sent_by = user(pa);
  p.delegates.push_back(entry);
  d = judge(p, m, {by(pa)});
  expect(d, Verdict::Trusted, Code::SentByAuthorized);
  CHECK(has(d, Code::OwnMessage));
}

TEST_CASE("aliases count in entries too")
{
  Policy p = with_delegate();
  p.aliases = {{user(boss), user("the.boss@example.com")},
               {user(pa), user("assistant@example.com")}};
  const Message m = request("the.boss@example.com", "assistant@example.com");
  expect(judge(p, m, {by("assistant@example.com")}), Verdict::Trusted, Code::SentByAuthorized);
  p = with_allow(boss);
  p.aliases = {{user(boss), user("the.boss@example.com")}};
  expect(judge(p, request("the.boss@example.com"), {by("the.boss@example.com", 1)}),
         Verdict::Trusted, Code::Allowed);
}

TEST_CASE("local-part exact makes case count in entries")
{
  Policy p = with_delegate();
  p.owner.local_part = imip::LocalPart::Exact;
  expect(judge(p, request("BOSS@example.com", pa), {by(pa)}), Verdict::Ask,
         Code::SentByNotAuthorized);
  p.owner.local_part = imip::LocalPart::Fold;
  expect(judge(p, request("BOSS@example.com", pa), {by(pa)}), Verdict::Trusted,
         Code::SentByAuthorized);
}

TEST_CASE("an address that a shell or an option parser could misread is not suggested")
{
  const Policy p = base_policy();
  const auto suggested = [&](const std::string& organizer, const std::string& sent_by) {
    const Message m = message(Method::Request, {event(organizer, sent_by, {attendee(alice)})});
    const std::string signer = sent_by.empty() ? organizer : sent_by;
    Signature s = by(boss, 1);
    s.identities = {user(signer)};
    return suggest(p, evidence_of(p, m, {s}));
  };
  CHECK(suggested("$HOME@example.com", "").empty());
  CHECK(suggested("a'b@example.com", "").empty());
  CHECK(suggested("a`id`@example.com", "").empty());
  CHECK(suggested("a|b@example.com", "").empty());
  CHECK(suggested("-rf@example.com", "").empty());
  CHECK(suggested("j\u00fcrgen@example.com", "").empty());
  CHECK(suggested(boss, "--role=both@example.com").empty());
  CHECK(suggested("--sent-by@example.com", pa).empty());
  CHECK(suggested("a+b_c=d.e-f@example.com", "") == "imip policy allow a+b_c=d.e-f@example.com");
  CHECK(suggested("a@b\u00fccher.example", "") == "imip policy allow a@xn--bcher-kva.example");
}

TEST_CASE("findings of a good signature are told once and last")
{
  const Policy p = base_policy();
  const Message m = request();
  const Decision d = judge(
      p, m,
      {with_status(by(boss), SignatureStatus::Valid,
                   {{Code::RevocationUnknown, "no list"}, {Code::RevocationUnknown, "no list"}})});
  expect(d, Verdict::Trusted, Code::AnchorAdmits);
  CHECK(d.reasons.back().code == Code::RevocationUnknown);
  CHECK(std::count_if(d.reasons.begin(), d.reasons.end(),
                      [](const Reason& r) { return r.code == Code::RevocationUnknown; }) == 1);
}

TEST_CASE("verdicts and assurances have their words")
{
  CHECK(verdict_word(Verdict::None) == "none");
  CHECK(verdict_word(Verdict::Untrusted) == "untrusted");
  CHECK(verdict_word(Verdict::Ask) == "ask");
  CHECK(verdict_word(Verdict::Trusted) == "trusted");
  CHECK(assurance_word(Assurance::Signed) == "signed");
  CHECK(assurance_word(Assurance::None) == "none");
  CHECK(verdict_word(Decision{}.verdict) == "none");
}

namespace {

Signature by_openpgp(const char* mailbox, const char* fingerprint)
{
  Signature s = signed_by({mailbox});
  s.protocol = imip::crypto::Protocol::OpenPgp;
  s.signer.reset();
  s.openpgp.emplace();
  s.openpgp->fingerprint = fingerprint;
  return s;
}

Signature with_spki(Signature s, const char* spki)
{
  s.signer.emplace();
  s.signer->spki_sha256 = spki;
  return s;
}

Policy with_pin(const char* mailbox, std::vector<std::string> spki, std::vector<std::string> openpgp = {})
{
  Policy p = base_policy();
  p.pins.push_back({user(mailbox), std::move(spki), std::move(openpgp), {"policy.toml", 30, "pin"}});
  return p;
}

}  // namespace

TEST_CASE("an OpenPGP key that the owner's key ring calls valid admits")
{
  Policy p = base_policy();
  p.key_ring = KeyRing{"/home/alice/.gnupg", false, {"policy.toml", 8, "openpgp"}};
  const Decision d = judge(p, request(), {by_openpgp(boss, "AA")});
  expect(d, Verdict::Trusted, Code::KeyRingAdmits);
  CHECK(d.decided_by.line == 8);
  expect(judge(base_policy(), request(), {by_openpgp(boss, "AA")}), Verdict::Ask, Code::FirstContact);
}

TEST_CASE("a pin lets its key in and no other")
{
  const Policy p = with_pin(boss, {"aa"}, {"FF"});
  const Decision pinned = judge(p, request(), {with_spki(by(boss, 1), "aa")});
  expect(pinned, Verdict::Trusted, Code::Pinned);
  CHECK(pinned.decided_by.line == 30);
  expect(judge(p, request(), {by_openpgp(boss, "FF")}), Verdict::Trusted, Code::Pinned);
  for (const Signature& other : {with_spki(by(boss), "bb"), by(boss), by_openpgp(boss, "FE"),
                                 by_openpgp(boss, "")}) {
    const Decision d = judge(p, request(), {other});
    expect(d, Verdict::Untrusted, Code::PinMismatch);
    CHECK(d.decided_by.line == 30);
    CHECK(d.speaker.cls == Speaker::Class::None);
    CHECK(suggest(p, evidence_of(p, request(), {other})).empty());
  }
}

TEST_CASE("no [[allow]] lifts a pin, and what a pin restricts it restricts loosely")
{
  Policy p = with_pin(boss, {"aa"});
  p.allows.push_back({user(boss), {"policy.toml", 20, "allow"}});
  expect(judge(p, request(), {with_spki(by(boss), "bb")}), Verdict::Untrusted, Code::PinMismatch);
  const char* tagged = "boss+calendar@example.com";
  expect(judge(p, request(tagged), {with_spki(by(tagged), "bb")}), Verdict::Untrusted,
         Code::PinMismatch);
  // the pin grants to the very address only
  const Decision d = judge(p, request(tagged), {with_spki(by(tagged, 1), "aa")});
  expect(d, Verdict::Ask, Code::FirstContact);
}

TEST_CASE("where an address has a pin of its own, the pin of a similar one names no key for it")
{
  Policy p = with_pin(boss, {"aa"});
  p.pins.push_back({user("boss+calendar@example.com"), {"bb"}, {}, {"policy.toml", 40, "pin"}});
  const Decision d = judge(p, request(), {with_spki(by(boss), "bb")});
  expect(d, Verdict::Untrusted, Code::PinMismatch);
  CHECK(d.decided_by.line == 30);
  expect(judge(p, request(), {with_spki(by(boss), "aa")}), Verdict::Trusted, Code::Pinned);
}

TEST_CASE("of several signatures of one signer the best counts, in any order")
{
  const Policy pinned = with_pin(boss, {"aa"});
  const Signature good = with_spki(by(boss), "aa");
  const Signature other = with_spki(by(boss), "bb");
  expect(judge(pinned, request(), {good, other}), Verdict::Trusted, Code::Pinned);
  expect(judge(pinned, request(), {other, good}), Verdict::Trusted, Code::Pinned);
  expect(judge(pinned, request(), {other, other}), Verdict::Untrusted, Code::PinMismatch);
  Signature spoilt = good;
  spoilt.status = SignatureStatus::Invalid;
  spoilt.identities.clear();
  expect(judge(pinned, request(), {other, spoilt}), Verdict::Untrusted, Code::PinMismatch);
  expect(judge(pinned, request(), {other, with_spki(by("mallory@example.com"), "aa")}), Verdict::Untrusted,
         Code::PinMismatch);
  // an anchor that admits nobody beside one that does
  expect(judge(base_policy(), request(), {by(boss, 1), by(boss)}), Verdict::Trusted, Code::AnchorAdmits);
  expect(judge(base_policy(), request(), {by(boss, 1), by(boss, 1)}), Verdict::Ask, Code::FirstContact);
}

TEST_CASE("the pin of an assistant holds for what she signs for somebody else")
{
  Policy p = with_delegate();
  p.pins.push_back({user(pa), {"aa"}, {}, {"policy.toml", 30, "pin"}});
  expect(judge(p, request(boss, pa), {with_spki(by(pa), "aa")}), Verdict::Trusted,
         Code::SentByAuthorized);
  expect(judge(p, request(boss, pa), {with_spki(by(pa), "bb")}), Verdict::Untrusted,
         Code::PinMismatch);
}

TEST_CASE("busy time is a question unless an [[allow]] entry of the very party says free-busy")
{
  const Message m = request();
  const auto decided = [&](const Policy& p) {
    Evidence e = evidence_of(p, m, {by(boss)});
    e.objections = {{false, {Code::AnswerWanted, "boss asks when you are busy"}}};
    return decide(p, e);
  };
  Policy p = with_allow(boss);
  expect(decided(p), Verdict::Ask, Code::AnswerWanted);
  CHECK(decided(p).decided_by.entry == "defaults.free-busy");
  p.allows.back().free_busy = true;
  expect(decided(p), Verdict::Trusted, Code::Allowed);
  Policy other = with_allow("carol@example.com");
  other.allows.back().free_busy = true;
  expect(decided(other), Verdict::Ask, Code::AnswerWanted);
  Policy strict = base_policy();
  strict.defaults.free_busy = Default::Untrusted;
  expect(decided(strict), Verdict::Untrusted, Code::AnswerWanted);
}

TEST_CASE("what lets somebody ask for busy time is suggested")
{
  const Policy p = base_policy();
  const Message m = request();
  Evidence e = evidence_of(p, m, {by(boss)});
  e.objections = {{false, {Code::AnswerWanted, "boss asks when you are busy"}}};
  CHECK(suggest(p, e) == "imip policy allow boss@example.com --free-busy");
}
