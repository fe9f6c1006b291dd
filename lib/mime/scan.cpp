#include "mime/detail/scan.hpp"

#include <algorithm>
#include <array>

#include "base/cat.hpp"
#include "base/text.hpp"

namespace imip::mime::detail {

namespace {

constexpr auto npos = std::string_view::npos;
// More ":" than any honest address field has; GMime recurses once for each nested group.
constexpr std::size_t max_address_colons = 256;
// Lines that may be delimiters times levels: half a second in all, far above real mail.
constexpr std::size_t max_delimiter_work = 20'000'000;
// In all headers of a message together: GMime's time grows with the square (1 MB of them: 2 s).
constexpr std::size_t max_fields = 20'000;
// In all headers of a message together: GMime makes objects of them, twenty times as large.
constexpr std::size_t max_address_octets = 1'048'576;
// In all headers of a message together: GMime makes an object of each, a hundred times as large.
constexpr std::size_t max_parameters = 50'000;
constexpr std::size_t gmime_max_level = 1'024;

bool is_blank(char c)
{
  return c == ' ' || c == '\t';
}

/// The line that begins at `begin`: where its text ends and where the next line begins.
struct Line {
  std::size_t begin, text_end, next;
  [[nodiscard]] ByteView text(ByteView octets) const
  {
    return octets.substr(begin, text_end - begin);
  }
};

Line line_at(ByteView octets, std::size_t begin, std::size_t end)
{
  const auto lf = octets.substr(0, end).find('\n', begin);
  if (lf == npos) return {begin, end, end};
  const bool crlf = lf > begin && octets[lf - 1] == '\r';
  return {begin, crlf ? lf - 1 : lf, lf + 1};
}

// The colon of a well-formed field line, or npos (RFC 5322 section 2.2: no blank before it).
std::size_t field_colon(ByteView line)
{
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == ':') return i == 0 ? npos : i;
    if (line[i] <= ' ' || line[i] > '~') return npos;
  }
  return npos;
}

bool has_control(ByteView text)
{
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto u = static_cast<unsigned char>(c);
    return (u < 0x20 && c != '\t') || u == 0x7F;
  });
}

tl::unexpected<Error> too_large(std::string what, std::size_t limit, std::string_view key)
{
  return err(Errc::TooLarge,
             cat("message: ", what, " of more than ", limit, " octets (limit ", key, ")"));
}

bool is_address_name(ByteView name)
{
  constexpr std::array<std::string_view, 13> names = {"from",
                                                      "sender",
                                                      "reply-to",
                                                      "to",
                                                      "cc",
                                                      "bcc",
                                                      "resent-from",
                                                      "resent-sender",
                                                      "resent-to",
                                                      "resent-cc",
                                                      "resent-bcc",
                                                      "resent-reply-to",
                                                      "disposition-notification-to"};
  return std::any_of(names.begin(), names.end(),
                     [&](std::string_view n) { return text::ascii_iequal(n, name); });
}

bool has_parameters(ByteView name)
{
  return text::ascii_iequal(name, "content-type") || text::ascii_iequal(name, "content-disposition");
}

/// Cuts a message up; holds what every level needs.
class Scanner {
 public:
  Scanner(ByteView octets, const Limits& limits) : octets_(octets), limits_(limits) {}

  Result<std::vector<RawEntity>> run(std::size_t begin)
  {
    for (std::size_t at = octets_.find("\r--", begin); at != npos; at = octets_.find("\r--", at + 1))
      behind_cr_.push_back(at + 1);
    IMIP_CHECK(add({begin, octets_.size() - begin}, octets_.size(), no_node, false));
    judge_prefixes();
    return std::move(entities_);
  }

 private:
  struct Prefix {
    std::size_t entity;
    ByteView line;
  };

  Result<void> add(Slice whole, std::size_t limit, std::size_t parent, bool in_digest)
  {
    if (entities_.size() >= limits_.mime_parts)
      return err(Errc::TooLarge, cat("message: more than ", limits_.mime_parts, " MIME parts (limit mime-parts)"));
    RawEntity entity;
    entity.parent = parent;
    entity.whole = whole;
    entity.limit = limit;
    entity.depth = parent == no_node ? 1 : entities_[parent].depth + 1;
    if (entity.depth > limits_.mime_depth)
      return err(Errc::TooLarge,
                 cat("message: MIME parts nested more than ", limits_.mime_depth,
                     " deep (limit mime-depth)"));
    IMIP_TRY(entity.header, scan_header(octets_, whole.offset, whole.end(), limits_));
    entity.body = {entity.header.body, whole.end() - entity.header.body};
    read_type(entity, in_digest);
    const std::size_t index = entities_.size();
    IMIP_CHECK(count_addresses(entity.header));
    IMIP_CHECK(count_parameters(entity.header));
    fields_ += entity.header.fields.size();
    if (fields_ > max_fields)
      return err(Errc::TooLarge, cat("message: more than ", max_fields, " header fields, which no policy changes"));
    if (parent != no_node) entities_[parent].children.push_back(index);
    entities_.push_back(std::move(entity));
    // recursion: at most limits.mime_depth levels
    if (entities_[index].kind == Kind::Multipart) return cut_multipart(index);
    if (entities_[index].kind == Kind::Message && entities_[index].body.size > 0)
      return add(entities_[index].body, limit, index, false);
    return {};
  }

  Result<void> count_addresses(const RawHeader& header)
  {
    for (const RawField& field : header.fields)
      if (is_address_name(field.name)) address_octets_ += field.value.size();
    if (address_octets_ > max_address_octets)
      return err(Errc::TooLarge, cat("message: address fields of more than ", max_address_octets,
                                     " octets in all, which no policy changes"));
    return {};
  }

  Result<void> count_parameters(const RawHeader& header)
  {
    for (const RawField& field : header.fields)
      if (has_parameters(field.name))
        parameters_ += static_cast<std::size_t>(std::count(field.value.begin(), field.value.end(), ';'));
    if (parameters_ > max_parameters)
      return err(Errc::TooLarge, cat("message: Content-Type and Content-Disposition of more than ", max_parameters,
                                     " parameters in all, which no policy changes"));
    return {};
  }

  static void read_type(RawEntity& entity, bool in_digest)
  {
    const RawField* encoding = entity.header.find("content-transfer-encoding");
    entity.encoding = encoding ? text::ascii_lower(unfold(encoding->value)) : "7bit";
    if (entity.encoding.find('(') != npos) {
      entity.encoding = without_comments(entity.encoding);
      entity.commented_encoding = true;
    }
    if (const RawField* type = entity.header.find("content-type")) {
      entity.type = parse_content_type(type->value);
    } else {  // RFC 2045 section 5.2, RFC 2046 section 5.1.5
      entity.type.type = in_digest ? "message" : "text";
      entity.type.subtype = in_digest ? "rfc822" : "plain";
    }
    const std::string& subtype = entity.type.subtype;
    if (entity.type.type == "multipart")
      entity.kind = Kind::Multipart;
    else if (entity.type.type == "message" && (subtype == "rfc822" || subtype == "global") &&
             entity.encoding != "base64" && entity.encoding != "quoted-printable")
      entity.kind = Kind::Message;
  }

  Result<void> cut_multipart(std::size_t index)
  {
    const std::string* boundary = entities_[index].type.parameter("boundary");
    if (boundary == nullptr || boundary->empty()) {
      entities_[index].ambiguous = true;
      return {};
    }
    boundaries_.push_back(*boundary);
    const std::string delimiter = "--" + *boundary;
    const Slice body = entities_[index].body;
    const bool digest = entities_[index].type.subtype == "digest";
    if (boundary->find('\r') != npos || delimiter_behind_cr(body, delimiter))
      entities_[index].ambiguous = true;
    std::size_t part = npos;  // where the part that is open now begins
    bool closed = false;
    for (std::size_t at = next_dashes(body.offset, body, true); at != npos;) {
      const Line line = line_at(octets_, at, body.end());
      at = next_dashes(line.begin, body, false);
      ByteView rest = line.text(octets_);
      if (rest.substr(0, delimiter.size()) != delimiter) continue;
      rest.remove_prefix(delimiter.size());
      const bool closes = rest.substr(0, 2) == "--" && all_blank(rest.substr(2));
      if (!closes && !all_blank(rest)) {
        prefixes_.push_back({index, line.text(octets_)});
        continue;
      }
      if (closed || (closes && part == npos)) {  // a close before any part, a part after the close
        entities_[index].ambiguous = true;
        if (closed) break;
      }
      if (part != npos) IMIP_CHECK(add(part_before(part, line.begin), line.begin, index, digest));
      part = closes ? npos : line.next;
      closed = closes;
    }
    if (part != npos)
      IMIP_CHECK(add({part, body.end() - part}, entities_[index].limit, index, digest));
    if (entities_[index].children.empty()) entities_[index].ambiguous = true;
    return {};
  }

  /// Programs that take a bare CR for a line end see other parts there. A delimiter with a CR in it would be compared
  /// with most of the body at each.
  [[nodiscard]] bool delimiter_behind_cr(Slice body, std::string_view delimiter) const
  {
    for (auto at = std::lower_bound(behind_cr_.begin(), behind_cr_.end(), body.offset);
         at != behind_cr_.end() && *at < body.end(); ++at)
      if (octets_.substr(*at, delimiter.size()) == delimiter) return true;
    return false;
  }

  /// The next line of `body` that begins with "--": the one at `from`, or one after it.
  [[nodiscard]] std::size_t next_dashes(std::size_t from, Slice body, bool including) const
  {
    const ByteView view = octets_.substr(0, body.end());
    if (including && view.substr(from, 2) == "--") return from;
    const auto lf = view.find("\n--", from);
    return lf == npos ? npos : lf + 1;
  }

  /// The line end before a delimiter line belongs to the delimiter.
  [[nodiscard]] Slice part_before(std::size_t begin, std::size_t delimiter) const
  {
    std::size_t end = delimiter;
    if (end > begin && octets_[end - 1] == '\n') --end;
    if (end > begin && end < delimiter && octets_[end - 1] == '\r') --end;
    return {begin, end > begin ? end - begin : 0};
  }

  static bool all_blank(ByteView s) { return std::all_of(s.begin(), s.end(), is_blank); }

  /// RFC 2046's prose lets a line that only begins with a delimiter end a part, its grammar does
  /// not. Such a line is harmless only if it is the delimiter of another multipart.
  void judge_prefixes()
  {
    std::sort(boundaries_.begin(), boundaries_.end());
    const auto known = [&](ByteView name) {
      return std::binary_search(boundaries_.begin(), boundaries_.end(), name);
    };
    for (const Prefix& prefix : prefixes_) {
      ByteView name = prefix.line.substr(2);
      while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
      if (known(name)) continue;
      if (name.size() >= 2 && name.substr(name.size() - 2) == "--" &&
          known(name.substr(0, name.size() - 2)))
        continue;
      entities_[prefix.entity].ambiguous = true;
    }
  }

  ByteView octets_;
  const Limits& limits_;
  std::vector<RawEntity> entities_;
  std::size_t fields_ = 0;
  std::size_t address_octets_ = 0;
  std::size_t parameters_ = 0;
  std::vector<std::string> boundaries_;
  std::vector<Prefix> prefixes_;
  std::vector<std::size_t> behind_cr_;  ///< dashes behind a bare CR, in order
};

std::size_t count_boundary_words(ByteView octets)
{
  constexpr std::string_view word = "boundary";
  std::size_t n = 0;
  for (std::size_t i = 0; i + word.size() <= octets.size(); ++i) {
    if (octets[i] != 'b' && octets[i] != 'B') continue;
    if (text::ascii_iequal(octets.substr(i, word.size()), word)) ++n;
  }
  return n;
}

}  // namespace

const RawField* RawHeader::find(std::string_view name) const
{
  const auto it = std::find_if(fields.begin(), fields.end(),
                               [&](const RawField& f) { return text::ascii_iequal(f.name, name); });
  return it == fields.end() ? nullptr : &*it;
}

std::size_t RawHeader::count(std::string_view name) const
{
  return static_cast<std::size_t>(
      std::count_if(fields.begin(), fields.end(),
                    [&](const RawField& f) { return text::ascii_iequal(f.name, name); }));
}

Result<RawHeader> scan_header(ByteView octets, std::size_t begin, std::size_t end,
                              const Limits& limits)
{
  RawHeader header;
  std::size_t at = begin;
  bool in_field = false;  // a continuation line may follow
  while (at < end) {
    const Line line = line_at(octets, at, end);
    const ByteView text = line.text(octets);
    if (text.empty()) {
      header.size = at - begin;
      header.body = line.next;
      return header;
    }
    if (line.next - begin > limits.header_bytes) return too_large("a header", limits.header_bytes, "header-bytes");
    const std::size_t start = is_blank(text.front()) && in_field ? header.fields.back().offset : at;
    if (line.next - start > limits.header_field_bytes)
      return too_large("a header field", limits.header_field_bytes, "header-field-bytes");
    header.control = header.control || has_control(text);
    // RFC 5322 section 3.2.2: never so written, and many take such a line for the header's end
    header.junk = header.junk || imip::text::trim(text).empty();
    if (is_blank(text.front()) && in_field) {
      RawField& field = header.fields.back();
      const auto value_begin = static_cast<std::size_t>(field.value.data() - octets.data());
      field.value = octets.substr(value_begin, line.next - value_begin);
    } else {
      const auto colon = field_colon(text);
      in_field = colon != npos;
      header.junk = header.junk || !in_field;
      if (in_field)
        header.fields.push_back(
            {at, text.substr(0, colon), octets.substr(at + colon + 1, line.next - at - colon - 1)});
    }
    at = line.next;
  }
  header.size = at - begin;
  header.body = at;
  return header;
}

Result<std::vector<RawEntity>> scan_entities(ByteView octets, std::size_t begin,
                                             const Limits& limits)
{
  return Scanner(octets, limits).run(begin);
}

Result<void> guard_parser(ByteView octets)
{
  std::size_t dashes = 0;
  bool in_address = false;
  std::size_t colons = 0;
  for (std::size_t at = 0; at < octets.size();) {
    const Line line = line_at(octets, at, octets.size());
    const ByteView text = line.text(octets);
    at = line.next;
    if (text.substr(0, 2) == "--") ++dashes;
    for (auto cr = text.find("\r--"); cr != npos; cr = text.find("\r--", cr + 1)) ++dashes;
    if (text.empty() || !is_blank(text.front())) {
      colons = 0;
      const auto colon = text.substr(0, 40).find(':');
      in_address = colon != npos && is_address_name(imip::text::trim(text.substr(0, colon)));
    }
    if (!in_address) continue;
    colons += static_cast<std::size_t>(std::count(text.begin(), text.end(), ':'));
    if (colons > max_address_colons)
      return err(Errc::TooLarge,
                 cat("message: more than ", max_address_colons,
                     " colons in one address field, which no policy changes"));
  }
  if (dashes > max_delimiter_work / gmime_max_level &&
      dashes * std::min(gmime_max_level, count_boundary_words(octets)) > max_delimiter_work)
    return err(Errc::TooLarge,
               cat("message: more than ", max_delimiter_work,
                   " comparisons of lines that look like MIME delimiters would be needed, which no policy changes"));
  return {};
}

}  // namespace imip::mime::detail
