#include "store/calendar_store.hpp"

namespace imip::store {

Result<CalendarStore> CalendarStore::open(const std::filesystem::path& path,
                                          const std::filesystem::path& state_dir, const Limits& limits)
{
  std::error_code failed;
  const bool is_file = std::filesystem::is_regular_file(path, failed);
  const bool named_so = path.extension() == ".ics" && !std::filesystem::is_directory(path, failed);
  if (is_file || named_so) {
    IMIP_TRY(FileStore file, FileStore::open(path, state_dir, limits));
    return CalendarStore(Any(std::move(file)));
  }
  IMIP_TRY(VdirStore folder, VdirStore::open(path, state_dir, limits));
  return CalendarStore(Any(std::move(folder)));
}

Result<Lock> CalendarStore::lock(int timeout_ms) const
{
  return std::visit([&](const auto& store) { return store.lock(timeout_ms); }, any_);
}

Result<std::optional<itip::StoredObject>> CalendarStore::find(const std::string& uid) const
{
  return std::visit([&](const auto& store) { return store.find(uid); }, any_);
}

Result<void> CalendarStore::apply(const itip::Plan& plan, const Lock& lock,
                                  const std::string& wish) const
{
  return std::visit([&](const auto& store) { return store.apply(plan, lock, wish); }, any_);
}

Result<SearchGaps> CalendarStore::search(const std::vector<itip::Window>& windows,
                                         const std::function<void(const ical::Component&)>& each,
                                         std::size_t most) const
{
  return std::visit([&](const auto& store) { return store.search(windows, each, most); }, any_);
}

void CalendarStore::on_indexing(IndexProgress progress) const
{
  std::visit([&](const auto& store) { store.on_indexing(progress); }, any_);
}

std::string CalendarStore::digest_of(const std::string& octets) const
{
  return std::visit([&](const auto& store) { return store.digest_of(octets); }, any_);
}

const std::filesystem::path& CalendarStore::path() const
{
  return std::visit([](const auto& store) -> const std::filesystem::path& { return store.path(); }, any_);
}

}  // namespace imip::store
