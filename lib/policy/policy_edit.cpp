#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/bytes.hpp"
#include "base/cat.hpp"
#include "base/posix.hpp"
#include "base/text.hpp"
#include "policy/detail/document.hpp"
#include "policy/detail/reader.hpp"
#include "policy/policy.hpp"

namespace imip::policy {
namespace fs = std::filesystem;
using detail::one_address;
using detail::Node;
using detail::NodeKind;

namespace {

constexpr std::size_t max_policy_octets = 1'048'576;

struct PolicyText {
  std::string octets;
  Policy policy;
  unsigned mode = 0600;
  bool is_new = false;
};

// Two edits at the same time must not lose one of them. The lock is on the folder, because the file
// itself is replaced.
Result<Fd> lock_folder(const fs::path& path)
{
  fs::path folder = path.parent_path();
  if (folder.empty()) folder = ".";
  Fd fd{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!fd.ok()) return err(Errc::Io, cat(folder.native(), ": ", errno_text(errno)));
  while (::flock(fd.get(), LOCK_EX) != 0)
    if (errno != EINTR)
      return err(Errc::Io, cat(folder.native(), ": cannot lock: ", errno_text(errno)));
  return fd;
}

Result<PolicyText> read_for_edit(const fs::path& path, const fs::path& home)
{
  PolicyText out;
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 && errno == ENOENT) {
    out.is_new = true;
    out.policy = parse_policy("version = 1\n", path, home).policy;
    return out;
  }
  IMIP_CHECK(require_private(path));
  IMIP_TRY(out.octets, read_file(path, max_policy_octets));
  if (::stat(path.c_str(), &info) == 0) out.mode = info.st_mode & 07777U;
  Loaded loaded = parse_policy(out.octets, path, home);
  if (!loaded.problems.empty()) {
    Error error = error_of(loaded.problems.front());
    error.hint =
        cat("correct this first, nothing was changed", error.hint.empty() ? "" : ": ", error.hint);
    return tl::unexpected<Error>(std::move(error));
  }
  out.policy = std::move(loaded.policy);
  return out;
}

// The new text must say what the old one said but for the entries that were meant.
Result<void> check_edit(const PolicyText& before, const std::string& after, const fs::path& path,
                        const fs::path& home, std::size_t allows, std::size_t delegates)
{
  const Loaded loaded = parse_policy(after, path, home);
  if (!loaded.problems.empty()) {
    const Problem& problem = loaded.problems.front();
    return err(Errc::Config,
               cat(path.native(), ": cannot be edited: the new text would be wrong (line ",
                   problem.line, ": ", problem.text, ')'),
               "edit the file by hand");
  }
  const Policy& was = before.policy;
  const Policy& is = loaded.policy;
  if (is.allows.size() != allows || is.delegates.size() != delegates ||
      is.anchors.size() != was.anchors.size() || is.identities.size() != was.identities.size() ||
      is.aliases.size() != was.aliases.size() ||
      is.owner.addresses.size() != was.owner.addresses.size() ||
      is.defaults.lines.size() != was.defaults.lines.size())
    return err(Errc::Config,
               cat(path.native(), ": cannot be edited without changing something else"),
               "edit the file by hand");
  return {};
}

std::string line_end_of(std::string_view octets)
{
  const std::size_t newline = octets.find('\n');
  const bool crlf = newline != std::string_view::npos && newline > 0 && octets[newline - 1] == '\r';
  return crlf ? "\r\n" : "\n";
}

// Addresses, words and dates that were checked have no character that TOML escapes; belt all the
// same.
std::string toml_string(std::string_view s)
{
  std::string out = "\"";
  for (const char c : s) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

struct CheckedEdit {
  CalAddress address;
  std::optional<Delegate> delegate;
  bool free_busy = false;
};

Result<Delegate::Role> role_of(std::string_view word)
{
  if (word.empty() || word == "organizer") return Delegate::Role::Organizer;
  if (word == "attendee") return Delegate::Role::Attendee;
  if (word == "both") return Delegate::Role::Both;
  return err(Errc::Usage, cat("'", word, "' is not a role"), "write organizer, attendee or both");
}

Result<CheckedEdit> check_words(const AllowEdit& edit)
{
  CheckedEdit out;
  IMIP_TRY(out.address, one_address(edit.address));
  out.free_busy = edit.free_busy;
  if (edit.sent_by.empty()) {
    if (!edit.methods.empty() || !edit.role.empty() || !edit.until.empty())
      return err(Errc::Usage, "a method, role or date needs --sent-by",
                 "without --sent-by the address itself is allowed, for everything");
    return out;
  }
  if (edit.free_busy)
    return err(Errc::Usage, "--free-busy is for the address itself", "leave --sent-by out");
  Delegate delegate;
  delegate.principal = out.address;
  IMIP_TRY(delegate.sent_by, one_address(edit.sent_by));
  if (same_user(delegate.principal, delegate.sent_by))
    return err(Errc::Usage, cat(edit.sent_by, " needs nobody's leave to speak in person"),
               "leave --sent-by out");
  for (const std::string& word : edit.methods) {
    delegate.methods.push_back(itip::method_from_word(word));
    if (delegate.methods.back() == itip::Method::None)
      return err(Errc::Usage, cat("'", word, "' is not a method"),
                 "write REQUEST, CANCEL, REPLY, ADD, PUBLISH, REFRESH, COUNTER or DECLINECOUNTER");
  }
  IMIP_TRY(delegate.role, role_of(edit.role));
  if (!edit.until.empty()) {
    IMIP_TRY(delegate.until, until_of(edit.until));
  }
  out.delegate = std::move(delegate);
  return out;
}

bool same_methods(std::vector<itip::Method> a, std::vector<itip::Method> b)
{
  const auto normal = [](std::vector<itip::Method>& v) {
    std::sort(v.begin(), v.end());
    v.erase(std::unique(v.begin(), v.end()), v.end());
  };
  normal(a);
  normal(b);
  return a == b;
}

bool is_there(const Policy& policy, const CheckedEdit& edit)
{
  const LocalPart mode = policy.owner.local_part;
  if (!edit.delegate)
    return std::any_of(policy.allows.begin(), policy.allows.end(),
                       [&](const Allow& a) {
                         return same_user(a.address, edit.address, mode) &&
                                (a.free_busy || !edit.free_busy);
                       });
  return std::any_of(policy.delegates.begin(), policy.delegates.end(), [&](const Delegate& d) {
    return same_user(d.principal, edit.delegate->principal, mode) &&
           same_user(d.sent_by, edit.delegate->sent_by, mode) &&
           same_methods(d.methods, edit.delegate->methods) && d.role == edit.delegate->role &&
           !d.from && d.until == edit.delegate->until;
  });
}

std::string table_text(const AllowEdit& edit, const std::string& eol)
{
  if (edit.sent_by.empty())
    return cat("[[allow]]", eol, "address = ", toml_string(edit.address), eol,
               edit.free_busy ? cat("free-busy = true", eol) : "");
  std::string out = cat("[[delegate]]", eol, "principal = ", toml_string(edit.address), eol,
                        "sent-by = ", toml_string(edit.sent_by), eol);
  std::string methods;
  for (const std::string& word : edit.methods)
    methods += cat(methods.empty() ? "" : ", ", toml_string(text::ascii_upper(word)));
  if (!methods.empty()) out += cat("methods = [", methods, "]", eol);
  if (!edit.role.empty()) out += cat("role = ", toml_string(edit.role), eol);
  if (!edit.until.empty()) out += cat("until = ", edit.until, eol);
  return out;
}

/// Where the lines `first` to `last` (from 1) begin and end.
Slice lines_of(std::string_view octets, std::size_t first, std::size_t last)
{
  std::size_t begin = 0;
  for (std::size_t line = 1; line < first; ++line) begin = octets.find('\n', begin) + 1;
  std::size_t end = begin;
  for (std::size_t line = first; line <= last && end < octets.size(); ++line) {
    const std::size_t newline = octets.find('\n', end);
    end = newline == std::string_view::npos ? octets.size() : newline + 1;
  }
  return {begin, end - begin};
}

// The blank line that set a table off goes with it, if what follows is set off too.
void take_blank_before(std::string_view octets, Slice& slice)
{
  const std::string_view after = octets.substr(slice.end());
  if (!after.empty() && after.front() != '\n' && after.substr(0, 2) != "\r\n") return;
  for (const std::string_view blank : {std::string_view{"\n\r\n"}, std::string_view{"\n\n"}}) {
    if (octets.substr(0, slice.offset).ends_with(blank)) {
      slice.offset -= blank.size() - 1;
      slice.size += blank.size() - 1;
      return;
    }
  }
}

std::string without_tables(std::string octets, const std::vector<const Node*>& tables)
{
  for (auto table = tables.rbegin(); table != tables.rend(); ++table) {
    Slice slice = lines_of(octets, (*table)->line, (*table)->last_line);
    take_blank_before(octets, slice);
    octets.erase(slice.offset, slice.size);
  }
  return octets;
}

}  // namespace

Result<UtcSeconds> until_of(const std::string& text)
{
  const bool plain = text.find_first_not_of("0123456789-+:TtZz.") == std::string::npos;
  const detail::Document document =
      plain ? detail::parse_document(cat("until = ", text, '\n')) : detail::Document{};
  const Node* node = document.problem ? nullptr : document.root.find("until");
  if (node != nullptr && node->kind == NodeKind::Instant) return node->instant;
  if (node != nullptr && node->kind == NodeKind::Date)
    return node->instant + std::chrono::days{1} - std::chrono::seconds{1};
  return err(Errc::BadValue, cat("'", text, "' is not a date"),
             "write 2027-06-30 or 2027-06-30T12:00:00Z");
}

Result<bool> add_entry(const fs::path& path, const fs::path& home, const AllowEdit& edit)
{
  IMIP_TRY(const CheckedEdit checked, check_words(edit));
  if (path.has_parent_path()) IMIP_CHECK(make_private_folder(path.parent_path()));
  IMIP_TRY(const Fd lock, lock_folder(path));
  IMIP_TRY(const PolicyText before, read_for_edit(path, home));
  if (is_there(before.policy, checked)) return false;
  std::string after = before.is_new ? "version = 1\n" : before.octets;
  const std::string eol = line_end_of(after);
  if (!after.empty() && after.back() != '\n') after += eol;
  if (!after.empty()) after += eol;
  after += table_text(edit, eol);
  IMIP_CHECK(check_edit(before, after, path, home,
                        before.policy.allows.size() + (checked.delegate ? 0 : 1),
                        before.policy.delegates.size() + (checked.delegate ? 1 : 0)));
  IMIP_CHECK(write_file(path, after, before.mode));
  return true;
}

Result<std::size_t> remove_entry(const fs::path& path, const fs::path& home,
                                 const std::string& address, const std::string& sent_by)
{
  IMIP_TRY(const CalAddress principal, one_address(address));
  CalAddress proxy;
  if (!sent_by.empty()) {
    IMIP_TRY(proxy, one_address(sent_by));
  }
  std::error_code failed;
  if (!fs::exists(path, failed)) return std::size_t{0};
  IMIP_TRY(const Fd lock, lock_folder(path));
  IMIP_TRY(const PolicyText before, read_for_edit(path, home));
  const detail::Document document = detail::parse_document(before.octets);
  const Node* list = document.root.find(proxy.empty() ? "allow" : "delegate");
  const LocalPart mode = before.policy.owner.local_part;
  std::vector<const Node*> found;
  for (std::size_t i = 0; list != nullptr && i < list->items.size(); ++i) {
    // the file checks, so entries and tables go one to one
    const bool match = proxy.empty()
                           ? same_user(before.policy.allows[i].address, principal, mode)
                           : same_user(before.policy.delegates[i].principal, principal, mode) &&
                                 same_user(before.policy.delegates[i].sent_by, proxy, mode);
    if (!match) continue;
    found.push_back(&list->items[i]);
    if (found.back()->is_inline)
      return err(Errc::Config,
                 cat(path.native(), ':', found.back()->line,
                     ": the entry is written as { ... } inside a list"),
                 "take it out by hand");
  }
  if (found.empty()) return std::size_t{0};
  const std::string after = without_tables(before.octets, found);
  IMIP_CHECK(check_edit(before, after, path, home,
                        before.policy.allows.size() - (proxy.empty() ? found.size() : 0),
                        before.policy.delegates.size() - (proxy.empty() ? 0 : found.size())));
  IMIP_CHECK(write_file(path, after, before.mode));
  return found.size();
}

}  // namespace imip::policy
