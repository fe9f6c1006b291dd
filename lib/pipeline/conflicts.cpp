#include "pipeline/conflicts.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "ical/time.hpp"

namespace imip::pipeline {

namespace {

constexpr std::string_view no_calendar = "no calendar is named (--store)";

itip::Conflicts unchecked(std::string why)
{
  itip::Conflicts out;
  out.gaps.push_back(std::move(why));
  return out;
}

std::string files(std::size_t n, std::string_view what)
{
  return cat(n, n == 1 ? " file" : " files", " of the calendar ", n == 1 ? "was" : "were", " not looked at: ", what);
}

using Wanted = Result<std::vector<itip::Occurrence>>;

itip::Conflicts conflicts_with(const Judge& judge, const Calendar& calendar, const std::string& uid, Wanted wanted)
{
  const std::string zone = zone_of(judge.policy());
  if (!wanted) return unchecked(cat("when it takes place: ", wanted.error().what));
  itip::ConflictSearch search(*std::move(wanted), zone);
  std::size_t odd = 0;
  const auto gaps = calendar.search(search.windows(), [&](const ical::Component& object) {
    if (!search.compare(object, itip::canonical_uid(uid), judge.policy().owner)) ++odd;
  });
  if (!gaps) return unchecked(gaps.error().what);
  if (gaps->unreadable > 0) search.add_gap(files(gaps->unreadable, "not readable as calendars"));
  if (gaps->left_out > 0) search.add_gap(files(gaps->left_out, "too many events at that time"));
  if (odd > 0) search.add_gap(files(odd, "more occurrences than imip compares"));
  return search.result();
}

bool takes_time(const itip::Answer& answer)
{
  if (answer.method == itip::Method::Counter) return true;
  return answer.method == itip::Method::Reply && (answer.partstat == itip::PartStat::Accepted ||
                                                  answer.partstat == itip::PartStat::Tentative);
}

/// From when on: now, or the first repetition that is answered, wherever it was moved.
UtcSeconds begin_of(const itip::Answer& answer, const itip::AnswerPlan& planned, UtcSeconds now)
{
  if (!answer.instance) return now;
  UtcSeconds first = answer.instance->instant;
  const ical::Zones zones(planned.reply);
  for (const ical::Component& c : planned.reply.components) {
    const ical::Property* start = c.find("DTSTART");
    const auto at = start != nullptr && c.name == "VEVENT" ? zones.time_of(*start)
                                                           : Result<ical::Time>(err(Errc::NotFound, {}));
    if (at) first = std::min(first, at->instant);
  }
  return std::max(now, first);
}

Wanted time_of_answer(const Judge& judge, const JudgedPart& part, const itip::Answer& answer,
                      const itip::AnswerPlan& planned)
{
  const itip::StoredObject* stored = part.stored ? &*part.stored : nullptr;
  const std::string zone = zone_of(judge.policy());
  const bool says_when = answer.method == itip::Method::Counter || (answer.instance && !answer.this_and_future);
  if (says_when) {
    const auto said = itip::read_message(ical::Parsed{planned.reply, {}}, itip::method_word(answer.method),
                                         std::nullopt, judge.now());
    if (said.message) return itip::wanted_time(*said.message, stored, zone, judge.now());
  }
  const UtcSeconds begin = begin_of(answer, planned, judge.now());
  if (!answer.exact && planned.plan.octets) {
    IMIP_TRY(const auto parsed, ical::parse(*planned.plan.octets, judge.policy().limits));
    return itip::wanted_time(parsed.calendar, begin, zone);
  }
  if (!answer.exact && stored != nullptr) return itip::wanted_time(stored->calendar, begin, zone);
  return itip::wanted_time(*part.message(), stored, zone, begin);
}

}  // namespace

std::string zone_of(const policy::Policy& policy)
{
  return policy.timezone.empty() ? ical::local_timezone() : policy.timezone;
}

void find_conflicts(const Judge& judge, const Calendar* calendar, JudgedPart& part)
{
  part.conflicts = {};
  const itip::Message* message = part.message();
  if (message == nullptr || !itip::wants_time(*message)) return;
  if (calendar == nullptr || !calendar->has_store()) {
    part.conflicts = unchecked(std::string(no_calendar));
    return;
  }
  const auto* stored = part.stored ? &*part.stored : nullptr;
  part.conflicts = conflicts_with(judge, *calendar, message->uid,
                                  itip::wanted_time(*message, stored, zone_of(judge.policy()), judge.now()));
}

void find_conflicts(const Judge& judge, const Calendar* calendar, JudgedPart& part, const itip::Answer& answer,
                    const itip::AnswerPlan& planned)
{
  part.conflicts = {};
  const itip::Message* message = part.message();
  if (message == nullptr || message->kind != itip::Kind::Event || !takes_time(answer)) return;
  if (calendar == nullptr || !calendar->has_store()) {
    part.conflicts = unchecked(std::string(no_calendar));
    return;
  }
  part.conflicts =
      conflicts_with(judge, *calendar, message->uid, time_of_answer(judge, part, answer, planned));
}

}  // namespace imip::pipeline
