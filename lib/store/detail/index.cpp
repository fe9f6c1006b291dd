#include "store/detail/index.hpp"

#include <dirent.h>
#include <sys/stat.h>
#include <algorithm>
#include <cerrno>
#include <unordered_map>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/file_error.hpp"
#include "base/handle.hpp"
#include "base/text.hpp"
#include "store/detail/object_file.hpp"
#include "store/detail/replace.hpp"
#include "store/detail/spans.hpp"

namespace imip::store::detail {
namespace {

constexpr int busy_ms = 2000;
constexpr std::int64_t layout = 4;  // another number makes an old cache go

constexpr const char* schema = R"(
CREATE TABLE folder (boot TEXT, device INTEGER, inode INTEGER, mtime_ns INTEGER);
CREATE TABLE file (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE,
  device INTEGER, inode INTEGER, mtime_ns INTEGER, size INTEGER, whole INTEGER,
  busy INTEGER NOT NULL, place INTEGER, first INTEGER, last INTEGER  -- spans.hpp
);
CREATE INDEX file_name ON file (name COLLATE NOCASE);
CREATE INDEX file_unfinished ON file (whole) WHERE whole = 0;
CREATE TABLE uid (uid TEXT, file INTEGER, PRIMARY KEY (uid, file)) WITHOUT ROWID;
CREATE INDEX uid_file ON uid (file);
)";

/// Names this boot of the machine. The cache is not synced to disk: after a crash of the machine
/// (never of a process) it may lie, and a new boot is how we know.
std::string boot_id()
{
  constexpr std::size_t most = 64;
  const auto id = read_file("/proc/sys/kernel/random/boot_id", most);
  return id ? std::string(text::trim(*id)) : std::string();
}

/// Every name in a folder, with the folder's descriptor. @errors Errc::NoInput, Errc::Io; those of `each`
template <typename Each>
Result<void> for_each_name(const std::filesystem::path& folder, const Each& each)
{
  const Handle<DIR, ::closedir> open(::opendir(folder.c_str()));
  if (open == nullptr) return file_error(Errc::NoInput, folder.native(), errno);
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(open.get());
    if (entry == nullptr && errno != 0)
      return err(Errc::Io, cat(folder.native(), ": ", errno_text(errno)));
    if (entry == nullptr) return {};
    IMIP_CHECK(each(::dirfd(open.get()), entry->d_name));
  }
}

Result<std::vector<std::string>> object_names(const std::filesystem::path& folder)
{
  std::vector<std::string> names;
  IMIP_CHECK(for_each_name(folder, [&](int, const char* name) -> Result<void> {
    if (is_object_name(name)) names.emplace_back(name);
    return {};
  }));
  std::ranges::sort(names);
  return names;
}

Result<void> forget(sqlite::Database& db, const std::string& name)
{
  IMIP_CHECK(db.execute("DELETE FROM uid WHERE file = (SELECT id FROM file WHERE name = ?)", name));
  return db.execute("DELETE FROM file WHERE name = ?", name);
}

/// From four columns in Stamp's order.
Stamp row_stamp(const sqlite::Statement& row, int column)
{
  return {row.integer(column), row.integer(column + 1), row.integer(column + 2),
          row.integer(column + 3)};
}

}  // namespace

Index::Index(std::filesystem::path folder, std::filesystem::path cache, const Limits& limits)
    : folder_(std::move(folder)), cache_(std::move(cache)), limits_(limits)
{
}

bool Index::open_cache()
{
  if (db_) return true;
  if (cache_.empty()) return false;
  // rollback journal, no fsync: safe against our own death; see boot_id() for the machine's
  const auto prepare = [this]() -> Result<sqlite::Database> {
    IMIP_TRY(sqlite::Database db, sqlite::Database::open(cache_, busy_ms));
    IMIP_CHECK(db.run("PRAGMA synchronous = OFF; PRAGMA journal_mode = TRUNCATE"));
    IMIP_TRY(sqlite::Statement version, db.prepare("PRAGMA user_version"));
    IMIP_TRY(const bool there, version.step());
    const bool known = there && version.integer(0) == layout;
    version.reset();
    if (known) return db;
    IMIP_TRY(auto transaction, sqlite::Transaction::begin(db));
    IMIP_CHECK(db.run(schema));
    IMIP_CHECK(db.run(span_schema));
    IMIP_CHECK(db.run(cat("PRAGMA user_version = ", layout).c_str()));
    IMIP_CHECK(transaction.commit());
    return db;
  };
  for (const bool again : {true, false}) {
    auto db = prepare();
    if (db) {
      db_.emplace(*std::move(db));
      known_.reset();
      return true;
    }
    // damaged, or of another layout: start anew, once
    if (!again || ::unlink(cache_.c_str()) != 0) break;
    ::unlink(cat(cache_.native(), "-journal").c_str());
  }
  return false;
}

Result<bool> Index::is_fresh()
{
  if (!current_) return false;
  IMIP_TRY(auto row, db_->prepare("SELECT device, inode, mtime_ns, 0, boot FROM folder"));
  IMIP_TRY(const bool there, row.step());
  if (!there) return false;
  const Stamp recorded = row_stamp(row, 0);
  return recorded == *current_ && !row.text(4).empty() && row.text(4) == boot_id();
}

Index::File Index::read(const std::string& name, const Stamp& stamp, bool with_span) const
{
  File file{name, stamp, {}, false, {}};
  // one that is too large or unreadable is not "whole": it is looked at again each time
  const auto octets = read_file(folder_ / name, limits_.calendar_bytes);
  if (!octets) return file;
  UidHints hints = uid_hints(*octets);
  file.uids = std::move(hints.uids);
  file.whole = hints.whole && !file.uids.empty();
  if (with_span) file.span = span_in(*octets, limits_);
  return file;
}

Result<void> Index::put(sqlite::Database& db, const File& file)
{
  IMIP_TRY(auto id,
           db.query("INSERT INTO file (name, device, inode, mtime_ns, size, whole, busy, place, first, last) "
                    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET "
                    "device = excluded.device, inode = excluded.inode, "
                    "mtime_ns = excluded.mtime_ns, size = excluded.size, "
                    "whole = excluded.whole, busy = excluded.busy, place = excluded.place, "
                    "first = excluded.first, last = excluded.last RETURNING id",
                    file.name, file.stamp.device, file.stamp.inode, file.stamp.mtime_ns,
                    file.stamp.size, std::int64_t{file.whole}, file.span.busy, file.span.place,
                    file.span.first, file.span.last));
  IMIP_TRY(const bool there, id.step());
  if (!there) return err(Errc::Internal, "the index lost a row just written");
  const std::int64_t number = id.integer(0);
  id.reset();
  IMIP_CHECK(db.execute("DELETE FROM uid WHERE file = ?", number));
  for (const std::string& uid : file.uids)
    IMIP_CHECK(db.execute("INSERT INTO uid (uid, file) VALUES (?, ?)", uid, number));
  return {};
}

Result<void> Index::refresh_rows(sqlite::Database& db, bool keep)
{
  std::unordered_map<std::string, Stamp> known;
  if (keep) {
    constexpr std::size_t usual = 1'000;
    known.reserve(usual);
    IMIP_TRY(auto row, db.prepare("SELECT device, inode, mtime_ns, size, name FROM file"));
    for (;;) {
      IMIP_TRY(const bool there, row.step());
      if (!there) break;
      known.emplace(row.text(4), row_stamp(row, 0));
    }
  } else {
    IMIP_CHECK(db.run("DELETE FROM uid; DELETE FROM file"));
  }
  saw_leftovers_ = false;
  std::string name;
  IMIP_CHECK(for_each_name(folder_, [&](int folder, const char* entry) -> Result<void> {
    if (!is_object_name(entry)) {
      saw_leftovers_ = saw_leftovers_ || is_leftover_name(entry);
      return {};
    }
    const auto stamp = stamp_of_file(folder, entry);
    if (!stamp) return {};  // gone since, or a folder or pipe of that name
    name = entry;
    const auto row = known.find(name);
    const bool same = row != known.end() && row->second == *stamp;
    if (row != known.end()) known.erase(row);
    return same ? Result<void>{} : put(db, read(name, *stamp));
  }));
  for (const auto& [gone, stamp] : known) IMIP_CHECK(forget(db, gone));
  return {};
}

/// The folder's stamp is taken before the listing: a change in between gives it another one, and
/// the next look lists again.
Result<void> Index::refresh()
{
  sqlite::Database& db = *db_;
  IMIP_TRY(auto transaction, sqlite::Transaction::begin(db));
  const std::string boot = boot_id();
  IMIP_TRY(auto row, db.query("SELECT 1 FROM folder WHERE boot = ? AND boot <> ''", boot));
  IMIP_TRY(const bool same_boot, row.step());
  row.reset();
  current_ = settled_stamp(folder_);
  IMIP_CHECK(refresh_rows(db, same_boot));
  IMIP_CHECK(db.run("DELETE FROM folder"));
  const Stamp stamp = current_.value_or(Stamp{});
  IMIP_CHECK(db.execute("INSERT INTO folder (boot, device, inode, mtime_ns) VALUES (?, ?, ?, ?)",
                        boot, stamp.device, stamp.inode, stamp.mtime_ns));
  return transaction.commit();
}

Result<void> Index::find_unfinished()
{
  unfinished_.clear();
  IMIP_TRY(auto row,
           db_->prepare("SELECT device, inode, mtime_ns, size, name FROM file WHERE whole = 0"));
  for (;;) {
    IMIP_TRY(const bool there, row.step());
    if (!there) return {};
    unfinished_.push_back({row.text(4), row_stamp(row, 0)});
  }
}

Result<void> Index::reread_unfinished()
{
  std::vector<File> changed;
  for (const Unfinished& file : unfinished_) {
    const auto stamp = stamp_of_file(folder_ / file.name);
    if (stamp && *stamp != file.stamp) changed.push_back(read(file.name, *stamp));
  }
  if (changed.empty()) return {};
  IMIP_TRY(auto transaction, sqlite::Transaction::begin(*db_));
  for (const File& file : changed) IMIP_CHECK(put(*db_, file));
  IMIP_CHECK(transaction.commit());
  return find_unfinished();
}

/// What the database said of a stamp of the folder stays true while the folder has it: whoever
/// changes rows for another reason than another stamp makes them no less true.
Result<void> Index::freshen()
{
  current_ = settled_stamp(folder_);
  if (!current_ || known_ != current_) {
    known_.reset();
    IMIP_TRY(const bool fresh, is_fresh());
    if (!fresh) return refresh();
    IMIP_CHECK(find_unfinished());
    known_ = current_;
  }
  return reread_unfinished();
}

Result<std::vector<std::string>> Index::lookup(const std::string& uid)
{
  IMIP_CHECK(freshen());
  IMIP_TRY(auto row, db_->query("SELECT name FROM uid JOIN file ON file.id = uid.file "
                                "WHERE uid = ? ORDER BY name",
                                hint_key(uid)));
  std::vector<std::string> names;
  for (;;) {
    IMIP_TRY(const bool there, row.step());
    if (!there) return names;
    names.push_back(row.text(0));
  }
}

Result<std::vector<std::string>> Index::read_all(const std::string& uid)
{
  IMIP_TRY(names_, object_names(folder_));
  const std::string key = hint_key(uid);
  std::vector<std::string> hits;
  for (const std::string& name : names_) {
    const auto stamp = stamp_of_file(folder_ / name);
    if (!stamp) continue;
    const File file = read(name, *stamp);
    if (std::ranges::binary_search(file.uids, key)) hits.push_back(name);
  }
  return hits;
}

Result<std::vector<std::string>> Index::files_with(const std::string& uid)
{
  current_.reset();
  if (open_cache()) {
    auto names = lookup(uid);
    if (names) return names;
    // the cache failed us, or the folder did: reading the files tells which
    db_.reset();
    current_.reset();
  }
  return read_all(uid);
}

Result<BusyFiles> Index::lookup_during(const std::vector<itip::Window>& windows)
{
  IMIP_CHECK(freshen());
  IMIP_CHECK(complete_spans(*db_, folder_, limits_, progress));
  knows_spans_ = true;
  return files_during(*db_, windows);
}

Result<BusyFiles> Index::busy_during(const std::vector<itip::Window>& windows)
{
  current_.reset();
  if (open_cache()) {
    auto files = lookup_during(windows);
    if (files) return files;
    db_.reset();
    current_.reset();
  }
  IMIP_TRY(names_, object_names(folder_));
  if (names_.size() > most_unindexed)
    return err(Errc::TooLarge, cat("the calendar has ", names_.size(), " files, and only ",
                                   most_unindexed, " are searched without an index in the state"));
  return BusyFiles{names_, 0, false};
}

bool Index::has_name(const std::string& name)
{
  if (db_) {
    auto row = db_->query("SELECT 1 FROM file WHERE name = ? COLLATE NOCASE", name);
    const auto there = row ? row->step() : Result<bool>(false);
    return there && *there;
  }
  const std::string folded = text::ascii_lower(name);
  return std::ranges::any_of(
      names_, [&](const std::string& other) { return text::ascii_lower(other) == folded; });
}

void Index::distrust()
{
  current_.reset();
  known_.reset();
  if (db_ && !db_->run("UPDATE folder SET boot = ''")) db_.reset();
}

Result<void> Index::own_change(sqlite::Database& db, const std::string& name, const Stamp& after)
{
  IMIP_TRY(auto transaction, sqlite::Transaction::begin(db));
  // the rows must still be those that we looked at: another process may have listed meanwhile
  IMIP_CHECK(db.execute("UPDATE folder SET device = ?, inode = ?, mtime_ns = ? "
                        "WHERE device = ? AND inode = ? AND mtime_ns = ?",
                        after.device, after.inode, after.mtime_ns, current_->device, current_->inode,
                        current_->mtime_ns));
  if (db.changes() != 1) return {};
  bool whole = true;
  if (const auto stamp = stamp_of_file(folder_ / name)) {
    const File file = read(name, *stamp, knows_spans_);
    IMIP_CHECK(put(db, file));
    whole = file.whole;
  } else {
    IMIP_CHECK(forget(db, name));
  }
  IMIP_CHECK(transaction.commit());
  if (known_ == current_ && whole) known_ = after;
  return {};
}

void Index::note_own_change(const std::string& name, const FolderWatch& watch)
{
  if (!db_ || !current_) return;
  // the order matters: what comes before the stamp is seen by the watch, what comes after it by
  // the stamp's being another
  const auto after = settled_stamp(folder_);
  if (!after || !watch.saw_only(name)) return;
  // a failure costs time, not truth: the recorded stamp is the one before our change
  static_cast<void>(own_change(*db_, name, *after));
}

}  // namespace imip::store::detail
