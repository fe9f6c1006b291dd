#include <algorithm>
#include <array>
#include <utility>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/content.hpp"

namespace imip::itip::detail {

namespace {

// Parameters of RFC 5545 section 3.2 (and EMAIL of RFC 7986) and, where the set is closed, their
// values. SENT-BY, MEMBER and DELEGATED-* hold addresses.
struct Allowed {
  std::string_view name;
  std::array<std::string_view, 7> values;
  bool address = false;
  bool of_organizer = false;
};
constexpr std::array allowed{
    Allowed{"CN", {}, false, true},
    Allowed{"DIR", {}, false, true},
    Allowed{"LANGUAGE", {}, false, true},
    Allowed{"EMAIL", {}, false, true},
    Allowed{"SENT-BY", {}, true, true},
    Allowed{"MEMBER", {}, true},
    Allowed{"DELEGATED-TO", {}, true},
    Allowed{"DELEGATED-FROM", {}, true},
    Allowed{"ROLE", {"CHAIR", "REQ-PARTICIPANT", "OPT-PARTICIPANT", "NON-PARTICIPANT"}},
    Allowed{"CUTYPE", {"INDIVIDUAL", "GROUP", "RESOURCE", "ROOM", "UNKNOWN"}},
    Allowed{"RSVP", {"TRUE", "FALSE"}},
    Allowed{"PARTSTAT", {"NEEDS-ACTION", "ACCEPTED", "DECLINED", "TENTATIVE", "DELEGATED", "COMPLETED", "IN-PROCESS"}},
};

std::string choices(const std::array<std::string_view, 7>& values)
{
  std::string out;
  for (const std::string_view v : values)
    if (!v.empty()) out += cat(out.empty() ? "" : ", ", v);
  return out;
}

// Splits at ';' outside quotes.
std::vector<std::string> pieces_of(std::string_view given)
{
  std::vector<std::string> out(1);
  bool quoted = false;
  for (const char c : given) {
    if (c == '"') quoted = !quoted;
    if (c == ';' && !quoted) {
      out.emplace_back();
    } else {
      out.back() += c;
    }
  }
  return out;
}

std::string unquoted(std::string_view value)
{
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
    value = value.substr(1, value.size() - 2);
  return std::string(value);
}

Result<CalAddress> read_address(std::string_view flag, const std::string& word)
{
  auto address = word.find(':') == std::string::npos ? CalAddress::from_mailbox(word)
                                                     : CalAddress::parse(word);
  if (!address)
    return err(Errc::BadValue, cat(flag, ": ", address.error().what), address.error().hint);
  return address;
}

Result<std::string> parameter_value(std::string_view flag, const Allowed& rule, std::string value)
{
  if (rule.address) {
    IMIP_TRY(const CalAddress address, read_address(flag, value));
    return address.uri();
  }
  if (rule.values.front().empty()) return value;
  value = text::ascii_upper(value);
  if (std::find(rule.values.begin(), rule.values.end(), value) == rule.values.end())
    return err(Errc::BadValue,
               cat(flag, ": ", rule.name, "=", value, " is none of ", choices(rule.values)));
  return value;
}

Result<void> add_parameter(std::string_view flag, const std::string& piece, ical::Property& party)
{
  const std::size_t equals = piece.find('=');
  const std::string name = text::ascii_upper(text::trim(piece.substr(0, equals)));
  if (equals == std::string::npos || name.empty())
    return err(Errc::BadValue, cat(flag, ": '", piece, "' is no PARAM=VALUE"),
               "write ADDRESS;ROLE=OPT-PARTICIPANT;CN=Name");
  const std::string value = unquoted(piece.substr(equals + 1));
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (!text::is_utf8(value) || std::any_of(value.begin(), value.end(), control))
    return err(Errc::BadValue, cat(flag, ": ", name, " has characters that no parameter can have"));
  if (party.parameter(name) != nullptr)
    return err(Errc::BadValue, cat(flag, ": ", name, " is given twice"));
  if (name.starts_with("X-") && !name.starts_with("X-IMIP-")) {
    party.set_parameter(name, value);
    return {};
  }
  const auto rule = std::find_if(allowed.begin(), allowed.end(),
                                 [&](const Allowed& a) { return a.name == name; });
  if (rule == allowed.end() || (party.name == "ORGANIZER" && !rule->of_organizer))
    return err(Errc::BadValue, cat(flag, ": ", party.name, " has no parameter ", name));
  IMIP_TRY(std::string checked, parameter_value(flag, *rule, value));
  party.set_parameter(name, std::move(checked));
  return {};
}

bool is_listed(const CalAddress& who, const std::vector<CalAddress>& list)
{
  return std::any_of(list.begin(), list.end(),
                     [&](const CalAddress& a) { return same_user(a, who); });
}

// RFC 5545 sections 3.2.12 and 3.6.4: which PARTSTAT goes with which component.
Result<void> check_partstat(Kind kind, const ical::Property& attendee)
{
  const std::string* word = attendee.parameter("PARTSTAT");
  if (kind == Kind::FreeBusy && (word != nullptr || attendee.parameter("RSVP") != nullptr))
    return err(Errc::BadValue, "--attendee: busy time has no PARTSTAT and no RSVP");
  if (kind == Kind::Event && word != nullptr && (*word == "COMPLETED" || *word == "IN-PROCESS"))
    return err(Errc::BadValue, cat("--attendee: PARTSTAT=", *word, " is for to-dos, not for events"));
  return {};
}

Result<std::vector<ical::Property>> attendees_of_flags(const BuildSpec& spec, Kind kind)
{
  std::vector<ical::Property> out;
  std::vector<CalAddress> seen;
  for (const std::string& given : spec.attendees) {
    IMIP_TRY(ical::Property p, party_property("ATTENDEE", "--attendee", given));
    IMIP_CHECK(check_partstat(kind, p));
    IMIP_TRY(CalAddress address, address_of(p));
    if (is_listed(address, seen))
      return err(Errc::BadValue, cat("--attendee: ", address.mailbox(), " is given twice"));
    seen.push_back(std::move(address));
    out.push_back(std::move(p));
  }
  return out;
}

void replace_attendees(ical::Component& event, const std::vector<ical::Property>& attendees)
{
  event.remove("ATTENDEE");
  event.properties.insert(event.properties.end(), attendees.begin(), attendees.end());
}

// CANCEL of an object for some of its attendees un-invites these (RFC 5546 section 3.2.5). True if
// somebody else stays.
Result<bool> keep_only(const std::vector<ical::Property>& named, ical::Component& event)
{
  std::vector<CalAddress> wanted;
  for (const ical::Property& p : named) {
    IMIP_TRY(CalAddress address, address_of(p));
    wanted.push_back(std::move(address));
  }
  IMIP_TRY(const CalAddress organizer, address_of(*event.find("ORGANIZER")));
  std::vector<ical::Property> gone;
  std::vector<CalAddress> found;
  bool stays = false;
  for (const ical::Property* p : event.all("ATTENDEE")) {
    IMIP_TRY(CalAddress address, address_of(*p));
    if (is_listed(address, wanted)) {
      gone.push_back(*p);
      found.push_back(std::move(address));
    } else if (!same_user(address, organizer)) {
      stays = true;
    }
  }
  for (const CalAddress& w : wanted)
    if (!is_listed(w, found))
      return err(Errc::BadValue, cat("--attendee: ", w.mailbox(), " is no attendee of this event"));
  replace_attendees(event, gone);
  return stays;
}

}  // namespace

Result<void> dress_request(ical::Component& event, bool asks_again)
{
  IMIP_TRY(const CalAddress organizer, address_of(*event.find("ORGANIZER")));
  for (ical::Property& p : event.properties) {
    if (p.name != "ATTENDEE") continue;
    IMIP_TRY(const CalAddress address, address_of(p));
    if (same_user(address, organizer)) {
      if (p.parameter("PARTSTAT") == nullptr) p.set_parameter("PARTSTAT", "ACCEPTED");
      p.remove_parameter("RSVP");
      continue;
    }
    if (asks_again || p.parameter("PARTSTAT") == nullptr) {
      p.set_parameter("PARTSTAT", "NEEDS-ACTION");
      if (asks_again) p.remove_parameter("RSVP");
    }
    const bool open = *p.parameter("PARTSTAT") == "NEEDS-ACTION";
    if (open && p.parameter("RSVP") == nullptr) p.set_parameter("RSVP", "TRUE");
  }
  return {};
}

void dress_cancel(ical::Component& event)
{
  for (ical::Property& p : event.properties) {
    if (p.name != "ATTENDEE") continue;
    p.remove_parameter("RSVP");
    p.remove_parameter("PARTSTAT");
  }
}

Result<ical::Property> party_property(std::string_view name, std::string_view flag,
                                      const std::string& given)
{
  const std::vector<std::string> pieces = pieces_of(given);
  IMIP_TRY(const CalAddress address, read_address(flag, std::string(text::trim(pieces.front()))));
  ical::Property party{std::string(name), {}, address.uri()};
  for (std::size_t i = 1; i < pieces.size(); ++i) IMIP_CHECK(add_parameter(flag, pieces[i], party));
  return party;
}

Result<CalAddress> address_of(const ical::Property& party)
{
  auto address = CalAddress::parse(party.value);
  if (!address)
    return err(Errc::BadCalendar, cat(party.name, ": ", address.error().what),
               address.error().hint);
  return address;
}

Result<void> set_proxy(const BuildSpec& spec, const CalAddress& address, ical::Property& party)
{
  if (spec.sent_by.empty()) return {};
  IMIP_TRY(const CalAddress proxy, read_address("--sent-by", spec.sent_by));
  party.remove_parameter("SENT-BY");
  if (!same_user(proxy, address)) party.set_parameter("SENT-BY", proxy.uri());
  return {};
}

Result<void> set_organizer(const BuildSpec& spec, std::vector<ical::Component>& events)
{
  std::optional<ical::Property> organizer;
  if (!spec.organizer.empty()) {
    IMIP_TRY(organizer, party_property("ORGANIZER", "--organizer", spec.organizer));
  } else {
    for (const ical::Component& e : events)
      if (const ical::Property* p = e.find("ORGANIZER"); p != nullptr && !organizer) organizer = *p;
  }
  if (!organizer)
    return err(Errc::BadCalendar, "the event has no ORGANIZER",
               "name the organizer: --organizer ADDRESS");
  IMIP_TRY(const CalAddress address, address_of(*organizer));
  if (is_organizer_method(spec.method)) IMIP_CHECK(set_proxy(spec, address, *organizer));
  for (ical::Component& e : events) {
    if (const ical::Property* own = e.find("ORGANIZER"); own != nullptr && spec.organizer.empty()) {
      IMIP_TRY(const CalAddress other, address_of(*own));
      if (!same_user(address, other))
        return err(Errc::BadCalendar,
                   cat("two organizers: ", address.mailbox(), " and ", other.mailbox()));
    }
    e.set(*organizer);
  }
  return {};
}

namespace {

Result<void> set_for_cancel(const std::vector<ical::Property>& flags, Kind kind, bool has_base,
                            ical::Component& e)
{
  bool some_stay = false;
  if (kind == Kind::Journal) {
    e.remove("ATTENDEE");
  } else if (has_base && !flags.empty()) {
    IMIP_TRY(some_stay, keep_only(flags, e));
  } else if (!flags.empty()) {
    replace_attendees(e, flags);
  }
  dress_cancel(e);
  if (some_stay) {
    e.remove("STATUS");
  } else {
    e.set(make_property("STATUS", "CANCELLED"));
  }
  return {};
}

Result<void> set_for_decline(const std::vector<ical::Property>& flags, ical::Component& e)
{
  if (!flags.empty()) replace_attendees(e, flags);
  IMIP_TRY(const CalAddress organizer, address_of(*e.find("ORGANIZER")));
  std::erase_if(e.properties, [&](const ical::Property& p) {
    const auto address = p.name == "ATTENDEE" ? CalAddress::parse(p.value) : Result<CalAddress>(err(Errc::BadValue, ""));
    return address && same_user(*address, organizer);
  });
  dress_cancel(e);
  if (e.find("ATTENDEE") != nullptr) return {};
  return err(Errc::BadValue, "whose proposal is declined?", "name the attendee: --attendee ADDRESS");
}

}  // namespace

Result<void> set_attendees(const BuildSpec& spec, Kind kind, bool has_base, bool asks_again,
                           const ical::Component* base, std::vector<ical::Component>& components)
{
  IMIP_TRY(const std::vector<ical::Property> flags, attendees_of_flags(spec, kind));
  if (!is_organizer_method(spec.method)) {
    IMIP_TRY(const std::vector<ical::Property> list, speakers(spec, kind, flags, base));
    for (ical::Component& e : components) replace_attendees(e, list);
    return {};
  }
  for (ical::Component& e : components) {
    if (spec.method == Method::Publish) {
      e.remove("ATTENDEE");
    } else if (spec.method == Method::Cancel) {
      IMIP_CHECK(set_for_cancel(flags, kind, has_base, e));
    } else if (spec.method == Method::DeclineCounter) {
      IMIP_CHECK(set_for_decline(flags, e));
    } else {
      if (!flags.empty()) replace_attendees(e, flags);
      if (kind == Kind::FreeBusy) {
        dress_cancel(e);  // nobody accepts or declines
      } else {
        IMIP_CHECK(dress_request(e, asks_again || spec.method == Method::Add));
      }
    }
  }
  return {};
}

}  // namespace imip::itip::detail
