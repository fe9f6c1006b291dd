#include "mime/detail/header_value.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

#include "base/text.hpp"
#include "mime/detail/gmime_ref.hpp"

namespace imip::mime::detail {

namespace {

constexpr auto npos = std::string_view::npos;

// What identity or content hangs on: must read the same in both parsers.
constexpr std::array<std::string_view, 7> decisive = {
    "boundary", "method", "charset", "component", "protocol", "micalg", "smime-type"};

bool is_decisive(std::string_view name)
{
  return std::find(decisive.begin(), decisive.end(), name) != decisive.end();
}

/// A field value as the grammar of RFC 2045 section 5.1 reads it, without RFC 2231 decoding.
struct PlainValue {
  std::string head;                   ///< before the first ";", lower case, without blanks
  std::vector<Parameter> parameters;  ///< names with their "*0*" still on
  bool clean = true;
};

/// Reads one value. Comments are dropped wherever they stand outside a quoted string.
class PlainReader {
 public:
  explicit PlainReader(std::string_view s) : s_(s) {}

  PlainValue run()
  {
    PlainValue out;
    out.head = text::ascii_lower(token(";"));
    out.head.erase(std::remove(out.head.begin(), out.head.end(), ' '), out.head.end());
    while (at_ < s_.size()) {
      ++at_;  // the ";"
      const std::string name = text::ascii_lower(token("=;"));
      if (name.empty() && (at_ >= s_.size() || s_[at_] == ';')) continue;
      if (name.empty() || at_ >= s_.size() || s_[at_] == ';') {
        clean_ = false;
        continue;
      }
      ++at_;  // the "="
      out.parameters.push_back({name, value()});
    }
    out.clean = clean_;
    return out;
  }

 private:
  void skip_blanks_and_comments()
  {
    int depth = 0;
    for (; at_ < s_.size(); ++at_) {
      const char c = s_[at_];
      if (c == '(')
        ++depth;
      else if (c == ')' && depth > 0)
        --depth;
      else if (c == '\\' && depth > 0)
        ++at_;
      else if (depth == 0 && c != ' ' && c != '\t')
        break;
    }
    at_ = std::min(at_, s_.size());
    if (depth > 0) clean_ = false;
  }

  std::string token(std::string_view ends)
  {
    skip_blanks_and_comments();
    std::string out;
    while (at_ < s_.size() && ends.find(s_[at_]) == npos) {
      if (s_[at_] == '(')
        skip_blanks_and_comments();
      else
        out += s_[at_++];
    }
    return std::string(text::trim(out));
  }

  std::string value()
  {
    skip_blanks_and_comments();
    if (at_ >= s_.size() || s_[at_] != '"') return token(";");
    std::string out;
    for (++at_; at_ < s_.size() && s_[at_] != '"'; ++at_) {
      if (s_[at_] == '\\' && at_ + 1 < s_.size()) ++at_;
      out += s_[at_];
    }
    if (at_ >= s_.size()) clean_ = false;  // no closing quote
    at_ = std::min(at_ + 1, s_.size());
    if (!token(";").empty()) clean_ = false;
    return out;
  }

  std::string_view s_;
  std::size_t at_ = 0;
  bool clean_ = true;
};

/// The same parameter twice: plainly, or plainly beside its RFC 2231 form, or one segment twice.
bool has_twice(const std::vector<Parameter>& parameters)
{
  std::map<std::string, std::vector<std::string>> forms;  // name -> what follows it: "", "*", "*0"
  for (const Parameter& p : parameters) {
    const auto star = p.name.find('*');
    std::string form = star == npos ? "" : p.name.substr(star);
    if (form.size() > 1 && form.back() == '*') form.pop_back();
    forms[p.name.substr(0, star)].push_back(std::move(form));
  }
  return std::any_of(forms.begin(), forms.end(), [](auto& entry) {
    auto& list = entry.second;
    std::sort(list.begin(), list.end());
    const bool repeated = std::adjacent_find(list.begin(), list.end()) != list.end();
    const bool whole = list.front().empty() || list.front() == "*";
    return repeated || (whole && list.size() > 1);
  });
}

/// RFC 2231 section 3: segments are numbered 0, 1, 2 ... without a gap and without leading zeros.
bool is_broken_series(const std::vector<Parameter>& parameters)
{
  std::map<std::string, std::vector<std::string>> series;  // name -> the numbers of its segments
  for (const Parameter& p : parameters) {
    const auto star = p.name.find('*');
    if (star == npos) continue;
    std::string number = p.name.substr(star + 1);
    if (!number.empty() && number.back() == '*') number.pop_back();
    if (!number.empty()) series[p.name.substr(0, star)].push_back(std::move(number));
  }
  return std::any_of(series.begin(), series.end(), [](const auto& entry) {
    const auto& numbers = entry.second;
    for (std::size_t n = 0; n < numbers.size(); ++n)
      if (std::find(numbers.begin(), numbers.end(), std::to_string(n)) == numbers.end())
        return true;
    return false;
  });
}

std::vector<Parameter> parameters_of(GMimeParamList* list)
{
  std::vector<Parameter> out;
  for (int i = 0; i < g_mime_param_list_length(list); ++i) {
    GMimeParam* p = g_mime_param_list_get_parameter_at(list, i);
    const char* value = g_mime_param_get_value(p);
    out.push_back({text::ascii_lower(g_mime_param_get_name(p)), value ? value : ""});
  }
  return out;
}

/// Do GMime and the grammar agree about the parameters that decide something?
bool disagree(const ContentType& gmime, const PlainValue& plain)
{
  for (const Parameter& p : plain.parameters) {
    const std::string base = p.name.substr(0, p.name.find('*'));
    const std::string* seen = gmime.parameter(base);
    if (seen == nullptr) return true;
    if (is_decisive(p.name) && *seen != p.value) return true;
  }
  return std::any_of(gmime.parameters.begin(), gmime.parameters.end(), [&](const Parameter& g) {
    return std::none_of(plain.parameters.begin(), plain.parameters.end(), [&](const Parameter& p) {
      return p.name.substr(0, p.name.find('*')) == g.name;
    });
  });
}

void prefer(const PlainValue& plain, std::string_view name, ContentType& out)
{
  const auto named = [&](const Parameter& p) { return p.name == name; };
  const auto wanted = std::find_if(plain.parameters.begin(), plain.parameters.end(), named);
  if (wanted == plain.parameters.end()) return;
  const auto found = std::find_if(out.parameters.begin(), out.parameters.end(), named);
  if (found == out.parameters.end())
    out.parameters.push_back(*wanted);
  else
    found->value = wanted->value;
}

void judge(ContentType& out, const std::string& value, const std::string& head)
{
  constexpr std::size_t most_parameters = 100;  // every two are compared, and each is kept
  const PlainValue plain = PlainReader(value).run();
  const std::size_t given = out.parameters.size();
  if (given > most_parameters) out.parameters.resize(most_parameters);
  out.ambiguous = std::max(plain.parameters.size(), given) > most_parameters ||
      !plain.clean || plain.head != head || has_twice(plain.parameters) ||
      is_broken_series(plain.parameters) || disagree(out, plain);
  // Nobody has signed what is ambiguous; but where its parts are, the grammar says (comments!), and what a part
  // asks for is to be seen.
  if (out.ambiguous && plain.clean) prefer(plain, "boundary", out);
}

std::string c_string(const char* s)
{
  return s ? s : "";
}

/// Reads a value that has nothing in it that anybody could read in another way: RFC 2045 section 5.1
/// to the letter, without comments, quoted pairs, RFC 2231, RFC 2047, or a parameter twice.
class StrictReader {
 public:
  explicit StrictReader(std::string_view value) : rest_(value) {}

  /// Nothing: it is not of that kind.
  std::optional<ContentType> run(bool has_subtype)
  {
    ContentType out;
    out.unconfirmed = true;
    out.type = text::ascii_lower(token());
    if (has_subtype && take('/')) out.subtype = text::ascii_lower(token());
    if (out.type.empty() || has_subtype == out.subtype.empty()) return {};
    while (!rest_.empty()) {
      skip_blanks();
      if (!take(';') || out.parameters.size() >= most) return {};
      skip_blanks();
      const std::string name = text::ascii_lower(token());
      if (name.empty() || !take('=') || out.parameter(name) != nullptr) return {};
      const std::string_view value = rest_.starts_with('"') ? quoted() : token();
      if (value.empty()) return {};
      out.parameters.push_back({name, std::string(value)});
    }
    return out;
  }

 private:
  static constexpr std::size_t most = 16;  // parameters; each is compared with those before

  static bool is_token(char c)
  {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           c == '-' || c == '.' || c == '_' || c == '+';
  }

  std::string_view token()
  {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_token);
    return take(static_cast<std::size_t>(end - rest_.begin()));
  }

  std::string_view quoted()
  {
    const auto end = rest_.find('"', 1);
    if (end == npos) return {};
    const std::string_view inside = take(end + 1).substr(1, end - 1);
    const auto odd = [](char c) { return c < ' ' || c > '~' || c == '\\'; };
    const bool plain = std::none_of(inside.begin(), inside.end(), odd) &&
                       inside.find("=?") == npos && text::trim(inside) == inside;
    return plain ? inside : std::string_view{};
  }

  std::string_view take(std::size_t n)
  {
    const std::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }

  bool take(char c)
  {
    const bool there = rest_.starts_with(c);
    if (there) rest_.remove_prefix(1);
    return there;
  }

  void skip_blanks()
  {
    const auto end = rest_.find_first_not_of(" \t");
    rest_.remove_prefix(std::min(end, rest_.size()));
  }

  std::string_view rest_;
};

}  // namespace

const std::string* ContentType::parameter(std::string_view name) const
{
  const auto it = std::find_if(parameters.begin(), parameters.end(),
                               [&](const Parameter& p) { return p.name == name; });
  return it == parameters.end() ? nullptr : &it->value;
}

std::string unfold(ByteView raw)
{
  std::string out;
  out.reserve(raw.size());
  for (auto lf = raw.find('\n'); lf != npos; lf = raw.find('\n')) {
    out += raw.substr(0, lf);
    if (!out.empty() && out.back() == '\r') out.pop_back();
    raw.remove_prefix(lf + 1);
  }
  out += raw;
  return std::string(text::trim(out));
}

ContentType parse_content_type(ByteView raw)
{
  const std::string value = unfold(raw);
  if (auto strict = StrictReader(value).run(true)) return *std::move(strict);
  use_gmime();
  const GRef<GMimeContentType> type(g_mime_content_type_parse(nullptr, value.c_str()));
  ContentType out;
  out.type = text::ascii_lower(c_string(g_mime_content_type_get_media_type(type.get())));
  out.subtype = text::ascii_lower(c_string(g_mime_content_type_get_media_subtype(type.get())));
  out.parameters = parameters_of(g_mime_content_type_get_parameters(type.get()));
  judge(out, value, out.media_type());
  return out;
}

bool agrees(const ContentType& unconfirmed, GMimeContentType* seen)
{
  const auto same = [](std::string_view mine, const char* other) {
    return other != nullptr && text::ascii_iequal(mine, other);
  };
  GMimeParamList* list = g_mime_content_type_get_parameters(seen);
  if (!same(unconfirmed.type, g_mime_content_type_get_media_type(seen)) ||
      !same(unconfirmed.subtype, g_mime_content_type_get_media_subtype(seen)) ||
      g_mime_param_list_length(list) != static_cast<int>(unconfirmed.parameters.size()))
    return false;
  return std::all_of(
      unconfirmed.parameters.begin(), unconfirmed.parameters.end(), [&](const Parameter& mine) {
        GMimeParam* other = g_mime_param_list_get_parameter(list, mine.name.c_str());
        const char* value = other == nullptr ? nullptr : g_mime_param_get_value(other);
        return value != nullptr && (!is_decisive(mine.name) || mine.value == value);
      });
}

ContentType parse_disposition(ByteView raw)
{
  const std::string value = unfold(raw);
  if (auto strict = StrictReader(value).run(false)) return *std::move(strict);
  use_gmime();
  const GRef<GMimeContentDisposition> parsed(
      g_mime_content_disposition_parse(nullptr, value.c_str()));
  ContentType out;
  out.type = text::ascii_lower(c_string(g_mime_content_disposition_get_disposition(parsed.get())));
  out.parameters = parameters_of(g_mime_content_disposition_get_parameters(parsed.get()));
  judge(out, value, out.type);
  return out;
}

std::string without_comments(std::string_view value)
{
  return PlainReader(value).run().head;
}

std::string decode_text(ByteView raw)
{
  use_gmime();
  const GText text(g_mime_utils_header_decode_text(nullptr, unfold(raw).c_str()));
  return text_of(text);
}

namespace {

void flatten(InternetAddressList* list, std::vector<std::string>& out, int depth)
{
  if (list == nullptr || depth > 8) return;
  for (int i = 0; i < internet_address_list_length(list); ++i) {
    InternetAddress* address = internet_address_list_get_address(list, i);
    if (INTERNET_ADDRESS_IS_MAILBOX(address)) {
      const char* spec = internet_address_mailbox_get_addr(INTERNET_ADDRESS_MAILBOX(address));
      if (spec != nullptr) out.emplace_back(spec);
    } else if (INTERNET_ADDRESS_IS_GROUP(address)) {
      flatten(internet_address_group_get_members(INTERNET_ADDRESS_GROUP(address)), out, depth + 1);
    }
  }
}

}  // namespace

std::vector<std::string> decode_addresses(ByteView raw)
{
  use_gmime();
  const GRef<InternetAddressList> list(internet_address_list_parse(nullptr, unfold(raw).c_str()));
  std::vector<std::string> out;
  flatten(list.get(), out, 0);
  return out;
}

}  // namespace imip::mime::detail
