#include "itip/detail/record.hpp"

#include <algorithm>
#include <utility>

#include "base/cat.hpp"
#include "base/digest.hpp"
#include "base/text.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/scope.hpp"
#include "itip/detail/shape.hpp"

namespace imip::itip::detail {

namespace {

FactRow row_of(std::string reg, std::string scope, std::string attendee, const Revision& revision)
{
  FactRow row;
  row.reg = std::move(reg);
  row.scope = std::move(scope);
  row.attendee = std::move(attendee);
  row.sequence = revision.sequence;
  row.dtstamp = revision.dtstamp.time_since_epoch().count();
  return row;
}

/// Raises and keeps the books. `speaks`: not one of the registers that only help to judge others.
void raise(Facts& facts, FactRow row, bool speaks, Recorded* into)
{
  const FactRow* known = facts.find(row.reg, row.scope, row.attendee, row.number);
  const bool equal = known && *known == row;
  const Shared<FactRow> shared = std::move(row);
  const bool raised = facts.raise(shared);
  if (into) into->said.raise(shared);
  if (!into || !speaks) return;
  ++into->rows;
  if (equal) ++into->equal;
  if (raised) ++into->raised;
}

std::string parameter_text(const ical::Property& property, std::string_view name)
{
  const std::string* value = property.parameter(name);
  return value ? *value : std::string();
}

std::vector<std::string> uris(const ical::Property& property, std::string_view name)
{
  std::vector<std::string> out;
  for (const ical::Parameter& p : property.parameters) {
    if (p.name != name) continue;
    for (const std::string& value : p.values) {
      if (const auto address = CalAddress::parse(value)) out.push_back(address->uri());
    }
  }
  return out;
}

std::string joined(const std::vector<std::string>& values)
{
  std::string out;
  for (const std::string& v : values) out += cat(out.empty() ? "" : " ", v);
  return out;
}

std::vector<std::string> words(const std::string& text)
{
  std::vector<std::string> out;
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find(' ', begin), text.size());
    if (end > begin) out.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return out;
}

const Party* party_of(const std::vector<Party>& parties, const CalAddress& who, LocalPart mode)
{
  for (const Party& p : parties) {
    if (same_user(p.address, who, mode)) return &p;
  }
  return nullptr;
}

bool known_partstat(const std::string& word, Kind kind)
{
  return word == "NEEDS-ACTION" || word == "ACCEPTED" || word == "DECLINED" ||
         word == "TENTATIVE" || word == "DELEGATED" ||
         (kind == Kind::Todo && (word == "COMPLETED" || word == "IN-PROCESS"));
}

std::string all_text(const ical::Component& c, std::string_view name)
{
  std::string out;
  for (const ical::Property* p : c.all(name)) out += cat(out.empty() ? "" : "\n", p->text());
  return out;
}

/// REQUEST-STATUS values that tell a failure (3: by whom it was sent, 4: a conflict, and more), or a success that is not
/// all that was asked for (2.8: repetitions were ignored).
std::string shortcomings(const ical::Component& c)
{
  std::string out;
  for (const ical::Property* p : c.all("REQUEST-STATUS")) {
    const std::string_view code = std::string_view(p->value).substr(0, p->value.find(';'));
    if (code.empty() || code[0] < '2' || code[0] > '9' || code == "2" || code == "2.0") continue;
    out += cat(out.empty() ? "" : " | ", p->text());
  }
  return out;
}

AnswerFact answer_of(const MessageComponent& c, const Party& party, Kind kind,
                     std::vector<Reason>& reasons)
{
  AnswerFact out;
  out.revision = c.revision;
  out.address = party.address.uri();
  const std::string partstat = text::ascii_upper(parameter_text(party.property, "PARTSTAT"));
  if (known_partstat(partstat, kind)) {
    out.partstat = partstat;
  } else {
    reasons.push_back({Code::Tolerated, cat("the answer of ", party.address.mailbox(),
                                            " has no participation status that we know; it counts "
                                            "as needing action")});
  }
  out.delegated_to = uris(party.property, "DELEGATED-TO");
  out.delegated_from = uris(party.property, "DELEGATED-FROM");
  if (party.sent_by) out.sent_by = party.sent_by->uri();
  out.comment = all_text(c.component, "COMMENT");
  out.description = all_text(c.component, "DESCRIPTION");
  out.request_status = shortcomings(c.component);
  if (!out.request_status.empty()) {
    reasons.push_back(
        {Code::RequestStatus,
         cat(party.address.mailbox(), " could not do all that was asked: ", out.request_status)});
  }
  if (kind == Kind::Todo) read_progress(c.component, out);
  return out;
}

void record_request(Facts& facts, const Message& message, std::string_view cls, Recorded& into)
{
  const ical::Zones zones(message.calendar);
  const MessageComponent* series = nullptr;
  for (const MessageComponent& c : message.components) {
    if (c.scope.type == Scope::Type::Series) series = &c;
  }
  for (const MessageComponent& c : message.components) {
    into.digests[&c] =
        record_content(facts, cls, c.scope, c.revision, normalised(c), message.timezones, zones, &into);
    if (!series || &c == series) continue;
    FactRow b = row_of(class_register('B', cls), c.scope.key(), {},
                       Revision{series->revision.sequence, UtcSeconds{}});
    raise(facts, std::move(b), false, &into);
  }
}

/// RFC 5546 section 3.2.4: each component is an instance more, as if by RDATE. Whoever's series
/// shows, only the organizer adds to it: N and its times (DN) have no class.
void record_added(Facts& facts, const Message& message, Recorded& into)
{
  const ical::Zones zones(message.calendar);
  for (const MessageComponent& c : message.components) {
    const std::string key = c.scope.key();
    ical::Component event = normalised(c);
    const ical::Property* start = event.find(event.find("DTSTART") ? "DTSTART" : "DUE");
    if (!start) continue;  // read_message refuses it
    ical::Property id = *start;
    id.name = "RECURRENCE-ID";
    event.set(std::move(id));
    event = ordered(std::move(event));
    FactRow n = row_of("N", key, {}, c.revision);
    n.digest = canonical_digest(event);
    n.content = pack(event, message.timezones);
    FactRow d = row_of("DN", key, {}, c.revision);
    d.number = c.revision.sequence;
    d.digest = n.digest;
    if (const auto shape = shape_of(zones, event)) d.content = encode(*shape);
    raise(facts, std::move(n), true, &into);
    raise(facts, std::move(d), false, &into);
    into.scopes.push_back(key);
  }
}

/// CANCEL: the whole key, or (no STATUS, attendees listed) just those attendees.
void record_cancel(Facts& facts, const Message& message, const Owner& owner, Recorded& into)
{
  for (const MessageComponent& c : message.components) {
    const std::string* status = c.component->value("STATUS");
    const std::string scope = c.scope.key();
    into.scopes.push_back(scope);
    const bool own_list = c.component->find("ATTENDEE") != nullptr;
    if ((status && text::ascii_iequal(*status, "CANCELLED")) || !own_list) {
      raise(facts, row_of("X", scope, {}, c.revision), true, &into);
      into.cancels = true;
      continue;
    }
    for (const Party& a : c.attendees) {
      into.uninvites_owner = into.uninvites_owner || owner.is(a.address);
      raise(facts, row_of("U", scope, attendee_key(a.address, owner), c.revision), true, &into);
    }
  }
}

void record_reply(Facts& facts, const Message& message, const Speaker& speaker, const Owner& owner,
                  const PlanOptions& options, Recorded& into)
{
  for (const MessageComponent& c : message.components) {
    const Party* party = party_of(c.attendees, speaker.address, owner.local_part);
    if (!party) {
      into.reasons.push_back(
          {Code::NoSpeaker, cat(speaker.address.mailbox(), " is no attendee in the component for ",
                                c.scope.key(), "; it is left out")});
      continue;
    }
    const AnswerFact answer = answer_of(c, *party, message.kind, into.reasons);
    const std::string key = attendee_key(party->address, owner);
    into.scopes.push_back(c.scope.key());
    record_answer(facts, c.scope.key(), key, answer, &into);
    if (!options.admit_party_crashers) continue;
    raise(facts, row_of("P", c.scope.key(), key, answer.revision), true, &into);
  }
}

}  // namespace

std::string class_with_content(const Facts& facts)
{
  const auto rows = facts.rows();
  for (const std::string_view cls : {class_organizer, class_vouched, class_publish}) {
    const std::string reg = class_register('W', cls);
    for (const FactRow& row : rows) {
      if (row.reg == reg) return std::string(cls);
    }
  }
  // RFC 5546 section 3.5.2: an ADD to an unknown journal may be taken for a PUBLISH; nobody can be
  // asked for the rest.
  for (const FactRow& row : rows) {
    if (row.reg == "N" && row.content.find("BEGIN:VJOURNAL") != std::string::npos) {
      return std::string(class_publish);
    }
  }
  return {};
}

std::string class_register(char reg, std::string_view cls)
{
  return cat(reg, ':', cls);
}

void read_progress(const ical::Component& c, AnswerFact& into)
{
  if (const std::string* percent = c.value("PERCENT-COMPLETE")) {
    const std::int64_t n = to_int(*percent, -1);
    if (n >= 0 && n <= 100) into.percent = cat(n);
  }
  if (const std::string* completed = c.value("COMPLETED")) {
    if (const auto at = parse_instant(*completed)) into.completed = to_ical_utc(*at);
  }
  if (const std::string* status = c.value("STATUS")) {
    const std::string word = text::ascii_upper(*status);
    if (word == "NEEDS-ACTION" || word == "IN-PROCESS" || word == "COMPLETED") into.status = word;
  }
}

std::string encode(const AnswerFact& a)
{
  std::string out = cat("partstat=", a.partstat, "\naddress=", a.address,
                        "\nto=", joined(a.delegated_to), "\nfrom=", joined(a.delegated_from),
                        "\nsent-by=", a.sent_by, "\ncomment=", ical::escape_text(a.comment), '\n');
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out += cat(name, '=', value, '\n');
  };
  add("description", ical::escape_text(a.description));
  add("request-status", ical::escape_text(a.request_status));
  add("percent", a.percent);
  add("completed", a.completed);
  add("status", a.status);
  return out;
}

AnswerFact decode_answer(const FactRow& row)
{
  AnswerFact out;
  out.revision = {row.sequence, UtcSeconds(std::chrono::seconds(row.dtstamp))};
  std::string_view rest = row.content;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = line.substr(0, equals);
    const std::string value(line.substr(equals + 1));
    if (name == "partstat") out.partstat = value;
    if (name == "address") out.address = value;
    if (name == "to") out.delegated_to = words(value);
    if (name == "from") out.delegated_from = words(value);
    if (name == "sent-by") out.sent_by = value;
    if (name == "comment") out.comment = make_property("COMMENT", value).text();
    if (name == "description") out.description = make_property("DESCRIPTION", value).text();
    if (name == "request-status") {
      out.request_status = make_property("REQUEST-STATUS", value).text();
    }
    if (name == "percent") out.percent = value;
    if (name == "completed") out.completed = value;
    if (name == "status") out.status = value;
  }
  return out;
}

std::string attendee_key(const CalAddress& address, const Owner& owner)
{
  if (owner.is(address) && !owner.addresses.empty()) {
    return address_key(owner.addresses.front(), owner.local_part);
  }
  return address_key(address, owner.local_part);
}

std::set<std::string> attendee_keys(const ical::Component& component, const Owner& owner)
{
  std::set<std::string> out;
  for (const ical::Property* p : component.all("ATTENDEE"))
    if (const auto address = CalAddress::parse(p->value)) out.insert(attendee_key(*address, owner));
  return out;
}

std::string record_content(Facts& facts, std::string_view cls, const Scope& scope,
                           const Revision& revision, const ical::Component& event,
                           const std::vector<Shared<ical::Component>>& timezones,
                           const ical::Zones& zones, Recorded* into, Seed seed)
{
  const std::string key = scope.key();
  FactRow w = row_of(class_register('W', cls), key, {}, revision);
  constexpr const char* above_all = "~";  // behind every digest
  if (seed == Seed::None) w.digest = canonical_digest(event);
  if (seed == Seed::Rendered) w.digest = above_all;
  w.content = pack(event, timezones);
  FactRow d = row_of(class_register('D', cls), key, {}, revision);
  d.number = revision.sequence;
  d.digest = w.digest;  // so that D follows the same content as W where revisions tie
  const auto shape = shape_of(zones, event);
  if (shape) d.content = encode(*shape);
  std::string digest = w.digest;
  const std::size_t before = into ? into->raised : 0;
  raise(facts, std::move(w), true, into);
  raise(facts, std::move(d), false, into);
  if (!into) return digest;
  into->scopes.push_back(key);
  const auto has = [&](std::string_view higher) {
    return facts.find(class_register('W', higher), key) != nullptr;
  };
  const bool hidden = (cls != class_organizer && has(class_organizer)) ||
                      (cls == class_publish && has(class_vouched));
  if (scope.type == Scope::Type::Series && into->raised != before && !hidden)
    into->newer_series = true;
  return digest;
}

void record_answer(Facts& facts, const std::string& scope, const std::string& attendee,
                   const AnswerFact& answer, Recorded* into)
{
  FactRow row = row_of("A", scope, attendee, answer.revision);
  row.content = encode(answer);
  row.digest = sha256_hex(row.content);
  raise(facts, std::move(row), true, into);
}

Recorded record_message(Facts& facts, const Message& message, const Speaker& speaker,
                        const Owner& owner, const PlanOptions& options)
{
  Recorded out;
  const bool vouched =
      speaker.cls == Speaker::Class::Delegator || speaker.cls == Speaker::Class::Forwarder;
  switch (message.method) {
    case Method::Publish:
      record_request(facts, message, class_publish, out);
      break;
    case Method::Request:
      record_request(facts, message, vouched ? class_vouched : class_organizer, out);
      break;
    case Method::Cancel:
      record_cancel(facts, message, owner, out);
      break;
    case Method::Reply:
      record_reply(facts, message, speaker, owner, options, out);
      break;
    case Method::Add:
      record_added(facts, message, out);
      break;
    case Method::None:
    case Method::Refresh:
    case Method::Counter:
    case Method::DeclineCounter:
      break;  // they change nothing
  }
  return out;
}

}  // namespace imip::itip::detail
