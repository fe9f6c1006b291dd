// A certificate to the calendar users that it names.
#include <algorithm>
#include <string>

#include "base/text.hpp"
#include "crypto/verifier.hpp"
#include "testing/fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
  using imip::testing::hold;
  const auto der = imip::testing::view_of(data, size);
  const auto all = imip::crypto::identities_of_certificate(der);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const imip::CalAddress& a = all[i];
    hold(a.scheme() == "mailto" && !a.local().empty() && !a.domain().empty(), "a mail address");
    // it stands in the certificate, and for a plain domain as a whole
    hold(der.find(a.local()) != std::string_view::npos, "the local part stands in the certificate");
    if (a.domain().find("xn--") == std::string::npos) {
      const std::string lower = imip::text::ascii_lower(der);
      hold(lower.find(imip::text::ascii_lower(a.mailbox())) != std::string::npos,
           "the address stands in the certificate");
    }
    for (std::size_t j = 0; j < i; ++j)
      hold(!same_user(a, all[j], imip::LocalPart::Exact), "each address once");
  }
  return 0;
}
