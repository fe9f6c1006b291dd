#include "store/detail/spans.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>

#include "base/atomic_file.hpp"
#include "ical/object.hpp"

namespace imip::store::detail {
namespace {

constexpr std::int64_t spanned = 1, takes_no_time = 2, unreadable = 3;
constexpr std::int64_t batch = 500;

// Lengths by powers of sixteen: up to 12 days, as an hour's event with its margins, 194 days, 8.5
// years, 136 years, ...
constexpr int classes = 6, first_bits = 20, class_bits = 4;
/// So many stretches are looked up one by one; for more, all spans are looked at.
constexpr std::size_t most_stretches = 2'000;

std::int64_t number(UtcSeconds t)
{
  return t.time_since_epoch().count();
}

/// The stretch of time of that class, numbered from 1970.
std::int64_t stretch_of(std::int64_t t, int length_class)
{
  return t >> (first_bits + class_bits * length_class);
}

std::int64_t place_of(std::int64_t stretch, int length_class)
{
  constexpr int bits = 40;
  return (std::int64_t{length_class} << bits) + stretch;
}

BusySpan span_between(std::int64_t first, std::int64_t last)
{
  int c = 0;
  while (c + 1 < classes && stretch_of(last - first, c) > 0) ++c;
  return {spanned, place_of(stretch_of(first, c), c), first, last};
}

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
  return octets ? span_in(*octets, limits) : BusySpan{unreadable, {}, {}, {}};
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
  if (!hull) return {unreadable, {}, {}, {}};
  if (!*hull) return {takes_no_time, {}, {}, {}};
  return span_between(number((*hull)->from), number((*hull)->to));
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
      IMIP_CHECK(db.execute("UPDATE file SET busy = ?, place = ?, first = ?, last = ? WHERE id = ?", span.busy,
                            span.place, span.first, span.last, row.id));
    }
    IMIP_CHECK(transaction.commit());
    done += rows.size();
    if (progress) progress(std::min(done, total), total);
  }
  return {};
}

namespace {

/// Windows that can be asked whether a span overlaps one of them.
class Windows {
 public:
  explicit Windows(std::vector<itip::Window> windows) : windows_(std::move(windows))
  {
    std::ranges::sort(windows_, {}, &itip::Window::from);
    for (const itip::Window& w : windows_) ends_.push_back(ends_.empty() ? w.to : std::max(ends_.back(), w.to));
  }

  [[nodiscard]] bool overlap(std::int64_t first, std::int64_t last) const
  {
    const UtcSeconds end{std::chrono::seconds{last}};
    const auto later = std::ranges::lower_bound(windows_, end, {}, &itip::Window::from);
    return later != windows_.begin() && number(ends_[static_cast<std::size_t>(later - windows_.begin()) - 1]) > first;
  }

  /// The places of which spans may overlap a window, each with the first moment of those windows, before which its
  /// spans need not be looked at; nothing: too many.
  [[nodiscard]] std::optional<std::map<std::int64_t, std::int64_t>> places() const
  {
    std::map<std::int64_t, std::int64_t> out;
    for (int c = 0; c < classes; ++c) {
      for (const itip::Window& w : windows_) {
        const std::int64_t begin = stretch_of(number(w.from), c) - 1;
        const std::int64_t end = stretch_of(number(w.to), c);
        if (end - begin > std::int64_t{most_stretches} || out.size() > most_stretches) return std::nullopt;
        for (std::int64_t at = begin; at <= end; ++at) out.try_emplace(place_of(at, c), number(w.from));
      }
    }
    return out;
  }

 private:
  std::vector<itip::Window> windows_;  // by their beginning
  std::vector<UtcSeconds> ends_;       // the latest of all up to here
};

/// Names of the rows, (name, first, last), that overlap.
Result<void> collect(sqlite::Statement& row, const Windows& windows, std::vector<std::string>& into)
{
  for (;;) {
    IMIP_TRY(const bool there, row.step());
    if (!there) break;
    if (windows.overlap(row.integer(1), row.integer(2))) into.push_back(row.text(0));
  }
  row.reset();
  return {};
}

Result<void> collect_all(sqlite::Database& db, const Windows& windows, std::vector<std::string>& into)
{
  IMIP_TRY(auto row, db.prepare("SELECT name, first, last FROM file WHERE place IS NOT NULL"));
  return collect(row, windows, into);
}

}  // namespace

Result<BusyFiles> files_during(sqlite::Database& db, const std::vector<itip::Window>& list)
{
  BusyFiles out;
  const Windows windows(list);
  if (const auto places = windows.places()) {
    IMIP_TRY(auto row, db.prepare("SELECT name, first, last FROM file WHERE place = ? AND last > ?"));
    for (const auto& [place, from] : *places) {
      IMIP_CHECK(row.bind(0, place));
      IMIP_CHECK(row.bind(1, from));
      IMIP_CHECK(collect(row, windows, out.names));
    }
  } else {
    IMIP_CHECK(collect_all(db, windows, out.names));
  }
  std::ranges::sort(out.names);
  IMIP_TRY(out.unreadable, count(db, "SELECT count(*) FROM file WHERE busy = 3"));
  return out;
}

}  // namespace imip::store::detail
