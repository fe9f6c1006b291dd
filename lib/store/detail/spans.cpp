#include "store/detail/spans.hpp"

#include <algorithm>
#include <set>

#include "base/atomic_file.hpp"
#include "ical/object.hpp"

namespace imip::store::detail {
namespace {

constexpr std::int64_t spanned = 1, takes_no_time = 2, unreadable = 3;
constexpr std::int64_t batch = 500;

struct Row {
  std::int64_t id = 0;
  std::string name;
};

Result<std::vector<Row>> unspanned(sqlite::Database& db)
{
  std::vector<Row> rows;
  IMIP_TRY(auto row, db.query("SELECT id, name FROM file WHERE busy = 0 LIMIT ?", batch));
  for (;;) {
    IMIP_TRY(const bool there, row.step());
    if (!there) return rows;
    rows.push_back({row.integer(0), row.text(1)});
  }
}

Result<std::optional<itip::Window>> span_of_file(const std::filesystem::path& path,
                                                 const Limits& limits)
{
  IMIP_TRY(const std::string octets, read_file(path, limits.calendar_bytes));
  IMIP_TRY(const ical::Parsed parsed, ical::parse(octets, limits));
  return itip::busy_hull(parsed.calendar);
}

Result<void> put(sqlite::Database& db, const Row& row,
                 const Result<std::optional<itip::Window>>& span)
{
  const std::int64_t state = !span ? unreadable : *span ? spanned : takes_no_time;
  IMIP_CHECK(db.execute("UPDATE file SET busy = ? WHERE id = ?", state, row.id));
  IMIP_CHECK(db.execute("DELETE FROM span WHERE id = ?", row.id));
  if (state != spanned) return {};
  const auto number = [](UtcSeconds t) -> std::int64_t { return t.time_since_epoch().count(); };
  return db.execute("INSERT INTO span (id, first, last) VALUES (?, ?, ?)", row.id,
                    number((*span)->from), number((*span)->to));
}

Result<std::size_t> count(sqlite::Database& db, std::string_view sql)
{
  IMIP_TRY(auto row, db.prepare(sql));
  IMIP_TRY(const bool there, row.step());
  return there ? static_cast<std::size_t>(row.integer(0)) : 0;
}

}  // namespace

Result<void> complete_spans(sqlite::Database& db, const std::filesystem::path& folder,
                            const Limits& limits, const IndexProgress& progress)
{
  IMIP_TRY(const std::size_t total, count(db, "SELECT count(*) FROM file WHERE busy = 0"));
  for (std::size_t done = 0; done < total;) {
    IMIP_TRY(auto transaction, sqlite::Transaction::begin(db));
    IMIP_TRY(const auto rows, unspanned(db));
    if (rows.empty()) break;  // another process was faster
    for (const Row& row : rows) IMIP_CHECK(put(db, row, span_of_file(folder / row.name, limits)));
    IMIP_CHECK(transaction.commit());
    done += rows.size();
    if (progress) progress(std::min(done, total), total);
  }
  return {};
}

Result<BusyFiles> files_during(sqlite::Database& db, const std::vector<itip::Window>& windows)
{
  BusyFiles out;
  std::set<std::int64_t> ids;
  IMIP_TRY(auto row, db.prepare("SELECT id FROM span WHERE first < ? AND last > ?"));
  for (const itip::Window& window : windows) {
    IMIP_CHECK(row.bind(0, window.to.time_since_epoch().count()));
    IMIP_CHECK(row.bind(1, window.from.time_since_epoch().count()));
    for (;;) {
      IMIP_TRY(const bool there, row.step());
      if (!there) break;
      ids.insert(row.integer(0));
    }
    row.reset();
  }
  IMIP_TRY(auto name, db.prepare("SELECT name FROM file WHERE id = ?"));
  for (const std::int64_t id : ids) {
    IMIP_CHECK(name.bind(0, id));
    IMIP_TRY(const bool there, name.step());
    if (there) out.names.push_back(name.text(0));
    name.reset();
  }
  std::ranges::sort(out.names);
  IMIP_TRY(out.unreadable, count(db, "SELECT count(*) FROM file WHERE busy = 3"));
  return out;
}

}  // namespace imip::store::detail
