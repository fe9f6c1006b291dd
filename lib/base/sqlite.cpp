#include "base/sqlite.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <cerrno>

#include "base/cat.hpp"
#include "base/posix.hpp"

namespace imip::sqlite {
namespace detail {

void close(sqlite3* db) noexcept
{
  sqlite3_close_v2(db);
}
void finalize(sqlite3_stmt* statement) noexcept
{
  sqlite3_finalize(statement);
}

}  // namespace detail

namespace {

std::string file_of(sqlite3* db)
{
  const char* name = sqlite3_db_filename(db, "main");
  return name != nullptr && *name != '\0' ? name : "database";
}

tl::unexpected<Error> failure(sqlite3* db)
{
  const std::string file = file_of(db);
  const int code = sqlite3_errcode(db);
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return err(Errc::TryAgain, cat(file, ": another process holds it"), "try again");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return err(Errc::TryAgain, cat(file, ": damaged, or not a database"),
                 "restore it from a backup, or move it away and lose what it remembers");
    case SQLITE_FULL:
      return err(Errc::TryAgain, cat(file, ": no space left on device"), "free some space");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
      return err(Errc::TryAgain, cat(file, ": cannot be opened for writing"),
                 "check its owner and mode, and those of its folder");
    case SQLITE_IOERR: {
      const int number = sqlite3_system_errno(db);
      return err(Errc::TryAgain, cat(file, ": ", number != 0 ? errno_text(number) : "i/o error"));
    }
    default:
      return err(Errc::TryAgain, cat(file, ": ", sqlite3_errmsg(db)));
  }
}

/// SQLite would make it with the umask's mode.
Result<void> make_private(const std::filesystem::path& path)
{
  const Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOCTTY, S_IRUSR | S_IWUSR));
  if (!fd.ok())
    return err(Errc::TryAgain, cat(path.native(), ": ", errno_text(errno)),
               "check its owner and mode, and those of its folder");
  return {};
}

}  // namespace

Result<void> Statement::bind(int parameter, std::int64_t value)
{
  if (sqlite3_bind_int64(statement_.get(), parameter + 1, value) != SQLITE_OK) return failure(db_);
  return {};
}

Result<void> Statement::bind(int parameter, std::string_view value)
{
  // not SQLITE_STATIC: a caller's temporary may be gone at step(). An empty view may be null,
  // which SQLite would take for NULL.
  const char* data = value.data() == nullptr ? "" : value.data();
  void (*const copy)(void*) = SQLITE_TRANSIENT;  // NOLINT(performance-no-int-to-ptr): SQLite's API
  if (sqlite3_bind_text64(statement_.get(), parameter + 1, data, value.size(), copy, SQLITE_UTF8) !=
      SQLITE_OK)
    return failure(db_);
  return {};
}

Result<bool> Statement::step()
{
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failure(db_);
}

void Statement::reset()
{
  sqlite3_reset(statement_.get());
}

std::int64_t Statement::integer(int column) const
{
  return sqlite3_column_int64(statement_.get(), column);
}

std::string Statement::text(int column) const
{
  const auto* data = static_cast<const char*>(sqlite3_column_blob(statement_.get(), column));
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return data == nullptr ? std::string() : std::string(data, static_cast<std::size_t>(size));
}

bool Statement::is_null(int column) const
{
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

Result<Database> Database::open(const std::filesystem::path& path, int busy_ms)
{
  // Nobody asks how much memory SQLite has in use, and counting takes a mutex at each piece of it.
  static const int uncounted = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
  static_cast<void>(uncounted);  // misuse: somebody has begun already, and it counts
  IMIP_CHECK(make_private(path));
  sqlite3* raw = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database db(raw);
  if (raw == nullptr) return err(Errc::TryAgain, cat(path.native(), ": out of memory"));
  if (code != SQLITE_OK) return failure(raw);
  sqlite3_extended_result_codes(raw, 1);
  sqlite3_busy_timeout(raw, busy_ms);
  return db;
}

Result<void> Database::run(const char* sql)
{
  if (sqlite3_exec(db_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return failure(db_.get());
  return {};
}

Result<Statement> Database::prepare(std::string_view sql)
{
  sqlite3_stmt* raw = nullptr;
  if (sqlite3_prepare_v2(db_.get(), sql.data(), static_cast<int>(sql.size()), &raw, nullptr) !=
      SQLITE_OK)
    return failure(db_.get());
  return Statement(db_.get(), raw);
}

std::int64_t Database::last_insert() const
{
  return sqlite3_last_insert_rowid(db_.get());
}

std::int64_t Database::changes() const
{
  return sqlite3_changes64(db_.get());
}

Result<Transaction> Transaction::begin(Database& db)
{
  IMIP_CHECK(db.run("BEGIN IMMEDIATE"));
  return Transaction(&db);
}

Transaction::~Transaction()
{
  // a failed ROLLBACK leaves nothing behind either: the journal is rolled back at the next opening
  if (db_ != nullptr) static_cast<void>(db_->run("ROLLBACK"));
}

Result<void> Transaction::commit()
{
  IMIP_CHECK(db_->run("COMMIT"));
  db_ = nullptr;
  return {};
}

}  // namespace imip::sqlite
