#include "itip/restrictions.hpp"

#include <algorithm>
#include <vector>

namespace imip::itip {

namespace {

/// A row without pointers: those would be relocated, 70 KB of them, whenever the program starts.
struct Row {
  char section[8];
  Method method;
  Kind kind;
  char within[16], name[24];
  Presence presence;
  char predicate[64];
};

constexpr Row rows[] = {
#include "itip/restrictions.inc"
};

const std::vector<Restriction>& table()
{
  static const std::vector<Restriction> all = [] {
    std::vector<Restriction> made;
    made.reserve(std::size(rows));
    for (const Row& r : rows)
      made.push_back({r.section, r.method, r.kind, r.within, r.name, r.presence, r.predicate});
    return made;
  }();
  return all;
}

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
  return table();
}

std::span<const Restriction> restrictions(Method method, Kind kind)
{
  const auto of_table = [&](const Restriction& r) { return r.method == method && r.kind == kind; };
  const auto first = std::find_if(table().begin(), table().end(), of_table);
  return {first, std::find_if_not(first, table().end(), of_table)};
}

}  // namespace imip::itip
