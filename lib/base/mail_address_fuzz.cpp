// Three addresses, one a line: reading and comparing them.
#include <algorithm>
#include <string>
#include <vector>

#include "base/cat.hpp"
#include "base/mail_address.hpp"
#include "base/text.hpp"
#include "testing/fuzz.hpp"

namespace {

using imip::CalAddress;
using imip::LocalPart;
using imip::testing::hold;

bool is_plain(std::string_view s)
{
  for (const char c : s)
    if (static_cast<unsigned char>(c) <= ' ' || c == 0x7F) return false;
  return true;
}

// Every octet as %XX: RFC 6068 section 2 lets a sender write any of them so.
std::string percent_encoded(std::string_view s)
{
  static constexpr std::string_view hex = "0123456789abcdef";
  std::string out;
  for (const char c : s) {
    const auto octet = static_cast<unsigned char>(c);
    out += imip::cat('%', hex[octet >> 4U], hex[octet & 15U]);
  }
  return out;
}

void check_domain(std::string_view domain)
{
  hold(domain.size() <= 253, "a domain of at most 253 octets");
  while (!domain.empty()) {
    const std::string_view label = domain.substr(0, domain.find('.'));
    hold(!label.empty() && label.size() <= 63, "a label of 1 to 63 octets");
    hold(label.front() != '-' && label.back() != '-', "no hyphen at an end");
    for (const char c : label)
      hold((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-',
           "a domain of A-labels in lower case");
    const bool last = label.size() == domain.size();
    hold(!last || label.find_first_not_of("0123456789") != std::string_view::npos,
         "a name and not a number");
    domain.remove_prefix(std::min(domain.size(), label.size() + 1));
    hold(last || !domain.empty(), "no dot at the end");
  }
}

// Other ways to write it, which are the same user.
void check_spellings(const CalAddress& a)
{
  using imip::text::ascii_upper;
  const auto is = [&](const imip::Result<CalAddress>& other, LocalPart mode) {
    return other && same_user(a, *other, mode) && maybe_same_user(a, *other);
  };
  hold(is(CalAddress::parse(imip::cat("MailTo:", percent_encoded(a.mailbox()))), LocalPart::Exact),
       "percent-encoding is decoded, once");
  hold(is(CalAddress::from_mailbox(imip::cat(a.local(), '@', ascii_upper(a.domain()))),
          LocalPart::Exact),
       "a domain has no case");
  const auto upper =
      CalAddress::from_mailbox(imip::cat(ascii_upper(a.local()), '@', a.domain()));
  hold(is(upper, LocalPart::Fold), "a local part folds");
  hold(is(upper, LocalPart::Exact) == (ascii_upper(a.local()) == a.local()), "unless it is exact");
  // what is encoded twice stays encoded
  const auto twice =
      CalAddress::parse(imip::cat("mailto:", percent_encoded(percent_encoded(a.mailbox()))));
  hold(!twice, "percent-encoding is not decoded twice");
  const auto tagged = CalAddress::from_mailbox(imip::cat(a.local(), "+t@", a.domain()));
  hold(!tagged || maybe_same_user(a, *tagged), "a tag makes no other user of whom something restricts");
  hold(!tagged || !same_user(a, *tagged), "and grants nothing");
}

void check_one(const CalAddress& a)
{
  hold(!a.empty(), "what was read is not empty");
  hold(same_user(a, a, LocalPart::Exact), "an address is itself");
  const auto again = CalAddress::parse(a.uri());
  hold(again && same_user(a, *again, LocalPart::Exact), "its URI is read as itself");
  hold(again->uri() == a.uri(), "its URI stays the same");
  if (a.scheme() != "mailto") return;
  hold(is_plain(a.local()) && is_plain(a.domain()), "no blank and no control character");
  hold(!a.domain().empty() && !a.local().empty(), "both halves are there");
  hold(a.local().find_first_of("@,;<>()\"\\[]") == std::string::npos, "one dot-atom");
  check_domain(a.domain());
  const auto mailbox = CalAddress::from_mailbox(a.mailbox());
  hold(mailbox && same_user(a, *mailbox, LocalPart::Exact), "its mailbox is read as itself");
  check_spellings(a);
}

void check_pair(const CalAddress& a, const CalAddress& b)
{
  for (const LocalPart mode : {LocalPart::Fold, LocalPart::Exact})
    hold(same_user(a, b, mode) == same_user(b, a, mode), "same_user is symmetric");
  hold(maybe_same_user(a, b) == maybe_same_user(b, a), "maybe_same_user is symmetric");
  if (same_user(a, b, LocalPart::Exact)) hold(same_user(a, b), "what is exactly the same is the same");
  if (same_user(a, b)) hold(maybe_same_user(a, b), "what grants never matches more than what restricts");
  if (same_user(a, b)) hold(a.domain() == b.domain(), "the same domain");
  const CalAddress nobody;
  hold(!same_user(a, nobody) && !same_user(nobody, nobody), "nobody is nobody");
}

void check_three(const CalAddress& a, const CalAddress& b, const CalAddress& c)
{
  for (const LocalPart mode : {LocalPart::Fold, LocalPart::Exact})
    hold(!same_user(a, b, mode) || same_user(a, c, mode) == same_user(b, c, mode),
         "same_user is transitive");
  hold(!maybe_same_user(a, b) || maybe_same_user(a, c) == maybe_same_user(b, c),
       "maybe_same_user is transitive");
}

void keep(const imip::Result<CalAddress>& read, std::vector<CalAddress>& known)
{
  if (read) {
    check_one(*read);
    known.push_back(*read);
    return;
  }
  // it is shown to people
  for (const char c : read.error().what)
    hold(static_cast<unsigned char>(c) >= ' ' && c != 0x7F, "an error of plain text");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  auto text = imip::testing::view_of(data, size);
  std::vector<CalAddress> known;
  for (int i = 0; i < 3; ++i) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto parsed = CalAddress::parse(line);
    const auto mailbox = CalAddress::from_mailbox(line);
    hold(!mailbox || mailbox->scheme() == "mailto", "a mailbox is mail");
    if (parsed && parsed->was_bare())
      hold(mailbox && same_user(*parsed, *mailbox, LocalPart::Exact), "bare, it is a mailbox");
    keep(parsed, known);
    keep(mailbox, known);
  }
  for (const CalAddress& a : known)
    for (const CalAddress& b : known) {
      check_pair(a, b);
      for (const CalAddress& c : known) check_three(a, b, c);
    }
  return 0;
}
