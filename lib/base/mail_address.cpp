#include "base/mail_address.hpp"

#include <idn2.h>
#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>
#include <unistr.h>

#include <algorithm>
#include <cstdlib>
#include <optional>

#include "base/cat.hpp"
#include "base/handle.hpp"
#include "base/text.hpp"

namespace imip {
namespace {

// RFC 5321 says 64, but calendar services give calendars local parts of 66 and more octets.
constexpr std::size_t max_local = 256;
constexpr std::size_t max_domain = 253;
constexpr std::size_t max_label = 63;
constexpr std::size_t max_uri = 2048;

using CString = Handle<char, std::free>;
using Utf8String = Handle<std::uint8_t, std::free>;

const std::uint8_t* as_u8(std::string_view s)
{
  return reinterpret_cast<const std::uint8_t*>(s.data());
}

bool is_alpha(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}
bool is_ascii(char c)
{
  return static_cast<unsigned char>(c) < 0x80;
}
bool all_ascii(std::string_view s)
{
  return std::all_of(s.begin(), s.end(), is_ascii);
}

bool is_atext(char c)
{
  return is_alpha(c) || is_digit(c) ||
         std::string_view{"!#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos;
}

// What quotes an address in an error: never more of it than a line can hold.
std::string quoted(std::string_view address)
{
  constexpr std::size_t most = 100;
  std::size_t size = std::min(address.size(), most);
  while (size < address.size() && size > 0 &&
         (static_cast<unsigned char>(address[size]) & 0xC0U) == 0x80U)
    --size;
  return cat('\'', text::for_terminal(address.substr(0, size)), size < address.size() ? "..." : "",
             '\'');
}

struct Fault {
  std::string_view why;
  std::string_view hint = "write one plain address, such as a@example.com";
};

tl::unexpected<Error> bad_address(std::string_view address, const Fault& fault)
{
  return err(Errc::BadValue, cat(quoted(address), " is not a calendar user: ", fault.why),
             std::string{fault.hint});
}

// What no address and no URI may hold, and what is better said than "not an atom".
std::optional<Fault> general_fault(std::string_view s)
{
  if (s.empty()) return Fault{"it is empty"};
  if (s.size() > max_uri) return Fault{"it is too long"};
  for (const char c : s) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F)
      return Fault{"it has a control character"};
    if (c == ' ') return Fault{"it has a space"};
  }
  if (u8_check(as_u8(s), s.size()) != nullptr) return Fault{"it is not valid UTF-8"};
  return std::nullopt;
}

// Non-ASCII text may have letters, marks, digits, punctuation, symbols: nothing that is invisible
// or that another Unicode version may see differently. And it must be in NFC as it stands.
std::optional<Fault> unicode_fault(std::string_view s)
{
  const std::uint8_t* p = as_u8(s);
  std::size_t left = s.size();
  while (left > 0) {
    ucs4_t c = 0;
    const int n = u8_mbtouc(&c, p, left);
    if (uc_is_general_category_withtable(c, UC_CATEGORY_MASK_Cc | UC_CATEGORY_MASK_Cf |
                                                UC_CATEGORY_MASK_Cs | UC_CATEGORY_MASK_Co |
                                                UC_CATEGORY_MASK_Cn | UC_CATEGORY_MASK_Z))
      return Fault{"it has an invisible or unassigned character"};
    p += n;
    left -= static_cast<std::size_t>(n);
  }
  std::size_t size = 0;
  const Utf8String normal{u8_normalize(UNINORM_NFC, as_u8(s), s.size(), nullptr, &size)};
  if (!normal) return Fault{"it cannot be normalised"};
  if (!std::equal(normal.get(), normal.get() + size, as_u8(s), as_u8(s) + s.size()))
    return Fault{"it is not in Unicode normalization form C"};
  return std::nullopt;
}

std::optional<Fault> local_fault(std::string_view local)
{
  if (local.empty()) return Fault{"nothing stands before the @"};
  if (local.size() > max_local) return Fault{"the part before the @ is too long"};
  if (local.front() == '"') return Fault{"quoted local parts are not taken"};
  if (local.front() == '.' || local.back() == '.' || local.find("..") != std::string_view::npos)
    return Fault{"a dot is misplaced before the @"};
  for (const char c : local) {
    if (c == ',' || c == ';') return Fault{"it holds several addresses"};
    if (c == '(' || c == ')') return Fault{"comments are not taken"};
    if (is_ascii(c) && c != '.' && !is_atext(c))
      return Fault{"it has a character that must not stand before the @"};
  }
  return all_ascii(local) ? std::nullopt : unicode_fault(local);
}

std::optional<std::string> idn_to_ascii(const std::string& label)
{
  char* out = nullptr;
  const int rc = idn2_to_ascii_8z(label.c_str(), &out, IDN2_NONTRANSITIONAL);
  const CString owned{out};
  if (rc != IDN2_OK || !out) return std::nullopt;
  return std::string{out};
}

std::optional<std::string> idn_to_unicode(const std::string& label)
{
  char* out = nullptr;
  const int rc = idn2_to_unicode_8z8z(label.c_str(), &out, 0);
  const CString owned{out};
  if (rc != IDN2_OK || !out) return std::nullopt;
  return std::string{out};
}

// Letters, digits, hyphens (RFC 5890 section 2.3.1); libidn2 lets others pass beside letters beyond ASCII.
bool is_ldh(std::string_view label)
{
  const auto ldh = [](char c) { return is_alpha(c) || is_digit(c) || c == '-'; };
  return label.front() != '-' && label.back() != '-' &&
         std::all_of(label.begin(), label.end(), ldh);
}

// A label as an A-label or LDH label, or nothing. A U-label must be exactly what its A-label stands
// for and an A-label exactly what its U-label gives (RFC 5891 section 5.4): nothing is mapped but
// ASCII case, so no two spellings that a library folds together can pass for one domain.
std::optional<std::string> ascii_label(const std::string& label)
{
  if (all_ascii(label)) {
    if (!is_ldh(label)) return std::nullopt;
    if (label.substr(0, 4) != "xn--") return label;
    const auto unicode = idn_to_unicode(label);
    if (!unicode || all_ascii(*unicode)) return std::nullopt;
    return idn_to_ascii(*unicode) == label ? std::optional{label} : std::nullopt;
  }
  const auto ascii = idn_to_ascii(label);
  if (!ascii || ascii->empty() || !is_ldh(*ascii)) return std::nullopt;
  return idn_to_unicode(*ascii) == label ? ascii : std::nullopt;
}

std::optional<Fault> domain_fault(std::string_view given, std::string& out)
{
  if (given.empty()) return Fault{"nothing stands after the @"};
  if (given.front() == '[') return Fault{"address literals are not taken"};
  if (given.back() == '.') return Fault{"the domain ends with a dot"};
  if (given.find_first_of(",;") != std::string_view::npos)
    return Fault{"it holds several addresses"};
  // an A-label is never shorter than a fifth of what it stands for; this only bounds the work
  if (given.size() > max_domain * 5) return Fault{"the domain is too long"};
  const std::string lower = text::ascii_lower(given);
  std::string last;
  for (std::size_t at = 0; at <= lower.size();) {
    const std::size_t dot = std::min(lower.find('.', at), lower.size());
    const std::string label = lower.substr(at, dot - at);
    if (label.empty()) return Fault{"a dot is misplaced in the domain"};
    const auto ascii = ascii_label(label);
    if (!ascii) return Fault{"the domain has a label that is not valid (RFC 5890)"};
    if (ascii->size() > max_label) return Fault{"the domain has a label over 63 octets"};
    if (!out.empty()) out += '.';
    out += *ascii;
    last = *ascii;
    at = dot + 1;
  }
  if (out.size() > max_domain) return Fault{"the domain is too long"};
  if (std::all_of(last.begin(), last.end(), is_digit))
    return Fault{"the domain is a number, not a name"};
  return std::nullopt;
}

// addr_spec -> local part and domain in A-labels, or why not.
std::optional<Fault> mailbox_fault(std::string_view addr_spec, std::string& local,
                                   std::string& domain)
{
  if (const auto fault = general_fault(addr_spec)) return fault;
  const std::size_t at = addr_spec.find('@');
  if (at == std::string_view::npos) return Fault{"it has no @"};
  if (addr_spec.find('@', at + 1) != std::string_view::npos) return Fault{"it has more than one @"};
  if (const auto fault = local_fault(addr_spec.substr(0, at))) return fault;
  local = addr_spec.substr(0, at);
  return domain_fault(addr_spec.substr(at + 1), domain);
}

std::optional<int> hex_digit(char c)
{
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<std::string> percent_decode(std::string_view s)
{
  std::string out;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] != '%') {
      out += s[i];
      continue;
    }
    if (i + 2 >= s.size()) return std::nullopt;
    const auto high = hex_digit(s[i + 1]);
    const auto low = hex_digit(s[i + 2]);
    if (!high || !low) return std::nullopt;
    out += static_cast<char>(*high * 16 + *low);
    i += 2;
  }
  return out;
}

// The scheme before a colon (RFC 3986 section 3.1), or "".
std::string_view scheme_of(std::string_view uri)
{
  const std::size_t colon = uri.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_alpha(uri.front())) return {};
  const std::string_view scheme = uri.substr(0, colon);
  const auto ok = [](char c) {
    return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
  };
  return std::all_of(scheme.begin(), scheme.end(), ok) ? scheme : std::string_view{};
}

// RFC 6068 section 2: what stands in the local part of a mailto URI as itself.
bool stands_in_mailto(char c)
{
  return is_alpha(c) || is_digit(c) ||
         std::string_view{"-._~!$'*+"}.find(c) != std::string_view::npos;
}

// Case and "+tag" away, by the whole of Unicode: what restricts may match too much.
std::string loose(std::string_view local)
{
  local = local.substr(0, local.find('+', 1));  // "+tag" alone is a name
  std::size_t size = 0;
  const Utf8String folded{
      u8_casefold(as_u8(local), local.size(), nullptr, UNINORM_NFKC, nullptr, &size)};
  if (!folded) return text::ascii_lower(local);
  return {reinterpret_cast<const char*>(folded.get()), size};
}

}  // namespace

Result<CalAddress> CalAddress::from_mailbox(std::string_view addr_spec)
{
  if (text::ascii_iequal(addr_spec.substr(0, 7), "mailto:"))
    return bad_address(addr_spec, {"it is a URI", "leave mailto: out"});
  CalAddress out;
  if (const auto fault = mailbox_fault(addr_spec, out.local_, out.domain_))
    return bad_address(addr_spec, *fault);
  out.scheme_ = "mailto";
  return out;
}

Result<CalAddress> CalAddress::parse(std::string_view uri)
{
  if (const auto fault = general_fault(uri)) return bad_address(uri, *fault);
  const std::string_view scheme = scheme_of(uri);
  if (scheme.empty()) {
    // With '%' nobody can know whether the sender meant a URI that lost its scheme.
    if (uri.find('%') != std::string_view::npos)
      return bad_address(uri, {"an address without mailto: must not have %"});
    IMIP_TRY(CalAddress bare, from_mailbox(uri));
    bare.was_bare_ = true;
    return bare;
  }
  const std::string_view rest = uri.substr(scheme.size() + 1);
  if (text::ascii_lower(scheme) != "mailto") {
    if (rest.empty()) return bad_address(uri, {"nothing stands after the scheme"});
    if (!all_ascii(rest)) {
      if (const auto fault = unicode_fault(rest)) return bad_address(uri, *fault);
    }
    CalAddress other;
    other.scheme_ = text::ascii_lower(scheme);
    other.local_ = rest;
    return other;
  }
  if (rest.find('?') != std::string_view::npos)
    return bad_address(uri, {"header fields (?) are not taken"});
  if (rest.find('#') != std::string_view::npos)
    return bad_address(uri, {"fragments (#) are not taken"});
  const auto decoded = percent_decode(rest);
  if (!decoded) return bad_address(uri, {"it has a % without two hexadecimal digits"});
  CalAddress out;
  if (const auto fault = mailbox_fault(*decoded, out.local_, out.domain_))
    return bad_address(uri, *fault);
  out.scheme_ = "mailto";
  return out;
}

std::string CalAddress::uri() const
{
  if (empty()) return {};
  if (scheme_ != "mailto") return cat(scheme_, ':', local_);
  static constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out = "mailto:";
  for (const char c : local_) {
    const auto octet = static_cast<unsigned char>(c);
    if (stands_in_mailto(c))
      out += c;
    else
      out += cat('%', hex[octet >> 4U], hex[octet & 15U]);
  }
  return cat(out, '@', domain_);
}

std::string CalAddress::mailbox() const
{
  if (empty()) return {};
  return scheme_ == "mailto" ? cat(local_, '@', domain_) : uri();
}

namespace {

// What stands after the scheme, for comparing: domains ignore ASCII case, as does the local part of
// xmpp (RFC 7622 section 3.3); that of sip does not (RFC 3261 section 19.1.4).
std::string comparable(const CalAddress& a, LocalPart mode)
{
  std::string rest = a.local();
  const bool sip = a.scheme() == "sip" || a.scheme() == "sips";
  if (!sip && a.scheme() != "xmpp") return rest;
  const std::size_t at = rest.find('@');
  std::size_t begin = at == std::string::npos ? 0 : at + 1;
  const std::size_t end = std::min(rest.find_first_of("/;?", begin), rest.size());
  if (!sip && mode == LocalPart::Fold) begin = 0;
  return cat(rest.substr(0, begin), text::ascii_lower(rest.substr(begin, end - begin)), rest.substr(end));
}

}  // namespace

bool same_user(const CalAddress& a, const CalAddress& b, LocalPart mode)
{
  if (a.empty() || b.empty() || a.scheme() != b.scheme() || a.domain() != b.domain()) return false;
  if (mode == LocalPart::Fold && a.scheme() == "mailto")
    return text::ascii_iequal(a.local(), b.local());
  return a.scheme() == "mailto" ? a.local() == b.local() : comparable(a, mode) == comparable(b, mode);
}

bool maybe_same_user(const CalAddress& a, const CalAddress& b)
{
  if (a.empty() || b.empty() || a.scheme() != b.scheme() || a.domain() != b.domain()) return false;
  if (a.scheme() != "mailto") return text::ascii_iequal(a.local(), b.local());
  return loose(a.local()) == loose(b.local());
}

}  // namespace imip
