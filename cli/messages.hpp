/// @file Every message that a command is given: files, folders, mboxes, standard input.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.hpp"
#include "base/result.hpp"
#include "cli/command.hpp"
#include "cli/options.hpp"
#include "mime/mail_folder.hpp"

namespace imip::cli {

/// One message after another, in order; what cannot be read is an item too.
class Messages {
 public:
  /// @errors Errc::Usage  standard input as an mbox or a Maildir: it is always one message
  static Result<Messages> open(const InputOptions& input, const Limits& limits);

  std::optional<mime::StoredMail> next();
  /// How much of all was given out, 0 to 1.
  [[nodiscard]] double fraction() const;

 private:
  Messages(const InputOptions& input, const Limits& limits);
  Result<mime::MailFolder> open_folder(const std::string& path) const;
  [[nodiscard]] bool holds_many(const std::string& path) const;

  std::vector<std::string> files_;
  InputKind kind_;
  Limits limits_;
  std::size_t at_ = 0;  // the next of files_
  std::optional<mime::MailFolder> folder_;
  bool any_ = false;  // something came out of `folder_`
};

/// A bar on standard error while many messages are worked through: on a terminal only, and only once it
/// takes a while.
class Progress {
 public:
  explicit Progress(const Context& context);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  /// @param fraction  0 to 1
  /// @param what  "messages": what is counted
  void show(std::size_t count, double fraction, std::string_view what = "messages");
  /// Takes the bar away, before anything else is printed.
  void clear();

 private:
  const Context& context_;
  std::int64_t begun_, drawn_ = 0;  // milliseconds
  bool visible_ = false;
};

}  // namespace imip::cli
