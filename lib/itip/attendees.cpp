// Who is shown, and with which answer: rules 6 to 8 of itip.md.
#include <deque>
#include <set>

#include "base/cat.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/render.hpp"

namespace imip::itip::detail {

namespace {

void set_list(ical::Property& property, std::string_view name,
              const std::vector<std::string>& values)
{
  property.remove_parameter(name);
  if (!values.empty()) property.parameters.push_back({std::string(name), values});
}

/// What a reply sets; ROLE, RSVP, CN stay as the organizer wrote them.
void apply_answer(ical::Property& attendee, const AnswerFact& answer)
{
  attendee.set_parameter("PARTSTAT", answer.partstat);
  if (answer.partstat == "DELEGATED") {
    set_list(attendee, "DELEGATED-TO", answer.delegated_to);
  } else {
    attendee.remove_parameter("DELEGATED-TO");
  }
  if (!answer.delegated_from.empty()) set_list(attendee, "DELEGATED-FROM", answer.delegated_from);
  attendee.remove_parameter("SENT-BY");
  if (!answer.sent_by.empty()) attendee.set_parameter("SENT-BY", answer.sent_by);
  const std::pair<std::string_view, const std::string*> kept[] = {
      {comment_parameter, &answer.comment},
      {description_parameter, &answer.description},
      {request_status_parameter, &answer.request_status},
      {percent_parameter, &answer.percent},
      {completed_parameter, &answer.completed},
      {status_parameter, &answer.status}};
  for (const auto& [name, value] : kept) {
    attendee.remove_parameter(name);
    if (!value->empty()) attendee.set_parameter(name, *value);
  }
  attendee.set_parameter(received_sequence, cat(answer.revision.sequence));
  attendee.set_parameter(received_dtstamp, to_ical_utc(answer.revision.dtstamp));
}

class AttendeeList {
 public:
  AttendeeList(const View& view, const Slot& slot) : view_(view), slot_(slot) {}

  void add(ical::Property property)
  {
    const std::string key = view_.key_of(property);
    if (!key.empty()) {
      // The owner who is un-invited sees a cancelled event, not one without her.
      if (key != view_.owner_key() && view_.left_out(slot_, key)) return;
      if (const AnswerFact* answer = view_.answer(slot_, key)) {
        apply_answer(property, *answer);
        if (answer->partstat == "DELEGATED") pending_.emplace_back(property.value, answer);
      }
      seen_.insert(key);
    }
    list_.push_back(std::move(property));
  }

  /// Whoever the answers of those shown delegate to. A cycle ends at somebody who was seen.
  void add_delegates()
  {
    while (!pending_.empty()) {
      const auto [delegator, answer] = pending_.front();
      pending_.pop_front();
      for (const std::string& uri : answer->delegated_to) {
        ical::Property delegate = make_property("ATTENDEE", uri);
        if (seen_.contains(view_.key_of(delegate))) continue;
        delegate.set_parameter("DELEGATED-FROM", delegator);
        add(std::move(delegate));
      }
    }
  }

  [[nodiscard]] bool has(const std::string& key) const { return seen_.contains(key); }
  std::vector<ical::Property> take() { return std::move(list_); }

 private:
  const View& view_;
  const Slot& slot_;
  std::vector<ical::Property> list_;
  std::set<std::string> seen_;
  std::deque<std::pair<std::string, const AnswerFact*>> pending_;
};

/// The first listed group through which the owner is invited.
std::string group_of(const ical::Component& event, const Owner& owner)
{
  for (const ical::Property* p : event.all("ATTENDEE")) {
    const auto address = CalAddress::parse(p->value);
    if (address && owner.is_group(*address)) return p->value;
  }
  return {};
}

/// Whose progress a task shows: the owner's own, else that of the only one who does it.
const AnswerFact* progress_of(const View& view, const Slot& slot, const ical::Component& event,
                              const PlanOptions& options)
{
  const AnswerFact* last = nullptr;
  std::size_t doing = 0;
  for (const ical::Property* p : event.all("ATTENDEE")) {
    const std::string key = view.key_of(*p);
    const AnswerFact* answer = key.empty() ? nullptr : view.answer(slot, key);
    if (key == view.owner_key()) return answer;
    if (answer && answer->partstat == "DELEGATED") continue;
    ++doing;
    if (!answer || !answer->tells_progress()) continue;
    if (!last || last->revision.dtstamp <= answer->revision.dtstamp) last = answer;
  }
  return doing == 1 || options.any_task_progress ? last : nullptr;
}

}  // namespace

void show_progress(const View& view, const Slot& slot, ical::Component& event,
                   const PlanOptions& options)
{
  if (event.name != "VTODO") return;
  const AnswerFact* from = progress_of(view, slot, event, options);
  if (!from || !from->tells_progress()) return;
  const std::pair<std::string_view, const std::string*> said[] = {
      {"PERCENT-COMPLETE", &from->percent},
      {"COMPLETED", &from->completed},
      {"STATUS", &from->status}};
  for (const auto& [name, value] : said) {
    event.remove(name);
    if (!value->empty()) event.set(make_property(name, *value));
  }
}

std::vector<ical::Property> shown_attendees(const View& view, const Slot& slot,
                                            const ical::Component& event, const Owner& owner)
{
  AttendeeList list(view, slot);
  for (const ical::Property* p : event.all("ATTENDEE")) list.add(*p);
  list.add_delegates();
  const std::string& mine = view.owner_key();
  if (!list.has(mine) && !owner.addresses.empty() && view.answer(slot, mine)) {
    const std::string group = group_of(event, owner);
    if (!group.empty()) {
      ical::Property own = make_property("ATTENDEE", owner.addresses.front().uri());
      own.set_parameter("MEMBER", group);
      list.add(std::move(own));
    }
  }
  std::set<std::string> crashers = view.series.admitted;
  crashers.insert(slot.admitted.begin(), slot.admitted.end());
  for (const std::string& key : crashers) {
    const AnswerFact* answer = list.has(key) ? nullptr : view.answer(slot, key);
    if (answer) list.add(make_property("ATTENDEE", answer->address));
  }
  list.add_delegates();
  return list.take();
}

}  // namespace imip::itip::detail
