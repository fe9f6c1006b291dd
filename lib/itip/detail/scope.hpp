/// @file Scopes and times as text: the names under which facts are kept.
#pragma once
#include <string>
#include <string_view>

#include "itip/message.hpp"

namespace imip::itip::detail {

/// "20270104T090000Z" for an instant, "20270104T100000" floating, "20270104" for a DATE.
[[nodiscard]] std::string time_text(const ical::Time& t);

/// time_text() read again. Only what time_text() makes is read; `instant` as in ical::Time.
struct TextTime {
  ical::TimeKind kind = ical::TimeKind::None;  ///< Utc, Floating, Date; None: not such a text
  UtcSeconds instant{};
};
[[nodiscard]] TextTime read_time_text(std::string_view text);

/// "series", "range:T", "instance:T".
[[nodiscard]] std::string scope_key(Scope::Type type, const std::string& text);

struct KeyParts {
  Scope::Type type = Scope::Type::Series;
  std::string text;  ///< "" for the series
};
[[nodiscard]] KeyParts split_key(std::string_view key);

/// The text of a time of this kind at that instant.
[[nodiscard]] std::string text_at(ical::TimeKind kind, UtcSeconds instant);

}  // namespace imip::itip::detail
