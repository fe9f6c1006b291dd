/// @file The owner's calendar as the pipeline sees it: the store with its objects, and the state with
/// what must be remembered about them.
#pragma once
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "itip/plan.hpp"
#include "pipeline/judge.hpp"
#include "state/state.hpp"
#include "store/calendar_store.hpp"

namespace imip::pipeline {

struct CalendarPlaces {
  std::string store;      ///< "" : no store
  std::string state_dir;  ///< always needed with a store (locks); the database only with `use_state`
  bool use_state = true;
  std::string owner;      ///< the owner's first address, normalised
};

class Calendar {
 public:
  /// Opens what is named. @errors as CalendarStore::open and State::open
  static Result<Calendar> open(const CalendarPlaces& places, const Limits& limits);

  [[nodiscard]] bool has_store() const { return store_.has_value(); }
  /// What the calendar knows about the object that this message is about.
  [[nodiscard]] Result<Surroundings> surroundings(const itip::Message& message) const;
  [[nodiscard]] Result<Surroundings> surroundings(const std::string& uid,
                                                  const CalAddress& organizer) const;
  /// As VdirStore::search. @errors Errc::Config: no store
  Result<store::SearchGaps> search(const std::vector<itip::Window>& windows,
                                   const std::function<void(const ical::Component&)>& each,
                                   std::size_t most = store::VdirStore::most_candidates) const;
  void on_indexing(store::IndexProgress progress) const;
  [[nodiscard]] Result<store::Lock> lock() const;
  /// Facts first, then the file: after a crash between the two the next run renders again and repairs (itip.md).
  /// @errors Errc::Conflict, Errc::TryAgain, Errc::Permission, Errc::Io
  Result<void> carry_out(const itip::Plan& plan, const store::Lock& lock, state::JournalEntry entry);
  /// What retract.hpp works on; null: no state.
  [[nodiscard]] const state::State* state() const { return state_ ? &*state_ : nullptr; }
  [[nodiscard]] Result<Surroundings> surroundings(const state::ObjectKey& key) const;
  /// Is it about this store and this owner?
  [[nodiscard]] bool owns(const state::ObjectKey& key) const;
  /// As carry_out(). A file that goes does so before the state says it: a file without facts would be taken
  /// for the owner's own by the next message.
  Result<void> carry_out(const state::Journaled& message, const itip::Plan& plan,
                         const store::Lock& lock, const state::JournalEntry& entry);
  /// New objects from that signer during the last 24 hours.
  [[nodiscard]] Result<std::int64_t> new_objects_today(const std::string& signer, UtcSeconds now) const;
  Result<void> note_new_object(const std::string& signer, UtcSeconds now);

  // Messages that wait (held.hpp), and what may be forgotten; the object is the plan's.
  [[nodiscard]] bool has_state() const { return state_.has_value(); }
  [[nodiscard]] Result<std::vector<state::HeldMessage>> held(const itip::Plan& plan) const;
  [[nodiscard]] Result<std::int64_t> count_held(const std::string& signer) const;
  Result<void> hold(const itip::Plan& plan, const state::HeldMessage& message);
  /// As State::waiting, of this calendar; nothing without state.
  [[nodiscard]] Result<std::vector<state::Waiting>> waiting(const std::string& text, const std::string& digest) const;
  Result<void> drop_held(std::int64_t id);
  /// The mail that goes or went out because of this part for that offer of its plan, as in the
  /// state.
  [[nodiscard]] Result<std::optional<state::Mailed>> mailed(const JudgedPart& part,
                                                            const itip::Offer& offer) const;
  Result<void> note_mailed(const JudgedPart& part, const itip::Offer& offer,
                           const state::Mailed& mail, UtcSeconds now);
  /// Once a day forgets what is over. `forget_after`: of this object; nothing: never.
  Result<void> age(const itip::Plan& plan, const std::optional<UtcSeconds>& forget_after, UtcSeconds now,
                   std::chrono::days held);

 private:
  CalendarPlaces places_;
  std::optional<store::CalendarStore> store_;
  std::optional<state::State> state_;
  [[nodiscard]] state::ObjectKey key(const std::string& uid, const CalAddress& organizer) const;
  [[nodiscard]] std::optional<state::Pending> pending_for(const itip::Plan& plan) const;
};

}  // namespace imip::pipeline
