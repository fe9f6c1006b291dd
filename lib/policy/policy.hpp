/// @file The local trust policy and its file (toml++), edits of it included.
#pragma once
#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/limits.hpp"
#include "base/mail_address.hpp"
#include "base/result.hpp"
#include "crypto/verifier.hpp"
#include "itip/free_busy.hpp"
#include "itip/plan.hpp"

namespace imip::policy {

/// Where an entry stands, to be shown as "decided by".
struct Origin {
  std::string file;  ///< as given; "" for a flag or a built-in default
  std::size_t line = 0;
  std::string entry;  ///< "delegate", "allow", "defaults.unsigned", "--anchor"
};

/// A default decision. Zero is the safe one.
enum class Default : std::uint8_t { Untrusted = 0, Ask };

struct Delegate {
  CalAddress principal, sent_by;
  std::vector<itip::Method> methods;  ///< empty: all
  enum class Role : std::uint8_t { Organizer = 0, Attendee, Both } role = Role::Organizer;
  std::optional<UtcSeconds> from, until;  ///< until: end of that day, UTC
  Origin origin;
};
struct Allow {
  CalAddress address;
  Origin origin;
  bool free_busy = false;  ///< may ask for busy time, and tell of hers
};
/// This calendar user signs with these keys and no other. Never instead of a chain; an OpenPGP key so
/// named needs no validity in the key ring.
struct Pin {
  CalAddress address;
  std::vector<std::string> spki_sha256;  ///< lower-case hexadecimal
  std::vector<std::string> openpgp;      ///< primary fingerprints, upper-case hexadecimal
  Origin origin;
};
/// The owner's key ring. Without it no OpenPGP signature is checked.
struct KeyRing {
  std::string home;  ///< GNUPGHOME, absolute
  bool ultimate_only = false;
  Origin origin;
};
struct Anchor {
  crypto::AnchorFile file;
  bool admits = true;
  Origin origin;
};
/// A key of our own. It is in exactly one place: a PEM file, a PKCS#12 file, a token, a key ring.
struct Identity {
  CalAddress address;
  std::string certificate, key, pkcs12;
  std::string pkcs11{};   ///< RFC 7512, without PIN; with `certificate` the key alone is in the token
  std::string openpgp{};  ///< fingerprint or address of a key in gpg's key ring
  std::string gpgsm{};    ///< the same in gpgsm's
  std::optional<std::string> passphrase_file, passphrase_env;
  std::optional<int> passphrase_fd;
  Origin origin;
};

struct Defaults {
  Default unsigned_ = Default::Untrusted, unknown_signer = Default::Untrusted;
  Default sent_by = Default::Ask, organizer_change = Default::Ask, party_crasher = Default::Ask,
          first_contact = Default::Ask, delegator = Default::Ask, forwarder = Default::Ask,
          free_busy = Default::Ask;
  Default delegation = Default::Ask;  ///< of mail to delegates whom an attendee names
  std::map<std::string, std::size_t>
      lines;  ///< "first-contact" -> its line; what the file does not set is absent
};

struct Policy {
  std::filesystem::path path;  ///< empty: no file
  itip::Owner owner;           ///< [me] and [[alias]]
  std::string timezone;        ///< [me] timezone, an Olson name; "": the system's
  std::string store_path;      ///< [store] path, "~" expanded
  bool remove_cancelled = false, display_alarms = false;
  bool any_task_progress = false;  ///< [store] task-progress = "any"
  itip::Unanswered unanswered = itip::Unanswered::Tentative;  ///< [store] unanswered
  std::vector<Anchor> anchors;  ///< in order; globs expanded, paths absolute
  std::vector<std::string> intermediates, crls;
  crypto::Revocation revocation = crypto::Revocation::IfAvailable;
  crypto::Floor floor;
  std::vector<Identity> identities;
  std::vector<Delegate> delegates;
  std::vector<Allow> allows;
  std::vector<Pin> pins;
  std::optional<KeyRing> key_ring;
  std::vector<std::pair<CalAddress, CalAddress>> aliases;  ///< (address, same-as)
  std::vector<Origin> alias_origins;                       ///< of `aliases`, one to one
  Defaults defaults;
  Limits limits;
};

/// How messages are planned by this policy.
[[nodiscard]] itip::PlanOptions plan_options(const Policy& policy);

/// One thing wrong in a policy file: "policy.toml:12:3: ..." as Error::what, Errc::Config.
struct Problem {
  std::string file;
  std::size_t line = 0, column = 0;
  std::string text, hint;
};

/// Checks every key, type, address, path; *all* problems are listed. Unknown keys are problems.
struct Loaded {
  Policy policy;  ///< usable only if `problems` is empty
  std::vector<Problem> problems;
};
/// @param home  for "~"
/// Looks at the files that the policy names: they must be there, and nobody else may write them.
Loaded parse_policy(const std::string& text, const std::filesystem::path& path,
                    const std::filesystem::path& home);
/// Reads the file, checks that nobody else may write it, parses. @errors Errc::Config (others may
/// write it, or it is no text), Errc::NoInput, Errc::TooLarge
Result<Loaded> read_policy(const std::filesystem::path& path, const std::filesystem::path& home);
/// "policy.toml:12:3: unknown key" as Error::what, and the hint.
[[nodiscard]] Error error_of(const Problem& problem);
/// read_policy, and Errc::Config with the first problem if there is one.
Result<Policy> load_policy(const std::filesystem::path& path, const std::filesystem::path& home);

/// As people name it: the file, "pkcs11:...", "openpgp:...", "gpgsm:...".
[[nodiscard]] std::string key_place(const Identity& identity);
/// "pkcs11:URI", "openpgp:WHO", "gpgsm:WHO" as one gives them on a command line; nothing if the word is a file's name.
/// @errors Errc::BadValue  as the two below
Result<std::optional<Identity>> identity_in_key_store(const std::string& word);
/// The URI as it is. @errors Errc::BadValue (no pkcs11: URI, or one with a PIN, which is not quoted)
Result<std::string> check_token_uri(const std::string& uri);
/// A whole fingerprint in upper case without blanks and colons, or a mail address. @errors Errc::BadValue
Result<std::string> check_key_name(const std::string& word);

/// Adds to owner.addresses whatever [[alias]] says is the same calendar user as one of them (to be
/// called again when a flag replaced them).
void add_owner_aliases(Policy& policy);

/// Edits keep comments, order and every other octet of the file, are atomic, and refuse to write a
/// file that does not check afterwards. A missing file is made (0600, folder 0700).
struct AllowEdit {
  std::string address;  ///< [[allow]] address, or, with `sent_by`, [[delegate]] principal
  std::string sent_by;  ///< "" : [[allow]]
  std::vector<std::string> methods;
  std::string role, until;  ///< "" : not written
  bool free_busy = false;   ///< of [[allow]]
};
/// The last second of an `until` of a policy: "2027-06-30" (all of that day) or "2027-06-30T12:00:00Z".
/// @errors Errc::BadValue
Result<UtcSeconds> until_of(const std::string& text);
/// Appends the table; the same entry already there: nothing is written and `false` is returned.
Result<bool> add_entry(const std::filesystem::path& path, const std::filesystem::path& home,
                       const AllowEdit& edit);
/// Removes the matching tables ([[allow]] of the address, or [[delegate]] of the pair); gives how
/// many.
Result<std::size_t> remove_entry(const std::filesystem::path& path,
                                 const std::filesystem::path& home, const std::string& address,
                                 const std::string& sent_by);

}  // namespace imip::policy
