#include "cli/messages.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <ostream>

#include "base/cat.hpp"

namespace imip::cli {

namespace {

constexpr std::int64_t first_after = 500;  // milliseconds
constexpr std::int64_t redraw_after = 100;

// Steady, so that it has nothing to do with --now.
std::int64_t milliseconds()
{
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

Messages::Messages(const InputOptions& input, const Limits& limits)
    : files_(input.files), kind_(input.kind), limits_(limits)
{
  if (files_.empty()) files_.emplace_back("-");
}

Result<Messages> Messages::open(const InputOptions& input, const Limits& limits)
{
  Messages out(input, limits);
  const bool many = input.kind == InputKind::Mbox || input.kind == InputKind::Maildir;
  if (many && std::find(out.files_.begin(), out.files_.end(), "-") != out.files_.end())
    return err(Errc::Usage, "standard input is always one message",
               "name the mbox or the Maildir as FILE");
  if (std::count(out.files_.begin(), out.files_.end(), "-") > 1)
    return err(Errc::Usage, "standard input can be read only once", "give - once");
  return out;
}

bool Messages::holds_many(const std::string& path) const
{
  if (kind_ == InputKind::Mbox || kind_ == InputKind::Maildir) return true;
  std::error_code failed;
  return kind_ == InputKind::Auto && path != "-" && std::filesystem::is_directory(path, failed);
}

Result<mime::MailFolder> Messages::open_folder(const std::string& path) const
{
  return kind_ == InputKind::Mbox ? mime::MailFolder::open_mbox(path, limits_)
                                  : mime::MailFolder::open_folder(path, limits_);
}

std::optional<mime::StoredMail> Messages::next()
{
  for (;;) {
    if (folder_) {
      auto message = folder_->next();
      const bool empty = !message && !any_;
      any_ = true;
      if (message) return message;
      folder_.reset();
      if (empty) {
        const std::string& name = files_[at_ - 1];
        return mime::StoredMail{name, err(Errc::NothingToJudge, cat(name, ": no mails in it"))};
      }
    }
    if (at_ == files_.size()) return std::nullopt;
    const std::string& file = files_[at_++];
    if (!holds_many(file)) return mime::StoredMail{file, read_input(file, limits_)};
    auto folder = open_folder(file);
    if (!folder) return mime::StoredMail{file, tl::unexpected(std::move(folder).error())};
    folder_.emplace(*std::move(folder));
    any_ = false;
  }
}

double Messages::fraction() const
{
  const double within = folder_ && folder_->total() > 0
                            ? static_cast<double>(folder_->done()) /
                                  static_cast<double>(folder_->total())
                            : 1.0;
  const double before = static_cast<double>(at_) - (at_ > 0 ? 1.0 : 0.0);
  return std::min(1.0, (before + within) / static_cast<double>(files_.size()));
}

Progress::Progress(const Context& context) : context_(context), begun_(milliseconds()) {}

Progress::~Progress() { clear(); }

void Progress::show(std::size_t count, double fraction, std::string_view what)
{
  if (!context_.err_is_terminal) return;
  const std::int64_t now = milliseconds();
  if (now - begun_ < first_after || now - drawn_ < redraw_after) return;
  drawn_ = now;
  const std::string tail = cat(" ", static_cast<int>(fraction * 100), " %, ", count, " ", what);
  const std::string head = cat("imip ", context_.command, " ");
  const std::size_t beside = head.size() + tail.size() + 3;
  const std::size_t width = context_.columns > beside ? context_.columns - beside : 0;
  const auto full = std::min(width, static_cast<std::size_t>(fraction * static_cast<double>(width)));
  context_.err << "\r\x1b[K" << head;
  if (width > 0) context_.err << '[' << std::string(full, '#') << std::string(width - full, '.') << ']';
  context_.err << tail << std::flush;
  visible_ = true;
}

void Progress::clear()
{
  if (!visible_) return;
  context_.err << "\r\x1b[K" << std::flush;
  visible_ = false;
}

}  // namespace imip::cli
