#include <unicode/ucal.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "base/text.hpp"
#include "ical/detail/zones_impl.hpp"
#include "ical/time.hpp"

namespace imip::ical {

std::optional<std::string> windows_zone(std::string_view name)
{
  // all of CLDR's names are ASCII and shorter; ICU's call takes UTF-16
  if (name.empty() || name.size() > 64) return {};
  std::u16string wide;
  for (const char c : name) {
    if (c < ' ' || c > '~') return {};
    wide += static_cast<char16_t>(c);
  }
  std::array<char16_t, 128> id{};
  UErrorCode status = U_ZERO_ERROR;
  const std::int32_t length =
      ucal_getTimeZoneIDForWindowsID(wide.data(), static_cast<std::int32_t>(wide.size()), nullptr,
                                     id.data(), static_cast<std::int32_t>(id.size()), &status);
  if (U_FAILURE(status) || length <= 0 || length >= static_cast<std::int32_t>(id.size())) return {};
  std::string out;
  std::transform(id.begin(), id.begin() + length, std::back_inserter(out),
                 [](char16_t c) { return static_cast<char>(c); });
  return out;
}

std::string local_timezone()
{
  if (const char* tz = std::getenv("TZ"); tz && *tz) {
    std::string_view name = tz;
    if (name.starts_with(':')) name.remove_prefix(1);
    if (detail::is_olson_name(name)) return std::string(name);
  }
  std::error_code ec;
  const std::string link = std::filesystem::read_symlink("/etc/localtime", ec).string();
  constexpr std::string_view marker = "/zoneinfo/";
  if (const auto at = link.find(marker); !ec && at != std::string::npos) {
    const std::string name = link.substr(at + marker.size());
    if (detail::is_olson_name(name)) return name;
  }
  std::ifstream file("/etc/timezone");
  std::string name;
  if (std::getline(file, name) && detail::is_olson_name(text::trim(name))) {
    return std::string(text::trim(name));
  }
  return "UTC";
}

namespace detail {

std::optional<std::string> olson_name_for(std::string_view tzid)
{
  if (is_olson_name(tzid)) return std::string(tzid);
  if (tzid.starts_with('/')) {  // "/freeassociation.sourceforge.net/Europe/Berlin"
    for (auto slash = tzid.find('/', 1); slash != tzid.npos; slash = tzid.find('/', slash + 1)) {
      const auto rest = tzid.substr(slash + 1);
      if (is_olson_name(rest)) return std::string(rest);
    }
  }
  return windows_zone(tzid);
}

}  // namespace detail

}  // namespace imip::ical
