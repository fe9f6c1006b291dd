#include "store/calendar_store.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <algorithm>
#include <cerrno>
#include <set>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/posix.hpp"
#include "store/detail/calendar_file.hpp"
#include "store/detail/folder.hpp"
#include "store/detail/index.hpp"
#include "store/detail/object_file.hpp"
#include "store/detail/replace.hpp"

namespace imip::store {
namespace {

namespace fs = std::filesystem;

/// A file as it was when we read it.
struct Found {
  std::string name;
  std::string octets;
  Stamp stamp;
};

struct Candidates {
  std::vector<Found> files;
  bool stale = false;  ///< the index named a file that does not mention the UID any more
};

/// Files that mention the UID, read: those of the index, and the names that we would give
/// ourselves, should one of these have been rewritten in place.
Result<Candidates> read_candidates(const fs::path& folder, detail::Index& index,
                                   const std::string& uid, const Limits& limits)
{
  IMIP_TRY(const auto indexed, index.files_with(uid));
  std::set<std::string> names(indexed.begin(), indexed.end());
  for (std::string& name : names_for(uid)) names.insert(std::move(name));
  Candidates found;
  for (const std::string& name : names) {
    const bool expected = std::ranges::binary_search(indexed, name);
    const auto stamp = stamp_of_file(folder / name);
    if (!stamp) {
      found.stale = found.stale || expected;
      continue;
    }
    auto octets = read_file(folder / name, limits.calendar_bytes);
    if (!octets && expected) return tl::unexpected<Error>(std::move(octets).error());
    if (octets && std::ranges::binary_search(uid_hints(*octets).uids, hint_key(uid))) {
      found.files.push_back({name, *std::move(octets), *stamp});
    } else {
      found.stale = found.stale || expected;
    }
  }
  return found;
}

/// If the index was wrong about one file it may be about others: everything is read, once.
Result<std::vector<Found>> candidates(const fs::path& folder, detail::Index& index,
                                      const std::string& uid, const Limits& limits)
{
  IMIP_TRY(Candidates found, read_candidates(folder, index, uid, limits));
  if (!found.stale) return std::move(found.files);
  index.distrust();
  IMIP_TRY(found, read_candidates(folder, index, uid, limits));
  return std::move(found.files);
}

tl::unexpected<Error> unusable(const fs::path& folder, const std::string& name,
                               const std::string& why,
                               const char* hint = "repair the file or take it out of the folder")
{
  return err(Errc::Conflict, cat((folder / name).native(), ": ", why), hint);
}

/// The file's object if it is of this UID; empty: the UID is mentioned only, say by an alarm.
Result<std::optional<itip::StoredObject>> object_in(const fs::path& folder, const Found& file,
                                                    const std::string& uid, const Limits& limits)
{
  auto parsed = ical::parse(file.octets, limits);
  if (!parsed)
    return unusable(folder, file.name,
                    cat("has this UID but does not parse: ", parsed.error().what));
  std::set<std::string> uids;
  for (const ical::Component& component : parsed->calendar.components)
    if (itip::is_scheduled(component)) uids.insert(itip::canonical_uid(component.text("UID")));
  if (!uids.contains(itip::canonical_uid(uid))) return std::optional<itip::StoredObject>();
  if (uids.size() > 1)
    return unusable(folder, file.name, cat("holds ", uids.size(), " objects: ", *uids.begin(), " and ", *uids.rbegin()),
                    "put each into a file of its own: the folder has one .ics file for each UID");
  for (const ical::ParseFinding& finding : parsed->findings)
    if (finding.fatal)
      return unusable(folder, file.name, cat("has this UID but does not parse: ", finding.text));
  return itip::StoredObject{file.octets, sha256_hex(file.octets), std::move(parsed->calendar),
                            file.name};
}

struct Judged {
  std::optional<Found> file;
  std::optional<itip::StoredObject> object;
};

/// The one file of the UID, or none.
Result<Judged> judge(const fs::path& folder, std::vector<Found> files, const std::string& uid,
                     const Limits& limits)
{
  Judged judged;
  for (Found& file : files) {
    IMIP_TRY(auto object, object_in(folder, file, uid, limits));
    if (!object) continue;
    if (judged.object)
      return err(Errc::Conflict,
                 cat(folder.native(), ": ", judged.file->name, " and ", file.name,
                     " are both of UID ", uid),
                 "take one of the two out of the folder");
    judged.object = std::move(object);
    judged.file = std::move(file);
  }
  return judged;
}

tl::unexpected<Error> changed_meanwhile(const fs::path& folder, const std::string& uid)
{
  return err(Errc::Conflict,
             cat(folder.native(), ": another program changed the object of UID ", uid, " just now"),
             "run it again");
}

/// What lies under the UID now, if it is still what was planned against.
Result<std::optional<Found>> planned_against(const fs::path& folder, std::vector<Found> files,
                                             const itip::Plan& plan, const Limits& limits)
{
  const auto& base = plan.base_sha256;
  if (files.empty()) {
    if (base) return changed_meanwhile(folder, plan.uid);
    return std::optional<Found>();
  }
  // the octets planned against were parsed then: the same octets need no parser now
  if (files.size() == 1 && base && sha256_hex(files.front().octets) == *base)
    return std::optional<Found>(std::move(files.front()));
  IMIP_TRY(Judged now, judge(folder, std::move(files), plan.uid, limits));
  const bool same = now.object ? base && now.object->sha256 == *base : !base;
  if (!same) return changed_meanwhile(folder, plan.uid);
  return std::move(now.file);
}

/// What stays of the file when the UID's components go; empty: nothing but zones, so the file may
/// go.
std::optional<std::string> rest_of(const Found& file, const std::string& uid)
{
  const auto calendar = detail::take_apart(file.octets);
  if (!calendar) return std::nullopt;
  std::string rest = detail::without_object(*calendar, uid);
  const auto left = detail::take_apart(rest);
  const bool all_zones = !left || std::ranges::all_of(left->pieces, [](const detail::Piece& piece) {
    return piece.name == "VTIMEZONE";
  });
  return all_zones ? std::nullopt : std::optional(std::move(rest));
}

/// The first name that no file has yet, not even in other letter case. @return the name
Result<std::string> add_file(const fs::path& folder, detail::Index& index, const itip::Plan& plan,
                             const std::string& wish)
{
  std::vector<std::string> names = names_for(plan.uid);
  if (!wish.empty() && wish.find('/') == std::string::npos && wish.ends_with(".ics"))
    names.insert(names.begin(), wish);
  for (const std::string& name : names) {
    struct stat info {};
    if (index.has_name(name) || ::lstat((folder / name).c_str(), &info) == 0) continue;
    IMIP_TRY(AtomicFile file, AtomicFile::create(folder / name));
    IMIP_CHECK(file.write(*plan.octets));
    IMIP_CHECK(file.commit_new());
    return name;
  }
  return err(Errc::Conflict,
             cat(folder.native(), ": every file name for UID ", plan.uid, " is taken"),
             "take the files of other UIDs under these names out of the folder");
}

/// May it take time in one of the windows? Where the index says so, there is nothing more to ask.
Result<bool> overlaps(const ical::Component& calendar, const std::vector<itip::Window>& windows, bool by_index)
{
  if (by_index) return true;
  IMIP_TRY(const auto hull, itip::busy_hull(calendar));
  return hull && std::any_of(windows.begin(), windows.end(), [&](const itip::Window& w) {
           return hull->from < w.to && hull->to > w.from;
         });
}

}  // namespace

VdirStore::VdirStore(fs::path path, fs::path state_dir, const Limits& limits)
    : path_(std::move(path)), state_dir_(std::move(state_dir)), limits_(limits)
{
  const fs::path cache =
      state_dir_.empty() ? fs::path() : state_dir_ / cat("index-", store_key(path_), ".sqlite");
  index_ = std::make_shared<detail::Index>(path_, cache, limits_);
}

Result<VdirStore> VdirStore::open(const fs::path& path, const fs::path& state_dir,
                                  const Limits& limits)
{
  std::error_code failed;
  const fs::path real = fs::canonical(path, failed);
  if (failed)
    return err(Errc::NoInput, cat(path.native(), ": ", errno_text(failed.value())),
               cat("the calendar folder must exist: mkdir -p ", path.native()));
  if (!fs::is_directory(real, failed))
    return err(Errc::NoInput, cat(path.native(), ": is not a folder"),
               "the store is a folder with one .ics file per event");
  IMIP_CHECK(detail::require_own(path));
  if (!state_dir.empty()) IMIP_CHECK(make_private_folder(state_dir));
  return VdirStore(real, state_dir, limits);
}

Result<Lock> VdirStore::lock(int timeout_ms) const
{
  return Lock::take(path_, state_dir_, timeout_ms);
}

std::string VdirStore::digest_of(const std::string& octets)
{
  return sha256_hex(octets);
}

Result<std::optional<itip::StoredObject>> VdirStore::find(const std::string& uid) const
{
  IMIP_TRY(auto files, candidates(path_, *index_, uid, limits_));
  IMIP_TRY(Judged judged, judge(path_, std::move(files), uid, limits_));
  return std::move(judged.object);
}

Result<SearchGaps> VdirStore::search(const std::vector<itip::Window>& windows,
                                     const std::function<void(const ical::Component&)>& each,
                                     std::size_t most) const
{
  if (windows.empty()) return SearchGaps{};
  IMIP_TRY(const detail::BusyFiles files, index_->busy_during(windows));
  SearchGaps gaps{files.unreadable, 0};
  std::size_t given = 0;
  for (std::size_t at = 0; at < files.names.size(); ++at) {
    if (given == most) {
      gaps.left_out = files.names.size() - at;
      break;
    }
    const std::string& name = files.names[at];
    const auto octets = read_file(path_ / name, limits_.calendar_bytes);
    if (!octets && !stamp_of_file(path_ / name)) continue;  // gone meanwhile
    const auto parsed = octets ? ical::parse(*octets, limits_) : tl::unexpected(octets.error());
    const auto may_overlap = parsed ? overlaps(parsed->calendar, windows, files.by_time)
                                    : tl::unexpected(parsed.error());
    if (!may_overlap) {
      ++gaps.unreadable;
      continue;
    }
    if (!*may_overlap) continue;
    ++given;
    each(parsed->calendar);
  }
  return gaps;
}

void VdirStore::on_indexing(IndexProgress progress) const
{
  index_->progress = std::move(progress);
}

Result<void> VdirStore::apply(const itip::Plan& plan, const Lock& lock,
                              const std::string& wish) const
{
  if (!lock.held()) return err(Errc::Internal, "the store is changed without its lock");
  if (!plan.octets && !plan.remove) return {};
  if (plan.uid.empty()) return err(Errc::Internal, "a plan without a UID");

  const FolderWatch watch(path_);
  IMIP_TRY(auto files, candidates(path_, *index_, plan.uid, limits_));
  IMIP_TRY(auto now, planned_against(path_, std::move(files), plan, limits_));
  if (!now && plan.remove) return {};
  std::string name;
  if (!now) {
    IMIP_TRY(name, add_file(path_, *index_, plan, wish));
  } else if (plan.remove) {
    name = now->name;
    const auto rest = rest_of(*now, plan.uid);
    IMIP_TRY(const bool removed, rest ? detail::replace_file(path_ / name, now->stamp, *rest)
                                      : detail::remove_file(path_ / name, now->stamp));
    if (!removed) return changed_meanwhile(path_, plan.uid);
  } else {
    name = now->name;
    IMIP_TRY(const bool replaced,
             detail::replace_file(path_ / name, now->stamp, *plan.octets));
    if (!replaced) return changed_meanwhile(path_, plan.uid);
  }
  if (index_->saw_leftovers()) detail::remove_leftovers(path_);  // looking for them alone would cost too much
  index_->note_own_change(name, watch);
  return {};
}

}  // namespace imip::store
