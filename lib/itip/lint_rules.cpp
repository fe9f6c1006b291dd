#include "itip/detail/lint_rules.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "base/cat.hpp"
#include "base/mail_address.hpp"
#include "base/text.hpp"
#include "ical/time.hpp"
#include "itip/detail/read.hpp"

namespace imip::itip::detail {

using ical::SourceComponent;
using ical::SourceProperty;

namespace {

bool has_parameter(const SourceComponent& component, std::initializer_list<std::string_view> names)
{
  for (const SourceProperty* p : component.all("ATTENDEE"))
    for (const std::string_view name : names)
      if (p->property.parameter(name) != nullptr) return true;
  return false;
}

std::string partstat_of(const SourceProperty& attendee)
{
  const std::string* partstat = attendee.property.parameter("PARTSTAT");
  return partstat != nullptr ? text::ascii_upper(*partstat) : std::string();
}

class Rules {
 public:
  Rules(const RuleContext& context, Departures& out) : context_(context), out_(out) {}

  void run()
  {
    std::string status_class;
    for (const SourceComponent& c : context_.calendar.components) {
      if (c.name != kind_word(context_.kind)) continue;
      parties(c);
      dtstamp(c);
      sequence(c);
      uid(c);
      same_instance(c);
      request_status(c, status_class);
      if (context_.method == Method::Reply) reply(c);
    }
  }

 private:
  void tell(Rule rule, const SourceComponent& c, const SourceProperty& p, std::string text, Effect effect = {},
            Law law = {})
  {
    out_.add(rule, {p.line, c.name, p.property.name}, std::move(text), effect, law);
  }

  void parties(const SourceComponent& c)
  {
    for (const SourceProperty& p : c.properties) {
      const std::string& name = p.property.name;
      if (name != "ORGANIZER" && name != "ATTENDEE") continue;
      const auto address = CalAddress::parse(p.property.value);
      if (address && address->scheme() != "mailto")
        tell(Rule::NotMailto, c, p, cat(name, " is no mailto: URI but ", address->scheme(), ':'));
      for (const ical::Parameter& parameter : p.property.parameters)
        if (parameter.name.starts_with("SCHEDULE-"))
          tell(Rule::ScheduleParameter, c, p, cat(parameter.name, " is for a CalDAV server and its client only"));
      if (name == "ORGANIZER" && address) organizer(c, p, *address);
    }
  }

  void organizer(const SourceComponent& c, const SourceProperty& p, const CalAddress& address)
  {
    if (context_.method == Method::Publish) return;
    if (!organizer_) {
      organizer_ = address;
    } else if (!same_user(*organizer_, address, LocalPart::Exact)) {
      tell(Rule::DifferentOrganizers, c, p, cat("another ORGANIZER than ", organizer_->mailbox()),
           refused(Code::MixedComponents));
    }
  }

  void dtstamp(const SourceComponent& c)
  {
    const SourceProperty* p = c.find("DTSTAMP");
    const auto stamp = p != nullptr ? parse_instant(p->property.value) : Result<UtcSeconds>{};
    if (p == nullptr || !stamp || *stamp - context_.now <= std::chrono::minutes(5)) return;
    const bool far = *stamp - context_.now > std::chrono::hours(24);
    tell(Rule::FutureDtstamp, c, *p,
         cat(p->property.value, " is ahead of now, ", to_rfc3339(context_.now), far ? ", by more than a day" : ""),
         far ? refused(Code::DtstampInFuture) : tolerated());
  }

  /// Section 2.1.4: raised with each CANCEL and ADD, so it is not 0. Of an ADD its table says so.
  void sequence(const SourceComponent& c)
  {
    const SourceProperty* p = c.find("SEQUENCE");
    const bool raises = context_.method == Method::Cancel;
    if (p != nullptr && raises && p->property.value.find_first_not_of('0') == std::string::npos)
      tell(Rule::Sequence, c, *p, "SEQUENCE 0 in a CANCEL: it is raised with each");
  }

  void uid(const SourceComponent& c)
  {
    const SourceProperty* p = c.find("UID");
    if (p == nullptr) return;
    const std::string text = p->property.text();
    if (std::any_of(text.begin(), text.end(), [](char ch) { return static_cast<unsigned char>(ch) < 0x20; }))
      tell(Rule::ControlCharacter, c, *p, "a control character in the UID", refused(Code::NoUid), {5545, "3.8.4.7"});
    if (canonical_uid(text) != text)
      tell(Rule::ExchangeUid, c, *p, "an Exchange UID not in upper case; its senders mean the same by both",
           tolerated());
    if (text::trim(text).empty())
      tell(Rule::Value, c, *p, "an empty UID", refused(Code::NoUid), {5545, "3.8.4.7"});
    if (one_uid_ && !uid_.empty() && uid_ != p->property.value)
      tell(Rule::DifferentUids, c, *p, cat("a ", c.name, " with another UID in the same message"),
           refused(Code::MixedComponents), {5546, "3"});
    if (uid_.empty()) uid_ = p->property.value;
  }

  void same_instance(const SourceComponent& c)
  {
    const SourceProperty* uid = c.find("UID");
    const SourceProperty* id = c.find("RECURRENCE-ID");
    if (uid == nullptr || context_.method == Method::Add) return;
    const bool range = id != nullptr && (id->property.parameter("RANGE") != nullptr ||
                                         id->property.parameter("THISANDFUTURE") != nullptr);
    // a range and the occurrence that it begins with are two things
    const std::string key =
        cat(uid->property.value, range ? "\nrange" : "\n", id != nullptr ? id->property.value : "");
    if (instances_.insert(key).second) return;
    tell(Rule::SameInstance, c, id != nullptr ? *id : *uid, "two components with the same UID and RECURRENCE-ID",
         refused(Code::MixedComponents));
  }

  /// Section 3.6: one class of codes in a component; and in the message, 5 and 3 stand alone.
  void request_status(const SourceComponent& c, std::string& message_class)
  {
    std::string own;
    for (const SourceProperty* p : c.all("REQUEST-STATUS")) {
      const std::string top = p->property.value.substr(0, p->property.value.find('.'));
      if (own.empty()) own = top;
      if (top != own) return tell(Rule::RequestStatus, c, *p, cat("codes ", own, ".x and ", top, ".x in one component"));
    }
    if (own.empty()) return;
    if (message_class.empty()) message_class = own;
    const bool serious = own == "5" || own == "3" || message_class == "5" || message_class == "3";
    if (own != message_class && serious)
      tell(Rule::RequestStatus, c, *c.find("REQUEST-STATUS"), cat("codes ", message_class, ".x and ", own, ".x in one message"));
  }

  void reply(const SourceComponent& c)
  {
    if (context_.kind == Kind::FreeBusy) return;
    for (const SourceProperty* p : c.all("ATTENDEE")) {
      const std::string partstat = partstat_of(*p);
      if (partstat == "DELEGATED" && p->property.parameter("DELEGATED-TO") == nullptr)
        tell(Rule::Delegation, c, *p, "PARTSTAT=DELEGATED without DELEGATED-TO");
      const bool new_delegate = p->property.parameter("DELEGATED-FROM") != nullptr;
      if ((partstat.empty() || partstat == "NEEDS-ACTION") && !new_delegate && c.find("REQUEST-STATUS") == nullptr)
        tell(Rule::NoAnswer, c, *p, "an answer without PARTSTAT says nothing");
    }
  }

  /// The tables that do not say it (CANCEL of a VTODO) mean it too.
  static bool means_one_uid(const RuleContext& context)
  {
    const auto rows = restrictions(context.method, context.kind);
    return context.method != Method::Publish &&
           std::none_of(rows.begin(), rows.end(), [](const Restriction& r) { return r.predicate == "same-uid"; });
  }

  const RuleContext& context_;
  Departures& out_;
  bool one_uid_ = means_one_uid(context_);
  std::optional<CalAddress> organizer_;
  std::string uid_;
  std::set<std::string> instances_;
};

}  // namespace

bool has_other_reading(Method method, Kind kind, const SourceComponent& component, const Restriction& row)
{
  if (row.within == "VCALENDAR")  // "0 or 1" in some tables, "0+" in section 3.1.2
    return row.name == "VTIMEZONE" && row.presence == Presence::AtMostOne;
  switch (method) {
    case Method::Counter:
      return row.name == "SEQUENCE" && component.find("SEQUENCE") == nullptr;  // its comment: MAY be present if zero
    case Method::Reply:  // section 3.2.2.3: the delegator names the delegate too
      return row.name == "ATTENDEE" && component.count("ATTENDEE") == 2 &&
             has_parameter(component, {"DELEGATED-TO", "DELEGATED-FROM"});
    case Method::Refresh:
      // section 4.7.1 names all attendees; RFC 5545 section 3.8.4.3 wants an ORGANIZER in all that is scheduled
      return (row.name == "ATTENDEE" && component.find("ATTENDEE") != nullptr) ||
             (row.name == "ORGANIZER" && kind == Kind::Todo);
    default:
      return false;
  }
}

void lint_rules(const RuleContext& context, Departures& out)
{
  Rules(context, out).run();
}

}  // namespace imip::itip::detail
