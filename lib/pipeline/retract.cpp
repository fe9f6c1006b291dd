#include "pipeline/retract.hpp"

#include <algorithm>
#include <set>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "mime/message.hpp"
#include "pipeline/apply.hpp"

namespace imip::pipeline {

namespace {

constexpr std::size_t shown_digits = 12;

std::string name_of(const RetractRequest& request)
{
  if (request.message_id.empty()) return cat("digest ", request.digest);
  return cat('<', request.message_id, '>');
}

std::string listed(const std::vector<state::Journaled>& messages)
{
  std::set<std::string> seen;
  std::string out;
  for (const state::Journaled& m : messages) {
    const std::string digest = m.entry.part_sha256.substr(0, shown_digits);
    if (!seen.insert(digest).second) continue;
    out += cat(out.empty() ? "" : ", ", digest, " (", m.entry.method.empty() ? "waits for" : m.entry.method + " of",
               ' ', m.key.uid, ", ",
               to_rfc3339(m.entry.at), ')');
  }
  return out;
}

/// As Retracted, of what only waits.
Result<std::vector<Retracted>> waiting(const Calendar& calendar, const policy::Policy& policy,
                                       const RetractRequest& request)
{
  IMIP_TRY(auto all, calendar.waiting(request.message_id, request.digest));
  std::vector<Retracted> out;
  for (state::Waiting& one : all) {
    const auto mail = mime::parse_message(std::move(one.message.octets), policy.limits);
    const std::string id = mail ? mail->envelope().message_id : std::string{};
    // the octets have it, perhaps as an answer's In-Reply-To
    if (!request.message_id.empty() && id != request.message_id) continue;
    Retracted& found = out.emplace_back();
    found.outcome = RetractOutcome::Dropped;
    found.waiting = one.message.id;
    found.message.key = std::move(one.key);
    found.message.entry.at = one.message.received;
    found.message.entry.part_sha256 = std::move(one.message.part_sha256);
    found.message.entry.message_id = id;
  }
  return out;
}

/// The entries of the one message that is meant, in this calendar; what waits is one of them.
Result<std::vector<state::Journaled>> find(const Calendar& calendar, const RetractRequest& request,
                                           const std::vector<Retracted>& waiting)
{
  if (calendar.state() == nullptr) return err(Errc::Internal, "nothing is retracted without state");
  IMIP_TRY(auto all, calendar.state()->journal(request.message_id, request.digest));
  std::vector<state::Journaled> ours;
  std::copy_if(all.begin(), all.end(), std::back_inserter(ours),
               [&](const state::Journaled& m) { return calendar.owns(m.key); });
  for (const Retracted& one : waiting) ours.push_back(one.message);
  if (ours.empty() && !all.empty())
    return err(Errc::NoInput,
               cat(name_of(request), " changed another calendar: ", all.front().key.store, " of ",
                   all.front().key.owner),
               "name that one with --store and --me");
  if (ours.empty())
    return err(Errc::NoInput,
               cat("no message ", name_of(request), " has changed this calendar in the last ",
                   state::JournalLimits{}.age.count(), " days"),
               "imip verify --json says the part_sha256 of a mail, for --digest");
  std::set<std::string> parts;
  for (const state::Journaled& m : ours) parts.insert(m.entry.part_sha256);
  if (parts.size() > 1)
    return err(Errc::Refused,
               cat(parts.size(), " calendar parts of ", name_of(request), ": ", listed(ours)),
               "say which with --digest");
  ours.resize(ours.size() - waiting.size());
  return ours;
}

itip::Undo undo_of(const state::Journaled& message, state::Besides besides)
{
  itip::Undo undo;
  undo.without = std::move(besides.without);
  undo.said = std::move(besides.said);
  undo.later = std::move(besides.later_said);
  undo.before = message.entry.before;
  undo.after = message.entry.after;
  undo.has_octets = message.has_octets;
  undo.is_last = besides.is_last;
  return undo;
}

std::string title_in(const std::string& octets, const Limits& limits)
{
  const auto parsed = ical::parse(octets, limits);
  if (!parsed) return {};
  for (const ical::Component& c : parsed->calendar.components)
    if (c.find("SUMMARY") != nullptr) return c.text("SUMMARY");
  return {};
}

RetractOutcome outcome_of(const state::Journaled& message, const itip::RetractPlan& plan, bool yes)
{
  const bool writes = plan.plan.octets || plan.plan.remove;
  if (message.retracted && !writes) return RetractOutcome::Already;
  if (!plan.depends.empty()) return RetractOutcome::Refused;
  if (plan.loses_edits && !yes) return RetractOutcome::Ask;
  return writes ? RetractOutcome::Retracted : RetractOutcome::Unseen;
}

Result<Retracted> plan_one(const Calendar& calendar, const policy::Policy& policy,
                           const state::Journaled& message, bool yes, UtcSeconds now)
{
  Retracted out;
  out.message = message;
  IMIP_TRY(const Surroundings here, calendar.surroundings(message.key));
  IMIP_TRY(auto besides, calendar.state()->besides(message));
  out.answered = besides.answered;
  const std::vector<state::Journaled> later = besides.later;
  const itip::PlanOptions options = policy::plan_options(policy);
  CalAddress organizer;
  if (auto parsed = CalAddress::parse(message.key.organizer)) organizer = *std::move(parsed);
  const auto* stored = here.stored ? &*here.stored : nullptr;
  const std::string uid = stored ? itip::uid_as_stored(message.key.uid, *stored) : message.key.uid;
  out.plan = itip::plan_retract(uid, organizer, undo_of(message, std::move(besides)), stored,
                                here.facts, policy.owner, options, now);
  // its file went before it was marked: one that is there now is another
  if (message.retracted) out.plan.plan.remove = false;
  for (const std::size_t i : out.plan.depends) out.depends.push_back(later[i]);
  for (const std::string& octets : {stored ? stored->octets : std::string{}, message.entry.after,
                                    message.entry.before})
    if (out.title.empty()) out.title = title_in(octets, policy.limits);
  out.outcome = outcome_of(message, out.plan, yes);
  return out;
}

state::JournalEntry entry_of(const Retracted& one, const std::optional<itip::StoredObject>& there,
                             UtcSeconds now)
{
  const std::string stored = there ? there->octets : std::string{};
  state::JournalEntry entry;
  entry.at = now;
  entry.part_sha256 = one.message.entry.part_sha256;
  entry.message_id = one.message.entry.message_id;
  entry.method = one.message.entry.method;
  entry.outcome = outcome_word(one.outcome);
  entry.verdict = one.message.entry.verdict;
  entry.before = stored;
  const itip::Plan& plan = one.plan.plan;
  if (plan.remove && there) entry.removed = there->file;
  entry.after = plan.octets ? *plan.octets : plan.remove ? std::string{} : stored;
  entry.found = plan.found;
  return entry;
}

bool stops(const Retracted& one)
{
  return one.outcome == RetractOutcome::Ask || one.outcome == RetractOutcome::Refused;
}

Result<std::vector<Retracted>> plan_all(const Calendar& calendar, const policy::Policy& policy,
                                        const RetractRequest& request, UtcSeconds now)
{
  IMIP_TRY(auto all, waiting(calendar, policy, request));
  IMIP_TRY(const auto messages, find(calendar, request, all));
  for (const state::Journaled& message : messages) {
    IMIP_TRY(auto one, plan_one(calendar, policy, message, request.yes, now));
    all.push_back(std::move(one));
  }
  return all;
}

Result<std::vector<Retracted>> attempt(Calendar& calendar, const policy::Policy& policy,
                                       const RetractRequest& request, UtcSeconds now)
{
  IMIP_TRY(const store::Lock lock, calendar.lock());
  IMIP_TRY(auto all, plan_all(calendar, policy, request, now));
  if (std::any_of(all.begin(), all.end(), stops)) return all;
  for (const Retracted& one : all) {
    if (one.outcome == RetractOutcome::Already) continue;
    if (one.outcome == RetractOutcome::Dropped) {
      IMIP_CHECK(calendar.drop_held(one.waiting));
      continue;
    }
    IMIP_TRY(const Surroundings here, calendar.surroundings(one.message.key));
    IMIP_CHECK(
        calendar.carry_out(one.message, one.plan.plan, lock, entry_of(one, here.stored, now)));
  }
  return all;
}

}  // namespace

std::string_view outcome_word(RetractOutcome outcome)
{
  switch (outcome) {
    case RetractOutcome::Retracted:
      return "retracted";
    case RetractOutcome::Unseen:
      return "unseen";
    case RetractOutcome::Dropped:
      return "dropped";
    case RetractOutcome::Already:
      return "already";
    case RetractOutcome::Ask:
      return "ask";
    case RetractOutcome::Refused:
      return "refused";
    case RetractOutcome::None:
      break;
  }
  return "none";
}

Result<std::vector<Retracted>> retract(Calendar& calendar, const policy::Policy& policy,
                                       const RetractRequest& request, UtcSeconds now)
{
  if (request.dry_run) return plan_all(calendar, policy, request, now);
  return insist([&] { return attempt(calendar, policy, request, now); });
}

}  // namespace imip::pipeline
