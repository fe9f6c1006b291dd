#include "itip/message.hpp"

#include <array>
#include <utility>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "itip/detail/scope.hpp"

namespace imip::itip {

namespace {

constexpr std::array<std::pair<Method, std::string_view>, 8> method_words{{
    {Method::Publish, "PUBLISH"},
    {Method::Request, "REQUEST"},
    {Method::Reply, "REPLY"},
    {Method::Add, "ADD"},
    {Method::Cancel, "CANCEL"},
    {Method::Refresh, "REFRESH"},
    {Method::Counter, "COUNTER"},
    {Method::DeclineCounter, "DECLINECOUNTER"},
}};

}  // namespace

std::string_view method_word(Method m)
{
  for (const auto& [method, word] : method_words) {
    if (method == m) return word;
  }
  return "";
}

Method method_from_word(std::string_view word)
{
  for (const auto& [method, name] : method_words) {
    if (text::ascii_iequal(name, word)) return method;
  }
  return Method::None;
}

bool is_organizer_method(Method m)
{
  switch (m) {
    case Method::Publish:
    case Method::Request:
    case Method::Add:
    case Method::Cancel:
    case Method::DeclineCounter:
      return true;
    case Method::None:
    case Method::Reply:
    case Method::Refresh:
    case Method::Counter:
      return false;
  }
  return false;
}

std::string_view kind_word(Kind k)
{
  switch (k) {
    case Kind::Event:
      return "VEVENT";
    case Kind::Todo:
      return "VTODO";
    case Kind::Journal:
      return "VJOURNAL";
    case Kind::FreeBusy:
      return "VFREEBUSY";
    case Kind::None:
      break;
  }
  return "";
}

std::string Scope::key() const
{
  return detail::scope_key(type, detail::time_text(at));
}

}  // namespace imip::itip
