#include <sys/stat.h>
#include <algorithm>
#include <cerrno>
#include <chrono>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/posix.hpp"
#include "store/calendar_store.hpp"
#include "store/detail/calendar_file.hpp"
#include "store/detail/folder.hpp"
#include "store/detail/replace.hpp"

namespace imip::store {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t largest_file = 268'435'456;  ///< octets; it is held in memory twice
constexpr int attempts = 5;

struct Read {
  std::string octets;
  Stamp stamp;
};

tl::unexpected<Error> busy(const fs::path& path)
{
  return err(Errc::Conflict, cat(path.native(), ": another program is writing it"), "try again");
}

/// A file that was emptied this very moment is about to be filled by whoever did that.
bool may_be_half_written(const fs::path& path)
{
  if (const auto written = detail::is_being_written(path)) return *written;
  struct stat info {};
  constexpr std::time_t moment = 2;  // seconds
  return ::stat(path.c_str(), &info) != 0 || ::time(nullptr) - info.st_mtime <= moment;
}

/// The file as it is at one moment.
Result<Read> read_now(const fs::path& path)
{
  for (int tries = 0; tries < attempts; ++tries) {
    const auto before = stamp_of_file(path);
    IMIP_TRY(std::string octets, read_file(path, largest_file));
    if (!before || stamp_of_file(path) != before) continue;
    if (octets.empty() && may_be_half_written(path)) return busy(path);
    return Read{std::move(octets), *before};
  }
  return busy(path);
}

tl::unexpected<Error> unusable(const fs::path& path, const std::string& why)
{
  return err(Errc::Conflict, cat(path.native(), ": cannot be used as a calendar: ", why), "repair the file");
}

Result<std::optional<itip::StoredObject>> object_in(const fs::path& path, const Read& file,
                                                    const std::string& uid, const Limits& limits)
{
  const auto calendar = detail::take_apart(file.octets);
  if (!calendar) return unusable(path, calendar.error().what);
  auto object = detail::object_of(*calendar, uid, limits);
  if (!object) return unusable(path, cat("the object of UID ", uid, " does not parse: ", object.error().what));
  return object;
}

}  // namespace

FileStore::FileStore(fs::path path, fs::path state_dir, const Limits& limits)
    : path_(std::move(path)), state_dir_(std::move(state_dir)), limits_(limits)
{
}

Result<FileStore> FileStore::open(const fs::path& path, const fs::path& state_dir, const Limits& limits)
{
  std::error_code failed;
  const fs::path real = fs::canonical(path, failed);
  if (failed)
    return err(Errc::NoInput, cat(path.native(), ": ", errno_text(failed.value())),
               cat("the calendar file must exist, and may be empty: touch ", path.native()));
  if (!fs::is_regular_file(real, failed))
    return err(Errc::NoInput, cat(path.native(), ": is no regular file"));
  IMIP_CHECK(detail::require_own(path));
  if (!state_dir.empty()) IMIP_CHECK(make_private_folder(state_dir));
  return FileStore(real, state_dir, limits);
}

Result<Lock> FileStore::lock(int timeout_ms) const
{
  return Lock::take(path_, state_dir_, timeout_ms);
}

Result<std::optional<itip::StoredObject>> FileStore::find(const std::string& uid) const
{
  IMIP_TRY(const Read file, read_now(path_));
  return object_in(path_, file, uid, limits_);
}

Result<SearchGaps> FileStore::search(const std::vector<itip::Window>& windows,
                                     const std::function<void(const ical::Component&)>& each,
                                     std::size_t most) const
{
  SearchGaps gaps;
  if (windows.empty()) return gaps;
  IMIP_TRY(const Read file, read_now(path_));
  const auto calendar = detail::take_apart(file.octets);
  if (!calendar) return unusable(path_, calendar.error().what);
  if (calendar->pieces.size() > most_searched)
    return err(Errc::TooLarge, cat(path_.native(), ": more than ", most_searched, " events in one file"),
               "a vdir is searched faster");
  std::size_t given = 0;
  detail::for_each_object(*calendar, limits_, [&](auto object) {
    const auto hull = object && *object ? itip::busy_hull((*object)->calendar)
                                        : Result<std::optional<itip::Window>>(err(Errc::BadCalendar, ""));
    if (!hull) {
      ++gaps.unreadable;
      return;
    }
    const auto overlaps = [&](const itip::Window& w) {
      return *hull && (*hull)->from < w.to && (*hull)->to > w.from;
    };
    if (std::none_of(windows.begin(), windows.end(), overlaps)) return;
    if (given == most) {
      ++gaps.left_out;
      return;
    }
    ++given;
    each((*object)->calendar);
  });
  return gaps;
}

std::string FileStore::digest_of(const std::string& octets)
{
  return detail::object_digest(octets);
}

Result<void> FileStore::apply(const itip::Plan& plan, const Lock& lock,
                              const std::string& /*wish*/) const
{
  if (!lock.held()) return err(Errc::Internal, "the store is changed without its lock");
  if (!plan.octets && !plan.remove) return {};
  if (plan.uid.empty()) return err(Errc::Internal, "a plan without a UID");
  for (int tries = 0; tries < attempts; ++tries) {
    IMIP_TRY(const Read file, read_now(path_));
    IMIP_TRY(const auto now, object_in(path_, file, plan.uid, limits_));
    const bool same = now ? plan.base_sha256 && *plan.base_sha256 == now->sha256 : !plan.base_sha256;
    if (!same)
      return err(Errc::Conflict,
                 cat(path_.native(), ": another program changed the object of UID ", plan.uid, " just now"),
                 "run it again");
    if (!now && plan.remove) return {};
    IMIP_TRY(const detail::CalendarFile calendar, detail::take_apart(file.octets));
    std::string octets;
    if (plan.remove) {
      octets = detail::without_object(calendar, plan.uid);
    } else {
      IMIP_TRY(octets, detail::put_object(calendar, plan.uid, *plan.octets, limits_));
    }
    // what others wrote meanwhile, about other objects, is read and kept
    IMIP_TRY(const bool replaced, detail::replace_file(path_, file.stamp, octets));
    if (!replaced) continue;
    detail::remove_leftovers(path_.parent_path(), path_.filename().native());
    return {};
  }
  return busy(path_);
}

}  // namespace imip::store
