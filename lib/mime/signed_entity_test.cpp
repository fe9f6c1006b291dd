#include "mime/signed_entity.hpp"

#include <catch2/catch.hpp>

#include "mime/compose.hpp"
#include "mime/detail/test_mail.hpp"

using namespace imip;
using namespace imip::mime;
using namespace imip::mime::test;

namespace {

const std::string content = "Content-Type: text/plain\n\nhello\n";
const std::string signature =
    "Content-Type: application/pkcs7-signature; name=smime.p7s\n"
    "Content-Transfer-Encoding: base64\n\nREVS\n";

std::string signed_mail(const std::string& parameters, const std::string& body)
{
  return "From: a@example.com\nContent-Type: multipart/signed; boundary=s" + parameters + "\n\n" +
         body;
}
std::string two(const std::string& first, const std::string& second)
{
  return "--s\n" + first + "\n--s\n" + second + "\n--s--\n";
}
const std::string smime = "; protocol=\"application/pkcs7-signature\"; micalg=sha-256";

/// An entity with what it covers.
struct Seen : SignedEntity {
  std::string octets;
};

std::vector<Seen> entities(const std::string& mail)
{
  const Message message = parsed(mail);
  const auto found = signed_entities(message, {});
  REQUIRE(found);
  std::vector<Seen> out;
  for (const SignedEntity& entity : *found) out.push_back({entity, signed_octets(message, entity)});
  return out;
}

Seen only(const std::string& octets)
{
  const auto all = entities(octets);
  REQUIRE(all.size() == 1);
  return all.front();
}

}  // namespace

TEST_CASE("a detached S/MIME signature covers the first part, line ends made CRLF")
{
  const std::string mail = signed_mail(smime, two(content, signature));
  for (const std::string& form : {mail, crlf(mail)}) {
    const Seen entity = only(form);
    CHECK(entity.protection == Protection::SmimeDetached);
    CHECK(entity.octets == "Content-Type: text/plain\r\n\r\nhello\r\n");
    CHECK(entity.signature == "DER");
    CHECK(entity.defects.empty());
    CHECK(entity.node == 0);
  }
}

TEST_CASE("either spelling of the protocol goes with either spelling of the type")
{
  for (const std::string protocol : {"application/pkcs7-signature", "application/x-pkcs7-signature",
                                     "APPLICATION/PKCS7-Signature"})
    for (const std::string type :
         {"application/pkcs7-signature", "application/x-pkcs7-signature"}) {
      const Seen entity = only(signed_mail(
          "; protocol=\"" + protocol + "\"", two(content, "Content-Type: " + type + "\n\nDER")));
      CHECK(entity.protection == Protection::SmimeDetached);
      CHECK(entity.defects.empty());
    }
}

TEST_CASE("a bare CR is signed as it is, blanks and empty lines too")
{
  const Seen entity = only(signed_mail(smime, two("\n\na\rb \t\n\n", signature)));
  CHECK(entity.octets == "\r\n\r\na\rb \t\r\n\r\n");
}

TEST_CASE("odd line ends around the delimiter leave the signed octets exact")
{
  CHECK(only(signed_mail(smime, "--s\r\n\r\nx\n--s\n" + signature + "\n--s--\n")).octets ==
        "\r\nx");
  CHECK(only(signed_mail(smime, "--s \n\nx\r\n--s\t\n" + signature + "\n--s--\n")).octets ==
        "\r\nx");
  CHECK(only(signed_mail(smime, "pre\n--s\n\nx\n--s\n" + signature)).octets == "\r\nx");
}

TEST_CASE("a signed multipart is covered with its preamble, delimiters and epilogue")
{
  const std::string inner =
      "Content-Type: multipart/alternative; boundary=i\n\npre\n--i\n\nx\n--i--\nepilogue\n";
  const std::string mail = signed_mail(smime, two(inner, signature));
  CHECK(only(mail).octets == crlf(inner));
  const std::string unclosed = "Content-Type: multipart/alternative; boundary=i\n\n--i\n\nx";
  CHECK(only(signed_mail(smime, two(unclosed, signature))).octets == crlf(unclosed));
}

TEST_CASE("not two parts: no signer")
{
  for (const std::string& body :
       {"--s\n" + content + "\n--s--\n", two(content, content + "\n--s\n" + signature),
        std::string("no parts\n")}) {
    const Seen entity = only(signed_mail(smime, body));
    CHECK(has(entity.defects, Code::NotTwoParts));
  }
}

TEST_CASE("a missing, unknown or contradicting protocol: no signer")
{
  const SignedEntity none = only(signed_mail("", two(content, signature)));
  CHECK(none.protection == Protection::Unknown);
  CHECK(has(none.defects, Code::ProtocolMismatch));
  CHECK(has(only(signed_mail("; protocol=application/x-new", two(content, signature))).defects,
            Code::ProtocolMismatch));
  CHECK(has(only(signed_mail(smime, two(content, "Content-Type: application/pgp-signature\n\nx")))
                .defects,
            Code::ProtocolMismatch));
  CHECK(has(only(signed_mail("; protocol=\"application/pgp-signature\"", two(content, signature)))
                .defects,
            Code::ProtocolMismatch));
  CHECK(has(only(signed_mail(smime, two(signature, content))).defects, Code::ProtocolMismatch));
  CHECK(has(
      only(signed_mail(smime + "; protocol=\"application/pgp-signature\"", two(content, signature)))
          .defects,
      Code::AmbiguousHeader));
}

TEST_CASE("defects of the multipart, of either part and of what is around it: no signer")
{
  const std::string junk = "Content-Type: text/plain\nthis line was not signed\n\nhello\n";
  CHECK(has(only(signed_mail(smime, two(junk, signature))).defects, Code::AmbiguousHeader));
  CHECK(
      has(only(signed_mail(smime, two(content, "X: y\n" + signature + "\n--s--\n--s\n\n"))).defects,
          Code::SpanDisagrees));
  CHECK(
      has(only("Content-Transfer-Encoding: base64\n" + signed_mail(smime, two(content, signature)))
              .defects,
          Code::BadTransferEncoding));
  CHECK(has(only("A: b\nContent-Type: message/rfc822\nContent-Type: message/rfc822\n\n" +
                 signed_mail(smime, two(content, signature)))
                .defects,
            Code::AmbiguousHeader));
  CHECK(has(only(signed_mail(smime, two(content + "\n--special", signature))).defects,
            Code::SpanDisagrees));
}

TEST_CASE("an opaque S/MIME leaf gives its CMS, whatever its smime-type says")
{
  for (const std::string type :
       {"application/pkcs7-mime; smime-type=signed-data; name=smime.p7m",
        "application/x-pkcs7-mime", "application/pkcs7-mime; smime-type=nonsense",
        "application/octet-stream; name=smime.p7m",
        "application/octet-stream\nContent-Disposition: attachment; filename=Smime.P7M",
        "application/octet-stream; name=smime.p7z"}) {
    const Seen entity = only("From: a@example.com\nContent-Type: " + type +
                                     "\nContent-Transfer-Encoding: base64\n\nREVS\n");
    CHECK(entity.protection == Protection::SmimeOpaque);
    CHECK(entity.signature == "DER");
    CHECK(entity.octets.empty());
    CHECK(entity.defects.empty());
  }
}

TEST_CASE("a file name makes no signature of what is something else")
{
  for (const char* type : {"application/octet-stream; name=smime.p7s", "application/octet-stream; name=p7m",
                           "application/pdf; name=a.p7m", "text/plain; name=smime.p7m"})
    CHECK(entities(std::string("From: a@example.com\nContent-Type: ") + type + "\n\nDER\n").empty());
  CHECK(
      entities("From: a@example.com\nContent-Type: application/pkcs7-signature\n\nDER\n").empty());
}

TEST_CASE("PGP/MIME is recognised")
{
  const Seen detached =
      only(signed_mail("; protocol=\"application/pgp-signature\"; micalg=pgp-sha256",
                       two(content, "Content-Type: application/pgp-signature\n\narmour\n")));
  CHECK(detached.protection == Protection::OpenPgpDetached);
  CHECK(detached.octets == crlf(content));
  CHECK(detached.signature == "armour\n");
  CHECK(detached.defects.empty());

  const Seen encrypted = only(
      "A: b\nContent-Type: multipart/encrypted; boundary=s; "
      "protocol=\"application/pgp-encrypted\"\n\n" +
      two("Content-Type: application/pgp-encrypted\n\nVersion: 1",
          "Content-Type: application/octet-stream\n\narmour"));
  CHECK(encrypted.protection == Protection::OpenPgpEncrypted);
  CHECK(encrypted.signature == "armour");
  CHECK(encrypted.octets.empty());
  CHECK(encrypted.defects.empty());

  const Seen without_version = only(
      "A: b\nContent-Type: multipart/encrypted; boundary=s; "
      "protocol=\"application/pgp-encrypted\"\n\n" +
      two("Content-Type: text/plain\n\nVersion: 1",
          "Content-Type: application/octet-stream\n\narmour"));
  CHECK(has(without_version.defects, Code::ProtocolMismatch));
}

TEST_CASE("nested signatures are listed outermost first, and each covers what is below it")
{
  const std::string inner = "Content-Type: multipart/signed; boundary=i" + smime + "\n\n--i\n" +
                            content + "\n--i\n" + signature + "\n--i--\n";
  const Message m = parsed(signed_mail(smime, two(inner, signature)));
  const auto all = signed_entities(m, {});
  REQUIRE(all);
  REQUIRE(all->size() == 2);
  const SignedEntity& outer = all->at(0);
  const SignedEntity& nested = all->at(1);
  CHECK(outer.node == 0);
  CHECK(nested.node == 1);
  CHECK(signed_octets(m, nested) == crlf(content));
  REQUIRE(m.nodes().size() == 5);  // signed, signed, text, p7s, p7s
  CHECK(covers(m, outer, 1));
  CHECK(covers(m, outer, 2));
  CHECK(covers(m, outer, 3));
  CHECK_FALSE(covers(m, outer, 0));
  CHECK_FALSE(covers(m, outer, 4));
  CHECK(covers(m, nested, 2));
  CHECK_FALSE(covers(m, nested, 1));
  CHECK_FALSE(covers(m, nested, 3));
  CHECK_FALSE(covers(m, nested, 4));
  CHECK_FALSE(covers(m, outer, no_node));
}

TEST_CASE("a sibling of a signed part is not covered, and an opaque entity covers no node")
{
  const Message m = parsed(multipart(
      "multipart/mixed", "--b\nContent-Type: multipart/signed; boundary=s" + smime + "\n\n" +
                             two(content, signature) +
                             "\n--b\nContent-Type: text/calendar; method=CANCEL\n\nx\n"
                             "--b\nContent-Type: application/pkcs7-mime\n\nDER\n--b--\n"));
  const auto all = signed_entities(m, {});
  REQUIRE(all);
  REQUIRE(all->size() == 2);
  REQUIRE(m.nodes()[4].media_type == "text/calendar");
  CHECK(covers(m, all->at(0), 2));
  CHECK_FALSE(covers(m, all->at(0), 4));
  for (std::size_t i = 0; i < m.nodes().size(); ++i) CHECK_FALSE(covers(m, all->at(1), i));
}

TEST_CASE("more signed parts than the limit are refused")
{
  std::string body;
  for (int i = 0; i < 17; ++i) body += "--b\nContent-Type: application/pkcs7-mime\n\nx\n";
  const auto out = signed_entities(parsed(multipart("multipart/mixed", body + "--b--\n")), {});
  REQUIRE_FALSE(out);
  CHECK(out.error().code == Errc::TooLarge);
}
