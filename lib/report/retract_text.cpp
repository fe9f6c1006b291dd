#include "base/cat.hpp"
#include "report/lines.hpp"
#include "report/text.hpp"

namespace imip::report {

namespace {

std::string name_of(const state::Journaled& message)
{
  const std::string& id = message.entry.message_id;
  constexpr std::size_t digits = 12;
  return id.empty() ? cat("a message without ID, digest ", message.entry.part_sha256.substr(0, digits))
                    : cat('<', safe(id), '>');
}

std::string headline(const pipeline::Retracted& one, bool dry_run)
{
  const std::string what = cat("what the ", safe(one.message.entry.method), " of ",
                               to_rfc3339(one.message.entry.at), " did");
  switch (one.outcome) {
    case pipeline::RetractOutcome::Retracted:
      return cat(dry_run ? "would be undone: " : "undone: ", what);
    case pipeline::RetractOutcome::Unseen:
      return cat(dry_run ? "would be forgotten: " : "forgotten: ", what,
                 "; the calendar shows nothing of it");
    case pipeline::RetractOutcome::Dropped:
      return cat(dry_run ? "would wait" : "waits", " no more: what came on ", to_rfc3339(one.message.entry.at),
                 " and has changed nothing yet");
    case pipeline::RetractOutcome::Already:
      return cat("retracted before", one.message.retracted
                                         ? cat(", at ", to_rfc3339(*one.message.retracted))
                                         : std::string{});
    case pipeline::RetractOutcome::Ask:
      return "not undone: the event would go, and you have changed it since (--yes: all the same)";
    case pipeline::RetractOutcome::Refused:
      return "not undone: what came later needs it (retract that first)";
    case pipeline::RetractOutcome::None:
      break;
  }
  return "not undone";
}

}  // namespace

std::string retract_text(const pipeline::Retracted& one, bool dry_run)
{
  std::string out = headline(one, dry_run);
  if (!one.title.empty()) out += cat("  \"", safe(one.title), '"');
  out += cat("\n  uid         ", safe(one.message.key.uid), '\n');
  std::string_view label = "  later       ";
  for (const state::Journaled& later : one.depends) {
    out += cat(label, safe(later.entry.method), " of ", to_rfc3339(later.entry.at), ", ",
               name_of(later), '\n');
    label = "              ";
  }
  if (one.outcome == pipeline::RetractOutcome::Already || one.outcome == pipeline::RetractOutcome::Dropped) return out;
  label = one.outcome == pipeline::RetractOutcome::Retracted && !dry_run ? "  changed     "
                                                                        : "  would do    ";
  for (const itip::Change& change : one.plan.plan.changes) {
    out += cat(label, change_line(change), '\n');
    label = "              ";
  }
  if (const std::size_t more = one.plan.plan.changes_left_out; more > 0)
    out += cat(label, "and ", more, " more\n");
  if (one.answered)
    out += "  notice      your answer to this event may have gone out by mail: that cannot be undone\n";
  return out;
}

}  // namespace imip::report
