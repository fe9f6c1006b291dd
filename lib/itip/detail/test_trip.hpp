/// @file What compare() tells, applied by those who get it: in the end each sees what the organizer has. For tests and
/// fuzzing; no test framework in here.
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "ical/recurrence.hpp"
#include "itip/compare.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/scope.hpp"
#include "itip/detail/version.hpp"
#include "itip/plan.hpp"

namespace imip::itip::test {

inline const std::vector<std::string> everybody{"alice", "bob", "carol", "dave"};

/// ATTENDEEs by their first letters: "ac" is Alice and Carol.
inline std::string invited(std::string_view who)
{
  std::string out;
  for (const std::string& name : everybody)
    if (who.find(name.front()) != std::string_view::npos)
      out += cat("ATTENDEE;PARTSTAT=ACCEPTED:mailto:", name, "@example.com\r\n");
  return out;
}

/// Where and what is it for that attendee? "20270104T100000Z Weekly", a line each, of at most 100 of the series;
/// nothing: that cannot be said.
/// @param who  as address_key() writes it
inline std::optional<std::string> seen(const ical::Component& calendar, const std::string& who,
                                       const Limits& limits = {})
{
  constexpr std::size_t most = 100;
  const auto version = detail::Version::read(calendar, Kind::Event);
  if (!version) return std::nullopt;
  std::map<UtcSeconds, ical::Time> when;
  if (version->master && !version->cancelled()) {
    const auto all = ical::next_instances(version->zones, *version->master, UtcSeconds::min(), most, limits);
    if (!all) return std::nullopt;
    for (const ical::Time& t : *all) when.emplace(t.instant, t);
  }
  for (const auto& [instant, own] : version->instances) when.emplace(instant, own.at);
  std::string out;
  for (const auto& [instant, t] : when) {
    const auto there = version->at(t, limits);
    if (!there || !detail::people_of(*there).contains(who)) continue;
    const ical::Property* start = there->find("DTSTART");
    const auto begin = start != nullptr ? version->zones.time_of(*start) : Result<ical::Time>(t);
    if (!begin) return std::nullopt;
    out += cat(detail::time_text(*begin), ' ', there->text("SUMMARY"), '\n');
  }
  return out;
}

/// The calendar of somebody who gets mail from one organizer, whose word is proven.
struct Seat {
  Owner owner;
  std::optional<StoredObject> stored = {};
  Facts facts = {};
  std::string log = {};      ///< what came, and what became of it
  bool understood = true;    ///< nothing was refused

  [[nodiscard]] std::optional<std::string> sees(const Limits& limits = {}) const
  {
    if (!stored) return std::string();
    return seen(stored->calendar, detail::address_key(owner.addresses.front(), LocalPart::Fold), limits);
  }

  /// What of these messages is for this one.
  void receive(const std::vector<ChangeMessage>& messages, UtcSeconds now, const PlanOptions& options = {})
  {
    for (const ChangeMessage& m : messages)
      for (const Party& to : m.to)
        if (owner.is(to.address)) take(m, now, options);
  }
  /// All of them: the organizer's own copy (imip build --store).
  void keep(const std::vector<ChangeMessage>& messages, UtcSeconds now, const PlanOptions& options = {})
  {
    for (const ChangeMessage& m : messages) take(m, now, options);
  }

 private:
  void take(const ChangeMessage& m, UtcSeconds now, const PlanOptions& options)
  {
    const std::string text = ical::serialise(m.calendar);
    const auto parsed = ical::parse(text, options.limits);
    const Reading reading = parsed ? read_message(*parsed, method_word(m.method), std::nullopt, now) : Reading{};
    log += cat(text, "-> ");
    understood = understood && reading.message;
    if (!reading.message) return;
    const Speaker organizer{Speaker::Class::Organizer, reading.message->organizer->address, {}};
    const Plan plan = plan_message(*reading.message, organizer, stored ? &*stored : nullptr, facts, owner, options, now);
    log += cat(outcome_word(plan.outcome), '\n');
    understood = understood && plan.outcome != Outcome::Refused;
    facts = plan.facts;
    if (plan.remove) stored.reset();
    if (!plan.octets) return;
    const auto written = ical::parse(*plan.octets, options.limits);
    understood = understood && written;
    if (written) stored = StoredObject{*plan.octets, sha256_hex(*plan.octets), written->calendar};
  }
};

inline ical::Component without_people(ical::Component out)
{
  for (ical::Component& c : out.components) c.remove("ATTENDEE");
  return out;
}

/// The organizer's copy takes the SEQUENCE that people were told (imip build --store).
inline void take_sequences(const std::vector<ChangeMessage>& told, ical::Component& calendar)
{
  const auto key = [](const ical::Component& c) {
    const ical::Property* id = c.find("RECURRENCE-ID");
    return id != nullptr ? ical::content_line(*id) : std::string();
  };
  for (const ChangeMessage& m : told)
    for (const ical::Component& said : m.calendar.components)
      for (ical::Component& c : calendar.components)
        if (said.name == c.name && key(said) == key(c) && detail::sequence_of(c) < detail::sequence_of(said))
          c.set(*said.find("SEQUENCE"));
}

}  // namespace imip::itip::test
