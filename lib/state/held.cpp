#include "state/held.hpp"

#include <chrono>

#include "base/cat.hpp"
#include "state/detail/impl.hpp"

namespace imip::state {

namespace {

std::int64_t seconds(UtcSeconds t)
{
  return t.time_since_epoch().count();
}

Result<std::int64_t> count(Result<sqlite::Statement> row)
{
  if (!row) return tl::unexpected<Error>(std::move(row).error());
  IMIP_TRY(const bool there, row->step());
  return there ? row->integer(0) : 0;
}

constexpr const char* columns = "id, received, input, octets, part_sha256, signer, consented";
constexpr int after_columns = 7;

HeldMessage message_in(sqlite::Statement& row)
{
  HeldMessage one;
  one.id = row.integer(0);
  one.received = UtcSeconds{std::chrono::seconds{row.integer(1)}};
  int column = 2;
  for (std::string* text : {&one.input, &one.octets, &one.part_sha256, &one.signer, &one.consented})
    *text = row.text(column++);
  return one;
}

/// So many at a time that a mail filter does not time out; the rest goes the next day.
constexpr const char* forgotten = "(SELECT object FROM ageing WHERE forget_after < ? ORDER BY forget_after LIMIT 1000)";

/// Is a day over since this ran last?
Result<bool> is_due(sqlite::Database& db, UtcSeconds now)
{
  IMIP_TRY(auto row, db.prepare("SELECT at FROM aged"));
  IMIP_TRY(const bool there, row.step());
  if (!there) return true;
  const UtcSeconds last{std::chrono::seconds{row.integer(0)}};
  return now < last || now - last >= std::chrono::days{1};
}

}  // namespace

Result<void> State::hold(const ObjectKey& key, const HeldMessage& message)
{
  return impl_->db.execute(
      "INSERT INTO held (store, owner, uid, organizer, received, input, octets, part_sha256, signer, consented) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
      key.store, key.owner, key.uid, key.organizer, seconds(message.received), message.input, message.octets,
      message.part_sha256, message.signer, message.consented);
}

Result<std::vector<HeldMessage>> State::held(const ObjectKey& key) const
{
  IMIP_TRY(auto row, impl_->db.query(cat("SELECT ", columns, " FROM held WHERE store = ? AND owner = ? AND uid = ? "
                                         "AND organizer = ? ORDER BY id"),
                                     key.store, key.owner, key.uid, key.organizer));
  std::vector<HeldMessage> out;
  for (;;) {
    IMIP_TRY(const bool there, row.step());
    if (!there) return out;
    out.push_back(message_in(row));
  }
}

Result<std::vector<Waiting>> State::waiting(const std::string& store, const std::string& owner,
                                            const std::string& text, const std::string& digest) const
{
  IMIP_TRY(auto row, impl_->db.query(cat("SELECT ", columns, ", uid, organizer FROM held WHERE store = ? AND owner = ? "
                                         "AND instr(CAST(octets AS BLOB), CAST(? AS BLOB)) > 0 "
                                         "AND substr(part_sha256, 1, length(?4)) = ?4 ORDER BY id"),
                                     store, owner, text, digest));
  std::vector<Waiting> out;
  for (;;) {
    IMIP_TRY(const bool there, row.step());
    if (!there) return out;
    HeldMessage message = message_in(row);
    out.push_back({{store, owner, row.text(after_columns), row.text(after_columns + 1)}, std::move(message)});
  }
}

Result<std::int64_t> State::count_held(const std::string& signer) const
{
  return count(impl_->db.query("SELECT count(*) FROM held WHERE signer = ?", signer));
}

Result<void> State::drop_held(std::int64_t id)
{
  return impl_->db.execute("DELETE FROM held WHERE id = ?", id);
}

Result<void> State::set_forget_after(const ObjectKey& key, const std::optional<UtcSeconds>& when)
{
  sqlite::Database& db = impl_->db;
  if (!when)
    return db.execute("DELETE FROM ageing WHERE object = (SELECT id FROM object WHERE store = ? AND owner = ? "
                      "AND uid = ? AND organizer = ?)",
                      key.store, key.owner, key.uid, key.organizer);
  return db.execute("INSERT INTO ageing (forget_after, object) SELECT ?, id FROM object WHERE store = ? AND owner = ? "
                    "AND uid = ? AND organizer = ? ON CONFLICT DO UPDATE SET forget_after = excluded.forget_after",
                    seconds(*when), key.store, key.owner, key.uid, key.organizer);
}

Result<void> State::age(UtcSeconds now, std::chrono::days held)
{
  sqlite::Database& db = impl_->db;
  IMIP_TRY(const bool due, is_due(db, now));
  if (!due) return {};
  IMIP_TRY(auto transaction, sqlite::Transaction::begin(db));
  IMIP_CHECK(db.run("DELETE FROM aged"));
  IMIP_CHECK(db.execute("INSERT INTO aged (at) VALUES (?)", seconds(now)));
  IMIP_CHECK(db.execute("DELETE FROM held WHERE received < ?", seconds(now - held)));
  IMIP_CHECK(db.execute("DELETE FROM outbox WHERE at < ?", seconds(now - impl_->limits.age)));
  IMIP_CHECK(db.execute(cat("DELETE FROM said_fact WHERE said IN (SELECT id FROM said WHERE object IN ",
                            forgotten, ")"),
                        seconds(now)));
  for (const char* rows :
       {"said WHERE object IN ", "fact WHERE object IN ", "journal WHERE object IN ",
        "removed WHERE object IN ", "object WHERE id IN ", "ageing WHERE object IN "})
    IMIP_CHECK(db.execute(cat("DELETE FROM ", rows, forgotten), seconds(now)));
  return transaction.commit();
}

}  // namespace imip::state
