#include "itip/facts.hpp"

#include <tuple>
#include <utility>

namespace imip::itip {

namespace {

/// Greater wins. The digest and the content only break ties, so that two different rows never
/// compare equal: else the first to arrive would win.
auto rank(const FactRow& row)
{
  return std::tie(row.sequence, row.dtstamp, row.digest, row.content);
}

}  // namespace

bool Facts::raise(Shared<FactRow> row)
{
  auto [at, inserted] = rows_.try_emplace(Key{row->reg, row->scope, row->attendee, row->number}, row);
  if (inserted) return true;
  if (rank(row) <= rank(at->second)) return false;
  at->second = std::move(row);
  return true;
}

void Facts::merge(const Facts& other)
{
  for (const auto& [key, row] : other.rows_) raise(row);
}

const FactRow* Facts::find(const std::string& reg, const std::string& scope,
                           const std::string& attendee, std::int64_t number) const
{
  const auto at = rows_.find(Key{reg, scope, attendee, number});
  return at == rows_.end() ? nullptr : &*at->second;
}

std::vector<Shared<FactRow>> Facts::rows() const
{
  std::vector<Shared<FactRow>> out;
  out.reserve(rows_.size());
  for (const auto& [key, row] : rows_) out.push_back(row);
  return out;
}

}  // namespace imip::itip
