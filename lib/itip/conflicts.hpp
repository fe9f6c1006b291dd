/// @file Which events of the calendar take the time that a message's event wants. Pure: the store
/// serves the objects that may overlap.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "itip/busy.hpp"
#include "itip/message.hpp"
#include "itip/plan.hpp"

namespace imip::itip {

/// One event of the calendar that overlaps the message's.
struct Conflict {
  Occurrence first;      ///< of the event, the first that overlaps
  UtcSeconds with{};     ///< start of the occurrence of the message's event that it overlaps
  std::size_t times = 0; ///< occurrences of the event that overlap
};

/// What was found, and what could not be looked at: only with no `gaps` does "none" mean none.
struct Conflicts {
  bool checked = false;           ///< was anything looked at? (no calendar, no time: nothing to look at)
  std::vector<Conflict> found;    ///< by start; at most most_conflicts
  std::size_t more = 0;           ///< further events that overlap
  std::vector<std::string> gaps;  ///< sentences
  std::string zone;               ///< Olson name: where the owner is
};
inline constexpr std::size_t most_conflicts = 100;

/// How far conflicts are looked for: so many days from now on, or from the event's first occurrence
/// if that is later, and at most so many occurrences. What is over is over.
inline constexpr int conflict_days = 366;
inline constexpr std::size_t conflict_occurrences = 1'000;

/// Does this message want time: REQUEST, PUBLISH, ADD or COUNTER of an event?
[[nodiscard]] bool wants_time(const Message& message);
/// The time that it wants, by start. A message about some occurrences wants those alone; of a range
/// those that the stored series has. `owner`'s own answers do not count: whether she takes part is
/// the question.
/// @errors as busy_occurrences()
Result<std::vector<Occurrence>> wanted_time(const Message& message, const StoredObject* stored,
                                            const std::string& zone, UtcSeconds now);

/// The same of a calendar object, from `begin` on. @errors as busy_occurrences()
Result<std::vector<Occurrence>> wanted_time(const ical::Component& object, UtcSeconds begin,
                                            const std::string& zone);

/// Compares with one object after another.
class ConflictSearch {
 public:
  ConflictSearch(std::vector<Occurrence> wanted, std::string zone);
  /// Each stretch of time that is wanted, by start; they may overlap.
  [[nodiscard]] std::vector<Window> windows() const;
  /// @param uid   of the message: the event itself is no conflict
  /// @errors as busy_occurrences()
  Result<void> compare(const ical::Component& calendar, const std::string& uid, const Owner& owner);
  void add_gap(std::string sentence) { out_.gaps.push_back(std::move(sentence)); }
  [[nodiscard]] Conflicts result();

 private:
  [[nodiscard]] const Occurrence* wanted_during(const Occurrence& taken) const;
  std::vector<Occurrence> wanted_;
  std::vector<UtcSeconds> ends_;  ///< the latest end of wanted_[0..i]
  Conflicts out_;
};

}  // namespace imip::itip
