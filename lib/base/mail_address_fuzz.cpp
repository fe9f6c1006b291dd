// Two addresses, one a line: reading and comparing them.
#include <string>

#include "base/mail_address.hpp"
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
  for (const char c : a.domain())
    hold((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.',
         "a domain of A-labels in lower case");
  const auto mailbox = CalAddress::from_mailbox(a.mailbox());
  hold(mailbox && same_user(a, *mailbox, LocalPart::Exact), "its mailbox is read as itself");
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

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  const auto text = imip::testing::view_of(data, size);
  const auto end = std::min(text.find('\n'), text.size());
  const auto first = text.substr(0, end);
  const auto second = text.substr(std::min(end + 1, text.size()));
  const auto a = CalAddress::parse(first);
  const auto b = CalAddress::parse(second);
  const auto mailbox = CalAddress::from_mailbox(first);
  if (a) check_one(*a);
  if (mailbox) {
    check_one(*mailbox);
    hold(mailbox->scheme() == "mailto", "a mailbox is mail");
  }
  if (a && b) check_pair(*a, *b);
  if (mailbox && b) check_pair(*mailbox, *b);
  return 0;
}
