#include "state/state.hpp"

#include <chrono>
#include <thread>
#include <utility>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "state/detail/impl.hpp"
#include "state/detail/journal.hpp"
#include "state/detail/keeping.hpp"

namespace imip::state {
namespace {

constexpr const char* database_name = "state.sqlite";
constexpr int busy_ms = 5000;
constexpr std::int64_t schema_version = 2;
constexpr std::int64_t application_id = 0x694d4950;  // "iMIP": no other program's database
constexpr std::chrono::days keep_new_objects{32};    // the flood limit looks back one day

constexpr const char* schema = R"(
CREATE TABLE object (
  id INTEGER PRIMARY KEY,
  store TEXT NOT NULL, owner TEXT NOT NULL, uid TEXT NOT NULL, organizer TEXT NOT NULL,
  last_rendered TEXT NOT NULL,
  -- while a file is being written: its SHA-256, and what last_rendered was before
  pending_sha256 TEXT, rendered_before TEXT,
  UNIQUE (store, owner, uid, organizer)
) STRICT;
CREATE TABLE fact (
  object INTEGER NOT NULL REFERENCES object (id),
  reg TEXT NOT NULL, scope TEXT NOT NULL, attendee TEXT NOT NULL, number INTEGER NOT NULL,
  sequence INTEGER NOT NULL, dtstamp INTEGER NOT NULL, digest TEXT NOT NULL, content TEXT NOT NULL,
  PRIMARY KEY (object, reg, scope, attendee, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE journal (
  id INTEGER PRIMARY KEY,
  object INTEGER NOT NULL REFERENCES object (id),
  at INTEGER NOT NULL,
  part_sha256 TEXT NOT NULL, message_id TEXT NOT NULL, method TEXT NOT NULL,
  outcome TEXT NOT NULL, verdict TEXT NOT NULL,
  before TEXT NOT NULL, after TEXT NOT NULL
) STRICT;
CREATE INDEX journal_message ON journal (message_id);
CREATE TABLE new_object (signer TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE INDEX new_object_signer ON new_object (signer, at);
)";

std::int64_t seconds(UtcSeconds t)
{
  return t.time_since_epoch().count();
}

Result<std::int64_t> pragma(sqlite::Database& db, std::string_view name)
{
  IMIP_TRY(sqlite::Statement row, db.prepare(cat("PRAGMA ", name)));
  IMIP_TRY(const bool there, row.step());
  return there ? row.integer(0) : 0;
}

enum class Schema : std::uint8_t { None = 0, Old, Ours };

/// Is it ours, and no newer than we know? None: the file is new and wants its tables.
Result<Schema> known_schema(sqlite::Database& db, const std::string& file)
{
  IMIP_TRY(const std::int64_t maker, pragma(db, "application_id"));
  IMIP_TRY(const std::int64_t version, pragma(db, "user_version"));
  if (maker == application_id && version == schema_version) return Schema::Ours;
  if (maker == application_id && version == 1) return Schema::Old;
  if (maker == application_id)
    return err(Errc::Config,
               cat(file, ": written by a newer imip (schema ", version, ", this one knows ",
                   schema_version, ')'),
               "use that imip, or another --state folder");
  IMIP_TRY(sqlite::Statement count, db.prepare("SELECT count(*) FROM sqlite_schema"));
  IMIP_TRY(const bool there, count.step());
  if (maker != 0 || version != 0 || (there && count.integer(0) != 0))
    return err(Errc::Config, cat(file, ": is another program's database"),
               "name another --state folder");
  return Schema::None;
}

/// SQLite waits for other processes everywhere but where the journal's mode changes: there it gives
/// up at once if two of them find a new file.
Result<void> write_ahead(sqlite::Database& db)
{
  constexpr std::chrono::milliseconds pause{10};
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds{busy_ms};
  for (;;) {
    auto done = db.run("PRAGMA journal_mode = WAL");
    if (done || done.error().code != Errc::TryAgain || std::chrono::steady_clock::now() >= until)
      return done;
    std::this_thread::sleep_for(pause);
  }
}

/// Two processes may both find a new file, or an old one: the second sees the first one's tables.
Result<void> make_schema(sqlite::Database& db, const std::string& file)
{
  IMIP_CHECK(write_ahead(db));
  IMIP_TRY(auto transaction, sqlite::Transaction::begin(db));
  IMIP_TRY(const Schema known, known_schema(db, file));
  if (known == Schema::Ours) return {};
  if (known == Schema::None) IMIP_CHECK(db.run(schema));
  IMIP_CHECK(db.run(detail::journal_schema));
  IMIP_CHECK(db.run(cat("PRAGMA application_id = ", application_id).c_str()));
  IMIP_CHECK(db.run(cat("PRAGMA user_version = ", schema_version).c_str()));
  return transaction.commit();
}

/// An object as the state has it.
struct Kept {
  std::optional<std::int64_t> id;  ///< nothing: it is new
  itip::Facts facts;
};

Result<Kept> kept(sqlite::Database& db, const ObjectKey& key, const std::optional<std::string>& stored_sha256)
{
  // one statement, so that facts and last_rendered are of one moment, and that (it may be megabytes) once; a file that
  // was to be written and is not there as it was to be was never written
  IMIP_TRY(auto row, db.query("SELECT id, CASE WHEN pending_sha256 IS NULL OR pending_sha256 = ?1 "
                              "THEN last_rendered ELSE rendered_before END, "
                              "NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM object "
                              "WHERE store = ?2 AND owner = ?3 AND uid = ?4 AND organizer = ?5 "
                              "UNION ALL SELECT id, reg, scope, attendee, number, sequence, dtstamp, "
                              "digest, content FROM object JOIN fact ON fact.object = object.id "
                              "WHERE store = ?2 AND owner = ?3 AND uid = ?4 AND organizer = ?5",
                              stored_sha256.value_or(std::string{}), key.store, key.owner, key.uid,
                              key.organizer));
  Kept out;
  std::vector<itip::FactRow> rows;
  std::string last_rendered;
  for (;;) {
    IMIP_TRY(const bool there, row.step());
    if (!there) break;
    if (out.id) {
      rows.push_back(detail::row_at(row, 1));
    } else {
      out.id = row.integer(0);
      last_rendered = row.text(1);
    }
  }
  out.facts = itip::Facts::from_rows(rows);
  out.facts.last_rendered = std::move(last_rendered);
  return out;
}

/// The object and its facts become these. @return its id
Result<std::int64_t> replace(sqlite::Database& db, const ObjectKey& key, const Kept& before,
                             const itip::Facts& facts, const std::optional<Pending>& pending)
{
  std::optional<std::string> pending_sha256, rendered_before;
  if (pending) {
    pending_sha256 = pending->sha256;
    const bool rendered = !before.facts.last_rendered.empty();
    rendered_before = rendered ? before.facts.last_rendered : pending->rendered_before;
  }
  if (before.id) {
    IMIP_CHECK(db.execute("UPDATE object SET last_rendered = ?, pending_sha256 = ?, rendered_before = ? WHERE id = ?",
                          facts.last_rendered, pending_sha256, rendered_before, *before.id));
    IMIP_CHECK(db.execute("DELETE FROM fact WHERE object = ?", *before.id));
  } else {
    IMIP_CHECK(db.execute("INSERT INTO object (store, owner, uid, organizer, last_rendered, pending_sha256, "
                          "rendered_before) VALUES (?, ?, ?, ?, ?, ?, ?)",
                          key.store, key.owner, key.uid, key.organizer, facts.last_rendered, pending_sha256,
                          rendered_before));
  }
  const std::int64_t id = before.id ? *before.id : db.last_insert();
  IMIP_CHECK(detail::put_rows(db, "fact", "object", id, facts));
  return id;
}

}  // namespace

State::State(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
State::State(State&&) noexcept = default;
State& State::operator=(State&&) noexcept = default;
State::~State() = default;

bool State::exists(const std::filesystem::path& dir)
{
  std::error_code failed;
  return std::filesystem::exists(dir / database_name, failed);
}

Result<State> State::open(const std::filesystem::path& dir, const JournalLimits& limits)
{
  auto folder = make_private_folder(dir);
  if (!folder) {
    Error error = std::move(folder).error();
    // whoever calls for mail must keep the mail queued, not bounce it
    if (error.code != Errc::Config) error.code = Errc::TryAgain;
    return tl::unexpected<Error>(std::move(error));
  }
  const std::filesystem::path file = dir / database_name;
  IMIP_TRY(sqlite::Database db, sqlite::Database::open(file, busy_ms));
  IMIP_CHECK(require_private(file));
  IMIP_CHECK(db.run("PRAGMA synchronous = FULL"));
  IMIP_TRY(const Schema known, known_schema(db, file.native()));
  if (known != Schema::Ours) IMIP_CHECK(make_schema(db, file.native()));
  IMIP_CHECK(db.run(detail::keeping_schema));
  return State(std::make_unique<Impl>(Impl{std::move(db), limits}));
}

Result<itip::Facts> State::load(const ObjectKey& key,
                                const std::optional<std::string>& stored_sha256) const
{
  IMIP_TRY(Kept object, kept(impl_->db, key, stored_sha256));
  return std::move(object.facts);
}

Result<std::vector<std::string>> State::organizers_of(const ObjectKey& key) const
{
  IMIP_TRY(auto row, impl_->db.query("SELECT organizer FROM object WHERE store = ? AND owner = ? "
                                     "AND uid = ? AND organizer <> ? ORDER BY organizer",
                                     key.store, key.owner, key.uid, key.organizer));
  std::vector<std::string> others;
  for (;;) {
    IMIP_TRY(const bool there, row.step());
    if (!there) return others;
    others.push_back(row.text(0));
  }
}

Result<void> State::save(const ObjectKey& key, const itip::Facts& facts, const JournalEntry& entry,
                         const std::optional<Pending>& pending)
{
  sqlite::Database& db = impl_->db;
  IMIP_TRY(auto transaction, sqlite::Transaction::begin(db));
  IMIP_TRY(const Kept before, kept(db, key, pending ? pending->stored_sha256 : std::nullopt));
  IMIP_TRY(const std::int64_t object, replace(db, key, before, facts, pending));
  IMIP_CHECK(detail::add_entry(db, object, !before.id, entry, before.facts, facts, true, impl_->limits));
  return transaction.commit();
}

Result<void> State::save_retraction(const Journaled& message, const itip::Facts& facts,
                                    const JournalEntry& entry, const std::optional<Pending>& pending)
{
  sqlite::Database& db = impl_->db;
  IMIP_TRY(auto transaction, sqlite::Transaction::begin(db));
  IMIP_TRY(const Kept before, kept(db, message.key, pending ? pending->stored_sha256 : std::nullopt));
  IMIP_TRY(const std::int64_t object, replace(db, message.key, before, facts, pending));
  IMIP_CHECK(detail::add_entry(db, object, !before.id, entry, {}, facts, false, impl_->limits));
  IMIP_CHECK(db.execute("UPDATE said SET retracted = ? WHERE id = ? AND retracted IS NULL",
                        seconds(entry.at), message.said));
  // what comes again is answered again
  IMIP_CHECK(db.execute("DELETE FROM outbox WHERE part_sha256 = ? AND store = ? AND owner = ?",
                        message.entry.part_sha256, message.key.store, message.key.owner));
  // a cancelled event that lives again is not forgotten
  IMIP_CHECK(db.execute("DELETE FROM ageing WHERE object = ?", object));
  return transaction.commit();
}

Result<void> State::confirm(const ObjectKey& key)
{
  return impl_->db.execute(
      "UPDATE object SET pending_sha256 = NULL, rendered_before = NULL "
      "WHERE store = ? AND owner = ? AND uid = ? AND organizer = ?",
      key.store, key.owner, key.uid, key.organizer);
}

Result<std::int64_t> State::count_new(const std::string& signer, UtcSeconds since) const
{
  IMIP_TRY(auto row, impl_->db.query("SELECT count(*) FROM new_object WHERE signer = ? AND at >= ?",
                                     signer, seconds(since)));
  IMIP_TRY(const bool there, row.step());
  return there ? row.integer(0) : 0;
}

Result<void> State::note_new(const std::string& signer, UtcSeconds at)
{
  sqlite::Database& db = impl_->db;
  IMIP_TRY(auto transaction, sqlite::Transaction::begin(db));
  IMIP_CHECK(db.execute("DELETE FROM new_object WHERE signer = ? AND at < ?", signer,
                        seconds(at - keep_new_objects)));
  IMIP_CHECK(db.execute("INSERT INTO new_object (signer, at) VALUES (?, ?)", signer, seconds(at)));
  return transaction.commit();
}

}  // namespace imip::state
