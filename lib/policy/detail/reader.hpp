/// @file Reading a TOML table key by key, so that every mistake in it is found and none is guessed
/// away.
#pragma once
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/mail_address.hpp"
#include "policy/detail/document.hpp"
#include "policy/policy.hpp"

namespace imip::policy::detail {

/// What all tables of one file share.
struct Reading {
  std::string file;              ///< as given: for problems and origins
  std::filesystem::path folder;  ///< absolute: what relative paths start from
  std::filesystem::path home;
  std::vector<Problem> problems;

  void problem(std::size_t line, std::size_t column, std::string text, std::string hint = {});
  void problem(const Node& at, std::string text, std::string hint = {});

  /// Absolute, "~" expanded; a problem and "" if that cannot be.
  std::string path_of(const Node& at);
  /// Like path_of, for a file that decides: it must exist and be private.
  std::string deciding_file(const Node& at);
  /// The same for a folder that decides: a key ring.
  std::string deciding_folder(const Node& at);
  /// The files that a pattern names, sorted; a problem if there is none.
  std::vector<std::string> deciding_files(const Node& at);
  /// Is the existing file one that only we may change? Else a problem.
  bool check_private(const Node& at, const std::string& path);
};

/// "a, b or c"
[[nodiscard]] std::string list_words(const std::vector<std::string_view>& words,
                                     std::string_view last = " or ");

/// A mailbox; "*@example.com" is one by RFC 5322, but who writes it means a wildcard. @errors Errc::BadValue
Result<CalAddress> one_address(const std::string& text);

/// One table. Every getter notes that its key is known; finish() complains of the others. A getter
/// gives nothing where the key is absent or wrong (then the problem is noted).
class Table {
 public:
  /// @param name  as people write it: "[smime]", "[[delegate]]"
  Table(Reading& reading, const Node& node, std::string name);

  const Node* get(std::string_view key, NodeKind kind, std::string_view hint = {});
  /// Any kind; the caller checks.
  const Node* get_any(std::string_view key);
  /// get() of a key that must be there.
  const Node* need(std::string_view key, NodeKind kind, std::string_view hint = {});
  std::optional<bool> boolean(std::string_view key);
  std::optional<std::int64_t> integer(std::string_view key, std::int64_t min, std::int64_t max);
  /// The index of the word.
  std::optional<std::size_t> choice(std::string_view key,
                                    const std::vector<std::string_view>& words,
                                    std::string_view hint = {});
  /// The strings of a list that must not be empty.
  std::vector<const Node*> strings(std::string_view key);
  std::optional<CalAddress> address(std::string_view key, bool needed);
  std::vector<CalAddress> addresses(std::string_view key);
  std::optional<CalAddress> address_of(const Node& node);
  /// @param later  keys that other versions of imip know
  void finish(const std::vector<std::string_view>& later = {});

  [[nodiscard]] const Node& node() const { return node_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  Reading& reading() { return reading_; }

 private:
  Reading& reading_;
  const Node& node_;
  std::string name_;
  std::vector<std::string_view> known_;
};

}  // namespace imip::policy::detail
