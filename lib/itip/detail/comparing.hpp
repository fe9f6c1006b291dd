/// @file The steps of compare().
#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "itip/compare.hpp"
#include "itip/detail/version.hpp"

namespace imip::itip::detail {

/// How the series itself changed.
struct SeriesChange {
  bool whole = false;    ///< more than that some occurrences are gone
  bool bound = false;    ///< it ends earlier
  bool endless = false;  ///< more are gone than can be listed: all from the last of `gone` on
  std::vector<ical::Time> gone;  ///< occurrences that took place before and do not now
};
/// What was cancelled alone comes back alone where `after` has a component of its own for it.
void put_back_cancelled(Version& before, const Version& after, const Limits& limits);
SeriesChange series_change(const Version& before, const Version& after, const Limits& limits);
/// All occurrences of the series from then on; nothing if they are too many to list.
std::optional<std::vector<ical::Time>> occurrences(const Version& v, UtcSeconds from,
                                                   const Limits& limits);

/// Who would be invited there if that part had no component of its own.
[[nodiscard]] People invited_without(const Version& v, Scope::Type type, const ical::Time& at);

/// One component that somebody is told.
struct Item {
  Scope::Type type = Scope::Type::Series;
  ical::Time at;  ///< of an instance, a range
  ical::Component component;
  People people;
  bool off = false;  ///< CANCEL: it does not take place; else these people are un-invited
  std::int64_t sequence = 0;
  bool asks_again = false;
  bool later = false;  ///< its DTSTAMP is a second after the others'
  std::vector<std::string> changes{};
};

/// Does it take parts of that type at that time along?
[[nodiscard]] bool covers(const Item& wide, Scope::Type type, const ical::Time& at);

class Comparison {
 public:
  Comparison(const Version& before, const Version& after, const CompareOptions& options,
             UtcSeconds now, const Limits& limits)
      : old_(before), new_(after), options_(options), now_(now), limits_(limits)
  {
  }
  Result<std::vector<ChangeMessage>> run();
  /// NEW, for people who may know nothing of it yet: each gets what she is invited to; PARTSTATs
  /// and SEQUENCEs stay.
  Result<std::vector<ChangeMessage>> invite();
  /// For people who are in parts of OLD that a CANCEL of all, or of all from then on, takes along,
  /// and are not in the series (the range).
  /// @param named  only these, who are taken off the list
  /// The same for some parts of OLD.
  Result<std::vector<ChangeMessage>> cancel_guests_at(const std::set<UtcSeconds>& gone);
  Result<std::vector<ChangeMessage>> cancel_guests(const std::optional<ical::Time>& from,
                                                   const std::optional<People>& named);

 private:
  void cancel_all();
  void whole_series();
  void with_series(const Piece& piece, Scope::Type type, const People& before, const People& after);
  /// What NEW says instead of the overrides (or ranges) that only OLD has, where that is something
  /// else.
  [[nodiscard]] std::vector<Piece> taken_back(Scope::Type type) const;
  void take_back(Item& series) const;
  [[nodiscard]] People who_knows(People people, const ical::Time& at) const;
  void tell_guests_of_ranges(const People& before, const People& after);
  void pieces_only(const std::vector<ical::Time>& gone);
  void compare_at(const ical::Time& at);
  void compare_from(const ical::Time& at);
  void tell(Scope::Type type, const ical::Time& at, const std::optional<ical::Component>& before,
            const ical::Component& after, std::int64_t base);
  void retell_kept();
  void ask_for_answers();
  void outlive_cancels();
  /// @errors Errc::BadCalendar (who comes in cannot be told)
  Result<void> spell_out_ranges(std::vector<Item>& items, const Version& version) const;
  [[nodiscard]] std::size_t most_told() const;
  [[nodiscard]] bool loses_a_start() const;
  /// Several items that are all that is left of the series become one range.
  void join_cancels(bool endless);
  void join_requests();

  /// @param before  what these people knew; empty: nothing
  /// @param base    its SEQUENCE
  void request(Item item, const std::optional<ical::Component>& before, std::int64_t base);
  void cancel(Item item, std::int64_t base);
  [[nodiscard]] bool returns(const Item& item, const ical::Component& before) const;
  [[nodiscard]] std::int64_t after_ranges(const Item& item) const;
  [[nodiscard]] std::int64_t series_base() const;
  [[nodiscard]] std::int64_t base_at(const ical::Time& at) const;

  /// From when on that attendee is left out of ranges of OLD, and the greatest SEQUENCE of those
  /// CANCELs till then.
  [[nodiscard]] const std::map<UtcSeconds, std::int64_t>& left_out_of_ranges(
      const std::string& key) const;

  /// The items, one message for all who get the same ones.
  [[nodiscard]] Result<std::vector<ChangeMessage>> messages() const;
  /// Is that CANCEL to be sent to that attendee after the REQUESTs?
  [[nodiscard]] bool comes_after(const Item& gone, const std::string& who) const;
  Result<void> add_cancels(bool after, std::vector<ChangeMessage>& out) const;
  [[nodiscard]] Result<ChangeMessage> message(Method method, const std::vector<const Item*>& items,
                                              const People& people) const;
  [[nodiscard]] Result<ical::Component> finished(Method method, const Item& item,
                                                 const People& people) const;

  const Version& old_;
  const Version& new_;
  const CompareOptions& options_;
  UtcSeconds now_;
  const Limits& limits_;
  std::vector<Item> requests_, cancels_;
  mutable std::vector<People> range_people_;  ///< of OLD, in order; filled when asked for
  mutable std::map<std::string, std::map<UtcSeconds, std::int64_t>> left_out_;
};

}  // namespace imip::itip::detail
