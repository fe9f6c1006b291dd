/// @file Many mails out of one place: an mbox, a Maildir, a folder of files. One at a time, so that
/// memory does not grow with their number.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/limits.hpp"
#include "base/result.hpp"

namespace imip::mime {

struct StoredMail {
  std::string name;            ///< "box.mbox:3" (counted from 1) or the file's path
  Result<std::string> octets;  ///< as stored; of an mbox without the From_ line, its quoting undone
};

/// Does what was read as one mail begin with a From_ line of an mbox, and have more of them?
[[nodiscard]] bool holds_more_mails(std::string_view octets);

class MailFolder {
 public:
  /// mbox (RFC 4155): a message begins at a line "From SENDER DATE" that is the first or follows an
  /// empty one. One ">" of "^>+From " is taken off (mboxrd; mboxo's "From " too), unless the mail
  /// has one Content-Length and its body has that many octets: then nothing was quoted (mboxcl2).
  /// @errors Errc::NoInput, Errc::BadMime (it does not begin with a From_ line)
  static Result<MailFolder> open_mbox(const std::string& path, const Limits& limits);
  /// A Maildir (a folder with cur/ and new/: those, in order of name, which is that of delivery), or any
  /// other folder: its files in order of name, hidden ones left out. What is neither file nor folder (a pipe, a link
  /// that leads nowhere) is an error in its place.
  /// @errors Errc::NoInput
  static Result<MailFolder> open_folder(const std::string& path, const Limits& limits);
  MailFolder(MailFolder&&) noexcept;
  MailFolder& operator=(MailFolder&&) noexcept;
  ~MailFolder();

  /// The next message, whose octets may be an error of their own (Errc::TooLarge, Errc::NoInput), or
  /// nothing at the end.
  std::optional<StoredMail> next();
  /// How far: octets of an mbox, files of a folder.
  [[nodiscard]] std::uint64_t done() const;
  [[nodiscard]] std::uint64_t total() const;

  struct Source;

 private:
  explicit MailFolder(std::unique_ptr<Source> source);
  std::unique_ptr<Source> source_;
};

}  // namespace imip::mime
