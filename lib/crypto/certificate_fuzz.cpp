// A certificate to the calendar users that it names.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "base/text.hpp"
#include "crypto/verifier.hpp"
#include "testing/der_mutator.hpp"
#include "testing/fuzz.hpp"

namespace {

using namespace imip;
using testing::hold;
namespace der = testing::der;

// What the subjectAltNames hold, found without OpenSSL: what follows the OID 2.5.29.17. False where that is
// in a form of BER only.
bool find_names(const der::Element& element, std::vector<std::string>& names)
{
  const auto& children = element.children;
  if (children.size() >= 2 && children[0].tag == "\x06" && children[0].content == "\x55\x1D\x11") {
    if (children.back().tag != "\x04") return false;
    for (const der::Element& sequence : children.back().children)
      for (const der::Element& name : sequence.children) {
        names.push_back(der::leaves(name));
        for (const der::Element& value : name.children) names.push_back(der::leaves(value));
      }
  }
  return std::all_of(children.begin(), children.end(),
                     [&](const der::Element& child) { return find_names(child, names); });
}

std::optional<std::vector<std::string>> names_in(std::string_view certificate)
{
  const auto root = der::read(certificate, 0);
  std::vector<std::string> names;
  if (!root || !find_names(*root, names)) return {};
  return names;
}

void check_one(const CalAddress& a, std::string_view octets,
               const std::optional<std::vector<std::string>>& names)
{
  hold(a.scheme() == "mailto" && !a.local().empty() && !a.domain().empty(), "a mail address");
  hold(octets.find(a.local()) != std::string_view::npos, "the local part stands in the certificate");
  if (!names) return;  // BER, which OpenSSL reads too
  hold(std::any_of(names->begin(), names->end(),
                   [&](const std::string& name) {
                     const auto read = CalAddress::from_mailbox(name);
                     return read && same_user(*read, a, LocalPart::Exact);
                   }),
       "the address is the whole of one name in the subjectAltName");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  const auto octets = testing::view_of(data, size);
  const auto all = crypto::identities_of_certificate(octets);
  const auto names = names_in(octets);
  for (std::size_t i = 0; i < all.size(); ++i) {
    check_one(all[i], octets, names);
    for (std::size_t j = 0; j < i; ++j)
      hold(!same_user(all[i], all[j], LocalPart::Exact), "each address once");
  }
  const auto again = crypto::identities_of_certificate(octets);
  hold(std::equal(all.begin(), all.end(), again.begin(), again.end(),
                  [](const CalAddress& a, const CalAddress& b) {
                    return same_user(a, b, LocalPart::Exact);
                  }),
       "the same certificate names the same users");
  return 0;
}
