/// @file What each message said, beside the facts that all of them make: so that one can be taken out.
/// Private to lib/state.
#pragma once
#include <cstdint>

#include "base/sqlite.hpp"
#include "state/state.hpp"

namespace imip::state::detail {

/// The tables of schema version 2 that version 1 did not have; what facts there are then become what
/// nobody in particular said.
inline constexpr const char* journal_schema = R"(
CREATE TABLE said (
  id INTEGER PRIMARY KEY,
  object INTEGER NOT NULL REFERENCES object (id),
  -- of the message; '': what files and the owner said, and messages too old to be retracted
  digest TEXT NOT NULL,
  journal INTEGER NOT NULL,  -- the entry that brought it; 0 for ''
  retracted INTEGER,         -- when
  UNIQUE (object, digest)
) STRICT;
CREATE TABLE said_fact (
  said INTEGER NOT NULL REFERENCES said (id),
  reg TEXT NOT NULL, scope TEXT NOT NULL, attendee TEXT NOT NULL, number INTEGER NOT NULL,
  sequence INTEGER NOT NULL, dtstamp INTEGER NOT NULL, digest TEXT NOT NULL, content TEXT NOT NULL,
  PRIMARY KEY (said, reg, scope, attendee, number)
) STRICT, WITHOUT ROWID;
ALTER TABLE journal ADD COLUMN said INTEGER;             -- NULL: nothing that can be retracted
ALTER TABLE journal ADD COLUMN has_octets INTEGER NOT NULL DEFAULT 1;
CREATE INDEX journal_object ON journal (object);
CREATE INDEX journal_at ON journal (at);
CREATE INDEX journal_part ON journal (part_sha256);
INSERT INTO said (object, digest, journal) SELECT id, '', 0 FROM object;
INSERT INTO said_fact SELECT said.id, reg, scope, attendee, number, sequence, dtstamp, fact.digest, content
  FROM fact JOIN said ON said.object = fact.object;
)";

/// The journal's line and what belongs to it. `before`: the facts as they were.
/// @param is_new      nothing was known of the object
/// @param is_message  false: a retraction, which says nothing itself
Result<void> add_entry(sqlite::Database& db, std::int64_t object, bool is_new, const JournalEntry& entry,
                       const itip::Facts& before, const itip::Facts& after, bool is_message,
                       const JournalLimits& limits);

Result<void> put_rows(sqlite::Database& db, std::string_view table, std::string_view owner,
                      std::int64_t id, const itip::Facts& facts);
/// Rows of a statement whose columns from `first` on are those of a fact; at its present row.
[[nodiscard]] itip::FactRow row_at(const sqlite::Statement& statement, int first);

}  // namespace imip::state::detail
