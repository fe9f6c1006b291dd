#include "store/detail/calendar_file.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "ical/object.hpp"
#include "store/detail/object_file.hpp"
#include "store/detail/zone_names.hpp"

namespace imip::store::detail {
namespace {

/// The lines of a text, where they begin, and with folding undone where somebody asks.
class Lines {
 public:
  explicit Lines(std::string_view octets) : octets_(octets) {}

  /// To the next content line; false: there is none.
  bool next()
  {
    begin_ = end_;
    if (begin_ >= octets_.size()) return false;
    first_ = line_end(begin_);
    end_ = first_;
    while (end_ < octets_.size() && (octets_[end_] == ' ' || octets_[end_] == '\t'))
      end_ = line_end(end_);
    return true;
  }
  [[nodiscard]] std::size_t begin() const { return begin_; }
  [[nodiscard]] std::size_t end() const { return end_; }
  [[nodiscard]] bool ends_with_lf_only() const
  {
    return first_ >= 1 && octets_[first_ - 1] == '\n' && (first_ < 2 || octets_[first_ - 2] != '\r');
  }
  /// The whole line, unfolded, without its end.
  [[nodiscard]] std::string text() const
  {
    std::string out(without_end(octets_.substr(begin_, first_ - begin_)));
    for (std::size_t at = first_; at < end_;) {
      const std::size_t to = line_end(at);
      out += without_end(octets_.substr(at + 1, to - at - 1));
      at = to;
    }
    return out;
  }
  /// Could the line's name be one of those that matter here? Of a folded one nobody knows yet.
  [[nodiscard]] bool may_matter() const
  {
    const char c = octets_[begin_];
    return c == 'B' || c == 'b' || c == 'E' || c == 'e' || c == 'U' || c == 'u' || c == 'T' || c == 't';
  }

 private:
  [[nodiscard]] std::size_t line_end(std::size_t from) const
  {
    const std::size_t at = octets_.find('\n', from);
    return at == std::string_view::npos ? octets_.size() : at + 1;
  }
  static std::string_view without_end(std::string_view line)
  {
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }

  std::string_view octets_;
  std::size_t begin_ = 0, first_ = 0, end_ = 0;
};

/// "VEVENT" of "BEGIN:vevent"; empty: the line is another.
std::string word_after(std::string_view line, std::string_view name)
{
  if (line.size() <= name.size() || !text::ascii_iequal(line.substr(0, name.size()), name)) return {};
  return text::ascii_upper(text::trim(line.substr(name.size())));
}

/// What follows the colon after parameters, of a line with that name.
std::string value_of(std::string_view line, std::string_view name)
{
  if (line.size() <= name.size() || !text::ascii_iequal(line.substr(0, name.size()), name)) return {};
  line.remove_prefix(name.size());
  if (line.front() != ':' && line.front() != ';') return {};
  bool quoted = false;
  for (std::size_t at = 0; at < line.size(); ++at) {
    if (line[at] == '"') quoted = !quoted;
    if (line[at] == ':' && !quoted) return std::string(line.substr(at + 1));
  }
  return {};
}

tl::unexpected<Error> broken(const std::string& what)
{
  return err(Errc::BadCalendar, what);
}

class Taker {
 public:
  explicit Taker(std::string_view octets) : lines_(octets) { out_.octets = octets; }

  Result<CalendarFile> run()
  {
    bool first = true;
    while (lines_.next()) {
      if (first) out_.lf = lines_.ends_with_lf_only();
      first = false;
      if (lines_.may_matter()) IMIP_CHECK(line(lines_.text()));
    }
    if (!open_.empty() || !closed_)
      return broken(open_.empty() ? "no VCALENDAR in it" : cat(open_.back(), " does not end"));
    return std::move(out_);
  }

 private:
  Result<void> line(const std::string& text)
  {
    if (std::string name = word_after(text, "BEGIN:"); !name.empty()) return begin(std::move(name));
    if (const std::string name = word_after(text, "END:"); !name.empty()) return end(name);
    if (open_.size() != 2) return {};
    Piece& piece = out_.pieces.back();
    if (const std::string uid = value_of(text, "UID"); !uid.empty() && piece.uid.empty())
      piece.uid = hint_key(ical::Property{"UID", {}, uid}.text());
    if (const std::string tzid = value_of(text, "TZID"); !tzid.empty() && piece.tzid.empty())
      piece.tzid = ical::Property{"TZID", {}, tzid}.text();
    return {};
  }

  Result<void> begin(std::string name)
  {
    if (open_.empty() && (name != "VCALENDAR" || closed_))
      return broken(closed_ ? "more than one VCALENDAR" : cat(name, " outside of a VCALENDAR"));
    if (open_.size() == 1) {
      Piece piece;
      piece.offset = lines_.begin();
      piece.name = name;
      out_.pieces.push_back(std::move(piece));
    }
    open_.push_back(std::move(name));
    return {};
  }

  Result<void> end(const std::string& name)
  {
    if (open_.empty() || open_.back() != name) return broken(cat("END:", name, " without its BEGIN"));
    open_.pop_back();
    if (open_.size() == 1) out_.pieces.back().size = lines_.end() - out_.pieces.back().offset;
    if (open_.empty()) {
      closed_ = true;
      out_.end = lines_.begin();
    }
    return {};
  }

  Lines lines_;
  CalendarFile out_;
  std::vector<std::string> open_;
  bool closed_ = false;
};

std::string crlf(std::string_view octets)
{
  std::string out;
  out.reserve(octets.size() + octets.size() / 32);
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (octets[i] == '\n' && (i == 0 || octets[i - 1] != '\r')) out += '\r';
    out += octets[i];
  }
  return out;
}

std::string lf(std::string octets)
{
  std::string out;
  out.reserve(octets.size());
  for (std::size_t i = 0; i < octets.size(); ++i)
    if (octets[i] != '\r' || i + 1 == octets.size() || octets[i + 1] != '\n') out += octets[i];
  return out;
}

std::string_view slice(const CalendarFile& file, const Piece& piece)
{
  return file.octets.substr(piece.offset, piece.size);
}

/// @param key  hint_key() of the UID
bool is_of(const Piece& piece, const std::string& key)
{
  // what else has that UID is its owner's, and no message's business
  return piece.uid == key && itip::is_scheduled({piece.name, {}, {}});
}

std::string wrapped(const std::string& zones, const std::string& components)
{
  return cat("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//imip//imip//EN\r\n", zones, components,
             "END:VCALENDAR\r\n");
}

/// The parts of a VCALENDAR that holds one object.
struct Parts {
  std::vector<std::pair<std::string, std::string>> zones;  ///< TZID and octets
  std::string components;
};

Result<Parts> parts_of(const std::string& object)
{
  IMIP_TRY(const CalendarFile file, take_apart(object));
  Parts out;
  for (const Piece& piece : file.pieces) {
    if (piece.name == "VTIMEZONE")
      out.zones.emplace_back(piece.tzid, slice(file, piece));
    else
      out.components += slice(file, piece);
  }
  return out;
}

std::optional<std::string> zone_in(const CalendarFile& file, const std::string& tzid)
{
  for (const Piece& piece : file.pieces)
    if (piece.name == "VTIMEZONE" && piece.tzid == tzid) return std::string(slice(file, piece));
  return std::nullopt;
}

/// Where a VTIMEZONE goes: behind the last, else before the first component, else before the end.
std::size_t place_for_zone(const CalendarFile& file)
{
  std::size_t place = file.pieces.empty() ? file.end : file.pieces.front().offset;
  for (const Piece& piece : file.pieces)
    if (piece.name == "VTIMEZONE") place = piece.offset + piece.size;
  return place;
}

/// The object under TZIDs that mean in the file what they mean in it.
Result<Parts> without_clashes(const CalendarFile& file, const std::string& object, const Limits& limits)
{
  IMIP_TRY(Parts parts, parts_of(object));
  std::optional<ical::Component> calendar;
  std::map<std::string, std::string> names;
  for (const auto& [tzid, octets] : parts.zones) {
    const auto known = zone_in(file, tzid);
    if (!known || crlf(*known) == crlf(octets)) continue;
    if (!calendar) {
      IMIP_TRY(auto parsed, ical::parse(object, limits));
      calendar = std::move(parsed.calendar);
    }
    if (!same_zone(crlf(*known), crlf(octets), *calendar, limits))
      names.emplace(tzid, fresh_zone_name(tzid, octets));
  }
  if (names.empty()) return parts;
  IMIP_TRY(const std::string renamed, with_zone_names(object, names, limits));
  return parts_of(renamed);
}

}  // namespace

Result<CalendarFile> take_apart(std::string_view octets)
{
  if (text::trim(octets).empty()) {
    CalendarFile file;
    file.octets = octets;
    file.empty = true;
    return file;
  }
  if (octets.starts_with("\xef\xbb\xbf")) {
    // a byte order mark stays in the file and out of the first line
    IMIP_TRY(CalendarFile file, take_apart(octets.substr(3)));
    for (Piece& piece : file.pieces) piece.offset += 3;
    file.end += 3;
    file.octets = octets;
    return file;
  }
  return Taker(octets).run();
}

namespace {

Result<std::optional<itip::StoredObject>> object_from(const CalendarFile& file,
                                                      const std::vector<const Piece*>& pieces,
                                                      const Limits& limits)
{
  std::string components;
  for (const Piece* piece : pieces) components += slice(file, *piece);
  if (components.empty()) return std::optional<itip::StoredObject>();
  if (file.lf) components = crlf(components);
  IMIP_TRY(const ical::Parsed bare, ical::parse(wrapped({}, components), limits));
  std::string zones;
  const std::set<std::string> used = tzids_in(bare.calendar);
  for (const Piece& piece : file.pieces)
    if (!used.empty() && piece.name == "VTIMEZONE" && used.contains(piece.tzid))
      zones += slice(file, piece);
  if (file.lf) zones = crlf(zones);
  std::string octets = wrapped(zones, components);
  IMIP_TRY(ical::Parsed parsed, ical::parse(octets, limits));
  for (const ical::ParseFinding& finding : parsed.findings)
    if (finding.fatal) return err(Errc::BadCalendar, finding.text);
  if (restore_zone_names(parsed.calendar)) octets = ical::serialise(parsed.calendar);
  std::string digest = object_digest(octets);
  return std::optional(
      itip::StoredObject{std::move(octets), std::move(digest), std::move(parsed.calendar)});
}

}  // namespace

Result<std::optional<itip::StoredObject>> object_of(const CalendarFile& file, const std::string& uid,
                                                    const Limits& limits)
{
  std::vector<const Piece*> pieces;
  const std::string key = hint_key(uid);
  for (const Piece& piece : file.pieces)
    if (is_of(piece, key)) pieces.push_back(&piece);
  return object_from(file, pieces, limits);
}

void for_each_object(const CalendarFile& file, const Limits& limits,
                     const std::function<void(Result<std::optional<itip::StoredObject>>)>& each)
{
  std::map<std::string_view, std::vector<const Piece*>> objects;
  for (const Piece& piece : file.pieces)
    if (piece.name != "VTIMEZONE") objects[piece.uid].push_back(&piece);
  for (const auto& [uid, pieces] : objects) each(object_from(file, pieces, limits));
}

std::string object_digest(const std::string& octets)
{
  const auto parts = parts_of(octets);
  return sha256_hex(parts ? lf(parts->components) : octets);
}

Result<std::string> put_object(const CalendarFile& file, const std::string& uid,
                               const std::string& object, const Limits& limits)
{
  IMIP_TRY(Parts parts, without_clashes(file, object, limits));
  std::string zones;
  for (const auto& [tzid, octets] : parts.zones)
    if (!zone_in(file, tzid)) zones += octets;
  if (file.empty) return wrapped(zones, parts.components);
  const std::string key = hint_key(uid);
  if (file.lf) {
    zones = lf(std::move(zones));
    parts.components = lf(std::move(parts.components));
  }
  const auto own = std::find_if(file.pieces.begin(), file.pieces.end(),
                                [&](const Piece& piece) { return is_of(piece, key); });
  const std::size_t place = own == file.pieces.end() ? file.end : own->offset;
  const std::size_t zone_place = std::min(place_for_zone(file), place);
  std::string out;
  out.reserve(file.octets.size() + zones.size() + parts.components.size());
  std::size_t done = 0;
  const auto copy_to = [&](std::size_t to) {
    out += file.octets.substr(done, to - done);
    done = to;
  };
  copy_to(zone_place);
  out += zones;
  copy_to(place);
  out += parts.components;
  for (const Piece& piece : file.pieces) {
    if (!is_of(piece, key)) continue;
    copy_to(piece.offset);
    done = piece.offset + piece.size;
  }
  copy_to(file.octets.size());
  return out;
}

std::string without_object(const CalendarFile& file, const std::string& uid)
{
  std::string out;
  std::size_t done = 0;
  const std::string key = hint_key(uid);
  for (const Piece& piece : file.pieces) {
    if (!is_of(piece, key)) continue;
    out += file.octets.substr(done, piece.offset - done);
    done = piece.offset + piece.size;
  }
  out += file.octets.substr(done);
  return out;
}

}  // namespace imip::store::detail
