// split_for_signing, smime_signed, join: what is signed arrives as it was signed.
#include <catch2/catch.hpp>
#include <cstdlib>

#include "mime/compose.hpp"
#include "mime/detail/outgoing.hpp"
#include "mime/detail/test_mail.hpp"
#include "mime/protect.hpp"
#include "mime/signed_entity.hpp"
#include "testing/temp_dir.hpp"

using namespace imip;
using namespace imip::mime;
using namespace imip::mime::test;

namespace {

SplitMail split(const std::string& mail)
{
  auto out = split_for_signing(mail);
  INFO((out ? std::string() : out.error().what));
  REQUIRE(out);
  CHECK(detail::is_transport_safe(out->entity));
  return *out;
}

Result<std::string> wrap_signed(const SplitMail& mail, std::string_view der, std::string_view micalg,
                                const std::string& seed)
{
  IMIP_TRY(const std::string entity, smime_signed(mail.entity, der, micalg, seed));
  return join(mail, entity);
}

// The decoded content of the first leaf.
std::string leaf_text(const std::string& entity)
{
  const Message m = parsed(entity);
  for (std::size_t i = 0; i < m.nodes().size(); ++i)
    if (m.nodes()[i].children.empty()) return *m.decoded(i, 100'000);
  return {};
}

/// A self-signed certificate, and the openssl command line over it.
class OpenSsl {
 public:
  OpenSsl()
  {
    REQUIRE(run("req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=t -keyout " + at("key.pem") +
                " -out " + at("cert.pem") + " -addext subjectAltName=email:a@example.com"));
  }
  std::string sign(const std::string& octets)
  {
    dir_.write("in", octets);
    REQUIRE(run("cms -sign -binary -md sha256 -in " + at("in") + " -signer " + at("cert.pem") +
                " -inkey " + at("key.pem") + " -outform DER -out " + at("der")));
    return dir_.read("der");
  }
  bool verify(const std::string& mail)
  {
    dir_.write("mail", mail);
    return run("cms -verify -purpose any -in " + at("mail") + " -CAfile " + at("cert.pem") +
               " -out " + at("out"));
  }
  std::string content() { return dir_.read("out"); }

 private:
  std::string at(const std::string& name) { return (dir_ / name).string(); }
  static bool run(const std::string& arguments)
  {
    return std::system(("openssl " + arguments + " >/dev/null 2>&1").c_str()) == 0;
  }
  imip::testing::TempDir dir_;
};

}  // namespace

TEST_CASE("Content fields go inside, all others stay outside in their order")
{
  const SplitMail out = split(
      "From: a@example.com\nContent-Type: text/plain;\n charset=us-ascii\nTo: b@example.com\n"
      "content-transfer-encoding: 7bit\nSubject: x\n y\nContent-Length: 5\nMIME-Version: "
      "1.0\n\nhello\n");
  CHECK(out.before ==
        "From: a@example.com\nTo: b@example.com\nSubject: x\n y\nMIME-Version: 1.0\n");
  CHECK(out.entity ==
        "Content-Type: text/plain;\n charset=us-ascii\ncontent-transfer-encoding: 7bit\n\nhello\n");
}

TEST_CASE("CRLF input and an mbox line give the same as LF input")
{
  const std::string mail = "From: a@example.com\nContent-Type: text/plain\n\nhello\n";
  const SplitMail lf = split(mail);
  for (const std::string& other : {crlf(mail), "From a Sat\n" + mail}) {
    const SplitMail out = split(other);
    CHECK(out.before == lf.before);
    CHECK(out.entity == lf.entity);
  }
}

TEST_CASE("a mail without Content-Type gets the one it has by default")
{
  CHECK(split("From: a@example.com\n\nhello\n").entity ==
        "Content-Type: text/plain; charset=US-ASCII\n\nhello\n");
}

TEST_CASE("what is safe to transport keeps its octets")
{
  const std::string body =
      "Content-Type: multipart/mixed; boundary=\"q\"\n\npreamble\n--q\n\n odd   spacing\n--q\n"
      "Content-Type:   text/html\n\n<p>\n--q--\nepilogue\n";
  CHECK(split("From: a@example.com\n" + body).entity == body);
}

TEST_CASE("empty input and input without a header cannot be split")
{
  for (const std::string mail : {"", "\nx\n", "no header\n\nx\n"}) {
    const auto out = split_for_signing(mail);
    REQUIRE_FALSE(out);
    CHECK(out.error().code == Errc::BadMime);
  }
}

TEST_CASE("a mail that can be read in two ways is not signed")
{
  const auto out = split_for_signing(
      "From: a@example.com\nContent-Type: text/plain\nContent-Type: text/html\n\nx\n");
  REQUIRE_FALSE(out);
  CHECK(out.error().code == Errc::BadMime);
}

TEST_CASE("text that is not 7-bit, or that servers change, is re-encoded and means the same")
{
  for (const std::string& text :
       {std::string("Caf\xC3\xA9\n"), std::string("a\nFrom here\nFrom there\n"),
        std::string("-- \nflowed \ntab\t\n"), std::string(2'000, 'x') + "\n",
        std::string("last blank ")}) {
    INFO(text);
    const SplitMail out = split(
        "From: a@example.com\nContent-Type: text/plain; charset=utf-8\n"
        "Content-Transfer-Encoding: 8bit\n\n" +
        text);
    CHECK(leaf_text(out.entity) == text);
    CHECK(out.entity.find("8bit") == std::string::npos);
  }
}

TEST_CASE("other unsafe parts become base64 of their CRLF form")
{
  const std::string calendar = "BEGIN:VCALENDAR\nSUMMARY:Caf\xC3\xA9\nEND:VCALENDAR\n";
  for (const std::string head : {"Content-Type: text/calendar; method=REQUEST; "
                                 "charset=utf-8\nContent-Transfer-Encoding: 8bit\n",
                                 "Content-Type: text/calendar; method=REQUEST; charset=utf-8\n"}) {
    const SplitMail out =
        split(crlf("From: a@example.com\n" + std::string(head) + "\n" + calendar));
    CHECK(leaf_text(out.entity) == crlf(calendar));
    CHECK(parsed(out.entity).nodes()[0].encoding == "base64");
    CHECK(*parsed(out.entity).nodes()[0].parameter("method") == "REQUEST");
  }
}

TEST_CASE("unsafe lines of an encoded part are encoded anew, its content stays")
{
  const SplitMail qp = split(
      "From: a@example.com\nContent-Type: text/plain; charset=utf-8\n"
      "Content-Transfer-Encoding: quoted-printable\n\nFrom here =C3=BC\nx\n");
  CHECK(leaf_text(qp.entity) == "From here \xC3\xBC\nx\n");
  const SplitMail base64 = split(
      "From: a@example.com\nContent-Type: image/png\n"
      "Content-Transfer-Encoding: base64\n\nAAEC \nAwQ=\n");
  CHECK(leaf_text(base64.entity) == std::string("\0\1\2\3\4", 5));
}

TEST_CASE("a multipart is rewritten only where it must be")
{
  const SplitMail out = split(multipart(
      "multipart/mixed",
      "pre\xC3\xA4mble \n--b \nContent-Type: text/plain; charset=utf-8\n"
      "Content-Transfer-Encoding: 8bit\n\nCaf\xC3\xA9\n--b\n"
      "Content-Type: text/html\n\n<p>  keep  me</p>\n--b\n"
      "Content-Type: message/rfc822\nContent-Transfer-Encoding: 8bit\n\n"
      "From: c@example.com\nSubject: Caf\xC3\xA9\nContent-Type: text/plain; charset=utf-8;\n"
      " name=\"Caf\xC3\xA9.txt\"\nContent-Transfer-Encoding: 8bit\n\nCaf\xC3\xA9\n--b--\n"));
  const Message m = parsed(out.entity);
  REQUIRE(m.nodes().size() == 5);
  for (const Node& node : m.nodes()) {
    CHECK(node.defects.empty());
    CHECK((node.encoding == "7bit" || node.encoding == "quoted-printable"));
  }
  CHECK(m.decoded(1, 100) == "Caf\xC3\xA9");
  CHECK(body_of(m, 2) == "<p>  keep  me</p>");
  CHECK(m.decoded(4, 100) == "Caf\xC3\xA9");
  CHECK(m.nodes()[4].file_name == "Caf\xC3\xA9.txt");
  const Message inner = parsed(whole_of(m, 4));
  CHECK(inner.envelope().subject == "Caf\xC3\xA9");
}

TEST_CASE("a signed part inside is not touched, and refused where it is not 7-bit")
{
  const std::string head =
      "From: a@example.com\nContent-Type: multipart/signed; boundary=b; "
      "protocol=\"application/pkcs7-signature\"\n\n--b\n\n";
  const std::string tail = "\n--b\nContent-Type: application/pkcs7-signature\n\nx\n--b--\n";
  const auto blank = split_for_signing(head + "flowed " + tail);
  REQUIRE(blank);
  CHECK(blank->entity.find("\nflowed \n") != std::string::npos);
  const auto eight_bit = split_for_signing(head + "Caf\xC3\xA9" + tail);
  REQUIRE_FALSE(eight_bit);
  CHECK(eight_bit.error().code == Errc::BadMime);
}

TEST_CASE("the wrapped mail holds the entity's octets, and the signature")
{
  const SplitMail mail = split(
      "From: a@example.com\nSubject: x\nMIME-Version: 1.0\n"
      "Content-Type: text/plain\n\nhello\n");
  const auto out = wrap_signed(mail, std::string("\0DER", 4), "sha-256", "seed");
  REQUIRE(out);
  CHECK(detail::is_transport_safe(*out));
  CHECK(*out == *wrap_signed(mail, std::string("\0DER", 4), "sha-256", "seed"));
  for (const std::string& form : {*out, crlf(*out)}) {
    const Message m = parsed(form);
    for (const Node& node : m.nodes()) CHECK(node.defects.empty());
    CHECK(*m.nodes()[0].parameter("micalg") == "sha-256");
    const auto entities = signed_entities(m, {});
    REQUIRE(entities);
    REQUIRE(entities->size() == 1);
    CHECK(entities->at(0).protection == Protection::SmimeDetached);
    CHECK(signed_octets(m, entities->at(0)) == to_crlf(mail.entity));
    CHECK(entities->at(0).signature == std::string("\0DER", 4));
    CHECK(entities->at(0).defects.empty());
    CHECK(m.envelope().subject == "x");
  }
  CHECK(out->find("MIME-Version: 1.0\nContent-Type: multipart/signed;") != std::string::npos);
  CHECK(
      wrap_signed({"From: a\n", mail.entity}, "x", "sha-256", "s")->find("\nMIME-Version: 1.0\n") !=
      std::string::npos);
}

TEST_CASE("a bad micalg and an empty entity are refused")
{
  CHECK_FALSE(wrap_signed({"A: b\n", "x"}, "d", "sha 256\nX: y", "s"));
  CHECK_FALSE(wrap_signed({"A: b\n", ""}, "d", "sha-256", "s"));
}

TEST_CASE("the openssl command line accepts the wrapped mail in LF and CRLF form")
{
  OpenSsl openssl;
  for (const std::string& mail :
       {std::string("From: a@example.com\nContent-Type: text/plain\n\nhello\n\n"),
        std::string("From: a@example.com\n\nno line end"), std::string("From: a@example.com\n\n"),
        multipart("multipart/mixed",
                  "--b\nContent-Transfer-Encoding: 8bit\n\nCaf\xC3\xA9 \n--b--\n")}) {
    INFO(mail);
    const SplitMail parts = split(mail);
    const std::string der = openssl.sign(to_crlf(parts.entity));
    const auto out = wrap_signed(parts, der, "sha-256", "seed");
    REQUIRE(out);
    CHECK(openssl.verify(*out));
    CHECK(openssl.verify(to_crlf(*out)));
    CHECK(openssl.content() == to_crlf(parts.entity));
    std::string changed = *out;
    changed.replace(changed.find("Content-T", changed.find("--=_")), 9, "Content-t");
    CHECK_FALSE(openssl.verify(changed));
  }
}

TEST_CASE("a signed mail can be signed again")
{
  OpenSsl openssl;
  std::string mail = "From: a@example.com\nSubject: x\nContent-Type: text/plain\n\nhello\n";
  for (const std::string seed : {"first", "second"}) {
    const SplitMail parts = split(mail);
    mail = *wrap_signed(parts, openssl.sign(to_crlf(parts.entity)), "sha-256", seed);
  }
  CHECK(openssl.verify(mail));
  const Message m = parsed(mail);
  const auto entities = signed_entities(m, {});
  REQUIRE(entities);
  CHECK(entities->size() == 2);
  CHECK(m.envelope().subject == "x");
}
