// Who speaks in a REPLY, a COUNTER, a REFRESH.
#include <algorithm>

#include "base/cat.hpp"
#include "itip/detail/building.hpp"

namespace imip::itip::detail {

namespace {

// The attendees that the object lists, but the organizer.
std::vector<ical::Property> listed(const ical::Component* base)
{
  std::vector<ical::Property> out;
  std::vector<CalAddress> seen;
  if (base == nullptr) return out;
  for (const ical::Component& c : base->components) {
    const ical::Property* organizer = c.find("ORGANIZER");
    if (organizer != nullptr)
      if (auto a = CalAddress::parse(organizer->value)) seen.push_back(*a);
    for (const ical::Property* p : c.all("ATTENDEE")) {
      const auto address = CalAddress::parse(p->value);
      if (!address || std::any_of(seen.begin(), seen.end(), [&](const CalAddress& a) {
            return same_user(a, *address);
          }))
        continue;
      seen.push_back(*address);
      out.push_back(*p);
    }
  }
  return out;
}

// The name that the organizer gave, where the flags give none; the address as it was written.
void complete(ical::Property& speaker, const CalAddress& address,
              const std::vector<ical::Property>& known)
{
  for (const ical::Property& p : known) {
    const auto other = CalAddress::parse(p.value);
    if (!other || !same_user(*other, address)) continue;
    speaker.value = other->was_bare() ? other->uri() : p.value;
    const std::string* cn = p.parameter("CN");
    if (cn != nullptr && speaker.parameter("CN") == nullptr) speaker.set_parameter("CN", *cn);
  }
}

// RFC 5546 sections 3.2.3 and 3.4.3.
Result<void> set_answer(const BuildSpec& spec, Kind kind, ical::Property& speaker)
{
  speaker.remove_parameter("RSVP");
  const std::string* partstat = speaker.parameter("PARTSTAT");
  if (partstat != nullptr && *partstat == "DELEGATED" &&
      speaker.parameter("DELEGATED-TO") == nullptr)
    return err(Errc::BadValue, "to whom is it delegated?",
               "--attendee 'ADDRESS;PARTSTAT=DELEGATED;DELEGATED-TO=ADDRESS'");
  if (kind == Kind::FreeBusy || speaker.parameter("PARTSTAT") != nullptr) return {};
  if (kind == Kind::Todo && (!spec.completed.empty() || spec.percent_complete == 100)) {
    speaker.set_parameter("PARTSTAT", "COMPLETED");
  } else if (kind == Kind::Todo && spec.percent_complete) {
    speaker.set_parameter("PARTSTAT", "IN-PROCESS");
  } else if (spec.request_status.empty()) {
    return err(Errc::BadValue, "what is the answer?",
               "say it with who answers: --attendee 'ADDRESS;PARTSTAT=ACCEPTED'");
  }
  return {};
}

}  // namespace

Result<std::vector<ical::Property>> speakers(const BuildSpec& spec, Kind kind,
                                             const std::vector<ical::Property>& given,
                                             const ical::Component* base)
{
  const std::vector<ical::Property> known = listed(base);
  std::vector<ical::Property> out = given;
  if (out.empty() && known.size() == 1) {
    out.push_back({"ATTENDEE", {}, known.front().value});
  }
  if (out.empty())
    return err(Errc::BadValue, cat("who sends the ", method_word(spec.method), "?"),
               spec.method == Method::Reply ? "--attendee 'ADDRESS;PARTSTAT=ACCEPTED'"
                                            : "--attendee ADDRESS");
  if (out.size() > 1 && spec.method != Method::Counter)
    return err(Errc::BadValue, cat("one attendee sends a ", method_word(spec.method)),
               "give --attendee once");
  ical::Property& speaker = out.front();
  IMIP_TRY(const CalAddress address, address_of(speaker));
  complete(speaker, address, known);
  if (spec.method == Method::Reply) IMIP_CHECK(set_answer(spec, kind, speaker));
  if (spec.method == Method::Refresh)
    for (const char* name : {"RSVP", "PARTSTAT", "ROLE", "CUTYPE"}) speaker.remove_parameter(name);
  IMIP_CHECK(set_proxy(spec, address, speaker));
  return out;
}

}  // namespace imip::itip::detail
