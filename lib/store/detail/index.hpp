/// @file Which files of a vdir mention a UID, and which may hold events at some time, without reading
/// them all each time.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "base/sqlite.hpp"
#include "store/detail/folder.hpp"
#include "store/detail/spans.hpp"

namespace imip::store::detail {

/// A cache in the state folder: file name -> (stamp, UIDs), and the folder's stamp at that time.
///
/// Names do not follow from UIDs, so "no file has this UID" can only be said of all files. Coming,
/// going and replacing by rename (what vdir programs do) changes the folder's own stamp: while that
/// is the one recorded, the rows hold for every file; else the folder is listed again and only
/// files whose stamp changed are read. What the folder's stamp does not show is a file rewritten in
/// place. Its UID hardly ever changes by that; where a file is not a whole object yet (somebody
/// copies it in) its own stamp is looked at each time, and what is found is read before it counts.
///
/// The cache may be lost, damaged or read-only at any time: then every file is read.
class Index {
 public:
  /// @param cache  the database; empty: none, read every file each time
  Index(std::filesystem::path folder, std::filesystem::path cache, const Limits& limits);

  /// Files that may hold the UID, sorted. @errors Errc::Io, Errc::NoInput (the folder went)
  Result<std::vector<std::string>> files_with(const std::string& uid);
  /// Files whose events may take time in one of the windows. When they do is found out for new and
  /// changed files now; without a cache it is all files that are asked about.
  /// @errors Errc::Io, Errc::NoInput; Errc::TooLarge: no cache, and more than most_unindexed files
  Result<BusyFiles> busy_during(const std::vector<itip::Window>& windows);
  static constexpr std::size_t most_unindexed = 10'000;
  IndexProgress progress;  ///< told of work that takes long; may be empty
  /// Does a file have this name, ASCII case ignored (a name that some file system could not hold
  /// beside it)? After files_with().
  [[nodiscard]] bool has_name(const std::string& name);
  /// A hit did not hold the UID any more: read everything at the next files_with().
  void distrust();
  /// Did this process list the folder, and see what runs that were killed may have left there?
  [[nodiscard]] bool saw_leftovers() const { return saw_leftovers_; }
  /// We have written or removed file `name`, and `watch`, which is older than the last
  /// files_with(), knows whether somebody else changed something as well.
  void note_own_change(const std::string& name, const FolderWatch& watch);

 private:
  struct File {
    std::string name;
    Stamp stamp;
    std::vector<std::string> uids;
    bool whole = false;
    BusySpan span;  ///< not looked at, but where read() is asked to
  };
  /// A file that was no whole object when it was read.
  struct Unfinished {
    std::string name;
    Stamp stamp;
  };
  bool open_cache();
  Result<bool> is_fresh();
  Result<void> freshen();
  Result<void> refresh();
  Result<void> refresh_rows(sqlite::Database& db, bool keep);
  Result<void> put(sqlite::Database& db, const File& file);
  Result<void> find_unfinished();
  Result<void> reread_unfinished();
  Result<void> own_change(sqlite::Database& db, const std::string& name, const Stamp& after);
  Result<std::vector<std::string>> lookup(const std::string& uid);
  Result<BusyFiles> lookup_during(const std::vector<itip::Window>& windows);
  Result<std::vector<std::string>> read_all(const std::string& uid);
  [[nodiscard]] File read(const std::string& name, const Stamp& stamp, bool with_span = false) const;

  std::filesystem::path folder_, cache_;
  Limits limits_;
  std::optional<sqlite::Database> db_;
  std::optional<Stamp> current_;    ///< the folder's stamp for which the rows hold
  std::optional<Stamp> known_;      ///< the last such stamp that the database was asked about
  std::vector<Unfinished> unfinished_;  ///< at that stamp
  bool saw_leftovers_ = false;
  bool knows_spans_ = false;  ///< this process has completed them: its own changes are to keep them so
  std::vector<std::string> names_;  ///< of the last listing, where there is no cache
};

}  // namespace imip::store::detail
