#include "pipeline/calendar.hpp"

#include <chrono>

#include "base/text.hpp"

namespace imip::pipeline {

namespace {

std::optional<std::string> sha256_of(const std::optional<itip::StoredObject>& stored)
{
  if (!stored) return std::nullopt;
  return stored->sha256;
}

constexpr int lock_timeout_ms = 5'000;

/// The ORGANIZER that facts about the object are kept under: the message's own, or for a reply that
/// leaves it out, the stored object's.
CalAddress organizer_of(const itip::Message& message,
                        const std::optional<itip::StoredObject>& stored)
{
  if (message.organizer) return message.organizer->address;
  if (stored) {
    for (const auto& component : stored->calendar.components) {
      const auto* property = component.find("ORGANIZER");
      if (property == nullptr) continue;
      auto address = CalAddress::parse(property->value);
      if (address) return *address;
    }
  }
  return {};
}

}  // namespace

Result<Calendar> Calendar::open(const CalendarPlaces& places, const Limits& limits)
{
  Calendar calendar;
  calendar.places_ = places;
  if (!places.store.empty()) {
    IMIP_TRY(auto store, store::CalendarStore::open(places.store, places.state_dir, limits));
    calendar.store_.emplace(std::move(store));
  }
  if (places.use_state) {
    IMIP_TRY(auto state, state::State::open(places.state_dir));
    calendar.state_.emplace(std::move(state));
  }
  return calendar;
}

state::ObjectKey Calendar::key(const std::string& uid, const CalAddress& organizer) const
{
  const std::string store = store_ ? store_->path().string() : std::string{};
  return {store, places_.owner, itip::canonical_uid(uid), text::ascii_lower(organizer.uri())};
}

Result<Surroundings> Calendar::surroundings(const std::string& uid,
                                            const CalAddress& organizer) const
{
  Surroundings found;
  if (store_) {
    IMIP_TRY(found.stored, store_->find(uid));
  }
  if (state_) {
    IMIP_TRY(found.facts, state_->load(key(uid, organizer), sha256_of(found.stored)));
  }
  return found;
}

Result<Surroundings> Calendar::surroundings(const itip::Message& message) const
{
  Surroundings found;
  if (store_) {
    IMIP_TRY(found.stored, store_->find(message.uid));
  }
  if (state_) {
    const state::ObjectKey object = key(message.uid, organizer_of(message, found.stored));
    IMIP_TRY(found.facts, state_->load(object, sha256_of(found.stored)));
    IMIP_TRY(const auto retracted, state_->retracted(object));
    if (!retracted.empty()) {
      const auto mark = retracted.find(itip::message_digest(message));
      if (mark != retracted.end()) found.retracted = mark->second;
    }
  }
  return found;
}

Result<store::SearchGaps> Calendar::search(
    const std::vector<itip::Window>& windows,
    const std::function<void(const ical::Component&)>& each, std::size_t most) const
{
  if (!store_) return err(Errc::Config, "no calendar to look at");
  return store_->search(windows, each, most);
}

void Calendar::on_indexing(store::IndexProgress progress) const
{
  if (store_) store_->on_indexing(std::move(progress));
}

Result<Surroundings> Calendar::surroundings(const state::ObjectKey& key) const
{
  Surroundings found;
  if (store_) {
    IMIP_TRY(found.stored, store_->find(key.uid));
  }
  if (state_) {
    IMIP_TRY(found.facts, state_->load(key, sha256_of(found.stored)));
  }
  return found;
}

bool Calendar::owns(const state::ObjectKey& key) const
{
  return store_ && key.store == store_->path().string() && key.owner == places_.owner;
}

Result<store::Lock> Calendar::lock() const
{
  if (!store_)
    return err(Errc::Config, "no calendar to change",
               "say which with --store DIR or [store] path in the policy");
  return store_->lock(lock_timeout_ms);
}

std::optional<state::Pending> Calendar::pending_for(const itip::Plan& plan) const
{
  if (!plan.octets && !plan.remove) return std::nullopt;
  return state::Pending{plan.octets ? store_->digest_of(*plan.octets) : std::string{}, plan.base_sha256,
                        plan.rendered_before};
}

Result<void> Calendar::carry_out(const state::Journaled& message, const itip::Plan& plan,
                                 const store::Lock& lock, const state::JournalEntry& entry)
{
  if (plan.remove) IMIP_CHECK(store_->apply(plan, lock));
  const auto pending = plan.remove ? std::nullopt : pending_for(plan);
  IMIP_CHECK(state_->save_retraction(message, plan.facts, entry, pending));
  if (!plan.octets) return {};
  IMIP_TRY(const std::string wish,
           state_->removed_file(message.key));  // for who knows the event by its file
  IMIP_CHECK(store_->apply(plan, lock, wish));
  return state_->confirm(message.key);
}

Result<void> Calendar::carry_out(const itip::Plan& plan, const store::Lock& lock,
                                 state::JournalEntry entry)
{
  const bool writes = plan.octets || plan.remove;
  const state::ObjectKey object = key(plan.uid, plan.organizer);
  // what came too late changes nothing now, but would show if the newer message were retracted
  bool late = plan.outcome == itip::Outcome::Obsolete && !plan.said.empty();
  if (state_ && late && !plan.facts_changed && !writes) {
    IMIP_TRY(const bool known, state_->knows(object, plan.digest));
    late = !known;
  }
  if (state_ && (plan.facts_changed || writes || late)) {
    entry.digest = plan.digest;
    entry.said = plan.said;
    entry.found = plan.found;
    IMIP_CHECK(state_->save(object, plan.facts, entry, pending_for(plan)));
  }
  if (writes) {
    IMIP_CHECK(store_->apply(plan, lock));
    if (state_) return state_->confirm(object);
  }
  return {};
}

Result<std::int64_t> Calendar::new_objects_today(const std::string& signer, UtcSeconds now) const
{
  if (!state_) return 0;
  return state_->count_new(signer, now - std::chrono::hours{24});
}

Result<void> Calendar::note_new_object(const std::string& signer, UtcSeconds now)
{
  if (!state_) return {};
  return state_->note_new(signer, now);
}

Result<std::vector<state::HeldMessage>> Calendar::held(const itip::Plan& plan) const
{
  if (!state_) return std::vector<state::HeldMessage>();
  return state_->held(key(plan.uid, plan.organizer));
}

Result<std::int64_t> Calendar::count_held(const std::string& signer) const
{
  if (!state_) return 0;
  return state_->count_held(signer);
}

Result<void> Calendar::hold(const itip::Plan& plan, const state::HeldMessage& message)
{
  if (!state_) return {};
  return state_->hold(key(plan.uid, plan.organizer), message);
}

Result<std::vector<state::Waiting>> Calendar::waiting(const std::string& text, const std::string& digest) const
{
  if (!state_ || !store_) return std::vector<state::Waiting>();
  return state_->waiting(store_->path().string(), places_.owner, text, digest);
}

Result<void> Calendar::drop_held(std::int64_t id)
{
  if (!state_) return {};
  return state_->drop_held(id);
}

Result<std::optional<state::Mailed>> Calendar::mailed(const JudgedPart& part,
                                                      const itip::Offer& offer) const
{
  if (!state_) return std::optional<state::Mailed>();
  return state_->mailed(key(part.plan->uid, part.plan->organizer), {part.part_sha256, itip::offer_key(offer)});
}

Result<void> Calendar::note_mailed(const JudgedPart& part, const itip::Offer& offer,
                                   const state::Mailed& mail, UtcSeconds now)
{
  if (!state_) return {};
  return state_->note_mailed(key(part.plan->uid, part.plan->organizer),
                             {part.part_sha256, itip::offer_key(offer)}, mail, now);
}

Result<void> Calendar::age(const itip::Plan& plan, const std::optional<UtcSeconds>& forget_after, UtcSeconds now,
                           std::chrono::days held)
{
  if (!state_) return {};
  IMIP_CHECK(state_->set_forget_after(key(plan.uid, plan.organizer), forget_after));
  return state_->age(now, held);
}

}  // namespace imip::pipeline
