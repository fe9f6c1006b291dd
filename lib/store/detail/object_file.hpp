/// @file One file of a vdir: which UIDs it may hold, and what a new one is called.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace imip::store {

/// UIDs that a file mentions, found without parsing it.
struct UidHints {
  /// Unescaped and trimmed, sorted, each once. All that a parser would find, and perhaps more (an
  /// alarm has a UID as well), so whoever finds a file by a hint must parse it before believing.
  std::vector<std::string> uids;
  bool whole = false;  ///< ends with END:VCALENDAR: nobody is in the middle of writing it
};
[[nodiscard]] UidHints uid_hints(std::string_view octets);
/// The form in which hints are compared.
[[nodiscard]] std::string hint_key(std::string_view uid);

/// Names for a new file, best first: "UID.ics" if every program and file system can carry that
/// name (vdirsyncer: only A-Za-z0-9_.-+), then one made of the UID's SHA-256.
[[nodiscard]] std::vector<std::string> names_for(std::string_view uid);

}  // namespace imip::store
