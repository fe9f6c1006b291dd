#include "itip/detail/render.hpp"

#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "ical/recurrence.hpp"
#include "itip/detail/scope.hpp"

namespace imip::itip::detail {

namespace {

void keep_display_alarms(ical::Component& event, bool display)
{
  std::erase_if(event.components, [display](const ical::Component& c) {
    if (c.name != "VALARM") return false;
    const std::string* action = c.value("ACTION");
    return !(display && action && text::ascii_iequal(*action, "DISPLAY"));
  });
}

void replace_attendees(ical::Component& event, std::vector<ical::Property> attendees)
{
  event.remove("ATTENDEE");
  for (ical::Property& a : attendees) event.properties.push_back(std::move(a));
}

/// Equal but for when the answers came.
bool same_people(std::vector<ical::Property> a, std::vector<ical::Property> b)
{
  for (auto* list : {&a, &b}) {
    for (ical::Property& p : *list) {
      p.remove_parameter(received_sequence);
      p.remove_parameter(received_dtstamp);
    }
  }
  return a == b;
}

class Renderer {
 public:
  Renderer(const View& view, const std::string& uid, const Owner& owner, const PlanOptions& options)
      : view_(view), uid_(uid), owner_(owner), options_(options)
  {
  }

  Rendering run();

 private:
  void render_series();
  void render_ranges();
  void render_people(const Slot& range);
  [[nodiscard]] const Slot& shown_before(const Slot& slot, const Slot& from) const;
  void render_instance(const Slot& slot);
  void exclude(const Slot& slot);
  void restore(const Slot& slot);
  void cut(ical::Component& event);
  void exclude_gap(ical::Component& event, const View::Gap& gap) const;
  [[nodiscard]] bool in_gap(const Slot& slot) const;
  [[nodiscard]] bool in_last_gap(const Slot& slot) const;
  ical::Component shown(const Slot& slot, ical::Component event, const Revision& received,
                        bool cancelled) const;
  void put(ical::Component event, bool cancelled);
  void count_cancels(ical::Component& event, const std::vector<const Slot*>& slots) const;

  const View& view_;
  const std::string& uid_;
  const Owner& owner_;
  const PlanOptions& options_;
  std::optional<ical::Component> master_;
  std::vector<ical::Component> others_;
  std::vector<const Slot*> shown_ranges_;  ///< in order of time
  bool series_cancelled_ = false;
  std::vector<View::Gap> gaps_;  ///< what range CANCELs took out of the series
  std::size_t live_ = 0;
  bool taken_away_ = false;  ///< something is cancelled, and the policy shows no such thing
};

/// What shows of one slot: the owner's list, status, marks.
ical::Component Renderer::shown(const Slot& slot, ical::Component event, const Revision& received,
                                bool cancelled) const
{
  constexpr std::size_t added = 8;  // or a list of a hundred thousand becomes two
  event.properties.reserve(event.properties.size() + added);
  keep_display_alarms(event, options_.take_display_alarms);
  replace_attendees(event, shown_attendees(view_, slot, event, owner_));
  show_progress(view_, slot, event, options_);
  event.set(make_property("UID", uid_));
  Revision revision = received;
  if (cancelled) {
    event.set(make_property("STATUS", "CANCELLED"));
    const auto by = view_.strongest_cancel(slot, true);
    const auto wide = view_.strongest_cancel(view_.series, true);
    if (by) {
      revision = std::max(revision, *by);
    } else if (wide) {
      revision = std::max(revision, *wide);
    }
    if (view_.only_uninvited(slot)) event.set(make_property(uninvited_mark, "TRUE"));
    event.set(make_property("SEQUENCE", cat(revision.sequence)));
  }
  count_cancels(event, {&slot});
  if (!event.find("DTSTAMP")) {
    event.set(make_property("DTSTAMP", to_ical_utc(revision.dtstamp)));
  }
  if (view_.cls == class_vouched) event.set(make_property(vouched_mark, "TRUE"));
  event.set(make_property(received_sequence, cat(revision.sequence)));
  event.set(make_property(received_dtstamp, to_ical_utc(revision.dtstamp)));
  return ordered(std::move(event));
}

void Renderer::put(ical::Component event, bool cancelled)
{
  taken_away_ = taken_away_ || (cancelled && options_.remove_cancelled);
  if (cancelled && options_.remove_cancelled) return;
  if (!cancelled) ++live_;
  others_.push_back(std::move(event));
}

/// What shows alone keeps its place in the series.
bool shows_alone(const View& view, const std::string& text)
{
  const auto slot = view.instances.find(text);
  return slot != view.instances.end() && view.live(slot->second) && !view.cancelled(slot->second);
}

void Renderer::exclude_gap(ical::Component& event, const View::Gap& gap) const
{
  const ical::Property* start = event.find("DTSTART");
  const auto times = ical::expand(*view_.zones, view_.series.write->event, gap.from,
                                  *gap.to - std::chrono::seconds(1), options_.limits);
  if (!start || !times) return;
  const ical::Property like = *start;
  for (const ical::Time& t : *times) {
    const std::string text = time_text(t);
    if (!shows_alone(view_, text)) {
      event.properties.push_back(time_like(view_, "EXDATE", text, like));
    }
  }
}

void Renderer::cut(ical::Component& event)
{
  const ical::Property* start = event.find("DTSTART");
  const auto first = start ? view_.zones->time_of(*start) : Result<ical::Time>(ical::Time{});
  for (const View::Gap& gap : gaps_) {
    if (gap.to) {
      exclude_gap(event, gap);
    } else if (first && gap.from <= first->instant) {
      series_cancelled_ = true;  // nothing is left of it
    } else {
      truncate(view_, gap.from, event, options_.limits);
    }
  }
}

void Renderer::render_series()
{
  if (!view_.series.write) return;
  const Write& write = *view_.series.write;
  gaps_ = view_.gaps();
  series_cancelled_ = view_.cancelled(view_.series);
  ical::Component event = write.event;
  cut(event);
  master_ = shown(view_.series, std::move(event), write.revision, series_cancelled_);
  if (!series_cancelled_) ++live_;
}

void Renderer::render_ranges()
{
  for (const auto& [text, range] : view_.ranges) {
    if (!range.yielded) continue;
    if (range.over) {
      // In a series nothing is left of it; alone it must be seen to be cancelled.
      if (!master_ && range.write) {
        put(shown(range, range.write->event, range.write->revision, true), true);
      }
    } else if (view_.live(range)) {
      put(shown(range, range.write->event, range.write->revision, false), false);
      shown_ranges_.push_back(&range);
    } else if (!range.uninvited.empty() || !range.answers.empty()) {
      render_people(range);
    }
  }
}

/// What a reader of the file would take for the slot if nothing were written for it.
const Slot& Renderer::shown_before(const Slot& slot, const Slot& from) const
{
  const auto after = std::partition_point(shown_ranges_.begin(), shown_ranges_.end(),
                                          [&](const Slot* range) { return range->at <= slot.at; });
  return after == shown_ranges_.begin() ? from : **std::prev(after);
}

/// A range that has no content of its own, but other people or answers.
void Renderer::render_people(const Slot& range)
{
  const Slot* from = view_.source(range);
  if (!from) return;
  ical::Component event = derived_instance(view_, range, *from);
  if (ical::Property* id = event.find("RECURRENCE-ID")) id->set_parameter("RANGE", "THISANDFUTURE");
  const Slot& before = shown_before(range, *from);
  if (same_people(shown_attendees(view_, range, event, owner_),
                  shown_attendees(view_, before, event, owner_))) {
    return;
  }
  put(shown(range, std::move(event), from->write->revision, false), false);
  shown_ranges_.push_back(&range);
}

bool Renderer::in_gap(const Slot& slot) const
{
  return std::any_of(gaps_.begin(), gaps_.end(), [&](const View::Gap& gap) {
    return slot.at >= gap.from && (!gap.to || slot.at < *gap.to);
  });
}

bool Renderer::in_last_gap(const Slot& slot) const
{
  return !gaps_.empty() && !gaps_.back().to && slot.at >= gaps_.back().from;
}

/// Takes the instance out of the series by EXDATE.
void Renderer::exclude(const Slot& slot)
{
  const ical::Property* start = master_ ? master_->find("DTSTART") : nullptr;
  if (!start || series_cancelled_) return;
  master_->properties.push_back(time_like(view_, "EXDATE", slot.text, *start));
}

/// Gives by RDATE what was added, or what a shortened rule no longer has.
void Renderer::restore(const Slot& slot)
{
  const ical::Property* start = master_ ? master_->find("DTSTART") : nullptr;
  if (start) master_->properties.push_back(time_like(view_, "RDATE", slot.text, *start));
}

void Renderer::render_instance(const Slot& slot)
{
  const Slot* from = view_.source(slot);
  if (!from) return;
  const bool cancelled = view_.cancelled(slot);
  const bool live = from == &slot;
  if (cancelled && in_gap(slot)) return;
  if (cancelled && options_.remove_cancelled) {
    taken_away_ = true;
    return slot.added ? void() : exclude(slot);
  }
  if (slot.added || (live && in_last_gap(slot))) restore(slot);
  if (live) {
    ical::Component event = slot.write->event;
    const ical::Property* id = event.find("RECURRENCE-ID");
    const auto named = id ? view_.zones->time_of(*id) : Result<ical::Time>(ical::Time{});
    const ical::Property* start = master_ ? master_->find("DTSTART") : nullptr;
    if (start && (!named || time_text(*named) != slot.text)) {
      event.set(time_like(view_, "RECURRENCE-ID", slot.text, *start));
    }
    return put(shown(slot, std::move(event), slot.write->revision, cancelled), cancelled);
  }
  if (in_gap(slot) || (series_cancelled_ && from == &view_.series)) return;
  ical::Component event = derived_instance(view_, slot, *from);
  if (!cancelled && same_people(shown_attendees(view_, slot, event, owner_),
                                shown_attendees(view_, shown_before(slot, *from), event, owner_))) {
    return;  // it would say nothing that the series does not
  }
  put(shown(slot, std::move(event), from->write->revision, cancelled), cancelled);
}

/// Of her own event the organizer's file says how far SEQUENCE went, also by a CANCEL of what or
/// whom it no longer shows: else her next REQUEST would be none the newer (RFC 5546 section 2.1.4).
void Renderer::count_cancels(ical::Component& event, const std::vector<const Slot*>& slots) const
{
  const ical::Property* organizer = event.find("ORGANIZER");
  const auto address =
      organizer ? CalAddress::parse(organizer->value) : Result<CalAddress>(CalAddress{});
  if (!address || !owner_.is(*address)) return;
  const std::string* own = event.value("SEQUENCE");
  const std::int64_t shown = own ? to_int(*own, 0) : 0;
  std::int64_t most = shown;
  for (const Slot* slot : slots) {
    if (const auto cancel = view_.strongest_cancel(*slot, false))
      most = std::max(most, cancel->sequence);
    for (const auto& [who, revision] : slot->uninvited) most = std::max(most, revision.sequence);
  }
  if (most > shown) event.set(make_property("SEQUENCE", cat(most)));
}

Rendering Renderer::run()
{
  Rendering out;
  render_series();
  render_ranges();
  for (const auto& [text, slot] : view_.instances) {
    if (slot.yielded) render_instance(slot);
  }
  for (const auto* slots : {&view_.ranges, &view_.instances}) {
    for (const auto& [text, slot] : *slots) {
      if (!slot.yielded) out.strays.push_back(scope_key(slot.type, text));
    }
  }
  if (master_) {
    std::vector<const Slot*> all{&view_.series};
    for (const auto* slots : {&view_.ranges, &view_.instances})
      for (const auto& [text, slot] : *slots) all.push_back(&slot);
    count_cancels(*master_, all);
  }
  const bool keep_master = master_ && !(series_cancelled_ && options_.remove_cancelled);
  out.empty = !master_ && others_.empty() && !taken_away_;
  out.cancelled = live_ == 0;
  out.uninvited = out.cancelled && view_.only_uninvited(view_.series);
  out.calendar.name = "VCALENDAR";
  out.calendar.properties.push_back(make_property("VERSION", "2.0"));
  out.calendar.properties.push_back(make_property("PRODID", std::string(prodid)));
  if (keep_master) out.calendar.components.push_back(ordered(std::move(*master_)));
  for (ical::Component& c : others_) out.calendar.components.push_back(std::move(c));
  complete_timezones(out.calendar, {&view_.calendar});
  return out;
}

}  // namespace

void complete_timezones(ical::Component& calendar, const std::vector<const ical::Component*>& from)
{
  const std::set<std::string> used = [&] {
    std::set<std::string> out;
    for (const ical::Component& c : calendar.components) {
      if (c.name != "VTIMEZONE") out.merge(used_tzids(c));
    }
    return out;
  }();
  std::erase_if(calendar.components,
                [](const ical::Component& c) { return c.name == "VTIMEZONE"; });
  std::vector<ical::Component> zones;
  for (const std::string& tzid : used) {
    std::optional<ical::Component> found;
    for (const ical::Component* source : from) {
      for (const ical::Component& c : source->components) {
        const std::string* id = c.name == "VTIMEZONE" ? c.value("TZID") : nullptr;
        if (!found && id && *id == tzid) found = c;
      }
    }
    if (!found) {
      const auto olson = ical::windows_zone(tzid);
      auto made = ical::vtimezone(olson ? *olson : tzid);
      if (!made) continue;
      made->set(make_property("TZID", tzid));
      found = std::move(*made);
    }
    zones.push_back(std::move(*found));
  }
  calendar.components.insert(calendar.components.begin(), std::make_move_iterator(zones.begin()),
                             std::make_move_iterator(zones.end()));
}

Rendering render(const Facts& facts, const std::string& uid, const Owner& owner,
                 const PlanOptions& options, const Rules& rules)
{
  const auto view = View::make(facts, owner, options.limits, rules);
  if (!view) return {};
  return Renderer(*view, uid, owner, options).run();
}

}  // namespace imip::itip::detail
