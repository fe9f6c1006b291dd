/// @file Which instance of a series does a RECURRENCE-ID name?
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "ical/object.hpp"
#include "ical/time.hpp"
#include "itip/detail/scope.hpp"

namespace imip::itip::detail {

/// The instances of a series around some times, and how keys match them.
class Instances {
 public:
  /// Expands `series` as far as the keys reach, or around each of them; those that come first in
  /// `texts` go first where that is too much work. A rule that cannot be expanded yields nothing.
  /// @param added  instances that the series has besides (ADD)
  Instances(const ical::Zones& zones, const ical::Component& series,
            const std::vector<std::string>& texts, const Limits& limits,
            const std::vector<std::string>& added = {});
  /// The canonical text of the instance that `text` names: the same instant or date; or, where
  /// sender and series differ in kind (DATE or midnight for a timed series, midnight for a DATE),
  /// the only instance on that day. Empty: the series has none.
  [[nodiscard]] std::optional<std::string> match(const std::string& text) const;
  /// Does the series by itself have the instance?
  [[nodiscard]] bool yields(const std::string& text) const;

 private:
  [[nodiscard]] std::optional<std::string> only_one_on(const std::string& date) const;
  [[nodiscard]] bool has(const std::string& text) const;
  [[nodiscard]] std::optional<std::string> match_timed(const std::string& text,
                                                       const TextTime& t) const;

  const ical::Zones& zones_;
  ical::Time start_;
  void add(const std::string& text);

  std::vector<std::string> own_;                             // of the series, sorted
  std::vector<std::string> texts_;                           // with those added, sorted
  std::vector<std::pair<std::string, std::string>> locals_;  // (wall clock, text), sorted
};

}  // namespace imip::itip::detail
