#include "itip/build.hpp"

#include <algorithm>
#include <utility>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "ical/recurrence.hpp"
#include "itip/detail/building.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/shape.hpp"

namespace imip::itip {

namespace {

using detail::make_property;
using Components = std::vector<ical::Component>;

// RFC 9562: a random (version 4) UUID.
std::string made_up_uid()
{
  std::string hex = random_hex(16);
  hex[12] = '4';
  hex[16] = "89ab"[(hex[16] >= 'a' ? hex[16] - 'a' + 10 : hex[16] - '0') % 4];
  for (const std::size_t at : {8U, 13U, 18U, 23U}) hex.insert(at, 1, '-');
  return hex;
}

void set_texts(const BuildSpec& s, ical::Component& object)
{
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) object.set(ical::text_property(name, value));
  };
  set("SUMMARY", s.summary);
  set("LOCATION", s.location);
  set("DESCRIPTION", s.description);
  set("COMMENT", s.comment);
  if (!s.description.empty()) {  // other forms of the old text
    object.remove("X-ALT-DESC");
    object.remove("STYLED-DESCRIPTION");
  }
  for (const auto& [content_id, file_name] : s.attach_cids) {
    ical::Property attach = make_property("ATTACH", cat("CID:", content_id));
    if (!file_name.empty()) attach.set_parameter("FILENAME", file_name);  // RFC 8607 section 4.2
    object.properties.push_back(std::move(attach));
  }
}

// What changed of the properties of RFC 5546 section 2.1.4.
struct Moves {
  bool raises = false;      // SEQUENCE
  bool asks_again = false;  // everybody's answer is void
};

Moves moves(const ical::Zones& zones, const ical::Component& before, const ical::Component& after)
{
  const auto old_shape = detail::shape_of(zones, before);
  const auto new_shape = detail::shape_of(zones, after);
  const auto status = [](const ical::Component& c) {
    const std::string* s = c.value("STATUS");
    return s != nullptr ? *s : std::string();
  };
  if (!old_shape || !new_shape) return {true, true};
  return {!(*old_shape == *new_shape) || status(before) != status(after),
          !detail::keeps_answers(*old_shape, *new_shape)};
}

// `cancelled`: the greatest SEQUENCE of what was cancelled of the series.
Result<void> set_sequence(const BuildSpec& s, Kind kind, bool raise, bool has_base,
                          std::int64_t cancelled, ical::Component& object)
{
  constexpr std::int64_t most = 2147483647;  // RFC 5545 section 3.3.8
  if (kind == Kind::FreeBusy || s.method == Method::Refresh) {
    object.remove("SEQUENCE");
    return {};
  }
  const std::string* stored = object.value("SEQUENCE");
  std::int64_t n = stored != nullptr ? std::max<std::int64_t>(detail::to_int(*stored, 0), 0) : 0;
  const bool series = object.find("RECURRENCE-ID") == nullptr;
  if (raise || s.method == Method::Cancel || s.method == Method::Add)
    n = std::max(n, series ? cancelled : 0) + 1;
  if (s.sequence) n = *s.sequence;
  if ((s.method == Method::Add || s.method == Method::Cancel) && n == 0)
    return err(Errc::BadValue,
               cat("the SEQUENCE of ", s.method == Method::Add ? "an ADD" : "a CANCEL",
                   " is greater than 0"),
               "leave --sequence out");
  if (n > most || n < 0)
    return err(has_base ? Errc::BadCalendar : Errc::BadValue, cat("SEQUENCE cannot be ", n),
               "give --sequence N");
  object.set(make_property("SEQUENCE", std::to_string(n)));
  return {};
}

// The object's components that the message is about, without what is private.
Result<Components> chosen(const BuildSpec& s, Kind kind, const ical::Component& base)
{
  IMIP_TRY(Components all, detail::components_of(base, kind));
  if (s.method == Method::Add) return detail::new_instance(s, base, std::move(all));
  if (!s.recurrence_id.empty()) return detail::only_instance(s, kind, base, std::move(all));
  if (s.method == Method::Publish || s.method == Method::Request) {
    IMIP_CHECK(detail::complete_overrides(ical::Zones(base), all));
    return all;
  }
  if (all.front().find("RECURRENCE-ID") == nullptr) all.resize(1);
  if (all.size() > 1 && detail::takes_one(s.method, kind))
    return err(Errc::BadValue, cat("the calendar has ", all.size(), " repetitions and no series"),
               "choose one: --recurrence-id WHEN");
  return all;
}

struct LaidOver {
  Components components;
  Moves moves;
};

// The object's components, with the flags laid over the series (or the one repetition meant).
Result<LaidOver> laid_over(const BuildSpec& s, Kind kind, const ical::Component* base)
{
  const bool has_base = base != nullptr;
  LaidOver out;
  out.components = {ical::Component{std::string(kind_word(kind)), {}, {}}};
  if (has_base) {
    IMIP_TRY(out.components, chosen(s, kind, *base));
  }
  detail::reduce(s.method, out.components);
  const ical::Component calendar = has_base ? *base : ical::Component{"VCALENDAR", {}, {}};
  const ical::Component before = out.components.front();
  ical::Component& object = out.components.front();
  IMIP_CHECK(detail::set_times(s, kind, calendar, has_base, object));
  set_texts(s, object);
  IMIP_CHECK(detail::set_state(s, object));
  if (kind == Kind::FreeBusy)
    IMIP_CHECK(detail::set_free_busy(s, ical::Zones(calendar), object));
  const bool revises = s.method == Method::Publish || s.method == Method::Request;
  if (has_base && revises && kind != Kind::FreeBusy)
    out.moves = moves(ical::Zones(calendar), before, object);
  if (has_base && revises) detail::drop_overrides_of_nothing(ical::Zones(calendar), out.components);
  return out;
}

Result<void> stamp(const BuildSpec& s, Kind kind, bool has_base, bool raised, UtcSeconds now,
                   std::int64_t cancelled, Components& components)
{
  const std::string* own = components.front().value("UID");
  const std::string uid = !s.uid.empty()                    ? ical::escape_text(s.uid)
                          : own != nullptr && !own->empty() ? *own
                                                            : made_up_uid();
  for (std::size_t i = 0; i < components.size(); ++i) {
    ical::Component& e = components[i];
    e.set(make_property("UID", uid));
    e.set(make_property("DTSTAMP", to_ical_utc(now)));
    IMIP_CHECK(set_sequence(s, kind, raised && i == 0, has_base, cancelled, e));
    detail::fill_and_trim(s.method, kind, e);
    // A zero-length event says so by having no end (RFC 5545 section 3.8.2.2).
    if (has_base && s.end.empty() && kind == Kind::Event && e.find("DTEND") != nullptr &&
        e.find("DTSTART") != nullptr && e.find("DTEND")->value == e.find("DTSTART")->value &&
        e.find("DTEND")->parameters == e.find("DTSTART")->parameters)
      e.remove("DTEND");
  }
  return {};
}

// What imip itself would refuse to read, it does not make.
Result<void> check_by_reading(const BuildSpec& s, const ical::Component& calendar, bool has_base,
                              UtcSeconds now)
{
  const Reading reading =
      read_message(ical::Parsed{calendar, {}}, method_word(s.method), std::nullopt, now);
  if (reading.refusals.empty()) return {};
  return err(has_base ? Errc::BadCalendar : Errc::BadValue, reading.refusals.front().text);
}

}  // namespace

Result<ical::Component> build_object(const BuildSpec& spec, const ical::Component* base,
                                     UtcSeconds now)
{
  const bool has_base = base != nullptr;
  IMIP_TRY(const Kind kind, detail::kind_of(spec, base));
  IMIP_CHECK(detail::check_flags(spec, kind, has_base));
  IMIP_TRY(LaidOver made, laid_over(spec, kind, base));
  Components& components = made.components;
  IMIP_CHECK(detail::set_organizer(spec, components));
  IMIP_CHECK(detail::set_attendees(spec, kind, has_base, made.moves.asks_again, base, components));
  const std::int64_t cancelled = has_base ? detail::cancelled_sequence(*base) : 0;
  IMIP_CHECK(stamp(spec, kind, has_base, made.moves.raises, now, cancelled, components));
  ical::Component calendar{"VCALENDAR", {}, {}};
  calendar.properties = {make_property("PRODID", std::string(detail::prodid)),
                         make_property("VERSION", "2.0"),
                         make_property("METHOD", std::string(method_word(spec.method)))};
  IMIP_TRY(calendar.components, detail::zones_for(components, base));
  for (const ical::Component& e : components)
    calendar.components.push_back(detail::ordered(e));
  const ical::Zones zones(calendar);
  for (const ical::Component& e : components)
    IMIP_CHECK(detail::check_component(spec, kind, has_base, zones, e));
  IMIP_CHECK(check_by_reading(spec, calendar, has_base, now));
  return calendar;
}

Result<ical::Property> organizer_of(const BuildSpec& spec, const ical::Component* base)
{
  IMIP_TRY(const Kind kind, detail::kind_of(spec, base));
  Components components{ical::Component{std::string(kind_word(kind)), {}, {}}};
  if (base != nullptr) {
    IMIP_TRY(components, detail::components_of(*base, kind));
  }
  IMIP_CHECK(detail::set_organizer(spec, components));
  return *components.front().find("ORGANIZER");
}

std::vector<Party> recipients(const ical::Component& calendar)
{
  std::vector<Party> out;
  const std::string* method = calendar.value("METHOD");
  const bool to_attendees = is_organizer_method(method_from_word(method ? *method : ""));
  for (const ical::Component& object : calendar.components) {
    std::vector<CalAddress> not_to;
    const ical::Property* organizer = object.find("ORGANIZER");
    if (to_attendees && organizer != nullptr) {
      if (auto a = CalAddress::parse(organizer->value)) not_to.push_back(*a);
      const std::string* proxy = organizer->parameter("SENT-BY");
      if (proxy != nullptr)
        if (auto a = CalAddress::parse(*proxy)) not_to.push_back(*a);
    }
    for (const ical::Property* p : object.all(to_attendees ? "ATTENDEE" : "ORGANIZER")) {
      auto address = CalAddress::parse(p->value);
      if (!address) continue;
      const auto same = [&](const CalAddress& a) { return same_user(a, *address); };
      const auto known = [&](const Party& party) { return same(party.address); };
      if (std::any_of(not_to.begin(), not_to.end(), same) ||
          std::any_of(out.begin(), out.end(), known))
        continue;
      Party party;
      party.address = *address;
      party.property = *p;
      out.push_back(std::move(party));
    }
  }
  return out;
}

}  // namespace imip::itip
