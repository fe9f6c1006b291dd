// TZif files (RFC 8536) of /usr/share/zoneinfo.
#include <algorithm>
#include <array>
#include <filesystem>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "ical/detail/date_time.hpp"
#include "ical/detail/zone_rules.hpp"

namespace imip::ical::detail {

using namespace std::chrono;

namespace {

constexpr std::array<const char*, 3> zone_folders{"/usr/share/zoneinfo", "/usr/lib/zoneinfo",
                                                  "/usr/share/lib/zoneinfo"};
constexpr std::size_t max_file = 100'000;

std::optional<std::filesystem::path> zone_path(std::string_view name)
{
  if (name.empty() || name.size() > 64 || name.front() == '/' || name.front() == '.' ||
      name.find("..") != name.npos || name.find("//") != name.npos || name.back() == '/' ||
      name.starts_with("right/") || name.starts_with("posix/")) {
    return {};
  }
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '-' || c == '+' || c == '_';
  });
  if (!plain) return {};
  for (const char* folder : zone_folders) {
    std::error_code ec;
    auto path = std::filesystem::path(folder) / name;
    if (std::filesystem::is_regular_file(path, ec)) return path;
  }
  return {};
}

/// Reads big-endian numbers; past the end everything is 0 and `ok` false.
struct Cursor {
  std::string_view data;
  std::size_t at = 0;
  bool ok = true;

  std::int64_t number(std::size_t octets)
  {
    if (data.size() - at < octets) {
      ok = false;
      at = data.size();
      return 0;
    }
    std::uint64_t n = (static_cast<unsigned char>(data[at]) & 0x80U) ? ~0ULL : 0ULL;
    for (std::size_t i = 0; i < octets; ++i) n = n << 8U | static_cast<unsigned char>(data[at++]);
    return static_cast<std::int64_t>(n);
  }
  unsigned octet() { return static_cast<unsigned>(number(1)) & 0xFFU; }
  std::size_t count() { return static_cast<std::size_t>(number(4)) & 0xFFFFFFFFU; }
  void skip(std::size_t n)
  {
    ok = ok && data.size() - at >= n;
    at = ok ? at + n : data.size();
  }
};

struct Header {
  std::size_t isut = 0, isstd = 0, leap = 0, time = 0, type = 0, chars = 0;
  char version = 0;
  [[nodiscard]] std::size_t body(std::size_t time_octets) const
  {
    return time * (time_octets + 1) + type * 6 + chars + leap * (time_octets + 4) + isstd + isut;
  }
};

bool read_header(Cursor& in, Header& h)
{
  if (in.data.substr(in.at, 4) != "TZif") return false;
  in.skip(4);
  h.version = static_cast<char>(in.octet());
  in.skip(15);
  for (std::size_t* field : {&h.isut, &h.isstd, &h.leap, &h.time, &h.type, &h.chars}) {
    *field = in.count();
    if (*field > max_file) return false;
  }
  return in.ok;
}

/// The rule for the time after the last transition: POSIX.1 "TZ", as extended by RFC 8536.
class PosixRule {
 public:
  explicit PosixRule(std::string_view text) : rest_(text) {}

  bool read(std::vector<YearlyOnset>& out)
  {
    YearlyOnset to_standard, to_daylight;
    seconds standard{};
    if (!name(to_standard.name) || !offset(standard)) return false;
    standard = -standard;
    if (rest_.empty()) return true;  // the clocks stay as they are
    seconds daylight = standard + hours{1};
    if (!name(to_daylight.name)) return false;
    if (!rest_.starts_with(',')) {
      if (!offset(daylight)) return false;
      daylight = -daylight;
    }
    if (!change(to_daylight) || !change(to_standard) || !rest_.empty()) return false;
    to_daylight.from = to_standard.to = standard;
    to_daylight.to = to_standard.from = daylight;
    to_daylight.daylight = true;
    out.push_back(std::move(to_daylight));
    out.push_back(std::move(to_standard));
    return true;
  }

 private:
  bool eat(char c)
  {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool name(std::string& out)
  {
    const bool quoted = eat('<');
    const auto end = quoted ? rest_.find('>') : rest_.find_first_of("+-0123456789,");
    if (quoted && end == rest_.npos) return false;
    out = rest_.substr(0, end);
    rest_.remove_prefix(std::min(rest_.size(), end));
    if (quoted) rest_.remove_prefix(1);
    return !out.empty();
  }

  bool number(int& out)
  {
    const auto digits =
        rest_.substr(0, std::min(rest_.find_first_not_of("0123456789"), rest_.size()));
    const auto n = parse_number(digits);
    if (!n || *n > 999) return false;
    rest_.remove_prefix(digits.size());
    out = *n;
    return true;
  }

  bool offset(seconds& out)
  {
    const bool negative = eat('-');
    if (!negative) eat('+');
    int h = 0, m = 0, s = 0;
    if (!number(h)) return false;
    if (eat(':') && (!number(m) || (eat(':') && !number(s)))) return false;
    out = hours{h} + minutes{m} + seconds{s};
    if (negative) out = -out;
    return true;
  }

  bool change(YearlyOnset& out)
  {
    if (!eat(',')) return false;
    if (eat('M')) {
      int m = 0, week = 0, day = 0;
      if (!number(m) || !eat('.') || !number(week) || !eat('.') || !number(day)) return false;
      if (m < 1 || m > 12 || week < 1 || week > 5 || day > 6) return false;
      out.day.month = static_cast<unsigned>(m);
      out.day.nth = week == 5 ? -1 : week;
      out.day.weekday = static_cast<unsigned>(day);
    } else {
      out.day.without_leap_day = eat('J');
      if (!number(out.day.day_of_year)) return false;
      if (out.day.without_leap_day) --out.day.day_of_year;
    }
    out.time = hours{2};
    return !eat('/') || offset(out.time);
  }

  std::string_view rest_;
};

}  // namespace

class TzFileReader {
 public:
  static bool read(std::string_view data, ZoneRules& out)
  {
    Cursor in{data};
    Header h;
    if (!read_header(in, h)) return false;
    const bool wide = h.version >= '2';
    if (wide) {
      in.skip(h.body(4));
      if (!in.ok || !read_header(in, h)) return false;
    }
    const std::size_t octets = wide ? 8 : 4;
    if (h.type == 0 || !in.ok || in.data.size() - in.at < h.body(octets)) return false;
    const std::string_view footer = in.data.substr(in.at + h.body(octets));
    read_body(in, h, octets, out);
    return in.ok && read_footer(footer, out);
  }

 private:
  static void read_body(Cursor& in, const Header& h, std::size_t octets, ZoneRules& out)
  {
    out.onsets_.resize(h.time);
    for (Onset& onset : out.onsets_) onset.at = UtcSeconds{seconds{in.number(octets)}};
    std::vector<std::size_t> types(h.time);
    for (std::size_t& type : types) type = std::min<std::size_t>(in.octet(), h.type - 1);
    std::vector<Onset> of_type(h.type);
    std::vector<unsigned> names(h.type);
    for (std::size_t i = 0; i < h.type; ++i) {
      of_type[i].to = seconds{in.number(4)};
      of_type[i].daylight = in.octet() != 0;
      names[i] = in.octet();
    }
    const std::string_view chars = in.data.substr(in.at, h.chars);
    for (std::size_t i = 0; i < h.type; ++i) {
      const auto name = chars.substr(std::min<std::size_t>(names[i], chars.size()));
      of_type[i].name = name.substr(0, name.find('\0'));
    }
    out.initial_ = of_type[0];
    out.initial_.from = out.initial_.to;
    Offset before = out.initial_.to;
    for (std::size_t i = 0; i < h.time; ++i) {
      const UtcSeconds at = out.onsets_[i].at;
      out.onsets_[i] = of_type[types[i]];
      out.onsets_[i].at = at;
      out.onsets_[i].from = before;
      before = out.onsets_[i].to;
    }
    drop_idle(out);
  }

  /// "Fat" files end with a change at the end of 32-bit time that changes nothing.
  static void drop_idle(ZoneRules& out)
  {
    const auto idle = [](const Onset& a, const Onset& b) {
      return a.to == b.to && a.daylight == b.daylight && a.name == b.name;
    };
    out.onsets_.erase(std::unique(out.onsets_.begin(), out.onsets_.end(), idle), out.onsets_.end());
  }

  static bool read_footer(std::string_view footer, ZoneRules& out)
  {
    if (footer.size() < 2 || footer[0] != '\n') return true;  // version 1 has none
    const auto text = footer.substr(1, footer.find('\n', 1) - 1);
    if (text.empty()) return true;
    if (!PosixRule(text).read(out.yearly_)) return false;
    for (YearlyOnset& rule : out.yearly_) {
      if (!out.onsets_.empty()) rule.first = out.onsets_.back().at + seconds{1};
    }
    return true;
  }
};

bool is_olson_name(std::string_view name)
{
  return zone_path(name).has_value() || name == "UTC";
}

Result<ZoneRules> ZoneRules::from_tzdata(const std::string& olson)
{
  ZoneRules out;
  const auto path = zone_path(olson);
  if (!path) {
    if (olson == "UTC") return out;
    return err(Errc::BadValue, cat("there is no time zone \"", olson, "\""),
               "use a name such as Europe/Berlin, from /usr/share/zoneinfo");
  }
  const auto data = read_file(*path, max_file);
  if (!data || !TzFileReader::read(*data, out)) {
    return err(Errc::BadValue, cat(path->string(), " is no time zone file"));
  }
  return out;
}

}  // namespace imip::ical::detail
