/// @file GPGME with owners, a time limit and a memory limit. Private to lib/crypto.
#pragma once
#include <gpgme.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/handle.hpp"
#include "base/result.hpp"

namespace imip::crypto::gpg {

using Context = Handle<gpgme_context, gpgme_release>;
using Data = Handle<gpgme_data, gpgme_data_release>;
using Key = Handle<_gpgme_key, gpgme_key_unref>;

/// Which engines GPGME looks for. It looks once in a process, and each engine costs it a program. Gpg: none, each session
/// names its program.
enum class Engines : unsigned char { Gpg = 0, All };

/// Makes GPGME ready. The first call decides, unless want_all_engines() came before it.
/// @errors Errc::Unavailable  GPGME cannot start; All, and GPGME was made ready without
Result<void> start_gpgme(Engines engines);
void want_all_engines();

/// The absolute path of a program of GnuPG, along PATH (without PATH: in /usr/bin and /bin).
/// @errors Errc::Unavailable
Result<std::string> find_program(std::string_view name);

/// Reads `octets` where they are.
Data data_over(std::string_view octets);
/// An empty one to write to; null without memory.
Data empty_data();
/// What was written to it.
std::string take(Data data);
/// GPGME's words for an error, lower case.
std::string error_text(gpgme_error_t error);
inline std::string_view text_of(const char* text)
{
  return text == nullptr ? std::string_view{} : std::string_view{text};
}

/// A context on one home, and another for a listing beside it. All that it starts has one time
/// limit together, until it is renewed; what outlives it is killed where the home is `private_home`
/// (a path that no other program knows).
class Session {
 public:
  struct Options {
    std::string home;  ///< absolute
    bool private_home = false;
    std::chrono::milliseconds patience{20'000};
  };
  /// @errors Errc::Unavailable (no such program, or it does not run)
  static Result<Session> open(gpgme_protocol_t protocol, Options options);
  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  [[nodiscard]] gpgme_ctx_t context() const;
  /// The whole patience again.
  void renew();
  /// Calls `start` (a gpgme_op_..._start) and waits for the end of what it started.
  /// GPG_ERR_TIMEOUT if that takes too long.
  gpgme_error_t run(const std::function<gpgme_error_t(gpgme_ctx_t)>& start);
  /// Kills what still runs on a private home.
  void stop();
  /// Does a detached signature hold? Says nothing on whom the owner trusts; keys() does.
  gpgme_error_t verify(gpgme_data_t signature, gpgme_data_t octets);
  /// Keys that `pattern` ("" all) finds in the home, up to `most`.
  Result<std::vector<Key>> keys(const std::string& pattern, bool secret, std::size_t most);
  /// The next run() has the keys that any of `patterns` finds listed at the same time, up to
  /// `most`.
  void list_beside(std::vector<std::string> patterns, std::size_t most);
  /// Waits for the end of that. What it found, once: none if it failed, or if there was nothing to
  /// list.
  std::vector<Key> listed_beside();
  /// What `program` (absolute) prints when it is run with `arguments`.
  static Result<std::string> output_of(const std::string& program,
                                       const std::vector<std::string>& arguments);

 private:
  struct Impl;
  explicit Session(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace imip::crypto::gpg
