#include "cli/outbox.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <ostream>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/file_error.hpp"
#include "base/digest.hpp"
#include "base/posix.hpp"
#include "cli/child.hpp"
#include "mime/compose.hpp"

namespace imip::cli {

namespace {

namespace fs = std::filesystem;

bool is_folder(const std::string& path)
{
  std::error_code ec;
  return fs::is_directory(path, ec);
}

// An existing folder, or one to be made: "DIR/".
bool means_folder(const std::string& output)
{
  return !output.empty() && (output.back() == '/' || is_folder(output));
}

bool is_standard_output(const OutboxOptions& o)
{
  return o.send.empty() && o.mbox.empty() && (o.output.empty() || o.output == "-");
}

tl::unexpected<Error> one_only(const std::string& place, std::size_t mails)
{
  return err(Errc::CannotCreate, cat(mails, " mails do not go into one ", place),
             "say --output FOLDER/, --mbox FILE or --send 'sendmail -t -i'");
}

Result<void> make_folder(const std::string& path)
{
  if (::mkdir(path.c_str(), 0700) == 0 || is_folder(path)) return {};
  return file_error(Errc::CannotCreate, path, errno, FileUse::Write);
}

// Names that sort in sending order, over several runs too. The same mail has the same name.
std::string file_name(const Letter& letter, std::size_t number)
{
  std::string n = std::to_string(number);
  n.insert(0, n.size() < 4 ? 4 - n.size() : 0, '0');
  return cat(to_ical_utc(letter.date), '-', n, '-', sha256_hex(letter.octets).substr(0, 8), ".eml");
}

Result<void> put_in_folder(const std::string& path, const std::vector<Letter>& letters,
                           std::size_t first)
{
  IMIP_CHECK(make_folder(path));
  std::vector<AtomicFile> files;
  files.reserve(letters.size());
  for (std::size_t i = 0; i < letters.size(); ++i) {
    auto file = AtomicFile::create(fs::path(path) / file_name(letters[i], first + i));
    if (!file && file.error().code == Errc::Io) file.error().code = Errc::CannotCreate;
    if (!file) return tl::unexpected<Error>(file.error());
    IMIP_CHECK(file->write(letters[i].octets));
    files.push_back(*std::move(file));
  }
  for (AtomicFile& file : files) IMIP_CHECK(file.commit());
  return {};
}

std::string mbox_octets(const std::vector<Letter>& letters)
{
  std::string out;
  for (const Letter& l : letters) out += mime::mbox_entry(l.octets, l.sender, l.date);
  return out;
}

Result<void> append(int fd, const std::string& path, std::string_view octets)
{
  struct stat before = {};
  if (::fstat(fd, &before) != 0) return err(Errc::Io, cat(path, ": ", errno_text(errno)));
  const auto failed = [&](int number) {
    if (S_ISREG(before.st_mode) && ::ftruncate(fd, before.st_size) != 0)
      return err(Errc::Io, cat(path, ": ", errno_text(number), "; a part of a mail is in it"));
    return file_error(Errc::Io, path, number, FileUse::Write);
  };
  std::string joined;
  if (S_ISREG(before.st_mode) && before.st_size > 0) {
    char last = '\n';
    if (::pread(fd, &last, 1, before.st_size - 1) == 1 && last != '\n') joined = "\n\n";
  }
  joined += octets;
  std::string_view rest = joined;
  while (!rest.empty()) {
    const ssize_t n = ::write(fd, rest.data(), rest.size());
    if (n < 0 && errno != EINTR) return failed(errno);
    if (n > 0) rest.remove_prefix(static_cast<std::size_t>(n));
  }
  if (S_ISREG(before.st_mode) && ::fsync(fd) != 0) return failed(errno);
  return {};
}

// Locked as programs that deliver mail do (fcntl).
Result<void> put_in_mbox(const std::string& path, const std::vector<Letter>& letters)
{
  const Fd fd(::open(path.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600));
  if (!fd.ok()) return file_error(Errc::CannotCreate, path, errno, FileUse::Write);
  struct flock region = {};
  region.l_type = F_WRLCK;
  region.l_whence = SEEK_SET;
  struct stat kind = {};
  const bool plain = ::fstat(fd.get(), &kind) == 0 && S_ISREG(kind.st_mode);
  if (plain && ::fcntl(fd.get(), F_SETLK, &region) != 0)
    return err(Errc::TryAgain, cat(path, ": another program has locked it"), "try again");
  return append(fd.get(), path, mbox_octets(letters));
}

Result<void> put_on_standard_output(std::string_view octets, Context& context)
{
  errno = 0;
  context.out.write(octets.data(), static_cast<std::streamsize>(octets.size()));
  context.out.flush();
  if (context.out) return {};
  return err(Errc::Io, cat("standard output: ", errno_text(errno != 0 ? errno : EIO)));
}

Result<ExitCode> send_all(const std::string& command, const std::vector<Letter>& letters,
                          Context& context)
{
  IMIP_TRY(const auto words, command_words(command));
  for (std::size_t i = 0; i < letters.size(); ++i) {
    IMIP_TRY(const int status, run_with_input(words, letters[i].octets));
    if (status == 0) continue;
    const bool known = status >= 64 && status <= 78;
    print_error(context,
                Error{Errc::TryAgain,
                      cat("--send: '", words.front(), "' ended with ",
                          status < 0 ? cat("signal ", -status) : cat("exit status ", status), "; ", i,
                          " of ", letters.size(), letters.size() == 1 ? " mail was" : " mails were",
                          " sent"),
                      {}});
    return known ? static_cast<ExitCode>(status) : ExitCode::TempFail;
  }
  return ExitCode::Ok;
}

}  // namespace

Result<std::vector<std::string>> command_words(const std::string& command)
{
  constexpr std::string_view shell_only = "|&;<>()$`*?[#~!{";
  std::vector<std::string> words;
  bool in_word = false;
  char quote = '\0';
  for (std::size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    const bool blank = c == ' ' || c == '\t' || c == '\n';
    if (quote == '\0' && blank) {
      in_word = false;
      continue;
    }
    if (quote == '\0' && shell_only.find(c) != std::string_view::npos)
      return err(Errc::Usage, cat("--send: '", c, "' means nothing here: no shell runs the command"),
                 "quote it, or write --send 'sh -c \"...\"'");
    if (!in_word) words.emplace_back();
    in_word = true;
    if (c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '\'' || c == '"')) {
      quote = c;
    } else if (c == '\\' && quote != '\'' && i + 1 < command.size()) {
      words.back() += command[++i];
    } else {
      words.back() += c;
    }
  }
  if (quote != '\0') return err(Errc::Usage, cat("--send: the quote ", quote, " is not closed"));
  if (words.empty() || words.front().empty())
    return err(Errc::Usage, "--send: no command", "write --send 'sendmail -t -i'");
  return words;
}

Result<void> check_outbox(const OutboxOptions& o, std::size_t mails)
{
  const auto given = [](const std::string& flag) { return flag.empty() ? 0 : 1; };
  if (given(o.send) + given(o.mbox) + given(o.output) > 1)
    return err(Errc::Usage, "--output, --mbox and --send exclude each other", "choose one");
  if (!o.send.empty()) {
    IMIP_CHECK(command_words(o.send));
    return {};
  }
  if (!o.mbox.empty()) {
    if (is_folder(o.mbox))
      return err(Errc::CannotCreate, cat(o.mbox, ": is a folder"), "--output FOLDER/ fills one");
    return {};
  }
  if (is_standard_output(o)) {
    if (mails > 1) return one_only("standard output", mails);
  } else if (!means_folder(o.output)) {
    if (mails > 1) return one_only("file", mails);
  }
  return {};
}

Result<ExitCode> post(const OutboxOptions& o, const std::vector<Letter>& letters, Context& context,
                      std::size_t first)
{
  IMIP_CHECK(check_outbox(o, first - 1 + letters.size()));
  if (!o.send.empty()) return send_all(o.send, letters, context);
  if (o.mbox == "-") {
    IMIP_CHECK(put_on_standard_output(mbox_octets(letters), context));
  } else if (!o.mbox.empty()) {
    IMIP_CHECK(put_in_mbox(o.mbox, letters));
  } else if (means_folder(o.output)) {
    IMIP_CHECK(put_in_folder(o.output, letters, first));
  } else if (!letters.empty() && is_standard_output(o)) {
    IMIP_CHECK(put_on_standard_output(letters.front().octets, context));
  } else if (!letters.empty()) {
    IMIP_CHECK(write_output(context, o.output, letters.front().octets));
  }
  return ExitCode::Ok;
}

}  // namespace imip::cli
