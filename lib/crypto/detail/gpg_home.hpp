/// @file A private home for gpg, with the owner's keys and none of his options. Private to lib/crypto.
#pragma once
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/posix.hpp"
#include "base/result.hpp"

namespace imip::crypto::gpg {

/// The socket of the agent for the key ring in `home` (absolute), which is started where it does not run.
/// @errors Errc::Unavailable
Result<std::string> agent_socket(const std::string& home);

/// A folder of our own that leads gpg to the owner's public keys, with a copy of whom they trust and options that
/// we wrote. So gpg.conf has no say but in the arithmetic of trust: no key server is asked, no key is imported,
/// nobody is trusted "always", and the owner's files are only read. Removed with the object; that of a process that was
/// killed, by the next one that makes a home beside it.
class PrivateHome {
 public:
  /// @param home  the owner's; absolute
  /// @param at  gpg's clock stands there; without, it is the machine's
  /// @errors Errc::NotFound (no key ring there), Errc::Config (others may write it), Errc::CannotCreate
  static Result<PrivateHome> create(const std::string& home, std::optional<UtcSeconds> at);
  PrivateHome(PrivateHome&& other) noexcept;
  PrivateHome& operator=(PrivateHome&& other) noexcept;
  ~PrivateHome();

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Nobody else removed it.
  [[nodiscard]] bool is_there() const;
  /// Leads gpg to the owner's agent, which is started where it does not run.
  /// @errors Errc::Unavailable
  Result<void> connect_agent();

 private:
  PrivateHome() = default;
  static Result<PrivateHome> create_in(const std::string& parent, const std::string& home,
                                       std::optional<UtcSeconds> at);
  void remove();
  std::string path_;
  std::unique_ptr<Fd> lock_;  ///< says that somebody is using it
  std::string owners_;
  bool agent_ = false;
};

}  // namespace imip::crypto::gpg
