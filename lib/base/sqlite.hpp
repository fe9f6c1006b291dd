/// @file A thin skin over SQLite: handles, bound parameters, and errors as Results.
#pragma once
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/handle.hpp"
#include "base/result.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace imip::sqlite {

namespace detail {
void close(sqlite3* db) noexcept;
void finalize(sqlite3_stmt* statement) noexcept;
}  // namespace detail

/// A prepared statement. Text may hold any octets, NUL too. Columns and parameters count from 0.
class Statement {
 public:
  Result<void> bind(int parameter, std::int64_t value);
  Result<void> bind(int parameter, std::string_view value);
  /// Nothing is NULL, as every parameter that nothing was bound to.
  template <typename Value>
  Result<void> bind(int parameter, const std::optional<Value>& value)
  {
    return value ? bind(parameter, *value) : Result<void>{};
  }
  /// To the next row; false: there is none. @errors Errc::TryAgain
  Result<bool> step();
  /// Ready to run again with other values.
  void reset();
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] bool is_null(int column) const;

 private:
  friend class Database;
  Statement(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
  sqlite3* db_ = nullptr;
  Handle<sqlite3_stmt, detail::finalize> statement_;
};

/// One connection. Every error is Errc::TryAgain: locked, damaged, unreadable, disk full; the text
/// names the file and says which.
class Database {
 public:
  /// Makes the file with mode 0600 if it is missing; waits at most `busy_ms` for other processes.
  static Result<Database> open(const std::filesystem::path& path, int busy_ms);
  Result<void> run(const char* sql);  ///< one or more statements, results ignored
  Result<Statement> prepare(std::string_view sql);
  /// prepare and bind all.
  template <typename... Values>
  Result<Statement> query(std::string_view sql, const Values&... values)
  {
    IMIP_TRY(Statement statement, prepare(sql));
    IMIP_CHECK(bind_all(statement, values...));
    return statement;
  }
  /// query, step to the end.
  template <typename... Values>
  Result<void> execute(std::string_view sql, const Values&... values)
  {
    IMIP_TRY(Statement statement, query(sql, values...));
    for (;;) {
      IMIP_TRY(const bool more, statement.step());
      if (!more) return {};
    }
  }
  [[nodiscard]] std::int64_t last_insert() const;
  /// Rows that the last INSERT, UPDATE or DELETE changed.
  [[nodiscard]] std::int64_t changes() const;

 private:
  explicit Database(sqlite3* db) : db_(db) {}
  template <typename... Values>
  static Result<void> bind_all(Statement& statement, const Values&... values)
  {
    int parameter = 0;
    Result<void> all;
    const auto one = [&](const auto& value) {
      all = statement.bind(parameter++, value);
      return bool(all);
    };
    static_cast<void>((one(values) && ...));
    return all;
  }
  Handle<sqlite3, detail::close> db_;
};

/// BEGIN IMMEDIATE until commit(); rolled back otherwise.
class Transaction {
 public:
  static Result<Transaction> begin(Database& db);
  Transaction(Transaction&& other) noexcept : db_(other.db_) { other.db_ = nullptr; }
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database* db) : db_(db) {}
  Database* db_;
};

}  // namespace imip::sqlite
