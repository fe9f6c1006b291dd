#include "pipeline/conflicts.hpp"

#include "base/cat.hpp"
#include "ical/time.hpp"

namespace imip::pipeline {

namespace {

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
    part.conflicts = unchecked("no calendar is named (--store)");
    return;
  }
  const std::string zone = zone_of(judge.policy());
  auto wanted = itip::wanted_time(*message, part.stored ? &*part.stored : nullptr, zone, judge.now());
  if (!wanted) {
    part.conflicts = unchecked(cat("when it takes place: ", wanted.error().what));
    return;
  }
  itip::ConflictSearch search(*std::move(wanted), zone);
  std::size_t odd = 0;
  const auto gaps = calendar->search(search.windows(), [&](const ical::Component& object) {
    if (!search.compare(object, message->uid, judge.policy().owner)) ++odd;
  });
  if (!gaps) {
    part.conflicts = unchecked(gaps.error().what);
    return;
  }
  if (gaps->unreadable > 0) search.add_gap(files(gaps->unreadable, "not readable as calendars"));
  if (gaps->left_out > 0) search.add_gap(files(gaps->left_out, "too many events at that time"));
  if (odd > 0) search.add_gap(files(odd, "more occurrences than imip compares"));
  part.conflicts = search.result();
}

}  // namespace imip::pipeline
