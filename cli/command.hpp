/// @file What every command gets, and how it ends.
#pragma once
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "cli/options.hpp"
#include "policy/policy.hpp"

namespace imip::cli {

/// sysexits(3) and ours; see imip(1).
enum class ExitCode : int {
  Ok = 0,
  Untrusted = 1,
  Ask = 2,
  NothingJudged = 3,
  Usage = 64,
  DataErr = 65,
  NoInput = 66,
  Unavailable = 69,
  Software = 70,
  CantCreate = 73,
  IoErr = 74,
  TempFail = 75,
  NoPerm = 77,
  Config = 78
};
[[nodiscard]] ExitCode exit_code_of(Errc code);
/// The worst of several results: 3 only if nothing was judged, else 0 < 2 < 1 < 65 < 66 < 69 < 74 <
/// 73 < 77 < 75 < 70.
[[nodiscard]] ExitCode worst(ExitCode a, ExitCode b);

/// The world of one run. `out` is checked for errors after the command (exit 74).
struct Context {
  std::ostream& out;
  std::ostream& err;
  UtcSeconds now;  ///< --now or the system clock
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool colour = false;
  unsigned columns = 80;
  std::string command{};  ///< "verify"
};

/// The policy file (an absent default file is an empty policy; an absent --policy is Errc::Config),
/// with the flags of CommonOptions laid over it.
Result<policy::Policy> load_policy(const CommonOptions& common);
/// A file that decides, named on the command line: as one that the policy names. Nothing is said of one that is not
/// there. @errors Errc::Config  others may write it
Result<void> require_private_flag(const std::string& file);
/// Where the policy file is or would be.
Result<std::string> policy_path(const CommonOptions& common);
/// HOME, or what the user database says.
Result<std::string> home_directory();
/// $XDG_STATE_HOME/imip or --state.
Result<std::string> state_directory(const CommonOptions& common);

inline constexpr std::size_t largest_key_file = 1U << 20U;  ///< octets

/// Standard input for "" and "-", else the file. @errors Errc::NoInput, Errc::TooLarge
Result<std::string> read_input(const std::string& file, const Limits& limits);
/// Writes to --output FILE (atomically) or to context.out. @errors Errc::CannotCreate
Result<void> write_output(Context& context, const std::string& output, std::string_view octets);

/// "imip verify: FILE: what is wrong (what to do)" on one line, control characters made visible.
void print_error(Context& context, const Error& error);
/// The same for what is worth knowing and no error: "imip sign: notice: ...".
void notice(Context& context, const std::string& what, const std::string& hint = {});

/// The part that every command has.
[[nodiscard]] const CommonOptions& common_options(const AnyOptions& options);
/// Ignores SIGPIPE and opens what is missing of descriptors 0 to 2, so that no file of ours gets
/// one of those numbers and that writing to a closed standard output still fails.
void guard_descriptors();
/// Reads the clock, the terminal, NO_COLOR and COLUMNS.
Context make_context(const AnyOptions& options, std::string command);
/// Help and versions; gives the exit code.
int print_text(const Parsed& parsed);
/// Flushes and closes standard output: where octets were lost, an error line and IoErr.
int finish(Context& context, ExitCode code);

/// The word after --identity as an entry of the policy that has no address.
/// @errors Errc::Usage (a PIN on the command line, a bad name of a key), Errc::Config (also: others may write it),
/// Errc::NoInput
Result<policy::Identity> identity_of_flag(const std::string& word, const KeyOptions& keys);

/// Signs a mail by S/MIME or OpenPGP, and then encrypts what was signed if there is somebody to encrypt to.
/// @errors Errc::Refused  no identity for the mail's From or Sender, or a recipient that no certificate or key
/// is for; else as Signer::open and Signer::sign
struct SignRequest {
  std::string mail;
  const KeyOptions& keys;
  const CommonOptions& common;  ///< intermediates
  const policy::Policy& policy;
  const ProtectOptions& protect;
  std::string boundary_seed;
};
Result<std::string> sign_mail(const SignRequest& request, Context& context);

/// What `build --store` made, and the Message-ID of the mail that it is in, by which `retract` finds it; may be empty.
struct OwnMessage {
  ical::Component calendar;
  std::string message_id;
};
/// The organizer's own copy of what `build --store` made goes into the store, as her own messages,
/// in that order.
/// @errors Errc::NotFound (all are about parts of a series that the calendar does not have),
/// Errc::Refused; nothing is stored then; else as pipeline::put_own, and the text says how many of
/// several are stored
Result<void> store_own(const std::vector<OwnMessage>& messages, const CommonOptions& common,
                       Context& context);

Result<ExitCode> run(const BuildOptions& options, Context& context);
Result<ExitCode> run(const SignOptions& options, Context& context);
Result<ExitCode> run(const VerifyOptions& options, Context& context);
Result<ExitCode> run(const ApplyOptions& options, Context& context);
Result<ExitCode> run(const ShowOptions& options, Context& context);
Result<ExitCode> run(const LintOptions& options, Context& context);
Result<ExitCode> run(const ReplyOptions& options, Context& context);
Result<ExitCode> run(const RetractOptions& options, Context& context);
Result<ExitCode> run(const PolicyOptions& options, Context& context);

/// `policy explain`: each step of the decision about a message.
Result<ExitCode> explain(const PolicyOptions& options, Context& context);

}  // namespace imip::cli
