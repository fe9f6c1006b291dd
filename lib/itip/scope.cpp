#include "itip/detail/scope.hpp"

#include "base/cat.hpp"

namespace imip::itip::detail {

namespace {

constexpr std::string_view series_word = "series";
constexpr std::string_view range_prefix = "range:";
constexpr std::string_view instance_prefix = "instance:";

}  // namespace

std::string time_text(const ical::Time& t)
{
  switch (t.kind) {
    case ical::TimeKind::Date:
    case ical::TimeKind::Floating:
      return t.local;
    case ical::TimeKind::Utc:
    case ical::TimeKind::Zoned:
      return to_ical_utc(t.instant);
    case ical::TimeKind::None:
      break;
  }
  return {};
}

TextTime read_time_text(std::string_view text)
{
  ical::TimeKind kind = ical::TimeKind::None;
  std::string utc(text);
  if (text.size() == 8) {
    kind = ical::TimeKind::Date;
    utc += "T000000Z";
  } else if (text.size() == 15) {
    kind = ical::TimeKind::Floating;
    utc += 'Z';
  } else if (text.size() == 16) {
    kind = ical::TimeKind::Utc;
  }
  if (kind == ical::TimeKind::None) return {};
  const auto instant = parse_instant(utc);
  if (!instant) return {};
  return {kind, *instant};
}

std::string scope_key(Scope::Type type, const std::string& text)
{
  switch (type) {
    case Scope::Type::Series:
      break;
    case Scope::Type::Range:
      return cat(range_prefix, text);
    case Scope::Type::Instance:
      return cat(instance_prefix, text);
  }
  return std::string(series_word);
}

KeyParts split_key(std::string_view key)
{
  if (key.starts_with(range_prefix)) {
    return {Scope::Type::Range, std::string(key.substr(range_prefix.size()))};
  }
  if (key.starts_with(instance_prefix)) {
    return {Scope::Type::Instance, std::string(key.substr(instance_prefix.size()))};
  }
  return {};
}

std::string text_at(ical::TimeKind kind, UtcSeconds instant)
{
  std::string utc = to_ical_utc(instant);
  switch (kind) {
    case ical::TimeKind::Date:
      return utc.substr(0, 8);
    case ical::TimeKind::Floating:
      utc.pop_back();
      return utc;
    case ical::TimeKind::Utc:
    case ical::TimeKind::Zoned:
    case ical::TimeKind::None:
      break;
  }
  return utc;
}

}  // namespace imip::itip::detail
