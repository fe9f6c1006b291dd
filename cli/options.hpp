/// @file The command line as plain structs. All of CLI11 is in options.cpp.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "itip/build.hpp"
#include "itip/plan.hpp"

namespace imip::cli {

/// What stands in for, or chooses among, the policy's entries (every command).
struct CommonOptions {
  std::string policy;      ///< --policy, IMIP_POLICY, or the XDG place; see Context::load_policy
  std::string state;       ///< --state DIR or "none"
  bool stateless = false;  ///< --stateless: apply without state, knowing what is lost
  std::vector<std::string> me;  ///< --me
  std::string store;            ///< --store
  std::vector<std::string> anchors, intermediates, crls;
  std::string gpg_home;  ///< --gpg-home: the OpenPGP key ring, instead of [openpgp]
  std::optional<UtcSeconds> now;                ///< --now
  std::optional<UtcSeconds> verification_time;  ///< --verification-time
  std::string color = "auto";                   ///< auto | always | never
  bool json = false;
  bool verbose = false;
};

enum class InputKind : std::uint8_t { Auto = 0, Message, Mbox, Maildir };

struct InputOptions {
  std::vector<std::string> files;  ///< empty or "-": standard input
  InputKind kind = InputKind::Auto;
  std::string part;                ///< --part N: only this one
};

/// Where a private key comes from (sign, reply --sign). Nothing given: the policy's [[identity]].
struct KeyOptions {
  std::vector<std::string> identity;  ///< --identity: a file (PEM with key and certificate, or PKCS#12),
                                      ///< pkcs11:URI, openpgp:WHO, gpgsm:WHO
  std::string key;                    ///< --key FILE or pkcs11:URI, where the identity file has no key
  std::string as;                     ///< --as ADDRESS: choose among [[identity]]
  std::string passphrase_file;        ///< --passphrase-file
  std::optional<int> passphrase_fd;   ///< --passphrase-fd
  std::string passphrase_env;         ///< --passphrase-env
};

/// How a mail is protected (sign, reply --sign).
struct ProtectOptions {
  std::string layout = "outer";         ///< outer | inner
  bool opaque = false;                  ///< application/pkcs7-mime instead of multipart/signed
  std::vector<std::string> encrypt_to;  ///< certificate files, or keys in the key ring
  std::string cipher;                   ///< aes256-cbc | aes256-gcm; "" as aes256-cbc
};

/// Where mails that are made go; at most one is given. Nothing: one mail to standard output.
struct OutboxOptions {
  std::string output;  ///< --output: a file, or a folder that takes any number; "-" standard output
  std::string mbox;    ///< --mbox FILE, appended to; "-" standard output
  std::string send;    ///< --send CMD, run once for each mail
};

struct BuildOptions {
  CommonOptions common;
  itip::BuildSpec spec;
  std::string method;               ///< "request", ...; "" with --previous, or where the JSON names it
  std::string file;                 ///< .ics or JSON; "" none; "-" standard input
  std::string previous;             ///< --previous OLD.ics: what FILE was before
  bool each = false;                ///< --each: a mail of her own for every attendee
  bool expand_range = false;        ///< --expand-range: no RANGE=THISANDFUTURE
  std::vector<std::string> attach;  ///< files
  std::string format = "mail";      ///< mail | ics
  std::string from;                 ///< --from; default: SENT-BY, else ORGANIZER
  std::vector<std::string> to;      ///< --to; default: the attendees
  std::string message_id, boundary_seed;
  OutboxOptions outbox;
};
struct SignOptions {
  CommonOptions common;
  std::string file;  ///< mail; "" or "-" standard input
  KeyOptions keys;   ///< keys.as empty: From, then Sender
  ProtectOptions protect;
  std::string boundary_seed;
  std::string output;
};
struct VerifyOptions {
  CommonOptions common;
  InputOptions input;
  KeyOptions keys;  ///< to decrypt with, instead of every [[identity]]
  unsigned jobs = 1;
  bool brief = false;
};
struct ApplyOptions {
  CommonOptions common;
  InputOptions input;
  KeyOptions keys;
  bool brief = false;
  bool dry_run = false;
  bool stop_on_error = false;
  std::optional<std::vector<std::string>> yes;  ///< --yes[=REASON,...]; empty list: all
  std::string replies;  ///< a folder for what the plan offers; "-" standard output; "" nowhere
  std::string send;     ///< --send CMD, run once for each of these mails
  std::string report;   ///< a file for what else would be on standard output
  bool accept_counter = false, decline_counter = false;
  bool sign = false;  ///< sign these mails
  ProtectOptions protect;
};
struct ShowOptions {
  CommonOptions common;
  InputOptions input;
  KeyOptions keys;
  bool chain = false;  ///< certificates, keys and chains too
};
struct LintOptions {
  CommonOptions common;
  InputOptions input;
  KeyOptions keys;      ///< to decrypt with
  bool strict = false;  ///< --strict: each departure counts one step more
};
struct ReplyOptions {
  CommonOptions common;
  InputOptions input;
  std::string answer;  ///< "accept", "tentative", "decline", "delegate", "counter", "refresh"
  std::string comment;
  std::string instance;  ///< WHEN
  bool this_and_future = false;
  std::string to;           ///< delegate: "ADDR[;PARAM=VALUE...]"
  itip::Proposal proposal;  ///< counter
  std::optional<std::int64_t> percent_complete;  ///< of a task
  std::string completed;                         ///< of a task: WHEN
  std::string as;  ///< --as ADDRESS
  std::optional<std::vector<std::string>> yes;
  bool no_store = false;
  bool exact = false;
  bool once = false;
  bool sign = false;  ///< sign in the same process; see sign_mail() in command.hpp
  KeyOptions keys;    ///< --identity, --key, --passphrase-*; `keys.as` is a copy of `as`
  ProtectOptions protect;
  std::string message_id, boundary_seed;
  OutboxOptions outbox;
};
struct RetractOptions {
  CommonOptions common;
  std::string message_id;  ///< with or without angle brackets; "" only with `digest`
  std::string digest;      ///< --digest: the beginning of a part_sha256
  bool yes = false;        ///< --yes: also where the owner's own changes go with the event
  bool dry_run = false;
};
struct PolicyOptions {
  CommonOptions common;
  enum class Action : std::uint8_t {
    None = 0,
    Check,
    Allow,
    Revoke,
    List,
    Explain
  } action = Action::None;
  InputOptions input;   ///< explain
  KeyOptions keys;      ///< explain
  std::string address;  ///< allow, revoke
  std::string sent_by;  ///< allow, revoke: [[delegate]] of address by sent_by
  std::vector<std::string> methods;
  std::string role, until;
  bool free_busy = false;  ///< allow
};

using AnyOptions = std::variant<BuildOptions, SignOptions, VerifyOptions, ApplyOptions, ShowOptions,
                                LintOptions, ReplyOptions, RetractOptions, PolicyOptions>;

/// What main does next: run a command, or print `text` (help, version) and exit with `exit_code`.
struct Parsed {
  std::optional<AnyOptions> options;
  std::string text;
  bool to_stderr = false;
  int exit_code = 0;
  std::string command;  ///< "verify": for error lines
};

/// Never exits and opens no file. Every CLI11 complaint becomes one line and exit 64.
Parsed parse_command_line(int argc, const char* const* argv);

/// ("verify", {"--anchor", ..., "-v"}), ("policy allow", ...), ...: every option of every command,
/// sorted.
std::vector<std::pair<std::string, std::vector<std::string>>> all_options();

}  // namespace imip::cli
