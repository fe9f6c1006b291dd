/// @file A file with one VCALENDAR and many UIDs, taken apart by octets, so that what is not asked to change
/// stays as it is.
#pragma once
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "itip/plan.hpp"

namespace imip::store::detail {

/// A component of the VCALENDAR, from its BEGIN line to the end of its END line.
struct Piece {
  std::size_t offset = 0, size = 0;  ///< octets
  std::string name;                  ///< "VEVENT", upper case
  std::string uid;                   ///< unescaped and trimmed; may be empty
  std::string tzid;                  ///< of a VTIMEZONE
};

struct CalendarFile {
  std::string_view octets;  ///< as given
  std::vector<Piece> pieces;
  std::size_t end = 0;      ///< where the line END:VCALENDAR begins
  bool lf = false;          ///< its first line ends with LF and not with CRLF
  bool empty = false;       ///< nothing but blanks: a calendar yet to be made
};

/// Lines are looked at, not parsed: what lies between BEGIN and END may be anything.
/// @param octets  must outlive the result
/// @errors Errc::BadCalendar (no VCALENDAR, two, one that does not end, END without BEGIN, NUL)
Result<CalendarFile> take_apart(std::string_view octets);

/// The object of that UID with the VTIMEZONEs that it uses, as it would lie in a file of its own: CRLF, our
/// PRODID, and TZIDs as they were before put_object() renamed them. Empty: the file has none.
/// @errors as ical::parse
Result<std::optional<itip::StoredObject>> object_of(const CalendarFile& file, const std::string& uid,
                                                    const Limits& limits);

/// The same for every UID of the file.
void for_each_object(const CalendarFile& file, const Limits& limits,
                     const std::function<void(Result<std::optional<itip::StoredObject>>)>& each);

/// What tells one state of an object from another: its components, without zones and line ends.
/// @param octets  a VCALENDAR with that object only
[[nodiscard]] std::string object_digest(const std::string& octets);

/// The file with the UID's components replaced by those of `object`, in the place of the first, or before the
/// end; VTIMEZONEs are added where the file has none of that name, under a fresh name where its own says other
/// times. All other octets stay.
Result<std::string> put_object(const CalendarFile& file, const std::string& uid,
                               const std::string& object, const Limits& limits);
/// The file without the UID's components. VTIMEZONEs stay.
[[nodiscard]] std::string without_object(const CalendarFile& file, const std::string& uid);

}  // namespace imip::store::detail
