#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <ostream>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "cli/command.hpp"
#include "pipeline/judge.hpp"
#include "report/json_line.hpp"

namespace imip::cli {

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using Action = PolicyOptions::Action;

struct Place {
  fs::path path;
  fs::path home;
};

Result<Place> place_of(const CommonOptions& common)
{
  Place out;
  IMIP_TRY(out.path, policy_path(common));
  // without a home only "~" is impossible, and the policy says so where it is used
  if (const auto home = home_directory()) out.home = *home;
  return out;
}

std::string count(std::size_t n, std::string_view one, std::string_view many)
{
  return cat(n, ' ', n == 1 ? one : many);
}

std::string summary(const policy::Policy& p)
{
  return cat(count(p.owner.addresses.size(), "own address", "own addresses"), ", ",
             count(p.anchors.size(), "anchor", "anchors"), ", ",
             count(p.identities.size(), "identity", "identities"), ", ",
             count(p.delegates.size(), "delegate", "delegates"), ", ",
             count(p.allows.size(), "allowed", "allowed"));
}

std::string joined(const std::vector<itip::Method>& methods)
{
  std::string out;
  for (const itip::Method m : methods) out += cat(out.empty() ? "" : ", ", itip::method_word(m));
  return out;
}

std::string_view role_word(policy::Delegate::Role role)
{
  switch (role) {
    case policy::Delegate::Role::Organizer:
      return "organizer";
    case policy::Delegate::Role::Attendee:
      return "attendee";
    case policy::Delegate::Role::Both:
      return "both";
  }
  return "organizer";
}

void dump(Context& context, const Json& json)
{
  context.out << report::json_line(json) << '\n';
}

Json entry_json(std::string_view entry, const policy::Origin& origin)
{
  Json json = {{"schema", "imip.policy/1"}, {"entry", entry}};
  if (!origin.file.empty()) json["file"] = origin.file;
  if (origin.line > 0) json["line"] = origin.line;
  return json;
}

// ---- check ------------------------------------------------------------------------------------

Result<ExitCode> check(const PolicyOptions& options, Context& context)
{
  IMIP_TRY(const Place place, place_of(options.common));
  std::error_code failed;
  if (options.common.policy.empty() && !fs::exists(fs::symlink_status(place.path, failed))) {
    // as for every command: an absent default file is an empty policy, a named one that is absent
    // is an error
    IMIP_TRY(const policy::Policy defaults, load_policy(options.common));
    static_cast<void>(defaults);
    context.out << text::for_terminal(place.path.native())
                << ": no such file: nobody is trusted until there is one\n";
    return ExitCode::Ok;
  }
  auto loaded = policy::read_policy(place.path, place.home);
  if (!loaded) {
    Error error = std::move(loaded).error();
    error.code = Errc::Config;
    return tl::unexpected<Error>(std::move(error));
  }
  for (const policy::Problem& problem : loaded->problems)
    print_error(context, policy::error_of(problem));
  if (!loaded->problems.empty()) return ExitCode::Config;
  // the files that it names must also be what it says they are
  IMIP_TRY(policy::Policy policy, load_policy(options.common));
  IMIP_TRY(const auto judge, pipeline::Judge::create(policy, context.now, context.now,
                                                     [](const policy::Identity&) { return nullptr; }));
  static_cast<void>(judge);
  if (options.common.json) {
    Json json = entry_json("ok", {place.path.string(), 0, ""});
    json["summary"] = summary(policy);
    dump(context, json);
  } else {
    context.out << text::for_terminal(place.path.native()) << ": ok (" << summary(policy) << ")\n";
  }
  return ExitCode::Ok;
}

// ---- list -------------------------------------------------------------------------------------

struct Row {
  std::string kind, what, how, where;
};

std::string where(const policy::Origin& origin)
{
  return origin.line == 0 ? origin.entry : cat("line ", origin.line);
}

std::string span_text(const policy::Delegate& d)
{
  std::string out = d.methods.empty() ? "all methods" : joined(d.methods);
  out += cat(", as ",
             d.role == policy::Delegate::Role::Both ? "organizer or attendee" : role_word(d.role));
  if (d.from) out += cat(", from ", to_rfc3339(*d.from));
  if (d.until) out += cat(", until ", to_rfc3339(*d.until));
  return out;
}

std::vector<Row> rows_of(const policy::Policy& p, UtcSeconds now)
{
  std::vector<Row> rows;
  for (const CalAddress& a : p.owner.addresses) rows.push_back({"me", a.mailbox(), "", ""});
  for (const CalAddress& a : p.owner.groups) rows.push_back({"group", a.mailbox(), "", ""});
  for (std::size_t i = 0; i < p.aliases.size(); ++i)
    rows.push_back({"alias", p.aliases[i].second.mailbox(),
                    cat("is ", p.aliases[i].first.mailbox()),
                    i < p.alias_origins.size() ? where(p.alias_origins[i]) : ""});
  for (const policy::Anchor& a : p.anchors) {
    std::string how = a.admits ? "admits" : "a first message asks";
    for (std::size_t i = 0; i < a.file.domains.size(); ++i)
      how += cat(i == 0 ? ", only " : ", ", a.file.domains[i]);
    rows.push_back({"anchor", a.file.path, how, where(a.origin)});
  }
  for (const policy::Identity& i : p.identities)
    rows.push_back({"identity", i.address.mailbox(), policy::key_place(i), where(i.origin)});
  for (const policy::Delegate& d : p.delegates)
    rows.push_back({"delegate", cat(d.sent_by.mailbox(), " for ", d.principal.mailbox()),
                    cat(d.until && now > *d.until ? "ENDED: " : "", span_text(d)),
                    where(d.origin)});
  for (const policy::Allow& a : p.allows)
    rows.push_back({"allow", a.address.mailbox(), a.free_busy ? "and busy time" : "", where(a.origin)});
  for (const policy::Pin& pin : p.pins) {
    for (const std::string& key : pin.spki_sha256)
      rows.push_back({"pin", pin.address.mailbox(), cat("spki-sha256 ", key), where(pin.origin)});
    for (const std::string& key : pin.openpgp)
      rows.push_back({"pin", pin.address.mailbox(), cat("openpgp ", key), where(pin.origin)});
  }
  if (p.key_ring)
    rows.push_back({"openpgp", p.key_ring->home, p.key_ring->ultimate_only ? "ultimate only" : "full",
                    where(p.key_ring->origin)});
  return rows;
}

void print_rows(Context& context, const std::vector<Row>& rows)
{
  std::size_t kind = 0, what = 0, how = 0;
  std::vector<Row> shown;
  for (const Row& row : rows) {
    shown.push_back(
        {row.kind, text::for_terminal(row.what), text::for_terminal(row.how), row.where});
    kind = std::max(kind, shown.back().kind.size());
    what = std::max(what, shown.back().what.size());
    how = std::max(how, shown.back().how.size());
  }
  for (const Row& row : shown) {
    std::string line = row.kind;
    const auto column = [&](const std::string& cell, std::size_t at) {
      if (cell.empty()) return;
      line.resize(std::max(line.size() + 1, at), ' ');
      line += cell;
    };
    column(row.what, kind + 2);
    column(row.how, kind + what + 4);
    column(row.where, kind + what + how + 6);
    context.out << line << '\n';
  }
}

void list_json(Context& context, const policy::Policy& p)
{
  for (const CalAddress& a : p.owner.addresses) {
    Json json = entry_json("me", {});
    json["address"] = a.mailbox();
    dump(context, json);
  }
  for (const CalAddress& a : p.owner.groups) {
    Json json = entry_json("group", {});
    json["address"] = a.mailbox();
    dump(context, json);
  }
  for (std::size_t i = 0; i < p.aliases.size(); ++i) {
    Json json =
        entry_json("alias", i < p.alias_origins.size() ? p.alias_origins[i] : policy::Origin{});
    json["address"] = p.aliases[i].first.mailbox();
    json["same_as"] = p.aliases[i].second.mailbox();
    dump(context, json);
  }
  for (const policy::Anchor& a : p.anchors) {
    Json json = entry_json("anchor", a.origin);
    json["path"] = a.file.path;
    json["admits"] = a.admits;
    json["domains"] = a.file.domains;
    dump(context, json);
  }
  for (const policy::Identity& i : p.identities) {
    Json json = entry_json("identity", i.origin);
    json["address"] = i.address.mailbox();
    json["certificate"] = policy::key_place(i);
    dump(context, json);
  }
  for (const policy::Delegate& d : p.delegates) {
    Json json = entry_json("delegate", d.origin);
    json["principal"] = d.principal.mailbox();
    json["sent_by"] = d.sent_by.mailbox();
    json["methods"] = Json::array();
    for (const itip::Method m : d.methods) json["methods"].push_back(itip::method_word(m));
    json["role"] = role_word(d.role);
    if (d.from) json["from"] = to_rfc3339(*d.from);
    if (d.until) json["until"] = to_rfc3339(*d.until);
    dump(context, json);
  }
  for (const policy::Allow& a : p.allows) {
    Json json = entry_json("allow", a.origin);
    json["address"] = a.address.mailbox();
    json["free_busy"] = a.free_busy;
    dump(context, json);
  }
  for (const policy::Pin& pin : p.pins) {
    Json json = entry_json("pin", pin.origin);
    json["address"] = pin.address.mailbox();
    json["spki_sha256"] = pin.spki_sha256;
    json["openpgp"] = pin.openpgp;
    dump(context, json);
  }
  if (p.key_ring) {
    Json json = entry_json("openpgp", p.key_ring->origin);
    json["path"] = p.key_ring->home;
    json["validity"] = p.key_ring->ultimate_only ? "ultimate" : "full";
    dump(context, json);
  }
}

Result<ExitCode> list(const PolicyOptions& options, Context& context)
{
  IMIP_TRY(const policy::Policy p, load_policy(options.common));
  if (options.common.json) {
    list_json(context, p);
    return ExitCode::Ok;
  }
  if (!p.path.empty()) context.out << text::for_terminal(p.path.native()) << '\n';
  const std::vector<Row> rows = rows_of(p, context.now);
  if (rows.empty()) context.out << "nobody is trusted\n";
  print_rows(context, rows);
  return ExitCode::Ok;
}

// ---- allow, revoke ----------------------------------------------------------------------------

std::string entry_text(const PolicyOptions& options)
{
  return options.sent_by.empty() ? cat("[[allow]] ", options.address)
                                 : cat("[[delegate]] ", options.sent_by, " for ", options.address);
}

std::size_t last_line(const policy::Policy& p, bool delegate)
{
  if (delegate) return p.delegates.empty() ? 0 : p.delegates.back().origin.line;
  return p.allows.empty() ? 0 : p.allows.back().origin.line;
}

void report_edit(const PolicyOptions& options, Context& context, const Place& place,
                 std::string_view done, std::size_t line, bool changed)
{
  if (options.common.json) {
    Json json =
        entry_json(options.sent_by.empty() ? "allow" : "delegate", {place.path.string(), line, ""});
    json[options.sent_by.empty() ? "address" : "principal"] = options.address;
    if (!options.sent_by.empty()) json["sent_by"] = options.sent_by;
    json["done"] = done;
    json["changed"] = changed;
    dump(context, json);
    return;
  }
  std::string out = place.path.string();
  if (line > 0) out += cat(':', line);
  context.out << text::for_terminal(cat(out, ": ", done, ": ", entry_text(options))) << '\n';
}

Result<ExitCode> allow(const PolicyOptions& options, Context& context)
{
  IMIP_TRY(const Place place, place_of(options.common));
  const policy::AllowEdit edit{options.address, options.sent_by, options.methods, options.role,
                               options.until, options.free_busy};
  IMIP_TRY(const bool added, policy::add_entry(place.path, place.home, edit));
  IMIP_TRY(const policy::Policy now, policy::load_policy(place.path, place.home));
  report_edit(options, context, place, added ? "added" : "already there, nothing changed",
              added ? last_line(now, !options.sent_by.empty()) : 0, added);
  if (!options.until.empty()) {
    IMIP_TRY(const UtcSeconds until, policy::until_of(options.until));
    if (until < context.now)
      notice(context, cat("it ended at ", to_rfc3339(until), ", so it allows nothing"),
             "the date of --until lies in the past");
  }
  return ExitCode::Ok;
}

// Whoever forgets --sent-by should be told, not left with a delegate that goes on.
std::string revoke_hint(const PolicyOptions& options, const Place& place)
{
  const auto policy = policy::load_policy(place.path, place.home);
  const auto address = CalAddress::from_mailbox(options.address);
  if (!policy || !address) return "imip policy list shows what there is";
  for (const policy::Delegate& d : policy->delegates)
    if (options.sent_by.empty() &&
        (maybe_same_user(d.principal, *address) || maybe_same_user(d.sent_by, *address)))
      return cat("for the [[delegate]] entry in line ", d.origin.line, ": imip policy revoke ",
                 text::shell_quote(d.principal.mailbox()), " --sent-by ",
                 text::shell_quote(d.sent_by.mailbox()));
  return "imip policy list shows what there is";
}

Result<ExitCode> revoke(const PolicyOptions& options, Context& context)
{
  IMIP_TRY(const Place place, place_of(options.common));
  IMIP_TRY(const std::size_t removed,
           policy::remove_entry(place.path, place.home, options.address, options.sent_by));
  if (removed == 0)
    return err(Errc::NotFound, cat(place.path.string(), ": no entry ", entry_text(options)),
               revoke_hint(options, place));
  report_edit(options, context, place,
              removed == 1 ? "removed" : cat("removed ", removed, " entries"), 0, true);
  return ExitCode::Ok;
}

}  // namespace

Result<ExitCode> run(const PolicyOptions& options, Context& context)
{
  switch (options.action) {
    case Action::Check:
      return check(options, context);
    case Action::List:
      return list(options, context);
    case Action::Allow:
      return allow(options, context);
    case Action::Revoke:
      return revoke(options, context);
    case Action::Explain:
      return explain(options, context);
    case Action::None:
      break;
  }
  return err(Errc::Usage, "no action", "write check, explain, list, allow or revoke");
}

}  // namespace imip::cli
