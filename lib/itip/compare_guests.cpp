// What a REQUEST or a CANCEL of a whole series says, for people who are invited to parts of it
// only.
#include <algorithm>
#include <utility>

#include "base/cat.hpp"
#include "ical/recurrence.hpp"
#include "itip/compare.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/comparing.hpp"
#include "itip/detail/content.hpp"

namespace imip::itip {

namespace detail {

namespace {

const ical::Component* first_of(const Version& v)
{
  if (v.master) return &*v.master;
  for (const Pieces* pieces : {&v.ranges, &v.instances})
    if (!pieces->empty()) return &pieces->begin()->second.component;
  return nullptr;
}

bool same_people(const People& a, const People& b)
{
  return a.size() == b.size() && without(a, b).empty();
}

bool invites_alike(const Version& v)
{
  const ical::Component* first = first_of(v);
  if (first == nullptr) return true;
  const People all = people_of(*first);
  for (const Pieces* pieces : {&v.ranges, &v.instances})
    for (const auto& [instant, piece] : *pieces)
      if (!same_people(all, people_of(piece.component))) return false;
  return true;
}

People only(const People& people, const People& of)
{
  return without(people, without(people, of));
}

}  // namespace

Result<std::vector<ChangeMessage>> Comparison::invite()
{
  if (new_.master) {
    whole_series();
  } else {
    pieces_only({});
  }
  for (Item& item : requests_) item.asks_again = false;  // build_object() has said who is asked
  for (Item& item : cancels_)  // above what was told of that part before, if it was
    for (const Pieces* pieces : {&new_.ranges, &new_.instances})
      if (const auto own = pieces->find(item.at.instant); own != pieces->end())
        item.sequence = std::max(item.sequence, sequence_of(own->second.component) + 1);
  outlive_cancels();
  IMIP_CHECK(spell_out_ranges(requests_, new_));
  IMIP_CHECK(spell_out_ranges(cancels_, new_));
  return messages();
}

Result<std::vector<ChangeMessage>> Comparison::cancel_guests(const std::optional<ical::Time>& from,
                                                             const std::optional<People>& named)
{
  People told;
  if (from) {
    if (const auto range = old_.from(*from, limits_)) told = people_of(*range);
  } else if (old_.master) {
    told = people_of(*old_.master);
  }
  for (const Pieces* pieces : {&old_.ranges, &old_.instances})
    for (const auto& [instant, piece] : *pieces) {
      if (from && instant < from->instant) continue;
      const People here = people_of(piece.component);
      People guests = without(here, told);
      if (named) guests = only(guests, *named);
      const bool off = !named || without(here, *named).empty();
      Item item{pieces == &old_.ranges ? Scope::Type::Range : Scope::Type::Instance, piece.at,
                piece.component, std::move(guests), off};
      const bool range = item.type == Scope::Type::Range;
      cancel(std::move(item), range ? sequence_of(piece.component) : base_at(piece.at));
    }
  IMIP_CHECK(spell_out_ranges(cancels_, old_));
  return messages();
}

Result<std::vector<ChangeMessage>> Comparison::cancel_guests_at(const std::set<UtcSeconds>& gone)
{
  const People series = old_.master ? people_of(*old_.master) : People{};
  for (const Pieces* pieces : {&old_.ranges, &old_.instances})
    for (const auto& [instant, piece] : *pieces) {
      if (!gone.contains(instant)) continue;
      const bool range = pieces == &old_.ranges;
      Item item{range ? Scope::Type::Range : Scope::Type::Instance, piece.at, piece.component,
                without(people_of(piece.component), series), true};
      cancel(std::move(item), range ? sequence_of(piece.component) : base_at(piece.at));
    }
  IMIP_CHECK(spell_out_ranges(cancels_, old_));
  return messages();
}

}  // namespace detail

Result<LeftOut> left_out(const ical::Component& base, const ical::Component& made,
                         const std::string& comment, UtcSeconds now, const Limits& limits)
{
  LeftOut out;
  BuildSpec any;
  any.method = Method::Publish;
  IMIP_TRY(const Kind kind, detail::kind_of(any, &base));
  if (kind == Kind::FreeBusy) return out;
  IMIP_TRY(const detail::Version before, detail::Version::read(base, kind));
  IMIP_TRY(const detail::Version after, detail::Version::read(made, kind));
  if (!before.master || !after.master) return out;
  std::set<UtcSeconds> gone;
  for (const detail::Pieces* pieces : {&before.ranges, &before.instances})
    for (const auto& [instant, piece] : *pieces) {
      const auto there = ical::has_instance(after.zones, *after.master, piece.at, limits);
      if (!there || *there) continue;
      gone.insert(instant);
      out.which.push_back(piece.component.text("RECURRENCE-ID"));
    }
  if (gone.empty() || kind == Kind::Journal) return out;
  CompareOptions options;
  options.comment = comment;
  IMIP_TRY(out.messages,
           detail::Comparison(before, before, options, now, limits).cancel_guests_at(gone));
  return out;
}

namespace {

// Where she is listed, only she and the organizer are. Elsewhere nobody goes: who is not listed at
// all inherits.
ical::Component as_shown_to(const Party& who, ical::Component calendar)
{
  for (ical::Component& c : calendar.components) {
    const ical::Property* organizer = c.find("ORGANIZER");
    const auto boss = CalAddress::parse(organizer != nullptr ? organizer->value : "");
    const auto is = [](const ical::Property& p, const Result<CalAddress>& user) {
      const auto address = p.name == "ATTENDEE" ? CalAddress::parse(p.value) : user;
      return p.name == "ATTENDEE" && user && address && same_user(*address, *user);
    };
    const Result<CalAddress> her = who.address;
    if (std::none_of(c.properties.begin(), c.properties.end(),
                     [&](const auto& p) { return is(p, her); }))
      continue;
    std::erase_if(c.properties, [&](const ical::Property& p) {
      return p.name == "ATTENDEE" && !is(p, her) && !is(p, boss);
    });
  }
  return calendar;
}

}  // namespace

Result<std::optional<std::vector<std::string>>> changes_for(const Party& who,
                                                            const ical::Component& before,
                                                            const ical::Component& after,
                                                            const CompareOptions& options,
                                                            UtcSeconds now, const Limits& limits)
{
  IMIP_TRY(const auto told,
           compare(as_shown_to(who, before), as_shown_to(who, after), options, now, limits));
  std::optional<std::vector<std::string>> out;
  for (const ChangeMessage& m : told)
    for (const Party& p : m.to)
      if (m.method == Method::Request && same_user(p.address, who.address)) out = m.changes;
  if (out && as_shown_to(who, before) == before)
    std::erase(*out, "who is invited");  // she was in none of it
  return out;
}

Result<std::vector<ChangeMessage>> invitations(const ical::Component& request,
                                               const std::string& comment, UtcSeconds now,
                                               const Limits& limits)
{
  std::vector<ChangeMessage> whole(1);
  whole.front().method = Method::Request;
  whole.front().calendar = request;
  whole.front().to = recipients(request);
  BuildSpec spec;
  spec.method = Method::Request;
  IMIP_TRY(const Kind kind, detail::kind_of(spec, &request));
  if (kind == Kind::FreeBusy) return whole;
  IMIP_TRY(const detail::Version version, detail::Version::read(request, kind));
  if (detail::invites_alike(version)) return whole;
  const detail::Version nothing{kind, request, ical::Zones(request), {}, {}, {}, 0, {}, {}};
  CompareOptions options;
  options.comment = comment;
  return detail::Comparison(nothing, version, options, now, limits).invite();
}

namespace {

// Who is named, by address.
Result<detail::People> named_people(const BuildSpec& spec)
{
  detail::People out;
  for (const std::string& given : spec.attendees) {
    Party party;
    IMIP_TRY(party.property, detail::party_property("ATTENDEE", "--attendee", given));
    IMIP_TRY(party.address, detail::address_of(party.property));
    const std::string key = detail::address_key(party.address, LocalPart::Fold);
    out.emplace(key, std::move(party));
  }
  return out;
}

// The flags without the attendees who were told as guests.
BuildSpec without_guests(const BuildSpec& spec, const std::vector<ChangeMessage>& told)
{
  BuildSpec out = spec;
  std::erase_if(out.attendees, [&](const std::string& given) {
    const auto party = detail::party_property("ATTENDEE", "--attendee", given);
    const auto address = party ? CalAddress::parse(party->value) : Result<CalAddress>(CalAddress{});
    return std::any_of(told.begin(), told.end(), [&](const ChangeMessage& m) {
      return std::any_of(m.to.begin(), m.to.end(),
                         [&](const Party& p) { return address && same_user(p.address, *address); });
    });
  });
  return out;
}

}  // namespace

Result<GuestCancels> cancel_guests(const BuildSpec& spec, const ical::Component& base,
                                   UtcSeconds now, const Limits& limits)
{
  GuestCancels out{{}, spec};
  const bool one = !spec.recurrence_id.empty() && !spec.this_and_future;
  if (spec.method != Method::Cancel || one) return out;
  IMIP_TRY(const Kind kind, detail::kind_of(spec, &base));
  if (kind == Kind::Journal) return out;
  IMIP_TRY(detail::Version version, detail::Version::read(base, kind));
  if (!version.master && detail::invites_alike(version)) return out;
  IMIP_TRY(const ical::Property organizer, organizer_of(spec, &base));
  if (version.master) version.master->set(organizer);
  for (detail::Pieces* pieces : {&version.ranges, &version.instances})
    for (auto& [instant, piece] : *pieces) piece.component.set(organizer);
  std::optional<detail::People> named;
  if (!spec.attendees.empty()) {
    IMIP_TRY(named, named_people(spec));
  }
  std::optional<ical::Time> from;
  if (spec.this_and_future) {
    IMIP_TRY(auto range, detail::components_of(base, kind));
    IMIP_TRY(range, detail::only_instance(spec, kind, base, std::move(range)));
    IMIP_TRY(from, version.zones.time_of(*range.front().find("RECURRENCE-ID")));
  }
  CompareOptions options;
  options.comment = spec.comment;
  IMIP_TRY(out.messages,
           detail::Comparison(version, version, options, now, limits).cancel_guests(from, named));
  if (out.messages.empty()) return out;
  for (ChangeMessage& m : out.messages)
    for (ical::Component& c : m.calendar.components)
      if (spec.sequence && c.name == kind_word(kind))
        c.set(detail::make_property("SEQUENCE", cat(*spec.sequence)));
  BuildSpec rest = without_guests(spec, out.messages);
  out.rest.reset();
  if (version.master && (!named || !rest.attendees.empty())) out.rest = std::move(rest);
  return out;
}

}  // namespace imip::itip
