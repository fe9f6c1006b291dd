/// @file The comments of RFC 5546's restriction tables, each as a function with a name.
#pragma once
#include <map>
#include <string_view>

#include "ical/lint.hpp"
#include "itip/restrictions.hpp"

namespace imip::itip::detail {

/// The component of each UID that is a series, or all there is of it: the first without RECURRENCE-ID.
using SeriesByUid = std::map<std::string_view, const ical::SourceComponent*>;
[[nodiscard]] SeriesByUid series_of(const ical::SourceComponent& calendar);

/// What a row is asked about.
struct Asked {
  const ical::SourceComponent& calendar;
  const SeriesByUid& series;
  const ical::SourceComponent& within;  ///< the component that the row is for
  const Restriction& row;
  std::string_view words;  ///< what follows the predicate's ':'
  Departures& out;
  [[nodiscard]] Law law() const { return {5546, row.section}; }
  [[nodiscard]] const ical::SourceProperty* property() const { return within.find(row.name); }
};
using Predicate = void (*)(const Asked&);

/// Null: there is none of that name.
[[nodiscard]] Predicate predicate(std::string_view name);
/// All predicates of the row.
void ask(const ical::SourceComponent& calendar, const SeriesByUid& series, const ical::SourceComponent& within, const Restriction& row,
         Departures& out);

}  // namespace imip::itip::detail
