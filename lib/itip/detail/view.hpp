/// @file The facts of one object, sorted out for rendering: one slot per key, the RECURRENCE-IDs
/// that name one instance made one, and the rules of itip.md "Order: facts, then a rendering" as
/// questions.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/limits.hpp"
#include "ical/time.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/record.hpp"
#include "itip/detail/shape.hpp"
#include "itip/facts.hpp"
#include "itip/plan.hpp"

namespace imip::itip::detail {

/// Which rules hold. Tests take one away to see that something fails; nothing else ever does.
struct Rules {
  bool carried_overrides = true;  ///< register B (rule 2)
  bool classes = true;            ///< organizer > vouched > publish
  bool time_digests = true;       ///< register D (rule 7)
  bool later_dtstamp = true;      ///< the second half of rule 2
};

/// Content that shows, parsed.
struct Write {
  Revision revision;
  ical::Component event;
};

/// The times of the latest content at one SEQUENCE.
struct TimedShape {
  Shape shape;
  std::int64_t dtstamp = 0;
  std::string digest;
};

/// All that is known about one key.
struct Slot {
  Scope::Type type = Scope::Type::Series;
  std::string text;  ///< time_text(); "" for the series
  UtcSeconds at{};
  bool yielded = true;  ///< the winning series has this instance (or there is no series)
  bool added = false;   ///< only because an ADD in force says so, or a REQUEST after the series was cancelled
  bool over = false;    ///< a range that is cancelled (View::cancelled, asked once)
  std::optional<Write> write;
  std::optional<Revision> cancel;
  std::int64_t carried = 0;  ///< B
  std::map<std::string, Revision> uninvited;
  std::map<std::string, AnswerFact> answers;
  std::set<std::string> admitted;             ///< party crashers whom a person let in
  std::map<std::int64_t, TimedShape> shapes;  ///< D
};

class View {
 public:
  /// Empty optional: no content at all (held).
  static std::optional<View> make(const Facts& facts, const Owner& owner, const Limits& limits,
                                  const Rules& rules);

  Slot series;
  std::map<std::string, Slot> ranges, instances;  ///< by text: in order of time
  std::string cls;
  ical::Component calendar;  ///< VCALENDAR with the VTIMEZONEs of all that shows
  std::unique_ptr<ical::Zones> zones;

  /// Rule 2: does the series' content end a write of that revision in this slot?
  [[nodiscard]] bool ended(const Slot& slot, const Revision& narrow, bool with_carried) const;
  /// Content that is not ended.
  [[nodiscard]] bool live(const Slot& slot) const;
  /// Rules 1 and 3 (and 6 for the owner).
  [[nodiscard]] bool cancelled(const Slot& slot) const;
  /// Only un-inviting the owner makes it cancelled: nobody cancelled the event itself.
  [[nodiscard]] bool only_uninvited(const Slot& slot) const;
  /// The greatest CANCEL of this very key that no series content ended; `with_owner`: un-inviting
  /// the owner counts as one.
  [[nodiscard]] std::optional<Revision> strongest_cancel(const Slot& slot, bool with_owner) const;
  /// Rule 6.
  [[nodiscard]] bool left_out(const Slot& slot, const std::string& attendee) const;
  /// Rules 7: the answer that shows for the attendee in this slot, if one counts.
  [[nodiscard]] const AnswerFact* answer(const Slot& slot, const std::string& attendee) const;
  /// The slot whose content shows here: itself, a range, or the series. Null: none.
  [[nodiscard]] const Slot* source(const Slot& slot) const;
  /// From where to where (or for ever) range CANCELs leave nothing of the series.
  struct Gap {
    UtcSeconds from{};
    std::optional<UtcSeconds> to;
  };
  [[nodiscard]] std::vector<Gap> gaps() const;
  /// The ends of the series' RDATE periods. Read once: there may be thousands, and as many parts
  /// that ask.
  [[nodiscard]] const ical::Periods& periods() const;
  /// A slot for an instance that has none.
  [[nodiscard]] Slot blank_instance(const std::string& text, UtcSeconds at) const;
  /// When the slot takes place now, and when it did at that SEQUENCE.
  [[nodiscard]] std::optional<Shape> shape_now(const Slot& slot) const;
  [[nodiscard]] std::optional<Shape> shape_at(const Slot& slot, std::int64_t sequence) const;
  /// How an ATTENDEE property's value is named in facts; "" if it is no address.
  [[nodiscard]] std::string key_of(const ical::Property& attendee) const;
  [[nodiscard]] const std::string& owner_key() const { return owner_key_; }

 private:
  [[nodiscard]] bool cancel_holds(const Slot& slot, bool with_owner) const;
  [[nodiscard]] bool is_cancelled(const Slot& slot, bool with_owner) const;
  [[nodiscard]] bool escapes(const Slot& slot, const Slot& from, const Revision& wider) const;
  [[nodiscard]] bool outlives_series(const Slot& slot) const;
  [[nodiscard]] bool counts(const AnswerFact& answer, const Slot& slot,
                            const std::string& attendee) const;

  [[nodiscard]] std::optional<Revision> owner_uninvited(const Slot& slot) const;
  [[nodiscard]] bool asks_again(const Slot& source) const;

  /// CANCELs of ranges, of the first so many of them.
  struct Cancels {
    std::size_t count = 0;
    std::int64_t sequence = 0;  ///< the greatest
    UtcSeconds dtstamp{};       ///< the greatest, maybe of another
  };
  /// What the ranges up to one say together, so that no slot need ask all of them: a mail can hold thousands of either.
  struct Reach {
    Slot* range = nullptr;
    Cancels cancels, cancels_but_owners;
    const Slot* shows = nullptr;  ///< the last one with content in force
  };
  void index_ranges();
  /// How many ranges of the series begin at that time or before; `strictly`: before it.
  [[nodiscard]] std::size_t ranges_until(UtcSeconds at, bool strictly) const;
  [[nodiscard]] Cancels cancels_until(std::size_t count, bool with_owner) const;
  [[nodiscard]] bool range_cancels(const Slot& slot, bool with_owner) const;

  const Owner* owner_ = nullptr;
  std::string owner_key_;
  std::set<std::string> group_keys_;
  mutable std::optional<ical::Periods> periods_;
  Rules rules_;
  std::vector<Reach> reach_;  ///< those that the series has, in order of time
  std::map<std::string, std::vector<const Slot*>> people_;  ///< ranges that say something of an attendee
  friend struct ViewMaker;
};

}  // namespace imip::itip::detail
