#include "mime/compose.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <functional>

#include "mime/calendar_part.hpp"
#include "mime/detail/outgoing.hpp"
#include "mime/detail/test_mail.hpp"
#include "testing/temp_dir.hpp"

using namespace imip;
using namespace imip::mime;
using namespace imip::mime::test;

namespace {

const std::string calendar =
    "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\nSUMMARY:Caf\xC3\xA9\r\nEND:VEVENT\r\n"
    "END:VCALENDAR\r\n";

OutgoingMail invitation()
{
  OutgoingMail mail;
  mail.from = {"Zo\xC3\xAB M\xC3\xBCller, \"Chef\"", "zoe@example.com"};
  mail.to = {{"Alice", "alice@example.org"}, {"", "bob@example.net"}};
  mail.subject = "Einladung: Caf\xC3\xA9 am Rhein";
  mail.date = UtcSeconds{std::chrono::seconds{1'799'056'800}};
  mail.message_id = "1@example.com";
  mail.text = "You are invited.\n\nCome!\n";
  mail.calendar = calendar;
  mail.method = "REQUEST";
  mail.component = "VEVENT";
  mail.boundary_seed = "seed";
  return mail;
}

std::string composed(const OutgoingMail& mail)
{
  const auto out = compose(mail);
  INFO((out ? std::string() : out.error().what));
  REQUIRE(out);
  return *out;
}

void check_form(const std::string& mail)
{
  check_transport_form(mail);
  CHECK(mail.back() == '\n');
  const Message m = parsed(mail);
  for (const Node& node : m.nodes()) CHECK(node.defects.empty());
}

bool refused(const std::function<void(OutgoingMail&)>& change)
{
  OutgoingMail mail = invitation();
  change(mail);
  const auto out = compose(mail);
  return !out && out.error().code == Errc::BadValue;
}

}  // namespace

TEST_CASE("an invitation has the tree of RFC 6047 and is 7-bit clean")
{
  const std::string mail = composed(invitation());
  check_form(mail);
  const Message m = parsed(mail);
  CHECK(types(m) == std::vector<std::string>{"multipart/mixed", "multipart/alternative",
                                             "text/plain", "text/calendar", "application/ics"});
  const Node& part = m.nodes()[3];
  CHECK(*part.parameter("method") == "REQUEST");
  CHECK(*part.parameter("charset") == "UTF-8");
  CHECK(*part.parameter("component") == "VEVENT");
  CHECK(part.disposition.empty());
  CHECK(part.encoding == "base64");
  CHECK(m.decoded(3, 10'000) == calendar);
  CHECK(m.decoded(4, 10'000) == calendar);
  CHECK(m.decoded(2, 10'000) == "You are invited.\n\nCome!\n");
  CHECK(m.nodes()[4].disposition == "attachment");
  CHECK(m.nodes()[4].file_name == "invite.ics");
  CHECK(*m.nodes()[4].parameter("name") == "invite.ics");
}

TEST_CASE("the header fields come back as they were given")
{
  OutgoingMail given = invitation();
  given.sender = Mailbox{"Desk", "desk@example.com"};
  given.in_reply_to = "<0@example.com>";
  given.references = "<8@example.com>\r\n\t<9@example.com> <0@example.com>";
  given.auto_submitted = true;
  const std::string mail = composed(given);
  check_form(mail);
  const Envelope e = parsed(mail).envelope();
  CHECK(e.from == std::vector<std::string>{"zoe@example.com"});
  CHECK(e.sender == std::vector<std::string>{"desk@example.com"});
  CHECK(e.to == std::vector<std::string>{"alice@example.org", "bob@example.net"});
  CHECK(e.subject == given.subject);
  CHECK(e.message_id == "1@example.com");
  CHECK(e.in_reply_to == "<0@example.com>");
  CHECK(e.references == "<8@example.com> <9@example.com> <0@example.com>");
  CHECK(e.date == "Mon, 04 Jan 2027 10:00:00 +0000");
  CHECK(e.auto_submitted == "auto-replied");
  CHECK(mail.find("\nMIME-Version: 1.0\n") != std::string::npos);
}

TEST_CASE("the same seed gives the same octets, another one other boundaries")
{
  OutgoingMail mail = invitation();
  CHECK(composed(mail) == composed(invitation()));
  mail.boundary_seed = "other";
  CHECK(composed(mail) != composed(invitation()));
}

TEST_CASE("a text that is not plain ASCII, or that servers would change, is sent as base64")
{
  for (const std::string& text :
       {std::string("Caf\xC3\xA9\n"), std::string("a\nFrom here\n"), std::string("blank \n"),
        std::string(200, 'x'), std::string("tab\t\nx"), std::string("a\0b", 3)}) {
    OutgoingMail mail = invitation();
    mail.text = text;
    const std::string out = composed(mail);
    check_form(out);
    const Message m = parsed(out);
    CHECK(m.nodes()[2].encoding == "base64");
    const std::string expected = text.back() == '\n' ? text : text + "\n";
    CHECK(m.decoded(2, 10'000) == crlf(expected));
  }
}

TEST_CASE("a boundary stands in no part's text")
{
  OutgoingMail mail = invitation();
  const Message first = parsed(composed(mail));
  mail.text = "--" + *first.nodes()[1].parameter("boundary") + "\n\nfake\n";
  const Message m = parsed(composed(mail));
  CHECK(m.nodes().size() == 5);
  CHECK(m.decoded(2, 10'000) == mail.text);
}

TEST_CASE("attachments with a Content-ID stand in multipart/related, others beside the ics")
{
  OutgoingMail mail = invitation();
  mail.attachments = {
      {"map.png", "image/png", "map@example.com", "\x89PNG"},
      {"Einladung f\xC3\xBCr alle G\xC3\xA4ste aus K\xC3\xB6ln, die kommen wollen.pdf",
       "application/pdf", "", "%PDF"},
      {"mail.eml", "message/rfc822", "", "From: x\n\n"},
      {"", "rubbish", "", std::string(1000, '\0')}};
  const std::string out = composed(mail);
  check_form(out);
  const Message m = parsed(out);
  CHECK(types(m) == std::vector<std::string>{
                        "multipart/mixed", "multipart/related", "multipart/alternative",
                        "text/plain", "text/calendar", "image/png", "application/ics",
                        "application/pdf", "application/octet-stream", "application/octet-stream"});
  CHECK(m.nodes()[7].file_name == mail.attachments[1].file_name);
  CHECK(m.decoded(5, 100) == "\x89PNG");
  CHECK(m.decoded(9, 5'000) == std::string(1000, '\0'));
  CHECK(whole_of(m, 5).find("Content-ID: <map@example.com>") != std::string::npos);
  const auto parts = calendar_parts(m, {});
  REQUIRE(parts);
  CHECK(parts->size() == 1);
  CHECK(parts->at(0).place.alternative == 2);
}

TEST_CASE("a value that would break the header is refused")
{
  CHECK(refused([](OutgoingMail& m) { m.subject = "x\nBcc: eve@example.com"; }));
  CHECK(refused([](OutgoingMail& m) { m.subject = "x\rBcc: eve@example.com"; }));
  CHECK(refused([](OutgoingMail& m) { m.subject = "\xFF"; }));
  CHECK(refused([](OutgoingMail& m) { m.from.name = "x\r\nBcc: eve@example.com"; }));
  CHECK(refused([](OutgoingMail& m) { m.from.address = "zoe@example.com\nBcc: eve@example.com"; }));
  CHECK(refused([](OutgoingMail& m) { m.from.address = "nobody"; }));
  CHECK(refused([](OutgoingMail& m) { m.from.address = ""; }));
  CHECK(refused([](OutgoingMail& m) { m.to[0].address = "a@example.com, b@example.com"; }));
  CHECK(refused([](OutgoingMail& m) { m.to[0].address = "z\xC3\xBC@example.com"; }));
  CHECK(refused([](OutgoingMail& m) { m.to.clear(); }));
  CHECK(refused([](OutgoingMail& m) { m.sender = Mailbox{"", "x"}; }));
  CHECK(refused([](OutgoingMail& m) { m.message_id = ""; }));
  CHECK(refused([](OutgoingMail& m) { m.message_id = "a b@c"; }));
  CHECK(refused([](OutgoingMail& m) { m.message_id = "<a@b>"; }));
  CHECK(refused([](OutgoingMail& m) { m.in_reply_to = "<a\x01>"; }));
  CHECK(refused([](OutgoingMail& m) { m.method = ""; }));
  CHECK(refused([](OutgoingMail& m) { m.method = "REQUEST; x=y"; }));
  CHECK(refused([](OutgoingMail& m) { m.component = "V\nEVENT"; }));
  CHECK(refused([](OutgoingMail& m) { m.calendar_file_name = "a\nb.ics"; }));
  CHECK(refused([](OutgoingMail& m) { m.attachments = {{"a", "image/png", "x>y", ""}}; }));
}

TEST_CASE("long header values are folded")
{
  OutgoingMail mail = invitation();
  mail.subject =
      "A subject of many words that goes on and on until nobody reads it any more at all";
  for (int i = 0; i < 30; ++i)
    mail.to.push_back({"Somebody Number", "somebody.number@example.com"});
  for (int i = 0; i < 30; ++i) mail.references += "<a-message-id-of-some-length@example.com> ";
  const std::string out = composed(mail);
  check_form(out);
  CHECK(parsed(out).envelope().to.size() == 32);
  CHECK(parsed(out).envelope().subject == mail.subject);
}

TEST_CASE("what looks like an encoded word comes back as it was given")
{
  const imip::testing::TempDir dir;
  OutgoingMail mail = invitation();
  mail.subject =
      "=?utf-8?q?Your_account?= and =?iso-8859-1?b?QQ==?= in \xC3\xA4 title so long that it is "
      "several words";
  mail.from.name = "=?utf-8?q?The_Bank?=";
  mail.to.front().name = "=?utf-8?q?a?=, \"x\"";
  const std::string out = composed(mail);
  check_form(out);
  CHECK(parsed(out).envelope().subject == mail.subject);
  dir.write("mail.eml", out);
  dir.write("check.py", R"(
import email, email.policy, sys
m = email.message_from_bytes(open(sys.argv[1] + '/mail.eml', 'rb').read(), policy=email.policy.default)
assert m['Subject'].startswith('=?utf-8?q?Your_account?= and =?iso-8859-1?b?QQ==?= in \u00e4 title'), m['Subject']
assert m['From'].addresses[0].display_name == '=?utf-8?q?The_Bank?=', m['From']
assert m['To'].addresses[0].display_name == '=?utf-8?q?a?=, "x"', m['To']
)");
  const std::string command =
      "/usr/bin/python3 -I " + (dir / "check.py").string() + " " + dir.path().string();
  CHECK(std::system(command.c_str()) == 0);
}

TEST_CASE("python's email package reads the mail without a complaint")
{
  const imip::testing::TempDir dir;
  OutgoingMail mail = invitation();
  mail.attachments = {{"G\xC3\xA4ste.png", "image/png", "map@example.com", "\x89PNG"}};
  dir.write("mail.eml", composed(mail));
  dir.write("calendar.ics", calendar);
  dir.write("check.py", R"(
import email, email.policy, sys
d = sys.argv[1]
m = email.message_from_bytes(open(d + '/mail.eml', 'rb').read(), policy=email.policy.default)
assert not any(p.defects for p in m.walk()), [p.defects for p in m.walk()]
assert [p.get_content_type() for p in m.walk()] == ['multipart/mixed', 'multipart/related',
    'multipart/alternative', 'text/plain', 'text/calendar', 'image/png', 'application/ics']
a = m['From'].addresses[0]
assert (a.display_name, a.addr_spec) == ('Zo\u00eb M\u00fcller, "Chef"', 'zoe@example.com'), a
assert [x.addr_spec for x in m['To'].addresses] == ['alice@example.org', 'bob@example.net']
assert m['Subject'] == 'Einladung: Caf\u00e9 am Rhein'
assert m['Date'].datetime.isoformat() == '2027-01-04T10:00:00+00:00'
parts = list(m.walk())
wanted = open(d + '/calendar.ics', 'rb').read()
for p in (parts[4], parts[6]):
    assert p.get_payload(decode=True) == wanted
assert parts[4].get_param('method') == 'REQUEST' and parts[4].get_content_charset() == 'utf-8'
assert parts[4].get_content_disposition() is None
assert parts[5].get_filename() == 'G\u00e4ste.png' and parts[5]['Content-ID'] == '<map@example.com>'
assert parts[6].get_filename() == 'invite.ics'
)");
  const std::string command =
      "/usr/bin/python3 -I " + (dir / "check.py").string() + " " + dir.path().string();
  CHECK(std::system(command.c_str()) == 0);
}

TEST_CASE("to_crlf touches bare LF only")
{
  CHECK(to_crlf("a\nb") == "a\r\nb");
  CHECK(to_crlf("a\r\nb") == "a\r\nb");
  CHECK(to_crlf("a\rb\r") == "a\rb\r");
  CHECK(to_crlf("\n\n\r\r\n") == "\r\n\r\n\r\r\n");
  CHECK(to_crlf("").empty());
}
