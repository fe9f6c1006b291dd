#include "base/text.hpp"
#include "itip/plan.hpp"

namespace imip::itip {

std::string canonical_uid(const std::string& uid)
{
  constexpr std::string_view exchange = "040000008200E00074C5B7101A82E008";
  if (uid.size() < exchange.size() || !text::ascii_iequal(std::string_view(uid).substr(0, exchange.size()), exchange))
    return uid;
  std::string upper = text::ascii_upper(uid);
  const bool hex = upper.find_first_not_of("0123456789ABCDEF") == std::string::npos;
  return hex ? upper : uid;
}

std::string uid_as_stored(const std::string& uid, const StoredObject& stored)
{
  const std::string canonical = canonical_uid(uid);
  for (const ical::Component& c : stored.calendar.components) {
    if (!is_scheduled(c)) continue;
    std::string spelled = c.text("UID");
    if (canonical_uid(spelled) == canonical) return spelled;
  }
  return uid;
}

}  // namespace imip::itip
