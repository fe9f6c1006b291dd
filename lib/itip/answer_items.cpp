// What of an event the owner answers.
#include <algorithm>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "itip/detail/answering.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/render.hpp"
#include "itip/detail/scope.hpp"

namespace imip::itip::detail {

namespace {

bool shows_apart(const View& view, const Slot& slot)
{
  return slot.yielded && view.live(slot) && !view.cancelled(slot);
}

/// Ranges and occurrences with content of their own that are within `slot`.
std::vector<Slot> parts_apart(const View& view, const Slot& slot)
{
  std::vector<Slot> out;
  const bool all = slot.type == Scope::Type::Series;
  for (const auto* slots : {&view.ranges, &view.instances}) {
    for (const auto& [text, part] : *slots) {
      const bool itself = part.type == slot.type && part.text == slot.text;
      if ((all || part.at >= slot.at) && !itself && shows_apart(view, part)) out.push_back(part);
    }
  }
  return out;
}

Result<AnswerItem> item_for(const View& view, Slot slot, const Owner& owner, const CalAddress& as)
{
  const Slot* from = view.source(slot);
  if (!from) return err(Errc::NotFound, "there is no event to answer");
  AnswerItem out;
  out.sequence = from->write->revision.sequence;
  out.key = scope_key(slot.type, slot.text);
  if (view.cancelled(slot)) {
    return err(Errc::Refused, cat("the event is cancelled (", out.key, ")"),
               "there is nothing to answer");
  }
  out.content = *content_of(view, slot);
  IMIP_TRY(out.attendee, own_attendee(out.content, owner, as));
  out.slot = std::move(slot);
  return out;
}

Result<Slot> slot_for(const View& view, Scope::Type type, const ical::Time& at, const Limits& limits)
{
  auto slot = find_slot(view, Scope{type, at}, limits);
  if (slot) return *std::move(slot);
  return err(Errc::NotFound, cat("the event has no occurrence ", time_text(at)),
             "name one by its start, such as 2027-01-04T10:00");
}

bool without_series(const Message& message)
{
  return std::none_of(
      message.components.begin(), message.components.end(),
      [](const MessageComponent& c) { return c.scope.type == Scope::Type::Series; });
}

Result<std::vector<Slot>> slots_of(const View& view, const Answering& a)
{
  std::vector<Slot> out;
  const auto add = [&](Scope::Type type, const ical::Time& at) -> Result<void> {
    IMIP_TRY(Slot slot, slot_for(view, type, at, a.options.limits));
    out.push_back(std::move(slot));
    return {};
  };
  if (a.answer.instance) {
    const auto type = a.answer.this_and_future ? Scope::Type::Range : Scope::Type::Instance;
    IMIP_CHECK(add(type, *a.answer.instance));
  } else if (a.message && a.message->method == Method::Request && without_series(*a.message)) {
    for (const MessageComponent& c : a.message->components) {
      IMIP_CHECK(add(c.scope.type, c.scope.at));
    }
  } else if (!view.series.write) {
    out = parts_apart(view, view.series);
    if (out.empty()) return err(Errc::Refused, "the event is cancelled");
  } else {
    out.push_back(view.series);
  }
  return out;
}

/// An answer for many reaches an occurrence only if it would count there (itip.md rule 7): those with a
/// higher SEQUENCE and another time get the same answer in components of their own.
void add_parts(const View& view, const Answering& a, std::vector<AnswerItem>& items)
{
  const Slot whole = items.front().slot;
  const std::int64_t sequence = items.front().sequence;
  for (Slot& slot : parts_apart(view, whole)) {
    if (slot.write->revision.sequence <= sequence) continue;
    const auto then = view.shape_at(slot, sequence);
    const auto now = view.shape_now(slot);
    if (then && now && keeps_answers(*then, *now)) continue;
    auto item = item_for(view, std::move(slot), a.owner, a.answer.as);
    if (item) items.push_back(*std::move(item));
  }
}

}  // namespace

Result<ical::Property> own_attendee(const ical::Component& content, const Owner& owner,
                                    const CalAddress& as)
{
  const ical::Property* found = nullptr;
  std::string group;
  for (const ical::Property* p : content.all("ATTENDEE")) {
    const auto address = CalAddress::parse(p->value);
    if (!address) continue;
    if (owner.is_group(*address) && group.empty()) group = p->value;
    if (as.empty() ? !owner.is(*address) : !same_user(as, *address, owner.local_part)) continue;
    const std::string* type = p->parameter("CUTYPE");
    const bool person = !type || text::ascii_iequal(*type, "INDIVIDUAL");
    if (!found || person) found = p;
    if (person) break;
  }
  ical::Property out;
  if (found) {
    out = make_property("ATTENDEE", found->value);
    if (const std::string* cn = found->parameter("CN")) out.set_parameter("CN", *cn);
    for (const ical::Parameter& p : found->parameters) {
      if (p.name == "DELEGATED-FROM") out.parameters.push_back(p);
    }
  } else if (!group.empty() && !owner.addresses.empty()) {
    out = make_property("ATTENDEE", (as.empty() ? owner.addresses.front() : as).uri());
    out.set_parameter("MEMBER", group);
  } else {
    return err(Errc::Refused, "you are no attendee of this event",
               "name the address under which you are invited in [me] of the policy, or use --as");
  }
  return out;
}

Result<std::vector<AnswerItem>> items_of(const View& view, const Answering& a)
{
  IMIP_TRY(std::vector<Slot> slots, slots_of(view, a));
  std::vector<AnswerItem> out;
  for (Slot& slot : slots) {
    IMIP_TRY(AnswerItem item, item_for(view, std::move(slot), a.owner, a.answer.as));
    out.push_back(std::move(item));
  }
  const bool wide = out.size() == 1 && out.front().slot.type != Scope::Type::Instance;
  if (wide && a.answer.method == Method::Reply) add_parts(view, a, out);
  return out;
}

}  // namespace imip::itip::detail
