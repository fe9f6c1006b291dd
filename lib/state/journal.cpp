// The journal, and what `retract` asks of it.
#include <algorithm>
#include <chrono>
#include <utility>

#include "base/cat.hpp"
#include "state/detail/impl.hpp"
#include "state/detail/journal.hpp"

namespace imip::state {

namespace {

constexpr std::string_view fact_columns =
    "reg, scope, attendee, number, sequence, dtstamp, digest, content";
constexpr int aged_at_a_time = 8;  // so that no single save pays for a wrong clock

std::int64_t seconds(UtcSeconds t)
{
  return t.time_since_epoch().count();
}
UtcSeconds instant(std::int64_t t)
{
  return UtcSeconds(std::chrono::seconds(t));
}

Result<std::optional<std::int64_t>> one_integer(Result<sqlite::Statement> row)
{
  if (!row) return tl::unexpected<Error>(std::move(row).error());
  IMIP_TRY(const bool there, row->step());
  if (!there || row->is_null(0)) return std::optional<std::int64_t>();
  return std::optional<std::int64_t>(row->integer(0));
}

Result<std::int64_t> said_id(sqlite::Database& db, std::int64_t object, const std::string& digest,
                             std::int64_t journal)
{
  // Said again after it was retracted: it is the newest then.
  IMIP_TRY(const auto id,
           one_integer(db.query("INSERT INTO said (object, digest, journal) VALUES (?, ?, ?) "
                                "ON CONFLICT DO UPDATE SET journal = CASE WHEN retracted IS NULL "
                                "THEN said.journal ELSE excluded.journal END, retracted = NULL RETURNING id",
                                object, digest, journal)));
  if (!id) return err(Errc::Internal, "the state lost a row just written");
  return *id;
}

/// Greater wins, as in itip::Facts::raise.
Result<void> raise_all(sqlite::Database& db, std::int64_t said, const std::string& select,
                       std::int64_t parameter)
{
  return db.execute(
      cat("INSERT INTO said_fact SELECT ", said, ", ", fact_columns, ' ', select,
          " ON CONFLICT DO UPDATE SET sequence = excluded.sequence, dtstamp = excluded.dtstamp, "
          "digest = excluded.digest, content = excluded.content "
          "WHERE (excluded.sequence, excluded.dtstamp, excluded.digest, excluded.content) > "
          "(said_fact.sequence, said_fact.dtstamp, said_fact.digest, said_fact.content)"),
      parameter);
}

Result<itip::Facts> facts_of(sqlite::Statement rows)
{
  std::vector<itip::FactRow> all;
  for (;;) {
    IMIP_TRY(const bool there, rows.step());
    if (!there) return itip::Facts::from_rows(all);
    all.push_back(detail::row_at(rows, 0));
  }
}

/// What nobody in particular said grows by these rows.
Result<void> add_found(sqlite::Database& db, std::int64_t object, const itip::Facts& found)
{
  if (found.empty()) return {};
  IMIP_TRY(const std::int64_t ground, said_id(db, object, {}, 0));
  IMIP_TRY(auto rows, db.query(cat("SELECT ", fact_columns, " FROM said_fact WHERE said = ?"), ground));
  IMIP_TRY(itip::Facts all, facts_of(std::move(rows)));
  all.merge(found);
  IMIP_CHECK(db.execute("DELETE FROM said_fact WHERE said = ?", ground));
  return detail::put_rows(db, "said_fact", "said", ground, all);
}

/// Rows that are new and that the message did not say: they came from the owner's file.
itip::Facts unexplained(const itip::Facts& before, const itip::Facts& after, const itip::Facts& said)
{
  std::vector<itip::FactRow> out;
  for (const itip::FactRow& row : after.rows()) {
    const auto is_in = [&](const itip::Facts& facts) {
      const itip::FactRow* known = facts.find(row.reg, row.scope, row.attendee, row.number);
      return known != nullptr && *known == row;
    };
    if (!is_in(before) && !is_in(said)) out.push_back(row);
  }
  return itip::Facts::from_rows(out);
}

/// The entry goes. What its message said stays, but can no longer be told from the rest.
Result<void> forget(sqlite::Database& db, std::int64_t journal)
{
  IMIP_TRY(auto row, db.query("SELECT id, object, retracted FROM said WHERE journal = ? AND digest <> ''",
                              journal));
  IMIP_TRY(const bool there, row.step());
  if (there) {
    const std::int64_t said = row.integer(0);
    const std::int64_t object = row.integer(1);
    const bool retracted = !row.is_null(2);  // the mark stays: it must not come back unasked
    row.reset();
    if (!retracted) {
      IMIP_TRY(const std::int64_t ground, said_id(db, object, {}, 0));
      IMIP_CHECK(raise_all(db, ground, "FROM said_fact WHERE said = ?", said));
    }
    IMIP_CHECK(db.execute("DELETE FROM said_fact WHERE said = ?", said));
    if (!retracted) IMIP_CHECK(db.execute("DELETE FROM said WHERE id = ?", said));
  }
  return db.execute("DELETE FROM journal WHERE id = ?", journal);
}

Result<void> forget_all(sqlite::Database& db, Result<sqlite::Statement> rows)
{
  if (!rows) return tl::unexpected<Error>(std::move(rows).error());
  std::vector<std::int64_t> ids;
  for (;;) {
    IMIP_TRY(const bool there, rows->step());
    if (!there) break;
    ids.push_back(rows->integer(0));
  }
  for (const std::int64_t id : ids) IMIP_CHECK(forget(db, id));
  return {};
}

/// @param newest  the entry just made, whose number is the highest
/// @param is_only  it is the object's only one
Result<void> age(sqlite::Database& db, std::int64_t object, UtcSeconds now, std::int64_t newest, bool is_only,
                 const JournalLimits& limits)
{
  IMIP_CHECK(forget_all(db, db.query("SELECT id FROM journal WHERE at < ? ORDER BY at LIMIT ?",
                                     seconds(now - limits.age), std::int64_t{aged_at_a_time})));
  if (newest > limits.entries)
    IMIP_CHECK(forget_all(db, db.query("SELECT id FROM journal WHERE id <= ? ORDER BY id LIMIT ?",
                                       newest - limits.entries, std::int64_t{aged_at_a_time})));
  if (is_only) return {};
  return forget_all(
      db, db.query("SELECT id FROM journal WHERE object = ? AND id < (SELECT id FROM journal "
                   "WHERE object = ? ORDER BY id DESC LIMIT 1 OFFSET ?) ORDER BY id LIMIT ?",
                   object, object, limits.entries_per_object - 1, std::int64_t{aged_at_a_time}));
}

constexpr std::string_view journaled_columns =
    "said.id, store, owner, uid, organizer, at, part_sha256, message_id, method, outcome, verdict, "
    "before, after, has_octets, said.retracted, said.digest FROM said JOIN journal ON journal.id = said.journal "
    "JOIN object ON object.id = said.object";

Result<std::vector<Journaled>> journaled(Result<sqlite::Statement> rows)
{
  if (!rows) return tl::unexpected<Error>(std::move(rows).error());
  std::vector<Journaled> out;
  for (;;) {
    IMIP_TRY(const bool there, rows->step());
    if (!there) return out;
    Journaled one;
    int column = 0;
    one.said = rows->integer(column++);
    for (std::string* text : {&one.key.store, &one.key.owner, &one.key.uid, &one.key.organizer})
      *text = rows->text(column++);
    one.entry.at = instant(rows->integer(column++));
    for (std::string* text :
         {&one.entry.part_sha256, &one.entry.message_id, &one.entry.method, &one.entry.outcome,
          &one.entry.verdict, &one.entry.before, &one.entry.after})
      *text = rows->text(column++);
    one.has_octets = rows->integer(column++) != 0;
    if (!rows->is_null(column)) one.retracted = instant(rows->integer(column));
    one.entry.digest = rows->text(column + 1);
    out.push_back(std::move(one));
  }
}

}  // namespace

namespace detail {

itip::FactRow row_at(const sqlite::Statement& statement, int first)
{
  itip::FactRow fact;
  fact.reg = statement.text(first);
  fact.scope = statement.text(first + 1);
  fact.attendee = statement.text(first + 2);
  fact.number = statement.integer(first + 3);
  fact.sequence = statement.integer(first + 4);
  fact.dtstamp = statement.integer(first + 5);
  fact.digest = statement.text(first + 6);
  fact.content = statement.text(first + 7);
  return fact;
}

Result<void> put_rows(sqlite::Database& db, std::string_view table, std::string_view owner,
                      std::int64_t id, const itip::Facts& facts)
{
  IMIP_TRY(auto insert, db.prepare(cat("INSERT INTO ", table, " (", owner, ", ", fact_columns,
                                       ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)")));
  for (const itip::FactRow& fact : facts.rows()) {
    insert.reset();
    IMIP_CHECK(insert.bind(0, id));
    IMIP_CHECK(insert.bind(1, fact.reg));
    IMIP_CHECK(insert.bind(2, fact.scope));
    IMIP_CHECK(insert.bind(3, fact.attendee));
    IMIP_CHECK(insert.bind(4, fact.number));
    IMIP_CHECK(insert.bind(5, fact.sequence));
    IMIP_CHECK(insert.bind(6, fact.dtstamp));
    IMIP_CHECK(insert.bind(7, fact.digest));
    IMIP_CHECK(insert.bind(8, fact.content));
    IMIP_TRY(const bool row, insert.step());
    static_cast<void>(row);  // an INSERT gives none
  }
  return {};
}

Result<void> add_entry(sqlite::Database& db, std::int64_t object, bool is_new, const JournalEntry& entry,
                       const itip::Facts& before, const itip::Facts& after, bool is_message,
                       const JournalLimits& limits)
{
  const bool keeps = entry.before.size() <= limits.octets && entry.after.size() <= limits.octets;
  const std::string none;
  IMIP_CHECK(db.execute(
      "INSERT INTO journal (object, at, part_sha256, message_id, method, outcome, verdict, before, "
      "after, has_octets) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      object, seconds(entry.at), entry.part_sha256, entry.message_id, entry.method, entry.outcome,
      entry.verdict, keeps ? entry.before : none, keeps ? entry.after : none,
      std::int64_t{keeps ? 1 : 0}));
  const std::int64_t id = db.last_insert();
  if (!entry.removed.empty())
    IMIP_CHECK(
        db.execute("INSERT INTO removed (object, file) VALUES (?, ?) ON CONFLICT DO UPDATE SET "
                   "file = excluded.file",
                   object, entry.removed));
  IMIP_CHECK(add_found(db, object, entry.found));
  if (is_message) {
    IMIP_CHECK(add_found(db, object, unexplained(before, after, entry.said)));
    if (!entry.digest.empty()) {
      IMIP_TRY(const std::int64_t said, said_id(db, object, entry.digest, id));
      if (!is_new) IMIP_CHECK(db.execute("DELETE FROM said_fact WHERE said = ?", said));
      IMIP_CHECK(put_rows(db, "said_fact", "said", said, entry.said));
      IMIP_CHECK(db.execute("UPDATE journal SET said = ? WHERE id = ?", said, id));
    }
  }
  return age(db, object, entry.at, id, is_new, limits);
}

}  // namespace detail

Result<std::vector<Journaled>> State::journal(const std::string& message_id,
                                              const std::string& digest) const
{
  sqlite::Database& db = impl_->db;
  // Every entry counts, so that a copy under another ID, or an answer, names the message too.
  return journaled(
      db.query(cat("SELECT ", journaled_columns,
                   " WHERE said.id IN (SELECT said FROM journal WHERE said IS NOT NULL AND "
                   "(?1 = '' OR message_id = ?1) AND substr(part_sha256, 1, length(?2)) = ?2) "
                   "ORDER BY said.journal"),
               message_id, digest));
}

Result<bool> State::knows(const ObjectKey& key, const std::string& message_digest) const
{
  IMIP_TRY(const auto known,
           one_integer(impl_->db.query(
               "SELECT 1 FROM said JOIN object ON object.id = said.object WHERE store = ? AND owner = ? "
               "AND uid = ? AND organizer = ? AND digest = ? AND retracted IS NULL",
               key.store, key.owner, key.uid, key.organizer, message_digest)));
  return known.has_value();
}

Result<Besides> State::besides(const Journaled& message) const
{
  sqlite::Database& db = impl_->db;
  Besides out;
  const auto rows_of = [&](const char* where) {
    return db.query(cat("SELECT ", fact_columns, " FROM said_fact WHERE said ", where), message.said);
  };
  IMIP_TRY(auto own, rows_of("= ?"));
  IMIP_TRY(out.said, facts_of(std::move(own)));
  IMIP_TRY(auto others, rows_of("IN (SELECT id FROM said WHERE retracted IS NULL AND id <> ?1 AND "
                                "object = (SELECT object FROM said WHERE id = ?1))"));
  IMIP_TRY(out.without, facts_of(std::move(others)));
  IMIP_TRY(out.later,
           journaled(db.query(cat("SELECT ", journaled_columns,
                                  ", said AS mine WHERE mine.id = ? AND said.object = mine.object AND "
                                  "said.retracted IS NULL AND said.journal > mine.journal "
                                  "ORDER BY said.journal"),
                              message.said)));
  for (const Journaled& later : out.later) {
    IMIP_TRY(auto rows, db.query(cat("SELECT ", fact_columns, " FROM said_fact WHERE said = ?"), later.said));
    IMIP_TRY(itip::Facts facts, facts_of(std::move(rows)));
    out.later_said.push_back(std::move(facts));
  }
  IMIP_TRY(const auto after,
           one_integer(db.query("SELECT 1 FROM journal, said WHERE said.id = ? AND "
                                "journal.object = said.object AND journal.id > said.journal LIMIT 1",
                                message.said)));
  out.is_last = !after;
  IMIP_TRY(const auto answered,
           one_integer(db.query("SELECT 1 FROM journal, said WHERE said.id = ? AND journal.object = "
                                "said.object AND method = 'REQUEST' AND outcome = 'answered' LIMIT 1",
                                message.said)));
  out.answered = answered.has_value();
  return out;
}

Result<std::string> State::removed_file(const ObjectKey& key) const
{
  IMIP_TRY(auto row,
           impl_->db.query("SELECT file FROM removed JOIN object ON object.id = removed.object "
                           "WHERE store = ? AND owner = ? AND uid = ? AND organizer = ?",
                           key.store, key.owner, key.uid, key.organizer));
  IMIP_TRY(const bool there, row.step());
  return there ? row.text(0) : std::string{};
}

Result<std::map<std::string, UtcSeconds>> State::retracted(const ObjectKey& key) const
{
  IMIP_TRY(auto rows,
           impl_->db.query("SELECT digest, retracted FROM said JOIN object ON object.id = said.object "
                           "WHERE store = ? AND owner = ? AND uid = ? AND organizer = ? "
                           "AND retracted IS NOT NULL",
                           key.store, key.owner, key.uid, key.organizer));
  std::map<std::string, UtcSeconds> out;
  for (;;) {
    IMIP_TRY(const bool there, rows.step());
    if (!there) return out;
    out.emplace(rows.text(0), instant(rows.integer(1)));
  }
}

}  // namespace imip::state
