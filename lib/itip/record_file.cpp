// Facts from the stored file: what other programs and other machines put there.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <utility>

#include "base/cat.hpp"
#include "base/text.hpp"
#include "itip/detail/content.hpp"
#include "itip/detail/record.hpp"
#include "itip/detail/scope.hpp"

namespace imip::itip::detail {

namespace {

bool is_kind(const ical::Component& c)
{
  return c.name == "VEVENT" || c.name == "VTODO" || c.name == "VJOURNAL";
}

bool is_cancelled(const ical::Component& c)
{
  const std::string* status = c.value("STATUS");
  return status && text::ascii_iequal(*status, "CANCELLED");
}

/// What messages own of a component: the owner's own data is kept out, the merge finds it in the
/// file.
ical::Component message_part(ical::Component c)
{
  for (ical::Property& p : c.properties) {
    // What an answer put there comes back from the answer, for as long as it counts.
    if (p.name == "ATTENDEE" && p.parameter(received_sequence)) {
      p.set_parameter("PARTSTAT", "NEEDS-ACTION");
      p.remove_parameter("SENT-BY");
    }
  }
  strip_marks(c);
  std::erase_if(c.properties, [](const ical::Property& p) { return is_owner_property(p.name); });
  std::erase_if(c.components, [](const ical::Component& s) { return s.name == "VALARM"; });
  return ordered(single(std::move(c)));
}

/// The file's word of what messages own, with what is the owner's as messages said it: the merge
/// finds hers in the file.
ical::Component word_of(const Facts& facts, std::string_view cls, const std::string& scope,
                        const ical::Component& c, const Limits& limits)
{
  ical::Component out = message_part(c);
  out.components.clear();
  const FactRow* told = facts.find(class_register('W', cls), scope);
  const auto content = told ? unpack(told->content, limits) : std::nullopt;
  if (!content) return out;
  for (const ical::Property& p : content->event.properties)
    if (is_owner_property(p.name)) out.properties.push_back(p);
  out.components = content->event.components;
  return ordered(std::move(out));
}

/// Under which class the file's content goes: without attendees it was published.
std::string_view class_in_file(const ical::Component& calendar)
{
  bool attended = false;
  for (const ical::Component& c : calendar.components) {
    if (!is_kind(c)) continue;
    if (c.find(vouched_mark)) return class_vouched;
    attended = attended || c.find("ATTENDEE") != nullptr;
  }
  return attended ? class_organizer : class_publish;
}

/// For finding edits: without what programs touch whenever they write.
std::string edit_digest(ical::Component c)
{
  strip_marks(c);
  std::erase_if(c.properties, [](const ical::Property& p) {
    return is_owner_property(p.name) || p.name == "DTSTAMP" || p.name == "LAST-MODIFIED" ||
           p.name == "CREATED" || p.name == "SEQUENCE";
  });
  c.components.clear();
  return canonical_digest(single(std::move(c)));
}

AnswerFact answer_in_file(const ical::Property& attendee, const CalAddress& address,
                          const Revision& revision)
{
  AnswerFact out;
  out.revision = revision;
  out.address = address.uri();
  if (const std::string* p = attendee.parameter("PARTSTAT")) out.partstat = text::ascii_upper(*p);
  for (const ical::Parameter& p : attendee.parameters) {
    if (p.name == "DELEGATED-TO") out.delegated_to = p.values;
    if (p.name == "DELEGATED-FROM") out.delegated_from = p.values;
  }
  if (const std::string* p = attendee.parameter("SENT-BY")) out.sent_by = *p;
  const std::pair<std::string_view, std::string*> kept[] = {
      {comment_parameter, &out.comment},
      {description_parameter, &out.description},
      {request_status_parameter, &out.request_status},
      {percent_parameter, &out.percent},
      {completed_parameter, &out.completed},
      {status_parameter, &out.status}};
  for (const auto& [name, value] : kept) {
    if (const std::string* p = attendee.parameter(name)) *value = *p;
  }
  return out;
}

/// What the owner did of a task that somebody else organizes is her answer, not the organizer's
/// word.
bool progressed(const ical::Component& now, const ical::Component& before)
{
  if (now.name != "VTODO") return false;
  AnswerFact is;
  AnswerFact was;
  read_progress(now, is);
  read_progress(before, was);
  return is.percent != was.percent || is.completed != was.completed || is.status != was.status;
}

void seed_answers(Facts& facts, const ical::Component& c, const std::string& scope,
                  const Revision& revision, const Owner& owner, bool owner_organizes)
{
  for (const ical::Property* p : c.all("ATTENDEE")) {
    const auto address = CalAddress::parse(p->value);
    if (!address) continue;
    Revision answered = revision;
    const std::string* sequence = p->parameter(received_sequence);
    const std::string* dtstamp = p->parameter(received_dtstamp);
    const std::string* partstat = p->parameter("PARTSTAT");
    const bool own_answer = !owner_organizes && owner.is(*address) && partstat &&
                            !text::ascii_iequal(*partstat, "NEEDS-ACTION");
    if (!sequence && !own_answer) continue;
    if (sequence) answered = {to_int(*sequence, 0), UtcSeconds{}};
    if (dtstamp) {
      if (const auto at = parse_instant(*dtstamp)) answered.dtstamp = *at;
    }
    record_answer(facts, scope, attendee_key(*address, owner),
                  answer_in_file(*p, *address, answered), nullptr);
  }
}

FactRow mark_row(std::string reg, const std::string& scope, std::string attendee,
                 const Revision& revision)
{
  FactRow row;
  row.reg = std::move(reg);
  row.scope = scope;
  row.attendee = std::move(attendee);
  row.sequence = revision.sequence;
  row.dtstamp = revision.dtstamp.time_since_epoch().count();
  return row;
}

std::vector<Shared<ical::Component>> timezones_of(const ical::Component& calendar)
{
  std::vector<Shared<ical::Component>> out;
  for (const ical::Component& c : calendar.components) {
    if (c.name == "VTIMEZONE") out.push_back(c);
  }
  return out;
}

std::map<std::string, const ical::Component*> by_scope(const ical::Zones& zones,
                                                       const ical::Component& calendar)
{
  std::map<std::string, const ical::Component*> out;
  for (const ical::Component& c : calendar.components) {
    if (!is_kind(c)) continue;
    const auto scope = scope_of(zones, c);
    if (scope) out.emplace(scope->key(), &c);
  }
  return out;
}

const ical::Property* own_attendee(const ical::Component& c, const Owner& owner)
{
  for (const ical::Property* p : c.all("ATTENDEE")) {
    const auto address = CalAddress::parse(p->value);
    if (address && owner.is(*address)) return p;
  }
  return nullptr;
}

std::string partstat_of(const ical::Property& attendee)
{
  const std::string* p = attendee.parameter("PARTSTAT");
  return p ? text::ascii_upper(*p) : std::string("NEEDS-ACTION");
}

/// Both files, component by component.
struct Edit {
  std::string scope;
  const ical::Component* now = nullptr;
  const ical::Component* before = nullptr;  ///< as we rendered it; the series for a new override
  bool is_new = false;
};

/// When the owner's program wrote a component, as far as it says so; seconds since 1970.
std::int64_t written_at(const ical::Component& c)
{
  std::int64_t last = 0;
  for (const char* name : {"DTSTAMP", "LAST-MODIFIED"})
    if (const auto at = parse_instant(c.text(name)))
      last = std::max<std::int64_t>(last, at->time_since_epoch().count());
  return last;
}

/// `was`: as we rendered it; null: not there.
void absorb_answer(Facts& facts, const Edit& edit, const ical::Property& is,
                   const ical::Property* was, bool progress, const Owner& owner, UtcSeconds now)
{
  // whom nobody asked has answered nothing either
  const std::string before = was != nullptr ? partstat_of(*was) : "NEEDS-ACTION";
  if (before == partstat_of(is) && !progress) return;
  const auto address = CalAddress::parse(is.value);
  if (!address) return;
  const std::string who = attendee_key(*address, owner);
  const FactRow* known = facts.find("A", edit.scope, who);
  Revision revision{revision_in_file(*edit.before).sequence, now};
  if (known) revision.dtstamp = std::max(now, UtcSeconds(std::chrono::seconds(known->dtstamp + 1)));
  AnswerFact answer = answer_in_file(is, *address, revision);
  if (progress) {
    answer.percent = answer.completed = answer.status = "";
    read_progress(*edit.now, answer);
  }
  // an override that we never render would be told anew with each revision of the series
  const FactRow* told = edit.is_new ? known : nullptr;
  if (told == nullptr || told->content != encode(answer) || written_at(*edit.now) > told->dtstamp)
    record_answer(facts, edit.scope, who, answer, nullptr);
}

void absorb_own_answer(Facts& facts, const Edit& edit, const Owner& owner, UtcSeconds now)
{
  const ical::Property* mine = own_attendee(*edit.now, owner);
  if (!mine || !edit.before) return;
  absorb_answer(facts, edit, *mine, own_attendee(*edit.before, owner),
                progressed(*edit.now, *edit.before), owner, now);
}

/// What the organizer heard by telephone: of whoever had answered before.
void absorb_answers(Facts& facts, const Edit& edit, const Owner& owner, UtcSeconds now)
{
  if (!edit.before) return;
  std::map<std::string_view, const ical::Property*> answered;
  for (const ical::Property* was : edit.before->all("ATTENDEE"))
    if (was->parameter(received_sequence)) answered.emplace(was->value, was);
  for (const ical::Property* is : edit.now->all("ATTENDEE")) {
    const auto was = answered.find(is->value);
    if (was != answered.end()) absorb_answer(facts, edit, *is, was->second, false, owner, now);
  }
}

bool raised(const ical::Component& before, const ical::Component& now)
{
  return to_int(now.text("SEQUENCE"), 0) > to_int(before.text("SEQUENCE"), 0);
}

void absorb_content(Facts& facts, std::string_view cls, const Edit& edit,
                    const std::vector<Shared<ical::Component>>& timezones, const ical::Zones& zones,
                    const Limits& limits, UtcSeconds now)
{
  if (!edit.is_new && edit.before && edit_digest(*edit.now) == edit_digest(*edit.before)) return;
  Revision revision;
  if (edit.before) revision = revision_in_file(*edit.before);
  // what we wrote there ourselves counts CANCELs too, and is nothing that she raised
  if (edit.is_new || !edit.before || raised(*edit.before, *edit.now))
    revision.sequence = std::max(revision.sequence, to_int(edit.now->text("SEQUENCE"), 0));
  revision.dtstamp = std::max(revision.dtstamp + std::chrono::seconds(1), now);
  const auto scope = scope_of(zones, *edit.now);
  if (!scope) return;
  Recorded books;
  record_content(facts, cls, *scope, revision, word_of(facts, cls, edit.scope, *edit.now, limits),
                 timezones, zones, &books);
}

/// When, whether and who, without answers: what CANCELs and un-inviting have a word about.
std::set<std::string> schedule_of(const ical::Component& c)
{
  static constexpr std::array<std::string_view, 8> names{"DTSTART", "DTEND", "DUE",    "DURATION",
                                                         "RRULE",   "RDATE", "EXDATE", "STATUS"};
  std::set<std::string> out;
  for (const ical::Property& p : c.properties) {
    if (p.name == "ATTENDEE") out.insert(p.value);
    if (std::find(names.begin(), names.end(), p.name) != names.end()) out.insert(line_of(p));
  }
  return out;
}

/// Is there a word of the organizer's that outlives a later one about the series? What is cancelled
/// or left out, and what only narrower content says.
bool has_narrower(const Facts& facts, bool with_content)
{
  const auto rows = facts.rows();
  return std::any_of(rows.begin(), rows.end(), [&](const Shared<FactRow>& row) {
    return row->reg == "X" || row->reg == "U" ||
           (with_content && row->scope != Scope{}.key() &&
            (row->reg.starts_with("W:") || row->reg == "N"));
  });
}

/// The file as it is stands above all that was said before: else what she put back would be
/// cancelled again, and what she took out would come back.
void absorb_file(Facts& facts, std::string_view cls, const ical::Component& calendar,
                 const Owner& owner, const Limits& limits, UtcSeconds now)
{
  Revision above{0, now};
  for (const Shared<FactRow>& row : facts.rows()) {
    const bool about_event = row->reg != "A" && row->reg != "M" && row->reg != "P";
    if (!about_event) continue;
    above.sequence = std::max(above.sequence, row->sequence + 1);
    above.dtstamp = std::max(above.dtstamp, UtcSeconds(std::chrono::seconds(row->dtstamp + 1)));
  }
  const ical::Zones zones(calendar);
  const auto timezones = timezones_of(calendar);
  const auto all = by_scope(zones, calendar);
  for (const auto& [key, component] : all)
    above.sequence = std::max(above.sequence, to_int(component->text("SEQUENCE"), 0));
  const auto series = all.find(Scope{}.key());
  for (const auto& [key, component] : all) {
    const auto scope = scope_of(zones, *component);
    if (!scope) continue;
    if (is_cancelled(*component)) facts.raise(mark_row("X", key, {}, above));
    if (component->find(derived_mark) != nullptr && series != all.end()) {
      // it has no content of its own: whom it leaves out is all that it says
      const std::set<std::string> here = attendee_keys(*component, owner);
      for (const std::string& who : attendee_keys(*series->second, owner))
        if (!here.contains(who)) facts.raise(mark_row("U", key, who, above));
      continue;
    }
    ical::Component word = word_of(facts, cls, key, *component, limits);
    // what she sends next counts from there
    word.set(make_property("SEQUENCE", cat(above.sequence)));
    Recorded books;
    record_content(facts, cls, *scope, above, ordered(std::move(word)), timezones, zones, &books);
  }
}

}  // namespace

bool organizes(const ical::Component& calendar, const Owner& owner)
{
  for (const ical::Component& c : calendar.components) {
    const std::string* organizer = is_scheduled(c) ? c.value("ORGANIZER") : nullptr;
    if (!organizer) continue;
    const auto address = CalAddress::parse(*organizer);
    return address && owner.is(*address);
  }
  return false;
}

Result<Scope> scope_of(const ical::Zones& zones, const ical::Component& component)
{
  Scope out;
  const ical::Property* id = component.find("RECURRENCE-ID");
  if (!id) return out;
  IMIP_TRY(out.at, zones.time_of(*id));
  out.type = Scope::Type::Instance;
  if (is_range(*id)) out.type = Scope::Type::Range;
  return out;
}

void seed_from_file(Facts& facts, const StoredObject& stored, const Owner& owner)
{
  if (!facts.empty()) return;
  const ical::Zones zones(stored.calendar);
  const std::vector<Shared<ical::Component>> timezones = timezones_of(stored.calendar);
  const bool owner_organizes = organizes(stored.calendar, owner);
  const std::string_view cls = class_in_file(stored.calendar);
  for (const ical::Component& c : stored.calendar.components) {
    if (!is_kind(c)) continue;
    const auto scope = scope_of(zones, c);
    if (!scope) continue;
    const Revision revision = revision_in_file(c);
    const std::string key = scope->key();
    if (!c.find(derived_mark)) {
      record_content(facts, cls, *scope, revision, message_part(c), timezones, zones, nullptr,
                     c.find(received_sequence) != nullptr ? Seed::Rendered : Seed::Foreign);
    }
    if (c.find(uninvited_mark) && !owner.addresses.empty()) {
      facts.raise(mark_row("U", key, attendee_key(owner.addresses.front(), owner), revision));
    } else if (is_cancelled(c)) {
      facts.raise(mark_row("X", key, {}, revision));
    }
    seed_answers(facts, c, key, revision, owner, owner_organizes);
  }
}

void absorb_owner_edits(Facts& facts, const StoredObject& stored, const Owner& owner,
                        const Limits& limits, UtcSeconds now)
{
  // before the message that is planned, which may be of this very second
  now -= std::chrono::seconds(1);
  if (facts.last_rendered.empty() || stored.octets == facts.last_rendered) return;
  const auto base = ical::parse(facts.last_rendered, limits);
  if (!base) return;
  const ical::Zones base_zones(base->calendar);
  const ical::Zones zones(stored.calendar);
  const auto before = by_scope(base_zones, base->calendar);
  const auto series = before.find("series");
  const bool owner_organizes = organizes(stored.calendar, owner);
  const std::vector<Shared<ical::Component>> timezones = timezones_of(stored.calendar);
  const auto after = by_scope(zones, stored.calendar);
  const std::string shown = class_with_content(facts);
  const std::string_view cls = shown.empty() ? class_in_file(stored.calendar) : shown;
  bool whole = false;  // what is told is told of the file as it is
  if (owner_organizes) {
    const bool removed = std::any_of(before.begin(), before.end(), [&](const auto& known) {
      return !after.contains(known.first) && known.second->find(derived_mark) == nullptr;
    });
    const bool moved = std::any_of(after.begin(), after.end(), [&](const auto& one) {
      const auto known = before.find(one.first);
      return known != before.end() && (raised(*known->second, *one.second) ||
                                       schedule_of(*known->second) != schedule_of(*one.second));
    });
    whole = (removed || moved) && has_narrower(facts, removed);
    if (whole) absorb_file(facts, cls, stored.calendar, owner, limits, now);
  }
  for (const auto& [scope, component] : after) {
    Edit edit{scope, component, nullptr, false};
    const auto known = before.find(scope);
    edit.is_new = known == before.end();
    if (!edit.is_new) edit.before = known->second;
    if (edit.is_new && series != before.end()) edit.before = series->second;
    if (!owner_organizes) {
      absorb_own_answer(facts, edit, owner, now);
      continue;
    }
    absorb_answers(facts, edit, owner, now);
    if (!whole) absorb_content(facts, cls, edit, timezones, zones, limits, now);
  }
}

}  // namespace imip::itip::detail
