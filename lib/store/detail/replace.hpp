/// @file Putting a new file in the place of one that was read, if it is that one still.
#pragma once
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/atomic_file.hpp"
#include "base/result.hpp"
#include "store/detail/folder.hpp"

namespace imip::store::detail {

/// Has another program the file open for writing? Empty: that cannot be told here (not our file, or a file
/// system without leases).
[[nodiscard]] std::optional<bool> is_being_written(const std::filesystem::path& path);

/// Keeps mode, owner (where we are root) and group of the file. @return false: the file is another by now, or is being written, and is left
/// alone
/// @param read  the stamp of the file when it was read
/// @errors Errc::Permission, Errc::CannotCreate, Errc::Io
Result<bool> replace_file(const std::filesystem::path& path, const Stamp& read, std::string_view octets);

/// Takes the file away, if it is that one still. @return false: it is another by now, and stays
/// @errors Errc::Permission, Errc::CannotCreate, Errc::Io
Result<bool> remove_file(const std::filesystem::path& path, const Stamp& read);

/// require_private(), which says to root whose calendar it is: in a folder that a user may rename and link as she
/// likes root must not write, not even to give her the file afterwards.
/// @errors Errc::Config, Errc::NoInput
Result<void> require_own(const std::filesystem::path& store);

/// Is it the name of what a killed run, or one that is at work now, has left beside a calendar file?
[[nodiscard]] bool is_leftover_name(std::string_view entry);
/// Takes away what killed runs left in the folder: ".NAME.XXXXXX.tmp" of an hour ago or more, NAME
/// being `name` or, if that is empty, any calendar file's. What is not what NAME holds becomes
/// ".NAME.XXXXXX.kept".
void remove_leftovers(const std::filesystem::path& folder, const std::string& name = {});

}  // namespace imip::store::detail
