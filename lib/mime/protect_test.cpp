// Layout::Inner, PGP/MIME, and the entities that hold a CMS.
#include "mime/protect.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "mime/calendar_part.hpp"
#include "mime/compose.hpp"
#include "mime/detail/outgoing.hpp"
#include "mime/detail/test_mail.hpp"
#include "mime/signed_entity.hpp"
#include "testing/temp_dir.hpp"

using namespace imip;
using namespace imip::mime;
using namespace imip::mime::test;

namespace {

const std::string calendar =
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Caf\xC3\xA9\r\nEND:VEVENT\r\n"
    "END:VCALENDAR\r\n";
const std::string armour =
    "-----BEGIN PGP SIGNATURE-----\n\niQ==\n=abcd\n-----END PGP SIGNATURE-----\n";

std::string invitation()
{
  OutgoingMail mail;
  mail.from = {"", "zoe@example.com"};
  mail.to = {{"", "alice@example.org"}};
  mail.subject = "Caf\xC3\xA9";
  mail.date = UtcSeconds{std::chrono::seconds{1'799'056'800}};
  mail.message_id = "1@example.com";
  mail.text = "You are invited.\n";
  mail.calendar = calendar;
  mail.method = "REQUEST";
  mail.component = "VEVENT";
  mail.boundary_seed = "seed";
  return *compose(mail);
}

SplitMail split(const std::string& mail, Layout layout)
{
  auto out = split_for_signing(mail, layout);
  INFO((out ? std::string() : out.error().what));
  REQUIRE(out);
  return *out;
}

/// The one signed entity of a mail, in LF and CRLF form, covers exactly these octets.
void check_signed(const std::string& mail, Protection protection, const std::string& octets,
                  const std::string& signature)
{
  for (const std::string& form : {mail, crlf(mail)}) {
    const Message m = parsed(form);
    for (const Node& node : m.nodes()) CHECK(node.defects.empty());
    const auto entities = signed_entities(m, {});
    REQUIRE(entities);
    REQUIRE(entities->size() == 1);
    const SignedEntity& entity = entities->front();
    CHECK(entity.defects.empty());
    CHECK(entity.protection == protection);
    CHECK(signed_octets(m, entity) == to_crlf(octets));
    CHECK(to_crlf(entity.signature) == to_crlf(signature));
    const auto parts = calendar_parts(m, {});
    REQUIRE(parts);
    REQUIRE(parts->size() == 1);
    CHECK(parts->front().defects.empty());
    CHECK(covers(m, entity, parts->front().node));
  }
}

bool refused(const std::string& mail, Layout layout, Errc code)
{
  const auto out = split_for_signing(mail, layout);
  return !out && out.error().code == code;
}

}  // namespace

TEST_CASE("the inner layout wraps the calendar part and leaves every other octet")
{
  const std::string mail = invitation();
  const SplitMail parts = split(mail, Layout::Inner);
  CHECK(mail == parts.before + parts.entity + parts.after);
  CHECK(parts.entity.compare(0, 28, "Content-Type: text/calendar;") == 0);
  const std::string out =
      join(parts, *smime_signed(parts.entity, std::string("\0DER", 4), "sha-256", "seed"));
  check_transport_form(out);
  check_signed(out, Protection::SmimeDetached, parts.entity, std::string("\0DER", 4));
  CHECK(types(parsed(out)) ==
        std::vector<std::string>{"multipart/mixed", "multipart/alternative", "text/plain",
                                 "multipart/signed", "text/calendar",
                                 "application/pkcs7-signature", "application/ics"});
}

TEST_CASE("the inner layout re-encodes a calendar that servers would change, and nothing else")
{
  const std::string lf = "BEGIN:VCALENDAR\nSUMMARY:Caf\xC3\xA9 \nEND:VCALENDAR\n";
  const std::string mail = multipart(
      "multipart/alternative",
      "--b\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nCaf\xC3\xA9 \n"
      "--b\nContent-Type: text/calendar; method=REQUEST; charset=utf-8\n"
      "Content-Transfer-Encoding: 8bit\n\n" + lf + "--b--\n");
  const SplitMail parts = split(crlf(mail), Layout::Inner);
  CHECK(detail::is_transport_safe(parts.entity));
  CHECK(parts.before.find("Caf\xC3\xA9 \n") != std::string::npos);
  const Message m = parsed(parts.entity);
  CHECK(m.nodes()[0].encoding == "base64");
  CHECK(m.decoded(0, 1'000) == crlf(lf.substr(0, lf.size() - 1)));
}

TEST_CASE("a calendar that is the whole mail is signed whole in both layouts")
{
  const std::string mail =
      "From: a@example.com\nMIME-Version: 1.0\nContent-Type: text/calendar; method=REQUEST\n\n" +
      std::string("BEGIN:VCALENDAR\nEND:VCALENDAR\n");
  const SplitMail outer = split(mail, Layout::Outer);
  const SplitMail inner = split(mail, Layout::Inner);
  CHECK(inner.before == outer.before);
  CHECK(inner.entity == outer.entity);
  CHECK(inner.after.empty());
}

TEST_CASE("the inner layout completes the header of the mail, not of a part")
{
  std::string mail = multipart("multipart/mixed",
                               "--b\n\nMIME-Version: 1.0\n--b\nContent-Type: text/calendar\n\nx\n--b--\n");
  mail.erase(mail.find("MIME-Version"), 18);
  const SplitMail parts = split(mail, Layout::Inner);
  CHECK(parts.before.find("boundary=b\nMIME-Version: 1.0\n\n--b") != std::string::npos);
  CHECK(join(parts, "y").find("--b\ny") != std::string::npos);
}

TEST_CASE("the inner layout wants exactly one calendar that nobody protected before")
{
  const std::string one = "--b\nContent-Type: text/calendar\n\nx\n";
  CHECK(refused(multipart("multipart/mixed", "--b\n\nx\n--b--\n"), Layout::Inner, Errc::Refused));
  CHECK(refused(multipart("multipart/mixed", one + one + "--b--\n"), Layout::Inner, Errc::Refused));
  CHECK(refused(multipart("multipart/mixed", "--b\nContent-Type: message/rfc822\n\nFrom: x\n"
                                             "Content-Type: text/calendar\n\nx\n--b--\n"),
                Layout::Inner, Errc::Refused));
  const SplitMail parts = split(invitation(), Layout::Inner);
  CHECK(refused(join(parts, *smime_signed(parts.entity, "DER", "sha-256", "seed")), Layout::Inner,
                Errc::Refused));
}

TEST_CASE("PGP/MIME signs either layout, and may be signed again outside")
{
  for (const Layout layout : {Layout::Outer, Layout::Inner}) {
    const SplitMail parts = split(invitation(), layout);
    const auto entity = openpgp_signed(parts.entity, crlf(armour), "pgp-sha256", "seed");
    REQUIRE(entity);
    const std::string out = join(parts, *entity);
    check_transport_form(out);
    check_signed(out, Protection::OpenPgpDetached, parts.entity, armour);
    const SplitMail again = split(out, Layout::Outer);
    const Message m = parsed(join(again, *smime_signed(again.entity, "DER", "sha-256", "seed")));
    const auto entities = signed_entities(m, {});
    REQUIRE(entities);
    CHECK(entities->size() == 2);
    for (const auto& each : *entities) CHECK(each.defects.empty());
  }
}

TEST_CASE("encrypted entities hold what they were given, and nothing of the mail")
{
  const SplitMail parts = split(invitation(), Layout::Outer);
  for (const char* type : {"enveloped-data", "authEnveloped-data", "signed-data"}) {
    const std::string out = join(parts, *pkcs7_mime(std::string(1'000, '\xFF'), type));
    check_transport_form(out);
    const Message m = parsed(out);
    CHECK(*m.nodes()[0].parameter("smime-type") == type);
    CHECK(*m.nodes()[0].parameter("name") == "smime.p7m");
    const auto entities = signed_entities(m, {});
    REQUIRE(entities);
    REQUIRE(entities->size() == 1);
    CHECK(entities->front().protection == Protection::SmimeOpaque);
    CHECK(entities->front().signature == std::string(1'000, '\xFF'));
  }
  const std::string message = "-----BEGIN PGP MESSAGE-----\n\nhQ==\n-----END PGP MESSAGE-----\n";
  const std::string out = join(parts, *openpgp_encrypted(message, "seed"));
  check_transport_form(out);
  CHECK(out.find("invited") == std::string::npos);
  const Message m = parsed(out);
  CHECK(types(m) == std::vector<std::string>{"multipart/encrypted", "application/pgp-encrypted",
                                             "application/octet-stream"});
  CHECK(*m.nodes()[0].parameter("protocol") == "application/pgp-encrypted");
  CHECK(m.decoded(1, 100) == "Version: 1\n");
  CHECK(m.decoded(2, 1'000) == message);
  CHECK(m.envelope().subject == "Caf\xC3\xA9");
}

TEST_CASE("what is no armour, no name, or empty is refused")
{
  CHECK_FALSE(openpgp_signed("x", "", "pgp-sha256", "s"));
  CHECK_FALSE(openpgp_signed("x", std::string("\xC2\x33", 2), "pgp-sha256", "s"));
  CHECK_FALSE(openpgp_signed("x", armour + "trailing \n", "pgp-sha256", "s"));
  CHECK_FALSE(openpgp_signed("x", armour, "pgp sha256", "s"));
  CHECK_FALSE(openpgp_signed("", armour, "pgp-sha256", "s"));
  CHECK_FALSE(openpgp_encrypted("", "s"));
  CHECK_FALSE(pkcs7_mime("", "enveloped-data"));
  CHECK_FALSE(pkcs7_mime("x", "a; b"));
}

TEST_CASE("python's email package reads every kind without a complaint")
{
  const imip::testing::TempDir dir;
  const SplitMail outer = split(invitation(), Layout::Outer);
  const SplitMail inner = split(invitation(), Layout::Inner);
  dir.write("a", join(outer, *openpgp_signed(outer.entity, armour, "pgp-sha256", "s")));
  dir.write("b", join(inner, *openpgp_signed(inner.entity, armour, "pgp-sha256", "s")));
  dir.write("c", join(outer, *openpgp_encrypted(armour, "s")));
  dir.write("d", join(outer, *pkcs7_mime("x", "enveloped-data")));
  dir.write("check.py", R"(
import email, email.policy, sys
def types(name):
    m = email.message_from_bytes(open(sys.argv[1] + '/' + name, 'rb').read(), policy=email.policy.default)
    assert not any(p.defects for p in m.walk()), [p.defects for p in m.walk()]
    assert m['Subject'] == 'Caf\u00e9' and m['MIME-Version'] == '1.0'
    return [p.get_content_type() for p in m.walk()]
plain = ['multipart/mixed', 'multipart/alternative', 'text/plain', 'text/calendar', 'application/ics']
assert types('a') == ['multipart/signed'] + plain + ['application/pgp-signature']
assert types('b') == plain[:3] + ['multipart/signed', 'text/calendar', 'application/pgp-signature', 'application/ics']
assert types('c') == ['multipart/encrypted', 'application/pgp-encrypted', 'application/octet-stream']
assert types('d') == ['application/pkcs7-mime']
)");
  const std::string command =
      "/usr/bin/python3 -I " + (dir / "check.py").string() + " " + dir.path().string();
  CHECK(std::system(command.c_str()) == 0);
}
