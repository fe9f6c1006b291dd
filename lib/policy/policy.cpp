#include "policy/policy.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <tuple>

#include "base/atomic_file.hpp"
#include "base/cat.hpp"
#include "base/text.hpp"
#include "ical/time.hpp"
#include "policy/detail/document.hpp"
#include "policy/detail/identity.hpp"
#include "policy/detail/reader.hpp"

namespace imip::policy {
namespace fs = std::filesystem;
using detail::Node;
using detail::NodeKind;
using detail::Reading;
using detail::Table;

namespace {

constexpr std::size_t max_policy_octets = 1'048'576;
constexpr std::string_view system_bundle = "/etc/ssl/certs/ca-certificates.crt";

Origin origin_of(Table& table, std::string entry)
{
  return {table.reading().file, table.node().line, std::move(entry)};
}

void read_me(Table table, Policy& policy)
{
  policy.owner.addresses = table.addresses("addresses");
  policy.owner.groups = table.addresses("groups");
  if (const auto mode = table.choice("local-part", {"fold", "exact"}))
    policy.owner.local_part = *mode == 0 ? LocalPart::Fold : LocalPart::Exact;
  if (const Node* zone = table.get("timezone", NodeKind::String)) {
    policy.timezone = zone->string;
    if (!ical::vtimezone(zone->string))
      table.reading().problem(*zone, cat("unknown time zone '", zone->string, "'"),
                              "write a name such as \"Europe/Berlin\"");
  }
  table.finish();
}

void read_alias(Table table, Policy& policy)
{
  const auto address = table.address("address", true);
  if (table.need("same-as", NodeKind::Array, R"(write same-as = ["..."])") != nullptr) {
    for (CalAddress& other : table.addresses("same-as")) {
      if (!address) continue;
      policy.aliases.emplace_back(*address, std::move(other));
      policy.alias_origins.push_back(origin_of(table, "alias"));
    }
  }
  table.finish();
}

void read_store(Table table, Policy& policy)
{
  if (const Node* path = table.get("path", NodeKind::String))
    policy.store_path = table.reading().path_of(*path);
  if (const auto choice = table.choice("cancelled", {"keep", "remove"}))
    policy.remove_cancelled = *choice == 1;
  if (const auto choice = table.choice("alarms", {"mine", "display"}))
    policy.display_alarms = *choice == 1;
  if (const auto choice = table.choice("task-progress", {"one", "any"}))
    policy.any_task_progress = *choice == 1;
  if (const auto choice = table.choice("unanswered", {"tentative", "busy", "free"}))
    policy.unanswered = std::array{itip::Unanswered::Tentative, itip::Unanswered::Busy,
                                   itip::Unanswered::Free}[*choice];
  table.finish();
}

void read_floor(Table table, crypto::Floor& floor)
{
  // the floor can be raised and not lowered: less than 2048 bits can be broken
  if (const auto bits = table.integer("rsa-bits", 2048, floor.rsa_bits_max))
    floor.rsa_bits_min = static_cast<int>(*bits);
  const std::vector<std::string_view> known = {"sha256", "sha384", "sha512"};
  std::vector<std::string> digests;
  for (const Node* digest : table.strings("digests")) {
    if (std::find(known.begin(), known.end(), digest->string) != known.end())
      digests.push_back(digest->string);
    else
      table.reading().problem(*digest, cat("'", digest->string, "' is not a digest to rely on"),
                              cat("write ", detail::list_words(known)));
  }
  if (!digests.empty()) floor.digests = std::move(digests);
  table.finish();
}

void add_anchors(Table& table, const Node& name, Policy& policy)
{
  Reading& reading = table.reading();
  const Origin origin{reading.file, name.line, "smime.anchors"};
  if (name.string != "system") {
    for (std::string& path : reading.deciding_files(name))
      policy.anchors.push_back({{std::move(path), {}}, true, origin});
    return;
  }
  std::error_code failed;
  if (!fs::exists(system_bundle, failed)) {
    reading.problem(name, cat("the system has no ", system_bundle), "install ca-certificates");
  } else if (reading.check_private(name, std::string{system_bundle})) {
    policy.anchors.push_back({{std::string{system_bundle}, {}}, false, origin});
  }
}

// Files and patterns, or folders of which every file counts: fetched lists come and go.
void read_crls(Table& table, Policy& policy)
{
  Reading& reading = table.reading();
  for (const Node* name : table.strings("crls")) {
    std::error_code failed;
    const std::string path = reading.path_of(*name);
    if (path.empty()) continue;
    if (!fs::is_directory(path, failed)) {
      for (std::string& file : reading.deciding_files(*name)) policy.crls.push_back(std::move(file));
      continue;
    }
    bool all_private = !reading.deciding_folder(*name).empty();
    for (fs::directory_iterator at(path, failed), end; !failed && at != end; at.increment(failed)) {
      std::error_code unknown;
      if (at->path().filename().native().starts_with('.') || at->is_directory(unknown)) continue;
      all_private = reading.check_private(*name, at->path().string()) && all_private;
    }
    if (all_private) policy.crls.push_back(path);
  }
}

void read_smime(Table table, Policy& policy)
{
  for (const Node* name : table.strings("anchors")) add_anchors(table, *name, policy);
  const auto files = [&](std::string_view key, std::vector<std::string>& out) {
    for (const Node* name : table.strings(key))
      for (std::string& path : table.reading().deciding_files(*name))
        out.push_back(std::move(path));
  };
  files("intermediates", policy.intermediates);
  read_crls(table, policy);
  if (const auto choice = table.choice("revocation", {"if-available", "required", "off"})) {
    constexpr std::array modes = {crypto::Revocation::IfAvailable, crypto::Revocation::Required,
                                  crypto::Revocation::Off};
    policy.revocation = modes.at(*choice);
  }
  if (const Node* floor = table.get("floor", NodeKind::Table))
    read_floor(Table{table.reading(), *floor, "floor of [smime]"}, policy.floor);
  table.finish();
}

void read_schemes(Table& table, std::vector<std::string>& schemes)
{
  const std::vector<std::string_view> known = {"mailto", "sip", "xmpp"};
  std::vector<std::string> given;
  for (const Node* scheme : table.strings("schemes")) {
    if (std::find(known.begin(), known.end(), scheme->string) != known.end())
      given.push_back(scheme->string);
    else
      table.reading().problem(*scheme, cat("certificates have no names of the scheme '", scheme->string, "'"),
                              cat("write ", detail::list_words(known)));
  }
  if (!given.empty()) schemes = std::move(given);
}

void read_anchor(Table table, Policy& policy)
{
  Reading& reading = table.reading();
  Anchor anchor;
  anchor.origin = origin_of(table, "anchor");
  anchor.file.conditional = true;
  if (const Node* file = table.need("file", NodeKind::String))
    anchor.file.path = reading.deciding_file(*file);
  for (const Node* domain : table.strings("domains")) {
    // a domain is good if an address there is; this also makes it A-labels
    if (const auto address = CalAddress::from_mailbox(cat("x@", domain->string)))
      anchor.file.domains.push_back(address->domain());
    else
      reading.problem(*domain, cat("'", domain->string, "' is not a domain"),
                      "write the part after the @");
  }
  anchor.admits = table.boolean("admits").value_or(true);
  read_schemes(table, anchor.file.schemes);
  table.finish();
  if (anchor.file.path.empty()) return;
  for (const Anchor& other : policy.anchors)
    if (other.file.conditional && other.file.path == anchor.file.path)
      reading.problem(table.node(),
                      cat("the [[anchor]] of line ", other.origin.line, " names the same file"),
                      "write one entry: what each of several demands of a CA holds");
  policy.anchors.push_back(std::move(anchor));
}

enum class Edge { First, Last };

// A date is the whole day, in UTC.
std::optional<UtcSeconds> read_time(Table& table, std::string_view key, Edge edge)
{
  const Node* found = table.get_any(key);
  if (found == nullptr) return std::nullopt;
  if (found->kind == NodeKind::Instant) return found->instant;
  if (found->kind == NodeKind::Date)
    return edge == Edge::First ? found->instant
                               : found->instant + std::chrono::days{1} - std::chrono::seconds{1};
  table.reading().problem(
      *found, cat(key, " is ", detail::kind_phrase(found->kind), ", not a date"),
      cat("write ", key, " = 2027-06-30, or = 2027-06-30T12:00:00Z, without quotes"));
  return std::nullopt;
}

const std::vector<std::string_view>& method_words()
{
  static const std::vector<std::string_view> words = {
      "PUBLISH", "REQUEST", "REPLY", "ADD", "CANCEL", "REFRESH", "COUNTER", "DECLINECOUNTER"};
  return words;
}

void read_delegate(Table table, Policy& policy)
{
  Reading& reading = table.reading();
  Delegate delegate;
  delegate.origin = origin_of(table, "delegate");
  const auto principal = table.address("principal", true);
  const auto sent_by = table.address("sent-by", true);
  for (const Node* word : table.strings("methods")) {
    const itip::Method method = itip::method_from_word(word->string);
    if (method == itip::Method::None)
      reading.problem(*word, cat("'", word->string, "' is not a method"),
                      cat("write ", detail::list_words(method_words())));
    else
      delegate.methods.push_back(method);
  }
  if (const auto role = table.choice("role", {"organizer", "attendee", "both"})) {
    constexpr std::array roles = {Delegate::Role::Organizer, Delegate::Role::Attendee,
                                  Delegate::Role::Both};
    delegate.role = roles.at(*role);
  }
  delegate.from = read_time(table, "from", Edge::First);
  delegate.until = read_time(table, "until", Edge::Last);
  if (delegate.from && delegate.until && *delegate.from > *delegate.until)
    reading.problem(*table.node().find("until"), "until is before from");
  table.finish();
  if (!principal || !sent_by) return;
  delegate.principal = *principal;
  delegate.sent_by = *sent_by;
  policy.delegates.push_back(std::move(delegate));
}

void read_allow(Table table, Policy& policy)
{
  const auto address = table.address("address", true);
  const bool free_busy = table.boolean("free-busy").value_or(false);
  table.finish();
  if (address) policy.allows.push_back({*address, origin_of(table, "allow"), free_busy});
}

// Hexadecimal of so many digits, however written; a problem if it is not.
std::vector<std::string> read_hashes(Table& table, std::string_view key,
                                     const std::vector<std::size_t>& lengths, bool upper)
{
  std::vector<std::string> out;
  for (const Node* word : table.strings(key)) {
    std::string digits;
    bool hexadecimal = true;
    for (const char c : text::ascii_lower(word->string)) {
      if (c == ' ' || c == ':') continue;
      hexadecimal = hexadecimal && ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
      digits += upper && c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    if (hexadecimal && std::find(lengths.begin(), lengths.end(), digits.size()) != lengths.end())
      out.push_back(std::move(digits));
    else
      table.reading().problem(*word, cat("'", word->string, "' is no whole fingerprint"),
                              "write all its hexadecimal digits; imip show --chain prints them");
  }
  return out;
}

void read_pin(Table table, Policy& policy)
{
  Pin pin;
  pin.origin = origin_of(table, "pin");
  const auto address = table.address("address", true);
  pin.spki_sha256 = read_hashes(table, "spki-sha256", {64}, false);
  pin.openpgp = read_hashes(table, "openpgp", {40, 64}, true);
  if (table.node().find("spki-sha256") == nullptr && table.node().find("openpgp") == nullptr)
    table.reading().problem(table.node(), "[[pin]] names no key", "give spki-sha256 or openpgp");
  table.finish();
  if (!address) return;
  pin.address = *address;
  policy.pins.push_back(std::move(pin));
}

void read_openpgp(Table table, Policy& policy)
{
  KeyRing ring;
  ring.origin = origin_of(table, "openpgp");
  Node usual = table.node();
  usual.string = "~/.gnupg";
  const Node* home = table.get("home", NodeKind::String);
  ring.home = table.reading().deciding_folder(home != nullptr ? *home : usual);
  if (const auto choice = table.choice("validity", {"full", "ultimate"}))
    ring.ultimate_only = *choice == 1;
  table.finish();
  policy.key_ring = std::move(ring);
}

void read_defaults(Table table, Policy& policy)
{
  Defaults& defaults = policy.defaults;
  const std::array<std::pair<std::string_view, Default*>, 10> keys = {{
      {"unsigned", &defaults.unsigned_},
      {"unknown-signer", &defaults.unknown_signer},
      {"sent-by", &defaults.sent_by},
      {"organizer-change", &defaults.organizer_change},
      {"party-crasher", &defaults.party_crasher},
      {"first-contact", &defaults.first_contact},
      {"delegator", &defaults.delegator},
      {"forwarder", &defaults.forwarder},
      {"delegation", &defaults.delegation},
      {"free-busy", &defaults.free_busy},
  }};
  for (const auto& [key, target] : keys) {
    const auto choice =
        table.choice(key, {"untrusted", "ask"},
                     "no default trusts: only [[allow]], [[delegate]] and anchors do");
    if (!choice) continue;
    *target = *choice == 0 ? Default::Untrusted : Default::Ask;
    defaults.lines[std::string{key}] = table.node().find(key)->line;
  }
  table.finish({"old-reply", "authenticated-domain"});
}

struct SizeLimit {
  std::string_view key;
  std::size_t Limits::*member;
  std::int64_t max;
};
struct NumberLimit {
  std::string_view key;
  std::int64_t Limits::*member;
  std::int64_t max;
};

// Upper ends: a length of octets must fit what libraries hold in an int, and a depth the stack.
constexpr std::int64_t max_octets = 1'073'741'824;
constexpr std::int64_t max_count = 10'000'000;
constexpr std::array<SizeLimit, 20> size_limits = {{
    {"message-bytes", &Limits::message_bytes, max_octets},
    {"header-bytes", &Limits::header_bytes, max_octets},
    {"header-field-bytes", &Limits::header_field_bytes, 16'777'216},
    {"mime-depth", &Limits::mime_depth, 256},
    {"mime-parts", &Limits::mime_parts, max_count},
    {"decoded-bytes", &Limits::decoded_bytes, max_octets},
    {"crypto-layers", &Limits::crypto_layers, 64},
    {"signatures", &Limits::signatures, 1'000},
    {"signature-bytes", &Limits::signature_bytes, max_octets},
    {"signer-infos", &Limits::signer_infos, 1'000},
    {"hidden-recipients", &Limits::hidden_recipients, 1'000},
    {"certificates", &Limits::certificates, 1'000},
    {"calendar-bytes", &Limits::calendar_bytes, max_octets},
    {"line-bytes", &Limits::line_bytes, max_octets},
    {"component-depth", &Limits::component_depth, 256},
    {"components", &Limits::components, max_count},
    {"properties", &Limits::properties, max_count},
    {"list-values", &Limits::list_values, max_count},
    {"parse-errors", &Limits::parse_errors, 100'000},
    {"recurrence-instances", &Limits::recurrence_instances, max_count},
}};
constexpr std::array<NumberLimit, 5> number_limits = {{
    {"new-objects-per-sender-per-day", &Limits::new_objects_per_sender_per_day, max_count},
    {"sequence-jump", &Limits::sequence_jump, 2'147'483'647},
    {"stale-days", &Limits::stale_days, 36'500},
    {"held-days", &Limits::held_days, 36'500},
    {"clock-skew-minutes", &Limits::clock_skew_minutes, 1'440},
}};

void read_limits(Table table, Limits& limits)
{
  for (const SizeLimit& limit : size_limits)
    if (const auto n = table.integer(limit.key, 1, limit.max))
      limits.*limit.member = static_cast<std::size_t>(*n);
  for (const NumberLimit& limit : number_limits)
    if (const auto n = table.integer(limit.key, 0, limit.max)) limits.*limit.member = *n;
  table.finish();
}

void read_version(Table& root)
{
  const Node* version = root.get("version", NodeKind::Integer, "write version = 1");
  if (version != nullptr && version->integer != 1)
    root.reading().problem(*version,
                           cat("version ", version->integer, " is not known to this imip"),
                           "write version = 1");
  if (root.node().find("version") == nullptr)
    root.reading().problem(1, 1, "no version", "write version = 1 in the first line");
}

using ReadPolicyTable = void (*)(Table, Policy&);

void one_table(Table& root, std::string_view key, Policy& policy, ReadPolicyTable read)
{
  const std::string name = cat('[', key, ']');
  const Node* node = root.get_any(key);
  if (node == nullptr) return;
  if (node->kind == NodeKind::Table)
    read(Table{root.reading(), *node, name}, policy);
  else if (node->kind == NodeKind::Array && !node->items.empty() &&
           node->items.front().kind == NodeKind::Table)
    root.reading().problem(node->items.front(), cat(key, " is a list of tables, not one"),
                           cat("write ", name));
  else
    root.reading().problem(*node,
                           cat(key, " is ", detail::kind_phrase(node->kind), ", not a table"),
                           cat("write ", name));
}

void many_tables(Table& root, std::string_view key, Policy& policy, ReadPolicyTable read)
{
  const std::string name = cat("[[", key, "]]");
  const Node* node = root.get_any(key);
  if (node == nullptr) return;
  const auto wrong = [&](const Node& at) {
    root.reading().problem(at,
                           cat(key, " is ", detail::kind_phrase(at.kind), ", not a list of tables"),
                           cat("write ", name));
  };
  if (node->kind != NodeKind::Array) return wrong(*node);
  for (const Node& item : node->items) {
    if (item.kind == NodeKind::Table)
      read(Table{root.reading(), item, name}, policy);
    else
      wrong(item);
  }
}

}  // namespace

void add_owner_aliases(Policy& policy)
{
  itip::Owner& owner = policy.owner;
  const auto own = [&](const CalAddress& a) {
    return std::any_of(owner.addresses.begin(), owner.addresses.end(),
                       [&](const CalAddress& b) { return same_user(a, b, owner.local_part); });
  };
  // both ways, and again while something is found: a same-as may lead to an address with others
  for (bool found = true; found;) {
    found = false;
    for (const auto& [address, other] : policy.aliases) {
      if (own(address) == own(other)) continue;
      owner.addresses.push_back(own(address) ? other : address);
      found = true;
    }
  }
}

itip::PlanOptions plan_options(const Policy& policy)
{
  itip::PlanOptions options;
  options.remove_cancelled = policy.remove_cancelled;
  options.take_display_alarms = policy.display_alarms;
  options.any_task_progress = policy.any_task_progress;
  options.limits = policy.limits;
  return options;
}

Error error_of(const Problem& problem)
{
  return {Errc::Config,
          cat(problem.file, ':', problem.line, ':', problem.column, ": ", problem.text),
          problem.hint};
}

Loaded parse_policy(const std::string& text, const fs::path& path, const fs::path& home)
{
  Loaded out;
  Reading reading;
  reading.file = path.string();
  std::error_code failed;
  reading.folder = fs::absolute(path, failed).parent_path();
  reading.home = home;
  out.policy.path = path;
  detail::Document document = detail::parse_document(text);
  if (document.problem) {
    document.problem->file = reading.file;
    out.problems.push_back(*std::move(document.problem));
    return out;
  }
  Table root{reading, document.root, "the policy"};
  read_version(root);
  one_table(root, "me", out.policy, read_me);
  many_tables(root, "alias", out.policy, read_alias);
  one_table(root, "store", out.policy, read_store);
  one_table(root, "smime", out.policy, read_smime);
  many_tables(root, "anchor", out.policy, read_anchor);
  many_tables(root, "identity", out.policy, detail::read_identity);
  many_tables(root, "delegate", out.policy, read_delegate);
  many_tables(root, "allow", out.policy, read_allow);
  many_tables(root, "pin", out.policy, read_pin);
  one_table(root, "openpgp", out.policy, read_openpgp);
  one_table(root, "defaults", out.policy, read_defaults);
  one_table(root, "limits", out.policy,
            [](Table table, Policy& policy) { read_limits(std::move(table), policy.limits); });
  // named, so that nobody who reads "unknown" goes looking for a slip of the pen
  root.finish({"authentication-results", "rule"});
  add_owner_aliases(out.policy);
  // Of several entries for one CA the first decides whether it admits: one that does not, if there
  // is.
  std::stable_sort(
      out.policy.anchors.begin(), out.policy.anchors.end(), [](const Anchor& a, const Anchor& b) {
        return a.file.conditional && b.file.conditional ? a.admits < b.admits
                                                        : b.file.conditional && !a.file.conditional;
      });
  out.problems = std::move(reading.problems);
  std::stable_sort(out.problems.begin(), out.problems.end(),
                   [](const Problem& a, const Problem& b) {
                     return std::tie(a.line, a.column) < std::tie(b.line, b.column);
                   });
  return out;
}

Result<Loaded> read_policy(const fs::path& path, const fs::path& home)
{
  IMIP_TRY(const std::string text, read_file(path, max_policy_octets));
  IMIP_CHECK(require_private(path));
  return parse_policy(text, path, home);
}

Result<Policy> load_policy(const fs::path& path, const fs::path& home)
{
  IMIP_TRY(Loaded loaded, read_policy(path, home));
  if (!loaded.problems.empty()) return tl::unexpected<Error>(error_of(loaded.problems.front()));
  return std::move(loaded.policy);
}

}  // namespace imip::policy
