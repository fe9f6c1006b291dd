#include "cli/options.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <numeric>
#include <set>

#include "base/cat.hpp"
#include "base/reason.hpp"
#include "base/text.hpp"
#include "cli/command_line.hpp"

// CLI11 is given the arguments and nothing else: no configuration file (a [verify] section in one
// would run that command) and no environment. Only the parser of the chosen command is built.

namespace imip::cli {

namespace {

using CLI::App;
using CLI::Option;

constexpr std::string_view common_group = "Common options";

// ---- kinds of options -----------------------------------------------------------------------

Option* text(App& app, const char* name, std::string& into, const char* type, const char* help)
{
  return app.add_option(name, into, help)->type_name(type)->option_text(type);
}

Option* texts(App& app, const char* name, std::vector<std::string>& into, const char* type,
              const char* help)
{
  return app.add_option(name, into, help)
      ->allow_extra_args(false)
      ->type_name(type)
      ->option_text(cat(type, " ..."));
}

Option* choice(App& app, const char* name, std::string& into, std::vector<std::string> words,
               const char* help)
{
  const std::string list =
      std::accumulate(std::next(words.begin()), words.end(), words.front(),
                      [](const std::string& a, const std::string& b) { return cat(a, '|', b); });
  const auto check = [words = std::move(words)](const std::string& given) -> std::string {
    if (std::find(words.begin(), words.end(), given) != words.end()) return {};
    std::string choices = words.front();
    for (std::size_t i = 1; i < words.size(); ++i)
      choices += cat(i + 1 == words.size() ? " or " : ", ", words[i]);
    return cat('\'', given, "' is not one of the choices: ", choices);
  };
  return app.add_option(name, into, help)->check(check)->option_text(list);
}

Option* instant(App& app, const char* name, std::optional<UtcSeconds>& into, const char* help)
{
  const auto read = [&into, name](const std::string& given) {
    const auto t = parse_instant(given);
    if (!t) throw CLI::ValidationError(name, cat(t.error().what, ": ", t.error().hint));
    into = *t;
  };
  return app.add_option_function<std::string>(name, read, help)->option_text("TIME");
}

void number(App& app, const char* name, std::optional<std::int64_t>& into, std::int64_t most,
            const char* help)
{
  app.add_option_function<std::int64_t>(
         name, [&into](std::int64_t n) { into = n; }, help)
      ->check(CLI::Range(std::int64_t{0}, most).description(""))
      ->option_text("N");
}

void yes_option(App& app, std::optional<std::vector<std::string>>& into)
{
  const auto read = [&into](const std::string& given) {
    into.emplace();
    if (given == "*") return;
    std::size_t at = 0;
    while (at <= given.size()) {
      const std::size_t comma = std::min(given.find(',', at), given.size());
      std::string word = given.substr(at, comma - at);
      if (!code_from_word(word))
        throw CLI::ValidationError(
            "--yes", cat("'", word, "' is no reason code: imip-verdict(7) lists them"));
      into->push_back(std::move(word));
      at = comma + 1;
    }
  };
  app.add_option_function<std::string>(
         "--yes", read, "do what would be asked; with =REASON,... only for these reasons")
      ->option_text("[=REASON,...]");
}

// "1.2", and inside of what is opaque "2/1.2" or "TEXT/1" (RFC 9051 section 6.4.5.1).
std::string part_number_problem(const std::string& given)
{
  const std::string problem = cat('\'', given, "' is no part number, such as 1.2");
  for (std::size_t at = 0; at <= given.size();) {
    const std::size_t end = std::min(given.find_first_of("./", at), given.size());
    const std::string_view word = std::string_view(given).substr(at, end - at);
    const bool number = !word.empty() && word.front() != '0' &&
                        word.find_first_not_of("0123456789") == std::string_view::npos;
    if (!number && word != "TEXT") return problem;
    at = end + 1;
  }
  return {};
}

// ---- what several commands share ------------------------------------------------------------

enum Share : unsigned {
  Me = 1,
  Store = 2,
  State = 4,
  Trust = 8,
  Json = 16,
  Color = 32,
  Stateless = 64,
  Chain = 128,
  Now = 256,
  KeyRing = 512
};

void add_common(App& app, CommonOptions& c, unsigned share)
{
  const auto in_group = [](Option* option) { option->group(std::string(common_group)); };
  in_group(text(app, "--policy", c.policy, "FILE", "trust policy, instead of policy.toml"));
  if ((share & Me) != 0)
    in_group(texts(app, "--me", c.me, "ADDRESS", "whose calendar this is, instead of [me]"));
  if ((share & Store) != 0)
    in_group(text(app, "--store", c.store, "PATH", "the calendar: a vdir, or one .ics file; instead of [store]"));
  if ((share & State) != 0)
    in_group(text(app, "--state", c.state, "FOLDER",
                  "where imip remembers what messages said (verify, show: or 'none')"));
  if ((share & Stateless) != 0)
    in_group(app.add_flag("--stateless", c.stateless, "work without state; says what is lost"));
  if ((share & Trust) != 0) {
    in_group(texts(app, "--anchor", c.anchors, "FILE", "trusted CA certificates, PEM"));
    in_group(texts(app, "--crl", c.crls, "FILE", "certificate revocation lists"));
    in_group(instant(app, "--verification-time", c.verification_time,
                     "judge the validity of certificates at TIME"));
  }
  if ((share & (Trust | KeyRing)) != 0)
    in_group(text(app, "--gpg-home", c.gpg_home, "FOLDER", "key ring of gpg, instead of [openpgp]"));
  if ((share & (Trust | Chain)) != 0)
    in_group(texts(app, "--intermediate", c.intermediates, "FILE", "CA certificates in between"));
  if ((share & Now) != 0) in_group(instant(app, "--now", c.now, "take TIME for the present"));
  if ((share & Json) != 0)
    in_group(app.add_flag("--json", c.json, "one JSON object a line (build, reply: on standard error)"));
  if ((share & Color) != 0)
    in_group(choice(app, "--color", c.color, {"auto", "always", "never"}, "colours (auto)"));
  in_group(app.add_flag("-v,--verbose", c.verbose, "say more on standard error"));
}

void add_passphrases(App& app, KeyOptions& k)
{
  Option* file = text(app, "--passphrase-file", k.passphrase_file, "FILE", "its first line unlocks the key");
  Option* fd = app.add_option_function<int>(
                      "--passphrase-fd", [&k](int n) { k.passphrase_fd = n; },
                      "the same from an open file descriptor")
                   ->check(CLI::Range(0, 65535).description(""))
                   ->option_text("N");
  text(app, "--passphrase-env", k.passphrase_env, "NAME", "the same from the environment")
      ->excludes(file)
      ->excludes(fd);
  fd->excludes(file);
}

void add_keys(App& app, KeyOptions& k, const char* as_help)
{
  texts(app, "--identity", k.identity, "KEY",
        "a PEM or PKCS#12 file, pkcs11:URI, openpgp:WHO or gpgsm:WHO (a fingerprint or address)");
  text(app, "--key", k.key, "KEY", "PEM file or pkcs11:URI, where the --identity file has no key");
  if (as_help != nullptr) text(app, "--as", k.as, "ADDRESS", as_help);
  add_passphrases(app, k);
}

void add_protection(App& app, ProtectOptions& p)
{
  choice(app, "--layout", p.layout, {"outer", "inner"}, "sign all, or the calendar part alone (outer)");
  app.add_flag("--opaque", p.opaque, "application/pkcs7-mime instead of multipart/signed");
  texts(app, "--encrypt-to", p.encrypt_to, "WHO",
        "encrypt too: to a certificate file; by OpenPGP to a fingerprint or address");
  choice(app, "--cipher", p.cipher, {"aes256-cbc", "aes256-gcm"}, "for S/MIME (aes256-cbc)");
}

void add_decryption(App& app, KeyOptions& k)
{
  texts(app, "--identity", k.identity, "FILE", "key to decrypt with, instead of [[identity]]");
  add_passphrases(app, k);
}

void add_input(App& app, InputOptions& input)
{
  app.add_option("FILE", input.files, "mail or iCalendar; none or -: standard input")
      ->type_name("");
  text(app, "--part", input.part, "N", "only this part of the mail, such as 1.2")
      ->check(part_number_problem);
}

// For the commands that may be given many messages.
void add_many(App& app, InputOptions& input)
{
  add_input(app, input);
  static const std::vector<std::pair<std::string, InputKind>> kinds = {
      {"auto", InputKind::Auto},
      {"message", InputKind::Message},
      {"mbox", InputKind::Mbox},
      {"maildir", InputKind::Maildir}};
  const auto read = [&input](const std::string& given) {
    const auto found = std::find_if(kinds.begin(), kinds.end(),
                                    [&](const auto& kind) { return kind.first == given; });
    if (found == kinds.end())
      throw CLI::ValidationError(
          "--input-kind", cat('\'', given, "' is not one of the choices: auto, message, mbox or maildir"));
    input.kind = found->second;
  };
  app.add_option_function<std::string>("--input-kind", read,
                                       "what each FILE is (auto: a folder holds mails, a file is one)")
      ->option_text("auto|message|mbox|maildir");
}

void add_reproducible(App& app, std::string* message_id, std::string& boundary_seed)
{
  if (message_id != nullptr) text(app, "--message-id", *message_id, "ID", "Message-ID of the mail");
  text(app, "--boundary-seed", boundary_seed, "TEXT", "the same seed gives the same boundaries");
}

void add_outbox(App& app, OutboxOptions& o)
{
  text(app, "--output", o.output, "FILE", "to this file, or into this FOLDER/, one file each");
  text(app, "--mbox", o.mbox, "FILE", "append to this mbox; -: to standard output as an mbox");
  text(app, "--send", o.send, "COMMAND", "run this for each mail: 'sendmail -t -i'");
}

// ---- the commands ---------------------------------------------------------------------------

void add_build_object(App& app, itip::BuildSpec& s)
{
  text(app, "--organizer", s.organizer, "ADDRESS[;PARAM=VALUE...]", "who calls the meeting");
  text(app, "--sent-by", s.sent_by, "ADDRESS", "who acts for the organizer (reply: for the attendee)");
  texts(app, "--attendee", s.attendees, "ADDRESS[;PARAM=VALUE...]", "who is invited; who answers");
  text(app, "--summary", s.summary, "TEXT", "title");
  text(app, "--start", s.start, "WHEN", "2027-01-04T10:00, 2027-01-04T09:00:00Z, 2027-01-04");
  text(app, "--end", s.end, "WHEN", "end (for days: the day after the last)");
  text(app, "--due", s.due, "WHEN", "when a to-do is to be done");
  text(app, "--duration", s.duration, "DURATION", "instead of --end or --due: PT1H30M, P1D");
  text(app, "--timezone", s.timezone, "ZONE", "of the times, such as Europe/Berlin");
  text(app, "--location", s.location, "TEXT", "where");
  text(app, "--description", s.description, "TEXT", "what it is about");
  text(app, "--rrule", s.rrule, "RULE", "repetition: FREQ=WEEKLY;COUNT=10");
  texts(app, "--exdate", s.exdates, "WHEN", "a repetition that does not take place");
  texts(app, "--rdate", s.rdates, "WHEN", "one more repetition");
  text(app, "--uid", s.uid, "UID", "of the event (made up)");
  number(app, "--sequence", s.sequence, 2147483647, "revision");
  text(app, "--recurrence-id", s.recurrence_id, "WHEN", "this repetition only");
  app.add_flag("--this-and-future", s.this_and_future, "and all later ones");
  text(app, "--status", s.status, "WORD", "such as TENTATIVE, CONFIRMED, IN-PROCESS, FINAL");
  text(app, "--comment", s.comment, "TEXT", "a word to the others");
  number(app, "--priority", s.priority, 9, "1 is the highest, 0 is none");
  number(app, "--percent-complete", s.percent_complete, 100, "how far a to-do is");
  text(app, "--completed", s.completed, "WHEN", "when a to-do was done");
  texts(app, "--freebusy", s.freebusy, "PERIOD[;FBTYPE=TYPE]", "busy: START/END or START/PT1H");
  texts(app, "--request-status", s.request_status, "CODE;TEXT", "why a request failed: '3.7;No such user'");
}

void component_option(App& app, itip::Kind& into)
{
  static const std::vector<std::pair<std::string, itip::Kind>> kinds = {
      {"vevent", itip::Kind::Event},
      {"vtodo", itip::Kind::Todo},
      {"vjournal", itip::Kind::Journal},
      {"vfreebusy", itip::Kind::FreeBusy}};
  const auto read = [&into](const std::string& given) {
    const auto found = std::find_if(kinds.begin(), kinds.end(), [&](const auto& kind) {
      return kind.first == text::ascii_lower(given);
    });
    if (found == kinds.end())
      throw CLI::ValidationError("--component", cat('\'', given,
                                                    "' is not one of the choices: vevent, vtodo, "
                                                    "vjournal or vfreebusy"));
    into = found->second;
  };
  app.add_option_function<std::string>("--component", read, "what it is about (FILE's, else vevent)")
      ->option_text("vevent|vtodo|vjournal|vfreebusy");
}

void add_build(App& app, BuildOptions& o)
{
  app.add_option("METHOD", o.method,
                 "request, publish, reply, add, cancel, refresh, counter or declinecounter")
      ->type_name("");
  app.add_option("FILE", o.file, "an .ics or JSON to start from; -: standard input")->type_name("");
  text(app, "--previous", o.previous, "OLD.ics", "tell what changed from it to FILE, no more");
  app.add_flag("--each", o.each, "one mail to each attendee, which does not show the others");
  app.add_flag("--expand-range", o.expand_range, "say --this-and-future without RANGE=THISANDFUTURE");
  component_option(app, o.spec.kind);
  add_build_object(app, o.spec);
  texts(app, "--attach", o.attach, "FILE", "goes with the mail");
  choice(app, "--format", o.format, {"mail", "ics"}, "mail, or bare iCalendar");
  text(app, "--from", o.from, "ADDRESS", "From (who acts for the sender, else the sender)");
  texts(app, "--to", o.to, "ADDRESS", "instead of the attendees, or the organizer");
  add_reproducible(app, &o.message_id, o.boundary_seed);
  add_outbox(app, o.outbox);
  add_common(app, o.common, Me | Store | State | Now | Json);
}

void add_sign(App& app, SignOptions& o)
{
  app.add_option("FILE", o.file, "mail; none or -: standard input")->type_name("");
  add_keys(app, o.keys, "which [[identity]] (the one of From, else of Sender)");
  add_protection(app, o.protect);
  add_reproducible(app, nullptr, o.boundary_seed);
  text(app, "--output", o.output, "FILE", "instead of standard output");
  add_common(app, o.common, Chain | KeyRing | Now);
}

constexpr unsigned judging = Me | Store | State | Trust | Now | Color;

void add_verify(App& app, VerifyOptions& o)
{
  add_many(app, o.input);
  app.add_flag("--brief", o.brief, "one line, always exit 0: verdict and first reason");
  app.add_option_function<unsigned>(
         "-j,--jobs", [&o](unsigned n) { o.jobs = n; }, "judge so many messages at a time")
      ->check(CLI::Range(1U, 256U).description(""))
      ->option_text("N");
  add_decryption(app, o.keys);
  add_common(app, o.common, judging | Json);
}

void add_apply(App& app, ApplyOptions& o)
{
  add_many(app, o.input);
  app.add_flag("--brief", o.brief, "one line, always exit 0: outcome and first reason");
  app.add_flag("--dry-run", o.dry_run, "say what would change, change nothing");
  app.add_flag("--stop-on-error", o.stop_on_error, "not on to the next FILE after a failure");
  yes_option(app, o.yes);
  text(app, "--replies", o.replies, "FOLDER", "mails that answer go there, one file each; -: standard output");
  text(app, "--send", o.send, "COMMAND", "run this for each of these mails: 'sendmail -t -i'");
  text(app, "--report", o.report, "FILE", "what is said of the messages goes there");
  app.add_flag("--accept-counter", o.accept_counter, "take a proposal up, and tell everybody");
  app.add_flag("--decline-counter", o.decline_counter, "tell who proposes that it stays as it is");
  app.add_flag("--sign", o.sign, "sign these mails");
  add_keys(app, o.keys, "which [[identity]] signs (the one of From)");
  add_protection(app, o.protect);
  add_common(app, o.common, judging | Json | Stateless);
}

void add_show(App& app, ShowOptions& o)
{
  add_many(app, o.input);
  add_decryption(app, o.keys);
  app.add_flag("--chain", o.chain, "each signer's certificate or key, the chain, and where it breaks");
  add_common(app, o.common, judging | Json);
}

void add_lint(App& app, LintOptions& o)
{
  add_many(app, o.input);
  app.add_flag("--strict", o.strict, "each departure counts one step more: should as must, interop as should");
  add_decryption(app, o.keys);
  add_common(app, o.common, KeyRing | Now | Color | Json);
}

void add_proposal(App& app, itip::Proposal& p)
{
  text(app, "--start", p.start, "WHEN", "counter: another start, in the event's zone");
  text(app, "--end", p.end, "WHEN", "counter: another end");
  text(app, "--due", p.due, "WHEN", "counter: when a to-do would be done");
  text(app, "--duration", p.duration, "DURATION", "counter: instead of --end or --due: PT1H30M");
  text(app, "--timezone", p.timezone, "ZONE", "counter: of the times, instead of the event's own");
  text(app, "--location", p.location, "TEXT", "counter: another place");
  text(app, "--summary", p.summary, "TEXT", "counter: another title");
}

void add_reply(App& app, ReplyOptions& o)
{
  choice(app, "ANSWER", o.answer,
         {"accept", "tentative", "decline", "delegate", "counter", "refresh"}, "the answer")
      ->required();
  add_input(app, o.input);
  text(app, "--comment", o.comment, "TEXT", "a word to the organizer");
  text(app, "--instance", o.instance, "WHEN", "answer this repetition only");
  app.add_flag("--this-and-future", o.this_and_future, "with --instance: and all later ones");
  text(app, "--to", o.to, "ADDRESS[;PARAM=VALUE...]", "delegate: who takes part instead");
  add_proposal(app, o.proposal);
  number(app, "--percent-complete", o.percent_complete, 100, "accept: how far a to-do is");
  text(app, "--completed", o.completed, "WHEN", "accept: when a to-do was done");
  app.add_option_function<std::string>(
         "--as", [&o](const std::string& as) { o.as = o.keys.as = as; },
         "which of your addresses answers")
      ->option_text("ADDRESS");
  yes_option(app, o.yes);
  app.add_flag("--no-store", o.no_store, "only make the mail, change nothing");
  app.add_flag("--exact", o.exact, "answer this revision though a newer one is stored");
  app.add_flag("--once", o.once, "no mail if the same was answered before");
  app.add_flag("--sign", o.sign, "sign the mail too");
  add_keys(app, o.keys, nullptr);
  add_protection(app, o.protect);
  add_reproducible(app, &o.message_id, o.boundary_seed);
  add_outbox(app, o.outbox);
  add_common(app, o.common, judging | Stateless | Json);
}

void add_retract(App& app, RetractOptions& o)
{
  app.add_option("MESSAGE-ID", o.message_id, "of the mail that is to be undone")->type_name("");
  text(app, "--digest", o.digest, "SHA256", "which calendar part (its part_sha256, or how that begins)");
  app.add_flag("--dry-run", o.dry_run, "say what would be undone, undo nothing");
  app.add_flag("--yes", o.yes, "even if changes of your own go with the event");
  add_common(app, o.common, Me | Store | State | Now | Json);
}

void add_policy_check(App& app, PolicyOptions& o)
{
  o.action = PolicyOptions::Action::Check;
  add_common(app, o.common, Json | Now);
}

void add_entry_options(App& app, PolicyOptions& o)
{
  app.add_option("ADDRESS", o.address, "a calendar user")->required()->type_name("");
  text(app, "--sent-by", o.sent_by, "ADDRESS", "who may act for ADDRESS ([[delegate]])");
}

void add_policy_allow(App& app, PolicyOptions& o)
{
  o.action = PolicyOptions::Action::Allow;
  add_entry_options(app, o);
  texts(app, "--method", o.methods, "METHOD", "with --sent-by: only this method");
  choice(app, "--role", o.role, {"organizer", "attendee", "both"}, "with --sent-by: acts as what");
  text(app, "--until", o.until, "DATE", "with --sent-by: last day, 2027-06-30");
  app.add_flag("--free-busy", o.free_busy, "may also ask for busy time and publish it");
  add_common(app, o.common, Json);
}

void add_policy_revoke(App& app, PolicyOptions& o)
{
  o.action = PolicyOptions::Action::Revoke;
  add_entry_options(app, o);
  add_common(app, o.common, Json);
}

void add_policy_list(App& app, PolicyOptions& o)
{
  o.action = PolicyOptions::Action::List;
  add_common(app, o.common, Json | Now);
}

void add_policy_explain(App& app, PolicyOptions& o)
{
  o.action = PolicyOptions::Action::Explain;
  add_input(app, o.input);
  add_decryption(app, o.keys);
  add_common(app, o.common, judging | Json);
}

struct Command {
  std::string_view name;  // "policy allow"
  std::string_view summary;
  AnyOptions (*make)();
  void (*add)(App&, AnyOptions&);
};

template <typename Options, void (*Add)(App&, Options&)>
constexpr Command command(std::string_view name, std::string_view summary)
{
  return {name, summary, +[] { return AnyOptions{Options{}}; },
          +[](App& app, AnyOptions& o) { Add(app, std::get<Options>(o)); }};
}

constexpr std::array commands = {
    command<BuildOptions, add_build>("build", "make an iTIP message, as mail or as bare iCalendar"),
    command<SignOptions, add_sign>("sign", "sign a calendar mail, and encrypt it"),
    command<VerifyOptions, add_verify>(
        "verify", "who signed each text/calendar part, and may they do what it asks"),
    command<ApplyOptions, add_apply>("apply", "verify, then change the calendar"),
    command<ShowOptions, add_show>("show", "the message for a person"),
    command<LintOptions, add_lint>("lint", "departures from RFC 5545, 5546 and 6047, each with its section"),
    command<ReplyOptions, add_reply>("reply", "answer a received message"),
    command<RetractOptions, add_retract>("retract", "undo what one message changed"),
    command<PolicyOptions, add_policy_check>("policy check", "is the policy file in order"),
    command<PolicyOptions, add_policy_allow>(
        "policy allow", "let somebody invite, or act for somebody else (--sent-by)"),
    command<PolicyOptions, add_policy_revoke>("policy revoke", "take such an entry out again"),
    command<PolicyOptions, add_policy_list>("policy list", "who may do what"),
    command<PolicyOptions, add_policy_explain>("policy explain",
                                               "why a message gets the verdict that it gets"),
};
void dress(App& app, const Command& c)
{
  app.name(cat("imip ", c.name));
  app.description(std::string(c.summary));
  app.set_help_flag("-h,--help", "print this help");
  app.get_help_ptr()->group(std::string(common_group));
  app.get_formatter()->column_width(34);
  app.allow_extras();
}

std::vector<std::string> option_names(const App& app)
{
  std::vector<std::string> names;
  for (const Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    for (const std::string& name : option->get_snames()) names.push_back("-" + name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

// ---- parsing --------------------------------------------------------------------------------

// getopt_long's reading of values, which CLI11 does not have: the word after an option that takes
// a value is the value, whatever it begins with; --yes never takes the next word.
// Throws CLI::ParseError.
std::vector<std::string> joined_values(const App& app, const std::vector<std::string>& words)
{
  std::vector<std::string> out;
  std::set<const Option*> seen;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      out.insert(out.end(), words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
      break;
    }
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const Option* option = name.starts_with("--") ? app.get_option_no_throw(name) : nullptr;
    if (option == nullptr) {
      out.push_back(word);
      continue;
    }
    const bool flag = option->get_items_expected_max() == 0;
    if (!flag && !seen.insert(option).second && option->get_items_expected_max() == 1)
      throw CLI::ParseError(cat(name, " is given twice"), 64);
    if (flag && equals != std::string::npos)
      throw CLI::ParseError(cat(name, " takes no value"), 64);
    if (word == "--yes" && !flag) {
      out.emplace_back("--yes=*");
    } else if (flag) {
      out.push_back(word);
    } else if (equals != std::string::npos || i + 1 < words.size()) {
      const std::string value = equals != std::string::npos ? word.substr(equals + 1) : words[++i];
      if (value.empty()) {
        out.insert(out.end(), {name, value});
      } else {
        out.push_back(cat(name, '=', value));
      }
    } else {
      throw CLI::ParseError(cat(name, " needs a value"), 64);
    }
  }
  return out;
}

std::string complaint_about(const App& app, const std::string& extra)
{
  if (extra.size() > 1 && extra.front() == '-')
    return unknown("option", extra.substr(0, extra.find('=')), option_names(app));
  return cat("unexpected argument '", extra, '\'');
}

std::vector<std::string> left_over(const App& app)
{
  std::vector<std::string> extras = app.remaining();
  extras.erase(std::remove(extras.begin(), extras.end(), "--"), extras.end());
  return extras;
}

}  // namespace

std::vector<CommandInfo> command_infos()
{
  std::vector<CommandInfo> out;
  for (const Command& c : commands) out.push_back({c.name, c.summary});
  return out;
}

Parsed parse_command(std::string_view name, const std::vector<std::string>& words)
{
  const auto found = std::find_if(commands.begin(), commands.end(),
                                  [&](const Command& each) { return each.name == name; });
  if (found == commands.end()) return usage_error({}, "a command is missing");
  const Command& c = *found;
  App app;
  AnyOptions options = c.make();
  dress(app, c);
  c.add(app, options);
  try {
    std::vector<std::string> arguments = joined_values(app, words);
    std::reverse(arguments.begin(), arguments.end());
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    return print(app.help());
  } catch (const CLI::RequiredError&) {
    const auto extras = left_over(app);
    const auto odd = std::find_if(extras.begin(), extras.end(),
                                  [](const std::string& e) { return e.starts_with("-"); });
    if (odd != extras.end()) return usage_error(c.name, complaint_about(app, *odd));
    for (const Option* option : app.get_options())
      if (option->get_required() && option->count() == 0)
        return usage_error(c.name, cat(option->get_name(), " is missing"));
  } catch (const CLI::ParseError& e) {
    return usage_error(c.name, e.what());
  }
  if (const auto extras = left_over(app); !extras.empty())
    return usage_error(c.name, complaint_about(app, extras.front()));
  Parsed parsed;
  parsed.options = std::move(options);
  parsed.command = c.name;
  return parsed;
}

std::vector<std::pair<std::string, std::vector<std::string>>> all_options()
{
  std::vector<std::pair<std::string, std::vector<std::string>>> all;
  for (const Command& c : commands) {
    App app;
    AnyOptions options = c.make();
    dress(app, c);
    c.add(app, options);
    all.emplace_back(c.name, option_names(app));
  }
  return all;
}

}  // namespace imip::cli
