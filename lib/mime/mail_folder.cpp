#include "mime/mail_folder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <string_view>
#include <vector>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/file_error.hpp"
#include "base/posix.hpp"
#include "base/text.hpp"

namespace imip::mime {

namespace fs = std::filesystem;

struct MailFolder::Source {
  Source() = default;
  Source(const Source&) = delete;
  Source& operator=(const Source&) = delete;
  virtual ~Source() = default;
  virtual std::optional<StoredMail> next() = 0;
  std::uint64_t done = 0, total = 0;
};

namespace {

bool is_digit(char c)
{
  return c >= '0' && c <= '9';
}

// "From SENDER ... HH:MM ... YYYY": what programs write (RFC 4155 appendix A), and no sentence.
bool is_separator(std::string_view line)
{
  if (!line.starts_with("From ") || line.size() < 6 || line[5] == ' ') return false;
  bool clock = false;
  std::size_t digits = 0;
  bool year = false;
  for (std::size_t i = 5; i < line.size(); ++i) {
    digits = is_digit(line[i]) ? digits + 1 : 0;
    year = year || digits == 4;
    clock = clock || (line[i] == ':' && i + 2 < line.size() && is_digit(line[i - 1]) &&
                      is_digit(line[i + 1]) && is_digit(line[i + 2]));
  }
  return clock && year;
}

bool is_blank(std::string_view line)
{
  return line == "\n" || line == "\r\n";
}

bool is_quoted(std::string_view line)
{
  const auto text = line.find_first_not_of('>');
  return text != 0 && text != std::string_view::npos && line.substr(text).starts_with("From ");
}

// The value of the one Content-Length; nothing without it, or with several.
std::optional<std::size_t> content_length(std::string_view header)
{
  constexpr std::string_view name = "content-length:";
  std::optional<std::size_t> found;
  while (!header.empty()) {
    const std::string_view at = header.substr(0, header.find('\n'));
    header.remove_prefix(std::min(header.size(), at.size() + 1));
    if (!text::ascii_iequal(at.substr(0, name.size()), name)) continue;
    const std::string_view digits = text::trim(at.substr(name.size()));
    std::size_t value = 0;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (found || failed != std::errc{} || end != digits.data() + digits.size()) return {};
    found = value;
  }
  return found;
}

// Whoever writes how long the body is need not quote what is in it, and does not (mboxcl2).
bool has_right_length(std::string_view mail)
{
  for (const std::string_view gap : {"\n\n", "\n\r\n"})
    if (const auto end = mail.find(gap); end != std::string_view::npos)
      if (content_length(mail.substr(0, end + 1)) == mail.size() - end - gap.size()) return true;
  return false;
}

void unquote(std::string& mail)
{
  std::size_t kept = 0;
  for (std::size_t at = 0; at < mail.size();) {
    const std::size_t end = std::min(mail.find('\n', at), mail.size() - 1) + 1;
    if (is_quoted(std::string_view(mail).substr(at, end - at))) ++at;
    std::memmove(mail.data() + kept, mail.data() + at, end - at);
    kept += end - at;
    at = end;
  }
  mail.resize(kept);
}

class Mbox final : public MailFolder::Source {
 public:
  Mbox(Fd file, std::string path, std::size_t limit)
      : file_(std::move(file)), path_(std::move(path)), limit_(limit)
  {
  }

  Result<void> begin()
  {
    total = static_cast<std::uint64_t>(std::max<off_t>(0, ::lseek(file_.get(), 0, SEEK_END)));
    static_cast<void>(::lseek(file_.get(), 0, SEEK_SET));
    const std::string_view first = line();
    if (failed_ != 0) return file_error(Errc::NoInput, path_, failed_);
    if (!first.empty() && !is_separator(first))
      return err(Errc::BadMime, cat(path_, ": is no mbox: it does not begin with a From_ line"),
                 "for a single mail leave --input-kind out");
    inside_ = !first.empty();
    return {};
  }

  std::optional<StoredMail> next() override
  {
    if (!inside_) return std::nullopt;
    inside_ = false;
    std::string octets;
    octets.reserve(std::min(limit_, usual_));
    bool large = false;
    bool after_blank = true;
    bool quoted = false;
    for (std::string_view at = line(); !at.empty(); at = line()) {
      if (after_blank && is_separator(at)) {
        inside_ = true;
        break;
      }
      after_blank = is_blank(at);
      quoted = quoted || is_quoted(at);
      large = large || octets.size() + at.size() > limit_;
      if (!large) octets += at;
    }
    StoredMail out{cat(path_, ':', ++count_), std::string{}};
    if (failed_ != 0) {
      out.octets = file_error(Errc::NoInput, path_, failed_);
      inside_ = false;
    } else if (large) {
      out.octets = err(Errc::TooLarge, cat("a mail of more than ", limit_, " octets (limit message-bytes)"),
                       "the policy's [limits] message-bytes says how much is read");
    } else {
      drop_last_blank(octets);
      if (quoted && !has_right_length(octets)) unquote(octets);
      usual_ = std::min(octets.size() + octets.size() / 8, piece);
      out.octets = std::move(octets);
    }
    return out;
  }

 private:
  // The empty line before the next From_ line belongs to the mbox.
  static void drop_last_blank(std::string& octets)
  {
    if (octets.ends_with("\r\n\r\n"))
      octets.resize(octets.size() - 2);
    else if (octets.ends_with("\n\n"))
      octets.pop_back();
  }

  // The next line with its end, at most about twice the limit of it; empty at the end of the file.
  // Valid until the next call.
  std::string_view line()
  {
    for (;;) {
      const auto end = buffer_.find('\n', std::max(at_, searched_));
      if (end != std::string::npos || buffer_.size() - at_ > limit_ + piece) {
        const std::size_t stop = end != std::string::npos ? end + 1 : buffer_.size();
        const std::string_view out(buffer_.data() + at_, stop - at_);
        done += out.size();
        at_ = searched_ = stop;
        return out;
      }
      searched_ = buffer_.size();
      if (!fill()) {
        const std::string_view rest(buffer_.data() + at_, buffer_.size() - at_);
        done += rest.size();
        at_ = searched_ = buffer_.size();
        return rest;
      }
    }
  }

  bool fill()
  {
    buffer_.erase(0, at_);
    searched_ -= at_;
    at_ = 0;
    const std::size_t before = buffer_.size();
    buffer_.resize(before + piece);
    ssize_t n = 0;
    do {
      n = ::read(file_.get(), buffer_.data() + before, piece);
    } while (n < 0 && errno == EINTR);
    if (n < 0) failed_ = errno;
    buffer_.resize(before + static_cast<std::size_t>(std::max<ssize_t>(0, n)));
    return n > 0;
  }

  static constexpr std::size_t piece = 65'536;
  Fd file_;
  std::string path_;
  std::size_t limit_;
  std::string buffer_;
  std::size_t at_ = 0, searched_ = 0;
  std::size_t count_ = 0;
  std::size_t usual_ = 0;  // octets of a mail, going by the last one
  int failed_ = 0;
  bool inside_ = false;  // a From_ line was read, its message not yet
};

// Names in one string: a hundred thousand of them cost little more than their characters.
class Folder final : public MailFolder::Source {
 public:
  Folder(std::string path, std::size_t limit) : path_(std::move(path)), limit_(limit) {}

  Result<void> begin()
  {
    std::error_code failed;
    const bool maildir = fs::is_directory(fs::path(path_) / "cur", failed) &&
                         fs::is_directory(fs::path(path_) / "new", failed);
    if (maildir) {
      IMIP_CHECK(list("cur"));
      IMIP_CHECK(list("new"));
    } else {
      IMIP_CHECK(list(""));
    }
    std::sort(starts_.begin(), starts_.end(), [this](std::uint32_t a, std::uint32_t b) {
      return std::strcmp(base(a), base(b)) < 0;
    });
    total = starts_.size();
    return {};
  }

  std::optional<StoredMail> next() override
  {
    if (done == total) return std::nullopt;
    const std::uint32_t start = starts_[done++];
    const std::string file = (fs::path(path_) / (names_.data() + start)).string();
    if (std::binary_search(odd_.begin(), odd_.end(), start)) return StoredMail{file, refuse(file)};
    auto octets = read_file(file, limit_);
    if (!octets && octets.error().code == Errc::TooLarge)
      octets.error().hint = "the policy's [limits] message-bytes says how much is read";
    return StoredMail{file, std::move(octets)};
  }

 private:
  Result<void> list(const std::string& sub)
  {
    std::error_code failed;
    const fs::path folder = sub.empty() ? fs::path(path_) : fs::path(path_) / sub;
    for (fs::directory_iterator it(folder, failed), end; !failed && it != end;
         it.increment(failed)) {
      const std::string name = it->path().filename().string();
      std::error_code unknown;
      if (name.starts_with('.') || it->is_directory(unknown)) continue;
      if (!it->is_regular_file(unknown)) odd_.push_back(static_cast<std::uint32_t>(names_.size()));
      starts_.push_back(static_cast<std::uint32_t>(names_.size()));
      names_ += sub.empty() ? name : cat(sub, '/', name);
      names_ += '\0';
      if (names_.size() > largest_list)
        return err(Errc::TooLarge, cat(folder.string(), ": holds more files than can be listed"));
    }
    if (failed)
      return file_error(Errc::NoInput, folder.string(), failed.value());
    return {};
  }

  // A pipe would keep us waiting for whoever writes to it.
  static tl::unexpected<Error> refuse(const std::string& file)
  {
    std::error_code failed;
    if (fs::exists(file, failed)) return err(Errc::NoInput, cat(file, ": is no regular file"));
    return err(Errc::NoInput,
               cat(file, ": ", failed ? errno_text(failed.value()) : errno_text(ENOENT)),
               "it is a link that leads nowhere");
  }

  [[nodiscard]] const char* base(std::uint32_t start) const
  {
    const char* name = names_.data() + start;
    const char* slash = std::strchr(name, '/');
    return slash == nullptr ? name : slash + 1;
  }

  static constexpr std::size_t largest_list = 1U << 30U;
  std::string path_;
  std::size_t limit_;
  std::string names_;                  // "cur/1.eml\0new/2.eml\0"
  std::vector<std::uint32_t> starts_;  // into names_
  std::vector<std::uint32_t> odd_;     // those of `starts_` that are neither files nor folders; ascending
};

}  // namespace

bool holds_more_mails(std::string_view octets)
{
  if (!is_separator(octets.substr(0, octets.find('\n')))) return false;
  for (auto lf = octets.find("\nFrom "); lf != std::string_view::npos;
       lf = octets.find("\nFrom ", lf + 1)) {
    const auto begin = lf + 1;
    if (is_separator(octets.substr(begin, octets.find('\n', begin) - begin))) return true;
  }
  return false;
}

MailFolder::MailFolder(std::unique_ptr<Source> source) : source_(std::move(source)) {}
MailFolder::MailFolder(MailFolder&&) noexcept = default;
MailFolder& MailFolder::operator=(MailFolder&&) noexcept = default;
MailFolder::~MailFolder() = default;

Result<MailFolder> MailFolder::open_mbox(const std::string& path, const Limits& limits)
{
  Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.ok()) return file_error(Errc::NoInput, path, errno);
  auto mbox = std::make_unique<Mbox>(std::move(file), path, limits.message_bytes);
  IMIP_CHECK(mbox->begin());
  return MailFolder(std::move(mbox));
}

Result<MailFolder> MailFolder::open_folder(const std::string& path, const Limits& limits)
{
  auto folder = std::make_unique<Folder>(path, limits.message_bytes);
  IMIP_CHECK(folder->begin());
  return MailFolder(std::move(folder));
}

std::optional<StoredMail> MailFolder::next() { return source_->next(); }
std::uint64_t MailFolder::done() const { return source_->done; }
std::uint64_t MailFolder::total() const { return source_->total; }

}  // namespace imip::mime
