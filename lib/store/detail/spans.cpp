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

BusySpan span_of_file(const std::filesystem::path& path, const Limits& limits)
{
  const auto octets = read_file(path, limits.calendar_bytes);
  return octets ? span_in(*octets, limits) : BusySpan{unreadable, {}};
}

Result<std::size_t> count(sqlite::Database& db, std::string_view sql)
{
  IMIP_TRY(auto row, db.prepare(sql));
  IMIP_TRY(const bool there, row.step());
  return there ? static_cast<std::size_t>(row.integer(0)) : 0;
}

Result<std::optional<itip::Window>> hull_in(std::string_view octets, const Limits& limits)
{
  IMIP_TRY(const ical::Parsed parsed, ical::parse(octets, limits));
  return itip::busy_hull(parsed.calendar);
}

}  // namespace

BusySpan span_in(std::string_view octets, const Limits& limits)
{
  const auto hull = hull_in(octets, limits);
  if (!hull) return {unreadable, {}};
  return *hull ? BusySpan{spanned, **hull} : BusySpan{takes_no_time, {}};
}

Result<void> put_span(sqlite::Database& db, std::int64_t file, const BusySpan& span)
{
  if (span.state != spanned) return db.execute("DELETE FROM span WHERE id = ?", file);
  const auto number = [](UtcSeconds t) -> std::int64_t { return t.time_since_epoch().count(); };
  return db.execute("INSERT OR REPLACE INTO span (id, first, last) VALUES (?, ?, ?)", file,
                    number(span.window.from), number(span.window.to));
}

Result<void> complete_spans(sqlite::Database& db, const std::filesystem::path& folder,
                            const Limits& limits, const IndexProgress& progress)
{
  IMIP_TRY(const std::size_t total, count(db, "SELECT count(*) FROM file WHERE busy = 0"));
  for (std::size_t done = 0; done < total;) {
    IMIP_TRY(auto transaction, sqlite::Transaction::begin(db));
    IMIP_TRY(const auto rows, unspanned(db));
    if (rows.empty()) break;  // another process was faster
    for (const Row& row : rows) {
      const BusySpan span = span_of_file(folder / row.name, limits);
      IMIP_CHECK(db.execute("UPDATE file SET busy = ? WHERE id = ?", span.state, row.id));
      IMIP_CHECK(put_span(db, row.id, span));
    }
    IMIP_CHECK(transaction.commit());
    done += rows.size();
    if (progress) progress(std::min(done, total), total);
  }
  return {};
}

Result<BusyFiles> files_during(sqlite::Database& db, const std::vector<itip::Window>& windows)
{
  BusyFiles out;
  std::set<std::string> names;  // some in several windows
  IMIP_TRY(auto row, db.prepare("SELECT name FROM span JOIN file ON file.id = span.id "
                                "WHERE first < ? AND last > ?"));
  for (const itip::Window& window : windows) {
    IMIP_CHECK(row.bind(0, window.to.time_since_epoch().count()));
    IMIP_CHECK(row.bind(1, window.from.time_since_epoch().count()));
    for (;;) {
      IMIP_TRY(const bool there, row.step());
      if (!there) break;
      names.insert(row.text(0));
    }
    row.reset();
  }
  out.names.assign(names.begin(), names.end());
  IMIP_TRY(out.unreadable, count(db, "SELECT count(*) FROM file WHERE busy = 3"));
  return out;
}

}  // namespace imip::store::detail
