#include "itip/restrictions.hpp"

#include <algorithm>

namespace imip::itip {

namespace {

constexpr Restriction table[] = {
#include "itip/restrictions.inc"
};

}  // namespace

std::string_view presence_word(Presence p)
{
  switch (p) {
    case Presence::Never:
      return "0";
    case Presence::Any:
      return "0+";
    case Presence::AtMostOne:
      return "0-1";
    case Presence::One:
      return "1";
    case Presence::Some:
      return "1+";
  }
  return "";
}

std::span<const Restriction> restrictions()
{
  return table;
}

std::span<const Restriction> restrictions(Method method, Kind kind)
{
  const auto of_table = [&](const Restriction& r) { return r.method == method && r.kind == kind; };
  const auto first = std::find_if(std::begin(table), std::end(table), of_table);
  return {first, std::find_if_not(first, std::end(table), of_table)};
}

}  // namespace imip::itip
