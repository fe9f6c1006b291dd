/// @file What must be remembered between messages, in SQLite.
#pragma once
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "itip/facts.hpp"
#include "state/held.hpp"

namespace imip::state {

struct ObjectKey {
  std::string store;      ///< canonical path
  std::string owner;      ///< the owner's first address, normalised
  std::string uid;
  std::string organizer;  ///< normalised
};

/// A message that waits, and about what it is.
struct Waiting {
  ObjectKey key;
  HeldMessage message;
};

/// One applied message, for `retract` and for people.
struct JournalEntry {
  UtcSeconds at{};
  std::string part_sha256;  ///< of the decoded calendar part
  std::string message_id, method, outcome, verdict;
  std::string before, after;  ///< the object's octets
  // What `retract` needs; see itip::Plan.
  std::string digest = {};
  itip::Facts said = {}, found = {};
  std::string removed = {};  ///< the name of the file that goes
};

/// How long, and how much of it, the journal keeps: what is older than any of these cannot be retracted.
struct JournalLimits {
  std::chrono::days age{90};
  std::int64_t entries = 20'000;          ///< in all
  std::int64_t entries_per_object = 200;
  std::size_t octets = 1'048'576;         ///< of `before` and of `after`; larger: retract renders again
};

/// A message in the journal: what it did first to one object.
struct Journaled {
  std::int64_t said = 0;  ///< what it said, among all that was said of the object
  ObjectKey key;
  JournalEntry entry;          ///< without facts
  bool has_octets = false;     ///< `before` and `after` were kept
  std::optional<UtcSeconds> retracted;
};

/// What is known of an object beside one message.
struct Besides {
  itip::Facts said;                  ///< what the message itself said
  itip::Facts without;               ///< the facts that there would be without it; no last_rendered
  std::vector<Journaled> later;      ///< messages that came after it and are not retracted
  std::vector<itip::Facts> later_said;
  bool is_last = false;              ///< the journal has nothing later about the object
  bool answered = false;             ///< the owner answered the event with `reply`
};

/// What a message offered to be sent: itip::Offer's kind, scope and recipients, in words.
struct MailedOffer {
  std::string part_sha256, offer;
};

/// The mail that tells it.
struct Mailed {
  std::string message_id;
  std::string dtstamp;  ///< of its calendar, as it stands there
  bool sent = false;    ///< else it was about to go, and nobody knows whether it did
  friend bool operator==(const Mailed&, const Mailed&) = default;
};

/// What is about to become of the object's file, said before it is done: after a crash between the two the
/// next run can tell a file that was never written from one that its owner deleted.
struct Pending {
  std::string sha256;                            ///< of the new text; empty: the file goes
  std::optional<std::string> stored_sha256 = {};  ///< of the file as it is; as for State::load()
  std::string rendered_before = {};  ///< where nothing was rendered yet: what the file's own facts render
};

/// Many processes may have it open; writes are transactions (WAL, busy time-out 5 s).
class State {
 public:
  /// Makes the folder (0700) and the database (0600). @errors Errc::TryAgain (locked, unreadable, corrupt,
  /// disk full), Errc::Config (others may write it; schema newer than this program)
  static Result<State> open(const std::filesystem::path& dir, const JournalLimits& limits = {});
  /// Is there a database to open in that folder?
  [[nodiscard]] static bool exists(const std::filesystem::path& dir);
  State(State&&) noexcept;
  State& operator=(State&&) noexcept;
  ~State();

  /// @param stored_sha256  of the object's file as it is now; empty: there is none. It tells whether a write
  /// that was not confirmed took place, and so what was rendered last.
  [[nodiscard]] Result<itip::Facts> load(
      const ObjectKey& key, const std::optional<std::string>& stored_sha256 = {}) const;
  /// Facts of this UID under another ORGANIZER: what other organizers claimed the UID.
  [[nodiscard]] Result<std::vector<std::string>> organizers_of(const ObjectKey& key) const;
  /// Replaces the facts of the key and adds the journal entry, in one transaction.
  /// `pending`: a file is about to be written or removed; confirm() says that it was.
  Result<void> save(const ObjectKey& key, const itip::Facts& facts, const JournalEntry& entry,
                    const std::optional<Pending>& pending = {});
  Result<void> confirm(const ObjectKey& key);

  /// Messages that said something, with this Message-ID and (or) a part whose SHA-256 begins with `digest`;
  /// in the order in which they came. At least one of the two must be given.
  [[nodiscard]] Result<std::vector<Journaled>> journal(const std::string& message_id,
                                                       const std::string& digest) const;
  /// Was that message, by its digest, kept and not retracted since?
  [[nodiscard]] Result<bool> knows(const ObjectKey& key, const std::string& message_digest) const;
  [[nodiscard]] Result<Besides> besides(const Journaled& message) const;
  /// As save(), and marks the message as retracted.
  Result<void> save_retraction(const Journaled& message, const itip::Facts& facts,
                               const JournalEntry& entry,
                               const std::optional<Pending>& pending = {});
  /// Message digests that were retracted for the object, and when.
  [[nodiscard]] Result<std::map<std::string, UtcSeconds>> retracted(const ObjectKey& key) const;

  /// New objects (outcome "added" or "held") by that signer since `since`.
  [[nodiscard]] Result<std::int64_t> count_new(const std::string& signer, UtcSeconds since) const;
  Result<void> note_new(const std::string& signer, UtcSeconds at);

  /// A message waits; the same part is kept once.
  Result<void> hold(const ObjectKey& key, const HeldMessage& message);
  [[nodiscard]] Result<std::vector<HeldMessage>> held(const ObjectKey& key) const;  ///< in order of arrival
  [[nodiscard]] Result<std::int64_t> count_held(const std::string& signer) const;
  /// What waits in that store of that owner, with this in its octets (a Message-ID) and a part whose SHA-256 begins
  /// with `digest`; either may be empty.
  [[nodiscard]] Result<std::vector<Waiting>> waiting(const std::string& store, const std::string& owner,
                                                     const std::string& text, const std::string& digest) const;
  Result<void> drop_held(std::int64_t id);
  /// The mail that goes or went out for that offer, if there is one; for as long as the journal
  /// keeps messages, or until the message is retracted.
  [[nodiscard]] Result<std::optional<Mailed>> mailed(const ObjectKey& key,
                                                     const MailedOffer& offer) const;
  /// Takes the place of one that was not sent.
  Result<void> note_mailed(const ObjectKey& key, const MailedOffer& offer, const Mailed& mail,
                           UtcSeconds at);
  /// What the object's file was called when it was last taken away; "": nobody knows.
  [[nodiscard]] Result<std::string> removed_file(const ObjectKey& key) const;
  /// When all that is known of the object may be forgotten; nothing: never.
  Result<void> set_forget_after(const ObjectKey& key, const std::optional<UtcSeconds>& when);
  /// Once a day: forgets objects whose time is over, what waited for longer than `held`, and what was mailed before
  /// the journal begins.
  Result<void> age(UtcSeconds now, std::chrono::days held);

 private:
  struct Impl;
  explicit State(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace imip::state
