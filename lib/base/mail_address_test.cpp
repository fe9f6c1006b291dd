#include "base/mail_address.hpp"

#include <catch2/catch.hpp>
#include <vector>

using imip::CalAddress;
using imip::LocalPart;
using imip::maybe_same_user;
using imip::same_user;

namespace {

CalAddress address(std::string_view uri)
{
  const auto parsed = CalAddress::parse(uri);
  INFO(uri);
  REQUIRE(parsed);
  return *parsed;
}

std::string why_not(std::string_view uri)
{
  const auto parsed = CalAddress::parse(uri);
  INFO(uri);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().code == imip::Errc::BadValue);
  return parsed.error().what;
}

bool contains(const std::string& text, std::string_view part)
{
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a mailto URI gives scheme, local part and domain")
{
  const CalAddress a = address("MAILTO:Boss@Example.COM");
  CHECK(a.scheme() == "mailto");
  CHECK(a.local() == "Boss");
  CHECK(a.domain() == "example.com");
  CHECK(a.mailbox() == "Boss@example.com");
  CHECK(a.uri() == "mailto:Boss@example.com");
  CHECK_FALSE(a.was_bare());
}

TEST_CASE("a bare address is taken and says so")
{
  CHECK(address("a@example.com").was_bare());
  CHECK(address("a@example.com").uri() == "mailto:a@example.com");
}

TEST_CASE("every character of a dot-atom is taken in the local part")
{
  const auto a = CalAddress::from_mailbox("!#$%&'*+-/=?^_`{|}~.x@example.com");
  REQUIRE(a);
  CHECK(a->local() == "!#$%&'*+-/=?^_`{|}~.x");
}

TEST_CASE("percent-encoding is decoded exactly once")
{
  CHECK(address("mailto:a%2Bb@example.com").local() == "a+b");
  CHECK(address("mailto:%61@example.com").local() == "a");
  CHECK(address("mailto:a%2540b@example.com").local() == "a%40b");
  CHECK(address("mailto:b%C3%BC@example.com").local() == "b\u00fc");
  CHECK(address("mailto:a@b%C3%BCcher.example").domain() == "xn--bcher-kva.example");
}

TEST_CASE("what uri() writes parse() reads back")
{
  for (const char* local : {"a+b", "a%40b", "a?b", "a#b", "a/b", "b\u00fc", "a&b=c", "{x}", "~x"}) {
    const auto a = CalAddress::from_mailbox(std::string{local} + "@example.com");
    INFO(local);
    REQUIRE(a);
    const CalAddress again = address(a->uri());
    CHECK(again.local() == local);
    CHECK(same_user(*a, again, LocalPart::Exact));
  }
}

TEST_CASE("an address outside a URI is not percent-decoded")
{
  const auto a = CalAddress::from_mailbox("a%2Bb@example.com");
  REQUIRE(a);
  CHECK(a->local() == "a%2Bb");
  CHECK_FALSE(same_user(*a, address("mailto:a+b@example.com")));
}

TEST_CASE("an encoded @ cannot move the domain")
{
  CHECK(contains(why_not("mailto:a%40evil.example@good.example"), "more than one @"));
  CHECK(contains(why_not("mailto:a@evil.example%40good.example"), "more than one @"));
  CHECK(contains(why_not("mailto:a@evil.example@good.example"), "more than one @"));
  why_not("mailto:a%00@good.example");
  why_not("mailto:a@good.example%00.evil.example");
  why_not("mailto:a@good.example%2Cb@evil.example");
  why_not("mailto:a@good.example%3Fcc=b@evil.example");
}

TEST_CASE("a bare address with a percent sign could be read in two ways and is invalid")
{
  CHECK(contains(why_not("a%40b@example.com"), "without mailto:"));
}

TEST_CASE("invalid percent sequences are invalid")
{
  for (const char* uri :
       {"mailto:a%@example.com", "mailto:a%4@example.com", "mailto:a%zz@example.com",
        "mailto:a@example.com%", "mailto:a@example.com%4", "mailto:%+1@example.com"})
    CHECK(contains(why_not(uri), "%"));
}

TEST_CASE("percent-encoding that is not UTF-8 is invalid")
{
  CHECK(contains(why_not("mailto:%FF@example.com"), "UTF-8"));
  CHECK(contains(why_not("mailto:%C0%AF@example.com"), "UTF-8"));
  CHECK(contains(why_not("mailto:%ED%A0%80@example.com"), "UTF-8"));
}

TEST_CASE("header fields, fragments and several addresses are invalid")
{
  CHECK(contains(why_not("mailto:a@example.com?subject=x"), "header fields"));
  CHECK(contains(why_not("mailto:a@example.com?"), "header fields"));
  CHECK(contains(why_not("mailto:?to=a@example.com"), "header fields"));
  CHECK(contains(why_not("mailto:a@example.com#x"), "fragments"));
  why_not("mailto:a@example.com,b@example.com");
  why_not("mailto:a,b@example.com");
  why_not("mailto:a@example.com;b");
}

TEST_CASE("what is not one plain address is invalid")
{
  for (const char* uri : {"",
                          "mailto:",
                          "mailto:@",
                          "mailto:a",
                          "mailto:a@",
                          "mailto:@example.com",
                          "a",
                          "@",
                          "a@",
                          "@example.com",
                          "mailto:\"a b\"@example.com",
                          "mailto:%22a%22@example.com",
                          "mailto:a@[192.0.2.1]",
                          "mailto:a@[IPv6:2001:db8::1]",
                          "mailto:a(x)@example.com",
                          "mailto:a@example.com(x)",
                          "mailto:<a@example.com>",
                          "Boss <a@example.com>",
                          "mailto: a@example.com",
                          " mailto:a@example.com",
                          "mailto:a@example.com ",
                          "mailto:a@exam ple.com",
                          "mailto:a\tb@example.com",
                          "mailto:a@example.com\r\n",
                          "mailto:a%0D%0Ab@example.com",
                          "mailto:a%20b@example.com",
                          "mailto:a%7F@example.com",
                          "mailto:mailto:a@example.com",
                          "mailto:.a@example.com",
                          "mailto:a.@example.com",
                          "mailto:a..b@example.com",
                          "mailto:a\\b@example.com",
                          "mailto://a@example.com/x",
                          "mailto:a:b@example.com"}) {
    why_not(uri);
  }
}

TEST_CASE("domains that name no host are invalid")
{
  for (const char* uri :
       {"mailto:a@example.com.", "mailto:a@.example.com", "mailto:a@example..com",
        "mailto:a@-a.example", "mailto:a@a-.example", "mailto:a@a_b.example", "mailto:a@1.2.3.4",
        "mailto:a@4", "mailto:a@exa%2Fmple.com", "mailto:a@ex*mple.com", "mailto:a@."}) {
    why_not(uri);
  }
  CHECK(address("mailto:a@localhost").domain() == "localhost");
  CHECK(address("mailto:a@1and1.example").domain() == "1and1.example");
}

TEST_CASE("U-labels and A-labels of one domain are equal")
{
  CHECK(same_user(address("mailto:a@b\u00fccher.example"),
                  address("mailto:a@xn--bcher-kva.example")));
  CHECK(same_user(address("mailto:a@XN--BCHER-KVA.example"),
                  address("mailto:a@xn--bcher-kva.example")));
  CHECK(address("mailto:a@b\u00fccher.example").mailbox() == "a@xn--bcher-kva.example");
}

TEST_CASE("the sharp s keeps its own domain")
{
  const CalAddress sharp = address("mailto:a@stra\u00dfe.example");
  CHECK(sharp.domain() == "xn--strae-oqa.example");
  CHECK_FALSE(same_user(sharp, address("mailto:a@strasse.example")));
}

TEST_CASE("look-alike domains never are equal")
{
  const CalAddress real = address("mailto:a@example.com");
  // Cyrillic e, a; Greek omicron; zero for o
  for (const char* uri :
       {"mailto:a@\u0435xample.com", "mailto:a@ex\u0430mple.com", "mailto:a@example.c\u03bfm",
        "mailto:a@examp1e.com", "mailto:a@example.c0m"}) {
    const auto other = CalAddress::parse(uri);
    INFO(uri);
    REQUIRE(other);
    CHECK_FALSE(same_user(*other, real));
    CHECK_FALSE(maybe_same_user(*other, real));
  }
}

TEST_CASE("domains that a mapping would turn into others are invalid, not mapped")
{
  for (const char* uri : {"mailto:a@\uff45xample.com",     // full-width e
                          "mailto:a@example\u3002com",     // ideographic full stop
                          "mailto:a@example\uff0ecom",     // full-width full stop
                          "mailto:a@B\u00dcCHER.example",  // a U-label is lower case
                          "mailto:a@ex\u00adample.com",  // soft hyphen, which is ignored in mapping
                          "mailto:a@ex\u200bample.com",  // zero width space
                          "mailto:a@\u212bngstr\u00f6m.example",
                          "mailto:a@bu\u0308cher.example",  // not NFC
                          "mailto:a@\u2100.example"}) {     // a/c
    why_not(uri);
  }
}

TEST_CASE("U-labels with what no host name has are invalid")
{
  for (const char* bad : {"mailto:a@b\u00fcc_e", "mailto:a@b\u00fc%23.example", "mailto:a@-b\u00fc.example",
                          "mailto:a@b\u00fc-.example"})
    CHECK_FALSE(CalAddress::parse(bad));
}

TEST_CASE("A-labels that do not round-trip are invalid")
{
  for (const char* uri :
       {"mailto:a@xn--.example", "mailto:a@xn--a.example", "mailto:a@xn--example-.com",
        "mailto:a@xn--bcher-kvb.example", "mailto:a@xn--exaple-7bb\u0430.example",
        "mailto:a@xn--ls8h.example", "mailto:a@xn--99999999999999.example"}) {
    why_not(uri);
  }
}

TEST_CASE("local parts beyond ASCII are taken in NFC only")
{
  CHECK(address("mailto:j\u00fcrgen@example.com").local() == "j\u00fcrgen");
  CHECK(contains(why_not("mailto:ju\u0308rgen@example.com"), "normalization"));
  CHECK(contains(why_not("mailto:ju%CC%88rgen@example.com"), "normalization"));
}

TEST_CASE("invisible characters in local parts are invalid")
{
  for (const char* c :
       {"\u202e", "\u200b", "\u200d", "\u00a0", "\u0085", "\u2028", "\ufeff", "\ue000", "\u3000"}) {
    INFO(c);
    CHECK(contains(why_not(std::string{"mailto:a"} + c + "b@example.com"), "invisible"));
  }
}

TEST_CASE("NUL is invalid wherever it stands")
{
  using namespace std::string_view_literals;
  why_not("mailto:a@example.com\0"sv);
  why_not("mailto:a\0b@example.com"sv);
  why_not("a@good.example\0.evil.example"sv);
  CHECK_FALSE(CalAddress::from_mailbox("a@good.example\0@evil.example"sv));
}

TEST_CASE("very long addresses are invalid")
{
  const std::string long_local(257, 'a');
  CHECK(contains(why_not("mailto:" + long_local + "@example.com"), "too long"));
  CHECK(address("mailto:" + long_local.substr(1) + "@example.com").local().size() == 256);
  why_not("mailto:a@" + std::string(64, 'a') + ".example");
  CHECK(address("mailto:a@" + std::string(63, 'a') + ".example").domain().size() == 71);
  std::string many = "a";
  while (many.size() < 254) many += ".a";
  why_not("mailto:a@" + many);
  why_not("mailto:a@" + std::string(1'000'000, 'a'));
  why_not(std::string(1'000'000, '%'));
  why_not("sip:" + std::string(1'000'000, 'a'));
}

TEST_CASE("an error quotes little of a long address and none of its control characters")
{
  const std::string what = why_not("mailto:a\x1b[31m" + std::string(5000, 'x'));
  CHECK(what.size() < 300);
  CHECK_FALSE(contains(what, "\x1b"));
}

TEST_CASE("from_mailbox takes no URI and says what to do")
{
  const auto a = CalAddress::from_mailbox("MailTo:a@example.com");
  REQUIRE_FALSE(a);
  CHECK(contains(a.error().hint, "leave mailto: out"));
}

TEST_CASE("other schemes compare by scheme and rest")
{
  CHECK(same_user(address("SIP:a@example.com"), address("sip:a@example.com")));
  CHECK_FALSE(same_user(address("sip:a@example.com"), address("sip:A@example.com")));
  CHECK(same_user(address("sip:a@EXAMPLE.com"), address("sip:a@example.COM")));
  CHECK(same_user(address("sips:Example.com:5061"), address("sips:example.com:5061")));
  CHECK(same_user(address("sip:a@example.com;Tag=B"), address("sip:a@EXAMPLE.com;Tag=B")));
  CHECK_FALSE(same_user(address("sip:a@example.com;tag=b"), address("sip:a@example.com;tag=B")));
  CHECK_FALSE(same_user(address("sip:a@example.com"), address("sip:a@example.org")));
  CHECK(same_user(address("xmpp:Ann@EXAMPLE.com/home"), address("xmpp:ann@example.com/home")));
  CHECK_FALSE(same_user(address("xmpp:ann@example.com/home"), address("xmpp:ann@example.com/Home")));
  CHECK_FALSE(same_user(address("xmpp:Ann@example.com"), address("xmpp:ann@example.com"), LocalPart::Exact));
  CHECK(same_user(address("xmpp:ann@Example.com"), address("xmpp:ann@example.com"), LocalPart::Exact));
  CHECK_FALSE(same_user(address("urn:uuid:A"), address("urn:uuid:a")));
  CHECK_FALSE(same_user(address("sip:a@example.com"), address("mailto:a@example.com")));
  CHECK_FALSE(same_user(address("xmpp:a@example.com"), address("sip:a@example.com")));
  CHECK(address("urn:uuid:0").uri() == "urn:uuid:0");
  CHECK(address("sip:a@example.com").mailbox() == "sip:a@example.com");
  why_not("sip:");
  why_not("sip:a b");
  why_not("sip:\u202ea");
  why_not("1sip:a@example.com");
  why_not(":a@example.com");
}

TEST_CASE("same_user ignores ASCII case of the local part unless told otherwise")
{
  const CalAddress a = address("mailto:Boss@example.com");
  const CalAddress b = address("mailto:bOSS@EXAMPLE.com");
  CHECK(same_user(a, b));
  CHECK_FALSE(same_user(a, b, LocalPart::Exact));
  CHECK(same_user(a, a, LocalPart::Exact));
  // beyond ASCII case is not folded where something is granted
  CHECK_FALSE(
      same_user(address("mailto:\u00dc@example.com"), address("mailto:\u00fc@example.com")));
  CHECK(contains(why_not("mailto:\u212a@example.com"), "normalization"));  // the Kelvin sign
}

TEST_CASE("same_user is strict about tags and dots")
{
  CHECK_FALSE(same_user(address("mailto:a+x@example.com"), address("mailto:a@example.com")));
  CHECK_FALSE(same_user(address("mailto:a.b@example.com"), address("mailto:ab@example.com")));
  CHECK_FALSE(same_user(address("mailto:a@example.com"), address("mailto:a@sub.example.com")));
}

TEST_CASE("maybe_same_user drops tags and case")
{
  CHECK(maybe_same_user(address("mailto:A+x@example.com"), address("mailto:a@example.com")));
  CHECK(maybe_same_user(address("mailto:a+x@example.com"), address("mailto:a+y@example.com")));
  CHECK(
      maybe_same_user(address("mailto:\u00dc@example.com"), address("mailto:\u00fc@example.com")));
  CHECK_FALSE(maybe_same_user(address("mailto:+x@example.com"), address("mailto:+y@example.com")));
  CHECK(maybe_same_user(address("mailto:+a+x@example.com"), address("mailto:+a@example.com")));
  CHECK_FALSE(maybe_same_user(address("mailto:b@example.com"), address("mailto:a@example.com")));
  CHECK_FALSE(maybe_same_user(address("mailto:a@example.com"), address("mailto:a@example.org")));
}

TEST_CASE("an empty address is nobody, not even itself")
{
  const CalAddress none;
  CHECK(none.empty());
  CHECK_FALSE(same_user(none, none));
  CHECK_FALSE(maybe_same_user(none, none));
  CHECK_FALSE(same_user(none, address("mailto:a@example.com")));
  CHECK(none.uri().empty());
  CHECK(none.mailbox().empty());
}
